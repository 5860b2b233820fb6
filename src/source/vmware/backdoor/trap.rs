//! A hypervisor in the test's own process: without I/O privileges each port instruction of `vmw_backdoor` is a SIGSEGV,
//! and the handler here answers it as VMware would.
//!
//! A signal handler affects the whole process: each case runs in its own process, this test binary started again. No
//! instruction can reach a real port: nothing here calls iopl(2), and without it the processor refuses, root or not.

use std::process::Command;
use std::sync::{Mutex, PoisonError};

use nix::libc::{self, REG_RAX, REG_RBP, REG_RBX, REG_RCX, REG_RDI, REG_RDX, REG_RIP, REG_RSI, c_int, c_void};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use super::{Access, VALUE_LIMIT, converse};
use crate::skip::skip;
use crate::source::Fault;

/// What VMware's instructions and answers are marked with, open-vm-tools' `backdoor_def.h` and `guest_msg_def.h`.
const MAGIC: i64 = 0x564D_5868;
const OPEN_RPCI: i64 = 0xC943_5052;
const LOW: i64 = 0x5658;
const HIGH: i64 = 0x5659;
const CHANNEL: i64 = 7 << 16;
const COOKIES: (i64, i64) = (0x1111, 0x2222);
const SUCCESS: i64 = 1 << 16;

/// The hypervisor: what it was asked and what it answers.
struct Hypervisor {
    values: fn(&str) -> Option<Vec<u8>>,
    /// Whether it knows messages: QEMU's port has the number of VMware's, and knows only its version.
    messages: bool,
    question: Vec<u8>,
    reply: Vec<u8>,
}

static HYPERVISOR: Mutex<Hypervisor> = Mutex::new(Hypervisor {
    values: |_| None,
    messages: true,
    question: Vec::new(),
    reply: Vec::new(),
});

/// The handler: executes the instruction in place of the hypervisor and goes on after it.
extern "C" fn answer(_: c_int, _: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel gives a handler with SA_SIGINFO the interrupted context; nobody else has it meanwhile.
    let registers = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    // SAFETY: an instruction has just been fetched from here, and the longest that is looked at has two bytes.
    let code = unsafe { (registers[REG_RIP as usize] as *const [u8; 2]).read_unaligned() };
    let mut hypervisor = HYPERVISOR.lock().unwrap_or_else(PoisonError::into_inner);
    let port = registers[REG_RDX as usize] & 0xFFFF;
    let length = match (code, port) {
        // in eax, dx; out dx, eax
        ([0xED | 0xEF, _], LOW) => {
            hypervisor.command(registers);
            1
        }
        // rep outsb
        ([0xF3, 0x6E], HIGH) if hypervisor.is_ours(registers, REG_RBP, REG_RDI) => {
            let (from, count) = (registers[REG_RSI as usize], registers[REG_RCX as usize]);
            // SAFETY: the instruction would read these bytes itself.
            hypervisor.question = unsafe { std::slice::from_raw_parts(from as *const u8, count as usize) }.to_vec();
            hypervisor.answer();
            2
        }
        // rep insb
        ([0xF3, 0x6C], HIGH) if hypervisor.is_ours(registers, REG_RSI, REG_RBP) => {
            let (to, count) = (registers[REG_RDI as usize], registers[REG_RCX as usize] as usize);
            let count = count.min(hypervisor.reply.len());
            // SAFETY: the instruction would write these bytes itself.
            unsafe { std::ptr::copy_nonoverlapping(hypervisor.reply.as_ptr(), to as *mut u8, count) };
            2
        }
        // A fault like any other: without this handler it ends the process.
        _ => {
            drop(hypervisor);
            // SAFETY: the default action has no handler that could do anything wrong.
            unsafe { libc::signal(libc::SIGSEGV, libc::SIG_DFL) };
            return;
        }
    };
    registers[REG_RIP as usize] += length;
}

type Registers = [i64; 23];

impl Hypervisor {
    /// One instruction on the low-bandwidth port: the command in CX, for messages their kind above it.
    fn command(&mut self, registers: &mut Registers) {
        let (command, kind) = (registers[REG_RCX as usize] & 0xFFFF, registers[REG_RCX as usize] >> 16);
        if registers[REG_RAX as usize] & 0xFFFF_FFFF != MAGIC {
            return;
        }
        match (command, kind) {
            (0x0A, _) => (registers[REG_RAX as usize], registers[REG_RBX as usize]) = (6, MAGIC),
            _ if !self.messages => registers[REG_RAX as usize] = -1,
            (0x1E, 0) if registers[REG_RBX as usize] == OPEN_RPCI => {
                registers[REG_RCX as usize] = SUCCESS;
                registers[REG_RDX as usize] = CHANNEL;
                (registers[REG_RSI as usize], registers[REG_RDI as usize]) = COOKIES;
            }
            (0x1E, 1 | 3 | 6) if self.is_ours(registers, REG_RSI, REG_RDI) => {
                registers[REG_RCX as usize] = SUCCESS;
                if kind == 3 {
                    registers[REG_RBX as usize] = self.reply.len() as i64;
                }
            }
            _ => registers[REG_RCX as usize] = 0,
        }
    }

