//! The clock of one boot: what a deadline is told in when the wall clock may be set at any time.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use super::Root;

/// The kernel's name for this boot (random(4)); a container has one of its own.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// A moment of one boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootTime {
    /// The boot.
    pub boot_id: String,
    /// CLOCK_MONOTONIC, which systemd's `OnActiveSec=` counts by as well: it stands still while the machine sleeps.
    pub monotonic: Duration,
}

impl BootTime {
    /// Now. Where the kernel doesn't name its boots, all of them have the same, empty, name.
    pub fn now(root: &Root) -> Self {
        let boot_id = root.read_text(BOOT_ID).ok().flatten().unwrap_or_default();
        Self {
            boot_id: boot_id.trim().to_owned(),
            monotonic: clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(Duration::ZERO, Duration::from),
        }
    }
}
