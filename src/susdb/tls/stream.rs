//! The stream that tiberius gets: it answers tiberius's own PRELOGIN on the spot, then lets everything through.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::handshake::Encrypted;
use super::prelogin::{END_OF_MESSAGE, EncryptionLevel, HEADER_LENGTH, TABULAR_RESULT, encode, packet};

/// What the bytes go through.
pub(crate) enum Channel<S> {
    /// The bare stream.
    Clear(S),
    /// TLS for good.
    Tls(Box<Encrypted<S>>),
    /// TLS until the LOGIN7 message is out, the bare stream from then on.
    LoginOnly {
        /// The TLS stream.
        tls: Box<Encrypted<S>>,
        /// Finds the end of the message.
        login: MessageEnd,
    },
    /// Between two channels, or broken while between them.
    Gone,
}

impl<S> Channel<S> {
    /// TLS until the next message is out.
    pub(crate) fn login_only(tls: Encrypted<S>) -> Self {
        Self::LoginOnly { tls: Box::new(tls), login: MessageEnd::default() }
    }
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the connection broke when its encryption ended")
}

impl<S: AsyncRead + AsyncWrite + Unpin> Channel<S> {
    /// Goes over to the bare stream once LOGIN7 is out.
    fn poll_leave_tls(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::LoginOnly { tls, login } if login.complete => ready!(Pin::new(tls.as_mut()).poll_flush(cx))?,
            _ => return Poll::Ready(Ok(())),
        }
        if let Self::LoginOnly { tls, .. } = std::mem::replace(self, Self::Gone) {
            *self = Self::Clear(tls.into_inner().0.into_inner());
        }
        Poll::Ready(Ok(()))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_leave_tls(cx))?;
        match self {
            Self::Clear(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(tls) | Self::LoginOnly { tls, .. } => Pin::new(tls.as_mut()).poll_read(cx, buffer),
            Self::Gone => Poll::Ready(Err(gone())),
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_leave_tls(cx))?;
        match self {
            Self::Clear(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_write(cx, bytes),
            Self::LoginOnly { tls, login } => {
                // Not one byte beyond the message may be encrypted.
                let within = login.bytes_within(bytes);
                let written = ready!(Pin::new(tls.as_mut()).poll_write(cx, &bytes[..within]))?;
                login.pass(&bytes[..written]);
                Poll::Ready(Ok(written))
            }
            Self::Gone => Poll::Ready(Err(gone())),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_leave_tls(cx))?;
        match self {
            Self::Clear(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(tls) | Self::LoginOnly { tls, .. } => Pin::new(tls.as_mut()).poll_flush(cx),
            Self::Gone => Poll::Ready(Err(gone())),
        }
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Clear(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(tls) | Self::LoginOnly { tls, .. } => Pin::new(tls.as_mut()).poll_shutdown(cx),
            Self::Gone => Poll::Ready(Ok(())),
        }
    }
}

/// Follows a message through packets to its end.
#[derive(Debug, Default, Clone)]
pub(crate) struct MessageEnd {
    header: [u8; HEADER_LENGTH],
    header_length: usize,
    payload_left: usize,
    complete: bool,
}

impl MessageEnd {
    /// Looks at bytes that went out; gives how many of them belonged to the message.
    fn pass(&mut self, bytes: &[u8]) -> usize {
        let mut seen = 0;
        while seen < bytes.len() && !self.complete {
            if self.header_length < HEADER_LENGTH {
                self.header[self.header_length] = bytes[seen];
                self.header_length += 1;
                seen += 1;
                if self.header_length == HEADER_LENGTH {
                    let length = usize::from(u16::from_be_bytes([self.header[2], self.header[3]]));
                    self.payload_left = length.saturating_sub(HEADER_LENGTH);
                }
            } else {
                let part = self.payload_left.min(bytes.len() - seen);
                self.payload_left -= part;
                seen += part;
            }
            if self.header_length == HEADER_LENGTH && self.payload_left == 0 {
                self.complete = self.header[1] & END_OF_MESSAGE != 0;
                self.header_length = 0;
            }
        }
        seen
    }

    /// How many of these bytes belong to the message.
    fn bytes_within(&self, bytes: &[u8]) -> usize {
        self.clone().pass(bytes)
    }
}

/// A stream to a server whose PRELOGIN is already over.
pub(crate) struct TdsStream<S> {
    channel: Channel<S>,
    /// Finds the end of tiberius's PRELOGIN.
    prelogin: MessageEnd,
    /// Our answer to it, and how much of that was read.
    answer: Vec<u8>,
    read: usize,
}

impl<S> TdsStream<S> {
    /// Wraps a channel to a server of this version.
    pub(crate) fn new(channel: Channel<S>, version: [u8; 6]) -> Self {
        let answer = packet(TABULAR_RESULT, &encode(version, EncryptionLevel::NotSupported));
        Self { channel, prelogin: MessageEnd::default(), answer, read: 0 }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TdsStream<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.prelogin.complete && this.read < this.answer.len() {
            let part = buffer.remaining().min(this.answer.len() - this.read);
            buffer.put_slice(&this.answer[this.read..this.read + part]);
            this.read += part;
            return Poll::Ready(Ok(()));
        }
        this.channel.poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TdsStream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if !this.prelogin.complete {
            return Poll::Ready(Ok(this.prelogin.pass(bytes)));
        }
        this.channel.poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().channel.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().channel.poll_shutdown(cx)
    }
}
