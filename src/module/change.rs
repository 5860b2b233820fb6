//! What can be done to a machine: the closed list of [`Change`]s, and what can be expected of it afterwards.
//!
//! A `Change` is a value. It describes the desired state, not how to get there; [`crate::engine`] compares it with the
//! machine, shows it, carries it out, and undoes it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ca_certs::Bundle;
pub use super::document_command::{DocumentCommand, Once, Program, When};
use crate::document::network::{Address, Ip, LinkName, Mac, Mtu, Route, SearchDomain};
use crate::document::redact::redact;
use crate::document::write_files::Content;
use crate::document::{self, Secret};
use crate::system::Metadata;
pub use crate::system::systemd::UnitFileState;
pub use crate::vocabulary::{
    AccountChange, Aging, Dirty, HostKeyType, KernelChange, PasswordChange, RandomPassword, Share, Subordinate,
    UnitAction, UserAccount,
};

/// One thing that must hold on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A file with exactly this content, mode and owner; or no file.
    File(FileChange),
    /// A directory with this mode and owner.
    Directory(DirectoryChange),
    /// No directory at this path, unless something is in it.
    RemoveDirectory(DirectoryRemoval),
    /// A symbolic link with exactly this target; or none.
    Symlink(SymlinkChange),
    /// One entry of the account files, edited under the lock `/etc/.pwd.lock`.
    Account(AccountChange),
    /// A password that is made on the machine, once for an instance, and shown on its console.
    RandomPassword(RandomPassword),
    /// An SSH server's host keys, made on the machine.
    HostKeys(HostKeys),
    /// A text on the console, once for an instance.
    Console(ConsoleText),
    /// Random bytes, once for an instance.
    RandomSeed(RandomSeed),
    /// A home directory; one that exists stays as it is.
    Home(HomeChange),
    /// The kernel's host name, `sethostname(2)`; on a running system through org.freedesktop.hostname1.
    Hostname(HostnameChange),
    /// A module or a parameter of the running kernel.
    Kernel(KernelChange),
    /// Changes of a unit.
    Unit(UnitChange),
    /// networkd reads its files again and reconfigures links.
    NetworkReload(NetworkReloadChange),
    /// The file of all certificate authorities, made again by the distribution's own program.
    Certificates(Bundle),
    /// A program that the module needs run. It can't be undone.
    Command(CommandChange),
    /// A command that the document wants run. It can't be undone.
    DocumentCommand(DocumentCommand),
    /// A form about the machine that is posted to an address, once for an instance. It can't be undone.
    PhoneHome(PhoneHome),
}

impl Change {
    /// The path that it is about, where it is about one.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::File(file) => Some(&file.path),
            Self::Directory(directory) => Some(&directory.path),
            Self::Home(home) => Some(&home.path),
            Self::RemoveDirectory(removal) => Some(&removal.path),
            Self::Symlink(link) => Some(&link.path),
            Self::Account(_)
            | Self::RandomPassword(_)
            | Self::HostKeys(_)
            | Self::RandomSeed(_)
            | Self::Console(_)
            | Self::Hostname(_)
            | Self::Kernel(_)
            | Self::Unit(_)
            | Self::NetworkReload(_)
            | Self::Certificates(_)
            | Self::Command(_)
            | Self::DocumentCommand(_)
            | Self::PhoneHome(_) => None,
        }
    }
}

/// Content, mode and owner of a file, or its absence.
#[derive(Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Absolute path inside the machine's root.
    pub path: String,
    /// The desired file; `None`: the file must not exist.
    pub content: Option<FileContent>,
    /// What has to read this file again once it has changed.
    pub dirties: Vec<Dirty>,
    /// The content holds a secret: diffs show that it changes, not what.
    pub secret: bool,
    /// How much of the file is firstlight's.
    pub share: Share,
    /// It was planned for a file that is there.
    pub existing: bool,
    /// The file begins with the line of [`super::header`]: the engine writes it above the content.
    pub headed: bool,
    /// It stays as it is when the document no longer asks for it.
    pub lasting: bool,
}

/// The desired content, mode and owner of a file.
#[derive(Clone, PartialEq, Eq)]
pub struct FileContent {
    /// The bytes; shared, as a plan has them in several places.
    pub bytes: Arc<[u8]>,
    /// The permission bits, set explicitly: the umask has no say (Photon's is 027).
    pub mode: u32,
    /// Owner and group, numeric.
    pub owner: (u32, u32),
}

