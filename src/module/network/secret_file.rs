//! Files that hold a key: for networkd alone, which reads them as a user of its own.

use crate::module::{FileChange, PlanError};
use crate::system::{Machine, ReadError};

/// The group as which networkd reads its files.
const GROUP: &str = "systemd-network";

/// The file as one that only root and networkd may read, and that no plan shows. `place` says where the document has it.
///
/// # Errors
/// The machine has no such group.
pub fn for_networkd(mut change: FileChange, place: &[&str], machine: &Machine<'_>) -> Result<FileChange, PlanError> {
    let group = group(machine)?.ok_or_else(|| {
        let name = change.path.rsplit('/').next().unwrap_or_default();
        let message = format!(
            "{name} holds a secret, but this machine has no group {GROUP} to own it: networkd couldn't read it"
        );
        let hint =
            "put the key into a file of its own and name that file: PrivateKeyFile=, PresharedKeyFile=, KeyFile=";
        PlanError::at(place, message).hint(hint)
    })?;
    if let Some(content) = &mut change.content {
        (content.mode, content.owner) = (0o640, (0, group));
    }
    Ok(change.secret())
}

/// The number of networkd's group.
fn group(machine: &Machine<'_>) -> Result<Option<u32>, ReadError> {
    let groups = machine.read_text("/etc/group")?.unwrap_or_default();
    let fields = groups.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let mut numbers = fields.filter_map(|fields| match fields.as_slice() {
        [GROUP, _, number, ..] => number.parse().ok(),
        _ => None,
    });
    Ok(numbers.next())
}
