//! The part of T-SQL that the sandbox reads, and its translation to SQLite's SQL.
//!
//! Text is parsed, and what is not on the list of things known is an error: no text of a client ever reaches SQLite.

pub mod collation;
mod constant;
pub mod convert;
pub mod declared;
mod depth;
pub mod errors;
mod execution;
mod expression;
mod function;
mod grouping;
mod keywords;
pub mod scalar;
pub mod scope;
pub mod script;
mod source;
pub mod statement;
pub mod storage;
pub mod translate;
