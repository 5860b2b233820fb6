//! serde from a tree of nodes: YAML 1.1 scalars for the type that is wanted, and errors that know their place.

mod access;
mod error;

use serde::de::{self, Deserializer, Expected, IntoDeserializer, Visitor};
use zeroize::Zeroizing;

use super::node::{Entry, Node, Scalar, Tag, Value};
use super::notes::Notes;
use super::scalar::{self, Meaning, resolve};
use super::wrong::Wrong;
use crate::document::base64;
use crate::vocabulary::Secret;
use access::{Entries, Items};
use error::in_words;
pub use error::{DecodeError, DecodeErrorKind};

/// The name under which a newtype asks for a scalar as it is written: a quoted one comes as text, a plain one as
/// itself.
pub const AS_WRITTEN: &str = "$as_written";

/// Reads a `T` from `node`.
///
/// # Errors
/// The first value that is not as `T` wants it.
pub fn decode<T: de::DeserializeOwned>(node: &Node) -> Result<T, DecodeError> {
    decode_noting(node, &Notes::default())
}

/// The same, noting what else is learned of the tree.
///
/// # Errors
/// The first value that is not as `T` wants it.
pub fn decode_noting<T: de::DeserializeOwned>(node: &Node, notes: &Notes) -> Result<T, DecodeError> {
    T::deserialize(Decoder { node, notes })
}

/// Reads one value.
#[derive(Clone, Copy)]
struct Decoder<'a> {
    node: &'a Node,
    notes: &'a Notes,
}

macro_rules! integers {
    ($($method:ident),*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            match &self.node.value {
                Value::Scalar(s) => match scalar::integer(&s.text) {
                    _ if scalar::ambiguous(&s.text).is_some() => self.ambiguous(s),
                    Some(number) if number >= 0 => visitor.visit_u64(number.unsigned_abs()),
                    Some(number) => visitor.visit_i64(number),
                    None => self.mismatch(&visitor),
                },
                _ => self.mismatch(&visitor),
            }
        })*
    };
}

macro_rules! texts {
    ($($method:ident),*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            match &self.node.value {
                Value::Scalar(s) if s.is_binary() => visitor.visit_str(text_of(&bytes_of(s)?)?),
                // What was meant as text may look like a number or a boolean: the text as written is wanted.
                Value::Scalar(s) if resolve(s) != Meaning::Null => visitor.visit_str(&s.text),
                // A visitor that takes a list or nothing as well is asked; the others say what they expect.
                _ => self.deserialize_any(visitor),
            }
        })*
    };
}

fn bytes_of(scalar: &Scalar) -> Result<Zeroizing<Vec<u8>>, DecodeError> {
    let bytes = base64::decode(scalar.text.as_bytes());
    bytes.ok_or_else(|| de::Error::custom("`!!binary` is base64, and this is not"))
}

fn text_of(bytes: &[u8]) -> Result<&str, DecodeError> {
    std::str::from_utf8(bytes).map_err(|_| de::Error::custom("expected a string, found bytes that are not UTF-8 text"))
}

impl Decoder<'_> {
    fn mismatch<T>(&self, expected: &dyn Expected) -> Result<T, DecodeError> {
        self.is_no(in_words(expected))
    }

    fn is_no<T>(&self, expected: impl Into<String>) -> Result<T, DecodeError> {
        self.is_no_mapping_of(expected, &[])
    }

    fn is_no_mapping_of<T>(
        &self,
        expected: impl Into<String>,
        keys: &'static [&'static str],
    ) -> Result<T, DecodeError> {
        Err(DecodeError::value(Wrong::Type {
            expected: expected.into(),
            found: self.node.kind(),
            keys,
        }))
    }

    /// Refuses a number that means another one than it seems to. As text it is what it is.
    fn ambiguous<T>(&self, scalar: &Scalar) -> Result<T, DecodeError> {
        match scalar::ambiguous(&scalar.text) {
            Some(number) => Err(DecodeError::value(Wrong::Number(number))),
            None => self.is_no("a number"),
        }
    }

    /// Reads a mapping, beginning with its entry number `first`.
    fn mapping<'de, V: Visitor<'de>>(
        self,
        visitor: V,
        first: usize,
        optional: &'static [&'static str],
    ) -> Result<V::Value, DecodeError> {
        let entries: &[Entry] = match &self.node.value {
            Value::Mapping(entries) => entries,
            // `services:` with nothing below it asks for nothing.
            Value::Scalar(s) if resolve(s) == Meaning::Null => &[],
            _ => return self.mismatch(&visitor),
        };
        visitor.visit_map(Entries {
            entries,
            next: first,
            current: None,
            span: self.node.span,
            notes: self.notes,
            optional,
        })
    }
}

