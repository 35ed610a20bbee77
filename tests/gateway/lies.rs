//! Servers that lie: whatever comes instead of an answer is an error that names the statement, within bounded memory.

use std::error::Error;
use std::time::Duration;

use proptest::prelude::{ProptestConfig, any, prop, prop_assert, proptest};
use uuid::Uuid;
use wsusctl::susdb::answer::AnswerProblem;
use wsusctl::susdb::driver::DriverProblem;
use wsusctl::susdb::error::{ConnectError, QueryError};
use wsusctl::susdb::read::{ColumnProblem, ReadError, read_server_id};
use wsusctl::susdb::session::{ConnectOptions, Session};

use super::liar::{
    Answer, b_varchar, columns, done, message, packet, packets, row, session, target, welcome, with_length,
};

const GUID: &[u8] = &[0x24, 16];
const INT: &[u8] = &[0x26, 4];
const TEXT_MAX: &[u8] = &[0xE7, 0xFF, 0xFF, 9, 4, 0xD0, 0, 0x34];
/// The one cell that the statement of these tests wants.
const CELL: [u8; 17] = [16, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

fn good() -> Vec<u8> {
    [columns(&[(GUID, "ServerID")]), row(&CELL), ending()].concat()
}

/// DONEINPROC with a count, RETURNSTATUS, DONEPROC: as SQL Server ends the answer to `sp_executesql`.
fn ending() -> Vec<u8> {
    [done(0xFF, 0x11, 1), vec![0x79, 0, 0, 0, 0], done(0xFE, 0, 0)].concat()
}

/// Short enough for a test of limits.
fn options() -> ConnectOptions {
    ConnectOptions {
        statement_timeout: Duration::from_secs(20),
        answer_bytes_max: 1 << 20,
        answer_rows_max: 20_000,
        ..ConnectOptions::default()
    }
}

async fn ask(answer: Answer) -> Result<Uuid, ReadError> {
    read_server_id(&mut session(answer, &options()).await).await
}

/// Asks, and expects an error that names the statement.
async fn refused(answer: Answer) -> ReadError {
    let error = ask(answer).await.unwrap_err();
    assert!(error.to_string().contains("`server.id`"), "{error}");
    error
}

fn problem(error: ReadError) -> AnswerProblem {
    match error {
        ReadError::Query(QueryError::Answer { statement: "server.id", problem }) => problem,
        other => panic!("{other:?}"),
    }
}

/// The error with everything behind it.
fn chain(error: &ReadError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

#[tokio::test]
async fn an_honest_answer_is_read() {
    assert_eq!(ask(Answer::Tokens(good())).await.unwrap(), Uuid::from_u128(7 << 96));
    // Counts that cannot be, messages and changes that nobody asked for: noise, not rows.
    let loud = [
        with_length(0xE3, &[1, 1, b'x', 0, 1, b'y', 0]),
        with_length(0xE3, &[2, 1, b'x', 0, 0]),
        columns(&[(GUID, "ServerID")]),
        row(&CELL),
        done(0xFF, 0x11, u64::MAX),
        vec![0x79, 0xFF, 0xFF, 0xFF, 0x7F],
        done(0xFE, 0x10, u64::MAX),
    ];
    assert_eq!(ask(Answer::Tokens(loud.concat())).await.unwrap(), Uuid::from_u128(7 << 96));
}

#[tokio::test]
async fn columns_that_are_not_those_asked_for() {
    for (declared, cells, expected) in [
        (vec![(GUID, "Other")], CELL.to_vec(), ColumnProblem::Absent),
        (vec![], vec![], ColumnProblem::Absent),
        (vec![(GUID, "ServerID")], vec![0], ColumnProblem::Null),
        (
            vec![(INT, "ServerID")],
            vec![4, 1, 0, 0, 0],
            ColumnProblem::Type { expected: "uniqueidentifier", found: "int".to_owned() },
        ),
    ] {
        let tokens = [columns(&declared), row(&cells), ending()].concat();
        match refused(Answer::Tokens(tokens)).await {
            ReadError::Column { column: "ServerID", problem, .. } => assert_eq!(problem, expected),
            other => panic!("{other:?}"),
        }
    }
    let twice = [columns(&[(GUID, "ServerID"), (GUID, "ServerID")]), row(&[CELL, CELL].concat()), ending()].concat();
    let two = AnswerProblem::TwoColumns { name: "ServerID".to_owned() };
    assert_eq!(problem(refused(Answer::Tokens(twice)).await), two);
}

#[tokio::test]
async fn rows_that_belong_to_another_question() {
    let sets = [columns(&[(GUID, "ServerID")]), row(&CELL), done(0xFF, 0x11, 1)].concat();
    let tokens = [sets, columns(&[(GUID, "ServerID")]), row(&CELL), ending()].concat();
    assert_eq!(problem(refused(Answer::Tokens(tokens)).await), AnswerProblem::SecondResult);
    // More values than columns: what follows the row is no token.
    let tokens = [columns(&[(GUID, "ServerID")]), row(&[CELL, CELL].concat()), ending()].concat();
    let error = refused(Answer::Tokens(tokens)).await;
    assert!(matches!(error, ReadError::Query(QueryError::Protocol { .. })), "{error:?}");
    // Rows of nothing.
    let error = refused(Answer::Tokens([row(&CELL), ending()].concat())).await;
    assert!(matches!(error, ReadError::Query(QueryError::Protocol { .. })), "{error:?}");
}

/// Cut anywhere, with the connection closed behind it: in the middle of a header, a token, a row, a value.
#[tokio::test]
async fn an_answer_that_breaks_off() {
    let whole = packets(&good());
    for length in 0..whole.len() {
        let error = refused(Answer::Bytes(whole[..length].to_vec())).await;
        assert!(matches!(error, ReadError::Query(QueryError::ConnectionLost { .. })), "{length} bytes: {error:?}");
    }
}

/// Cut anywhere, with a packet that says it is the last: nothing but the whole answer will do.
#[tokio::test]
async fn an_answer_that_ends_early() {
    let whole = good();
    for length in 1..whole.len() {
        refused(Answer::Tokens(whole[..length].to_vec())).await;
    }
    // A result that looks complete and is not: two rows are promised to follow.
    let tokens = [columns(&[(GUID, "ServerID")]), row(&CELL), done(0xFF, 0x11, 1)].concat();
    assert_eq!(problem(refused(Answer::Tokens(tokens)).await), AnswerProblem::Unfinished);
    let tokens = [columns(&[(GUID, "ServerID")]), row(&CELL), done(0xFE, 0x01, 0)].concat();
    assert_eq!(problem(refused(Answer::Tokens(tokens)).await), AnswerProblem::Unfinished);
}

#[tokio::test]
async fn a_failure_without_an_error() {
    let tokens = [columns(&[(GUID, "ServerID")]), row(&CELL), done(0xFE, 0x02, 0)].concat();
    assert_eq!(problem(refused(Answer::Tokens(tokens)).await), AnswerProblem::FailedSilently);
}

#[tokio::test]
async fn a_value_of_two_gigabytes() {
    let start = [columns(&[(TEXT_MAX, "ServerID")]), row(&0x7FFF_FFFE_u64.to_le_bytes())].concat();
    // Claimed, and not there.
    let claimed = [&start[..], &0x7FFF_FFFE_u32.to_le_bytes()].concat();
    let error = refused(Answer::Bytes(packet(0, &claimed))).await;
    assert!(matches!(error, ReadError::Query(QueryError::ConnectionLost { .. })), "{error:?}");
    // And really sent, in one chunk and in many.
    for again in [vec![b'x', 0], [&8_u32.to_le_bytes()[..], &[b'x', 0, b'x', 0, b'x', 0, b'x', 0]].concat()] {
        let first = if again.len() == 2 { claimed.clone() } else { start.clone() };
        let error = refused(Answer::Endless(first, again)).await;
        assert_eq!(problem(error), AnswerProblem::Bytes { limit: 1 << 20 });
    }
}

#[tokio::test]
async fn answers_without_an_end() {
    let rows = columns(&[(GUID, "ServerID")]);
    let error = refused(Answer::Endless(rows.clone(), row(&CELL))).await;
    assert_eq!(problem(error), AnswerProblem::Rows { limit: 20_000 });
    let wide = columns(&[(GUID, "ServerID"), (TEXT_MAX, "Text")]);
    let text = [&CELL[..], &2000_u64.to_le_bytes(), &2000_u32.to_le_bytes(), &[b'x', 0].repeat(1000), &[0; 4]].concat();
    let error = refused(Answer::Endless(wide, row(&text))).await;
    assert_eq!(problem(error), AnswerProblem::Bytes { limit: 1 << 20 });
    // Nothing but noise: messages, changes of environment, result sets without rows.
    for noise in [with_length(0xE3, &[2, 1, b'x', 0, 0]), rows, done(0xFF, 0x11, 1), vec![0x79, 0, 0, 0, 0]] {
        let error = refused(Answer::Endless(noise.clone(), noise)).await;
        assert_eq!(problem(error), AnswerProblem::Bytes { limit: 1 << 20 });
    }
}

#[tokio::test]
async fn changes_that_no_client_can_follow() {
    // A packet size of 8, which would leave no room for a request.
    let shrink = with_length(0xE3, &[4, 1, b'8', 0, 4, b'4', 0, b'0', 0, b'9', 0, b'6', 0]);
    refused(Answer::Tokens([shrink, good()].concat())).await;
}

#[tokio::test]
async fn another_protocol() {
    for bytes in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], &[0; 64], &[0xFF; 64], &[4, 1, 0, 7, 0, 0, 0, 0]] {
        let error = refused(Answer::Bytes(bytes.to_vec())).await;
        assert!(chain(&error).len() > error.to_string().len(), "{error}");
    }
}

