//! Asks the sources and chooses one seed.
//!
//! All sources look at the same time, each on a thread of its own with a deadline: a drive that hangs must not keep the
//! others from being heard. Two that say something different are refused, unless the order was given: then the first
//! that has something is taken.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::{
    Allow, NOT_ALLOWED, Places, Rules, Seed, Verdict, configdrive, credentials, nocloud, ovf, program, remote,
    signature, vmware,
};
use crate::system::Root;

/// A source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(try_from = "String")]
pub enum Name {
    /// A seed directory, or a volume labelled `cidata`.
    NoCloud,
    /// The OVF environment: on a CD-ROM, in a seed directory, in VMware's guestinfo.
    Ovf,
    /// OpenStack's volume, labelled `config-2`.
    ConfigDrive,
    /// VMware's guestinfo.
    VMware,
    /// systemd's credentials.
    Credentials,
    /// Programs of the machine, which print a seed.
    Program,
}

impl Name {
    /// All sources, in the order in which they are shown.
    pub const ALL: [Self; 6] = [
        Self::NoCloud,
        Self::Ovf,
        Self::ConfigDrive,
        Self::VMware,
        Self::Credentials,
        Self::Program,
    ];

    /// As it is written: `nocloud`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoCloud => "nocloud",
            Self::Ovf => "ovf",
            Self::ConfigDrive => "configdrive",
            Self::VMware => "vmware",
            Self::Credentials => "credentials",
            Self::Program => "program",
        }
    }

    /// What the place in `--source NAME:PLACE` is.
    pub fn place(self) -> &'static str {
        match self {
            Self::NoCloud => "a seed directory, an image, a device or an address",
            Self::Ovf => "an ovf-env.xml, or an image or a device that holds one",
            Self::ConfigDrive => "a directory that has openstack/latest, an image or a device",
            Self::VMware => "a directory with files named as the guestinfo keys or a cust.cfg, or a cust.cfg",
            Self::Credentials => "a directory with files named as the credentials",
            Self::Program => "a program that prints a seed, which is run",
        }
    }

    /// Whether any place of this source is one of those that are allowed. NoCloud's always has one: the kernel command
    /// line is the machine owner's own.
    fn is_allowed(self, allow: Allow) -> bool {
        let devices = allow.removable || allow.fixed;
        match self {
            Self::NoCloud => true,
            Self::Ovf => devices || allow.directory || allow.hypervisor,
            Self::ConfigDrive => devices,
            Self::VMware | Self::Credentials => allow.hypervisor,
            Self::Program => allow.program,
        }
    }

    /// Looks where this source is on a machine.
    fn look(self, places: &Places) -> Verdict {
        match self {
            _ if !self.is_allowed(places.allow()) => Verdict::Absent(NOT_ALLOWED.to_owned()),
            Self::NoCloud => nocloud::look(places),
            Self::Ovf => ovf::search(places),
            Self::ConfigDrive => configdrive::search(places),
            Self::VMware => vmware::search(places),
            Self::Credentials => credentials::search(places),
            Self::Program => program::search(places),
        }
    }

    /// Looks in a place that somebody named, which is theirs and not below the machine's root.
    fn look_at(self, place: &Path, rules: &Rules) -> Verdict {
        match self {
            Self::NoCloud => nocloud::from_path(place),
            Self::Ovf => ovf::from_path(place),
            Self::ConfigDrive => configdrive::from_path(place),
            Self::VMware => vmware::from_path(place),
            Self::Credentials => credentials::from_directory(place),
            Self::Program => program::from_path(place, rules),
        }
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::as_str).join(", ");
        let found = Self::ALL.into_iter().find(|name| name.as_str() == text);
        found.ok_or_else(|| format!("there is no source {text:?}; the sources are {}", names()))
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Which sources are asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Choice {
    /// Every source; two different seeds are refused.
    #[default]
    All,
    /// These, in this order: the first that has a seed is taken. `firstlight.source=` on the kernel command line.
    These(Vec<Name>),
    /// One, in this place: `--source NAME:PLACE`.
    At(Name, PathBuf),
}

