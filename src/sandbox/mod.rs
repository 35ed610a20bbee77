//! An emulated WSUS server: a TDS endpoint of our own over a SQLite file whose tables are named as SUSDB's are.
//!
//! It is our understanding of SUSDB, written from public facts (docs/susdb.md), never from the client's code: nothing in
//! here uses any other module of the crate. It is evidence about the client and the planner, not about SQL Server.

pub mod access;
pub mod catalogue;
pub mod database;
pub mod engine;
pub mod faults;
pub mod locks;
pub mod options;
pub mod procedures;
pub mod schema;
pub mod seeds;
pub mod serve;
pub mod server;
pub mod sql;
pub mod store;
pub mod tds;
pub mod value;
pub mod writes;
