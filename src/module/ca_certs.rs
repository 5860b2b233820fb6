//! `ca_certs`: a file for each certificate, and the distribution's own program, which makes of them what programs read.

mod store;

use super::on_the_way::with_directories;
use super::{Change, Dirty, FileChange, Module, Plan, PlanError, Share, Stage};
use crate::document::Config;
use crate::system::{Machine, Metadata};
pub use store::{Bundle, Store};

/// Has the machine's programs trust the document's authorities.
#[derive(Debug, Clone, Copy)]
pub struct CaCerts;

impl Module for CaCerts {
    fn name(&self) -> &'static str {
        "ca_certs"
    }

    /// Not in front of the network: the program takes a second or two.
    fn stage(&self) -> Stage {
        Stage::System
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let Some(wanted) = &want.ca_certs else { return Ok(plan) };
        let certificates = wanted.certificates();
        let removes = wanted.remove_defaults == Some(true);
        if certificates.is_empty() && !removes {
            return Ok(plan);
        }
        let Some(store) = Store::of(machine.root())? else {
            let message = format!(
                "this machine has no program for certificates: none of {}",
                Store::programs()
            );
            let hint = "add the package to the image: openssl-c_rehash on Photon, ca-certificates elsewhere";
            return Err(PlanError::at(&["ca_certs"], message).hint(hint));
        };
        if removes {
            match without_defaults(&store, machine) {
                Ok(change) => plan.changes.push(change),
                Err(problem) => plan.problems.push(problem),
            }
        }
        let files = certificates.iter().map(|certificate| {
            let file = FileChange::write(store.path(certificate.digest()), certificate.pem(), 0o644);
            file.dirties(Dirty::Certificates)
        });
        plan.changes.extend(with_directories(files.collect(), machine));
        if !certificates.is_empty() {
            let encoded = certificates.iter().map(|certificate| certificate.encoded().to_owned());
            plan.changes.push(Change::Certificates(store.bundle(encoded.collect())));
        }
        Ok(plan)
    }
}

/// The list of what the distribution brings, with each of its authorities crossed out.
fn without_defaults(store: &Store, machine: &Machine<'_>) -> Result<Change, PlanError> {
    let at = ["ca_certs", "remove_defaults"];
    let list = store.list.ok_or_else(|| {
        let message = "this distribution has no list of the authorities that it brings";
        PlanError::at(&at, message).hint("remove them from the image")
    })?;
    let missing = || PlanError::at(&at, format!("{list} is missing")).hint("install ca-certificates again");
    let text = machine.read_text(list)?.ok_or_else(missing)?;
    let as_is: Metadata = machine.metadata(list)?.ok_or_else(missing)?;
    let crossed_out = |line: &str| match line.trim_start().chars().next() {
        None | Some('#' | '!') => line.to_owned(),
        Some(_) => format!("!{line}"),
    };
    let lines: String = text.split_inclusive('\n').map(crossed_out).collect();
    let file = FileChange::rewrite(list, lines, &as_is).share(Share::Lines);
    Ok(Change::File(file.dirties(Dirty::Certificates)))
}

#[cfg(test)]
mod tests;
