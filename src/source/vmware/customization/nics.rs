//! The network adapters of `cust.cfg` as netplan has them, each recognised by its hardware address.

use std::collections::HashMap;
use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::ini::{Entry, Ini};
use crate::source::prefix::with_prefix;

/// The metric of the first default route that stands in for another one; the next ones count up. Above that of DHCP, 1024.
const STAND_IN_METRIC: u32 = 2048;

/// The most adapters; a VMware machine has at most 10.
const LIMIT: usize = 16;

/// How an adapter gets its IPv4 address.
enum Ipv4 {
    Dhcp,
    Static,
    None,
    /// Not to be touched.
    AsIs,
}

/// The default routes so far, IPv4 and IPv6: of equal ones the kernel would take one or the other.
#[derive(Default)]
struct DefaultRoutes([u32; 2]);

/// The names of the sections that describe adapters, of which one is too many beyond [`LIMIT`].
pub fn names(ini: &Ini) -> Vec<&str> {
    let names = ini.value("NIC-CONFIG", "NICS").unwrap_or_default().split(',');
    let names = names.map(str::trim).filter(|name| !name.is_empty());
    names.take(LIMIT + 1).collect()
}

/// The network; `None` if there is no adapter to configure.
///
/// # Errors
/// A setting is wrong or missing: its place, without its value.
pub fn netplan(ini: &Ini) -> Result<Option<Value>, String> {
    let names = names(ini);
    if let Some(name) = names.get(LIMIT) {
        return Err(missing(
            ini,
            name,
            &format!("is one more than the {LIMIT} that are read"),
        ));
    }
    let dns = Dns::of(ini)?;
    let mut primary = None;
    for name in &names {
        if ini.flag(name, "PRIMARY")? == Some(true) && primary.replace(*name).is_some_and(|other| other != *name) {
            return Err(missing(
                ini,
                name,
                "is a second adapter with PRIMARY = yes: one is the primary one",
            ));
        }
    }
    let mut routes = DefaultRoutes::default();
    let mut ethernets = Map::new();
    let mut owners = HashMap::new();
    for name in names {
        if ini.flag(name, "ONBOOT")? == Some(false) {
            tracing::warn!(
                "{}",
                missing(ini, name, "has ONBOOT = no: left out, networkd has no such thing")
            );
            continue;
        }
        let ipv4 = ipv4(ini, name)?;
        if matches!(ipv4, Ipv4::AsIs) {
            tracing::warn!(
                "{}",
                missing(ini, name, "has IPv4_MODE = AS_IS: left out, its network stays as it is")
            );
            continue;
        }
        let mac = ini
            .get(name, "MACADDR")
            .ok_or_else(|| missing(ini, name, "has no MACADDR: nothing says which it is"))?;
        let mac = mac.value.replace('-', ":").to_ascii_lowercase();
        if let Some(other) = owners.insert(mac.clone(), name) {
            return Err(missing(
                ini,
                name,
                &format!("is the same adapter as [{}]", other.escape_debug()),
            ));
        }
        let routed = primary.is_none_or(|primary| primary == name);
        let nic = ethernet(ini, name, &mac, &ipv4, &dns, routed.then_some(&mut routes))?;
        ethernets.insert(name.to_ascii_lowercase(), nic);
    }
    Ok((!ethernets.is_empty()).then(|| json!({"version": 2, "ethernets": ethernets})))
}

