//! Which values are overwritten, and what the next boot may find after each of them.

use zeroize::Zeroizing;

use crate::source::vmware::scrub::{Eraser, KEYS, is_of_hypervisor};
use crate::source::{Choice, Fault, Name, Places, Seed, Verdict, ovf, select, vmware};
use crate::state::Generation;

/// A value to overwrite.
#[derive(Debug)]
pub(super) enum Target {
    /// A document in `guestinfo.KEY`.
    Key(&'static str),
    /// The OVF environment, and what is left of it.
    Environment(String),
}

/// The OVF environment in guestinfo.
pub(super) struct Environment {
    /// What it says.
    verdict: Verdict,
    /// Its text without its secrets; why it can't be edited.
    left: Result<String, Fault>,
}

/// The values that are overwritten, and what the next boot may find.
pub(super) struct Plan {
    /// The chosen source.
    taken: String,
    pub(super) targets: Vec<Target>,
    /// The digests of what is there now and after each target.
    pub(super) states: Vec<String>,
    /// The digest of what is there when a CD-ROM with the same environment is taken out.
    pub(super) without_cd: Option<String>,
}

/// Whether what it proposes is `guestinfo.vendordata`, which can be below the seed of any source.
pub(super) fn proposes(seed: &Seed) -> bool {
    let vendor = seed.vendor_data.as_ref();
    vendor.is_some_and(|part| part.origin == "guestinfo.vendordata")
}

/// The OVF environment in guestinfo; `None` if there is none, or it holds no secret.
pub(super) fn environment(places: &Places) -> Option<Environment> {
    let xml = vmware::ovf_environment(places).map(Zeroizing::new)?;
    Some(Environment {
        left: ovf::scrub::without_secrets(&xml).transpose()?,
        verdict: ovf::from_guestinfo(&xml, places),
    })
}

/// The values to overwrite; `None` if there are none.
pub(super) fn plan(
    places: &Places,
    mut found: Vec<select::Found>,
    choice: &Choice,
    generation: &Generation,
) -> Result<Option<Plan>, String> {
    let seed = match select::choose(found.clone(), choice) {
        Verdict::Present(seed) => seed,
        nothing => {
            let why = nothing.why();
            return Err(format!("can't read the values that held secrets again: {why}"));
        }
    };
    let now = seed.digest();
    let is_same = now == generation.digest || generation.pointer.as_ref() == Some(&now) || generation.leaves(&now);
    if !is_same {
        let why = "has changed since this boot read it, and is not overwritten: the next boot applies it";
        return Err(format!("what {} holds {why}", seed.place));
    }
    let mut plan = Plan::new(&seed);
    if seed.source == "ovf" {
        plan.add_environment(places, &mut found, choice)?;
    }
    for key in KEYS {
        plan.add_key(key, &seed, &mut found, choice)?;
    }
    Ok((!plan.targets.is_empty()).then_some(plan))
}

impl Plan {
    /// A plan without targets.
    fn new(seed: &Seed) -> Self {
        Self {
            taken: seed.source.clone(),
            targets: Vec::new(),
            states: vec![seed.digest()],
            without_cd: None,
        }
    }

    /// The environment in guestinfo, where it is the one that was carried out, or another copy of that.
    fn add_environment(&mut self, places: &Places, found: &mut [select::Found], choice: &Choice) -> Result<(), String> {
        let Some(there) = environment(places) else {
            return Ok(());
        };
        let mut after = found.to_vec();
        let Some(select::Found { verdict, .. }) = after.iter_mut().find(|found| found.name == Name::Ovf) else {
            return Ok(());
        };
        let is_here = match (&*verdict, &there.verdict) {
            (Verdict::Present(taken), Verdict::Present(copy)) if taken.says_the_same(copy) => {
                taken.place == ovf::GUESTINFO
            }
            _ => return Ok(()),
        };
        let left = there.left.map_err(|why| format!("{}: {why}", ovf::GUESTINFO))?;
        *verdict = ovf::from_guestinfo(left.as_bytes(), places);
        if is_here {
            found.clone_from_slice(&after);
            return self.add(Target::Environment(left), found, choice);
        }
        self.without_cd = Some(digest_then(&self.taken, &after, choice)?);
        self.targets.push(Target::Environment(left));
        Ok(())
    }

