//! The script that commands become: one `sh` for all of them, which says where each of them begins and how it ended.

use std::fmt;

use super::Commands;
use crate::document::plain::beginning;
use crate::document::redact::redact;
use crate::vocabulary::Secret;

/// The function that the script calls between commands, with the number of the one that begins; 0 at the end.
const CALL: &str = "_firstlight";

/// The variable with the word by which what it says is known from the commands' own output.
pub const MARK_VARIABLE: &str = "FIRSTLIGHT_MARK";

/// What stands around what it says: no text has it (RS, ASCII).
pub const FRAME: char = '\u{1e}';

/// How much of a command is shown as its name, in characters.
const NAME_LENGTH: usize = 80;

/// A script: what runs, and what of it a person reads.
#[derive(Clone, PartialEq, Eq)]
pub struct Script {
    text: Secret,
    shown: Secret,
    is_ours: bool,
    /// A program and its arguments that run it.
    prefix: Vec<String>,
}

impl fmt::Debug for Script {
    /// Shows no password of a command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact(self.shown.expose()))
    }
}

impl Script {
    /// A script of the document, which runs as it is.
    pub fn of_text(text: &str) -> Self {
        Self {
            text: Secret::new(text),
            shown: Secret::new(text),
            is_ours: false,
            prefix: Vec::new(),
        }
    }

    /// One script of commands that an area makes itself: what they say is for everybody.
    pub fn of_ours(lines: Vec<String>) -> Self {
        Self {
            is_ours: true,
            ..Self::of_commands(&Commands::of_lines(lines), false)
        }
    }

    /// One script of all commands.
    ///
    /// It tells its number before each command, and the exit status of the one before. `$?` stays what it was for the
    /// next command, and `set -e` of a command stays in force. It says nothing between commands that are one for the
    /// shell: a quoted text or a here-document over several items.
    pub fn of_commands(commands: &Commands, stop_on_error: bool) -> Self {
        let (mut text, mut shown) = (prologue(stop_on_error), "#!/bin/sh\n".to_owned());
        let mut lexer = Lexer::default();
        for (number, command) in commands.each() {
            let code = command.shell();
            if lexer.is_at_rest() {
                // What is before `&&` is not subject to `set -e`.
                text.push_str(&format!("{CALL} {number} && :\n"));
            }
            for into in [&mut text, &mut shown] {
                into.push_str(&code);
                into.push('\n');
            }
            lexer.read(&code);
        }
        text.push_str(&format!("{CALL} 0\n"));
        Self {
            text: Secret::new(text),
            shown: Secret::new(shown),
            is_ours: false,
            prefix: Vec::new(),
        }
    }

    /// Whether it is firstlight's own. The words and the output of a document's are for root alone: they hold secrets
    /// that have no such name.
    pub fn is_ours(&self) -> bool {
        self.is_ours
    }

    /// The program and its arguments that run it, if any: they come before its interpreter.
    pub fn prefix(&self) -> &[String] {
        &self.prefix
    }

    /// The same, run by this program.
    pub fn set_prefix(&mut self, prefix: &[String]) {
        self.prefix = prefix.to_vec();
    }

    /// What runs.
    pub fn text(&self) -> &str {
        self.text.expose()
    }

    /// What a person reads, secrets included.
    pub fn shown(&self) -> &str {
        self.shown.expose()
    }
}

/// The function that tells. What it prints goes to the script's first output, wherever a command sends its own.
fn prologue(stop_on_error: bool) -> String {
    let stop = if stop_on_error {
        "  if [ \"$_firstlight_status\" != 0 ]; then _firstlight_say 0; exit \"$_firstlight_status\"; fi\n"
    } else {
        ""
    };
    format!(
        "#!/bin/sh\n\
         # Made by firstlight: {CALL} tells which command begins, and how the one before it ended.\n\
         _firstlight_mark=${MARK_VARIABLE}; unset {MARK_VARIABLE}; exec 9>&1\n\
         _firstlight_say() {{ printf '\\036%s %s %s\\036' \"$_firstlight_mark\" \"$1\" \"$_firstlight_status\" >&9; }} \
         2>/dev/null\n\
         {CALL}() {{\n  _firstlight_status=$?\n{stop}  _firstlight_say \"$1\"\n  return \"$_firstlight_status\"\n}}\n"
    )
}

/// The commands of a script that was made of commands, by number; each in a few words, secrets masked. Those that are
/// one for the shell are one here.
pub fn names(text: &str) -> Vec<(usize, String)> {
    let mut names: Vec<(usize, String)> = Vec::new();
    for line in text.lines() {
        if let Some(number) = call(line) {
            names.push((number, String::new()));
        } else if let Some((_, name)) = names.last_mut().filter(|(_, name)| name.is_empty()) {
            *name = short(line);
        }
    }
    names.retain(|(number, _)| *number != 0);
    names
}

/// The number that a line of the script tells.
fn call(line: &str) -> Option<usize> {
    let rest = line.strip_prefix(CALL)?.strip_prefix(' ')?;
    rest.split(' ').next()?.parse().ok()
}

