//! Merges the texts of a document into one tree.

use super::{Document, Source};
use crate::document::cloud_config::list_of_addresses;
use crate::document::conversion::Conversion;
use crate::document::diagnostic::Diagnostic;
use crate::document::text::{Text, Texts, decode_text, unpacked};
use crate::document::yaml::{Entry, Fault, Key, Node, Value, decode, merge, parse_within};

impl Document {
    /// Merges several documents into one tree. A key in a later document replaces the same key in an earlier one.
    pub(super) fn load_all(&mut self, texts: &Texts<'_>, first: Option<Text<'_>>, more: &[Text<'_>]) -> Option<Node> {
        let mut tree: Option<Node> = None;
        for text in first.iter().chain(more) {
            let loaded = self.load(texts, *text, true).and_then(|node| self.mapping(node));
            tree = match (tree, loaded) {
                (Some(earlier), Some(later)) => Some(merge::replace(earlier, later)),
                (earlier, later) => later.or(earlier),
            };
        }
        tree
    }

    /// Parses one text into a tree. `headed`: it may begin with one of cloud-init's format headers.
    pub(super) fn load(&mut self, texts: &Texts<'_>, text: Text<'_>, headed: bool) -> Option<Node> {
        let conversion = texts.conversions.iter().find(|(origin, _)| *origin == text.origin);
        let conversion = conversion.map(|(_, conversion)| *conversion);
        for diagnostic in conversion.into_iter().flat_map(Conversion::diagnostics) {
            self.report_whole(diagnostic);
        }
        let decoded = match self.characters(text, headed) {
            Ok(decoded) => decoded?,
            Err(diagnostic) => {
                self.report_whole(*diagnostic);
                return None;
            }
        };
        let number = self.texts.len();
        let (root, pieces, faults) = match parse_within(&decoded, number, &mut self.budget) {
            Ok(parsed) => (parsed.root, Some(parsed.pieces), parsed.faults),
            Err(fault) => (None, None, vec![fault]),
        };
        self.texts.push(Source {
            origin: text.origin.to_owned(),
            text: decoded.into(),
            pieces,
            located: conversion.map(|conversion| conversion.located(root.as_ref())),
        });
        for Fault { span, message, hint } in faults {
            self.twice.push((self.found.len(), span));
            self.report_at(span, None, Diagnostic::whole("", message, hint));
        }
        root
    }

    /// Decodes the characters of a text; `None` if it is an include list.
    fn characters(&mut self, text: Text<'_>, headed: bool) -> Result<Option<String>, Box<Diagnostic>> {
        let unpacked = unpacked(text, &mut self.budget)?;
        let text = Text {
            bytes: unpacked.as_ref().map_or(text.bytes, |unpacked| unpacked),
            ..text
        };
        if headed && list_of_addresses(text.bytes).is_some() {
            let message = "this is an include list: its documents are fetched when the machine is configured, not now";
            let hint = Some("check those documents separately".to_owned());
            self.report_whole(Diagnostic::whole(text.origin, message, hint).warning());
            return Ok(None);
        }
        decode_text(text, headed).map(Some)
    }

    pub(super) fn mapping(&mut self, node: Node) -> Option<Node> {
        if matches!(node.value, Value::Mapping(_)) {
            return Some(node);
        }
        let message = format!("expected a mapping of `key: value`, found {}", node.kind());
        let hint = "write one key per line, like `hostname: web1`".to_owned();
        self.report_at(node.span, None, Diagnostic::whole("", message, Some(hint)));
        None
    }

    /// Adds a seed's network-config as the key `network`, unless the document has one.
    pub(super) fn add_network(&mut self, tree: Option<Node>, network: Node) -> Node {
        let span = network.span;
        let inner = match network.get("network") {
            Some(inner) => inner.clone(),
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
            self.report_at(span, None, Diagnostic::whole("", message, hint).warning());
        } else if let Value::Mapping(entries) = &mut tree.value {
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

/// Merges user-data and vendor-data into one tree. User-data wins.
pub(super) fn assemble(user: Option<Node>, vendor: Option<Node>) -> Option<Node> {
    match (user, vendor) {
        (Some(user), Some(vendor)) if !refuses_vendor_data(&user) => Some(merge::underlay(user, vendor)),
        (user, vendor) => user.or(vendor),
    }
}

/// Whether user-data says `vendor_data: {enabled: false}`.
fn refuses_vendor_data(user: &Node) -> bool {
    let enabled = user.find(&["vendor_data".to_owned(), "enabled".to_owned()]);
    enabled.is_some_and(|node| !matches!(decode::<Option<bool>>(node), Ok(None | Some(true))))
}
