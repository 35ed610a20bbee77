//! The categories that selectors name.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::diagnostic::Diagnostic;
use crate::model::category::{Categories, Category, CategoryKind, CategoryReference};
use crate::model::glob::Glob;
use crate::model::near::{nearest, suggestion};
use crate::model::origin::{Declared, Origin};

use super::notes::Notes;

/// How many categories a message lists.
const LISTED_MAX: usize = 10;

/// The categories of a kind that any of some references means.
pub(super) fn look_up(
    references: &[Declared<CategoryReference>],
    kind: CategoryKind,
    categories: &Categories,
    notes: &mut Notes,
) -> BTreeSet<Uuid> {
    let mut all = BTreeSet::new();
    for Declared { value, origin } in references {
        let found = categories.matching(value, kind);
        let error = match value {
            CategoryReference::Title(title) => check_title(title, kind, &found, *origin, categories, notes),
            CategoryReference::Id(id) if found.is_empty() => Some(not_of_kind(*id, kind, *origin, categories)),
            CategoryReference::Id(_) => None,
            CategoryReference::Family(title) => {
                let families =
                    categories.matching(&CategoryReference::Title(title.clone()), CategoryKind::ProductFamily);
                check_title(title, CategoryKind::ProductFamily, &families, *origin, categories, notes)
            }
        };
        if let Some(error) = error {
            notes.error(error);
        }
        all.extend(found);
    }
    all
}

/// What is wrong with a title that means these categories.
fn check_title(
    title: &Glob,
    kind: CategoryKind,
    found: &BTreeSet<Uuid>,
    origin: Origin,
    categories: &Categories,
    notes: &mut Notes,
) -> Option<Diagnostic> {
    if found.is_empty() {
        return Some(unknown(title, kind, origin, categories, notes));
    }
    (!title.has_wildcard() && found.len() > 1).then(|| ambiguous(title, kind, found, origin, categories))
}

fn unknown(title: &Glob, kind: CategoryKind, origin: Origin, categories: &Categories, notes: &mut Notes) -> Diagnostic {
    let Words { one, code, summary } = words(kind);
    let of_kind: Vec<&Category> = categories.0.values().filter(|category| category.kind == kind).collect();
    // Of a pattern that matches nothing the letters may still be nearly those of a title.
    let letters: String = title.as_str().chars().filter(|c| !matches!(c, '*' | '?')).collect();
    let letters = letters.trim();
    let near = of_another_kind(title, kind, categories).or_else(|| {
        let own = notes.may_compare(of_kind.len()).then(|| suggestion(letters, titles(&of_kind))).flatten();
        own.or_else(|| like_another_kind(letters, kind, categories, notes))
    });
    let matches = if title.has_wildcard() { "that matches" } else { "called" };
    let error = Diagnostic::error(code, summary)
        .detail(format!("The server has no {one} {matches} `{}`.", title.as_str()))
        .at(origin, format!("no such {one}"));
    let error = match near {
        Some(question) => error.help(question),
        None => error,
    };
    error.help("check the spelling; a category synchronisation may bring it: apply --sync-categories")
}

fn titles<'a>(categories: &[&'a Category]) -> impl Iterator<Item = &'a str> {
    let all = categories.iter().flat_map(|category| std::iter::once(&category.title).chain(&category.other_titles));
    all.map(String::as_str)
}

/// The kinds that people take for each other.
fn other_kinds(kind: CategoryKind) -> &'static [CategoryKind] {
    match kind {
        CategoryKind::Classification => &[CategoryKind::Product, CategoryKind::ProductFamily],
        CategoryKind::Product => &[CategoryKind::ProductFamily, CategoryKind::Classification],
        CategoryKind::ProductFamily => &[CategoryKind::Product, CategoryKind::Classification],
        CategoryKind::Company | CategoryKind::Other => &[],
    }
}

/// How to write what a title or a pattern means among another kind.
fn written_as(kind: CategoryKind, title: &str) -> String {
    match kind {
        CategoryKind::ProductFamily => {
            format!("`{title}` is a product family: write `{{family: {title}}}` under `products`")
        }
        CategoryKind::Product => format!("`{title}` is a product: write `{title}` under `products`"),
        _ => format!("`{title}` is a classification: write it under `classifications`"),
    }
}

