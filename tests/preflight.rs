//! A machine that can't take a plan is left as it is: file systems that are full, or read-only, for real.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::mounts::{make_read_only, mount_file, mount_tmpfs, with_own_mounts};
use support::program::{Said, firstlight, text};
use support::tree::{Snapshot, build, snapshot};

const SEED: &str = "tests/cases/60-everything/seed";

fn apply(root: &Path) -> Said {
    let seed = format!("nocloud:{SEED}");
    firstlight(&["apply", "--root", text(root), "--source", &seed])
}

/// Applying fails with these words, and nothing has changed; not even a generation was begun.
fn refused(root: &Path, words: &[&str]) {
    let before = snapshot(root);
    let said = apply(root);
    assert_eq!(said.status, 1, "{said:?}");
    for word in words {
        assert!(said.stderr.contains(word), "{word}: {said:?}");
    }
    assert_eq!(generations(root), Vec::<PathBuf>::new());
    same(&before, &snapshot(root));
}

fn same(before: &Snapshot, after: &Snapshot) {
    assert_eq!(support::tree::difference(before, after), "");
}

fn generations(root: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(root.join("var/lib/firstlight/generations"));
    listed
        .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
        .unwrap_or_default()
}

/// The tree of a layout whose directory `part` is a file system of its own, with these options; `/` is all of it.
fn tree_with_tmpfs(part: &str, options: &str) -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    let at = tree.path().join(part.trim_start_matches('/'));
    if part == "/" {
        mount_tmpfs(&at, options);
        build("photon5", None, tree.path());
    } else {
        build("photon5", None, tree.path());
        let aside = tempfile::tempdir().unwrap();
        fs::create_dir_all(&at).unwrap();
        run("cp", &["-a", &format!("{}/.", text(&at)), text(aside.path())]);
        mount_tmpfs(&at, options);
        run("cp", &["-a", &format!("{}/.", text(aside.path())), text(&at)]);
    }
    tree
}

fn run(program: &str, arguments: &[&str]) {
    assert!(
        std::process::Command::new(program)
            .args(arguments)
            .status()
            .unwrap()
            .success()
    );
}

/// Writes until nothing more fits; returns the file that takes the room.
fn fill(directory: &Path) -> PathBuf {
    use std::io::Write;
    let path = directory.join("filler");
    let mut file = fs::File::create(&path).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    while file.write_all(&[0]).is_ok() {}
    path
}

#[test]
fn a_full_etc_is_refused_and_done_once_there_is_room() {
    with_own_mounts("a_full_etc", || {
        let tree = tree_with_tmpfs("/etc", "size=1m");
        let filler = fill(&tree.path().join("etc"));
        refused(
            tree.path(),
            &["the file system of /etc", "0 bytes free", "KiB", "nothing was changed"],
        );
        fs::remove_file(filler).unwrap();
        assert_eq!(apply(tree.path()).status, 0);
    });
}

#[test]
fn a_full_state_directory_is_refused() {
    with_own_mounts("a_full_state_directory", || {
        let tree = tree_with_tmpfs("/var/lib/firstlight", "size=1m");
        let filler = fill(&tree.path().join("var/lib/firstlight"));
        refused(
            tree.path(),
            &["the file system of /var/lib/firstlight", "nothing was changed"],
        );
        fs::remove_file(filler).unwrap();
        assert_eq!(apply(tree.path()).status, 0);
    });
}

#[test]
fn a_full_disk_is_refused() {
    with_own_mounts("a_full_disk", || {
        let tree = tree_with_tmpfs("/", "size=2m");
        let filler = fill(tree.path());
        let before = snapshot(tree.path());
        let said = apply(tree.path());
        assert_eq!(said.status, 1, "{said:?}");
        let words = ["nothing was changed", "No space left on device"];
        assert!(words.iter().any(|word| said.stderr.contains(word)), "{said:?}");
        same(&before, &snapshot(tree.path()));
        fs::remove_file(filler).unwrap();
        assert_eq!(apply(tree.path()).status, 0);
    });
}

