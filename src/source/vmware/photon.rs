//! Photon's own keys of guestinfo, in the manner of coreos-cloudinit: `guestinfo.hostname`, `guestinfo.interface.0.mac`, …
//!
//! Each question may cost a process: an interface is looked for by its `mac` and `name`, and the first that has neither is
//! the last that is asked for.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Map, Value, json};

use super::transport::Transport;
use super::{Fault, value};
use crate::source::prefix::with_prefix;

/// The most interfaces; a VMware machine has at most 10 adapters.
const INTERFACES: usize = 16;

/// The most routes of an interface.
const ROUTES: usize = 32;

type Object = Map<String, Value>;

/// The name that `guestinfo.hostname` gives the machine.
///
/// # Errors
/// It can't be asked for, or is no text.
pub fn hostname(transport: &mut dyn Transport) -> Result<Option<String>, Fault> {
    text(transport, "hostname")
}

/// The network; `None` if there is no interface.
///
/// # Errors
/// A key can't be asked for, or has a value that is wrong: which one, without the value.
pub fn network(transport: &mut dyn Transport) -> Result<Option<Value>, Fault> {
    let mut matching = matching(transport, 0)?;
    let mut ethernets = Map::new();
    while !matching.is_empty() {
        // Once something is set, silence leaves half of it.
        let (ethernet, next) = interface(transport, ethernets.len(), matching).map_err(Fault::broken)?;
        ethernets.insert(format!("interface{}", ethernets.len()), ethernet.into());
        matching = next;
    }
    if ethernets.is_empty() {
        return Ok(None);
    }
    add_nameservers(transport, &mut ethernets).map_err(Fault::broken)?;
    Ok(Some(json!({"version": 2, "ethernets": ethernets})))
}

fn add_nameservers(transport: &mut dyn Transport, ethernets: &mut Object) -> Result<(), Fault> {
    let key = "dns.servers";
    let servers = text(transport, key)?.unwrap_or_default();
    let servers = list(&servers)
        .map(|server| {
            server
                .parse()
                .map_err(|_| wrong(transport, key, "are not all IP addresses"))
        })
        .collect::<Result<Vec<IpAddr>, _>>()?;
    let domains = text(transport, "dns.domains")?.unwrap_or_default();
    let nameservers = json!({"addresses": servers, "search": list(&domains).collect::<Vec<_>>()});
    for ethernet in ethernets.values_mut() {
        ethernet["nameservers"] = nameservers.clone();
    }
    Ok(())
}

/// What says which link the interface with this number is; empty if there is no such interface.
fn matching(transport: &mut dyn Transport, number: usize) -> Result<Object, Fault> {
    let key = |name: &str| format!("interface.{number}.{name}");
    let mut matching = Map::new();
    if let Some(mac) = text(transport, &key("mac"))? {
        matching.insert(
            "macaddress".to_owned(),
            json!(mac.replace('-', ":").to_ascii_lowercase()),
        );
    }
    if let Some(name) = text(transport, &key("name"))? {
        matching.insert("name".to_owned(), json!(name));
    }
    match matching.is_empty() || number < INTERFACES {
        true => Ok(matching),
        false => {
            let what = format!("is one more than the {INTERFACES} that are read");
            Err(wrong(transport, &format!("interface.{number}"), &what))
        }
    }
}

