//! Encrypted credentials: systemd leaves them for whoever wants one, and has a program that decrypts them.

use std::time::Duration;

use zeroize::Zeroizing;

use crate::source::{Fault, PART_LIMIT, Places};
use crate::system::run::{Keep, RunError, run};

/// Where systemd collects them.
pub const DIRECTORY: &str = "/run/credentials/@encrypted";

/// The program that has the machine's key, systemd-creds(1).
const PROGRAM: &str = "/usr/bin/systemd-creds";

/// How long it may take: a TPM is slow.
const LIMIT: Duration = Duration::from_secs(15);

/// The credential of that name, decrypted; `None` if there is none.
///
/// # Errors
/// It can't be decrypted on this machine. What the program says is not repeated: it may hold a part of the value.
pub fn read(places: &Places, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Fault> {
    let path = format!("{DIRECTORY}/{name}");
    if !places.root.exists(&path)? {
        return Ok(None);
    }
    let fault = |why: &str| Fault::lasting(format!("can't be decrypted: {why}")).at(&path);
    if !places.root.exists(PROGRAM)? {
        let fault = fault("this machine has no /usr/bin/systemd-creds");
        return Err(fault.with_hint("pass it as plain text, or with LoadCredentialEncrypted="));
    }
    // The program is the running machine's own; the file is named as that machine sees it.
    let file = places.root.path().join(path.trim_start_matches('/'));
    let argv = [
        PROGRAM.to_owned(),
        format!("--name={name}"),
        "decrypt".to_owned(),
        file.to_string_lossy().into_owned(),
        "-".to_owned(),
    ];
    match run(&argv, &[], LIMIT, Keep::Whole(PART_LIMIT)) {
        Ok(said) if said.success => Ok(Some(said.stdout)),
        Ok(_) => {
            let hint = "was it encrypted for this machine, and under this name?";
            Err(fault("systemd-creds refuses").with_hint(hint))
        }
        Err(why @ RunError::Late(_)) => {
            Err(Fault::passing(format!("can't be decrypted: systemd-creds: {why}")).at(&path))
        }
        Err(why) => Err(fault(&format!("systemd-creds: {why}"))),
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;
    use crate::skip::skip;
    use crate::source::media::images::folder;
    use crate::system::Root;

    /// A machine with this file as an encrypted credential, and optionally with a program.
    fn machine(name: &str, bytes: &[u8], program: bool) -> (tempfile::TempDir, Places) {
        let tree = folder(&[]);
        let path = tree.path().join(DIRECTORY.trim_start_matches('/'));
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join(name), bytes).unwrap();
        if program {
            let path = tree.path().join("usr/bin");
            std::fs::create_dir_all(&path).unwrap();
            std::fs::write(path.join("systemd-creds"), "").unwrap();
        }
        let places = Places {
            root: Root::open(tree.path()).unwrap(),
            live: true,
            devices: Vec::new(),
            rules: crate::source::Rules::default(),
        };
        (tree, places)
    }

    /// `text` encrypted under `name` with the key that everybody has, by whichever name this systemd calls it: no key of
    /// the machine is made for a test.
    fn encrypt(name: &str, text: &[u8]) -> Option<Vec<u8>> {
        let source = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(source.path(), text).unwrap();
        ["tpm2-absent", "null"].iter().find_map(|key| {
            let said = Command::new(PROGRAM)
                .args([&format!("--with-key={key}"), &format!("--name={name}")[..], "encrypt"])
                .arg(source.path())
                .arg("-")
                .stderr(Stdio::null())
                .output()
                .ok()?;
            (said.status.success() && !said.stdout.is_empty()).then_some(said.stdout)
        })
    }

    #[test]
    fn systemd_decrypts_them() {
        let name = "passwd.plaintext-password.root";
        let Some(encrypted) = encrypt(name, b"hunter2\n") else {
            skip("no systemd-creds that encrypts without a key");
            return;
        };
        let (_tree, places) = machine(name, &encrypted, true);
        if let Err(why) = read(&places, name) {
            skip(format_args!(
                "this machine's systemd-creds takes no credential without a key: {why}"
            ));
            return;
        }
        assert_eq!(read(&places, name).unwrap().unwrap().as_slice(), b"hunter2\n");
        let (_tree, places) = machine("firstlight.user-data", &encrypted, true);
        let why = read(&places, "firstlight.user-data").unwrap_err().to_string();
        assert!(
            why.contains("firstlight.user-data: can't be decrypted: systemd-creds refuses"),
            "{why}"
        );
    }

    #[test]
    fn what_cannot_be_decrypted_is_named_and_not_shown() {
        let (_tree, places) = machine("firstlight.user-data", b"hunter2", true);
        let why = read(&places, "firstlight.user-data").unwrap_err().to_string();
        assert!(
            why.starts_with(&format!(
                "{DIRECTORY}/firstlight.user-data: can't be decrypted: systemd-creds"
            )),
            "{why}"
        );
        assert!(!why.contains("hunter2"), "{why}");
        assert_eq!(read(&places, "firstlight.meta-data"), Ok(None));
        let (_tree, places) = machine("firstlight.user-data", b"hunter2", false);
        let why = read(&places, "firstlight.user-data").unwrap_err().to_string();
        assert!(why.contains("has no /usr/bin/systemd-creds"), "{why}");
    }
}
