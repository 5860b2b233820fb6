//! Routes and gateways: whether they are of one piece, and whether the link reaches them.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use super::super::{Device, Netdev, Route};
use crate::document::code::Code;
use crate::document::problem::Problems;

/// What is said of table 0, which stands for none in the kernel.
pub const NO_TABLE: &str = "routing table 0 doesn't exist: expected 1 to 4294967295";

/// One route of an interface.
pub fn check(route: &Route, reach: &Reach, problems: &mut Problems<'_>) {
    let destination = route.to.network().map(|net| net.addr());
    let gateway = route.gateway();
    let refuses = route.kind.is_some_and(|kind| kind.refuses());
    let families = [destination, gateway, route.from.map(|from| from.0)].map(|ip| ip.map(|ip| ip.is_ipv4()));
    if families.contains(&Some(true)) && families.contains(&Some(false)) {
        return problems.error(&[], "this route mixes IPv4 and IPv6", None);
    }
    if route.table == Some(0) {
        problems.error(&["table"], NO_TABLE, None);
    }
    let Some(gateway) = gateway else {
        if destination.is_none() {
            let hint = "add the gateway as `via`, or write `0.0.0.0/0` or `::/0`";
            problems.error(
                &[],
                "`to: default` without `via` doesn't say whether it means IPv4 or IPv6",
                Some(hint),
            );
        }
        if route.on_link == Some(true) {
            problems.of(Code::MissingKey).error(
                &["on-link"],
                "`on-link` describes the gateway, so it needs `via`",
                None,
            );
        }
        return;
    };
    if refuses {
        return problems.error(&["via"], "a route of this type has no gateway: remove `via`", None);
    }
    let on_link = route.on_link == Some(true);
    if let Some(why) = reach.why_not(gateway).filter(|why| !on_link || why.is_for_good()) {
        let hint = match why.is_for_good() {
            true => "correct it, or leave it out",
            false => "correct it, or add `on-link: true` if the link reaches it anyway",
        };
        problems.error(&[], format!("the gateway {gateway} {why}"), Some(hint));
    }
}

/// A gateway outside of the subnets is taken to be on the link, as cloud-init does: hosters have them.
pub fn check_gateway(gateway: IpAddr, reach: &Reach, problems: &mut Problems<'_>) {
    match reach.why_not(gateway) {
        None => {}
        Some(why @ Unreachable::Outside(_)) => {
            let message = format!("the gateway {gateway} {why}: firstlight assumes that the link reaches it directly");
            problems.warning(&[], message, Some("correct it if it isn't"));
        }
        Some(why) => problems.error(
            &[],
            format!("the gateway {gateway} {why}"),
            Some("correct it, or leave it out"),
        ),
    }
}

/// Which gateways a link reaches.
pub struct Reach {
    own: BTreeSet<IpAddr>,
    /// What means an IPv4 subnet itself, or all of it.
    no_hosts: BTreeSet<IpAddr>,
    /// What is reached without a gateway.
    direct: BTreeSet<IpNet>,
    /// The subnets of the addresses, as they are shown.
    subnets: Vec<IpNet>,
    /// Whether DHCP or router advertisements bring more of it, for IPv4 and IPv6.
    learns: [bool; 2],
}

impl Reach {
    /// Of the links of one device. What a VRF reaches are its members' subnets.
    pub fn of(device: &dyn Device) -> Self {
        let common = device.common();
        let is_vrf = matches!(device.netdev(), Netdev::Vrf(_));
        let subnets: Vec<IpNet> = common.addresses.iter().map(|one| one.address.subnet()).collect();
        let direct = common
            .routes
            .iter()
            .filter(|route| route.via.is_none() && route.is_unicast());
        let direct = direct.filter_map(|route| route.to.network());
        Self {
            no_hosts: subnets
                .iter()
                .filter(|subnet| has_no_hosts(subnet))
                .flat_map(|net| [net.network(), net.broadcast()])
                .collect(),
            own: common.addresses.iter().map(|one| one.address.ip()).collect(),
            direct: direct.chain(subnets.iter().copied()).collect(),
            subnets,
            learns: [
                is_vrf || common.dhcp4 == Some(true),
                // They are no reason to ask for a static gateway where nothing is said of them.
                is_vrf || common.dhcp6 == Some(true) || common.accept_ra == Some(true),
            ],
        }
    }

