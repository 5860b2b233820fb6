//! A form about the machine that is posted to an address, until it has been taken, once for an instance. It can't be undone.

use super::document_command::is_booted;
use super::{Acting, ChangeKind};
use crate::document::phone_home::Field;
use crate::engine::act::{ActError, Scene};
use crate::engine::view::{ChangeView, view};
use crate::module::PhoneHome;
use crate::settings::Settings;
use crate::source::http::{Client, Posted};
use crate::source::{Fault, NOT_ALLOWED};
use crate::state::{ImpossibleUndo, Undo};
use crate::system::thread::blocking;
use crate::system::{Kind, Machine, ReadError, Root, clock};
use crate::vocabulary::{HostKeyType, RunOutcome};

/// What is posted where the machine doesn't have it, as in cloud-init.
const NOT_AVAILABLE: &str = "N/A";

/// The most bytes of a public key that are posted. One of RSA with 16,384 bits has 2,800.
const KEY_MAX: u64 = 16 * 1024;

impl ChangeKind for PhoneHome {
    nothing_lasts!();
    by_itself!();

    fn view(&self, _root: &Root) -> Result<ChangeView, ReadError> {
        let how = format!("{}; can't be undone", self.in_words());
        Ok(view("phone-home", &self.home.url.to_string(), "run", &how))
    }

    /// Its module knows whether it was done before.
    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        Ok(self.left_for_boot(machine)?.is_some())
    }

    fn left_for_boot(&self, machine: &Machine<'_>) -> Result<Option<String>, ReadError> {
        let later = || format!("left for the first boot: {}: {}", self.home.url, self.in_words());
        Ok((!is_booted(machine)?).then(later))
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Acting<'a> {
        Box::pin(async move {
            let instance_id = scene.instance_id()?;
            let what = self.home.url.to_string();
            scene.store.begin_again(&self.name, &instance_id, clock::now(), &what)?;
            let told = self.tell(scene, &instance_id).await;
            if told.is_ok() {
                // What has not been told leaves nothing behind.
                let what = format!("{what} has been told");
                scene.record(Undo::Impossible(ImpossibleUndo { what }), &[])?;
            }
            let outcome = if told.is_ok() {
                RunOutcome::Done
            } else {
                RunOutcome::Failed
            };
            scene.store.end_once(&self.name, outcome)?;
            told
        })
    }
}

impl PhoneHome {
    fn in_words(&self) -> String {
        let fields: Vec<&str> = self.home.post.0.iter().map(|field| field.name()).collect();
        let what = match fields.as_slice() {
            [] => "told that the machine is ready".to_owned(),
            fields => format!("told {}", fields.join(", ")),
        };
        format!("{what}, once for this instance")
    }

    async fn tell(&self, scene: &Scene<'_>, instance_id: &str) -> Result<(), ActError> {
        let refused = |fault: Fault| ActError::Refused(fault.to_string());
        let root = scene.system.root.clone();
        let settings = Settings::of(&root).map_err(|error| ActError::Refused(error.to_string()))?;
        let settings = match scene.by_hand {
            true => settings.of_a_person().attended(),
            false => settings,
        };
        let shown = self.home.url.to_string();
        if !settings.rules.allow.network {
            return Err(refused(
                Fault::forbidden(format!("the network is {NOT_ALLOWED}")).at(shown),
            ));
        }
        let address = self.home.address(instance_id);
        let address = address.map_err(|why| refused(Fault::from(why).named_by("with the instance ID it").at(shown)))?;
        let form = self.form(&root, instance_id);
        let (http, tries) = (settings.rules.http, self.home.tries.0);
        let mut client = Client::new(&root, &http);
        client.go_through(self.proxy.clone());
        let post = move || client.post(&address, &form, tries);
        let told = blocking("phone-home", post).await;
        let told = told.map_err(|error| ActError::Refused(format!("can't post anything: {error}")))?;
        told.map_err(refused)
    }

