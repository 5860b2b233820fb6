//! The verdict on documents, beside that of cloud-init's schema: the same, but for the differences that are written down here.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use firstlight::document::cloud_config::OtherKey;
use firstlight::document::{Diagnostic, Document, Texts};
use serde_json::Value;

/// Documents that firstlight takes and cloud-init's schema refuses, by why.
const TAKEN: &[(&str, &[&str])] = &[
    (
        "a key that isn't applied and asks for nothing needs no correction",
        &[
            "bootcmd: []",
            "groups: []",
            "mounts: []",
            "packages: []",
            "runcmd: []",
            r#"{"apk_repos":{}}"#,
            r#"{"apt":{}}"#,
            r#"{"autoinstall":{}}"#,
            r#"{"bootcmd":[]}"#,
            r#"{"ca_certs":{}}"#,
            r#"{"chef":{}}"#,
            r#"{"growpart":{"mode":"false"}}"#,
            r#"{"landscape":{}}"#,
            r#"{"lxd":{}}"#,
            r#"{"mounts":[]}"#,
            r#"{"packages":[]}"#,
            r#"{"runcmd":[]}"#,
            r#"{"snap":{}}"#,
            r#"{"yum_repos":{}}"#,
        ],
    ),
    (
        "an empty value of a key that is applied asks for nothing either",
        &[
            "chpasswd: {list: []}",
            "hostname: null",
            "write_files: []",
            "write_files: null",
            r#"{"ca_certs":{"trusted":[]}}"#,
            r#"{"chpasswd":{"list":[]}}"#,
            r#"{"keyboard":{"layout":"somestr","model":null}}"#,
            r#"{"ssh":{}}"#,
            r#"{"ssh_fp_console_blacklist":null}"#,
            r#"{"write_files":[]}"#,
        ],
    ),
    (
        "a command that firstlight never runs may be any: it is warned of",
        &[r#"{"rsyslog":{"service_reload_command":"a"}}"#],
    ),
    (
        "true and false may be quoted: cloud-init itself reads them so",
        &[
            "chpasswd: {expire: 'no'}",
            "prefer_fqdn_over_hostname: 'yes'",
            r#"{"chpasswd":{"expire":"yes"}}"#,
            r#"{"ssh":{"emit_keys_to_console":"false"}}"#,
        ],
    ),
    (
        "where text is wanted, what looks like something else is the text as it is written",
        &[
            "hostname: 123",
            r#"{"apt":{"conf":true}}"#,
            "hostname: no",
            "password: 12345",
            "timezone: 1",
            r#"{"hostname":123}"#,
            r#"{"keyboard":{"layout":1}}"#,
            r#"{"ssh_fp_console_blacklist":[1]}"#,
            r#"{"ssh_key_console_blacklist":[1]}"#,
        ],
    ),
    (
        "asking the same server twice is harmless",
        &[
            "ntp: {servers: [192.0.2.1, 192.0.2.1]}",
            r#"{"ntp":{"pools":["0.mypool.org","0.mypool.org"],"servers":["10.0.0.1","10.0.0.1"]}}"#,
        ],
    ),
    (
        "a password beside `type: RANDOM` has no effect, which is told",
        &[r#"{"chpasswd":{"users":[{"name":"what-if-1","password":"but you …"#],
    ),
    ("the network may be in the same document", &["network: {version: 2}"]),
];

/// Documents that firstlight refuses and cloud-init's schema takes, by why. Those that have a key that isn't applied come on
/// top of them: the table of these keys is the list.
const REFUSED: &[(&str, &[&str])] = &[
    (
        "cloud-init's schema takes it, its code doesn't: it warns and does nothing",
        &[
            "ssh_pwauth: sometimes",
            "vendor_data: {enabled: perhaps}",
            r#"{"chpasswd":{"list":"blah"}}"#,
        ],
    ),
    (
        "a plain text that is taken for a hash locks the account",
        &[
            "chpasswd: {users: [{name: core, password: horse}]}",
            r#"{"chpasswd":{"users":[{"name":"what-if-1","password":"correct-…"#,
        ],
    ),
    (
        "the address of `phone_home` is a template that nobody fills in",
        &[
            r#"{"apt":{"debconf_selections":{"set1":"debconf debconf/priority select critical","set2":"debconf debconf/frontend select readline\ndebconf debconf/frontend seen false\n"}},"bootcmd":["echo 192.168.1.130 us.archive.ubuntu.com > /etc…"#,
        ],
    ),
    (
        "no key server and no Launchpad is asked",
        &[r#"{"apt":{"add_apt_repo_match":"^…"#],
    ),
    (
        "it isn't a certificate, and one bad block can end the list of all",
        &[
            "ca_certs: {trusted: [abc]}",
            r#"{"ca_certs":{"remove_defaults":true,"trusted":["-----BEGIN CER…"#,
        ],
    ),
    (
        "it isn't a key, and sshd wouldn't start with it",
        &["ssh_keys: {ed25519_private: a}"],
    ),
    (
        "no time client reads it",
        &["ntp: {ntp_client: sundial}", "ntp: {servers: [a b]}"],
    ),
    (
        "it isn't a public key, and lets nobody in",
        &[
            "ssh_authorized_keys: [ssh-ed25519 AAAA]",
            r#"{"ssh_authorized_keys":["key1","key2"]}"#,
            r#"{"users":[{"homedir":"/home/lima.linux","lock_passwd":true,"…"#,
        ],
    ),
    (
        "a list within the list of accounts says nothing that the list doesn't",
        &[r#"{"users":["default",["aaa","bbb"]]}"#],
    ),
    (
        "it isn't the path of a file",
        &[
            "write_files: [{path: /etc/../motd, content: hello}]",
            "write_files: [{path: etc/motd, content: hello}]",
        ],
    ),
];

/// cloud-init's verdict on documents of our own; and on those of its own tests, where a recording of it lies beside the
/// repository: they are its authors' text, so that none of them is in it.
fn recorded() -> BTreeMap<String, String> {
    let own = include_str!("oracles/schema.json");
    let mut cases: BTreeMap<String, String> = serde_json::from_str(own).unwrap();
    for case in beside() {
        // JSON is YAML too, and says what is text.
        cases.insert(case["config"].to_string(), case["verdict"].as_str().unwrap().to_owned());
    }
    cases
}

fn beside() -> Vec<Value> {
    // The repository's root, or a worktree two folders below the house.
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = ["../shared", "../../shared"].map(|shared| repository.join(shared));
    let mut beside = beside
        .iter()
        .filter_map(|shared| std::fs::read_to_string(shared.join("oracles/cloud-config-schema-cases.json")).ok());
    beside
        .next()
        .map_or_else(Vec::new, |text| serde_json::from_str(&text).unwrap())
}

/// Whether a document is the one that is listed, of which the beginning is enough.
fn is_listed(listed: &str, document: &str) -> bool {
    match listed.strip_suffix('…') {
        Some(beginning) => document.starts_with(beginning),
        None => document == listed,
    }
}

fn errors(document: &str) -> Vec<Diagnostic> {
    let text = format!("#cloud-config\n{document}\n");
    let read = Document::read(&Texts::of_user_data("user-data", text.as_bytes()));
    read.diagnostics.into_iter().filter(Diagnostic::is_error).collect()
}

/// Whether all that is wrong is keys that cloud-init has and firstlight doesn't apply, with what to do instead.
fn only_not_applied(errors: &[Diagnostic]) -> bool {
    let is_told = |error: &Diagnostic| {
        let key = OtherKey::not_applied_at(&error.path);
        key.is_some_and(|key| error.hint.as_deref() == Some(&key.advice()))
    };
    errors.iter().all(is_told)
}

#[test]
fn documents_are_valid_where_they_are_for_cloud_init() {
    let cases = recorded();
    let documents = |groups: &[(&str, &[&'static str])]| -> BTreeSet<&'static str> {
        groups
            .iter()
            .flat_map(|(_, documents)| documents.iter().copied())
            .collect()
    };
    let (taken, refused) = (documents(TAKEN), documents(REFUSED));
    let is_in = |list: &BTreeSet<&str>, document: &str| list.iter().any(|listed| is_listed(listed, document));
    let (mut same, mut not_applied, mut wrong) = (0, 0, Vec::new());
    for (document, verdict) in &cases {
        let errors = errors(document);
        let (ours, theirs) = (errors.is_empty(), verdict != "invalid");
        let listed = (is_in(&taken, document), is_in(&refused, document));
        match (ours, theirs) {
            (true, true) | (false, false) if listed == (false, false) => same += 1,
            (false, true) if listed == (false, false) && only_not_applied(&errors) => not_applied += 1,
            (true, false) if listed == (true, false) => {}
            (false, true) if listed == (false, true) && !only_not_applied(&errors) => {}
            _ => {
                let errors: Vec<_> = errors.iter().map(Diagnostic::in_one_line).collect();
                wrong.push(format!("{document}\n  cloud-init: {verdict}, firstlight: {errors:?}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "not as cloud-init, and not listed; or listed, and as cloud-init:\n{}",
        wrong.join("\n")
    );
    let beside_too = !beside().is_empty();
    let is_gone = |listed: &&&str| {
        (beside_too || !listed.starts_with('{')) && !cases.keys().any(|document| is_listed(listed, document))
    };
    let gone: Vec<_> = taken.union(&refused).filter(is_gone).collect();
    assert!(gone.is_empty(), "listed and not asked: {gone:?}");
    println!(
        "{} documents: {same} the same, {not_applied} with a key that isn't applied, {} taken, {} refused",
        cases.len(),
        taken.len(),
        refused.len()
    );
}
