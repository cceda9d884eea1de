//! Error messages of programs that die, hang or answer nonsense.

use super::*;

/// Message and hint of scoring three sequences.
fn failure(settings: ProgramSettings) -> (String, String) {
    facts(Program::new(settings).score(&texts(3)).unwrap_err())
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
        let start = Instant::now();
        let (message, hint) = failure(ProgramSettings { timeout_secs: 1.0, max_restarts: 1, ..settings });
        // It is given no time to end by itself.
        assert!(start.elapsed() < Duration::from_secs(5));
        assert!(message.starts_with("gave up after 2 tries: hung: 0 of 3 answers within 1 s"), "{message}");
        assert!(message.ends_with("busy"), "{message}");
        assert!(hint.contains("flush after every line, e.g. print(.., flush=True)"), "{hint}");
        let signs_of_life = || std::fs::metadata(file).unwrap().len();
        let before = signs_of_life();
        std::thread::sleep(Duration::from_millis(400));
        assert_eq!((before > 0, signs_of_life()), (true, before));
    });
}

/// A program that reads to the end of its input.
const AT_THE_END: &str = "while read -r line; do n=$((n + 1)); done; echo $n";

#[test]
fn answers_that_wait_for_the_end_of_the_input_are_found() {
    // Also in the middle of a run, where it is not tried again.
    with_script(&format!("echo started >> $1; {AT_THE_END}"), |settings, file| {
        let (message, hint) = failure(ProgramSettings { timeout_secs: 0.5, max_restarts: 3, ..settings });
        assert!(message.starts_with("answers only when its input ends: it does not flush"), "{message}");
        assert!(hint.contains("flush=True"), "{hint}");
        assert_eq!(std::fs::read_to_string(file).unwrap(), "started\n");
    });
    // One that has answered before flushes: an answer that comes late is another fault.
    with_script("read -r line; echo 1; while read -r line; do :; done; echo 2; echo 3", |settings, _| {
        let (message, _) = failure(ProgramSettings { timeout_secs: 0.5, ..settings });
        assert!(message.starts_with("hung: 1 of 3 answers within 0.5 s"), "{message}");
    });
}

/// Message of a check, and what was told meanwhile.
fn checked(settings: ProgramSettings) -> (Result<(), String>, Vec<String>) {
    let told = std::cell::RefCell::new(Vec::new());
    let checked = Program::new(settings).check("CCO", &|text: &str| told.borrow_mut().push(text.to_string()));
    (checked.map_err(|error| facts(error).0), told.into_inner())
}

#[test]
fn a_check_of_a_silent_program_says_so_and_finds_why_long_before_the_time_limit() {
    with_script(&format!("echo started >> $1; {AT_THE_END}"), |settings, file| {
        let start = Instant::now();
        // Half of it is waited before anything is said.
        let (error, told) = checked(ProgramSettings { timeout_secs: 10.0, max_restarts: 3, ..settings });
        assert!(start.elapsed() < Duration::from_secs(9), "{:?}", start.elapsed());
        let error = error.unwrap_err();
        assert!(error.starts_with("answers only when its input ends"), "{error}");
        assert_eq!(told.len(), 1, "{told:?}");
        for part in ["no answer yet", "loading", "flush=True", "to the end", "10 s"] {
            assert!(told[0].contains(part), "{told:?}");
        }
        assert_eq!(std::fs::read_to_string(file).unwrap().lines().count(), 2);
    });
    let whole = "while read -r line; do :; done; echo '{\"payload\": [1]}'";
    with_script(whole, |settings, _| {
        let error = checked(ProgramSettings { timeout_secs: 1.0, ..settings }).0.unwrap_err();
        assert!(error.contains("answers only when its input ends"), "{error}");
        assert!(error.contains("payload") && error.contains("has no key `score`"), "{error}");
    });
}

#[test]
fn a_program_that_loads_for_long_is_waited_for() {
    // The first process is silent for longer than the patience, and the second one, which is asked then, answers later.
    with_script(&format!("echo started >> $1; sleep 2; {LENGTH}"), |settings, file| {
        let (checked, told) = checked(ProgramSettings { timeout_secs: 3.0, ..settings });
        checked.unwrap();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(wait_for_lines(file, 2).len() >= 2);
    });
    // Nothing is said of one that answers soon.
    with_script(LENGTH, |settings, _| {
        let (checked, told) = checked(settings);
        checked.unwrap();
        assert!(told.is_empty(), "{told:?}");
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
        assert_eq!(message, r#"answered "oh no" to the sequence "C\"C": that is no number"#);
        assert!(hint.contains("one number"), "{hint}");
        assert_eq!(std::fs::read_to_string(file).unwrap(), "started\n");
    });
    with_script("read -r line; echo; sleep 30", |settings, _| {
        assert!(failure(settings).0.starts_with(r#"answered "" to"#));
    });
}

#[test]
fn the_earliest_failure_is_told_and_ends_the_work() {
    let script =
        "while read -r line; do echo $line >> $1; case $line in *slow*) sleep 0.5;; esac; echo no; done";
    with_script(script, |settings, file| {
        let program = Program::new(ProgramSettings { num_processes: 2, batch_size: 1, ..settings });
        let (message, _) = facts(program.score(&["slow", "fast", "last"].map(String::from)).unwrap_err());
        assert!(message.ends_with("to the sequence \"slow\": that is no number"), "{message}");
        assert!(wait_for_lines(file, 1).iter().all(|line| !line.contains("last")));
    });
}

#[test]
fn an_endless_line_is_rubbish() {
    with_script("while :; do printf 11111111111111111111111111111111; done", |settings, _| {
        let (message, _) = failure(settings);
        assert!(message.contains("1\"... to the sequence \"\": the line is longer than 64 KiB"), "{message}");
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
        let (message, _) = facts(Program::new(late).check("CCO", &|_: &str| ()).unwrap_err());
        assert_eq!(message, "answered more lines than it was asked: 2");
    });
    with_script("while read -r line; do echo 1; done; echo bye", |settings, _| {
        let (message, _) = facts(Program::new(settings).check("CCO", &|_: &str| ()).unwrap_err());
        assert_eq!(message, "answered more lines than it was asked: \"bye\"");
    });
}

fn settings_of(program: &Program, script: &str) -> ProgramSettings {
    let mut settings = program.settings.clone();
    settings.command[2] = script.into();
    settings
}

#[test]
fn a_command_that_cannot_be_started_is_named() {
    let mut settings = settings("", Path::new(""));
    settings.command = vec!["seqgan-no-such-program".into(), "--fast".into()];
    let error = Program::new(settings.clone()).check("CCO", &|_: &str| ()).unwrap_err();
    let text = error.to_string();
    let expected = "reward program `seqgan-no-such-program --fast`: cannot start `seqgan-no-such-program`: ";
    assert!(text.starts_with(expected), "{text}");
    assert_eq!(error.hint(), Some("check the spelling; is it in PATH, and executable?"));
    settings.command.clear();
    assert!(
        Program::new(settings)
            .check("CCO", &|_: &str| ())
            .unwrap_err()
            .to_string()
            .contains("no program is named")
    );
}
