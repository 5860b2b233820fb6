//! Text to tree, within limits: a document comes from outside and is read by root.

use std::collections::HashMap;
use std::rc::Rc;

use serde_yaml::granit_parser::{Event, Marker, Options, Parser, ScalarStyle, ScanError, Span as ParserSpan, Tag};
use zeroize::Zeroizing;

use super::super::redact::hides_keys;
use super::merge;
use super::node::{Entry, Key, Node, Scalar, Span, Value};

/// How deep lists and mappings may nest.
pub const DEPTH_LIMIT: usize = 64;
/// How many values a document may have, aliases expanded.
pub const NODE_LIMIT: usize = 200_000;
/// How many bytes of text a document may have once its aliases are expanded.
pub const TEXT_LIMIT: usize = 32 * 1024 * 1024;

/// Why a text is not the YAML that we take, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A text that was read.
#[derive(Debug, Default)]
pub struct Parsed {
    /// The tree; `None` when the text holds nothing but comments and white space.
    pub root: Option<Node>,
    /// What is wrong without making the rest unreadable: duplicate keys.
    pub faults: Vec<Fault>,
    /// Where each scalar value stands, those of dropped duplicates included. Keys are not among them, but for those that
    /// may be a value in the wrong place: below a secret's name, or without a colon.
    pub scalars: Vec<Span>,
}

/// Reads one YAML document. `source` is put into every [`Span`].
///
/// # Errors
/// The text is not YAML, holds several documents, or exceeds a limit.
pub fn parse(text: &str, source: usize) -> Result<Parsed, Fault> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut reader = Reader {
        parser: Parser::new_from_str_with_options(text, options),
        text,
        source,
        anchors: HashMap::new(),
        faults: Vec::new(),
        scalars: Vec::new(),
        below_secrets: 0,
        nodes: 0,
        bytes: 0,
    };
    let root = reader.document()?;
    let root = root.filter(|node| !matches!(&node.value, Value::Scalar(s) if s.plain && s.text.is_empty()));
    Ok(Parsed {
        root,
        faults: reader.faults,
        scalars: reader.scalars,
    })
}

struct Reader<'input> {
    parser: Parser<'input, serde_yaml::granit_parser::StrInput<'input>>,
    text: &'input str,
    source: usize,
    anchors: HashMap<usize, Anchor>,
    faults: Vec<Fault>,
    scalars: Vec<Span>,
    /// How many of the keys that lead here name a secret.
    below_secrets: usize,
    nodes: usize,
    bytes: usize,
}

/// An anchored value with what it costs to repeat it.
#[derive(Clone)]
struct Anchor {
    value: Rc<Value>,
    nodes: usize,
    bytes: usize,
}

