//! Whether a change already holds: what makes a second `apply` plan nothing.

use crate::module::{AccountChange, Change, FileChange, UnitAction, services};
use crate::system::{Kind, Machine, Metadata, ReadError, account, write};

/// Whether the machine already is as `change` wants it.
///
/// # Errors
/// What it is about can't be read.
pub fn holds(change: &Change, machine: &Machine<'_>) -> Result<bool, ReadError> {
    let root = machine.root();
    match change {
        Change::File(file) => file_holds(file, machine),
        Change::Directory(directory) => {
            let there = root.metadata(&directory.path)?;
            Ok(there.is_some_and(|m| m.kind == Kind::Directory && is_like(&m, directory.mode, directory.owner)))
        }
        Change::RemoveDirectory(path) => Ok(root.metadata(path)?.is_none()),
        Change::Symlink(link) => match &link.target {
            Some(target) => Ok(root.read_link(&link.path)?.as_ref() == Some(target)),
            None => Ok(root.metadata(&link.path)?.is_none()),
        },
        Change::Account(change) => account_holds(change, machine),
        // Without a running kernel there is no name to set: the file is what the next boot reads.
        Change::Hostname(name) => Ok(machine.live().is_none_or(|live| live.hostname == *name)),
        Change::Unit(unit) => match (unit.action, machine.live()) {
            // Nothing runs under a root that is not booted, and what is enabled there starts with the boot.
            (UnitAction::Start | UnitAction::Stop | UnitAction::Restart | UnitAction::Reload, None) => Ok(true),
            _ => services::holds(unit, machine),
        },
        Change::NetworkReload => Ok(machine.live().is_none()),
        Change::Command(_) => Ok(false),
    }
}

fn file_holds(file: &FileChange, machine: &Machine<'_>) -> Result<bool, ReadError> {
    let root = machine.root();
    let there = root.metadata(&file.path)?;
    let Some(content) = &file.content else {
        return Ok(there.is_none());
    };
    let alike = there.is_some_and(|m| m.kind == Kind::File && is_like(&m, content.mode, content.owner));
    Ok(alike && root.read(&file.path)?.is_some_and(|bytes| bytes == content.bytes))
}

/// Owners count only for who can set them.
pub(super) fn is_like(metadata: &Metadata, mode: u32, owner: (u32, u32)) -> bool {
    metadata.mode == mode && (!write::may_own() || (metadata.uid, metadata.gid) == owner)
}

fn account_holds(change: &AccountChange, machine: &Machine<'_>) -> Result<bool, ReadError> {
    for file in account::files(change) {
        match machine.root().read(file.path())? {
            Some(bytes) if account::holds(change, *file, &bytes) => {}
            None if file.is_optional() => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}
