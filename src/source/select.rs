//! Asks the sources and chooses one seed.
//!
//! All sources look at the same time, each on its own thread with a deadline: a drive that hangs must not keep the
//! others from being heard. Two that say something different are refused, unless the order was given: then the first
//! that has something is taken.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::gathered::Gathered;
use super::{
    Allow, Fault, NOT_ALLOWED, Places, Rules, Seed, Verdict, configdrive, credentials, nocloud, ovf, program, remote,
    signature, vmware,
};
use crate::system::Root;

/// A source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("enum" = Name::ALL.map(Name::as_str))))]
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
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let names = || Self::ALL.map(Self::as_str).join(", ");
        let found = Self::ALL.into_iter().find(|name| name.as_str() == text);
        found.ok_or_else(|| Fault::lasting(format!("there is no source {text:?}; the sources are {}", names())))
    }
}

impl TryFrom<String> for Name {
    type Error = Fault;

    fn try_from(text: String) -> Result<Self, Fault> {
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
    /// It names an unknown source.
    pub fn from_kernel_words(words: &str) -> Result<Option<Self>, Fault> {
        let said = words.split_whitespace().rev();
        let value = said.filter_map(|word| word.strip_prefix("firstlight.source=")).next();
        let names = value.map(|value| value.split(',').map(str::parse).collect::<Result<_, _>>());
        let choice = names.transpose().map(|names| names.map(Self::These));
        choice.map_err(|fault: Fault| fault.at("firstlight.source= on the kernel command line"))
    }
}

impl FromStr for Choice {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        match text.split_once(':') {
            None => Ok(Self::These(vec![text.parse()?])),
            Some((name, place)) => {
                let name: Name = name.parse()?;
                if place.is_empty() {
                    let what = format!("needs {} after the colon", name.place());
                    return Err(Fault::lasting(what).at(name.as_str()));
                }
                Ok(Self::At(name, place.into()))
            }
        }
    }
}

/// The answer of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The source.
    pub name: Name,
    /// Its answer.
    pub verdict: Verdict,
    /// How long it looked.
    pub took: Duration,
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
            let asked = ask(name, move || name.look_at(&place, &rules));
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
        (name, ask(name, look))
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
            verdict: Verdict::Unknown(Fault::passing(format!("no answer within {} s", timeout.as_secs()))),
            took: begun.elapsed(),
        })
    };
    asked.into_iter().map(answer).collect()
}

/// Lets a source look on its own thread, which is abandoned when it doesn't come back in time: what it does is bounded,
/// so that it ends.
fn ask(name: Name, look: impl FnOnce() -> Verdict + Send + 'static) -> mpsc::Receiver<Found> {
    let (answer, asked) = mpsc::channel();
    let refused = answer.clone();
    let look = move || {
        let begun = Instant::now();
        let verdict = look();
        let took = begun.elapsed();
        // Nobody waits any more when the deadline has passed.
        let _ = answer.send(Found { name, verdict, took });
    };
    if let Err(error) = std::thread::Builder::new().name(name.to_string()).spawn(look) {
        // As above.
        let _ = refused.send(Found {
            name,
            verdict: Verdict::Unknown(Fault::passing(format!("can't be asked: {error}"))),
            took: Duration::ZERO,
        });
    }
    asked
}

/// One verdict from all answers. Where `choice` gives an order, the first that has a seed or a broken one counts.
pub fn choose(found: Vec<Found>, choice: &Choice) -> Verdict {
    let ordered = matches!(choice, Choice::These(_));
    let mut said = Gathered::default();
    let (mut broken, mut unknown) = (Vec::new(), Vec::new());
    for Found { name, verdict, .. } in found {
        match verdict {
            // An order was given so that one source can stand in for another, not so that a broken one is passed over.
            Verdict::Broken(fault) if ordered => return fault.into(),
            Verdict::Broken(fault) => broken.push((name, fault)),
            // A drive that hangs must not keep a machine from what another source has.
            Verdict::Unknown(fault) => unknown.push((name, fault)),
            Verdict::Present(seed) if ordered => {
                said.seeds.push(*seed);
                break;
            }
            other => said.add(other),
        }
    }
    (said.broken, said.unknown) = (by_source(broken), by_source(unknown));
    place_proposals(&mut said.seeds);
    said.verdict(one_of)
}

