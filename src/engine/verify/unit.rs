//! Whether a unit is as asked, and why not.

use std::time::Duration;

use super::Verdict;
use crate::system::systemd::UnitStatus;

/// How long a service has to have run: one that can't read its configuration ends within this time.
const SETTLED: Duration = Duration::from_secs(1);

/// Whether the unit runs, or doesn't, as wanted. `now` is CLOCK_MONOTONIC.
pub fn judge(unit: &str, active: bool, is: &UnitStatus, now: Duration) -> Verdict {
    if active
        && is
            .running_since
            .is_some_and(|since| now.saturating_sub(since) < SETTLED)
    {
        return Verdict::Wrong(format!(
            "it began to run less than {SETTLED:?} ago; see journalctl -u {unit}"
        ));
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
        return Verdict::Wrong(format!("systemd says that it is {}", is.load_state));
    }
    let mut why = format!("it is {} ({})", is.active_state, is.sub_state);
    if let Some(result) = is.result.as_ref().filter(|result| *result != "success") {
        why.push_str(&format!(", result {result}"));
    }
    if is.condition_failed {
        why.push_str(", a condition of its unit file does not hold");
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
            (true, status("active", "running", "success"), ""),
            (true, status("active", "exited", "success"), ""),
            (true, status("reloading", "reload", "success"), ""),
            (true, ended.clone(), ""),
            (true, running_since(99), ""),
            (
                true,
                running_since(100),
                "it began to run less than 1s ago; see journalctl -u x.service",
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
                "it is inactive (dead), a condition of its unit file does not hold; see journalctl -u x.service",
            ),
            (true, missing, "systemd says that it is not-found"),
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
