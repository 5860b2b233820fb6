//! Why nothing is written at a path.

use nix::errno::Errno;

use crate::system::root::ReadError;

/// Why nothing is written at a path. Each error names the cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It is too long or too deep.
    #[error("{0}")]
    Length(String),
    /// There is no name at its end.
    #[error("the path has no file name")]
    NoName,
    /// An unprivileged user controls where it leads.
    #[error(
        "{from} belongs to the user with ID {owner} and leads to {to}, which belongs to {}; firstlight doesn't write \
         where an unprivileged user controls the target (unsafe path transition)",
        who(*.other)
    )]
    Unsafe {
        /// The directory or link on the way that belongs to an unprivileged user.
        from: String,
        /// The number of that user.
        owner: u32,
        /// What follows it.
        to: String,
        /// The number of its owner.
        other: u32,
    },
    /// It leads to one of the kernel's file systems.
    #[error("{place} belongs to the kernel; firstlight doesn't write files there")]
    Kernel {
        /// Where it leads.
        place: String,
    },
    /// It leads to firstlight's own state.
    #[error("{place} is firstlight's own state; a document can't write there")]
    State {
        /// Where it leads.
        place: String,
    },
    /// Something on the path is not a directory.
    #[error("{0} is not a directory")]
    NotDirectory(String),
    /// A link on the path is dangling.
    #[error("the link {link} points to {to}, which doesn't exist")]
    Dangling {
        /// The link.
        link: String,
        /// What is missing.
        to: String,
    },
    /// It is a link itself, where a file was meant.
    #[error("it is a link, not a file; name the file that it points to")]
    Link,
    /// It is a directory, a device, a socket or a pipe, where a file was meant.
    #[error("it is not a regular file")]
    NotFile,
    /// The system call failed.
    #[error("{}{why}", if .at.is_empty() { String::new() } else { format!("{}: ", .at) })]
    System {
        /// The place on the way; empty when it is the path itself.
        at: String,
        /// The system's reason, in words.
        why: String,
    },
}

impl PathError {
    pub(in crate::system) fn system(at: &str, errno: Errno) -> Self {
        Self::System {
            at: at.to_owned(),
            why: errno.desc().to_owned(),
        }
    }

    /// This error as one of a view of `path`; the verb is the view's.
    pub fn of(&self, what: &'static str, path: &str) -> ReadError {
        ReadError {
            what,
            path: path.to_owned(),
            why: self.to_string(),
        }
    }
}

fn who(uid: u32) -> String {
    match uid {
        0 => "root".to_owned(),
        uid => format!("the user with ID {uid}"),
    }
}
