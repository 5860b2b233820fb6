//! Reads the configuration from a tree: reports and removes what is wrong until the rest is valid.

use super::Document;
use crate::document::advice::respelt;
use crate::document::blank_keys;
use crate::document::budget::PROBLEM_LIMIT;
use crate::document::ca_certs;
use crate::document::chpasswd;
use crate::document::cloud_config::{OtherKey, Treatment};
use crate::document::code::Code;
use crate::document::config::{Config, KEYS};
use crate::document::diagnostic::Diagnostic;
use crate::document::forbidding::strict_reading;
use crate::document::meta_data::{self, MetaData, PUBLIC_KEYS};
use crate::document::network::Declared;
use crate::document::one_or_many::one_or_many;
use crate::document::problem::{Check, Problem, Problems};
use crate::document::public_keys::PublicKeys;
use crate::document::twice;
use crate::document::users::{self, NotCreated};
use crate::document::write_files;
use crate::document::yaml::decode::DecodeErrorKind;
use crate::document::yaml::{DecodeError, Entry, Node, Scalar, Span, Value, decode, decode_noting};

/// How many values may be removed. It exceeds the number of reports, because an alias can repeat a value.
pub(super) const PRUNE_LIMIT: usize = 10 * PROBLEM_LIMIT;

fn taken_as(strict: &str) -> String {
    format!("write true or false; until then, firstlight uses {strict}, the safer value")
}