/// The faults, each once, with the names of the sources that have it.
fn by_source(faults: Vec<(Name, Fault)>) -> Vec<Fault> {
    let mut named: Vec<(Vec<&str>, Fault)> = Vec::new();
    for (name, fault) in faults {
        match named.iter_mut().find(|(_, other)| *other == fault) {
            Some((names, _)) => names.push(name.as_str()),
            None => named.push((vec![name.as_str()], fault)),
        }
    }
    let with_names = |(names, fault): (Vec<&str>, Fault)| fault.at(names.join(", "));
    named.into_iter().map(with_names).collect()
}

/// Puts a seed that only proposes below the one that doesn't: the root's keys that a hypervisor hands to every machine
/// are not a second opinion about this one.
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
fn one_of(seeds: &[Seed]) -> Fault {
    let places: Vec<_> = seeds
        .iter()
        .map(|seed| format!("{} ({})", seed.source, seed.place))
        .collect();
    let fault = Fault::lasting(match places.as_slice() {
        [place] => format!("{place} has a seed"),
        places => format!("different seeds: {}", places.join(" and ")),
    });
    let name = seeds.first().map_or("NAME", |seed| seed.source.as_str());
    fault.with_hint(format!(
        "keep one, or choose one with --source {name}, or firstlight.source={name} on the kernel command line"
    ))
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
        };
        verdicts.into_iter().map(found).collect()
    }

    fn broken() -> Verdict {
        Fault::lasting("torn").into()
    }

    fn unknown() -> Verdict {
        Verdict::Unknown(Fault::passing("/dev/sr0: can't be read"))
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
        let found = answers(vec![(Name::NoCloud, ask(Name::NoCloud, never))], short);
        assert!(
            matches!(found.as_slice(), [Found { verdict: Verdict::Unknown(why), .. }] if why.what.contains("no answer")),
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
        let why = why.to_string();
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
    fn what_there_is_no_telling_of_keeps_no_other_from_being_taken_and_is_not_absent() {
        for choice in [Choice::All, ORDERED] {
            for unknown_first in [true, false] {
                let mut all = found(vec![unknown(), seed("a", "x")]);
                if !unknown_first {
                    all.reverse();
                }
                assert_eq!(source(&choose(all, &choice)), "a", "{choice:?}");
            }
            for others in [vec![unknown()], vec![unknown(), absent()], vec![absent(), unknown()]] {
                let verdict = choose(found(others), &choice);
                let Verdict::Unknown(fault) = verdict else {
                    panic!("{verdict:?}")
                };
                assert!(fault.is_passing());
                assert_eq!(fault.to_string(), "nocloud: /dev/sr0: can't be read");
            }
        }
    }

    #[test]
    fn what_several_sources_say_is_said_once() {
        let mut all = found(vec![unknown(), unknown(), unknown()]);
        (all[1].name, all[2].name) = (Name::Ovf, Name::ConfigDrive);
        let Verdict::Unknown(fault) = choose(all, &Choice::All) else {
            panic!()
        };
        assert_eq!(fault.to_string(), "nocloud, ovf, configdrive: /dev/sr0: can't be read");
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
        let why = words("firstlight.source=nocloud,tape").unwrap_err().to_string();
        assert!(why.contains("there is no source \"tape\""), "{why}");
        assert_eq!("nocloud".parse(), Ok(Choice::These(vec![Name::NoCloud])));
        assert_eq!("nocloud:/a:b".parse(), Ok(Choice::At(Name::NoCloud, "/a:b".into())));
        assert!("nocloud:".parse::<Choice>().is_err());
    }
}
