//! Lets dockerd check its settings: `dockerd --validate`, dockerd(8).
//!
//! Only for the machine that firstlight runs on, never for a tree under `--root`: it runs that machine's programs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::command;
use super::scratch::ScratchDirectory;

/// How long an answer may take: dockerd reads one file.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// Where distributions put dockerd.
const PROGRAMS: [&str; 4] = [
    "/usr/bin/dockerd",
    "/usr/sbin/dockerd",
    "/usr/local/bin/dockerd",
    "/bin/dockerd",
];

/// The machine's dockerd.
#[derive(Debug)]
pub struct Dockerd {
    program: PathBuf,
}

/// Why dockerd could not be run, or why it rejects its settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DockerdError {
    /// It can't be run, doesn't answer, or is older than Docker 23, which introduced the option.
    #[error("can't check the settings with dockerd: {0}")]
    Failed(String),
    /// It rejects the settings.
    #[error("dockerd rejects its settings: {0}")]
    Refused(String),
}

impl Dockerd {
    /// The dockerd of the machine that firstlight runs on; `None` where it is not installed.
    #[expect(
        clippy::disallowed_methods,
        reason = "only the dockerd of the running machine is used"
    )]
    pub fn find() -> Option<Self> {
        let found = PROGRAMS.into_iter().find(|path| Path::new(path).is_file());
        found.map(|path| Self { program: path.into() })
    }

    /// Whether dockerd would accept this content of the file `path`.
    ///
    /// # Errors
    /// It would not, or could not be asked.
    pub async fn would_accept(&self, path: &str, content: &[u8]) -> Result<(), DockerdError> {
        let directory = ScratchDirectory::make("dockerd").map_err(DockerdError::Failed)?;
        let copy = directory.write("daemon.json", content).map_err(DockerdError::Failed)?;
        let argv = [
            self.program.display().to_string(),
            "--validate".to_owned(),
            format!("--config-file={}", copy.display()),
        ];
        let output = command::output(&argv, TIME_LIMIT)
            .await
            .map_err(|error| DockerdError::Failed(error.to_string()))?;
        let said = output.stderr.replace(&copy.display().to_string(), path);
        match () {
            () if output.success() => Ok(()),
            () if said.contains("unknown flag: --validate") => {
                Err(DockerdError::Failed("it is older than Docker 23".to_owned()))
            }
            // A signal, or a machine that can't run it at all.
            () if output.status.is_none() => Err(DockerdError::Failed("it was killed".to_owned())),
            () => Err(DockerdError::Refused(reason(&said))),
        }
    }
}

/// The reason that dockerd gives: the last line, possibly after log lines.
fn reason(said: &str) -> String {
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty());
    let text: String = last.unwrap_or("it gave no reason").chars().take(1000).collect();
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// Asks a program of our own in dockerd's place.
    fn ask(script: &str) -> Result<(), DockerdError> {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("dockerd");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let dockerd = Dockerd { program };
        runtime
            .unwrap()
            .block_on(dockerd.would_accept("/etc/docker/daemon.json", b"{\"mtu\": 1}"))
    }

    #[test]
    fn its_answer_names_the_real_file() {
        if !crate::skip::is_root("/run is root's") {
            return;
        }
        assert_eq!(ask("echo configuration OK"), Ok(()));
        let seen = ask("[ \"$1\" = --validate ] && grep -q '\"mtu\": 1' \"${2#--config-file=}\"");
        assert_eq!(seen, Ok(()));
        let refused = ask(
            "echo 'level=info msg=\"Starting up\"' >&2; echo \"unable to configure the Docker daemon with file \
             ${2#--config-file=}: the following directives don't match any configuration option: mtv\" >&2; exit 1",
        );
        let said = "unable to configure the Docker daemon with file /etc/docker/daemon.json: the following directives \
            don't \
                    match any configuration option: mtv";
        assert_eq!(refused, Err(DockerdError::Refused(said.to_owned())));
        for script in ["echo 'unknown flag: --validate' >&2; exit 125", "kill -9 $$"] {
            assert!(matches!(ask(script), Err(DockerdError::Failed(_))), "{script}");
        }
        assert_eq!(
            ask("exit 1"),
            Err(DockerdError::Refused("it gave no reason".to_owned()))
        );
    }
}
