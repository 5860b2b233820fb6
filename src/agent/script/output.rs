//! What a script prints: its own words, and between them what tells where each command begins.

use std::io::Write as _;

use crate::document::commands::script::FRAME;
use crate::document::redact::redact;
use crate::state::commands::OUTPUT_LIMIT;
use crate::system::write::new_name;

/// The longest mark: a frame on each side, the word, two numbers.
const MARK_MAX: usize = 64;

/// How much is gathered before it is written to the disk, in bytes.
const GATHERED: usize = 64 * 1024;

/// How much of a last line is kept, in characters.
const LINE_LENGTH: usize = 200;

/// A part of what a script prints.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// Its own words.
    Text(Vec<u8>),
    /// A command begins, and the one before it has ended.
    Mark {
        /// The number of the one that begins; 0 where none does.
        number: usize,
        /// The exit status of the one before.
        exit: i32,
    },
}

/// Splits what is printed, and keeps what of it is recorded.
pub struct Output {
    mark: String,
    /// What may be the beginning of a mark.
    held: Vec<u8>,
    /// What is not on the disk yet.
    kept: Vec<u8>,
    /// How many bytes were kept in all.
    size: usize,
    /// The last line with something in it, and the one that is being printed.
    last: Vec<u8>,
    line: Vec<u8>,
    /// Whether secrets are masked, and what is not a whole line yet then.
    masks: bool,
    unmasked: Vec<u8>,
}

impl Default for Output {
    fn default() -> Self {
        Self {
            mark: new_name(),
            held: Vec::new(),
            kept: Vec::new(),
            size: 0,
            last: Vec::new(),
            line: Vec::new(),
            masks: false,
            unmasked: Vec::new(),
        }
    }
}

impl Output {
    /// Of a program that tells of its own settings, passwords among them: they are masked.
    pub fn masked() -> Self {
        Self {
            masks: true,
            ..Self::default()
        }
    }

    /// The word by which a mark is known. Nobody can guess it.
    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// The pieces that are complete.
    pub fn split(&mut self, bytes: &[u8]) -> Vec<Piece> {
        self.held.extend_from_slice(bytes);
        let mut pieces = Vec::new();
        loop {
            let Some(start) = self.held.iter().position(|byte| *byte == FRAME as u8) else {
                push(&mut pieces, std::mem::take(&mut self.held));
                return pieces;
            };
            push(&mut pieces, self.held.drain(..start).collect());
            let end = self.held.iter().skip(1).position(|byte| *byte == FRAME as u8);
            match end.map(|end| end + 1).filter(|end| *end < MARK_MAX) {
                Some(end) => match self.mark_in(self.held.get(1..end).unwrap_or_default()) {
                    Some(mark) => {
                        pieces.push(mark);
                        self.held.drain(..=end);
                    }
                    None => push(&mut pieces, self.held.drain(..1).collect()),
                },
                None if self.held.len() > MARK_MAX => push(&mut pieces, self.held.drain(..1).collect()),
                None => return pieces,
            }
        }
    }

