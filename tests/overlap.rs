//! Modules that meet: each plans on what those before it planned, and a path has one owner. What `plan` shows is what a boot
//! does.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::chroot::Machine;
use support::mounts::with_own_mounts;
use support::program::{firstlight, text};
use support::tree::{build, place, snapshot};

/// A row: the document, the place of the second owner, what is said of it, the module that is kept.
type Row = (&'static str, &'static str, &'static [&'static str]);

const TWO_OWNERS: &[Row] = &[
    (
        "hostname: one\nwrite_files: [{path: /etc/hostname, content: two}]\n",
        "x.yaml:2:",
        &["/etc/hostname can't be written: `hostname` gives that path different content (x.yaml:1:"],
    ),
    (
        "write_files: [{path: /etc/hostname, content: two}]\nhostname: one\n",
        "x.yaml:2:",
        &["/etc/hostname can't be written: `write_files` gives that path different content (x.yaml:1:"],
    ),
    (
        "network: {version: 2, ethernets: {eth0: {dhcp4: true}}}\nwrite_files: [{path: \
         /etc/systemd/network/10-firstlight-eth0.network, content: x}]\n",
        "x.yaml:2:",
        &["10-firstlight-eth0.network can't be written: `network` gives that path different content (x.yaml:1:"],
    ),
    (
        "timezone: Europe/Berlin\nwrite_files: [{path: /etc/localtime, content: x}]\n",
        "x.yaml:2:",
        &["/etc/localtime can't be written: `timezone` gives that path different content (x.yaml:1:"],
    ),
    // Within one list the reader tells.
    (
        "write_files:\n- {path: /srv/a, content: x}\n- {path: /srv/a/b, content: x}\n",
        "x.yaml:3:",
        &["`/srv/a/b` needs the directory `/srv/a`, but this document also writes that path as a file"],
    ),
    (
        "write_files: [{path: /etc/systemd/network, content: x}]\nnetwork: {version: 2, ethernets: {eth0: {dhcp4: \
         true}}}\n",
        "x.yaml:1:",
        &["/etc/systemd/network can't be written: it is a directory"],
    ),
    (
        "write_files: [{path: /etc/docker, content: x}]\ndocker: {daemon: {mtu: 1400}}\n",
        "x.yaml:2:",
        &["can't be written: `write_files`", "(x.yaml:1:"],
    ),
    (
        "root: {password: GoodPass11}\nwrite_files: [{path: /etc/shadow, content: 'root:*:::::::'}]\n",
        "x.yaml:2:",
        &["/etc/shadow can't be written: `password` changes an entry of it (x.yaml:1:"],
    ),
];

#[test]
fn the_second_owner_of_a_path_is_told_of_the_first() {
    for (document, at, words) in TWO_OWNERS {
        let tree = place();
        build("photon5", None, tree.path());
        let file = tree.path().join("x.yaml");
        fs::write(&file, document).unwrap();
        let root = text(tree.path());
        let before = snapshot(tree.path());
        for command in ["plan", "apply"] {
            let said = firstlight(&[command, "--root", root, text(&file)]);
            assert_ne!(said.status, 0, "{document}: {command}: {said:#?}");
            let flat = format!("{}{}", said.stdout, said.stderr).replace(&format!("{root}/"), "");
            assert!(flat.contains(at), "{document}: {command}: {flat}");
            for word in *words {
                assert!(flat.contains(word), "{document}: {command}: {word}: {flat}");
            }
        }
        let mut after = snapshot(tree.path());
        after.retain(|path, _| !path.starts_with("/var/lib/firstlight"));
        assert!(
            before.iter().all(|(path, entry)| after.get(path) == Some(entry)),
            "{document}: apply has changed something"
        );
    }
}

/// What two want alike is no quarrel.
#[test]
fn what_two_want_alike_is_done_once() {
    let tree = place();
    build("photon5", None, tree.path());
    let file = tree.path().join("x.yaml");
    fs::write(
        &file,
        "hostname: one\nwrite_files: [{path: /etc/hostname, content: \"one\\n\"}]\n",
    )
    .unwrap();
    let root = text(tree.path());
    let said = firstlight(&["apply", "--root", root, text(&file)]);
    assert_eq!(said.status, 0, "{said:#?}");
    assert_eq!(said.stdout.matches("/etc/hostname").count(), 1, "{said:#?}");
    let again = firstlight(&["plan", "--exit-code", "--root", root, text(&file)]);
    assert_eq!(again.status, 0, "{again:#?}");
}

