//! What is wrong, for the person who wrote it: in words, at its place, once, and with no secret shown.

use std::ops::Range;

use super::Document;
use crate::document::advice::explain_key;
use crate::document::budget::PROBLEM_LIMIT;
use crate::document::diagnostic::{Diagnostic, Severity};
use crate::document::excerpt::excerpt;
use crate::document::masked;
use crate::document::yaml::decode::DecodeErrorKind;
use crate::document::yaml::{DecodeError, Node, Span, Value};
use crate::vocabulary::MASK;

/// The most characters of a message, and of a key in a path.
const TEXT_MAX: usize = 400;

/// Something that was found.
#[derive(Debug)]
pub(super) struct Finding {
    /// The number of its text, and the byte in it.
    order: (usize, usize),
    diagnostic: Diagnostic,
}

impl Document {
    /// Notes something about a whole text, the one that is read next.
    pub(super) fn report_whole(&mut self, diagnostic: Diagnostic) {
        let order = (self.texts.len(), 0);
        self.add(Finding { order, diagnostic });
    }

    /// Notes what `told` says about the place `span`. `show`: the value that may be shown.
    pub(super) fn report_at(&mut self, span: Span, show: Option<Span>, told: Diagnostic) {
        if self.is_full(&told) {
            return;
        }
        let diagnostic = self.diagnostic(span, show, told.message.clone());
        let mut diagnostic = diagnostic.hint_on_text(told.hint).path(told.path);
        diagnostic.severity = told.severity;
        let order = (span.source, span.start);
        self.add(Finding { order, diagnostic });
    }

    /// Notes what is wrong with the value that `path` leads to.
    pub(super) fn report_value(&mut self, path: &[String], told: Diagnostic) {
        if self.is_full(&told) {
            return;
        }
        let (span, _) = self.place(path);
        let mut diagnostic = self.diagnose(path, told.message).hint_on_text(told.hint);
        diagnostic.severity = told.severity;
        let order = (span.source, span.start);
        self.add(Finding { order, diagnostic });
    }

    /// Makes warnings of these findings.
    pub(super) fn make_warnings(&mut self, numbers: Range<usize>) {
        for finding in self.found.get_mut(numbers).unwrap_or_default() {
            finding.diagnostic.severity = Severity::Warning;
        }
    }

    /// Says of a finding which keys lead there.
    pub(super) fn say_path(&mut self, number: usize, path: &[String]) {
        let path = self.shown_path(path);
        if let Some(finding) = self.found.get_mut(number) {
            finding.diagnostic.path = path;
        }
    }

    /// Whether no more is reported; then it is noted that there would be more.
    fn is_full(&mut self, told: &Diagnostic) -> bool {
        let is_full = self.found.len() >= PROBLEM_LIMIT;
        self.more |= is_full;
        self.given_up |= is_full && told.is_error();
        is_full
    }

    fn add(&mut self, finding: Finding) {
        if !self.is_full(&finding.diagnostic) {
            self.found.push(finding);
        }
    }

    /// Puts what was found in the order of the texts, each once.
    pub(super) fn finish(&mut self) {
        self.found.sort_by_key(|finding| finding.order);
        let sorted = std::mem::take(&mut self.found).into_iter();
        self.diagnostics = sorted.map(|finding| finding.diagnostic).collect();
        self.diagnostics.dedup();
        if self.more {
            let message = format!("and more: only the first {PROBLEM_LIMIT} problems are shown");
            let last = match self.given_up {
                true => {
                    let message = format!("{message}; nothing of the document is applied");
                    Diagnostic::whole(self.first_origin(), message, Some("correct these first".to_owned()))
                }
                false => Diagnostic::whole(self.first_origin(), message, None).warning(),
            };
            self.diagnostics.push(last);
        }
    }

    /// A diagnostic about the value that `path` leads to, or the nearest one around it.
    pub fn diagnose(&self, path: &[String], message: impl Into<String>) -> Diagnostic {
        let (span, show) = self.place(path);
        self.diagnostic(span, show, message.into()).path(self.shown_path(path))
    }

