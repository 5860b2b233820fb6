//! Promise 6: a secret is where the document asks for it to be, and nowhere else: no file, no output, no error message, no
//! command line, no environment.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use support::program::{firstlight_reading, text};
use support::tree::build;

/// A secret of a document: its line, and the files of the machine that have to hold it.
struct Planted {
    secret: &'static str,
    line: &'static str,
    asked_for_in: &'static [&'static str],
}

const SHADOW: &[&str] = &["etc/shadow"];
const DAEMON: &[&str] = &["etc/docker/daemon.json"];
const SSHD: &[&str] = &["etc/ssh/sshd_config"];
const NETDEV: &[&str] = &["etc/systemd/network/50-wg0.netdev"];

/// Every kind of secret that a document can hold today. A line of the document each, in the order of the document.
const PLANTED: [Planted; 13] = [
    plant("Zq1plainroot", "  password: Zq1plainroot", &[]),
    plant(
        "Zq2plain:user",
        "    - {name: amy, type: text, password: \"Zq2plain:user\"}",
        &[],
    ),
    plant(
        "Zq3qFmFHbQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2",
        "    - {name: bob, password: \"$5$saltsalt$Zq3qFmFHbQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA\"}",
        SHADOW,
    ),
    plant("Zq4plain-list", "    - cyd:Zq4plain-list", &[]),
    plant(
        "Zq5qFmFHbQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2",
        "    - dan:$5$saltsalt$Zq5qFmFHbQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA",
        SHADOW,
    ),
    plant(
        "Zq6proxy",
        "      http-proxy: http://user:Zq6proxy@proxy.example.test:3128",
        DAEMON,
    ),
    plant(
        "Zq7pro%2Fxy",
        "      https-proxy: \"http://user:Zq7pro%2Fxy@proxy.example.test\"",
        DAEMON,
    ),
    plant("Zq8-splunk", "      splunk-token: Zq8-splunk", DAEMON),
    plant("918273645546", "      fluentd-password: 918273645546", DAEMON),
    plant(
        "Zq9mirror",
        "    registry-mirrors: [\"https://user:Zq9mirror@mirror.example.test\"]",
        DAEMON,
    ),
    plant("Zq10auth=", "      registry.example.test: {auth: Zq10auth=}", DAEMON),
    plant(
        "Zq11keys",
        "    AuthorizedKeysCommand: /usr/bin/keys --token=Zq11keys %u",
        SSHD,
    ),
    plant(
        "Zq12wireguard=",
        "  - {name: 50-wg0.netdev, contents: \"[WireGuard]\\nPrivateKey=Zq12wireguard=\"}",
        NETDEV,
    ),
];

const fn plant(secret: &'static str, line: &'static str, asked_for_in: &'static [&'static str]) -> Planted {
    Planted {
        secret,
        line,
        asked_for_in,
    }
}

/// What of a planted secret is searched for: hashes are told by their first letters.
fn needle(planted: &Planted) -> &'static str {
    &planted.secret[..planted.secret.len().min(12)]
}

/// The document with the line of each secret as `line` gives it.
fn document(line: impl Fn(usize, &'static str) -> String) -> String {
    let l = |n: usize| line(n, PLANTED[n].line);
    format!(
        "#cloud-config\nhostname: web1\nroot:\n{}\n\
         chpasswd:\n  expire: false\n  users:\n{}\n{}\n  list:\n{}\n{}\n\
         docker:\n  daemon:\n    log-driver: journald\n    proxies:\n{}\n{}\n    log-opts:\n{}\n{}\n{}\n    auths:\n{}\n\
         sshd:\n  permit_root_login: prohibit-password\n  options:\n    AuthorizedKeysCommandUser: nobody\n{}\n\
         networkd_files:\n{}\n",
        l(0),
        l(1),
        l(2),
        l(3),
        l(4),
        l(5),
        l(6),
        l(7),
        l(8),
        l(9),
        l(10),
        l(11),
        l(12)
    )
}

/// A Photon with accounts.
fn machine() -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    build("photon5", None, tree.path());
    for (number, name) in ["amy", "bob", "cyd", "dan", "nobody"].iter().enumerate() {
        let append = |path: &str, line: String| {
            let path = tree.path().join(path);
            let lines = fs::read_to_string(&path).unwrap();
            if !lines.lines().any(|line| line.starts_with(&format!("{name}:"))) {
                fs::write(path, format!("{}\n{line}\n", lines.trim_end())).unwrap();
            }
        };
        append(
            "etc/passwd",
            format!("{name}:x:{0}:{0}::/home/{name}:/bin/bash", 1000 + number),
        );
        append("etc/shadow", format!("{name}:!:20400:0:90:7:::"));
    }
    tree
}