    /// What is posted: read now, as other modules of the same run make host keys and names.
    fn form(&self, root: &Root, instance_id: &str) -> Posted {
        let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
        let mut fields = Vec::new();
        for field in &self.home.post.0 {
            let value = match field {
                Field::PubKeyRsa => public_key(root, HostKeyType::Rsa),
                Field::PubKeyEcdsa => public_key(root, HostKeyType::Ecdsa),
                Field::PubKeyEd25519 => public_key(root, HostKeyType::Ed25519),
                Field::PubKeyDsa => None,
                Field::InstanceId => Some(instance_id.to_owned()),
                Field::Hostname => name
                    .as_ref()
                    .map(|name| name.split('.').next().unwrap_or(name).to_owned()),
                Field::Fqdn => self.fqdn.clone().or_else(|| name.clone()),
            };
            fields.push((field.name(), value.unwrap_or_else(|| NOT_AVAILABLE.to_owned())));
        }
        Posted::form(fields.iter().map(|(name, value)| (*name, value.as_str())))
    }
}

/// The text of a host key's public half, as it is in its file.
fn public_key(root: &Root, kind: HostKeyType) -> Option<String> {
    let path = format!("{}.pub", kind.path());
    let there = root.metadata_followed(&path).ok()??;
    let is_key = there.kind == Kind::File && there.size <= KEY_MAX;
    root.read_text(&path).ok()?.filter(|_| is_key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Texts};
    use crate::source::http::server::{Server, answer};
    use crate::state::{Generation, Store};
    use crate::system::{Facts, Live, System};
    use crate::vocabulary::Run;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5 root@web1\n";

    /// A machine with one host key, and one generation.
    struct Scratch {
        tree: tempfile::TempDir,
        system: System,
        store: Store,
    }

    impl Scratch {
        fn new() -> Self {
            let tree = tempfile::tempdir().unwrap();
            for directory in ["etc/ssh", "etc/firstlight", "run/systemd/system"] {
                std::fs::create_dir_all(tree.path().join(directory)).unwrap();
            }
            std::fs::write(tree.path().join("etc/ssh/ssh_host_ed25519_key.pub"), KEY).unwrap();
            let system = System::tree(tree.path()).unwrap();
            let store = Store::new(system.root.clone());
            let generation = Generation {
                instance_id: "i 1".to_owned(),
                ..Generation::sample()
            };
            store.begin(generation).unwrap();
            Self { tree, system, store }
        }

        fn settle(&self, settings: &str) {
            std::fs::write(self.tree.path().join("etc/firstlight/config.yaml"), settings).unwrap();
        }

        async fn tell(&self, home: &PhoneHome, by_hand: bool) -> Result<(), String> {
            let scene = Scene {
                system: &self.system,
                store: &self.store,
                generation: 1,
                module: "phone_home",
                by_hand,
            };
            home.act(&scene).await.map_err(|error| error.to_string())
        }

        fn ran(&self) -> Option<Run> {
            self.store.ran_for("i 1").unwrap().remove("phone_home")
        }
    }

    fn home(url: &str, below: &str) -> PhoneHome {
        let yaml = format!("phone_home: {{url: '{url}'{below}}}\n");
        let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
        assert_eq!(document.diagnostics, []);
        PhoneHome {
            name: "phone_home".to_owned(),
            home: document.config.phone_home.clone().unwrap(),
            fqdn: Some("web1.example.test".to_owned()),
            proxy: document.config.proxy(),
        }
    }

    fn own_name() -> String {
        let name = nix::unistd::gethostname().unwrap().into_string().unwrap();
        name.split('.').next().unwrap().to_owned()
    }

    #[tokio::test]
    async fn it_posts_what_the_machine_has_by_then_and_notes_that() {
        let scratch = Scratch::new();
        let server = Server::new(vec![answer("200 OK", "", "")]);
        let url = format!(
            "http://u:hunter2@127.0.0.1:{}/hello/$INSTANCE_ID?t=hunter2",
            server.port
        );
        scratch.tell(&home(&url, ""), false).await.unwrap();
        let seen = server.seen().concat();
        assert!(seen.starts_with("POST /hello/i%201?t=hunter2 HTTP/1.1\r\n"), "{seen}");
        let key = "ssh-ed25519%20AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5%20root%40web1%0A";
        let expected = format!(
            "\r\n\r\npub_key_rsa=N%2FA&pub_key_ecdsa=N%2FA&pub_key_ed25519={key}&instance_id=i%201&hostname={}\
             &fqdn=web1.example.test",
            own_name()
        );
        assert!(seen.ends_with(&expected), "{seen}");
        let run = scratch.ran().unwrap();
        assert_eq!(run.outcome, RunOutcome::Done);
        let records = format!("{:?}{run:?}", scratch.store.records(1).unwrap());
        assert!(
            records.contains("has been told") && !records.contains("hunter2"),
            "{records}"
        );
    }

    #[tokio::test]
    async fn what_is_not_taken_is_an_error_which_the_ledger_notes() {
        let scratch = Scratch::new();
        let server = Server::new(vec![answer("403 Forbidden", "", "hunter2"), answer("200 OK", "", "")]);
        let url = format!("http://127.0.0.1:{}/?t=hunter2", server.port);
        let why = scratch.tell(&home(&url, ", post: []"), false).await.unwrap_err();
        assert!(why.ends_with("/?…: the server answered 403 Forbidden"), "{why}");
        assert_eq!(scratch.ran().unwrap().outcome, RunOutcome::Failed);
        assert!(scratch.store.records(1).unwrap().is_empty(), "nothing was done");
        scratch.tell(&home(&url, ", post: [pub_key_rsa]"), false).await.unwrap();
        assert_eq!(scratch.ran().unwrap().outcome, RunOutcome::Done);
        assert!(
            server.seen()[1].ends_with("\r\n\r\npub_key_rsa=N%2FA"),
            "{:?}",
            server.seen()
        );
    }

    /// As for a document that a person names: it may use the network.
    #[tokio::test]
    async fn the_owners_rules_are_those_of_a_boot() {
        let scratch = Scratch::new();
        let server = Server::new(vec![answer("200 OK", "", "")]);
        let home = home(&format!("http://127.0.0.1:{}/", server.port), "");
        scratch.settle("allow: [directory]\n");
        let why = scratch.tell(&home, false).await.unwrap_err();
        assert!(why.contains("not allowed by /etc/firstlight/config.yaml"), "{why}");
        scratch.settle("allow: directory here\n");
        let why = scratch.tell(&home, true).await.unwrap_err();
        assert!(why.contains("config.yaml"), "{why}");
        assert_eq!(server.seen(), Vec::<String>::new());
        scratch.settle("allow: [directory]\n");
        scratch.tell(&home, true).await.unwrap();
    }

    #[tokio::test]
    async fn with_a_strange_instance_id_it_is_no_address() {
        let scratch = Scratch::new();
        let why = scratch
            .tell(&home("http://$INSTANCE_ID/hunter2", ""), false)
            .await
            .unwrap_err();
        assert!(why.contains("with the instance ID it is not an address"), "{why}");
    }

    #[test]
    fn neither_a_tree_nor_a_chroot_calls_and_a_plan_shows_no_secret() {
        let scratch = Scratch::new();
        let root = &scratch.system.root;
        let live = Facts {
            live: Some(Live::default()),
            ..Facts::default()
        };
        let home = home("https://u:hunter2@h.example/a?t=hunter2", ", post: [hostname, fqdn]");
        let left = |facts: &Facts| home.left_for_boot(&Machine::new(root, facts)).unwrap();
        let words = "https://h.example/a?…: told hostname, fqdn, once for this instance";
        assert_eq!(
            left(&Facts::default()),
            Some(format!("left for the first boot: {words}"))
        );
        assert_eq!(left(&live), None);
        assert!(!home.holds(&Machine::new(root, &live)).unwrap());
        std::fs::remove_dir(scratch.tree.path().join("run/systemd/system")).unwrap();
        assert!(left(&live).is_some(), "a chroot");
        let seen = home.view(root).unwrap();
        assert_eq!(seen.summary, format!("{words}; can't be undone"));
    }
}
