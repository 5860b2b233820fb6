//! Public keys that a document imports from other sites: they are asked in the final stage, and what they said is kept, so
//! that a machine loses no key while one of them is down.

use super::selection::selection;
use super::texts::texts_on;
use crate::document::import_id::{ImportId, Imported};
use crate::document::{AuthorizedKey, Document};
use crate::source::http::Client;
use crate::source::import::import;
use crate::source::{Choice, Rules, Seed};
use crate::state::Store;
use crate::system::System;
use crate::system::thread::blocking;

/// The module that writes them.
pub const MODULE: &str = "ssh_authorized_keys";

/// Asks the sites, where the generation in force is yet to be given their keys.
pub async fn ask_in_boot(system: &System, store: &Store, seed: &mut Seed, source: Option<&Choice>) {
    let is_open = store.current().ok().flatten().is_some_and(|current| {
        let digest = seed.digest();
        current.digest != digest || current.incomplete.modules.contains(MODULE)
    });
    if !is_open {
        return;
    }
    let document = Document::read(&texts_on(system, seed));
    if !document.config.awaits_keys() {
        return;
    }
    match selection(system, source) {
        Ok((_, settings)) => seed.imported = Some(ask(system, &document, &settings.rules).await),
        Err(error) => seed.imported = Some(failed(&document.config.import_ids(), &format!("{error:#}"))),
    }
}

/// What the sites say now.
pub async fn ask(system: &System, document: &Document, rules: &Rules) -> Imported {
    let ids = document.config.import_ids();
    let (asked, root, rules) = (ids.clone(), system.root.clone(), rules.clone());
    let mut client = Client::new(&root, &rules.http);
    client.go_through(document.config.proxy());
    let ask = move || import(&asked, &mut client, &rules);
    match blocking("import", ask).await {
        Ok(imported) => imported,
        Err(error) => failed(&ids, &error.to_string()),
    }
}

fn failed(ids: &[ImportId], why: &str) -> Imported {
    let mut imported = Imported {
        asked: true,
        ..Imported::default()
    };
    for id in ids {
        imported.by.entry(id.clone()).or_default().failed = Some(why.to_owned());
    }
    imported
}

/// Gives the document what the sites said: now, or when they were last asked.
pub fn give(document: &mut Document, imported: Option<&Imported>, store: &Store) {
    let ids = document.config.import_ids();
    if ids.is_empty() {
        return;
    }
    let mut imported = imported.cloned().unwrap_or_default();
    let mut kept = store.imported_keys().unwrap_or_else(|error| {
        tracing::warn!("the keys that were imported earlier are not known: {error}");
        Default::default()
    });
    for id in ids {
        let import = imported.by.entry(id.clone()).or_default();
        if import.keys.is_empty() {
            let lines = kept.remove(&id.to_string()).unwrap_or_default();
            import.keys = lines
                .into_iter()
                .filter_map(|line| AuthorizedKey::try_from(line).ok())
                .collect();
        }
    }
    document.config.imported = imported;
}

/// Keeps what the sites said.
///
/// # Errors
/// The state can't be written.
pub fn keep(document: &Document, store: &Store) -> Result<(), crate::state::StateError> {
    let by = document.config.imported.by.iter();
    let known = by.filter(|(_, import)| !import.keys.is_empty());
    let lines = known.map(|(id, import)| {
        let lines = import.keys.iter().map(|key| key.line().to_owned());
        (id.to_string(), lines.collect())
    });
    let lines: std::collections::BTreeMap<String, Vec<String>> = lines.collect();
    if lines.is_empty() && store.imported_keys().is_ok_and(|kept| kept.is_empty()) {
        return Ok(());
    }
    store.keep_imported_keys(lines)
}
