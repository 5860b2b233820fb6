//! `validate --fix`: rewrites what takes no judgement, and nothing else of a file.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::kind::Kind;
use super::{of_text, seed};
use crate::document::fix::without_tabs;
use crate::document::{Code, Diagnostic};
use crate::source::file;
use crate::system::{Kind as FileKind, Root, Writer};

/// The most fixes of one file, as many as there are problems in two reports of it.
const LIMIT: usize = 200;

/// Puts right what can be put right in the file at `path`; what it did, one line each.
pub fn fix(path: &Path, kind: Option<Kind>) -> anyhow::Result<Vec<String>> {
    let open = File::open(path)?;
    let Ok(text) = std::str::from_utf8(&open.bytes) else {
        return Ok(Vec::new());
    };
    if seed::of_a_platform(path, &open.bytes).is_some() {
        bail!("--fix can't rewrite {}: a platform makes it", path.display());
    }
    let kind = kind.unwrap_or_else(|| Kind::of(path, &open.bytes));
    let (fixed, said) = fixed(text.to_owned(), &open.origin, kind);
    if !said.is_empty() {
        open.replace(fixed.as_bytes())?;
    }
    Ok(said)
}

/// The text with all fixes that leave less to complain about.
fn fixed(mut text: String, origin: &str, kind: Kind) -> (String, Vec<String>) {
    let problems = |text: &str| of_text(&file::given(origin, text.as_bytes().to_vec()), kind).diagnostics;
    let (mut said, mut tried) = (Vec::new(), HashSet::new());
    let mut left = problems(&text);
    if left.iter().any(|problem| problem.code == Code::Tab)
        && let Some((spaced, lines)) = without_tabs(&text)
    {
        said.extend(
            lines
                .iter()
                .map(|line| format!("{origin}:{line}: indented with spaces")),
        );
        text = spaced;
        left = problems(&text);
    }
    for _ in 0..LIMIT {
        let next = left.iter().filter(|problem| problem.file == origin);
        let next = next.filter_map(|problem| Some((problem, problem.fix.as_ref()?)));
        let mut untried = next.filter(|(problem, _)| tried.insert((problem.line, problem.column)));
        let Some((problem, fix)) = untried.next() else { break };
        let Some(candidate) = fix.done(&text, problem.line, problem.column) else {
            continue;
        };
        let then = problems(&candidate);
        if is_better(&then, &left, problem) {
            said.push(format!("{}: `{}` is now `{}`", problem.place(), fix.old, fix.new));
            (text, left) = (candidate, then);
        }
    }
    (text, said)
}

/// Whether the problem that was fixed is gone, and no key is there twice because of that.
fn is_better(then: &[Diagnostic], now: &[Diagnostic], fixed: &Diagnostic) -> bool {
    let twice = |problems: &[Diagnostic]| {
        problems
            .iter()
            .filter(|problem| problem.code == Code::DuplicateKey)
            .count()
    };
    let is_there =
        |problem: &Diagnostic| (problem.line, problem.column, problem.code) == (fixed.line, fixed.column, fixed.code);
    !then.iter().any(is_there) && twice(then) <= twice(now)
}

/// A file that is to be rewritten.
struct File {
    directory: PathBuf,
    root: Root,
    name: String,
    origin: String,
    bytes: Vec<u8>,
}

impl File {
    /// Reads the file, which has to be a regular one: a link would be replaced by a file, and a pipe can't be.
    fn open(path: &Path) -> anyhow::Result<Self> {
        let origin = path.display().to_string();
        let refuse = || format!("--fix can't rewrite {origin}");
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .filter(|_| origin != "-");
        let Some(name) = name else {
            bail!("{}: it is not a file with a name", refuse());
        };
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new(".")).to_owned();
        let root = Root::open(&directory).with_context(refuse)?;
        let name = format!("/{name}");
        match root.metadata(&name).with_context(refuse)? {
            None => bail!("{}: it doesn't exist", refuse()),
            Some(there) if there.kind == FileKind::Symlink => bail!("{}: it is a link; name the file itself", refuse()),
            Some(there) if there.kind != FileKind::File => bail!("{}: it is not a regular file", refuse()),
            Some(_) => {}
        }
        let bytes = root.read(&name).with_context(refuse)?.unwrap_or_default();
        Ok(Self {
            directory,
            root,
            name,
            origin,
            bytes,
        })
    }

    /// Puts these bytes in its place, with its mode and its owner.
    fn replace(&self, bytes: &[u8]) -> anyhow::Result<()> {
        let refuse = || format!("--fix can't rewrite {}", self.origin);
        let there = self.root.metadata(&self.name).with_context(refuse)?;
        let Some(there) = there.filter(|there| there.kind == FileKind::File) else {
            bail!("{}: it is gone", refuse());
        };
        // Whoever edits it meanwhile doesn't lose that.
        let root = Root::open(&self.directory).with_context(refuse)?;
        if root.read(&self.name).with_context(refuse)?.as_ref() != Some(&self.bytes) {
            bail!("{}: it has just been changed", refuse());
        }
        let writer = Writer::new(root);
        let owner = (there.uid, there.gid);
        writer
            .write_file(&self.name, bytes, there.mode, owner)
            .with_context(refuse)
    }
}
