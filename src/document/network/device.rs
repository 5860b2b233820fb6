//! What the kinds of devices have in common: checks and rendering go over all of them.

use super::{Common, Ethernet, InterfaceId, Network};

/// A device of a network, of any kind.
pub trait Device {
    /// The key below `network` that devices of its kind are under: `ethernets`.
    fn kind(&self) -> &'static str;

    /// What every device can be told.
    fn common(&self) -> &Common;
}

impl Device for Ethernet {
    fn kind(&self) -> &'static str {
        "ethernets"
    }

    fn common(&self) -> &Common {
        &self.common
    }
}

impl Network {
    /// All devices, with their IDs, kind by kind.
    pub fn devices(&self) -> impl Iterator<Item = (&InterfaceId, &dyn Device)> {
        self.ethernets.iter().map(|(id, device)| (id, device as &dyn Device))
    }
}
