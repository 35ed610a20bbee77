//! Clients that mean no good, or no TDS.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::{ProptestConfig, any, prop, prop_assert, proptest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use wsusctl::sandbox::serve::serve;
use wsusctl::sandbox::tds::{ConnectionError, ServerSettings};

use crate::echo::Echo;
use crate::raw::{
    batch, call, greet, headers, last_done, log_in, login7, open, packet, packet_with, prelogin, read_message, start,
    utf16, with_password,
};

/// Sends bytes to a fresh server, closes, and gives how the connection ended.
async fn send(settings: ServerSettings, logged_in: bool, bytes: &[u8]) -> Result<(), ConnectionError> {
    let (mut client, served) = start(settings);
    if logged_in {
        greet(&mut client).await;
    }
    let (mut read, mut write) = tokio::io::split(client);
    let bytes = bytes.to_vec();
    let writing = tokio::spawn(async move {
        // The server may have hung up already.
        let _ = write.write_all(&bytes).await;
        let _ = write.shutdown().await;
    });
    let mut answer = Vec::new();
    let reading = timeout(Duration::from_secs(20), read.read_to_end(&mut answer)).await;
    reading.expect("the connection ends").unwrap();
    writing.await.unwrap();
    served.await.unwrap()
}

#[tokio::test]
async fn garbage_instead_of_prelogin() {
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0], &[0; 20], &[0xFF; 20]] {
        let ended = send(open(), false, garbage).await.unwrap_err();
        assert!(matches!(ended, ConnectionError::UnexpectedPacket { .. }), "{ended}");
    }
    let ended = send(open(), false, &packet(0x12, &[1, 0xFF, 0xFF, 0xFF, 0xFF])).await.unwrap_err();
    assert!(matches!(ended, ConnectionError::Malformed { message: "PRELOGIN", .. }), "{ended}");
    let ended = send(open(), false, &[0x12, 1, 0xFF, 0xFF, 0, 0, 0, 0, 1]).await.unwrap_err();
    assert!(matches!(ended, ConnectionError::ClosedInMessage), "{ended}");
    let endless = packet_with(0x12, 0, &[0; 30_000]).repeat(10);
    let ended = send(open(), false, &endless).await.unwrap_err();
    assert!(matches!(ended, ConnectionError::MessageTooLong { .. }), "{ended}");
}

#[tokio::test]
async fn garbage_instead_of_a_login() {
    let after_prelogin = |bytes: &[u8]| [&prelogin(2), bytes].concat();
    let mut short = login7(0x7400_0004, "sa", "x", "");
    short.truncate(60);
    short[3] = 60;
    for (bytes, name) in [
        (packet(0x10, &[0xFF; 94]), "claims 4 GB"),
        (packet(0x10, &[]), "empty"),
        (short, "short"),
        (packet(0x10, &[94, 0, 0, 0].into_iter().chain([0xFF; 90]).collect::<Vec<_>>()), "fields outside"),
    ] {
        let ended = send_after_prelogin(&bytes).await;
        assert!(matches!(ended, ConnectionError::Malformed { message: "LOGIN7", .. }), "{name}: {ended}");
    }
    let ended = send(open(), false, &after_prelogin(&[])).await.unwrap_err();
    assert!(matches!(ended, ConnectionError::ClosedInMessage), "{ended}");
    let ended = send_after_prelogin(&batch("rows 1")).await;
    assert!(matches!(ended, ConnectionError::UnexpectedPacket { found: 1, .. }), "{ended}");
}

async fn send_after_prelogin(bytes: &[u8]) -> ConnectionError {
    let (mut client, served) = start(open());
    client.write_all(&prelogin(2)).await.unwrap();
    read_message(&mut client).await.unwrap();
    client.write_all(bytes).await.unwrap();
    drop(client);
    served.await.unwrap().unwrap_err()
}

#[tokio::test]
async fn old_versions_and_wrong_passwords_are_told_why() {
    for (bytes, number) in [
        (login7(0x7209_0002, "sa", "P@ss wörd", ""), 17_802_u32),
        (login7(0x7400_0004, "sa", "wrong", ""), 18_456),
        (login7(0x7400_0004, "", "", ""), 18_456),
    ] {
        let (mut client, served) = start(with_password());
        client.write_all(&prelogin(2)).await.unwrap();
        read_message(&mut client).await.unwrap();
        client.write_all(&bytes).await.unwrap();
        let answer = read_message(&mut client).await.unwrap();
        assert_eq!(answer[0], 0xAA);
        assert_eq!(answer[3..7], number.to_le_bytes());
        assert_eq!(last_done(&answer), (0xFD, 0x02));
        assert_eq!(read_message(&mut client).await, None, "closed");
        assert!(served.await.unwrap().is_err());
    }
}

