//! `firstlight validate`: everything that is wrong with documents.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::context::Context;
use super::exit::Exit;
use crate::document::{Diagnostic, Document, Texts};
use crate::report::SCHEMA;
use crate::source::{Part, file};

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
    for path in &arguments.documents {
        let seed = file::read(path).map_err(anyhow::Error::msg)?;
        let text = seed.user_data.as_ref().map(Part::text);
        let texts = match arguments.network_config {
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
        if document.is_empty() && !document.has_errors() {
            document.add_error(
                &seed.place,
                "the document is empty",
                "write at least one key, like `hostname: web1`",
            );
        }
        let valid = !document.has_errors();
        report.documents.push(DocumentReport {
            file: seed.place,
            valid,
            diagnostics: document.diagnostics,
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
    Ok(if report.documents.iter().all(|document| document.valid) {
        Exit::Done
    } else {
        Exit::Invalid
    })
}
