//! Why a text is not the YAML that we take: in words of our own, since the parser's are about its grammar, and with what to
//! do. A word of the text is shown where it is a key for sure, and no other: it may be a secret.

use serde_yaml::granit_parser::{ErrorKind, ScanError};

use super::super::code::Code;
use super::node::Span;

/// Why a text is not the YAML that we take, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The kind of mistake.
    pub code: Code,
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

const QUOTE_IT: &str = "put quotes around the value";

/// What the parser met at `span`.
pub(super) fn explain(error: &ScanError, text: &str, span: Span) -> Fault {
    let place = Place { text, at: span.start };
    if let Some(fault) = colon_above(error.kind(), &place, span) {
        return fault;
    }
    let (code, what, hint) = in_words(error.kind(), &place);
    let what = what.unwrap_or_else(|| unquoted(&error.info()).to_owned());
    Fault {
        code,
        span,
        message: format!("this is not YAML: {what}"),
        hint: hint.map(str::to_owned),
    }
}

/// A line without a colon goes on in the next one, and the parser only stumbles over the colon there.
fn colon_above(kind: &ErrorKind, place: &Place<'_>, span: Span) -> Option<Fault> {
    let (start, line) = place
        .line_above()
        .filter(|_| matches!(kind, ErrorKind::MappingValueNotAllowed))?;
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let has_colon = line.contains(": ") || line.trim_end().ends_with(':');
    let is_plain = !line.trim_start().starts_with(['#', '-', '"', '\'', '[', '{']);
    if has_colon || !is_plain || indent(line) != indent(place.line()) {
        return None;
    }
    let at = start + indent(line);
    let (code, what, hint) = Place { at, ..*place }.without_colon();
    Some(Fault {
        code,
        span: Span {
            start: at,
            end: at,
            line: span.line.saturating_sub(1),
            column: 1 + indent(line),
            ..span
        },
        message: format!("this is not YAML: {}", what.unwrap_or_default()),
        hint: hint.map(str::to_owned),
    })
}

type Words = (Code, Option<String>, Option<&'static str>);

fn in_words(kind: &ErrorKind, place: &Place<'_>) -> Words {
    let words = |code, what: &str, hint| (code, Some(what.to_owned()), Some(hint));
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => words(
            Code::Tab,
            "there is a tab where only spaces can be",
            "replace each tab by spaces; `firstlight validate --fix` does it",
        ),
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::DocumentIndicatorInQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent => words(
            Code::Unclosed,
            "a quote is opened and not closed",
            "close it at the end of the value",
        ),
        ErrorKind::InvalidTrailingSingleQuotedScalar => words(
            Code::Unclosed,
            "there is something behind the closing quote",
            "write `''` for each `'` within single quotes, or use double quotes",
        ),
        ErrorKind::InvalidTrailingDoubleQuotedScalar => words(
            Code::Unclosed,
            "there is something behind the closing quote",
            "write `\\\"` for each `\"` within double quotes, or use single quotes",
        ),
        ErrorKind::UnclosedFlowCollection { open } => bracket(&format!("a `{open}` is opened and not closed")),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            bracket(&format!("a `{open}` is closed by a `{close}`"))
        }
        ErrorKind::MisplacedFlowCollectionEnd => bracket("a bracket is closed that was not opened"),
        ErrorKind::ExpectedFlowMappingSeparator => bracket("a `,` or the closing `}` is missing"),
        ErrorKind::ExpectedFlowSequenceSeparator => bracket("a `,` or the closing `]` is missing"),
        ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::InvalidFlowScalarIndent => bracket("a bracket is opened and not closed"),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => place.without_colon(),
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => place.one_colon_too_many(),
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::InvalidIndentation
        | ErrorKind::BlockSequenceEntryNotAllowed
        | ErrorKind::UnexpectedEofBlockMapping
        | ErrorKind::UnexpectedEofBlockSequence
        | ErrorKind::InvalidBlockScalarIndent => words(
            Code::WrongIndentation,
            "this line is indented differently from those it belongs to",
            "keys of one mapping begin in the same column, and so do the `-` of one list",
        ),
        ErrorKind::UnexpectedCharacter { character } => (
            Code::Unquoted,
            Some(format!("a value can't begin with `{}`", character.escape_debug())),
            Some(QUOTE_IT),
        ),
        ErrorKind::UnknownAnchor | ErrorKind::MissingAnchorOrAliasName => words(
            Code::UnknownAnchor,
            "a value that begins with `*` or `&` refers to another one, and there is none of that name",
            QUOTE_IT,
        ),
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidLowSurrogateHexEscape
        | ErrorKind::InvalidLowSurrogate
        | ErrorKind::MissingLowSurrogate
        | ErrorKind::UnpairedLowSurrogate
        | ErrorKind::InvalidUnicodeEscape => words(
            Code::BadEscape,
            "a backslash in double quotes begins an escape such as `\\n`, and this one is none",
            "use single quotes: a backslash is a backslash there",
        ),
        ErrorKind::UndeclaredTagHandle
        | ErrorKind::ExpectedTagBang
        | ErrorKind::InvalidTagTerminator
        | ErrorKind::MissingTagUri
        | ErrorKind::UnclosedVerbatimTag
        | ErrorKind::InvalidTagEscape => words(
            Code::UnknownTag,
            "a value that begins with `!` has a tag, and this one is none that YAML knows",
            QUOTE_IT,
        ),
        ErrorKind::CommentNotSeparated | ErrorKind::CommentInterceptedScalar => words(
            Code::Unquoted,
            "a `#` here begins a comment in the middle of a value",
            "put quotes around a value with a `#`, and a space before a comment",
        ),
        ErrorKind::InvalidBlockScalarHeader | ErrorKind::ZeroBlockScalarIndent => words(
            Code::Unquoted,
            "a value that begins with `|` or `>` is a block of lines, which begins in the next line",
            "put quotes around the value, or begin the text in the next line, indented",
        ),
        ErrorKind::InvalidDirectiveName
        | ErrorKind::MissingDirectiveName
        | ErrorKind::DirectiveDisallowed
        | ErrorKind::ExpectedDocumentStart
        | ErrorKind::MissingYamlVersion => words(
            Code::Unquoted,
            "a line that begins with `%` speaks to YAML itself",
            "put quotes around what begins with `%`",
        ),
        ErrorKind::InvalidBlockEntryWhitespace
        | ErrorKind::BlockEntryInFlowCollection
        | ErrorKind::PlainScalarStartsWithDashFlowIndicator => words(
            Code::NotYaml,
            "a `-` stands here where no list can be",
            "begin each item of a list in a line of its own, as `- item`, or write `[item, item]`",
        ),
        ErrorKind::BomInsideDocument => words(
            Code::NotYaml,
            "there is an invisible byte order mark in the middle of the text",
            "remove it: two files were joined, perhaps",
        ),
        ErrorKind::RecursionLimitExceeded => words(
            Code::TooLarge,
            "lists and mappings are nested too deeply",
            "a document needs a few levels",
        ),
        _ => (Code::NotYaml, None, None),
    }
}

