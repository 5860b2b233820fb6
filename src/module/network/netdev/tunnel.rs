//! `[Tunnel]`.

use crate::document::network::tunnel::{Tunnel, TunnelMode};

use super::super::ini::{Section, yes_or_no};
use super::{vxlan, wireguard};

/// The kind of a tunnel, and what only that has.
pub fn sections(tunnel: &Tunnel) -> (&'static str, Vec<Section>) {
    match tunnel.mode {
        TunnelMode::Wireguard => ("wireguard", wireguard::sections(tunnel)),
        TunnelMode::Vxlan => ("vxlan", vec![vxlan::section(tunnel)]),
        TunnelMode::Ipip6 | TunnelMode::Ip6Ip6 => ("ip6tnl", vec![section(tunnel)]),
        mode => (mode.as_str(), vec![section(tunnel)]),
    }
}

fn section(tunnel: &Tunnel) -> Section {
    let mut section = Section::new("Tunnel");
    // It is on top of no link in particular: which one its packets go over is a matter of routes.
    section.set("Independent", yes_or_no(true));
    if matches!(tunnel.mode, TunnelMode::Ipip6 | TunnelMode::Ip6Ip6) {
        section.set("Mode", tunnel.mode);
    }
    section.set_if("Local", tunnel.local.map(|end| end.0));
    section.set_if("Remote", tunnel.remote.map(|end| end.0));
    section.set_if("TTL", tunnel.ttl.filter(|ttl| *ttl > 0));
    let keys = tunnel.given_key().filter(|_| tunnel.mode.has_packet_keys());
    let keys = keys.and_then(|(_, key)| key.of_packets().ok());
    let (input, output) = keys.unwrap_or_default();
    section.set_if("InputKey", input);
    section.set_if("OutputKey", output);
    section
}
