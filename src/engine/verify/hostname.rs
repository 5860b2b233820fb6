//! Whether the kernel has the host name.

use super::Verdict;
use super::kind::{ExpectationKind, Looking, Moment, Place, seen};
use super::sight::Sight;

/// The kernel has this host name.
pub(super) struct HostnameIs<'e> {
    pub name: &'e str,
}

impl ExpectationKind for HostnameIs<'_> {
    fn in_words(&self) -> String {
        format!("the kernel's host name is {}", self.name)
    }

    fn moment(&self) -> Moment {
        Moment::Afterwards
    }

    fn place(&self) -> Place {
        Place::Running
    }

    fn is_kept(&self) -> bool {
        false
    }

    fn look<'a>(&'a self, _sight: &'a Sight<'a>) -> Looking<'a> {
        seen(match nix::unistd::gethostname() {
            Err(errno) => Verdict::Unseen(errno.desc().to_owned()),
            Ok(is) if is.to_string_lossy() == self.name => Verdict::Verified,
            Ok(is) => Verdict::Wrong(format!("it is {}", is.to_string_lossy())),
        })
    }
}
