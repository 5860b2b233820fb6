//! Tunnels: what their modes need, and which of them get in each other's way.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::super::tunnel::key::{PublicKey, TunnelKey};
use super::super::tunnel::wireguard::Peer;
use super::super::tunnel::{Ends, Tunnel, TunnelMode};
use super::super::{InterfaceId, Network};
use crate::document::code::Code;
use crate::document::problem::Problems;

/// What is wrong with a tunnel.
pub fn check(tunnel: &Tunnel, problems: &mut Problems<'_>) {
    check_ends(tunnel, problems);
    check_key(tunnel, problems);
    check_useless(tunnel, problems);
    match tunnel.mode {
        TunnelMode::Wireguard => check_peers(&tunnel.peers, problems),
        TunnelMode::Vxlan => check_vxlan(tunnel, problems),
        _ => {}
    }
}

/// The addresses of the ends are those that the mode takes.
fn check_ends(tunnel: &Tunnel, problems: &mut Problems<'_>) {
    let mode = tunnel.mode;
    let ends = mode.ends();
    for (key, end) in [("local", tunnel.local), ("remote", tunnel.remote)] {
        let Some(ip) = end.map(|end| end.0) else { continue };
        let family = match ends {
            Ends::Ipv4 if ip.is_ipv6() => "IPv4",
            Ends::Ipv6 if ip.is_ipv4() => "IPv6",
            _ => {
                if key == "local" && ip.is_multicast() && ends != Ends::None {
                    problems.error(
                        &[key],
                        format!("{ip} is a multicast address, which no link can have"),
                        None,
                    );
                }
                continue;
            }
        };
        let message = format!("the ends of `{mode}` have {family} addresses, {ip} isn't one");
        problems.error(&[key], message, mode_of_family(mode).as_deref());
    }
    match (ends, tunnel.local, tunnel.remote) {
        (Ends::Ipv4 | Ends::Ipv6, _, None) => {
            let hint = "add the other end's address as `remote`";
            problems
                .of(Code::MissingKey)
                .error(&[], format!("`{mode}` needs `remote`"), Some(hint));
        }
        (Ends::Either, Some(local), Some(remote)) if local.0.is_ipv4() != remote.0.is_ipv4() => {
            let message = format!(
                "`local` is {}, but `remote` is {}: both are IPv4 or both are IPv6",
                local.0, remote.0
            );
            problems.of(Code::Conflict).error(&["remote"], message, None);
        }
        _ => {}
    }
}

/// The mode that does the same for addresses of the other family.
fn mode_of_family(mode: TunnelMode) -> Option<String> {
    let other = match mode {
        TunnelMode::Gre => TunnelMode::Ip6Gre,
        TunnelMode::Ip6Gre => TunnelMode::Gre,
        TunnelMode::Gretap => TunnelMode::Ip6Gretap,
        TunnelMode::Ip6Gretap => TunnelMode::Gretap,
        TunnelMode::Vti => TunnelMode::Vti6,
        TunnelMode::Vti6 => TunnelMode::Vti,
        TunnelMode::Ipip => TunnelMode::Ipip6,
        TunnelMode::Ipip6 => TunnelMode::Ipip,
        TunnelMode::Sit => TunnelMode::Ip6Ip6,
        TunnelMode::Ip6Ip6 => TunnelMode::Sit,
        TunnelMode::Wireguard | TunnelMode::Vxlan => return None,
    };
    Some(format!("for the other family: `mode: {other}`"))
}

/// The key is one of the mode's.
fn check_key(tunnel: &Tunnel, problems: &mut Problems<'_>) {
    let mode = tunnel.mode;
    if tunnel.key.is_some() && tunnel.keys.is_some() {
        let message = "`key` and `keys` are two names of one setting";
        problems
            .of(Code::Conflict)
            .error(&["keys"], message, Some("keep one of them"));
    }
    let given = tunnel.given_key();
    if let Some((name, key)) = given {
        let wrong = match mode {
            TunnelMode::Wireguard => key.private().err(),
            _ if mode.has_packet_keys() => key.of_packets().err(),
            _ => None,
        };
        if let Some(why) = wrong {
            problems.error(&[name], why, None);
        }
        check_foreign_keys(mode, name, key, problems);
    }
    if mode == TunnelMode::Wireguard && !given.is_some_and(|(_, key)| is_private(key)) {
        let hint = "add the private key or the path of its file as `key`; `wg genkey` makes one";
        problems
            .of(Code::MissingKey)
            .error(&[], "`wireguard` needs a private key", Some(hint));
    }
}

