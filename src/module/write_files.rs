//! Files as the document has them.

use std::collections::{BTreeSet, HashMap};

use zeroize::Zeroizing;

use super::on_the_way::with_directories_and;
use super::{Change, Dirty, FileChange, Module, Plan, PlanError, Share, Stage, Supply, packages};
use crate::document::Config;
use crate::document::write_files::{Owner, WriteFile};
use crate::system::{Machine, ReadError};

/// Who reads the files below a directory again once one has changed.
const READERS: [(&str, Dirty); 2] = [
    ("/etc/systemd/system/", Dirty::Manager),
    ("/etc/systemd/network/", Dirty::Network),
];

/// Writes the files that the document has.
#[derive(Debug, Clone, Copy)]
pub struct WriteFiles;

impl Module for WriteFiles {
    fn name(&self) -> &'static str {
        "write_files"
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn changes_stand_alone(&self) -> bool {
        true
    }

    fn gives(&self) -> &'static [Supply] {
        &[Supply::Files]
    }

    /// Owners.
    fn needs(&self) -> &'static [Supply] {
        &[Supply::Accounts]
    }

    fn asked_at(&self, change: &Change, want: &Config) -> Vec<String> {
        let mut files = want.write_files.iter().flatten();
        let number = files.position(|file| match (change, change.path()) {
            // The first file below it is what it is made for.
            (Change::Directory(_), Some(directory)) => file.path.parents().any(|parent| parent == directory),
            (_, path) => path == Some(file.path.as_str()),
        });
        let keys = number.map(|number| [number.to_string(), "path".to_owned()]);
        ["write_files".to_owned()]
            .into_iter()
            .chain(keys.into_iter().flatten())
            .collect()
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let mut files: Vec<FileChange> = Vec::new();
        // The number of each path's change, or what it lacks where it can't be written.
        let mut earlier: HashMap<&str, Result<usize, Option<String>>> = HashMap::new();
        for (number, file) in want.write_files.iter().flatten().enumerate() {
            let number = number.to_string();
            let path = file.path.as_str();
            let before = match earlier.get(path) {
                Some(Err(lacks)) if file.append => {
                    let place = ["write_files", &number, "path"];
                    let why = format!("what comes before it in {path} can't be written");
                    let lacks = lacks.clone();
                    plan.problems.push(PlanError {
                        lacks,
                        ..PlanError::at(&place, why)
                    });
                    continue;
                }
                before => before.and_then(|before| before.as_ref().ok()).copied(),
            };
            let brought_later = file.append && file.defer && packages::is_pending(want, machine);
            let continued = before.filter(|_| file.append).map(|at| &files[at]);
            match (change(&number, file, continued, brought_later, machine), before) {
                (Ok(change), Some(at)) => files[at] = change,
                (Ok(change), None) => {
                    earlier.insert(path, Ok(files.len()));
                    files.push(change);
                }
                (Err(error), before) => {
                    // A file that waits for somebody is not written half.
                    if before.is_none() || error.lacks.is_some() {
                        earlier.insert(path, Err(error.lacks.clone()));
                    }
                    plan.problems.push(error);
                }
            }
        }
        let is_written = |path: &str| earlier.get(path).is_some_and(Result::is_ok);
        files.retain(|file| is_written(&file.path));
        let others = want.write_files.iter().flatten().map(|file| file.path.as_str());
        let others: Vec<&str> = others.filter(|path| !is_written(path)).collect();
        plan.changes = with_directories_and(files, &others, machine);
        plan.deferred = deferred(want, &plan.changes);
        Ok(plan)
    }
}

/// The paths of which an item has `defer: true`, and the new directories that only they need.
fn deferred(want: &Config, changes: &[Change]) -> BTreeSet<String> {
    let files = || want.write_files.iter().flatten();
    let paths = |defer: bool| {
        let files = files().filter(move |file| file.defer == defer);
        files.map(|file| file.path.as_str()).collect::<BTreeSet<&str>>()
    };
    let late = paths(true);
    let at_once: BTreeSet<&str> = paths(false).difference(&late).copied().collect();
    let is_needed = |directory: &str| {
        let below = |path: &&str| path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'));
        at_once.iter().any(below)
    };
    let is_deferred = |change: &&Change| match change {
        Change::Directory(directory) => !is_needed(&directory.path),
        other => other.path().is_some_and(|path| !at_once.contains(path)),
    };
    let deferred = changes.iter().filter(is_deferred).filter_map(Change::path);
    deferred.map(str::to_owned).collect()
}

