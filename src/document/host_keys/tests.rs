use serde_json::{Value, from_value, json};

use super::*;
use crate::document::{Document, Texts};

const PRIVATE: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\n\
    b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZWQyNTUxOQAAACDXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGgAAAIgAAAAAAAAAAAAAAAtzc2gtZWQyNTUxOQAAACDXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGgAAAECdYbGd7/1aYLqESvSS7CzEREnFaXsyaRlwO6wDHK5/YNdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1EaAAAAAAECAwQF\n\
    -----END OPENSSH PRIVATE KEY-----\n";
const PUBLIC: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5";

fn keys(value: Value) -> SshKeys {
    from_value(value).unwrap()
}

fn found(keys: &SshKeys) -> Vec<(String, bool, String)> {
    let mut found = Vec::new();
    keys.check(&mut Problems::new(&mut found));
    let told = found.into_iter();
    told.map(|problem| (problem.path.join("."), problem.warning, problem.message))
        .collect()
}

#[test]
fn the_public_key_is_that_of_the_private_one() {
    for text in [
        PRIVATE.to_owned(),
        PRIVATE.trim().replace('\n', "\r\n"),
        format!("\n  {}\n", PRIVATE.trim()),
    ] {
        let keys = keys(json!({"ed25519_private": text}));
        assert_eq!(found(&keys), []);
        let given: Vec<_> = keys.given().collect();
        assert_eq!(given.len(), 1);
        assert_eq!(given[0].public.as_deref(), Some(PUBLIC));
        assert!(
            given[0]
                .private
                .text()
                .expose()
                .ends_with("-----END OPENSSH PRIVATE KEY-----\n")
        );
    }
    let both = keys(json!({"ed25519_private": PRIVATE, "ed25519_public": format!("{PUBLIC} web1")}));
    assert_eq!(both.given().next().unwrap().public, Some(format!("{PUBLIC} web1")));
    assert_eq!(found(&both), []);
}

#[test]
fn what_sshd_could_not_load_is_refused_without_being_shown() {
    let body = PRIVATE.lines().nth(1).unwrap();
    let cut = PRIVATE.replace(body, &body[..120]);
    let two = PRIVATE.replace("ECdYbGd7", "ECdYbGd8");
    for (text, why) in [
        ("hunter2", "not a private key"),
        (PUBLIC, "not a private key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n", "last line is missing"),
        (
            "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2!\n-----END OPENSSH PRIVATE KEY-----",
            "not base64",
        ),
        (
            "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter22\n-----END OPENSSH PRIVATE KEY-----",
            "damaged",
        ),
        (&cut, "damaged"),
        (&two, "two keys"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nhunter22\n-----END RSA PRIVATE KEY-----",
            "passphrase",
        ),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIBhunter22\n-----END RSA PRIVATE KEY-----",
            "cut short",
        ),
        (
            "-----BEGIN DSA PRIVATE KEY-----\nMAA=\n-----END DSA PRIVATE KEY-----",
            "DSA PRIVATE KEY",
        ),
        (&"hunter2".repeat(10_000), "at most 32768 bytes"),
    ] {
        let error = from_value::<SshKeys>(json!({"ed25519_private": text}))
            .unwrap_err()
            .to_string();
        assert!(error.contains(why) && !error.contains("hunter2"), "{text}: {error}");
    }
}

#[test]
fn keys_that_dont_belong_together_are_told() {
    let certificate = {
        let kind = "ssh-ed25519-cert-v01@openssh.com";
        let mut blob = u32::try_from(kind.len()).unwrap().to_be_bytes().to_vec();
        blob.extend(kind.as_bytes());
        blob.extend([0, 0, 0, 1, 7]);
        format!("{kind} {}", Base64::encode_string(&blob))
    };
    for (value, path, warning, words) in [
        (
            json!({"ed25519_private": PRIVATE, "ed25519_public": OTHER}),
            "ed25519_public",
            false,
            "another private key",
        ),
        (
            json!({"ecdsa_private": PRIVATE}),
            "ecdsa_private",
            false,
            "no ecdsa key",
        ),
        (json!({"rsa_public": PUBLIC}), "rsa_public", false, "no rsa public key"),
        (
            json!({"ed25519_public": PUBLIC}),
            "ed25519_public",
            true,
            "no effect without `ed25519_private`",
        ),
        (
            json!({"ed25519_public": certificate}),
            "ed25519_public",
            false,
            "no ed25519 public key",
        ),
        (
            json!({"ed25519_certificate": PUBLIC}),
            "ed25519_certificate",
            false,
            "no ed25519 certificate",
        ),
    ] {
        let told = found(&keys(value.clone()));
        let [(own, is_warning, message)] = told.as_slice() else {
            panic!("{value}: {told:?}")
        };
        assert_eq!((own.as_str(), *is_warning), (path, warning), "{value}");
        assert!(message.contains(words), "{value}: {message}");
    }
    let whole = keys(json!({"ed25519_private": PRIVATE, "ed25519_certificate": certificate}));
    assert_eq!(found(&whole), []);
    assert!(from_value::<SshKeys>(json!({"dsa_private": PRIVATE})).is_err());
}

#[test]
fn one_wrong_key_leaves_the_machines_own_in_place() {
    let indented = PRIVATE.replace('\n', "\n    ");
    let text = format!("ssh_keys:\n  ed25519_private: |\n    {indented}\n  ecdsa_private: hunter2\n");
    let document = Document::read(&Texts::of_user_data("user-data", text.as_bytes()));
    assert_eq!(document.config.ssh_keys, None);
    let [error] = document.diagnostics.as_slice() else {
        panic!("{:?}", document.diagnostics)
    };
    assert_eq!(error.path, ["ssh_keys", "ecdsa_private"]);
    assert!(!error.render(false).contains("hunter2"));
}
