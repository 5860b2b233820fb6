//! Colour, for a terminal and for nothing else.

use std::io::IsTerminal;

/// How text is dressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    colour: bool,
}

impl Style {
    /// Plain text.
    pub const PLAIN: Self = Self { colour: false };

    /// Coloured where `stream` is a terminal and `NO_COLOR` (<https://no-color.org>) is not set.
    pub fn for_stream(stream: &impl IsTerminal) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            colour: stream.is_terminal() && !refused,
        }
    }

    /// Whether text is coloured.
    pub fn is_coloured(self) -> bool {
        self.colour
    }

    /// What is new.
    pub fn added(self, text: &str) -> String {
        self.dress("32", text)
    }

    /// What goes, or is wrong.
    pub fn removed(self, text: &str) -> String {
        self.dress("31", text)
    }

    /// What changes, or deserves a look.
    pub fn changed(self, text: &str) -> String {
        self.dress("33", text)
    }

    /// What stands out.
    pub fn strong(self, text: &str) -> String {
        self.dress("1", text)
    }

    /// What stands back.
    pub fn faint(self, text: &str) -> String {
        self.dress("2", text)
    }

    fn dress(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}
