//! `firstlight validate`: all problems of documents.

mod fix;
mod kind;
mod sarif;
mod seed;

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
use crate::source::{Fault, Name, Part, Seed, file};
use crate::system::Root;
use kind::Kind;

/// The arguments of `validate`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The documents, `-` for standard input, directories or images that hold a seed, an ovf-env.xml, a cust.cfg
    #[arg(required = true, value_name = "DOCUMENT")]
    documents: Vec<PathBuf>,
    /// What the documents are [default: decided by name, then by keys]
    #[arg(long, value_enum, value_name = "KIND", conflicts_with = "network_config")]
    kind: Option<Kind>,
    /// Rewrite what takes no judgement: tabs, old spellings, keys in the wrong case; everything else stays as it is
    #[arg(long)]
    fix: bool,
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
    /// The areas that it asks something of, invalid parts aside.
    areas: Vec<&'static str>,
    /// What `--fix` did to it, a line for each place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixed: Vec<String>,
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
    let mut documents = Vec::new();
    for path in &arguments.documents {
        let fixed = match arguments.fix {
            true => fix::fix(path, kind)?,
            false => Vec::new(),
        };
        documents.push(DocumentReport {
            fixed,
            ..validate(path, kind, &root)
        });
    }
    let schema = SCHEMA;
    let report = Report { schema, documents };
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
            for fixed in &document.fixed {
                text.push_str(&format!("{} {}\n", style.changed("fixed"), plain(fixed)));
            }
            for diagnostic in &document.diagnostics {
                text.push_str(&diagnostic.render(style.is_coloured()));
                text.push('\n');
            }
            text.push_str(&format!("{}: {}\n", plain(&document.file), document.verdict(style)));
        }
        text
    }
}

/// All problems of the document at `path`.
fn validate(path: &Path, kind: Option<Kind>, root: &Root) -> DocumentReport {
    let file = path.display().to_string();
    if let Some(sources) = seed::of_a_place(path) {
        return DocumentReport::of_seed(file, path, sources, root);
    }
    let read = match file::read(path) {
        Ok(read) => read,
        Err(fault) => {
            let found = Found::of(vec![diagnostic(&file, fault)]);
            return DocumentReport {
                read: false,
                ..DocumentReport::of(file, kind.unwrap_or(Kind::UserData), found)
            };
        }
    };
    let bytes = read
        .user_data
        .as_ref()
        .map(|part| part.text().bytes)
        .unwrap_or_default();
    let platform = seed::of_a_platform(path, bytes).filter(|_| kind.is_none());
    if let Some(sources) = platform {
        return DocumentReport::of_seed(file, path, sources, root);
    }
    let kind = kind.unwrap_or_else(|| Kind::of(path, bytes));
    DocumentReport::of(read.place.clone(), kind, of_text(&read, kind))
}

/// What was found in a document: its problems, and the areas that it asks something of.
struct Found {
    diagnostics: Vec<Diagnostic>,
    areas: Vec<&'static str>,
}

impl Found {
    fn of(diagnostics: Vec<Diagnostic>) -> Self {
        let areas = Vec::new();
        Self { diagnostics, areas }
    }

    fn of_document(document: Document) -> Self {
        Self {
            areas: document.areas(),
            diagnostics: document.diagnostics,
        }
    }
}

impl DocumentReport {
    fn of(file: String, kind: Kind, found: Found) -> Self {
        let Found { diagnostics, areas } = found;
        Self {
            file,
            kind,
            valid: !diagnostics.iter().any(Diagnostic::is_error),
            areas,
            fixed: Vec::new(),
            diagnostics,
            read: true,
        }
    }

    fn of_seed(file: String, path: &Path, sources: &[Name], root: &Root) -> Self {
        match seed::read(path, sources, root) {
            Ok(seed) => Self::of(file, Kind::Seed, Found::of_document(Document::read(&seed.texts()))),
            Err(why) => Self {
                read: seed::may_be_read(path),
                ..Self::of(file, Kind::Seed, Found::of(vec![*why]))
            },
        }
    }

    /// `valid user-data; hostname, network`, as its last line says it.
    fn verdict(&self, style: Style) -> String {
        let kind = self.kind.as_str();
        if !self.valid {
            return format!("{} {kind}", style.removed("invalid"));
        }
        // Settings and meta-data have another purpose, and a warning says more.
        let has_purpose = matches!(self.kind, Kind::Settings | Kind::MetaData) || !self.diagnostics.is_empty();
        let asks = match self.areas.as_slice() {
            [] if has_purpose => String::new(),
            [] => "; it changes nothing".to_owned(),
            areas => format!("; {}", areas.join(", ")),
        };
        format!("{} {kind}{asks}", style.added("valid"))
    }
}

/// Why a document or a seed can't be read, in the words of a diagnostic about `file`.
fn diagnostic(file: &str, fault: Fault) -> Diagnostic {
    let Fault { place, what, hint, .. } = fault;
    let file = if place.is_empty() { file } else { &place };
    Diagnostic::whole(file, what, hint).code(Code::Unreadable)
}

/// What was found in one text.
fn of_text(seed: &Seed, kind: Kind) -> Found {
    let text = seed.user_data.as_ref().map(Part::text);
    let mut texts = Texts::default();
    match kind {
        Kind::Settings => return Found::of(of_settings(seed)),
        Kind::NetworkConfig => texts.network_config = text,
        Kind::MetaData => texts.meta_data = text,
        Kind::UserData | Kind::Seed => texts.user_data = text,
    }
    let mut document = Document::read(&texts);
    if document.is_empty() && kind != Kind::MetaData && seed.is_whole() {
        document.add_error(
            &seed.place,
            "the document is empty",
            "write at least one key, like `hostname: web1`",
        );
    }
    Found::of_document(document)
}

/// All problems of the owner's settings in the given file.
fn of_settings(seed: &Seed) -> Vec<Diagnostic> {
    let bytes = seed.user_data.as_ref().map(|part| part.text().bytes);
    Settings::check(&seed.place, bytes.unwrap_or_default())
}
