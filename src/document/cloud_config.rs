//! What becomes of the keys and modules of cloud-init: the keys that firstlight knows by name and doesn't apply, and which
//! module of cloud-init each key belongs to. The keys that are applied are those of [`Config`](super::Config).

mod keys;
mod modules;

use super::yaml::scalar::{Meaning, boolean, resolve};
use super::yaml::{Node, Value};

pub use keys::OTHER_KEYS;
pub use modules::{MODULES, Module, OLD_SPELLINGS};

/// A key of cloud-config (schema-cloud-config-v1.json, cloud-init 26.2) that firstlight knows and doesn't apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OtherKey {
    /// The key; a dot separates a nested key from its parent.
    pub name: &'static str,
    /// What happens where it is there.
    pub treatment: Treatment,
    /// Why.
    pub reason: &'static str,
    /// What to do instead, where there is something to do.
    pub instead: Option<&'static str>,
    /// Which values ask for nothing, so that they are no error.
    nothing: Nothing,
}

/// What happens where a key of cloud-config is there that firstlight doesn't apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// It is accepted and has no effect.
    NoEffect,
    /// It is an error, unless it asks for nothing.
    NotApplied,
}

/// Which values of a key that is not applied ask for nothing: always null and what is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nothing {
    /// And false: `package_update: false`.
    False,
    /// But not false, which forbids something that would happen otherwise.
    Empty,
    /// And a mapping in which this key is false: `growpart: {mode: off}`.
    FalseAt(&'static str),
    /// And true, which is what happens anyway; but not false.
    True,
}

impl OtherKey {
    /// The key of this name, if it is one of them.
    pub fn find(name: &str) -> Option<&'static Self> {
        OTHER_KEYS.iter().find(|key| key.name == name)
    }

    /// The key of this name, if it is one that is not applied.
    pub fn not_applied(name: &str) -> Option<&'static Self> {
        Self::find(name).filter(|key| key.treatment == Treatment::NotApplied)
    }

    /// The key that `path` leads to, if it is one that is not applied. The numbers of items don't count, and the default
    /// user has the keys of `users`. Every reporter has the same keys.
    pub fn not_applied_at(path: &[String]) -> Option<&'static Self> {
        let names = path.iter().map(String::as_str);
        let names: Vec<&str> = names.filter(|name| name.parse::<usize>().is_err()).collect();
        let names = match names.as_slice() {
            ["user", rest @ ..] | ["system_info", "default_user", rest @ ..] if !rest.is_empty() => {
                [&["users"], rest].concat()
            }
            ["reporting", _, key] => vec!["reporting", key],
            _ => names,
        };
        Self::not_applied(&names.join("."))
    }

    /// Why, and what to do instead.
    pub fn advice(&self) -> String {
        let both: Vec<_> = [self.reason].into_iter().chain(self.instead).collect();
        both.join(": ")
    }

    /// Whether a key that is not applied asks for nothing anyway: `packages: []`, `package_update: false`.
    pub fn asks_nothing(&self, value: &Node) -> bool {
        if self.treatment != Treatment::NotApplied {
            return false;
        }
        match (&value.value, self.nothing) {
            (Value::Sequence(items), _) => items.is_empty(),
            (Value::Mapping(entries), _) if entries.is_empty() => true,
            (Value::Mapping(_), Nothing::FalseAt(key)) => value.get(key).is_some_and(|value| is(value, false)),
            (Value::Mapping(_), _) => false,
            (Value::Scalar(scalar), _) if resolve(scalar) == Meaning::Null => true,
            (Value::Scalar(_), Nothing::Empty) => false,
            (Value::Scalar(_), Nothing::True) => is(value, true),
            (Value::Scalar(_), Nothing::False | Nothing::FalseAt(_)) => is(value, false),
        }
    }
}

fn is(value: &Node, wanted: bool) -> bool {
    matches!(&value.value, Value::Scalar(scalar) if boolean(&scalar.text) == Some(wanted))
}

