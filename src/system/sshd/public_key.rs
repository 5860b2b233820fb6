//! Public keys as lines, and their fingerprints as ssh-keygen(1) prints them.

use base64ct::{Base64, Base64Unpadded, Encoding};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::vocabulary::FingerprintHash;

/// A public key, taken from the line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// Its kind in the protocol: `ssh-ed25519`.
    pub kind: String,
    /// What is behind the key, or nothing.
    pub comment: String,
    blob: Vec<u8>,
}

impl PublicKey {
    /// Takes the key's kind, base64 and comment in; `None` if it is none.
    pub fn new(kind: &str, base64: &str, comment: &str) -> Option<Self> {
        let blob = Base64::decode_vec(base64).ok()?;
        let (own, rest) = string(&blob)?;
        let is_key = own == kind.as_bytes() && !rest.is_empty();
        let plain = |text: &str| text.chars().filter(|c| !c.is_control()).collect();
        is_key.then(|| Self {
            kind: kind.to_owned(),
            comment: plain(comment),
            blob,
        })
    }

    /// Takes a line as in a `.pub` file apart; `None` if it is none.
    pub fn of_line(line: &str) -> Option<Self> {
        let (kind, rest) = line.trim().split_once([' ', '\t'])?;
        let rest = rest.trim_start();
        let (base64, comment) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        Self::new(kind, base64, comment.trim())
    }

    /// The line of its file.
    pub fn line(&self) -> String {
        let line = format!("{} {} {}", self.kind, Base64::encode_string(&self.blob), self.comment);
        line.trim_end().to_owned()
    }

    /// `SHA256:…`.
    pub fn fingerprint(&self, hash: FingerprintHash) -> String {
        let base64 = |bytes: &[u8]| Base64Unpadded::encode_string(bytes);
        match hash {
            FingerprintHash::Sha256 => format!("SHA256:{}", base64(&Sha256::digest(&self.blob))),
            FingerprintHash::Sha384 => format!("SHA384:{}", base64(&Sha384::digest(&self.blob))),
            FingerprintHash::Sha512 => format!("SHA512:{}", base64(&Sha512::digest(&self.blob))),
        }
    }

    /// As `ssh-keygen -l` prints it: `256 SHA256:… root@web1 (ED25519)`.
    pub fn listed(&self) -> String {
        let fingerprint = self.fingerprint(FingerprintHash::default());
        let comment = if self.comment.is_empty() {
            "no comment"
        } else {
            &self.comment
        };
        format!("{} {fingerprint} {comment} ({})", self.bits(), self.label())
    }

    /// How ssh-keygen(1) calls its kind: `ED25519`.
    pub fn label(&self) -> &'static str {
        match self.kind.as_str() {
            "ssh-rsa" => "RSA",
            "ssh-dss" => "DSA",
            "ssh-ed25519" => "ED25519",
            "sk-ssh-ed25519@openssh.com" => "ED25519-SK",
            "sk-ecdsa-sha2-nistp256@openssh.com" => "ECDSA-SK",
            kind if kind.starts_with("ecdsa-sha2-") => "ECDSA",
            _ => "unknown",
        }
    }

    /// How long it is.
    fn bits(&self) -> usize {
        match self.kind.as_str() {
            "ssh-rsa" => self.length_of(2),
            "ssh-dss" => self.length_of(1),
            "ecdsa-sha2-nistp384" => 384,
            "ecdsa-sha2-nistp521" => 521,
            _ => 256,
        }
    }

    /// How many bits the number at this place of the row has.
    fn length_of(&self, place: usize) -> usize {
        let mut rest = self.blob.as_slice();
        let mut number: &[u8] = &[];
        for _ in 0..=place {
            let Some((one, behind)) = string(rest) else { return 0 };
            (number, rest) = (one, behind);
        }
        let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
        let digits = number.get(start..).unwrap_or_default();
        let unused = digits.first().map_or(0, |first| first.leading_zeros() as usize);
        digits.len() * 8 - unused
    }
}

/// The string that a row begins with, and what is behind it (RFC 4251 §5).
fn string(row: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = row.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_be_bytes(*length) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    // `ssh-keygen -l` and `ssh-keygen -l -E sha512` say so of these.
    const RSA_PRINT: &str = "SHA256:6B4yznfLf+9mriSgbsEDZzzXXiD3ozFir1gINwIE+GY";
    const ED25519_PRINT: &str = "SHA256:qjNZ5+fwNVmFnagFf45AaX/F3x6Y/e+4B9FS1pYm5Uk";
    const RSA: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC+4XCpoZEh3Scoei7BZWoPvuWAg6YDMa94PW65JeyzqIDUF2i0h4RJZW9USuh5hDZ8SYkTEP6LyEh6acoDy8mLq+1t3UOuVErGPJ5+LYztUCrCB0qrbkyxY+PMLoXDh1EnwLXzkZm63aB9y+7U6lEAanzfsUU3b6W0KthqHEMz/ZK585/DbnNqlgxbIDXdEjfaDcVpmo8bvAt8ylB9wLxatJl+i+Nv5fo9sOw0+HRQkJTfcIlS/NUSnR1iel6bdv0MsOo4Vi9K8tBno5X6Bhe/zpQpYl59mlxzhNLLRmaRsQrLYfQIG+ceYDwH4twgj8VojzLfXyyn2jzCq9FHI3x1";
    const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIPvI+ILSPw7yueiGfnC0DmRhuATPncipc/eQ1Uao0mV";

    #[test]
    fn keys_are_listed_as_ssh_keygen_does() {
        for (line, listed) in [
            (ED25519.to_owned(), "256 @ED no comment (ED25519)"),
            (format!("{ED25519} root@web1 x\n"), "256 @ED root@web1 x (ED25519)"),
            (format!("{RSA}\n"), "2048 @RSA no comment (RSA)"),
        ] {
            let key = PublicKey::of_line(&line).unwrap();
            let expected = listed.replace("@ED", ED25519_PRINT).replace("@RSA", RSA_PRINT);
            assert_eq!(key.listed(), expected);
            assert_eq!(key.line(), line.trim());
        }
        let key = PublicKey::of_line(ED25519).unwrap();
        assert_eq!(key.fingerprint(FingerprintHash::Sha512).len(), "SHA512:".len() + 86);
    }

    #[test]
    fn what_is_no_key_is_none() {
        for line in [
            "",
            "ssh-ed25519",
            "ssh-ed25519 AAAA",
            "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIIPv",
            "# ssh-rsa x",
            "-----BEGIN X-----",
        ] {
            assert_eq!(PublicKey::of_line(line), None, "{line}");
        }
        let key = PublicKey::of_line(&format!("{ED25519} a\u{1b}[2Jb")).unwrap();
        assert_eq!(key.comment, "a[2Jb", "nothing of it steers a terminal");
    }
}
