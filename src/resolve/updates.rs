//! References to updates.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::diagnostic::Diagnostic;
use crate::model::category::{Categories, CategoryKind};
use crate::model::desired::{KbReference, UpdateReference};
use crate::model::name::fold;
use crate::model::near::suggestion;
use crate::model::origin::{Declared, Origin};
use crate::model::snapshot::{Snapshot, Update};

use super::notes::Notes;

/// How many updates a message lists.
const LISTED_MAX: usize = 10;

/// The updates of a snapshot, by article.
pub(super) struct Catalog<'a> {
    snapshot: &'a Snapshot,
    by_kb: BTreeMap<&'a str, Vec<&'a Update>>,
}

/// What a reference means.
pub(super) enum Referent<'a> {
    /// One update by its id. It is in the snapshot, or outside what the snapshot was read for.
    One(Uuid),
    /// The deployable updates of an article, by id; never empty.
    Article(Vec<&'a Update>),
}

impl Referent<'_> {
    /// The updates' ids.
    pub(super) fn ids(&self) -> Vec<Uuid> {
        match self {
            Self::One(id) => vec![*id],
            Self::Article(updates) => updates.iter().map(|update| update.id).collect(),
        }
    }
}

impl<'a> Catalog<'a> {
    /// Sorts a snapshot's updates by article.
    pub(super) fn new(snapshot: &'a Snapshot) -> Self {
        let mut by_kb: BTreeMap<&str, Vec<&Update>> = BTreeMap::new();
        for update in snapshot.updates.values() {
            for kb in &update.kbs {
                by_kb.entry(kb).or_default().push(update);
            }
        }
        Self { snapshot, by_kb }
    }

    /// Looks up a reference; none after an error.
    pub(super) fn find(&self, reference: &UpdateReference, notes: &mut Notes) -> Option<Referent<'a>> {
        match reference {
            UpdateReference::Id(id) => self.find_id(id, notes),
            UpdateReference::Kb(reference) => self.find_article(reference, notes),
            UpdateReference::Select(_) => None,
        }
    }

    fn find_id(&self, id: &Declared<Uuid>, notes: &mut Notes) -> Option<Referent<'a>> {
        match self.snapshot.updates.get(&id.value) {
            Some(update) if !update.deployable => {
                notes.error(
                    Diagnostic::error("not-deployable", "This update cannot be approved or declined by itself")
                        .detail(format!("{} (`{}`) is a part of other updates.", update.id, update.title))
                        .at(id.origin, "part of a bundle")
                        .help("name the update that it is a part of"),
                );
                None
            }
            Some(_) => Some(Referent::One(id.value)),
            None if !self.snapshot.scope.update_ids.contains(&id.value) => Some(Referent::One(id.value)),
            None => {
                notes.error(
                    Diagnostic::error("unknown-update", "Unknown update")
                        .detail(format!("The server has no update with the id {}.", id.value))
                        .at(id.origin, "no such update")
                        .help("check the id; a synchronisation may bring the update"),
                );
                None
            }
        }
    }

    fn find_article(&self, reference: &KbReference, notes: &mut Notes) -> Option<Referent<'a>> {
        let KbReference { kb, title, product, expect } = reference;
        let Some(all) = self.by_kb.get(kb.value.as_str()) else {
            let error = self.unknown_article(kb, notes);
            notes.error(error);
            return None;
        };
        let categories = &self.snapshot.categories;
        let deployable: Vec<&Update> = all.iter().copied().filter(|update| update.deployable).collect();
        if deployable.is_empty() {
            notes.error(listing(
                Diagnostic::error("not-deployable", "No update of this article can be approved or declined by itself")
                    .detail(format!("Every update of KB{} is a part of other updates.", kb.value))
                    .at(kb.origin, "parts of bundles only"),
                all,
                categories,
            ));
            return None;
        }
        let narrowed: Vec<&Update> = deployable
            .iter()
            .copied()
            .filter(|update| title.as_ref().is_none_or(|title| title.value.matches(&update.title)))
            .filter(|update| product.as_ref().is_none_or(|product| has_product(categories, update, &product.value)))
            .collect();
        if narrowed.is_empty() {
            let origin = title.as_ref().map(|title| title.origin).or(product.as_ref().map(|product| product.origin));
            notes.error(nothing_left(reference, origin.unwrap_or(kb.origin), &deployable, categories));
            return None;
        }
        if let Some(expect) = expect
            && usize::try_from(expect.value) != Ok(narrowed.len())
        {
            notes.error(listing(
                Diagnostic::error("unexpected-count", "Another number of updates than expected")
                    .detail(format!(
                        "KB{} means {} here, and {} expected.",
                        kb.value,
                        counted(narrowed.len()),
                        if expect.value == 1 { "1 is".to_owned() } else { format!("{} are", expect.value) }
                    ))
                    .at(expect.origin, format!("found {}", narrowed.len()))
                    .and(kb.origin, "this article"),
                &narrowed,
                categories,
            ));
            return None;
        }
        Some(Referent::Article(narrowed))
    }

    fn unknown_article(&self, kb: &Declared<String>, notes: &mut Notes) -> Diagnostic {
        if !self.snapshot.scope.kbs.contains(&kb.value) {
            return Diagnostic::error("outside-scope", "This article was not read from the server")
                .detail(format!("Nothing can be said about KB{}: the snapshot was taken without it.", kb.value))
                .at(kb.origin, "not read")
                .help("take the snapshot again with this manifest");
        }
        let error = Diagnostic::error("unknown-kb", "Unknown knowledge-base article")
            .detail(format!("The server has no update of KB{}.", kb.value))
            .at(kb.origin, "no such article");
        if let Some(titles) = self.snapshot.titled.get(&kb.value) {
            return in_titles(error, &kb.value, titles);
        }
        let error = if notes.may_compare(self.snapshot.articles.len()) {
            let known: Vec<String> = self.snapshot.articles.iter().map(|known| format!("KB{known}")).collect();
            let near = suggestion(&format!("KB{}", kb.value), known.iter().map(String::as_str));
            near.into_iter().fold(error, Diagnostic::help)
        } else {
            error
        };
        error.help("check the number; a synchronisation may bring its updates")
    }
}

