//! The keys of version 1, mapping by mapping.

#[cfg(test)]
use super::schema::{PORT, Type, body, of};
#[cfg(test)]
use crate::document::network::address::Gateway4;
#[cfg(test)]
use crate::document::network::bond::{
    AdSelect, ArpAllTargets, ArpValidate, BondMode, FailOverMacPolicy, LacpRate, PrimaryReselectPolicy,
    TransmitHashPolicy,
};
#[cfg(test)]
use crate::document::network::interval::Interval;
#[cfg(test)]
use crate::document::network::{InterfaceId, Ip, LinkName, Mac, MacPolicy, Mtu, NextHop, SearchDomain, VlanId};

/// What a value looks like: mostly what the type says that it becomes in version 2.
#[cfg(test)]
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// The kind of an item or of a subnet: one of these words.
    Word(&'static [&'static str]),
    /// A value of a type of version 2.
    Of(Type),
    /// The same, or its number: there are so many.
    Numbered(Type, u32),
    /// None, one, or several texts of a type of version 2, with blanks or commas between; or a list of such.
    Several(Type),
    /// A whole number, from the first to the second.
    Number(u32, u32),
    /// A mask, or a prefix length.
    Mask,
    /// One text, or a list of texts, with this pattern.
    Texts(&'static str),
    /// True or false.
    Flag,
    /// A list of mappings with these keys.
    Items(&'static Table),
    /// A mapping with these keys.
    Below(&'static Table),
    /// Whatever it is: nobody looks at it, or it depends on other keys.
    Any,
}

/// A key of a mapping.
#[derive(Debug)]
pub struct Known {
    /// Its name.
    pub name: &'static str,
    /// What its value looks like.
    #[cfg(test)]
    pub shape: Shape,
    /// Why it has no effect, where it has none.
    pub without_effect: Option<&'static str>,
    /// What it says.
    #[cfg(test)]
    pub about: &'static str,
    /// A value of it, in JSON.
    #[cfg(test)]
    pub example: &'static str,
}

/// The keys of a kind of mapping.
#[derive(Debug)]
pub struct Table {
    /// Where such a mapping is, in words for a hint.
    pub place: &'static str,
    /// The keys, in groups.
    pub groups: &'static [&'static [Known]],
    /// Keys without which it says nothing, and what to write.
    pub required: &'static [(&'static str, &'static str)],
    /// Whether `-` and `_` are the same in its keys.
    pub loose: bool,
}

impl Table {
    /// All keys.
    pub fn keys(&self) -> impl Iterator<Item = &'static Known> {
        self.groups.iter().flat_map(|group| group.iter())
    }

    /// The key of that name.
    pub fn find(&self, name: &str) -> Option<&'static Known> {
        let plain = |name: &str| name.replace('_', "-");
        self.keys()
            .find(|known| known.name == name || self.loose && plain(known.name) == plain(name))
    }

    /// The names of all keys.
    pub fn names(&self) -> Vec<String> {
        self.keys().map(|known| known.name.to_owned()).collect()
    }
}

