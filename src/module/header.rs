//! The line at the top of a file that is firstlight's own, where its format has comments.
//!
//! It names the source of the document, not the generation: as long as the content is the same, so is the file.

/// How the line begins.
const START: &str = "# Written by firstlight";

/// The line for a document from `source`: `nocloud /dev/sr0`. Its end is included.
pub fn line(source: &str) -> String {
    // A path may hold anything but a zero byte; the line has to stay one.
    let source: String = source.chars().filter(|c| !c.is_control()).collect();
    let from = if source.is_empty() {
        source
    } else {
        format!(" from {source}")
    };
    format!("{START}{from}; changes are overwritten when the document changes.\n")
}

/// The text after the line; the whole text if it doesn't begin with one.
pub fn without(text: &[u8]) -> &[u8] {
    split(text).map_or(text, |(_, rest)| rest)
}

/// `content` below its line. A line that is there already stays, whatever source it names, where what is below it is the
/// same: another source for the same document is no reason to write a file again.
pub fn with(content: &[u8], source: &str, there: Option<&[u8]>) -> Vec<u8> {
    match there.and_then(split) {
        Some((line, rest)) if rest == content => [line, content].concat(),
        _ => [line(source).as_bytes(), content].concat(),
    }
}

/// The line and what is below it.
fn split(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|b| *b == b'\n')? + 1;
    text.starts_with(START.as_bytes()).then(|| text.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_the_source_and_stays_while_the_content_does() {
        let first = with(b"[Match]\n", "nocloud /dev/sr0", None);
        assert_eq!(
            String::from_utf8_lossy(&first),
            "# Written by firstlight from nocloud /dev/sr0; changes are overwritten when the document changes.\n[Match]\n"
        );
        assert_eq!(with(b"[Match]\n", "file web1.yaml", Some(&first)), first);
        let other = with(b"[Link]\n", "file a\nb", Some(&first));
        assert!(
            other.starts_with(b"# Written by firstlight from file ab; "),
            "{other:?}"
        );
        assert_eq!(with(b"x", "", Some(b"# mine\nx")), [line("").as_bytes(), b"x"].concat());
    }

    #[test]
    fn what_is_below_the_line() {
        assert_eq!(without(&with(b"[Match]\n", "s", None)), b"[Match]\n");
        for text in [&b""[..], b"[Match]\n", b"# mine\n[Match]\n", b"# Written by firstlight"] {
            assert_eq!(without(text), text);
        }
    }
}
