//! How lists and maps are written, and how a child goes and comes without disturbing the others.

use std::ops::Range;

use super::Refusal;
use super::operation::{Children, New, Operations};
use super::tree::{Piece, Tree, Value};

/// A text and its pieces.
pub(super) struct Layout<'t> {
    pub(super) text: &'t str,
    pub(super) tree: &'t Tree,
}

/// Bytes that become others.
type Replacement = (Range<usize>, String);

impl Layout<'_> {
    /// Whether a child can go: in block style it has lines of its own, and no comment has one inside it.
    pub(super) fn can_remove(&self, piece: &Piece, child: usize) -> Result<(), Refusal> {
        let bytes = child_bytes(piece, child).ok_or(Refusal::Absent)?;
        match is_flow(piece)? {
            true => self.plain_flow(piece),
            false => {
                let prefix = self.prefix(bytes.start);
                let own_lines = match piece.value {
                    Value::List { .. } => is_dash(prefix),
                    _ => is_blank(prefix),
                };
                if !own_lines || !self.ends_line(bytes.end) {
                    return Err(Refusal::Layout);
                }
                let mut inside = self.tree.comments_in(&bytes);
                if inside.any(|comment| is_blank(self.prefix(comment.start))) {
                    return Err(Refusal::Comments);
                }
                Ok(())
            }
        }
    }

    /// Whether a child can come.
    pub(super) fn can_append(&self, piece: &Piece, new: &New) -> Result<(), Refusal> {
        if is_flow(piece)? {
            return if new.yaml.contains('\n') { Err(Refusal::Layout) } else { self.plain_flow(piece) };
        }
        let last = children(piece).checked_sub(1).and_then(|last| child_bytes(piece, last)).ok_or(Refusal::Layout)?;
        let has_prefix = match piece.value {
            Value::List { .. } => is_dash(self.prefix(last.start)),
            _ => true,
        };
        if has_prefix && self.ends_line(last.end) { Ok(()) } else { Err(Refusal::Layout) }
    }

    /// A list or map in brackets without comments, every child of which follows on a bracket or a comma.
    fn plain_flow(&self, piece: &Piece) -> Result<(), Refusal> {
        if self.tree.comments_in(&(piece.start..piece.end)).next().is_some() {
            return Err(Refusal::Comments);
        }
        let follows = |index: usize| {
            let start = child_bytes(piece, index).map_or(piece.start, |bytes| bytes.start);
            self.text[..start].trim_end().ends_with(['[', '{', ','])
        };
        if (0..children(piece)).all(follows) { Ok(()) } else { Err(Refusal::Layout) }
    }

    /// The text with everything that happens to it.
    pub(super) fn write(&self, operations: &Operations) -> Result<String, Refusal> {
        let mut replacements: Vec<Replacement> = operations.replaced.values().cloned().collect();
        for (path, children) in &operations.children {
            let piece = path.iter().try_fold(&self.tree.root, |piece, child| piece.child(*child));
            let piece = piece.ok_or(Refusal::Absent)?;
            if is_flow(piece)? {
                replacements.extend(self.flow(piece, children));
            } else {
                let around = path.split_last().and_then(|(child, above)| {
                    let map = above.iter().try_fold(&self.tree.root, |piece, child| piece.child(*child))?;
                    Some((map, *child))
                });
                replacements.extend(self.block(piece, children, around)?);
            }
        }
        replacements.sort_by_key(|(bytes, _)| (bytes.start, bytes.end));
        let mut written = String::with_capacity(self.text.len());
        let mut at = 0;
        for (bytes, text) in replacements {
            if bytes.start < at {
                return Err(Refusal::Conflict);
            }
            written += &self.text[at..bytes.start];
            written += &text;
            at = bytes.end;
        }
        Ok(written + &self.text[at..])
    }

    fn flow(&self, piece: &Piece, changes: &Children) -> Vec<Replacement> {
        let count = children(piece);
        let bytes = |index: usize| child_bytes(piece, index).unwrap_or(piece.start..piece.start);
        let kept: Vec<usize> = (0..count).filter(|index| !changes.removed.contains(index)).collect();
        let added: Vec<String> = changes.added.iter().map(flow_child).collect();
        let Some(last_kept) = kept.last().copied() else {
            // All that stands between the brackets goes.
            return vec![(piece.start + 1..piece.end - 1, added.join(", "))];
        };
        let mut replacements = Vec::new();
        for index in changes.removed.iter().filter(|index| **index < last_kept) {
            replacements.push((bytes(*index).start..bytes(index + 1).start, String::new()));
        }
        let separator = self.separator(piece, last_kept);
        let added: String = added.iter().map(|child| format!("{separator}{child}")).collect();
        let behind = bytes(last_kept).end..bytes(count - 1).end;
        if !behind.is_empty() || !added.is_empty() {
            replacements.push((behind, added));
        }
        replacements
    }

    /// What stands between two children in brackets: a comma, and a line end where each has a line of its own.
    fn separator(&self, piece: &Piece, child: usize) -> String {
        let prefix = child_bytes(piece, child).map_or("", |bytes| self.prefix(bytes.start));
        if is_blank(prefix) && self.text[piece.start..piece.end].contains('\n') {
            format!(",{}{prefix}", self.line_end())
        } else {
            ", ".to_owned()
        }
    }

    fn block(
        &self,
        piece: &Piece,
        changes: &Children,
        around: Option<(&Piece, usize)>,
    ) -> Result<Vec<Replacement>, Refusal> {
        let count = children(piece);
        let bytes = |index: usize| child_bytes(piece, index).ok_or(Refusal::Absent);
        let mut replacements = Vec::new();
        for index in &changes.removed {
            let bytes = bytes(*index)?;
            replacements.push((self.line_start(bytes.start)..self.behind_line(bytes.end), String::new()));
        }
        if changes.added.is_empty() {
            if changes.removed.len() == count {
                replacements.push(self.emptied(piece, around)?);
            }
            return Ok(replacements);
        }
        let last = bytes(count.checked_sub(1).ok_or(Refusal::Layout)?)?;
        let at = self.behind_line(last.end);
        let line_end = self.line_end();
        let indent = match piece.value {
            Value::List { .. } => self.prefix(last.start).to_owned(),
            _ => " ".repeat(piece.start - self.line_start(piece.start)),
        };
        let lines: Vec<String> = changes.added.iter().map(|new| block_child(new, &indent, line_end)).collect();
        let lines = lines.join(line_end);
        // The last line of a text may lack its end.
        let ended = self.text[..at].ends_with('\n');
        let lines = if ended { format!("{lines}{line_end}") } else { format!("{line_end}{lines}") };
        replacements.push((at..at, lines));
        Ok(replacements)
    }

    /// A list that has lost every item says so behind its key.
    fn emptied(&self, piece: &Piece, around: Option<(&Piece, usize)>) -> Result<Replacement, Refusal> {
        let (Value::List { .. }, Some((map, child))) = (&piece.value, around) else { return Err(Refusal::Layout) };
        let Value::Map { flow: false, entries } = &map.value else { return Err(Refusal::Layout) };
        let behind = entries.get(child).ok_or(Refusal::Absent)?.at.end;
        let rest = &self.text[behind..];
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if !rest[blanks..].starts_with(':') {
            return Err(Refusal::Layout);
        }
        let at = behind + blanks + 1;
        Ok((at..at, " []".to_owned()))
    }

    fn line_start(&self, byte: usize) -> usize {
        self.text[..byte].rfind('\n').map_or(0, |end| end + 1)
    }

    /// The first byte of the next line.
    fn behind_line(&self, byte: usize) -> usize {
        self.text[byte..].find('\n').map_or(self.text.len(), |end| byte + end + 1)
    }

    /// What stands before a byte on its line.
    fn prefix(&self, byte: usize) -> &str {
        &self.text[self.line_start(byte)..byte]
    }

    /// Whether nothing but a comment follows on the line.
    fn ends_line(&self, byte: usize) -> bool {
        let rest = self.text[byte..self.behind_line(byte)].trim();
        rest.is_empty() || rest.starts_with('#')
    }

    fn line_end(&self) -> &'static str {
        let first = self.text.find('\n').unwrap_or_default();
        if self.text[..first].ends_with('\r') { "\r\n" } else { "\n" }
    }
}

