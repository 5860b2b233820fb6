//! `ca_certs`: certificate authorities that the machine's programs trust.

mod certificate;

use serde::Deserialize;

use super::cloud_config::OLD_SPELLINGS;
use super::code::Code;
use super::diagnostic::Diagnostic;
use super::fix::Fix;
use super::one_or_many::one_or_many;
use super::problem::{Check, Problems};
use super::yaml::{Node, Span, Value};
pub use certificate::{Certificate, Pem};

/// What is said of an old spelling, and where.
pub type Told = (Span, Diagnostic);

/// An old spelling of a key below it, and the new one.
const OLD_BELOW: (&str, &str) = ("remove-defaults", "remove_defaults");

/// Which certificate authorities the machine's programs trust.
///
/// ```yaml
/// ca_certs:
///   trusted:
///     - |
///       -----BEGIN CERTIFICATE-----
///       MIIBNjCB6aADAgECAhRpZ1ghxNhoID6/bqUfLmIZM7JNwDAFBgMrZXAwETEPMA0G
///       A1UEAwwGTGFiIENBMB4XDTI2MTEyOTIwMjcyMloXDTM2MTEyNjIwMjcyMlowETEP
///       MA0GA1UEAwwGTGFiIENBMCowBQYDK2VwAyEA/trHviwbpWqlwYmo96jQsdNRkHzJ
///       s6yWy6dBSA5zEYajUzBRMB0GA1UdDgQWBBR6Cua2JwpZIPxbJfWbUMa57pHxHjAf
///       BgNVHSMEGDAWgBR6Cua2JwpZIPxbJfWbUMa57pHxHjAPBgNVHRMBAf8EBTADAQH/
///       MAUGAytlcANBAPAoJKQ/08rCTM5IQIDjHX9P/ilx/w6DMJ/Bm4TQ/6wl3uJx06Tb
///       A8KlzjDaq9x6aE9Le/cgB7NyslU1j/gsGw0=
///       -----END CERTIFICATE-----
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CaCerts {
    /// Certificates in PEM, each in an item or several in one.
    ///
    /// ```yaml
    /// trusted:
    ///   - |
    ///     -----BEGIN CERTIFICATE-----
    ///     MIIBNjCB6aADAgECAhRpZ1ghxNhoID6/bqUfLmIZM7JNwDAFBgMrZXAwETEPMA0G
    ///     A1UEAwwGTGFiIENBMB4XDTI2MTEyOTIwMjcyMloXDTM2MTEyNjIwMjcyMlowETEP
    ///     MA0GA1UEAwwGTGFiIENBMCowBQYDK2VwAyEA/trHviwbpWqlwYmo96jQsdNRkHzJ
    ///     s6yWy6dBSA5zEYajUzBRMB0GA1UdDgQWBBR6Cua2JwpZIPxbJfWbUMa57pHxHjAf
    ///     BgNVHSMEGDAWgBR6Cua2JwpZIPxbJfWbUMa57pHxHjAPBgNVHRMBAf8EBTADAQH/
    ///     MAUGAytlcANBAPAoJKQ/08rCTM5IQIDjHX9P/ilx/w6DMJ/Bm4TQ/6wl3uJx06Tb
    ///     A8KlzjDaq9x6aE9Le/cgB7NyslU1j/gsGw0=
    ///     -----END CERTIFICATE-----
    /// ```
    #[serde(default, deserialize_with = "one_or_many")]
    #[cfg_attr(test, schemars(with = "crate::vocabulary::schema::OneOrMany<Pem>"))]
    pub trusted: Vec<Pem>,
    /// Whether the authorities that the distribution brings are no longer trusted. Debian only.
    pub remove_defaults: Option<bool>,
}

impl CaCerts {
    /// The certificates, each once, in the order of the document.
    pub fn certificates(&self) -> Vec<&Certificate> {
        let mut all: Vec<&Certificate> = Vec::new();
        for certificate in self.trusted.iter().flat_map(|pem| &pem.0) {
            if !all.contains(&certificate) {
                all.push(certificate);
            }
        }
        all
    }
}

impl Check for CaCerts {
    fn check(&self, problems: &mut Problems<'_>) {
        if self.remove_defaults == Some(true) && self.trusted.is_empty() {
            let message = "no certificate authority is left that programs trust";
            problems.warning(&["remove_defaults"], message, Some("add your own to `trusted`"));
        }
    }
}

/// Renames `ca-certs` and `remove-defaults`. Returns what is to be said of them.
pub fn tidy(document: &mut Node) -> Vec<Told> {
    let mut told = Vec::new();
    for spelling in OLD_SPELLINGS {
        rename(document, spelling, &mut told);
    }
    if let Some(certificates) = document.get_mut("ca_certs") {
        rename(certificates, OLD_BELOW, &mut told);
    }
    told
}

fn rename(mapping: &mut Node, (old, new): (&str, &str), told: &mut Vec<Told>) {
    let Value::Mapping(entries) = &mut mapping.value else {
        return;
    };
    if entries.iter().any(|entry| entry.key.text == new) {
        return;
    }
    for entry in entries.iter_mut().filter(|entry| entry.key.text == old) {
        let message = format!("`{old}` is deprecated: cloud-init calls it `{new}`");
        let diagnostic = Diagnostic::whole("", message, Some(format!("write `{new}`")));
        let diagnostic = diagnostic.code(Code::Deprecated).fix(Some(Fix::new(old, new)));
        told.push((entry.key.span, diagnostic.warning()));
        entry.key.text = new.to_owned();
    }
}

#[cfg(test)]
mod tests;
