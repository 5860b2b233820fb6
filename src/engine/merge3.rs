//! Three-way merge: computes a file without our edits, even if others have edited it.
//!
//! The base is what we wrote; one side is the current file, the other the file before us. Our edits are removed, and
//! the edits of others stay. If both changed the same place, someone changed our edit.

use std::ops::Range;

use serde_json::{Map, Value};
use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices};

/// A file without our edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenBack {
    /// What it says without them; edits of ours that somebody has changed are as they are now. `None`: no file is left.
    pub now: Option<Vec<u8>>,
    /// The same, but where somebody has changed an edit of ours it says what it said before us.
    pub original: Option<Vec<u8>>,
    /// How many edits of ours somebody has changed.
    pub changed: usize,
    /// How many edits of ours somebody has taken back already.
    pub gone: usize,
}

impl TakenBack {
    /// Whether all our edits were there still.
    pub fn is_intact(&self) -> bool {
        self.changed + self.gone == 0
    }
}

/// Takes our edits out of a file of lines. `before` is `None` where there was no file.
pub fn take_back_lines(before: Option<&[u8]>, written: &[u8], now: &[u8]) -> TakenBack {
    let old = lines(before.unwrap_or_default());
    let (base, new) = (lines(written), lines(now));
    let (theirs, ours) = (hunks(&base, &new), hunks(&base, &old));
    let mut merge = Merge::default();
    let mut at = 0;
    for cluster in clusters(&theirs, &ours) {
        merge.both(base.get(at..cluster.span.start).unwrap_or_default());
        at = cluster.span.end;
        let by_them = side(&base, &cluster.span, &cluster.theirs);
        let by_us = side(&base, &cluster.span, &cluster.ours);
        if cluster.ours.is_empty() {
            merge.both(&by_them);
        } else if cluster.theirs.is_empty() {
            merge.both(&by_us);
        } else if by_them == by_us {
            merge.gone += 1;
            merge.both(&by_us);
        } else {
            merge.changed += 1;
            append(&mut merge.now, &by_them);
            append(&mut merge.original, &by_us);
        }
    }
    merge.both(base.get(at..).unwrap_or_default());
    let left = |bytes: Vec<u8>| (before.is_some() || !bytes.is_empty()).then_some(bytes);
    TakenBack {
        now: left(merge.now),
        original: left(merge.original),
        changed: merge.changed,
        gone: merge.gone,
    }
}

/// Takes our edits out of a JSON object, key by key. `None` where one of the texts is no JSON object.
pub fn take_back_json(before: Option<&[u8]>, written: &[u8], now: &[u8]) -> Option<TakenBack> {
    let old = before.map_or(Some(Map::new()), object)?;
    let mut keys = Keys::default();
    let (new, original) = keys.take_back(&old, &object(written)?, &object(now)?);
    let text = |settings: Map<String, Value>| match before {
        // What is equal in meaning stays as somebody wrote it.
        Some(bytes) if settings == old => Some(bytes.to_vec()),
        None if settings.is_empty() => None,
        _ => Some((serde_json::to_string_pretty(&settings).unwrap_or_default() + "\n").into_bytes()),
    };
    Some(TakenBack {
        now: text(new),
        original: text(original),
        changed: keys.changed,
        gone: keys.gone,
    })
}

/// Whether two JSON objects say the same.
pub fn is_same_json(one: &[u8], other: &[u8]) -> bool {
    object(one).is_some_and(|settings| object(other) == Some(settings))
}

/// The two results while they grow.
#[derive(Debug, Default)]
struct Merge {
    now: Vec<u8>,
    original: Vec<u8>,
    changed: usize,
    gone: usize,
}

impl Merge {
    fn both(&mut self, lines: &[&[u8]]) {
        append(&mut self.now, lines);
        append(&mut self.original, lines);
    }
}

