//! An address that a document gives to a link, and what it says about it.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::address::Address;

/// An address of a link: alone, or as a mapping with its options.
///
/// ```yaml
/// 192.0.2.10/24: {label: 'eth0:web', lifetime: 0}
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignedAddress {
    /// The address with its prefix length.
    pub address: Address,
    /// What it is called: the label that ip-address(8) shows.
    pub label: Option<Label>,
    /// How long it is preferred.
    pub lifetime: Option<Lifetime>,
}

impl AssignedAddress {
    /// Whether nothing is said but the address.
    pub fn is_plain(&self) -> bool {
        self.label.is_none() && self.lifetime.is_none()
    }
}

/// What can be said of an address.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct AddressOptions {
    /// What the address is called, 1 to 15 bytes; only IPv4 addresses have labels.
    label: Option<Label>,
    /// How long the address is preferred: `forever` (the default), or 0: it is only used by programs that ask for it.
    lifetime: Option<Lifetime>,
}

impl<'de> Deserialize<'de> for AssignedAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;

        impl<'de> Visitor<'de> for Shape {
            type Value = AssignedAddress;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address such as `192.0.2.10/24`, or `192.0.2.10/24: {label: …}`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<AssignedAddress, E> {
                let address = Address::try_from(text.to_owned()).map_err(E::custom)?;
                Ok(AssignedAddress {
                    address,
                    label: None,
                    lifetime: None,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<AssignedAddress, A::Error> {
                let nothing = "an address such as `192.0.2.10/24` is missing before the `:`";
                let (address, options) = entries
                    .next_entry::<Address, Option<AddressOptions>>()?
                    .ok_or_else(|| A::Error::custom(nothing))?;
                if entries.next_key::<Address>()?.is_some() {
                    let message = "write each address as an item of its own, with a `-` before it";
                    return Err(A::Error::custom(message));
                }
                let options = options.unwrap_or_default();
                Ok(AssignedAddress {
                    address,
                    label: options.label,
                    lifetime: options.lifetime,
                })
            }
        }

        deserializer.deserialize_any(Shape)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for AssignedAddress {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AssignedAddress".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let address = generator.subschema_for::<Address>();
        let mut options = generator.subschema_for::<Option<AddressOptions>>();
        options.insert("description".to_owned(), "What can be said of the address.".into());
        schemars::json_schema!({
            "anyOf": [
                address,
                {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": 1,
                    "additionalProperties": options,
                },
            ],
            "examples": ["192.0.2.10/24", {"192.0.2.10/24": {"label": "eth0:web"}}],
        })
    }
}

/// The label of an address, as the kernel takes it: 1 to 15 bytes of ASCII without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^[ -~]+$", "maxLength" = 15, "examples" = ["eth0:web"])))]
pub struct Label(String);

impl Label {
    /// The most bytes: the kernel's buffer is that of a link's name.
    const MAX: usize = super::name::IFNAMSIZ - 1;

    /// The label.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Label {
    type Error = String;

    fn try_from(label: String) -> Result<Self, String> {
        let most = Self::MAX;
        if label.is_empty() || label.len() > most {
            return Err(format!(
                "a label has 1 to {most} bytes, this one has {}: the kernel takes no other",
                label.len()
            ));
        }
        if !label.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            return Err(format!(
                "`{}` can't be a label: only ASCII without control characters can",
                label.escape_debug()
            ));
        }
        if label.trim() != label {
            return Err(format!("`{label}` can't be a label: it begins or ends with a blank"));
        }
        Ok(Self(label))
    }
}

/// How long an address is preferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "serde_json::Value", extend("enum" = ["forever", 0, "0"])))]
pub enum Lifetime {
    /// As long as it is there.
    Forever,
    /// Not at all: only programs that ask for it use it.
    Zero,
}

impl<'de> Deserialize<'de> for Lifetime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;

        impl Visitor<'_> for Shape {
            type Value = Lifetime;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`forever` or 0: networkd knows no other lifetime of an address")
            }

            fn visit_u64<E: Error>(self, seconds: u64) -> Result<Lifetime, E> {
                self.visit_str(&seconds.to_string())
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Lifetime, E> {
                match word {
                    "forever" => Ok(Lifetime::Forever),
                    "0" => Ok(Lifetime::Zero),
                    other => Err(E::custom(format!(
                        "a lifetime of `{}` is not possible, expected `forever` or 0",
                        other.escape_debug()
                    ))),
                }
            }
        }

        deserializer.deserialize_any(Shape)
    }
}
