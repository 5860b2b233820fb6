//! Tunnels: links whose packets travel inside of packets of another network.

pub mod key;
pub mod vxlan;
pub mod wireguard;

use serde::de::value::StrDeserializer;
use serde::{Deserialize, Deserializer};

use super::Ip;
use super::common::device;
use super::device::{Device, LinkTo, Netdev, Role, of_kind};
use super::name::InterfaceId;
use super::null_is_empty;
use super::word::words;

use key::TunnelKey;
use vxlan::{Checksum, Extension, FlowLabel, Notification, PortRange, Vni};
use wireguard::Peer;

device! {
    /// One tunnel. Which keys it takes depends on its `mode`.
    ///
    /// ```yaml
    /// mode: gre
    /// local: 192.0.2.10
    /// remote: 198.51.100.10
    /// addresses: [203.0.113.1/30]
    /// ```
    pub struct Tunnel {
        /// What kind of tunnel it is.
        #[serde(deserialize_with = "mode")]
        pub mode: TunnelMode,
        /// The address of this end: IPv6 for `ip6gre`, `ip6gretap`, `ipip6`, `ip6ip6` and `vti6`, of either family for
        /// `vxlan`, IPv4 for the others. Not for `wireguard`.
        pub local: Option<Ip>,
        /// The address of the other end, of the same family; for `vxlan` also that of a multicast group. All modes need it
        /// but `vxlan` and `wireguard`, which has `peers`.
        pub remote: Option<Ip>,
        /// How many hops a packet of the tunnel may go; 0: as many as the packet inside. Not for `wireguard`.
        ///
        /// ```yaml
        /// ttl: 64
        /// ```
        pub ttl: Option<u8>,
        /// The key of the tunnel. For `wireguard`, the private key, or the absolute path of the file that it is in; for
        /// `gre`, `gretap`, `ip6gre`, `ip6gretap`, `vti` and `vti6`, a number or a dotted quad for both directions. A
        /// mapping says which is which.
        pub key: Option<TunnelKey>,
        /// The same as `key`.
        pub keys: Option<TunnelKey>,
        /// For `wireguard`: the mark that its packets get for the firewall and for `routing-policy`; 0: none.
        ///
        /// ```yaml
        /// mark: 42
        /// ```
        pub mark: Option<u32>,
        /// For `wireguard`, the UDP port that it listens on; 0, the default: a free one. For `vxlan`, the port that packets
        /// are sent to and taken from; 0, the default: the kernel's, 8472.
        ///
        /// ```yaml
        /// port: 51820
        /// ```
        pub port: Option<u16>,
        /// For `wireguard`: the other ends.
        #[serde(default, deserialize_with = "null_is_empty")]
        pub peers: Vec<Peer>,
        /// For `vxlan`, which needs it: the number of the network that it carries.
        pub id: Option<Vni>,
        /// For `vxlan`: the ID of the device that its packets go over.
        pub link: Option<InterfaceId>,
        /// For `vxlan`: how many seconds a learned address is remembered.
        ///
        /// ```yaml
        /// ageing: 300
        /// ```
        #[serde(alias = "aging")]
        #[cfg_attr(test, schemars(extend("minimum" = 1)))]
        pub ageing: Option<u32>,
        /// For `vxlan`: how many addresses are remembered at most.
        ///
        /// ```yaml
        /// limit: 1024
        /// ```
        #[cfg_attr(test, schemars(extend("minimum" = 1)))]
        pub limit: Option<u32>,
        /// For `vxlan`: the type of service of its packets, the byte of their header.
        ///
        /// ```yaml
        /// type-of-service: 128
        /// ```
        pub type_of_service: Option<u8>,
        /// For `vxlan`: learn which hardware address is behind which end. Default: the kernel's, which is to learn.
        pub mac_learning: Option<bool>,
        /// For `vxlan`: answer ARP for those that are known. Default: false.
        pub arp_proxy: Option<bool>,
        /// For `vxlan`: send packets for a router straight to where they go in the end. Default: false.
        pub short_circuit: Option<bool>,
        /// For `vxlan`: what the kernel reports when it doesn't know an address.
        ///
        /// ```yaml
        /// notifications: [l2-miss, l3-miss]
        /// ```
        #[serde(default, deserialize_with = "null_is_empty")]
        pub notifications: Vec<Notification>,
        /// For `vxlan`: which checksums its packets have, and which may be missing.
        ///
        /// ```yaml
        /// checksums: [udp]
        /// ```
        #[serde(default, deserialize_with = "null_is_empty")]
        pub checksums: Vec<Checksum>,
        /// For `vxlan`: extensions of the protocol. Both ends must have them.
        ///
        /// ```yaml
        /// extensions: [group-policy]
        /// ```
        #[serde(default, deserialize_with = "null_is_empty")]
        pub extensions: Vec<Extension>,
        /// For `vxlan`: the lowest and the highest UDP port that its packets are sent from.
        pub port_range: Option<PortRange>,
        /// For `vxlan` over IPv6: the flow label of its packets.
        pub flow_label: Option<FlowLabel>,
        /// For `vxlan`: routers must not take its packets apart. Default: false.
        pub do_not_fragment: Option<bool>,
    }
}

