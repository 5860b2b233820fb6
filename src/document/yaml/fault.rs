//! Why a text is not the YAML that we take: in words of our own, since the parser's are about its grammar, and with what to
//! do. A word of the text is shown where it is a key for sure, and no other: it may be a secret.

mod comma;
mod place;

use serde_yaml::granit_parser::{ErrorKind, ScanError};

use super::super::code::Code;
use super::node::{Node, Span, Value};
use place::{Place, is_glued, without_space};

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
    let place = Place { text, at: span.start() };
    let (code, what, hint) = in_words(error.kind(), &place);
    // Whatever the parser makes of a tab, that is the mistake.
    if let Some(tab) = place.tab(code == Code::Tab) {
        let (code, what, hint) = in_words(&ErrorKind::TabInIndentation, &place);
        return fault(code, what, hint, span).moved(&place, tab);
    }
    if let Some((code, what, hint)) = place.comma(error.kind()) {
        return fault(code, what, hint, span);
    }
    if let Some(fault) = colon_above(error.kind(), &place, span) {
        return fault;
    }
    let what = what.unwrap_or_else(|| unquoted(&error.info()).to_owned());
    let fault = fault(code, Some(what), hint, span);
    match code {
        // The line is to blame, not the colon in it.
        Code::WrongIndentation => fault.moved(&place, place.line_start() + indent(place.line())),
        _ => fault,
    }
}

impl Fault {
    /// What is wrong with a text that is nothing but `key:value`, which is YAML, and hardly meant as it is.
    pub fn of_glued(node: &Node) -> Option<Self> {
        let Value::Scalar(scalar) = &node.value else {
            return None;
        };
        (scalar.plain && is_glued(&scalar.text)).then(|| {
            let (code, what, hint) = without_space();
            fault(code, what, hint, node.span)
        })
    }

