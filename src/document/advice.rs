//! What may have been meant by a key that is not known.

use serde::de::DeserializeOwned;

use super::chpasswd::Chpasswd;
use super::cloud_config::{OtherKey, not_applied_names};
use super::code::Code;
use super::config::Config;
use super::diagnostic::Diagnostic;
use super::docker::Docker;
use super::fix::Fix;
use super::network::{
    Bond, BondParameters, Bridge, BridgeParameters, DummyDevice, Ethernet, Network, Tunnel, VirtualEthernet, Vlan, Vrf,
};
use super::ntp::Ntp;
use super::root::RootAccount;
use super::settings::Settings;
use super::sshd::{Keyword, Sshd};
use super::yaml::decode::DecodeErrorKind;
use super::yaml::{Entry, Key, Node, Span, Value, decode};

/// Keys of the network that are called like keys elsewhere.
const SHARED: [&str; 3] = ["version", "renderer", "config"];

/// Keys that people give accounts, and what they mean.
const OF_ACCOUNTS: [(&str, &str); 5] = [
    ("home", "homedir"),
    ("password", "plain_text_passwd"),
    ("comment", "gecos"),
    ("ssh_keys", "ssh_authorized_keys"),
    ("group", "primary_group"),
];

/// The most keys that a message lists.
const LIST: usize = 6;

/// The longest word that is looked for: a longer one is not a key with a typo.
const WORD_LIMIT: usize = 64;

/// What is read: what its keys may have been meant for depends on that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// A document, with its network.
    #[default]
    Document,
    /// A network-config of its own, which is read as the document's key `network`.
    NetworkConfig,
    /// Something beside it: meta-data.
    Other,
    /// The owner's settings.
    Settings,
}

impl Dialect {
    fn is_of_a_document(self) -> bool {
        matches!(self, Self::Document | Self::NetworkConfig)
    }
}

/// Why the key at `path` is not known, and which one may be meant. `value` is what stands there.
pub(super) fn explain_key(path: &[String], known: &[String], value: Option<&Node>, dialect: Dialect) -> Diagnostic {
    let told = |code, message, hint| Diagnostic::whole("", message, Some(hint)).code(code);
    if let Some(other) = OtherKey::not_applied_at(path).filter(|_| dialect.is_of_a_document()) {
        let message = format!(
            "`{}` is a key of cloud-config that firstlight doesn't apply",
            other.name
        );
        return told(Code::NotApplied, message, other.advice());
    }
    let name = path.last().map_or("", String::as_str);
    let message = format!("unknown key `{}`", name.escape_debug());
    let elsewhere = || match dialect {
        Dialect::Document => misplaced(path, name, "to the top, not indented").or_else(|| interface(path, value)),
        Dialect::NetworkConfig => misplaced(path, name, "into user-data").or_else(|| interface(path, value)),
        Dialect::Other => None,
        Dialect::Settings => {
            misplaced(path, name, "").map(|_| "it goes into the document, not into the settings".to_owned())
        }
    };
    let near = || match (dialect, path) {
        (Dialect::Document, [name]) => hint_at_top(name, known),
        _ => hint_below(path, name, known),
    };
    // Below a part of a part, a typo is likelier than a wrong place.
    let (place, near) = match path {
        [_] | [_, _] => (elsewhere(), near()),
        _ => {
            let near = near();
            (if near.is_none() { elsewhere() } else { None }, near)
        }
    };
    match (place, near) {
        (Some(hint), _) => told(
            Code::MisplacedKey,
            format!("the key `{}` doesn't belong here", name.escape_debug()),
            hint,
        ),
        (None, Some(hint)) => told(Code::UnknownKey, message, hint).fix(respelt(name, known)),
        (None, None) => told(Code::UnknownKey, message, listed(name, known)),
    }
}

/// At the top all keys are known: those that are applied, those that are not, and those that belong below another.
fn hint_at_top(name: &str, known: &[String]) -> Option<String> {
    let others = not_applied_names().filter(|key| !key.contains('.')).map(str::to_owned);
    let all: Vec<String> = known.iter().cloned().chain(others).collect();
    let near = nearest(name, &all)?;
    Some(match known.iter().any(|key| key == near) {
        true => format!("did you mean `{near}`?"),
        false => format!("did you mean `{near}`? firstlight doesn't apply that key"),
    })
}

fn hint_below(path: &[String], name: &str, known: &[String]) -> Option<String> {
    let around = path
        .split_last()
        .map(|(_, around)| around.join("."))
        .unwrap_or_default();
    let others = not_applied_names()
        .filter_map(|key| key.strip_prefix(&around)?.strip_prefix('.'))
        .map(str::to_owned);
    let all: Vec<String> = known.iter().cloned().chain(others).collect();
    let is_of_an_account = known.iter().any(|key| key == "plain_text_passwd");
    if let Some((_, meant)) = OF_ACCOUNTS
        .iter()
        .find(|(written, _)| is_of_an_account && *written == name)
    {
        return Some(format!("did you mean `{meant}`?"));
    }
    // A key of the top level that was indented too far (`chpasswd`) is no typo of a similar one (`passwd`).
    if is_of_an_account && keys_of::<Config>().iter().any(|key| key == name) {
        return None;
    }
    nearest(name, &all).map(|near| format!("did you mean `{near}`?"))
}

