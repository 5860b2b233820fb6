//! The syntax of networkd's files, systemd.syntax(7): read and written.

use std::fmt::{Display, Write as _};

use crate::document::systemd_file::syntax::{What, lines};

/// One `Key=value` of a file, with the section it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The section's name, without brackets.
    pub section: String,
    /// The key.
    pub key: String,
    /// The value, continued lines joined by a space.
    pub value: String,
}

/// The assignments of a file, in order. Other lines are left out, as in systemd (with a warning).
pub fn parse(text: &str) -> Vec<Assignment> {
    let mut section = String::new();
    let mut all = Vec::new();
    for line in lines(text) {
        match line.what {
            What::Section(name) => section = name,
            What::Assignment { key, value } => all.push(Assignment {
                section: section.clone(),
                key,
                value,
            }),
            What::BrokenSection | What::Nothing => {}
        }
    }
    all
}

/// A section being written. Keys stay in the order in which they are set.
#[derive(Debug)]
pub struct Section {
    name: &'static str,
    lines: String,
}

impl Section {
    /// An empty section.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            lines: String::new(),
        }
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Adds what `other` says.
    pub fn append(&mut self, other: Self) {
        self.lines.push_str(&other.lines);
    }

    /// Adds `key=value`. A value can't leave its line: control characters, which no type of the document lets pass, are
    /// left out here once more.
    pub fn set(&mut self, key: &str, value: impl Display) {
        let begin = self.lines.len() + key.len() + 1;
        // Writing to a String can't fail.
        let _ = write!(self.lines, "{key}={value}");
        if self
            .lines
            .get(begin..)
            .is_some_and(|value| value.contains(char::is_control))
        {
            let value = self.lines.split_off(begin);
            self.lines.extend(value.chars().filter(|c| !c.is_control()));
        }
        self.lines.push('\n');
    }

    /// The same if there is a value.
    pub fn set_if(&mut self, key: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.set(key, value);
        }
    }

    /// The same for a yes or no.
    pub fn set_bool(&mut self, key: &str, value: Option<bool>) {
        self.set_if(key, value.map(yes_or_no));
    }
}

/// A boolean in systemd's words.
pub fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// A file of those of the sections that say something, an empty line above each.
pub fn file(sections: &[Section]) -> String {
    let mut text = String::new();
    for section in sections.iter().filter(|section| !section.is_empty()) {
        let _ = write!(text, "\n[{}]\n{}", section.name, section.lines);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_as_systemd_reads_it() {
        let text = "\u{feff}; no\n[Match]\nName = a* \\\n# inside\n  b*\nnonsense\n\n[Link]\nMTUBytes=\nX=\\";
        let read: Vec<(String, String, String)> = parse(text)
            .into_iter()
            .map(|a| {
                (
                    a.section,
                    a.key,
                    a.value.split_whitespace().collect::<Vec<_>>().join(" "),
                )
            })
            .collect();
        let expected = [("Match", "Name", "a* b*"), ("Link", "MTUBytes", ""), ("Link", "X", "")];
        assert_eq!(
            read,
            expected.map(|(s, k, v)| (s.to_owned(), k.to_owned(), v.to_owned()))
        );
    }

    #[test]
    fn a_value_stays_on_its_line() {
        let mut section = Section::new("Network");
        section.set("Domains", "a\n[Match]\r\nName=*\u{85}\0");
        assert_eq!(file(&[section]), "\n[Network]\nDomains=a[Match]Name=*\n");
    }
}
