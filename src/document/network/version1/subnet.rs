//! Subnets: how a link gets its addresses.

use ipnet::IpNet;

use super::device::{Control, Device};
use super::keys::{SUBNET, SUBNET_TYPES};
use super::reader::{Keys, Reader, at_key, at_value};
use super::route::Route;
use super::tree::{plain, text_of};
use crate::document::code::Code;
use crate::document::network::prefix::with_prefix;
use crate::document::yaml::{Entry, Node, Span};

/// Keys that are about an address that is written down.
const OF_AN_ADDRESS: [&str; 5] = ["address", "ip_address", "netmask", "prefix", "pointopoint"];

impl Reader {
    /// All subnets of a link.
    pub fn subnets(&mut self, entry: &Entry, device: &mut Device) {
        let mut names = [Vec::new(), Vec::new()];
        for node in self.list(entry, &device.place()).unwrap_or_default() {
            if let Some(keys) = self.keys(node, &SUBNET, &device.place()) {
                self.subnet(&keys, device);
                self.names(&keys, &mut names, device);
            }
        }
        let [servers, search] = names;
        device.add_servers(servers);
        device.add_search(search);
    }

    /// The name servers and search domains of a subnet.
    fn names(&mut self, keys: &Keys<'_>, names: &mut [Vec<(String, Span)>; 2], device: &Device) {
        let place = device.place().below(&["nameservers"]);
        for (key, own) in ["dns_nameservers", "dns_search"].into_iter().zip(names) {
            if let Some(given) = keys.entry(key) {
                own.extend(self.texts(given, &place));
            }
        }
    }

    fn subnet(&mut self, keys: &Keys<'_>, device: &mut Device) {
        let Some(kind) = keys.entry("type") else { return };
        let place = device.place();
        let Some(word) = self.word(kind, &SUBNET_TYPES, "type of a subnet", &place) else {
            return;
        };
        let span = kind.value.span;
        match word {
            "dhcp" | "dhcp4" => device.set("dhcp4", span, plain("true", span)),
            "dhcp6" | "ipv6_dhcpv6-stateful" => device.set("dhcp6", span, plain("true", span)),
            "ipv6_slaac" | "ipv6_dhcpv6-stateless" if device.get("accept-ra").is_none() => {
                device.set("accept-ra", span, plain("true", span));
            }
            "ipv6_slaac" | "ipv6_dhcpv6-stateless" if !device.learns(false) => {
                let message = format!("`{word}` needs router advertisements, and the link has `accept-ra: false`");
                self.warning(
                    at_value(kind),
                    Code::Conflict,
                    &place,
                    message,
                    Some("keep one of them".to_owned()),
                );
            }
            "static" | "static6" => self.address(keys, device),
            _ => {}
        }
        if !word.starts_with("static") {
            self.warn_of_address(keys, word, device);
        }
        self.control(keys, device);
        self.mtu(keys, word, device);
        self.metric(keys, word, device);
        let metric = keys.entry("metric");
        if let Some(gateway) = keys.entry("gateway")
            && self.text(gateway, &place).is_some()
        {
            device.routes.push(Route::default_via(gateway).or_metric(metric));
        }
        if let Some(routes) = keys.entry("routes") {
            self.routes(routes, metric, device);
        }
    }

    /// The address of a static subnet.
    fn address(&mut self, keys: &Keys<'_>, device: &mut Device) {
        let place = device.place().below(&["addresses"]);
        let Some(given) = keys.entry("address").or_else(|| keys.entry("ip_address")) else {
            let message = "a static subnet needs an `address`";
            let hint = "add it, such as `address: 192.0.2.10/24`".to_owned();
            return self.error((keys.span, None), Code::MissingKey, &place, message, Some(hint));
        };
        let Some(address) = self.text(given, &place) else {
            return;
        };
        let mask = keys.entry("netmask").or_else(|| keys.entry("prefix"));
        let shown = address.escape_debug();
        match with_prefix(address, mask.map(|mask| text_of(&mask.value).unwrap_or_default())) {
            Ok(net) => device.subnets_from(&net, given),
            Err(_) if mask.is_none() && address.parse::<std::net::IpAddr>().is_ok() => {
                let usual = if address.contains(':') { 64 } else { 24 };
                let message =
                    format!("the address has no netmask: firstlight takes {shown}/{usual}, as cloud-init does");
                let hint = format!("write `{shown}/{usual}`, or another prefix length");
                self.warning(at_value(given), Code::Doubtful, &place, message, Some(hint));
                device.subnets_from(&format!("{address}/{usual}"), given);
            }
            Err(why) => {
                let wrong = mask.filter(|_| why.contains("netmask")).unwrap_or(given);
                let hint = match std::ptr::eq(wrong, given) {
                    true => "write it like `192.0.2.10/24` or `2001:db8::10/64`",
                    false => "write it like `255.255.255.0`, or as a prefix length like `24`",
                };
                let message = format!("`{shown}` {why}");
                self.error(
                    at_value(wrong),
                    Code::InvalidValue,
                    &place,
                    message,
                    Some(hint.to_owned()),
                );
            }
        }
        self.other_end(keys, device);
    }

