//! The place of a part in the file that contains it.

use std::ops::Range;

/// The place of a part: its file, how it was unpacked from that, and which lines of the file are its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    file: String,
    /// How it was unpacked from the file, outermost first: `part 2`, `decoded from base64`.
    steps: Vec<String>,
    /// Whether it was decoded, and so has lines of its own.
    is_decoded: bool,
    /// Whether its lines are those of the text that is encoded in the file as a whole.
    is_packed: bool,
    lines: Lines,
    /// Which lines of the file a template makes or not, as only the target machine knows.
    unsure: Vec<Range<usize>>,
}

/// How the lines of a part relate to those of the file, or of what was decoded from it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Lines {
    /// The same lines, this far down and to the right.
    Below { lines: usize, columns: usize },
    /// The line that each was made from.
    Each(Vec<usize>),
}

impl Default for Lines {
    fn default() -> Self {
        Self::Below { lines: 0, columns: 0 }
    }
}

impl Place {
    /// All of a file, or of a part of a seed.
    pub fn of(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            ..Self::default()
        }
    }

    /// A part of this one that begins after `lines` lines, each of its own lines indented by `columns` columns.
    #[must_use]
    pub fn part(&self, name: String, lines: usize, columns: usize) -> Self {
        let lines = match &self.lines {
            Lines::Below {
                lines: before,
                columns: left,
            } => Lines::Below {
                lines: before + lines,
                columns: left + columns,
            },
            Lines::Each(each) => Lines::Each(each.get(lines..).unwrap_or_default().to_vec()),
        };
        Self {
            lines,
            ..self.step(name)
        }
    }

    /// What was decoded from this one: its lines are not lines of the file.
    #[must_use]
    pub fn decoded(&self, how: &str) -> Self {
        Self {
            is_decoded: true,
            lines: Lines::default(),
            ..self.step(how.to_owned())
        }
    }

    /// The text that the file as a whole is, encoded: its lines are those that its author wrote, and not those of the
    /// file.
    #[must_use]
    pub fn packed(&self) -> Self {
        Self {
            is_packed: true,
            ..self.clone()
        }
    }

    /// What was made from this one; `each` has the line that each of its lines was made from, from 1. Those that are
    /// `unsure` are made or not, as only the target machine knows.
    #[must_use]
    pub fn made_from(&self, each: &[usize], unsure: &[Range<usize>]) -> Self {
        let each = each.iter().map(|line| self.line(*line)).collect();
        let unsure = unsure.iter().map(|lines| self.line(lines.start)..self.line(lines.end));
        Self {
            lines: Lines::Each(each),
            unsure: unsure.collect(),
            ..self.clone()
        }
    }

    /// Whether its lines are not to be found in the file that it names.
    pub fn is_packed(&self) -> bool {
        self.is_packed
    }

    /// Whether line `line` of the part is there or not, as only the target machine knows.
    pub fn is_unsure(&self, line: usize) -> bool {
        let line = self.line(line);
        self.unsure.iter().any(|lines| lines.contains(&line))
    }

    fn step(&self, step: String) -> Self {
        let mut place = self.clone();
        place.steps.push(step);
        place
    }

    /// The file's name; if its lines are not those of the file, also what they are lines of: `user-data (part 2,
    /// decoded from base64)`.
    pub fn file(&self) -> String {
        match self.is_decoded {
            true => format!("{} ({})", self.file, self.steps.join(", ")),
            false => self.file.clone(),
        }
    }

    /// The line of [`Place::file`] for line `line` of the part. Both from 1.
    pub fn line(&self, line: usize) -> usize {
        match &self.lines {
            Lines::Below { lines, .. } => line + lines,
            Lines::Each(each) => {
                let known = line.checked_sub(1).and_then(|at| each.get(at));
                known.or(each.last()).copied().unwrap_or(line)
            }
        }
    }

    /// The same for a column.
    pub fn column(&self, column: usize) -> usize {
        match &self.lines {
            Lines::Below { columns, .. } => column + columns,
            Lines::Each(_) => column,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_the_file_until_something_is_decoded() {
        let file = Place::of("user-data");
        let part = file.part("part 2".to_owned(), 10, 0);
        assert_eq!((part.file().as_str(), part.line(1)), ("user-data", 11));
        let item = part.part("item 1".to_owned(), 3, 4);
        assert_eq!(
            (item.file().as_str(), item.line(2), item.column(1)),
            ("user-data", 15, 5)
        );
        let decoded = part.decoded("decoded from base64");
        assert_eq!(
            (decoded.file().as_str(), decoded.line(4)),
            ("user-data (part 2, decoded from base64)", 4)
        );
        let within = decoded.part("item 3".to_owned(), 7, 0);
        assert_eq!(
            (within.file().as_str(), within.line(1)),
            ("user-data (part 2, decoded from base64, item 3)", 8)
        );
        let made = part.made_from(&[1, 1, 5], &[1..1, 4..7]);
        assert_eq!([1, 2, 3, 9].map(|line| made.line(line)), [11, 11, 15, 15]);
        assert_eq!([1, 2, 3].map(|line| made.is_unsure(line)), [false, false, true]);
    }
}
