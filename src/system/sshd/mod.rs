//! The SSH server's own word on its configuration: `sshd -t` and `sshd -T`, sshd(8).
//!
//! Only for the machine that firstlight runs on, never for a tree under `--root`: it runs that machine's programs.

pub mod openssh_key;
mod printed;
pub mod public_key;
mod scratch_config;
mod scratch_key;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::command::{self, Output};
pub use printed::{Printed, Verdict};
use scratch_config::ScratchConfig;
pub use scratch_config::{PlannedFile, PlannedLine};
use scratch_key::ScratchKey;

/// How long an answer may take: sshd reads a few files.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// Where distributions put sshd.
const PROGRAM_DIRECTORIES: [&str; 6] = [
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
    "/usr/local/sbin",
    "/usr/local/bin",
];

/// The most that is read of a file that sshd complains about, in bytes.
const FILE_LIMIT: usize = 16 * 1024 * 1024;

/// root as seen from the machine itself: who `sshd -T` is asked about. Attributes that a `Match` block asks for and that
/// are missing make older versions fail.
const ROOT_LOGIN: &str = "user=root,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22";

/// Nobody that a `Match` block would name (192.0.2.0/24 is nobody's, RFC 5737): only what is outside of all blocks.
const NO_MATCH: &str = "laddr=192.0.2.1,lport=1";

/// The machine's sshd.
#[derive(Debug)]
pub struct Sshd {
    program: PathBuf,
    config: Option<PathBuf>,
    /// Made when sshd turns out to have none, kept for the next question, gone with this value.
    scratch_key: Option<ScratchKey>,
}

/// Why sshd could not be asked, or what it says against its configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SshdError {
    /// There is no sshd.
    #[error("sshd is not installed (searched: {})", PROGRAM_DIRECTORIES.join(", "))]
    Missing,
    /// It can't be run, or gives no answer.
    #[error("can't query sshd's configuration: {0}")]
    Failed(String),
    /// It refuses the configuration.
    #[error("sshd rejects its configuration: {0}")]
    Refused(Refusal),
}

/// What sshd says against its configuration, and the line that it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// sshd's own words: `/etc/ssh/sshd_config line 3: unsupported option "yess".`
    pub message: String,
    /// The file that they are about.
    pub file: Option<String>,
    /// The line of it that they are about: its number from 1, and its text.
    pub line: Option<(usize, String)>,
}

impl Refusal {
    /// Why, without the place.
    pub fn reason(&self) -> &str {
        let place = self.line.as_ref().map(|(number, _)| format!("line {number}: "));
        let reason = place.and_then(|place| self.message.split_once(&place));
        reason.map_or(&*self.message, |(_, reason)| reason)
    }

    /// sshd's words with the line behind them.
    pub fn in_one_line(&self) -> String {
        match &self.line {
            Some((_, text)) => format!("{} (`{}`)", self.message, text.trim()),
            None => self.message.clone(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.line {
            Some((number, text)) => write!(f, "\n{number:>5} | {text}"),
            None => Ok(()),
        }
    }
}

/// The values that count in sshd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// What counts for root, from the machine itself.
    pub root: Printed,
    /// What counts where no `Match` block matches; `None` when nobody has asked, or this sshd can't say.
    pub elsewhere: Option<Printed>,
}

impl Effective {
    /// Compares the value of a keyword with what is wanted; several values separated by spaces.
    pub fn compare(&self, keyword: &str, wanted: &str) -> Verdict {
        let for_root = self.root.compare(keyword, wanted);
        match (&for_root, &self.elsewhere) {
            (Verdict::Differs { found }, Some(elsewhere)) if elsewhere.compare(keyword, wanted) == Verdict::Same => {
                Verdict::OnlyOutsideMatch { found: found.clone() }
            }
            _ => for_root,
        }
    }
}

impl Sshd {
    /// The sshd of the machine that firstlight runs on.
    ///
    /// # Errors
    /// It is not installed.
    pub fn find() -> Result<Self, SshdError> {
        let program = program("sshd").ok_or(SshdError::Missing)?;
        Ok(Self {
            program,
            config: None,
            scratch_key: None,
        })
    }

