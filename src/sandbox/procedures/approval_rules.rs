//! Automatic approval rules. SUSDB calls them auto deployment rules; a rule's approvals are made by the service, one by one.

use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::arguments::{defaulted, defaulted_text, guid_text, nvarchar, optional, required};
use super::refusals::{Reason, not_found, refusal, refuse_on_replica};
use super::rows::ColumnSpec;
use super::xml_lists::{self, List, RULE_CATEGORIES, RULE_CLASSIFICATIONS, RULE_GROUPS};
use super::{Call, Failure, Procedure, categories, groups};
use crate::sandbox::value::SqlType::{Bit, Int, NVarChar, SmallInt, UniqueIdentifier};

/// The procedures of this file.
pub(super) const PROCEDURES: &[&Procedure] = &[&GET_IDS, &GET_BY_ID, &CREATE, &SET, &DELETE, &GET_UPDATES_TO_APPROVE];

/// A rule's row. The columns are known by position (grade B); their names here are those of tbAutoDeploymentRule.
///
/// Source: PoshWSUS assemblies, TypeScript WSUS console (order, grade B).
const COLUMNS: &[ColumnSpec] = &[
    ("ID", Int),
    ("Enabled", Bit),
    ("ActionID", Int),
    ("Name", nvarchar(256)),
    ("DateOffset", SmallInt),
    ("MinutesAfterMidnight", SmallInt),
];

/// Characters that a rule's name may have at most: those of its column.
///
/// Source: tbAutoDeploymentRule in Intensive-Self-Service-Portal (grade A).
const LONGEST_NAME: usize = 256;

/// Minutes of a day.
const DAY: i64 = 24 * 60;

/// Lists the ids of the rules (grade B). The column's name is our guess (grade C).
static GET_IDS: Procedure = Procedure {
    name: "spGetAutoDeploymentRuleIDs",
    parameters: &[],
    run: |call| {
        call.send(&[("ID", Int)], "SELECT ID FROM tbAutoDeploymentRule ORDER BY ID", [])?;
        Ok(0)
    },
};

/// Gives a rule, then its classifications, its categories and its groups.
///
/// Source: PoshWSUS assemblies (name, parameters, sets; grade B). That the sets hold whole category and group rows is
/// inferred from @preferredCulture (grade C); so is @apiVersion and that an unknown rule is refused.
static GET_BY_ID: Procedure = Procedure {
    name: "spGetAutoDeploymentRuleByID",
    parameters: &[
        required("@autoDeploymentRuleID", Int),
        defaulted_text("@preferredCulture", nvarchar(16), "en"),
        defaulted("@apiVersion", Int, 131_072),
    ],
    run: get_by_id,
};

fn get_by_id(call: &mut Call<'_>) -> Result<i32, Failure> {
    let rule = require(call, "spGetAutoDeploymentRuleByID")?.id;
    let culture = call.text(1);
    call.send(
        COLUMNS,
        "SELECT ID, Enabled, ActionID, Name, DateOffset, MinutesAfterMidnight FROM tbAutoDeploymentRule WHERE ID = ?1",
        [rule],
    )?;
    for list in [CLASSIFICATIONS, CATEGORIES] {
        let query = format!(
            "{} JOIN {} AS chosen ON chosen.{} = category.CategoryID AND chosen.AutoDeploymentRuleID = ?2
             ORDER BY category.CategoryIndex",
            categories::QUERY,
            list.table,
            list.column
        );
        call.send(categories::COLUMNS, &query, params![culture, rule])?;
    }
    let query = format!(
        "{} JOIN tbTargetGroupInAutoDeploymentRule AS chosen
             ON chosen.TargetGroupID = listed.TargetGroupID AND chosen.AutoDeploymentRuleID = ?1
         ORDER BY listed.OrderValue, listed.Name",
        groups::GROUP_QUERY
    );
    call.send(groups::GROUP_COLUMNS, &query, [rule])?;
    Ok(0)
}

/// Creates a disabled rule that installs nothing anywhere and gives its id.
///
/// Source: PoshWSUS assemblies (name, parameter, id; grade B); MS-WSUSAR 3.1.4.63 (empty names, grade A). That names may
/// repeat, and the column's name, are our guesses (grade C).
static CREATE: Procedure = Procedure {
    name: "spCreateAutoDeploymentRule",
    parameters: &[required("@name", nvarchar(256))],
    run: |call| {
        let name = valid_name(call, 0, "spCreateAutoDeploymentRule")?;
        call.store.execute("INSERT INTO tbAutoDeploymentRule (Name) VALUES (?1)", [name])?;
        let id = call.store.last_insert_rowid();
        call.send(&[("ID", Int)], "SELECT ?1", [id])?;
        Ok(0)
    },
};

