//! systemd-timesyncd: timesyncd.conf(5).

use crate::document::ntp::Ntp;
use crate::module::{Change, Dirty, FileChange, Plan};

/// Its unit.
pub const UNIT: &str = "systemd-timesyncd.service";

/// Our drop-in.
const DROP_IN: &str = "/etc/systemd/timesyncd.conf.d/10-firstlight.conf";

/// Adds the drop-in. The empty assignment takes away what other files say: the servers are those of the document.
pub fn plan(ntp: &Ntp, plan: &mut Plan) {
    let servers: Vec<&str> = ntp.all().collect();
    let text = format!("\n[Time]\nNTP=\nNTP={}\n", servers.join(" "));
    let file = FileChange::write(DROP_IN, text, 0o644)
        .headed()
        .dirties(Dirty::Restart(UNIT.to_owned()));
    plan.changes.push(Change::File(file));
}
