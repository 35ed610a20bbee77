//! Watches the bytes of an answer on their way to tiberius: how many there are, and whether the answer ends as one does.
//!
//! tiberius decodes what comes and ends where the last packet ends. It has no limit for an answer as a whole, it does not
//! mind an answer that ends without DONE, and it ignores a DONE that says "failed" without an error in front of it: rows
//! cut off in any of these ways would look like rows that do not exist.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Length of a packet header (MS-TDS 2.2.3.1).
const HEADER_LENGTH: usize = 8;
/// The bit of a packet's status that ends a message.
const END_OF_MESSAGE: u8 = 0x01;
/// Length of a DONE or DONEPROC token since TDS 7.2: type, status, command, rows (MS-TDS 2.2.7.6).
const DONE_LENGTH: usize = 13;
const DONE: u8 = 0xFD;
const DONE_PROC: u8 = 0xFE;
const STATUS_MORE: u16 = 0x0001;
const STATUS_ERROR: u16 = 0x0002;
const STATUS_SERVER_ERROR: u16 = 0x0100;

/// What is wrong with an answer as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerProblem {
    /// More bytes than any WSUS server has reason to send.
    #[error("it is longer than {} MiB", .limit >> 20)]
    Bytes {
        /// The limit.
        limit: u64,
    },
    /// More rows than any WSUS server has reason to send.
    #[error("it has more than {limit} rows")]
    Rows {
        /// The limit.
        limit: usize,
    },
    /// It ends without saying that it is complete.
    #[error("it ends in the middle")]
    Unfinished,
    /// It says that the statement failed, and not why.
    #[error("it says that the statement failed, but not why")]
    FailedSilently,
    /// Two columns of one name.
    #[error("it has two columns `{name}`")]
    TwoColumns {
        /// The name.
        name: String,
    },
    /// Rows of another SELECT follow those of the first.
    #[error("it has a second set of rows")]
    SecondResult,
    /// The driver gave up in the most drastic way it has.
    #[error("the driver cannot decode it")]
    Panic {
        /// What it said, for its developers.
        message: String,
    },
}

/// How a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Complete,
    Failed,
    Unfinished,
}

/// What is known of the answer under way.
#[derive(Debug)]
struct Progress {
    limit: u64,
    bytes: u64,
    header: [u8; HEADER_LENGTH],
    /// Bytes of the header that have arrived.
    header_length: usize,
    /// Payload of the packet that is still to come.
    payload_left: usize,
    /// The last bytes of the message so far.
    tail: Vec<u8>,
    ending: Option<Ending>,
    /// Whether the driver wanted more than the message had.
    overrun: bool,
    /// The tokens of the last answer, until somebody has looked at them: the answer to the login.
    login: Option<Vec<u8>>,
}

/// No answer to a login comes near this.
const LOGIN_BYTES_MAX: usize = 64 << 10;

/// A view on the answers of a connection, for the session.
#[derive(Debug, Clone)]
pub(super) struct AnswerWatch(Arc<Mutex<Progress>>);

impl AnswerWatch {
    pub(super) fn new(limit: u64) -> Self {
        Self(Arc::new(Mutex::new(Progress {
            limit,
            bytes: 0,
            header: [0; HEADER_LENGTH],
            header_length: 0,
            payload_left: 0,
            tail: Vec::new(),
            ending: None,
            overrun: false,
            login: Some(Vec::new()),
        })))
    }

    /// Gives the tokens of the first statement's answer, the login, and keeps none any more.
    pub(super) fn take_login(&self) -> Vec<u8> {
        self.progress().login.take().unwrap_or_default()
    }

    /// Begins with another statement.
    pub(super) fn begin(&self) {
        let mut progress = self.progress();
        progress.bytes = 0;
        progress.ending = None;
        progress.overrun = false;
    }

    /// What is wrong with the answer, now that the driver has had enough of it.
    pub(super) fn problem(&self) -> Option<AnswerProblem> {
        let progress = self.progress();
        if progress.bytes > progress.limit {
            return Some(AnswerProblem::Bytes { limit: progress.limit });
        }
        match progress.ending {
            Some(Ending::Complete) => None,
            Some(Ending::Failed) => Some(AnswerProblem::FailedSilently),
            Some(Ending::Unfinished) | None => Some(AnswerProblem::Unfinished),
        }
    }

    /// What this stream refused to the driver: bytes beyond the limit, or beyond the end of the answer.
    pub(super) fn refused(&self) -> Option<AnswerProblem> {
        let progress = self.progress();
        if progress.bytes > progress.limit {
            return Some(AnswerProblem::Bytes { limit: progress.limit });
        }
        progress.overrun.then_some(AnswerProblem::Unfinished)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    /// Takes note of bytes; `false` where they are more than the limit.
    fn pass(&mut self, mut bytes: &[u8]) -> bool {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        while !bytes.is_empty() {
            bytes = if self.header_length < HEADER_LENGTH { self.pass_header(bytes) } else { self.pass_payload(bytes) };
        }
        self.bytes <= self.limit
    }

    fn pass_header<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (taken, rest) = bytes.split_at(bytes.len().min(HEADER_LENGTH - self.header_length));
        self.header[self.header_length..][..taken.len()].copy_from_slice(taken);
        self.header_length += taken.len();
        if self.header_length == HEADER_LENGTH {
            let length = usize::from(u16::from_be_bytes([self.header[2], self.header[3]]));
            // A shorter length is nonsense, which tiberius refuses.
            self.payload_left = length.saturating_sub(HEADER_LENGTH);
            self.end_packet();
        }
        rest
    }

