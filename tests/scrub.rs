//! Guarantee 6, in the hypervisor: after a successful boot, guestinfo no longer holds a secret, and the next boots
//! know that
//! what is left of the document is the same document. A whole boot in a tree, with a tool that answers from files.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use base64ct::{Base64, Encoding};
use nix::mount::{MsFlags, mount};
use serde_json::Value;
use support::chroot::{copy, install};
use support::mounts::{unmount_below, with_own_mounts};
use support::tree::{build, place};

const HASH: &str =
    "$6$saltsaltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/";

/// Answers from `/guestinfo`, writes down what it is told, and refuses, lies or kills who asks, as files say.
const RPCTOOL: &str = r#"#!/bin/sh
printf '%s|' "$#" "$@" >>/told
echo >>/told
case $1 in
"info-get guestinfo."*)
    [ -e /mute-once ] && rm /mute-once && exit 1
    [ -e /mute ] && exit 1
    cat "/guestinfo/${1#info-get guestinfo.}" 2>/dev/null && echo && exit
    echo 'No value found' >&2
    exit 1 ;;
"info-set guestinfo."*)
    rest=${1#info-set guestinfo.}
    key=${rest%% *}
    cat /var/lib/firstlight/generations/1/generation.json >"/known/$key"
    [ -e "/refuse/$key" ] && echo 'Permission denied' >&2 && exit 1
    [ -e "/kill-before/$key" ] && rm "/kill-before/$key" && kill -9 $PPID
    [ -e "/lie/$key" ] && exit 0
    printf %s "${rest#* }" >"/guestinfo/$key"
    [ -e "/mute-after/$key" ] && >/mute
    [ -e "/kill-after/$key" ] && rm "/kill-after/$key" && kill -9 $PPID
    exit 0 ;;
esac
exit 1
"#;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBf5Y1nQvY2m0g3Wv3kM3J5o1pQ8x6Zk0q9kq0m1J4uR admin";

/// Of this host, where the machine expects them.
const MOUNTS: [&str; 2] = ["proc", "dev/null"];

/// A VMware machine, as a tree to chroot(2) to.
struct Machine {
    tree: tempfile::TempDir,
}

impl Machine {
    fn new(guestinfo: &[(&str, &str)]) -> Self {
        let tree = place();
        build("photon5", None, tree.path());
        // As an image whose root may log in with a key: where none may, keys are short of what was asked.
        let sshd = tree.path().join("etc/ssh/sshd_config");
        let config = fs::read_to_string(&sshd).unwrap();
        fs::write(
            &sshd,
            config.replace("\nPermitRootLogin no\n", "\nPermitRootLogin prohibit-password\n"),
        )
        .unwrap();
        let machine = Self { tree };
        let _ = fs::remove_file(machine.path("lib"));
        symlink("usr/lib", machine.path("lib")).unwrap();
        symlink("usr/bin", machine.path("bin")).unwrap();
        for directory in [
            "guestinfo",
            "known",
            "refuse",
            "lie",
            "kill-before",
            "kill-after",
            "proc",
            "usr/bin",
        ] {
            fs::create_dir_all(machine.path(directory)).unwrap();
        }
        machine.write("sys/class/dmi/id/sys_vendor", "VMware, Inc.\n");
        machine.write(
            "sys/class/dmi/id/product_uuid",
            "4c4c4544-0042-3510-8052-b4c04f564433\n",
        );
        for program in ["/bin/sh", "/bin/cat", "/bin/rm", env!("CARGO_BIN_EXE_firstlight")] {
            install(machine.tree.path(), Path::new(program));
        }
        machine.write("rpctool", RPCTOOL);
        fs::set_permissions(machine.path("rpctool"), fs::Permissions::from_mode(0o755)).unwrap();
        copy(&machine.path("rpctool"), &machine.path("usr/bin/vmware-rpctool"));
        machine.write("dev/null", "");
        for path in MOUNTS {
            let (from, flags) = (Path::new("/").join(path), MsFlags::MS_BIND | MsFlags::MS_REC);
            mount(Some(&from), &machine.path(path), None::<&str>, flags, None::<&str>).unwrap();
        }
        machine.power_on(guestinfo);
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.tree.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// What the hypervisor sets, whenever it does.
    fn power_on(&self, guestinfo: &[(&str, &str)]) {
        for (key, value) in guestinfo {
            self.write(&format!("guestinfo/{key}"), value);
        }
    }

    fn has(&self, key: &str) -> String {
        fs::read_to_string(self.path(&format!("guestinfo/{key}"))).unwrap_or_default()
    }

    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = Command::new("chroot");
        command.arg(self.tree.path()).arg("/usr/bin/firstlight").args(arguments);
        let output = command.env_remove("JOURNAL_STREAM").output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap_or(-1), String::from_utf8(said).unwrap())
    }

    /// A boot: both stages, with a new `/run`. Ends early when the power fails.
    fn boot(&self) -> Value {
        let _ = fs::remove_dir_all(self.path("run/firstlight"));
        let local = self.run(&["boot", "--stage", "local", "-v"]);
        assert_ne!(local.0, 1, "{local:?}");
        let system = self.run(&["boot", "--stage", "system", "-v"]);
        assert!(!format!("{local:?}{system:?}").contains("Zq1"), "{local:?}{system:?}");
        assert!(self.path("run/firstlight/status.json").exists(), "{local:?}{system:?}");
        let status = fs::read_to_string(self.path("run/firstlight/status.json")).unwrap();
        let mut status: Value = serde_json::from_str(&status).unwrap();
        status["said"] = format!("{}\n{}", local.1, system.1).into();
        status
    }

    fn generations(&self) -> usize {
        fs::read_dir(self.path("var/lib/firstlight/generations"))
            .unwrap()
            .count()
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_str(&fs::read_to_string(self.path(path)).unwrap()).unwrap()
    }

    /// What the tool was told to set, and that nothing of it is a secret.
    fn told(&self) -> Vec<String> {
        let told = fs::read_to_string(self.path("told")).unwrap();
        assert!(!told.contains("Zq1"), "a secret on a command line: {told}");
        let set = told.split("\n1|info-set guestinfo.").skip(1);
        set.map(|set| set.split('|').next().unwrap().to_owned()).collect()
    }

    #[track_caller]
    fn is_configured(&self) {
        let shadow = fs::read_to_string(self.path("etc/shadow")).unwrap();
        assert!(shadow.starts_with(&format!("root:{HASH}:")), "{shadow}");
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        unmount_below(self.tree.path());
    }
}

