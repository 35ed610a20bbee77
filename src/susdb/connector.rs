//! How a byte stream to a server comes to be: TCP, with the SQL Browser where an instance is named, or a closure.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UdpSocket, lookup_host};
use tokio::time::timeout;

use super::attempts::race;
use super::error::ConnectError;
use super::line::words;
use super::session::Stage;

/// A byte stream in both directions.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// A byte stream of whatever kind.
pub type BoxStream = Box<dyn ByteStream>;

/// Opens a byte stream to one server, a fresh one each time, so that reconnecting works.
#[derive(Clone)]
pub struct Connector {
    name: String,
    open: Arc<dyn Fn() -> BoxFuture<'static, io::Result<BoxStream>> + Send + Sync>,
}

impl Connector {
    /// Wraps a closure that opens a stream; `name` is what messages call the server.
    pub fn new<F>(name: impl Into<String>, open: F) -> Self
    where
        F: Fn() -> BoxFuture<'static, io::Result<BoxStream>> + Send + Sync + 'static,
    {
        Self { name: name.into(), open: Arc::new(open) }
    }

    /// What messages call the server.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Opens a stream.
    ///
    /// # Errors
    /// What the closure says.
    pub async fn open(&self) -> io::Result<BoxStream> {
        (self.open)().await
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Port of the default instance.
const DEFAULT_PORT: u16 = 1433;

/// UDP port of the SQL Browser.
///
/// Source: MS-SQLR 2.1 (grade A).
const BROWSER_PORT: u16 = 1434;

/// How long one answer of the SQL Browser is waited for. It is a datagram: a second try is cheaper than patience.
const BROWSER_PATIENCE: Duration = Duration::from_secs(1);

/// Opens TCP to a host: gives the stream and the port, which a Kerberos service name needs.
pub(super) async fn open_tcp(
    host: &str,
    instance: Option<&str>,
    port: Option<u16>,
    stage: &Stage,
) -> Result<(TcpStream, u16), ConnectError> {
    stage.enter("name resolution");
    let port = match (port, instance) {
        (Some(port), _) => port,
        (None, Some(instance)) => browse(host, instance, BROWSER_PORT, stage).await?,
        (None, None) => DEFAULT_PORT,
    };
    stage.enter("name resolution");
    let addresses = resolve(host, port).await?;
    stage.enter("TCP");
    let connect = async |address| TcpStream::connect(address).await.map_err(|error| words(&error));
    let stream = race(addresses, stage, connect).await;
    let stream = stream.ok_or_else(|| ConnectError::Tcp { host: host.to_owned(), port, attempts: stage.attempts() })?;
    // Requests are small and wait for their answers: Nagle would hold each back.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not switch Nagle's algorithm off");
    }
    Ok((stream, port))
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
    let unknown = |source| ConnectError::Resolve { host: host.to_owned(), source };
    let found: Vec<_> = lookup_host((host, port)).await.map_err(unknown)?.collect();
    if found.is_empty() {
        return Err(unknown(io::Error::new(io::ErrorKind::NotFound, "the name has no address")));
    }
    Ok(found)
}

/// Why the SQL Browser gave no port.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// The datagram could not be sent or its answer not received.
    #[error("{}", words(.0))]
    Io(#[from] io::Error),
    /// Nothing came back.
    #[error("no answer on UDP port {BROWSER_PORT}")]
    Silence,
    /// Something came back that is no answer.
    #[error("the answer is not one of the SQL Browser's")]
    Malformed,
    /// The instance does not listen on TCP.
    #[error("the instance has no TCP port: TCP/IP is not enabled for it")]
    NoTcp,
}

async fn browse(host: &str, instance: &str, browser_port: u16, stage: &Stage) -> Result<u16, ConnectError> {
    let addresses = resolve(host, browser_port).await?;
    stage.enter("SQL Browser");
    let ask = async |address| {
        let asked = match ask_browser(address, instance).await {
            // The datagram or its answer may have been lost.
            Err(BrowserError::Silence) => ask_browser(address, instance).await,
            answered => answered,
        };
        asked.map_err(|error| error.to_string())
    };
    race(addresses, stage, ask).await.ok_or_else(|| ConnectError::Browser {
        host: host.to_owned(),
        instance: instance.to_owned(),
        attempts: stage.attempts(),
    })
}

/// Asks for one instance: a 4, its name and a zero byte.
///
/// Source: MS-SQLR 2.2.3, CLNT_UCAST_INST (grade A).
async fn ask_browser(browser: SocketAddr, instance: &str) -> Result<u16, BrowserError> {
    let any: SocketAddr = if browser.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).await?;
    // Connected, so that only the asked server's datagrams are received.
    socket.connect(browser).await?;
    let mut request = vec![4];
    request.extend_from_slice(instance.as_bytes());
    request.push(0);
    socket.send(&request).await?;
    let mut answer = [0; 2048];
    let length = timeout(BROWSER_PATIENCE, socket.recv(&mut answer)).await.map_err(|_| BrowserError::Silence)??;
    port_of(&answer[..length])
}

