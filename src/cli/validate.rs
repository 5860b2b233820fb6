//! `firstlight validate`: everything that is wrong with documents.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::context::Context;
use super::exit::Exit;
use crate::document::{Diagnostic, Document, Texts};
use crate::report::SCHEMA;
use crate::source::{Part, Seed, file};

/// The arguments of `validate`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The documents; `-` for standard input
    #[arg(required = true, value_name = "DOCUMENT")]
    documents: Vec<PathBuf>,
    /// They are network-configs of a seed, rather than user-data
    #[arg(long)]
    network_config: bool,
}

/// What is wrong with which document. Its JSON form is stable.
#[derive(Debug, Serialize)]
struct Report {
    schema: u32,
    documents: Vec<DocumentReport>,
}

#[derive(Debug, Serialize)]
struct DocumentReport {
    file: String,
    valid: bool,
    diagnostics: Vec<Diagnostic>,
}

pub fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let mut report = Report {
        schema: SCHEMA,
        documents: Vec::new(),
    };
    let mut unreadable = false;
    for path in &arguments.documents {
        let (diagnostics, file) = match file::read(path) {
            Ok(seed) => (diagnostics(&seed, arguments.network_config), seed.place),
            Err(why) => {
                unreadable = true;
                let file = path.display().to_string();
                (vec![Diagnostic::whole(&file, why, None)], file)
            }
        };
        report.documents.push(DocumentReport {
            file,
            valid: !diagnostics.iter().any(Diagnostic::is_error),
            diagnostics,
        });
    }
    context.print(&report, |style| {
        let mut text = String::new();
        for document in &report.documents {
            for diagnostic in &document.diagnostics {
                text.push_str(&diagnostic.render(style.is_coloured()));
                text.push('\n');
            }
            let verdict = if document.valid {
                style.added("valid")
            } else {
                style.removed("invalid")
            };
            text.push_str(&format!("{}: {verdict}\n", document.file));
        }
        text
    })?;
    Ok(match report.documents.iter().all(|document| document.valid) {
        // Nobody knows what is in it.
        _ if unreadable => Exit::Failed,
        true => Exit::Done,
        false => Exit::Invalid,
    })
}

/// Everything that is wrong with one document.
fn diagnostics(seed: &Seed, network_config: bool) -> Vec<Diagnostic> {
    let text = seed.user_data.as_ref().map(Part::text);
    let texts = match network_config {
        true => Texts {
            network_config: text,
            ..Texts::default()
        },
        false => Texts {
            user_data: text,
            ..Texts::default()
        },
    };
    let mut document = Document::read(&texts);
    if document.is_empty() && !document.has_errors() && seed.is_whole() {
        document.add_error(
            &seed.place,
            "the document is empty",
            "write at least one key, like `hostname: web1`",
        );
    }
    document.diagnostics
}