    /// The same sshd with another configuration file.
    #[must_use]
    pub fn with_config(mut self, config: &Path) -> Self {
        self.config = Some(config.to_owned());
        self
    }

    /// Whether sshd accepts its configuration: `sshd -t`. It needs no host keys: where there are none yet, as on a first
    /// boot, it is given one to throw away.
    ///
    /// # Errors
    /// It does not, or could not be asked.
    pub async fn accepts(&mut self) -> Result<(), SshdError> {
        self.ask(&["-t"]).await.map(drop)
    }

    /// Whether sshd would accept these files as its configuration, the first one as the main file.
    ///
    /// # Errors
    /// It would not, or could not be asked.
    pub async fn would_accept(&mut self, files: &[PlannedFile]) -> Result<(), SshdError> {
        let scratch = ScratchConfig::make(files).map_err(SshdError::Failed)?;
        let before = self.config.replace(scratch.main());
        let answer = self.accepts().await;
        self.config = before;
        answer.map_err(|error| match error {
            SshdError::Refused(refusal) => SshdError::Refused(Refusal {
                message: scratch.translate(&refusal.message),
                file: refusal.file.map(|file| match scratch.original(Path::new(&file)) {
                    Some(original) => original.to_owned(),
                    None => file,
                }),
                ..refusal
            }),
            other => other,
        })
    }

    /// The values that count for root: `sshd -T`.
    ///
    /// # Errors
    /// sshd refuses its configuration, or could not be asked.
    pub async fn effective(&mut self) -> Result<Printed, SshdError> {
        self.ask(&["-T", "-C", ROOT_LOGIN]).await
    }

    /// The values that count where no `Match` block matches: another question, and so another run. Worth it only where root
    /// gets something else than what is wanted. `None` when this sshd can't say.
    pub async fn elsewhere(&mut self) -> Option<Printed> {
        self.ask(&["-T", "-C", NO_MATCH]).await.ok()
    }

    /// What tells this sshd from one that may give another answer to the same question.
    ///
    /// # Errors
    /// It is gone.
    #[expect(clippy::disallowed_methods, reason = "only the running machine's sshd is asked")]
    pub fn identity(&self) -> std::io::Result<String> {
        use std::os::unix::fs::MetadataExt;
        let program = std::fs::metadata(&self.program)?;
        Ok(format!(
            "{} {}:{} {} {}.{} {}.{}",
            self.program.display(),
            program.dev(),
            program.ino(),
            program.size(),
            program.mtime(),
            program.mtime_nsec(),
            program.ctime(),
            program.ctime_nsec(),
        ))
    }

    /// Runs sshd, helped over what a machine that has never booted lacks.
    async fn ask(&mut self, question: &[&str]) -> Result<Printed, SshdError> {
        // It would refuse to look at anything without one, and be asked twice.
        if self.scratch_key.is_none() && !has_host_keys() {
            self.scratch_key = ScratchKey::make().ok();
        }
        let mut made_directory = false;
        loop {
            let output = self.run(question).await?;
            if output.success() {
                let key = self.scratch_key.as_ref().map(ScratchKey::path);
                return Ok(Printed::parse(&output.stdout, key));
            }
            if let Some(directory) = missing_privilege_directory(&output.stderr).filter(|_| !made_directory) {
                make_privilege_directory(directory)?;
                made_directory = true;
            } else if output.stderr.contains("no hostkeys available") && self.scratch_key.is_none() {
                self.scratch_key = Some(ScratchKey::make().map_err(SshdError::Failed)?);
            } else {
                return Err(SshdError::Refused(refusal(&output.stderr)));
            }
        }
    }