/// Replaces everything about a rule, all three lists included.
///
/// Source: PoshWSUS assemblies (parameters, grade B); MS-WSUSAR 3.1.4.63, TypeScript WSUS console (action 0 only, unknown
/// ids, empty names, an enabled rule needs a classification or a category; grade A/B); UpdateManagement assemblies (lists of
/// GUIDs, grade B; a variant reads LocalUpdateIDs). Our guesses are the following (grade C): a NULL list is an empty one; the deadline's two parts come together, days from 0 on, minutes of a day;
/// a group has to hold computers; an id may not repeat.
static SET: Procedure = Procedure {
    name: "spSetAutoDeploymentRule",
    parameters: &[
        required("@autoDeploymentRuleID", Int),
        required("@name", nvarchar(256)),
        required("@enabled", Bit),
        required("@action", Int),
        required("@updateClassificationIDListXml", NVarChar(None)),
        required("@updateCategoryIDListXml", NVarChar(None)),
        required("@targetGroupIDListXml", NVarChar(None)),
        optional("@dateOffset", SmallInt),
        optional("@minutesAfterMidnight", SmallInt),
        defaulted("@apiVersion", Int, 131_072),
    ],
    run: set,
};

fn set(call: &mut Call<'_>) -> Result<i32, Failure> {
    let procedure = "spSetAutoDeploymentRule";
    let rule = require(call, procedure)?.id;
    let name = valid_name(call, 1, procedure)?;
    let enabled = call.bit(2);
    if call.int(3) != Some(0) {
        return Err(refusal(procedure, "the action of a rule has to be 0, install"));
    }
    let classifications = category_ids(call, 4, CLASSIFICATIONS)?;
    let categories = category_ids(call, 5, CATEGORIES)?;
    let groups = group_ids(call, 6)?;
    if enabled && classifications.is_empty() && categories.is_empty() {
        return Err(refusal(procedure, "an enabled rule needs at least one update classification or category"));
    }
    refuse_deadline(procedure, call.int(7), call.int(8))?;
    call.store.execute(
        "UPDATE tbAutoDeploymentRule
         SET Name = ?2, Enabled = ?3, ActionID = 0, DateOffset = ?4, MinutesAfterMidnight = ?5 WHERE ID = ?1",
        params![rule, name, enabled, call.int(7), call.int(8)],
    )?;
    clear_lists(call, rule)?;
    for (list, ids) in [(CLASSIFICATIONS, classifications), (CATEGORIES, categories)] {
        let insert = format!("INSERT INTO {} (AutoDeploymentRuleID, {}) VALUES (?1, ?2)", list.table, list.column);
        for id in ids {
            call.store.execute(&insert, params![rule, id])?;
        }
    }
    for group in groups {
        call.store.execute(
            "INSERT INTO tbTargetGroupInAutoDeploymentRule (AutoDeploymentRuleID, TargetGroupID) VALUES (?1, ?2)",
            params![rule, group],
        )?;
    }
    Ok(0)
}

/// Deletes a rule with its lists. Approvals that it brought about stay.
///
/// Source: PoshWSUS assemblies (grade B); that an unknown rule is refused is our guess (grade C).
static DELETE: Procedure = Procedure {
    name: "spDeleteAutoDeploymentRuleByID",
    parameters: &[required("@autoDeploymentRuleID", Int)],
    run: |call| {
        let rule = require(call, "spDeleteAutoDeploymentRuleByID")?.id;
        clear_lists(call, rule)?;
        call.store.execute("DELETE FROM tbAutoDeploymentRule WHERE ID = ?1", [rule])?;
        Ok(0)
    },
};

/// Lists the updates that a rule would approve; the caller approves them. Nothing is changed.
///
/// Source: PoshWSUS assemblies (grade B); MS-WSUSAR (a disabled rule and a replica are refused, grade B). What exactly is
/// listed is our guess (grade C): latest revisions that can be approved and installed, neither declined nor expired, without
/// terms that nobody accepted, in one of the rule's classifications and in or below one of its categories (an empty list
/// admits all), that at least one of its groups has no approval of.
static GET_UPDATES_TO_APPROVE: Procedure = Procedure {
    name: "spGetUpdateListToApproveForAutoDeploymentRule",
    parameters: &[required("@autoDeploymentRuleID", Int)],
    run: |call| {
        let procedure = "spGetUpdateListToApproveForAutoDeploymentRule";
        refuse_on_replica(call, procedure)?;
        let rule = require(call, procedure)?;
        if !rule.is_enabled {
            return Err(Reason::InvalidState.refuses(procedure, "a disabled rule cannot be run"));
        }
        call.send(&[("UpdateID", UniqueIdentifier)], TO_APPROVE, [rule.id])?;
        Ok(0)
    },
};

