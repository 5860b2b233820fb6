//! A machine as the scenarios were recorded on one, and a boot of it: the document is applied to its tree, and then what
//! systemd would start is run there.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64ct::{Base64, Encoding};
use firstlight::document::Document;
use firstlight::module::{Change, DocumentCommand, Once, Program, all};
use firstlight::source::{Choice, Name, Rules, Verdict, search};
use firstlight::state::{self, Store};
use firstlight::system::{Facts, Machine as Seen, Root};
use firstlight::vocabulary::{ANY_INSTANCE, RunOutcome};
use nix::mount::{MsFlags, mount};
use serde_json::Value;

use crate::support::chroot::{copy, install, install_libraries};
use crate::support::mounts::unmount_below;
use crate::support::program::{Said, firstlight, text};
use crate::support::recorded::{lay_accounts, whole};
use crate::support::tree::{build, place};

/// The default user of Photon's cloud-init.
const DEFAULT_USER: &str = "default_user: {name: photon, gecos: PhotonOS, groups: [wheel], shell: /bin/bash, sudo: \
    'ALL=(ALL) NOPASSWD:ALL'}\n";

/// Where programs that are none write down how they were called.
const CALLS: &str = "calls";

/// A package manager and a shutdown(8) that do nothing.
const STAND_INS: [&str; 2] = ["usr/bin/tdnf", "usr/sbin/shutdown"];

/// A machine in a tree, with the seed of a scenario.
pub struct Machine {
    /// Its files.
    pub tree: tempfile::TempDir,
    name: String,
}

impl Machine {
    /// Lays it out as it was before the scenario.
    pub fn of(name: &str, case: &Value) -> Self {
        let machine = Self {
            tree: place(),
            name: name.to_owned(),
        };
        build("photon5", None, machine.tree.path());
        lay_accounts(machine.tree.path());
        fs::remove_file(machine.path("etc/ssh/sshd_config")).unwrap();
        fs::remove_file(machine.path("lib")).unwrap();
        symlink("usr/lib", machine.path("lib")).unwrap();
        machine.write("etc/hostname", b"vm\n");
        machine.write("etc/hosts", b"127.0.0.1\tlocalhost\n");
        machine.write("usr/share/zoneinfo/Europe/Berlin", b"TZif2");
        for program in STAND_INS {
            machine.write(program, b"#!/bin/sh\necho \"${0##*/} $*\" >> /calls\n");
            fs::set_permissions(machine.path(program), fs::Permissions::from_mode(0o755)).unwrap();
        }
        for (path, value) in entries(&case["before"]) {
            machine.write(path, &bytes(value));
        }
        for (key, value) in entries(&case["guestinfo"]) {
            machine.write(&format!("guestinfo/{key}"), &bytes(value));
        }
        machine.seed(&case["seed"]);
        // cloud-init creates no default user unless it is told to.
        let document = case["seed"]["user-data"].as_str().unwrap_or_default();
        if document.contains("users:") || document.contains("user:") {
            machine.write("etc/firstlight/config.yaml", DEFAULT_USER.as_bytes());
        }
        machine
    }

    /// Writes what the seed has to say, or now says.
    pub fn seed(&self, parts: &Value) {
        for (part, value) in entries(parts) {
            let part = format!("var/lib/cloud/seed/nocloud/{part}");
            self.write(&part, &bytes(value));
        }
    }

    /// A file of it.
    pub fn path(&self, path: &str) -> PathBuf {
        self.tree.path().join(path.trim_start_matches('/'))
    }

