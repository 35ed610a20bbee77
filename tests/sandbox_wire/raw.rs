//! A client made of bytes, for what tiberius would never send.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;
use wsusctl::sandbox::tds::{Authentication, ConnectionError, Password, ServerSettings, serve_connection};

use crate::echo::Echo;

pub type Served = JoinHandle<Result<(), ConnectionError>>;

/// Starts a server on a stream in memory.
pub fn start(settings: ServerSettings) -> (DuplexStream, Served) {
    start_with(Arc::new(Echo::default()), settings)
}

pub fn start_with(database: Arc<Echo>, settings: ServerSettings) -> (DuplexStream, Served) {
    let (client, server) = tokio::io::duplex(64 << 10);
    (client, tokio::spawn(serve_connection(server, database, Arc::new(settings))))
}

pub fn open() -> ServerSettings {
    ServerSettings::new(Authentication::Open)
}

pub fn with_password() -> ServerSettings {
    ServerSettings::new(Authentication::Password {
        user: "sa".to_owned(),
        password: Password::new("P@ss wörd".to_owned()),
    })
}

/// A packet that is a whole message.
pub fn packet(kind: u8, payload: &[u8]) -> Vec<u8> {
    packet_with(kind, 0x01, payload)
}

pub fn packet_with(kind: u8, status: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 8).unwrap().to_be_bytes();
    [&[kind, status, length[0], length[1], 0, 0, 1, 0], payload].concat()
}

pub fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// PRELOGIN with version and encryption.
pub fn prelogin(encryption: u8) -> Vec<u8> {
    let options = [0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 9, 0, 0, 0, 0, 0, encryption];
    packet(0x12, &options)
}

/// LOGIN7 for a user.
pub fn login7(version: u32, user: &str, password: &str, database: &str) -> Vec<u8> {
    let obfuscated: Vec<u8> = utf16(password).iter().map(|byte| byte.rotate_left(4) ^ 0xA5).collect();
    let fields = [
        Vec::new(),
        utf16(user),
        obfuscated,
        utf16("raw"),
        Vec::new(),
        Vec::new(),
        Vec::new(),
        Vec::new(),
        utf16(database),
    ];
    let mut table = Vec::new();
    let mut texts: Vec<u8> = Vec::new();
    for field in fields {
        table.extend_from_slice(&u16::try_from(94 + texts.len()).unwrap().to_le_bytes());
        table.extend_from_slice(&u16::try_from(field.len() / 2).unwrap().to_le_bytes());
        texts.extend_from_slice(&field);
    }
    let mut message = u32::try_from(94 + texts.len()).unwrap().to_le_bytes().to_vec();
    message.extend_from_slice(&version.to_le_bytes());
    message.extend_from_slice(&4096_u32.to_le_bytes());
    message.resize(36, 0);
    message.extend_from_slice(&table);
    message.resize(94, 0);
    message.extend_from_slice(&texts);
    packet(0x10, &message)
}

/// ALL_HEADERS with a transaction descriptor of 0.
pub fn headers() -> Vec<u8> {
    [&[22, 0, 0, 0, 18, 0, 0, 0, 2, 0][..], &[0; 8], &[1, 0, 0, 0]].concat()
}

pub fn batch(sql: &str) -> Vec<u8> {
    packet(0x01, &[headers(), utf16(sql)].concat())
}

/// A call by name; the parameters are bytes.
pub fn call(procedure: &str, parameters: &[u8]) -> Vec<u8> {
    let units = u16::try_from(procedure.encode_utf16().count()).unwrap().to_le_bytes();
    [&units[..], &utf16(procedure), &[0, 0], parameters].concat()
}

/// Logs in without encryption and gives the stream behind the greeting.
pub async fn log_in(settings: ServerSettings) -> (DuplexStream, Served) {
    let (mut client, served) = start(settings);
    greet(&mut client).await;
    (client, served)
}

pub async fn greet<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(client: &mut S) {
    client.write_all(&prelogin(2)).await.unwrap();
    read_message(client).await.unwrap();
    client.write_all(&login7(0x7400_0004, "sa", "P@ss wörd", "")).await.unwrap();
    let greeting = read_message(client).await.unwrap();
    assert!(greeting.contains(&0xAD), "{greeting:02X?}");
}

/// The payload of a message; `None` where the stream ends.
pub async fn read_message<S: tokio::io::AsyncRead + Unpin>(client: &mut S) -> Option<Vec<u8>> {
    let mut payload = Vec::new();
    loop {
        let mut header = [0; 8];
        client.read_exact(&mut header).await.ok()?;
        let mut part = vec![0; usize::from(u16::from_be_bytes([header[2], header[3]])) - 8];
        client.read_exact(&mut part).await.ok()?;
        payload.extend_from_slice(&part);
        if header[1] & 1 != 0 {
            return Some(payload);
        }
    }
}

/// The last token of a message, a DONE of 13 bytes: its type and status.
pub fn last_done(message: &[u8]) -> (u8, u16) {
    let done = &message[message.len() - 13..];
    (done[0], u16::from_le_bytes([done[1], done[2]]))
}
