//! How the parts of one user-data are merged: by cloud-init's mergers, if a part asks for them
//! (<https://docs.cloud-init.io/en/latest/reference/merging.html>).

use std::collections::HashMap;

use serde_json::Value as Json;
use zeroize::Zeroizing;

use super::super::code::Code;
use super::fault::Fault;
use super::node::{Entry, Node, Scalar, Span, Value};
use super::scalar::{Meaning, resolve};
use super::to_json;

/// The keys that say how a part is merged with those before it.
pub const KEYS: [&str; 2] = ["merge_how", "merge_type"];

/// How a part is merged with those before it: `list(append)+dict(no_replace,recurse_list)+str()`. Without a merger for
/// its kind, the earlier value stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mergers {
    dict: Option<DictMerger>,
    list: Option<ListMerger>,
    str: Option<StrMerger>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct DictMerger {
    replace: bool,
    recurse_str: bool,
    recurse_list: bool,
    allow_delete: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ListMerger {
    how: ListHow,
    recurse_str: bool,
    recurse_list: bool,
    recurse_dict: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ListHow {
    Append,
    Prepend,
    Replace,
    NoReplace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct StrMerger {
    append: bool,
}

impl Default for Mergers {
    /// `dict(replace)+list()+str()`: a key of a later part replaces that of an earlier one.
    fn default() -> Self {
        let mut mergers = Self::none();
        for (name, options) in [
            ("dict", vec!["replace".to_owned()]),
            ("list", Vec::new()),
            ("str", Vec::new()),
        ] {
            mergers.add(name, &options);
        }
        mergers
    }
}

impl Mergers {
    /// The same, with the mergers of `other` for the kinds that it has none for.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            dict: self.dict.or(other.dict),
            list: self.list.or(other.list),
            str: self.str.or(other.str),
        }
    }

    fn none() -> Self {
        Self {
            dict: None,
            list: None,
            str: None,
        }
    }

    /// The mergers that a text names, as a header has it.
    ///
    /// # Errors
    /// It names something that is not a merger: what.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut mergers = Self::none();
        for written in text.split('+').map(|name| name.trim().to_lowercase()) {
            if written.is_empty() {
                continue;
            }
            let wrong = || format!("`{}` is not a merger", written.escape_debug());
            let (name, rest) = written.split_once('(').ok_or_else(wrong)?;
            let options = rest.strip_suffix(')').ok_or_else(wrong)?;
            let options = options.split(',').map(|option| option.trim().to_owned());
            let options: Vec<_> = options.filter(|option| !option.is_empty()).collect();
            if !mergers.add(name.trim(), &options) {
                return Err(wrong());
            }
        }
        Ok(mergers)
    }

    /// Removes the keys that say how a part is merged; `None` if it has none.
    ///
    /// # Errors
    /// They name something that is not a merger.
    pub fn take_from(part: &mut Node) -> Result<Option<Self>, Fault> {
        let Value::Mapping(entries) = &mut part.value else {
            return Ok(None);
        };
        let said = |name: &str| {
            entries
                .iter()
                .find(|entry| entry.key.text == name && !entry.value.is_null())
        };
        let said = KEYS.iter().find_map(|name| said(name)).map(|entry| entry.value.clone());
        entries.retain(|entry| !KEYS.contains(&entry.key.text.as_str()));
        let Some(said) = said else { return Ok(None) };
        let mergers = match to_json(&said) {
            Json::String(text) => Self::parse(&text),
            Json::Array(items) => Self::of_items(&items),
            _ => Err("this is not a merger".to_owned()),
        };
        let mergers = mergers.map_err(|message| Fault {
            code: Code::InvalidValue,
            span: said.span,
            message,
            hint: Some("write it like `list(append)+dict(no_replace,recurse_list)+str()`".to_owned()),
        })?;
        Ok((mergers != Self::none()).then_some(mergers))
    }

    /// `[{name: list, settings: [append]}, [dict, recurse_list]]`.
    fn of_items(items: &[Json]) -> Result<Self, String> {
        let mut mergers = Self::none();
        let texts =
            |items: &[Json]| -> Vec<String> { items.iter().filter_map(Json::as_str).map(str::to_lowercase).collect() };
        for item in items {
            let (name, options) = match item {
                Json::Object(item) => {
                    let settings = item.get("settings").and_then(Json::as_array);
                    let name = item.get("name").and_then(Json::as_str);
                    (name.map(str::to_owned), texts(settings.map_or(&[], Vec::as_slice)))
                }
                Json::Array(item) => {
                    let mut words = texts(item).into_iter();
                    (words.next(), words.collect())
                }
                _ => (None, Vec::new()),
            };
            let is_known = name.is_some_and(|name| mergers.add(name.trim(), &options));
            if !is_known {
                return Err("this is not a merger".to_owned());
            }
        }
        Ok(mergers)
    }

    /// Adds a merger; the first one for a kind of value counts. `false`: no merger has this name.
    fn add(&mut self, name: &str, options: &[String]) -> bool {
        let has = |names: &[&str]| options.iter().any(|option| names.contains(&option.as_str()));
        let recurse_list = has(&["recurse_list", "recurse_array"]);
        match name {
            "dict" => {
                self.dict.get_or_insert(DictMerger {
                    replace: has(&["replace"]),
                    recurse_str: has(&["recurse_str"]),
                    recurse_list,
                    allow_delete: has(&["allow_delete"]),
                });
            }
            "list" => {
                self.list.get_or_insert(ListMerger {
                    how: match () {
                        () if has(&["append"]) => ListHow::Append,
                        () if has(&["prepend"]) => ListHow::Prepend,
                        () if has(&["replace"]) => ListHow::Replace,
                        () if has(&["no_replace"]) => ListHow::NoReplace,
                        () => ListHow::Replace,
                    },
                    recurse_str: has(&["recurse_str"]),
                    recurse_list,
                    recurse_dict: has(&["recurse_dict"]),
                });
            }
            "str" => {
                self.str.get_or_insert(StrMerger {
                    append: has(&["append"]),
                });
            }
            _ => return false,
        }
        true
    }

    /// `later` merged with what is before it. Bounded by the depth of both.
    pub fn join(&self, earlier: Node, later: Node) -> Node {
        let span = later.span;
        match (earlier.value, later.value) {
            (Value::Mapping(earlier), Value::Mapping(later)) => {
                let value = match self.dict {
                    Some(merger) => self.join_mappings(merger, earlier, later),
                    None => earlier,
                };
                Node {
                    value: Value::Mapping(value),
                    span,
                }
            }
            (Value::Sequence(ours), theirs) => self.join_lists(ours, Node { value: theirs, span }, earlier.span),
            (Value::Scalar(ours), theirs) if is_text(&ours) => {
                self.join_texts(ours, Node { value: theirs, span }, earlier.span)
            }
            (value, _) => Node {
                value,
                span: earlier.span,
            },
        }
    }

    fn join_mappings(&self, merger: DictMerger, earlier: Vec<Entry>, later: Vec<Entry>) -> Vec<Entry> {
        let numbered = earlier.iter().enumerate();
        let places: HashMap<String, usize> = numbered.map(|(at, entry)| (entry.key.text.clone(), at)).collect();
        let mut earlier: Vec<Option<Entry>> = earlier.into_iter().map(Some).collect();
        let mut joined = Vec::new();
        for Entry { key, value } in later {
            let old = places.get(&key.text).and_then(|at| earlier.get_mut(*at)?.take());
            let Some(old) = old else {
                joined.push(Entry { key, value });
                continue;
            };
            if value.is_null() && merger.allow_delete {
                continue;
            }
            let recurses = match &value.value {
                Value::Mapping(_) => true,
                Value::Sequence(_) => merger.recurse_list,
                Value::Scalar(scalar) => merger.recurse_str && is_text(scalar),
            };
            joined.push(match (merger.replace, recurses) {
                (true, _) => Entry { key, value },
                (false, true) => Entry {
                    key,
                    value: self.join(old.value, value),
                },
                (false, false) => old,
            });
        }
        joined.extend(earlier.into_iter().flatten());
        joined
    }

    fn join_lists(&self, mut ours: Vec<Node>, theirs: Node, own: Span) -> Node {
        let keep = |items| Node {
            value: Value::Sequence(items),
            span: own,
        };
        let Some(merger) = self.list else { return keep(ours) };
        let Value::Sequence(mut items) = theirs.value else {
            return match merger.how {
                ListHow::Replace => theirs,
                _ => keep(ours),
            };
        };
        let joined = match merger.how {
            ListHow::Append => {
                ours.append(&mut items);
                ours
            }
            ListHow::Prepend => {
                items.append(&mut ours);
                items
            }
            ListHow::NoReplace => ours,
            ListHow::Replace => {
                let mut later = items.into_iter();
                let joined = ours.into_iter().map(|old| match later.next() {
                    Some(new) => self.join_items(merger, old, new),
                    None => old,
                });
                joined.collect()
            }
        };
        keep(joined)
    }

    fn join_items(&self, merger: ListMerger, old: Node, new: Node) -> Node {
        let recurses = match &new.value {
            Value::Mapping(_) => merger.recurse_dict,
            Value::Sequence(_) => merger.recurse_list,
            Value::Scalar(scalar) => merger.recurse_str && is_text(scalar),
        };
        if recurses { self.join(old, new) } else { new }
    }

    fn join_texts(&self, ours: Scalar, theirs: Node, own: Span) -> Node {
        match (self.str, &theirs.value) {
            (Some(StrMerger { append: true }), Value::Scalar(scalar)) => {
                let text = Zeroizing::new(format!("{}{}", *ours.text, *scalar.text));
                Node {
                    value: Value::Scalar(Scalar::new(&text, false)),
                    span: theirs.span,
                }
            }
            (Some(StrMerger { append: false }), _) => theirs,
            _ => Node {
                value: Value::Scalar(ours),
                span: own,
            },
        }
    }
}

