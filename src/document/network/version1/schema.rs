//! The JSON Schema of version 1, made of its tables of keys.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::keys::{
    ALL, BOND, BOND_PARAMS, BRIDGE, BRIDGE_PARAMS, Known, NAMESERVER, PHYSICAL, PLAIN, ROUTE, ROUTE_ITEM, SUBNET,
    Shape, Table, VLAN,
};
use crate::document::network::Ip;
use crate::vocabulary::schema::{BOOLEANS, ONLY_TEXT};

/// Makes the schema of a type.
pub type Type = fn(&mut SchemaGenerator) -> Schema;

/// The schema of a type of version 2, by its name.
pub fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// The same, in full.
pub fn body<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    T::json_schema(generator)
}

/// An address, with or without its prefix length or mask.
const ADDRESS: &str = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)(/[0-9A-Fa-f:.]{1,39})?$";

/// Where a route leads.
const DESTINATION: &str =
    r"^(default|([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)(/[0-9A-Fa-f:.]{1,39})?)$";

/// A mask, or a prefix length.
const MASK: &str = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*|[0-9]{1,3})$";

/// A port of a bridge, and a number.
pub const PORT: &str = r"^\s*\S+\s+[0-9]+\s*$";

/// The name of the definition of what says nothing: cloud-init leaves it out.
const NOTHING: &str = "NothingOfVersion1";

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

/// All kinds of mappings, by the names of their definitions.
const DEFINITIONS: [(&str, &Table); 11] = [
    ("PhysicalOfVersion1", &PHYSICAL),
    ("BondOfVersion1", &BOND),
    ("BondParamsOfVersion1", &BOND_PARAMS),
    ("BridgeOfVersion1", &BRIDGE),
    ("BridgeParamsOfVersion1", &BRIDGE_PARAMS),
    ("VlanOfVersion1", &VLAN),
    ("LinkOfVersion1", &PLAIN),
    ("NameserverOfVersion1", &NAMESERVER),
    ("RouteItemOfVersion1", &ROUTE_ITEM),
    ("SubnetOfVersion1", &SUBNET),
    ("RouteOfVersion1", &ROUTE),
];

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
        let nothing =
            json!({"anyOf": [{"enum": [null, {}]}, {"type": "string", "pattern": r"^\s*$", ONLY_TEXT: true}]});
        generator.definitions_mut().insert(NOTHING.to_owned(), nothing);
        for (name, table) in DEFINITIONS {
            let mut schema = mapping(table, generator);
            if std::ptr::eq(table, &SUBNET) {
                static_subnet(&mut schema, generator);
            }
            generator.definitions_mut().insert(name.to_owned(), schema);
        }
        let types: Vec<&str> = ITEMS.iter().map(|(name, _)| *name).collect();
        let kind = json!({"enum": types, "description": "What the item is about.", "examples": ["physical"]});
        let choices = ITEMS
            .iter()
            .map(|(name, table)| json!({"if": {"properties": {"type": {"const": name}}}, "then": reference(table)}));
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
    let list = json!({"anyOf": [
        {"required": ["config"], "properties": {"config": {"type": "array"}}},
        {"required": ["config", "version"], "properties": {"config": {"type": "null"}, "version": {"enum": [1, "1"]}}},
    ]});
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

fn mask() -> Value {
    json!({"type": ["string", "integer"], "pattern": MASK, "minimum": 0, "maximum": 128})
}

fn reference(table: &Table) -> Value {
    let (name, _) = DEFINITIONS.iter().find(|(_, own)| std::ptr::eq(*own, table)).unwrap();
    json!({"$ref": format!("#/$defs/{name}")})
}

fn mapping(table: &Table, generator: &mut SchemaGenerator) -> Value {
    let mut properties = Map::new();
    // The other spelling of the keys, which no editor offers.
    let mut respelt = Map::new();
    for known in table.keys() {
        let property = property(known, table, generator);
        if table.loose {
            let mut same = property.clone();
            for about in ["description", "examples"] {
                same.as_object_mut().map(|same| same.remove(about));
            }
            let pattern = format!("^(?!{}$){}$", known.name, known.name.replace(['-', '_'], "[-_]"));
            respelt.insert(pattern, same);
        }
        properties.insert(known.name.to_owned(), property);
    }
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if table.loose {
        schema["patternProperties"] = respelt.into();
    }
    if table.find("destination").is_some() {
        let leads = json!({"type": "string", "pattern": DESTINATION});
        schema["anyOf"] = either(&schema, ["destination", "network"], &leads);
    }
    if !table.required.is_empty() {
        schema["required"] = table.required.iter().map(|(name, _)| *name).collect();
    }
    schema
}