impl Choice {
    /// What the machine was told on its kernel command line: `firstlight.source=NAME[,NAME…]`, the last one wins.
    /// `None` if it says nothing.
    ///
    /// # Errors
    /// It names a source that there is not.
    pub fn from_kernel_words(words: &str) -> Result<Option<Self>, String> {
        let said = words.split_whitespace().rev();
        let value = said.filter_map(|word| word.strip_prefix("firstlight.source=")).next();
        let names = value.map(|value| value.split(',').map(str::parse).collect::<Result<_, _>>());
        let choice = names.transpose().map(|names| names.map(Self::These));
        choice.map_err(|why: String| format!("firstlight.source= on the kernel command line: {why}"))
    }
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None => Ok(Self::These(vec![text.parse()?])),
            Some((name, place)) => {
                let name: Name = name.parse()?;
                if place.is_empty() {
                    return Err(format!("{name}: needs {} behind the colon", name.place()));
                }
                Ok(Self::At(name, place.into()))
            }
        }
    }
}

/// What one source said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The source.
    pub name: Name,
    /// Its answer.
    pub verdict: Verdict,
    /// How long it looked.
    pub took: Duration,
    /// Whether its time was up: nobody knows what it would have said.
    pub late: bool,
}

/// Looks for the seed of the machine at `root`. `live`: it runs, and its devices may be looked at.
pub fn search(root: &Root, live: bool, choice: &Choice, rules: &Rules) -> Verdict {
    choose(survey(root, live, choice, rules), choice)
}

/// Asks every source that `choice` lets have a say; the answers come in its order.
pub fn survey(root: &Root, live: bool, choice: &Choice, rules: &Rules) -> Vec<Found> {
    let names = match choice {
        Choice::All => Name::ALL.to_vec(),
        Choice::These(names) => names.clone(),
        Choice::At(name, place) => {
            let (name, place, rules) = (*name, place.clone(), rules.clone());
            let timeout = rules.timeout;
            let asked = ask(name, timeout, move || name.look_at(&place, &rules));
            return answers(vec![(name, asked)], timeout);
        }
    };
    let places = Places::of(root, live, rules);
    let ask_one = |name: Name| {
        let places = places.clone();
        let look = move || {
            let verdict = remote::allowed(name.look(&places), places.allow());
            signature::checked(verdict, &places.rules.trusted_keys)
        };
        (name, ask(name, rules.timeout, look))
    };
    answers(names.into_iter().map(ask_one).collect(), rules.timeout)
}

/// What the sources say until their common time is up.
fn answers(asked: Vec<(Name, mpsc::Receiver<Found>)>, timeout: Duration) -> Vec<Found> {
    let begun = Instant::now();
    let answer = |(name, answer): (Name, mpsc::Receiver<Found>)| {
        let left = timeout.saturating_sub(begun.elapsed());
        answer.recv_timeout(left).unwrap_or_else(|_| Found {
            name,
            verdict: Verdict::Broken(format!("no answer within {} s", timeout.as_secs())),
            took: begun.elapsed(),
            late: true,
        })
    };
    asked.into_iter().map(answer).collect()
}

/// Lets a source look on a thread of its own, which is left behind when it doesn't come back in time: what it does is
/// bounded, so that it ends.
fn ask(name: Name, timeout: Duration, look: impl FnOnce() -> Verdict + Send + 'static) -> mpsc::Receiver<Found> {
    let (answer, asked) = mpsc::channel();
    let refused = answer.clone();
    let look = move || {
        let begun = Instant::now();
        let verdict = look();
        let took = begun.elapsed();
        let late = matches!(verdict, Verdict::Broken(_)) && took >= program::limit(timeout);
        // Nobody waits any more when the deadline has passed.
        let _ = answer.send(Found {
            name,
            verdict,
            took,
            late,
        });
    };
    if let Err(error) = std::thread::Builder::new().name(name.to_string()).spawn(look) {
        // As above.
        let _ = refused.send(Found {
            name,
            verdict: Verdict::Broken(format!("can't be asked: {error}")),
            took: Duration::ZERO,
            late: false,
        });
    }
    asked
}

