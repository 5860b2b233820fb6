//! What devices say of each other: members that don't exist or belong to two, pairs that aren't any, loops.

use std::collections::{BTreeMap, BTreeSet};

use super::super::device::LinkTo;
use super::super::{Device, InterfaceId, Netdev, Network, Role, Uses, VlanId};
use crate::document::code::Code;
use crate::document::problem::Problems;

/// All devices of a network.
pub fn check(network: &Network, uses: &Uses<'_>, problems: &mut Problems<'_>) {
    check_ids(network, problems);
    let mut owners = BTreeMap::new();
    for (id, device) in network.devices() {
        for link in device.links_to() {
            check_link(network, (id, device), &link, problems);
            check_owner(&mut owners, (id, device), &link, problems);
        }
    }
    check_loops(network, problems);
    check_vlans(network, problems);
    check_parts(network, uses, problems);
    check_ports(network, uses, problems);
}

/// The place of a link, below `network`.
fn place<'p>(id: &'p InterfaceId, device: &dyn Device, link: &'p LinkTo<'_>) -> Vec<&'p str> {
    let place = link.place.iter().map(String::as_str);
    [device.kind(), id.as_str()].into_iter().chain(place).collect()
}

/// An ID is given once, whatever the kind.
fn check_ids(network: &Network, problems: &mut Problems<'_>) {
    let mut owners: BTreeMap<&InterfaceId, &str> = BTreeMap::new();
    for (id, device) in network.devices() {
        if let Some(owner) = owners.insert(id, device.kind()) {
            let message = format!("`{}` is already one of `{owner}`", id.as_str());
            problems
                .of(Code::Conflict)
                .error(&[device.kind(), id.as_str()], message, Some("give it another name"));
        }
    }
}

/// The other device is there, and can be what it is for this one.
fn check_link(
    network: &Network,
    (id, device): (&InterfaceId, &dyn Device),
    link: &LinkTo<'_>,
    problems: &mut Problems<'_>,
) {
    let name = link.id.as_str();
    let place = place(id, device, link);
    let Some(other) = network.device(name) else {
        // One that is left out has been reported already.
        if !network.declared.has(name) {
            let hint = match link.role {
                Role::Peer => format!("add it: `virtual-ethernets: {{{name}: {{peer: {}}}}}`", id.as_str()),
                _ => format!("add it: `ethernets: {{{name}: {{}}}}`"),
            };
            problems
                .of(Code::MissingKey)
                .error(&place, format!("there is no device `{name}`"), Some(&hint));
        }
        return;
    };
    let mut conflict = |message: String| problems.of(Code::Conflict).error(&place, message, None);
    match (link.role, other.netdev()) {
        (Role::BridgePort, Netdev::Bridge(_)) => {
            conflict(format!("`{name}` is a bridge: no bridge can be a port of one"))
        }
        (Role::PhysicalFunction, Netdev::There(_)) => {}
        (Role::PhysicalFunction, _) => conflict(format!(
            "`{name}` is one of `{}`: only a network card has virtual functions",
            other.kind()
        )),
        (Role::VrfMember, Netdev::Vrf(_)) => conflict(format!("`{name}` is a VRF: no VRF can be in one")),
        (Role::Peer, Netdev::VirtualEthernet(other)) if other.peer == *id => {}
        (Role::Peer, Netdev::VirtualEthernet(other)) => {
            conflict(format!(
                "the `peer` of `{name}` is `{}`, not this one",
                other.peer.as_str()
            ));
        }
        (Role::Peer, _) => conflict(format!(
            "`{name}` is one of `{}`, not of `virtual-ethernets`",
            other.kind()
        )),
        _ => {}
    }
}

/// A link is a part of one device at most.
fn check_owner<'n>(
    owners: &mut BTreeMap<&'n InterfaceId, &'n InterfaceId>,
    (id, device): (&'n InterfaceId, &dyn Device),
    link: &LinkTo<'n>,
    problems: &mut Problems<'_>,
) {
    if !link.role.is_exclusive() {
        return;
    }
    let Some(owner) = owners.insert(link.id, id) else {
        return;
    };
    let name = link.id.as_str();
    let message = match owner == id {
        true => format!("`{name}` is listed twice"),
        false => format!("`{name}` already belongs to `{}`", owner.as_str()),
    };
    problems
        .of(Code::Conflict)
        .error(&place(id, device, link), message, Some("keep one of them"));
}

