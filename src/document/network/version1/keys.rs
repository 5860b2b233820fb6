//! The keys of version 1, mapping by mapping.

/// What a value looks like. Its own check is version 2's, but for what has another form there.
#[cfg(test)]
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// The kind of an item or of a subnet: one of these words.
    Word(&'static [&'static str]),
    /// A single value: a text, or a number.
    Value,
    /// A whole number.
    Number,
    /// True or false.
    Flag,
    /// An IP address, with or without its prefix length.
    Address,
    /// One text, or a list of them.
    Texts,
    /// A list of mappings with these keys.
    Items(&'static Table),
    /// A mapping with these keys.
    Below(&'static Table),
    /// Whatever it is.
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
    "name": Shape::Value, "\"eth0\"";
    /// The hardware address: of a physical link, the one it has, by which it is found; of another one, the one it gets.
    "mac_address": Shape::Value, "\"00:50:56:aa:bb:cc\"";
    /// The largest packet, in bytes.
    "mtu": Shape::Number, "1500";
    /// How the link gets its addresses.
    "subnets": Shape::Items(&SUBNET), "[{\"type\": \"dhcp4\"}]";
    /// Take IPv6 router advertisements. Default: the system's.
    "accept-ra": Shape::Flag, "true";
    /// The boot does not wait for this link. Default: false.
    "optional": Shape::Flag, "true";
    /// Keep addresses and routes when networkd stops and when leases end.
    "keep_configuration": Shape::Flag, "true";
};

/// A network card.
pub static PHYSICAL: Table = Table {
    place: "in an item with `type: physical`",
    groups: &[
        LINK,
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
    groups: &[LINK],
    required: &[NAME],
    loose: false,
};

/// Several links as one.
pub static BOND: Table = Table {
    place: "in an item with `type: bond`",
    groups: &[
        LINK,
        keys! {
            /// The links that it is made of.
            "bond_interfaces": Shape::Texts, "[\"eth0\", \"eth1\"]";
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
        keys! {
            /// Kernel parameters.
            "ipv4_conf": Shape::Any, "{\"rp_filter\": 1}", without_effect: "kernel parameters go below `sysctl`";
            /// Kernel parameters.
            "ipv6_conf": Shape::Any, "{\"autoconf\": 1}", without_effect: "kernel parameters go below `sysctl`";
            /// The links that are its ports.
            "bridge_interfaces": Shape::Texts, "[\"eth0\"]";
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
        keys! {
            /// The link that it is on.
            "vlan_link": Shape::Value, "\"eth0\"";
            /// Its number.
            "vlan_id": Shape::Number, "101";
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
        "address": Shape::Texts, "[\"192.0.2.53\"]";
        /// The search domains.
        "search": Shape::Texts, "[\"example.com\"]";
        /// The link that they are for. Default: all links with addresses.
        "interface": Shape::Value, "\"eth0\"";
    }],
    required: &[],
    loose: false,
};

const ROUTE_KEYS: &[Known] = keys! {
    /// Where it leads: `default`, a network, or one address.
    "destination": Shape::Address, "\"198.51.100.0/24\"";
    /// The same as `destination`.
    "network": Shape::Address, "\"198.51.100.0\"";
    /// The network's mask, where its prefix length isn't in the address.
    "netmask": Shape::Value, "\"255.255.255.0\"";
    /// The network's prefix length, where it isn't in the address.
    "prefix": Shape::Number, "24";
    /// The gateway's address.
    "gateway": Shape::Address, "\"192.0.2.254\"";
    /// The route's metric: a lower one is preferred.
    "metric": Shape::Number, "100";
    /// The largest packet on this route, in bytes.
    "mtu": Shape::Number, "1400";
    /// The number of the routing table; the main one by default.
    "table": Shape::Number, "101";
    /// A name for it.
    "id": Shape::Value, "\"0\"", without_effect: "a route has no name in networkd";
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
            "type": Shape::Word(&["route"]), "\"route\"", without_effect: "all that is below `routes` is a route";
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
        "address": Shape::Address, "\"192.0.2.10/24\"";
        /// The same as `address`.
        "ip_address": Shape::Address, "\"192.0.2.10/24\"";
        /// The network's mask, or its prefix length, where that isn't in the address.
        "netmask": Shape::Value, "\"255.255.255.0\"";
        /// The network's prefix length, where it isn't in the address.
        "prefix": Shape::Number, "24";
        /// The default gateway.
        "gateway": Shape::Address, "\"192.0.2.1\"";
        /// The address of the other end, which the link reaches directly.
        "pointopoint": Shape::Address, "\"192.0.2.1\"";
        /// The addresses of the DNS servers.
        "dns_nameservers": Shape::Texts, "[\"192.0.2.53\"]";
        /// The search domains.
        "dns_search": Shape::Texts, "[\"example.com\"]";
        /// Static routes.
        "routes": Shape::Items(&ROUTE), "[{\"destination\": \"198.51.100.0/24\", \"gateway\": \"192.0.2.254\"}]";
        /// The metric of the gateway's route, of the routes below, and of DHCP's.
        "metric": Shape::Number, "100";
        /// The largest packet, in bytes.
        "mtu": Shape::Number, "1500";
        /// The broadcast address.
        "broadcast": Shape::Value, "\"192.0.2.255\"", without_effect: "networkd takes the subnet's own";
        /// The address's scope.
        "scope": Shape::Value, "\"global\"", without_effect: "the kernel finds it by the address";
        /// The link's name.
        "interface": Shape::Value, "\"eth0\"", without_effect: "it is the name of the item";
        /// Whether it is an IPv4 subnet.
        "ipv4": Shape::Flag, "true", without_effect: "the address says so";
        /// Whether it is an IPv6 subnet.
        "ipv6": Shape::Flag, "true", without_effect: "the address says so";
    }],
    required: &[("type", "write `type: static` for an address, or `type: dhcp4`")],
    loose: false,
};

/// How a bond works.
pub static BOND_PARAMS: Table = Table {
    place: "below `params` of a bond",
    groups: &[keys! {
        /// Which link sends what: a word, or its number.
        "bond-mode": Shape::Value, "\"active-backup\"";
        /// How often the links are looked at, in milliseconds.
        "bond-miimon": Shape::Value, "100";
        /// How many links must be up.
        "bond-min-links": Shape::Number, "1";
        /// What decides on the link for a packet.
        "bond-xmit-hash-policy": Shape::Value, "\"layer3+4\"";
        /// How often LACP is spoken: slow or fast.
        "bond-lacp-rate": Shape::Value, "\"fast\"";
        /// Which aggregate is used.
        "bond-ad-select": Shape::Value, "\"stable\"";
        /// Take packets on links that aren't in use.
        "bond-all-slaves-active": Shape::Value, "false";
        /// How often the ARP targets are asked, in milliseconds.
        "bond-arp-interval": Shape::Value, "200";
        /// Whom to ask by ARP.
        "bond-arp-ip-target": Shape::Texts, "[\"192.0.2.1\"]";
        /// Which answers to ARP count.
        "bond-arp-validate": Shape::Value, "\"active\"";
        /// Whether one ARP target must answer, or all.
        "bond-arp-all-targets": Shape::Value, "\"any\"";
        /// How long a link is up before it is used, in milliseconds.
        "bond-updelay": Shape::Value, "200";
        /// How long a link is down before it isn't used, in milliseconds.
        "bond-downdelay": Shape::Value, "200";
        /// Whose hardware address is used in active-backup.
        "bond-fail-over-mac": Shape::Value, "\"active\"";
        /// How often the neighbours are told of a change.
        "bond-num-grat-arp": Shape::Number, "1";
        /// The same for IPv6.
        "bond-num-unsol-na": Shape::Number, "1";
        /// How many packets a link sends before the next one does.
        "bond-packets-per-slave": Shape::Number, "1";
        /// When the primary link is used again.
        "bond-primary-reselect": Shape::Value, "\"always\"";
        /// The link that is used if it can be.
        "bond-primary": Shape::Value, "\"eth0\"";
        /// How often IGMP is repeated after a change.
        "bond-resend-igmp": Shape::Number, "1";
        /// How often the switches are told of the links, in seconds.
        "bond-lp-interval": Shape::Value, "1";
        /// The links: those of `bond_interfaces`.
        "bond-slaves": Shape::Texts, "\"none\"", without_effect: "`bond_interfaces` names them";
        /// The kernel's state.
        "bond-active-slave": Shape::Value, "\"eth0\"", without_effect: NO_NETPLAN;
        /// The kernel's state.
        "bond-ad-actor-key": Shape::Value, "\"0\"", without_effect: NO_NETPLAN;
        /// LACP's priority of this machine.
        "bond-ad-actor-sys-prio": Shape::Value, "65535", without_effect: NO_NETPLAN;
        /// LACP's hardware address of this machine.
        "bond-ad-actor-system": Shape::Value, "\"00:50:56:aa:bb:cc\"", without_effect: NO_NETPLAN;
        /// The kernel's state.
        "bond-ad-aggregator": Shape::Value, "\"0\"", without_effect: NO_NETPLAN;
        /// The kernel's state.
        "bond-ad-num-ports": Shape::Value, "1", without_effect: NO_NETPLAN;
        /// The kernel's state.
        "bond-ad-partner-key": Shape::Value, "\"0\"", without_effect: NO_NETPLAN;
        /// The kernel's state.
        "bond-ad-partner-mac": Shape::Value, "\"00:50:56:aa:bb:cc\"", without_effect: NO_NETPLAN;
        /// LACP's key of the port.
        "bond-ad-user-port-key": Shape::Value, "\"0\"", without_effect: NO_NETPLAN;
        /// The kernel's state.
        "bond-mii-status": Shape::Value, "\"up\"", without_effect: NO_NETPLAN;
        /// How long between two notices to the neighbours.
        "bond-peer-notif-delay": Shape::Value, "0", without_effect: NO_NETPLAN;
        /// A queue of a link.
        "bond-queue-id": Shape::Value, "\"0\"", without_effect: NO_NETPLAN;
        /// Whether the load decides.
        "bond-tlb-dynamic-lb": Shape::Value, "1", without_effect: NO_NETPLAN;
        /// Whether the driver says if a link is up.
        "bond-use-carrier": Shape::Value, "1", without_effect: NO_NETPLAN;
    }],
    required: &[],
    loose: true,
};

/// How a bridge works.
pub static BRIDGE_PARAMS: Table = Table {
    place: "below `params` of a bridge",
    groups: &[keys! {
        /// How long an address is remembered, in seconds.
        "bridge_ageing": Shape::Value, "300";
        /// Its priority in the spanning tree.
        "bridge_bridgeprio": Shape::Number, "32768";
        /// How long a port listens before it forwards, in seconds.
        "bridge_fd": Shape::Value, "4";
        /// How often it says hello, in seconds.
        "bridge_hello": Shape::Value, "2";
        /// How long a hello holds, in seconds.
        "bridge_maxage": Shape::Value, "20";
        /// What a port costs: `PORT COST`.
        "bridge_pathcost": Shape::Texts, "[\"eth0 50\"]";
        /// The priority of a port: `PORT PRIORITY`.
        "bridge_portprio": Shape::Texts, "[\"eth0 32\"]";
        /// Whether it speaks the spanning tree protocol.
        "bridge_stp": Shape::Flag, "false";
        /// The hardware address that it gets.
        "bridge_hw": Shape::Value, "\"00:50:56:aa:bb:cc\"";
        /// The links that are its ports, like `bridge_interfaces`.
        "bridge_ports": Shape::Texts, "[\"eth0\"]";
        /// How often old addresses are forgotten.
        "bridge_gcint": Shape::Value, "4", without_effect: NO_NETPLAN;
        /// How long to wait for the bridge.
        "bridge_maxwait": Shape::Value, "0", without_effect: NO_NETPLAN;
        /// How long to wait for its ports.
        "bridge_waitport": Shape::Texts, "[\"1 eth0\"]", without_effect: NO_NETPLAN;
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
