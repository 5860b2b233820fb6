//! Where each setting is written so that sshd takes it.
//!
//! A drop-in of our own is the first choice, and it is only a choice if sshd reads it before any other line that sets the
//! keyword: this is tried out in thought, with [`Effective`]. What can't be said there is said in the main file: in the
//! line that counts now, or in a new one.

use std::fmt::Write as _;

use super::config_file::{ConfigFile, Edits};
use super::effective::{Effective, MAIN, Occurrence, Scope};
use super::files::Files;
use crate::document::sshd::syntax::words;
use crate::document::sshd::{Setting, Shape};
use crate::module::{Level, Note, PlanError};

/// The names that our drop-in may have: the first of those with which most settings win.
pub const DROP_INS: [&str; 2] = [
    "/etc/ssh/sshd_config.d/01-firstlight.conf",
    "/etc/ssh/sshd_config.d/00-firstlight.conf",
];

/// The desired content of the files.
#[derive(Debug, Default)]
pub struct Placement {
    /// Our drop-in: its path and its content.
    pub drop_in: Option<(&'static str, Vec<u8>)>,
    /// The main file, when something has to be said there.
    pub main: Option<Vec<u8>>,
    /// What a person should know.
    pub notes: Vec<Note>,
}

impl Placement {
    /// The machine's files with this done.
    pub fn applied<'a>(&self, files: &Files<'a>) -> Files<'a> {
        let mut files = without_drop_ins(files);
        if let Some((path, content)) = &self.drop_in {
            files = files.with(path, Some(content.clone()));
        }
        match &self.main {
            Some(main) => files.with(MAIN, Some(main.clone())),
            None => files,
        }
    }
}

/// Finds a place for every setting. `main` is the main file as it is.
///
/// # Errors
/// The configuration can't be read, or another file adds values that the document doesn't list.
pub fn place(settings: &[Setting], files: &Files<'_>, main: &[u8]) -> Result<Placement, PlanError> {
    let files = without_drop_ins(files);
    let now = Effective::read(&files)?;
    let mut placement = Placement::default();
    let in_place = choose_drop_in(settings, &files, &mut placement)?;
    if !in_place.is_empty() {
        let mut editor = Editor {
            main: ConfigFile::parse(main),
            now: &now,
            edits: Edits::default(),
            notes: &mut placement.notes,
        };
        for setting in in_place {
            editor.place(setting)?;
        }
        placement.main = Some(editor.main.edited(&editor.edits));
    }
    Ok(placement)
}

fn without_drop_ins<'a>(files: &Files<'a>) -> Files<'a> {
    DROP_INS
        .iter()
        .fold(files.clone(), |files, path| files.with(path, None))
}

/// Writes down the drop-in with the settings that win there, and returns the others.
fn choose_drop_in<'s>(
    settings: &'s [Setting],
    files: &Files<'_>,
    placement: &mut Placement,
) -> Result<Vec<&'s Setting>, PlanError> {
    let [first, second] = DROP_INS;
    let mut best = Trial::of(first, settings, files)?;
    if !best.lose.is_empty() {
        let other = Trial::of(second, settings, files)?;
        if other.win.len() > best.win.len() {
            let rivals = other.win.iter().filter(|s| best.lose.contains(s));
            let rivals = rivals.filter_map(|s| best.effective.counting(s.keyword).first().copied());
            placement.notes.extend(rivals.map(|rival| {
                info(format!(
                    "{} sets {} too: firstlight's own file is named {second} so that sshd reads it first",
                    rival.place(),
                    rival.keyword.name
                ))
            }));
            best = other;
        }
    }
    placement.drop_in = (!best.win.is_empty()).then(|| (best.path, drop_in(best.win)));
    Ok(best.lose)
}

/// What would be if all settings stood in our drop-in.
struct Trial<'s> {
    path: &'static str,
    effective: Effective,
    win: Vec<&'s Setting>,
    lose: Vec<&'s Setting>,
}

impl<'s> Trial<'s> {
    fn of(path: &'static str, settings: &'s [Setting], files: &Files<'_>) -> Result<Self, PlanError> {
        let effective = Effective::read(&files.with(path, Some(drop_in(settings))))?;
        let (win, lose) = settings.iter().partition(|s| wins(s, path, &effective));
        Ok(Self {
            path,
            effective,
            win,
            lose,
        })
    }
}

fn drop_in<'s>(settings: impl IntoIterator<Item = &'s Setting>) -> Vec<u8> {
    let mut text = String::new();
    for setting in settings {
        for line in &setting.lines {
            // Writing to a String can't fail.
            let _ = writeln!(text, "{} {line}", setting.keyword.name);
        }
    }
    text.into_bytes()
}

/// Whether sshd uses the setting when it is in our drop-in. Another drop-in that is read before ours and says the same
/// doesn't matter; the main file may be changed at any time by people who look only there.
fn wins(setting: &Setting, drop_in: &str, trial: &Effective) -> bool {
    let counting = trial.counting(setting.keyword);
    let elsewhere = |o: &&Occurrence| &*o.file != drop_in;
    let rivals = counting.iter().copied().filter(elsewhere).count();
    let adds_up = setting.keyword.shape.adds_up();
    let tolerated = !adds_up && counting.iter().all(|o| &*o.file != MAIN) && trial.says(setting);
    trial.reads(drop_in) && !counting.is_empty() && (rivals == 0 || tolerated)
}

