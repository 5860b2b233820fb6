//! One line of a text as it may be shown: what is to blame is, and what is ours; everything else may be a secret.

use std::ops::Range;

use super::redact;
use super::yaml::{Notes, Piece, Span};

/// A line, or the part of a long one that holds what is to blame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The characters that are shown.
    pub line: String,
    /// The bytes of it to mark.
    pub mark: Range<usize>,
    /// Whether it begins within the line of the text.
    pub cut: bool,
}

/// How many bytes of a line are shown.
const WIDTH: usize = 160;

/// How many of them before what is to blame.
const BEFORE: usize = 80;

/// The line of `text` in which `blame` begins. Shown are a key to blame, the key whose value is to blame, keys that `notes`
/// knows to be ours, the value that is `show`, and what YAML itself consists of. `pieces` are those of the text; without
/// them, which is when it is not YAML, only a key at the beginning is shown.
pub fn excerpt(text: &str, blame: Span, pieces: Option<&[Piece]>, notes: &Notes, show: Option<Span>) -> Excerpt {
    let at = floor(text, blame.start());
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    let end = start + text[start..end].trim_end_matches('\r').len();
    let from = match at - start > BEFORE {
        true => floor(text, at - BEFORE),
        false => start,
    };
    let to = floor(text, end.min(from + WIDTH)).max(from);
    let mut writer = Writer {
        text,
        blame: at..blame.end(),
        excerpt: Excerpt {
            cut: from > start,
            ..Excerpt::default()
        },
    };
    match pieces {
        Some(pieces) => writer.pieces(from..to, pieces, notes, (blame, show)),
        None => writer.beginning(from..to, show),
    }
    if to < end {
        writer.excerpt.line.push('…');
    }
    writer.excerpt
}

struct Writer<'a> {
    text: &'a str,
    blame: Range<usize>,
    excerpt: Excerpt,
}

impl Writer<'_> {
    fn pieces(&mut self, window: Range<usize>, pieces: &[Piece], notes: &Notes, (blame, show): (Span, Option<Span>)) {
        // They are in the order of the text, and don't overlap.
        let first = pieces.partition_point(|piece| piece.span.end() <= window.start);
        let blamed = pieces.partition_point(|piece| piece.span.start() < blame.start());
        let leads_to_blame = blamed.checked_sub(1).and_then(|before| pieces.get(before));
        let mut at = window.start;
        for piece in pieces[first..]
            .iter()
            .take_while(|piece| piece.span.start() < window.end)
        {
            let begin = piece.span.start().clamp(at, window.end);
            let end = piece.span.end().clamp(begin, window.end);
            self.gap(at..begin);
            let name = self.text.get(piece.span.bytes()).unwrap_or_default();
            match piece.is_key {
                true => {
                    let is_shown = piece.span == blame
                        || leads_to_blame == Some(piece)
                        || notes.is_field(name.trim_matches(['"', '\'']));
                    self.write(begin..end, |_| is_shown);
                }
                false if show == Some(piece.span) => self.value(begin..end),
                false => self.write(begin..end, |_| false),
            }
            at = end;
        }
        self.gap(at..window.end);
    }

    /// A value that is shown, but for what is a secret in any text: `https://user:PASSWORD@host`.
    fn value(&mut self, range: Range<usize>) {
        let mut at = range.start;
        for secret in redact::secrets(&self.text[range.clone()]) {
            let secret = range.start + secret.start..range.start + secret.end;
            self.write(at..secret.start, |_| true);
            self.write(secret.clone(), |_| false);
            at = secret.end;
        }
        self.write(at..range.end, |_| true);
    }

    /// What is between keys and values: YAML's own signs are shown. Tags, anchors, aliases and comments may be a value
    /// that wasn't quoted, or was commented out.
    fn gap(&mut self, range: Range<usize>) {
        let mut before = self.text[..range.start].chars().next_back();
        let (mut word, mut comment) = (false, false);
        self.write(range, |c| {
            let begins = before.is_none_or(char::is_whitespace);
            before = Some(c);
            let begins_word = !word && matches!(c, '!' | '&' | '*');
            word = begins_word || (word && !c.is_whitespace());
            let is_shown = !comment && (begins_word || (!word && is_yaml(c)));
            comment |= c == '#' && begins && !word;
            is_shown
        });
    }

    /// Of a line that could not be read only a key is shown, and only where it can be nothing else: a word, and a colon.
    /// And what is `show`.
    fn beginning(&mut self, window: Range<usize>, show: Option<Span>) {
        let line = &self.text[window.clone()];
        let indent = line.len() - line.trim_start_matches([' ', '\t', '-']).len();
        let rest = &line[indent..];
        let word = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')));
        let word = word.unwrap_or(rest.len());
        let behind = &rest[word..];
        let is_key = behind == ":" || behind.starts_with(": ") || behind.starts_with(":\t");
        let shown = match (self.excerpt.cut, is_key) {
            (true, _) => 0,
            (false, true) => indent + word + 1,
            (false, false) => indent,
        };
        self.write(window.start..window.start + shown, |_| true);
        let rest = window.start + shown;
        let show = show.map_or(window.end..window.end, |show| {
            let start = show.start().clamp(rest, window.end);
            start..show.end().clamp(start, window.end)
        });
        self.write(rest..show.start, |_| false);
        self.write(show.clone(), |_| true);
        self.write(show.end..window.end, |_| false);
    }

    /// Writes these bytes of the text, with `*` for every character that is not shown: columns stay as they are.
    fn write(&mut self, range: Range<usize>, mut is_shown: impl FnMut(char) -> bool) {
        for (offset, c) in self.text[range.clone()].char_indices() {
            let (line, mark) = (&mut self.excerpt.line, &mut self.excerpt.mark);
            let (at, begin) = (range.start + offset, line.len());
            let is_shown = is_shown(c);
            line.push(if is_shown || c.is_whitespace() { c } else { '*' });
            if at == self.blame.start {
                *mark = begin..line.len();
            } else if self.blame.contains(&at) && mark.start < mark.end {
                mark.end = line.len();
            }
        }
        // Until it is met, what is to blame is behind what was written.
        if self.excerpt.mark.start == self.excerpt.mark.end {
            self.excerpt.mark = self.excerpt.line.len()..self.excerpt.line.len();
        }
    }
}

