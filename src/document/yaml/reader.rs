//! Text to tree, within limits: a document comes from outside and is read by root.

mod tag;

use std::collections::HashMap;
use std::rc::Rc;

use serde_yaml::granit_parser::{Event, Marker, Options, Parser, ScalarStyle, ScanError, Span as ParserSpan};
use zeroize::Zeroizing;

use super::super::budget::{Budget, DEPTH_LIMIT, NODE_LIMIT, PROBLEM_LIMIT, TEXT_LIMIT};
use super::super::code::Code;
use super::super::masked::hides_keys;
use super::fault::{Fault, explain};
use super::merge;
use super::node::{Entry, Key, Node, Scalar, Span, Value};

/// A text that was read.
#[derive(Debug, Default)]
pub struct Parsed {
    /// The tree; `None` when the text holds nothing but comments and white space, or has too many faults.
    pub root: Option<Node>,
    /// What is wrong without making the rest unreadable: duplicate keys. Where there is one more than are reported, the
    /// text wasn't read to its end.
    pub faults: Vec<Fault>,
    /// Each scalar value and key, those of dropped duplicates included, in the order of the text.
    pub pieces: Vec<Piece>,
}

/// A scalar as written in the text, for showing a line of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Where.
    pub span: Span,
    /// Whether it is a key, and for sure no value in the wrong place: see [`Key::secret`].
    pub is_key: bool,
}

/// Reads one YAML document. `source` is put into every [`Span`].
///
/// # Errors
/// The text is not YAML, holds several documents, or exceeds a limit.
pub fn parse(text: &str, source: usize) -> Result<Parsed, Fault> {
    parse_within(text, source, &mut Budget::default())
}

/// The same for one of several texts, which share a budget.
///
/// # Errors
/// The text is not YAML, holds several documents, or exceeds what is left.
pub fn parse_within(text: &str, source: usize, budget: &mut Budget) -> Result<Parsed, Fault> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut reader = Reader {
        parser: Parser::new_from_str_with_options(text, options),
        text,
        source,
        anchors: HashMap::new(),
        faults: Vec::new(),
        pieces: Vec::new(),
        below_secrets: 0,
        budget,
    };
    let root = match reader.document() {
        // Nothing of it is used: the rest needn't be read.
        Err(_) if reader.faults.len() > PROBLEM_LIMIT => None,
        read => read?,
    };
    let root = root.filter(|node| !matches!(&node.value, Value::Scalar(s) if s.plain && s.text.is_empty()));
    Ok(Parsed {
        root,
        faults: reader.faults,
        pieces: reader.pieces,
    })
}

struct Reader<'input, 'budget> {
    parser: Parser<'input, serde_yaml::granit_parser::StrInput<'input>>,
    text: &'input str,
    source: usize,
    anchors: HashMap<usize, Anchor>,
    faults: Vec<Fault>,
    pieces: Vec<Piece>,
    /// How many of the keys that lead here name a secret.
    below_secrets: usize,
    budget: &'budget mut Budget,
}

/// An anchored value with what it costs to repeat it.
#[derive(Clone)]
struct Anchor {
    value: Rc<Value>,
    nodes: usize,
    bytes: usize,
}