/// An article that SUSDB keeps for no update, though titles name it.
fn in_titles(mut error: Diagnostic, kb: &str, titles: &BTreeSet<String>) -> Diagnostic {
    error = error.help(format!(
        "{} it in the title only: `select: {{title: \"*KB{kb}*\"}}` chooses by title",
        if titles.len() == 1 { "1 update names".to_owned() } else { format!("{} titles name", titles.len()) }
    ));
    for title in titles.iter().take(LISTED_MAX) {
        error = error.help(title.clone());
    }
    error
}

fn has_product(categories: &Categories, update: &Update, product: &str) -> bool {
    categories.titles(&update.categories, CategoryKind::Product).iter().any(|title| fold(title) == fold(product))
}

fn nothing_left(
    reference: &KbReference,
    origin: Origin,
    deployable: &[&Update],
    categories: &Categories,
) -> Diagnostic {
    let mut error = Diagnostic::error("nothing-matches", "No update of the article matches")
        .detail(format!(
            "KB{} has {}, and `title` and `product` leave none of them.",
            reference.kb.value,
            counted(deployable.len())
        ))
        .at(origin, "matches nothing")
        .and(reference.kb.origin, "this article");
    if let Some(product) = &reference.product {
        let known = deployable.iter().flat_map(|update| categories.titles(&update.categories, CategoryKind::Product));
        if let Some(question) = suggestion(&product.value, known) {
            error = error.help(question);
        }
    }
    listing(error, deployable, categories)
}

fn listing(mut error: Diagnostic, updates: &[&Update], categories: &Categories) -> Diagnostic {
    for update in updates.iter().take(LISTED_MAX) {
        let products = categories.titles(&update.categories, CategoryKind::Product);
        let products = if products.is_empty() { String::new() } else { format!(" [{}]", products.join(", ")) };
        error = error.help(format!("{} {}{products}", update.id, update.title));
    }
    if updates.len() > LISTED_MAX {
        error = error.help(format!("and {} more", updates.len() - LISTED_MAX));
    }
    error
}

fn counted(updates: usize) -> String {
    if updates == 1 { "1 update".to_owned() } else { format!("{updates} updates") }
}
