//! Old forms of `users` and `user`, brought into the one that is read: a list of names and mappings whose keys have
//! underscores.

use crate::document::advice::keys_of;
use crate::document::code::Code;
use crate::document::diagnostic::Diagnostic;
use crate::document::fix::Fix;
use crate::document::yaml::scalar::{Meaning, boolean, resolve};
use crate::document::yaml::{Entry, Key, Node, Scalar, Span, Value};

use super::User;
use super::names::split;

/// The most accounts of a text with commas.
const NAMES_MAX: usize = 1000;

/// What is said of an old spelling, and where.
pub type Told = (Span, Diagnostic);

/// Brings `users`, `user` and the default user of `system_info` into the form that is read. What is no form of these is
/// left for the decoder to refuse. Returns what is to be said of deprecated spellings.
pub fn tidy(document: &mut Node) -> Vec<Told> {
    let mut told = Vec::new();
    if let Some(users) = document.get_mut("users") {
        as_list(users);
        if let Value::Sequence(items) = &mut users.value {
            items.iter_mut().for_each(|user| rename_keys(user, &mut told));
        }
    }
    if let Some(user) = document.get_mut("user") {
        as_mapping(user);
        rename_keys(user, &mut told);
    }
    let default_user = ["system_info", "default_user"].map(str::to_owned);
    if let Some(user) = document.find_mut(&default_user) {
        rename_keys(user, &mut told);
    }
    told
}

/// `users: bob,amy` and `users: {bob: {…}, amy: }` as a list.
fn as_list(users: &mut Node) {
    let span = users.span;
    match &mut users.value {
        Value::Scalar(scalar) if matches!(resolve(scalar), Meaning::Text(_)) => {
            let names = split(&scalar.text).take(NAMES_MAX);
            let item = |name: &str| Node {
                value: Value::Scalar(Scalar::new(name, false)),
                span,
            };
            users.value = Value::Sequence(names.map(item).collect());
        }
        Value::Mapping(entries) if entries.iter().all(is_account) => {
            let items = std::mem::take(entries).into_iter().map(account);
            users.value = Value::Sequence(items.collect());
        }
        _ => {}
    }
}

/// Whether an entry is an account by its name, and not the key of one: a list was meant then.
fn is_account(entry: &Entry) -> bool {
    match &entry.value.value {
        Value::Mapping(_) => true,
        Value::Scalar(scalar) => resolve(scalar) == Meaning::Null || boolean(&scalar.text) == Some(true),
        Value::Sequence(_) => false,
    }
}

fn account(Entry { key, mut value }: Entry) -> Node {
    let name = Node {
        value: Value::Scalar(Scalar::new(&key.text, false)),
        span: key.span,
    };
    match &mut value.value {
        Value::Mapping(entries) => {
            let key = Key {
                text: "name".to_owned(),
                ..key
            };
            entries.insert(0, Entry { key, value: name });
            value
        }
        _ => name,
    }
}

/// `user: bob` as a mapping.
fn as_mapping(user: &mut Node) {
    let span = user.span;
    let Value::Scalar(scalar) = &user.value else { return };
    if !matches!(resolve(scalar), Meaning::Text(_)) {
        return;
    }
    let name = Node {
        value: user.value.clone(),
        span,
    };
    let key = Key {
        text: "name".to_owned(),
        span,
        secret: false,
    };
    user.value = Value::Mapping(vec![Entry { key, value: name }]);
}

/// `lock-passwd` as `lock_passwd`.
fn rename_keys(user: &mut Node, told: &mut Vec<Told>) {
    let Value::Mapping(entries) = &mut user.value else {
        return;
    };
    let known = keys_of::<User>();
    let given: Vec<String> = entries.iter().map(|entry| entry.key.text.clone()).collect();
    for Entry { key, .. } in entries {
        let new = key.text.replace('-', "_");
        if new == key.text || !known.contains(&new) || given.contains(&new) {
            continue;
        }
        let message = format!("`{}` is deprecated: cloud-init calls it `{new}`", key.text);
        let fix = Fix::new(key.text.as_str(), new.as_str());
        let diagnostic = Diagnostic::whole("", message, Some(format!("write `{new}`")));
        told.push((key.span, diagnostic.code(Code::Deprecated).fix(Some(fix)).warning()));
        key.text = new;
    }
}