/// Nothing of `shown` is a secret.
#[track_caller]
fn hides(what: &str, shown: &str) {
    for planted in &PLANTED {
        assert!(
            !shown.contains(needle(planted)),
            "{what} shows {}:\n{shown}",
            planted.secret
        );
    }
}

/// Every file of the tree that holds a secret was asked to; and only its owner reads what holds passwords, and networkd's
/// group what is for networkd.
fn searched(tree: &Path) {
    let mut left = vec![tree.to_owned()];
    while let Some(path) = left.pop() {
        let metadata = fs::symlink_metadata(&path).unwrap();
        if metadata.is_dir() {
            left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let name = path.strip_prefix(tree).unwrap().to_str().unwrap();
        let bytes = if metadata.is_symlink() {
            fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
        } else {
            fs::read(&path).unwrap()
        };
        let held = PLANTED.iter().filter(|p| contains(&bytes, needle(p)));
        for planted in held {
            assert!(planted.asked_for_in.contains(&name), "{name} holds {}", planted.secret);
            let others = if NETDEV.contains(&name) { 0o037 } else { 0o077 };
            assert_eq!(
                metadata.permissions().mode() & others,
                0,
                "{name} can be read by others"
            );
        }
    }
    for planted in &PLANTED {
        for name in planted.asked_for_in {
            let bytes = fs::read(tree.join(name)).unwrap();
            assert!(
                contains(&bytes, needle(planted)),
                "{name} does not hold {}",
                planted.secret
            );
        }
    }
}

fn contains(bytes: &[u8], needle: &str) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
}

/// Says stop when it goes, also because of a test that failed.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What `body` gives, and which of the needles were on a command line or in an environment meanwhile. `body` is told how
/// often all processes have been looked at.
fn sampled<T>(needles: &[&'static str], body: impl FnOnce(&AtomicUsize) -> T) -> (T, BTreeSet<&'static str>) {
    let (stop, rounds) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let sampler = scope.spawn(|| {
            let mut seen = BTreeSet::new();
            while !stop.load(Ordering::Relaxed) {
                for process in fs::read_dir("/proc").unwrap().flatten() {
                    for name in ["cmdline", "environ"] {
                        let bytes = fs::read(process.path().join(name)).unwrap_or_default();
                        seen.extend(needles.iter().filter(|needle| contains(&bytes, needle)));
                    }
                }
                rounds.fetch_add(1, Ordering::Relaxed);
            }
            seen
        });
        let result = {
            let _stop = Stop(&stop);
            body(&rounds)
        };
        (result, sampler.join().unwrap())
    })
}

#[test]
fn a_document_with_every_kind_of_secret_shows_none() {
    let needles: Vec<_> = PLANTED.iter().map(needle).collect();
    let ((), seen) = sampled(&needles, |_| {
        let document = document(|_, line| line.to_owned());
        let seed = tempfile::tempdir().unwrap();
        fs::write(seed.path().join("user-data"), &document).unwrap();
        fs::write(seed.path().join("meta-data"), "instance-id: i-1\n").unwrap();
        let source = format!("nocloud:{}", text(seed.path()));
        for format in ["human", "json"] {
            let tree = machine();
            let root = text(tree.path());
            let run = |arguments: &[&str]| {
                let mut all = arguments.to_vec();
                all.extend(["--root", root, "--format", format, "-vvv"]);
                let said = firstlight_reading(&all, document.as_bytes());
                hides(&format!("{all:?}"), &format!("{}{}", said.stdout, said.stderr));
                said
            };
            assert_eq!(run(&["validate", "-"]).status, 0);
            let plan = run(&["plan", "--source", &source]);
            assert_eq!(plan.status, 0, "{plan:?}");
            assert!(plan.stdout.contains("(secret)@proxy.example.test"), "{plan:?}");
            let apply = run(&["apply", "--source", &source]);
            assert_eq!(apply.status, 0, "{apply:?}");
            searched(tree.path());
            run(&["plan", "-", "--exit-code"]);
            run(&["history"]);
            run(&["status"]);
            assert_eq!(run(&["rollback"]).status, 0);
        }
    });
    assert_eq!(seen, BTreeSet::new(), "on a command line or in an environment");
}

