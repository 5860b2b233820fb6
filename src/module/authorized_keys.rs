//! `root.ssh_authorized_keys`, and `public-keys` of the meta-data: who may log in as root over SSH with a key.

use super::{Change, DirectoryChange, FileChange, Module, Plan, PlanError, Share, Stage};
use crate::document::authorized_key::KeyParts;
use crate::document::{AuthorizedKey, Config};
use crate::system::Machine;
use crate::system::account::passwd;

/// The keys in root's `authorized_keys`.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizedKeys;

impl Module for AuthorizedKeys {
    fn name(&self) -> &'static str {
        "ssh_authorized_keys"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["root.ssh_authorized_keys", "allow_public_ssh_keys"]
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let keys = want
            .root
            .as_ref()
            .map(|root| root.ssh_authorized_keys.as_slice())
            .unwrap_or_default();
        let mut plan = Plan::default();
        if keys.is_empty() {
            return Ok(plan);
        }
        let directory = format!("{}/.ssh", home_of_root(machine)?);
        let file = format!("{directory}/authorized_keys");
        let before = machine.root().read(&file)?.unwrap_or_default();
        let after = keys.iter().fold(before, |file, key| with_key(&file, key));
        // sshd's StrictModes refuses a directory or a file that others can write; ssh(1) itself makes them so.
        let owner = (0, 0);
        plan.changes.push(Change::Directory(DirectoryChange {
            path: directory,
            mode: 0o700,
            owner,
        }));
        let file = FileChange::write(file, after, 0o600).share(Share::Lines);
        plan.changes.push(Change::File(file));
        Ok(plan)
    }
}

fn home_of_root(machine: &Machine<'_>) -> Result<String, PlanError> {
    let entry = machine
        .root()
        .read("/etc/passwd")?
        .and_then(|bytes| passwd::entry(&bytes, "root"));
    let home = entry.map(|entry| entry.home).filter(|home| home.starts_with('/'));
    Ok(home.map_or_else(|| "/root".to_owned(), |home| home.trim_end_matches('/').to_owned()))
}

/// The same file with `key` in it. A line that has it with the same options stays; one that has it with other options is
/// replaced: it would win, and perhaps let nobody in (cloud-init leaves such lines for root).
fn with_key(file: &[u8], key: &AuthorizedKey) -> Vec<u8> {
    let Some(wanted) = KeyParts::of(key.line()) else {
        return file.to_vec();
    };
    let mut after = Vec::with_capacity(file.len() + key.line().len() + 1);
    let mut there = false;
    for line in file.split_inclusive(|b| *b == b'\n') {
        let text = String::from_utf8_lossy(line);
        let same = KeyParts::of(&text).filter(|parts| parts.blob == wanted.blob && !there);
        there |= same.is_some();
        match same {
            Some(parts) if parts.options != wanted.options => {
                after.extend_from_slice(key.line().as_bytes());
                after.push(b'\n');
            }
            _ => after.extend_from_slice(line),
        }
    }
    if !there {
        if !after.is_empty() && !after.ends_with(b"\n") {
            after.push(b'\n');
        }
        after.extend_from_slice(key.line().as_bytes());
        after.push(b'\n');
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{Facts, Root};
    use serde_json::json;

    const ONE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5";
    const TWO: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q6";

    fn add(file: &str, line: &str) -> String {
        let key = AuthorizedKey::try_from(line.to_owned()).unwrap();
        String::from_utf8(with_key(file.as_bytes(), &key)).unwrap()
    }

    #[test]
    fn keys_that_are_there_stay_and_none_is_doubled() {
        assert_eq!(add("", ONE), format!("{ONE}\n"));
        let file = format!("# mine\n\n{ONE} laptop\nrubbish");
        assert_eq!(add(&file, &format!("{ONE} other comment")), file);
        assert_eq!(add(&file, TWO), format!("{file}\n{TWO}\n"));
        assert_eq!(add(&add(&file, TWO), TWO), add(&file, TWO));
        assert_eq!(add(&format!("#{ONE}\n"), ONE), format!("#{ONE}\n{ONE}\n"));
    }

    #[test]
    fn the_line_that_would_shut_root_out_is_replaced() {
        let shut = format!("no-pty,command=\"echo 'Please log in as core'\" {ONE} x\n{TWO}\n");
        assert_eq!(add(&shut, ONE), format!("{ONE}\n{TWO}\n"));
    }

    #[test]
    fn the_plan_is_a_private_directory_and_file() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("etc")).unwrap();
        let root = Root::open(dir.path()).unwrap();
        let facts = Facts::default();
        let config: Config = serde_json::from_value(json!({"root": {"ssh_authorized_keys": [ONE, TWO, ONE]}})).unwrap();
        for (passwd, home) in [("", "/root"), ("root:x:0:0::/var/roothome/:/bin/sh\n", "/var/roothome")] {
            std::fs::write(dir.path().join("etc/passwd"), passwd).unwrap();
            let plan = AuthorizedKeys.plan(&config, &Machine::new(&root, &facts)).unwrap();
            let directory = DirectoryChange {
                path: format!("{home}/.ssh"),
                mode: 0o700,
                owner: (0, 0),
            };
            let path = format!("{home}/.ssh/authorized_keys");
            let file = FileChange::write(path, format!("{ONE}\n{TWO}\n"), 0o600).share(Share::Lines);
            assert_eq!(plan.changes, [Change::Directory(directory), Change::File(file)]);
        }
        let nothing = AuthorizedKeys.plan(&Config::default(), &Machine::new(&root, &facts));
        assert_eq!(nothing, Ok(Plan::default()));
    }
}
