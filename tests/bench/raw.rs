//! What the benchmarks compare wsusctl with: the bare driver doing the same statements, as recorded on the wire.
//!
//! ```text
//! raw record LISTEN SERVER FILE    passes one connection after the other on and writes down what the clients send
//! raw select SERVER USER FILE      runs the recorded SELECTs and reads every row
//! raw call SERVER USER FILE NAME   runs the recorded calls of one procedure
//! raw sql FILE                     prints the recorded SELECTs as T-SQL, for tsql
//! ```
//!
//! The password is in WSUSCTL_PASSWORD. Nothing is encrypted.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::fs;
use std::io::{self, Write};

use futures_util::TryStreamExt;
use tiberius::{AuthMethod, Client, ColumnData, Command, CommandItem, Config, EncryptionLevel, IntoSql, Query};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};
use uuid::Uuid;

/// A remote procedure call.
struct Call {
    /// Empty for `sp_executesql`.
    procedure: String,
    parameters: Vec<(String, Value)>,
}

#[derive(Clone)]
enum Value {
    Guid(Uuid),
    Int(i32),
    Bit(bool),
    Text(String),
    Time(i32, u32),
}

impl<'a> IntoSql<'a> for Value {
    fn into_sql(self) -> ColumnData<'a> {
        match self {
            Self::Guid(id) => ColumnData::Guid(Some(id)),
            Self::Int(number) => ColumnData::I32(Some(number)),
            Self::Bit(bit) => ColumnData::Bit(Some(bit)),
            Self::Text(text) => ColumnData::String(Some(text.into())),
            Self::Time(days, ticks) => ColumnData::DateTime(Some(tiberius::time::DateTime::new(days, ticks))),
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match arguments.as_slice() {
        ["record", listen, server, file] => runtime.block_on(record(listen, server, file)),
        ["select", server, user, file] => runtime.block_on(select(server, user, &calls(file))),
        ["call", server, user, file, name] => runtime.block_on(call(server, user, &calls(file), name)),
        ["sql", file] => print_sql(&calls(file)),
        // `cargo bench` runs every benchmark; the ones of this file need a server, which tests/bench/run starts.
        _ => say("tests/bench/run runs the benchmarks"),
    }
}

fn say(text: &str) {
    println!("{text}");
}

async fn record(listen: &str, server: &str, file: &str) {
    let listener = TcpListener::bind(listen).await.unwrap();
    say("recording");
    let mut recorded = fs::File::create(file).unwrap();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = TcpStream::connect(server).await.unwrap().into_split();
        let answers = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
        let mut bytes = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from_client.read(&mut bytes).await {
            recorded.write_all(&bytes[..length]).unwrap();
            to_server.write_all(&bytes[..length]).await.unwrap();
        }
        drop(to_server);
        answers.abort();
    }
}

async fn connect(server: &str, user: &str) -> Client<Compat<TcpStream>> {
    let mut config = Config::new();
    config.database("SUSDB");
    config.authentication(AuthMethod::sql_server(user, std::env::var("WSUSCTL_PASSWORD").unwrap()));
    config.encryption(EncryptionLevel::NotSupported);
    config.packet_size(8000);
    config.lossy_utf16_decoding(true);
    let stream = TcpStream::connect(server).await.unwrap();
    stream.set_nodelay(true).unwrap();
    Client::connect(config, stream.compat()).await.unwrap()
}

async fn select(server: &str, user: &str, calls: &[Call]) {
    let mut client = connect(server, user).await;
    let (mut statements, mut rows, mut cells) = (0, 0, 0);
    for call in calls.iter().filter(|call| call.procedure.is_empty()) {
        let mut query = Query::new(text(call));
        for (_, value) in &call.parameters[2.min(call.parameters.len())..] {
            query.bind(value.clone());
        }
        let mut stream = query.query(&mut client).await.unwrap().into_row_stream();
        while let Some(row) = stream.try_next().await.unwrap() {
            rows += 1;
            cells += row.len();
        }
        statements += 1;
    }
    say(&format!("{statements} statements, {rows} rows, {cells} values"));
}

