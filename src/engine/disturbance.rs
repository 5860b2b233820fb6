//! What a plan disturbs while it is carried out, for a person to read before anything else.

use super::plan::GenerationPlan;
use crate::module::{Change, UnitAction};
use crate::system::network::Session;

/// The unit whose containers stop with it.
const DOCKER: &str = "docker.service";

/// What is interrupted when `plan` is carried out, a sentence each; `session` is the login of whoever asks.
pub fn disturbances(plan: &GenerationPlan, session: Option<&Session>) -> Vec<String> {
    let changes = plan.modules.iter().flat_map(|module| &module.changes);
    let mut found: Vec<String> = changes
        .chain(&plan.reactions)
        .filter_map(|change| match change {
            Change::NetworkReload => session.map(of_the_network),
            Change::Unit(unit) if unit.unit == DOCKER => of_docker(unit.action),
            _ => None,
        })
        .collect();
    found.dedup();
    found
}

fn of_the_network(session: &Session) -> String {
    format!(
        "the network is configured anew, and you are logged in over {} ({}): `firstlight apply --confirm 2m` undoes it \
         unless you confirm",
        session.link, session.address
    )
}

fn of_docker(action: UnitAction) -> Option<String> {
    let verb = match action {
        UnitAction::Restart => "restarts",
        UnitAction::Stop => "stops",
        UnitAction::Enable
        | UnitAction::Disable
        | UnitAction::Mask
        | UnitAction::Unmask
        | UnitAction::Start
        | UnitAction::Reload => return None,
    };
    Some(format!(
        "docker {verb}: its containers stop, unless `live-restore` is on"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::UnitChange;

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
                Change::NetworkReload,
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
