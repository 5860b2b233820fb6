//! Whether what a unit needs is already done.

use crate::module::{UnitAction, UnitChange};
use crate::system::systemd::{
    InstallError, InstallLink, UnitFileState, disable_links, enable_links, mask_links, unit_file_state, unmask_links,
};
use crate::system::{Machine, ReadError};

/// Whether the machine is already as the change wants it. What enabling and masking mean is read from the files, so it
/// needs no bus; whether a unit runs is known of those units only that were asked about before planning.
///
/// Restarting and reloading never hold. A change that can't be made doesn't hold either: making it tells why.
///
/// # Errors
/// A file that has to be looked at can't be read.
pub fn holds(change: &UnitChange, machine: &Machine<'_>) -> Result<bool, ReadError> {
    let (root, unit) = (machine.root(), change.unit.as_str());
    match change.action {
        UnitAction::Enable => match enable_links(root, unit) {
            // Only systemd itself knows these links; it says whether they are there.
            Err(InstallError::Unexpandable { .. }) => Ok(unit_file_state(root, unit)? == Some(UnitFileState::Enabled)),
            links => nothing_to_do(links),
        },
        UnitAction::Disable => nothing_to_do(disable_links(root, unit)),
        UnitAction::Mask => nothing_to_do(mask_links(root, unit)),
        UnitAction::Unmask => nothing_to_do(unmask_links(root, unit)),
        UnitAction::Start => Ok(machine.unit(unit).is_some_and(|unit| unit.runs())),
        UnitAction::Stop => Ok(machine.unit(unit).is_some_and(|unit| !unit.runs_or_will())),
        UnitAction::Restart | UnitAction::Reload => Ok(false),
    }
}

fn nothing_to_do(links: Result<Vec<InstallLink>, InstallError>) -> Result<bool, ReadError> {
    match links {
        Ok(links) => Ok(links.is_empty()),
        Err(InstallError::Read(error)) => Err(error),
        Err(_) => Ok(false),
    }
}
