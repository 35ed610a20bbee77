//! Encryption of a TDS connection: PRELOGIN, the TLS handshake inside it, certificates, and the stream that tiberius gets.
//!
//! tiberius shows no peer certificate and knows no pin. So it is built without TLS, we negotiate and encrypt on our own,
//! and what it sees is a server without encryption.

pub mod certificate;
#[cfg(all(test, feature = "sandbox"))]
mod fake_server;
pub(crate) mod handshake;
pub mod prelogin;
pub mod problem;
mod signature;
pub(crate) mod stream;
pub(crate) mod verify;
pub(crate) mod wrapped;
