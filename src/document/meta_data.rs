//! `meta-data`: who the machine is. Other keys than these are the platform's own and mean nothing here.

use std::collections::HashSet;

use serde::Deserialize;

use super::AuthorizedKey;
use super::authorized_key::KeyParts;
use super::hostname::HostName;
use super::public_keys::PublicKeys;

/// The spellings of the key with the public keys.
pub const PUBLIC_KEYS: [&str; 4] = ["public-keys", "public_keys", "public-keys-data", "public_keys_data"];

/// The keys of a NoCloud meta-data that say something to firstlight.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct MetaData {
    /// Which machine this is. Another instance-id is another machine.
    #[serde(rename = "instance-id")]
    pub instance_id: Option<String>,
    /// The name the platform gives the machine; the document's own `hostname` and `fqdn` come first.
    #[serde(rename = "local-hostname")]
    pub local_hostname: Option<HostName>,
    /// Which addresses the system stage waits for.
    #[serde(rename = "wait-on-network")]
    pub wait_on_network: Option<WaitOnNetwork>,
    /// The keys the platform lets log in as root, beside the document's own.
    #[serde(rename = "public-keys", default)]
    public_keys: PublicKeys,
    /// The same, in the spelling of OpenStack.
    #[serde(rename = "public_keys", default)]
    openstack_public_keys: PublicKeys,
    /// The same, in the spellings of guestinfo.
    #[serde(rename = "public-keys-data", default)]
    public_keys_data: PublicKeys,
    /// See `public_keys_data`.
    #[serde(rename = "public_keys_data", default)]
    guestinfo_public_keys: PublicKeys,
}

/// The families of which the machine shall have a routable address before the system stage goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitOnNetwork {
    /// One of IPv4.
    #[serde(default)]
    pub ipv4: bool,
    /// One of IPv6.
    #[serde(default)]
    pub ipv6: bool,
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
            meta_data: Some(Text {
                origin: "meta-data",
                bytes,
            }),
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
}
