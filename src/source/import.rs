//! People's public keys, at the sites that have them.

use super::http::Client;
use super::{Fault, NOT_ALLOWED, Rules};
use crate::document::AuthorizedKey;
use crate::document::authorized_key::KeyParts;
use crate::document::import_id::{Import, ImportId, Imported, Site};
use crate::vocabulary::Address;

/// The most that a site may say of one person, in bytes.
const TEXT_LIMIT: u64 = 256 * 1024;

/// The most keys of one person.
const KEYS_LIMIT: usize = 100;

/// The most people.
const PEOPLE_LIMIT: usize = 32;

/// Where the sites are. `%s` in an address stands for a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySites {
    /// In place of GitHub.
    pub gh: Option<Address>,
    /// In place of Launchpad.
    pub lp: Option<Address>,
}

impl KeySites {
    /// Where somebody's keys are.
    ///
    /// # Errors
    /// With that name it is no address.
    fn address(&self, id: &ImportId) -> Result<Address, Fault> {
        let (set, usual) = match id.site {
            Site::GitHub => (&self.gh, "https://github.com/%s.keys"),
            Site::Launchpad => (&self.lp, "https://launchpad.net/~%s/+sshkeys"),
        };
        let site = match set {
            Some(address) => address.clone(),
            None => usual.parse().map_err(Fault::from)?,
        };
        site.file(&id.name).map_err(Fault::from)
    }
}

/// Asks the sites for these people's keys. What can't be had is told for each.
pub fn import(ids: &[ImportId], client: &mut Client, rules: &Rules) -> Imported {
    let imports = ids.iter().enumerate().map(|(number, id)| {
        let keys = match number < PEOPLE_LIMIT {
            true => allowed(rules).and_then(|()| keys_of(id, client, rules)),
            false => Err(Fault::lasting(format!(
                "the keys of more than {PEOPLE_LIMIT} people are not imported"
            ))),
        };
        let import = match keys {
            Ok(keys) => Import { keys, failed: None },
            Err(fault) => Import {
                keys: Vec::new(),
                failed: Some(fault.to_string()),
            },
        };
        (id.clone(), import)
    });
    Imported {
        asked: true,
        by: imports.collect(),
    }
}

/// No site signs anything for the machine's owner.
fn allowed(rules: &Rules) -> Result<(), Fault> {
    if !rules.allow.network {
        return Err(Fault::forbidden(format!("the network is {NOT_ALLOWED}")));
    }
    match rules.signed() {
        true => {
            let fault = Fault::forbidden("none of the trusted_keys in /etc/firstlight/config.yaml has signed them");
            Err(fault.with_hint("write them to `ssh_authorized_keys`"))
        }
        false => Ok(()),
    }
}

fn keys_of(id: &ImportId, client: &mut Client, rules: &Rules) -> Result<Vec<AuthorizedKey>, Fault> {
    let address = rules.key_sites.address(id)?;
    let nobody = || Fault::lasting("there is nobody of that name").at(address.to_string());
    let bytes = client.get(&address, TEXT_LIMIT)?.ok_or_else(nobody)?;
    keys_in(&String::from_utf8_lossy(&bytes), id).map_err(|fault| fault.at(address.to_string()))
}

/// The keys of a text, a line each, with who has them as their comment. Options are the document's to say: a line with some
/// is left out, like one that sshd doesn't take.
fn keys_in(text: &str, id: &ImportId) -> Result<Vec<AuthorizedKey>, Fault> {
    let mut keys = Vec::new();
    for (number, line) in text.lines().map(str::trim).enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if keys.len() == KEYS_LIMIT {
            return Err(Fault::lasting(format!("has more than {KEYS_LIMIT} keys")));
        }
        let bare = KeyParts::of(line).filter(|parts| parts.options.is_empty());
        let no_key = || "it is no public key, or has options".to_owned();
        let key = bare.ok_or_else(no_key).and_then(|KeyParts { kind, blob, .. }| {
            // The comment is that of ssh-import-id(1).
            AuthorizedKey::try_from(format!("{kind} {blob} # ssh-import-id {id}"))
        });
        match key {
            Ok(key) => keys.push(key),
            Err(why) => tracing::warn!("line {} of the keys of {id} is not imported: {why}", number + 1),
        }
    }
    match keys.is_empty() {
        true => Err(Fault::lasting("has no key in it that sshd takes")),
        false => Ok(keys),
    }
}

#[cfg(test)]
mod tests {
    use super::super::http::server::{Server, answer};
    use super::super::{Allow, Http};
    use super::*;
    use crate::system::Root;
    use std::time::Duration;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5";

    fn id(text: &str) -> ImportId {
        ImportId::try_from(text.to_owned()).unwrap()
    }

