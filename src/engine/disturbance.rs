//! What a plan interrupts while it is applied; shown to the user first.

use super::plan::GenerationPlan;
use crate::system::network::Session;

/// What applying `plan` interrupts, one sentence each; `session` is the user's login session.
pub fn disturbances(plan: &GenerationPlan, session: Option<&Session>) -> Vec<String> {
    let changes = plan.modules.iter().flat_map(|module| &module.changes);
    let all = changes.chain(&plan.reactions);
    let mut found: Vec<String> = all.filter_map(|change| change.kind().disturbs(session)).collect();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::{Change, NetworkReloadChange, UnitAction, UnitChange};

    #[test]
    fn a_person_is_told_what_stops_under_them() {
        let unit = |name: &str, action| {
            Change::Unit(UnitChange {
                unit: name.to_owned(),
                action,
            })
        };
        let plan = GenerationPlan {
            reactions: vec![
                Change::NetworkReload(NetworkReloadChange::default()),
                unit("sshd.service", UnitAction::Reload),
                unit("docker.service", UnitAction::Restart),
            ],
            ..GenerationPlan::default()
        };
        let session = Session {
            address: [192, 0, 2, 10].into(),
            link: "eth0".to_owned(),
        };
        let docker = "docker restarts: its containers stop, unless `live-restore` is on";
        let found = disturbances(&plan, Some(&session));
        assert!(
            found[0].contains("you are logged in over eth0 (192.0.2.10)"),
            "{found:?}"
        );
        assert_eq!(found[1..], [docker.to_owned()]);
        assert_eq!(disturbances(&plan, None), [docker]);
        assert_eq!(
            disturbances(&GenerationPlan::default(), Some(&session)),
            Vec::<String>::new()
        );
    }
}
