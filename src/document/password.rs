//! `password`, and what the keys `root`, `chpasswd` and `password` have in common: who logs in with what.

use serde::{Deserialize, Deserializer};

use super::chpasswd::{PasswordType, looks_hashed};
use super::code::Code;
use super::problem::{Check, Problems};
use super::{Config, PasswordHash, Secret, users};

/// The account that cloud-config's top-level `password` is for where there is no default user, as on Photon.
pub const DEFAULT_USER: &str = "root";

/// The most bytes a password may have: crypt(3) and PAM take 512 with the terminating NUL
/// (`CRYPT_MAX_PASSPHRASE_SIZE`, `PAM_MAX_RESP_SIZE`).
pub const PASSWORD_MAX: usize = 511;

/// A password in plain text, such as a person can type at a login.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Secret")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^[^\u0000\r\n]+$", "maxLength" = 511, "examples" = ["correct horse battery"])))]
pub struct Password(Secret);

impl Password {
    /// The plain text.
    pub fn secret(&self) -> &Secret {
        &self.0
    }
}

impl TryFrom<Secret> for Password {
    type Error = String;

    fn try_from(text: Secret) -> Result<Self, String> {
        let length = text.expose().len();
        if length == 0 {
            return Err("an empty password would let anyone log in".to_owned());
        }
        if length > PASSWORD_MAX {
            return Err(format!(
                "a password has at most {PASSWORD_MAX} bytes, this one has {length}: no login accepts more"
            ));
        }
        if text.expose().contains(['\0', '\n', '\r']) {
            return Err("a password with a line break or a NUL can't be typed at a login".to_owned());
        }
        Ok(Self(text))
    }
}

/// What an account's shadow entry is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// Plain text: hashed on the machine.
    Plain(Password),
    /// A hash: taken as it is.
    Hash(PasswordHash),
    /// A password that is made on the machine, and shown on its console.
    Random,
}

impl Check for Credential {}

impl Credential {
    /// Reads a text as what the document says it is.
    ///
    /// # Errors
    /// It is not that. The words never show the text.
    pub fn read(text: &Secret, kind: PasswordType) -> Result<Self, String> {
        match kind {
            PasswordType::Text => Password::try_from(text.clone()).map(Self::Plain),
            PasswordType::Hash => PasswordHash::try_from(text.clone()).map(Self::Hash),
            PasswordType::Random => Ok(Self::Random),
        }
    }
}

/// Reads a password as cloud-config has it where nothing says what it is: one that looks like a hash is one, and `R` and
/// `RANDOM` ask for one that is made.
pub fn read_untyped(text: &Secret) -> Result<Credential, String> {
    let kind = match text.expose() {
        "R" | "RANDOM" => PasswordType::Random,
        hash if looks_hashed(hash) => PasswordType::Hash,
        _ => PasswordType::Text,
    };
    Credential::read(text, kind)
}

/// Reads the top-level `password` by that rule.
pub fn as_in_chpasswd_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Credential>, D::Error> {
    let text = Option::<Secret>::deserialize(deserializer)?;
    text.as_ref()
        .map(read_untyped)
        .transpose()
        .map_err(serde::de::Error::custom)
}

/// A password that the document gives to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The account's name.
    pub user: String,
    /// Its password.
    pub credential: Credential,
    /// Whether it must be changed at the next login.
    pub expire: bool,
    /// Whether the document says so itself, and not only cloud-config's default does.
    pub expire_given: bool,
    /// Whether it is locked: it is there, and nobody can log in with it.
    pub locked: bool,
    /// Whether it is only for an account that has no password yet.
    pub only_first: bool,
    /// The keys that lead to it in the document.
    pub path: Vec<String>,
}

