//! What happens to a run's folder while it is at work: another process, a full disk, a folder that goes or cannot be written.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::{Ended, Results, Scratch, and, and_set, tiny_compare, tiny_oracle, wait_for};

/// A run that takes some seconds and saves often.
fn longer() -> Vec<String> {
    let settings = ["mle.num_epochs=4000", "checkpoint.every_secs=0.01"];
    and_set(&tiny_oracle(), &settings)
}

#[test]
fn a_second_process_is_refused() {
    let scratch = Scratch::new();
    let arguments = and(&longer(), &["--out", "run", "-q"]);
    let mut first = scratch.start(&arguments);
    wait_for("a state", || scratch.path("run/checkpoints/state.safetensors").is_file().then_some(()));
    let second = scratch.run(and(&arguments, &["--resume"]));
    assert_eq!(second.status, Some(1));
    let by = format!("error: run: another run is at work here (process {})", first.id());
    assert!(second.stderr.contains(&by) && second.stderr.contains("hint: wait until"), "{}", second.stderr);
    // Reading is no work.
    scratch.run(["inspect", "run"]).expect_fine();
    first.kill().unwrap();
    first.wait().unwrap();
    // Its file is left behind and locks nobody out.
    assert!(scratch.path("run/lock").is_file());
    let third = scratch.start(and(&arguments, &["--resume"]));
    std::thread::sleep(Duration::from_millis(100));
    Command::new("kill").args(["-INT", &third.id().to_string()]).status().unwrap();
    assert_eq!(Ended::of(third).status, Some(130));
}

#[test]
fn a_second_comparison_is_refused() {
    let scratch = Scratch::new();
    let arguments = and(&tiny_compare(), &["--methods", "mle", "--seeds", "2", "--out", "study", "-q"]);
    let arguments = and(&arguments, &["--set", "mle.num_epochs=4000"]);
    let mut first = scratch.start(&arguments);
    wait_for("a run", || scratch.path("study/runs/oracle1-seed1/config.toml").is_file().then_some(()));
    let second = scratch.run(and(&arguments, &["--resume"]));
    assert_eq!(second.status, Some(1));
    assert!(second.stderr.contains("error: study: another run is at work here"), "{}", second.stderr);
    first.kill().unwrap();
    first.wait().unwrap();
}

/// Network file systems refuse locks in many ways.
#[test]
fn a_file_system_without_locks_costs_a_warning() {
    let scratch = Scratch::new();
    let arguments = tiny_oracle();
    scratch.run(and(&arguments, &["--out", "whole", "-q"])).expect_fine();
    // ENOLCK, EIO, EINVAL, EPERM, ENOSYS, EOPNOTSUPP of Linux
    for error in [37, 5, 22, 1, 38, 95] {
        let fault = [("SEQGAN_FAULT", &*format!("no-lock:{error}"))];
        let ended = Ended::of(scratch.start_with(and(&arguments, &["--out", "run"]), &fault)).expect_fine();
        let warnings: Vec<_> = ended.stderr.lines().filter(|line| line.starts_with("warning: ")).collect();
        assert!(
            warnings.len() == 1 && warnings[0].starts_with("warning: run cannot be locked ("),
            "{}",
            ended.stderr
        );
        assert!(
            warnings[0].contains(&format!("os error {error}")) && warnings[0].contains("two programs"),
            "{warnings:?}"
        );
        same(&scratch, "run");
        fs::remove_dir_all(scratch.path("run")).unwrap();
    }
    let fault = [("SEQGAN_FAULT", "no-lock:37")];
    let study = and(&tiny_compare(), &["--methods", "unigram", "--seeds", "1", "--out", "study"]);
    let ended = Ended::of(scratch.start_with(&study, &fault)).expect_fine();
    assert!(ended.stderr.contains("warning: study cannot be locked ("), "{}", ended.stderr);
}

#[test]
fn a_lock_file_that_cannot_be_made_leaves_nothing_behind() {
    let scratch = Scratch::new();
    let fault = [("SEQGAN_FAULT", "no-lock-file:13")];
    let study = and(&tiny_compare(), &["--methods", "unigram", "--seeds", "1"]);
    for arguments in [tiny_oracle(), study] {
        let ended = Ended::of(scratch.start_with(and(&arguments, &["--out", "new", "-q"]), &fault));
        assert_eq!(ended.status, Some(1), "{}", ended.stderr);
        for part in [
            "error: new: cannot make or open the file `lock`",
            "Permission denied",
            "hint: see to it",
            "--out",
        ] {
            assert!(ended.stderr.contains(part), "`{part}` is missing in\n{}", ended.stderr);
        }
        assert!(scratch.contents().is_empty(), "{:?}", scratch.contents().keys());
    }
    // What was there before stays.
    scratch.run(and(&tiny_oracle(), &["--out", "run", "-q"])).expect_fine();
    fs::remove_file(scratch.path("run/summary.json")).unwrap();
    let before = scratch.contents();
    let ended =
        Ended::of(scratch.start_with(and(&tiny_oracle(), &["--out", "run", "-q", "--resume"]), &fault));
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    assert!(scratch.contents() == before);
}

