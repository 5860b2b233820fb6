//! Lets the machine's own programs check rules of sudo and doas: `visudo -c`, visudo(8), and `doas -C`, doas(1).
//!
//! Only for the machine that firstlight runs on, never for a tree under `--root`: it runs that machine's programs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::command;
use super::scratch::ScratchDirectory;

/// How long an answer may take: they read one file.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// Where distributions put visudo.
const VISUDO: [&str; 3] = ["/usr/sbin/visudo", "/usr/bin/visudo", "/sbin/visudo"];

/// Where distributions put doas.
const DOAS: [&str; 2] = ["/usr/bin/doas", "/usr/local/bin/doas"];

/// A program of the machine that checks rules.
#[derive(Debug)]
pub struct RuleChecker {
    name: &'static str,
    program: PathBuf,
    options: &'static [&'static str],
}

/// Why it could not be run, or why it rejects the rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// It can't be run, or doesn't answer.
    #[error("can't check the rules with {0}: {1}")]
    Failed(&'static str, String),
    /// It rejects the rules.
    #[error("{0} rejects the rules: {1}")]
    Refused(&'static str, String),
}

impl RuleChecker {
    /// The visudo of the machine that firstlight runs on; `None` where sudo is not installed.
    pub fn visudo() -> Option<Self> {
        Self::find("visudo", &VISUDO, &["-c", "-f"])
    }

    /// The doas of the machine that firstlight runs on; `None` where it is not installed.
    pub fn doas() -> Option<Self> {
        Self::find("doas", &DOAS, &["-C"])
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "only the programs of the running machine are used"
    )]
    fn find(name: &'static str, paths: &[&str], options: &'static [&'static str]) -> Option<Self> {
        let program = paths.iter().find(|path| Path::new(path).is_file())?.into();
        Some(Self { name, program, options })
    }

    /// Whether it would accept a file with this content.
    ///
    /// # Errors
    /// It would not, or could not be asked.
    pub async fn would_accept(&self, content: &[u8]) -> Result<(), RuleError> {
        let failed = |why: String| RuleError::Failed(self.name, why);
        let directory = ScratchDirectory::make(self.name).map_err(failed)?;
        let copy = directory.write("rules", content).map_err(failed)?;
        let copy = copy.display().to_string();
        let mut argv = vec![self.program.display().to_string()];
        argv.extend(self.options.iter().map(ToString::to_string));
        argv.push(copy.clone());
        let output = command::output(&argv, TIME_LIMIT)
            .await
            .map_err(|error| failed(error.to_string()))?;
        match () {
            () if output.success() => Ok(()),
            () if output.status.is_none() => Err(failed("it was killed".to_owned())),
            () => Err(RuleError::Refused(
                self.name,
                reason(&format!("{}\n{}", output.stderr, output.stdout), &copy),
            )),
        }
    }
}

/// What it says first, without the name of the copy: `line 1:25: syntax error`.
fn reason(said: &str, copy: &str) -> String {
    let first = said.lines().map(str::trim).find(|line| !line.is_empty());
    let first = first
        .unwrap_or("it gave no reason")
        .replace(&format!("{copy}:"), "line ");
    let text: String = first.replace(copy, "it").chars().take(1000).collect();
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// Asks a program of our own in its place.
    fn ask(script: &str) -> Result<(), RuleError> {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("visudo");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let checker = RuleChecker {
            name: "visudo",
            program,
            options: &["-c", "-f"],
        };
        runtime.unwrap().block_on(checker.would_accept(b"bob ALL=(ALL) ALL\n"))
    }

    #[test]
    fn its_answer_does_not_name_the_copy() {
        if !crate::skip::is_root("/run is root's") {
            return;
        }
        let refused = |why: &str| Err(RuleError::Refused("visudo", why.to_owned()));
        assert_eq!(ask("[ \"$1 $2\" = '-c -f' ] && grep -q '^bob ALL' \"$3\""), Ok(()));
        assert_eq!(
            ask("echo \"$3:1:25: syntax error\" >&2; echo 'bob ALL='; exit 1"),
            refused("line 1:25: syntax error")
        );
        assert_eq!(ask("exit 1"), refused("it gave no reason"));
        assert!(matches!(ask("kill -9 $$"), Err(RuleError::Failed(..))));
    }
}
