//! The syntax of a line of sshd_config(5), as `servconf.c` and `argv_split` of OpenSSH take it apart.
//!
//! Works on bytes and reports places, so that a value can be replaced and every other byte kept.

use std::ops::Range;

/// What sshd takes for white space between words; a form feed only at the end of a line.
const BLANK: &[u8] = b" \t\r\n";

/// A line that sets something: a keyword and what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The keyword as written, without quotes.
    pub keyword: String,
    /// The words after the keyword, without quotes; one word as written if a quote is not closed.
    pub words: Vec<String>,
    /// Where the value is in the line: from the first word to the end of the last, quotes included.
    pub value: Range<usize>,
    /// The same for a keyword whose value goes to the end of the line, a comment included.
    pub rest: Range<usize>,
}

/// A word and its place, including quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Without quotes.
    pub text: String,
    /// Its place in what was split.
    pub place: Range<usize>,
}

/// A quote that is opened is not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a quote is not closed")]
pub struct UnclosedQuote;

/// What the line sets; `None` for an empty line and for a comment.
pub fn statement(line: &[u8]) -> Option<Statement> {
    let end = line.len() - line.iter().rev().take_while(|b| is_blank(**b) || **b == 0x0c).count();
    let start = blanks(line, 0).min(end);
    let text = line.get(..end)?;
    let (mut keyword, mut at) = first_token(text, start)?;
    if keyword.is_empty() {
        (keyword, at) = first_token(text, at)?;
    }
    if keyword.is_empty() || keyword.first() == Some(&b'#') {
        return None;
    }
    let after = text.get(at..).unwrap_or_default();
    let (words, value) = match words(after) {
        Ok(words) => {
            let first = words.first().map_or(0, |w| w.place.start);
            let last = words.last().map_or(first, |w| w.place.end);
            (words.into_iter().map(|w| w.text).collect(), at + first..at + last)
        }
        Err(UnclosedQuote) => (vec![String::from_utf8_lossy(after).into_owned()], at..end),
    };
    Some(Statement {
        keyword: String::from_utf8_lossy(&keyword).into_owned(),
        words,
        value,
        rest: at..end,
    })
}

/// The words of a value, up to a comment.
///
/// # Errors
/// A quote is not closed.
pub fn words(value: &[u8]) -> Result<Vec<Word>, UnclosedQuote> {
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        while value.get(at).is_some_and(|b| matches!(b, b' ' | b'\t')) {
            at += 1;
        }
        match value.get(at) {
            None | Some(b'#') => return Ok(found),
            Some(_) => {
                let word = word(value, at)?;
                at = word.place.end;
                found.push(word);
            }
        }
    }
}

/// The word that starts at `start`.
fn word(value: &[u8], start: usize) -> Result<Word, UnclosedQuote> {
    let mut text = Vec::new();
    let mut quote = None;
    let mut at = start;
    while let Some(&byte) = value.get(at) {
        match (byte, quote) {
            (b'\\', _) => {
                let next = value.get(at + 1).copied();
                let escaped = matches!(next, Some(b'\'' | b'"' | b'\\')) || (quote.is_none() && next == Some(b' '));
                if escaped {
                    at += 1;
                }
                text.push(if escaped { next.unwrap_or(byte) } else { byte });
            }
            (b' ' | b'\t', None) => break,
            (b'"' | b'\'', None) => quote = Some(byte),
            (_, Some(open)) if open == byte => quote = None,
            _ => text.push(byte),
        }
        at += 1;
    }
    match quote {
        Some(_) => Err(UnclosedQuote),
        None => Ok(Word {
            text: String::from_utf8_lossy(&text).into_owned(),
            place: start..at,
        }),
    }
}

