//! What only shows across the values of a network: gateways out of reach, names and addresses given twice, keys without
//! effect.
//!
//! A place in an error decides what is left out of a boot that goes on without it: see [`super::whole`].

mod identity;
mod interface;
mod route;
mod routing_policy;
mod sriov;

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Common, Network};
use crate::document::code::Code;
use crate::document::problem::{Check, Problems};

impl Check for Network {
    fn check(&self, problems: &mut Problems<'_>) {
        // Whatever the version: nothing is asked for.
        if self.is_disabled() && self.ethernets.is_empty() {
            return;
        }
        self.check_kinds(problems);
        if self.is_disabled() {
            let message = "`config: disabled` keeps the current network configuration, so `ethernets` is not used";
            problems
                .of(Code::NoEffect)
                .warning(&["ethernets"], message, Some("keep one of them"));
        }
        for (id, ethernet) in &self.ethernets {
            identity::check(id, ethernet, &mut problems.below(&["ethernets"]));
        }
        sriov::check(self, problems);
        for (id, device) in self.devices() {
            device
                .common()
                .check(&mut problems.below(&[device.kind(), id.as_str()]));
        }
        self.check_addresses(problems);
        identity::check_all(self, problems);
        self.check_default_routes(problems);
    }
}

impl Network {
    fn check_kinds(&self, problems: &mut Problems<'_>) {
        let kinds = [
            ("bonds", &self.bonds),
            ("bridges", &self.bridges),
            ("vlans", &self.vlans),
            ("vrfs", &self.vrfs),
            ("tunnels", &self.tunnels),
            ("wifis", &self.wifis),
            ("modems", &self.modems),
            ("dummy-devices", &self.dummy_devices),
            ("virtual-ethernets", &self.virtual_ethernets),
            ("nm-devices", &self.nm_devices),
            ("openvswitch", &self.openvswitch),
        ];
        for (kind, asked) in kinds {
            let Some(asked) = asked.as_ref().filter(|asked| asked.is_asked) else {
                continue;
            };
            let hint = "use `ethernets`; for anything else, write `networkd_files`";
            problems
                .of(Code::NotSupported)
                .error(&[kind], format!("`{kind}` is not supported yet"), Some(hint));
            for (id, ethernet) in &self.ethernets {
                if asked.members.contains(id.as_str()) && !ethernet.common.has_addressing() {
                    let message = format!("it has no address of its own, and belongs to one of `{kind}`");
                    problems
                        .of(Code::NotSupported)
                        .error(&["ethernets", id.as_str()], message, Some(hint));
                }
            }
        }
    }

    /// The same address twice is a conflict, unless the links are in different networks.
    fn check_addresses(&self, problems: &mut Problems<'_>) {
        let mut owners: BTreeMap<IpAddr, (&str, u8)> = BTreeMap::new();
        for (id, device) in self.devices() {
            for (number, one) in device.common().addresses.iter().enumerate() {
                let address = one.address;
                let Some((owner, length)) = owners.insert(address.ip(), (id.as_str(), address.prefix_len())) else {
                    continue;
                };
                let message = format!("{} is already an address of `{owner}`", address.ip());
                let place = [device.kind(), id.as_str(), "addresses", &number.to_string()];
                if owner == id.as_str() && length != address.prefix_len() {
                    problems.of(Code::Conflict).error(
                        &place,
                        message,
                        Some("keep the one with the right prefix length"),
                    );
                } else {
                    problems
                        .of(Code::Conflict)
                        .warning(&place, message, Some("give each link its own address"));
                }
            }
        }
    }

    /// Of two default routes that are equal, the kernel takes one.
    fn check_default_routes(&self, problems: &mut Problems<'_>) {
        let mut owners: BTreeMap<(bool, u32, u32), &str> = BTreeMap::new();
        for (id, device) in self.devices() {
            for (place, key) in device.common().default_routes() {
                if let Some(owner) = owners.insert(key, id.as_str()) {
                    let family = if key.0 { "IPv4" } else { "IPv6" };
                    let message = format!("`{owner}` already has an {family} default route with the same metric");
                    let keys: Vec<&str> = [device.kind(), id.as_str()]
                        .into_iter()
                        .chain(place.iter().map(String::as_str))
                        .collect();
                    problems.of(Code::Conflict).warning(
                        &keys,
                        message,
                        Some("give one of them a `metric`, or leave it out"),
                    );
                }
            }
        }
    }
}

impl Common {
    /// Where each default route is, with what makes it unique: whether it is IPv4, table and metric.
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
}
