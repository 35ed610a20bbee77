//! Packets (MS-TDS 2.2.3): messages in, messages out.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::error::ConnectionError;

/// Length of a packet header.
pub(super) const HEADER_LENGTH: usize = 8;

/// The packet size before one is agreed on.
pub(super) const DEFAULT_PACKET_SIZE: usize = 4096;

/// Packet types.
pub(super) mod kind {
    pub(in super::super) const BATCH: u8 = 0x01;
    pub(in super::super) const RPC: u8 = 0x03;
    pub(in super::super) const TABULAR_RESULT: u8 = 0x04;
    pub(in super::super) const ATTENTION: u8 = 0x06;
    pub(in super::super) const TRANSACTION: u8 = 0x0E;
    pub(in super::super) const LOGIN7: u8 = 0x10;
    pub(in super::super) const PRELOGIN: u8 = 0x12;
}

const STATUS_END_OF_MESSAGE: u8 = 0x01;
const STATUS_IGNORE: u8 = 0x02;
const STATUS_RESET: u8 = 0x08;
const STATUS_RESET_KEEPING_TRANSACTION: u8 = 0x10;

/// What the packet header asks for before the request runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reset {
    /// Nothing.
    No,
    /// Everything is reset.
    All,
    /// Everything but the transaction is reset.
    KeepTransaction,
}

/// A message that has arrived whole. Has no Debug, and neither have reader and writer: it may hold a password.
pub(super) struct Message {
    pub(super) kind: u8,
    pub(super) reset: Reset,
    /// Whether the client gave the request up before its end.
    pub(super) ignored: bool,
    pub(super) payload: Vec<u8>,
}

/// A packet header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: u8,
    pub(super) status: u8,
    /// Of the packet with its header.
    pub(super) length: u16,
}

impl Header {
    pub(super) fn parse(bytes: &[u8; HEADER_LENGTH]) -> Result<Self, ConnectionError> {
        let [kind, status, high, low, ..] = *bytes;
        let length = u16::from_be_bytes([high, low]);
        if usize::from(length) < HEADER_LENGTH {
            return Err(ConnectionError::PacketLength { length });
        }
        Ok(Self { kind, status, length })
    }

    pub(super) fn is_last(self) -> bool {
        self.status & STATUS_END_OF_MESSAGE != 0
    }

    fn reset(self) -> Reset {
        if self.status & STATUS_RESET != 0 {
            Reset::All
        } else if self.status & STATUS_RESET_KEEPING_TRANSACTION != 0 {
            Reset::KeepTransaction
        } else {
            Reset::No
        }
    }
}

/// What came while an answer was on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interruption {
    /// ATTENTION: the client wants no more of this answer.
    Attention,
    /// The beginning of the next request: it waits its turn.
    NextRequest,
    /// The end of the stream.
    Closed,
}

/// Reads messages. Every future of it may be dropped and begun again without losing a byte.
pub(super) struct PacketReader<R> {
    stream: R,
    /// Bytes that have arrived and are not consumed.
    arrived: Vec<u8>,
    /// The message under way, without headers.
    partial: Option<Message>,
    message_limit: usize,
}

impl<R: AsyncRead + Unpin> PacketReader<R> {
    pub(super) fn new(stream: R, message_limit: usize) -> Self {
        Self { stream, arrived: Vec::new(), partial: None, message_limit }
    }

    /// Waits until a byte of the next message is there; `false` at the end of the stream.
    pub(super) async fn wait(&mut self) -> Result<bool, ConnectionError> {
        self.fill(1).await
    }

    /// Looks at the first byte: a client that speaks another protocol is not waited for.
    pub(super) async fn expect_kind(&mut self, kind: u8, expected: &'static str) -> Result<(), ConnectionError> {
        self.fill(1).await?;
        match self.arrived.first() {
            Some(found) if *found == kind => Ok(()),
            Some(found) => Err(ConnectionError::UnexpectedPacket { found: *found, expected }),
            None => Err(ConnectionError::ClosedInMessage),
        }
    }

    /// Reads a message to its end. ATTENTION in the middle of a request takes its place.
    pub(super) async fn message(&mut self) -> Result<Message, ConnectionError> {
        loop {
            let header = self.header().await?.ok_or(ConnectionError::ClosedInMessage)?;
            if header.kind != kind::ATTENTION
                && let Some(partial) = &self.partial
                && partial.kind != header.kind
            {
                return Err(ConnectionError::UnexpectedPacket { found: header.kind, expected: "the same type again" });
            }
            let collected = self.partial.as_ref().map_or(0, |partial| partial.payload.len());
            let length = usize::from(header.length);
            if collected + length - HEADER_LENGTH > self.message_limit {
                return Err(ConnectionError::MessageTooLong { limit: self.message_limit });
            }
            if !self.fill(length).await? {
                return Err(ConnectionError::ClosedInMessage);
            }
            if let Some(message) = self.take(header) {
                return Ok(message);
            }
        }
    }

