//! Takes what a module declares into the machine as it is imagined, so that the next module plans on it.

use crate::module::{AccountChange, Change, FileChange};
use crate::system::{Imagined, Kind, ReadError, Root, account};

/// Thinks of the machine's files as `change` makes them. What can't be done is not thought of: it fails when it is done, with
/// its own words.
pub(super) fn imagine(files: &mut Root, change: &Change) -> Result<(), ReadError> {
    match change {
        Change::File(file) => files.imagine(&file.path, imagined_file(file)),
        Change::Directory(directory) => {
            let (mode, owner) = (directory.mode, directory.owner);
            files.imagine(&directory.path, Some(Imagined::Directory { mode, owner }))
        }
        Change::RemoveDirectory(path) => files.imagine(path, None),
        Change::Symlink(link) => {
            let target = link.target.clone();
            files.imagine(&link.path, target.map(|target| Imagined::Symlink { target }))
        }
        Change::Account(change) => imagine_account(files, change),
        // What runs, and what starts with the boot, modules learn of each other from the document.
        Change::Hostname(_) | Change::Unit(_) | Change::NetworkReload | Change::Command(_) => Ok(()),
    }
}

fn imagined_file(file: &FileChange) -> Option<Imagined> {
    file.content.as_ref().map(|content| Imagined::File {
        bytes: content.bytes.as_slice().into(),
        mode: content.mode,
        owner: content.owner,
    })
}

fn imagine_account(files: &mut Root, change: &AccountChange) -> Result<(), ReadError> {
    for file in account::files(change) {
        let Some(there) = files
            .metadata_followed(file.path())?
            .filter(|there| there.kind == Kind::File)
        else {
            continue;
        };
        let before = files.read(file.path())?.unwrap_or_default();
        let Ok(after) = account::apply(change, *file, &before) else {
            continue;
        };
        let entry = Imagined::File {
            bytes: after.into(),
            mode: there.mode,
            owner: (there.uid, there.gid),
        };
        files.imagine(file.path(), Some(entry))?;
    }
    Ok(())
}
