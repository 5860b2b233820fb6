//! The tags of a document: those that YAML 1.1 has, and those of other programs, which are refused.

use serde_yaml::granit_parser::{Span as ParserSpan, Tag as ParserTag};

use super::super::super::code::Code;
use super::super::fault::Fault;
use super::super::node::{Span, Tag};
use super::Reader;

impl Reader<'_, '_> {
    /// The tags of YAML 1.1 are understood, others (`!vault`, `!include`) mean something to another program.
    pub(super) fn tag(&self, tag: Option<&ParserTag>, span: &ParserSpan) -> Result<Option<Tag>, Fault> {
        let Some(tag) = tag else { return Ok(None) };
        match (tag.handle(), tag.suffix()) {
            ("tag:yaml.org,2002:", "str") | ("!", "") | ("", "!") => Ok(Some(Tag::Str)),
            ("tag:yaml.org,2002:", "binary") => Ok(Some(Tag::Binary)),
            ("tag:yaml.org,2002:", "null") => Ok(Some(Tag::Null)),
            ("tag:yaml.org,2002:", suffix) if TAGS.contains(&suffix) => Ok(Some(Tag::Other)),
            _ => Err(self.unknown_tag(self.span(span))),
        }
    }

    /// Blames the tag of the value at `value`. Only one that is known from elsewhere is named: what was meant by another may
    /// be a password that begins with an exclamation mark.
    fn unknown_tag(&self, value: Span) -> Fault {
        let span = tag_before(self.text, value).unwrap_or(value);
        let written = self.text.get(span.bytes());
        let foreign = FOREIGN_TAGS.iter().find(|tag| written == Some(*tag));
        let (message, hint) = match foreign {
            Some(tag) => (
                format!("the tag `{tag}` means nothing here: it is another program's"),
                "let that program make the document first, or write the value itself",
            ),
            None => (
                "a word that begins with `!` is a tag, and this one is not known".to_owned(),
                "put quotes around a value that begins with `!`, or remove the tag",
            ),
        };
        Fault {
            code: Code::UnknownTag,
            span,
            message,
            hint: Some(hint.to_owned()),
        }
    }
}

/// Tags of Ansible, CloudFormation, Home Assistant, Compose and others, which people copy from there.
const FOREIGN_TAGS: [&str; 18] = [
    "!Base64",
    "!FindInMap",
    "!GetAtt",
    "!If",
    "!ImportValue",
    "!Join",
    "!Ref",
    "!Select",
    "!Split",
    "!Sub",
    "!env",
    "!env_var",
    "!include",
    "!override",
    "!reference",
    "!reset",
    "!secret",
    "!vault",
];

/// Where the tag of the value at `value` is written: before it, perhaps with an anchor in between.
fn tag_before(text: &str, value: Span) -> Option<Span> {
    let mut end = value.start();
    // A tag and an anchor, in either order.
    for _ in 0..2 {
        // The place of a list is behind its first `-`.
        let before = text
            .get(..end)?
            .trim_end_matches(|c: char| c.is_whitespace() || c == '-');
        let start = before.rfind(|c: char| c.is_whitespace() || "[{,".contains(c));
        let start = start.map_or(0, |at| {
            at + before
                .get(at..)
                .and_then(|rest| rest.chars().next())
                .map_or(1, char::len_utf8)
        });
        if before.get(start..)?.starts_with('!') {
            let line = before.get(..start)?.rfind('\n').map_or(0, |newline| newline + 1);
            let below = text.get(start..value.start())?.matches('\n').count();
            let column = 1 + text.get(line..start)?.chars().count();
            return Some(value.moved(start..before.len(), (value.line().saturating_sub(below), column)));
        }
        end = start;
    }
    None
}

/// The other types of YAML 1.1 (<https://yaml.org/type/>), without the `!!`.
const TAGS: [&str; 10] = [
    "bool",
    "float",
    "int",
    "map",
    "merge",
    "omap",
    "pairs",
    "seq",
    "set",
    "timestamp",
];
