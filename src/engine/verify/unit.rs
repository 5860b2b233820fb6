//! Whether a unit is as requested, and why not.

use std::time::Duration;

use super::Verdict;
use super::kind::{ExpectationKind, Looking, Moment, Place, seen};
use super::sight::Sight;
use crate::module::UnitFileState;
use crate::system::clock::BootTime;
use crate::system::systemd::{UnitStatus, unit_file_state};
use crate::system::{Root, System};

/// How long a service has to have run: one that can't read its configuration ends within this time.
const SETTLED: Duration = Duration::from_secs(1);

/// The unit's ActiveState is this.
pub(super) struct UnitIs<'e> {
    pub unit: &'e str,
    pub active: bool,
}

impl ExpectationKind for UnitIs<'_> {
    fn in_words(&self) -> String {
        format!("{} is {}", self.unit, if self.active { "active" } else { "inactive" })
    }

    fn moment(&self) -> Moment {
        Moment::InTime
    }

    fn place(&self) -> Place {
        Place::Running
    }

    fn is_kept(&self) -> bool {
        false
    }

    fn look<'a>(&'a self, sight: &'a Sight<'a>) -> Looking<'a> {
        Box::pin(ask(sight.system, self.unit, self.active))
    }
}

/// The unit's file state is this.
pub(super) struct UnitFileIs<'e> {
    pub unit: &'e str,
    pub state: UnitFileState,
}

impl ExpectationKind for UnitFileIs<'_> {
    fn in_words(&self) -> String {
        format!("{} is {}", self.unit, self.state)
    }

    fn moment(&self) -> Moment {
        Moment::Afterwards
    }

    fn place(&self) -> Place {
        Place::Files
    }

    fn is_kept(&self) -> bool {
        false
    }

    fn look<'a>(&'a self, sight: &'a Sight<'a>) -> Looking<'a> {
        seen(unit_file(&sight.system.root, self.unit, self.state))
    }
}

fn unit_file(root: &Root, unit: &str, state: UnitFileState) -> Verdict {
    match unit_file_state(root, unit) {
        Err(error) => Verdict::Unseen(error.to_string()),
        Ok(Some(is)) if is == state => Verdict::Verified,
        Ok(Some(is)) => Verdict::Wrong(format!("it is {is}")),
        Ok(None) => Verdict::Wrong("there is no such unit".to_owned()),
    }
}

async fn ask(system: &System, unit: &str, active: bool) -> Verdict {
    let Some(bus) = &system.bus else {
        return Verdict::Unseen("there is no system bus to ask".to_owned());
    };
    // Taken first: while systemd answers, a unit that ends soon may grow old enough to be believed.
    let now = BootTime::now(&system.root).monotonic;
    match bus.unit_status(unit).await {
        Err(error) => Verdict::Unseen(error.to_string()),
        Ok(status) => judge(unit, active, &status, now),
    }
}

/// Whether the unit runs, or doesn't, as wanted. `now` is CLOCK_MONOTONIC.
fn judge(unit: &str, active: bool, is: &UnitStatus, now: Duration) -> Verdict {
    if active && is.sub_state == "running" && unit.ends_with(".service") {
        let why = match is.running_since {
            Some(since) if now.saturating_sub(since) >= SETTLED => None,
            Some(_) => Some(format!("it started less than {SETTLED:?} ago")),
            // It ended while systemd was asked, and is forgotten.
            None => Some("systemd does not report when it started".to_owned()),
        };
        if let Some(why) = why {
            return Verdict::Wrong(format!("{why}; see journalctl -u {unit}"));
        }
    }
    let same = match (active, is.active_state.as_str()) {
        (true, "active" | "reloading" | "refreshing") => true,
        (true, _) => is.has_ended_well,
        (false, state) => matches!(state, "inactive" | "failed"),
    };
    if same {
        return Verdict::Verified;
    }
    if matches!(is.load_state.as_str(), "not-found" | "masked") {
        return Verdict::Wrong(format!("systemd reports that it is {}", is.load_state));
    }
    let mut why = format!("it is {} ({})", is.active_state, is.sub_state);
    if let Some(result) = is.result.as_ref().filter(|result| *result != "success") {
        why.push_str(&format!(", result {result}"));
    }
    if is.condition_failed {
        why.push_str(", a condition of its unit file is not met");
    }
    Verdict::Wrong(format!("{why}; see journalctl -u {unit}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(active: &str, sub: &str, result: &str) -> UnitStatus {
        UnitStatus {
            load_state: "loaded".into(),
            active_state: active.into(),
            sub_state: sub.into(),
            result: Some(result.into()),
            ..UnitStatus::default()
        }
    }

    #[test]
    fn a_unit_is_as_asked_or_the_reason_is_given() {
        let ended = UnitStatus {
            has_ended_well: true,
            ..status("inactive", "dead", "success")
        };
        let skipped = UnitStatus {
            condition_failed: true,
            ..status("inactive", "dead", "success")
        };
        let running_since = |seconds| UnitStatus {
            running_since: Some(Duration::from_secs(seconds)),
            ..status("active", "running", "success")
        };
        let missing = UnitStatus {
            load_state: "not-found".into(),
            ..status("inactive", "dead", "success")
        };
        for (active, is, expected) in [
            (
                true,
                status("active", "running", "success"),
                "systemd does not report when it started; see journalctl -u x.service",
            ),
            (true, status("active", "exited", "success"), ""),
            (true, status("reloading", "reload", "success"), ""),
            (true, ended.clone(), ""),
            (true, running_since(99), ""),
            (
                true,
                running_since(100),
                "it started less than 1s ago; see journalctl -u x.service",
            ),
            (false, ended, ""),
            (false, status("failed", "failed", "exit-code"), ""),
            (
                true,
                status("failed", "failed", "exit-code"),
                "it is failed (failed), result exit-code; see journalctl -u x.service",
            ),
            (
                true,
                status("activating", "auto-restart", "signal"),
                "it is activating (auto-restart), result signal; see journalctl -u x.service",
            ),
            (
                true,
                skipped,
                "it is inactive (dead), a condition of its unit file is not met; see journalctl -u x.service",
            ),
            (true, missing, "systemd reports that it is not-found"),
            (
                false,
                status("active", "running", "success"),
                "it is active (running); see journalctl -u x.service",
            ),
        ] {
            let why = match judge("x.service", active, &is, Duration::from_secs(100)) {
                Verdict::Verified => String::new(),
                Verdict::Wrong(why) | Verdict::Unseen(why) => why,
            };
            assert_eq!(why, expected, "{is:?}");
        }
    }
}
