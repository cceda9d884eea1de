//! Generated texts: the schema of settings, completions, manual pages and the page of commands.

use std::fs;
use std::process::{Command, Output};

use crate::cli::COMMANDS;
use crate::support::Scratch;

/// What a program says, if it is installed.
fn installed(program: &str, arguments: &[&str]) -> Option<Output> {
    let output = Command::new(program).args(arguments).env("LC_ALL", "C.UTF-8").output();
    if output.is_err() {
        eprintln!("SKIPPED: {program} is not installed, so it has not checked what was generated");
    }
    output.ok()
}

#[test]
fn every_shell_gets_a_script_with_every_command() {
    let scratch = Scratch::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = scratch.output(&["completions", shell]);
        for word in COMMANDS.iter().chain(&["seqgan", "num"]) {
            assert!(script.contains(word), "{shell}: {word} is missing in\n{script}");
        }
    }
    scratch.refuses(2, &["completions", "cmd"], &["invalid value 'cmd'", "bash", "powershell"]);
}

/// Bash takes the script, and completes with it.
#[test]
fn bash_completes_commands_and_options() {
    let scratch = Scratch::new();
    scratch.write("seqgan.bash", scratch.output(&["completions", "bash"]));
    let path = scratch.path("seqgan.bash").display().to_string();
    let Some(checked) = installed("bash", &["-n", &path]) else { return };
    assert!(checked.status.success() && checked.stderr.is_empty(), "{checked:?}");
    for (line, expected) in [
        ("seqgan ''", &COMMANDS[..]),
        ("seqgan sample --t", &["--temperature", "--threads"]),
        ("seqgan oracle --preset ''", &["quick", "paper", "smoke"]),
    ] {
        let complete = format!(
            "source '{path}'; COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _seqgan seqgan \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let output = installed("bash", &["-c", &complete]).unwrap();
        let offered = String::from_utf8(output.stdout).unwrap();
        for word in expected {
            assert!(offered.lines().any(|found| found == *word), "{line}: no {word} in {offered:?}");
        }
    }
}

/// Rendered as a reader sees it, without warnings; nothing where groff is not installed.
fn rendered(path: &str) -> Option<String> {
    let output = installed("groff", &["-man", "-Tutf8", "-ww", "-P-c", path])?;
    assert!(output.status.success(), "{path}: {output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{path}");
    // Bold and underlined letters are overstruck.
    let mut text = String::new();
    for letter in String::from_utf8(output.stdout).unwrap().chars() {
        match letter {
            '\u{8}' => _ = text.pop(),
            letter => text.push(letter),
        }
    }
    Some(text)
}

#[test]
fn the_main_page_names_every_command() {
    let scratch = Scratch::new();
    let page = scratch.output(&["man"]);
    assert!(page.contains(".TH seqgan 1"), "{page}");
    scratch.write("seqgan.1", &page);
    let Some(text) = rendered(&scratch.path("seqgan.1").display().to_string()) else { return };
    for command in COMMANDS {
        assert!(text.contains(&format!("seqgan-{command}(1)")), "{command} is missing in\n{text}");
    }
}

#[test]
fn a_folder_gets_a_page_for_every_command() {
    let scratch = Scratch::new();
    let mut names: Vec<String> = COMMANDS.iter().map(|command| format!("seqgan-{command}.1")).collect();
    names.push("seqgan.1".into());
    names.sort();
    // Twice: pages are replaced.
    for _ in 0..2 {
        let told = scratch.output(&["man", "--out", "share/man1"]);
        let mut told: Vec<_> = told.lines().map(|line| line.replace("share/man1/", "")).collect();
        told.sort();
        assert_eq!(told, names);
    }
    let entries = fs::read_dir(scratch.path("share/man1")).unwrap();
    let mut found: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    assert_eq!(found, names);
    assert_eq!(scratch.read("share/man1/seqgan.1"), scratch.output(&["man"]));
    for command in COMMANDS {
        let Some(text) =
            rendered(&scratch.path(&format!("share/man1/seqgan-{command}.1")).display().to_string())
        else {
            return;
        };
        for part in [format!("seqgan {command}").as_str(), "--quiet", "Examples:"] {
            assert!(text.contains(part), "`{part}` is missing in\n{text}");
        }
    }
    scratch.write("file", "");
    scratch.refuses(1, &["man", "--out", "file"], &["error: cannot create file"]);
}

#[test]
fn the_schema_of_settings_is_printed_as_json() {
    let text = Scratch::new().output(&["schema"]);
    let printed: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(printed, seqgan::experiment::schema());
    assert_eq!(printed["properties"]["rollout"]["properties"]["num_rollouts"]["maximum"], 1024);
    assert_eq!(printed["additionalProperties"], false);
}

/// docs/command-line.md, from what the program says of itself.
fn page_of_commands() -> String {
    let scratch = Scratch::new();
    let mut page = "\
<!-- Written by `SEQGAN_WRITE=1 cargo test -p seqgan-cli the_page_of_commands` from the definition of the command line; a
     change made here is lost, and the test finds it. -->

# Command line

What `seqgan --help` and `seqgan COMMAND --help` print. `seqgan man --out FOLDER` writes the same as manual pages.

```text
"
    .to_owned();
    page += &scratch.output(&["--help"]);
    page += "```\n";
    for command in COMMANDS {
        page += &format!("\n## seqgan {command}\n\n```text\n{}```\n", scratch.output(&[command, "--help"]));
    }
    page.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[test]
fn the_page_of_commands_is_what_the_program_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/command-line.md");
    let page = page_of_commands();
    if std::env::var_os("SEQGAN_WRITE").is_some() {
        fs::write(path, &page).unwrap();
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    let command = "SEQGAN_WRITE=1 cargo test -p seqgan-cli the_page_of_commands";
    assert!(found == page, "docs/command-line.md is not what the program says; `{command}` writes it");
}
