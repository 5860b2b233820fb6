//! Which method the machine hashes its own passwords with, and so can verify.

use std::fmt;

use crate::system::{ReadError, Root};

/// A method that [`super::hash`] has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// sha512crypt, `$6$`: every crypt(3) verifies it.
    Sha512,
    /// sha256crypt, `$5$`.
    Sha256,
    /// yescrypt, `$y$`: libxcrypt 4.3 and later, not glibc's own crypt.
    Yescrypt,
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha512 => "sha512crypt",
            Self::Sha256 => "sha256crypt",
            Self::Yescrypt => "yescrypt",
        })
    }
}

/// Where passwords are changed: Debian's and SUSE's, Photon's, and Red Hat's names.
const PAM: [&str; 4] = ["common-password", "system-password", "system-auth", "password-auth"];
const PAM_DIRECTORIES: [&str; 2] = ["/etc/pam.d", "/usr/lib/pam.d"];
const LOGIN_DEFS: [&str; 2] = ["/etc/login.defs", "/usr/etc/login.defs"];

/// The method the machine would use itself: what pam_unix(8) is told, else `ENCRYPT_METHOD` of login.defs(5), else, and
/// wherever that is one we don't have, sha512crypt. In FIPS mode always sha512crypt: yescrypt is not approved.
///
/// # Errors
/// One of the files may not be read.
pub fn scheme(root: &Root) -> Result<Scheme, ReadError> {
    if is_fips(root)? {
        return Ok(Scheme::Sha512);
    }
    for name in PAM {
        if let Some(text) = first_text(root, &PAM_DIRECTORIES.map(|directory| format!("{directory}/{name}")))?
            && let Some(word) = pam_method(&text)
        {
            return Ok(known(word));
        }
    }
    let text = first_text(root, &LOGIN_DEFS.map(str::to_owned))?;
    Ok(text.as_deref().and_then(encrypt_method).map_or(Scheme::Sha512, known))
}

/// Whether the machine's libcrypt knows hashes that begin with `prefix`, such as `$y$`: its name for them is in the
/// file. `None` where no libcrypt is found.
///
/// # Errors
/// The library may not be read.
pub fn libcrypt_knows(root: &Root, prefix: &str) -> Result<Option<bool>, ReadError> {
    let mut directories: Vec<String> = ["/usr/lib64", "/usr/lib", "/lib64", "/lib"].map(str::to_owned).to_vec();
    for base in ["/usr/lib", "/lib"] {
        let names = root.list(base)?;
        let multiarch = names.iter().filter(|name| name.contains("-linux-gnu"));
        directories.extend(multiarch.map(|name| format!("{base}/{name}")));
    }
    for directory in directories {
        for name in ["libcrypt.so.1", "libcrypt.so.2"] {
            let knows = root.holds(&format!("{directory}/{name}"), prefix.as_bytes())?;
            if knows.is_some() {
                return Ok(knows);
            }
        }
    }
    Ok(None)
}

fn is_fips(root: &Root) -> Result<bool, ReadError> {
    let says = |path: &str, word: &str| Ok(root.read_text(path)?.is_some_and(|text| text.trim() == word));
    Ok(says("/proc/sys/crypto/fips_enabled", "1")?
        || says("/etc/crypto-policies/state/current", "FIPS")?
        || root.exists("/etc/system-fips")?)
}

fn first_text(root: &Root, paths: &[String]) -> Result<Option<String>, ReadError> {
    for path in paths {
        if let Some(text) = root.read_text(path)? {
            return Ok(Some(text));
        }
    }
    Ok(None)
}

fn known(word: &str) -> Scheme {
    match word.to_ascii_lowercase().as_str() {
        "yescrypt" => Scheme::Yescrypt,
        "sha256" => Scheme::Sha256,
        _ => Scheme::Sha512,
    }
}

/// The method that the first `password … pam_unix.so` line of a PAM file names, pam.conf(5).
fn pam_method(text: &str) -> Option<&str> {
    const METHODS: [&str; 8] = [
        "yescrypt",
        "gost_yescrypt",
        "sha512",
        "sha256",
        "blowfish",
        "sm3_yescrypt",
        "bigcrypt",
        "md5",
    ];
    text.lines().find_map(|line| {
        let rest = line.trim_start().trim_start_matches('-').strip_prefix("password")?;
        let (_, options) = rest.split('#').next()?.split_once("pam_unix.so")?;
        options.split_ascii_whitespace().find(|option| METHODS.contains(option))
    })
}

