//! `reporting`: addresses that are told how a boot went, event by event.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::code::Code;
use super::problem::{Check, Problems};
use super::yaml::Node;
use crate::vocabulary::{Address, Secret};

/// The most characters of a reporter's name.
const NAME_MAX: usize = 64;

/// The most webhooks: they are all told at the same time.
const WEBHOOKS_MAX: usize = 8;

/// The longest time for one event, in seconds.
const TIMEOUT_MAX: f64 = 3600.0;

/// The keys of a reporter that stand for themselves: a mistake in one costs no report.
const BY_THEMSELVES: [&str; 3] = ["level", "retries", "timeout"];

/// Who is told how a boot went, each by a name of your choice. A name with nothing is nobody.
///
/// ```yaml
/// reporting:
///   inventory: {type: webhook, endpoint: 'https://inventory.example.com/events', timeout: 5, retries: 3}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(transparent)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Reporting(pub BTreeMap<ReporterName, Option<Reporter>>);

/// The name of a reporter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^[^\u0000-\u001f\u007f-\u009f]+$", "maxLength" = 64, "examples" = ["inventory"])))]
pub struct ReporterName(String);

/// Somebody who is told, and how.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Reporter {
    /// How it is told. `webhook` posts events; `log` and `print` do nothing else than the journal does anyway, and `none`
    /// does nothing.
    ///
    /// ```yaml
    /// type: webhook
    /// ```
    #[serde(rename = "type")]
    pub kind: ReporterKind,
    /// The address that a webhook posts to, `http://` or `https://`.
    ///
    /// ```yaml
    /// endpoint: https://inventory.example.com/events
    /// ```
    pub endpoint: Option<Address>,
    /// The consumer's key, where the webhook asks for OAuth 1.0, as MAAS does. It goes with `token_key` and
    /// `token_secret`.
    ///
    /// ```yaml
    /// consumer_key: vMjqSGhF9uQuUqcyUR
    /// ```
    pub consumer_key: Option<Secret>,
    /// The token, for OAuth.
    ///
    /// ```yaml
    /// token_key: zXjpUjnEmXWcWrGn8n
    /// ```
    pub token_key: Option<Secret>,
    /// The token's secret, for OAuth.
    ///
    /// ```yaml
    /// token_secret: RcQnMNJC8nbzHvZ7aWXnFhjvXpuYdNUj
    /// ```
    pub token_secret: Option<Secret>,
    /// The consumer's secret, for OAuth; without it an empty one, as MAAS has it.
    ///
    /// ```yaml
    /// consumer_secret: ''
    /// ```
    pub consumer_secret: Option<Secret>,
    /// How many seconds a webhook may take to answer. Default: `http.timeout` of the settings, 30.
    ///
    /// ```yaml
    /// timeout: 5
    /// ```
    pub timeout: Option<Timeout>,
    /// How often an event is posted again that wasn't taken. Default: 10.
    ///
    /// ```yaml
    /// retries: 3
    /// ```
    pub retries: Option<u32>,
    /// How much is logged. It has no effect: the journal has it all.
    ///
    /// ```yaml
    /// level: DEBUG
    /// ```
    pub level: Option<String>,
}

/// How a reporter tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum ReporterKind {
    /// By POST.
    Webhook,
    /// By a log.
    Log,
    /// On standard output.
    Print,
    /// Not at all.
    None,
    /// By Hyper-V's key-value pool, which firstlight doesn't write to.
    #[cfg_attr(test, schemars(skip))]
    Hyperv,
}

/// How long an answer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "f64")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "f64", extend("exclusiveMinimum" = 0, "maximum" = 3600)))]
pub struct Timeout(pub Duration);

/// A webhook that can be posted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The name of its reporter.
    pub name: ReporterName,
    /// Where it is.
    pub endpoint: Address,
    /// Who says so, where it asks for that.
    pub oauth: Option<OAuth>,
    /// How long an answer may take, where the document says so.
    pub timeout: Option<Duration>,
    /// How often an event is posted, at most.
    pub tries: u32,
}