const TO_APPROVE: &str = "WITH RECURSIVE
    category (CategoryID) AS (
        SELECT CategoryID FROM tbCategoryInAutoDeploymentRule WHERE AutoDeploymentRuleID = ?1
        UNION
        SELECT child.CategoryID FROM category JOIN tbCategory AS child ON child.ParentCategoryID = category.CategoryID
    ),
    classification (CategoryID) AS (
        SELECT UpdateClassificationID FROM tbUpdateClassificationInAutoDeploymentRule WHERE AutoDeploymentRuleID = ?1
    )
    SELECT minimal.UpdateID
    FROM vwMinimalUpdate AS minimal
    JOIN tbProperty AS properties ON properties.RevisionID = minimal.RevisionID
    WHERE minimal.IsLatestRevision = 1 AND minimal.Declined = 0 AND minimal.PublicationState <> 1
        AND properties.ExplicitlyDeployable = 1 AND properties.CanInstall = 1 AND minimal.RequiresEulaAcceptance = 0
        AND (NOT EXISTS (SELECT 1 FROM classification)
            OR EXISTS (SELECT 1 FROM tbRevisionInCategory AS link
                JOIN classification ON classification.CategoryID = link.CategoryID
                WHERE link.RevisionID = minimal.RevisionID))
        AND (NOT EXISTS (SELECT 1 FROM category)
            OR EXISTS (SELECT 1 FROM tbRevisionInCategory AS link
                JOIN category ON category.CategoryID = link.CategoryID
                WHERE link.RevisionID = minimal.RevisionID))
        AND EXISTS (SELECT 1 FROM tbTargetGroupInAutoDeploymentRule AS chosen
            WHERE chosen.AutoDeploymentRuleID = ?1 AND NOT EXISTS (
                SELECT 1 FROM tbDeployment AS deployment
                WHERE deployment.RevisionID = minimal.RevisionID AND deployment.TargetGroupID = chosen.TargetGroupID
                    AND deployment.ActionID IN (0, 1, 3)))
    ORDER BY minimal.LocalUpdateID";

/// Most days that a deadline may be away.
const DAYS_MAX: i64 = 365;

/// Where a rule's list of categories of a kind is kept.
#[derive(Clone, Copy)]
struct CategoryList {
    table: &'static str,
    column: &'static str,
    holds_classifications: bool,
}

const CLASSIFICATIONS: CategoryList = CategoryList {
    table: "tbUpdateClassificationInAutoDeploymentRule",
    column: "UpdateClassificationID",
    holds_classifications: true,
};

const CATEGORIES: CategoryList =
    CategoryList { table: "tbCategoryInAutoDeploymentRule", column: "CategoryID", holds_classifications: false };

/// What procedures ask about a rule.
struct Rule {
    id: i64,
    is_enabled: bool,
}

/// Looks up the rule that the first argument names, or refuses.
fn require(call: &Call<'_>, procedure: &str) -> Result<Rule, Failure> {
    call.store
        .query_row("SELECT ID, Enabled FROM tbAutoDeploymentRule WHERE ID = ?1", [call.int(0)], |row| {
            Ok(Rule { id: row.get(0)?, is_enabled: row.get(1)? })
        })
        .optional()?
        .ok_or_else(|| not_found(procedure, "the automatic approval rule"))
}

fn valid_name(call: &Call<'_>, position: usize, procedure: &str) -> Result<String, Failure> {
    let name = call.text(position).unwrap_or_default();
    if name.trim().is_empty() {
        return Err(refusal(procedure, "the name of the rule is empty"));
    }
    if name.encode_utf16().count() > LONGEST_NAME {
        return Err(refusal(procedure, format!("the name of the rule is longer than {LONGEST_NAME} characters")));
    }
    Ok(name)
}

