//! The network adapters of `cust.cfg` as netplan has them, each recognised by its hardware address.
//!
//! A mistake costs the adapter that it is of; the machine then keeps what it has for it.

use std::collections::HashMap;
use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::ini::{Entry, Ini, Wrong};
use crate::document::Conversion;
use crate::document::network::with_prefix;
use crate::source::interface::{Interface, Route};

/// The metric of the first fallback default route; the next ones count up. Above that of DHCP, 1024.
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
#[derive(Default, Clone)]
struct DefaultRoutes([u32; 2]);

/// The names of the sections that describe adapters, of which one is too many beyond [`LIMIT`].
pub fn names(ini: &Ini) -> Vec<&str> {
    let names = ini.value("NIC-CONFIG", "NICS").unwrap_or_default().split(',');
    let names = names.map(str::trim).filter(|name| !name.is_empty());
    names.take(LIMIT + 1).collect()
}

/// The network; `None` if there is no adapter to configure. What is wrong is reported to `conversion`.
pub fn netplan(ini: &Ini, conversion: &mut Conversion) -> Option<Value> {
    let mut names = names(ini);
    if let Some(name) = names.get(LIMIT) {
        let what = format!("is over the limit of {LIMIT}");
        report(conversion, name, missing(ini, name, &what));
        names.truncate(LIMIT);
    }
    let dns = Dns::of(ini, conversion);
    let primary = primary(ini, &names, conversion);
    let mut routes = DefaultRoutes::default();
    let mut ethernets = Map::new();
    let mut owners = HashMap::new();
    for name in names {
        // What is wrong in it was said where it is.
        if ini.is_damaged(name) {
            let what = "keeps its current configuration: see the error in its section";
            report(conversion, name, missing(ini, name, what));
            continue;
        }
        match adapter(ini, name, &mut owners) {
            Ok(Some((interface, ipv4))) => {
                let routed = primary.is_none_or(|primary| primary == name);
                let before = routes.clone();
                match ethernet(ini, interface, name, &ipv4, &dns, routed.then_some(&mut routes)) {
                    Ok(interface) => interface.finish(&mut ethernets, conversion),
                    Err(fault) => {
                        report(conversion, name, fault);
                        routes = before;
                    }
                }
            }
            Ok(None) => {}
            Err(fault) => report(conversion, name, fault),
        }
    }
    (!ethernets.is_empty()).then(|| json!({"version": 2, "ethernets": ethernets}))
}

/// The adapter that has the default routes; `None` if it is not said which, or said of several.
fn primary<'a>(ini: &Ini, names: &[&'a str], conversion: &mut Conversion) -> Option<&'a str> {
    let mut primary = None;
    for name in names {
        match ini.flag(name, "PRIMARY") {
            Ok(Some(true)) if primary.is_some_and(|other| other != *name) => {
                let what = "is a second adapter with PRIMARY = yes: only one can be primary";
                let Wrong { place, message } = missing(ini, name, what);
                conversion.error(&[], place, message);
            }
            Ok(Some(true)) => primary = Some(*name),
            Ok(_) => {}
            Err(Wrong { place, message }) => conversion.error(&[], place, message),
        }
    }
    primary
}

/// Reports what is wrong with an adapter, which is then left as it is.
fn report(conversion: &mut Conversion, name: &str, fault: Wrong) {
    let id = name.to_ascii_lowercase();
    conversion.error(&["network", "ethernets", &id], fault.place, fault.message);
}

/// An adapter, and how it gets its IPv4 address; `None` where it is not to be touched.
///
/// # Errors
/// A setting is wrong or missing.
fn adapter<'a>(
    ini: &Ini,
    name: &'a str,
    owners: &mut HashMap<String, &'a str>,
) -> Result<Option<(Interface, Ipv4)>, Wrong> {
    let left_out = |why: &str| {
        let Wrong { place, message } = missing(ini, name, why);
        tracing::warn!("{place}: {message}");
    };
    if ini.flag(name, "ONBOOT")? == Some(false) {
        left_out("is left out: it has ONBOOT = no, which networkd doesn't support");
        return Ok(None);
    }
    let ipv4 = ipv4(ini, name)?;
    if matches!(ipv4, Ipv4::AsIs) {
        left_out("is left out: it has IPv4_MODE = AS_IS, which keeps its current configuration");
        return Ok(None);
    }
    let entry = ini
        .get(name, "MACADDR")
        .ok_or_else(|| missing(ini, name, "has no MACADDR, so firstlight can't identify it"))?;
    let mac = entry.value.replace('-', ":").to_ascii_lowercase();
    if let Some(other) = owners.insert(mac.clone(), name) {
        let what = format!("is the same adapter as [{}]", other.escape_debug());
        return Err(missing(ini, name, &what));
    }
    let mut interface = Interface::new(name.to_ascii_lowercase(), ini.place(entry));
    interface.match_mac(&mac, ini.place(entry));
    Ok(Some((interface, ipv4)))
}

