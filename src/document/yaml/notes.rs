//! What the decoder notes while it reads a tree: where secrets are, which keys are ours, and what is known to be valid.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};

use super::node::Span;

/// What was noted. Of one document: spans tell its texts apart.
#[derive(Debug, Default)]
pub struct Notes {
    /// Values that a [`Secret`](crate::document::Secret) was read from.
    secrets: RefCell<HashSet<Span>>,
    /// Values of keys that a type of ours has, and reads as one of ours: whether they are secret is known.
    typed: RefCell<HashSet<Span>>,
    /// Names of keys that the types read have. They are ours: no secret of the document.
    fields: RefCell<BTreeSet<&'static str>>,
    /// Of lists, and of mappings with free keys, how many of the first items are known to be right.
    right: RefCell<HashMap<Span, usize>>,
    resume: Cell<bool>,
    decoded: Cell<usize>,
}

impl Notes {
    /// Whether a secret was read from the value here.
    pub fn is_secret(&self, span: Span) -> bool {
        self.secrets.borrow().contains(&span)
    }

    /// Whether a type of ours defines the value here. What it is called says nothing more then.
    pub fn is_typed(&self, span: Span) -> bool {
        self.typed.borrow().contains(&span)
    }

    /// Whether a key of this name is one of those that documents have, somewhere.
    pub fn is_field(&self, name: &str) -> bool {
        self.fields.borrow().contains(name)
    }

    /// How many values were decoded so far.
    pub fn decoded(&self) -> usize {
        self.decoded.get()
    }

    /// From now on, whether decoding goes on where the one before met an error, instead of reading everything again:
    /// that finds the next error, and gives no value that could be used. Starts with nothing known.
    pub fn resume(&self, resume: bool) {
        self.resume.set(resume);
        self.right.borrow_mut().clear();
    }

    /// Whether decoding goes on where the one before met an error.
    pub fn resumes(&self) -> bool {
        self.resume.get()
    }

    pub(super) fn count(&self) {
        self.decoded.set(self.decoded.get() + 1);
    }

    pub(super) fn add_secret(&self, span: Span) {
        self.secrets.borrow_mut().insert(span);
    }

    pub(super) fn add_typed(&self, span: Span) {
        self.typed.borrow_mut().insert(span);
    }

    /// The value here may be anything.
    pub(super) fn is_free(&self, span: Span) {
        self.typed.borrow_mut().remove(&span);
    }

    pub(super) fn add_fields(&self, names: &'static [&'static str]) {
        self.fields.borrow_mut().extend(names);
    }

    /// The first item to be read of the list or mapping at `span`. One that is right is read again, so that none is empty.
    pub(super) fn first(&self, span: Span) -> usize {
        match self.resume.get() {
            true => self
                .right
                .borrow()
                .get(&span)
                .map_or(0, |right| right.saturating_sub(1)),
            false => 0,
        }
    }

    /// The items of the list or mapping at `span` before number `count` are right.
    pub(super) fn is_right(&self, span: Span, count: usize) {
        if self.resume.get() {
            self.right.borrow_mut().insert(span, count);
        }
    }
}
