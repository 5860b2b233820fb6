//! Each key of the document, and the lines it becomes.

use super::*;
use crate::document::network::LinkName;
use crate::module::{Dirty, LinkSelector, Stage};

#[test]
fn a_file_as_a_person_would_write_it() {
    let yaml = "
version: 2
ethernets:
  eth0:
    mtu: 9000
    optional: true
    accept-ra: false
    addresses: [192.0.2.10/24, '2001:db8::10/64']
    gateway4: 192.0.2.1
    routes:
      - {to: default, via: 'fe80::1'}
      - {to: 198.51.100.0/24, via: 192.0.2.254, metric: 50}
    nameservers: {addresses: [192.0.2.53, '2001:db8::53'], search: [example.test, lab]}
";
    let plan = Rig::offline().plan(yaml);
    let expected = "
[Match]
Name=eth0

[Link]
MTUBytes=9000
RequiredForOnline=no

[Network]
DHCP=no
IPv6AcceptRA=no
Address=192.0.2.10/24
Address=2001:db8::10/64
Gateway=192.0.2.1
Gateway=fe80::1
DNS=192.0.2.53
DNS=2001:db8::53
Domains=example.test lab

[Route]
Destination=198.51.100.0/24
Gateway=192.0.2.254
Metric=50
";
    assert_eq!(
        files(&plan),
        [("10-firstlight-eth0.network".to_owned(), expected.to_owned())].into()
    );
    // The only interface need not be there: that is said.
    assert!(
        plan.notes.len() == 1 && plan.notes[0].text.starts_with("every interface is `optional`"),
        "{:?}",
        plan.notes
    );
    let [Change::File(file)] = plan.changes.as_slice() else {
        panic!("{plan:?}")
    };
    assert_eq!(file.path, "/etc/systemd/network/10-firstlight-eth0.network");
    assert_eq!(file.dirties, [Dirty::Network]);
    let content = file.content.as_ref().unwrap();
    assert_eq!((content.mode, content.owner), (0o644, (0, 0)));
    assert_eq!((Network.name(), Network.stage()), ("network", Stage::Local));
}

/// The file's lines for an interface `nic` with these keys: without comment, sections inline, `[Network] DHCP=no` left
/// out.
fn lines(keys: &str, suffix: &str) -> Vec<String> {
    let plan = Rig::offline().plan(&format!("ethernets: {{nic: {{{keys}}}}}"));
    let files = files(&plan);
    let Some(text) = files.get(&format!("10-firstlight-nic{suffix}")) else {
        return Vec::new();
    };
    let lines = read_ini(text)
        .into_iter()
        .map(|(_, section, key, value)| format!("{section}.{key}={value}"));
    lines.filter(|line| line != "Network.DHCP=no").collect()
}

