//! The same documents, one after another, on a machine with Debian's own cloud-init and on one with firstlight: what is then in
//! /etc, /home and /root.

use crate::container::Container;
use crate::differences::{undocumented, unlisted};
use crate::rootfs::{Root, Suite, run};
use crate::say;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The documents, each with the modules of cloud-init that it is for in its first line.
const DOCUMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/machine/beside");

const DIFFERENCES: &str = include_str!("beside_cloud_init.differences");

/// The default user of Debian 13's cloud-init.
const DEFAULT_USER: &str = "default_user: {name: debian, gecos: Debian, groups: [adm, audio, cdrom, dialout, dip, floppy, plugdev, sudo, \
    video], sudo: 'ALL=(ALL) NOPASSWD:ALL', shell: /bin/bash}\n";

/// Files of which only what is no comment is compared, by word.
const SETTINGS: [&str; 3] = ["/etc/hosts", "/etc/locale.conf", "/etc/ssh/sshd_config"];

/// The account files: what is compared are their new lines.
const ACCOUNTS: [&str; 6] = ["passwd", "shadow", "group", "gshadow", "subuid", "subgid"];

/// What isn't compared: locks, the files by which commands of each boot are run, and what the login prompt shows of host keys, which
/// no two machines share.
const OTHERS: [&str; 5] = [
    "/etc/issue.d",
    "/etc/.pwd.lock",
    "/etc/firstlight",
    "/etc/systemd/system/firstlight-",
    "/etc/systemd/system/sysinit.target.wants/firstlight-",
];

/// A text for each path.
type Facts = BTreeMap<String, String>;

/// Applies the documents on both machines, and compares.
pub fn beside_cloud_init(test: &str, suite: Suite) {
    let tree = suite.with_cloud_init();
    let mut machines = ["cloud-init", "firstlight"].map(|agent| machine(&tree, test, agent));
    let pens = machines.each_mut().map(|machine| machine.power_on(&[]).0);
    let deadline = Instant::now() + Duration::from_secs(180);
    for mut pen in pens {
        assert!(pen.off(deadline), "{test}: a machine has not ended");
    }
    let [theirs, ours] = machines.map(|machine| seen(&machine.root));
    assert_eq!(ours.len(), 20, "{test}");
    let mut found = Vec::new();
    for (document, ours) in &ours {
        let theirs = &theirs[document];
        for path in ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
            let text = |facts: &Facts| facts.get(path).cloned().unwrap_or_default();
            let (our, their) = (text(ours), text(theirs));
            if our != their {
                found.push(((document.clone(), path.clone(), our), their));
            }
        }
    }
    say(test, &format!("{} differences", found.len()));
    let wrong = unlisted(&found, DIFFERENCES);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(undocumented(DIFFERENCES), BTreeSet::new());
}

/// A machine that applies the documents when it is switched on.
fn machine(tree: &Path, test: &str, agent: &str) -> Container {
    let name = format!("{test}_{agent}").replace("container_beside_cloud_init", "beside");
    let root = Root::copy(tree, &name);
    // As on any Debian, where the tree is Photon's, or sudo isn't installed.
    root.write("etc/sudoers", "@includedir /etc/sudoers.d\n");
    root.write("etc/sudoers.d/README", "# rules\n");
    for (path, mode) in [
        ("etc/hostname", 0o644),
        ("etc/sudoers", 0o440),
        ("etc/sudoers.d", 0o750),
    ] {
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(root.path.join(path), mode).expect("the tree can be written");
    }
    if agent == "firstlight" {
        root.install_firstlight();
        root.write("etc/firstlight/config.yaml", DEFAULT_USER);
    } else {
        // There has to be a document before there can be others.
        let seed = "var/lib/cloud/seed/nocloud";
        root.write(&format!("{seed}/meta-data"), "instance-id: beside\n");
        root.write(
            &format!("{seed}/user-data"),
            "#cloud-config\nusers: []\nssh_deletekeys: false\nssh_genkeytypes: []\n",
        );
        // Without an address the boot waits for one.
        root.write(
            &format!("{seed}/network-config"),
            "version: 2\nethernets: {eth0: {addresses: [192.0.2.10/24]}}\n",
        );
    }
    root.write("usr/lib/beside/beside", include_str!("guest/beside"));
    let into = root.path.join("srv/beside");
    fs::create_dir_all(&into).expect("the tree can be written");
    run(Command::new("cp").args(["-rT", DOCUMENTS]).arg(into.join("documents")));
    root.write(
        "etc/systemd/system/beside.service",
        &format!("[Unit]\nDefaultDependencies=no\nAfter=basic.target\n[Service]\nExecStart=/bin/bash /usr/lib/beside/beside {agent}\n"),
    );
    let wants = root
        .path
        .join("etc/systemd/system/multi-user.target.wants/beside.service");
    symlink("../beside.service", wants).expect("the tree can be written");
    Container::on(root, &name)
}