/// Every password that the document gives, `root` first, then `chpasswd`, `users` and `password`: the first one of an
/// account is the one that it has. What is not valid by itself is left out.
pub fn logins(config: &Config) -> Vec<Login> {
    let mut logins: Vec<Login> = Vec::new();
    for login in all(config) {
        if !logins.iter().any(|other| other.user == login.user) {
            logins.push(login);
        }
    }
    // What `root.expire` says about root counts whichever key brings the password.
    let expire = config.root.as_ref().and_then(|root| root.expire);
    for login in logins.iter_mut().filter(|login| login.user == "root") {
        login.expire = expire.unwrap_or(login.expire);
        login.expire_given |= expire.is_some();
    }
    logins
}

/// Reports accounts that are given two different passwords. `chpasswd` comes last in cloud-init, so that of `users` gives
/// way to it; and `password` is nothing there beside it.
pub(super) fn check(config: &Config, problems: &mut Problems<'_>) {
    let all = all(config);
    for (n, login) in all.iter().enumerate() {
        let earlier = all.iter().take(n).find(|other| other.user == login.user);
        if let Some(earlier) = earlier.filter(|earlier| earlier.credential != login.credential) {
            let keys: Vec<&str> = login.path.iter().map(String::as_str).collect();
            let of_chpasswd = |login: &Login| login.path.first().is_some_and(|key| key == "chpasswd");
            if of_chpasswd(earlier) && !of_chpasswd(login) {
                let message = format!(
                    "it has no effect: the password of `{}` is that of `{}`",
                    login.user,
                    earlier.path.join(".")
                );
                problems
                    .of(Code::NoEffect)
                    .warning(&keys, &message, Some("keep one of them"));
                continue;
            }
            problems.of(Code::Conflict).error(
                &keys,
                format!(
                    "`{}` already has another password, from `{}`",
                    login.user,
                    earlier.path.join(".")
                ),
                Some("keep one of them"),
            );
        }
    }
}

fn all(config: &Config) -> Vec<Login> {
    let root = config.root.as_ref().and_then(|root| root.login());
    let users = users::wanted(config).into_iter();
    let users = users.filter_map(|wanted| wanted.user.login(&wanted.path));
    let chpasswd = config.chpasswd.iter().flat_map(|chpasswd| chpasswd.logins());
    let named = root.into_iter().chain(chpasswd).chain(users);
    named.chain(default_user(config)).collect()
}

