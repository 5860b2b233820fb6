//! Times as people write them: `90s`, `2m`, `1h`.

use std::time::Duration;

/// Nobody types `firstlight confirm` in less.
const SHORTEST: Duration = Duration::from_secs(10);

const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// A whole number with its unit: `s`, `m` or `h`; from ten seconds to a day.
///
/// # Errors
/// It is something else; in words.
pub fn parse(text: &str) -> Result<Duration, String> {
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
    if (SHORTEST..=LONGEST).contains(&time) {
        Ok(time)
    } else {
        Err("it has to be from 10s to 24h".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

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
            assert_eq!(parse(text).map(|time| time.as_secs()), Ok(seconds), "{text}");
        }
        for text in [
            "", "s", "90", "2 m", "-2m", "+2m", "1.5h", "2min", "2M", "١m", "m2", "2é",
        ] {
            assert!(parse(text).unwrap_err().contains("90s, 2m or 1h"), "{text}");
        }
        for text in ["0s", "9s", "25h", "99999999999999999999h", "9999999999999999999m"] {
            assert!(parse(text).unwrap_err().contains("10s to 24h"), "{text}");
        }
    }
}
