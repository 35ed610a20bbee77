//! What a server will be once its declared settings are saved: settings go first, so everything else is judged by it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::attribute::Attribute;
use super::setting::Cell;
use super::snapshot::{ServerFacts, Snapshot};

impl ServerFacts {
    /// The facts after a save of these columns (names in lower case).
    #[must_use]
    pub fn after_save(&self, cells: &BTreeMap<String, Cell>) -> Self {
        let is_on = |column: &str, before: bool| match cells.get(column) {
            Some(cell) => cell.is(&Cell::Bit(true)),
            None => before,
        };
        Self {
            replica: is_on("replicamode", self.replica),
            has_upstream: !is_on("synctomu", !self.has_upstream),
            server_side_targeting: is_on("servertargeting", self.server_side_targeting),
            approves_new_revisions: is_on("autorefreshdeployments", self.approves_new_revisions),
            ..self.clone()
        }
    }
}

impl Snapshot {
    /// The server with the mode that these cells give it: the very snapshot where they change none.
    #[must_use]
    pub fn in_mode_of(&self, cells: &BTreeMap<String, Cell>) -> Cow<'_, Self> {
        let server = self.server.after_save(cells);
        if server == self.server { Cow::Borrowed(self) } else { Cow::Owned(Self { server, ..self.clone() }) }
    }
}

/// The cells that declared values stand for, by column in lower case. What a setting does not take is left out.
#[must_use]
pub fn cells<'d>(values: impl IntoIterator<Item = (&'d str, &'d Attribute)>) -> BTreeMap<String, Cell> {
    let cell = |(path, value): (&str, &Attribute)| {
        let setting = super::setting::setting(path)?;
        Some((setting.column.to_lowercase(), setting.cell(value)?))
    };
    values.into_iter().filter_map(cell).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::cells;
    use crate::model::attribute::Attribute;
    use crate::model::snapshot::ServerFacts;

    #[test]
    fn declared_modes_go_before_live_ones() {
        let live = ServerFacts {
            server_id: Uuid::nil(),
            replica: true,
            has_upstream: true,
            approves_new_revisions: false,
            server_side_targeting: false,
            utc_offset_minutes: None,
            sql_version: String::new(),
            login: String::new(),
        };
        assert_eq!(live.after_save(&cells([])), live);
        let values = [
            ("updateSource.upstream.mode", Attribute::text("autonomous")),
            ("updateSource.from", Attribute::text("microsoftUpdate")),
            ("targeting", Attribute::text("server")),
            ("automation.approveNewRevisions", Attribute::Bool(true)),
            ("logging.level", Attribute::text("loud")),
        ];
        let after = live.after_save(&cells(values.iter().map(|(path, value)| (*path, value))));
        assert!(!after.replica && !after.has_upstream && after.approves_new_revisions && after.server_side_targeting);
    }
}
