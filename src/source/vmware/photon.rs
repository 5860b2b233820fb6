//! Photon's own keys of guestinfo, in the manner of coreos-cloudinit: `guestinfo.hostname`, `guestinfo.interface.0.mac`, …
//!
//! Each question may cost a process: an interface is looked for by its `mac` and `name`, and the first that has neither is
//! the last that is asked for. A value that is wrong costs its interface, route or list, and nothing beyond.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Map, Value, json};

use super::transport::Transport;
use super::{NoSeed, value};
use crate::document::Conversion;
use crate::document::network::with_prefix;
use crate::source::interface::{Interface, Route};

/// The most interfaces; a VMware machine has at most 10 adapters.
const INTERFACES: usize = 16;

/// The most routes of an interface.
const ROUTES: usize = 32;

/// The name that `guestinfo.hostname` gives the machine.
///
/// # Errors
/// It can't be asked for.
pub fn hostname(transport: &mut dyn Transport, conversion: &mut Conversion) -> Result<Option<String>, NoSeed> {
    let mut keys = Keys { transport, conversion };
    keys.text("hostname", &[])
}

/// The network; `None` if there is no interface that can be configured. What is wrong is reported to `conversion`.
///
/// # Errors
/// A key can't be asked for.
pub fn network(transport: &mut dyn Transport, conversion: &mut Conversion) -> Result<Option<Value>, NoSeed> {
    let mut keys = Keys { transport, conversion };
    let mut interfaces = Vec::new();
    let mut number = 0;
    while let Some(interface) = keys.matching(number).map_err(|fault| match number {
        0 => fault,
        // Once something is set, silence leaves half of it.
        _ => fault.broken(),
    })? {
        if number >= INTERFACES {
            let what = format!("interface {number} is over the limit of {INTERFACES}");
            keys.wrong(&format!("interface.{number}"), &["network"], &what);
            break;
        }
        interfaces.extend(keys.interface(number, interface).map_err(NoSeed::broken)?);
        number += 1;
    }
    if interfaces.is_empty() {
        return Ok(None);
    }
    keys.add_nameservers(&mut interfaces).map_err(NoSeed::broken)?;
    let mut ethernets = Map::new();
    for interface in interfaces {
        interface.finish(&mut ethernets, conversion);
    }
    Ok(Some(json!({"version": 2, "ethernets": ethernets})))
}

/// The keys, and what is wrong with them.
struct Keys<'a> {
    transport: &'a mut dyn Transport,
    conversion: &'a mut Conversion,
}

