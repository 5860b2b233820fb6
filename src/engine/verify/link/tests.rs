//! The verdicts on networks as they can be found, and the reasons that are given.

use std::net::IpAddr;

use super::*;
use crate::document::Config;
use crate::module::{Expectation, Module, network};
use crate::system::network as seen;
use crate::system::{Facts, LinkFacts, Machine, Root};

const OWN: &str = "/etc/systemd/network/10-firstlight-lan.network";
const EARLIER: &str = "/etc/systemd/network/05-other.network";
const LATER: &str = "/etc/systemd/network/99-dhcp-en.network";

/// What the network module expects of an interface `lan` with these keys.
fn expected(keys: &str) -> Vec<(LinkSelector, LinkSetting)> {
    let yaml = format!("ethernets: {{lan: {{{keys}}}}}");
    let value: serde_json::Value = serde_yaml::from_str(&yaml).unwrap();
    let config = Config {
        network: Some(serde_json::from_value(value).unwrap()),
        ..Config::default()
    };
    let tree = tempfile::tempdir().unwrap();
    let root = Root::open(tree.path()).unwrap();
    let plan = network::Network
        .plan(&config, &Machine::new(&root, &Facts::default()))
        .unwrap();
    let link = |expectation: Expectation| {
        let Expectation::LinkHas { link, file, setting } = expectation else {
            panic!("{expectation:?}")
        };
        assert_eq!(file, OWN);
        (link, setting)
    };
    plan.expectations.into_iter().map(link).collect()
}

/// What is said of each setting of `lan`: nothing where it is verified.
fn said(network: &Network, keys: &str) -> Vec<String> {
    let judged = expected(keys)
        .into_iter()
        .map(|(link, setting)| judge(network, &link, OWN, &setting));
    let why = |verdict| match verdict {
        Verdict::Verified => String::new(),
        Verdict::Wrong(why) => why,
        Verdict::Unseen(why) => format!("unseen: {why}"),
    };
    judged.map(why).collect()
}

/// The same of the file alone.
fn said_of_file(network: &Network, keys: &str) -> String {
    said(network, keys).remove(0)
}

fn link(name: &str, state: &str, file: Option<&str>) -> Link {
    Link {
        facts: LinkFacts {
            name: name.into(),
            mac: "00:50:56:aa:bb:cc".into(),
            driver: String::new(),
        },
        mtu: Some(1500),
        signal: Signal::Carrier,
        link_file: None,
        networkd: Some(Managed {
            admin_state: state.into(),
            network_file: file.map(str::to_owned),
            dns: vec!["192.0.2.53".parse().unwrap(), "192.0.2.54".parse().unwrap()],
            search: vec!["Rig.test.".into()],
            route_only: vec![".".into(), "corp.test".into()],
        }),
    }
}

fn address(link: &str, address: &str) -> seen::Address {
    let address: ipnet::IpNet = address.parse().unwrap();
    seen::Address {
        link: link.into(),
        ip: address.addr(),
        prefix_len: address.prefix_len(),
        detection: Detection::Passed,
    }
}

fn route(link: &str, to: &str, via: Option<&str>, metric: u32) -> seen::Route {
    seen::Route {
        link: link.into(),
        to: to.parse().unwrap(),
        via: via.map(|via| via.parse::<IpAddr>().unwrap()),
        metric,
    }
}

/// A machine whose `lan` is as requested, with a second, unmanaged link.
fn network() -> Network {
    let mut other = link("docker0", "unmanaged", None);
    other.facts.mac = "02:42:00:00:00:01".into();
    Network {
        links: vec![other, link("lan", "configured", Some(OWN))],
        addresses: Ok(vec![
            address("docker0", "172.17.0.1/16"),
            address("lan", "192.0.2.10/24"),
            address("lan", "2001:db8::10/64"),
        ]),
        routes: Ok(vec![
            route("docker0", "172.17.0.0/16", None, 0),
            route("lan", "0.0.0.0/0", Some("192.0.2.1"), 0),
            route("lan", "192.0.2.0/24", None, 0),
            route("lan", "198.51.100.0/24", Some("192.0.2.2"), 50),
            route("lan", "::/0", Some("2001:db8::1"), 1024),
        ]),
        networkd: true,
    }
}

/// The same with another `lan`.
fn with(lan: Link) -> Network {
    let mut network = network();
    network.links[1] = lan;
    network
}

