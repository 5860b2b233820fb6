//! What counts in sshd's configuration: every line that sets a keyword, in the order in which sshd reads them, includes
//! followed, with the condition under which it counts.
//!
//! sshd reads its configuration twice (`servconf.c`, and seen with `sshd -T` 9.2): once when it starts, outside every
//! `Match` block, and once for each connection, only what is inside the blocks that match; what the second reading finds
//! replaces what the first one found. In both the first value of a keyword wins. `Match all` counts in both.

use std::rc::Rc;

use super::config_file::{ConfigFile, Line};
use super::criteria::{Certainty, Who, hold};
use super::files::Files;
use crate::document::sshd::syntax::words;
use crate::document::sshd::{Keyword, Setting};
use crate::module::PlanError;

/// The main file of sshd's configuration.
pub const MAIN: &str = "/etc/ssh/sshd_config";

/// Where relative patterns of `Include` start.
const DIRECTORY: &str = "/etc/ssh";

/// How deep sshd follows includes (`SERVCONF_MAX_DEPTH`).
const DEPTH_LIMIT: usize = 16;

/// The most files that are read: a machine has a handful.
const FILES_LIMIT: usize = 1000;

/// Every line that sets something.
#[derive(Debug, Default)]
pub struct Effective {
    occurrences: Vec<Occurrence>,
    files: Vec<String>,
    /// Lines that include other files.
    includes: Vec<Include>,
}

/// A line that includes files.
#[derive(Debug, Clone)]
pub struct Include {
    /// The file.
    pub file: Rc<str>,
    /// The number of the line in the file, from 0.
    pub line: usize,
    /// The files that it leads to now, in order.
    pub leads_to: Vec<String>,
    /// When what they say counts.
    pub scope: Scope,
}

/// The lines that make the value of a keyword for one account.
#[derive(Debug, Default)]
pub struct Counting<'e> {
    /// The line that counts wherever the connection comes from; more than one only where lines add up. Without any,
    /// sshd's default counts.
    pub always: Vec<&'e Occurrence>,
    /// The lines that count instead for some connections.
    pub perhaps: Vec<&'e Occurrence>,
}

/// One line that sets a keyword.
#[derive(Debug, Clone)]
pub struct Occurrence {
    /// The keyword under its present name.
    pub keyword: &'static Keyword,
    /// The value as written.
    pub value: String,
    /// The file.
    pub file: Rc<str>,
    /// The number of the line in the file, from 0.
    pub line: usize,
    /// The number of the line of the main file that led here, from 0.
    pub main_line: usize,
    /// When it counts.
    pub scope: Scope,
}

/// When a line counts.
#[derive(Debug, Clone)]
pub enum Scope {
    /// For everybody whom no `Match` block tells otherwise.
    Everywhere,
    /// For everyone, whatever other lines outside `Match` blocks say.
    MatchAll,
    /// For whom the block matches.
    Match(Rc<Block>),
}

/// A `Match` block.
#[derive(Debug)]
pub struct Block {
    /// The line that opens it.
    pub text: String,
    /// Its criteria, as words.
    criteria: Vec<String>,
    /// The block that the file with this one is included in.
    outer: Option<Rc<Block>>,
}

impl Block {
    /// Whether it counts for this account.
    pub fn counts_for(&self, who: &Who) -> Certainty {
        let outer = self
            .outer
            .as_ref()
            .map_or(Certainty::Always, |outer| outer.counts_for(who));
        outer.min(hold(&self.criteria, who))
    }
}

impl Occurrence {
    /// Whether it counts for everybody.
    pub fn is_unconditional(&self) -> bool {
        !matches!(self.scope, Scope::Match(_))
    }

    /// The place as a person looks it up.
    pub fn place(&self) -> String {
        format!("{} line {}", self.file, self.line + 1)
    }

    /// The words of the value, without quotes; none where a quote is not closed, which sshd refuses.
    pub fn words(&self) -> Vec<String> {
        let words = words(self.value.as_bytes()).unwrap_or_default();
        words.into_iter().map(|word| word.text).collect()
    }

    /// The block that it is in; `None` if it applies to everyone.
    pub fn block(&self) -> Option<&Block> {
        match &self.scope {
            Scope::Match(block) => Some(block),
            Scope::Everywhere | Scope::MatchAll => None,
        }
    }
}

