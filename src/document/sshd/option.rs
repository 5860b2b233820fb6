//! `sshd.options`: any keyword of sshd_config(5) with its value.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::keyword::{Keyword, Shape, unknown};
use super::syntax::words;
use super::value::objection;

/// The longest value, in bytes.
const VALUE_LIMIT: usize = 4096;

/// The most values of one keyword: sshd takes 256 ports and no more than this of anything else that is sensible.
const VALUES_LIMIT: usize = 256;

/// `sshd.options`: keywords of sshd_config(5) and their values, in the order of the document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(schema_with = "super::keyword::schema"))]
pub struct Options(pub Vec<SshdOption>);

/// One keyword with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshdOption {
    /// The key as the document spells it.
    pub key: String,
    /// The keyword.
    pub keyword: &'static Keyword,
    /// Its values: one, or for a keyword that takes a list any number but none. Without quotes of YAML, with those of
    /// sshd_config(5).
    pub values: Vec<String>,
}

impl<'de> Deserialize<'de> for Options {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OptionsVisitor;
        impl<'de> Visitor<'de> for OptionsVisitor {
            type Value = Options;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping of sshd_config keywords and values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Options, A::Error> {
                let mut options = Vec::new();
                while let Some(Key { key, keyword }) = map.next_key()? {
                    let values = map.next_value_seed(Value { keyword, list: true })?;
                    options.push(SshdOption { key, keyword, values });
                }
                Ok(Options(options))
            }
        }
        deserializer.deserialize_map(OptionsVisitor)
    }
}

/// A key of the mapping that is a keyword.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Key {
    key: String,
    keyword: &'static Keyword,
}

impl TryFrom<String> for Key {
    type Error = String;

    fn try_from(key: String) -> Result<Self, String> {
        match Keyword::find(&key) {
            Some(keyword) => Ok(Self { key, keyword }),
            None => Err(unknown(&key)),
        }
    }
}

/// Reads the value of a keyword.
#[derive(Clone, Copy)]
struct Value {
    keyword: &'static Keyword,
    /// Whether it may be a list.
    list: bool,
}

impl<'de> DeserializeSeed<'de> for Value {
    type Value = Vec<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<String>, D::Error> {
        // As written: `10:30:100` is no number here, and `no` no boolean.
        deserializer.deserialize_string(self)
    }
}

