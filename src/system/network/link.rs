//! The network links, as sysfs has them (`/sys/class/net`, the kernel's Documentation/ABI/testing/sysfs-class-net).

use super::Managed;
use super::networkd;
use crate::system::{Kind, LinkFacts, Root};

/// A link, and how it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it is recognised by.
    pub facts: LinkFacts,
    /// The largest packet in bytes; `None` where the kernel doesn't say.
    pub mtu: Option<u32>,
    /// Whether anything can be sent.
    pub signal: Signal,
    /// What networkd says of it; `None` where networkd doesn't know it.
    pub networkd: Option<Managed>,
    /// The `.link` file that udev used for it last; `None` where udev has not looked at it.
    pub link_file: Option<String>,
}

/// Whether a link can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// It is switched off.
    Down,
    /// It is on, and there is nobody at the other end.
    NoCarrier,
    /// It is on and connected.
    Carrier,
}

/// What the links are recognised by. A link that goes while we look is left out.
pub fn links(root: &Root) -> Vec<LinkFacts> {
    let mut names = root.list("/sys/class/net").unwrap_or_else(|error| {
        tracing::warn!("can't list the network interfaces: {error}");
        Vec::new()
    });
    // The bonding driver has a file among them: `bonding_masters`.
    names.retain(|name| is_directory(root, &format!("/sys/class/net/{name}")));
    let link = |name: String| LinkFacts {
        mac: attribute(root, &name, "address").unwrap_or_default(),
        driver: driver(root, &name),
        name,
    };
    names.into_iter().map(link).collect()
}

/// The links, and how they are.
pub(super) fn observe(root: &Root) -> Vec<Link> {
    let link = |facts: LinkFacts| {
        let index = attribute(root, &facts.name, "ifindex");
        Link {
            mtu: attribute(root, &facts.name, "mtu").and_then(|text| text.parse().ok()),
            signal: match attribute(root, &facts.name, "carrier").as_deref() {
                Some("1") => Signal::Carrier,
                Some(_) => Signal::NoCarrier,
                // The kernel refuses to say (EINVAL) of a link that is off.
                None => Signal::Down,
            },
            networkd: index.as_ref().and_then(|index| networkd::observe(root, index)),
            link_file: index.and_then(|index| link_file(root, &index)),
            facts,
        }
    };
    links(root).into_iter().map(link).collect()
}

/// What udev's database says of the link with this index: the property that its builtin `net_setup_link` sets, udevadm(8).
fn link_file(root: &Root, index: &str) -> Option<String> {
    let text = root.read_text(&format!("/run/udev/data/n{index}")).ok().flatten()?;
    let mut properties = text.lines().filter_map(|line| line.strip_prefix("E:ID_NET_LINK_FILE="));
    properties.next().map(str::to_owned)
}

fn is_directory(root: &Root, path: &str) -> bool {
    let found = root.metadata_followed(path).ok().flatten();
    found.is_some_and(|found| found.kind == Kind::Directory)
}

fn attribute(root: &Root, link: &str, name: &str) -> Option<String> {
    let text = root
        .read_text(&format!("/sys/class/net/{link}/{name}"))
        .ok()
        .flatten()?;
    Some(text.trim().to_ascii_lowercase())
}

fn driver(root: &Root, name: &str) -> String {
    let target = root
        .read_link(&format!("/sys/class/net/{name}/device/driver"))
        .ok()
        .flatten()
        .unwrap_or_default();
    target.rsplit('/').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_what_sysfs_and_networkd_say() {
        let tree = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = tree.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        for (name, carrier) in [("eth0", Some("1\n")), ("eth1", Some("0\n")), ("eth2", None)] {
            write(&format!("sys/class/net/{name}/address"), "00:50:56:AA:BB:CC\n");
            write(&format!("sys/class/net/{name}/mtu"), "1400\n");
            if let Some(carrier) = carrier {
                write(&format!("sys/class/net/{name}/carrier"), carrier);
            }
        }
        write("sys/class/net/eth0/ifindex", "7\n");
        write("sys/class/net/bonding_masters", "bond0\n");
        write("run/systemd/netif/links/7", "ADMIN_STATE=configured\n");
        write(
            "run/udev/data/n7",
            "I:1\nE:ID_NET_DRIVER=x\nE:ID_NET_LINK_FILE=/etc/systemd/network/a.link\nE:ID_NET_NAME=x\n",
        );
        let found = observe(&Root::open(tree.path()).unwrap());
        let signals: Vec<Signal> = found.iter().map(|link| link.signal).collect();
        assert_eq!(signals, [Signal::Carrier, Signal::NoCarrier, Signal::Down]);
        assert_eq!(
            (found[0].facts.mac.as_str(), found[0].mtu),
            ("00:50:56:aa:bb:cc", Some(1400))
        );
        assert_eq!(found[0].networkd.as_ref().unwrap().admin_state, "configured");
        assert_eq!((&found[1].networkd, &found[1].link_file), (&None, &None));
        assert_eq!(found[0].link_file.as_deref(), Some("/etc/systemd/network/a.link"));
    }
}
