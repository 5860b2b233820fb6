//! Hashing passwords so that the machine's crypt(3) verifies them, and verifying them ourselves.

mod scheme;

pub use scheme::{Scheme, libcrypt_knows, scheme};

use sha_crypt::{PasswordHasher, PasswordVerifier, ShaCrypt};
use yescrypt::Yescrypt;

use crate::vocabulary::password_hash::HashMethod;
use crate::vocabulary::{PasswordHash, Secret};

/// Bytes of a `$5$` or `$6$` salt. sha-crypt 0.6 writes longer ones into the hash whole but, like crypt(3), uses their
/// first 16 characters: crypt(3) then gives another string, and nobody can log in. 12 bytes are 16 characters.
const SHA_SALT: usize = 12;

/// Bytes of a `$y$` salt: what libxcrypt's crypt_gensalt(3) takes.
const YESCRYPT_SALT: usize = 16;

/// The most rounds of a `$5$` or `$6$` hash that are tried: a second or so.
const MAX_ROUNDS: u32 = 1_000_000;

/// Why a password could not be hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CryptError {
    /// The kernel gives no random bytes for a salt.
    #[error("can't hash a password: the kernel returned no random bytes")]
    Random,
    /// The hash function failed.
    #[error("can't hash a password with {0}")]
    Hash(Scheme),
}

/// The hash of `password` by `scheme` with a new salt, as crypt(5) has it. Costs what a login costs.
///
/// # Errors
/// There are no random bytes.
pub fn hash(password: &Secret, scheme: Scheme) -> Result<Secret, CryptError> {
    // Neither crate copies the password: it goes into their digests by reference.
    let password = password.expose().as_bytes();
    let hashed = match scheme {
        Scheme::Sha512 => ShaCrypt::SHA512.hash_password_with_salt(password, &salt::<SHA_SALT>()?),
        Scheme::Sha256 => ShaCrypt::SHA256.hash_password_with_salt(password, &salt::<SHA_SALT>()?),
        Scheme::Yescrypt => Yescrypt::default().hash_password_with_salt(password, &salt::<YESCRYPT_SALT>()?),
    };
    hashed
        .map(|hash| Secret::new(String::from(hash)))
        .map_err(|_| CryptError::Hash(scheme))
}

/// The characters of a random password: letters and digits that nobody takes for one another.
const CHARACTERS: &[u8; 55] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789";

/// How many a random password has: 115 bits.
const RANDOM_LENGTH: usize = 20;

/// A random password, from the kernel's generator.
///
/// # Errors
/// There are no random bytes.
pub fn random_password() -> Result<Secret, CryptError> {
    let mut password = String::with_capacity(RANDOM_LENGTH);
    while password.len() < RANDOM_LENGTH {
        let [byte] = salt::<1>()?;
        // Beyond the last whole row of them, some would be more frequent than others.
        let index = usize::from(byte);
        if index < 256 - 256 % CHARACTERS.len() {
            password.extend(CHARACTERS.get(index % CHARACTERS.len()).map(|byte| char::from(*byte)));
        }
    }
    Ok(Secret::new(password))
}

/// Whether `hash` is of `password`; `None` where this can't be told: a method that is not known here, one that would
/// take very long, no hash at all.
pub fn verify(password: &Secret, hash: &Secret) -> Option<bool> {
    let method = PasswordHash::try_from(hash.clone()).ok()?.method();
    let (password, hash) = (password.expose().as_bytes(), hash.expose());
    let result = match method {
        HashMethod::Sha512 | HashMethod::Sha256 if rounds(hash)? <= MAX_ROUNDS => {
            ShaCrypt::default().verify_password(password, hash)
        }
        HashMethod::Yescrypt if is_ordinary_yescrypt(hash) => Yescrypt::default().verify_password(password, hash),
        _ => return None,
    };
    match result {
        Ok(()) => Some(true),
        Err(sha_crypt::password_hash::Error::PasswordInvalid) => Some(false),
        Err(_) => None,
    }
}

fn salt<const N: usize>() -> Result<[u8; N], CryptError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| CryptError::Random)?;
    Ok(bytes)
}

fn rounds(hash: &str) -> Option<u32> {
    match hash.split('$').nth(2)?.strip_prefix("rounds=") {
        Some(rounds) => rounds.parse().ok(),
        None => Some(0),
    }
}