/// Puts settings into the main file.
struct Editor<'a> {
    main: ConfigFile,
    now: &'a Effective,
    edits: Edits,
    notes: &'a mut Vec<Note>,
}

impl Editor<'_> {
    fn place(&mut self, setting: &Setting) -> Result<(), PlanError> {
        if setting.keyword.shape.adds_up() {
            self.place_all(setting)
        } else {
            self.place_first(setting);
            Ok(())
        }
    }

    /// A keyword of which the first line counts: that line gets the value.
    fn place_first(&mut self, setting: &Setting) {
        let now = self.now;
        let mut lines = now.all(setting.keyword).filter(|o| o.is_unconditional());
        let first = lines.next();
        match first {
            Some(first) => self.correct(setting, first),
            None => self.insert(setting, self.main.place_for(setting.keyword), &setting.lines),
        }
        // What follows `Match all` outdoes what stands before any `Match`.
        if let Some(for_all) = lines.find(|o| matches!(o.scope, Scope::MatchAll))
            && &*for_all.file == MAIN
            && first.is_some_and(|f| matches!(f.scope, Scope::Everywhere))
        {
            self.correct(setting, for_all);
        }
    }

    /// Makes the value of this line right, or outdoes the line when it is in a file that is not ours to edit.
    fn correct(&mut self, setting: &Setting, line: &Occurrence) {
        if setting.keyword.same(&[&line.value], &setting.lines) {
            return;
        }
        if &*line.file == MAIN {
            self.edits.replace(line.line, &setting.lines.concat());
            return;
        }
        // The `Include` that leads there is outside `Match` blocks or below `Match all`, and so will be the new line.
        self.insert(setting, line.main_line, &setting.lines);
        self.notes.push(info(format!(
            "{} sets {} to `{}`: firstlight overrides it with a line in {MAIN}, above the `Include`",
            line.place(),
            line.keyword.name,
            line.value
        )));
    }

    /// A keyword of which all lines count: the lines of the main file become those that are wanted, one for one; those
    /// left over become comments.
    fn place_all(&mut self, setting: &Setting) -> Result<(), PlanError> {
        let now = self.now;
        let lines = now.all(setting.keyword).filter(|o| o.is_unconditional());
        let (own, foreign): (Vec<&Occurrence>, Vec<&Occurrence>) = lines.partition(|o| &*o.file == MAIN);
        let wanted = lines_missing_in(&foreign, setting)?;
        let there: Vec<&str> = own.iter().map(|o| o.value.as_str()).collect();
        if setting.keyword.same(&there, &wanted) {
            return Ok(());
        }
        for (number, line) in own.iter().enumerate() {
            match wanted.get(number) {
                Some(value) if setting.keyword.same(&[&line.value], &[value]) => {}
                Some(value) => self.edits.replace(line.line, value),
                None => self.edits.disable(line.line),
            }
        }
        let place = own
            .last()
            .map_or_else(|| self.main.place_for(setting.keyword), |last| last.line + 1);
        self.insert(setting, place, wanted.get(own.len()..).unwrap_or_default());
        Ok(())
    }

    fn insert(&mut self, setting: &Setting, before: usize, lines: &[String]) {
        for line in lines {
            self.edits.insert(before, setting.keyword, line);
        }
    }
}

/// The lines of a setting without what other files add already.
///
/// # Errors
/// They add something that the document doesn't list.
fn lines_missing_in(foreign: &[&Occurrence], setting: &Setting) -> Result<Vec<String>, PlanError> {
    let mut missing = values(setting, setting.lines.iter().map(String::as_str));
    let listed = missing.clone();
    let same = |one: &String, other: &String| setting.keyword.same(&[one], &[other]);
    for line in foreign {
        for value in values(setting, [line.value.as_str()]) {
            if !listed.iter().any(|l| same(l, &value)) {
                return Err(unlisted(setting, line, &value));
            }
            missing.retain(|m| !same(m, &value));
        }
    }
    Ok(match setting.keyword.shape {
        Shape::MoreWords if !missing.is_empty() => vec![missing.join(" ")],
        _ => missing,
    })
}

fn unlisted(setting: &Setting, line: &Occurrence, value: &str) -> PlanError {
    let path: Vec<&str> = setting.path.iter().map(String::as_str).collect();
    let message = format!(
        "{} adds `{value}`, which is not in the list: sshd combines all lines of {}",
        line.place(),
        line.keyword.name
    );
    PlanError::at(&path, message).hint(format!("add `{value}` to the list, or remove it from {}", line.file))
}

/// The single values in these lines: their words, or for a keyword of one value a line the lines.
fn values<'l>(setting: &Setting, lines: impl IntoIterator<Item = &'l str>) -> Vec<String> {
    let words_of = |line: &str| match words(line.as_bytes()) {
        Ok(found) if setting.keyword.shape == Shape::MoreWords => found
            .iter()
            .map(|w| line.get(w.place.clone()).unwrap_or_default().to_owned())
            .collect(),
        _ => vec![line.to_owned()],
    };
    lines.into_iter().flat_map(words_of).collect()
}

fn info(text: String) -> Note {
    Note {
        level: Level::Info,
        text,
    }
}
