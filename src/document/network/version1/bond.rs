//! Bonds.

use super::device::Device;
use super::keys::{BOND, BOND_PARAMS};
use super::reader::{Place, Reader};
use super::tree::{entry, list, mapping, plain, text};
use crate::document::yaml::{Entry, Node, Span};

/// How a parameter is written in version 2.
enum Form {
    /// As it is.
    Same,
    /// A word; the kernel has a number for each.
    Words(&'static [&'static str]),
    /// A list of texts.
    List,
    /// A single text.
    Name,
    /// True or false.
    Flag,
}

/// The parameters, and what they are called in version 2. The words are those of the kernel's `bond_options.c`, in the
/// order of their numbers.
const PARAMS: [(&str, &str, Form); 21] = [
    (
        "bond-mode",
        "mode",
        Form::Words(&[
            "balance-rr",
            "active-backup",
            "balance-xor",
            "broadcast",
            "802.3ad",
            "balance-tlb",
            "balance-alb",
        ]),
    ),
    ("bond-miimon", "mii-monitor-interval", Form::Same),
    ("bond-min-links", "min-links", Form::Same),
    (
        "bond-xmit-hash-policy",
        "transmit-hash-policy",
        Form::Words(&["layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4"]),
    ),
    ("bond-lacp-rate", "lacp-rate", Form::Words(&["slow", "fast"])),
    (
        "bond-ad-select",
        "ad-select",
        Form::Words(&["stable", "bandwidth", "count"]),
    ),
    ("bond-all-slaves-active", "all-members-active", Form::Flag),
    ("bond-arp-interval", "arp-interval", Form::Same),
    ("bond-arp-ip-target", "arp-ip-targets", Form::List),
    (
        "bond-arp-validate",
        "arp-validate",
        Form::Words(&["none", "active", "backup", "all"]),
    ),
    ("bond-arp-all-targets", "arp-all-targets", Form::Words(&["any", "all"])),
    ("bond-updelay", "up-delay", Form::Same),
    ("bond-downdelay", "down-delay", Form::Same),
    (
        "bond-fail-over-mac",
        "fail-over-mac-policy",
        Form::Words(&["none", "active", "follow"]),
    ),
    ("bond-num-grat-arp", "gratuitous-arp", Form::Same),
    // One number of the kernel under two names.
    ("bond-num-unsol-na", "gratuitous-arp", Form::Same),
    ("bond-packets-per-slave", "packets-per-member", Form::Same),
    (
        "bond-primary-reselect",
        "primary-reselect-policy",
        Form::Words(&["always", "better", "failure"]),
    ),
    ("bond-primary", "primary", Form::Name),
    ("bond-resend-igmp", "resend-igmp", Form::Same),
    ("bond-lp-interval", "learn-packet-interval", Form::Same),
];

/// What its keys of version 2 are called in version 1.
pub fn words() -> impl Iterator<Item = (&'static str, &'static str)> {
    let interfaces = ("interfaces", "bond_interfaces");
    PARAMS.iter().map(|(name, own, _)| (*own, *name)).chain([interfaces])
}

impl Reader {
    /// A bond, and the names of the links that it is made of.
    pub fn bond(&mut self, node: &Node) -> Option<(Device, Vec<(String, Span)>)> {
        let (keys, mut device) = self.link(node, &BOND, "bonds")?;
        let members = match keys.entry("bond_interfaces") {
            Some(members) => self.members(members, &mut device),
            None => Vec::new(),
        };
        self.own_mac(&keys, &mut device);
        if let Some(params) = keys.entry("params") {
            self.bond_params(params, &mut device);
        }
        Some((device, members))
    }

    /// The links that a device is made of.
    pub fn members(&mut self, entry: &Entry, device: &mut Device) -> Vec<(String, Span)> {
        let members = self.texts(entry, &device.place());
        let members: Vec<_> = members.into_iter().filter(|(name, _)| name != "none").collect();
        let nodes = members.iter().map(|(name, span)| text(name.as_str(), *span)).collect();
        device.set("interfaces", entry.key.span, list(nodes, entry.key.span));
        members
    }

    fn bond_params(&mut self, params: &Entry, device: &mut Device) {
        let place = device.place().below(&["parameters"]);
        let Some(keys) = self.keys(&params.value, &BOND_PARAMS, &place) else {
            return;
        };
        let mut parameters: Vec<Entry> = Vec::new();
        for (known, given) in keys.all() {
            let Some((_, own, form)) = PARAMS.iter().find(|(name, ..)| *name == known.name) else {
                continue;
            };
            if let Some(value) = self.bond_param(given, form, &place.below(&[own]))
                && !parameters.iter().any(|other| other.key.text == *own)
            {
                parameters.push(entry(*own, given.key.span, value));
            }
        }
        if !parameters.is_empty() {
            device.set("parameters", params.key.span, mapping(parameters, params.key.span));
        }
    }

    fn bond_param(&mut self, given: &Entry, form: &Form, place: &Place) -> Option<Node> {
        let span = given.value.span;
        match form {
            Form::List => {
                let texts = self.texts(given, place).into_iter();
                Some(list(texts.map(|(one, span)| text(one, span)).collect(), span))
            }
            Form::Flag => self.flag(given, place),
            Form::Name => Some(text(self.text(given, place)?, span)),
            Form::Same => self.text(given, place).map(|_| given.value.clone()),
            Form::Words(words) => {
                let written = self.text(given, place)?;
                let numbered = written.parse().ok().and_then(|number: usize| words.get(number));
                Some(plain(numbered.copied().unwrap_or(written), span))
            }
        }
    }
}