#[tokio::test]
async fn malformed_requests_are_told_why_and_closed() {
    let lies = [0xFF; 4];
    for (bytes, number) in [
        (packet(0x01, &lies), 4002_u32),
        (packet(0x01, &[]), 4002),
        (packet(0x01, &[&headers()[..], b"odd"].concat()), 4002),
        (packet(0x03, &[&headers()[..], &call("describe", &[0, 0, 0xF3])].concat()), 8009),
        (packet(0x03, &[&headers()[..], &call("describe", &[0, 0, 0x1F].repeat(2101))].concat()), 8003),
        (packet(0x0E, &[&headers()[..], &[99, 0]].concat()), 4002),
    ] {
        let (mut client, served) = log_in(open()).await;
        client.write_all(&bytes).await.unwrap();
        let answer = read_message(&mut client).await.unwrap();
        assert_eq!((answer[0], &answer[3..7]), (0xAA, &number.to_le_bytes()[..]));
        assert_eq!(last_done(&answer), (0xFD, 0x02));
        assert_eq!(read_message(&mut client).await, None);
        assert!(matches!(served.await.unwrap(), Err(ConnectionError::Malformed { .. })));
    }
    let ended = send(open(), true, &packet(0x07, &[1])).await.unwrap_err();
    assert!(matches!(ended, ConnectionError::UnexpectedPacket { found: 7, .. }), "{ended}");
}

#[tokio::test]
async fn a_request_has_a_largest_size() {
    let mut settings = open();
    settings.request_bytes_max = 100_000;
    let endless = packet_with(0x01, 0, &[0; 30_000]).repeat(10);
    let ended = send(settings, true, &endless).await.unwrap_err();
    assert!(matches!(ended, ConnectionError::MessageTooLong { limit: 100_000 }), "{ended}");
}

#[tokio::test]
async fn slow_clients_run_out_of_time() {
    let mut settings = open();
    settings.handshake_timeout = Duration::from_millis(30);
    for bytes in [&[][..], &[0x12, 1], &prelogin(2)] {
        let (mut client, served) = start(settings.clone());
        client.write_all(bytes).await.unwrap();
        assert!(matches!(served.await.unwrap(), Err(ConnectionError::HandshakeTimeout { .. })));
    }
    let mut settings = open();
    settings.request_timeout = Duration::from_millis(30);
    let (mut client, served) = log_in(settings).await;
    client.write_all(&batch("rows 1")[..20]).await.unwrap();
    assert!(matches!(served.await.unwrap(), Err(ConnectionError::RequestTimeout { .. })));
}

/// Every type token of MS-TDS 2.2.5.4.
const TYPES: [u8; 42] = [
    0x1F, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x2B, 0x2D, 0x2F, 0x30, 0x32, 0x34, 0x37, 0x38, 0x3A,
    0x3B, 0x3C, 0x3D, 0x3E, 0x3F, 0x62, 0x63, 0x68, 0x6A, 0x6C, 0x6D, 0x6E, 0x6F, 0x7A, 0x7F, 0xA5, 0xA7, 0xAD, 0xAF,
    0xE7, 0xEF, 0xF0, 0xF1,
];

