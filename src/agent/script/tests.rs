use super::*;
use crate::document::commands::script::Script;
use crate::document::{Document, Texts};
use crate::state::Words;
use crate::system::{Root, run::follow};

/// Runs a document's commands as the unit does; returns the record and the output that is kept.
fn run_commands(yaml: &str) -> (CommandRecord, String) {
    let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
    assert_eq!(document.diagnostics, []);
    let stops = document
        .config
        .firstlight
        .as_ref()
        .is_some_and(|settings| settings.stop_on_error);
    let script = Script::of_commands(document.config.runcmd.as_ref().unwrap(), stops);
    run_text(script.text())
}

fn run_text(text: &str) -> (CommandRecord, String) {
    let tree = tempfile::tempdir().unwrap();
    let store = Store::new(Root::open(tree.path()).unwrap());
    let names = names(text);
    let mut recorder = Recorder::begin(&store, "runcmd", &names, ("i-1", "boot-1")).unwrap();
    let path = store.put_script("runcmd", text).unwrap();
    let path = format!("{}{path}", tree.path().display());
    let mark = recorder.output.mark().to_owned();
    let argv = interpreter(text, &path);
    let exit = follow(&argv, &[(MARK_VARIABLE, &mark)], &mut |bytes| recorder.take_in(bytes)).unwrap();
    let record = recorder.end(exit).unwrap();
    assert_eq!(store.command("runcmd").unwrap().as_ref(), Some(&record));
    let output = std::fs::read_to_string(tree.path().join("var/lib/firstlight/commands/runcmd/output"));
    (record, output.unwrap_or_default())
}

fn ends(record: &CommandRecord) -> Vec<(usize, Option<i32>)> {
    record
        .commands
        .iter()
        .map(|command| (command.number, command.exit))
        .collect()
}

#[test]
fn commands_share_one_shell_and_each_end_is_told() {
    let (record, output) = run_commands(
        "runcmd:\n- export A=1; cd /tmp\n- echo $A $PWD\n- [echo, $A, \"it's\"]\n- 'false'\n-\n- test $? = 1 && echo kept\n- exec >/dev/null\n- echo gone\n",
    );
    assert_eq!(
        ends(&record),
        [
            (1, Some(0)),
            (2, Some(0)),
            (3, Some(0)),
            (4, Some(1)),
            (6, Some(0)),
            (7, Some(0)),
            (8, Some(0))
        ]
    );
    assert_eq!((record.state, record.exit), (CommandState::Failed, Some(0)));
    assert_eq!(
        record.failures(Words::All),
        ["command 4 (`false`) failed with exit status 1"]
    );
    let lines: Vec<&str> = output.lines().filter(|line| !line.starts_with("==>")).collect();
    assert_eq!(lines, ["1 /tmp", "$A it's", "kept"]);
}

#[test]
fn what_is_one_for_the_shell_is_not_cut() {
    let (record, output) = run_commands(
        "runcmd:\n- cat <<EOF\n- it's\n- EOF\n- if true; then\n- echo a\n- fi\n- echo 'b\n- c'\n- echo d \\\n- e\n- case x in\n- x) echo f;;\n- esac\n- echo end\n",
    );
    let lines: Vec<&str> = output.lines().filter(|line| !line.starts_with("==>")).collect();
    assert_eq!(lines, ["it's", "a", "b", "c", "d e", "f", "end"], "{output}");
    assert_eq!(record.state, CommandState::Done, "{record:?}");
}

#[test]
fn set_e_exit_and_stop_on_error_end_the_script_where_they_should() {
    let (record, _) = run_commands("runcmd: [set -e, '! true', echo a, 'false', echo b]\n");
    assert_eq!(ends(&record), [(1, Some(0)), (2, Some(1)), (3, Some(0)), (4, Some(1))]);
    let (record, _) = run_commands("runcmd: [echo a, exit 7, echo b]\n");
    assert_eq!(ends(&record), [(1, Some(0)), (2, Some(7))]);
    assert_eq!((record.state, record.exit), (CommandState::Failed, Some(7)));
    let (record, _) =
        run_commands("runcmd: [echo a, 'echo why >&2; false', echo b]\nfirstlight: {stop_on_error: true}\n");
    assert_eq!(ends(&record), [(1, Some(0)), (2, Some(1))]);
    assert_eq!(
        record.failures(Words::All),
        ["command 2 (`echo why >&2; false`) failed with exit status 1: why"]
    );
    let (record, _) = run_commands("runcmd: [kill -9 $$]\n");
    assert_eq!((ends(&record), record.exit), (vec![(1, None)], None));
    let (record, _) = run_commands("runcmd: [echo a, 'if', echo b]\n");
    assert_eq!(record.state, CommandState::Failed, "a syntax error");
}

#[test]
fn a_script_is_run_by_the_interpreter_that_it_names() {
    let path = "/x";
    for (text, argv) in [
        ("#!/bin/sh\n", &["/bin/sh", "/x"][..]),
        ("#! /usr/bin/env  -S bash -e\n", &["/usr/bin/env", "-S bash -e", "/x"]),
        ("#!\n", &["/bin/sh", "/x"]),
        ("", &["/bin/sh", "/x"]),
    ] {
        assert_eq!(interpreter(text, path), argv, "{text}");
    }
    let (record, output) = run_text("#!/bin/sh -e\necho a\nfalse\necho b\n");
    assert_eq!(
        (record.exit, record.commands.len(), output.as_str()),
        (Some(1), 0, "a\n")
    );
    assert_eq!(record.failures(Words::All), ["it failed with exit status 1: a"]);
}

#[test]
fn a_machine_that_restarts_in_its_last_command_has_run_all() {
    use crate::vocabulary::RunOutcome::{Done, Failed};
    let command = |number, exit| ItemRecord {
        number,
        command: String::new(),
        exit,
        milliseconds: 0,
        last_line: String::new(),
    };
    let record = |state, commands: &[(usize, Option<i32>)]| CommandRecord {
        name: "runcmd".to_owned(),
        begun: 0,
        instance_id: String::new(),
        boot: "one".to_owned(),
        state,
        exit: None,
        milliseconds: 0,
        last: 2,
        commands: commands.iter().map(|(number, exit)| command(*number, *exit)).collect(),
        last_line: String::new(),
        output: String::new(),
    };
    for (state, commands, boot, outcome) in [
        (CommandState::Running, &[(1, Some(0)), (2, None)][..], "two", Some(Done)),
        (CommandState::Failed, &[(1, Some(0)), (2, None)], "two", Some(Done)),
        (CommandState::Running, &[(1, Some(1)), (2, None)], "two", Some(Failed)),
        (CommandState::Running, &[(1, None)], "two", None),
        (CommandState::Running, &[(1, Some(0)), (2, None)], "one", None),
        (CommandState::Failed, &[(1, Some(0)), (2, None)], "one", Some(Failed)),
        (CommandState::Done, &[(1, Some(0)), (2, Some(0))], "two", Some(Done)),
    ] {
        assert_eq!(
            record(state, commands).outcome(boot),
            outcome,
            "{state:?} {commands:?} {boot}"
        );
    }
}