/// One adapter. `routes` is that of all others, `None` where another adapter is the primary one.
///
/// # Errors
/// A setting is wrong or missing.
fn ethernet(
    ini: &Ini,
    mut nic: Interface,
    name: &str,
    ipv4: &Ipv4,
    dns: &Dns<'_>,
    routes: Option<&mut DefaultRoutes>,
) -> Result<Interface, Wrong> {
    let mut gateways: Vec<(IpAddr, String)> = Vec::new();
    match ipv4 {
        Ipv4::Dhcp => {
            let mode = ini.get(name, "IPv4_MODE").or_else(|| ini.get(name, "BOOTPROTO"));
            let place = mode.or_else(|| ini.get(name, "MACADDR")).map(|entry| ini.place(entry));
            let place = place.unwrap_or_default();
            nic.set("dhcp4", true, place.clone());
            if dns.instead_of_dhcp {
                nic.set("dhcp4-overrides", json!({"use-dns": false}), place);
            }
        }
        Ipv4::Static => {
            let address = ini
                .get(name, "IPADDR")
                .ok_or_else(|| missing(ini, name, "is static and has no IPADDR"))?;
            nic.add_address(prefixed(ini, address, ini.value(name, "NETMASK"))?, ini.place(address));
            if let Some(entry) = ini.get(name, "GATEWAY") {
                let all = entry.value.split(',').map(str::trim);
                for gateway in all.filter(|gateway| !gateway.is_empty()) {
                    gateways.push((ip(ini, entry, gateway)?, ini.place(entry)));
                }
            }
        }
        Ipv4::None | Ipv4::AsIs => {}
    }
    for (number, address) in ini.list(name, "IPv6ADDR")? {
        let mask = ini.value(name, &format!("IPv6NETMASK|{number}"));
        nic.add_address(prefixed(ini, address, mask)?, ini.place(address));
    }
    for (_, entry) in ini.list(name, "IPv6GATEWAY")? {
        gateways.push((ip(ini, entry, &entry.value)?, ini.place(entry)));
    }
    gateways.dedup_by_key(|(gateway, _)| *gateway);
    match routes {
        Some(routes) => gateways
            .into_iter()
            .for_each(|(via, place)| nic.add_route(routes.add(via), place)),
        None if gateways.is_empty() => {}
        None => {
            let Wrong { place, message } = missing(ini, name, "is not the primary adapter: its gateways are left out");
            tracing::warn!("{place}: {message}");
        }
    }
    dns.servers
        .iter()
        .for_each(|(server, place)| nic.add_server(*server, place.as_str()));
    dns.search
        .iter()
        .for_each(|(domain, place)| nic.add_search(domain, place.as_str()));
    Ok(nic)
}

impl DefaultRoutes {
    /// The next one: what comes first is used for as long as it is there.
    fn add(&mut self, via: IpAddr) -> Route {
        let [ipv4, ipv6] = &mut self.0;
        let count = if via.is_ipv4() { ipv4 } else { ipv6 };
        *count += 1;
        Route {
            metric: count.checked_sub(2).map(|stand_in| STAND_IN_METRIC + stand_in),
            ..Route::default_via(via)
        }
    }
}

/// `[DNS]`, which is of all adapters.
struct Dns<'a> {
    servers: Vec<(IpAddr, String)>,
    search: Vec<(&'a str, String)>,
    instead_of_dhcp: bool,
}

impl<'a> Dns<'a> {
    /// What the section says; a server that is wrong is reported and left out.
    fn of(ini: &'a Ini, conversion: &mut Conversion) -> Self {
        let mut report = |fault: Wrong| conversion.error(&[], fault.place, fault.message);
        let mut listed = |name: &str| ini.list("DNS", name).map_err(&mut report).unwrap_or_default();
        let (servers, suffixes) = (listed("NAMESERVER"), listed("SUFFIX"));
        let from_dhcp = ini.flag("DNS", "DNSFROMDHCP").map_err(&mut report).unwrap_or_default();
        let server = |(_, entry): (u32, &Entry)| {
            let address = ip(ini, entry, &entry.value).map_err(&mut report).ok()?;
            Some((address, ini.place(entry)))
        };
        let servers: Vec<_> = servers.into_iter().filter_map(server).collect();
        Self {
            // Without servers of its own the machine would have none.
            instead_of_dhcp: from_dhcp == Some(false) && !servers.is_empty(),
            servers,
            search: suffixes
                .into_iter()
                .map(|(_, entry)| (entry.value.as_str(), ini.place(entry)))
                .collect(),
        }
    }
}

fn ipv4(ini: &Ini, name: &str) -> Result<Ipv4, Wrong> {
    if let Some(mode) = ini.get(name, "IPv4_MODE") {
        match mode.value.to_ascii_lowercase().as_str() {
            "backwards_compatible" => {}
            "static" => return Ok(Ipv4::Static),
            "dhcp" => return Ok(Ipv4::Dhcp),
            "disabled" => return Ok(Ipv4::None),
            "as_is" => return Ok(Ipv4::AsIs),
            _ => {
                return Err(ini.wrong(
                    mode,
                    "is not one of BACKWARDS_COMPATIBLE, STATIC, DHCP, DISABLED, AS_IS",
                ));
            }
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

fn prefixed(ini: &Ini, address: &Entry, mask: Option<&str>) -> Result<String, Wrong> {
    with_prefix(&address.value, mask).map_err(|why| ini.wrong(address, &why))
}

fn ip(ini: &Ini, entry: &Entry, text: &str) -> Result<IpAddr, Wrong> {
    text.parse().map_err(|_| ini.wrong(entry, "is not an IP address"))
}

/// What is wrong with an adapter as a whole: at the first line of its section, or where it is named.
fn missing(ini: &Ini, name: &str, what: &str) -> Wrong {
    let first = ini.entries().iter().find(|entry| entry.section == name);
    let entry = first.or_else(|| ini.get("NIC-CONFIG", "NICS"));
    Wrong {
        place: entry.map(|entry| ini.place(entry)).unwrap_or_default(),
        message: format!("the adapter {} {what}", name.escape_debug()),
    }
}
