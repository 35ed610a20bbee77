//! tiberius over a stream in memory and over TCP.

use std::sync::Arc;

use futures_util::TryStreamExt;
use tiberius::{AuthMethod, Client, Command, Config, EncryptionLevel, Query};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};
use wsusctl::sandbox::serve::serve;
use wsusctl::sandbox::tds::ServerSettings;

use crate::echo::Echo;
use crate::raw::{Served, open, start, start_with, with_password};

pub type InMemory = Client<Compat<tokio::io::DuplexStream>>;

pub fn config(user: &str, password: &str) -> Config {
    let mut config = Config::new();
    config.authentication(AuthMethod::sql_server(user, password));
    config.encryption(EncryptionLevel::NotSupported);
    config.application_name("wire test");
    config
}

pub async fn connect(settings: ServerSettings) -> (InMemory, Served) {
    connect_to(Arc::new(Echo::default()), settings).await
}

pub async fn connect_to(database: Arc<Echo>, settings: ServerSettings) -> (InMemory, Served) {
    let (stream, served) = start_with(database, settings);
    (Client::connect(config("sa", "P@ss wörd"), stream.compat()).await.unwrap(), served)
}

async fn refused(config: Config) -> tiberius::error::TokenError {
    let (stream, served) = start(with_password());
    let problem = Client::connect(config, stream.compat()).await.err().unwrap();
    assert!(served.await.unwrap().is_err());
    match problem {
        tiberius::error::Error::Server(error) => error,
        other => panic!("{other}"),
    }
}

