//! Changes to a manifest's text that make it say what the server has.

use super::address::Address;
use super::origin::Origin;

/// Where a walk through a document begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Start {
    /// At the document.
    Root,
    /// At the scalar that begins here, or at the value of the key that does.
    At(u32),
}

/// A step of the walk.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// To the value of a key.
    Key(String),
    /// To an item of a list, from 0.
    Item(usize),
    /// To the list or map around.
    Up,
}

/// A value in a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Where the walk begins.
    pub start: Start,
    /// Its steps.
    pub steps: Vec<Step>,
}

impl Place {
    /// The value at a path below `spec`, its keys separated by points.
    #[must_use]
    pub fn in_spec(path: &str) -> Self {
        Self { start: Start::Root, steps: Vec::new() }.key("spec").path(path)
    }

    /// The scalar that begins at an origin, or the value of the key that does.
    #[must_use]
    pub fn at(origin: Origin) -> Self {
        Self { start: Start::At(origin.start), steps: Vec::new() }
    }

    /// The value of keys below, separated by points.
    #[must_use]
    pub fn path(self, path: &str) -> Self {
        path.split('.').fold(self, Self::key)
    }

    /// The value of a key below.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.steps.push(Step::Key(key.to_owned()));
        self
    }

    /// An item below.
    #[must_use]
    pub fn item(mut self, index: usize) -> Self {
        self.steps.push(Step::Item(index));
        self
    }

    /// The list or map around.
    #[must_use]
    pub fn up(mut self) -> Self {
        self.steps.push(Step::Up);
        self
    }
}

/// One change to a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// A value comes to say what this YAML says: a scalar, or a list or map in flow style.
    Value {
        /// The value.
        place: Place,
        /// What it is to say.
        yaml: String,
        /// What a map in block style is to say in its place, where that has to be a map, too.
        map: Option<String>,
    },
    /// An item leaves its list.
    Removal {
        /// The item.
        place: Place,
    },
    /// A list gets an item at its end.
    Item {
        /// The list.
        place: Place,
        /// The item, perhaps in several lines, which are indented as they follow on the first one.
        yaml: String,
        /// What stands behind its first line as a comment, where there is room for one; else empty.
        remark: String,
    },
    /// A list of words comes to hold exactly these, by what they fold to (lower case, without spaces around them).
    Words {
        /// The list.
        place: Place,
        /// Each word as YAML.
        words: Vec<String>,
    },
}

/// Edits that belong together: all of them are made or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// What they are about.
    pub addresses: Vec<Address>,
    /// The edits.
    pub edits: Vec<Edit>,
}
