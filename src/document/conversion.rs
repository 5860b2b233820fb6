//! What a source knows of a text that it made itself from something else: where each value is from, and what could not
//! be taken over. Problems are then reported where its owner can correct them, not in a text that no one ever saw.

use std::collections::BTreeMap;

use super::diagnostic::Diagnostic;
use super::yaml::{Node, Value};

/// The most problems that a source reports of what it converts; more would leave no room for those of the document.
const FAULT_LIMIT: usize = 50;

/// How a text was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conversion {
    /// What to do about a mistake: the advice that a document gets can't be followed there.
    advice: &'static str,
    /// The source's own places, by the keys that lead to what became of them in the text.
    places: BTreeMap<Vec<String>, String>,
    faults: Vec<Fault>,
    /// Whether only values with a place were converted, and everything else stays where its owner wrote it.
    partly: bool,
}

/// Something that could not be taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    /// The source's own place.
    place: String,
    message: String,
    /// The keys that would have led there in the document.
    path: Vec<String>,
    warning: bool,
}

impl Conversion {
    /// A conversion of which nothing is known yet, but what to do about mistakes.
    pub fn new(advice: &'static str) -> Self {
        Self {
            advice,
            ..Self::default()
        }
    }

    /// The same of a text of which somebody wrote all but what has a place.
    pub fn partly(advice: &'static str) -> Self {
        Self {
            partly: true,
            ..Self::new(advice)
        }
    }

    /// Notes that what `path` leads to in the text is from `place`.
    pub fn place(&mut self, path: &[&str], place: impl Into<String>) {
        self.places.insert(owned(path), place.into());
    }

    /// Reports what could not be taken over. `path` would have led to it in the document. The message is a sentence of its
    /// own, without any secret.
    pub fn error(&mut self, path: &[&str], place: impl Into<String>, message: impl Into<String>) {
        self.add(path, place.into(), message.into(), false);
    }

    /// Reports what was taken over in another way than it may have been meant.
    pub fn warning(&mut self, path: &[&str], place: impl Into<String>, message: impl Into<String>) {
        self.add(path, place.into(), message.into(), true);
    }

    fn add(&mut self, path: &[&str], place: String, message: String, warning: bool) {
        if self.faults.len() >= FAULT_LIMIT {
            return;
        }
        let message = match self.faults.len() + 1 == FAULT_LIMIT {
            true => format!("{message} (problems beyond this one are not reported)"),
            false => message,
        };
        self.faults.push(Fault {
            place,
            message,
            path: owned(path),
            warning,
        });
    }

    /// Whether something could not be taken over.
    pub fn has_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    /// What could not be taken over, as it is reported.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let reported = self.faults.iter().map(|fault| {
            let diagnostic = Diagnostic::converted(&fault.place, &fault.message, self.advice).path(fault.path.clone());
            match fault.warning {
                true => diagnostic.warning(),
                false => diagnostic,
            }
        });
        reported.collect()
    }

    /// The places of this text, which `root` was read from.
    pub(super) fn located(&self, root: Option<&Node>) -> Located {
        let mut located = Located {
            advice: self.advice,
            places: Vec::new(),
            partly: self.partly,
        };
        if let Some(root) = root {
            self.locate(root, &mut Vec::new(), &mut located.places);
        }
        located
    }

    /// Notes the places below `node`, and gives the end of all of it: a mapping's own span is that of its beginning.
    fn locate(&self, node: &Node, path: &mut Vec<String>, places: &mut Vec<(usize, usize, String)>) -> usize {
        let mut below = |key: String, start: usize, node: &Node| {
            path.push(key);
            let end = self.locate(node, path, places);
            if let Some(place) = self.places.get(path.as_slice()) {
                places.push((start, end, place.clone()));
            }
            path.pop();
            end
        };
        let ends: Vec<usize> = match &node.value {
            Value::Mapping(entries) => {
                let entries = entries.iter();
                entries
                    .map(|entry| below(entry.key.text.clone(), entry.key.span.start(), &entry.value))
                    .collect()
            }
            Value::Sequence(items) => {
                let items = items.iter().enumerate();
                items
                    .map(|(number, item)| below(number.to_string(), item.span.start(), item))
                    .collect()
            }
            Value::Scalar(_) => Vec::new(),
        };
        ends.into_iter().chain([node.span.end()]).max().unwrap_or_default()
    }
}

