//! What the TDS driver reports, in words of our own. What it says itself names its types and may repeat what a server sent.

use tiberius::error::Error as TdsError;

use tiberius::ColumnData;

use super::line;

/// Why the driver could not go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DriverProblem {
    /// The connection broke.
    #[error("{0}")]
    Line(&'static str),
    /// The bytes are no TDS.
    #[error("what came from the server is not TDS as wsusctl knows it")]
    NotTds,
    /// A text is none.
    #[error("a text in it is not valid in its encoding")]
    Text,
    /// A value cannot be read.
    #[error("a value in it is not one of its type")]
    Value,
    /// The server is only a signpost.
    #[error("the server sends its clients on to {host} port {port}")]
    Elsewhere {
        /// Where to.
        host: String,
        /// The port there.
        port: u16,
    },
    /// The system's own library for Kerberos or NTLM says no.
    #[error("this machine could not prove who you are: {0}")]
    Credentials(String),
    /// The login was answered, and not with yes.
    #[error("the server answered the login without accepting it")]
    NotAccepted,
    /// The driver gave up in the most drastic way it has.
    #[error("what came from the server cannot be decoded")]
    Panic,
}

impl From<&TdsError> for DriverProblem {
    fn from(error: &TdsError) -> Self {
        match error {
            TdsError::Io { kind, .. } => Self::Line(line::of_kind(*kind).unwrap_or("the connection broke")),
            TdsError::Utf8 | TdsError::Utf16 | TdsError::Encoding(_) => Self::Text,
            TdsError::Conversion(_) | TdsError::ParseInt(_) => Self::Value,
            TdsError::Routing { host, port } => Self::Elsewhere { host: host.clone(), port: *port },
            #[cfg(all(unix, feature = "kerberos"))]
            TdsError::Gssapi(text) => Self::Credentials(text.clone()),
            #[cfg(all(unix, feature = "ntlm"))]
            TdsError::SspiRs(text) => Self::Credentials(text.clone()),
            _ => Self::NotTds,
        }
    }
}

/// What SQL Server calls the type of a value.
pub(super) fn sql_type(data: &ColumnData<'_>) -> &'static str {
    match data {
        ColumnData::U8(_) => "tinyint",
        ColumnData::I16(_) => "smallint",
        ColumnData::I32(_) => "int",
        ColumnData::I64(_) => "bigint",
        ColumnData::F32(_) => "real",
        ColumnData::F64(_) => "float",
        ColumnData::Bit(_) => "bit",
        ColumnData::String(_) => "text",
        ColumnData::Guid(_) => "uniqueidentifier",
        ColumnData::Binary(_) => "binary",
        ColumnData::Numeric(_) => "decimal",
        ColumnData::Xml(_) => "xml",
        ColumnData::DateTime(_) => "datetime",
        ColumnData::SmallDateTime(_) => "smalldatetime",
        ColumnData::Time(_) => "time",
        ColumnData::Date(_) => "date",
        ColumnData::DateTime2(_) => "datetime2",
        ColumnData::DateTimeOffset(_) => "datetimeoffset",
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use tiberius::error::Error as TdsError;

    use super::DriverProblem;

    #[test]
    fn every_failure_of_the_driver_has_words_of_ours() {
        let text = |error: TdsError| DriverProblem::from(&error).to_string();
        let io = |kind, message: &str| TdsError::Io { kind, message: message.to_owned() };
        assert_eq!(text(io(io::ErrorKind::UnexpectedEof, "early eof")), "the other side closed the connection");
        assert_eq!(text(io(io::ErrorKind::Other, "Custom { kind: Other }")), "the connection broke");
        let debug = "invalid token TokenType::Foo hunter2";
        for error in [
            TdsError::Protocol(debug.into()),
            TdsError::Encoding(debug.into()),
            TdsError::Conversion(debug.into()),
            TdsError::Tls(debug.to_owned()),
            TdsError::BulkInput(debug.into()),
            TdsError::Utf8,
            TdsError::Utf16,
            TdsError::ParseInt("x".parse::<i32>().unwrap_err()),
        ] {
            let text = text(error);
            assert!(!text.contains("hunter2") && !text.contains("::") && text.split(' ').count() > 3, "{text}");
        }
        let routed = text(TdsError::Routing { host: "sql02".to_owned(), port: 1434 });
        assert_eq!(routed, "the server sends its clients on to sql02 port 1434");
    }
}
