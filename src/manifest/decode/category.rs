//! Classifications and products: a title, or a map with `id` or `family`.

use super::super::node::Value;
use super::super::problems::Problems;
use super::super::shape::{Fields, Keyed, Shape, name, null, wrong_type};
use super::choices::{Choices, choices};
use super::uuid;
use crate::diagnostic::Diagnostic;
use crate::model::category::CategoryReference;
use crate::model::glob::Glob;
use crate::model::name::fold;
use crate::model::origin::Declared;

/// The kinds of categories that a manifest names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// Classifications.
    Classifications,
    /// Products, which have families.
    Products,
}

pub(super) const CLASSIFICATION: Shape = Shape::new("a classification", &["id"]);
pub(super) const PRODUCT: Shape = Shape::new("a product", &["id", "family"]);

/// Reads a list of categories.
pub(super) fn categories(
    value: Keyed<'_>,
    named: Named,
    alone: bool,
    problems: &mut Problems,
) -> Option<Vec<Declared<CategoryReference>>> {
    let of = match named {
        Named::Classifications => "classifications",
        Named::Products => "products",
    };
    choices(value, &Choices { of, alone }, problems, |item, problems| category(item, named, problems), meaning)
}

/// Reads a list of categories that is owned as a set: it may be empty.
pub(super) fn category_set(
    value: Keyed<'_>,
    named: Named,
    problems: &mut Problems,
) -> Option<Vec<Declared<CategoryReference>>> {
    if matches!(&value.node.value, Value::Sequence(items) if items.is_empty()) {
        return Some(Vec::new());
    }
    categories(value, named, false, problems)
}

/// What tells two references apart: case and spaces at the end do not.
fn meaning(reference: &CategoryReference) -> (u8, String) {
    match reference {
        CategoryReference::Title(title) => (0, fold(title.as_str())),
        CategoryReference::Id(id) => (1, id.to_string()),
        CategoryReference::Family(family) => (2, fold(family.as_str())),
    }
}

fn category(value: Keyed<'_>, named: Named, problems: &mut Problems) -> Option<Declared<CategoryReference>> {
    let origin = value.place();
    let shape = match named {
        Named::Classifications => &CLASSIFICATION,
        Named::Products => &PRODUCT,
    };
    if matches!(value.node.value, Value::Mapping(_)) {
        return by_key(value, shape, problems).map(|value| Declared { value, origin });
    }
    if value.node.is_null() {
        problems.push(null(origin, "write a title or {id: UUID}"));
        return None;
    }
    if value.node.text().is_none() {
        problems.push(wrong_type("a title or {id: UUID}", &value.node, origin));
        return None;
    }
    let title = name(&value, shape.what, problems)?;
    if title.value.len() >= 32 && title.value.chars().all(|c| c.is_ascii_hexdigit() || c == '-') {
        problems.push(
            Diagnostic::error("id-as-title", "an id in the place of a title")
                .detail(format!("no title is `{}`", title.value))
                .at(origin, "")
                .help(format!("write {{id: {}}}", title.value)),
        );
        return None;
    }
    Some(Declared { value: CategoryReference::Title(Glob::new(&title.value)), origin })
}

fn by_key(value: Keyed<'_>, shape: &'static Shape, problems: &mut Problems) -> Option<CategoryReference> {
    let place = value.place();
    let families = shape.keys.contains(&"family");
    if let Value::Mapping(entries) = &value.node.value
        && let Some(family) = entries.iter().find(|entry| entry.key == "family")
        && !families
    {
        problems.push(
            Diagnostic::error("unknown-key", "a key that is not known here")
                .detail("products have families, classifications have none")
                .at(family.origin, "")
                .help("write a title or {id: UUID}"),
        );
        return None;
    }
    let before = problems.errors();
    let mut fields = Fields::of(value, shape, problems)?;
    let id = fields.take("id");
    let family = if families { fields.take("family") } else { None };
    match (id, family) {
        (Some(id), None) => {
            let id = super::super::shape::text(&id, problems)?;
            uuid(&id.value, id.origin, problems).map(|id| CategoryReference::Id(id.value))
        }
        (None, Some(family)) => {
            let family = name(&family, "a product family", problems)?;
            Some(CategoryReference::Family(Glob::new(&family.value)))
        }
        (Some(id), Some(family)) => {
            problems.push(
                Diagnostic::error("contradiction", "conditions that exclude each other")
                    .detail("a reference to products has either `id` or `family`")
                    .at(family.key, "")
                    .and(id.key, "")
                    .help("make two list entries of them"),
            );
            None
        }
        (None, None) => {
            // Where a key is unknown, that is what is wrong.
            if problems.errors() == before {
                let keys = if families { "`id` or `family`" } else { "`id`" };
                problems.push(
                    Diagnostic::error("missing-key", "a required key is missing")
                        .detail(format!("{} needs {keys}", shape.what))
                        .at(place, ""),
                );
            }
            None
        }
    }
}
