//! OpenStack's `network_data.json` as netplan has it.
//!
//! <https://docs.openstack.org/nova/latest/_downloads/9119ca7ac90aa2990e762c08baea3a36/network_data.json> is its schema.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::source::prefix::with_prefix;

/// The document.
#[derive(Deserialize)]
pub struct NetworkData {
    #[serde(default)]
    links: Vec<Link>,
    #[serde(default)]
    networks: Vec<Network>,
    #[serde(default)]
    services: Vec<Service>,
}

#[derive(Deserialize)]
struct Link {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    ethernet_mac_address: Option<String>,
    mtu: Option<u32>,
}

#[derive(Deserialize)]
struct Network {
    link: String,
    #[serde(rename = "type")]
    kind: String,
    ip_address: Option<String>,
    netmask: Option<String>,
    gateway: Option<String>,
    #[serde(default)]
    routes: Vec<Route>,
    #[serde(default)]
    services: Vec<Service>,
    #[serde(default)]
    dns_nameservers: Vec<String>,
}

#[derive(Deserialize)]
struct Route {
    network: String,
    netmask: Option<String>,
    gateway: String,
}

#[derive(Deserialize)]
struct Service {
    #[serde(rename = "type")]
    kind: String,
    address: Option<String>,
}

/// Links that are made of others: not ours to leave out.
const COMPOSED: [&str; 2] = ["bond", "vlan"];

/// The network as a netplan document of version 2; `None` if it says nothing.
///
/// # Errors
/// Something that can't be taken over: a bond, an unknown kind of network, an address that is none.
pub fn netplan(data: &NetworkData) -> Result<Option<Value>, String> {
    let mut ethernets = Map::new();
    for link in &data.links {
        if COMPOSED.contains(&link.kind.as_str()) {
            return Err(format!(
                "the link {:?} is a {}, which is not taken over from a config drive: give a network in the user-data",
                link.id, link.kind
            ));
        }
        let Some(mac) = &link.ethernet_mac_address else {
            return Err(format!(
                "the link {:?} has no ethernet_mac_address: nothing says which it is",
                link.id
            ));
        };
        let mut ethernet = Map::new();
        ethernet.insert("match".into(), json!({"macaddress": mac.to_ascii_lowercase()}));
        if let Some(mtu) = link.mtu {
            ethernet.insert("mtu".into(), mtu.into());
        }
        let mut servers = dns(&data.services);
        let (mut addresses, mut routes) = (Vec::new(), Vec::new());
        for network in data.networks.iter().filter(|network| network.link == link.id) {
            add(network, &mut ethernet, &mut addresses, &mut routes)?;
            servers.extend(network.dns_nameservers.iter().cloned());
            servers.extend(dns(&network.services));
        }
        servers.dedup();
        ethernet.insert("addresses".into(), addresses.into());
        ethernet.insert("routes".into(), routes.into());
        ethernet.insert("nameservers".into(), json!({ "addresses": servers }));
        ethernets.insert(link.id.clone(), ethernet.into());
    }
    let known = |network: &Network| data.links.iter().any(|link| link.id == network.link);
    if let Some(lost) = data.networks.iter().find(|network| !known(network)) {
        return Err(format!("a network is on the link {:?}, which there is not", lost.link));
    }
    Ok((!ethernets.is_empty()).then(|| json!({"version": 2, "ethernets": ethernets})))
}

fn add(
    network: &Network,
    ethernet: &mut Map<String, Value>,
    addresses: &mut Vec<Value>,
    routes: &mut Vec<Value>,
) -> Result<(), String> {
    match network.kind.as_str() {
        "ipv4_dhcp" => _ = ethernet.insert("dhcp4".into(), true.into()),
        "ipv6_dhcp" | "ipv6_dhcpv6-stateful" => _ = ethernet.insert("dhcp6".into(), true.into()),
        "ipv6_slaac" | "ipv6_dhcpv6-stateless" => _ = ethernet.insert("accept-ra".into(), true.into()),
        "ipv4" | "ipv6" => {
            let address = network.ip_address.as_deref().unwrap_or_default();
            addresses.push(prefixed(address, network.netmask.as_deref())?.into());
        }
        other => return Err(format!("networks of the type {other:?} are not known")),
    }
    if let Some(gateway) = &network.gateway {
        routes.push(json!({"to": "default", "via": gateway}));
    }
    for route in &network.routes {
        let to = match prefixed(&route.network, route.netmask.as_deref())? {
            all if all == "0.0.0.0/0" || all == "::/0" => "default".to_owned(),
            to => to,
        };
        let route = json!({"to": to, "via": route.gateway});
        if !routes.contains(&route) {
            routes.push(route);
        }
    }
    Ok(())
}

/// The addresses of the DNS servers among services.
fn dns(services: &[Service]) -> Vec<String> {
    let dns = services.iter().filter(|service| service.kind == "dns");
    dns.filter_map(|service| service.address.clone()).collect()
}

/// An address with its prefix length; without a mask it is one alone.
fn prefixed(address: &str, mask: Option<&str>) -> Result<String, String> {
    let alone = if address.contains(':') { "128" } else { "32" };
    with_prefix(address, Some(mask.unwrap_or(alone))).map_err(|why| format!("{address:?} {why}"))
}
