//! OpenStack's `network_data.json` as netplan has it.
//!
//! <https://docs.openstack.org/nova/latest/_downloads/9119ca7ac90aa2990e762c08baea3a36/network_data.json> is its schema.
//! A mistake costs the link that it is of, a route that isn't the default one, or a DNS server, and nothing beyond.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Map, Value, json};

use super::composed::{Composed, Names};
use crate::document::Conversion;
use crate::document::network::with_prefix;
use crate::source::interface::{Interface, Route};
use crate::source::lenient::{Member, Wrong};

/// The most links, the most networks, and the most items of any other list. Nova writes a few.
const LIMIT: usize = 1024;

/// What is said of the text, and where it is.
pub(super) struct Reader<'a> {
    origin: &'a str,
    conversion: &'a mut Conversion,
    names: Names,
}

/// The devices, by their kinds.
type Devices = BTreeMap<&'static str, Map<String, Value>>;

/// The network as a netplan document of version 2; `None` if it says nothing. What can't be taken over is reported to
/// `conversion`. `origin` is the text's own.
pub fn netplan(data: &Value, origin: &str, conversion: &mut Conversion) -> Option<Value> {
    let data = Member::whole(data);
    let mut reader = Reader {
        origin,
        conversion,
        names: Names::default(),
    };
    reader.check(data.object());
    let links = reader.list(&data, "links");
    reader.names = Names::of(&links);
    let networks = reader.list(&data, "networks");
    let servers = reader.servers(&data);
    let mut by_link: HashMap<String, Vec<Member<'_>>> = HashMap::new();
    for network in networks {
        match network.object().and_then(|()| network.get("link").required()) {
            Ok(link) => by_link.entry(link).or_default().push(network),
            Err(wrong) => reader.report(&[], wrong),
        }
    }
    let mut devices = Devices::new();
    let mut seen = HashSet::new();
    for link in links {
        let id = match link.object().and_then(|()| link.get("id").required()) {
            Ok(id) => id,
            Err(wrong) => {
                reader.report(&[], wrong);
                continue;
            }
        };
        let networks = by_link.remove(&id).unwrap_or_default();
        if !seen.insert(id.clone()) {
            reader.report_link(&id, link.get("id").wrong("is also the ID of another link"));
        } else if let Err(wrong) = reader.link(&link, &id, &networks, &servers, &mut devices) {
            reader.report_link(&id, wrong);
        }
    }
    let mut lost: Vec<_> = by_link.into_iter().collect();
    lost.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (link, networks) in lost {
        for network in networks {
            reader.report_link(&link, network.get("link").wrong("names a link that doesn't exist"));
        }
    }
    let devices: Map<String, Value> = devices
        .into_iter()
        .map(|(kind, devices)| (kind.to_owned(), devices.into()))
        .collect();
    (!devices.is_empty()).then(|| {
        let mut network = json!({"version": 2});
        network
            .as_object_mut()
            .into_iter()
            .for_each(|all| all.extend(devices.clone()));
        network
    })
}

