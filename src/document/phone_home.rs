//! `phone_home`: an address that is told when the machine is ready.

use std::fmt;

use serde::Deserialize;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::code::Code;
use super::final_message::behind_dollar;
use super::problem::{Check, Problems};
use crate::vocabulary::{Address, NoAddress, percent_encoded};

/// The variable in the address.
const INSTANCE_ID: &str = "INSTANCE_ID";

/// The most times that it is tried.
const TRIES_MAX: u32 = 100;

/// An address that a form with what is said about the machine is posted to, once for each instance, when all else is done.
///
/// ```yaml
/// phone_home: {url: 'https://inventory.example.com/hello/$INSTANCE_ID', post: [hostname, pub_key_ed25519]}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PhoneHome {
    /// The address, `http://` or `https://`. `$INSTANCE_ID` stands for the machine's instance ID.
    ///
    /// ```yaml
    /// url: https://inventory.example.com/hello/$INSTANCE_ID
    /// ```
    pub url: Address,
    /// What is posted: `all`, or a list of `pub_key_rsa`, `pub_key_ecdsa`, `pub_key_ed25519`, `instance_id`, `hostname` and
    /// `fqdn`. Default: all. What the machine doesn't have is posted as `N/A`.
    ///
    /// ```yaml
    /// post: [hostname, instance_id]
    /// ```
    #[serde(default)]
    pub post: Post,
    /// How often it is tried, 1 to 100 times. Default: 10.
    ///
    /// ```yaml
    /// tries: 3
    /// ```
    #[serde(default)]
    pub tries: Tries,
}

impl PhoneHome {
    /// The address for this instance.
    ///
    /// # Errors
    /// With the instance ID it would be none.
    pub fn address(&self, instance_id: &str) -> Result<Address, NoAddress> {
        let value = percent_encoded(instance_id);
        let mut rest = self.url.written();
        let mut address = String::with_capacity(rest.len() + value.len());
        while let Some((at, length, name)) = behind_dollar(rest) {
            let (before, variable) = (&rest[..at], &rest[at..at + length]);
            address.push_str(before);
            address.push_str(if name == INSTANCE_ID { &value } else { variable });
            rest = &rest[at + length..];
        }
        address.push_str(rest);
        address.parse()
    }
}

impl Check for PhoneHome {
    fn check(&self, problems: &mut Problems<'_>) {
        // Only of the part that is no secret.
        let shown = self.url.to_string();
        if behind_dollar(&shown).is_some_and(|(_, _, name)| name != INSTANCE_ID) {
            let message = "the address has a variable that stands for nothing: it is asked for as it is written";
            let hint = Some("the variable is $INSTANCE_ID");
            problems.of(Code::NoEffect).warning(&["url"], message, hint);
        }
        for (number, _) in self
            .post
            .0
            .iter()
            .enumerate()
            .filter(|(_, field)| **field == Field::PubKeyDsa)
        {
            let message = "`pub_key_dsa` is posted as `N/A`: SSH servers have no DSA keys any more";
            let hint = Some("use pub_key_ed25519");
            problems
                .of(Code::NoEffect)
                .warning(&["post", &number.to_string()], message, hint);
        }
    }
}

/// What is posted, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "forms::Post"))]
pub struct Post(pub Vec<Field>);

impl Default for Post {
    fn default() -> Self {
        Self(Field::ALL.to_vec())
    }
}

impl<'de> Deserialize<'de> for Post {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AllOrFields)
    }
}

struct AllOrFields;

