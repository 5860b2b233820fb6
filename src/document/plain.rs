//! Foreign text on a terminal.

/// Text of a document or a machine on one line of a terminal: what would steer the terminal, end the line, or turn the
/// order of the letters around (Unicode UAX #9) is written as an escape. A tab stays.
pub fn plain(text: &str) -> String {
    let steers = |c: char| {
        (c.is_control() && c != '\t')
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The first so many characters of a text, and a sign where that is not all of it.
pub fn beginning(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        let table = [
            ("/etc/a\x1b[2J\nc", "/etc/a\\u{1b}[2J\\nc"),
            ("a\u{202e}gnp.exe\u{2066}", "a\\u{202e}gnp.exe\\u{2066}"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("tab\tand ümlaut \u{1f600}", "tab\tand ümlaut \u{1f600}"),
        ];
        for (text, shown) in table {
            assert_eq!(plain(text), shown);
        }
    }
}
