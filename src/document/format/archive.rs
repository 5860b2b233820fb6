//! A cloud-config archive: a list of parts in YAML, each a text, or a mapping with `content`, `type` and `filename`.

use serde_json::Value as Json;

use crate::document::yaml::{Node, Value, to_json};

/// One part of an archive.
#[derive(Debug)]
pub struct Item<'a> {
    /// Its media type, if it has one.
    pub media_type: Option<String>,
    /// Its filename.
    pub name: Option<String>,
    /// How it is merged with the parts before it.
    pub merge: Option<String>,
    /// The number of the machine it is for.
    pub launch_index: Option<i64>,
    /// Its content.
    pub content: &'a str,
    /// Its content in the archive.
    pub node: &'a Node,
}

/// The parts of an archive; `Err` has the node that is not one.
pub fn items(root: &Node) -> Result<Vec<Item<'_>>, &Node> {
    let Value::Sequence(nodes) = &root.value else {
        return Err(root);
    };
    nodes.iter().map(|node| item(node).ok_or(node)).collect()
}

fn item(node: &Node) -> Option<Item<'_>> {
    let said = |keys: &[&str]| {
        let found = keys.iter().find_map(|key| node.get(key)).map(to_json);
        match found {
            Some(Json::String(text)) => Some(text),
            Some(Json::Number(number)) => Some(number.to_string()),
            _ => None,
        }
    };
    let content = match &node.value {
        Value::Scalar(_) => node,
        Value::Mapping(_) => node.get("content")?,
        Value::Sequence(_) => return None,
    };
    let Value::Scalar(scalar) = &content.value else {
        return None;
    };
    Some(Item {
        media_type: said(&["type"]),
        name: said(&["filename"]),
        merge: said(&["Merge-Type", "merge-type", "X-Merge-Type"]),
        launch_index: said(&["launch-index"]).and_then(|number| number.parse().ok()),
        content: &scalar.text,
        node: content,
    })
}

/// How many lines of `archive` come before the content of an item, and how many columns before each of its lines;
/// `None` unless the archive has it verbatim, in a block of its own (`content: |`).
pub fn stands_at(archive: &str, item: &Item<'_>) -> Option<(usize, usize)> {
    let first = item.content.lines().find(|line| !line.is_empty())?;
    let line = item.node.span.line();
    (line.saturating_sub(1)..=line).find_map(|before| {
        let written = || archive.lines().skip(before);
        let columns = written().next()?.strip_suffix(first)?.len();
        let mut pairs = item.content.lines().zip(written());
        let is_there = pairs.all(|(own, written)| own.is_empty() || written.get(columns..) == Some(own));
        is_there.then_some((before, columns))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::yaml::parse;

    #[test]
    fn items_are_texts_or_mappings() {
        let archive = "#cloud-config-archive\n- 'hostname: a'\n- type: text/cloud-config\n  filename: b.cfg\n  launch-index: 2\n  \
                       content: |\n    #cloud-config\n\n    timezone: UTC\n- content: \"a\\nb\"\n";
        let root = parse(archive, 0).unwrap().root.unwrap();
        let items = items(&root).unwrap();
        let shown: Vec<_> = items
            .iter()
            .map(|item| (item.content, item.name.as_deref(), item.launch_index))
            .collect();
        assert_eq!(
            shown,
            [
                ("hostname: a", None, None),
                ("#cloud-config\n\ntimezone: UTC\n", Some("b.cfg"), Some(2)),
                ("a\nb", None, None)
            ]
        );
        let places: Vec<_> = items.iter().map(|item| stands_at(archive, item)).collect();
        assert_eq!(places, [None, Some((6, 4)), None]);
        for bad in ["a: 1\n", "- [1]\n", "- {type: text/plain}\n", "- {content: {a: 1}}\n"] {
            let root = parse(bad, 0).unwrap().root.unwrap();
            assert!(super::items(&root).is_err(), "{bad}");
        }
    }
}
