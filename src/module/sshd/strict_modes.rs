//! sshd's `StrictModes`: it takes no keys from a file that others than the account could have put there.

use super::access::Obstacle;
use super::account::Account;
use crate::system::write::parent_of;
use crate::system::{Machine, Metadata, ReadError};

/// The first directory on the way to `file` that sshd would refuse, as `safe_path` of OpenSSH looks: from the file
/// upwards, to the home directory or to `/`. The file itself is ours, and so is `.ssh`.
///
/// # Errors
/// A directory can't be looked at.
pub fn obstacle(file: &str, account: &Account, machine: &Machine<'_>) -> Result<Option<Obstacle>, ReadError> {
    let mut directory = parent_of(file);
    if directory == format!("{}/.ssh", account.home) {
        directory = parent_of(directory);
    }
    loop {
        if let Some(there) = machine.metadata(directory)?
            && let Some(why) = refused(&there, account, machine.live().is_some())
        {
            return Ok(Some(Obstacle {
                what: format!("{directory} on the way to {file} {why} (StrictModes)"),
                remedy: format!("`chown root {directory}; chmod go-w {directory}`"),
                always: true,
                asked: None,
            }));
        }
        if directory == account.home || directory == "/" {
            return Ok(None);
        }
        directory = parent_of(directory);
    }
}

/// Of a tree, owners tell who unpacked it.
fn refused(there: &Metadata, account: &Account, is_live: bool) -> Option<String> {
    match there {
        Metadata { uid, .. } if is_live && *uid != 0 && *uid != account.uid => {
            Some(format!("belongs to account number {uid}"))
        }
        Metadata { mode, .. } if mode & 0o022 != 0 => Some(format!("can be written by others (mode {mode:04o})")),
        _ => None,
    }
}