impl Device for Tunnel {
    of_kind!("tunnels", Netdev::Tunnel);

    fn links_to(&self) -> Vec<LinkTo<'_>> {
        let link = self.link.iter().filter(|_| self.mode == TunnelMode::Vxlan);
        link.map(|link| LinkTo::one("link", link, Role::VxlanLink)).collect()
    }
}

impl Tunnel {
    /// Its key, with the name that the document has it under.
    pub fn given_key(&self) -> Option<(&'static str, &TunnelKey)> {
        let key = self.key.as_ref().map(|key| ("key", key));
        key.or(self.keys.as_ref().map(|keys| ("keys", keys)))
    }
}

words! {
    /// What kind of tunnel it is: systemd.netdev(5), `Kind=`.
    pub enum TunnelMode {
        /// IPv6 in IPv4.
        Sit = "sit",
        /// Anything in IPv4.
        Gre = "gre",
        /// Anything in IPv6.
        Ip6Gre = "ip6gre",
        /// IPv4 in IPv4.
        Ipip = "ipip",
        /// IPv4 in IPv6.
        Ipip6 = "ipip6",
        /// IPv6 in IPv6.
        Ip6Ip6 = "ip6ip6",
        /// IPsec over IPv4.
        Vti = "vti",
        /// IPsec over IPv6.
        Vti6 = "vti6",
        /// Ethernet in IPv4.
        Gretap = "gretap",
        /// Ethernet in IPv6.
        Ip6Gretap = "ip6gretap",
        /// Encrypted, with keys for its ends.
        Wireguard = "wireguard",
        /// Ethernet in UDP.
        Vxlan = "vxlan",
    }
}

/// Which addresses the ends of a tunnel have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// IPv4 addresses, and the other one's is needed.
    Ipv4,
    /// IPv6 addresses, and the other one's is needed.
    Ipv6,
    /// Of either family, and of the same.
    Either,
    /// None: peers say where they are.
    None,
}

impl TunnelMode {
    /// Which addresses the ends have.
    pub fn ends(self) -> Ends {
        match self {
            Self::Sit | Self::Gre | Self::Ipip | Self::Vti | Self::Gretap => Ends::Ipv4,
            Self::Ip6Gre | Self::Ipip6 | Self::Ip6Ip6 | Self::Vti6 | Self::Ip6Gretap => Ends::Ipv6,
            Self::Vxlan => Ends::Either,
            Self::Wireguard => Ends::None,
        }
    }

    /// Whether its packets can have a key, by which one tunnel is told from another.
    pub fn has_packet_keys(self) -> bool {
        matches!(
            self,
            Self::Gre | Self::Gretap | Self::Ip6Gre | Self::Ip6Gretap | Self::Vti | Self::Vti6
        )
    }
}

/// Reads a mode. netplan knows one that networkd can't make.
fn mode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TunnelMode, D::Error> {
    let word = String::deserialize(deserializer)?;
    if word == "isatap" {
        return Err(serde::de::Error::custom(
            "networkd makes no `isatap` tunnels; `sit` carries IPv6 over IPv4 too",
        ));
    }
    TunnelMode::deserialize(StrDeserializer::new(&word))
}
