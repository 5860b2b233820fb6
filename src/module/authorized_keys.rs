//! `root.ssh_authorized_keys`, and `public-keys` of the meta-data: who may log in as root over SSH with a key.

use std::collections::HashMap;

use super::sshd::access::{Access, Way};
use super::sshd::account::Account;
use super::sshd::key_file::{self, KeyFile};
use super::sshd::{self, strict_modes};
use super::{Change, DirectoryChange, Expectation, FileChange, Module, Plan, PlanError, Share, Stage, Supply};
use crate::document::authorized_key::KeyParts;
use crate::document::password::{Credential, logins};
use crate::document::{AuthorizedKey, Config};
use crate::system::Machine;
use crate::system::write::parent_of;

/// The keys in root's `authorized_keys`.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizedKeys;

impl Module for AuthorizedKeys {
    fn name(&self) -> &'static str {
        "ssh_authorized_keys"
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn needs(&self) -> &'static [Supply] {
        &[Supply::Files, Supply::Accounts]
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
        let Some(account) = Account::read(machine, "root")? else {
            return Ok(plan);
        };
        let account = Account {
            locked: is_locked(want, &account),
            ..account
        };
        let file = file_for(&account, keys, want, machine, &mut plan)?;
        plan_directory(&file.path, &account, machine, &mut plan)?;
        plan.changes.push(Change::File(with_keys(&file, keys, machine)?));
        Ok(plan)
    }
}

/// Whether root is locked once the document is carried out.
fn is_locked(want: &Config, account: &Account) -> bool {
    let logins = logins(want);
    let given = logins.iter().rfind(|login| login.user == account.who.user);
    match given.map(|login| &login.credential) {
        Some(Credential::Hash(hash)) => hash.secret().expose().starts_with('!'),
        Some(Credential::Plain(_)) => false,
        None => account.locked,
    }
}

/// The file that sshd reads root's keys from, with what keeps it from accepting them, or what must show that it does.
fn file_for(
    account: &Account,
    keys: &[AuthorizedKey],
    want: &Config,
    machine: &Machine<'_>,
    plan: &mut Plan,
) -> Result<KeyFile, PlanError> {
    let (effective, settings) = match sshd::planned(want, machine) {
        Ok(Some(planned)) => planned,
        Ok(None) => return Ok(key_file::usual(account)),
        Err(error) => {
            plan.info(format!("can't tell where sshd reads root's keys: {error}"));
            return Ok(key_file::usual(account));
        }
    };
    let access = Access {
        effective: &effective,
        settings: &settings,
        account,
    };
    let forced = keys.iter().all(is_forced);
    let mut obstacles = access.obstacles(Way::Key { forced });
    let file = match key_file::choose(&access, machine)? {
        Ok(file) => file,
        Err(obstacle) => {
            obstacles.push(obstacle);
            key_file::usual(account)
        }
    };
    let strict = access.strict_modes();
    obstacles.extend(strict_modes::obstacle(&file.path, account, machine)?.filter(|_| strict));
    for obstacle in &obstacles {
        obstacle.note("root's keys", plan);
    }
    if let Some(said) = file
        .said
        .as_ref()
        .filter(|_| file.path != key_file::usual(account).path)
    {
        let all = if file.shared { ", for every account" } else { "" };
        plan.info(format!("sshd reads root's keys from {}{all}: {said}", file.path));
    }
    if obstacles.iter().all(|obstacle| !obstacle.always) {
        plan.expectations.push(Expectation::SshdTakesKeys {
            user: account.who.user.clone(),
            file: file.path.clone(),
            pattern: file.pattern.clone(),
            forced,
        });
    }
    Ok(file)
}

/// Whether the key is bound to a command.
fn is_forced(key: &AuthorizedKey) -> bool {
    KeyParts::of(key.line()).is_some_and(|parts| parts.options.to_ascii_lowercase().contains("command=\""))
}

/// sshd's StrictModes refuses what others can write. What is missing is made so; of what is there, `.ssh` alone is ours.
fn plan_directory(file: &str, account: &Account, machine: &Machine<'_>, plan: &mut Plan) -> Result<(), PlanError> {
    let directory = parent_of(file);
    let is_inside_home = directory.starts_with(&format!("{}/", account.home));
    let is_usual = directory == format!("{}/.ssh", account.home);
    if is_usual || machine.metadata(directory)?.is_none() {
        plan.changes.push(Change::Directory(DirectoryChange {
            path: directory.to_owned(),
            mode: if is_inside_home { 0o700 } else { 0o755 },
            owner: (0, 0),
        }));
    }
    Ok(())
}

/// The file with these keys in it. One that other accounts share stays readable to them.
fn with_keys(file: &KeyFile, keys: &[AuthorizedKey], machine: &Machine<'_>) -> Result<FileChange, PlanError> {
    let before = machine.root().read(&file.path)?.unwrap_or_default();
    let after = merged(&before, keys);
    let there = machine.metadata(&file.path)?.filter(|_| file.shared);
    let mode = there.map_or(0o600, |there| there.mode & 0o644);
    Ok(FileChange::write(&file.path, after, mode).share(Share::Lines))
}

/// The same file with these keys in it. A line that has one with the same options stays; one that has it with other
/// options is replaced: it would win, and perhaps let no one in (cloud-init leaves such lines for root).
fn merged(file: &[u8], keys: &[AuthorizedKey]) -> Vec<u8> {
    let mut missing: HashMap<&str, (KeyParts<'_>, &str)> = HashMap::new();
    let mut order = Vec::new();
    for key in keys {
        if let Some(parts) = KeyParts::of(key.line()) {
            missing.entry(parts.blob).or_insert_with(|| {
                order.push(parts.blob);
                (parts, key.line())
            });
        }
    }
    let mut after = Vec::with_capacity(file.len());
    for line in file.split_inclusive(|b| *b == b'\n') {
        let text = String::from_utf8_lossy(line);
        let there = KeyParts::of(&text).and_then(|there| Some((there, missing.remove(there.blob)?)));
        match there {
            Some((there, (wanted, key))) if there.options != wanted.options => {
                after.extend_from_slice(key.as_bytes());
                after.push(b'\n');
            }
            _ => after.extend_from_slice(line),
        }
    }
    for (_, key) in order.iter().filter_map(|blob| missing.get(blob)) {
        if !after.is_empty() && !after.ends_with(b"\n") {
            after.push(b'\n');
        }
        after.extend_from_slice(key.as_bytes());
        after.push(b'\n');
    }
    after
}

#[cfg(test)]
mod tests;
