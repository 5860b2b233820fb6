//! Which link an interface is, and whether two of them are the same.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Common, Device, Ethernet, InterfaceId, LinkName, Mac, MacPolicy, Match, Network, Version};
use crate::document::code::Code;
use crate::document::problem::Problems;

/// Which link a device is.
pub fn check(id: &InterfaceId, device: &dyn Device, problems: &mut Problems<'_>) {
    let there = device.netdev().there();
    let name = match there.and_then(|ethernet| ethernet.matching.as_ref()) {
        Some(matching) => matching.one_name(),
        None => Some(id.as_str()),
    };
    if name != Some("lo") {
        check_loopback(id.as_str(), device.common(), problems);
    }
    match there {
        Some(ethernet) => check_match(id.as_str(), ethernet, problems),
        None => {
            if let Err(why) = LinkName::try_from(id.as_str().to_owned()) {
                problems.error(&[id.as_str()], why, Some("the ID is the link's name"));
            }
        }
    }
}

/// The loopback addresses are those of one link.
fn check_loopback(id: &str, common: &Common, problems: &mut Problems<'_>) {
    for (number, address) in common.addresses.iter().enumerate() {
        let ip = address.address.ip();
        if ip.is_loopback() {
            let message = format!("{ip} is an address of the loopback link");
            problems.error(&[id, "addresses", &number.to_string()], message, None);
        }
    }
}

/// Which link an Ethernet interface is.
fn check_match(id: &str, ethernet: &Ethernet, problems: &mut Problems<'_>) {
    for (refusal, value) in ethernet.refusals() {
        refusal.check(value, &mut problems.below(&[id]));
    }
    match &ethernet.matching {
        Some(matching) if matching.is_empty() => {
            let message = "an empty `match` would match every link, `lo` included";
            problems.error(&[id], message, Some("set `name`, `macaddress` or `driver`"));
        }
        Some(matching) => check_names(id, matching, problems),
        None => {
            if let Err(why) = LinkName::try_from(id.to_owned()) {
                let hint = "without `match`, the ID is the link's name; for another link: `match: {name: \"e*\"}`";
                problems.error(&[id], why, Some(hint));
            }
            if ethernet.set_name.is_some() {
                let hint = "choose the link: `match: {macaddress: …}`";
                problems
                    .of(Code::MissingKey)
                    .error(&[id, "set-name"], "`set-name` needs a `match`", Some(hint));
            }
        }
    }
}

/// A name that no link has from the kernel: nothing is matched, unless it is an alternative name.
fn check_names(id: &str, matching: &Match, problems: &mut Problems<'_>) {
    for name in matching.name.iter().filter(|name| name.is_too_long_for_a_name()) {
        let message = format!(
            "`{}` has {} bytes, but a link's name has at most 15: only an alternative name can match",
            name.as_str(),
            name.as_str().len()
        );
        problems.warning(&[id, "match", "name"], message, Some("match it by `macaddress`"));
    }
}

/// What shows across interfaces: names that two of them want, links that two of them mean.
pub fn check_all(network: &Network, problems: &mut Problems<'_>) {
    let mut refused = check_wanted_names(network, problems);
    refused.extend(check_swapped_names(network, problems));
    check_shared_links(network, problems);
    check_given_addresses(network, problems);
    check_kernels_names(network, &refused, problems);
}

/// Two links can't have one name. The IDs of the interfaces whose name is refused.
fn check_wanted_names<'n>(network: &'n Network, problems: &mut Problems<'_>) -> BTreeSet<&'n str> {
    let mut refused = BTreeSet::new();
    let unmatched = network.devices().filter(|(_, device)| {
        let there = device.netdev().there();
        there.is_none_or(|ethernet| ethernet.matching.is_none())
    });
    let mut owners: BTreeMap<&str, &str> = unmatched.map(|(id, _)| (id.as_str(), id.as_str())).collect();
    for (id, name) in wanted_names(network) {
        if let Some(owner) = owners.insert(name.as_str(), id) {
            let message = format!("the name {} is already that of `{owner}`", name.as_str());
            problems
                .of(Code::Conflict)
                .error(&["ethernets", id, "set-name"], message, None);
            refused.insert(id);
        }
    }
    refused
}

