//! The parts of a document, unpacked from whatever they are in.

use super::characters::{characters, layers_off, with_line_feeds};
use super::kind::Declared;
use super::message::Body;
use super::wrong::Wrong;
use super::{DEPTH_LIMIT, Kind, PART_LIMIT, Place, Variables, archive, compressed, list, message, template};
use crate::document::budget::Budget;
use crate::document::code::Code;
use crate::document::diagnostic::Diagnostic;
use crate::document::fix::Fix;
use crate::document::text::{Characters, Shared, Text};
use crate::document::yaml::parse_within;
use crate::vocabulary::{Address, NoAddress};

/// What unpacking needs to know besides the document.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// What was fetched, by its address as the document writes it.
    pub fetched: &'a [(&'a str, Text<'a>)],
    /// The variables of templates.
    pub variables: &'a dyn Fn() -> Variables,
    /// The number of this machine among those started together, if the platform says it.
    pub launch_index: &'a dyn Fn() -> Option<i64>,
}

impl std::fmt::Debug for Around<'_> {
    /// Shows only how much was fetched: it may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Around({} fetched)", self.fetched.len())
    }
}

/// A decoded part.
#[derive(Debug)]
pub struct Part {
    /// What it is.
    pub kind: Kind,
    /// Its place.
    pub place: Place,
    /// The name of its file, if it is said.
    pub name: Option<String>,
    /// Its text, without a byte order mark.
    pub text: Characters,
    /// How it is merged with the parts before it, if its header says so.
    pub merge: Option<String>,
}

/// What a document has, in order.
#[derive(Debug)]
pub enum Found {
    /// A part.
    Part(Part),
    /// Why something is not a part.
    Told(Diagnostic),
}

/// What is in a document.
#[derive(Debug, Default)]
pub struct Unpacked {
    /// What was found.
    pub found: Vec<Found>,
    /// The addresses in lists that were not fetched.
    pub missing: Vec<Address>,
}

/// Takes a document apart. The budget pays for what it unpacks.
pub fn unpack<'a>(text: Text<'a>, around: &'a Around<'a>, budget: &mut Budget) -> Unpacked {
    let mut unpacker = Unpacker {
        around,
        budget,
        whole: text.shared,
        parts: 0,
        unpacked: Unpacked::default(),
    };
    unpacker.bytes(text.bytes, &Label::of(Place::of(text.origin)), DEPTH_LIMIT);
    unpacker.unpacked
}

struct Unpacker<'a, 'b> {
    around: &'a Around<'a>,
    budget: &'b mut Budget,
    /// The document, if others have it as well: its parts needn't be copied.
    whole: Option<&'a Shared>,
    parts: usize,
    unpacked: Unpacked,
}

/// What the surroundings say about a part.
#[derive(Debug, Clone)]
struct Label {
    place: Place,
    name: Option<String>,
    declared: Declared,
    merge: Option<String>,
    /// Whether it is the document itself, rather than a part of one.
    is_whole: bool,
}

impl Label {
    fn of(place: Place) -> Self {
        Self {
            place,
            name: None,
            declared: Declared::Anything(Some(Kind::CloudConfig)),
            merge: None,
            is_whole: true,
        }
    }
}

impl Unpacker<'_, '_> {
    fn tell(&mut self, place: &Place, line: usize, wrong: Wrong) {
        self.unpacked.found.push(Found::Told(wrong.told_at(place, line)));
    }

    fn warn(&mut self, told: Diagnostic) {
        self.unpacked.found.push(Found::Told(told.warning()));
    }

    /// Takes bytes that may be encoded.
    fn bytes(&mut self, bytes: &[u8], label: &Label, depth: usize) {
        self.parts += 1;
        let Some(depth) = depth.checked_sub(1).filter(|_| self.parts <= PART_LIMIT) else {
            // Once is enough.
            if self.parts <= PART_LIMIT + 1 {
                let message = format!(
                    "the document has more than {PART_LIMIT} parts, or nests them more than {DEPTH_LIMIT} deep"
                );
                let wrong = Wrong::new(Code::TooLarge, message, "combine parts, or leave some out");
                self.tell(&label.place, 0, wrong);
            }
            return;
        };
        match layers_off(bytes, self.budget) {
            Ok(None) => self.plain(bytes, label, depth),
            Ok(Some(unpacked)) => {
                let how = match compressed::is_gzip(bytes) {
                    true => "unpacked from gzip",
                    false => "decoded from base64",
                };
                let place = match label.is_whole {
                    true => label.place.packed(),
                    false => label.place.decoded(how),
                };
                let label = Label { place, ..label.clone() };
                self.plain(&unpacked, &label, depth);
            }
            Err(wrong) => self.tell(&label.place, 0, wrong),
        }
    }