/// One adapter. `routes` is that of all others, `None` where another adapter is the primary one.
fn ethernet(
    ini: &Ini,
    name: &str,
    mac: &str,
    ipv4: &Ipv4,
    dns: &Dns<'_>,
    routes: Option<&mut DefaultRoutes>,
) -> Result<Value, String> {
    let mut nic = Map::new();
    nic.insert("match".to_owned(), json!({"macaddress": mac}));
    let mut addresses = Vec::new();
    let mut gateways = Vec::new();
    match ipv4 {
        Ipv4::Dhcp => {
            nic.insert("dhcp4".to_owned(), json!(true));
            if dns.instead_of_dhcp {
                nic.insert("dhcp4-overrides".to_owned(), json!({"use-dns": false}));
            }
        }
        Ipv4::Static => {
            let address = ini
                .get(name, "IPADDR")
                .ok_or_else(|| missing(ini, name, "is static and has no IPADDR"))?;
            addresses.push(prefixed(ini, address, ini.value(name, "NETMASK"))?);
            if let Some(entry) = ini.get(name, "GATEWAY") {
                let all = entry
                    .value
                    .split(',')
                    .map(str::trim)
                    .filter(|gateway| !gateway.is_empty());
                for gateway in all {
                    gateways.push(ip(ini, entry, gateway)?);
                }
            }
        }
        Ipv4::None | Ipv4::AsIs => {}
    }
    for (number, address) in ini.list(name, "IPv6ADDR")? {
        addresses.push(prefixed(
            ini,
            address,
            ini.value(name, &format!("IPv6NETMASK|{number}")),
        )?);
    }
    for (_, entry) in ini.list(name, "IPv6GATEWAY")? {
        gateways.push(ip(ini, entry, &entry.value)?);
    }
    gateways.dedup();
    nic.insert("addresses".to_owned(), json!(addresses));
    match routes {
        Some(routes) => {
            _ = nic.insert(
                "routes".to_owned(),
                gateways.into_iter().map(|via| routes.add(via)).collect(),
            )
        }
        None if gateways.is_empty() => {}
        None => tracing::warn!(
            "{}",
            missing(ini, name, "is not the primary adapter: its gateways are left out")
        ),
    }
    let nameservers = json!({"addresses": dns.servers, "search": dns.search});
    nic.insert("nameservers".to_owned(), nameservers);
    Ok(nic.into())
}

impl DefaultRoutes {
    /// The next one: what comes first is used for as long as it is there.
    fn add(&mut self, via: IpAddr) -> Value {
        let [ipv4, ipv6] = &mut self.0;
        let count = if via.is_ipv4() { ipv4 } else { ipv6 };
        *count += 1;
        match *count {
            1 => json!({"to": "default", "via": via}),
            count => json!({"to": "default", "via": via, "metric": STAND_IN_METRIC + count - 2}),
        }
    }
}

/// `[DNS]`, which is of all adapters.
struct Dns<'a> {
    servers: Vec<IpAddr>,
    search: Vec<&'a str>,
    instead_of_dhcp: bool,
}

impl<'a> Dns<'a> {
    fn of(ini: &'a Ini) -> Result<Self, String> {
        let servers = ini.list("DNS", "NAMESERVER")?.into_iter();
        let servers: Vec<_> = servers
            .map(|(_, entry)| ip(ini, entry, &entry.value))
            .collect::<Result<_, _>>()?;
        let suffixes = ini.list("DNS", "SUFFIX")?.into_iter();
        // Without servers of its own the machine would have none.
        let instead_of_dhcp = ini.flag("DNS", "DNSFROMDHCP")? == Some(false) && !servers.is_empty();
        Ok(Self {
            servers,
            search: suffixes.map(|(_, entry)| entry.value.as_str()).collect(),
            instead_of_dhcp,
        })
    }
}

fn ipv4(ini: &Ini, name: &str) -> Result<Ipv4, String> {
    if let Some(mode) = ini.get(name, "IPv4_MODE") {
        match mode.value.to_ascii_lowercase().as_str() {
            "backwards_compatible" => {}
            "static" => return Ok(Ipv4::Static),
            "dhcp" => return Ok(Ipv4::Dhcp),
            "disabled" => return Ok(Ipv4::None),
            "as_is" => return Ok(Ipv4::AsIs),
            _ => return Err(ini.wrong(mode, "is none of BACKWARDS_COMPATIBLE, STATIC, DHCP, DISABLED, AS_IS")),
        }
    }
    match ini.get(name, "BOOTPROTO") {
        None => Ok(Ipv4::Dhcp),
        Some(entry) => match entry.value.to_ascii_lowercase().as_str() {
            "dhcp" => Ok(Ipv4::Dhcp),
            "static" => Ok(Ipv4::Static),
            _ => Err(ini.wrong(entry, "is neither dhcp nor static")),
        },
    }
}

fn prefixed(ini: &Ini, address: &Entry, mask: Option<&str>) -> Result<String, String> {
    with_prefix(&address.value, mask).map_err(|why| ini.wrong(address, &why))
}

fn ip(ini: &Ini, entry: &Entry, text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| ini.wrong(entry, "is no IP address"))
}

/// What is wrong with an adapter as a whole: at the first line of its section, or where it is named.
fn missing(ini: &Ini, name: &str, what: &str) -> String {
    let first = ini.entries().iter().find(|entry| entry.section == name);
    match first.or_else(|| ini.get("NIC-CONFIG", "NICS")) {
        Some(entry) => ini.wrong(entry, &format!("the adapter {} {what}", name.escape_debug())),
        None => format!("the adapter {} {what}", name.escape_debug()),
    }
}
