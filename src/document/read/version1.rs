//! A network of version 1: version 2 is made of it, and what is wrong with that is said in its keys.

use std::collections::{HashMap, HashSet};

use super::Document;
use crate::document::diagnostic::Diagnostic;
use crate::document::network::version1::{is_version_1, to_version_2, words};
use crate::document::yaml::{Node, Span, Value};

/// Words of version 2 in its advice, and what to do in version 1.
const ADVICE: [(&str, &str); 3] = [
    (
        "add it: `ethernets: ",
        "add an item with `type: physical` and this name",
    ),
    (
        "`on-link: true`",
        "correct it, or add a subnet with `pointopoint` for a gateway that the link reaches anyway",
    ),
    (
        "`match:",
        "write a shorter name; with `mac_address`, the link that has it gets the name",
    ),
];

/// A place in a file: line and column.
type Position = (String, usize, usize);

impl Document {
    /// Makes version 2 of a network of version 1. What is wrong in it is for the caller to take out.
    pub(super) fn take_version_1(&mut self) -> Vec<Vec<String>> {
        let Some(network) = self.tree.as_mut().and_then(|tree| tree.get_mut("network")) else {
            return Vec::new();
        };
        if !is_version_1(network) {
            return Vec::new();
        }
        let twice: Vec<Span> = self.twice.iter().map(|(_, span)| *span).collect();
        let made = to_version_2(network, &twice, &mut self.budget);
        self.version_1 = Some(std::mem::replace(network, made.network));
        let mut bad = made.doomed;
        for finding in made.found {
            if finding.told.is_error() {
                bad.push(finding.told.path.clone());
            }
            self.report_at(finding.span, finding.show, finding.told);
        }
        // What an item without a name would have become is not there, and nothing around it is to blame.
        let is_there = |path: &Vec<String>| self.tree.as_ref().is_some_and(|tree| tree.find(path).is_some());
        let wholes = bad.iter().map(|path| self.whole(path));
        wholes.filter(is_there).collect()
    }

    /// Gives each diagnostic about it the keys that its author wrote, and advice that can be followed there.
    pub(super) fn say_paths_of_version_1(&mut self) {
        let Some(network) = self.version_1.take() else { return };
        let is_about = |told: &Diagnostic| told.path.first().is_none_or(|first| first == "network");
        let wanted: HashSet<Position> = self
            .diagnostics
            .iter()
            .filter(|told| is_about(told) && told.line > 0)
            .map(position)
            .collect();
        if wanted.is_empty() {
            return;
        }
        let mut found = HashMap::new();
        self.look(&network, &wanted, &mut vec!["network".to_owned()], &mut found);
        for told in self.diagnostics.iter_mut().filter(|told| is_about(told)) {
            if let Some(path) = found.get(&position(told)) {
                let kind = told.path.get(1).cloned().unwrap_or_default();
                told.path.clone_from(path);
                told.message = in_its_words(&told.message, &kind);
                told.hint = told.hint.as_deref().map(|hint| in_its_words(hint, &kind));
            }
        }
        self.diagnostics.dedup();
    }

    /// Notes the keys that lead to the wanted places: the innermost, where there are several.
    fn look(
        &self,
        node: &Node,
        wanted: &HashSet<Position>,
        path: &mut Vec<String>,
        found: &mut HashMap<Position, Vec<String>>,
    ) {
        let is_wanted = |span: Span| self.position(span).filter(|position| wanted.contains(position));
        found.extend(is_wanted(node.span).map(|position| (position, path.clone())));
        match &node.value {
            Value::Mapping(entries) => {
                for entry in entries {
                    path.push(entry.key.text.clone());
                    found.extend(is_wanted(entry.key.span).map(|position| (position, path.clone())));
                    self.look(&entry.value, wanted, path, found);
                    path.pop();
                }
            }
            Value::Sequence(items) => {
                for (number, item) in items.iter().enumerate() {
                    path.push(number.to_string());
                    self.look(item, wanted, path, found);
                    path.pop();
                }
            }
            Value::Scalar(_) => {}
        }
    }

    fn position(&self, span: Span) -> Option<Position> {
        let place = &self.texts.get(span.source())?.place;
        Some((place.file(), place.line(span.line()), place.column(span.column())))
    }
}

/// A text about a device of this kind of version 2 in the words of version 1.
fn in_its_words(text: &str, kind: &str) -> String {
    if let Some((_, advice)) = ADVICE.iter().find(|(word, _)| text.contains(word)) {
        return (*advice).to_owned();
    }
    let parts = text.split('`').enumerate().map(|(number, part)| {
        let known = words(kind).find(|(own, _)| number % 2 == 1 && *own == part);
        known.map_or(part, |(_, name)| name)
    });
    parts.collect::<Vec<_>>().join("`")
}

fn position(told: &Diagnostic) -> Position {
    (told.file.clone(), told.line, told.column)
}
