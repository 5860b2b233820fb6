//! `firstlight`: how firstlight treats the document.

use std::time::Duration;

use serde::Deserialize;

use super::config::Config;
use super::duration;
use super::problem::Check;

/// Settings of firstlight that are part of the document.
///
/// ```yaml
/// on_failure: rollback
/// keep_generations: 5
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Settings {
    /// What to do when a change fails.
    pub on_failure: Option<OnFailure>,
    /// Refuse the whole document if any key is invalid, even at boot.
    #[serde(default)]
    pub strict: bool,
    /// How many generations to keep for rollback. Default: 10.
    pub keep_generations: Option<KeepGenerations>,
    /// Stop `runcmd` and `bootcmd` at the first command that fails.
    #[serde(default)]
    pub stop_on_error: bool,
    /// How long `runcmd`, and each script, may take. Default: 1h.
    pub command_timeout: Option<CommandTimeout>,
    /// After a successful boot, overwrite the hypervisor's copy of data that held secrets. Default: true.
    pub scrub: Option<bool>,
}

impl Check for Settings {}

impl Config {
    /// How long `runcmd`, and each script, may take.
    pub fn command_limit(&self) -> Duration {
        let asked = self.firstlight.as_ref().and_then(|settings| settings.command_timeout);
        asked.unwrap_or_default().0
    }

    /// Whether commands stop at the first one that fails.
    pub fn stops_on_error(&self) -> bool {
        self.firstlight.as_ref().is_some_and(|settings| settings.stop_on_error)
    }
}

/// How long commands may take: from 1s to 24h.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = "^[0-9]+[smh]$", "examples" = ["20m"])))]
pub struct CommandTimeout(Duration);

impl Default for CommandTimeout {
    fn default() -> Self {
        Self(Duration::from_secs(60 * 60))
    }
}

impl TryFrom<String> for CommandTimeout {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        duration::parse(&text, Duration::from_secs(1)..=Duration::from_secs(24 * 60 * 60)).map(Self)
    }
}

/// How many generations to keep: from 1 to [`KEEP_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("minimum" = 1, "maximum" = KEEP_MAX, "examples" = [10])))]
pub struct KeepGenerations(u32);

/// The largest number of generations that can be kept.
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
                "expected a number from 1 to {KEEP_MAX} (the current generation is always kept), found {number}"
            )),
        }
    }
}

/// What to do when a change fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum OnFailure {
    /// Undo all changes of the generation. The default of `apply`.
    Rollback,
    /// Keep what worked and mark the machine as degraded. The default at boot.
    Keep,
    /// Undo all changes of the generation, and stop the boot at emergency.target. `apply` treats it as `rollback`: it
    /// doesn't take a running machine out of service.
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