impl Reader<'_> {
    /// The items of a list; a value that is not a list is reported and has none.
    fn list<'v>(&mut self, around: &Member<'v>, key: &str) -> Vec<Member<'v>> {
        let items = around.get(key).items();
        let mut items = self.check(items).unwrap_or_default();
        if let Some(beyond) = items.get(LIMIT) {
            let wrong = beyond.wrong(&format!("is over the limit of {LIMIT}"));
            self.report(&[], wrong);
            items.truncate(LIMIT);
        }
        items
    }

    /// A link with its networks.
    fn link(
        &mut self,
        link: &Member<'_>,
        id: &str,
        networks: &[Member<'_>],
        servers: &[(IpAddr, String)],
        devices: &mut Devices,
    ) -> Result<(), Wrong> {
        let composed = Composed::of(link)?;
        let kind = composed.map_or("ethernets", Composed::kind);
        let name = self.names.of_link(id).to_owned();
        let mut interface = Interface::new(name, self.place(link.place())).of_kind(kind);
        match composed {
            Some(Composed::Bond) => self.bond(link, &mut interface)?,
            Some(Composed::Vlan) => self.vlan(link, &mut interface)?,
            None => {
                let mac = link.get("ethernet_mac_address");
                interface.match_mac(&mac.required()?, self.place(mac.place()));
            }
        }
        let mtu = link.get("mtu");
        match mtu.number::<u32>() {
            Ok(None) => {}
            Ok(Some(number @ 68..=65535)) => interface.set("mtu", number, self.place(mtu.place())),
            Ok(Some(_)) => self.report(&[], mtu.wrong("is not a valid MTU: expected 68 to 65535 bytes")),
            // It only adds to the link.
            Err(wrong) => self.report(&[], wrong),
        }
        servers
            .iter()
            .for_each(|(server, place)| interface.add_server(*server, place));
        for network in networks {
            self.network(network, id, &mut interface)?;
        }
        interface.finish(devices.entry(kind).or_default(), self.conversion);
        Ok(())
    }

    fn network(&mut self, network: &Member<'_>, id: &str, interface: &mut Interface) -> Result<(), Wrong> {
        let kind = network.get("type");
        let address = network.get("ip_address");
        let place = self.place(kind.place());
        match kind.text()?.as_deref() {
            Some("ipv4_dhcp") => interface.set("dhcp4", true, place),
            Some("ipv6_dhcp" | "ipv6_dhcpv6-stateful") => interface.set("dhcp6", true, place),
            Some("ipv6_slaac" | "ipv6_dhcpv6-stateless") => interface.set("accept-ra", true, place),
            None if address.value().is_none() => return Err(kind.wrong("is missing, and so is `ip_address`")),
            None | Some("ipv4" | "ipv6") => {
                let net = prefixed(&address, &network.get("netmask"))?;
                interface.add_address(net.to_string(), self.place(address.place()));
            }
            Some(_) => return Err(kind.wrong("is not a known network type")),
        }
        let gateway = network.get("gateway");
        if let Some(via) = gateway.parsed("is not an IP address")? {
            interface.add_route(Route::default_via(via), self.place(gateway.place()));
        }
        for (server, place) in self
            .addresses(network, "dns_nameservers")
            .into_iter()
            .chain(self.servers(network))
        {
            interface.add_server(server, place);
        }
        network.get("routes").items()?;
        for route in self.list(network, "routes") {
            match self.route(&route, interface) {
                Err(wrong) if is_beside_the_default(&route) => {
                    self.report(&["network", "ethernets", id, "routes"], wrong);
                }
                other => other?,
            }
        }
        Ok(())
    }

    fn route(&mut self, route: &Member<'_>, interface: &mut Interface) -> Result<(), Wrong> {
        route.object()?;
        let to = prefixed(&route.get("network"), &route.get("netmask"))?;
        let gateway = route.get("gateway");
        let via = gateway
            .parsed("is not an IP address")?
            .ok_or_else(|| gateway.wrong("is missing"))?;
        interface.add_route(Route::new(to, via), self.place(route.place()));
        for (server, place) in self.servers(route) {
            interface.add_server(server, place);
        }
        Ok(())
    }

    /// The DNS servers among the services of a member: each is independent, and an invalid one is left out.
    fn servers(&mut self, around: &Member<'_>) -> Vec<(IpAddr, String)> {
        let mut servers = Vec::new();
        for service in self.list(around, "services") {
            let kind = service.object().and_then(|()| service.get("type").text());
            let is_dns = self.check(kind).flatten().is_some_and(|kind| kind == "dns");
            let address = service.get("address");
            if is_dns && let Some(server) = self.check(address.parsed("is not an IP address")).flatten() {
                servers.push((server, self.place(address.place())));
            }
        }
        servers
    }

    /// The addresses of a list, those that are wrong left out.
    fn addresses(&mut self, around: &Member<'_>, key: &str) -> Vec<(IpAddr, String)> {
        let mut addresses = Vec::new();
        for item in self.list(around, key) {
            if let Some(address) = self.check(item.parsed("is not an IP address")).flatten() {
                addresses.push((address, self.place(item.place())));
            }
        }
        addresses
    }

    /// What a link is called in the network that is made.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    pub(super) fn place(&self, place: &str) -> String {
        match place {
            "" => self.origin.to_owned(),
            place => format!("{}: {place}", self.origin),
        }
    }

    /// The value, or nothing and a report.
    fn check<T>(&mut self, read: Result<T, Wrong>) -> Option<T> {
        read.map_err(|wrong| self.report(&[], wrong)).ok()
    }

    fn report(&mut self, path: &[&str], wrong: Wrong) {
        let place = self.place(&wrong.place);
        self.conversion.error(path, place, wrong.message);
    }

    fn report_link(&mut self, id: &str, wrong: Wrong) {
        let (kind, name) = (self.names.kind_of(id), self.names.of_link(id).to_owned());
        self.report(&["network", kind, &name], wrong);
    }
}

/// Whether a route is for sure none for everything that no other route is for.
fn is_beside_the_default(route: &Member<'_>) -> bool {
    prefixed(&route.get("network"), &route.get("netmask")).is_ok_and(|to| to.prefix_len() > 0)
}

/// An address with its prefix length; without a mask it is one alone.
fn prefixed(address: &Member<'_>, mask: &Member<'_>) -> Result<IpNet, Wrong> {
    let text = address.required()?;
    let alone = if text.contains(':') { "128" } else { "32" };
    let mask = mask.text()?.unwrap_or_else(|| alone.to_owned());
    let net = with_prefix(&text, Some(&mask)).map_err(|why| address.wrong(&why))?;
    net.parse().map_err(|_| address.wrong("is not an IP address"))
}
