//! What is not as in netplan, on purpose.

use std::collections::BTreeSet;

use crate::files::{Files, Section};

/// Lines that netplan has where firstlight has others. `*` is the same on both sides.
struct Difference {
    /// The kind of file.
    file: &'static str,
    /// How the names of the documents begin where it may be; empty for any.
    documents: &'static str,
    theirs: &'static [&'static str],
    ours: &'static [&'static str],
    /// Why firstlight does it so.
    #[allow(dead_code, reason = "for who reads the list")]
    why: &'static str,
}

/// One that may be in any document.
const fn any(
    file: &'static str,
    theirs: &'static [&'static str],
    ours: &'static [&'static str],
    why: &'static str,
) -> Difference {
    of("", file, theirs, ours, why)
}

/// One that is only in documents whose names begin so.
const fn of(
    documents: &'static str,
    file: &'static str,
    theirs: &'static [&'static str],
    ours: &'static [&'static str],
    why: &'static str,
) -> Difference {
    Difference {
        file,
        documents,
        theirs,
        ours,
        why,
    }
}

const BY_MAC: &str =
    "PermanentMACAddress= finds no paravirtual link: veth has none. Links on top of one share its address";
const BOTH_MACS: &str = "a link that gets another address is found by either, before and after";
const DHCP: &str = "[DHCP] is the deprecated name; only the client that is asked for gets the setting";
const DHCP4_ALONE: &str = "networkd has it for DHCPv4 alone, and no DHCPv4 is asked for: a warning says so";
const RA: &str = "what [DHCP] says of the routes of router advertisements has a section of its own";
const RA_MTU: &str = "networkd takes the MTU of router advertisements by itself, and DHCPv6 gives none";
const ONLINE: &str = "networkd has never known OptionalAddresses=: what it has instead says the same";
const SRIOV: &str = "udev does it, systemd.link(5), where netplan runs a service of its own";
const SAID: &str = "what is asked for by name is written, also where it is networkd's default";
const SCOPE: &str = "networkd finds the scope by type and gateway, and the kernel has none for IPv6";
const WAKES: &str = "a link keeps its way of waking the machine unless the document asks for another";
const MTU_ONCE: &str = "the MTU is in the .network file, where it holds on the first boot too";

