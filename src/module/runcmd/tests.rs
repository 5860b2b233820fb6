use super::*;
use crate::document::{Document, Texts};
use crate::module::Change;
use crate::system::{Facts, Root};
use crate::vocabulary::{Run, RunOutcome};

fn document(user_data: &str) -> Document {
    Document::read(&Texts::of_user_data("x", user_data.as_bytes()))
}

fn plan(user_data: &str, ran: &[(&str, RunOutcome)]) -> Plan {
    let document = document(user_data);
    assert_eq!(document.diagnostics, []);
    let tree = tempfile::tempdir().unwrap();
    let root = Root::open(tree.path()).unwrap();
    let run = |outcome| Run {
        outcome,
        ..Run::begun("i-1", 7)
    };
    let facts = Facts {
        ran: ran
            .iter()
            .map(|(name, outcome)| ((*name).to_owned(), run(*outcome)))
            .collect(),
        ..Facts::default()
    };
    Runcmd.plan(&document.config, &Machine::new(&root, &facts)).unwrap()
}

fn names(plan: &Plan) -> Vec<&str> {
    let commands = plan.changes.iter().filter_map(|change| match change {
        Change::DocumentCommand(command) => Some(command.name.as_str()),
        _ => None,
    });
    commands.collect()
}

const PARTS: &str = "Content-Type: multipart/mixed; boundary=b\n\n\
    --b\nContent-Type: text/x-shellscript\nContent-Disposition: attachment; filename=zz.sh\n\n#!/bin/sh\n\
    --b\nContent-Type: text/x-shellscript-per-once\nContent-Disposition: attachment; filename=once.sh\n\n#!/bin/sh\n\
    --b\nContent-Type: text/x-shellscript-per-boot\n\n#!/bin/sh\n\
    --b\nContent-Type: text/x-shellscript\n\n#!/usr/bin/python3\n\
    --b\nContent-Type: text/cloud-config\n\n#cloud-config\nruncmd: [a, b]\n\
    --b--\n";

#[test]
fn scripts_and_commands_run_in_the_order_of_cloud_init() {
    assert_eq!(
        names(&plan(PARTS, &[])),
        [
            "script-once.sh",
            "first-boot-part-003",
            "script-part-004",
            "runcmd",
            "script-zz.sh"
        ]
    );
    assert_eq!(names(&plan("#!/bin/sh\necho a\n", &[])), ["script-part-001"]);
    assert_eq!(names(&plan("#cloud-config\nruncmd: [null]\n", &[])), [""; 0]);
}

#[test]
fn what_ran_for_the_instance_is_told_and_not_planned() {
    use crate::module::Level;
    for (outcome, level, words) in [
        (RunOutcome::Done, Level::Info, "it is not run again"),
        (RunOutcome::Failed, Level::Lasting, "failed"),
        (RunOutcome::Begun, Level::Lasting, "interrupted"),
    ] {
        let plan = plan("runcmd: [a]\n", &[("runcmd", outcome), ("script-x", RunOutcome::Done)]);
        assert_eq!(names(&plan), [""; 0]);
        assert_eq!(plan.notes.len(), 1);
        assert!(
            plan.notes[0].level == level && plan.notes[0].text.contains(words),
            "{plan:?}"
        );
    }
}

