//! What the target `tds` does with an input: sends it to the emulated server. Shared with the test that sends every seed.
//!
//! The first byte says how: from the very first byte of a connection, behind a login, as messages in good order, or as SQL.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, split};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use wsusctl::sandbox::options::Options;
use wsusctl::sandbox::seeds::Seed;
use wsusctl::sandbox::server::Server;
use wsusctl::sandbox::store::Location;
use wsusctl::sandbox::tds::{Authentication, ServerSettings};

/// Far longer than any input may take, on a busy machine and with every check compiled in.
const PATIENCE: Duration = Duration::from_secs(20);
/// The largest message that the server of the inputs takes.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// Feeds an input to the server. Panics where the server does, or where it does not come to an end.
pub fn tds(input: &[u8]) {
    let Some((mode, bytes)) = input.split_first() else {
        return;
    };
    let bytes = match mode % 4 {
        0 => bytes.to_vec(),
        1 => [greeting(), bytes.to_vec()].concat(),
        2 => [greeting(), messages(bytes)].concat(),
        _ => [greeting(), batch(bytes)].concat(),
    };
    let (runtime, server) = surroundings();
    runtime.block_on(async {
        timeout(PATIENCE, send(server.connect(), bytes)).await.expect("the connection comes to an end");
    });
}

fn surroundings() -> &'static (Runtime, Server) {
    static SURROUNDINGS: OnceLock<(Runtime, Server)> = OnceLock::new();
    SURROUNDINGS.get_or_init(|| {
        let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(4).build().expect("a runtime");
        let mut settings = ServerSettings::new(Authentication::Open);
        settings.request_bytes_max = MESSAGE_BYTES_MAX;
        let options = Options { seed: Some(Seed::Empty), ..Options::default() };
        let server = Server::open(Location::Memory, &options, settings).expect("a server in memory");
        (runtime, server)
    })
}

/// Writes everything, closes, and reads until the server has closed, too.
async fn send(client: DuplexStream, bytes: Vec<u8>) {
    let (mut read, mut write) = split(client);
    let writing = async {
        // The server may have hung up already.
        let _ = write.write_all(&bytes).await;
        let _ = write.shutdown().await;
    };
    let mut answer = Vec::new();
    let (_, read) = tokio::join!(writing, read.read_to_end(&mut answer));
    let _ = read;
}

/// PRELOGIN without encryption and a LOGIN7 of TDS 7.4 with nothing in it.
fn greeting() -> Vec<u8> {
    let prelogin = [0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 9, 0, 0, 0, 0, 0, 2];
    let mut login = 94_u32.to_le_bytes().to_vec();
    login.extend_from_slice(&0x7400_0004_u32.to_le_bytes());
    login.extend_from_slice(&4096_u32.to_le_bytes());
    login.resize(36, 0);
    for _ in 0..14 {
        login.extend_from_slice(&[94, 0, 0, 0]);
    }
    login.resize(94, 0);
    [packet(0x12, &prelogin), packet(0x10, &login)].concat()
}

/// Requests: a byte for the kind, a byte for the length, and so many bytes behind headers that are in order.
fn messages(mut bytes: &[u8]) -> Vec<u8> {
    let mut messages = Vec::new();
    while let [kind, length, rest @ ..] = bytes {
        let kind = [0x01, 0x03, 0x0E, 0x06][usize::from(kind % 4)];
        let (payload, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        messages.extend(packet(kind, &[headers(), payload.to_vec()].concat()));
        bytes = rest;
    }
    messages
}

/// UTF-8 as a batch of SQL.
fn batch(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).take(60_000).collect();
    packet(0x01, &[headers(), units].concat())
}

/// ALL_HEADERS with a transaction descriptor of 0.
fn headers() -> Vec<u8> {
    [&[22, 0, 0, 0, 18, 0, 0, 0, 2, 0][..], &[0; 8], &[1, 0, 0, 0]].concat()
}

fn packet(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 8).unwrap_or(u16::MAX).to_be_bytes();
    [&[kind, 1, length[0], length[1], 0, 0, 1, 0], payload].concat()
}