/// Only of a static subnet the address counts: what is with another one is told and has no effect.
fn static_subnet(subnet: &mut Value, generator: &mut SchemaGenerator) {
    let nothing = json!({"$ref": format!("#/$defs/{NOTHING}")});
    let address = json!({"type": "string", "pattern": ADDRESS});
    let mask = json!({"anyOf": [mask(), nothing]});
    let other = json!({"anyOf": [of::<Ip>(generator), nothing]});
    subnet["if"] = json!({"properties": {"type": {"enum": ["static", "static6"]}}});
    let mut properties = Map::new();
    for (name, value) in [("netmask", &mask), ("prefix", &mask), ("pointopoint", &other)] {
        properties.insert(name.to_owned(), described(subnet, name, value));
    }
    let addresses = either(subnet, ["address", "ip_address"], &address);
    subnet["then"] = json!({"properties": properties, "anyOf": addresses});
}

/// One of two keys that mean the same.
fn either(mapping: &Value, names: [&str; 2], value: &Value) -> Value {
    let one = |name: &str| json!({"required": [name], "properties": {name: described(mapping, name, value)}});
    names.map(one).to_vec().into()
}

/// The same, with what is said of this key of a mapping.
fn described(mapping: &Value, name: &str, value: &Value) -> Value {
    let mut value = value.clone();
    for about in ["description", "examples"] {
        value[about] = mapping["properties"][name][about].clone();
    }
    value
}

fn property(known: &Known, table: &Table, generator: &mut SchemaGenerator) -> Value {
    let is_required = table.required.iter().any(|(name, _)| *name == known.name);
    let mut property = match shape(known.shape, generator) {
        None => json!({}),
        Some(shape) if is_required => json!({"anyOf": [shape]}),
        Some(shape) => json!({"anyOf": [shape, {"$ref": format!("#/$defs/{NOTHING}")}]}),
    };
    let why = known.without_effect.map(|why| format!(" No effect here: {why}."));
    property["description"] = format!("{}{}", known.about, why.unwrap_or_default()).into();
    let example: Value = serde_json::from_str(known.example).unwrap();
    property["examples"] = json!([example]);
    property
}

/// What is valid; `None` is everything.
fn shape(shape: Shape, generator: &mut SchemaGenerator) -> Option<Value> {
    let or_list = |pattern: &str| {
        json!({"anyOf": [
            {"type": "string", "pattern": pattern},
            {"type": "array", "items": {"type": ["string", "null"], "pattern": pattern}},
        ]})
    };
    Some(match shape {
        Shape::Any => return None,
        Shape::Word(words) => json!({"enum": words}),
        Shape::Of(kind) => kind(generator).into(),
        Shape::Numbered(kind, many) => {
            let numbers: Vec<u32> = (0..many).collect();
            let texts: Vec<String> = numbers.iter().map(u32::to_string).collect();
            json!({"anyOf": [kind(generator), {"enum": numbers}, {"enum": texts}]})
        }
        Shape::Several(kind) => {
            let kind = kind(generator);
            let pattern = kind.get("pattern").and_then(Value::as_str).unwrap();
            let one = pattern.trim_start_matches('^').trim_end_matches('$');
            or_list(&format!(r"^[\s,]*({one}([\s,]+{one})*)?[\s,]*$"))
        }
        Shape::Number(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Shape::Mask => mask(),
        Shape::Texts(pattern) => {
            let text = || json!({"type": "string", "pattern": pattern});
            json!({"anyOf": [text(), {"type": "array", "items": text()}]})
        }
        Shape::Flag => json!({"anyOf": [
            {"type": "boolean"},
            {"enum": [0, 1, "0", "1"]},
            {"type": "string", "pattern": format!("^({BOOLEANS})$"), ONLY_TEXT: true},
        ]}),
        Shape::Items(table) => json!({"type": "array", "items": reference(table)}),
        Shape::Below(table) => reference(table),
    })
}
