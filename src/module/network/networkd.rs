//! What an interface is in networkd's words: systemd.network(5) and systemd.link(5).
//!
//! Keys that systemd 247 (Photon 4) does not know yet are avoided where an older one says the same.

use std::net::IpAddr;

use crate::document::network::{
    AddressGeneration, Common, Dhcp4Overrides, Dhcp6Overrides, DhcpIdentifier, Ethernet, LinkLocal, Route, UseDomains,
};

use super::ini::{Assignment, Section, file, yes_or_no};
use super::selector::Selector;

/// A link shares its hardware address with those on top of it. They are not meant when it is matched by that address.
/// `Kind=!*` would say so more simply, but systemd knows it from 251 on, and reads `Type=` with `!` since 243.
/// Not `PermanentMACAddress=`: veth and other paravirtual links have none, and a container's link would match nothing.
const NOT_ON_TOP: &str = "!vlan bond bridge";

/// The `.network` file of a device.
pub fn network_file(selector: &Selector, common: &Common) -> String {
    let (plain, routes): (Vec<Route>, Vec<Route>) = common.all_routes().into_iter().partition(is_shorthand);
    let mut sections = vec![
        match_section("Name", &selector.names, selector),
        link_section(common),
        network_section(common, &plain),
    ];
    sections.extend(routes.iter().map(route_section));
    sections.push(dhcp4_section(common));
    sections.push(dhcp6_section(common.dhcp6_overrides.as_ref()));
    file(&sections)
}

/// The `.link` file of an interface; `None` when it asks for nothing that only udev can do.
///
/// MTU and hardware address are in the `.network` file, where they hold on the first boot too: udev has looked at the
/// links by then. The first `.link` file that matches is the only one used, so what `defaults`, the distribution's
/// 99-default.link, says in its `[Link]` section is said again.
pub fn link_file(selector: &Selector, ethernet: &Ethernet, defaults: &[Assignment]) -> Option<String> {
    let wakes = ethernet.wakeonlan == Some(true);
    if ethernet.set_name.is_none() && !wakes {
        return None;
    }
    let mut link = Section::new("Link");
    for default in defaults {
        // Name= only counts where no policy gives a name.
        if default.key != "NamePolicy" || ethernet.set_name.is_none() {
            link.set(&default.key, &default.value);
        }
    }
    link.set_if("Name", ethernet.set_name.as_ref().map(|name| name.as_str()));
    if wakes {
        link.set("WakeOnLan", "magic");
    }
    let matching = match_section("OriginalName", &selector.original_names, selector);
    Some(file(&[matching, link]))
}

fn match_section(name_key: &str, names: &[String], selector: &Selector) -> Section {
    let mut section = Section::new("Match");
    if !names.is_empty() {
        section.set(name_key, names.join(" "));
    }
    if !selector.macs.is_empty() {
        let macs: Vec<String> = selector.macs.iter().map(ToString::to_string).collect();
        section.set("MACAddress", macs.join(" "));
        section.set("Type", NOT_ON_TOP);
    }
    if !selector.drivers.is_empty() {
        section.set("Driver", selector.drivers.join(" "));
    }
    section
}

fn link_section(common: &Common) -> Section {
    let mut section = Section::new("Link");
    section.set_if("MACAddress", common.macaddress);
    section.set_if("MTUBytes", common.mtu);
    if common.optional == Some(true) {
        section.set("RequiredForOnline", yes_or_no(false));
    }
    section
}

fn network_section(common: &Common, gateways: &[Route]) -> Section {
    let mut section = Section::new("Network");
    section.set("DHCP", dhcp(common));
    section.set_if("LinkLocalAddressing", common.link_local.as_deref().map(link_local));
    section.set_if(
        "IPv6LinkLocalAddressGenerationMode",
        common.ipv6_address_generation.map(|how| match how {
            AddressGeneration::Eui64 => "eui64",
            AddressGeneration::StablePrivacy => "stable-privacy",
        }),
    );
    // Those of router advertisements; eui64 is networkd's own way. `Token=` of [IPv6AcceptRA] is systemd 250's.
    if common.ipv6_address_generation == Some(AddressGeneration::StablePrivacy) {
        section.set("IPv6Token", "prefixstable");
    }
    section.set_bool("IPv6AcceptRA", common.accept_ra);
    section.set_bool("IPv6PrivacyExtensions", common.ipv6_privacy);
    section.set_if("IPv6MTUBytes", common.ipv6_mtu);
    section.set_bool("KeepConfiguration", common.critical);
    section.set_bool("ConfigureWithoutCarrier", common.ignore_carrier);
    section.set_bool("EmitLLDP", common.emit_lldp);
    for address in &common.addresses {
        section.set("Address", address);
    }
    for route in gateways {
        section.set_if("Gateway", route.gateway());
    }
    for server in &common.nameservers.addresses {
        section.set("DNS", server.0);
    }
    let domains: Vec<&str> = common.nameservers.search.iter().map(|domain| domain.as_str()).collect();
    if !domains.is_empty() {
        section.set("Domains", domains.join(" "));
    }
    section
}