fn bracket(what: &str) -> Words {
    let hint = "close each `[` with `]` and each `{` with `}`; put quotes around a value that has one of these in it";
    (Code::Unclosed, Some(what.to_owned()), Some(hint))
}

/// The place of a fault in its text.
struct Place<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Place<'a> {
    fn line(&self) -> &'a str {
        let at = floor(self.text, self.at);
        let start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        self.text[start..].lines().next().unwrap_or_default()
    }

    /// The line before, and where it begins.
    fn line_above(&self) -> Option<(usize, &'a str)> {
        let start = self.text[..floor(self.text, self.at)].rfind('\n')?;
        let before = &self.text[..start];
        let above = before.rfind('\n').map_or(0, |newline| newline + 1);
        Some((above, before[above..].trim_end_matches('\r')))
    }

    /// A line where a key was expected, and no colon makes it one.
    fn without_colon(&self) -> Words {
        let line = self.line().trim_start_matches([' ', '-']);
        let word = line.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')));
        let is_glued = word.is_some_and(|end| end > 0 && line[end..].starts_with(':'));
        match is_glued {
            // The word is not shown: nobody knows that it is a key.
            true => (
                Code::MissingColon,
                Some("there is no space behind the colon".to_owned()),
                Some("write `key: value`, with a space behind the colon"),
            ),
            false => (
                Code::MissingColon,
                Some("this line is no `key: value`".to_owned()),
                Some("put a colon and a space behind the key; a text of several lines begins with `|`"),
            ),
        }
    }

    /// A colon where no key can be: within a value, or on a line that is indented too far.
    fn one_colon_too_many(&self) -> Words {
        let above = self.line_above().map_or("", |(_, line)| line);
        if above.matches('[').count() > above.matches(']').count() {
            return bracket("a `[` is opened in the line above and not closed");
        }
        match self.line().matches(": ").count() > 1 || self.line().contains(": - ") {
            true => (
                Code::Unquoted,
                Some("a value with `: ` in it looks like another key".to_owned()),
                Some(QUOTE_IT),
            ),
            false => (
                Code::WrongIndentation,
                Some("this line is indented further than the one it belongs beside".to_owned()),
                Some("begin it in the same column as the key above; or is a colon missing in the line above?"),
            ),
        }
    }
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// What the parser says, without the words of the document that it quotes.
fn unquoted(info: &str) -> &str {
    let end = info.find(['`', '"', '<']).unwrap_or(info.len());
    info.get(..end).unwrap_or_default().trim_end_matches([' ', ':'])
}
