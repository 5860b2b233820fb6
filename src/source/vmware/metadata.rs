//! `guestinfo.metadata`: who the machine is, and its network, in one text.
//!
//! The two are told apart by position: the network is the same text with everything else blanked out, so that what is
//! said about it later names the line and column of the original.

use std::borrow::Cow;

use serde_yaml::granit_parser::{Event, Options, Parser};
use zeroize::Zeroizing;

use super::{ADVICE, encoding};
use crate::document::Conversion;
use crate::source::{PART_LIMIT, Part};

/// The metadata in its two parts.
#[derive(Debug, PartialEq, Eq)]
pub struct Split {
    /// Who the machine is.
    pub meta: Part,
    /// Its network.
    pub network: Option<Part>,
    /// Whether it leaves the name of the machine open.
    pub is_nameless: bool,
}

/// A key, where it begins, and what is said under it.
struct Entry<'a> {
    key: Cow<'a, str>,
    at: usize,
    value: Value<'a>,
}

/// What is said under a key.
enum Value<'a> {
    Scalar(Cow<'a, str>),
    /// A list or a mapping: its place, and whether it is valid alone.
    Nested {
        start: usize,
        end: usize,
        whole: bool,
    },
}

/// Tells the network from the rest. A text that is not a mapping stays as it is: whoever reads it reports it. What
/// can't be told apart is reported with the part that it is of, without anything of it.
pub fn split(bytes: Vec<u8>, origin: &str) -> Split {
    let (meta, network, is_nameless) = match std::str::from_utf8(&bytes).ok().and_then(entries) {
        Some(entries) => {
            let text = String::from_utf8_lossy(&bytes);
            let is_nameless = ["hostname", "local-hostname"]
                .iter()
                .all(|key| find(&entries, key).is_none());
            (named(&entries, &text), network(&entries, &text, origin), is_nameless)
        }
        None => (Ok(None), None, false),
    };
    let origin = origin.to_owned();
    let meta = match meta {
        Ok(Some(meta)) => {
            drop(Zeroizing::new(bytes));
            Part::new(origin, meta)
        }
        Ok(None) => Part::new(origin, bytes),
        Err(why) => faulty(Part::new(origin, bytes), &[], &why),
    };
    Split {
        meta,
        network,
        is_nameless,
    }
}

/// A part with what is wrong.
fn faulty(part: Part, path: &[&str], why: &str) -> Part {
    let mut conversion = Conversion::partly(ADVICE);
    conversion.error(path, part.origin.as_str(), why);
    part.partly_converted(conversion)
}

/// Metadata that leaves the name open, with a `local-hostname` below everything else that it says, which is from `place`.
///
/// # Errors
/// It is written so that nothing can be added.
pub fn with_hostname(meta: &Part, hostname: &str, place: &str) -> Result<Part, String> {
    let text = String::from_utf8_lossy(&meta.bytes);
    let name = serde_json::Value::from(hostname);
    let named = match text
        .find('{')
        .filter(|at| text.get(..*at).is_some_and(|before| before.trim().is_empty()))
    {
        Some(at) => {
            let (before, after) = (
                text.get(..=at).unwrap_or_default(),
                text.get(at + 1..).unwrap_or_default(),
            );
            format!("{before}\"local-hostname\": {name}, {after}")
        }
        None => {
            let first = entries(&text)
                .and_then(|entries| Some(entries.first()?.at))
                .unwrap_or_default();
            let before = text.get(..first).unwrap_or_default();
            let indent = " ".repeat(before.len() - before.rfind('\n').map_or(0, |at| at + 1));
            format!("{}\n{indent}local-hostname: {name}\n", text.trim_end_matches('\n'))
        }
    };
    let is_named = entries(&named).is_some_and(|entries| find(&entries, "local-hostname").is_some());
    match is_named {
        true => {
            let mut conversion = Conversion::partly(ADVICE);
            conversion.place(&["local-hostname"], place);
            Ok(Part::new(meta.origin.clone(), named.into_bytes()).partly_converted(conversion))
        }
        false => Err(format!(
            "{}: can't add the name from guestinfo.hostname: write it there as local-hostname",
            meta.origin
        )),
    }
}

/// The last value of the key, as YAML readers have it.
fn find<'e, 'a>(entries: &'e [Entry<'a>], name: &str) -> Option<&'e Value<'a>> {
    let found = entries.iter().rev().find(|entry| entry.key == name);
    found.map(|entry| &entry.value)
}

