mod links;
mod tunnels;

use super::*;
use crate::document::problem::{Check, Problem, Problems};

fn decode(yaml: &str) -> Result<Network, String> {
    let value: serde_json::Value = serde_yaml::from_str(yaml).unwrap();
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn check(yaml: &str) -> Vec<Problem> {
    let mut found = Vec::new();
    decode(yaml).unwrap().check(&mut Problems::new(&mut found));
    found
}

/// The same of one interface `eth0` with these keys.
fn check_eth0(keys: &str) -> Vec<Problem> {
    check(&format!("ethernets: {{eth0: {{{keys}}}}}"))
}

#[test]
fn what_is_valid_decodes_and_passes() {
    for yaml in [
        "{}",
        "version: 2",
        "version: 2\nrenderer: networkd",
        "config: disabled",
        "ethernets:",
        "ethernets: {eth0: {}}",
        "{ethernets: {eth0: {}}, bonds: {}, vlans: , tunnels: , wifis: []}",
        "ethernets: {eth0: {renderer: networkd, dhcp4: true}}",
        "ethernets: {eth0: {addresses: , routes: , nameservers: , match: , mtu: }}",
        "ethernets: {eth0: {addresses: [], routes: [], nameservers: {}}}",
        "ethernets: {eth0: {nameservers: {addresses: , search: }}}",
        "ethernets: {eth0: {nameservers: {addresses: 192.0.2.53, search: example.test}}}",
        "ethernets: {eth0: {nameservers: {search: [~., ~a.test, b.test., _tcp.c.test, lab]}}}",
        "ethernets: {nic: {match: {name: e*}}}",
        "ethernets: {nic: {match: {name: ['e*', 'eth[0-3]']}}}",
        "ethernets: {nic: {match: {driver: [vmxnet3, e1000]}}}",
        "ethernets: {'the first NIC, 1': {match: {macaddress: '00:50:56:AA:bb:cc'}, set-name: mgmt0}}",
        "ethernets: {eth0: {addresses: [192.0.2.10/24], gateway4: 192.0.2.1}}",
        "ethernets: {eth0: {addresses: ['2001:db8::10/64'], gateway6: 'fe80::1'}}",
        "ethernets: {eth0: {dhcp4: true, gateway4: 203.0.113.1}}",
        "ethernets: {eth0: {addresses: ['2001:db8::10/64'], accept-ra: true, gateway6: '2001:db8:1::1'}}",
        "ethernets: {eth0: {addresses: [192.0.2.10/32], routes: [{to: default, via: 203.0.113.1, on-link: true}]}}",
        "ethernets: {eth0: {addresses: [192.0.2.10/32], routes: [{to: 203.0.113.1, scope: link}, {to: default, via: 203.0.113.1}]}}",
        "ethernets: {eth0: {routes: [{to: 198.51.100.0/24, type: blackhole}]}}",
    ] {
        assert_eq!(check(yaml), [], "{yaml}");
    }
}

#[test]
fn values_say_what_is_wrong_with_them() {
    for (yaml, message) in [
        ("version: 3", "network version 3 doesn't exist"),
        (
            "renderer: NetworkManager",
            "`NetworkManager` is not supported, networkd is the only one",
        ),
        ("config: enabled", "expected `disabled`"),
        ("etehrnets: {}", "unknown field `etehrnets`"),
        ("ethernets: {eth0: {dhpc4: true}}", "unknown field `dhpc4`"),
        ("ethernets: {eth0: {match: {nmae: x}}}", "unknown field `nmae`"),
        (
            "ethernets: {eth0: {nameservers: {serach: []}}}",
            "unknown field `serach`",
        ),
        ("ethernets: {eth0: {routes: [{too: default}]}}", "unknown field `too`"),
        ("ethernets: {eth0: {routes: [{via: 192.0.2.1}]}}", "missing field `to`"),
        (
            "ethernets: {eth0: {dhcp4-overrides: {use-dsn: true}}}",
            "unknown field `use-dsn`",
        ),
        (
            "ethernets: {eth0: {match: {driver: 'ixgbe e1000 vmxnet3'}}}",
            "write several as a list, `[ixgbe, e1000, vmxnet3]`",
        ),
        (
            "ethernets: {eth0: {dhcp4-overrides: {use-domains: maybe}}}",
            "expected true, false or route",
        ),
        (
            "ethernets: {eth0: {dhcp4-overrides: {hostname: 'a b'}}}",
            "is not a host name",
        ),
        ("ethernets: {eth0: {dhcp-identifier: name}}", "unknown variant `name`"),
        (
            "ethernets: {eth0: {addresses: 192.0.2.10/24}}",
            "expected a list such as `[192.0.2.10/24]`",
        ),
        (
            "ethernets: {eth0: {addresses: [192.0.2.10]}}",
            "write for example `192.0.2.10/24`",
        ),
        (
            "ethernets: {eth0: {addresses: ['2001:db8::1']}}",
            "write for example `2001:db8::1/64`",
        ),
        (
            "ethernets: {eth0: {addresses: [192.0.2.10/255.255.255.0]}}",
            "`192.0.2.10/24`",
        ),
        (
            "ethernets: {eth0: {addresses: [192.0.2.10/33]}}",
            "is not an address with its prefix length",
        ),
        ("ethernets: {eth0: {addresses: [0.0.0.0/24]}}", "not a link's address"),
        ("ethernets: {eth0: {addresses: [224.0.0.1/24]}}", "multicast"),
        ("ethernets: {eth0: {gateway4: 'fe80::1'}}", "use `gateway6`"),
        ("ethernets: {eth0: {gateway6: 192.0.2.1}}", "use `gateway4`"),
        ("ethernets: {eth0: {gateway4: 192.0.2.1/24}}", "write `192.0.2.1`"),
        ("ethernets: {eth0: {gateway4: 0.0.0.0}}", "can't be a gateway"),
        ("ethernets: {eth0: {gateway4: gw}}", "not the address of a gateway"),
        (
            "ethernets: {eth0: {routes: [{to: everywhere, via: 192.0.2.1}]}}",
            "expected `default`",
        ),
        (
            "ethernets: {eth0: {routes: [{to: default, via: 192.0.2.1, type: nat}]}}",
            "no `nat` routes any more: translate addresses with nftables",
        ),
        (
            "ethernets: {eth0: {routes: [{to: default, via: 192.0.2.1, type: scenic}]}}",
            "`scenic` is not a type of route, expected one of unicast, local",
        ),
        (
            "ethernets: {eth0: {routes: [{to: default, via: 192.0.2.1, advertised-mss: 65536}]}}",
            "a TCP segment of 65536 bytes is not possible",
        ),
        (
            "ethernets: {eth0: {addresses: [{}]}}",
            "an address such as `192.0.2.10/24` is missing",
        ),
        (
            "ethernets: {eth0: {addresses: [{192.0.2.10/24: {}, 192.0.2.11/24: {}}]}}",
            "write each address as an item of its own",
        ),
        (
            "ethernets: {eth0: {addresses: [{192.0.2.10/24: {lifetime: 5}}]}}",
            "a lifetime of `5` is not possible, expected `forever` or 0",
        ),
        (
            "ethernets: {eth0: {addresses: [{192.0.2.10/24: {weight: 5}}]}}",
            "unknown field `weight`",
        ),
        (
            "ethernets: {eth0: {addresses: [{192.0.2.10/24: {label: 'sixteen-bytes--x'}}]}}",
            "1 to 15 bytes, this one has 16",
        ),
        (
            "ethernets: {eth0: {addresses: [{192.0.2.10/24: {label: ''}}]}}",
            "1 to 15 bytes, this one has 0",
        ),
        (
            "ethernets: {eth0: {addresses: [{192.0.2.10/24: {label: 'ä'}}]}}",
            "only ASCII without control characters",
        ),
        (
            "ethernets: {eth0: {addresses: [{192.0.2.10/24: {label: ' a'}}]}}",
            "begins or ends with a blank",
        ),
        (
            "ethernets: {eth0: {macaddress: stable}}",
            "a word of NetworkManager that networkd has nothing for: write `permanent`, `random` or an address",
        ),
        ("ethernets: {eth0: {activation-mode: on}}", "expected manual or off"),
        (
            "ethernets: {eth0: {ipv6-address-token: 192.0.2.1}}",
            "not the lower half of an IPv6 address",
        ),
        (
            "ethernets: {eth0: {ipv6-address-token: '2001:db8::'}}",
            "nothing in its lower half",
        ),
        (
            "ethernets: {eth0: {routing-policy: [{to: default}]}}",
            "everything is `0.0.0.0/0` or `::/0`",
        ),
        (
            "ethernets: {eth0: {routing-policy: [{to: 192.0.2.0/33}]}}",
            "is not a network such as",
        ),
        (
            "ethernets: {eth0: {virtual-function-count: 257}}",
            "257 virtual functions are not possible, expected 0 to 256",
        ),
        ("ethernets: {eth0: {infiniband-mode: fast}}", "unknown variant `fast`"),
        (
            "ethernets: {eth0: {optional-addresses: [ipv5]}}",
            "unknown variant `ipv5`",
        ),
        (
            "ethernets: {eth0: {routes: [{to: default, via: 192.0.2.1, congestion-window: 1024}]}}",
            "expected 1 to 1023",
        ),
        ("ethernets: {eth0: {mtu: 67}}", "expected 68 to 65535"),
        ("ethernets: {eth0: {mtu: 65536}}", "expected 68 to 65535"),
        (
            "ethernets: {eth0: {macaddress: '00:50:56:aa:bb'}}",
            "not a hardware address",
        ),
        (
            "ethernets: {eth0: {macaddress: '00:50:56:aa:bb:cc:dd'}}",
            "not a hardware address",
        ),
        (
            "ethernets: {eth0: {macaddress: '00:50:56:aa:bb:+c'}}",
            "not a hardware address",
        ),
        ("ethernets: {eth0: {set-name: interface-number-0}}", "15 is the most"),
        ("ethernets: {eth0: {set-name: 'e*'}}", "`*` is not allowed"),
        ("ethernets: {eth0: {set-name: '12'}}", "digits alone"),
        (
            "ethernets: {eth0: {match: {name: '!eth0'}}}",
            "a match can't exclude links",
        ),
        ("ethernets: {eth0: {match: {name: 'eth0 '}}}", "no name has ` ` in it"),
        ("ethernets: {eth0: {match: {driver: ''}}}", "matches nothing"),
        ("ethernets: {../../x: {}}", "`/` and control characters"),
        ("ethernets: {'': {}}", "can't be empty"),
        ("ethernets: {eth0: {nameservers: {search: [a..b]}}}", "empty label"),
        (
            "ethernets: {eth0: {nameservers: {search: ['a b']}}}",
            "` ` is not allowed",
        ),
        (
            "ethernets: {eth0: {nameservers: {addresses: [dns.test]}}}",
            "`dns.test` is not an IP address",
        ),
    ] {
        let error = decode(yaml).expect_err(yaml);
        assert!(error.contains(message), "{yaml}: {error}");
    }
}

#[test]
fn what_only_shows_across_values_is_an_error_at_its_place() {
    let two = "addresses: [192.0.2.10/24, '2001:db8::1/64']";
    for (keys, place, message) in [
        (
            format!("{two}, gateway4: 192.0.2.10"),
            "gateway4",
            "the link's own address",
        ),
        ("gateway4: 192.0.2.1".to_owned(), "gateway4", "gets no IPv4 address"),
        (
            format!("{two}, routes: [{{to: default, via: 198.51.100.1}}]"),
            "routes/0",
            "outside the link's subnets",
        ),
        (
            "routes: [{to: default}]".to_owned(),
            "routes/0",
            "say whether it means IPv4 or IPv6",
        ),
        (
            "routes: [{to: 192.0.2.0/24, on-link: true}]".to_owned(),
            "routes/0/on-link",
            "needs `via`",
        ),
        (
            "routes: [{to: 192.0.2.0/24, via: 'fe80::1'}]".to_owned(),
            "routes/0",
            "mixes IPv4 and IPv6",
        ),
        (
            "routes: [{to: default, via: 192.0.2.1, from: 'fe80::1'}]".to_owned(),
            "routes/0",
            "mixes",
        ),
        (
            "routes: [{to: 192.0.2.0/24, table: 0}]".to_owned(),
            "routes/0/table",
            "routing table 0 doesn't exist",
        ),
        (
            "routes: [{to: 192.0.2.0/24, via: 192.0.2.1, type: blackhole}]".to_owned(),
            "routes/0/via",
            "has no gateway: remove `via`",
        ),
        ("set-name: mgmt0".to_owned(), "set-name", "needs a `match`"),
        ("match: {}".to_owned(), "", "every link"),
        ("match: {name: []}".to_owned(), "", "every link"),
        (
            "macaddress: '01:00:5e:00:00:01'".to_owned(),
            "macaddress",
            "no link can have",
        ),
        ("ipv6-mtu: 1279".to_owned(), "ipv6-mtu", "at least 1280"),
        (
            format!("{two}, nameservers: {{}}, addresses: [192.0.2.1/24, 192.0.2.1/25]").replacen(
                two,
                "dhcp6: true",
                1,
            ),
            "addresses/1",
            "already an address of `eth0`",
        ),
    ] {
        let problems = check_eth0(&keys);
        assert_eq!(problems.len(), 1, "{keys}: {problems:?}");
        let expected = format!("ethernets/eth0/{place}");
        assert_eq!(problems[0].path.join("/"), expected.trim_end_matches('/'), "{keys}");
        assert!(problems[0].message.contains(message), "{keys}: {problems:?}");
        assert!(!problems[0].warning, "{keys}");
    }
}

#[test]
fn what_only_shows_across_interfaces_is_said_of_the_second() {
    for (yaml, place, message, warning) in [
        (
            "ethernets: {eth0: {addresses: [192.0.2.1/24]}, eth1: {addresses: [10.0.0.1/8, 192.0.2.1/25]}}",
            "ethernets/eth1/addresses/1",
            "already an address of `eth0`",
            true,
        ),
        (
            "ethernets: {a: {match: {driver: x}, set-name: n0}, b: {match: {driver: z}, set-name: n0}}",
            "ethernets/b/set-name",
            "already that of `a`",
            false,
        ),
        (
            "ethernets: {eth0: {}, a: {match: {driver: x}, set-name: eth0}}",
            "ethernets/a/set-name",
            "already that of `eth0`",
            false,
        ),
        (
            "ethernets: {a: {addresses: [10.0.0.2/24], gateway4: 10.0.0.1}, \
             b: {addresses: [10.0.1.2/24], routes: [{to: default, via: 10.0.1.1}]}}",
            "ethernets/b/routes/0",
            "`a` already has an IPv4 default route",
            true,
        ),
        ("ethernets: {'e*': {}}", "ethernets/e*", "`*` is not allowed", false),
        (
            "ethernets: {interface-number-0: {}}",
            "ethernets/interface-number-0",
            "15 is the most",
            false,
        ),
        ("modems: [1]", "modems", "networkd doesn't dial", false),
        (
            "wifis: yes",
            "wifis",
            "networkd doesn't log into wireless networks",
            false,
        ),
        (
            "nm-devices: {n: {}}",
            "nm-devices",
            "those are profiles of NetworkManager",
            false,
        ),
        (
            "openvswitch: {ports: []}",
            "openvswitch",
            "Open vSwitch keeps its bridges in a database",
            false,
        ),
        (
            "config: disabled\nethernets: {eth0: {}}",
            "ethernets",
            "is not used",
            true,
        ),
        (
            "ethernets: {eth0: {dhcp4-overrides: {}}}",
            "ethernets/eth0/dhcp4-overrides",
            "no effect",
            true,
        ),
        (
            "ethernets: {eth0: {dhcp6: true, mtu: 1000}}",
            "ethernets/eth0/mtu",
            "IPv6 needs",
            true,
        ),
    ] {
        let problems = check(yaml);
        assert_eq!(problems.len(), 1, "{yaml}: {problems:?}");
        assert_eq!(problems[0].path.join("/"), place, "{yaml}");
        assert!(problems[0].message.contains(message), "{yaml}: {problems:?}");
        assert_eq!(problems[0].warning, warning, "{yaml}");
    }
}

#[test]
fn default_routes_with_metrics_or_tables_of_their_own_are_fine() {
    let yaml = "ethernets: {eth0: {addresses: [10.0.0.2/24, 'fd00::2/64'], gateway4: 10.0.0.1, gateway6: 'fd00::1', \
                routes: [{to: default, via: 10.0.0.1, metric: 5}, {to: 0.0.0.0/0, via: 10.0.0.1, table: 7}]}}";
    assert_eq!(check(yaml), []);
}

/// What is said of one interface `eth0`: where, what, and whether the value is used.
#[test]
fn what_is_taken_with_a_warning_or_refused_says_so_at_its_place() {
    let two = "addresses: [192.0.2.10/24, '2001:db8::10/64']";
    for (keys, place, message, warning) in [
        // What cloud-init takes: hosters have gateways outside of the subnet.
        (
            "addresses: [203.0.113.5/32], gateway4: 172.31.1.1",
            "gateway4",
            "outside the link's subnets (203.0.113.5/32): firstlight assumes that the link reaches it directly",
            true,
        ),
        (
            "addresses: ['2001:db8::10/64'], gateway6: '2001:db8:1::1'",
            "gateway6",
            "outside the link's subnets (2001:db8::/64): firstlight assumes that the link reaches it directly",
            true,
        ),
        (
            "addresses: [192.0.2.0/24]",
            "addresses/0",
            "the address of the network 192.0.2.0/24",
            false,
        ),
        (
            "addresses: [192.0.2.255/24]",
            "addresses/0",
            "the broadcast address of 192.0.2.0/24",
            false,
        ),
        (
            "addresses: [10.0.0.3/30]",
            "addresses/0",
            "the broadcast address of 10.0.0.0/30",
            false,
        ),
        (
            "addresses: ['2001:db8::/64']",
            "addresses/0",
            "the address of all routers",
            true,
        ),
        (
            "addresses: [127.0.0.1/8]",
            "addresses/0",
            "an address of the loopback link",
            false,
        ),
        (
            "addresses: [255.255.255.255/32]",
            "addresses/0",
            "not an address that a link can have",
            false,
        ),
        (
            "addresses: ['::1/128']",
            "addresses/0",
            "an address of the loopback link",
            false,
        ),
        (
            "addresses: [192.0.2.10/24], gateway4: 192.0.2.255",
            "gateway4",
            "can't be another machine's address",
            false,
        ),
        (
            "addresses: [192.0.2.10/24], gateway4: 192.0.2.0",
            "gateway4",
            "can't be another machine's address",
            false,
        ),
        (
            "addresses: [192.0.2.10/24], routes: [{to: default, via: 127.0.0.1, on-link: true}]",
            "routes/0",
            "can't be another machine's address",
            false,
        ),
        (
            "addresses: [192.0.2.10/24], routes: [{to: default, via: 192.0.2.10, on-link: true}]",
            "routes/0",
            "the link's own address",
            false,
        ),
        (
            "addresses: [192.0.2.1/24, 192.0.2.1/24]",
            "addresses/1",
            "already an address of `eth0`",
            true,
        ),
        ("dhcp4: false", "dhcp4", "the link gets no address", true),
        ("dhcp6: false, dhcp4: false", "dhcp4", "the link gets no address", true),
        (
            "dhcp6: true, dhcp6-overrides: {use-mtu: true}",
            "dhcp6-overrides/use-mtu",
            "only for DHCPv4",
            true,
        ),
        (
            "dhcp6: true, dhcp6-overrides: {use-routes: false}",
            "dhcp6-overrides/use-routes",
            "only for DHCPv4",
            true,
        ),
        (
            "dhcp4: true, ipv6-address-generation: eui64, ipv6-address-token: '::2'",
            "ipv6-address-token",
            "say two things about the same address",
            false,
        ),
        (
            "dhcp4: true, ipv6-address-token: '2001:db8::2'",
            "ipv6-address-token",
            "only the lower half of 2001:db8::2 is used",
            true,
        ),
        (
            "dhcp4: true, ra-overrides: {table: 0}",
            "ra-overrides/table",
            "routing table 0 doesn't exist",
            false,
        ),
        (
            "dhcp4: true, accept-ra: false, ra-overrides: {use-dns: false}",
            "ra-overrides",
            "has no effect with `accept-ra: false`",
            true,
        ),
        (
            "dhcp4: true, optional-addresses: [dhcp4, ipv6-ra, dhcp6]",
            "optional-addresses/2",
            "the link gets no such address",
            true,
        ),
        (
            "dhcp4: true, routing-policy: [{table: 5}]",
            "routing-policy/0",
            "this rule needs `from` or `to`",
            false,
        ),
        (
            "dhcp4: true, routing-policy: [{to: 192.0.2.1, from: '2001:db8::/32'}]",
            "routing-policy/0",
            "this rule mixes IPv4 and IPv6",
            false,
        ),
        (
            "dhcp4: true, routing-policy: [{to: 192.0.2.1, table: 0}]",
            "routing-policy/0/table",
            "routing table 0 doesn't exist",
            false,
        ),
        (
            "dhcp4: true, routing-policy: [{to: 192.0.2.1, mark: 0}]",
            "routing-policy/0/mark",
            "mark 0 is that of packets without one",
            false,
        ),
        (
            "dhcp4: true, routing-policy: [{to: 192.0.2.1, type-of-service: 17}]",
            "routing-policy/0/type-of-service",
            "the kernel refuses the rule",
            true,
        ),
        (
            "addresses: [{'2001:db8::1/64': {label: x}}]",
            "addresses/0/2001:db8::1/64/label",
            "only IPv4 addresses have labels",
            true,
        ),
        ("dhcp4: true, link: pf0", "link", "there is no device `pf0`", false),
        (
            "dhcp4: true, link: eth0",
            "link",
            "`eth0` would be made of itself",
            false,
        ),
        (
            "dhcp4: true, embedded-switch-mode: switchdev",
            "embedded-switch-mode",
            "neither networkd nor udev sets the mode",
            false,
        ),
        (
            "dhcp4: true, delay-virtual-functions-rebind: true",
            "delay-virtual-functions-rebind",
            "it is for `embedded-switch-mode`",
            false,
        ),
        (
            "dhcp4: true, hairpin: false",
            "hairpin",
            "is for ports of bridges, and no bridge has this one",
            true,
        ),
        (
            "dhcp4: true, auth: {key-management: 802.1x}",
            "auth",
            "networkd doesn't log into networks (802.1x), wpa_supplicant does",
            false,
        ),
        (
            "dhcp4: true, openvswitch: {lacp: active}",
            "openvswitch",
            "Open vSwitch keeps its bridges in a database of its own",
            false,
        ),
        (
            "match: {name: a-very-long-name-of-a-link}",
            "match/name",
            "has 26 bytes, but a link's name has at most 15",
            true,
        ),
    ] {
        let problems = check_eth0(keys);
        assert_eq!(problems.len(), 1, "{keys}: {problems:?}");
        assert_eq!(problems[0].path.join("/"), format!("ethernets/eth0/{place}"), "{keys}");
        assert!(problems[0].message.contains(message), "{keys}: {problems:?}");
        assert_eq!(problems[0].warning, warning, "{keys}");
    }
    for keys in [
        "addresses: [192.0.2.10/31, 192.0.2.11/31, 192.0.2.12/32, '2001:db8::/127', '2001:db8::2/128']",
        "dhcp4: false, addresses: [192.0.2.10/24]",
        "dhcp4: false, link-local: [ipv4]",
        "dhcp4: false, dhcp6: true",
        "match: {name: 'a-very-long-pattern-of-links*'}",
        "match: {name: lo}, addresses: [127.0.0.1/8, '::1/128', 203.0.113.7/32]",
        "dhcp6: true, dhcp6-overrides: {use-dns: false, hostname: hal, send-hostname: false, use-domains: 'yes'}",
        "dhcp4: true, dhcp4-overrides: {use-domains: 'no'}",
        &format!("{two}, gateway4: 192.0.2.1, gateway6: 'fe80::1'"),
    ] {
        assert_eq!(check_eth0(keys), [], "{keys}");
    }
}

#[test]
fn what_shows_between_interfaces_about_names_and_links() {
    let mac = "macaddress: '00:50:56:00:00:0";
    for (ethernets, expected) in [
        // The reports' 20-swap.yaml: nobody knows which link is which.
        (
            format!("a: {{match: {{{mac}1'}}, set-name: eth1}}, b: {{match: {{{mac}2'}}, set-name: eth0}}"),
            vec![("a/set-name", true), ("b/set-name", true)],
        ),
        (format!("a: {{match: {{{mac}1'}}, set-name: eth0}}"), vec![]),
        (
            format!("a: {{match: {{{mac}1'}}, set-name: lan0}}, b: {{match: {{{mac}2'}}, set-name: lan1}}"),
            vec![],
        ),
        (
            "a: {match: {name: lan0}, set-name: lan1}, b: {match: {name: lan1}, set-name: lan0}".to_owned(),
            vec![("a/set-name", false), ("b/set-name", false)],
        ),
        (
            "a: {match: {name: p}, set-name: q}, b: {match: {name: q}, set-name: r}, c: {match: {name: r}, set-name: p}, \
             d: {match: {name: s}, set-name: t}"
                .to_owned(),
            vec![("a/set-name", false), ("b/set-name", false), ("c/set-name", false)],
        ),
        // One after the other works.
        (
            "a: {match: {name: p}, set-name: q}, b: {match: {name: q}, set-name: r}".to_owned(),
            vec![],
        ),
        ("a: {match: {name: x}, set-name: x}".to_owned(), vec![]),
        (
            format!("a: {{match: {{{mac}1'}}, dhcp4: true}}, b: {{match: {{{mac}1'}}, dhcp6: true}}"),
            vec![("b/match", true)],
        ),
        (
            format!("a: {{{mac}1', dhcp4: true}}, b: {{{mac}1', dhcp4: true}}"),
            vec![("b/macaddress", true)],
        ),
        ("a: {match: {name: eth0}}, eth0: {dhcp4: true}".to_owned(), vec![("eth0", true)]),
        ("a: {match: {name: 'e*'}}, eth0: {dhcp4: true}".to_owned(), vec![]),
    ] {
        let problems = check(&format!("ethernets: {{{ethernets}}}"));
        let mut found: Vec<_> = problems.iter().map(|p| (p.path[1..].join("/"), p.warning)).collect();
        found.sort();
        let expected: Vec<_> = expected.into_iter().map(|(place, warning)| (place.to_owned(), warning)).collect();
        assert_eq!(found, expected, "{ethernets}: {problems:?}");
    }
}

#[test]
fn a_disabled_network_of_either_version_asks_for_nothing() {
    for yaml in [
        "config: disabled",
        "{version: 1, config: disabled}",
        "{version: 2, config: disabled}",
    ] {
        let network = decode(yaml).unwrap();
        assert!(network.is_disabled(), "{yaml}");
        assert_eq!(check(yaml), [], "{yaml}");
    }
}
