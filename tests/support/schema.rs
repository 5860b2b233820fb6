//! The schemas of `schemas/` in the hands of an independent validator, and documents as an editor sees them.

use std::fs;

use firstlight::document::yaml::{Node, Tag, Value as Yaml, parse};
use jsonschema::Validator;
use serde_json::{Value, json};

/// The schema of that name.
pub fn schema(name: &str) -> Validator {
    let text = fs::read_to_string(format!("schemas/{name}.json")).unwrap();
    jsonschema::draft202012::new(&serde_json::from_str(&text).unwrap()).unwrap()
}

/// What is wrong with this value, a line each.
pub fn wrong(schema: &Validator, value: &Value) -> Vec<String> {
    let line = |error: jsonschema::ValidationError<'_>| format!("{}: {error}", error.instance_path());
    schema.iter_errors(value).map(line).collect()
}

/// A document as an editor sees it, by the core schema of YAML 1.2; `None` if it is no YAML or empty.
pub fn seen_by_an_editor(text: &str) -> Option<Value> {
    parse(text, 0)
        .ok()
        .filter(|parsed| parsed.faults.is_empty())?
        .root
        .as_ref()
        .map(core)
}

fn core(node: &Node) -> Value {
    match &node.value {
        Yaml::Mapping(entries) => entries.iter().map(|e| (e.key.text.clone(), core(&e.value))).collect(),
        Yaml::Sequence(items) => items.iter().map(core).collect(),
        Yaml::Scalar(scalar) => {
            let text = &**scalar.text;
            if !scalar.plain || scalar.tag == Some(Tag::Str) {
                return json!(text);
            }
            match text {
                "" | "~" | "null" | "Null" | "NULL" => Value::Null,
                "true" | "True" | "TRUE" => json!(true),
                "false" | "False" | "FALSE" => json!(false),
                _ => number(text).unwrap_or_else(|| json!(text)),
            }
        }
    }
}

fn number(text: &str) -> Option<Value> {
    let radix = |prefix, base| i64::from_str_radix(text.strip_prefix(prefix)?, base).ok();
    if let Some(whole) = radix("0x", 16).or_else(|| radix("0o", 8)).or_else(|| text.parse().ok()) {
        return Some(json!(whole));
    }
    let is_float = text.contains(|c: char| c.is_ascii_digit()) && text.bytes().all(|b| b"+-.0123456789eE".contains(&b));
    let float: f64 = is_float.then(|| text.parse().ok())??;
    // JSON has no infinity.
    Some(json!(float.clamp(f64::MIN, f64::MAX)))
}
