//! A line of tmpfiles.d(5).

use serde::Deserialize;

use crate::vocabulary::Secret;

/// The letters of all types.
const TYPES: &str = "fFwdDevqQpLcbCxXrRzZmtThHaA";

/// What may follow the letter.
const SIGNS: &str = "+!-=~^$?";

/// The types that mean nothing without an argument.
const WITH_ARGUMENT: &str = "wtTaAhH";

/// `TYPE PATH MODE USER GROUP AGE ARGUMENT`, as tmpfiles.d(5) has it. It is a secret, as the argument is what a file
/// contains.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Secret")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "Secret", extend("pattern" = r#"^\s*"?[fFwdDevqQpLcbCxXrRzZmtThHaA][-+!=~^$?]*"?\s+"?[/%][^\u0000-\u0008\u000a-\u001f]*$"#, "examples" = ["d /srv/app 0750 root root -"])))]
pub struct TmpfilesLine {
    text: Secret,
    letter: char,
    path: String,
    is_secret: bool,
}

impl TmpfilesLine {
    /// The line, without an end.
    pub fn text(&self) -> &str {
        self.text.expose()
    }

    /// The letter of its type.
    pub fn letter(&self) -> char {
        self.letter
    }

    /// The path, specifiers and all.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it is for the time of booting alone.
    pub fn is_for_boot(&self) -> bool {
        let kind = self.text().split_whitespace().next().unwrap_or_default();
        kind.contains('!')
    }

    /// Whether it writes a content that only its owner may read.
    pub fn is_secret(&self) -> bool {
        self.is_secret
    }
}

impl TryFrom<Secret> for TmpfilesLine {
    type Error = String;

    fn try_from(line: Secret) -> Result<Self, String> {
        read(line.expose().trim()).map_err(|why| format!("this is not a line of tmpfiles.d(5): {why}"))
    }
}

/// Reads a line; or why it is none, without any part of it but its type.
fn read(text: &str) -> Result<TmpfilesLine, String> {
    if text.contains(['\n', '\r']) {
        return Err("write each line as an item of its own".to_owned());
    }
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.starts_with('#') {
        return Err("it is a comment; put it in front of the item".to_owned());
    }
    if let Some(bad) = text.chars().find(|c| c.is_control() && *c != '\t') {
        return Err(format!("it contains the control character {}", bad.escape_unicode()));
    }
    let words = words(text).ok_or("a quote in it isn't closed")?;
    let field = |number: usize| {
        let word = words.get(number).map_or("", String::as_str);
        Some(word).filter(|word| !matches!(*word, "" | "-"))
    };
    let (letter, signs) = kind(field(0).unwrap_or_default())?;
    let path = field(1).ok_or("it has no path")?;
    if !path.starts_with(['/', '%']) {
        return Err("its path is not absolute".to_owned());
    }
    if path.split('/').any(|name| name == "..") {
        return Err("its path contains `..`".to_owned());
    }
    let mode = field(2).map(|mode| octal(mode).ok_or("its mode is not octal"));
    let mode = mode.transpose()?;
    let argument = field(6);
    if WITH_ARGUMENT.contains(letter) && argument.is_none() {
        return Err(format!("the type `{letter}` needs an argument, the seventh word"));
    }
    if matches!(letter, 'c' | 'b') && !argument.is_some_and(is_device) {
        return Err(format!("the type `{letter}` needs MAJOR:MINOR, the seventh word"));
    }
    let is_content = matches!(letter, 'f' | 'F') && !signs.contains('^') && argument.is_some();
    Ok(TmpfilesLine {
        is_secret: is_content && mode.is_some_and(|mode| mode & 0o044 == 0),
        path: path.to_owned(),
        letter,
        text: Secret::new(text),
    })
}

/// The letter and the signs of a type.
fn kind(word: &str) -> Result<(char, &str), String> {
    let mut chars = word.chars();
    let letter = chars.next().ok_or("it has no type")?;
    let signs = chars.as_str();
    if signs.chars().filter(|sign| sign.is_alphanumeric()).count() > 1 {
        return Err("its type has one letter".to_owned());
    }
    if !TYPES.contains(letter) {
        return Err(format!("`{}` is not a type", letter.escape_debug()));
    }
    for (at, sign) in signs.char_indices() {
        let shown = sign.escape_debug();
        if !SIGNS.contains(sign) {
            return Err(format!("`{shown}` in its type is not one of `{SIGNS}`"));
        }
        if signs.get(..at).is_some_and(|before| before.contains(sign)) {
            return Err(format!("`{shown}` is twice in its type"));
        }
    }
    Ok((letter, signs))
}

/// The permission bits, without what says how they are meant.
fn octal(mode: &str) -> Option<u32> {
    let digits = mode.trim_start_matches([':', '~']);
    let bits = u32::from_str_radix(digits, 8).ok()?;
    (digits.bytes().all(|digit| digit.is_ascii_digit()) && bits <= 0o7777).then_some(bits)
}

fn is_device(argument: &str) -> bool {
    let numbers = argument.split_once(':');
    numbers.is_some_and(|(major, minor)| major.parse::<u32>().is_ok() && minor.parse::<u32>().is_ok())
}

/// The first six words, as systemd splits them, and the rest; `None` where a quote isn't closed.
fn words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = text;
    while words.len() < 6 && !rest.is_empty() {
        let mut word = String::new();
        let mut quote = None;
        let mut end = rest.len();
        let mut chars = rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match (c, quote) {
                ('\\', _) => word.extend(chars.next().map(|(_, escaped)| escaped)),
                (c, Some(open)) if c == open => quote = None,
                ('"' | '\'', None) => quote = Some(c),
                (c, None) if c.is_ascii_whitespace() => {
                    end = at;
                    break;
                }
                (c, _) => word.push(c),
            }
        }
        if quote.is_some() {
            return None;
        }
        words.push(word);
        rest = rest.get(end..).unwrap_or_default().trim_start();
    }
    if !rest.is_empty() {
        words.push(rest.to_owned());
    }
    Some(words)
}
