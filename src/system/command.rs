//! Runs programs: an argument list, a clean environment, a time limit, bounded output. Never a shell.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;

/// How many bytes of a program's output are kept.
const OUTPUT_LIMIT: u64 = 1024 * 1024;

/// The search path that programs are given; Photon's `/usr/sbin` is not in everybody's.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

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
    /// Whether the program says that all is well.
    pub fn success(&self) -> bool {
        self.status == Some(0)
    }
}

/// Why a program did not do its work.
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

/// Runs a program and hands back what it printed, whatever its exit status.
///
/// # Errors
/// It could not be started, or took longer than `limit`.
pub async fn output(argv: &[String], limit: Duration) -> Result<Output, CommandError> {
    let program = argv.first().cloned().unwrap_or_default();
    let failed = |error: std::io::Error| CommandError::Start {
        program: program.clone(),
        why: error.to_string(),
    };
    let mut child = Command::new(&program)
        .args(argv.iter().skip(1))
        .env_clear()
        .envs([("PATH", PATH), ("LC_ALL", "C.UTF-8"), ("HOME", "/root")])
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let work = async {
        let (stdout, stderr, status) = tokio::join!(read(stdout), read(stderr), child.wait());
        status.map(|status| Output {
            stdout,
            stderr,
            status: status.code(),
        })
    };
    match tokio::time::timeout(limit, work).await {
        Ok(output) => output.map_err(failed),
        Err(_) => Err(CommandError::TimedOut { program, limit }),
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

/// Reads to the end, keeping the first [`OUTPUT_LIMIT`] bytes: a program that talks on is not blocked by us.
async fn read(stream: Option<impl tokio::io::AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let mut kept = Vec::new();
    let _ = (&mut stream).take(OUTPUT_LIMIT).read_to_end(&mut kept).await;
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&kept).into_owned()
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

    #[tokio::test(flavor = "current_thread")]
    async fn output_is_bounded_and_the_program_is_not_blocked() {
        let many = argv(&["/bin/sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x"]);
        let done = run(&many, Duration::from_secs(30)).await.unwrap();
        assert_eq!(done.stdout.len() as u64, OUTPUT_LIMIT);
    }
}
