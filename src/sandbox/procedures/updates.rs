//! Updates as lists of rows: one minimal row each, with categories, articles, bulletins and addresses in sets of their own.

use rusqlite::types::ToSql;

use super::arguments::{defaulted, defaulted_text, nvarchar, optional, required};
use super::refusals::{not_found, refusal};
use super::rows::ColumnSpec;
use super::{Call, Failure, Procedure};
use crate::sandbox::value::SqlType::{self, Bit, DateTime, Int, TinyInt, UniqueIdentifier};

/// The procedures of this file.
pub(super) const PROCEDURES: &[&Procedure] = &[&GET_BY_ID, &SEARCH];

/// The publication state that means any.
///
/// Source: TypeScript WSUS console (grade A).
pub(super) const ANY_STATE: i64 = i32::MAX as i64;

/// An update's minimal row.
///
/// Source: potatoqualitee kbupdate (column names, grade A); TypeScript WSUS console (order, grade A). A current server
/// appends columns that are not known publicly.
const MINIMAL_COLUMNS: &[ColumnSpec] = &[
    ("UpdateID", UniqueIdentifier),
    ("RevisionNumber", Int),
    ("RevisionID", Int),
    ("LocalUpdateID", Int),
    ("IsLeaf", Bit),
    ("InstallationSupported", Bit),
    ("InstallationImpact", Int),
    ("InstallationRebootBehavior", Int),
    ("InstallationRequiresNetworkConnectivity", Bit),
    ("InstallationCanRequestUserInput", Bit),
    ("UninstallationSupported", Bit),
    ("UninstallationImpact", Int),
    ("UninstallationRebootBehavior", Int),
    ("UninstallationRequiresNetworkConnectivity", Bit),
    ("UninstallationCanRequestUserInput", Bit),
    ("UpdateType", nvarchar(256)),
    ("PublicationState", Int),
    ("CreationDate", DateTime),
    ("IsDeployed", Bit),
    ("State", TinyInt),
    ("EulaID", UniqueIdentifier),
    ("RequiresEulaAcceptance", Bit),
    ("Declined", Bit),
    ("HasStaleDeployments", Bit),
    ("IsLatestRevision", Bit),
    ("ReceivedFromCreatorService", DateTime),
    ("HasSupersededUpdates", Bit),
    ("LegacyName", nvarchar(255)),
    ("MsrcSeverity", nvarchar(20)),
    ("Title", nvarchar(200)),
    ("Description", nvarchar(1500)),
    ("ReleaseNotes", nvarchar(1000)),
    ("HasEarlierRevision", Bit),
    ("IsMandatory", Bit),
    ("IsSuperseded", Bit),
    ("IsEditable", Bit),
    ("UpdateSource", Int),
];

/// The rows that hang on a revision: columns and query, to be followed by a condition on `minimal`.
///
/// Source: Intensive-Self-Service-Portal, PatchingClient.cs; TypeScript WSUS console (grade A).
const SIDE_SETS: &[(&[ColumnSpec], &str)] = &[
    (
        &[("RevisionID", Int), ("CategoryType", nvarchar(256)), ("Title", nvarchar(200))],
        "SELECT minimal.RevisionID, category.CategoryType, localized.Title FROM vwMinimalUpdate AS minimal
         JOIN tbRevisionInCategory AS link ON link.RevisionID = minimal.RevisionID
         JOIN tbCategory AS category ON category.CategoryID = link.CategoryID
         JOIN tbRevision AS carrier ON carrier.LocalUpdateID = category.CategoryID AND carrier.IsLatestRevision = 1
         JOIN vwDefaultLocalizedProperty AS localized ON localized.RevisionID = carrier.RevisionID",
    ),
    (
        &[("RevisionID", Int), ("KBArticleID", nvarchar(15))],
        "SELECT minimal.RevisionID, article.KBArticleID FROM vwMinimalUpdate AS minimal
         JOIN tbKBArticleForRevision AS article ON article.RevisionID = minimal.RevisionID",
    ),
    (
        &[("RevisionID", Int), ("SecurityBulletinID", nvarchar(15))],
        "SELECT minimal.RevisionID, bulletin.SecurityBulletinID FROM vwMinimalUpdate AS minimal
         JOIN tbSecurityBulletinForRevision AS bulletin ON bulletin.RevisionID = minimal.RevisionID",
    ),
    (
        &[("RevisionID", Int), ("MoreInfoURL", nvarchar(2083))],
        "SELECT minimal.RevisionID, info.MoreInfoURL FROM vwMinimalUpdate AS minimal
         JOIN tbMoreInfoURLForRevision AS info ON info.RevisionID = minimal.RevisionID",
    ),
];

