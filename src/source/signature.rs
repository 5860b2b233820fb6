//! Signatures of the parts of a seed, as minisign makes them (<https://jedisct1.github.io/minisign/>).
//!
//! A signature covers one part's bytes and no more: not its name, the other parts, or the machine it is for.

use minisign_verify::{Error, PublicKey, Signature};
use serde::Deserialize;

use super::{Fault, Part, Seed, Signing, Verdict};

/// The largest signature that is looked at, in bytes; minisign's have some 300.
const LIMIT: usize = 8 * 1024;

/// A minisign public key whose signatures count.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = r"RW[A-Za-z0-9+/]{54}\s*$", "examples" = ["RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"])))]
pub struct TrustedKey(PublicKey);

impl TryFrom<String> for TrustedKey {
    type Error = Fault;

    /// The key as in the last line of a `.pub` file; the whole file will do.
    fn try_from(text: String) -> Result<Self, Fault> {
        let key = text.lines().map(str::trim).rfind(|line| !line.is_empty());
        let wrong = |_| {
            Fault::lasting("is not a minisign public key").with_hint("use the line of minisign.pub that begins with RW")
        };
        PublicKey::from_base64(key.unwrap_or_default()).map(Self).map_err(wrong)
    }
}

/// The verdict, but for a seed that [`check`] refuses.
pub fn checked(verdict: Verdict, keys: &[TrustedKey]) -> Verdict {
    match verdict {
        Verdict::Present(seed) => match check(&seed, keys) {
            Ok(()) => Verdict::Present(seed),
            Err(why) => Verdict::Broken(why),
        },
        other => other,
    }
}

/// Refuses a seed with a part that none of `keys` has signed. Without keys all is well.
///
/// # Errors
/// Which part, why, and how it is signed.
pub fn check(seed: &Seed, keys: &[TrustedKey]) -> Result<(), Fault> {
    // First what no signature can mend.
    let mut parts: Vec<_> = seed.parts().collect();
    parts.sort_by_key(|(_, part)| !is_impossible(part));
    parts
        .into_iter()
        .try_for_each(|(name, part)| check_part(part, name, &beside(&seed.source, name), keys))?;
    let mut fetched = seed.fetched.iter();
    fetched.try_for_each(|(_, part)| check_part(part, "FILE", "ADDRESS.minisig", keys))
}

/// Where the signature of a part belongs.
fn beside(source: &str, part: &str) -> String {
    match source {
        "vmware" => format!("guestinfo.{}.minisig", part.replace('-', "")),
        "credentials" => format!("the credential firstlight.{part}.minisig"),
        "program" => format!("{part} among its signatures"),
        _ => format!("{part}.minisig"),
    }
}

/// Refuses a part that none of `keys` has signed. `name` is what it is called where it is signed, `beside` where its
/// signature belongs. Without keys all is well, and an empty part says nothing that could be wrong.
///
/// # Errors
/// Which part, why, and how it is signed.
fn check_part(part: &Part, name: &str, beside: &str, keys: &[TrustedKey]) -> Result<(), Fault> {
    if keys.is_empty() || part.bytes.is_empty() || part.signing == Signing::Settled {
        return Ok(());
    }
    if !part.made_of.is_empty() {
        let mut parts = part.made_of.iter();
        return parts.try_for_each(|part| check_part(part, name, beside, keys));
    }
    let refused = |what: &str| {
        let sign = format!("sign it with `minisign -Sm {name}`, and put the signature beside it as {beside}");
        Err(Fault::forbidden(what).at(&part.origin).with_hint(sign))
    };
    if part.signing == Signing::Impossible {
        let what = format!("its {name} can't carry a signature there, and this machine has trusted_keys");
        let hint = "use a source that can carry a signature, or remove this one from `sources` or `allow` in \
                    /etc/firstlight/config.yaml";
        return Err(Fault::forbidden(what).at(&part.origin).with_hint(hint));
    }
    let Some(bytes) = &part.signature else {
        return refused("is not signed, and this machine has trusted_keys");
    };
    let Some(signature) = decode(bytes) else {
        return refused("the signature beside it is not a minisign signature");
    };
    let mut why = "is signed, but not with one of this machine's trusted_keys";
    for TrustedKey(key) in keys {
        match key.verify(&part.bytes, &signature, true) {
            Ok(()) => return Ok(()),
            Err(Error::UnexpectedKeyId) => {}
            Err(_) => why = "does not match its signature: it was changed, or the signature belongs to something else",
        }
    }
    refused(why)
}

fn is_impossible(part: &Part) -> bool {
    part.signing == Signing::Impossible || part.made_of.iter().any(is_impossible)
}

