//! Jinja templates, within bounds: the author of a document decides what a template does.

mod branches;
mod explain;

use std::ops::Range;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Enumerator, Object, Serde, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, OutputSpan, UndefinedBehavior, escape_formatter};
use zeroize::Zeroizing;

use super::variables::{V1, Variables};
use explain::explain;

/// How many steps a template may take. 64 bytes of output count as one step.
const FUEL: u64 = 300_000;

/// How long a template may take. Steps don't count what one filter does with a list, and lists grow fast:
/// `(range(99999) | list * 999) | string`.
const TIME: Duration = Duration::from_secs(5);

/// How deep macros may call each other.
const DEPTH_LIMIT: usize = 50;

/// How many signs, brackets and [`WORDS`] one expression may have: the library recurses for each, without a bound.
const SIGNS: usize = 500;

/// The words that are operators.
const WORDS: [&str; 7] = ["and", "else", "if", "in", "is", "not", "or"];

/// The value of a variable that only the target machine knows: a character that no document has (OBJECT REPLACEMENT
/// CHARACTER).
pub const PLACEHOLDER: char = '\u{fffc}';

/// What a template makes.
#[derive(Debug)]
pub struct Rendered {
    /// The text.
    pub text: Zeroizing<String>,
    /// For each of its lines, the line of the template that made it, from 1.
    pub lines: Vec<usize>,
    /// The lines of the template, from 1, that are made or not as only the target machine knows.
    pub unsure: Vec<Range<usize>>,
}

/// Why a template can't be rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The bytes of the template that are to blame; empty at the beginning of a line where only the line is known.
    pub range: Range<usize>,
    /// The bytes of it that are for sure a variable's name.
    pub name: Option<Range<usize>>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether it may come of variables that only the target machine knows.
    pub is_unsure: bool,
}

/// Renders a template as cloud-init does, except that an undefined variable is an error.
///
/// # Errors
/// It is not valid Jinja, uses an undefined variable, or does too much.
pub fn render(template: &str, variables: &Variables) -> Result<Rendered, Fault> {
    let body = template.split_once('\n').map_or("", |(_header, body)| body);
    let header = template.len() - body.len();
    if let Some(range) = too_long(body) {
        return Err(Fault {
            range: range.start + header..range.end + header,
            name: None,
            message: "an expression of the template is too long".to_owned(),
            hint: Some(format!("use at most {SIGNS} signs and brackets in one expression")),
            is_unsure: false,
        });
    }
    let unsure = match variables.are_known {
        true => Vec::new(),
        false => branches::unsure(template),
    };
    let (body, variables) = (body.to_owned(), variables.clone());
    let made = within(TIME, move || {
        let (text, spans) = rendered(&body, &variables).map_err(|error| explain(&error, &body, variables.are_known))?;
        let lines = lines(&text, &body, &spans).into_iter().map(|line| line + 1).collect();
        let text = Zeroizing::new(text);
        Ok(Rendered { text, lines, unsure })
    });
    made.map_err(|fault| fault.behind(header))
}

impl Fault {
    /// The same, of a text in which `length` more bytes come first.
    fn behind(mut self, length: usize) -> Self {
        let moved = |range: Range<usize>| range.start + length..range.end + length;
        (self.range, self.name) = (moved(self.range), self.name.map(moved));
        self
    }
}

/// Does `work` on a thread of its own. One that takes longer than `time` goes on until the process ends: the library
/// can't be interrupted.
fn within(time: Duration, work: impl FnOnce() -> Result<Rendered, Fault> + Send + 'static) -> Result<Rendered, Fault> {
    let (answer, answered) = mpsc::channel();
    let thread = std::thread::Builder::new().name("template".to_owned());
    // Nobody waits any more for an answer that is late.
    let started = thread.spawn(move || drop(answer.send(work())));
    let failed = |message: &str, hint: &str| Fault {
        range: 0..0,
        name: None,
        message: message.to_owned(),
        hint: Some(hint.to_owned()),
        is_unsure: false,
    };
    match started.map(|_| answered.recv_timeout(time)) {
        Ok(Ok(rendered)) => rendered,
        Ok(Err(mpsc::RecvTimeoutError::Timeout)) => Err(failed(
            "the template takes too long",
            "simplify it: a template has 5 seconds",
        )),
        Ok(Err(mpsc::RecvTimeoutError::Disconnected)) | Err(_) => {
            Err(failed("the template can't be rendered", "simplify it"))
        }
    }
}

