//! The items of a list and the entries of a mapping, one by one.

use serde::de::{self, DeserializeSeed, Deserializer, Visitor};

use super::super::node::{Entry, Node, Span};
use super::super::notes::Notes;
use super::{DecodeError, DecodeErrorKind, Decoder};

pub(super) struct Items<'a> {
    pub items: &'a [Node],
    pub next: usize,
    pub span: Span,
    pub notes: &'a Notes,
}

impl<'de> de::SeqAccess<'de> for Items<'_> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, DecodeError> {
        let Some(node) = self.items.get(self.next) else {
            return Ok(None);
        };
        let number = self.next;
        self.next += 1;
        self.notes.count();
        let notes = self.notes;
        let value = seed.deserialize(Decoder { node, notes });
        let value = value.map_err(|error| error.below(number.to_string()))?;
        notes.is_right(self.span, self.next);
        Ok(Some(value))
    }

    fn size_hint(&self) -> Option<usize> {
        self.items.len().checked_sub(self.next)
    }
}

pub(super) struct Entries<'a> {
    pub entries: &'a [Entry],
    pub next: usize,
    pub current: Option<&'a Entry>,
    pub span: Span,
    pub notes: &'a Notes,
    /// The keys of a type of ours: they are as good as absent when they have no value.
    pub optional: &'static [&'static str],
}

impl Entries<'_> {
    fn is_absent(&self, entry: &Entry) -> bool {
        entry.value.is_null() && self.optional.contains(&entry.key.text.as_str())
    }
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        while self.entries.get(self.next).is_some_and(|entry| self.is_absent(entry)) {
            self.next += 1;
        }
        self.current = self.entries.get(self.next);
        self.next += 1;
        let Some(entry) = self.current else { return Ok(None) };
        seed.deserialize(KeyText(&entry.key.text))
            .map(Some)
            .map_err(|error| match error.kind {
                DecodeErrorKind::Value(wrong) => DecodeError {
                    path: vec![entry.key.text.clone()],
                    kind: DecodeErrorKind::Key(wrong.in_words(None)),
                },
                _ => error,
            })
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        let Some(entry) = self.current else {
            return Err(de::Error::custom("a key is missing"));
        };
        self.notes.count();
        let (node, notes) = (&entry.value, self.notes);
        if self.optional.contains(&entry.key.text.as_str()) {
            notes.add_typed(node.span);
        }
        let value = seed.deserialize(Decoder { node, notes });
        let value = value.map_err(|error| error.below(entry.key.text.clone()))?;
        notes.is_right(self.span, self.next);
        Ok(value)
    }
}

/// A key is always text, except where a number or a boolean is wanted as a key.
struct KeyText<'a>(&'a str);

impl<'de> Deserializer<'de> for KeyText<'_> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_str(self.0)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
