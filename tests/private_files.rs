//! What not everybody may read is not in a plan, nor in anything that is kept of one; a mode that opens up a file is told.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use support::program::{firstlight, firstlight_reading, text};
use support::tree::{build, place};

const DOCUMENT: &str = "write_files:\n\
                        - {path: /etc/tok, content: x}\n\
                        - {path: /root/sub/open, content: \"PRIVATE-old\\nand more\\n\", permissions: '0644'}\n\
                        - {path: /etc/group-only, content: more, append: true}\n";

fn tree() -> tempfile::TempDir {
    let tree = place();
    build("photon5", None, tree.path());
    fs::create_dir_all(tree.path().join("root/sub")).unwrap();
    for (path, mode) in [("etc/tok", 0o600), ("root/sub/open", 0o644), ("etc/group-only", 0o640)] {
        fs::write(tree.path().join(path), "PRIVATE-old\n").unwrap();
        fs::set_permissions(tree.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    fs::set_permissions(tree.path().join("root"), fs::Permissions::from_mode(0o700)).unwrap();
    tree
}

/// All JSON that is kept: of generations, and reports.
fn kept(directory: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all += &kept(&path);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            all += &fs::read_to_string(path).unwrap();
        }
    }
    all
}

#[test]
fn what_not_everybody_may_read_is_shown_nowhere() {
    let tree = tree();
    let root = text(tree.path());
    let document = format!("{DOCUMENT}- {{path: /etc/shadow, content: x}}\n");
    for format in ["human", "json"] {
        let arguments = ["plan", "-", "--root", root, "--format", format];
        let planned = firstlight_reading(&arguments, document.as_bytes());
        assert!(
            !planned.stdout.contains("PRIVATE") && !planned.stdout.contains("root:"),
            "{planned:#?}"
        );
        assert_eq!(
            planned.stdout.matches("not shown: not all users may read it").count(),
            4,
            "{planned:#?}"
        );
    }
    let applied = firstlight_reading(&["apply", "-", "--root", root], DOCUMENT.as_bytes());
    assert!(
        applied.stdout.contains("4 changed") || applied.stdout.contains("3 changed"),
        "{applied:#?}"
    );
    assert!(!applied.stdout.contains("PRIVATE"), "{applied:#?}");
    for path in ["root/sub/open", "etc/group-only"] {
        fs::write(tree.path().join(path), "PRIVATE-edit\n").unwrap();
    }
    for format in ["human", "json"] {
        let drift = firstlight(&["status", "--drift", "--root", root, "--format", format]);
        assert!(
            drift.stdout.contains("/root/sub/open") && !drift.stdout.contains("PRIVATE"),
            "{drift:#?}"
        );
    }
    let again = firstlight_reading(&["apply", "-", "--root", root], DOCUMENT.as_bytes());
    assert!(!again.stdout.contains("PRIVATE"), "{again:#?}");
    let all = kept(&tree.path().join("var/lib/firstlight"));
    assert!(all.contains("/root/sub/open") && !all.contains("PRIVATE"), "{all}");
    for command in ["status", "history", "rollback"] {
        for format in ["human", "json"] {
            let said = firstlight(&[command, "--root", root, "--format", format, "-vvv"]);
            let shown = format!("{}{}", said.stdout, said.stderr);
            assert!(!shown.contains("PRIVATE"), "{command} {format}: {shown}");
        }
    }
    let all = kept(&tree.path().join("var/lib/firstlight"));
    assert!(!all.contains("PRIVATE"), "{all}");
}

#[test]
fn a_mode_that_opens_up_what_is_there_is_a_warning_with_both() {
    for (old, permissions, opened) in [
        (0o600, "", Some("0644")),
        (0o640, ", permissions: '0644'", Some("0644")),
        (0o644, "", None),
        (0o644, ", permissions: '0600'", None),
        (0o600, ", permissions: '0600'", None),
        (0o755, ", permissions: '4755'", Some("4755")),
    ] {
        let tree = tree();
        let path = tree.path().join("etc/tok");
        fs::set_permissions(&path, fs::Permissions::from_mode(old)).unwrap();
        let document = format!("write_files: [{{path: /etc/tok, content: new{permissions}}}]\n");
        let planned = firstlight_reading(&["plan", "-", "--root", text(tree.path())], document.as_bytes());
        let expected = opened.map(|new| {
            format!("warning: /etc/tok becomes accessible to more users: its mode changes from {old:04o} to {new}")
        });
        match expected {
            Some(expected) => assert!(planned.stdout.contains(&expected), "{expected}: {planned:#?}"),
            None => assert!(
                !planned.stdout.contains("becomes accessible"),
                "{old:o}{permissions}: {planned:#?}"
            ),
        }
    }
}