const METADATA: &str = "instance-id: i-1\n";

/// The document, with a word that must be nowhere.
fn user_data(rest: &str) -> String {
    format!("#cloud-config\n# Zq1 secret\nroot: {{hashed_password: \"{HASH}\"}}\n{rest}")
}

fn vendor_data() -> String {
    format!("# Zq1 secret\nroot: {{ssh_authorized_keys: [{KEY}]}}\n")
}

fn environment(password: &str, document: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<Environment xmlns="http://schemas.dmtf.org/ovf/environment/1" xmlns:oe="http://schemas.dmtf.org/ovf/environment/1">
<PropertySection>
<Property oe:key="com.example.other" oe:value="it's &quot;kept&quot; $(x) é"/>
<Property oe:key="firstlight.root-password" oe:value="{password}"/>
<Property oe:key='user-data' oe:value='{document}'/>
<Property oe:key="firstlight.ssh-key" oe:value="{KEY}"/>
</PropertySection>
</Environment>
"#
    )
}

#[test]
fn guestinfo_is_overwritten_after_a_boot_that_went_well() {
    with_own_mounts("guestinfo_is_overwritten_after_a_boot_that_went_well", || {
        let encoded = Base64::encode_string(user_data("").as_bytes());
        let vendor = vendor_data();
        let keys = [
            ("metadata", METADATA),
            ("userdata", encoded.as_str()),
            ("userdata.encoding", "base64"),
            ("vendordata", vendor.as_str()),
        ];
        let machine = Machine::new(&keys);
        let status = machine.boot();
        assert_eq!(status["status"], "done", "{status:#}");
        assert_eq!(status["modules"].as_array().unwrap().last().unwrap()["name"], "scrub");
        let told = ["userdata ---", "userdata.encoding  ", "vendordata ---"];
        assert_eq!(machine.told(), told);
        assert_eq!(
            (machine.has("userdata"), machine.has("metadata")),
            ("---".into(), METADATA.into())
        );
        let report = machine.json("var/lib/firstlight/generations/1/report.json");
        let modules = report["stages"]["system"]["modules"].as_array().unwrap();
        let last = modules.last().unwrap();
        assert_eq!(
            (&last["name"], &last["changed"][1]["target"]),
            (&"scrub".into(), &"guestinfo.vendordata".into())
        );
        assert_eq!(report["outcome"], "done");
        // What may be left was on disk before the first value was overwritten; then what is left.
        let left = |path: &str| machine.json(path)["scrubbed"].as_array().unwrap().clone();
        let after = left("var/lib/firstlight/generations/1/generation.json");
        assert_eq!(left("known/userdata").last(), after.last());
        assert_eq!((left("known/userdata").len(), after.len()), (3, 1));

        // The next boot changes nothing, and asks for nothing to be set.
        let status = machine.boot();
        assert_eq!(
            (&status["status"], machine.generations()),
            (&"done".into(), 1),
            "{status:#}"
        );
        assert_eq!(machine.told(), told);
        machine.is_configured();

        // By hand, what is left is not taken for the document.
        for command in [&["plan"][..], &["apply"]] {
            let (exit, said) = machine.run(command);
            assert_eq!(exit, 1, "{said}");
            assert!(
                said.contains("of generation 1 was overwritten in the hypervisor"),
                "{said}"
            );
        }
        machine.is_configured();

        // The original again is nothing new, and goes again; a new one is applied, and goes too.
        machine.power_on(&keys);
        let status = machine.boot();
        assert_eq!(
            (&status["status"], machine.generations()),
            (&"done".into(), 1),
            "{status:#}"
        );
        assert_eq!(
            (machine.has("userdata"), machine.has("vendordata")),
            ("---".into(), "---".into())
        );
        machine.power_on(&[("userdata", &user_data("firstlight: {keep_generations: 5}\n"))]);
        let status = machine.boot();
        assert_eq!(
            (&status["status"], machine.generations()),
            (&"done".into(), 2),
            "{status:#}"
        );
        assert_eq!(machine.has("userdata"), "---");
        machine.told();
        machine.is_configured();
    });
}

