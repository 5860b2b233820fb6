//! A JSON patch (RFC 6902) of a tree. What it adds keeps its place in the patch.

use super::super::code::Code;
use super::fault::Fault;
use super::node::{Entry, Key, Node, Value};

/// Applies the operations of `patch` to `tree`, in order.
///
/// # Errors
/// An operation can't be applied; the changes of those before it are lost with `tree`.
pub fn apply(mut tree: Node, patch: &Node) -> Result<Node, Fault> {
    let Value::Sequence(operations) = &patch.value else {
        let hint = "write [{\"op\": \"add\", \"path\": \"/hostname\", \"value\": \"web1\"}]";
        return Err(fault(patch, "expected a list of operations", hint));
    };
    for operation in operations {
        apply_one(&mut tree, operation)?;
    }
    Ok(tree)
}

fn apply_one(tree: &mut Node, operation: &Node) -> Result<(), Fault> {
    let path = pointer(operation, "path")?;
    match text(operation, "op").unwrap_or_default() {
        "add" => add(tree, &path, value(operation)?, operation),
        "replace" => {
            take(tree, &path, operation)?;
            add(tree, &path, value(operation)?, operation)
        }
        "remove" => take(tree, &path, operation).map(|_| ()),
        "move" => {
            let from = pointer(operation, "from")?;
            if path.len() > from.len() && path.starts_with(&from) {
                return Err(fault(operation, "a value can't be moved into itself", "correct `path`"));
            }
            let taken = take(tree, &from, operation)?;
            add(tree, &path, taken, operation)
        }
        "copy" => {
            let from = pointer(operation, "from")?;
            let copied = tree.find(&from).cloned();
            add(tree, &path, copied.ok_or_else(|| nothing_there(operation))?, operation)
        }
        "test" => match tree.find(&path) {
            Some(found) if super::to_json(found) == super::to_json(&value(operation)?) => Ok(()),
            Some(_) => Err(fault(
                operation,
                "the value there differs from the one this tests for",
                "correct `value`",
            )),
            None => Err(nothing_there(operation)),
        },
        _ => Err(fault(
            operation,
            "unknown operation",
            "use add, remove, replace, move, copy or test",
        )),
    }
}

/// The keys of a JSON pointer (RFC 6901).
fn pointer(operation: &Node, key: &str) -> Result<Vec<String>, Fault> {
    let written = text(operation, key).ok_or_else(|| {
        let message = format!("this operation has no `{key}`");
        fault(operation, &message, "write a path like /runcmd/0")
    })?;
    if written.is_empty() {
        return Ok(Vec::new());
    }
    let Some(keys) = written.strip_prefix('/') else {
        return Err(fault(
            operation,
            "the path doesn't begin with `/`",
            "write a path like /runcmd/0",
        ));
    };
    let keys = keys.split('/').map(|key| key.replace("~1", "/").replace("~0", "~"));
    Ok(keys.collect())
}

fn text<'n>(operation: &'n Node, key: &str) -> Option<&'n str> {
    match &operation.get(key)?.value {
        Value::Scalar(scalar) => Some(&scalar.text),
        _ => None,
    }
}

fn value(operation: &Node) -> Result<Node, Fault> {
    let found = operation.get("value").cloned();
    found.ok_or_else(|| fault(operation, "this operation has no `value`", "add the new value"))
}

fn add(tree: &mut Node, path: &[String], value: Node, operation: &Node) -> Result<(), Fault> {
    let Some((last, around)) = path.split_last() else {
        *tree = value;
        return Ok(());
    };
    let around = tree.find_mut(around).ok_or_else(|| nothing_there(operation))?;
    match &mut around.value {
        Value::Mapping(entries) => match entries.iter_mut().find(|entry| entry.key.text == *last) {
            Some(entry) => entry.value = value,
            None => entries.push(Entry {
                key: Key {
                    text: last.clone(),
                    span: operation.span,
                    secret: false,
                },
                value,
            }),
        },
        Value::Sequence(items) => {
            let at = match last.as_str() {
                "-" => items.len(),
                number => index(number)
                    .filter(|at| *at <= items.len())
                    .ok_or_else(|| nothing_there(operation))?,
            };
            items.insert(at, value);
        }
        Value::Scalar(_) => return Err(nothing_there(operation)),
    }
    Ok(())
}

