//! Writes: what goes over the wire, and what comes back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeZone, Utc};
use uuid::Uuid;
use wsusctl::model::procedure::{LiveParameter, Procedure, ProcedureState, Verdict};
use wsusctl::sandbox::value::{SqlType, Value};
use wsusctl::susdb::session::{ConnectOptions, Session};
use wsusctl::susdb::write::{NewDeployment, WriteError, Writer};

use super::scripted::{Reply, Script, session, target};

const UPDATE: Uuid = Uuid::from_u128(1);
const GROUP: Uuid = Uuid::from_u128(2);

fn live(procedure: Procedure, parameters: &[(&str, &str, i16)]) -> BTreeMap<Procedure, ProcedureState> {
    let parameter = |&(name, type_name, max_length): &(&str, &str, i16)| LiveParameter {
        name: name.to_owned(),
        type_name: type_name.to_owned(),
        max_length,
        output: false,
        defaulted: false,
    };
    let state = ProcedureState {
        expected: String::new(),
        live: Some(String::new()),
        parameters: parameters.iter().map(parameter).collect(),
        lists: Vec::new(),
        verdict: Verdict::Matches,
    };
    BTreeMap::from([(procedure, state)])
}

fn decline() -> BTreeMap<Procedure, ProcedureState> {
    live(Procedure::DeclineUpdate, &[("@updateid", "uniqueidentifier", 16), ("@AdminName", "nvarchar", 770)])
}

fn deployment(deadline: bool) -> NewDeployment<'static> {
    NewDeployment {
        update: UPDATE,
        revision: 201,
        action: 0,
        group: GROUP,
        admin_name: "CONTOSO\\svc",
        assigned: true,
        deadline: deadline.then(|| Utc.with_ymd_and_hms(2026, 12, 1, 18, 0, 0).unwrap()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_go_out_by_name_and_in_the_live_type() {
    let script = Arc::new(Script::default());
    let mut session = session(&script).await;
    let procedures = live(
        Procedure::DeployUpdate,
        &[
            ("@updateID", "uniqueidentifier", 16),
            ("@revisionNumber", "int", 4),
            ("@actionID", "int", 4),
            ("@targetGroupID", "uniqueidentifier", 16),
            ("@adminName", "nvarchar", 770),
            ("@isAssigned", "bit", 1),
            ("@downloadPriority", "tinyint", 1),
            ("@deadline", "datetime", 8),
            ("@failIfReplica", "bit", 1),
        ],
    );
    let mut writer = Writer::new(&mut session, &procedures);
    writer.deploy_update(&deployment(true)).await.unwrap();
    writer.deploy_update(&deployment(false)).await.unwrap();
    let asked = script.asked();
    assert_eq!(asked[0].0, "dbo.spDeployUpdate");
    let sent: Vec<(&str, Option<SqlType>, &Value)> =
        asked[0].1.iter().map(|sent| (sent.name.as_str(), sent.sql_type, &sent.value)).collect();
    let deadline = chrono::NaiveDate::from_ymd_opt(2026, 12, 1).unwrap().and_hms_opt(18, 0, 0).unwrap();
    assert_eq!(sent[0], ("@updateID", Some(SqlType::UniqueIdentifier), &Value::UniqueIdentifier(UPDATE)));
    assert_eq!(sent[1], ("@revisionNumber", Some(SqlType::Int), &Value::Int(201)));
    assert_eq!(sent[5], ("@isAssigned", Some(SqlType::Bit), &Value::Bit(true)));
    assert_eq!(sent[6], ("@deadline", Some(SqlType::DateTime), &Value::DateTime(deadline)));
    assert_eq!(sent[7], ("@failIfReplica", Some(SqlType::Bit), &Value::Bit(true)));
    assert_eq!(sent.len(), 8);
    // No deadline is said by saying nothing: never by a NULL without a type.
    let names: Vec<&str> = asked[1].1.iter().map(|sent| sent.name.as_str()).collect();
    assert!(!names.contains(&"@deadline"), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_the_servers_and_optional_ones_may_be_missing() {
    let script = Arc::new(Script::default());
    let mut session = session(&script).await;
    Writer::new(&mut session, &decline()).decline_update(UPDATE, "admin").await.unwrap();
    let names: Vec<String> = script.asked()[0].1.iter().map(|sent| sent.name.clone()).collect();
    assert_eq!(names, ["@updateid", "@AdminName"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_told_apart_and_nothing_is_tried_twice() {
    let script = Arc::new(Script::default());
    let mut session = session(&script).await;
    let procedures = decline();
    let mut writer = Writer::new(&mut session, &procedures);
    script.answer("dbo.spDeclineUpdate", Reply::Return(1));
    let error = writer.decline_update(UPDATE, "admin").await.unwrap_err();
    assert!(matches!(error, WriteError::ReturnCode { code: 1, .. }), "{error:?}");
    script.answer("dbo.spDeclineUpdate", Reply::Return(-6));
    let error = writer.decline_update(UPDATE, "admin").await.unwrap_err();
    assert!(matches!(error, WriteError::ReturnCode { code: -6, .. }), "{error:?}");
    script.answer("dbo.spDeclineUpdate", Reply::Error(50000));
    let error = writer.decline_update(UPDATE, "admin").await.unwrap_err();
    assert!(matches!(&error, WriteError::Server { error, .. } if error.number == 50000 && error.state == 7));
    assert!(!error.is_deadlock() && !error.fate_unknown());
    script.answer("dbo.spDeclineUpdate", Reply::Error(1205));
    let error = writer.decline_update(UPDATE, "admin").await.unwrap_err();
    assert!(error.is_deadlock() && !error.fate_unknown());
    assert_eq!(script.times_asked("dbo.spDeclineUpdate"), 4);
    let error = writer.decline_update(UPDATE, &"x".repeat(400)).await.unwrap_err();
    assert!(matches!(error, WriteError::Bind { .. }), "{error:?}");
    let error = writer.undecline_update(UPDATE, "admin").await.unwrap_err();
    assert!(matches!(error, WriteError::Unsupported { procedure: Procedure::UndeclineUpdate }), "{error:?}");
    assert_eq!(script.asked().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_an_answer_has_an_unknown_fate() {
    let script = Arc::new(Script::default());
    let options = ConnectOptions { statement_timeout: Duration::from_millis(100), ..ConnectOptions::default() };
    let mut session = Session::connect(&target(&script), &options).await.unwrap();
    script.answer("dbo.spDeclineUpdate", Reply::Stall(Duration::from_secs(5)));
    let procedures = decline();
    let mut writer = Writer::new(&mut session, &procedures);
    let error = writer.decline_update(UPDATE, "admin").await.unwrap_err();
    assert!(matches!(error, WriteError::Timeout { .. }) && error.fate_unknown(), "{error:?}");
    let error = writer.decline_update(UPDATE, "admin").await.unwrap_err();
    assert!(matches!(error, WriteError::ConnectionLost { .. }) && error.fate_unknown(), "{error:?}");
}