#[test]
fn each_key_becomes_its_line() {
    let mac = "match: {macaddress: '00:50:56:AA:BB:CC'}";
    let mac_match = ["Match.MACAddress=00:50:56:aa:bb:cc", "Match.Type=!vlan bond bridge"];
    let name = "Match.Name=nic";
    let cases: &[(&str, &[&str])] = &[
        ("", &[name]),
        ("match: {name: 'e*'}", &["Match.Name=e*"]),
        ("match: {name: ['eth[0-3]', ens192]}", &["Match.Name=eth[0-3] ens192"]),
        ("match: {driver: vmxnet3}", &["Match.Driver=vmxnet3"]),
        (
            "match: {driver: [vmxnet3, 'e1000*'], name: 'e*'}",
            &["Match.Name=e*", "Match.Driver=vmxnet3 e1000*"],
        ),
        (mac, &mac_match),
        ("match: {macaddress: '00-50-56-aa-bb-cc'}, set-name: mgmt0", &mac_match),
        (
            "match: {driver: vmxnet3}, set-name: mgmt0",
            &["Match.Name=mgmt0", "Match.Driver=vmxnet3"],
        ),
        ("match: {name: eth0}, set-name: mgmt0", &["Match.Name=mgmt0"]),
        (
            "match: {macaddress: '00:50:56:aa:bb:cc'}, macaddress: '02:00:00:00:00:01'",
            &[
                "Match.MACAddress=00:50:56:aa:bb:cc 02:00:00:00:00:01",
                "Match.Type=!vlan bond bridge",
                "Link.MACAddress=02:00:00:00:00:01",
            ],
        ),
        (
            "macaddress: '02:00:00:00:00:01'",
            &[name, "Link.MACAddress=02:00:00:00:00:01"],
        ),
        ("mtu: 1400", &[name, "Link.MTUBytes=1400"]),
        ("optional: true", &[name, "Link.RequiredForOnline=no"]),
        ("optional: false", &[name]),
        ("dhcp4: false, dhcp6: false", &[name]),
        (
            "dhcp4: true",
            &[name, "Network.DHCP=ipv4", "DHCPv4.UseMTU=yes", "DHCPv4.RouteMetric=100"],
        ),
        (
            "dhcp6: true",
            &[name, "Network.DHCP=ipv6", "IPv6AcceptRA.RouteMetric=100"],
        ),
        (
            "dhcp4: true, dhcp6: true",
            &[
                name,
                "Network.DHCP=yes",
                "DHCPv4.UseMTU=yes",
                "DHCPv4.RouteMetric=100",
                "IPv6AcceptRA.RouteMetric=100",
            ],
        ),
        (
            "macaddress: '80:00:02:08:fe:80:00:00:00:00:00:00:00:02:C9:03:00:31:78:A1', infiniband-mode: connected",
            &[
                name,
                "Link.MACAddress=80:00:02:08:fe:80:00:00:00:00:00:00:00:02:c9:03:00:31:78:a1",
                "IPoIB.Mode=connected",
            ],
        ),
        ("macaddress: permanent", &[name]),
        (
            "match: {macaddress: '00:50:56:aa:bb:cc'}, macaddress: permanent",
            &mac_match,
        ),
        (
            "match: {macaddress: '00:50:56:aa:bb:cc'}, macaddress: random",
            &[
                "Match.PermanentMACAddress=00:50:56:aa:bb:cc",
                "Match.Type=!vlan bond bridge",
            ],
        ),
        (
            "activation-mode: manual",
            &[name, "Link.ActivationPolicy=manual", "Link.RequiredForOnline=no"],
        ),
        (
            "activation-mode: off",
            &[name, "Link.ActivationPolicy=always-down", "Link.RequiredForOnline=no"],
        ),
        (
            "link-local: [], ignore-carrier: true",
            &[
                name,
                "Link.RequiredForOnline=no",
                "Network.LinkLocalAddressing=no",
                "Network.ConfigureWithoutCarrier=yes",
            ],
        ),
        (
            "addresses: [192.0.2.10/24, '2001:db8::1/64'], optional-addresses: [static]",
            &[
                name,
                "Link.RequiredForOnline=no",
                "Network.Address=192.0.2.10/24",
                "Network.Address=2001:db8::1/64",
            ],
        ),
        (
            "addresses: [192.0.2.10/24], accept-ra: true, optional-addresses: [static]",
            &[
                name,
                "Link.RequiredFamilyForOnline=ipv6",
                "Network.IPv6AcceptRA=yes",
                "Network.Address=192.0.2.10/24",
            ],
        ),
        (
            "addresses: [192.0.2.10/24], optional-addresses: [ipv6-ra]",
            &[
                name,
                "Link.RequiredFamilyForOnline=ipv4",
                "Network.Address=192.0.2.10/24",
            ],
        ),
        (
            "addresses: [192.0.2.10/24, '2001:db8::1/64'], accept-ra: true, optional-addresses: [ipv6-ra]",
            &[
                name,
                "Network.IPv6AcceptRA=yes",
                "Network.Address=192.0.2.10/24",
                "Network.Address=2001:db8::1/64",
            ],
        ),
        (
            "addresses: [{192.0.2.10/24: {label: 'a%n b', lifetime: 0}}, {192.0.2.11/24: }, {'2001:db8::1/64': {lifetime: forever}}]",
            &[
                name,
                "Network.Address=192.0.2.11/24",
                "Address.Address=192.0.2.10/24",
                "Address.Label=a%%n b",
                "Address.PreferredLifetime=0",
                "Address.Address=2001:db8::1/64",
                "Address.PreferredLifetime=forever",
            ],
        ),
        (
            "routing-policy: [{from: 192.0.2.7/24, to: 198.51.100.1, table: 4294967295, priority: 4294967295, \
             mark: 4294967295, type-of-service: 252}, {to: '::/0', priority: 0}]",
            &[
                name,
                "RoutingPolicyRule.From=192.0.2.0/24",
                "RoutingPolicyRule.To=198.51.100.1",
                "RoutingPolicyRule.Table=4294967295",
                "RoutingPolicyRule.Priority=4294967295",
                "RoutingPolicyRule.FirewallMark=4294967295",
                "RoutingPolicyRule.TypeOfService=252",
                "RoutingPolicyRule.To=::/0",
                "RoutingPolicyRule.Priority=0",
            ],
        ),
        (
            "ra-overrides: {use-dns: false, use-domains: route, table: 7}",
            &[
                name,
                "IPv6AcceptRA.UseDNS=no",
                "IPv6AcceptRA.UseDomains=route",
                "IPv6AcceptRA.RouteTable=7",
            ],
        ),
        ("ipv6-address-token: '::2'", &[name, "Network.IPv6Token=static:::2"]),
        (
            "hairpin: true, port-mac-learning: false, neigh-suppress: true",
            &[
                name,
                "Bridge.HairPin=yes",
                "Bridge.Learning=no",
                "Bridge.NeighborSuppression=yes",
            ],
        ),
        // It never gets an address, so that the boot would wait for one in vain.
        (
            "link-local: []",
            &[name, "Link.RequiredForOnline=carrier", "Network.LinkLocalAddressing=no"],
        ),
        ("link-local: [ipv4]", &[name, "Network.LinkLocalAddressing=ipv4"]),
        ("link-local: [ipv6]", &[name, "Network.LinkLocalAddressing=ipv6"]),
        ("link-local: [ipv6, ipv4]", &[name, "Network.LinkLocalAddressing=yes"]),
        (
            "ipv6-address-generation: stable-privacy",
            &[
                name,
                "Network.IPv6LinkLocalAddressGenerationMode=stable-privacy",
                "Network.IPv6Token=prefixstable",
            ],
        ),
        (
            "ipv6-address-generation: eui64",
            &[name, "Network.IPv6LinkLocalAddressGenerationMode=eui64"],
        ),
        ("accept-ra: true", &[name, "Network.IPv6AcceptRA=yes"]),
        ("ipv6-privacy: true", &[name, "Network.IPv6PrivacyExtensions=yes"]),
        ("ipv6-privacy: false", &[name, "Network.IPv6PrivacyExtensions=no"]),
        ("ipv6-mtu: 1400", &[name, "Network.IPv6MTUBytes=1400"]),
        ("critical: true", &[name, "Network.KeepConfiguration=yes"]),
        ("ignore-carrier: true", &[name, "Network.ConfigureWithoutCarrier=yes"]),
        ("emit-lldp: true", &[name, "Network.EmitLLDP=yes"]),
        (
            "gateway6: 'fe80::1', gateway4: 192.0.2.1",
            &[name, "Network.Gateway=192.0.2.1", "Network.Gateway=fe80::1"],
        ),
        (
            "addresses: [203.0.113.5/32], gateway4: 172.31.1.1",
            &[
                name,
                "Network.Address=203.0.113.5/32",
                "Route.Gateway=172.31.1.1",
                "Route.GatewayOnLink=yes",
            ],
        ),
        (
            "dhcp6: true, dhcp6-overrides: {hostname: hal, send-hostname: true, use-routes: false}",
            &[
                name,
                "Network.DHCP=ipv6",
                "DHCPv6.SendHostname=yes",
                "DHCPv6.Hostname=hal",
                "IPv6AcceptRA.RouteMetric=100",
            ],
        ),
        (
            "dhcp6: true, dhcp6-overrides: {route-metric: 7}",
            &[name, "Network.DHCP=ipv6", "IPv6AcceptRA.RouteMetric=7"],
        ),
        ("nameservers: {search: [lab]}", &[name, "Network.Domains=lab"]),
        (
            "nameservers: {addresses: 192.0.2.53}",
            &[name, "Network.DNS=192.0.2.53"],
        ),
        ("dhcp-identifier: mac", &[name, "DHCPv4.ClientIdentifier=mac"]),
        ("dhcp-identifier: duid", &[name, "DHCPv4.ClientIdentifier=duid"]),
        (
            "dhcp4-overrides: {use-dns: false, use-domains: route, use-hostname: false, use-ntp: false, use-mtu: true, \
             use-routes: false, send-hostname: true, hostname: hal, route-metric: 7}",
            &[
                name,
                "DHCPv4.SendHostname=yes",
                "DHCPv4.Hostname=hal",
                "DHCPv4.UseDNS=no",
                "DHCPv4.UseDomains=route",
                "DHCPv4.UseHostname=no",
                "DHCPv4.UseNTP=no",
                "DHCPv4.UseMTU=yes",
                "DHCPv4.UseRoutes=no",
                "DHCPv4.RouteMetric=7",
            ],
        ),
        (
            "dhcp6-overrides: {use-dns: false, use-domains: true, use-hostname: false, use-ntp: false}",
            &[
                name,
                "DHCPv6.UseDNS=no",
                "DHCPv6.UseDomains=yes",
                "DHCPv6.UseHostname=no",
                "DHCPv6.UseNTP=no",
            ],
        ),
    ];
    for (keys, expected) in cases {
        assert_eq!(lines(keys, ".network"), *expected, "{keys}");
    }
}

