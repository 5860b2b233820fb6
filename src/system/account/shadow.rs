//! `/etc/shadow`, shadow(5): nine fields, days since 1970-01-01.

use super::edit::{AccountError, AccountFile};
use super::lines;
use crate::vocabulary::{Secret, UserAccount};

const HASH: usize = 1;
const LAST_CHANGE: usize = 2;
const MAX_AGE: usize = 4;
const INACTIVE: usize = 6;
const EXPIRY: usize = 7;
const FIELDS: usize = 9;

/// What an entry of `/etc/shadow` says that matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShadowEntry {
    /// The hash as crypt(5) has it, or what stands instead of one: `!`, `*`.
    pub hash: Secret,
    /// The day of the last change; `None`: there is no aging. 0, and here what is not a number too, means that the next
    /// login has to choose a new password.
    pub last_change: Option<u32>,
    /// After how many days a password has to be changed; `None`: never.
    pub max_age: Option<u32>,
}

/// The new values for an entry of `/etc/shadow`.
#[derive(Debug, Clone, Copy)]
pub struct ShadowUpdate<'a> {
    /// The hash; `None` keeps the one that is there.
    pub hash: Option<&'a Secret>,
    /// The day of the last change; `None`: an empty field, no aging.
    pub last_change: Option<u32>,
    /// Whether the day on which the account expires is removed.
    pub clear_expiry: bool,
}

/// The entry of `user`.
pub fn entry(bytes: &[u8], user: &str) -> Option<ShadowEntry> {
    let fields = lines::fields(bytes, user)?;
    let text = |n: usize| String::from_utf8_lossy(fields.get(n).copied().unwrap_or_default()).into_owned();
    let last_change = Some(text(LAST_CHANGE)).filter(|day| !day.is_empty());
    Some(ShadowEntry {
        hash: Secret::new(text(HASH)),
        last_change: last_change.map(|day| day.parse().unwrap_or(0)),
        max_age: text(MAX_AGE).parse().ok(),
    })
}

/// The same file with `update` in the entry of `user`; minimum and maximum age, warning and inactivity stay. An account
/// that has no entry yet gets one.
///
/// # Errors
/// The entry has not nine fields; the hash could not stand in the file; there is neither an entry nor a hash.
pub fn update(bytes: &[u8], user: &str, update: ShadowUpdate<'_>) -> Result<Vec<u8>, AccountError> {
    let day = update.last_change.map(|day| day.to_string()).unwrap_or_default();
    let hash = update.hash.map(|hash| hash.expose().as_bytes());
    if hash.is_some_and(|hash| hash.iter().any(|b| *b == b':' || b.is_ascii_control())) {
        return Err(AccountError::Field {
            file: AccountFile::Shadow,
        });
    }
    let Some(place) = lines::position(bytes, user) else {
        let hash = hash.ok_or_else(|| AccountError::missing(AccountFile::Shadow, user))?;
        let fields: [&[u8]; FIELDS] = [user.as_bytes(), hash, day.as_bytes(), b"", b"", b"", b"", b"", b""];
        return Ok(lines::insert(bytes, &fields));
    };
    let mut fields = lines::fields(bytes, user).unwrap_or_default();
    if fields.len() != FIELDS {
        return Err(AccountError::shape(AccountFile::Shadow, user, fields.len()));
    }
    let mut set = |n: usize, value| {
        if let Some(field) = fields.get_mut(n) {
            *field = value;
        }
    };
    if let Some(hash) = hash {
        set(HASH, hash);
    }
    set(LAST_CHANGE, day.as_bytes());
    if update.clear_expiry {
        set(EXPIRY, b"");
    }
    Ok(lines::replace(bytes, place, &fields))
}

