//! Values -> texts. Every renderer is a pure function; `cli` owns the streams.

pub mod diagnostics;
