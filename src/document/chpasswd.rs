//! `chpasswd`: passwords of accounts, as cloud-config has them.

use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::code::Code;
use super::password::{Credential, Login, read_untyped};
use super::problem::{Check, Problems};
use super::yaml::{Node, Value, lines};
use super::{Secret, UserName};

/// `chpasswd`: passwords of accounts, as cloud-config has them.
///
/// ```yaml
/// expire: false
/// users:
/// - {name: core, type: text, password: correct horse battery}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Chpasswd {
    /// Whether a new password must be chosen at the next login; for the top-level `password` too. Default: true, but
    /// not for passwords given as a hash, as in cloud-init.
    pub expire: Option<bool>,
    /// The accounts and their passwords.
    #[serde(default)]
    pub users: Vec<ChpasswdUser>,
    /// The same as lines `user:password`, in one text or as a list. A password that looks like a hash is used as one.
    /// cloud-config's old form of `users`.
    ///
    /// ```yaml
    /// list: ['core:correct horse battery']
    /// ```
    #[serde(default)]
    pub list: ChpasswdList,
}

/// An account and its password.
///
/// ```yaml
/// {name: core, type: text, password: correct horse battery}
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChpasswdUser {
    /// The account's name.
    pub name: UserName,
    /// What `password` is. Default: hash.
    #[serde(rename = "type", default)]
    pub kind: PasswordType,
    /// The password, in plain text or as a hash. Required, except for a random one.
    ///
    /// ```yaml
    /// password: correct horse battery
    /// ```
    #[cfg_attr(test, schemars(extend("minLength" = 1)))]
    pub password: Option<Secret>,
}

/// What a password is given as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename_all = "lowercase"))]
pub enum PasswordType {
    /// A hash as crypt(5) has it.
    #[default]
    Hash,
    /// Plain text.
    Text,
    /// None: the machine makes one, once for an instance, and shows it on its console.
    #[cfg_attr(test, schemars(rename = "RANDOM"))]
    Random,
}

impl<'de> Deserialize<'de> for PasswordType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "hash" => Ok(Self::Hash),
            "text" => Ok(Self::Text),
            "RANDOM" => Ok(Self::Random),
            _ => Err(D::Error::custom("expected hash, text or RANDOM")),
        }
    }
}

/// `user:password` lines.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(with = "crate::vocabulary::schema::LinesOrList<ChpasswdLine>")
)]
pub struct ChpasswdList(Vec<ChpasswdLine>);

/// One `user:password` line.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Secret")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "Secret", extend("pattern" = r"^[^:\r\n]+:[^\r\n]+$", "examples" = ["core:correct horse"])))]
struct ChpasswdLine {
    user: UserName,
    credential: Credential,
}

impl ChpasswdUser {
    fn credential(&self) -> Result<Credential, String> {
        match (&self.password, self.kind) {
            (_, PasswordType::Random) => Ok(Credential::Random),
            (None, _) => Err("a password is missing".to_owned()),
            (Some(password), kind) => Credential::read(password, kind),
        }
    }
}

/// Takes out a whole account that has a mistake in it: without its type, a password would be taken for something else.
pub fn whole<'p>(_: &Node, path: &'p [String]) -> &'p [String] {
    match path.get(1).map(String::as_str) {
        Some("users") => path.get(..3).unwrap_or(path),
        _ => path,
    }
}

/// The most lines of a `list` that are told apart: far more than a machine has accounts.
const LINES_MAX: usize = 1000;

/// Makes a list of a `list` that is one text, so that each of its lines is judged alone. `text` is what it was read from.
pub fn split_list(list: &mut Node, text: &str) {
    let lines = match &list.value {
        Value::Scalar(scalar) => scalar.text.lines().count(),
        _ => return,
    };
    if lines <= LINES_MAX {
        lines::split(list, text, LINES_MAX, |line| (!line.trim().is_empty()).then_some(line));
    }
}

