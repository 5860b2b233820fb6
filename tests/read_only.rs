//! Promise 1: what only looks writes nothing. Content, modes, owners and times of every entry of the tree are the same
//! after every such command, with and without state.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use support::program::{firstlight, firstlight_reading, text};
use support::tree::build;

const CASE: &str = "tests/cases/60-everything";

/// All that stat(2) says of an entry but the time of the last access, and its content.
type Entry = (Vec<i64>, Vec<u8>);

fn everything(root: &Path) -> BTreeMap<String, Entry> {
    let mut found = BTreeMap::new();
    let mut left = vec![root.to_owned()];
    while let Some(path) = left.pop() {
        let m = fs::symlink_metadata(&path).unwrap();
        let content = if m.is_dir() {
            left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            Vec::new()
        } else if m.is_symlink() {
            fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
        } else {
            fs::read(&path).unwrap()
        };
        let numbers = [
            m.ino(),
            m.nlink(),
            m.size(),
            m.mode().into(),
            m.uid().into(),
            m.gid().into(),
        ];
        let mut stat: Vec<i64> = numbers.map(|number| i64::try_from(number).unwrap()).to_vec();
        // A change that is undone at once still shows in the change time.
        stat.extend([m.mtime(), m.mtime_nsec(), m.ctime(), m.ctime_nsec()]);
        found.insert(path.strip_prefix(root).unwrap().display().to_string(), (stat, content));
    }
    found
}

/// Runs every command that only looks, in both formats, and compares the tree each time.
fn look(root: &Path, after: &str) {
    let seed = format!("nocloud:{CASE}/seed");
    let document = format!("{CASE}/seed/user-data");
    let bytes = fs::read(&document).unwrap();
    let commands: [&[&str]; 10] = [
        &["plan", "--source", &seed],
        &["plan", "--source", &seed, "--exit-code"],
        &["plan", &document],
        &["plan", "-"],
        &["plan", "--only", "docker", &document],
        &["plan", "/dev/null"],
        &["status"],
        &["status", "--drift"],
        &["history"],
        &["validate", &document],
    ];
    let before = everything(root);
    for command in commands {
        for format in ["human", "json"] {
            let mut all = command.to_vec();
            all.extend(["--root", text(root), "--format", format, "-vvv"]);
            let said = firstlight_reading(&all, &bytes);
            assert!([0, 3, 5, 65].contains(&said.status), "{all:?}: {said:?}");
            let now = everything(root);
            for (path, entry) in &now {
                assert_eq!(Some(entry), before.get(path), "{path}, {after}, after {all:?}");
            }
            assert_eq!(now.len(), before.len(), "{after}, after {all:?}");
        }
    }
}

#[test]
fn commands_that_only_look_write_nothing() {
    for layout in ["photon5", "debian13"] {
        let tree = tempfile::tempdir().unwrap();
        build(layout, None, tree.path());
        look(tree.path(), "a tree without state");
        let seed = format!("nocloud:{CASE}/seed");
        let applied = firstlight(&["apply", "--root", text(tree.path()), "--source", &seed]);
        assert_eq!(applied.status, 0, "{applied:?}");
        look(tree.path(), "a tree with state");
        assert_eq!(firstlight(&["rollback", "--root", text(tree.path())]).status, 0);
        look(tree.path(), "a tree that was rolled back");
    }
}

/// The comparison itself sees what it is there to see.
#[test]
fn a_touch_is_seen() {
    let tree = tempfile::tempdir().unwrap();
    build("photon5", None, tree.path());
    let before = everything(tree.path());
    let path = tree.path().join("etc/hostname");
    let content = fs::read(&path).unwrap();
    fs::write(&path, content).unwrap();
    assert_ne!(everything(tree.path()), before, "the same content, written again");
}
