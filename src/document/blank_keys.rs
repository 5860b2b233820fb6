//! Items of `ssh_authorized_keys` in which nothing is: what an empty variable of a template leaves.

use super::code::Code;
use super::diagnostic::Diagnostic;
use super::yaml::{Node, Span, Value};

const KEY: &str = "ssh_authorized_keys";

/// Where the key is, besides the top level and `users`.
const PLACES: [&[&str]; 3] = [&["root"], &["user"], &["system_info", "default_user"]];

/// Takes them out, after old forms of `users` became the one that is read. Returns what is to be said of them.
pub fn skip(document: &mut Node) -> Vec<(Span, Diagnostic)> {
    let mut found = Vec::new();
    skip_of(document, &mut found);
    for place in PLACES {
        let place: Vec<String> = place.iter().map(ToString::to_string).collect();
        if let Some(account) = document.find_mut(&place) {
            skip_of(account, &mut found);
        }
    }
    if let Some(Node {
        value: Value::Sequence(users),
        ..
    }) = document.get_mut("users")
    {
        users.iter_mut().for_each(|user| skip_of(user, &mut found));
    }
    let told = || {
        let hint = "remove it, or give the variable that it is made of a value";
        let told = Diagnostic::whole("", "there is no key in this item: it is skipped", Some(hint.to_owned()));
        told.code(Code::NoEffect).warning()
    };
    found.into_iter().map(|span| (span, told())).collect()
}

fn skip_of(account: &mut Node, found: &mut Vec<Span>) {
    let Some(keys) = account.get_mut(KEY) else { return };
    if is_blank(keys) && !keys.is_null() {
        found.push(keys.span);
        keys.value = Value::Sequence(Vec::new());
    }
    if let Value::Sequence(items) = &mut keys.value {
        found.extend(items.iter().filter(|item| is_blank(item)).map(|item| item.span));
        items.retain(|item| !is_blank(item));
    }
}

fn is_blank(node: &Node) -> bool {
    matches!(node.value, Value::Scalar(_)) && node.is_empty()
}

#[cfg(test)]
mod tests {
    use crate::document::{Document, Texts};

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5";

    #[test]
    fn an_item_without_a_key_is_skipped_with_a_warning_wherever_it_is() {
        let list = format!("ssh_authorized_keys: ['', {KEY}, '  ', ~]");
        for (yaml, count) in [
            (format!("{list}\n"), 1),
            (format!("root: {{{list}}}\n"), 1),
            (format!("users: [{{name: a, {list}}}]\n"), 1),
            (
                format!(
                    "users: {{a: {{{}}}}}\n",
                    list.replace("ssh_authorized", "ssh-authorized")
                ),
                1,
            ),
            (format!("user: {{name: a, {list}}}\n"), 1),
            (format!("system_info: {{default_user: {{name: a, {list}}}}}\n"), 1),
            ("root: {ssh_authorized_keys: ['']}\n".to_owned(), 0),
            ("root: {ssh_authorized_keys: ''}\n".to_owned(), 0),
        ] {
            let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
            let blank = document
                .diagnostics
                .iter()
                .filter(|one| one.message.contains("no key in this item"));
            assert_eq!(
                blank.count(),
                if count == 1 { 3 } else { 1 },
                "{yaml}: {:?}",
                document.diagnostics
            );
            assert!(
                !document.diagnostics.iter().any(|one| one.is_error()),
                "{yaml}: {:?}",
                document.diagnostics
            );
            let keys = format!("{:?}", document.config).matches(KEY).count();
            assert_eq!(keys, count, "{yaml}");
        }
        let document = Document::read(&Texts::of_user_data("x", b"ssh_authorized_keys:\n- ''\n- nonsense\n"));
        let lines: Vec<_> = document
            .diagnostics
            .iter()
            .map(|one| (one.line, one.is_error()))
            .collect();
        assert_eq!(lines, [(2, false), (3, true)]);
    }
}
