//! Documents that meet themselves: what is planned of each, and what is said.

use super::*;
use crate::document::{Document, Texts};

/// The files that are planned of a document, and the warnings.
fn planned(rig: &Rig, text: &str) -> (Vec<String>, Vec<String>) {
    let document = Document::read(&Texts::of_user_data("user-data", text.as_bytes()));
    let root = Root::open(rig.tree.path()).unwrap();
    let plan = Network
        .plan(&document.config, &Machine::new(&root, &rig.facts))
        .unwrap();
    let warnings = plan.notes.iter().filter(|note| note.level == Level::Warning);
    let warnings = warnings.map(|note| note.text.clone()).collect();
    (files(&plan).into_keys().collect(), warnings)
}

/// The IDs of the files of a document's interfaces, and whether the warnings have these words.
#[test]
fn nothing_is_half_done() {
    let cases: [(&str, &str, &[&str], &str); 12] = [
        (
            "the links of a bond that is not made",
            "bonds: {bond0: {interfaces: [eth0, eth1], addresses: [192.0.2.10/33]}}\nethernets: {eth0: {}, eth1: {dhcp4: false}, eth2: {dhcp4: true}}",
            &["eth2"],
            "eth1 keeps its current configuration",
        ),
        (
            "a link that carries a VLAN and has an address of its own",
            "vlans: {v7: {id: 7777, link: eth0}}\nethernets: {eth0: {dhcp4: true}}",
            &["eth0"],
            "v7 keeps its current configuration",
        ),
        (
            "one typo in what two interfaces share",
            "x: &base {dhcp4: treu}\nethernets: {eth0: {<<: *base}, eth1: {<<: *base}, eth2: {dhcp4: true}}",
            &["eth2"],
            "eth1 keeps its current configuration",
        ),
        (
            "one alias for two interfaces",
            "ethernets: {eth0: &base {addresses: [192.0.2.10]}, eth1: *base, eth2: {dhcp4: true}}",
            &["eth2"],
            "eth1 keeps its current configuration",
        ),
        (
            "a ring of names beside a good interface",
            "ethernets: {a: {match: {name: p}, set-name: q}, b: {match: {name: q}, set-name: p}, eth2: {dhcp4: true}}",
            &["eth2"],
            "b keeps its current configuration",
        ),
        (
            "a gateway that is everybody",
            "ethernets: {eth0: {addresses: [192.0.2.10/24], gateway4: 192.0.2.255}, eth1: {dhcp4: true}}",
            &["eth1"],
            "eth0 keeps its current configuration",
        ),
        (
            "a default route by another name",
            "ethernets: {eth0: {addresses: ['2001:db8::10/64'], routes: [{to: '0::0/0', via: 'fe80::g'}]}}",
            &[],
            "eth0 keeps its current configuration",
        ),
        (
            "a route through one that is lost",
            "ethernets: {eth0: {addresses: [192.0.2.10/32], routes: [{to: 203.0.113.1, scope: lnk}, {to: 10.0.0.0/8, via: 203.0.113.1}]}}",
            &["eth0"],
            "a route of eth0 is left out",
        ),
        (
            "a version in quotes",
            "version: '3'\nethernets: {eth0: {dhcp4: true}}",
            &[],
            "the network keeps its current configuration",
        ),
        (
            "the network of another renderer",
            "renderer: NetworkManager\nethernets: {eth0: {dhcp4: true}}",
            &[],
            "the network keeps its current configuration",
        ),
        (
            "an ID that is no name",
            "ethernets: {'e*': {dhcp4: true}, '../x': {dhcp4: true}, eth1: {dhcp4: true}}",
            &["eth1"],
            "../x keeps its current configuration",
        ),
        (
            "a key of another time",
            "ethernets: {eth0: {dhcp4: true, gateway: 192.0.2.1}, eth1: {dhcp4: true, addresses: null, routes: null}}",
            &["eth1"],
            "eth0 keeps its current configuration",
        ),
    ];
    for (what, network, ids, words) in cases {
        let text = format!("network:\n  {}\n", network.replace('\n', "\n  "));
        let (files, warnings) = planned(&Rig::offline(), &text);
        let expected: Vec<String> = ids.iter().map(|id| format!("10-firstlight-{id}.network")).collect();
        assert_eq!(files, expected, "{what}: {warnings:?}");
        assert!(warnings.iter().any(|said| said.contains(words)), "{what}: {warnings:?}");
    }
}

#[test]
fn one_name_for_two_links_that_are_there() {
    let links = [
        ("eth0", "00:50:56:00:00:01", "vmxnet3"),
        ("eth1", "00:50:56:00:00:02", "vmxnet3"),
    ];
    let text = "network: {ethernets: {all: {match: {driver: vmxnet3}, set-name: lan0, dhcp4: true}}}\n";
    let (_, warnings) = planned(&Rig::live(&links), text);
    assert!(
        warnings
            .iter()
            .any(|said| said.contains("eth0, eth1 would all be named lan0")),
        "{warnings:?}"
    );
    let (_, warnings) = planned(&Rig::live(&links[..1]), text);
    assert_eq!(warnings, Vec::<String>::new());
}

/// Thousands of bad interfaces cost a hundred messages, and none of them has a file.
#[test]
fn thousands_of_typos() {
    let entries: String = (0..3000).map(|n| format!("    e{n}: {{dhcp: true}}\n")).collect();
    let (files, warnings) = planned(&Rig::offline(), &format!("network:\n  ethernets:\n{entries}"));
    assert_eq!(files, Vec::<String>::new());
    assert!(!warnings.is_empty() && warnings.len() <= 101, "{}", warnings.len());
}