    async fn run(&self, question: &[&str]) -> Result<Output, SshdError> {
        let mut argv = vec![self.program.display().to_string()];
        argv.extend(question.iter().map(ToString::to_string));
        if let Some(config) = &self.config {
            argv.extend(["-f".to_owned(), config.display().to_string()]);
        }
        if let Some(key) = &self.scratch_key {
            argv.extend(["-h".to_owned(), key.path().display().to_string()]);
        }
        command::output(&argv, TIME_LIMIT)
            .await
            .map_err(|error| SshdError::Failed(error.to_string()))
    }
}

/// Where a program is.
#[expect(clippy::disallowed_methods, reason = "only the running machine's sshd is asked")]
fn program(name: &str) -> Option<PathBuf> {
    let candidates = PROGRAM_DIRECTORIES
        .iter()
        .map(|directory| Path::new(directory).join(name));
    candidates.into_iter().find(|path| path.is_file())
}

/// Whether there are host keys where sshd looks for them unless it is told otherwise.
#[expect(clippy::disallowed_methods, reason = "only the running machine's sshd is asked")]
fn has_host_keys() -> bool {
    let names = std::fs::read_dir("/etc/ssh").into_iter().flatten().flatten();
    let is_key = |name: &str| name.starts_with("ssh_host_") && name.ends_with("_key");
    names
        .into_iter()
        .any(|entry| entry.file_name().to_str().is_some_and(is_key))
}

/// The directory that sshd's unprivileged half wants to be in and that isn't there.
fn missing_privilege_directory(stderr: &str) -> Option<&str> {
    let lines = stderr.lines();
    lines
        .filter_map(|line| line.trim().strip_prefix("Missing privilege separation directory: "))
        .next()
}

/// Creates the directory if it is one that every boot must create again. sshd wants it to be root's and writable by
/// nobody else.
#[expect(clippy::disallowed_methods, reason = "only the running machine's sshd is asked")]
fn make_privilege_directory(directory: &str) -> Result<(), SshdError> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    let inside_run = directory.strip_prefix("/run/").or(directory.strip_prefix("/var/run/"));
    if inside_run.is_none_or(|name| name.is_empty() || name.contains('/') || name.starts_with('.')) {
        return Err(SshdError::Failed(format!(
            "its privilege separation directory {directory} doesn't exist; create it, owned by root, with mode 0755"
        )));
    }
    let made = std::fs::DirBuilder::new().mode(0o755).create(directory);
    // The umask may have taken away what sshd needs.
    let made = made.and_then(|()| std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o755)));
    made.map_err(|error| {
        SshdError::Failed(format!(
            "can't create its privilege separation directory {directory}: {error}"
        ))
    })
}

/// The first thing that sshd says, with the line that it is about.
fn refusal(stderr: &str) -> Refusal {
    // That keys are missing is known, and not what is wrong.
    let is_news = |line: &&str| !line.is_empty() && !line.contains("load host key");
    let mut messages = stderr.lines().map(str::trim).filter(is_news);
    let about_a_line = messages.clone().find_map(|message| Some((message, place(message)?)));
    match about_a_line {
        Some((message, (file, number))) => Refusal {
            message: message.to_owned(),
            file: Some(file.display().to_string()),
            line: line_of(file, number).map(|text| (number, text)),
        },
        None => Refusal {
            message: messages.next().unwrap_or("it gave no reason").to_owned(),
            file: None,
            line: None,
        },
    }
}

/// `FILE line N: …` or `FILE: line N: …`.
fn place(message: &str) -> Option<(&Path, usize)> {
    let (file, rest) = message.split_once(" line ")?;
    let number = rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
    let file = Path::new(file.strip_suffix(':').unwrap_or(file));
    file.is_absolute().then_some((file, number))
}

#[expect(clippy::disallowed_methods, reason = "only the running machine's sshd is asked")]
fn line_of(file: &Path, number: usize) -> Option<String> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(file).ok()?;
    file.take(FILE_LIMIT as u64).read_to_end(&mut bytes).ok()?;
    let line = bytes.split(|b| *b == b'\n').nth(number.checked_sub(1)?)?;
    let text: String = String::from_utf8_lossy(line).chars().take(200).collect();
    Some(text.trim_end().replace(char::is_control, " "))
}

#[cfg(test)]
mod tests;
