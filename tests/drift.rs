//! What is no longer asked for goes back, what somebody edited stays, and what has drifted is named and healed: on every
//! case and layout of the golden trees.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::program::{Said, firstlight, firstlight_reading, text};
use support::tree::{Snapshot, build, difference, snapshot};

/// A document that asks for nothing.
const NOTHING: &str = "firstlight: {}\n";

/// What stays when the document no longer asks for it: the name, the passwords, and the lock that lckpwdf(3) leaves.
const LASTING: [&str; 9] = [
    "/etc/hostname",
    "/etc/shadow",
    "/etc/passwd",
    "/etc/.pwd.lock",
    "/etc/ssh/ssh_host_rsa_key",
    "/etc/ssh/ssh_host_rsa_key.pub",
    "/etc/ssh/ssh_host_ed25519_key",
    "/etc/ssh/ssh_host_ed25519_key.pub",
    "/etc/ssh/ssh_host_ed25519_key-cert.pub",
];

/// A machine as a tree.
struct Tree {
    directory: tempfile::TempDir,
    seed: String,
}

impl Tree {
    fn new(case: &str, layout: &str) -> Self {
        let case = Path::new("tests/cases").join(case);
        let directory = tempfile::tempdir().unwrap();
        build(layout, Some(&case.join("root")), directory.path());
        let seed = format!("nocloud:{}", case.join("seed").display());
        Self { directory, seed }
    }

    fn root(&self) -> &str {
        text(self.directory.path())
    }

    fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path.trim_start_matches('/'))
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    fn edit(&self, path: &str, edit: impl Fn(String) -> String) {
        fs::write(self.path(path), edit(self.read(path))).unwrap();
    }

    fn snapshot(&self) -> Snapshot {
        snapshot(self.directory.path())
    }

    /// Runs a subcommand on the tree, with the case's own seed.
    fn run(&self, arguments: &[&str]) -> Said {
        firstlight(&[arguments, &["--root", self.root(), "--source", &self.seed]].concat())
    }

    /// The same with this document, which has to succeed.
    fn apply(&self, document: &str) -> Said {
        let said = firstlight_reading(&["apply", "-", "--root", self.root()], document.as_bytes());
        assert_eq!(said.status, 0, "{document}: {said:#?}");
        said
    }

    fn apply_seed(&self) -> Said {
        let said = self.run(&["apply"]);
        assert_eq!(said.status, 0, "{said:#?}");
        said
    }

    /// What has drifted: the targets, as `status --drift` names them.
    fn drift(&self) -> BTreeSet<String> {
        let said = self.run(&["status", "--drift", "--format", "json"]);
        let report: Value = serde_json::from_str(&said.stdout).unwrap();
        assert_eq!(report["schema"], 1);
        let found: BTreeSet<String> = report["drift"]
            .as_array()
            .unwrap()
            .iter()
            .map(|drift| drift["target"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(said.status, if found.is_empty() { 0 } else { 3 }, "{said:#?}");
        found
    }
}

fn cases() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for case in fs::read_dir("tests/cases").unwrap() {
        let case = case.unwrap();
        let name = case.file_name().into_string().unwrap();
        let layouts = fs::read_to_string(case.path().join("layouts")).unwrap();
        all.extend(
            layouts
                .split_whitespace()
                .map(|layout| (name.clone(), layout.to_owned())),
        );
    }
    all.sort();
    assert!(all.len() >= 20, "only {} cases were found", all.len());
    all
}

fn without_lasting(mut tree: Snapshot) -> Snapshot {
    tree.retain(|path, _| !LASTING.contains(&path.as_str()));
    tree
}

