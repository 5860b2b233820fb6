//! What the checks of a decoded document find wrong: a place in the document, and words.

use super::code::Code;
use super::diagnostic::Diagnostic;

/// Collects what is wrong with a part of a document. Places are given by the keys that lead to them; sequence items by
/// their number from 0.
#[derive(Debug)]
pub struct Problems<'a> {
    found: &'a mut Vec<Problem>,
    prefix: Vec<String>,
    code: Option<Code>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The keys that lead to the value to blame, outermost first.
    pub path: Vec<String>,
    /// The kind of mistake.
    pub code: Code,
    /// What is wrong. A sentence without a full stop; never contains a secret.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether the document is still usable as it is.
    pub warning: bool,
}

impl<'a> Problems<'a> {
    /// Collects into `found`.
    pub fn new(found: &'a mut Vec<Problem>) -> Self {
        Self {
            found,
            prefix: Vec::new(),
            code: None,
        }
    }

    /// The same collection, for problems of one kind. Without it an error is about a value, and a warning about what is
    /// probably not meant.
    pub fn of(&mut self, code: Code) -> Problems<'_> {
        Problems {
            found: self.found,
            prefix: self.prefix.clone(),
            code: Some(code),
        }
    }

    /// The same collection, for the part of the document below `keys`.
    pub fn below(&mut self, keys: &[&str]) -> Problems<'_> {
        let prefix = self
            .prefix
            .iter()
            .cloned()
            .chain(keys.iter().map(ToString::to_string))
            .collect();
        Problems {
            found: self.found,
            prefix,
            code: self.code,
        }
    }

    /// The value below `keys` is wrong: it will not be used.
    pub fn error(&mut self, keys: &[&str], message: impl Into<String>, hint: Option<&str>) {
        self.push(keys, message.into(), hint, false);
    }

    /// The value below `keys` is used, but somebody should know.
    pub fn warning(&mut self, keys: &[&str], message: impl Into<String>, hint: Option<&str>) {
        self.push(keys, message.into(), hint, true);
    }

    fn push(&mut self, keys: &[&str], message: String, hint: Option<&str>, warning: bool) {
        let path = self
            .prefix
            .iter()
            .cloned()
            .chain(keys.iter().map(ToString::to_string))
            .collect();
        let usual = if warning { Code::Doubtful } else { Code::InvalidValue };
        self.found.push(Problem {
            path,
            code: self.code.unwrap_or(usual),
            message,
            hint: hint.map(str::to_owned),
            warning,
        });
    }
}

impl Problem {
    /// What a diagnostic says of it.
    pub fn told(self) -> Diagnostic {
        let told = Diagnostic::whole("", self.message, self.hint).code(self.code);
        match self.warning {
            true => told.warning(),
            false => told,
        }
    }
}

/// A part of the configuration that can be wrong as a whole though each of its values is right.
pub trait Check {
    /// Reports what is wrong, with places relative to this part; nothing, where every value that can be read is right.
    fn check(&self, _problems: &mut Problems<'_>) {}
}

impl Check for bool {}