/// The names that links get, with the IDs of their interfaces.
fn wanted_names(network: &Network) -> impl Iterator<Item = (&str, &LinkName)> {
    let matched = network
        .ethernets
        .iter()
        .filter(|(_, ethernet)| ethernet.matching.is_some());
    matched.filter_map(|(id, ethernet)| Some((id.as_str(), ethernet.set_name.as_ref()?)))
}

/// A ring of names: each link wants the one that the next one has, so none can be renamed first. The IDs of the
/// interfaces whose name is refused.
fn check_swapped_names<'n>(network: &'n Network, problems: &mut Problems<'_>) -> BTreeSet<&'n str> {
    let mut refused = BTreeSet::new();
    // From the name that a link has to its interface, and the name that it wants.
    let mut renamings: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for (id, ethernet) in &network.ethernets {
        let has = ethernet.matching.as_ref().and_then(Match::one_name);
        if let (Some(has), Some(wants)) = (has, &ethernet.set_name)
            && has != wants.as_str()
        {
            renamings.insert(has, (id.as_str(), wants.as_str()));
        }
    }
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for start in renamings.keys() {
        let mut chain: Vec<&str> = Vec::new();
        let mut name = *start;
        while seen.insert(name) {
            chain.push(name);
            match renamings.get(name) {
                Some((_, wants)) => name = wants,
                None => break,
            }
        }
        let ring = chain
            .iter()
            .skip_while(|link| **link != name)
            .filter_map(|link| renamings.get(link));
        for (id, wants) in ring {
            let message = format!(
                "{wants} is the name of a link that is itself renamed, in a loop: udev can't rename any of them first"
            );
            let hint = "choose names that no link has, such as lan0";
            problems
                .of(Code::Conflict)
                .error(&["ethernets", id, "set-name"], message, Some(hint));
            refused.insert(*id);
        }
    }
    refused
}

/// One link that two interfaces mean: only one of them is used for it.
fn check_shared_links(network: &Network, problems: &mut Problems<'_>) {
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    for (id, ethernet) in &network.ethernets {
        let (link, key) = match &ethernet.matching {
            None => (id.as_str().to_owned(), None),
            Some(matching) => match (matching.macaddress, matching.one_name()) {
                (Some(mac), _) => (mac.to_string(), Some("match")),
                (None, Some(name)) => (name.to_owned(), Some("match")),
                (None, None) => continue,
            },
        };
        if let Some(owner) = owners.insert(link.clone(), id.as_str()) {
            let place: Vec<&str> = ["ethernets", id.as_str()].into_iter().chain(key).collect();
            let message = format!("`{owner}` also matches the link {link}: only one of them is used for it");
            problems
                .of(Code::Conflict)
                .warning(&place, message, Some("put all settings of a link into one entry"));
        }
    }
}

/// Two links with one hardware address take each other's packets.
fn check_given_addresses(network: &Network, problems: &mut Problems<'_>) {
    let mut owners: BTreeMap<Mac, &str> = BTreeMap::new();
    for (id, device) in network.devices() {
        let macaddress = device.common().macaddress.and_then(MacPolicy::fixed);
        let owner = macaddress.and_then(|mac| owners.insert(mac, id.as_str()));
        if let Some(owner) = owner {
            let message = format!("`{owner}` has the same hardware address");
            problems.of(Code::Conflict).warning(
                &[device.kind(), id.as_str(), "macaddress"],
                message,
                Some("give each link its own"),
            );
        }
    }
}

/// With several links, a name that the kernel gives by itself may be taken when udev wants to give it.
fn check_kernels_names(network: &Network, refused: &BTreeSet<&str>, problems: &mut Problems<'_>) {
    // Version 1 names each link, and platforms write it: nobody there can choose another name.
    if network.ethernets.len() < 2 || network.version == Some(Version::One) {
        return;
    }
    let wanted = wanted_names(network).filter(|(id, name)| name.is_kernels_own() && !refused.contains(id));
    for (id, name) in wanted {
        let message = format!(
            "the kernel gives names like {} itself: if another link already has it, this one can't be renamed",
            name.as_str()
        );
        let hint = "choose a different kind of name, such as lan0";
        problems.warning(&["ethernets", id, "set-name"], message, Some(hint));
    }
}
