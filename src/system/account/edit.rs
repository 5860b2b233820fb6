//! Carries an [`AccountChange`] out on the bytes of the files it concerns.

use std::fmt;

use super::{group, passwd, shadow};
use crate::vocabulary::AccountChange;

/// One of the account files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountFile {
    /// `/etc/passwd`
    Passwd,
    /// `/etc/shadow`
    Shadow,
    /// `/etc/group`
    Group,
    /// `/etc/gshadow`
    Gshadow,
}

/// Why an account file can't be edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// There is no such account or group.
    #[error("there is no entry for `{name}` in {file}")]
    Missing {
        /// The file.
        file: AccountFile,
        /// The account or group.
        name: String,
    },
    /// The entry is not what the file's manual page says.
    #[error("the entry of `{name}` in {file} has {found} fields instead of {expected}: check the file with pwck(8)")]
    Shape {
        /// The file.
        file: AccountFile,
        /// The account or group.
        name: String,
        /// How many fields the entry has.
        found: usize,
        /// How many it has to have.
        expected: usize,
    },
    /// A new value would break the file's lines apart.
    #[error("a value for {file} contains a character that is not allowed there")]
    Field {
        /// The file.
        file: AccountFile,
    },
}

impl AccountFile {
    /// Where it is.
    pub fn path(self) -> &'static str {
        match self {
            Self::Passwd => "/etc/passwd",
            Self::Shadow => "/etc/shadow",
            Self::Group => "/etc/group",
            Self::Gshadow => "/etc/gshadow",
        }
    }

    /// Whether a machine may do without it.
    pub fn is_optional(self) -> bool {
        self == Self::Gshadow
    }
}

impl fmt::Display for AccountFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}

impl AccountError {
    pub(super) fn missing(file: AccountFile, name: &str) -> Self {
        Self::Missing {
            file,
            name: name.to_owned(),
        }
    }

    pub(super) fn shape(file: AccountFile, name: &str, found: usize) -> Self {
        let expected = match file {
            AccountFile::Passwd => 7,
            AccountFile::Shadow => 9,
            AccountFile::Group | AccountFile::Gshadow => 4,
        };
        Self::Shape {
            file,
            name: name.to_owned(),
            found,
            expected,
        }
    }
}

/// The files that a change concerns, in the order in which they are written: the shadow first, so that an account whose
/// password moves there has one at every moment.
pub fn files(change: &AccountChange) -> &'static [AccountFile] {
    match change {
        AccountChange::Password(_) => &[AccountFile::Shadow, AccountFile::Passwd],
        AccountChange::GroupMember { .. } | AccountChange::NotGroupMember { .. } => {
            &[AccountFile::Group, AccountFile::Gshadow]
        }
    }
}

/// The new content of `file` after the change; `bytes` is the current content.
///
/// # Errors
/// The account or group has no entry, or a damaged one.
pub fn apply(change: &AccountChange, file: AccountFile, bytes: &[u8]) -> Result<Vec<u8>, AccountError> {
    match (change, file) {
        (AccountChange::Password(password), AccountFile::Shadow) => {
            let update = shadow::ShadowUpdate {
                hash: password.hash.as_ref(),
                last_change: password.last_change,
                clear_expiry: password.clear_expiry,
            };
            shadow::update(bytes, &password.user, update)
        }
        (AccountChange::Password(password), AccountFile::Passwd) => passwd::set_shadowed(bytes, &password.user),
        (AccountChange::GroupMember { group, user }, AccountFile::Group) => group::add_member(bytes, file, group, user),
        // A group without a shadow entry is complete as it is.
        (AccountChange::GroupMember { group, user }, AccountFile::Gshadow)
            if group::has_member(bytes, group, user).is_some() =>
        {
            group::add_member(bytes, file, group, user)
        }
        (AccountChange::NotGroupMember { group, user }, AccountFile::Group | AccountFile::Gshadow) => {
            Ok(group::remove_member(bytes, group, user))
        }
        _ => Ok(bytes.to_vec()),
    }
}

/// Whether the change has nothing to do in `file`.
pub fn holds(change: &AccountChange, file: AccountFile, bytes: &[u8]) -> bool {
    apply(change, file, bytes).is_ok_and(|after| after == bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::PasswordChange;
    use crate::vocabulary::Secret;

    fn run(change: &AccountChange, before: &[&[u8]]) -> Vec<String> {
        let pairs = files(change).iter().zip(before);
        pairs
            .map(|(file, bytes)| {
                let after = apply(change, *file, bytes).unwrap();
                assert!(holds(change, *file, &after), "{file} does not hold after the change");
                assert_eq!(holds(change, *file, bytes), after == *bytes);
                String::from_utf8(after).unwrap()
            })
            .collect()
    }

    #[test]
    fn a_password_moves_to_the_shadow() {
        let change = AccountChange::Password(PasswordChange {
            user: "root".to_owned(),
            hash: Some(Secret::new("$6$s$h")),
            last_change: Some(20000),
            clear_expiry: true,
        });
        let after = run(&change, &[b"bin:*:::::::\n", b"root::0:0::/root:/bin/sh\n"]);
        assert_eq!(
            after,
            ["bin:*:::::::\nroot:$6$s$h:20000::::::\n", "root:x:0:0::/root:/bin/sh\n"]
        );
        assert!(apply(&change, AccountFile::Passwd, b"bin:x:1:1::/:/bin/false\n").is_err());
        assert!(!holds(&change, AccountFile::Passwd, b""));
        assert!(!format!("{change:?}").contains("$6$s$h"));
    }

    #[test]
    fn a_member_is_added_to_both_files_where_there_are_both() {
        let change = AccountChange::GroupMember {
            group: "docker".to_owned(),
            user: "core".to_owned(),
        };
        assert_eq!(
            run(&change, &[b"docker:x:9:\n", b"docker:!::\n"]),
            ["docker:x:9:core\n", "docker:!::core\n"]
        );
        assert_eq!(
            run(&change, &[b"docker:x:9:\n", b"root:*::\n"]),
            ["docker:x:9:core\n", "root:*::\n"]
        );
        assert!(apply(&change, AccountFile::Group, b"root:x:0:\n").is_err());
        let back = AccountChange::NotGroupMember {
            group: "docker".to_owned(),
            user: "core".to_owned(),
        };
        assert_eq!(
            run(&back, &[b"docker:x:9:bob,core\n", b"docker:!::core\n"]),
            ["docker:x:9:bob\n", "docker:!::\n"]
        );
    }
}
