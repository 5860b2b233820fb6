//! Whom to trust: the certificate authorities of the system, and those of the settings.

use std::sync::Arc;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::source::Fault;
use crate::system::Root;

/// Where distributions keep all authorities in one file; the first that is there counts. Debian; Photon and Fedora; the
/// latter's newer place; SUSE; Alpine.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// How TLS is spoken: rustls with ring, nothing of the system but its authorities and those in the files `more`.
///
/// # Errors
/// A file in `more` doesn't exist or has no certificate; or there is no authority at all.
pub fn tls(root: &Root, more: &[String]) -> Result<TlsConfig, Fault> {
    let mut certificates = Vec::new();
    for bundle in BUNDLES {
        if let Some(text) = root.read(bundle)? {
            certificates = in_pem(&text);
            break;
        }
    }
    for path in more {
        let wrong = |what: &str| Fault::lasting(format!("{path}, named in http.ca_certificates, {what}"));
        let text = root.read(path)?.ok_or_else(|| wrong("does not exist"))?;
        let found = in_pem(&text);
        if found.is_empty() {
            return Err(wrong("has no certificate in it").with_hint("it must be PEM"));
        }
        certificates.extend(found);
    }
    if certificates.is_empty() {
        let what = format!("there are no certificate authorities to trust ({})", BUNDLES.join(", "));
        let hint = "install the package ca-certificates, or name a file in http.ca_certificates";
        return Err(Fault::lasting(what).with_hint(hint));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(certificates)))
        .unversioned_rustls_crypto_provider(provider)
        .build())
}

/// The certificates of a file. What else it holds is passed over, and so is what is damaged: a bundle with one bad entry
/// still has the others.
fn in_pem(text: &[u8]) -> Vec<Certificate<'static>> {
    let items = parse_pem(text).flatten();
    items
        .filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        })
        .collect()
}
