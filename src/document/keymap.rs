//! `keymap`: what the keys of the text console mean.

use serde::Deserialize;

use super::problem::Check;

/// The most bytes a keymap's name may have.
const NAME_MAX: usize = 128;

/// The name of a keymap of the text console, as loadkeys(1) has it: `de-latin1`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", "maxLength" = 128, "examples" = ["de-latin1", "us"])))]
pub struct Keymap(String);

impl Check for Keymap {}

impl Keymap {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Keymap {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if name.is_empty() {
            return Err("the name of a keymap can't be empty".to_owned());
        }
        if name.len() > NAME_MAX {
            let length = name.len();
            return Err(format!(
                "the name of a keymap has at most {NAME_MAX} bytes, this one has {length}"
            ));
        }
        let refuse = |why: &str| Err(format!("`{}` is not the name of a keymap: {why}", name.escape_debug()));
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        if let Some(bad) = name.chars().find(|c| !allowed(*c)) {
            return refuse(&format!(
                "`{}` is not allowed in it; write one such as de-latin1",
                bad.escape_debug()
            ));
        }
        if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return refuse("it begins with neither a letter nor a digit");
        }
        Ok(Self(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["de", "de-latin1-nodeadkeys", "us", "sr-cy", "3l", "cz-lat2.x"] {
            assert!(Keymap::try_from(good.to_owned()).is_ok(), "{good}");
        }
        let long = "a".repeat(NAME_MAX + 1);
        for bad in ["", "../x", "de latin1", "de\nFONT=x", "-x", "/usr/x", "\"de\"", &long] {
            assert!(Keymap::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }
}
