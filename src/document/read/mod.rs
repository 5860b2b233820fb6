//! Reads the texts of a seed into one typed document, and reports everything that is wrong with it.
//!
//! One run finds all problems: an invalid value is reported and removed from the tree, and the rest is read again. A
//! boot applies what remains, unless the document is strict. `assemble` merges the texts into one tree, `settle` reads
//! the configuration from it, `explain` produces the diagnostics.

mod alone;
mod assemble;
mod deprecated;
mod explain;
mod settle;
#[cfg(test)]
mod tests;
mod version1;
mod written;

use std::collections::HashSet;

use super::advice::Dialect;
use super::authorized_key::AuthorizedKey;
use super::budget::Budget;
use super::cloud_config::OtherKey;
use super::code::Code;
use super::commands::{UserScript, UserScripts};
use super::config::{Config, KEYS};
use super::conversion::Located;
use super::diagnostic::Diagnostic;
use super::format::{MachineFacts, Place};
use super::hostname::HostName;
use super::meta_data::MetaData;
use super::network;
use super::problem::Problems;
use super::text::{Characters, Text, Texts};
use super::users::User;
use super::write_files::{Content, FileSource, check_fetched};
use super::yaml::{Node, Notes, Piece, Span};
use crate::vocabulary::Address;
pub use alone::alone;
use assemble::{assemble, refuses_vendor_data};
use explain::Finding;

/// A document that was read.
#[derive(Debug, Default)]
pub struct Document {
    /// The valid part of it.
    pub config: Config,
    /// The identity of the machine.
    pub meta_data: MetaData,
    /// All problems, in the order of the texts.
    pub diagnostics: Vec<Diagnostic>,
    /// Where it comes from: `nocloud /dev/sr0`.
    pub source: String,
    /// The scripts among the parts.
    scripts: UserScripts,
    /// How many parts there were so far, and whether they are the vendor's now.
    parts: usize,
    is_vendors: bool,
    /// The addresses of documents that were not fetched.
    missing: Vec<Address>,
    texts: Vec<Source>,
    tree: Option<Node>,
    /// The mappings from which a value was removed.
    holes: Vec<Span>,
    /// The keys that are given twice, with the numbers of the findings about them.
    twice: Vec<(usize, Span)>,
    /// The network of version 1 that version 2 was made of.
    version_1: Option<Node>,
    /// What the decoder noted about the tree.
    notes: Notes,
    budget: Budget,
    /// The default user of the machine, if it has one.
    machine_user: Option<User>,
    /// The number of the text from which the network is, if that is a network-config.
    network_config: Option<usize>,
    /// What the keys may be: decides on the hints.
    dialect: Dialect,
    /// The findings so far, not sorted yet.
    found: Vec<Finding>,
    /// What was said so far, and where.
    told: HashSet<((usize, usize), Code, String)>,
    /// Whether there are more problems than are reported.
    more: bool,
    /// Whether one of those is an error. Then nothing can be trusted.
    given_up: bool,
    /// How many values were removed.
    pruned: usize,
}

/// Something that a document leads to and that was not fetched.
#[derive(Debug, Clone)]
pub enum Pointer {
    /// A document of a list of addresses.
    Document(Address),
    /// What a file shall hold.
    File(FileSource),
}

impl Pointer {
    /// The address.
    pub fn address(&self) -> &Address {
        match self {
            Self::Document(address) => address,
            Self::File(source) => &source.uri,
        }
    }
}

/// A decoded text, kept for excerpts.
struct Source {
    place: Place,
    text: Characters,
    pieces: Option<Vec<Piece>>,
    /// Where its contents come from, if a source generated it.
    located: Option<Located>,
}

impl std::fmt::Debug for Source {
    /// Shows only where it comes from: the text holds secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.place.file())
    }
}

