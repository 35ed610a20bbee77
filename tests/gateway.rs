//! The gateway against servers: one that plays a script, for what a real one rarely does, and the sandbox.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "sandbox")]

#[path = "gateway/configuration.rs"]
mod configuration;
#[path = "gateway/connect.rs"]
mod connect;
#[path = "gateway/liar.rs"]
mod liar;
#[path = "gateway/lies.rs"]
mod lies;
#[path = "gateway/lock.rs"]
mod lock;
#[path = "gateway/read.rs"]
mod read;
#[path = "gateway/sandbox.rs"]
mod sandbox;
#[path = "gateway/scripted.rs"]
mod scripted;
#[path = "gateway/selections.rs"]
mod selections;
#[path = "gateway/whole.rs"]
mod whole;
#[path = "gateway/write.rs"]
mod write;