#[test]
fn a_document_that_asks_for_nothing_gives_the_tree_back() {
    // What stays of accounts is told in tests/accounts.rs.
    let with_accounts = [
        "24-users",
        "25-users-doas",
        "43-ssh-redirect",
        "89-selinux-user",
        "92-files-in-homes",
    ];
    let cases = cases().into_iter();
    for (case, layout) in cases.filter(|(case, _)| !with_accounts.contains(&case.as_str())) {
        let tree = Tree::new(&case, &layout);
        let before = tree.snapshot();
        tree.apply_seed();
        let after = tree.snapshot();
        assert_eq!(tree.drift(), BTreeSet::new(), "{case} on {layout}");

        let said = tree.apply(NOTHING);
        let back = tree.snapshot();
        let left = difference(&without_lasting(before.clone()), &without_lasting(back.clone()));
        assert_eq!(left, "", "{case} on {layout} is not given back\n{}", said.stdout);
        for path in LASTING {
            assert_eq!(
                back.get(path),
                after.get(path),
                "{case} on {layout}: {path} does not stay"
            );
        }
        assert_eq!(tree.drift(), BTreeSet::new(), "{case} on {layout}");
        let again = tree.apply(NOTHING);
        assert!(!again.stdout.contains("generation"), "{case} on {layout}: {again:#?}");

        // The inventory is undone with its generation.
        assert_eq!(tree.run(&["rollback"]).status, 0);
        assert_eq!(tree.snapshot(), after, "{case} on {layout}: rollback");
        assert_eq!(tree.drift(), BTreeSet::new(), "{case} on {layout}: rollback");
        tree.apply(NOTHING);
        assert_eq!(tree.snapshot(), back, "{case} on {layout}: after a rollback");
        assert_eq!(tree.run(&["rollback", "1"]).status, 0);
        assert_eq!(tree.snapshot(), before, "{case} on {layout}: rollback of all");
    }
}

#[test]
fn what_is_undone_is_in_the_plan_with_its_diff() {
    let tree = Tree::new("60-everything", "photon5");
    // What not everybody may read would not be shown.
    fs::set_permissions(tree.path("/etc/ssh/sshd_config"), fs::Permissions::from_mode(0o644)).unwrap();
    tree.apply_seed();
    let said = firstlight_reading(&["plan", "-", "--root", tree.root()], NOTHING.as_bytes());
    for words in [
        "- remove /etc/systemd/network/10-firstlight-eth0.network",
        "-[Match]",
        "-PermitRootLogin prohibit-password",
        "+PermitRootLogin no",
        "sshd -t accepts its configuration",
        "- disable docker.service",
        "- /root/.ssh: directory removed",
        "note: the document no longer sets a hostname; the machine keeps the name docker01",
        "note: the document no longer sets a password for root",
    ] {
        assert!(said.stdout.contains(words), "{words} is not in\n{}", said.stdout);
    }
    assert!(!said.stdout.contains("$6$"), "{}", said.stdout);
}

#[test]
fn one_of_several_goes_and_the_others_stay() {
    let tree = Tree::new("60-everything", "photon5");
    let both = "network: {version: 2, ethernets: {eth0: {dhcp4: true}, eth1: {dhcp4: true}}}\n\
                sshd: {permit_root_login: 'yes', options: {MaxAuthTries: 3}}\n\
                root: {ssh_authorized_keys: [KEY1, KEY2]}\n\
                docker: {enabled: true, daemon: {mtu: 1400, debug: true}, users: [core]}\n";
    let one = "network: {version: 2, ethernets: {eth0: {dhcp4: true}}}\n\
               sshd: {permit_root_login: 'yes'}\n\
               root: {ssh_authorized_keys: [KEY2]}\n\
               docker: {enabled: true, daemon: {mtu: 1400}}\n";
    let key = |n| format!("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q{n} k{n}");
    let keyed = |document: &str| document.replace("KEY1", &key(5)).replace("KEY2", &key(6));
    tree.edit("/etc/passwd", |text| text + "core:x:1000:1000::/home/core:/bin/sh\n");
    let group = tree.read("/etc/group");
    let sshd = tree.read("/etc/ssh/sshd_config");

    tree.apply(&keyed(both));
    assert!(tree.read("/etc/group").contains("core"));
    tree.apply(&keyed(one));
    assert!(tree.path("/etc/systemd/network/10-firstlight-eth0.network").exists());
    assert!(!tree.path("/etc/systemd/network/10-firstlight-eth1.network").exists());
    let edited = sshd.replace("\nPermitRootLogin no", "\nPermitRootLogin yes");
    assert_eq!(tree.read("/etc/ssh/sshd_config"), edited);
    assert_eq!(tree.read("/root/.ssh/authorized_keys"), key(6) + "\n");
    assert_eq!(tree.read("/etc/docker/daemon.json"), "{\n  \"mtu\": 1400\n}\n");
    assert_eq!(tree.read("/etc/group"), group);
    assert_eq!(tree.drift(), BTreeSet::new());

    // Another module's things are not this one's to undo, and it does not forget them.
    let said = firstlight_reading(
        &["apply", "-", "--root", tree.root(), "--only", "network"],
        NOTHING.as_bytes(),
    );
    assert_eq!(said.status, 0, "{said:#?}");
    assert!(!tree.path("/etc/systemd/network/10-firstlight-eth0.network").exists());
    assert_eq!(tree.read("/etc/ssh/sshd_config"), edited);
    tree.apply(NOTHING);
    assert_eq!(tree.read("/etc/ssh/sshd_config"), sshd);
}

