//! Transient units: systemd keeps them in memory and in `/run`, independent of their creator, and they end with the
//! boot. All users can read their properties, so these must not contain secrets.

mod service;
mod timer;

use std::time::Duration;

pub use service::{BadEnd, ServiceError, TransientService};
pub use timer::TransientTimer;

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
