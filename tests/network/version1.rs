//! Version 1 beside the real cloud-init and the real netplan: cloud-init makes version 2 of it, netplan makes files of
//! that, and firstlight makes files of the same document.
//!
//! `version1/` has a document for each key and each kind of subnet. Adding a document is adding a file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::differences::{Used, unexplained};
use crate::generator::Generator;
use crate::support::skip::skip;
use crate::{documents, errors, name, ours, say, shown};

/// What is not as in cloud-init and netplan, on purpose: the document, the lines, and why.
const DIFFERENCES: &[(&str, &[&str], &str)] = &[
    (
        "dhcpv6-stateless",
        &[
            "eth0.network: only netplan has [DHCP] RouteMetric=100",
            "eth0.network: only netplan has [Network] DHCP=ipv6",
            "eth0.network: only firstlight has [Network] IPv6AcceptRA=yes",
        ],
        RA,
    ),
    (
        "slaac",
        &[
            "eth0.network: only netplan has [DHCP] RouteMetric=100",
            "eth0.network: only netplan has [Network] DHCP=ipv6",
            "eth0.network: only firstlight has [Network] IPv6AcceptRA=yes",
        ],
        RA,
    ),
    (
        "proxmox",
        &[
            "eth1.network: only netplan has [Network] DHCP=yes",
            "eth1.network: only firstlight has [Network] DHCP=ipv4",
            "eth1.network: only firstlight has [Network] DNS=1.1.1.1",
            "eth1.network: only firstlight has [Network] Domains=local.test",
            "eth1.network: only firstlight has [Network] IPv6AcceptRA=yes",
        ],
        "SLAAC as above, and name servers as below",
    ),
    (
        "dns-with-dhcp",
        &["eth0.network: only firstlight has [Network] DNS=192.0.2.53"],
        DNS,
    ),
    (
        "nameserver-with-dhcp",
        &["eth0.network: only firstlight has [Network] DNS=192.0.2.53"],
        DNS,
    ),
    (
        "nameserver-beside-own",
        &["eth0.network: only firstlight has [Network] DNS=192.0.2.53"],
        "those for all links are added to those of a subnet, as cloud-init does it for networkd",
    ),
    (
        "nameserver-interface",
        &[
            "eth1.network: only firstlight has [Network] DNS=192.0.2.53",
            "eth1.network: only firstlight has [Network] Domains=example.com",
        ],
        "cloud-init drops the name servers of one link for netplan",
    ),
    (
        "nameserver-search-alone",
        &[
            "eth0.network: only firstlight has [Network] Domains=example.com",
            "eth1.network: only firstlight has [Network] Domains=example.com",
        ],
        "cloud-init drops search domains without a server",
    ),
    (
        "gateway-beside-one-address",
        &["eth0.network: only firstlight has [Route] GatewayOnLink=yes"],
        ON_LINK,
    ),
    (
        "gateway-of-one-address-netmask",
        &["eth0.network: only firstlight has [Route] GatewayOnLink=yes"],
        ON_LINK,
    ),
    (
        "gateway-outside",
        &["eth0.network: only firstlight has [Route] GatewayOnLink=yes"],
        ON_LINK,
    ),
    (
        "pointopoint",
        &[
            "eth0.network: only firstlight has [Route] Destination=198.51.100.1/32",
            "eth0.network: only firstlight has [Route] Scope=link",
        ],
        "cloud-init drops the other end of the link",
    ),
    (
        "infiniband",
        &["ib0.network: only firstlight has a file: [Network] DHCP=ipv4 [DHCPv4] RouteMetric=100; UseMTU=yes"],
        NO_NETPLAN,
    ),
    (
        "loopback-address",
        &["lo.network: only firstlight has a file: [Address] Address=192.0.2.1/32"],
        NO_NETPLAN,
    ),
    (
        "keep-configuration",
        &["eth0.network: only firstlight has [Network] KeepConfiguration=yes"],
        SINCE,
    ),
    ("metric", &["eth0.network: only firstlight has [Route] Metric=5"], SINCE),
    (
        "metric-dhcp",
        &[
            "eth0.network: only netplan has [DHCP] RouteMetric=100",
            "eth0.network: only firstlight has [DHCPv4] RouteMetric=50",
        ],
        SINCE,
    ),
    (
        "wakeonlan",
        &["lan0.link: only firstlight has [Link] WakeOnLan=magic"],
        "cloud-init drops it for netplan",
    ),
    (
        "mac-address-mtu",
        &["lan0.link: only netplan has [Link] MTUBytes=9000"],
        "the MTU is in the .network file, where it holds on the first boot too",
    ),
    (
        "bond-all-slaves-active",
        &["bond0.netdev: only firstlight has [Bond] AllSlavesActive=yes"],
        BOND,
    ),
    (
        "bond-lp-interval",
        &["bond0.netdev: only firstlight has [Bond] LearnPacketIntervalSec=2"],
        BOND,
    ),
    (
        "bond-packets-per-slave",
        &["bond0.netdev: only firstlight has [Bond] PacketsPerSlave=2"],
        BOND,
    ),
    (
        "bond-resend-igmp",
        &["bond0.netdev: only firstlight has [Bond] ResendIGMP=2"],
        BOND,
    ),
    (
        "route",
        &[
            "eth1.network: only firstlight has [Route] Destination=10.0.0.0/8",
            "eth1.network: only firstlight has [Route] Gateway=198.51.100.1",
            "eth1.network: only firstlight has [Route] Metric=3",
        ],
        ROUTE,
    ),
    (
        "route-default",
        &["eth0.network: only firstlight has [Route] Gateway=192.0.2.1"],
        ROUTE,
    ),
];

