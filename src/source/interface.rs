//! One interface of a platform as netplan has it, with the platform's own place of each of its values.

use std::collections::HashSet;
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Map, Value, json};

use crate::document::Conversion;

/// The most addresses, and the most routes, of one interface.
const LIMIT: usize = 256;

/// The most name servers, and the most search domains: a platform may give them to every interface.
const DNS_LIMIT: usize = 64;

/// An interface that is put together piece by piece.
#[derive(Debug, Default)]
pub struct Interface {
    id: String,
    /// The key below `network` that it goes under, if not `ethernets`.
    kind: Option<&'static str>,
    /// Where it is described.
    place: String,
    keys: Map<String, Value>,
    addresses: Placed<String>,
    routes: Placed<Route>,
    servers: Placed<IpAddr>,
    search: Placed<String>,
    /// Places of `keys`.
    places: Vec<(&'static str, String)>,
}

/// Values, each once, and where they are from.
#[derive(Debug)]
struct Placed<T> {
    seen: HashSet<T>,
    values: Vec<(T, String)>,
    /// Where the first one is from that is one too many.
    beyond: Option<String>,
}

/// A route over a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Route {
    /// Where it leads; `None` is everywhere, in the family of the gateway.
    pub to: Option<IpNet>,
    /// The gateway.
    pub via: IpAddr,
    /// The route's metric: a lower one is preferred.
    pub metric: Option<u32>,
}

impl Route {
    /// The default route over a gateway.
    pub fn default_via(via: IpAddr) -> Self {
        Self {
            to: None,
            via,
            metric: None,
        }
    }

    /// A route to `to`, which is everywhere where it has no prefix.
    pub fn new(to: IpNet, via: IpAddr) -> Self {
        Self {
            to: Some(to.trunc()).filter(|to| to.prefix_len() > 0),
            ..Self::default_via(via)
        }
    }
}

