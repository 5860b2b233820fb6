//! Guestinfo by way of the tools in open-vm-tools.

use std::time::{Duration, Instant};

use super::transport::{Transport, VALUE_LIMIT};
use crate::source::Fault;
use crate::system::run::{Keep, RunError, Said, run};

/// The small one, which the hypervisor can be told to refuse.
pub const RPCTOOL: &[&str] = &["/usr/bin/vmware-rpctool"];

/// The daemon's executable, used as a tool: slower, and not refused.
pub const VMTOOLSD: &[&str] = &["/usr/bin/vmtoolsd", "--cmd"];

/// How long one question may take.
pub const LIMIT: Duration = Duration::from_secs(2);

/// The longest message that a hypervisor takes from a guest, in bytes: open-vm-tools' `GUESTMSG_MAX_IN_SIZE`.
const MESSAGE_LIMIT: usize = 64 * 1024;

/// A tool that is asked.
#[derive(Debug)]
pub struct Tool {
    argv: Vec<String>,
    name: String,
    limit: Duration,
    until: Instant,
}

impl Tool {
    /// The program with its first arguments; it is given `limit` for each question, and not asked any more at `until`.
    pub fn new(argv: &[&str], limit: Duration, until: Instant) -> Self {
        let name = argv.first().copied().unwrap_or_default();
        Self {
            argv: argv.iter().map(ToString::to_string).collect(),
            name: name.rsplit('/').next().unwrap_or_default().to_owned(),
            limit,
            until,
        }
    }

    /// One question, within what is left of the time.
    fn say(&self, message: &str) -> Result<Said, RunError> {
        let left = self.until.saturating_duration_since(Instant::now());
        let mut argv = self.argv.clone();
        argv.push(message.to_owned());
        run(&argv, &[], left.min(self.limit), Keep::Whole(VALUE_LIMIT))
    }
}

/// Only what is known is repeated: anything else may be a part of a value.
fn refusal(stderr: &str) -> Fault {
    match stderr.contains("Permission denied") {
        true => Fault::lasting("permission denied"),
        false => Fault::lasting("it failed"),
    }
}

/// A tool may be too late on a machine that is busy coming up.
fn unanswered(error: &RunError) -> Fault {
    match error {
        RunError::Late(_) => Fault::passing(error.to_string()),
        _ => Fault::lasting(error.to_string()),
    }
}

impl Transport for Tool {
    fn name(&self) -> &str {
        &self.name
    }

    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        let asked = format!("{} asked for guestinfo.{key}", self.name);
        let said = self
            .say(&format!("info-get guestinfo.{key}"))
            .map_err(|error| unanswered(&error).at(&asked))?;
        if said.success {
            // The tool's own line end, not the value's.
            let value = said.stdout.strip_suffix(b"\n").unwrap_or(&said.stdout);
            return Ok(Some(value.to_vec()));
        }
        let stderr = String::from_utf8_lossy(&said.stderr);
        if stderr.contains("No value found") {
            return Ok(None);
        }
        Err(refusal(&stderr).at(asked))
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), Fault> {
        let message = format!("info-set guestinfo.{key} {value}");
        if message.len() > MESSAGE_LIMIT {
            return Err(Fault::lasting(format!(
                "guestinfo.{key} would have {} bytes, more than the 64 KiB that a guest can write",
                value.len()
            )));
        }
        let fault = match self.say(&message) {
            Ok(said) if said.success => return Ok(()),
            Ok(said) => refusal(&String::from_utf8_lossy(&said.stderr)),
            Err(error) => unanswered(&error),
        };
        Err(fault.at(format!("{} setting guestinfo.{key}", self.name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(script: &str, limit: Duration) -> Result<Option<Vec<u8>>, Fault> {
        let argv = ["/bin/sh", "-c", script];
        Tool::new(&argv, LIMIT, Instant::now() + limit).get("userdata")
    }

    #[test]
    fn what_tools_say() {
        let limit = Duration::from_secs(10);
        for (script, expected) in [
            ("printf 'a: 1\\n\\n'", Ok(Some(b"a: 1\n".to_vec()))),
            ("printf 'a: 1'", Ok(Some(b"a: 1".to_vec()))),
            ("true", Ok(Some(Vec::new()))),
            ("echo \"$0\"", Ok(Some(b"info-get guestinfo.userdata".to_vec()))),
            ("echo No value found >&2; exit 1", Ok(None)),
        ] {
            assert_eq!(ask(script, limit), expected, "{script}");
        }
        for (script, what) in [
            (
                "echo Permission denied >&2; exit 1",
                "guestinfo.userdata: permission denied",
            ),
            (
                "echo hunter2; echo hunter2 >&2; exit 1",
                "guestinfo.userdata: it failed",
            ),
            ("kill -9 $$", "it failed"),
        ] {
            let why = ask(script, limit).unwrap_err().to_string();
            assert!(why.contains(what) && !why.contains("hunter2"), "{why}");
        }
        let why = Tool::new(&["/nonexistent/tool"], LIMIT, Instant::now() + limit)
            .get("userdata")
            .unwrap_err()
            .to_string();
        assert!(
            why.starts_with("tool asked for guestinfo.userdata: can't be started"),
            "{why}"
        );
    }

    #[test]
    fn what_tools_are_told() {
        let set = |script, value: &str| {
            let argv = ["/bin/sh", "-c", script];
            Tool::new(&argv, LIMIT, Instant::now() + Duration::from_secs(10)).set("ovfEnv", value)
        };
        let value = "<a b='$(x)'>\n \"* </a>";
        let compares = r#"[ "$#" = 0 ] && [ "$0" = 'info-set guestinfo.ovfEnv <a b='\''$(x)'\''>
 "* </a>' ]"#;
        assert_eq!(set(compares, value), Ok(()));
        assert_eq!(set("true", &"x".repeat(65_000)), Ok(()));
        for (script, what) in [
            (
                "echo Permission denied >&2; exit 1",
                "sh setting guestinfo.ovfEnv: permission denied",
            ),
            ("echo hunter2 >&2; exit 1", "sh setting guestinfo.ovfEnv: it failed"),
        ] {
            assert_eq!(set(script, "x").unwrap_err().to_string(), what);
        }
        let why = set("true", &"x".repeat(65_536)).unwrap_err().to_string();
        assert!(why.contains("would have 65536 bytes, more than the 64 KiB"), "{why}");
    }

    #[test]
    fn a_tool_that_hangs_is_killed() {
        let begun = Instant::now();
        for script in ["sleep 60", "exec >&- 2>&-; sleep 60"] {
            let why = ask(script, Duration::from_millis(300)).unwrap_err().to_string();
            assert!(why.contains("no answer within 0.") && !why.contains("hunter2"), "{why}");
        }
        // What it leaves behind has its output open, and is not waited for.
        let said = ask("echo x; sleep 60 & exit 0", Duration::from_secs(30));
        assert_eq!(said, Ok(Some(b"x".to_vec())));
        let why = ask("echo x", Duration::ZERO).unwrap_err().to_string();
        assert!(why.contains("no answer within"), "{why}");
        assert!(begun.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn output_is_bounded() {
        let why = ask("exec cat /dev/zero", Duration::from_secs(60))
            .unwrap_err()
            .to_string();
        assert!(why.contains("more than 8388608 bytes"), "{why}");
        // The tool that talks on to standard error is not waited for.
        let limit = Duration::from_secs(20);
        assert_eq!(
            ask("head -c 1000000 /dev/zero >&2; echo x", limit),
            Ok(Some(b"x".to_vec()))
        );
    }
}