/// In this order: those of several lines before those of one of them.
const DIFFERENCES: &[Difference] = &[
    any(
        "network",
        &["[Match] PermanentMACAddress=*", "[Match] Name=lan0"],
        &["[Match] MACAddress=*", "[Match] Type=!vlan bond bridge"],
        "as below; the hardware address finds it under any name, also where nothing renames",
    ),
    of(
        "vlan",
        "network",
        &["[Match] PermanentMACAddress=*", "[Match] Name=mainif"],
        &["[Match] MACAddress=*", "[Match] Type=!vlan bond bridge"],
        "the same",
    ),
    of(
        "set-name-with-macaddress",
        "network",
        &["[Match] PermanentMACAddress=*", "[Match] Name=lan0"],
        &[
            "[Match] MACAddress=* 00:50:56:00:00:01",
            "[Match] Type=!vlan bond bridge",
        ],
        BOTH_MACS,
    ),
    of(
        "macaddress-with-match",
        "network",
        &["[Match] PermanentMACAddress=*"],
        &[
            "[Match] MACAddress=* 00:50:56:00:00:01",
            "[Match] Type=!vlan bond bridge",
        ],
        BOTH_MACS,
    ),
    of(
        "set-name-with-macaddress",
        "link",
        &["[Match] PermanentMACAddress=*"],
        &[
            "[Match] MACAddress=* 00:50:56:00:00:01",
            "[Match] Type=!vlan bond bridge",
        ],
        BOTH_MACS,
    ),
    any(
        "network",
        &["[Match] PermanentMACAddress=*"],
        &["[Match] MACAddress=*", "[Match] Type=!vlan bond bridge"],
        BY_MAC,
    ),
    any(
        "link",
        &["[Match] PermanentMACAddress=*"],
        &["[Match] MACAddress=*", "[Match] Type=!vlan bond bridge"],
        BY_MAC,
    ),
    any(
        "network",
        &["[DHCP] RouteMetric=*"],
        &["[DHCPv4] RouteMetric=*", "[IPv6AcceptRA] RouteMetric=*"],
        RA,
    ),
    any(
        "network",
        &["[DHCP] RouteMetric=*"],
        &["[IPv6AcceptRA] RouteMetric=*"],
        RA,
    ),
    any("network", &["[DHCP] *"], &["[DHCPv4] *", "[DHCPv6] *"], DHCP),
    any("network", &["[DHCP] *"], &["[DHCPv4] *"], DHCP),
    any("network", &["[DHCP] *"], &["[DHCPv6] *"], DHCP),
    any("network", &["[DHCP] UseMTU=yes"], &[], RA_MTU),
    of(
        "dhcp6-overrides-use-mtu",
        "network",
        &["[DHCP] UseMTU=*"],
        &[],
        DHCP4_ALONE,
    ),
    of(
        "dhcp6-overrides-use-routes",
        "network",
        &["[DHCP] UseRoutes=*"],
        &[],
        DHCP4_ALONE,
    ),
    of(
        "optional-addresses-",
        "network",
        &["[Link] OptionalAddresses=*"],
        &[],
        ONLINE,
    ),
    any("network", &[], &["[DHCPv4] ClientIdentifier=duid"], SAID),
    any("netdev", &[], &["[Bond] AllSlavesActive=no"], SAID),
    any("network", &[], &["[DHCPv4] UseDNS=yes"], SAID),
    any("network", &[], &["[DHCPv6] UseDNS=yes"], SAID),
    any("network", &[], &["[DHCPv4] UseRoutes=yes"], SAID),
    any("network", &[], &["[DHCPv4] SendHostname=yes"], SAID),
    any("network", &[], &["[Network] ConfigureWithoutCarrier=no"], SAID),
    any("network", &[], &["[Network] EmitLLDP=no"], SAID),
    any("network", &[], &["[Network] IPv6PrivacyExtensions=no"], SAID),
    any("network", &[], &["[Network] KeepConfiguration=no"], SAID),
    any("network", &[], &["[Route] GatewayOnLink=no"], SAID),
    any("network", &[], &["[Route] Scope=global"], SAID),
    any("network", &[], &["[Route] Type=unicast"], SAID),
    of("routes-", "network", &["[Route] Scope=link"], &[], SCOPE),
    of("routes-type-local", "network", &["[Route] Scope=host"], &[], SCOPE),
    of(
        "ipv6-address-generation",
        "network",
        &[],
        &["[Network] IPv6LinkLocalAddressGenerationMode=*"],
        "NetworkManager's ipv6.addr-gen-mode, the other renderer's word for it, is for the link-local address too",
    ),
    of(
        "gateway4-outside",
        "network",
        &[],
        &["[Route] GatewayOnLink=yes"],
        "a gateway outside of the subnets is taken to be on the link, as cloud-init does: hosters have them",
    ),
    any(
        "network",
        &[],
        &["[Link] RequiredForOnline=no"],
        "networkd's own setting, where netplan gives systemd-networkd-wait-online a list of links",
    ),
    of(
        "optional-addresses-",
        "network",
        &[],
        &["[Link] RequiredFamilyForOnline=*"],
        ONLINE,
    ),
    any(
        "network",
        &[],
        &["[Link] RequiredForOnline=carrier"],
        "networkd's own setting, where netplan waits for a carrier with an argument of systemd-networkd-wait-online",
    ),
    of(
        "sriov-",
        "link",
        &[],
        &["a file: [Link] SR-IOVVirtualFunctions=*"],
        SRIOV,
    ),
    any("link", &["[Link] WakeOnLan=off"], &[], WAKES),
    of("set-name-with-mtu", "link", &["[Link] MTUBytes=*"], &[], MTU_ONCE),
    any("link", &["a file: [Link] MTUBytes=9000; WakeOnLan=off"], &[], MTU_ONCE),
];

const HARDWARE_FILTER: &str = "netplan's own program filters a VLAN in the card; networkd can't";

/// Documents that netplan takes and firstlight refuses on purpose: the name, words of what it says, and why.
const REFUSED: [(&str, &str, &str); 8] = [
    ("sriov-vlan-filter", "the renderer `sriov`", HARDWARE_FILTER),
    ("sriov_vlan", "the renderer `sriov`", HARDWARE_FILTER),
    (
        "sriov-embedded-switch-mode",
        "`embedded-switch-mode` is not supported",
        "netplan runs a program of its own at boot; networkd and udev have nothing for it",
    ),
    (
        "sriov",
        "`embedded-switch-mode` is not supported",
        "the same: netplan's example",
    ),
    (
        "match-empty",
        "would match every link, `lo` included",
        "netplan's file takes over the loopback link",
    ),
    (
        "network_manager",
        "networkd is the only one",
        "there is no NetworkManager to write for",
    ),
    (
        "routes-type-nat",
        "no `nat` routes",
        "the kernel has no such routes any more",
    ),
    (
        "routes-type-xresolve",
        "no `xresolve` routes",
        "the kernel never had such routes",
    ),
];

/// What firstlight says of a document that it refuses on purpose.
pub fn refused(name: &str) -> Option<&'static str> {
    REFUSED
        .iter()
        .find(|(document, ..)| *document == name)
        .map(|(_, words, _)| *words)
}

/// Which of the differences were met.
#[derive(Default)]
pub struct Used(BTreeSet<usize>);

