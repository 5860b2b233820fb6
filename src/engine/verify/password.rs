//! Whether an account has the password that was asked for.

use super::Verdict;
use super::kind::{ExpectationKind, Looking, Moment, Place, seen};
use super::sight::Sight;
use crate::document::Secret;
use crate::system::{System, account};

/// The account's shadow entry holds this password's hash.
pub(super) struct PasswordIs<'e> {
    pub user: &'e str,
    pub hash: &'e Secret,
}

impl ExpectationKind for PasswordIs<'_> {
    fn in_words(&self) -> String {
        format!("{}'s shadow entry holds the password", self.user)
    }

    fn moment(&self) -> Moment {
        Moment::Gate
    }

    fn place(&self) -> Place {
        Place::Files
    }

    fn is_kept(&self) -> bool {
        false
    }

    fn look<'a>(&'a self, sight: &'a Sight<'a>) -> Looking<'a> {
        seen(judge(sight.system, self.user, self.hash))
    }
}

fn judge(system: &System, user: &str, hash: &Secret) -> Verdict {
    match system.root.read(account::AccountFile::Shadow.path()) {
        Err(error) => Verdict::Unseen(error.to_string()),
        Ok(bytes) => match account::shadow::entry(&bytes.unwrap_or_default(), user) {
            Some(entry) if entry.hash == *hash => Verdict::Verified,
            Some(_) => Verdict::Wrong("it holds a different one".to_owned()),
            None => Verdict::Wrong("there is no entry".to_owned()),
        },
    }
}