    fn pass_payload<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (taken, rest) = bytes.split_at(bytes.len().min(self.payload_left));
        self.payload_left -= taken.len();
        if let Some(login) = &mut self.login {
            let room = LOGIN_BYTES_MAX.saturating_sub(login.len());
            login.extend_from_slice(&taken[..taken.len().min(room)]);
        }
        let kept = &taken[taken.len().saturating_sub(DONE_LENGTH)..];
        let surplus = (self.tail.len() + kept.len()).saturating_sub(DONE_LENGTH);
        self.tail.drain(..surplus);
        self.tail.extend_from_slice(kept);
        self.end_packet();
        rest
    }

    fn end_packet(&mut self) {
        if self.payload_left > 0 {
            return;
        }
        self.header_length = 0;
        if self.header[1] & END_OF_MESSAGE != 0 {
            self.ending = Some(ending(&self.tail));
            self.tail.clear();
        }
    }
}

/// How a message ended, by its last bytes. The last token of every answer is a DONE or a DONEPROC without "more".
///
/// Source: MS-TDS 2.2.7.6 and 2.2.7.8 (grade A).
fn ending(tail: &[u8]) -> Ending {
    let [DONE | DONE_PROC, low, high, ..] = *tail else {
        return Ending::Unfinished;
    };
    let status = u16::from_le_bytes([low, high]);
    if tail.len() != DONE_LENGTH || status & STATUS_MORE != 0 {
        Ending::Unfinished
    } else if status & (STATUS_ERROR | STATUS_SERVER_ERROR) != 0 {
        Ending::Failed
    } else {
        Ending::Complete
    }
}

/// A stream whose answers are watched.
pub(super) struct WatchedStream<S> {
    stream: S,
    watch: AnswerWatch,
}

impl<S> WatchedStream<S> {
    pub(super) fn new(stream: S, watch: AnswerWatch) -> Self {
        Self { stream, watch }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WatchedStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut progress = self.watch.progress();
        if progress.ending.is_some() {
            // The message is over and the driver is in the middle of a token: nothing will come any more.
            progress.overrun = true;
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        drop(progress);
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let within = self.watch.progress().pass(&buffer.filled()[before..]);
        Poll::Ready(if within { Ok(()) } else { Err(io::ErrorKind::QuotaExceeded.into()) })
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WatchedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        // A request: an answer to it may follow.
        let mut progress = self.watch.progress();
        progress.ending = None;
        if let Some(login) = &mut progress.login {
            // What came before was an answer to PRELOGIN, or a round of negotiation.
            login.clear();
        }
        drop(progress);
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::{AnswerProblem, AnswerWatch};

    fn packet(status: u8, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(payload.len() + 8).unwrap().to_be_bytes();
        [&[4, status, length[0], length[1], 0, 0, 1, 0], payload].concat()
    }

    fn done(token: u8, status: u8) -> Vec<u8> {
        [&[token, status], &[0; 11][..]].concat()
    }

    /// What is wrong, however the bytes are cut.
    #[track_caller]
    fn check(bytes: &[u8], expected: Option<AnswerProblem>) {
        for size in [1, 3, 13, 1000] {
            let watch = AnswerWatch::new(300);
            watch.begin();
            for part in bytes.chunks(size) {
                watch.progress().pass(part);
            }
            assert_eq!(watch.problem(), expected, "in pieces of {size}");
        }
    }

    #[test]
    fn an_answer_ends_with_done() {
        check(&packet(1, &done(0xFD, 0)), None);
        check(&packet(1, &done(0xFE, 0x10)), None);
        let long = [&[0xD1; 100][..], &done(0xFE, 0)].concat();
        check(&[packet(0, &long[..90]), packet(0, &long[90..105]), packet(1, &long[105..])].concat(), None);
        // The last packet may be empty.
        check(&[packet(0, &done(0xFD, 0)), packet(1, &[])].concat(), None);
    }

    #[test]
    fn an_answer_that_is_cut_off_does_not() {
        check(&[], Some(AnswerProblem::Unfinished));
        check(&packet(1, &[]), Some(AnswerProblem::Unfinished));
        check(&packet(1, &[0xD1; 40]), Some(AnswerProblem::Unfinished));
        check(&packet(1, &done(0xFD, 1)), Some(AnswerProblem::Unfinished));
        check(&packet(1, &done(0xFF, 0)), Some(AnswerProblem::Unfinished));
        check(&packet(1, &done(0xFD, 0)[..12]), Some(AnswerProblem::Unfinished));
        check(&packet(0, &done(0xFD, 0)), Some(AnswerProblem::Unfinished));
    }

    #[test]
    fn a_failure_without_a_reason_is_one() {
        check(&packet(1, &done(0xFE, 2)), Some(AnswerProblem::FailedSilently));
    }

    #[test]
    fn a_limit_is_for_one_answer() {
        let watch = AnswerWatch::new(50);
        for _ in 0..3 {
            watch.begin();
            assert!(watch.progress().pass(&packet(1, &done(0xFD, 0))));
        }
        assert!(watch.progress().pass(&packet(1, &done(0xFD, 0))));
        assert!(!watch.progress().pass(&packet(1, &done(0xFD, 0))));
        assert_eq!(watch.problem(), Some(AnswerProblem::Bytes { limit: 50 }));
    }
}