/// `earlier`: what an earlier item for this path writes; this one is appended to it. `brought_later`: whether packages that
/// may bring the file are still to be installed.
fn change(
    number: &str,
    file: &WriteFile,
    earlier: Option<&FileChange>,
    brought_later: bool,
    machine: &Machine<'_>,
) -> Result<FileChange, PlanError> {
    let path = file.path.as_str();
    let at = |key: &str| ["write_files".to_owned(), number.to_owned(), key.to_owned()];
    let error = |key: &str, message: String| PlanError::at(&at(key).each_ref().map(String::as_str), message);
    let bytes = content(file).map_err(|why| error(if file.source.is_some() { "source" } else { "content" }, why))?;
    let there = match file.append && earlier.is_none() {
        true => machine.root().metadata(path)?,
        false => None,
    };
    let usual = if file.secret == Some(true) { 0o600 } else { 0o644 };
    let mut change = match (earlier, there) {
        (Some(earlier), _) => continued(earlier, &bytes),
        (None, Some(as_is)) => {
            let before = machine.root().read_safely(path);
            let before = before
                .map_err(|why| error("path", format!("can't append to {path}: {why}")))?
                .unwrap_or_default();
            FileChange::rewrite(path, appended(before, &bytes), &as_is).share(Share::Lines)
        }
        // A file that only gets lines is somebody else's the next time.
        (None, None) if brought_later => {
            let why = format!("{path} is not there to append to, and the packages that may bring it are not installed");
            return Err(error("path", why).lacks(path));
        }
        (None, None) if file.append => FileChange::write(path, bytes.to_vec(), usual).share(Share::Lines),
        (None, None) => FileChange::write(path, bytes.to_vec(), usual),
    };
    if let Some(content) = &mut change.content {
        if let Some(permissions) = file.permissions {
            content.mode = permissions.bits();
        }
        if let Some(owner) = &file.owner {
            content.owner = numbers(owner, machine)?.map_err(|(name, file)| {
                error("owner", format!("there is no `{}` in {file}", name.escape_debug()))
                    .hint("write an account and a group that exist on the machine, such as root:docker")
                    .lacks(name)
            })?;
        }
        if file.is_secret(content.mode) {
            change = change.secret();
        }
    }
    for (directory, reader) in READERS {
        if path.starts_with(directory) {
            change = change.dirties(reader);
        }
    }
    Ok(change)
}

/// The content of the file.
fn content(file: &WriteFile) -> Result<Zeroizing<Vec<u8>>, String> {
    let raw = match (&file.fetched, &file.content, &file.source) {
        (Some(fetched), _, source) => {
            let checksum = source.as_ref().and_then(|source| source.checksum.as_ref());
            if let Some(checksum) = checksum.filter(|checksum| !checksum.is_of(fetched.expose())) {
                let path = file.path.as_str();
                return Err(format!(
                    "what the server has for {path} doesn't have the checksum {checksum}"
                ));
            }
            fetched.expose()
        }
        (None, Some(content), _) => content.expose(),
        (None, None, Some(_)) => {
            return Err(format!(
                "the content of {} was not fetched, or the server doesn't have it",
                file.path.as_str()
            ));
        }
        (None, None, None) => &[],
    };
    file.encoding
        .decode(raw)
        .map_err(|why| format!("the content of {} {why}", file.path.as_str()))
}

/// What an earlier item writes, and `more`.
fn continued(earlier: &FileChange, more: &[u8]) -> FileChange {
    let mut file = earlier.clone();
    if let Some(content) = &mut file.content {
        let before = content.bytes.to_vec();
        content.bytes = match earlier.share {
            Share::Lines => appended(before, more),
            Share::Whole | Share::Keys => [&before, more].concat(),
        }
        .into();
    }
    file
}

/// The file with `more` appended, unless it already contains it.
fn appended(mut file: Vec<u8>, more: &[u8]) -> Vec<u8> {
    // The standard library's search of strings is linear, whatever is looked for; a byte each is a character.
    let text = |bytes: &[u8]| Zeroizing::new(bytes.iter().map(|byte| char::from(*byte)).collect::<String>());
    if !text(&file).contains(text(more).as_str()) {
        if !file.is_empty() && !file.ends_with(b"\n") {
            file.push(b'\n');
        }
        file.extend_from_slice(more);
    }
    file
}

/// A name that is missing, and the file that lacks it.
type Missing<'a> = (&'a str, &'static str);

