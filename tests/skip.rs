//! A test that lacks what it needs is skipped, and never in CI.

#[path = "support/skip.rs"]
#[allow(dead_code, reason = "others use the rest of it")]
mod skip;

use skip::skip_in;

#[test]
fn elsewhere_a_test_may_be_skipped() {
    skip_in(false, &"nothing: this is the test of the word");
}

#[test]
#[should_panic(expected = "CI must not skip this: no tape drive")]
fn in_ci_a_skipped_test_fails() {
    skip_in(true, &"no tape drive");
}
