//! `groups`.

use super::super::document::Group;
use super::super::problems::Problems;
use super::super::shape::{Fields, Keyed, Shape, boolean, list, name, names};

pub(super) const GROUP: Shape =
    Shape::new("a computer group", &["name", "groups", "computers", "except", "requireComputers"]);

/// Reads a list of groups and what is below them.
pub(super) fn groups(value: Keyed<'_>, problems: &mut Problems) -> Vec<Group> {
    let Some(items) = list(value, "computer groups", problems) else { return Vec::new() };
    let mut read = Vec::with_capacity(items.len());
    read.extend(items.filter_map(|item| group(item, problems)));
    read
}

fn group(value: Keyed<'_>, problems: &mut Problems) -> Option<Group> {
    let mut fields = Fields::of(value, &GROUP, problems)?;
    let name = fields.require("name", problems).and_then(|value| name(&value, "a computer group", problems));
    let groups = fields.take("groups").map(|value| groups(value, problems)).unwrap_or_default();
    let computers = fields.take("computers").and_then(|value| names(value, "a computer", problems));
    let except = fields.take("except").and_then(|value| names(value, "a computer", problems));
    let require_computers = fields.take("requireComputers").map(|value| boolean(&value, problems)).unwrap_or_default();
    Some(Group { name: name?, groups, computers, except, require_computers })
}