/// Gives one revision of an update; 0 is the latest.
///
/// Source: Intensive-Self-Service-Portal, PatchingClient.cs (grade A). That an unknown update is an error is inferred
/// (grade B); the defaults are our guess (grade C).
static GET_BY_ID: Procedure = Procedure {
    name: "spGetUpdateByID",
    parameters: &[
        required("@updateID", UniqueIdentifier),
        defaulted("@revisionNumber", Int, 0),
        defaulted_text("@preferredCulture", nvarchar(16), "en"),
        defaulted("@apiVersion", Int, 131_072),
    ],
    run: |call| {
        let id = call.guid(0);
        let number = call.int(1).unwrap_or(0);
        let culture = call.text(2);
        let condition = "minimal.UpdateID = ?1
            AND (minimal.RevisionNumber = ?2 OR (?2 = 0 AND minimal.IsLatestRevision = 1))";
        let found = send_sets(call, condition, &[&id, &number], &culture)?;
        if found == 0 { Err(not_found("spGetUpdateByID", "the update")) } else { Ok(0) }
    },
};

/// Lists the latest revisions of updates that can be approved. Of scopes only the one that means everything is understood.
///
/// Source: potatoqualitee kbupdate (scripted header, trace; grade A). That it lists latest, explicitly deployable revisions
/// is inferred from what consoles show (grade C).
static SEARCH: Procedure = Procedure {
    name: "spSearchUpdates",
    parameters: &[
        optional("@updateScopeXml", SqlType::NVarChar(None)),
        optional("@publicationState", Int),
        defaulted_text("@preferredCulture", nvarchar(16), "en"),
        defaulted("@apiVersion", Int, 131_072),
    ],
    run: |call| {
        if !call.text(0).is_none_or(|scope| means_everything(&scope)) {
            return Err(refusal("spSearchUpdates", "the sandbox reads no update scope but the one of everything"));
        }
        let state = call.int(1).filter(|state| *state != ANY_STATE);
        let culture = call.text(2);
        let condition = "minimal.IsLatestRevision = 1 AND (?1 IS NULL OR minimal.PublicationState = ?1)
            AND EXISTS (SELECT 1 FROM tbProperty AS deployable
                WHERE deployable.RevisionID = minimal.RevisionID AND deployable.ExplicitlyDeployable = 1)";
        send_sets(call, condition, &[&state], &culture)?;
        Ok(0)
    },
};

/// Whether a scope has no attribute but `ExcludeOptionalUpdates="0"`.
pub(super) fn means_everything(scope: &str) -> bool {
    match scope.split_once('=') {
        None => true,
        Some((before, after)) => {
            before.trim_end().ends_with("ExcludeOptionalUpdates")
                && (after.trim_start().starts_with("\"0\"") || after.trim_start().starts_with("'0'"))
                && !after.contains('=')
        }
    }
}

/// Sends the five sets for the revisions that fulfil a condition on `minimal`; gives the number of revisions.
fn send_sets(
    call: &mut Call<'_>,
    condition: &str,
    values: &[&dyn ToSql],
    culture: &Option<String>,
) -> Result<u64, Failure> {
    let mut with_culture = values.to_vec();
    with_culture.push(culture);
    let found = call.send(MINIMAL_COLUMNS, &minimal_query(condition, with_culture.len()), with_culture.as_slice())?;
    for (columns, query) in SIDE_SETS {
        call.send(columns, &format!("{query} WHERE {condition} ORDER BY minimal.RevisionID"), values)?;
    }
    Ok(found)
}