    /// Whether it is of the channel that was opened.
    fn is_ours(&self, registers: &Registers, first: c_int, second: c_int) -> bool {
        let cookies = (registers[first as usize], registers[second as usize]);
        !self.messages || (cookies == COOKIES && registers[REG_RDX as usize] & !0xFFFF == CHANNEL)
    }

    fn answer(&mut self) {
        let question = String::from_utf8_lossy(&self.question).into_owned();
        let key = question
            .strip_prefix("info-get guestinfo.")
            .and_then(|key| key.strip_suffix('\0'));
        self.reply = match key.map(|key| (key, (self.values)(key))) {
            Some((_, Some(value))) => [b"1 ", value.as_slice()].concat(),
            Some(("refused", None)) => b"0 Permission denied".to_vec(),
            Some((_, None)) => b"0 No value found".to_vec(),
            None => b"0 Unknown command".to_vec(),
        };
    }
}

/// A value of more than the 64 KiB that a message of the guest may have.
fn large() -> Vec<u8> {
    (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect()
}

fn values(key: &str) -> Option<Vec<u8>> {
    match key {
        "userdata" => Some(b"docker: true\n".to_vec()),
        "empty" => Some(Vec::new()),
        "vendordata" => Some(large()),
        "metadata" => Some(vec![b' '; VALUE_LIMIT as usize + 1]),
        _ => None,
    }
}

/// Sets the trap and asks, in this process. To be run alone.
fn trapped(messages: bool) -> impl Fn(&str) -> Result<Option<Vec<u8>>, Fault> {
    {
        let mut hypervisor = HYPERVISOR.lock().unwrap();
        (hypervisor.values, hypervisor.messages) = (values, messages);
    }
    let action = SigAction::new(SigHandler::SigAction(answer), SaFlags::SA_SIGINFO, SigSet::empty());
    // SAFETY: the handler runs at port instructions only, in the middle of nothing that it uses itself.
    unsafe { sigaction(Signal::SIGSEGV, &action) }.unwrap();
    |key| converse(Access::Unprivileged, key)
}

#[test]
#[ignore = "needs a process of its own: run by in_a_process_of_its_own"]
fn guestinfo_over_the_port() {
    let ask = trapped(true);
    assert_eq!(ask("userdata"), Ok(Some(b"docker: true\n".to_vec())));
    assert_eq!(ask("empty"), Ok(Some(Vec::new())));
    assert_eq!(ask("vendordata"), Ok(Some(large())));
    assert_eq!(ask("nothing"), Ok(None));
    // The crate can't tell a refusal from a key that is not set: the backdoor is never sure.
    assert_eq!(ask("refused"), Ok(None));
    assert!(
        ask("metadata")
            .unwrap_err()
            .what
            .contains("guestinfo.metadata has more than")
    );
}

#[test]
#[ignore = "needs a process of its own: run by in_a_process_of_its_own"]
fn a_port_without_messages() {
    assert!(trapped(false)("userdata").unwrap_err().what.contains("reply too short"));
}

#[test]
#[ignore = "ends its process: run by in_a_process_of_its_own"]
fn no_hypervisor() {
    let _ = converse(Access::Unprivileged, "userdata");
}

#[test]
fn in_a_process_of_its_own() {
    if vmw_backdoor::is_vmware_cpu() {
        return skip("this is a VMware machine: the real one would answer");
    }
    let run = |test: &str| {
        let module = module_path!().split_once("::").unwrap().1;
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "--ignored", "--nocapture", &format!("{module}::{test}")]);
        let output = command.output().unwrap();
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        (output.status.success() && said.contains("1 passed"), said)
    };
    for test in ["guestinfo_over_the_port", "a_port_without_messages"] {
        let (passed, said) = run(test);
        assert!(passed, "{test}: {said}");
    }
    // The trap is what answers: without it the first instruction is the last, but where a hypervisor knows the port.
    if std::fs::read_to_string("/sys/class/dmi/id/sys_vendor").is_ok() {
        return;
    }
    assert!(!run("no_hypervisor").0);
}
