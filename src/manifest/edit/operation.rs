//! Edits -> what happens to which piece of the text.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_saphyr::granit_parser::ScalarStyle;

use super::Refusal;
use super::data::Data;
use super::layout::Layout;
use super::tree::{Piece, Tree, Value};
use crate::model::revision::{Edit, Place, Start, Step};

/// The numbers of the children that lead to a piece.
pub(super) type Path = Vec<usize>;

/// What happens to a piece.
#[derive(Debug)]
pub(super) enum Operation {
    /// Its bytes become others.
    Replace { path: Path, bytes: Range<usize>, yaml: String },
    /// A child goes.
    Remove { path: Path, child: usize },
    /// A child comes.
    Append { path: Path, new: New },
}

/// A new child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct New {
    /// Its key; none for an item of a list.
    pub(super) key: Option<String>,
    /// Its value.
    pub(super) yaml: String,
    /// A comment behind it; may be empty.
    pub(super) remark: String,
}

/// What happens to the children of a list or map.
#[derive(Debug, Default)]
pub(super) struct Children {
    pub(super) removed: BTreeSet<usize>,
    pub(super) added: Vec<New>,
}

/// All that happens to a text.
#[derive(Debug, Default)]
pub(super) struct Operations {
    pub(super) replaced: BTreeMap<Path, (Range<usize>, String)>,
    pub(super) children: BTreeMap<Path, Children>,
}

impl Operations {
    /// Adds what belongs together, or nothing of it.
    pub(super) fn add(&mut self, operations: Vec<Operation>) -> Result<(), Refusal> {
        for operation in &operations {
            let meets = match operation {
                Operation::Replace { path, yaml, .. } => {
                    self.replaced.get(path).is_some_and(|(_, other)| other != yaml) || self.removes_around(path)
                }
                Operation::Remove { path, child } => {
                    let mut removed = path.clone();
                    removed.push(*child);
                    self.changes_below(&removed) || self.removes_around(path)
                }
                Operation::Append { path, .. } => self.removes_around(path),
            };
            if meets {
                return Err(Refusal::Conflict);
            }
        }
        for operation in operations {
            match operation {
                Operation::Replace { path, bytes, yaml } => _ = self.replaced.insert(path, (bytes, yaml)),
                Operation::Remove { path, child } => {
                    _ = self.children.entry(path).or_default().removed.insert(child);
                }
                Operation::Append { path, new } => self.children.entry(path).or_default().added.push(new),
            }
        }
        Ok(())
    }

    fn removes_around(&self, path: &Path) -> bool {
        (0..path.len()).any(|depth| {
            self.children.get(&path[..depth]).is_some_and(|children| children.removed.contains(&path[depth]))
        })
    }

    fn changes_below(&self, path: &Path) -> bool {
        // What is below a path follows it in the order of paths.
        let replaced = self.replaced.range(path.clone()..).next().map(|(changed, _)| changed);
        let children = self.children.range(path.clone()..).next().map(|(changed, _)| changed);
        replaced.into_iter().chain(children).any(|changed| changed.starts_with(path))
    }

    /// What the text is to say.
    pub(super) fn meant(&self, root: &Piece) -> Data {
        self.meant_at(root, &mut Vec::new())
    }

    fn meant_at(&self, piece: &Piece, path: &mut Path) -> Data {
        if let Some((_, yaml)) = self.replaced.get(path) {
            return Data::parse(yaml).unwrap_or(Data::Alias);
        }
        let none = Children::default();
        let Children { removed, added } = self.children.get(path).unwrap_or(&none);
        let mut below = |index: usize, child: &Piece| {
            path.push(index);
            let data = self.meant_at(child, path);
            path.pop();
            data
        };
        let parse = |new: &New| Data::parse(&new.yaml).unwrap_or(Data::Alias);
        match &piece.value {
            Value::Scalar { .. } | Value::Alias => Data::of(piece),
            Value::List { items, .. } => {
                let kept = items.iter().enumerate().filter(|(index, _)| !removed.contains(index));
                let mut data: Vec<Data> = kept.map(|(index, item)| below(index, item)).collect();
                data.extend(added.iter().map(parse));
                Data::List(data)
            }
            Value::Map { entries, .. } => {
                let kept = entries.iter().enumerate().filter(|(index, _)| !removed.contains(index));
                let mut data: Vec<(String, Data)> =
                    kept.map(|(index, entry)| (entry.key.clone(), below(index, &entry.value))).collect();
                data.extend(added.iter().map(|new| (new.key.clone().unwrap_or_default(), parse(new))));
                Data::Map(data)
            }
        }
    }
}

