//! The gateway to SUSDB: sessions, the contract with the server, reads, writes and the lock. The only importer of tiberius.
//!
//! Reads give values of `model`; writes go through WSUS's own stored procedures and never through UPDATE of a table.
//! Nothing in here decides what to change.

mod acknowledged;
pub mod answer;
pub mod attempts;
pub mod connector;
pub mod contract;
mod definition;
pub mod doctor;
pub mod driver;
pub mod error;
mod line;
pub mod lock;
mod pipe;
pub mod preflight;
pub mod probe;
pub mod read;
pub mod session;
pub mod target;
pub mod tls;
pub mod write;