#[test]
fn each_route_becomes_its_lines() {
    let cases: &[(&str, &[&str])] = &[
        ("to: default, via: 192.0.2.1", &["Network.Gateway=192.0.2.1"]),
        ("to: 0.0.0.0/0, via: 192.0.2.1", &["Network.Gateway=192.0.2.1"]),
        ("to: '::/0', via: 'fe80::1'", &["Network.Gateway=fe80::1"]),
        (
            "to: default, via: 192.0.2.1, metric: 5",
            &["Route.Gateway=192.0.2.1", "Route.Metric=5"],
        ),
        (
            "to: default, via: 192.0.2.1, on-link: true",
            &["Route.Gateway=192.0.2.1", "Route.GatewayOnLink=yes"],
        ),
        ("to: 198.51.100.7", &["Route.Destination=198.51.100.7/32"]),
        (
            "to: 198.51.100.7/24, scope: link",
            &["Route.Destination=198.51.100.0/24", "Route.Scope=link"],
        ),
        ("to: 'fe80::7', scope: link", &["Route.Destination=fe80::7/128"]),
        ("to: 0.0.0.0/0", &["Route.Destination=0.0.0.0/0"]),
        (
            "to: '::/0', type: unreachable",
            &["Route.Destination=::/0", "Route.Type=unreachable"],
        ),
        (
            "to: 198.51.100.0/24, via: 192.0.2.1, from: 192.0.2.7, table: 7, mtu: 1400, congestion-window: 20, \
             advertised-receive-window: 30, advertised-mss: 1400",
            &[
                "Route.Destination=198.51.100.0/24",
                "Route.Gateway=192.0.2.1",
                "Route.PreferredSource=192.0.2.7",
                "Route.Table=7",
                "Route.MTUBytes=1400",
                "Route.InitialCongestionWindow=20",
                "Route.InitialAdvertisedReceiveWindow=30",
                "Route.TCPAdvertisedMaximumSegmentSize=1400",
            ],
        ),
    ];
    for (route, expected) in cases {
        let keys = format!("routes: [{{{route}}}]");
        assert_eq!(lines(&keys, ".network")[1..], **expected, "{keys}");
    }
    // Routes don't need a static address.
    let with_dhcp = lines(
        "dhcp4: true, routes: [{to: 198.51.100.0/24, via: 192.0.2.1}]",
        ".network",
    );
    assert!(
        with_dhcp.contains(&"Route.Destination=198.51.100.0/24".to_owned()),
        "{with_dhcp:?}"
    );
}

