//! Misbehaviour on demand.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tiberius::{Command, Query};
use wsusctl::sandbox::faults::{Fault, Faults};
use wsusctl::sandbox::tds::{ConnectionError, ServerSettings};

use crate::echo::Echo;
use crate::raw::open;
use crate::tiberius_client::{batch_error, connect, connect_to};

fn with_fault(statement: u64, fault: Fault) -> ServerSettings {
    let mut settings = open();
    settings.faults = Arc::new(Faults::new(BTreeMap::from([(statement, fault)]), Duration::ZERO, 1));
    settings
}

#[tokio::test]
async fn every_request_counts_as_a_statement() {
    let settings = open();
    let faults = Arc::clone(&settings.faults);
    let (mut client, _served) = connect(settings.clone()).await;
    assert_eq!(faults.statements(), 0, "the login is none");
    client.simple_query("rows 1").await.unwrap().into_results().await.unwrap();
    client.begin_transaction().await.unwrap();
    Command::new("silent").exec(&mut client).await.unwrap().into_command_result().await.unwrap();
    client.commit_transaction().await.unwrap();
    assert_eq!(faults.statements(), 4);
    let (mut other, _served) = connect(settings).await;
    Query::new("count 1").execute(&mut other).await.unwrap();
    assert_eq!(faults.statements(), 5, "counted over all connections");
}

#[tokio::test]
async fn a_connection_is_dropped_before_or_after_a_statement() {
    for (fault, statements_run) in [(Fault::DropBefore, 1), (Fault::DropAfter, 2)] {
        let database = Arc::new(Echo::default());
        let journal = Arc::clone(&database.journal);
        let (mut client, served) = connect_to(database, with_fault(2, fault)).await;
        client.simple_query("rows 1").await.unwrap().into_results().await.unwrap();
        let result = match client.simple_query("rows 100000").await {
            Ok(stream) => stream.into_results().await,
            Err(problem) => Err(problem),
        };
        assert!(!matches!(result.unwrap_err(), tiberius::error::Error::Server(_)));
        let ended = served.await.unwrap().unwrap_err();
        assert!(matches!(ended, ConnectionError::Dropped { statement: 2 }), "{ended}");
        assert_eq!(journal.statements_run.load(Ordering::SeqCst), statements_run);
        assert_eq!(journal.sessions_dropped.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn errors_are_raised_instead_of_a_statement_and_the_next_one_works() {
    for (fault, number, class) in [(Fault::Deadlock, 1205, 13), (Fault::Raise(1), 50000, 16)] {
        let database = Arc::new(Echo::default());
        let journal = Arc::clone(&database.journal);
        let (mut client, _served) = connect_to(database, with_fault(2, fault)).await;
        client.simple_query("rows 1").await.unwrap().into_results().await.unwrap();
        let error = batch_error(&mut client, "rows 2").await;
        assert_eq!((error.code(), error.class()), (number, class));
        assert_eq!(journal.rows_made.load(Ordering::SeqCst), 1);
        let rows = client.simple_query("rows 3").await.unwrap().into_first_result().await.unwrap();
        assert_eq!(rows.len(), 3);
    }
}

#[tokio::test]
async fn a_procedure_and_a_transaction_can_fail_too() {
    let (mut client, _served) = connect(with_fault(1, Fault::Raise(44))).await;
    let failed = Command::new("silent").exec(&mut client).await.unwrap().into_command_result().await;
    assert_eq!(failed.unwrap_err().code(), Some(50000));
    Command::new("silent").exec(&mut client).await.unwrap().into_command_result().await.unwrap();

    let (mut client, _served) = connect(with_fault(2, Fault::Deadlock)).await;
    client.begin_transaction().await.unwrap();
    assert_eq!(client.commit_transaction().await.unwrap_err().code(), Some(1205));
    let rows = client.simple_query("transactions").await.unwrap().into_first_result().await.unwrap();
    let events: Vec<&str> = rows.iter().map(|row| row.get(0).unwrap()).collect();
    assert_eq!(events, ["Begin", "Rollback"], "a victim's transaction is rolled back");
}

#[tokio::test]
async fn statements_can_be_slow() {
    let mut settings = open();
    settings.faults = Arc::new(Faults::new(BTreeMap::new(), Duration::from_millis(30), 1));
    let (mut client, _served) = connect(settings).await;
    let begun = Instant::now();
    client.simple_query("rows 1").await.unwrap().into_results().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(30));
}
