//! What only shows across the values of a network: gateways out of reach, names and addresses given twice, keys without
//! effect.
//!
//! A place in an error decides what is left out of a boot that goes on without it: a value that only adds to an
//! interface is blamed itself; where the rest would mean something else without it, the whole interface is.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Address, Ethernet, InterfaceId, LinkName, Mtu, Network, NetworkConfig, Route, Version};
use crate::document::problem::{Check, Problems};

impl Check for Network {
    fn check(&self, problems: &mut Problems<'_>) {
        // Of version 1, nothing else means anything here.
        if self.version == Some(Version::One) || self.config == Some(NetworkConfig::List) {
            let hint = "write it as version 2: `version: 2` and `ethernets:` with one entry for each interface";
            return problems.error(&[], "network version 1 is not supported yet", Some(hint));
        }
        self.check_kinds(problems);
        if self.is_disabled() && !self.ethernets.is_empty() {
            let message = "`config: disabled` leaves the network as it is: `ethernets` is not used";
            problems.warning(&["ethernets"], message, Some("remove one of the two"));
        }
        for (id, ethernet) in &self.ethernets {
            check_identity(id, ethernet, &mut problems.below(&["ethernets"]));
            ethernet.check(&mut problems.below(&["ethernets", id.as_str()]));
        }
        self.check_addresses(problems);
        self.check_names(problems);
        self.check_default_routes(problems);
    }
}

impl Network {
    fn check_kinds(&self, problems: &mut Problems<'_>) {
        let kinds = [
            ("bonds", self.bonds),
            ("bridges", self.bridges),
            ("vlans", self.vlans),
            ("vrfs", self.vrfs),
            ("tunnels", self.tunnels),
            ("wifis", self.wifis),
            ("modems", self.modems),
            ("dummy-devices", self.dummy_devices),
            ("virtual-ethernets", self.virtual_ethernets),
            ("nm-devices", self.nm_devices),
            ("openvswitch", self.openvswitch),
        ];
        for (kind, asked) in kinds {
            if asked.is_some() {
                let hint = "only `ethernets` is; for the rest, write files of networkd";
                problems.error(&[kind], format!("`{kind}` is not supported yet"), Some(hint));
            }
        }
    }

    /// The same address twice is a conflict, on one link or on two.
    fn check_addresses(&self, problems: &mut Problems<'_>) {
        let mut owners: BTreeMap<IpAddr, &str> = BTreeMap::new();
        for (id, ethernet) in &self.ethernets {
            for (number, address) in ethernet.addresses.iter().enumerate() {
                if let Some(owner) = owners.insert(address.ip(), id.as_str()) {
                    let message = format!("{} is already an address of `{owner}`", address.ip());
                    let place = ["ethernets", id.as_str(), "addresses", &number.to_string()];
                    problems.error(&place, message, Some("give each link its own address"));
                }
            }
        }
    }

    /// Two links can't have one name.
    fn check_names(&self, problems: &mut Problems<'_>) {
        let named =
            |(id, ethernet): (&InterfaceId, &Ethernet)| ethernet.matching.is_none().then(|| id.as_str().to_owned());
        let mut owners: BTreeMap<String, String> = self
            .ethernets
            .iter()
            .filter_map(named)
            .map(|name| (name.clone(), name))
            .collect();
        for (id, ethernet) in &self.ethernets {
            let Some(name) = ethernet.set_name.as_ref().filter(|_| ethernet.matching.is_some()) else {
                continue;
            };
            if let Some(owner) = owners.insert(name.as_str().to_owned(), id.as_str().to_owned()) {
                let message = format!("the name {} is already that of `{owner}`", name.as_str());
                problems.error(&["ethernets", id.as_str(), "set-name"], message, None);
            }
        }
    }

