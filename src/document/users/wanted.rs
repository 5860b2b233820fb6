//! Which accounts a document asks for, the default user among them.

use super::{User, UserEntry};
use crate::document::Config;

/// An account that a document asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The account.
    pub user: User,
    /// The keys that lead to it in the document, outermost first.
    pub path: Vec<String>,
    /// Whether it is the default user.
    pub is_default: bool,
}

/// All accounts that the document asks for, in its order, each once. The default user is among them where `users` has
/// `default`, where `user` says who it is, or where a key of the top level is for it and there are no `users`.
pub fn wanted(config: &Config) -> Vec<Wanted> {
    let mut all: Vec<Wanted> = Vec::new();
    let entries = config.users.iter().flat_map(|users| users.entries());
    for (number, entry) in entries.enumerate() {
        let path = vec!["users".to_owned(), number.to_string()];
        let (user, is_default) = match entry {
            UserEntry::Full(user) if entry.name().is_none() => {
                (default_user(config).map(|below| over_default(user, below)), true)
            }
            _ if entry.name().is_none() => (default_user(config), true),
            UserEntry::Named(name) => (Some(User::named(name.clone())), false),
            UserEntry::Full(user) => (Some(User::clone(user)), false),
        };
        all.extend(user.map(|user| Wanted { user, path, is_default }));
    }
    let is_implied = config.user.is_some() || (config.users.is_none() && speaks_of_default_user(config));
    if is_implied && !all.iter().any(|wanted| wanted.is_default) {
        let key = if config.user.is_some() {
            "user"
        } else {
            implying_key(config)
        };
        all.extend(default_user(config).map(|user| Wanted {
            user,
            path: vec![key.to_owned()],
            is_default: true,
        }));
    }
    once_each(all)
}

/// The default user: as `user` says, over what `system_info`, the machine's owner or its distribution says.
pub fn default_user(config: &Config) -> Option<User> {
    let said = config.system_info.as_ref().and_then(|info| info.default_user.clone());
    let below = said.or_else(|| config.machine_user.clone());
    match (config.user.clone(), below) {
        (Some(user), Some(below)) => Some(user.over(below)),
        (user, below) => user.or(below),
    }
}

/// `{name: default, …}`: the default user, with what the entry says of it.
fn over_default(entry: &User, below: User) -> User {
    let mut entry = entry.clone();
    entry.name = below.name.clone();
    entry.over(below)
}

fn speaks_of_default_user(config: &Config) -> bool {
    config.password.is_some()
        || config.ssh_authorized_keys.is_some()
        || config.ssh_import_id.is_some()
        || needs_another_than_root(config)
}

/// Whether the platform's keys are not to let root in.
fn needs_another_than_root(config: &Config) -> bool {
    config.disable_root == Some(true) && !config.platform_keys.is_empty()
}

fn implying_key(config: &Config) -> &'static str {
    if config.password.is_some() {
        "password"
    } else if config.ssh_authorized_keys.is_some() {
        "ssh_authorized_keys"
    } else if config.ssh_import_id.is_some() {
        "ssh_import_id"
    } else {
        "disable_root"
    }
}

/// The default user may have an entry by its name too: what that says counts.
fn once_each(all: Vec<Wanted>) -> Vec<Wanted> {
    let mut each: Vec<Wanted> = Vec::new();
    for wanted in all {
        let earlier = each.iter_mut().find(|earlier| earlier.user.name == wanted.user.name);
        match earlier {
            None => each.push(wanted),
            Some(earlier) if earlier.is_default => {
                *earlier = Wanted {
                    user: wanted.user.over(earlier.user.clone()),
                    path: wanted.path,
                    is_default: true,
                };
            }
            Some(earlier) if wanted.is_default => {
                earlier.user = earlier.user.clone().over(wanted.user);
                earlier.is_default = true;
            }
            Some(_) => {}
        }
    }
    each
}
