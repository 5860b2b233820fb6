//! From the texts of a seed to one typed document, with everything that is wrong with it.
//!
//! All problems are found in one run: what is bad is reported, taken out of the tree, and the rest is read again. What
//! remains is what a boot applies when the document is not strict.

use super::advice::explain_key;
use super::authorized_key::AuthorizedKey;
use super::cloud_config::{WITHOUT_EFFECT, list_of_addresses};
use super::config::Config;
use super::conversion::{Conversion, Located};
use super::diagnostic::{Diagnostic, Severity, excerpt};
use super::hostname::HostName;
use super::meta_data::{self, MetaData, PUBLIC_KEYS};
use super::network;
use super::problem::{Check, Problem, Problems};
use super::public_keys::PublicKeys;
use super::text::{Text, Texts, decode_text, unpacked};
use super::write_files::Fetched;
use super::yaml::decode::DecodeErrorKind;
use super::yaml::{DecodeError, Entry, Fault, Key, Node, Span, Value, decode, merge, parse};

/// How many problems are reported before reading stops.
const PROBLEM_LIMIT: usize = 100;

/// A document that was read.
#[derive(Debug, Default)]
pub struct Document {
    /// What is good of it.
    pub config: Config,
    /// Who the machine is.
    pub meta_data: MetaData,
    /// Everything that is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
    /// Where it is from: `nocloud /dev/sr0`.
    pub source: String,
    /// The keys of the meta-data that may log in as root.
    platform_keys: Vec<AuthorizedKey>,
    texts: Vec<Source>,
    tree: Option<Node>,
    /// The mappings out of which a value was taken.
    holes: Vec<Span>,
    /// The keys that are there twice, with the numbers of the diagnostics about them.
    twice: Vec<(usize, Span)>,
}

