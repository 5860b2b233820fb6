//! `firstlight`: how the document itself is to be treated.

use serde::Deserialize;

/// Settings of firstlight that travel with the document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What happens to a generation when one of its changes fails.
    pub on_failure: Option<OnFailure>,
    /// At boot too, refuse the whole document when one key of it is bad.
    #[serde(default)]
    pub strict: bool,
    /// How many generations are kept, those that can be rolled back. Default: 10.
    pub keep_generations: Option<KeepGenerations>,
    /// After a boot that went well, overwrite in the hypervisor what held secrets. Default: true.
    pub scrub: Option<bool>,
}

/// How many generations are kept: from 1 to [`KEEP_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct KeepGenerations(u32);

/// The most generations that are kept.
pub const KEEP_MAX: u32 = 1000;

impl KeepGenerations {
    /// The number.
    pub fn get(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl TryFrom<u32> for KeepGenerations {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, String> {
        match number {
            1..=KEEP_MAX => Ok(Self(number)),
            _ => Err(format!(
                "expected a number from 1 to {KEEP_MAX}: the generation in force is always kept"
            )),
        }
    }
}

/// What happens to a generation when one of its changes fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// Everything it changed is undone. The default of `apply`.
    Rollback,
    /// What worked stays, the machine is marked degraded. The default at boot.
    Keep,
    /// Everything it changed is undone; and a boot goes no further than emergency.target. `apply` takes it as `rollback`:
    /// it does not take a machine that runs away from those who use it.
    Emergency,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    #[test]
    fn at_least_one_generation_is_kept() {
        let read = |number: u32| from_value::<Settings>(json!({"keep_generations": number}));
        for number in [1, 10, KEEP_MAX] {
            assert_eq!(read(number).unwrap().keep_generations, Some(KeepGenerations(number)));
        }
        for number in [0, KEEP_MAX + 1] {
            assert!(
                read(number).unwrap_err().to_string().contains("from 1 to 1000"),
                "{number}"
            );
        }
    }
}
