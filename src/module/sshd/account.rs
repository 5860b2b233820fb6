//! An account as sshd sees it when it decides whether to let it in.

use super::criteria::Who;
use crate::system::account::{group, passwd, shadow};
use crate::system::{Machine, ReadError};

/// An account of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name and its groups.
    pub who: Who,
    /// Its number.
    pub uid: u32,
    /// The number of its primary group.
    pub gid: u32,
    /// Its home directory, without a slash at the end.
    pub home: String,
    /// Whether its password is locked: its hash begins with `!`, as `passwd -l` has it.
    pub locked: bool,
}

impl Account {
    /// Looks an account up; `None` where the machine doesn't have it. Where it has none at all yet, root is as usual.
    ///
    /// # Errors
    /// A file of accounts can't be read.
    pub fn read(machine: &Machine<'_>, user: &str) -> Result<Option<Self>, ReadError> {
        let read = |path: &str| Ok(machine.root().read(path)?.unwrap_or_default());
        let (passwords, groups) = (read("/etc/passwd")?, read("/etc/group")?);
        let entry = passwd::entry(&passwords, user);
        let (uid, gid, home) = match &entry {
            Some(entry) => (entry.uid.unwrap_or(u32::MAX), entry.gid, entry.home.as_str()),
            None if user == "root" => (0, Some(0), ""),
            None => return Ok(None),
        };
        let home = match (home.starts_with('/'), user) {
            (true, _) => home.trim_end_matches('/'),
            (false, "root") => "/root",
            (false, _) => "",
        };
        let is_locked = |entry: shadow::ShadowEntry| entry.hash.expose().starts_with('!');
        Ok(Some(Self {
            who: Who {
                user: user.to_owned(),
                groups: Some(group::of_user(&groups, user, gid)),
            },
            uid,
            gid: gid.unwrap_or(u32::MAX),
            home: home.to_owned(),
            locked: shadow::entry(&read("/etc/shadow")?, user).is_some_and(is_locked),
        }))
    }
}
