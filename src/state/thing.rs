//! The items of the inventory, with one type per kind: what a document asked for, and what was there before.

use serde::{Deserialize, Serialize};

use super::contents::digest;
use crate::system::{Kind, ReadError, Root};
use crate::vocabulary::{Dirty, KernelChange, Share, UnitAction};

/// One thing that a document asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The module that asked for it last.
    pub module: String,
    /// The generation that configured it.
    pub generation: u32,
    /// What it is.
    #[serde(flatten)]
    pub thing: Thing,
}

/// An item that a document configured, and what was there before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Thing {
    /// A file, a directory, a link, or its absence.
    Path(PathItem),
    /// Whether a unit is enabled or masked.
    UnitFile(UnitFileItem),
    /// Whether a unit runs.
    UnitActive(UnitActiveItem),
    /// An account.
    Account(AccountItem),
    /// A group.
    Group(GroupItem),
    /// A home directory.
    Home(HomeItem),
    /// Whether an account is a member of a group.
    Member(MemberItem),
    /// An account's password.
    Password(PasswordItem),
    /// The kernel's host name.
    Hostname(HostnameItem),
    /// A kernel module or parameter. There is no earlier value: after the next boot it is as the files say.
    Kernel(KernelChange),
}

impl Thing {
    /// Its unique key: `path /etc/hosts`, `enabled docker.service`, `member docker core`.
    pub fn key(&self) -> String {
        match self {
            Self::Path(item) => format!("path {}", item.path),
            Self::UnitFile(item) => match item.action {
                UnitAction::Mask | UnitAction::Unmask => format!("masked {}", item.unit),
                _ => format!("enabled {}", item.unit),
            },
            Self::UnitActive(item) => format!("active {}", item.unit),
            Self::Account(item) => format!("account {}", item.name),
            Self::Group(item) => format!("group {}", item.name),
            Self::Home(item) => format!("home {}", item.path),
            Self::Member(item) => format!("member {} {}", item.group, item.user),
            Self::Password(item) => format!("password {}", item.user),
            Self::Hostname(_) => "hostname".to_owned(),
            Self::Kernel(wanted) => wanted.key(),
        }
    }

    /// Whether the unit runs, if it is about that.
    pub fn runs(&self) -> Option<&UnitActiveItem> {
        match self {
            Self::UnitActive(item) => Some(item),
            Self::Path(_)
            | Self::UnitFile(_)
            | Self::Account(_)
            | Self::Group(_)
            | Self::Home(_)
            | Self::Member(_)
            | Self::Password(_)
            | Self::Hostname(_)
            | Self::Kernel(_) => None,
        }
    }

    /// The account that was created, if it is one.
    pub fn created_account(&self) -> Option<&str> {
        match self {
            Self::Account(item) if item.before.is_none() => Some(&item.name),
            Self::Account(_)
            | Self::Path(_)
            | Self::UnitFile(_)
            | Self::UnitActive(_)
            | Self::Group(_)
            | Self::Home(_)
            | Self::Member(_)
            | Self::Password(_)
            | Self::Hostname(_)
            | Self::Kernel(_) => None,
        }
    }

    /// The account that it belongs to, if it is a membership or a password.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Member(item) => Some(&item.user),
            Self::Password(item) => Some(&item.user),
            Self::Path(_)
            | Self::UnitFile(_)
            | Self::UnitActive(_)
            | Self::Account(_)
            | Self::Group(_)
            | Self::Home(_)
            | Self::Hostname(_)
            | Self::Kernel(_) => None,
        }
    }

    /// The directory entry, if it is one.
    pub fn path(&self) -> Option<&PathItem> {
        match self {
            Self::Path(item) => Some(item),
            Self::UnitFile(_)
            | Self::UnitActive(_)
            | Self::Account(_)
            | Self::Group(_)
            | Self::Home(_)
            | Self::Member(_)
            | Self::Password(_)
            | Self::Hostname(_)
            | Self::Kernel(_) => None,
        }
    }
}

