//! Confirm or revert: what is unconfirmed, and who undoes it when.
//!
//! There are three ways to undo: the timer ([`revert`]); `firstlight rollback`; and any run that finds no timer for it
//! ([`settle`]), because the machine was rebooted or the run that applied it was interrupted before the timer started.

use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::document::Config;
use crate::engine::{RollbackError, Undone, confirm, recover, rollback, survey};
use crate::state::{Generation, Lock, LockError, Outcome, StateError, Store};
use crate::system::clock::BootTime;
use crate::system::{ReadError, Root, System};

/// How long the timer's program waits for another firstlight to end. A run that takes longer, or was stopped with Ctrl-Z,
/// must not keep a machine out of reach: it is killed then, as it could be at any time.
const LOCK_PATIENCE: Duration = Duration::from_secs(30);

/// How long a killed process may take to be gone.
const KILL_PATIENCE: Duration = Duration::from_secs(10);

/// How often the lock is tried.
const POLL: Duration = Duration::from_millis(200);

/// Why nothing may be changed, or nothing could be confirmed or undone.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// A generation is unconfirmed, and its timer waits.
    #[error(
        "generation {generation} is unconfirmed and is undone in {seconds} s: `firstlight confirm` keeps it, \
         `firstlight rollback` undoes it now"
    )]
    Unconfirmed {
        /// The generation.
        generation: u32,
        /// How long it has.
        seconds: u64,
    },
    /// There is nothing to confirm.
    #[error("nothing to confirm: {0}")]
    Nothing(String),
    /// It can't be confirmed.
    #[error("generation {generation} can't be confirmed: {why}")]
    Refused {
        /// The generation.
        generation: u32,
        /// Why.
        why: &'static str,
    },
    /// Undoing did not end.
    #[error(transparent)]
    Rollback(#[from] RollbackError),
    /// The state can't be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// The lock can't be had.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The machine can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Must run before anything else is changed, with the lock held. Finishes interrupted runs, continues unfinished
/// rollbacks, and undoes unconfirmed generations without a timer.
///
/// # Errors
/// A generation is unconfirmed and its timer is running; or the undo failed.
pub async fn settle(system: &System, store: &Store) -> Result<Undone, ConfirmError> {
    let mut undone = recover(system, store).await?;
    let Some(generation) = store.unconfirmed()?.filter(|generation| !generation.undoing) else {
        return Ok(undone);
    };
    if confirm::is_armed(&system.root)? {
        return Err(unconfirmed(system, &generation));
    }
    undone.add(undo_unconfirmed(system, store, generation.number).await?);
    Ok(undone)
}

async fn undo_unconfirmed(system: &System, store: &Store, number: u32) -> Result<Undone, RollbackError> {
    tracing::warn!("generation {number} was not confirmed and is being undone");
    let facts = survey(system, &[], &Config::default(), Vec::new()).await;
    rollback(system, store, &facts, Some(number)).await
}

/// Confirms the unconfirmed generation and returns it.
///
/// # Errors
/// There is nothing to confirm, or the generation is only partly applied or partly undone.
pub async fn confirm_generation(system: &System, store: &Store) -> Result<Generation, ConfirmError> {
    let Some(generation) = store.unconfirmed()? else {
        return Err(ConfirmError::Nothing(why_nothing(store)?));
    };
    let refused = |why| ConfirmError::Refused {
        generation: generation.number,
        why,
    };
    if generation.undoing {
        return Err(refused(
            "its rollback has begun; `firstlight rollback --resume` finishes it",
        ));
    }
    if generation.outcome == Outcome::Running {
        return Err(refused("it was interrupted; `firstlight rollback` undoes it"));
    }
    let confirmed = Generation {
        unconfirmed: None,
        ..generation
    };
    // Record it first: a timer that elapses now finds nothing to undo.
    store.save(&confirmed)?;
    confirm::disarm(system).await;
    Ok(confirmed)
}

/// Undoes generation `number` unless it is already confirmed or undone. The timer runs this. The run that applied it
/// may have been interrupted, or is killed here.
///
/// # Errors
/// The undo did not finish; systemd tries again.
pub async fn revert(system: &System, store: &Store, number: u32) -> Result<Undone, ConfirmError> {
    let _lock = seize(store, LOCK_PATIENCE).await?;
    let mut undone = recover(system, store).await?;
    if store
        .unconfirmed()?
        .is_some_and(|generation| generation.number == number)
    {
        undone.add(undo_unconfirmed(system, store, number).await?);
    }
    Ok(undone)
}

/// The generation that is unconfirmed and the seconds that it has left.
///
/// # Errors
/// The state can't be read.
pub fn pending(system: &System, store: &Store) -> Result<Option<(u32, u64)>, StateError> {
    let generation = store.unconfirmed()?;
    Ok(generation.map(|generation| (generation.number, seconds_left(system, &generation))))
}

fn unconfirmed(system: &System, generation: &Generation) -> ConfirmError {
    ConfirmError::Unconfirmed {
        generation: generation.number,
        seconds: seconds_left(system, generation),
    }
}

fn seconds_left(system: &System, generation: &Generation) -> u64 {
    let now = BootTime::now(&system.root);
    generation
        .confirm_by()
        .map_or(0, |deadline| deadline.seconds_left(&now))
}

fn why_nothing(store: &Store) -> Result<String, StateError> {
    Ok(match store.generations()?.last() {
        None => "there is no generation".to_owned(),
        Some(last) if last.unconfirmed.is_some() => {
            format!("generation {} was not confirmed in time and was undone", last.number)
        }
        Some(last) => format!("generation {} needs no confirmation", last.number),
    })
}

/// Takes the lock: waits for the holder first, then kills it.
async fn seize(store: &Store, patience: Duration) -> Result<Lock, LockError> {
    let deadline = Instant::now() + patience;
    let mut killed = false;
    loop {
        let holder = match store.lock() {
            Err(LockError::Held { holder }) => holder,
            result => return result,
        };
        if Instant::now() >= deadline && !killed {
            tracing::warn!("firstlight (pid {holder}) does not end and is being killed");
            killed = kill_firstlight(&holder);
        }
        if Instant::now() >= deadline + KILL_PATIENCE {
            return Err(LockError::Held { holder });
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Kills the process of this number, if it is a firstlight. Its name is the kernel's (proc_pid_comm(5)), whatever tree is
/// worked on.
fn kill_firstlight(pid: &str) -> bool {
    let Ok(kernel) = Root::open(Path::new("/")) else {
        return false;
    };
    let comm = |pid: i32| kernel.read(&format!("/proc/{pid}/comm")).ok().flatten();
    match pid.parse::<i32>() {
        Ok(number) if number > 1 && comm(number).is_some_and(|name| comm(Pid::this().as_raw()) == Some(name)) => {
            kill(Pid::from_raw(number), Signal::SIGKILL).is_ok()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
