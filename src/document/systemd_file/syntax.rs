//! The lines of a file, systemd.syntax(7).

/// A line of a file, those joined that end in a backslash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The number of the first line in the text that it is made of, from 1.
    pub number: usize,
    /// What it is.
    pub what: What,
}

/// What a line is. Comments and empty lines don't count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// `[Name]`: the section that the next lines are in.
    Section(String),
    /// `Key=value`.
    Assignment {
        /// The key.
        key: String,
        /// The value, continued lines joined by a space.
        value: String,
    },
    /// A section's line without its `]`: systemd reads nothing of the file.
    BrokenSection,
    /// Anything else, which systemd passes over.
    Nothing,
}

/// The lines of a file, as systemd reads them.
pub fn lines(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let (mut begun, mut first) = (String::new(), None);
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        // A comment in between does not end a line that goes on.
        if line.starts_with(['#', ';']) {
            continue;
        }
        let number = *first.get_or_insert(number + 1);
        if let Some(part) = line.strip_suffix('\\') {
            begun.push_str(part);
            begun.push(' ');
        } else {
            begun.push_str(line);
            lines.extend(line_of(number, &begun));
            begun.clear();
            first = None;
        }
    }
    lines.extend(first.and_then(|number| line_of(number, &begun)));
    lines
}

fn line_of(number: usize, text: &str) -> Option<Line> {
    let text = text.trim();
    let what = match (text.strip_prefix('['), text.split_once('=')) {
        _ if text.is_empty() => return None,
        (Some(rest), _) => match rest.strip_suffix(']') {
            Some(name) => What::Section(name.to_owned()),
            None => What::BrokenSection,
        },
        (None, Some((key, value))) if !key.trim_end().is_empty() => What::Assignment {
            key: key.trim_end().to_owned(),
            value: value.trim_start().to_owned(),
        },
        _ => What::Nothing,
    };
    Some(Line { number, what })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_what_systemd_takes_it_for() {
        let text = "\u{feff}; no\n\n[Match]\nName = a* \\\n# inside\n  b*\nnonsense\n=x\n[Netw\n[Link]\nX=\\";
        let assignment = |key: &str, value: &str| What::Assignment {
            key: key.to_owned(),
            value: value.to_owned(),
        };
        let expected = [
            (3, What::Section("Match".to_owned())),
            (4, assignment("Name", "a*  b*")),
            (7, What::Nothing),
            (8, What::Nothing),
            (9, What::BrokenSection),
            (10, What::Section("Link".to_owned())),
            (11, assignment("X", "")),
        ];
        let read: Vec<(usize, What)> = lines(text).into_iter().map(|line| (line.number, line.what)).collect();
        assert_eq!(read, expected);
        assert_eq!(lines(""), []);
        assert_eq!(lines("\\\n\\\n"), []);
    }
}
