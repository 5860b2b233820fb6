//! What is wrong with a part of a document, before it is a diagnostic.

use std::ops::Range;

use super::Place;
use crate::document::code::Code;
use crate::document::diagnostic::Diagnostic;
use crate::document::excerpt::excerpt;
use crate::document::yaml::{Notes, Span};

/// What is wrong with a part, or with bytes that are to be one.
pub(super) struct Wrong {
    code: Code,
    message: String,
    hint: String,
}

impl Wrong {
    pub fn new(code: Code, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: hint.into(),
        }
    }

    pub fn told(self, file: &str) -> Diagnostic {
        Diagnostic::whole(file, self.message, Some(self.hint)).code(self.code)
    }

    /// The same at a line of a part, from 1; 0 for the part as a whole.
    pub fn told_at(self, place: &Place, line: usize) -> Diagnostic {
        let mut told = self.told(&place.file()).packed(place.is_packed());
        if line > 0 {
            told.line = place.line(line);
            told.column = 1;
        }
        told
    }

    /// The same at these bytes of the text of a part. Of its line, `show` is shown.
    pub fn told_in(self, place: &Place, text: &str, blame: Range<usize>, show: Option<Range<usize>>) -> Diagnostic {
        let span = Span::of(text, blame);
        let show = show.map(|show| Span::of(text, show));
        let excerpt = excerpt(text, span, None, &Notes::default(), show);
        Diagnostic::at(place, span, excerpt, self.message)
            .hint(Some(self.hint))
            .code(self.code)
    }
}
