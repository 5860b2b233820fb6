//! The keys of what is read, from its schema: what the reference and the man page say of each.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::vocabulary::schema::BOOLEANS;

/// What is said of a key.
pub struct Key {
    /// The keys that lead to it: `network.ethernets.NAME.dhcp4`, `write_files[].path`.
    pub path: String,
    /// What its value is, in words.
    pub kind: String,
    /// The value that is taken where there is none.
    pub default: Option<String>,
    /// Whether it has to be there.
    pub required: bool,
    /// A value, as it may be written.
    pub example: Option<Value>,
    /// What it does.
    pub description: String,
    /// Whether it is known, and has no effect.
    pub deprecated: bool,
}

/// The keys of this schema, those below a key behind it.
pub fn keys(whole: &Value) -> Vec<Key> {
    let mut found = Vec::new();
    below(whole, whole, "", &mut found);
    said_once(&mut found);
    found
}

/// Leaves out what every device of a network has, except where it comes first.
fn said_once(keys: &mut Vec<Key>) {
    let mut seen = BTreeSet::new();
    keys.retain(|key| {
        let below = key
            .path
            .strip_prefix("network.")
            .and_then(|path| path.split_once(".NAME."));
        below.is_none_or(|(_, key_of_device)| seen.insert((key_of_device.to_owned(), key.description.clone())))
    });
}

fn below(schema: &Value, whole: &Value, path: &str, found: &mut Vec<Key>) {
    for choice in choices(schema, whole) {
        let entries = choice
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        for (key, property) in entries {
            // sshd_config(5) describes its keywords itself.
            if key.starts_with(|c: char| c.is_ascii_uppercase()) {
                continue;
            }
            let path = match path {
                "" => key.clone(),
                path => format!("{path}.{key}"),
            };
            let required = choice
                .get("required")
                .and_then(Value::as_array)
                .is_some_and(|all| all.contains(&Value::from(key.as_str())));
            found.push(described(property, whole, path.clone(), required));
            below(property, whole, &path, found);
        }
        if let Some(items) = choice.get("items") {
            below(items, whole, &format!("{path}[]"), found);
        }
        for value in choice
            .get("patternProperties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(_, value)| value)
        {
            below(value, whole, &format!("{path}.NAME"), found);
        }
    }
}

fn described(property: &Value, whole: &Value, path: String, required: bool) -> Key {
    let text = |key: &str| property.get(key).and_then(Value::as_str).map(str::to_owned);
    let default = property.get("default").map(flow);
    let description = text("description").unwrap_or_default().replace("\n\n", " ");
    Key {
        kind: kind(property, whole),
        description: match default {
            Some(_) => without_default(&description),
            None => description,
        },
        default,
        required,
        example: property.pointer("/examples/0").cloned(),
        deprecated: property.get("deprecated").is_some() || property.to_string().contains("/NotYet"),
        path,
    }
}

/// A description without the sentence about the default, which is said next to it.
fn without_default(description: &str) -> String {
    let Some((before, after)) = description.split_once("Default: ") else {
        return description.to_owned();
    };
    let after = after.split_once(". ").map_or("", |(_, after)| after);
    format!("{before}{after}").trim().to_owned()
}

/// What a schema allows, one by one.
fn choices<'a>(schema: &'a Value, whole: &'a Value) -> Vec<&'a Value> {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = whole.pointer(reference.trim_start_matches('#'));
        // `PublicKeys` is in itself, and has no keys.
        return target
            .filter(|_| !reference.ends_with("/PublicKeys"))
            .map_or_else(Vec::new, |target| choices(target, whole));
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(all) = schema.get(key).and_then(Value::as_array) {
            return all.iter().flat_map(|choice| choices(choice, whole)).collect();
        }
    }
    vec![schema]
}

fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// What a value is, in words.
fn kind(schema: &Value, whole: &Value) -> String {
    let choices = choices(schema, whole);
    let mut words: Vec<String> = Vec::new();
    let named: Vec<&Value> = choices
        .iter()
        .flat_map(|choice| {
            choice
                .get("enum")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .chain(choice.get("const"))
        })
        // Next to other forms a number is one of their spellings: 0 for off.
        .filter(|word| !word.is_number() || choices.len() == 1)
        .collect();
    // The other spellings of these words have no place here.
    if !named.is_empty() {
        words.extend(named.into_iter().map(|word| format!("`{}`", flow(word))));
    } else {
        let is_flag = choices
            .iter()
            .any(|choice| types(choice).contains(&"boolean") && !types(choice).contains(&"number"));
        let spelled = |choice: &Value| is_flag && types(choice) == ["string"];
        let shapes = choices.iter().filter(|choice| !spelled(choice));
        words.extend(shapes.filter_map(|choice| shape(choice, whole)));
    }
    let mut seen = Vec::new();
    words.retain(|word| {
        !seen.contains(word) && {
            seen.push(word.clone());
            true
        }
    });
    let words = match words.as_slice() {
        [] if schema.to_string().contains("/PublicKeys") => "text, list or mapping".to_owned(),
        [] => "anything".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    };
    match choices
        .iter()
        .chain([&schema])
        .any(|choice| choice.get("x-secret").is_some())
    {
        true => format!("{words}; secret"),
        false => words,
    }
}

fn shape(schema: &Value, whole: &Value) -> Option<String> {
    let types = types(schema);
    let is = |name: &str| types.contains(&name);
    Some(if is("array") {
        match schema.get("items") {
            Some(items) => format!("list of {}", kind(items, whole)),
            None => "list".to_owned(),
        }
    } else if is("object") {
        "mapping".to_owned()
    } else if is("integer") {
        match (
            schema.get("minimum").and_then(Value::as_u64),
            schema.get("maximum").and_then(Value::as_u64),
        ) {
            (Some(least), Some(most)) => format!("number, {least} to {most}"),
            _ => "number".to_owned(),
        }
    } else if let (Some(above), Some(most)) = (schema.get("exclusiveMinimum"), schema.get("maximum")) {
        format!("number, above {above}, at most {most}")
    } else if schema
        .get("pattern")
        .is_some_and(|pattern| *pattern == format!("^({BOOLEANS})$"))
        || types == ["boolean"]
    {
        "`true` or `false`".to_owned()
    } else if is("string") {
        "text".to_owned()
    } else {
        return None;
    })
}

/// A value on one line.
pub fn flow(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{key}: {}", flow(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Whether a text may be written without quotes, and is a text then.
fn is_plain(text: &str) -> bool {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./@ +~".contains(c);
    let inner = text.replace(": ", "\0").replace(':', "-").replace(" #", "\0");
    !text.is_empty()
        && !text.starts_with([' ', '-', '@', '~', '+', '.'])
        && !text.ends_with([' ', ':'])
        && (!text.starts_with(|c: char| c.is_ascii_digit())
            || text.contains('/')
            || text.matches('.').count() > 1
            || text.ends_with(['s', 'm', 'h']))
        && !BOOLEANS.split('|').any(|word| word == text)
        && !text.contains("::")
        && inner.chars().all(safe)
}

/// A key with its value, as a document has it.
pub fn block(key: &str, value: &Value) -> String {
    match value {
        Value::Object(entries) if !entries.is_empty() => format!("{key}:\n{}", lines(value, 2)),
        Value::Array(items) if items.iter().any(Value::is_object) => format!("{key}:\n{}", lines(value, 2)),
        other => format!("{key}: {}\n", flow(other)),
    }
}

fn lines(value: &Value, indent: usize) -> String {
    let margin = " ".repeat(indent);
    let indented = |text: String| text.lines().map(|line| format!("{margin}{line}\n")).collect::<String>();
    match value {
        Value::Object(entries) => entries.iter().map(|(key, value)| indented(block(key, value))).collect(),
        Value::Array(items) => {
            let item = |item: &Value| lines(item, 2).replacen(' ', "-", 1);
            items.iter().map(|one| indented(item(one))).collect()
        }
        other => indented(flow(other)),
    }
}
