//! Dummy devices: links that go nowhere, for addresses that belong to the machine.

use super::common::device;
use super::device::{Device, Netdev, of_kind};

device! {
    /// One dummy device.
    ///
    /// ```yaml
    /// addresses: [192.0.2.100/32]
    /// ```
    #[derive(Default)]
    pub struct DummyDevice {}
}

impl Device for DummyDevice {
    of_kind!("dummy-devices", |_| Netdev::Dummy);
}
