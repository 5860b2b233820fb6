//! When to ask again. A thousand clones of a template boot in the same second: each waits a random time, longer and
//! longer, so that a server that is down is not held down ("exponential backoff and full jitter").

use std::time::Duration;

/// The longest first wait.
const FIRST: Duration = Duration::from_secs(1);

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(30);

/// How much of a server's `Retry-After` is heeded.
const HEEDED: Duration = Duration::from_secs(120);

/// The wait before the try after `tries` that failed. `random` is from 0 to 1. What the server asks for is the least.
pub fn wait(tries: u32, random: f64, asked: Option<Duration>) -> Duration {
    let most = FIRST
        .saturating_mul(2u32.saturating_pow(tries.saturating_sub(1)))
        .min(LONGEST);
    asked.unwrap_or_default().min(HEEDED) + most.mul_f64(random.clamp(0.0, 1.0))
}

/// A random number from 0 to 1; a half where the kernel has none yet.
pub fn random() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_are_spread() {
        let longest: Vec<_> = (1..=7).map(|tries| wait(tries, 1.0, None).as_secs()).collect();
        assert_eq!(longest, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(wait(u32::MAX, 1.0, None), LONGEST);
        assert_eq!(wait(5, 0.0, None), Duration::ZERO);
        assert_eq!(wait(3, 0.5, None), Duration::from_secs(2));
        let asked = Some(Duration::from_secs(10));
        assert_eq!(wait(1, 0.5, asked), Duration::from_millis(10_500));
        assert_eq!(wait(1, 0.0, Some(Duration::from_secs(9999))), HEEDED);
        let spread: std::collections::BTreeSet<_> = (0..50).map(|_| wait(6, random(), None)).collect();
        assert!(spread.len() > 25);
    }
}
