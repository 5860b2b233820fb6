//! What the lines around a fault say of it.

use serde_yaml::granit_parser::ErrorKind;

use super::{Code, QUOTE_IT, Words, comma, floor, words};

/// The place of a fault in its text.
pub(super) struct Place<'a> {
    /// The whole text.
    pub text: &'a str,
    /// The byte where the fault is.
    pub at: usize,
}

impl<'a> Place<'a> {
    /// Where its line begins.
    pub fn line_start(&self) -> usize {
        let before = &self.text[..floor(self.text, self.at)];
        before.rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// Its line.
    pub fn line(&self) -> &'a str {
        self.text[self.line_start()..].lines().next().unwrap_or_default()
    }

    /// Where the line is indented with a tab, or `below` it the first that is: a value over several lines is blamed where
    /// it begins.
    pub fn tab(&self, below: bool) -> Option<usize> {
        let mut start = self.line_start();
        for line in self.text.get(start..)?.split_inclusive('\n') {
            let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
            if let Some(tab) = line.get(..indent)?.find('\t') {
                return Some(start + tab);
            }
            start += line.len();
            if !below {
                break;
            }
        }
        None
    }

    /// What is wrong with a comma here, if something is.
    pub fn comma(&self, kind: &ErrorKind) -> Option<Words> {
        // What begins with it needs quotes, and says so.
        if matches!(kind, ErrorKind::UnexpectedCharacter { .. }) {
            return None;
        }
        let (before, rest) = self.text.split_at_checked(floor(self.text, self.at))?;
        let is_behind_a_quote = matches!(
            kind,
            ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar
        );
        comma::told(before, rest, is_behind_a_quote)
    }

    /// The line before, and where it begins.
    pub fn line_above(&self) -> Option<(usize, &'a str)> {
        let start = self.text[..floor(self.text, self.at)].rfind('\n')?;
        let before = &self.text[..start];
        let above = before.rfind('\n').map_or(0, |newline| newline + 1);
        Some((above, before[above..].trim_end_matches('\r')))
    }

    /// A line where a key was expected, and no colon makes it one.
    pub fn without_colon(&self) -> Words {
        let above = self.line_above().map_or("", |(_, line)| line.trim_end());
        let introduces = |sign: char| above.trim_end_matches(['-', '+']).ends_with(&format!(": {sign}"));
        let not_indented = |hint| {
            let what = "this line isn't indented below the key that it belongs to";
            (Code::WrongIndentation, Some(what.to_owned()), Some(hint))
        };
        if introduces('|') || introduces('>') {
            return not_indented("indent each line of the text further than the key above it");
        }
        // A word alone is an item or a value, rather than a key.
        if above.ends_with(':') && !self.line().trim().contains(' ') {
            return not_indented("indent it further than the key above; an item of a list begins with `- `");
        }
        let begins = |sign: &&&str| self.line().trim_start().starts_with(**sign);
        if ["//", "/*", "--", ";"].iter().find(begins).is_some() {
            return words(
                Code::MissingColon,
                "this line isn't `key: value`, and not a comment either",
                "begin a comment with `#`",
            );
        }
        match is_glued(self.line().trim_start_matches([' ', '-'])) {
            true => without_space(),
            false => (
                Code::MissingColon,
                Some("this line isn't `key: value`".to_owned()),
                Some("put a colon and a space after the key; for a text of several lines, begin it with `|`"),
            ),
        }
    }

    /// A colon where no key can be: within a value, or on a line that is indented too far.
    pub fn one_colon_too_many(&self) -> Words {
        match self.line().matches(": ").count() > 1 || self.line().contains(": - ") {
            true => (
                Code::Unquoted,
                Some("a value with `: ` in it looks like another key".to_owned()),
                Some(QUOTE_IT),
            ),
            false => (
                Code::WrongIndentation,
                Some("this line is indented further than the line before it, which has a value already".to_owned()),
                Some("begin both in the same column"),
            ),
        }
    }
}

/// Whether a line is `key:value`, without the space that makes it a mapping.
pub(super) fn is_glued(line: &str) -> bool {
    let word = line.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')));
    word.is_some_and(|end| end > 0 && line[end..].starts_with(':'))
}

/// The word is not shown: nobody knows that it is a key.
pub(super) fn without_space() -> Words {
    (
        Code::MissingColon,
        Some("there is no space after the colon".to_owned()),
        Some("write `key: value`, with a space after the colon"),
    )
}