fn is_yaml(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '{' | '}' | '[' | ']' | ',' | ':' | '-' | '?' | '|' | '>' | '"' | '\'' | '#'
        )
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::yaml::parse;

    /// The excerpt for the `n`th piece of a text.
    fn shown(text: &str, n: usize) -> Excerpt {
        let parsed = parse(text, 0).unwrap();
        let piece = parsed.pieces[n];
        let show = (!piece.is_key).then_some(piece.span);
        excerpt(text, piece.span, Some(&parsed.pieces), &Notes::default(), show)
    }

    #[test]
    fn only_what_is_to_blame_and_yaml_itself_is_shown() {
        let table = [
            ("a: b # c", 1, "a: b # *", 3..4),
            ("a: http://u:hunter2@h", 1, "a: http://u:*******@h", 3..21),
            ("{aa: bb, cc: dd}", 2, "{**: **, cc: **}", 9..11),
            ("{aa: bb, cc: dd}", 3, "{**: **, cc: dd}", 13..15),
            ("a: !!str b", 1, "a: !**** b", 0..0),
            ("a: &bb 'c'", 1, "a: &** 'c'", 0..0),
            ("{a: &bb c, d: *bb }", 2, "{*: &** *, d: *** }", 11..12),
            ("a: [bb, 'c, d', \"e\"]", 2, "*: [**, 'c, d', ***]", 8..14),
            ("wörd: ä, ö", 0, "wörd: ** *", 0..5),
        ];
        for (text, n, line, mark) in table {
            let found = shown(text, n);
            assert_eq!(found.line, line, "{text}");
            assert!(mark.is_empty() || found.mark == mark, "{text}: {found:?}");
        }
    }

    #[test]
    fn a_long_line_is_cut_around_what_is_to_blame() {
        let keys = |from: usize| (from..from + 2000).map(|n| format!("k{n}: b, ")).collect::<String>();
        let text = format!("{{{}key: value, {}}}", keys(0), keys(5000));
        let parsed = parse(&text, 0).unwrap();
        let at = parsed
            .pieces
            .iter()
            .position(|p| text[p.span.start()..].starts_with("key:"))
            .unwrap();
        let found = shown(&text, at);
        assert!(found.cut && found.line.len() <= WIDTH + '…'.len_utf8(), "{found:?}");
        assert_eq!((&found.line[found.mark.clone()], found.mark.start), ("key", BEFORE));
        for text in ["QUJD".repeat(100_000), format!("{}: x: y", "é".repeat(1000))] {
            let blame = Span::new(0, 5001..5001, (1, 1));
            let found = excerpt(&text, blame, None, &Notes::default(), None);
            assert!(
                found.line.len() <= WIDTH + '…'.len_utf8() && !found.line.contains('Q'),
                "{found:?}"
            );
        }
    }
}
