//! A YAML document as a tree in which every key and value knows its place.

use std::ops::Range;

use zeroize::Zeroizing;

use super::scalar::{Meaning, resolve};

/// The place of something in a text. Kept small: every key and value of a document has one. A text has at most
/// [`TEXT_LIMIT`](crate::document::text::TEXT_LIMIT) bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Span {
    source: u32,
    start: u32,
    end: u32,
    line: u32,
    column: u32,
}

impl Span {
    /// The place `bytes` in the text `source`, an index that the caller of `parse` chose.
    pub fn new(source: usize, bytes: Range<usize>, (line, column): (usize, usize)) -> Self {
        Self {
            source: small(source),
            start: small(bytes.start),
            end: small(bytes.end),
            line: small(line),
            column: small(column),
        }
    }

    /// A place in none of the texts.
    pub const NOWHERE: Self = Self {
        source: u32::MAX,
        start: 0,
        end: 0,
        line: 0,
        column: 0,
    };

    /// These bytes of the only text there is.
    pub fn of(text: &str, bytes: Range<usize>) -> Self {
        let before = text.get(..bytes.start).unwrap_or(text);
        let line = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = 1 + before.get(line..).unwrap_or_default().chars().count();
        Self::new(0, bytes, (1 + before.matches('\n').count(), column))
    }

    /// Another place in the same text.
    #[must_use]
    pub fn moved(self, bytes: Range<usize>, at: (usize, usize)) -> Self {
        Self::new(self.source(), bytes, at)
    }

    /// Which of the document's texts: user-data, network-config, ….
    pub fn source(self) -> usize {
        self.source as usize
    }

    /// The bytes of the text.
    pub fn bytes(self) -> Range<usize> {
        self.start()..self.end()
    }

    /// First byte.
    pub fn start(self) -> usize {
        self.start as usize
    }

    /// The byte after the last.
    pub fn end(self) -> usize {
        self.end as usize
    }

    /// Line, from 1.
    pub fn line(self) -> usize {
        self.line as usize
    }

    /// Column in characters, from 1.
    pub fn column(self) -> usize {
        self.column as usize
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A value and its place.
#[derive(Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Its place; for an alias, the place of the alias.
    pub span: Span,
}

/// What a node is.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// A single value.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// A mapping, in the order of the text, keys unique.
    Mapping(Vec<Entry>),
}

/// One key of a mapping with its value.
#[derive(Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// Its value.
    pub value: Node,
}

/// A mapping's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its text.
    pub text: String,
    /// Its place.
    pub span: Span,
    /// Whether it may be a secret itself: it is below a secret's name, or where no colon makes it a key.
    pub secret: bool,
}

/// A scalar as written: what it is depends on whether it was quoted. Wiped when dropped, since it may be a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The text, escapes processed.
    pub text: Zeroizing<Box<str>>,
    /// Written without quotes and not as a block, so that it may be a number, a boolean or null.
    pub plain: bool,
    /// The tag `!!str`, `!!int`, … given explicitly.
    pub tag: Option<Tag>,
}

/// The tag of a scalar: what its text is, whatever it looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// `!!str`, or `!`.
    Str,
    /// `!!binary`.
    Binary,
    /// `!!null`.
    Null,
    /// Another tag of YAML 1.1, which says what the text looks like anyway.
    Other,
}

impl Scalar {
    /// A text that no document has, as if it was written without a tag.
    pub fn new(text: &str, plain: bool) -> Self {
        let text = Zeroizing::new(text.into());
        Self { text, plain, tag: None }
    }

    /// Whether it is bytes, in base64: `!!binary`.
    pub fn is_binary(&self) -> bool {
        self.tag == Some(Tag::Binary)
    }
}

impl Node {
    /// Whether it says nothing: an empty value, `~` or `null`.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if resolve(scalar) == Meaning::Null)
    }

    /// Whether there is nothing in it: an empty value, text, list or mapping.
    pub fn is_empty(&self) -> bool {
        match &self.value {
            Value::Sequence(items) => items.is_empty(),
            Value::Mapping(entries) => entries.is_empty(),
            Value::Scalar(scalar) => self.is_null() || scalar.text.trim().is_empty(),
        }
    }

    /// The node that these keys lead to; sequence items by their number.
    pub fn find(&self, path: &[String]) -> Option<&Node> {
        let Some((first, rest)) = path.split_first() else {
            return Some(self);
        };
        match &self.value {
            Value::Mapping(entries) => entries.iter().find(|e| e.key.text == *first)?.value.find(rest),
            Value::Sequence(items) => items.get(first.parse::<usize>().ok()?)?.find(rest),
            Value::Scalar(_) => None,
        }
    }

    /// The key that these keys lead to, when the last of them is a mapping's.
    pub fn find_key(&self, path: &[String]) -> Option<&Key> {
        let (last, parents) = path.split_last()?;
        match &self.find(parents)?.value {
            Value::Mapping(entries) => entries.iter().map(|e| &e.key).find(|key| key.text == *last),
            _ => None,
        }
    }

    /// The value of a key of this mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Mapping(entries) => entries.iter().find(|e| e.key.text == key).map(|e| &e.value),
            _ => None,
        }
    }

    /// The value of a key of this mapping, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        match &mut self.value {
            Value::Mapping(entries) => entries.iter_mut().find(|e| e.key.text == key).map(|e| &mut e.value),
            _ => None,
        }
    }

    /// Takes the node at `path` out of the tree. Says whether there was one; the root can't be taken.
    pub fn prune(&mut self, path: &[String]) -> bool {
        let Some((last, parents)) = path.split_last() else {
            return false;
        };
        let Some(parent) = self.find_mut(parents) else {
            return false;
        };
        match &mut parent.value {
            Value::Mapping(entries) => {
                let before = entries.len();
                entries.retain(|entry| entry.key.text != *last);
                entries.len() < before
            }
            Value::Sequence(items) => match last.parse::<usize>() {
                Ok(number) if number < items.len() => {
                    items.remove(number);
                    true
                }
                _ => false,
            },
            Value::Scalar(_) => false,
        }
    }

    /// The node that these keys lead to, to be changed.
    pub fn find_mut(&mut self, path: &[String]) -> Option<&mut Node> {
        let Some((first, rest)) = path.split_first() else {
            return Some(self);
        };
        match &mut self.value {
            Value::Mapping(entries) => entries.iter_mut().find(|e| e.key.text == *first)?.value.find_mut(rest),
            Value::Sequence(items) => items.get_mut(first.parse::<usize>().ok()?)?.find_mut(rest),
            Value::Scalar(_) => None,
        }
    }

    /// What kind of value this is, in words for a message.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Mapping(_) => "a mapping",
            Value::Sequence(_) => "a list",
            Value::Scalar(scalar) => super::scalar::resolve(scalar).kind(),
        }
    }
}

impl std::fmt::Debug for Node {
    /// Shows the shape and the place only: a document holds secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}:{}", self.kind(), self.span.line(), self.span.column())
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Scalar(_) => "Scalar",
            Self::Sequence(_) => "Sequence",
            Self::Mapping(_) => "Mapping",
        })
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {:?}", self.key.text, self.value)
    }
}

impl std::fmt::Debug for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scalar")
    }
}
