//! Lets visudo check rules of sudo: `visudo -c`, visudo(8).
//!
//! Only for the machine that firstlight runs on, never for a tree under `--root`: it runs that machine's programs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::command;
use super::scratch::ScratchDirectory;

/// How long an answer may take: visudo reads one file.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// Where distributions put visudo.
const PROGRAMS: [&str; 3] = ["/usr/sbin/visudo", "/usr/bin/visudo", "/sbin/visudo"];

/// The machine's visudo.
#[derive(Debug)]
pub struct Visudo {
    program: PathBuf,
}

/// Why visudo could not be run, or why it rejects the rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VisudoError {
    /// It can't be run, or doesn't answer.
    #[error("can't check the rules with visudo: {0}")]
    Failed(String),
    /// It rejects the rules.
    #[error("visudo rejects the rules: {0}")]
    Refused(String),
}

impl Visudo {
    /// The visudo of the machine that firstlight runs on; `None` where sudo is not installed.
    #[expect(
        clippy::disallowed_methods,
        reason = "only the visudo of the running machine is used"
    )]
    pub fn find() -> Option<Self> {
        let found = PROGRAMS.into_iter().find(|path| Path::new(path).is_file());
        found.map(|path| Self { program: path.into() })
    }

    /// Whether visudo would accept a file with this content.
    ///
    /// # Errors
    /// It would not, or could not be asked.
    pub async fn would_accept(&self, content: &[u8]) -> Result<(), VisudoError> {
        let directory = ScratchDirectory::make("visudo").map_err(VisudoError::Failed)?;
        let copy = directory.write("sudoers", content).map_err(VisudoError::Failed)?;
        let copy = copy.display().to_string();
        let argv = [
            self.program.display().to_string(),
            "-c".to_owned(),
            "-f".to_owned(),
            copy.clone(),
        ];
        let output = command::output(&argv, TIME_LIMIT)
            .await
            .map_err(|error| VisudoError::Failed(error.to_string()))?;
        match () {
            () if output.success() => Ok(()),
            () if output.status.is_none() => Err(VisudoError::Failed("it was killed".to_owned())),
            () => Err(VisudoError::Refused(reason(
                &format!("{}\n{}", output.stderr, output.stdout),
                &copy,
            ))),
        }
    }
}

/// What visudo says first, without the name of the copy: `line 1:25: syntax error`.
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

    /// Asks a program of our own in visudo's place.
    fn ask(script: &str) -> Result<(), VisudoError> {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("visudo");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let visudo = Visudo { program };
        runtime.unwrap().block_on(visudo.would_accept(b"bob ALL=(ALL) ALL\n"))
    }

    #[test]
    fn its_answer_does_not_name_the_copy() {
        if !crate::skip::is_root("/run is root's") {
            return;
        }
        assert_eq!(ask("[ \"$1 $2\" = '-c -f' ] && grep -q '^bob ALL' \"$3\""), Ok(()));
        assert_eq!(
            ask("echo \"$3:1:25: syntax error\" >&2; echo 'bob ALL='; exit 1"),
            Err(VisudoError::Refused("line 1:25: syntax error".to_owned()))
        );
        assert_eq!(ask("exit 1"), Err(VisudoError::Refused("it gave no reason".to_owned())));
        assert!(matches!(ask("kill -9 $$"), Err(VisudoError::Failed(_))));
    }
}