impl<'de> Visitor<'de> for Value {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Keyword { name, shape } = self.keyword;
        let list = if self.list && shape.is_list() {
            ", or a list of them"
        } else {
            ""
        };
        write!(f, "a string, a whole number, yes or no{list} for `{name}`")
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Vec<String>, E> {
        let value = match value.trim() {
            // sshd knows yes and no alone.
            "true" | "True" | "TRUE" | "on" | "On" | "ON" => "yes",
            "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => "no",
            other => other,
        };
        check_value(self.keyword, value).map_err(E::custom)?;
        Ok(vec![value.to_owned()])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<String>, A::Error> {
        let Keyword { name, shape } = self.keyword;
        if !self.list {
            return Err(de::Error::custom(format!("a value of `{name}` can't be a list itself")));
        }
        if !shape.is_list() {
            return Err(de::Error::custom(format!("`{name}` takes one value, not a list")));
        }
        let mut values = Vec::new();
        while let Some(item) = seq.next_element_seed(Item(self.keyword))? {
            values.push(item);
            if values.len() > VALUES_LIMIT {
                return Err(de::Error::custom(format!(
                    "`{name}` has more than {VALUES_LIMIT} values"
                )));
            }
        }
        if values.is_empty() {
            return Err(de::Error::custom(format!(
                "the list of `{name}` is empty: remove the key to keep sshd's current setting"
            )));
        }
        Ok(values)
    }
}

/// Reads one value of a list.
struct Item(&'static Keyword);

impl<'de> DeserializeSeed<'de> for Item {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        let Keyword { name, shape } = self.0;
        let value = Value {
            keyword: self.0,
            list: false,
        };
        let value = value.deserialize(deserializer)?.concat();
        let separated = *shape == Shape::Commas && value.contains(',');
        let several = *shape != Shape::Lines && words(value.as_bytes()).is_ok_and(|w| w.len() > 1);
        if separated || several {
            return Err(de::Error::custom(format!(
                "`{name}` has more than one value here: write one item for each, or put it in double quotes for sshd"
            )));
        }
        Ok(value)
    }
}

/// Whether sshd reads this as one value, on one line.
fn check_value(keyword: &Keyword, value: &str) -> Result<(), String> {
    let name = keyword.name;
    if value.trim().is_empty() {
        return Err(format!("`{name}` has no value"));
    }
    if value.len() > VALUE_LIMIT {
        return Err(format!("the value of `{name}` has more than {VALUE_LIMIT} bytes"));
    }
    if value.chars().any(char::is_control) {
        return Err(format!(
            "the value of `{name}` has a line break or another control character, which sshd_config can't hold"
        ));
    }
    if value.trim().starts_with('=') {
        return Err(format!(
            "the value of `{name}` starts with `=`, which sshd skips: put it in double quotes for sshd"
        ));
    }
    if keyword.shape == Shape::Rest {
        return Ok(());
    }
    let found =
        words(value.as_bytes()).map_err(|_| format!("the value of `{name}` opens a quote and doesn't close it"))?;
    let end = found.last().map_or(0, |w| w.place.end);
    if value.trim_end().len() > end {
        return Err(format!(
            "sshd treats the text after `#` in the value of `{name}` as a comment: put it in double quotes for sshd"
        ));
    }
    if keyword.shape == Shape::One && found.len() > 1 {
        return Err(format!(
            "`{name}` takes one value, not {}: if it is one value with spaces, put it in double quotes for sshd",
            found.len()
        ));
    }
    match found.first().and_then(|word| objection(keyword, &word.text)) {
        Some(objection) => Err(objection),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn read(options: Json) -> Result<Vec<(&'static str, Vec<String>)>, String> {
        let options: Options = crate::document::yaml::from_json(&options).map_err(|e| e.to_string())?;
        Ok(options.0.into_iter().map(|o| (o.keyword.name, o.values)).collect())
    }

    #[test]
    fn values_of_every_shape() {
        for (given, keyword, values) in [
            (json!({"maxauthtries": 3}), "MaxAuthTries", vec!["3"]),
            (json!({"X11FORWARDING": false}), "X11Forwarding", vec!["no"]),
            (json!({"LoginGraceTime": "2m"}), "LoginGraceTime", vec!["2m"]),
            (json!({"Port": [22, 2222]}), "Port", vec!["22", "2222"]),
            (json!({"Port": 22}), "Port", vec!["22"]),
            (json!({"AcceptEnv": "LANG LC_*"}), "AcceptEnv", vec!["LANG LC_*"]),
            (
                json!({"Ciphers": ["aes128-ctr", "aes256-ctr"]}),
                "Ciphers",
                vec!["aes128-ctr", "aes256-ctr"],
            ),
            (
                json!({"Subsystem": ["sftp internal-sftp -f AUTH"]}),
                "Subsystem",
                vec!["sftp internal-sftp -f AUTH"],
            ),
            (json!({"SetEnv": ["\"A=b c\""]}), "SetEnv", vec!["\"A=b c\""]),
            (json!({"Banner": "\"/etc/my #1\""}), "Banner", vec!["\"/etc/my #1\""]),
            (
                json!({"ForceCommand": "echo 'x # y"}),
                "ForceCommand",
                vec!["echo 'x # y"],
            ),
            (json!({"MaxStartups": 10}), "MaxStartups", vec!["10"]),
        ] {
            let values = values.into_iter().map(str::to_owned).collect();
            assert_eq!(read(given.clone()).unwrap(), [(keyword, values)], "{given}");
        }
    }

    #[test]
    fn values_are_taken_as_written() {
        let text =
            "{MaxStartups: 10:30:100, StreamLocalBindMask: 0177, VersionAddendum: 1.0, X11Forwarding: off, UseDNS: no}";
        let parsed = crate::document::yaml::parse(text, 0).unwrap();
        let options: Options = crate::document::yaml::decode(&parsed.root.unwrap()).unwrap();
        let values: Vec<String> = options.0.into_iter().map(|option| option.values.concat()).collect();
        assert_eq!(values, ["10:30:100", "0177", "1.0", "no", "no"]);
    }

    #[test]
    fn values_that_sshd_would_read_otherwise_are_refused() {
        for (given, word) in [
            (json!({"PermitRootLogn": "yes"}), "did you mean `PermitRootLogin`"),
            (json!({"Match": "User root"}), "can't be an option"),
            (json!({"include": "/etc/x"}), "can't be an option"),
            (json!({"Banner": "a\nPermitRootLogin yes"}), "line break"),
            (json!({"Banner": "a\u{85}b"}), "control"),
            (json!({"Banner": ""}), "no value"),
            (json!({"Banner": null}), "expected a string"),
            (json!({"Banner": {}}), "expected a string"),
            (json!({"Banner": "# x"}), "comment"),
            (json!({"Banner": "x # y"}), "comment"),
            (json!({"Banner": "\"x"}), "quote"),
            (json!({"Banner": "a b"}), "one value"),
            (json!({"Banner": "= b"}), "starts with `=`"),
            (json!({"Banner": "x".repeat(5000)}), "4096"),
            (json!({"MaxAuthTries": [1, 2]}), "not a list"),
            (json!({"MaxAuthTries": "foo"}), "a whole number"),
            (json!({"UsePAM": "maybe"}), "`yes`, `no`"),
            (json!({"Port": [22, 70000]}), "a port from 1"),
            (json!({"Port": []}), "empty"),
            (json!({"Port": [[1]]}), "can't be a list itself"),
            (json!({"Port": [1, null]}), "expected a string"),
            (json!({"Port": vec![1; 300]}), "256"),
            (json!({"Ciphers": ["a,b"]}), "more than one"),
            (json!({"AllowUsers": ["a b"]}), "more than one"),
        ] {
            let error = read(given.clone()).unwrap_err();
            assert!(error.contains(word), "{given}: {error}");
        }
    }
}
