//! What can be put right in a text without a person's judgement.

use super::code::Code;
use super::yaml::{parse, to_json};

/// A part of a text, and what is to take its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What is there.
    pub old: String,
    /// What is to be there.
    pub new: String,
}

impl Fix {
    /// A fix that puts `new` in the place of `old`.
    pub fn new(old: impl Into<String>, new: impl Into<String>) -> Self {
        let (old, new) = (old.into(), new.into());
        Self { old, new }
    }

    /// The text with this done at `line` and `column`, both from 1; `None` where something else is there.
    pub fn done(&self, text: &str, line: usize, column: usize) -> Option<String> {
        let start = match line.checked_sub(1)? {
            0 => text.len() - text.trim_start_matches('\u{feff}').len(),
            before => text.match_indices('\n').nth(before - 1)?.0 + 1,
        };
        let (at, _) = text.get(start..)?.char_indices().nth(column.checked_sub(1)?)?;
        let (before, there) = text.split_at(start + at);
        let behind = there.strip_prefix(&self.old)?;
        Some(format!("{before}{}{behind}", self.new))
    }
}

/// How many spaces a tab may stand for.
const WIDTHS: [usize; 3] = [2, 4, 8];

/// The most lines with tabs, and the most bytes of a text: each line costs a look at all before it.
const LINES_MAX: usize = 300;
const BYTES_MAX: usize = 256 * 1024;

/// The text with spaces where its lines are indented with tabs, and the numbers of these lines. `None` where that doesn't
/// make it YAML, or where it means something else for each width of a tab.
pub fn without_tabs(text: &str) -> Option<(String, Vec<usize>)> {
    if text.len() > BYTES_MAX {
        return None;
    }
    let mut made = WIDTHS.iter().filter_map(|width| with_spaces(text, *width));
    let first = made.next()?;
    let meaning = |text: &str| parse(text, 0).ok().and_then(|parsed| parsed.root.as_ref().map(to_json));
    let is_clear = made.all(|other| meaning(&other.0) == meaning(&first.0));
    is_clear.then_some(first)
}

fn with_spaces(text: &str, width: usize) -> Option<(String, Vec<usize>)> {
    let (mut text, mut lines) = (text.to_owned(), Vec::new());
    for _ in 0..LINES_MAX {
        let fault = match parse(&text, 0) {
            Ok(parsed) => return (parsed.root.is_some() && !lines.is_empty()).then_some((text, lines)),
            Err(fault) if fault.code == Code::Tab => fault,
            Err(_) => return None,
        };
        let start = text
            .get(..fault.span.start())?
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        let rest = text.get(start..)?;
        let indent = rest.get(..rest.len() - rest.trim_start_matches([' ', '\t']).len())?;
        if !indent.contains('\t') {
            return None;
        }
        let spaces = indent.replace('\t', &" ".repeat(width));
        lines.push(fault.span.line());
        text = [text.get(..start)?, &spaces, text.get(start + indent.len()..)?].concat();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fix_is_done_where_the_old_text_is_and_nowhere_else() {
        let fix = Fix::new("old", "newer");
        for (text, line, column, done) in [
            ("a: old\n", 1, 4, Some("a: newer\n")),
            ("\u{feff}old: 1\r\n", 1, 1, Some("\u{feff}newer: 1\r\n")),
            ("x\r\nä: old old", 2, 4, Some("x\r\nä: newer old")),
            ("a: old\n", 1, 3, None),
            ("a: old\n", 2, 1, None),
            ("a: old\n", 3, 1, None),
            ("a: old\n", 0, 0, None),
            ("a: old\n", 1, 99, None),
        ] {
            assert_eq!(fix.done(text, line, column).as_deref(), done, "{text:?}");
        }
    }

    #[test]
    fn tabs_are_spaces_where_that_means_one_thing() {
        for (text, spaces) in [
            ("a:\n\tb: 1\n\tc: 2\n", Some("a:\n  b: 1\n  c: 2\n")),
            ("a:\n\tb:\n\t\tc: 2 # x\ty\n", Some("a:\n  b:\n    c: 2 # x\ty\n")),
            // Only four columns make them siblings.
            ("a:\n    b: 1\n\tc: 2\n", Some("a:\n    b: 1\n    c: 2\n")),
            // Beside `b` or below it?
            ("a:\n  b:\n\tc: 1\n", None),
            // A tab in a text is a part of it.
            ("a: |\n  x\n  \ty\n", None),
            ("a: 1\n", None),
            ("a:\n\tb: [\n", None),
        ] {
            let found = without_tabs(text).map(|(text, _)| text);
            assert_eq!(found.as_deref(), spaces, "{text:?}");
        }
        assert_eq!(without_tabs("a:\n\tb: 1\n\tc: 2\n").unwrap().1, [2, 3]);
        let lines = |count: usize| (0..count).map(|number| format!("\tb{number}: 1\n")).collect::<String>();
        assert!(without_tabs(&format!("a:\n{}", lines(LINES_MAX - 1))).is_some());
        assert_eq!(without_tabs(&format!("a:\n{}", lines(LINES_MAX + 1))), None);
    }
}