    /// Waits for whatever the client sends while it should be reading. ATTENTION is consumed, a request is not.
    pub(super) async fn interruption(&mut self) -> Result<Interruption, ConnectionError> {
        let Some(header) = self.header().await? else {
            return Ok(Interruption::Closed);
        };
        if header.kind != kind::ATTENTION {
            return Ok(Interruption::NextRequest);
        }
        if !self.fill(usize::from(header.length)).await? {
            return Ok(Interruption::Closed);
        }
        self.arrived.drain(..usize::from(header.length));
        Ok(Interruption::Attention)
    }

    /// The header of the packet that is first in line, not consumed; `None` at the end of the stream.
    async fn header(&mut self) -> Result<Option<Header>, ConnectionError> {
        if !self.fill(HEADER_LENGTH).await? {
            return if self.arrived.is_empty() { Ok(None) } else { Err(ConnectionError::ClosedInMessage) };
        }
        let bytes = self.arrived.first_chunk::<HEADER_LENGTH>().expect("just filled to this length");
        Header::parse(bytes).map(Some)
    }

    /// Moves a packet that has arrived into the message, and gives the message if that was its last.
    fn take(&mut self, header: Header) -> Option<Message> {
        let length = usize::from(header.length);
        let ended = header.is_last() || header.kind == kind::ATTENTION;
        if header.kind == kind::ATTENTION {
            self.partial = None;
        }
        let message = self.partial.get_or_insert_with(|| Message {
            kind: header.kind,
            reset: header.reset(),
            ignored: false,
            payload: Vec::new(),
        });
        message.payload.extend_from_slice(&self.arrived[HEADER_LENGTH..length]);
        self.arrived.drain(..length);
        if !ended {
            return None;
        }
        let ignored = header.status & STATUS_IGNORE != 0;
        self.partial.take().map(|message| Message { ignored, ..message })
    }