impl Include {
    /// The place as a person looks it up.
    pub fn place(&self) -> String {
        format!("{} line {}", self.file, self.line + 1)
    }
}

impl Effective {
    /// Reads the main file and all that it includes.
    ///
    /// # Errors
    /// A file can't be read, or includes go deeper than sshd follows them.
    pub fn read(files: &Files<'_>) -> Result<Self, PlanError> {
        let mut reader = Reader {
            files,
            found: Self::default(),
        };
        reader.file(MAIN, None, &Scope::Everywhere, 0)?;
        Ok(reader.found)
    }

    /// Whether sshd reads this file.
    pub fn reads(&self, file: &str) -> bool {
        self.files.iter().any(|f| f == file)
    }

    /// The files that sshd reads, in order; one that is included twice is listed twice.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// The lines that include others, in order.
    pub fn includes(&self) -> &[Include] {
        &self.includes
    }

    /// The lines that make the value of this keyword for one account.
    pub fn counting_for(&self, keyword: &'static Keyword, who: &Who) -> Counting<'_> {
        let adds_up = keyword.canonical().shape.adds_up();
        let mut counting = Counting::default();
        // Lines of one block stand together: it is looked at once for all of them.
        let mut last: Option<(&Rc<Block>, Certainty)> = None;
        for line in self.all(keyword) {
            let certainty = match (&line.scope, last) {
                (Scope::Everywhere, _) => continue,
                (Scope::MatchAll, _) => Certainty::Always,
                (Scope::Match(block), Some((known, certainty))) if Rc::ptr_eq(block, known) => certainty,
                (Scope::Match(block), _) => {
                    let certainty = block.counts_for(who);
                    last = Some((block, certainty));
                    certainty
                }
            };
            match certainty {
                Certainty::Never => {}
                Certainty::Perhaps => counting.perhaps.push(line),
                Certainty::Always => {
                    counting.always.push(line);
                    if !adds_up {
                        return counting;
                    }
                }
            }
        }
        if counting.always.is_empty() {
            let limit = if adds_up { usize::MAX } else { 1 };
            let everywhere = self.all(keyword).filter(|o| matches!(o.scope, Scope::Everywhere));
            counting.always.extend(everywhere.take(limit));
        }
        counting
    }

    /// All lines that set this keyword, in order.
    pub fn all(&self, keyword: &'static Keyword) -> impl Iterator<Item = &Occurrence> {
        let keyword = keyword.canonical();
        self.occurrences.iter().filter(move |o| o.keyword == keyword)
    }

    /// The lines that make the value of this keyword where no condition holds: one, or more where lines add up.
    pub fn counting(&self, keyword: &'static Keyword) -> Vec<&Occurrence> {
        let of = |wanted: fn(&Scope) -> bool| -> Vec<&Occurrence> {
            let limit = if keyword.shape.adds_up() { usize::MAX } else { 1 };
            self.all(keyword).filter(|o| wanted(&o.scope)).take(limit).collect()
        };
        let for_all = of(|scope| matches!(scope, Scope::MatchAll));
        if for_all.is_empty() {
            of(|scope| matches!(scope, Scope::Everywhere))
        } else {
            for_all
        }
    }

    /// Whether the value of the setting's keyword, where no condition holds, is what is wanted.
    pub fn says(&self, setting: &Setting) -> bool {
        let values: Vec<&str> = self
            .counting(setting.keyword)
            .iter()
            .map(|o| o.value.as_str())
            .collect();
        !values.is_empty() && setting.keyword.same(&values, &setting.lines)
    }
}

struct Reader<'a> {
    files: &'a Files<'a>,
    found: Effective,
}

