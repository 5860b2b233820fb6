//! A boot keeps what works: one file that can't be put in its place costs that file, not the hostname, the network and the
//! password. Whole boots in a tree. `apply` refuses the same, or undoes it as a whole.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::chroot::Machine;
use support::mounts::{make_read_only, mount_file, mount_tmpfs, with_own_mounts};
use support::program::{firstlight, text};
use support::tree::{build, place};

/// The rest of the document, which has to be done whatever becomes of the file.
const REST: &str =
    "hostname: good1\nnetwork: {version: 2, ethernets: {eth0: {dhcp4: true}}}\nroot: {password: GoodPass11}\n";

/// What the rows look at.
trait Kept {
    fn has_the_rest(&self, row: &str, status: &Value, words: &[&str]);
    fn is_tidy(&self, row: &str);
}

impl Kept for Machine {
    /// Hostname, network and password are as asked, and the status names what is not, once.
    fn has_the_rest(&self, row: &str, status: &Value, words: &[&str]) {
        assert_eq!(self.read("etc/hostname"), "good1\n", "{row}: {status:#}");
        let network = self.read("etc/systemd/network/10-firstlight-eth0.network");
        assert!(network.contains("DHCP=ipv4"), "{row}: {network}");
        let shadow = self.read("etc/shadow");
        assert!(shadow.starts_with("root:$"), "{row}: {shadow}");
        let problems: Vec<&str> = status["problems"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let named: Vec<_> = problems
            .iter()
            .filter(|problem| words.iter().all(|word| problem.contains(word)))
            .collect();
        assert_eq!(named.len(), 1, "{row}: {words:?} in {problems:#?}");
        assert_eq!(problems.len(), 1, "{row}: {problems:#?}");
    }

    /// No temporary file is left anywhere.
    fn is_tidy(&self, row: &str) {
        let found = Command::new("find")
            .arg(self.tree.path())
            .args(["-xdev", "-name", ".firstlight-*"])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(found.stdout).unwrap(), "", "{row}");
    }
}

fn document(path: &str) -> String {
    format!("{REST}write_files: [{{path: /srv/good, content: kept}}, {{path: {path}, content: xyzzy}}]\n")
}

