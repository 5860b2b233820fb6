//! Turns what is wrong into diagnostics: in plain words, at the right place, once each, without secrets.

use std::ops::Range;

use super::Document;
use super::settle::PRUNE_LIMIT;
use crate::document::advice::{Dialect, explain_key, not_indented};
use crate::document::budget::PROBLEM_LIMIT;
use crate::document::code::Code;
use crate::document::diagnostic::{Diagnostic, Severity};
use crate::document::excerpt::excerpt;
use crate::document::format::PLACEHOLDER;
use crate::document::masked;
use crate::document::plain::beginning;
use crate::document::redact;
use crate::document::yaml::decode::DecodeErrorKind;
use crate::document::yaml::scalar::{Meaning, resolve};
use crate::document::yaml::{DecodeError, Node, Span, Value, Wrong};
use crate::vocabulary::MASK;

/// The longest message, and the longest key in a path, in characters.
const TEXT_MAX: usize = 400;

/// The longest value that a message shows, in characters.
const FOUND_MAX: usize = 40;

/// A diagnostic and its position.
#[derive(Debug)]
pub(super) struct Finding {
    /// The number of the text, and the byte offset in it.
    order: (usize, usize),
    diagnostic: Diagnostic,
    /// Whether the same was found at the same place before, by way of another alias: it counts for what is left out, and
    /// is not told again.
    is_repeated: bool,
}

impl Finding {
    fn new(order: (usize, usize), diagnostic: Diagnostic) -> Self {
        Self {
            order,
            diagnostic,
            is_repeated: false,
        }
    }

    /// Whether this says that a key is given twice, and `other` that it is no key to begin with.
    fn is_of_the_same_key(&self, other: &Self) -> bool {
        let is_no_key = matches!(
            other.diagnostic.code,
            Code::UnknownKey | Code::MisplacedKey | Code::NotApplied
        );
        is_no_key
            && self.diagnostic.code == Code::DuplicateKey
            && (self.order, self.diagnostic.severity) == (other.order, other.diagnostic.severity)
    }

    /// The same, with what `told` says of the same key.
    fn also_given_twice(mut self, told: &Self) -> Self {
        if self.diagnostic.code == Code::NotApplied {
            // None of the two has an effect.
            return self;
        }
        self.diagnostic.hint = match (self.diagnostic.hint, &told.diagnostic.hint) {
            (Some(own), Some(twice)) => Some(format!("{own} (it is there twice: {twice})")),
            (own, twice) => own.or_else(|| twice.clone()),
        };
        self
    }
}

impl Document {
    /// Reports a problem with the whole text that is read next.
    pub(super) fn report_whole(&mut self, diagnostic: Diagnostic) {
        self.add(Finding::new((self.texts.len(), 0), diagnostic));
    }

    /// Reports `told` at the place `span`. `show`: the value that may be shown.
    pub(super) fn report_at(&mut self, span: Span, show: Option<Span>, told: Diagnostic) {
        if self.is_full(&told) || self.is_guess(span) {
            return;
        }
        let diagnostic = self.diagnostic(span, show, told.message.clone());
        let diagnostic = diagnostic.hint_on_text(told.hint).path(told.path);
        let diagnostic = self.of_severity(told.severity, span, diagnostic.code(told.code).fix(told.fix));
        let finding = Finding::new((span.source(), span.start()), diagnostic);
        match self.found.iter_mut().find(|told| told.is_of_the_same_key(&finding)) {
            Some(told) => *told = finding.also_given_twice(told),
            None => self.add(finding),
        }
    }

    /// Reports `told` at the value that `path` leads to.
    pub(super) fn report_value(&mut self, path: &[String], told: Diagnostic) {
        let (span, _) = self.place(path);
        if self.is_full(&told) || self.is_guess(span) {
            return;
        }
        let told = self.with_trap(path, told);
        let diagnostic = self.diagnose(path, told.message).hint_on_text(told.hint);
        let diagnostic = self.of_severity(told.severity, span, diagnostic.code(told.code).fix(told.fix));
        self.add(Finding::new((span.source(), span.start()), diagnostic));
    }

    /// Turns these findings into warnings.
    pub(super) fn make_warnings(&mut self, numbers: Range<usize>) {
        for finding in self.found.get_mut(numbers).unwrap_or_default() {
            finding.diagnostic.severity = Severity::Warning;
        }
    }

    /// Sets the path of a finding.
    pub(super) fn say_path(&mut self, number: usize, path: &[String]) {
        let path = self.shown_path(path);
        if let Some(finding) = self.found.get_mut(number) {
            finding.diagnostic.path = path;
        }
    }

