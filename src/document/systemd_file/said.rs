//! What is said of a file. No value is shown, and no name of one that may be a value.

use crate::document::problem::Problems;

/// How much is said of one file.
const SAID_MAX: usize = 10;

/// The longest name of a section or a key that is shown.
const SHOWN_MAX: usize = 40;

/// What is said of one file, of which there is not too much.
#[derive(Debug)]
pub struct Said<'p, 'f> {
    problems: &'p mut Problems<'f>,
    at: &'p [&'p str],
    count: usize,
}

impl<'p, 'f> Said<'p, 'f> {
    /// Nothing yet; `at`: the keys that lead to the file's text.
    pub fn new(problems: &'p mut Problems<'f>, at: &'p [&'p str]) -> Self {
        Self { problems, at, count: 0 }
    }

    /// A line is wrong.
    pub fn error(&mut self, number: usize, what: &str) {
        self.count += 1;
        if self.count <= SAID_MAX {
            let hint = Some("see systemd.syntax(7), or make the line a comment with `#`");
            self.problems.error(self.at, format!("line {number}: {what}"), hint);
        }
    }

    /// A line is probably not meant like this.
    pub fn warning(&mut self, number: usize, what: &str, hint: Option<String>) {
        self.count += 1;
        if self.count <= SAID_MAX {
            let message = format!("line {number}: {what}");
            self.problems.warning(self.at, message, hint.as_deref());
        }
    }
}

/// Whether a name is short enough to be one.
pub fn is_short(name: &str) -> bool {
    name.len() <= SHOWN_MAX
}

/// The name, if it is one: a word, or close to one that is known. A secret may be where a name should be.
pub fn shown(name: &str, is_close: bool, before: &str, behind: &str) -> String {
    let is_word = is_short(name) && name.bytes().all(|b| b.is_ascii_alphabetic());
    match is_word || is_close {
        true => format!("{before}{}{behind}", name.escape_debug()),
        false => "of that name".to_owned(),
    }
}
