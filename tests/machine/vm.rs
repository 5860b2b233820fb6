//! A machine in QEMU: a kernel, an initrd, udev, block devices. Emulated, so slower: only what a container can't show.

use crate::machine::{Logs, Machine};
use crate::pen::Pen;
use crate::probe::{Observed, visit};
use crate::rootfs::{Root, Suite, discard, run};
use crate::say;
use crate::seed::{PASSWORD, Seed};
use crate::web::Web;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The device that the seed comes on.
#[derive(Clone, Copy, Debug)]
pub enum Medium {
    /// An ISO 9660 image in the CD-ROM drive.
    CdRom,
    /// An OVF environment in the CD-ROM drive.
    OvfCdRom,
    /// A FAT file system on a second disk.
    FatDisk,
    /// No device: credentials, some in the firmware's tables, some in QEMU's fw_cfg.
    Firmware,
    /// OpenStack's config drive in the CD-ROM drive.
    ConfigDrive,
    /// No device: the serial number has the address of a seed, which we serve.
    SerialHttp,
    /// A seed in the CD-ROM drive, another one on a second disk.
    TwoSeeds,
    /// No device: the firmware says VMware, and a stand-in for its tool answers from files.
    Guestinfo,
}

/// What stands in for `vmware-rpctool`.
const RPCTOOL: &str = r#"#!/bin/sh
[ "$#" = 1 ] || exit 1
case $1 in
"info-set guestinfo."*)
    rest=${1#info-set guestinfo.}
    printf %s "${rest#* }" >"/usr/lib/guestinfo/${rest%% *}" && exit ;;
*)
    cat "/usr/lib/guestinfo/${1#info-get guestinfo.}" 2>/dev/null && exit ;;
esac
echo 'No value found' >&2
exit 1
"#;

/// What is on the console once a machine has started.
const STARTED: &str = " login:";

/// No machine takes this long to start, emulated on a busy host either.
const START_LIMIT: Duration = Duration::from_secs(300);

/// What a machine has said on its console so far.
fn console(logs: &Path) -> String {
    let console = std::fs::read(logs.join("console")).unwrap_or_default();
    String::from_utf8_lossy(&console).into_owned()
}

/// The emulator's own fault, once in some forty boots: the kernel dies before it has started anything.
fn died_at_start(console: &str) -> bool {
    let died = console.contains("Kernel panic - not syncing: Fatal exception");
    if died {
        say(
            "machine",
            "the emulated kernel died at its start: switched on once more",
        );
    }
    died
}

/// A machine whose disk is an image file.
pub struct Vm {
    kernel: PathBuf,
    disk: PathBuf,
    seed: PathBuf,
    medium: Medium,
    logs: Logs,
}

impl Medium {
    /// How the seed's file or directory is named; `./qemu` knows by that what to do with it.
    fn extension(self) -> &'static str {
        match self {
            Self::CdRom | Self::OvfCdRom | Self::ConfigDrive => "iso",
            Self::FatDisk => "fat",
            Self::Firmware => "firmware",
            Self::Guestinfo => "vmware",
            Self::SerialHttp => "serial",
            Self::TwoSeeds => "several",
        }
    }
}

impl Vm {
    /// A machine that has never been booted.
    pub fn new(suite: Suite, test: &str, medium: Medium) -> Self {
        let root = Root::new(suite, test, PASSWORD);
        let kernel = suite.cached();
        run(Command::new("cp")
            .arg("-a")
            .arg(kernel.join("modules"))
            .arg(root.path.join("usr/lib/modules")));
        if matches!(medium, Medium::Guestinfo) {
            root.write("usr/bin/vmware-rpctool", RPCTOOL);
            run(Command::new("chmod")
                .arg("0755")
                .arg(root.path.join("usr/bin/vmware-rpctool")));
        }
        let disk = root.path.with_extension("disk");
        discard(&disk);
        run(Command::new("mke2fs")
            .args(["-q", "-t", "ext4", "-d"])
            .arg(&root.path)
            .arg(&disk)
            .arg("2G"));
        Self {
            kernel,
            disk,
            seed: root.path.with_extension(medium.extension()),
            medium,
            logs: Logs::new(test),
        }
    }

    /// Where the machine's end of a link is said.
    fn wire_file(&self) -> PathBuf {
        let mut name = self.disk.clone().into_os_string();
        name.push(".wire");
        name.into()
    }

