//! `apply --confirm` where nobody could undo it: nothing is changed.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use support::program::{firstlight, firstlight_reading, text};
use support::tree::{build, snapshot};

#[test]
fn a_tree_has_nobody_to_keep_the_timer() {
    let tree = tempfile::tempdir().unwrap();
    build("photon5", None, tree.path());
    let before = snapshot(tree.path());
    let root = text(tree.path());
    let said = firstlight_reading(&["apply", "--root", root, "--confirm", "2m", "-"], b"hostname: web1\n");
    assert_eq!(said.status, 1, "{said:?}");
    let why = "--confirm needs a running systemd to undo unconfirmed changes, but a tree under --root is not running; \
               nothing was changed";
    assert!(said.stderr.contains(why), "{said:?}");
    assert_eq!(snapshot(tree.path()), before);
    assert!(!tree.path().join("var/lib/firstlight").exists());
}

#[test]
fn how_long_is_said_with_a_unit() {
    for (time, hint) in [("90", "90s, 2m or 1h"), ("1s", "from 10s to 24h")] {
        let said = firstlight(&["apply", "--confirm", time]);
        assert_eq!(said.status, 2, "{said:?}");
        assert!(said.stderr.contains(hint), "{said:?}");
    }
}

#[test]
fn there_is_nothing_to_confirm() {
    let tree = tempfile::tempdir().unwrap();
    build("photon5", None, tree.path());
    let said = firstlight(&["confirm", "--root", text(tree.path())]);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(
        said.stderr.contains("nothing to confirm: there is no generation"),
        "{said:?}"
    );
}