    /// Why `gateway` can't be reached; `None` when it can, or when that is only known once the link is up.
    fn why_not(&self, gateway: IpAddr) -> Option<Unreachable> {
        if self.own.contains(&gateway) {
            return Some(Unreachable::Own);
        }
        if gateway.is_loopback() || self.no_hosts.contains(&gateway) {
            return Some(Unreachable::NoHost);
        }
        let [learns_ipv4, learns_ipv6] = self.learns;
        let (learns, link_local) = match gateway {
            IpAddr::V4(ip) => (learns_ipv4, ip.is_link_local()),
            IpAddr::V6(ip) => (learns_ipv6, ip.is_unicast_link_local()),
        };
        if learns || link_local || self.is_direct(gateway) {
            return None;
        }
        let same_family = self
            .subnets
            .iter()
            .filter(|subnet| subnet.addr().is_ipv4() == gateway.is_ipv4());
        let shown: Vec<String> = same_family.map(ToString::to_string).take(SHOWN_MAX).collect();
        Some(match shown.is_empty() {
            true => Unreachable::NoAddress(if gateway.is_ipv4() { "IPv4" } else { "IPv6" }),
            false => Unreachable::Outside(shown),
        })
    }

    /// A look for each length of a prefix, however many networks there are.
    fn is_direct(&self, gateway: IpAddr) -> bool {
        let longest = if gateway.is_ipv4() { 32 } else { 128 };
        let mut around = (0..=longest).filter_map(|length| IpNet::new(gateway, length).ok());
        around.any(|net| self.direct.contains(&net.trunc()))
    }
}

/// Whether its first and last addresses belong to no host: not in a subnet of two (RFC 3021), nor in IPv6.
fn has_no_hosts(subnet: &IpNet) -> bool {
    subnet.addr().is_ipv4() && subnet.max_prefix_len() - subnet.prefix_len() >= 2
}

/// How many subnets a message names.
const SHOWN_MAX: usize = 5;

/// Why a gateway can't be reached on a link.
enum Unreachable {
    /// It is the link's own address.
    Own,
    /// It is the address of a whole network, or of this machine: the kernel refuses it.
    NoHost,
    /// The link gets no address of this family.
    NoAddress(&'static str),
    /// It is in none of these subnets.
    Outside(Vec<String>),
}

impl Unreachable {
    /// Whether it stays so where the gateway is said to be on the link.
    fn is_for_good(&self) -> bool {
        matches!(self, Self::Own | Self::NoHost)
    }
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("is the link's own address"),
            Self::NoHost => f.write_str("can't be another machine's address"),
            Self::NoAddress(family) => write!(f, "can't be reached: the link gets no {family} address"),
            Self::Outside(subnets) => write!(f, "is outside the link's subnets ({})", subnets.join(", ")),
        }
    }
}

/// The routes to create: those that are given, and those that `gateway4` and `gateway6` stand for.
pub fn all_routes(device: &dyn Device) -> Vec<Route> {
    let common = device.common();
    let gateways = [
        common.gateway4.map(|gateway| IpAddr::V4(gateway.0)),
        common.gateway6.map(|gateway| IpAddr::V6(gateway.0)),
    ];
    let is_outside = |gateway| matches!(Reach::of(device).why_not(gateway), Some(Unreachable::Outside(_)));
    let defaults = gateways.into_iter().flatten().map(|gateway| Route {
        on_link: is_outside(gateway).then_some(true),
        ..Route::default_via(gateway)
    });
    let routes = defaults.chain(common.routes.iter().cloned());
    routes
        .map(|route| Route {
            table: route.table.or(device.table()),
            ..route
        })
        .collect()
}
