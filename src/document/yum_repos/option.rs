//! An option of a repository: its name and its value, as a line of the file.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

use super::ADDRESSES;
use crate::document::flag::flag;
use crate::document::yaml::decode::AS_WRITTEN;
use crate::vocabulary::Secret;

/// The most bytes of a name.
const NAME_MAX: usize = 64;

/// The most bytes of a value.
const VALUE_MAX: usize = 4096;

/// Options whose value is a secret.
const SECRETS: [&str; 2] = ["password", "proxy_password"];

/// Options that are true or false. tdnf takes `yes` for false.
const FLAGS: [&str; 9] = [
    "enabled",
    "gpgcheck",
    "repo_gpgcheck",
    "pkg_gpgcheck",
    "skip_if_unavailable",
    "sslverify",
    "countme",
    "fastestmirror",
    "module_hotfixes",
];

/// The name of an option. It is written in small letters, with `_` for `-`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct OptionName {
    written: String,
    name: String,
}

/// The value of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionValue {
    /// What everybody may read.
    Text(String),
    /// A password.
    Secret(Secret),
}

/// What the document has: a text, a number, true or false, or a list of them.
#[derive(Debug)]
pub struct Text(String);

impl OptionName {
    /// The name in the file.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The key in the document.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// Whether its value is a secret.
    pub fn is_secret(&self) -> bool {
        SECRETS.contains(&self.as_str())
    }
}

impl TryFrom<String> for OptionName {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        if written.len() > NAME_MAX {
            return Err(format!("the name of an option has at most {NAME_MAX} bytes"));
        }
        let name = written.trim_matches(' ').to_ascii_lowercase().replace('-', "_");
        if name.is_empty() {
            return Err("the name of an option can't be empty".to_owned());
        }
        if let Some(bad) = name.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '_') {
            return Err(format!(
                "`{}` is not an option of a repository: `{}` is not allowed in it",
                written.escape_debug(),
                bad.escape_debug()
            ));
        }
        Ok(Self { written, name })
    }
}

impl OptionValue {
    /// What stands in the file.
    pub fn expose(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Secret(secret) => secret.expose(),
        }
    }

    /// Why its readers would take it for something else than a value.
    pub fn objection(&self, name: &OptionName) -> Option<String> {
        let name = name.as_str();
        let value = self.expose();
        if value.len() > VALUE_MAX {
            let length = value.len();
            return Some(format!(
                "the value of an option has at most {VALUE_MAX} bytes, this one has {length}"
            ));
        }
        if value.contains(char::is_control) {
            return Some(format!("`{name}` has a control character in it"));
        }
        if value.starts_with('{') {
            return Some(format!(
                "`{name}` can't begin with a brace: tdnf takes it for the start of a section"
            ));
        }
        if FLAGS.contains(&name) && !matches!(value, "" | "0" | "1") {
            return Some(format!("`{name}` takes true or false"));
        }
        (value.is_empty() && ADDRESSES.contains(&name)).then(|| format!("`{name}` is empty"))
    }
}

impl Text {
    /// The value of this option.
    pub fn of(self, name: &OptionName) -> OptionValue {
        let flag = flag(&self.0).filter(|_| FLAGS.contains(&name.as_str()));
        OptionValue::Text(flag.map_or(self.0, |flag| u8::from(flag).to_string()))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(AS_WRITTEN, Forms { in_list: false })
    }
}

/// An item of a list, which is no list itself.
struct Item(Text);

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let item = deserializer.deserialize_newtype_struct(AS_WRITTEN, Forms { in_list: true });
        item.map(Self)
    }
}

struct Forms {
    in_list: bool,
}

