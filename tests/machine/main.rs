//! Boots of real machines that look like a fresh Photon: what firstlight does, seen from inside and over ssh.
//!
//! As root, `cargo test --test machine`; `tests/machine/install-tools` and `tests/machine/rootfs` fetch what is needed.
//! Other users see `SKIP`. `FIRSTLIGHT_BIN` names another executable to install than the one just built. The console and
//! the probe's answers of every boot stay in `target/machine/logs/TEST/boot-N/`.

#![allow(clippy::expect_used, reason = "a test says where it stopped by panicking there")]

mod accounts;
mod areas;
mod beside_cloud_init;
mod bridges;
mod check;
mod command;
mod commands;
mod container;
mod devices;
#[path = "../support/differences.rs"]
mod differences;
mod dnf;
mod drift;
mod emergency;
mod gate;
mod handed_over;
mod machine;
mod packages;
mod pen;
mod probe;
mod rootfs;
mod scenario;
mod seed;
#[path = "../support/skip.rs"]
mod skip;
mod trial;
mod vm;
mod web;
mod wild;
mod wireguard;

use container::Container;
use rootfs::Suite::{Bookworm, Trixie};
use scenario::{FIRST, OTHER};
use seed::Seed;
use std::io::Write;
use vm::{Medium, Vm};

/// Progress, past libtest's capture: a test that boots for minutes should say what it is doing.
fn say(test: &str, what: &str) {
    // In one piece: others write at the same time.
    let _ = std::io::stderr().write_all(format!("machine: {test}: {what}\n").as_bytes());
}

/// One test per line: its name, and what it does once it has a place.
macro_rules! machines {
    ($($name:ident => |$test:ident| $body:expr;)*) => {$(
        #[test]
        fn $name() {
            let $test = stringify!($name);
            if let Some(_permit) = gate::enter($test) {
                $body
            }
        }
    )*};
}

/// Which machines are the dearest: `make test` runs it by itself, once all others have ended.
#[test]
#[ignore = "tells of the others"]
fn the_dearest_machines() {
    let spent = gate::spent();
    assert!(!spent.is_empty(), "no machine was booted");
    let sum: u64 = spent.iter().map(|(seconds, _)| seconds).sum();
    println!(
        "{} tests with machines took {sum} s together, two at a time. The dearest:",
        spent.len()
    );
    for (seconds, test) in spent.iter().take(8) {
        println!("{seconds:6} s  {test}");
    }
}