    /// A document in guestinfo, where the seed that was taken has it.
    fn add_key(
        &mut self,
        key: &'static str,
        seed: &Seed,
        found: &mut [select::Found],
        choice: &Choice,
    ) -> Result<(), String> {
        let is_taken = is_of_hypervisor(seed) || (key == "vendordata" && proposes(seed));
        let theirs = found.iter_mut().find(|found| found.name == Name::VMware);
        let Some(Verdict::Present(theirs)) = theirs.map(|found| &mut found.verdict).filter(|_| is_taken) else {
            return Ok(());
        };
        let part = match key {
            "userdata" => theirs.user_data.take(),
            _ => theirs.vendor_data.take(),
        };
        match part {
            None => Ok(()),
            Some(_) => self.add(Target::Key(key), found, choice),
        }
    }

    /// A target, with what is found after it.
    fn add(&mut self, target: Target, found: &mut [select::Found], choice: &Choice) -> Result<(), String> {
        for found in found.iter_mut() {
            let is_empty = matches!(&found.verdict, Verdict::Present(seed) if seed.parts().next().is_none());
            if is_empty {
                found.verdict = Verdict::Absent(String::new());
            }
        }
        self.states.push(digest_then(&self.taken, found, choice)?);
        self.targets.push(target);
        Ok(())
    }
}

impl Target {
    pub(super) fn name(&self) -> String {
        match self {
            Self::Key(key) => format!("guestinfo.{key}"),
            Self::Environment(_) => ovf::GUESTINFO.to_owned(),
        }
    }

