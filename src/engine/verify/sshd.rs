//! Whether sshd says of its configuration what is expected of it.

use super::Verdict;
use crate::document::redact::redact;
use crate::module::Expectation;
use crate::system::sshd::{Effective, Printed, Sshd, SshdError, Verdict as Says};

/// What the machine's sshd says: asked once, when somebody wants to know. All files are in place by then.
#[derive(Debug, Default)]
pub struct Answer(Option<Result<Effective, SshdError>>);

impl Answer {
    /// The answer.
    pub async fn get(&mut self) -> &Result<Effective, SshdError> {
        if self.0.is_none() {
            self.0 = Some(ask().await);
        }
        self.0.get_or_insert(Err(SshdError::Missing))
    }
}

/// `sshd -T`: it refuses what `sshd -t` refuses.
async fn ask() -> Result<Effective, SshdError> {
    Sshd::find()?.effective().await
}

/// How an expectation of sshd turned out.
pub fn judge(answer: &Result<Effective, SshdError>, expectation: &Expectation) -> Verdict {
    match (answer, expectation) {
        (Err(SshdError::Missing), Expectation::SshdTakesKeys { .. }) => Verdict::Unseen(SshdError::Missing.to_string()),
        // sshd quotes the line that it refuses.
        (Err(error), _) => Verdict::Wrong(redact(&error.to_string()).into_owned()),
        (Ok(effective), Expectation::SshdSays { keyword, value }) => says(effective, keyword, value),
        (Ok(effective), Expectation::SshdTakesKeys { pattern, forced, .. }) => {
            takes_keys(&effective.root, pattern, *forced)
        }
        (Ok(_), _) => Verdict::Verified,
    }
}

fn says(effective: &Effective, keyword: &str, value: &str) -> Verdict {
    match effective.compare(keyword, value) {
        Says::Same => Verdict::Verified,
        // What the document asks for is the global value; the module has warned of the block.
        Says::OnlyOutsideMatch { .. } => Verdict::Verified,
        Says::Differs { found } => Verdict::Wrong(format!("it says {}", redact(&found))),
        Says::NotComparable { .. } => Verdict::Unseen("sshd -T prints it in another form".to_owned()),
    }
}

/// Whether root gets in with a key in the file that this pattern stands for.
fn takes_keys(printed: &Printed, pattern: &str, forced: bool) -> Verdict {
    let first = |keyword: &str| printed.values(keyword).first().map(String::as_str);
    match (first("permitrootlogin"), first("pubkeyauthentication")) {
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
        let expected = |pattern: &str, forced| Expectation::SshdTakesKeys {
            user: "root".into(),
            file: "/some/where".into(),
            pattern: pattern.into(),
            forced,
        };
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
            let effective = Effective {
                root: Printed::parse(&printed, None),
                elsewhere: None,
            };
            let expected = match why {
                "" => (judge(&Ok(effective), &expected(USUAL, forced)), Verdict::Verified),
                why => (
                    judge(&Ok(effective), &expected(USUAL, forced)),
                    Verdict::Wrong(why.to_owned()),
                ),
            };
            assert_eq!(expected.0, expected.1, "{printed}");
        }
        let effective = Effective {
            root: Printed::parse("authorizedkeysfile /a/%u /etc/my keys/%u .c\n", None),
            elsewhere: None,
        };
        for (pattern, verified) in [("/etc/my keys/%u", true), (".c", true), ("/a/%u", true), ("/a", false)] {
            let verdict = judge(&Ok(effective.clone()), &expected(pattern, false));
            assert_eq!(verdict == Verdict::Verified, verified, "{pattern}: {verdict:?}");
        }
        let missing = judge(&Err(SshdError::Missing), &expected(USUAL, false));
        assert!(matches!(missing, Verdict::Unseen(_)), "{missing:?}");
    }
}