// Virtual machines first: they take longest, and two tests run at a time. (libtest goes by the names.) Emulated, docker takes
// as long to start as all else of a boot: it is shown with one machine of each suite, cd_rom's last boot and firmware's.
machines! {
    // Emulated, firstlight begins after about 20 s and has ended after 30; twice that on a busy machine.
    a_vm_power_cut_trixie => |test| {
        let seed = Seed::without_docker("first-light", FIRST);
        scenario::power_cuts(test, 1, 15.0..45.0, &seed, &|| Box::new(Vm::new(Trixie, test, Medium::FatDisk)));
    };
    a_vm_with_cd_rom_trixie => |test| {
        let mut machine = Vm::new(Trixie, test, Medium::CdRom);
        scenario::first_and_again(test, &mut machine, &Seed::without_docker("first-light", FIRST));
        machine.change_medium(Medium::OvfCdRom);
        scenario::changed(test, &mut machine, &Seed::new("second-light", OTHER));
    };
    a_vm_with_config_drive_bookworm => |test| handed_over::kernel(test, &mut Vm::new(Bookworm, test, Medium::ConfigDrive));
    a_vm_with_devices_trixie => |test| devices::kinds(test, &mut Vm::new(Trixie, test, Medium::CdRom));
    a_vm_with_fat_disk_bookworm => |test| {
        let mut machine = Vm::new(Bookworm, test, Medium::FatDisk);
        // Where QEMU's DHCP server begins.
        scenario::off(test, &mut machine, "192.0.2.15");
        handed_over::on_again(test, &mut machine);
    };
    a_vm_with_firmware_bookworm => |test| handed_over::handed_over(test, &mut Vm::new(Bookworm, test, Medium::Firmware));
    a_vm_with_guestinfo_trixie => |test| handed_over::scrubbed(test, &mut Vm::new(Trixie, test, Medium::Guestinfo));
    a_vm_with_another_over_wireguard_trixie => |test| wireguard::two_machines(test, Trixie);
    a_vm_with_serial_http_trixie => |test| handed_over::fetched(test, &mut Vm::new(Trixie, test, Medium::SerialHttp));
    a_vm_with_two_seeds_bookworm => |test| {
        let mut machine = Vm::new(Bookworm, test, Medium::TwoSeeds);
        handed_over::two_seeds(test, &mut machine, "192.0.2.15", ["/dev/sr0", "/dev/vdb"]);
    };

    container_power_cut_bookworm => |test| {
        let seed = Seed::new("first-light", FIRST);
        scenario::power_cuts(test, 2, 0.2..3.0, &seed, &|| Box::new(Container::new(Bookworm, test)));
    };
    container_bookworm => |test| scenario::three_boots(test, &mut Container::new(Bookworm, test));
    container_trixie => |test| scenario::three_boots(test, &mut Container::new(Trixie, test));
    container_areas_trixie => |test| areas::areas(test, Trixie);
    container_dnf_trixie => |test| dnf::dnf(test, Trixie);
    container_accounts_trixie => |test| accounts::accounts(test, Trixie);
    container_beside_cloud_init_trixie => |test| beside_cloud_init::beside_cloud_init(test, Trixie);
    container_packages_trixie => |test| packages::packages(test, Trixie);
    container_runcmd_trixie => |test| commands::commands(test, Trixie);
    container_wild_trixie => |test| wild::documents(test, Trixie);
    container_confirm_bookworm => |test| trial::confirm_or_revert(test, Bookworm);
    container_confirm_trixie => |test| trial::confirm_or_revert(test, Trixie);
    container_bridges_bookworm => |test| bridges::bridges(test, Bookworm);
    container_drift_bookworm => |test| drift::drift(test, Bookworm);
    container_drift_trixie => |test| drift::drift(test, Trixie);
    container_commands_bookworm => |test| command::commands_of_a_document(test, Bookworm);
    container_commands_trixie => |test| command::commands_of_a_document(test, Trixie);
    container_emergency_bookworm => |test| emergency::emergency(test, Bookworm);
    container_emergency_trixie => |test| emergency::emergency(test, Trixie);
    container_credentials_bookworm => |test| scenario::credentials(test, Bookworm);
    container_credentials_trixie => |test| scenario::credentials(test, Trixie);
    container_included_bookworm => |test| scenario::included(test, Bookworm);
    container_included_trixie => |test| scenario::included(test, Trixie);
    container_instances_bookworm => |test| scenario::instances(test, Bookworm);
    container_instances_trixie => |test| scenario::instances(test, Trixie);
    container_no_seed_bookworm => |test| scenario::no_seed(test, Bookworm);
    container_no_seed_trixie => |test| scenario::no_seed(test, Trixie);
    container_by_hand_bookworm => |test| scenario::by_hand(test, Bookworm);
    container_by_hand_trixie => |test| scenario::by_hand(test, Trixie);
    container_broken_document_bookworm => |test| scenario::broken_document(test, Bookworm);
    container_broken_document_trixie => |test| scenario::broken_document(test, Trixie);
    container_another_file_wins_bookworm => |test| scenario::another_file_wins(test, Bookworm);
    container_another_file_wins_trixie => |test| scenario::another_file_wins(test, Trixie);
    container_off_trixie => |test| {
        let mut machine = Container::new(Trixie, test);
        scenario::administrator_sets_address(&machine);
        scenario::off(test, &mut machine, "192.0.2.10");
    };

    units_verify_bookworm => |test| scenario::units_verify(test, Bookworm);
    units_verify_trixie => |test| scenario::units_verify(test, Trixie);
}