/// A last line without an end gets one when another follows it.
fn append(bytes: &mut Vec<u8>, lines: &[&[u8]]) {
    for line in lines {
        if bytes.last().is_some_and(|last| *last != b'\n') {
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(line);
    }
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|b| *b == b'\n').collect()
}

/// Lines of the base that one side replaces.
#[derive(Debug, Clone)]
struct Hunk<'a> {
    place: Range<usize>,
    lines: Vec<&'a [u8]>,
}

/// Where both sides touch the same lines, or one side alone.
struct Cluster<'h, 'a> {
    span: Range<usize>,
    theirs: Vec<&'h Hunk<'a>>,
    ours: Vec<&'h Hunk<'a>>,
}

fn hunks<'a>(base: &[&[u8]], other: &[&'a [u8]]) -> Vec<Hunk<'a>> {
    let mut hunks: Vec<Hunk<'a>> = Vec::new();
    let mut equal = true;
    for op in capture_diff_slices(Algorithm::Myers, base, other) {
        if op.tag() == DiffTag::Equal {
            equal = true;
            continue;
        }
        let (place, new) = (op.old_range(), lines_of(&op, other));
        match hunks.last_mut().filter(|_| !equal) {
            Some(last) => {
                last.place.end = place.end;
                last.lines.extend(new);
            }
            None => hunks.push(Hunk { place, lines: new }),
        }
        equal = false;
    }
    hunks
}

fn lines_of<'a>(op: &DiffOp, other: &[&'a [u8]]) -> Vec<&'a [u8]> {
    other.get(op.new_range()).unwrap_or_default().to_vec()
}

fn clusters<'h, 'a>(theirs: &'h [Hunk<'a>], ours: &'h [Hunk<'a>]) -> Vec<Cluster<'h, 'a>> {
    let mut all: Vec<(bool, &Hunk<'a>)> = theirs.iter().map(|hunk| (false, hunk)).collect();
    all.extend(ours.iter().map(|hunk| (true, hunk)));
    all.sort_by_key(|(_, hunk)| (hunk.place.start, hunk.place.end));
    let mut clusters: Vec<Cluster<'h, 'a>> = Vec::new();
    for (is_ours, hunk) in all {
        let touching = clusters.last_mut().filter(|last| overlap(&last.span, &hunk.place));
        let cluster = match touching {
            Some(last) => {
                last.span.end = last.span.end.max(hunk.place.end);
                last
            }
            None => {
                clusters.push(Cluster {
                    span: hunk.place.clone(),
                    theirs: Vec::new(),
                    ours: Vec::new(),
                });
                let Some(last) = clusters.last_mut() else { continue };
                last
            }
        };
        if is_ours {
            cluster.ours.push(hunk);
        } else {
            cluster.theirs.push(hunk);
        }
    }
    clusters
}

/// Whether two places share a line, or both are the same point between lines. A line added right beside a changed one is
/// another edit.
fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    match (a.is_empty(), b.is_empty()) {
        (true, true) => a.start == b.start,
        (true, false) => b.start < a.start && a.start < b.end,
        (false, true) => a.start < b.start && b.start < a.end,
        (false, false) => a.start < b.end && b.start < a.end,
    }
}

/// The lines of the base in `span` as one side has them.
fn side<'a>(base: &[&'a [u8]], span: &Range<usize>, hunks: &[&Hunk<'a>]) -> Vec<&'a [u8]> {
    let mut lines = Vec::new();
    let mut at = span.start;
    for hunk in hunks {
        lines.extend_from_slice(base.get(at..hunk.place.start).unwrap_or_default());
        lines.extend_from_slice(&hunk.lines);
        at = hunk.place.end;
    }
    lines.extend_from_slice(base.get(at..span.end).unwrap_or_default());
    lines
}

fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if bytes.trim_ascii().is_empty() {
        return Some(Map::new());
    }
    serde_json::from_slice(bytes).ok()
}

