//! What a test does that lacks what it needs. The tests of the library share this file; its own are in `tests/skip.rs`.

use std::fmt::Display;
use std::io::Write;

/// Says what a test leaves out and why: `SKIP: it needs root`. In CI, where the variable `CI` is set, everything can be had,
/// and what is left out there is a failure.
pub fn skip(why: impl Display) {
    skip_in(std::env::var_os("CI").is_some_and(|ci| !ci.is_empty()), &why);
}

/// The same, in CI or elsewhere.
pub fn skip_in(ci: bool, why: &dyn Display) {
    assert!(!ci, "CI must not skip this: {why}");
    // Past libtest's capture: a test that passes shows nothing else.
    let _ = writeln!(std::io::stderr(), "SKIP: {why}");
}

/// Whether root runs the tests; says `SKIP` and why where it is somebody else.
pub fn is_root(why: &str) -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        skip(format_args!("it needs root: {why}"));
    }
    root
}