fn is_text(scalar: &Scalar) -> bool {
    matches!(resolve(scalar), Meaning::Text(_))
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn joined(sources: &[&str]) -> Json {
        let mut tree: Option<Node> = None;
        for source in sources {
            let mut part = parse(source, 0).unwrap().root.unwrap();
            let mergers = Mergers::take_from(&mut part).unwrap().unwrap_or_default();
            tree = Some(match tree {
                Some(earlier) => mergers.join(earlier, part),
                None => part,
            });
        }
        to_json(&tree.unwrap())
    }

    /// Joins the sources of recorded cases as cloud-init did, and says how many there were.
    fn compare(cases: &Json) -> usize {
        let mut compared = 0;
        for (name, case) in cases.as_object().unwrap() {
            let sources = case["sources"].as_array().unwrap().iter();
            let sources: Vec<_> = sources.filter_map(Json::as_str).collect();
            // Of trees (vendor-data), or a patch: other tests.
            if sources.is_empty() || sources.iter().any(|source| source.contains("jsonp")) {
                continue;
            }
            assert_eq!(joined(&sources), case["got"], "{name}");
            compared += 1;
        }
        compared
    }

    #[test]
    fn cloud_init_joins_alike() {
        let recorded = serde_json::from_str(include_str!("../../../tests/oracles/merge.json")).unwrap();
        assert_eq!(compare(&recorded), 6);
    }

    /// The inputs of cloud-init's own tests are its authors' text: compared where a recording lies beside the repository.
    #[test]
    fn cloud_init_joins_its_own_cases_alike() {
        let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/oracles/merge-cases.json");
        let Ok(text) = std::fs::read_to_string(beside) else {
            return;
        };
        let recorded: Json = serde_json::from_str(&text).unwrap();
        assert!(compare(&recorded["upstream"]) > 5);
    }

    #[test]
    fn what_is_not_a_merger_has_its_place() {
        for text in [
            "merge_how: frob()\n",
            "merge_how: list\n",
            "merge_type: [x]\n",
            "merge_how: [{name: x, settings: []}]\n",
            "merge_how: 1\n",
        ] {
            let mut part = parse(text, 0).unwrap().root.unwrap();
            let fault = Mergers::take_from(&mut part).unwrap_err();
            assert!(
                fault.span.column() > 1 && fault.message.contains("not a merger"),
                "{text}"
            );
        }
        for text in [
            "merge_how: ''\na: 1\n",
            "merge_how: []\na: 1\n",
            "merge_how: null\na: 1\n",
            "a: 1\n",
        ] {
            let mut part = parse(text, 0).unwrap().root.unwrap();
            assert_eq!(Mergers::take_from(&mut part), Ok(None), "{text}");
            assert_eq!(to_json(&part), serde_json::json!({"a": 1}), "{text}");
        }
        assert_eq!(
            Mergers::parse("dict(replace)+list()+str()").unwrap(),
            Mergers::default()
        );
        assert_eq!(
            Mergers::parse(" List( Append ) + DICT()").unwrap(),
            Mergers::parse("list(append)+dict()").unwrap()
        );
    }
}
