//! Name servers and search domains.

use serde::{Deserialize, Serialize};

use super::address::Ip;
use crate::document::one_or_many::one_or_many;

/// Who resolves names, and what is added to short ones.
///
/// ```yaml
/// {addresses: [192.0.2.53], search: [example.com]}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Nameservers {
    /// The addresses of the DNS servers.
    #[serde(default, deserialize_with = "one_or_many")]
    #[cfg_attr(test, schemars(with = "crate::vocabulary::schema::OneOrMany<Ip>"))]
    pub addresses: Vec<Ip>,
    /// The search domains; with `~` in front, a domain that only routes queries to these servers.
    #[serde(default, deserialize_with = "one_or_many")]
    #[cfg_attr(test, schemars(with = "crate::vocabulary::schema::OneOrMany<SearchDomain>"))]
    pub search: Vec<SearchDomain>,
}

/// A domain as `Domains=` of systemd.network(5) takes it: `example.test`, `~example.test`, `~.`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^~?(\.|[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?)$", "maxLength" = 255, "examples" = ["example.com", "~corp.example.com"])))]
pub struct SearchDomain(String);

impl SearchDomain {
    /// The domain.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SearchDomain {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let domain = text.strip_prefix('~').unwrap_or(&text);
        if domain == "." {
            return Ok(Self(text));
        }
        let labels = domain.strip_suffix('.').unwrap_or(domain);
        let refused = |why: String| format!("`{}` is not a domain: {why}", text.escape_debug());
        if labels.len() > 253 {
            return Err("a domain has at most 253 bytes".to_owned());
        }
        for label in labels.split('.') {
            check_label(label).map_err(refused)?;
        }
        Ok(Self(text))
    }
}

/// Host name characters (RFC 1123) and `_`, which service labels have.
pub(super) fn check_label(label: &str) -> Result<(), String> {
    if label.is_empty() {
        return Err("it has an empty label".to_owned());
    }
    if label.len() > 63 {
        return Err("it has a label of more than 63 bytes".to_owned());
    }
    if let Some(bad) = label
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'))
    {
        return Err(format!("`{}` is not allowed in it", bad.escape_debug()));
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(format!("the label `{label}` starts or ends with `-`"));
    }
    Ok(())
}