/// Selects minimal rows, titles in the culture that is the parameter with that number where there are such.
fn minimal_query(condition: &str, culture: usize) -> String {
    let columns: Vec<String> = MINIMAL_COLUMNS
        .iter()
        .map(|(name, _)| match *name {
            "Title" | "Description" | "ReleaseNotes" => localized(name, culture),
            other => format!("minimal.{other}"),
        })
        .collect();
    format!(
        "SELECT {} FROM vwMinimalUpdate AS minimal WHERE {condition} ORDER BY minimal.RevisionID",
        columns.join(", ")
    )
}

/// Subqueries, not joins: SQLite would compute a joined view for every update first.
fn localized(property: &str, culture: usize) -> String {
    format!(
        "coalesce(
             (SELECT preferred.{property} FROM tbPreComputedLocalizedProperty AS preferred
                 WHERE preferred.RevisionID = minimal.RevisionID AND preferred.ShortLanguage = ?{culture}),
             (SELECT native.{property} FROM vwDefaultLocalizedProperty AS native
                 WHERE native.RevisionID = minimal.RevisionID))"
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Server, guid, text};
    use crate::sandbox::value::Value;

    #[test]
    fn the_latest_revision_is_number_zero() {
        let server = Server::demo();
        let update = ("@updateID", server.update("5044284"));
        let answer = server.call("spGetUpdateByID", std::slice::from_ref(&update));
        assert_eq!(answer.sets.len(), 5);
        let row = &answer.sets[0];
        for (column, value) in [
            ("RevisionNumber", Value::Int(202)),
            ("IsDeployed", Value::Bit(true)),
            ("HasStaleDeployments", Value::Bit(true)),
            ("HasEarlierRevision", Value::Bit(true)),
            ("Title", text("2025-10 Security Update for Windows 11 Version 24H2 (KB5044284)")),
        ] {
            assert_eq!(row.column(column), [value], "{column}");
        }
        assert_eq!(answer.sets[1].column("Title"), [text("Windows 11"), text("Security Updates")]);
        assert_eq!(answer.sets[2].column("KBArticleID"), [text("5044284")]);
        let older = server.call("spGetUpdateByID", &[update, ("@revisionNumber", Value::Int(200))]);
        assert_eq!(older.sets[0].column("IsLatestRevision"), [Value::Bit(false)]);
    }

    #[test]
    fn an_unknown_update_is_refused() {
        let nobody = [("@updateID", guid("11111111-2222-4333-8444-555555555555"))];
        Server::demo().refuses("spGetUpdateByID", &nobody, "not found");
    }

    #[test]
    fn updates_are_listed_by_publication_state() {
        let server = Server::demo();
        let count = |arguments: &[(&str, Value)]| server.call("spSearchUpdates", arguments).sets.remove(0).rows.len();
        let all = count(&[]);
        assert_eq!(all, 398);
        assert_eq!(count(&[("@publicationState", Value::Int(i32::MAX))]), all);
        let expired = count(&[("@publicationState", Value::Int(1))]);
        assert_eq!(expired, 32);
        assert_eq!(count(&[("@publicationState", Value::Int(0))]), all - expired);
    }

    #[test]
    fn only_the_scope_of_everything_is_read() {
        let server = Server::demo();
        let scope = |xml: &str| [("@updateScopeXml", text(xml))];
        server.call("spSearchUpdates", &scope("<updateScope ExcludeOptionalUpdates=\"0\" />"));
        for narrow in [
            "<updateScope ApprovedStates=\"4\" ExcludeOptionalUpdates=\"0\" />",
            "<updateScope ExcludeOptionalUpdates=\"0\" UpdateTypes=\"1\" />",
            "<updateScope ExcludeOptionalUpdates=\"1\" />",
        ] {
            server.refuses("spSearchUpdates", &scope(narrow), "scope");
        }
    }

    #[test]
    fn superseded_and_superseding_updates_say_so() {
        let server = Server::demo();
        let answer = server.call("spGetUpdateByID", &[("@updateID", server.update("4902192"))]);
        assert_eq!(answer.sets[0].column("IsSuperseded"), [Value::Bit(true)]);
        assert_eq!(answer.sets[0].column("HasSupersededUpdates"), [Value::Bit(true)]);
        assert_eq!(answer.sets[0].column("IsLeaf"), [Value::Bit(false)]);
    }
}