#[test]
fn what_is_as_asked_is_verified() {
    for keys in [
        "",
        "addresses: [192.0.2.10/24, '2001:db8::10/64']",
        "gateway4: 192.0.2.1, gateway6: '2001:db8::1'",
        "routes: [{to: default, via: 192.0.2.1}, {to: '::/0', via: '2001:db8::1'}]",
        "routes: [{to: 198.51.100.0/24, via: 192.0.2.2}, {to: 198.51.100.0/24, via: 192.0.2.2, metric: 50}]",
        "routes: [{to: 192.0.2.0/24, scope: link, table: 254, type: unicast}]",
        "nameservers: {addresses: [192.0.2.54, 192.0.2.53], search: [rig.test, ~corp.test, ~.]}",
        "nameservers: {addresses: 192.0.2.53}",
        "mtu: 1500",
        "match: {name: 'l*'}, macaddress: '00:50:56:aa:bb:cc'",
        "match: {macaddress: '02:00:00:00:00:01'}, macaddress: '00:50:56:aa:bb:cc'",
    ] {
        let said = said(&network(), keys);
        assert!(
            !said.is_empty() && said.iter().all(String::is_empty),
            "{keys}: {said:?}"
        );
    }
}

#[test]
fn what_is_otherwise_is_told() {
    for (keys, expected) in [
        ("addresses: [192.0.2.11/24]", "it doesn't; see networkctl status"),
        ("addresses: [192.0.2.10/25]", "it has 192.0.2.10/24"),
        ("addresses: [172.17.0.1/16]", "docker0 has it"),
        ("gateway4: 192.0.2.9", "it goes via 192.0.2.1, metric 0"),
        (
            "routes: [{to: default, via: 192.0.2.1, metric: 7}]",
            "it goes via 192.0.2.1, metric 0",
        ),
        (
            "routes: [{to: 192.0.2.0/24, via: 192.0.2.1}]",
            "it goes via no gateway, metric 0",
        ),
        (
            "routes: [{to: 172.17.0.0/16, via: 192.0.2.1}]",
            "docker0 has one via no gateway",
        ),
        (
            "routes: [{to: 203.0.113.0/24, via: 192.0.2.1}]",
            "it doesn't; see networkctl status",
        ),
        (
            "nameservers: {addresses: [192.0.2.55]}",
            "networkd has 192.0.2.53 192.0.2.54",
        ),
        (
            "nameservers: {search: [~rig.test]}",
            "networkd has Rig.test. . corp.test",
        ),
        ("mtu: 1400", "it is 1500"),
        (
            "match: {name: lan}, macaddress: '02:00:00:00:00:01'",
            "it is 00:50:56:aa:bb:cc",
        ),
        (
            "routes: [{to: default, via: 192.0.2.1, table: 100}]",
            "unseen: only unicast routes of the main table are checked",
        ),
        (
            "routes: [{to: 203.0.113.0/24, type: blackhole}]",
            "unseen: only unicast routes of the main table are checked",
        ),
    ] {
        assert_eq!(said(&network(), keys), ["", expected], "{keys}");
    }
}

#[test]
fn the_file_that_won_is_named() {
    let earlier = with(link("lan", "configured", Some(EARLIER)));
    let why = "networkd uses /etc/systemd/network/05-other.network for lan, which sorts before \
               10-firstlight-lan.network; remove or rename it, or narrow its [Match]";
    let brief = "networkd uses /etc/systemd/network/05-other.network for lan";
    assert_eq!(said(&earlier, "addresses: [192.0.2.11/24]"), [why, brief]);
    // What is as asked all the same is not blamed on the file.
    assert_eq!(said(&earlier, "addresses: [192.0.2.10/24]"), [why, ""]);
    assert_eq!(said(&earlier, "mtu: 1400")[1], format!("it is 1500; {brief}"));
    assert_eq!(
        said_of_file(&with(link("lan", "configured", Some(LATER))), ""),
        "networkd uses /etc/systemd/network/99-dhcp-en.network for lan: it has not read 10-firstlight-lan.network \
         (run networkctl reload), or its [Match] section doesn't match"
    );
}

#[test]
fn the_reason_for_what_is_missing_is_what_networkd_says() {
    let lan = |state, file, signal| Link {
        signal,
        ..link("lan", state, file)
    };
    let unknown = Link {
        networkd: None,
        ..link("lan", "", None)
    };
    let without_networkd = Network {
        networkd: false,
        ..with(unknown.clone())
    };
    let own = Some(OWN);
    let (carrier, no_carrier) = (Signal::Carrier, Signal::NoCarrier);
    for (network, of_file, of_address) in [
        (
            with(lan("configuring", own, carrier)),
            "",
            "networkd is still configuring lan",
        ),
        (with(lan("configuring", own, no_carrier)), "", "lan has no carrier"),
        (with(lan("configuring", own, Signal::Down)), "", "lan is down"),
        (
            with(lan("failed", own, carrier)),
            "networkd failed to configure lan; see journalctl -u systemd-networkd",
            "networkd failed to configure lan; see journalctl -u systemd-networkd",
        ),
        (
            with(lan("pending", None, carrier)),
            "networkd has not processed lan yet",
            "networkd has not processed lan yet",
        ),
        (
            with(lan("unmanaged", None, carrier)),
            "networkd does not manage lan: it has not read 10-firstlight-lan.network, or the [Match] section doesn't match",
            "networkd does not manage lan: it has not read 10-firstlight-lan.network, or the [Match] section doesn't match",
        ),
        (
            with(unknown),
            "networkd has not processed lan yet",
            "networkd has not processed lan yet",
        ),
        (
            without_networkd,
            "systemd-networkd has not run in this boot",
            "systemd-networkd has not run in this boot",
        ),
    ] {
        assert_eq!(said(&network, "addresses: [192.0.2.11/24]"), [of_file, of_address]);
    }
}

