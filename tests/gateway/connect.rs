//! Connecting: stages, TLS over TCP, reconnecting.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::sync::watch;
use wsusctl::model::connection::{DatabaseUrl, MssqlUrl, Secret};
use wsusctl::sandbox::serve::serve;
use wsusctl::sandbox::tds::{Encryption, Identity};
use wsusctl::susdb::error::{ConnectError, QueryError};
use wsusctl::susdb::read::{ReadError, read_clock};
use wsusctl::susdb::session::{ConnectOptions, Session};
use wsusctl::susdb::target::{Authentication, CaFile, Target};
use wsusctl::susdb::tls::certificate::CertificateProblem;
use wsusctl::susdb::tls::prelogin::PreloginError;

use super::scripted::{PASSWORD, Reply, Script, ScriptedDatabase, USER, session, settings, target};

struct Server {
    port: u16,
    ca: CaFile,
    fingerprint: [u8; 32],
    script: Arc<Script>,
    _shutdown: watch::Sender<bool>,
}

/// Serves a script over TCP on loopback.
async fn server(encryption: impl FnOnce(&Identity) -> Encryption) -> Server {
    let identity = Identity::self_signed(&[]).unwrap();
    let mut settings = settings();
    settings.encryption = encryption(&identity);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (shutdown, ordered) = watch::channel(false);
    let script = Arc::new(Script::default());
    tokio::spawn(serve(listener, Arc::new(ScriptedDatabase(Arc::clone(&script))), Arc::new(settings), ordered));
    let ca = CaFile { path: "sandbox.pem".into(), pem: identity.certificate_pem().as_bytes().to_vec() };
    Server { port, ca, fingerprint: identity.fingerprint(), script, _shutdown: shutdown }
}

fn required(identity: &Identity) -> Encryption {
    Encryption::Required(identity.server_config().unwrap())
}

fn strict(identity: &Identity) -> Encryption {
    Encryption::Strict(identity.strict_server_config().unwrap())
}

fn login_only(identity: &Identity) -> Encryption {
    Encryption::LoginOnly(identity.server_config().unwrap())
}

fn mssql(text: &str) -> MssqlUrl {
    match text.parse() {
        Ok(DatabaseUrl::Mssql(url)) => url,
        other => panic!("{other:?}"),
    }
}

async fn connect(url: &str, ca: Option<&CaFile>, password: &str) -> Result<Session, ConnectError> {
    let target = Target::mssql(&mssql(url), None, Some(Secret::new(password.to_owned())), ca.cloned()).unwrap();
    Session::connect(&target, &ConnectOptions::default()).await
}