/// The interface with this number, and what says which link the next one is.
fn interface(transport: &mut dyn Transport, number: usize, matching: Object) -> Result<(Object, Object), Fault> {
    let key = |name: &str| format!("interface.{number}.{name}");
    let mut ethernet = Map::new();
    ethernet.insert("match".to_owned(), matching.into());
    let dhcp = text(transport, &key("dhcp"))?;
    let clients: &[&str] = match dhcp.as_deref().map(str::to_ascii_lowercase).as_deref() {
        None | Some("no") => &[],
        Some("yes") => &["dhcp4", "dhcp6"],
        Some("ipv4") => &["dhcp4"],
        Some("ipv6") => &["dhcp6"],
        Some(_) => return Err(wrong(transport, &key("dhcp"), "is none of yes, no, ipv4, ipv6")),
    };
    ethernet.extend(clients.iter().map(|client| ((*client).to_owned(), json!(true))));
    match text(transport, &key("address"))? {
        None if dhcp.is_none() => {
            let what = "is not set, and neither is dhcp: set one of them";
            return Err(wrong(transport, &key("address"), what));
        }
        None => {}
        Some(address) => {
            let mask = match address.contains('/') {
                true => None,
                false => text(transport, &key("netmask"))?,
            };
            let address = with_prefix(&address, mask.as_deref());
            let address = address.map_err(|why| wrong(transport, &key("address"), &why))?;
            ethernet.insert("addresses".to_owned(), json!([address]));
        }
    }
    ethernet.insert("routes".to_owned(), routes(transport, number)?.into());
    Ok((ethernet, self::matching(transport, number + 1)?))
}

/// `route.M`: a gateway, and behind a comma where it leads to.
fn routes(transport: &mut dyn Transport, number: usize) -> Result<Vec<Value>, Fault> {
    let mut routes = Vec::new();
    loop {
        let key = format!("interface.{number}.route.{}", routes.len());
        let Some(route) = text(transport, &key)? else {
            return Ok(routes);
        };
        if routes.len() >= ROUTES {
            return Err(wrong(
                transport,
                &key,
                &format!("is one more than the {ROUTES} routes that are read"),
            ));
        }
        let (gateway, to) = match route.split_once(',') {
            Some((gateway, to)) => (gateway.trim(), Some(to.trim())),
            None => (route.as_str(), None),
        };
        let via: IpAddr = gateway
            .parse()
            .map_err(|_| wrong(transport, &key, "has no IP address in front, the gateway's"))?;
        let to = match to.map(str::parse::<IpNet>) {
            None => "default".to_owned(),
            Some(Ok(net)) if net.prefix_len() == 0 => "default".to_owned(),
            Some(Ok(net)) => net.to_string(),
            Some(Err(_)) => {
                let what = "has no network with its prefix length behind the comma, as 198.51.100.0/24";
                return Err(wrong(transport, &key, what));
            }
        };
        routes.push(json!({"to": to, "via": via}));
    }
}

fn text(transport: &mut dyn Transport, key: &str) -> Result<Option<String>, Fault> {
    let Some(found) = value(transport, key).map_err(Fault::Silent)? else {
        return Ok(None);
    };
    match std::str::from_utf8(&found) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(_) => Err(wrong(transport, key, "is not UTF-8")),
    }
}

fn wrong(transport: &dyn Transport, key: &str, what: &str) -> Fault {
    Fault::Broken(format!("{}: {what}", transport.origin(key)))
}

