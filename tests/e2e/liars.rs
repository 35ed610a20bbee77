//! Somebody between the program and its server who falsifies one answer: a clear error, and nothing is written.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use crate::connection::{PASSWORD, Served};
use crate::lab::Lab;

/// What is done to an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Lie {
    /// It ends in the middle, and the packet says that this was all.
    Half,
    /// It ends without DONE, behind its last row.
    NoDone,
    /// It is whole, and its DONE says that the statement failed.
    Failed,
    /// The connection closes in the middle.
    HangUp,
    /// Its bytes are upside down.
    Garbage,
}

const LIES: [Lie; 5] = [Lie::Half, Lie::NoDone, Lie::Failed, Lie::HangUp, Lie::Garbage];

/// The messages of a server in front of its first answer: those to PRELOGIN and LOGIN7.
const GREETINGS: usize = 2;
const DONE_LENGTH: usize = 13;

/// Passes one connection on to a server, and lies in its answer of this number, from 1. Gives the port, and what ends
/// when the server has let go of all that the connection held.
fn lie_between(server: u16, number: usize, lie: Lie) -> (u16, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let passing = thread::spawn(move || {
        let (mut client, mut server) =
            (listener.accept().unwrap().0, TcpStream::connect(("127.0.0.1", server)).unwrap());
        let (mut answers_from, answers_to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        let lying = thread::spawn(move || {
            // The client may be gone: then there is nobody to lie to.
            let _ = answers(&mut answers_from, answers_to, number + GREETINGS, lie);
            let _ = io::copy(&mut answers_from, &mut io::sink());
        });
        let _ = io::copy(&mut client, &mut server);
        let _ = server.shutdown(Shutdown::Write);
        lying.join().unwrap();
    });
    (port, passing)
}

fn answers(server: &mut TcpStream, mut client: TcpStream, number: usize, lie: Lie) -> io::Result<()> {
    for message in 1.. {
        let payload = read_message(server)?;
        if message != number {
            write_message(&mut client, &payload)?;
            continue;
        }
        let (whole, half) = (payload.len(), payload.len() / 2);
        match lie {
            Lie::Half => write_message(&mut client, &payload[..half])?,
            Lie::NoDone => write_message(&mut client, &payload[..whole - DONE_LENGTH])?,
            Lie::Failed => {
                let mut payload = payload;
                payload[whole - DONE_LENGTH + 1] |= 2;
                write_message(&mut client, &payload)?;
            }
            Lie::HangUp => {
                write_packet(&mut client, 0, &payload[..half])?;
                return client.shutdown(Shutdown::Both);
            }
            Lie::Garbage => write_message(&mut client, &payload.iter().map(|byte| !byte).collect::<Vec<_>>())?,
        }
    }
    Ok(())
}

fn read_message(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut payload = Vec::new();
    loop {
        let mut header = [0; 8];
        stream.read_exact(&mut header)?;
        let start = payload.len();
        payload.resize(start + usize::from(u16::from_be_bytes([header[2], header[3]])) - 8, 0);
        stream.read_exact(&mut payload[start..])?;
        if header[1] & 1 != 0 {
            return Ok(payload);
        }
    }
}

fn write_message(stream: &mut TcpStream, payload: &[u8]) -> io::Result<()> {
    let chunks: Vec<&[u8]> = payload.chunks(4000).collect();
    for (index, chunk) in chunks.iter().enumerate() {
        write_packet(stream, u8::from(index + 1 == chunks.len()), chunk)?;
    }
    Ok(())
}

fn write_packet(stream: &mut TcpStream, status: u8, payload: &[u8]) -> io::Result<()> {
    let length = u16::try_from(payload.len() + 8).unwrap().to_be_bytes();
    stream.write_all(&[&[4, status, length[0], length[1], 0, 0, 1, 0], payload].concat())
}

#[test]
fn a_falsified_answer_is_an_error_and_nothing_is_written() {
    let lab = Lab::new("demo");
    lab.manifest(
        "  groups: [{name: Kiosks}, {name: New}]\n  approvals: [{update: KB5044284, groups: {Kiosks: install}}]\n",
    );
    let served = Served::start(&lab, &["--tls", "off"]);
    // The first SELECT, behind the lock, and some in the middle of the snapshot.
    for (number, lie) in [2, 5, 9, 14].into_iter().flat_map(|number| LIES.map(|lie| (number, lie))) {
        let (port, passing) = lie_between(served.port, number, lie);
        let server = format!("mssql://svc-wsus@127.0.0.1:{port}/SUSDB?encrypt=off");
        let ran = lab.run_with(&["apply", "-f", "lab.yaml", "--yes", "--server", &server], |command| {
            command.env("WSUSCTL_PASSWORD", PASSWORD);
        });
        assert_eq!(ran.status, 1, "answer {number}, {lie:?}: {}", ran.err);
        // A lost connection is tried again, and this server is there for one connection only.
        let expected = if lie == Lie::HangUp { "Connecting again" } else { "the answer to `" };
        assert!(ran.err.contains(expected), "answer {number}, {lie:?}: {}", ran.err);
        passing.join().unwrap();
        ran.expect_nowhere("panicked");
        assert_eq!(lab.writes(), 0, "answer {number}, {lie:?}");
    }
}
