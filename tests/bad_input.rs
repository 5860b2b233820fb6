//! Bad input: each a clear error with its position and advice, the right exit status, and nothing changed.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;
use std::path::Path;

use support::program::{Said, firstlight, firstlight_reading, text};
use support::skip::skip;
use support::tree::{build, place, snapshot};

/// What is wrong, the document, what the error must say, where (`line:column`, empty where the whole text is meant).
type Case<'a> = (&'a str, &'a [u8], &'a [&'a str], &'a str);

const DOCUMENTS: &[Case<'static>] = &[
    ("unknown key", b"hostname: a\nhostnme: b\n", &["unknown key `hostnme`", "did you mean `hostname`?"], "2:1"),
    ("unknown nested key", b"sshd:\n  permit_root: yes\n", &["unknown key `permit_root`", "permit_root_login"], "2:3"),
    ("wrong type", b"hostname: [a]\n", &["expected a string, found a list"], "1:1"),
    ("wrong type of a part", b"sshd: yes\n", &["expected a mapping"], "1:"),
    ("duplicate key", b"hostname: a\nhostname: b\n", &["given twice", "line 1"], "2:1"),
    ("tab", b"sshd:\n\tpermit_root_login: yes\n", &["tab"], "2:"),
    ("not YAML", b"hostname: [a\n", &["not YAML"], "1:"),
    ("two documents", b"hostname: a\n---\nhostname: b\n", &["second YAML document"], "2:1"),
    ("not UTF-8", b"hostname: \xff\n", &["not UTF-8", "line 1"], ""),
    ("empty", b"", &["empty"], ""),
    ("only a comment", b"#cloud-config\n", &["empty"], ""),
    ("a list", b"- hostname: a\n", &["expected a mapping"], "1:"),
    ("a part handler", b"#part-handler\nhostname a\n", &["a part handler"], ""),
    ("a key that is not applied", b"mounts: [ls]\n", &["`mounts`", "doesn't apply"], "1:1"),
    ("hostname with a space", b"hostname: web 1\n", &["web 1", "only letters"], "1:11"),
    ("hostname too long", b"hostname: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", &["63 bytes"], "1:11"),
    ("address without prefix", b"network: {version: 2, ethernets: {eth0: {addresses: [192.0.2.1]}}}\n", &["192.0.2.1/24"], "1:54"),
    (
        "gateway outside every subnet",
        b"network:\n  version: 2\n  ethernets:\n    eth0:\n      addresses: [192.0.2.10/24]\n      routes: [{to: default, via: 10.0.0.1}]\n",
        &["10.0.0.1"],
        "6:16",
    ),
    ("not in netplan", b"network: {version: 2, ethernets: {eth0: {dhcp: true}}}\n", &["unknown key `dhcp`", "dhcp4"], "1:42"),
    ("network version 3", b"network: {version: 3}\n", &["version"], "1:"),
    (
        "password hash cut short",
        b"root:\n  hashed_password: $6$saltsaltsalt$qFmFH.bQmmtX\n",
        &["86"],
        "2:20",
    ),
    ("plain text as a hash", b"root: {hashed_password: hunter2}\n", &["not a password hash"], "1:25"),
    ("empty password", b"root: {password: ''}\n", &["password"], "1:18"),
    ("a bad unit name", b"services: {'a b': true}\n", &["a b"], "1:12"),
    ("masked and enabled", b"services: {docker: {masked: true, enabled: true}}\n", &["masked"], "1:"),
    ("sshd keyword", b"sshd: {options: {PermitRootLogn: yes}}\n", &["did you mean `PermitRootLogin`"], "1:18"),
    ("sshd value", b"sshd: {permit_root_login: maybe}\n", &["prohibit-password"], "1:27"),
];

fn tree() -> tempfile::TempDir {
    let tree = place();
    build("photon5", None, tree.path());
    tree
}

/// Applies and plans the document on a tree: nothing may change.
fn refuse(tree: &Path, arguments: &[&str], input: &[u8]) -> Said {
    let before = snapshot(tree);
    let mut said = None;
    for command in ["plan", "apply"] {
        let mut all = vec![command, "--root", text(tree)];
        all.extend(arguments);
        said = Some(firstlight_reading(&all, input));
        assert_eq!(snapshot(tree), before, "{command} {arguments:?} changed the tree");
        assert!(
            !tree.join("var/lib/firstlight/generations").exists(),
            "{command} {arguments:?} began a generation"
        );
    }
    said.unwrap()
}