fn dhcp(common: &Common) -> &'static str {
    match (common.dhcp4 == Some(true), common.dhcp6 == Some(true)) {
        (true, true) => "yes",
        (true, false) => "ipv4",
        (false, true) => "ipv6",
        (false, false) => "no",
    }
}

fn link_local(families: &[LinkLocal]) -> &'static str {
    let (v4, v6) = (families.contains(&LinkLocal::Ipv4), families.contains(&LinkLocal::Ipv6));
    match (v4, v6) {
        (true, true) => "yes",
        (true, false) => "ipv4",
        (false, true) => "ipv6",
        (false, false) => "no",
    }
}

/// Whether `Gateway=` in `[Network]` says all of the route.
fn is_shorthand(route: &Route) -> bool {
    route.is_default() && route.is_plain() && route.via.is_some()
}

fn route_section(route: &Route) -> Section {
    let mut section = Section::new("Route");
    // For a default route, the gateway's family says it all.
    if !(route.is_default() && route.via.is_some()) {
        section.set_if("Destination", route.to.network());
    }
    section.set_if("Gateway", route.gateway());
    section.set_bool("GatewayOnLink", route.on_link);
    section.set_if("PreferredSource", route.from.map(|from| from.0));
    section.set_if("Metric", route.metric);
    section.set_if("Table", route.table);
    section.set_if("Type", route.kind.map(|kind| kind.as_str()));
    // The kernel has no scopes for IPv6.
    let ipv6 =
        matches!(route.gateway(), Some(IpAddr::V6(_))) || route.to.network().is_some_and(|net| net.addr().is_ipv6());
    section.set_if("Scope", route.scope.filter(|_| !ipv6).map(|scope| scope.as_str()));
    section.set_if("MTUBytes", route.mtu);
    section.set_if("InitialCongestionWindow", route.congestion_window);
    section.set_if("InitialAdvertisedReceiveWindow", route.advertised_receive_window);
    section
}

fn dhcp4_section(common: &Common) -> Section {
    let mut section = Section::new("DHCPv4");
    let none = Dhcp4Overrides::default();
    let overrides = common.dhcp4_overrides.as_ref().unwrap_or(&none);
    section.set_if(
        "ClientIdentifier",
        common.dhcp_identifier.map(|identifier| match identifier {
            DhcpIdentifier::Mac => "mac",
            DhcpIdentifier::Duid => "duid",
        }),
    );
    section.set_bool("SendHostname", overrides.send_hostname);
    section.set_if("Hostname", overrides.hostname.as_ref().map(|name| name.as_str()));
    section.set_bool("UseDNS", overrides.use_dns);
    section.set_if("UseDomains", overrides.use_domains.map(use_domains));
    section.set_bool("UseHostname", overrides.use_hostname);
    section.set_bool("UseNTP", overrides.use_ntp);
    section.set_bool("UseMTU", overrides.use_mtu);
    section.set_bool("UseRoutes", overrides.use_routes);
    section.set_if("RouteMetric", overrides.route_metric);
    section
}

fn dhcp6_section(overrides: Option<&Dhcp6Overrides>) -> Section {
    let mut section = Section::new("DHCPv6");
    if let Some(overrides) = overrides {
        section.set_bool("UseDNS", overrides.use_dns);
        section.set_if("UseDomains", overrides.use_domains.map(use_domains));
        section.set_bool("UseHostname", overrides.use_hostname);
        section.set_bool("UseNTP", overrides.use_ntp);
        section.set_bool("SendHostname", overrides.send_hostname);
        section.set_if("Hostname", overrides.hostname.as_ref().map(|name| name.as_str()));
    }
    section
}

fn use_domains(how: UseDomains) -> &'static str {
    match how {
        UseDomains::No => "no",
        UseDomains::Yes => "yes",
        UseDomains::Route => "route",
    }
}
