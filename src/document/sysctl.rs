//! `sysctl`: parameters of the kernel.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::code::Code;
use super::problem::{Check, Problems};
use crate::vocabulary::dots_for_slashes;

/// The most bytes of a name: a path of the kernel's.
const NAME_MAX: usize = 255;

/// The most bytes of a value: what the kernel takes of most parameters.
const VALUE_MAX: usize = 1024;

/// Parameters that something else sets, and what.
const ELSEWHERE: [(&str, &str); 3] = [
    ("kernel.hostname", "`hostname` names the machine"),
    (
        "kernel.domainname",
        "it is NIS's domain; `fqdn` gives the machine its full name",
    ),
    (
        "kernel.modules_disabled",
        "it can't be undone; `kernel_modules` loads modules, and a unit of your own can set it after they are loaded",
    ),
];

/// The last word of a parameter that is a secret.
const SECRET: &str = "stable_secret";

/// `sysctl`: parameters of the kernel and their values, in the order of the document, in which they are set.
///
/// ```yaml
/// sysctl:
///   net.ipv4.ip_forward: 1
///   net.ipv4.tcp_rmem: 4096 87380 6291456
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(with = "std::collections::BTreeMap<ParameterName, ParameterValue>")
)]
pub struct Sysctl(pub Vec<(ParameterName, ParameterValue)>);

/// The name of a parameter as in sysctl.d(5): `net.ipv4.ip_forward` or `net/ipv4/ip_forward`. Which of the two stands
/// between its words, the first one says; the other one is then part of a word.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^(?![-/])(?!kernel[./](hostname|domainname|modules_disabled)$)(?!.*[./]stable_secret$)[!$-&(-:<>@A-Z^-~]+[./][!$-&(-:<>@A-Z^-~]+$", "examples" = ["net.ipv4.ip_forward"])))]
pub struct ParameterName {
    written: String,
    dotted: String,
}

/// The value of a parameter: a number, or words.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(transform = crate::vocabulary::schema::not_boolean, extend("maxLength" = 1024, "examples" = [1, "4096 87380 6291456"])))]
pub struct ParameterValue(String);

impl ParameterName {
    /// The key in the document.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The name with dots, as sysctl(8) shows it.
    pub fn dotted(&self) -> &str {
        &self.dotted
    }
}

impl ParameterValue {
    /// The value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Sysctl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SysctlVisitor;
        impl<'de> Visitor<'de> for SysctlVisitor {
            type Value = Sysctl;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping of kernel parameters and values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sysctl, A::Error> {
                let mut parameters = Vec::new();
                while let Some(parameter) = map.next_entry()? {
                    parameters.push(parameter);
                }
                Ok(Sysctl(parameters))
            }
        }
        deserializer.deserialize_map(SysctlVisitor)
    }
}

impl TryFrom<String> for ParameterName {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        if written.len() > NAME_MAX {
            let length = written.len();
            return Err(format!(
                "the name of a kernel parameter has at most {NAME_MAX} bytes, this one has {length}"
            ));
        }
        let dotted = match written.find(['.', '/']) {
            Some(at) if written[at..].starts_with('/') => dots_for_slashes(&written),
            _ => written.clone(),
        };
        match objection(&written, &dotted) {
            Some(why) => Err(format!("`{}` can't be set: {why}", written.escape_debug())),
            None => Ok(Self { written, dotted }),
        }
    }
}

