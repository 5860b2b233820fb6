//! Accounts as they come and go: what is left by a process that is killed between any two account files, by a rollback, and by
//! a document that no longer asks for them. `tests/conformance` compares them with those of cloud-init.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use support::program::{firstlight, firstlight_dying, text};
use support::recorded::{GSHADOW, PASSWD, tree, whole};

/// A document with all that the account files can get.
const ALL: &str = "groups: [ops, {docker: [bob]}]\nusers:\n- {name: bob, groups: [wheel], plain_text_passwd: hunter22, lock_passwd: \
    false}\n- {name: svc, system: true}\n- {name: amy, primary_group: ops, expiredate: 2040-01-01}\n";

fn accepts(tree: &Path, moment: &str) {
    for program in ["pwck", "grpck"] {
        let said = Command::new(program).args(["-r", "-R", text(tree)]).output().unwrap();
        let shown = String::from_utf8_lossy(&said.stdout) + String::from_utf8_lossy(&said.stderr);
        assert!(said.status.success(), "{program} {moment}: {shown}");
    }
}

/// Wherever the process dies, the next one ends with accounts that pwck and grpck accept: all of them, or none.
#[test]
fn accounts_are_whole_wherever_the_process_dies() {
    if !support::skip::is_root("owners are set by root alone") {
        return;
    }
    if Command::new("pwck").arg("--help").output().is_err() {
        support::skip::skip("pwck is not installed");
        return;
    }
    let whole = tree();
    let document = whole.path().join("document.yaml");
    fs::write(&document, ALL).unwrap();
    accepts(whole.path(), "before");
    let said = firstlight(&["apply", "--root", text(whole.path()), text(&document)]);
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    accepts(whole.path(), "after");
    let end = fs::read_to_string(whole.path().join("etc/passwd")).unwrap();
    let (mut died, mut states) = (0, BTreeSet::new());
    for at in 1.. {
        let tree = tree();
        let arguments = ["apply", "--root", text(tree.path()), text(&document)];
        let said = firstlight_dying(&arguments, at);
        if said.status == 0 {
            break;
        }
        died += 1;
        states.insert(fs::read_to_string(tree.path().join("etc/passwd")).unwrap() == end);
        // root and the account that was there can log in at each moment.
        let shadow = fs::read_to_string(tree.path().join("etc/shadow")).unwrap();
        assert!(shadow.contains("root:*:") && shadow.contains("first:!:"), "{at}");
        let said = firstlight(&["rollback", "--resume", "--root", text(tree.path())]);
        accepts(tree.path(), &format!("after dying at {at} and {}", said.status));
        let said = firstlight(&arguments);
        assert_eq!(said.status, 0, "{at}: {}{}", said.stdout, said.stderr);
        accepts(tree.path(), &format!("after {at}, applied again"));
        assert_eq!(fs::read_to_string(tree.path().join("etc/passwd")).unwrap(), end, "{at}");
    }
    assert!(died > 20 && states.len() == 2, "{died} {states:?}");
}

/// A rollback takes out exactly what was put in; a file that somebody has edited stays, and its home directory with it.
#[test]
fn a_rollback_takes_out_what_was_put_in() {
    if !support::skip::is_root("owners are set by root alone") {
        return;
    }
    let tree = tree();
    let before = support::tree::snapshot(tree.path());
    let document = tree.path().join("tmp.yaml");
    fs::write(&document, format!("{ALL}- {{name: eve, sudo: 'ALL=(ALL) ALL'}}\n")).unwrap();
    let apply = ["apply", "--root", text(tree.path()), text(&document)];
    assert_eq!(firstlight(&apply).status, 0);
    fs::write(tree.path().join("home/amy/.profile"), "mine\n").unwrap();
    let said = firstlight(&["rollback", "--root", text(tree.path())]);
    let told = said.stdout + &said.stderr;
    assert!(told.contains("/home/amy/.profile was edited: it stays"), "{told}");
    fs::remove_file(&document).unwrap();
    fs::remove_dir_all(tree.path().join("home/amy")).unwrap();
    let after = support::tree::snapshot(tree.path());
    assert_eq!(support::tree::difference(&before, &after), "");
}

/// Keys go, and the home directory that they were in stays; so does that of an account whose number is another now.
#[test]
fn a_home_directory_is_never_removed() {
    if !support::skip::is_root("owners are set by root alone") {
        return;
    }
    let tree = tree();
    fs::remove_file(tree.path().join("etc/skel/.profile")).unwrap();
    let document = tree.path().join("tmp.yaml");
    let run = |command: &str, yaml: &str| {
        fs::write(&document, yaml).unwrap();
        let said = firstlight(&[command, "--root", text(tree.path()), text(&document)]);
        (said.status, said.stdout + &said.stderr)
    };
    let keys = whole("ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEkeyone one@x]");
    let with_keys = format!("users: [{{name: bob, {keys}}}]\n");
    assert_eq!(run("apply", &with_keys).0, 0);
    let drift = firstlight(&["status", "--drift", "--root", text(tree.path())]);
    assert_eq!(drift.status, 0, "{}", drift.stdout);
    assert_eq!(run("apply", "users: [bob]\n").0, 0);
    assert!(tree.path().join("home/bob").is_dir() && !tree.path().join("home/bob/.ssh").exists());
    assert_eq!(run("apply", "users: []\n").0, 0);
    assert!(tree.path().join("home/bob").is_dir());
    // The number was kept free for it, but an account with another one gets the name.
    std::os::unix::fs::chown(tree.path().join("home/bob"), Some(1234), None).unwrap();
    let (status, told) = run("plan", &with_keys);
    assert!(status == 0 && told.contains("account bob, number 1234:"), "{told}");
    let (status, told) = run("plan", &with_keys.replace("name: bob", "name: bob, uid: 1300"));
    assert!(
        status != 0 && told.contains("/home/bob belongs to account number 1234: bob gets no keys in /home/bob/.ssh"),
        "{told}"
    );
    let (status, told) = run(
        "apply",
        "users: [{name: a1, homedir: /home/x}, {name: a2, homedir: /home/x/y}]\n",
    );
    assert!(status != 0 && told.contains("/home/x/y meets that of `a1`"), "{told}");
}

