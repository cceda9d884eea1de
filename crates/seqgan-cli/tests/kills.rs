//! SIGKILL at random moments and in the middle of writes, and disks that are full: nothing is lost, nothing differs.
//!
//! `SEQGAN_KILLS=500 cargo test -p seqgan-cli kills -- --nocapture` kills each of the workloads so often; CI kills less.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::time::Duration;

use crate::likelihood::restless;
use crate::support::{
    Ended, Results, Scratch, and, and_set, contents, tiny_compare, tiny_oracle, tiny_train,
};

/// Kills of each workload where nothing else is asked for.
const KILLS: usize = 10;
/// Places in writes that a tiny run comes to between its start and a kill.
const PLACES: u64 = 90;

fn kills() -> usize {
    std::env::var("SEQGAN_KILLS").map_or(KILLS, |text| text.parse().expect("SEQGAN_KILLS is a number"))
}

/// Numbers by chance, the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Kills runs of `arguments` until it has been done often enough, and goes on with each until it ends; then it must be what an
/// undisturbed run is.
fn survives(scratch: &Scratch, arguments: &[String], compare: impl Fn(&Path, &Path)) {
    let arguments = and(arguments, &["--set", "checkpoint.every_secs=0", "-q"]);
    let began = std::time::Instant::now();
    let whole = scratch.run(and(&arguments, &["--out", "whole"])).expect_fine();
    let micros = began.elapsed().as_micros() as u64;
    let mut random = Random(1);
    let (mut killed, mut in_writes, mut ended) = (0, 0, 0);
    while killed < kills() || ended == 0 {
        let in_write = random.below(2) == 0;
        let fault = format!("kill:{}", 1 + random.below(PLACES));
        // When enough is enough, the last run comes to its end.
        let last = killed >= kills();
        let environment: &[(&str, &str)] = match in_write && !last {
            true => &[("SEQGAN_FAULT", &fault)],
            false => &[],
        };
        let mut child = scratch.start_with(and(&arguments, &["--out", "killed", "--resume"]), environment);
        if !in_write && !last {
            std::thread::sleep(Duration::from_micros(random.below(micros)));
            child.kill().unwrap();
        }
        let signal = child.wait().unwrap().signal();
        let result = Ended::of(child);
        if signal.is_some() {
            assert_eq!((signal, result.stderr.as_str()), (Some(9), ""));
            killed += 1;
            in_writes += usize::from(in_write);
            readable(scratch);
            continue;
        }
        assert_eq!(result.expect_fine().stdout, whole.stdout);
        compare(&scratch.path("whole"), &scratch.path("killed"));
        fs::remove_dir_all(scratch.path("killed")).unwrap();
        ended += 1;
    }
    println!("{killed} kills survived, {in_writes} of them in the middle of writes, over {ended} runs");
}

/// A folder that was left behind is read, or no run was begun in it.
fn readable(scratch: &Scratch) {
    if scratch.path("killed/config.toml").is_file() {
        scratch.run(["inspect", "killed"]).expect_fine();
    }
}

fn same_run(whole: &Path, killed: &Path) {
    Results::of(killed).assert_same(&Results::of(whole), "killed and gone on with");
}

#[test]
fn an_oracle_run_survives() {
    survives(&Scratch::new(), &tiny_oracle(), same_run);
}

/// The rate goes on where it was.
#[test]
fn plateaus_survive() {
    survives(&Scratch::new(), &restless("mle_tuned.plateau_factor=0.5"), same_run);
}

#[test]
fn a_run_of_a_table_with_labels_and_a_mixed_reward_survives() {
    let scratch = Scratch::new();
    let line = |i: usize| format!("{},{}\n", ["ab", "abc", "ba", "cab"][i % 4], ["x", "y"][i / 3 % 2]);
    scratch.write("table.csv", format!("text,class\n{}", (0..90).map(line).collect::<String>()));
    let settings = [
        "data.field=text",
        "data.label=class",
        "data.tokens=chars",
        r#"methods=["mle-tuned", "mixed"]"#,
        "adversarial.base=mle-tuned",
        "checkpoint.keep_best=2",
        "adversarial.measure_every_rounds=1",
        r#"reward=[{ kind = "discriminator" }, { kind = "length", min_length = 3 }]"#,
    ];
    survives(&scratch, &and_set(&tiny_train("table.csv"), &settings), same_run);
}

#[test]
fn a_comparison_survives() {
    let more = ["--methods", "mle-tuned,seqgan", "--seeds", "2", "--jobs", "2"];
    survives(&Scratch::new(), &and(&tiny_compare(), &more), |whole, killed| {
        for run in ["runs/oracle1-seed1", "runs/oracle1-seed2"] {
            same_run(&whole.join(run), &killed.join(run));
        }
    });
}

/// Whichever write meets the full disk, the run ends with one message, what was saved before is intact, and the run goes on
/// when there is room.
#[test]
fn a_disk_that_fills_costs_one_message() {
    let scratch = Scratch::with_sentences();
    let arguments = and(&tiny_train("sentences.txt"), &["--set", "checkpoint.every_secs=0", "-q"]);
    scratch.run(and(&arguments, &["--out", "whole"])).expect_fine();
    let mut stopped = 0;
    for place in (1..12).chain((12..400).step_by(if kills() > KILLS { 1 } else { 29 })) {
        let fault = format!("full:{place}");
        let child =
            scratch.start_with(and(&arguments, &["--out", "full", "--resume"]), &[("SEQGAN_FAULT", &fault)]);
        let ended = Ended::of(child);
        if ended.status == Some(0) {
            break;
        }
        stopped += 1;
        assert_eq!(ended.status, Some(1), "place {place}: {}", ended.stderr);
        let once = ended.stderr.matches("error: cannot ").count() == 1;
        assert!(once && ended.stderr.contains("hint: make room"), "place {place}: {}", ended.stderr);
        let names = contents(&scratch.path("full"));
        assert!(
            !names.keys().any(|name| name.ends_with(".tmp")),
            "place {place}: half a file was left behind"
        );
        scratch.run(and(&arguments, &["--out", "full", "--resume"])).expect_fine();
        same_run(&scratch.path("whole"), &scratch.path("full"));
        fs::remove_dir_all(scratch.path("full")).unwrap();
    }
    println!("{stopped} full disks survived");
}