#[test]
fn a_link_file_only_for_what_udev_alone_does() {
    let cases: &[(&str, &[&str])] = &[
        ("mtu: 9000, macaddress: '02:00:00:00:00:01', wakeonlan: false", &[]),
        ("wakeonlan: true", &["Match.OriginalName=nic", "Link.WakeOnLan=magic"]),
        (
            "macaddress: permanent",
            &["Match.OriginalName=nic", "Link.MACAddressPolicy=persistent"],
        ),
        (
            "macaddress: random, match: {macaddress: '00:50:56:aa:bb:cc'}",
            &[
                "Match.PermanentMACAddress=00:50:56:aa:bb:cc",
                "Match.Type=!vlan bond bridge",
                "Link.MACAddressPolicy=random",
            ],
        ),
        (
            "receive-checksum-offload: true, transmit-checksum-offload: false, tcp-segmentation-offload: true, \
             tcp6-segmentation-offload: false, generic-segmentation-offload: true, generic-receive-offload: false, \
             large-receive-offload: true",
            &[
                "Match.OriginalName=nic",
                "Link.ReceiveChecksumOffload=yes",
                "Link.TransmitChecksumOffload=no",
                "Link.TCPSegmentationOffload=yes",
                "Link.TCP6SegmentationOffload=no",
                "Link.GenericSegmentationOffload=yes",
                "Link.GenericReceiveOffload=no",
                "Link.LargeReceiveOffload=yes",
            ],
        ),
        (
            "virtual-function-count: 0",
            &["Match.OriginalName=nic", "Link.SR-IOVVirtualFunctions=0"],
        ),
        (
            "match: {macaddress: '00:50:56:aa:bb:cc', name: 'eth*', driver: vmxnet3}, set-name: mgmt0",
            &[
                "Match.OriginalName=eth*",
                "Match.MACAddress=00:50:56:aa:bb:cc",
                "Match.Type=!vlan bond bridge",
                "Match.Driver=vmxnet3",
                "Link.Name=mgmt0",
            ],
        ),
    ];
    for (keys, expected) in cases {
        assert_eq!(lines(keys, ".link"), *expected, "{keys}");
    }
}

