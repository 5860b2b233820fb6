//! Where one machine runs: its own namespaces for processes, mounts and the network.
//!
//! Whatever happens to the test, the pen's processes, links and mounts end with it; and since each pen has its own
//! network, every machine may have the same addresses.

use crate::gate::script;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A machine at work.
pub struct Pen {
    child: Child,
}

/// How an attempt to log in went.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// The command ran, and succeeded.
    pub ok: bool,
    /// All that ssh and the command said.
    pub said: String,
}

impl Pen {
    /// Starts one of the boot scripts (`nspawn`, `qemu`); its console goes to `log`.
    pub fn start<S: AsRef<OsStr>>(boot: &str, arguments: impl IntoIterator<Item = S>, log: &Path) -> Self {
        let log = File::create(log).expect("the log can be written");
        let child = Command::new(script("pen"))
            .arg(script(boot))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log)
            .spawn()
            .expect("tests/machine/pen can be run");
        let mut pen = Self { child };
        // From here on `visit` must not reach this host's network by mistake.
        let own = fs::read_link("/proc/self/ns/net").ok();
        while pen.running() && fs::read_link(pen.network()).ok() == own {
            sleep(Duration::from_millis(10));
        }
        pen
    }

    /// The network in which the machine's neighbours are.
    pub fn network(&self) -> String {
        format!("/proc/{}/ns/net", self.child.id())
    }

    /// Is the machine still on?
    pub fn running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits until the machine is off; `false` when it still isn't at the deadline.
    pub fn off(&mut self, deadline: Instant) -> bool {
        while self.running() {
            if Instant::now() > deadline {
                return false;
            }
            sleep(Duration::from_millis(50));
        }
        true
    }

    /// A real login over the network, by password.
    pub fn ssh(&self, user: &str, password: &str, at: (&str, u16), command: &str) -> Login {
        self.ssh_with(&[], user, password, at, command)
    }

    /// As [`Self::ssh`], for a network that may be gone: given up soon when the other end is silent.
    pub fn ssh_until_silent(&self, user: &str, password: &str, at: (&str, u16), command: &str) -> Login {
        let options = [
            "-o",
            "ServerAliveInterval=1",
            "-o",
            "ServerAliveCountMax=3",
            "-o",
            "ConnectTimeout=2",
        ];
        self.ssh_with(&options, user, password, at, command)
    }

    fn ssh_with(
        &self,
        options: &[&str],
        user: &str,
        password: &str,
        (host, port): (&str, u16),
        command: &str,
    ) -> Login {
        let output = Command::new("nsenter")
            .arg(format!("--net={}", self.network()))
            .args([
                "timeout",
                "240",
                "sshpass",
                "-e",
                "ssh",
                "-F",
                "none",
                "-p",
                &port.to_string(),
            ])
            .args([
                "-o",
                "StrictHostKeyChecking=no",
                "-o",
                "UserKnownHostsFile=/dev/null",
                "-o",
                "LogLevel=ERROR",
            ])
            .args([
                "-o",
                "PreferredAuthentications=password",
                "-o",
                "NumberOfPasswordPrompts=1",
                // What is cheap to emulate.
                "-o",
                "KexAlgorithms=curve25519-sha256",
            ])
            .args(options)
            .args(["-o", "ConnectTimeout=10", &format!("{user}@{host}"), command])
            .env("SSHPASS", password)
            .stdin(Stdio::null())
            .output()
            .expect("nsenter is part of util-linux");
        let said = [output.stdout, output.stderr].concat();
        Login {
            ok: output.status.success(),
            said: String::from_utf8_lossy(&said).trim().to_owned(),
        }
    }
}

impl Drop for Pen {
    /// Its first process dies with our child, but a moment later: until then it holds the machine's disk.
    fn drop(&mut self) {
        let own = self.child.id();
        let inside = fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        let _ = self.child.kill();
        let _ = self.child.wait();
        let deadline = Instant::now() + Duration::from_secs(30);
        while inside.split_whitespace().any(is_alive) && Instant::now() < deadline {
            sleep(Duration::from_millis(10));
        }
    }
}

/// Whether a process is there and not a dead one that nobody has asked about, which holds no file.
fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}
