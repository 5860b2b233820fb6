//! Words that say yes or no, for those who have no booleans: platforms, wizards, files of `KEY = VALUE`.

/// Whether a word says yes or no; `None` where it says neither.
pub fn flag(word: &str) -> Option<bool> {
    match word.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_and_no() {
        for (word, expected) in [
            ("true", Some(true)),
            ("True", Some(true)),
            (" YES ", Some(true)),
            ("1", Some(true)),
            ("on", Some(true)),
            ("false", Some(false)),
            ("No", Some(false)),
            ("0", Some(false)),
            ("off", Some(false)),
            ("treu", None),
            ("", None),
        ] {
            assert_eq!(flag(word), expected, "{word}");
        }
    }
}