/// The keys of OAuth 1.0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuth {
    /// The consumer's key.
    pub consumer_key: Secret,
    /// The consumer's secret.
    pub consumer_secret: Secret,
    /// The token.
    pub token_key: Secret,
    /// The token's secret.
    pub token_secret: Secret,
}

impl Reporting {
    /// The webhooks, in the order of their names.
    pub fn webhooks(&self) -> impl Iterator<Item = Webhook> {
        let reporters = self.0.iter();
        reporters.filter_map(|(name, reporter)| reporter.as_ref()?.webhook(name))
    }
}

impl Reporter {
    fn webhook(&self, name: &ReporterName) -> Option<Webhook> {
        let endpoint = self.endpoint.clone().filter(|_| self.kind == ReporterKind::Webhook)?;
        Some(Webhook {
            name: name.clone(),
            endpoint,
            oauth: self.oauth(),
            timeout: self.timeout.map(|timeout| timeout.0),
            tries: self.retries.unwrap_or(10).saturating_add(1),
        })
    }

    fn oauth(&self) -> Option<OAuth> {
        Some(OAuth {
            consumer_key: given(self.consumer_key.as_ref())?.clone(),
            consumer_secret: self.consumer_secret.clone().unwrap_or_else(|| Secret::new("")),
            token_key: given(self.token_key.as_ref())?.clone(),
            token_secret: given(self.token_secret.as_ref())?.clone(),
        })
    }

    fn keys_of_oauth(&self) -> [(&'static str, Option<&Secret>); 4] {
        [
            ("consumer_key", self.consumer_key.as_ref()),
            ("token_key", self.token_key.as_ref()),
            ("token_secret", self.token_secret.as_ref()),
            ("consumer_secret", self.consumer_secret.as_ref()),
        ]
    }
}

/// What is more than an empty text: MAAS gives an empty `consumer_secret`.
fn given(secret: Option<&Secret>) -> Option<&Secret> {
    secret.filter(|secret| !secret.expose().is_empty())
}

impl ReporterName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ReporterName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let length = name.chars().count();
        if !(1..=NAME_MAX).contains(&length) {
            return Err(format!(
                "the name of a reporter has 1 to {NAME_MAX} characters, this one has {length}"
            ));
        }
        match name.chars().find(|c| c.is_control()) {
            Some(bad) => Err(format!("the name of a reporter can't contain `{}`", bad.escape_debug())),
            None => Ok(Self(name)),
        }
    }
}

impl TryFrom<f64> for Timeout {
    type Error = String;

    fn try_from(seconds: f64) -> Result<Self, String> {
        let is_possible = seconds > 0.0 && seconds <= TIMEOUT_MAX;
        let time = Duration::try_from_secs_f64(seconds).ok().filter(|_| is_possible);
        time.map(Self)
            .ok_or_else(|| format!("an answer may take more than 0 and at most {TIMEOUT_MAX} seconds"))
    }
}

/// A webhook without its keys, or with another type, is another one: such a mistake takes out the reporter.
pub fn whole<'p>(_: &Node, path: &'p [String]) -> &'p [String] {
    match path.get(2) {
        Some(key) if BY_THEMSELVES.contains(&key.as_str()) => path,
        _ => path.get(..2).unwrap_or(path),
    }
}

impl Check for Reporting {
    fn check(&self, problems: &mut Problems<'_>) {
        let mut webhooks = 0;
        for (name, reporter) in &self.0 {
            let Some(reporter) = reporter else { continue };
            let problems = &mut problems.below(&[name.as_str()]);
            reporter.check(problems);
            webhooks += usize::from(reporter.kind == ReporterKind::Webhook);
            if reporter.kind == ReporterKind::Webhook && webhooks > WEBHOOKS_MAX {
                problems.error(&[], format!("there are more than {WEBHOOKS_MAX} webhooks"), None);
            }
        }
    }
}