#[test]
fn a_physical_function_gets_as_many_virtual_ones_as_there_are_entries_for() {
    for (count, expected) in [("", "2"), ("virtual-function-count: 4", "4")] {
        let plan = Rig::offline().plan(&format!(
            "ethernets: {{zpf: {{{count}}}, vf0: {{link: zpf}}, vf1: {{link: zpf, match: {{name: v1}}}}}}"
        ));
        let files = files(&plan);
        let link = &files["10-firstlight-zpf.link"];
        assert_eq!(values(link, "Link", "SR-IOVVirtualFunctions"), [expected], "{link}");
        assert_eq!(files.keys().filter(|name| name.ends_with(".link")).count(), 1);
    }
}

#[test]
fn the_link_file_keeps_what_the_distribution_does_to_every_link() {
    let default = "[Match]\nOriginalName=*\n[Link]\nNamePolicy=keep kernel path\nMACAddressPolicy=persistent\n";
    let rig = Rig::offline().file("/usr/lib/systemd/network/99-default.link", default);
    let link = |rig: &Rig, keys: &str| {
        let plan = rig.plan(&format!("ethernets: {{nic: {{{keys}}}}}"));
        files(&plan)["10-firstlight-nic.link"].clone()
    };
    let wakes = link(&rig, "wakeonlan: true");
    assert!(
        wakes.ends_with("[Link]\nNamePolicy=keep kernel path\nMACAddressPolicy=persistent\nWakeOnLan=magic\n"),
        "{wakes}"
    );
    // A policy would win over Name=.
    let named = link(&rig, "match: {driver: x}, set-name: a0");
    assert!(
        named.ends_with("[Link]\nMACAddressPolicy=persistent\nName=a0\n"),
        "{named}"
    );
    // A policy that the document asks for takes its place.
    let random = link(&rig, "macaddress: random");
    assert!(
        random.ends_with("[Link]\nNamePolicy=keep kernel path\nMACAddressPolicy=random\n"),
        "{random}"
    );
    // An administrator who masks the default has no policies.
    let rig = rig.symlink("/etc/systemd/network/99-default.link", "/dev/null");
    let masked = link(&rig, "wakeonlan: true");
    assert!(masked.ends_with("[Link]\nWakeOnLan=magic\n"), "{masked}");
}