/// Whether it says the private key of WireGuard, right or wrong.
fn is_private(key: &TunnelKey) -> bool {
    match key {
        TunnelKey::One(_) => true,
        TunnelKey::Each(keys) => keys.private.is_some(),
    }
}

/// Keys of a kind that the mode doesn't have.
fn check_foreign_keys(mode: TunnelMode, name: &str, key: &TunnelKey, problems: &mut Problems<'_>) {
    let hint = Some("leave it out");
    let keys = match key {
        TunnelKey::One(_) if mode == TunnelMode::Wireguard || mode.has_packet_keys() => return,
        TunnelKey::One(_) => {
            let message = format!("packets of `{mode}` have no key");
            return problems.of(Code::NotSupported).error(&[name], message, hint);
        }
        TunnelKey::Each(keys) => keys,
    };
    for (part, given) in [("input", keys.input.is_some()), ("output", keys.output.is_some())] {
        let message = format!("packets of `{mode}` have no key");
        if given && mode == TunnelMode::Wireguard {
            problems.of(Code::NoEffect).warning(&[name, part], message, hint);
        } else if given && !mode.has_packet_keys() {
            problems.of(Code::NotSupported).error(&[name, part], message, hint);
        }
    }
    if keys.private.is_some() && mode != TunnelMode::Wireguard {
        let message = format!("`{mode}` has no private key, only `wireguard` has");
        problems.of(Code::NoEffect).warning(&[name, "private"], message, hint);
    }
}

/// Keys that the mode doesn't read.
fn check_useless(tunnel: &Tunnel, problems: &mut Problems<'_>) {
    const VXLAN: &[TunnelMode] = &[TunnelMode::Vxlan];
    const WIREGUARD: &[TunnelMode] = &[TunnelMode::Wireguard];
    const BOTH: &[TunnelMode] = &[TunnelMode::Wireguard, TunnelMode::Vxlan];
    let mode = tunnel.mode;
    for (key, given, modes) in [
        ("mark", tunnel.mark.is_some(), WIREGUARD),
        ("peers", !tunnel.peers.is_empty(), WIREGUARD),
        ("port", tunnel.port.is_some(), BOTH),
        ("id", tunnel.id.is_some(), VXLAN),
        ("link", tunnel.link.is_some(), VXLAN),
        ("ageing", tunnel.ageing.is_some(), VXLAN),
        ("limit", tunnel.limit.is_some(), VXLAN),
        ("type-of-service", tunnel.type_of_service.is_some(), VXLAN),
        ("mac-learning", tunnel.mac_learning.is_some(), VXLAN),
        ("arp-proxy", tunnel.arp_proxy.is_some(), VXLAN),
        ("short-circuit", tunnel.short_circuit.is_some(), VXLAN),
        ("notifications", !tunnel.notifications.is_empty(), VXLAN),
        ("checksums", !tunnel.checksums.is_empty(), VXLAN),
        ("extensions", !tunnel.extensions.is_empty(), VXLAN),
        ("port-range", tunnel.port_range.is_some(), VXLAN),
        ("flow-label", tunnel.flow_label.is_some(), VXLAN),
        ("do-not-fragment", tunnel.do_not_fragment.is_some(), VXLAN),
    ] {
        if given && !modes.contains(&mode) {
            let modes: Vec<String> = modes.iter().map(|mode| format!("`{mode}`")).collect();
            let message = format!(
                "`{key}` has no effect in mode `{mode}`: it is for {}",
                modes.join(" and ")
            );
            problems.of(Code::NoEffect).warning(&[key], message, None);
        }
    }
    if mode == TunnelMode::Wireguard {
        for (key, given) in [
            ("local", tunnel.local.is_some()),
            ("remote", tunnel.remote.is_some()),
            ("ttl", tunnel.ttl.is_some()),
        ] {
            if given {
                let message = format!("`{key}` has no effect in mode `wireguard`");
                let hint = (key == "remote").then_some("say where a peer is in its `endpoint`");
                problems.of(Code::NoEffect).warning(&[key], message, hint);
            }
        }
    }
}

fn check_vxlan(tunnel: &Tunnel, problems: &mut Problems<'_>) {
    if tunnel.id.is_none() {
        let hint = "add the number of the network that it carries";
        problems
            .of(Code::MissingKey)
            .error(&[], "`vxlan` needs `id`", Some(hint));
    }
    if let Some(range) = tunnel.port_range.filter(|range| range.is_swapped) {
        let message = format!("the highest port is first: taken as {range}");
        problems.warning(&["port-range"], message, Some("write the lowest port first"));
    }
    let ends = [tunnel.local, tunnel.remote];
    let is_ipv4 = ends.iter().flatten().any(|end| end.0.is_ipv4());
    if tunnel.flow_label.is_some() && is_ipv4 {
        let message = "`flow-label` has no effect over IPv4";
        problems.of(Code::NoEffect).warning(&["flow-label"], message, None);
    }
    for (key, given) in [("ageing", tunnel.ageing), ("limit", tunnel.limit)] {
        if given == Some(0) {
            let message = format!("`{key}: 0` says nothing: networkd leaves the kernel's default");
            problems.of(Code::NoEffect).warning(&[key], message, None);
        }
    }
}

