//! Classifications, products and what is above them.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::catalogue::{CATEGORIES, CATEGORY_TITLES};
use super::{ReadError, rows};
use crate::model::category::{Categories, Category, CategoryKind, CategoryReference};
use crate::susdb::session::Session;

/// The categories, and their ids by SUSDB's own number.
#[derive(Default)]
pub(super) struct Numbered {
    pub(super) all: Categories,
    /// Products and classifications: what updates are in.
    pub(super) of_updates: BTreeMap<i32, Uuid>,
    /// All of them, product families included.
    pub(super) numbers: BTreeMap<i32, Uuid>,
}

impl Numbered {
    /// The numbers of the categories of a kind that one of the references means.
    pub(super) fn numbers(&self, references: &BTreeSet<CategoryReference>, kind: CategoryKind) -> Vec<i32> {
        let meant: BTreeSet<Uuid> =
            references.iter().flat_map(|reference| self.all.matching(reference, kind)).collect();
        self.of_updates.iter().filter(|(_, id)| meant.contains(id)).map(|(number, _)| *number).collect()
    }
}

/// Reads the ids of all categories by SUSDB's own number, for lists of them.
pub(in crate::susdb) async fn read_numbers(session: &mut Session) -> Result<BTreeMap<i32, Uuid>, ReadError> {
    let numbers = rows(session, &CATEGORIES, |row| Ok((row.int("CategoryID")?, row.guid("UpdateID")?)));
    Ok(numbers.await?.into_iter().collect())
}

/// Reads every category with its titles.
///
/// Source: tbCategory and tbPrecomputedCategoryLocalizedProperty: Intensive-Self-Service-Portal; that a category's number is
/// the LocalUpdateID of the update that describes it: X10sions (grade A).
pub(super) async fn read(session: &mut Session) -> Result<Numbered, ReadError> {
    let found = rows(session, &CATEGORIES, |row| {
        let (number, id) = (row.int("CategoryID")?, row.guid("UpdateID")?);
        Ok((number, row.int_or_null("ParentCategoryID")?, kind(&row.text("CategoryType")?), id))
    });
    let found = found.await?;
    let mut titles = titles(session).await?;
    let ids: BTreeMap<i32, Uuid> = found.iter().map(|(number, _, _, id)| (*number, *id)).collect();
    let categories = found.iter().map(|(number, parent, kind, id)| {
        let mut titles = titles.remove(number).unwrap_or_default().into_iter();
        let title = titles.next().unwrap_or_else(|| id.to_string());
        let mut other_titles: Vec<String> =
            titles.filter(|other| *other != title).collect::<BTreeSet<String>>().into_iter().collect();
        other_titles.shrink_to_fit();
        let parent = parent.and_then(|parent| ids.get(&parent).copied());
        (*id, Category { id: *id, kind: *kind, title, other_titles, parent })
    });
    let all = Categories(categories.collect());
    let holds_updates = |kind| matches!(kind, CategoryKind::Product | CategoryKind::Classification);
    let of_updates = found.iter().filter(|(_, _, kind, _)| holds_updates(*kind));
    Ok(Numbered { of_updates: of_updates.map(|(number, _, _, id)| (*number, *id)).collect(), all, numbers: ids })
}

fn kind(text: &str) -> CategoryKind {
    match text {
        "Company" => CategoryKind::Company,
        "ProductFamily" => CategoryKind::ProductFamily,
        "Product" => CategoryKind::Product,
        "UpdateClassification" => CategoryKind::Classification,
        _ => CategoryKind::Other,
    }
}

/// Titles by category: English first, then the others by their language's code.
async fn titles(session: &mut Session) -> Result<BTreeMap<i32, Vec<String>>, ReadError> {
    let found = rows(session, &CATEGORY_TITLES, |row| {
        let language = row.text("ShortLanguage")?;
        let rank = if language == "en" { String::new() } else { language };
        Ok((row.int("CategoryID")?, rank, row.text("Title")?))
    });
    let mut found = found.await?;
    found.sort();
    let mut titles: BTreeMap<i32, Vec<String>> = BTreeMap::new();
    for (category, _, title) in found {
        titles.entry(category).or_default().push(title);
    }
    Ok(titles)
}
