//! A server made of bytes: it lets everybody in and answers every statement with what it was told to, right or wrong.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use wsusctl::model::connection::Secret;
use wsusctl::susdb::connector::{BoxStream, Connector};
use wsusctl::susdb::session::{ConnectOptions, Session};
use wsusctl::susdb::target::Target;

/// What comes back for one statement.
#[derive(Clone)]
pub enum Answer {
    /// A message of these tokens, cut into packets.
    Tokens(Vec<u8>),
    /// These bytes and no more: the connection closes behind them.
    Bytes(Vec<u8>),
    /// These tokens, then the other ones again and again, without an end.
    Endless(Vec<u8>, Vec<u8>),
}

/// A session whose every statement is answered so.
pub async fn session(answer: Answer, options: &ConnectOptions) -> Session {
    Session::connect(&target(answer, welcome(), "x"), options).await.unwrap()
}

/// Accepts a login.
pub fn welcome() -> Vec<u8> {
    let name = "Microsoft SQL Server";
    let acknowledgement = [&[1, 0x74, 0, 0, 4][..], &b_varchar(name), &[15, 0, 7, 0xD0]].concat();
    [with_length(0xAD, &acknowledgement), done(0xFD, 0, 0)].concat()
}

/// A server that answers the login with these tokens, and a client with this password.
pub fn target(answer: Answer, login: Vec<u8>, password: &str) -> Target {
    let answer = Arc::new(answer);
    let connector = Connector::new("liar", move || {
        let (answer, login) = (Arc::clone(&answer), login.clone());
        Box::pin(async move {
            let (client, server) = tokio::io::duplex(1 << 16);
            tokio::spawn(async move { lie(server, &answer, &login).await });
            Ok::<BoxStream, io::Error>(Box::new(client))
        })
    });
    Target::connector(connector, "sa".to_owned(), Secret::new(password.to_owned()))
}

/// Serves one connection until the client goes or the lie is one that ends it.
pub async fn lie<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, answer: &Answer, login: &[u8]) -> io::Result<()> {
    read_message(&mut stream).await?;
    // PRELOGIN: version, no encryption.
    let prelogin = [0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 15, 0, 7, 0xD0, 0, 0, 2];
    stream.write_all(&packets(&prelogin)).await?;
    read_message(&mut stream).await?;
    stream.write_all(&packets(login)).await?;
    loop {
        read_message(&mut stream).await?;
        match answer {
            Answer::Tokens(tokens) => stream.write_all(&packets(tokens)).await?,
            Answer::Bytes(bytes) => {
                stream.write_all(bytes).await?;
                return stream.shutdown().await;
            }
            Answer::Endless(first, again) => {
                stream.write_all(&packet(0, first)).await?;
                let again = packet(0, &again.repeat(30_000 / again.len()));
                loop {
                    stream.write_all(&again).await?;
                }
            }
        }
    }
}

async fn read_message<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<()> {
    loop {
        let mut header = [0; 8];
        stream.read_exact(&mut header).await?;
        let mut payload = vec![0; usize::from(u16::from_be_bytes([header[2], header[3]])) - 8];
        stream.read_exact(&mut payload).await?;
        if header[1] & 1 != 0 {
            return Ok(());
        }
    }
}

/// A message as packets.
pub fn packets(payload: &[u8]) -> Vec<u8> {
    let mut chunks = payload.chunks(4000).peekable();
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next() {
        bytes.extend(packet(u8::from(chunks.peek().is_none()), chunk));
    }
    bytes
}

/// One packet with this status: 1 ends the message.
pub fn packet(status: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 8).unwrap().to_be_bytes();
    [&[4, status, length[0], length[1], 0, 0, 1, 0], payload].concat()
}

pub fn done(token: u8, status: u16, rows: u64) -> Vec<u8> {
    [&[token][..], &status.to_le_bytes(), &[0, 0], &rows.to_le_bytes()].concat()
}

pub fn b_varchar(text: &str) -> Vec<u8> {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    [&[u8::try_from(units.len() / 2).unwrap()], &units[..]].concat()
}

/// ERROR or INFO with a text in every place that takes one.
pub fn message(token: u8, number: u32, text: &str) -> Vec<u8> {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let length = u16::try_from(units.len() / 2).unwrap().to_le_bytes();
    let body =
        [&number.to_le_bytes()[..], &[1, 14], &length, &units, &b_varchar(text), &b_varchar(text), &[1, 0, 0, 0]];
    with_length(token, &body.concat())
}

/// A token whose body is behind its length.
pub fn with_length(token: u8, body: &[u8]) -> Vec<u8> {
    [&[token][..], &u16::try_from(body.len()).unwrap().to_le_bytes(), body].concat()
}

/// COLMETADATA: a declaration of bytes and a name for every column.
pub fn columns(columns: &[(&[u8], &str)]) -> Vec<u8> {
    let mut bytes = vec![0x81];
    bytes.extend_from_slice(&u16::try_from(columns.len()).unwrap().to_le_bytes());
    for (declaration, name) in columns {
        bytes.extend_from_slice(&[0, 0, 0, 0, 1, 0]);
        bytes.extend_from_slice(declaration);
        bytes.extend(b_varchar(name));
    }
    bytes
}

pub fn row(values: &[u8]) -> Vec<u8> {
    [&[0xD1], values].concat()
}
