//! `/etc/passwd`, passwd(5).

use super::edit::{AccountError, AccountFile};
use super::lines;
use crate::vocabulary::UserAccount;

const FIELDS: usize = 7;
const UID: usize = 2;
const GID: usize = 3;
const GECOS: usize = 4;
const HOME: usize = 5;
const SHELL: usize = 6;

/// What an entry of `/etc/passwd` says that matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswdEntry {
    /// Whether the password is in `/etc/shadow`: the field is `x`. With anything else there, the system doesn't look
    /// into `/etc/shadow`.
    pub shadowed: bool,
    /// The account's number.
    pub uid: Option<u32>,
    /// The number of its own group.
    pub gid: Option<u32>,
    /// The comment, usually the person's full name.
    pub gecos: String,
    /// The home directory.
    pub home: String,
    /// The login shell; empty is `/bin/sh`.
    pub shell: String,
}

/// The entry of `user`.
pub fn entry(bytes: &[u8], user: &str) -> Option<PasswdEntry> {
    lines::fields(bytes, user).map(|fields| of_fields(&fields))
}

/// The entries of all accounts with a number, each with its name.
pub fn all(bytes: &[u8]) -> Vec<(String, PasswdEntry)> {
    let lines = bytes.split(|b| *b == b'\n').map(|line| line.split(|b| *b == b':'));
    let entries = lines.filter_map(|fields| {
        let fields: Vec<&[u8]> = fields.collect();
        let name = String::from_utf8_lossy(fields.first()?).into_owned();
        Some((name, of_fields(&fields)))
    });
    entries.filter(|(_, entry)| entry.uid.is_some()).collect()
}

fn of_fields(fields: &[&[u8]]) -> PasswdEntry {
    let number = |n: usize| std::str::from_utf8(fields.get(n)?).ok()?.parse().ok();
    let text = |n: usize| String::from_utf8_lossy(fields.get(n).copied().unwrap_or_default()).into_owned();
    PasswdEntry {
        shadowed: fields.get(1).is_some_and(|field| *field == b"x"),
        uid: number(UID),
        gid: number(GID),
        gecos: text(GECOS),
        home: text(HOME),
        shell: text(SHELL),
    }
}

/// The numbers of all accounts, each with its name.
pub fn numbers(bytes: &[u8]) -> Vec<(String, u32)> {
    lines::numbers(bytes, UID)
}

/// The names of the accounts whose primary group has this number.
pub fn with_group(bytes: &[u8], gid: u32) -> Vec<String> {
    let all = lines::numbers(bytes, GID).into_iter();
    all.filter(|(_, own)| *own == gid).map(|(name, _)| name).collect()
}

/// The same file with this account: a new one as a whole, one that exists with its comment and shell.
///
/// # Errors
/// A value would break the line apart, or the entry that is there is damaged.
pub fn ensure(bytes: &[u8], user: &UserAccount) -> Result<Vec<u8>, AccountError> {
    let file = AccountFile::Passwd;
    let texts = [
        Some(&user.name),
        Some(&user.home),
        user.gecos.as_ref(),
        user.shell.as_ref(),
    ];
    let breaks = |text: &&String| text.bytes().any(|b| b == b':' || b.is_ascii_control());
    if texts.iter().flatten().any(breaks) {
        return Err(AccountError::Field { file });
    }
    let Some(place) = lines::position(bytes, &user.name) else {
        let (uid, gid) = (user.uid.to_string(), user.gid.to_string());
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (gecos, shell) = (text(&user.gecos), text(&user.shell));
        let fields = [&user.name, "x", &uid, &gid, &gecos, &user.home, &shell].map(str::as_bytes);
        return Ok(lines::insert(bytes, &fields));
    };
    let mut fields = lines::fields(bytes, &user.name).unwrap_or_default();
    if fields.len() != FIELDS {
        return Err(AccountError::shape(file, &user.name, fields.len()));
    }
    for (number, text) in [(GECOS, &user.gecos), (SHELL, &user.shell)] {
        if let (Some(field), Some(text)) = (fields.get_mut(number), text) {
            *field = text.as_bytes();
        }
    }
    Ok(lines::replace(bytes, place, &fields))
}

/// The same file, with the password of `user` in `/etc/shadow`.
///
/// # Errors
/// There is no such account.
pub fn set_shadowed(bytes: &[u8], user: &str) -> Result<Vec<u8>, AccountError> {
    let missing = || AccountError::missing(AccountFile::Passwd, user);
    let place = lines::position(bytes, user).ok_or_else(missing)?;
    let mut fields = lines::fields(bytes, user).ok_or_else(missing)?;
    if let Some(field) = fields.get_mut(1) {
        *field = b"x";
    }
    Ok(lines::replace(bytes, place, &fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_without_a_shadow_gets_one() {
        let before = b"root::0:0:root:/root:/bin/bash\nbob:x:1000:1000::/home/bob:/bin/sh\n+::::::";
        let after = b"root:x:0:0:root:/root:/bin/bash\nbob:x:1000:1000::/home/bob:/bin/sh\n+::::::";
        let root = entry(before, "root").unwrap();
        assert_eq!((root.shadowed, root.home.as_str()), (false, "/root"));
        let bob = entry(before, "bob").unwrap();
        assert_eq!((bob.uid, bob.gid), (Some(1000), Some(1000)));
        assert!(entry(after, "root").unwrap().shadowed);
        assert_eq!(set_shadowed(before, "root").unwrap(), after);
        assert_eq!(set_shadowed(after, "root").unwrap(), after);
        assert!(set_shadowed(after, "amy").is_err());
    }
}