impl<'de> Visitor<'de> for AllOrFields {
    type Value = Post;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`all` or a list")
    }

    fn visit_unit<E: Error>(self) -> Result<Post, E> {
        Ok(Post::default())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Post, E> {
        match text {
            "all" => Ok(Post::default()),
            _ => Err(E::custom(format!(
                "expected `all` or a list, found `{}`",
                text.escape_debug()
            ))),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Post, A::Error> {
        let mut fields: Vec<Field> = Vec::new();
        for field in Vec::<Field>::deserialize(SeqAccessDeserializer::new(items))? {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        Ok(Post(fields))
    }
}

/// Something that is said about the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Field {
    /// The SSH server's public RSA key.
    PubKeyRsa,
    /// The SSH server's public ECDSA key.
    PubKeyEcdsa,
    /// The SSH server's public Ed25519 key.
    #[serde(rename = "pub_key_ed25519")]
    PubKeyEd25519,
    /// The instance ID.
    InstanceId,
    /// What the machine is called, without its domain.
    Hostname,
    /// What the machine is called, with its domain where it has one.
    Fqdn,
    /// A key that no SSH server has any more.
    PubKeyDsa,
}

impl Field {
    /// All of them, in the order in which cloud-init posts them.
    pub const ALL: [Self; 6] = [
        Self::PubKeyRsa,
        Self::PubKeyEcdsa,
        Self::PubKeyEd25519,
        Self::InstanceId,
        Self::Hostname,
        Self::Fqdn,
    ];

    /// Its name in the form.
    pub fn name(self) -> &'static str {
        match self {
            Self::PubKeyRsa => "pub_key_rsa",
            Self::PubKeyEcdsa => "pub_key_ecdsa",
            Self::PubKeyEd25519 => "pub_key_ed25519",
            Self::InstanceId => "instance_id",
            Self::Hostname => "hostname",
            Self::Fqdn => "fqdn",
            Self::PubKeyDsa => "pub_key_dsa",
        }
    }
}

/// How often it is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "u32", extend("minimum" = 1, "maximum" = 100)))]
pub struct Tries(pub u32);

impl Default for Tries {
    fn default() -> Self {
        Self(10)
    }
}

impl TryFrom<u32> for Tries {
    type Error = String;

    fn try_from(tries: u32) -> Result<Self, String> {
        match tries {
            1..=TRIES_MAX => Ok(Self(tries)),
            _ => Err(format!("it is tried from 1 to {TRIES_MAX} times")),
        }
    }
}

#[cfg(test)]
mod forms {
    use super::Field;

    /// What an editor is told of what is posted.
    #[derive(schemars::JsonSchema)]
    #[schemars(untagged)]
    #[allow(dead_code, reason = "only its schema is used")]
    pub enum Post {
        /// All of it.
        All(#[schemars(extend("const" = "all"))] String),
        /// In this order.
        Fields(Vec<Field>),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Diagnostic, Document, Texts};

    fn read(yaml: &str) -> (Option<PhoneHome>, Vec<String>) {
        let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
        let said = document.diagnostics.iter().map(Diagnostic::in_one_line).collect();
        (document.config.phone_home, said)
    }

    #[test]
    fn every_form_of_cloud_config() {
        use Field::{Fqdn, Hostname, InstanceId, PubKeyEd25519};
        for (below, fields, tries) in [
            ("", Field::ALL.to_vec(), 10),
            (", post: all, tries: 5", Field::ALL.to_vec(), 5),
            (", post: , tries: '3'", Field::ALL.to_vec(), 3),
            (
                ", post: [pub_key_ed25519, instance_id, hostname, fqdn, hostname]",
                vec![PubKeyEd25519, InstanceId, Hostname, Fqdn],
                10,
            ),
            (", post: [hostname], tries: 100", vec![Hostname], 100),
            (", post: []", vec![], 10),
        ] {
            let (home, said) = read(&format!(
                "phone_home: {{url: 'https://h.example/$INSTANCE_ID'{below}}}\n"
            ));
            assert_eq!(said, Vec::<String>::new(), "{below}");
            let home = home.unwrap();
            assert_eq!((home.post.0, home.tries), (fields, Tries(tries)), "{below}");
        }
        for nothing in ["phone_home:\n", "phone_home: ~\n"] {
            assert_eq!(read(nothing), (None, vec![]), "{nothing}");
        }
    }

    #[test]
    fn a_mistake_costs_itself_and_without_an_address_there_is_no_call() {
        for (below, fields, words) in [
            ("post: [hostnam, fqdn]", Some(vec![Field::Fqdn]), "hostnam"),
            ("post: [all]", Some(vec![]), "all"),
            ("post: hostname", Some(Field::ALL.to_vec()), "`all` or a list"),
            ("post: 5", Some(Field::ALL.to_vec()), "`all` or a list"),
            ("post: {a: b}", Some(Field::ALL.to_vec()), "`all` or a list"),
            ("tries: 0", Some(Field::ALL.to_vec()), "from 1 to 100 times"),
            ("tries: 101", Some(Field::ALL.to_vec()), "from 1 to 100 times"),
            ("tries: many", Some(Field::ALL.to_vec()), "whole number"),
            ("method: PUT", Some(Field::ALL.to_vec()), "unknown key `method`"),
        ] {
            let (home, said) = read(&format!("phone_home: {{url: 'https://h.example/', {below}}}\n"));
            assert!(said.len() == 1 && said[0].contains(words), "{below}: {said:?}");
            assert_eq!(home.map(|home| home.post.0), fields, "{below}");
        }
        for (yaml, words) in [
            ("phone_home: {}\n", "url"),
            ("phone_home: {post: all}\n", "url"),
            ("phone_home: {url: 'ftp://hunter2/'}\n", "unsupported scheme"),
            ("phone_home: {url: inventory.example.com/x}\n", "is not an address"),
            ("phone_home: 'https://u:hunter2@h.example/'\n", "expected a mapping"),
        ] {
            let (home, said) = read(yaml);
            assert!(said.len() == 1 && said[0].contains(words), "{yaml}: {said:?}");
            assert!(home.is_none() && !said.concat().contains("hunter2"), "{yaml}");
        }
    }

    #[test]
    fn the_instance_id_is_a_part_of_the_address_and_nothing_else_is() {
        let address = |url: &str, id: &str| {
            let (home, _) = read(&serde_json::json!({"phone_home": {"url": url}}).to_string());
            home.unwrap().address(id).unwrap().written().to_owned()
        };
        for (url, expected) in [
            ("http://h/$INSTANCE_ID", "http://h/i-1%2F..%3Fa"),
            (
                "http://h/${INSTANCE_ID}.json?i=$INSTANCE_ID&b",
                "http://h/i-1%2F..%3Fa.json?i=i-1%2F..%3Fa&b",
            ),
            ("http://u:$INSTANCE_ID@h/", "http://u:i-1%2F..%3Fa@h/"),
            (
                "http://h/$INSTANCE_IDS/$instance_id/$/$$INSTANCE_ID",
                "http://h/$INSTANCE_IDS/$instance_id/$/$i-1%2F..%3Fa",
            ),
            ("http://h/", "http://h/"),
        ] {
            assert_eq!(address(url, "i-1/..?a"), expected, "{url}");
        }
        assert_eq!(address("http://$INSTANCE_ID.h/", "i-1"), "http://i-1.h/");
    }

    #[test]
    fn what_stands_for_nothing_is_told_and_no_secret_with_it() {
        for (below, words) in [
            ("url: 'http://h/$HOSTNAME'", "stands for nothing"),
            ("url: 'http://h/', post: [pub_key_dsa, fqdn]", "no DSA keys"),
        ] {
            let (home, said) = read(&format!("phone_home: {{{below}}}\n"));
            assert!(
                home.is_some() && said.len() == 1 && said[0].contains(words),
                "{below}: {said:?}"
            );
        }
        let (_, said) = read("phone_home: {url: 'http://u:a$hunter2@h/?t=$hunter2'}\n");
        assert_eq!(said, Vec::<String>::new());
    }
}