impl Document {
    /// Reads meta-data, which has its own tree.
    pub(super) fn take(&mut self, mut meta: Node) -> MetaData {
        self.name_near_misses(&meta);
        if let Some(source) = self.texts.get(meta.span.source()) {
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

    /// Unknown keys of meta-data are fine: platforms have their own. Only a near miss of a known key is reported.
    fn name_near_misses(&mut self, meta: &Node) {
        let Value::Mapping(entries) = &meta.value else { return };
        let mut named = Vec::new();
        for Entry { key, .. } in entries {
            let meant = meta_data::meant(&key.text).filter(|known| !named.contains(known));
            if let Some(known) = meant.filter(|known| meta.get(known).is_none()) {
                named.push(known);
                let message = format!(
                    "`{}` is not a key that firstlight reads from meta-data",
                    key.text.escape_debug()
                );
                let hint = Some(format!("did you mean `{known}`?"));
                let told = Diagnostic::whole("", message, hint).code(Code::UnknownKey);
                let told = told.fix(respelt(&key.text, &[known.to_owned()]));
                self.report_at(key.span, None, told.warning());
            }
        }
    }

    /// Reads the configuration. If there are more problems than are reported, nothing of it is used: the rest may be
    /// wrong as well. `wrong`: what is known already to be wrong in the network.
    pub(super) fn decode_all(&mut self, wrong: Vec<Vec<String>>) {
        self.check_vendor_data();
        self.prefix_vendor_scripts();
        for said in self.drop_keys_without_effect() {
            tracing::info!("{said}");
        }
        self.doom_what_is_there_twice();
        self.split_chpasswd_list();
        self.tidy_old_forms();
        let declared = self.tree.as_ref().map(Declared::by).unwrap_or_default();
        let not_created = self.tree.as_ref().map(NotCreated::by).unwrap_or_default();
        self.prune_all(wrong);
        while !self.given_up {
            let Some(mut config) = self.decode_pruning::<Config>() else {
                break;
            };
            if let Some(network) = &mut config.network {
                network.declared.clone_from(&declared);
            }
            let mut problems = Vec::new();
            config.check(&mut Problems::new(&mut problems));
            let files = config.write_files.as_deref().unwrap_or_default();
            let mut left = self.budget;
            let too_large = write_files::check_contents(files, &mut left, &mut Problems::new(&mut problems));
            let wrong: Vec<_> = problems.iter().filter(|problem| !problem.warning).cloned().collect();
            let found = if wrong.is_empty() { problems } else { wrong };
            let done = found.iter().all(|problem| problem.warning);
            let also_bad = too_large
                .iter()
                .map(|number| vec!["write_files".to_owned(), number.to_string()]);
            self.report(found, also_bad.collect());
            if done {
                self.config = Config {
                    not_created,
                    machine_user: self.machine_user.take(),
                    ..config
                };
                self.budget = left;
                return;
            }
        }
        if self.given_up {
            self.tree = self.tree.take().map(|tree| Node {
                value: Value::Mapping(Vec::new()),
                span: tree.span,
            });
        }
    }

    /// Removes what is given twice and only used as a whole: nobody knows which of the two is meant.
    fn doom_what_is_there_twice(&mut self) {
        let Some(tree) = &self.tree else { return };
        let twice: Vec<(usize, Span)> = self.twice.drain(..).take(PROBLEM_LIMIT).collect();
        let spans: Vec<Span> = twice.iter().map(|(_, span)| *span).collect();
        let paths = twice::paths(tree, &spans).into_iter().zip(twice);
        let paths: Vec<_> = paths.filter_map(|(path, (number, _))| Some((path?, number))).collect();
        let doomed = paths.iter().map(|(path, _)| path);
        let doomed = doomed.filter(|path| self.is_only_used_whole(path));
        let doomed = doomed.map(|path| self.whole(path)).collect();
        for (path, number) in &paths {
            self.say_path(*number, path);
        }
        self.prune_all(doomed);
    }

    /// Whether half of something is lost with the first of two that `path` leads to. A single value which is no part of
    /// anything is the last one's.
    fn is_only_used_whole(&self, path: &[String]) -> bool {
        let [first, _, ..] = path else { return false };
        let has_whole = KEYS.iter().any(|key| key.name == first && key.whole.is_some());
        let node = self.tree.as_ref().and_then(|tree| tree.find(path));
        let is_single = node.is_some_and(|node| matches!(node.value, Value::Scalar(_)) && !node.is_null());
        has_whole && (self.whole(path).len() < path.len() || !is_single)
    }

    /// Makes a list of the lines of a `chpasswd.list` that is one text.
    fn split_chpasswd_list(&mut self) {
        let path = ["chpasswd".to_owned(), "list".to_owned()];
        let list = self.tree.as_mut().and_then(|tree| tree.find_mut(&path));
        if let Some(list) = list
            && let Some(source) = self.texts.get(list.span.source())
        {
            chpasswd::split_list(list, &source.text);
        }
    }

    /// Old forms and spellings become those that are read.
    fn tidy_old_forms(&mut self) {
        let Some(tree) = &mut self.tree else { return };
        for (span, diagnostic) in [users::tidy(tree), ca_certs::tidy(tree), blank_keys::skip(tree)].concat() {
            self.report_at(span, None, diagnostic);
        }
    }

    /// Removes keys that have no effect, and says why they have none.
    fn drop_keys_without_effect(&mut self) -> Vec<String> {
        let mut dropped = Vec::new();
        if let Some(Node {
            value: Value::Mapping(entries),
            ..
        }) = &mut self.tree
        {
            entries.retain(|Entry { key, value }| {
                let why = match OtherKey::find(&key.text) {
                    Some(other) if other.treatment == Treatment::NoEffect => other.advice(),
                    Some(other) if other.asks_nothing(value) => "it asks for nothing".to_owned(),
                    _ => return true,
                };
                dropped.push(format!("`{}` has no effect: {why}", key.text));
                false
            });
        }
        dropped
    }

    /// Reports an invalid `vendor_data.enabled`.
    fn check_vendor_data(&mut self) {
        let path = ["vendor_data".to_owned(), "enabled".to_owned()];
        let node = self.tree.as_ref().and_then(|tree| tree.find(&path));
        if let Some(Err(error)) = node.map(decode::<Option<bool>>)
            && let DecodeErrorKind::Value(wrong) = error.kind
        {
            let told = self.told_of(&path, &wrong).hint(Some(taken_as("false")));
            self.report_value(&path, told);
        }
    }

    /// Takes `vendor_data.prefix`: the program that runs the vendor's scripts. One that is wrong costs those scripts: what it
    /// was to do to them is not done.
    fn prefix_vendor_scripts(&mut self) {
        let path = ["vendor_data".to_owned(), "prefix".to_owned()];
        let Some(node) = self.tree.as_ref().and_then(|tree| tree.find(&path)) else {
            return;
        };
        match decode::<Prefix>(node) {
            Ok(Prefix(prefix)) => self.scripts.prefix_vendors(&prefix),
            Err(error) => {
                self.scripts.drop_vendors();
                if let DecodeErrorKind::Value(wrong) = error.kind {
                    let told = self.told_of(&path, &wrong);
                    self.report_value(&path, told);
                }
            }
        }
    }

    /// Replaces an invalid value with the one that forbids, if the key has such a value.
    fn take_strictly(&mut self, error: &DecodeError) -> bool {
        let (DecodeErrorKind::Value(wrong), Some(strict)) = (&error.kind, strict_reading(&error.path)) else {
            return false;
        };
        let told = self.told_of(&error.path, wrong).hint(Some(taken_as(strict)));
        self.report_value(&error.path, told);
        let Some(node) = self.tree.as_mut().and_then(|tree| tree.find_mut(&error.path)) else {
            return false;
        };
        node.value = Value::Scalar(Scalar::new(strict, true));
        // Later findings about the mapping follow from this one.
        self.holes.push(node.span);
        true
    }

    /// Reports the findings of the checks, except those that only say that a removed value is missing. Then removes the
    /// faulty values and those in `also_bad`.
    pub(super) fn report(&mut self, found: Vec<Problem>, also_bad: Vec<Vec<String>>) {
        let mut bad: Vec<Vec<String>> = also_bad;
        self.more |= bad.len() > PRUNE_LIMIT;
        self.given_up |= bad.len() > PRUNE_LIMIT;
        for problem in found {
            if !self.has_hole(&problem.path) {
                self.report_value(&problem.path, problem.clone().told());
            }
            if self.given_up {
                return;
            }
            if !problem.warning {
                bad.push(self.whole(&problem.path));
            }
        }
        self.prune_all(bad);
    }

    /// Removes the values at these paths: the last items of a list first, and nested values before their parents.
    pub(super) fn prune_all(&mut self, mut bad: Vec<Vec<String>>) {
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

    /// Whether `path` leads to a mapping from which a value was removed. A problem with the mapping as a whole then
    /// follows from that.
    fn has_hole(&self, path: &[String]) -> bool {
        let node = self.tree.as_ref().and_then(|tree| tree.find(path));
        node.is_some_and(|node| self.holes.contains(&node.span))
    }

    /// Removes an invalid value under a valid key.
    fn prune_value(&mut self, path: &[String]) -> bool {
        let around = path.split_last().map(|(_, around)| around);
        let mapping = around.and_then(|around| self.tree.as_ref()?.find(around));
        self.holes.extend(mapping.map(|mapping| mapping.span));
        self.prune(path)
    }

    /// Reads a `T`; reports and removes what doesn't fit until the rest does. What is only used as a whole is removed
    /// last, so that all its problems are reported. `None`: nothing is left, or there are too many problems.
    pub(super) fn decode_pruning<T: serde::de::DeserializeOwned>(&mut self) -> Option<T> {
        let mut doomed: Vec<Vec<String>> = Vec::new();
        loop {
            let error = match decode_noting::<T>(self.tree.as_ref()?, &self.notes) {
                Ok(value) if doomed.is_empty() && !self.notes.resumes() => return Some(value),
                Ok(_) => {
                    self.notes.resume(false);
                    self.prune_all(std::mem::take(&mut doomed));
                    continue;
                }
                Err(error) => error,
            };
            // The next error comes after this one, so what precedes it isn't read again.
            if !self.notes.resumes() {
                self.notes.resume(true);
            }
            if !self.given_up && self.take_strictly(&error) {
                continue;
            }
            // A missing key may follow from a value that was removed.
            if !self.has_hole(&error.path) {
                self.report_error(&error);
            }
            let whole = self.whole(&error.path);
            let is_part = whole.len() < error.path.len();
            // What is missing beside a key that isn't known may be what was meant by it.
            let pruned = self.prune_value(&error.path);
            doomed.retain(|path| !path.starts_with(&error.path));
            doomed.extend(is_part.then_some(whole));
            if self.given_up || !pruned {
                self.notes.resume(false);
                return None;
            }
        }
    }

    /// Removes what `path` leads to, or its nearest existing parent.
    fn prune(&mut self, path: &[String]) -> bool {
        let Some(tree) = &mut self.tree else { return false };
        self.pruned += 1;
        self.more |= self.pruned > PRUNE_LIMIT;
        self.given_up |= self.pruned > PRUNE_LIMIT;
        (1..=path.len()).rev().any(|length| tree.prune(&path[..length]))
    }

    /// What to remove if `path` is invalid. Some things are only removed whole: a file without its content or
    /// permissions would be empty or readable by everybody, and half an interface doesn't work.
    pub(super) fn whole(&self, path: &[String]) -> Vec<String> {
        let first = KEYS
            .iter()
            .find(|key| path.first().is_some_and(|first| first == key.name));
        match (&self.tree, first.and_then(|first| first.whole)) {
            (Some(tree), Some(whole)) => whole(tree, path).to_vec(),
            _ => path.to_vec(),
        }
    }
}

/// A program and its arguments, in one text or as a list.
#[derive(serde::Deserialize)]
struct Prefix(#[serde(deserialize_with = "one_or_many")] Vec<String>);
