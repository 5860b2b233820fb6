//! Lets the machine's own programs check the planned files before anything is changed. What they reject is not applied.

use super::baseline::Baseline;
use super::plan::GenerationPlan;
use super::release;
use crate::document::Document;
use crate::document::redact::redact;
use crate::module::{Change, Check, DockerdCheck, PlanError, RulesCheck, SshdCheck};
use crate::state::StateError;
use crate::system::dockerd::{Dockerd, DockerdError};
use crate::system::rule_checker::{RuleChecker, RuleError};
use crate::system::sshd::{Sshd, SshdError};
use crate::system::write::may_own;
use crate::system::{Machine, System};

/// Removes from `plan` the files that the machine's own programs reject, and reports the reason as a problem of their
/// module. Nothing is executed for a tree: the machine that boots it asks about rules of sudo and doas which it has
/// already, and they go again.
///
/// # Errors
/// The machine or the state can't be read.
pub async fn vet(
    system: &System,
    plan: &mut GenerationPlan,
    document: &Document,
    machine: &Machine<'_>,
    baseline: &Baseline,
) -> Result<(), StateError> {
    if !system.live || !may_own() {
        return Ok(());
    }
    for number in 0..plan.modules.len() {
        let module = &plan.modules[number];
        let writes = module.changes.iter().any(|change| matches!(change, Change::File(_)));
        for check in module.checks.clone() {
            let rules = match &check {
                Check::Sudoers(rules) | Check::Doas(rules) => Some(rules),
                Check::Sshd(_) | Check::Dockerd(_) => None,
            };
            if !writes && rules.is_none() {
                continue;
            }
            let module = &plan.modules[number];
            let in_force = rules.filter(|_| !module.changes.iter().any(|change| check.is_about(change)));
            let refused = match &check {
                Check::Sshd(check) => ask_sshd(check).await,
                Check::Dockerd(check) => ask_dockerd(check, machine).await,
                Check::Sudoers(check) => ask_rules(RuleChecker::visudo(), check, "sudoers").await,
                Check::Doas(check) => ask_rules(RuleChecker::doas(), check, "doas.conf").await,
            };
            if let Some(error) = refused {
                let problem = document.diagnose(&error.path, error.message).hint(error.hint);
                plan.leave_out(number, |change| check.is_about(change), problem, machine);
                if let Some(rules) = in_force {
                    release::refused(&mut plan.modules[number], &rules.path, machine, baseline)?;
                }
            }
        }
    }
    Ok(())
}

/// sshd's error, attributed to the document or to the existing configuration.
async fn ask_sshd(check: &SshdCheck) -> Option<PlanError> {
    let mut sshd = Sshd::find().ok()?;
    let refusal = match sshd.would_accept(&check.files).await {
        Ok(()) => return None,
        Err(SshdError::Refused(refusal)) => refusal,
        Err(error) => {
            tracing::debug!("{error}");
            return None;
        }
    };
    if let Some(path) = check.blamed(&refusal) {
        let keys: Vec<&str> = path.iter().map(String::as_str).collect();
        let message = format!("sshd rejects this value: {}", redact(refusal.reason()));
        return Some(PlanError::at(&keys, message).hint("see sshd_config(5) for the allowed values"));
    }
    let first = check.asked.first().and_then(|(_, path)| path.first());
    let path: Vec<&str> = first.into_iter().map(String::as_str).collect();
    Some(match sshd.accepts().await {
        Err(SshdError::Refused(present)) => PlanError::at(
            &path,
            format!(
                "sshd already rejects its current configuration: {}",
                redact(&present.in_one_line())
            ),
        )
        .hint("correct that line first; until then sshd is left unchanged"),
        _ => PlanError::at(
            &path,
            format!(
                "sshd would reject its configuration: {}",
                redact(&refusal.in_one_line())
            ),
        ),
    })
}

