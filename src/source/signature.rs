//! Signatures of the parts of a seed, as minisign makes them (<https://jedisct1.github.io/minisign/>).

use minisign_verify::PublicKey;
use serde::Deserialize;

/// A minisign public key whose signatures count.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TrustedKey(PublicKey);

impl TryFrom<String> for TrustedKey {
    type Error = String;

    /// The key as in the last line of a `.pub` file; the whole file will do.
    fn try_from(text: String) -> Result<Self, String> {
        let key = text.lines().map(str::trim).rfind(|line| !line.is_empty());
        let wrong = |_| "is no minisign public key: it is the line of minisign.pub that begins with RW".to_owned();
        PublicKey::from_base64(key.unwrap_or_default()).map(Self).map_err(wrong)
    }
}
