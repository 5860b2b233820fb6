//! What is wrong with a value: never the value itself, which may be a secret. Who explains it puts in what may be shown.

use super::super::advice::nearest;
use super::super::code::Code;

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// It is of another kind.
    Type {
        /// What is expected, in words.
        expected: String,
        /// The kind of value that is there.
        found: &'static str,
        /// The keys that it has where it is a mapping, if they are known.
        keys: &'static [&'static str],
    },
    /// It is a number beyond what is expected.
    Range {
        /// What is expected, in words.
        expected: String,
        /// The number that is there.
        found: String,
    },
    /// It is none of these words.
    Word(Vec<String>),
    /// This key of it is missing.
    Missing(&'static str),
    /// It is a number that means another one in YAML than it seems to.
    Number(Ambiguous),
    /// Something else, in a sentence.
    Other(String),
}

/// Numbers that YAML 1.1 has and nobody expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ambiguous {
    /// One that begins with 0, and what it is; `None` where it has a digit that an octal number can't have.
    Octal(Option<i64>),
    /// One with colons.
    Sexagesimal(i64),
}

/// How many keys of a mapping a hint shows.
const KEYS_SHOWN: usize = 4;

/// Words for yes and no.
const YES_NO: [&str; 6] = ["true", "false", "yes", "no", "on", "off"];

impl Wrong {
    /// The kind of mistake.
    pub fn code(&self) -> Code {
        match self {
            Self::Type { .. } => Code::WrongType,
            Self::Range { .. } => Code::OutOfRange,
            Self::Word(_) => Code::UnknownWord,
            Self::Missing(_) => Code::MissingKey,
            Self::Number(_) => Code::AmbiguousNumber,
            Self::Other(sentence) if sentence.starts_with("expected a number from ") => Code::OutOfRange,
            Self::Other(sentence) if sentence.starts_with("expected ") => Code::UnknownWord,
            Self::Other(_) => Code::InvalidValue,
        }
    }

    /// What is wrong, in a sentence without a full stop. `found` is what is there, where it may be shown.
    pub fn in_words(&self, found: Option<&str>) -> String {
        match self {
            Self::Type {
                expected, found: kind, ..
            } => format!("expected {expected}, found {}", found.unwrap_or(kind)),
            Self::Range {
                expected,
                found: number,
            } => {
                format!("expected {expected}, found {}", found.unwrap_or(number))
            }
            Self::Word(words) => with_found(format!("expected one of {}", words.join(", ")), found),
            Self::Missing(key) => format!("the key `{key}` is missing"),
            Self::Number(Ambiguous::Octal(Some(meaning))) => {
                format!("YAML reads a number that begins with 0 as octal: this is {meaning}")
            }
            Self::Number(Ambiguous::Octal(None)) => "a number can't begin with 0".to_owned(),
            Self::Number(Ambiguous::Sexagesimal(meaning)) => {
                format!("YAML reads a number with a colon in base 60: this is {meaning}")
            }
            Self::Other(sentence) if sentence.starts_with("expected ") && !sentence.contains(", found ") => {
                with_found(sentence.clone(), found)
            }
            Self::Other(sentence) => sentence.clone(),
        }
    }

    /// What to do about it. `text` is what is there, where it may be shown.
    pub fn hint(&self, text: Option<&str>) -> Option<String> {
        let meant = |words: &[String]| nearest(text?, words).map(|near| format!("did you mean `{near}`?"));
        match self {
            Self::Type { expected, found, keys } => {
                meant(&words_of(expected)).or_else(|| other_kind(expected, found, keys))
            }
            Self::Word(words) => meant(words),
            Self::Other(sentence) => meant(&words_of(sentence.strip_prefix("expected ")?)),
            Self::Number(Ambiguous::Octal(meaning)) => {
                let plain = text
                    .map(|text| text.trim_start_matches('0'))
                    .filter(|text| !text.is_empty());
                match (plain, meaning) {
                    (Some(plain), Some(meaning)) => Some(format!("write {plain}, or {meaning} if that is meant")),
                    (Some(plain), None) => Some(format!("write {plain}")),
                    (None, _) => Some("write it without the 0".to_owned()),
                }
            }
            Self::Number(Ambiguous::Sexagesimal(meaning)) => Some(format!("write {meaning} if that is meant")),
            Self::Range { .. } | Self::Missing(_) => None,
        }
    }
}

impl From<String> for Wrong {
    fn from(sentence: String) -> Self {
        Self::Other(sentence)
    }
}

fn with_found(expected: String, found: Option<&str>) -> String {
    match found {
        Some(found) => format!("{expected}, found {found}"),
        None => expected,
    }
}

/// The single words of `true, false or localhost`: a typo may be of one of them.
fn words_of(expected: &str) -> Vec<String> {
    let words = expected.split(", ").flat_map(|part| part.split(" or "));
    let words = words.map(|word| word.trim_start_matches("one of ").trim_matches('`'));
    let mut words: Vec<&str> = words.filter(|word| !word.contains(' ')).collect();
    // Where one of them is known, all are.
    if words.iter().any(|word| YES_NO.contains(word)) {
        words.extend(YES_NO);
    }
    words.into_iter().map(str::to_owned).collect()
}

/// How a value is written that is of the kind that is expected.
fn other_kind(expected: &str, found: &str, keys: &[&str]) -> Option<String> {
    let mapping = expected.contains("mapping");
    let text = expected.contains("text") || expected.contains("string");
    if mapping {
        let how = match found {
            "a list" => ", without `-` or brackets",
            _ => ", indented",
        };
        let shown: Vec<String> = keys.iter().take(KEYS_SHOWN).map(|key| format!("`{key}`")).collect();
        let more = if keys.len() > KEYS_SHOWN { ", …" } else { "" };
        return Some(match shown.as_slice() {
            [] => format!("write `key: value` on the lines below{how}"),
            shown => format!("write its keys on the lines below{how}: {}{more}", shown.join(", ")),
        });
    }
    let hint = match found {
        "a mapping" if expected.contains("list") => "begin each item on its own line with `- `",
        _ if expected.starts_with("a list") => {
            "write it as a list: in brackets, or each item on its own line with `- `"
        }
        "a number" | "true or false" if text => "put quotes around it",
        "a list" | "a mapping" if text => "write a single value after the colon",
        _ => return None,
    };
    Some(hint.to_owned())
}
