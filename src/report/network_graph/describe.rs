//! What a box says of a device.

use super::LinksNow;
use crate::document::network::tunnel::wireguard::Peer;
use crate::document::network::{Common, Device, Ethernet, InterfaceId, MacPolicy, Netdev, Tunnel};
use crate::document::plain::plain;
use crate::report::words::count;

/// The most lines of one kind in a box: addresses, routes.
const LINES_MAX: usize = 4;

/// What devices under a key below `network` are called.
pub fn noun(kind: &'static str) -> &'static str {
    match kind {
        "ethernets" => "Ethernet link",
        "dummy-devices" => "dummy device",
        "virtual-ethernets" => "virtual Ethernet link",
        "bonds" => "bond",
        "bridges" => "bridge",
        "vlans" => "VLAN",
        "vrfs" => "VRF",
        "tunnels" => "tunnel",
        other => other,
    }
}

/// What the device is, in a word or two.
pub fn what(device: &dyn Device) -> String {
    match device.netdev() {
        Netdev::There(Ethernet { link: Some(_), .. }) => "virtual function".to_owned(),
        Netdev::There(_) => "Ethernet".to_owned(),
        Netdev::Bond(bond) => match bond.parameters.mode {
            Some(mode) => format!("bond, {mode}"),
            None => "bond".to_owned(),
        },
        Netdev::Bridge(_) => "bridge".to_owned(),
        Netdev::Dummy => "dummy".to_owned(),
        Netdev::Tunnel(tunnel) => match tunnel.id {
            Some(id) => format!("tunnel, {} {}", tunnel.mode, id.number()),
            None => format!("tunnel, {}", tunnel.mode),
        },
        Netdev::VirtualEthernet(_) => "virtual Ethernet".to_owned(),
        Netdev::Vlan(vlan) => format!("VLAN {}", vlan.id.number()),
        Netdev::Vrf(vrf) => format!("VRF, table {}", vrf.table),
    }
}

/// How the device is found and configured, a line for each thing.
pub fn lines(id: &InterfaceId, device: &dyn Device, now: Option<&LinksNow<'_>>) -> Vec<String> {
    let common = device.common();
    let mut lines = Vec::new();
    if let Netdev::There(ethernet) = device.netdev() {
        lines.extend(which(ethernet));
        if let Some(now) = now {
            lines.push(match now.get(id.as_str()).map(Vec::as_slice) {
                None | Some([]) => "no such link now".to_owned(),
                Some(links) => format!("now {}", links.join(", ")),
            });
        }
        lines.extend(
            ethernet
                .set_name
                .as_ref()
                .map(|name| format!("becomes {}", name.as_str())),
        );
    }
    if let Netdev::Tunnel(tunnel) = device.netdev() {
        let ends = [("from", tunnel.local), ("to", tunnel.remote)];
        lines.extend(
            ends.iter()
                .filter_map(|(word, end)| Some(format!("{word} {}", (*end)?.0))),
        );
        lines.extend(peers(tunnel));
    }
    let addresses = common.addresses.iter().map(|assigned| assigned.address.to_string());
    some_of(addresses.collect(), "address", "addresses", &mut lines);
    lines.extend(automatic(common));
    let (defaults, others): (Vec<_>, Vec<_>) = device.all_routes().into_iter().partition(|route| route.is_default());
    for (routes, one, many) in [
        (defaults, "default route", "default routes"),
        (others, "route", "routes"),
    ] {
        let shown = routes.iter().map(|route| format!("route {route}"));
        some_of(shown.collect(), one, many, &mut lines);
    }
    lines.extend(link_settings(common));
    lines
}

/// Where WireGuard listens, and its peers: where each is, and what goes to it.
fn peers(tunnel: &Tunnel) -> Vec<String> {
    let mut lines = Vec::new();
    if tunnel.peers.is_empty() {
        return lines;
    }
    lines.extend(
        tunnel
            .port
            .filter(|port| *port > 0)
            .map(|port| format!("listens on port {port}")),
    );
    let peer = |peer: &Peer| {
        let endpoint = peer.endpoint.as_ref().map(|endpoint| format!(" {endpoint}"));
        let networks: Vec<String> = peer.allowed_ips.iter().map(|net| net.network().to_string()).collect();
        let networks = (!networks.is_empty()).then(|| format!(" for {}", networks.join(" ")));
        format!("peer{}{}", endpoint.unwrap_or_default(), networks.unwrap_or_default())
    };
    some_of(tunnel.peers.iter().map(peer).collect(), "peer", "peers", &mut lines);
    lines
}

/// Which links are meant, where that isn't the one with the name.
fn which(ethernet: &Ethernet) -> Vec<String> {
    let Some(matching) = &ethernet.matching else {
        return Vec::new();
    };
    let patterns = |list: &[crate::document::network::Pattern]| {
        let words: Vec<&str> = list.iter().map(|pattern| pattern.as_str()).collect();
        words.join(" ")
    };
    let mut lines = Vec::new();
    if !matching.name.is_empty() {
        lines.push(format!("match name {}", patterns(&matching.name)));
    }
    lines.extend(matching.macaddress.map(|mac| format!("match {mac}")));
    if !matching.driver.is_empty() {
        lines.push(format!("match driver {}", patterns(&matching.driver)));
    }
    lines
}

/// Where else addresses come from.
fn automatic(common: &Common) -> Option<String> {
    let sources = [
        (common.dhcp4, "DHCPv4"),
        (common.dhcp6, "DHCPv6"),
        (common.accept_ra, "router advertisements"),
    ];
    let asked: Vec<&str> = sources
        .iter()
        .filter(|(asked, _)| *asked == Some(true))
        .map(|(_, source)| *source)
        .collect();
    (!asked.is_empty()).then(|| asked.join(", "))
}

fn link_settings(common: &Common) -> Vec<String> {
    let mac = common.macaddress.map(|policy| match policy.fixed() {
        Some(mac) => format!("gets {mac}"),
        None if policy == MacPolicy::Random => "gets a random MAC address".to_owned(),
        None => "keeps its MAC address".to_owned(),
    });
    let mtu = common.mtu.map(|mtu| format!("MTU {mtu}"));
    mac.into_iter().chain(mtu).collect()
}

/// The first few, and how many there are besides.
fn some_of(all: Vec<String>, one: &str, many: &str, lines: &mut Vec<String>) {
    let shown = if all.len() > LINES_MAX {
        LINES_MAX - 1
    } else {
        all.len()
    };
    let rest = all.len() - shown;
    lines.extend(all.into_iter().take(shown));
    if rest > 0 {
        let noun = if rest == 1 { one } else { many };
        lines.push(format!("and {rest} more {noun}"));
    }
}

/// How many devices of each kind, in words: `2 Ethernet links, 1 bond`.
pub fn counted(kinds: impl Iterator<Item = (&'static str, usize)>) -> String {
    let words: Vec<String> = kinds
        .filter(|(_, number)| *number > 0)
        .map(|(kind, number)| count(number, noun(kind)))
        .collect();
    words.join(", ")
}

/// The height of a line of text.
pub const LINE_HEIGHT: i32 = 16;

/// The width of a letter: 12 pixels of a fixed-width font, rounded up.
const LETTER_WIDTH: f64 = 7.3;

/// The width of a text. Letters beyond ASCII may be twice as wide.
pub fn text_width(text: &str) -> i32 {
    let letters: u32 = text.chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum();
    (f64::from(letters) * LETTER_WIDTH).ceil() as i32
}

/// A text that is short enough for a box, without anything that turns it around.
pub fn short(text: &str, most: usize) -> String {
    let shown = plain(text);
    if shown.chars().count() <= most {
        return shown;
    }
    shown.chars().take(most - 1).chain(['…']).collect()
}
