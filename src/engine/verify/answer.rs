//! What sshd says of its configuration, kept for the next stage of the boot: of the same files it would say the same again.
//!
//! A first boot asks two questions. Before anything is written, whether sshd would take the files as planned: what it
//! refuses is not begun. Then, of the files as they are, what counts: copies in another place prove nothing of those. The
//! second stage asks neither again unless something has changed that sshd reads.

use serde::{Deserialize, Serialize};

use crate::module::sshd::configuration;
use crate::state::{Store, digest};
use crate::system::Root;
use crate::system::sshd::{Printed, Sshd, SshdError};

/// In `/run/firstlight`.
const NAME: &str = "sshd.json";

/// Files beside its configuration that decide which `Match` blocks are root's.
const ACCOUNTS: [&str; 3] = ["/etc/passwd", "/etc/group", "/etc/nsswitch.conf"];

/// An answer, and the digest of all that it was about.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    about: String,
    said: Printed,
}

/// What counts for root, from sshd or from the stage before; kept where a later stage of this boot will ask again.
pub(super) async fn effective(store: &Store, root: &Root, is_awaited: bool) -> Result<Printed, SshdError> {
    let mut sshd = Sshd::find()?;
    let about = about(root, &sshd);
    // It is useful only for the boot's stages and must not outlive them.
    let kept: Option<Kept> = store.take_noted(NAME).unwrap_or_default();
    if let (Some(about), Some(kept)) = (&about, kept)
        && *about == kept.about
    {
        return Ok(kept.said);
    }
    let said = sshd.effective().await?;
    if let Some(about) = about.filter(|_| is_awaited) {
        // Whoever can't keep it asks again.
        let _ = store.note(
            NAME,
            &Kept {
                about,
                said: said.clone(),
            },
        );
    }
    Ok(said)
}

/// The digest of everything that the answer depends on; `None` where that can't be told. Host keys are not part of it: sshd
/// is given one where it has none, and says where they would be whether they are there or not.
fn about(root: &Root, sshd: &Sshd) -> Option<String> {
    let mut all = sshd.identity().ok()?.into_bytes();
    let mut add = |path: &str, bytes: &[u8]| {
        all.extend(format!("\n{path} {}\n", bytes.len()).bytes());
        all.extend(bytes);
    };
    for (path, bytes) in configuration(root).ok()? {
        add(&path, &bytes);
    }
    for path in ACCOUNTS {
        add(path, &root.read(path).ok()?.unwrap_or_default());
    }
    Some(digest(&all))
}