#[test]
fn a_document_alone_is_gone_and_its_machine_stays() {
    with_own_mounts("a_document_alone_is_gone_and_its_machine_stays", || {
        let machine = Machine::new(&[("userdata", &user_data(""))]);
        assert_eq!(machine.boot()["status"], "done");
        assert_eq!(machine.has("userdata"), "---");
        let status = machine.boot();
        assert_eq!(
            (&status["status"], machine.generations()),
            (&"done".into(), 1),
            "{status:#}"
        );
        let detail = status["detail"].as_str().unwrap();
        assert!(
            detail.starts_with("the document was overwritten in the hypervisor"),
            "{detail}"
        );
        machine.is_configured();
    });
}

#[test]
fn the_secrets_of_an_ovf_environment_are_emptied() {
    with_own_mounts("the_secrets_of_an_ovf_environment_are_emptied", || {
        let document = Base64::encode_string(user_data("").as_bytes());
        let whole = environment("Zq1 password", &document);
        let left = environment("", "");
        let machine = Machine::new(&[("ovfEnv", &whole)]);
        let status = machine.boot();
        assert_eq!(status["status"], "done", "{status:#}");
        assert_eq!(machine.has("ovfEnv"), left.trim());
        assert_eq!(machine.told(), [format!("ovfEnv {}", left.trim())]);
        assert_eq!(machine.boot()["status"], "done");
        // vCenter writes it again at each power-on.
        machine.power_on(&[("ovfEnv", &whole)]);
        let status = machine.boot();
        assert_eq!(
            (&status["status"], machine.generations()),
            (&"done".into(), 1),
            "{status:#}"
        );
        assert_eq!(machine.has("ovfEnv"), left.trim());
        assert_eq!(machine.told().len(), 2);
        machine.is_configured();
    });
}