    pub(super) fn overwrite(&self, eraser: &mut Eraser) -> Result<(), Fault> {
        match self {
            Self::Key(key) => eraser.take_away(key),
            Self::Environment(left) => eraser.write("ovfEnv", left),
        }
    }
}

/// The digest of what the sources have together; that of nothing, if they have nothing.
pub(super) fn digest(verdict: &Verdict) -> Result<String, String> {
    match verdict {
        Verdict::Present(seed) => Ok(seed.digest()),
        // What can't be read is not taken for a seed by the next boot either.
        Verdict::Absent(_) | Verdict::Unknown(_) => Ok(nothing()),
        Verdict::Broken(fault) => Err(fault.to_string()),
    }
}

/// The digest of what the sources will have once there is less of the one that was taken.
///
/// # Errors
/// They would contradict each other, or another one would be taken instead: the values must stay.
fn digest_then(taken: &str, found: &[select::Found], choice: &Choice) -> Result<String, String> {
    let verdict = select::choose(found.to_vec(), choice);
    let why = match &verdict {
        Verdict::Broken(fault) => fault.to_string(),
        Verdict::Present(seed) if seed.source != taken && !seed.proposes_only() => {
            format!(
                "the document would come from {} ({}); detach it",
                seed.source, seed.place
            )
        }
        _ => return digest(&verdict),
    };
    Err(format!(
        "the values in the hypervisor stay; without them the next boot would fail: {why}"
    ))
}

/// The digest of a source that has nothing left.
pub fn nothing() -> String {
    Seed::empty("", String::new()).digest()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::source::Part;

    /// A seed of a source; its parts by name.
    fn found(name: Name, parts: &[(&str, &str)]) -> select::Found {
        let (place, prefix) = match name {
            Name::VMware => ("guestinfo (table)", "guestinfo.vendordata"),
            _ => ("somewhere", "somewhere"),
        };
        let mut seed = Seed::empty(name.as_str(), place.to_owned());
        for (part, text) in parts {
            seed.set(part, Part::new(prefix, *text));
        }
        select::Found {
            name,
            verdict: Verdict::Present(Box::new(seed)),
            took: Duration::ZERO,
        }
    }

    /// The keys that are overwritten, and the parts of what is left after each.
    fn keys(found: &[select::Found], choice: &Choice) -> Result<(Vec<String>, Vec<String>), String> {
        let Verdict::Present(seed) = select::choose(found.to_vec(), choice) else {
            panic!("{found:?}")
        };
        let mut plan = Plan::new(&seed);
        let mut found = found.to_vec();
        for key in KEYS {
            plan.add_key(key, &seed, &mut found, choice)?;
        }
        Ok((plan.targets.iter().map(Target::name).collect(), plan.states))
    }

    fn digest_of(parts: &[(&str, &str)]) -> String {
        digest(&found(Name::VMware, parts).verdict).unwrap()
    }

    #[test]
    fn values_go_one_at_a_time_and_each_state_is_known() {
        let (meta, user, vendor) = (("meta-data", "m"), ("user-data", "u"), ("vendor-data", "v"));
        let own = ("vendor-data", "c");
        let (first, second) = ("guestinfo.userdata", "guestinfo.vendordata");
        type Parts<'a> = &'a [(&'a str, &'a str)];
        let table: [(Parts<'_>, &[&str], &[Parts<'_>]); 4] = [
            (&[meta], &[], &[&[meta]]),
            (&[user], &[first], &[&[user], &[]]),
            (
                &[meta, user, vendor],
                &[first, second],
                &[&[meta, user, vendor], &[meta, vendor], &[meta]],
            ),
            (&[vendor], &[second], &[&[vendor], &[]]),
        ];
        for (parts, targets, states) in table {
            let states = states.iter().map(|parts| digest_of(parts)).collect::<Vec<_>>();
            let alone = [found(Name::VMware, parts)];
            let (names, digests) = keys(&alone, &Choice::All).unwrap();
            assert_eq!(
                (names, digests),
                (targets.iter().map(ToString::to_string).collect(), states)
            );
        }
        // What the credentials propose comes up when the vendordata is gone.
        let both = [
            found(Name::VMware, &[meta, user, vendor]),
            found(Name::Credentials, &[own]),
        ];
        let (_, digests) = keys(&both, &Choice::All).unwrap();
        assert_eq!(digests.last(), Some(&digest_of(&[meta, own])));
        // Guestinfo proposes below another source's document.
        let both = [found(Name::NoCloud, &[meta, user]), found(Name::VMware, &[vendor])];
        let (names, digests) = keys(&both, &Choice::All).unwrap();
        assert_eq!(
            (names, digests.last()),
            (vec![second.to_owned()], Some(&digest_of(&[meta, user])))
        );
    }

    #[test]
    fn what_would_bring_up_another_document_stays() {
        let user = [("user-data", "u")];
        let vmware = || found(Name::VMware, &user);
        let ordered = Choice::These(vec![Name::VMware, Name::NoCloud]);
        for (found, choice, words) in [
            // A copy of it, which then is alone, or contradicts what is left.
            (
                [vmware(), found(Name::Credentials, &user)],
                &Choice::All,
                "the document would come from credentials",
            ),
            (
                [found(Name::VMware, &[("meta-data", "m"), ("user-data", "u")]), {
                    found(Name::Credentials, &[("meta-data", "m"), ("user-data", "u")])
                }],
                &Choice::All,
                "different seeds",
            ),
            (
                [vmware(), found(Name::NoCloud, &[("user-data", "other")])],
                &ordered,
                "come from nocloud (somewhere)",
            ),
        ] {
            let why = keys(&found, choice).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
    }

    #[test]
    fn nothing_is_left_of_a_source_that_has_nothing() {
        assert_eq!(digest(&Verdict::Absent("empty".to_owned())), Ok(nothing()));
        // A disk that fails keeps no secret from being overwritten: the next boot leaves the machine as it is.
        assert_eq!(digest(&Verdict::Unknown(Fault::passing("fails"))), Ok(nothing()));
        assert_eq!(digest(&Verdict::Broken(Fault::lasting("torn"))), Err("torn".to_owned()));
    }
}