/// After an answer that is not to be trusted the connection is given up, and the next one is as good as ever.
#[tokio::test]
async fn a_liar_is_left() {
    let mut session: Session = session(Answer::Tokens(done(0xFE, 0x02, 0)), &options()).await;
    read_server_id(&mut session).await.unwrap_err();
    assert!(!session.is_connected());
    session.reconnect().await.unwrap();
    assert!(session.is_connected());
}

const PASSWORD: &str = "correct horse battery";

/// Everything that an error could tell anybody.
fn everything(error: &(dyn Error + 'static), hints: &[String]) -> String {
    let mut text = format!("{error} {error:?} {hints:?}");
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(" {error} {error:?}"));
        source = error.source();
    }
    text
}

#[tokio::test]
async fn a_login_that_nobody_accepted() {
    let info = message(0xAB, 5701, "Changed database context.");
    let failed = done(0xFD, 2, 0);
    for login in [done(0xFD, 0, 0), [info.clone(), done(0xFD, 0, 0)].concat(), failed, info] {
        let error = Session::connect(&target(Answer::Tokens(good()), login, "x"), &options()).await.unwrap_err();
        let ConnectError::LoginBroken { problem, .. } = &error else { panic!("{error:?}") };
        // What has not even an end is no answer to the driver either.
        assert!(matches!(problem, DriverProblem::NotAccepted | DriverProblem::NotTds), "{error:?}");
        assert_eq!(error.stage(), "login");
    }
    // Accepted inside of another token is not accepted.
    let hidden = [message(0xAB, 5701, "\u{adad}\u{adad}"), done(0xFD, 0, 0)].concat();
    let error = Session::connect(&target(Answer::Tokens(good()), hidden, "x"), &options()).await.unwrap_err();
    assert!(error.to_string().contains("without accepting it"), "{error}");
}

