//! What several places say, and the one verdict that is made of it.

use super::media::MediaError;
use super::{Fault, Seed, Verdict};

/// What several places say: seeds that differ, and what has none.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The seeds, each once, wherever it was.
    pub seeds: Vec<Seed>,
    /// What can't be used.
    pub broken: Vec<Fault>,
    /// What can't be decided.
    pub unknown: Vec<Fault>,
    /// Where there is nothing, and why.
    pub absent: Vec<String>,
}

impl Gathered {
    /// Takes in what one of the places says.
    pub fn add(&mut self, verdict: impl Into<Verdict>) {
        match verdict.into() {
            Verdict::Present(seed) if self.seeds.iter().any(|other| other.says_the_same(&seed)) => {}
            Verdict::Present(seed) => self.seeds.push(*seed),
            Verdict::Broken(fault) => self.broken.push(fault),
            Verdict::Unknown(fault) => self.unknown.push(fault),
            Verdict::Absent(why) => self.absent.push(why),
        }
    }

    /// Adds a device that can't be read: it may hold a seed; an empty drive holds none.
    pub fn add_unreadable(&mut self, error: MediaError) {
        if !error.is_no_medium() {
            self.unknown.push(error.into());
        }
    }

    /// Whether none of the places has said anything.
    pub fn is_empty(&self) -> bool {
        self.seeds.is_empty() && self.broken.is_empty() && self.unknown.is_empty() && self.absent.is_empty()
    }

    /// One verdict: the only seed, if nothing else is broken. Something undecided doesn't keep a seed from being used,
    /// but nor does it count as "there is none". `choose` decides about several seeds, or about one next to something
    /// broken.
    pub fn verdict(mut self, choose: impl FnOnce(&[Seed]) -> Fault) -> Verdict {
        if let ([seed], []) = (self.seeds.as_slice(), self.broken.as_slice()) {
            self.warn(seed);
            return Verdict::Present(Box::new(seed.clone()));
        }
        if !self.seeds.is_empty() {
            self.broken.push(choose(&self.seeds));
        }
        let broken = Fault::together(self.broken).map(Verdict::Broken);
        let unknown = || Fault::together(self.unknown).map(Verdict::Unknown);
        broken
            .or_else(unknown)
            .unwrap_or_else(|| Verdict::Absent(self.absent.join("; ")))
    }

    /// Says what this seed is taken without.
    pub fn warn(&self, seed: &Seed) {
        for fault in &self.unknown {
            tracing::warn!(
                "{fault}: the seed of {} ({}) is used without it",
                seed.source,
                seed.place
            );
        }
    }
}