impl Keys<'_> {
    /// The interface with this number, and what identifies its link; `None` if there is none.
    fn matching(&mut self, number: usize) -> Result<Option<Interface>, NoSeed> {
        let key = |name: &str| format!("interface.{number}.{name}");
        let path = ["network", "ethernets", &format!("interface{number}")];
        let mut interface = Interface::new(path[2], self.transport.origin(&format!("interface.{number}")));
        let mac = self.text(&key("mac"), &path)?;
        let name = self.text(&key("name"), &path)?;
        if let Some(mac) = &mac {
            interface.match_mac(mac, self.transport.origin(&key("mac")));
        }
        if let Some(name) = &name {
            interface.match_name(name, self.transport.origin(&key("name")));
        }
        Ok((mac.is_some() || name.is_some()).then_some(interface))
    }

    /// The interface with this number; `None` if something is wrong with it, which is reported: then the machine keeps what
    /// it has for it.
    fn interface(&mut self, number: usize, mut interface: Interface) -> Result<Option<Interface>, NoSeed> {
        let key = |name: &str| format!("interface.{number}.{name}");
        let id = format!("interface{number}");
        let path = ["network", "ethernets", id.as_str()];
        let dhcp = self.text(&key("dhcp"), &path)?;
        let clients: &[&'static str] = match dhcp.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None | Some("no" | "false" | "0") => &[],
            Some("yes" | "true" | "1") => &["dhcp4", "dhcp6"],
            Some("ipv4") => &["dhcp4"],
            Some("ipv6") => &["dhcp6"],
            Some(_) => {
                self.wrong(&key("dhcp"), &path, "`dhcp` is not one of yes, no, ipv4, ipv6");
                return Ok(None);
            }
        };
        for client in clients {
            interface.set(client, true, self.transport.origin(&key("dhcp")));
        }
        match self.text(&key("address"), &path)? {
            None if clients.is_empty() => {
                self.report_unaddressed(number, dhcp.is_some(), &path)?;
                return Ok(None);
            }
            None => {}
            Some(address) => {
                let mask = match address.contains('/') {
                    true => None,
                    false => self.text(&key("netmask"), &path)?,
                };
                match with_prefix(&address, mask.as_deref()) {
                    Ok(address) => interface.add_address(address, self.transport.origin(&key("address"))),
                    Err(why) => {
                        self.wrong(&key("address"), &path, &format!("`address` {why}"));
                        return Ok(None);
                    }
                }
            }
        }
        let is_whole = self.routes(number, &mut interface)?;
        Ok(is_whole.then_some(interface))
    }

    /// Reports an interface that gets no address of any kind.
    fn report_unaddressed(&mut self, number: usize, has_dhcp: bool, path: &[&str]) -> Result<(), NoSeed> {
        let key = |name: &str| format!("interface.{number}.{name}");
        let elsewhere = key("ip.0.address");
        if self.text(&elsewhere, path)?.is_some() {
            let what = format!(
                "this is Container Linux's key: write the address as guestinfo.{}",
                key("address")
            );
            self.wrong(&elsewhere, path, &what);
        } else if has_dhcp {
            let what = "`dhcp` is no, and `address` is not set: set one of them";
            self.wrong(&key("dhcp"), path, what);
        } else {
            let what = "`address` is not set, and neither is `dhcp`: set one of them";
            self.wrong(&key("address"), path, what);
        }
        Ok(())
    }

    /// `route.M`: a gateway, and after a comma its destination. Whether the interface is whole with them.
    fn routes(&mut self, number: usize, interface: &mut Interface) -> Result<bool, NoSeed> {
        let id = format!("interface{number}");
        let path = ["network", "ethernets", id.as_str()];
        for count in 0.. {
            let key = format!("interface.{number}.route.{count}");
            let Some(text) = self.text(&key, &path)? else { break };
            if count >= ROUTES {
                self.wrong(&key, &path, &format!("this is over the limit of {ROUTES} routes"));
                return Ok(false);
            }
            let (gateway, to) = match text.split_once(',') {
                Some((gateway, to)) => (gateway.trim(), Some(to.trim())),
                None => (text.as_str(), None),
            };
            let to = to.map(str::parse::<IpNet>);
            let wrong = match (gateway.parse::<IpAddr>(), &to) {
                (Ok(via), None) => {
                    interface.add_route(Route::default_via(via), self.transport.origin(&key));
                    continue;
                }
                (Ok(via), Some(Ok(to))) => {
                    interface.add_route(Route::new(*to, via), self.transport.origin(&key));
                    continue;
                }
                (Err(_), _) => "the route doesn't start with the IP address of its gateway",
                (_, Some(Err(_))) => {
                    "the route has no network with a prefix length after the comma, such as 198.51.100.0/24"
                }
            };
            // It may be the default route, without which nothing else helps.
            if to.is_some_and(|to| to.is_ok_and(|to| to.prefix_len() > 0)) {
                self.wrong(&key, &["network", "ethernets", &id, "routes"], wrong);
            } else {
                self.wrong(&key, &path, wrong);
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn add_nameservers(&mut self, interfaces: &mut [Interface]) -> Result<(), NoSeed> {
        let key = "dns.servers";
        let servers = self.text(key, &[])?.unwrap_or_default();
        let servers: Result<Vec<IpAddr>, _> = list(&servers).map(str::parse).collect();
        if servers.is_err() {
            self.wrong(key, &[], "`dns.servers` are not all IP addresses");
        }
        let domains = self.text("dns.domains", &[])?.unwrap_or_default();
        for interface in interfaces {
            for server in servers.iter().flatten() {
                interface.add_server(*server, self.transport.origin(key));
            }
            for domain in list(&domains) {
                interface.add_search(domain, self.transport.origin("dns.domains"));
            }
        }
        Ok(())
    }

    /// The text of a key; a value that is not text is reported.
    fn text(&mut self, key: &str, path: &[&str]) -> Result<Option<String>, NoSeed> {
        let Some(found) = value(self.transport, key).map_err(NoSeed::Silent)? else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&found).map(|text| text.trim().to_owned());
        if text.is_err() {
            self.wrong(key, path, "the value is not UTF-8");
        }
        Ok(text.ok())
    }

    fn wrong(&mut self, key: &str, path: &[&str], what: &str) {
        self.conversion.error(path, self.transport.origin(key), what);
    }
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
    use crate::source::Fault;

    /// Values, and what was asked for.
    struct Asked(BTreeMap<String, String>, Vec<String>);

    impl Transport for Asked {
        fn name(&self) -> &'static str {
            "table"
        }

        fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
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

    /// The network of these values, and what is wrong with them: `KEY: MESSAGE`, a line each.
    fn read(values: &[(&str, &str)]) -> (Option<Value>, String) {
        let mut conversion = Conversion::new("");
        let network = network(&mut asked(values), &mut conversion).ok().unwrap();
        let told = conversion.diagnostics().into_iter();
        let told: Vec<_> = told.map(|one| format!("{}: {}", one.place(), one.message)).collect();
        (network, told.join("\n"))
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
            "interface1": {"match": {"name": "eth1"}, "dhcp4": true, "nameservers": nameservers},
            "interface2": {
                "match": {"macaddress": "00:50:56:aa:bb:cd", "name": "e*"},
                "dhcp4": true,
                "dhcp6": true,
                "addresses": ["2001:db8::10/64"],
                "routes": [{"to": "default", "via": "2001:db8::1"}],
                "nameservers": nameservers,
            },
        }});
        let mut conversion = Conversion::new("");
        assert_eq!(network(&mut transport, &mut conversion).ok(), Some(Some(expected)));
        assert!(!conversion.has_faults());
    }

    #[test]
    fn no_more_is_asked_than_needed() {
        let mut transport = asked(&[("dns.servers", "hunter2")]);
        assert_eq!(network(&mut transport, &mut Conversion::new("")).ok(), Some(None));
        assert_eq!(transport.1, ["interface.0.mac", "interface.0.name"]);
    }

    #[test]
    fn what_is_wrong_names_the_key_and_not_the_value() {
        let mut endless = vec![
            ("interface.0.name".to_owned(), "e0"),
            ("interface.0.dhcp".to_owned(), "yes"),
        ];
        endless.extend((0..100).map(|n| (format!("interface.0.route.{n}"), "192.0.2.1")));
        let endless: Vec<_> = endless.iter().map(|(key, value)| (key.as_str(), *value)).collect();
        for (values, what, taken) in [
            (
                &[("interface.0.dhcp", "hunter2")][..],
                "interface.0.dhcp: `dhcp` is not one of yes",
                false,
            ),
            (
                &[("interface.0.address", "hunter2")],
                "interface.0.address: `address` is not an IP",
                false,
            ),
            (
                &[("interface.0.address", "192.0.2.1")],
                "interface.0.address: `address` has no netmask",
                false,
            ),
            (
                &[],
                "interface.0.address: `address` is not set, and neither is `dhcp`",
                false,
            ),
            (
                &[("interface.0.dhcp", "no")],
                "interface.0.dhcp: `dhcp` is no, and `address` is not set",
                false,
            ),
            (
                &[
                    ("interface.0.dhcp", "no"),
                    ("interface.0.ip.0.address", "192.0.2.151/23"),
                ],
                "interface.0.ip.0.address: this is Container Linux's key: write the address as guestinfo.interface.0.address",
                false,
            ),
            (
                &[("interface.0.dhcp", "yes"), ("interface.0.route.0", "hunter2")],
                "interface.0.route.0: the route doesn't start with the IP address of its gateway",
                false,
            ),
            (
                &[
                    ("interface.0.dhcp", "yes"),
                    ("interface.0.route.0", "hunter2,10.0.0.0/8"),
                ],
                "interface.0.route.0: the route doesn't start with the IP address of its gateway",
                true,
            ),
            (
                &[
                    ("interface.0.dhcp", "yes"),
                    ("interface.0.route.0", "192.0.2.1,hunter2"),
                ],
                "interface.0.route.0: the route has no network",
                false,
            ),
            (
                &[("interface.0.dhcp", "yes"), ("dns.servers", "192.0.2.1 hunter2")],
                "dns.servers: `dns.servers` are not all IP addresses",
                true,
            ),
            (&endless, "interface.0.route.32: this is over the limit of 32", false),
        ] {
            let mut values = values.to_vec();
            values.extend([
                ("interface.0.name", "eth0"),
                ("interface.1.name", "eth1"),
                ("interface.1.dhcp", "yes"),
            ]);
            let (network, told) = read(&values);
            assert!(
                told.starts_with(&format!("guestinfo.{what}")) && told.lines().count() == 1,
                "{told}"
            );
            assert!(!told.contains("hunter2"), "{told}");
            let ethernets = network.unwrap()["ethernets"].clone();
            assert_eq!(ethernets.get("interface0").is_some(), taken, "{told}");
            assert_eq!(ethernets["interface1"]["dhcp4"], true, "{told}");
        }
        let many: Vec<_> = (0..100).map(|n| format!("interface.{n}.")).collect();
        let many = many
            .iter()
            .flat_map(|key| [(format!("{key}name"), "e*"), (format!("{key}dhcp"), "yes")]);
        let many: Vec<_> = many.collect();
        let many: Vec<_> = many.iter().map(|(key, value)| (key.as_str(), *value)).collect();
        let (network, told) = read(&many);
        assert!(
            told.contains("guestinfo.interface.16: interface 16 is over the limit of 16"),
            "{told}"
        );
        assert_eq!(network.unwrap()["ethernets"].as_object().unwrap().len(), INTERFACES);
    }

    #[test]
    fn what_is_set_to_nothing_is_not_set() {
        let (network, told) = read(&[
            ("interface.0.name", "eth0"),
            ("interface.0.mac", " "),
            ("interface.0.dhcp", ""),
            ("interface.0.address", "192.0.2.10/32"),
            ("interface.0.netmask", "---"),
            ("interface.0.route.0", "203.0.113.1"),
            ("dns.servers", ""),
            ("dns.domains", " "),
        ]);
        let expected = json!({"version": 2, "ethernets": {"interface0": {
            "match": {"name": "eth0"},
            "addresses": ["192.0.2.10/32"],
            "routes": [{"to": "default", "via": "203.0.113.1", "on-link": true}],
        }}});
        assert_eq!((network, told.as_str()), (Some(expected), ""));
    }
}
