//! `synchronization`.

use super::super::synchronization::{DAILY, SYNCHRONIZATION};
use super::keys;
use crate::model::synchronization::PER_DAY_MAX;
use crate::schema::{Schema, optional, required};

/// A UTC time of day.
pub(super) const UTC_TIME_OF_DAY: &str = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?Z";

pub(super) fn synchronization() -> Schema {
    let daily = keys(
        &DAILY,
        vec![
            required(
                "firstAt",
                Schema::pattern(UTC_TIME_OF_DAY)
                    .says("The first synchronisation of a day, in UTC: WSUS keeps UTC, its console shows local time.")
                    .example("\"03:00Z\""),
            ),
            required(
                "perDay",
                Schema::number(1, PER_DAY_MAX).says("How many there are a day, evenly spread.").example("1"),
            ),
        ],
    );
    let schedule = Schema::either([Schema::words(["manual"]), Schema::from(daily)]);
    let set = |definition, says: &'static str| Schema::choices(Schema::reference(definition)).says(says);
    let section = keys(
        &SYNCHRONIZATION,
        vec![
            optional(
                "schedule",
                schedule
                    .says("When the server synchronises by itself; `manual` is never.")
                    .example("manual")
                    .example("{firstAt: \"03:00Z\", perDay: 1}"),
            ),
            optional(
                "products",
                set("product", "What updates are synchronised for. The list is the whole set, and never empty.")
                    .example("[Windows 11, \"Windows Server 20*\", {family: SQL Server}]"),
            ),
            optional(
                "classifications",
                set("classification", "Which updates are synchronised. The list is the whole set, and never empty.")
                    .example("[Security Updates, Critical Updates]"),
            ),
        ],
    );
    Schema::from(section).title("Synchronisation").says(
        "What the server synchronises and when. On a server that has an upstream server, products and classifications are \
         chosen there and cannot be declared.",
    )
}
