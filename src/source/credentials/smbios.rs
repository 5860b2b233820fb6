//! Credentials that the hypervisor wrote into the firmware's tables: SMBIOS type 11, "OEM strings".

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use crate::source::{Fault, Places};

/// Where the kernel shows the tables.
const ENTRIES: &str = "/sys/firmware/dmi/entries";

/// How many tables of this type are looked at; there is one, as a rule.
const TABLES: usize = 64;

/// What a string begins with that is a credential in plain text, and one in base64.
const TEXT: &[u8] = b"io.systemd.credential:";
const BINARY: &[u8] = b"io.systemd.credential.binary:";

/// What to do about one that is cut off.
const TOO_SMALL: &str = "is the table too small for it?";

/// A credential with its name; or why it can't be used, which matters only to who wants it. Not for showing.
pub type Credential = (String, Result<Zeroizing<Vec<u8>>, Fault>);

/// All credentials of the machine's tables.
///
/// # Errors
/// A table can't be read, or is cut off within a credential's name.
pub fn credentials(places: &Places) -> Result<Vec<Credential>, Fault> {
    let entries = places.root.list(ENTRIES)?;
    let mut found = Vec::new();
    for entry in entries.iter().filter(|name| name.starts_with("11-")).take(TABLES) {
        let path = format!("{ENTRIES}/{entry}/raw");
        let raw = places.root.read(&path)?;
        let raw = Zeroizing::new(raw.unwrap_or_default());
        found.extend(in_table(&raw).map_err(|fault| fault.at(&path))?);
    }
    Ok(found)
}

/// The credentials of one table: a header of its own length, its number of strings at byte 4, then the strings, each
/// followed by a zero byte.
fn in_table(raw: &[u8]) -> Result<Vec<Credential>, Fault> {
    let [11, length, _, _, count, ..] = *raw else {
        return Ok(Vec::new());
    };
    let mut rest = raw.get(usize::from(length).max(5)..).unwrap_or_default();
    let mut found: Vec<Credential> = Vec::new();
    for _ in 0..count {
        let end = rest.iter().position(|byte| *byte == 0);
        let text = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let credential = credential(text, end.is_some())?;
        found.extend(credential.filter(|(name, _)| found.iter().all(|(other, _)| other != name)));
        match end {
            Some(end) if end > 0 => rest = rest.get(end + 1..).unwrap_or_default(),
            _ => break,
        }
    }
    Ok(found)
}

/// The credential that the string is, if it is one.
fn credential(text: &[u8], whole: bool) -> Result<Option<Credential>, Fault> {
    let (rest, binary) = match (text.strip_prefix(TEXT), text.strip_prefix(BINARY)) {
        (Some(rest), _) => (rest, false),
        (None, Some(rest)) => (rest, true),
        (None, None) => return Ok(None),
    };
    let Some(at) = rest.iter().position(|byte| *byte == b'=') else {
        return match whole {
            // systemd passes it over too.
            true => Ok(None),
            false => Err(Fault::lasting("a credential is cut off").with_hint(TOO_SMALL)),
        };
    };
    let (name, value) = rest.split_at(at);
    let name = String::from_utf8_lossy(name).into_owned();
    let value = value.get(1..).unwrap_or_default();
    let value = match (whole, binary) {
        (false, _) => Err(Fault::lasting(format!("the credential {name:?} is cut off")).with_hint(TOO_SMALL)),
        (true, false) => Ok(Zeroizing::new(value.to_vec())),
        (true, true) => from_base64(value).ok_or_else(|| {
            Fault::lasting(format!("the credential {name:?} is not base64")).with_hint("encode it with base64 -w0")
        }),
    };
    Ok(Some((name, value)))
}

fn from_base64(value: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let value: Vec<u8> = value
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let value = Zeroizing::new(value);
    let decoded = Base64::decode_vec(std::str::from_utf8(&value).ok()?).ok()?;
    Some(Zeroizing::new(decoded))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A table with these strings.
    pub fn table(strings: &[&str]) -> Vec<u8> {
        let count = u8::try_from(strings.len()).unwrap();
        let mut raw = vec![11, 5, 0, 1, count];
        for text in strings {
            raw.extend_from_slice(text.as_bytes());
            raw.push(0);
        }
        raw.push(0);
        raw
    }

    fn read(raw: &[u8]) -> Result<Vec<(String, String)>, Fault> {
        let text = |(name, value): Credential| Ok((name, String::from_utf8(value?.to_vec()).unwrap()));
        in_table(raw)?.into_iter().map(text).collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn tables() {
        let mut longer = table(&["io.systemd.credential:a=1"]);
        longer[1] = 8;
        longer.splice(5..5, [1, 2, 3]);
        let mut fewer = table(&["x", "io.systemd.credential:a=1"]);
        fewer[4] = 1;
        let mut more = table(&["io.systemd.credential:a=1"]);
        more[4] = 200;
        let mut other = table(&["io.systemd.credential:a=1"]);
        other[0] = 12;
        for (raw, expected) in [
            (table(&[]), vec![]),
            (table(&["Default string", "io.systemd.credentials:a=1"]), vec![]),
            (
                table(&[
                    "x",
                    "io.systemd.credential:a=1=2\n",
                    "io.systemd.credential.binary:b=aGVsbG8=",
                ]),
                vec![pair("a", "1=2\n"), pair("b", "hello")],
            ),
            (
                table(&[
                    "io.systemd.credential:a=1",
                    "io.systemd.credential:a=2",
                    "io.systemd.credential:b=",
                ]),
                vec![pair("a", "1"), pair("b", "")],
            ),
            (longer, vec![pair("a", "1")]),
            (fewer, vec![]),
            (more, vec![pair("a", "1")]),
            (other, vec![]),
            (vec![], vec![]),
            (vec![11, 5, 0, 0], vec![]),
            (vec![11, 255, 0, 0, 3, b'a', 0], vec![]),
            (vec![11, 0, 0, 0, 3, b'a', 0, 0], vec![]),
        ] {
            assert_eq!(read(&raw), Ok(expected), "{raw:?}");
        }
    }

    #[test]
    fn every_cut_is_noticed_or_harmless() {
        let whole = table(&["first", "io.systemd.credential:pass=hunter2", "last"]);
        let secret_ends = whole.len() - "last".len() - 2;
        for length in 0..whole.len() {
            match read(whole.get(..length).unwrap()) {
                Ok(found) if found.is_empty() => assert!(length < 5 + 6 + TEXT.len(), "{length}"),
                Ok(found) => assert!(length >= secret_ends && found == [pair("pass", "hunter2")], "{length}"),
                Err(fault) => assert!(
                    fault.what.contains("cut off") && !fault.to_string().contains("hunter2"),
                    "{fault}"
                ),
            }
        }
    }

    #[test]
    fn what_is_no_base64_is_refused_without_being_shown_to_who_wants_it() {
        let raw = table(&[
            "io.systemd.credential:hunter2",
            "io.systemd.credential.binary:a=hunter2!",
            "io.systemd.credential:b=1",
        ]);
        let found = in_table(&raw).unwrap();
        let [(a, Err(why)), (b, Ok(_))] = found.as_slice() else {
            panic!("{} found", found.len())
        };
        assert_eq!((a.as_str(), b.as_str()), ("a", "b"));
        assert_eq!(
            why.to_string(),
            "the credential \"a\" is not base64: encode it with base64 -w0"
        );
    }
}
