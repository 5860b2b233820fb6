//! `selinux_user`: which user of SELinux's policy an account logs in as.

use std::fmt;

use serde::Deserialize;

/// The longest name, in bytes.
const NAME_MAX: usize = 64;

/// A user of SELinux's policy, such as `staff_u`; an identifier of the policy language, in which dots are allowed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^[A-Za-z][A-Za-z0-9_.]*$", "maxLength" = 64, "examples" = ["staff_u"])))]
pub struct SelinuxUser(String);

impl SelinuxUser {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SelinuxUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for SelinuxUser {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let begins_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.".contains(&byte);
        match begins_well && name.len() <= NAME_MAX && name.bytes().all(is_allowed) {
            true => Ok(Self(name)),
            false => Err(format!(
                "expected the name of a SELinux user, such as staff_u, found `{}`",
                name.escape_debug()
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_policy_language() {
        let long = "a".repeat(NAME_MAX);
        for name in ["staff_u", "a", "x.y_1", long.as_str()] {
            assert_eq!(SelinuxUser::try_from(name.to_owned()).unwrap().to_string(), name);
        }
        let longer = format!("{long}a");
        for name in [
            "",
            "_u",
            "1u",
            "-r",
            "staff_u:s0",
            "a b",
            "a'",
            "a\n",
            "ä",
            longer.as_str(),
        ] {
            assert!(SelinuxUser::try_from(name.to_owned()).is_err(), "{name:?}");
        }
    }
}
