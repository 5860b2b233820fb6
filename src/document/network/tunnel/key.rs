//! Keys of tunnels: numbers that tell one tunnel from another, and private keys of WireGuard.

use std::fmt;
use std::net::Ipv4Addr;

use base64ct::{Base64, Encoding};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use crate::vocabulary::Secret;

/// How many bytes a key of WireGuard has.
const KEY_BYTES: usize = 32;

/// How many bytes a path may have: `PATH_MAX`, less the byte that ends it.
const PATH_BYTES_MAX: usize = 4095;

/// The key of a tunnel as the document has it: what it means depends on the tunnel's mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TunnelKey {
    /// One for everything.
    One(Secret),
    /// Which is which.
    Each(TunnelKeys),
}

/// The keys of a tunnel, one by one.
///
/// ```yaml
/// {input: 1234, output: 1.2.3.4}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TunnelKeys {
    /// The key that packets that come in must have: a number or a dotted quad.
    pub input: Option<PacketKey>,
    /// The key that packets that go out get: a number or a dotted quad.
    pub output: Option<PacketKey>,
    /// For `wireguard`: the private key, as `wg genkey` makes it, or the absolute path of the file that it is in. A file
    /// must be readable by the group `systemd-network`.
    pub private: Option<WireguardKey>,
}

impl TunnelKey {
    /// The keys that packets have, in and out.
    ///
    /// # Errors
    /// It is none. The message doesn't show it.
    pub fn of_packets(&self) -> Result<(Option<PacketKey>, Option<PacketKey>), String> {
        match self {
            Self::One(key) => PacketKey::try_from(key.expose().to_owned()).map(|key| (Some(key), Some(key))),
            Self::Each(keys) => Ok((keys.input, keys.output)),
        }
    }

    /// The private key of WireGuard.
    ///
    /// # Errors
    /// It is none. The message doesn't show it.
    pub fn private(&self) -> Result<Option<WireguardKey>, String> {
        match self {
            Self::One(key) => WireguardKey::try_from(key.clone()).map(Some),
            Self::Each(keys) => Ok(keys.private.clone()),
        }
    }
}

impl<'de> Deserialize<'de> for TunnelKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;

        impl<'de> Visitor<'de> for Shape {
            type Value = TunnelKey;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key, or a mapping of keys")
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<TunnelKey, D::Error> {
                deserializer.deserialize_any(self)
            }

            fn visit_str<E: Error>(self, key: &str) -> Result<TunnelKey, E> {
                Ok(TunnelKey::One(Secret::new(key)))
            }

            fn visit_u64<E: Error>(self, key: u64) -> Result<TunnelKey, E> {
                self.visit_str(&key.to_string())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TunnelKey, A::Error> {
                TunnelKeys::deserialize(MapAccessDeserializer::new(map)).map(TunnelKey::Each)
            }
        }

        deserializer.deserialize_newtype_struct(Secret::UNLESS_MAPPING, Shape)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for TunnelKey {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TunnelKey".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let keys = generator.subschema_for::<TunnelKeys>();
        schemars::json_schema!({
            "anyOf": [{"type": ["string", "integer"], "x-secret": true}, keys],
            "examples": [1234, "1.2.3.4", "/etc/wireguard/private.key"],
        })
    }
}

/// A number that tells the packets of one tunnel from those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("type" = ["string", "integer"], "minimum" = 0, "maximum" = 4_294_967_295_u32, "pattern" = r"^(0|[1-9][0-9]{0,9}|[0-9]{1,3}(\.[0-9]{1,3}){3})$", "examples" = [1234, "1.2.3.4"])))]
pub enum PacketKey {
    /// As a number.
    Number(u32),
    /// The same, as a dotted quad.
    Dotted(Ipv4Addr),
}

impl PacketKey {
    /// The number, however it was written.
    pub fn number(self) -> u32 {
        match self {
            Self::Number(number) => number,
            Self::Dotted(quad) => quad.to_bits(),
        }
    }
}

impl TryFrom<String> for PacketKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // `010` would be 8 for some and 10 for others.
        let is_plain = text == "0" || text.starts_with(|c: char| matches!(c, '1'..='9'));
        let number = text.parse().ok().filter(|_| is_plain).map(Self::Number);
        let key = number.or_else(|| text.parse().ok().map(Self::Dotted));
        key.ok_or_else(|| {
            "this is not a tunnel's key, expected a number up to 4294967295 or a dotted quad such as `1.2.3.4`"
                .to_owned()
        })
    }
}

impl fmt::Display for PacketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Dotted(quad) => quad.fmt(f),
        }
    }
}

/// A secret key of WireGuard, private or shared: itself, or the file that it is in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Secret")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "Secret", extend("pattern" = r"^(/.*[^/]|[A-Za-z0-9+/]{43}=)$", "examples" = ["/etc/wireguard/private.key"])))]
pub enum WireguardKey {
    /// The key.
    Inline(Secret),
    /// The absolute path of its file.
    File(Secret),
}

impl WireguardKey {
    /// Whether it is the key itself, not the name of its file.
    pub fn is_inline(&self) -> bool {
        matches!(self, Self::Inline(_))
    }
}

