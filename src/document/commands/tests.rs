use crate::document::{Diagnostic, Document, Texts};

/// The commands of a document as shell code, or what is wrong with it and where.
fn read(yaml: &str) -> Result<Vec<String>, Vec<String>> {
    let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
    if !document.diagnostics.is_empty() {
        return Err(document.diagnostics.iter().map(Diagnostic::in_one_line).collect());
    }
    let commands = document.config.runcmd.unwrap_or_default();
    Ok(commands
        .each()
        .map(|(number, command)| format!("{number} {}", command.shell()))
        .collect())
}

#[test]
fn commands_are_lines_or_words_and_nothing_is_skipped() {
    for (yaml, commands) in [
        (
            "runcmd:\n- echo a\n- [echo, \"it's\", $HOME]\n",
            &["1 echo a", r"2 'echo' 'it'\''s' '$HOME'"][..],
        ),
        ("runcmd: [null, ~, echo a]\n", &["3 echo a"]),
        ("runcmd:\n- |\n  a\n  b\n", &["1 a\nb\n"]),
        (
            "runcmd:\n- [sleep, 5]\n- [chmod, 0600, /x]\n- [a, true]\n",
            &["1 'sleep' '5'", "2 'chmod' '0600' '/x'", "3 'a' 'true'"],
        ),
        ("runcmd: []\n", &[]),
        ("runcmd:\n", &[]),
    ] {
        assert_eq!(read(yaml).unwrap(), commands, "{yaml}");
    }
}

#[test]
fn a_mistake_costs_all_commands_and_has_its_place() {
    for (yaml, words) in [
        (
            "runcmd:\n- echo a\n- echo b: c\n",
            "x:3:3: expected a command or a list of words, found a mapping: `: ` makes it one",
        ),
        ("runcmd: {a: b}\n", "expected a list"),
        ("runcmd: echo a\n", "expected a list"),
        ("runcmd: [[]]\n", "found no program"),
        ("runcmd: [[[a]]]\n", "x:1:11:"),
        ("runcmd: [5]\n", "x:1:10:"),
        ("runcmd: [true]\n", "x:1:10:"),
        (
            "runcmd: [\"a\\0b\"]\n",
            "x:1:10: a command can't contain a NUL character",
        ),
        (
            "runcmd: [[a, \"b\\0\"]]\n",
            "x:1:10: a command can't contain a NUL character",
        ),
    ] {
        let found = read(yaml).unwrap_err();
        assert!(found.len() == 1 && found[0].contains(words), "{yaml}: {found:?}");
        let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
        assert_eq!(document.config.runcmd, None, "{yaml}");
    }
}

#[test]
fn no_way_of_showing_commands_shows_a_password() {
    let yaml = "runcmd:\n- curl -u bob:hunter2 https://x.example\n- [mysql, --password=hunter2]\n- [mysql, --password, hunter2]\n";
    let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
    let shown = format!(
        "{:?}{}{:?}",
        document.config,
        document.masked(),
        document.asked(&["runcmd"])
    );
    assert!(!shown.contains("hunter2"), "{shown}");
}
