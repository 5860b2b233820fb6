//! Spans of time, as systemd.time(7) writes them: `100`, `100ms`, `1s`.

use std::fmt;

use serde::Deserialize;

use super::word::words;

/// How many digits a number may have: more than any timer of the kernel takes.
const DIGITS_MAX: usize = 10;

words! {
    /// A unit, as systemd.time(7) has them.
    pub enum Unit {
        /// A microsecond.
        Microsecond = "us",
        /// A millisecond.
        Millisecond = "ms",
        /// A second.
        S = "s",
        /// A second.
        Second = "sec",
        /// A minute.
        M = "m",
        /// A minute.
        Minute = "min",
    }
}

impl Unit {
    const ALL: [Self; 6] = [
        Self::Microsecond,
        Self::Millisecond,
        Self::S,
        Self::Second,
        Self::M,
        Self::Minute,
    ];
}

/// A span of time. Without a unit, the key says which it has; networkd takes seconds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("type" = ["string", "integer"], "minimum" = 0, "maximum" = 9_999_999_999_u64, "pattern" = r"^[0-9]{1,10} ?(us|ms|s|sec|m|min)?$", "examples" = [100, "1s"])))]
pub struct Interval {
    number: u64,
    unit: Option<Unit>,
}

impl Interval {
    /// In networkd's words, where a number alone means milliseconds for the document.
    pub fn or_milliseconds(&self) -> String {
        format!("{}{}", self.number, self.unit.unwrap_or(Unit::Millisecond))
    }

    /// Whether it takes no time at all.
    pub fn is_zero(&self) -> bool {
        self.number == 0
    }
}

impl TryFrom<String> for Interval {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let unit = match unit.trim_start() {
            "" => Some(None),
            other => Unit::ALL.into_iter().find(|unit| unit.as_str() == other).map(Some),
        };
        let number = number.parse().ok().filter(|_| digits <= DIGITS_MAX);
        match (number, unit) {
            (Some(number), Some(unit)) => Ok(Self { number, unit }),
            _ => Err(format!(
                "`{}` is not a span of time, expected a number with or without a unit, such as `100ms` or `1s`",
                text.escape_debug()
            )),
        }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.number, self.unit.map_or("", Unit::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_unit_of_its_key() {
        for (text, seconds, milliseconds) in [
            ("100", "100", "100ms"),
            ("0", "0", "0ms"),
            ("100ms", "100ms", "100ms"),
            ("1 s", "1s", "1s"),
        ] {
            let interval = Interval::try_from(text.to_owned()).unwrap();
            assert_eq!(interval.to_string(), seconds);
            assert_eq!(interval.or_milliseconds(), milliseconds);
        }
        for text in [
            "",
            "ms",
            "-1",
            "1.5s",
            "1h30",
            "1\n[Match]",
            "99999999999",
            "1 s s",
            "٣",
        ] {
            assert!(Interval::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
