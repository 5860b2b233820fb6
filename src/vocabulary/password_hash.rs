//! Hashes of passwords, as crypt(5) writes them.

use serde::Deserialize;

use super::Secret;

/// A password's hash that a present-day crypt(3) can check.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Secret")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "Secret", extend("pattern" = r"^\$(y|gy|7|2a|2b|2y|6|5)\$[^\s!*:;\\]+$", "examples" = ["$6$saltsalt$0ZTr0y8Mu7cqI5ANvOQzwyUCTVTN1S4lgYZ0rxuD1b4rhXlFfgTQjhb0sZVvWnM6VSTTeTpqPYlVrDeQtDzsO1"])))]
pub struct PasswordHash {
    method: HashMethod,
    text: Secret,
}

/// How a hash was made: the methods of crypt(5) that are still fit for passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashMethod {
    /// `$y$`, yescrypt.
    Yescrypt,
    /// `$gy$`, yescrypt with the GOST hash.
    GostYescrypt,
    /// `$7$`, scrypt.
    Scrypt,
    /// `$2b$`, and its older names `$2a$` and `$2y$`: bcrypt.
    Bcrypt,
    /// `$6$`, SHA-512.
    Sha512,
    /// `$5$`, SHA-256.
    Sha256,
}

impl PasswordHash {
    /// The hash, as it stands in `/etc/shadow`.
    pub fn secret(&self) -> &Secret {
        &self.text
    }

    /// How it was made.
    pub fn method(&self) -> HashMethod {
        self.method
    }

    /// What it begins with: `$6$`, `$2b$`.
    pub fn prefix(&self) -> &str {
        prefix(self.text.expose())
    }
}

impl TryFrom<Secret> for PasswordHash {
    type Error = String;

    fn try_from(text: Secret) -> Result<Self, String> {
        let method = check(text.expose())?;
        Ok(Self { method, text })
    }
}

const NOT_A_HASH: &str = "this is not a password hash, which begins with `$6$`, `$y$`, `$5$` or `$2b$`; \
    plain text goes in `password` (in `chpasswd.users`: `type: text`)";

/// Finds out how a hash was made and whether it is whole. The shapes are those of crypt(5).
fn check(text: &str) -> Result<HashMethod, String> {
    if text.is_empty() {
        return Err("an empty hash would let anybody log in".to_owned());
    }
    if text.starts_with(['!', '*']) {
        return Err("`!` and `*` lock an account; they are not password hashes".to_owned());
    }
    if text.starts_with('$') && text.trim() != text {
        return Err(
            "there is white space before or after the hash: remove it (in double quotes `\\n` is a line break)"
                .to_owned(),
        );
    }
    // `:` and line breaks would break the shadow entry apart; crypt(3) itself refuses the others.
    if text.contains(|c: char| !c.is_ascii_graphic() || "!*:;\\".contains(c)) {
        let dollar = text.starts_with('$');
        let message =
            "a password hash has only ASCII characters, no white space, no control characters, none of `!*:;\\`";
        return Err(if dollar { message } else { NOT_A_HASH }.to_owned());
    }
    let prefix = prefix(text);
    let rest = text.strip_prefix(prefix).unwrap_or_default();
    match prefix {
        "$y$" => check_yescrypt(prefix, rest).map(|()| HashMethod::Yescrypt),
        "$gy$" => check_yescrypt(prefix, rest).map(|()| HashMethod::GostYescrypt),
        "$7$" => check_scrypt(rest).map(|()| HashMethod::Scrypt),
        "$2a$" | "$2b$" | "$2y$" => check_bcrypt(prefix, rest).map(|()| HashMethod::Bcrypt),
        "$6$" => check_sha(prefix, rest, 86).map(|()| HashMethod::Sha512),
        "$5$" => check_sha(prefix, rest, 43).map(|()| HashMethod::Sha256),
        "$1$" | "$2x$" | "$3$" | "$md5$" | "$sha1$" => Err(format!(
            "`{prefix}` hashes are refused because they can be cracked in seconds; create a `$6$` hash with `openssl \
             passwd -6`"
        )),
        _ => Err(NOT_A_HASH.to_owned()),
    }
}

/// The part of a hash that names its method: up to and with the second `$`; empty where there is none.
fn prefix(text: &str) -> &str {
    let second = text.strip_prefix('$').and_then(|rest| rest.find('$'));
    second.and_then(|at| text.get(..at + 2)).unwrap_or_default()
}