/// Whether the parameters are `j`, one character for the memory of at most 2^14 blocks, and one for the block size, as
/// libxcrypt writes them up to cost factor 7: the hash then takes at most 96 MiB. Others could ask for any amount.
fn is_ordinary_yescrypt(hash: &str) -> bool {
    let parameters = hash.split('$').nth(2).unwrap_or_default().as_bytes();
    matches!(
        parameters,
        [b'j', b'.'..=b'9' | b'A'..=b'B', b'.'..=b'9' | b'A'..=b'Z' | b'a'..=b'j']
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    const SCHEMES: [Scheme; 3] = [Scheme::Sha512, Scheme::Sha256, Scheme::Yescrypt];

    /// The system's crypt(3), through perl; `None` where there is no perl.
    fn crypt(password: &str, setting: &str) -> Option<String> {
        let script = "my @in = <STDIN>; chomp @in; print crypt($in[0], $in[1]) // 'undef'";
        let spawned = Command::new("perl")
            .args(["-e", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = spawned else {
            crate::skip::skip("perl is missing, which asks the real crypt(3)");
            return None;
        };
        let mut stdin = child.stdin.take().unwrap();
        writeln!(stdin, "{password}\n{setting}").unwrap();
        drop(stdin);
        Some(String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap())
    }

    #[test]
    fn the_real_crypt_verifies_our_hashes() {
        for scheme in SCHEMES {
            for password in ["a", "correct horse battery staple", "pässwörd", &"x".repeat(130)] {
                let hash = hash(&Secret::new(password), scheme).unwrap();
                let Some(theirs) = crypt(password, hash.expose()) else {
                    return;
                };
                assert_eq!(theirs, hash.expose(), "{scheme} of {password}");
            }
        }
    }

    #[test]
    fn we_verify_the_hashes_of_the_real_crypt() {
        for setting in [
            "$6$saltsalt",
            "$6$abcdefghijklmnop",
            "$6$rounds=1000$s",
            "$5$saltsalt",
            "$y$j9T$abcdefgh",
            "$y$j75$abcdefgh",
        ] {
            let Some(hash) = crypt("hunter2", setting) else { return };
            let verify = |password: &str| verify(&Secret::new(password), &Secret::new(hash.as_str()));
            assert_eq!(
                (verify("hunter2"), verify("hunter3")),
                (Some(true), Some(false)),
                "{hash}"
            );
        }
    }

    #[test]
    fn hashes_are_whole_and_never_twice_the_same() {
        for scheme in SCHEMES {
            let password = Secret::new("hunter2");
            let (one, two) = (hash(&password, scheme).unwrap(), hash(&password, scheme).unwrap());
            assert_ne!(one, two);
            PasswordHash::try_from(one.clone()).unwrap();
            assert_eq!(verify(&password, &one), Some(true));
            assert_eq!(verify(&Secret::new("hunter"), &one), Some(false));
            assert!(!format!("{one:?} {scheme} {:?}", CryptError::Hash(scheme)).contains("hunter2"));
        }
    }

    #[test]
    fn a_random_password_is_long_and_another_one_each_time() {
        let passwords: Vec<_> = (0..100).map(|_| random_password().unwrap()).collect();
        for (n, password) in passwords.iter().enumerate() {
            let text = password.expose();
            assert!(
                text.len() == 20 && text.bytes().all(|b| b.is_ascii_alphanumeric()),
                "{text}"
            );
            assert!(passwords.iter().take(n).all(|other| other.expose() != text));
        }
        let seen: std::collections::BTreeSet<_> = passwords.iter().flat_map(|p| p.expose().bytes()).collect();
        assert_eq!(seen.len(), CHARACTERS.len(), "{seen:?}");
    }

    #[test]
    fn what_can_not_be_told_or_would_take_too_long_is_left_open() {
        let yescrypt = |parameters: &str| format!("$y${parameters}$abcdefgh${}.", "a".repeat(42));
        for hash in [
            "",
            "!",
            "x",
            "!$6$salt$x",
            "$2b$04$abcdefghijklmnopqrstuuMFdJu9yVgmagVAIC24fOZkaFqd3s9JC",
            &format!("$6$rounds=1000001$salt${}.", "a".repeat(85)),
            &yescrypt("jzzzz"),
            &yescrypt("jjT"),
            &yescrypt("jFT"),
            &yescrypt("j9T."),
            &yescrypt("/9T"),
        ] {
            assert_eq!(verify(&Secret::new("a"), &Secret::new(hash)), None, "{hash}");
        }
        for parameters in ["j..", "j9.", "jBj"] {
            let hash = Secret::new(yescrypt(parameters));
            assert_eq!(verify(&Secret::new("a"), &hash), Some(false), "{parameters}");
        }
    }
}
