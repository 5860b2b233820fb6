//! Reads mappings of version 1, and collects what is wrong with them.

use std::collections::HashSet;

use super::keys::{ALL, Known, Table};
use super::tree::{plain, text_of};
use crate::document::advice::{listed, nearest, respelt};
use crate::document::budget::PROBLEM_LIMIT;
use crate::document::code::Code;
use crate::document::diagnostic::Diagnostic;
use crate::document::yaml::scalar::boolean;
use crate::document::yaml::{Entry, Node, Span, Value};

/// Something that is wrong. The path of `told` is version 2's, below `network`: it says what is lost.
#[derive(Debug)]
pub struct Finding {
    /// Where it is.
    pub span: Span,
    /// The value that may be shown.
    pub show: Option<Span>,
    /// What is wrong.
    pub told: Diagnostic,
}

/// What is known so far.
#[derive(Debug)]
pub struct Reader {
    /// Where keys are that are given twice.
    twice: HashSet<(usize, usize)>,
    /// What is wrong.
    pub found: Vec<Finding>,
    /// What is lost by a key that is given twice.
    pub doomed: Vec<Vec<String>>,
}

/// The keys of version 2 that what is being read becomes.
#[derive(Debug, Clone)]
pub struct Place(Vec<String>);

impl Place {
    /// Below `network`.
    pub fn new(keys: &[&str]) -> Self {
        Self(vec!["network".to_owned()]).below(keys)
    }

    /// Below itself.
    pub fn below(&self, keys: &[&str]) -> Self {
        let more = keys.iter().map(|key| (*key).to_owned());
        Self(self.0.iter().cloned().chain(more).collect())
    }
}

/// The entries of a mapping that say something.
#[derive(Debug)]
pub struct Keys<'n> {
    entries: Vec<(&'static Known, &'n Entry)>,
    /// Where the mapping is.
    pub span: Span,
}

impl<'n> Keys<'n> {
    /// The entry of a key.
    pub fn entry(&self, name: &str) -> Option<&'n Entry> {
        self.all().find(|(known, _)| known.name == name).map(|(_, entry)| entry)
    }

    /// The value of a key.
    pub fn get(&self, name: &str) -> Option<&'n Node> {
        self.entry(name).map(|entry| &entry.value)
    }

    /// All entries, each with what is known of its key.
    pub fn all(&self) -> impl Iterator<Item = (&'static Known, &'n Entry)> {
        self.entries.iter().map(|(known, entry)| (*known, *entry))
    }
}

/// Keys of version 2, and what version 1 has for them.
const VERSION_2: [(&str, &str); 10] = [
    ("addresses", "write `subnets: [{type: static, address: …}]`"),
    ("dhcp4", "write `subnets: [{type: dhcp4}]`"),
    ("dhcp6", "write `subnets: [{type: dhcp6}]`"),
    ("gateway4", "write `gateway` in the subnet"),
    ("gateway6", "write `gateway` in the subnet"),
    ("nameservers", "write `dns_nameservers` and `dns_search` in the subnet"),
    ("macaddress", "write `mac_address`"),
    ("match", "write `mac_address`"),
    ("interfaces", "write `bond_interfaces` or `bridge_interfaces`"),
    ("via", "write `gateway`"),
];

impl Reader {
    /// Nothing is wrong yet but keys that are given twice, at these places.
    pub fn new(twice: &[Span]) -> Self {
        Self {
            twice: twice.iter().map(|span| (span.source(), span.start())).collect(),
            found: Vec::new(),
            doomed: Vec::new(),
        }
    }

    /// The entries of a mapping. What is no mapping has none, and what is wrong is told.
    pub fn keys<'n>(&mut self, node: &'n Node, table: &'static Table, place: &Place) -> Option<Keys<'n>> {
        let Value::Mapping(entries) = &node.value else {
            let message = format!("expected a mapping {}, found {}", table.place, node.kind());
            let names: Vec<String> = table.keys().take(3).map(|known| format!("`{}`", known.name)).collect();
            let hint = format!("write its keys on the lines below, indented: {}, …", names.join(", "));
            self.error(at(node), Code::WrongType, place, message, Some(hint));
            return None;
        };
        let mut keys = Vec::new();
        for entry in entries {
            if self.twice.contains(&(entry.key.span.source(), entry.key.span.start())) {
                self.doomed.push(place.0.clone());
            }
            match table.find(&entry.key.text) {
                Some(_) if says_nothing(&entry.value) => {}
                Some(known) => {
                    if let Some(why) = known.without_effect {
                        let message = format!("`{}` has no effect: {why}", known.name);
                        self.warning(at_key(entry), Code::NoEffect, place, message, None);
                    }
                    keys.push((known, entry));
                }
                None => self.unknown(entry, table, place),
            }
        }
        let read = Keys {
            entries: keys,
            span: node.span,
        };
        for (required, hint) in table.required.iter().filter(|(name, _)| read.entry(name).is_none()) {
            let message = format!("the key `{required}` is missing {}", table.place);
            self.error(
                (node.span, None),
                Code::MissingKey,
                place,
                message,
                Some((*hint).to_owned()),
            );
        }
        Some(read)
    }

