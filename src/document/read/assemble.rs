//! One tree of the texts of a document.

use super::{Document, Source};
use crate::document::advice::Dialect;
use crate::document::budget::Budget;
use crate::document::code::Code;
use crate::document::commands::UserScript;
use crate::document::commands::script::Script;
use crate::document::conversion::Conversion;
use crate::document::diagnostic::Diagnostic;
use crate::document::format::{self, Around, Found, Kind, Often, Part, Place, Variables};
use crate::document::text::{Characters, Text, Texts};
use crate::document::yaml::{
    Entry, Fault, Key, Mergers, Node, Value, decode, join, merge, parse_within, patch, to_json,
};

/// How a boot hook begins; what follows is its script.
const BOOTHOOK: &str = "#cloud-boothook";

impl Document {
    /// One tree of several documents, each in parts: a key of a later part takes the place of an earlier one's, unless it
    /// says how it is joined.
    pub(super) fn load_all(&mut self, texts: &Texts<'_>, first: Option<Text<'_>>, more: &[Text<'_>]) -> Option<Node> {
        let meta_data = || {
            Some(
                format::text(texts.meta_data?, &mut Budget::default())
                    .ok()?
                    .1
                    .to_string(),
            )
        };
        let source = self.source.clone();
        let around = Around {
            fetched: &texts.fetched,
            variables: &|| Variables::of(&source, meta_data().as_deref(), texts.machine.as_ref()),
            launch_index: &|| Variables::launch_index(&meta_data()?),
        };
        let mut tree: Option<Node> = None;
        for text in first.iter().chain(more) {
            let unpacked = format::unpack(*text, &around, &mut self.budget);
            let conversion = self.converted(texts, *text);
            if !unpacked.missing.is_empty() {
                let message =
                    "this has an include list: its documents are fetched when the machine is configured, not now";
                let hint = Some("check those documents separately".to_owned());
                let told = Diagnostic::whole(text.origin, message, hint).code(Code::NotFetched);
                self.report_whole(told.warning());
            }
            self.missing.extend(unpacked.missing);
            for found in unpacked.found {
                match found {
                    Found::Told(diagnostic) => self.report_whole(diagnostic),
                    Found::Part(part) => {
                        self.parts += 1;
                        tree = self.add_part(tree, part, conversion, &around);
                    }
                }
            }
        }
        tree
    }

    /// The tree with what a part says.
    fn add_part(
        &mut self,
        tree: Option<Node>,
        part: Part,
        conversion: Option<&Conversion>,
        around: &Around<'_>,
    ) -> Option<Node> {
        match part.kind {
            Kind::CloudConfig => {
                let loaded = self.parse(part.place, part.text, conversion);
                let Some(mut loaded) = loaded.and_then(|node| self.mapping(node)) else {
                    return tree;
                };
                if is_for_another(&mut loaded, around) {
                    return tree;
                }
                let asked = join::KEYS.iter().find(|key| loaded.get(key).is_some());
                let mergers = self.mergers(&mut loaded, part.merge.as_deref());
                match (tree, asked) {
                    (Some(earlier), _) => Some(mergers.join(earlier, loaded)),
                    (None, Some(key)) => {
                        tracing::info!("`{key}` has no effect: there is no part before this one");
                        Some(loaded)
                    }
                    (None, None) => Some(loaded),
                }
            }
            Kind::Patch => {
                let Some(operations) = self.parse(part.place, part.text, conversion) else {
                    return tree;
                };
                let patched = patch::apply(
                    tree.clone().unwrap_or(Node {
                        value: Value::Mapping(Vec::new()),
                        span: operations.span,
                    }),
                    &operations,
                );
                patched.map(Some).unwrap_or_else(|fault| {
                    self.report_fault(fault);
                    tree
                })
            }
            Kind::Script(often) => {
                self.add_script(&part, often, false);
                tree
            }
            Kind::Boothook => {
                self.add_script(&part, Often::Boot, true);
                tree
            }
            Kind::Handler | Kind::List | Kind::Archive | Kind::Message | Kind::Template => {
                self.refuse(part.kind, &part.place);
                tree
            }
        }
    }

    /// Takes in a script.
    fn add_script(&mut self, part: &Part, often: Often, is_boothook: bool) {
        let text = match part.text.strip_prefix(BOOTHOOK).filter(|_| is_boothook) {
            Some(rest) => rest.trim_start(),
            None => part.text.trim_start(),
        };
        if !text.starts_with("#!") {
            let message = "this script doesn't name its interpreter, so it is not run";
            let hint = "begin it with `#!/bin/sh`";
            return self.report_part(&part.place, message, hint);
        }
        let script = UserScript {
            name: part.name.clone().unwrap_or_default(),
            script: Script::of_text(text),
            often,
            is_boothook,
            is_vendors: self.is_vendors,
        };
        self.scripts.add(script, self.parts);
    }

    /// Says of a part that it is not carried out, and what does it instead.
    fn refuse(&mut self, kind: Kind, place: &Place) {
        match kind {
            Kind::Handler => self.report_part(
                place,
                "this is a part handler: Python code is not run",
                "write what its parts say as keys and values, or do it in the image",
            ),
            _ => self.report_part(
                place,
                &format!("this is {}, which can't be a part here", kind.in_words()),
                "write a cloud-config or a script",
            ),
        }
    }

    fn report_part(&mut self, place: &Place, message: &str, hint: &str) {
        let told = Diagnostic::whole(&place.file(), message, Some(hint.to_owned())).code(Code::NotSupported);
        let mut told = told.packed(place.is_packed());
        (told.line, told.column) = (place.line(1), 1);
        self.report_whole(told);
    }

    /// How a part is joined with those before it: as it says itself, or its header.
    fn mergers(&mut self, part: &mut Node, header: Option<&str>) -> Mergers {
        let own = Mergers::take_from(part).unwrap_or_else(|fault| {
            self.report_fault(fault);
            None
        });
        let header = header.map(Mergers::parse).and_then(|parsed| {
            let hint = "write Merge-Type like `list(append)+dict(no_replace,recurse_list)+str()`";
            let told = |message| Diagnostic::whole("", message, Some(hint.to_owned()));
            parsed
                .map_err(|message| self.report_at(part.span, None, told(message)))
                .ok()
        });
        match (own, header) {
            (Some(own), Some(header)) => own.or(header),
            (own, header) => own.or(header).unwrap_or_default(),
        }
    }

    /// How a source made this text, if it did; what it could not take over is reported.
    fn converted<'t>(&mut self, texts: &Texts<'t>, text: Text<'_>) -> Option<&'t Conversion> {
        let conversion = texts.conversions.iter().find(|(origin, _)| *origin == text.origin);
        let conversion = conversion.map(|(_, conversion)| *conversion);
        for diagnostic in conversion.into_iter().flat_map(Conversion::diagnostics) {
            self.report_whole(diagnostic);
        }
        conversion
    }

    /// Decodes a text that has no format of its own into a tree.
    pub(super) fn load(&mut self, texts: &Texts<'_>, text: Text<'_>) -> Option<Node> {
        let conversion = self.converted(texts, text);
        match format::text(text, &mut self.budget) {
            Ok((place, decoded)) => self.parse(place, decoded, conversion),
            Err(diagnostic) => {
                self.report_whole(*diagnostic);
                None
            }
        }
    }

    /// The tree of a text's characters.
    pub(super) fn parse(&mut self, place: Place, text: Characters, conversion: Option<&Conversion>) -> Option<Node> {
        let number = self.texts.len();
        let (root, pieces, faults) = match parse_within(&text, number, &mut self.budget) {
            Ok(parsed) => (parsed.root, Some(parsed.pieces), parsed.faults),
            Err(fault) => (None, None, vec![fault]),
        };
        self.texts.push(Source {
            place,
            text,
            pieces,
            located: conversion.map(|conversion| conversion.located(root.as_ref())),
        });
        for fault in faults {
            self.twice.push((self.found.len(), fault.span));
            self.report_fault(fault);
        }
        root
    }

    fn report_fault(&mut self, fault: Fault) {
        let told = Diagnostic::whole("", fault.message, fault.hint).code(fault.code);
        self.report_at(fault.span, None, told);
    }

    pub(super) fn mapping(&mut self, node: Node) -> Option<Node> {
        if matches!(node.value, Value::Mapping(_)) {
            return Some(node);
        }
        if let Some(fault) = Fault::of_glued(&node) {
            self.report_fault(fault);
            return None;
        }
        let message = format!("expected a mapping of `key: value`, found {}", node.kind());
        let hint = match self.dialect {
            Dialect::Settings => "write one key per line, like `sources: [nocloud]`".to_owned(),
            _ => "write one key per line, like `hostname: web1`".to_owned(),
        };
        let told = Diagnostic::whole("", message, Some(hint)).code(Code::WrongType);
        self.report_at(node.span, None, told);
        None
    }

    /// Says of a network-config with the key `network` what nobody reads beside it.
    fn warn_beside_network(&mut self, network_config: &Node) {
        let Value::Mapping(entries) = &network_config.value else {
            return;
        };
        let beside = entries.iter().map(|entry| &entry.key).find(|key| key.text != "network");
        if let Some(key) = beside {
            let message = "the keys beside `network` have no effect in a network-config";
            let hint = Some("write them into user-data".to_owned());
            let told = Diagnostic::whole("", message, hint).code(Code::NoEffect);
            self.report_at(key.span, None, told.warning());
        }
    }

    /// A seed's network-config becomes the key `network`, unless user-data has its own.
    pub(super) fn add_network(&mut self, tree: Option<Node>, network: Node) -> Node {
        let span = network.span;
        let inner = match network.get("network").cloned() {
            Some(inner) => {
                self.warn_beside_network(&network);
                inner
            }
            None => network,
        };
        let mut tree = tree.unwrap_or(Node {
            value: Value::Mapping(Vec::new()),
            span,
        });
        if let Some(key) = tree.find_key(&["network".to_owned()]) {
            let message =
                "the network is configured twice: firstlight uses this key and ignores the seed's network-config";
            let hint = Some("keep one of them".to_owned());
            let span = key.span;
            let told = Diagnostic::whole("", message, hint).code(Code::Conflict);
            self.report_at(span, None, told.warning());
        } else if let Value::Mapping(entries) = &mut tree.value {
            self.network_config = Some(span.source());
            entries.push(Entry {
                key: Key {
                    text: "network".to_owned(),
                    span,
                    secret: false,
                },
                value: inner,
            });
        }
        tree
    }
}

/// Whether a part says by `launch-index` that it is for another of the machines that were started together.
fn is_for_another(part: &mut Node, around: &Around<'_>) -> bool {
    const KEY: &str = "launch-index";
    let wanted = part.get(KEY).and_then(|node| to_json(node).as_i64());
    let is_for_another = wanted.is_some_and(|wanted| (around.launch_index)().is_some_and(|own| own != wanted));
    if wanted.is_some() {
        part.prune(&[KEY.to_owned()]);
    }
    is_for_another
}

/// One tree of user-data, and the vendor's proposals below it.
pub(super) fn assemble(user: Option<Node>, vendor: Option<Node>) -> Option<Node> {
    match (user, vendor) {
        (Some(user), Some(vendor)) if !refuses_vendor_data(&user) => Some(merge::underlay(user, vendor)),
        (user, vendor) => user.or(vendor),
    }
}

/// `vendor_data: {enabled: false}` in user-data: the owner wants none of it.
pub(super) fn refuses_vendor_data(user: &Node) -> bool {
    let enabled = user.find(&["vendor_data".to_owned(), "enabled".to_owned()]);
    enabled.is_some_and(|node| !matches!(decode::<Option<bool>>(node), Ok(None | Some(true))))
}