macro_rules! keys {
    ($($(#[doc = $about:literal])+ $name:literal: $shape:expr, $example:literal $(, without_effect: $why:expr)?;)*) => {
        &[$(Known {
            name: $name,
            #[cfg(test)]
            shape: $shape,
            without_effect: keys!(@why $($why)?),
            #[cfg(test)]
            about: concat!($($about,)+).trim_ascii(),
            #[cfg(test)]
            example: $example,
        },)*]
    };
    (@why) => { None };
    (@why $why:expr) => { Some($why) };
}

/// The kinds of items.
pub const TYPES: [&str; 8] = [
    "physical",
    "bond",
    "bridge",
    "vlan",
    "infiniband",
    "loopback",
    "nameserver",
    "route",
];

/// The kinds of subnets.
pub const SUBNET_TYPES: [&str; 10] = [
    "dhcp",
    "dhcp4",
    "dhcp6",
    "static",
    "static6",
    "manual",
    "loopback",
    "ipv6_slaac",
    "ipv6_dhcpv6-stateful",
    "ipv6_dhcpv6-stateless",
];

const NAME: (&str, &str) = ("name", "add the name of the link, such as `name: eth0`");

const NO_NETPLAN: &str = "nothing of networkd and netplan is the same";

/// What all links have.
const LINK: &[Known] = keys! {
    /// What the item is about.
    "type": Shape::Word(&TYPES), "\"physical\"";
    /// The link's name.
    "name": Shape::Of(of::<LinkName>), "\"eth0\"";
    /// The largest packet, in bytes.
    "mtu": Shape::Of(of::<Mtu>), "1500";
    /// How the link gets its addresses.
    "subnets": Shape::Items(&SUBNET), "[{\"type\": \"dhcp4\"}]";
    /// Take IPv6 router advertisements. Default: the system's.
    "accept-ra": Shape::Flag, "true";
    /// The boot does not wait for this link. Default: false.
    "optional": Shape::Flag, "true";
    /// Keep addresses and routes when networkd stops and when leases end.
    "keep_configuration": Shape::Flag, "true";
};

/// What a card has.
const CARD: &[Known] = keys! {
    /// The hardware address, by which the link is found.
    "mac_address": Shape::Of(of::<Mac>), "\"00:50:56:aa:bb:cc\"";
};

/// What a link has that is made.
const MADE: &[Known] = keys! {
    /// The hardware address that the link gets.
    "mac_address": Shape::Of(of::<MacPolicy>), "\"00:50:56:aa:bb:cc\"";
};

/// A network card.
pub static PHYSICAL: Table = Table {
    place: "in an item with `type: physical`",
    groups: &[
        LINK,
        CARD,
        keys! {
            /// The link wakes the machine on a magic packet.
            "wakeonlan": Shape::Flag, "true";
        },
    ],
    required: &[NAME],
    loose: false,
};

/// An InfiniBand card, or the loopback link.
pub static PLAIN: Table = Table {
    place: "in an item of `config`",
    groups: &[LINK, CARD],
    required: &[NAME],
    loose: false,
};

/// Several links as one.
pub static BOND: Table = Table {
    place: "in an item with `type: bond`",
    groups: &[
        LINK,
        MADE,
        keys! {
            /// The links that it is made of.
            "bond_interfaces": Shape::Several(body::<LinkName>), "[\"eth0\", \"eth1\"]";
            /// How it works.
            "params": Shape::Below(&BOND_PARAMS), "{\"bond-mode\": \"active-backup\", \"bond-miimon\": 100}";
        },
    ],
    required: &[NAME],
    loose: false,
};

/// A switch of links.
pub static BRIDGE: Table = Table {
    place: "in an item with `type: bridge`",
    groups: &[
        LINK,
        MADE,
        keys! {
            /// Kernel parameters.
            "ipv4_conf": Shape::Any, "{\"rp_filter\": 1}", without_effect: "kernel parameters go below `sysctl`";
            /// Kernel parameters.
            "ipv6_conf": Shape::Any, "{\"autoconf\": 1}", without_effect: "kernel parameters go below `sysctl`";
            /// The links that are its ports.
            "bridge_interfaces": Shape::Several(body::<LinkName>), "[\"eth0\"]";
            /// How it works.
            "params": Shape::Below(&BRIDGE_PARAMS), "{\"bridge_stp\": false, \"bridge_fd\": 4}";
        },
    ],
    required: &[NAME],
    loose: false,
};

/// A network of its own on another link.
pub static VLAN: Table = Table {
    place: "in an item with `type: vlan`",
    groups: &[
        LINK,
        MADE,
        keys! {
            /// The link that it is on.
            "vlan_link": Shape::Of(of::<InterfaceId>), "\"eth0\"";
            /// Its number.
            "vlan_id": Shape::Of(of::<VlanId>), "101";
        },
    ],
    required: &[
        NAME,
        (
            "vlan_link",
            "add the name of the link that it is on, such as `vlan_link: eth0`",
        ),
        ("vlan_id", "add its number, such as `vlan_id: 101`"),
    ],
    loose: false,
};

/// Name servers for all links, or for one.
pub static NAMESERVER: Table = Table {
    place: "in an item with `type: nameserver`",
    groups: &[keys! {
        /// What the item is about.
        "type": Shape::Word(&["nameserver"]), "\"nameserver\"";
        /// The addresses of the DNS servers.
        "address": Shape::Several(body::<Ip>), "[\"192.0.2.53\"]";
        /// The search domains.
        "search": Shape::Several(body::<SearchDomain>), "[\"example.com\"]";
        /// The link that they are for. Default: all links with addresses.
        "interface": Shape::Of(of::<InterfaceId>), "\"eth0\"";
    }],
    required: &[],
    loose: false,
};

const ROUTE_KEYS: &[Known] = keys! {
    /// Where it leads: `default`, a network, or one address.
    "destination": Shape::Any, "\"198.51.100.0/24\"";
    /// The same as `destination`.
    "network": Shape::Any, "\"198.51.100.0\"";
    /// The network's mask, where its prefix length isn't in the address.
    "netmask": Shape::Mask, "\"255.255.255.0\"";
    /// The network's prefix length, where it isn't in the address.
    "prefix": Shape::Mask, "24";
    /// The gateway's address.
    "gateway": Shape::Of(of::<NextHop>), "\"192.0.2.254\"";
    /// The route's metric: a lower one is preferred.
    "metric": Shape::Number(0, u32::MAX), "100";
    /// The largest packet on this route, in bytes.
    "mtu": Shape::Of(of::<Mtu>), "1400";
    /// The number of the routing table; the main one by default.
    "table": Shape::Number(1, u32::MAX), "101";
    /// A name for it.
    "id": Shape::Any, "\"0\"", without_effect: "a route has no name in networkd";
};

/// A route of the link that can reach its gateway.
pub static ROUTE_ITEM: Table = Table {
    place: "in an item with `type: route`",
    groups: &[
        keys! {
            /// What the item is about.
            "type": Shape::Word(&["route"]), "\"route\"";
        },
        ROUTE_KEYS,
    ],
    required: &[(
        "gateway",
        "add the address that it leads over, such as `gateway: 192.0.2.1`",
    )],
    loose: false,
};

/// A route of one link.
pub static ROUTE: Table = Table {
    place: "below `routes` of a subnet",
    groups: &[
        keys! {
            /// Always `route`.
            "type": Shape::Any, "\"route\"", without_effect: "all that is below `routes` is a route";
        },
        ROUTE_KEYS,
    ],
    required: &[],
    loose: false,
};

/// How a link gets an address.
pub static SUBNET: Table = Table {
    place: "below `subnets` of a link",
    groups: &[keys! {
        /// Where the address comes from.
        "type": Shape::Word(&SUBNET_TYPES), "\"static\"";
        /// Whether the link is brought up at boot: `auto`, `hotplug` (the boot doesn't wait for it) or `manual`.
        "control": Shape::Word(&["auto", "hotplug", "manual"]), "\"auto\"";
        /// The address, with or without its prefix length.
        "address": Shape::Any, "\"192.0.2.10/24\"";
        /// The same as `address`.
        "ip_address": Shape::Any, "\"192.0.2.10/24\"";
        /// The network's mask, or its prefix length, where that isn't in the address.
        "netmask": Shape::Any, "\"255.255.255.0\"";
        /// The network's prefix length, where it isn't in the address.
        "prefix": Shape::Any, "24";
        /// The default gateway.
        "gateway": Shape::Of(of::<NextHop>), "\"192.0.2.1\"";
        /// The address of the other end, which the link reaches directly.
        "pointopoint": Shape::Any, "\"192.0.2.1\"";
        /// The addresses of the DNS servers.
        "dns_nameservers": Shape::Several(body::<Ip>), "[\"192.0.2.53\"]";
        /// The search domains.
        "dns_search": Shape::Several(body::<SearchDomain>), "[\"example.com\"]";
        /// Static routes.
        "routes": Shape::Items(&ROUTE), "[{\"destination\": \"198.51.100.0/24\", \"gateway\": \"192.0.2.254\"}]";
        /// The metric of the gateway's route, of the routes below, and of DHCP's.
        "metric": Shape::Number(0, u32::MAX), "100";
        /// The largest packet, in bytes.
        "mtu": Shape::Of(of::<Mtu>), "1500";
        /// The broadcast address.
        "broadcast": Shape::Any, "\"192.0.2.255\"", without_effect: "networkd takes the subnet's own";
        /// The address's scope.
        "scope": Shape::Any, "\"global\"", without_effect: "the kernel finds it by the address";
        /// The link's name.
        "interface": Shape::Any, "\"eth0\"", without_effect: "it is the name of the item";
        /// Whether it is an IPv4 subnet.
        "ipv4": Shape::Any, "true", without_effect: "the address says so";
        /// Whether it is an IPv6 subnet.
        "ipv6": Shape::Any, "true", without_effect: "the address says so";
    }],
    required: &[("type", "write `type: static` for an address, or `type: dhcp4`")],
    loose: false,
};

/// How a bond works.
pub static BOND_PARAMS: Table = Table {
    place: "below `params` of a bond",
    groups: &[keys! {
        /// Which link sends what: a word, or its number.
        "bond-mode": Shape::Numbered(of::<BondMode>, 7), "\"active-backup\"";
        /// How often the links are looked at, in milliseconds.
        "bond-miimon": Shape::Of(of::<Interval>), "100";
        /// How many links must be up.
        "bond-min-links": Shape::Number(0, u32::MAX), "1";
        /// What decides on the link for a packet.
        "bond-xmit-hash-policy": Shape::Numbered(of::<TransmitHashPolicy>, 5), "\"layer3+4\"";
        /// How often LACP is spoken: slow or fast.
        "bond-lacp-rate": Shape::Numbered(of::<LacpRate>, 2), "\"fast\"";
        /// Which aggregate is used.
        "bond-ad-select": Shape::Numbered(of::<AdSelect>, 3), "\"stable\"";
        /// Take packets on links that aren't in use.
        "bond-all-slaves-active": Shape::Flag, "false";
        /// How often the ARP targets are asked, in milliseconds.
        "bond-arp-interval": Shape::Of(of::<Interval>), "200";
        /// Whom to ask by ARP.
        "bond-arp-ip-target": Shape::Several(body::<Gateway4>), "[\"192.0.2.1\"]";
        /// Which answers to ARP count.
        "bond-arp-validate": Shape::Numbered(of::<ArpValidate>, 4), "\"active\"";
        /// Whether one ARP target must answer, or all.
        "bond-arp-all-targets": Shape::Numbered(of::<ArpAllTargets>, 2), "\"any\"";
        /// How long a link is up before it is used, in milliseconds.
        "bond-updelay": Shape::Of(of::<Interval>), "200";
        /// How long a link is down before it isn't used, in milliseconds.
        "bond-downdelay": Shape::Of(of::<Interval>), "200";
        /// Whose hardware address is used in active-backup.
        "bond-fail-over-mac": Shape::Numbered(of::<FailOverMacPolicy>, 3), "\"active\"";
        /// How often the neighbours are told of a change.
        "bond-num-grat-arp": Shape::Number(0, 255), "1";
        /// The same for IPv6.
        "bond-num-unsol-na": Shape::Number(0, 255), "1";
        /// How many packets a link sends before the next one does.
        "bond-packets-per-slave": Shape::Number(0, 65535), "1";
        /// When the primary link is used again.
        "bond-primary-reselect": Shape::Numbered(of::<PrimaryReselectPolicy>, 3), "\"always\"";
        /// The link that is used if it can be.
        "bond-primary": Shape::Of(of::<InterfaceId>), "\"eth0\"";
        /// How often IGMP is repeated after a change.
        "bond-resend-igmp": Shape::Number(0, 255), "1";
        /// How often the switches are told of the links, in seconds.
        "bond-lp-interval": Shape::Of(of::<Interval>), "1";
        /// The links: those of `bond_interfaces`.
        "bond-slaves": Shape::Any, "\"none\"", without_effect: "`bond_interfaces` names them";
        /// The kernel's state.
        "bond-active-slave": Shape::Any, "\"eth0\"", without_effect: NO_NETPLAN;
        /// The kernel's state.
        "bond-ad-actor-key": Shape::Any, "\"0\"", without_effect: NO_NETPLAN;
        /// LACP's priority of this machine.
        "bond-ad-actor-sys-prio": Shape::Any, "65535", without_effect: NO_NETPLAN;
        /// LACP's hardware address of this machine.
        "bond-ad-actor-system": Shape::Any, "\"00:50:56:aa:bb:cc\"", without_effect: NO_NETPLAN;
        /// The kernel's state.
        "bond-ad-aggregator": Shape::Any, "\"0\"", without_effect: NO_NETPLAN;
        /// The kernel's state.
        "bond-ad-num-ports": Shape::Any, "1", without_effect: NO_NETPLAN;
        /// The kernel's state.
        "bond-ad-partner-key": Shape::Any, "\"0\"", without_effect: NO_NETPLAN;
        /// The kernel's state.
        "bond-ad-partner-mac": Shape::Any, "\"00:50:56:aa:bb:cc\"", without_effect: NO_NETPLAN;
        /// LACP's key of the port.
        "bond-ad-user-port-key": Shape::Any, "\"0\"", without_effect: NO_NETPLAN;
        /// The kernel's state.
        "bond-mii-status": Shape::Any, "\"up\"", without_effect: NO_NETPLAN;
        /// How long between two notices to the neighbours.
        "bond-peer-notif-delay": Shape::Any, "0", without_effect: NO_NETPLAN;
        /// A queue of a link.
        "bond-queue-id": Shape::Any, "\"0\"", without_effect: NO_NETPLAN;
        /// Whether the load decides.
        "bond-tlb-dynamic-lb": Shape::Any, "1", without_effect: NO_NETPLAN;
        /// Whether the driver says if a link is up.
        "bond-use-carrier": Shape::Any, "1", without_effect: NO_NETPLAN;
    }],
    required: &[],
    loose: true,
};

/// How a bridge works.
pub static BRIDGE_PARAMS: Table = Table {
    place: "below `params` of a bridge",
    groups: &[keys! {
        /// How long an address is remembered, in seconds.
        "bridge_ageing": Shape::Of(of::<Interval>), "300";
        /// Its priority in the spanning tree.
        "bridge_bridgeprio": Shape::Number(0, 65535), "32768";
        /// How long a port listens before it forwards, in seconds.
        "bridge_fd": Shape::Of(of::<Interval>), "4";
        /// How often it says hello, in seconds.
        "bridge_hello": Shape::Of(of::<Interval>), "2";
        /// How long a hello holds, in seconds.
        "bridge_maxage": Shape::Of(of::<Interval>), "20";
        /// What a port costs: `PORT COST`.
        "bridge_pathcost": Shape::Texts(PORT), "[\"eth0 50\"]";
        /// The priority of a port: `PORT PRIORITY`.
        "bridge_portprio": Shape::Texts(PORT), "[\"eth0 32\"]";
        /// Whether it speaks the spanning tree protocol.
        "bridge_stp": Shape::Flag, "false";
        /// The hardware address that it gets.
        "bridge_hw": Shape::Of(of::<MacPolicy>), "\"00:50:56:aa:bb:cc\"";
        /// The links that are its ports, like `bridge_interfaces`.
        "bridge_ports": Shape::Several(body::<LinkName>), "[\"eth0\"]";
        /// How often old addresses are forgotten.
        "bridge_gcint": Shape::Any, "4", without_effect: NO_NETPLAN;
        /// How long to wait for the bridge.
        "bridge_maxwait": Shape::Any, "0", without_effect: NO_NETPLAN;
        /// How long to wait for its ports.
        "bridge_waitport": Shape::Any, "[\"1 eth0\"]", without_effect: NO_NETPLAN;
    }],
    required: &[],
    loose: true,
};

/// All of them, for finding where a key belongs.
pub static ALL: [&Table; 10] = [
    &SUBNET,
    &PHYSICAL,
    &BOND,
    &BOND_PARAMS,
    &BRIDGE,
    &BRIDGE_PARAMS,
    &VLAN,
    &ROUTE,
    &ROUTE_ITEM,
    &NAMESERVER,
];
