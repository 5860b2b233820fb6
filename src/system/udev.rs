//! Waiting for udev to have named the devices that the kernel has found.

use std::path::Path;
use std::time::Duration;

use super::{Root, command};

/// Where distributions put udevadm.
const PROGRAMS: [&str; 3] = ["/usr/bin/udevadm", "/bin/udevadm", "/sbin/udevadm"];

/// Waits until udev has nothing left to do, `limit` at most. Returns at once where no udev runs, as in a container.
///
/// `udevadm settle` asks the daemon itself. That `/run/udev/queue` is missing does not tell: it is too while the daemon
/// has yet to read its first event (udevadm(8)).
#[expect(clippy::disallowed_methods, reason = "only the running machine has an udev to ask")]
pub async fn settle(root: &Root, limit: Duration) {
    if !root.exists("/run/udev/control").unwrap_or(false) {
        return;
    }
    let Some(program) = PROGRAMS.iter().find(|program| Path::new(program).exists()) else {
        return;
    };
    let argv = [
        (*program).to_owned(),
        "settle".to_owned(),
        format!("--timeout={}", limit.as_secs()),
    ];
    if let Err(error) = command::output(&argv, limit + Duration::from_secs(5)).await {
        tracing::info!("{error}");
    }
}
