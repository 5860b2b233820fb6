//! Lists of what is not as in cloud-init, on purpose: a line that says why, in the words of `docs/cloud-init.md`, and below it a
//! line for each difference: the case, what it is about, and what is there instead, as a string of JSON.

use std::collections::BTreeSet;

/// A difference: the case, what it is about, and what is there instead.
pub type Difference = (String, String, String);

/// A difference that was found, and what cloud-init has.
pub type Found = (Difference, String);

/// The differences of a list, each with its reason.
fn read(list: &str) -> Vec<(Difference, &str)> {
    let (mut differences, mut why) = (Vec::new(), "");
    for line in list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix("  ") {
            None => why = line,
            Some(difference) => {
                let words: Vec<&str> = difference.splitn(3, ' ').collect();
                let [case, fact, instead] = words[..] else {
                    panic!("{line}");
                };
                let instead = serde_json::from_str(instead).unwrap_or_else(|_| panic!("{line}"));
                differences.push(((case.to_owned(), fact.to_owned(), instead), why));
            }
        }
    }
    differences
}

/// What was found and isn't listed, and what is listed and wasn't found.
pub fn unlisted(found: &[Found], list: &str) -> Vec<String> {
    let listed: BTreeSet<Difference> = read(list).into_iter().map(|(difference, _)| difference).collect();
    let new = found.iter().filter(|(difference, _)| !listed.contains(difference));
    let new =
        new.map(|((case, fact, ours), theirs)| format!("{case}: {fact}\n  ours:   {ours:?}\n  theirs: {theirs:?}"));
    let met: BTreeSet<&Difference> = found.iter().map(|(difference, _)| difference).collect();
    let stale = listed.iter().filter(|difference| !met.contains(difference));
    let stale = stale.map(|(case, fact, ours)| format!("{case}: {fact} is listed, and is not {ours:?}"));
    new.chain(stale).collect()
}

/// The reasons that no reader of `docs/cloud-init.md` finds.
pub fn undocumented(list: &str) -> BTreeSet<&str> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cloud-init.md"));
    let page = page.unwrap_or_else(|error| panic!("docs/cloud-init.md: {error}"));
    let reasons = read(list).into_iter().map(|(_, why)| why);
    reasons.filter(|why| !page.contains(why)).collect()
}
