//! Joining mappings: YAML's own `<<`, and vendor-data below user-data.

use std::collections::{HashMap, HashSet};

use super::super::code::Code;
use super::fault::Fault;
use super::node::{Entry, Node, Value};

/// Replaces the key `<<` by the entries of the mapping, or the mappings, it names. What is written out wins, and of
/// several mappings the first (<https://yaml.org/type/merge.html>).
///
/// # Errors
/// `<<` names something that is not a mapping.
pub fn expand_merge_keys(entries: Vec<Entry>) -> Result<Vec<Entry>, Fault> {
    let is_merge = |entry: &Entry| entry.key.text == "<<";
    if !entries.iter().any(is_merge) {
        return Ok(entries);
    }
    let (merges, mut own): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(is_merge);
    let mut known: HashSet<String> = own.iter().map(|entry| entry.key.text.clone()).collect();
    for merge in merges {
        let span = merge.value.span;
        let sources = match merge.value.value {
            Value::Mapping(entries) => vec![Value::Mapping(entries)],
            Value::Sequence(items) => items.into_iter().map(|item| item.value).collect(),
            scalar @ Value::Scalar(_) => vec![scalar],
        };
        for source in sources {
            let Value::Mapping(entries) = source else {
                return Err(Fault {
                    code: Code::WrongType,
                    span,
                    message: "`<<` needs a mapping".to_owned(),
                    hint: Some("write `<<: *name`, where `&name` marks a mapping".to_owned()),
                });
            };
            for entry in entries {
                if known.insert(entry.key.text.clone()) {
                    own.push(entry);
                }
            }
        }
    }
    Ok(own)
}

/// The two forms of one setting.
const PASSWORD: [&str; 2] = ["password", "hashed_password"];

/// Puts `lower` below `upper`: what `upper` says wins, mappings are joined key by key, lists are not. This is how
/// cloud-init puts vendor-data below user-data (`util.mergemanydict`, `dict()+list()+str()`).
pub fn underlay(upper: Node, lower: Node) -> Node {
    let span = upper.span;
    let value = match (upper.value, lower.value) {
        (Value::Mapping(mut entries), Value::Mapping(below)) => {
            // Who gives a password has not to know in which form somebody below gave one.
            let password = |entry: &Entry| PASSWORD.contains(&entry.key.text.as_str());
            let has_password = entries.iter().any(password);
            let numbered = entries.iter().enumerate();
            let places: HashMap<String, usize> = numbered.map(|(at, own)| (own.key.text.clone(), at)).collect();
            for entry in below {
                match places.get(&entry.key.text).and_then(|at| entries.get_mut(*at)) {
                    None if has_password && password(&entry) => {}
                    None => entries.push(entry),
                    Some(own) => {
                        let nothing = Node {
                            value: Value::Sequence(Vec::new()),
                            span: own.value.span,
                        };
                        let upper = std::mem::replace(&mut own.value, nothing);
                        own.value = underlay(upper, entry.value);
                    }
                }
            }
            Value::Mapping(entries)
        }
        (upper, _) => upper,
    };
    Node { value, span }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::yaml::parse;

    fn keys(node: &Node) -> Vec<&str> {
        match &node.value {
            Value::Mapping(entries) => entries.iter().map(|e| e.key.text.as_str()).collect(),
            _ => panic!("not a mapping"),
        }
    }

    #[test]
    fn what_is_written_out_wins_over_what_is_merged() {
        let root = parse("base: &base {a: 1, b: 2}\nuse: {<<: *base, b: 3}\n", 0)
            .unwrap()
            .root
            .unwrap();
        let used = root.get("use").unwrap();
        let mut names = keys(used);
        names.sort_unstable();
        assert_eq!(names, ["a", "b"]);
        assert!(matches!(&used.get("b").unwrap().value, Value::Scalar(s) if &**s.text == "3"));
        assert!(
            parse("a: {<<: text}\n", 0)
                .unwrap_err()
                .message
                .contains("needs a mapping")
        );
    }

    #[test]
    fn the_upper_document_wins_and_mappings_are_joined() {
        let upper = parse("a: 1\nc: {x: 1}\nl: [1]\n", 0).unwrap().root.unwrap();
        let lower = parse("a: 2\nc: {x: 2, y: 3}\nd: 4\nl: [2]\n", 1).unwrap().root.unwrap();
        let joined = underlay(upper, lower);
        assert_eq!(keys(&joined), ["a", "c", "l", "d"]);
        assert_eq!(keys(joined.get("c").unwrap()), ["x", "y"]);
        assert_eq!(joined.get("a").unwrap().span.source(), 0);
        assert_eq!(joined.get("d").unwrap().span.source(), 1);
    }
    #[test]
    fn a_password_above_takes_the_place_of_a_hash_below() {
        for (upper, lower, expected) in [
            (
                "r: {password: a}",
                "r: {hashed_password: b, k: 1}",
                &["password", "k"][..],
            ),
            ("r: {hashed_password: a}", "r: {password: b}", &["hashed_password"]),
            ("r: {k: 1}", "r: {password: b}", &["k", "password"]),
        ] {
            let node = |text| parse(text, 0).unwrap().root.unwrap();
            let joined = underlay(node(upper), node(lower));
            assert_eq!(keys(joined.get("r").unwrap()), expected);
        }
    }
}
