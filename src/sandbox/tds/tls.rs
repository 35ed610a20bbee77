//! TLS below TDS: the handshake travels inside PRELOGIN packets, what comes after it does not (MS-TDS 2.2.6.5).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;

use super::packet::{DEFAULT_PACKET_SIZE, HEADER_LENGTH, Header, PacketWriter, kind};

/// A stream that puts what is written into PRELOGIN packets and takes what is read out of them, until it is told that
/// the handshake is over.
pub(super) struct Framing<S> {
    stream: S,
    handshaking: bool,
    /// What was read before, and is to be read again.
    early: Vec<u8>,
    /// The header being read.
    header: [u8; HEADER_LENGTH],
    header_read: usize,
    /// Bytes left of the packet being read.
    left: usize,
    writer: PacketWriter,
    /// Bytes of the flight under way.
    flight: Vec<u8>,
    packets: Vec<u8>,
    written: usize,
}

impl<S> Framing<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            handshaking: true,
            early: Vec::new(),
            header: [0; HEADER_LENGTH],
            header_read: 0,
            left: 0,
            writer: PacketWriter::new(kind::PRELOGIN, DEFAULT_PACKET_SIZE, 0),
            flight: Vec::new(),
            packets: Vec::new(),
            written: 0,
        }
    }

    /// Passes bytes as they are, those first that were read already.
    pub(super) fn bare(stream: S, early: Vec<u8>) -> Self {
        Self { handshaking: false, early, ..Self::new(stream) }
    }

    /// From now on bytes pass as they are.
    pub(super) fn end_handshake(&mut self) {
        self.handshaking = false;
    }

    pub(super) fn into_stream(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + Unpin> Framing<S> {
    /// Reads the next packet's header, unless inside a packet; `false` at the end of the stream.
    fn poll_header(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        while self.left == 0 {
            let mut buffer = ReadBuf::new(&mut self.header[self.header_read..]);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
            match buffer.filled().len() {
                0 => return Poll::Ready(Ok(false)),
                read => self.header_read += read,
            }
            if self.header_read < HEADER_LENGTH {
                continue;
            }
            self.header_read = 0;
            match Header::parse(&self.header) {
                Ok(header) if header.kind == kind::PRELOGIN => self.left = usize::from(header.length) - HEADER_LENGTH,
                Ok(_) => return Poll::Ready(Err(io::Error::other("TLS handshake outside PRELOGIN packets"))),
                Err(problem) => return Poll::Ready(Err(io::Error::other(problem))),
            }
        }
        Poll::Ready(Ok(true))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Framing<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, target: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.early.is_empty() {
            let count = this.early.len().min(target.remaining());
            target.put_slice(&this.early[..count]);
            this.early.drain(..count);
            return Poll::Ready(Ok(()));
        }
        if !this.handshaking {
            return Pin::new(&mut this.stream).poll_read(context, target);
        }
        if !ready!(this.poll_header(context))? {
            return Poll::Ready(Ok(()));
        }
        let mut part = target.take(this.left);
        ready!(Pin::new(&mut this.stream).poll_read(context, &mut part))?;
        let read = part.filled().to_vec();
        this.left -= read.len();
        // `take` gives a view of the unfilled part that `target` does not know was filled.
        target.put_slice(&read);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Framing<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if !this.handshaking {
            return Pin::new(&mut this.stream).poll_write(context, bytes);
        }
        this.flight.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.flight.is_empty() {
            let flight = std::mem::take(&mut this.flight);
            this.packets.extend_from_slice(&this.writer.message(&flight));
        }
        while this.written < this.packets.len() {
            let count = ready!(Pin::new(&mut this.stream).poll_write(context, &this.packets[this.written..]))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            this.written += count;
        }
        this.packets.clear();
        this.written = 0;
        Pin::new(&mut this.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut *this).poll_flush(context))?;
        Pin::new(&mut this.stream).poll_shutdown(context)
    }
}

/// What a connection runs over after the handshake.
pub(super) enum Transport<S> {
    /// The stream as it is.
    Plain(S),
    /// TLS for everything.
    Encrypted(Box<TlsStream<Framing<S>>>),
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Transport<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, target: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, target),
            Self::Encrypted(stream) => Pin::new(stream).poll_read(context, target),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Transport<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Encrypted(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Encrypted(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Encrypted(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