#[test]
fn a_link_that_is_not_there_is_said_to_be_missing() {
    let why = "there is no such link; the links are docker0 (02:42:00:00:00:01), lan (00:50:56:aa:bb:cc); set `optional: \
        true` for an interface that may be missing";
    let network = with(link("lan", "configured", Some(LATER)));
    assert_eq!(said_of_file(&network, "match: {name: eth7}"), why);
    assert_eq!(
        said(&network, "match: {macaddress: '02:00:00:00:00:01'}, mtu: 1500"),
        [why, "there is no such link"]
    );
    let nothing = Network {
        links: vec![],
        ..network
    };
    assert!(said_of_file(&nothing, "").contains("none but lo"));
}

#[test]
fn a_pattern_asks_for_no_link_but_its_addresses_do() {
    let unused = "unseen: no link matches it";
    let own_other = "/etc/systemd/network/10-firstlight-eth0.network";
    let taken = with(link("lan", "configured", Some(own_other)));
    let network = with(link("lan", "configured", Some(LATER)));
    assert_eq!(said_of_file(&network, "match: {name: 'en*'}"), unused);
    assert_eq!(said_of_file(&taken, "match: {name: 'l*'}"), unused);
    let missing = said(&network, "match: {name: 'en*'}, addresses: [192.0.2.11/24]").remove(1);
    assert!(missing.starts_with("there is no such link"), "{missing}");
    // A file of somebody else's is another matter.
    let foreign = with(link("lan", "configured", Some(EARLIER)));
    assert!(said_of_file(&foreign, "match: {name: 'l*'}").contains("05-other.network"));
}

#[test]
fn what_networkd_uses_the_file_for_is_meant_whatever_it_is_called() {
    // By an alternative name, which sysfs does not show.
    let mut network = network();
    network.links[1].facts.name = "eth0".into();
    for address in network.addresses.as_mut().unwrap() {
        address.link = "eth0".into();
    }
    assert_eq!(
        said(&network, "match: {name: enp3s0}, addresses: [192.0.2.10/24]"),
        ["", ""]
    );
}

#[test]
fn an_address_that_another_machine_may_have_is_not_there_yet() {
    for (detection, expected) in [
        (Detection::Running, "duplicate address detection is still running"),
        (Detection::Failed, "another machine already uses 2001:db8::10"),
    ] {
        let mut network = network();
        network.addresses.as_mut().unwrap()[2].detection = detection;
        assert_eq!(said(&network, "addresses: ['2001:db8::10/64']")[1], expected);
    }
}

#[test]
fn what_the_kernel_does_not_list_is_not_seen() {
    let network = Network {
        addresses: Err("no addresses".into()),
        routes: Err("no routes".into()),
        ..network()
    };
    let said = said(&network, "addresses: [192.0.2.10/24], gateway4: 192.0.2.1, mtu: 1500");
    assert_eq!(said, ["", "", "unseen: no addresses", "unseen: no routes"]);
}

#[test]
fn the_name_is_verified_where_udev_could_give_it() {
    let keys = "match: {macaddress: '00:50:56:aa:bb:cc'}, set-name: lan0";
    let etc = |name: &str| Some(format!("/etc/systemd/network/{name}"));
    for (name, link_file, expected) in [
        ("lan0", None, ""),
        ("lan0", etc("99-default.link"), ""),
        // No udev: a container.
        ("eth0", None, "unseen: udev, which renames links, has not processed it"),
        // Written since udev looked: `apply` by hand.
        (
            "eth0",
            Some("/usr/lib/systemd/network/99-default.link".to_owned()),
            "unseen: it is still eth0; udev will rename it at the next boot",
        ),
        (
            "eth0",
            etc("10-firstlight-lan.link"),
            "it is eth0: udev could not rename it; another link may have that name",
        ),
        (
            "eth0",
            etc("05-other.link"),
            "it is eth0: udev uses 05-other.link for it, which sorts before 10-firstlight-lan.link",
        ),
    ] {
        let lan = Link {
            link_file: link_file.clone(),
            ..link(name, "configured", Some(OWN))
        };
        assert_eq!(said(&with(lan), keys)[1], expected, "{name} {link_file:?}");
    }
}