/// An edit on top of a whole file goes when the document no longer asks for it, and so does the file.
#[test]
fn the_edit_and_the_file_below_it_go_one_by_one() {
    let tree = place();
    build("photon5", None, tree.path());
    let (file, root) = (tree.path().join("x.yaml"), text(tree.path()));
    let config = tree.path().join("etc/ssh/sshd_config");
    let image = fs::read_to_string(&config).unwrap();
    let whole = "write_files: [{path: /etc/ssh/sshd_config, permissions: '0600', content: \"Port 22\\nPermitRootLogin \
        no\\n\"}]\n";
    let edit = "sshd: {permit_root_login: prohibit-password}\n";
    let steps = [
        (
            format!("{edit}{whole}"),
            "Port 22\nPermitRootLogin prohibit-password\n".to_owned(),
        ),
        (whole.to_owned(), "Port 22\nPermitRootLogin no\n".to_owned()),
        (
            format!("{whole}{edit}"),
            "Port 22\nPermitRootLogin prohibit-password\n".to_owned(),
        ),
        ("hostname: one\n".to_owned(), image),
    ];
    for (document, expected) in steps {
        fs::write(&file, &document).unwrap();
        let said = firstlight(&["apply", "--root", root, text(&file)]);
        assert_eq!(said.status, 0, "{document}: {said:#?}");
        assert_eq!(fs::read_to_string(&config).unwrap(), expected, "{document}");
        let again = firstlight(&["plan", "--exit-code", "--root", root, text(&file)]);
        assert_eq!(again.status, 0, "{document}: {again:#?}");
    }
}

#[test]
fn a_boot_keeps_the_first_owner_and_does_the_rest() {
    with_own_mounts("a_boot_keeps_the_first_owner_and_does_the_rest", || {
        let machine = Machine::new(
            "hostname: good1\nwrite_files:\n- {path: /etc/hostname, content: bad}\n- {path: /srv/good, content: \
             kept}\n",
        );
        for _ in 0..3 {
            let (_, status) = machine.boot();
            assert_eq!(machine.read("etc/hostname"), "good1\n", "{status:#}");
            assert_eq!(machine.read("srv/good"), "kept", "{status:#}");
            let problems = status["problems"].as_array().unwrap();
            assert_eq!(problems.len(), 1, "{status:#}");
            assert!(problems[0].as_str().unwrap().contains("user-data:3:"), "{status:#}");
        }
    });
}

/// What a plan or a report says is done: module, kind, target, action.
fn changes(modules: &Value, key: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for module in modules.as_array().unwrap() {
        for change in module[key].as_array().unwrap() {
            let words = [&module["name"], &change["kind"], &change["target"], &change["action"]];
            found.insert(words.map(|word| word.as_str().unwrap()).join(" "));
        }
    }
    found
}

#[test]
fn a_plan_shows_what_a_boot_does() {
    let mut cases: Vec<PathBuf> = fs::read_dir("tests/cases")
        .unwrap()
        .map(|case| case.unwrap().path())
        .collect();
    cases.retain(|case| fs::read_to_string(case.join("layouts")).unwrap().contains("photon5"));
    assert!(cases.len() >= 15, "{cases:?}");
    // A boot waits for what only its network could show.
    let boots: Vec<_> = cases
        .into_iter()
        .map(|case| {
            std::thread::spawn(move || with_own_mounts("a_plan_shows_what_a_boot_does", move || compare(&case)))
        })
        .collect();
    for boot in boots {
        boot.join().unwrap();
    }
}

fn compare(case: &Path) {
    let machine = Machine::of_case(case);
    let output = machine.run(&["plan", "--format", "json"]);
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    let mut planned = changes(&plan["modules"], "changes");
    // The final stage is systemd's to start, which isn't there.
    planned.retain(|change| !change.starts_with("ssh_fingerprints "));
    // Nor is a bus: without it a unit can't be started, and costs `units` no other change.
    planned.retain(|change| !(change.starts_with("units unit ") && change.ends_with(" start")));
    for stage in ["local", "system"] {
        machine.stage(stage);
    }
    let mut done = BTreeSet::new();
    let report: Value = serde_json::from_str(&machine.read("var/lib/firstlight/generations/1/report.json")).unwrap();
    for stage in report["stages"].as_object().unwrap().values() {
        done.extend(changes(&stage["modules"], "changed"));
    }
    assert_eq!(planned, done, "{}", case.display());
    assert!(!planned.is_empty(), "{}", case.display());
}
