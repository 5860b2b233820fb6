//! Texts that stand in `/etc/passwd`, passwd(5).

use serde::Deserialize;

/// The longest text of an entry, in bytes: glibc reads entries in pieces of about this size.
const TEXT_MAX: usize = 512;

/// A comment, usually the person's full name (GECOS).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^[^:\u0000-\u001f\u007f]*$", "maxLength" = 512, "examples" = ["Ada Lovelace"])))]
pub struct Gecos(String);

/// The path of a home directory or a login shell: absolute.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^/(?!/*$)(?!(.*/)?\.{1,2}(/|$))[^:\u0000-\u001f\u007f]*$", "maxLength" = 512, "examples" = ["/bin/bash"])))]
pub struct AccountPath(String);

impl Gecos {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AccountPath {
    /// The path, with single slashes and none at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Gecos {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        check(&text)?;
        Ok(Self(text))
    }
}

impl TryFrom<String> for AccountPath {
    type Error = String;

    fn try_from(path: String) -> Result<Self, String> {
        check(&path)?;
        if !path.starts_with('/') {
            return Err("a path begins with a slash".to_owned());
        }
        let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
        if names.iter().any(|name| matches!(*name, "." | "..")) {
            return Err("a path of an account has no `.` or `..` in it".to_owned());
        }
        if names.is_empty() {
            return Err("`/` belongs to the system".to_owned());
        }
        Ok(Self(format!("/{}", names.join("/"))))
    }
}

fn check(text: &str) -> Result<(), String> {
    if text.len() > TEXT_MAX {
        let length = text.len();
        return Err(format!("this has at most {TEXT_MAX} bytes, not {length}"));
    }
    if text.contains(|c: char| c == ':' || c.is_control()) {
        return Err("`:` and control characters can't stand in /etc/passwd".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_stand_in_the_file() {
        let path = |text: &str| AccountPath::try_from(text.to_owned());
        assert_eq!(path("/home/bob//").unwrap().as_str(), "/home/bob");
        assert_eq!(path("//srv//bob").unwrap().as_str(), "/srv/bob");
        for bad in [
            "",
            "bin/sh",
            "/a:b",
            "/a\nb",
            "/home/../etc",
            "/a/./b",
            "/",
            "//",
            "/\u{7f}",
        ] {
            assert!(path(bad).is_err(), "{bad}");
        }
        let gecos = |text: &str| Gecos::try_from(text.to_owned());
        assert!(gecos("Ädä, Room 1,,").is_ok() && gecos("").is_ok());
        for bad in ["a:b", "a\nroot2::0:0::/:", &"a".repeat(513)] {
            assert!(gecos(bad).is_err(), "{bad}");
        }
    }
}
