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