#[test]
fn a_disk_without_inodes_is_refused() {
    with_own_mounts("a_disk_without_inodes", || {
        let tree = tree_with_tmpfs("/etc", "nr_inodes=40");
        refused(
            tree.path(),
            &["the file system of /etc", "more files (inodes)", "nothing was changed"],
        );
    });
}

#[test]
fn a_read_only_etc_is_refused() {
    with_own_mounts("a_read_only_etc", || {
        let tree = tempfile::tempdir().unwrap();
        build("photon5", None, tree.path());
        make_read_only(&tree.path().join("etc"));
        refused(
            tree.path(),
            &["/etc is on a read-only file system", "nothing was changed"],
        );
    });
}

#[test]
fn a_read_only_root_is_refused_and_still_planned() {
    with_own_mounts("a_read_only_root", || {
        let tree = tempfile::tempdir().unwrap();
        build("photon5", None, tree.path());
        make_read_only(tree.path());
        refused(tree.path(), &["is on a read-only file system", "nothing was changed"]);
        let plan = firstlight(&[
            "plan",
            "--root",
            text(tree.path()),
            "--source",
            &format!("nocloud:{SEED}"),
        ]);
        assert_eq!(plan.status, 0, "{plan:?}");
        for command in ["status", "history"] {
            let said = firstlight(&[command, "--root", text(tree.path())]);
            assert!([0, 5].contains(&said.status), "{command}: {said:?}");
        }
    });
}

/// No rename replaces a file that is a mount of its own, as container managers make them.
#[test]
fn what_could_not_be_changed_need_not_be_undone() {
    with_own_mounts("what_could_not_be_changed_need_not_be_undone", || {
        let tree = tempfile::tempdir().unwrap();
        build("photon5", None, tree.path());
        let hostname = tree.path().join("etc/hostname");
        mount_file(&hostname);
        let before = snapshot(tree.path());
        let said = apply(tree.path());
        assert_eq!(said.status, 1, "{said:?}");
        assert!(said.stdout.contains("can't write /etc/hostname"), "{said:?}");
        assert!(!said.stderr.contains("undoing the changes failed"), "{said:?}");
        same(&before, &snapshot(tree.path()));
    });
}

#[test]
fn a_read_only_state_directory_is_refused() {
    with_own_mounts("a_read_only_state_directory", || {
        let tree = tempfile::tempdir().unwrap();
        build("photon5", None, tree.path());
        let state = tree.path().join("var/lib/firstlight");
        fs::create_dir_all(&state).unwrap();
        make_read_only(&state);
        refused(
            tree.path(),
            &[
                "/var/lib/firstlight is on a read-only file system",
                "nothing was changed",
            ],
        );
    });
}

#[test]
fn a_full_var_is_refused_and_a_rollback_needs_little() {
    with_own_mounts("a_full_var", || {
        let tree = tree_with_tmpfs("/var", "size=1m");
        let root = tree.path();
        let before = snapshot(root);
        assert_eq!(apply(root).status, 0);
        let filler = fill(&root.join("var"));
        let full = snapshot(root);
        let document = tempfile::NamedTempFile::new().unwrap();
        fs::write(document.path(), "hostname: other\n").unwrap();
        let said = firstlight(&["apply", "--root", text(root), text(document.path())]);
        assert_eq!(said.status, 1, "{said:?}");
        assert!(said.stderr.contains("the file system of /var"), "{said:?}");
        same(&full, &snapshot(root));
        // A rollback can't write down that it was begun: it says so, has touched nothing, and works once there is room.
        let said = firstlight(&["rollback", "--root", text(root)]);
        assert_eq!(said.status, 1, "{said:?}");
        assert!(said.stderr.contains("No space left on device"), "{said:?}");
        same(&full, &snapshot(root));
        fs::remove_file(filler).unwrap();
        let said = firstlight(&["rollback", "--root", text(root)]);
        assert_eq!(said.status, 0, "{said:?}");
        same(&before, &snapshot(root));
    });
}
