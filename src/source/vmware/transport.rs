//! What all ways to read guestinfo have in common, and whether there is a hypervisor to ask.

use std::path::Path;
use std::time::{Duration, Instant};

use super::backdoor::{Access, Backdoor};
use super::tool::{self, Tool};
use crate::source::{Fault, Places};

/// The largest value that is read, in bytes: VMware's own limit for all of guestinfo is 1 MiB.
pub const VALUE_LIMIT: u64 = crate::source::PART_LIMIT;

/// How long all questions of all transports together may take.
const TOGETHER: Duration = Duration::from_secs(8);

/// How long one question of a tool that writes may take.
const WRITING: Duration = Duration::from_secs(8);

/// How long all of them together may take.
const WRITING_TOGETHER: Duration = Duration::from_secs(24);

/// A way to read guestinfo, and to write it where there is a tool.
pub trait Transport {
    /// What it is called in messages.
    fn name(&self) -> &str;

    /// Where the value of a key is, for diagnostics.
    fn origin(&self, key: &str) -> String {
        format!("guestinfo.{key}")
    }

    /// The value of `guestinfo.KEY`, at most [`VALUE_LIMIT`] bytes; `None` if it is not set.
    ///
    /// # Errors
    /// It can't be asked: why, without anything of the value.
    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Fault>;

    /// Sets `guestinfo.KEY`. The value is visible on a command line: it must not be a secret.
    ///
    /// # Errors
    /// This way can't write, or was refused: why.
    fn set(&mut self, key: &str, _value: &str) -> Result<(), Fault> {
        Err(Fault::lasting(format!("{} can't set guestinfo.{key}", self.name())))
    }

    /// Whether "not set" is reliable, rather than that this way may not see the key.
    fn is_sure(&self) -> bool {
        true
    }
}

/// Whether VMware is the hypervisor of this machine, going by its firmware.
///
/// # Errors
/// It is not, or this is unknown: which check said so.
pub fn is_vmware(places: &Places) -> Result<(), String> {
    if places.in_container() {
        // Its /sys is the host's, and so would be the guestinfo.
        return Err("not asked for guestinfo: this is a container".to_owned());
    }
    let mut seen = Vec::new();
    for name in ["sys_vendor", "product_name"] {
        let path = format!("/sys/class/dmi/id/{name}");
        let value = places
            .root
            .read_text(&path)
            .map_err(|error| error.to_string())?
            .unwrap_or_default();
        let value: String = value.trim().chars().take(64).collect();
        if value.to_ascii_lowercase().contains("vmware") {
            return Ok(());
        }
        seen.push(match value.is_empty() {
            true => format!("{path} says nothing"),
            false => format!("{path} is {value:?}"),
        });
    }
    Err(format!("not a VMware machine: {}", seen.join(", ")))
}

/// The ways that there are on this VMware machine, best first.
///
/// The backdoor as an ordinary process comes last, and only where there is no tool: a hypervisor that restricts it
/// answers with SIGSEGV, which the tools survive and firstlight would not.
pub fn all(places: &Places) -> Vec<Box<dyn Transport>> {
    let mut all: Vec<Box<dyn Transport>> = vec![Box::new(Backdoor::new(Access::Privileged))];
    let tools = tools(places, tool::LIMIT, TOGETHER);
    if tools.is_empty() {
        all.push(Box::new(Backdoor::new(Access::Unprivileged)));
    }
    all.extend(tools);
    all
}

/// The ways that can also set a key: the tools that exist. They are given more time: what they are asked then is not
/// asked at every boot, and vmtoolsd may take six seconds for it.
pub fn writers(places: &Places) -> Vec<Box<dyn Transport>> {
    tools(places, WRITING, WRITING_TOGETHER)
}

fn tools(places: &Places, limit: Duration, together: Duration) -> Vec<Box<dyn Transport>> {
    let until = Instant::now() + together;
    let mut tools: Vec<Box<dyn Transport>> = Vec::new();
    for argv in [tool::RPCTOOL, tool::VMTOOLSD] {
        if argv.first().is_some_and(|path| is_there(places, path)) {
            tools.push(Box::new(Tool::new(argv, limit, until)));
        }
    }
    tools
}

fn is_there(places: &Places, path: &str) -> bool {
    Path::new(path).is_absolute() && places.root.exists(path).unwrap_or(false)
}
