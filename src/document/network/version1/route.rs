//! Routes: of a link, and those that go to the link that can reach their gateway.

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;

use super::device::Device;
use super::keys::{ROUTE, ROUTE_ITEM};
use super::reader::{At, Keys, Place, Reader, at, at_value};
use super::tree::{entry, mapping, plain, text, text_of};
use crate::document::code::Code;
use crate::document::network::prefix::with_prefix;
use crate::document::yaml::{Entry, Node, Span};

/// One route, or the default one over a gateway.
#[derive(Debug, Clone)]
pub struct Route {
    /// Where it is.
    span: Span,
    /// Where it leads; `None` is everywhere, in the family of the gateway.
    to: Option<IpNet>,
    /// Whether its gateway may be outside of the subnets.
    is_default: bool,
    via: Option<(Node, At)>,
    /// Keys that are the same in version 2.
    keys: Vec<Entry>,
}

impl Route {
    /// The default route over a gateway.
    pub fn default_via(gateway: &Entry) -> Self {
        Self {
            span: gateway.value.span,
            to: None,
            is_default: true,
            via: Some((gateway.value.clone(), at_value(gateway))),
            keys: Vec::new(),
        }
    }

    /// To the other end of a link.
    pub fn direct(other: IpNet, span: Span) -> Self {
        let scope = entry("scope", span, text("link", span));
        Self {
            span,
            to: Some(other),
            is_default: false,
            via: None,
            keys: Vec::from_iter(other.addr().is_ipv4().then_some(scope)),
        }
    }

    /// Gives it a metric, unless it has one.
    pub fn or_metric(mut self, metric: Option<&Entry>) -> Self {
        let has_one = self.keys.iter().any(|entry| entry.key.text == "metric");
        let metric = metric.filter(|_| !has_one && self.via.is_some());
        self.keys
            .extend(metric.map(|given| entry("metric", given.key.span, given.value.clone())));
        self
    }

    /// The gateway's address.
    fn gateway(&self) -> Option<IpAddr> {
        let (node, _) = self.via.as_ref()?;
        text_of(node)?.parse().ok()
    }

    /// The route of version 2. A default gateway outside of the subnets is taken to be on the link, as cloud-init does:
    /// hosters have them.
    pub fn finish(&self, device: &Device, place: &Place, reader: &mut Reader) -> Node {
        let to = self.to.map_or_else(|| "default".to_owned(), |net| net.to_string());
        let mut entries = vec![entry("to", self.span, text(to, self.span))];
        if let Some((via, at)) = &self.via {
            entries.push(entry("via", via.span, via.clone()));
            let outside = self
                .gateway()
                .filter(|gateway| self.is_default && device.is_outside(*gateway));
            if let Some(gateway) = outside {
                entries.push(entry("on-link", via.span, plain("true", via.span)));
                // A subnet of one address says by itself that the gateway is beside it.
                let mut subnets = device.subnets.iter();
                if !subnets.any(|net| net.prefix_len() == net.max_prefix_len()) {
                    let message = format!(
                        "the gateway {gateway} is outside the link's subnets: firstlight assumes that the link reaches it \
                         directly"
                    );
                    let hint = Some("correct it if it isn't".to_owned());
                    reader.warning(*at, Code::Doubtful, place, message, hint);
                }
            }
        }
        entries.extend(self.keys.iter().cloned());
        mapping(entries, self.span)
    }
}

impl Reader {
    /// The routes below a subnet.
    pub fn routes(&mut self, entry: &Entry, metric: Option<&Entry>, device: &mut Device) {
        let around = device.place().below(&["routes"]);
        for node in self.list(entry, &around).unwrap_or_default() {
            let place = around.below(&[&device.routes.len().to_string()]);
            let Some(keys) = self.keys(node, &ROUTE, &place) else {
                continue;
            };
            if let Some(route) = self.route(&keys, &place) {
                device.routes.push(route.or_metric(metric));
            }
        }
    }

    /// A route; `None` where nothing says where it leads.
    fn route(&mut self, keys: &Keys<'_>, place: &Place) -> Option<Route> {
        let gateway = keys.entry("gateway");
        let to = self.destination(keys, place)?;
        let same = ["metric", "mtu", "table"].into_iter().filter_map(|key| keys.entry(key));
        Some(Route {
            span: keys.span,
            to: to.filter(|net| gateway.is_none() || net.prefix_len() > 0),
            is_default: to.is_none_or(|net| net.prefix_len() == 0),
            via: gateway.map(|gateway| (gateway.value.clone(), at_value(gateway))),
            keys: same
                .map(|same| entry(same.key.text.as_str(), same.key.span, same.value.clone()))
                .collect(),
        })
    }

