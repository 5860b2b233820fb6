//! Why a source has nothing that can be used: where, what is wrong, what to do, and whether asking again may help.

use std::io;

use nix::libc::{
    EAGAIN, EBUSY, EINTR, EIO, EMFILE, ENFILE, ENODEV, ENOMEDIUM, ENOMEM, ENXIO, EREMOTEIO, ESTALE, ETIMEDOUT,
};
use serde::Serialize;

use super::media::MediaError;
use crate::system::ReadError;
use crate::vocabulary::NoAddress;

/// The most faults, or places of one, that a message lists.
const SHOWN: usize = 8;

/// What asking again is likely to give. Of several together, the last of these counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum FaultKind {
    /// It may be better soon, and may be asked again.
    Passing,
    /// Asking again would bring the same, until somebody mends it.
    Lasting,
    /// It can be read, but is refused: the machine's owner doesn't allow it, or no trusted key has signed it.
    Forbidden,
}

/// Why a source, or a place of one, has nothing that can be used. Never shows anything of a value that may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct Fault {
    /// Whether asking again may help.
    pub kind: FaultKind,
    /// Where: a path, a device, an address, a key. Empty where the words say it.
    pub place: String,
    /// What is wrong there.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Fault {
    fn new(kind: FaultKind, what: String) -> Self {
        Self {
            kind,
            place: String::new(),
            what,
            hint: None,
        }
    }

    /// What may be better soon.
    pub fn passing(what: impl Into<String>) -> Self {
        Self::new(FaultKind::Passing, what.into())
    }

    /// What stays as it is until somebody mends it.
    pub fn lasting(what: impl Into<String>) -> Self {
        Self::new(FaultKind::Lasting, what.into())
    }

    /// What is refused.
    pub fn forbidden(what: impl Into<String>) -> Self {
        Self::new(FaultKind::Forbidden, what.into())
    }

    /// A file or a directory that the system doesn't let us read.
    pub fn unreadable(place: impl Into<String>, error: &io::Error) -> Self {
        Self::new(kind_of(error), format!("can't be read: {error}")).at(place)
    }

    /// The same at this place, in front of the one that it has.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        let place = place.into();
        self.place = match self.place.as_str() {
            "" => place,
            inner => format!("{place}: {inner}"),
        };
        self
    }

    /// The same with a word in front that says who named the place: `seedfrom /srv/user-data: can't be read`.
    #[must_use]
    pub fn named_by(mut self, word: &str) -> Self {
        let first = if self.place.is_empty() {
            &mut self.what
        } else {
            &mut self.place
        };
        first.insert_str(0, &format!("{word} "));
        self
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same, with what else is wrong.
    #[must_use]
    pub fn and(self, others: Vec<Self>) -> Self {
        let alone = self.clone();
        Self::together([vec![self], others].concat()).unwrap_or(alone)
    }

    /// Whether asking again may help.
    pub fn is_passing(&self) -> bool {
        self.kind == FaultKind::Passing
    }

    /// Several as one; `None` if there are none. Places with the same problem are named together.
    pub fn together(faults: Vec<Self>) -> Option<Self> {
        let kind = faults.iter().map(|fault| fault.kind).max()?;
        let mut groups: Vec<(Vec<String>, Self)> = Vec::new();
        for mut fault in faults {
            let place = std::mem::take(&mut fault.place);
            match groups.iter_mut().find(|(_, other)| *other == fault) {
                Some((places, _)) => places.push(place),
                None => groups.push((vec![place], fault)),
            }
        }
        let named = groups.into_iter().map(|(mut places, fault)| {
            places.retain(|place| !place.is_empty());
            let place = at_most(places, ", ");
            Self { place, ..fault }
        });
        let mut named: Vec<Self> = named.collect();
        if named.len() == 1 {
            return named.pop();
        }
        let texts = named.iter().map(Self::to_string).collect();
        Some(Self::new(kind, at_most(texts, "; ")))
    }

    fn text(&self) -> String {
        let place = Some(self.place.as_str()).filter(|place| !place.is_empty());
        let parts = place
            .into_iter()
            .chain([self.what.as_str()])
            .chain(self.hint.as_deref());
        parts.collect::<Vec<_>>().join(": ")
    }
}

/// The first [`SHOWN`] of them, and how many more there are.
fn at_most(mut all: Vec<String>, between: &str) -> String {
    if let Some(more @ 1..) = all.len().checked_sub(SHOWN) {
        all.truncate(SHOWN);
        all.push(format!("and {more} more"));
    }
    all.join(between)
}