#[cfg(test)]
pub use schema::{AnyGroups, NameOrUser, RulesOrNone, or_name, or_old_forms};

#[cfg(test)]
mod schema {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
    use serde_json::json;

    use crate::document::UserName;
    use crate::document::user_name::GroupName;
    use crate::document::users::User;
    use crate::vocabulary::schema::{names, only_text};

    /// An item of `users`.
    #[derive(Debug)]
    pub struct NameOrUser;

    impl JsonSchema for NameOrUser {
        fn inline_schema() -> bool {
            true
        }

        fn schema_name() -> Cow<'static, str> {
            "NameOrUser".into()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            let mut name = only_text::<UserName>(generator);
            name.insert("examples".to_owned(), json!(["default"]));
            json_schema!({"anyOf": [name, generator.subschema_for::<User>()]})
        }
    }

    /// Also one text with commas, or a mapping.
    pub fn or_old_forms(schema: &mut Schema) {
        let items = schema.get("items").cloned().unwrap_or_default();
        let list = json!({"type": "array", "items": items, "uniqueItems": true});
        schema.remove("items");
        schema.remove("type");
        let account = json!({"anyOf": [{"type": "object"}, {"const": true}, {"type": "null"}]});
        let mapping = json!({"type": "object", "deprecated": true, "additionalProperties": account});
        schema.insert("anyOf".to_owned(), json!([list, names(), mapping, {"type": "null"}]));
    }

    /// Also the account's name alone.
    pub fn or_name(schema: &mut Schema) {
        let mapping = std::mem::take(schema.ensure_object());
        let (about, own): (serde_json::Map<_, _>, _) = mapping
            .into_iter()
            .partition(|(key, _)| ["description", "examples"].contains(&key.as_str()));
        *schema.ensure_object() = about;
        let name = only_text::<UserName>(&mut SchemaGenerator::default());
        schema.insert("anyOf".to_owned(), json!([own, name, {"type": "null"}]));
    }

    /// Rules of sudoers(5): one, a list, or none.
    #[derive(Debug)]
    pub struct RulesOrNone;

    impl JsonSchema for RulesOrNone {
        fn inline_schema() -> bool {
            true
        }

        fn schema_name() -> Cow<'static, str> {
            "SudoRules".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            let rule = json!({"type": "string", "pattern": "^[^\u{0}-\u{1f}\u{7f}=]*=[^\u{0}-\u{1f}\u{7f}]*[^\\\\\u{0}-\u{1f}\u{7f}]$", "maxLength": 1024});
            json_schema!({"anyOf": [rule, {"type": "array", "items": rule}, {"type": "boolean", "enum": [false]}, {"type": "null"}]})
        }
    }

    /// Groups in any form.
    #[derive(Debug)]
    pub struct AnyGroups;

    impl JsonSchema for AnyGroups {
        fn inline_schema() -> bool {
            true
        }

        fn schema_name() -> Cow<'static, str> {
            "AnyGroups".into()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            let group = only_text::<GroupName>(generator);
            let (user, one) = (generator.subschema_for::<UserName>(), only_text::<UserName>(generator));
            let members = json!({"anyOf": [one, {"type": "array", "items": user}, {"type": "null"}]});
            let mapping = json!({"type": "object", "propertyNames": group, "additionalProperties": members});
            json_schema!({"anyOf": [
                {"type": "array", "items": {"anyOf": [group, mapping]}},
                names(),
                mapping,
                {"type": "null"},
            ]})
        }
    }
}