/// dockerd's error. If it already rejects the current file and the document doesn't set the key, the message says so.
async fn ask_dockerd(check: &DockerdCheck, machine: &Machine<'_>) -> Option<PlanError> {
    let dockerd = Dockerd::find()?;
    let reason = match dockerd.would_accept(&check.path, &check.content).await {
        Ok(()) => return None,
        Err(DockerdError::Refused(reason)) => reason,
        Err(error) => {
            tracing::debug!("{error}");
            return None;
        }
    };
    let path = check.blamed(&reason);
    let keys: Vec<&str> = path.iter().map(String::as_str).collect();
    let message = format!("dockerd rejects this: {}", redact(&reason));
    let present = machine.root().read(&check.path).ok().flatten().unwrap_or_default();
    let is_broken = !present.is_empty()
        && keys.len() == 2
        && matches!(
            dockerd.would_accept(&check.path, &present).await,
            Err(DockerdError::Refused(_))
        );
    Some(match is_broken {
        true => PlanError::at(
            &keys,
            format!(
                "dockerd already rejects the current {}: {}",
                check.path,
                redact(&reason)
            ),
        )
        .hint("correct that file first; until then docker is left unchanged"),
        false => PlanError::at(&keys, message).hint("see dockerd(8) for the allowed values"),
    })
}

/// visudo's error. A broken file in /etc/sudoers.d disables sudo for everybody.
async fn ask_rules(checker: Option<RuleChecker>, check: &RulesCheck, manual: &str) -> Option<PlanError> {
    let (name, reason) = match checker?.would_accept(&check.content).await {
        Ok(()) => return None,
        Err(RuleError::Refused(name, reason)) => (name, reason),
        Err(error) => {
            tracing::debug!("{error}");
            return None;
        }
    };
    let path: Vec<&str> = check.asked.iter().map(String::as_str).collect();
    let message = format!("{name} rejects this: {}", redact(&reason));
    Some(PlanError::at(&path, message).hint(format!("see {manual}(5) for how rules are written")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Texts};
    use crate::engine::GenerationPlan;
    use crate::module::{self, Expectation};
    use crate::system::Facts;

    /// What is left of a plan when one of its files is refused.
    #[test]
    fn what_is_refused_is_left_out_and_the_rest_stays() {
        let tree = tempfile::tempdir().unwrap();
        for (path, text) in [
            (
                "usr/lib/systemd/system/docker.service",
                "[Install]\nWantedBy=multi-user.target\n",
            ),
            ("etc/ssh/sshd_config", "PermitRootLogin no\n"),
        ] {
            let path = tree.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let text = "docker: {enabled: true, daemon: {mtu: 1400}}\nsshd: {permit_root_login: 'yes'}\n";
        let document = Document::read(&Texts::of_user_data("x.yaml", text.as_bytes()));
        let system = System::tree(tree.path()).unwrap();
        let facts = Facts::default();
        let machine = Machine::new(&system.root, &facts);
        let modules = module::only(&["sshd".to_owned(), "docker".to_owned()]);
        let mut plan = GenerationPlan::make(&modules, &document, &machine, &Baseline::default()).unwrap();
        let before: Vec<usize> = plan.modules.iter().map(|module| module.declared.len()).collect();
        assert_eq!(before, [3, 4], "{plan:?}");
        for number in 0..plan.modules.len() {
            let check = plan.modules[number].checks[0].clone();
            let problem = document.diagnose(&["docker".to_owned()], "refused");
            plan.leave_out(number, |change| check.is_about(change), problem, &machine);
        }
        let [sshd, docker] = plan.modules.as_slice() else {
            panic!("{plan:?}")
        };
        assert_eq!(
            (sshd.declared.len(), sshd.changes.len(), sshd.problems.len()),
            (0, 0, 1)
        );
        assert_eq!(sshd.expectations, []);
        assert!(
            docker.declared.iter().all(|change| matches!(change, Change::Unit(_))),
            "{docker:?}"
        );
        assert!(
            matches!(docker.expectations.as_slice(), [Expectation::UnitFileIs { .. }]),
            "{docker:?}"
        );
        assert_eq!(plan.problems().count(), 2);
    }
}
