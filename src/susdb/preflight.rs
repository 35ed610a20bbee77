//! The contract against this live server: what is missing, what differs, what may be written.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use uuid::Uuid;

use super::contract::listed;
use super::contract::lists::{LISTS, ListContract, TARGET_GROUP};
use super::contract::objects::OBJECTS;
use super::contract::procedures::contract_of;
use super::contract::{Needed, ObjectContract, ParameterContract, ParameterType, ProcedureContract, Sent};
use super::definition;
use super::read::ReadError;
use super::read::catalogue::{PREFLIGHT_COLUMNS, PREFLIGHT_DEFINITIONS, PREFLIGHT_PROCEDURES};
use super::read::rows_in;
use super::session::{Parameter, Session};
use super::write::bind::{BindError, Value, bind};
use super::write::expected_parameters;
use crate::model::list_shape::{ListBasis, ListContent, ListShape};
use crate::model::listing::Noun;
use crate::model::procedure::{LiveParameter, Procedure, ProcedureState, Verdict};
use crate::model::scope::ReadScope;

/// Characters that an nvarchar of a stated length has at most.
const LONGEST_NVARCHAR: usize = 4000;

/// Why nothing else is read from a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PreflightError {
    /// There is no such table or view, or the login may not see it.
    #[error("{server} has no `{object}`, or this login may not see it")]
    NoObject {
        /// The table or view.
        object: String,
        /// The database server's version.
        server: String,
    },
    /// A table or view lacks a column that we read.
    #[error("`{object}` on {server} has no column `{column}`")]
    NoColumn {
        /// The table or view.
        object: String,
        /// The column.
        column: &'static str,
        /// The database server's version.
        server: String,
    },
}

impl PreflightError {
    /// What to do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::NoObject { .. } => vec![
                "check that the database in the URL is WSUS's: it is always called SUSDB".to_owned(),
                "let the login read: ALTER ROLE db_datareader ADD MEMBER ...; ALTER ROLE PublicViewAccess ADD MEMBER ..."
                    .to_owned(),
            ],
            Self::NoColumn { .. } => {
                vec!["this build of WSUS is not known yet: report its version together with this message".to_owned()]
            }
        }
    }
}

/// Checks that every table, view and column that a scope needs is there.
///
/// # Errors
/// [`PreflightError`] with the first one that is not, and whatever the read says.
pub(super) async fn require_columns(session: &mut Session, scope: &ReadScope, server: &str) -> Result<(), ReadError> {
    require(session, &required(scope).collect::<Vec<_>>(), server).await
}

/// Checks that what a list is read from is there.
///
/// # Errors
/// As [`require_columns`].
pub(super) async fn require_listed(session: &mut Session, noun: Noun, server: &str) -> Result<(), ReadError> {
    require(session, &listed::objects(noun).collect::<Vec<_>>(), server).await
}

async fn require(session: &mut Session, objects: &[&ObjectContract], server: &str) -> Result<(), ReadError> {
    let names: Vec<Parameter<'_>> = objects.iter().map(|object| Parameter::Text(object.name)).collect();
    let found = rows_in(session, &PREFLIGHT_COLUMNS, &names, |row| {
        let object = format!("{}.{}", row.text("SchemaName")?, row.text("ObjectName")?).to_lowercase();
        Ok((object, row.text("ColumnName")?.to_lowercase()))
    });
    let mut live: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (object, column) in found.await? {
        live.entry(object).or_default().insert(column);
    }
    Ok(compare_columns(&live, objects, server)?)
}

/// What a scope cannot be read without.
fn required(scope: &ReadScope) -> impl Iterator<Item = &'static ObjectContract> {
    let superseding = scope.tells_superseding();
    let (synchronization, notifications) = (scope.synchronization, scope.notifications);
    let needed_by = scope.every_update || scope.selections.iter().any(|selection| selection.needed_by);
    let (rules, downstream_servers) = (scope.rules, scope.downstream_servers);
    OBJECTS.iter().filter(move |contract| match contract.needed {
        Needed::Always => true,
        Needed::BySupersedence => superseding,
        Needed::ByNeededBy => needed_by,
        Needed::ByRules => rules,
        Needed::ByDownstreamServers => downstream_servers,
        Needed::BySynchronization => synchronization,
        Needed::ByNotifications => notifications,
        Needed::ByImpact | Needed::ByLists | Needed::ByDoctor => false,
    })
}

