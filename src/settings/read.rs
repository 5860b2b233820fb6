//! Decodes the file into settings and reports all problems with their places.

use super::form::{Form, RESTRICTING};
use super::{Invalid, PATH, Settings};
use crate::document::advice::nearest;
use crate::document::excerpt::excerpt;
use crate::document::redact::redact;
use crate::document::yaml::decode::DecodeErrorKind;
use crate::document::yaml::{DecodeError, Fault, Node, Notes, Piece, Span, Value, decode_noting, parse};
use crate::document::{Diagnostic, Problems};

/// The size limit: more than any settings need.
const LIMIT: usize = 1024 * 1024;

/// The text, for excerpts.
struct Text<'a> {
    text: &'a str,
    pieces: Option<Vec<Piece>>,
    notes: Notes,
}

/// Reads the file. An empty file sets nothing.
///
/// # Errors
/// All problems of the file.
pub fn read(bytes: &[u8]) -> Result<Settings, Invalid> {
    let whole = |message: &str, hint: &str| Invalid(vec![Diagnostic::whole(PATH, message, Some(hint.to_owned()))]);
    if bytes.len() > LIMIT {
        return Err(whole("the file is too large", "settings may have at most 1 MiB"));
    }
    let decoded = std::str::from_utf8(bytes);
    let text = decoded.map_err(|_| whole("the file is not UTF-8", "save it as UTF-8"))?;
    let parsed = parse(text, 0).map_err(|fault| {
        let text = Text {
            text,
            pieces: None,
            notes: Notes::default(),
        };
        Invalid(vec![text.fault(fault)])
    })?;
    let text = Text {
        text,
        pieces: Some(parsed.pieces),
        notes: Notes::default(),
    };
    let mut found: Vec<_> = parsed.faults.into_iter().map(|fault| text.fault(fault)).collect();
    let settings = match parsed.root {
        Some(mut tree) => text.settings(&mut tree, &mut found),
        None => Some(Settings::default()),
    };
    match settings.filter(|_| found.is_empty()) {
        Some(settings) => Ok(settings),
        None => Err(Invalid(found)),
    }
}

impl Text<'_> {
    /// Decodes the tree. Each invalid part is reported and removed, so that one run finds all problems.
    fn settings(&self, tree: &mut Node, found: &mut Vec<Diagnostic>) -> Option<Settings> {
        for (key, hint) in RESTRICTING {
            if tree.get(key).is_some_and(Node::is_null) {
                let empty = self.about(tree, &[key.to_owned()], format!("`{key}` is empty"));
                found.push(empty.hint(Some(hint.to_owned())));
            }
        }
        loop {
            match decode_noting::<Form>(tree, &self.notes) {
                Ok(form) => {
                    let mut problems = Vec::new();
                    let settings = form.settings(&mut Problems::new(&mut problems));
                    // A part removed because of an error is not also reported as missing.
                    problems.retain(|problem| !found.iter().any(|other| other.path.starts_with(&problem.path)));
                    found.extend(problems.into_iter().map(|problem| {
                        let about = self.about(tree, &problem.path, problem.message);
                        about.hint(problem.hint)
                    }));
                    return Some(settings);
                }
                Err(error) => {
                    found.push(self.explain(tree, &error));
                    if !tree.prune(&error.path) {
                        return None;
                    }
                }
            }
        }
    }

    fn explain(&self, tree: &Node, error: &DecodeError) -> Diagnostic {
        match &error.kind {
            DecodeErrorKind::Value(message) => self.about(tree, &error.path, message.clone()),
            DecodeErrorKind::Key(message) => self.about_key(tree, error, message.clone()),
            DecodeErrorKind::UnknownKey { known } => {
                let name = error.path.last().map_or("", String::as_str);
                let hint = match nearest(name, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known keys: {}", known.join(", ")),
                };
                let unknown = format!("unknown key `{}`", redact(name).escape_debug());
                self.about_key(tree, error, unknown).hint(Some(hint))
            }
        }
    }

    fn about_key(&self, tree: &Node, error: &DecodeError, message: String) -> Diagnostic {
        let key = tree.find_key(&error.path);
        let span = key.map_or(tree.span, |key| key.span);
        let path = error.path.iter().map(|key| redact(key).into_owned()).collect();
        self.diagnostic(span, None, message).path(path)
    }

    /// A diagnostic about the value that `path` leads to, or the nearest one around it.
    fn about(&self, tree: &Node, path: &[String], message: String) -> Diagnostic {
        let around = |length| tree.find(path.get(..length)?);
        let node = (0..=path.len()).rev().find_map(around).unwrap_or(tree);
        // A proxy's address may have a password in it.
        let may_be_address = path.last().is_some_and(|key| key.contains("proxy") || key == "http");
        let hidden = may_be_address || !matches!(node.value, Value::Scalar(_));
        let show = (!hidden).then_some(node.span);
        self.diagnostic(node.span, show, message).path(path.to_vec())
    }

    fn fault(&self, Fault { span, message, hint }: Fault) -> Diagnostic {
        self.diagnostic(span, None, message).hint(hint)
    }

    fn diagnostic(&self, span: Span, show: Option<Span>, message: String) -> Diagnostic {
        let excerpt = excerpt(self.text, span, self.pieces.as_deref(), &self.notes, show);
        Diagnostic::at(PATH, span, excerpt, message)
    }
}
