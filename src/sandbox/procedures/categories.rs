//! Companies, product families, products and classifications.

use rusqlite::types::Value as Stored;
use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::arguments::{defaulted, defaulted_text, guid_text, nvarchar, optional};
use super::deployments::time_argument;
use super::rows::ColumnSpec;
use super::{Call, Failure, Procedure};
use crate::sandbox::options::Behaviour;
use crate::sandbox::value::SqlType::{Bit, DateTime, Int, UniqueIdentifier};

/// The procedures of this file.
pub(super) const PROCEDURES: &[&Procedure] = &[&GET_ALL, &GET_SUBSCRIBED];

/// A category's row. `Title`, `Description`, `ArrivalDate`, `LocalUpdateID`, `UpdateID` and `CategoryType` are read by
/// name by a working caller; the others are known by position (names grade B).
///
/// Source: PatchMyPCTeam/CustomerTroubleshooting, Remove-WSUSCategories.ps1 (grade A); Go client of MS-WSUSAR (grade A).
pub(super) const COLUMNS: &[ColumnSpec] = &[
    ("LocalUpdateID", Int),
    ("UpdateID", UniqueIdentifier),
    ("CategoryType", nvarchar(256)),
    ("ProhibitsSubcategories", Bit),
    ("ProhibitsUpdates", Bit),
    ("CategoryIndex", Int),
    ("DisplayOrder", Int),
    ("Title", nvarchar(200)),
    ("Description", nvarchar(1500)),
    ("ReleaseNotes", nvarchar(1000)),
    ("ArrivalDate", DateTime),
    ("UpdateSource", Int),
];

/// Selects [`COLUMNS`] from `category`; ?1 is the preferred language.
pub(super) const QUERY: &str =
    "SELECT updates.LocalUpdateID, updates.UpdateID, category.CategoryType, category.ProhibitsSubcategories,
        category.ProhibitsUpdates, category.CategoryIndex, category.DisplayOrder,
        coalesce(preferred.Title, native.Title), coalesce(preferred.Description, native.Description),
        coalesce(preferred.ReleaseNotes, native.ReleaseNotes), properties.ReceivedFromCreatorService,
        updates.IsLocallyPublished
    FROM tbCategory AS category
    JOIN tbUpdate AS updates ON updates.LocalUpdateID = category.CategoryID
    JOIN tbRevision AS revision ON revision.LocalUpdateID = category.CategoryID AND revision.IsLatestRevision = 1
    JOIN tbProperty AS properties ON properties.RevisionID = revision.RevisionID
    JOIN vwDefaultLocalizedProperty AS native ON native.RevisionID = revision.RevisionID
    LEFT JOIN tbPreComputedLocalizedProperty AS preferred
        ON preferred.RevisionID = revision.RevisionID AND preferred.ShortLanguage = ?1 ";

/// Lists the classifications, or everything else. Titles are in the preferred language where there is one, else in the
/// category's own.
///
/// Source: PoshWSUS assemblies, Go client of MS-WSUSAR (names, grade B); the defaults are our guess (grade C).
static GET_ALL: Procedure = Procedure {
    name: "spGetCategories",
    parameters: &[
        defaulted_text("@preferredCulture", nvarchar(16), "en"),
        defaulted("@retrieveUpdateClassifications", Bit, 0),
        optional("@fromSyncDate", DateTime),
        optional("@toSyncDate", DateTime),
    ],
    run: get_all,
};

fn get_all(call: &mut Call<'_>) -> Result<i32, Failure> {
    let values = params![call.text(0), call.bit(1), time_argument(call, 2), time_argument(call, 3)];
    let query = query(
        "(?3 IS NULL OR properties.ReceivedFromCreatorService >= ?3)
         AND (?4 IS NULL OR properties.ReceivedFromCreatorService <= ?4)",
    );
    call.send(COLUMNS, &query, values)?;
    Ok(0)
}

