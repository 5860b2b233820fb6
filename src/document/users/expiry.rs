//! When an account expires, shadow(5).

use serde::Deserialize;

/// The day on which an account expires: nobody can log in any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "examples" = ["2032-09-01"])))]
pub struct Expiry(u32);

impl Expiry {
    /// The day, in days since 1970-01-01.
    pub fn day(self) -> u32 {
        self.0
    }
}

impl TryFrom<String> for Expiry {
    type Error = String;

    fn try_from(date: String) -> Result<Self, String> {
        let refuse = || "expected a date like 2032-09-01, from 1970 to 9999".to_owned();
        let parts: Vec<&str> = date.trim().split('-').collect();
        let [year, month, day] = parts.as_slice() else {
            return Err(refuse());
        };
        let shaped = [(year, 4), (month, 2), (day, 2)];
        let is_digits =
            |(part, length): &(&&str, usize)| part.len() == *length && part.bytes().all(|b| b.is_ascii_digit());
        if !shaped.iter().all(is_digits) {
            return Err(refuse());
        }
        let number = |part: &str| part.parse::<u32>().unwrap_or_default();
        days(number(year), number(month), number(day))
            .map(Self)
            .ok_or_else(refuse)
    }
}

/// The days from 1970-01-01 to this one; `None` if there is no such day.
fn days(year: u32, month: u32, day: u32) -> Option<u32> {
    let is_leap = |year: u32| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let february = if is_leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let index = usize::try_from(month.checked_sub(1)?).ok()?;
    if year < 1970 || day == 0 || day > *months.get(index)? {
        return None;
    }
    let years: u32 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    Some(years + months.iter().take(index).sum::<u32>() + day - 1)
}

/// For how many days after its own expiry a password is still accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("minimum" = 0, "maximum" = 99_999, "examples" = [30])))]
pub struct Inactivity(u32);

impl Inactivity {
    /// The number of days.
    pub fn days(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Inactivity {
    type Error = String;

    fn try_from(days: u32) -> Result<Self, String> {
        match days {
            0..=99_999 => Ok(Self(days)),
            _ => Err(format!("expected a number of days from 0 to 99999, found {days}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_since_1970() {
        for (date, day) in [
            ("1970-01-01", Some(0)),
            ("1970-12-31", Some(364)),
            ("2000-02-29", Some(11_016)),
            ("2000-03-01", Some(11_017)),
            ("2032-09-01", Some(22_889)),
            ("2100-03-01", Some(47_541)),
            (" 2032-09-01 ", Some(22_889)),
            ("2100-02-29", None),
            ("2032-13-01", None),
            ("2032-00-10", None),
            ("2032-09-00", None),
            ("1969-12-31", None),
            ("2032-9-1", None),
            ("01.09.2032", None),
            ("+032-09-01", None),
            ("", None),
        ] {
            assert_eq!(Expiry::try_from(date.to_owned()).ok().map(Expiry::day), day, "{date}");
        }
    }
}