impl<'input> Reader<'input> {
    fn document(&mut self) -> Result<Option<Node>, Fault> {
        let mut root = None;
        let mut documents = 0;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        let hint = "one document is applied: join them, or remove the second `---`";
                        return Err(self.fault(&span, "a second YAML document starts here", Some(hint)));
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
            return Err(self.fault(&span, format!("nested deeper than {DEPTH_LIMIT} levels"), None));
        }
        self.spend(&span, 1, 0)?;
        let (nodes, bytes) = (self.nodes, self.bytes);
        let (value, anchor) = match event {
            Event::Alias(id) => return self.alias(id, &span),
            Event::Scalar(text, style, anchor, tag) => {
                self.spend(&span, 0, text.len())?;
                self.scalars.push(self.span(&span));
                let plain = style == ScalarStyle::Plain;
                let tag = self.tag(tag.as_deref(), &span)?;
                // The parser writes `~` for a value that isn't there.
                let written = self
                    .text
                    .get(self.span(&span).start..)
                    .is_some_and(|rest| rest.starts_with('~'));
                let text = if plain && text == "~" && !written {
                    "".into()
                } else {
                    text
                };
                (
                    Value::Scalar(Scalar {
                        text: Zeroizing::new(text.into_owned()),
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
            _ => return Err(self.fault(&span, "a value is missing here", None)),
        };
        let node = Node {
            value,
            span: self.span(&span),
        };
        if anchor != 0 {
            let cost = Anchor {
                value: Rc::new(node.value.clone()),
                nodes: self.nodes - nodes + 1,
                bytes: self.bytes - bytes,
            };
            self.anchors.insert(anchor, cost);
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
        Ok(Value::Sequence(items))
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut entries = Vec::new();
        let mut places = HashMap::new();
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
            self.insert(&mut entries, &mut places, Entry { key, value });
        }
        merge::expand_merge_keys(entries).map(Value::Mapping)
    }

    /// PyYAML takes the last of two equal keys without a word. So do we, but not without a word. `places` says where in
    /// `entries` each key is: a mapping may have very many.
    fn insert(&mut self, entries: &mut Vec<Entry>, places: &mut HashMap<String, usize>, entry: Entry) {
        let known = places.get(&entry.key.text).filter(|_| entry.key.text != "<<");
        let Some(first) = known.and_then(|at| entries.get_mut(*at)) else {
            places.insert(entry.key.text.clone(), entries.len());
            entries.push(entry);
            return;
        };
        self.faults.push(Fault {
            span: entry.key.span,
            message: match self.scalars.contains(&entry.key.span) {
                true => "a key is there twice".to_owned(),
                false => format!("the key `{}` is there twice", entry.key.text.escape_debug()),
            },
            hint: Some(format!(
                "it is first given at line {}; keep one of them",
                first.key.span.line
            )),
        });
        *first = entry;
    }

    fn key(&mut self, event: Event<'input>, span: ParserSpan, depth: usize) -> Result<Key, Fault> {
        let values = self.scalars.len();
        let node = self.node(event, span, depth + 1)?;
        let colon = self.text.get(node.span.end..).map(str::trim_start);
        if self.below_secrets == 0 && colon.is_some_and(|rest| rest.starts_with([':', '"', '\''])) {
            self.scalars.truncate(values);
        }
        match node.value {
            Value::Scalar(scalar) => Ok(Key {
                text: scalar.text.to_string(),
                span: node.span,
            }),
            _ => Err(Fault {
                span: node.span,
                message: "a list or a mapping can't be a key".to_owned(),
                hint: Some("quote it if it starts with `[` or `{`".to_owned()),
            }),
        }
    }

    fn alias(&mut self, id: usize, span: &ParserSpan) -> Result<Node, Fault> {
        let Some(anchor) = self.anchors.get(&id).cloned() else {
            return Err(self.fault(span, "this alias stands inside its own anchor", None));
        };
        // The price is paid before the copy is made: that is what stops an alias bomb.
        self.spend(span, anchor.nodes, anchor.bytes)?;
        Ok(Node {
            value: anchor.value.as_ref().clone(),
            span: self.span(span),
        })
    }

    fn spend(&mut self, span: &ParserSpan, nodes: usize, bytes: usize) -> Result<(), Fault> {
        self.nodes = self.nodes.saturating_add(nodes);
        self.bytes = self.bytes.saturating_add(bytes);
        if self.nodes > NODE_LIMIT || self.bytes > TEXT_LIMIT {
            let message =
                format!("the document is too large: more than {NODE_LIMIT} values once its aliases are expanded");
            return Err(self.fault(span, message, Some("aliases of aliases multiply; write the values out")));
        }
        Ok(())
    }

    /// The tags of YAML 1.1 are understood, others (`!vault`, `!include`) mean something to another program.
    fn tag(&self, tag: Option<&Tag>, span: &ParserSpan) -> Result<Option<String>, Fault> {
        let Some(tag) = tag else { return Ok(None) };
        match (tag.handle(), tag.suffix()) {
            ("tag:yaml.org,2002:", suffix) => Ok(Some(suffix.to_owned())),
            ("!", "") | ("", "!") => Ok(Some("str".to_owned())),
            (handle, suffix) => {
                let message = format!(
                    "the tag `{}{}` is not known here",
                    handle.escape_debug(),
                    suffix.escape_debug()
                );
                Err(self.fault(span, message, Some("remove it, or quote the value")))
            }
        }
    }

    fn fault(&self, span: &ParserSpan, message: impl Into<String>, hint: Option<&str>) -> Fault {
        Fault {
            span: self.span(span),
            message: message.into(),
            hint: hint.map(str::to_owned),
        }
    }

    fn scan_fault(&self, error: &ScanError) -> Fault {
        let info = error.info();
        let hint = if info.contains("tab") {
            Some("YAML is indented with spaces; replace the tab".to_owned())
        } else if info.contains("mapping values are not allowed") {
            Some("quote a value that holds `: `, or check the indentation".to_owned())
        } else {
            None
        };
        Fault {
            span: self.span_between(error.marker(), error.marker()),
            message: format!("this is not YAML: {info}"),
            hint,
        }
    }

    fn span(&self, span: &ParserSpan) -> Span {
        self.span_between(&span.start, &span.end)
    }

    fn span_between(&self, start: &Marker, end: &Marker) -> Span {
        let first = start.byte_offset().unwrap_or(0);
        Span {
            source: self.source,
            start: first,
            end: end.byte_offset().unwrap_or(first).max(first),
            line: start.line(),
            column: start.col() + 1,
        }
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
            ("a: 1\na: 2\n", 2, 1, "there twice"),
            ("a:\n\tb: 1\n", 2, 1, "tab"),
            ("a: [1, 2\n", 1, 4, "not YAML"),
            ("a: 1\n---\nb: 2\n", 2, 1, "second YAML document"),
            ("a: !vault x\n", 1, 11, "tag"),
            ("[a, b]: 1\n", 1, 1, "can't be a key"),
            ("a: &x [*x]\n", 1, 8, "inside its own anchor"),
        ];
        for (text, line, column, words) in table {
            let fault = fault(text);
            assert!(
                fault.message.contains(words) || fault.hint.as_deref().is_some_and(|h| h.contains(words)),
                "{text:?}: {fault:?}"
            );
            assert_eq!(
                (fault.span.line, (fault.span.column > 0)),
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
        assert_eq!((node.span.line, node.span.column), (3, 8));
        let key = root.find_key(&["a".into(), "0".into(), "b".into()]).unwrap();
        assert_eq!((key.span.line, key.span.column), (2, 5));
    }
}