/// A row: its name, the file that can't be written, what is in the way, the words of the status.
type Row<'a> = (&'a str, &'a str, fn(&Machine), &'a [&'a str]);

const IN_THE_WAY: &[Row<'static>] = &[
    (
        "a directory",
        "/etc/docker",
        |m| fs::create_dir_all(m.path("etc/docker")).unwrap(),
        &["/etc/docker", "is a directory", "user-data:4:"],
    ),
    (
        "a file as parent",
        "/etc/hosts/below",
        |_| (),
        &["/etc/hosts", "not a directory", "user-data:4:"],
    ),
    (
        "the kernel's files",
        "/proc/sys/kernel/domainname",
        |_| (),
        &["/proc", "kernel", "user-data:4:"],
    ),
    (
        "own state",
        "/var/lib/firstlight/inventory.json",
        |_| (),
        &["own state", "user-data:4:"],
    ),
    (
        "a pipe",
        "/srv/pipe",
        |m| nix::unistd::mkfifo(&m.path("srv/pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap(),
        &["/srv/pipe", "a pipe"],
    ),
    (
        "a read-only mount",
        "/opt/new/file",
        |m| {
            fs::create_dir_all(m.path("opt")).unwrap();
            make_read_only(&m.path("opt"));
        },
        &["/opt", "read-only", "left out"],
    ),
    (
        "a full mount",
        "/opt/file",
        |m| {
            fs::create_dir_all(m.path("opt")).unwrap();
            mount_tmpfs(&m.path("opt"), "size=4k");
            fs::write(m.path("opt/x"), [0; 4096]).unwrap();
        },
        &["/opt", "free", "left out"],
    ),
    (
        "a mount that lies about its room",
        "/opt/file",
        |m| {
            fs::create_dir_all(m.path("opt")).unwrap();
            mount_tmpfs(&m.path("opt"), "size=1m,nr_inodes=1");
        },
        &["/opt", "left out"],
    ),
    (
        "a file that is a mount",
        "/etc/mounted",
        |m| {
            fs::write(m.path("etc/mounted"), "old").unwrap();
            mount_file(&m.path("etc/mounted"));
        },
        &["/etc/mounted", "left out"],
    ),
];

#[test]
fn one_file_that_cant_be_written_costs_that_file() {
    with_own_mounts("one_file_that_cant_be_written_costs_that_file", || {
        for (row, path, prepare, words) in IN_THE_WAY {
            let machine = Machine::new(&document(path));
            prepare(&machine);
            // At every boot the same, and nothing else changes.
            for boot in 1..=3 {
                let (_, status) = machine.boot();
                let row = format!("{row}, boot {boot}");
                machine.has_the_rest(&row, &status, words);
                assert_eq!(machine.read("srv/good"), "kept", "{row}");
                assert_ne!(machine.read(path), "xyzzy", "{row}");
                machine.is_tidy(&row);
            }
            // What was never ours is nothing that firstlight takes back.
            machine.tell("hostname: good1\n");
            machine.boot();
            assert_eq!(machine.read("srv/good"), "", "{row}");
        }
    });
}

/// chattr(1), where the file system has attributes.
fn set_immutable(path: &Path, on: bool) -> bool {
    let flag = if on { "+i" } else { "-i" };
    Command::new("chattr")
        .arg(flag)
        .arg(path)
        .status()
        .is_ok_and(|status| status.success())
}

#[test]
fn an_immutable_file_is_left_out_until_it_is_none() {
    with_own_mounts("an_immutable_file_is_left_out_until_it_is_none", || {
        let machine = Machine::new(&document("/srv/fixed"));
        let fixed = machine.path("srv/fixed");
        fs::write(&fixed, "old").unwrap();
        assert!(
            set_immutable(&fixed, true),
            "the file system of {} has no attributes",
            fixed.display()
        );
        for boot in 1..=2 {
            let (_, status) = machine.boot();
            machine.has_the_rest(&format!("boot {boot}"), &status, &["/srv/fixed", "left out"]);
            assert_eq!(
                (machine.read("srv/fixed").as_str(), machine.read("srv/good").as_str()),
                ("old", "kept")
            );
            machine.is_tidy("immutable");
        }
        set_immutable(&fixed, false);
        let (_, status) = machine.boot();
        assert_eq!(
            (machine.read("srv/fixed").as_str(), &status["problems"]),
            ("xyzzy", &Value::Array(vec![]))
        );
        // It comes back as it was.
        machine.tell("hostname: good1\n");
        machine.boot();
        assert_eq!(machine.read("srv/fixed"), "old");
    });
}

/// The one file of an area that makes no sense in parts costs that area.
#[test]
fn an_area_whose_file_cant_be_written_costs_that_area() {
    with_own_mounts("an_area_whose_file_cant_be_written_costs_that_area", || {
        let machine = Machine::new("hostname: good1\nroot: {password: GoodPass11}\ntimezone: Europe/Berlin\n");
        fs::create_dir_all(machine.path("usr/share/zoneinfo/Europe")).unwrap();
        fs::write(machine.path("usr/share/zoneinfo/Europe/Berlin"), "TZif").unwrap();
        let fixed = machine.path("etc/hostname");
        assert!(set_immutable(&fixed, true));
        let (_, status) = machine.boot();
        let undone = set_immutable(&fixed, false);
        let problems = status["problems"].to_string();
        assert!(
            undone && problems.contains("hostname:") && problems.contains("/etc/hostname"),
            "{status:#}"
        );
        assert!(machine.read("etc/shadow").starts_with("root:$"), "{status:#}");
        let zone = fs::read_link(machine.path("etc/localtime")).unwrap();
        assert!(zone.ends_with("Europe/Berlin"), "{zone:?}");
        machine.is_tidy("hostname");
    });
}

/// A person's `apply` is all or nothing, and a plan says it before.
#[test]
fn apply_refuses_what_a_boot_leaves_out() {
    let tree = place();
    build("photon5", None, tree.path());
    fs::create_dir_all(tree.path().join("etc/docker")).unwrap();
    let path = tree.path().join("document.yaml");
    fs::write(&path, document("/etc/docker")).unwrap();
    for command in ["plan", "apply"] {
        let said = firstlight(&[command, "--root", text(tree.path()), text(&path)]);
        let all = format!("{}{}", said.stdout, said.stderr);
        assert!(
            said.status == 1 && all.contains("document.yaml:4:") && all.contains("is a directory"),
            "{said:?}"
        );
    }
    assert_eq!(
        fs::read_to_string(tree.path().join("etc/hostname")).unwrap().trim(),
        "photon-machine"
    );
}

/// A file that is nowhere to be had costs that file, in the stage that fetches, and is tried again at the next boot.
#[test]
fn a_file_that_cant_be_fetched_costs_that_file() {
    with_own_mounts("a_file_that_cant_be_fetched_costs_that_file", || {
        // Nothing listens there now.
        let server = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let machine = Machine::new(&format!(
            "hostname: good1\nroot: {{password: GoodPass11}}\nwrite_files: [{{path: /srv/good, content: kept}}, {{path: /srv/far, source: {{uri: 'http://{server}/far'}}}}]\n"
        ));
        fs::create_dir_all(machine.path("etc/firstlight")).unwrap();
        fs::write(machine.path("etc/firstlight/config.yaml"), "http: {retry_for: 0s}\n").unwrap();
        for boot in 1..=2 {
            machine.boot();
            let (_, status) = machine.stage("final");
            let row = format!("boot {boot}: {status:#}");
            assert_eq!(machine.read("etc/hostname"), "good1\n", "{row}");
            assert!(machine.read("etc/shadow").starts_with("root:$"), "{row}");
            assert_eq!(machine.read("srv/good"), "kept", "{row}");
            assert_eq!(status["status"], "degraded", "{row}");
            let problems = status["problems"].to_string();
            assert!(problems.contains("the content of /srv/far was not fetched"), "{row}");
            assert!(problems.contains("can't be reached"), "{row}");
        }
    });
}

#[test]
fn what_an_account_with_a_mistake_would_own_is_no_second_error() {
    let tree = place();
    build("photon5", None, tree.path());
    let document = tree.path().join("document.yaml");
    let asked = "docker: {users: [bob]}\nwrite_files: [{path: /srv/a, owner: bob}, {path: /srv/b, owner: 'root:devs'}, {path: /srv/c}]\n\
                 chpasswd: {users: [{name: bob, type: text, password: x}, {name: root, type: text, password: y}]}\n";
    let plan = |more: &str| {
        fs::write(&document, format!("{asked}{more}")).unwrap();
        let said = firstlight(&["plan", "--root", text(tree.path()), text(&document)]);
        let count = |words: &str| said.stderr.lines().filter(|line| line.starts_with(words)).count();
        assert!(
            said.stdout.contains("+ /srv/c") && said.stdout.contains("~ root"),
            "{said:?}"
        );
        (count("error["), said.stdout.matches("the document asks for it").count())
    };
    assert_eq!(plan(""), (4, 0));
    assert_eq!(plan("users: [bob]\n"), (1, 0));
    assert_eq!(plan("users: [default, {name: bob}]\ngroups: [devs]\n"), (0, 0));
    assert_eq!(plan("users: [{name: bob}, {name: bob, uid: 7}]\n"), (2, 0));
    assert_eq!(plan("users: [{name: bob, uid: 0}]\n"), (2, 0), "another number");
    assert_eq!(plan("users: [{name: bob, homedir: /root}]\n"), (2, 3));
}