#[test]
fn bad_documents_are_refused_with_their_place() {
    let tree = tree();
    let mut wrong = Vec::new();
    for (name, document, words, place) in DOCUMENTS {
        let said = refuse(tree.path(), &["-"], document);
        let place = if place.is_empty() {
            "standard input".to_owned()
        } else {
            format!("standard input:{place}")
        };
        let missing: Vec<_> = words
            .iter()
            .copied()
            .chain([place.as_str()])
            .filter(|w| !said.stderr.contains(w))
            .collect();
        if said.status != 65 || !missing.is_empty() {
            wrong.push(format!(
                "{name}: status {}, {missing:?} missing in\n{}",
                said.status, said.stderr
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn hostile_documents_are_refused() {
    let tree = tree();
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for i in 1..9 {
        bomb.push_str(&format!(
            "a{i}: &a{i} [{}]\n",
            vec![format!("*a{}", i - 1); 9].join(",")
        ));
    }
    let nine = vec![b'#'; 9 * 1024 * 1024];
    let deep = "[".repeat(100_000);
    for (document, word) in [
        (bomb.as_bytes(), "too large"),
        (&nine, "8 MiB"),
        (deep.as_bytes(), "error"),
    ] {
        let said = refuse(tree.path(), &["-"], document);
        assert!(said.status == 65 && said.stderr.contains(word), "{word}: {said:?}");
    }
}

#[test]
fn what_the_machine_lacks_is_said_with_the_place_that_asks_for_it() {
    let tree = tree();
    for (document, words) in [
        ("services: {dockr: true}\n", ["1:19", "dockr.service", "docker.service"]),
        (
            "services: {nginx: true, docker: true, podman: true}\n",
            ["1:19", "nginx.service", "podman.service"],
        ),
        (
            "chpasswd: {expire: false, users: [{name: nobody1, type: text, password: abc}]}\n",
            ["1:", "nobody1", "account"],
        ),
    ] {
        let said = refuse(tree.path(), &["-"], document.as_bytes());
        assert_eq!(said.status, 1, "{said:?}");
        let all = format!("{}{}", said.stdout, said.stderr);
        assert!(words.iter().all(|word| all.contains(word)), "{words:?} in\n{all}");
    }
    fs::remove_file(tree.path().join("etc/ssh/sshd_config")).unwrap();
    let said = refuse(tree.path(), &["-"], b"sshd: {permit_root_login: yes}\n");
    assert!(said.status == 1 && format!("{said:?}").contains("openssh"), "{said:?}");
    let other = firstlight_reading(&["plan", "--root", text(tree.path()), "-"], b"hostname: web1\n");
    assert_eq!(other.status, 0, "{other:?}");
}

#[test]
fn bad_seeds_are_refused() {
    let (tree, seed) = (tree(), tempfile::tempdir().unwrap());
    let source = format!("nocloud:{}", seed.path().display());
    fs::write(seed.path().join("user-data"), "hostname: web1\n").unwrap();
    let said = refuse(tree.path(), &["--source", &source], b"");
    assert!(said.status == 1 && said.stderr.contains("no meta-data"), "{said:?}");

    fs::write(seed.path().join("meta-data"), "").unwrap();
    let image = seed.path().join("seed.iso");
    let made = std::process::Command::new("xorriso")
        .args([
            "-as", "mkisofs", "-quiet", "-volid", "cidata", "-joliet", "-rock", "-output",
        ])
        .args([&image, &seed.path().join("user-data"), &seed.path().join("meta-data")])
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        return skip("xorriso is missing");
    }
    let whole = fs::read(&image).unwrap();
    fs::write(&image, &whole[..whole.len() / 2]).unwrap();
    let said = refuse(tree.path(), &["--source", &format!("nocloud:{}", image.display())], b"");
    assert!(said.status == 1 && said.stderr.contains("seed.iso"), "{said:?}");
}

#[test]
fn bad_places_are_refused() {
    let tree = tree();
    let file = tree.path().join("etc/hostname");
    for (arguments, status, word) in [
        (vec!["plan", "--root", text(&file), "-"], 1, "not a directory"),
        (vec!["plan", "--root", "/nowhere/at/all", "-"], 1, "doesn't exist"),
        (
            vec!["plan", "--root", text(tree.path()), "/nowhere/doc.yaml"],
            1,
            "/nowhere/doc.yaml",
        ),
        (vec!["plan", "--root", text(tree.path())], 5, "no source has a document"),
        (vec!["rollback", "--root", text(tree.path())], 1, "no generation"),
        (vec!["rollback", "--root", text(tree.path()), "7"], 1, "no generation"),
        (vec!["plan", "--source", "floppy", "-"], 2, "nocloud"),
        (vec!["paln"], 2, "plan"),
    ] {
        let said = firstlight_reading(&arguments, b"hostname: web1\n");
        assert!(
            said.status == status && said.stderr.contains(word),
            "{arguments:?}: {said:?}"
        );
    }
}

#[test]
fn changing_this_machine_needs_root() {
    if users::get_effective_uid() != 0 {
        let said = firstlight(&["apply", "/dev/null"]);
        assert!(said.status == 1 && said.stderr.contains("needs root"), "{said:?}");
        return;
    }
    let place = place_for_everybody();
    let said = as_nobody(place.path(), &["apply", "-"]);
    let stderr = String::from_utf8_lossy(&said.stderr);
    assert!(
        said.status.code() == Some(1) && stderr.contains("needs root"),
        "{stderr}"
    );
}

/// A place with a copy of the program that everybody may run.
fn place_for_everybody() -> tempfile::TempDir {
    // Not by this process: a test beside this one may just start a program, which then has the copy open for writing for
    // a moment ("Text file busy").
    let place = tempfile::tempdir_in("/tmp").unwrap();
    let copied = std::process::Command::new("cp")
        .args([env!("CARGO_BIN_EXE_firstlight"), text(&place.path().join("firstlight"))])
        .status();
    assert!(copied.unwrap().success());
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    place
}

/// What the program there says to somebody else than root.
fn as_nobody(place: &Path, arguments: &[&str]) -> std::process::Output {
    std::process::Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(place.join("firstlight"))
        .args(arguments)
        .current_dir(place)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn what_can_not_be_read_is_not_called_invalid() {
    if users::get_effective_uid() != 0 {
        return;
    }
    use std::os::unix::fs::PermissionsExt;
    let place = place_for_everybody();
    let hide = |name: &str| {
        let path = place.path().join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
    };
    fs::write(place.path().join("file"), "hostname: web1\n").unwrap();
    fs::create_dir(place.path().join("directory")).unwrap();
    fs::create_dir(place.path().join("seed")).unwrap();
    fs::write(place.path().join("seed/meta-data"), "").unwrap();
    fs::write(place.path().join("seed/user-data"), "hostname: web1\n").unwrap();
    ["file", "directory", "seed/user-data"].into_iter().for_each(hide);
    fs::create_dir(place.path().join("none")).unwrap();
    for (document, status) in [("file", 1), ("directory", 1), ("seed", 1), ("none", 65), ("nowhere", 1)] {
        let said = as_nobody(place.path(), &["validate", document]);
        assert_eq!(said.status.code(), Some(status), "{document}: {said:?}");
    }
}

#[test]
fn what_can_not_be_planned_is_told_in_the_order_of_the_document() {
    let root = place();
    build("photon5", None, root.path());
    let lines = [
        "chpasswd: {expire: false, users: [{name: nobody1, type: text, password: abc}]}\n",
        "services: {nowhere1: true}\n",
    ];
    for document in [lines.concat(), [lines[1], lines[0]].concat()] {
        let say = |command: &str| firstlight_reading(&[command, "--root", text(root.path()), "-"], document.as_bytes());
        let (plan, apply) = (say("plan"), say("apply"));
        for said in [plan.stderr, plan.stdout, apply.stdout] {
            let at = |line: usize| said.find(&format!("standard input:{line}:"));
            let (first, second) = (at(1), at(2));
            assert!(first.is_some() && first < second, "{document}{said}");
        }
    }
}

#[test]
fn all_documents_are_looked_at_when_one_is_missing() {
    let tree = place();
    let (good, bad) = (tree.path().join("good.yaml"), tree.path().join("bad.yaml"));
    fs::write(&good, "hostname: web1\n").unwrap();
    fs::write(&bad, "hostnme: web1\n").unwrap();
    let said = firstlight(&["validate", "/nowhere.yaml", text(&bad), text(&good)]);
    for words in [
        "/nowhere.yaml: invalid",
        "bad.yaml: invalid",
        "good.yaml: valid",
        "did you mean `hostname`",
    ] {
        assert!(said.stdout.contains(words), "{words}: {said:?}");
    }
    assert_eq!(said.status, 1);
    assert_eq!(firstlight(&["validate", text(&bad), text(&good)]).status, 65);
}

#[test]
fn a_closed_standard_error_ends_nothing() {
    let tree = place();
    build("photon5", None, tree.path());
    let document = tree.path().join("document.yaml");
    fs::write(&document, "hostname: web1\n").unwrap();
    let said = std::process::Command::new("sh")
        .args([
            "-c",
            "exec \"$0\" \"$@\" 2>&-",
            env!("CARGO_BIN_EXE_firstlight"),
            "apply",
            "-vvv",
            "--root",
        ])
        .args([tree.path(), &document])
        .output()
        .unwrap();
    assert_eq!(said.status.code(), Some(0), "{said:?}");
}