/// Reads the port out of `05 LENGTH ServerName;H;InstanceName;I;...;tcp;PORT;...`.
///
/// Source: MS-SQLR 2.2.5, SVR_RESP (grade A).
fn port_of(answer: &[u8]) -> Result<u16, BrowserError> {
    let [5, _, _, text @ ..] = answer else { return Err(BrowserError::Malformed) };
    let text = String::from_utf8_lossy(text);
    let mut words = text.split(';');
    while let Some(name) = words.next() {
        let value = words.next();
        if name.eq_ignore_ascii_case("tcp") {
            return value.and_then(|port| port.parse().ok()).ok_or(BrowserError::Malformed);
        }
    }
    Err(BrowserError::NoTcp)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::net::UdpSocket;

    use super::{BrowserError, ask_browser, open_tcp, port_of};
    use crate::susdb::error::ConnectError;
    use crate::susdb::session::Stage;

    #[test]
    fn browser_answers() {
        let answer = |text: &str| [&[5, 0, 0], text.as_bytes()].concat();
        assert_eq!(port_of(&answer("ServerName;H;InstanceName;WSUS;IsClustered;No;tcp;49172;np;x;;")).unwrap(), 49172);
        assert!(matches!(port_of(&answer("ServerName;tcp;InstanceName;WSUS;np;x;;")), Err(BrowserError::NoTcp)));
        assert!(matches!(port_of(&answer("a;b;tcp;;")), Err(BrowserError::Malformed)));
        for short in [&[][..], &[5], &[5, 0], &[4, 0, 0]] {
            assert!(matches!(port_of(short), Err(BrowserError::Malformed)));
        }
    }

    #[tokio::test]
    async fn the_browser_is_asked_by_datagram() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = server.local_addr().unwrap();
        let answering = tokio::spawn(async move {
            let mut request = [0; 64];
            let (length, from) = server.recv_from(&mut request).await.unwrap();
            server.send_to(b"\x05\x0a\x00a;b;tcp;4711;;", from).await.unwrap();
            request[..length].to_vec()
        });
        assert_eq!(ask_browser(address, "WSUS").await.unwrap(), 4711);
        assert_eq!(answering.await.unwrap(), b"\x04WSUS\x00");
    }

    #[tokio::test]
    async fn a_closed_port_is_refused() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let error = open_tcp("127.0.0.1", None, Some(port), &Stage::default()).await.unwrap_err();
        assert!(matches!(&error, ConnectError::Tcp { attempts, .. } if attempts.len() == 1), "{error:?}");
        assert_eq!(error.stage(), "TCP");
        assert!(error.to_string().contains("\n  127.0.0.1: refused: nothing listens on that port"), "{error}");
    }
}