    /// The same, at another place in the text.
    fn moved(mut self, place: &Place<'_>, at: usize) -> Self {
        let newlines = |from: usize, to: usize| place.text.get(from..to).unwrap_or_default().matches('\n').count();
        let from = floor(place.text, place.at);
        let line = (self.span.line() + newlines(from, at)).saturating_sub(newlines(at, from));
        let before = place.text.get(..at).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = 1 + before.get(start..).unwrap_or_default().chars().count();
        self.span = self.span.moved(at..at, (line, column));
        self
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// A line without a colon, or with a bracket that isn't closed, goes on in the next one: the parser only stumbles over the
/// colon there.
fn colon_above(kind: &ErrorKind, place: &Place<'_>, span: Span) -> Option<Fault> {
    let (start, line) = place.line_above()?;
    let is_colon = matches!(
        kind,
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement
    );
    if let Some(bracket) = open_bracket(line).filter(|_| is_colon) {
        let (code, what, hint) = bracket_fault("a `[` isn't closed");
        return Some(fault(code, what, hint, span).moved(place, start + bracket));
    }
    let has_colon = line.contains(": ") || line.trim_end().ends_with(':');
    let is_plain = !line.trim_start().starts_with(['#', '-', '"', '\'', '[', '{']);
    if !matches!(kind, ErrorKind::MappingValueNotAllowed)
        || has_colon
        || !is_plain
        || indent(line) != indent(place.line())
    {
        return None;
    }
    let at = start + indent(line);
    let (code, what, hint) = Place { at, ..*place }.without_colon();
    Some(fault(code, what, hint, span).moved(place, at))
}

/// Where in a line a `[` is that the line doesn't close.
fn open_bracket(line: &str) -> Option<usize> {
    let is_open = line.matches('[').count() > line.matches(']').count();
    line.rfind('[').filter(|_| is_open)
}

fn fault(code: Code, what: Option<String>, hint: Option<&'static str>, span: Span) -> Fault {
    Fault {
        code,
        span,
        message: format!("this is not YAML: {}", what.unwrap_or_default()),
        hint: hint.map(str::to_owned),
    }
}

type Words = (Code, Option<String>, Option<&'static str>);

fn words(code: Code, what: &str, hint: &'static str) -> Words {
    (code, Some(what.to_owned()), Some(hint))
}

fn in_words(kind: &ErrorKind, place: &Place<'_>) -> Words {
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => words(
            Code::Tab,
            "there is a tab where only spaces can be",
            "replace each tab with spaces; `firstlight validate --fix` does that",
        ),
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::DocumentIndicatorInQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent => words(
            Code::Unclosed,
            "a quote isn't closed",
            "close it at the end of the value",
        ),
        ErrorKind::InvalidTrailingSingleQuotedScalar => words(
            Code::Unclosed,
            "there is something after the closing quote",
            "write `''` for each `'` within single quotes, or use double quotes",
        ),
        ErrorKind::InvalidTrailingDoubleQuotedScalar => words(
            Code::Unclosed,
            "there is something after the closing quote",
            "write `\\\"` for each `\"` within double quotes, or use single quotes",
        ),
        ErrorKind::UnclosedFlowCollection { open } if place.line().contains(" #") => words(
            Code::Unclosed,
            &format!("a `{open}` isn't closed before ` #`, which begins a comment"),
            "put quotes around a value with a `#` in it; close the bracket before a comment",
        ),
        ErrorKind::UnclosedFlowCollection { open } => bracket_fault(&format!("a `{open}` isn't closed")),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            bracket_fault(&format!("a `{open}` is closed by a `{close}`"))
        }
        ErrorKind::MisplacedFlowCollectionEnd => bracket_fault("a bracket is closed that was not opened"),
        ErrorKind::ExpectedFlowMappingSeparator => words(
            Code::Unclosed,
            "a `,` or the closing `}` is missing",
            "put a `,` after each value, a `}` at the end, and quotes around a value that has a bracket in it",
        ),
        ErrorKind::ExpectedFlowSequenceSeparator => words(
            Code::Unclosed,
            "a `,` or the closing `]` is missing",
            "put a `,` after each value, a `]` at the end, and quotes around a value that has a bracket in it",
        ),
        ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::InvalidFlowScalarIndent => bracket_fault("a bracket isn't closed"),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => place.without_colon(),
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => place.one_colon_too_many(),
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::InvalidIndentation
        | ErrorKind::UnexpectedEofBlockMapping
        | ErrorKind::UnexpectedEofBlockSequence
        | ErrorKind::InvalidBlockScalarIndent => words(
            Code::WrongIndentation,
            "this line isn't indented like those it belongs to",
            "keys of one mapping begin in the same column, and so do the `-` of one list",
        ),
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => words(
            Code::NotYaml,
            "there is a control character here",
            "remove it; in double quotes, write it as an escape such as `\\a` or `\\x07`",
        ),
        ErrorKind::UnexpectedCharacter { character } => (
            Code::Unquoted,
            Some(format!("a value can't begin with `{}`", character.escape_debug())),
            Some(QUOTE_IT),
        ),
        ErrorKind::UnknownAnchor | ErrorKind::MissingAnchorOrAliasName => words(
            Code::UnknownAnchor,
            "a value that begins with `*` repeats another one, and there is none of that name",
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
            "a backslash in double quotes begins an escape such as `\\n`, and YAML doesn't know this one",
            "use single quotes: a backslash is a backslash there",
        ),
        ErrorKind::UndeclaredTagHandle
        | ErrorKind::ExpectedTagBang
        | ErrorKind::InvalidTagTerminator
        | ErrorKind::MissingTagUri
        | ErrorKind::UnclosedVerbatimTag
        | ErrorKind::InvalidTagEscape => words(
            Code::UnknownTag,
            "a value that begins with `!` has a tag, and YAML doesn't know this one",
            QUOTE_IT,
        ),
        ErrorKind::CommentNotSeparated | ErrorKind::CommentInterceptedScalar => words(
            Code::Unquoted,
            "a `#` here begins a comment in the middle of a value",
            "put quotes around a value with a `#`, and a space before a comment",
        ),
        ErrorKind::InvalidBlockScalarHeader | ErrorKind::ZeroBlockScalarIndent => words(
            Code::Unquoted,
            "a value that begins with `|` or `>` is a block of text, which begins on the next line",
            "put quotes around the value, or begin the text on the next line, indented",
        ),
        ErrorKind::ExpectedDocumentStart if !place.line().starts_with('%') => words(
            Code::WrongIndentation,
            "this line is indented less than those above it",
            "begin all keys of the document in the same column, the first",
        ),
        ErrorKind::InvalidDirectiveName
        | ErrorKind::MissingDirectiveName
        | ErrorKind::DirectiveDisallowed
        | ErrorKind::ExpectedDocumentStart
        | ErrorKind::MissingYamlVersion => words(
            Code::Unquoted,
            "a line that begins with `%` is for YAML itself",
            "put quotes around a text that begins with `%`",
        ),
        ErrorKind::BlockSequenceEntryNotAllowed
        | ErrorKind::InvalidBlockEntryWhitespace
        | ErrorKind::BlockEntryInFlowCollection
        | ErrorKind::PlainScalarStartsWithDashFlowIndicator => words(
            Code::NotYaml,
            "a list can't begin here",
            "begin each item on its own line with `- `, or write `[item, item]`",
        ),
        ErrorKind::BomInsideDocument => words(
            Code::NotYaml,
            "there is an invisible byte order mark in the middle of the text",
            "remove it; it may come from joining two files",
        ),
        ErrorKind::RecursionLimitExceeded => words(
            Code::TooLarge,
            "lists and mappings are nested too deep",
            "a document needs a few levels",
        ),
        _ => (Code::NotYaml, None, None),
    }
}

fn bracket_fault(what: &str) -> Words {
    let hint = "close each `[` with `]` and each `{` with `}`; put quotes around a value that has one of these in it";
    (Code::Unclosed, Some(what.to_owned()), Some(hint))
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
