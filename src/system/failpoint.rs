//! Places where a test makes a system call fail or the process die, as a bad disk or a power cut would.
//!
//! Compiled only with the feature `failpoints`. With `FIRSTLIGHT_DIE_AT=N` the process aborts at the N-th place after
//! a change, counted from 1, without cleanup. With `FIRSTLIGHT_FAIL_AT=change:N:EIO` the N-th system call that changes
//! something fails once with this error; with `read:N:EIO`, the N-th that only reads. The failure is reported on
//! standard error.

use nix::errno::Errno;

/// What a system call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// It changes something, or ensures that a change is on disk.
    Change,
    /// It only reads.
    Read,
}

/// A place that was passed. Does nothing without the feature.
#[cfg(not(feature = "failpoints"))]
pub fn pass() {}

/// A system call that is about to be made. Without the feature it never fails.
#[cfg(not(feature = "failpoints"))]
#[expect(clippy::unnecessary_wraps, reason = "with the feature it can fail")]
fn fault(_: Call) -> Result<(), Errno> {
    Ok(())
}

/// Makes a system call and repeats it while signals interrupt it.
///
/// # Errors
/// It failed, or a test lets it fail.
pub fn call<T>(kind: Call, mut make: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    loop {
        match fault(kind).and_then(|()| make()) {
            Err(Errno::EINTR) => {}
            result => return result,
        }
    }
}

#[cfg(feature = "failpoints")]
pub use armed::pass;

#[cfg(feature = "failpoints")]
use armed::fault;

#[cfg(feature = "failpoints")]
mod armed {
    use std::io::Write;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use nix::errno::Errno;

    use super::Call;

    /// A place that was passed.
    pub fn pass() {
        static PASSED: AtomicU64 = AtomicU64::new(0);
        static DIE_AT: OnceLock<Option<u64>> = OnceLock::new();
        let passed = PASSED.fetch_add(1, Ordering::Relaxed) + 1;
        let die_at = DIE_AT.get_or_init(|| std::env::var("FIRSTLIGHT_DIE_AT").ok()?.parse().ok());
        if *die_at == Some(passed) {
            std::process::abort();
        }
    }

    /// A system call that is about to be made.
    pub(super) fn fault(kind: Call) -> Result<(), Errno> {
        static MADE: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];
        static FAIL_AT: OnceLock<Option<(Call, u64, Errno)>> = OnceLock::new();
        let made = MADE[usize::from(kind == Call::Read)].fetch_add(1, Ordering::Relaxed) + 1;
        match FAIL_AT.get_or_init(fail_at) {
            Some((doomed, at, errno)) if (*doomed, *at) == (kind, made) => {
                let _ = writeln!(std::io::stderr(), "failpoint: {kind:?} {made}: {errno}");
                Err(*errno)
            }
            _ => Ok(()),
        }
    }

    fn fail_at() -> Option<(Call, u64, Errno)> {
        let text = std::env::var("FIRSTLIGHT_FAIL_AT").ok()?;
        let mut words = text.split(':');
        let call = match words.next()? {
            "change" => Call::Change,
            "read" => Call::Read,
            _ => return None,
        };
        let at = words.next()?.parse().ok()?;
        let errno = match words.next()? {
            "EIO" => Errno::EIO,
            "ENOSPC" => Errno::ENOSPC,
            "EACCES" => Errno::EACCES,
            "EMFILE" => Errno::EMFILE,
            "EINTR" => Errno::EINTR,
            _ => return None,
        };
        Some((call, at, errno))
    }
}
