//! `[VXLAN]`.

use crate::document::network::tunnel::Tunnel;
use crate::document::network::tunnel::vxlan::{Checksum, Extension, Notification};

use super::super::ini::{Section, yes_or_no};

/// How a VXLAN works.
pub fn section(tunnel: &Tunnel) -> Section {
    let mut section = Section::new("VXLAN");
    section.set_if("VNI", tunnel.id.map(|id| id.number()));
    if let Some(remote) = tunnel.remote {
        let key = if remote.0.is_multicast() { "Group" } else { "Remote" };
        section.set(key, remote.0);
    }
    section.set_if("Local", tunnel.local.map(|end| end.0));
    section.set_if("TOS", tunnel.type_of_service);
    section.set_if("TTL", tunnel.ttl.filter(|ttl| *ttl > 0));
    section.set_bool("MacLearning", tunnel.mac_learning);
    section.set_if("FDBAgeingSec", tunnel.ageing.filter(|seconds| *seconds > 0));
    section.set_if("MaximumFDBEntries", tunnel.limit.filter(|limit| *limit > 0));
    section.set_bool("ReduceARPProxy", tunnel.arp_proxy);
    let notifies = |what| tunnel.notifications.contains(&what).then_some(true);
    section.set_bool("L2MissNotification", notifies(Notification::L2Miss));
    section.set_bool("L3MissNotification", notifies(Notification::L3Miss));
    section.set_bool("RouteShortCircuit", tunnel.short_circuit);
    for (key, checksum) in [
        ("UDPChecksum", Checksum::Udp),
        ("UDP6ZeroChecksumTx", Checksum::ZeroUdp6Tx),
        ("UDP6ZeroChecksumRx", Checksum::ZeroUdp6Rx),
        ("RemoteChecksumTx", Checksum::RemoteTx),
        ("RemoteChecksumRx", Checksum::RemoteRx),
    ] {
        section.set_bool(key, tunnel.checksums.contains(&checksum).then_some(true));
    }
    let extends = |with| tunnel.extensions.contains(&with).then_some(true);
    section.set_bool("GroupPolicyExtension", extends(Extension::GroupPolicy));
    section.set_bool("GenericProtocolExtension", extends(Extension::GenericProtocol));
    section.set_if("DestinationPort", tunnel.port.filter(|port| *port > 0));
    section.set_if("PortRange", tunnel.port_range);
    section.set_if("FlowLabel", tunnel.flow_label.map(|label| label.number()));
    section.set_bool("IPDoNotFragment", tunnel.do_not_fragment);
    // Without a link that names it, nothing else would make it.
    if tunnel.link.is_none() {
        section.set("Independent", yes_or_no(true));
    }
    section
}
