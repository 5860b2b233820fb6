//! Whether a link is as requested, and why not, according to the kernel and networkd.

use std::net::IpAddr;

use super::Verdict;
use super::kind::{ExpectationKind, Looking, Moment, Place, seen};
use super::sight::Sight;
use crate::document::network::{Address, Ip, Route, SearchDomain};
use crate::module::{Change, LinkSelector, LinkSetting, NetworkReloadChange, network::is_own_file};
use crate::system::network::{Detection, Link, Managed, Network, Signal};

/// The number of the main routing table, rtnetlink(7).
const MAIN_TABLE: u32 = 254;

/// A link that is meant shows this setting.
pub(super) struct LinkHas<'e> {
    pub link: &'e LinkSelector,
    pub file: &'e str,
    pub setting: &'e LinkSetting,
}

impl ExpectationKind for LinkHas<'_> {
    fn in_words(&self) -> String {
        in_words(&link_in_words(self.link), self.file, self.setting)
    }

    fn moment(&self) -> Moment {
        Moment::InTime
    }

    fn place(&self) -> Place {
        Place::Running
    }

    /// Has networkd reconfigure the links, because another program changed them.
    fn repair(&self, sight: &Sight<'_>) -> Option<Change> {
        let links = links(sight.network(), self.link, self.file);
        let links: Vec<String> = links.into_iter().map(|link| link.facts.name.clone()).collect();
        let netdevs = Vec::new();
        (!links.is_empty()).then_some(Change::NetworkReload(NetworkReloadChange { links, netdevs }))
    }

    fn look<'a>(&'a self, sight: &'a Sight<'a>) -> Looking<'a> {
        seen(judge(sight.network(), self.link, self.file, self.setting))
    }
}

fn in_words(link: &str, file: &str, setting: &LinkSetting) -> String {
    let list = |words: Vec<String>| words.join(" ");
    match setting {
        LinkSetting::NetworkFile => {
            let name = file.rsplit('/').next().unwrap_or(file);
            format!("networkd uses {name} for {link}")
        }
        LinkSetting::Name(name) => format!("{link} is called {}", name.as_str()),
        LinkSetting::Mac(mac) => format!("{link} has the hardware address {mac}"),
        LinkSetting::Mtu(mtu) => format!("{link} has the MTU {mtu}"),
        LinkSetting::Address(address) => format!("{link} has {address}"),
        LinkSetting::Route(route) => format!("{link} has the route {route}"),
        LinkSetting::Dns(servers) => {
            let servers = servers.iter().map(|server| server.0.to_string());
            format!("{link} has the DNS servers {}", list(servers.collect()))
        }
        LinkSetting::Domains(domains) => {
            let domains = domains.iter().map(|domain| domain.as_str().to_owned());
            format!("{link} has the search domains {}", list(domains.collect()))
        }
    }
}

/// A link selector in words.
fn link_in_words(link: &LinkSelector) -> String {
    let mut words = link.names.clone();
    words.extend(link.macs.clone());
    words.extend(link.drivers.iter().map(|driver| format!("driver {driver}")));
    if words.is_empty() {
        "any link".to_owned()
    } else {
        words.join(" ")
    }
}

/// Whether one of the links that are meant shows `setting`, which the `.network` file at `file` asks for.
fn judge(network: &Network, meant: &LinkSelector, file: &str, setting: &LinkSetting) -> Verdict {
    let links = links(network, meant, file);
    let shown = match setting {
        LinkSetting::NetworkFile => return judge_file(network, meant, &links, file),
        LinkSetting::Name(name) => shows_name(&links, name.as_str(), file),
        LinkSetting::Mac(mac) => shows(&links, |link| {
            (link.facts.mac == mac.to_string(), link.facts.mac.clone())
        }),
        LinkSetting::Mtu(mtu) => shows(&links, |link| {
            let is = link.mtu.map(|mtu| mtu.to_string()).unwrap_or_default();
            (link.mtu == Some(mtu.bytes()), is)
        }),
        LinkSetting::Address(address) => shows_address(network, &links, *address),
        LinkSetting::Route(route) => shows_route(network, &links, route),
        LinkSetting::Dns(servers) => shows_dns(&links, servers),
        LinkSetting::Domains(domains) => shows_domains(&links, domains),
    };
    match shown {
        Shown::Yes => Verdict::Verified,
        Shown::Unseen(why) => Verdict::Unseen(why),
        Shown::No(instead) => {
            let reason = reason(network, links.first().copied(), file);
            let words: Vec<String> = instead.into_iter().chain(reason).collect();
            match words.is_empty() {
                true => Verdict::Wrong("it doesn't; see networkctl status".to_owned()),
                false => Verdict::Wrong(words.join("; ")),
            }
        }
    }
}

/// How one setting shows.
enum Shown {
    Yes,
    /// It doesn't; what there is instead.
    No(Option<String>),
    Unseen(String),
}