impl Used {
    /// Those that were not.
    pub fn never(&self) -> Vec<String> {
        let all = DIFFERENCES.iter().enumerate();
        all.filter(|(number, _)| !self.0.contains(number))
            .map(|(_, it)| format!("{}: {:?} → {:?}", it.file, it.theirs, it.ours))
            .collect()
    }
}

/// The lines that only one of them has and that no listed difference is about: `eth0.network: theirs [Link] MTUBytes=9000`.
pub fn unexplained(document: &str, theirs: &Files, ours: &Files, used: &mut Used) -> Vec<String> {
    let names: BTreeSet<&String> = theirs.0.keys().chain(ours.0.keys()).collect();
    let mut lines = Vec::new();
    for name in names {
        let suffix = name.rsplit_once('.').map_or("", |(_, suffix)| suffix);
        let (mut only_theirs, mut only_ours) = match (theirs.0.get(name), ours.0.get(name)) {
            (Some(theirs), Some(ours)) => only(theirs, ours),
            (theirs, ours) => (
                theirs.map(|all| whole(all)).into_iter().collect(),
                ours.map(|all| whole(all)).into_iter().collect(),
            ),
        };
        let listed = DIFFERENCES.iter().enumerate();
        for (number, difference) in listed.filter(|(_, it)| it.file == suffix && document.starts_with(it.documents)) {
            while take(difference, &mut only_theirs, &mut only_ours) {
                used.0.insert(number);
            }
        }
        lines.extend(
            only_theirs
                .iter()
                .map(|line| format!("{name}: only netplan has {line}")),
        );
        lines.extend(
            only_ours
                .iter()
                .map(|line| format!("{name}: only firstlight has {line}")),
        );
    }
    lines
}

/// A file that the other side doesn't have, in one line; which links it is for doesn't matter.
fn whole(sections: &[Section]) -> String {
    let said = sections.iter().filter(|section| section.name != "Match");
    let said = said.map(|section| format!(" [{}] {}", section.name, section.lines.join("; ")));
    format!("a file:{}", said.collect::<String>())
}

/// The lines that only one of the two has. Sections that are not the same are compared in their order.
fn only(theirs: &[Section], ours: &[Section]) -> (Vec<String>, Vec<String>) {
    let (mut only_theirs, mut only_ours) = (Vec::new(), Vec::new());
    let names: BTreeSet<&str> = theirs.iter().chain(ours).map(|section| section.name.as_str()).collect();
    for name in names {
        let mut left: Vec<&Section> = theirs.iter().filter(|section| section.name == name).collect();
        let mut right: Vec<&Section> = ours.iter().filter(|section| section.name == name).collect();
        left.retain(|section| match right.iter().position(|other| other == section) {
            Some(number) => {
                right.remove(number);
                false
            }
            None => true,
        });
        for number in 0..left.len().max(right.len()) {
            let lines = |side: &[&Section]| {
                side.get(number)
                    .map(|section| section.lines.clone())
                    .unwrap_or_default()
            };
            let (mut one, mut other) = (lines(&left), lines(&right));
            one.retain(|line| match other.iter().position(|it| it == line) {
                Some(number) => {
                    other.remove(number);
                    false
                }
                None => true,
            });
            only_theirs.extend(one.iter().map(|line| format!("[{name}] {line}")));
            only_ours.extend(other.iter().map(|line| format!("[{name}] {line}")));
        }
    }
    (only_theirs, only_ours)
}

/// Takes the lines that a difference is about out of both, if all of them are there.
fn take(difference: &Difference, theirs: &mut Vec<String>, ours: &mut Vec<String>) -> bool {
    let patterns = || {
        difference
            .theirs
            .iter()
            .map(|it| (true, *it))
            .chain(difference.ours.iter().map(|it| (false, *it)))
    };
    let candidates: BTreeSet<String> = patterns()
        .flat_map(|(is_theirs, pattern)| {
            let lines: &[String] = if is_theirs { theirs } else { ours };
            lines.iter().filter_map(move |line| value(pattern, line))
        })
        .collect();
    for value in candidates {
        let (mut left, mut right) = (theirs.clone(), ours.clone());
        let all = patterns().all(|(is_theirs, pattern)| {
            let lines = if is_theirs { &mut left } else { &mut right };
            let line = pattern.replace('*', &value);
            let number = lines.iter().position(|it| *it == line);
            number.map(|number| lines.remove(number)).is_some()
        });
        if all {
            (*theirs, *ours) = (left, right);
            return true;
        }
    }
    false
}

/// What stands for the `*` of a pattern in this line; nothing if there is none.
fn value(pattern: &str, line: &str) -> Option<String> {
    match pattern.split_once('*') {
        None => (pattern == line).then(String::new),
        Some((before, after)) => Some(line.strip_prefix(before)?.strip_suffix(after)?.to_owned()),
    }
}