/// A source's own places by the bytes of the text that was made from them.
#[derive(Debug)]
pub(super) struct Located {
    advice: &'static str,
    places: Vec<(usize, usize, String)>,
    partly: bool,
}

impl Located {
    /// The source's own place of this byte of the text, which is `origin`; `None` where the text's own counts.
    pub fn place(&self, at: usize, origin: &str) -> Option<String> {
        let around = self
            .places
            .iter()
            .filter(|(start, end, _)| (*start..=*end).contains(&at));
        let nearest = around.min_by_key(|(start, end, _)| end - start);
        let place = nearest.map(|(_, _, place)| place.clone());
        place.or_else(|| (!self.partly).then(|| origin.to_owned()))
    }

    /// What is wrong at one of the source's places.
    pub fn diagnostic(&self, place: &str, message: String) -> Diagnostic {
        Diagnostic::converted(place, message, self.advice)
    }
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|key| (*key).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Text, Texts};

    fn read(text: &str, conversion: &Conversion) -> Vec<(String, String, Option<String>, bool)> {
        let document = Document::read(&Texts {
            network_config: Some(Text::new("made", text.as_bytes())),
            conversions: vec![("made", conversion)],
            ..Texts::default()
        });
        let told = document.diagnostics.iter();
        told.map(|one| (one.place(), one.message.clone(), one.hint.clone(), one.is_error()))
            .collect()
    }

    #[test]
    fn mistakes_are_said_where_their_owner_can_correct_them() {
        let mut conversion = Conversion::new("make the drive again");
        conversion.place(&["ethernets", "a"], "data: links[0]");
        conversion.place(&["ethernets", "a", "routes", "1"], "data: routes[7]");
        conversion.place(&["ethernets", "a", "routes", "1", "via"], "data: routes[7].gateway");
        conversion.error(
            &["network", "ethernets", "b"],
            "data: links[1]",
            "the link has no address",
        );
        conversion.warning(&[], "data: x", "x is odd");
        let text = r#"{"ethernets": {"a": {"match": {"macaddress": "x"}, "addresses": ["192.0.2.1/24"], "routes": [
            {"to": "198.51.100.0/24", "via": "192.0.2.9"}, {"to": "203.0.113.0/24", "via": "hunter3"}]}}, "other": 1}"#;
        let advice = Some("make the drive again".to_owned());
        let expected = [
            ("data: links[1]", "the link has no address", true),
            ("data: x", "x is odd", false),
            ("data: links[0]", "`x` is not a hardware address", true),
            ("data: routes[7].gateway", "`hunter3` is not the address", true),
            ("made", "unknown key `other`", true),
        ];
        let told = read(text, &conversion);
        for (place, words, is_error) in expected {
            let found = told
                .iter()
                .find(|(at, message, ..)| at == place && message.contains(words));
            let (_, _, hint, error) = found.unwrap_or_else(|| panic!("{place} {words}: {told:#?}"));
            assert_eq!((hint, *error), (&advice, is_error), "{words}");
        }
        assert_eq!(told.len(), expected.len(), "{told:#?}");
    }

    #[test]
    fn a_source_reports_only_so_much() {
        let mut conversion = Conversion::new("");
        for number in 0..1000 {
            conversion.error(&[], format!("place {number}"), "wrong");
        }
        let told = read("", &conversion);
        assert_eq!(told.len(), FAULT_LIMIT);
        assert!(told[FAULT_LIMIT - 1].1.contains("beyond this one"), "{told:?}");
    }

    #[test]
    fn advice_about_the_machine_is_given_and_advice_on_what_to_write_is_not() {
        let told = || Diagnostic::converted("data: x", "wrong", "make the drive again");
        let said = Some("install it".to_owned());
        assert_eq!(told().hint(said.clone()).hint, said);
        for left in [told().hint(None), told().hint_on_text(said.clone())] {
            assert_eq!(left.hint.as_deref(), Some("make the drive again"));
        }
        assert_eq!(
            Diagnostic::whole("x", "wrong", None).hint_on_text(said.clone()).hint,
            said
        );
    }
}
