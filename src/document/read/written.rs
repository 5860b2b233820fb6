//! Values that YAML reads, and that their author can hardly have meant as YAML reads them.

use super::Document;
use crate::document::code::Code;
use crate::document::diagnostic::Diagnostic;
use crate::document::fix::Fix;
use crate::document::masked;
use crate::document::yaml::scalar::{Meaning, resolve};
use crate::document::yaml::{Key, Node, Scalar, Value};

/// What word processors write for a quote.
const SMART: [char; 10] = ['“', '”', '„', '‘', '’', '‚', '«', '»', '‹', '›'];

/// A value that is another one than it seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trap {
    /// It is in quotes that are none.
    SmartQuote,
    /// Its end was taken for a comment.
    Comment,
    /// It is a text that YAML reads as true or false.
    Boolean,
    /// It is a text that YAML reads as a number, and would write in another way.
    Number,
}

/// Keys at the top whose value is a name that can be `no` or `010`.
const NAMES: [&str; 3] = ["hostname", "fqdn", "keymap"];

/// A step of the way to a value.
#[derive(Clone, Copy)]
enum Step<'t> {
    Key(&'t Key),
    Item(usize),
}

impl std::fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(key) => f.write_str(&key.text),
            Self::Item(number) => number.fmt(f),
        }
    }
}

impl Trap {
    /// What a diagnostic says of a value in which it is.
    fn told(self) -> Diagnostic {
        let (code, message) = match self {
            Self::Boolean => (
                Code::Doubtful,
                "YAML reads this text as true or false; firstlight takes it as it is written, cloud-init doesn't",
            ),
            Self::Number => (
                Code::AmbiguousNumber,
                "YAML reads this text as another number; firstlight takes it as it is written, cloud-init doesn't",
            ),
            Self::SmartQuote => (Code::SmartQuote, "these typographic quotes are part of the value"),
            Self::Comment => (
                Code::CutByComment,
                "the value ends before ` #`: YAML takes the rest of the line for a comment",
            ),
        };
        Diagnostic::whole("", message, Some(self.hint().to_owned())).code(code)
    }

    fn hint(self) -> &'static str {
        match self {
            Self::SmartQuote => "YAML's quotes are `\"` and `'`: replace the typographic ones",
            Self::Boolean | Self::Number => "put quotes around the value",
            Self::Comment => "put quotes around the whole value; if it is a comment, put it on its own line",
        }
    }
}

impl Document {
    /// What is said of a faulty value: where it is in a trap, that is the mistake.
    pub(super) fn with_trap(&self, path: &[String], told: Diagnostic) -> Diagnostic {
        let trap = self.tree.as_ref().and_then(|tree| {
            let last = tree.find_key(path).map(Step::Key);
            self.trap(last, path.len() == 1, tree.find(path)?)
        });
        let Some((trap, text)) = trap.map(|trap| (trap, self.found(path))) else {
            return told;
        };
        // A number may be wrong for another reason.
        if matches!(trap, Trap::Boolean | Trap::Number) {
            return told;
        }
        let told = told.hint(Some(trap.hint().to_owned())).code(trap.told().code);
        match text.filter(|text| trap == Trap::SmartQuote && !text.contains(['"', '\\'])) {
            Some(text) => told.fix(Some(Fix::new(&text, format!("\"{}\"", text.trim_matches(SMART))))),
            None => told,
        }
    }

    /// Warns of the values in a trap that are used as they are.
    pub(super) fn report_traps(&mut self) {
        let mut found = Vec::new();
        if let Some(tree) = &self.tree {
            self.find_traps(tree, &mut Vec::new(), &mut found);
        }
        for (path, trap) in found {
            self.report_value(&path, trap.told().warning());
        }
    }

    fn find_traps<'t>(&self, node: &'t Node, path: &mut Vec<Step<'t>>, found: &mut Vec<(Vec<String>, Trap)>) {
        let mut below = |step: Step<'t>, node: &'t Node| {
            path.push(step);
            self.find_traps(node, path, found);
            path.pop();
        };
        match &node.value {
            Value::Mapping(entries) => entries
                .iter()
                .for_each(|entry| below(Step::Key(&entry.key), &entry.value)),
            Value::Sequence(items) => (0..)
                .zip(items)
                .for_each(|(number, item)| below(Step::Item(number), item)),
            Value::Scalar(_) => {
                let trap = self.trap(path.last().copied(), path.len() == 1, node);
                found.extend(trap.map(|trap| (path.iter().map(Step::to_string).collect(), trap)));
            }
        }
    }

    /// The trap in which the value `node` is, below `last`; `is_at_top`: below that alone.
    fn trap(&self, last: Option<Step<'_>>, is_at_top: bool, node: &Node) -> Option<Trap> {
        let key = last.and_then(|last| match last {
            Step::Key(key) => Some(key),
            Step::Item(_) => None,
        });
        let Value::Scalar(scalar @ Scalar { text, plain: true, .. }) = &node.value else {
            return None;
        };
        if text.starts_with(SMART) && text.ends_with(SMART) {
            return Some(Trap::SmartQuote);
        }
        let is_secret = self.notes.is_secret(node.span);
        let is_name = is_at_top && key.is_some_and(|key| NAMES.contains(&key.text.as_str()));
        if is_secret || is_name {
            match resolve(scalar) {
                Meaning::Bool(_) => return Some(Trap::Boolean),
                Meaning::Int(number) if *number.to_string() != ***text => return Some(Trap::Number),
                Meaning::Float(_) => return Some(Trap::Number),
                Meaning::Null | Meaning::Int(_) | Meaning::Text(_) => {}
            }
        }
        // Behind other values a comment is what it looks like.
        let is_empty = node.is_null() && key.is_some_and(|key| masked::names_a_secret(&key.text));
        let source = self.texts.get(node.span.source()).filter(|_| is_secret || is_empty)?;
        // Nothing is wherever the parser came to: what matters is behind the key.
        let start = match is_empty {
            true => key?.span.end(),
            false => node.span.end(),
        };
        let behind = source.text.get(start..)?.lines().next()?;
        let behind = behind.strip_prefix(':').filter(|_| is_empty).unwrap_or(behind);
        let comment = behind.trim_start_matches([' ', '\t']).strip_prefix('#')?;
        let goes_on = comment.starts_with(|c: char| !c.is_whitespace());
        (behind.starts_with([' ', '\t']) && goes_on).then_some(Trap::Comment)
    }
}
