//! The server side of TDS 7.3B and 7.4: packets, login, requests in, tokens out.
//!
//! It serves any [`Database`](super::database::Database) over any byte stream and knows nothing of SUSDB. Everything a
//! client sends is read with its lengths checked against what really arrived, so a hostile client can end its own
//! connection and nothing else.
//!
//! Source for every layout in here: \[MS-TDS\], Tabular Data Stream Protocol, whose section numbers the files name.

mod answer;
mod calendar;
mod code_page;
mod connection;
mod error;
mod fields;
mod handshake;
mod headers;
mod identity;
mod login;
mod packet;
mod parameter_value;
mod prelogin;
#[cfg(test)]
mod round_trips;
mod row_value;
mod rpc;
mod session;
mod settings;
mod tls;
mod token;
mod transaction;
mod type_info;

pub use connection::serve_connection;
pub(super) use connection::serve_until;
pub use error::{ConnectionError, Malformed};
pub use identity::{Identity, IdentityError};
pub use settings::{Authentication, Encryption, Password, ServerSettings};