impl Chpasswd {
    /// The passwords that are given here, those that are not valid left out.
    pub fn logins(&self) -> Vec<Login> {
        let users = self.users.iter().enumerate().filter_map(|(n, user)| {
            let path = ["chpasswd", "users", &n.to_string(), "password"].map(str::to_owned);
            Some(self.login(&user.name, user.credential().ok()?, path.to_vec()))
        });
        let lines = self.list.0.iter().enumerate().map(|(n, line)| {
            let path = ["chpasswd", "list", &n.to_string()].map(str::to_owned);
            self.login(&line.user, line.credential.clone(), path.to_vec())
        });
        users.chain(lines).collect()
    }

    fn login(&self, user: &UserName, credential: Credential, path: Vec<String>) -> Login {
        // cloud-init's default expires what it hashed itself; asked in so many words, we expire the others too.
        let default = !matches!(credential, Credential::Hash(_));
        Login {
            user: user.as_str().to_owned(),
            credential,
            expire: self.expire.unwrap_or(default),
            expire_given: self.expire.is_some(),
            locked: false,
            only_first: false,
            path,
        }
    }
}

impl Check for Chpasswd {
    fn check(&self, problems: &mut Problems<'_>) {
        for (n, user) in self.users.iter().enumerate() {
            if let Err(why) = user.credential() {
                let number = n.to_string();
                let path: &[&str] = match &user.password {
                    // What is not there has no place of its own.
                    None => &["users", &number],
                    Some(_) => &["users", &number, "password"],
                };
                problems.error(path, why, None);
            }
            if user.kind == PasswordType::Random && user.password.is_some() {
                let message = "the password has no effect: `type: RANDOM` makes another one";
                let hint = Some("remove one of the two");
                let keys = ["users", &n.to_string(), "password"];
                problems.of(Code::NoEffect).warning(&keys, message, hint);
            }
            let text = user.password.as_ref().filter(|_| user.kind == PasswordType::Text);
            if text.is_some_and(|text| looks_hashed(text.expose())) {
                let message = "this looks like a hash, but is used as plain text: the hash itself becomes the password";
                let hint = Some("leave out `type: text` if it is a hash");
                problems.warning(&["users", &n.to_string(), "password"], message, hint);
            }
        }
    }
}

impl TryFrom<Secret> for ChpasswdLine {
    type Error = String;

    fn try_from(line: Secret) -> Result<Self, String> {
        let (user, password) = line
            .expose()
            .split_once(':')
            .ok_or("expected `user:password`, but there is no `:`")?;
        // A line the wrong way round would show the password in the error about the name.
        let user = UserName::try_from(user.to_owned())
            .map_err(|_| "expected `user:password`, the part before the `:` is not an account's name")?;
        let credential = read_untyped(&Secret::new(password))?;
        Ok(Self { user, credential })
    }
}

/// cloud-init's `\$(1|2a|2y|5|6)(\$.+){2}` without `:`, and the same for the methods that it takes for plain text.
pub fn looks_hashed(password: &str) -> bool {
    const METHODS: [&str; 10] = ["1", "2a", "2b", "2x", "2y", "5", "6", "7", "y", "gy"];
    let mut parts = password.splitn(4, '$');
    let (start, method) = (parts.next(), parts.next());
    start == Some("")
        && method.is_some_and(|method| METHODS.contains(&method))
        && parts.all(|part| !part.is_empty())
        && password.matches('$').count() >= 3
        && !password.contains(':')
}

impl<'de> Deserialize<'de> for ChpasswdList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A text of many lines is as secret as each of them.
        deserializer.deserialize_newtype_struct(Secret::NAME, Lines)
    }
}

struct Lines;

