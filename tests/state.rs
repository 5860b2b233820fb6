//! State that lasts: what versions 1 and 2 wrote is read and undone for ever, what a newer firstlight wrote is refused.
//!
//! `state-v1/` is a state directory as version 1 left it, with a record of every kind, `state-v2/` the same of version 2. They
//! must never be edited to make a test pass: machines have them.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use support::program::{Said, firstlight, text};
use support::tree::{Snapshot, build, difference, place, snapshot};

const STATES: [&str; 2] = ["tests/state-v1", "tests/state-v2"];

/// A machine after the two generations of a state, and what it was before them.
fn machine(from: &str) -> (tempfile::TempDir, Snapshot) {
    let tree = tempfile::tempdir().unwrap();
    let root = tree.path();
    build("photon5", None, root);
    symlink("../run/motd", root.join("etc/motd")).unwrap();
    fs::create_dir_all(root.join("srv/data")).unwrap();
    let before = snapshot(root);

    let write = |path: &str, content: &str| fs::write(root.join(path), content).unwrap();
    let edit = |path: &str, edit: &dyn Fn(String) -> String| {
        let content = edit(fs::read_to_string(root.join(path)).unwrap());
        fs::write(root.join(path), content).unwrap();
    };
    write("etc/hostname", "gen2\n");
    write("etc/systemd/network/10-firstlight-eth0.network", "[Match]\nName=eth0\n");
    edit("etc/shadow", &|shadow| {
        let others: Vec<&str> = shadow.lines().filter(|line| !line.starts_with("root:")).collect();
        format!("root:$6$new$hash:20780:0:90:7:::\n{}\n", others.join("\n"))
    });
    edit("etc/group", &|group| format!("{group}firstlight:x:900:\n"));
    write("etc/.pwd.lock", "");
    fs::remove_file(root.join("etc/motd")).unwrap();
    write("etc/motd", "Welcome.\n");
    fs::create_dir(root.join("etc/docker")).unwrap();
    write("etc/docker/daemon.json", "{}\n");
    let unit = "/usr/lib/systemd/system/docker.service";
    symlink(
        unit,
        root.join("etc/systemd/system/multi-user.target.wants/docker.service"),
    )
    .unwrap();
    let state = root.join("var/lib/firstlight");
    let copied = std::process::Command::new("cp")
        .args(["-r", from, text(&state)])
        .status();
    assert!(copied.unwrap().success());
    (tree, before)
}

fn run(root: &Path, arguments: &[&str]) -> Said {
    let mut all = arguments.to_vec();
    all.extend(["--root", text(root)]);
    firstlight(&all)
}

/// Everything that version 1 wrote down is taken back; what only a running machine has is left alone.
fn rolls_back(root: &Path, before: &Snapshot) {
    let name = nix::unistd::gethostname().unwrap();
    let said = run(root, &["rollback", "1", "--format", "json"]);
    assert_eq!(said.status, 0, "{said:?}");
    let report: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(report["generations"], serde_json::json!([2, 1]));
    assert_eq!(report["kept"], serde_json::json!(["the disk was grown"]));
    assert_eq!(difference(before, &snapshot(root)), "");
    assert_eq!(
        nix::unistd::gethostname().unwrap(),
        name,
        "this machine is not that one"
    );
}

