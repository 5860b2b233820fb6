//! `doas`: what an account may do as another one, doas.conf(5).

use serde::Deserialize;

/// The longest rule, in bytes, and the most rules.
const RULE_MAX: usize = 1024;
const RULES_MAX: usize = 64;

/// Options of a rule.
const OPTIONS: [&str; 5] = ["nopass", "nolog", "persist", "keepenv", "setenv"];

/// Rules of doas.conf(5), each with the account's name: `permit nopass bob as root`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("maxItems" = 64, "items" = {"type": "string", "maxLength": 1024, "pattern": r"^\s*(permit|deny)\s[^\u0000-\u001f\u007f#]*$"}, "examples" = [["permit nopass bob"]])))]
pub struct Doas(Vec<String>);

impl TryFrom<Vec<String>> for Doas {
    type Error = String;

    fn try_from(rules: Vec<String>) -> Result<Self, String> {
        if rules.len() > RULES_MAX {
            return Err(format!(
                "at most {RULES_MAX} rules are allowed, these are {}",
                rules.len()
            ));
        }
        let rules: Result<Vec<String>, String> = rules.iter().map(|text| rule(text)).collect();
        rules.map(Self)
    }
}

impl Doas {
    /// The rules, in the order of the document.
    pub fn rules(&self) -> &[String] {
        &self.0
    }
}

/// A rule can't have a second line: it would be a rule of its own.
fn rule(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.len() > RULE_MAX {
        let length = text.len();
        return Err(format!("a rule has at most {RULE_MAX} bytes, this one has {length}"));
    }
    if text.contains(char::is_control) {
        return Err("a rule is one line".to_owned());
    }
    if text.contains('#') {
        return Err("a rule can't contain `#`: the rest of the line would be a comment".to_owned());
    }
    if text.ends_with('\\') {
        return Err("a rule can't end with `\\`: the next line would become part of it".to_owned());
    }
    match identity(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err("expected a rule of doas.conf(5) like `permit nopass bob as root`".to_owned()),
    }
}

/// Whom a rule is about.
pub fn identity(rule: &str) -> Option<&str> {
    let mut words = rule.split_ascii_whitespace();
    words.next().filter(|action| ["permit", "deny"].contains(action))?;
    let mut in_braces = false;
    words.find(|word| {
        let is_skipped = in_braces || OPTIONS.contains(word) || word.starts_with('{');
        in_braces = (in_braces || word.starts_with('{')) && !word.ends_with('}');
        !is_skipped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_a_rule_is_about() {
        for (rule, name) in [
            ("permit bob", Some("bob")),
            ("deny  nolog bob cmd reboot", Some("bob")),
            ("permit nopass keepenv setenv { A=b C } bob as root", Some("bob")),
            ("permit setenv {PATH} bob as root cmd vi args a b", Some("bob")),
            ("permit nopass :wheel", Some(":wheel")),
            ("permit nopass", None),
            ("permit setenv { A bob", None),
            ("allow bob", None),
            ("", None),
        ] {
            assert_eq!(identity(rule), name, "{rule}");
        }
    }

    #[test]
    fn a_rule_is_one_line_and_ends_there() {
        let long = format!("permit bob cmd {}", "a".repeat(RULE_MAX));
        for wrong in [
            "permit bob\npermit amy",
            "permit bob # x",
            "permit bob \\",
            "bob",
            "",
            &long,
        ] {
            assert!(Doas::try_from(vec![wrong.to_owned()]).is_err(), "{wrong:?}");
        }
        assert!(Doas::try_from(vec!["permit bob".to_owned(); RULES_MAX + 1]).is_err());
        let rules = Doas::try_from(vec![" permit bob ".to_owned()]).unwrap();
        assert_eq!(rules.rules(), ["permit bob"]);
    }
}