impl FileChange {
    /// A file owned by root with this content and mode, public, that dirties nothing.
    pub fn write(path: impl Into<String>, bytes: impl Into<Vec<u8>>, mode: u32) -> Self {
        let content = FileContent {
            bytes: bytes.into().into(),
            mode,
            owner: (0, 0),
        };
        Self {
            path: path.into(),
            content: Some(content),
            dirties: Vec::new(),
            secret: false,
            share: Share::Whole,
            existing: false,
            headed: false,
            lasting: false,
        }
    }

    /// New content for a file that exists, with the mode and owner it has.
    pub fn rewrite(path: impl Into<String>, bytes: impl Into<Vec<u8>>, as_is: &Metadata) -> Self {
        let content = FileContent {
            bytes: bytes.into().into(),
            mode: as_is.mode,
            owner: (as_is.uid, as_is.gid),
        };
        Self {
            path: path.into(),
            content: Some(content),
            dirties: Vec::new(),
            secret: false,
            share: Share::Whole,
            existing: true,
            headed: false,
            lasting: false,
        }
    }

    /// The file must not exist.
    pub fn remove(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            content: None,
            dirties: Vec::new(),
            secret: false,
            share: Share::Whole,
            existing: false,
            headed: false,
            lasting: false,
        }
    }

    /// The same, and `dirty` has to read it again.
    #[must_use]
    pub fn dirties(mut self, dirty: Dirty) -> Self {
        self.dirties.push(dirty);
        self
    }

    /// The same, with content that is never shown.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// The same, as an edit of a file that is somebody else's.
    #[must_use]
    pub fn share(mut self, share: Share) -> Self {
        self.share = share;
        self
    }

    /// The same, with the line above it that says who wrote it.
    #[must_use]
    pub fn headed(mut self) -> Self {
        self.headed = true;
        self
    }

    /// The same, staying when the document no longer asks for it.
    #[must_use]
    pub fn lasting(mut self) -> Self {
        self.lasting = true;
        self
    }
}

impl fmt::Debug for FileChange {
    /// Shows everything but the bytes of a secret file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("FileChange");
        shown.field("path", &self.path);
        match &self.content {
            Some(_) if self.secret => shown.field("content", &"(secret)"),
            content => shown.field("content", content),
        };
        shown.field("dirties", &self.dirties).finish()
    }
}

impl fmt::Debug for FileContent {
    /// Shows everything but what the bytes themselves call a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileContent")
            .field("bytes", &redact(&String::from_utf8_lossy(&self.bytes)))
            .field("mode", &format_args!("{:04o}", self.mode))
            .field("owner", &self.owner)
            .finish()
    }
}

/// A directory that must exist with this mode and owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryChange {
    /// Absolute path inside the machine's root.
    pub path: String,
    /// The permission bits.
    pub mode: u32,
    /// Owner and group, numeric.
    pub owner: (u32, u32),
    /// Whether it is only made for something below it: then it is as others ask for it, if they do.
    pub on_the_way: bool,
}

/// A home directory, with copies of the files of a skeleton directory if it is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeChange {
    /// Absolute path inside the machine's root.
    pub path: String,
    /// The permission bits of a new one.
    pub mode: u32,
    /// Owner and group of a new one, and of all in it, numeric.
    pub owner: (u32, u32),
    /// The directory whose files are copied into a new one: `/etc/skel`.
    pub skeleton: String,
}

/// The host keys that an SSH server has: made on the machine, beside those that the document gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKeys {
    /// The kinds that are made where they are missing.
    pub make: Vec<HostKeyType>,
    /// The kinds that the document gives.
    pub given: Vec<HostKeyType>,
    /// Whether all others go, and those that are made are new, once for an instance.
    pub delete: bool,
    /// Who has to read them again.
    pub dirties: Vec<Dirty>,
}

/// A text that is shown on the console, and kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleText {
    /// Its name in the ledger.
    pub name: String,
    /// The text: lines, without control characters.
    pub text: String,
    /// What it is, in a few words.
    pub what: String,
    /// Whether it is an error if the console doesn't show it.
    pub required: bool,
}

/// Random bytes that are mixed into the kernel's own, or appended to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RandomSeed {
    /// The file; `None`: the kernel's pool.
    pub file: Option<String>,
    /// The bytes, which are never shown.
    pub bytes: Content,
}