impl<'input> Reader<'input, '_> {
    fn document(&mut self) -> Result<Option<Node>, Fault> {
        let mut root = None;
        let mut documents = 0;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        let hint = "firstlight applies one document: join them, or remove the second `---`";
                        return Err(self.fault(
                            Code::SecondDocument,
                            &span,
                            "a second YAML document starts here",
                            Some(hint),
                        ));
                    }
                }
                Event::StreamStart | Event::DocumentEnd => {}
                Event::StreamEnd => break,
                event => root = Some(self.node(event, span, 0)?),
            }
        }
        Ok(root)
    }

    fn next(&mut self) -> Result<Option<(Event<'input>, ParserSpan)>, Fault> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok(pair)) => Ok(Some(pair)),
            Some(Err(error)) => Err(self.scan_fault(&error)),
        }
    }

    fn node(&mut self, event: Event<'input>, span: ParserSpan, depth: usize) -> Result<Node, Fault> {
        if depth > DEPTH_LIMIT {
            return Err(self.fault(
                Code::TooLarge,
                &span,
                format!("nested deeper than {DEPTH_LIMIT} levels"),
                None,
            ));
        }
        self.spend(&span, 1, 0)?;
        let before = *self.budget;
        let (value, anchor) = match event {
            Event::Alias(id) => return self.alias(id, &span),
            Event::Scalar(text, style, anchor, tag) => {
                self.spend(&span, 0, text.len())?;
                self.pieces.push(Piece {
                    span: self.span(&span),
                    is_key: false,
                });
                let plain = style == ScalarStyle::Plain;
                let tag = self.tag(tag.as_deref(), &span)?;
                // The parser writes `~` for a value that isn't there.
                let written = self
                    .text
                    .get(self.span(&span).start()..)
                    .is_some_and(|rest| rest.starts_with('~'));
                let text = if plain && text == "~" && !written {
                    "".into()
                } else {
                    text
                };
                (
                    Value::Scalar(Scalar {
                        text: Zeroizing::new(text.into()),
                        plain,
                        tag,
                    }),
                    anchor,
                )
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.tag(tag.as_deref(), &span)?;
                (self.sequence(depth)?, anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.tag(tag.as_deref(), &span)?;
                (self.mapping(depth)?, anchor)
            }
            _ => return Err(self.fault(Code::NotYaml, &span, "a value is missing here", None)),
        };
        let node = Node {
            value,
            span: self.span(&span),
        };
        if anchor != 0 {
            let nodes = before.nodes() - self.budget.nodes() + 1;
            let bytes = before.bytes() - self.budget.bytes();
            // What is kept for its aliases is paid for like what they repeat.
            self.spend(&span, nodes, bytes)?;
            let value = Rc::new(node.value.clone());
            self.anchors.insert(anchor, Anchor { value, nodes, bytes });
        }
        Ok(node)
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut items = Vec::new();
        while let Some((event, span)) = self.next()? {
            match event {
                Event::SequenceEnd => break,
                event => items.push(self.node(event, span, depth + 1)?),
            }
        }
        items.shrink_to_fit();
        Ok(Value::Sequence(items))
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut entries = Vec::new();
        let mut places = Places::default();
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key = self.key(event, span, depth)?;
            let Some((event, span)) = self.next()? else { break };
            let secret = usize::from(hides_keys(&key.text));
            self.below_secrets += secret;
            let value = self.node(event, span, depth + 1)?;
            self.below_secrets -= secret;
            self.insert(&mut entries, &mut places, Entry { key, value })?;
        }
        let mut entries = merge::expand_merge_keys(entries)?;
        // What a document has most of is small mappings, and all of them are kept.
        entries.shrink_to_fit();
        Ok(Value::Mapping(entries))
    }

    /// PyYAML takes the last of two equal keys without a word. So do we, but not without a word.
    fn insert(&mut self, entries: &mut Vec<Entry>, places: &mut Places, entry: Entry) -> Result<(), Fault> {
        let known = places.find(entries, &entry.key.text);
        let known = known.filter(|_| entry.key.text != "<<");
        let Some(first) = known.and_then(|at| entries.get_mut(at)) else {
            entries.push(entry);
            return Ok(());
        };
        let fault = Fault {
            code: Code::DuplicateKey,
            span: entry.key.span,
            message: match entry.key.secret {
                true => "a key is given twice".to_owned(),
                false => format!("the key `{}` is given twice", entry.key.text.escape_debug()),
            },
            hint: Some(format!(
                "it is first given at line {}; keep one of them",
                first.key.span.line()
            )),
        };
        *first = entry;
        self.faults.push(fault.clone());
        match self.faults.len() > PROBLEM_LIMIT {
            true => Err(fault),
            false => Ok(()),
        }
    }

    fn key(&mut self, event: Event<'input>, span: ParserSpan, depth: usize) -> Result<Key, Fault> {
        let own = self.pieces.len();
        let node = self.node(event, span, depth + 1)?;
        let colon = self.text.get(node.span.end()..).map(str::trim_start);
        let is_key = self.below_secrets == 0 && colon.is_some_and(|rest| rest.starts_with([':', '"', '\'']));
        if let Some(piece) = self.pieces.get_mut(own) {
            piece.is_key = is_key;
        }
        match node.value {
            Value::Scalar(scalar) => Ok(Key {
                text: scalar.text.to_string(),
                span: node.span,
                secret: !is_key,
            }),
            Value::Mapping(_)
                if self
                    .text
                    .get(..node.span.start())
                    .is_some_and(|before| before.ends_with('{')) =>
            {
                // The outer bracket is before it.
                let bytes = node.span.start().saturating_sub(1)..node.span.end();
                let at = (node.span.line(), node.span.column().saturating_sub(1));
                Err(Fault {
                    code: Code::Unquoted,
                    span: node.span.moved(bytes, at),
                    message: "`{{` doesn't begin a variable in YAML".to_owned(),
                    hint: Some("if this is a template, make `## template: jinja` its first line".to_owned()),
                })
            }
            _ => Err(Fault {
                code: Code::Unquoted,
                span: node.span,
                message: "a list or a mapping can't be a key".to_owned(),
                hint: Some("put quotes around a value that begins with `[` or `{`".to_owned()),
            }),
        }
    }

    fn alias(&mut self, id: usize, span: &ParserSpan) -> Result<Node, Fault> {
        let Some(anchor) = self.anchors.get(&id).cloned() else {
            return Err(self.fault(Code::UnknownAnchor, span, "this alias is inside its own anchor", None));
        };
        // The price is paid before the copy is made: that is what stops an alias bomb.
        self.spend(span, anchor.nodes, anchor.bytes)?;
        Ok(Node {
            value: anchor.value.as_ref().clone(),
            span: self.span(span),
        })
    }

    fn spend(&mut self, span: &ParserSpan, nodes: usize, bytes: usize) -> Result<(), Fault> {
        self.budget.spend(nodes, bytes).ok_or_else(|| {
            let size = TEXT_LIMIT / 1024 / 1024;
            let message = format!(
                "the document is too large: more than {NODE_LIMIT} values, or {size} MiB of text, with its anchors and aliases"
            );
            self.fault(Code::TooLarge, span, message, Some("use fewer values; aliases of aliases multiply"))
        })
    }

    fn fault(&self, code: Code, span: &ParserSpan, message: impl Into<String>, hint: Option<&str>) -> Fault {
        Fault {
            code,
            span: self.span(span),
            message: message.into(),
            hint: hint.map(str::to_owned),
        }
    }

    fn scan_fault(&self, error: &ScanError) -> Fault {
        let marker = error.marker();
        explain(error, self.text, self.span_between(marker, marker))
    }

    fn span(&self, span: &ParserSpan) -> Span {
        self.span_between(&span.start, &span.end)
    }

    fn span_between(&self, start: &Marker, end: &Marker) -> Span {
        let first = start.byte_offset().unwrap_or(0);
        let end = end.byte_offset().unwrap_or(first).max(first);
        Span::new(self.source, first..end, (start.line(), start.col() + 1))
    }
}