/// What is wrong with a name, and what to do.
fn objection(written: &str, dotted: &str) -> Option<String> {
    if let Some(rest) = written.strip_prefix('-') {
        return Some(format!(
            "the `-` of sysctl.d(5) is not supported: write `{}`; firstlight reports what can't be set",
            rest.escape_debug()
        ));
    }
    if let Some(rest) = written.strip_prefix("/proc/sys/").or(written.strip_prefix('/')) {
        return Some(format!("it must not be a path: write `{}`", rest.escape_debug()));
    }
    if written.contains(['*', '?', '[', ']']) {
        return Some(
            "it is a pattern: write each parameter; `net.ipv4.conf.all` and `.default` stand for all interfaces"
                .to_owned(),
        );
    }
    // What ends the name in the file, or would be read otherwise there.
    if let Some(bad) = written
        .chars()
        .find(|c| !c.is_ascii_graphic() || "=\\\"'#;".contains(*c))
    {
        return Some(format!("`{}` is not allowed in it", bad.escape_debug()));
    }
    let words: Vec<&str> = dotted.split('.').collect();
    if words
        .iter()
        .any(|word| word.is_empty() || *word == "/" || *word == "//")
    {
        return Some("it has an empty part before, between or after its dots".to_owned());
    }
    if words.len() < 2 {
        return Some("write its full name, such as net.ipv4.ip_forward".to_owned());
    }
    if words.last() == Some(&SECRET) {
        return Some(
            "it is a secret, and everyone can read /etc/sysctl.d; use `write_files` to write your own file there with \
             `permissions: \"0600\"`"
                .to_owned(),
        );
    }
    let elsewhere = ELSEWHERE.iter().find(|(name, _)| *name == dotted);
    elsewhere.map(|(_, instead)| format!("firstlight doesn't set it; {instead}"))
}

impl TryFrom<String> for ParameterValue {
    type Error = String;

    fn try_from(value: String) -> Result<Self, String> {
        let value = value.trim_matches(' ');
        if value.len() > VALUE_MAX {
            let length = value.len();
            return Err(format!(
                "the value of a kernel parameter has at most {VALUE_MAX} bytes, this one has {length}"
            ));
        }
        if value.contains(char::is_control) {
            return Err(
                "the value has a line break, a tab or another control character: write spaces between numbers"
                    .to_owned(),
            );
        }
        if matches!(
            value.to_ascii_lowercase().as_str(),
            "true" | "false" | "yes" | "no" | "on" | "off"
        ) {
            return Err("the kernel doesn't know this word: write 1 or 0".to_owned());
        }
        Ok(Self(value.to_owned()))
    }
}