impl Document {
    /// Reads the texts of a seed.
    pub fn read(texts: &Texts<'_>) -> Self {
        let mut document = Self {
            source: format!("{} {}", texts.source.0, texts.source.1).trim().to_owned(),
            machine_user: texts.machine.as_ref().and_then(MachineFacts::default_user),
            ..Self::default()
        };
        let user = document.load_all(texts, texts.user_data, &[]);
        document.is_vendors = true;
        let vendor = document.load_all(texts, texts.vendor_data, &texts.more_vendor_data);
        if user.as_ref().is_some_and(refuses_vendor_data) {
            document.scripts.drop_vendors();
        }
        let own = document.found.len();
        let network = texts.network_config.and_then(|text| document.load(texts, text));
        let network = network.and_then(|node| document.mapping(node));
        let network_end = document.found.len();
        let meta = texts.meta_data.and_then(|text| document.load(texts, text));
        document.tree = assemble(user, vendor);
        if document.tree.as_ref().is_some_and(|tree| tree.get("network").is_some()) {
            // The seed's network-config is not used, so its problems are only warnings.
            document.make_warnings(own..network_end);
        }
        if let Some(network) = network {
            let tree = document.tree.take();
            document.tree = Some(document.add_network(tree, network));
        }
        if let Some(meta) = meta {
            document.dialect = Dialect::Other;
            document.meta_data = document.take(meta);
            document.dialect = Dialect::Document;
        }
        let wrong = document.take_version_1();
        document.decode_all(wrong);
        document.report_traps();
        document.report_deprecated();
        document.add_files(&texts.fetched);
        let repeated = document.finish();
        let all: Vec<_> = document.diagnostics.iter().chain(&repeated).cloned().collect();
        network::leave_out(&mut document.config, &all);
        document.say_paths_of_version_1();
        if !document.given_up {
            document.config.scripts = std::mem::take(&mut document.scripts);
            document.add_meta_data();
        }
        document
    }

