//! What can be done with the entry of an account.

use super::Secret;

/// One entry of one account file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountChange {
    /// The password of an account, in `/etc/shadow` (shadow(5)).
    Password(PasswordChange),
    /// An account that becomes a member of a group, in `/etc/group` and, if it exists, `/etc/gshadow`.
    GroupMember {
        /// The group's name.
        group: String,
        /// The account's name.
        user: String,
    },
    /// An account that is removed from a group.
    NotGroupMember {
        /// The group's name.
        group: String,
        /// The account's name.
        user: String,
    },
}

/// A new password for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordChange {
    /// The account's name.
    pub user: String,
    /// The password's hash as crypt(5) has it; `None` keeps the one that is there.
    pub hash: Option<Secret>,
    /// The day of the last change, in days since 1970-01-01; 0 asks for a new password at the next login; `None`, an
    /// empty field, where the day is not known: the password then doesn't age.
    pub last_change: Option<u32>,
    /// Whether the account's expiry date is cleared.
    pub clear_expiry: bool,
}
