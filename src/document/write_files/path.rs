//! Where a file of the document may be.

use std::fmt;

use serde::Deserialize;

use crate::document::plain::plain;
use crate::system::way::{DEPTH_LIMIT, NAME_LIMIT, PATH_LIMIT};

/// Directories of the kernel's.
const KERNELS: [&str; 3] = ["/dev", "/proc", "/sys"];

/// Directories of what firstlight keeps for itself.
const OWN: [&str; 3] = ["/var/lib/firstlight", "/run/firstlight", "/var/run/firstlight"];

/// What the account tools lock, and firstlight with them.
const LOCK: &str = "/etc/.pwd.lock";

/// An absolute path of a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^/+(?!(dev|proc|sys|var/lib/firstlight|run/firstlight|var/run/firstlight)(/|$))(?!(.*/)?\.\.?(/|$))[^\u0000-\u001f\u007f]*[^/\u0000-\u001f\u007f]$", "maxLength" = 4095, "examples" = ["/etc/motd"])))]
pub struct FilePath(String);

impl FilePath {
    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The directories that it is in, the nearest first, without the root.
    pub fn parents(&self) -> impl Iterator<Item = &str> {
        let slashes = self.0.rmatch_indices('/').map(|(at, _)| at);
        slashes.filter(|at| *at > 0).filter_map(|at| self.0.get(..at))
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for FilePath {
    type Error = String;

    fn try_from(path: String) -> Result<Self, String> {
        // Before anything is made of it: it may be megabytes.
        if path.len() >= PATH_LIMIT {
            let most = PATH_LIMIT - 1;
            return Err(format!("a path has at most {most} bytes, this one has {}", path.len()));
        }
        let names = || path.split('/').filter(|name| !name.is_empty());
        let count = names().count();
        if count > DEPTH_LIMIT {
            return Err(format!("a path has at most {DEPTH_LIMIT} names, this one has {count}"));
        }
        check(&path).map_err(|why| format!("`{}` is not the path of a file: {why}", escaped(&path)))?;
        let clean = names().fold(String::new(), |path, name| path + "/" + name);
        let is_in = |directory: &&&str| {
            let rest = clean.strip_prefix(**directory);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if let Some(kernels) = KERNELS.iter().find(is_in) {
            return Err(format!("`{clean}` can't be written: {kernels} belongs to the kernel"));
        }
        if OWN.iter().any(|directory| is_in(&directory)) {
            return Err(format!("`{clean}` can't be written: it is firstlight's own state"));
        }
        if clean == LOCK {
            return Err(format!(
                "`{clean}` can't be written: it is the lock of the account files"
            ));
        }
        Ok(Self(clean))
    }
}

/// Whether it is a path at all, and one that leads where it seems to.
fn check(path: &str) -> Result<(), String> {
    if !path.starts_with('/') {
        return Err("it must begin with a slash".to_owned());
    }
    if let Some(steering) = path.chars().find(|c| steers(*c)) {
        return Err(format!(
            "`{}` in it is invisible, or changes the direction of the text",
            steering.escape_unicode()
        ));
    }
    if path.split('/').any(|name| name == ".." || name == ".") {
        return Err("it contains `.` or `..`".to_owned());
    }
    if path.ends_with('/') {
        return Err("it ends with a slash".to_owned());
    }
    match path.split('/').find(|name| name.len() > NAME_LIMIT) {
        Some(long) => Err(format!(
            "a name in it has {} bytes; the limit is {NAME_LIMIT}",
            long.len()
        )),
        None => Ok(()),
    }
}

/// Whether a terminal does something else with it than show it.
fn steers(c: char) -> bool {
    let text = String::from(c);
    c.is_control() || plain(&text) != text
}

fn escaped(path: &str) -> String {
    plain(path).replace('\t', "\\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_where_they_seem_to() {
        for (path, clean) in [
            ("/etc/motd", Some("/etc/motd")),
            ("//etc///motd", Some("/etc/motd")),
            ("/etc/a\\b c ü", Some("/etc/a\\b c ü")),
            ("/device", Some("/device")),
            ("/var/lib/firstlight.d/x", Some("/var/lib/firstlight.d/x")),
            ("etc/motd", None),
            ("/etc/../motd", None),
            ("/etc/./motd", None),
            ("/etc/", None),
            ("/", None),
            ("", None),
            ("/a\0b", None),
        ] {
            let path = FilePath::try_from(path.to_owned());
            assert_eq!(path.as_ref().ok().map(FilePath::as_str), clean, "{path:?}");
        }
    }

    #[test]
    fn what_cant_be_a_target_says_why() {
        let deep = "/a".repeat(129);
        for (path, words) in [
            ("/var/lib/firstlight/inventory.json", "firstlight's own state"),
            ("//var//lib/firstlight", "firstlight's own state"),
            ("/run/firstlight/status.json", "firstlight's own state"),
            ("/var/run/firstlight/status.json", "firstlight's own state"),
            ("/proc/sys/kernel/hostname", "belongs to the kernel"),
            ("/sys/power/state", "belongs to the kernel"),
            ("/dev/sda", "belongs to the kernel"),
            ("/etc/.pwd.lock", "the lock"),
            ("/etc/a\u{1b}[2Jb\nc", "is invisible"),
            ("/etc/a\tb", "is invisible"),
            ("/etc/\u{202e}gnp.exe", "is invisible"),
            ("/etc/\u{200b}motd", "is invisible"),
            (&format!("/{}", "a".repeat(256)), "the limit is 255"),
            (&format!("/{}", "a/".repeat(2048)), "at most 4095 bytes"),
            (&deep, "at most 128 names, this one has 129"),
        ] {
            let error = FilePath::try_from(path.to_owned()).unwrap_err();
            assert!(error.contains(words), "{path:?}: {error}");
            assert_eq!(escaped(&error), error, "nothing of it steers a terminal");
        }
        let most = "/a".repeat(128);
        let path = FilePath::try_from(most).unwrap();
        assert_eq!(path.parents().count(), 127);
        assert!(FilePath::try_from(format!("/{}", "a".repeat(255))).is_ok());
    }

    #[test]
    fn the_directories_it_is_in() {
        let path = FilePath::try_from("/a/b/c".to_owned()).unwrap();
        assert_eq!(path.parents().collect::<Vec<_>>(), ["/a/b", "/a"]);
    }
}
