//! What can be done with the entry of an account.

use super::Secret;

/// One entry of the account files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountChange {
    /// An account that exists, in `/etc/passwd` (passwd(5)) and `/etc/shadow`.
    User(Box<UserAccount>),
    /// An account that doesn't exist. Its home directory stays.
    NoUser {
        /// The account's name.
        name: String,
    },
    /// A group that exists, in `/etc/group` (group(5)) and, if it exists, `/etc/gshadow`.
    Group {
        /// The group's name.
        name: String,
        /// Its number. A group that exists keeps its own.
        gid: u32,
        /// It didn't exist when this was planned: it gets an entry in `/etc/gshadow`. One that exists without is complete.
        is_new: bool,
    },
    /// A group that doesn't exist.
    NoGroup {
        /// The group's name.
        name: String,
    },
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

/// An account as it has to be. What is only for a new one doesn't change one that exists: its files belong to its number,
/// and are in its home directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserAccount {
    /// Its name.
    pub name: String,
    /// Its number. Only for a new account.
    pub uid: u32,
    /// The number of its primary group. Only for a new account.
    pub gid: u32,
    /// Its home directory. Only for a new account.
    pub home: String,
    /// The comment, usually the person's full name; `None` keeps the one that is there.
    pub gecos: Option<String>,
    /// The login shell; `None` keeps the one that is there.
    pub shell: Option<String>,
    /// The day on which the account expires, in days since 1970-01-01; `None` keeps the one that is there.
    pub expires: Option<u32>,
    /// How many days after its expiry a password is still accepted; `None` keeps the number that is there.
    pub inactive: Option<u32>,
    /// The day of the last change of a new account's password: today, in days since 1970-01-01; `None`: not known.
    pub today: Option<u32>,
    /// How long a new account's passwords last.
    pub aging: Aging,
    /// The numbers that a new account may use in user namespaces, in `/etc/subuid` and `/etc/subgid` (subuid(5)).
    pub subordinate: Option<Subordinate>,
}

/// How long passwords last, in days, as login.defs(5) has it for new accounts; `None` is an empty field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Aging {
    /// `PASS_MIN_DAYS`
    pub min: Option<u32>,
    /// `PASS_MAX_DAYS`
    pub max: Option<u32>,
    /// `PASS_WARN_AGE`
    pub warn: Option<u32>,
}

/// Ranges of subordinate numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subordinate {
    /// The first subordinate user number.
    pub uid: u32,
    /// The first subordinate group number.
    pub gid: u32,
    /// How many there are of each.
    pub count: u32,
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

/// A password that is made on the machine, once for an instance, and shown on its console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RandomPassword {
    /// The account's name.
    pub user: String,
    /// Whether it must be changed at the next login.
    pub expire: bool,
    /// The day of the change where it needn't, in days since 1970-01-01; `None` where the clock is not to be believed.
    pub today: Option<u32>,
}

impl RandomPassword {
    /// Its name in the ledger.
    pub fn name(&self) -> String {
        format!("password-{}", self.user)
    }
}
