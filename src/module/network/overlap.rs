//! Which interfaces of the document mean the same link, without comparing each with each.

use std::collections::{BTreeMap, BTreeSet};

use super::Interface;
use super::glob::is_pattern;
use super::selector::Selector;
use super::shadow::Target;
use crate::module::Plan;
use crate::system::LinkFacts;

/// How many interfaces are compared with all others that are matched by patterns or drivers, and how many of those that
/// name the same link with each other. Documents have a few.
const COMPARED_MAX: usize = 64;

/// Interfaces by what a link of theirs is found by. Numbers are places in the list that it was made of.
#[derive(Debug, Default)]
pub struct Index {
    /// By a name that is not a pattern, before or after renaming.
    by_name: BTreeMap<String, Vec<usize>>,
    by_mac: BTreeMap<String, Vec<usize>>,
    /// Those that neither finds for sure: patterns, drivers.
    wide: Vec<usize>,
}

impl Index {
    /// An index of these.
    pub fn of<'s>(selectors: impl Iterator<Item = &'s Selector>) -> Self {
        let mut index = Self::default();
        for (number, selector) in selectors.enumerate() {
            let lists = [&selector.names, &selector.original_names];
            let any_name = |list: &&Vec<String>| list.is_empty() || list.iter().any(|name| is_pattern(name));
            if selector.macs.is_empty() && lists.iter().any(any_name) {
                index.wide.push(number);
            }
            let names: BTreeSet<&String> = lists.into_iter().flatten().collect();
            for name in names.into_iter().filter(|name| !is_pattern(name)) {
                index.by_name.entry(name.clone()).or_default().push(number);
            }
            for mac in &selector.macs {
                index.by_mac.entry(mac.to_string()).or_default().push(number);
            }
        }
        index
    }

    /// All that may mean this link, in order.
    pub fn candidates(&self, link: &LinkFacts) -> Vec<usize> {
        self.found([&link.name].into_iter(), [&link.mac].into_iter(), usize::MAX)
    }

    /// All before `number` that may mean a link of `own`, in order.
    fn before(&self, number: usize, own: &Interface<'_>) -> Vec<usize> {
        let macs: Vec<String> = own.selector.macs.iter().map(ToString::to_string).collect();
        let macs = macs.iter().chain(own.links.iter().map(|link| &link.mac));
        let names = own.selector.names.iter().chain(&own.selector.original_names);
        let names = names.chain(own.links.iter().map(|link| &link.name));
        let mut found = match self.wide.binary_search(&number) {
            Ok(_) => (0..number).collect(),
            Err(_) => self.found(names, macs, COMPARED_MAX),
        };
        found.retain(|other| *other < number);
        found
    }

    /// Those that have one of these names or addresses, and those that may have any; of each, `most` at most.
    fn found<'t>(
        &self,
        names: impl Iterator<Item = &'t String>,
        macs: impl Iterator<Item = &'t String>,
        most: usize,
    ) -> Vec<usize> {
        let by_name = names.filter_map(|name| self.by_name.get(name));
        let by_mac = macs.filter_map(|mac| self.by_mac.get(mac));
        let lists = by_name.chain(by_mac).chain([&self.wide]);
        let all: BTreeSet<usize> = lists.flat_map(|list| list.iter().take(most)).copied().collect();
        all.into_iter().collect()
    }
}

/// Notes where two of our files hold for the same link: the first, by name, is used. Of each file the first that takes a
/// link from it is named.
pub fn note_overlaps(interfaces: &[Interface<'_>], plan: &mut Plan) {
    let mut sorted: Vec<&Interface<'_>> = interfaces.iter().collect();
    sorted.sort_by_cached_key(|interface| interface.file_name(".network"));
    let index = Index::of(sorted.iter().map(|interface| &interface.selector));
    if index.wide.len() > COMPARED_MAX {
        plan.warn(format!(
            "{} interfaces are matched by pattern or driver: firstlight did not compare all of them with each other",
            index.wide.len()
        ));
    }
    let compared = |number: &usize| {
        index
            .wide
            .binary_search(number)
            .map_or(true, |place| place < COMPARED_MAX)
    };
    for (number, second) in sorted.iter().enumerate().filter(|(number, _)| compared(number)) {
        let mut told = false;
        for other in index.before(number, second) {
            let Some(first) = sorted.get(other) else { continue };
            let Some(link) = shared_link(first, second) else {
                continue;
            };
            // One link taken out of a pattern is how it is meant to be.
            let is_meant = first.selector.is_one_link() && !second.selector.is_one_link();
            if is_meant && told {
                continue;
            }
            told = true;
            let (one, two) = (first.id.as_str(), second.id.as_str());
            let text = format!(
                "`{one}` and `{two}` both match {link}: the files are tried in order of their names, so `{one}` is used"
            );
            if is_meant {
                plan.info(text);
            } else {
                plan.warn(text);
                break;
            }
        }
    }
}

/// A link that both mean, in words.
fn shared_link(one: &Interface<'_>, two: &Interface<'_>) -> Option<String> {
    if let Some(link) = one.links.iter().find(|link| two.selector.claims(link)) {
        return Some(link.name.clone());
    }
    let (first, second) = (Target::of_selector(&one.selector), Target::of_selector(&two.selector));
    first.shares_links_with(&second).then(|| "the same link".to_owned())
}