/// The beginning of a line, secrets masked.
fn short(line: &str) -> String {
    beginning(&redact(line.trim()), NAME_LENGTH)
}

/// As much of the shell's grammar (POSIX, "Token Recognition") as tells whether a command goes on in the next line.
///
/// Where in doubt it does: then nothing is said between two commands that could be said.
#[derive(Default)]
struct Lexer {
    quote: Option<char>,
    /// The words that end the here-documents that have begun, and whether tabs before them are skipped.
    documents: Vec<(String, bool)>,
    /// Whether the line before ended so that the command goes on.
    goes_on: bool,
    /// How many brackets are open: `$(`, `(`, `{`.
    depth: usize,
    /// How many `case … in` are open, whose patterns end in a bracket that nothing opens.
    cases: usize,
}

/// The words at the end of a line after which the command goes on.
const OPEN_ENDS: [&str; 7] = ["in", "do", "then", "else", "elif", "if", "while"];

impl Lexer {
    fn read(&mut self, code: &str) {
        code.lines().for_each(|line| self.line(line));
    }

    /// Whether a whole command has been read: no quoted text, here-document or list is open.
    fn is_at_rest(&self) -> bool {
        self.quote.is_none() && self.documents.is_empty() && !self.goes_on && self.depth == 0 && self.cases == 0
    }

    fn line(&mut self, line: &str) {
        if self.quote.is_none()
            && let Some((end, skips_tabs)) = self.documents.first()
        {
            let line = if *skips_tabs {
                line.trim_start_matches('\t')
            } else {
                line
            };
            if line == end {
                self.documents.remove(0);
            }
            return;
        }
        let mut characters = line.char_indices().peekable();
        let mut starts_word = true;
        let mut escaped_end = false;
        let mut end = line.len();
        while let Some((at, character)) = characters.next() {
            match (self.quote, character) {
                (Some('\''), '\'') => self.quote = None,
                (Some('\''), _) => {}
                (_, '\\') => escaped_end = characters.next().is_none(),
                (Some(quote), _) if quote == character => self.quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"' | '`') => self.quote = Some(character),
                (None, '#') if starts_word => {
                    end = at;
                    break;
                }
                (None, '(' | '{') => self.depth += 1,
                (None, ')' | '}') => self.depth = self.depth.saturating_sub(1),
                (None, '<') if line[at..].starts_with("<<<") => {
                    characters.next();
                    characters.next();
                }
                (None, '<') if line[at..].starts_with("<<") => {
                    characters.next();
                    self.documents.extend(document_end(&line[at + 2..]));
                }
                (None, _) => {}
            }
            starts_word = self.quote.is_none() && (character.is_whitespace() || ";&|(".contains(character));
        }
        let code = line[..end].trim_end();
        let has = |wanted: &str| code.split([' ', '\t', ';']).any(|word| word == wanted);
        match (has("case") && has("in"), has("esac")) {
            (true, false) => self.cases += 1,
            (false, true) => self.cases = self.cases.saturating_sub(1),
            _ => {}
        }
        let last = code.rsplit([' ', '\t', ';']).next().unwrap_or_default();
        let is_open = OPEN_ENDS.contains(&last) || code.ends_with('|') || code.ends_with("&&");
        self.goes_on = escaped_end || is_open;
    }
}

/// The word that ends a here-document, without its quotes, from what is behind `<<`.
fn document_end(rest: &str) -> Option<(String, bool)> {
    let (rest, skips_tabs) = match rest.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let word: String = rest
        .trim_start()
        .chars()
        .take_while(|character| !character.is_whitespace() && !";&|<>()".contains(*character))
        .filter(|character| !"'\"\\".contains(*character))
        .collect();
    (!word.is_empty()).then_some((word, skips_tabs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_complete(code: &str) -> bool {
        let mut lexer = Lexer::default();
        lexer.read(code);
        lexer.is_at_rest()
    }

    #[test]
    fn where_a_command_ends() {
        for whole in [
            "echo a",
            "echo 'a b' \"c\"",
            "echo don\\'t",
            "# don't",
            "echo a # it's",
            "echo a#b",
            "cat <<EOF >/x\nit's\nEOF",
            "cat <<-'E' >/x\n\ta\n\tE",
            "cat <<A <<B\n1\nA\n2\nB",
            "if true; then\n echo a\nfi",
            "for i in 1 2; do echo $i; done",
            "f() { echo a; }",
            "x=$(echo 'a)')",
            "cat <<< 'a'",
            "nohup a &",
            "",
            "echo \"a'b\"",
        ] {
            assert!(is_complete(whole), "{whole}");
        }
        for open in [
            "echo 'a",
            "echo \"a",
            "echo \"it's",
            "cat <<EOF >/x",
            "cat <<EOF >/x\n EOF",
            "echo a \\",
            "echo a &&",
            "echo a||",
            "echo a |",
            "if true; then",
            "for i in 1 2; do",
            "case $x in",
            "case $x in\na) b;;",
            "f() {",
            "x=$(echo",
        ] {
            assert!(!is_complete(open), "{open}");
        }
    }
}
