//! The devices of one kind.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use super::{InterfaceId, Renderer};

/// The key that stands among the devices and is none: what configures all of them.
pub const RENDERER: &str = "renderer";

/// The devices of a kind by ID. One without anything below it is most often one whose settings are not indented: it must
/// not become a file that keeps the link without addresses.
pub fn devices<'de, D, T>(deserializer: D) -> Result<BTreeMap<InterfaceId, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Shape<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Shape<T> {
        type Value = BTreeMap<InterfaceId, T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a mapping of `key: value`")
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(BTreeMap::new())
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut devices = BTreeMap::new();
            while let Some(id) = entries.next_key::<InterfaceId>()? {
                if id.as_str() == RENDERER {
                    entries.next_value::<Option<Renderer>>()?;
                    continue;
                }
                let Asked(device) = entries.next_value()?;
                devices.insert(id, device);
            }
            Ok(devices)
        }
    }

    deserializer.deserialize_any(Shape(PhantomData))
}

struct Asked<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Asked<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let nothing = "this entry sets nothing: write `dhcp4: true` or `addresses` indented below it, or `{}` for a \
                       link without addresses";
        let asked = Option::deserialize(deserializer)?;
        asked.map(Self).ok_or_else(|| Error::custom(nothing))
    }
}

/// The schema of a kind: its devices by ID, and the key that is none.
#[cfg(test)]
#[derive(Debug)]
pub struct Devices<T>(PhantomData<T>);

#[cfg(test)]
impl<T: schemars::JsonSchema> schemars::JsonSchema for Devices<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Devices{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let device = generator.subschema_for::<T>();
        let mut renderer = generator.subschema_for::<Option<Renderer>>();
        renderer.insert(
            "description".to_owned(),
            "What configures all of these: networkd.".into(),
        );
        renderer.insert("examples".to_owned(), serde_json::json!(["networkd"]));
        let mut schema = generator.subschema_for::<BTreeMap<InterfaceId, T>>();
        let id = schema
            .get("patternProperties")
            .and_then(|patterns| patterns.as_object()?.keys().next().cloned())
            .unwrap_or_default();
        let id = format!("^(?!{RENDERER}$){}", id.trim_start_matches('^'));
        schema.insert("properties".to_owned(), serde_json::json!({RENDERER: renderer}));
        schema.insert("patternProperties".to_owned(), serde_json::json!({id: device}));
        schema
    }
}