/// A directory entry with what was there before, and what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathItem {
    /// Its path.
    pub path: String,
    /// What was there before firstlight first touched it.
    pub before: PathState,
    /// What was written.
    pub written: PathState,
    /// How much of it is firstlight's.
    pub share: Share,
    /// It holds a secret: its content is not kept.
    pub secret: bool,
    /// It stays when the document no longer asks for it.
    pub lasting: bool,
    /// What must be notified when it changes.
    pub dirties: Vec<Dirty>,
}

/// A link below `/etc/systemd/system`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkItem {
    /// Its path.
    pub path: String,
    /// Its earlier target; `None` if there was no link.
    pub before: Option<String>,
    /// Its new target; `None` if it was removed.
    pub written: Option<String>,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PathState {
    /// Nothing.
    Absent,
    /// A file.
    File {
        /// SHA-256 of its content, hexadecimal.
        digest: String,
        /// The permission bits.
        mode: u32,
        /// Owner and group.
        owner: (u32, u32),
    },
    /// A directory.
    Directory {
        /// The permission bits.
        mode: u32,
        /// Owner and group.
        owner: (u32, u32),
    },
    /// A symbolic link.
    Symlink {
        /// What it points to, as written in the link.
        target: String,
    },
    /// A device, a socket or a pipe.
    Other,
}

impl PathState {
    /// What is at `path` now, and its content where it is a file.
    ///
    /// # Errors
    /// It can't be read.
    pub fn look(root: &Root, path: &str) -> Result<(Self, Option<Vec<u8>>), ReadError> {
        let Some(there) = root.metadata(path)? else {
            return Ok((Self::Absent, None));
        };
        let (mode, owner) = (there.mode, (there.uid, there.gid));
        Ok(match there.kind {
            Kind::Directory => (Self::Directory { mode, owner }, None),
            Kind::Symlink => {
                let target = root.read_link(path)?.unwrap_or_default();
                (Self::Symlink { target }, None)
            }
            Kind::Other => (Self::Other, None),
            Kind::File => {
                let bytes = root.read(path)?.unwrap_or_default();
                let digest = digest(&bytes);
                (Self::File { digest, mode, owner }, Some(bytes))
            }
        })
    }

    /// The permission bits, and owner and group, of a file or a directory.
    pub fn metadata(&self) -> Option<(u32, (u32, u32))> {
        match self {
            Self::File { mode, owner, .. } | Self::Directory { mode, owner } => Some((*mode, *owner)),
            _ => None,
        }
    }

    /// The digest of its content, where it is a file.
    pub fn digest(&self) -> Option<&str> {
        match self {
            Self::File { digest, .. } => Some(digest),
            _ => None,
        }
    }
}

/// The file state of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitFileItem {
    /// The unit's full name.
    pub unit: String,
    /// What was asked of it.
    pub action: UnitAction,
    /// The links that were made or removed for it.
    pub links: Vec<LinkItem>,
}

/// Whether a unit runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitActiveItem {
    /// The unit's full name.
    pub unit: String,
    /// Whether it ran before.
    pub before: bool,
    /// Whether it was asked to run.
    pub written: bool,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountItem {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Its comment and its shell, where the document says what they are.
    pub written: AccountTexts,
    /// What they were before; `None` if there was no such account.
    pub before: Option<AccountTexts>,
}

/// The texts of an account's entry in `/etc/passwd` that can change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountTexts {
    /// The comment, usually the person's full name.
    pub gecos: Option<String>,
    /// The login shell.
    pub shell: Option<String>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupItem {
    /// Its name.
    pub name: String,
    /// Whether there was such a group before.
    pub before: bool,
}

/// A home directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeItem {
    /// Its path.
    pub path: String,
}

/// An account in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberItem {
    /// The group's name.
    pub group: String,
    /// The account's name.
    pub user: String,
    /// Whether it was one before.
    pub before: bool,
}

/// An account's password. There is no earlier value, because an earlier password is never restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordItem {
    /// The account's name.
    pub user: String,
    /// SHA-256 of the hash in the shadow entry; `None` where the document left the password alone.
    pub digest: Option<String>,
    /// Whether it must be changed at the next login.
    pub expired: bool,
}

/// The kernel's host name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostnameItem {
    /// The name.
    pub name: String,
}
