//! What the console shows of SSH keys at the end of the first boot, as cloud-init does, and the login prompt always.

use super::authorized_keys::AllAsked;
use super::{Change, ConsoleText, FileChange, Module, Plan, PlanError, Stage, Supply, packages};
use crate::document::Config;
use crate::document::authorized_key::KeyParts;
use crate::document::ssh_fingerprints::KeyKinds;
use crate::system::sshd::public_key::PublicKey;
use crate::system::{Machine, ReadError};

/// The name in the ledger.
const NAME: &str = "ssh-fingerprints";

/// What agetty(8) shows above its prompt.
const ISSUE: &str = "/etc/issue.d/50-firstlight-ssh.issue";

/// Where the host keys are.
const DIRECTORY: &str = "/etc/ssh";

/// How many accounts, and keys of each, a table is made for: a console is slow.
const ACCOUNTS_MAX: usize = 32;
const KEYS_MAX: usize = 32;

/// The most characters of a comment.
const COMMENT_MAX: usize = 64;

/// Shows the host keys, and who may log in with which key.
#[derive(Debug, Clone, Copy)]
pub struct SshFingerprints;

impl Module for SshFingerprints {
    fn name(&self) -> &'static str {
        "ssh_fingerprints"
    }

    /// By then sshd's own units have made the keys that were missing.
    fn stage(&self) -> Stage {
        Stage::Final
    }

    /// Host keys come from sshd's own units, and an account's keys from other sites.
    fn shows_late(&self, want: &Config) -> bool {
        shows_anything(want) && (is_asked(want) || is_free(want))
    }

    fn changes_stand_alone(&self) -> bool {
        true
    }

    fn needs(&self) -> &'static [Supply] {
        &[Supply::Files, Supply::Accounts]
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let is_shown_anyway = machine.live().is_some() && is_free(want);
        if !is_asked(want) && !is_shown_anyway {
            return Ok(plan);
        }
        let mut text = String::new();
        if want.ssh.and_then(|ssh| ssh.emit_keys_to_console) != Some(false) {
            let keys = host_keys(machine)?;
            if !keys.is_empty() {
                text += &of_host(&keys, want);
            }
            // The keys of a tree are not those of the machines that are made of it.
            let issue = issue(&keys, want.ssh_fp_console_blacklist.as_ref());
            if let Some(issue) = issue.filter(|_| machine.live().is_some()) {
                plan.changes.push(Change::File(FileChange::write(ISSUE, issue, 0o644)));
            }
        }
        if want.no_ssh_fingerprints != Some(true) {
            text += &of_accounts(want);
        }
        if !text.is_empty() || machine.live().is_none() {
            plan.changes.push(Change::Console(ConsoleText {
                name: NAME.to_owned(),
                text,
                what: "SSH keys and their fingerprints".to_owned(),
                required: is_wanted(want),
            }));
        }
        Ok(plan)
    }
}

/// Whether the document wants them shown: a console that doesn't is a failure then.
fn is_wanted(want: &Config) -> bool {
    want.ssh.and_then(|ssh| ssh.emit_keys_to_console) == Some(true) || want.no_ssh_fingerprints == Some(false)
}

/// Whether the document leaves anything to be shown.
fn shows_anything(want: &Config) -> bool {
    let emits = want.ssh.and_then(|ssh| ssh.emit_keys_to_console);
    emits != Some(false) || want.no_ssh_fingerprints != Some(true)
}

/// Whether the document is about what is shown, or about the host keys.
fn is_asked(want: &Config) -> bool {
    if !shows_anything(want) {
        return false;
    }
    let has_kinds = |kinds: &Option<KeyKinds>| kinds.as_ref().is_some_and(|kinds| !kinds.0.is_empty());
    is_wanted(want)
        || want.authkey_hash.is_some()
        || has_kinds(&want.ssh_fp_console_blacklist)
        || has_kinds(&want.ssh_key_console_blacklist)
        || want.ssh_keys.is_some()
        || want.ssh_genkeytypes.as_ref().is_some_and(|kinds| !kinds.0.is_empty())
        || want.ssh_deletekeys == Some(true)
}

