//! What happens when there is no memory left: a message and an exit status, where Rust would abort.
//!
//! What a run had begun is then as after a power cut: the next run finishes or undoes it.

#![expect(unsafe_code, reason = "an allocator can't be had otherwise")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::os::fd::BorrowedFd;

/// The exit status when there is no memory left: the one of every other failure.
const FAILED: i32 = 1;

/// What is said then. Nothing of it may need memory.
const MESSAGE: &[u8] =
    b"firstlight: not enough memory to continue. Free some memory and try again: the next run finishes or undoes what \
        this one began.\n";

/// The system's allocator, which ends the program where it has nothing to give. For `#[global_allocator]`.
#[derive(Debug)]
pub struct Allocator;

// SAFETY: everything is the system's allocator; a pointer that it doesn't have is never handed on.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        given(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        given(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller promises.
        given(unsafe { System.realloc(memory, layout, size) })
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// The memory, or the end of the program.
fn given(memory: *mut u8) -> *mut u8 {
    if memory.is_null() {
        // SAFETY: the file descriptor of standard error is always a number that may be borrowed; it is only written to.
        let stderr = unsafe { BorrowedFd::borrow_raw(2) };
        // Nobody is left to be told that it can't be said.
        let _ = nix::unistd::write(stderr, MESSAGE);
        // SAFETY: it ends the process, without a destructor or a lock that might need memory.
        unsafe { nix::libc::_exit(FAILED) }
    }
    memory
}
