//! `users`, `user`, `groups` and `system_info`: the accounts and groups that exist, with their home directories and their
//! rules of sudo.

mod account;
mod doas;
mod files;
mod home;
mod sudo;

use super::{AccountChange, Change, Module, Plan, PlanError, Stage, Supply};
use crate::document::Config;
use crate::document::users::{Group, wanted};
use crate::system::Machine;
use files::Files;

/// Accounts and groups. No account is ever left out for what is wrong with one of its groups or rules.
#[derive(Debug, Clone, Copy)]
pub struct Users;

impl Module for Users {
    fn name(&self) -> &'static str {
        "users"
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn changes_stand_alone(&self) -> bool {
        true
    }

    fn gives(&self) -> &'static [Supply] {
        &[Supply::Accounts]
    }

    /// They own files: they are there before any file is.
    fn needs(&self) -> &'static [Supply] {
        &[]
    }

    fn asked_at(&self, change: &Change, want: &Config) -> Vec<String> {
        asked_at(change, want)
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let groups = want.groups.iter().flat_map(|groups| groups.all());
        let users = wanted(want);
        note_no_default_user(&mut plan, want);
        if users.is_empty() && groups.clone().next().is_none() {
            return Ok(plan);
        }
        let mut files = Files::read(machine)?;
        files.reserve(users.iter().filter_map(|wanted| wanted.user.uid));
        for group in groups.clone() {
            let made = files.ensure_group(&group.name);
            plan.changes.extend(made.map_err(|why| PlanError::at(&at(group), why))?);
        }
        for wanted in &users {
            if let Err(problem) = account::plan(&mut plan, wanted, &mut files, machine) {
                plan.problems.push(problem);
            }
        }
        for group in groups {
            add_members(&mut plan, group, &files);
        }
        let users: Vec<_> = users
            .into_iter()
            .filter(|wanted| files.has_account(wanted.user.name.as_str()))
            .collect();
        sudo::plan(&mut plan, &users, machine)?;
        doas::plan(&mut plan, &users, machine)?;
        Ok(plan)
    }
}

/// `default` asks for nothing where there is no default user.
fn note_no_default_user(plan: &mut Plan, want: &Config) {
    let mut entries = want.users.iter().flat_map(|users| users.entries());
    let asked = entries.any(|entry| entry.name().is_none());
    if asked && crate::document::users::default_user(want).is_none() {
        plan.notice(
            "`default` in `users` creates no account: this machine has no default user (`default_user` in \
             /etc/firstlight/config.yaml, or `user` in the document, says who it is)",
        );
    }
}

/// The members of a group that exist, or will. One that doesn't costs no other its place.
fn add_members(plan: &mut Plan, group: &Group, files: &Files) {
    for (number, member) in group.members.iter().enumerate() {
        if !files.has_account(member.as_str()) {
            let number = number.to_string();
            let path: Vec<&str> = at(group).into_iter().chain([number.as_str()]).collect();
            let problem = PlanError::at(&path, format!("there is no account `{member}` in /etc/passwd"));
            plan.problems.push(
                problem
                    .hint("add it to `users`, or remove it from the group")
                    .lacks(member.as_str()),
            );
            continue;
        }
        plan.changes.push(Change::Account(AccountChange::GroupMember {
            group: group.name.to_string(),
            user: member.to_string(),
        }));
    }
}

fn at(group: &Group) -> Vec<&str> {
    ["groups"]
        .into_iter()
        .chain(group.path.iter().map(String::as_str))
        .collect()
}

/// The place of the account or group that a change is about.
fn asked_at(change: &Change, want: &Config) -> Vec<String> {
    let of_group = |name: &str| {
        let mut groups = want.groups.iter().flat_map(|groups| groups.all());
        let group = groups.find(|group| group.name.as_str() == name)?;
        Some(at(group).into_iter().map(str::to_owned).collect::<Vec<String>>())
    };
    let of_user = |name: &str| {
        let wanted = wanted(want)
            .into_iter()
            .find(|wanted| wanted.user.name.as_str() == name)?;
        Some(wanted.path)
    };
    let found = match change {
        Change::Account(AccountChange::User(user)) => of_user(&user.name),
        Change::Account(AccountChange::Group { name, .. }) => of_group(name).or_else(|| of_user(name)),
        Change::Account(AccountChange::GroupMember { group, user }) => of_user(user).or_else(|| of_group(group)),
        Change::Home(home) => home.path.rsplit('/').next().and_then(of_user),
        _ => None,
    };
    let first = || if want.users.is_some() { "users" } else { "groups" };
    found.unwrap_or_else(|| vec![first().to_owned()])
}

#[cfg(test)]
mod tests;
