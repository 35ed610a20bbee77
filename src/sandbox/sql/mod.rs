//! The part of T-SQL that the sandbox reads, and its translation to SQLite's SQL.
//!
//! Text is parsed, and what is not on the list of things known is an error: no text of a client ever reaches SQLite.

pub mod collation;
pub mod convert;
pub mod declared;
pub mod errors;
mod expression;
mod function;
mod grouping;
pub mod scalar;
pub mod scope;
pub mod script;
pub mod storage;
pub mod translate;