/// Where each key of a mapping is. Most have few, which are compared; one may have very many.
#[derive(Default)]
struct Places {
    places: HashMap<String, usize>,
    /// How many of the entries are in there.
    known: usize,
}

impl Places {
    const FEW: usize = 16;

    /// The number of the entry with this key; of several, the last. Entries are only added between two calls.
    fn find(&mut self, entries: &[Entry], key: &str) -> Option<usize> {
        if entries.len() <= Self::FEW {
            return entries.iter().rposition(|entry| entry.key.text == key);
        }
        let added = entries.iter().enumerate().skip(self.known);
        self.places
            .extend(added.map(|(at, entry)| (entry.key.text.clone(), at)));
        self.known = entries.len();
        self.places.get(key).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Fault {
        match parse(text, 0) {
            Err(fault) => fault,
            Ok(parsed) => parsed
                .faults
                .into_iter()
                .next()
                .unwrap_or_else(|| panic!("no fault in {text:?}")),
        }
    }

    #[test]
    fn every_fault_has_its_place() {
        let table = [
            ("a: 1\na: 2\n", 2, 1, "given twice"),
            ("a:\n\tb: 1\n", 2, 1, "tab"),
            ("a:\n  b: 1\n\tc: 2\n", 3, 1, "tab"),
            ("a:\n  - b\n\t- c\n", 3, 1, "tab"),
            ("a: [1, 2\n", 1, 4, "not YAML"),
            ("a: 1\n---\nb: 2\n", 2, 1, "second YAML document"),
            ("a: !vault x\n", 1, 4, "the tag `!vault` means nothing here"),
            ("password: !vault |\n  x\n", 1, 11, "the tag `!vault`"),
            ("a: !!vault x\n", 1, 4, "this one is not known"),
            ("ä: &b !foo\n  c: 1\n", 1, 7, "this one is not known"),
            ("a: !foo &b\n- c\n", 1, 4, "this one is not known"),
            ("a: [b, !foo c]\n", 1, 8, "this one is not known"),
            ("a: !foo\n", 1, 4, "this one is not known"),
            ("password: !hunter2 x\n", 1, 11, "this one is not known"),
            ("[a, b]: 1\n", 1, 1, "can't be a key"),
            ("a: {{ b }}\n", 1, 4, "`{{` doesn't begin a variable"),
            ("// a\nb: c\n", 1, 1, "not a comment either"),
            ("a: {b: #c}\n", 1, 4, "isn't closed before ` #`"),
            ("a: &x [*x]\n", 1, 8, "inside its own anchor"),
        ];
        for (text, line, column, words) in table {
            let fault = fault(text);
            assert!(
                fault.message.contains(words) || fault.hint.as_deref().is_some_and(|h| h.contains(words)),
                "{text:?}: {fault:?}"
            );
            assert_eq!(
                (fault.span.line(), (fault.span.column() > 0)),
                (line, column > 0),
                "{text:?}: {fault:?}"
            );
        }
    }

    #[test]
    fn bombs_and_pits_are_refused() {
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
        for i in 1..9 {
            let previous = vec![format!("*a{}", i - 1); 9].join(",");
            bomb.push_str(&format!("a{i}: &a{i} [{previous}]\n"));
        }
        assert!(fault(&bomb).message.contains("too large"));
        for text in ["[".repeat(5000), "- ".repeat(5000), "{a: ".repeat(5000)] {
            fault(&text);
        }
        let big = format!("a: &a \"{}\"\nb: [{}]", "x".repeat(100_000), vec!["*a"; 400].join(","));
        assert!(fault(&big).message.contains("too large"));
    }

    #[test]
    fn what_anchors_keep_is_paid_for() {
        let values = vec!["x"; NODE_LIMIT / 60].join(",");
        let open: String = (0..60).map(|n| format!("&a{n} [")).collect();
        let nested = format!("a: {open}{values}{}\n", "]".repeat(60));
        assert!(fault(&nested).message.contains("too large"));
        assert!(parse(&format!("a: [{values}]\n"), 0).is_ok());
        let text = format!("a: &a {:?}\nb: &b {:?}\n", "x".repeat(6 << 20), "y".repeat(3 << 20));
        assert!(fault(&text).message.contains("too large"));
    }

    #[test]
    fn several_texts_share_a_budget() {
        let text = format!("a: [{}]\n", vec!["x"; NODE_LIMIT / 2 - 100].join(","));
        let mut budget = Budget::default();
        let read = |budget: &mut Budget| parse_within(&text, 0, budget).is_ok();
        assert_eq!(
            [read(&mut budget), read(&mut budget), read(&mut budget)],
            [true, true, false]
        );
    }

    #[test]
    fn keys_without_end_are_reported_so_often() {
        for text in ["a: 1\n".repeat(5000), format!("{{{}}}", "a: 1, ".repeat(5000))] {
            let parsed = parse(&text, 0).unwrap();
            assert_eq!(parsed.faults.len(), PROBLEM_LIMIT + 1);
            assert!(parsed.root.is_none() && parsed.pieces.len() < 2 * PROBLEM_LIMIT + 10);
        }
    }

    #[test]
    fn nothing_is_not_a_fault() {
        for text in [
            "",
            "\n",
            "# only a comment\n",
            "#cloud-config\n",
            "---\n",
            "\u{feff}#cloud-config\n",
        ] {
            assert!(parse(text, 0).unwrap().root.is_none(), "{text:?}");
        }
    }

    #[test]
    fn values_know_where_they_stand() {
        let root = parse("a:\n  - b: wörd\n    c: x\n", 0).unwrap().root.unwrap();
        let node = root.find(&["a".into(), "0".into(), "c".into()]).unwrap();
        assert_eq!((node.span.line(), node.span.column()), (3, 8));
        let key = root.find_key(&["a".into(), "0".into(), "b".into()]).unwrap();
        assert_eq!((key.span.line(), key.span.column()), (2, 5));
    }
}
