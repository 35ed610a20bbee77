//! Products, product families and classifications.

use serde::Serialize;

use super::{Listed, or_dash};
use crate::model::listing::ListedCategory;
use crate::report::text::count::count;
use crate::report::yaml::{comment, scalar};

/// Products.
pub struct Products;

/// Product families.
pub struct Families;

/// Classifications.
pub struct Classifications;

/// A product in the JSON document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireProduct<'a> {
    id: String,
    title: &'a str,
    other_titles: &'a [String],
    families: &'a [String],
    ambiguous: bool,
    updates: u64,
}

/// A product family in the JSON document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireFamily<'a> {
    id: String,
    title: &'a str,
    other_titles: &'a [String],
    families: &'a [String],
    ambiguous: bool,
    products: u64,
}

/// A classification in the JSON document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireClassification<'a> {
    id: String,
    title: &'a str,
    other_titles: &'a [String],
    ambiguous: bool,
    updates: u64,
}

impl Listed for Products {
    type Row = ListedCategory;
    type Wire<'a> = WireProduct<'a>;
    const HEADINGS: &'static [&'static str] = &["ID", "UPDATES", "FAMILY", "TITLE"];
    const YAML_HEAD: &'static [&'static str] = &["for `spec.synchronization`, an approval rule, or a `select`"];

    fn cells(row: &ListedCategory) -> Vec<String> {
        let ListedCategory { id, title, other_titles: _, families, products: _, ambiguous: _, updates } = row;
        vec![id.to_string(), updates.to_string(), or_dash(families.join(" < ")), title.clone()]
    }

    fn wire(row: &ListedCategory) -> WireProduct<'_> {
        let ListedCategory { id, title, other_titles, families, products: _, ambiguous, updates } = row;
        WireProduct { id: id.to_string(), title, other_titles, families, ambiguous: *ambiguous, updates: *updates }
    }

    fn yaml(rows: &[ListedCategory], first: bool) -> String {
        yaml("products", rows, first)
    }
}

impl Listed for Families {
    type Row = ListedCategory;
    type Wire<'a> = WireFamily<'a>;
    const HEADINGS: &'static [&'static str] = &["ID", "PRODUCTS", "FAMILY", "TITLE"];
    const YAML_HEAD: &'static [&'static str] = Products::YAML_HEAD;

    fn cells(row: &ListedCategory) -> Vec<String> {
        let ListedCategory { id, title, other_titles: _, families, products, ambiguous: _, updates: _ } = row;
        vec![id.to_string(), products.to_string(), or_dash(families.join(" < ")), title.clone()]
    }

    fn wire(row: &ListedCategory) -> WireFamily<'_> {
        let ListedCategory { id, title, other_titles, families, products, ambiguous, updates: _ } = row;
        let (ambiguous, products) = (*ambiguous, *products);
        WireFamily { id: id.to_string(), title, other_titles, families, ambiguous, products }
    }

    /// A manifest names families by title only: one that two have means the products of both.
    fn yaml(rows: &[ListedCategory], first: bool) -> String {
        let mut out = if first { "products:\n".to_owned() } else { String::new() };
        for ListedCategory { id, title, other_titles: _, families: _, products, ambiguous, updates: _ } in rows {
            let several = if *ambiguous { ", and every other family of this title" } else { "" };
            let about = comment(&format!("{id}, {}{several}", count(*products, "product")));
            out += &format!("  - {{family: {}}}  {about}\n", scalar(title));
        }
        out
    }
}

impl Listed for Classifications {
    type Row = ListedCategory;
    type Wire<'a> = WireClassification<'a>;
    const HEADINGS: &'static [&'static str] = &["ID", "UPDATES", "TITLE"];
    const YAML_HEAD: &'static [&'static str] = Products::YAML_HEAD;

    fn cells(row: &ListedCategory) -> Vec<String> {
        let ListedCategory { id, title, other_titles: _, families: _, products: _, ambiguous: _, updates } = row;
        vec![id.to_string(), updates.to_string(), title.clone()]
    }

    fn wire(row: &ListedCategory) -> WireClassification<'_> {
        let ListedCategory { id, title, other_titles, families: _, products: _, ambiguous, updates } = row;
        WireClassification { id: id.to_string(), title, other_titles, ambiguous: *ambiguous, updates: *updates }
    }

    fn yaml(rows: &[ListedCategory], first: bool) -> String {
        yaml("classifications", rows, first)
    }
}

/// A title that has a `*` or a `?` would be a pattern, and one that two have means both: then the id says which.
fn yaml(key: &str, rows: &[ListedCategory], first: bool) -> String {
    let mut out = if first { format!("{key}:\n") } else { String::new() };
    for ListedCategory { id, title, other_titles: _, families, products: _, ambiguous, updates: _ } in rows {
        if *ambiguous || title.contains(['*', '?']) {
            let families = if families.is_empty() { String::new() } else { format!(" ({})", families.join(" < ")) };
            out += &format!("  - {{id: {id}}}  {}\n", comment(&format!("{title}{families}")));
        } else {
            out += &format!("  - {}  {}\n", scalar(title), comment(&id.to_string()));
        }
    }
    out
}
