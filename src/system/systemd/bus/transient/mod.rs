//! Units that are not made from files: systemd keeps them in memory and in `/run`, whatever becomes of who made them, and
//! they end with the boot. Anybody may read all that is said of them: no secrets.

mod service;
mod timer;

use std::time::Duration;

pub use service::{BadEnd, ServiceError, TransientService};
pub use timer::TransientTimer;

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
