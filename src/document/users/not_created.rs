//! The accounts and groups that a document creates, or would create if it had no mistakes.

use std::collections::BTreeSet;

use crate::document::yaml::{Node, Value};

/// The keys that create them.
const KEYS: [&str; 3] = ["users", "user", "groups"];

/// Their names. What only fails because they are missing follows from a mistake in the key, which is an error of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotCreated(BTreeSet<String>);

impl NotCreated {
    /// Those of the whole document.
    pub fn by(document: &Node) -> Self {
        let mut names = BTreeSet::new();
        for asked in KEYS.iter().filter_map(|key| document.get(key)) {
            collect(asked, &mut names);
        }
        Self(names)
    }

    /// Whether an account or a group of this name is among them.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

/// Names are given as a text with commas, as a list of names and mappings, as `name: NAME`, or as keys: `docker: [bob]`.
fn collect(asked: &Node, names: &mut BTreeSet<String>) {
    match &asked.value {
        Value::Scalar(text) => names.extend(text.text.split(',').map(|name| name.trim().to_owned())),
        Value::Sequence(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Mapping(entries) => match asked.get("name") {
            Some(name) => collect(name, names),
            None => names.extend(entries.iter().map(|entry| entry.key.text.clone())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::yaml::parse;

    #[test]
    fn names_are_found_in_every_form() {
        for text in [
            "users: [default, {name: bob, sudo: true}]",
            "users: 'default, bob'",
            "users: {bob: {sudo: true}}",
            "user: bob",
            "user: {name: bob}",
            "groups: [docker, {bob: [root]}]",
            "groups: 'docker,bob'",
            "groups: {bob: [root]}",
        ] {
            let found = NotCreated::by(&parse(text, 0).unwrap().root.unwrap());
            assert!(
                found.contains("bob") && !found.contains("sudo") && !found.contains("root"),
                "{text}"
            );
        }
        let other = parse("chpasswd: {users: [{name: bob}]}", 0).unwrap().root.unwrap();
        assert!(!NotCreated::by(&other).contains("bob"));
    }
}