/// What is replaced may hold an old secret; the plan shows that it changes, not what it was or becomes.
#[test]
fn a_secret_that_changes_is_a_change_and_is_not_shown() {
    let tree = machine();
    let root = text(tree.path());
    let daemon = |token: &str| format!("docker: {{daemon: {{log-opts: {{splunk-token: {token}, tag: a}}}}}}\n");
    let path = tree.path().join("etc/docker/daemon.json");
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, "{\"mtu\": 1400}\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let apply = firstlight_reading(&["apply", "-", "--root", root], daemon("Zq8-splunk").as_bytes());
    assert_eq!(apply.status, 0, "{apply:?}");
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(
        mode & 0o777,
        0o600,
        "what others could read before there was a secret in it"
    );
    for format in ["human", "json"] {
        let plan = firstlight_reading(
            &["plan", "-", "--root", root, "--format", format],
            daemon("Zq9mirror").as_bytes(),
        );
        hides("the plan", &plan.stdout);
        assert!(
            // Nor is what others may not read any more.
            plan.stdout
                .contains("content changes, 88 bytes → 87 bytes (not shown: not all users may read it)"),
            "{plan:?}"
        );
    }
}

/// Each secret, on a line with an error of each kind.
#[test]
fn no_error_shows_a_secret() {
    type Break = fn(&str) -> String;
    let breaks: [(&str, Break); 26] = [
        ("a list instead", |line| around(line, "[", "]")),
        ("a list in a list", |line| around(line, "[[", "]]")),
        ("a mapping instead", |line| around(line, "{a: ", "}")),
        ("a mapping without a value instead", |line| around(line, "{", "}")),
        ("an unknown key", |line| line.replacen(": ", "x: ", 1)),
        ("a key without its colon", |line| line.replacen(": ", " ", 1)),
        ("no space behind the colon", |line| line.replacen(": ", ":", 1)),
        ("twice", |line| format!("{line}\n{line}")),
        ("a tab", |line| format!("\t{}", line.trim_start())),
        ("a tab inside", |line| line.replacen(": ", ":\t\t- ", 1)),
        ("a quote that is not closed", |line| around(line, "\"", "")),
        ("a single quote that is not closed", |line| around(line, "'", "")),
        ("a tag that is not known", |line| around(line, "!vault ", "")),
        ("an alias that is not known", |line| around(line, "*", "")),
        ("an escape that is not known", |line| around(line, "\"\\q", "\"")),
        ("indented too little", |line| line.trim_start().to_owned()),
        ("a tag of YAML that there is not", |line| around(line, "!!", "")),
        ("an exclamation mark instead of a space", |line| around(line, "!", " x")),
        ("an anchor", |line| around(line, "&", "")),
        ("an anchor of something else", |line| around(line, "&", " [x]")),
        ("a tag in angle brackets", |line| around(line, "!<", ">")),
        ("a colon behind it", |line| around(line, "", ":")),
        ("a question mark before it", |line| around(line, "? ", "")),
        ("a key of a mapping", |line| around(line, "{", ": 1, a: 2}")),
        ("a key twice", |line| around(line, "{a: 1, a: ", "}")),
        ("a directive", |line| format!("%{}", line.trim_start())),
    ];
    let tree = machine();
    let root = text(tree.path());
    let mut errors = 0;
    for (kind, damage) in breaks {
        for (broken, planted) in PLANTED.iter().enumerate() {
            let document = document(|n, line| if n == broken { damage(line) } else { line.to_owned() });
            for arguments in [
                &["validate", "-"][..],
                &["validate", "-", "--format", "json"],
                &["plan", "-", "--root", root],
            ] {
                let said = firstlight_reading(arguments, document.as_bytes());
                let what = format!("{kind}: {}", planted.secret);
                hides(&what, &format!("{}{}", said.stdout, said.stderr));
                errors += usize::from(said.status == 65);
            }
        }
    }
    assert!(errors > 300, "only {errors} of the broken documents were invalid");
}

/// The line with its value, or for an item of a list all of it, between these two.
fn around(line: &str, before: &str, after: &str) -> String {
    let at = match line.find("password: ").or(line.find("auth: ")) {
        Some(at) => at + line[at..].find(": ").unwrap() + 2,
        None if line.trim_start().starts_with("- ") => line.find("- ").unwrap() + 2,
        None => line.find(": ").unwrap() + 2,
    };
    let end = if line.trim_end().ends_with('}') {
        line.len() - 1
    } else {
        line.len()
    };
    format!(
        "{}{before}{}{after}{}",
        &line[..at],
        line[at..end].trim_matches('"'),
        &line[end..]
    )
}