/// Whether what the system says may pass: a device or a server that fails, and a lack of something. What is not there, is of
/// another kind, or is not for this user stays so.
fn kind_of(error: &io::Error) -> FaultKind {
    let passing = [
        EAGAIN, EBUSY, EINTR, EIO, EMFILE, ENFILE, ENODEV, ENOMEDIUM, ENOMEM, ENXIO, EREMOTEIO, ESTALE, ETIMEDOUT,
    ];
    match error.raw_os_error() {
        Some(errno) if passing.contains(&errno) => FaultKind::Passing,
        _ => FaultKind::Lasting,
    }
}

impl From<ReadError> for Fault {
    fn from(ReadError { what, path, why }: ReadError) -> Self {
        let what = match what {
            "read" => format!("can't be read: {why}"),
            other => format!("can't {other} it: {why}"),
        };
        Self::lasting(what).at(path)
    }
}

impl From<NoAddress> for Fault {
    fn from(NoAddress { what, hint }: NoAddress) -> Self {
        Self {
            hint: hint.map(str::to_owned),
            ..Self::lasting(what)
        }
    }
}

impl From<MediaError> for Fault {
    fn from(error: MediaError) -> Self {
        let kind = match &error {
            MediaError::Open { source, .. } | MediaError::Read { source, .. } => kind_of(source),
            _ => FaultKind::Lasting,
        };
        let (medium, text) = (error.medium(), error.to_string());
        let what = text.strip_prefix(medium).and_then(|what| what.strip_prefix(": "));
        Self {
            hint: error.hint().map(str::to_owned),
            ..Self::new(kind, what.unwrap_or(&text).to_owned()).at(medium)
        }
    }
}

#[cfg(test)]
mod tests {
    use nix::libc::{EACCES, ELOOP, ENOENT};

    use super::*;

    #[test]
    fn a_fault_says_where_what_and_what_to_do() {
        let bare = Fault::lasting("names no place").with_hint("give one");
        for (fault, text) in [
            (bare.clone(), "names no place: give one"),
            (bare.clone().at("/a"), "/a: names no place: give one"),
            (bare.clone().at("/a").at("/b"), "/b: /a: names no place: give one"),
            (bare.clone().named_by("seedfrom"), "seedfrom names no place: give one"),
            (
                Fault::passing("can't be read").at("/a").named_by("seedfrom").at("/b"),
                "/b: seedfrom /a: can't be read",
            ),
        ] {
            assert_eq!(fault.to_string(), text);
        }
    }

    #[test]
    fn several_are_as_bad_as_the_worst() {
        let all = [Fault::passing("a"), Fault::lasting("b"), Fault::forbidden("c")];
        for (number, kind) in [FaultKind::Passing, FaultKind::Lasting, FaultKind::Forbidden]
            .into_iter()
            .enumerate()
        {
            let together = Fault::together(all[..=number].to_vec()).unwrap();
            assert_eq!(together.kind, kind);
        }
        assert_eq!(Fault::together(all.to_vec()).unwrap().to_string(), "a; b; c");
        assert_eq!(Fault::together(Vec::new()), None);
        let many: Vec<_> = (0..SHOWN + 3).map(|n| Fault::passing(format!("x{n}"))).collect();
        let text = Fault::together(many).unwrap().to_string();
        assert!(text.ends_with("x7; and 3 more"), "{text}");
    }

    #[test]
    fn places_where_the_same_is_wrong_are_named_together() {
        let refused = |place: &str| {
            Fault::lasting("can't be opened")
                .with_hint("run firstlight as root")
                .at(place)
        };
        let both = Fault::together(vec![refused("/dev/vda"), Fault::passing("x"), refused("/dev/vdb")]).unwrap();
        assert_eq!(
            both.to_string(),
            "/dev/vda, /dev/vdb: can't be opened: run firstlight as root; x"
        );
        let many = (0..SHOWN + 1).map(|n| refused(&format!("/dev/sd{n}"))).collect();
        let many = Fault::together(many).unwrap();
        assert!(many.place.ends_with("/dev/sd7, and 1 more"), "{many}");
        assert_eq!(many.hint.as_deref(), Some("run firstlight as root"));
    }

    #[test]
    fn a_device_that_fails_may_be_better_soon_and_what_is_not_there_is_not() {
        for (errno, passing) in [(EIO, true), (ENOENT, false), (EACCES, false), (ELOOP, false)] {
            let fault = Fault::unreadable("/dev/sr0", &io::Error::from_raw_os_error(errno));
            assert_eq!(fault.is_passing(), passing, "{fault}");
        }
        let damaged = MediaError::Damaged {
            medium: "seed: 1.iso".to_owned(),
            what: "it has no end".to_owned(),
        };
        let fault = Fault::from(damaged);
        assert_eq!(fault.kind, FaultKind::Lasting);
        assert_eq!(fault.place, "seed: 1.iso");
        assert_eq!(
            fault.to_string(),
            "seed: 1.iso: the file system is damaged: it has no end: rebuild the image"
        );
    }
}
