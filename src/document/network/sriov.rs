//! SR-IOV: one physical function of a network card, and the virtual ones that it has.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::{Ethernet, InterfaceId, Network};

/// How many virtual functions a physical one has: at most 256, as in netplan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("minimum" = 0, "maximum" = 256, "examples" = [4])))]
pub struct VirtualFunctionCount(u32);

impl VirtualFunctionCount {
    const MAX: u32 = 256;

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for VirtualFunctionCount {
    type Error = String;

    fn try_from(count: u32) -> Result<Self, String> {
        match count {
            0..=Self::MAX => Ok(Self(count)),
            other => Err(format!(
                "{other} virtual functions are not possible, expected 0 to {}",
                Self::MAX
            )),
        }
    }
}

impl fmt::Display for VirtualFunctionCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Network {
    /// How many virtual functions each physical one of the document has: as many as it says, else as many as there are
    /// entries for.
    pub fn virtual_functions(&self) -> BTreeMap<&InterfaceId, u32> {
        let mut counts: BTreeMap<&InterfaceId, u32> = BTreeMap::new();
        for physical in self.ethernets.values().filter_map(|ethernet| ethernet.link.as_ref()) {
            let count = counts.entry(physical).or_default();
            *count = count.saturating_add(1);
        }
        let said = |ethernet: &Ethernet| ethernet.virtual_function_count.map(VirtualFunctionCount::get);
        counts.extend(
            self.ethernets
                .iter()
                .filter_map(|(id, ethernet)| Some((id, said(ethernet)?))),
        );
        counts
    }
}
