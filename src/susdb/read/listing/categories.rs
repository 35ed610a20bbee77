//! Products, product families and classifications with their number of updates.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::selects::LIST_CATEGORY_UPDATES;
use crate::model::category::{Categories, Category, CategoryKind};
use crate::model::listing::ListedCategory;
use crate::model::name::fold;
use crate::susdb::read::{ReadError, categories, rows};
use crate::susdb::session::Session;

/// Reads every category of a kind, by title.
///
/// # Errors
/// [`ReadError`].
pub async fn read_categories(session: &mut Session, kind: CategoryKind) -> Result<Vec<ListedCategory>, ReadError> {
    let known = categories::read(session).await?;
    let counts = rows(session, &LIST_CATEGORY_UPDATES, |row| Ok((row.int("CategoryID")?, row.count("Updates")?)));
    let counts = counts.await?;
    let counts: BTreeMap<Uuid, u64> =
        counts.into_iter().filter_map(|(number, updates)| Some((*known.numbers.get(&number)?, updates))).collect();
    Ok(listed(&known.all, kind, &counts))
}

fn listed(all: &Categories, kind: CategoryKind, updates: &BTreeMap<Uuid, u64>) -> Vec<ListedCategory> {
    let of_kind: Vec<&Category> = all.0.values().filter(|category| category.kind == kind).collect();
    let mut called: BTreeMap<String, u32> = BTreeMap::new();
    for category in &of_kind {
        // A title that two languages share is one title.
        let titles = std::iter::once(&category.title).chain(&category.other_titles).map(|title| fold(title));
        for title in titles.collect::<BTreeSet<String>>() {
            *called.entry(title).or_default() += 1;
        }
    }
    let mut listed: Vec<ListedCategory> = of_kind
        .into_iter()
        .map(|category| ListedCategory {
            id: category.id,
            title: category.title.clone(),
            other_titles: category.other_titles.clone(),
            families: families(all, category),
            products: all.products_below(category.id).count() as u64,
            ambiguous: called.get(&fold(&category.title)).is_some_and(|count| *count > 1),
            updates: updates.get(&category.id).copied().unwrap_or(0),
        })
        .collect();
    listed.sort_by_cached_key(|category| (fold(&category.title), category.id));
    listed
}

fn families(all: &Categories, category: &Category) -> Vec<String> {
    let mut seen = BTreeSet::from([category.id]);
    let mut titles = Vec::new();
    let mut next = category.parent;
    // A server whose categories are each other's parents must not keep us here.
    while let Some(above) = next.filter(|id| seen.insert(*id)).and_then(|id| all.0.get(&id)) {
        if above.kind == CategoryKind::ProductFamily {
            titles.push(above.title.clone());
        }
        next = above.parent;
    }
    titles
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use uuid::Uuid;

    use super::listed;
    use crate::model::category::{Categories, Category, CategoryKind};

    fn category(id: u128, kind: CategoryKind, title: &str, parent: u128) -> (Uuid, Category) {
        let parent = (parent > 0).then(|| Uuid::from_u128(parent));
        let id = Uuid::from_u128(id);
        (id, Category { id, kind, title: title.to_owned(), other_titles: Vec::new(), parent })
    }

    #[test]
    fn a_title_that_two_products_have_is_ambiguous() {
        let all = Categories(BTreeMap::from([
            category(1, CategoryKind::ProductFamily, "Windows", 0),
            category(2, CategoryKind::Product, "Windows 11", 1),
            category(3, CategoryKind::Product, "windows", 1),
            category(4, CategoryKind::Product, "WINDOWS", 4),
        ]));
        let products = listed(&all, CategoryKind::Product, &BTreeMap::from([(Uuid::from_u128(2), 7)]));
        let shown: Vec<(u128, bool, u64, usize)> = products
            .iter()
            .map(|product| (product.id.as_u128(), product.ambiguous, product.updates, product.families.len()))
            .collect();
        assert_eq!(shown, [(3, true, 0, 1), (4, true, 0, 0), (2, false, 7, 1)]);
    }
}