/// Source: learn.microsoft.com, AutomaticUpdateApprovalDeadline (ee694861, ee694862; grade A); that the procedure checks what
/// the API checks is our guess (grade C).
fn refuse_deadline(procedure: &str, days: Option<i64>, minutes: Option<i64>) -> Result<(), Failure> {
    match (days, minutes) {
        (None, None) => Ok(()),
        (Some(0..=DAYS_MAX), Some(minutes)) if (0..DAY).contains(&minutes) => Ok(()),
        (Some(_), Some(_)) => Err(refusal(procedure, "the deadline is out of range")),
        _ => Err(refusal(procedure, "a deadline needs both its days and its minutes after midnight")),
    }
}

fn list(call: &Call<'_>, position: usize, list: &List) -> Result<Vec<String>, Failure> {
    let Some(xml) = call.text(position) else { return Ok(Vec::new()) };
    let items = xml_lists::read(Some(&xml), list, call.behaviours)
        .map_err(|reason| refusal("spSetAutoDeploymentRule", reason.to_string()))?;
    Ok(items.unwrap_or_default().into_iter().map(|item| item.text).collect())
}

fn refuse_repetition<T: PartialEq + std::fmt::Display>(ids: &[T], id: &T) -> Result<(), Failure> {
    if ids.contains(id) {
        return Err(refusal("spSetAutoDeploymentRule", format!("the id {id} is listed twice")));
    }
    Ok(())
}

fn category_ids(call: &Call<'_>, position: usize, kind: CategoryList) -> Result<Vec<i64>, Failure> {
    let mut ids = Vec::new();
    let of = if kind.holds_classifications { RULE_CLASSIFICATIONS } else { RULE_CATEGORIES };
    for text in list(call, position, &of)? {
        let noun = if kind.holds_classifications { "update classification" } else { "category" };
        let id = categories::number_of(call, &text, kind.holds_classifications)?
            .ok_or_else(|| not_found("spSetAutoDeploymentRule", &format!("the {noun} {text}")))?;
        refuse_repetition(&ids, &id)?;
        ids.push(id);
    }
    Ok(ids)
}

fn group_ids(call: &Call<'_>, position: usize) -> Result<Vec<String>, Failure> {
    let mut ids = Vec::new();
    for text in list(call, position, &RULE_GROUPS)? {
        let unknown = || not_found("spSetAutoDeploymentRule", &format!("the target group {text}"));
        let id = guid_text(Uuid::parse_str(&text).map_err(|_| unknown())?);
        if !groups::find(call, &id)?.ok_or_else(unknown)?.holds_computers {
            return Err(Reason::InvalidAction
                .refuses("spSetAutoDeploymentRule", "the target group is not a group of computers"));
        }
        refuse_repetition(&ids, &id)?;
        ids.push(id);
    }
    Ok(ids)
}

