//! The methods of systemd's buses that firstlight calls, as org.freedesktop.systemd1(5), org.freedesktop.hostname1(5) and
//! org.freedesktop.network1(5) have them.

use zbus::OwnedObjectPath;
use zbus::Variant;
use zbus::proxy;

/// One link that a change of unit files made or removed: `symlink` or `unlink`, the link, what it points to.
pub(super) type FileChange = (String, String, String);

/// A unit as `ListUnitsByNames` has it: name, description, LoadState, ActiveState, SubState, the unit it follows, object,
/// job number, job type, job object.
pub(super) type UnitRow = (
    String,
    String,
    String,
    String,
    String,
    String,
    OwnedObjectPath,
    u32,
    String,
    OwnedObjectPath,
);

/// A process of a unit: its control group, its number, its command line.
pub(super) type UnitProcess = (String, u32, String);

/// A unit that is not made from a file: its name, its properties.
pub(super) type Transient<'a> = (&'a str, &'a [(&'a str, Variant<'a>)]);

#[proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1"
)]
pub(super) trait Manager {
    fn enable_unit_files(&self, files: &[&str], runtime: bool, force: bool) -> zbus::Result<(bool, Vec<FileChange>)>;
    fn disable_unit_files(&self, files: &[&str], runtime: bool) -> zbus::Result<Vec<FileChange>>;
    fn mask_unit_files(&self, files: &[&str], runtime: bool, force: bool) -> zbus::Result<Vec<FileChange>>;
    fn unmask_unit_files(&self, files: &[&str], runtime: bool) -> zbus::Result<Vec<FileChange>>;
    fn get_unit_file_state(&self, file: &str) -> zbus::Result<String>;
    fn list_units_by_names(&self, names: &[&str]) -> zbus::Result<Vec<UnitRow>>;
    fn reload(&self) -> zbus::Result<()>;
    fn subscribe(&self) -> zbus::Result<()>;
    fn start_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn stop_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn restart_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn reload_or_restart_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn start_transient_unit(
        &self,
        name: &str,
        mode: &str,
        properties: &[(&str, Variant<'_>)],
        aux: &[Transient<'_>],
    ) -> zbus::Result<OwnedObjectPath>;
    fn reset_failed_unit(&self, name: &str) -> zbus::Result<()>;
    fn get_unit_processes(&self, name: &str) -> zbus::Result<Vec<UnitProcess>>;
    fn unref_unit(&self, name: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    fn job_removed(&self, id: u32, job: OwnedObjectPath, unit: String, result: String) -> zbus::Result<()>;
}

#[proxy(
    interface = "org.freedesktop.hostname1",
    default_service = "org.freedesktop.hostname1",
    default_path = "/org/freedesktop/hostname1"
)]
pub(super) trait Hostnamed {
    fn set_static_hostname(&self, hostname: &str, interactive: bool) -> zbus::Result<()>;
}

#[proxy(
    interface = "org.freedesktop.network1.Manager",
    default_service = "org.freedesktop.network1",
    default_path = "/org/freedesktop/network1"
)]
pub(super) trait Networkd {
    #[zbus(no_autostart)]
    fn reload(&self) -> zbus::Result<()>;
    #[zbus(no_autostart)]
    fn get_link_by_name(&self, name: &str) -> zbus::Result<(i32, OwnedObjectPath)>;
    #[zbus(no_autostart)]
    fn reconfigure_link(&self, index: i32) -> zbus::Result<()>;
}