const BOND: &str = "cloud-init drops these parameters for netplan, in Debian 12's version";
const RA: &str = "SLAAC needs router advertisements and no DHCPv6; these start it where there is one";
const DNS: &str = "cloud-init drops name servers beside DHCP for netplan";
const ON_LINK: &str = "a gateway outside of the subnets is on the link: cloud-init says so since 24.1";
const NO_NETPLAN: &str = "cloud-init has nothing for it with netplan";
const SINCE: &str = "cloud-init takes it in later versions than Debian 12's";
const ROUTE: &str = "cloud-init drops global routes for netplan; here one goes to the link that reaches its gateway";

/// Documents that firstlight takes, and that cloud-init or netplan fails on: why.
const APART: &[(&str, &str)] = &[
    (
        "mac-address-digits",
        "YAML reads an address of digits as a number in base 60, and cloud-init fails on it",
    ),
    ("bond-arp-ip-target", ARP),
    ("bond-arp-interval", ARP),
    ("bond-arp-validate", ARP),
    ("bond-arp-all-targets", ARP),
];

const ARP: &str = "cloud-init writes `arp-ip-target`, which netplan doesn't know: the whole network is lost";

/// How many documents are the same at least. It only grows.
const SAME: usize = 81;

#[test]
fn version_1_becomes_what_cloud_init_and_netplan_make_of_it() {
    let Some(netplan) = Generator::installed() else { return };
    let folder = Path::new("tests/network/version1");
    let Some(answers) = cloud_init(folder) else { return };
    let (mut same, mut wrong, mut used) = (0, Vec::new(), BTreeSet::new());
    let all: Vec<PathBuf> = documents(folder);
    assert!(all.len() > 100, "{} documents", all.len());
    for path in &all {
        let (name, document) = (name(path), fs::read_to_string(path).unwrap());
        let errors = errors(&document);
        if !errors.is_empty() {
            wrong.push(format!("{name} is refused:\n{}", shown(&errors)));
            continue;
        }
        if APART.iter().any(|(apart, _)| *apart == name) {
            used.insert(name);
            continue;
        }
        let answer = &answers[format!("{name}.yaml")];
        let Some(version_2) = answer["netplan"].as_str() else {
            wrong.push(format!("{name}: cloud-init fails: {answer}"));
            continue;
        };
        let theirs = match netplan.generate(version_2) {
            Ok(theirs) => theirs,
            Err(why) => {
                wrong.push(format!("{name}: netplan refuses what cloud-init made: {why}"));
                continue;
            }
        };
        let lines = unexplained(&name, &theirs.files, &ours(&document), &mut Used::default());
        let lines: Vec<&String> = lines.iter().filter(|line| !is_of_a_renamed_link(line)).collect();
        let listed = DIFFERENCES.iter().find(|(document, ..)| *document == name);
        let expected = listed.map_or(&[][..], |(_, lines, _)| *lines);
        used.extend(listed.map(|(document, ..)| (*document).to_owned()));
        match lines.iter().map(|line| line.as_str()).eq(expected.iter().copied()) {
            true if listed.is_none() => same += 1,
            true => {}
            false => wrong.push(format!("{name} becomes something else:\n  {lines:#?}")),
        }
    }
    let listed = DIFFERENCES.iter().map(|(document, ..)| *document);
    let listed = listed.chain(APART.iter().map(|(document, _)| *document));
    let gone: Vec<&str> = listed.filter(|document| !used.contains(*document)).collect();
    say(format_args!(
        "{} documents of version 1: {same} the same, {} different on purpose",
        all.len(),
        used.len(),
    ));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(gone.is_empty(), "listed and not there: {gone:?}");
    assert!(same >= SAME, "only {same} are the same");
}

/// firstlight finds a link that it renames by its hardware address alone, under any name.
fn is_of_a_renamed_link(line: &str) -> bool {
    let renamed = line.split_once(".network: only netplan has [Match] Name=");
    renamed.is_some_and(|(file, name)| file == name)
}

/// What cloud-init makes of the documents in a folder.
fn cloud_init(folder: &Path) -> Option<Value> {
    let installed = Command::new("tests/formats/install").output().unwrap();
    if !installed.status.success() {
        let why = String::from_utf8_lossy(&installed.stderr);
        skip(format_args!("cloud-init can't be had: {why}"));
        return None;
    }
    let packages = PathBuf::from(String::from_utf8(installed.stdout).unwrap().trim()).join("packages");
    let asked = Command::new("python3")
        .arg("tests/network/ask.py")
        .arg(folder)
        .env("PYTHONPATH", packages)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&asked.stderr);
    assert!(asked.status.success(), "{said}");
    Some(serde_json::from_slice(&asked.stdout).unwrap())
}