#[test]
fn a_folder_that_is_removed_ends_the_run_with_a_message() {
    let scratch = Scratch::new();
    let child = scratch.start(and(&longer(), &["--out", "run", "-q"]));
    wait_for("a state", || scratch.path("run/checkpoints/state.safetensors").is_file().then_some(()));
    // The run may write between the removal of the files and that of the folder.
    wait_for("the removal", || fs::remove_dir_all(scratch.path("run")).is_ok().then_some(()));
    let ended = Ended::of(child);
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.starts_with("error: cannot write run/"), "{}", ended.stderr);
    assert!(!scratch.path("run").exists());
}

/// Runs a script in a mount namespace of its own, in which it is root and can mount; says so where that is not allowed.
fn in_namespace(scratch: &Scratch, script: &str) -> Option<Ended> {
    let allowed = Command::new("unshare")
        .args(["-rm", "mount", "-t", "tmpfs", "none", "/mnt"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !allowed.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: unshare and mount are not allowed here");
        return None;
    }
    let child = Command::new("unshare")
        .args(["-rm", "bash", "-c", script])
        .current_dir(scratch.path(""))
        .env("SEQGAN", env!("CARGO_BIN_EXE_seqgan"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    Some(Ended::of(child.unwrap()))
}

fn quoted(arguments: &[String]) -> String {
    arguments.iter().map(|argument| format!("'{argument}' ")).collect()
}

/// A real disk of 300 KiB fills up in the middle of the run; grown, it has room for the rest.
#[test]
fn a_real_disk_that_is_full_and_then_grows() {
    let scratch = Scratch::new();
    let arguments = quoted(&and(&tiny_oracle(), &["--set", "checkpoint.every_secs=0", "-q"]));
    let script = format!(
        "mkdir disk && mount -t tmpfs -o size=160k none disk && \
         $SEQGAN {arguments} --out whole > /dev/null && \
         {{ $SEQGAN {arguments} --out disk/run; echo status $? >&2; }} && \
         mount -o remount,size=16m disk && $SEQGAN {arguments} --out disk/run --resume > table && \
         cp -r disk/run run"
    );
    let Some(ended) = in_namespace(&scratch, &script) else { return };
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    for part in ["error: cannot write disk/run/", "No space left on device", "hint: make room", "status 1\n"]
    {
        assert!(ended.stderr.contains(part), "`{part}` is missing in\n{}", ended.stderr);
    }
    same(&scratch, "run");
}

/// A folder that becomes read-only while the run is at work, and can be written again later.
#[test]
fn a_disk_that_becomes_read_only() {
    let scratch = Scratch::new();
    let arguments = quoted(&and(&tiny_oracle(), &["--set", "checkpoint.every_secs=0", "-q"]));
    let script = format!(
        "mkdir disk && mount -t tmpfs none disk || exit 9
         $SEQGAN {arguments} --out whole > /dev/null || exit 8
         $SEQGAN {arguments} --out disk/run > /dev/null & pid=$!
         until [ -f disk/run/checkpoints/state.safetensors ]; do sleep 0.001; done
         kill -STOP $pid
         # A file that is open for writing keeps a disk from becoming read-only; a second view of it does not.
         mount --bind disk disk && mount -o remount,bind,ro disk || exit 7
         kill -CONT $pid; wait $pid; echo status $? >&2
         mount -o remount,bind,rw disk || exit 6
         $SEQGAN {arguments} --out disk/run --resume > table && cp -r disk/run run"
    );
    let Some(ended) = in_namespace(&scratch, &script) else { return };
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    for part in ["error: cannot write disk/run/", "Read-only file system", "hint: see to it", "status 1\n"] {
        assert!(ended.stderr.contains(part), "`{part}` is missing in\n{}", ended.stderr);
    }
    same(&scratch, "run");
}

/// As another user than root, who may write anything: a folder whose permission is taken away while the run is at work.
#[test]
fn a_permission_that_is_lost() {
    let scratch = Scratch::new();
    let user = Command::new("setpriv").args(["--reuid=65534", "--clear-groups", "true"]).status();
    if !user.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: setpriv cannot become another user here");
        return;
    }
    // The program must be where that user can read it.
    fs::copy(env!("CARGO_BIN_EXE_seqgan"), scratch.path("seqgan")).unwrap();
    set_mode(&scratch.path(""), 0o777);
    let start = |more: &[&str]| {
        let child = Command::new("setpriv")
            .args(["--reuid=65534", "--clear-groups", "./seqgan"])
            .args(and(&longer(), &["--out", "run", "-q"]))
            .args(more)
            .current_dir(scratch.path(""))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        child.unwrap()
    };
    let child = start(&[]);
    let state = scratch.path("run/checkpoints/state.safetensors");
    wait_for("a state", || state.is_file().then_some(()));
    set_mode(&scratch.path("run/checkpoints"), 0o555);
    let ended = Ended::of(child);
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    for part in ["error: cannot write run/checkpoints/", "Permission denied", "hint: see to it"] {
        assert!(ended.stderr.contains(part), "`{part}` is missing in\n{}", ended.stderr);
    }
    set_mode(&scratch.path("run/checkpoints"), 0o755);
    let resumed = start(&["--resume"]);
    std::thread::sleep(Duration::from_millis(200));
    Command::new("kill").args(["-TERM", &resumed.id().to_string()]).status().unwrap();
    assert_eq!(Ended::of(resumed).status, Some(143), "the state is intact");
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn same(scratch: &Scratch, run: &str) {
    Results::of(&scratch.path(run)).assert_same(&Results::of(&scratch.path("whole")), "gone on with");
}
