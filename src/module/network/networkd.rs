//! What an interface is in networkd's words: systemd.network(5) and systemd.link(5).
//!
//! Keys that systemd 247 (Photon 4) does not know yet are avoided where an older one says the same.

use std::net::IpAddr;

use crate::document::network::{
    ActivationMode, AddressGeneration, AssignedAddress, Awaited, Common, Dhcp4Overrides, Dhcp6Overrides,
    DhcpIdentifier, Ethernet, Lifetime, LinkLocal, LinkName, MacPolicy, Route, RoutingRule, UseDomains,
};

use super::ini::{Assignment, Section, file, yes_or_no};
use super::selector::Selector;
use super::{Interface, member};

/// A link shares its hardware address with those on top of it. They are not meant when it is matched by that address.
/// `Kind=!*` would say so more simply, but systemd knows it from 251 on, and reads `Type=` with `!` since 243.
/// `PermanentMACAddress=` only where the address is random: veth and other paravirtual links have none, and a container's
/// link would match nothing.
const NOT_ON_TOP: &str = "!vlan bond bridge";

/// The metric that the routes of DHCP and of router advertisements get, as with netplan; networkd's own is 1024.
const DHCP_METRIC: u32 = 100;

/// The `.network` file of a device.
pub fn network_file(own: &Interface<'_>) -> String {
    let common = own.common();
    let (plain, routes): (Vec<Route>, Vec<Route>) = own.device.all_routes().into_iter().partition(is_shorthand);
    let mut network = network_section(own, &plain);
    member::add(own, &mut network);
    let mut sections = vec![
        match_section("Name", &own.selector.names, &own.selector),
        link_section(common),
        network,
    ];
    let with_options = common.addresses.iter().filter(|address| !address.is_plain());
    sections.extend(with_options.map(address_section));
    sections.extend(routes.iter().map(route_section));
    sections.extend(own.device.all_rules().iter().map(rule_section));
    sections.push(member::bridge_section(own));
    sections.push(dhcp4_section(common));
    sections.push(dhcp6_section(common.dhcp6_overrides.as_ref()));
    sections.push(router_section(common));
    sections.extend(own.device.netdev().there().map(infiniband_section));
    file(&sections)
}

fn infiniband_section(ethernet: &Ethernet) -> Section {
    let mut section = Section::new("IPoIB");
    section.set_if("Mode", ethernet.infiniband_mode.map(|mode| mode.as_str()));
    section
}

/// The `.link` file of an interface; `None` when it asks for nothing that only udev can do.
///
/// MTU and hardware address are in the `.network` file, where they hold on the first boot too: udev has looked at the
/// links by then. The first `.link` file that matches is the only one used, so what `defaults`, the distribution's
/// 99-default.link, says in its `[Link]` section is said again.
pub fn link_file(own: &Interface<'_>, defaults: &[Assignment]) -> Option<String> {
    let mut asked = Section::new("Link");
    let set_name = own.set_name();
    asked.set_if("Name", set_name.map(LinkName::as_str));
    let mac_policy = match own.common().macaddress {
        Some(MacPolicy::Random) => Some("random"),
        Some(MacPolicy::Permanent) => Some("persistent"),
        Some(MacPolicy::Fixed(_)) | None => None,
    };
    asked.set_if("MACAddressPolicy", mac_policy);
    if let Some(ethernet) = own.device.netdev().there() {
        set_hardware(ethernet, &mut asked);
    }
    asked.set_if("SR-IOVVirtualFunctions", own.virtual_functions);
    if asked.is_empty() {
        return None;
    }
    let mut link = Section::new("Link");
    for default in defaults {
        // Name= only counts where no policy gives a name.
        let is_replaced = match default.key.as_str() {
            "NamePolicy" => set_name.is_some(),
            "MACAddressPolicy" => mac_policy.is_some(),
            _ => false,
        };
        if !is_replaced {
            link.set(&default.key, &default.value);
        }
    }
    link.append(asked);
    let matching = match_section("OriginalName", &own.selector.original_names, &own.selector);
    Some(file(&[matching, link]))
}

/// What a network card itself is told.
fn set_hardware(ethernet: &Ethernet, section: &mut Section) {
    if ethernet.wakeonlan == Some(true) {
        section.set("WakeOnLan", "magic");
    }
    for (key, offload) in [
        ("ReceiveChecksumOffload", ethernet.receive_checksum_offload),
        ("TransmitChecksumOffload", ethernet.transmit_checksum_offload),
        ("TCPSegmentationOffload", ethernet.tcp_segmentation_offload),
        ("TCP6SegmentationOffload", ethernet.tcp6_segmentation_offload),
        ("GenericSegmentationOffload", ethernet.generic_segmentation_offload),
        ("GenericReceiveOffload", ethernet.generic_receive_offload),
        ("LargeReceiveOffload", ethernet.large_receive_offload),
    ] {
        section.set_bool(key, offload);
    }
}

