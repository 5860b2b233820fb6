//! `users`, `user`, `groups` and `system_info`: the accounts and groups that exist.

mod account_text;
mod default_user;
mod doas;
mod expiry;
mod forms;
mod group;
mod names;
mod not_created;
mod selinux_user;
mod sudo;
mod user;
mod wanted;

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};

use super::code::Code;
use super::problem::{Check, Problems};
use super::{Config, UserName};

pub use default_user::{SystemInfo, of_distribution};
pub use doas::Doas;
pub use expiry::{Expiry, Inactivity};
#[cfg(test)]
pub use forms::or_name;
pub use forms::tidy;
pub use group::{Group, Groups};
pub use names::GroupNames;
pub use not_created::NotCreated;
pub use selinux_user::SelinuxUser;
pub use sudo::Sudo;
pub use user::{Uid, User};
pub use wanted::{Wanted, default_user, wanted};

/// `users`: the accounts that exist.
///
/// ```yaml
/// - default
/// - name: core
///   groups: [docker]
///   sudo: ALL=(ALL) NOPASSWD:ALL
///   ssh_authorized_keys:
///   - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5 core@laptop
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(transform = forms::or_old_forms))]
pub struct Users(Vec<UserEntry>);

/// An item of `users`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "forms::NameOrUser"))]
pub enum UserEntry {
    /// The name of an account; `default` is the default user.
    Named(UserName),
    /// An account.
    Full(Box<User>),
}

/// The name that stands for the default user.
const DEFAULT: &str = "default";

impl Users {
    /// The items, in the order of the document.
    pub fn entries(&self) -> &[UserEntry] {
        &self.0
    }
}

impl UserEntry {
    /// The account's name; `None` for the default user.
    pub fn name(&self) -> Option<&str> {
        let name = match self {
            Self::Named(name) => name.as_str(),
            Self::Full(user) => user.name.as_str(),
        };
        Some(name).filter(|name| *name != DEFAULT)
    }
}

impl<'de> Deserialize<'de> for Users {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(List)
    }
}

struct List;

impl<'de> Visitor<'de> for List {
    type Value = Users;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of accounts")
    }

    fn visit_unit<E: Error>(self) -> Result<Users, E> {
        Ok(Users::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Users, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = items.next_element()? {
            entries.push(entry);
        }
        Ok(Users(entries))
    }
}

impl<'de> Deserialize<'de> for UserEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Entry)
    }
}

struct Entry;

impl<'de> Visitor<'de> for Entry {
    type Value = UserEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an account's name or a mapping")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<UserEntry, E> {
        UserName::try_from(name.to_owned())
            .map(UserEntry::Named)
            .map_err(E::custom)
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<UserEntry, A::Error> {
        User::deserialize(MapAccessDeserializer::new(map)).map(|user| UserEntry::Full(Box::new(user)))
    }
}

impl Check for Users {
    fn check(&self, problems: &mut Problems<'_>) {
        for (number, entry) in self.0.iter().enumerate() {
            let place = number.to_string();
            let earlier = self.0.iter().take(number);
            if let Some(name) = entry.name()
                && earlier.clone().any(|earlier| earlier.name() == Some(name))
            {
                let hint = Some("keep one of the two entries");
                let message = format!("there is an entry for `{name}` before this one");
                problems.of(Code::Conflict).error(&[&place], message, hint);
            }
            let UserEntry::Full(user) = entry else { continue };
            user.check(&mut problems.below(&[&place]));
            let same = |other: &&UserEntry| matches!(other, UserEntry::Full(other) if other.uid == user.uid);
            if let (Some(uid), Some(other)) = (&user.uid, earlier.clone().find(same)) {
                let other = other.name().unwrap_or(DEFAULT);
                let message = format!("`{other}` already has the number {}", uid.get());
                let hint = Some("give each account a number of its own, or leave `uid` out");
                problems.of(Code::Conflict).error(&[&place, "uid"], message, hint);
            }
        }
    }
}

/// Takes out an account that is given twice, or that has no valid name; any other mistake takes out its key alone: an
/// account without a shell or a group still lets somebody in.
pub(super) fn whole<'p>(_: &super::yaml::Node, path: &'p [String]) -> &'p [String] {
    match path.get(2).map(String::as_str) {
        Some("name") => path.get(..2).unwrap_or(path),
        _ => path,
    }
}

/// The most accounts, groups and memberships of a document together: each is looked for in all account files.
const ALL_MAX: usize = 1000;

/// Reports more accounts than a machine has, and a default user that is listed too.
pub(super) fn check(config: &Config, problems: &mut Problems<'_>) {
    let users = wanted(config);
    let groups = config.groups.iter().flat_map(|groups| groups.all());
    let of_groups: usize = groups.map(|group| 1 + group.members.len()).sum();
    let count = of_groups + users.iter().map(|wanted| 1 + wanted.user.groups().len()).sum::<usize>();
    if count > ALL_MAX {
        let key = if of_groups > ALL_MAX { "groups" } else { "users" };
        let message =
            format!("{count} accounts, groups and memberships are more than the {ALL_MAX} that a document may have");
        problems.of(Code::TooLarge).error(&[key], message, None);
    }
    let Some(user) = &config.user else { return };
    let entries = config.users.iter().flat_map(|users| users.entries());
    let mut entries = entries.enumerate();
    if let Some((number, _)) = entries.find(|(_, entry)| entry.name() == Some(user.name.as_str())) {
        let message = format!("`users` has an entry for `{}` too", user.name);
        let hint = Some("`user` is the default user: keep one of the two");
        problems
            .of(Code::Conflict)
            .warning(&["users", &number.to_string()], message, hint);
    }
}

#[cfg(test)]
mod tests;