/// An address that is told about the machine, until it has taken that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneHome {
    /// Its name in the ledger.
    pub name: String,
    /// The address, and what it is told.
    pub home: document::phone_home::PhoneHome,
    /// The machine's name with a domain, where the document gives it one.
    pub fqdn: Option<String>,
    /// The proxy of the document.
    pub proxy: Option<document::proxy::Proxy>,
}

/// No directory, unless something is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryRemoval {
    /// Absolute path inside the machine's root.
    pub path: String,
}

/// The kernel's host name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostnameChange {
    /// The name.
    pub name: String,
}

/// The links that networkd reconfigures: those whose files have changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkReloadChange {
    /// The names of those that it reconfigures although no file has changed.
    pub links: Vec<String>,
    /// The names of those that it has made from files that are others now, or gone: they are deleted before.
    pub netdevs: Vec<String>,
}

/// A symbolic link, or its absence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SymlinkChange {
    /// Absolute path of the link inside the machine's root.
    pub path: String,
    /// What it points to, as written in the link; `None`: it must not exist.
    pub target: Option<String>,
}

/// What systemd must do with a unit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitChange {
    /// The unit's full name, suffix included.
    pub unit: String,
    /// What to do.
    pub action: UnitAction,
}

/// One of the machine's own programs that a module needs run, such as `udevadm trigger`: never what the document names. It
/// runs in our own unit, with our limits and in our sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandChange {
    /// The program's absolute path and its arguments. Never a shell line, never a secret.
    pub argv: Vec<String>,
    /// What it is for, in a few words.
    pub purpose: String,
}

/// How the machine must behave after the changes: what verification looks at, beyond the files. Its JSON form is that
/// of the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expectation {
    /// `sshd -t` accepts the configuration. Looked at before sshd is told to reload.
    SshdAccepts,
    /// `sshd -T` says this value for this keyword (lower case). Looked at before sshd is told to reload.
    SshdSays {
        /// The keyword, lower case, as `sshd -T` prints it.
        keyword: String,
        /// The value, as `sshd -T` prints it.
        value: String,
    },
    /// `sshd -T -C user=…` lets the account in with a key in this file. Looked at before sshd is told to reload.
    SshdTakesKeys {
        /// The account's name.
        user: String,
        /// The file.
        file: String,
        /// The file as `AuthorizedKeysFile` has it, and `sshd -T` prints it.
        pattern: String,
        /// Whether every key is bound to a command.
        forced: bool,
    },
    /// The kernel has this host name.
    HostnameIs(String),
    /// The kernel has this module, or this value of a parameter.
    Kernel(KernelChange),
    /// A link that is meant shows this setting, in the kernel or in networkd's state.
    LinkHas {
        /// Which links are meant.
        link: LinkSelector,
        /// The path of the `.network` file that asks for it.
        file: String,
        /// What it shows.
        setting: LinkSetting,
    },
    /// The unit's ActiveState is this: `active` or `inactive`. A oneshot that has run and ended well counts as active.
    UnitIs {
        /// The unit's full name.
        unit: String,
        /// The ActiveState.
        active: bool,
    },
    /// The unit's file state is this: `enabled`, `disabled` or `masked`.
    UnitFileIs {
        /// The unit's full name.
        unit: String,
        /// The unit file state.
        state: UnitFileState,
    },
    /// The account's shadow entry holds this password's hash.
    PasswordIs {
        /// The account's name.
        user: String,
        /// The hash.
        hash: Secret,
    },
}

/// What a configured link shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkSetting {
    /// networkd has taken the file for it.
    NetworkFile,
    /// The name that udev gives it.
    Name(LinkName),
    /// The hardware address.
    Mac(Mac),
    /// The largest packet.
    Mtu(Mtu),
    /// An address with its prefix length, which no other machine has.
    Address(Address),
    /// A route: its destination, gateway and metric, where they are given.
    Route(Route),
    /// DNS servers, among those that the link has.
    Dns(Vec<Ip>),
    /// Search and routing domains, among those that the link has.
    Domains(Vec<SearchDomain>),
}

/// Which link of the machine is meant: every condition given must hold. Patterns as in systemd.network(5).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkSelector {
    /// Shell-style patterns of the name, any of which may match.
    pub names: Vec<String>,
    /// The hardware addresses that it may have, lower case with colons.
    pub macs: Vec<String>,
    /// Shell-style patterns of the driver's name.
    pub drivers: Vec<String>,
}
