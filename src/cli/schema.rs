//! `firstlight schema`: the JSON Schemas of what firstlight reads and prints.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use serde::Serialize;

use super::context::Context;
use super::exit::Exit;
use crate::report::SCHEMA;

macro_rules! schemas {
    ($($name:literal: $about:literal,)*) => {
        [$(($name, $about, include_str!(concat!("../../schemas/", $name, ".json")))),*]
    };
}

/// The schemas: the name, what it describes, the file.
pub const SCHEMAS: [(&str, &str, &str); 17] = schemas! {
    "user-data": "user-data and vendor-data",
    "network-config-v1": "network-config, version 1",
    "network-config-v2": "network-config, version 2",
    "meta-data": "meta-data",
    "config": "/etc/firstlight/config.yaml",
    "plan": "what `plan --format json` prints",
    "apply": "what `apply --format json` prints",
    "status": "what `status --format json` prints, and /run/firstlight/status.json",
    "drift": "what `status --drift --format json` prints",
    "report": "report.json of a generation",
    "history": "what `history --format json` prints",
    "rollback": "what `rollback --format json` prints",
    "sources": "what `sources --format json` prints",
    "validate": "what `validate --format json` prints",
    "explain": "what `explain --format json` prints",
    "schemas": "what `schema --format json` prints",
    "failure": "what is printed with --format json where there is no result",
};

/// The arguments of `schema`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Which one; without it, all are listed
    #[arg(value_name = "NAME", value_parser = names())]
    name: Option<String>,
}

fn names() -> PossibleValuesParser {
    SCHEMAS
        .map(|(name, about, _)| PossibleValue::new(name).help(about))
        .into()
}

/// The schemas that there are. Its JSON form is stable.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Schemas"))]
pub struct Report {
    /// The version of this form.
    schema: u32,
    /// All of them.
    schemas: Vec<Listed>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Listed {
    /// Its name, for `firstlight schema NAME`.
    name: &'static str,
    /// What it describes.
    describes: &'static str,
}

pub fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let chosen = SCHEMAS
        .into_iter()
        .find(|(name, ..)| arguments.name.as_deref() == Some(*name));
    match chosen {
        // A schema is JSON in every format.
        Some((_, _, file)) => context.print_text(file)?,
        None => context.print(&list(), |_| {
            SCHEMAS.map(|(name, about, _)| format!("{name:<18} {about}\n")).concat()
        })?,
    }
    Ok(Exit::Done)
}

fn list() -> Report {
    let listed = |(name, describes, _)| Listed { name, describes };
    Report {
        schema: SCHEMA,
        schemas: SCHEMAS.into_iter().map(listed).collect(),
    }
}
