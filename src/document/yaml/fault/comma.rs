//! Commas that are missing, or are where none can be: people write YAML as they write JSON.

use super::{Code, Words, words};

/// What is wrong with the commas at the end of `before`, where the parser stumbled over `rest`; `quoted`: over something
/// behind a closing quote.
pub fn told(before: &str, rest: &str, quoted: bool) -> Option<Words> {
    let is_open = is_within_brackets(before);
    let rest = rest.trim_start_matches([' ', '\t']);
    let line = rest.lines().next().unwrap_or_default();
    let behind = line.strip_prefix(',').map(|behind| behind.trim_start());
    let of = |what, hint| Some(words(Code::NotYaml, what, hint));
    match behind {
        Some(_) if is_open => of("there is no value before this `,`", "remove it, or write the value"),
        Some("") => of(
            "a `,` stands behind a value that is not within brackets",
            "remove the `,`",
        ),
        Some(comment) if comment.starts_with('#') => told(before, ",", quoted),
        Some(_) => of(
            "values with a `,` between them are not within brackets",
            "write a list as `[a, b]`, or each item on its own line with `- `",
        ),
        None if quoted && is_open && begins_a_value(before, rest) => Some(words(
            Code::Unclosed,
            "a `,` between two values is missing",
            "put a `,` after each value within brackets",
        )),
        None => None,
    }
}

/// Whether another value begins with `rest`: in quotes, or behind a space.
fn begins_a_value(before: &str, rest: &str) -> bool {
    let is_apart =
        before.ends_with(char::is_whitespace) && rest.starts_with(|c: char| c.is_alphanumeric() || "[{".contains(c));
    is_apart || rest.trim_start().starts_with(['"', '\''])
}

/// Whether a bracket is open at the end of a text that is not YAML: as far as its signs tell, from the last line that
/// begins with a key, an item or a bracket in the first column.
fn is_within_brackets(text: &str) -> bool {
    let begins = |line: &str| line.starts_with(|c: char| c.is_alphanumeric() || "[{-_".contains(c));
    let starts = text.rmatch_indices('\n').map(|(at, _)| at + 1).chain([0]);
    let mut lines = starts.filter_map(|start| text.get(start..));
    let mut chars = lines.find(|line| begins(line)).unwrap_or(text).chars().peekable();
    let (mut open, mut quote) = (0_usize, None);
    // Whether a value may begin here: elsewhere a quote or a bracket is a sign like others.
    let (mut begins, mut last) = (true, '\n');
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some('"'), '\\') => _ = chars.next(),
            (Some('\''), '\'') if chars.peek() == Some(&'\'') => _ = chars.next(),
            (Some(ends), c) if c == ends => (quote, begins) = (None, false),
            (Some(_), _) => {}
            (None, '"' | '\'') if begins => quote = Some(c),
            (None, '[' | '{') if begins => open += 1,
            (None, ']' | '}') => (open, begins) = (open.saturating_sub(1), false),
            (None, '#') if last.is_whitespace() => while chars.next_if(|c| *c != '\n').is_some() {},
            (None, ':' | '-' | '?') => {
                let is_json = c == ':' && matches!(last, '"' | '\'');
                begins = is_json || chars.peek().is_none_or(|next| next.is_whitespace());
            }
            (None, ',' | '\n') => begins = open > 0 || c == '\n',
            (None, c) => begins &= c.is_whitespace(),
        }
        last = c;
    }
    open > 0
}

#[cfg(test)]
mod tests {
    use crate::document::yaml::parse;

    #[test]
    fn a_comma_that_is_missing_or_too_many_is_named() {
        for (text, line, column, words) in [
            ("a:\n  b: [\"c\" \"d\"]\n", 2, 11, "`,` between two values is missing"),
            ("a:\n  b: ['c' d]\n", 2, 11, "`,` between two values is missing"),
            (
                "a: {b: [c], \"d\": \"e\" \"f\": []}\n",
                1,
                22,
                "`,` between two values is missing",
            ),
            ("a: {b: [c],, d: e}\n", 1, 12, "no value before this `,`"),
            ("a: [\"b\",, c]\n", 1, 9, "no value before this `,`"),
            ("a: \"b\",\nc: d\n", 1, 7, "not within brackets"),
            ("a: 'b', # comment\nc: d\n", 1, 7, "a `,` stands behind a value"),
            ("a:\n  b: [\"c\"],\nd: e\n", 2, 11, "a `,` stands behind a value"),
            ("a:\n  b: {c: d},\n  d: e\n", 2, 12, "a `,` stands behind a value"),
            ("a:\n  b: \"c\", \"d\"\n", 2, 9, "values with a `,` between them"),
            (
                "{\n  \"a\": \"b\"\n  \"c\": \"d\"\n}\n",
                3,
                3,
                "a `,` or the closing `}` is missing",
            ),
            ("a: \"b\"c\"\n", 1, 7, "something after the closing quote"),
            ("- \"don't\" do\n", 1, 11, "something after the closing quote"),
            ("a: [it's]\nb: 'c' d\n", 2, 8, "something after the closing quote"),
        ] {
            let fault = parse(text, 0).unwrap_err();
            assert!(fault.message.contains(words), "{text}: {}", fault.message);
            assert_eq!(
                (fault.span.line(), fault.span.column()),
                (line, column),
                "{text}: {}",
                fault.message
            );
        }
    }
}