/// One verdict from all answers. Where `choice` gives an order, the first that is not absent counts.
pub fn choose(found: Vec<Found>, choice: &Choice) -> Verdict {
    let ordered = matches!(choice, Choice::These(_));
    let mut absent = Vec::new();
    let mut broken = Vec::new();
    let mut late = Vec::new();
    let mut whole: Vec<Seed> = Vec::new();
    for Found {
        name,
        verdict,
        late: is_late,
        ..
    } in found
    {
        match verdict {
            // A drive that hangs must not keep a machine from what another source has.
            Verdict::Broken(why) if is_late => late.push(format!("{name}: {why}")),
            Verdict::Absent(why) => absent.push(why),
            // An order was given so that one source can stand in for another, not so that a broken one is passed over.
            Verdict::Broken(why) if ordered && whole.is_empty() => return Verdict::Broken(why),
            Verdict::Broken(why) => broken.push(format!("{name}: {why}")),
            Verdict::Present(seed) if ordered => {
                warn_of(&late, &seed);
                return Verdict::Present(seed);
            }
            Verdict::Present(seed) if whole.iter().any(|other| other.says_the_same(&seed)) => {}
            Verdict::Present(seed) => whole.push(*seed),
        }
    }
    place_proposals(&mut whole);
    match whole.as_slice() {
        [seed, ..] => warn_of(&late, seed),
        [] => broken.extend(late),
    }
    match (whole.as_slice(), broken.as_slice()) {
        ([], []) => Verdict::Absent(absent.join("; ")),
        ([], _) => Verdict::Broken(broken.join("; ")),
        ([seed], []) => Verdict::Present(Box::new(seed.clone())),
        (seeds, _) => Verdict::Broken(several(seeds, &broken)),
    }
}

fn warn_of(late: &[String], seed: &Seed) {
    for why in late {
        tracing::warn!(
            "{why}: the seed of {} ({}) is taken without it",
            seed.source,
            seed.place
        );
    }
}

/// Puts a seed that only proposes below the one that doesn't: the root's keys that a hypervisor hands to every machine
/// are no second opinion on what this one shall be.
fn place_proposals(seeds: &mut Vec<Seed>) {
    let (mut proposals, mut others): (Vec<_>, Vec<_>) = seeds.drain(..).partition(Seed::proposes_only);
    let ([proposal], [seed]) = (proposals.as_mut_slice(), others.as_mut_slice()) else {
        seeds.extend(proposals.into_iter().chain(others));
        return;
    };
    match &seed.vendor_data {
        None => seed.vendor_data = proposal.vendor_data.take(),
        // Two proposals have no order between them.
        Some(own) => tracing::warn!("{} is used; what {} proposes is not", own.origin, proposal.place),
    }
    *seeds = others;
}

/// The refusal of what can't be told apart.
fn several(seeds: &[Seed], broken: &[String]) -> String {
    let places: Vec<_> = seeds
        .iter()
        .map(|seed| format!("{} ({})", seed.source, seed.place))
        .collect();
    let mut why = match seeds {
        [_] => format!("{} has a seed, but {}", places.join(""), broken.join("; ")),
        _ => format!("different seeds: {}", places.join(" and ")),
    };
    if let Some(first) = seeds.first() {
        let name = &first.source;
        why += &format!(
            ": keep one, or say which: --source {name}, or firstlight.source={name} on the kernel command line"
        );
    }
    why
}

#[cfg(test)]
mod tests {
    use super::super::Part;
    use super::*;

    const ORDERED: Choice = Choice::These(Vec::new());

    fn seed(source: &str, text: &str) -> Verdict {
        let mut seed = Seed::empty(source, format!("at-{source}"));
        let bytes = text.as_bytes().to_vec();
        seed.user_data = Some(Part::new(source, bytes));
        Verdict::Present(Box::new(seed))
    }

    fn found(verdicts: Vec<Verdict>) -> Vec<Found> {
        let found = |verdict| Found {
            name: Name::NoCloud,
            verdict,
            took: Duration::ZERO,
            late: false,
        };
        verdicts.into_iter().map(found).collect()
    }

    fn broken() -> Verdict {
        Verdict::Broken("torn".to_owned())
    }

    fn absent() -> Verdict {
        Verdict::Absent("empty".to_owned())
    }

