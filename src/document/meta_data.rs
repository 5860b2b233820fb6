//! `meta-data`: who the machine is. Other keys than these are the platform's own and mean nothing here.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::AuthorizedKey;
use super::authorized_key::KeyParts;
use super::flag::flag;
use super::hostname::HostName;
use super::public_keys::PublicKeys;
use crate::vocabulary::Secret;

/// The spellings of the key with the public keys.
pub const PUBLIC_KEYS: [&str; 4] = ["public-keys", "public_keys", "public-keys-data", "public_keys_data"];

/// The keys of a NoCloud meta-data that say something to firstlight.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MetaData {
    /// Identifies the machine. A different instance-id means a different machine.
    ///
    /// ```yaml
    /// instance-id: i-0123456789
    /// ```
    #[serde(rename = "instance-id", default, deserialize_with = "blank_is_absent")]
    pub instance_id: Option<String>,
    /// The name the platform gives the machine; the document's own `hostname` and `fqdn` come first.
    #[serde(rename = "local-hostname", default, deserialize_with = "blank_is_no_name")]
    #[cfg_attr(test, schemars(transform = crate::vocabulary::schema::or_blank))]
    pub local_hostname: Option<HostName>,
    /// Which addresses the system stage waits for at boot.
    #[serde(rename = "wait-on-network")]
    pub wait_on_network: Option<WaitOnNetwork>,
    /// The keys that the platform allows to log in as the default user and as root, in addition to the document's own.
    ///
    /// ```yaml
    /// - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5 core@laptop
    /// ```
    #[serde(rename = "public-keys", default)]
    public_keys: PublicKeys,
    /// The same, as OpenStack spells it.
    ///
    /// ```yaml
    /// - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5 core@laptop
    /// ```
    #[serde(rename = "public_keys", default)]
    openstack_public_keys: PublicKeys,
    /// The same, as guestinfo spells it.
    ///
    /// ```yaml
    /// - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5 core@laptop
    /// ```
    #[serde(rename = "public-keys-data", default)]
    public_keys_data: PublicKeys,
    /// The same.
    ///
    /// ```yaml
    /// - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5 core@laptop
    /// ```
    #[serde(rename = "public_keys_data", default)]
    guestinfo_public_keys: PublicKeys,
    /// Random bytes for the kernel, as OpenStack gives them. They are mixed in once for an instance.
    ///
    /// ```yaml
    /// random_seed: bXkgcmFuZG9tIHN0cmluZw==
    /// ```
    pub random_seed: Option<Secret>,
}

/// The families in which the machine must have a routable address before the system stage goes on.
///
/// ```yaml
/// {ipv4: true}
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WaitOnNetwork {
    /// A routable IPv4 address.
    #[serde(default, deserialize_with = "yes_or_no")]
    #[cfg_attr(test, schemars(transform = crate::vocabulary::schema::or_word))]
    pub ipv4: bool,
    /// A routable IPv6 address.
    #[serde(default, deserialize_with = "yes_or_no")]
    #[cfg_attr(test, schemars(transform = crate::vocabulary::schema::or_word))]
    pub ipv6: bool,
}

/// The key of meta-data that was meant by one that means nothing: `local_hostname`, `instanceid`.
pub fn meant(key: &str) -> Option<&'static str> {
    const KNOWN: [&str; 3] = ["instance-id", "local-hostname", "wait-on-network"];
    let letters = |key: &str| key.replace(['-', '_'], "").to_ascii_lowercase();
    let known = KNOWN.into_iter().find(|known| letters(known) == letters(key));
    known.filter(|known| *known != key)
}

/// Platforms write a text that they don't have as an empty one.
fn blank_is_absent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.trim().is_empty()))
}

fn blank_is_no_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<HostName>, D::Error> {
    let name = blank_is_absent(deserializer)?;
    name.map(HostName::try_from).transpose().map_err(Error::custom)
}

