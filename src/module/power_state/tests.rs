use super::*;
use crate::document::{Document, Texts};
use crate::module::Level;
use crate::system::{Facts, Root};
use crate::vocabulary::{Run, RunOutcome};

/// What is planned on a Debian where this ran before.
fn plan(user_data: &str, ran: &[(&str, Run)]) -> Plan {
    let document = Document::read(&Texts::of_user_data("x", user_data.as_bytes()));
    assert_eq!(document.diagnostics, []);
    let tree = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(tree.path().join("usr/bin")).unwrap();
    std::fs::write(tree.path().join("usr/bin/apt-get"), "").unwrap();
    let root = Root::open(tree.path()).unwrap();
    let facts = Facts {
        ran: ran
            .iter()
            .map(|(name, run)| ((*name).to_owned(), run.clone()))
            .collect(),
        ..Facts::default()
    };
    PowerState.plan(&document.config, &Machine::new(&root, &facts)).unwrap()
}

fn commands(plan: &Plan) -> Vec<&DocumentCommand> {
    let commands = plan.changes.iter().filter_map(|change| match change {
        Change::DocumentCommand(command) => Some(command),
        _ => None,
    });
    commands.collect()
}

fn names(plan: &Plan) -> Vec<&str> {
    commands(plan).iter().map(|command| command.name.as_str()).collect()
}

fn ended(outcome: RunOutcome) -> Run {
    Run {
        outcome,
        ..Run::begun("i-1", 7)
    }
}

#[test]
fn the_script_is_what_a_person_would_type() {
    for (state, purpose, script) in [
        (
            "{mode: reboot}",
            "when all is done, the machine restarts; once for this instance",
            "trap '' TERM; shutdown -r -- now || systemctl reboot\n",
        ),
        (
            "{mode: poweroff, delay: 1, message: it's late}",
            "when all is done, the machine is switched off a minute later; once for this instance",
            "shutdown -P -- +1 'it'\\''s late'\n",
        ),
        (
            "{mode: halt, delay: '+5', condition: [test, -e, \"/a b\"]}",
            "when all is done, the machine stops 5 minutes later, where its condition is met; once for this instance",
            "'test' '-e' '/a b' || { echo 'the condition is not met: nothing happens'; exit 0; }\nshutdown -H -- +5\n",
        ),
        (
            "{mode: reboot, condition: test -e /a && exit 1}",
            "when all is done, the machine restarts, where its condition is met; once for this instance",
            "'sh' '-c' 'test -e /a && exit 1' || { echo 'the condition is not met: nothing happens'; exit 0; }\n\
             trap '' TERM; shutdown -r -- now || systemctl reboot\n",
        ),
    ] {
        let plan = plan(&format!("power_state: {state}\n"), &[]);
        let [command] = commands(&plan)[..] else {
            panic!("{plan:?}")
        };
        assert_eq!(command.purpose, purpose);
        assert_eq!(
            (&command.once, command.when),
            (&Once::PerInstance, When::AfterAll(Wanted::TIMEOUT))
        );
        let Program::Script(found) = &command.program else {
            panic!("{command:?}")
        };
        assert_eq!(found.shown(), format!("#!/bin/sh\n{script}"));
    }
    let waits = plan("power_state: {mode: reboot, timeout: 5}\n", &[]);
    assert_eq!(
        commands(&waits)[0].when,
        When::AfterAll(std::time::Duration::from_secs(5))
    );
}

#[test]
fn it_happens_once_for_an_instance_and_never_where_its_condition_is_false() {
    assert_eq!(
        names(&plan("power_state: {mode: reboot, condition: false}\n", &[])),
        [""; 0]
    );
    assert_eq!(
        names(&plan("power_state: {mode: reboot, condition: true}\n", &[])),
        [NAME]
    );
    for (outcome, level) in [
        (RunOutcome::Done, Level::Info),
        (RunOutcome::Failed, Level::Lasting),
        (RunOutcome::Begun, Level::Lasting),
    ] {
        let plan = plan("power_state: {mode: reboot}\n", &[(NAME, ended(outcome))]);
        assert_eq!((names(&plan), plan.notes[0].level), (vec![], level));
    }
}

