//! The addresses on the network links, as the kernel has them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use crate::system::Root;

/// An address on a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The link's name.
    pub link: String,
    /// The address.
    pub ip: IpAddr,
    /// The length of its prefix, in bits.
    pub prefix_len: u8,
    /// Whether it is known to be unique.
    pub detection: Detection,
}

/// How duplicate address detection went (RFC 4862 §5.4). IPv4 addresses count as passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detection {
    /// The address can be used.
    Passed,
    /// It can't be used yet: duplicate address detection is still running.
    Running,
    /// It can't be used: another machine has it.
    Failed,
}

/// All addresses of this machine (getifaddrs(3)).
///
/// # Errors
/// The kernel does not say; why.
pub(super) fn observe(root: &Root) -> Result<Vec<Address>, String> {
    let all = nix::ifaddrs::getifaddrs().map_err(|errno| format!("can't list the addresses: {}", errno.desc()))?;
    // getifaddrs(3) has no flags of addresses; without IPv6 there is no such file.
    let text = root
        .read_text("/proc/net/if_inet6")
        .map_err(|error| error.to_string())?;
    let unusable = unusable(&text.unwrap_or_default());
    Ok(all.filter_map(|entry| to_address(&entry, &unusable)).collect())
}

type Unusable = BTreeMap<(String, Ipv6Addr), Detection>;

fn to_address(entry: &nix::ifaddrs::InterfaceAddress, unusable: &Unusable) -> Option<Address> {
    let (address, mask) = (entry.address.as_ref()?, entry.netmask.as_ref()?);
    let (ip, ones) = match (address.as_sockaddr_in(), address.as_sockaddr_in6()) {
        (Some(v4), _) => (IpAddr::V4(v4.ip()), mask.as_sockaddr_in()?.ip().to_bits().count_ones()),
        (_, Some(v6)) => (IpAddr::V6(v6.ip()), mask.as_sockaddr_in6()?.ip().to_bits().count_ones()),
        _ => return None,
    };
    let link = entry.interface_name.clone();
    let detection = match ip {
        IpAddr::V4(_) => None,
        IpAddr::V6(ip) => unusable.get(&(link.clone(), ip)).copied(),
    };
    Some(Address {
        link,
        ip,
        prefix_len: u8::try_from(ones).ok()?,
        detection: detection.unwrap_or(Detection::Passed),
    })
}

/// The IPv6 addresses that can't be used, from `/proc/net/if_inet6`: address, index, prefix, scope and flags in
/// hexadecimal, link. The flags are those of rtnetlink(7), `IFA_F_*` of linux/if_addr.h.
fn unusable(text: &str) -> Unusable {
    const OPTIMISTIC: u32 = 0x04;
    const DAD_FAILED: u32 = 0x08;
    const TENTATIVE: u32 = 0x40;
    let entry = |line: &str| {
        let mut fields = line.split_whitespace();
        let ip = Ipv6Addr::from_bits(u128::from_str_radix(fields.next()?, 16).ok()?);
        let flags = u32::from_str_radix(fields.nth(3)?, 16).ok()?;
        let detection = match flags {
            flags if flags & DAD_FAILED != 0 => Detection::Failed,
            flags if flags & TENTATIVE != 0 && flags & OPTIMISTIC == 0 => Detection::Running,
            _ => return None,
        };
        Some(((fields.next()?.to_owned(), ip), detection))
    };
    text.lines().filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_address_is_there() {
        let root = Root::open(std::path::Path::new("/")).unwrap();
        let all = observe(&root).unwrap();
        let loopback = Address {
            link: "lo".into(),
            ip: "127.0.0.1".parse().unwrap(),
            prefix_len: 8,
            detection: Detection::Passed,
        };
        assert!(all.contains(&loopback), "{all:?}");
    }

    #[test]
    fn addresses_that_cannot_be_used_are_told_apart() {
        let text = "fe8000000000000000fc00fffe000001 04 40 20 80     eth0\n\
                    20010db8000000000000000000000010 04 40 00 c0     eth0\n\
                    20010db8000000000000000000000011 04 40 00 c8     eth0\n\
                    20010db8000000000000000000000012 04 40 00 44     eth0\n\
                    not a line\n";
        let expected = [
            ("2001:db8::10", Detection::Running),
            ("2001:db8::11", Detection::Failed),
        ];
        let expected = expected.map(|(ip, how)| (("eth0".to_owned(), ip.parse().unwrap()), how));
        assert_eq!(unusable(text), expected.into());
    }
}