fn decode(bytes: &[u8]) -> Option<Signature> {
    let text = std::str::from_utf8(bytes.get(..bytes.len().min(LIMIT))?).ok()?;
    Signature::decode(text).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub const USER_DATA: &str = include_str!("../../tests/signed/user-data");
    pub const USER_DATA_SIGNATURE: &str = include_str!("../../tests/signed/user-data.minisig");
    pub const META_DATA: &str = include_str!("../../tests/signed/meta-data");
    pub const META_DATA_SIGNATURE: &str = include_str!("../../tests/signed/meta-data.minisig");
    const LEGACY: &str = include_str!("../../tests/signed/user-data.legacy");
    const OTHER: &str = include_str!("../../tests/signed/user-data.other");

    /// The key of these signatures.
    pub fn key() -> TrustedKey {
        include_str!("../../tests/signed/trusted.pub")
            .to_owned()
            .try_into()
            .unwrap()
    }

    fn other_key() -> TrustedKey {
        include_str!("../../tests/signed/other.pub")
            .to_owned()
            .try_into()
            .unwrap()
    }

    fn seed(user_data: &str, signature: Option<&str>) -> Verdict {
        let mut seed = Seed::empty("nocloud", "here".to_owned());
        let mut part = Part::new("here/user-data", user_data);
        part.signature = signature.map(|text| text.as_bytes().to_vec());
        seed.user_data = Some(part);
        Verdict::Present(Box::new(seed))
    }

    fn refused(user_data: &str, signature: Option<&str>) -> String {
        match checked(seed(user_data, signature), &[key()]) {
            Verdict::Broken(fault) => fault.to_string(),
            other => panic!("{user_data:?} {signature:?}: {other:?}"),
        }
    }

    #[test]
    fn what_a_trusted_key_signed_is_taken() {
        let pass = |user_data, signature: Option<&str>, keys: &[TrustedKey]| {
            let before = seed(user_data, signature);
            assert_eq!(checked(before.clone(), keys), before, "{user_data:?} {signature:?}");
        };
        pass(USER_DATA, Some(USER_DATA_SIGNATURE), &[key()]);
        pass(USER_DATA, Some(LEGACY), &[key()]);
        pass(USER_DATA, Some(OTHER), &[key(), other_key()]);
        pass(USER_DATA, Some(USER_DATA_SIGNATURE), &[other_key(), key()]);
        // Nothing says nothing, and without keys nothing is asked for.
        pass("", None, &[key()]);
        pass(USER_DATA, None, &[]);
        pass(USER_DATA, Some("nonsense"), &[]);
    }

    #[test]
    fn what_no_trusted_key_signed_is_refused_with_its_name_and_how_to_sign_it() {
        let changed = USER_DATA.replace("web1", "web2");
        let reworded = USER_DATA_SIGNATURE.replace("file:user-data", "file:other-data");
        let cut = &USER_DATA_SIGNATURE[..USER_DATA_SIGNATURE.len() / 2];
        let huge = format!("{}{USER_DATA_SIGNATURE}", "x".repeat(2 * LIMIT));
        for (user_data, signature, words) in [
            (USER_DATA, None, "is not signed"),
            (USER_DATA, Some(""), "not a minisign signature"),
            (USER_DATA, Some(cut), "not a minisign signature"),
            (USER_DATA, Some(&huge), "not a minisign signature"),
            (USER_DATA, Some(OTHER), "not with one of this machine's trusted_keys"),
            (&changed, Some(USER_DATA_SIGNATURE), "does not match its signature"),
            (&changed, Some(LEGACY), "does not match its signature"),
            (USER_DATA, Some(&reworded), "does not match its signature"),
            (META_DATA, Some(USER_DATA_SIGNATURE), "does not match its signature"),
            (USER_DATA, Some(META_DATA_SIGNATURE), "does not match its signature"),
        ] {
            let why = refused(user_data, signature);
            assert!(
                why.starts_with("here/user-data: ") && why.contains(words),
                "{words}: {why}"
            );
            let how = "sign it with `minisign -Sm user-data`, and put the signature beside it as user-data.minisig";
            assert!(why.contains(how), "{why}");
            assert!(!why.contains("web"), "{why}");
        }
    }

    #[test]
    fn what_cannot_be_signed_says_so_first() {
        let mut seed = Seed::empty("ovf", "cd".to_owned());
        seed.user_data = Some(Part::new("cd", "x"));
        seed.meta_data = Some(Part::new("cd", "x").unsignable());
        let Verdict::Broken(why) = checked(Verdict::Present(Box::new(seed.clone())), &[key()]) else {
            panic!()
        };
        let why = why.to_string();
        assert!(
            why.starts_with("cd: its meta-data can't carry a signature there"),
            "{why}"
        );
        seed.meta_data = Some(Part::new("cd", "x").settled());
        seed.user_data = None;
        assert_eq!(check(&seed, &[key()]), Ok(()));
    }
}
