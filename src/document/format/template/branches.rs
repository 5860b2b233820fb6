//! Which lines of a template are made or not as only the target machine knows. Tags are told by their signs alone: a word
//! too many makes a line unsure, which costs an error its severity and nothing else.

use std::collections::HashSet;
use std::ops::Range;

use super::V1;

/// The lines, from 1, of blocks whose condition, and of expressions that, name a variable of the machine.
pub fn unsure(template: &str) -> Vec<Range<usize>> {
    let mut unknown: HashSet<&str> = V1.into_iter().chain(["v1", "ds"]).collect();
    let mut found = Vec::new();
    // The lines where the blocks begin that are open, and whether they are unsure.
    let mut open: Vec<(usize, bool)> = Vec::new();
    let (mut counted, mut line) = (0, 1);
    for Tag { range, is_block, inner } in tags(template) {
        line += newlines(template, counted..range.start);
        counted = range.start;
        let last = line + newlines(template, range.clone());
        let is_unsure = names(inner).any(|name| unknown.contains(name));
        let word = names(inner).next().filter(|_| is_block).unwrap_or_default();
        match word {
            "if" | "for" => open.push((line, is_unsure)),
            "elif" => {
                if let Some((_, of_block)) = open.last_mut() {
                    *of_block |= is_unsure;
                }
            }
            "endif" | "endfor" => {
                if let Some((first, true)) = open.pop() {
                    found.push(first..last + 1);
                }
            }
            "set" if is_unsure => unknown.extend(names(inner).nth(1)),
            _ if is_unsure => found.push(line..last + 1),
            _ => {}
        }
    }
    found
}

/// `{% … %}`, a block, or `{{ … }}`.
struct Tag<'a> {
    range: Range<usize>,
    is_block: bool,
    inner: &'a str,
}

fn tags(template: &str) -> impl Iterator<Item = Tag<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = template.get(at..)?;
            let start = at + rest.find('{')?;
            let (end, is_block) = match template.as_bytes().get(start + 1)? {
                b'{' => ("}}", false),
                b'%' => ("%}", true),
                b'#' => ("#}", false),
                _ => {
                    at = start + 1;
                    continue;
                }
            };
            let inner = template.get(start + 2..)?;
            let length = inner.find(end).unwrap_or(inner.len());
            at = (start + 2 + length + end.len()).min(template.len());
            if end != "#}" {
                return Some(Tag {
                    range: start..at,
                    is_block,
                    inner: inner.get(..length)?,
                });
            }
        }
    })
}

fn names(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.filter(|word| !word.is_empty())
}

fn newlines(text: &str, range: Range<usize>) -> usize {
    text.get(range).unwrap_or_default().matches('\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hangs_on_the_machine_is_unsure() {
        for (template, lines) in [
            (
                "a\n{% if v1.distro == 'x' %}\nb\n{% else %}\nc\n{% endif %}\nd\n",
                &[2, 3, 4, 5, 6][..],
            ),
            ("{% if a %}\nb\n{% elif region %}\nc\n{%- endif -%}\n", &[1, 2, 3, 4, 5]),
            ("{% if a %}\n{{ 'b' if ds.x else 'c' }}\n{% endif %}\n", &[2]),
            (
                "{% set a = distro %}\n{% for b in [a] %}\nc\n{% endfor %}\n",
                &[2, 3, 4],
            ),
            ("{# {% if v1 %} #}\n{ {% if a %}\n{% endif %} {{ b }}\n", &[]),
            ("{% if v1.x %}\n", &[]),
        ] {
            let found: Vec<_> = unsure(template).into_iter().flatten().collect();
            assert_eq!(found, lines, "{template}");
        }
    }
}