/// A boolean, or a word for one.
fn yes_or_no<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    struct Shape;

    impl Visitor<'_> for Shape {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("true or false")
        }

        fn visit_bool<E: Error>(self, says: bool) -> Result<bool, E> {
            Ok(says)
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<bool, E> {
            self.visit_str(&number.to_string())
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<bool, E> {
            self.visit_str(&number.to_string())
        }

        fn visit_unit<E: Error>(self) -> Result<bool, E> {
            Ok(false)
        }

        fn visit_str<E: Error>(self, word: &str) -> Result<bool, E> {
            match flag(word) {
                Some(says) => Ok(says),
                None if word.trim().is_empty() => Ok(false),
                None => Err(E::custom("expected true or false")),
            }
        }
    }

    deserializer.deserialize_any(Shape)
}

impl MetaData {
    /// The keys that the platform lets log in and that are not among `own`: with the options that they have there.
    pub fn public_keys_beside(&self, own: &[AuthorizedKey]) -> Vec<AuthorizedKey> {
        let all = [
            &self.public_keys,
            &self.openstack_public_keys,
            &self.public_keys_data,
            &self.guestinfo_public_keys,
        ];
        let blob = |key: &AuthorizedKey| KeyParts::of(key.line()).map(|parts| parts.blob.to_owned());
        let mut seen: HashSet<_> = own.iter().map(blob).collect();
        let keys = all.into_iter().flat_map(|PublicKeys(keys)| keys);
        keys.filter(|key| seen.insert(blob(key))).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Text, Texts};

    fn read(text: &str) -> Document {
        let bytes = text.as_bytes();
        Document::read(&Texts {
            meta_data: Some(Text::new("meta-data", bytes)),
            ..Texts::default()
        })
    }

    #[test]
    fn the_network_that_is_waited_for() {
        let document = read("wait-on-network: {ipv4: yes}\n");
        let expected = WaitOnNetwork {
            ipv4: true,
            ipv6: false,
        };
        assert_eq!(
            (document.diagnostics.len(), document.meta_data.wait_on_network),
            (0, Some(expected))
        );
        for text in [
            "wait-on-network: {ipv5: yes}\n",
            "wait-on-network: {ipv4: soon}\n",
            "wait-on-network: yes\n",
        ] {
            let document = read(&format!("instance-id: i-1\n{text}"));
            assert_eq!(
                (document.diagnostics.len(), document.diagnostics[0].line),
                (1, 2),
                "{text}"
            );
            assert_eq!(document.meta_data.instance_id.as_deref(), Some("i-1"));
        }
    }

    #[test]
    fn what_is_empty_is_absent_and_a_flag_may_be_a_word() {
        let document = read("instance-id: ''\nlocal-hostname: ' '\nwait-on-network: {ipv4: 'True', ipv6: '0'}\n");
        let expected = WaitOnNetwork {
            ipv4: true,
            ipv6: false,
        };
        assert_eq!(document.diagnostics, []);
        assert_eq!(
            (&document.meta_data.instance_id, &document.meta_data.local_hostname),
            (&None, &None)
        );
        assert_eq!(document.meta_data.wait_on_network, Some(expected));
        let document = read("instance-id: null\nlocal-hostname:\nwait-on-network: {ipv4: '', ipv6:}\n");
        assert_eq!(document.diagnostics, []);
        assert_eq!(document.meta_data.wait_on_network, Some(WaitOnNetwork::default()));
    }

    #[test]
    fn a_key_that_is_nearly_one_is_named() {
        let document = read("instanceid: i-1\nlocal_hostname: web1\nWait_On_Network: {}\nregion: eu\nname: web1\n");
        let told: Vec<_> = document
            .diagnostics
            .iter()
            .map(|one| (one.line, one.is_error(), one.message.as_str()))
            .collect();
        let expected = [
            (
                1,
                false,
                "`instanceid` is not a key that firstlight reads from meta-data",
            ),
            (
                2,
                false,
                "`local_hostname` is not a key that firstlight reads from meta-data",
            ),
            (
                3,
                false,
                "`Wait_On_Network` is not a key that firstlight reads from meta-data",
            ),
        ];
        assert_eq!(told, expected);
        assert_eq!(
            document.diagnostics[1].hint.as_deref(),
            Some("did you mean `local-hostname`?")
        );
        // Beside the right one it is the platform's own business.
        assert_eq!(
            read("instance-id: i-1\ninstance_id: i-2\nlocal-hostname: a\n").diagnostics,
            []
        );
    }
}