/// The names of the keys that are not applied.
pub fn not_applied_names() -> impl Iterator<Item = &'static str> {
    let keys = OTHER_KEYS.iter().filter(|key| key.treatment == Treatment::NotApplied);
    keys.map(|key| key.name)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::document::config::KEYS;
    use crate::document::{Document, Texts};

    /// The keys of cloud-init's schema, by the module that reads them.
    #[derive(serde::Deserialize)]
    struct Theirs {
        modules: BTreeMap<String, Vec<String>>,
        #[serde(rename = "of no module")]
        of_no_module: Vec<String>,
    }

    fn theirs() -> Theirs {
        serde_json::from_str(include_str!("../../tests/oracles/schema-keys.json")).unwrap()
    }

    #[test]
    fn every_other_key_is_there_once_and_says_why() {
        let names: BTreeSet<_> = OTHER_KEYS.iter().map(|key| key.name).collect();
        assert_eq!(names.len(), OTHER_KEYS.len());
        for key in OTHER_KEYS {
            assert!(!key.reason.is_empty(), "{}", key.name);
            assert_eq!(
                key.instead.is_some(),
                key.treatment == Treatment::NotApplied,
                "{}",
                key.name
            );
        }
    }

    #[test]
    fn every_module_of_cloud_init_is_there_with_its_keys() {
        let theirs = theirs().modules;
        let ours: BTreeMap<&str, &Module> = MODULES.iter().map(|module| (module.name, module)).collect();
        assert_eq!(ours.len(), MODULES.len());
        assert!(ours.keys().copied().eq(theirs.keys().map(String::as_str)));
        for (name, keys) in theirs {
            let ours = ours[name.as_str()];
            assert!(
                keys.iter().all(|key| ours.keys.contains(&key.as_str())),
                "{name}: {keys:?}"
            );
            assert_eq!(ours.note.is_some(), ours.keys.is_empty(), "{name}");
        }
    }

    /// What is said of a document that has this key, and asks for something with it.
    fn told(key: &str) -> Vec<(String, Option<String>)> {
        let text = format!("#cloud-config\n{key}: {{key: [1]}}\n");
        let document = Document::read(&Texts::of_user_data("user-data", text.as_bytes()));
        let about_it = document.diagnostics.into_iter().filter(|found| found.path == [key]);
        about_it.map(|found| (found.message, found.hint)).collect()
    }

    #[test]
    fn every_key_of_cloud_init_is_told_as_the_table_has_it() {
        let Theirs { modules, of_no_module } = theirs();
        let all: BTreeSet<String> = modules.into_values().flatten().chain(of_no_module).collect();
        assert!(all.len() > 95, "{}", all.len());
        // What firstlight says of a part of user-data, and not of the whole.
        let merging = ["launch-index", "merge_how", "merge_type"];
        for key in all.iter().map(String::as_str).filter(|key| !merging.contains(key)) {
            let told = told(key);
            let is_told_as_unknown = told.iter().any(|(message, _)| message.contains("unknown key"));
            assert!(!is_told_as_unknown, "{key}: {told:?}");
            match OtherKey::find(key) {
                None => {
                    let is_old = OLD_SPELLINGS.iter().any(|(old, _)| *old == key);
                    assert!(
                        is_old || KEYS.iter().any(|known| known.name == key),
                        "{key} is in no table"
                    );
                }
                Some(other) if other.treatment == Treatment::NoEffect => assert_eq!(told, [], "{key}"),
                Some(other) => {
                    let message = format!("`{key}` is a key of cloud-config that firstlight doesn't apply");
                    assert_eq!(told, [(message, Some(other.advice()))], "{key}");
                }
            }
        }
        for key in merging {
            assert!(
                OtherKey::find(key).is_some_and(|key| key.treatment == Treatment::NoEffect),
                "{key}"
            );
        }
    }

    #[test]
    fn what_happens_anyway_is_no_error() {
        for (text, errors) in [
            ("create_hostname_file: true", 0),
            ("create_hostname_file: false", 1),
            ("allow_userdata: yes", 0),
            ("growpart: {mode: 'off'}", 0),
            ("growpart: {}", 0),
            ("growpart: {mode: auto}", 1),
            ("ssh_publish_hostkeys: {enabled: false}", 0),
            ("ssh_publish_hostkeys: {enabled: true}", 1),
            ("apt_pipelining: false", 1),
            // An old name, which is told.
            ("apt_reboot_if_required: true", 1),
        ] {
            let document = Document::read(&Texts::of_user_data("user-data", text.as_bytes()));
            assert_eq!(document.diagnostics.len(), errors, "{text}");
        }
    }
}
