//! What may have been meant by a key that is not known.

use super::cloud_config::NOT_APPLIED;

/// Why the key at `path` is not known, and which one may be meant.
pub(super) fn explain_key(path: &[String], known: &[String]) -> (String, Option<String>) {
    let written = path.join(".");
    if NOT_APPLIED.contains(&written.as_str()) {
        let hint = "remove the key; nothing of it would be applied".to_owned();
        return (
            format!("`{written}` is a key of cloud-config that firstlight doesn't apply"),
            Some(hint),
        );
    }
    let name = path.last().map_or("", String::as_str);
    let hint = match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: {}", known.join(", ")),
    };
    (format!("unknown key `{}`", name.escape_debug()), Some(hint))
}

/// The word of `known` that is closest to `word`, if one is close enough to be meant. `-` and `_` are the same.
pub fn nearest<'a>(word: &str, known: &'a [String]) -> Option<&'a str> {
    let plain = |text: &str| text.to_ascii_lowercase().replace('-', "_");
    let wanted = plain(word);
    let distance = |candidate: &str| strsim::damerau_levenshtein(&wanted, &plain(candidate));
    let (best, near) = known
        .iter()
        .map(|k| (distance(k), k))
        .min_by_key(|(distance, _)| *distance)?;
    (best <= 1 + wanted.len() / 4).then_some(near.as_str())
}
