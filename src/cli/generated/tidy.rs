//! From what schemars makes of a type to what an editor can use: texts as people read them, defaults and examples from the
//! docstrings, and the values that the decoder of documents takes for another type's.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::document::Config;
use crate::document::yaml::{self, parse};
use crate::vocabulary::schema::{BOOLEANS, ONLY_TEXT};

type Schema = Map<String, Value>;

/// The whole numbers that YAML 1.1 has, as text.
const INTEGER: &str = "^[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*(:[0-5]?[0-9])*)$";

/// Says of a key that it may not be empty. Only between the types and here.
const NOT_NULL: &str = "x-not-null";

/// The schema of something that is read.
pub fn document(mut schema: Value) -> Value {
    walk(&mut schema, &|schema| {
        describe(schema);
        scalars(schema);
        nullable(schema);
    });
    let whole = schema.clone();
    walk(&mut schema, &|schema| exemplify(schema, &whole));
    schema
}

/// Keys of an enum's form, which no docstring can describe.
const OF_FORMS: [(&str, &str); 2] = [
    ("verdict", "How it turned out."),
    ("why", "How it is instead, or why it can't be seen."),
];

/// The schema of something that is printed.
pub fn output(mut schema: Value) -> Value {
    walk(&mut schema, &|schema| {
        describe(schema);
        schema.remove("format");
        schema.remove("default");
        for (key, description) in OF_FORMS {
            let property = schema.get_mut("properties").and_then(|all| all.get_mut(key));
            if let Some(Value::Object(property)) = property {
                property.entry("description").or_insert(description.into());
            }
        }
    });
    schema
}

/// A key that is true, false, or empty.
pub fn boolean_or_null(description: &str) -> Value {
    json!({
        "description": description,
        "type": ["boolean", "string", "null"],
        "pattern": format!("^({BOOLEANS})$"),
        "examples": [false],
    })
}

/// Changes every schema in this one, those within first.
fn walk(schema: &mut Value, change: &dyn Fn(&mut Schema)) {
    let Value::Object(own) = schema else { return };
    for key in ["properties", "patternProperties", "$defs"] {
        own.get_mut(key)
            .and_then(Value::as_object_mut)
            .into_iter()
            .flatten()
            .for_each(|(_, below)| walk(below, change));
    }
    for key in ["items", "additionalProperties", "then"] {
        own.get_mut(key).into_iter().for_each(|below| walk(below, change));
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        own.get_mut(key)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
            .for_each(|below| walk(below, change));
    }
    change(own);
}

