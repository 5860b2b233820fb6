//! How a change is undone, with one type per kind: the records of a journal.

use serde::{Deserialize, Serialize};

/// How a change is undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Undo {
    /// A directory entry is restored.
    Path(PathUndo),
    /// One entry of an account file is restored.
    AccountEntry(AccountEntryUndo),
    /// A copy of a file is removed.
    Copy(CopyUndo),
    /// The kernel's host name is restored.
    Hostname(HostnameUndo),
    /// A kernel parameter is restored.
    KernelParameter(KernelParameterUndo),
    /// A unit is started or stopped again.
    UnitActive(UnitActiveUndo),
    /// The ledger forgets that something was done.
    Ledger(LedgerUndo),
    /// It can't be undone.
    Impossible(ImpossibleUndo),
}

impl Undo {
    /// Restores what was at `path`.
    pub fn of_path(path: impl Into<String>, before: Before) -> Self {
        let path = path.into();
        Self::Path(PathUndo { path, before })
    }

    /// What it restores; `None` if it restores nothing.
    fn key(&self) -> Option<String> {
        match self {
            Self::Path(undo) => Some(format!("path {}", undo.path)),
            Self::AccountEntry(undo) => Some(format!("entry {} {}", undo.path, undo.name)),
            Self::Copy(undo) => Some(format!("path {}", undo.path)),
            Self::Hostname(_) => Some("hostname".to_owned()),
            Self::KernelParameter(undo) => Some(format!("parameter {}", undo.name)),
            Self::UnitActive(undo) => Some(format!("active {}", undo.unit)),
            Self::Ledger(undo) => Some(format!("once {}", undo.key)),
            Self::Impossible(_) => None,
        }
    }

    /// Whether `newer` must be undone first: both restore the same item, or this restores the directory that contains
    /// it.
    pub fn waits_for(&self, newer: &Self) -> bool {
        let (Some(key), Some(newer)) = (self.key(), newer.key()) else {
            return false;
        };
        let rest = newer.strip_prefix(key.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The unit that is started or stopped again, if that is what it does.
    pub fn unit_active(&self) -> Option<&UnitActiveUndo> {
        match self {
            Self::UnitActive(undo) => Some(undo),
            Self::Path(_)
            | Self::AccountEntry(_)
            | Self::Copy(_)
            | Self::Hostname(_)
            | Self::KernelParameter(_)
            | Self::Ledger(_)
            | Self::Impossible(_) => None,
        }
    }

    /// The file or directory that it is about, if it is about one.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Path(undo) => Some(&undo.path),
            Self::AccountEntry(undo) => Some(&undo.path),
            Self::Copy(undo) => Some(&undo.path),
            Self::Hostname(_)
            | Self::KernelParameter(_)
            | Self::UnitActive(_)
            | Self::Ledger(_)
            | Self::Impossible(_) => None,
        }
    }
}

/// A directory entry is restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathUndo {
    /// The entry.
    pub path: String,
    /// What was there.
    pub before: Before,
}

/// One entry of an account file is restored; the other entries stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountEntryUndo {
    /// The file.
    pub path: String,
    /// The entry's first field.
    pub name: String,
    /// The entry's earlier line; `None` if there was none. It is in an image because it may hold a hash.
    pub image: Option<String>,
}

/// A copy of a file is removed, unless somebody has edited it since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyUndo {
    /// Where the copy is.
    pub path: String,
    /// SHA-256 of its content, hexadecimal.
    pub digest: String,
}

/// The kernel's host name is restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostnameUndo {
    /// The name as it was.
    pub before: String,
}

/// A kernel parameter is restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelParameterUndo {
    /// Its name, with dots.
    pub name: String,
    /// The value as it was.
    pub before: String,
}

/// A unit is started or stopped again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitActiveUndo {
    /// The unit.
    pub unit: String,
    /// Whether it ran.
    pub active: bool,
}

/// The ledger forgets that something was done once for an instance: the next run does it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerUndo {
    /// The name in the ledger.
    pub key: String,
}

/// What can't be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImpossibleUndo {
    /// What was done.
    pub what: String,
}

/// What was at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Before {
    /// Nothing.
    Absent,
    /// A file.
    File {
        /// The name of its image in the generation's `before/`.
        image: String,
        /// Its permission bits.
        mode: u32,
        /// Its owner and group.
        owner: (u32, u32),
    },
    /// A directory.
    Directory {
        /// Its permission bits.
        mode: u32,
        /// Its owner and group.
        owner: (u32, u32),
    },
    /// A symbolic link.
    Symlink {
        /// What it pointed to.
        target: String,
    },
}
