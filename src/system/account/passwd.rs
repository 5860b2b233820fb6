//! `/etc/passwd`, passwd(5).

use super::edit::{AccountError, AccountFile};
use super::lines;

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
    /// The home directory.
    pub home: String,
}

/// The entry of `user`.
pub fn entry(bytes: &[u8], user: &str) -> Option<PasswdEntry> {
    let fields = lines::fields(bytes, user)?;
    let number = |n: usize| std::str::from_utf8(fields.get(n)?).ok()?.parse().ok();
    Some(PasswdEntry {
        shadowed: fields.get(1).is_some_and(|field| *field == b"x"),
        uid: number(2),
        gid: number(3),
        home: String::from_utf8_lossy(fields.get(5).copied().unwrap_or_default()).into_owned(),
    })
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
