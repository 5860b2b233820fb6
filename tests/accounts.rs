//! The accounts that cloud-init makes of a document, recorded, against ours. Every deliberate difference is listed here
//! with its reason. And what is left by a process that is killed between any two account files.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::program::{firstlight, firstlight_dying, text};
use support::tree::place;

/// What is not as in cloud-init, on purpose: the scenario, what it is about, what is there instead, and why.
const DIFFERENCES: &[(&str, &str, &str, &str)] = &[
    (
        "ssh_redirect_user",
        "authorized-keys",
        "/home/bar 1002:1003 600 no-port-forwarding,no-agent-forwarding,no-X11-forwarding,command=\"echo 'Please login as the user \
         \\\"photon\\\" rather than the user \\\"bar\\\".';echo;sleep 10;exit 142\" ssh-ed25519 \
         AAAAC3NzaC1lZDI1NTE5AAAAIA0mcB0zqnV0gQn5SDD2K8nXnq2cQj8wRQzYQ2mRkKzE two@x\n /home/photon 1001:1002 600 ssh-ed25519 \
         AAAAC3NzaC1lZDI1NTE5AAAAIA0mcB0zqnV0gQn5SDD2K8nXnq2cQj8wRQzYQ2mRkKzE two@x\n /root 0:0 600 ssh-ed25519 \
         AAAAC3NzaC1lZDI1NTE5AAAAIA0mcB0zqnV0gQn5SDD2K8nXnq2cQj8wRQzYQ2mRkKzE two@x\n",
        "numbers are given in the document's order; there, the default user comes last",
    ),
    (
        "ssh_redirect_user",
        "group",
        "bar:x:1003: photon:x:1002: wheel:x:1001:photon",
        "the same",
    ),
    (
        "ssh_redirect_user",
        "passwd",
        "bar:x:1002:1003::/home/bar:/bin/sh photon:x:1001:1002:PhotonOS:/home/photon:/bin/bash",
        "the same",
    ),
    (
        "password_no_default_user",
        "shadow",
        "root:HASH:0:0:99999:7:::",
        "without a default user root is the one who logs in",
    ),
    (
        "user_key_root",
        "group",
        "wheel:x:1001:root",
        "an account that exists gets the groups that are asked for too",
    ),
    (
        "user_key_string",
        "passwd",
        "me:x:1001:1002::/home/me:/bin/bash",
        "the comment of the default user is about another account",
    ),
    (
        "users_blank_password",
        "refused",
        "an empty password would let anyone log in",
        "so it would",
    ),
    ("users_blank_password", "passwd", "", "the same"),
    ("users_blank_password", "shadow", "", "the same"),
    ("users_blank_password", "group", "", "the same"),
    ("users_blank_password", "homes", "", "the same"),
    (
        "users_passwd_existing_ignored",
        "shadow",
        "daemon:$6$ab$HASH:TODAY:0:99999:7:::",
        "an account without a password gets its first one",
    ),
    (
        "users_system_with_keys_error",
        "refused",
        "the keys need a home directory",
        "refused as there; a boot creates the account and leaves out the keys",
    ),
];

const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n\
    nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\nfirst:x:1000:1000::/home/first:/bin/sh\n";
const SHADOW: &str = "root:*:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\nnobody:*:19000:0:99999:7:::\n\
    first:!:19000:0:99999:7:::\n";
const GROUP: &str = "root:x:0:\ndaemon:x:1:\nusers:x:100:\nnogroup:x:65534:\nfirst:x:1000:\ns1:x:999:\ns2:x:998:\ns3:x:997:\n\
    s4:x:996:\n";
const GSHADOW: &str = "root:*::\ndaemon:*::\nusers:*::\nnogroup:*::\nfirst:!::\ns1:!::\ns2:!::\ns3:!::\ns4:!::\n";
const LOGIN_DEFS: &str = "PASS_MAX_DAYS 99999\nPASS_MIN_DAYS 0\nPASS_WARN_AGE 7\nUID_MIN 1000\nUID_MAX 60000\n\
    GID_MIN 1000\nGID_MAX 60000\nUMASK 022\nUSERGROUPS_ENAB yes\nENCRYPT_METHOD SHA512\n";