/// Where a key belongs that is known, and at another place; `top`: where those of a document's top level go.
fn misplaced(path: &[String], name: &str, top: &str) -> Option<String> {
    let plain = name.replace('-', "_");
    if path.len() > 1 && path.first().is_some_and(|first| *first == plain) {
        return Some(format!(
            "it is below `{name}` already: remove this line, and indent what is below it less"
        ));
    }
    if path.len() == 1 && plain == "network_config" {
        return Some("write `network`; a network-config is a file of its own".to_owned());
    }
    let is_keyword = matches!(path, [sshd, _] if sshd == "sshd") && Keyword::find(name).is_some();
    if is_keyword && nearest(name, &keys_of::<Sshd>()).is_none() {
        return Some(format!("`{name}` goes below `sshd.options`"));
    }
    let devices = keys_of::<Network>().into_iter();
    let devices = devices.filter(|key| !SHARED.contains(&key.as_str())).collect();
    let sections = [
        ("network", devices),
        ("sshd", keys_of::<Sshd>()),
        ("root", keys_of::<RootAccount>()),
        ("docker", keys_of::<Docker>()),
        ("ntp", keys_of::<Ntp>()),
        ("chpasswd", keys_of::<Chpasswd>()),
        ("firstlight", keys_of::<Settings>()),
        ("network.ethernets.NAME", keys_of::<Ethernet>()),
        ("network.bonds.NAME.parameters", parameters_of("bonds", path)),
        ("network.bridges.NAME.parameters", parameters_of("bridges", path)),
    ];
    let is_here = |section: &str| {
        let parts = section.split('.').count();
        path.len() == parts + 1 && path.first().is_some_and(|first| section.starts_with(first.as_str()))
    };
    let mut places: Vec<String> = sections
        .iter()
        .filter(|(section, keys)| !is_here(section) && keys.iter().any(|key| key.replace('-', "_") == plain))
        .map(|(section, _)| format!("below `{section}`"))
        .collect();
    if path.len() > 1 && keys_of::<Config>().contains(&plain) {
        places.insert(0, top.to_owned());
    }
    // What stands below the network is the network's.
    if path.first().is_some_and(|first| first == "network") {
        places.retain(|place| !place.starts_with("below") || place.contains("network"));
    }
    match places.len() {
        0 => None,
        _ => Some(format!("`{name}` goes {}", places.join(", or "))),
    }
}

/// `network: {eth0: {dhcp4: true}}`: an interface beside `ethernets`.
fn interface(path: &[String], value: Option<&Node>) -> Option<String> {
    let [network, name] = path else { return None };
    let Value::Mapping(entries) = &value?.value else {
        return None;
    };
    let keys = keys_of::<Ethernet>();
    let is_interface = network == "network" && entries.iter().any(|entry| keys.contains(&entry.key.text));
    is_interface.then(|| {
        format!("an interface goes below `network.ethernets`: write `ethernets:` above `{name}:`, and indent it")
    })
}

/// Whether an interface has no value because its keys were not indented below it, or is such a key itself: where that key
/// is, and what is wrong with it.
pub(super) fn not_indented(tree: &Node, path: &[String]) -> Option<(Span, Diagnostic)> {
    let [network, kind, name] = path else { return None };
    // That one stands there for all of them.
    if network != "network" || name == "renderer" {
        return None;
    }
    let keys = keys_of_kind(kind);
    let Value::Mapping(entries) = &tree.find(&path[..2])?.value else {
        return None;
    };
    let at = entries.iter().position(|entry| entry.key.text == *name)?;
    let is_key = |entry: &&Entry| keys.contains(&entry.key.text);
    let (above, below) = (entries.get(at)?, entries.get(at + 1));
    let key = match is_key(&above) {
        true => above,
        false => below.filter(is_key).filter(|_| above.value.is_null())?,
    };
    let message = format!("the key `{}` doesn't belong here", key.key.text.escape_debug());
    let hint = "it is a key of an interface: indent it, and the keys beside it, below the interface's name";
    let told = Diagnostic::whole("", message, Some(hint.to_owned())).code(Code::MisplacedKey);
    Some((key.key.span, told))
}

/// The parameters of a kind of device, for a path that leads to one of it.
fn parameters_of(kind: &str, path: &[String]) -> Vec<String> {
    match path {
        [network, own, _, ..] if network == "network" && own == kind => match kind {
            "bonds" => keys_of::<BondParameters>(),
            _ => keys_of::<BridgeParameters>(),
        },
        _ => Vec::new(),
    }
}

