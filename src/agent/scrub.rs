//! Overwrites secrets in the hypervisor once no boot needs them: any process on a VMware machine can read guestinfo
//! (CVE-2022-1706).
//!
//! The next boot must recognise the rest as the same document, so the digests of all possible rests are recorded in
//! the generation before the first value is overwritten. Values are overwritten one at a time, in this order, up to
//! the first failure, so an interrupted run leaves one of these rests.

use std::time::Instant;

use zeroize::Zeroizing;

use crate::document::Document;
use crate::engine::ChangeView;
use crate::engine::verify::{Finding, Verdict as Found};
use crate::report::SCHEMA;
use crate::report::applied::{AppliedReport, ModuleOutcome};
use crate::report::generation::GenerationReport;
use crate::report::status::{Standing, Status};
use crate::source::vmware::scrub::{Eraser, KEYS, asked, is_of_hypervisor};
use crate::source::{self, Choice, Fault, Name, Places, Rules, Seed, Verdict, ovf, select, survey, vmware};
use crate::state::{Generation, Outcome, StateError, Store};
use crate::system::System;

use super::selection::selection;

/// Its name among the modules of a report.
const NAME: &str = "scrub";

/// How often the sources are searched for values to overwrite.
const TRIES: u32 = 3;

/// A value to overwrite.
#[derive(Debug)]
enum Target {
    /// A document in `guestinfo.KEY`.
    Key(&'static str),
    /// The OVF environment, and what is left of it.
    Environment(String),
}

/// The OVF environment in guestinfo.
struct Environment {
    /// What it says.
    verdict: Verdict,
    /// Its text without its secrets; why it can't be edited.
    left: Result<String, Fault>,
}

/// The values that are overwritten, and what the next boot may find.
struct Plan {
    /// The chosen source.
    taken: String,
    targets: Vec<Target>,
    /// The digests of what is there now and after each target.
    states: Vec<String>,
    /// The digest of what is there when a CD-ROM with the same environment is taken out.
    without_cd: Option<String>,
}

/// Overwrites the values that held the secrets of `seed`, if the generation of `status` no longer needs them. If a
/// value can't be overwritten, that is a problem in the status, and the next boot tries again.
pub fn after_success(system: &System, store: &Store, seed: &Seed, document: &Document, status: &mut Status) {
    let begun = Instant::now();
    let generation = status.generation.and_then(|number| store.generation(number).ok()?);
    let Some(generation) = generation.filter(|generation| is_over(generation, status)) else {
        return;
    };
    // Search as the units of the next boot will.
    let (choice, settings) = match selection(system, None) {
        Ok(selected) => selected,
        // A boot with invalid settings has ended earlier.
        Err(error) => return tracing::warn!("{error:#}"),
    };
    let places = Places::of(&system.root, system.live, &settings.rules);
    if !may_hold_secrets(&places, seed) || !is_asked_for(&places, seed, document) {
        return;
    }
    let mut gone = Vec::new();
    let problem = scrub(system, store, &places, &choice, &generation, &mut gone).err();
    if problem.is_none() && gone.is_empty() {
        return;
    }
    report(store, &generation, status, outcome(&gone, problem, begun));
}

/// Whether no boot will apply this document again.
fn is_over(generation: &Generation, status: &Status) -> bool {
    let has_ended = matches!(status.status, Standing::Done | Standing::Degraded);
    has_ended && generation.is_settled()
}

/// Check this first, so that a boot with nothing to do makes no other query.
fn may_hold_secrets(places: &Places, seed: &Seed) -> bool {
    let has_documents = seed.user_data.is_some() || seed.vendor_data.is_some();
    (is_of_hypervisor(seed) && has_documents)
        || proposes(seed)
        || (seed.source == "ovf" && environment(places).is_some())
}

/// Whether what it proposes is `guestinfo.vendordata`, which can be below the seed of any source.
fn proposes(seed: &Seed) -> bool {
    let vendor = seed.vendor_data.as_ref();
    vendor.is_some_and(|part| part.origin == "guestinfo.vendordata")
}

/// The OVF environment in guestinfo; `None` if there is none, or it holds no secret.
fn environment(places: &Places) -> Option<Environment> {
    let xml = vmware::ovf_environment(places).map(Zeroizing::new)?;
    Some(Environment {
        left: ovf::scrub::without_secrets(&xml).transpose()?,
        verdict: ovf::from_guestinfo(&xml, places),
    })
}

/// The document decides. The metadata counts only if the document doesn't say anything; the default is the same.
fn is_asked_for(places: &Places, seed: &Seed, document: &Document) -> bool {
    let settings = document.config.firstlight.as_ref();
    let wanted = settings.and_then(|settings| settings.scrub) != Some(false);
    let listed = is_of_hypervisor(seed)
        .then(|| asked(places))
        .flatten()
        .unwrap_or_default();
    let (known, unknown): (Vec<_>, Vec<_>) = listed.into_iter().partition(|key| KEYS.contains(&key.as_str()));
    if !unknown.is_empty() {
        tracing::warn!(
            "guestinfo.metadata: `redact` has unknown entries; only these are supported: {}",
            KEYS.join(" and ")
        );
    }
    if !wanted && !known.is_empty() {
        tracing::warn!(
            "guestinfo.metadata asks to redact {}, but the document says `firstlight: {{scrub: false}}`: they stay",
            known.join(" and ")
        );
    }
    wanted
}

/// Overwrites the values, and adds their names to `gone`.
fn scrub(
    system: &System,
    store: &Store,
    places: &Places,
    choice: &Choice,
    generation: &Generation,
    gone: &mut Vec<String>,
) -> Result<(), String> {
    let Some(plan) = plan(places, ask_again(system, choice, &places.rules), choice, generation)? else {
        return Ok(());
    };
    let remember = |left: Vec<String>| {
        let known = Generation {
            scrubbed: Some(left),
            ..generation.clone()
        };
        store.save(&known).map_err(|error| error.to_string())
    };
    // A seed that was late is carried out before its instance is known: less of it must not be a new machine's.
    let known = store.remember_instance(&generation.instance_id);
    known.map_err(|error| error.to_string())?;
    remember(plan.states.iter().chain(&plan.without_cd).cloned().collect())?;
    let mut eraser = Eraser::of(places);
    for target in &plan.targets {
        let name = target.name();
        tracing::info!("overwriting {name}: it holds secrets, and later boots don't need it");
        target.overwrite(&mut eraser).map_err(|why| {
            format!("{name} still holds secrets, which every process on this machine can read: {why}")
        })?;
        gone.push(name);
    }
    let left = source::search(&system.root, system.live, choice, &places.rules);
    match (plan.states.last(), digest(&left), left) {
        (Some(expected), Ok(left), _) if *expected == left => {
            remember([left].into_iter().chain(plan.without_cd).collect())
        }
        (_, _, Verdict::Present(_)) => {
            Err("after overwriting, the sources have something unexpected; check `firstlight sources`".to_owned())
        }
        // Each value was read back, and every intermediate state has a known digest.
        (_, _, nothing) => {
            tracing::warn!("can't read back from the hypervisor what is left: {}", nothing.why());
            Ok(())
        }
    }
}

/// What the sources have now. On a busy machine a tool may exceed its time limit.
fn ask_again(system: &System, choice: &Choice, rules: &Rules) -> Vec<select::Found> {
    let ask = || survey(&system.root, system.live, choice, rules);
    let has_a_seed = |found: &Vec<_>| matches!(select::choose(found.clone(), choice), Verdict::Present(_));
    let mut tries = (1..TRIES).map(|_| ask());
    tries.find(has_a_seed).unwrap_or_else(ask)
}

/// The values to overwrite; `None` if there are none.
fn plan(
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
    fn name(&self) -> String {
        match self {
            Self::Key(key) => format!("guestinfo.{key}"),
            Self::Environment(_) => ovf::GUESTINFO.to_owned(),
        }
    }

    fn overwrite(&self, eraser: &mut Eraser) -> Result<(), Fault> {
        match self {
            Self::Key(key) => eraser.take_away(key),
            Self::Environment(left) => eraser.write("ovfEnv", left),
        }
    }
}

/// The digest of what the sources have together; that of nothing, if they have nothing.
fn digest(verdict: &Verdict) -> Result<String, String> {
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

fn outcome(gone: &[String], problem: Option<String>, begun: Instant) -> ModuleOutcome {
    let change = |name: &String| ChangeView {
        kind: "guestinfo".into(),
        target: name.clone(),
        action: "overwrite".into(),
        summary: format!("{name} no longer holds a secret"),
        diff: None,
    };
    let finding = |name: &String| Finding {
        expected: format!("{name} holds no secret"),
        verdict: Found::Verified,
    };
    ModuleOutcome {
        name: NAME.to_owned(),
        outcome: match problem {
            Some(_) => Outcome::Degraded,
            None => Outcome::Done,
        },
        asked: vec!["firstlight.scrub: true".to_owned()],
        changed: gone.iter().map(change).collect(),
        holding: 0,
        findings: gone.iter().map(finding).collect(),
        notes: Vec::new(),
        left_out: Vec::new(),
        problems: problem.into_iter().collect(),
        undone: false,
        milliseconds: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        verify_milliseconds: 0,
    }
}

/// Into the status and the generation's report. The generation itself stays done: its document is not carried out again
/// from what may be half of it.
fn report(store: &Store, generation: &Generation, status: &mut Status, module: ModuleOutcome) {
    let outcome = module.outcome;
    let number = generation.number;
    if let Some(stage) = status.stage {
        let written = || -> Result<(), StateError> {
            if store.is_pruned(number)? {
                return Ok(());
            }
            let earlier = store.part(number, GenerationReport::NAME)?;
            let mut whole = GenerationReport::resume(number, earlier.as_deref());
            whole.outcome = match outcome {
                Outcome::Done => generation.outcome,
                short => short,
            };
            whole.put(stage, module.clone());
            let mut text = serde_json::to_vec_pretty(&whole).unwrap_or_default();
            text.push(b'\n');
            store.save_part(number, GenerationReport::NAME, &text)
        };
        if let Err(error) = written() {
            tracing::error!("can't write the report of generation {number}: {error}");
        }
    }
    status.add_report(&AppliedReport {
        schema: SCHEMA,
        generation: Some(number),
        outcome,
        modules: vec![module],
        reverts_in: None,
    });
    if outcome != Outcome::Done && status.status == Standing::Done {
        status.status = Standing::Degraded;
        status.detail = "the machine matches the document, but the hypervisor still holds its secrets".to_owned();
    }
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