fn rendered(body: &str, variables: &Variables) -> Result<(String, Vec<OutputSpan>), Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(DEPTH_LIMIT);
    // As in cloud-init.
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .keep_trailing_newline(true)
        .build()?;
    environment.set_syntax(syntax);
    environment.set_formatter(|out, state, value| match is_small(value, &mut { PRINTED }) {
        true => escape_formatter(out, state, value),
        false => Err(Error::new(ErrorKind::OutOfFuel, "one expression prints too much")),
    });
    environment.set_unknown_method_callback(|state, value, method, arguments| match fits(value, arguments) {
        true => minijinja_contrib::pycompat::unknown_method_callback(state, value, method, arguments),
        false => Err(Error::new(ErrorKind::OutOfFuel, "a method makes too much")),
    });
    // Its errors quote the template, which may hold secrets.
    environment.set_debug(false);
    let values = Value::from(Serde(&variables.values));
    let context = match variables.are_known {
        true => values,
        false => Value::from_object(Guess {
            known: Some(values),
            at: At::Top,
        }),
    };
    environment.template_from_str(body)?.render_with_spans(context)
}

/// The first expression with more than [`SIGNS`].
fn too_long(body: &str) -> Option<Range<usize>> {
    let starts = body.match_indices('{').map(|(at, _)| at);
    let starts = starts.filter(|at| body.get(at + 1..).is_some_and(|rest| rest.starts_with(['{', '%'])));
    let mut behind = 0;
    for start in starts {
        if start < behind {
            continue;
        }
        let rest = body.get(start + 2..).unwrap_or_default();
        let ends = [rest.find("}}"), rest.find("%}")];
        let end = ends.into_iter().flatten().min().unwrap_or(rest.len());
        let expression = rest.get(..end).unwrap_or_default();
        let signs = expression.matches(|c: char| c.is_ascii_punctuation() && !",:'\"_".contains(c));
        let words = WORDS.iter().map(|word| expression.matches(word).count());
        if signs.count() + words.sum::<usize>() > SIGNS {
            return Some(start..start + 2 + end);
        }
        behind = start + 2 + end;
    }
    None
}

/// How many bytes a method may make.
const MADE: usize = 1024 * 1024;

/// How many values one expression may print. The library counts steps only after it has printed.
const PRINTED: usize = 10_000;

/// Whether a Python method of `value` makes at most [`MADE`] bytes, by the most that it could do: replace each byte of
/// one by all of the other. The library doesn't count what methods do as steps.
fn fits(value: &Value, arguments: &[Value]) -> bool {
    let weight = |value: &Value| match value.kind() {
        ValueKind::String => value.len(),
        ValueKind::Seq | ValueKind::Iterable if is_small(value, &mut { PRINTED }) => {
            let items = value.try_iter().into_iter().flatten();
            Some(items.map(|item| 1 + item.as_str().map_or(0, str::len)).sum())
        }
        ValueKind::Seq | ValueKind::Iterable => None,
        _ => Some(0),
    };
    let most = arguments
        .iter()
        .map(weight)
        .try_fold(0, |most, one| Some(one?.max(most)));
    let made = weight(value)
        .zip(most)
        .and_then(|(own, most): (usize, usize)| own.max(1).checked_mul(most + 1));
    made.is_some_and(|made| made <= MADE)
}

/// Whether a value contains at most `left` values.
fn is_small(value: &Value, left: &mut usize) -> bool {
    *left = left.saturating_sub(1);
    let has_values = matches!(value.kind(), ValueKind::Seq | ValueKind::Map | ValueKind::Iterable);
    if has_values && value.len().is_some_and(|length| length > *left) {
        return false;
    }
    let mut items = value.try_iter().ok().filter(|_| has_values).into_iter().flatten();
    *left > 0 && items.all(|item| is_small(&item, left))
}

/// For each rendered line, the line of the template that its beginning is from.
fn lines(text: &str, body: &str, spans: &[OutputSpan]) -> Vec<usize> {
    let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
    let mut next = 0;
    let of_start = |start: usize| {
        while spans.get(next).is_some_and(|span| span.output_range().end <= start) {
            next += 1;
        }
        let Some(span) = spans.get(next).or(spans.last()) else {
            return 1;
        };
        let (output, source) = (span.output_range(), span.source_range());
        let is_as_written = output.len() == source.len() && text.get(output.clone()) == body.get(source.clone());
        let behind = match is_as_written {
            true => start.saturating_sub(output.start).min(source.len()),
            false => 0,
        };
        let within = body.get(source.start..source.start + behind).unwrap_or_default();
        span.line() + within.matches('\n').count()
    };
    starts.map(of_start).collect()
}

/// A variable that only the target machine knows: whatever is below `ds`, and the names of `v1`.
#[derive(Debug)]
struct Guess {
    known: Option<Value>,
    at: At,
}

/// Which of the variables a [`Guess`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Top,
    V1,
    Below,
}

