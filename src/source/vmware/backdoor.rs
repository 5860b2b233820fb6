//! The hypervisor itself, over its I/O port: no tool is needed. x86-64 only; `vmw_backdoor` keeps the unsafe part.
//!
//! Two weak points of that crate shape this file: a refusal (`Permission denied`) looks like a key that is not set, so
//! "not set" is never [sure](super::transport::Transport::is_sure); and the port of another hypervisor is taken for
//! VMware's, so the processor has to say VMware, as well as the firmware.

use super::transport::Transport;
#[cfg(target_arch = "x86_64")]
use super::transport::VALUE_LIMIT;
use crate::source::Fault;

/// How the port is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// With iopl(2): works where the backdoor is restricted, and not under kernel lockdown.
    Privileged,
    /// As any process: the hypervisor may answer with SIGSEGV, if it is told to.
    Unprivileged,
}

/// The backdoor. Every key is requested over its own channel.
#[derive(Debug)]
pub struct Backdoor {
    access: Access,
}

impl Backdoor {
    /// The backdoor, reached so.
    pub fn new(access: Access) -> Self {
        Self { access }
    }
}

impl Transport for Backdoor {
    fn name(&self) -> &'static str {
        match self.access {
            Access::Privileged => "backdoor",
            Access::Unprivileged => "backdoor without privileges",
        }
    }

    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        ask(self.access, key).map_err(|fault| fault.at(self.name()))
    }

    fn is_sure(&self) -> bool {
        false
    }
}

#[cfg(target_arch = "x86_64")]
fn ask(access: Access, key: &str) -> Result<Option<Vec<u8>>, Fault> {
    if !vmw_backdoor::is_vmware_cpu() {
        return Err(Fault::lasting("the processor doesn't say that it is VMware's"));
    }
    converse(access, key)
}

/// Asks over the port, whatever answers.
#[cfg(target_arch = "x86_64")]
fn converse(access: Access, key: &str) -> Result<Option<Vec<u8>>, Fault> {
    let guard = match access {
        Access::Privileged => vmw_backdoor::probe_backdoor_privileged(),
        Access::Unprivileged => vmw_backdoor::probe_backdoor(),
    };
    let refused = |error: &dyn std::fmt::Display| Fault::lasting(error.to_string());
    let mut guard = guard.map_err(|error| refused(&error))?;
    let mut channel = guard.open_enhanced_chan().map_err(|error| refused(&error))?;
    let value = channel.get_guestinfo(format!("guestinfo.{key}").as_bytes());
    match value.map_err(|error| refused(&error))? {
        Some(value) if value.len() as u64 > VALUE_LIMIT => {
            let value = zeroize::Zeroizing::new(value);
            Err(Fault::lasting(format!(
                "guestinfo.{key} has more than {VALUE_LIMIT} bytes, the limit: {}",
                value.len()
            )))
        }
        value => Ok(value),
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn ask(_: Access, _: &str) -> Result<Option<Vec<u8>>, Fault> {
    Err(Fault::lasting("there is no backdoor on this processor"))
}

#[cfg(test)]
#[cfg(target_arch = "x86_64")]
#[expect(
    unsafe_code,
    reason = "a signal handler that plays the hypervisor works on registers and foreign memory"
)]
mod trap;

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn elsewhere_no_port_is_touched() {
        if vmw_backdoor::is_vmware_cpu() {
            return crate::skip::skip("this is a VMware machine");
        }
        for access in [Access::Privileged, Access::Unprivileged] {
            let why = Backdoor::new(access).get("userdata").unwrap_err().to_string();
            assert!(why.contains("doesn't say that it is VMware's"), "{why}");
        }
    }
}
