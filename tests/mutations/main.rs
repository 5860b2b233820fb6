//! What the readers of seeds make of inputs with something changed in them: no panic, nothing unbounded, no secret shown.
//!
//! `SOAK=400 cargo test --test mutations` for the long form; without it, a short one. A file for each kind of input:
//! documents, media, platform data.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod documents;
mod media;
mod platform;
#[path = "../support/schema.rs"]
mod schema;

use proptest::prelude::*;

/// The mutants of each test where `SOAK` does not say.
const SHORT: u32 = 64;

/// How many mutants each test makes. `SOAK` counts rounds of the soak test, which are slower.
pub fn config() -> ProptestConfig {
    let rounds: Option<u32> = std::env::var("SOAK").ok().and_then(|text| text.parse().ok());
    ProptestConfig {
        cases: rounds.map_or(SHORT, |rounds| rounds.saturating_mul(10)),
        // Cases that once failed become table tests; nothing is written into the source tree.
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// One change of a text. Places are fractions of its length, so that a case shrinks whatever the text is.
#[derive(Debug, Clone)]
pub enum Mutation {
    /// A byte becomes another one.
    Byte(prop::sample::Index, u8),
    /// Some bytes go.
    Cut(prop::sample::Index, usize),
    /// Everything from there goes.
    Truncate(prop::sample::Index),
    /// Some bytes are there twice.
    Repeat(prop::sample::Index, usize),
    /// Something is written between.
    Insert(prop::sample::Index, &'static str),
    /// A word, a number or a quoted text becomes another one.
    Token(prop::sample::Index, &'static str),
}

/// What takes the place of a token: what means nothing, what means a number, and what means trouble.
const TOKENS: [&str; 24] = [
    "null",
    "\"\"",
    "",
    "\"null\"",
    "\"1450\"",
    "1450.0",
    "-1",
    "99999999999999999999",
    "1e400",
    "true",
    "\"yes\"",
    "[]",
    "{}",
    "[null]",
    "[[[[[[[[]]]]]]]]",
    "\"192.0.2.10/33\"",
    "\"::/0\"",
    "\"0.0.0.0\"",
    "\"\\u0000\\n\"",
    "\"\u{202e}\"",
    "\"a.b.c.\"",
    "\"$6$salt$\"",
    "&amp;&#0;",
    "...\n---",
];

/// Strategy: one change.
pub fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        2 => (at(), any::<u8>()).prop_map(|(at, byte)| Mutation::Byte(at, byte)),
        1 => (at(), 1..40_usize).prop_map(|(at, length)| Mutation::Cut(at, length)),
        1 => at().prop_map(Mutation::Truncate),
        1 => (at(), 1..200_usize).prop_map(|(at, length)| Mutation::Repeat(at, length)),
        1 => (at(), prop::sample::select(&TOKENS[..])).prop_map(|(at, text)| Mutation::Insert(at, text)),
        6 => (at(), prop::sample::select(&TOKENS[..])).prop_map(|(at, text)| Mutation::Token(at, text)),
    ]
}

/// Strategy: a few changes of `text`.
pub fn mutants(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(mutation(), 1..4).prop_map(move |mutations| {
        let mut bytes = text.as_bytes().to_vec();
        mutations.iter().for_each(|mutation| mutate(&mut bytes, mutation));
        bytes
    })
}

fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation) {
    if bytes.is_empty() {
        return;
    }
    let length = bytes.len();
    match mutation {
        Mutation::Byte(at, byte) => bytes[at.index(length)] = *byte,
        Mutation::Cut(at, count) => {
            let at = at.index(length);
            bytes.drain(at..(at + count).min(length));
        }
        Mutation::Truncate(at) => bytes.truncate(at.index(length)),
        Mutation::Repeat(at, count) => {
            let at = at.index(length);
            let again = bytes[at..(at + count).min(length)].to_vec();
            bytes.splice(at..at, again);
        }
        Mutation::Insert(at, text) => _ = bytes.splice(at.index(length)..at.index(length), text.bytes()),
        Mutation::Token(at, text) => {
            let tokens = tokens(bytes);
            if !tokens.is_empty() {
                bytes.splice(tokens[at.index(tokens.len())].clone(), text.bytes());
            }
        }
    }
}

/// Where the words, numbers and quoted texts are.
fn tokens(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let length = match rest[0] {
            b'"' => 2 + rest[1..].iter().position(|byte| *byte == b'"').unwrap_or(rest.len()),
            _ => rest.iter().take_while(|byte| is_of_a_word(**byte)).count(),
        };
        if length > 0 {
            tokens.push(at..(at + length).min(bytes.len()));
        }
        at += length.max(1);
    }
    tokens
}

fn is_of_a_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".:/_-".contains(&byte)
}
