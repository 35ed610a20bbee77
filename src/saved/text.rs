//! Ids and times as text.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::{self, Deserialize, Deserializer, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};
use uuid::Uuid;

/// An id, lower case with hyphens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id(pub(super) Uuid);

/// A time in UTC, as exact as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time(pub(super) DateTime<Utc>);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parse = |text: &str| Uuid::try_parse(text).ok().filter(|_| text.len() == 36);
        deserializer.deserialize_str(Parsed { what: "an id as 8-4-4-4-12 hexadecimal digits", parse }).map(Self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parse = |text: &str| DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
        deserializer.deserialize_str(Parsed { what: "a time as in 2026-12-08T18:00:00Z", parse }).map(Self)
    }
}

/// A value that is written as text.
struct Parsed<P> {
    what: &'static str,
    parse: P,
}

impl<T, P: Fn(&str) -> Option<T>> Visitor<'_> for Parsed<P> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::{Id, Time};

    #[test]
    fn ids_and_times_come_back_exactly() {
        let id = Uuid::from_u128(0x3f0e_6d3c_6f5e_4c55_9a53_6a3f_1f6d_5a11);
        let text = serde_json::to_string(&Id(id)).unwrap();
        assert_eq!(text, "\"3f0e6d3c-6f5e-4c55-9a53-6a3f1f6d5a11\"");
        assert_eq!(serde_json::from_str::<Id>(&text).unwrap(), Id(id));
        for time in
            ["2026-06-09T17:00:00Z", "2026-06-09T17:00:00.003Z", "1753-01-01T00:00:00Z", "9999-12-31T23:59:59.997Z"]
        {
            let exact = Time(time.parse().unwrap());
            assert_eq!(serde_json::to_string(&exact).unwrap(), format!("\"{time}\""));
            assert_eq!(serde_json::from_str::<Time>(&format!("\"{time}\"")).unwrap(), exact);
        }
        for time in [DateTime::UNIX_EPOCH, DateTime::from_timestamp_nanos(1)] {
            assert_eq!(serde_json::from_str::<Time>(&serde_json::to_string(&Time(time)).unwrap()).unwrap(), Time(time));
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in ["\"\"", "\"3f0e6d3c6f5e4c559a536a3f1f6d5a11\"", "7", "null"] {
            assert!(serde_json::from_str::<Id>(text).is_err(), "{text}");
        }
        for text in ["\"2026-06-09\"", "\"2026-06-09T17:00:00\"", "\"now\"", "0"] {
            assert!(serde_json::from_str::<Time>(text).is_err(), "{text}");
        }
    }
}
