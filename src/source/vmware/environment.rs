//! Guestinfo in environment variables: `VMX_GUESTINFO_USERDATA`, when `VMX_GUESTINFO` is set. For containers and tests.

use std::os::unix::ffi::OsStringExt;

use super::transport::{Transport, VALUE_LIMIT};
use crate::source::Fault;

/// The environment of this process.
#[derive(Debug)]
pub struct Environment {
    get: fn(&str) -> Option<Vec<u8>>,
}

impl Environment {
    /// The environment, when `VMX_GUESTINFO` says that it holds guestinfo.
    pub fn of_process() -> Option<Self> {
        Self::new(|name| std::env::var_os(name).map(OsStringExt::into_vec))
    }

    /// An environment that `get` looks up.
    pub fn new(get: fn(&str) -> Option<Vec<u8>>) -> Option<Self> {
        let meant = get("VMX_GUESTINFO").is_some_and(|value| !value.is_empty());
        meant.then_some(Self { get })
    }
}

impl Transport for Environment {
    fn name(&self) -> &'static str {
        "environment"
    }

    fn origin(&self, key: &str) -> String {
        format!("VMX_GUESTINFO_{}", key.to_ascii_uppercase().replace('.', "_"))
    }

    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        let name = self.origin(key);
        match (self.get)(&name) {
            Some(value) if value.len() as u64 > VALUE_LIMIT => {
                let what = format!("has more than {VALUE_LIMIT} bytes, the limit");
                Err(Fault::lasting(what).at(name))
            }
            value => Ok(value),
        }
    }
}
