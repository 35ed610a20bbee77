//! The server's settings as one row.

use std::fmt::Write;

use super::rows::ColumnSpec;
use super::settings::Home::{Table, Unplaced};
use super::settings::{SETTINGS, Setting};
use super::{Call, Failure, Procedure};
use crate::sandbox::options::Behaviour;
use crate::sandbox::value::SqlType::Bit;

/// The procedures of this file.
pub(super) const PROCEDURES: &[&Procedure] = &[&GET, &RESET_NEEDED];

/// Gives every setting in one row. The wrapper holds two further sets about authorization plug-ins; they are left out.
///
/// Source: WSUSpendu, WSUSpendu.ps1; SharpWSUS, lib/Status.cs (grade A).
static GET: Procedure = Procedure { name: "spConfiguration", parameters: &[], run: get };

fn get(call: &mut Call<'_>) -> Result<i32, Failure> {
    let lacks = |index| call.behaviours.contains(&Behaviour::LacksColumn(index));
    let row: Vec<&Setting> =
        SETTINGS.iter().enumerate().filter(|(index, _)| !lacks(*index)).map(|(_, it)| it).collect();
    let columns: Vec<ColumnSpec> = row.iter().map(|setting| (setting.column, setting.sql_type)).collect();
    call.send(&columns, &query(&row), [])?;
    Ok(0)
}

fn query(row: &[&Setting]) -> String {
    let mut query = "SELECT ".to_owned();
    for (index, setting) in row.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let written = match setting.home {
            Table(table, column) => write!(query, "{comma}{table}.{column}"),
            Unplaced => write!(query, "{comma}(SELECT value FROM sandbox_unplaced WHERE name = '{}')", setting.column),
        };
        written.expect("a string takes any text");
    }
    query.push_str(
        " FROM tbConfigurationA
         JOIN tbConfigurationB ON tbConfigurationB.ConfigurationID = tbConfigurationA.ConfigurationID
         JOIN tbConfigurationC ON tbConfigurationC.ConfigurationID = tbConfigurationA.ConfigurationID",
    );
    query
}

/// Says whether a state-machine reset is outstanding, during which settings cannot be saved.
///
/// Source: PoshWSUS assemblies (name, grade B); tbSingletonData in Intensive-Self-Service-Portal (grade A). That the flag
/// comes as a row is our guess (grade C).
static RESET_NEEDED: Procedure = Procedure {
    name: "spGetResetStateMachineNeededFlag",
    parameters: &[],
    run: |call| {
        call.send(
            &[("ResetStateMachineNeeded", Bit)],
            "SELECT ResetStateMachineNeeded FROM tbSingletonData ORDER BY ID LIMIT 1",
            [],
        )?;
        Ok(0)
    },
};

#[cfg(test)]
mod tests {
    use super::super::testing::{Server, guid, text};
    use super::*;
    use crate::sandbox::value::Value;

    #[test]
    fn every_setting_is_in_the_row() {
        let answer = Server::demo().call("spConfiguration", &[]);
        let row = &answer.sets[0];
        assert_eq!(row.rows.len(), 1);
        for (column, value) in [
            ("ServerId", guid("3F0E6D3C-6F5E-4C55-9A53-6A3F1F6D5A11")),
            ("LocalContentCacheLocation", text("D:\\WSUS\\WsusContent")),
            ("ServerPortNumber", Value::Int(8530)),
            ("ServerTargeting", Value::Bit(true)),
            ("ReplicaMode", Value::Bit(false)),
            ("UseSeparateProxyForSsl", Value::Bit(false)),
            ("SslProxyName", Value::Null),
            ("BitsHealthScanningInterval", Value::BigInt(3_600_000)),
            ("HmClientsSilentDays", Value::Int(30)),
            ("OobeInitialized", Value::Bit(true)),
            ("EncryptionKey", Value::VarBinary(vec![0, 0])),
        ] {
            assert_eq!(row.column(column), [value], "{column}");
        }
    }

    #[test]
    fn unplaced_settings_are_all_seeded_and_all_shown() {
        let server = Server::demo();
        let unplaced = SETTINGS.iter().filter(|setting| matches!(setting.home, Unplaced));
        for setting in unplaced.clone() {
            let name = setting.column;
            assert_eq!(
                server.number(&format!("SELECT count(*) FROM sandbox_unplaced WHERE name = '{name}'")),
                1,
                "{name}"
            );
        }
        let seeded = server.number("SELECT count(*) FROM sandbox_unplaced WHERE name <> 'SubscriptionState'");
        assert_eq!(usize::try_from(seeded), Ok(unplaced.count()));
    }

    #[test]
    fn a_change_by_hand_shows() {
        let server = Server::demo();
        server.by_hand(
            "UPDATE tbConfigurationA SET UseProxy = 1; UPDATE tbSingletonData SET ResetStateMachineNeeded = 1;
             UPDATE sandbox_unplaced SET value = 'proxy' WHERE name = 'SslProxyName'",
        );
        let answer = server.call("spConfiguration", &[]);
        assert_eq!(answer.sets[0].column("UseProxy"), [Value::Bit(true)]);
        assert_eq!(answer.sets[0].column("SslProxyName"), [text("proxy")]);
        let flag = server.call("spGetResetStateMachineNeededFlag", &[]);
        assert_eq!(flag.sets[0].rows, [[Value::Bit(true)]]);
    }
}