/// `strdelim` of OpenSSH: the token at `start`, which ends at a blank, an `=` or a closing quote, and where the next
/// one begins. `None` where a quote is not closed.
fn first_token(text: &[u8], start: usize) -> Option<(Vec<u8>, usize)> {
    let rest = text.get(start..)?;
    let Some(length) = rest.iter().position(|b| is_blank(*b) || matches!(b, b'"' | b'=')) else {
        return Some((rest.to_vec(), text.len()));
    };
    let mut token = rest.get(..length)?.to_vec();
    let delimiter = start + length;
    if text.get(delimiter) == Some(&b'"') {
        let quoted = text.get(delimiter + 1..)?;
        let length = quoted.iter().position(|b| *b == b'"')?;
        token.extend_from_slice(quoted.get(..length)?);
        return Some((token, blanks(text, delimiter + 1 + length + 1)));
    }
    let mut next = blanks(text, delimiter + 1);
    // Only one `=` is part of the delimiter.
    if text.get(delimiter) != Some(&b'=') && text.get(next) == Some(&b'=') {
        next = blanks(text, next + 1);
    }
    Some((token, next))
}

fn is_blank(byte: u8) -> bool {
    BLANK.contains(&byte)
}

/// The first place from `start` on that is not blank.
fn blanks(text: &[u8], start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    start.min(text.len()) + rest.iter().take_while(|b| is_blank(**b)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What sshd 9.2 made of these lines (`sshd -T -f`).
    #[test]
    fn lines_as_sshd_reads_them() {
        for (line, keyword, value) in [
            ("PermitRootLogin yes", "PermitRootLogin", "yes"),
            ("  \tPermitRootLogin\tyes\r\n", "PermitRootLogin", "yes"),
            ("PermitRootLogin = yes", "PermitRootLogin", "yes"),
            ("PermitRootLogin=yes # why", "PermitRootLogin", "yes"),
            ("PermitRootLogin == yes", "PermitRootLogin", "= yes"),
            ("=PermitRootLogin yes", "PermitRootLogin", "yes"),
            ("=\"PermitRootLogin\" yes", "PermitRootLogin", "yes"),
            ("\"PermitRootLogin\"yes", "PermitRootLogin", "yes"),
            ("Permit\"RootLogin\" yes", "PermitRootLogin", "yes"),
            ("PermitRootLogin 'yes'", "PermitRootLogin", "'yes'"),
            ("PermitRootLogin yes#c", "PermitRootLogin", "yes#c"),
            ("PermitRootLogin yes \u{c}", "PermitRootLogin", "yes"),
            ("PermitRootLogin\u{c}yes", "PermitRootLogin\u{c}yes", ""),
            ("Banner a\\ b", "Banner", "a\\ b"),
            ("AllowUsers a  b\t", "AllowUsers", "a  b"),
            ("Banner \"a", "Banner", "\"a"),
            ("Port", "Port", ""),
        ] {
            let found = statement(line.as_bytes()).unwrap_or_else(|| panic!("{line:?} is a statement"));
            assert_eq!(
                (found.keyword.as_str(), &line[found.value.clone()]),
                (keyword, value),
                "{line:?}"
            );
        }
        for line in [
            "",
            "  ",
            "\r\n",
            "#PermitRootLogin yes",
            "\t # x",
            "\"PermitRootLogin yes",
            "=",
            "= =",
        ] {
            assert_eq!(statement(line.as_bytes()), None, "{line:?}");
        }
    }

    #[test]
    fn words_lose_their_quotes_and_stop_at_a_comment() {
        let split =
            |text: &str| -> Vec<String> { words(text.as_bytes()).unwrap().into_iter().map(|w| w.text).collect() };
        assert_eq!(split("\"a b\" 'c' d\\ e # f"), ["a b", "c", "d e"]);
        assert_eq!(split("a#b \"\" \\x \"\\\"\""), ["a#b", "", "\\x", "\""]);
        assert_eq!(split(" # only a comment"), Vec::<String>::new());
        assert_eq!(words(b"a 'b"), Err(UnclosedQuote));
    }

    #[test]
    fn the_rest_of_a_line_holds_its_comment() {
        let line = "ForceCommand \"a b\" # c \r";
        let found = statement(line.as_bytes()).unwrap();
        assert_eq!(&line[found.rest], "\"a b\" # c");
    }
}