fn is_flow(piece: &Piece) -> Result<bool, Refusal> {
    match piece.value {
        Value::List { flow, .. } | Value::Map { flow, .. } => Ok(flow),
        Value::Scalar { .. } => Err(Refusal::Shape),
        Value::Alias => Err(Refusal::Alias),
    }
}

fn children(piece: &Piece) -> usize {
    match &piece.value {
        Value::List { items, .. } => items.len(),
        Value::Map { entries, .. } => entries.len(),
        Value::Scalar { .. } | Value::Alias => 0,
    }
}

fn child_bytes(piece: &Piece, child: usize) -> Option<Range<usize>> {
    match &piece.value {
        Value::List { items, .. } => items.get(child).map(|item| item.start..item.end),
        Value::Map { entries, .. } => entries.get(child).map(|entry| entry.at.start..entry.end()),
        Value::Scalar { .. } | Value::Alias => None,
    }
}

fn is_blank(prefix: &str) -> bool {
    prefix.bytes().all(|byte| byte == b' ')
}

/// `  - `
fn is_dash(prefix: &str) -> bool {
    let rest = prefix.trim_start_matches(' ');
    rest.strip_prefix('-').is_some_and(|blanks| !blanks.is_empty() && is_blank(blanks))
}

fn flow_child(new: &New) -> String {
    let New { key, yaml, remark: _ } = new;
    match key {
        Some(key) => format!("{key}: {yaml}"),
        None => yaml.clone(),
    }
}

/// A child on lines of its own: the first behind the indent, those that follow below its text.
fn block_child(new: &New, indent: &str, line_end: &str) -> String {
    let child = flow_child(new);
    let mut lines = child.split('\n');
    let mut written = format!("{indent}{}", lines.next().unwrap_or_default());
    if !new.remark.is_empty() {
        written += &format!("  {}", new.remark);
    }
    for line in lines {
        written += &format!("{line_end}{}{line}", " ".repeat(indent.len()));
    }
    written
}
