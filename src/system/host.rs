//! The machine with reading and writing halves; [`crate::engine`] acts on it.

use std::path::Path;
use std::time::Duration;

use super::systemd::{Bus, BusError};
use super::{ReadError, Root, Writer, account};

/// How long connecting to the system bus may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// The path of the program that runs now, for a unit that runs it too.
///
/// # Errors
/// `/proc` is not there.
pub fn own_program() -> std::io::Result<String> {
    Ok(std::env::current_exe()?.to_string_lossy().into_owned())
}

/// A machine that can be changed: one that runs, or a tree that is not running.
#[derive(Debug)]
pub struct System {
    /// Its files, for reading.
    pub root: Root,
    /// Its files, for writing.
    pub writer: Writer,
    /// Whether it is the running machine, rather than a tree under `--root`.
    pub live: bool,
    /// The system bus of a running machine; `None` early in the boot and under `--root`.
    pub bus: Option<Bus>,
}

impl System {
    /// A tree that is not running. Nothing of it will be executed.
    ///
    /// # Errors
    /// It is not a directory.
    pub fn tree(path: &Path) -> Result<Self, ReadError> {
        let root = Root::open(path)?;
        Ok(Self {
            writer: Writer::new(root.clone()),
            root,
            live: false,
            bus: None,
        })
    }

    /// The running machine, without its bus.
    ///
    /// # Errors
    /// `/` can't be opened.
    pub fn running() -> Result<Self, ReadError> {
        Ok(Self {
            live: true,
            ..Self::tree(Path::new("/"))?
        })
    }

    /// Takes the lock on the account files, as lckpwdf(3) does. In a tree without a lock file there is nobody to
    /// exclude, and no file is left behind.
    ///
    /// # Errors
    /// Another process keeps it, or the lock file can't be opened.
    pub fn lock_accounts(&self) -> Result<Option<account::Lock>, account::LockError> {
        if !self.live && !account::Lock::is_there(&self.root)? {
            return Ok(None);
        }
        account::Lock::take(&self.root, account::LOCK_WAIT).map(Some)
    }

    /// Connects to the system bus, if there is one.
    ///
    /// # Errors
    /// There is one and it does not answer.
    pub async fn connect(&mut self) -> Result<(), BusError> {
        if self.live {
            self.bus = Bus::connect(CONNECT_LIMIT).await?;
        }
        Ok(())
    }
}