    /// Gives each entry of `write_files` the content that was fetched for it.
    fn add_files(&mut self, fetched: &[(&str, Text<'_>)]) {
        for file in self.config.write_files.iter_mut().flatten() {
            let uri = file.source.as_ref().map(|source| source.uri.written());
            let found = fetched.iter().find(|(address, _)| Some(*address) == uri);
            file.fetched = found.map(|(_, text)| Content::new(text.bytes));
        }
        let mut problems = Vec::new();
        let files = self.config.write_files.as_deref().unwrap_or_default();
        let left_out = check_fetched(files, &mut self.budget, &mut Problems::new(&mut problems));
        for problem in problems {
            self.report_value(&problem.path.clone(), problem.told());
        }
        if let Some(files) = &mut self.config.write_files {
            let mut number = 0..;
            files.retain(|_| {
                number
                    .next()
                    .is_some_and(|number| left_out.binary_search(&number).is_err())
            });
        }
    }

    /// Adds what the platform says in the meta-data. The document wins.
    fn add_meta_data(&mut self) {
        if self.config.hostname.is_none() && self.config.fqdn.is_none() {
            self.config.hostname = self.meta_data.local_hostname.as_ref().map(HostName::not_an_address);
        }
        self.config.platform_seed = self.meta_data.random_seed.clone();
        if self.config.allow_public_ssh_keys == Some(false) {
            return;
        }
        self.config.platform_keys = self.meta_data.public_keys_beside(&[]);
    }

    /// The platform's keys that root's own are not already.
    fn platform_keys(&self) -> Vec<AuthorizedKey> {
        if self.config.platform_keys.is_empty() {
            return Vec::new();
        }
        let root = self.config.root.as_ref();
        let own = root.map(|root| root.ssh_authorized_keys.as_slice());
        self.meta_data.public_keys_beside(own.unwrap_or_default())
    }

    /// Whether an error keeps a value from being used.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Whether an error may hide something that firstlight would apply. A key of cloud-config that firstlight doesn't
    /// apply hides nothing.
    pub fn may_ask_for_more(&self) -> bool {
        let mut errors = self.diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
        errors.any(|error| OtherKey::not_applied_at(&error.path).is_none())
    }

    /// What is yet to be fetched: documents of lists, and once all of these are here, files.
    pub fn pointers(&self) -> Vec<Pointer> {
        if !self.missing.is_empty() {
            let missing = self.missing.iter().cloned();
            return missing.map(Pointer::Document).collect();
        }
        let files = self.config.write_files.iter().flatten();
        let sources = files
            .filter(|file| file.fetched.is_none())
            .filter_map(|file| file.source.clone());
        sources.map(Pointer::File).collect()
    }

    /// Whether the texts hold nothing at all. One that can't be judged may hold something.
    pub fn is_empty(&self) -> bool {
        let is_there = |diagnostic: &Diagnostic| diagnostic.code != Code::MisspeltHeader;
        self.tree.is_none() && self.config.scripts.all().is_empty() && !self.diagnostics.iter().any(is_there)
    }

    /// Reports a problem with the document as a whole.
    pub fn add_error(&mut self, file: &str, message: &str, hint: &str) {
        self.diagnostics
            .push(Diagnostic::whole(file, message, Some(hint.to_owned())).code(Code::Empty));
    }

    /// The valid part of the document with secrets masked, for storing.
    pub fn masked(&self) -> serde_json::Value {
        self.tree
            .as_ref()
            .map_or(serde_json::Value::Null, |tree| super::masked::masked(tree, &self.notes))
    }

    /// The areas of which the valid part asks something, in the order of [`KEYS`].
    pub fn areas(&self) -> Vec<&'static str> {
        let says = |key: &str| {
            let path: Vec<String> = key.split('.').map(str::to_owned).collect();
            let node = self.tree.as_ref().and_then(|tree| tree.find(&path));
            node.is_some_and(|node| !node.is_empty())
        };
        // The meta-data is not part of the tree, and scripts are not.
        let is_beside_the_tree = |key: &str| match key {
            "hostname" => self.config.hostname.is_some(),
            "root.ssh_authorized_keys" => !self.config.platform_keys.is_empty(),
            "random_seed.data" => self.config.platform_seed.is_some(),
            "runcmd" => !self.scripts_of("runcmd").is_empty(),
            "bootcmd" => !self.scripts_of("bootcmd").is_empty() || self.config.runs_scripts_at_each_boot(),
            _ => false,
        };
        let mut areas: Vec<&'static str> = Vec::new();
        for (key, area) in KEYS.iter().flat_map(|key| key.answers) {
            if !areas.contains(area) && (says(key) || is_beside_the_tree(key)) {
                areas.push(area);
            }
        }
        areas
    }

    /// The scripts for which the area of this name answers: `bootcmd` for those of each boot.
    fn scripts_of(&self, area: &str) -> Vec<&UserScript> {
        let scripts = self.config.scripts.all().iter();
        scripts
            .filter(|script| script.is_of_each_boot() == (area == "bootcmd"))
            .collect()
    }

    /// The valid settings under `keys` (`root.password`: a nested key), one per line, with secrets masked.
    pub fn asked(&self, keys: &[&str]) -> Vec<String> {
        // Who asks for one key needn't wait for the files of the others.
        let top: Vec<&str> = keys.iter().filter_map(|key| key.split('.').next()).collect();
        let masked = |tree| super::masked::masked_at(tree, &self.notes, &top);
        let masked = self.tree.as_ref().map_or(serde_json::Value::Null, masked);
        let mut lines = super::asked::lines(&masked, keys);
        if let (Some(name), true, true) = (&self.config.hostname, keys.contains(&"hostname"), lines.is_empty()) {
            // It comes from the meta-data, which is not part of the tree.
            lines.push(format!("hostname: {}", name.as_str()));
        }
        let platform_keys = self.platform_keys();
        if keys.contains(&"root.ssh_authorized_keys") && !platform_keys.is_empty() {
            let given: Vec<_> = platform_keys.iter().map(AuthorizedKey::line).collect();
            let given = serde_json::json!({ "public-keys": given });
            lines.extend(super::asked::lines(&given, &["public-keys"]));
        }
        for area in ["bootcmd", "runcmd"].into_iter().filter(|area| keys.contains(area)) {
            let scripts = self.scripts_of(area).into_iter();
            lines.extend(scripts.map(|script| format!("script: {}", script.name)));
        }
        lines
    }
}