fn check_sha(prefix: &str, rest: &str, digest: usize) -> Result<(), String> {
    let rest = match rest.strip_prefix("rounds=") {
        Some(rest) => {
            let (rounds, rest) = rest.split_once('$').ok_or_else(|| cut(prefix))?;
            let number = rounds.parse::<u32>().ok().filter(|_| !rounds.starts_with(['0', '+']));
            if !number.is_some_and(|n| (1000..=999_999_999).contains(&n)) {
                return Err(format!(
                    "the rounds of a `{prefix}` hash are a number from 1000 to 999999999"
                ));
            }
            rest
        }
        None => rest,
    };
    let (salt, hash) = rest.split_once('$').ok_or_else(|| cut(prefix))?;
    check_salt(prefix, salt, 16)?;
    check_digest(prefix, hash, digest)
}

fn check_yescrypt(prefix: &str, rest: &str) -> Result<(), String> {
    let (parameters, rest) = rest.split_once('$').ok_or_else(|| cut(prefix))?;
    if parameters.is_empty() || !is_base64(parameters) {
        return Err(format!("the parameters of this `{prefix}` hash are invalid"));
    }
    let (salt, hash) = rest.split_once('$').ok_or_else(|| cut(prefix))?;
    check_salt(prefix, salt, 86)?;
    if !is_base64(salt) {
        return Err(alphabet(prefix));
    }
    check_digest(prefix, hash, 43)
}

fn check_scrypt(rest: &str) -> Result<(), String> {
    let (setting, hash) = rest.split_once('$').ok_or_else(|| cut("$7$"))?;
    if !(11..=97).contains(&setting.len()) || !is_base64(setting) {
        return Err("parameters and salt of a `$7$` hash have 11 to 97 characters of `./0-9A-Za-z`".to_owned());
    }
    check_digest("$7$", hash, 43)
}

fn check_bcrypt(prefix: &str, rest: &str) -> Result<(), String> {
    let (cost, hash) = rest.split_once('$').ok_or_else(|| cut(prefix))?;
    let number = cost
        .parse::<u8>()
        .ok()
        .filter(|_| cost.len() == 2 && !cost.starts_with('+'));
    if !number.is_some_and(|n| (4..=31).contains(&n)) {
        return Err(format!("the cost of a `{prefix}` hash is a number from 04 to 31"));
    }
    check_digest(prefix, hash, 53)
}

fn check_salt(prefix: &str, salt: &str, most: usize) -> Result<(), String> {
    if (1..=most).contains(&salt.len()) {
        return Ok(());
    }
    let length = salt.len();
    Err(format!(
        "the salt of a `{prefix}` hash has 1 to {most} characters, this one has {length}"
    ))
}

fn check_digest(prefix: &str, hash: &str, length: usize) -> Result<(), String> {
    if !is_base64(hash) {
        return Err(alphabet(prefix));
    }
    let found = hash.len();
    match found.cmp(&length) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => Err(format!(
            "a `{prefix}` hash ends with {length} characters after its last `$`, this one with {found}: it was cut \
             short"
        )),
        std::cmp::Ordering::Greater => Err(format!(
            "a `{prefix}` hash ends with {length} characters after its last `$`, this one with {found}"
        )),
    }
}

fn is_base64(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'/')
}

fn cut(prefix: &str) -> String {
    let shape = match prefix {
        "$6$" => "`$6$salt$` and 86 characters",
        "$5$" => "`$5$salt$` and 43 characters",
        "$y$" => "`$y$parameters$salt$` and 43 characters",
        "$gy$" => "`$gy$parameters$salt$` and 43 characters",
        "$7$" => "`$7$parameters-and-salt$` and 43 characters",
        _ => "`$2b$cost$` and 53 characters",
    };
    format!("this `{prefix}` hash was cut short: it has the shape {shape}")
}

fn alphabet(prefix: &str) -> String {
    format!("a `{prefix}` hash is written with `./0-9A-Za-z` only")
}

#[cfg(test)]
mod tests {
    use super::*;

    // All of the password "a", from libxcrypt 4.4.33.
    const SHA512: &str =
        "$6$rounds=1000$abcd$8vSgtCUyNDHf1D5jnx0Qz4ayEM7Ye1zXm60zPDuxvB7/1CYGLc4yEjpOPEyLLL/5wB2odP08MzsOC69mX8D4v0";
    const YESCRYPT: &str = "$y$j9T$abcdefgh$7i/136rkrCoteXCYVMmke8IbBDFEZdMzaNTpkj.7sJ2";
    const GOST: &str = "$gy$j9T$abcdefgh$.CEZZT.4yJO5MUEXkRY.8SULOK70Hut/aCwcoZZqB.4";
    const SCRYPT: &str = "$7$CU..../....abcdefgh$FT0iqtOtc0jACRXa6qKp3pnW2uQQUJVssNzeR7zhYe2";
    const BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuuMFdJu9yVgmagVAIC24fOZkaFqd3s9JC";

