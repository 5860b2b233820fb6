//! One device by itself: its addresses, its settings, its gateways.

use std::net::{IpAddr, Ipv4Addr};

use super::super::{Address, AssignedAddress, Common, Device, MacPolicy, Mtu};
use super::{route, routing_policy};
use crate::document::code::Code;
use crate::document::problem::Problems;

impl Common {
    /// Whether it says by itself how the link gets an address.
    pub fn has_addressing(&self) -> bool {
        let asked = [self.dhcp4, self.dhcp6, self.accept_ra].contains(&Some(true));
        let link_local = self.link_local.as_ref().is_some_and(|families| !families.is_empty());
        asked || link_local || !self.addresses.is_empty()
    }

    fn has_ipv6(&self) -> bool {
        self.dhcp6 == Some(true) || self.addresses.iter().any(|one| one.address.ip().is_ipv6())
    }
}

/// What every device has.
pub fn check(device: &dyn Device, problems: &mut Problems<'_>) {
    let common = device.common();
    check_link(common, problems);
    check_dhcp(common, problems);
    check_online(common, problems);
    check_autoconfiguration(common, problems);
    for (number, one) in common.addresses.iter().enumerate() {
        let mut problems = problems.below(&["addresses", &number.to_string()]);
        check_address(one.address, &mut problems);
        check_label(one, &mut problems);
    }
    for (number, rule) in common.routing_policy.iter().enumerate() {
        routing_policy::check(rule, &mut problems.below(&["routing-policy", &number.to_string()]));
    }
    let reach = route::Reach::of(device);
    let gateways = [
        ("gateway4", common.gateway4.map(|g| IpAddr::V4(g.0))),
        ("gateway6", common.gateway6.map(|g| IpAddr::V6(g.0))),
    ];
    for (key, gateway) in gateways {
        if let Some(gateway) = gateway {
            route::check_gateway(gateway, &reach, &mut problems.below(&[key]));
        }
    }
    for (number, one) in common.routes.iter().enumerate() {
        route::check(one, &reach, &mut problems.below(&["routes", &number.to_string()]));
    }
}

/// An address that means the network itself, or all of it (RFC 1122 §3.2.1.3, RFC 4291 §2.6.1). A link of two addresses
/// has neither (RFC 3021, RFC 6164).
fn check_address(address: Address, problems: &mut Problems<'_>) {
    let (ip, subnet) = (address.ip(), address.subnet());
    if ip == IpAddr::V4(Ipv4Addr::BROADCAST) {
        return problems.error(&[], format!("{ip} is not an address that a link can have"), None);
    }
    if subnet.max_prefix_len() - subnet.prefix_len() < 2 {
        return;
    }
    let hint = "write the link's own address";
    match ip {
        IpAddr::V4(_) if ip == subnet.network() => {
            problems.error(
                &[],
                format!("{ip} is the address of the network {subnet} itself"),
                Some(hint),
            );
        }
        IpAddr::V4(_) if ip == subnet.broadcast() => {
            problems.error(&[], format!("{ip} is the broadcast address of {subnet}"), Some(hint));
        }
        IpAddr::V6(_) if ip == subnet.network() => {
            let message = format!("{ip} is the address of all routers of {subnet}");
            problems.warning(&[], message, Some(hint));
        }
        _ => {}
    }
}

/// The kernel has labels for IPv4 alone.
fn check_label(one: &AssignedAddress, problems: &mut Problems<'_>) {
    if one.label.is_some() && one.address.ip().is_ipv6() {
        let address = one.address.to_string();
        problems.of(Code::NoEffect).warning(
            &[&address, "label"],
            "only IPv4 addresses have labels: this one is not used",
            Some("leave it out"),
        );
    }
}

/// What a boot waits for.
fn check_online(common: &Common, problems: &mut Problems<'_>) {
    for number in common.optional_for_nothing() {
        let message = "the link gets no such address, so nothing waits for it either";
        problems.of(Code::NoEffect).warning(
            &["optional-addresses", &number.to_string()],
            message,
            Some("leave it out"),
        );
    }
}

/// How the link makes IPv6 addresses for itself.
fn check_autoconfiguration(common: &Common, problems: &mut Problems<'_>) {
    if let Some(token) = common.ipv6_address_token {
        if common.ipv6_address_generation.is_some() {
            let message = "`ipv6-address-token` and `ipv6-address-generation` say two things about the same address";
            problems
                .of(Code::Conflict)
                .error(&["ipv6-address-token"], message, Some("keep one of them"));
        }
        if token.has_upper_half() {
            let message = format!("only the lower half of {token} is used: the network's prefix is put before it");
            problems.warning(&["ipv6-address-token"], message, Some("write it as `::10`"));
        }
    }
    let Some(overrides) = &common.ra_overrides else { return };
    if overrides.table == Some(0) {
        problems.error(&["ra-overrides", "table"], route::NO_TABLE, None);
    }
    if common.accept_ra == Some(false) {
        let message = "`ra-overrides` has no effect with `accept-ra: false`";
        problems
            .of(Code::NoEffect)
            .warning(&["ra-overrides"], message, Some("keep one of them"));
    }
}

fn check_link(common: &Common, problems: &mut Problems<'_>) {
    let mac = common.macaddress.and_then(MacPolicy::fixed);
    if let Some(mac) = mac.filter(|mac| !mac.is_unicast()) {
        problems.error(&["macaddress"], format!("no link can have the address {mac}"), None);
    }
    if let Some(mtu) = common.ipv6_mtu.filter(|mtu| *mtu < Mtu::IPV6_MIN) {
        let message = format!("an IPv6 MTU has at least {} bytes, not {mtu}", Mtu::IPV6_MIN);
        problems.error(&["ipv6-mtu"], message, None);
    }
    if let Some(mtu) = common.mtu.filter(|mtu| *mtu < Mtu::IPV6_MIN && common.has_ipv6()) {
        let least = Mtu::IPV6_MIN;
        let message = format!("IPv6 needs an MTU of {least}: networkd will use that instead of {mtu}");
        problems.warning(&["mtu"], message, None);
    }
}

fn check_dhcp(common: &Common, problems: &mut Problems<'_>) {
    let without = |client: Option<bool>| client != Some(true);
    // DHCPv6 is started by router advertisements too, so its overrides are never without effect for sure.
    let keys = [
        ("dhcp4-overrides", common.dhcp4_overrides.is_some()),
        ("dhcp-identifier", common.dhcp_identifier.is_some()),
    ];
    for (key, given) in keys {
        if given && without(common.dhcp4) {
            problems
                .of(Code::NoEffect)
                .warning(&[key], format!("`{key}` has no effect without `dhcp4: true`"), None);
        }
    }
    for key in common
        .dhcp6_overrides
        .iter()
        .flat_map(|overrides| overrides.without_effect())
    {
        let message =
            format!("`{key}` is only for DHCPv4: in IPv6, routes and the MTU come with router advertisements");
        problems
            .of(Code::NoEffect)
            .warning(&["dhcp6-overrides", key], message, Some("leave it out here"));
    }
    let refused = [("dhcp4", common.dhcp4), ("dhcp6", common.dhcp6)];
    if let Some((key, _)) = refused.into_iter().find(|(_, asked)| *asked == Some(false))
        && !common.has_addressing()
    {
        let message = "the link gets no address: it has neither DHCP nor `addresses`";
        problems.warning(&[key], message, Some("set `addresses`, or `dhcp4: true`"));
    }
}
