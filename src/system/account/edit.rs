//! Carries an [`AccountChange`] out on the bytes of the files it concerns.

use std::fmt;

use super::{group, passwd, restore, shadow, subordinate};
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
    /// `/etc/subuid`
    Subuid,
    /// `/etc/subgid`
    Subgid,
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
            Self::Subuid => "/etc/subuid",
            Self::Subgid => "/etc/subgid",
        }
    }

    /// Whether a machine may do without it.
    pub fn is_optional(self) -> bool {
        matches!(self, Self::Gshadow | Self::Subuid | Self::Subgid)
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
            AccountFile::Subuid | AccountFile::Subgid => 3,
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
/// password moves there has one at every moment, and a new one isn't there before all else of it is.
pub fn files(change: &AccountChange) -> &'static [AccountFile] {
    match change {
        AccountChange::User(_) => &[
            AccountFile::Subuid,
            AccountFile::Subgid,
            AccountFile::Shadow,
            AccountFile::Passwd,
        ],
        AccountChange::NoUser { .. } => &[
            AccountFile::Passwd,
            AccountFile::Shadow,
            AccountFile::Subuid,
            AccountFile::Subgid,
        ],
        AccountChange::Group { .. } => &[AccountFile::Gshadow, AccountFile::Group],
        AccountChange::NoGroup { .. } => &[AccountFile::Group, AccountFile::Gshadow],
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
        (AccountChange::User(user), AccountFile::Passwd) => passwd::ensure(bytes, user),
        (AccountChange::User(user), AccountFile::Shadow) => shadow::ensure(bytes, user),
        (AccountChange::User(user), AccountFile::Subuid | AccountFile::Subgid) => {
            Ok(subordinate::ensure(bytes, file, user))
        }
        (AccountChange::NoUser { name } | AccountChange::NoGroup { name }, _) => {
            Ok(restore::with_line(bytes, name, None))
        }
        (AccountChange::Group { name, gid, .. }, AccountFile::Group) => Ok(group::ensure(bytes, file, name, *gid)),
        (
            AccountChange::Group {
                name,
                gid,
                is_new: true,
            },
            AccountFile::Gshadow,
        ) => Ok(group::ensure(bytes, file, name, *gid)),
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
    use crate::vocabulary::{Aging, PasswordChange, Secret, Subordinate, UserAccount};

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

    fn bob() -> UserAccount {
        UserAccount {
            name: "bob".to_owned(),
            uid: 1000,
            gid: 100,
            home: "/home/bob".to_owned(),
            gecos: Some("Bob".to_owned()),
            shell: Some("/bin/sh".to_owned()),
            expires: None,
            inactive: Some(5),
            today: Some(20_500),
            aging: Aging {
                min: Some(0),
                max: Some(99_999),
                warn: Some(7),
            },
            subordinate: Some(Subordinate {
                uid: 100_000,
                gid: 200_000,
                count: 65_536,
            }),
        }
    }

    #[test]
    fn a_new_account_is_locked_until_it_has_a_password() {
        let create = AccountChange::User(Box::new(bob()));
        let before: [&[u8]; 4] = [b"", b"amy:1:2\n", b"root:*:::::::\n+::", b"root:x:0:0::/root:/bin/sh"];
        let after = run(&create, &before);
        assert_eq!(
            after,
            [
                "bob:100000:65536\n",
                "amy:1:2\nbob:200000:65536\n",
                "root:*:::::::\nbob:!:20500:0:99999:7:5::\n+::",
                "root:x:0:0::/root:/bin/sh\nbob:x:1000:100:Bob:/home/bob:/bin/sh\n",
            ]
        );
        let gone = AccountChange::NoUser { name: "bob".to_owned() };
        let as_bytes = |at: usize| after[at].as_bytes();
        let taken_out = run(&gone, &[as_bytes(3), as_bytes(2), as_bytes(0), as_bytes(1)]);
        assert_eq!(
            taken_out,
            ["root:x:0:0::/root:/bin/sh\n", "root:*:::::::\n+::", "", "amy:1:2\n"]
        );
    }

    #[test]
    fn an_account_that_exists_keeps_its_number_home_and_password() {
        let change = AccountChange::User(Box::new(bob()));
        let after = run(
            &change,
            &[
                b"bob:7:8\n",
                b"",
                b"bob:$6$x:1:2:3:4:::\n",
                b"bob:x:7:8:B:/srv/bob:/bin/zsh\n",
            ],
        );
        assert_eq!(
            after,
            [
                "bob:7:8\n",
                "bob:200000:65536\n",
                "bob:$6$x:1:2:3:4:5::\n",
                "bob:x:7:8:Bob:/srv/bob:/bin/sh\n"
            ]
        );
        let nothing = UserAccount {
            gecos: None,
            shell: None,
            inactive: None,
            expires: Some(3),
            subordinate: None,
            ..bob()
        };
        let after = run(
            &AccountChange::User(Box::new(nothing)),
            &[b"", b"", b"bob:!:1::::2::\n", b"bob:x:7:8:B:/srv/bob:/bin/zsh\n"],
        );
        assert_eq!(after, ["", "", "bob:!:1::::2:3:\n", "bob:x:7:8:B:/srv/bob:/bin/zsh\n"]);
    }

    #[test]
    fn what_would_break_a_line_apart_is_refused() {
        for text in ["a:b", "a\nroot2::0:0::/:", "a\0"] {
            let evil = |change: fn(&mut UserAccount, String)| {
                let mut user = bob();
                change(&mut user, text.to_owned());
                apply(&AccountChange::User(Box::new(user)), AccountFile::Passwd, b"")
            };
            assert!(evil(|user, text| user.gecos = Some(text)).is_err());
            assert!(evil(|user, text| user.shell = Some(text)).is_err());
            assert!(evil(|user, text| user.home = text).is_err());
            assert!(evil(|user, text| user.name = text).is_err());
        }
    }

    #[test]
    fn a_group_that_exists_keeps_its_number() {
        let create = |name: &str| AccountChange::Group {
            name: name.to_owned(),
            gid: 1001,
            is_new: true,
        };
        assert_eq!(
            run(&create("ops"), &[b"root:*::\n", b"root:x:0:\n"]),
            ["root:*::\nops:!::\n", "root:x:0:\nops:x:1001:\n"]
        );
        assert_eq!(
            run(&create("ops"), &[b"ops:!::\n", b"ops:x:7:a\n"]),
            ["ops:!::\n", "ops:x:7:a\n"]
        );
        let known = AccountChange::Group {
            name: "ops".to_owned(),
            gid: 7,
            is_new: false,
        };
        assert_eq!(run(&known, &[b"", b"ops:x:7:a\n"]), ["", "ops:x:7:a\n"]);
        let gone = AccountChange::NoGroup { name: "ops".to_owned() };
        assert_eq!(run(&gone, &[b"ops:x:7:a\nb:x:1:\n", b"ops:!::\n"]), ["b:x:1:\n", ""]);
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
