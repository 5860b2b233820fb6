//! A tree as JSON.

use serde_json::Value as Json;

use super::node::{Node, Value};
use super::scalar::{Meaning, resolve};

/// The tree as JSON, plain scalars read as YAML 1.1. It has the same secrets as the tree.
pub fn to_json(node: &Node) -> Json {
    match &node.value {
        Value::Mapping(entries) => {
            let entries = entries
                .iter()
                .map(|entry| (entry.key.text.clone(), to_json(&entry.value)));
            Json::Object(entries.collect())
        }
        Value::Sequence(items) => items.iter().map(to_json).collect(),
        Value::Scalar(scalar) => match resolve(scalar) {
            Meaning::Null => Json::Null,
            Meaning::Bool(value) => value.into(),
            Meaning::Int(value) => value.into(),
            Meaning::Float(value) => value.into(),
            Meaning::Text(text) => text.into(),
        },
    }
}