fn compare_columns(
    live: &BTreeMap<String, BTreeSet<String>>,
    objects: &[&ObjectContract],
    server: &str,
) -> Result<(), PreflightError> {
    for contract in objects {
        let object = format!("{}.{}", contract.schema, contract.name);
        let server = server.to_owned();
        let Some(columns) = live.get(&object.to_lowercase()) else {
            return Err(PreflightError::NoObject { object, server });
        };
        if let Some(column) = contract.columns.iter().find(|column| !columns.contains(&column.to_lowercase())) {
            return Err(PreflightError::NoColumn { object, column, server });
        }
    }
    Ok(())
}

/// Reads what the server says about each procedure that could be called, and judges it.
///
/// # Errors
/// [`ReadError`].
pub async fn read_procedures(session: &mut Session) -> Result<BTreeMap<Procedure, ProcedureState>, ReadError> {
    let names: Vec<Parameter<'_>> = Procedure::ALL.iter().map(|known| Parameter::Text(known.name())).collect();
    let rows = rows_in(session, &PREFLIGHT_PROCEDURES, &names, |row| {
        let procedure = row.text("ProcedureName")?;
        let Some(name) = row.text_or_null("ParameterName")? else { return Ok((procedure, None)) };
        let parameter = LiveParameter {
            name,
            type_name: row.text("TypeName")?.to_lowercase(),
            max_length: i16::try_from(row.int("MaxLength")?).unwrap_or(-1),
            output: row.bit("IsOutput")?,
            defaulted: false,
        };
        Ok((procedure, Some(parameter)))
    });
    let mut live: BTreeMap<String, Vec<LiveParameter>> = BTreeMap::new();
    for (procedure, parameter) in rows.await? {
        live.entry(procedure.to_lowercase()).or_default().extend(parameter);
    }
    let definitions: BTreeMap<String, String> = definitions(session, &names).await?.into_iter().collect();
    for (procedure, definition) in &definitions {
        let defaulted = definition::defaulted(definition).unwrap_or_default();
        for parameter in live.get_mut(procedure).into_iter().flatten() {
            parameter.defaulted = defaulted.contains(&parameter.name.to_lowercase());
        }
    }
    let state = |procedure: Procedure| {
        let name = procedure.name().to_lowercase();
        let state = judge(contract_of(procedure), live.remove(&name));
        (procedure, with_lists(state, procedure, definitions.get(&name).map(String::as_str)))
    };
    Ok(Procedure::ALL.into_iter().map(state).collect())
}

