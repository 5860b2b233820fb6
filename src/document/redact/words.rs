//! Passwords that are not given as a name and a value.

use std::ops::Range;

/// `curl -u USER:PASSWORD`, and netrc lines: `machine HOST login USER password PASSWORD`.
pub(super) fn secrets(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if split(line).next().is_some_and(|(_, word)| is_netrc(word)) {
        found.extend(netrc(&split(line).collect::<Vec<_>>()));
    }
    if split(line).any(|(_, word)| is_curl(word)) {
        found.extend(curl(&split(line).collect::<Vec<_>>()));
    }
    found
}

fn split(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    line.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '[' | ']' | '`'))
        .map(move |word| {
            let start = at;
            // A separator has one byte, unless it is white space outside ASCII.
            let length = word.len();
            at = start
                + length
                + line
                    .get(start + length..)
                    .and_then(|rest| rest.chars().next())
                    .map_or(0, char::len_utf8);
            (start, word)
        })
        .filter(|(_, word)| !word.is_empty())
}

fn is_curl(word: &str) -> bool {
    matches!(word.rsplit('/').next(), Some("curl" | "wget" | "http" | "https"))
}

fn curl(words: &[(usize, &str)]) -> Vec<Range<usize>> {
    const OPTIONS: [&str; 4] = ["-u", "--user", "--proxy-user", "-U"];
    let mut found = Vec::new();
    for (number, (at, word)) in words.iter().enumerate() {
        let given = if OPTIONS.contains(word) {
            words.get(number + 1).copied()
        } else {
            let attached = OPTIONS.iter().find_map(|option| match option.starts_with("--") {
                true => word.strip_prefix(option)?.strip_prefix('='),
                false => word.strip_prefix(option),
            });
            attached.map(|value| (at + word.len() - value.len(), value))
        };
        if let Some((start, value)) = given
            && let Some(colon) = value.find(':')
        {
            found.push(start + colon + 1..start + value.len());
        }
    }
    found
}

fn is_netrc(word: &str) -> bool {
    matches!(word, "default" | "machine" | "login" | "account" | "password")
}

/// Only if the whole line consists of netrc keywords and values: `password` is an English word too.
fn netrc(words: &[(usize, &str)]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut rest = words.iter();
    while let Some((_, word)) = rest.next() {
        match *word {
            "default" => {}
            "machine" | "login" | "account" => _ = rest.next(),
            "password" => match rest.next() {
                // That is a name and its value.
                Some((_, "=" | ":")) => return Vec::new(),
                value => found.extend(value.map(|(at, word)| *at..at + word.len())),
            },
            _ => return Vec::new(),
        }
    }
    found
}
