//! Whether sshd reports the expected configuration.

use super::Verdict;
use super::kind::{ExpectationKind, Looking, Moment, Place};
use super::sight::Sight;
use crate::document::redact::redact;
use crate::system::sshd::{Effective, Printed, SshdError, Verdict as Says};
use crate::system::write::may_own;

/// `sshd -t` accepts the configuration.
pub(super) struct SshdAccepts;

impl ExpectationKind for SshdAccepts {
    fn in_words(&self) -> String {
        "sshd -t accepts its configuration".to_owned()
    }

    fn moment(&self) -> Moment {
        Moment::Gate
    }

    fn place(&self) -> Place {
        Place::Running
    }

    fn look<'a>(&'a self, sight: &'a Sight<'a>) -> Looking<'a> {
        Box::pin(async {
            match said(sight).await {
                Ok(_) => Verdict::Verified,
                Err(refusal) => refusal,
            }
        })
    }
}

/// `sshd -T` says this value for this keyword.
pub(super) struct SshdSays<'e> {
    pub keyword: &'e str,
    pub value: &'e str,
}

impl ExpectationKind for SshdSays<'_> {
    fn in_words(&self) -> String {
        format!("sshd -T says {} {}", self.keyword, redact(self.value))
    }

    fn moment(&self) -> Moment {
        Moment::Gate
    }

    fn place(&self) -> Place {
        Place::Running
    }

    /// A command's arguments may hold a token.
    fn is_kept(&self) -> bool {
        redact(self.value) == self.value
    }

    fn look<'a>(&'a self, sight: &'a Sight<'a>) -> Looking<'a> {
        Box::pin(async {
            let mut effective = match said(sight).await {
                Ok(root) => Effective { root, elsewhere: None },
                Err(refusal) => return refusal,
            };
            if matches!(effective.compare(self.keyword, self.value), Says::Differs { .. }) {
                effective.elsewhere.clone_from(sight.sshd_elsewhere().await);
            }
            says(&effective, self.keyword, self.value)
        })
    }
}

/// `sshd -T -C user=…` lets the account in with a key in this file. Keys that sshd doesn't take do no harm.
pub(super) struct SshdTakesKeys<'e> {
    pub user: &'e str,
    pub file: &'e str,
    pub pattern: &'e str,
    pub forced: bool,
}

impl ExpectationKind for SshdTakesKeys<'_> {
    fn in_words(&self) -> String {
        format!("sshd -T takes {}'s keys from {}", self.user, self.file)
    }

    fn moment(&self) -> Moment {
        Moment::BeforeReload
    }

    fn place(&self) -> Place {
        Place::Running
    }

    fn look<'a>(&'a self, sight: &'a Sight<'a>) -> Looking<'a> {
        Box::pin(async {
            if let Err(error @ SshdError::Missing) = sight.sshd().await {
                return Verdict::Unseen(error.to_string());
            }
            match said(sight).await {
                Ok(printed) => takes_keys(&printed, self.user, self.pattern, self.forced),
                Err(refusal) => refusal,
            }
        })
    }
}

/// What sshd says, or that it refuses to say it. It quotes the line that it refuses.
async fn said(sight: &Sight<'_>) -> Result<Printed, Verdict> {
    if !may_own() {
        return Err(Verdict::Unseen("only root can query it".to_owned()));
    }
    let said = sight.sshd().await.clone();
    said.map_err(|error| Verdict::Wrong(redact(&error.to_string()).into_owned()))
}

fn says(effective: &Effective, keyword: &str, value: &str) -> Verdict {
    match effective.compare(keyword, value) {
        Says::Same => Verdict::Verified,
        // What the document asks for is the global value; the module has warned of the block.
        Says::OnlyOutsideMatch { .. } => Verdict::Verified,
        Says::Differs { found } => Verdict::Wrong(format!("it says {}", redact(&found))),
        Says::NotComparable { .. } => Verdict::Unseen("sshd -T prints it in a different form".to_owned()),
    }
}

/// Whether the account gets in with a key in the file that this pattern stands for.
fn takes_keys(printed: &Printed, user: &str, pattern: &str, forced: bool) -> Verdict {
    let first = |keyword: &str| printed.values(keyword).first().map(String::as_str);
    let about_root = first("permitrootlogin").filter(|_| user == "root");
    match (about_root, first("pubkeyauthentication")) {
        (Some("no"), _) => return Verdict::Wrong("it says permitrootlogin no".to_owned()),
        (Some(value @ "forced-commands-only"), _) if !forced => {
            return Verdict::Wrong(format!("it says permitrootlogin {value}"));
        }
        (_, Some("no")) => return Verdict::Wrong("it says pubkeyauthentication no".to_owned()),
        _ => {}
    }
    let files = first("authorizedkeysfile").unwrap_or_default();
    // They are printed without quotes, whatever is in them.
    match format!(" {files} ").contains(&format!(" {pattern} ")) {
        true => Verdict::Verified,
        false => Verdict::Wrong(format!("it says authorizedkeysfile {files}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_or_the_line_that_says_otherwise_is_told() {
        const USUAL: &str = ".ssh/authorized_keys";
        let usual = "authorizedkeysfile .ssh/authorized_keys .ssh/authorized_keys2\n";
        for (printed, forced, why) in [
            (
                format!("permitrootlogin without-password\npubkeyauthentication yes\n{usual}"),
                false,
                "",
            ),
            (format!("permitrootlogin yes\n{usual}"), false, ""),
            (format!("permitrootlogin forced-commands-only\n{usual}"), true, ""),
            (
                format!("permitrootlogin forced-commands-only\n{usual}"),
                false,
                "it says permitrootlogin forced-commands-only",
            ),
            (
                format!("permitrootlogin no\n{usual}"),
                true,
                "it says permitrootlogin no",
            ),
            (
                format!("pubkeyauthentication no\n{usual}"),
                false,
                "it says pubkeyauthentication no",
            ),
            (
                "authorizedkeysfile none\n".to_owned(),
                false,
                "it says authorizedkeysfile none",
            ),
            (
                "authorizedkeysfile /x/%u\n".to_owned(),
                false,
                "it says authorizedkeysfile /x/%u",
            ),
        ] {
            let verdict = takes_keys(&Printed::parse(&printed, None), "root", USUAL, forced);
            match why {
                "" => assert_eq!(verdict, Verdict::Verified, "{printed}"),
                why => assert_eq!(verdict, Verdict::Wrong(why.to_owned()), "{printed}"),
            }
        }
        let printed = Printed::parse("authorizedkeysfile /a/%u /etc/my keys/%u .c\n", None);
        for (pattern, verified) in [("/etc/my keys/%u", true), (".c", true), ("/a/%u", true), ("/a", false)] {
            let verdict = takes_keys(&printed, "root", pattern, false);
            assert_eq!(verdict == Verdict::Verified, verified, "{pattern}: {verdict:?}");
        }
    }

    #[test]
    fn whether_root_may_log_in_says_nothing_of_others() {
        let printed = Printed::parse(
            "permitrootlogin no\npubkeyauthentication yes\nauthorizedkeysfile .k\n",
            None,
        );
        assert_eq!(takes_keys(&printed, "amy", ".k", false), Verdict::Verified);
    }
}
