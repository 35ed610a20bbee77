//! TLS records inside PRELOGIN packets, as TDS has them until the handshake is done, and bare afterwards.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::prelogin::{HEADER_LENGTH, PRELOGIN, TABULAR_RESULT, packet};

/// Payload of one packet at the packet size that every server takes before the login has named one.
const PAYLOAD_MAX: usize = 4096 - HEADER_LENGTH;

/// A stream that wraps what goes through it until [`Wrapped::unwrap_from_now_on`].
#[derive(Debug)]
pub(crate) struct Wrapped<S> {
    stream: S,
    wrapping: bool,
    /// What was written since the last flush.
    pending: Vec<u8>,
    /// Packets on their way out, and how much of them is gone.
    outgoing: Vec<u8>,
    sent: usize,
    /// The header being read, and how much of it is there.
    header: [u8; HEADER_LENGTH],
    header_length: usize,
    /// What is left of the payload being read.
    payload_left: usize,
}

impl<S> Wrapped<S> {
    /// Wraps nothing: TDS 8 has TLS from the first byte.
    pub(crate) fn bare(stream: S) -> Self {
        Self { wrapping: false, ..Self::new(stream) }
    }

    /// Wraps from now on.
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            wrapping: true,
            pending: Vec::new(),
            outgoing: Vec::new(),
            sent: 0,
            header: [0; HEADER_LENGTH],
            header_length: 0,
            payload_left: 0,
        }
    }

    /// Stops wrapping: the handshake is done.
    pub(crate) fn unwrap_from_now_on(&mut self) {
        self.wrapping = false;
    }

    /// The stream inside.
    pub(crate) fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + Unpin> Wrapped<S> {
    /// Reads the next packet's header, through all of them that hold nothing. False at the stream's end.
    fn poll_header(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        while self.payload_left == 0 {
            let mut buffer = ReadBuf::new(&mut self.header[self.header_length..]);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
            let read = buffer.filled().len();
            if read == 0 {
                return Poll::Ready(Ok(false));
            }
            self.header_length += read;
            if self.header_length < HEADER_LENGTH {
                continue;
            }
            self.header_length = 0;
            // Servers answer with either type.
            if !matches!(self.header[0], PRELOGIN | TABULAR_RESULT) {
                return Poll::Ready(Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the server left the TLS handshake for something else",
                )));
            }
            let length = usize::from(u16::from_be_bytes([self.header[2], self.header[3]]));
            self.payload_left = length
                .checked_sub(HEADER_LENGTH)
                .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a packet shorter than its header"))?;
        }
        Poll::Ready(Ok(true))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wrapped<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.wrapping {
            return Pin::new(&mut this.stream).poll_read(cx, buffer);
        }
        if !ready!(this.poll_header(cx))? {
            return Poll::Ready(Ok(()));
        }
        let room = buffer.remaining().min(this.payload_left);
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(room));
        ready!(Pin::new(&mut this.stream).poll_read(cx, &mut part))?;
        let read = part.filled().len();
        buffer.advance(read);
        this.payload_left -= read;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wrapped<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if !this.wrapping {
            return Pin::new(&mut this.stream).poll_write(cx, bytes);
        }
        // A flight of the handshake is a few kilobytes: it waits for the flush that makes packets of it.
        this.pending.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.pending.is_empty() {
            for part in std::mem::take(&mut this.pending).chunks(PAYLOAD_MAX) {
                this.outgoing.extend(packet(PRELOGIN, part));
            }
        }
        while this.sent < this.outgoing.len() {
            let written = ready!(Pin::new(&mut this.stream).poll_write(cx, &this.outgoing[this.sent..]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            this.sent += written;
        }
        this.outgoing.clear();
        this.sent = 0;
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut *this).poll_flush(cx))?;
        Pin::new(&mut this.stream).poll_shutdown(cx)
    }
}
