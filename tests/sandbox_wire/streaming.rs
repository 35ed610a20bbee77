//! Answers as bytes: their length, their end, and how a client stops them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wsusctl::sandbox::options::Options;
use wsusctl::sandbox::server::Server;
use wsusctl::sandbox::store::Location;
use wsusctl::sandbox::tds::ConnectionError;

use crate::echo::Echo;
use crate::raw::{
    batch, call, greet, headers, last_done, log_in, open, packet, packet_with, read_message, start_with, utf16,
};

const ATTENTION: u8 = 0x06;
/// What SQL Server sends when it has seen ATTENTION.
///
/// Source: dotnet/SqlClient pull request 2714.
const ACKNOWLEDGED: [u8; 13] = [0xFD, 0x20, 0, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const STREAM_BUFFER: u64 = 64 << 10;
/// Bytes of a row of `rows`, at least.
const ROW: u64 = 60;

/// What an answer may take while it waits: the stream's buffer, four chunks, and the chunk and packets at both ends.
const BUFFERED_MAX: u64 = STREAM_BUFFER + 8 * 8192 + 8192;

#[tokio::test]
async fn rows_wait_for_the_client() {
    let database = Arc::new(Echo::default());
    let journal = Arc::clone(&database.journal);
    let (mut client, served) = start_with(database, open());
    greet(&mut client).await;
    client.write_all(&batch("rows 200000")).await.unwrap();
    let mut received = 0;
    let mut buffer = vec![0; 16 << 10];
    while journal.rows_made.load(Ordering::SeqCst) < 200_000 {
        received += client.read(&mut buffer).await.unwrap() as u64;
        let made = journal.rows_made.load(Ordering::SeqCst);
        assert!(made * ROW <= received + BUFFERED_MAX, "{made} rows made, {received} bytes received");
    }
    assert!(received > 200_000 * ROW - BUFFERED_MAX);
    drop(client);
    // Whether the last bytes found room in the stream decides how it ends.
    let _ = served.await.unwrap();
    assert_eq!(journal.sessions_dropped.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_client_that_goes_away_stops_its_answer() {
    let database = Arc::new(Echo::default());
    let journal = Arc::clone(&database.journal);
    for sql in ["rows 1000000", "spin"] {
        let (mut client, served) = start_with(Arc::clone(&database), open());
        greet(&mut client).await;
        client.write_all(&batch(sql)).await.unwrap();
        drop(client);
        assert!(matches!(served.await.unwrap(), Err(ConnectionError::ClientGone)), "{sql}");
    }
    assert!(journal.rows_made.load(Ordering::SeqCst) < 1_000_000);
    assert_eq!(journal.sessions_dropped.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn the_end_of_an_answer_says_what_happened() {
    let (mut client, _served) = log_in(open()).await;
    let mut answer = async |sql: &str| {
        client.write_all(&batch(sql)).await.unwrap();
        read_message(&mut client).await.unwrap()
    };
    assert_eq!(answer("count 7").await, [0xFD, 0x10, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(last_done(&answer("rows 2").await), (0xFD, 0x10));
    assert_eq!(last_done(&answer("error").await), (0xFD, 0x02));
    assert_eq!(last_done(&answer("print hello").await), (0xFD, 0x00));
    assert_eq!(answer("error").await[0], 0xAA);
    assert_eq!(answer("print hello").await[0], 0xAB);
    let changed = answer("use master").await;
    assert_eq!((changed[0], changed[3]), (0xE3, 1));
    let nulls = answer("nulls").await;
    assert!(nulls.windows(3).any(|bytes| bytes == [0xD2, 0xFF, 0x3F]), "all 14 columns NULL");
    // Two result sets: the first DONE says that more follows, the last one does not.
    let between = answer("error between").await;
    let dones: Vec<u16> = between
        .windows(5)
        .filter(|bytes| bytes[0] == 0xFD && bytes[2] == 0 && bytes[4] == 0)
        .map(|bytes| u16::from_le_bytes([bytes[1], bytes[2]]))
        .collect();
    assert_eq!(dones, [0x11, 0x03, 0x10]);
}

#[tokio::test]
async fn several_calls_in_one_request() {
    let (mut client, _served) = log_in(open()).await;
    let one = [&[0, 0, 0x26, 4, 4][..], &1_i32.to_le_bytes()].concat();
    let request = [headers(), call("silent", &[]), vec![0xFF], call("silent", &one)].concat();
    client.write_all(&packet(0x03, &request)).await.unwrap();
    let answer = read_message(&mut client).await.unwrap();
    let expected = [
        &[0x79, 0, 0, 0, 0][..],
        &[0xFE, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &[0x79, 1, 0, 0, 0],
        &[0xFE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn attention_stops_an_answer_that_is_streaming() {
    let (mut client, _served) = log_in(open()).await;
    for sql in ["rows 1000000", "spin"] {
        client.write_all(&batch(sql)).await.unwrap();
        client.write_all(&packet(ATTENTION, &[])).await.unwrap();
        let answer = read_message(&mut client).await.unwrap();
        assert_eq!(last_done(&answer), (0xFD, 0x02), "{sql}");
        assert!(answer.len() < 10_000_000, "{sql}");
        assert_eq!(read_message(&mut client).await.unwrap(), ACKNOWLEDGED, "{sql}");
    }
    client.write_all(&batch("count 1")).await.unwrap();
    assert_eq!(last_done(&read_message(&mut client).await.unwrap()), (0xFD, 0x10));
}

#[tokio::test]
async fn attention_between_requests_and_within_one() {
    let (mut client, _served) = log_in(open()).await;
    client.write_all(&packet(ATTENTION, &[])).await.unwrap();
    assert_eq!(read_message(&mut client).await.unwrap(), ACKNOWLEDGED);
    client.write_all(&packet_with(0x01, 0, &headers())).await.unwrap();
    client.write_all(&packet(ATTENTION, &[])).await.unwrap();
    assert_eq!(read_message(&mut client).await.unwrap(), ACKNOWLEDGED);
}

#[tokio::test]
async fn a_request_that_is_given_up_is_not_executed() {
    let (mut client, _served) = log_in(open()).await;
    client.write_all(&packet_with(0x01, 0, &[headers(), utf16("incre")].concat())).await.unwrap();
    client.write_all(&packet_with(0x01, 0x03, &utf16("ment"))).await.unwrap();
    assert_eq!(read_message(&mut client).await.unwrap(), [0xFD, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    client.write_all(&batch("increment")).await.unwrap();
    let answer = read_message(&mut client).await.unwrap();
    assert!(answer.windows(6).any(|bytes| bytes == [0xD1, 4, 1, 0, 0, 0]), "{answer:02X?}");
}

#[tokio::test]
async fn a_session_is_reset_where_the_packet_says_so() {
    let (mut client, _served) = log_in(open()).await;
    let request = [headers(), utf16("increment")].concat();
    for (status, expected) in [(0x01, 1_u8), (0x01, 2), (0x09, 1), (0x11, 1)] {
        client.write_all(&packet_with(0x01, status, &request)).await.unwrap();
        let answer = read_message(&mut client).await.unwrap();
        let acknowledged = answer.starts_with(&[0xE3, 3, 0, 18, 0, 0]);
        assert_eq!(acknowledged, status != 1);
        let row = [0xD1, 4, expected, 0, 0, 0];
        assert!(answer.windows(row.len()).any(|bytes| bytes == row), "{status:#X}: {answer:02X?}");
    }
}

#[tokio::test]
async fn requests_may_be_sent_ahead() {
    let (mut client, _served) = log_in(open()).await;
    client.write_all(&[batch("rows 5000"), batch("count 3")].concat()).await.unwrap();
    assert_eq!(last_done(&read_message(&mut client).await.unwrap()), (0xFD, 0x10));
    assert_eq!(read_message(&mut client).await.unwrap()[5], 3);
}

#[tokio::test]
async fn a_panic_and_a_fatal_error_end_their_connection_only() {
    let database = Arc::new(Echo::default());
    let (mut first, first_served) = start_with(Arc::clone(&database), open());
    let (mut second, second_served) = start_with(Arc::clone(&database), open());
    let (mut third, _served) = start_with(database, open());
    for client in [&mut first, &mut second, &mut third] {
        greet(client).await;
    }
    first.write_all(&batch("panic")).await.unwrap();
    assert_eq!(read_message(&mut first).await, None);
    assert!(matches!(first_served.await.unwrap(), Err(ConnectionError::Panicked(_))));
    second.write_all(&batch("fatal")).await.unwrap();
    assert_eq!(read_message(&mut second).await.unwrap()[0], 0xAA);
    assert!(matches!(second_served.await.unwrap(), Err(ConnectionError::Fatal)));
    third.write_all(&batch("count 1")).await.unwrap();
    assert_eq!(last_done(&read_message(&mut third).await.unwrap()), (0xFD, 0x10));
}

/// A statement that would run for days.
const ENDLESS: &str =
    "SELECT COUNT(*) FROM tbUpdate a CROSS JOIN tbUpdate b CROSS JOIN tbUpdate c CROSS JOIN tbUpdate d";

#[tokio::test]
async fn attention_ends_a_statement_that_has_nothing_to_send_yet() {
    let server = Server::in_process(Location::Memory, &Options::default()).unwrap();
    let mut client = server.connect();
    greet(&mut client).await;
    client.write_all(&batch(ENDLESS)).await.unwrap();
    client.write_all(&packet(ATTENTION, &[])).await.unwrap();
    assert_eq!(last_done(&read_message(&mut client).await.unwrap()), (0xFD, 0x02));
    assert_eq!(read_message(&mut client).await.unwrap(), ACKNOWLEDGED);
    client.write_all(&batch("SELECT 1")).await.unwrap();
    assert_eq!(last_done(&read_message(&mut client).await.unwrap()), (0xFD, 0x10));
}

#[test]
fn the_end_of_the_connection_ends_its_statement() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Server::in_process(Location::Memory, &Options::default()).unwrap();
        let mut client = server.connect();
        greet(&mut client).await;
        client.write_all(&batch(ENDLESS)).await.unwrap();
        drop(client);
    });
    // Waits for the thread that runs the statement: for ever, if nobody ends it.
    drop(runtime);
}
