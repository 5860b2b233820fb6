//! The status of a boot without a seed to apply.

use super::scrub;
use crate::module::Stage;
use crate::report::status::{Standing, Status};
use crate::source::Verdict;
use crate::state::{StateError, Store, scrubbed};

/// In the local stage: the system stage searches again for late devices and after temporary failures. A lasting
/// failure is reported at once.
pub fn in_local(nothing: &Verdict) -> Status {
    let why = nothing.why();
    match nothing {
        Verdict::Broken(fault) if !fault.is_passing() => failed(Stage::Local, why),
        _ => {
            let detail = format!("the local stage found no document; the system stage will search again ({why})");
            Status {
                stage: Some(Stage::Local),
                ..Status::plain(Standing::Running, detail)
            }
        }
    }
}

/// In the system stage.
///
/// # Errors
/// The state can't be read.
pub fn at_last(store: &Store, nothing: &Verdict) -> Result<Status, StateError> {
    let why = nothing.why();
    match nothing {
        Verdict::Broken(_) => Ok(failed(Stage::System, why)),
        // What can't be read may not be a seed: a configured machine keeps its configuration.
        Verdict::Unknown(_) if store.current()?.is_none() => Ok(failed(Stage::System, why)),
        Verdict::Unknown(_) => as_before(store, "it is unknown whether a source has a document", &why),
        Verdict::Absent(_) | Verdict::Present(_) => as_before(store, "no source has a document now", &why),
    }
}

/// If there was a seed earlier, its configuration stays and the status says so.
fn as_before(store: &Store, cause: &str, why: &str) -> Result<Status, StateError> {
    let Some(current) = store.current()? else {
        let detail = format!("no source has a document for this machine ({why})");
        return Ok(Status {
            stage: Some(Stage::System),
            ..Status::plain(Standing::NoSource, detail)
        });
    };
    let number = current.number;
    let cause = match scrubbed(&store.generations()?, &scrub::nothing()) {
        Some(_) => "the document was overwritten in the hypervisor after use",
        None => cause,
    };
    let detail = format!("{cause}; the configuration of generation {number} stays ({why})");
    let status = Status::plain(current.outcome.into(), detail);
    Ok(Status {
        stage: Some(Stage::System),
        generation: Some(number),
        instance_id: Some(current.instance_id),
        ..status
    })
}

/// No document can be used.
pub fn failed(stage: Stage, why: String) -> Status {
    Status {
        stage: Some(stage),
        problems: vec![why],
        ..Status::plain(Standing::Failed, "no document can be used; nothing was changed")
    }
}

#[cfg(test)]
mod tests {
    use super::super::decide::tests::generation;
    use super::*;
    use crate::source::Fault;
    use crate::state::Outcome;
    use crate::system::Root;

    #[test]
    fn what_may_pass_is_looked_at_again_and_what_is_not_there_is_told_from_what_cannot_be_read() {
        let absent = || Verdict::Absent("nothing there".to_owned());
        let unknown = || Verdict::Unknown(Fault::passing("it fails"));
        let damaged = || Verdict::Unknown(Fault::lasting("it is damaged"));
        let passing = || Verdict::Broken(Fault::passing("it fails"));
        let lasting = || Verdict::Broken(Fault::lasting("it is torn"));
        let forbidden = || Verdict::Broken(Fault::forbidden("it is not signed"));
        // What the local stage says, the system stage of a new machine, and that of one that is configured.
        for (verdict, local, new, configured) in [
            (absent(), Standing::Running, Standing::NoSource, Standing::Done),
            (unknown(), Standing::Running, Standing::Failed, Standing::Done),
            (damaged(), Standing::Running, Standing::Failed, Standing::Done),
            (passing(), Standing::Running, Standing::Failed, Standing::Failed),
            (lasting(), Standing::Failed, Standing::Failed, Standing::Failed),
            (forbidden(), Standing::Failed, Standing::Failed, Standing::Failed),
        ] {
            let tree = tempfile::tempdir().unwrap();
            std::fs::create_dir_all(tree.path().join("var/lib/firstlight/generations/1")).unwrap();
            let store = Store::new(Root::open(tree.path()).unwrap());
            let mut said = vec![in_local(&verdict), at_last(&store, &verdict).unwrap()];
            store.save(&generation(1, "configdrive", "abc", Outcome::Done)).unwrap();
            said.push(at_last(&store, &verdict).unwrap());
            let standings: Vec<_> = said.iter().map(|status| status.status).collect();
            assert_eq!(standings, [local, new, configured], "{verdict:?}");
            for status in said {
                let words = format!("{} {}", status.detail, status.problems.join(" "));
                assert!(words.contains(&verdict.why()), "{words}");
            }
        }
    }
}