/// Two keys and two hashes that are whole, in the place of those that were recorded.
const WHOLE: [(&str, &str); 4] = [
    (
        "AAAAC3NzaC1lZDI1NTE5AAAAIEkeyone",
        "AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5",
    ),
    (
        "AAAAC3NzaC1lZDI1NTE5AAAAIEkeytwo",
        "AAAAC3NzaC1lZDI1NTE5AAAAIA0mcB0zqnV0gQn5SDD2K8nXnq2cQj8wRQzYQ2mRkKzE",
    ),
    (
        "$6$rounds=4096$ab$cdef",
        "$6$rounds=4096$ab$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ),
    (
        "$6$ab$cd",
        "$6$ab$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ),
];

fn whole(text: &str) -> String {
    WHOLE
        .iter()
        .fold(text.to_owned(), |text, (old, new)| text.replace(old, new))
}

/// A tree in which cloud-init's scenarios were recorded, as far as accounts go.
fn tree() -> tempfile::TempDir {
    let tree = place();
    let write = |path: &str, content: &str| {
        let path = tree.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    write("etc/passwd", PASSWD);
    write("etc/shadow", SHADOW);
    write("etc/group", GROUP);
    write("etc/gshadow", GSHADOW);
    write("etc/subuid", "");
    write("etc/subgid", "");
    write("etc/login.defs", LOGIN_DEFS);
    write("etc/default/useradd", "SHELL=/bin/sh\n");
    write("etc/skel/.profile", "# profile\n");
    write("etc/sudoers", "@includedir /etc/sudoers.d\n");
    write("bin/sh", "");
    write("bin/bash", "");
    write("usr/sbin/nologin", "");
    for directory in ["root", "home/first", "var/lib", "usr/sbin", "nonexistent"] {
        fs::create_dir_all(tree.path().join(directory)).unwrap();
    }
    tree
}

/// The default user of Photon's cloud-init.
const DEFAULT_USER: &str = "default_user: {name: photon, gecos: PhotonOS, groups: [wheel], shell: /bin/bash, sudo: 'ALL=(ALL) NOPASSWD:ALL'}\n";

/// The lines of a file that are not in `before`, with the day and the hashes that we make replaced by words.
fn news(tree: &Path, file: &str, before: &str) -> String {
    let now = fs::read_to_string(tree.join(file)).unwrap();
    let old: BTreeSet<&str> = before.lines().collect();
    let today = support::tree::today();
    let lines = now.lines().filter(|line| !old.contains(line));
    let lines: BTreeSet<String> = lines.map(|line| shown(line, &today)).collect();
    lines.into_iter().collect::<Vec<_>>().join(" ")
}

fn shown(line: &str, today: &str) -> String {
    let mut fields: Vec<String> = line.split(':').map(str::to_owned).collect();
    if fields.len() == 9 {
        if fields[2] == today {
            fields[2] = "TODAY".to_owned();
        }
        let own = fields[1].trim_start_matches('!');
        if own.starts_with('$') && !own.contains("aaaaaaaa") {
            fields[1] = "HASH".to_owned();
        }
        fields[1] = fields[1].replace(&"a".repeat(86), "HASH");
    }
    fields.join(":")
}

/// What was recorded, in the same words.
fn recorded(case: &Value, key: &str) -> String {
    let lines = case[key].as_array().unwrap().iter().filter_map(Value::as_str);
    let lines: BTreeSet<String> = lines
        .map(|line| {
            let line = line.replace("<today>", "TODAY").replace("<yescrypt>", "HASH");
            shown(&whole(&line), "")
        })
        .collect();
    lines.into_iter().collect::<Vec<_>>().join(" ")
}

/// The facts of a machine after a document: what was added to its files, and where.
fn ours(name: &str, case: &Value) -> BTreeMap<&'static str, String> {
    let tree = tree();
    // Without `users`, Photon's configuration of cloud-init has no default user.
    if name != "password_no_default_user" {
        fs::create_dir_all(tree.path().join("etc/firstlight")).unwrap();
        fs::write(tree.path().join("etc/firstlight/config.yaml"), DEFAULT_USER).unwrap();
    }
    let seed = tree.path().join("seed");
    fs::create_dir(&seed).unwrap();
    fs::write(seed.join("user-data"), whole(case["user-data"].as_str().unwrap())).unwrap();
    let meta_data = case["meta-data"].as_str().unwrap_or("instance-id: i1\n");
    fs::write(seed.join("meta-data"), whole(meta_data)).unwrap();
    let source = format!("nocloud:{}", seed.display());
    let said = firstlight(&["apply", "--root", text(tree.path()), "--source", &source]);
    let mut facts = BTreeMap::new();
    if said.status != 0 {
        facts.insert("refused", said.stderr.clone() + &said.stdout);
    }
    for (fact, before) in [("passwd", PASSWD), ("shadow", SHADOW), ("group", GROUP)] {
        facts.insert(fact, news(tree.path(), &format!("etc/{fact}"), before));
    }
    let homes = fs::read_dir(tree.path().join("home")).unwrap();
    let homes: BTreeSet<String> = homes
        .map(|home| format!("/home/{}", home.unwrap().file_name().to_string_lossy()))
        .filter(|home| home != "/home/first")
        .collect();
    let mut keys = Vec::new();
    for home in homes.iter().map(String::as_str).chain(["/root"]) {
        let path = tree.path().join(format!("{}/.ssh/authorized_keys", &home[1..]));
        if let Ok(content) = fs::read_to_string(&path) {
            let there = path.metadata().unwrap();
            keys.push(format!(
                "{home} {}:{} {:o} {content}",
                there.uid(),
                there.gid(),
                there.mode() & 0o777
            ));
        }
        if home != "/root" {
            assert!(tree.path().join(format!("{}/.profile", &home[1..])).is_file(), "{home}");
        }
    }
    facts.insert("authorized-keys", keys.join(" "));
    let rules = fs::read_dir(tree.path().join("etc/sudoers.d")).into_iter().flatten();
    let rules: BTreeSet<String> = rules
        .flat_map(|file| {
            let path = file.unwrap().path();
            assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o440);
            let lines = fs::read_to_string(path).unwrap();
            lines
                .lines()
                .filter(|line| !line.starts_with('#'))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    facts.insert("sudo", rules.into_iter().collect::<Vec<_>>().join(" "));
    facts.insert("homes", homes.into_iter().collect::<Vec<_>>().join(" "));
    facts
}

fn theirs(case: &Value) -> BTreeMap<&'static str, String> {
    let mut facts = BTreeMap::new();
    for fact in ["passwd", "shadow", "group", "sudo", "homes"] {
        facts.insert(fact, recorded(case, fact));
    }
    let keys = case["authorized-keys"].as_object().unwrap().iter();
    let keys: Vec<String> = keys
        .map(|(path, file)| {
            let home = path.trim_end_matches("/.ssh/authorized_keys");
            let mode = file["mode"].as_str().unwrap().trim_start_matches('0');
            let content = whole(file["content"].as_str().unwrap());
            format!("{home} {}:{} {mode} {content}", file["owner"][0], file["owner"][1])
        })
        .collect();
    facts.insert("authorized-keys", keys.join(" "));
    facts
}

#[test]
fn accounts_are_those_of_cloud_init() {
    if !support::skip::is_root("owners are set by root alone") {
        return;
    }
    let cases: BTreeMap<String, Value> =
        serde_json::from_str(&fs::read_to_string("tests/oracles/accounts.json").unwrap()).unwrap();
    assert_eq!(cases.len(), 23);
    let mut met = BTreeSet::new();
    let mut wrong = Vec::new();
    for (name, case) in &cases {
        let (ours, theirs) = (ours(name, case), theirs(case));
        for fact in ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
            let nothing = String::new();
            let (our, their) = (ours.get(fact).unwrap_or(&nothing), theirs.get(fact).unwrap_or(&nothing));
            let row = DIFFERENCES.iter().find(|row| (row.0, row.1) == (name.as_str(), *fact));
            match row {
                None if our == their => {}
                None => wrong.push(format!("{name}: {fact}\n  ours:   {our}\n  theirs: {their}")),
                Some(row) if (*fact == "refused" && our.contains(row.2)) || our == row.2 => {
                    assert_ne!(our, their, "{name}: {fact} is no difference");
                    met.insert((row.0, row.1));
                }
                Some(row) => wrong.push(format!("{name}: {fact}\n  ours:   {our}\n  listed: {}", row.2)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(met.len(), DIFFERENCES.len(), "a listed difference is none");
}

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
    // The number was kept free for it, but another account gets the name.
    std::os::unix::fs::chown(tree.path().join("home/bob"), Some(1234), None).unwrap();
    let (status, told) = run("plan", &with_keys);
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
