//! The JSON Schema of version 1, made of its tables of keys.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::keys::{
    ALL, BOND, BRIDGE, Known, NAMESERVER, PHYSICAL, PLAIN, ROUTE, ROUTE_ITEM, SUBNET, Shape, Table, VLAN,
};
use crate::vocabulary::schema::BOOLEANS;

/// The items, by their types.
const ITEMS: [(&str, &Table); 8] = [
    ("physical", &PHYSICAL),
    ("bond", &BOND),
    ("bridge", &BRIDGE),
    ("vlan", &VLAN),
    ("infiniband", &PLAIN),
    ("loopback", &PLAIN),
    ("nameserver", &NAMESERVER),
    ("route", &ROUTE_ITEM),
];

/// What is below several kinds of items, by the names of its definitions.
const SHARED: [(&str, &Table); 2] = [("SubnetOfVersion1", &SUBNET), ("RouteOfVersion1", &ROUTE)];

/// What `network.config` can be: the items of version 1, or a word.
#[derive(Debug)]
pub struct Config;

impl JsonSchema for Config {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "NetworkConfig".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        for (name, table) in SHARED {
            generator.definitions_mut().insert(name.to_owned(), mapping(table));
        }
        let types: Vec<&str> = ITEMS.iter().map(|(name, _)| *name).collect();
        let kind = json!({"enum": types, "description": "What the item is about.", "examples": ["physical"]});
        let choices = ITEMS
            .iter()
            .map(|(name, table)| json!({"if": {"properties": {"type": {"const": name}}}, "then": mapping(table)}));
        json_schema!({
            "anyOf": [
                {"enum": ["disabled"]},
                {"type": "array", "items": {
                    "type": "object",
                    "required": ["type"],
                    "properties": {"type": kind},
                    "allOf": choices.collect::<Vec<_>>(),
                }},
            ],
        })
    }
}

/// Version 1 has nothing beside its list, and no other version has one.
pub fn list_or_devices() -> Value {
    let list = json!({"required": ["config"], "properties": {"config": {"type": "array"}}});
    json!({
        "if": list,
        "then": {
            "properties": {"version": {"enum": [1, "1", null]}},
            "propertyNames": {"enum": ["version", "config", "renderer"]},
        },
        "else": {"properties": {"version": {"not": {"enum": [1, "1"]}}}},
    })
}

/// What the reference says of each kind of mapping: where it is, and its keys with an example and what they do.
pub fn tables() -> Vec<(&'static str, Vec<[&'static str; 3]>)> {
    let row = |known: &'static Known| [known.name, known.example, known.about];
    let rows = |table: &'static Table| {
        let applied = table.keys().filter(|known| known.without_effect.is_none());
        (table.place, applied.map(row).collect())
    };
    ALL.iter().map(|table| rows(table)).collect()
}

fn mapping(table: &Table) -> Value {
    let properties: Map<String, Value> = table
        .keys()
        .map(|known| (known.name.to_owned(), property(known)))
        .collect();
    let mut schema = json!({"type": "object", "properties": properties});
    if table.loose {
        // Either spelling: the names beside those that are listed.
        let names: Vec<String> = table
            .keys()
            .map(|known| known.name.replace(['-', '_'], "[-_]"))
            .collect();
        schema["propertyNames"] = json!({"pattern": format!("^({})$", names.join("|"))});
    } else {
        schema["additionalProperties"] = false.into();
    }
    if !table.required.is_empty() {
        schema["required"] = table.required.iter().map(|(name, _)| *name).collect();
    }
    schema
}

fn property(known: &Known) -> Value {
    let single = || json!({"type": ["string", "number", "boolean", "null"]});
    let mut property = match known.shape {
        Shape::Word(words) => json!({"anyOf": [{"enum": words}]}),
        Shape::Value | Shape::Address | Shape::Number => single(),
        Shape::Flag => json!({"anyOf": [
            {"type": ["boolean", "null"]},
            {"enum": [0, 1, "0", "1", ""]},
            {"type": "string", "pattern": format!("^({BOOLEANS})$")},
        ]}),
        Shape::Texts => json!({"anyOf": [single(), {"type": "array", "items": single()}]}),
        Shape::Items(table) => {
            let shared = SHARED.iter().find(|(_, other)| std::ptr::eq(*other, table));
            let items = shared.map_or_else(
                || mapping(table),
                |(name, _)| json!({"$ref": format!("#/$defs/{name}")}),
            );
            json!({"anyOf": [{"type": "array", "items": items}, {"type": "null"}]})
        }
        Shape::Any => json!({}),
        Shape::Below(table) => json!({"anyOf": [mapping(table), {"type": "null"}]}),
    };
    let why = known.without_effect.map(|why| format!(" No effect here: {why}."));
    property["description"] = format!("{}{}", known.about, why.unwrap_or_default()).into();
    let example: Value = serde_json::from_str(known.example).unwrap();
    property["examples"] = json!([example]);
    property
}