impl Reader<'_> {
    fn file(&mut self, path: &str, main_line: Option<usize>, outer: &Scope, depth: usize) -> Result<(), PlanError> {
        if depth > DEPTH_LIMIT {
            return Err(PlanError::at(
                &[],
                format!("{path} is included more than {DEPTH_LIMIT} files deep, and sshd doesn't read it"),
            ));
        }
        if self.found.files.len() >= FILES_LIMIT {
            return Err(PlanError::at(
                &[],
                format!("{MAIN} includes more than {FILES_LIMIT} files"),
            ));
        }
        let Some(bytes) = self.files.read(path)? else {
            return Ok(());
        };
        self.found.files.push(path.to_owned());
        let name: Rc<str> = path.into();
        let mut scope = outer.clone();
        for (number, line) in ConfigFile::parse(&bytes).lines().iter().enumerate() {
            let main_line = main_line.unwrap_or(number);
            if line.says("match") {
                scope = block(line, outer);
            } else if line.says("include") {
                self.include(&name, number, line, main_line, &scope, depth)?;
            } else if let Some(keyword) = line.keyword {
                self.found.occurrences.push(Occurrence {
                    keyword,
                    value: line.value(),
                    file: Rc::clone(&name),
                    line: number,
                    main_line,
                    scope: scope.clone(),
                });
            }
        }
        Ok(())
    }

    /// What an included file leaves open when it ends does not reach the file that includes it.
    fn include(
        &mut self,
        file: &Rc<str>,
        number: usize,
        line: &Line,
        main_line: usize,
        scope: &Scope,
        depth: usize,
    ) -> Result<(), PlanError> {
        let patterns = line.statement.iter().flat_map(|s| &s.words);
        let mut leads_to = Vec::new();
        for pattern in patterns.filter(|p| !p.is_empty()) {
            let pattern = match pattern.strip_prefix('/') {
                Some(_) => pattern.clone(),
                None => format!("{DIRECTORY}/{pattern}"),
            };
            leads_to.extend(self.files.glob(&pattern)?);
        }
        self.found.includes.push(Include {
            file: Rc::clone(file),
            line: number,
            leads_to: leads_to.clone(),
            scope: scope.clone(),
        });
        for path in leads_to {
            self.file(&path, Some(main_line), scope, depth + 1)?;
        }
        Ok(())
    }
}