/// Lists the classifications, or the products and families, that the server synchronises: the rows of `spGetCategories`.
///
/// Source: PoshWSUS assemblies, TypeScript WSUS console (names and row, grade B); tbCategoryInSubscription in
/// Intensive-Self-Service-Portal (grade A); the defaults are our guess (grade C).
static GET_SUBSCRIBED: Procedure = Procedure {
    name: "spGetSubscriptionCategories",
    parameters: &[
        defaulted_text("@preferredCulture", nvarchar(16), "en"),
        defaulted("@retrieveUpdateClassifications", Bit, 0),
    ],
    run: |call| {
        let values = params![call.text(0), call.bit(1)];
        let query =
            query("category.CategoryID IN (SELECT CategoryID FROM tbCategoryInSubscription WHERE SubscriptionID = 1)");
        call.send(COLUMNS, &query, values)?;
        Ok(0)
    },
};

/// The rows of the classifications (`?2` is 1) or of everything else that a condition holds for.
fn query(condition: &str) -> String {
    format!(
        "{QUERY} WHERE (category.CategoryType = 'UpdateClassification') = ?2 AND {condition}
         ORDER BY category.CategoryIndex"
    )
}

/// The LocalUpdateID of a category that an entry of a list names: by its GUID, or for a variant by the number itself. What is
/// neither is no category.
pub(super) fn number_of(call: &Call<'_>, entry: &str, is_classification: bool) -> Result<Option<i64>, Failure> {
    let (column, name) = if call.behaviours.contains(&Behaviour::LocalIds) {
        ("LocalUpdateID", entry.parse::<i64>().ok().map(Stored::Integer))
    } else {
        ("UpdateID", Uuid::parse_str(entry).ok().map(|id| Stored::Text(guid_text(id))))
    };
    let Some(name) = name else { return Ok(None) };
    let query = format!(
        "SELECT CategoryID FROM tbCategory JOIN tbUpdate ON tbUpdate.LocalUpdateID = tbCategory.CategoryID
         WHERE tbUpdate.{column} = ?1 AND (CategoryType = 'UpdateClassification') = ?2"
    );
    Ok(call.store.query_row(&query, params![name, is_classification], |row| row.get(0)).optional()?)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Server, day, text};
    use crate::sandbox::value::Value;

    /// The company, its families and their products.
    const PRODUCTS: usize = 165;

    fn titles(server: &Server, arguments: &[(&str, Value)]) -> Vec<Value> {
        server.call("spGetCategories", arguments).sets[0].column("Title")
    }

    #[test]
    fn products_and_classifications_are_listed_apart() {
        let server = Server::demo();
        let products = titles(&server, &[]);
        assert_eq!(products.len(), PRODUCTS);
        assert_eq!(products.iter().filter(|title| **title == text("Windows Admin Center")).count(), 2);
        let classifications = titles(&server, &[("@retrieveUpdateClassifications", Value::Bit(true))]);
        assert_eq!(classifications.len(), 16);
        assert!(classifications.contains(&text("Security Updates")));
    }

    #[test]
    fn an_unknown_culture_gives_the_native_title() {
        let server = Server::demo();
        assert_eq!(titles(&server, &[("@preferredCulture", text("xx"))]).len(), PRODUCTS);
    }

    #[test]
    fn categories_are_filtered_by_arrival() {
        let server = Server::demo();
        assert!(titles(&server, &[("@fromSyncDate", day(2026, 1, 1))]).is_empty());
        assert_eq!(titles(&server, &[("@toSyncDate", day(2026, 1, 1))]).len(), PRODUCTS);
    }

    #[test]
    fn what_is_synchronised_is_listed() {
        let server = Server::demo();
        let titles = |classifications: bool| {
            let arguments = [("@retrieveUpdateClassifications", Value::Bit(classifications))];
            server.call("spGetSubscriptionCategories", &arguments).sets[0].column("Title")
        };
        assert_eq!(titles(false).len(), 4);
        assert_eq!(titles(true).len(), 3);
        assert!(titles(true).contains(&text("Security Updates")));
    }
}
