//! Times as people write them: `90s`, `2m`, `1h`.

use std::ops::RangeInclusive;
use std::time::Duration;

/// A whole number with its unit: `s`, `m` or `h`; within `limits`.
///
/// # Errors
/// It is something else; in words.
pub fn parse(text: &str, limits: RangeInclusive<Duration>) -> Result<Duration, String> {
    let how = "write a number and its unit: 90s, 2m or 1h";
    let (digits, seconds) = match text.char_indices().next_back() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 60 * 60),
        _ => return Err(how.to_owned()),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(how.to_owned());
    }
    let number: u64 = digits.parse().unwrap_or(u64::MAX);
    let time = Duration::from_secs(number.saturating_mul(seconds));
    if limits.contains(&time) {
        Ok(time)
    } else {
        let (least, most) = (written(*limits.start()), written(*limits.end()));
        Err(format!("it must be from {least} to {most}"))
    }
}

/// The time in the largest unit that it is a whole number of.
fn written(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => "0s".to_owned(),
        _ if seconds.is_multiple_of(60 * 60) => format!("{}h", seconds / (60 * 60)),
        _ if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Duration, String> {
        parse(text, Duration::from_secs(10)..=Duration::from_secs(24 * 60 * 60))
    }

    #[test]
    fn what_is_a_time() {
        for (text, seconds) in [
            ("90s", 90),
            ("2m", 120),
            ("1h", 3600),
            ("10s", 10),
            ("24h", 86_400),
            ("010s", 10),
        ] {
            assert_eq!(read(text).map(|time| time.as_secs()), Ok(seconds), "{text}");
        }
        for text in [
            "", "s", "90", "2 m", "-2m", "+2m", "1.5h", "2min", "2M", "١m", "m2", "2é",
        ] {
            assert!(read(text).unwrap_err().contains("90s, 2m or 1h"), "{text}");
        }
        for text in ["0s", "9s", "25h", "99999999999999999999h", "9999999999999999999m"] {
            assert!(read(text).unwrap_err().contains("10s to 24h"), "{text}");
        }
        let why = parse("1h", Duration::ZERO..=Duration::from_secs(90)).unwrap_err();
        assert_eq!(why, "it must be from 0s to 90s");
    }
}