#[tokio::test]
async fn a_server_that_says_the_password_again() {
    let echo = format!("Login failed for {PASSWORD}, which is {PASSWORD}.");
    let change = |kind: u8| with_length(0xE3, &[&[kind][..], &b_varchar(&echo), &b_varchar(PASSWORD)].concat());
    let route = {
        let units: Vec<u8> = PASSWORD.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let characters = u16::try_from(PASSWORD.len()).unwrap().to_le_bytes();
        let new = [&[0][..], &1433_u16.to_le_bytes(), &characters, &units].concat();
        let length = u16::try_from(new.len()).unwrap().to_le_bytes();
        with_length(0xE3, &[&[20][..], &length, &new, &[0, 0]].concat())
    };
    for login in [
        [message(0xAA, 18456, &echo), done(0xFD, 2, 0)].concat(),
        [message(0xAA, 4060, &echo), done(0xFD, 2, 0)].concat(),
        [message(0xAA, 99, &echo), done(0xFD, 2, 0)].concat(),
        [message(0xAB, 5701, &echo), change(1), change(2), done(0xFD, 0, 0)].concat(),
        [change(4), done(0xFD, 0, 0)].concat(),
        [route, welcome()].concat(),
        PASSWORD.as_bytes().to_vec(),
    ] {
        let liar = target(Answer::Tokens(good()), login, PASSWORD);
        let error = Session::connect(&liar, &options()).await.unwrap_err();
        let text = everything(&error, &error.hints(&liar));
        assert!(!text.contains(PASSWORD), "{text}");
    }
    // The same behind a login in good order.
    for tokens in [
        [message(0xAA, 50000, &echo), done(0xFD, 2, 0)].concat(),
        [message(0xAB, 5701, &echo), change(1), done(0xFD, 2, 0)].concat(),
    ] {
        let liar = target(Answer::Tokens(tokens), welcome(), PASSWORD);
        let mut session = Session::connect(&liar, &options()).await.unwrap();
        let error = read_server_id(&mut session).await.unwrap_err();
        let text = everything(&error, &error.hints());
        assert!(!text.contains(PASSWORD), "{text}");
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_answer_never_makes_the_driver_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        cut in prop::option::of(any::<prop::sample::Index>()),
        framed in any::<bool>(),
    ) {
        let mut bytes = if framed { good() } else { packets(&good()) };
        for (index, value) in changes {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()).max(1));
        }
        let answer = if framed { Answer::Tokens(bytes) } else { Answer::Bytes(bytes) };
        let panicked = |error: &ReadError| {
            matches!(error, ReadError::Query(QueryError::Answer { problem: AnswerProblem::Panic { .. }, .. }))
        };
        prop_assert!(!block_on(ask(answer)).is_err_and(|error| panicked(&error)));
    }

    #[test]
    fn random_tokens_never_make_the_driver_panic(
        token in prop::sample::select(vec![
            0x79_u8, 0x81, 0x88, 0xA4, 0xA5, 0xA9, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xD1, 0xD2, 0xD3, 0xE3, 0xE4, 0xED, 0xEE,
            0xFD, 0xFE, 0xFF,
        ]),
        bytes in prop::collection::vec(prop::sample::select(vec![0_u8, 1, 2, 4, 8, 16, 36, 0xE7, 0xFF]), 0..60),
        behind in any::<bool>(),
    ) {
        let front = if behind { columns(&[(GUID, "ServerID"), (TEXT_MAX, "Text")]) } else { Vec::new() };
        let tokens = [&front[..], &[token], &bytes].concat();
        let error = block_on(ask(Answer::Tokens(tokens))).unwrap_err();
        let panicked = matches!(
            error,
            ReadError::Query(QueryError::Answer { problem: AnswerProblem::Panic { .. }, .. })
        );
        prop_assert!(!panicked, "{error:?}");
    }
}
