//! What became of a line to a server, in words: an operating system's and a library's words for it differ from one to the
//! next, and some say nothing ("early eof").

use std::io;

/// Says what an error of a connection means.
pub(super) fn words(error: &io::Error) -> String {
    let known = of_kind(error.kind());
    match error.raw_os_error() {
        // The system's text has the number that a search engine wants.
        Some(_) => known.map_or_else(|| error.to_string(), |known| format!("{known} ({error})")),
        None => known.unwrap_or("the connection broke").to_owned(),
    }
}

/// The same where the kind is all that is left of the error.
pub(super) fn of_kind(kind: io::ErrorKind) -> Option<&'static str> {
    use io::ErrorKind as K;
    Some(match kind {
        K::ConnectionRefused => "refused: nothing listens on that port",
        K::ConnectionReset => "the other side reset the connection",
        K::ConnectionAborted => "the connection was given up",
        K::UnexpectedEof | K::BrokenPipe | K::WriteZero => "the other side closed the connection",
        K::TimedOut => "no answer",
        K::HostUnreachable => "no route to that host",
        K::NetworkUnreachable | K::NetworkDown => "no route to that network",
        K::AddrNotAvailable => "this machine has no such kind of address",
        K::PermissionDenied => "this machine does not allow it",
        K::NotConnected => "the connection is gone",
        K::InvalidData => "what came does not belong here",
        K::QuotaExceeded => "the answer is longer than any server has reason to send",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::words;

    #[test]
    fn the_line_has_words_and_the_systems_number() {
        assert_eq!(words(&io::ErrorKind::UnexpectedEof.into()), "the other side closed the connection");
        assert_eq!(words(&io::Error::other("Other(SomeType { .. })")), "the connection broke");
        #[cfg(target_os = "linux")]
        assert_eq!(
            words(&io::Error::from_raw_os_error(111)),
            "refused: nothing listens on that port (Connection refused (os error 111))"
        );
    }
}
