//! Real processes, written for `sh`: what must hold when programs die, hang or talk nonsense.

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

/// Message and hint of scoring three sequences.
fn failure(settings: ProgramSettings) -> (String, String) {
    facts(Program::new(settings).score(&texts(3)).unwrap_err())
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
fn a_death_tells_its_status_and_last_words() {
    let script = "read -r line; echo 1; for i in 1 2 3 4 5 6 7; do echo word $i >&2; done; exit 3";
    with_script(script, |settings, _| {
        let (message, _) = failure(settings);
        let words = "word 3\nword 4\nword 5\nword 6\nword 7";
        let expected =
            format!("died (exit status: 3) after 1 of 3 answers; its standard error ends with\n{words}");
        assert_eq!(message, expected);
    });
    with_script("read -r line; kill -9 $$", |settings, file| {
        let (message, _) = failure(ProgramSettings { max_restarts: 2, ..settings });
        assert!(message.starts_with("gave up after 3 tries: died (signal: 9"), "{message} {file:?}");
        assert!(message.ends_with("it wrote nothing to its standard error"), "{message}");
    });
}

#[test]
fn half_a_number_is_no_answer() {
    with_script("read -r line; printf 0.1", |settings, _| {
        let (message, _) = failure(settings);
        assert!(message.starts_with("died (exit status: 0) after 0 of 3 answers"), "{message}");
    });
}

#[test]
fn a_death_is_seen_though_a_child_holds_the_pipes() {
    with_script("sleep 30 & exit 4", |settings, _| {
        let start = Instant::now();
        assert!(failure(settings).0.starts_with("died (exit status: 4)"));
        assert!(start.elapsed().as_secs() < 10);
    });
}

#[test]
fn a_closed_input_is_a_death() {
    with_script("exec 0<&-; sleep 30", |settings, _| {
        let start = Instant::now();
        // More than a pipe holds, so that it is still being written when the program closes it.
        let error = Program::new(settings).score(&["x".repeat(200_000)]).unwrap_err();
        assert!(facts(error).0.starts_with("closed its input or output, and was killed after 0 of 1"));
        assert!(start.elapsed().as_secs() < 10);
    });
}

#[test]
fn a_hung_program_is_killed_with_its_children() {
    let script = "(while :; do echo alive >> $1; sleep 0.05; done) & echo busy >&2; wait";
    with_script(script, |settings, file| {
        let (message, hint) = failure(ProgramSettings { timeout_secs: 1.0, max_restarts: 1, ..settings });
        assert!(message.starts_with("gave up after 2 tries: hung: 0 of 3 answers within 1 s"), "{message}");
        assert!(message.ends_with("busy"), "{message}");
        assert!(hint.contains("flush after every line, e.g. print(.., flush=True)"), "{hint}");
        let signs_of_life = || std::fs::metadata(file).unwrap().len();
        let before = signs_of_life();
        std::thread::sleep(Duration::from_millis(400));
        assert_eq!((before > 0, signs_of_life()), (true, before));
    });
}

#[test]
fn answers_that_wait_for_the_end_of_the_input_are_a_hang() {
    with_script("while read -r line; do n=$((n + 1)); done; echo $n", |settings, _| {
        let (message, hint) = failure(ProgramSettings { timeout_secs: 0.5, ..settings });
        assert!(message.starts_with("hung") && hint.contains("flush after every line"), "{message} {hint}");
    });
}

#[test]
fn the_start_has_a_time_limit_of_its_own() {
    let script =
        "sleep 1.5; read -r line; echo 1; sleep 1.5; read -r line; echo 1; read -r line; echo 1; read -r line
        sleep 30";
    with_script(script, |settings, _| {
        let program = Program::new(ProgramSettings { timeout_secs: 2.7, ..settings });
        assert_eq!(program.score(&texts(3)).unwrap(), [1.0; 3]);
        let start = Instant::now();
        assert!(facts(program.score(&texts(1)).unwrap_err()).0.starts_with("hung"));
        assert!(start.elapsed().as_secs() < 10);
    });
}

#[test]
fn rubbish_is_an_error_at_once_and_names_line_and_sequence() {
    let script = "echo started >> $1; read -r line; echo 1; read -r line; echo \"oh no\"; sleep 30";
    with_script(script, |settings, file| {
        let program = Program::new(ProgramSettings { max_restarts: 5, ..settings });
        let (message, hint) = facts(program.score(&["CCO".into(), "C\"C".into()]).unwrap_err());
        assert_eq!(message, r#"answered "oh no" to the sequence "C\"C""#);
        assert!(hint.contains("one number"), "{hint}");
        assert_eq!(std::fs::read_to_string(file).unwrap(), "started\n");
    });
    with_script("read -r line; echo; sleep 30", |settings, _| {
        assert!(failure(settings).0.starts_with(r#"answered "" to"#));
    });
}

#[test]
fn an_endless_line_is_rubbish() {
    with_script("while :; do printf 11111111111111111111111111111111; done", |settings, _| {
        let (message, _) = failure(settings);
        assert!(message.contains("1\"..., a line of more than 64 KiB to the sequence \"\""), "{message}");
    });
}

#[test]
fn a_program_can_be_used_after_a_failure() {
    let script = format!("if [ ! -e $1 ]; then touch $1; echo 1; echo; fi; {LENGTH}");
    with_script(&script, |settings, _| {
        let program = Program::new(settings);
        assert!(program.score(&texts(3)).is_err());
        assert_eq!(program.score(&texts(3)).unwrap(), lengths(&texts(3)));
    });
}

#[test]
fn surplus_answers_are_found() {
    let twice = "while read -r line; do printf '1\\n2\\n'; done";
    with_script(twice, |settings, _| {
        let program = Program::new(settings);
        assert_eq!(program.score(&texts(1)).unwrap(), [1.0]);
        std::thread::sleep(Duration::from_millis(300));
        let (message, _) = facts(program.score(&texts(1)).unwrap_err());
        assert_eq!(message, "answered more lines than it was asked: 2");
        // However late the second line comes.
        let late = settings_of(&program, &twice.replace("\\n2", "\\n'; sleep 0.3; printf '2"));
        let (message, _) = facts(Program::new(late).check("CCO").unwrap_err());
        assert_eq!(message, "answered more lines than it was asked: 2");
    });
    with_script("while read -r line; do echo 1; done; echo bye", |settings, _| {
        let (message, _) = facts(Program::new(settings).check("CCO").unwrap_err());
        assert_eq!(message, "answered more lines than it was asked: \"bye\"");
    });
}

fn settings_of(program: &Program, script: &str) -> ProgramSettings {
    let mut settings = program.settings.clone();
    settings.command[2] = script.into();
    settings
}

#[test]
fn a_check_starts_the_processes() {
    let script = format!("echo started >> $1; {LENGTH}");
    with_script(&script, |settings, file| {
        let program = Program::new(ProgramSettings { num_processes: 3, ..settings });
        let started = || std::fs::read_to_string(file).map_or(0, |text| text.lines().count());
        assert_eq!(started(), 0);
        program.check("CCO").unwrap();
        assert_eq!(program.score(&texts(50)).unwrap(), lengths(&texts(50)));
        drop(program);
        assert_eq!(started(), 1 + 3);
    });
}

#[test]
fn a_command_that_cannot_be_started_is_named() {
    let mut settings = settings("", Path::new(""));
    settings.command = vec!["seqgan-no-such-program".into(), "--fast".into()];
    let error = Program::new(settings.clone()).check("CCO").unwrap_err();
    let text = error.to_string();
    let expected = "reward program `seqgan-no-such-program --fast`: cannot start `seqgan-no-such-program`: ";
    assert!(text.starts_with(expected), "{text}");
    assert_eq!(error.hint(), Some("check the spelling; is it in PATH, and executable?"));
    settings.command.clear();
    assert!(Program::new(settings).check("CCO").unwrap_err().to_string().contains("no program is named"));
}

#[test]
fn batches_may_be_larger_than_pipes() {
    // About 400 kB each way; the program does not read on before its answer is taken.
    let padding = "y".repeat(1000);
    let script = format!("while read -r line; do echo '{{\"score\":2,\"note\":\"{padding}\"}}'; done");
    with_script(&script, |settings, _| {
        let program = Program::new(ProgramSettings { batch_size: 1000, ..settings });
        assert_eq!(program.score(&vec!["x".repeat(1000); 400]).unwrap(), [2.0; 400]);
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
            let program = Program::new(ProgramSettings { num_processes: 2, batch_size: 1, ..settings });
            program.score(&texts(1)).unwrap();
            let processes = std::fs::read_to_string(file).unwrap();
            assert!(processes.lines().all(is_alive) && !processes.is_empty());
            let start = Instant::now();
            drop(program);
            assert!(start.elapsed().as_secs() < 10);
            let left: Vec<&str> = processes.lines().filter(|process| is_alive(process)).collect();
            assert!(left.is_empty(), "{left:?}");
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
