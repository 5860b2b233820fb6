//! Bounded waiting: everything that needs time is checked together, until one deadline.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::Verdict;

/// How soon what has not settled is looked at again: at first this soon, and the longer it takes the less often, down to
/// this. Each look asks systemd and the kernel, and a first boot waits for docker with them.
const POLL: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// How long one look may take: a bus that does not answer must not hold up the deadline for long.
const LOOK_LIMIT: Duration = Duration::from_secs(5);

/// How one thing turned out, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// How it turned out.
    pub verdict: Verdict,
    /// How long after the first look was begun.
    pub after: Duration,
}

/// Looks at `count` things for as long as `patience` lasts, at least once. `look` gets the numbers of those that have not
/// settled, and gives a verdict for each. What is wrong may yet come right; every other verdict settles the matter.
pub async fn until_settled(
    count: usize,
    patience: Duration,
    mut look: impl AsyncFnMut(&[usize]) -> Vec<Verdict>,
) -> Vec<Settled> {
    let begun = Instant::now();
    let deadline = begun + patience;
    let mut all = vec![
        Settled {
            verdict: Verdict::Unseen(format!("the machine did not answer within {LOOK_LIMIT:?}")),
            after: Duration::ZERO,
        };
        count
    ];
    let mut pending: Vec<usize> = (0..count).collect();
    while !pending.is_empty() {
        if let Ok(verdicts) = timeout(LOOK_LIMIT, look(&pending)).await {
            let after = begun.elapsed();
            let mut wrong = Vec::new();
            for (number, verdict) in pending.iter().zip(verdicts) {
                if matches!(verdict, Verdict::Wrong(_)) {
                    wrong.push(*number);
                }
                if let Some(settled) = all.get_mut(*number) {
                    *settled = Settled { verdict, after };
                }
            }
            pending = wrong;
        }
        let now = Instant::now();
        if now >= deadline {
            break;
        }
        if !pending.is_empty() {
            let pause = (begun.elapsed() / 4).clamp(POLL.0, POLL.1);
            sleep(pause.min(deadline - now)).await;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn wrong() -> Verdict {
        Verdict::Wrong("not yet".into())
    }

    /// The things by number: thing N comes right N seconds after the beginning.
    async fn seconds(count: usize, patience: Duration) -> (Vec<Settled>, Duration, Vec<usize>) {
        let begun = Instant::now();
        let mut looked = vec![0; count];
        let settled = until_settled(count, patience, async |pending| {
            let verdict = |number: &usize| {
                looked[*number] += 1;
                let is_right = begun.elapsed() >= Duration::from_secs(*number as u64);
                if is_right { Verdict::Verified } else { wrong() }
            };
            pending.iter().map(verdict).collect()
        })
        .await;
        (settled, begun.elapsed(), looked)
    }

    #[tokio::test(start_paused = true)]
    async fn what_settles_early_is_not_looked_at_again_and_ends_the_waiting() {
        let (settled, took, looked) = seconds(3, PATIENCE).await;
        assert!(settled.iter().all(|one| one.verdict == Verdict::Verified));
        assert_eq!(looked[0], 1);
        assert!(looked[1] < looked[2], "{looked:?}");
        let after: Vec<u64> = settled.iter().map(|one| one.after.as_secs()).collect();
        assert_eq!((after, took.as_secs()), (vec![0, 1, 2], 2));
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_is_one_for_all() {
        let (settled, took, _) = seconds(60, PATIENCE).await;
        assert_eq!(took, PATIENCE);
        let right = settled.iter().filter(|one| one.verdict == Verdict::Verified).count();
        assert_eq!(right, 21, "0 to 20 seconds, the deadline itself included");
        assert_eq!(settled[59].verdict, wrong());
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_long_is_looked_at_less_often() {
        for (seconds_to_come, most) in [(1, 10), (3, 15), (19, 32)] {
            let (settled, took, looked) = seconds(seconds_to_come + 1, PATIENCE).await;
            assert_eq!(settled[seconds_to_come].verdict, Verdict::Verified);
            assert!(looked[seconds_to_come] <= most, "{seconds_to_come} s: {looked:?}");
            // And yet soon after it is so.
            assert!(took < Duration::from_secs(seconds_to_come as u64 + 1), "{took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_patience_there_is_one_look() {
        let (settled, took, looked) = seconds(2, Duration::ZERO).await;
        assert_eq!((took, looked), (Duration::ZERO, vec![1, 1]));
        assert_eq!(settled[1].verdict, wrong());
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_seen_is_settled() {
        let unseen = Verdict::Unseen("no bus".into());
        let settled = until_settled(1, PATIENCE, async |_| vec![unseen.clone()]).await;
        assert_eq!((&settled[0].verdict, settled[0].after), (&unseen, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_does_not_end_is_given_up() {
        let begun = Instant::now();
        let settled = until_settled(1, PATIENCE, async |_| std::future::pending().await).await;
        assert!(begun.elapsed() <= PATIENCE + LOOK_LIMIT, "{:?}", begun.elapsed());
        assert!(matches!(&settled[0].verdict, Verdict::Unseen(why) if why.contains("did not answer")));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_to_look_at_takes_no_time() {
        let settled = until_settled(0, PATIENCE, async |_| unreachable!()).await;
        assert!(settled.is_empty());
    }
}