/// The links that are meant, those that networkd uses the file for first. Its word counts for more than the selector: it
/// knows of alternative names and drivers that sysfs does not show.
fn links<'n>(network: &'n Network, meant: &LinkSelector, file: &str) -> Vec<&'n Link> {
    let mut links: Vec<&Link> = network
        .links
        .iter()
        .filter(|link| uses(link, file) || meant.matches(&link.facts))
        .collect();
    links.sort_by_key(|link| !uses(link, file));
    links
}

fn used(link: &Link) -> Option<&str> {
    link.networkd.as_ref()?.network_file.as_deref()
}

/// A file of the same name in a directory of less weight is none that networkd could use.
fn uses(link: &Link, file: &str) -> bool {
    used(link).is_some_and(|used| file_name(used) == file_name(file))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn judge_file(network: &Network, meant: &LinkSelector, links: &[&Link], file: &str) -> Verdict {
    let failed = |link: &Link| link.networkd.as_ref().is_some_and(|it| it.admin_state == "failed");
    // Still at work, or without a carrier: the file is the one.
    if links.iter().any(|link| uses(link, file) && !failed(link)) {
        return Verdict::Verified;
    }
    // A pattern is for whatever links there are, less those that have a file of their own.
    let is_taken = |link: &&Link| !uses(link, file) && used(link).is_some_and(is_own_file);
    if !meant.is_one_link() && links.iter().all(is_taken) {
        return Verdict::Unseen("no link matches it".to_owned());
    }
    let link = links.first().copied();
    let why = reason(network, link, file).unwrap_or_else(|| "networkd reports no file for it".to_owned());
    Verdict::Wrong(why + &advice(network, link, meant, file))
}

/// Why a link is not configured as the file asks; `None` where networkd has no reason to give.
fn reason(network: &Network, link: Option<&Link>, file: &str) -> Option<String> {
    let Some(link) = link else {
        return Some("there is no such link".to_owned());
    };
    let name = &link.facts.name;
    let Some(networkd) = &link.networkd else {
        return Some(match network.networkd {
            true => format!("networkd has not processed {name} yet"),
            false => "systemd-networkd has not run in this boot".to_owned(),
        });
    };
    match &networkd.network_file {
        Some(used) if !uses(link, file) => return Some(format!("networkd uses {used} for {name}")),
        None if networkd.admin_state == "unmanaged" => {
            let file = file_name(file);
            return Some(format!(
                "networkd does not manage {name}: it has not read {file}, or the [Match] section doesn't match"
            ));
        }
        _ => {}
    }
    match (networkd.admin_state.as_str(), link.signal) {
        ("failed", _) => Some(format!(
            "networkd failed to configure {name}; see journalctl -u systemd-networkd"
        )),
        ("configured", _) => None,
        (_, Signal::Down) => Some(format!("{name} is down")),
        (_, Signal::NoCarrier) => Some(format!("{name} has no carrier")),
        ("pending" | "initialized", _) => Some(format!("networkd has not processed {name} yet")),
        (_, Signal::Carrier) => Some(format!("networkd is still configuring {name}")),
    }
}

/// What to do about it, or what helps to find out: said once, with the file.
fn advice(network: &Network, link: Option<&Link>, meant: &LinkSelector, file: &str) -> String {
    let own = file_name(file);
    match link.map(|link| used(link).filter(|_| !uses(link, file))) {
        None => {
            let hint = match meant.is_one_link() {
                true => "; set `optional: true` for an interface that may be missing",
                false => "",
            };
            format!("; the links are {}{hint}", others(network))
        }
        Some(Some(used)) if file_name(used) < own => {
            format!(", which sorts before {own}; remove or rename it, or narrow its [Match]")
        }
        Some(Some(_)) => format!(
            ": it has not read {own} (run networkctl reload), or its [Match] section doesn't \
            match"
        ),
        Some(None) => String::new(),
    }
}

fn others(network: &Network) -> String {
    let others = network.links.iter().filter(|link| link.facts.name != "lo");
    let others: Vec<String> = others
        .map(|link| format!("{} ({})", link.facts.name, link.facts.mac))
        .collect();
    match others.is_empty() {
        true => "none but lo".to_owned(),
        false => others.join(", "),
    }
}

/// Whether one of the links shows it; else what the first shows.
fn shows(links: &[&Link], look: impl Fn(&Link) -> (bool, String)) -> Shown {
    if links.iter().any(|link| look(link).0) {
        return Shown::Yes;
    }
    let is = links.first().map(|link| look(link).1).filter(|is| !is.is_empty());
    Shown::No(is.map(|is| format!("it is {is}")))
}

fn is_one_of(links: &[&Link], name: &str) -> bool {
    links.iter().any(|link| link.facts.name == name)
}

/// Only udev renames a link, when it looks at it with the `.link` file beside the `.network` file at `file`: early in a
/// boot. A file that it has not read yet sorts before the one that it used.
fn shows_name(links: &[&Link], name: &str, file: &str) -> Shown {
    if is_one_of(links, name) {
        return Shown::Yes;
    }
    let Some(link) = links.first() else {
        return Shown::No(None);
    };
    let is = &link.facts.name;
    let own = file_name(file).replace(".network", ".link");
    match link.link_file.as_deref().map(file_name) {
        None => Shown::Unseen("udev, which renames links, has not processed it".to_owned()),
        Some(used) if used > own.as_str() => {
            Shown::Unseen(format!("it is still {is}; udev will rename it at the next boot"))
        }
        Some(used) if used < own.as_str() => Shown::No(Some(format!(
            "it is {is}: udev uses {used} for it, which sorts before {own}"
        ))),
        Some(_) => Shown::No(Some(format!(
            "it is {is}: udev could not rename it; another link may have that name"
        ))),
    }
}

fn shows_address(network: &Network, links: &[&Link], wanted: Address) -> Shown {
    let all = match &network.addresses {
        Ok(all) => all,
        Err(why) => return Shown::Unseen(why.clone()),
    };
    let same = |ip: IpAddr, bits: u8| ip == wanted.ip() && bits == wanted.prefix_len();
    let here = all
        .iter()
        .find(|it| same(it.ip, it.prefix_len) && is_one_of(links, &it.link));
    if let Some(address) = here {
        return match address.detection {
            Detection::Passed => Shown::Yes,
            Detection::Running => Shown::No(Some("duplicate address detection is still running".to_owned())),
            Detection::Failed => Shown::No(Some(format!("another machine already uses {}", wanted.ip()))),
        };
    }
    let near = all.iter().find(|it| it.ip == wanted.ip());
    Shown::No(near.map(|it| match is_one_of(links, &it.link) {
        true => format!("it has {}/{}", it.ip, it.prefix_len),
        false => format!("{} has it", it.link),
    }))
}

fn shows_route(network: &Network, links: &[&Link], wanted: &Route) -> Shown {
    if !wanted.is_unicast() || wanted.table.is_some_and(|table| table != MAIN_TABLE) {
        return Shown::Unseen("only unicast routes of the main table are checked".to_owned());
    }
    let all = match &network.routes {
        Ok(all) => all,
        Err(why) => return Shown::Unseen(why.clone()),
    };
    let family = wanted.gateway().map(|gateway| gateway.is_ipv4());
    let same_destination = all.iter().filter(|route| match wanted.to.network() {
        Some(net) => route.to == net,
        None => route.to.prefix_len() == 0 && family.is_none_or(|ipv4| route.to.addr().is_ipv4() == ipv4),
    });
    let (here, elsewhere): (Vec<_>, Vec<_>) = same_destination.partition(|route| is_one_of(links, &route.link));
    let same = |route: &&crate::system::network::Route| {
        route.via == wanted.gateway() && wanted.metric.is_none_or(|metric| metric == route.metric)
    };
    if here.iter().any(same) {
        return Shown::Yes;
    }
    let via = |via: Option<IpAddr>| via.map_or("no gateway".to_owned(), |via| via.to_string());
    let near = here
        .first()
        .map(|route| format!("it goes via {}, metric {}", via(route.via), route.metric));
    Shown::No(near.or_else(|| {
        Some(format!(
            "{} has one via {}",
            elsewhere.first()?.link,
            via(elsewhere.first()?.via)
        ))
    }))
}

fn shows_dns(links: &[&Link], wanted: &[Ip]) -> Shown {
    shows_in_networkd(links, |networkd| {
        let has_all = wanted.iter().all(|server| networkd.dns.contains(&server.0));
        (has_all, networkd.dns.iter().map(IpAddr::to_string).collect())
    })
}

fn shows_domains(links: &[&Link], wanted: &[SearchDomain]) -> Shown {
    shows_in_networkd(links, |networkd| {
        let has = |domain: &SearchDomain| match domain.as_str().strip_prefix('~') {
            Some(domain) => contains(&networkd.route_only, domain),
            None => contains(&networkd.search, domain.as_str()),
        };
        let all = networkd.search.iter().chain(&networkd.route_only);
        (wanted.iter().all(has), all.cloned().collect())
    })
}

/// Whether networkd says so of one of the links; else what it says of the first.
fn shows_in_networkd(links: &[&Link], look: impl Fn(&Managed) -> (bool, Vec<String>)) -> Shown {
    let mut seen = links
        .iter()
        .filter_map(|link| link.networkd.as_ref())
        .map(look)
        .peekable();
    let first = seen.peek().map(|(_, words)| words.join(" "));
    if seen.any(|(has_all, _)| has_all) {
        return Shown::Yes;
    }
    Shown::No(first.map(|words| match words.is_empty() {
        true => "networkd has none for it".to_owned(),
        false => format!("networkd has {words}"),
    }))
}

/// Domains are the same whatever their case (RFC 4343), with and without the dot of the root.
fn contains(domains: &[String], wanted: &str) -> bool {
    let bare = |domain: &str| domain.trim_end_matches('.').to_ascii_lowercase();
    domains.iter().any(|domain| bare(domain) == bare(wanted))
}

#[cfg(test)]
mod tests;
