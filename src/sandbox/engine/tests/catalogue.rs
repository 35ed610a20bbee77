//! What the system views say is what there is.

use super::*;
use crate::sandbox::engine::tests::rows;
use crate::sandbox::options::{Change, Variant};
use crate::sandbox::procedures::settings::ELSEWHERE;
use crate::sandbox::sql::declared;
use crate::sandbox::{procedures, schema};

fn initialise_product(connection: &mut Connection, _: Seed) -> rusqlite::Result<()> {
    schema::create(connection)
}

fn product(variants: Vec<Variant>) -> Session {
    let options = Options { variants, ..Options::default() };
    session(&Engine::open(Location::Memory, &options, procedures::all(), &initialise_product).unwrap())
}

fn variant(procedure: &str, change: Change) -> Variant {
    Variant { procedure: procedure.to_owned(), change }
}

const PARAMETERS: &str = "SELECT o.name, p.name, t.name, p.is_output FROM sys.all_objects o
    JOIN sys.schemas s ON s.schema_id = o.schema_id
    JOIN sys.all_parameters p ON p.object_id = o.object_id
    JOIN sys.types t ON t.user_type_id = p.user_type_id
    WHERE s.name = 'dbo' AND o.type = 'P' ORDER BY o.name, p.parameter_id";

#[test]
fn every_parameter_of_every_procedure_is_there() {
    let mut expected = Vec::new();
    for procedure in procedures::all() {
        // What the row of the settings lacks, its save does not take.
        let elsewhere = |name: &str| ELSEWHERE.iter().any(|column| name.trim_start_matches('@') == *column);
        for parameter in procedure.parameters.iter().filter(|parameter| !elsewhere(parameter.name)) {
            let type_name = declared::name(parameter.sql_type);
            let names = [procedure.name, parameter.name, type_name].map(text);
            let mut row = names.to_vec();
            row.push(Value::Bit(parameter.output));
            expected.push(row);
        }
    }
    let mut found = rows(&mut product(vec![]), PARAMETERS);
    let key = |row: &Vec<Value>| format!("{:?}", &row[..2]);
    found.sort_by_key(key);
    expected.sort_by_key(key);
    assert_eq!(found, expected);
    let count = one(&mut product(vec![]), "SELECT COUNT(*) FROM sys.procedures").1;
    assert_eq!(count, Value::Int(i32::try_from(procedures::all().len()).unwrap()));
}

#[test]
fn every_column_that_can_be_selected_is_there_with_its_type() {
    let mut session = product(vec![]);
    let objects = rows(
        &mut session,
        "SELECT SCHEMA_NAME() AS x, s.name, o.name, o.object_id FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id WHERE o.type IN ('U', 'V')",
    );
    assert!(objects.len() > 80, "{}", objects.len());
    for object in objects {
        let (Value::NVarChar(schema), Value::NVarChar(name), Value::Int(id)) = (&object[1], &object[2], &object[3])
        else {
            panic!("{object:?}")
        };
        let recording = ask(&mut session, &format!("SELECT TOP 0 * FROM {schema}.[{name}]"));
        assert_eq!(recording.errors, [], "{name}");
        let selected: Vec<_> =
            recording.sets[0].0.iter().map(|column| (column.name.clone(), declared::name(column.sql_type))).collect();
        let sql = format!(
            "SELECT c.name, t.name FROM sys.all_columns c JOIN sys.types t ON t.user_type_id = c.user_type_id WHERE c.object_id = {id} ORDER BY c.column_id"
        );
        let listed = rows(&mut session, &sql);
        assert_eq!(selected.len(), listed.len(), "{name}");
        for ((column, type_name), row) in selected.iter().zip(listed) {
            assert_eq!(row, [text(column), text(type_name)], "{name}.{column}");
        }
    }
}

#[test]
fn identifiers_are_identifiers_through_views_too() {
    let mut session = product(vec![]);
    for column in [
        "TargetGroupID FROM tbExpandedTargetInTargetGroup",
        "ParentGroupID FROM tbFlattenedTargetGroup",
        "ComputerTargetGroupId FROM PUBLIC_VIEWS.vComputerGroupMembership",
        "ComputerTargetGroupId FROM PUBLIC_VIEWS.vUpdateApproval",
        "UpdateId FROM PUBLIC_VIEWS.vUpdate",
        "ClassificationId FROM PUBLIC_VIEWS.vUpdate",
    ] {
        let recording = ask(&mut session, &format!("SELECT {column}"));
        assert_eq!(recording.sets[0].0[0].sql_type, SqlType::UniqueIdentifier, "{column}");
    }
}

#[test]
fn lengths_are_in_bytes() {
    let mut session = session(&engine());
    for (column, length) in [("Name", 512), ("SID", 85), ("ThingID", 16), ("IsHidden", 1)] {
        let sql = format!(
            "SELECT max_length FROM sys.columns WHERE object_id = OBJECT_ID('dbo.tbThing') AND name = '{column}'"
        );
        assert_eq!(one(&mut session, &sql), (SqlType::SmallInt, Value::SmallInt(length)), "{column}");
    }
}

#[test]
fn system_views_survive_a_rollback() {
    let mut session = session(&engine());
    let sql = "SELECT COUNT(*) FROM sys.tables";
    ask(&mut session, "BEGIN TRAN");
    let before = one(&mut session, sql);
    ask(&mut session, "ROLLBACK");
    assert_eq!(one(&mut session, sql), before);
    let columns = "SELECT COUNT(*) FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = 'tbThing'";
    assert_eq!(one(&mut session, columns).1, Value::Int(6));
}

#[test]
fn variants_change_the_catalogue_and_the_calls() {
    let listed = |session: &mut Session| {
        let sql =
            "SELECT name FROM sys.all_parameters WHERE object_id = OBJECT_ID('spAcceptEula') ORDER BY parameter_id";
        rows(session, sql).into_iter().map(|row| format!("{:?}", row[0])).collect::<Vec<_>>()
    };
    let plain = listed(&mut product(vec![]));
    let mut missing = product(vec![variant("spAcceptEula", Change::Missing)]);
    assert_eq!(listed(&mut missing), Vec::<String>::new());
    assert_eq!(error(&mut missing, "EXEC spAcceptEula").number, 2812);
    let mut extra = product(vec![variant("spGetAllTargetGroups", Change::Extra("@extra".to_owned()))]);
    assert_eq!(error(&mut extra, "EXEC spGetAllTargetGroups").number, 201);
    assert_eq!(ask(&mut extra, "EXEC spGetAllTargetGroups @extra = 1").errors, []);
    let mut optional = product(vec![variant("spGetAllTargetGroups", Change::ExtraDefault("@extra".to_owned()))]);
    assert_eq!(ask(&mut optional, "EXEC spGetAllTargetGroups").errors, []);
    let mut without = product(vec![variant("spAcceptEula", Change::Without("@eulaID".to_owned()))]);
    assert_eq!(listed(&mut without).len(), plain.len() - 1);
    assert_eq!(error(&mut without, "EXEC spAcceptEula @eulaID = 'x'").number, 8145);
    let mut renamed = product(vec![variant("spAcceptEula", Change::Rename("@eulaID".to_owned()))]);
    assert_eq!(error(&mut renamed, "EXEC spAcceptEula @eulaID = 'x'").number, 8145);
    assert_eq!(error(&mut renamed, "EXEC spAcceptEula @eulaID2 = 'x'").number, 8169);
}
