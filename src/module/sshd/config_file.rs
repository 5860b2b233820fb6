//! A file in the syntax of sshd_config(5), line by line, that can be edited without touching another byte.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::sshd::syntax::{Statement, statement, words};
use crate::document::sshd::{Keyword, Shape};

/// A file of sshd's configuration. Its lines together are its bytes.
#[derive(Debug)]
pub struct ConfigFile {
    lines: Vec<Line>,
}

/// A line, its end included.
#[derive(Debug)]
pub struct Line {
    bytes: Vec<u8>,
    /// What the line sets, if anything.
    pub statement: Option<Statement>,
    /// The keyword that it sets under its present name, if it is one of ours.
    pub keyword: Option<&'static Keyword>,
}

/// What changes in a file.
#[derive(Debug, Default)]
pub struct Edits {
    /// New values for lines, by number from 0.
    values: BTreeMap<usize, String>,
    /// Lines that no longer count, by number from 0.
    disabled: BTreeSet<usize>,
    /// New lines, by the number of the line that they come before.
    inserted: BTreeMap<usize, Vec<String>>,
}

impl Edits {
    /// Line `number` gets this value.
    pub fn replace(&mut self, number: usize, value: &str) {
        self.values.insert(number, value.to_owned());
    }

    /// Line `number` becomes a comment.
    pub fn disable(&mut self, number: usize) {
        self.disabled.insert(number);
    }

    /// A new line that sets `keyword` comes before line `number`, after those inserted there before.
    pub fn insert(&mut self, number: usize, keyword: &Keyword, value: &str) {
        let line = format!("{} {value}", keyword.name);
        self.inserted.entry(number).or_default().push(line);
    }
}

impl ConfigFile {
    /// Takes a file apart. sshd ends lines at `\n` alone; a `\r` before it is white space.
    pub fn parse(bytes: &[u8]) -> Self {
        let lines = bytes.split_inclusive(|b| *b == b'\n').map(Line::parse).collect();
        Self { lines }
    }

    /// The lines, in order.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The number of the first `Match` line; if there is none, the number of lines.
    pub fn first_match(&self) -> usize {
        let found = self.lines.iter().position(|line| line.says("match"));
        found.unwrap_or(self.lines.len())
    }

    /// The number of the line before which a first line that sets `keyword` belongs: below the commented default of
    /// `keyword` if the file has one, else at the end; never inside a `Match` block.
    pub fn place_for(&self, keyword: &Keyword) -> usize {
        let end = self.first_match();
        let outside = self.lines.get(..end).unwrap_or_default();
        if let Some(default) = outside.iter().rposition(|line| line.is_commented(keyword)) {
            return default + 1;
        }
        if end == self.lines.len() {
            return end;
        }
        // The comment right above a `Match` line is about that block.
        end - outside.iter().rev().take_while(|line| line.is_comment()).count()
    }

    /// The file with these edits.
    pub fn edited(&self, edits: &Edits) -> Vec<u8> {
        let mut out = Vec::new();
        let crlf = self.lines.first().is_some_and(|line| line.bytes.ends_with(b"\r\n"));
        let end: &[u8] = if crlf { b"\r\n" } else { b"\n" };
        let insert = |out: &mut Vec<u8>, number: usize| {
            for text in edits.inserted.get(&number).into_iter().flatten() {
                // A file without an end of its last line stays one.
                let unfinished = out.last().is_some_and(|b| *b != b'\n');
                if unfinished {
                    out.extend_from_slice(end);
                }
                out.extend_from_slice(text.as_bytes());
                if !unfinished {
                    out.extend_from_slice(end);
                }
            }
        };
        for (number, line) in self.lines.iter().enumerate() {
            insert(&mut out, number);
            if edits.disabled.contains(&number) {
                out.push(b'#');
            }
            match edits.values.get(&number) {
                Some(value) => out.extend_from_slice(&line.with_value(value)),
                None => out.extend_from_slice(&line.bytes),
            }
        }
        insert(&mut out, self.lines.len());
        out
    }
}