fn scalar<'e>(entries: &'e [Entry<'_>], name: &str) -> Option<&'e str> {
    match find(entries, name)? {
        Value::Scalar(text) => Some(text),
        Value::Nested { .. } => None,
    }
}

/// The metadata with the key `hostname` made `local-hostname`, which it replaces.
///
/// # Errors
/// The key is written so that it can't be made another.
fn named(entries: &[Entry<'_>], text: &str) -> Result<Option<Vec<u8>>, String> {
    if find(entries, "local-hostname").is_some() {
        return Ok(None);
    }
    let Some(entry) = entries.iter().rev().find(|entry| entry.key == "hostname") else {
        return Ok(None);
    };
    let before = text.get(..entry.at).unwrap_or_default();
    let key = text.get(entry.at..).unwrap_or_default();
    let quote = if key.starts_with(['"', '\'']) { 1 } else { 0 };
    let (quote, key) = key.split_at(quote);
    match key.starts_with("hostname") {
        true => Ok(Some(format!("{before}{quote}local-{key}").into_bytes())),
        false => Err("the key hostname can't be used: rename it to local-hostname".to_owned()),
    }
}

fn network(entries: &[Entry<'_>], text: &str, origin: &str) -> Option<Part> {
    let part = |bytes| Some(Part::new(origin, bytes));
    match find(entries, "network") {
        None => None,
        Some(Value::Scalar(value)) if matches!(value.trim(), "" | "~" | "null") => None,
        Some(Value::Scalar(value)) => {
            let raw = Zeroizing::new(value.as_bytes().to_vec());
            let scheme = scalar(entries, "network.encoding").unwrap_or_default();
            let origin = format!("{origin}: network");
            match encoding::decode(raw, scheme, PART_LIMIT) {
                Ok(bytes) => Some(Part::new(origin, bytes)),
                Err(why) => {
                    let why = format!(
                        "the network {}",
                        why.to_string().replace(".encoding", "network.encoding")
                    );
                    Some(faulty(Part::new(origin, ""), &["network"], &why))
                }
            }
        }
        Some(Value::Nested {
            start,
            end,
            whole: true,
        }) => part(blanked(text, *start, *end)),
        // Its aliases are of the rest of the text, which goes with it.
        Some(Value::Nested { .. }) => expanded(text).map(|bytes| Part::new(format!("{origin}: network"), bytes)),
    }
}

/// The text from `start` to `end`, at its place: spaces replace what is before it.
fn blanked(text: &str, start: usize, end: usize) -> Vec<u8> {
    let before = text.get(..start).unwrap_or_default();
    let mut blank: String = before.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
    blank.push_str(text.get(start..end).unwrap_or_default());
    blank.into_bytes()
}

/// The network with its aliases expanded, within the parser's own limits. `None` for what it refuses, which is reported
/// as the metadata that it stays a part of.
fn expanded(text: &str) -> Option<Vec<u8>> {
    let value: serde_json::Value = serde_yaml::from_str(text).ok()?;
    serde_json::to_vec_pretty(value.get("network")?).ok()
}

/// The entries of the mapping that the text is; `None` if it is not a mapping, or not YAML.
fn entries(text: &str) -> Option<Vec<Entry<'_>>> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut entries = Vec::new();
    let mut key: Option<(Cow<'_, str>, usize)> = None;
    let entry = |(key, at), value| Entry { key, at, value };
    let mut nested: Option<(usize, bool)> = None;
    let mut depth = 0_usize;
    while let Some(event) = parser.next_event() {
        let (event, span) = event.ok()?;
        match event {
            // One document is meant; of which, is for its reader to say.
            Event::DocumentStart(..) if !entries.is_empty() => return None,
            Event::MappingStart(_, anchor, _) | Event::SequenceStart(_, anchor, _) => {
                let is_mapping = matches!(event, Event::MappingStart(..));
                depth += 1;
                if depth == 1 && !is_mapping {
                    return None;
                }
                if depth == 2 {
                    key.as_ref()?;
                    // A list may begin before its first item's dash; it is no network anyway.
                    nested = Some((span.start.byte_offset()?, is_mapping));
                }
                if anchor != 0 {
                    nested = nested.map(|(start, whole)| (start, whole && depth > 2));
                }
            }
            Event::MappingEnd | Event::SequenceEnd => {
                depth = depth.checked_sub(1)?;
                if depth == 1 {
                    let (start, whole) = nested.take()?;
                    let end = span.end.byte_offset()?;
                    entries.push(entry(key.take()?, Value::Nested { start, end, whole }));
                }
            }
            Event::Alias(_) if depth == 1 => {
                let value = Value::Nested {
                    start: 0,
                    end: 0,
                    whole: false,
                };
                entries.push(entry(key.take()?, value));
            }
            Event::Alias(_) => nested = nested.map(|(start, _)| (start, false)),
            Event::Scalar(..) if depth == 0 => return None,
            Event::Scalar(text, ..) if depth == 1 => match key.take() {
                None => key = Some((text, span.start.byte_offset()?)),
                Some(key) => entries.push(entry(key, Value::Scalar(text))),
            },
            Event::StreamEnd => break,
            _ => {}
        }
    }
    (depth == 0 && key.is_none()).then_some(entries)
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64, Encoding};

    use super::*;

    fn parts(text: &str) -> (String, Option<String>) {
        let split = split(text.as_bytes().to_vec(), "guestinfo.metadata");
        let text = |part: &Part| String::from_utf8(part.bytes.to_vec()).unwrap();
        (text(&split.meta), split.network.as_ref().map(text))
    }

    fn wrong(part: &Part) -> String {
        let told = part.conversion.as_ref().unwrap().diagnostics();
        format!("{}: {}", told[0].place(), told[0].message)
    }

    #[test]
    fn the_network_stays_where_it_is() {
        let text =
            "instance-id: i-1 # é\nnetwork:\n  version: 2\n  ethernets:\n    eth0: {dhcp4: yes}\nlocal-hostname: a\n";
        let (meta, network) = parts(text);
        let network = network.unwrap();
        assert_eq!(meta, text);
        assert_eq!(
            network.find("version"),
            Some(text.find("version").unwrap() - 1),
            "é is one blank"
        );
        assert_eq!(network.trim(), "version: 2\n  ethernets:\n    eth0: {dhcp4: yes}");
        let (_, network) = parts("{\"local-hostname\": \"a\", \"network\": {\"version\": 2}, \"x\": [1]}");
        assert_eq!(network.as_deref().map(str::trim), Some("{\"version\": 2}"));
        let (_, network) = parts("network:\n- a\n- b\nx: y\n");
        assert_eq!(network.as_deref(), Some("[\n  \"a\",\n  \"b\"\n]"));
    }

    #[test]
    fn aliases_are_expanded() {
        for text in [
            "common: &c {dhcp4: true}\nnetwork:\n  version: 2\n  ethernets: {eth0: *c}\n",
            "c: &c {version: 2, ethernets: {eth0: {dhcp4: true}}}\nnetwork: *c\n",
        ] {
            let (meta, network) = parts(text);
            let network: serde_json::Value = serde_json::from_str(&network.unwrap()).unwrap();
            assert_eq!(meta, text);
            assert_eq!(network["ethernets"]["eth0"]["dhcp4"], true);
        }
    }

    #[test]
    fn an_encoded_network() {
        let plain = "version: 2\n";
        let encoded = Base64::encode_string(plain.as_bytes());
        for text in [
            format!("network: {encoded}\nnetwork.encoding: base64\n"),
            format!("{{\"network.encoding\": \"b64\", \"network\": \"{encoded}\"}}"),
            "network: |\n  version: 2\n".to_owned(),
        ] {
            assert_eq!(parts(&text), (text.clone(), Some(plain.to_owned())), "{text}");
        }
        let text = "network: hunter2\nnetwork.encoding: base64\n";
        let network = split(text.as_bytes().to_vec(), "x").network.unwrap();
        let why = wrong(&network);
        assert!(
            why.starts_with("x: network: the network has the encoding base64, but is some other text")
                && !why.contains("hunter2"),
            "{why}"
        );
        assert!(network.bytes.is_empty());
    }

    #[test]
    fn hostname_stands_in_for_local_hostname() {
        for (text, expected) in [
            (
                "instance-id: 007\nhostname: web1 # é\npublic-keys: [x]\n",
                "instance-id: 007\nlocal-hostname: web1 # é\npublic-keys: [x]\n",
            ),
            (
                "{\"é\": 1, \"hostname\": [\"a\"]}",
                "{\"é\": 1, \"local-hostname\": [\"a\"]}",
            ),
            ("&a 'hostname' : web1\n", "&a 'local-hostname' : web1\n"),
            (
                "hostname: web1\nlocal-hostname: web2\n",
                "hostname: web1\nlocal-hostname: web2\n",
            ),
        ] {
            assert_eq!(parts(text).0, expected);
        }
        let meta = split(b"\"\\x68ostname\": hunter2\n".to_vec(), "x").meta;
        assert_eq!(
            wrong(&meta),
            "x: the key hostname can't be used: rename it to local-hostname"
        );
    }

    #[test]
    fn a_name_is_added() {
        for (text, expected) in [
            ("instance-id: i-1\n", "instance-id: i-1\nlocal-hostname: \"web1\"\n"),
            (
                "---\n  a: |\n    x\n\n\n",
                "---\n  a: |\n    x\n  local-hostname: \"web1\"\n",
            ),
            ("\n{\"a\": 1}", "\n{\"local-hostname\": \"web1\", \"a\": 1}"),
            ("{}", "{\"local-hostname\": \"web1\", }"),
        ] {
            let split = split(text.as_bytes().to_vec(), "x");
            assert!(split.is_nameless);
            let named = with_hostname(&split.meta, "web1", "y").unwrap();
            assert_eq!(String::from_utf8(named.bytes.to_vec()).unwrap(), expected);
        }
        let closed = Part::new("guestinfo.metadata", "a: 1\n...\n");
        assert!(
            with_hostname(&closed, "web1", "y")
                .unwrap_err()
                .contains("guestinfo.metadata: can't add")
        );
        for text in ["hostname: a\n", "local-hostname: a\n", "- a\n"] {
            assert!(!split(text.as_bytes().to_vec(), "x").is_nameless);
        }
    }

    #[test]
    fn what_is_no_mapping_stays_as_it_is() {
        for text in [
            "",
            "- network: {}\n",
            "[network, x]",
            "network",
            "a: [\n",
            "network:\n",
            "? {a: b}\n: c\n",
            "a: 1\n---\nb: 1\n",
        ] {
            assert_eq!(parts(text), (text.to_owned(), None), "{text:?}");
        }
        let bytes = vec![0xFF, 0xFE];
        assert_eq!(*split(bytes.clone(), "x").meta.bytes, bytes);
    }
}