fn default_user(config: &Config) -> Option<Login> {
    // `chpasswd.expire` is for this password too: people write `password: …` and `chpasswd: {expire: false}`.
    let expire = config.chpasswd.as_ref().and_then(|chpasswd| chpasswd.expire);
    let credential = config.password.clone()?;
    let is_hash = matches!(credential, Credential::Hash(_));
    let wanted = users::wanted(config).into_iter();
    let user = wanted
        .filter(|wanted| wanted.is_default)
        .map(|wanted| wanted.user.name)
        .next();
    Some(Login {
        user: user.map_or_else(|| DEFAULT_USER.to_owned(), |name| name.to_string()),
        credential,
        expire: expire.unwrap_or(!is_hash),
        expire_given: expire.is_some(),
        locked: false,
        only_first: false,
        path: vec!["password".to_owned()],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Problem;
    use serde_json::{Value, json};

    fn config(value: Value) -> Config {
        serde_json::from_value(value).unwrap()
    }

    fn problems(config: &Config) -> Vec<Problem> {
        let mut found = Vec::new();
        config.check(&mut Problems::new(&mut found));
        found
    }

    #[test]
    fn a_password_is_what_a_person_can_type() {
        let read = |text: &str| Password::try_from(Secret::new(text));
        for good in ["a", "correct horse", "pässwörd", "no:colon\tproblem", &"x".repeat(511)] {
            assert!(read(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("", "empty"),
            ("trailing\n", "line break"),
            ("nul\0", "NUL"),
            (&"hunter2".repeat(100), "511 bytes, this one has 700"),
        ] {
            let error = read(bad).unwrap_err();
            assert!(error.contains(why) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_hash_is_taken_as_one_and_expires_only_when_that_is_said() {
        const HASH: &str = "$5$abcdefgh$iMncKVYFlXgSA0vUJNvzWHpjbCoF.2Vt249WV3V9r.D";
        let yescrypt = format!("$y$j9T$salt${}", "a".repeat(43));
        for (value, is_hash, expire) in [
            (json!({"password": HASH}), true, false),
            (json!({"password": yescrypt}), true, false),
            (json!({"password": HASH, "chpasswd": {"expire": true}}), true, true),
            (json!({"password": HASH, "root": {"expire": true}}), true, true),
            (json!({"password": "$5$no-hash"}), false, true),
            (json!({"password": format!("x{HASH}")}), false, true),
            (json!({"password": format!("{HASH}:")}), false, true),
        ] {
            let login = logins(&config(value.clone())).remove(0);
            let found = matches!(login.credential, Credential::Hash(_));
            assert_eq!((found, login.expire), (is_hash, expire), "{value}");
        }
        for random in ["R", "RANDOM"] {
            let login = logins(&config(json!({"password": random}))).remove(0);
            assert_eq!((login.credential, login.expire), (Credential::Random, true));
        }
        for (bad, why) in [
            ("$6$salt$hunter2", "cut short"),
            ("$1$salt$hunter2", "cracked"),
            (&format!("{HASH}\n"), "white space"),
        ] {
            let error = serde_json::from_value::<Config>(json!({"password": bad})).unwrap_err();
            let error = error.to_string();
            assert!(error.contains(why) && !error.contains("hunter2"), "{bad}: {error}");
        }
    }

    #[test]
    fn the_usual_cloud_config_sets_the_password_of_root() {
        let logins = logins(&config(json!({"password": "x", "chpasswd": {"expire": false}})));
        let [login] = logins.as_slice() else {
            panic!("{logins:?}")
        };
        assert_eq!(
            (login.user.as_str(), login.expire, login.expire_given),
            ("root", false, true)
        );
    }

    #[test]
    fn cloud_config_expires_by_default_and_root_says_otherwise() {
        let expire = |value| {
            let login = logins(&config(value)).remove(0);
            (login.expire, login.expire_given)
        };
        assert_eq!(expire(json!({"password": "x"})), (true, false));
        assert_eq!(
            expire(json!({"password": "x", "root": {"expire": false}})),
            (false, true)
        );
        assert_eq!(expire(json!({"root": {"password": "x"}})), (false, false));
        assert_eq!(expire(json!({"root": {"password": "x", "expire": true}})), (true, true));
    }

    #[test]
    fn one_account_has_one_password() {
        let same = config(json!({"password": "x", "root": {"password": "x"}}));
        assert_eq!((problems(&same), logins(&same).len()), (vec![], 1));
        for (value, path) in [
            (
                json!({"password": "hunter2", "root": {"password": "hunter3"}}),
                vec!["password"],
            ),
            (
                json!({"root": {"password": "hunter2"},
                       "chpasswd": {"users": [{"name": "root", "type": "text", "password": "hunter3"}]}}),
                vec!["chpasswd", "users", "0", "password"],
            ),
            (
                json!({"chpasswd": {"list": "bob:hunter2\nbob:hunter3\n"}}),
                vec!["chpasswd", "list", "1"],
            ),
        ] {
            let found = problems(&config(value));
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].path, path);
            assert!(!found[0].message.contains("hunter"), "{found:?}");
        }
    }

    #[test]
    fn nothing_here_shows_a_password() {
        let config = config(json!({
            "password": "hunter2", "root": {"password": "hunter2"},
            "chpasswd": {"list": ["root:hunter2", "bob:hunter2"],
                         "users": [{"name": "amy", "type": "text", "password": "hunter2"}]},
        }));
        let shown = format!("{config:?} {:?} {:?}", logins(&config), problems(&config));
        assert!(!shown.contains("hunter2"), "{shown}");
        assert_eq!(logins(&config).len(), 3);
    }
}