    /// The same with this severity. What a template makes or not, as only the machine knows which the document is for, is
    /// no error here.
    fn of_severity(&self, severity: Severity, span: Span, mut told: Diagnostic) -> Diagnostic {
        let source = self.texts.get(span.source());
        let is_unsure = source.is_some_and(|source| source.place.is_unsure(span.line()));
        if !is_unsure || severity == Severity::Warning {
            told.severity = severity;
            return told;
        }
        let why = "the template makes this line for some machines only";
        let hint = told
            .hint
            .take()
            .map_or(why.to_owned(), |hint| format!("{hint} ({why})"));
        told.warning().hint(Some(hint))
    }

    /// Whether what stands here is from a variable that only the machine knows which the document is for.
    fn is_guess(&self, span: Span) -> bool {
        let Some(source) = self.texts.get(span.source()) else {
            return false;
        };
        let before = source.text.get(..span.start()).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = source.text.get(start..).and_then(|rest| rest.lines().next());
        line.is_some_and(|line| line.contains(PLACEHOLDER))
    }

    /// Whether the limit is reached. If so, remembers that there is more.
    fn is_full(&mut self, told: &Diagnostic) -> bool {
        let is_full = self.told.len() >= PROBLEM_LIMIT || self.found.len() >= PRUNE_LIMIT;
        self.more |= is_full;
        self.given_up |= is_full && told.is_error();
        is_full
    }

    fn add(&mut self, mut finding: Finding) {
        if !self.is_full(&finding.diagnostic) {
            let Diagnostic { code, message, .. } = &finding.diagnostic;
            let same = (
                finding.order,
                *code,
                format!("{}: {message}", finding.diagnostic.place()),
            );
            finding.is_repeated = !self.told.insert(same);
            self.found.push(finding);
        }
    }

