//! The network at one moment: links, addresses and routes as the kernel has them, and what networkd says of each link.
//!
//! Read from sysfs, procfs and `/run/systemd/netif`: no bus is needed, and every systemd has them.

pub mod address;
pub mod link;
pub mod netdev;
pub mod networkd;
pub mod route;
pub mod session;

pub use address::{Address, Detection};
pub use link::{Link, Signal, links};
pub use networkd::Managed;
pub use route::Route;
pub use session::Session;

use super::Root;

/// The network at one moment. What can't be read is an error in words, of that part alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// The links.
    pub links: Vec<Link>,
    /// The addresses of all links.
    pub addresses: Result<Vec<Address>, String>,
    /// The routes of the main table.
    pub routes: Result<Vec<Route>, String>,
    /// Whether networkd has run in this boot.
    pub networkd: bool,
}

impl Network {
    /// The network of the running machine, whose `/` is `root`.
    pub fn observe(root: &Root) -> Self {
        Self {
            links: link::observe(root),
            addresses: address::observe(root),
            routes: route::observe(root),
            networkd: networkd::has_run(root),
        }
    }
}