impl Object for Guess {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        let known = self.known.as_ref().and_then(|known| known.get_item(key).ok());
        let known = known.filter(|known| !known.is_undefined() && !known.is_none());
        let at = match (self.at, name) {
            (At::Top, "v1") => At::V1,
            (At::Top, "ds") | (At::Below, _) => At::Below,
            (At::Top | At::V1, name) if V1.contains(&name) => At::Below,
            (At::Top | At::V1, _) => return known,
        };
        let is_text = known.as_ref().is_some_and(|known| known.as_object().is_none());
        match is_text {
            true => known,
            false => Some(Value::from_object(Self { known, at })),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Empty
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{PLACEHOLDER}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::variables::MachineFacts;
    use super::*;

    fn variables() -> Variables {
        let meta = "instance-id: i-1\nlocal-hostname: web1.example.test\nrole: db\n";
        let facts = MachineFacts {
            distro: "photon".to_owned(),
            ..MachineFacts::default()
        };
        Variables::of("nocloud", Some(meta), Some(&facts))
    }

    fn text(template: &str) -> String {
        render(template, &variables()).unwrap().text.to_string()
    }

    #[test]
    fn texts_and_lists_have_pythons_methods() {
        for (body, made) in [
            ("{{ v1.local_hostname.split('-')[0] }}", "web1"),
            ("{{ 'a-b'.replace('-', '_').upper() }}", "A_B"),
            ("{{ ','.join(['a', 'b']) }}", "a,b"),
            ("{{ {'a': 1}.items() | list | length }}", "1"),
            ("{{ {'a': 1} | tojson }}", r#"{"a": 1}"#),
        ] {
            assert_eq!(
                text(&format!("## template: jinja\n{body}")),
                made.replace("&quot;", "\""),
                "{body}"
            );
        }
        for body in [
            "{{ ('a' * 9999999).replace('a', 'b' * 9999) | length }}",
            "{{ ('a' * 9999).join(['b'] * 9999) | length }}",
        ] {
            let fault = render(&format!("## template: jinja\n{body}"), &variables()).unwrap_err();
            assert_eq!(fault.message, "the template does too much", "{body}");
        }
    }

    #[test]
    fn what_only_the_machine_knows_is_not_judged() {
        let elsewhere = Variables::of("", None, None);
        for body in [
            "{{ v1.instance_id[:8] }}",
            "{{ v1.region + 'x' }}",
            "{{ v1.local_hostname.split('.')[0] }}",
            "{{ range(ds.meta_data.n) }}",
            "{{ ds.meta_data.n | int + 1 }}",
        ] {
            let fault = render(&format!("## template: jinja\n{body}"), &elsewhere).unwrap_err();
            assert!(fault.is_unsure, "{body}: {fault:?}");
        }
        for body in ["{{ v1.nope }}", "{{ v1.region | nofilter }}", "{{ v1.region"] {
            let fault = render(&format!("## template: jinja\n{body}"), &elsewhere).unwrap_err();
            assert!(!fault.is_unsure, "{body}: {fault:?}");
        }
    }

    #[test]
    fn a_template_has_so_much_time() {
        // Millions of items in a few steps. They end, so that the other tests have the processor.
        for body in [
            "{{ (range(99999) | list * 20) | string | length }}",
            "{% set ns = namespace(a=[1]) %}{% for i in range(20) %}{% set ns.a = ns.a + ns.a %}{% endfor %}{{ 2 in ns.a }}",
        ] {
            let work = || {
                let rendered = rendered(body, &variables());
                let (text, _) = rendered.map_err(|error| explain(&error, body, true))?;
                Ok(Rendered {
                    text: Zeroizing::new(text),
                    lines: Vec::new(),
                    unsure: Vec::new(),
                })
            };
            let fault = within(Duration::from_millis(1), work).unwrap_err();
            assert_eq!(fault.message, "the template takes too long", "{body}");
        }
        let fault = within(TIME, || panic!("on purpose")).unwrap_err();
        assert_eq!(fault.message, "the template can't be rendered");
    }

    #[test]
    fn lines_of_what_is_rendered_are_those_of_the_template() {
        let template = "## template: jinja\n#cloud-config\nhostname: {{ v1.local_hostname }}\n{% if v1.distro == 'photon' %}\n\
                        docker: true\n{% endif %}\n{% for n in [1, 2] %}\nf{{ n }}: x\ng: y\n{% endfor %}\nlast: z\n";
        let rendered = render(template, &variables()).unwrap();
        assert_eq!(
            rendered.text.as_str(),
            "#cloud-config\nhostname: web1\ndocker: true\nf1: x\ng: y\nf2: x\ng: y\nlast: z\n"
        );
        assert_eq!(rendered.lines[..8], [2, 3, 5, 8, 9, 8, 9, 11]);
    }

    #[test]
    fn what_is_not_there_is_a_fault_with_its_place() {
        for (body, line, blamed, words) in [
            (
                "a: {{ v1.hostnme }}\n",
                2,
                "v1.hostnme",
                "`v1.hostnme`, which doesn't exist",
            ),
            (
                "a: {{ v1.distro_release }}\n",
                2,
                "v1.distro_release",
                "`v1.distro_release`, which this machine or its platform doesn't say",
            ),
            ("a: 1\nb: {{ foo }}\n", 3, "foo", "`foo`"),
            ("a: {{ foo.bar }}\n", 2, "foo.bar", "the template uses"),
            ("a: {% if %}\n", 2, "%}", "not valid Jinja"),
            ("a: {{ b }\n", 2, "}", "not valid Jinja: unexpected `}`"),
            ("\n\na: {{ 'x' | nofilter }}\n", 4, "nofilter", "uses something unknown"),
            ("{{ 1 / 0 }}\n", 2, "1 / 0", "can't be rendered"),
        ] {
            let template = format!("## template: jinja\n{body}");
            let fault = render(&template, &variables()).unwrap_err();
            let found = 1 + template[..fault.range.start].matches('\n').count();
            assert!(found == line && fault.message.contains(words), "{body}: {fault:?}");
            assert_eq!(&template[fault.range.clone()], blamed, "{body}: {fault:?}");
        }
        for (name, near) in [("hostname", "v1.local_hostname"), ("v1.instanceid", "v1.instance_id")] {
            let fault = render(&format!("## template: jinja\n{{{{ {name} }}}}"), &variables()).unwrap_err();
            let hint = fault.hint.unwrap();
            assert!(
                hint.starts_with(&format!("did you mean `{near}`? use")),
                "{name}: {hint}"
            );
        }
        for (body, is) in [
            ("{{ foo | default('x') }}", "x"),
            ("{% if foo is defined %}x{% endif %}", ""),
            ("{% if foo %}x{% endif %}y", "y"),
            ("{{ ds.meta_data['local-hostname'] }}", "web1.example.test"),
            ("{{ ds.meta_data.local_hostname }}", "web1.example.test"),
            ("{# nothing #}{{ instance_id }}", "i-1"),
            ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
            ("{% set a = 'b' %}{{ a | upper }}", "B"),
        ] {
            assert_eq!(text(&format!("## template: jinja\n{body}")), is, "{body}");
        }
    }

    #[test]
    fn a_template_does_no_more_than_it_may() {
        let long = "{".repeat(100_000);
        let nested = "{{ (".repeat(10_000);
        let behind_a_mapping = format!("{{{{ {{'a': {{}}}}, {}x }}}}", "-".repeat(100_000));
        let before = [
            "-",
            "not ",
            "1 if x else ",
            "x and ",
            "x or ",
            "x ~ ",
            "1 ** ",
            "1 * ",
            "1 < ",
            "x == ",
            "x in ",
        ];
        let chains = before.map(|chain| format!("{{{{ {}x }}}}", chain.repeat(100_000)));
        let behind = [".x", "|upper", "[0]", "()", " is x"];
        let calls = behind.map(|chain| format!("{{{{ x{} }}}}", chain.repeat(100_000)));
        let chains: Vec<&str> = chains.iter().chain(&calls).map(String::as_str).collect();
        let bodies = [
            "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
            "{{ 'x' * 99999999 }}",
            "{% set x = 'xxxxxxxx' * 999999 %}{{ x | replace('x', x) }}",
            "{{ 'x' | center(999999999) }}",
            "{{ range(99999) | list * 999 }}",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "{{ ['x' * 9999999] * 9999 }}",
            &long,
            &nested,
            &behind_a_mapping,
        ];
        for body in bodies.into_iter().chain(chains) {
            let beginning = body.get(..40).unwrap_or(body);
            assert!(
                render(&format!("## template: jinja\n{body}"), &variables()).is_err(),
                "{beginning}"
            );
        }
    }

    #[test]
    fn elsewhere_only_what_cannot_be_is_a_fault() {
        let anywhere = Variables::of("", None, None);
        let at = |body: &str| {
            render(&format!("## template: jinja\n{body}"), &anywhere).map(|rendered| rendered.text.to_string())
        };
        assert_eq!(
            at("{{ v1.distro }}{{ distro }}{{ ds.meta_data.x.y }}").unwrap(),
            "\u{fffc}".repeat(3)
        );
        assert_eq!(at("{% for x in ds.meta_data.list %}{{ x }}{% endfor %}").unwrap(), "");
        assert!(at("{{ v1.hostnme }}").is_err());
        assert!(at("{{ foo }}").is_err());
    }
}