    /// Sorts the findings by their position. Those that say once more what is said already come back apart: they count
    /// for what is left out.
    pub(super) fn finish(&mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|finding| finding.order);
        let found = std::mem::take(&mut self.found).into_iter();
        let (repeated, told): (Vec<_>, Vec<_>) = found.partition(|finding| finding.is_repeated);
        let diagnostics = |findings: Vec<Finding>| findings.into_iter().map(|finding| finding.diagnostic).collect();
        self.diagnostics = diagnostics(told);
        if self.more {
            let message = format!("there are more problems: only the first {PROBLEM_LIMIT} are shown");
            let last = match self.given_up {
                true => {
                    let message = format!("{message}, and nothing in the document is applied");
                    Diagnostic::whole(&self.first_origin(), message, Some("correct these first".to_owned()))
                }
                false => Diagnostic::whole(&self.first_origin(), message, None).warning(),
            };
            self.diagnostics.push(last.code(Code::More));
        }
        diagnostics(repeated)
    }

    /// A diagnostic about the value that `path` leads to, or its nearest existing parent.
    pub fn diagnose(&self, path: &[String], message: impl Into<String>) -> Diagnostic {
        let (span, show) = self.place(path);
        self.diagnostic(span, show, message.into()).path(self.shown_path(path))
    }

    /// Where the value that `path` leads to is, or its nearest existing parent, and which part may be shown.
    fn place(&self, path: &[String]) -> (Span, Option<Span>) {
        let Some(tree) = &self.tree else {
            return (Span::NOWHERE, None);
        };
        for length in (1..=path.len()).rev() {
            let around = path.get(..length).unwrap_or_default();
            let Some(node) = tree.find(around) else { continue };
            // A list item has no key; a mapping is best shown by its key.
            if matches!(node.value, Value::Scalar(_)) {
                let is_shown = !self.may_be_secret(tree, around);
                return (node.span, is_shown.then_some(node.span));
            }
            return (tree.find_key(around).map_or(node.span, |key| key.span), None);
        }
        (Span::NOWHERE, None)
    }

    /// Whether a value must not be shown even if it is the faulty one: it was read as a secret, or it is at a place
    /// where people put secrets by mistake.
    fn may_be_secret(&self, tree: &Node, path: &[String]) -> bool {
        let typed = |length: usize| tree.find(path.get(..length)?).map(|node| node.span);
        // A proxy's address may have a password in it.
        let by_name = |key: &String| {
            masked::names_a_secret(key)
                || key == "root"
                || key == "http"
                || masked::names_a_key(key)
                || key.contains("proxy")
        };
        path.iter().any(by_name)
            || (1..=path.len())
                .filter_map(typed)
                .any(|span| self.notes.is_secret(span))
    }

    /// The path with keys masked that may be secrets.
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
                false => beginning(key, TEXT_MAX),
            });
        shown.collect()
    }

    pub(super) fn first_origin(&self) -> String {
        let first = self.texts.first();
        first.map_or_else(|| "the document".to_owned(), |source| source.place.file())
    }

    fn diagnostic(&self, span: Span, show: Option<Span>, message: String) -> Diagnostic {
        let message = beginning(&message, TEXT_MAX);
        let Some(source) = self.texts.get(span.source()) else {
            return Diagnostic::whole(&self.first_origin(), message, None);
        };
        if let Some(located) = &source.located
            && let Some(place) = located.place(span.start(), &source.place.file())
        {
            return located.diagnostic(&place, message);
        }
        let excerpt = excerpt(&source.text, span, source.pieces.as_deref(), &self.notes, show);
        Diagnostic::at(&source.place, span, excerpt, message)
    }

    /// What the value at `path` is, as it may be shown in a message; `None` where it may be a secret.
    pub(super) fn found(&self, path: &[String]) -> Option<String> {
        let tree = self.tree.as_ref()?;
        let Value::Scalar(scalar) = &tree.find(path)?.value else {
            return None;
        };
        let is_short = scalar.text.chars().count() <= FOUND_MAX;
        let is_shown = is_short && redact::secrets(&scalar.text).is_empty() && !self.may_be_secret(tree, path);
        is_shown.then(|| scalar.text.to_string())
    }

    /// What a diagnostic says of a value that the decoder refused.
    pub(super) fn told_of(&self, path: &[String], wrong: &Wrong) -> Diagnostic {
        let text = self.found(path);
        let shown = text
            .as_deref()
            .map(|text| match self.tree.as_ref().and_then(|tree| tree.find(path)) {
                Some(node) if node.is_null() => "nothing".to_owned(),
                Some(Node {
                    value: Value::Scalar(s),
                    ..
                }) if !matches!(resolve(s), Meaning::Text(_)) => text.to_owned(),
                _ => format!("\"{}\"", text.escape_debug()),
            });
        let hint = wrong.hint(text.as_deref());
        Diagnostic::whole("", wrong.in_words(shown.as_deref()), hint).code(wrong.code())
    }

    /// Reports an error of the decoder.
    pub(super) fn report_error(&mut self, error: &DecodeError) {
        let Some(tree) = &self.tree else { return };
        let key = tree.find_key(&error.path);
        let (key, is_secret) = key.map_or((Span::default(), false), |key| (key.span, key.secret));
        let whole = |code, message: &str, hint| Diagnostic::whole("", message, hint).code(code);
        if is_stray(tree, error) {
            let hint = Some("write `key: value`".to_owned());
            let told = whole(Code::UnknownKey, "this is not a known key, and it has no value", hint);
            let around = error.path.split_last().map(|(_, around)| self.shown_path(around));
            return self.report_at(key, None, told.path(around.unwrap_or_default()));
        }
        if let Some((key, told)) = not_indented(tree, &error.path) {
            let around = error.path.split_last().map(|(_, around)| around);
            let is_beside = |told: &Diagnostic| told.path.split_last().map(|(_, around)| around) == around;
            let mut told_before = self.found.iter().map(|finding| &finding.diagnostic);
            // It goes for all that stand beside each other.
            if !told_before.any(|told| told.code == Code::MisplacedKey && is_beside(told)) {
                self.report_at(key, None, told.path(self.shown_path(&error.path)));
            }
            return;
        }
        let told = match &error.kind {
            DecodeErrorKind::Value(wrong) => return self.report_value(&error.path, self.told_of(&error.path, wrong)),
            DecodeErrorKind::Key(_) if is_secret => whole(Code::InvalidValue, "this key is not allowed here", None),
            DecodeErrorKind::UnknownKey { .. } if is_secret => whole(Code::UnknownKey, "this is not a known key", None),
            DecodeErrorKind::Key(message) => whole(Code::InvalidValue, message, None),
            DecodeErrorKind::UnknownKey { known } => {
                let is_of_network_config =
                    self.network_config == Some(key.source()) && self.dialect == Dialect::Document;
                let dialect = if is_of_network_config {
                    Dialect::NetworkConfig
                } else {
                    self.dialect
                };
                explain_key(&error.path, known, tree.find(&error.path), dialect)
            }
        };
        let told = told.path(self.shown_path(&error.path));
        self.report_at(key, None, told);
    }
}

/// `root: {hunter2}`: a key without a value may really be a value.
fn is_stray(tree: &Node, error: &DecodeError) -> bool {
    let is_below = error.path.len() > 1;
    let found = tree.find(&error.path).map(|node| &node.value);
    let is_empty = matches!(found, Some(Value::Scalar(s)) if s.plain && s.text.is_empty());
    is_below && is_empty && !matches!(error.kind, DecodeErrorKind::Value(_))
}