    /// Takes bytes that are not encoded.
    fn plain(&mut self, bytes: &[u8], label: &Label, depth: usize) {
        if message::is_message(bytes) {
            return self.message(bytes, label, depth);
        }
        match characters(bytes) {
            Ok(text) => match with_line_feeds(text) {
                Some(text) => self.text(&text, label, depth),
                None => self.text(text, label, depth),
            },
            Err(wrong) => self.tell(&label.place, 0, wrong),
        }
    }

    fn text(&mut self, text: &str, label: &Label, depth: usize) {
        let begins = Kind::by_beginning(text);
        let is_said = begins.is_some() || !matches!(label.declared, Declared::Anything(_));
        if let Some(header) = Kind::nearly(text).filter(|_| !is_said) {
            self.warn_of_header(header, text, label);
        }
        let kind = match &label.declared {
            Declared::As(kind) => Some(*kind),
            Declared::Anything(otherwise) => begins.or(*otherwise),
            Declared::Unknown(_) => None,
        };
        match kind {
            None => self.unknown(text, label),
            // The line below its header says what a template makes.
            _ if begins == Some(Kind::Template) => self.template(text, label, depth),
            Some(Kind::Template) => self.part(Kind::CloudConfig, text, label),
            Some(Kind::List) => self.list(text, label, depth),
            Some(Kind::Archive) => self.archive(text, label, depth),
            Some(kind) => self.part(kind, text, label),
        }
    }

    /// Without its header a cloud-config is read here, and by no one else.
    fn warn_of_header(&mut self, header: &str, text: &str, label: &Label) {
        let message = format!("the first line is nearly `{header}`: cloud-init doesn't read the document like this");
        let hint = format!("write exactly `{header}`, without a space before or in it");
        let first = text.lines().next().unwrap_or_default().trim_end();
        let line = 0..first.len();
        let told =
            Wrong::new(Code::MisspeltHeader, message, hint).told_in(&label.place, text, line.clone(), Some(line));
        let fix = Some(Fix::new(first, header)).filter(|_| !first.is_empty());
        self.warn(told.fix(fix));
    }

    fn part(&mut self, kind: Kind, text: &str, label: &Label) {
        self.unpacked.found.push(Found::Part(Part {
            kind,
            place: label.place.clone(),
            name: label.name.clone(),
            text: Characters::of(text, self.whole),
            merge: label.merge.clone(),
        }));
    }

    fn unknown(&mut self, text: &str, label: &Label) {
        if text.trim().is_empty() {
            return;
        }
        let (message, hint) = match &label.declared {
            Declared::Unknown(media_type) => (
                format!(
                    "this part has the type `{}`, which firstlight doesn't support",
                    media_type.escape_debug()
                ),
                "use the type text/cloud-config for a cloud-config, and text/x-shellscript for a script",
            ),
            _ => (
                "this part has neither a header nor a type".to_owned(),
                "begin a cloud-config with `#cloud-config`, or use the type text/cloud-config",
            ),
        };
        self.tell(&label.place, 1, Wrong::new(Code::OtherFormat, message, hint));
    }

    /// Whether a part is for another of the machines started together.
    fn is_for_another(&self, launch_index: Option<i64>) -> bool {
        launch_index.is_some_and(|other| (self.around.launch_index)().is_some_and(|own| own != other))
    }

    fn message(&mut self, bytes: &[u8], label: &Label, depth: usize) {
        let Some((parts, is_complete)) = message::parts(bytes) else {
            let hint = "make it with a tool for MIME messages, such as `cloud-init devel make-mime`";
            let wrong = Wrong::new(Code::Damaged, "this MIME message can't be read", hint);
            return self.tell(&label.place, 1, wrong);
        };
        for (number, part) in (1..).zip(parts) {
            if self.is_for_another(part.launch_index) {
                continue;
            }
            let place = label
                .place
                .part(step("part", number, part.name.as_deref()), part.lines, 0);
            let inner = |place: Place| Label {
                place,
                name: part.name.clone(),
                declared: Declared::by_type(&part.media_type),
                merge: part.merge.clone(),
                is_whole: false,
            };
            match &part.body {
                Body::Plain(range) => {
                    let body = bytes.get(range.clone()).unwrap_or_default();
                    self.bytes(body, &inner(place), depth);
                }
                Body::Decoded(body, how) => self.bytes(body, &inner(place.decoded(how)), depth),
                Body::Undecodable(why, hint) => {
                    self.tell(&place, 1, Wrong::new(Code::Damaged, format!("this part {why}"), *hint));
                }
            }
        }
        if !is_complete {
            let hint = "check its size: it may have been cut off on the way";
            let message = "the MIME message is incomplete: its last boundary is missing";
            self.tell(&label.place, 0, Wrong::new(Code::Damaged, message, hint));
        }
    }