#[test]
fn the_link_that_is_expected_is_the_one_that_is_configured() {
    let words = |list: &[&str]| list.iter().map(ToString::to_string).collect();
    let selector = |names: &[&str], macs: &[&str], drivers: &[&str]| LinkSelector {
        names: words(names),
        macs: words(macs),
        drivers: words(drivers),
    };
    let mac = "00:50:56:aa:bb:cc";
    for (keys, link) in [
        ("", selector(&["nic"], &[], &[])),
        ("match: {name: 'e*', driver: x}", selector(&["e*"], &[], &["x"])),
        (
            "match: {macaddress: '00:50:56:AA:BB:CC'}, set-name: a0",
            selector(&[], &[mac], &[]),
        ),
        (
            "match: {macaddress: '02:00:00:00:00:01'}, macaddress: '00:50:56:AA:BB:CC'",
            selector(&[], &["02:00:00:00:00:01", mac], &[]),
        ),
        ("match: {driver: x}, set-name: a0", selector(&["a0"], &[], &["x"])),
    ] {
        let yaml = format!(
            "ethernets: {{nic: {{{keys}{} addresses: [192.0.2.10/24]}}}}",
            if keys.is_empty() { "" } else { "," }
        );
        let meant: Vec<LinkSelector> = expected(&Rig::offline().plan(&yaml))
            .into_iter()
            .map(|(link, _)| link)
            .collect();
        assert!(
            meant.len() >= 2 && meant.iter().all(|is| *is == link),
            "{keys}: {meant:?}"
        );
    }
}

/// What is expected, in words, and of which link.
fn expected(plan: &Plan) -> Vec<(LinkSelector, String)> {
    let words = |expectation: &Expectation| match expectation {
        Expectation::LinkHas { link, file, .. } => {
            assert_eq!(file, "/etc/systemd/network/10-firstlight-nic.network");
            (link.clone(), expectation.in_words())
        }
        other => panic!("{other:?}"),
    };
    plan.expectations.iter().map(words).collect()
}

