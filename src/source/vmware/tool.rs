//! Guestinfo by way of the tools in open-vm-tools.

use std::time::{Duration, Instant};

use super::transport::{Transport, VALUE_LIMIT};
use crate::source::run::run;

/// The small one, which the hypervisor can be told to refuse.
pub const RPCTOOL: &[&str] = &["/usr/bin/vmware-rpctool"];

/// The daemon's executable, used as a tool: slower, and not refused.
pub const VMTOOLSD: &[&str] = &["/usr/bin/vmtoolsd", "--cmd"];

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(2);

/// A tool that is asked.
#[derive(Debug)]
pub struct Tool {
    argv: Vec<String>,
    name: String,
    until: Instant,
}

impl Tool {
    /// The program with its first arguments; it is not asked any more at `until`.
    pub fn new(argv: &[&str], until: Instant) -> Self {
        let name = argv.first().copied().unwrap_or_default();
        Self {
            argv: argv.iter().map(ToString::to_string).collect(),
            name: name.rsplit('/').next().unwrap_or_default().to_owned(),
            until,
        }
    }
}

impl Transport for Tool {
    fn name(&self) -> &str {
        &self.name
    }

    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, String> {
        let left = self.until.saturating_duration_since(Instant::now());
        let mut argv = self.argv.clone();
        argv.push(format!("info-get guestinfo.{key}"));
        let said = run(&argv, &[], left.min(LIMIT), VALUE_LIMIT)
            .map_err(|why| format!("{} asked for guestinfo.{key}: {why}", self.name))?;
        if said.success {
            // The tool's own line end, not the value's.
            let value = said.stdout.strip_suffix(b"\n").unwrap_or(&said.stdout);
            return Ok(Some(value.to_vec()));
        }
        // Only what is known is repeated: anything else may be a part of a value.
        let stderr = String::from_utf8_lossy(&said.stderr);
        if stderr.contains("No value found") {
            return Ok(None);
        }
        let why = if stderr.contains("Permission denied") {
            "permission denied"
        } else {
            "it failed"
        };
        Err(format!("{} asked for guestinfo.{key}: {why}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(script: &str, limit: Duration) -> Result<Option<Vec<u8>>, String> {
        let argv = ["/bin/sh", "-c", script];
        Tool::new(&argv, Instant::now() + limit).get("userdata")
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
            let why = ask(script, limit).unwrap_err();
            assert!(why.contains(what) && !why.contains("hunter2"), "{why}");
        }
        let why = Tool::new(&["/nonexistent/tool"], Instant::now() + limit)
            .get("userdata")
            .unwrap_err();
        assert!(
            why.starts_with("tool asked for guestinfo.userdata: can't be started"),
            "{why}"
        );
    }

    #[test]
    fn a_tool_that_hangs_is_killed() {
        let begun = Instant::now();
        for script in ["sleep 60", "echo hunter2; sleep 60 & exit 0", "exec >&- 2>&-; sleep 60"] {
            let why = ask(script, Duration::from_millis(300)).unwrap_err();
            assert!(why.contains("no answer within 0.") && !why.contains("hunter2"), "{why}");
        }
        let why = ask("echo x", Duration::ZERO).unwrap_err();
        assert!(why.contains("no answer within"), "{why}");
        assert!(begun.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn output_is_bounded() {
        let why = ask("exec cat /dev/zero", Duration::from_secs(60)).unwrap_err();
        assert!(why.contains("more than the 8388608 bytes"), "{why}");
        // The tool that talks on to standard error is not waited for.
        let limit = Duration::from_secs(20);
        assert_eq!(
            ask("head -c 1000000 /dev/zero >&2; echo x", limit),
            Ok(Some(b"x".to_vec()))
        );
    }
}
