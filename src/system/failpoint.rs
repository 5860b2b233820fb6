//! Places where a test lets the process die, as a power cut would: after each system call that changes something.
//!
//! Compiled in with the feature `failpoints` alone. `FIRSTLIGHT_DIE_AT=N` lets the process abort at the N-th place it
//! passes, counted from 1; nothing is cleaned up.

/// A place. Does nothing without the feature.
#[cfg(not(feature = "failpoints"))]
pub fn pass() {}

/// A place.
#[cfg(feature = "failpoints")]
pub fn pass() {
    use std::sync::atomic::{AtomicU64, Ordering};
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let passed = PASSED.fetch_add(1, Ordering::Relaxed) + 1;
    let die_at = std::env::var("FIRSTLIGHT_DIE_AT")
        .ok()
        .and_then(|text| text.parse().ok());
    if die_at == Some(passed) {
        std::process::abort();
    }
}
