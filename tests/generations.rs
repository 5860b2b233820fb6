//! A generation knows what it is: what of a document is not on the machine and why, and so what a next boot has to do.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;

use serde_json::{Value, json};
use support::chroot::Machine;
use support::mounts::with_own_mounts;
use support::program::{firstlight, text};
use support::tree::{build, place};

/// A whole boot; its status.
fn boot(machine: &Machine) -> Value {
    machine.boot();
    machine.stage("system").1
}

fn write(machine: &Machine, path: &str, content: &str) {
    let path = machine.path(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn generations(machine: &Machine) -> usize {
    let directory = machine.path("var/lib/firstlight/generations");
    fs::read_dir(directory).unwrap().count()
}

fn generation(machine: &Machine, number: u32) -> Value {
    let path = format!("var/lib/firstlight/generations/{number}/generation.json");
    serde_json::from_str(&machine.read(&path)).unwrap()
}

#[test]
fn a_document_with_a_key_that_is_not_applied_is_degraded_once() {
    with_own_mounts("a_document_with_a_key_that_is_not_applied_is_degraded_once", || {
        let machine = Machine::new("write_files: [{path: /etc/one, content: one}, {path: /etc/two, content: two}]\n");
        assert_eq!(boot(&machine)["status"], "done");
        let document = "write_files: [{path: /etc/two, content: two}]\nsnap: {commands: [x]}\n";
        machine.tell(document);
        let status = boot(&machine);
        assert_eq!(status["status"], "degraded", "{status:#}");
        assert!(!machine.path("etc/one").exists(), "what is no longer asked for goes");
        let why = generation(&machine, 2)["incomplete"].clone();
        assert_eq!(why["modules"], json!([]));
        assert!(why["document"][0].as_str().unwrap().contains("`snap`"), "{why}");

        let detail = boot(&machine)["detail"].clone();
        assert!(!detail.as_str().unwrap().contains("drifted"), "{detail}");
        write(&machine, "etc/two", "mine");
        for _ in 0..2 {
            let status = boot(&machine);
            assert_eq!(
                (&status["status"], &status["generation"]),
                (&"degraded".into(), &2.into()),
                "{status:#}"
            );
            assert!(status["problems"][0].as_str().unwrap().contains("`snap`"), "{status:#}");
            assert_eq!(machine.read("etc/two"), "mine", "an edit by hand stays");
            let detail = status["detail"].as_str().unwrap();
            assert!(detail.contains("1 item has drifted"), "{detail}");
        }
    });
}

#[test]
fn what_failed_is_tried_again_and_nothing_else() {
    with_own_mounts("what_failed_is_tried_again_and_nothing_else", || {
        let machine = Machine::new("timezone: Europe/Nowhere\nwrite_files: [{path: /etc/two, content: two}]\n");
        let status = boot(&machine);
        assert_eq!(status["status"], "degraded", "{status:#}");
        assert_eq!(
            generation(&machine, 1)["incomplete"],
            json!({"document": [], "modules": ["timezone"]})
        );
        write(&machine, "etc/two", "mine");
        let status = boot(&machine);
        assert_eq!(status["status"], "degraded", "{status:#}");
        write(&machine, "usr/share/zoneinfo/Europe/Nowhere", "TZif2");
        let status = boot(&machine);
        assert_eq!(
            (&status["status"], generations(&machine)),
            (&"done".into(), 1),
            "{status:#}"
        );
        assert_eq!(generation(&machine, 1)["incomplete"]["modules"], json!([]));
        assert_eq!(machine.read("etc/two"), "mine", "an edit by hand stays");
        assert_eq!(
            fs::read_link(machine.path("etc/localtime")).unwrap().to_str(),
            Some("../usr/share/zoneinfo/Europe/Nowhere")
        );
    });
}

#[test]
fn a_part_that_was_applied_by_hand_leaves_the_rest_to_the_next_boot() {
    with_own_mounts(
        "a_part_that_was_applied_by_hand_leaves_the_rest_to_the_next_boot",
        || {
            let machine = Machine::new("write_files: [{path: /etc/one, content: one}]\n");
            assert_eq!(boot(&machine)["status"], "done");
            machine.tell("timezone: UTC\nwrite_files: [{path: /etc/one, content: two}]\n");
            write(&machine, "usr/share/zoneinfo/UTC", "TZif2");
            let said = machine.run(&["apply", "--only", "timezone"]);
            assert!(said.status.success(), "{said:?}");
            assert_eq!(generation(&machine, 2)["scope"], json!(["timezone"]));
            assert_eq!(machine.read("etc/one"), "one");
            let status = boot(&machine);
            assert_eq!(
                (&status["status"], &status["generation"]),
                (&"done".into(), &3.into()),
                "{status:#}"
            );
            assert_eq!(machine.read("etc/one"), "two");
        },
    );
}

#[test]
fn status_tells_what_was_applied_and_undone_since_the_boot() {
    with_own_mounts("status_tells_what_was_applied_and_undone_since_the_boot", || {
        let machine = Machine::new("write_files: [{path: /etc/one, content: seed}]\n");
        assert_eq!(boot(&machine)["status"], "done");
        write(
            &machine,
            "root/new.yaml",
            "write_files: [{path: /etc/one, content: new}]\n",
        );
        let run = |arguments: &[&str]| {
            let output = machine.run(arguments);
            let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            (output.status.code().unwrap(), said)
        };
        assert_eq!(run(&["apply", "/root/new.yaml"]).0, 0);
        let (exit, said) = run(&["status"]);
        assert_eq!(exit, 0, "{said}");
        assert!(
            said.contains("in force: generation 2, from file /root/new.yaml, done"),
            "{said}"
        );

        // What is in force is put back, not what the seed says.
        write(&machine, "etc/one", "drifted");
        let (exit, said) = run(&["status", "--drift"]);
        assert!(
            exit == 3 && said.contains("`firstlight apply --again` repairs it"),
            "{said}"
        );
        let (exit, said) = run(&["apply", "--again"]);
        assert_eq!((exit, machine.read("etc/one").as_str()), (0, "new"), "{said}");

        // A document that has changed is not what was applied.
        write(
            &machine,
            "root/new.yaml",
            "write_files: [{path: /etc/one, content: other}]\n",
        );
        let (exit, said) = run(&["apply", "--again"]);
        assert!(exit == 1 && said.contains("has changed or is gone"), "{said}");
        assert_eq!(machine.read("etc/one"), "new");

        assert_eq!(run(&["rollback", "1"]).0, 0);
        let (exit, said) = run(&["status"]);
        assert!(
            exit == 0 && said.contains("generation 1 was rolled back after the boot"),
            "{said}"
        );
        assert!(!said.contains("in force"), "{said}");
        // The decision holds, and says how to go forward.
        let status = boot(&machine);
        assert_eq!(status["status"], "done", "{status:#}");
        assert!(
            status["detail"].as_str().unwrap().contains("run `firstlight apply`"),
            "{status:#}"
        );
        assert!(!machine.path("etc/one").exists());
    });
}

#[test]
fn a_link_that_was_there_first_is_not_taken_for_ours_later() {
    with_own_mounts("a_link_that_was_there_first_is_not_taken_for_ours_later", || {
        let machine =
            Machine::new("network: {version: 2, bridges: {docker0: {optional: true}, br0: {optional: true}}}\n");
        fs::create_dir_all(machine.path("sys/class/net/docker0")).unwrap();
        let apply = || {
            let said = machine.run(&["apply", "--only", "network"]);
            assert!(said.status.success(), "{said:?}");
            let inventory: Value = serde_json::from_str(&machine.read("var/lib/firstlight/inventory.json")).unwrap();
            ["docker0", "br0"].map(|link| {
                let key = format!("path /etc/systemd/network/10-firstlight-{link}.netdev");
                inventory["items"][key]["dirties"][1].clone()
            })
        };
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        let taken_over = json!({"taken-over": {"link": "docker0", "boot": boot.trim()}});
        for _ in 0..2 {
            assert_eq!(apply(), [taken_over.clone(), json!({"netdev": "br0"})]);
            // Nothing is news the second time.
            assert_eq!(generations(&machine), 1);
        }
        let other = "network: {version: 2, bridges: {docker0: {optional: true, mtu: 1400}, br0: {optional: true}}}\n";
        machine.tell(other);
        assert_eq!(apply()[0], taken_over);
    });
}

#[test]
fn a_file_that_an_append_has_made_is_appended_to_by_the_next_document() {
    let tree = place();
    build("photon5", None, tree.path());
    let (document, root) = (tree.path().join("x.yaml"), text(tree.path()));
    let file = tree.path().join("etc/new");
    let append =
        |content: &str| format!("write_files: [{{path: /etc/new, content: \"{content}\\n\", append: true}}]\n");
    for (asked, expected) in [
        (append("one"), Some("one\n")),
        (format!("hostname: other\n{}", append("one")), Some("one\n")),
        (append("two"), Some("two\n")),
        ("hostname: other\n".to_owned(), None),
    ] {
        fs::write(&document, &asked).unwrap();
        let said = firstlight(&["apply", "--root", root, text(&document)]);
        assert_eq!(said.status, 0, "{asked}: {said:#?}");
        assert_eq!(fs::read_to_string(&file).ok().as_deref(), expected, "{asked}");
        let again = firstlight(&["plan", "--exit-code", "--root", root, text(&document)]);
        assert_eq!(again.status, 0, "{asked}: {again:#?}");
    }
}
