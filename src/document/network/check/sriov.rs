//! SR-IOV: whether a physical function has room for the virtual ones.

use super::super::{InterfaceId, Network, Role, Uses};
use crate::document::code::Code;
use crate::document::problem::Problems;

/// All links that say how many virtual functions they have.
pub fn check(network: &Network, uses: &Uses<'_>, problems: &mut Problems<'_>) {
    let entries = |id: &InterfaceId| {
        let users = uses.get(id).into_iter().flatten();
        users.filter(|it| it.role == Role::PhysicalFunction).count()
    };
    for (id, ethernet) in &network.ethernets {
        let Some(said) = ethernet.virtual_function_count else {
            continue;
        };
        let entries = entries(id);
        if usize::try_from(said.get()).is_ok_and(|said| said < entries) {
            let message =
                format!("{said} virtual functions are fewer than the entries whose `link` is this one: {entries}");
            let place = ["ethernets", id.as_str(), "virtual-function-count"];
            let hint = "raise it, or leave it out: it gets as many as there are entries";
            problems.of(Code::Conflict).error(&place, message, Some(hint));
        }
    }
}
