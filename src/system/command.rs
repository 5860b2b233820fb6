//! Runs programs of the machine and returns their output as text. [`super::run`] is the asynchronous half.
//!
//! They run in firstlight's own unit, with its limits. A document's command runs in a unit of its own:
//! [`super::systemd::TransientService`].

use std::time::Duration;

use super::run::{self, Keep, RunError, Said};
use super::thread::blocking;
use super::{Kind, ReadError, Root};

/// How many bytes of a program's output are kept.
const OUTPUT_LIMIT: u64 = 1024 * 1024;

/// The search path for programs; not every `PATH` contains `/usr/sbin`.
const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The environment of programs.
pub const ENVIRONMENT: [(&str, &str); 3] = [("PATH", SEARCH_PATH), ("LC_ALL", "C.UTF-8"), ("HOME", "/root")];

/// What a program printed and how it ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The exit status; `None` when a signal ended it.
    pub status: Option<i32>,
}

impl Output {
    /// Whether the program succeeded.
    pub fn success(&self) -> bool {
        self.status == Some(0)
    }
}

/// Why a program was not found or failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It could not be started.
    #[error("can't run {program}: {why}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        why: String,
    },
    /// It is unknown whether it exists.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It took too long and was killed.
    #[error("{program} did not end within {} s and was killed", .limit.as_secs())]
    TimedOut {
        /// The program.
        program: String,
        /// The limit.
        limit: Duration,
    },
    /// It ended with an error.
    #[error("{program} failed (exit status {status}): {stderr}")]
    Failed {
        /// The program.
        program: String,
        /// The exit status, or `?` when a signal ended it.
        status: String,
        /// The end of what it said.
        stderr: String,
    },
}

/// The absolute path of a program, given as an absolute path or as a name in the search path.
///
/// # Errors
/// There is no such program, or it may not be executed.
pub fn locate(root: &Root, program: &str) -> Result<String, CommandError> {
    let refuse = |why: &str| Err(start(program.to_owned(), &why));
    let candidates: Vec<String> = match (program.starts_with('/'), program.contains('/')) {
        (true, _) => vec![program.to_owned()],
        (false, true) => return refuse("it is neither an absolute path nor a plain name"),
        (false, false) if program.is_empty() => return refuse("no program is given"),
        (false, false) => SEARCH_PATH
            .split(':')
            .map(|directory| format!("{directory}/{program}"))
            .collect(),
    };
    let mut is_there = false;
    for path in candidates {
        match root.metadata_followed(&path)? {
            Some(found) if found.kind == Kind::File && found.mode & 0o111 != 0 => return Ok(path),
            found => is_there |= found.is_some(),
        }
    }
    match is_there {
        true => refuse("it is not an executable file"),
        false if program.starts_with('/') => refuse("there is no such file"),
        false => refuse(&format!("there is no such program in {SEARCH_PATH}")),
    }
}

/// Runs a program and hands back what it printed, whatever its exit status.
///
/// # Errors
/// It could not be started, or took longer than `limit`.
pub async fn output(argv: &[String], limit: Duration) -> Result<Output, CommandError> {
    let program = argv.first().cloned().unwrap_or_default();
    let argv = argv.to_vec();
    let work = move || run::run(&argv, &ENVIRONMENT, limit, Keep::Head(OUTPUT_LIMIT));
    match blocking(&program, work).await {
        Ok(Ok(said)) => Ok(text(&program, &said)),
        Ok(Err(RunError::Late(limit))) => Err(CommandError::TimedOut { program, limit }),
        Ok(Err(RunError::Start(why))) | Err(why) => Err(start(program, &why)),
        Ok(Err(why)) => Err(start(program, &why)),
    }
}

fn start(program: String, why: &dyn std::fmt::Display) -> CommandError {
    let why = why.to_string();
    CommandError::Start { program, why }
}

fn text(program: &str, said: &Said) -> Output {
    if said.cut {
        tracing::warn!("{program} printed more than {OUTPUT_LIMIT} bytes; the rest was discarded");
    }
    Output {
        stdout: String::from_utf8_lossy(&said.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&said.stderr).into_owned(),
        status: said.status,
    }
}

/// Runs a program that must succeed.
///
/// # Errors
/// As [`output`], or it ended with an error.
pub async fn run(argv: &[String], limit: Duration) -> Result<Output, CommandError> {
    let output = output(argv, limit).await?;
    if output.success() {
        return Ok(output);
    }
    let program = argv.first().cloned().unwrap_or_default();
    let status = output
        .status
        .map_or_else(|| "?".to_owned(), |status| status.to_string());
    let tail: Vec<&str> = output.stderr.lines().rev().take(3).collect();
    let stderr = tail.into_iter().rev().collect::<Vec<_>>().join("; ");
    Err(CommandError::Failed {
        program,
        status,
        stderr,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[tokio::test(flavor = "current_thread")]
    async fn how_programs_end() {
        let limit = Duration::from_secs(10);
        let done = output(&argv(&["/bin/sh", "-c", "echo out; echo err >&2; exit 3"]), limit)
            .await
            .unwrap();
        assert_eq!(
            done,
            Output {
                stdout: "out\n".into(),
                stderr: "err\n".into(),
                status: Some(3)
            }
        );
        let error = run(&argv(&["/bin/sh", "-c", "echo no such thing >&2; exit 3"]), limit)
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("status 3") && error.to_string().contains("no such thing"),
            "{error}"
        );
        let error = run(&argv(&["/nonexistent/program"]), limit).await.unwrap_err();
        assert!(error.to_string().contains("can't run /nonexistent/program"), "{error}");
        let error = run(&argv(&["/bin/sleep", "60"]), Duration::from_millis(50))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("was killed"), "{error}");
    }

    #[test]
    fn programs_are_found_as_a_shell_finds_them() {
        let tree = tempfile::tempdir().unwrap();
        let make = |path: &str, mode: u32| {
            let path = tree.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "").unwrap();
            std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        };
        make("usr/local/bin/tool", 0o644);
        make("usr/bin/tool", 0o755);
        make("opt/text", 0o644);
        std::os::unix::fs::symlink("usr/bin", tree.path().join("bin")).unwrap();
        std::os::unix::fs::symlink("/bin/tool", tree.path().join("opt/link")).unwrap();
        let root = Root::open(tree.path()).unwrap();
        for (program, found) in [
            ("tool", "/usr/bin/tool"),
            ("/bin/tool", "/bin/tool"),
            ("/opt/link", "/opt/link"),
        ] {
            assert_eq!(locate(&root, program).unwrap(), found);
        }
        let no_file = "it is not an executable file";
        for (program, why) in [
            ("nowhere", "there is no such program in /usr/local/sbin:"),
            ("/nowhere", "there is no such file"),
            ("/opt/text", no_file),
            ("/opt", no_file),
            ("./tool", "neither an absolute path nor a plain name"),
            ("", "no program"),
        ] {
            let error = locate(&root, program).unwrap_err().to_string();
            assert!(error.contains(why), "{program}: {error}");
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn output_is_bounded_and_the_program_is_not_blocked() {
        let many = argv(&["/bin/sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x"]);
        let done = run(&many, Duration::from_secs(30)).await.unwrap();
        assert_eq!(done.stdout.len() as u64, OUTPUT_LIMIT);
    }
}