impl<'de> Deserializer<'de> for Decoder<'_> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.notes.is_free(self.node.span);
        match &self.node.value {
            Value::Scalar(s) if s.is_binary() => visitor.visit_str(text_of(&bytes_of(s)?)?),
            Value::Scalar(s) => match resolve(s) {
                Meaning::Null => visitor.visit_unit(),
                Meaning::Bool(value) => visitor.visit_bool(value),
                Meaning::Int(_) if scalar::ambiguous(&s.text).is_some() => self.ambiguous(s),
                Meaning::Int(value) if value >= 0 => visitor.visit_u64(value.unsigned_abs()),
                Meaning::Int(value) => visitor.visit_i64(value),
                Meaning::Float(value) => visitor.visit_f64(value),
                Meaning::Text(text) => visitor.visit_str(text),
            },
            Value::Sequence(_) => self.deserialize_seq(visitor),
            Value::Mapping(_) => self.mapping(visitor, 0, &[]),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.node.value {
            Value::Scalar(s) => match scalar::boolean(&s.text) {
                Some(value) => visitor.visit_bool(value),
                None => self.mismatch(&visitor),
            },
            _ => self.mismatch(&visitor),
        }
    }

    integers!(
        deserialize_i8,
        deserialize_i16,
        deserialize_i32,
        deserialize_i64,
        deserialize_i128,
        deserialize_u8,
        deserialize_u16,
        deserialize_u32,
        deserialize_u64,
        deserialize_u128
    );

    texts!(
        deserialize_str,
        deserialize_string,
        deserialize_char,
        deserialize_identifier
    );

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_any(visitor)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.node.value {
            Value::Scalar(s) if resolve(s) == Meaning::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let is_mapping = matches!(self.node.value, Value::Mapping(_));
        if name == Secret::NAME || (name == Secret::UNLESS_MAPPING && !is_mapping) {
            self.notes.add_secret(self.node.span);
        }
        match &self.node.value {
            Value::Scalar(s) if name == AS_WRITTEN && (!s.plain || s.tag == Some(Tag::Str)) => {
                visitor.visit_str(&s.text)
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.node.value {
            Value::Sequence(items) => visitor.visit_seq(Items {
                items,
                next: self.notes.first(self.node.span),
                span: self.node.span,
                notes: self.notes,
            }),
            _ => self.mismatch(&visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.mapping(visitor, self.notes.first(self.node.span), &[])
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.notes.add_fields(fields);
        match &self.node.value {
            Value::Mapping(_) => self.mapping(visitor, 0, fields),
            Value::Scalar(s) if resolve(s) == Meaning::Null => self.mapping(visitor, 0, fields),
            _ => self.is_no_mapping_of("a mapping of `key: value`", fields),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match &self.node.value {
            Value::Scalar(Scalar { text, .. }) => visitor.visit_enum((&***text).into_deserializer()),
            _ => self.is_no("one word"),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_any(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.notes.is_free(self.node.span);
        visitor.visit_unit()
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.node.value {
            Value::Scalar(s) if s.is_binary() => visitor.visit_bytes(&bytes_of(s)?),
            _ => self.deserialize_str(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_bytes(visitor)
    }

    serde::forward_to_deserialize_any! { unit_struct tuple_struct }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::yaml::parse;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq, Default)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        text: Option<String>,
        flag: Option<bool>,
        mode: Option<u32>,
        list: Option<Vec<u8>>,
        word: Option<Word>,
        any: Option<serde_json::Value>,
        inner: Option<Box<Sample>>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "kebab-case")]
    enum Word {
        Yes,
        ProhibitPassword,
    }

    fn read(text: &str) -> Result<Sample, DecodeError> {
        decode(&parse(text, 0).unwrap().root.unwrap())
    }

    #[test]
    fn a_value_is_read_as_its_field_wants_it() {
        let table = [
            (
                "text: no",
                Sample {
                    text: Some("no".into()),
                    ..Sample::default()
                },
            ),
            (
                "text: 0123",
                Sample {
                    text: Some("0123".into()),
                    ..Sample::default()
                },
            ),
            ("text: ~", Sample::default()),
            (
                "text: ''",
                Sample {
                    text: Some(String::new()),
                    ..Sample::default()
                },
            ),
            (
                "flag: On",
                Sample {
                    flag: Some(true),
                    ..Sample::default()
                },
            ),
            (
                "mode: 0x1A4",
                Sample {
                    mode: Some(420),
                    ..Sample::default()
                },
            ),
            (
                "list: [1, 2]",
                Sample {
                    list: Some(vec![1, 2]),
                    ..Sample::default()
                },
            ),
            (
                "word: yes",
                Sample {
                    word: Some(Word::Yes),
                    ..Sample::default()
                },
            ),
            (
                "word: prohibit-password",
                Sample {
                    word: Some(Word::ProhibitPassword),
                    ..Sample::default()
                },
            ),
            (
                "any: {a: [yes, 1, 'x']}",
                Sample {
                    any: Some(serde_json::json!({"a": [true, 1, "x"]})),
                    ..Sample::default()
                },
            ),
        ];
        for (text, expected) in table {
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_key_without_a_value_is_absent() {
        #[derive(Debug, Deserialize, PartialEq, Default)]
        #[serde(deny_unknown_fields, default)]
        struct Optional {
            flag: bool,
            list: Vec<u8>,
            word: Option<Word>,
            text: String,
        }
        for value in ["", "~", "null"] {
            let text = format!("flag: {value}\nlist: {value}\nword: {value}\ntext: {value}\n");
            let node = parse(&text, 0).unwrap().root.unwrap();
            assert_eq!(decode::<Optional>(&node), Ok(Optional::default()), "{value}");
        }
        let node = parse("flagg: ~", 0).unwrap().root.unwrap();
        let error = decode::<Optional>(&node).unwrap_err();
        assert!(matches!(error.kind, DecodeErrorKind::UnknownKey { .. }), "{error}");
    }

    #[test]
    fn binary_is_what_it_encodes() {
        let read = |text: &str| decode::<serde_json::Value>(&parse(text, 0).unwrap().root.unwrap());
        assert_eq!(read("a: !!binary aGVsbG8=").unwrap(), serde_json::json!({"a": "hello"}));
        let text = parse("!!binary aGVs bG8=", 0).unwrap().root.unwrap();
        assert_eq!(decode::<String>(&text).unwrap(), "hello");
        assert_eq!(decode::<crate::vocabulary::Secret>(&text).unwrap().expose(), "hello");
        assert!(read("a: !!binary /w==").is_err());
    }

    #[test]
    fn an_error_says_where_and_never_shows_the_value() {
        let table = [
            (
                "inner: {list: [1, hunter2]}",
                "inner.list.1",
                "expected a whole number from 0 to 255, found a string",
            ),
            (
                "inner: {flag: hunter2}",
                "inner.flag",
                "expected true or false, found a string",
            ),
            (
                "inner: hunter2",
                "inner",
                "expected a mapping of `key: value`, found a string",
            ),
            ("word: hunter2", "word", "expected one of yes, prohibit-password"),
            ("list: hunter2", "list", "expected a list, found a string"),
            (
                "text: !!binary hunter2!",
                "text",
                "`!!binary` is base64, and this is not",
            ),
            ("text: !!binary /w==", "text", "bytes that are not UTF-8 text"),
            ("list: [300]", "list.0", "300"),
            ("mode: -1", "mode", "-1"),
            // YAML means another number by these than they seem to be, quoted or not.
            ("mode: 0644", "mode", "as octal: this is 420"),
            ("mode: '0644'", "mode", "as octal: this is 420"),
            ("mode: 08", "mode", "can't begin with 0"),
            ("mode: 22:22", "mode", "in base 60: this is 1342"),
            ("any: [0644]", "any.0", "as octal: this is 420"),
            ("text: [hunter2]", "text", "expected a string, found a list"),
        ];
        for (text, path, words) in table {
            let error = read(text).unwrap_err();
            assert_eq!(error.path.join("."), path, "{text}");
            assert!(error.to_string().contains(words), "{text}: {error}");
            assert!(!error.to_string().contains("hunter2"), "{text}: {error}");
        }
        let error = read("inner: {flg: 1}").unwrap_err();
        assert_eq!(error.path, ["inner", "flg"]);
        assert!(matches!(error.kind, DecodeErrorKind::UnknownKey { ref known } if known.contains(&"flag".to_owned())));
    }
}
