//! Reads: retries, and servers that lie.

use std::sync::Arc;

use uuid::Uuid;
use wsusctl::sandbox::value::{SqlType, Value};
use wsusctl::susdb::error::QueryError;
use wsusctl::susdb::read::{ColumnProblem, ReadError, read_server_id};

use super::scripted::{Reply, Script, session};

fn server_ids(ids: &[Uuid]) -> Reply {
    let rows = ids.iter().map(|id| vec![Value::UniqueIdentifier(*id)]).collect();
    Reply::Rows(vec![("ServerID", SqlType::UniqueIdentifier)], rows)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadlocked_read_is_tried_again_a_few_times() {
    let script = Arc::new(Script::default());
    let mut session = session(&script).await;
    let id = Uuid::from_u128(7);
    for _ in 0..3 {
        script.answer("server.id", Reply::Error(1205));
    }
    script.answer("server.id", server_ids(&[id]));
    assert_eq!(read_server_id(&mut session).await.unwrap(), id);
    assert_eq!(script.times_asked("server.id"), 4);
    for _ in 0..4 {
        script.answer("server.id", Reply::Error(1205));
    }
    let error = read_server_id(&mut session).await.unwrap_err();
    assert!(matches!(&error, ReadError::Query(error) if error.is_deadlock()), "{error:?}");
    assert_eq!(script.times_asked("server.id"), 8);
    // The connection is as good as before.
    script.answer("server.id", server_ids(&[id]));
    assert_eq!(read_server_id(&mut session).await.unwrap(), id);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_errors_are_told_with_all_their_fields() {
    let script = Arc::new(Script::default());
    let mut session = session(&script).await;
    script.answer("server.id", Reply::Error(229));
    let error = read_server_id(&mut session).await.unwrap_err();
    let ReadError::Query(QueryError::Server { statement, error }) = error else { panic!("{error:?}") };
    assert_eq!((statement, error.number, error.state, error.class), ("server.id", 229, 7, 16));
    assert_eq!((error.procedure.as_str(), error.line, error.message.as_str()), ("spInner", 42, "It was wrong."));
    assert_eq!(script.times_asked("server.id"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lying_server_gives_an_error() {
    let script = Arc::new(Script::default());
    let mut session = session(&script).await;
    let column = |name, sql_type, value| Reply::Rows(vec![(name, sql_type)], vec![vec![value]]);
    for (reply, expected) in [
        (column("ServerID", SqlType::UniqueIdentifier, Value::Null), ColumnProblem::Null),
        (column("Other", SqlType::UniqueIdentifier, Value::Null), ColumnProblem::Absent),
        (
            column("ServerID", SqlType::NVarChar(Some(36)), Value::NVarChar("x".into())),
            ColumnProblem::Type { expected: "uniqueidentifier", found: "text".into() },
        ),
    ] {
        script.answer("server.id", reply);
        match read_server_id(&mut session).await {
            Err(ReadError::Column { statement: "server.id", column: "ServerID", problem }) => {
                assert_eq!(problem, expected);
            }
            other => panic!("{other:?}"),
        }
    }
    for ids in [&[][..], &[Uuid::from_u128(1), Uuid::from_u128(2)]] {
        script.answer("server.id", server_ids(ids));
        let error = read_server_id(&mut session).await.unwrap_err();
        assert!(matches!(error, ReadError::NotOneRow { found, .. } if found == ids.len()), "{error:?}");
    }
}
