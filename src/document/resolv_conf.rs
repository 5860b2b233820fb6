//! `manage_resolv_conf` and `resolv_conf`: who resolves names for the whole machine.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};

use super::Config;
use super::code::Code;
use super::network::{Ip, SearchDomain};
use super::problem::{Check, Problems};

/// The most of each: more than any resolver looks at.
const MOST: usize = 64;

/// Who resolves names for the whole machine, as resolv.conf(5) has it. It takes `manage_resolv_conf: true`.
///
/// ```yaml
/// nameservers: [192.0.2.53, 2001:db8::53]
/// searchdomains: [corp.example.com]
/// domain: example.com
/// options: {timeout: 1}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ResolvConf {
    /// The addresses of the DNS servers.
    #[serde(default)]
    pub nameservers: Vec<Ip>,
    /// Domains that are added to short names.
    #[serde(default)]
    pub searchdomains: Vec<Domain>,
    /// The machine's own domain: the first of those that are added to short names.
    pub domain: Option<Domain>,
    /// Addresses, each with or without a netmask: the C library sorts its answers by them. Only in `/etc/resolv.conf`.
    #[serde(default)]
    pub sortlist: Vec<SortAddress>,
    /// Options of the C library's resolver: `true` for one without a value. Only in `/etc/resolv.conf`.
    ///
    /// ```yaml
    /// options: {rotate: true, timeout: 1}
    /// ```
    #[serde(default)]
    pub options: BTreeMap<OptionName, OptionValue>,
}

/// A domain.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^(\.|[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?)$", "maxLength" = 254, "examples" = ["example.com"])))]
pub struct Domain(String);

impl TryFrom<String> for Domain {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.starts_with('~') {
            let why = "a domain that only routes queries belongs to `nameservers` of an interface under `network`";
            return Err(why.to_owned());
        }
        SearchDomain::try_from(text).map(|domain| Self(domain.as_str().to_owned()))
    }
}

impl Domain {
    /// The domain.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An address of `sortlist`, with or without a netmask: `192.0.2.0/255.255.255.0`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^[0-9.]+(/[0-9.]+)?$", "maxLength" = 31, "examples" = ["192.0.2.0/255.255.255.0"])))]
pub struct SortAddress(String);

impl TryFrom<String> for SortAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_address = |part: &str| matches!(part.parse(), Ok(IpAddr::V4(_)));
        let is_right = match text.split_once('/') {
            Some((address, mask)) => is_address(address) && is_address(mask),
            None => is_address(&text),
        };
        match is_right {
            true => Ok(Self(text)),
            false => Err("expected an IPv4 address, with or without a netmask: 192.0.2.0/255.255.255.0".to_owned()),
        }
    }
}

impl SortAddress {
    /// As resolv.conf(5) has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of an option of resolv.conf(5).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^[a-z0-9-]{1,32}$", "examples" = ["timeout"])))]
pub struct OptionName(String);

impl TryFrom<String> for OptionName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        match (1..=32).contains(&name.len()) && name.chars().all(is_name) {
            true => Ok(Self(name)),
            false => Err("expected the name of an option, such as timeout: see resolv.conf(5)".to_owned()),
        }
    }
}

impl OptionName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The value of an option: true, false, a number or a word.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(untagged))]
pub enum OptionValue {
    /// It is there, or not.
    Flag(bool),
    /// It has this number.
    Number(u16),
    /// It has this word.
    Word(#[cfg_attr(test, schemars(extend("pattern" = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")))] String),
}

impl<'de> Deserialize<'de> for OptionValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Value)
    }
}

struct Value;

impl Visitor<'_> for Value {
    type Value = OptionValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, a number or a word")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<OptionValue, E> {
        Ok(OptionValue::Flag(flag))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<OptionValue, E> {
        let number = u16::try_from(number).map_err(|_| E::custom("expected a number up to 65535"))?;
        Ok(OptionValue::Number(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<OptionValue, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::custom("expected a number up to 65535")),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<OptionValue, E> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        match text.parse() {
            Ok(number) => Ok(OptionValue::Number(number)),
            Err(_) if starts && text.len() <= 32 && text.chars().all(is_word) => Ok(OptionValue::Word(text.to_owned())),
            Err(_) => Err(E::custom("expected true, false, a number or a word")),
        }
    }
}

