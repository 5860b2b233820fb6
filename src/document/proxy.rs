//! `proxy` and `no_proxy`: how the web is reached from here.

use serde::{Deserialize, Deserializer};

use super::Config;
use super::code::Code;
use super::one_or_many::one_or_many;
use super::problem::{Check, Problems};
use crate::vocabulary::Secret;

/// The most bytes of an address.
const LENGTH_MAX: usize = 4096;

/// What is wrong with an address, and what to write.
pub const NO_PROXY_ADDRESS: (&str, &str) = (
    "this is not the address of a proxy",
    "write http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT",
);

/// A proxy, and what is reached without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// `http://HOST:PORT`; it may hold a password.
    pub address: Secret,
    /// Hosts that are reached without it: `host`, `.domain`, `*`.
    pub except: Vec<String>,
}

/// The address of a proxy, `http://HOST:PORT` or `http://USER:PASSWORD@HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(transparent, extend("pattern" = r"^http://([^\s\x00-\x1f]*@)?[^/@\s]+/*$", "maxLength" = 4096)))]
pub struct ProxyAddress(Secret);

/// Hosts that are reached without the proxy: names, addresses, and domains with a dot before them; a list, or one text
/// with commas, as in the variable `no_proxy`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(with = "crate::vocabulary::schema::OneOrMany<String>")
)]
pub struct NoProxy(Vec<String>);

impl<'de> Deserialize<'de> for NoProxy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_or_many(deserializer).map(Self)
    }
}

impl NoProxy {
    /// The hosts, one by one.
    fn hosts(&self) -> impl Iterator<Item = &str> {
        let hosts = self.0.iter().flat_map(|text| text.split([',', ' ', '\n', '\t']));
        hosts.filter(|host| !host.is_empty())
    }
}

impl Config {
    /// The proxy of the document; `None` where it names none.
    pub fn proxy(&self) -> Option<Proxy> {
        let except = self.no_proxy.iter().flat_map(NoProxy::hosts);
        Some(Proxy {
            address: self.proxy.as_ref()?.0.clone(),
            except: except.map(str::to_owned).collect(),
        })
    }
}

/// Whether firstlight can use this proxy: one that is reached in plain text, as the connections through it are encrypted
/// themselves.
pub fn is_proxy(address: &str) -> bool {
    let host = address.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
    let host = host.map(|rest| rest.rsplit_once('@').map_or(rest, |(_, host)| host));
    host.is_some_and(|host| !host.is_empty() && !host.contains('/'))
        && address.len() <= LENGTH_MAX
        && !address.contains(|c: char| c.is_whitespace() || c.is_control())
}

impl Check for ProxyAddress {
    fn check(&self, problems: &mut Problems<'_>) {
        if !is_proxy(self.0.expose()) {
            let (message, hint) = NO_PROXY_ADDRESS;
            problems.error(&[], message, Some(hint));
        }
    }
}

impl Check for NoProxy {
    fn check(&self, problems: &mut Problems<'_>) {
        if let Some(network) = self.hosts().find(|host| host.contains('/')) {
            let message = format!(
                "`{}` is a network, which not every program knows here",
                network.escape_debug()
            );
            let hint = "write host names, addresses, or `.example.com` for a domain";
            problems.of(Code::NoEffect).warning(&[], message, Some(hint));
        }
    }
}

/// `no_proxy` says nothing without a proxy.
pub(super) fn check(config: &Config, problems: &mut Problems<'_>) {
    if config.proxy.is_none()
        && config
            .no_proxy
            .as_ref()
            .is_some_and(|hosts| hosts.hosts().next().is_some())
    {
        let hint = Some("write `proxy: http://HOST:PORT`, or remove the key");
        problems
            .of(Code::NoEffect)
            .warning(&["no_proxy"], "there is no `proxy` that this could be without", hint);
    }
}

#[cfg(test)]
mod tests {
    use crate::document::{Document, Texts};

    fn read(yaml: &str) -> (Document, String) {
        let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
        let said: Vec<String> = document.diagnostics.iter().map(|found| found.in_one_line()).collect();
        (document, said.join("\n"))
    }

    #[test]
    fn hosts_are_a_list_or_one_text_as_in_the_variable() {
        for hosts in ["[a, .b, 192.0.2.1]", "a,.b, 192.0.2.1", "['a,.b', ' 192.0.2.1 ', '']"] {
            let (document, said) = read(&format!("proxy: http://p:1\nno_proxy: {hosts}\n"));
            assert_eq!(said, "", "{hosts}");
            assert_eq!(
                document.config.proxy().unwrap().except,
                ["a", ".b", "192.0.2.1"],
                "{hosts}"
            );
        }
        assert_eq!(read("no_proxy: a\n").0.config.proxy(), None);
    }

    #[test]
    fn what_is_no_proxy_is_told_and_never_shown() {
        for address in [
            "hunter2",
            "http://",
            "http://hunter2@",
            "https://me:hunter2@p:1",
            "socks5://hunter2:1",
            "http://p:1/hunter2",
            "\"http://me:hunter2@p\\n:1\"",
            "\"http://me:hun\\0ter2@p:1\"",
        ] {
            let (document, said) = read(&format!("proxy: {address}\n"));
            assert_eq!(document.config.proxy(), None, "{address}");
            assert!(said.contains("http://HOST:PORT") && !said.contains("hunter2"), "{said}");
        }
        for address in ["http://p", "http://p:3128/", "http://me:a/b@c@[2001:db8::1]:1"] {
            let (document, said) = read(&format!("proxy: {address}\n"));
            assert_eq!(said, "", "{address}");
            assert_eq!(document.config.proxy().unwrap().address.expose(), address);
        }
    }

    #[test]
    fn what_has_no_effect_is_said() {
        let (_, said) = read("no_proxy: [a]\n");
        assert!(said.contains("there is no `proxy`"), "{said}");
        let (_, said) = read("proxy: http://p:1\nno_proxy: a,10.0.0.0/8\n");
        assert!(said.contains("`10.0.0.0/8` is a network"), "{said}");
        assert_eq!(read("no_proxy: ~\nproxy: ~\n").1, "");
    }
}