#[test]
fn what_is_asked_of_a_link_is_expected_of_it() {
    let file = "networkd uses 10-firstlight-nic.network for nic";
    for (keys, rest) in [
        ("dhcp4: true", vec![]),
        ("optional: false", vec![]),
        (
            "addresses: [192.0.2.10/24, '2001:db8::1/64']",
            vec!["192.0.2.10/24", "2001:db8::1/64"],
        ),
        (
            "addresses: [192.0.2.10/24], gateway4: 192.0.2.1",
            vec!["192.0.2.10/24", "the route default via 192.0.2.1"],
        ),
        (
            "routes: [{to: 198.51.100.7, via: 192.0.2.1, metric: 5}, {to: 203.0.113.0/24, scope: link}]",
            vec![
                "the route 198.51.100.7/32 via 192.0.2.1 metric 5",
                "the route 203.0.113.0/24",
            ],
        ),
        (
            "nameservers: {addresses: [192.0.2.53, 192.0.2.54], search: [rig.test, ~corp.test]}",
            vec![
                "the DNS servers 192.0.2.53 192.0.2.54",
                "the search domains rig.test ~corp.test",
            ],
        ),
        (
            "mtu: 1400, macaddress: '02:00:00:00:00:01', match: {name: nic}",
            vec!["the hardware address 02:00:00:00:00:01", "the MTU 1400"],
        ),
    ] {
        let plan = Rig::offline().plan(&format!("ethernets: {{nic: {{{keys}}}}}"));
        let words: Vec<String> = expected(&plan).into_iter().map(|(_, words)| words).collect();
        let rest = rest.iter().map(|has| format!("nic has {has}"));
        assert_eq!(
            words,
            std::iter::once(file.to_owned()).chain(rest).collect::<Vec<_>>(),
            "{keys}"
        );
    }
    let optional = Rig::offline().plan("ethernets: {nic: {optional: true, addresses: [192.0.2.10/24]}}");
    assert_eq!(optional.expectations, []);
}

#[test]
fn nothing_is_asked_where_the_document_says_nothing() {
    for yaml in [
        "{}",
        "version: 2",
        "config: disabled",
        "{config: disabled, ethernets: {eth0: {}}}",
    ] {
        assert_eq!(Rig::offline().plan(yaml), Plan::default(), "{yaml}");
    }
}

#[test]
fn different_ids_have_different_files() {
    let yaml = "ethernets: {'a b': {match: {driver: x}}, 'a%20b': {match: {driver: w}}, 'é': {match: {driver: z}}}";
    let plan = Rig::offline().plan(yaml);
    let names: Vec<String> = files(&plan).into_keys().collect();
    let expected = [
        "10-firstlight-%c3%a9.network",
        "10-firstlight-a%20b.network",
        "10-firstlight-a%2520b.network",
    ];
    assert_eq!(names, expected);
}

#[test]
fn an_id_that_is_no_name_is_refused_even_unchecked() {
    for id in ["e*", "interface-number-0", "!eth0", "a b"] {
        let error = Rig::offline()
            .try_plan(&format!("ethernets: {{'{id}': {{}}}}"))
            .unwrap_err();
        assert_eq!(error.path, ["network", "ethernets", id]);
        assert!(LinkName::try_from(id.to_owned()).is_err());
    }
    assert!(Rig::offline().try_plan("ethernets: {nic: {match: {}}}").is_err());
}

