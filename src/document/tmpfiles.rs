//! `tmpfiles`: files, directories and links that systemd-tmpfiles makes, now and at each boot.

mod line;

use std::collections::HashSet;

use serde::Deserialize;

use super::code::Code;
use super::problem::{Check, Problems};
pub use line::TmpfilesLine;

/// Lines of tmpfiles.d(5), which are all in one file. That comes first: of two lines for one path, the document's counts.
///
/// ```yaml
/// tmpfiles:
///   - d /srv/app 0750 root root -
///   - L+ /etc/app.conf - - - - /srv/app/app.conf
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("examples" = [["d /srv/app 0750 root root -"]])))]
pub struct Tmpfiles(pub Vec<TmpfilesLine>);

impl Check for Tmpfiles {
    fn check(&self, problems: &mut Problems<'_>) {
        let mut seen = HashSet::new();
        for (number, line) in self.0.iter().enumerate() {
            if !seen.insert((line.letter(), line.path())) {
                let message = "there is a line of this type for this path already: systemd-tmpfiles takes the first";
                problems
                    .of(Code::Conflict)
                    .error(&[&number.to_string()], message, Some("keep one of them"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Diagnostic, Document, Texts};

    /// The lines of a document, and what is wrong with it and where.
    fn read(lines: &[&str]) -> (Vec<String>, Vec<String>) {
        let lines: Vec<String> = lines
            .iter()
            .map(|line| format!("- {}\n", serde_json::json!(line)))
            .collect();
        let text = format!("tmpfiles:\n{}", lines.concat());
        let document = Document::read(&Texts::of_user_data("x", text.as_bytes()));
        let said = document.diagnostics.iter().map(Diagnostic::in_one_line).collect();
        let lines = document.config.tmpfiles.unwrap_or_default().0;
        (lines.iter().map(|line| line.text().to_owned()).collect(), said)
    }

    #[test]
    fn lines_as_tmpfiles_d_5_has_them() {
        let lines = [
            "d /srv/app 0750 root root -",
            "d /srv/app/%m",
            "D! /tmp/.X11-unix 1777 root root 10d",
            "L+ /etc/app.conf - - - - ../srv/app.conf",
            "L? /etc/a - - - - /b",
            "f^ /etc/b 0600 - - - credential",
            "f+~ /etc/c :0644 :root - - aGVsbG8=",
            "w- /proc/sys/vm/swappiness - - - - 10",
            "c /dev/a 0660 root disk - 1:3",
            "z /etc/a ~0640",
            "\"d\" \"/srv/a b\" 0755",
            "x /tmp/systemd-private-*",
            "a+ /var/log/journal - - - - g:adm:r-x",
            "t /srv/a - - - - user.a=b",
        ];
        assert_eq!(read(&lines), (lines.map(str::to_owned).to_vec(), Vec::new()));
        assert_eq!(read(&["  d /a   0755  "]).0, ["d /a   0755"]);
    }

    #[test]
    fn what_systemd_tmpfiles_would_not_take_costs_itself() {
        for (line, expected) in [
            ("", "it is empty"),
            ("# d /a", "it is a comment;"),
            ("d /a\nd /b", "write each line as an item of its own"),
            ("d", "it has no path"),
            ("d srv/app", "its path is not absolute"),
            ("d /srv/../etc", "its path contains `..`"),
            ("y /a", "`y` is not a type"),
            ("dd /a", "`d` in its type is not one of `+!-=~^$?`"),
            ("d!! /a", "`!` is twice in its type"),
            ("directory /a", "its type has one letter"),
            ("d /a 0888", "its mode is not octal"),
            ("d /a 70000", "its mode is not octal"),
            ("d /a rwx", "its mode is not octal"),
            ("w /a", "the type `w` needs an argument"),
            ("t /a - - - - -", "type `t` needs an argument"),
            ("c /a 0600 - - - 1", "type `c` needs MAJOR:MINOR"),
            ("d \"/a", "a quote in it isn't closed"),
            ("d /a\u{7}", "it contains the control character"),
        ] {
            let (lines, said) = read(&["d /first", line, "d /last"]);
            assert_eq!(lines, ["d /first", "d /last"], "{line}: {said:?}");
            assert!(said.len() == 1 && said[0].contains(expected), "{line}: {said:?}");
        }
        let (lines, said) = read(&["f /a - - - - x", "d /a", "f+ /a - - - - hunter2"]);
        assert_eq!(lines.len(), 2);
        assert!(said[0].contains("x:4:3: there is a line of this type"), "{said:?}");
        assert!(!said[0].contains("hunter2"));
    }

    #[test]
    fn what_is_for_its_owner_alone_is_a_secret() {
        for (line, is_secret) in [
            ("f /etc/token 0600 - - - hunter2", true),
            ("f+ /etc/token :0640 - - - hunter2", false),
            ("F /etc/token 0400 root root - hunter2", true),
            ("f /etc/token - - - - hunter2", false),
            ("f /etc/token 0600", false),
            ("f^ /etc/token 0600 - - - credential", false),
            ("d /etc/token 0700 - - - -", false),
        ] {
            let line = TmpfilesLine::try_from(crate::vocabulary::Secret::new(line)).unwrap();
            assert_eq!(line.is_secret(), is_secret, "{}", line.text());
        }
        let line = TmpfilesLine::try_from(crate::vocabulary::Secret::new("f /a 0600 - - - hunter2")).unwrap();
        assert!(!format!("{line:?}").contains("hunter2"));
    }
}
