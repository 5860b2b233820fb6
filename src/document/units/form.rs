//! What a file of each kind has: systemd.service(5) and its neighbours, podman-systemd.unit(5).

/// What a file of one kind has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Form {
    suffix: &'static str,
    /// Its own section, besides `[Unit]` and `[Install]`.
    pub section: Option<&'static str>,
    /// Of each of these, one has to be set: without it the unit can't be loaded.
    pub needs: &'static [&'static [&'static str]],
}

const FORMS: [Form; 16] = [
    // `SuccessAction=` alone is enough, as in systemd-exit.service.
    form("service", "Service", &[&["ExecStart", "ExecStop", "SuccessAction"]]),
    form("socket", "Socket", &[LISTENS]),
    form("timer", "Timer", &[TIMES]),
    form("path", "Path", &[PATHS]),
    form("mount", "Mount", &[&["What"]]),
    form("automount", "Automount", &[]),
    form("swap", "Swap", &[&["What"]]),
    form("slice", "Slice", &[]),
    Form {
        suffix: "target",
        section: None,
        needs: &[],
    },
    form("container", "Container", &[&["Image", "Rootfs"]]),
    form("volume", "Volume", &[]),
    form("network", "Network", &[]),
    form("kube", "Kube", &[&["Yaml"]]),
    form("pod", "Pod", &[]),
    form("image", "Image", &[&["Image"]]),
    form("build", "Build", &[&["ImageTag"], &["File", "SetWorkingDirectory"]]),
];

const LISTENS: &[&str] = &[
    "ListenStream",
    "ListenDatagram",
    "ListenSequentialPacket",
    "ListenFIFO",
    "ListenSpecial",
    "ListenNetlink",
    "ListenMessageQueue",
    "ListenUSBFunction",
];

const TIMES: &[&str] = &[
    "OnCalendar",
    "OnBootSec",
    "OnUnitActiveSec",
    "OnActiveSec",
    "OnStartupSec",
    "OnUnitInactiveSec",
    "OnClockChange",
    "OnTimezoneChange",
];

const PATHS: &[&str] = &[
    "PathChanged",
    "PathModified",
    "PathExists",
    "PathExistsGlob",
    "DirectoryNotEmpty",
];

const fn form(suffix: &'static str, section: &'static str, needs: &'static [&'static [&'static str]]) -> Form {
    Form {
        suffix,
        section: Some(section),
        needs,
    }
}

/// What a file with this suffix has; `None` where there is no such file: devices and scopes come from elsewhere.
pub(super) fn of(suffix: &str) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.suffix == suffix)
}

/// The suffix of the files that have this section as their own.
pub(super) fn with_section(section: &str) -> Option<&'static str> {
    let form = FORMS.iter().find(|form| form.section == Some(section));
    form.map(|form| form.suffix)
}
