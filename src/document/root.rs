//! `root`: the root account.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::chpasswd::looks_hashed;
use super::code::Code;
use super::one_or_many::one_or_many;
use super::password::{Credential, Login, Password};
use super::problem::{Check, Problems};
use super::{AuthorizedKey, PasswordHash, Secret};

/// `root`: the root account.
///
/// ```yaml
/// expire: true
/// ssh_authorized_keys:
/// - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5 core@laptop
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RootAccount {
    /// The password in plain text. It is hashed on the machine, with the method that the machine is configured to use.
    #[serde(default, deserialize_with = "not_hashed")]
    pub password: Option<Password>,
    /// The password as a crypt(5) hash: `$6$…`, `$y$…`, `$5$…`, `$2b$…`.
    pub hashed_password: Option<PasswordHash>,
    /// Whether a new password must be chosen at the next login. Default: false if a password is given; otherwise
    /// nothing changes.
    pub expire: Option<bool>,
    /// Public keys that may log in as root over SSH, each a line of authorized_keys(5). Keys that are already on the
    /// machine stay.
    #[serde(default, deserialize_with = "one_or_many")]
    #[cfg_attr(test, schemars(with = "crate::vocabulary::schema::OneOrMany<AuthorizedKey>"))]
    pub ssh_authorized_keys: Vec<AuthorizedKey>,
}

/// Reads a password in plain text. A hash would be hashed again, and no one could log in.
fn not_hashed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Password>, D::Error> {
    let text = Option::<Secret>::deserialize(deserializer)?;
    if text.as_ref().is_some_and(|text| looks_hashed(text.expose().trim())) {
        return Err(D::Error::custom(
            "this looks like a hash, but `root.password` is a plain-text password: use `root.hashed_password`",
        ));
    }
    text.map(Password::try_from).transpose().map_err(D::Error::custom)
}

impl RootAccount {
    /// The password that the document gives root.
    pub fn login(&self) -> Option<Login> {
        let (key, credential) = match (&self.password, &self.hashed_password) {
            (Some(password), _) => ("password", Credential::Plain(password.clone())),
            (None, Some(hash)) => ("hashed_password", Credential::Hash(hash.clone())),
            (None, None) => return None,
        };
        Some(Login {
            user: "root".to_owned(),
            credential,
            expire: self.expire.unwrap_or(false),
            expire_given: self.expire.is_some(),
            locked: false,
            only_first: false,
            path: vec!["root".to_owned(), key.to_owned()],
        })
    }
}

impl Check for RootAccount {
    fn check(&self, problems: &mut Problems<'_>) {
        if self.password.is_some() && self.hashed_password.is_some() {
            problems.of(Code::Conflict).error(
                &["hashed_password"],
                "`password` and `hashed_password` are both given",
                Some("keep one of them"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    #[test]
    fn a_password_and_a_hash_are_one_too_many() {
        let hash = format!("$6$salt${}", "a".repeat(86));
        let root: RootAccount = from_value(json!({"password": "x", "hashed_password": hash})).unwrap();
        let mut found = Vec::new();
        root.check(&mut Problems::new(&mut found));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, ["hashed_password"]);
    }

    #[test]
    fn a_hash_has_a_key_of_its_own() {
        let hash = format!("$6$salt${}", "a".repeat(86));
        for password in [hash.clone(), format!(" {hash}\n")] {
            let error = from_value::<RootAccount>(json!({"password": password})).unwrap_err();
            let error = error.to_string();
            assert!(
                error.contains("`root.hashed_password`") && !error.contains("$6$"),
                "{error}"
            );
        }
        let root: RootAccount = from_value(json!({"password": "$6$ and more"})).unwrap();
        assert!(root.password.is_some());
    }

    #[test]
    fn bad_values_are_refused_without_being_shown() {
        for bad in [
            json!({"password": ""}),
            json!({"password": "hunter2\n"}),
            json!({"hashed_password": "hunter2"}),
            json!({"ssh_authorized_keys": ["hunter2"]}),
            json!({"pasword": "x"}),
        ] {
            let error = from_value::<RootAccount>(bad.clone()).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{bad}: {error}");
        }
    }
}
