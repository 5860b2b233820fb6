//! Trees in which users have put links and directories on the way.

use super::*;
use crate::skip::is_root;
use std::os::unix::fs::{chown, lchown, symlink};
use std::path::Path;

const BOB: u32 = 4242;

/// A tree with `/home/bob` of bob's, `/etc/shadow`, and a `/tmp` that everybody may write.
fn tree() -> (tempfile::TempDir, Root) {
    let tree = tempfile::tempdir().unwrap();
    for directory in ["etc", "home/bob/own", "home/bob/roots", "tmp", "proc", "state/deep"] {
        std::fs::create_dir_all(tree.path().join(directory)).unwrap();
    }
    std::fs::write(tree.path().join("etc/shadow"), "secret").unwrap();
    std::fs::write(tree.path().join("etc/plain"), "plain").unwrap();
    let root = Root::open(tree.path()).unwrap();
    (tree, root)
}

fn give(tree: &Path, path: &str) {
    lchown(tree.join(path), Some(BOB), Some(BOB)).unwrap();
}

fn link_of(tree: &Path, path: &str, target: &str, owner: u32) {
    symlink(target, tree.join(path)).unwrap();
    lchown(tree.join(path), Some(owner), Some(owner)).unwrap();
}

#[test]
fn what_an_unprivileged_user_leads_elsewhere_is_refused_and_named() {
    if !is_root("others can't give directories away") {
        return;
    }
    let (tree, root) = tree();
    let at = tree.path();
    give(at, "home/bob");
    give(at, "home/bob/own");
    link_of(at, "home/bob/out", "/etc", BOB);
    link_of(at, "home/bob/up", "../../etc", BOB);
    link_of(at, "home/bob/in", "own", BOB);
    link_of(at, "home/bob/given", "own", 0);
    link_of(at, "tmp/door", "../etc", BOB);
    link_of(at, "tmp/roots", "/home/bob/own", 0);
    for (path, refused) in [
        ("/home/bob/file", None),
        ("/home/bob/own/file", None),
        ("/home/bob/in/file", None),
        ("/home/bob/new/file", None),
        ("/tmp/roots/file", None),
        ("/home/bob/own/../file", None),
        ("/home/bob/roots/file", Some(("/home/bob", "/home/bob/roots"))),
        ("/home/bob/out/file", Some(("/home/bob/out", "/"))),
        ("/home/bob/up/file", Some(("/home/bob/up", "/home"))),
        ("/home/bob/given/file", Some(("/home/bob", "/home/bob/given"))),
        ("/tmp/door/file", Some(("/tmp/door", "/"))),
        ("/home/bob/../../etc/file", Some(("/home/bob", "/home"))),
    ] {
        let result = root.targets(&[]).check(path);
        match (refused, &result) {
            (None, Ok(_)) => {}
            (Some((from, to)), Err(error @ PathError::Unsafe { .. })) => {
                let expected = PathError::Unsafe {
                    from: from.to_owned(),
                    owner: BOB,
                    to: to.to_owned(),
                    other: 0,
                };
                assert_eq!(*error, expected, "{path}");
                let words = error.to_string();
                assert!(
                    words.contains(from) && words.contains("4242") && words.contains("root"),
                    "{words}"
                );
            }
            other => panic!("{path}: {other:?}"),
        }
    }
}

#[test]
fn what_is_read_to_be_written_again_is_read_through_no_link() {
    let (tree, root) = tree();
    let at = tree.path();
    symlink("/etc/shadow", at.join("home/bob/f")).unwrap();
    symlink("nowhere", at.join("home/bob/dangling")).unwrap();
    assert_eq!(root.read_safely("/home/bob/f"), Err(PathError::Link));
    assert_eq!(root.read_safely("/home/bob/dangling"), Err(PathError::Link));
    assert_eq!(root.read_safely("/home/bob/own"), Err(PathError::NotFile));
    assert_eq!(root.read_safely("/etc/plain").unwrap().as_deref(), Some(&b"plain"[..]));
    assert_eq!(root.read_safely("/etc/none").unwrap(), None);
    assert_eq!(root.read_safely("/none/none").unwrap(), None);
    if users::get_effective_uid() == 0 {
        // A hard link of bob's to a file of root's.
        std::fs::hard_link(at.join("etc/shadow"), at.join("home/bob/hard")).unwrap();
        chown(at.join("home/bob"), Some(BOB), Some(BOB)).unwrap();
        let error = root.read_safely("/home/bob/hard").unwrap_err();
        assert!(matches!(error, PathError::Unsafe { owner: BOB, .. }), "{error:?}");
    }
}

#[test]
fn the_kernels_file_systems_and_the_own_state_are_no_targets_by_whatever_way() {
    let (tree, root) = tree();
    let at = tree.path();
    symlink("/proc", at.join("etc/p")).unwrap();
    symlink("../state", at.join("etc/s")).unwrap();
    let own = ["/state", "/absent/state"];
    let kernel = |place: &str| PathError::Kernel {
        place: place.to_owned(),
    };
    let state = |place: &str| PathError::State {
        place: place.to_owned(),
    };
    for (path, expected) in [
        ("/proc/sys/x", kernel("/proc")),
        ("/etc/p/x", kernel("/proc")),
        ("/dev/new/x", kernel("/dev/new/x")),
        ("/sys", kernel("/sys")),
        ("/etc/../proc", kernel("/proc")),
        ("/state", state("/state")),
        ("/state/deep/x", state("/state")),
        ("/etc/s/x", state("/state")),
        ("/etc/s/deep/x", state("/state")),
        ("/absent/state/x", state("/absent/state/x")),
    ] {
        assert_eq!(root.targets(&own).check(path).unwrap_err(), expected, "{path}");
    }
    assert!(root.targets(&own).check("/statement").unwrap().is_none());
    assert!(root.targets(&own).check("/etc/plain").unwrap().is_some());
    // A real one, wherever it is mounted: only its magic number tells.
    let host = Root::open(Path::new("/")).unwrap();
    assert!(matches!(
        host.targets(&[]).check("/proc/self/x"),
        Err(PathError::Kernel { .. })
    ));
}

#[test]
fn what_is_in_the_way_is_named() {
    let (tree, root) = tree();
    let at = tree.path();
    symlink("/nowhere/else", at.join("etc/dangling")).unwrap();
    symlink("loop", at.join("etc/loop")).unwrap();
    for (path, words) in [
        ("/etc/plain/x", "/etc/plain is not a directory"),
        (
            "/etc/dangling/x",
            "the link /etc/dangling points to /nowhere, which doesn't exist",
        ),
        ("/etc/loop/x", "/etc/loop: Too many symbolic links"),
        ("/etc/none/../x", "/etc/none: No such file or directory"),
        ("/", "no file name"),
        ("/etc/..", "no file name"),
    ] {
        let error = root.targets(&[]).check(path).unwrap_err().to_string();
        assert!(error.contains(words), "{path}: {error}");
    }
}

#[test]
fn paths_have_a_length_and_a_depth() {
    let (_tree, root) = tree();
    let deep = "/a".repeat(DEPTH_LIMIT - 1);
    assert_eq!(root.targets(&[]).check(&format!("{deep}/x")).unwrap(), None);
    for (path, words) in [
        (format!("{deep}/a/x"), "129 directories deep; the maximum is 128"),
        (
            format!("/{}", "n".repeat(256)),
            "a name in the path has 256 bytes; the maximum is 255",
        ),
        (format!("/{}", "name/".repeat(820)), "bytes; the maximum is 4095"),
    ] {
        let error = root.targets(&[]).check(&path).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
