//! `firstlight explain`: what the code of a diagnostic means.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use serde::Serialize;

use super::context::Context;
use super::exit::Exit;
use crate::document::Code;
use crate::report::SCHEMA;
use crate::report::style::Style;

/// The arguments of `explain`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The code, such as unknown-key; without it, all are listed
    #[arg(value_name = "CODE", value_parser = names(), hide_possible_values = true)]
    code: Option<String>,
}

fn names() -> PossibleValuesParser {
    let codes = Code::ALL.iter();
    codes.map(|code| PossibleValue::new(code.as_str())).into()
}

/// What codes mean. Its JSON form is stable.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Explanations"))]
pub struct Report {
    /// The version of this form.
    schema: u32,
    /// The one that was asked for, or all.
    codes: Vec<Explanation>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Explanation {
    /// The code.
    code: Code,
    /// What it means.
    meaning: &'static str,
    /// A document that has this mistake. Absent where the mistake isn't in a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong: Option<&'static str>,
    /// The same document without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    right: Option<&'static str>,
}

pub fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let asked = arguments.code.as_deref();
    let codes = Code::ALL
        .iter()
        .filter(|code| asked.is_none_or(|asked| code.as_str() == asked));
    let report = Report {
        schema: SCHEMA,
        codes: codes.copied().map(Explanation::of).collect(),
    };
    context.print(&report, |style| match asked {
        Some(_) => report.codes.iter().map(|code| code.in_full(style)).collect(),
        None => report.codes.iter().map(Explanation::in_a_line).collect(),
    })?;
    Ok(Exit::Done)
}

/// What a code means, with an example, as plain text.
pub fn explained(code: Code) -> String {
    Explanation::of(code).in_full(Style::PLAIN)
}

impl Explanation {
    fn of(code: Code) -> Self {
        let example = code.example();
        Self {
            code,
            meaning: code.meaning(),
            wrong: example.map(|example| example.wrong),
            right: example.map(|example| example.right),
        }
    }

    fn in_a_line(&self) -> String {
        format!("{:<18} {}\n", self.code.as_str(), self.code.gist())
    }

    fn in_full(&self, style: Style) -> String {
        let mut text = format!("{}: {}\n", self.code, self.meaning);
        let titles = [(style.removed("Wrong"), self.wrong), (style.added("Right"), self.right)];
        for (title, example) in titles {
            let lines = example.unwrap_or_default().lines();
            let lines: String = lines
                .map(|line| format!("    {line}").trim_end().to_owned() + "\n")
                .collect();
            if !lines.is_empty() {
                text.push_str(&format!("\n{title}:\n\n{lines}"));
            }
        }
        text
    }
}
