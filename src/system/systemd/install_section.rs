//! The `[Install]` section of a unit file, systemd.unit(5): what enabling the unit means.

use super::unit_name::{NameKind, UnitName};

/// How many words one setting may have: more than any unit needs.
const WORD_LIMIT: usize = 1024;

/// What `[Install]` asks for, as written, specifiers not yet expanded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstallSection {
    unit: Option<UnitName>,
    /// `Alias=`: further names of the unit.
    pub alias: Vec<String>,
    /// `WantedBy=`: units that want it.
    pub wanted_by: Vec<String>,
    /// `RequiredBy=`: units that require it.
    pub required_by: Vec<String>,
    /// `UpheldBy=`: units that keep it up (systemd ≥ 254; before, systemd ignores the key and the links).
    pub upheld_by: Vec<String>,
    /// `Also=`: units that are enabled and disabled with it.
    pub also: Vec<String>,
    /// `DefaultInstance=`: the instance that enabling the template means; only for templates.
    pub default_instance: Option<String>,
}

/// A specifier that only the booted machine can expand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unexpandable(pub char);

impl InstallSection {
    /// The empty section of a unit.
    pub fn new(unit: UnitName) -> Self {
        Self {
            unit: Some(unit),
            ..Self::default()
        }
    }

    /// Whether enabling the unit makes a link of its own (`Also=` alone doesn't).
    pub fn has_rules(&self) -> bool {
        [&self.alias, &self.wanted_by, &self.required_by, &self.upheld_by]
            .iter()
            .any(|list| !list.is_empty())
    }

    /// Reads what a unit file or a drop-in adds. What systemd would ignore with a warning is ignored.
    pub fn read(&mut self, text: &str) {
        let mut inside = false;
        for line in logical_lines(text) {
            let line = line.trim();
            if let Some(section) = line.strip_prefix('[') {
                inside = section == "Install]";
            } else if let Some((key, value)) = line.split_once('=')
                && inside
            {
                self.assign(key.trim(), value.trim());
            }
        }
    }

    fn assign(&mut self, key: &str, value: &str) {
        match key {
            "Alias" if self.may_have_aliases() => assign_list(&mut self.alias, value),
            "WantedBy" => assign_list(&mut self.wanted_by, value),
            "RequiredBy" => assign_list(&mut self.required_by, value),
            "UpheldBy" => assign_list(&mut self.upheld_by, value),
            // An empty `Also=` doesn't reset it.
            "Also" => self
                .also
                .extend(value.split_whitespace().take(WORD_LIMIT).map(str::to_owned)),
            "DefaultInstance" if self.unit.as_ref().is_some_and(|u| u.kind() == NameKind::Template) => {
                self.default_instance = self.expand(value).ok().filter(|instance| !instance.is_empty());
            }
            _ => {}
        }
    }

    fn may_have_aliases(&self) -> bool {
        let may_alias = ["service", "socket", "target", "device", "timer", "path"];
        self.unit
            .as_ref()
            .is_some_and(|unit| may_alias.contains(&unit.suffix()))
    }

    /// Expands the specifiers that systemd allows in `[Install]`, systemd.unit(5) "Specifiers". What isn't one stays as
    /// it is.
    ///
    /// # Errors
    /// The text needs something that is not known offline: the host name, the machine ID, …
    pub fn expand(&self, text: &str) -> Result<String, Unexpandable> {
        let Some(unit) = &self.unit else {
            return Ok(text.to_owned());
        };
        let default = self.default_instance.as_deref().unwrap_or_default();
        let instance = unit
            .instance()
            .filter(|instance| !instance.is_empty())
            .unwrap_or(default);
        // A template stands for its default instance.
        let stem = match unit.kind() {
            NameKind::Template => format!("{}{default}", unit.stem()),
            NameKind::Plain | NameKind::Instance => unit.stem().to_owned(),
        };
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            if c != '%' {
                expanded.push(c);
                continue;
            }
            match rest.next() {
                Some('n') => expanded.extend([stem.as_str(), ".", unit.suffix()]),
                Some('N') => expanded.push_str(&stem),
                Some('p') => expanded.push_str(unit.prefix()),
                Some('i') => expanded.push_str(instance),
                Some('j') => expanded.push_str(unit.prefix().rsplit('-').next().unwrap_or_default()),
                Some('u' | 'g') => expanded.push_str("root"),
                Some('U' | 'G') => expanded.push('0'),
                Some('%') | None => expanded.push('%'),
                Some(c) if "aAbBHlmMovwW".contains(c) => return Err(Unexpandable(c)),
                Some(unknown) => expanded.extend(['%', unknown]),
            }
        }
        Ok(expanded)
    }
}