/// A device that is made of itself can't be made. One of each loop is reported.
fn check_loops(network: &Network, problems: &mut Problems<'_>) {
    let mut done: BTreeSet<&InterfaceId> = BTreeSet::new();
    for (start, _) in network.devices() {
        // The devices from `start` to where the walk is, each with the links that it has yet to follow.
        let mut path: Vec<(&InterfaceId, Vec<LinkTo<'_>>)> = Vec::new();
        let mut next = Some(start);
        loop {
            if let Some(id) = next.take()
                && done.insert(id)
                && let Some(device) = network.device(id.as_str())
            {
                path.push((id, device.links_to()));
            }
            let Some((id, links)) = path.last_mut() else { break };
            let (id, Some(link)) = (*id, links.pop()) else {
                path.pop();
                continue;
            };
            if link.role == Role::Peer {
                continue;
            }
            if path.iter().any(|(above, _)| *above == link.id) {
                let around = path.iter().map(|(id, _)| id.as_str());
                let ring: Vec<&str> = around.skip_while(|above| *above != link.id.as_str()).collect();
                let message = format!("`{}` would be made of itself: {}", link.id.as_str(), ring.join(", "));
                if let Some(device) = network.device(id.as_str()) {
                    problems
                        .of(Code::Conflict)
                        .error(&place(id, device, &link), message, None);
                }
            } else {
                next = Some(link.id);
            }
        }
    }
}

/// A link has each VLAN once.
fn check_vlans(network: &Network, problems: &mut Problems<'_>) {
    let mut owners: BTreeMap<(&InterfaceId, VlanId), &str> = BTreeMap::new();
    for (id, vlan) in &network.vlans {
        if let Some(owner) = owners.insert((&vlan.link, vlan.id), id.as_str()) {
            let message = format!(
                "`{owner}` is already VLAN {} of `{}`",
                vlan.id.number(),
                vlan.link.as_str()
            );
            problems
                .of(Code::Conflict)
                .error(&["vlans", id.as_str(), "id"], message, None);
        }
    }
}

/// The packets of a part are those of the whole: what it has for itself isn't used.
fn check_parts(network: &Network, uses: &Uses<'_>, problems: &mut Problems<'_>) {
    for (id, users) in uses {
        let whole = users.iter().find(|it| it.role.is_part());
        let (Some(whole), Some(device)) = (whole, network.device(id.as_str())) else {
            continue;
        };
        if device.common().has_addressing() {
            let by = whole.by.as_str();
            let message = format!("`{}` is a part of `{by}`: its own addresses are of no use", id.as_str());
            let hint = format!("give them to `{by}`");
            problems
                .of(Code::NoEffect)
                .warning(&[device.kind(), id.as_str()], message, Some(&hint));
        }
    }
}

/// What is said of the port of a bridge is for nothing where there is no bridge.
fn check_ports(network: &Network, uses: &Uses<'_>, problems: &mut Problems<'_>) {
    for (id, device) in network.devices() {
        let mut users = uses.get(id).into_iter().flatten();
        // The bridge may be one that is left out, which has been reported.
        if users.any(|it| it.role == Role::BridgePort) || network.declared.users(id.as_str()).next().is_some() {
            continue;
        }
        let common = device.common();
        let keys = [
            ("hairpin", common.hairpin),
            ("port-mac-learning", common.port_mac_learning),
            ("neigh-suppress", common.neigh_suppress),
        ];
        for (key, _) in keys.into_iter().filter(|(_, said)| said.is_some()) {
            let message = format!("`{key}` is for ports of bridges, and no bridge has this one");
            problems.of(Code::NoEffect).warning(
                &[device.kind(), id.as_str(), key],
                message,
                Some("list it in the `interfaces` of a bridge"),
            );
        }
    }
}