impl Check for Sysctl {
    fn check(&self, problems: &mut Problems<'_>) {
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, _) in &self.0 {
            if let Some(other) = seen.insert(name.dotted(), name.written()) {
                let message = format!("`{}` and `{other}` are the same parameter", name.written());
                problems
                    .of(Code::Conflict)
                    .error(&[name.written()], message, Some("keep one of them"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Diagnostic, Document, Texts};

    #[test]
    fn names_in_both_spellings() {
        for (written, dotted) in [
            ("net.ipv4.ip_forward", "net.ipv4.ip_forward"),
            ("net/ipv4/ip_forward", "net.ipv4.ip_forward"),
            ("net.ipv4.conf.eth0/5.rp_filter", "net.ipv4.conf.eth0/5.rp_filter"),
            ("net/ipv4/conf/eth0.5/rp_filter", "net.ipv4.conf.eth0/5.rp_filter"),
            ("vm.swappiness", "vm.swappiness"),
            ("net.ipv4.conf.br-1:a.rp_filter", "net.ipv4.conf.br-1:a.rp_filter"),
        ] {
            let name = ParameterName::try_from(written.to_owned()).unwrap();
            assert_eq!((name.written(), name.dotted()), (written, dotted));
        }
    }

    #[test]
    fn what_is_no_name_says_what_to_write() {
        let long = format!("vm.{}", "a".repeat(NAME_MAX));
        for (written, words) in [
            ("-net.ipv4.ip_forward", "write `net.ipv4.ip_forward`"),
            ("net.ipv4.conf.*.rp_filter", "write each parameter"),
            ("net.ipv4.conf.eth[01].rp_filter", "it is a pattern"),
            ("/proc/sys/vm/swappiness", "write `vm/swappiness`"),
            ("/vm/swappiness", "write `vm/swappiness`"),
            ("vm.swap piness", "` ` is not allowed"),
            ("vm.swappiness=1", "`=` is not allowed"),
            ("vm.a\nb.c", "`\\n` is not allowed"),
            ("#vm.a", "`#` is not allowed"),
            ("vm.ä", "`ä` is not allowed"),
            ("swappiness", "its full name"),
            ("", "an empty part"),
            ("vm..a", "an empty part"),
            (".vm", "an empty part"),
            ("vm.", "an empty part"),
            ("vm/../a", "an empty part"),
            ("vm.//.a", "an empty part"),
            ("vm/./a", "an empty part"),
            ("kernel.hostname", "`hostname`"),
            ("kernel/domainname", "`fqdn`"),
            ("kernel.modules_disabled", "`kernel_modules`"),
            ("net.ipv6.conf.all.stable_secret", "it is a secret"),
            (&long, "at most 255 bytes"),
        ] {
            let why = ParameterName::try_from(written.to_owned()).unwrap_err();
            assert!(why.contains(words), "{written:?}: {why}");
        }
    }

    /// The parameters of a document, or what is wrong with it and where.
    fn read(yaml: &str) -> Result<Vec<(String, String)>, Vec<String>> {
        let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
        if !document.diagnostics.is_empty() {
            return Err(document.diagnostics.iter().map(Diagnostic::in_one_line).collect());
        }
        let parameters = document.config.sysctl.unwrap_or_default().0.into_iter();
        let words = |(name, value): (ParameterName, ParameterValue)| (name.dotted, value.0);
        Ok(parameters.map(words).collect())
    }

    #[test]
    fn values_are_taken_as_written_in_the_order_of_the_document() {
        let yaml = "sysctl:\n  vm.b: 0x10\n  vm.a: 4096 87380 6291456\n  kernel.core_pattern: '|/bin/false'\n  \
                    kernel.shmmax: 18446744073692774399\n  kernel.modprobe: ''\n  vm.c: -1\n  vm.d: \" 1 \"\n";
        let expected = [
            ("vm.b", "0x10"),
            ("vm.a", "4096 87380 6291456"),
            ("kernel.core_pattern", "|/bin/false"),
            ("kernel.shmmax", "18446744073692774399"),
            ("kernel.modprobe", ""),
            ("vm.c", "-1"),
            ("vm.d", "1"),
        ];
        assert_eq!(read(yaml).unwrap(), expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert_eq!(read("sysctl:\n").unwrap(), []);
        assert_eq!(read("sysctl: {}\n").unwrap(), []);
    }

    #[test]
    fn what_is_wrong_costs_itself_and_has_its_place() {
        let long = format!("sysctl: {{vm.a: {}}}", "1".repeat(VALUE_MAX + 1));
        for (yaml, words) in [
            (
                "sysctl: {vm.a: true}",
                "x:1:16: the kernel doesn't know this word: write 1 or 0",
            ),
            ("sysctl: {vm.a: off}", "write 1 or 0"),
            ("sysctl: {vm.a: }", "found nothing"),
            ("sysctl: {vm.a: [1, 2]}", "found a list"),
            ("sysctl: {vm.a: {b: 1}}", "found a mapping"),
            ("sysctl: {vm.a: \"1\\n2\"}", "control character"),
            ("sysctl: {vm.a: \"1\\t2\"}", "write spaces"),
            ("sysctl: [vm.a]", "found a list"),
            (
                "sysctl: {vm.a: 1, vm/a: 2}",
                "x:1:25: `vm/a` and `vm.a` are the same parameter",
            ),
            ("sysctl: {vm.*: 1}", "x:1:10: `vm.*` can't be set: it is a pattern"),
            ("sysctls: {vm.a: 1}", "did you mean `sysctl`?"),
            (&long, "at most 1024 bytes"),
        ] {
            let found = read(yaml).unwrap_err();
            assert!(found.len() == 1 && found[0].contains(words), "{yaml}: {found:?}");
        }
    }
}
