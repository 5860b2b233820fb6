//! What only shows across the values of a network: gateways out of reach, names and addresses given twice, keys without
//! effect.
//!
//! A place in an error decides what is left out of a boot that goes on without it: see [`super::whole`].

mod identity;
mod interface;
mod links;
mod parameters;
mod route;
mod routing_policy;
mod sriov;
mod tunnel;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

pub use route::all_routes;

use super::{Common, Device, InterfaceId, Netdev, Network, Uses, unsupported};
use crate::document::code::Code;
use crate::document::problem::{Check, Problems};

impl Check for Network {
    fn check(&self, problems: &mut Problems<'_>) {
        // Whatever the version: nothing is asked for.
        if self.is_disabled() && self.devices().next().is_none() {
            return;
        }
        self.check_kinds(problems);
        if self.is_disabled() {
            let kinds: BTreeSet<&str> = self.devices().map(|(_, device)| device.kind()).collect();
            for kind in kinds {
                let message =
                    format!("`config: disabled` keeps the current network configuration, so `{kind}` is not used");
                problems
                    .of(Code::NoEffect)
                    .warning(&[kind], message, Some("keep one of them"));
            }
        }
        let uses = self.uses();
        sriov::check(self, &uses, problems);
        for (id, device) in self.devices() {
            identity::check(id, device, &mut problems.below(&[device.kind()]));
            let problems = &mut problems.below(&[device.kind(), id.as_str()]);
            interface::check(device, problems);
            parameters::check(device.netdev(), problems);
        }
        self.check_addresses(problems);
        identity::check_all(self, problems);
        links::check(self, &uses, problems);
        tunnel::check_all(self, problems);
        self.check_default_routes(&uses, problems);
    }
}

impl Network {
    fn check_kinds(&self, problems: &mut Problems<'_>) {
        let refused = [&self.wifis, &self.modems, &self.nm_devices, &self.openvswitch];
        for (refusal, asked) in unsupported::KINDS.into_iter().zip(refused) {
            refusal.check(asked.as_ref(), problems);
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
    fn check_default_routes(&self, uses: &Uses<'_>, problems: &mut Problems<'_>) {
        let mut owners: BTreeMap<(bool, u32, u32), &str> = BTreeMap::new();
        for (id, device) in self.devices() {
            let table = own_table(uses, id, device);
            for (place, key) in device.common().default_routes(table) {
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

/// The routing table of a device's routes: that of the VRF that it is, or is in. 0 is the main one.
fn own_table(uses: &Uses<'_>, id: &InterfaceId, device: &dyn Device) -> u32 {
    let around = uses.get(id).into_iter().flatten().map(|it| it.netdev);
    let own = [device.netdev()].into_iter().chain(around);
    own.filter_map(Netdev::table).min().unwrap_or(0)
}

impl Common {
    /// Where each default route is, with what makes it unique: whether it is IPv4, table and metric. Routes that say none
    /// are in `table`.
    fn default_routes(&self, table: u32) -> Vec<(Vec<String>, (bool, u32, u32))> {
        let gateway4 = self.gateway4.map(|_| (vec!["gateway4".to_owned()], (true, table, 0)));
        let gateway6 = self.gateway6.map(|_| (vec!["gateway6".to_owned()], (false, table, 0)));
        let routes = self.routes.iter().enumerate().filter_map(|(number, route)| {
            let gateway = route.gateway().filter(|_| route.is_default() && route.is_unicast())?;
            let key = (
                gateway.is_ipv4(),
                route.table.unwrap_or(table),
                route.metric.unwrap_or(0),
            );
            Some((vec!["routes".to_owned(), number.to_string()], key))
        });
        gateway4.into_iter().chain(gateway6).chain(routes).collect()
    }
}