/// Runs a statement, so that bytes have gone both ways after the login.
async fn works(server: &Server, session: &mut Session) {
    let name = vec![("Now", wsusctl::sandbox::value::SqlType::DateTime)];
    let now = chrono::NaiveDate::from_ymd_opt(2026, 11, 20).unwrap().and_hms_opt(12, 0, 0).unwrap();
    let reply = Reply::Rows(name, vec![vec![wsusctl::sandbox::value::Value::DateTime(now)]]);
    server.script.answer("server.clock", reply);
    assert_eq!(read_clock(session).await.unwrap().0.naive_utc(), now);
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_over_tcp_works_with_every_kind_of_server() {
    for encryption in [required, login_only] {
        let server = server(encryption).await;
        let base = format!("mssql://{USER}@localhost:{}/SUSDB", server.port);
        let pin: String = server.fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
        for (url, ca) in [
            (base.clone(), Some(&server.ca)),
            (format!("{base}?encrypt=login"), Some(&server.ca)),
            (format!("{base}?pin=sha256:{pin}"), None),
            (format!("{base}?trustServerCertificate=true"), None),
        ] {
            let mut session = connect(&url, ca, PASSWORD).await.unwrap_or_else(|error| panic!("{url}: {error}"));
            works(&server, &mut session).await;
        }
        let error = connect(&base, None, PASSWORD).await.unwrap_err();
        let ConnectError::Certificate { problem, certificate, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*problem, CertificateProblem::UnknownIssuer);
        assert_eq!(certificate.sha256, server.fingerprint);
        assert_eq!(error.stage(), "TLS");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strict_server_is_spoken_to_in_tds_8() {
    let server = server(strict).await;
    let base = format!("mssql://{USER}@localhost:{}/SUSDB", server.port);
    let pin: String = server.fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
    for (url, ca) in [
        (format!("{base}?encrypt=strict"), Some(&server.ca)),
        (format!("{base}?encrypt=strict&pin=sha256:{pin}"), None),
    ] {
        let mut session = connect(&url, ca, PASSWORD).await.unwrap_or_else(|error| panic!("{url}: {error}"));
        works(&server, &mut session).await;
    }
    let error = connect(&format!("{base}?encrypt=strict"), None, PASSWORD).await.unwrap_err();
    assert!(matches!(error, ConnectError::Certificate { .. }), "{error:?}");
    // Without it, the server goes at the first packet, and the hint knows why.
    for options in ["", "?encrypt=off", "?encrypt=login"] {
        let (target, error) = refused(&format!("{base}{options}"), Some(&server.ca)).await;
        let ConnectError::Prelogin { source: PreloginError::Closed, .. } = &error else { panic!("{error:?}") };
        assert!(error.hints(&target)[0].contains("encrypt=strict"), "{:?}", error.hints(&target));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_before_tds_8_is_told_from_one_that_is_not_there() {
    let server = server(required).await;
    let url = format!("mssql://{USER}@localhost:{}/SUSDB?encrypt=strict", server.port);
    let (target, error) = refused(&url, Some(&server.ca)).await;
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
    assert!(error.hints(&target)[0].contains("SQL Server 2022"), "{:?}", error.hints(&target));
}

async fn refused(url: &str, ca: Option<&CaFile>) -> (Target, ConnectError) {
    let target = Target::mssql(&mssql(url), None, Some(Secret::new(PASSWORD.into())), ca.cloned()).unwrap();
    let error = Session::connect(&target, &ConnectOptions::default()).await.unwrap_err();
    (target, error)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_server_and_url_disagree_about_is_told() {
    let plain = server(|_| Encryption::Off).await;
    let error = connect(&format!("mssql://{USER}@127.0.0.1:{}", plain.port), None, PASSWORD).await.unwrap_err();
    assert!(matches!(error, ConnectError::NoEncryption { .. }), "{error:?}");
    let strict = server(required).await;
    let url = format!("mssql://{USER}@127.0.0.1:{}?encrypt=off", strict.port);
    let error = connect(&url, None, PASSWORD).await.unwrap_err();
    assert!(matches!(error, ConnectError::EncryptionDemanded { .. }), "{error:?}");
    let mut session =
        connect(&format!("mssql://{USER}@127.0.0.1:{}?encrypt=off", plain.port), None, PASSWORD).await.unwrap();
    works(&plain, &mut session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn login_and_database_are_stages_of_their_own() {
    let server = server(required).await;
    let base = format!("mssql://{USER}@localhost:{}", server.port);
    let error = connect(&base, Some(&server.ca), "wrong").await.unwrap_err();
    assert!(matches!(&error, ConnectError::Login { number: 18456, user: Some(user), .. } if user == USER), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("wrong\""));
    let error = connect(&format!("{base}/OTHER"), Some(&server.ca), PASSWORD).await.unwrap_err();
    assert!(
        matches!(&error, ConnectError::Database { number: 4060, database, .. } if database == "OTHER"),
        "{error:?}"
    );
    assert_eq!(error.stage(), "database");
}

#[tokio::test]
async fn a_web_server_is_no_sql_server_and_a_silent_one_takes_too_long() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut web, _) = listener.accept().await.unwrap();
        web.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let (_silent, _) = listener.accept().await.unwrap();
        std::future::pending::<()>().await;
    });
    let url = format!("mssql://{USER}@127.0.0.1:{port}");
    let error = connect(&url, None, PASSWORD).await.unwrap_err();
    assert!(matches!(error, ConnectError::Prelogin { .. }), "{error:?}");
    let target = Target::mssql(&mssql(&url), None, Some(Secret::new(PASSWORD.into())), None).unwrap();
    let options = ConnectOptions { connect_timeout: Duration::from_millis(100), ..ConnectOptions::default() };
    let error = Session::connect(&target, &options).await.unwrap_err();
    assert!(matches!(error, ConnectError::Timeout { stage: "PRELOGIN", .. }), "{error:?}");
}

#[cfg(not(windows))]
#[tokio::test]
async fn the_pipe_is_for_the_server_itself() {
    let error = Session::connect(&Target::wid(), &ConnectOptions::default()).await.unwrap_err();
    assert!(matches!(error, ConnectError::PipeElsewhere), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_sees_who_comes() {
    let script = Arc::new(Script::default());
    let options = ConnectOptions {
        application_name: "wsusctl/0.1.0 apply admin@host".to_owned(),
        host_name: "host".to_owned(),
        ..ConnectOptions::default()
    };
    Session::connect(&target(&script), &options).await.unwrap();
    let login = script.logins.lock().unwrap()[0].clone();
    assert_eq!((login.application.as_str(), login.host.as_str()), ("wsusctl/0.1.0 apply admin@host", "host"));
    assert_eq!((login.user.as_str(), login.database.as_str()), (USER, "SUSDB"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_too_long_costs_the_connection_and_nothing_else() {
    let script = Arc::new(Script::default());
    let options = ConnectOptions { statement_timeout: Duration::from_millis(100), ..ConnectOptions::default() };
    let mut session = Session::connect(&target(&script), &options).await.unwrap();
    script.answer("server.clock", Reply::Stall(Duration::from_secs(5)));
    let error = read_clock(&mut session).await.unwrap_err();
    assert!(matches!(error, ReadError::Query(QueryError::Timeout { .. })), "{error:?}");
    assert!(!session.is_connected());
    let error = read_clock(&mut session).await.unwrap_err();
    assert!(matches!(error, ReadError::Query(QueryError::ConnectionLost { .. })), "{error:?}");
    session.reconnect().await.unwrap();
    assert!(session.is_connected());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_future_costs_the_connection() {
    let script = Arc::new(Script::default());
    let mut session = session(&script).await;
    script.answer("server.clock", Reply::Stall(Duration::from_secs(5)));
    let cancelled = tokio::time::timeout(Duration::from_millis(50), read_clock(&mut session)).await;
    assert!(cancelled.is_err());
    assert!(!session.is_connected());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_shown_by_debug_or_by_an_error() {
    let secret = "correct horse battery";
    let script = Arc::new(Script::default());
    let mut target = target(&script);
    target.authentication = Authentication::Sql { user: USER.to_owned(), password: Secret::new(secret.to_owned()) };
    let options = ConnectOptions::default();
    let error = Session::connect(&target, &options).await.unwrap_err();
    assert!(matches!(error, ConnectError::Login { .. }), "{error:?}");
    target.authentication = Authentication::Sql { user: USER.to_owned(), password: Secret::new(PASSWORD.to_owned()) };
    let session = Session::connect(&target, &options).await.unwrap();
    for shown in
        [format!("{error} {error:?} {:?}", error.hints(&target)), format!("{target:?} {options:?} {session:?}")]
    {
        assert!(!shown.contains(secret) && !shown.contains(PASSWORD), "{shown}");
    }
}
