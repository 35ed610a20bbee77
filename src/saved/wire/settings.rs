//! The server's settings.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::is_default;
use super::row::RowWire;
use crate::model::configuration::LiveSettings;
use crate::model::setting::SETTINGS;

/// Columns beside those of settings that plans look at.
const ALSO_SAVED: [&str; 2] = ["ServerSupportsAllLanguages", "LocalContentCacheLocation"];

/// The settings.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::saved) struct SettingsWire {
    /// A key is among the columns that no plan looks at.
    row: RowWire,
    languages: BTreeMap<String, bool>,
    downstream_servers: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    unsaved: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    languages_unsaved: bool,
    /// A parameter's name; no password is read.
    #[serde(default, skip_serializing_if = "is_default")]
    password_parameter: Option<String>,
}

impl From<&LiveSettings> for SettingsWire {
    fn from(settings: &LiveSettings) -> Self {
        let LiveSettings { row, languages, downstream_servers, unsaved, languages_unsaved, password_parameter } =
            settings;
        Self {
            row: RowWire::new(row, is_saved),
            languages: languages.clone(),
            downstream_servers: *downstream_servers,
            unsaved: unsaved.clone(),
            languages_unsaved: *languages_unsaved,
            password_parameter: password_parameter.clone(),
        }
    }
}

impl From<SettingsWire> for LiveSettings {
    fn from(wire: SettingsWire) -> Self {
        let SettingsWire { row, languages, downstream_servers, unsaved, languages_unsaved, password_parameter } = wire;
        let row = row.configuration(is_saved);
        Self { row, languages, downstream_servers, unsaved, languages_unsaved, password_parameter }
    }
}

/// Whether a plan may look at what a column holds.
fn is_saved(column: &str) -> bool {
    let mut names = SETTINGS.iter().map(|setting| setting.column).chain(ALSO_SAVED);
    names.any(|name| name.eq_ignore_ascii_case(column))
}

#[cfg(test)]
mod tests {
    use super::SettingsWire;
    use crate::model::configuration::LiveSettings;
    use crate::model::setting::Cell;

    #[test]
    fn what_no_plan_looks_at_is_not_written() {
        let row = [
            ("EncryptionKey", Cell::Text("s3cret".to_owned())),
            ("HandshakeAnchor", Cell::Text("anchor".to_owned())),
            ("ProxyName", Cell::Text("proxy".to_owned())),
            ("LocalContentCacheLocation", Cell::Text("D:\\WSUS".to_owned())),
            ("LogLevel", Cell::Int(2)),
            ("UseProxy", Cell::Bit(true)),
            ("ProxyUserName", Cell::Null),
        ];
        let settings = LiveSettings { row: row.into_iter().collect(), ..LiveSettings::default() };
        let text = serde_json::to_string(&SettingsWire::from(&settings)).unwrap();
        let expected = r#"{"row":{"encryptionkey":{"opaque":true},"handshakeanchor":{"opaque":true},"localcontentcachelocation":"D:\\WSUS","loglevel":2,"proxyname":"proxy","proxyusername":null,"useproxy":true},"languages":{},"downstreamServers":0}"#;
        assert_eq!(text, expected);
        let back = LiveSettings::from(serde_json::from_str::<SettingsWire>(&text).unwrap());
        assert_eq!(back.row.cell("EncryptionKey"), Some(&Cell::Opaque));
        assert_eq!(back.row.cell("UseProxy"), Some(&Cell::Bit(true)));
    }
}