    /// The other end of the link: what is reached directly, whatever the subnet.
    fn other_end(&mut self, keys: &Keys<'_>, device: &mut Device) {
        let Some(given) = keys.entry("pointopoint") else { return };
        let place = device.place();
        let Some(other) = self.text(given, &place) else { return };
        match other.parse::<std::net::IpAddr>() {
            Ok(ip) => {
                let net = IpNet::from(ip);
                device.direct.push(net);
                device.routes.push(Route::direct(net, given.value.span));
            }
            Err(_) => {
                let message = format!("`{}` is not an IP address", other.escape_debug());
                let hint = Some("write the address of the other end, without a prefix length".to_owned());
                self.error(at_value(given), Code::InvalidValue, &place, message, hint);
            }
        }
    }

    fn warn_of_address(&mut self, keys: &Keys<'_>, word: &str, device: &Device) {
        for key in OF_AN_ADDRESS {
            if let Some(entry) = keys.entry(key) {
                let message = format!("`{key}` has no effect with `type: {word}`");
                let hint = "write `type: static` for an address that is written down".to_owned();
                self.warning(at_key(entry), Code::NoEffect, &device.place(), message, Some(hint));
            }
        }
    }

    fn control(&mut self, keys: &Keys<'_>, device: &mut Device) {
        let Some(entry) = keys.entry("control") else {
            return device.control.push((Control::Auto, (keys.span, None)));
        };
        let words = ["auto", "hotplug", "manual"];
        let control = match self.word(entry, &words, "`control`", &device.place()) {
            Some("manual") => Control::Manual,
            Some("hotplug") => Control::Hotplug,
            _ => Control::Auto,
        };
        device.control.push((control, at_value(entry)));
    }

    /// A subnet's MTU is the link's, but for IPv6, which has one of its own.
    fn mtu(&mut self, keys: &Keys<'_>, word: &str, device: &mut Device) {
        let Some(mtu) = keys.entry("mtu") else { return };
        let address = keys.get("address").or_else(|| keys.get("ip_address"));
        let is_ipv6 = address.and_then(text_of).is_some_and(|text| text.contains(':'));
        let is_ipv6 = is_ipv6 || word.ends_with('6') || word.starts_with("ipv6");
        let key = if is_ipv6 { "ipv6-mtu" } else { "mtu" };
        let says = |node: &Node| text_of(node).map(str::to_owned);
        if device.get(key).is_some_and(|other| says(other) != says(&mtu.value)) {
            let message = "the link has another MTU too: this one counts";
            let hint = Some("keep one of them".to_owned());
            self.warning(at_value(mtu), Code::Conflict, &device.place(), message, hint);
        }
        device.set(key, mtu.key.span, mtu.value.clone());
    }

    /// The metric of a subnet is that of the routes which come with it.
    fn metric(&mut self, keys: &Keys<'_>, word: &str, device: &mut Device) {
        let Some(metric) = keys.entry("metric") else { return };
        let set = |device: &mut Device, client: &str| {
            device.set_below(client, "route-metric", metric.key.span, metric.value.clone());
        };
        match word {
            "dhcp" | "dhcp4" => set(device, "dhcp4-overrides"),
            "dhcp6" | "ipv6_dhcpv6-stateful" => set(device, "dhcp6-overrides"),
            _ if keys.entry("gateway").is_some() || keys.entry("routes").is_some() => {}
            _ if text_of(&metric.value)
                .and_then(|text| text.parse::<u32>().ok())
                .is_none() =>
            {
                let message = format!("expected a whole number, found {}", metric.value.kind());
                let place = device.place().below(&["metric"]);
                self.error(at_value(metric), Code::WrongType, &place, message, None);
            }
            _ => {
                let message = match word {
                    "static" | "static6" => "`metric` has no effect without `gateway` or `routes`".to_owned(),
                    _ => format!("`metric` has no effect with `type: {word}`"),
                };
                self.warning(at_key(metric), Code::NoEffect, &device.place(), message, None);
            }
        }
    }
}

impl Device {
    fn subnets_from(&mut self, net: &str, given: &Entry) {
        if let Ok(net) = net.parse::<IpNet>() {
            self.add_address(net, given.value.span);
        }
    }
}
