//! User-data: what people write, with something changed in it.

use std::sync::LazyLock;

use firstlight::document::{Document, Texts};
use proptest::prelude::*;

use super::schema::{schema, seen_by_an_editor, wrong};
use super::{config, mutants};

/// Every kind of key that is read, with anchors, merge keys, block texts and encodings.
const DOCUMENT: &str = r#"#cloud-config
hostname: web1
fqdn: web1.example.test.
manage_etc_hosts: localhost
timezone: Europe/Berlin
locale: de_DE.UTF-8
network:
  version: 2
  ethernets:
    lan:
      match: {macaddress: "00:50:56:aa:00:01"}
      set-name: lan0
      addresses: [192.0.2.10/24, "2001:db8::10/64"]
      routes: [{to: default, via: 192.0.2.1, metric: 100}, {to: 198.51.100.0/24, via: 192.0.2.2}]
      nameservers: {addresses: [192.0.2.53], search: [example.test]}
    eth1: {dhcp4: yes, dhcp6-overrides: {use-dns: "false"}, optional: true}
networkd_files: [{name: 50-wg0.netdev, contents: "[NetDev]\nName=wg0\nKind=wireguard\n"}]
sshd: {permit_root_login: prohibit-password, options: {MaxAuthTries: 3, AllowUsers: [root]}}
root: {password: hunter2, expire: false, ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5 me]}
chpasswd: {expire: false, users: [{name: core, password: hunter2, type: text}]}
services: {docker: {enabled: true, state: started}, iptables: {masked: true}}
ntp: {servers: [a.example.test], pools: []}
docker: {enabled: true, daemon: &daemon {log-driver: journald}, users: [core]}
write_files:
- &file {path: /etc/a, content: "x\n", permissions: "0644", owner: root:root}
- {<<: *file, path: /etc/b, encoding: b64, content: aGVsbG8K}
- path: /etc/c
  append: true
  content: |
    several
    lines
- {path: /etc/d, source: {uri: "https://h.example/d", headers: {Authorization: hunter2}}}
firstlight: {on_failure: keep, strict: false, keep_generations: 5}
"#;

/// The most that is said about one document: 100 problems, and that there are more.
const PROBLEMS: usize = 101;

/// The most bytes that one problem takes on a terminal.
const RENDERED: usize = 4000;

fn read(bytes: &[u8]) -> Document {
    Document::read(&Texts::of_user_data("user-data", bytes))
}

#[test]
fn the_document_itself_is_right() {
    assert_eq!(read(DOCUMENT.as_bytes()).diagnostics, []);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn documents_are_read_to_an_end_and_always_the_same(bytes in mutants(DOCUMENT)) {
        let document = read(&bytes);
        prop_assert!(document.diagnostics.len() <= PROBLEMS, "{} problems", document.diagnostics.len());
        for diagnostic in &document.diagnostics {
            let rendered = diagnostic.render(false);
            prop_assert!(rendered.len() <= RENDERED, "{rendered}");
            prop_assert!(!rendered.contains(['\x1b', '\u{202e}']), "{rendered:?}");
        }
        let again = read(&bytes);
        prop_assert_eq!(&document.diagnostics, &again.diagnostics);
        prop_assert_eq!(&document.config, &again.config);
        prop_assert_eq!(document.masked(), again.masked());
    }

    /// An editor marks nothing of what the program takes.
    #[test]
    fn what_is_taken_is_valid_by_the_schema(bytes in mutants(DOCUMENT)) {
        static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| schema("user-data"));
        let seen = std::str::from_utf8(&bytes).ok().and_then(seen_by_an_editor);
        if let Some(seen) = seen.filter(|_| !read(&bytes).has_errors()) {
            let wrong = wrong(&SCHEMA, &seen);
            prop_assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), String::from_utf8_lossy(&bytes));
        }
    }
}
