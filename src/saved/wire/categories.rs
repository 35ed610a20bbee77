//! Categories and their numbers.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::is_default;
use crate::model::category::{Category, CategoryKind};
use crate::saved::text::Id;

/// A category.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::saved) struct CategoryWire {
    id: Id,
    kind: KindWire,
    title: String,
    #[serde(default, skip_serializing_if = "is_default")]
    other_titles: Vec<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    parent: Option<Id>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum KindWire {
    Company,
    ProductFamily,
    Product,
    Classification,
    Other,
}

/// SUSDB's own number of a category, which rules name it by.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::saved) struct CategoryNumberWire {
    pub(in crate::saved) number: i32,
    pub(in crate::saved) id: Id,
}

impl From<&Category> for CategoryWire {
    fn from(category: &Category) -> Self {
        let Category { id, kind, title, other_titles, parent } = category;
        let kind = match kind {
            CategoryKind::Company => KindWire::Company,
            CategoryKind::ProductFamily => KindWire::ProductFamily,
            CategoryKind::Product => KindWire::Product,
            CategoryKind::Classification => KindWire::Classification,
            CategoryKind::Other => KindWire::Other,
        };
        Self { id: Id(*id), kind, title: title.clone(), other_titles: other_titles.clone(), parent: parent.map(Id) }
    }
}

impl From<CategoryWire> for Category {
    fn from(wire: CategoryWire) -> Self {
        let CategoryWire { id, kind, title, other_titles, parent } = wire;
        let kind = match kind {
            KindWire::Company => CategoryKind::Company,
            KindWire::ProductFamily => CategoryKind::ProductFamily,
            KindWire::Product => CategoryKind::Product,
            KindWire::Classification => CategoryKind::Classification,
            KindWire::Other => CategoryKind::Other,
        };
        Self { id: id.0, kind, title, other_titles, parent: parent.map(|Id(id)| id) }
    }
}

impl From<(&i32, &Uuid)> for CategoryNumberWire {
    fn from((number, id): (&i32, &Uuid)) -> Self {
        Self { number: *number, id: Id(*id) }
    }
}