/// The same file with an entry for this account: a new one is locked until it has a password; of one that exists, only
/// what the account says of expiry and inactivity changes.
///
/// # Errors
/// The entry has not nine fields.
pub fn ensure(bytes: &[u8], user: &UserAccount) -> Result<Vec<u8>, AccountError> {
    let days = |days: Option<u32>| days.map(|days| days.to_string()).unwrap_or_default();
    let (inactive, expires) = (days(user.inactive), days(user.expires));
    let Some(place) = lines::position(bytes, &user.name) else {
        let aging = [user.aging.min, user.aging.max, user.aging.warn].map(days);
        let [min, max, warn] = &aging;
        let today = days(user.today);
        let fields = [&user.name, "!", &today, min, max, warn, &inactive, &expires, ""].map(str::as_bytes);
        return Ok(lines::insert(bytes, &fields));
    };
    let mut fields = lines::fields(bytes, &user.name).unwrap_or_default();
    if fields.len() != FIELDS {
        return Err(AccountError::shape(AccountFile::Shadow, &user.name, fields.len()));
    }
    for (number, value) in [(INACTIVE, &inactive), (EXPIRY, &expires)] {
        if let Some(field) = fields.get_mut(number).filter(|_| !value.is_empty()) {
            *field = value.as_bytes();
        }
    }
    Ok(lines::replace(bytes, place, &fields))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(file: &[u8], hash: Option<&str>, last_change: Option<u32>, clear_expiry: bool) -> Vec<u8> {
        let hash = hash.map(Secret::new);
        let new = ShadowUpdate {
            hash: hash.as_ref(),
            last_change,
            clear_expiry,
        };
        update(file, "root", new).unwrap()
    }

    #[test]
    fn an_entry_is_read() {
        let root = entry(b"root:$6$a$b:0:0:90:7:::\n", "root").unwrap();
        assert_eq!(
            (root.hash.expose(), root.last_change, root.max_age),
            ("$6$a$b", Some(0), Some(90))
        );
        let root = entry(b"root:*:::::::", "root").unwrap();
        assert_eq!((root.hash.expose(), root.last_change, root.max_age), ("*", None, None));
        assert_eq!(entry(b"root:*:never:::::\n", "root").unwrap().last_change, Some(0));
        assert_eq!(entry(b"bob:*:::::::\n", "root"), None);
    }

    #[test]
    fn only_the_fields_that_are_meant_change() {
        // As Photon's OVA ships it: last change 0, which forces a change at the first login.
        let photon = b"root:$6$old:0:0:90:7:14:19000:flag\nbin:x:::::::\n";
        assert_eq!(
            set(photon, Some("$6$new"), Some(20500), true),
            b"root:$6$new:20500:0:90:7:14::flag\nbin:x:::::::\n"
        );
        assert_eq!(
            set(photon, None, Some(20500), false),
            b"root:$6$old:20500:0:90:7:14:19000:flag\nbin:x:::::::\n"
        );
        assert_eq!(
            set(photon, Some("$6$new"), None, true),
            b"root:$6$new::0:90:7:14::flag\nbin:x:::::::\n"
        );
        assert_eq!(set(b"root:!::::::1:", Some("h"), Some(0), true), b"root:h:0::::::");
    }

    #[test]
    fn an_account_without_an_entry_gets_one() {
        assert_eq!(
            set(b"bin:x:::::::\n+::::::::\n", Some("h"), Some(5), true),
            b"bin:x:::::::\nroot:h:5::::::\n+::::::::\n"
        );
        let nothing = ShadowUpdate {
            hash: None,
            last_change: Some(0),
            clear_expiry: false,
        };
        assert!(update(b"", "root", nothing).is_err());
    }

    #[test]
    fn a_damaged_entry_or_hash_is_refused_without_being_shown() {
        let hash = Secret::new("hunter2");
        fn new(hash: &Secret) -> ShadowUpdate<'_> {
            ShadowUpdate {
                hash: Some(hash),
                last_change: Some(1),
                clear_expiry: true,
            }
        }
        for damaged in [b"root:hunter2:1\n".as_slice(), b"root:hunter2:1:2:3:4:5:6:7:8\n"] {
            let error = update(damaged, "root", new(&hash)).unwrap_err().to_string();
            assert!(error.contains("/etc/shadow") && !error.contains("hunter2"), "{error}");
        }
        for bad in ["hunter2:0", "hunter2\nroot2:", "hunter2\0"].map(Secret::new) {
            let error = update(b"root:*:::::::\n", "root", new(&bad)).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(!format!("{:?}", entry(b"root:hunter2:::::::\n", "root")).contains("hunter2"));
    }

    proptest! {
        #[test]
        fn every_other_line_keeps_its_bytes(
            lines in proptest::collection::vec("(root2|bin|\\+|#| root|)[:a-z*!\\xff\r]{0,12}", 0..8),
            at in 0_usize..9,
            newline in any::<bool>(),
        ) {
            let at = at.min(lines.len());
            let build = |entry: &str| {
                let mut all = lines.clone();
                all.insert(at, entry.to_owned());
                let mut file = all.join("\n");
                if newline {
                    file.push('\n');
                }
                file.into_bytes()
            };
            let before = build("root:old:1:2:3:4:5:6:7");
            let after = set(&before, Some("new"), Some(9), true);
            prop_assert_eq!(&after, &build("root:new:9:2:3:4:5::7"));
            prop_assert_eq!(set(&after, Some("new"), Some(9), true), after);
        }
    }
}
