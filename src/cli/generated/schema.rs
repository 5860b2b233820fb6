//! The JSON Schemas: of what firstlight reads, and of what it prints.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{Made, tidy};
use crate::cli::schema::SCHEMAS;
use crate::cli::{context, explain, history, rollback, schema, sources, validate};
use crate::document::cloud_config::{OTHER_KEYS, OtherKey, Treatment};
use crate::document::network::Network;
use crate::document::yaml::parse;
use crate::document::{Config, MetaData};
use crate::report::applied::AppliedReport;
use crate::report::drift::DriftReport;
use crate::report::generation::GenerationReport;
use crate::report::plan::PlanReport;
use crate::report::status::Status;
use crate::settings::Form;
use crate::vocabulary::schema::BOOLEANS;

/// The files, in the order of [`SCHEMAS`].
pub fn files() -> Vec<Made> {
    let file = |(name, about, _): (&str, &str, &str)| {
        let mut schema = by_name(name);
        schema["title"] = format!("firstlight: {about}").into();
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        (format!("schemas/{name}.json").into(), text)
    };
    SCHEMAS.into_iter().map(file).collect()
}

/// The schema of that name.
pub fn by_name(name: &str) -> Value {
    match name {
        "user-data" => user_data(),
        "network-config-v1" => network_config_v1(),
        "network-config-v2" => network_config_v2(),
        "meta-data" => read::<MetaData>(),
        "config" => read::<Form>(),
        "plan" => printed::<PlanReport>(),
        "apply" => printed::<AppliedReport>(),
        "status" => printed::<Status>(),
        "drift" => printed::<DriftReport>(),
        "report" => printed::<GenerationReport>(),
        "history" => printed::<history::Report>(),
        "rollback" => printed::<rollback::Report>(),
        "sources" => printed::<sources::Report>(),
        "validate" => printed::<validate::Report>(),
        "explain" => printed::<explain::Report>(),
        "schemas" => printed::<schema::Report>(),
        "failure" => printed::<context::Failure<'_>>(),
        other => panic!("nothing makes the schema {other}"),
    }
}

/// The schema of something that is read.
fn read<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    tidy::document(generator.into_root_schema_for::<T>().to_value())
}

/// The schema of something that is printed. Keys are added to it without notice.
fn printed<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    tidy::output(generator.into_root_schema_for::<T>().to_value())
}

/// The document, with cloud-config's keys that are known and not applied.
fn user_data() -> Value {
    let mut schema = read::<Config>();
    let properties = schema["properties"].as_object_mut().unwrap();
    for key in OTHER_KEYS.iter().filter(|key| !key.name.contains('.')) {
        let why = key.advice();
        let mut known = json!({"deprecated": true, "doNotSuggest": true});
        match key.treatment {
            Treatment::NoEffect => known["description"] = format!("No effect here: {why}.").into(),
            Treatment::NotApplied => {
                let description = format!("Not applied; {why}. Only a value that asks for nothing is taken.");
                known["description"] = description.into();
                known["errorMessage"] = format!("`{}` is not applied; {why}", key.name).into();
                known["enum"] = nothing(key).into();
            }
        }
        properties.entry(key.name).or_insert(known);
    }
    let mut old = properties["ca_certs"].clone();
    old["description"] = "The old name of `ca_certs`.".into();
    old["deprecated"] = true.into();
    old["doNotSuggest"] = true.into();
    properties.insert("ca-certs".to_owned(), old);
    properties["vendor_data"]["properties"] =
        json!({"enabled": tidy::boolean_or_null("Whether the vendor's proposals are taken.")});
    let below = schema["$defs"]["CaCerts"]["properties"].as_object_mut().unwrap();
    let mut old = below["remove_defaults"].clone();
    old["description"] = "The old name of `remove_defaults`.".into();
    old["deprecated"] = true.into();
    old["doNotSuggest"] = true.into();
    below.insert("remove-defaults".to_owned(), old);
    schema
}

/// The values of a key that is not applied that are taken all the same, because they ask for nothing.
fn nothing(key: &OtherKey) -> Vec<Value> {
    let words = BOOLEANS.split('|').map(|word| json!(word));
    let plain = [json!(null), json!(false), json!(true), json!([]), json!({})];
    let values: Vec<_> = plain.into_iter().chain(words).collect();
    let below = ["mode", "emit_keys_to_console", "enabled"];
    let below = below
        .iter()
        .flat_map(|key| values.iter().map(move |value| json!({*key: value})));
    // JSON is YAML too.
    let asks_nothing = |value: &Value| key.asks_nothing(&parse(&value.to_string(), 0).unwrap().root.unwrap());
    values.iter().cloned().chain(below).filter(asks_nothing).collect()
}

/// A seed's network-config: the network, with or without the key `network` around it.
fn network_config_v2() -> Value {
    let mut schema = read::<Network>();
    let mut definitions = schema["$defs"].take();
    let (dialect, description) = (schema["$schema"].take(), schema["description"].take());
    let examples = schema["examples"].take();
    let own: Map<_, _> = schema
        .as_object()
        .unwrap()
        .clone()
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .collect();
    definitions["Network"] = own.into();
    let network = json!({"$ref": "#/$defs/Network"});
    json!({
        "$schema": dialect,
        "description": description,
        "examples": examples,
        "type": "object",
        "if": {"required": ["network"]},
        "then": {"properties": {"network": {"$ref": "#/$defs/Network", "description": "The network.", "examples": examples}}},
        "else": network,
        "$defs": definitions,
    })
}

/// cloud-init's version 1.
fn network_config_v1() -> Value {
    let mut schema = network_config_v2();
    let definition = &mut schema["$defs"]["Network"];
    *definition = json!({"allOf": [definition.take(), {"required": ["version"], "properties": {"version": {"enum": [1, "1", null], "description": "1."}}}]});
    schema["description"] =
        "Version 1 of cloud-init's network configuration: a list of links, with their name servers and \
                             routes."
            .into();
    schema["examples"] = json!([
        {"version": 1, "config": [{"type": "physical", "name": "eth0", "subnets": [{"type": "dhcp4"}]}]},
        {"version": 1, "config": "disabled"},
    ]);
    schema
}

/// Every key is described, and every key of what is read has an example.
#[test]
fn every_key_is_described() {
    let mut bare = Vec::new();
    for (name, _, _) in SCHEMAS {
        let schema = by_name(name);
        let is_read = matches!(name, "user-data" | "network-config-v2" | "meta-data" | "config");
        tidy::each_property(&schema, &mut |key, property| {
            let lacks = |what: &str| property.get(what).is_none();
            // sshd's keywords are its own manual's.
            let known = key.starts_with(|c: char| c.is_ascii_uppercase())
                || property.get("deprecated").is_some()
                || property.pointer("/anyOf/0/$ref") == Some(&json!("#/$defs/NotYet"));
            if lacks("description") || (is_read && !known && lacks("examples")) {
                bare.push(format!("{name}: {key}"));
            }
        });
    }
    assert!(bare.is_empty(), "without a description or an example: {bare:#?}");
}