/// What an edit comes to.
pub(super) fn of(edit: &Edit, text: &str, tree: &Tree) -> Result<Vec<Operation>, Refusal> {
    let layout = Layout { text, tree };
    let mut operations = Vec::new();
    match edit {
        Edit::Value { place, yaml, map } => {
            let path = locate(place, tree)?;
            let piece = unshared(&path, tree)?;
            let in_lines = matches!(piece.value, Value::Map { flow: false, .. });
            let yaml = map.as_ref().filter(|_| in_lines).unwrap_or(yaml);
            value(piece, path, yaml, &layout, &mut operations)?;
        }
        Edit::Removal { place } => {
            let mut path = locate(place, tree)?;
            unshared(&path, tree)?;
            let child = path.pop().ok_or(Refusal::Shape)?;
            remove(unshared(&path, tree)?, path, child, &layout, &mut operations)?;
        }
        Edit::Item { place, yaml, remark } => {
            let path = locate(place, tree)?;
            let list = unshared(&path, tree)?;
            if !matches!(list.value, Value::List { .. }) {
                return Err(Refusal::Shape);
            }
            let new = New { key: None, yaml: yaml.clone(), remark: remark.clone() };
            append(list, path, new, &layout, &mut operations)?;
        }
        Edit::Words { place, words } => {
            let path = locate(place, tree)?;
            self::words(unshared(&path, tree)?, path, words, &layout, &mut operations)?;
        }
    }
    Ok(operations)
}

fn locate(place: &Place, tree: &Tree) -> Result<Path, Refusal> {
    let Place { start, steps } = place;
    let mut path = Path::new();
    if let Start::At(byte) = start
        && !tree.root.find(*byte as usize, &mut path)
    {
        return Err(Refusal::Absent);
    }
    for step in steps {
        let child = match step {
            Step::Up => {
                path.pop().ok_or(Refusal::Absent)?;
                continue;
            }
            Step::Item(index) => Some(*index),
            Step::Key(key) => match &walk(&path, tree)?.value {
                Value::Map { entries, .. } => entries.iter().position(|entry| entry.key == *key),
                Value::Alias => return Err(Refusal::Alias),
                Value::Scalar { .. } | Value::List { .. } => None,
            },
        };
        path.push(child.ok_or(Refusal::Absent)?);
        walk(&path, tree)?;
    }
    Ok(path)
}

fn walk<'t>(path: &Path, tree: &'t Tree) -> Result<&'t Piece, Refusal> {
    path.iter().try_fold(&tree.root, |piece, child| match piece.value {
        Value::Alias => Err(Refusal::Alias),
        _ => piece.child(*child).ok_or(Refusal::Absent),
    })
}

/// The piece at a path, which is nobody else's.
fn unshared<'t>(path: &Path, tree: &'t Tree) -> Result<&'t Piece, Refusal> {
    let mut piece = &tree.root;
    for child in path {
        if piece.anchored {
            return Err(Refusal::Anchor);
        }
        piece = piece.child(*child).ok_or(Refusal::Absent)?;
    }
    match piece.value {
        Value::Alias => Err(Refusal::Alias),
        _ if is_shared(piece) => Err(Refusal::Anchor),
        _ => Ok(piece),
    }
}

/// Whether a piece or something below it has an anchor.
fn is_shared(piece: &Piece) -> bool {
    piece.anchored
        || match &piece.value {
            Value::List { items, .. } => items.iter().any(is_shared),
            Value::Map { entries, .. } => entries.iter().any(|entry| is_shared(&entry.value)),
            Value::Scalar { .. } | Value::Alias => false,
        }
}