/// cloud-init writes a `[Match]` of the attacker's for a line feed in a search domain, and outside of its directory for
/// an ID with `../`.
#[test]
fn no_text_reaches_a_file_with_a_control_character() {
    let evil = "x\\n[Match]\\nName=*";
    for yaml in [
        format!("ethernets: {{\"{evil}\": {{}}}}"),
        "ethernets: {\"../../../tmp/x\": {dhcp4: true}}".to_owned(),
        format!("ethernets: {{eth0: {{set-name: \"{evil}\"}}}}"),
        format!("ethernets: {{eth0: {{macaddress: \"{evil}\"}}}}"),
        format!("ethernets: {{eth0: {{match: {{name: \"{evil}\"}}}}}}"),
        format!("ethernets: {{eth0: {{match: {{name: [\"{evil}\"]}}}}}}"),
        format!("ethernets: {{eth0: {{match: {{driver: \"{evil}\"}}}}}}"),
        format!("ethernets: {{eth0: {{match: {{macaddress: \"{evil}\"}}}}}}"),
        format!("ethernets: {{eth0: {{addresses: [\"192.0.2.1/24\\n{evil}\"]}}}}"),
        format!("ethernets: {{eth0: {{gateway4: \"192.0.2.1\\n{evil}\"}}}}"),
        format!("ethernets: {{eth0: {{routes: [{{to: \"192.0.2.1\\n{evil}\"}}]}}}}"),
        format!("ethernets: {{eth0: {{routes: [{{to: default, via: \"192.0.2.1\\n{evil}\"}}]}}}}"),
        format!("ethernets: {{eth0: {{routes: [{{to: default, from: \"192.0.2.1\\n{evil}\"}}]}}}}"),
        format!("ethernets: {{eth0: {{nameservers: {{search: [\"{evil}\"]}}}}}}"),
        "ethernets: {eth0: {nameservers: {search: [\"lab\\r\"]}}}".to_owned(),
        "ethernets: {eth0: {nameservers: {search: [\"lab\\u0085\"]}}}".to_owned(),
        format!("ethernets: {{eth0: {{nameservers: {{addresses: [\"192.0.2.1\\n{evil}\"]}}}}}}"),
        format!("ethernets: {{eth0: {{dhcp4-overrides: {{hostname: \"{evil}\"}}}}}}"),
        format!("ethernets: {{eth0: {{dhcp4-overrides: {{use-domains: \"{evil}\"}}}}}}"),
        format!("ethernets: {{eth0: {{dhcp-identifier: \"{evil}\"}}}}"),
        format!("ethernets: {{eth0: {{addresses: [{{\"192.0.2.1/24\": {{label: \"{evil}\"}}}}]}}}}"),
        format!("ethernets: {{eth0: {{addresses: [{{\"192.0.2.1/24\": {{lifetime: \"{evil}\"}}}}]}}}}"),
        format!("ethernets: {{eth0: {{addresses: [{{\"192.0.2.1/24\\n{evil}\": {{}}}}]}}}}"),
        format!("ethernets: {{eth0: {{routing-policy: [{{to: \"192.0.2.1\\n{evil}\"}}]}}}}"),
        format!("ethernets: {{eth0: {{routing-policy: [{{from: \"192.0.2.0/24\\n{evil}\"}}]}}}}"),
        format!("ethernets: {{eth0: {{ipv6-address-token: \"::1\\n{evil}\"}}}}"),
        format!("ethernets: {{eth0: {{activation-mode: \"{evil}\"}}}}"),
        format!("ethernets: {{eth0: {{optional-addresses: [\"{evil}\"]}}}}"),
        format!("ethernets: {{eth0: {{ra-overrides: {{use-domains: \"{evil}\"}}}}}}"),
        format!("ethernets: {{eth0: {{infiniband-mode: \"{evil}\"}}}}"),
        format!("ethernets: {{eth0: {{link: \"{evil}\"}}}}"),
        format!("tunnels: {{t: {{mode: \"{evil}\"}}}}"),
        format!("tunnels: {{t: {{mode: gre, remote: \"192.0.2.1\\n{evil}\"}}}}"),
        format!("tunnels: {{t: {{mode: gre, remote: 192.0.2.1, keys: {{input: \"5\\n{evil}\"}}}}}}"),
        format!("tunnels: {{t: {{mode: wireguard, keys: {{private: \"/etc/{evil}\"}}}}}}"),
        format!("tunnels: {{t: {{mode: vxlan, id: 1, link: \"{evil}\"}}}}"),
    ] {
        let value: serde_json::Value = serde_yaml::from_str(&yaml).unwrap();
        let decoded = serde_json::from_value::<crate::document::network::Network>(value);
        decoded.expect_err(&yaml);
    }
}