/// The definitions that the login may see, by procedure in lower case: without VIEW DEFINITION there are none.
pub(super) async fn definitions(
    session: &mut Session,
    names: &[Parameter<'_>],
) -> Result<Vec<(String, String)>, ReadError> {
    let found = rows_in(session, &PREFLIGHT_DEFINITIONS, names, |row| {
        Ok((row.text("ProcedureName")?.to_lowercase(), row.text_or_null("Definition")?))
    });
    Ok(found.await?.into_iter().filter_map(|(name, definition)| Some((name, definition?))).collect())
}

/// Says how the lists are written that a procedure takes. A shape that nothing can be written in is a difference.
fn with_lists(mut state: ProcedureState, procedure: Procedure, definition: Option<&str>) -> ProcedureState {
    let takes =
        |list: &ListContract| state.parameters.iter().any(|live| live.name.eq_ignore_ascii_case(list.parameter));
    let lists = LISTS.iter().filter(|list| list.procedure == procedure && takes(list));
    state.lists = lists
        .map(|list| match definition {
            Some(definition) => definition::list_shape(definition, list),
            None => list.assumed(ListBasis::Hidden),
        })
        .collect();
    let groups = |shape: &&ListShape| shape.item == TARGET_GROUP && shape.content == ListContent::Numbers;
    if let Some(ListShape { parameter, .. }) = state.lists.iter().find(groups)
        && state.verdict == Verdict::Matches
    {
        state.verdict = Verdict::Differs(format!("{parameter} takes numbers, and no public source says which"));
    }
    state
}

/// Judges what a server has of a procedure.
fn judge(contract: &ProcedureContract, live: Option<Vec<LiveParameter>>) -> ProcedureState {
    let expected = expected_signature(contract);
    let Some(parameters) = live else {
        let (parameters, lists) = (Vec::new(), Vec::new());
        return ProcedureState { expected, live: None, parameters, lists, verdict: Verdict::Missing };
    };
    let differences = differences(contract, &parameters);
    let verdict = if differences.is_empty() { Verdict::Matches } else { Verdict::Differs(differences.join("; ")) };
    let live = Some(live_signature(contract.procedure, &parameters));
    ProcedureState { expected, live, parameters, lists: Vec::new(), verdict }
}

fn differences(contract: &ProcedureContract, live: &[LiveParameter]) -> Vec<String> {
    let mut differences = Vec::new();
    for known in contract.parameters {
        match live.iter().find(|parameter| known.is_called(&parameter.name)) {
            Some(parameter) => differences.extend(difference(known, parameter)),
            None if known.sent == Sent::Always => differences.push(format!("{} is missing", known.name)),
            None => {}
        }
    }
    let lacks = !differences.is_empty();
    for parameter in live.iter().filter(|_| !contract.saves_a_row) {
        let known = contract.parameters.iter().any(|known| known.is_called(&parameter.name));
        match (known, parameter.defaulted) {
            (false, false) => differences.push(format!("{} is not known, and no default of it either", parameter.name)),
            // What has a default of its own is left out; beside one that is missing it may be that one, renamed.
            (false, true) if lacks => differences.push(format!("{} is not known", parameter.name)),
            _ => {}
        }
    }
    differences
}

fn difference(known: &ParameterContract, live: &LiveParameter) -> Option<String> {
    let name = known.name;
    if live.output {
        return Some(format!("{name} gives a value back"));
    }
    // The values that lie farthest apart: where these fit, all do, and nothing is lost.
    let too_long = "x".repeat(LONGEST_NVARCHAR + 1);
    let needed = |length: i16| "x".repeat(usize::try_from(length).unwrap_or_default());
    let fits = |values: &[Value<'_>]| values.iter().try_for_each(|value| bind(live, value).map(drop));
    let other_type = || format!("{name} is {}, not {}", type_text(live), known.parameter_type);
    match known.parameter_type {
        ParameterType::UniqueIdentifier => fits(&[Value::Guid(Uuid::nil())]).err().map(|_| other_type()),
        ParameterType::Int => fits(&[Value::Int(i32::MIN), Value::Int(i32::MAX)]).err().map(|_| other_type()),
        ParameterType::SmallInt => {
            fits(&[Value::Int(i16::MIN.into()), Value::Int(i16::MAX.into())]).err().map(|_| other_type())
        }
        ParameterType::TinyInt => fits(&[Value::Int(0), Value::Int(u8::MAX.into())]).err().map(|_| other_type()),
        ParameterType::Bit => fits(&[Value::Bit(false), Value::Bit(true)]).err().map(|_| other_type()),
        ParameterType::DateTime => fits(&[Value::Time(DateTime::UNIX_EPOCH)]).err().map(|_| other_type()),
        ParameterType::NVarCharMax => fits(&[Value::Text(&too_long)]).err().map(|_| other_type()),
        ParameterType::NVarChar { needed: length, .. } => {
            fits(&[Value::Text(&needed(length))]).err().map(|error| match error {
                BindError::TooLong { .. } => {
                    format!("{name} is {}, too short for {length} characters", type_text(live))
                }
                _ => other_type(),
            })
        }
    }
}

fn expected_signature(contract: &ProcedureContract) -> String {
    if let Some(expected) = expected_parameters(contract.procedure) {
        return format!("{}({expected})", contract.procedure.name());
    }
    if contract.saves_a_row {
        return format!("{}(a parameter for each column that it saves)", contract.procedure.name());
    }
    let parameters: Vec<String> =
        contract.parameters.iter().map(|known| format!("{} {}", known.name, known.parameter_type)).collect();
    format!("{}({})", contract.procedure.name(), parameters.join(", "))
}

fn live_signature(procedure: Procedure, parameters: &[LiveParameter]) -> String {
    let parameters: Vec<String> = parameters
        .iter()
        .map(|parameter| {
            let output = if parameter.output { " OUTPUT" } else { "" };
            format!("{} {}{output}", parameter.name, type_text(parameter))
        })
        .collect();
    format!("{}({})", procedure.name(), parameters.join(", "))
}

/// A type with its length as T-SQL writes it.
fn type_text(parameter: &LiveParameter) -> String {
    spelled(&parameter.type_name, parameter.max_length, None)
}

/// A type with its length in bytes (-1 for max), and its precision and scale where they are known, as T-SQL writes it.
pub(super) fn spelled(name: &str, max_length: i16, digits: Option<(i32, i32)>) -> String {
    match (name, max_length, digits) {
        ("nvarchar" | "nchar" | "varchar" | "char" | "varbinary" | "binary", -1, _) => format!("{name}(max)"),
        ("nvarchar" | "nchar", length, _) => format!("{name}({})", length / 2),
        ("varchar" | "char" | "varbinary" | "binary", length, _) => format!("{name}({length})"),
        ("decimal" | "numeric", _, Some((precision, scale))) => format!("{name}({precision},{scale})"),
        ("datetime2" | "datetimeoffset" | "time", _, Some((_, scale))) => format!("{name}({scale})"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{PreflightError, compare_columns, contract_of, judge, required};
    use crate::model::procedure::{LiveParameter, Procedure, Verdict};
    use crate::model::scope::{ReadScope, UpdateSelection};
    use crate::susdb::contract::objects::OBJECTS;

    /// `name type[(characters)][ OUTPUT]`
    fn live(text: &str) -> LiveParameter {
        let mut words = text.split(' ');
        let name = words.next().unwrap().to_owned();
        let (type_name, length) = match words.next().unwrap().split_once('(') {
            Some((type_name, length)) => (type_name, length.trim_end_matches(')')),
            None => (text.split(' ').nth(1).unwrap(), "0"),
        };
        let max_length = if length == "max" { -1 } else { length.parse::<i16>().unwrap() * 2 };
        LiveParameter {
            name,
            type_name: type_name.to_owned(),
            max_length,
            output: words.next().is_some(),
            defaulted: false,
        }
    }

    fn verdict(procedure: Procedure, parameters: &[&str]) -> Verdict {
        judge(contract_of(procedure), Some(parameters.iter().map(|text| live(text)).collect())).verdict
    }

    fn differs(text: &str) -> Verdict {
        Verdict::Differs(text.to_owned())
    }

    #[test]
    fn signatures_compare() {
        use Procedure::{CreateTargetGroup, DeclineUpdate};
        let id = "@updateID uniqueidentifier";
        for (parameters, expected) in [
            (vec![id, "@adminName nvarchar(385)", "@failIfReplica bit"], Verdict::Matches),
            (vec!["@UPDATEID uniqueidentifier", "@adminname nvarchar(385)"], Verdict::Matches),
            (vec![id, "@adminName nvarchar(max)"], Verdict::Matches),
            (vec![id, "@adminName nvarchar(128)"], Verdict::Matches),
            (vec![id, "@adminName nvarchar(64)"], differs("@adminName is nvarchar(64), too short for 128 characters")),
            (vec![id, "@adminName varchar(385)"], differs("@adminName is varchar(770), not nvarchar(385)")),
            (vec![id], differs("@adminName is missing")),
            (
                vec![id, "@adminName nvarchar(385)", "@why int"],
                differs("@why is not known, and no default of it either"),
            ),
            (vec![id, "@adminName nvarchar(385) OUTPUT"], differs("@adminName gives a value back")),
            (vec!["@updateID int", "@adminName nvarchar(385)"], differs("@updateID is int, not uniqueidentifier")),
            (
                vec!["@x int"],
                differs("@updateID is missing; @adminName is missing; @x is not known, and no default of it either"),
            ),
        ] {
            assert_eq!(verdict(DeclineUpdate, &parameters), expected, "{parameters:?}");
        }
        // What is never sent may be there or not.
        let required = ["@name nvarchar(256)", "@id uniqueidentifier", "@parentGroupID uniqueidentifier"];
        assert_eq!(verdict(CreateTargetGroup, &required), Verdict::Matches);
        let more = [&required[..], &["@targetGroupTypeName nvarchar(256)"]].concat();
        assert_eq!(verdict(CreateTargetGroup, &more), Verdict::Matches);
    }

    #[test]
    fn a_type_that_takes_every_value_is_as_good_as_the_known_one() {
        let revision = |of: &str| {
            let revision = format!("@revisionNumber {of}");
            let known =
                ["@eulaID uniqueidentifier", "@adminName nvarchar(385)", "@updateID uniqueidentifier", &revision];
            verdict(Procedure::AcceptEula, &known)
        };
        assert_eq!((revision("int"), revision("bigint")), (Verdict::Matches, Verdict::Matches));
        for narrow in ["smallint", "tinyint", "bit", "uniqueidentifier", "decimal"] {
            assert_eq!(revision(narrow), differs(&format!("@revisionNumber is {narrow}, not int")));
        }
        let rule = |list: &str, days: &str| {
            let (list, days) = (format!("@targetGroupIDListXml {list}"), format!("@dateOffset {days}"));
            verdict(
                Procedure::SetAutoDeploymentRule,
                &[
                    "@autoDeploymentRuleID int",
                    "@name nvarchar(256)",
                    "@enabled int",
                    "@action int",
                    "@updateClassificationIDListXml xml",
                    "@updateCategoryIDListXml nvarchar(max)",
                    &list,
                    &days,
                    "@minutesAfterMidnight bigint",
                ],
            )
        };
        for list in ["ntext", "xml", "nvarchar(max)"] {
            assert_eq!(rule(list, "int"), Verdict::Matches, "{list}");
        }
        let short = "@targetGroupIDListXml is nvarchar(4000), not nvarchar(max)";
        assert_eq!(rule("nvarchar(4000)", "smallint"), differs(short));
        // What is not ASCII would be lost in these.
        assert_eq!(rule("text", "smallint"), differs("@targetGroupIDListXml is text, not nvarchar(max)"));
        assert_eq!(rule("ntext", "tinyint"), differs("@dateOffset is tinyint, not smallint"));
    }

    #[test]
    fn both_signatures_are_printed() {
        let contract = contract_of(Procedure::DeclineUpdate);
        let missing = judge(contract, None);
        assert_eq!(missing.verdict, Verdict::Missing);
        assert_eq!(
            missing.expected,
            "spDeclineUpdate(@updateID uniqueidentifier, @adminName nvarchar(385), @failIfReplica bit)"
        );
        let state = judge(contract, Some(vec![live("@updateID int"), live("@a nvarchar(max) OUTPUT")]));
        assert_eq!(state.live.as_deref(), Some("spDeclineUpdate(@updateID int, @a nvarchar(max) OUTPUT)"));
    }

    #[test]
    fn a_missing_column_is_named() {
        let mut live: BTreeMap<String, BTreeSet<String>> = OBJECTS
            .iter()
            .map(|object| {
                let columns = object.columns.iter().map(|column| column.to_uppercase().to_lowercase()).collect();
                (format!("{}.{}", object.schema, object.name).to_lowercase(), columns)
            })
            .collect();
        let plain = ReadScope::default();
        let by_selector = |needed_by| {
            let selection = UpdateSelection { needed_by, ..UpdateSelection::default() };
            ReadScope { selections: vec![selection], ..ReadScope::default() }
        };
        assert_eq!(compare_columns(&live, &required(&by_selector(true)).collect::<Vec<_>>(), "SQL"), Ok(()));
        // What few manifests need is missed by these only.
        for optional in ["dbo.tbupdatesummaryforallcomputers", "dbo.tbfile"] {
            live.remove(optional);
        }
        assert_eq!(compare_columns(&live, &required(&by_selector(false)).collect::<Vec<_>>(), "SQL"), Ok(()));
        let error = compare_columns(&live, &required(&by_selector(true)).collect::<Vec<_>>(), "SQL").unwrap_err();
        assert!(error.to_string().contains("tbUpdateSummaryForAllComputers"), "{error}");
        live.remove("dbo.tbrevisionsupersedesupdate");
        assert!(compare_columns(&live, &required(&by_selector(false)).collect::<Vec<_>>(), "SQL").is_err());
        assert_eq!(compare_columns(&live, &required(&plain).collect::<Vec<_>>(), "SQL"), Ok(()));
        live.get_mut("dbo.tbupdate").unwrap().remove("ishidden");
        let error = compare_columns(&live, &required(&plain).collect::<Vec<_>>(), "SQL").unwrap_err();
        assert_eq!(error.to_string(), "`dbo.tbUpdate` on SQL has no column `IsHidden`");
        live.remove("dbo.tbupdate");
        let error = compare_columns(&live, &required(&plain).collect::<Vec<_>>(), "SQL").unwrap_err();
        assert!(matches!(&error, PreflightError::NoObject { object, .. } if object == "dbo.tbUpdate"));
    }
}