impl Check for Reporter {
    fn check(&self, problems: &mut Problems<'_>) {
        if self.kind == ReporterKind::Hyperv {
            let message = "firstlight doesn't write to the key-value pool of Hyper-V";
            let hint = Some("use the type `webhook`, or collect the journal");
            return problems.of(Code::NotApplied).error(&["type"], message, hint);
        }
        if self.kind != ReporterKind::Webhook {
            let of_a_webhook = [("endpoint", self.endpoint.is_some())].into_iter();
            let of_a_webhook = of_a_webhook.chain(self.keys_of_oauth().map(|(key, secret)| (key, secret.is_some())));
            let others = [("timeout", self.timeout.is_some()), ("retries", self.retries.is_some())];
            for (key, _) in of_a_webhook.chain(others).filter(|(_, is_given)| *is_given) {
                let message = format!("`{key}` has no effect: only a webhook has it");
                problems
                    .of(Code::NoEffect)
                    .warning(&[key], message, Some("write `type: webhook`"));
            }
            return;
        }
        let Some(endpoint) = &self.endpoint else {
            let message = "the webhook has no address";
            return problems
                .of(Code::MissingKey)
                .error(&[], message, Some("add `endpoint`"));
        };
        let has_keys = self.keys_of_oauth().iter().any(|(_, secret)| given(*secret).is_some());
        if has_keys && self.oauth().is_none() {
            let missing = self.keys_of_oauth().into_iter().take(3);
            let missing = missing.filter(|(_, secret)| given(*secret).is_none());
            let missing: Vec<String> = missing.map(|(key, _)| format!("`{key}`")).collect();
            let message = format!("OAuth needs more keys: {}", missing.join(" and "));
            problems
                .of(Code::MissingKey)
                .error(&[], message, Some("add them, or leave out all of them"));
        } else if has_keys && endpoint.authorization().is_some() {
            let message = "the address has a user in it, and there are keys for OAuth: a webhook takes one of them";
            problems.of(Code::Conflict).error(&[], message, Some("leave one out"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Diagnostic, Document, Texts};

    fn read(yaml: &str) -> (Vec<Webhook>, Vec<String>) {
        let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
        let said = document.diagnostics.iter().map(Diagnostic::in_one_line).collect();
        let reporting = document.config.reporting.unwrap_or_default();
        (reporting.webhooks().collect(), said)
    }

    #[test]
    fn every_form_of_cloud_config() {
        let (webhooks, said) = read(
            "reporting:\n  logging: {type: log, level: DEBUG}\n  printing: {type: print}\n  gone: ~\n  off: {type: none}\n  \
             maas: {type: webhook, endpoint: 'http://h.example/MAAS/status/x', consumer_key: ck, consumer_secret: '', token_key: tk, token_secret: ts}\n  \
             a b/ü: {type: webhook, endpoint: 'https://u:p@h.example/', timeout: 2.5, retries: 0}\n",
        );
        assert_eq!(said, Vec::<String>::new());
        let [own, maas] = webhooks.as_slice() else {
            panic!("{webhooks:?}")
        };
        let timeout = Some(Duration::from_millis(2500));
        assert_eq!((own.name.as_str(), own.timeout, own.tries), ("a b/ü", timeout, 1));
        assert_eq!((maas.name.as_str(), maas.timeout, maas.tries), ("maas", None, 11));
        let oauth = maas.oauth.as_ref().unwrap();
        assert_eq!(
            (oauth.consumer_key.expose(), oauth.consumer_secret.expose()),
            ("ck", "")
        );
        assert_eq!((oauth.token_key.expose(), oauth.token_secret.expose()), ("tk", "ts"));
        assert_eq!(own.oauth, None);
        for nothing in ["reporting:\n", "reporting: {}\n", "reporting: {logging: ~}\n"] {
            assert_eq!(read(nothing), (vec![], vec![]), "{nothing}");
        }
    }

    #[test]
    fn a_mistake_costs_its_reporter_and_a_mistake_in_a_time_only_itself() {
        let hook = "type: webhook, endpoint: 'https://h.example/'";
        for (reporter, webhooks, words) in [
            ("type: hyperv".to_owned(), 0, "key-value pool of Hyper-V"),
            ("kvp_file_path: /x, type: hyperv".to_owned(), 0, "key-value pool of Hyper-V"),
            ("type: hyperv, event_types: [a]".to_owned(), 0, "key-value pool of Hyper-V"),
            ("type: carrier-pigeon".to_owned(), 0, "carrier-pigeon"),
            ("endpoint: 'https://h.example/'".to_owned(), 0, "`type`"),
            ("type: webhook".to_owned(), 0, "the webhook has no address"),
            ("type: webhook, endpoint: 'ftp://hunter2/'".to_owned(), 0, "unsupported scheme"),
            (format!("{hook}, token_secret: hunter2"), 0, "`consumer_key` and `token_key`"),
            (format!("{hook}, consumer_key: [hunter2]"), 0, "expected a string"),
            (format!("{hook}, endpiont: 5"), 0, "endpiont"),
            (
                "type: webhook, endpoint: 'https://u:hunter2@h.example/', consumer_key: a, token_key: b, token_secret: c"
                    .to_owned(),
                0,
                "one of them",
            ),
            (format!("{hook}, timeout: 0"), 1, "more than 0"),
            (format!("{hook}, timeout: -1"), 1, "more than 0"),
            (format!("{hook}, timeout: .nan"), 1, "more than 0"),
            (format!("{hook}, timeout: .inf"), 1, "more than 0"),
            (format!("{hook}, timeout: 1.0e+300"), 1, "more than 0"),
            (format!("{hook}, timeout: 5s"), 1, "expected a number"),
            (format!("{hook}, retries: -1"), 1, "from 0"),
            (format!("{hook}, retries: 99999999999"), 1, "4294967295"),
        ] {
            let (seen, said) = read(&format!("reporting:\n  a: {{{reporter}}}\n"));
            assert!(said.len() == 1 && said[0].contains(words), "{reporter}: {said:?}");
            assert!(!said.concat().contains("hunter2"), "{reporter}: {said:?}");
            assert_eq!(seen.len(), webhooks, "{reporter}");
        }
        for (name, words) in [
            ("\"a\\nb\"", "can't contain"),
            ("''", "1 to 64 characters"),
            (&"x".repeat(65), "1 to 64 characters"),
        ] {
            let (seen, said) = read(&format!("reporting:\n  {name}: {{{hook}}}\n  b: {{{hook}}}\n"));
            assert!(said.len() == 1 && said[0].contains(words), "{name}: {said:?}");
            assert_eq!(seen.len(), 1, "{name}");
        }
    }

    #[test]
    fn what_only_a_webhook_has_is_told_to_have_no_effect() {
        let (seen, said) =
            read("reporting: {a: {type: log, endpoint: 'https://h.example/', token_key: hunter2, retries: 1}}\n");
        assert!(seen.is_empty() && said.len() == 3, "{said:?}");
        assert!(
            said.iter()
                .all(|line| line.contains("has no effect: only a webhook has it")),
            "{said:?}"
        );
        assert!(!said.concat().contains("hunter2"));
    }

    #[test]
    fn the_number_of_webhooks_is_bounded() {
        let hooks: String = (0..20)
            .map(|number| format!("  a{number:02}: {{type: webhook, endpoint: 'https://h.example/'}}\n"))
            .collect();
        let (seen, said) = read(&format!("reporting:\n{hooks}"));
        assert_eq!((seen.len(), said.len()), (8, 12));
    }
}