fn clear_lists(call: &Call<'_>, rule: i64) -> rusqlite::Result<()> {
    for table in [CLASSIFICATIONS.table, CATEGORIES.table, "tbTargetGroupInAutoDeploymentRule"] {
        call.store.execute(&format!("DELETE FROM {table} WHERE AutoDeploymentRuleID = ?1"), [rule])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Server, text};
    use crate::sandbox::value::Value;

    type Arguments = Vec<(&'static str, Value)>;

    fn rule(id: i32) -> (&'static str, Value) {
        ("@autoDeploymentRuleID", Value::Int(id))
    }

    fn category(server: &Server, condition: &str) -> i64 {
        server.number(&format!("SELECT CategoryID FROM tbCategory WHERE {condition} ORDER BY CategoryID LIMIT 1"))
    }

    fn classification(server: &Server) -> i64 {
        category(server, "CategoryType = 'UpdateClassification'")
    }

    fn product(server: &Server) -> i64 {
        category(server, "CategoryType = 'Product'")
    }

    fn ids(server: &Server, ids: &[i64]) -> Value {
        let guid = |id: &i64| server.text(&format!("SELECT lower(UpdateID) FROM tbUpdate WHERE LocalUpdateID = {id}"));
        let items: String = ids.iter().map(|id| format!("<CategoryID>{}</CategoryID>", guid(id))).collect();
        text(&format!("<root>{items}</root>"))
    }

    fn group_list(server: &Server, name: &str) -> Value {
        let id = server.text(&format!("SELECT lower(TargetGroupID) FROM tbTargetGroup WHERE Name = '{name}'"));
        text(&format!("<root><TargetGroupID>{id}</TargetGroupID></root>"))
    }

    /// Arguments that make rule 2 one of a classification and a product for the pilots.
    fn change(server: &Server) -> Arguments {
        vec![
            rule(2),
            ("@name", text("Pilots")),
            ("@enabled", Value::Bit(true)),
            ("@action", Value::Int(0)),
            ("@updateClassificationIDListXml", ids(server, &[classification(server)])),
            ("@updateCategoryIDListXml", ids(server, &[product(server)])),
            ("@targetGroupIDListXml", group_list(server, "Ring 1 - Pilot")),
        ]
    }

    fn with(mut arguments: Arguments, name: &'static str, value: Value) -> Arguments {
        arguments.retain(|(given, _)| *given != name);
        arguments.push((name, value));
        arguments
    }

    fn to_approve(server: &Server, id: i32) -> Vec<Value> {
        server.call("spGetUpdateListToApproveForAutoDeploymentRule", &[rule(id)]).sets[0].column("UpdateID")
    }

    #[test]
    fn rules_are_listed_and_shown() {
        let server = Server::demo();
        let listed = server.call("spGetAutoDeploymentRuleIDs", &[]);
        assert_eq!(listed.sets[0].column("ID"), [Value::Int(1), Value::Int(2)]);
        let shown = server.call("spGetAutoDeploymentRuleByID", &[rule(2)]);
        assert_eq!(shown.sets.len(), 4);
        assert_eq!(
            shown.sets[0].rows,
            [[
                Value::Int(2),
                Value::Bit(false),
                Value::Int(0),
                text("Critical for pilots"),
                Value::SmallInt(7),
                Value::SmallInt(1080)
            ]]
        );
        assert_eq!(shown.sets[1].rows.len(), 2);
        assert_eq!(shown.sets[2].column("Title"), [text("Windows 11")]);
        assert_eq!(shown.sets[3].column("Name"), [text("Ring 1 - Pilot")]);
        server.refuses("spGetAutoDeploymentRuleByID", &[rule(9)], "not found");
    }

    #[test]
    fn a_new_rule_is_disabled_and_empty() {
        let server = Server::demo();
        let created = server.call("spCreateAutoDeploymentRule", &[("@name", text("New"))]);
        assert_eq!(created.sets[0].column("ID"), [Value::Int(3)]);
        let shown = server.call("spGetAutoDeploymentRuleByID", &[rule(3)]);
        assert_eq!(shown.sets[0].column("Enabled"), [Value::Bit(false)]);
        assert_eq!(shown.sets[0].column("DateOffset"), [Value::Null]);
        assert!(shown.sets[1..].iter().all(|set| set.rows.is_empty()));
        for name in ["", "  "] {
            server.refuses("spCreateAutoDeploymentRule", &[("@name", text(name))], "empty");
        }
    }

    #[test]
    fn ids_of_deleted_rules_do_not_come_back() {
        let server = Server::demo();
        server.call("spDeleteAutoDeploymentRuleByID", &[rule(2)]);
        assert_eq!(server.number("SELECT count(*) FROM tbCategoryInAutoDeploymentRule"), 0);
        assert_eq!(server.number("SELECT count(*) FROM tbTargetGroupInAutoDeploymentRule"), 1);
        server.refuses("spDeleteAutoDeploymentRuleByID", &[rule(2)], "not found");
        let created = server.call("spCreateAutoDeploymentRule", &[("@name", text("New"))]);
        assert_eq!(created.sets[0].column("ID"), [Value::Int(3)]);
    }

    #[test]
    fn everything_about_a_rule_is_replaced() {
        let server = Server::demo();
        server.call("spSetAutoDeploymentRule", &change(&server));
        let shown = server.call("spGetAutoDeploymentRuleByID", &[rule(2)]);
        assert_eq!(shown.sets[0].column("Name"), [text("Pilots")]);
        assert_eq!(shown.sets[0].column("Enabled"), [Value::Bit(true)]);
        assert_eq!(shown.sets[0].column("MinutesAfterMidnight"), [Value::Null], "left out is none");
        assert_eq!(shown.sets[1].rows.len(), 1);
        let mut deadline = with(change(&server), "@dateOffset", Value::SmallInt(3));
        deadline = with(deadline, "@minutesAfterMidnight", Value::SmallInt(180));
        deadline = with(deadline, "@updateCategoryIDListXml", Value::Null);
        deadline = with(deadline, "@targetGroupIDListXml", text("<root/>"));
        server.call("spSetAutoDeploymentRule", &deadline);
        let shown = server.call("spGetAutoDeploymentRuleByID", &[rule(2)]);
        assert_eq!(shown.sets[0].column("DateOffset"), [Value::SmallInt(3)]);
        assert_eq!(shown.sets[1].rows.len(), 1);
        assert!(shown.sets[2].rows.is_empty() && shown.sets[3].rows.is_empty());
    }

    #[test]
    fn bad_rules_are_refused_and_change_nothing() {
        let server = Server::demo();
        let downstream = group_list(&server, "Downstream Servers");
        for (name, value, reason) in [
            ("@autoDeploymentRuleID", Value::Int(9), "not found"),
            ("@name", text(" "), "empty"),
            ("@action", Value::Int(1), "action"),
            ("@updateClassificationIDListXml", ids(&server, &[product(&server)]), "update classification"),
            ("@updateCategoryIDListXml", ids(&server, &[classification(&server)]), "category"),
            ("@updateCategoryIDListXml", ids(&server, &[product(&server), product(&server)]), "twice"),
            ("@updateCategoryIDListXml", text("7"), "< is missing"),
            ("@updateCategoryIDListXml", text("<root><CategoryID>7</CategoryID></root>"), "7 was not found"),
            ("@targetGroupIDListXml", text("<root><TargetGroupID>x</TargetGroupID></root>"), "not found"),
            ("@targetGroupIDListXml", downstream, "group of computers"),
            ("@dateOffset", Value::SmallInt(1), "both"),
            ("@minutesAfterMidnight", Value::SmallInt(1), "both"),
        ] {
            server.refuses("spSetAutoDeploymentRule", &with(change(&server), name, value), reason);
        }
        let mut empty = with(change(&server), "@updateClassificationIDListXml", ids(&server, &[]));
        empty = with(empty, "@updateCategoryIDListXml", ids(&server, &[]));
        server.refuses("spSetAutoDeploymentRule", &empty, "at least one");
        server.call("spSetAutoDeploymentRule", &with(empty, "@enabled", Value::Bit(false)));
        let late = with(change(&server), "@dateOffset", Value::SmallInt(1));
        let late = with(late, "@minutesAfterMidnight", Value::SmallInt(1440));
        server.refuses("spSetAutoDeploymentRule", &late, "range");
        assert_eq!(server.number("SELECT count(*) FROM tbAutoDeploymentRule WHERE Name = 'Pilots' AND Enabled"), 0);
    }

    #[test]
    fn a_rule_lists_what_it_would_approve() {
        let server = Server::demo();
        let before = to_approve(&server, 1);
        assert!(!before.is_empty());
        server.call(
            "spDeployUpdate",
            &[
                ("@updateID", before[0].clone()),
                (
                    "@revisionNumber",
                    Value::Int(
                        i32::try_from(server.number(&format!(
                            "SELECT RevisionNumber FROM vwMinimalUpdate WHERE IsLatestRevision AND UpdateID = '{}'",
                            match &before[0] {
                                Value::UniqueIdentifier(id) => id.to_string().to_uppercase(),
                                other => panic!("{other:?}"),
                            }
                        )))
                        .unwrap(),
                    ),
                ),
                ("@actionID", Value::Int(0)),
                ("@targetGroupID", server.group("All Computers")),
                ("@adminName", text("WUS Server")),
            ],
        );
        assert_eq!(to_approve(&server, 1), before[1..]);
        server.by_hand("UPDATE tbUpdate SET IsHidden = 1");
        assert!(to_approve(&server, 1).is_empty(), "declined updates are not approved");
    }

    #[test]
    fn products_below_a_listed_category_count() {
        let server = Server::demo();
        let all = with(change(&server), "@updateClassificationIDListXml", Value::Null);
        server.call("spSetAutoDeploymentRule", &all);
        let direct = to_approve(&server, 2);
        let parent =
            server.number(&format!("SELECT ParentCategoryID FROM tbCategory WHERE CategoryID = {}", product(&server)));
        server.call("spSetAutoDeploymentRule", &with(all, "@updateCategoryIDListXml", ids(&server, &[parent])));
        let below = to_approve(&server, 2);
        assert!(!direct.is_empty() && direct.iter().all(|update| below.contains(update)));
    }

    #[test]
    fn disabled_rules_and_replicas_run_nothing() {
        let server = Server::demo();
        let run = "spGetUpdateListToApproveForAutoDeploymentRule";
        server.refuses(run, &[rule(2)], "disabled");
        server.refuses(run, &[rule(9)], "not found");
        server.by_hand("UPDATE tbConfigurationC SET ReplicaMode = 1");
        server.refuses(run, &[rule(1)], "replica");
    }
}
