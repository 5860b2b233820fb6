//! `ssh_authorized_keys`, at the top level, of `root` and of `users`, and `public-keys` of the meta-data: who may log in over
//! SSH with a key. `disable_root` and `ssh_redirect_user`: whose keys only say who to log in as instead.

mod asked;

use std::collections::HashMap;

pub(super) use self::asked::AllAsked;
use self::asked::Asked;
use super::sshd::access::{Access, Way};
use super::sshd::account::Account;
use super::sshd::key_file::{self, KeyFile};
use super::sshd::{self, strict_modes};
use super::{Change, DirectoryChange, Expectation, FileChange, Module, Plan, PlanError, Share, Stage, Supply};
use crate::document::authorized_key::KeyParts;
use crate::document::password::logins;
use crate::document::users::wanted;
use crate::document::{AuthorizedKey, Config};
use crate::system::Machine;
use crate::system::account::login_defs::LoginDefs;
use crate::system::write::{self, parent_of};

/// The keys in the accounts' `authorized_keys`.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizedKeys;

impl Module for AuthorizedKeys {
    fn name(&self) -> &'static str {
        "ssh_authorized_keys"
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn changes_stand_alone(&self) -> bool {
        true
    }

    fn needs(&self) -> &'static [Supply] {
        &[Supply::Files, Supply::Accounts]
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let AllAsked {
            root,
            shared,
            others,
            redirected,
            default_user,
            imports,
        } = AllAsked::of(want);
        for (id, path) in &imports {
            let import = want.imported.by.get(id);
            if let Some(why) = import.and_then(|import| import.failed.as_ref()) {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                let message = format!("the keys of {id} were not imported: {why}");
                plan.problems.push(PlanError::at(&path, message));
            }
        }
        if want.ssh_import_id.as_ref().is_some_and(|ids| !ids.0.is_empty()) && default_user.is_none() {
            let message = "nobody gets these keys: there is no default user";
            let hint = "write them to an account of `users`, or say who the default user is with `user`";
            plan.problems
                .push(PlanError::at(&["ssh_import_id"], message).hint(hint));
        }
        if want.disable_root != Some(true)
            && let Some(root) = &root
        {
            let keys = root.keys.iter().chain(&shared).cloned().collect();
            plan_or_report(&mut plan, &Asked { keys, ..root.clone() }, want, machine);
        }
        let mut entered: Vec<&str> = Vec::new();
        for asked in &others {
            if plan_or_report(&mut plan, asked, want, machine) {
                entered.push(&asked.user);
            }
        }
        let default_user = default_user.as_deref();
        for asked in &redirected {
            let instead = default_user.filter(|name| entered.contains(name) && *name != asked.user);
            plan_redirected(&mut plan, asked, instead, want, machine);
        }
        if want.disable_root == Some(true)
            && let Some(root) = &root
        {
            // Whom the document names first comes after the default user.
            let instead = default_user.filter(|name| entered.contains(name));
            let instead = instead.or(entered.first().copied());
            plan_disabled_root(&mut plan, root, &shared, instead, want, machine);
        }
        Ok(plan)
    }
}

/// Root's keys, where those that others get too shall not let root in. If nobody else gets in, they still do.
fn plan_disabled_root(
    plan: &mut Plan,
    root: &Asked,
    shared: &[AuthorizedKey],
    instead: Option<&str>,
    want: &Config,
    machine: &Machine<'_>,
) {
    let shared = match instead {
        Some(instead) => asked::redirected(shared, want.disable_root_opts.as_ref(), instead, "root"),
        None => {
            plan.warn(
                "`disable_root` has no effect: no other account gets a key with which SSH lets it in, and without root nobody \
                 could log in; add an account to `users`, with keys or as the default user",
            );
            shared.to_vec()
        }
    };
    let asked = Asked {
        keys: root.keys.iter().cloned().chain(shared).collect(),
        only_tells: root.keys.is_empty() && instead.is_some(),
        ..root.clone()
    };
    plan_or_report(plan, &asked, want, machine);
}

/// The platform's keys of an account that nobody shall log in as.
fn plan_redirected(plan: &mut Plan, asked: &Asked, instead: Option<&str>, want: &Config, machine: &Machine<'_>) {
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    if asked.keys.is_empty() {
        plan.info(format!(
            "`ssh_redirect_user` gives {} nothing: the platform has no public keys",
            asked.user
        ));
        return;
    }
    let Some(instead) = instead else {
        let message = format!(
            "{} gets none of the platform's keys: there is no default user who could log in instead",
            asked.user
        );
        let hint = "add `default` to `users`, or say who it is with `user`";
        plan.problems.push(PlanError::at(&path, message).hint(hint));
        return;
    };
    let keys = asked::redirected(&asked.keys, None, instead, &asked.user);
    plan_or_report(plan, &Asked { keys, ..asked.clone() }, want, machine);
}

/// Plans an account's keys; whether sshd will let it in with them.
fn plan_or_report(plan: &mut Plan, asked: &Asked, want: &Config, machine: &Machine<'_>) -> bool {
    plan_account(plan, asked, want, machine).unwrap_or_else(|problem| {
        plan.problems.push(problem);
        false
    })
}

