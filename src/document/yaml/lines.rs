//! A text of several lines as a list of them, so that one that is wrong takes no other with it.

use std::collections::HashMap;

use super::node::{Node, Scalar, Span, Value};

/// Makes a list of a text of several lines: of each line, what `kept` leaves of it, at most `limit` of them. An empty text
/// in quotes is an empty list. `text` is what the node was read from.
pub fn split(node: &mut Node, text: &str, limit: usize, kept: fn(&str) -> Option<&str>) {
    let Value::Scalar(scalar) = &node.value else { return };
    let value = scalar.text.trim();
    if !value.contains('\n') && (scalar.plain || !value.is_empty()) {
        return;
    }
    let places = places(node.span, text);
    // One that isn't there as it is has the place where all begin, and not that of the list: one may go without the other.
    let start = node.span.start();
    let beginning = node.span.moved(start..start, (node.span.line(), node.span.column()));
    let item = |line: &str| Node {
        value: Value::Scalar(Scalar::new(line, false)),
        span: places.get(line.trim()).copied().unwrap_or(beginning),
    };
    node.value = Value::Sequence(scalar.text.lines().filter_map(kept).take(limit).map(item).collect());
}

/// Where the lines of the value at `around` are, if they appear in the text unchanged.
fn places(around: Span, text: &str) -> HashMap<&str, Span> {
    let value = text.get(around.bytes()).unwrap_or_default();
    let mut start = around.start();
    let mut places = HashMap::new();
    for (number, line) in value.split('\n').enumerate() {
        let indent = line.len() - line.trim_start().len();
        let column = indent + if number == 0 { around.column() } else { 1 };
        let bytes = start + indent..start + line.trim_end().len();
        start += line.len() + 1;
        let span = around.moved(bytes, (around.line() + number, column));
        places.entry(line.trim()).or_insert(span);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::yaml::parse;

    #[test]
    fn each_line_has_its_place() {
        for (text, lines) in [
            ("a: |\n  one\n\n   two \n", &[("one", 2, 3), (" two ", 4, 4)][..]),
            ("a: \"one\\ntwo\"\n", &[("one", 1, 4), ("two", 1, 4)]),
            ("a: ''\n", &[]),
        ] {
            let mut root = parse(text, 0).unwrap().root.unwrap();
            let node = root.get_mut("a").unwrap();
            split(node, text, 9, |line| (!line.trim().is_empty()).then_some(line));
            let Value::Sequence(items) = &node.value else {
                panic!("{text}")
            };
            let found: Vec<_> = items
                .iter()
                .map(|item| match &item.value {
                    Value::Scalar(scalar) => (&**scalar.text, item.span.line(), item.span.column()),
                    _ => panic!("{text}"),
                })
                .collect();
            assert_eq!(found, lines, "{text}");
        }
    }
}