/// A text that could be decoded, kept for excerpts.
struct Source {
    origin: String,
    text: zeroize::Zeroizing<String>,
    scalars: Option<Vec<Span>>,
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
        let own = document.diagnostics.len();
        let network = texts.network_config.and_then(|text| document.load(texts, text, false));
        let network = network.and_then(|node| document.mapping(node));
        let network_end = document.diagnostics.len();
        let meta = texts.meta_data.and_then(|text| document.load(texts, text, false));
        document.tree = document.assemble(user, vendor);
        if document.tree.as_ref().is_some_and(|tree| tree.get("network").is_some()) {
            // Not used, and so nothing that is wrong with it matters much.
            let of_network = document.diagnostics.get_mut(own..network_end).unwrap_or_default();
            of_network
                .iter_mut()
                .for_each(|found| found.severity = Severity::Warning);
        }
        if let Some(network) = network {
            let tree = document.tree.take();
            document.tree = Some(document.add_network(tree, network));
        }
        if let Some(meta) = meta {
            document.meta_data = document.take(meta);
        }
        document.decode_all();
        network::leave_out(&mut document.config, &document.diagnostics);
        document.add_meta_data();
        document.add_files(&texts.files);
        document
    }

    /// What was fetched for `write_files` goes to where it is asked for.
    fn add_files(&mut self, fetched: &[(&str, &[u8])]) {
        for file in self.config.write_files.iter_mut().flatten() {
            let uri = file.source.as_ref().map(|source| source.uri.expose());
            let found = fetched.iter().find(|(address, _)| Some(*address) == uri);
            file.fetched = found.map(|(_, bytes)| Fetched(bytes.to_vec()));
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
            .map_or(serde_json::Value::Null, super::masked::masked)
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

    /// A diagnostic about the value that `path` leads to, or the nearest one around it.
    pub fn diagnose(&self, path: &[String], message: impl Into<String>) -> Diagnostic {
        let message = message.into();
        let Some(tree) = &self.tree else {
            return Diagnostic::whole(self.first_origin(), message, None);
        };
        for length in (1..=path.len()).rev() {
            let around = &path[..length];
            if let Some(node) = tree.find(around) {
                // A value inside a list has no key of its own; a mapping is best shown by its key.
                let leaf = matches!(node.value, Value::Scalar(_));
                let span = if leaf {
                    node.span
                } else {
                    tree.find_key(around).map_or(node.span, |key| key.span)
                };
                let show = if leaf && !names_a_secret(around) {
                    Some(node.span)
                } else {
                    None
                };
                return self.diagnostic(span, show, message).path(path.to_vec());
            }
        }
        Diagnostic::whole(self.first_origin(), message, None).path(path.to_vec())
    }

    fn first_origin(&self) -> &str {
        self.texts
            .first()
            .map_or("the document", |source| source.origin.as_str())
    }

    fn diagnostic(&self, span: Span, show: Option<Span>, message: String) -> Diagnostic {
        let Some(source) = self.texts.get(span.source) else {
            return Diagnostic::whole(self.first_origin(), message, None);
        };
        if let Some(located) = &source.located
            && let Some(place) = located.place(span.start, &source.origin)
        {
            return located.diagnostic(place, message);
        }
        let excerpt = excerpt(&source.text, span, source.scalars.as_deref(), show);
        Diagnostic::at(&source.origin, span, excerpt, message)
    }

    /// Decodes one text into a tree. `headed`: it may begin with one of cloud-init's format headers.
    fn load(&mut self, texts: &Texts<'_>, text: Text<'_>, headed: bool) -> Option<Node> {
        let conversion = texts.conversions.iter().find(|(origin, _)| *origin == text.origin);
        let conversion = conversion.map(|(_, conversion)| *conversion);
        self.diagnostics
            .extend(conversion.into_iter().flat_map(Conversion::diagnostics));
        let unpacked = match unpacked(text) {
            Ok(unpacked) => unpacked,
            Err(diagnostic) => {
                self.diagnostics.push(*diagnostic);
                return None;
            }
        };
        let text = Text {
            bytes: unpacked.as_ref().map_or(text.bytes, |unpacked| unpacked),
            ..text
        };
        if headed && list_of_addresses(text.bytes).is_some() {
            let message = "this is a list of addresses: what they have is fetched when the machine is configured";
            let hint = Some("check what they have by itself".to_owned());
            self.diagnostics
                .push(Diagnostic::whole(text.origin, message, hint).warning());
            return None;
        }
        let decoded = match decode_text(text, headed) {
            Ok(decoded) => decoded,
            Err(diagnostic) => {
                self.diagnostics.push(*diagnostic);
                return None;
            }
        };
        let number = self.texts.len();
        let parsed = parse(&decoded, number);
        let scalars = parsed.as_ref().ok().map(|parsed| parsed.scalars.clone());
        let root = parsed.as_ref().ok().and_then(|parsed| parsed.root.as_ref());
        let located = conversion.map(|conversion| conversion.located(root));
        self.texts.push(Source {
            origin: text.origin.to_owned(),
            text: decoded.into(),
            scalars,
            located,
        });
        let (root, faults) = match parsed {
            Ok(parsed) => (parsed.root, parsed.faults),
            Err(fault) => (None, vec![fault]),
        };
        for Fault { span, message, hint } in faults {
            self.twice.push((self.diagnostics.len(), span));
            let diagnostic = self.diagnostic(span, None, message).hint_on_text(hint);
            self.diagnostics.push(diagnostic);
        }
        root
    }

    /// One tree of several documents: a key of a later one takes the place of an earlier one's.
    fn load_all(&mut self, texts: &Texts<'_>, first: Option<Text<'_>>, more: &[Text<'_>]) -> Option<Node> {
        let mut tree: Option<Node> = None;
        for text in first.iter().chain(more) {
            let loaded = self.load(texts, *text, true).and_then(|node| self.mapping(node));
            tree = match (tree, loaded) {
                (Some(earlier), Some(later)) => Some(merge::replace(earlier, later)),
                (earlier, later) => later.or(earlier),
            };
        }
        tree
    }

    /// One tree of user-data, and the vendor's proposals below it.
    fn assemble(&mut self, user: Option<Node>, vendor: Option<Node>) -> Option<Node> {
        match (user, vendor) {
            (Some(user), Some(vendor)) if !refuses_vendor_data(&user) => Some(merge::underlay(user, vendor)),
            (user, vendor) => user.or(vendor),
        }
    }

    fn mapping(&mut self, node: Node) -> Option<Node> {
        if matches!(node.value, Value::Mapping(_)) {
            return Some(node);
        }
        let message = format!("expected a mapping of keys to values, found {}", node.kind());
        let hint = "a document looks like `hostname: web1`, one key a line".to_owned();
        let diagnostic = self.diagnostic(node.span, None, message).hint_on_text(Some(hint));
        self.diagnostics.push(diagnostic);
        None
    }

    /// A seed's network-config becomes the key `network`, unless user-data has its own.
    fn add_network(&mut self, tree: Option<Node>, network: Node) -> Node {
        let span = network.span;
        let inner = match network.get("network") {
            Some(inner) => inner.clone(),
            None => network,
        };
        let mut tree = tree.unwrap_or(Node {
            value: Value::Mapping(Vec::new()),
            span,
        });
        if let Some(key) = tree.find_key(&["network".to_owned()]).cloned() {
            let message = "the network is given twice: this one is used, the seed's network-config is not".to_owned();
            let hint = Some("keep one of them".to_owned());
            let diagnostic = self.diagnostic(key.span, None, message).warning().hint_on_text(hint);
            self.diagnostics.push(diagnostic);
        } else if let Value::Mapping(entries) = &mut tree.value {
            entries.push(Entry {
                key: Key {
                    text: "network".to_owned(),
                    span,
                },
                value: inner,
            });
        }
        tree
    }

    /// Reads meta-data, which has its own tree.
    fn take(&mut self, mut meta: Node) -> MetaData {
        self.name_near_misses(&meta);
        if let Some(source) = self.texts.get(meta.span.source) {
            for keys in PUBLIC_KEYS {
                _ = meta
                    .get_mut(keys)
                    .map(|keys| PublicKeys::split_lines(keys, &source.text));
            }
        }
        let mut meta = Some(meta);
        std::mem::swap(&mut self.tree, &mut meta);
        let taken = self.decode_pruning::<MetaData>().unwrap_or_default();
        std::mem::swap(&mut self.tree, &mut meta);
        taken
    }

    /// A key of meta-data that nobody reads is the platform's own, but for one that is nearly one of ours.
    fn name_near_misses(&mut self, meta: &Node) {
        let Value::Mapping(entries) = &meta.value else { return };
        let mut named = Vec::new();
        for Entry { key, .. } in entries {
            let meant = meta_data::meant(&key.text).filter(|known| !named.contains(known));
            if let Some(known) = meant.filter(|known| meta.get(known).is_none()) {
                named.push(known);
                let message = format!("`{}` means nothing in meta-data", key.text.escape_debug());
                let hint = Some(format!("did you mean `{known}`?"));
                let diagnostic = self.diagnostic(key.span, None, message).hint_on_text(hint).warning();
                self.diagnostics.push(diagnostic);
            }
        }
    }

    fn decode_all(&mut self) {
        self.drop_keys_without_effect();
        self.doom_what_is_there_twice();
        while self.diagnostics.len() < PROBLEM_LIMIT {
            let Some(config) = self.decode_pruning::<Config>() else {
                break;
            };
            let mut problems = Vec::new();
            config.check(&mut Problems::new(&mut problems));
            let wrong: Vec<_> = problems.iter().filter(|problem| !problem.warning).cloned().collect();
            let found = if wrong.is_empty() { problems } else { wrong };
            let done = found.iter().all(|problem| problem.warning);
            self.report(found);
            self.config = config;
            if done {
                return;
            }
            self.config = Config::default();
        }
    }

    /// Of what is only taken whole, nobody knows which half is meant.
    fn doom_what_is_there_twice(&mut self) {
        let Some(tree) = &self.tree else { return };
        let twice: Vec<(usize, Span)> = self.twice.drain(..).take(PROBLEM_LIMIT).collect();
        let spans: Vec<Span> = twice.iter().map(|(_, span)| *span).collect();
        let mut doomed = Vec::new();
        for (path, (number, _)) in super::twice::paths(tree, &spans).into_iter().zip(twice) {
            let (Some(path), Some(diagnostic)) = (path, self.diagnostics.get_mut(number)) else {
                continue;
            };
            let only_whole = path
                .first()
                .is_some_and(|first| first == "network" || FILES.contains(&first.as_str()));
            if only_whole && path.len() > 1 {
                doomed.push(whole(tree, &path));
            }
            diagnostic.path = path;
        }
        self.prune_all(doomed);
    }

    fn drop_keys_without_effect(&mut self) {
        if let Some(Node {
            value: Value::Mapping(entries),
            ..
        }) = &mut self.tree
        {
            entries
                .retain(|entry| !WITHOUT_EFFECT.contains(&entry.key.text.as_str()) && entry.key.text != "vendor_data");
        }
    }

    /// Findings of the checks: all are reported, but those that only say that what was taken out is missing. Then what is
    /// to blame is taken out.
    fn report(&mut self, found: Vec<Problem>) {
        let mut bad: Vec<Vec<String>> = Vec::new();
        for problem in found {
            if self.has_hole(&problem.path) {
                bad.extend((!problem.warning).then_some(problem.path));
                continue;
            }
            let diagnostic = self.diagnose(&problem.path, problem.message).hint_on_text(problem.hint);
            self.diagnostics.push(if problem.warning {
                diagnostic.warning()
            } else {
                diagnostic
            });
            if !problem.warning {
                bad.push(problem.path);
            }
        }
        let bad = bad.iter().map(|path| self.whole(path)).collect();
        self.prune_all(bad);
    }

    /// Takes out what these lead to, the last items of lists first, and what is within another before that.
    fn prune_all(&mut self, mut bad: Vec<Vec<String>>) {
        bad.sort_by_cached_key(|path| {
            path.iter()
                .map(|key| (key.parse::<usize>().ok(), key.clone()))
                .collect::<Vec<_>>()
        });
        bad.dedup();
        for path in bad.iter().rev() {
            self.prune_value(path);
        }
    }

    /// Whether `path` leads to a mapping out of which a value was taken: what is then wrong with the mapping as a whole
    /// follows from that.
    fn has_hole(&self, path: &[String]) -> bool {
        let node = self.tree.as_ref().and_then(|tree| tree.find(path));
        node.is_some_and(|node| self.holes.contains(&node.span))
    }

    /// Takes out a value that is wrong, under a key that is right.
    fn prune_value(&mut self, path: &[String]) -> bool {
        let around = path.split_last().map(|(_, around)| around);
        let mapping = around.and_then(|around| self.tree.as_ref()?.find(around));
        self.holes.extend(mapping.map(|mapping| mapping.span));
        self.prune(path)
    }

    /// Reads a `T`, reporting and taking out what does not fit until the rest does. What is only taken whole goes last, so
    /// that everything that is wrong with it is reported.
    fn decode_pruning<T: serde::de::DeserializeOwned>(&mut self) -> Option<T> {
        let mut doomed: Vec<Vec<String>> = Vec::new();
        loop {
            let error = match decode::<T>(self.tree.as_ref()?) {
                Ok(value) if doomed.is_empty() => return Some(value),
                Ok(_) => {
                    self.prune_all(std::mem::take(&mut doomed));
                    continue;
                }
                Err(error) => error,
            };
            // That something is missing follows from what was taken out.
            if !self.has_hole(&error.path) {
                let diagnostic = self.explain(&error);
                self.diagnostics.push(diagnostic);
            }
            let whole = self.whole(&error.path);
            let is_part = whole.len() < error.path.len();
            let pruned = match error.kind {
                DecodeErrorKind::UnknownKey { .. } if !is_part => self.prune(&error.path),
                _ => self.prune_value(&error.path),
            };
            doomed.retain(|path| !path.starts_with(&error.path));
            doomed.extend(is_part.then_some(whole));
            if self.diagnostics.len() >= PROBLEM_LIMIT || !pruned {
                return None;
            }
        }
    }

    fn explain(&self, error: &DecodeError) -> Diagnostic {
        if let Some(stray) = self.explain_stray(error) {
            return stray;
        }
        let (message, hint) = match &error.kind {
            DecodeErrorKind::Value(message) => return self.diagnose(&error.path, message.as_str()),
            DecodeErrorKind::Key(message) => (message.clone(), None),
            DecodeErrorKind::UnknownKey { known } => explain_key(&error.path, known),
        };
        let key = self.tree.as_ref().and_then(|tree| tree.find_key(&error.path));
        let span = key.map(|key| key.span).unwrap_or_default();
        self.diagnostic(span, None, message)
            .hint_on_text(hint)
            .path(error.path.clone())
    }

    /// `root: {hunter2}`: what stands where a key is expected, without a value, may be a value itself.
    fn explain_stray(&self, error: &DecodeError) -> Option<Diagnostic> {
        let tree = self.tree.as_ref()?;
        let (_, around) = error.path.split_last()?;
        let empty = matches!(&tree.find(&error.path)?.value, Value::Scalar(s) if s.plain && s.text.is_empty());
        if matches!(error.kind, DecodeErrorKind::Value(_)) || around.is_empty() || !empty {
            return None;
        }
        let span = tree.find_key(&error.path)?.span;
        let message = "this is no key that is known here, and has no value".to_owned();
        let hint = "write `key: value`".to_owned();
        let diagnostic = self.diagnostic(span, None, message).hint_on_text(Some(hint));
        Some(diagnostic.path(around.to_vec()))
    }

    /// Takes out what `path` leads to, or the nearest thing around it that there is.
    fn prune(&mut self, path: &[String]) -> bool {
        let Some(tree) = &mut self.tree else { return false };
        (1..=path.len()).rev().any(|length| tree.prune(&path[..length]))
    }

    fn whole(&self, path: &[String]) -> Vec<String> {
        self.tree
            .as_ref()
            .map_or_else(|| path.to_vec(), |tree| whole(tree, path))
    }
}

/// What is left out where `path` is to blame: of some things nothing is taken out alone. A file with a hole in it would
/// be empty or readable by all, and half of an interface leads nowhere.
fn whole(tree: &Node, path: &[String]) -> Vec<String> {
    match (path.first().map(String::as_str), path.get(..2)) {
        (Some("network"), _) => network::whole(tree, path).to_vec(),
        (Some(first), Some(file)) if FILES.contains(&first) => file.to_vec(),
        _ => path.to_vec(),
    }
}

/// Lists of files, each of which is taken whole or not at all.
const FILES: [&str; 2] = ["write_files", "networkd_files"];

/// Whether a value with these keys is not to be shown even when it is the one to blame: it is a secret, or stands where
/// people put one by mistake.
fn names_a_secret(path: &[String]) -> bool {
    path.iter()
        .any(|key| super::masked::names_a_secret(key) || key == "root" || key.contains("key"))
}

/// `vendor_data: {enabled: false}` in user-data: the owner wants none of it.
fn refuses_vendor_data(user: &Node) -> bool {
    let enabled = user.find(&["vendor_data".to_owned(), "enabled".to_owned()]);
    enabled.is_some_and(|node| decode::<bool>(node) == Ok(false))
}

#[cfg(test)]
mod tests {
    use super::super::text::TEXT_LIMIT;
    use super::*;

    fn read(user_data: &str) -> Document {
        let text = Text {
            origin: "user-data",
            bytes: user_data.as_bytes(),
        };
        Document::read(&Texts {
            user_data: Some(text),
            ..Texts::default()
        })
    }

    fn shown(document: &Document) -> String {
        document
            .diagnostics
            .iter()
            .map(|d| d.render(false))
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn comments_are_not_shown() {
        for line in [
            "hostnme: web1 # password: hunter2",
            "hostname: \"a #b\" #hunter2",
            "{hostname: a b, fqdn: c} # hünter2 # hunter2",
        ] {
            let text = shown(&read(line));
            assert!(
                text.contains("hostn") && !text.contains("hunter2") && !text.contains("hünter2"),
                "{text}"
            );
        }
        assert!(shown(&read("hostname: \"a #b\" # c")).contains("a #b"));
    }

    #[test]
    fn what_only_follows_from_a_problem_is_not_reported() {
        let document = read(
            "chpasswd:\n  users:\n  - {name: root, password: plain}\n  - {name: bob}\n\
             docker: {enabled: maybe}\n\
             network: {version: 2, ethernets: {eth0: {routes: [{to: default, via: 192.0.2.300}]}}}\n",
        );
        let places: Vec<_> = document.diagnostics.iter().map(|d| d.path.join(".")).collect();
        let expected = [
            "docker.enabled",
            "network.ethernets.eth0.routes.0.via",
            "chpasswd.users.0.password",
            "chpasswd.users.1",
        ];
        assert_eq!(places.len(), expected.len(), "{}", shown(&document));
        assert!(
            expected.iter().all(|path| places.contains(&(*path).to_owned())),
            "{places:?}"
        );
        let users = document.config.chpasswd.map_or(0, |chpasswd| chpasswd.logins().len());
        assert_eq!(users, 0);
    }

    #[test]
    fn a_document_with_many_keys_is_read_quickly() {
        let keys: String = (0..50_000).map(|n| format!("  s{n}: true\n")).collect();
        let begun = std::time::Instant::now();
        assert!(!read(&format!("services:\n{keys}")).has_errors());
        assert!(
            begun.elapsed() < std::time::Duration::from_secs(10),
            "{:?}",
            begun.elapsed()
        );
    }

    #[test]
    fn all_problems_are_reported_in_one_run_and_the_rest_is_kept() {
        let document =
            read("hostnme: a\nhostname: web1\nfqdn: web 1\npreserve_hostname: 7\nruncmd: [ls]\nhostname: web2\n");
        let text = shown(&document);
        for words in [
            "hostname: web1",
            "did you mean `hostname`?",
            "web 1",
            "a boolean",
            "doesn't apply",
            "there twice",
        ] {
            assert!(words == "hostname: web1" || text.contains(words), "{words}\n{text}");
        }
        assert_eq!(document.diagnostics.len(), 5, "{text}");
        assert_eq!(document.config.hostname.as_ref().unwrap().as_str(), "web2");
        assert_eq!(document.config.fqdn, None);
    }

    #[test]
    fn a_key_of_cloud_config_below_another_is_known_and_not_applied() {
        let document = read("ntp: {servers: [a], peers: [b], ntp_client: chrony, poools: [c]}\n");
        let text = shown(&document);
        for words in [
            "`ntp.peers` is a key of cloud-config",
            "`ntp.ntp_client` is a key of cloud-config",
            "did you mean `pools`?",
        ] {
            assert!(text.contains(words), "{words}\n{text}");
        }
        assert_eq!(document.config.ntp.unwrap().all().collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn a_condition_is_not_widened_by_what_is_wrong_in_it() {
        let document = read(
            "network:\n  version: 2\n  ethernets:\n    a: {match: {name: 'e*', macaddress: nonsense}, dhcp4: true}\n    b: {dhcp4: true}\n",
        );
        assert_eq!(document.diagnostics.len(), 1, "{}", shown(&document));
        let network = format!("{:?}", document.config.network);
        assert!(!network.contains("e*") && network.contains("\"b\""), "{network}");
    }

    #[test]
    fn a_file_with_something_wrong_in_it_is_not_written_at_all() {
        let document = read(
            "write_files:\n- {path: /a, content: '%', encoding: b64}\n- {path: /b, permissions: rw-------}\n\
             - {path: ../c}\n- {path: /d, mode: 1}\n- {content: x}\n\
             - {path: /e, content: '%', encoding: b64, source: {uri: ftp://x}}\n- {path: /good}\n\
             networkd_files: [{name: a.network, contents: [x]}, {name: b.conf, contents: x}]\n",
        );
        assert_eq!(document.diagnostics.len(), 9, "{}", shown(&document));
        let files = document.config.write_files.unwrap();
        let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["/good"]);
        assert_eq!(document.config.networkd_files, Some(Vec::new()));
    }

    #[test]
    fn a_diagnostic_has_file_line_column_and_the_line() {
        let document = read("#cloud-config\nhostname: web1\nhostnme: x\n");
        let found = &document.diagnostics[0];
        assert_eq!((found.file.as_str(), found.line, found.column), ("user-data", 3, 1));
        let text = found.render(false);
        assert!(
            text.contains("user-data:3:1") && text.contains("hostnme: *") && text.contains("^^^^^^^"),
            "{text}"
        );
    }

    #[test]
    fn no_diagnostic_shows_a_secret() {
        for text in [
            "root: hunter2\n",
            "pasword: hunter2\n",
            "root: {password: hunter2, passwrd: hunter2}\n",
            "password: [hunter2]\n",
            "firstlight: {strict: hunter2, x: y}\npassword: hunter2\n",
            "password: hunter2\n\tx: y\n",
            "password: \"hunter2\n",
            "- hunter2\n",
            "hunter2\n",
            "password: hunter2\npassword: hunter2\n",
            "root: {password: hunter2, password: hunter2, x: y}\n",
        ] {
            let document = read(text);
            if text.starts_with("firstlight") {
                continue;
            }
            assert!(document.has_errors(), "{text}");
            let json = serde_json::to_string(&document.diagnostics).unwrap();
            let all = format!("{}{json}{document:?}", shown(&document));
            assert!(!all.contains("hunter2"), "{text}\n{all}");
        }
    }

    #[test]
    fn texts_that_are_no_document() {
        let big = vec![b'#'; TEXT_LIMIT + 1];
        let table: [(&[u8], &str); 8] = [
            (b"#!/bin/sh\n", "a script"),
            (b"\x1f\x8b\x08", "compressed and damaged"),
            (b"a: \xff\n", "not UTF-8"),
            (&big, "too large"),
            (b"- a\n", "expected a mapping"),
            (b"Content-Type: multipart/mixed\n", "MIME"),
            (b"a: 1\n---\nb: 2\n", "second YAML document"),
            (b"hostname:\n\tweb1\n", "tab"),
        ];
        for (bytes, words) in table {
            let text = Text { origin: "doc", bytes };
            let document = Document::read(&Texts {
                user_data: Some(text),
                ..Texts::default()
            });
            assert!(
                document.has_errors() && shown(&document).contains(words),
                "{words}: {}",
                shown(&document)
            );
        }
    }

    #[test]
    fn a_compressed_text_is_unpacked_within_bounds() {
        use std::io::Write;
        let gz = |bytes: &[u8]| {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            packer.write_all(bytes).unwrap();
            packer.finish().unwrap()
        };
        let read = |bytes: &[u8]| {
            let text = Text { origin: "doc", bytes };
            Document::read(&Texts {
                user_data: Some(text),
                ..Texts::default()
            })
        };
        let document = read(&gz(b"#cloud-config\nhostname: web1\n"));
        assert_eq!(
            (document.diagnostics.len(), document.config.hostname.unwrap().as_str()),
            (0, "web1")
        );
        let bomb = read(&gz(&vec![b'#'; TEXT_LIMIT + 1]));
        assert!(
            shown(&bomb).contains("too large once it is unpacked"),
            "{}",
            shown(&bomb)
        );
    }

    #[test]
    fn vendor_data_is_below_user_data_and_the_network_beside_it() {
        let text = |origin, text: &'static str| {
            Some(Text {
                origin,
                bytes: text.as_bytes(),
            })
        };
        let document = Document::read(&Texts {
            user_data: text("user-data", "hostname: mine\n"),
            vendor_data: text("vendor-data", "hostname: theirs\nfqdn: theirs.example.test\n"),
            meta_data: text("meta-data", "instance-id: i-1\nlocal-hostname: platform\nother: 1\n"),
            network_config: text("network-config", "network: {}\n"),
            source: ("nocloud", "/dev/sr0"),
            ..Texts::default()
        });
        assert_eq!(document.diagnostics, []);
        assert_eq!(document.source, "nocloud /dev/sr0");
        assert_eq!(document.config.hostname.as_ref().unwrap().as_str(), "mine");
        assert_eq!(document.config.fqdn.as_ref().unwrap().as_str(), "theirs.example.test");
        assert_eq!(document.meta_data.instance_id.as_deref(), Some("i-1"));
        assert!(document.config.network.is_some());
        let refused = Document::read(&Texts {
            user_data: text("user-data", "vendor_data: {enabled: false}\n"),
            vendor_data: text("vendor-data", "hostname: theirs\n"),
            ..Texts::default()
        });
        assert_eq!(refused.config, Config::default());
    }
}
