//! Keys that are given twice. The last one is used, but half of an interface or of a file may be lost with the first.

use std::collections::BTreeSet;

use super::yaml::{Node, Span, Value};

/// Where the keys at these places are in the tree, by the keys that lead to them, in the order of `places`.
pub fn paths(tree: &Node, places: &[Span]) -> Vec<Option<Vec<String>>> {
    let wanted: BTreeSet<(usize, usize)> = places.iter().map(|span| (span.source(), span.start())).collect();
    let mut found = Vec::new();
    if !wanted.is_empty() {
        look(tree, &wanted, &mut Vec::new(), &mut found);
    }
    let path_of = |span: &Span| {
        let mut paths = found.iter().filter(|(at, _)| *at == (span.source(), span.start()));
        paths.next().map(|(_, path)| path.clone())
    };
    places.iter().map(path_of).collect()
}

type Found = Vec<((usize, usize), Vec<String>)>;

fn look(node: &Node, wanted: &BTreeSet<(usize, usize)>, path: &mut Vec<String>, found: &mut Found) {
    match &node.value {
        Value::Mapping(entries) => {
            for entry in entries {
                path.push(entry.key.text.clone());
                let at = (entry.key.span.source(), entry.key.span.start());
                if wanted.contains(&at) {
                    found.push((at, path.clone()));
                }
                look(&entry.value, wanted, path, found);
                path.pop();
            }
        }
        Value::Sequence(items) => {
            for (number, item) in items.iter().enumerate() {
                path.push(number.to_string());
                look(item, wanted, path, found);
                path.pop();
            }
        }
        Value::Scalar(_) => {}
    }
}