/// `USER[:GROUP]` as numbers; without a group it is root's, as in cloud-init.
fn numbers<'a>(owner: &'a Owner, machine: &Machine<'_>) -> Result<Result<(u32, u32), Missing<'a>>, ReadError> {
    let mut found = [0, 0];
    for (number, name, file) in [(0, owner.user(), "/etc/passwd"), (1, owner.group(), "/etc/group")] {
        if name.is_empty() {
            continue;
        }
        let lines = machine.read_text(file)?.unwrap_or_default();
        // Both files have the number in the third field.
        let by_name = lines.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let by_name = by_name
            .filter(|fields| fields.first() == Some(&name))
            .find_map(|fields| fields.get(2)?.parse().ok());
        match by_name.or_else(|| name.parse().ok()) {
            Some(id) => found[number] = id,
            None => return Ok(Err((name, file))),
        }
    }
    Ok(Ok((found[0], found[1])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Text, Texts};
    use crate::system::{Facts, Root};

    fn plan(document: &str) -> Result<Plan, PlanError> {
        plan_of(document, Vec::new())
    }

    /// `fetched`: addresses, and what is there.
    fn plan_of<'a>(document: &'a str, fetched: Vec<(&'a str, Text<'a>)>) -> Result<Plan, PlanError> {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir(tree.path().join("etc")).unwrap();
        for (name, text) in [
            ("passwd", "root:x:0:0::/root:/bin/sh\napp:x:990:991::/:/bin/false\n"),
            ("group", "root:x:0:\ndocker:x:995:app\n"),
            ("motd", "hello"),
        ] {
            std::fs::write(tree.path().join("etc").join(name), text).unwrap();
        }
        std::os::unix::fs::symlink("passwd", tree.path().join("etc/linked")).unwrap();
        let root = Root::open(tree.path()).unwrap();
        let text = Text::new("user-data", document.as_bytes());
        let document = Document::read(&Texts {
            user_data: Some(text),
            fetched,
            ..Texts::default()
        });
        assert!(!document.has_errors(), "{:?}", document.diagnostics);
        let facts = Facts::default();
        WriteFiles.plan(&document.config, &Machine::new(&root, &facts))
    }

    fn one(document: &str) -> FileChange {
        match plan(document).unwrap().changes.pop() {
            Some(Change::File(file)) => file,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn files_with_mode_owner_and_encoding() {
        let file = one(
            "write_files: [{path: /etc/a, content: aGVsbG8=, encoding: b64, owner: 'app:docker', permissions: 0640}]",
        );
        let content = file.content.clone().unwrap();
        assert_eq!(
            (&*content.bytes, content.mode, content.owner),
            (&b"hello"[..], 0o640, (990, 995))
        );
        assert!(!file.secret);
        let file =
            one("write_files: [{path: /etc/systemd/system/a.service, content: x, owner: '7', permissions: '600'}]");
        assert_eq!((file.content.clone().unwrap().owner, file.secret), ((7, 0), true));
        assert_eq!(file.dirties, [Dirty::Manager]);
        assert_eq!(one("write_files: [{path: /etc/empty}]").content.unwrap().bytes.len(), 0);
    }

    #[test]
    fn new_directories_belong_to_whom_the_file_does() {
        let directories = |document: &str| {
            let changes = plan(document).unwrap().changes.into_iter();
            let shown = changes.map(|change| match change {
                Change::Directory(d) => format!("{} {:o} {}:{}", d.path, d.mode, d.owner.0, d.owner.1),
                Change::File(file) => file.path,
                other => panic!("{other:?}"),
            });
            shown.collect::<Vec<_>>()
        };
        assert_eq!(
            directories("write_files: [{path: /home/app/.docker/config.json, owner: 'app:docker'}]"),
            [
                "/home 755 990:995",
                "/home/app 755 990:995",
                "/home/app/.docker 755 990:995",
                "/home/app/.docker/config.json"
            ]
        );
        assert_eq!(
            directories(
                "write_files: [{path: /srv/a/x, owner: app}, {path: /srv/a/y, owner: app}, {path: /srv/b}, {path: /etc/c}]"
            ),
            [
                "/srv 755 0:0",
                "/srv/a 755 990:0",
                "/srv/a/x",
                "/srv/a/y",
                "/srv/b",
                "/etc/c"
            ]
        );
    }

    #[test]
    fn of_two_for_one_path_the_last_one_counts_and_a_secret_is_for_its_owner() {
        let plan = plan(
            "write_files: [{path: /a, content: x, permissions: '0755'}, {path: /a, content: y}, \
             {path: /b, content: x, secret: true}, {path: /c, content: x, secret: true, permissions: '0644'}]",
        )
        .unwrap();
        let written = plan.changes.iter().filter_map(|change| match change {
            Change::File(FileChange {
                path,
                content: Some(content),
                ..
            }) => Some((path.as_str(), &*content.bytes, content.mode)),
            _ => None,
        });
        let expected: [(&str, &[u8], u32); 3] = [("/a", b"y", 0o644), ("/b", b"x", 0o600), ("/c", b"x", 0o644)];
        assert_eq!(written.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn appending_once() {
        let file = one("write_files: [{path: /etc/motd, content: \"more\\n\", append: true}]");
        assert_eq!(
            (&*file.content.unwrap().bytes, file.share),
            (&b"hello\nmore\n"[..], Share::Lines)
        );
        let file = one("write_files: [{path: /etc/motd, content: ell, append: true}]");
        assert_eq!(*file.content.unwrap().bytes, *b"hello");
    }

    #[test]
    fn appending_to_what_the_document_writes() {
        let file = one(
            "write_files: [{path: /etc/a, content: \"x\\n\", permissions: '0600'}, {path: //etc/a, content: \"x\\n\", append: \
             true}, {path: /etc/a, content: y, append: true, owner: '7'}]",
        );
        let content = file.content.unwrap();
        assert_eq!(
            (&*content.bytes, content.mode, content.owner, file.secret, file.share),
            (&b"x\nx\ny"[..], 0o600, (7, 0), true, Share::Whole)
        );
        let file = one(
            "write_files: [{path: /etc/motd, content: more, append: true}, {path: /etc/motd, content: ell, append: true}]",
        );
        assert_eq!(
            (&*file.content.unwrap().bytes, file.share),
            (&b"hello\nmore"[..], Share::Lines)
        );
    }

    #[test]
    fn what_lacks_its_checksum_is_not_written() {
        let sum = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
        let document = format!("write_files: [{{path: /a, source: {{uri: 'http://x/', checksum: 'sha256:{sum}'}}}}]");
        let of = |text: &'static str| plan_of(&document, vec![("http://x/", Text::new("x", text.as_bytes()))]).unwrap();
        let written = of("hello\n");
        assert_eq!((written.changes.len(), written.problems), (1, Vec::new()));
        let mut refused = of("hullo\n");
        let why = refused.problems.remove(0).message;
        assert!(refused.changes.is_empty(), "{:?}", refused.changes);
        assert_eq!(
            why,
            format!("what the server has for /a doesn't have the checksum sha256:{sum}")
        );
    }

    #[test]
    fn what_cant_be_written_is_an_error_at_its_place() {
        for (document, key, words) in [
            (
                "write_files: [{path: /a, owner: nobody}]",
                "owner",
                "there is no `nobody` in /etc/passwd",
            ),
            (
                "write_files: [{path: /a, owner: 'root:nogroup'}]",
                "owner",
                "/etc/group",
            ),
            (
                "write_files: [{path: /a, source: {uri: 'http://x/'}}]",
                "source",
                "was not fetched",
            ),
            (
                "write_files: [{path: /etc/linked, content: x, append: true}]",
                "path",
                "can't append to /etc/linked: it is a link",
            ),
        ] {
            let error = plan(document).unwrap().problems.remove(0);
            assert_eq!(error.path, ["write_files", "0", key]);
            assert!(error.message.contains(words), "{}", error.message);
        }
        // Nor half, where the rest is for somebody who isn't there; and the directory is not the first one's.
        let document = "write_files: [{path: /srv/a, content: x}, {path: /srv/a, content: y, append: true, owner: nobody}, \
                        {path: /srv/a, append: true}, {path: /srv/b, owner: app}]";
        let half = plan(document).unwrap();
        let paths: Vec<_> = half.changes.iter().filter_map(Change::path).collect();
        assert_eq!(paths, ["/srv", "/srv/b"]);
        assert!(matches!(&half.changes[0], Change::Directory(directory) if directory.owner == (0, 0)));
        let lacking: Vec<_> = half.problems.iter().map(|error| error.lacks.as_deref()).collect();
        assert_eq!(lacking, [Some("nobody"); 2]);
        let half = plan("write_files: [{path: /a, owner: nobody}, {path: /a, content: x, append: true}]").unwrap();
        assert_eq!(half.changes, []);
        assert_eq!(half.problems[1].path, ["write_files", "1", "path"]);
    }
}