/// What each document has changed.
fn seen(root: &Root) -> BTreeMap<String, Facts> {
    let top = root.path.join("srv/beside");
    let base = snapshot(&top.join("base"));
    let documents = fs::read_dir(top.join("seen")).expect("the machine has kept it");
    let documents = documents.map(|document| document.expect("it can be read"));
    documents
        .map(|document| {
            let facts = changes(&base, &snapshot(&document.path()));
            (document.file_name().to_string_lossy().into_owned(), facts)
        })
        .collect()
}

/// An entry of a tree: its kind, mode and owner, and its content.
type Entry = (String, Vec<u8>);

fn snapshot(top: &Path) -> BTreeMap<String, Entry> {
    let mut entries = BTreeMap::new();
    walk(top, "", &mut entries);
    entries
}

fn walk(top: &Path, below: &str, entries: &mut BTreeMap<String, Entry>) {
    for entry in fs::read_dir(top.join(below.trim_start_matches('/'))).expect("root reads it") {
        let entry = entry.expect("it can be read");
        let path = format!("{below}/{}", entry.file_name().to_string_lossy());
        let there = entry.path().symlink_metadata().expect("it is there");
        let owner = format!("{:04o} {}:{}", there.mode() & 0o7777, there.uid(), there.gid());
        if there.is_dir() {
            walk(top, &path, entries);
            entries.insert(path, (format!("directory {owner}"), Vec::new()));
        } else if there.is_symlink() {
            let target = fs::read_link(entry.path()).expect("it is a link");
            entries.insert(path, (format!("-> {}", target.display()), Vec::new()));
        } else {
            let content = fs::read(entry.path()).expect("root reads it");
            entries.insert(path, (owner, content));
        }
    }
}

/// What is new, changed or gone, in words.
fn changes(base: &BTreeMap<String, Entry>, now: &BTreeMap<String, Entry>) -> Facts {
    let mut facts = Facts::new();
    let mut sudo = BTreeSet::new();
    let changed = now.iter().filter(|(path, entry)| base.get(*path) != Some(*entry));
    for (path, (owner, content)) in changed {
        let name = path.strip_prefix("/etc/").unwrap_or_default();
        let content = &*String::from_utf8_lossy(content);
        // The copies that shadow's tools make.
        if OTHERS.iter().any(|other| path.starts_with(other))
            || ACCOUNTS.contains(&name.trim_end_matches('-')) && name.ends_with('-')
        {
            continue;
        }
        if ACCOUNTS.contains(&name) {
            let before = base.get(path).map_or(&[][..], |(_, content)| content);
            facts.insert(path.clone(), news(&String::from_utf8_lossy(before), content));
        } else if name.starts_with("sudoers.d/") {
            let rules = content
                .lines()
                .filter(|line| !line.is_empty() && !line.starts_with('#'));
            sudo.extend(rules.map(|rule| format!("{owner} {rule}")));
        } else {
            let content = match path.as_str() {
                path if SETTINGS.contains(&path) => settings(content),
                // cloud-init keeps keys in a set.
                path if path.ends_with("/authorized_keys") => lines(content.lines().map(str::to_owned)),
                _ => without_header(content).to_owned(),
            };
            facts.insert(path.clone(), format!("{owner} {content}"));
        }
    }
    if !sudo.is_empty() {
        facts.insert("sudo".to_owned(), sudo.into_iter().collect::<Vec<_>>().join("\n"));
    }
    let gone = base.keys().filter(|path| !now.contains_key(*path));
    facts.extend(gone.map(|path| (path.clone(), "gone".to_owned())));
    facts
}

fn settings(content: &str) -> String {
    let settings = content
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines(settings.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")))
}

/// The lines in an order that doesn't depend on who wrote them.
fn lines(lines: impl Iterator<Item = String>) -> String {
    lines
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>()
        .join("\n")
}

fn without_header(content: &str) -> &str {
    match content.split_once('\n') {
        Some((head, rest)) if head.starts_with("# Written by firstlight ") => rest,
        _ => content,
    }
}

/// The lines that are not in `before`, with the day and salted hashes replaced by words.
fn news(before: &str, now: &str) -> String {
    let before: BTreeSet<&str> = before.lines().collect();
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later");
    let today = (since.as_secs() / 86_400).to_string();
    let entry = |line: &str| {
        let mut fields: Vec<&str> = line.split(':').collect();
        if fields.len() == 9 {
            fields[2] = if fields[2] == today { "TODAY" } else { fields[2] };
            let is_new =
                fields[1].starts_with("$y$") || fields[1].starts_with("$6$") && !fields[1].contains("$firstlight$");
            fields[1] = if is_new { "HASH" } else { fields[1] };
        }
        // The members of a group, in whatever order.
        let mut members: Vec<&str> = fields.pop().unwrap_or_default().split(',').collect();
        members.sort_unstable();
        let members = members.join(",");
        fields.push(&members);
        fields.join(":")
    };
    let new = now.lines().filter(|line| !before.contains(line));
    new.map(entry)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>()
        .join("\n")
}
