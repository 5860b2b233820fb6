//! What is wrong with a document, for the person who wrote it: file, line, column, the line itself, and what to do.

use annotate_snippets::{AnnotationKind, Level as SnippetLevel, Renderer, Snippet};
use serde::Serialize;

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
    /// The line as written, other values than the one to blame masked: they may be secrets.
    pub excerpt: Option<String>,
    #[serde(skip)]
    mark: std::ops::Range<usize>,
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
                let snippet = Snippet::source(line.as_str()).line_start(self.line).path(file.as_str());
                title.element(snippet.annotation(AnnotationKind::Primary.span(self.mark.clone())))
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

/// One line of a text that may be shown, and what to mark in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The line.
    pub line: String,
    /// The bytes of it to mark.
    pub mark: std::ops::Range<usize>,
}

/// How many bytes of a line are shown.
const LINE_LIMIT: usize = 240;

/// The line of `text` in which `span` begins. Every value of `scalars` on it is masked, but that at `show`, and so is a
/// comment; without them, which is when the text is not YAML, everything but a key is.
pub fn excerpt(text: &str, span: Span, scalars: Option<&[Span]>, show: Option<Span>) -> Excerpt {
    let at = floor(text, span.start.min(text.len()));
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    let mut line = text[start..end].trim_end_matches('\r').to_owned();
    match scalars {
        Some(scalars) => {
            let hidden = scalars.iter().filter(|scalar| show != Some(**scalar));
            hidden.for_each(|s| mask(&mut line, s.start.saturating_sub(start), s.end.saturating_sub(start)));
            mask_comment(&mut line, show.map_or(0, |shown| shown.end.saturating_sub(start)));
        }
        None => mask_values(&mut line),
    }
    let shown = floor(&line, LINE_LIMIT);
    line.truncate(shown);
    let mark_start = floor(&line, (at - start).min(line.len()));
    let mark_end = ceil(&line, span.end.saturating_sub(start).clamp(mark_start, line.len()));
    let mark_end = if mark_end == mark_start {
        ceil(&line, (mark_start + 1).min(line.len()))
    } else {
        mark_end
    };
    Excerpt {
        line,
        mark: mark_start..mark_end,
    }
}

/// Masks the comment that begins behind `from`, if one does: it may be a value that was commented out.
fn mask_comment(line: &mut String, from: usize) {
    let from = ceil(line, from.min(line.len()));
    let begins = |at: &usize| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
    let comment = line[from..].match_indices('#').map(|(at, _)| from + at).find(begins);
    if let Some(comment) = comment {
        let end = line.len();
        mask(line, comment + 1, end);
    }
}

/// Of a line that could not be read only a key is shown, and only where it can be nothing else: a word, and a colon.
fn mask_values(line: &mut String) {
    let indent = line.len() - line.trim_start_matches([' ', '\t', '-']).len();
    let rest = &line[indent..];
    let word = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
        .unwrap_or(rest.len());
    let behind = &rest[word..];
    let is_key = behind == ":" || behind.starts_with(": ") || behind.starts_with(":\t");
    let (from, end) = (if is_key { indent + word + 1 } else { indent }, line.len());
    mask(line, from, end);
}

/// Puts `*` for every character between the two bytes, so that columns stay as they are.
fn mask(line: &mut String, from: usize, to: usize) {
    let (from, to) = (ceil(line, from.min(line.len())), floor(line, to.min(line.len())));
    if from < to {
        let mut masked: String = line[from..to]
            .chars()
            .map(|c| if c.is_whitespace() { c } else { '*' })
            .collect();
        // A character of several bytes became one: the marks count bytes.
        masked.push_str(&" ".repeat((to - from).saturating_sub(masked.len())));
        line.replace_range(from..to, &masked);
    }
}

fn floor(text: &str, mut at: usize) -> usize {
    while at > 0 && !text.is_char_boundary(at) {
        at -= 1;
    }
    at.min(text.len())
}

fn ceil(text: &str, mut at: usize) -> usize {
    while at < text.len() && !text.is_char_boundary(at) {
        at += 1;
    }
    at.min(text.len())
}
