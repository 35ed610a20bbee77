//! Changes a manifest's text where its values stand, and leaves everything else as it is: comments, order, layout.
//!
//! An edit is made only where the text says in which bytes. What comes out is read again and compared with what was meant, so a
//! text that YAML takes for something else never leaves here.

mod data;
mod layout;
mod operation;
mod tree;

use std::collections::BTreeMap;

use crate::model::revision::Revision;

use layout::Layout;
use operation::{Operation, Operations};
use tree::Tree;

/// Why something stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Refusal {
    /// There is no such value.
    #[error("nothing of the manifest says it")]
    Absent,
    /// The value is another one's.
    #[error("an alias stands there, and other places may share what it stands for")]
    Alias,
    /// Other places may say the same through it.
    #[error("it has an anchor, or stands inside what has one, and other places may share it")]
    Anchor,
    /// A removal would take comments along.
    #[error("comments stand inside it")]
    Comments,
    /// It is laid out in a way that is not edited.
    #[error("it is written in a way that cannot be edited in place")]
    Layout,
    /// It would have to become something of another shape.
    #[error("it would have to be written in another shape")]
    Shape,
    /// Several edits meet there.
    #[error("other changes meet it")]
    Conflict,
}

/// A text after its edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The text.
    pub text: String,
    /// The revisions that were not made, by their number, and why.
    pub refused: BTreeMap<usize, Refusal>,
}

/// What is wrong with edits as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is no YAML.
    #[error("the text cannot be read")]
    Unreadable,
    /// Edits that cannot be written together.
    #[error("the edits meet in a way that cannot be written")]
    Unwritable,
    /// The result says something else than was meant.
    #[error("the edited text would not say what was meant")]
    Misread,
}

/// Makes the revisions in the first document of a text. One that cannot be made whole is not made at all.
///
/// # Errors
/// [`EditError`]: then nothing can be said about any of them.
pub fn edit(text: &str, revisions: &[Revision]) -> Result<Edited, EditError> {
    // Places count from behind a byte order mark.
    let (mark, text) = match text.strip_prefix('\u{feff}') {
        Some(rest) => ("\u{feff}", rest),
        None => ("", text),
    };
    let tree = Tree::parse(text).ok_or(EditError::Unreadable)?;
    let mut operations = Operations::default();
    let mut refused = BTreeMap::new();
    for (number, revision) in revisions.iter().enumerate() {
        let found: Result<Vec<Vec<Operation>>, Refusal> =
            revision.edits.iter().map(|edit| operation::of(edit, text, &tree)).collect();
        if let Err(refusal) = found.and_then(|found| operations.add(found.into_iter().flatten().collect())) {
            refused.insert(number, refusal);
        }
    }
    let written = Layout { text, tree: &tree }.write(&operations).map_err(|_| EditError::Unwritable)?;
    let read = Tree::parse(&written).ok_or(EditError::Misread)?;
    if data::Data::of(&read.root) != operations.meant(&tree.root) {
        return Err(EditError::Misread);
    }
    Ok(Edited { text: format!("{mark}{written}"), refused })
}

#[cfg(test)]
mod tests;