fn match_section(name_key: &str, names: &[String], selector: &Selector) -> Section {
    let mut section = Section::new("Match");
    if !names.is_empty() {
        section.set(name_key, names.join(" "));
    }
    if !selector.macs.is_empty() {
        let macs: Vec<String> = selector.macs.iter().map(ToString::to_string).collect();
        let key = match selector.is_by_permanent_mac {
            true => "PermanentMACAddress",
            false => "MACAddress",
        };
        section.set(key, macs.join(" "));
        section.set("Type", NOT_ON_TOP);
    }
    if !selector.drivers.is_empty() {
        section.set("Driver", selector.drivers.join(" "));
    }
    section
}

fn link_section(common: &Common) -> Section {
    let mut section = Section::new("Link");
    section.set_if("MACAddress", common.macaddress.and_then(MacPolicy::fixed));
    section.set_if("MTUBytes", common.mtu);
    section.set_if(
        "ActivationPolicy",
        common.activation_mode.map(|mode| match mode {
            ActivationMode::Manual => "manual",
            ActivationMode::Off => "always-down",
        }),
    );
    match common.awaited() {
        Awaited::Nothing => section.set("RequiredForOnline", yes_or_no(false)),
        // Without an address, it would never be more than that: the boot would wait in vain.
        Awaited::Carrier => section.set("RequiredForOnline", "carrier"),
        Awaited::Ipv4 => section.set("RequiredFamilyForOnline", "ipv4"),
        Awaited::Ipv6 => section.set("RequiredFamilyForOnline", "ipv6"),
        Awaited::AnyAddress => {}
    }
    section
}

fn network_section(own: &Interface<'_>, gateways: &[Route]) -> Section {
    let common = own.common();
    let mut section = Section::new("Network");
    section.set("DHCP", dhcp(common));
    // A part of a bond or a bridge has no address, not even this one.
    let is_part = own.uses.iter().any(|it| it.role.is_part());
    let families = common.link_local.as_deref().filter(|_| !is_part);
    section.set_if(
        "LinkLocalAddressing",
        families.or(is_part.then_some(&[])).map(link_local),
    );
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
    section.set_if(
        "IPv6Token",
        common.ipv6_address_token.map(|token| format!("static:{token}")),
    );
    section.set_bool("IPv6AcceptRA", common.accept_ra);
    section.set_bool("IPv6PrivacyExtensions", common.ipv6_privacy);
    section.set_if("IPv6MTUBytes", common.ipv6_mtu);
    section.set_bool("KeepConfiguration", common.critical);
    // A link that only exists here waits for no cable.
    let is_made = own.device.netdev().there().is_none();
    section.set_bool(
        "ConfigureWithoutCarrier",
        is_made.then_some(true).or(common.ignore_carrier),
    );
    section.set_bool("EmitLLDP", common.emit_lldp);
    for address in common.addresses.iter().filter(|address| address.is_plain()) {
        section.set("Address", address.address);
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
    section.set_if("TCPAdvertisedMaximumSegmentSize", route.advertised_mss);
    section
}

fn address_section(address: &AssignedAddress) -> Section {
    let mut section = Section::new("Address");
    section.set("Address", address.address);
    // systemd.unit(5): `%` begins a specifier.
    section.set_if(
        "Label",
        address.label.as_ref().map(|label| label.as_str().replace('%', "%%")),
    );
    section.set_if(
        "PreferredLifetime",
        address.lifetime.map(|lifetime| match lifetime {
            Lifetime::Forever => "forever",
            Lifetime::Zero => "0",
        }),
    );
    section
}

fn rule_section(rule: &RoutingRule) -> Section {
    let mut section = Section::new("RoutingPolicyRule");
    section.set_if("From", rule.from);
    section.set_if("To", rule.to);
    section.set_if("Table", rule.table);
    section.set_if("Priority", rule.priority);
    section.set_if("FirewallMark", rule.mark);
    section.set_if("TypeOfService", rule.type_of_service);
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
    // As netplan: networkd's own default is not to take the MTU, which breaks networks whose packets are smaller.
    let asked = common.dhcp4 == Some(true);
    section.set_bool("UseMTU", overrides.use_mtu.or(asked.then_some(true)));
    section.set_bool("UseRoutes", overrides.use_routes);
    section.set_if("RouteMetric", overrides.route_metric.or(asked.then_some(DHCP_METRIC)));
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

/// The routes of an IPv6 network come with router advertisements, also where DHCPv6 gives the addresses.
fn router_section(common: &Common) -> Section {
    let mut section = Section::new("IPv6AcceptRA");
    if let Some(overrides) = &common.ra_overrides {
        section.set_bool("UseDNS", overrides.use_dns);
        section.set_if("UseDomains", overrides.use_domains.map(use_domains));
        section.set_if("RouteTable", overrides.table);
    }
    let metric = common
        .dhcp6_overrides
        .as_ref()
        .and_then(|overrides| overrides.route_metric);
    let asked = common.dhcp6 == Some(true);
    section.set_if("RouteMetric", metric.or(asked.then_some(DHCP_METRIC)));
    section
}

fn use_domains(how: UseDomains) -> &'static str {
    match how {
        UseDomains::No => "no",
        UseDomains::Yes => "yes",
        UseDomains::Route => "route",
    }
}