#[test]
fn the_state_of_each_version_is_read_and_undone() {
    for state in STATES {
        let (tree, before) = machine(state);
        let said = run(tree.path(), &["history", "--format", "json"]);
        assert_eq!(said.status, 0, "{said:?}");
        let report: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
        let generations = report["generations"].as_array().unwrap();
        let outcomes: Vec<_> = generations.iter().map(|g| g["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["degraded", "done"]);
        assert_eq!(generations[0]["stages"]["system"]["changed"], 4);
        // Which modules fell short, version 1 did not say.
        let again = generations[0]["incomplete"]["modules"].as_array().unwrap();
        assert_eq!(again.len() > 1, state == STATES[0], "{again:?}");
        assert!(again.contains(&"docker".into()), "{again:?}");
        assert_eq!(generations[1]["scope"].is_array(), state == STATES[1]);
        rolls_back(tree.path(), &before);
    }
}

#[test]
fn the_state_of_each_version_is_gone_on_with() {
    for state in STATES {
        let (tree, _) = machine(state);
        let document = tree.path().join("document.yaml");
        fs::write(&document, "hostname: gen3\n").unwrap();
        let said = run(tree.path(), &["apply", text(&document)]);
        assert_eq!(said.status, 0, "{said:?}");
        let history = run(tree.path(), &["history"]);
        assert_eq!(history.stdout.lines().count(), 3, "{history:?}");
        assert_eq!(run(tree.path(), &["rollback"]).status, 0);
        assert_eq!(fs::read_to_string(tree.path().join("etc/hostname")).unwrap(), "gen2\n");
    }
}

#[test]
fn keys_that_are_not_known_yet_are_passed_over() {
    let (tree, before) = machine(STATES[1]);
    let generations = tree.path().join("var/lib/firstlight/generations");
    for number in ["1", "2"] {
        for name in ["generation.json", "journal"] {
            let path = generations.join(number).join(name);
            let known = fs::read_to_string(&path).unwrap();
            // In every record, and in each of its parts.
            let unheard = r#""unheard": {"of": [1]}, "#;
            let extended = ["\"module\"", "\"kind\"", "\"outcome\""]
                .into_iter()
                .fold(known, |text, key| text.replace(key, &format!("{unheard}{key}")));
            fs::write(&path, extended).unwrap();
            assert!(fs::read_to_string(&path).unwrap().contains("unheard"));
        }
    }
    rolls_back(tree.path(), &before);
}

#[test]
fn a_newer_state_is_refused_by_all_that_write_and_nothing_is_changed() {
    let (tree, _) = machine(STATES[1]);
    let path = tree.path().join("var/lib/firstlight/generations/2/generation.json");
    fs::write(&path, r#"{"version": 7, "shape": ["unheard", "of"]}"#).unwrap();
    let document = tree.path().join("document.yaml");
    fs::write(&document, "hostname: gen3\n").unwrap();
    let before = snapshot(tree.path());
    for command in [
        &["history"][..],
        &["rollback"],
        &["rollback", "1"],
        &["apply", text(&document)],
    ] {
        let said = run(tree.path(), command);
        assert_eq!(said.status, 1, "{command:?}: {said:?}");
        for words in ["state version 7", "this one supports 2", "update firstlight"] {
            assert!(said.stderr.contains(words), "{command:?}: {said:?}");
        }
    }
    assert_eq!(difference(&before, &snapshot(tree.path())), "");
    assert_eq!(run(tree.path(), &["plan", text(&document)]).status, 0);
}

#[test]
fn the_last_generations_are_kept_and_the_rest_says_so() {
    let tree = tempfile::tempdir().unwrap();
    build("photon5", None, tree.path());
    let document = tree.path().join("document.yaml");
    for number in 1..=6 {
        fs::write(
            &document,
            format!("hostname: gen{number}\nfirstlight: {{keep_generations: 3}}\n"),
        )
        .unwrap();
        assert_eq!(run(tree.path(), &["apply", text(&document)]).status, 0);
    }
    let mut kept: Vec<_> = fs::read_dir(tree.path().join("var/lib/firstlight/generations"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    kept.sort();
    assert_eq!(kept, ["4", "5", "6"]);
    let said = run(tree.path(), &["rollback", "2"]);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.stderr.contains("generation 4 is the oldest"), "{said:?}");
    assert_eq!(run(tree.path(), &["rollback", "4"]).status, 0);
    assert_eq!(fs::read_to_string(tree.path().join("etc/hostname")).unwrap(), "gen3\n");
}

/// Something that is done to a file of the state, and its name.
type Damage = (&'static str, fn(&Path));

const DAMAGES: [Damage; 4] = [
    ("empty", |path| fs::write(path, "").unwrap()),
    ("cut off", |path| {
        let whole = fs::read(path).unwrap();
        let half = whole.iter().position(|byte| *byte == b'\n').unwrap_or(whole.len()) / 2;
        fs::write(path, [&whole[..half], b"\n"].concat()).unwrap();
    }),
    ("garbage", |path| fs::write(path, "\0\u{7f}nonsense\n").unwrap()),
    ("a directory", |path| {
        let _ = fs::remove_file(path);
        fs::create_dir_all(path.join("in/the/way")).unwrap();
    }),
];

/// Types what the message says, in the tree.
fn type_what_it_says(message: &str, root: &Path) {
    let begin = message.find("(rm ").or_else(|| message.find("(mv "));
    let command = begin.and_then(|begin| message[begin + 1..].split_once(')'));
    let (command, _) = command.unwrap_or_else(|| panic!("it doesn't say what to type: {message}"));
    let inside = command.replace(" /", &format!(" {}/", root.display()));
    let done = std::process::Command::new("sh")
        .args(["-ec", &inside])
        .status()
        .unwrap();
    assert!(done.success(), "{inside}");
}

#[test]
fn of_a_damaged_state_it_is_said_what_to_type_and_that_helps() {
    for (file, commands) in [
        ("generations/1/generation.json", &["apply", "rollback", "history"][..]),
        ("generations/1/journal", &["rollback"]),
        ("generations/1/inventory.json", &["rollback"]),
        ("inventory.json", &["plan", "apply", "status"]),
        ("lock", &["apply", "rollback"]),
    ] {
        for (what, damage) in DAMAGES {
            for command in commands {
                let tree = place();
                let root = tree.path();
                build("photon5", None, root);
                let document = root.join("document.yaml");
                fs::write(&document, "hostname: one\n").unwrap();
                assert_eq!(run(root, &["apply", text(&document)]).status, 0);
                let before = snapshot(root);
                fs::write(&document, "hostname: two\n").unwrap();
                let path = root.join("var/lib/firstlight").join(file);
                assert!(path.exists(), "{file}");
                damage(&path);
                let arguments = match *command {
                    "status" => vec!["status", "--drift"],
                    "history" | "rollback" => vec![*command],
                    _ => vec![command, text(&document)],
                };
                let said = run(root, &arguments);
                let row = format!("{file} is {what}, {command}: {said:?}");
                // A lock has no content, and a journal without its lines is one of a generation that changed nothing.
                if matches!(
                    (file, what),
                    ("lock", "empty" | "cut off" | "garbage") | ("generations/1/journal", "empty")
                ) {
                    assert_eq!(said.status, 0, "{row}");
                    continue;
                }
                assert_eq!(said.status, 1, "{row}");
                assert!(said.stderr.contains(&format!("/var/lib/firstlight/{file}")), "{row}");
                let changed = difference(&before, &snapshot(root));
                assert!(!changed.contains("/etc/"), "{row}\n{changed}");
                type_what_it_says(&said.stderr, root);
                let again = run(root, &["apply", text(&document)]);
                assert_eq!(again.status, 0, "{row}\n{again:?}");
                assert_eq!(fs::read_to_string(root.join("etc/hostname")).unwrap(), "two\n", "{row}");
            }
        }
    }
}