/// Makes a piece say what some YAML says, with as little as that takes.
fn value(
    piece: &Piece,
    path: Path,
    yaml: &str,
    layout: &Layout<'_>,
    operations: &mut Vec<Operation>,
) -> Result<(), Refusal> {
    let wanted = Tree::parse(yaml).ok_or(Refusal::Shape)?.root;
    if Data::of(piece) == Data::of(&wanted) {
        return Ok(());
    }
    let bytes = piece.start..piece.end;
    match (&piece.value, &wanted.value) {
        (Value::Alias, _) => Err(Refusal::Alias),
        (Value::Scalar { style: ScalarStyle::Literal | ScalarStyle::Folded, .. }, _) => Err(Refusal::Layout),
        (Value::Scalar { .. }, _) if bytes.is_empty() => {
            operations.push(Operation::Replace { path, bytes, yaml: format!(" {yaml}") });
            Ok(())
        }
        (Value::Scalar { style, .. }, _) => {
            operations.push(Operation::Replace { path, bytes, yaml: quoted_like(*style, &wanted, yaml) });
            Ok(())
        }
        (Value::List { flow: true, .. } | Value::Map { flow: true, .. }, _) => {
            if layout.tree.comments_in(&bytes).next().is_some() {
                return Err(Refusal::Comments);
            }
            operations.push(Operation::Replace { path, bytes, yaml: yaml.to_owned() });
            Ok(())
        }
        (Value::Map { flow: false, entries }, Value::Map { entries: wanted, .. }) => {
            for entry in wanted {
                let below = &yaml[entry.value.start..entry.value.end];
                match entries.iter().position(|old| old.key == entry.key) {
                    Some(index) => {
                        let mut path = path.clone();
                        path.push(index);
                        value(&entries[index].value, path, below, layout, operations)?;
                    }
                    None => {
                        let key = Some(yaml[entry.at.clone()].to_owned());
                        let new = New { key, yaml: below.to_owned(), remark: String::new() };
                        append(piece, path.clone(), new, layout, operations)?;
                    }
                }
            }
            for (index, entry) in entries.iter().enumerate() {
                if !wanted.iter().any(|new| new.key == entry.key) {
                    remove(piece, path.clone(), index, layout, operations)?;
                }
            }
            Ok(())
        }
        (Value::List { .. } | Value::Map { .. }, _) => Err(Refusal::Shape),
    }
}

/// A word in the quotes of the one that it takes the place of.
fn quoted_like(style: ScalarStyle, wanted: &Piece, yaml: &str) -> String {
    let is_text = match &wanted.value {
        Value::Scalar { text, style: ScalarStyle::Plain } => {
            text.parse::<f64>().is_err() && !matches!(text.as_str(), "true" | "false" | "null" | "~" | "none")
        }
        _ => false,
    };
    match style {
        ScalarStyle::DoubleQuoted if is_text => format!("\"{yaml}\""),
        ScalarStyle::SingleQuoted if is_text => format!("'{yaml}'"),
        _ => yaml.to_owned(),
    }
}

fn remove(
    piece: &Piece,
    path: Path,
    child: usize,
    layout: &Layout<'_>,
    operations: &mut Vec<Operation>,
) -> Result<(), Refusal> {
    layout.can_remove(piece, child)?;
    operations.push(Operation::Remove { path, child });
    Ok(())
}

fn append(
    piece: &Piece,
    path: Path,
    new: New,
    layout: &Layout<'_>,
    operations: &mut Vec<Operation>,
) -> Result<(), Refusal> {
    layout.can_append(piece, &new)?;
    operations.push(Operation::Append { path, new });
    Ok(())
}

fn words(
    piece: &Piece,
    path: Path,
    words: &[String],
    layout: &Layout<'_>,
    operations: &mut Vec<Operation>,
) -> Result<(), Refusal> {
    let Value::List { items, .. } = &piece.value else {
        return value(piece, path, &format!("[{}]", words.join(", ")), layout, operations);
    };
    let fold = |text: &str| text.trim().to_lowercase();
    let folded = |data: Option<Data>| match data {
        Some(Data::Scalar(text, _)) => Some(fold(&text)),
        _ => None,
    };
    let mut wanted: BTreeMap<String, &String> = BTreeMap::new();
    for word in words {
        wanted.insert(folded(Data::parse(word)).ok_or(Refusal::Shape)?, word);
    }
    for (index, item) in items.iter().enumerate() {
        let Some(word) = folded(Some(Data::of(item))) else { return Err(Refusal::Alias) };
        if wanted.remove(&word).is_none() {
            remove(piece, path.clone(), index, layout, operations)?;
        }
    }
    for word in wanted.into_values() {
        let new = New { key: None, yaml: word.clone(), remark: String::new() };
        append(piece, path.clone(), new, layout, operations)?;
    }
    Ok(())
}