impl<T> Default for Placed<T> {
    fn default() -> Self {
        Self {
            seen: HashSet::new(),
            values: Vec::new(),
            beyond: None,
        }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Placed<T> {
    fn add(&mut self, value: T, place: impl Into<String>, limit: usize) {
        if self.seen.contains(&value) {
            return;
        }
        if self.values.len() < limit {
            self.seen.insert(value.clone());
            self.values.push((value, place.into()));
        } else if self.beyond.is_none() {
            self.beyond = Some(place.into());
        }
    }
}

impl Interface {
    /// The interface called `id`, described at `place`, about which nothing is known yet.
    pub fn new(id: impl Into<String>, place: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            place: place.into(),
            ..Self::default()
        }
    }

    /// Makes it a device of another kind than a card: `bonds`, `vlans`.
    pub fn of_kind(mut self, kind: &'static str) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Its hardware address, however that is written.
    pub fn match_mac(&mut self, mac: &str, place: impl Into<String>) {
        self.matching("macaddress", &colons(mac), place);
    }

    /// The hardware address that it gets.
    pub fn set_mac(&mut self, mac: &str, place: impl Into<String>) {
        self.set("macaddress", colons(mac), place);
    }

    /// Its name, or a pattern of it.
    pub fn match_name(&mut self, name: &str, place: impl Into<String>) {
        self.matching("name", name, place);
    }

    fn matching(&mut self, key: &str, value: &str, place: impl Into<String>) {
        if let Value::Object(matching) = self.keys.entry("match").or_insert_with(|| json!({})) {
            matching.insert(key.to_owned(), json!(value));
        }
        self.places.push(("match", place.into()));
    }

    /// Gives it any key of netplan's.
    pub fn set(&mut self, key: &'static str, value: impl Into<Value>, place: impl Into<String>) {
        self.keys.insert(key.to_owned(), value.into());
        self.places.push((key, place.into()));
    }

    /// Gives it an address with its prefix length.
    pub fn add_address(&mut self, address: String, place: impl Into<String>) {
        self.addresses.add(address, place, LIMIT);
    }

    /// Gives it a route; one that it has already is left out.
    pub fn add_route(&mut self, route: Route, place: impl Into<String>) {
        self.routes.add(route, place, LIMIT);
    }

    /// Gives it a DNS server.
    pub fn add_server(&mut self, server: IpAddr, place: impl Into<String>) {
        self.servers.add(server, place, DNS_LIMIT);
    }

    /// Gives it a search domain.
    pub fn add_search(&mut self, domain: &str, place: impl Into<String>) {
        self.search.add(domain.to_owned(), place, DNS_LIMIT);
    }

    /// Adds it to the devices of its kind, and its places to `conversion`.
    pub fn finish(mut self, devices: &mut Map<String, Value>, conversion: &mut Conversion) {
        let id = std::mem::take(&mut self.id);
        let kind = self.kind.unwrap_or("ethernets");
        let place_of = |conversion: &mut Conversion, keys: &[&str], place: &str| {
            conversion.place(&[&[kind, id.as_str()], keys].concat(), place);
        };
        place_of(conversion, &[], &self.place);
        for (key, place) in &self.places {
            place_of(conversion, &[key], place);
        }
        let lists = [
            (&["addresses"][..], listed(&self.addresses, |address| json!(address))),
            (&["routes"], listed(&self.routes, |route| self.route(route))),
            (
                &["nameservers", "addresses"],
                listed(&self.servers, |server| json!(server)),
            ),
            (&["nameservers", "search"], listed(&self.search, |domain| json!(domain))),
        ];
        for (keys, items) in lists {
            for (number, (_, place)) in items.iter().enumerate() {
                place_of(conversion, &[keys, &[number.to_string().as_str()]].concat(), place);
            }
            let values: Vec<Value> = items.into_iter().map(|(value, _)| value).collect();
            if !values.is_empty() {
                put(&mut self.keys, keys, values.into());
            }
        }
        for (what, beyond) in [
            ("addresses", &self.addresses.beyond),
            ("routes", &self.routes.beyond),
            ("name servers", &self.servers.beyond),
            ("search domains", &self.search.beyond),
        ] {
            if let Some(place) = beyond {
                let message = format!("the interface has too many {what}: firstlight ignores the rest");
                conversion.error(&[], place.as_str(), message);
            }
        }
        devices.insert(id, self.keys.into());
    }

    /// The route as netplan has it. A platform whose gateway is outside of the subnet means that the link reaches it
    /// all the same, and no one there can be asked to say so.
    fn route(&self, route: &Route) -> Value {
        let to = route.to.map_or_else(|| "default".to_owned(), |to| to.to_string());
        let mut value = json!({"to": to, "via": route.via});
        if let Some(metric) = route.metric {
            value["metric"] = json!(metric);
        }
        if self.is_outside(route.via) {
            value["on-link"] = json!(true);
        }
        value
    }

    /// Whether a gateway is outside of all subnets of its family, where there are some and no other is learnt.
    fn is_outside(&self, gateway: IpAddr) -> bool {
        let learns = |keys: &[&str]| keys.iter().any(|key| self.keys.contains_key(*key));
        let known = match gateway {
            IpAddr::V4(ip) => learns(&["dhcp4"]) || ip.is_link_local(),
            IpAddr::V6(ip) => learns(&["dhcp6", "accept-ra"]) || ip.is_unicast_link_local(),
        };
        let subnets = self
            .addresses
            .values
            .iter()
            .filter_map(|(address, _)| address.parse::<IpNet>().ok());
        let subnets: Vec<_> = subnets
            .filter(|net| net.addr().is_ipv4() == gateway.is_ipv4())
            .collect();
        !known && !subnets.is_empty() && !subnets.iter().any(|net| net.contains(&gateway))
    }
}

/// A hardware address with colons.
fn colons(mac: &str) -> String {
    mac.trim().replace('-', ":").to_ascii_lowercase()
}

fn listed<T>(placed: &Placed<T>, written: impl Fn(&T) -> Value) -> Vec<(Value, String)> {
    let values = placed.values.iter();
    values.map(|(value, place)| (written(value), place.clone())).collect()
}

fn put(keys: &mut Map<String, Value>, path: &[&str], value: Value) {
    match path {
        [key] => _ = keys.insert((*key).to_owned(), value),
        [first, rest @ ..] => {
            if let Value::Object(inner) = keys.entry(*first).or_insert_with(|| json!({})) {
                put(inner, rest, value);
            }
        }
        [] => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(build: impl FnOnce(&mut Interface)) -> Value {
        let mut interface = Interface::new("a", "here");
        build(&mut interface);
        let mut ethernets = Map::new();
        interface.finish(&mut ethernets, &mut Conversion::default());
        ethernets["a"].clone()
    }

    #[test]
    fn nothing_is_said_twice_and_nothing_empty() {
        assert_eq!(finished(|_| {}), json!({}));
        let made = finished(|nic| {
            nic.match_mac(" FA-16-3E-00-00-01", "");
            nic.match_name("e*", "");
            for _ in 0..2 {
                nic.add_address("192.0.2.10/24".to_owned(), "");
                nic.add_route(
                    Route::new("198.51.100.7/24".parse().unwrap(), "192.0.2.1".parse().unwrap()),
                    "",
                );
                nic.add_route(
                    Route::new("0.0.0.0/0".parse().unwrap(), "192.0.2.1".parse().unwrap()),
                    "",
                );
                nic.add_server("192.0.2.53".parse().unwrap(), "");
                nic.add_search("a.test", "");
            }
        });
        let expected = json!({
            "match": {"macaddress": "fa:16:3e:00:00:01", "name": "e*"},
            "addresses": ["192.0.2.10/24"],
            "routes": [{"to": "198.51.100.0/24", "via": "192.0.2.1"}, {"to": "default", "via": "192.0.2.1"}],
            "nameservers": {"addresses": ["192.0.2.53"], "search": ["a.test"]},
        });
        assert_eq!(made, expected);
    }

    #[test]
    fn an_interface_is_bounded() {
        let mut interface = Interface::new("a", "here");
        for number in 0..100_000_u32 {
            let ip = IpAddr::from(number.to_be_bytes());
            interface.add_address(format!("{ip}/32"), format!("address {number}"));
            interface.add_route(Route::default_via(ip), format!("route {number}"));
            interface.add_server(ip, format!("server {number}"));
            interface.add_search(&format!("d{number}.test"), format!("domain {number}"));
        }
        let (mut ethernets, mut conversion) = (Map::new(), Conversion::new(""));
        interface.finish(&mut ethernets, &mut conversion);
        let counts = [("addresses", LIMIT), ("routes", LIMIT)];
        assert!(
            counts
                .iter()
                .all(|(key, count)| ethernets["a"][key].as_array().unwrap().len() == *count)
        );
        assert_eq!(
            ethernets["a"]["nameservers"]["search"].as_array().unwrap().len(),
            DNS_LIMIT
        );
        let told: Vec<_> = conversion.diagnostics().iter().map(|one| one.place()).collect();
        assert_eq!(told, ["address 256", "route 256", "server 64", "domain 64"]);
    }

    #[test]
    fn a_gateway_outside_of_the_subnets_is_on_link() {
        for (addresses, keys, via, on_link) in [
            (&["192.0.2.10/24"][..], &[][..], "192.0.2.1", false),
            (&["192.0.2.10/32"], &[], "203.0.113.1", true),
            (&["192.0.2.10/24", "203.0.113.9/24"], &[], "203.0.113.1", false),
            (&["192.0.2.10/24", "203.0.113.9/24"], &[], "198.51.100.1", true),
            (&["192.0.2.10/32"], &["dhcp4"], "203.0.113.1", false),
            (&["192.0.2.10/32"], &["dhcp6"], "203.0.113.1", true),
            (&["192.0.2.10/32"], &[], "169.254.1.1", false),
            // No address of its family: it leads nowhere, which the document's reader says.
            (&[], &[], "203.0.113.1", false),
            (&["2001:db8::1/64"], &[], "203.0.113.1", false),
            (&["2001:db8:cafe::5/64"], &[], "2001:db8:ffff::1", true),
            (&["2001:db8:cafe::5/64"], &[], "fe80::1", false),
            (&["2001:db8:cafe::5/64"], &["accept-ra"], "2001:db8:ffff::1", false),
            // Its own address is no gateway, on-link or not.
            (&["192.0.2.10/32"], &[], "192.0.2.10", false),
        ] {
            let made = finished(|nic| {
                addresses
                    .iter()
                    .for_each(|address| nic.add_address((*address).to_owned(), ""));
                keys.iter().for_each(|key| nic.set(key, true, ""));
                nic.add_route(Route::default_via(via.parse().unwrap()), "");
            });
            let mut expected = json!({"to": "default", "via": via});
            if on_link {
                expected["on-link"] = json!(true);
            }
            assert_eq!(made["routes"], json!([expected]), "{addresses:?} {keys:?}");
        }
    }
}