    fn mark_in(&self, bytes: &[u8]) -> Option<Piece> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (number, exit) = text.strip_prefix(&self.mark)?.strip_prefix(' ')?.split_once(' ')?;
        Some(Piece::Mark {
            number: number.parse().ok()?,
            exit: exit.parse().ok()?,
        })
    }

    /// What is left at the end.
    pub fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    /// Passes on what the script says, to the journal and to the record.
    pub fn print(&mut self, text: &[u8]) {
        if !self.masks {
            return self.pass_on(text);
        }
        self.unmasked.extend_from_slice(text);
        let end = self.unmasked.iter().rposition(|byte| matches!(byte, b'\n' | b'\r'));
        match end {
            Some(end) => self.mask(end + 1),
            None if self.unmasked.len() > GATHERED => self.mask(self.unmasked.len()),
            None => {}
        }
    }

    /// Passes on what is not a whole line as well.
    pub fn flush(&mut self) {
        self.mask(self.unmasked.len());
    }

    fn mask(&mut self, end: usize) {
        let lines: Vec<u8> = self.unmasked.drain(..end).collect();
        if !lines.is_empty() {
            self.pass_on(redact(&String::from_utf8_lossy(&lines)).as_bytes());
        }
    }

    fn pass_on(&mut self, text: &[u8]) {
        let mut stdout = std::io::stdout().lock();
        // Nobody listens any more: the record has it.
        let _ = stdout.write_all(text).and_then(|()| stdout.flush());
        self.keep(text);
        for byte in text {
            match byte {
                b'\n' | b'\r' if !self.line.trim_ascii().is_empty() => self.last = std::mem::take(&mut self.line),
                b'\n' | b'\r' => self.line.clear(),
                byte if self.line.len() < 4 * LINE_LENGTH => self.line.push(*byte),
                _ => {}
            }
        }
    }

    /// A line of ours in the record, on a line of its own.
    pub fn head(&mut self, line: &str) {
        if self.size > 0 && !self.line.is_empty() {
            self.keep(b"\n");
        }
        self.line.clear();
        self.last.clear();
        self.keep(format!("{line}\n").as_bytes());
    }

    fn keep(&mut self, text: &[u8]) {
        let room = OUTPUT_LIMIT.saturating_sub(self.size);
        if room == 0 || text.is_empty() {
            return;
        }
        let kept = text.get(..room.min(text.len())).unwrap_or_default();
        self.kept.extend_from_slice(kept);
        self.size += text.len();
        if self.size >= OUTPUT_LIMIT {
            self.kept.extend_from_slice(b"\n(the rest is only in the journal)\n");
        }
    }

    /// The whole lines that are to be written to the disk now; at the end, or where a command ends, `all` that there is.
    pub fn take_kept(&mut self, all: bool) -> Vec<u8> {
        if !all && self.kept.len() < GATHERED {
            return Vec::new();
        }
        let mut lines = std::mem::take(&mut self.kept);
        if !lines.is_empty() && lines.last() != Some(&b'\n') {
            match lines.iter().rposition(|byte| *byte == b'\n').filter(|_| !all) {
                Some(end) => self.kept = lines.split_off(end + 1),
                None => lines.push(b'\n'),
            }
        }
        lines
    }

    /// The last line with something in it, secrets masked, without what a terminal would obey.
    pub fn last_line(&self) -> String {
        let line = match self.line.trim_ascii().is_empty() {
            true => &self.last,
            false => &self.line,
        };
        let text = String::from_utf8_lossy(line);
        let shown: String = text.chars().filter(|c| !c.is_control()).take(LINE_LENGTH).collect();
        redact(shown.trim()).into_owned()
    }
}

fn push(pieces: &mut Vec<Piece>, text: Vec<u8>) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Text(before)) => before.extend(text),
        _ => pieces.push(Piece::Text(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_wherever_a_read_ends() {
        let mark = Output::default();
        let word = mark.mark().to_owned();
        let said = format!("a\u{1e}b\u{1e}{word} 1 0\u{1e}hello\n\u{1e}{word} 2 17\u{1e}\u{1e}x {word}\u{1e}");
        for size in 1..said.len() {
            let mut output = Output {
                mark: word.clone(),
                ..Output::default()
            };
            let (mut text, mut marks) = (Vec::new(), Vec::new());
            for part in said.as_bytes().chunks(size) {
                for piece in output.split(part) {
                    match piece {
                        Piece::Text(more) => text.extend(more),
                        Piece::Mark { number, exit } => marks.push((text.len(), number, exit)),
                    }
                }
            }
            text.extend(output.rest());
            assert_eq!(
                String::from_utf8(text).unwrap(),
                format!("a\u{1e}bhello\n\u{1e}x {word}\u{1e}")
            );
            assert_eq!(marks, [(3, 1, 0), (9, 2, 17)]);
        }
    }

    #[test]
    fn what_is_kept_is_bounded_and_in_whole_lines() {
        let mut output = Output::default();
        output.keep(&vec![b'x'; 2 * OUTPUT_LIMIT]);
        output.keep(b"more");
        let kept = output.take_kept(true);
        assert!(kept.len() < OUTPUT_LIMIT + 100);
        assert!(kept.ends_with(b"(the rest is only in the journal)\n"));
        let mut output = Output::default();
        output.keep(b"a\nb");
        assert_eq!(output.take_kept(false), b"");
        assert_eq!(output.take_kept(true), b"a\nb\n");
    }

    #[test]
    fn what_a_package_manager_tells_of_a_repository_is_masked() {
        let said = "Problem repository: [own]\npassword: hunter22hunter\nusername: me\nproxy_password = hunter22hunter";
        for size in 1..said.len() {
            let mut output = Output::masked();
            said.as_bytes().chunks(size).for_each(|part| output.print(part));
            output.flush();
            let last = output.last_line();
            let kept = String::from_utf8(output.take_kept(true)).unwrap();
            assert_eq!(kept, said.replace("hunter22hunter", "(secret)") + "\n");
            assert_eq!(last, "proxy_password = (secret)");
        }
    }
}