impl Line {
    fn parse(bytes: &[u8]) -> Self {
        let statement = statement(bytes);
        let keyword = statement.as_ref().and_then(|s| Keyword::find(&s.keyword));
        Self {
            bytes: bytes.to_vec(),
            statement,
            keyword: keyword.map(Keyword::canonical),
        }
    }

    /// The line as it is, its end included.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether the line's keyword is this one, given in lower case.
    pub fn says(&self, keyword: &str) -> bool {
        let statement = self.statement.as_ref();
        statement.is_some_and(|s| s.keyword.eq_ignore_ascii_case(keyword))
    }

    /// The value as written; empty when the line sets nothing.
    pub fn value(&self) -> String {
        String::from_utf8_lossy(self.bytes.get(self.value_place()).unwrap_or_default()).into_owned()
    }

    /// The line as a person would quote it.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).trim().to_owned()
    }

    fn value_place(&self) -> std::ops::Range<usize> {
        match (&self.statement, self.keyword.map(|k| k.shape)) {
            (Some(statement), Some(Shape::Rest)) => statement.rest.clone(),
            (Some(statement), _) => statement.value.clone(),
            (None, _) => 0..0,
        }
    }

    /// The line with another value; blanks, quotes around one word, and a comment stay.
    fn with_value(&self, value: &str) -> Vec<u8> {
        let place = self.value_place();
        let part = |range: std::ops::Range<usize>| self.bytes.get(range).unwrap_or_default();
        let (before, old) = (part(0..place.start), part(place.clone()));
        let mut line = before.to_vec();
        if old.is_empty() && before.last().is_some_and(|b| !b.is_ascii_whitespace() && *b != b'=') {
            line.push(b' ');
        }
        match self.quote(old).filter(|_| is_plain_word(value)) {
            Some(quote) => {
                line.push(quote);
                line.extend_from_slice(value.as_bytes());
                line.push(quote);
            }
            None => line.extend_from_slice(value.as_bytes()),
        }
        line.extend_from_slice(part(place.end..self.bytes.len()));
        line
    }

    /// The quote around a value of one word.
    fn quote(&self, value: &[u8]) -> Option<u8> {
        let is_rest = self.keyword.is_some_and(|k| k.shape == Shape::Rest);
        match value {
            [open @ (b'"' | b'\''), inner @ .., close] if open == close && !is_rest => {
                let plain = !inner.iter().any(|b| matches!(b, b'"' | b'\'' | b'\\'));
                plain.then_some(*open)
            }
            _ => None,
        }
    }

    fn is_comment(&self) -> bool {
        self.bytes.trim_ascii_start().starts_with(b"#")
    }

    /// Whether this is the default that OpenSSH's own file shows as a comment: `#Port 22`, without a blank.
    fn is_commented(&self, keyword: &Keyword) -> bool {
        let Some(shown) = self.bytes.trim_ascii_start().strip_prefix(b"#") else {
            return false;
        };
        let starts = shown.first().is_some_and(u8::is_ascii_alphabetic);
        starts && statement(shown).is_some_and(|s| s.keyword.eq_ignore_ascii_case(keyword.name))
    }
}