    fn archive(&mut self, text: &str, label: &Label, depth: usize) {
        let no_archive = "write an archive as a list of texts, or of mappings with `content`";
        let parsed = match parse_within(text, 0, self.budget) {
            Ok(parsed) => parsed,
            Err(fault) => {
                let hint = fault.hint.unwrap_or_default();
                let wrong = Wrong::new(fault.code, fault.message, hint);
                let told = wrong.told_in(&label.place, text, fault.span.bytes(), None);
                return self.unpacked.found.push(Found::Told(told));
            }
        };
        let Some(root) = parsed.root else { return };
        let items = match archive::items(&root) {
            Ok(items) => items,
            Err(node) => {
                let wrong = Wrong::new(Code::WrongType, "this is not a part of an archive", no_archive);
                let told = wrong.told_in(&label.place, text, node.span.bytes(), None);
                return self.unpacked.found.push(Found::Told(told));
            }
        };
        for (number, item) in (1..).zip(items) {
            if self.is_for_another(item.launch_index) {
                continue;
            }
            let step = step("item", number, item.name.as_deref());
            let place = match archive::stands_at(text, &item) {
                Some((lines, columns)) => label.place.part(step, lines, columns),
                None => label.place.decoded(&step),
            };
            let declared = item.media_type.as_deref().map(Declared::by_type);
            let label = Label {
                place,
                name: item.name.clone(),
                declared: declared.unwrap_or(Declared::Anything(Some(Kind::CloudConfig))),
                merge: item.merge.clone(),
                is_whole: false,
            };
            self.bytes(item.content.as_bytes(), &label, depth);
        }
    }

    fn list(&mut self, text: &str, label: &Label, depth: usize) {
        let addresses = list::addresses(text);
        if addresses.is_empty() {
            let hint = "write one address per line below `#include`";
            let wrong = Wrong::new(Code::Empty, "this include list has no addresses", hint);
            self.tell(&label.place, 1, wrong);
        }
        for (start, line) in addresses {
            let address = match line.parse::<Address>() {
                Ok(address) => address,
                Err(NoAddress { what, hint }) => {
                    let wrong = Wrong::new(
                        Code::InvalidValue,
                        format!("this {what}"),
                        hint.unwrap_or("use a shorter one"),
                    );
                    let told = wrong.told_in(&label.place, text, start..start + line.len(), None);
                    self.unpacked.found.push(Found::Told(told));
                    continue;
                }
            };
            let mut fetched = self.around.fetched.iter();
            match fetched.find(|(known, _)| *known == address.written()) {
                Some((_, text)) => self.bytes(text.bytes, &Label::of(Place::of(text.origin)), depth),
                None => self.unpacked.missing.push(address),
            }
        }
    }

    fn template(&mut self, text: &str, label: &Label, depth: usize) {
        let variables = (self.around.variables)();
        let rendered = match template::render(text, &variables) {
            Ok(rendered) => rendered,
            Err(fault) => {
                let (message, hint) = match fault.is_unsure {
                    true => (
                        "this template can't be checked here: only the machine knows the variables of this line"
                            .to_owned(),
                        "check it on the machine, with `firstlight plan`".to_owned(),
                    ),
                    false => (fault.message, fault.hint.unwrap_or_default()),
                };
                let wrong = Wrong::new(Code::BadTemplate, message, hint);
                let told = wrong.told_in(&label.place, text, fault.range, fault.name);
                return self.unpacked.found.push(Found::Told(match fault.is_unsure {
                    true => told.warning(),
                    false => told,
                }));
            }
        };
        self.budget.spend_unpacked(rendered.text.len() as u64);
        let label = Label {
            place: label.place.made_from(&rendered.lines, &rendered.unsure),
            declared: Declared::Anything(Some(Kind::CloudConfig)),
            ..label.clone()
        };
        match Kind::by_beginning(&rendered.text) {
            None | Some(Kind::CloudConfig | Kind::Script(_) | Kind::Boothook) => {
                self.text(&rendered.text, &label, depth)
            }
            Some(kind) => {
                let message = format!(
                    "this template makes {}, which firstlight doesn't support",
                    kind.in_words()
                );
                let hint = "make a cloud-config, a script, or a boot hook with it";
                self.tell(&label.place, 1, Wrong::new(Code::NotSupported, message, hint));
            }
        }
    }
}

/// What a place calls a part: its number, and its name if it has one.
fn step(what: &str, number: usize, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{what} {number}, {}", name.escape_debug()),
        None => format!("{what} {number}"),
    }
}
