//! The parameters of a device that only its kind has: which of them need another.

use super::super::bond::BondMode;
use super::super::{Bond, Bridge, InterfaceId, Netdev, Vrf};
use super::route::NO_TABLE;
use crate::document::code::Code;
use crate::document::problem::Problems;

/// What is wrong with them.
pub fn check(netdev: Netdev<'_>, problems: &mut Problems<'_>) {
    match netdev {
        Netdev::Bond(bond) => check_bond(bond, problems),
        Netdev::Bridge(bridge) => check_bridge(bridge, problems),
        Netdev::Vrf(vrf) => check_vrf(vrf, problems),
        Netdev::Tunnel(tunnel) => super::tunnel::check(tunnel, problems),
        Netdev::There(_) | Netdev::Dummy | Netdev::VirtualEthernet(_) | Netdev::Vlan(_) => {}
    }
}

/// What the kernel's bonding driver takes in which mode: bonding.rst, and bond_options.c.
fn check_bond(bond: &Bond, problems: &mut Problems<'_>) {
    let parameters = &bond.parameters;
    let mode = parameters.mode.unwrap_or(BondMode::BalanceRr);
    let lacp = &[BondMode::Lacp][..];
    let one_at_a_time = &[BondMode::ActiveBackup, BondMode::BalanceTlb, BondMode::BalanceAlb][..];
    let hashing = &[BondMode::BalanceXor, BondMode::Lacp, BondMode::BalanceTlb][..];
    for (key, given, modes) in [
        ("lacp-rate", parameters.lacp_rate.is_some(), lacp),
        ("ad-select", parameters.ad_select.is_some(), lacp),
        ("min-links", parameters.min_links.is_some_and(|links| links > 0), lacp),
        ("primary", parameters.primary.is_some(), one_at_a_time),
        (
            "primary-reselect-policy",
            parameters.primary_reselect_policy.is_some(),
            one_at_a_time,
        ),
        (
            "transmit-hash-policy",
            parameters.transmit_hash_policy.is_some(),
            hashing,
        ),
        (
            "packets-per-member",
            parameters.packets_per_member.is_some(),
            &[BondMode::BalanceRr],
        ),
        (
            "fail-over-mac-policy",
            parameters.fail_over_mac_policy.is_some(),
            &[BondMode::ActiveBackup],
        ),
    ] {
        if given && !modes.contains(&mode) {
            let modes: Vec<String> = modes.iter().map(|mode| format!("`{mode}`")).collect();
            let message = format!("`{key}` has no effect in mode `{mode}`: it is for {}", modes.join(", "));
            problems.of(Code::NoEffect).warning(&["parameters", key], message, None);
        }
    }
    let asks = parameters
        .arp_interval
        .as_ref()
        .is_some_and(|interval| !interval.is_zero());
    if asks && matches!(mode, BondMode::Lacp | BondMode::BalanceTlb | BondMode::BalanceAlb) {
        let message = format!("the mode `{mode}` can't ask ARP whether members work");
        let hint = "use `mii-monitor-interval` instead";
        problems.error(&["parameters", "arp-interval"], message, Some(hint));
    }
    if asks && parameters.arp_ip_targets.is_empty() {
        let hint = "add the addresses to ask for as `arp-ip-targets`";
        problems.of(Code::MissingKey).error(
            &["parameters", "arp-interval"],
            "`arp-interval` needs `arp-ip-targets`",
            Some(hint),
        );
    }
    let looks = parameters
        .mii_monitor_interval
        .as_ref()
        .is_some_and(|interval| !interval.is_zero());
    for (key, given) in [
        ("up-delay", parameters.up_delay.is_some()),
        ("down-delay", parameters.down_delay.is_some()),
    ] {
        if given && !looks {
            let message = format!("`{key}` has no effect without `mii-monitor-interval`");
            problems.of(Code::NoEffect).warning(&["parameters", key], message, None);
        }
    }
    if let Some(primary) = &parameters.primary {
        check_member(primary, &bond.interfaces, &["parameters", "primary"], problems);
    }
}

fn check_bridge(bridge: &Bridge, problems: &mut Problems<'_>) {
    let parameters = &bridge.parameters;
    let lists: [(&str, Vec<&InterfaceId>); 2] = [
        ("path-cost", parameters.path_cost.keys().collect()),
        ("port-priority", parameters.port_priority.keys().collect()),
    ];
    for (key, ports) in lists {
        for port in ports {
            check_member(port, &bridge.interfaces, &["parameters", key, port.as_str()], problems);
        }
    }
}

/// What is said of a device that is not a member means nothing.
fn check_member(id: &InterfaceId, members: &[InterfaceId], place: &[&str], problems: &mut Problems<'_>) {
    if !members.contains(id) {
        let message = format!("`{}` is not one of `interfaces`", id.as_str());
        problems
            .of(Code::Conflict)
            .error(place, message, Some("add it there, or leave it out here"));
    }
}

fn check_vrf(vrf: &Vrf, problems: &mut Problems<'_>) {
    if vrf.table == 0 {
        problems.error(&["table"], NO_TABLE, None);
    }
    for (number, route) in vrf.common.routes.iter().enumerate() {
        if let Some(table) = route.table.filter(|table| *table != vrf.table) {
            let message = format!("routes of this VRF are in its own table {}, not in {table}", vrf.table);
            let place = ["routes", &number.to_string(), "table"];
            problems
                .of(Code::Conflict)
                .error(&place, message, Some("leave `table` out"));
        }
    }
}