#[test]
fn packages_restart_a_machine_while_they_are_to_be_installed() {
    const PACKAGES: &str = "packages: [vim]\npackage_reboot_if_required: true\n";
    assert_eq!(names(&plan(PACKAGES, &[])), [AFTER_PACKAGES]);
    assert_eq!(names(&plan("package_reboot_if_required: true\n", &[])), [""; 0]);
    let done = Run {
        what: Some("vim".to_owned()),
        ..ended(RunOutcome::Done)
    };
    let failed = Run {
        outcome: RunOutcome::Failed,
        ..done.clone()
    };
    assert_eq!(names(&plan(PACKAGES, &[("packages", done.clone())])), [""; 0]);
    assert_eq!(names(&plan(PACKAGES, &[("packages", failed)])), [AFTER_PACKAGES]);
    // Not two things at once.
    let both = |condition: &str| format!("{PACKAGES}power_state: {{mode: poweroff, condition: {condition}}}\n");
    assert_eq!(names(&plan(&both("true"), &[])), [NAME]);
    assert_eq!(names(&plan(&both("false"), &[])), [AFTER_PACKAGES]);
    assert_eq!(
        names(&plan(&both("true"), &[(NAME, ended(RunOutcome::Done))])),
        [AFTER_PACKAGES]
    );
    let plan = plan(PACKAGES, &[]);
    let want = Config::default();
    assert_eq!(
        PowerState.asked_at(&plan.changes[0], &want),
        ["package_reboot_if_required"]
    );
}

#[test]
fn a_machine_without_a_package_manager_is_switched_off_all_the_same() {
    let yaml = "packages: [vim]\npackage_reboot_if_required: true\npower_state: {mode: poweroff}\n";
    let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
    let tree = tempfile::tempdir().unwrap();
    let (root, facts) = (Root::open(tree.path()).unwrap(), Facts::default());
    let plan = PowerState.plan(&document.config, &Machine::new(&root, &facts)).unwrap();
    assert_eq!(names(&plan), [NAME]);
}

/// Runs the script of the restart after packages in a shell, with `record` as that of the packages and these programs.
fn says(record: &str, programs: &[(&str, &str)]) -> String {
    let tree = tempfile::tempdir().unwrap();
    let path = |name: &str| tree.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("record.json"), record).unwrap();
    let defaults = [
        ("shutdown", "echo \"shutdown $*\""),
        ("uname", "echo none-such"),
        ("systemd-detect-virt", "exit 0"),
        ("needs-restarting", "exit 0"),
    ];
    let bin = tree.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    for (name, code) in defaults.iter().chain(programs) {
        std::fs::write(bin.join(name), format!("#!/bin/sh\n{code}\n")).unwrap();
        std::fs::set_permissions(bin.join(name), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let command = after_packages(&Config::default());
    let Program::Script(script) = &command.program else {
        panic!("{command:?}")
    };
    // Marks of the machine that the test runs on don't count.
    let script = script.shown().replace(&script_record("packages"), &path("record.json"));
    let script = script.replace("/run/reboot-", &path("reboot-"));
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_restart_is_required_by_what_says_so() {
    const DONE: &str = "{\n  \"state\": \"done\"\n}\n";
    const RESTART: &str = "shutdown -r -- now installed packages require a restart\n";
    assert_eq!(says(DONE, &[]), "no restart is required\n");
    assert_eq!(says("{}", &[]), "not all packages are installed: no restart\n");
    assert_eq!(says(DONE, &[("needs-restarting", "exit 1")]), RESTART);
    assert_eq!(
        says(DONE, &[("needs-restarting", "exit 127")]),
        "no restart is required\n"
    );
    assert_eq!(
        says(DONE, &[("systemd-detect-virt", "exit 1")]),
        RESTART,
        "the kernel's modules are gone"
    );
    assert_eq!(says(DONE, &[("../reboot-required", "")]), RESTART);
    assert_eq!(says(DONE, &[("../reboot-needed", "")]), RESTART);
}