    /// Of two default routes that are equal, the kernel takes one.
    fn check_default_routes(&self, problems: &mut Problems<'_>) {
        let mut owners: BTreeMap<(bool, u32, u32), &str> = BTreeMap::new();
        for (id, ethernet) in &self.ethernets {
            for (place, key) in ethernet.default_routes() {
                if let Some(owner) = owners.insert(key, id.as_str()) {
                    let family = if key.0 { "IPv4" } else { "IPv6" };
                    let message = format!("`{owner}` already has an {family} default route with the same metric");
                    let keys: Vec<&str> = ["ethernets", id.as_str()]
                        .into_iter()
                        .chain(place.iter().map(String::as_str))
                        .collect();
                    problems.warning(&keys, message, Some("give one of them a `metric`, or leave it out"));
                }
            }
        }
    }
}

impl Ethernet {
    /// Where each default route stands, with what makes it one of a kind: whether it is IPv4, table and metric.
    fn default_routes(&self) -> Vec<(Vec<String>, (bool, u32, u32))> {
        let gateway4 = self.gateway4.map(|_| (vec!["gateway4".to_owned()], (true, 0, 0)));
        let gateway6 = self.gateway6.map(|_| (vec!["gateway6".to_owned()], (false, 0, 0)));
        let routes = self.routes.iter().enumerate().filter_map(|(number, route)| {
            let gateway = route.gateway().filter(|_| route.is_default() && route.is_unicast())?;
            let key = (gateway.is_ipv4(), route.table.unwrap_or(0), route.metric.unwrap_or(0));
            Some((vec!["routes".to_owned(), number.to_string()], key))
        });
        gateway4.into_iter().chain(gateway6).chain(routes).collect()
    }

    fn has_ipv6(&self) -> bool {
        self.dhcp6 == Some(true) || self.addresses.iter().any(|a| a.ip().is_ipv6())
    }
}

/// Which link an interface is.
fn check_identity(id: &InterfaceId, ethernet: &Ethernet, problems: &mut Problems<'_>) {
    let id = id.as_str();
    match &ethernet.matching {
        Some(matching) if matching.is_empty() => {
            let message = "an empty `match` would match every link, `lo` included";
            problems.error(&[id], message, Some("give it `name`, `macaddress` or `driver`"));
        }
        Some(_) => {}
        None => {
            if let Err(why) = LinkName::try_from(id.to_owned()) {
                let hint = "without `match`, the ID is the link's name; for another link: `match: {name: \"e*\"}`";
                problems.error(&[id], why, Some(hint));
            }
            if ethernet.set_name.is_some() {
                let hint = "say which link is meant: `match: {macaddress: …}`";
                problems.error(&[id, "set-name"], "`set-name` needs a `match`", Some(hint));
            }
        }
    }
}

impl Check for Ethernet {
    fn check(&self, problems: &mut Problems<'_>) {
        check_link(self, problems);
        check_dhcp(self, problems);
        let gateways = [
            ("gateway4", self.gateway4.map(|g| IpAddr::V4(g.0))),
            ("gateway6", self.gateway6.map(|g| IpAddr::V6(g.0))),
        ];
        for (key, gateway) in gateways {
            if let Some(why) = gateway.and_then(|gateway| why_out_of_reach(gateway, self)) {
                let hint = "correct it, or say so: `routes: [{to: default, via: …, on-link: true}]`";
                problems.error(&[key], why, Some(hint));
            }
        }
        for (number, route) in self.routes.iter().enumerate() {
            check_route(route, self, &mut problems.below(&["routes", &number.to_string()]));
        }
    }
}

fn check_link(ethernet: &Ethernet, problems: &mut Problems<'_>) {
    if let Some(mac) = ethernet.macaddress.filter(|mac| !mac.is_unicast()) {
        problems.error(&["macaddress"], format!("no link can have the address {mac}"), None);
    }
    if let Some(mtu) = ethernet.ipv6_mtu.filter(|mtu| *mtu < Mtu::IPV6_MIN) {
        let message = format!("an IPv6 MTU has at least {} bytes, not {mtu}", Mtu::IPV6_MIN);
        problems.error(&["ipv6-mtu"], message, None);
    }
    if let Some(mtu) = ethernet.mtu.filter(|mtu| *mtu < Mtu::IPV6_MIN && ethernet.has_ipv6()) {
        let least = Mtu::IPV6_MIN;
        let message = format!("IPv6 needs an MTU of {least}: networkd will use that instead of {mtu}");
        problems.warning(&["mtu"], message, None);
    }
}

