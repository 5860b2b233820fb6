//! `firstlight validate`: all problems of documents.

mod kind;
mod sarif;

use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::context::Context;
use super::exit::Exit;
use crate::document::plain::plain;
use crate::document::{Code, Diagnostic, Document, Texts};
use crate::report::SCHEMA;
use crate::report::style::Style;
use crate::settings::Settings;
use crate::source::media::Volume;
use crate::source::{Choice, Fault, Name, Part, Seed, Verdict, file, search};
use crate::system::Root;
use kind::Kind;

/// The sources whose seeds can be a directory or an image.
const SEEDS: [Name; 3] = [Name::NoCloud, Name::ConfigDrive, Name::Ovf];

/// The arguments of `validate`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The documents, `-` for standard input, or directories or images that hold a seed
    #[arg(required = true, value_name = "DOCUMENT")]
    documents: Vec<PathBuf>,
    /// What the documents are [default: decided by name, then by keys]
    #[arg(long, value_enum, value_name = "KIND", conflicts_with = "network_config")]
    kind: Option<Kind>,
    /// The same as --kind network-config
    #[arg(long)]
    network_config: bool,
}

/// The problems of each document. Its JSON form is stable.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Validation"))]
pub struct Report {
    /// The version of this form.
    schema: u32,
    /// In the order in which they were named.
    documents: Vec<DocumentReport>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct DocumentReport {
    /// The file, the directory, the image.
    file: String,
    /// What it was taken for.
    kind: Kind,
    /// Whether it has no error; it may have warnings.
    valid: bool,
    /// Everything that is wrong with it, in the order of its text.
    diagnostics: Vec<Diagnostic>,
    /// Whether it could be read at all.
    #[serde(skip)]
    read: bool,
}

pub fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let kind = match arguments.network_config {
        true => Some(Kind::NetworkConfig),
        false => arguments.kind,
    };
    let root = context.system()?.root;
    let documents = arguments.documents.iter().map(|path| validate(path, kind, &root));
    let report = Report {
        schema: SCHEMA,
        documents: documents.collect(),
    };
    match context.is_for_ci() {
        true => context.print(&sarif::log(report.problems()), |_| String::new())?,
        false => context.print(&report, |style| report.render(style))?,
    }
    let all = |holds: fn(&DocumentReport) -> bool| report.documents.iter().all(holds);
    Ok(match all(|document| document.valid) {
        // Its content is unknown.
        _ if !all(|document| document.read) => Exit::Failed,
        true => Exit::Done,
        false => Exit::Invalid,
    })
}

impl Report {
    /// Each problem, with the document in which it is.
    fn problems(&self) -> impl Iterator<Item = (&str, &Diagnostic)> {
        let documents = self.documents.iter();
        documents.flat_map(|document| {
            document
                .diagnostics
                .iter()
                .map(|problem| (document.file.as_str(), problem))
        })
    }

    fn render(&self, style: Style) -> String {
        let mut text = String::new();
        for document in &self.documents {
            for diagnostic in &document.diagnostics {
                text.push_str(&diagnostic.render(style.is_coloured()));
                text.push('\n');
            }
            let verdict = match document.valid {
                true => style.added("valid"),
                false => style.removed("invalid"),
            };
            let kind = document.kind.as_str();
            text.push_str(&format!("{}: {verdict} {kind}\n", plain(&document.file)));
        }
        text
    }
}

/// All problems of the document at `path`.
fn validate(path: &Path, kind: Option<Kind>, root: &Root) -> DocumentReport {
    if is_seed(path) {
        return whole_seed(path, root);
    }
    match file::read(path) {
        Ok(seed) => {
            let bytes = seed.user_data.as_ref().map(|part| part.text().bytes);
            let kind = kind.unwrap_or_else(|| Kind::of(path, bytes.unwrap_or_default()));
            DocumentReport::of(seed.place.clone(), kind, diagnostics(&seed, kind))
        }
        Err(fault) => {
            let file = path.display().to_string();
            let diagnostics = vec![diagnostic(&file, fault)];
            DocumentReport {
                read: false,
                ..DocumentReport::of(file, kind.unwrap_or(Kind::UserData), diagnostics)
            }
        }
    }
}

impl DocumentReport {
    fn of(file: String, kind: Kind, diagnostics: Vec<Diagnostic>) -> Self {
        Self {
            file,
            kind,
            valid: !diagnostics.iter().any(Diagnostic::is_error),
            diagnostics,
            read: true,
        }
    }
}

/// Whether `path` is a whole seed: a directory or a file system image. A pipe can be read only once and is not an
/// image.
#[expect(clippy::disallowed_methods, reason = "the operator's own file, not the machine's")]
fn is_seed(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|there| {
        let device = there.file_type().is_block_device();
        there.is_dir() || ((there.is_file() || device) && matches!(Volume::open(path), Ok(Some(_))))
    })
}

/// All parts of a seed, read by the first source that recognises it.
fn whole_seed(path: &Path, root: &Root) -> DocumentReport {
    let file = path.display().to_string();
    let rules = Settings::default().of_a_person().rules;
    let (mut nothing, mut broken) = (String::new(), None);
    for name in SEEDS {
        match search(root, false, &Choice::At(name, path.to_owned()), &rules) {
            Verdict::Present(seed) => {
                let diagnostics = Document::read(&seed.texts()).diagnostics;
                return DocumentReport::of(file, Kind::Seed, diagnostics);
            }
            // It may be whole for another source.
            Verdict::Broken(fault) | Verdict::Unknown(fault) => {
                broken.get_or_insert(fault);
            }
            Verdict::Absent(why) if nothing.is_empty() => nothing = why,
            Verdict::Absent(_) => {}
        }
    }
    if let Some(fault) = broken {
        let diagnostics = vec![diagnostic(&file, fault)];
        return DocumentReport::of(file, Kind::Seed, diagnostics);
    }
    let hint = "a seed has the files user-data and meta-data, or is a config drive or an OVF environment";
    let diagnostics = vec![Diagnostic::whole(&file, nothing, Some(hint.to_owned())).code(Code::Unreadable)];
    DocumentReport::of(file, Kind::Seed, diagnostics)
}

/// Why a document or a seed can't be read, in the words of a diagnostic about `file`.
fn diagnostic(file: &str, fault: Fault) -> Diagnostic {
    let Fault { place, what, hint, .. } = fault;
    let file = if place.is_empty() { file } else { &place };
    Diagnostic::whole(file, what, hint).code(Code::Unreadable)
}

/// All problems of one text.
fn diagnostics(seed: &Seed, kind: Kind) -> Vec<Diagnostic> {
    let text = seed.user_data.as_ref().map(Part::text);
    let mut texts = Texts::default();
    match kind {
        Kind::Settings => return of_settings(seed),
        Kind::NetworkConfig => texts.network_config = text,
        Kind::MetaData => texts.meta_data = text,
        Kind::UserData | Kind::Seed => texts.user_data = text,
    }
    let mut document = Document::read(&texts);
    let empty = document.is_empty() && kind != Kind::MetaData;
    if empty && !document.has_errors() && seed.is_whole() {
        document.add_error(
            &seed.place,
            "the document is empty",
            "write at least one key, like `hostname: web1`",
        );
    }
    document.diagnostics
}

/// All problems of the owner's settings in the given file.
fn of_settings(seed: &Seed) -> Vec<Diagnostic> {
    let bytes = seed.user_data.as_ref().map(|part| part.text().bytes);
    Settings::check(&seed.place, bytes.unwrap_or_default())
}
