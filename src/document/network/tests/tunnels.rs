//! Tunnels: what each mode needs, and what gets in each other's way.

use super::*;

const KEY: &str = "mNb7OIIXTdgW4khM7OFlzJ+UPs7lmcWHV7xjPgakMkQ=";
const PUBLIC: &str = "keys: {public: rlbInAj0qV69CysWPQY7KEBnKxpYCpaWqOs/dLevdWc=}";

/// A WireGuard tunnel with these keys besides.
fn wireguard(id: &str, keys: &str) -> String {
    format!("{id}: {{mode: wireguard, key: {KEY}, {keys}}}")
}

#[test]
fn tunnels_that_can_be_made_pass() {
    for tunnel in [
        "t: {mode: gre, remote: 192.0.2.20, ttl: 255, key: 1.2.3.4}",
        "t: {mode: gre, remote: 192.0.2.20, keys: {input: '1', output: 1.2.3.4}}",
        "t: {mode: gre, remote: 192.0.2.20}, u: {mode: gre, remote: 192.0.2.20, key: '2'}",
        "t: {mode: gre, remote: 192.0.2.20}, u: {mode: gretap, remote: 192.0.2.20}",
        "t: {mode: vti6, local: '2001:db8::1', remote: '2001:db8::2', key: '7'}",
        "t: {mode: vxlan, id: 1}, u: {mode: vxlan, id: 1, port: 4789}, v: {mode: vxlan, id: 1, link: t}",
        "t: {mode: wireguard, key: /etc/wireguard/key}",
        &wireguard(
            "t",
            &format!("port: 51820, peers: [{{{PUBLIC}, allowed-ips: [0.0.0.0/0, '::/0'], endpoint: 'a.example:5'}}]"),
        ),
        &format!("{}, {}", wireguard("t", "port: 0"), wireguard("u", "port: 0")),
    ] {
        assert_eq!(check(&format!("tunnels: {{{tunnel}}}")), [], "{tunnel}");
    }
}

