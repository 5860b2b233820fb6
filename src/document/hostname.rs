//! `hostname` and its family: what the machine is called.

use serde::Deserialize;

use super::problem::Check;

/// The most bytes the kernel's host name may have: `HOST_NAME_MAX` of Linux, hostname(7).
pub const HOST_NAME_MAX: usize = 64;

/// The most bytes a fully qualified name may have: RFC 1035 §2.3.4, without the root's dot.
pub const FQDN_MAX: usize = 253;

/// A host name, or a fully qualified one, as RFC 1123 §2.1 allows. The dot of the root at its end is left out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\.?$", "maxLength" = 254, "examples" = ["web1", "web1.example.com"])))]
pub struct HostName(String);

impl Check for HostName {}

impl HostName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first label: `web1` of `web1.example.test`.
    pub fn short(&self) -> &str {
        self.0.split('.').next().unwrap_or(&self.0)
    }

    /// The name as the kernel takes it: all of it, or its first label where it is longer than the kernel's may be.
    pub fn fitting(&self) -> &str {
        match self.0.len() {
            0..=HOST_NAME_MAX => &self.0,
            _ => self.short(),
        }
    }

    /// The name for a platform's name that is an IPv4 address: `ip-192-0-2-10`, as cloud-init has it.
    #[must_use]
    pub fn not_an_address(&self) -> Self {
        match self.0.parse::<std::net::Ipv4Addr>() {
            Ok(address) => Self(format!("ip-{}", address.to_string().replace('.', "-"))),
            Err(_) => self.clone(),
        }
    }

    /// Whether it has a domain.
    pub fn is_qualified(&self) -> bool {
        self.0.contains('.')
    }
}

impl TryFrom<String> for HostName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let name = name.strip_suffix('.').unwrap_or(&name);
        if name.is_empty() {
            return Err("a host name can't be empty".to_owned());
        }
        if name.len() > FQDN_MAX {
            return Err(format!(
                "a fully qualified name has at most {FQDN_MAX} bytes, this one has {}",
                name.len()
            ));
        }
        for label in name.split('.') {
            check_label(label).map_err(|why| format!("`{}` is not a host name: {why}", name.escape_debug()))?;
        }
        Ok(Self(name.to_owned()))
    }
}

fn check_label(label: &str) -> Result<(), String> {
    if label.is_empty() {
        return Err("it has an empty label".to_owned());
    }
    if label.len() > 63 {
        return Err(format!("the label `{label}` has more than 63 bytes"));
    }
    if let Some(bad) = label.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
        return Err(format!(
            "`{}` is not allowed; use only letters, digits, `-` and `.`",
            bad.escape_debug()
        ));
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(format!("the label `{label}` starts or ends with `-`"));
    }
    Ok(())
}

/// What happens to `/etc/hosts`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", transform = crate::vocabulary::schema::words(&["true", "false", "localhost"], &["yes", "no", "on", "off", "template"])))]
pub enum ManageEtcHosts {
    /// Nothing.
    #[default]
    No,
    /// The whole file is written.
    Whole,
    /// Only the line of `127.0.1.1` is kept right.
    Localhost,
}

impl Check for ManageEtcHosts {}

impl<'de> Deserialize<'de> for ManageEtcHosts {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        match word.to_ascii_lowercase().as_str() {
            "false" | "no" | "off" => Ok(Self::No),
            "true" | "yes" | "on" | "template" => Ok(Self::Whole),
            "localhost" => Ok(Self::Localhost),
            _ => Err(serde::de::Error::custom("expected true, false or localhost")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_no_name() {
        let name = |text: &str| HostName::try_from(text.to_owned()).unwrap().not_an_address();
        assert_eq!(name("192.0.2.10").as_str(), "ip-192-0-2-10");
        assert_eq!(name("192.0.2.10.example").as_str(), "192.0.2.10.example");
    }

    #[test]
    fn names_as_rfc_1123_has_them() {
        for good in ["web1", "a", "3com", "web-1.example.test", "UPPER", &"a".repeat(63)] {
            assert!(HostName::try_from(good.to_owned()).is_ok(), "{good}");
        }
        let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "a".repeat(61));
        for (name, taken) in [
            (longest.clone(), longest.as_str()),
            (format!("{longest}."), &longest),
            ("web1.example.test.".to_owned(), "web1.example.test"),
            ("web1.".to_owned(), "web1"),
        ] {
            let found = HostName::try_from(name.clone()).unwrap();
            assert_eq!(found.as_str(), taken, "{name}");
        }
        let long = format!("{longest}a");
        for bad in [
            "",
            ".",
            "a..",
            "web 1",
            "web_1",
            "-web",
            "web-",
            "a..b",
            ".a",
            "wéb",
            "a\nb",
            &"a".repeat(64),
            &long,
        ] {
            assert!(HostName::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_kernel_gets_what_fits() {
        let label = "a".repeat(60);
        for (name, fitting) in [
            (format!("{label}.bcd"), format!("{label}.bcd")),
            (format!("{label}.bcde"), label.clone()),
            ("web1".to_owned(), "web1".to_owned()),
        ] {
            assert_eq!(HostName::try_from(name).unwrap().fitting(), fitting);
        }
    }

    #[test]
    fn the_short_name_is_the_first_label() {
        let name = HostName::try_from("web1.example.test".to_owned()).unwrap();
        assert_eq!((name.short(), name.is_qualified()), ("web1", true));
    }
}
