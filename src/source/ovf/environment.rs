//! The OVF environment document (DSP0243, DSP8027): its properties, and the network adapters that VMware adds.
//!
//! Taken as hostile: bounded in size and nodes, without DTDs. What it says is never shown, for it holds passwords; the
//! reader's own messages quote it and are not used.

use roxmltree::{Document, Error, Node, ParsingOptions};
use zeroize::Zeroizing;

use crate::source::Fault;

/// The largest environment that is read, in bytes (1 MiB): hypervisors take no more.
pub const LIMIT: usize = 1024 * 1024;

/// The most nodes it may have, text between elements included.
const NODE_LIMIT: u32 = 4096;

/// The most `=` one element may have: its attributes are compared with each other.
const EQUALS_LIMIT: usize = 4096;

/// The most namespaces it may declare: they are compared with each other, element by element.
const NAMESPACE_LIMIT: usize = 64;

/// What the namespaces of OVF environments have in common: `http://schemas.dmtf.org/ovf/environment/1`, and the forms of
/// drafts, `http://schemas.dmtf.org/ovf/1/environment` and `http://www.vmware.com/schema/ovf/1/environment`.
const NAMESPACES: [&str; 3] = [
    "http://schemas.dmtf.org/ovf/environment/1",
    "http://schemas.dmtf.org/ovf/1/environment",
    "http://www.vmware.com/schema/ovf/1/environment",
];

/// What a virtual machine is told by its OVF environment.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// Its own properties, in their order.
    pub properties: Vec<Property>,
    /// The hardware addresses of its adapters, as written, in their order. VMware only.
    pub macs: Vec<String>,
}

/// One property.
#[derive(Clone, PartialEq, Eq)]
pub struct Property {
    /// Its key: `[class.]key[.instance]`.
    pub key: String,
    /// Its value, wiped when dropped; `None` if it has no attribute for one.
    pub value: Option<Zeroizing<String>>,
}

impl std::fmt::Debug for Property {
    /// Shows the key only: values are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Property").field(&self.key).finish()
    }
}

impl Environment {
    /// Reads the document.
    ///
    /// # Errors
    /// It is not an environment, or is damaged: what is wrong, where, and what to do, without a value.
    pub fn parse(xml: &[u8]) -> Result<Self, Fault> {
        Self::of(parse(xml)?.root_element())
    }

    fn of(root: Node<'_, '_>) -> Result<Self, Fault> {
        if root.tag_name().name() != "Environment" {
            let hint = "its outermost element must be Environment";
            return Err(Fault::lasting("is XML, but not an OVF environment").with_hint(hint));
        }
        let home = root.tag_name().namespace();
        let ours = |node: &Node<'_, '_>| is_ovf(node.tag_name().namespace()) || node.tag_name().namespace() == home;
        let mut environment = Self::default();
        for section in root.children().filter(Node::is_element) {
            match section.tag_name().name() {
                // Those of an Entity belong to another machine of the vApp: only what is directly below counts.
                "PropertySection" if ours(&section) => {
                    for property in elements(section, "Property").filter(ours) {
                        environment.properties.push(read_property(property)?);
                    }
                }
                "EthernetAdapterSection" => {
                    let adapters = elements(section, "Adapter");
                    let macs = adapters.filter_map(|adapter| attribute(adapter, "mac"));
                    environment.macs.extend(macs.map(str::to_owned));
                }
                _ => {}
            }
        }
        Ok(environment)
    }
}

/// The document as XML, within all limits; its text is without what is around it.
///
/// # Errors
/// As [`Environment::parse`].
pub fn parse(xml: &[u8]) -> Result<Document<'_>, Fault> {
    if xml.len() > LIMIT {
        let what = format!("has more than {LIMIT} bytes, the limit");
        return Err(Fault::lasting(what).with_hint("make its values smaller"));
    }
    let text = std::str::from_utf8(xml).map_err(|error| {
        let line = line_of(xml, error.valid_up_to());
        Fault::lasting(format!("is not UTF-8: line {line} has an invalid byte")).with_hint("write it as UTF-8")
    })?;
    // A guestinfo variable comes with a line break or a NUL behind it.
    let text = text
        .trim_start_matches('\u{feff}')
        .trim_matches(|c: char| c == '\0' || c.is_ascii_whitespace());
    if text.is_empty() {
        return Err(Fault::lasting("is empty").with_hint("power the machine off and on to have it rewritten"));
    }
    if text.split('<').any(|piece| piece.matches('=').count() > EQUALS_LIMIT) {
        return Err(Fault::lasting("has an element with too many attributes").with_hint("write a simpler one"));
    }
    if text.matches("xmlns").count() > NAMESPACE_LIMIT {
        return Err(Fault::lasting("declares too many namespaces").with_hint("write a simpler one"));
    }
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: NODE_LIMIT,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).map_err(|error| explain(&error))
}

fn elements<'a, 'i>(parent: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    let named = move |node: &Node<'_, '_>| node.is_element() && node.tag_name().name() == name;
    parent.children().filter(named)
}

fn read_property(node: Node<'_, '_>) -> Result<Property, Fault> {
    let key = attribute(node, "key").map(str::trim).filter(|key| !key.is_empty());
    let Some(key) = key else {
        let line = node.document().text_pos_at(node.range().start).row;
        let what = format!("is damaged: the Property on line {line} has no key");
        return Err(Fault::lasting(what).with_hint("give it an oe:key"));
    };
    let value = attribute(node, "value").map(|value| Zeroizing::new(value.to_owned()));
    Ok(Property {
        key: key.to_owned(),
        value,
    })
}

/// An attribute by its local name: OVF's, else one without a namespace, else the first one of any.
pub fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let found: Vec<_> = node.attributes().filter(|attribute| attribute.name() == name).collect();
    let ovf = found
        .iter()
        .find(|attribute| attribute.namespace().is_some_and(|uri| is_ovf(Some(uri))));
    let plain = found.iter().find(|attribute| attribute.namespace().is_none());
    Some(ovf.or(plain).or(found.first())?.value())
}

fn is_ovf(namespace: Option<&str>) -> bool {
    namespace.is_none_or(|uri| NAMESPACES.contains(&uri.trim_end_matches('/')))
}

fn line_of(bytes: &[u8], end: usize) -> usize {
    1 + bytes.iter().take(end).filter(|byte| **byte == b'\n').count()
}

/// What is wrong with the XML, in words that quote nothing of it.
fn explain(error: &Error) -> Fault {
    let place = error.pos();
    let place = format!("line {}, column {}", place.row, place.col);
    match error {
        Error::DtdDetected => Fault::lasting("has a DTD, which no OVF environment has").with_hint("remove it"),
        Error::NodesLimitReached => {
            Fault::lasting(format!("has more than {NODE_LIMIT} nodes, the limit")).with_hint("write a simpler one")
        }
        Error::UnknownEntityReference(..) | Error::MalformedEntityReference(_) => {
            Fault::lasting(format!("is damaged: an `&` at {place} doesn't start an entity"))
                .with_hint("the program that wrote it did not escape a value: write `&amp;`")
        }
        Error::UnclosedRootNode | Error::NoRootNode => Fault::lasting("is cut off: its end is missing")
            .with_hint("power the machine off and on to have it rewritten"),
        _ => Fault::lasting(format!("is damaged: {place} is not well-formed XML"))
            .with_hint("escape `&`, `<` and `\"` in values as `&amp;`, `&lt;`, `&quot;`"),
    }
}