    fn write(&self, path: &str, content: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// How the stand-ins for programs were called, a line each.
    pub fn calls(&self) -> String {
        fs::read_to_string(self.path(CALLS)).unwrap_or_default()
    }

    /// Where the source is to look, below `root`; `None` where it finds the seed by itself.
    fn place_of_seed(&self, root: &Path) -> Option<(Name, PathBuf)> {
        let guestinfo = root.join("guestinfo");
        match self.name.as_str() {
            "ovf_guestinfo" | "ovf_plain_user_data" => Some((Name::Ovf, guestinfo.join("guestinfo.ovfEnv"))),
            name if name.starts_with("vmware_") => Some((Name::VMware, guestinfo)),
            _ => None,
        }
    }

    fn arguments(&self, root: &Path) -> Vec<String> {
        let place = self.place_of_seed(root);
        let named = place.map(|(name, path)| format!("{}:{}", name.as_str(), path.display()));
        named.map_or_else(Vec::new, |place| vec!["--source".to_owned(), place])
    }

    /// One boot: what was said of the document, and which commands have failed. A document with a mistake, which `apply`
    /// refuses, is given to a boot, which applies the rest.
    pub fn boot(&self) -> (Said, Vec<String>) {
        let source = self.arguments(self.tree.path());
        let mut arguments = vec!["apply", "--format", "json", "--root", text(self.tree.path())];
        arguments.extend(source.iter().map(String::as_str));
        let said = firstlight(&arguments);
        if said.status != 0 {
            self.make_runnable();
            let source = self.arguments(Path::new("/"));
            let mut arguments = vec!["boot", "--stage", "local"];
            arguments.extend(source.iter().map(String::as_str));
            self.run(&arguments);
        }
        let mut failed = self.start_units();
        failed.extend(self.run_once());
        unmount_below(self.tree.path());
        (said, failed)
    }

    /// Starts the units of `bootcmd` and boot hooks that are enabled; those that fail.
    fn start_units(&self) -> Vec<String> {
        let wants = fs::read_dir(self.path("etc/systemd/system/sysinit.target.wants")).unwrap();
        let mut units: Vec<PathBuf> = wants.map(|unit| unit.unwrap().path()).collect();
        units.retain(|unit| unit.file_name().unwrap().to_str().unwrap().starts_with("firstlight-"));
        units.sort();
        let mut failed = Vec::new();
        for unit in units {
            let target = fs::read_link(unit).unwrap();
            let unit = fs::read_to_string(self.path(target.to_str().unwrap())).unwrap();
            let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
            let start: Vec<&str> = start.split(' ').skip(1).collect();
            self.make_runnable();
            if !self.run(&start).status.success() {
                failed.push(format!("{} has failed", start[1]));
            }
        }
        failed
    }

    /// Runs what is left for the boot, as the engine would, but for systemd's part; what fails.
    fn run_once(&self) -> Vec<String> {
        let root = Root::open(self.tree.path()).unwrap();
        let store = Store::new(root.clone());
        let (Some(document), Some(current)) = (self.document(), store.current().unwrap()) else {
            return Vec::new();
        };
        let mut failed = Vec::new();
        for module in all() {
            let facts = Facts {
                ran: store.ran_for(&current.instance_id).unwrap(),
                ..Facts::default()
            };
            let Ok(plan) = module.plan(&document.config, &Seen::new(&root, &facts)) else {
                continue;
            };
            for change in plan.changes {
                match change {
                    Change::DocumentCommand(command) if !self.run_command(&command, &store, &current.instance_id) => {
                        failed.push(format!("{} has failed", command.name));
                    }
                    Change::HostKeys(keys) => {
                        let calls = keys.make.iter().map(|kind| format!("ssh-keygen -t {}\n", kind.name()));
                        self.write(CALLS, (self.calls() + &calls.collect::<String>()).as_bytes());
                    }
                    _ => {}
                }
            }
        }
        failed
    }

    /// Whether it succeeds.
    fn run_command(&self, command: &DocumentCommand, store: &Store, instance_id: &str) -> bool {
        let Program::Script(script) = &command.program else {
            panic!("{}: {:?}", self.name, command.program);
        };
        let instance = match command.once {
            Once::PerMachine => ANY_INSTANCE,
            Once::No | Once::PerInstance | Once::UntilDone(_) => instance_id,
        };
        let begun = store.begin_once(&command.name, instance, 1, command.digest()).unwrap();
        assert_eq!(begun, state::Once::Run, "{}", self.name);
        let path = store.put_script(&command.name, script.text()).unwrap();
        self.make_runnable();
        let is_done = self.run(&["run-script", &command.name, &path]).status.success();
        let outcome = if is_done { RunOutcome::Done } else { RunOutcome::Failed };
        store.end_once(&command.name, outcome).unwrap();
        is_done
    }

    /// The document, as the source finds it.
    pub fn document(&self) -> Option<Document> {
        let root = Root::open(self.tree.path()).unwrap();
        let choice = match self.place_of_seed(self.tree.path()) {
            Some((name, path)) => Choice::At(name, path),
            None => Choice::These(vec![Name::NoCloud, Name::Ovf]),
        };
        match search(&root, false, &choice, &Rules::default()) {
            Verdict::Present(seed) => Some(Document::read(&seed.here().texts())),
            Verdict::Absent(_) | Verdict::Broken(_) | Verdict::Unknown(_) => None,
        }
    }

    /// Puts in what it takes to run our program, a shell and `false` in it.
    fn make_runnable(&self) {
        if self.path("proc/self").exists() {
            return;
        }
        let tree = self.tree.path();
        let program = Path::new(env!("CARGO_BIN_EXE_firstlight"));
        install_libraries(tree, program);
        install(tree, Path::new("/bin/sh"));
        install(tree, Path::new("/bin/false"));
        self.write("dev/null", b"");
        fs::remove_file(self.path("bin/sh")).unwrap();
        for name in ["sh", "false"] {
            copy(&self.path("usr/bin").join(name), &self.path("bin").join(name));
        }
        self.write("usr/bin/firstlight", b"");
        fs::create_dir_all(self.path("proc")).unwrap();
        let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
        mount(Some("/proc"), &self.path("proc"), None::<&str>, flags, None::<&str>).unwrap();
        let bind = MsFlags::MS_BIND;
        let place = self.path("usr/bin/firstlight");
        mount(Some(program), &place, None::<&str>, bind, None::<&str>).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("unshare");
        command.args(["--uts", "chroot", text(self.tree.path()), "/usr/bin/firstlight"]);
        let output = command.args(arguments).env_remove("JOURNAL_STREAM").output().unwrap();
        assert!(
            output.status.code().is_some_and(|code| code != 2),
            "{} {arguments:?}: {output:?}",
            self.name
        );
        output
    }
}

fn entries(parts: &Value) -> impl Iterator<Item = (&String, &str)> {
    let entries = parts.as_object().into_iter().flatten();
    entries.filter_map(|(name, value)| Some((name, value.as_str()?)))
}

fn bytes(value: &str) -> Vec<u8> {
    match value.strip_prefix("base64:") {
        Some(packed) => Base64::decode_vec(packed).unwrap(),
        None => whole(value).into_bytes(),
    }
}
