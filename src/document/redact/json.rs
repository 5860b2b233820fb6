//! In JSON, everything under a secret's name is a secret, including nested keys.

use super::{closing_quote, line_secrets, names_a_secret, shifted};
use std::ops::Range;

/// An open object or array, and whether it is under a secret's name.
struct Open {
    mapping: bool,
    secret: bool,
}

/// The secrets of a text that is JSON.
pub(super) fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    // Whether the next string is a key, and whether the next value is a secret.
    let (mut key_next, mut secret) = (false, false);
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let begin = at;
        at += c.len_utf8();
        match c {
            '{' | '[' => {
                open.push(Open {
                    mapping: c == '{',
                    secret,
                });
                key_next = c == '{';
            }
            '}' | ']' => {
                open.pop();
                secret = open.last().is_some_and(|around| around.secret);
            }
            ',' => {
                secret = open.last().is_some_and(|around| around.secret);
                key_next = open.last().is_some_and(|around| around.mapping);
            }
            '"' => {
                let inner = text.get(at..).unwrap_or_default();
                let length = closing_quote(inner, '"').unwrap_or(inner.len());
                let content = inner.get(..length).unwrap_or_default();
                if secret {
                    found.push(at..at + length);
                } else {
                    found.extend(shifted(line_secrets(content), at));
                    found.extend(shifted(super::pem::private_keys(content), at));
                }
                secret = secret || (key_next && names_a_secret(content));
                key_next = false;
                at += length + 1;
            }
            '-' | '0'..='9' => {
                let rest = text.get(begin..).unwrap_or_default();
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')));
                at = begin + end.unwrap_or(rest.len());
                if secret {
                    found.push(begin..at);
                }
            }
            _ => {}
        }
    }
    found
}