/// Whether the value is one word without quotes and without a backslash.
fn is_plain_word(value: &str) -> bool {
    let one = words(value.as_bytes()).is_ok_and(|w| w.len() == 1);
    one && !value.contains(['"', '\'', '\\', ' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyword(name: &str) -> &'static Keyword {
        Keyword::find(name).unwrap()
    }

    /// The file with the value of its first statement replaced.
    fn replaced(file: &str, value: &str) -> String {
        let parsed = ConfigFile::parse(file.as_bytes());
        let first = parsed.lines().iter().position(|l| l.statement.is_some()).unwrap();
        let mut edits = Edits::default();
        edits.replace(first, value);
        String::from_utf8(parsed.edited(&edits)).unwrap()
    }

    fn inserted(file: &str, name: &str, value: &str) -> String {
        let parsed = ConfigFile::parse(file.as_bytes());
        let mut edits = Edits::default();
        edits.insert(parsed.place_for(keyword(name)), keyword(name), value);
        String::from_utf8(parsed.edited(&edits)).unwrap()
    }

    #[test]
    fn only_the_value_is_replaced() {
        for (before, after) in [
            ("PermitRootLogin no\n", "PermitRootLogin yes\n"),
            ("PermitRootLogin no", "PermitRootLogin yes"),
            (
                "  \tpermitrootlogin\t no \t# why\r\nx\r\n",
                "  \tpermitrootlogin\t yes \t# why\r\nx\r\n",
            ),
            ("PermitRootLogin=no\n", "PermitRootLogin=yes\n"),
            ("PermitRootLogin = \"no\"\n", "PermitRootLogin = \"yes\"\n"),
            ("PermitRootLogin 'no'#\n", "PermitRootLogin yes\n"),
            ("PermitRootLogin \"n\"o\n", "PermitRootLogin yes\n"),
            ("PermitRootLogin\n", "PermitRootLogin yes\n"),
            ("PermitRootLogin \"no\n", "PermitRootLogin yes\n"),
            ("\"PermitRootLogin\"no\n", "\"PermitRootLogin\"yes\n"),
        ] {
            assert_eq!(replaced(before, "yes"), after, "{before:?}");
        }
        assert_eq!(replaced("ForceCommand \"a b\" # c\n", "x"), "ForceCommand x\n");
        assert_eq!(replaced("Banner \"a b\"\n", "\"c d\""), "Banner \"c d\"\n");
        assert_eq!(replaced("AllowUsers \"a\"\n", "c d"), "AllowUsers c d\n");
    }

    #[test]
    fn a_new_line_goes_where_a_person_would_put_it() {
        for (before, after) in [
            ("", "PermitRootLogin yes\n"),
            ("Port 22\n", "Port 22\nPermitRootLogin yes\n"),
            ("Port 22", "Port 22\nPermitRootLogin yes"),
            ("Port 22\r\nx", "Port 22\r\nx\r\nPermitRootLogin yes"),
            (
                "#PermitRootLogin no\nPort 22\n",
                "#PermitRootLogin no\nPermitRootLogin yes\nPort 22\n",
            ),
            (
                "# PermitRootLogin is\nPort 22\n",
                "# PermitRootLogin is\nPort 22\nPermitRootLogin yes\n",
            ),
            (
                "Port 22\n\n# for bob\nMatch User bob\n#PermitRootLogin no\n",
                "Port 22\n\nPermitRootLogin yes\n# for bob\nMatch User bob\n#PermitRootLogin no\n",
            ),
            ("match all\n", "PermitRootLogin yes\nmatch all\n"),
        ] {
            assert_eq!(inserted(before, "PermitRootLogin", "yes"), after, "{before:?}");
        }
    }

    #[test]
    fn several_edits_keep_their_order() {
        let parsed = ConfigFile::parse(b"Port 1\nPort 2\nPort 3");
        let mut edits = Edits::default();
        edits.disable(1);
        edits.replace(0, "4");
        edits.insert(1, keyword("Port"), "5");
        edits.insert(3, keyword("Banner"), "a");
        edits.insert(3, keyword("Port"), "6");
        let edited = String::from_utf8(parsed.edited(&edits)).unwrap();
        assert_eq!(edited, "Port 4\nPort 5\n#Port 2\nPort 3\nBanner a\nPort 6");
    }

    #[test]
    fn bytes_that_are_not_text_stay() {
        let file = b"# caf\xe9\nBanner /\xff\nPort 22\n";
        assert_eq!(ConfigFile::parse(file).edited(&Edits::default()), file);
        assert_eq!(ConfigFile::parse(file).lines()[1].value(), "/\u{fffd}");
    }
}