/// An empty value resets a list.
fn assign_list(list: &mut Vec<String>, value: &str) {
    if value.is_empty() {
        list.clear();
    } else {
        list.extend(words(value).into_iter().take(WORD_LIMIT));
    }
}

/// Splits at white space, quotes taken off.
fn words(value: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in value.chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_ascii_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The lines of a unit file, comments left out and continued lines joined, systemd.syntax(7).
pub(super) fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut pending: Option<String> = None;
    for line in text.trim_start_matches('\u{feff}').lines() {
        let start = line.trim_start();
        if start.starts_with(['#', ';']) {
            continue;
        }
        let joined = pending.take().unwrap_or_default() + start;
        // An even number of backslashes at the end is so many backslashes, and no continuation.
        let backslashes = joined.chars().rev().take_while(|c| *c == '\\').count();
        match joined.strip_suffix('\\') {
            Some(continued) if backslashes % 2 == 1 => pending = Some(format!("{continued} ")),
            _ => lines.push(joined),
        }
    }
    lines.extend(pending);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(unit: &str, text: &str) -> InstallSection {
        let mut section = InstallSection::new(UnitName::parse(unit).unwrap());
        section.read(text);
        section
    }

    #[test]
    fn it_is_read_as_systemd_syntax_7_says() {
        let text = "\u{feff}# a comment\n[Unit]\nWantedBy=not.target\n[Install]\n  ; another\nWantedBy=a.target \\\n# inside\n  b.target\nWantedBy = \"c.target\" 'd.target'\nAlso=x.socket y.socket\nAlso=\nno assignment\nwantedby=e.target\n[X-Install]\nWantedBy=f.target\r\n";
        let section = section("x.service", text);
        assert_eq!(section.wanted_by, ["a.target", "b.target", "c.target", "d.target"]);
        assert_eq!(section.also, ["x.socket", "y.socket"]);
        assert!(section.has_rules());
    }

    #[test]
    fn an_empty_assignment_resets_a_list() {
        let section = section(
            "x.service",
            "[Install]\nWantedBy=a.target\nAlias=y.service\nWantedBy=\nWantedBy=b.target\nAlias=\n",
        );
        assert_eq!(
            (section.wanted_by.as_slice(), section.alias.len()),
            (&["b.target".to_owned()][..], 0)
        );
    }

    #[test]
    fn a_default_instance_is_for_templates_and_an_alias_not_for_every_type() {
        let text = "[Install]\nDefaultInstance=tty1\nAlias=b.mount\n";
        assert_eq!(section("a@.service", text).default_instance.as_deref(), Some("tty1"));
        assert_eq!(section("a@x.service", text).default_instance, None);
        assert_eq!(section("a.service", text).default_instance, None);
        assert!(section("a.mount", text).alias.is_empty());
    }

    #[test]
    fn specifiers_are_expanded() {
        let expand = |unit: &str, text: &str| section(unit, "[Install]\nDefaultInstance=dflt\n").expand(text);
        for (unit, text, expanded) in [
            (
                "a-b@i.service",
                "%n|%N|%p|%i|%j|%%|%I|%",
                "a-b@i.service|a-b@i|a-b|i|b|%|%I|%",
            ),
            ("a-b@.service", "%n|%N|%i", "a-b@dflt.service|a-b@dflt|dflt"),
            ("a.service", "%n|%N|%i|%u%U", "a.service|a||root0"),
        ] {
            assert_eq!(expand(unit, text).unwrap(), expanded);
        }
        assert_eq!(expand("a.service", "on-%H.target"), Err(Unexpandable('H')));
    }
}