#[test]
fn a_script_that_is_another_one_now_is_told_of() {
    use crate::module::Level;
    let notes = |user_data: &str, outcome, what: Option<String>| {
        let run = Run {
            what,
            outcome,
            ..Run::begun("i-1", 7)
        };
        let facts = Facts {
            ran: [("runcmd".to_owned(), run)].into(),
            ..Facts::default()
        };
        let tree = tempfile::tempdir().unwrap();
        let root = Root::open(tree.path()).unwrap();
        let plan = Runcmd
            .plan(&document(user_data).config, &Machine::new(&root, &facts))
            .unwrap();
        assert_eq!(names(&plan), [""; 0]);
        plan.notes
    };
    let Change::DocumentCommand(command) = &plan("runcmd: [a]\n", &[]).changes[0] else {
        panic!()
    };
    let what = command.digest();
    assert!(what.is_some());
    let changed = "runcmd has changed since it ran for this instance: it is not run again; `firstlight apply \
                   --run-again` runs it";
    for (user_data, outcome, what, levels) in [
        ("runcmd: [a]\n", RunOutcome::Done, &what, &[Level::Info][..]),
        ("runcmd: [b]\n", RunOutcome::Done, &what, &[Level::Notice]),
        (
            "runcmd: [b]\n",
            RunOutcome::Failed,
            &what,
            &[Level::Notice, Level::Lasting],
        ),
        // An older firstlight has not noted it.
        ("runcmd: [b]\n", RunOutcome::Done, &None, &[Level::Info]),
    ] {
        let notes = notes(user_data, outcome, what.clone());
        let found: Vec<Level> = notes.iter().map(|note| note.level).collect();
        assert_eq!(found, levels, "{user_data}");
        assert_eq!(notes[0].text == changed, levels[0] == Level::Notice, "{notes:?}");
    }
}

#[test]
fn the_vendors_scripts_run_first_unless_the_owner_wants_none() {
    let read = |user_data: &str| {
        let texts = Texts {
            vendor_data: Texts::of_user_data("v", b"#!/bin/sh\nvendor\n").user_data,
            ..Texts::of_user_data("x", user_data.as_bytes())
        };
        let document = Document::read(&texts);
        let tree = tempfile::tempdir().unwrap();
        let (root, facts) = (Root::open(tree.path()).unwrap(), Facts::default());
        let all = in_order(&document.config, &Machine::new(&root, &facts)).unwrap();
        let names = all.into_iter().map(|command| match &command.program {
            Program::Script(script) if !script.prefix().is_empty() => {
                format!("{} {}", script.prefix().join(" "), command.name)
            }
            _ => command.name,
        });
        names.collect::<Vec<_>>()
    };
    let prefix = "#cloud-config\nruncmd: [a]\nvendor_data: {prefix: ";
    assert_eq!(
        read(&format!("{prefix}[/usr/bin/env, A=b]}}\n")),
        ["/usr/bin/env A=b script-part-002", "runcmd"]
    );
    assert_eq!(
        read(&format!("{prefix}/bin/log}}\n")),
        ["/bin/log script-part-002", "runcmd"]
    );
    // What it was to do to them is not known.
    assert_eq!(read(&format!("{prefix}{{a: b}}}}\n")), ["runcmd"]);
    assert_eq!(read("#cloud-config\nruncmd: [a]\n"), ["script-part-002", "runcmd"]);
    assert_eq!(
        read("#cloud-config\nruncmd: [a]\nvendor_data: {enabled: false}\n"),
        ["runcmd"]
    );
}

#[test]
fn the_directories_of_scripts_run_where_cloud_init_runs_them() {
    use std::os::unix::fs::PermissionsExt as _;
    let tree = tempfile::tempdir().unwrap();
    for directory in ["once", "boot", "instance"] {
        let path = tree.path().join(format!("var/lib/cloud/scripts/per-{directory}/a"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let (root, facts) = (Root::open(tree.path()).unwrap(), Facts::default());
    let document = document("#cloud-config\nruncmd: [a]\n");
    let plan = Runcmd.plan(&document.config, &Machine::new(&root, &facts)).unwrap();
    assert_eq!(
        names(&plan),
        [
            "scripts-per-once",
            "first-scripts-per-boot",
            "scripts-per-instance",
            "runcmd"
        ]
    );
}

#[test]
fn a_script_without_an_interpreter_is_refused_at_its_place() {
    let text = "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/x-shellscript\n\necho a\n--b--\n";
    let document = document(text);
    let told: Vec<String> = document.diagnostics.iter().map(|found| found.in_one_line()).collect();
    assert!(
        told.len() == 1 && told[0].contains("doesn't name its interpreter"),
        "{told:?}"
    );
}