fn check_dhcp(ethernet: &Ethernet, problems: &mut Problems<'_>) {
    let without = |client: Option<bool>| client != Some(true);
    // DHCPv6 is started by router advertisements too, so its overrides are never without effect for sure.
    let keys = [
        ("dhcp4-overrides", ethernet.dhcp4_overrides.is_some()),
        ("dhcp-identifier", ethernet.dhcp_identifier.is_some()),
    ];
    for (key, given) in keys {
        if given && without(ethernet.dhcp4) {
            problems.warning(&[key], format!("`{key}` has no effect without `dhcp4: true`"), None);
        }
    }
}

fn check_route(route: &Route, ethernet: &Ethernet, problems: &mut Problems<'_>) {
    let destination = route.to.network().map(|net| net.addr());
    let gateway = route.gateway();
    let refuses = route.kind.is_some_and(|kind| kind.refuses());
    let families = [destination, gateway, route.from.map(|from| from.0)].map(|ip| ip.map(|ip| ip.is_ipv4()));
    if families.contains(&Some(true)) && families.contains(&Some(false)) {
        return problems.error(&[], "this route mixes IPv4 and IPv6", None);
    }
    if route.table == Some(0) {
        problems.error(
            &["table"],
            "there is no routing table 0, expected 1 to 4294967295",
            None,
        );
    }
    let Some(gateway) = gateway else {
        if destination.is_none() {
            let hint = "add the gateway as `via`, or write `0.0.0.0/0` or `::/0`";
            problems.error(&[], "`to: default` without `via` does not say IPv4 or IPv6", Some(hint));
        }
        if route.on_link == Some(true) {
            problems.error(&["on-link"], "`on-link` is about the gateway: it needs `via`", None);
        }
        return;
    };
    if refuses {
        return problems.error(&["via"], "a route of this type leads nowhere: it has no `via`", None);
    }
    if route.on_link != Some(true)
        && let Some(why) = why_out_of_reach(gateway, ethernet)
    {
        let hint = "correct it, or add `on-link: true` if the link reaches it all the same";
        problems.error(&[], why, Some(hint));
    }
}

/// Why `gateway` can't be reached on the link; `None` when it can, or when that is only known once the link is up.
fn why_out_of_reach(gateway: IpAddr, ethernet: &Ethernet) -> Option<String> {
    let learns = match gateway {
        IpAddr::V4(ip) => ethernet.dhcp4 == Some(true) || ip.is_link_local(),
        // Router advertisements bring on-link prefixes as well, but they are no reason to ask for a static gateway.
        IpAddr::V6(ip) => {
            ethernet.dhcp6 == Some(true) || ethernet.accept_ra == Some(true) || ip.is_unicast_link_local()
        }
    };
    if ethernet.addresses.iter().any(|address| address.ip() == gateway) {
        return Some(format!("the gateway {gateway} is the link's own address"));
    }
    let same_family: Vec<&Address> = ethernet
        .addresses
        .iter()
        .filter(|a| a.ip().is_ipv4() == gateway.is_ipv4())
        .collect();
    let direct = ethernet
        .routes
        .iter()
        .filter(|route| route.via.is_none() && route.is_unicast())
        .filter_map(|route| route.to.network());
    let mut reached = same_family.iter().map(|address| address.subnet()).chain(direct);
    if learns || reached.any(|net| net.contains(&gateway)) {
        return None;
    }
    if same_family.is_empty() {
        let family = if gateway.is_ipv4() { "IPv4" } else { "IPv6" };
        return Some(format!(
            "the gateway {gateway} can't be reached: the link gets no {family} address"
        ));
    }
    let subnets: Vec<String> = same_family.iter().map(|address| address.subnet().to_string()).collect();
    Some(format!(
        "the gateway {gateway} is outside of the link's subnets ({})",
        subnets.join(", ")
    ))
}