    fn read(text: &str) -> Result<PasswordHash, String> {
        PasswordHash::try_from(Secret::new(text))
    }

    #[test]
    fn whole_hashes_are_taken_as_they_are() {
        let sha256 = format!("$5$saltsaltsaltsalt${}", "a".repeat(43));
        let odd_salt = format!("$6$abc,=+d${}", "a".repeat(86));
        for (text, method, prefix) in [
            (SHA512, HashMethod::Sha512, "$6$"),
            (&odd_salt, HashMethod::Sha512, "$6$"),
            (&sha256, HashMethod::Sha256, "$5$"),
            (YESCRYPT, HashMethod::Yescrypt, "$y$"),
            (GOST, HashMethod::GostYescrypt, "$gy$"),
            (SCRYPT, HashMethod::Scrypt, "$7$"),
            (BCRYPT, HashMethod::Bcrypt, "$2b$"),
            (&BCRYPT.replace("$2b", "$2a"), HashMethod::Bcrypt, "$2a$"),
            (&BCRYPT.replace("$2b", "$2y"), HashMethod::Bcrypt, "$2y$"),
        ] {
            let hash = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(
                (hash.method(), hash.prefix(), hash.secret().expose()),
                (method, prefix, text)
            );
        }
    }

    #[test]
    fn every_hash_cut_anywhere_is_refused() {
        for whole in [SHA512, YESCRYPT, GOST, SCRYPT, BCRYPT] {
            for end in 0..whole.len() {
                assert!(read(&whole[..end]).is_err(), "{}", &whole[..end]);
            }
            assert!(read(&format!("{whole}a")).unwrap_err().contains("this one with"));
        }
        let error = read(&SHA512[..SHA512.len() - 1]).unwrap_err();
        assert!(
            error.contains("86") && error.contains("85") && error.contains("cut short"),
            "{error}"
        );
    }

    #[test]
    fn what_is_not_a_hash_is_refused_with_a_reason() {
        let digest = "a".repeat(86);
        for (text, why) in [
            ("hunter2", "plain text goes in `password`"),
            ("hunter2 with: spaces", "plain text goes in `password`"),
            ("abJnggxhB/yWI", "not a password hash"),
            ("{SSHA}hunter2", "not a password hash"),
            ("$hunter2", "not a password hash"),
            ("$9$a$b", "not a password hash"),
            ("", "empty"),
            ("!", "lock"),
            ("*LK*", "lock"),
            ("$1$salt$qJH7.N4xYta3aEG/dfqo/0", "cracked"),
            (
                "$2x$04$abcdefghijklmnopqrstuuMFdJu9yVgmagVAIC24fOZkaFqd3s9JC",
                "cracked",
            ),
            (&format!("$6$sa:lt${digest}"), "none of"),
            (&format!("$6$sa lt${digest}"), "white space"),
            (&format!("$6$salt${digest}\n"), "white space"),
            (&format!("$6$salt${digest}\0"), "control"),
            (&format!("$6$sält${digest}"), "ASCII"),
            (&format!("$6$${digest}"), "salt"),
            (
                &format!("$6$abcdefghijklmnopq${digest}"),
                "1 to 16 characters, this one has 17",
            ),
            (&format!("$6$rounds=999$salt${digest}"), "1000"),
            (&format!("$6$rounds=05000$salt${digest}"), "1000"),
            (&format!("$6$rounds=+5000$salt${digest}"), "1000"),
            (&format!("$6$rounds=4294967296$salt${digest}"), "1000"),
            (&format!("$6$salt$x${digest}"), "written with"),
            (&format!("$6$salt$-{}", &digest[1..]), "written with"),
            (&BCRYPT.replace("$04$", "$03$"), "04 to 31"),
            (&BCRYPT.replace("$04$", "$4$"), "04 to 31"),
            (&YESCRYPT.replace("j9T", "j_T"), "parameters"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_hash_is_never_shown() {
        let shown = format!("{:?}", read(SHA512).unwrap());
        assert!(!shown.contains("8vSgtCUy"), "{shown}");
    }
}
