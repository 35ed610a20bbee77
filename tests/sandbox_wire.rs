//! The wire layer of the sandbox, with a database that sends back what it was sent.
//!
//! tiberius talks to it here. That cannot show a mistake that both share: the unit tests of `sandbox::tds` compare bytes
//! with the documentation for that.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "sandbox")]

#[path = "sandbox_wire/echo.rs"]
mod echo;
#[path = "sandbox_wire/faults.rs"]
mod faults;
#[path = "sandbox_wire/hostile.rs"]
mod hostile;
#[path = "sandbox_wire/raw.rs"]
mod raw;
#[path = "sandbox_wire/round_trips.rs"]
mod round_trips;
#[path = "sandbox_wire/streaming.rs"]
mod streaming;
#[path = "sandbox_wire/tiberius_client.rs"]
mod tiberius_client;
#[path = "sandbox_wire/tls.rs"]
mod tls;