impl ResolvConf {
    /// The domains that are added to short names, the machine's own first, each once.
    pub fn search(&self) -> Vec<&str> {
        let mut search: Vec<&str> = Vec::new();
        for domain in self.domain.iter().chain(&self.searchdomains) {
            if !search.contains(&domain.as_str()) {
                search.push(domain.as_str());
            }
        }
        search
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Check for ResolvConf {
    fn check(&self, problems: &mut Problems<'_>) {
        let lengths = [
            ("nameservers", self.nameservers.len()),
            ("searchdomains", self.searchdomains.len()),
            ("sortlist", self.sortlist.len()),
            ("options", self.options.len()),
        ];
        for (key, length) in lengths.into_iter().filter(|(_, length)| *length > MOST) {
            problems.error(&[key], format!("at most {MOST} are allowed, these are {length}"), None);
        }
    }
}

/// Reports a key that has no effect without the other one.
pub(super) fn check_managed(config: &Config, problems: &mut Problems<'_>) {
    let is_managed = config.manage_resolv_conf == Some(true);
    let asks = config.resolv_conf.as_ref().is_some_and(|wanted| !wanted.is_empty());
    let mut problems = problems.of(Code::NoEffect);
    match (is_managed, asks) {
        (false, true) => {
            let message = "it has no effect without `manage_resolv_conf: true`";
            problems.warning(
                &["resolv_conf"],
                message,
                Some("add `manage_resolv_conf: true`, or remove it"),
            );
        }
        (true, false) => {
            let message = "it has no effect without `resolv_conf`, which says who resolves names";
            problems.warning(&["manage_resolv_conf"], message, None);
        }
        (true, true) | (false, false) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Texts};

    fn read(text: &str) -> (Option<ResolvConf>, Vec<String>) {
        let text = format!("#cloud-config\n{text}\n");
        let document = Document::read(&Texts::of_user_data("user-data", text.as_bytes()));
        let told = document.diagnostics.iter();
        let told = told
            .map(|one| format!("{} {}", one.path.join("."), one.message))
            .collect();
        (document.config.resolv_conf, told)
    }

    #[test]
    fn everything_that_cloud_init_has() {
        let (wanted, told) = read(
            "manage_resolv_conf: true\nresolv_conf: {nameservers: [192.0.2.1, '2001:db8::1'], domain: example.com, \
             searchdomains: [a.example, example.com], sortlist: [192.0.2.0/255.255.255.0, 10.0.0.1], \
             options: {rotate: true, timeout: 1, attempts: '2', edns0: false}}",
        );
        assert_eq!(told, Vec::<String>::new());
        let wanted = wanted.unwrap();
        assert_eq!(wanted.search(), ["example.com", "a.example"]);
        let options: Vec<_> = wanted
            .options
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        let expected = [
            ("attempts", OptionValue::Number(2)),
            ("edns0", OptionValue::Flag(false)),
            ("rotate", OptionValue::Flag(true)),
            ("timeout", OptionValue::Number(1)),
        ];
        assert_eq!(options, expected);
    }

    #[test]
    fn one_key_without_the_other_is_told() {
        for (text, words) in [
            (
                "resolv_conf: {nameservers: [192.0.2.1]}",
                "without `manage_resolv_conf: true`",
            ),
            ("manage_resolv_conf: true", "without `resolv_conf`"),
            ("manage_resolv_conf: true\nresolv_conf: {}", "without `resolv_conf`"),
        ] {
            let (_, told) = read(text);
            assert!(told.len() == 1 && told[0].contains(words), "{text}: {told:?}");
        }
        for text in [
            "manage_resolv_conf: false",
            "resolv_conf: {}",
            "manage_resolv_conf: false\nresolv_conf:",
        ] {
            assert_eq!(read(text).1, Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn nothing_gets_a_second_line_or_word_into_the_file() {
        for broken in [
            "nameservers: ['192.0.2.1\\nnameserver 192.0.2.2']",
            "nameservers: [dns.example.com]",
            "nameservers: [\"192.0.2.1 x\"]",
            "searchdomains: ['a b']",
            "searchdomains: [\"a\\nb\"]",
            "searchdomains: ['~a']",
            "domain: ''",
            "domain: [a]",
            "sortlist: ['192.0.2.0/24']",
            "sortlist: [a]",
            "options: {'a b': true}",
            "options: {timeout: 1.5}",
            "options: {timeout: 99999}",
            "options: {timeout: -1}",
            "options: {timeout: 'a b'}",
            "options: [rotate]",
            "nameserver: [192.0.2.1]",
        ] {
            let broken = broken.replace('\'', "\"");
            let (_, told) = read(&format!(
                "manage_resolv_conf: true\nresolv_conf: {{domain: a, {broken}}}"
            ));
            assert!(!told.is_empty(), "{broken}");
        }
        let many = vec!["192.0.2.1"; MOST + 1].join(", ");
        let (_, told) = read(&format!(
            "manage_resolv_conf: true\nresolv_conf: {{domain: a, nameservers: [{many}]}}"
        ));
        assert!(told.iter().any(|one| one.contains("at most 64")), "{told:?}");
    }
}
