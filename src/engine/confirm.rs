//! The timer that undoes a generation unless somebody confirms it.
//!
//! systemd runs it, so it needs neither the session that applied the generation, nor firstlight, nor the network. It
//! ends with the boot; the next boot undoes unconfirmed generations before anything reads the files
//! (`agent::confirm::settle`).

use std::time::Duration;

use crate::state::Generation;
use crate::system::systemd::{BusError, TransientTimer};
use crate::system::{ReadError, Root, System};

/// The timer's name and its service's; one each, since one generation at a time can be unconfirmed.
const NAME: &str = "firstlight-revert";

/// Where systemd keeps units that are not made from files of the administrator's.
const TRANSIENT_DIRECTORY: &str = "/run/systemd/transient";

/// Why the timer could not be started. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ArmError {
    /// There is no systemd to run the timer.
    #[error("--confirm needs a running systemd to undo unconfirmed changes, but {0}; nothing was changed")]
    NoSystemd(&'static str),
    /// systemd refused.
    #[error("{0}; nothing was changed")]
    Bus(#[from] BusError),
    /// The executable that the timer would run.
    #[error("can't find the program that would undo unconfirmed changes ({0}); nothing was changed")]
    Executable(String),
}

/// Checks that a timer can be started, before anything is changed.
///
/// # Errors
/// It could not.
pub fn can_arm(system: &System) -> Result<(), ArmError> {
    match &system.bus {
        Some(_) => executable().map(|_| ()),
        None if system.live => Err(ArmError::NoSystemd("there is no system bus")),
        None => Err(ArmError::NoSystemd("a tree under --root is not running")),
    }
}

/// Starts the timer that undoes `generation` after this time.
///
/// # Errors
/// systemd refuses it.
pub async fn arm(system: &System, generation: &Generation, after: Duration) -> Result<(), ArmError> {
    can_arm(system)?;
    let Some(bus) = &system.bus else { return Ok(()) };
    let number = generation.number.to_string();
    let argv = [&executable()?, "rollback", "--unconfirmed", &number];
    let timer = TransientTimer {
        name: NAME,
        description: format!("Undo generation {number} of firstlight unless it is confirmed"),
        after,
        argv: argv.map(str::to_owned).into(),
    };
    Ok(bus.start_timer(&timer).await?)
}

/// Stops the timer. When that fails, it finds nothing to do later.
pub async fn disarm(system: &System) {
    let Some(bus) = &system.bus else { return };
    if let Err(error) = bus.stop_timer(NAME).await {
        tracing::warn!("{error}; the timer will find nothing to undo");
    }
}

/// Whether the timer or its service is active in this boot. Needs no bus, which does not exist early in the boot.
///
/// # Errors
/// `/run` can't be searched.
pub fn is_armed(root: &Root) -> Result<bool, ReadError> {
    root.exists(&format!("{TRANSIENT_DIRECTORY}/{}", TransientTimer::timer(NAME)))
}

/// The executable that runs now, by its path.
fn executable() -> Result<String, ArmError> {
    let path = std::env::current_exe().map_err(|error| ArmError::Executable(error.to_string()))?;
    // The kernel's own mark for a program whose file was removed or replaced since (proc_pid_exe(5)).
    match path.to_str() {
        Some(path) if path.ends_with(" (deleted)") => Err(ArmError::Executable(format!("{path} is the one that runs"))),
        Some(path) => Ok(path.to_owned()),
        None => Err(ArmError::Executable(format!("{} is not UTF-8", path.display()))),
    }
}
