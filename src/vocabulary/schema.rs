//! Parts of the JSON Schemas that the types name in their derives. Only tests have them: the program itself prints the files
//! that a test wrote.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

/// What makes nothing of a schema but texts about it; all else says what is valid.
const ABOUT: [&str; 5] = ["title", "description", "examples", "default", "deprecated"];

/// Says of a text that a number or a boolean doesn't stand for one. Only between the types and the generator.
pub const ONLY_TEXT: &str = "x-only-text";

/// The words that YAML 1.1 has for true and false.
pub const BOOLEANS: &str = "true|True|TRUE|false|False|FALSE|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF";

/// These words alone, in whatever case. An editor offers those `shown`; `also` are taken too.
pub fn words(shown: &'static [&'static str], also: &'static [&'static str]) -> impl FnMut(&mut Schema) {
    let all = || shown.iter().chain(also).copied();
    let patterns: Vec<String> = all().map(any_case).collect();
    let mut others: Vec<Value> = vec![json!({"type": "string", "pattern": format!("^({})$", patterns.join("|"))})];
    if !shown.contains(&"true") && all().any(|word| word == "true") {
        others.push(json!({"type": "boolean"}));
    }
    others.extend(all().any(|word| word == "0").then(|| json!({"enum": [0, 1]})));
    let word = |word: &&str| match *word {
        "true" => json!(true),
        "false" => json!(false),
        other => json!(other),
    };
    let mut choices = vec![json!({"enum": shown.iter().map(word).collect::<Vec<_>>()})];
    choices.append(&mut others);
    move |schema| replace(schema, |_| choices.clone())
}

/// A pattern of a word in whatever case: the patterns of JSON Schema have no flag for it.
pub fn any_case(word: &str) -> String {
    let letter = |c: char| match c {
        'a'..='z' | 'A'..='Z' => format!("[{}{}]", c.to_ascii_uppercase(), c.to_ascii_lowercase()),
        '+' | '.' | '*' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '\\' | '^' | '$' => format!("\\{c}"),
        other => other.to_string(),
    };
    word.chars().map(letter).collect()
}

/// Also true, false, or nothing, which the mapping stands for in short.
pub fn or_boolean(schema: &mut Schema) {
    replace(schema, |own| {
        vec![json!({"type": "boolean"}), own, json!({"type": "null"})]
    });
}

/// Also a text of blanks.
pub fn or_blank(schema: &mut Schema) {
    replace(schema, |own| vec![own, json!({"type": "string", "pattern": "^\\s*$"})]);
}

/// Also the number 0.
pub fn or_zero(schema: &mut Schema) {
    replace(schema, |own| vec![own, json!({"enum": [0]})]);
}

/// A boolean, also as a platform may write it.
pub fn or_word(schema: &mut Schema) {
    let words: Vec<String> = ["true", "yes", "on", "1", "false", "no", "off", "0"]
        .map(any_case)
        .into();
    let word = json!({"type": "string", "pattern": format!("^\\s*({})?\\s*$", words.join("|"))});
    replace(schema, |own| vec![own, json!({"enum": [0, 1]}), word]);
}

/// Each text of a [`OneOrMany`].
pub fn each(pattern: &'static str) -> impl FnMut(&mut Schema) {
    move |schema| {
        for place in ["/anyOf/0", "/anyOf/1/items"] {
            if let Some(text) = schema.pointer_mut(place).and_then(Value::as_object_mut) {
                text.insert("pattern".to_owned(), pattern.into());
            }
        }
    }
}

/// A text that is no word for true or false.
pub fn not_boolean(schema: &mut Schema) {
    let words: Vec<String> = ["true", "false", "yes", "no", "on", "off"].map(any_case).into();
    let pattern = format!("^(?! *({}) *$)[^\\u0000-\\u001f\\u007f]*$", words.join("|"));
    schema.insert("pattern".to_owned(), pattern.into());
}

/// Puts a choice in the place of what is valid, and leaves the texts about it.
fn replace(schema: &mut Schema, choices: impl FnOnce(Value) -> Vec<Value>) {
    let all = std::mem::take(schema.ensure_object());
    let (about, own) = all.into_iter().partition(|(key, _)| ABOUT.contains(&key.as_str()));
    *schema.ensure_object() = about;
    schema.insert("anyOf".to_owned(), Value::Array(choices(Value::Object(own))));
}

/// One `T`, or a list of them.
#[derive(Debug)]
pub struct OneOrMany<T>(PhantomData<T>);

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<T>();
        let mut one = items.clone();
        one.insert("type".to_owned(), "string".into());
        one.insert(ONLY_TEXT.to_owned(), true.into());
        json_schema!({"anyOf": [one, {"type": "array", "items": items}]})
    }
}

/// One text of lines, or a list of `T`.
#[derive(Debug)]
pub struct LinesOrList<T>(PhantomData<T>);

impl<T: JsonSchema> JsonSchema for LinesOrList<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("LinesOrList{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({"anyOf": [{"type": "string"}, {"type": "array", "items": one}], "x-secret": true})
    }
}

/// The name of an account or a group among others with commas in between.
const NAME: &str = r"(?![0-9]+([\s,]|$))[A-Za-z0-9_][A-Za-z0-9._@$\\-]{0,31}";

/// Names with commas in between, as one text.
pub fn names() -> Value {
    let pattern = format!("^[\\s,]*({NAME}\\s*(,[\\s,]*{NAME}\\s*)*[\\s,]*)?$");
    json!({"type": "string", "pattern": pattern, ONLY_TEXT: true})
}

/// The same, where a number or a boolean doesn't stand for a text.
pub fn only_text<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let mut text = T::json_schema(generator);
    text.insert(ONLY_TEXT.to_owned(), true.into());
    text
}

/// A list of `T`, one text of them with commas in between, or the keys of a mapping.
#[derive(Debug)]
pub struct NamesOrList<T>(PhantomData<T>);

impl<T: JsonSchema> JsonSchema for NamesOrList<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("NamesOrList{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({"anyOf": [
            {"type": "array", "items": one},
            names(),
            {"type": "object", "propertyNames": one, "deprecated": true},
            {"type": "null"},
        ]})
    }
}

/// A number that isn't negative, also in quotes.
#[derive(Debug)]
pub struct NumberOrText;

impl JsonSchema for NumberOrText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "NumberOrText".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [
            {"type": "integer", "minimum": 0, "maximum": 4_294_967_294_u32},
            {"type": "string", "pattern": "^\\s*[0-9]+\\s*$"},
        ]})
    }
}
