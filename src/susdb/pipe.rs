//! The named pipe of the Windows Internal Database.

use super::connector::BoxStream;
use super::error::ConnectError;

/// The pipe of WSUS on Windows Server 2012 and later.
///
/// Source: WSUSpendu, SharpWSUS lib/Connect.cs, MicrosoftDocs SupportArticles (grade A).
#[cfg(windows)]
const WID_PIPE: &str = r"\\.\pipe\MICROSOFT##WID\tsql\query";

/// Opens the pipe. A busy one is tried again until the caller's deadline ends the attempt.
#[cfg(windows)]
pub(crate) async fn open_wid() -> Result<BoxStream, ConnectError> {
    use std::io::ErrorKind;
    use std::time::Duration;

    use tokio::net::windows::named_pipe::ClientOptions;
    use tokio::time::sleep;

    /// `ERROR_PIPE_BUSY`: every instance of the pipe has its client.
    const BUSY: i32 = 231;
    /// How often a busy pipe is tried, and the pause between two tries: ten seconds in all.
    const TRIES: u32 = 100;
    const PAUSE: Duration = Duration::from_millis(100);

    let mut tries = 0;
    loop {
        match ClientOptions::new().open(WID_PIPE) {
            Ok(pipe) => return Ok(Box::new(pipe)),
            Err(error) if error.raw_os_error() == Some(BUSY) && tries < TRIES => {
                tries += 1;
                sleep(PAUSE).await;
            }
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(ConnectError::NoPipe { path: WID_PIPE }),
            Err(source) => return Err(ConnectError::Pipe { path: WID_PIPE, source }),
        }
    }
}

/// There are no named pipes here.
#[cfg(not(windows))]
pub(crate) async fn open_wid() -> Result<BoxStream, ConnectError> {
    Err(ConnectError::PipeElsewhere)
}
