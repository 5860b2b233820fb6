//! Where docker gets images from, and as whom.

use serde::Deserialize;

use super::UserName;
use crate::vocabulary::Secret;

/// Docker Hub, by the names that people call it.
const HUB: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/// What docker calls it in its list of logins.
const HUB_LOGIN: &str = "https://index.docker.io/v1/";

/// The address of a mirror of Docker Hub: `https://HOST[:PORT]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^https?://[A-Za-z0-9.\[\]:_-]+/?$", "examples" = ["https://mirror.example.com"])))]
pub struct MirrorAddress(String);

/// A registry that docker may talk to without TLS, or with a certificate that nobody vouches for: `HOST[:PORT]`, or a
/// network such as `192.0.2.0/24`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^(?!-)[A-Za-z0-9.\[\]:_-]+(/[0-9]+)?$", "examples" = ["registry.example.com:5000"])))]
pub struct InsecureRegistry(String);

/// A registry: `HOST[:PORT]`; `docker.io` is Docker Hub.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^(?!-)[A-Za-z0-9.\[\]:_-]+$", "examples" = ["ghcr.io"])))]
pub struct Registry(String);

/// The name of an account of a registry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^[^:\u0000-\u001f\u007f]+$", "examples" = ["robot"])))]
pub struct LoginName(String);

/// A login at a registry, in `.docker/config.json` of root or of other accounts.
///
/// ```yaml
/// {registry: ghcr.io, username: robot, password: ghp_abc}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Login {
    /// The registry.
    pub registry: Registry,
    /// The name of the account there.
    pub username: LoginName,
    /// Its password, or a token.
    ///
    /// ```yaml
    /// password: ghp_abc
    /// ```
    pub password: Secret,
    /// The accounts of this machine that are logged in. Default: root.
    pub users: Option<Vec<UserName>>,
}

impl Login {
    /// The accounts of this machine that are logged in: root, where nobody is named.
    pub fn users(&self) -> Vec<&str> {
        match &self.users {
            Some(users) => users.iter().map(UserName::as_str).collect(),
            None => vec!["root"],
        }
    }
}

impl MirrorAddress {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl InsecureRegistry {
    /// The registry or network.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Registry {
    /// Its key in docker's list of logins.
    pub fn key(&self) -> &str {
        match HUB.contains(&self.0.as_str()) {
            true => HUB_LOGIN,
            false => &self.0,
        }
    }
}

impl LoginName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for MirrorAddress {
    type Error = String;

    /// What dockerd refuses: it doesn't start with it. A password may be in it, so nothing of it is told.
    fn try_from(address: String) -> Result<Self, String> {
        let host = ["https://", "http://"]
            .iter()
            .find_map(|scheme| address.strip_prefix(scheme));
        let Some(host) = host else {
            return Err("this is not the address of a mirror: write https://HOST[:PORT]".to_owned());
        };
        let host = host.strip_suffix('/').unwrap_or(host);
        if host.contains('@') {
            return Err("docker takes no user and no password for a mirror".to_owned());
        }
        if host.contains(['/', '?', '#']) {
            return Err("the address of a mirror ends with its host: docker takes no path".to_owned());
        }
        match is_host(host) {
            true => Ok(Self(address)),
            false => Err("this is not the address of a mirror: write https://HOST[:PORT]".to_owned()),
        }
    }
}

impl TryFrom<String> for InsecureRegistry {
    type Error = String;

    fn try_from(registry: String) -> Result<Self, String> {
        let is_network = registry.contains('/') && registry.parse::<ipnet::IpNet>().is_ok();
        match is_network || is_host(&registry) {
            true => Ok(Self(registry)),
            false => Err("this is not a registry: write HOST[:PORT] without https://, or a network".to_owned()),
        }
    }
}

impl TryFrom<String> for Registry {
    type Error = String;

    fn try_from(registry: String) -> Result<Self, String> {
        match is_host(&registry) {
            true => Ok(Self(registry)),
            false => Err("this is not a registry: write HOST[:PORT], without https:// and without a path".to_owned()),
        }
    }
}

impl TryFrom<String> for LoginName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if name.is_empty() || name.contains(':') || name.contains(char::is_control) {
            return Err(
                "this is not the name of an account: it is empty, or has a colon or a control character".to_owned(),
            );
        }
        Ok(Self(name))
    }
}

/// Whether it is a host, and perhaps a port.
fn is_host(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    let port_is_number = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => !host.is_empty() && port.parse::<u16>().is_ok(),
        _ => true,
    };
    !text.is_empty() && !text.starts_with('-') && text.chars().all(allowed) && port_is_number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in [
            "https://mirror.example.com",
            "http://10.0.0.1:5000/",
            "https://[2001:db8::1]:5000",
        ] {
            assert!(MirrorAddress::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in [
            "",
            "mirror.example.com",
            "ftp://mirror",
            "https://",
            "https:///",
            "https://mirror/v2",
            "https://u:hunter2@mirror",
            "https://mirror?hunter2",
            "https://mirror:port",
            "https://a b",
        ] {
            let error = MirrorAddress::try_from(bad.to_owned()).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
        for good in [
            "registry:5000",
            "10.0.0.0/8",
            "2001:db8::/32",
            "a.example.com",
            "[::1]:5000",
        ] {
            assert!(InsecureRegistry::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["", "http://registry", "registry/v2", "-a", "10.0.0.0/33", "a b", "a:x"] {
            assert!(InsecureRegistry::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        for (name, key) in [("docker.io", HUB_LOGIN), ("ghcr.io", "ghcr.io"), ("a:5000", "a:5000")] {
            assert_eq!(Registry::try_from(name.to_owned()).unwrap().key(), key);
        }
        for bad in ["https://ghcr.io", "ghcr.io/me", ""] {
            assert!(Registry::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        for bad in ["", "a:b", "a\nb"] {
            assert!(LoginName::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }
}