    /// Where a route leads; `Some(None)` is everywhere.
    fn destination(&mut self, keys: &Keys<'_>, place: &Place) -> Option<Option<IpNet>> {
        let Some(given) = keys.entry("destination").or_else(|| keys.entry("network")) else {
            let message = "this route doesn't say where it leads";
            let hint = "add `destination`, such as `198.51.100.0/24` or `default`".to_owned();
            self.error((keys.span, None), Code::MissingKey, place, message, Some(hint));
            return None;
        };
        let address = self.text(given, place)?;
        if address == "default" {
            return Some(None);
        }
        let mask = keys.entry("netmask").or_else(|| keys.entry("prefix"));
        let mask = mask.map(|mask| (mask, text_of(&mask.value).unwrap_or_default()));
        match with_prefix(address, mask.map(|(_, mask)| mask)) {
            Ok(net) => Some(net.parse().ok().map(|net: IpNet| net.trunc())),
            Err(_) if mask.is_none() && address.parse::<IpAddr>().is_ok() => {
                let ip = address.parse::<IpAddr>().ok()?;
                if ip.is_unspecified() {
                    return Some(None);
                }
                let message = format!("the destination {ip} has no netmask: firstlight takes it for one address");
                let usual = if ip.is_ipv4() { 24 } else { 64 };
                let hint = format!(
                    "write `{ip}/{}`; cloud-init would take {ip}/{usual}",
                    IpNet::from(ip).prefix_len()
                );
                self.warning(at(&given.value), Code::Doubtful, place, message, Some(hint));
                Some(Some(IpNet::from(ip)))
            }
            Err(why) => {
                let wrong = mask.filter(|_| why.contains("netmask")).map_or(given, |(mask, _)| mask);
                let shown = address.escape_debug();
                let hint = "write it like `198.51.100.0/24`".to_owned();
                let message = format!("the destination `{shown}` {why}");
                self.error(at_value(wrong), Code::InvalidValue, place, message, Some(hint));
                None
            }
        }
    }

    /// A route that is none of one link, with its gateway.
    pub fn route_item(&mut self, node: &Node) -> Option<Global> {
        let place = Place::new(&["route"]);
        let keys = self.keys(node, &ROUTE_ITEM, &place)?;
        let told = self.found.len();
        let route = self.route(&keys, &place);
        let given = keys.entry("gateway")?;
        let gateway = text_of(&given.value).and_then(|text| text.parse().ok());
        if gateway.is_none() {
            let message = "this is not the address of a gateway";
            let hint = "write an address without its prefix length".to_owned();
            self.error(at_value(given), Code::InvalidValue, &place, message, Some(hint));
        }
        let route = route.filter(|_| self.found.iter().skip(told).all(|finding| !finding.told.is_error()))?;
        Some(Global {
            gateway: gateway?,
            at: at_value(given),
            route,
        })
    }
}

/// A route that goes to the link that can reach its gateway.
#[derive(Debug)]
pub struct Global {
    gateway: IpAddr,
    at: At,
    route: Route,
}

/// Gives each route to the link that can reach its gateway: one whose subnet it is in, else one that learns addresses.
pub fn distribute(routes: Vec<Global>, devices: &mut [Device], reader: &mut Reader) {
    // By subnet: a look for each length of a prefix, however many links there are.
    let mut by_subnet: HashMap<IpNet, usize> = HashMap::new();
    for (number, device) in devices.iter().enumerate() {
        for net in device.subnets.iter().chain(&device.direct) {
            by_subnet.entry(*net).or_insert(number);
        }
    }
    let learning = |devices: &[Device], is_ipv4| devices.iter().position(|device| device.learns(is_ipv4));
    let learning = [learning(devices, false), learning(devices, true)];
    let addressed = devices.iter().filter(|device| device.has_addresses()).count();
    let only = devices
        .iter()
        .position(Device::has_addresses)
        .filter(|_| addressed == 1);
    for Global { gateway, at, route } in routes {
        let longest = if gateway.is_ipv4() { 32 } else { 128 };
        let around = (0..=longest)
            .rev()
            .filter_map(|length| IpNet::new(gateway, length).ok());
        let mut around = around.filter_map(|net| by_subnet.get(&net.trunc()).copied());
        let reaching = around.next();
        let learning = learning.get(usize::from(gateway.is_ipv4())).copied().flatten();
        // A default gateway is taken to be on the only link that there is.
        let only = only.filter(|_| route.is_default);
        match reaching
            .or(learning)
            .or(only)
            .and_then(|number| devices.get_mut(number))
        {
            Some(device) => device.routes.push(route),
            None => {
                let message = format!("no link reaches the gateway {gateway}");
                let hint = "correct it, or put the route below `routes` in a subnet of its link".to_owned();
                // Without its default route, what is left may lead nowhere.
                let place = if route.is_default {
                    Place::new(&[])
                } else {
                    Place::new(&["route"])
                };
                reader.error(at, Code::InvalidValue, &place, message, Some(hint));
            }
        }
    }
}
