//! Nodes of version 2, each at the place of what it comes from.

use crate::document::yaml::{Entry, Key, Node, Scalar, Span, Value};

/// A text.
pub fn text(text: impl Into<String>, span: Span) -> Node {
    scalar(&text.into(), false, span)
}

/// A word or a number, as if it was written without quotes.
pub fn plain(word: impl Into<String>, span: Span) -> Node {
    scalar(&word.into(), true, span)
}

fn scalar(text: &str, plain: bool, span: Span) -> Node {
    Node {
        value: Value::Scalar(Scalar::new(text, plain)),
        span,
    }
}

/// A list.
pub fn list(items: Vec<Node>, span: Span) -> Node {
    Node {
        value: Value::Sequence(items),
        span,
    }
}

/// A mapping.
pub fn mapping(entries: Vec<Entry>, span: Span) -> Node {
    Node {
        value: Value::Mapping(entries),
        span,
    }
}

/// A key of a mapping with its value. The key is where `span` is.
pub fn entry(key: impl Into<String>, span: Span, value: Node) -> Entry {
    let key = Key {
        text: key.into(),
        span,
        secret: false,
    };
    Entry { key, value }
}

/// The text of a single value.
pub fn text_of(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar(scalar) => Some(scalar.text.trim()),
        _ => None,
    }
}
