//! The routes, as `/proc/net/route` and `/proc/net/ipv6_route` have them.
//!
//! Netlink would tell more, for a parser of its own. What is not to be seen here: IPv4 routes of other tables than the
//! main one, every hop of a multipath route but the first, and a gateway of the other family. IPv6 routes are listed
//! whatever their table is. Routes that refuse (blackhole, unreachable, prohibit) are left out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::system::Root;

/// A route of the kernel's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The name of the link that it leads out of.
    pub link: String,
    /// Where it leads; a prefix of no bits is the default route of the family.
    pub to: IpNet,
    /// The gateway; `None` where the destination is reached directly.
    pub via: Option<IpAddr>,
    /// The lower, the more preferred.
    pub metric: u32,
}

/// `RTF_UP` and `RTF_REJECT` of linux/route.h.
const UP: u32 = 0x0001;
const REJECT: u32 = 0x0200;

/// The routes of this machine.
///
/// # Errors
/// They can't be read; why.
pub(super) fn observe(root: &Root) -> Result<Vec<Route>, String> {
    let read = |path: &str| root.read_text(path).map_err(|error| error.to_string());
    let mut routes = Vec::new();
    // Without IPv6 there is no second file.
    routes.extend(
        read("/proc/net/route")?
            .iter()
            .flat_map(|text| text.lines().filter_map(ipv4)),
    );
    routes.extend(
        read("/proc/net/ipv6_route")?
            .iter()
            .flat_map(|text| text.lines().filter_map(ipv6)),
    );
    Ok(routes)
}

/// `Iface Destination Gateway Flags RefCnt Use Metric Mask …`; addresses and flags in hexadecimal, the metric in decimal.
fn ipv4(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [link, destination, gateway, flags, _, _, metric, mask, ..] = fields.as_slice() else {
        return None;
    };
    // The kernel prints the bytes of network order as a number of its own.
    let address = |text: &str| Some(Ipv4Addr::from(u32::from_str_radix(text, 16).ok()?.to_ne_bytes()));
    is_usable(flags)?;
    let bits = ipnet::ipv4_mask_to_prefix(address(mask)?).ok()?;
    Some(Route {
        link: (*link).to_owned(),
        to: IpNet::new(address(destination)?.into(), bits).ok()?,
        via: Some(address(gateway)?)
            .filter(|ip| !ip.is_unspecified())
            .map(IpAddr::V4),
        metric: metric.parse().ok()?,
    })
}

/// Destination, its prefix, source, its prefix, next hop, metric, references, use, flags, link; all in hexadecimal.
fn ipv6(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [destination, bits, _, _, gateway, metric, _, _, flags, link] = fields.as_slice() else {
        return None;
    };
    let address = |text: &str| Some(Ipv6Addr::from_bits(u128::from_str_radix(text, 16).ok()?));
    is_usable(flags)?;
    Some(Route {
        link: (*link).to_owned(),
        to: IpNet::new(address(destination)?.into(), u8::from_str_radix(bits, 16).ok()?).ok()?,
        via: Some(address(gateway)?)
            .filter(|ip| !ip.is_unspecified())
            .map(IpAddr::V6),
        metric: u32::from_str_radix(metric, 16).ok()?,
    })
}

fn is_usable(flags: &str) -> Option<()> {
    let flags = u32::from_str_radix(flags, 16).ok()?;
    (flags & UP != 0 && flags & REJECT == 0).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(route: Option<Route>) -> String {
        let Some(route) = route else { return String::new() };
        let via = route.via.map(|via| format!(" via {via}")).unwrap_or_default();
        format!("{}{via} dev {} metric {}", route.to, route.link, route.metric)
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn ipv4_routes() {
        for (line, expected) in [
            (
                "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
                "",
            ),
            (
                "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0",
                "0.0.0.0/0 via 192.0.2.1 dev eth0 metric 0",
            ),
            (
                "eth0\t000200C0\t00000000\t0001\t0\t0\t1024\t00FFFFFF\t0\t0\t0",
                "192.0.2.0/24 dev eth0 metric 1024",
            ),
            ("*\t006433C6\t00000000\t0201\t0\t0\t0\t00FFFFFF\t0\t0\t0", ""),
            ("eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00FF00FF\t0\t0\t0", ""),
            ("eth0 00000000", ""),
            ("", ""),
        ] {
            assert_eq!(shown(ipv4(line)), expected, "{line}");
        }
    }

    #[test]
    fn ipv6_routes() {
        let zero = "00000000000000000000000000000000";
        let hop = "20010db8000000000000000000000001";
        for (line, expected) in [
            (
                format!("{zero} 00 {zero} 00 {hop} 00000400 00000002 00000000 00000003     eth0"),
                "::/0 via 2001:db8::1 dev eth0 metric 1024",
            ),
            (
                format!(
                    "fe80{} 40 {zero} 00 {zero} 00000100 00000002 00000000 00000001     eth0",
                    &zero[4..]
                ),
                "fe80::/64 dev eth0 metric 256",
            ),
            // The kernel's own, where there is no default route.
            (
                format!("{zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200       lo"),
                "",
            ),
            (
                format!("{zero} 99 {zero} 00 {zero} 00000100 00000001 00000000 00000001 eth0"),
                "",
            ),
        ] {
            assert_eq!(shown(ipv6(&line)), expected, "{line}");
        }
    }

    #[test]
    fn this_machines_routes_can_be_read() {
        let root = Root::open(std::path::Path::new("/")).unwrap();
        let text = std::fs::read_to_string("/proc/net/route").unwrap();
        let usable = text.lines().skip(1).filter(|line| ipv4(line).is_some()).count();
        assert!(observe(&root).unwrap().len() >= usable);
    }
}
