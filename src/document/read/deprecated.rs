//! Spellings that are still taken and have a better one.

use super::Document;
use crate::document::code::Code;
use crate::document::diagnostic::Diagnostic;
use crate::document::fix::Fix;
use crate::document::yaml::scalar::boolean;
use crate::document::yaml::{Node, Scalar, Value};

/// A value in a spelling that has a better one.
struct Old {
    /// Where; `*` is any item.
    path: &'static [&'static str],
    code: Code,
    /// Why another spelling is better.
    why: &'static str,
    /// The better spelling, if the value is not in it already.
    better: fn(&Scalar) -> Option<String>,
}

const OLD: &[Old] = &[
    Old {
        path: &["manage_etc_hosts"],
        code: Code::Deprecated,
        why: "`template` is deprecated: cloud-init calls it `true` since version 22.3",
        better: |value| (&**value.text == "template").then(|| "true".to_owned()),
    },
    Old {
        path: &["ssh_pwauth"],
        code: Code::Deprecated,
        why: "a word in quotes is deprecated here: cloud-init wants true or false since version 22.3",
        better: |value| {
            boolean(&value.text)
                .filter(|_| !value.plain)
                .map(|value| value.to_string())
        },
    },
    Old {
        path: &["sshd", "permit_root_login"],
        code: Code::Deprecated,
        why: "`without-password` is deprecated: OpenSSH calls it `prohibit-password`",
        better: |value| (&**value.text == "without-password").then(|| "prohibit-password".to_owned()),
    },
    Old {
        path: &["write_files", "*", "permissions"],
        code: Code::AmbiguousNumber,
        why: "firstlight reads this number as octal, but cloud-init reads it as decimal",
        better: |value| {
            let is_number = value.plain && value.tag.is_none() && value.text.bytes().all(|byte| byte.is_ascii_digit());
            (is_number && !value.text.starts_with('0')).then(|| format!("'{:0>4}'", *value.text))
        },
    },
];

impl Document {
    /// Warns of the valid values in a spelling that has a better one.
    pub(super) fn report_deprecated(&mut self) {
        let Some(tree) = &self.tree else { return };
        let mut found = Vec::new();
        for old in OLD {
            let mut path = Vec::new();
            self.find_old(tree, old, &mut path, &mut found);
        }
        let list = ["chpasswd".to_owned(), "list".to_owned()];
        if tree.find(&list).is_some_and(|list| !list.is_empty()) {
            let hint = "use `chpasswd.users`, a list of `{name: core, type: text, password: …}`";
            let message = "`list` is deprecated since cloud-init 22.2";
            let told = Diagnostic::whole("", message, Some(hint.to_owned())).code(Code::Deprecated);
            found.push((list.to_vec(), told));
        }
        for (path, told) in found {
            self.report_value(&path, told.warning());
        }
    }

    fn find_old(&self, node: &Node, old: &Old, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, Diagnostic)>) {
        match (old.path.get(path.len()), &node.value) {
            (None, Value::Scalar(scalar)) => {
                let Some(better) = (old.better)(scalar) else { return };
                let source = self.texts.get(node.span.source());
                let written = source.and_then(|source| source.text.get(node.span.bytes()));
                let told = Diagnostic::whole("", old.why, Some(format!("write {better}"))).code(old.code);
                let told = told.fix(written.map(|written| Fix::new(written, better)));
                found.push((path.clone(), told));
            }
            (Some(&"*"), Value::Sequence(items)) => {
                for (number, item) in items.iter().enumerate() {
                    path.push(number.to_string());
                    self.find_old(item, old, path, found);
                    path.pop();
                }
            }
            (Some(key), Value::Mapping(_)) => {
                if let Some(value) = node.get(key) {
                    path.push((*key).to_owned());
                    self.find_old(value, old, path, found);
                    path.pop();
                }
            }
            _ => {}
        }
    }
}
