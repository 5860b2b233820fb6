//! Finds out, before planning, what only a running machine shows.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::document::Config;
use crate::module::Module;
use crate::system::{Facts, Live, System, network};

/// Units that react to what modules write, and so are always looked at.
const REACTING: [&str; 5] = [
    "systemd-networkd.service",
    "sshd.service",
    "ssh.service",
    "sshd.socket",
    "docker.service",
];

/// No machine of ours ran before this day (2024-01-01): a clock that says so has not been set.
const EARLIEST_DAY: u32 = 19_723;

/// The facts that planning `config` needs, after what earlier generations did to `units`.
pub async fn survey(system: &System, modules: &[&dyn Module], config: &Config, units: Vec<String>) -> Facts {
    let live = if system.live {
        Some(look(system, modules, config, units).await)
    } else {
        None
    };
    Facts { today: today(), live }
}

async fn look(system: &System, modules: &[&dyn Module], config: &Config, units: Vec<String>) -> Live {
    let mut live = Live {
        hostname: nix::unistd::gethostname()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
        links: network::links(&system.root),
        ..Live::default()
    };
    let Some(bus) = &system.bus else { return live };
    live.bus = true;
    let mut names = units;
    names.extend(REACTING.iter().map(ToString::to_string));
    names.extend(modules.iter().flat_map(|module| module.observes(config)));
    names.sort_unstable();
    names.dedup();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match bus.unit_facts(&names).await {
        Ok(units) => live.units = units,
        Err(error) => tracing::warn!("systemd does not say how the units are: {error}"),
    }
    live
}

/// Days since 1970-01-01, or 0 when the clock has not been set.
fn today() -> u32 {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let day = u32::try_from(seconds / 86_400).unwrap_or(0);
    if day < EARLIEST_DAY { 0 } else { day }
}
