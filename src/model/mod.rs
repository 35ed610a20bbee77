//! WSUS nouns as plain values: what a manifest declares and what a server has are built from the same types.
//!
//! No serde, no async, no clock, no IO.

pub mod address;
pub mod approvable;
pub mod approval;
pub mod attribute;
pub mod busy;
pub mod category;
pub mod code_point;
pub mod configuration;
pub mod connection;
pub mod database_role;
pub mod desired;
pub mod glob;
pub mod health;
pub mod host;
pub mod impact;
pub mod list_shape;
pub mod listing;
pub mod management;
pub mod mode;
pub mod name;
pub mod near;
pub mod notifications;
pub mod object;
pub mod origin;
pub mod procedure;
pub mod resolved;
pub mod revision;
pub mod rule;
pub mod scope;
pub mod selector;
pub mod setting;
pub mod snapshot;
pub mod synchronization;
mod within;