async fn call(server: &str, user: &str, calls: &[Call], name: &str) {
    let mut client = connect(server, user).await;
    let mut count = 0;
    for call in calls.iter().filter(|call| call.procedure.ends_with(name)) {
        let mut command = Command::new(call.procedure.as_str());
        for (name, value) in &call.parameters {
            command.bind_param(name.as_str(), value.clone());
        }
        let mut answer = command.exec(&mut client).await.unwrap();
        while let Some(item) = answer.try_next().await.unwrap() {
            if let CommandItem::ReturnStatus(code) = item {
                assert_eq!(code, 0);
            }
        }
        count += 1;
    }
    say(&format!("{count} calls"));
}

fn print_sql(calls: &[Call]) {
    let mut output = io::stdout().lock();
    for call in calls.iter().filter(|call| call.procedure.is_empty()) {
        let mut sql = text(call).to_owned();
        // The longest names first: @P1 begins @P10.
        for (name, value) in call.parameters.iter().skip(2).rev() {
            let literal = match value {
                Value::Guid(id) => format!("'{id}'"),
                Value::Int(number) => number.to_string(),
                Value::Bit(bit) => u8::from(*bit).to_string(),
                Value::Text(text) => format!("N'{}'", text.replace('\'', "''")),
                Value::Time(..) => panic!("no SELECT has a time"),
            };
            sql = sql.replace(name.as_str(), &literal);
        }
        writeln!(output, "{sql}\ngo").unwrap();
    }
}

fn text(call: &Call) -> &str {
    match &call.parameters[0].1 {
        Value::Text(text) => text,
        _ => panic!("no text"),
    }
}

/// Reads a recording.
fn calls(file: &str) -> Vec<Call> {
    let bytes = fs::read(file).unwrap();
    let mut rest = &bytes[..];
    let (mut calls, mut message) = (Vec::new(), Vec::new());
    while let [kind, status, high, low, ..] = *rest {
        let (packet, after) = rest.split_at(usize::from(u16::from_be_bytes([high, low])));
        message.extend_from_slice(&packet[8..]);
        if status & 1 != 0 {
            if kind == 3 {
                calls.push(parse(&message));
            }
            message.clear();
        }
        rest = after;
    }
    calls
}

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        self.take(N).try_into().unwrap()
    }

    fn u8(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    fn text(&mut self, units: usize) -> String {
        let units: Vec<u16> =
            self.take(units * 2).chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        String::from_utf16(&units).unwrap()
    }
}

/// Reads a request as tiberius writes it (MS-TDS 2.2.6.6), for the types that wsusctl binds.
fn parse(message: &[u8]) -> Call {
    let mut fields = Fields(message);
    let headers = fields.u32() as usize;
    fields.take(headers - 4);
    let procedure = match fields.u16() {
        0xFFFF => {
            assert_eq!(fields.u16(), 10, "sp_executesql");
            String::new()
        }
        units => fields.text(units.into()),
    };
    fields.u16();
    let mut parameters = Vec::new();
    while !fields.0.is_empty() {
        let units = fields.u8();
        let name = fields.text(units.into());
        fields.u8();
        parameters.push((name, value(&mut fields)));
    }
    Call { procedure, parameters }
}

fn value(fields: &mut Fields<'_>) -> Value {
    let token = fields.u8();
    match token {
        0xE7 => {
            let length_max = fields.u16();
            fields.take(5);
            if length_max != 0xFFFF {
                let length = fields.u16();
                return Value::Text(fields.text(usize::from(length) / 2));
            }
            fields.take(8);
            let mut text = String::new();
            loop {
                match fields.u32() {
                    0 => return Value::Text(text),
                    length => text.push_str(&fields.text(length as usize / 2)),
                }
            }
        }
        0x24 | 0x26 | 0x68 | 0x6F => {
            fields.u8();
            let length = fields.u8();
            match (token, length) {
                (0x24, 16) => Value::Guid(Uuid::from_bytes_le(fields.array())),
                (0x26, 4) => Value::Int(i32::from_le_bytes(fields.array())),
                (0x68, 1) => Value::Bit(fields.u8() != 0),
                (0x6F, 8) => Value::Time(i32::from_le_bytes(fields.array()), fields.u32()),
                other => panic!("{other:?}"),
            }
        }
        other => panic!("type {other:02X}"),
    }
}