/// Items between commas or space.
fn list(text: &str) -> impl Iterator<Item = &str> {
    let items = text.split(|c: char| c == ',' || c.is_whitespace());
    items.filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Values, and what was asked for.
    struct Asked(BTreeMap<String, String>, Vec<String>);

    impl Transport for Asked {
        fn name(&self) -> &'static str {
            "table"
        }

        fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, String> {
            self.1.push(key.to_owned());
            Ok(self.0.get(key).map(|value| value.clone().into_bytes()))
        }
    }

    fn asked(values: &[(&str, &str)]) -> Asked {
        let values = values
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Asked(values.collect(), Vec::new())
    }

    fn broken(values: &[(&str, &str)]) -> String {
        match network(&mut asked(values)) {
            Err(Fault::Broken(why)) => why,
            _ => panic!("not broken"),
        }
    }

    #[test]
    fn interfaces_become_a_network() {
        let mut transport = asked(&[
            ("interface.0.mac", "00-50-56-AA-BB-CC"),
            ("interface.0.address", "192.0.2.10"),
            ("interface.0.netmask", "255.255.255.0"),
            ("interface.0.route.0", "192.0.2.1"),
            ("interface.0.route.1", "192.0.2.2, 198.51.100.0/24"),
            ("interface.0.route.3", "192.0.2.3"),
            ("interface.1.name", "eth1"),
            ("interface.1.dhcp", "IPv4"),
            ("interface.2.mac", "00:50:56:aa:bb:cd"),
            ("interface.2.name", "e*"),
            ("interface.2.dhcp", "yes"),
            ("interface.2.address", "2001:db8::10/64"),
            ("interface.2.route.0", "2001:db8::1,::/0"),
            ("interface.4.name", "eth4"),
            ("dns.servers", "192.0.2.53, 192.0.2.54"),
            ("dns.domains", "example.test"),
        ]);
        let nameservers = json!({"addresses": ["192.0.2.53", "192.0.2.54"], "search": ["example.test"]});
        let expected = json!({"version": 2, "ethernets": {
            "interface0": {
                "match": {"macaddress": "00:50:56:aa:bb:cc"},
                "addresses": ["192.0.2.10/24"],
                "routes": [{"to": "default", "via": "192.0.2.1"}, {"to": "198.51.100.0/24", "via": "192.0.2.2"}],
                "nameservers": nameservers,
            },
            "interface1": {"match": {"name": "eth1"}, "dhcp4": true, "routes": [], "nameservers": nameservers},
            "interface2": {
                "match": {"macaddress": "00:50:56:aa:bb:cd", "name": "e*"},
                "dhcp4": true,
                "dhcp6": true,
                "addresses": ["2001:db8::10/64"],
                "routes": [{"to": "default", "via": "2001:db8::1"}],
                "nameservers": nameservers,
            },
        }});
        assert_eq!(network(&mut transport).ok(), Some(Some(expected)));
    }

    #[test]
    fn no_more_is_asked_than_needed() {
        let mut transport = asked(&[("dns.servers", "hunter2")]);
        assert_eq!(network(&mut transport).ok(), Some(None));
        assert_eq!(transport.1, ["interface.0.mac", "interface.0.name"]);
    }

    #[test]
    fn what_is_wrong_names_the_key_and_not_the_value() {
        let mut endless = vec![
            ("interface.0.name".to_owned(), "e0"),
            ("interface.0.dhcp".to_owned(), "no"),
        ];
        endless.extend((0..100).map(|n| (format!("interface.0.route.{n}"), "192.0.2.1")));
        let endless: Vec<_> = endless.iter().map(|(key, value)| (key.as_str(), *value)).collect();
        for (values, what) in [
            (
                &[("interface.0.dhcp", "hunter2")][..],
                "interface.0.dhcp: is none of yes",
            ),
            (&[("interface.0.address", "hunter2")], "interface.0.address: is no IP"),
            (
                &[("interface.0.address", "192.0.2.1")],
                "interface.0.address: has no netmask",
            ),
            (&[], "interface.0.address: is not set, and neither is dhcp"),
            (
                &[("interface.0.dhcp", "no"), ("interface.0.route.0", "hunter2")],
                "interface.0.route.0: has no IP address in front",
            ),
            (
                &[("interface.0.dhcp", "no"), ("interface.0.route.0", "192.0.2.1,hunter2")],
                "interface.0.route.0: has no network",
            ),
            (
                &[("interface.0.dhcp", "no"), ("dns.servers", "192.0.2.1 hunter2")],
                "dns.servers: are not all IP addresses",
            ),
            (&endless, "interface.0.route.32: is one more than the 32"),
        ] {
            let mut values = values.to_vec();
            values.push(("interface.0.name", "eth0"));
            let why = broken(&values);
            assert!(why.starts_with("guestinfo.") && why.contains(what), "{why}");
            assert!(!why.contains("hunter2"), "{why}");
        }
        let many: Vec<_> = (0..100).map(|n| format!("interface.{n}.")).collect();
        let many = many
            .iter()
            .flat_map(|key| [(format!("{key}name"), "e*"), (format!("{key}dhcp"), "no")]);
        let many: Vec<_> = many.collect();
        let many: Vec<_> = many.iter().map(|(key, value)| (key.as_str(), *value)).collect();
        let why = broken(&many);
        assert!(why.contains("guestinfo.interface.16: is one more than the 16"), "{why}");
    }
}