    fn asked(ids: &[&str], rules: &Rules) -> Vec<Result<Vec<String>, String>> {
        let root = tempfile::tempdir().unwrap();
        let http = Http {
            retry_for: Duration::ZERO,
            ..Http::default()
        };
        let mut client = Client::new(&Root::open(root.path()).unwrap(), &http);
        let ids: Vec<ImportId> = ids.iter().map(|text| id(text)).collect();
        let imported = import(&ids, &mut client, rules);
        assert!(imported.asked);
        let each = ids.iter().map(|id| &imported.by[id]);
        let lines = |import: &Import| import.keys.iter().map(|key| key.line().to_owned()).collect();
        each.map(|import| import.failed.clone().map_or_else(|| Ok(lines(import)), Err))
            .collect()
    }

    fn at(server: &Server) -> Rules {
        let address = |path: &str| Some(server.address(path));
        Rules {
            key_sites: KeySites {
                gh: address("/gh/%s.keys"),
                lp: address("/lp/~%s/+sshkeys"),
            },
            ..Rules::default()
        }
    }

    #[test]
    fn each_site_has_its_address() {
        for (text, expected) in [
            ("gh:Octo-cat", "https://github.com/Octo-cat.keys"),
            ("lp:a.b+c", "https://launchpad.net/~a.b+c/+sshkeys"),
        ] {
            assert_eq!(KeySites::default().address(&id(text)).unwrap().written(), expected);
        }
    }

    #[test]
    fn what_one_site_has_is_imported_where_another_fails() {
        let server = Server::of(&[
            (
                "/gh/bob.keys",
                &format!("{KEY}\n{KEY} bob@laptop with words\r\n\n# x\n"),
            ),
            ("/lp/~amy/+sshkeys", &format!("{KEY}\n")),
            ("/gh/none.keys", "\n"),
        ]);
        let found = asked(&["gh:bob", "amy", "gh:gone", "gh:none"], &at(&server));
        assert_eq!(found[0], Ok(vec![format!("{KEY} # ssh-import-id gh:bob"); 2]));
        assert_eq!(found[1], Ok(vec![format!("{KEY} # ssh-import-id lp:amy")]));
        let place = format!("http://127.0.0.1:{}/gh", server.port);
        assert_eq!(
            found[2],
            Err(format!("{place}/gone.keys: there is nobody of that name"))
        );
        assert_eq!(
            found[3],
            Err(format!("{place}/none.keys: has no key in it that sshd takes"))
        );
    }

    /// A site may be somebody else's by now, or a portal that wants a login.
    #[test]
    fn of_what_a_site_says_only_keys_are_taken() {
        let many = format!("{KEY}\n").repeat(KEYS_LIMIT + 1);
        for (text, expected) in [
            (format!("command=\"/bin/sh\" {KEY}\n"), Err("no key in it")),
            (
                format!("no-pty {KEY}\nssh-dss AAAA\n{}\n", &KEY[..KEY.len() - 4]),
                Err("no key in it"),
            ),
            ("<html>\n<a href='login'>\n".to_owned(), Err("no key in it")),
            ("\u{1b}[2J\0\n".to_owned(), Err("no key in it")),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\n".to_owned(), Err("no key in it")),
            (format!("restrict {KEY}\n{KEY}\n"), Ok(1)),
            (many, Err("more than 100 keys")),
        ] {
            let found = keys_in(&text, &id("gh:bob")).map(|keys| keys.len());
            match (found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text}"),
                (Err(fault), Err(words)) => assert!(fault.to_string().contains(words), "{text}: {fault}"),
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
        let server = Server::new(vec![answer("200 OK", "", &"x".repeat(300_000))]);
        assert!(
            asked(&["gh:bob"], &at(&server))[0]
                .clone()
                .unwrap_err()
                .contains("262144 bytes")
        );
    }

    #[test]
    fn the_owners_rules_come_first() {
        let server = Server::of(&[("/gh/bob.keys", KEY)]);
        let none = Rules {
            allow: Allow {
                network: false,
                ..Allow::default()
            },
            ..at(&server)
        };
        assert!(
            asked(&["gh:bob"], &none)[0]
                .clone()
                .unwrap_err()
                .contains("not allowed")
        );
        let signed = Rules {
            trusted_keys: vec![super::super::signature::tests::key()],
            ..at(&server)
        };
        assert!(
            asked(&["gh:bob"], &signed)[0]
                .clone()
                .unwrap_err()
                .contains("trusted_keys")
        );
        assert_eq!(server.seen(), Vec::<String>::new());
        let many: Vec<String> = (0..=PEOPLE_LIMIT).map(|number| format!("gh:a{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(
            asked(&many, &at(&server))
                .pop()
                .unwrap()
                .unwrap_err()
                .contains("more than 32 people")
        );
    }
}