#[test]
fn what_a_mode_needs_or_cannot_do_is_told_at_its_key() {
    let peers = |peers: &str| wireguard("t", &format!("peers: [{peers}]"));
    for (tunnel, place, message, warning) in [
        ("t: {mode: gre}", "t", "`gre` needs `remote`", false),
        (
            "t: {mode: ip6gre, remote: 192.0.2.1}",
            "t/remote",
            "IPv6 addresses",
            false,
        ),
        (
            "t: {mode: sit, local: '::1', remote: 192.0.2.1}",
            "t/local",
            "IPv4 addresses",
            false,
        ),
        (
            "t: {mode: gre, local: 239.1.1.1, remote: 192.0.2.1}",
            "t/local",
            "multicast",
            false,
        ),
        (
            "t: {mode: gre, remote: 192.0.2.1, key: abc}",
            "t/key",
            "not a tunnel's key",
            false,
        ),
        (
            "t: {mode: ipip, remote: 192.0.2.1, key: '5'}",
            "t/key",
            "have no key",
            false,
        ),
        (
            "t: {mode: sit, remote: 192.0.2.1, keys: {input: '5'}}",
            "t/keys/input",
            "have no key",
            false,
        ),
        (
            "t: {mode: gre, remote: 192.0.2.1, key: '5', keys: '6'}",
            "t/keys",
            "two names of one",
            false,
        ),
        (
            &format!("t: {{mode: gre, remote: 192.0.2.1, keys: {{private: {KEY}}}}}"),
            "t/keys/private",
            "only `wireguard`",
            true,
        ),
        (
            "t: {mode: gre, remote: 192.0.2.1, id: 5}",
            "t/id",
            "it is for `vxlan`",
            true,
        ),
        (
            "t: {mode: gre, remote: 192.0.2.1, port: 5}",
            "t/port",
            "for `wireguard` and `vxlan`",
            true,
        ),
        ("t: {mode: vxlan}", "t", "`vxlan` needs `id`", false),
        (
            "t: {mode: vxlan, id: 1, link: eth0}",
            "t/link",
            "no device `eth0`",
            false,
        ),
        ("t: {mode: vxlan, id: 1, link: t}", "t/link", "made of itself", false),
        (
            "t: {mode: vxlan, id: 1, local: 192.0.2.1, remote: '2001:db8::1'}",
            "t/remote",
            "both are IPv4",
            false,
        ),
        (
            "t: {mode: vxlan, id: 1, port-range: [9, 5]}",
            "t/port-range",
            "taken as 5-9",
            true,
        ),
        (
            "t: {mode: vxlan, id: 1, remote: 192.0.2.1, flow-label: 5}",
            "t/flow-label",
            "over IPv4",
            true,
        ),
        ("t: {mode: vxlan, id: 1, ageing: 0}", "t/ageing", "says nothing", true),
        (
            "t: {mode: vxlan, id: 1}, u: {mode: vxlan, id: 1}",
            "u",
            "own `id`",
            true,
        ),
        (
            "t: {mode: gre, remote: 192.0.2.1}, u: {mode: gre, remote: 192.0.2.1}",
            "u",
            "only one of them",
            true,
        ),
        ("t: {mode: wireguard}", "t", "needs a private key", false),
        (
            "t: {mode: wireguard, keys: {input: '5'}}",
            "t",
            "needs a private key",
            false,
        ),
        (
            "t: {mode: wireguard, key: short}",
            "t/key",
            "not a key of WireGuard",
            false,
        ),
        (
            &wireguard("t", "remote: 192.0.2.1"),
            "t/remote",
            "no effect in mode `wireguard`",
            true,
        ),
        (
            &peers(&format!("{{{PUBLIC}}}")),
            "t/peers/0",
            "without `allowed-ips`",
            true,
        ),
        (
            &peers(&format!(
                "{{{PUBLIC}, allowed-ips: [192.0.2.1/32]}}, {{{PUBLIC}, allowed-ips: [192.0.2.2/32]}}"
            )),
            "t/peers/1/keys/public",
            "already has this public key",
            true,
        ),
        (
            &peers(&format!(
                "{{{PUBLIC}, allowed-ips: [192.0.2.0/24]}}, {{keys: {{public: {KEY}}}, allowed-ips: [192.0.2.7/24]}}"
            )),
            "t/peers/1/allowed-ips/0",
            "192.0.2.0/24 is already that of peer 0",
            true,
        ),
        (
            &format!("{}, {}", wireguard("t", "port: 5"), wireguard("u", "port: 5")),
            "u/port",
            "`t` already listens",
            false,
        ),
    ] {
        let found = check(&format!("tunnels: {{{tunnel}}}"));
        let said: Vec<_> = found
            .iter()
            .filter(|p| !p.message.contains("needs a private key") || message.contains("private"))
            .map(|p| (p.path.join("/"), format!("{} {:?}", p.message, p.hint), p.warning))
            .collect();
        let place = format!("tunnels/{place}");
        let hit = said
            .iter()
            .find(|(at, words, is_warning)| *at == place && *is_warning == warning && words.contains(message));
        assert!(hit.is_some(), "{tunnel}: {said:?}");
        assert!(said.iter().all(|(_, words, _)| !words.contains(KEY)), "{said:?}");
    }
}

#[test]
fn values_of_tunnels_have_their_bounds() {
    for (tunnel, message) in [
        ("{remote: 192.0.2.1}", "missing field `mode`"),
        ("{mode: ipsec, remote: 192.0.2.1}", "ipsec"),
        (
            "{mode: isatap, remote: 192.0.2.1}",
            "networkd makes no `isatap` tunnels",
        ),
        ("{mode: gre, remote: 192.0.2.1/24}", "not an IP address"),
        ("{mode: gre, remote: 192.0.2.1, ttl: 256}", "256"),
        ("{mode: vxlan, id: 0}", "there is no VXLAN 0"),
        ("{mode: vxlan, id: 1, port: 65536}", "65536"),
        ("{mode: vxlan, id: 1, checksums: [tcp]}", "tcp"),
        ("{mode: wireguard, key: [a]}", "a key, or a mapping of keys"),
        ("{mode: wireguard, keys: {private: short}}", "not a key of WireGuard"),
        ("{mode: wireguard, key: k, peers: [{}]}", "missing field `keys`"),
        (
            "{mode: wireguard, key: k, peers: [{keys: {}}]}",
            "missing field `public`",
        ),
        (
            "{mode: wireguard, key: k, peers: [{keys: {public: /etc/key}}]}",
            "not a public key",
        ),
    ] {
        let why = decode(&format!("tunnels: {{t: {tunnel}}}")).unwrap_err();
        assert!(why.contains(message), "{tunnel}: {why}");
    }
}