/// With both transports of OVF, what was read from the one is in guestinfo as well.
#[test]
fn a_copy_of_the_environment_is_emptied_too() {
    with_own_mounts("a_copy_of_the_environment_is_emptied_too", || {
        let document = Base64::encode_string(user_data("").as_bytes());
        let whole = environment("", &document);
        let machine = Machine::new(&[("ovfEnv", &whole)]);
        let file = "var/lib/firstlight/seed/ovf-env.xml";
        machine.write(file, &whole);
        assert_eq!(machine.boot()["status"], "done");
        assert_eq!(machine.has("ovfEnv"), environment("", "").trim());
        assert_eq!(machine.boot()["status"], "done");
        fs::remove_file(machine.path(file)).unwrap();
        let status = machine.boot();
        assert_eq!(
            (&status["status"], machine.generations()),
            (&"done".into(), 1),
            "{status:#}"
        );
        machine.is_configured();
        // Another environment is not this boot's.
        let machine = Machine::new(&[("ovfEnv", &environment("Zq1 other", ""))]);
        machine.write(file, &whole);
        assert_eq!(machine.boot()["status"], "done");
        assert_eq!(machine.has("ovfEnv"), environment("Zq1 other", ""));
    });
}

#[test]
fn cut_off_anywhere_the_next_boot_ends_as_asked() {
    with_own_mounts("cut_off_anywhere_the_next_boot_ends_as_asked", || {
        for moment in ["kill-before", "kill-after"] {
            for key in ["userdata", "userdata.encoding", "vendordata"] {
                let machine = Machine::new(&[
                    ("metadata", METADATA),
                    ("userdata", &Base64::encode_string(user_data("").as_bytes())),
                    ("userdata.encoding", "base64"),
                    ("vendordata", &vendor_data()),
                ]);
                let switch = format!("{moment}/{key}");
                machine.write(&switch, "");
                let status = machine.boot();
                assert!(!machine.path(&switch).exists(), "{switch}: nothing was cut off");
                assert_eq!(status["status"], "running", "{switch}: {status:#}");
                let status = machine.boot();
                assert_eq!(
                    (&status["status"], machine.generations()),
                    (&"done".into(), 1),
                    "{switch}: {status:#}"
                );
                machine.is_configured();
                for key in ["userdata", "vendordata"] {
                    assert_eq!(machine.has(key), "---", "{switch}");
                }
                assert_eq!(machine.boot()["status"], "done", "{switch}");
                assert_eq!(machine.generations(), 1, "{switch}");
            }
        }
    });
}

#[test]
fn what_cannot_be_overwritten_degrades_the_machine_until_it_can() {
    with_own_mounts("what_cannot_be_overwritten_degrades_the_machine_until_it_can", || {
        for how in ["refuse", "lie"] {
            let machine = Machine::new(&[
                ("metadata", METADATA),
                ("userdata", &user_data("")),
                ("vendordata", &vendor_data()),
            ]);
            let switch = format!("{how}/vendordata");
            machine.write(&switch, "");
            for _ in 0..2 {
                let status = machine.boot();
                assert_eq!(status["status"], "degraded", "{status:#}");
                let problem = status["problems"][0].as_str().unwrap();
                assert!(
                    problem.starts_with("scrub: guestinfo.vendordata still holds secrets"),
                    "{problem}"
                );
                assert!(
                    problem.contains("remove it in the hypervisor, or let the guest"),
                    "{problem}"
                );
                assert_eq!((machine.has("userdata"), machine.generations()), ("---".into(), 1));
                assert_eq!(
                    machine.json("var/lib/firstlight/generations/1/report.json")["outcome"],
                    "degraded"
                );
                machine.is_configured();
            }
            fs::remove_file(machine.path(&switch)).unwrap();
            let status = machine.boot();
            assert_eq!(
                (&status["status"], machine.generations()),
                (&"done".into(), 1),
                "{status:#}"
            );
            assert_eq!(machine.has("vendordata"), "---");
            assert_eq!(
                machine.json("var/lib/firstlight/generations/1/report.json")["outcome"],
                "done"
            );
            machine.is_configured();
        }
    });
}

