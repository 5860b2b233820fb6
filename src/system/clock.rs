//! The clock of one boot, in which deadlines are told since the wall clock may be set at any time; and the calendar.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

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

/// Seconds since 1970-01-01 UTC by the wall clock; 0 where it says an earlier time.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// The same with the fraction of the second.
pub fn now_exactly() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

/// A day, counted from 1970-01-01, as `2026-11-23` (the civil calendar from days, Howard Hinnant's algorithm).
pub fn date(days: u64) -> String {
    let shifted = days.saturating_add(719_468);
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Seconds since 1970-01-01 UTC as `2026-11-23 02:11:47Z`.
pub fn date_and_time(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (hours, minutes, seconds) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{} {hours:02}:{minutes:02}:{seconds:02}Z", date(days))
}

#[cfg(test)]
mod tests {
    #[test]
    fn dates_are_those_of_the_calendar() {
        let table = [
            (0, "1970-01-01 00:00:00Z"),
            (951_782_400, "2000-02-29 00:00:00Z"),
            (1_795_399_907, "2026-11-23 02:11:47Z"),
        ];
        for (seconds, text) in table {
            assert_eq!(super::date_and_time(seconds), text);
        }
        assert_eq!(super::date(20_785), "2026-11-28");
    }
}