impl TryFrom<Secret> for WireguardKey {
    type Error = String;

    fn try_from(text: Secret) -> Result<Self, String> {
        // A key may begin with a slash, too.
        if is_key(text.expose()) {
            return Ok(Self::Inline(text));
        }
        if !text.expose().starts_with('/') {
            return Err(
                "this is not a key of WireGuard, which is 44 characters of base64 as `wg genkey` writes them, nor \
                        the absolute path of a file that has one"
                    .to_owned(),
            );
        }
        check_path(text.expose())?;
        Ok(Self::File(text))
    }
}

/// Whether it is 32 bytes in base64.
fn is_key(text: &str) -> bool {
    let mut bytes = zeroize::Zeroizing::new([0; KEY_BYTES]);
    Base64::decode(text, bytes.as_mut_slice()).is_ok_and(|key| key.len() == KEY_BYTES)
}

/// Whether a file's path stays what it is in networkd's files.
fn check_path(path: &str) -> Result<(), String> {
    let wrong = match path {
        _ if path.len() > PATH_BYTES_MAX => "it is too long",
        _ if path.contains(char::is_control) => "it has a control character in it",
        _ if path.ends_with('/') => "it ends in `/`",
        _ if path.ends_with(char::is_whitespace) => "it ends in white space",
        _ if path.contains('\\') => "it has a backslash in it",
        _ if path.split('/').any(|part| part == "..") => "it has `..` in it",
        _ => return Ok(()),
    };
    Err(format!("this is not the path of a key's file: {wrong}"))
}

/// A public key of WireGuard.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = r"^[A-Za-z0-9+/]{43}=$", "examples" = ["rlbInAj0qV69CysWPQY7KEBnKxpYCpaWqOs/dLevdWc="])))]
pub struct PublicKey(String);

impl PublicKey {
    /// The key, in base64.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PublicKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match is_key(&text) {
            true => Ok(Self(text)),
            false => Err(
                "this is not a public key of WireGuard, which is 44 characters of base64 as `wg pubkey` writes them"
                    .to_owned(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "mNb7OIIXTdgW4khM7OFlzJ+UPs7lmcWHV7xjPgakMkQ=";

    #[test]
    fn a_packets_key_is_a_number_or_a_dotted_quad() {
        for (text, number, shown) in [
            ("0", 0, "0"),
            ("1234", 1234, "1234"),
            ("4294967295", u32::MAX, "4294967295"),
            ("1.2.3.4", 0x0102_0304, "1.2.3.4"),
        ] {
            let key = PacketKey::try_from(text.to_owned()).unwrap();
            assert_eq!((key.number(), key.to_string().as_str()), (number, shown));
        }
        for text in [
            "",
            "4294967296",
            "-1",
            "+1",
            "010",
            "0x10",
            "1.2.3",
            "1.2.3.256",
            "1 ",
            "1\n[Match]",
            "٣",
        ] {
            let why = PacketKey::try_from(text.to_owned()).unwrap_err();
            assert!(text.is_empty() || !why.contains(&format!("`{text}`")), "{why}");
        }
    }

    #[test]
    fn a_secret_key_is_base64_or_a_file_and_never_shown() {
        let read = |text: &str| WireguardKey::try_from(Secret::new(text));
        // 32 bytes whose base64 looks like a path: netplan takes it for one.
        let slash = "/Nb7OIIXTdgW4khM7OFlzJ+UPs7lmcWHV7xjPgakMkQ=";
        assert!(read(KEY).unwrap().is_inline() && read(slash).unwrap().is_inline());
        assert!(!read("/etc/wireguard/private key").unwrap().is_inline());
        for text in [
            "",
            "short",
            "mNb7OIIXTdgW4khM7OFlzJ+UPs7lmcWHV7xjPgakMkQ",
            " mNb7OIIXTdgW4khM7OFlzJ+UPs7lmcWHV7xjPgakMkQ=",
            "mNb7OIIXTdgW4khM7OFlzJ+UPs7lmcWHV7xjPgakMkQ=\n",
            "mNb7OIIXTdgW4khM7OFlzJ+UPs7lmcWHV7xjPgakMkR=",
            "mNb7OIIXTdgW4khM7OFlzJ-UPs7lmcWHV7xjPgakMkQ=",
            "mNb7OIIXTdgW4khM7OFlzJ+UPs7lmcWHV7xjPgakMkRmNb7OIIXT",
            "etc/wireguard/private",
            "/",
            "/etc/wireguard/",
            "/etc/../key",
            "/etc/key\nEndpoint=x",
            "/etc/key\\",
            "/etc/key ",
            "@network.wireguard.key",
        ] {
            let why = read(text).unwrap_err();
            assert!(text.len() < 2 || !why.contains(text), "{why}");
            assert!(PublicKey::try_from(text.to_owned()).is_err(), "{text}");
        }
        assert_eq!(PublicKey::try_from(KEY.to_owned()).unwrap().as_str(), KEY);
        assert!(!format!("{:?}", read(KEY).unwrap()).contains("mNb7"));
    }
}
