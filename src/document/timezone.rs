//! `timezone`: which clock the machine's users read.

use serde::Deserialize;

use super::problem::Check;

/// The most bytes the name of a time zone may have: the longest there is has 32.
const NAME_MAX: usize = 128;

/// The name of a time zone: `Europe/Berlin`, a file's path below `/usr/share/zoneinfo`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$", "maxLength" = 128, "examples" = ["Europe/Berlin", "UTC"])))]
pub struct Timezone(String);

impl Check for Timezone {}

impl Timezone {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Timezone {
    type Error = String;

    /// What systemd's `timezone_is_valid` takes: letters, digits, `-`, `_`, `+`, parts between single slashes.
    fn try_from(name: String) -> Result<Self, String> {
        if name.is_empty() {
            return Err("the name of a time zone can't be empty".to_owned());
        }
        if name.len() > NAME_MAX {
            let length = name.len();
            return Err(format!(
                "the name of a time zone has at most {NAME_MAX} bytes, this one has {length}"
            ));
        }
        let refuse = |why: &str| {
            Err(format!(
                "`{}` is not the name of a time zone: {why}",
                name.escape_debug()
            ))
        };
        if let Some(bad) = name
            .chars()
            .find(|c| !c.is_ascii_alphanumeric() && !"-_+/".contains(*c))
        {
            return refuse(&format!(
                "`{}` is not allowed in it; write one such as Europe/Berlin",
                bad.escape_debug()
            ));
        }
        if name.split('/').any(str::is_empty) {
            return refuse("it has an empty part between slashes, or starts or ends with a slash");
        }
        Ok(Self(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_systemd_takes_them() {
        for good in [
            "UTC",
            "Europe/Berlin",
            "America/Argentina/Buenos_Aires",
            "Etc/GMT+5",
            "GMT0",
        ] {
            assert!(Timezone::try_from(good.to_owned()).is_ok(), "{good}");
        }
        let long = "a".repeat(NAME_MAX + 1);
        for bad in [
            "",
            "/etc/passwd",
            "Europe/",
            "Europe//Berlin",
            "../shadow",
            "Europe/..",
            "zone.tab",
            "Europe Berlin",
            "a\nb",
            "Zürich",
            &long,
        ] {
            assert!(Timezone::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }
}