/// The error that a batch ends with, whether it comes before or behind the first row.
pub async fn batch_error(client: &mut InMemory, sql: &str) -> tiberius::error::TokenError {
    let problem = match client.simple_query(sql).await {
        Ok(stream) => stream.into_results().await.unwrap_err(),
        Err(problem) => problem,
    };
    match problem {
        tiberius::error::Error::Server(error) => error,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_login_is_checked() {
    let error = refused(config("sa", "p@ss wörd")).await;
    assert_eq!((error.code(), error.class(), error.state()), (18456, 14, 1));
    assert_eq!(error.message(), "Login failed for user 'sa'.");
    assert_eq!(refused(config("sb", "P@ss wörd")).await.code(), 18456);
    let mut elsewhere = config("sa", "P@ss wörd");
    elsewhere.database("other");
    assert_eq!(refused(elsewhere).await.code(), 4060);
    let (mut client, _served) = connect(with_password()).await;
    let row = client.simple_query("who").await.unwrap().into_row().await.unwrap().unwrap();
    assert_eq!(row.get::<&str, _>("user"), Some("sa"));
    assert_eq!(row.get::<&str, _>("application"), Some("wire test"));
    assert_eq!(row.get::<&str, _>("database"), Some("SUSDB"));
}

#[tokio::test]
async fn results_of_every_type_and_rows_with_nulls() {
    let (mut client, _served) = connect(open()).await;
    let rows = client.simple_query("nulls").await.unwrap().into_first_result().await.unwrap();
    assert_eq!(rows.len(), 3);
    for row in &rows[..1] {
        for cell in row.cells() {
            assert!(format!("{:?}", cell.1).contains("None"), "{cell:?}");
        }
    }
    assert_eq!(rows[2].get::<bool, _>(0), None);
    for row in &rows[1..] {
        assert_eq!(row.get::<u8, _>(1), Some(200));
        assert_eq!(row.get::<i16, _>(2), Some(-3));
        assert_eq!(row.get::<i32, _>(3), Some(70_000));
        assert_eq!(row.get::<i64, _>(4), Some(1 << 40));
        assert_eq!(row.get::<f64, _>(5), Some(1.25));
        assert_eq!(row.get::<tiberius::numeric::Numeric, _>(6).unwrap().to_string(), "-12.345");
        assert_eq!(row.get::<&str, _>(7), Some("größer 😀"));
        assert_eq!(row.get::<&str, _>(8), Some("long"));
        assert_eq!(row.get::<&[u8], _>(9), Some(&[1, 2, 3][..]));
        assert_eq!(row.get::<&[u8], _>(10), Some(&[][..]));
        assert_eq!(row.get::<tiberius::Uuid, _>(11).unwrap().to_string(), "6f9619ff-8b86-d011-b42d-00c04fc964ff");
        let moment = row.get::<chrono::NaiveDateTime, _>(12).unwrap();
        assert_eq!(moment.to_string(), "2026-03-01 12:30:15.500");
        assert_eq!(row.get::<chrono::NaiveDateTime, _>(13), Some(moment));
    }
}

#[tokio::test]
async fn several_result_sets_and_counts() {
    let (mut client, _served) = connect(open()).await;
    let sets = client.simple_query("sets").await.unwrap().into_results().await.unwrap();
    assert_eq!(sets.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0, 1]);
    assert_eq!(sets[2][0].get::<i32, _>(0), Some(3));
    let result = client.execute("count 7", &[]).await.unwrap();
    assert_eq!(result.rows_affected(), [7]);
}

#[tokio::test]
async fn errors_reach_their_statement_only() {
    let (mut client, _served) = connect(open()).await;
    let error = batch_error(&mut client, "error").await;
    assert_eq!((error.code(), error.state(), error.class(), error.line()), (50000, 7, 16, 42));
    assert_eq!((error.message(), error.procedure(), error.server()), ("It was wrong.", "spTest", "SANDBOX"));
    let rows = client.simple_query("rows 2").await.unwrap().into_first_result().await.unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(batch_error(&mut client, "error between").await.message(), "In the middle.");
    assert_eq!(batch_error(&mut client, "misfit").await.code(), 8114);
    assert_eq!(client.simple_query("rows 1").await.unwrap().into_first_result().await.unwrap().len(), 1);
}

#[tokio::test]
async fn parameters_come_back_as_they_were_sent() {
    let (mut client, _served) = connect(open()).await;
    let id = tiberius::Uuid::from_u128(0x1234_5678_9ABC_DEF0_1234_5678_9ABC_DEF0);
    let moment = chrono::NaiveDate::from_ymd_opt(2026, 3, 1).unwrap().and_hms_micro_opt(1, 2, 3, 456_789).unwrap();
    let long = "ü".repeat(10_000);
    let mut query = Query::new("echo");
    query.bind(5_i32);
    query.bind(-6_i64);
    query.bind(true);
    query.bind("text");
    query.bind(long.as_str());
    query.bind(id);
    query.bind(&[1_u8, 2][..]);
    query.bind(moment);
    query.bind(None::<i32>);
    query.bind(None::<&str>);
    query.bind(0.5_f64);
    query.bind(7_u8);
    query.bind(tiberius::numeric::Numeric::new_with_scale(-12345, 2));
    let row = query.query(&mut client).await.unwrap().into_row().await.unwrap().unwrap();
    assert_eq!(row.get::<i32, _>("P1"), Some(5));
    assert_eq!(row.get::<i64, _>("P2"), Some(-6));
    assert_eq!(row.get::<bool, _>("P3"), Some(true));
    assert_eq!(row.get::<&str, _>("P4"), Some("text"));
    assert_eq!(row.get::<&str, _>("P5"), Some(long.as_str()));
    assert_eq!(row.get::<tiberius::Uuid, _>("P6"), Some(id));
    assert_eq!(row.get::<&[u8], _>("P7"), Some(&[1, 2][..]));
    assert_eq!(row.get::<chrono::NaiveDateTime, _>("P8"), Some(moment));
    assert_eq!(row.get::<i32, _>("P9"), None);
    assert_eq!(row.get::<i32, _>("P10"), None);
    assert_eq!(row.get::<f64, _>("P11"), Some(0.5));
    assert_eq!(row.get::<u8, _>("P12"), Some(7));
    assert_eq!(row.get::<tiberius::numeric::Numeric, _>("P13").unwrap().to_string(), "-123.45");
}

#[tokio::test]
async fn a_procedure_gives_rows_outputs_and_a_return_code() {
    let (mut client, _served) = connect(open()).await;
    let mut command = Command::new("dbo.echo");
    command.bind_param("@a", 3_i32);
    command.bind_out_param("@b", 21_i32);
    command.bind_out_param("@c", "back");
    let result = command.exec(&mut client).await.unwrap().into_command_result().await.unwrap();
    assert_eq!(result.return_code(), 3);
    assert_eq!(result.return_values_len(), 2);
    assert_eq!(result.try_return_value::<i32>("@b").unwrap(), Some(42));
    assert_eq!(result.try_return_value::<&str>("@c").unwrap(), Some("back"));
    let row = &result.to_query_result(0).unwrap()[0];
    assert_eq!(
        (row.get::<i32, _>("a"), row.get::<i32, _>("b"), row.get::<&str, _>("c")),
        (Some(3), Some(21), Some("back"))
    );

    let failed = Command::new("fail").exec(&mut client).await.unwrap().into_command_result().await;
    let tiberius::error::Error::Server(error) = failed.unwrap_err() else { panic!() };
    assert_eq!((error.code(), error.procedure(), error.line()), (50000, "fail", 9));
    let unknown = Command::new("nowhere").exec(&mut client).await.unwrap().into_command_result().await;
    let tiberius::error::Error::Server(error) = unknown.unwrap_err() else { panic!() };
    assert_eq!(error.code(), 2812);
}

#[tokio::test]
async fn transactions() {
    let (mut client, _served) = connect(open()).await;
    client.begin_transaction().await.unwrap();
    client.save_transaction("here").await.unwrap();
    client.rollback_transaction().await.unwrap();
    client.begin_transaction().await.unwrap();
    client.commit_transaction().await.unwrap();
    let problem = client.commit_transaction().await.unwrap_err();
    assert_eq!(problem.code(), Some(3902));
    let rows = client.simple_query("transactions").await.unwrap().into_first_result().await.unwrap();
    let events: Vec<&str> = rows.iter().map(|row| row.get(0).unwrap()).collect();
    assert_eq!(events, ["Begin", "Save(\"here\")", "Rollback", "Begin", "Commit"]);
}

#[tokio::test]
async fn requests_and_answers_of_many_packets() {
    for packet_size in [512, 4096, 32_767] {
        let (stream, _served) = start(open());
        let mut config = config("sa", "");
        config.packet_size(packet_size);
        let mut client = Client::connect(config, stream.compat()).await.unwrap();
        let sql = "long ".repeat(20_000);
        let row = client.simple_query(sql.as_str()).await.unwrap().into_row().await.unwrap().unwrap();
        assert_eq!(row.get::<&str, _>(0), Some(sql.as_str()));
        let rows = client.simple_query("rows 1000").await.unwrap().into_first_result().await.unwrap();
        assert_eq!(rows.len(), 1000);
    }
}

/// tiberius 0.13 looks for the acknowledgement in the answer that it interrupts, but SQL Server sends it in a message of
/// its own. So a query that was cancelled costs the connection; `streaming.rs` has the server's side of it.
#[tokio::test]
async fn tiberius_does_not_see_the_acknowledgement_of_a_cancelled_query() {
    let (mut client, _served) = connect(open()).await;
    let mut stream = client.simple_query("rows 1000000").await.unwrap();
    stream.try_next().await.unwrap();
    drop(stream);
    let problem = client.cancel_query().await.unwrap_err();
    assert!(problem.to_string().contains("Never got a DONE token"), "{problem}");
}

#[tokio::test]
async fn over_tcp_until_shutdown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let mut settings = with_password();
    settings.connections_max = 2;
    let server = tokio::spawn(serve(listener, Arc::new(Echo::default()), Arc::new(settings), stopped));
    let mut clients = Vec::new();
    for _ in 0..2 {
        let tcp = TcpStream::connect(address).await.unwrap();
        clients.push(Client::connect(config("sa", "P@ss wörd"), tcp.compat()).await.unwrap());
    }
    let tcp = TcpStream::connect(address).await.unwrap();
    assert!(Client::connect(config("sa", "P@ss wörd"), tcp.compat()).await.is_err(), "a third one is turned away");
    for client in &mut clients {
        let rows = client.simple_query("rows 10").await.unwrap().into_first_result().await.unwrap();
        assert_eq!(rows.len(), 10);
    }
    stop.send(true).unwrap();
    server.await.unwrap();
    assert!(clients[0].simple_query("rows 1").await.is_err());
    assert!(TcpStream::connect(address).await.is_err());
}
