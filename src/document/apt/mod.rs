//! `apt`: where apt gets packages from, and how.

mod key;
mod source;

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::problem::{Check, Problems};
use super::yaml::Node;
use crate::vocabulary::Secret;
pub use key::PublicKey;
pub use source::{FileName, Lines, Source};

/// The most bytes of a text.
const TEXT_MAX: usize = 1024 * 1024;

/// Where apt gets packages from, and how. Machines without apt leave it alone.
///
/// ```yaml
/// apt:
///   sources:
///     jenkins:
///       source: deb [signed-by=/usr/share/keyrings/jenkins.asc] https://pkg.jenkins.io/debian-stable binary/
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Apt {
    /// Whether the machine keeps its own `/etc/apt/sources.list`, although there is a `sources_list`. Default: false.
    pub preserve_sources_list: Option<bool>,
    /// What `/etc/apt/sources.list` has instead of what is there. `$RELEASE`, `$MIRROR`, `$PRIMARY` and `$SECURITY` are
    /// those of the distribution.
    ///
    /// ```yaml
    /// sources_list: |
    ///   deb $MIRROR $RELEASE main
    ///   deb $SECURITY $RELEASE-security main
    /// ```
    pub sources_list: Option<Lines>,
    /// More sources by name. Each is a file in `/etc/apt/sources.list.d`.
    ///
    /// ```yaml
    /// sources:
    ///   jenkins:
    ///     source: deb [signed-by=/usr/share/keyrings/jenkins.asc] https://pkg.jenkins.io/debian-stable binary/
    /// ```
    #[serde(default)]
    pub sources: Sources,
    /// Settings as in apt.conf(5).
    ///
    /// ```yaml
    /// conf: |
    ///   APT::Install-Recommends "false";
    /// ```
    pub conf: Option<Conf>,
    /// The proxy for http, the same as `http_proxy`.
    ///
    /// ```yaml
    /// proxy: http://proxy.example.com:3128
    /// ```
    pub proxy: Option<Secret>,
    /// The proxy for http.
    ///
    /// ```yaml
    /// http_proxy: http://proxy.example.com:3128
    /// ```
    pub http_proxy: Option<Secret>,
    /// The proxy for https.
    ///
    /// ```yaml
    /// https_proxy: http://proxy.example.com:3128
    /// ```
    pub https_proxy: Option<Secret>,
    /// The proxy for ftp.
    ///
    /// ```yaml
    /// ftp_proxy: http://proxy.example.com:3128
    /// ```
    pub ftp_proxy: Option<Secret>,
}

/// Sources by name, in the order of the document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(with = "std::collections::BTreeMap<FileName, Source>")
)]
pub struct Sources(pub Vec<(FileName, Source)>);

/// Settings as in apt.conf(5).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^[^\u0000-\u0008\u000b-\u001f\u007f]*$")))]
pub struct Conf(String);

impl Conf {
    /// The text, which ends with a line.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Conf {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        whole_lines(&text).map(Self)
    }
}

/// The text with an end at its last line, if nothing in it is no text.
fn whole_lines(text: &str) -> Result<String, String> {
    if text.len() > TEXT_MAX {
        return Err(format!("this has at most {TEXT_MAX} bytes"));
    }
    let text = text.replace("\r\n", "\n");
    if text.contains(|c: char| c.is_control() && c != '\n' && c != '\t') {
        return Err("there is a control character in it".to_owned());
    }
    Ok(match text.trim_end().is_empty() {
        true => String::new(),
        false => format!("{}\n", text.trim_end()),
    })
}

impl Apt {
    /// The proxies, each with its key and with apt's name of its protocol. What apt reads last counts.
    pub fn proxies(&self) -> impl Iterator<Item = (&'static str, &'static str, &Secret)> {
        let all = [
            ("proxy", "http", &self.proxy),
            ("http_proxy", "http", &self.http_proxy),
            ("https_proxy", "https", &self.https_proxy),
            ("ftp_proxy", "ftp", &self.ftp_proxy),
        ];
        let given = all
            .into_iter()
            .filter_map(|(key, protocol, proxy)| Some((key, protocol, proxy.as_ref()?)));
        given.filter(|(_, _, proxy)| !proxy.expose().is_empty())
    }
}

impl<'de> Deserialize<'de> for Sources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Sources;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping of sources by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sources, A::Error> {
                let mut sources = Vec::new();
                while let Some(source) = map.next_entry()? {
                    sources.push(source);
                }
                Ok(Sources(sources))
            }
        }
        deserializer.deserialize_map(All)
    }
}

/// A mistake in a source takes out that source: without its key apt refuses it, and says so for ever.
pub fn whole<'p>(_: &Node, path: &'p [String]) -> &'p [String] {
    let is_source = path.get(1).is_some_and(|key| key == "sources");
    path.get(..if is_source { 3 } else { 2 }).unwrap_or(path)
}

impl Check for Apt {
    fn check(&self, problems: &mut Problems<'_>) {
        for (key, _, proxy) in self.proxies() {
            let proxy = proxy.expose();
            if !proxy.contains("://") && proxy != "DIRECT" {
                let message = "a proxy is an address, such as http://proxy.example.com:3128, or DIRECT";
                problems.error(&[key], message, None);
            }
            // Inside quotes, where apt knows no escape.
            if proxy.contains(|c: char| c.is_control() || c == '"' || c.is_whitespace()) {
                problems.error(
                    &[key],
                    "a blank, a quote or a control character is not allowed in a proxy",
                    None,
                );
            }
        }
        for (name, source) in &self.sources.0 {
            source.check(&mut problems.below(&["sources", name.written()]));
        }
    }
}

#[cfg(test)]
mod tests;
