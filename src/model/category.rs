//! Classifications, products and product families.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::glob::Glob;
use super::name::fold;

/// What kind of category it is.
///
/// Source: Intensive-Self-Service-Portal, X10sions: tbCategory.CategoryType is text (grade A).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CategoryKind {
    /// `Company`: what product families hang below.
    Company,
    /// `ProductFamily`.
    ProductFamily,
    /// `Product`.
    Product,
    /// `UpdateClassification`.
    Classification,
    /// Any other text.
    Other,
}

/// A category of updates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Its id: the id of the update that describes it.
    pub id: Uuid,
    /// What it is.
    pub kind: CategoryKind,
    /// Its title in English where there is one, else in the first language by its code.
    pub title: String,
    /// Its titles in the other languages, sorted, none equal to `title`.
    pub other_titles: Vec<String>,
    /// The category above it.
    pub parent: Option<Uuid>,
}

impl Category {
    /// Whether one of its titles matches.
    #[must_use]
    pub fn is_called(&self, title: &Glob) -> bool {
        std::iter::once(&self.title).chain(&self.other_titles).any(|own| title.matches(own))
    }
}

/// How a manifest names categories.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CategoryReference {
    /// By title, exact or a pattern, without regard to case.
    Title(Glob),
    /// By id.
    Id(Uuid),
    /// The products below the product families with this title, exact or a pattern.
    Family(Glob),
}

/// Every category of a server, by id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Categories(pub BTreeMap<Uuid, Category>);

impl Categories {
    /// The categories of a kind that a reference means: all that fit, though an exact title should fit one only.
    #[must_use]
    pub fn matching(&self, reference: &CategoryReference, kind: CategoryKind) -> BTreeSet<Uuid> {
        let of_kind = self.0.values().filter(|category| category.kind == kind);
        let fitting = of_kind.filter(|category| match reference {
            CategoryReference::Title(title) => category.is_called(title),
            CategoryReference::Id(id) => category.id == *id,
            CategoryReference::Family(family) => self.families_of(category.id).any(|above| above.is_called(family)),
        });
        fitting.map(|category| category.id).collect()
    }

    /// The products below a category.
    pub fn products_below(&self, id: Uuid) -> impl Iterator<Item = Uuid> {
        let products = self.0.values().filter(|category| category.kind == CategoryKind::Product);
        products.filter(move |product| self.above(product.id).any(|above| above.id == id)).map(|product| product.id)
    }

    /// The product families above a category, nearest first.
    fn families_of(&self, id: Uuid) -> impl Iterator<Item = &Category> {
        self.above(id).filter(|category| category.kind == CategoryKind::ProductFamily)
    }

    /// The categories above one, nearest first.
    fn above(&self, id: Uuid) -> impl Iterator<Item = &Category> {
        let mut seen = BTreeSet::from([id]);
        let mut next = self.0.get(&id).and_then(|category| category.parent);
        std::iter::from_fn(move || {
            // A server whose categories are each other's parents must not keep us here.
            let id = next.take().filter(|id| seen.insert(*id))?;
            let category = self.0.get(&id)?;
            next = category.parent;
            Some(category)
        })
    }

    /// The title of a category; its id where it is not known.
    #[must_use]
    pub fn title(&self, id: Uuid) -> String {
        self.0.get(&id).map_or_else(|| id.to_string(), |category| category.title.clone())
    }

    /// The titles of those among some categories that are of a kind, sorted.
    #[must_use]
    pub fn titles(&self, ids: &[Uuid], kind: CategoryKind) -> Vec<&str> {
        let of_kind = ids.iter().filter_map(|id| self.0.get(id)).filter(|category| category.kind == kind);
        let mut titles: Vec<&str> = of_kind.map(|category| category.title.as_str()).collect();
        titles.sort_by_key(|title| fold(title));
        titles
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{Categories, Category, CategoryKind, CategoryReference};
    use crate::model::glob::Glob;

    fn category(id: u128, kind: CategoryKind, title: &str, parent: Option<u128>) -> Category {
        let other_titles = if title == "Security Updates" { vec!["Sicherheitsupdates".to_owned()] } else { Vec::new() };
        Category {
            id: Uuid::from_u128(id),
            kind,
            title: title.to_owned(),
            other_titles,
            parent: parent.map(Uuid::from_u128),
        }
    }

    fn categories() -> Categories {
        let all = [
            category(1, CategoryKind::Company, "Microsoft", None),
            category(2, CategoryKind::ProductFamily, "Windows", Some(1)),
            category(3, CategoryKind::Product, "Windows 11", Some(2)),
            category(4, CategoryKind::Product, "Windows 10", Some(2)),
            category(5, CategoryKind::Product, "Windows", Some(6)),
            category(6, CategoryKind::ProductFamily, "Looped", Some(6)),
            category(7, CategoryKind::Classification, "Security Updates", None),
        ];
        Categories(all.into_iter().map(|category| (category.id, category)).collect())
    }

    fn found(reference: &CategoryReference, kind: CategoryKind) -> Vec<u128> {
        categories().matching(reference, kind).iter().map(Uuid::as_u128).collect()
    }

    #[test]
    fn a_title_means_categories_of_the_kind_asked_for_in_any_language() {
        let title = |text| CategoryReference::Title(Glob::new(text));
        assert_eq!(found(&title("windows"), CategoryKind::Product), [5]);
        assert_eq!(found(&title("windows*"), CategoryKind::Product), [3, 4, 5]);
        assert_eq!(found(&title("SICHERHEITSUPDATES"), CategoryKind::Classification), [7]);
        assert!(found(&title("Windows 11"), CategoryKind::Classification).is_empty());
    }

    #[test]
    fn a_family_means_the_products_below_it_and_loops_end() {
        let family = |text| CategoryReference::Family(Glob::new(text));
        assert_eq!(found(&family("Windows"), CategoryKind::Product), [3, 4]);
        assert_eq!(found(&family("Looped"), CategoryKind::Product), [5]);
        assert_eq!(found(&CategoryReference::Id(Uuid::from_u128(3)), CategoryKind::Product), [3]);
    }
}