    /// Where the value stands that `path` leads to, or the nearest one around it, and what of it may be shown.
    fn place(&self, path: &[String]) -> (Span, Option<Span>) {
        let nowhere = Span {
            source: usize::MAX,
            ..Span::default()
        };
        let Some(tree) = &self.tree else {
            return (nowhere, None);
        };
        for length in (1..=path.len()).rev() {
            let around = path.get(..length).unwrap_or_default();
            let Some(node) = tree.find(around) else { continue };
            // A value inside a list has no key of its own; a mapping is best shown by its key.
            if matches!(node.value, Value::Scalar(_)) {
                let is_shown = !self.may_be_secret(tree, around);
                return (node.span, is_shown.then_some(node.span));
            }
            return (tree.find_key(around).map_or(node.span, |key| key.span), None);
        }
        (nowhere, None)
    }

    /// Whether a value is not to be shown even when it is the one to blame: a secret was read from it, or it stands where
    /// people put one by mistake.
    fn may_be_secret(&self, tree: &Node, path: &[String]) -> bool {
        let typed = |length: usize| tree.find(path.get(..length)?).map(|node| node.span);
        let by_name = |key: &String| masked::names_a_secret(key) || key == "root" || key.contains("key");
        path.iter().any(by_name)
            || (1..=path.len())
                .filter_map(typed)
                .any(|span| self.notes.is_secret(span))
    }

    /// The path as it may be shown: keys that may be secrets are masked.
    fn shown_path(&self, path: &[String]) -> Vec<String> {
        let is_secret = |length: usize| {
            let key = self.tree.as_ref().and_then(|tree| tree.find_key(path.get(..length)?));
            key.is_some_and(|key| key.secret)
        };
        let shown = path
            .iter()
            .enumerate()
            .map(|(number, key)| match is_secret(number + 1) {
                true => MASK.to_owned(),
                false => cut(key),
            });
        shown.collect()
    }

    pub(super) fn first_origin(&self) -> &str {
        self.texts
            .first()
            .map_or("the document", |source| source.origin.as_str())
    }

    fn diagnostic(&self, span: Span, show: Option<Span>, message: String) -> Diagnostic {
        let message = cut(&message);
        let Some(source) = self.texts.get(span.source) else {
            return Diagnostic::whole(self.first_origin(), message, None);
        };
        if let Some(located) = &source.located
            && let Some(place) = located.place(span.start, &source.origin)
        {
            return located.diagnostic(place, message);
        }
        let excerpt = excerpt(&source.text, span, source.pieces.as_deref(), &self.notes, show);
        Diagnostic::at(&source.origin, span, excerpt, message)
    }

    /// Notes what the decoder met.
    pub(super) fn report_error(&mut self, error: &DecodeError) {
        let whole = |message: String, hint: Option<String>| Diagnostic::whole("", message, hint);
        let Some(tree) = &self.tree else { return };
        let key = tree.find_key(&error.path);
        let (key, is_secret) = key.map_or((Span::default(), false), |key| (key.span, key.secret));
        if is_stray(tree, error) {
            let message = "this is no key that is known here, and has no value".to_owned();
            let around = error.path.split_last().map(|(_, around)| self.shown_path(around));
            let told = whole(message, Some("write `key: value`".to_owned()));
            return self.report_at(key, None, told.path(around.unwrap_or_default()));
        }
        let (message, hint) = match &error.kind {
            DecodeErrorKind::Value(message) => return self.report_value(&error.path, whole(message.clone(), None)),
            DecodeErrorKind::Key(_) if is_secret => ("this is no key that can stand here".to_owned(), None),
            DecodeErrorKind::UnknownKey { .. } if is_secret => ("this is no key that is known here".to_owned(), None),
            DecodeErrorKind::Key(message) => (message.clone(), None),
            DecodeErrorKind::UnknownKey { known } => explain_key(&error.path, known),
        };
        let told = whole(message, hint).path(self.shown_path(&error.path));
        self.report_at(key, None, told);
    }
}

/// `root: {hunter2}`: what stands where a key is expected, without a value, may be a value itself.
fn is_stray(tree: &Node, error: &DecodeError) -> bool {
    let is_below = error.path.len() > 1;
    let found = tree.find(&error.path).map(|node| &node.value);
    let is_empty = matches!(found, Some(Value::Scalar(s)) if s.plain && s.text.is_empty());
    is_below && is_empty && !matches!(error.kind, DecodeErrorKind::Value(_))
}

/// The beginning of a text that has no end in sight.
fn cut(text: &str) -> String {
    match text.char_indices().nth(TEXT_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