/// Requests that are in order.
fn requests() -> Vec<Vec<u8>> {
    let text = [&[1, b'@', 0, 0, 0xE7, 20, 0, 9, 4, 0xD0, 0, 0x34, 4, 0][..], &utf16("hi")].concat();
    let number = [&[0, 1, 0x26, 4, 4][..], &7_i32.to_le_bytes()].concat();
    let long =
        [&[0, 0, 0xE7, 0xFF, 0xFF, 9, 4, 0xD0, 0, 0x34][..], &[0xFE], &[0xFF; 7], &[2, 0, 0, 0, b'x', 0], &[0; 4]];
    let moment = [0, 0, 0x2A, 7, 8, 0, 0xE0, 0x34, 0x95, 0x64, 7, 0x24, 0x0B];
    let money = [0, 0, 0x6E, 8, 8, 0, 0, 0, 0, 0x10, 0x27, 0, 0];
    let decimal = [0, 0, 0x6C, 5, 9, 2, 5, 1, 0x39, 0x30, 0, 0];
    let parameters = [&text[..], &number, &long.concat(), &moment, &money, &decimal].concat();
    let calls = [headers(), call("describe", &parameters), vec![0xFF], call("echo", &number)].concat();
    vec![
        batch("nulls"),
        packet(0x03, &calls),
        packet(0x0E, &[&headers()[..], &[7, 0, 2, b'a', 0, 1, 2, 0]].concat()),
        packet(0x06, &[]),
    ]
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn is_panic(ended: &Result<(), ConnectionError>) -> bool {
    matches!(ended, Err(ConnectionError::Panicked(_)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_before_a_login_end_the_connection(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let ended = block_on(send(open(), false, &bytes));
        prop_assert!(!is_panic(&ended));
    }

    #[test]
    fn random_bytes_after_a_login_end_the_connection(
        kind in prop::sample::select(vec![0x01_u8, 0x03, 0x06, 0x0E]),
        framed in any::<bool>(),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let behind_headers = [&headers()[..], &bytes].concat();
        let bytes = if framed { packet(kind, &behind_headers) } else { bytes };
        let ended = block_on(send(open(), true, &bytes));
        prop_assert!(!is_panic(&ended));
    }

    #[test]
    fn random_values_of_every_type_never_panic(
        token in prop::sample::select(TYPES.to_vec()),
        declaration in prop::collection::vec(prop::sample::select(vec![0_u8, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 255]), 0..9),
        bytes in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let parameter = [&[0, 1, token][..], &declaration, &bytes].concat();
        let request = [headers(), call("echo", &parameter)].concat();
        let ended = block_on(send(open(), true, &packet(0x03, &request)));
        prop_assert!(!is_panic(&ended));
    }

    #[test]
    fn mutated_requests_never_panic(
        which in 0_usize..4,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = requests().swap_remove(which);
        for (index, value) in changes {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let ended = block_on(send(open(), true, &bytes));
        prop_assert!(!is_panic(&ended));
    }
}

#[test]
fn the_requests_that_are_mutated_are_in_order() {
    for request in requests() {
        block_on(async {
            let (mut client, _served) = log_in(open()).await;
            client.write_all(&request).await.unwrap();
            let answer = read_message(&mut client).await.unwrap();
            let stream_is_wrong = 4002_u32.to_le_bytes();
            assert!(answer[0] != 0xAA || answer[3..7] != stream_is_wrong, "{answer:02X?}");
        });
    }
}

#[tokio::test]
async fn a_request_that_is_too_long_is_told_so() {
    let mut settings = open();
    settings.request_bytes_max = 1000;
    let (mut client, served) = log_in(settings).await;
    client.write_all(&packet_with(0x01, 0, &[0; 2000])).await.unwrap();
    let answer = read_message(&mut client).await.unwrap();
    let text = utf16("longer than the 1000 bytes");
    assert!(answer.windows(text.len()).any(|part| part == text), "{answer:02X?}");
    assert!(matches!(served.await.unwrap(), Err(ConnectionError::MessageTooLong { limit: 1000 })));
}

#[tokio::test(start_paused = true)]
async fn whoever_guesses_a_password_waits_for_the_answer() {
    let mut settings = with_password();
    settings.refusal_delay = Duration::from_secs(9);
    let (mut client, served) = start(settings);
    let begun = tokio::time::Instant::now();
    client.write_all(&prelogin(2)).await.unwrap();
    read_message(&mut client).await.unwrap();
    client.write_all(&login7(0x7400_0004, "sa", "guess", "")).await.unwrap();
    read_message(&mut client).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(9));
    assert!(matches!(served.await.unwrap(), Err(ConnectionError::LoginRefused { number: 18_456 })));
}

#[tokio::test]
async fn connections_that_never_log_in_keep_nobody_out() {
    let mut settings = open();
    settings.logins_max = 2;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (order, shutdown) = tokio::sync::watch::channel(false);
    let serving = tokio::spawn(serve(listener, Arc::new(Echo::default()), Arc::new(settings), shutdown));
    let mut idle = Vec::new();
    for _ in 0..5 {
        idle.push(tokio::net::TcpStream::connect(address).await.unwrap());
    }
    let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
    greet(&mut client).await;
    // The oldest had to go: the stream ends.
    assert!(matches!(idle[0].read(&mut [0; 8]).await, Ok(0) | Err(_)));
    order.send(true).unwrap();
    serving.await.unwrap();
}