    /// The items of a list.
    pub fn list<'n>(&mut self, entry: &'n Entry, place: &Place) -> Option<&'n [Node]> {
        match &entry.value.value {
            Value::Sequence(items) => Some(items),
            _ => {
                let message = format!("expected a list, found {}", entry.value.kind());
                let hint = "begin each item on its own line with `- `".to_owned();
                self.error(at_value(entry), Code::WrongType, place, message, Some(hint));
                None
            }
        }
    }

    /// The single texts of one, or of a list of them: several in one text are separated by blanks or commas.
    pub fn texts(&mut self, entry: &Entry, place: &Place) -> Vec<(String, Span)> {
        let items = match &entry.value.value {
            Value::Sequence(items) => items.as_slice(),
            _ => std::slice::from_ref(&entry.value),
        };
        let mut texts = Vec::new();
        for item in items.iter().filter(|item| !item.is_null()) {
            match text_of(item) {
                Some(text) => {
                    let words = text.split(|c: char| c.is_whitespace() || c == ',');
                    let words = words.filter(|word| !word.is_empty());
                    texts.extend(words.map(|word| (word.to_owned(), item.span)));
                }
                None => self.not_single(item, entry, place),
            }
        }
        texts
    }

    /// The text of a single value.
    pub fn text<'n>(&mut self, entry: &'n Entry, place: &Place) -> Option<&'n str> {
        let text = text_of(&entry.value);
        if text.is_none() {
            self.not_single(&entry.value, entry, place);
        }
        text
    }

    /// One of these words; `what` it is, in words.
    pub fn word(&mut self, entry: &Entry, words: &[&'static str], what: &str, place: &Place) -> Option<&'static str> {
        let text = self.text(entry, place)?;
        let word = words.iter().copied().find(|word| *word == text);
        if word.is_none() {
            let all: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let shown = text.escape_debug();
            let message = format!("`{shown}` is no {what}: expected one of {}", words.join(", "));
            let hint = nearest(text, &all).map(|near| format!("did you mean `{near}`?"));
            self.error(at_value(entry), Code::UnknownWord, place, message, hint);
        }
        word
    }

    /// True or false, in whatever spelling; also 1 and 0, as the kernel has them.
    pub fn flag(&mut self, entry: &Entry, place: &Place) -> Option<Node> {
        let text = self.text(entry, place)?;
        let flag = match text {
            "1" => Some(true),
            "0" => Some(false),
            word => boolean(word),
        };
        if flag.is_none() {
            let shown = text.escape_debug();
            let message = format!("expected true or false, found \"{shown}\"");
            let hint = "write true or false, without quotes".to_owned();
            self.error(at_value(entry), Code::WrongType, place, message, Some(hint));
        }
        flag.map(|flag| plain(flag.to_string(), entry.value.span))
    }

    fn not_single(&mut self, node: &Node, entry: &Entry, place: &Place) {
        let message = format!("expected a single value, found {}", node.kind());
        let hint = "write a single value after the colon".to_owned();
        self.error((entry.key.span, None), Code::WrongType, place, message, Some(hint));
    }

    fn unknown(&mut self, entry: &Entry, table: &'static Table, place: &Place) {
        let name = entry.key.text.as_str();
        if self.is_full() {
            // Nobody is shown it, but it isn't used either.
            return self.error(at_key(entry), Code::UnknownKey, place, "unknown key", None);
        }
        let known = table.names();
        let elsewhere = ALL
            .iter()
            .find(|other| !std::ptr::eq(**other, table) && other.find(name).is_some());
        let near = nearest(name, &known);
        let version_2 = VERSION_2.iter().find(|(key, _)| near.is_none() && *key == name);
        let shown = name.escape_debug();
        let (code, message, hint) = if let Some(other) = elsewhere {
            let hint = format!("`{shown}` goes {}", other.place);
            (
                Code::MisplacedKey,
                format!("the key `{shown}` doesn't belong here"),
                hint,
            )
        } else if let Some((_, hint)) = version_2 {
            let message = format!("`{shown}` is a key of network version 2");
            (Code::UnknownKey, message, (*hint).to_owned())
        } else {
            let near = near.map(|near| format!("did you mean `{near}`?"));
            let hint = near.unwrap_or_else(|| listed(name, &known));
            (Code::UnknownKey, format!("unknown key `{shown}`"), hint)
        };
        let fix = respelt(name, &known).filter(|_| code == Code::UnknownKey);
        let told = Diagnostic::whole("", message, Some(hint)).code(code).fix(fix);
        self.add((entry.key.span, None), told, place.below(&[name]));
    }

    /// Tells of what is wrong: what `place` leads to is lost.
    pub fn error(&mut self, at: At, code: Code, place: &Place, message: impl Into<String>, hint: Option<String>) {
        let told = Diagnostic::whole("", message, hint).code(code);
        self.add(at, told, place.clone());
    }

    /// Tells of what somebody should know.
    pub fn warning(&mut self, at: At, code: Code, place: &Place, message: impl Into<String>, hint: Option<String>) {
        if !self.is_full() {
            let told = Diagnostic::whole("", message, hint).code(code).warning();
            self.add(at, told, place.clone());
        }
    }

    /// Whether there is more than anybody is shown.
    fn is_full(&self) -> bool {
        self.found.len() > PROBLEM_LIMIT
    }

    fn add(&mut self, (span, show): At, told: Diagnostic, place: Place) {
        let told = told.path(place.0);
        self.found.push(Finding { span, show, told });
    }
}

/// A place, and what may be shown of it.
pub type At = (Span, Option<Span>);

/// Where a node is to blame.
pub fn at(node: &Node) -> At {
    let is_single = matches!(node.value, Value::Scalar(_));
    (node.span, is_single.then_some(node.span))
}

/// Where a value is to blame: a list or a mapping is found by its key.
pub fn at_value(entry: &Entry) -> At {
    match &entry.value.value {
        Value::Scalar(_) => at(&entry.value),
        _ => at_key(entry),
    }
}

/// Where a key is to blame.
pub fn at_key(entry: &Entry) -> At {
    (entry.key.span, None)
}

/// cloud-init leaves out what is empty.
fn says_nothing(node: &Node) -> bool {
    node.is_empty() && !matches!(node.value, Value::Sequence(_))
}
