//! How often a boot asks the machine's sshd: once for each question, and not again for the same answer.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;

use support::chroot::Machine;
use support::mounts::with_own_mounts;

const DOCUMENT: &str = "#cloud-config\nhostname: one\nsshd: {permit_root_login: yes, options: {MaxAuthTries: 3}}\n";

/// What sshd was asked since the last time, without the names that change.
fn asked(machine: &Machine) -> Vec<String> {
    let text = machine.read("asked");
    let _ = fs::remove_file(machine.path("asked"));
    let question = |line: &str| {
        line.split_whitespace()
            .filter(|word| !word.starts_with("/run/"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    text.lines().map(question).collect()
}

/// Of the files as planned, whether it takes them; of the files as they are, what counts.
const QUESTIONS: [&str; 2] = [
    "-t -f -h",
    "-T -C user=root,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22 -h",
];

#[test]
fn a_first_boot_asks_sshd_each_question_once() {
    with_own_mounts("a_first_boot_asks_sshd_each_question_once", || {
        let machine = Machine::with_sshd(DOCUMENT);
        let (code, status) = machine.boot();
        assert_eq!(code, 0, "{status:#}");
        assert_eq!(asked(&machine), QUESTIONS, "the local stage");
        let (_, status) = machine.stage("system");
        assert_eq!(status["modules"][1]["status"], "done", "{status:#}");
        assert!(status.to_string().contains("sshd"), "{status:#}");
        assert_eq!(asked(&machine), Vec::<String>::new(), "the system stage");
        assert!(!machine.path("run/firstlight/sshd.json").exists());
        machine.boot();
        machine.stage("system");
        assert_eq!(asked(&machine), Vec::<String>::new(), "the second boot");
    });
}

/// Something that sshd's answer may depend on changes between two stages.
type Change = fn(&Machine);

#[test]
fn what_has_changed_is_asked_again() {
    with_own_mounts("what_has_changed_is_asked_again", || {
        let changes: [(&str, Change); 4] = [
            ("its configuration", |machine| {
                let path = machine.path("etc/ssh/sshd_config");
                let text = fs::read_to_string(&path).unwrap();
                fs::write(&path, text + "# x\n").unwrap();
            }),
            ("itself", |machine| {
                let path = machine.path("usr/sbin/sshd");
                fs::write(&path, fs::read_to_string(&path).unwrap() + "# x\n").unwrap();
            }),
            ("accounts", |machine| {
                let path = machine.path("etc/group");
                let text = fs::read_to_string(&path).unwrap();
                fs::write(&path, text + "x:x:4242:root\n").unwrap();
            }),
            ("what was kept", |machine| {
                fs::write(machine.path("run/firstlight/sshd.json"), "{\"about\": 1}").unwrap();
            }),
        ];
        for (what, change) in changes {
            let machine = Machine::with_sshd(DOCUMENT);
            machine.boot();
            asked(&machine);
            assert!(machine.path("run/firstlight/sshd.json").exists());
            change(&machine);
            machine.stage("system");
            assert_eq!(asked(&machine), QUESTIONS[1..], "{what}");
        }
    });
}
