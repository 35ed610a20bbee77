//! What the target `answer` does with an input: the gateway reads it as a server's answers. Shared with the test that reads
//! every seed.
//!
//! Behind a login in good order every statement gets the next message of the input, and the connection closes where the
//! input ends. An input that begins with a byte below 128 is the bytes of the stream, any other the tokens of one message.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::runtime::{Builder, Runtime};
use wsusctl::model::connection::Secret;
use wsusctl::model::scope::ReadScope;
use wsusctl::susdb::answer::AnswerProblem;
use wsusctl::susdb::connector::{BoxStream, Connector};
use wsusctl::susdb::error::QueryError;
use wsusctl::susdb::read::{ReadError, read_server_id, read_snapshot};
use wsusctl::susdb::session::{ConnectOptions, Session};
use wsusctl::susdb::target::Target;

/// Reads an input. Panics where the driver does, or where a read comes to no end.
pub fn answer(input: &[u8]) {
    let Some((mode, bytes)) = input.split_first() else {
        return;
    };
    let stream = if *mode < 128 { bytes.to_vec() } else { packet(bytes) };
    let (runtime, options) = surroundings();
    let stream = Arc::new(stream);
    runtime.block_on(async {
        let mut session = Session::connect(&target(stream), options).await.expect("the login is in order");
        look(read_server_id(&mut session).await);
        if session.is_connected() {
            look(read_snapshot(&mut session, &ReadScope { computers: true, ..ReadScope::default() }).await);
        }
    });
}

fn look<T>(read: Result<T, ReadError>) {
    match read {
        Err(ReadError::Query(QueryError::Answer { problem: AnswerProblem::Panic { message }, .. })) => {
            panic!("the driver panicked: {message}")
        }
        Err(ReadError::Query(error @ QueryError::Timeout { .. })) => panic!("no end: {error}"),
        _ => {}
    }
}

fn surroundings() -> &'static (Runtime, ConnectOptions) {
    static SURROUNDINGS: OnceLock<(Runtime, ConnectOptions)> = OnceLock::new();
    SURROUNDINGS.get_or_init(|| {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let options = ConnectOptions {
            statement_timeout: Duration::from_secs(20),
            answer_bytes_max: 1 << 20,
            ..ConnectOptions::default()
        };
        (runtime, options)
    })
}

fn target(stream: Arc<Vec<u8>>) -> Target {
    let connector = Connector::new("input", move || {
        let stream = Arc::clone(&stream);
        Box::pin(async move {
            let (client, server) = duplex(1 << 16);
            tokio::spawn(async move { serve(server, &stream).await });
            Ok::<BoxStream, io::Error>(Box::new(client))
        })
    });
    Target::connector(connector, "sa".to_owned(), Secret::new(String::new()))
}

/// PRELOGIN, LOGINACK, then a message for every request.
async fn serve(mut client: DuplexStream, mut stream: &[u8]) -> io::Result<()> {
    read_message(&mut client).await?;
    client.write_all(&packet(&[0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 15, 0, 7, 0xD0, 0, 0, 2])).await?;
    read_message(&mut client).await?;
    let login = [&[0xAD, 10, 0, 1, 0x74, 0, 0, 4, 0, 15, 0, 7, 0xD0][..], &[0xFD], &[0; 12]].concat();
    client.write_all(&packet(&login)).await?;
    loop {
        read_message(&mut client).await?;
        let (message, rest) = stream.split_at(message_length(stream));
        client.write_all(message).await?;
        stream = rest;
        if stream.is_empty() {
            return client.shutdown().await;
        }
    }
}

/// Where the first message of a stream ends: at its end, if nothing says so before.
fn message_length(stream: &[u8]) -> usize {
    let mut at = 0;
    while let Some([_, status, high, low, ..]) = stream.get(at..) {
        at += usize::from(u16::from_be_bytes([*high, *low])).max(8);
        if status & 1 != 0 {
            return at.min(stream.len());
        }
    }
    stream.len()
}

async fn read_message(client: &mut DuplexStream) -> io::Result<()> {
    loop {
        let mut header = [0; 8];
        client.read_exact(&mut header).await?;
        let mut payload = vec![0; usize::from(u16::from_be_bytes([header[2], header[3]])).saturating_sub(8)];
        client.read_exact(&mut payload).await?;
        if header[1] & 1 != 0 {
            return Ok(());
        }
    }
}

fn packet(payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 8).unwrap_or(u16::MAX).to_be_bytes();
    [&[4, 1, length[0], length[1], 0, 0, 1, 0], payload].concat()
}