impl<'de> Visitor<'de> for Forms {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.in_list {
            true => "a text, a number, true or false",
            false => "a text, a number, true or false, or a list of them",
        })
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Text, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Text, E> {
        Ok(Text(u8::from(value).to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    /// Several lines are several values.
    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        Ok(Text(lines.collect::<Vec<_>>().join(" ")))
    }

    /// With blanks between: tdnf knows no other list.
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Text, A::Error> {
        if self.in_list {
            return Err(A::Error::custom("a list in a list is not supported"));
        }
        let mut all = Vec::new();
        while let Some(Item(Text(text))) = items.next_element()? {
            all.extend(Some(text).filter(|text| !text.is_empty()));
        }
        Ok(Text(all.join(" ")))
    }
}

#[cfg(test)]
pub(super) mod forms {
    use std::collections::BTreeMap;

    use crate::vocabulary::Secret;

    /// What an editor is told of a repository.
    #[derive(schemars::JsonSchema)]
    #[schemars(extend(
        "if" = {"properties": {"baseurl": {"type": "null"}, "mirrorlist": {"type": "null"}, "metalink": {"type": "null"}}},
        "then" = false,
        "propertyNames" = {"pattern": "^ *[A-Za-z0-9_-]+ *$", "maxLength": 64},
    ))]
    #[allow(dead_code, reason = "only its schema is used")]
    pub struct Repository {
        /// What it is called in lists. Default: the key.
        ///
        /// ```yaml
        /// name: HashiCorp Stable
        /// ```
        name: Option<Value>,
        /// Where the packages are. Several addresses are mirrors of each other.
        ///
        /// ```yaml
        /// baseurl: [https://mirror1.example.com/photon, https://mirror2.example.com/photon]
        /// ```
        baseurl: Option<Address>,
        /// Where a list of addresses is.
        ///
        /// ```yaml
        /// mirrorlist: https://mirrors.example.com/list?arch=$basearch
        /// ```
        mirrorlist: Option<Address>,
        /// Where a metalink is. tdnf reads it only with a plugin.
        ///
        /// ```yaml
        /// metalink: https://mirrors.example.com/metalink?arch=$basearch
        /// ```
        metalink: Option<Address>,
        /// Whether packages are taken from it. Default: true.
        ///
        /// ```yaml
        /// enabled: false
        /// ```
        enabled: Option<Value>,
        /// Whether the signatures of packages are checked.
        ///
        /// ```yaml
        /// gpgcheck: true
        /// ```
        gpgcheck: Option<Value>,
        /// Where the keys are that packages are signed with.
        ///
        /// ```yaml
        /// gpgkey: https://rpm.releases.hashicorp.com/gpg
        /// ```
        gpgkey: Option<Value>,
        /// The password for the addresses. Only root can read the file then.
        ///
        /// ```yaml
        /// password: correct horse
        /// ```
        password: Option<Secret>,
        /// The password for the proxy. Only root can read the file then.
        ///
        /// ```yaml
        /// proxy_password: correct horse
        /// ```
        proxy_password: Option<Secret>,
        /// Any other option, as it is called in dnf.conf(5).
        #[serde(flatten)]
        others: BTreeMap<String, Option<Value>>,
    }

    /// The value of an option.
    #[derive(schemars::JsonSchema)]
    #[schemars(untagged)]
    #[allow(dead_code, reason = "only its schema is used")]
    pub enum Value {
        /// True or false.
        Flag(bool),
        /// A number.
        Number(f64),
        /// A text.
        Text(Text),
        /// Several values.
        List(Vec<One>),
    }

    /// A value in a list.
    #[derive(schemars::JsonSchema)]
    #[schemars(untagged)]
    #[allow(dead_code, reason = "only its schema is used")]
    pub enum One {
        /// True or false.
        Flag(bool),
        /// A number.
        Number(f64),
        /// A text.
        Text(Text),
    }

    /// An address, or several of them.
    #[derive(schemars::JsonSchema)]
    #[schemars(untagged)]
    #[allow(dead_code, reason = "only its schema is used")]
    pub enum Address {
        /// True or false.
        Flag(bool),
        /// A number.
        Number(f64),
        /// An address.
        One(#[schemars(extend("pattern" = r"^\s*[^\s{]"))] Text),
        /// Several addresses.
        #[schemars(extend("minItems" = 1))]
        List(Vec<One>),
    }

    /// A text.
    #[derive(schemars::JsonSchema)]
    #[schemars(inline, extend("pattern" = r"^(?!\s*\{)[^\u0000-\u0008\u000b-\u001f\u007f]*$"))]
    pub struct Text(#[allow(dead_code, reason = "only its schema is used")] String);
}