/// Whether the final stage runs anyway: nothing waits for a line on the console then.
fn is_free(want: &Config) -> bool {
    let has_commands = want.runcmd.as_ref().is_some_and(|commands| !commands.is_empty());
    has_commands || packages::is_asked(want) || want.scripts.all().iter().any(|script| !script.is_of_each_boot())
}

/// The public halves of the host keys, by the names of their files.
fn host_keys(machine: &Machine<'_>) -> Result<Vec<PublicKey>, ReadError> {
    let mut names = machine.root().list(DIRECTORY)?;
    names.retain(|name| name.starts_with("ssh_host_") && name.ends_with("key.pub"));
    names.sort_unstable();
    let mut keys = Vec::new();
    for name in names {
        let text = machine.read_text(&format!("{DIRECTORY}/{name}"))?.unwrap_or_default();
        keys.extend(text.lines().next().and_then(PublicKey::of_line));
    }
    Ok(keys)
}

/// The host keys between the marks that tools look for.
fn of_host(keys: &[PublicKey], want: &Config) -> String {
    let is_shown = |kinds: Option<&KeyKinds>, key: &PublicKey| kinds.is_none_or(|kinds| !kinds.has(&key.kind));
    let frame = "#############################################################";
    let mut text = format!("\n{frame}\n-----BEGIN SSH HOST KEY FINGERPRINTS-----\n");
    let fingerprints = want.ssh_fp_console_blacklist.as_ref();
    for key in keys.iter().filter(|key| is_shown(fingerprints, key)) {
        text += &format!("{}\n", key.listed());
    }
    text += &format!("-----END SSH HOST KEY FINGERPRINTS-----\n{frame}\n-----BEGIN SSH HOST KEY KEYS-----\n");
    let lines = want.ssh_key_console_blacklist.as_ref();
    for key in keys.iter().filter(|key| is_shown(lines, key)) {
        text += &format!("{}\n", key.line());
    }
    text + "-----END SSH HOST KEY KEYS-----\n"
}

/// The fingerprints for the login prompt, if there are any.
fn issue(keys: &[PublicKey], hidden: Option<&KeyKinds>) -> Option<String> {
    let shown = keys
        .iter()
        .filter(|key| hidden.is_none_or(|kinds| !kinds.has(&key.kind)));
    let lines: Vec<String> = shown
        .map(|key| format!("  {} ({})\n", key.fingerprint(Default::default()), key.label()))
        .collect();
    (!lines.is_empty()).then(|| format!("SSH host keys:\n{}\n", lines.concat()))
}

/// A table of the keys that the document gives each account.
fn of_accounts(want: &Config) -> String {
    let all = AllAsked::of(want);
    let hash = want.authkey_hash.map(|hash| hash.0).unwrap_or_default();
    let root = all.root.filter(|_| want.disable_root != Some(true));
    let root = root.map(|root| ("root".to_owned(), [root.keys, all.shared].concat()));
    let others = all.others.into_iter().map(|asked| (asked.user, asked.keys));
    let mut text = String::new();
    for (user, keys) in root.into_iter().chain(others).take(ACCOUNTS_MAX) {
        let rows: Vec<[String; 3]> = keys
            .iter()
            .filter_map(|key| {
                let parts = KeyParts::of(key.line())?;
                let (_, comment) = key.line().split_once(parts.blob)?;
                let comment: String = comment.trim().chars().take(COMMENT_MAX).collect();
                let public = PublicKey::new(parts.kind, parts.blob, &comment)?;
                let comment = if public.comment.is_empty() {
                    "-"
                } else {
                    &public.comment
                };
                Some([public.kind.clone(), public.fingerprint(hash), comment.to_owned()])
            })
            .take(KEYS_MAX)
            .collect();
        text += &table(&format!("Authorized keys for user {user}"), &rows);
    }
    text
}

