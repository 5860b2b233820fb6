//! `ntp`: whom the machine asks for the time.

use std::net::IpAddr;

use serde::Deserialize;

use super::code::Code;
use super::problem::{Check, Problems};

/// The most bytes a server's name may have: a domain name's.
const NAME_MAX: usize = 253;

/// `ntp`: the time servers, as cloud-config has them.
///
/// ```yaml
/// ntp: {servers: [192.0.2.1], pools: [pool.ntp.org]}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Ntp {
    /// Whether this is applied: with false, the machine keeps its current time client. Default: true.
    pub enabled: Option<bool>,
    /// The time client, as in cloud-config. The machine's own client is used anyway; a different one is noted.
    pub ntp_client: Option<NtpClient>,
    /// Servers, by name or address.
    #[serde(default)]
    pub servers: Vec<TimeServer>,
    /// Names that resolve to several servers each.
    #[serde(default)]
    pub pools: Vec<TimeServer>,
}

/// What sets the clock, by cloud-config's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum NtpClient {
    /// Whatever does on this machine.
    Auto,
    /// chrony.
    Chrony,
    /// systemd-timesyncd.
    SystemdTimesyncd,
    /// ntpd.
    Ntp,
    /// ntpdate.
    Ntpdate,
    /// OpenNTPD.
    Openntpd,
}

impl NtpClient {
    /// cloud-config's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Chrony => "chrony",
            Self::SystemdTimesyncd => "systemd-timesyncd",
            Self::Ntp => "ntp",
            Self::Ntpdate => "ntpdate",
            Self::Openntpd => "openntpd",
        }
    }
}

/// The name or the address of a time server, or of a pool of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^([0-9A-Fa-f.]*:[0-9A-Fa-f:.]*|(?![-.])(?!.*\.\.)[A-Za-z0-9_.-]+)$", "maxLength" = 253, "examples" = ["pool.ntp.org", "192.0.2.1"])))]
pub struct TimeServer(String);

impl Ntp {
    /// Whether there is anything to do.
    pub fn is_enabled(&self) -> bool {
        self.enabled != Some(false)
    }

    /// Servers and pools in the order in which they are given.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.servers.iter().chain(&self.pools).map(TimeServer::as_str)
    }
}

impl TimeServer {
    /// The name or address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TimeServer {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let refuse = |why: &str| Err(format!("`{}` is not a time server: {why}", name.escape_debug()));
        if name.is_empty() {
            return Err("a time server's name can't be empty".to_owned());
        }
        if name.len() > NAME_MAX {
            let length = name.len();
            return Err(format!(
                "a time server's name has at most {NAME_MAX} bytes, this one has {length}"
            ));
        }
        if name.parse::<IpAddr>().is_ok() {
            return Ok(Self(name));
        }
        if name.contains(':') {
            return refuse("it is not an IPv6 address, and a port is not supported");
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if let Some(bad) = name.chars().find(|c| !allowed(*c)) {
            return refuse(&format!("`{}` is not allowed in it", bad.escape_debug()));
        }
        if name.starts_with(['-', '.']) || name.contains("..") {
            return refuse("it has an empty label, or begins with `-`");
        }
        Ok(Self(name))
    }
}

impl Check for Ntp {
    fn check(&self, problems: &mut Problems<'_>) {
        if !self.is_enabled() && self.all().next().is_some() {
            problems.of(Code::NoEffect).warning(
                &["enabled"],
                "with `enabled: false` the servers and pools are not used",
                Some("leave out `enabled`, or the servers"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses() {
        for good in [
            "192.0.2.1",
            "2001:db8::1",
            "ntp1",
            "0.pool.ntp.org",
            "time.example.test.",
            "_ntp.x",
        ] {
            assert!(TimeServer::try_from(good.to_owned()).is_ok(), "{good}");
        }
        let long = "a".repeat(NAME_MAX + 1);
        for bad in [
            "",
            "a b",
            "a\nNTP=b",
            "time.example.test:123",
            "[2001:db8::1]",
            "-x",
            "a..b",
            ".a",
            "a iburst",
            "tïme",
            &long,
        ] {
            assert!(TimeServer::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn servers_that_nobody_asks_are_noticed() {
        for (json, expected) in [
            (r#"{"enabled": false, "servers": ["a"]}"#, 1),
            (r#"{"enabled": false}"#, 0),
            (r#"{"pools": ["a"]}"#, 0),
            ("{}", 0),
        ] {
            let ntp: Ntp = serde_json::from_str(json).unwrap();
            let mut found = Vec::new();
            ntp.check(&mut Problems::new(&mut found));
            assert_eq!(found.len(), expected, "{json}");
        }
    }
}
