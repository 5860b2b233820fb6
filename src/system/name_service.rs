//! How the C library finds the address of a host.
//!
//! The released executable is static. glibc would still load the plug-ins that the machine's `nsswitch.conf` names
//! (`resolve`, `myhostname`, `mymachines`), which belong to the machine's own glibc, and crash on another version. The
//! two that matter, `/etc/hosts` and DNS as `/etc/resolv.conf` says, are built in; systemd-resolved is reached by the
//! latter. Unsafe code is here and in [`super::memory`] alone.

/// Has names of hosts looked up in `/etc/hosts` and in DNS, by nothing that is loaded. For the whole process.
#[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
pub use glibc::without_plugins;

/// The machine's own C library loads its own plug-ins.
#[cfg(not(all(target_env = "gnu", target_feature = "crt-static")))]
pub fn without_plugins() {}

#[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
mod glibc {
    #![expect(unsafe_code, reason = "glibc has no other way to say this")]

    use std::ffi::{c_char, c_int};
    use std::sync::Once;

    unsafe extern "C" {
        /// `nss.h`: overrides a line of nsswitch.conf.
        fn __nss_configure_lookup(database: *const c_char, services: *const c_char) -> c_int;
    }

    /// Has names of hosts looked up in `/etc/hosts` and in DNS, by nothing that is loaded. For the whole process.
    pub fn without_plugins() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // SAFETY: both are strings that end with a zero and live for ever; the function copies what it keeps, and
            // takes a lock. It fails only if memory runs out or the database is unknown.
            let failed = unsafe { __nss_configure_lookup(c"hosts".as_ptr(), c"files dns".as_ptr()) };
            if failed != 0 {
                tracing::warn!("glibc does not take `hosts: files dns`");
            }
        });
    }
}
