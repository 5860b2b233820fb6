use super::*;
use crate::document::{Document, Texts};

const FIRST: &str = "-----BEGIN CERTIFICATE-----
MIIBNjCB6aADAgECAhRpZ1ghxNhoID6/bqUfLmIZM7JNwDAFBgMrZXAwETEPMA0G
A1UEAwwGTGFiIENBMB4XDTI2MTEyOTIwMjcyMloXDTM2MTEyNjIwMjcyMlowETEP
MA0GA1UEAwwGTGFiIENBMCowBQYDK2VwAyEA/trHviwbpWqlwYmo96jQsdNRkHzJ
s6yWy6dBSA5zEYajUzBRMB0GA1UdDgQWBBR6Cua2JwpZIPxbJfWbUMa57pHxHjAf
BgNVHSMEGDAWgBR6Cua2JwpZIPxbJfWbUMa57pHxHjAPBgNVHRMBAf8EBTADAQH/
MAUGAytlcANBAPAoJKQ/08rCTM5IQIDjHX9P/ilx/w6DMJ/Bm4TQ/6wl3uJx06Tb
A8KlzjDaq9x6aE9Le/cgB7NyslU1j/gsGw0=
-----END CERTIFICATE-----
";

/// How many certificates a document has, and what is said of it.
fn read(yaml: &str) -> (Option<usize>, Vec<String>) {
    let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
    let said = document.diagnostics.iter().map(Diagnostic::in_one_line).collect();
    (document.config.ca_certs.map(|it| it.certificates().len()), said)
}

fn text(value: &str) -> String {
    serde_json::to_string(value).unwrap()
}

#[test]
fn a_list_or_one_text_of_one_certificate_or_several() {
    let first = text(FIRST);
    let windows = text(&format!(" Lab CA\r\n{}", FIRST.replace('\n', "\r\n")));
    let old = text(&FIRST.replace(" CERTIFICATE", " X509 CERTIFICATE"));
    let twice = text(&format!("{FIRST}{FIRST}"));
    for (yaml, count) in [
        (format!("ca_certs: {{trusted: [{first}]}}"), 1),
        (format!("ca_certs: {{trusted: {first}}}"), 1),
        (
            format!("ca_certs: {{trusted: [{first}, {windows}, {old}, {twice}]}}"),
            1,
        ),
        ("ca_certs: {trusted: []}".to_owned(), 0),
        ("ca_certs: {trusted: , remove_defaults: no}".to_owned(), 0),
        ("ca_certs: {}".to_owned(), 0),
    ] {
        assert_eq!(read(&yaml), (Some(count), vec![]), "{yaml}");
    }
    let document = format!("ca_certs: {{trusted: {windows}}}");
    let document = Document::read(&Texts::of_user_data("x", document.as_bytes()));
    assert_eq!(document.config.ca_certs.unwrap().certificates()[0].pem(), FIRST);
}

#[test]
fn old_spellings_are_taken_with_a_warning() {
    let yaml = format!("ca-certs: {{remove-defaults: true, trusted: [{}]}}", text(FIRST));
    let (count, said) = read(&yaml);
    assert_eq!((count, said.len()), (Some(1), 2), "{said:?}");
    assert!(said[0].contains("x:1:1: `ca-certs` is deprecated"), "{said:?}");
    assert!(said[1].contains("x:1:12: `remove-defaults` is deprecated"), "{said:?}");
    let (count, said) = read(&format!("ca-certs: {{}}\nca_certs: {{trusted: [{}]}}", text(FIRST)));
    assert_eq!((count, said.len()), (Some(1), 1), "{said:?}");
    let (_, said) = read("ca_certs: {remove_defaults: true}");
    assert!(
        said.len() == 1 && said[0].contains("no certificate authority is left"),
        "{said:?}"
    );
}

#[test]
fn what_is_no_certificate_costs_its_item_and_has_its_place() {
    let inside = FIRST.lines().nth(1).unwrap();
    let without_end = FIRST.replace("-----END CERTIFICATE-----\n", "");
    let cut = FIRST.replace(&format!("{inside}\n"), "");
    let key = "-----BEGIN PRIVATE KEY-----\nhunter2hunter2\n-----END PRIVATE KEY-----\n";
    let nothing = "-----BEGIN CERTIFICATE-----\nbm90IGEgcmVhbCBjZXJ0aWZpY2F0ZQ==\n-----END CERTIFICATE-----\n";
    let long = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        "A".repeat(70_000)
    );
    for (value, words) in [
        (text(key), "this is a private key"),
        (text(&format!("{FIRST}{key}")), "this is a private key"),
        (text(&key.replace("PRIVATE", "RSA PRIVATE")), "this is a private key"),
        (text(&without_end), "the line `-----END CERTIFICATE-----` is missing"),
        (text(&cut), "but no certificate: part of it may be missing"),
        (text(nothing), "but no certificate"),
        (text(&FIRST.replacen('M', "!", 1)), "is not base64"),
        (
            text(&FIRST.replace("CERTIFICATE", "TRUSTED CERTIFICATE")),
            "a block in it is no CERTIFICATE",
        ),
        (text("-----BEGIN CERTIFICATE"), "the first line of a block has no end"),
        (text("hunter2hunter2"), "there is no certificate in it"),
        ("''".to_owned(), "there is no certificate in it"),
        ("12".to_owned(), "there is no certificate in it"),
        ("~".to_owned(), "found nothing"),
        ("[]".to_owned(), "found a list"),
        (text(&long), "at most 65536 letters"),
    ] {
        let (count, said) = read(&format!("ca_certs: {{trusted: [{}, {value}]}}", text(FIRST)));
        assert_eq!(count, Some(1), "{value}: {said:?}");
        let is_placed = said.len() == 1 && said[0].starts_with("x:1:") && said[0].contains(words);
        assert!(is_placed && !said[0].contains("hunter2"), "{value}: {said:?}");
    }
}