/// What a document no longer asks for goes; a home directory with data in it stays, and so does what others have done.
#[test]
fn what_is_no_longer_asked_for_goes() {
    if !support::skip::is_root("owners are set by root alone") {
        return;
    }
    let tree = tree();
    let document = tree.path().join("tmp.yaml");
    let apply = |yaml: &str| {
        fs::write(&document, yaml).unwrap();
        let said = firstlight(&["apply", "--root", text(tree.path()), text(&document)]);
        assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
        said.stdout + &said.stderr
    };
    let read = |path: &str| fs::read_to_string(tree.path().join(path)).unwrap();
    apply(
        "groups: [ops]\nusers: [{name: bob, plain_text_passwd: hunter22, lock_passwd: false}, {name: first, shell: /bin/bash, groups: [ops]}, {name: amy, sudo: a=b}]\n",
    );
    assert!(read("etc/passwd").contains("first:x:1000:1000::/home/first:/bin/bash\n"));
    let told = apply("users: [amy]\n");
    assert!(told.contains("its home directory /home/bob stays"), "{told}");
    assert!(!told.contains("the current password stays"), "{told}");
    assert_eq!(
        read("etc/passwd"),
        format!("{PASSWD}amy:x:1002:1003::/home/amy:/bin/sh\n")
    );
    assert!(
        !read("etc/group").contains("ops") && !read("etc/group").contains("bob"),
        "{}",
        read("etc/group")
    );
    assert!(!tree.path().join("etc/sudoers.d/90-firstlight-amy").exists());
    assert!(tree.path().join("home/bob/.profile").is_file());
    accepts_if_there(tree.path());
    let said = firstlight(&["status", "--drift", "--root", text(tree.path())]);
    assert_eq!(said.status, 0, "{}", said.stdout);
    apply("hostname: a\n");
    assert_eq!(read("etc/passwd"), PASSWD);
    assert_eq!(read("etc/gshadow"), GSHADOW);
    assert_eq!(read("etc/subuid"), "");
}

/// Root's key says who to log in as and lets root in again, as the document has it; the image's own line comes back.
#[test]
fn root_is_disabled_and_let_in_again() {
    if !support::skip::is_root("owners are set by root alone") {
        return;
    }
    let tree = tree();
    let key = whole("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEkeyone");
    let other = whole("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEkeytwo");
    let keys = tree.path().join("root/.ssh/authorized_keys");
    fs::create_dir(keys.parent().unwrap()).unwrap();
    fs::write(&keys, format!("# the image's\n{key} image\n")).unwrap();
    let document = tree.path().join("tmp.yaml");
    let run = |command: &str, yaml: &str| {
        fs::write(&document, yaml).unwrap();
        let said = firstlight(&[command, "--root", text(tree.path()), text(&document)]);
        assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
        (said.stdout + &said.stderr, fs::read_to_string(&keys).unwrap())
    };
    let with = |disabled: bool| {
        format!("disable_root: {disabled}\nuser: core\nssh_authorized_keys: ['{key} a', '{other} b']\n")
    };
    let (_, disabled) = run("apply", &with(true));
    let lines: Vec<&str> = disabled.lines().collect();
    assert_eq!(lines.len(), 3, "{disabled}");
    assert!(
        lines[1].contains("command=\"echo") && lines[1].ends_with(&format!("{key} a")),
        "{disabled}"
    );
    assert!(
        lines[2].contains("command=\"echo") && lines[2].ends_with(&format!("{other} b")),
        "{disabled}"
    );
    assert!(run("plan", &with(true)).0.contains("Nothing to do"));
    let drift = firstlight(&["status", "--drift", "--root", text(tree.path())]);
    assert_eq!(drift.status, 0, "{}", drift.stdout);
    // Somebody lets root in by hand: that is told, and undone by the next run.
    fs::write(&keys, disabled.replace(lines[2], &other)).unwrap();
    let drift = firstlight(&["status", "--drift", "--root", text(tree.path())]);
    assert_eq!(drift.status, 3, "{}", drift.stdout);
    assert_eq!(run("apply", &with(true)).1, disabled);
    let (_, enabled) = run("apply", &with(false));
    assert!(
        !enabled.contains("command=") && enabled.contains(&key) && enabled.contains(&other),
        "{enabled}"
    );
    run("apply", &with(true));
    let (_, without) = run("apply", "hostname: a\n");
    assert_eq!(without, format!("# the image's\n{key} image\n"));
}

fn accepts_if_there(tree: &Path) {
    if Command::new("pwck").arg("--help").output().is_ok() {
        accepts(tree, "after");
    }
}