/// Visits every property, wherever it is.
pub fn each_property(schema: &Value, visit: &mut dyn FnMut(&str, &Value)) {
    match schema {
        Value::Object(own) => {
            for (key, below) in own {
                if let ("properties", Value::Object(properties)) = (key.as_str(), below) {
                    properties.iter().for_each(|(key, property)| visit(key, property));
                }
                if !matches!(key.as_str(), "if" | "else" | "examples" | "default") {
                    each_property(below, visit);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| each_property(item, visit)),
        _ => {}
    }
}

/// Makes of a docstring what people read, and takes its examples and the default out of it.
fn describe(schema: &mut Schema) {
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    let Some(text) = schema.get("description").and_then(Value::as_str).map(str::to_owned) else {
        return;
    };
    let mut examples = Vec::new();
    let mut words = String::new();
    for (number, part) in text.split("```").enumerate() {
        match part.strip_prefix("yaml\n").filter(|_| number % 2 == 1) {
            Some(yaml) => examples.extend(example(yaml)),
            None => words += part,
        }
    }
    let paragraphs = words
        .split("\n\n")
        .map(|lines| lines.split_whitespace().collect::<Vec<_>>().join(" "));
    let paragraphs: Vec<String> = paragraphs.filter(|paragraph| !paragraph.is_empty()).collect();
    let words = paragraphs.join("\n\n").replace("[`", "`").replace("`]", "`");
    if let Some(default) = said_default(&words, schema) {
        schema.insert("default".to_owned(), default);
    }
    if !examples.is_empty() {
        schema.insert("examples".to_owned(), examples.into());
    }
    schema.insert("description".to_owned(), words.into());
}

/// The values that an example shows: below the key that it is about, if it has that.
fn example(yaml: &str) -> Vec<Value> {
    let value = core(&parse(yaml, 0).unwrap().root.unwrap());
    let mapping = value.as_object().filter(|mapping| mapping.len() == 1);
    let below = mapping.into_iter().flatten().find(|(key, _)| is_at_the_top(key));
    match below.map(|(_, below)| below) {
        Some(Value::Array(items)) if items.iter().all(Value::is_object) => items.clone(),
        Some(below) => vec![below.clone()],
        None => vec![value],
    }
}

/// Whether a document has this key at its top: what an example shows is below it then.
fn is_at_the_top(key: &str) -> bool {
    static CONFIG: LazyLock<schemars::Schema> = LazyLock::new(|| schemars::schema_for!(Config));
    CONFIG.get("properties").and_then(|all| all.get(key)).is_some()
}

/// `Default: 0644.` in a text, if it is a value and not a sentence.
fn said_default(words: &str, schema: &Schema) -> Option<Value> {
    let rest = words.split_once("Default: ")?.1;
    let end = rest.find(". ").unwrap_or(rest.trim_end_matches('.').len());
    let said = rest.get(..end)?.trim_matches('`');
    let value = core(&parse(said, 0).ok()?.root?);
    let is_text =
        |types: &Value| types == "string" || types.as_array().is_some_and(|all| all.contains(&json!("string")));
    match value {
        Value::Object(_) => None,
        Value::String(text) if text.contains([' ', ',']) => None,
        Value::Number(_) if schema.get("type").is_some_and(is_text) || said.starts_with('0') => Some(json!(said)),
        value => Some(value),
    }
}

/// What the decoder takes for a boolean, a number, a text.
fn scalars(schema: &mut Schema) {
    let mut types = types(schema);
    let is = |name: &str, types: &[String]| types.iter().any(|own| own == name);
    let fixed = schema.contains_key("enum") || schema.contains_key("const");
    if schema.remove(ONLY_TEXT).is_some() || fixed || types.is_empty() {
        return;
    }
    if is("string", &types) {
        // As text it is what is written.
        let fits = |text: &str| {
            let pattern = schema.get("pattern").map(|pattern| json!({"pattern": pattern}));
            pattern.is_none_or(|pattern| jsonschema::is_valid(&pattern, &json!(text)))
        };
        let [number, negative] = [["12", "1.5", "644", "-1"].iter().any(|text| fits(text)), fits("-1")];
        types.extend(fits("true").then(|| "boolean".to_owned()));
        types.extend(number.then(|| "number".to_owned()));
        if number && !negative {
            schema.insert("minimum".to_owned(), json!(0));
        }
    } else if is("boolean", &types) {
        types.push("string".to_owned());
        schema.insert("pattern".to_owned(), format!("^({BOOLEANS})$").into());
    } else if is("integer", &types) {
        types.push("string".to_owned());
        schema.insert("pattern".to_owned(), INTEGER.into());
        if schema.remove("format") == Some(json!("uint32")) {
            schema.entry("maximum").or_insert(u32::MAX.into());
        }
    }
    set_types(schema, types);
    if let Some(message) = message(schema) {
        schema.insert("patternErrorMessage".to_owned(), message.into());
    }
}

/// What an editor says of a text that doesn't fit the pattern, in place of the pattern.
fn message(schema: &Schema) -> Option<String> {
    let pattern = schema.get("pattern").and_then(Value::as_str)?;
    if pattern == INTEGER {
        return Some("expected a whole number".to_owned());
    }
    if pattern == format!("^({BOOLEANS})$") {
        return Some("expected true or false".to_owned());
    }
    let words = schema.get("description").and_then(Value::as_str)?;
    let example = schema.get("examples")?.get(0)?;
    let example = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
    Some(format!("expected something like `{example}`. {words}"))
}

fn types(schema: &Schema) -> Vec<String> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn set_types(schema: &mut Schema, mut types: Vec<String>) {
    let mut seen = Vec::new();
    types.retain(|name| {
        !seen.contains(name) && {
            seen.push(name.clone());
            true
        }
    });
    let value = match types.as_slice() {
        [one] => json!(one),
        all => json!(all),
    };
    schema.insert("type".to_owned(), value);
}

/// A key without a value is as good as absent, unless something has to be there.
fn nullable(schema: &mut Schema) {
    let required = schema
        .get("required")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for (key, property) in properties.iter_mut() {
        let Value::Object(property) = property else { continue };
        let may_be_empty = property.remove(NOT_NULL).is_none() && !required.contains(&json!(key));
        let null = json!({"type": "null"});
        let description = property.get("description").cloned();
        let mut types = types(property);
        if let Some(choices) = property.get_mut("anyOf").and_then(Value::as_array_mut) {
            choices.retain(|choice| *choice != null);
            // Editors show what stands next to the reference: the key's own words, not its type's.
            for choice in choices.iter_mut().filter(|choice| choice.get("$ref").is_some()) {
                description
                    .iter()
                    .for_each(|words| choice["description"] = words.clone());
            }
            choices.extend(may_be_empty.then_some(null));
        } else if let Some(reference) = property.remove("$ref") {
            match may_be_empty {
                true => property.insert(
                    "anyOf".to_owned(),
                    json!([{"$ref": reference, "description": description}, {"type": "null"}]),
                ),
                false => property.insert("$ref".to_owned(), reference),
            };
        } else if !types.is_empty() {
            types.retain(|name| name != "null");
            types.extend(may_be_empty.then(|| "null".to_owned()));
            set_types(property, types);
        }
    }
}

/// Gives each property an example, from what it is made of where it has none itself.
fn exemplify(schema: &mut Schema, whole: &Value) {
    for (key, property) in schema
        .get_mut("properties")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
    {
        let Value::Object(property) = property else { continue };
        // The example of a key in a docstring has the key.
        if let Some(Value::Array(examples)) = property.get_mut("examples") {
            for example in examples {
                let below = example
                    .get(key)
                    .filter(|_| example.as_object().is_some_and(|all| all.len() == 1));
                *example = below.cloned().unwrap_or_else(|| example.clone());
            }
            continue;
        }
        if let Some(example) = example_of(&Value::Object(property.clone()), whole, 0) {
            property.insert("examples".to_owned(), json!([example]));
        }
    }
}

/// Longer than any example is deep; `PublicKeys` may be in itself.
const DEPTH_MAX: usize = 8;

/// An example of what this schema allows.
fn example_of(schema: &Value, whole: &Value, depth: usize) -> Option<Value> {
    if depth > DEPTH_MAX {
        return None;
    }
    let below = |schema: &Value| example_of(schema, whole, depth + 1);
    let first = |key: &str| schema.get(key).and_then(|all| all.get(0)).cloned();
    if let Some(found) = first("examples")
        .or_else(|| schema.get("const").cloned())
        .or_else(|| first("enum"))
    {
        return Some(found);
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return below(whole.pointer(reference.strip_prefix('#')?)?);
    }
    for key in ["anyOf", "oneOf"] {
        let choices = schema.get(key).and_then(Value::as_array).into_iter().flatten();
        if let Some(found) = choices.filter_map(below).next() {
            return Some(found);
        }
    }
    let types = types(schema.as_object()?);
    if types.iter().any(|name| name == "boolean") && schema.get("pattern") == Some(&json!(format!("^({BOOLEANS})$"))) {
        return Some(json!(true));
    }
    if types.iter().any(|name| name == "array") {
        return Some(json!([below(schema.get("items")?)?]));
    }
    let required = schema
        .get("required")
        .and_then(Value::as_array)?
        .iter()
        .filter_map(Value::as_str);
    let entries = required.map(|key| Some((key.to_owned(), below(schema.pointer(&format!("/properties/{key}"))?)?)));
    entries.collect::<Option<Schema>>().map(Value::Object)
}

/// A value as an editor's YAML 1.2 sees it.
fn core(node: &yaml::Node) -> Value {
    match &node.value {
        yaml::Value::Mapping(entries) => entries
            .iter()
            .map(|entry| (entry.key.text.clone(), core(&entry.value)))
            .collect(),
        yaml::Value::Sequence(items) => items.iter().map(core).collect(),
        yaml::Value::Scalar(scalar) => {
            let json = match scalar.plain {
                true => serde_json::from_str(&scalar.text).ok(),
                false => None,
            };
            json.filter(|value: &Value| !value.is_string())
                .unwrap_or_else(|| json!(**scalar.text))
        }
    }
}