/// The keys that a device of this kind has; none of what is no kind.
fn keys_of_kind(kind: &str) -> Vec<String> {
    match kind {
        "ethernets" => keys_of::<Ethernet>(),
        "dummy-devices" => keys_of::<DummyDevice>(),
        "virtual-ethernets" => keys_of::<VirtualEthernet>(),
        "bonds" => keys_of::<Bond>(),
        "bridges" => keys_of::<Bridge>(),
        "vlans" => keys_of::<Vlan>(),
        "tunnels" => keys_of::<Tunnel>(),
        "vrfs" => keys_of::<Vrf>(),
        _ => Vec::new(),
    }
}

/// The keys that a `T` has: it names them itself where it meets another.
pub(super) fn keys_of<T: DeserializeOwned>() -> Vec<String> {
    let span = Span::default();

    let probe = |value| Node { value, span };
    let entry = Entry {
        key: Key {
            text: String::new(),
            span,
            secret: false,
        },
        value: probe(Value::Sequence(Vec::new())),
    };
    match decode::<T>(&probe(Value::Mapping(vec![entry]))).map_err(|error| error.kind) {
        Err(DecodeErrorKind::UnknownKey { known }) => known,
        _ => Vec::new(),
    }
}

/// All keys where they are few, else those that come nearest.
pub(super) fn listed(name: &str, known: &[String]) -> String {
    let quoted = |keys: &[&String]| {
        let quoted: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        quoted.join(", ")
    };
    let mut keys: Vec<&String> = known.iter().collect();
    if keys.len() <= LIST {
        return format!("known keys: {}", quoted(&keys));
    }
    if name.len() <= WORD_LIMIT {
        keys.sort_by_key(|key| distance(name, key));
    }
    keys.truncate(LIST / 2);
    format!("known keys: {} and {} more", quoted(&keys), known.len() - keys.len())
}

/// The key of `known` that differs in nothing but case, or `-` for `_`.
pub(super) fn respelt(name: &str, known: &[String]) -> Option<Fix> {
    let same = known
        .iter()
        .find(|key| name.len() == key.len() && distance(name, key) == 0)?;
    Some(Fix::new(name, same))
}

/// The word of `known` that is closest to `word`, if one is close enough to be meant. `-` and `_` are the same.
pub fn nearest<'a>(word: &str, known: &'a [String]) -> Option<&'a str> {
    if word.len() > WORD_LIMIT {
        return None;
    }
    let (best, near) = known
        .iter()
        .map(|k| (distance(word, k), k))
        .min_by_key(|(distance, _)| *distance)?;
    (best <= 1 + word.len() / 4).then_some(near.as_str())
}

/// How many typos are between two words.
pub(super) fn distance(word: &str, other: &str) -> usize {
    let plain = |text: &str| text.to_ascii_lowercase().replace('-', "_");
    strsim::damerau_levenshtein(&plain(word), &plain(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(path: &str) -> String {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        let known = match path.as_slice() {
            [_] => keys_of::<Config>(),
            [section, _] if section == "sshd" => keys_of::<Sshd>(),
            [section, _] if section == "root" => keys_of::<RootAccount>(),
            _ => keys_of::<Ntp>(),
        };
        let told = explain_key(&path, &known, None, Dialect::Document);
        format!("{}: {}", told.message, told.hint.unwrap())
    }

    #[test]
    fn what_is_meant_is_named() {
        for (path, words) in [
            ("hostnme", "did you mean `hostname`?"),
            ("runmcd", "did you mean `runcmd`?"),
            ("monts", "did you mean `mounts`? firstlight doesn't apply that key"),
            ("pakages", "did you mean `packages`?"),
            ("write-file", "did you mean `write_files`?"),
            ("permit_root_login", "`permit_root_login` goes below `sshd`"),
            ("hashed_password", "goes below `root`"),
            ("enabled", "below `ntp`"),
            ("strict", "below `firstlight`"),
            ("addresses", "`addresses` goes below `network.ethernets.NAME`"),
            ("ethernets", "`ethernets` goes below `network`"),
            ("network-config", "write `network`"),
            ("sshd.Port", "`Port` goes below `sshd.options`"),
            ("network.network", "it is below `network` already"),
            ("network.addresses", "`addresses` goes below `network.ethernets.NAME`"),
            ("root.permit_root_login", "below `sshd`"),
            ("root.hostname", "`hostname` goes to the top"),
            ("root.pasword", "did you mean `password`?"),
            ("sshd.permitrootlogin", "did you mean `permit_root_login`?"),
            ("ntp.pers", "did you mean `peers`?"),
            ("mounts", "doesn't mount file systems yet"),
            ("zypper", "a key of cloud-config"),
            ("ubuntu_pro", "a key of cloud-config"),
            ("wireguard", "a key of cloud-config"),
        ] {
            let found = hint(path);
            assert!(found.contains(words), "{path}: {found}");
        }
    }

    #[test]
    fn no_message_lists_all_keys() {
        for path in ["xyzzy", "Q", "sshd.xyzzy", "root.xyzzy", &"x".repeat(1_000_000)] {
            let found = hint(path);
            assert!(found.matches(", ").count() < LIST, "{found}");
            assert!(found.contains("known keys"), "{found}");
        }
    }
}