fn plan_account(plan: &mut Plan, asked: &Asked, want: &Config, machine: &Machine<'_>) -> Result<bool, PlanError> {
    let Some(account) = Account::read(machine, &asked.user)? else {
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        let error = PlanError::at(&path, format!("there is no account `{}` in /etc/passwd", asked.user));
        return Err(error.lacks(&asked.user));
    };
    let account = Account {
        locked: is_locked(want, &account),
        ..account
    };
    refuse_home_of_another(&account, asked, machine)?;
    let (file, is_let_in) = file_for(&account, asked, want, machine, plan)?;
    plan_directory(&file.path, &account, machine, plan)?;
    let change = with_keys(&file, &asked.keys, &account, machine, plan)?;
    // Accounts may share a file.
    plan.changes.retain(|earlier| earlier.path() != Some(&file.path));
    plan.changes.push(Change::File(change));
    Ok(is_let_in)
}

/// Where the home directory, or `.ssh` in it, is another account's, its keys would let that one decide who gets in.
fn refuse_home_of_another(account: &Account, asked: &Asked, machine: &Machine<'_>) -> Result<(), PlanError> {
    for directory in [account.home.clone(), format!("{}/.ssh", account.home)] {
        let Some(there) = machine.root().metadata_followed(&directory)? else {
            continue;
        };
        if write::may_own() && there.uid != 0 && there.uid != account.uid {
            let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
            let (name, uid) = (&account.who.user, there.uid);
            let why = format!(
                "{directory} belongs to account number {uid}: {name} gets no keys in {}/.ssh",
                account.home
            );
            return Err(
                PlanError::at(&path, why).hint("remove that directory, or give it to the account with chown(1)")
            );
        }
    }
    Ok(())
}

/// Whether the account is locked once the document is carried out.
fn is_locked(want: &Config, account: &Account) -> bool {
    let name = &account.who.user;
    if let Some(login) = logins(want).iter().rfind(|login| login.user == *name) {
        return login.locked;
    }
    let mut wanted = wanted(want).into_iter();
    account.locked || wanted.any(|wanted| wanted.user.name.as_str() == name && wanted.user.is_locked())
}

/// The file that sshd reads the account's keys from, and whether it accepts them as far as can be told; with what keeps it from
/// that, or what must show that it does.
fn file_for(
    account: &Account,
    asked: &Asked,
    want: &Config,
    machine: &Machine<'_>,
    plan: &mut Plan,
) -> Result<(KeyFile, bool), PlanError> {
    let user = &account.who.user;
    let (effective, settings) = match sshd::planned(want, machine) {
        Ok(Some(planned)) => planned,
        Ok(None) => return Ok((key_file::usual(account), true)),
        Err(error) => {
            plan.info(format!("can't tell where sshd reads {user}'s keys: {error}"));
            return Ok((key_file::usual(account), true));
        }
    };
    let access = Access {
        effective: &effective,
        settings: &settings,
        account,
    };
    let forced = asked.keys.iter().all(is_forced);
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
    for obstacle in obstacles.iter().filter(|_| !asked.only_tells) {
        obstacle.note(&format!("{user}'s keys"), plan);
    }
    if let Some(said) = file
        .said
        .as_ref()
        .filter(|_| file.path != key_file::usual(account).path)
    {
        let all = if file.shared { ", for every account" } else { "" };
        plan.info(format!("sshd reads {user}'s keys from {}{all}: {said}", file.path));
    }
    let is_let_in = obstacles.iter().all(|obstacle| !obstacle.always);
    if is_let_in {
        plan.expectations.push(Expectation::SshdTakesKeys {
            user: user.clone(),
            file: file.path.clone(),
            pattern: file.pattern.clone(),
            forced,
        });
    }
    Ok((file, is_let_in))
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
    let is_planned = plan.changes.iter().any(|change| change.path() == Some(directory));
    if (is_usual || machine.metadata(directory)?.is_none()) && !is_planned {
        let is_homeless = is_inside_home && machine.root().metadata(&account.home)?.is_none();
        if is_homeless && account.uid != 0 {
            plan.changes.push(missing_home(account, machine)?);
        }
        plan.changes.push(Change::Directory(DirectoryChange {
            path: directory.to_owned(),
            mode: if is_inside_home { 0o700 } else { 0o755 },
            owner: if is_inside_home {
                (account.uid, account.gid)
            } else {
                (0, 0)
            },
            on_the_way: false,
        }));
    }
    Ok(())
}

/// The home directory of an account that has none.
fn missing_home(account: &Account, machine: &Machine<'_>) -> Result<Change, PlanError> {
    Ok(Change::Directory(DirectoryChange {
        path: account.home.clone(),
        mode: LoginDefs::read(machine)?.home_mode(),
        owner: (account.uid, account.gid),
        on_the_way: true,
    }))
}

/// The file with these keys in it, and those that are planned for it already. One that accounts share is root's, and
/// readable to them.
fn with_keys(
    file: &KeyFile,
    keys: &[AuthorizedKey],
    account: &Account,
    machine: &Machine<'_>,
    plan: &Plan,
) -> Result<FileChange, PlanError> {
    let planned = plan.changes.iter().find_map(|change| match change {
        Change::File(change) if change.path == file.path => change.content.as_ref(),
        _ => None,
    });
    let before = match planned {
        Some(planned) => planned.bytes.to_vec(),
        None => machine.root().read(&file.path)?.unwrap_or_default(),
    };
    let after = merged(&before, keys);
    let there = machine.metadata(&file.path)?.filter(|_| file.shared);
    let as_is = planned
        .map(|planned| planned.mode)
        .or(there.map(|there| there.mode & 0o644));
    // sshd reads it as the account.
    let readable = if file.shared && account.uid != 0 { 0o044 } else { 0 };
    let mode = as_is.unwrap_or(0o600) | readable;
    let mut change = FileChange::write(&file.path, after, mode).share(Share::Lines);
    if let Some(content) = change.content.as_mut().filter(|_| !file.shared) {
        content.owner = (account.uid, account.gid);
    }
    Ok(change)
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
