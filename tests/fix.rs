//! `validate --fix` rewrites what takes no judgement, and keeps everything else byte for byte.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use support::program::{Said, firstlight_in, firstlight_reading};
use support::tree::place;

const TABLE: &[(&str, &str, &str)] = &[
    (
        "#cloud-config\n# all of it\nsshd: # what sshd allows\n\tpermit_root_login:   without-password  # for now\n\n\n",
        "#cloud-config\n# all of it\nsshd: # what sshd allows\n  permit_root_login:   prohibit-password  # for now\n\n\n",
        "fixed a.yaml:4: indented with spaces\nfixed a.yaml:4:24: `without-password` is now `prohibit-password`\n",
    ),
    (
        "# cloud-config\r\nHostname: web1\r\nwrite-files:\r\n- {path: /etc/motd, permissions: 644, content: ä}\r\n",
        "#cloud-config\r\nhostname: web1\r\nwrite_files:\r\n- {path: /etc/motd, permissions: '0644', content: ä}\r\n",
        "fixed a.yaml:1:1: `# cloud-config` is now `#cloud-config`\n\
         fixed a.yaml:2:1: `Hostname` is now `hostname`\n\
         fixed a.yaml:3:1: `write-files` is now `write_files`\n\
         fixed a.yaml:4:34: `644` is now `'0644'`\n",
    ),
    (
        "manage_etc_hosts: template\nssh_pwauth: \"no\"\ntimezone: “Europe/Berlin”",
        "manage_etc_hosts: true\nssh_pwauth: false\ntimezone: \"Europe/Berlin\"",
        "fixed a.yaml:1:19: `template` is now `true`\n\
         fixed a.yaml:2:13: `\"no\"` is now `false`\n\
         fixed a.yaml:3:11: `“Europe/Berlin”` is now `\"Europe/Berlin\"`\n",
    ),
];

/// What needs a person: a guess, a secret, something that means one of two things.
const LEFT: &[&str] = &[
    "hostnme: web1\n",
    "hostname: web1\nHostname: web2\n",
    "root: {password: “hunter2”}\n",
    "root: {password: hunter2 #hunter2}\n",
    "network: {version: 2, ethernets: {eth0: {dhcp4: true, mtu: 01500}}}\n",
    "write_files: [{path: /etc/motd, permissions: 420, content: x}]\n",
    "write_files: [{path: /etc/motd, permissions: 0644, content: x}]\n",
    "sshd:\n  options:\n\tPort: 22\n",
    "chpasswd: {list: ['root:hunter2']}\n",
    "docker: {enabled: ture}\n",
    "ssh_pwauth: unchanged\n",
    "hostname: web1\n",
    "#cloud-config-archive\n- \"#cloud-config\\nHostname: web1\\n\"\n",
    "",
];

fn fix(text: &str) -> (String, Said) {
    let desk = place();
    fs::write(desk.path().join("a.yaml"), text).unwrap();
    let said = firstlight_in(desk.path(), &["validate", "--fix", "a.yaml"]);
    (fs::read_to_string(desk.path().join("a.yaml")).unwrap(), said)
}

#[test]
fn what_takes_no_judgement_is_rewritten_and_nothing_else() {
    for (text, fixed, told) in TABLE {
        let (found, said) = fix(text);
        assert_eq!(found, *fixed, "{said:?}");
        let (changes, rest) = said.stdout.split_at(told.len().min(said.stdout.len()));
        assert_eq!((changes, said.status), (*told, 0), "{said:?}");
        assert!(
            !rest.contains("fixed") && rest.contains("a.yaml: valid user-data; "),
            "{rest}"
        );
        // Once is enough.
        let (again, said) = fix(fixed);
        assert_eq!(again, *fixed);
        assert!(!said.stdout.contains("fixed"), "{said:?}");
    }
}

#[test]
fn what_takes_judgement_is_left_as_it_is() {
    for text in LEFT {
        let (found, said) = fix(text);
        assert_eq!(found, *text, "{said:?}");
        assert!(
            !said.stdout.contains("fixed") && !said.stdout.contains("hunter2"),
            "{said:?}"
        );
    }
}

#[test]
fn the_file_keeps_its_mode_and_owner_and_is_not_touched_without_a_reason() {
    let desk = place();
    let file = desk.path().join("a.yaml");
    fs::write(&file, "Hostname: web1\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::chown(&file, Some(1234), Some(2345)).unwrap();
    firstlight_in(desk.path(), &["validate", "--fix", "a.yaml"]);
    let after = fs::metadata(&file).unwrap();
    assert_eq!((after.mode() & 0o7777, after.uid(), after.gid()), (0o640, 1234, 2345));
    assert_eq!(fs::read_to_string(&file).unwrap(), "hostname: web1\n");
    firstlight_in(desk.path(), &["validate", "--fix", "a.yaml"]);
    assert_eq!(fs::metadata(&file).unwrap().ino(), after.ino());
    let names: Vec<_> = fs::read_dir(desk.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["a.yaml"]);
}

#[test]
fn only_a_regular_file_is_rewritten() {
    let desk = place();
    let write = |name: &str, text: &str| fs::write(desk.path().join(name), text).unwrap();
    write("a.yaml", "Hostname: web1\n");
    write("cust.cfg", "[NETWORK]\nHOSTNAME = web1\n");
    symlink("a.yaml", desk.path().join("link")).unwrap();
    fs::create_dir(desk.path().join("seed")).unwrap();
    nix::unistd::mkfifo(&desk.path().join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for (name, why) in [
        ("link", "it is a link; name the file itself"),
        ("seed", "it is not a regular file"),
        ("pipe", "it is not a regular file"),
        ("nowhere", "it doesn't exist"),
        ("..", "it is not a file with a name"),
        ("cust.cfg", "a platform makes it"),
    ] {
        let said = firstlight_in(desk.path(), &["validate", "--fix", name]);
        assert!(said.status == 1 && said.stderr.contains(why), "{name}: {said:?}");
    }
    let said = firstlight_reading(&["validate", "--fix", "-"], b"Hostname: web1\n");
    assert!(
        said.status == 1 && said.stderr.contains("not a file with a name"),
        "{said:?}"
    );
    assert_eq!(
        fs::read_to_string(desk.path().join("a.yaml")).unwrap(),
        "Hostname: web1\n"
    );
}