/// What a `Match` line in a file that counts under `outer` opens.
fn block(line: &Line, outer: &Scope) -> Scope {
    let words = line.statement.as_ref().map(|s| s.words.as_slice()).unwrap_or_default();
    let is_all = matches!(words, [word] if word.eq_ignore_ascii_case("all"));
    let outer = match outer {
        Scope::Match(block) if is_all => return Scope::Match(Rc::clone(block)),
        Scope::Everywhere | Scope::MatchAll if is_all => return Scope::MatchAll,
        Scope::Match(block) => Some(Rc::clone(block)),
        Scope::Everywhere | Scope::MatchAll => None,
    };
    Scope::Match(Rc::new(Block {
        text: line.text(),
        criteria: words.to_vec(),
        outer,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Root;

    /// What counts for `keyword` in these files, the first of which is the main one.
    fn counting(files: &[(&str, &str)], keyword: &str) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let files = files.iter().fold(Files::new(&root), |files, (path, text)| {
            files.with(path, Some(text.as_bytes().to_vec()))
        });
        let effective = Effective::read(&files).unwrap();
        let found = effective.counting(Keyword::find(keyword).unwrap());
        found.iter().map(|o| format!("{} at {}", o.value, o.place())).collect()
    }

    #[test]
    fn the_first_value_wins_and_match_is_conditional() {
        for (main, expected) in [
            (
                "PermitRootLogin no\nPermitRootLogin yes\n",
                "no at /etc/ssh/sshd_config line 1",
            ),
            ("Match User a\nPermitRootLogin no\n", ""),
            // A blank line or an indentation ends nothing.
            ("Match User a\n\n  X11Forwarding no\n\nPermitRootLogin no\n", ""),
            (
                "Match User a\nMatch all\npermitrootlogin=no\n",
                "no at /etc/ssh/sshd_config line 3",
            ),
            (
                "PermitRootLogin yes\nMatch all\nPermitRootLogin no\n",
                "no at /etc/ssh/sshd_config line 3",
            ),
            ("Include other\nPermitRootLogin no\n", "yes at /etc/ssh/other line 1"),
            (
                "PermitRootLogin no\nInclude other\n",
                "no at /etc/ssh/sshd_config line 1",
            ),
            ("Match User a\nInclude other\n", ""),
            ("include \"/etc/ssh/o*r\" nowhere\n", "yes at /etc/ssh/other line 1"),
            (
                "Include conditional\nPermitRootLogin no\n",
                "no at /etc/ssh/sshd_config line 2",
            ),
            ("Include deeper\n", "yes at /etc/ssh/other line 1"),
            ("Match User a\nInclude all\n", ""),
        ] {
            let files = [
                (MAIN, main),
                ("/etc/ssh/other", "PermitRootLogin yes\nMatch User b\n"),
                ("/etc/ssh/conditional", "Match User b\nPermitRootLogin yes\n"),
                ("/etc/ssh/deeper", "Include oth*\n"),
                ("/etc/ssh/all", "Match all\nPermitRootLogin yes\n"),
            ];
            assert_eq!(counting(&files, "PermitRootLogin").join(" "), expected, "{main}");
        }
    }

    #[test]
    fn lines_that_add_up_all_count() {
        let files = [(MAIN, "Port 1\nInclude x\nPort 2\n"), ("/etc/ssh/x", "Port 3\n")];
        let expected = [
            "1 at /etc/ssh/sshd_config line 1",
            "3 at /etc/ssh/x line 1",
            "2 at /etc/ssh/sshd_config line 3",
        ];
        assert_eq!(counting(&files, "Port"), expected);
    }

    #[test]
    fn older_names_are_the_same_keyword() {
        let files = [(
            MAIN,
            "ChallengeResponseAuthentication no\nKbdInteractiveAuthentication yes\n",
        )];
        assert_eq!(
            counting(&files, "KbdInteractiveAuthentication")[0].split(' ').next(),
            Some("no")
        );
        assert_eq!(counting(&files, "ChallengeResponseAuthentication").len(), 1);
    }

    #[test]
    fn a_file_that_includes_itself_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let files = Files::new(&root).with(MAIN, Some(b"Include sshd_config sshd_config\n".to_vec()));
        let error = Effective::read(&files).unwrap_err().to_string();
        assert!(error.contains("16 files deep"), "{error}");
    }

    #[test]
    fn what_counts_for_one_account() {
        let who = Who {
            user: "root".to_owned(),
            groups: Some(vec!["root".to_owned()]),
        };
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        for (main, always, perhaps) in [
            ("", "", ""),
            ("PermitRootLogin no\n", "1", ""),
            ("PermitRootLogin no\nMatch User root\nPermitRootLogin yes\n", "3", ""),
            ("Match User bob\nPermitRootLogin yes\n", "", ""),
            ("PermitRootLogin no\nMatch Group root\nPermitRootLogin yes\n", "3", ""),
            (
                "PermitRootLogin no\nMatch Address 1.1.1.1\nPermitRootLogin yes\n",
                "1",
                "3",
            ),
            (
                "Match User root\nPermitRootLogin no\nMatch Address 1.1.1.1\nPermitRootLogin yes\n",
                "2",
                "",
            ),
            ("Match User root\nInclude in\nMatch all\nPermitRootLogin no\n", "4", "2"),
            ("PermitRootLogin no\nMatch all\nPermitRootLogin yes\n", "3", ""),
        ] {
            let files = Files::new(&root).with(MAIN, Some(main.as_bytes().to_vec())).with(
                "/etc/ssh/in",
                Some(b"Match Address 1.1.1.1\nPermitRootLogin yes\n".to_vec()),
            );
            let effective = Effective::read(&files).unwrap();
            let found = effective.counting_for(Keyword::find("PermitRootLogin").unwrap(), &who);
            let lines = |found: &[&Occurrence]| -> String { found.iter().map(|o| (o.line + 1).to_string()).collect() };
            assert_eq!(
                (lines(&found.always).as_str(), lines(&found.perhaps).as_str()),
                (always, perhaps),
                "{main}"
            );
        }
        let main = b"AllowUsers a\nAllowUsers b\nMatch User root\nAllowUsers c\nAllowUsers d\n".to_vec();
        let effective = Effective::read(&Files::new(&root).with(MAIN, Some(main))).unwrap();
        let values = |who: &Who| -> String {
            let found = effective.counting_for(Keyword::find("AllowUsers").unwrap(), who);
            found.always.iter().map(|o| o.value.clone()).collect()
        };
        assert_eq!(values(&who), "cd");
        let bob = Who {
            user: "bob".to_owned(),
            ..who
        };
        assert_eq!(values(&bob), "ab");
    }
}