fn of_another_kind(title: &Glob, kind: CategoryKind, categories: &Categories) -> Option<String> {
    let reference = CategoryReference::Title(title.clone());
    let means = |kind: &&CategoryKind| !categories.matching(&reference, **kind).is_empty();
    let other = *other_kinds(kind).iter().find(means)?;
    if title.has_wildcard() {
        let of = words(other).one;
        return Some(format!("`{}` matches titles of the kind {of}: {}", title.as_str(), place_of(other)));
    }
    Some(written_as(other, title.as_str()))
}

fn place_of(kind: CategoryKind) -> &'static str {
    match kind {
        CategoryKind::ProductFamily => "write `{family: PATTERN}` under `products`",
        CategoryKind::Product => "write the pattern under `products`",
        _ => "write the pattern under `classifications`",
    }
}

fn like_another_kind(letters: &str, kind: CategoryKind, categories: &Categories, notes: &mut Notes) -> Option<String> {
    other_kinds(kind).iter().find_map(|other| {
        let of_kind: Vec<&Category> = categories.0.values().filter(|category| category.kind == *other).collect();
        let near = notes.may_compare(of_kind.len()).then(|| nearest(letters, titles(&of_kind)))?;
        near.first().map(|title| written_as(*other, title))
    })
}

fn ambiguous(
    title: &Glob,
    kind: CategoryKind,
    found: &BTreeSet<Uuid>,
    origin: Origin,
    categories: &Categories,
) -> Diagnostic {
    let Words { one, .. } = words(kind);
    let mut error = Diagnostic::error("ambiguous-category", "A title that several categories have")
        .detail(format!("`{}` is the title of {} categories of the kind {one}.", title.as_str(), found.len()))
        .at(origin, "means several");
    for id in found.iter().take(LISTED_MAX) {
        let parent = categories.0.get(id).and_then(|category| category.parent);
        let below = parent.map_or_else(String::new, |parent| format!(", below `{}`", categories.title(parent)));
        error = error.help(format!("write {{id: {id}}} for `{}`{below}", categories.title(*id)));
    }
    if found.len() > LISTED_MAX {
        error = error.help(format!("and {} more", found.len() - LISTED_MAX));
    }
    error
}

fn not_of_kind(id: Uuid, kind: CategoryKind, origin: Origin, categories: &Categories) -> Diagnostic {
    let Words { one, code, summary } = words(kind);
    match categories.0.get(&id) {
        None => Diagnostic::error(code, summary)
            .detail(format!("The server has no {one} with the id {id}."))
            .at(origin, format!("no such {one}"))
            .help("check the id; a category synchronisation may bring it: apply --sync-categories"),
        Some(other) => {
            let is = words(other.kind).one;
            Diagnostic::error("category-of-another-kind", "A category of another kind")
                .detail(format!("{id} is the {is} `{}`, not a {one}.", other.title))
                .at(origin, format!("is not a {one}"))
                .help(match other.kind {
                    CategoryKind::ProductFamily => "write `{family: TITLE}` for the products of a family",
                    _ => "name it under the key of its own kind, or name another id",
                })
        }
    }
}

/// How messages call a kind of category.
struct Words {
    one: &'static str,
    /// The code of an unknown one.
    code: &'static str,
    /// The summary of an unknown one.
    summary: &'static str,
}

fn words(kind: CategoryKind) -> Words {
    let (one, code, summary) = match kind {
        CategoryKind::Classification => ("classification", "unknown-classification", "Unknown classification"),
        CategoryKind::Product => ("product", "unknown-product", "Unknown product"),
        CategoryKind::ProductFamily => ("product family", "unknown-product-family", "Unknown product family"),
        CategoryKind::Company => ("company", "unknown-category", "Unknown category"),
        CategoryKind::Other => ("category of another kind", "unknown-category", "Unknown category"),
    };
    Words { one, code, summary }
}
