//! The program dies after each system call that changes something, over every golden case; the next run ends as asked.
//!
//! Needs the feature `failpoints`: `cargo test --features failpoints --test crash`.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use support::program::{firstlight, firstlight_dying, text};
use support::skip::skip;
use support::tree::{Entry, Snapshot, build, difference, place, snapshot};

/// The files that a crash must never leave half written.
const VITAL: [&str; 4] = ["/etc/shadow", "/etc/passwd", "/etc/group", "/etc/ssh/sshd_config"];

/// The most places that one run may pass: more means that it does not end.
const PLACES: u64 = 2000;

fn cases() -> Vec<(PathBuf, String)> {
    let mut folders: Vec<PathBuf> = fs::read_dir("tests/cases")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    let layouts = |case: &PathBuf| fs::read_to_string(case.join("layouts")).unwrap();
    // One layout of each case, another one from case to case: the engine does not know layouts.
    folders
        .into_iter()
        .enumerate()
        .map(|(number, case)| {
            let all: Vec<String> = layouts(&case).split_whitespace().map(str::to_owned).collect();
            let layout = all[number % all.len()].clone();
            (case, layout)
        })
        .collect()
}

fn whole(before: &Snapshot, after: &Snapshot, now: &Snapshot) {
    for path in VITAL {
        let (old, new, is) = (before.get(path), after.get(path), now.get(path));
        assert!(is == old || is == new, "{path} is neither old nor new");
    }
}

/// The same where account files are put back an entry at a time, and the members of a group one by one.
fn whole_entries(before: &Snapshot, after: &Snapshot, now: &Snapshot) {
    for path in VITAL {
        if now.get(path) == before.get(path) || now.get(path) == after.get(path) {
            continue;
        }
        let [old, new, is] = [before, after, now].map(|tree| entries(path, tree));
        let is_account_file = ["/etc/passwd", "/etc/shadow", "/etc/group"].contains(&path);
        assert!(
            is_account_file && is.iter().all(|entry| old.contains(entry) || new.contains(entry)),
            "{path} is neither old nor new"
        );
    }
}

/// The entries of an account file; of groups without their members.
fn entries(path: &str, tree: &Snapshot) -> BTreeSet<String> {
    let Some(Entry::File(bytes, ..)) = tree.get(path) else {
        return BTreeSet::new();
    };
    let text = String::from_utf8_lossy(bytes).into_owned();
    let fields = if path == "/etc/group" { 3 } else { usize::MAX };
    let entry = |line: &str| line.split(':').take(fields).collect::<Vec<_>>().join(":");
    text.lines().map(entry).collect()
}

