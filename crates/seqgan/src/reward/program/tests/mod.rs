//! Real processes, written for `sh`.

mod failures;

use super::*;
use std::path::Path;
use std::time::Instant;

/// Answers each line by its number of bytes.
const LENGTH: &str = "while IFS= read -r line; do echo ${#line}; done";

/// Runs `script`, which finds the name of a file of its own in `$1`.
fn settings(script: &str, file: &Path) -> ProgramSettings {
    ProgramSettings {
        command: ["sh", "-c", script, "reward", &file.display().to_string()].map(String::from).to_vec(),
        num_processes: 1,
        batch_size: 8,
        timeout_secs: 20.0,
        max_restarts: 0,
    }
}

/// Calls `test` with the settings of `script` and its file, and waits for the processes to be gone.
fn with_script<T>(script: &str, test: impl FnOnce(ProgramSettings, &Path) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    test(settings(script, &file), &file)
}

fn texts(count: usize) -> Vec<String> {
    (0..count).map(|i| "x".repeat(i % 50)).collect()
}

fn lengths(texts: &[String]) -> Vec<f64> {
    texts.iter().map(|text| (r#"{"sequence":""}"#.len() + text.len()) as f64).collect()
}

fn facts(error: Error) -> (String, String) {
    let Error::Program { message, hint, .. } = error else { panic!("{error}") };
    (message, hint.unwrap_or_default())
}

/// Whether a process is there, be it as a zombie.
fn is_alive(process: &str) -> bool {
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", "kill -0 $1", "alive", process])
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap()
        .success()
}

/// The lines of a file, as soon as there are `count`.
fn wait_for_lines(file: &Path, count: usize) -> Vec<String> {
    let start = Instant::now();
    loop {
        let lines: Vec<_> =
            std::fs::read_to_string(file).unwrap_or_default().lines().map(String::from).collect();
        if lines.len() >= count {
            return lines;
        }
        assert!(start.elapsed().as_secs() < 20, "{lines:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn scores_depend_on_neither_processes_nor_batches() {
    let texts = texts(103);
    for (num_processes, batch_size) in [(1, 1), (1, 1000), (2, 1), (3, 7), (4, 50), (0, 0)] {
        with_script(LENGTH, |settings, _| {
            let program = Program::new(ProgramSettings { num_processes, batch_size, ..settings });
            for _ in 0..2 {
                assert_eq!(program.score(&texts).unwrap(), lengths(&texts), "{num_processes} {batch_size}");
            }
            assert!(program.score(&[]).unwrap().is_empty());
        });
    }
}

#[test]
fn several_threads_may_score() {
    with_script(LENGTH, |settings, _| {
        let program = Program::new(ProgramSettings { num_processes: 2, ..settings });
        let score = |count: usize| assert_eq!(program.score(&texts(count)).unwrap(), lengths(&texts(count)));
        std::thread::scope(|scope| {
            for count in [10, 20, 30] {
                scope.spawn(move || score(count));
            }
        });
    });
}

#[test]
fn scores_do_not_depend_on_restarts() {
    // The first two processes die after three answers, the third one stays.
    let script = format!(
        "echo started >> $1
        if [ $(wc -l < $1) -le 2 ]; then for i in 1 2 3; do read -r line; echo 0; done; exit 3; fi
        {LENGTH}"
    );
    with_script(&script, |settings, _| {
        let program = Program::new(ProgramSettings { max_restarts: 2, ..settings });
        assert_eq!(program.score(&texts(20)).unwrap(), lengths(&texts(20)));
    });
    with_script(&script, |settings, file| {
        let (message, _) = facts(Program::new(settings).score(&texts(4)).unwrap_err());
        assert!(message.starts_with("died (exit status: 3) after 3 of 4 answers"), "{message}");
        assert_eq!(std::fs::read_to_string(file).unwrap().lines().count(), 1);
    });
}

#[test]
fn the_restarts_are_counted_anew_for_each_batch() {
    // Each process answers one batch of two and dies in the next one.
    let script = "for i in 1 2 3; do read -r line; echo 1; done; exit 3";
    with_script(script, |settings, _| {
        let program = Program::new(ProgramSettings { batch_size: 2, max_restarts: 1, ..settings });
        assert_eq!(program.score(&texts(8)).unwrap(), [1.0; 8]);
    });
}

#[test]
fn a_check_starts_the_processes() {
    let script = format!("echo started >> $1; {LENGTH}");
    with_script(&script, |settings, file| {
        let program = Program::new(ProgramSettings { num_processes: 3, ..settings });
        assert!(!file.exists());
        program.check("CCO", &|_: &str| ()).unwrap();
        // One for the check itself.
        wait_for_lines(file, 1 + 3);
        assert_eq!(program.score(&texts(50)).unwrap(), lengths(&texts(50)));
        drop(program);
        assert_eq!(wait_for_lines(file, 0).len(), 1 + 3);
    });
}

#[test]
fn batches_may_be_larger_than_pipes() {
    // The program does not read on before its answer is taken, and we keep some in memory, but not all of these.
    let padding = "y".repeat(200);
    let script = format!("while read -r line; do echo '{{\"score\":2,\"note\":\"{padding}\"}}'; done");
    with_script(&script, |settings, _| {
        let program = Program::new(ProgramSettings { batch_size: 2000, ..settings });
        assert_eq!(program.score(&vec!["x".repeat(300); 2000]).unwrap(), [2.0; 2000]);
    });
}

#[test]
fn a_chatty_standard_error_blocks_nothing() {
    let noise = "noise ".repeat(2000);
    let script = format!("while read -r line; do echo '{noise}' >&2; echo 1; done; exit 1");
    with_script(&script, |settings, _| {
        let program = Program::new(ProgramSettings { batch_size: 4, ..settings });
        assert_eq!(program.score(&texts(40)).unwrap(), [1.0; 40]);
    });
}

#[test]
fn nothing_is_left_when_the_program_is_dropped() {
    // The second one ignores the end of its input and the usual request to end.
    for script in [LENGTH, "trap '' TERM; read -r line; echo 1; sleep 30; sleep 30"] {
        with_script(&format!("echo $$ >> $1; {script}"), |settings, file| {
            let program = Program::new(ProgramSettings { num_processes: 4, ..settings });
            program.check("CCO", &|_: &str| ()).unwrap();
            let processes = wait_for_lines(file, 1 + 4);
            let alive = || processes.iter().filter(|process| is_alive(process)).count();
            assert_eq!(alive(), 4);
            let start = Instant::now();
            drop(program);
            // They end side by side.
            assert!(start.elapsed().as_secs() < 6);
            assert_eq!(alive(), 0);
        });
    }
}

#[test]
fn a_program_may_finish_its_work_when_its_input_ends() {
    with_script(&format!("{LENGTH}; sleep 0.2; echo saved > $1"), |settings, file| {
        Program::new(settings).score(&texts(1)).unwrap();
        assert_eq!(std::fs::read_to_string(file).unwrap(), "saved\n");
    });
}