fn take(tree: &mut Node, path: &[String], operation: &Node) -> Result<Node, Fault> {
    let found = tree.find(path).cloned().ok_or_else(|| nothing_there(operation))?;
    // What follows replaces the whole tree.
    if !path.is_empty() {
        tree.prune(path);
    }
    Ok(found)
}

/// The index of an item: digits without a leading zero (RFC 6901).
fn index(number: &str) -> Option<usize> {
    let is_plain = number == "0" || (!number.starts_with('0') && number.bytes().all(|byte| byte.is_ascii_digit()));
    is_plain.then(|| number.parse().ok()).flatten()
}

fn nothing_there(operation: &Node) -> Fault {
    let hint = "correct the path, or put the patch after the parts that it changes";
    fault(operation, "the path leads to nothing", hint)
}

fn fault(node: &Node, message: &str, hint: &str) -> Fault {
    Fault {
        code: Code::BadPatch,
        span: node.span,
        message: message.to_owned(),
        hint: Some(hint.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{parse, to_json};
    use super::*;

    fn node(text: &str) -> Node {
        parse(text, 0).unwrap().root.unwrap()
    }

    #[test]
    fn operations_as_the_standard_has_them() {
        for (tree, patch, result) in [
            ("{a: 1}", r#"[{"op": "add", "path": "/b", "value": 2}]"#, "{a: 1, b: 2}"),
            (
                "{a: [1, 3]}",
                r#"[{"op": "add", "path": "/a/1", "value": 2}]"#,
                "{a: [1, 2, 3]}",
            ),
            (
                "{a: [1]}",
                r#"[{"op": "add", "path": "/a/-", "value": {b: c}}]"#,
                "{a: [1, {b: c}]}",
            ),
            ("{a: 1, b: 2}", r#"[{"op": "remove", "path": "/a"}]"#, "{b: 2}"),
            (
                "{a: {b: 1}}",
                r#"[{"op": "replace", "path": "/a/b", "value": 2}]"#,
                "{a: {b: 2}}",
            ),
            (
                "{a: {b: 1}}",
                r#"[{"op": "move", "from": "/a/b", "path": "/c"}]"#,
                "{a: {}, c: 1}",
            ),
            (
                "{a: 1}",
                r#"[{"op": "copy", "from": "/a", "path": "/b"}]"#,
                "{a: 1, b: 1}",
            ),
            (
                "{a/b: 1, m~n: 2}",
                r#"[{"op": "remove", "path": "/a~1b"}, {"op": "remove", "path": "/m~0n"}]"#,
                "{}",
            ),
            (
                "{a: 1}",
                r#"[{"op": "test", "path": "/a", "value": 1}, {"op": "replace", "path": "", "value": {b: 1}}]"#,
                "{b: 1}",
            ),
        ] {
            let patched = apply(node(tree), &node(patch)).unwrap_or_else(|fault| panic!("{patch}: {}", fault.message));
            assert_eq!(to_json(&patched), to_json(&node(result)), "{patch}");
        }
    }

    #[test]
    fn what_cannot_be_applied_has_its_place() {
        for (patch, words) in [
            ("{a: 1}", "a list of operations"),
            (r#"[{"op": "add", "path": "/x/y", "value": 1}]"#, "leads to nothing"),
            (r#"[{"op": "add", "path": "/l/5", "value": 1}]"#, "leads to nothing"),
            (r#"[{"op": "add", "path": "/l/01", "value": 1}]"#, "leads to nothing"),
            (r#"[{"op": "remove", "path": "/x"}]"#, "leads to nothing"),
            (
                r#"[{"op": "test", "path": "/a", "value": 2}]"#,
                "differs from the one this tests for",
            ),
            (r#"[{"op": "add", "path": "a", "value": 1}]"#, "doesn't begin with `/`"),
            (r#"[{"op": "add", "path": "/a"}]"#, "has no `value`"),
            (r#"[{"op": "add"}]"#, "has no `path`"),
            (r#"[{"op": "frob", "path": "/a"}]"#, "unknown operation"),
            (r#"[{"op": "move", "from": "/m", "path": "/m/n/o"}]"#, "into itself"),
            ("[1]", "has no `path`"),
        ] {
            let fault = apply(node("{a: 1, l: [1], m: {n: 1}}"), &node(patch)).unwrap_err();
            assert!(fault.message.contains(words), "{patch}: {}", fault.message);
        }
    }
}
