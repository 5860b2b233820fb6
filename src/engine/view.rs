//! How a change is displayed: one line, and a diff with masked secrets.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use similar::TextDiff;

use crate::document::redact::redact;
use crate::module::Change;
use crate::system::{ReadError, Root};

/// The most pairs of lines that are compared: 2,000 lines against 2,000 others.
const MOST_PAIRS: usize = 4_000_000;

/// The most lines that both texts may have together: comparing keeps each of them several times.
const MOST_LINES: usize = 250_000;

/// How much of a diff is shown, in bytes.
const DIFF_LIMIT: usize = 64 * 1024;

/// A change for display. Its JSON form is stable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChangeView {
    /// The kind: `file`, `directory`, `symlink`, `account`, `hostname`, `kernel`, `unit`, `network-reload`,
    /// `network-reconfigure`, `command`.
    pub kind: Cow<'static, str>,
    /// What it changes: a path, an account, a unit.
    pub target: String,
    /// What is done to it: `create`, `modify`, `remove`, `enable`, …
    pub action: Cow<'static, str>,
    /// One line for a person.
    pub summary: String,
    /// A unified diff with masked secrets, for text.
    pub diff: Option<String>,
}

impl ChangeView {
    /// How `change` is displayed for the machine at `root`.
    ///
    /// # Errors
    /// What it would replace can't be read.
    pub fn of(change: &Change, root: &Root) -> Result<Self, ReadError> {
        change.kind().view(root)
    }

    /// The sign before its line: `+` for new, `-` for removed, `~` for changed.
    pub fn sign(&self) -> char {
        match self.action.as_ref() {
            "create" | "enable" | "start" => '+',
            "remove" | "disable" | "stop" | "mask" => '-',
            _ => '~',
        }
    }
}

/// A line without a diff.
pub(super) fn view(kind: &'static str, target: &str, action: &'static str, how: &str) -> ChangeView {
    let summary = if how == action {
        format!("{action} {target}")
    } else {
        format!("{target}: {how}")
    };
    ChangeView {
        kind: kind.into(),
        target: target.to_owned(),
        action: action.into(),
        summary,
        diff: None,
    }
}

/// What is shown instead of the diff of a file that not all users may read.
pub(super) fn hidden(old: usize, new: usize) -> String {
    format!(
        "content changes, {} → {} (not shown: not all users may read it)\n",
        in_bytes(old),
        in_bytes(new)
    )
}

fn in_bytes(size: usize) -> String {
    match size {
        1 => "1 byte".to_owned(),
        _ => format!("{size} bytes"),
    }
}

/// A unified diff between two files, which may not be text or may be too large to compare.
pub(super) fn text_diff(old: &[u8], new: &[u8], headings: (&str, &str)) -> String {
    let sizes = format!("{} → {}", in_bytes(old.len()), in_bytes(new.len()));
    if line_count(old).saturating_add(line_count(new)) > MOST_LINES {
        return format!("(too many lines to compare, {sizes})\n");
    }
    if pairs(old, new) > MOST_PAIRS {
        return format!("(too different to compare, {sizes})\n");
    }
    match (std::str::from_utf8(old), std::str::from_utf8(new)) {
        (Ok(old), Ok(new)) => redacted_diff(old, new, headings),
        _ => format!("(binary, {sizes})\n"),
    }
}

/// The beginning of a diff, because nobody reads megabytes of it.
#[derive(Default)]
struct Beginning {
    text: String,
    /// How many bytes came behind it.
    more: usize,
}

impl Beginning {
    fn push(&mut self, part: &str) {
        let room = match self.more {
            0 => DIFF_LIMIT.saturating_sub(self.text.len()).min(part.len()),
            _ => 0,
        };
        let end = (0..=room).rev().find(|at| part.is_char_boundary(*at));
        let (shown, rest) = part.split_at(end.unwrap_or_default());
        self.text.push_str(shown);
        self.more += rest.len();
    }

    fn finish(self) -> String {
        match self.more {
            0 => self.text,
            more => format!("{}\n({} more not shown)\n", self.text, in_bytes(more)),
        }
    }
}

/// A unified diff between two texts under these headings. The original texts are compared, and secrets are masked only
/// in the result, so a line in which only the secret changes is shown.
fn redacted_diff(old: &str, new: &str, (before, after): (&str, &str)) -> String {
    let (old_shown, new_shown) = (redact(old), redact(new));
    let (old_shown, new_shown) = (lines(&old_shown), lines(&new_shown));
    let (old, new) = (lines(old), lines(new));
    let diff = TextDiff::configure().newline_terminated(true).diff_slices(&old, &new);
    let mut text = Beginning::default();
    text.push(&format!("--- {before}\n+++ {after}\n"));
    for hunk in diff.unified_diff().context_radius(2).iter_hunks() {
        text.push(&format!("{}\n", hunk.header()));
        for change in hunk.iter_changes() {
            let shown = match (change.old_index(), change.new_index()) {
                (_, Some(at)) => new_shown.get(at),
                (Some(at), None) => old_shown.get(at),
                (None, None) => None,
            };
            let line = shown.copied().unwrap_or_default();
            text.push(&change.tag().to_string());
            text.push(line);
            if !line.ends_with('\n') {
                text.push("\n\\ No newline at end of file\n");
            }
        }
    }
    text.finish()
}

/// The worst-case cost of a comparison: the product of the line counts, without the common beginning and end.
fn pairs(old: &[u8], new: &[u8]) -> usize {
    let head = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[head..], &new[head..]);
    let tail = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(old, new)| old == new)
        .count();
    line_count(&old[..old.len() - tail]).saturating_mul(line_count(&new[..new.len() - tail]))
}

fn line_count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count() + 1
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compared_is_bounded_and_what_both_share_costs_nothing() {
        let lines = |word: &str, count: usize| -> String { (0..count).map(|n| format!("{word} {n}\n")).collect() };
        assert!(hidden(2, 1).starts_with("content changes, 2 bytes → 1 byte ("));
        let (old, new) = (lines("old", 3000), lines("new", 3000));
        assert_eq!(pairs(old.as_bytes(), new.as_bytes()), 3000 * 3000);
        assert_eq!(
            text_diff(old.as_bytes(), new.as_bytes(), ("a", "b")),
            format!(
                "(too different to compare, {} bytes → {} bytes)\n",
                old.len(),
                new.len()
            )
        );
        // Megabytes, and a line more.
        let long = lines("a line of many", 100_000);
        let longer = format!("{long}one more\n");
        assert!(pairs(long.as_bytes(), longer.as_bytes()) < 10);
        assert!(text_diff(long.as_bytes(), longer.as_bytes(), ("a", "b")).ends_with("+one more\n"));
        // What nobody reads to its end is cut, between two characters.
        let shown = text_diff(b"", "ä".repeat(DIFF_LIMIT).as_bytes(), ("a", "b"));
        assert!(
            shown.len() < DIFF_LIMIT + 100 && shown.ends_with("bytes more not shown)\n"),
            "{}",
            shown.len()
        );
        // Megabytes of short lines take many times their size to compare.
        assert_eq!(
            text_diff(b"", "\n".repeat(MOST_LINES).as_bytes(), ("a", "b")),
            "(too many lines to compare, 0 bytes → 250000 bytes)\n"
        );
        assert_eq!(pairs(b"", b""), 1);
        assert_eq!(pairs(b"aa", b"aaa"), 1);
    }
}