impl<'de> Visitor<'de> for Lines {
    type Value = ChpasswdList;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("lines of `user:password`, as a text or a list")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<ChpasswdList, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<ChpasswdList, E> {
        Ok(ChpasswdList::default())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ChpasswdList, E> {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let read = lines.map(|(n, line)| {
            ChpasswdLine::try_from(Secret::new(line)).map_err(|why| E::custom(format!("line {}: {why}", n + 1)))
        });
        read.collect::<Result<_, _>>().map(ChpasswdList)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<ChpasswdList, A::Error> {
        let mut lines = Vec::new();
        while let Some(line) = items.next_element()? {
            lines.push(line);
        }
        Ok(ChpasswdList(lines))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json};

    fn logins(value: Value) -> Vec<(String, bool, bool)> {
        let chpasswd: Chpasswd = from_value(value).unwrap();
        let logins = chpasswd.logins().into_iter();
        logins
            .map(|l| (l.user, matches!(l.credential, Credential::Hash(_)), l.expire))
            .collect()
    }

    fn hash() -> String {
        format!("$y$j9T$salt${}", "a".repeat(43))
    }

    #[test]
    fn both_forms_say_the_same() {
        let users = json!([
            {"name": "root", "type": "text", "password": "a:b"},
            {"name": "bob", "password": hash()},
        ]);
        let expected = vec![("root".to_owned(), false, true), ("bob".to_owned(), true, false)];
        assert_eq!(logins(json!({"users": users})), expected);
        let text = format!("root:a:b\n\nbob:{}\n", hash());
        assert_eq!(logins(json!({"list": text})), expected);
        assert_eq!(
            logins(json!({"list": ["root:a:b", format!("bob:{}", hash())]})),
            expected
        );
        assert_eq!(logins(json!({"list": null})), vec![]);
    }

    #[test]
    fn hashes_expire_only_when_the_document_says_so() {
        let list = json!([format!("bob:{}", hash())]);
        assert!(logins(json!({"expire": true, "list": list}))[0].2);
        assert!(!logins(json!({"expire": false, "list": ["bob:x"]}))[0].2);
    }

    #[test]
    fn a_random_password_is_asked_for_in_each_form() {
        for value in [
            json!({"users": [{"name": "bob", "type": "RANDOM"}]}),
            json!({"list": ["bob:RANDOM"]}),
            json!({"list": "bob:R\n"}),
        ] {
            let chpasswd: Chpasswd = from_value(value.clone()).unwrap();
            let login = chpasswd.logins().remove(0);
            assert_eq!((login.credential, login.expire), (Credential::Random, true), "{value}");
        }
    }

    #[test]
    fn text_that_only_begins_like_a_hash_is_text() {
        for text in ["$6$", "$6$a", "$6$a$", "$6$$a", "$x$a$b", "6$a$b$c", "$6$a$b:c"] {
            assert!(!looks_hashed(text), "{text}");
        }
        for hash in ["$6$a$b", "$1$a$b", "$y$j9T$a$b", "$7$a$b", "$2b$04$b"] {
            assert!(looks_hashed(hash), "{hash}");
        }
    }

    #[test]
    fn lines_that_are_not_right_are_refused_without_being_shown() {
        for (list, why) in [
            (json!("root:x\nhunter2\n"), "line 2: expected `user:password`"),
            (json!(["hunter2 is not:a name"]), "account's name"),
            (json!(["root:"]), "empty"),
            (json!(["root:$6$salt$hunter2"]), "cut short"),
            (json!(["root:$1$salt$hunter2"]), "cracked"),
            (json!(true), "lines of `user:password`"),
        ] {
            let error = from_value::<Chpasswd>(json!({"list": list})).unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn users_that_are_not_right_are_named() {
        let chpasswd: Chpasswd = from_value(json!({"users": [
            {"name": "ok", "type": "text", "password": "x"},
            {"name": "a", "type": "RANDOM", "password": "hunter2"},
            {"name": "b", "password": "hunter2"},
            {"name": "c", "type": "text"},
            {"name": "d", "type": "text", "password": ""},
        ]}))
        .unwrap();
        let mut found = Vec::new();
        chpasswd.check(&mut Problems::new(&mut found));
        let paths: Vec<String> = found.iter().map(|p| p.path.join(".")).collect();
        assert_eq!(
            paths,
            ["users.1.password", "users.2.password", "users.3", "users.4.password"]
        );
        assert!(found[0].warning && found[0].message.contains("no effect"), "{found:?}");
        assert!(!format!("{found:?}").contains("hunter2"));
        assert_eq!(chpasswd.logins().len(), 2);
    }
}