    /// Reads until this many bytes are there; `false` if the stream ends before. Memory grows with what arrives, not
    /// with what a header claims.
    async fn fill(&mut self, length: usize) -> Result<bool, ConnectionError> {
        while self.arrived.len() < length {
            self.arrived.reserve(DEFAULT_PACKET_SIZE);
            let read = self.stream.read_buf(&mut self.arrived).await.map_err(ConnectionError::Stream)?;
            if read == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Cuts a message into packets.
pub(super) struct PacketWriter {
    kind: u8,
    packet_size: usize,
    session_id: u16,
    next_id: u8,
    /// Payload that does not fill a packet yet.
    pending: Vec<u8>,
    /// Packets ready to be written, from `written`.
    ready: Vec<u8>,
    written: usize,
}

impl PacketWriter {
    pub(super) fn new(kind: u8, packet_size: usize, session_id: u16) -> Self {
        Self { kind, packet_size, session_id, next_id: 1, pending: Vec::new(), ready: Vec::new(), written: 0 }
    }

    /// Adds payload to the message. The last packet is kept back, for the end of the message must not be empty.
    pub(super) fn push(&mut self, payload: &[u8]) {
        self.pending.extend_from_slice(payload);
        let room = self.packet_size - HEADER_LENGTH;
        let full = self.pending.len().saturating_sub(1) / room;
        for index in 0..full {
            packet(&mut self.ready, self.kind, 0, self.session_id, self.next_id, &self.pending[index * room..][..room]);
            self.next_id = self.next_id.wrapping_add(1);
        }
        self.pending.drain(..full * room);
    }

    /// Ends the message. The next one begins with packet number 1.
    pub(super) fn end(&mut self) {
        packet(&mut self.ready, self.kind, STATUS_END_OF_MESSAGE, self.session_id, self.next_id, &self.pending);
        self.pending.clear();
        self.next_id = 1;
    }

    /// Whether packets wait to be written.
    pub(super) fn has_ready(&self) -> bool {
        self.written < self.ready.len()
    }

    /// Writes some of what is ready. May be dropped at any point.
    pub(super) async fn write_some<W: AsyncWrite + Unpin>(&mut self, stream: &mut W) -> io::Result<()> {
        let count = stream.write(&self.ready[self.written..]).await?;
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.written += count;
        if self.written == self.ready.len() {
            self.ready.clear();
            self.written = 0;
        }
        Ok(())
    }

    /// Writes all that is ready.
    pub(super) async fn write_all<W: AsyncWrite + Unpin>(&mut self, stream: &mut W) -> io::Result<()> {
        while self.has_ready() {
            self.write_some(stream).await?;
        }
        stream.flush().await
    }

    /// A whole message as packets.
    pub(super) fn message(&mut self, payload: &[u8]) -> Vec<u8> {
        self.push(payload);
        self.end();
        std::mem::take(&mut self.ready)
    }

    /// Sends a whole message.
    pub(super) async fn send<W: AsyncWrite + Unpin>(&mut self, stream: &mut W, payload: &[u8]) -> io::Result<()> {
        self.push(payload);
        self.end();
        self.write_all(stream).await
    }
}

/// Appends a packet.
fn packet(target: &mut Vec<u8>, kind: u8, status: u8, session_id: u16, id: u8, payload: &[u8]) {
    let length = u16::try_from(HEADER_LENGTH + payload.len()).expect("the packet size fits the header");
    target.extend_from_slice(&[kind, status]);
    target.extend_from_slice(&length.to_be_bytes());
    target.extend_from_slice(&session_id.to_be_bytes());
    target.extend_from_slice(&[id, 0]);
    target.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(kind: u8, status: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        packet(&mut bytes, kind, status, 0, 1, payload);
        bytes
    }

    #[test]
    fn a_message_is_cut_into_packets_and_the_last_says_so() {
        let mut writer = PacketWriter::new(kind::TABULAR_RESULT, 12, 0x0102);
        writer.push(b"abcdefgh");
        writer.end();
        let first = [0x04, 0x00, 0x00, 0x0C, 0x01, 0x02, 0x01, 0x00, b'a', b'b', b'c', b'd'];
        let last = [0x04, 0x01, 0x00, 0x0C, 0x01, 0x02, 0x02, 0x00, b'e', b'f', b'g', b'h'];
        assert_eq!(writer.ready, [first, last].concat());
    }

    #[tokio::test]
    async fn a_message_of_several_packets_is_put_together() {
        let bytes = [request(1, 0x08, b"ab"), request(1, 0, b"cd"), request(1, 1, b"e"), request(6, 1, b"")].concat();
        let mut reader = PacketReader::new(&bytes[..], 100);
        let message = reader.message().await.unwrap();
        assert_eq!((message.kind, message.reset, &message.payload[..]), (1, Reset::All, &b"abcde"[..]));
        assert_eq!(reader.interruption().await.unwrap(), Interruption::Attention);
        assert!(!reader.wait().await.unwrap());
    }

    #[tokio::test]
    async fn attention_in_the_middle_of_a_request_takes_its_place() {
        let bytes = [request(1, 0, b"ab"), request(6, 1, b""), request(1, 1, b"c")].concat();
        let mut reader = PacketReader::new(&bytes[..], 100);
        assert_eq!(reader.message().await.unwrap().kind, kind::ATTENTION);
        assert_eq!(reader.message().await.unwrap().payload, b"c");
    }

    #[tokio::test]
    async fn a_request_that_is_given_up_says_so() {
        let bytes = [request(1, 0, b"ab"), request(1, 3, b""), request(1, 1, b"c")].concat();
        let mut reader = PacketReader::new(&bytes[..], 100);
        assert!(reader.message().await.unwrap().ignored);
        assert!(!reader.message().await.unwrap().ignored);
    }

    #[tokio::test]
    async fn lengths_that_lie_are_errors() {
        let mut short = PacketReader::new(&[1, 1, 0, 7, 0, 0, 0, 0][..], 100);
        assert!(matches!(short.message().await, Err(ConnectionError::PacketLength { length: 7 })));
        let mut long = PacketReader::new(&[1, 1, 0xFF, 0xFF, 0, 0, 0, 0, 1][..], 100);
        assert!(matches!(long.message().await, Err(ConnectionError::MessageTooLong { limit: 100 })));
        let mut cut = PacketReader::new(&[1, 1, 0, 20, 0, 0, 0, 0, 1][..], 100);
        assert!(matches!(cut.message().await, Err(ConnectionError::ClosedInMessage)));
        let bytes = [request(1, 0, &[0; 60]), request(1, 1, &[0; 60])].concat();
        let mut sum = PacketReader::new(&bytes[..], 100);
        assert!(matches!(sum.message().await, Err(ConnectionError::MessageTooLong { limit: 100 })));
    }
}