/// Keys that a machine does not know, where people put secrets.
#[test]
fn no_error_about_what_is_not_applied_shows_a_secret() {
    for document in [
        "users: [{name: amy, passwd: Zq1plainroot}]\n",
        "root: {password: !Zq1plainroot}\n",
        "root: {password: !!Zq1plainroot}\n",
        "chpasswd:\n  users:\n    - {name: root, password: !!Zq1plainroot, type: text}\n",
        "write_files:\n- path: /x\n  source: {uri: https://h.example/x, headers: {Authorization: &Zq1plainroot}}\n",
        "write_files:\n- path: /x\n  source: {uri: https://h.example/x, headers: {Authorization: *Zq1plainroot}}\n",
        "write_files:\n- path: /x\n  source: {uri: https://h.example/Zq1plainroot, header: {a: b}}\n",
        "write_files:\n- path: /x\n  source: {uri: ftp://Zq1plainroot}\n",
        "write_files: [{path: /x, content: {Zq1plainroot: x}}]\n",
        "write_files: [{path: /x, content: [Zq1plainroot: x]}]\n",
        "networkd_files: [{name: a.network, contents: {Zq1plainroot: x}}]\n",
        "networkd_files: [{name: a.network, contents: \"[Zq1plainroot\\nx\"}]\n",
        "chpasswd:\n  list:\n    - root:Zq1plainroot:\n",
        "chpasswd:\n  list:\n    - root: Zq1plainroot: x\n",
        "chpasswd:\n  list:\n    - Zq1plainroot: x\n      Zq1plainroot: y\n",
        "chpasswd:\n  list:\n    root:Zq1plainroot: x\n",
        "docker: {daemon: {proxies: {http-proxy: \"http://u:a'Zq1plainroot@p:1\"}}, x: y}\n",
        "{x: y, password: Zq1plainroot, root: {a: &Zq1plainroot b}, y: {Zq1plainroot: z}}\n",
        "{hostname: a b, fqdn: !!str 'Zq1plainroot', x: !!str Zq1plainroot }\n",
        "x: Zq1plainroot\nx: Zq1plainroot\n",
        "password: &Zq1plainroot\nhostname: *Zq1plainroot\n",
        "hostname: *Zq1plainroot\n",
        "root: {password: [x], password: [Zq1plainroot]} # Zq1plainroot\n",
        "write_files: [{path: /x, content: Zq1plainroot}]\n",
        "runcmd: [curl -u user:Zq1plainroot http://x]\n",
        "root: Zq1plainroot\n",
        "root: {Zq1plainroot}\n",
        "password: {Zq1plainroot: x}\n",
        "chpasswd: {list: Zq1plainroot}\n",
        "chpasswd: {list: {amy:Zq1plainroot}}\n",
        "chpasswd: {list: \"amy Zq1plainroot\"}\n",
        "chpasswd: {users: [Zq1plainroot]}\n",
        "chpasswd: {users: [{password: Zq1plainroot}]}\n",
        "password Zq1plainroot\n",
        "amy:Zq1plainroot\n",
        "password: Zq1plainroot\nroot: {password: Zq2plain:user}\n",
        "sshd: {options: {AuthorizedKeysCommand: [/x --token Zq1plainroot, /y]}}\n",
        "sshd: {options: {authorizedkeyscommand: /x --token=Zq1plainroot, AuthorizedKeysCommand: /y \
         --token=Zq2plain}}\n",
        "docker: {daemon: [Zq1plainroot]}\n",
        "docker: {daemon: {proxies: {http-proxy: \"http://u:Zq1plainroot@h\"}}, users: [no one]}\n",
        "%password: Zq1plainroot\n",
        "password: |\n  Zq1plainroot\n  Zq2plain:user\n",
        "password: >-\n  Zq1plainroot\n bad\n",
    ] {
        for format in ["human", "json"] {
            let said = firstlight_reading(&["validate", "-", "--format", format], document.as_bytes());
            hides(document, &format!("{}{}", said.stdout, said.stderr));
        }
    }
}

/// The search itself finds what is there to be found.
#[test]
fn a_secret_on_a_command_line_would_be_found() {
    let ((), seen) = sampled(&["Zq0argument", "Zq0variable"], |rounds| {
        let mut child = Command::new("sh")
            .args(["-c", "echo; read line", "Zq0argument"])
            .env("TOKEN", "Zq0variable")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // What is started has an empty command line until the kernel has set it up.
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let begun = rounds.load(Ordering::Relaxed);
        // The round that runs may have passed the child by; the one after it has not.
        while rounds.load(Ordering::Relaxed) < begun + 2 {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    });
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["Zq0argument", "Zq0variable"]);
    let tree = machine();
    fs::write(tree.path().join("etc/leak"), PLANTED[0].secret).unwrap();
    assert!(std::panic::catch_unwind(|| searched(tree.path())).is_err());
}
