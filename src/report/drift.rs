//! What has drifted, for people and as JSON (`status --drift`).

use std::fmt::Write;

use serde::Serialize;

use super::SCHEMA;
use super::plan::render_diff;
use super::style::Style;
use crate::document::plain::plain;
use crate::engine::Drift;

/// What has changed since firstlight configured it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DriftReport {
    /// The version of this format.
    pub schema: u32,
    /// The generation in force; `None` before the first.
    pub generation: Option<u32>,
    /// How many items were checked.
    pub items: usize,
    /// The items that have drifted, by module.
    pub drift: Vec<Drift>,
}

impl DriftReport {
    /// The report on `items` things.
    pub fn new(generation: Option<u32>, items: usize, drift: Vec<Drift>) -> Self {
        Self {
            schema: SCHEMA,
            generation,
            items,
            drift,
        }
    }

    /// For people.
    pub fn render(&self, style: Style) -> String {
        let mut text = String::new();
        let mut module = "";
        for drift in &self.drift {
            if drift.module != module {
                let gap = if module.is_empty() { "" } else { "\n" };
                let _ = writeln!(text, "{gap}{}", style.strong(&drift.module));
                module = &drift.module;
            }
            let since = style.faint(&format!("(generation {})", drift.generation));
            let _ = writeln!(
                text,
                "  {} {}: {} {since}",
                style.changed("~"),
                plain(&drift.target),
                plain(&drift.summary)
            );
            render_diff(&mut text, drift.diff.as_deref(), style);
        }
        if !self.drift.is_empty() {
            text.push('\n');
        }
        let items = self.items;
        let _ = match (self.generation, self.drift.len()) {
            (None, _) => writeln!(text, "No generation is in force, so nothing can have drifted."),
            (Some(_), 0) => writeln!(
                text,
                "Nothing has drifted: all {items} items are as firstlight left them."
            ),
            (Some(_), 1) => writeln!(
                text,
                "1 of {items} items has drifted; `firstlight apply --again` repairs it."
            ),
            (Some(_), drifted) => writeln!(
                text,
                "{drifted} of {items} items have drifted; `firstlight apply --again` repairs them."
            ),
        };
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_reads() {
        let one = |module: &str, target: &str, diff: Option<&str>| Drift {
            module: module.to_owned(),
            generation: 2,
            kind: "file",
            target: target.to_owned(),
            summary: "was edited".to_owned(),
            diff: diff.map(str::to_owned),
        };
        let drift = vec![
            one("network", "/etc/a", Some("@@ -1 +1 @@\n-old\n+new\x1b[2J\n")),
            one("network", "/etc/b", None),
            one("sshd", "/etc/c", None),
        ];
        let expected = "\
network
  ~ /etc/a: was edited (generation 2)
      @@ -1 +1 @@
      -old
      +new\\u{1b}[2J
  ~ /etc/b: was edited (generation 2)

sshd
  ~ /etc/c: was edited (generation 2)

3 of 9 items have drifted; `firstlight apply --again` repairs them.
";
        assert_eq!(DriftReport::new(Some(3), 9, drift).render(Style::PLAIN), expected);
        let nothing = |generation| DriftReport::new(generation, 0, Vec::new()).render(Style::PLAIN);
        assert!(nothing(Some(1)).contains("Nothing has drifted") && nothing(None).contains("No generation"));
    }
}
