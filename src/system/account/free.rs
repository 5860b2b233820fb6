//! Which number a new account or group gets, as useradd(8) and groupadd(8) choose it.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// The number of a person's account or group: the one after the highest in use, so that what was left behind by one that is
/// gone has no new owner; else the lowest that is free. `None` if all are taken.
pub fn of_persons(within: &RangeInclusive<u32>, taken: &BTreeSet<u32>) -> Option<u32> {
    if within.is_empty() {
        return None;
    }
    let highest = taken.range(within.clone()).next_back();
    let after = highest.map_or(Some(*within.start()), |highest| highest.checked_add(1));
    after
        .filter(|after| within.contains(after))
        .or_else(|| within.clone().find(|number| !taken.contains(number)))
}

/// The number of a system's own account or group: the one below the lowest in use; else the highest that is free. `None` if
/// all are taken.
pub fn of_the_system(within: &RangeInclusive<u32>, taken: &BTreeSet<u32>) -> Option<u32> {
    if within.is_empty() {
        return None;
    }
    let lowest = taken.range(within.clone()).next();
    let below = lowest.map_or(Some(*within.end()), |lowest| lowest.checked_sub(1));
    below
        .filter(|below| within.contains(below))
        .or_else(|| within.clone().rev().find(|number| !taken.contains(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persons_go_up_and_the_system_goes_down() {
        for (taken, up, down) in [
            (&[][..], Some(10), Some(14)),
            (&[1, 99], Some(10), Some(14)),
            (&[11], Some(12), Some(10)),
            (&[12], Some(13), Some(11)),
            (&[10, 14], Some(11), Some(13)),
            (&[10, 11, 12, 13, 14], None, None),
        ] {
            let taken: BTreeSet<u32> = taken.iter().copied().collect();
            assert_eq!(of_persons(&(10..=14), &taken), up, "{taken:?}");
            assert_eq!(of_the_system(&(10..=14), &taken), down, "{taken:?}");
        }
        #[allow(clippy::reversed_empty_ranges, reason = "login.defs may say so")]
        let nothing = 14..=10;
        assert_eq!(of_persons(&nothing, &BTreeSet::from([12])), None);
        assert_eq!(of_the_system(&nothing, &BTreeSet::from([12])), None);
        let all = u32::MAX - 1..=u32::MAX;
        assert_eq!(of_persons(&all, &BTreeSet::from([u32::MAX])), Some(u32::MAX - 1));
        assert_eq!(of_the_system(&(0..=1), &BTreeSet::from([0])), Some(1));
    }
}
