//! From the texts of a seed to one typed document, with everything that is wrong with it.
//!
//! All problems are found in one run: what is bad is reported, taken out of the tree, and the rest is read again. What
//! remains is what a boot applies when the document is not strict. `assemble` makes one tree of the texts, `settle`
//! reads the configuration from it, `explain` words what is wrong.

mod assemble;
mod explain;
mod settle;
#[cfg(test)]
mod tests;

use super::authorized_key::AuthorizedKey;
use super::budget::Budget;
use super::cloud_config::NOT_APPLIED;
use super::config::Config;
use super::conversion::Located;
use super::diagnostic::Diagnostic;
use super::hostname::HostName;
use super::meta_data::MetaData;
use super::network;
use super::problem::Problems;
use super::text::Texts;
use super::write_files::{Fetched, check_fetched};
use super::yaml::{Node, Notes, Piece, Span};
use assemble::assemble;
use explain::Finding;

/// A document that was read.
#[derive(Debug, Default)]
pub struct Document {
    /// What is good of it.
    pub config: Config,
    /// Who the machine is.
    pub meta_data: MetaData,
    /// Everything that is wrong with it, in the order of the texts.
    pub diagnostics: Vec<Diagnostic>,
    /// Where it is from: `nocloud /dev/sr0`.
    pub source: String,
    /// The keys of the meta-data that may log in as root.
    platform_keys: Vec<AuthorizedKey>,
    texts: Vec<Source>,
    tree: Option<Node>,
    /// The mappings out of which a value was taken.
    holes: Vec<Span>,
    /// The keys that are there twice, with the numbers of the findings about them.
    twice: Vec<(usize, Span)>,
    /// What the decoder noted of the tree.
    notes: Notes,
    budget: Budget,
    /// What was found so far, until all of it is sorted and shown.
    found: Vec<Finding>,
    /// Whether something more is wrong than is reported.
    more: bool,
    /// Whether one of those is an error: then nothing is known to be good.
    given_up: bool,
    /// How many values were taken out.
    pruned: usize,
}

/// A text that could be decoded, kept for excerpts.
struct Source {
    origin: String,
    text: zeroize::Zeroizing<String>,
    pieces: Option<Vec<Piece>>,
    /// Where it is from, if a source made it.
    located: Option<Located>,
}

impl std::fmt::Debug for Source {
    /// Shows where it came from only: the text holds secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.origin)
    }
}

impl Document {
    /// Reads the texts of a seed.
    pub fn read(texts: &Texts<'_>) -> Self {
        let mut document = Self {
            source: format!("{} {}", texts.source.0, texts.source.1).trim().to_owned(),
            ..Self::default()
        };
        let user = document.load_all(texts, texts.user_data, &texts.more_user_data);
        let vendor = document.load_all(texts, texts.vendor_data, &texts.more_vendor_data);
        let own = document.found.len();
        let network = texts.network_config.and_then(|text| document.load(texts, text, false));
        let network = network.and_then(|node| document.mapping(node));
        let network_end = document.found.len();
        let meta = texts.meta_data.and_then(|text| document.load(texts, text, false));
        document.tree = assemble(user, vendor);
        if document.tree.as_ref().is_some_and(|tree| tree.get("network").is_some()) {
            // Not used, and so nothing that is wrong with it matters much.
            document.make_warnings(own..network_end);
        }
        if let Some(network) = network {
            let tree = document.tree.take();
            document.tree = Some(document.add_network(tree, network));
        }
        if let Some(meta) = meta {
            document.meta_data = document.take(meta);
        }
        document.decode_all();
        document.add_files(&texts.files);
        document.finish();
        network::leave_out(&mut document.config, &document.diagnostics);
        if !document.given_up {
            document.add_meta_data();
        }
        document
    }

    /// What was fetched for `write_files` goes to where it is asked for.
    fn add_files(&mut self, fetched: &[(&str, &[u8])]) {
        for file in self.config.write_files.iter_mut().flatten() {
            let uri = file.source.as_ref().map(|source| source.uri.expose());
            let found = fetched.iter().find(|(address, _)| Some(*address) == uri);
            file.fetched = found.map(|(_, bytes)| Fetched(bytes.to_vec()));
        }
        let mut problems = Vec::new();
        let files = self.config.write_files.as_deref().unwrap_or_default();
        let left_out = check_fetched(files, &mut self.budget, &mut Problems::new(&mut problems));
        for problem in problems {
            self.report_value(&problem.path, Diagnostic::whole("", problem.message, problem.hint));
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

    /// What the platform says in the meta-data goes below what the document says.
    fn add_meta_data(&mut self) {
        if self.config.hostname.is_none() && self.config.fqdn.is_none() {
            self.config.hostname = self.meta_data.local_hostname.as_ref().map(HostName::not_an_address);
        }
        if self.config.allow_public_ssh_keys == Some(false) {
            return;
        }
        let own = self
            .config
            .root
            .as_ref()
            .map(|root| root.ssh_authorized_keys.as_slice());
        self.platform_keys = self.meta_data.public_keys_beside(own.unwrap_or_default());
        if !self.platform_keys.is_empty() {
            let root = self.config.root.get_or_insert_default();
            root.ssh_authorized_keys.extend_from_slice(&self.platform_keys);
        }
    }

    /// Whether something is wrong that keeps a value from being used.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Whether an error may keep something from being asked for that firstlight does. A key of cloud-config that it doesn't
    /// apply keeps nothing.
    pub fn may_ask_for_more(&self) -> bool {
        let mut errors = self.diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
        errors.any(|error| !NOT_APPLIED.contains(&error.path.join(".").as_str()))
    }

    /// Whether the texts hold anything at all.
    pub fn is_empty(&self) -> bool {
        self.tree.is_none()
    }

    /// Reports something that is wrong with the document as a whole.
    pub fn add_error(&mut self, file: &str, message: &str, hint: &str) {
        self.diagnostics
            .push(Diagnostic::whole(file, message, Some(hint.to_owned())));
    }

    /// What is good of it, its secrets masked: for keeping.
    pub fn masked(&self) -> serde_json::Value {
        self.tree
            .as_ref()
            .map_or(serde_json::Value::Null, |tree| super::masked::masked(tree, &self.notes))
    }

    /// What is good of it at `keys` (`root.password`: a key below another), a setting on each line, secrets masked.
    pub fn asked(&self, keys: &[&str]) -> Vec<String> {
        let mut lines = super::asked::lines(&self.masked(), keys);
        if let (Some(name), true, true) = (&self.config.hostname, keys.contains(&"hostname"), lines.is_empty()) {
            // From the meta-data, which is not part of the tree.
            lines.push(format!("hostname: {}", name.as_str()));
        }
        if keys.contains(&"root.ssh_authorized_keys") && !self.platform_keys.is_empty() {
            let given: Vec<_> = self.platform_keys.iter().map(AuthorizedKey::line).collect();
            let given = serde_json::json!({ "public-keys": given });
            lines.extend(super::asked::lines(&given, &["public-keys"]));
        }
        lines
    }
}
