//! `sudo`: what an account may do as another one, sudoers(5).

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The longest rule, in bytes: sudo reads lines of any length, a terminal shows fewer.
const RULE_MAX: usize = 1024;

/// Rules of sudoers(5), each without the account's name in front: `ALL=(ALL) NOPASSWD:ALL`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "super::forms::RulesOrNone"))]
pub struct Sudo(Vec<String>);

impl Sudo {
    /// The rules, in the order of the document.
    pub fn rules(&self) -> &[String] {
        &self.0
    }
}

/// A rule can't have a second line: it would be a rule of its own.
fn rule(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.len() > RULE_MAX {
        let length = text.len();
        return Err(format!("a rule has at most {RULE_MAX} bytes, this one has {length}"));
    }
    if text.is_empty() {
        return Err("a rule can't be empty; leave `sudo` out for none".to_owned());
    }
    if text.contains(char::is_control) {
        return Err("a rule is one line".to_owned());
    }
    if text.ends_with('\\') {
        return Err("a rule can't end with `\\`: the next line would become part of it".to_owned());
    }
    if !text.contains('=') {
        return Err("expected a rule of sudoers(5) like `ALL=(ALL) NOPASSWD:ALL`".to_owned());
    }
    Ok(text.to_owned())
}

impl<'de> Deserialize<'de> for Sudo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Rules)
    }
}

struct Rules;

impl<'de> Visitor<'de> for Rules {
    type Value = Sudo;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a rule like `ALL=(ALL) NOPASSWD:ALL`, or a list of rules")
    }

    fn visit_unit<E: Error>(self) -> Result<Sudo, E> {
        Ok(Sudo::default())
    }

    fn visit_bool<E: Error>(self, is_there: bool) -> Result<Sudo, E> {
        match is_there {
            false => Ok(Sudo::default()),
            true => Err(E::custom("expected a rule like `ALL=(ALL) NOPASSWD:ALL`, found true")),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Sudo, E> {
        rule(text).map(|rule| Sudo(vec![rule])).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Sudo, A::Error> {
        let mut rules = Vec::new();
        while let Some(Rule(rule)) = items.next_element()? {
            rules.push(rule);
        }
        Ok(Sudo(rules))
    }
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Rule(String);

impl TryFrom<String> for Rule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        rule(&text).map(Self)
    }
}
