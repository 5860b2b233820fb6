//! Whether the kernel has a module, or a parameter its value.

use super::Verdict;
use super::kind::{ExpectationKind, Looking, Moment, Place, seen};
use super::sight::Sight;
use crate::module::KernelChange;
use crate::system::kernel::{Standing, compare};

/// The kernel has this module, or this value of a parameter.
pub(super) struct KernelHas<'e> {
    pub wanted: &'e KernelChange,
}

impl ExpectationKind for KernelHas<'_> {
    fn in_words(&self) -> String {
        self.wanted.to_string()
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

    fn look<'a>(&'a self, sight: &'a Sight<'a>) -> Looking<'a> {
        seen(match compare(&sight.system.root, self.wanted) {
            Standing::Same => Verdict::Verified,
            Standing::Differs(how) => Verdict::Wrong(how),
            Standing::Unseen(why) => Verdict::Unseen(why),
        })
    }
}