    /// A link between two machines: `eth1` of each.
    pub fn wire(one: &Self, other: &Self) {
        // The kernel takes paths of 107 bytes: not below target/.
        let socket = |end: &str| std::env::temp_dir().join(format!("firstlight-wire-{}-{end}", std::process::id()));
        let ends = [
            (one, "52:54:00:00:00:01", "one", "other"),
            (other, "52:54:00:00:00:02", "other", "one"),
        ];
        for (machine, mac, own, far) in ends {
            let text = format!("{mac} {} {}\n", socket(own).display(), socket(far).display());
            std::fs::write(machine.wire_file(), text).expect("its disk is beside it");
        }
    }

    /// From now on the seed comes on this; the one before is taken out.
    pub fn change_medium(&mut self, medium: Medium) {
        discard(&self.seed);
        self.medium = medium;
        self.seed.set_extension(medium.extension());
    }

    /// Switches it on: where it runs.
    pub fn power_on(&mut self, words: &[&str], address: &str) -> Pen {
        let logs = self.logs.next();
        let mut pen = self.start(words, address, &logs);
        let deadline = Instant::now() + START_LIMIT;
        while pen.running() && !console(&logs).contains(STARTED) && Instant::now() < deadline {
            sleep(Duration::from_millis(300));
        }
        if died_at_start(&console(&logs)) {
            drop(pen);
            let logs = self.logs.next();
            return self.start(words, address, &logs);
        }
        pen
    }

    fn start(&self, words: &[&str], address: &str, logs: &Path) -> Pen {
        let arguments = [
            self.kernel.as_os_str(),
            self.disk.as_ref(),
            address.as_ref(),
            self.seed.as_ref(),
        ];
        let arguments = arguments.into_iter().chain(words.iter().map(AsRef::as_ref));
        Pen::start("qemu", arguments, &logs.join("console"))
    }

    fn boot_once(&mut self, words: &[&str], address: &str, root_password: &str) -> Observed {
        let logs = self.logs.next();
        let mut pen = self.start(words, address, &logs);
        let _web = matches!(self.medium, Medium::SerialHttp).then(|| Web::serve(&pen, &self.served()));
        let visit = visit(&mut pen, ("127.0.0.1", 2222), root_password);
        drop(pen);
        // Without mount(2), and whether or not the machine was shut down cleanly.
        let dump = format!("rdump /var/lib/probe {}", logs.display());
        run(Command::new("debugfs").args(["-R", &dump]).arg(&self.disk));
        Observed::read(&logs.join("probe"), visit, &logs)
    }

    /// The directory that is served to it.
    fn served(&self) -> PathBuf {
        self.seed.with_extension("served")
    }
}

impl Machine for Vm {
    fn insert(&mut self, seed: &Seed) {
        match self.medium {
            Medium::CdRom => seed.write_iso(&self.seed),
            Medium::OvfCdRom => seed.write_ovf(&self.seed),
            Medium::ConfigDrive => seed.write_config_drive(&self.seed),
            Medium::SerialHttp => seed.write_serial(&self.seed, &self.served()),
            Medium::TwoSeeds => seed.write_two(&self.seed),
            Medium::FatDisk => seed.write_fat(&self.seed),
            Medium::Firmware => seed.write_firmware(&self.seed),
            Medium::Guestinfo => {
                seed.write_guestinfo(&self.seed);
                // Without mount(2).
                run(Command::new("debugfs")
                    .args(["-w", "-f"])
                    .arg(self.seed.join("commands"))
                    .arg(&self.disk));
            }
        }
    }

    fn boot(&mut self, words: &[&str], address: &str, root_password: &str) -> Observed {
        let seen = self.boot_once(words, address, root_password);
        if died_at_start(&console(&seen.logs)) {
            return self.boot_once(words, address, root_password);
        }
        seen
    }

    fn cut(&mut self, after: Duration) {
        let log = self.logs.next().join("console");
        // The address is for a login that nobody tries.
        let arguments = [
            self.kernel.as_os_str(),
            self.disk.as_ref(),
            "192.0.2.10".as_ref(),
            self.seed.as_ref(),
        ];
        let pen = Pen::start("qemu", arguments, &log);
        sleep(after);
        drop(pen);
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        discard(&self.wire_file());
        discard(&self.disk);
        discard(&self.seed);
        discard(&self.served());
    }
}