/// A table as cloud-init's, each line with its mark in front.
fn table(title: &str, rows: &[[String; 3]]) -> String {
    let head = ["Keytype", "Fingerprint", "Comment"].map(str::to_owned);
    let all = || std::iter::once(&head).chain(rows);
    let width = |column: usize| {
        let widths = all().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        widths.max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line: String = widths
        .iter()
        .map(|width| format!("+{}", "-".repeat(width + 2)))
        .collect();
    let line = format!("ci-info: {line}+\n");
    let row = |cells: &[String; 3]| {
        let cells = cells.iter().zip(&widths);
        let cells: String = cells.map(|(cell, width)| format!("| {cell:<width$} ")).collect();
        format!("ci-info: {cells}|\n")
    };
    let body: String = rows.iter().map(row).collect();
    format!("ci-info: {title}\n{line}{}{line}{body}{line}", row(&head))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{Facts, Live, Root};
    use serde_json::{Value, json};

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIPvI+ILSPw7yueiGfnC0DmRhuATPncipc/eQ1Uao0mV";
    const PRINT: &str = "SHA256:qjNZ5+fwNVmFnagFf45AaX/F3x6Y/e+4B9FS1pYm5Uk";

    /// What the console shows and whether that is required, and what the login prompt shows.
    fn plan(document: Value, live: bool, files: &[(&str, &str)]) -> (Option<(String, bool)>, Option<String>) {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(tree.path().join("etc/ssh")).unwrap();
        for (name, text) in files {
            std::fs::write(tree.path().join("etc/ssh").join(name), text).unwrap();
        }
        let root = Root::open(tree.path()).unwrap();
        let want: Config = crate::document::yaml::from_json(&document).unwrap();
        let facts = Facts {
            live: live.then(Live::default),
            ..Facts::default()
        };
        let plan = SshFingerprints.plan(&want, &Machine::new(&root, &facts)).unwrap();
        let (mut shown, mut issue) = (None, None);
        for change in plan.changes {
            match change {
                Change::Console(console) => shown = Some((console.text, console.required)),
                Change::File(file) => {
                    assert_eq!(file.path, ISSUE);
                    issue = Some(String::from_utf8(file.content.unwrap().bytes.to_vec()).unwrap());
                }
                other => panic!("{other:?}"),
            }
        }
        (shown, issue)
    }

    fn host_files() -> Vec<(&'static str, String)> {
        vec![
            ("ssh_host_ed25519_key.pub", format!("{KEY} root@web1\nsecond line\n")),
            (
                "ssh_host_ed25519_key",
                "-----BEGIN OPENSSH PRIVATE KEY-----\n".to_owned(),
            ),
            ("ssh_host_ed25519_key-cert.pub", "x".to_owned()),
            ("ssh_host_rsa_key.pub", "damaged".to_owned()),
        ]
    }

    fn planned(document: Value, live: bool) -> (Option<(String, bool)>, Option<String>) {
        let files = host_files();
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        plan(document, live, &files)
    }

    #[test]
    fn host_keys_are_between_the_marks_of_cloud_init() {
        let (shown, issue) = planned(json!({"ssh": {"emit_keys_to_console": true}}), true);
        let frame = "#".repeat(61);
        let expected = format!(
            "\n{frame}\n-----BEGIN SSH HOST KEY FINGERPRINTS-----\n256 {PRINT} root@web1 (ED25519)\n\
             -----END SSH HOST KEY FINGERPRINTS-----\n{frame}\n-----BEGIN SSH HOST KEY KEYS-----\n{KEY} root@web1\n\
             -----END SSH HOST KEY KEYS-----\n"
        );
        assert_eq!(shown, Some((expected, true)));
        assert_eq!(issue.unwrap(), format!("SSH host keys:\n  {PRINT} (ED25519)\n\n"));
    }

    #[test]
    fn who_may_log_in_is_a_table() {
        let document = json!({
            "no_ssh_fingerprints": false,
            "ssh": {"emit_keys_to_console": false},
            "users": [{"name": "core", "ssh_authorized_keys": [format!("command=\"secret\" {KEY} core@laptop")]}],
        });
        let (shown, issue) = planned(document, true);
        let expected = format!(
            "ci-info: Authorized keys for user core\n\
             ci-info: +-------------+----------------------------------------------------+-------------+\n\
             ci-info: | Keytype     | Fingerprint                                        | Comment     |\n\
             ci-info: +-------------+----------------------------------------------------+-------------+\n\
             ci-info: | ssh-ed25519 | {PRINT} | core@laptop |\n\
             ci-info: +-------------+----------------------------------------------------+-------------+\n"
        );
        assert_eq!((shown, issue), (Some((expected, true)), None));
    }

    #[test]
    fn nothing_is_shown_unless_it_is_asked_for_or_costs_nothing() {
        for (document, live, is_shown) in [
            (json!({"hostname": "web1"}), true, None),
            (json!({"ssh_authorized_keys": [KEY]}), true, None),
            // That nobody can read them is a failure only where somebody wants to.
            (json!({"ssh_deletekeys": true}), true, Some(false)),
            (json!({"ssh_genkeytypes": ["ed25519"]}), true, Some(false)),
            (json!({"ssh_genkeytypes": []}), true, None),
            (json!({"ssh": {"emit_keys_to_console": true}}), true, Some(true)),
            (json!({"runcmd": ["true"]}), true, Some(false)),
            (json!({"packages": ["vim"]}), true, Some(false)),
            (json!({"runcmd": ["true"]}), false, None),
            (json!({"runcmd": []}), true, None),
            (
                json!({"runcmd": ["true"], "ssh": {"emit_keys_to_console": false}}),
                true,
                None,
            ),
            (
                json!({"ssh_deletekeys": true, "ssh": {"emit_keys_to_console": false}, "no_ssh_fingerprints": true}),
                true,
                None,
            ),
            (json!({"ssh_deletekeys": true}), false, Some(false)),
        ] {
            let (shown, issue) = planned(document.clone(), live);
            assert_eq!(shown.map(|(_, required)| required), is_shown, "{document}");
            assert_eq!(issue.is_some(), live && is_shown.is_some(), "{document}");
        }
        let (shown, issue) = plan(json!({"runcmd": ["true"]}), true, &[]);
        assert_eq!((shown, issue), (None, None), "a machine without host keys");
    }

    #[test]
    fn kinds_are_left_out() {
        let document = json!({"ssh_fp_console_blacklist": ["ssh-ed25519"], "ssh_key_console_blacklist": []});
        let (shown, issue) = planned(document, true);
        let (text, _) = shown.unwrap();
        assert!(!text.contains(PRINT) && text.contains(KEY), "{text}");
        assert_eq!(issue, None);
        let (shown, issue) = planned(json!({"ssh_key_console_blacklist": ["ssh-ed25519"]}), true);
        let (text, _) = shown.unwrap();
        assert!(text.contains(PRINT) && !text.contains(KEY), "{text}");
        assert!(issue.is_some());
    }

    #[test]
    fn the_table_is_of_a_size_that_a_console_takes() {
        let keys: Vec<String> = (0..100)
            .map(|number| format!("{KEY} {number}{}", "c".repeat(200)))
            .collect();
        let (shown, _) = planned(json!({"no_ssh_fingerprints": false, "ssh_authorized_keys": keys}), true);
        let (text, _) = shown.unwrap();
        assert!(
            text.lines().count() < KEYS_MAX + 20 && text.lines().all(|line| line.len() < 200),
            "{text}"
        );
    }
}
