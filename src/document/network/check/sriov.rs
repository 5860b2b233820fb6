//! SR-IOV: whether the physical functions that are named exist, and have room for the virtual ones.

use std::collections::BTreeMap;

use super::super::{InterfaceId, Network};
use crate::document::code::Code;
use crate::document::problem::Problems;

/// All links that are virtual functions, or have them.
pub fn check(network: &Network, problems: &mut Problems<'_>) {
    let mut functions: BTreeMap<&InterfaceId, u32> = BTreeMap::new();
    for (id, ethernet) in &network.ethernets {
        let Some(physical) = &ethernet.link else { continue };
        let place = ["ethernets", id.as_str(), "link"];
        if physical == id {
            let message = "a link can't be a virtual function of itself";
            problems.of(Code::Conflict).error(&place, message, None);
        } else if !network.ethernets.contains_key(physical) {
            let message = format!("there is no `{}` among `ethernets`", physical.as_str());
            let hint = "`link` is the ID of the physical function that this link is a virtual function of";
            problems.of(Code::MissingKey).error(&place, message, Some(hint));
        } else {
            let count = functions.entry(physical).or_default();
            *count = count.saturating_add(1);
        }
    }
    for (id, entries) in functions {
        let Some(said) = network.ethernets.get(id).and_then(|it| it.virtual_function_count) else {
            continue;
        };
        if said.get() < entries {
            let message = format!("{entries} entries are virtual functions of this link, but it only gets {said}");
            let place = ["ethernets", id.as_str(), "virtual-function-count"];
            let hint = "raise it, or leave it out: it gets as many as there are entries";
            problems.of(Code::Conflict).error(&place, message, Some(hint));
        }
    }
}
