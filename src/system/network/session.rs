//! The network connection that a person is logged in over.

use std::net::IpAddr;

use nix::ifaddrs::getifaddrs;

use crate::system::Root;

/// How many parents of this process are asked for their environment: sudo, su and shells lie in between.
const PARENTS: usize = 16;

/// A login over the network, on this machine's side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The address that the person connected to.
    pub address: IpAddr,
    /// The link that has it.
    pub link: String,
}

impl Session {
    /// The SSH session that this process belongs to, by `SSH_CONNECTION` (ssh(1)) of the process or its parents: sudo
    /// hands it on to nobody. `None` on a console, or where it can't be told.
    pub fn current(root: &Root) -> Option<Self> {
        let mut process = std::process::id();
        for _ in 0..PARENTS {
            if let Some(address) = root
                .read(&format!("/proc/{process}/environ"))
                .ok()
                .flatten()
                .and_then(|environment| server_address(&environment))
            {
                let link = link_with(address)?;
                return Some(Self { address, link });
            }
            process = parent(&root.read_text(&format!("/proc/{process}/stat")).ok().flatten()?)?;
        }
        None
    }
}

/// The third word of `SSH_CONNECTION`: client, its port, server, its port.
fn server_address(environment: &[u8]) -> Option<IpAddr> {
    let variables = environment.split(|byte| *byte == 0);
    let value = variables
        .filter_map(|variable| variable.strip_prefix(b"SSH_CONNECTION="))
        .next()?;
    let server = std::str::from_utf8(value).ok()?.split_whitespace().nth(2)?;
    // A link-local address comes with its link: fe80::1%eth0.
    server.split('%').next()?.parse().ok()
}

/// The parent's number in `/proc/PID/stat` (proc(5)): the second field behind the name, which may hold anything.
fn parent(stat: &str) -> Option<u32> {
    let (_, behind) = stat.rsplit_once(')')?;
    behind
        .split_whitespace()
        .nth(1)?
        .parse()
        .ok()
        .filter(|process| *process > 1)
}

fn link_with(address: IpAddr) -> Option<String> {
    let has = |found: &nix::ifaddrs::InterfaceAddress| {
        let found = found.address.as_ref()?;
        let v4 = found.as_sockaddr_in().map(|it| IpAddr::V4(it.ip()));
        v4.or_else(|| found.as_sockaddr_in6().map(|it| IpAddr::V6(it.ip())))
    };
    getifaddrs()
        .ok()?
        .find(|found| has(found) == Some(address))
        .map(|found| found.interface_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_told_by_the_server_side() {
        let table = [
            (
                &b"A=b\0SSH_CONNECTION=198.51.100.7 51000 192.0.2.10 22\0"[..],
                Some("192.0.2.10"),
            ),
            (b"SSH_CONNECTION=fe80::2 51000 fe80::1%eth0 22\0", Some("fe80::1")),
            (b"XSSH_CONNECTION=198.51.100.7 51000 192.0.2.10 22\0", None),
            (b"SSH_CONNECTION=\0", None),
            (b"SSH_CONNECTION=a b c d\0", None),
            (b"SSH_CONNECTION=\xff \xff \xff\0", None),
            (b"", None),
        ];
        for (environment, address) in table {
            assert_eq!(server_address(environment), address.map(|it| it.parse().unwrap()));
        }
    }

    #[test]
    fn a_parent_is_found_whatever_the_name() {
        let table = [
            ("12 (bash) S 7 12", Some(7)),
            ("12 (a) b) (c) S 7 12", Some(7)),
            ("12 (systemd) S 1 12", None),
            ("12 (cut", None),
            ("", None),
        ];
        for (stat, number) in table {
            assert_eq!(parent(stat), number, "{stat}");
        }
    }

    #[test]
    fn an_address_is_found_on_its_link() {
        assert_eq!(link_with(IpAddr::from([127, 0, 0, 1])).as_deref(), Some("lo"));
        assert_eq!(link_with(IpAddr::from([192, 0, 2, 254])), None);
    }
}