/// Counts while it takes keys back.
#[derive(Debug, Default)]
struct Keys {
    changed: usize,
    gone: usize,
}

impl Keys {
    fn take_back(
        &mut self,
        before: &Map<String, Value>,
        written: &Map<String, Value>,
        now: &Map<String, Value>,
    ) -> (Map<String, Value>, Map<String, Value>) {
        let (mut new, mut original) = (Map::new(), Map::new());
        let mut keys: Vec<&String> = before.keys().chain(written.keys()).chain(now.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            let (left, old) = self.value(before.get(key), written.get(key), now.get(key));
            new.extend(left.map(|value| (key.clone(), value)));
            original.extend(old.map(|value| (key.clone(), value)));
        }
        (new, original)
    }

    fn value(
        &mut self,
        before: Option<&Value>,
        written: Option<&Value>,
        now: Option<&Value>,
    ) -> (Option<Value>, Option<Value>) {
        if written == before {
            return (now.cloned(), now.cloned());
        }
        if now == written {
            return (before.cloned(), before.cloned());
        }
        if let (Some(Value::Object(written)), Some(Value::Object(now))) = (written, now)
            && let None | Some(Value::Object(_)) = before
        {
            let empty = Map::new();
            let old = before.and_then(Value::as_object).unwrap_or(&empty);
            let (new, original) = self.take_back(old, written, now);
            let left = |map: Map<String, Value>| (before.is_some() || !map.is_empty()).then_some(Value::Object(map));
            return (left(new), left(original));
        }
        if now == before {
            self.gone += 1;
            return (now.cloned(), now.cloned());
        }
        self.changed += 1;
        (now.cloned(), before.cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(bytes: Option<Vec<u8>>) -> Option<String> {
        bytes.map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn our_lines_go_and_those_of_others_stay() {
        // before, written, now, what is left, edits that somebody changed, edits that are gone already
        let table = [
            ("a\nb\nc\n", "a\nX\nc\n", "a\nX\nc\n", "a\nb\nc\n", 0, 0),
            (
                "a\nb\nc\n",
                "a\nX\nc\n",
                "new\na\nX\nc\nlast\n",
                "new\na\nb\nc\nlast\n",
                0,
                0,
            ),
            ("a\nb\nc\n", "a\nX\nc\n", "a\nX\nnew\nc\n", "a\nb\nnew\nc\n", 0, 0),
            ("a\nb\nc\n", "a\nX\nc\n", "a\nX\n", "a\nb\n", 0, 0),
            ("a\nb\nc\n", "a\nX\nc\n", "a\nY\nc\n", "a\nY\nc\n", 1, 0),
            ("a\nb\nc\n", "a\nX\nc\n", "a\nc\n", "a\nc\n", 1, 0),
            ("a\nb\nc\n", "a\nX\nc\n", "a\nb\nc\n", "a\nb\nc\n", 0, 1),
            ("a\nc\n", "a\nX\nc\n", "a\nX\nY\nc\n", "a\nY\nc\n", 0, 0),
            ("a\n", "a\nX\n", "a\nY\nX\n", "a\nY\n", 0, 0),
            ("a\nb\nc\nd\n", "X\nb\nc\nY\n", "X\nb\nc\nZ\n", "a\nb\nc\nZ\n", 1, 0),
            ("a", "a\nX\n", "a\nX\nnew\n", "a\nnew\n", 0, 0),
            ("", "X\n", "X\n", "", 0, 0),
        ];
        for (before, written, now, left, changed, gone) in table {
            let back = take_back_lines(Some(before.as_bytes()), written.as_bytes(), now.as_bytes());
            assert_eq!(text(back.now).as_deref(), Some(left), "{before:?} {written:?} {now:?}");
            assert_eq!(
                (back.changed, back.gone),
                (changed, gone),
                "{before:?} {written:?} {now:?}"
            );
        }
        let changed = take_back_lines(Some(b"a\nb\n"), b"a\nX\n", b"new\na\nY\n");
        assert_eq!(text(changed.original).as_deref(), Some("new\na\nb\n"));
    }

    #[test]
    fn a_file_that_was_not_there_goes_when_nothing_else_is_in_it() {
        let gone = take_back_lines(None, b"X\n", b"X\n");
        assert_eq!((gone.now, gone.original), (None, None));
        assert_eq!(
            text(take_back_lines(None, b"X\n", b"X\nY\n").now).as_deref(),
            Some("Y\n")
        );
        assert_eq!(take_back_json(None, br#"{"a": 1}"#, br#"{"a":1}"#).unwrap().now, None);
    }

    #[test]
    fn keys_go_back_one_by_one() {
        let table = [
            (r#"{"b":1}"#, r#"{"a":1,"b":1}"#, r#"{"a":1,"b":1}"#, r#"{"b":1}"#, 0, 0),
            (r#"{"b":1}"#, r#"{"b":2}"#, r#"{"b":2,"c":3}"#, r#"{"b":1,"c":3}"#, 0, 0),
            (r#"{"b":1}"#, r#"{"b":2}"#, r#"{"b":3}"#, r#"{"b":3}"#, 1, 0),
            (r#"{"b":1}"#, r#"{"b":2}"#, r#"{"b":1,"c":1}"#, r#"{"b":1,"c":1}"#, 0, 1),
            (
                "{}",
                r#"{"o":{"x":1}}"#,
                r#"{"o":{"x":1,"y":2}}"#,
                r#"{"o":{"y":2}}"#,
                0,
                0,
            ),
            ("{}", r#"{"o":{"x":1}}"#, r#"{"o":{"x":1}}"#, "{}", 0, 0),
            (r#"{"l":[1]}"#, r#"{"l":[2]}"#, r#"{"l":[2,3]}"#, r#"{"l":[2,3]}"#, 1, 0),
        ];
        for (before, written, now, left, changed, gone) in table {
            let back = take_back_json(Some(before.as_bytes()), written.as_bytes(), now.as_bytes()).unwrap();
            let value: Value = serde_json::from_slice(&back.now.unwrap()).unwrap();
            assert_eq!(
                value,
                serde_json::from_str::<Value>(left).unwrap(),
                "{before} {written} {now}"
            );
            assert_eq!((back.changed, back.gone), (changed, gone), "{before} {written} {now}");
        }
        let odd = b"{ \"b\" : 1 }";
        let back = take_back_json(Some(odd), br#"{"a":1,"b":1}"#, br#"{"b":1,"a":1}"#).unwrap();
        assert_eq!(
            back.now.as_deref(),
            Some(odd.as_slice()),
            "the bytes of before come back"
        );
        assert_eq!(take_back_json(None, b"{}", b"nonsense"), None);
        assert_eq!(take_back_json(None, b"{}", b"[1]"), None);
    }

    proptest! {
        #[test]
        fn what_nobody_touched_comes_back_byte_for_byte(
            before in "([ab]?\n){0,6}[ab]?",
            written in "([abX]?\n){0,6}[abX]?",
        ) {
            let back = take_back_lines(Some(before.as_bytes()), written.as_bytes(), written.as_bytes());
            // A line without an end can only stand last; ours may have moved it.
            prop_assume!(back.now.as_ref().is_some_and(|now| now.len() == before.len()));
            prop_assert_eq!(text(back.now), Some(before));
            prop_assert_eq!((back.changed, back.gone), (0, 0));
        }

        #[test]
        fn without_an_edit_of_ours_nothing_changes(before in "([ab]\n){0,6}", now in "([abX]\n){0,6}") {
            let back = take_back_lines(Some(before.as_bytes()), before.as_bytes(), now.as_bytes());
            prop_assert_eq!(text(back.now), Some(now));
            prop_assert_eq!(back.changed + back.gone, 0);
        }
    }
}