#[test]
fn what_a_boot_still_needs_or_the_document_keeps_stays() {
    with_own_mounts("what_a_boot_still_needs_or_the_document_keeps_stays", || {
        let redact = format!("{METADATA}redact: [userdata, metadata]\n");
        for (metadata, rest, status, said) in [
            (METADATA, "services: {absent-unit: true}\n", "degraded", "absent-unit"),
            (METADATA, "firstlight: {scrub: false}\n", "done", ""),
            (
                &redact,
                "firstlight: {scrub: false}\n",
                "done",
                "asks to redact userdata, but the document says",
            ),
            (
                &redact,
                "firstlight: {scrub: false}\n",
                "done",
                "`redact` has unknown entries",
            ),
        ] {
            let machine = Machine::new(&[("metadata", metadata), ("userdata", &user_data(rest))]);
            for _ in 0..2 {
                let found = machine.boot();
                assert_eq!(found["status"], status, "{rest}: {found:#}");
                assert!(found["said"].as_str().unwrap().contains(said), "{found:#}");
                assert_eq!(
                    (machine.has("userdata"), machine.told()),
                    (user_data(rest), vec![]),
                    "{rest}"
                );
            }
        }
        let machine = Machine::new(&[("metadata", &redact), ("userdata", &user_data(""))]);
        assert_eq!(machine.boot()["status"], "done");
        assert_eq!(machine.has("userdata"), "---");
    });
}

/// A retry doesn't fix a document, so no boot needs it.
#[test]
fn an_error_of_the_document_keeps_no_secret_in_the_hypervisor() {
    with_own_mounts("an_error_of_the_document_keeps_no_secret_in_the_hypervisor", || {
        let machine = Machine::new(&[
            ("metadata", METADATA),
            ("userdata", &user_data("snap: {commands: [x]}\n")),
        ]);
        for _ in 0..2 {
            let status = machine.boot();
            assert_eq!(
                (&status["status"], machine.generations()),
                (&"degraded".into(), 1),
                "{status:#}"
            );
            assert!(status["problems"][0].as_str().unwrap().contains("`snap`"), "{status:#}");
            assert_eq!(machine.has("userdata"), "---");
            machine.is_configured();
        }
    });
}

/// What the credentials propose comes up when `guestinfo.vendordata` goes, or is all that is left; and what guestinfo
/// proposes can be below the document of another source.
#[test]
fn what_another_source_proposes_is_no_other_document() {
    with_own_mounts("what_another_source_proposes_is_no_other_document", || {
        let (user, vendor) = (user_data(""), vendor_data());
        for (guestinfo, file) in [
            (
                &[("metadata", METADATA), ("userdata", &user), ("vendordata", &vendor)][..],
                None,
            ),
            (&[("userdata", &user)], None),
            (&[("vendordata", &vendor)], Some(&user)),
        ] {
            let machine = Machine::new(guestinfo);
            match file {
                Some(file) => {
                    machine.write("var/lib/firstlight/seed/user-data", file);
                    machine.write("var/lib/firstlight/seed/meta-data", METADATA);
                }
                None => machine.write("run/credentials/@system/ssh.authorized_keys.root", KEY),
            }
            for _ in 0..2 {
                let status = machine.boot();
                assert_eq!(
                    (&status["status"], machine.generations()),
                    (&"done".into(), 1),
                    "{status:#}"
                );
                machine.is_configured();
                for (key, _) in guestinfo.iter().filter(|(key, _)| *key != "metadata") {
                    assert_eq!(machine.has(key), "---");
                }
            }
            assert_eq!(
                file.is_some(),
                machine.path("var/lib/firstlight/seed/user-data").exists()
            );
        }
    });
}