fn encrypt_method(text: &str) -> Option<&str> {
    text.lines().find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        (words.next()? == "ENCRYPT_METHOD").then_some(words.next()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(files: &[(&str, &str)]) -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let root = Root::open(dir.path()).unwrap();
        (dir, root)
    }

    const PHOTON_LOGIN_DEFS: (&str, &str) = ("etc/login.defs", "PASS_MAX_DAYS 90\n#ENCRYPT_METHOD SHA512\n");
    const DEBIAN_LOGIN_DEFS: (&str, &str) = ("etc/login.defs", "UMASK 022\nENCRYPT_METHOD SHA512\n");

    #[test]
    fn the_machine_decides() {
        let photon = "password  requisite   pam_pwquality.so retry=3\n\
                      password  required    pam_unix.so sha512 shadow use_authtok\n";
        let debian = "# password [success=1] pam_unix.so md5\n\
                      password\t[success=1 default=ignore]\tpam_unix.so obscure yescrypt\n\
                      password\trequisite\tpam_deny.so\n";
        let rhel = "auth sufficient pam_unix.so nullok sha256\n\
                    -password sufficient pam_unix.so sha512 shadow nullok use_authtok # yescrypt\n";
        let system_password = |text: &'static str| ("etc/pam.d/system-password", text);
        let yescrypt = "password required pam_unix.so yescrypt shadow use_authtok";
        for (name, files, expected) in [
            (
                "Photon 4",
                vec![PHOTON_LOGIN_DEFS, system_password(photon)],
                Scheme::Sha512,
            ),
            (
                "Photon 5",
                vec![PHOTON_LOGIN_DEFS, system_password(photon)],
                Scheme::Sha512,
            ),
            (
                "Photon 6",
                vec![
                    ("etc/login.defs", "#ENCRYPT_METHOD YESCRYPT\n"),
                    system_password(yescrypt),
                ],
                Scheme::Yescrypt,
            ),
            (
                "Debian 12",
                vec![DEBIAN_LOGIN_DEFS, ("etc/pam.d/common-password", debian)],
                Scheme::Yescrypt,
            ),
            (
                "Debian 13",
                vec![
                    ("etc/login.defs", "ENCRYPT_METHOD YESCRYPT\n"),
                    ("etc/pam.d/common-password", debian),
                ],
                Scheme::Yescrypt,
            ),
            (
                "RHEL 9",
                vec![
                    DEBIAN_LOGIN_DEFS,
                    ("etc/pam.d/system-auth", rhel),
                    ("etc/pam.d/password-auth", rhel),
                ],
                Scheme::Sha512,
            ),
            (
                "SUSE",
                vec![("usr/lib/pam.d/common-password", "password required pam_unix.so sha256")],
                Scheme::Sha256,
            ),
            (
                "PAM without a method",
                vec![
                    ("etc/login.defs", "ENCRYPT_METHOD\tyescrypt"),
                    system_password("password required pam_unix.so"),
                ],
                Scheme::Yescrypt,
            ),
            (
                "a method we don't have",
                vec![system_password("password required pam_unix.so blowfish")],
                Scheme::Sha512,
            ),
            (
                "an outdated method",
                vec![("etc/login.defs", "ENCRYPT_METHOD DES\n")],
                Scheme::Sha512,
            ),
            ("nothing", vec![], Scheme::Sha512),
            (
                "FIPS",
                vec![
                    ("proc/sys/crypto/fips_enabled", "1\n"),
                    ("etc/pam.d/common-password", debian),
                ],
                Scheme::Sha512,
            ),
        ] {
            let (_dir, root) = root(&files);
            assert_eq!(scheme(&root).unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn the_library_says_what_it_knows() {
        let (_dir, old) = root(&[("usr/lib/libcrypt.so.1", "\0$1$\0$5$\0$6$\0")]);
        assert_eq!(libcrypt_knows(&old, "$y$").unwrap(), Some(false));
        assert_eq!(libcrypt_knows(&old, "$6$").unwrap(), Some(true));
        let (_dir, new) = root(&[("usr/lib/x86_64-linux-gnu/libcrypt.so.1", "$6$\0$gy$\0$y$\0")]);
        assert_eq!(libcrypt_knows(&new, "$y$").unwrap(), Some(true));
        let (_dir, none) = root(&[]);
        assert_eq!(libcrypt_knows(&none, "$y$").unwrap(), None);
    }
}
