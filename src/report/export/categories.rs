//! How a manifest names products, families and classifications: by a title that means one of them alone, else by id.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::model::category::{Categories, Category, CategoryKind};
use crate::model::name::fold;
use crate::report::yaml::{comment, scalar};

/// From this length on hexadecimal digits are taken for an id, so a title of nothing else cannot be written.
const LIKE_AN_ID: usize = 32;

/// A category as an item of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// The item.
    pub(super) yaml: String,
    /// What else people want to know: the title of what an id means.
    pub(super) remark: String,
}

impl Item {
    /// The item with its remark as a comment.
    pub(super) fn line(&self) -> String {
        let Self { yaml, remark } = self;
        if remark.is_empty() { yaml.clone() } else { format!("{yaml}  {}", comment(remark)) }
    }
}

/// The titles of a server's categories.
pub(super) struct Titles<'a> {
    categories: &'a Categories,
    /// How many of a kind have a title, in any language.
    bearers: BTreeMap<(CategoryKind, String), usize>,
}

impl<'a> Titles<'a> {
    pub(super) fn new(categories: &'a Categories) -> Self {
        let mut bearers: BTreeMap<(CategoryKind, String), usize> = BTreeMap::new();
        for category in categories.0.values() {
            let mut titles: Vec<String> =
                std::iter::once(&category.title).chain(&category.other_titles).map(|title| fold(title)).collect();
            titles.sort_unstable();
            titles.dedup();
            for title in titles {
                *bearers.entry((category.kind, title)).or_default() += 1;
            }
        }
        Self { categories, bearers }
    }

    /// The category with an id.
    pub(super) fn get(&self, id: Uuid) -> Option<&'a Category> {
        self.categories.0.get(&id)
    }

    /// The title, where it means this category alone and is taken for a title.
    fn alone(&self, category: &'a Category) -> Option<&'a str> {
        let title = category.title.as_str();
        let like_an_id = title.len() >= LIKE_AN_ID && title.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        let means_one = self.bearers.get(&(category.kind, fold(title))) == Some(&1);
        (means_one && !title.trim().is_empty() && !title.contains(['*', '?']) && !like_an_id).then_some(title)
    }

    /// The category by its title, else by its id.
    pub(super) fn item(&self, category: &'a Category) -> Item {
        match self.alone(category) {
            Some(title) => Item { yaml: scalar(title).into_owned(), remark: String::new() },
            None => self.by_id(category),
        }
    }

    /// A family as what it means: the products below it. None where its title does not mean it alone.
    pub(super) fn family(&self, category: &'a Category) -> Option<Item> {
        let title = self.alone(category)?;
        Some(Item { yaml: format!("{{family: {}}}", scalar(title)), remark: String::new() })
    }

    /// The category by its id, with its title and that of the category above it.
    pub(super) fn by_id(&self, category: &Category) -> Item {
        let above =
            category.parent.map_or_else(String::new, |above| format!(", below {}", self.categories.title(above)));
        Item { yaml: format!("{{id: {}}}", category.id), remark: format!("{}{above}", category.title) }
    }
}

/// Sorts categories as lists show them: by title.
pub(super) fn by_title(categories: &mut [&Category]) {
    categories.sort_by_cached_key(|category| (fold(&category.title), category.id));
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::Titles;
    use crate::model::category::{Categories, Category, CategoryKind};

    fn category(id: u128, kind: CategoryKind, title: &str, parent: Option<u128>) -> Category {
        let (id, parent) = (Uuid::from_u128(id), parent.map(Uuid::from_u128));
        Category { id, kind, title: title.to_owned(), other_titles: Vec::new(), parent }
    }

    #[test]
    fn a_title_is_written_where_it_means_one() {
        let mut all = vec![
            category(1, CategoryKind::ProductFamily, "Windows", None),
            category(2, CategoryKind::Product, "Windows", Some(1)),
            category(3, CategoryKind::Product, "Admin Center", Some(1)),
            category(4, CategoryKind::Product, "ADMIN CENTER ", Some(9)),
            category(5, CategoryKind::Product, "What?", None),
            category(6, CategoryKind::Product, &"a".repeat(32), None),
            category(7, CategoryKind::Product, " ", None),
            category(8, CategoryKind::Product, "2019 # x", None),
        ];
        all[1].other_titles = vec!["Fenster".to_owned(), "windows".to_owned()];
        let categories = Categories(all.into_iter().map(|category| (category.id, category)).collect());
        let titles = Titles::new(&categories);
        let item = |id| titles.item(titles.get(Uuid::from_u128(id)).unwrap());
        assert_eq!(item(2).yaml, "Windows");
        assert_eq!(item(8).line(), "\"2019 # x\"");
        for (id, remark) in [
            (3, "Admin Center, below Windows".to_owned()),
            (4, "ADMIN CENTER , below 00000000-0000-0000-0000-000000000009".to_owned()),
            (5, "What?".to_owned()),
            (6, "a".repeat(32)),
            (7, " ".to_owned()),
        ] {
            assert_eq!((item(id).yaml, item(id).remark), (format!("{{id: {}}}", Uuid::from_u128(id)), remark));
        }
        assert_eq!(titles.family(titles.get(Uuid::from_u128(1)).unwrap()).unwrap().yaml, "{family: Windows}");
        assert!(titles.family(titles.get(Uuid::from_u128(3)).unwrap()).is_none());
    }
}