fn no_leftovers(now: &Snapshot) {
    let left: Vec<&String> = now.keys().filter(|path| path.contains("/.firstlight-")).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

/// The first generation whose changes are on the machine.
fn oldest_in_force(root: &Path) -> String {
    let history = firstlight(&["history", "--root", text(root), "--format", "json"]);
    let history: serde_json::Value = serde_json::from_str(&history.stdout).unwrap();
    let in_force =
        |generation: &&serde_json::Value| matches!(generation["outcome"].as_str(), Some("done" | "degraded"));
    let found = history["generations"]
        .as_array()
        .unwrap()
        .iter()
        .find(in_force)
        .cloned();
    found.unwrap_or_else(|| panic!("no generation is in force: {history}"))["number"].to_string()
}

#[test]
fn an_apply_that_dies_anywhere_is_finished_by_the_next() {
    let mut deaths = 0;
    for (case, layout) in cases() {
        let source = format!("nocloud:{}", case.join("seed").display());
        let set_up = |root: &Path| {
            build(&layout, Some(&case.join("root")), root);
            snapshot(root)
        };
        let whole_tree = place();
        let before = set_up(whole_tree.path());
        let done = firstlight(&["apply", "--root", text(whole_tree.path()), "--source", &source]);
        assert_eq!(done.status, 0, "{done:?}");
        let after = snapshot(whole_tree.path());

        for at in 1..PLACES {
            let tree = place();
            set_up(tree.path());
            let arguments = ["apply", "--root", text(tree.path()), "--source", &source];
            let died = firstlight_dying(&arguments, at);
            if died.status == 0 {
                break;
            }
            assert_eq!(died.status, -1, "{}: {died:?}", case.display());
            deaths += 1;
            whole(&before, &after, &snapshot(tree.path()));
            let again = firstlight(&arguments);
            let now = snapshot(tree.path());
            let wrong = difference(&after, &now);
            assert!(
                again.status == 0 && wrong.is_empty(),
                "{} died at {at}: {again:?}\n{wrong}",
                case.display()
            );
            no_leftovers(&now);
            let back = firstlight(&["rollback", "--root", text(tree.path()), &oldest_in_force(tree.path())]);
            let now = snapshot(tree.path());
            assert!(
                now == before,
                "{} died at {at}: {back:?}\n{}",
                case.display(),
                difference(&before, &now)
            );
        }
    }
    assert!(deaths > 300, "only {deaths} deaths");
}

#[test]
fn a_rollback_that_dies_anywhere_is_finished_by_the_next() {
    let mut deaths = 0;
    for (case, layout) in cases() {
        let source = format!("nocloud:{}", case.join("seed").display());
        for at in 1..PLACES {
            let tree = place();
            build(&layout, Some(&case.join("root")), tree.path());
            let before = snapshot(tree.path());
            let root = text(tree.path());
            assert_eq!(firstlight(&["apply", "--root", root, "--source", &source]).status, 0);
            let after = snapshot(tree.path());
            let died = firstlight_dying(&["rollback", "--root", root], at);
            if died.status == 0 {
                break;
            }
            deaths += 1;
            whole_entries(&before, &after, &snapshot(tree.path()));
            let again = firstlight(&["rollback", "--root", root]);
            let now = snapshot(tree.path());
            let wrong = difference(&before, &now);
            assert!(now == before, "{} died at {at}: {again:?}\n{wrong}", case.display());
        }
    }
    assert!(deaths > 100, "only {deaths} deaths");
}

#[test]
fn an_apply_that_undoes_and_dies_anywhere_is_finished_by_the_next() {
    let nothing = place();
    let document = nothing.path().join("nothing.yaml");
    fs::write(&document, "firstlight: {}\n").unwrap();
    let mut deaths = 0;
    for (case, layout) in cases() {
        let source = format!("nocloud:{}", case.join("seed").display());
        let set_up = |root: &Path| {
            build(&layout, Some(&case.join("root")), root);
            let before = snapshot(root);
            let done = firstlight(&["apply", "--root", text(root), "--source", &source]);
            assert_eq!(done.status, 0, "{done:?}");
            before
        };
        let undo = |root: &Path| firstlight(&["apply", "--root", text(root), text(&document)]);
        let undone_tree = place();
        set_up(undone_tree.path());
        let applied = snapshot(undone_tree.path());
        assert_eq!(undo(undone_tree.path()).status, 0);
        let undone = snapshot(undone_tree.path());
        for at in 1..PLACES {
            let tree = place();
            let (root, before) = (text(tree.path()), set_up(tree.path()));
            let died = firstlight_dying(&["apply", "--root", root, text(&document)], at);
            if died.status == 0 {
                break;
            }
            deaths += 1;
            whole(&applied, &undone, &snapshot(tree.path()));
            let again = undo(tree.path());
            let now = snapshot(tree.path());
            let wrong = difference(&undone, &now);
            let died = format!("{} died at {at}: {again:?}", case.display());
            assert!(again.status == 0 && wrong.is_empty(), "{died}\n{wrong}");
            no_leftovers(&now);
            let drift = firstlight(&["status", "--drift", "--root", root]);
            assert_eq!(drift.status, 0, "{died}\n{drift:?}");
            let back = firstlight(&["rollback", "--root", root, &oldest_in_force(tree.path())]);
            let now = snapshot(tree.path());
            assert!(now == before, "{died}: {back:?}\n{}", difference(&before, &now));
        }
    }
    assert!(deaths > 100, "only {deaths} deaths");
}

#[test]
fn the_number_of_syncs_does_not_depend_on_the_number_of_files() {
    let syncs = |links: usize| {
        let tree = place();
        build("photon5", None, tree.path());
        let mut document = "network:\n  version: 2\n  ethernets:\n".to_owned();
        for number in 0..links {
            document.push_str(&format!("    eth{number}: {{dhcp4: true}}\n"));
        }
        let path = tree.path().join("document.yaml");
        fs::write(&path, document).unwrap();
        let Ok(traced) = std::process::Command::new("strace")
            .args([
                "-f",
                "-c",
                "-e",
                "trace=fsync,fdatasync,syncfs,sync",
                env!("CARGO_BIN_EXE_firstlight"),
            ])
            .args(["apply", "--root", text(tree.path()), text(&path)])
            .output()
        else {
            skip("strace is missing");
            return None;
        };
        let said = String::from_utf8(traced.stderr).unwrap();
        let total = said
            .lines()
            .find(|line| line.trim_end().ends_with("total"))
            .unwrap()
            .to_owned();
        let files = snapshot(tree.path());
        let is_file = |entry: &Entry| matches!(entry, Entry::File(..));
        let written = files
            .iter()
            .filter(|(path, entry)| path.contains("10-firstlight") && is_file(entry))
            .count();
        assert_eq!(written, links);
        Some(
            total
                .split_whitespace()
                .filter_map(|word| word.parse::<u64>().ok())
                .next_back()
                .unwrap(),
        )
    };
    assert_eq!(syncs(2), syncs(40));
}