    fn source(verdict: &Verdict) -> &str {
        match verdict {
            Verdict::Present(seed) => &seed.source,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_that_is_asked_alone_has_a_deadline_too() {
        let (_held, answer) = mpsc::channel::<()>();
        let never = move || {
            let _ = answer.recv();
            Verdict::Absent("late".to_owned())
        };
        let short = Duration::from_millis(20);
        let found = answers(vec![(Name::NoCloud, ask(Name::NoCloud, short, never))], short);
        assert!(
            matches!(found.as_slice(), [Found { late: true, verdict: Verdict::Broken(why), .. }] if why.contains("no answer")),
            "{found:?}"
        );
    }

    #[test]
    fn one_seed_is_taken_and_two_that_say_the_same_are_one() {
        assert_eq!(
            source(&choose(found(vec![absent(), seed("a", "x")]), &Choice::All)),
            "a"
        );
        assert_eq!(
            source(&choose(found(vec![seed("a", "x"), seed("b", "x")]), &Choice::All)),
            "a"
        );
        assert_eq!(
            choose(found(vec![absent(), absent()]), &Choice::All),
            Verdict::Absent("empty; empty".to_owned())
        );
    }

    #[test]
    fn two_different_seeds_are_refused_unless_the_order_decides() {
        let both = || found(vec![seed("a", "x"), seed("b", "y")]);
        let Verdict::Broken(why) = choose(both(), &Choice::All) else {
            panic!()
        };
        assert!(
            why.starts_with("different seeds: a (at-a) and b (at-b): keep one"),
            "{why}"
        );
        assert!(why.contains("--source a, or firstlight.source=a"), "{why}");
        assert_eq!(source(&choose(both(), &ORDERED)), "a");
    }

    #[test]
    fn what_only_proposes_goes_below_what_does_not() {
        let proposing = |source| match seed(source, "p") {
            Verdict::Present(mut seed) => {
                seed.vendor_data = seed.user_data.take();
                Verdict::Present(seed)
            }
            other => other,
        };
        let Verdict::Present(both) = choose(found(vec![proposing("a"), seed("b", "x")]), &Choice::All) else {
            panic!()
        };
        assert_eq!((both.source.as_str(), both.parts().count()), ("b", 2));
        assert_eq!(source(&choose(found(vec![proposing("a")]), &Choice::All)), "a");
    }

    #[test]
    fn what_comes_too_late_keeps_no_other_from_being_taken() {
        for choice in [Choice::All, ORDERED] {
            for late_first in [true, false] {
                let mut all = found(vec![broken(), seed("a", "x")]);
                all[0].late = true;
                if !late_first {
                    all.reverse();
                }
                assert_eq!(source(&choose(all, &choice)), "a", "{choice:?}");
            }
            let mut alone = found(vec![broken(), absent()]);
            alone[0].late = true;
            assert!(matches!(choose(alone, &choice), Verdict::Broken(why) if why.contains("torn")));
        }
    }

    #[test]
    fn what_is_broken_is_never_passed_over() {
        for choice in [Choice::All, ORDERED] {
            let verdict = choose(found(vec![broken(), seed("a", "x")]), &choice);
            assert!(matches!(verdict, Verdict::Broken(_)), "{verdict:?}");
        }
        assert_eq!(source(&choose(found(vec![seed("a", "x"), broken()]), &ORDERED)), "a");
    }

    #[test]
    fn what_can_be_said() {
        let words = |words| Choice::from_kernel_words(words);
        assert_eq!(words("quiet ro"), Ok(None));
        let one = Ok(Some(Choice::These(vec![Name::NoCloud])));
        assert_eq!(words("quiet firstlight.source=tape firstlight.source=nocloud"), one);
        let why = words("firstlight.source=nocloud,tape").unwrap_err();
        assert!(why.contains("there is no source \"tape\""), "{why}");
        assert_eq!("nocloud".parse(), Ok(Choice::These(vec![Name::NoCloud])));
        assert_eq!("nocloud:/a:b".parse(), Ok(Choice::At(Name::NoCloud, "/a:b".into())));
        assert!("nocloud:".parse::<Choice>().is_err());
    }
}
