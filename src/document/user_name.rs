//! Names of accounts and groups.

use std::fmt;

use serde::Deserialize;

/// The most bytes the name of an account or a group may have: what useradd(8) and groupadd(8) take.
pub const USER_NAME_MAX: usize = 32;

/// The name of an account that may exist already: more is allowed than useradd(8) would make, but nothing that means
/// something else in passwd(5), group(5) or a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^(?![0-9]+$)[A-Za-z0-9_][A-Za-z0-9._@$\\-]*$", "maxLength" = 32, "examples" = ["core", "root"])))]
pub struct UserName(String);

impl UserName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for UserName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        check(&name, "an account")?;
        Ok(Self(name))
    }
}

/// The name of a group. The rules are those for the names of accounts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^(?![0-9]+$)[A-Za-z0-9_][A-Za-z0-9._@$\\-]*$", "maxLength" = 32, "examples" = ["docker"])))]
pub struct GroupName(String);

impl GroupName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&UserName> for GroupName {
    /// The group of an account's own, with its name.
    fn from(name: &UserName) -> Self {
        Self(name.0.clone())
    }
}

impl TryFrom<String> for GroupName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        check(&name, "a group")?;
        Ok(Self(name))
    }
}

/// Refuses what can't be the name of `whose`: an account, a group.
fn check(name: &str, whose: &str) -> Result<(), String> {
    let refuse = |why: &str| Err(format!("`{}` is not {whose}'s name: {why}", name.escape_debug()));
    if name.is_empty() {
        return Err(format!("{whose}'s name can't be empty"));
    }
    if name.len() > USER_NAME_MAX {
        let length = name.len();
        return Err(format!(
            "{whose}'s name has at most {USER_NAME_MAX} bytes, this one has {length}"
        ));
    }
    if let Some(bad) = name
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && !"._-@$\\".contains(*c))
    {
        // Behind it there may be a password: `name: root:hunter2`.
        if bad == ':' {
            return Err(format!(
                "{whose}'s name has no `:` in it; a password goes in `password`"
            ));
        }
        return refuse(&format!("`{}` is not allowed in it", bad.escape_debug()));
    }
    if name.starts_with(['-', '.', '@', '$', '\\']) {
        return refuse("it begins with neither a letter, a digit nor `_`");
    }
    if name.bytes().all(|b| b.is_ascii_digit()) {
        return refuse("a number is an ID, not a name");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_can_be_written_to_the_account_files() {
        for good in [
            "root",
            "core",
            "_apt",
            "Bob",
            "a.b-c_d",
            "host$",
            "DOM\\amy",
            "x@y",
            &"a".repeat(32),
        ] {
            assert!(UserName::try_from(good.to_owned()).is_ok(), "{good}");
        }
        let long = "a".repeat(33);
        for bad in [
            "", "a:b", "a,b", "a b", "a/b", "a\n", "-a", "..", "+nis", "0", "1000", "büb", "a\0", &long,
        ] {
            assert!(UserName::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }
}
