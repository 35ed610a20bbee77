//! Times as every report writes them.

use chrono::{DateTime, SecondsFormat, Utc};

/// RFC 3339 in UTC with a `Z`: whole seconds, and milliseconds only where there are any.
pub(super) fn timestamp(time: DateTime<Utc>) -> String {
    let format = if time.timestamp_subsec_millis() == 0 { SecondsFormat::Secs } else { SecondsFormat::Millis };
    time.to_rfc3339_opts(format, true)
}

#[cfg(test)]
mod tests {
    use super::timestamp;

    #[test]
    fn milliseconds_show_only_where_there_are_any() {
        for (time, expected) in [
            ("2026-12-01T18:00:00+01:00", "2026-12-01T17:00:00Z"),
            ("2026-12-01T18:00:00.997Z", "2026-12-01T18:00:00.997Z"),
            ("2026-12-01T18:00:00.0004Z", "2026-12-01T18:00:00Z"),
        ] {
            assert_eq!(timestamp(time.parse().unwrap()), expected);
        }
    }
}
