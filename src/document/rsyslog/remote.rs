//! `rsyslog.remotes`: the hosts that messages are sent to.

use std::fmt;
use std::net::Ipv6Addr;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

/// The most bytes of a host's name: a domain name's.
const HOST_MAX: usize = 253;

/// Hosts by name, in the order of the document. One without a value is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(
        with = "std::collections::BTreeMap<String, Option<Remote>>",
        rename = "RsyslogRemotes"
    )
)]
pub struct Remotes(pub Vec<(String, Remote)>);

/// A host that messages are sent to: `[FILTER] [@|@@]HOST[:PORT]`, as in rsyslog.conf(5). One `@`, or none, is UDP; two are
/// TCP. Without a filter it is every message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "RsyslogRemote", extend("pattern" = r"^\s*([^\s#]+\s+)?@{0,2}(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?\s*(#.*)?$", "examples" = ["@@logs.example.com:514"])))]
pub struct Remote {
    filter: String,
    is_tcp: bool,
    host: String,
    port: Option<u16>,
}

impl fmt::Display for Remote {
    /// The line of the configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = if self.is_tcp { "@@" } else { "@" };
        write!(f, "{} {protocol}", self.filter)?;
        match self.host.contains(':') {
            true => write!(f, "[{}]", self.host)?,
            false => f.write_str(&self.host)?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl TryFrom<String> for Remote {
    type Error = String;

    fn try_from(line: String) -> Result<Self, String> {
        let refuse = |why: &str| Err(format!("`{}` is not a host for messages: {why}", line.escape_debug()));
        if line.chars().any(char::is_control) {
            return refuse("it has a control character");
        }
        let data = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = data.split_whitespace().collect();
        let (filter, target) = match words.as_slice() {
            [target] => ("*.*", *target),
            [filter, target] => (*filter, *target),
            [] => return refuse("it is empty"),
            _ => return refuse("there is more than a filter and a host"),
        };
        let (is_tcp, target) = match (target.strip_prefix("@@"), target.strip_prefix('@')) {
            (Some(target), _) => (true, target),
            (None, target) => (false, target.unwrap_or(words[words.len() - 1])),
        };
        let bracketed = target.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let (host, port) = match bracketed {
            Some((host, rest)) if host.parse::<Ipv6Addr>().is_ok() => match (rest, rest.strip_prefix(':')) {
                ("", _) => (host, None),
                (_, Some(port)) => (host, Some(port)),
                _ => return refuse("after `]` comes `:` and the port"),
            },
            Some(_) => return refuse("what is in brackets is not an IPv6 address"),
            None => match target.split_once(':') {
                Some((_, port)) if port.contains(':') => return refuse("an IPv6 address is in brackets"),
                Some((host, port)) => (host, Some(port)),
                None => (target, None),
            },
        };
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if bracketed.is_none() && (host.is_empty() || host.len() > HOST_MAX || !host.chars().all(allowed)) {
            return refuse("the host is neither a name nor an address");
        }
        let port = match port.map(str::parse::<u16>) {
            None => None,
            Some(Ok(port)) if port > 0 => Some(port),
            Some(_) => return refuse("the port is a number from 1 to 65535"),
        };
        Ok(Self {
            filter: filter.to_owned(),
            is_tcp,
            host: host.to_owned(),
            port,
        })
    }
}

impl<'de> Deserialize<'de> for Remotes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Remotes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping of hosts by name")
            }

            fn visit_unit<E: Error>(self) -> Result<Remotes, E> {
                Ok(Remotes::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Remotes, A::Error> {
                let mut remotes = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name.chars().any(char::is_control) {
                        return Err(A::Error::custom(
                            "the name of a host for messages has a control character",
                        ));
                    }
                    let remote = map.next_value::<Option<Remote>>()?;
                    remotes.extend(remote.map(|remote| (name, remote)));
                }
                Ok(Remotes(remotes))
            }
        }
        deserializer.deserialize_any(All)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_is_a_filter_a_protocol_a_host_and_a_port() {
        for (written, line) in [
            ("192.0.2.1", "*.* @192.0.2.1"),
            ("@192.0.2.1:10514", "*.* @192.0.2.1:10514"),
            (
                "*.err;auth.none @@logs.example.com # theirs",
                "*.err;auth.none @@logs.example.com",
            ),
            ("@@[2001:db8::1]:514", "*.* @@[2001:db8::1]:514"),
            ("[::1]", "*.* @[::1]"),
        ] {
            assert_eq!(Remote::try_from(written.to_owned()).unwrap().to_string(), line);
        }
    }

    #[test]
    fn what_is_no_remote_says_why() {
        for (written, why) in [
            ("", "it is empty"),
            ("# none", "it is empty"),
            ("*.* @a b", "more than a filter and a host"),
            ("@", "neither a name nor an address"),
            ("@@@a", "neither a name nor an address"),
            ("2001:db8::1", "an IPv6 address is in brackets"),
            ("@[x]:1", "not an IPv6 address"),
            ("@[::1]1", "after `]` comes"),
            ("a:0", "from 1 to 65535"),
            ("a:65536", "from 1 to 65535"),
            ("a:", "from 1 to 65535"),
            ("a$(b)", "neither a name nor an address"),
            ("a\n*.* /x", "a control character"),
        ] {
            let error = Remote::try_from(written.to_owned()).unwrap_err();
            assert!(error.contains(why), "{written}: {error}");
        }
    }
}
