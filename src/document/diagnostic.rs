//! A problem in a document, shown to its author: file, line, column, the line itself, and what to do.

use annotate_snippets::{AnnotationKind, Level as SnippetLevel, Origin, Renderer, Snippet};
use serde::Serialize;

use super::code::Code;
use super::excerpt::Excerpt;
use super::fix::Fix;
use super::format::Place;
use super::plain::plain;
use super::yaml::Span;

/// How serious a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Severity {
    /// The value is not used.
    Error,
    /// The value is used.
    Warning,
}

/// One problem in a document. Its JSON form is stable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Diagnostic {
    /// How serious it is.
    pub severity: Severity,
    /// The kind of mistake.
    pub code: Code,
    /// What is to be written instead, where that takes no judgement.
    #[serde(skip)]
    pub fix: Option<Fix>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The file, or the part of a seed.
    pub file: String,
    /// Line, from 1; 0 if the problem concerns the whole text.
    pub line: usize,
    /// Column in characters, from 1; 0 if the problem concerns the whole text.
    pub column: usize,
    /// The keys that lead to the place, outermost first.
    pub path: Vec<String>,
    /// The line as written, or the relevant part of a long line. Everything but the faulty part is masked, because it
    /// may be a secret.
    pub excerpt: Option<String>,
    #[serde(skip)]
    mark: std::ops::Range<usize>,
    /// Whether the excerpt starts in the middle of the line.
    #[serde(skip)]
    cut: bool,
    /// Whether a source generated the text. The hint is then the source's.
    #[serde(skip)]
    converted: bool,
    /// Whether the text is encoded in the file as a whole.
    #[serde(skip)]
    is_packed: bool,
}

impl Diagnostic {
    /// A diagnostic about a whole text.
    pub fn whole(file: &str, message: impl Into<String>, hint: Option<String>) -> Self {
        Self {
            severity: Severity::Error,
            code: Code::InvalidValue,
            fix: None,
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
            is_packed: false,
        }
    }

    /// A diagnostic about a text that a source generated, with the source's own place and hint.
    pub fn converted(place: &str, message: impl Into<String>, advice: &str) -> Self {
        Self {
            converted: true,
            code: Code::NotConverted,
            ..Self::whole(
                place,
                message,
                Some(advice.to_owned()).filter(|advice| !advice.is_empty()),
            )
        }
    }

    /// A diagnostic about `span` in the text of a part. `excerpt` is the line with its secrets masked.
    pub fn at(part: &Place, span: Span, excerpt: Excerpt, message: impl Into<String>) -> Self {
        Self {
            line: part.line(span.line()),
            column: part.column(span.column()),
            excerpt: Some(excerpt.line),
            mark: excerpt.mark,
            cut: excerpt.cut,
            is_packed: part.is_packed(),
            ..Self::whole(&part.file(), message, None)
        }
    }

    /// The same about a text that is in the file encoded, if it `is_packed`.
    #[must_use]
    pub fn packed(mut self, is_packed: bool) -> Self {
        self.is_packed = is_packed;
        self
    }

    /// Whether its line is one of what the file encodes, and not of the file itself.
    pub fn is_packed(&self) -> bool {
        self.is_packed
    }

    /// Sets the hint. `None` keeps the hint of a source that generated the text.
    #[must_use]
    pub fn hint(mut self, hint: Option<String>) -> Self {
        if hint.is_some() || !self.converted {
            self.hint = hint;
        }
        self
    }

    /// Sets a hint about what to write. A text that a source generated keeps the source's hint: its author can't edit
    /// it.
    #[must_use]
    pub fn hint_on_text(self, hint: Option<String>) -> Self {
        let hint = hint.filter(|_| !self.converted);
        self.hint(hint)
    }

    /// Sets the keys that lead to the place.
    #[must_use]
    pub fn path(mut self, path: Vec<String>) -> Self {
        self.path = path;
        self
    }

    /// The same, of this kind.
    #[must_use]
    pub fn code(mut self, code: Code) -> Self {
        self.code = code;
        self
    }

    /// The same, with what is to be written instead.
    #[must_use]
    pub fn fix(mut self, fix: Option<Fix>) -> Self {
        self.fix = fix;
        self
    }

    /// Makes it a warning.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Whether it is an error: the value is not used.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// By what it is sorted: its file, and its place there.
    pub fn order(&self) -> (&str, usize, usize) {
        (&self.file, self.line, self.column)
    }

    /// `file:line:column`, or only the file if the whole text is concerned.
    pub fn place(&self) -> String {
        match self.line {
            0 => self.file.clone(),
            line => format!("{}:{line}:{}", self.file, self.column),
        }
    }

    /// The column behind what is to blame, as far as it stands in one line; 0 when the whole text is meant.
    pub fn end_column(&self) -> usize {
        let marked = self.excerpt.as_deref().and_then(|line| line.get(self.mark.clone()));
        self.column + marked.map_or(0, |marked| marked.chars().count())
    }

    /// `file:line:column: message (hint)`, for logs and reports.
    pub fn in_one_line(&self) -> String {
        let hint = self.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{}{hint}", self.without_hint())
    }

    /// `file:line:column: message`.
    pub fn without_hint(&self) -> String {
        format!("{}: {}", self.place(), self.message)
    }

    /// For people: the message, `file:line:column`, the line with the place underlined, the hint.
    pub fn render(&self, colour: bool) -> String {
        let level = match self.severity {
            Severity::Error => SnippetLevel::ERROR,
            Severity::Warning => SnippetLevel::WARNING,
        };
        let (message, file) = (plain(&self.message), plain(&self.file));
        let hint = self.hint.as_deref().map(plain);
        let title = level.primary_title(message.as_str()).id(self.code.as_str());
        let mut report = match &self.excerpt {
            Some(line) => {
                let mark = AnnotationKind::Primary.span(self.mark.clone());
                let snippet = Snippet::source(line.as_str()).line_start(self.line).annotation(mark);
                let before = line.get(..self.mark.start).unwrap_or_default();
                if self.cut || self.column != 1 + before.chars().count() {
                    // The column counts from the start of the file's line: an excerpt is cut, or of a part that the file
                    // has indented.
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