/// The peers of a tunnel are told from each other by their keys, and packets by the networks that they are for.
fn check_peers(peers: &[Peer], problems: &mut Problems<'_>) {
    let mut keys: BTreeSet<&PublicKey> = BTreeSet::new();
    let mut networks: BTreeMap<IpNet, usize> = BTreeMap::new();
    for (number, peer) in peers.iter().enumerate() {
        let problems = &mut problems.below(&["peers", &number.to_string()]);
        if !keys.insert(&peer.keys.public) {
            let message = "another peer already has this public key: the last one takes its place";
            problems
                .of(Code::Conflict)
                .warning(&["keys", "public"], message, Some("make one peer of them"));
        }
        if peer.allowed_ips.is_empty() {
            let message = "without `allowed-ips` no packet goes to this peer or is taken from it";
            let hint = "add the networks behind it, or `0.0.0.0/0` and `::/0` for all";
            problems.of(Code::MissingKey).warning(&[], message, Some(hint));
        }
        for (place, allowed) in peer.allowed_ips.iter().enumerate() {
            let owner = networks.insert(allowed.network(), number);
            if let Some(owner) = owner.filter(|owner| *owner != number) {
                let message = format!(
                    "{} is already that of peer {owner}: this one takes it over",
                    allowed.network()
                );
                let hint = "give each network to one peer";
                problems
                    .of(Code::Conflict)
                    .warning(&["allowed-ips", &place.to_string()], message, Some(hint));
            }
        }
    }
}

/// Which tunnels get in each other's way.
pub fn check_all(network: &Network, problems: &mut Problems<'_>) {
    check_ports(network, problems);
    check_same(network, problems);
}

/// A UDP port is that of one tunnel.
fn check_ports(network: &Network, problems: &mut Problems<'_>) {
    let mut owners: BTreeMap<u16, &InterfaceId> = BTreeMap::new();
    for (id, tunnel) in &network.tunnels {
        let port = tunnel
            .port
            .filter(|port| *port != 0 && tunnel.mode == TunnelMode::Wireguard);
        if let Some(owner) = port.and_then(|port| owners.insert(port, id)) {
            let message = format!(
                "`{}` already listens on this port: this one can't be set up",
                owner.as_str()
            );
            problems.of(Code::Conflict).error(
                &["tunnels", id.as_str(), "port"],
                message,
                Some("give each of them its own"),
            );
        }
    }
}

/// Of tunnels whose packets can't be told from each other, the kernel makes one.
fn check_same(network: &Network, problems: &mut Problems<'_>) {
    let mut owners = BTreeMap::new();
    for (id, tunnel) in &network.tunnels {
        let Some(packets) = packets_of(tunnel) else { continue };
        if let Some(owner) = owners.insert(packets, id) {
            let message = format!(
                "packets of this tunnel can't be told from those of `{}`: the kernel makes only one of them",
                owner.as_str()
            );
            let hint = match tunnel.mode {
                TunnelMode::Vxlan => Some("give each its own `id`"),
                mode if mode.has_packet_keys() => Some("give each its own `key`"),
                _ => None,
            };
            problems
                .of(Code::Conflict)
                .warning(&["tunnels", id.as_str()], message, hint);
        }
    }
}

/// By what the kernel tells packets of a tunnel from those of others; nothing, if by more than the document says.
fn packets_of(tunnel: &Tunnel) -> Option<impl Ord + use<>> {
    let ends = (tunnel.local.map(|end| end.0), tunnel.remote.map(|end| end.0));
    let vxlan = (
        tunnel.id,
        tunnel.link.as_ref().map(|link| link.as_str().to_owned()),
        tunnel.port,
    );
    match tunnel.mode {
        TunnelMode::Wireguard => None,
        // Where its ends are is nothing that packets are told by.
        TunnelMode::Vxlan => tunnel.id.map(|_| ("vxlan", (None, None), None, Some(vxlan))),
        mode => {
            let (input, _) = tunnel
                .given_key()
                .map_or(Some((None, None)), |(_, key)| key.of_packets().ok())?;
            Some((mode.as_str(), ends, input.map(|key| key.number()), None))
        }
    }
}
