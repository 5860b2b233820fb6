//! The owner of a file.

use serde::Deserialize;

/// `USER` or `USER:GROUP`, by name or number; what is left out is root's.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^\s*[^:/ \u0000-\u001f\u007f]*\s*(:\s*[^:/ \u0000-\u001f\u007f]*\s*)?$", "examples" = ["root:docker", "1000:1000"])))]
pub struct Owner {
    user: String,
    group: String,
}

impl Owner {
    /// The account; empty where it is root's.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The group; empty where it is root's.
    pub fn group(&self) -> &str {
        &self.group
    }
}

impl TryFrom<String> for Owner {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (user, group) = text.split_once(':').unwrap_or((&text, ""));
        Ok(Self {
            user: name_or_number(user)?,
            group: name_or_number(group)?,
        })
    }
}

fn name_or_number(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // chown(2) takes the highest number, which is -1, for "leave it".
    let is_id = is_digits(text) && text.parse::<u32>().is_ok_and(|id| id != u32::MAX);
    if is_digits(text.trim_start_matches(['+', '-'])) && !is_id {
        return Err("the number of an account or a group is from 0 to 4294967294".to_owned());
    }
    if text.contains(|c: char| c.is_control() || matches!(c, ':' | '/' | ' ')) {
        return Err("an owner is written `USER` or `USER:GROUP`".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        for (text, user, group) in [
            ("root", "root", ""),
            ("root:docker", "root", "docker"),
            (" app : app ", "app", "app"),
            (":docker", "", "docker"),
            ("65535:65534", "65535", "65534"),
            ("4294967294", "4294967294", ""),
        ] {
            let owner = Owner::try_from(text.to_owned()).unwrap();
            assert_eq!((owner.user(), owner.group()), (user, group), "{text}");
        }
        for bad in [
            "4294967295",
            "0:4294967295",
            "4294967296",
            "99999999999999999999",
            "-1",
            "+5",
            "root:-1",
            "a:b:c",
            "a\nb",
            "../x",
        ] {
            assert!(Owner::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }
}
