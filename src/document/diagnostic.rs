//! What is wrong with a document, for the person who wrote it: file, line, column, the line itself, and what to do.

use annotate_snippets::{AnnotationKind, Level as SnippetLevel, Origin, Renderer, Snippet};
use serde::Serialize;

use super::excerpt::Excerpt;
use super::plain::plain;
use super::yaml::Span;

/// How much a diagnostic weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The value is not used.
    Error,
    /// The value is used.
    Warning,
}

/// One thing that is wrong with a document. Its JSON form is stable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How much it weighs.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The file, or the place in a seed.
    pub file: String,
    /// Line, from 1; 0 when the whole text is meant.
    pub line: usize,
    /// Column in characters, from 1; 0 when the whole text is meant.
    pub column: usize,
    /// The keys that lead there, outermost first.
    pub path: Vec<String>,
    /// The line as written, or the part of a long one around what is to blame. Everything else on it is masked: it may be
    /// a secret.
    pub excerpt: Option<String>,
    #[serde(skip)]
    mark: std::ops::Range<usize>,
    /// Whether the excerpt begins within the line.
    #[serde(skip)]
    cut: bool,
    /// Whether it is about a text that a source made: its advice is the source's.
    #[serde(skip)]
    converted: bool,
}

impl Diagnostic {
    /// A diagnostic about a whole text.
    pub fn whole(file: &str, message: impl Into<String>, hint: Option<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            hint,
            file: file.to_owned(),
            line: 0,
            column: 0,
            path: Vec::new(),
            excerpt: None,
            mark: 0..0,
            cut: false,
            converted: false,
        }
    }

    /// A diagnostic about a text that a source made, at the source's own place, with the source's advice.
    pub fn converted(place: &str, message: impl Into<String>, advice: &str) -> Self {
        Self {
            converted: true,
            ..Self::whole(
                place,
                message,
                Some(advice.to_owned()).filter(|advice| !advice.is_empty()),
            )
        }
    }

    /// A diagnostic about a place in a text. `excerpt` is the text's line with its secrets masked.
    pub fn at(file: &str, span: Span, excerpt: Excerpt, message: impl Into<String>) -> Self {
        Self {
            line: span.line,
            column: span.column,
            excerpt: Some(excerpt.line),
            mark: excerpt.mark,
            cut: excerpt.cut,
            ..Self::whole(file, message, None)
        }
    }

    /// The same with advice; without any, what a source advises about a text that it made stays.
    #[must_use]
    pub fn hint(mut self, hint: Option<String>) -> Self {
        if hint.is_some() || !self.converted {
            self.hint = hint;
        }
        self
    }

    /// The same with advice on what to write, which can't be followed in a text that a source made.
    #[must_use]
    pub fn hint_on_text(self, hint: Option<String>) -> Self {
        let hint = hint.filter(|_| !self.converted);
        self.hint(hint)
    }

    /// The same with the keys that lead to the place.
    #[must_use]
    pub fn path(mut self, path: Vec<String>) -> Self {
        self.path = path;
        self
    }

    /// The same, weighing less.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Whether the value is not used.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// `file:line:column`, or the file alone where the whole text is meant.
    pub fn place(&self) -> String {
        match self.line {
            0 => self.file.clone(),
            line => format!("{}:{line}:{}", self.file, self.column),
        }
    }

    /// `file:line:column: what is wrong (what to do)`, for logs and reports.
    pub fn in_one_line(&self) -> String {
        let hint = self.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{}: {}{hint}", self.place(), self.message)
    }

    /// For people: the message, `file:line:column`, the line with a mark under the place, the hint.
    pub fn render(&self, colour: bool) -> String {
        let level = match self.severity {
            Severity::Error => SnippetLevel::ERROR,
            Severity::Warning => SnippetLevel::WARNING,
        };
        let (message, file) = (plain(&self.message), plain(&self.file));
        let hint = self.hint.as_deref().map(plain);
        let title = level.primary_title(message.as_str());
        let mut report = match &self.excerpt {
            Some(line) => {
                let mark = AnnotationKind::Primary.span(self.mark.clone());
                let snippet = Snippet::source(line.as_str()).line_start(self.line).annotation(mark);
                if self.cut {
                    // The column is that of the text, not of what is shown of it.
                    let place = Origin::path(file.as_str()).line(self.line).char_column(self.column);
                    title.element(place).element(snippet)
                } else {
                    title.element(snippet.path(file.as_str()))
                }
            }
            None => title.element(SnippetLevel::NOTE.message(plain(&self.place()))),
        };
        if let Some(hint) = &hint {
            report = report.element(SnippetLevel::HELP.message(hint.as_str()));
        }
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[report])
    }
}
