//! Why a value can't be decoded, in words that never quote it.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::super::wrong::Wrong;

/// Why a value is not what is wanted there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// The keys that lead to the value, outermost first; sequence items by their number.
    pub path: Vec<String>,
    /// What is wrong. Never the value itself: it may be a secret.
    pub kind: DecodeErrorKind,
}

/// The kinds of [`DecodeError`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeErrorKind {
    /// The last key of the path is not one of those known there.
    UnknownKey {
        /// The keys known there.
        known: Vec<String>,
    },
    /// The last key of the path is wrong itself.
    Key(String),
    /// The value is wrong.
    Value(Wrong),
}

impl DecodeError {
    pub(super) fn value(wrong: Wrong) -> Self {
        Self {
            path: Vec::new(),
            kind: DecodeErrorKind::Value(wrong),
        }
    }

    pub(super) fn below(mut self, key: impl Into<String>) -> Self {
        self.path.insert(0, key.into());
        self
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            DecodeErrorKind::UnknownKey { .. } => write!(f, "unknown key at {}", self.path.join(".")),
            DecodeErrorKind::Key(message) => write!(f, "{message} at {}", self.path.join(".")),
            DecodeErrorKind::Value(wrong) => write!(f, "{} at {}", wrong.in_words(None), self.path.join(".")),
        }
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::value(Wrong::Other(message.to_string()))
    }

    // serde's own wording quotes the value it met: these say only what kind it is.
    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::value(Wrong::Type {
            expected: in_words(expected),
            found: kind_of(&unexpected),
            keys: &[],
        })
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = in_words(expected);
        let found = match unexpected {
            Unexpected::Unsigned(number) => number.to_string(),
            Unexpected::Signed(number) => number.to_string(),
            other => {
                return Self::value(Wrong::Type {
                    expected,
                    found: kind_of(&other),
                    keys: &[],
                });
            }
        };
        Self::value(Wrong::Range { expected, found })
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let known = expected.iter().map(ToString::to_string).collect();
        Self {
            path: vec![field.to_owned()],
            kind: DecodeErrorKind::UnknownKey { known },
        }
    }

    fn unknown_variant(_variant: &str, expected: &'static [&'static str]) -> Self {
        Self::value(Wrong::Word(expected.iter().map(ToString::to_string).collect()))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::value(Wrong::Missing(field))
    }
}

/// What is expected, where serde calls it by the name of a type.
pub(super) fn in_words(expected: &dyn Expected) -> String {
    let number = |most: u64| format!("a whole number from 0 to {most}");
    match expected.to_string().as_str() {
        "u8" => number(u8::MAX.into()),
        "u16" => number(u16::MAX.into()),
        "u32" => number(u32::MAX.into()),
        "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a mapping of `key: value`".to_owned(),
        other => other.to_owned(),
    }
}

fn kind_of(unexpected: &Unexpected<'_>) -> &'static str {
    match unexpected {
        Unexpected::Bool(_) => "true or false",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Seq => "a list",
        Unexpected::Map => "a mapping",
        Unexpected::Unit | Unexpected::Option => "nothing",
        _ => "a string",
    }
}