/// What somebody makes of a file that firstlight shares with others blocks nothing: what can't be told apart is kept and
/// said, the rest is put right.
#[test]
fn an_edited_file_of_others_blocks_nothing() {
    type Edit = (&'static str, fn(&Path), bool);
    let edits: [Edit; 6] = [
        ("made nonsense", |path| fs::write(path, "{ nonsense\n").unwrap(), true),
        ("emptied", |path| fs::write(path, "").unwrap(), false),
        ("deleted", |path| fs::remove_file(path).unwrap(), false),
        (
            "made a directory",
            |path| {
                fs::remove_file(path).unwrap();
                fs::create_dir(path).unwrap();
            },
            true,
        ),
        (
            "made a link",
            |path| {
                fs::remove_file(path).unwrap();
                symlink("/etc/passwd", path).unwrap();
            },
            true,
        ),
        ("not UTF-8", |path| fs::write(path, b"\xff\xfe\n").unwrap(), false),
    ];
    let shared = [
        "/etc/docker/daemon.json",
        "/root/.ssh/authorized_keys",
        "/etc/hostname",
        "/etc/hosts",
    ];
    let document = fs::read_to_string("tests/cases/60-everything/seed/user-data").unwrap();
    let docker = "docker: {enabled: true, daemon: {mtu: 1400}}\nmanage_etc_hosts: localhost\n";
    let document = document.replace("docker: true\n", docker);
    assert!(document.contains(docker));
    for path in shared {
        for (how, edit, is_unclear) in edits {
            let tree = Tree::new("60-everything", "photon5");
            tree.apply(&document);
            edit(&tree.path(path));
            let network = tree.path("/etc/systemd/network/10-firstlight-eth0.network");
            fs::remove_file(&network).unwrap();
            let edited = tree.snapshot().get(path).cloned();
            let said = firstlight_reading(&["apply", "-", "--root", tree.root()], document.as_bytes());
            assert!([0, 4].contains(&said.status), "{path} {how}: {said:#?}");
            assert!(network.exists(), "{path} {how}: {said:#?}");
            // Lines are lines, whatever they say.
            if is_unclear && (how != "made nonsense" || path.ends_with(".json")) {
                assert_eq!(tree.snapshot().get(path).cloned(), edited, "{path} {how}");
                let kept = format!("{path} was edited after firstlight wrote it");
                assert_eq!(said.stdout.matches(&kept).count(), 1, "{path} {how}: {said:#?}");
            }
            let nothing = firstlight_reading(&["apply", "-", "--root", tree.root()], NOTHING.as_bytes());
            assert!([0, 4].contains(&nothing.status), "{path} {how}: {nothing:#?}");
            assert!(!network.exists(), "{path} {how}: {nothing:#?}");
        }
    }
}

#[test]
fn what_another_module_asks_for_by_now_is_kept_by_it() {
    let tree = Tree::new("50-docker", "photon5");
    tree.apply("docker: true\n");
    let link = tree.path("/etc/systemd/system/multi-user.target.wants/docker.service");
    assert!(link.is_symlink());
    let document = "services: {docker: {enabled: true}}\n";
    let said = firstlight_reading(
        &["apply", "-", "--root", tree.root(), "--only", "docker"],
        document.as_bytes(),
    );
    assert_eq!(said.status, 0, "{said:#?}");
    assert!(link.is_symlink(), "{said:#?}");
    tree.apply(document);
    assert!(link.is_symlink());
    tree.apply(NOTHING);
    assert!(!link.is_symlink());
}

#[test]
fn what_somebody_edited_stays_and_is_reported() {
    let tree = Tree::new("60-everything", "photon5");
    tree.apply_seed();
    let network = "/etc/systemd/network/10-firstlight-eth0.network";
    tree.edit(network, |text| text + "# mine\n");
    tree.edit("/etc/ssh/sshd_config", |text| {
        text.replace("MaxAuthTries 4", "MaxAuthTries 4\nBanner /etc/mine")
    });
    tree.edit("/root/.ssh/authorized_keys", |text| text + "ssh-ed25519 AAAA mine\n");
    let kept = tree.read(network);
    let said = tree.apply(NOTHING);
    assert_eq!(tree.read(network), kept);
    let words = "10-firstlight-eth0.network, but it was edited after generation 1: it stays";
    assert!(said.stdout.contains(words), "{}", said.stdout);
    // In the files of others only our own lines went.
    let sshd = tree.read("/etc/ssh/sshd_config");
    assert!(
        sshd.contains("\nPermitRootLogin no\n") && sshd.contains("\nBanner /etc/mine\n"),
        "{sshd}"
    );
    assert_eq!(tree.read("/root/.ssh/authorized_keys"), "ssh-ed25519 AAAA mine\n");
    // It is no longer in the inventory: neither reported again, nor drift.
    assert_eq!(tree.drift(), BTreeSet::new());
    assert!(!tree.apply(NOTHING).stdout.contains("no longer asks for"));
}

#[test]
fn a_line_of_ours_that_somebody_changed_stays_and_is_reported() {
    let tree = Tree::new("60-everything", "photon5");
    tree.apply_seed();
    tree.edit("/etc/ssh/sshd_config", |text| {
        text.replace(
            "PermitRootLogin prohibit-password",
            "PermitRootLogin forced-commands-only",
        )
    });
    let edited = tree.read("/etc/ssh/sshd_config");
    let said = tree.apply(NOTHING);
    assert_eq!(tree.read("/etc/ssh/sshd_config"), edited);
    assert!(
        said.stdout.contains("that were edited later stay as they are"),
        "{}",
        said.stdout
    );
}

#[test]
fn somebody_elses_edits_are_no_drift_and_survive_every_apply() {
    let tree = Tree::new("60-everything", "photon5");
    tree.apply_seed();
    let mine = [
        ("/etc/ssh/sshd_config", "Banner /etc/mine\n"),
        ("/root/.ssh/authorized_keys", "ssh-ed25519 AAAA mine\n"),
    ];
    for (path, line) in mine {
        tree.edit(path, |text| text + line);
    }
    assert_eq!(tree.drift(), BTreeSet::new());
    let said = tree.apply_seed();
    assert!(!said.stdout.contains("(generation"), "{}", said.stdout);
    // An edit of ours beside them is another generation's, and goes back without them.
    tree.apply("sshd: {permit_root_login: 'yes', options: {Banner: /etc/ours, MaxSessions: 3}}\n");
    tree.apply(NOTHING);
    let sshd = tree.read("/etc/ssh/sshd_config");
    assert!(
        sshd.ends_with("Banner /etc/mine\n") && sshd.contains("\nPermitRootLogin no\n"),
        "{sshd}"
    );
    assert!(!sshd.contains("MaxSessions 3"), "{sshd}");
    assert_eq!(tree.read("/root/.ssh/authorized_keys"), "ssh-ed25519 AAAA mine\n");
}

#[test]
fn keys_of_others_in_daemon_json_stay() {
    let tree = Tree::new("51-docker-daemon", "debian13");
    let before = tree.read("/etc/docker/daemon.json");
    tree.apply_seed();
    tree.edit("/etc/docker/daemon.json", |text| {
        let mut settings: Value = serde_json::from_str(&text).unwrap();
        settings["mine"] = true.into();
        settings.to_string()
    });
    assert_eq!(tree.drift(), BTreeSet::new());
    let said = tree.run(&["plan", "--exit-code"]);
    assert_eq!(said.status, 0, "{said:#?}");
    tree.apply(NOTHING);
    let mut expected: Value = serde_json::from_str(&before).unwrap();
    expected["mine"] = true.into();
    let left: Value = serde_json::from_str(&tree.read("/etc/docker/daemon.json")).unwrap();
    assert_eq!(left, expected);
}

#[test]
fn nothing_is_undone_by_a_document_with_errors() {
    // At boot, what is good of a document is applied. What is bad may be what keeps a thing asked for.
    let tree = Tree::new("60-everything", "photon5");
    tree.apply_seed();
    for document in ["netwrok: {}\n", "network: {ethernets: {eth0: {dhcp: true}}}\n"] {
        let said = firstlight_reading(&["plan", "-", "--root", tree.root()], document.as_bytes());
        assert!(!said.stdout.contains("remove /etc"), "{said:#?}");
        assert!(said.stdout.contains("stay until its errors are corrected"), "{said:#?}");
    }
}

/// What is done to a machine behind firstlight's back, and what `status --drift` is to name for it.
type Tampering = (&'static str, fn(&Tree), &'static [&'static str]);

const TAMPERINGS: [Tampering; 14] = [
    ("nothing", |_| {}, &[]),
    (
        "a file of ours edited",
        |tree| tree.edit(NETWORK, |text| text.replace("192.0.2.10", "192.0.2.66")),
        &[NETWORK],
    ),
    ("its mode", |tree| mode(tree, NETWORK, 0o600), &[NETWORK]),
    (
        "its owner",
        |tree| chown(tree.path(NETWORK), Some(7), Some(8)).unwrap(),
        &[NETWORK],
    ),
    (
        "a file of ours removed",
        |tree| fs::remove_file(tree.path(NETWORK)).unwrap(),
        &[NETWORK],
    ),
    (
        "a link in its place",
        |tree| {
            fs::remove_file(tree.path(NETWORK)).unwrap();
            symlink("/dev/null", tree.path(NETWORK)).unwrap();
        },
        &[NETWORK],
    ),
    (
        "a line of ours changed",
        |tree| {
            tree.edit(SSHD, |text| {
                text.replace("PermitRootLogin prohibit-password", "PermitRootLogin yes")
            })
        },
        &[SSHD],
    ),
    (
        "a line of ours taken back",
        |tree| {
            tree.edit(SSHD, |text| {
                text.replace("PermitRootLogin prohibit-password", "PermitRootLogin no")
            })
        },
        &[SSHD],
    ),
    ("the mode of a file of others", |tree| mode(tree, SSHD, 0o666), &[SSHD]),
    ("a key removed", |tree| fs::write(tree.path(KEYS), "").unwrap(), &[KEYS]),
    (
        "the mode of a directory",
        |tree| mode(tree, "/root/.ssh", 0o777),
        &["/root/.ssh"],
    ),
    (
        "a unit disabled",
        |tree| fs::remove_file(tree.path("/etc/systemd/system/multi-user.target.wants/docker.service")).unwrap(),
        &["docker.service"],
    ),
    (
        "another password",
        |tree| {
            tree.edit("/etc/shadow", |text| {
                text.replace("root:$6$saltsaltsalt$", "root:$6$saltsaltsaltX$")
            })
        },
        &["root"],
    ),
    (
        "the name, and lines of others",
        |tree| {
            fs::write(tree.path("/etc/hostname"), "other\n").unwrap();
            tree.edit(SSHD, |text| text + "Banner none\n");
        },
        &["/etc/hostname"],
    ),
];

const NETWORK: &str = "/etc/systemd/network/10-firstlight-eth0.network";
const SSHD: &str = "/etc/ssh/sshd_config";
const KEYS: &str = "/root/.ssh/authorized_keys";

fn mode(tree: &Tree, path: &str, mode: u32) {
    fs::set_permissions(tree.path(path), fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn drift_is_named_exactly_and_healed() {
    for (what, tamper, named) in TAMPERINGS {
        if what == "its owner" && users::get_effective_uid() != 0 {
            continue;
        }
        let tree = Tree::new("60-everything", "photon5");
        tree.apply_seed();
        let after = tree.snapshot();
        tamper(&tree);
        let named: BTreeSet<String> = named.iter().map(ToString::to_string).collect();
        assert_eq!(tree.drift(), named, "{what}");
        let shown = tree.run(&["status", "--drift"]).stdout;
        assert!(!shown.contains("$6$"), "{what}: {shown}");
        assert!(named.iter().all(|target| shown.contains(target)), "{what}: {shown}");
        tree.apply_seed();
        assert_eq!(tree.drift(), BTreeSet::new(), "{what} is not healed");
        if what != "the name, and lines of others" {
            assert_eq!(difference(&after, &tree.snapshot()), "", "{what} is not healed");
        }
        // However it was tampered with: what was there before firstlight is what comes back.
        tree.apply(NOTHING);
        let sshd = tree.read(SSHD);
        assert!(sshd.contains("\nPermitRootLogin no\n"), "{what}: {sshd}");
        assert!(
            !tree.path(NETWORK).exists() && !tree.path("/root/.ssh").exists(),
            "{what}"
        );
    }
}

#[test]
fn a_file_of_ours_names_its_source_and_another_one_is_no_reason_to_write_it() {
    let tree = Tree::new("20-network-static", "photon5");
    tree.apply_seed();
    let header = "# Written by firstlight from nocloud tests/cases/20-network-static/seed; ";
    assert!(tree.read(NETWORK).starts_with(header), "{}", tree.read(NETWORK));
    let user_data = "tests/cases/20-network-static/seed/user-data";
    let said = firstlight(&[
        "plan",
        user_data,
        "--root",
        tree.root(),
        "--exit-code",
        "--only",
        "network",
    ]);
    assert_eq!(said.status, 0, "{said:#?}");
}