/// As above, of a seed that only the system stage found: its instance is not known before it ends.
#[test]
fn cut_off_after_a_late_seed() {
    with_own_mounts("cut_off_after_a_late_seed", || {
        let machine = Machine::new(&[]);
        assert_eq!(machine.run(&["boot", "--stage", "local"]).0, 0);
        machine.power_on(&[
            ("metadata", METADATA),
            ("userdata", &user_data("")),
            ("vendordata", &vendor_data()),
        ]);
        machine.write("kill-after/userdata", "");
        assert_ne!(machine.run(&["boot", "--stage", "system"]).0, 0);
        assert_eq!(machine.has("userdata"), "---");
        let status = machine.boot();
        assert_eq!(
            (&status["status"], machine.generations()),
            (&"done".into(), 1),
            "{status:#}"
        );
        assert_eq!(machine.has("vendordata"), "---");
        machine.is_configured();
    });
}

/// A tool that is late, or fails, at each moment.
#[test]
fn a_tool_that_is_mute_costs_nothing_but_time() {
    with_own_mounts("a_tool_that_is_mute_costs_nothing_but_time", || {
        for (switch, status, said) in [
            ("mute-once", "done", "overwriting guestinfo.userdata"),
            ("mute-after/userdata", "degraded", "userdata: it failed"),
            ("mute", "degraded", "can't read the values that held secrets again"),
        ] {
            let machine = Machine::new(&[("metadata", METADATA), ("userdata", &user_data(""))]);
            assert_eq!(machine.run(&["boot", "--stage", "local"]).0, 0);
            machine.write(switch, "");
            let (_, text) = machine.run(&["boot", "--stage", "system", "-v"]);
            assert!(text.contains(said), "{switch}: {text}");
            let found = machine.json("run/firstlight/status.json");
            assert_eq!(found["status"], status, "{switch}: {found:#}");
            if switch == "mute" {
                machine.boot();
                let skipped = machine.path("run/firstlight/complete").exists();
                assert!(
                    !skipped,
                    "the system stage is skipped while there is something to overwrite"
                );
            }
            let _ = fs::remove_file(machine.path("mute"));
            let status = machine.boot();
            assert!(machine.path("run/firstlight/complete").exists(), "{switch}: {status:#}");
            assert_eq!(
                (&status["status"], machine.generations()),
                (&"done".into(), 1),
                "{switch}: {status:#}"
            );
            assert_eq!(machine.has("userdata"), "---", "{switch}");
            machine.is_configured();
        }
    });
}

/// A document that came while the boot ran was never applied: it is not to be lost.
#[test]
fn what_changed_meanwhile_is_kept_for_the_next_boot() {
    with_own_mounts("what_changed_meanwhile_is_kept_for_the_next_boot", || {
        let machine = Machine::new(&[("metadata", METADATA), ("userdata", &user_data(""))]);
        assert_eq!(machine.run(&["boot", "--stage", "local"]).0, 0);
        let new = user_data("firstlight: {keep_generations: 5}\n");
        machine.power_on(&[("userdata", &new)]);
        let (exit, said) = machine.run(&["boot", "--stage", "system", "-v"]);
        assert_eq!(exit, 10, "{said}");
        assert!(said.contains("has changed since this boot read it"), "{said}");
        assert_eq!(machine.has("userdata"), new);
        let status = machine.boot();
        assert_eq!(
            (&status["status"], machine.generations()),
            (&"done".into(), 2),
            "{status:#}"
        );
        assert_eq!(machine.has("userdata"), "---");
    });
}
