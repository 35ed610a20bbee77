//! What the server synchronises and when, and whether it is at it.
//!
//! The schedule comes from `spGetSubscription`: its fields are documented, while tbSchedule alone does not say whether it is
//! kept (that a NULL time stands for a manual schedule would be a guess), and a save needs the whole row anyway. Products and
//! classifications come from tbCategoryInSubscription, whose columns were seen on a live server; of the procedure that
//! lists them only the name is known for sure, and it gives titles in a language where ids are wanted.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::catalogue::SUBSCRIBED_CATEGORIES;
use super::configuration::{ConfigurationRow, cell, read_one_row};
use super::{ReadError, rows, rows_of_procedure};
use crate::model::configuration::Configuration;
use crate::model::health::SynchronisationState;
use crate::model::procedure::{Procedure, ProcedureState, Verdict};
use crate::model::synchronization::{
    AUTOMATIC, FREQUENCY, LiveSynchronization, Parts, Progress, Schedule, TIME_OF_DAY,
};
use crate::susdb::contract::uses::{SUBSCRIPTION, SUBSCRIPTION_PROGRESS, SUBSCRIPTION_STATE};
use crate::susdb::session::Session;
use crate::susdb::write::{CLASSIFICATIONS, PRODUCTS, subscription_parameter_without_source};

/// Reads what is synchronised and when, with the row as it came.
pub(super) async fn read(session: &mut Session) -> Result<(LiveSynchronization, Configuration), ReadError> {
    let ConfigurationRow(row) = read_subscription_row(session).await?;
    let row: Configuration = row.iter().map(|(column, data)| (column, cell(data))).collect();
    let Subscribed { products, classifications } = read_subscribed(session).await?;
    let schedule = Schedule::of(&row);
    Ok((LiveSynchronization { schedule, products, classifications, saved: Parts::default() }, row))
}

/// Judges the live procedure for saving by the row: every parameter needs a value, and what has no parameter cannot change.
pub(in crate::susdb) fn judge(
    live: &mut LiveSynchronization,
    row: &Configuration,
    procedures: &mut BTreeMap<Procedure, ProcedureState>,
) {
    let Some(state) = procedures.get_mut(&Procedure::SetSubscription) else { return };
    let takes = |name: &str| {
        let name = name.trim_start_matches('@');
        state.parameters.iter().any(|known| known.name.trim_start_matches('@').eq_ignore_ascii_case(name))
    };
    live.saved = Parts {
        schedule: [AUTOMATIC, TIME_OF_DAY, FREQUENCY].into_iter().all(takes),
        products: takes(PRODUCTS),
        classifications: takes(CLASSIFICATIONS),
    };
    if state.verdict == Verdict::Matches
        && let Some(parameter) = subscription_parameter_without_source(&state.parameters, row)
    {
        state.verdict = Verdict::Differs(format!(
            "{parameter} has no column in what spGetSubscription gives, and no default of its own that is known"
        ));
    }
}

/// Reads the subscription's row.
pub(in crate::susdb) async fn read_subscription_row(session: &mut Session) -> Result<ConfigurationRow, ReadError> {
    read_one_row(session, SUBSCRIPTION).await
}

/// The categories that are synchronised.
pub(in crate::susdb) struct Subscribed {
    /// Products, and families and companies that stand for all their products.
    pub(in crate::susdb) products: BTreeSet<Uuid>,
    /// Classifications.
    pub(in crate::susdb) classifications: BTreeSet<Uuid>,
}

/// Reads the categories that are synchronised.
pub(in crate::susdb) async fn read_subscribed(session: &mut Session) -> Result<Subscribed, ReadError> {
    let found = rows(session, &SUBSCRIBED_CATEGORIES, |row| {
        Ok((row.text("CategoryType")? == "UpdateClassification", row.guid("UpdateID")?))
    });
    let (classifications, products): (Vec<_>, Vec<_>) =
        found.await?.into_iter().partition(|(is_classification, _)| *is_classification);
    let ids = |found: Vec<(bool, Uuid)>| found.into_iter().map(|(_, id)| id).collect();
    Ok(Subscribed { products: ids(products), classifications: ids(classifications) })
}

/// Reads whether a synchronisation runs.
///
/// Source: PoshWSUS assemblies, TypeScript WSUS console (name and codes, grade B).
///
/// # Errors
/// [`ReadError`].
pub async fn read_synchronisation_state(session: &mut Session) -> Result<SynchronisationState, ReadError> {
    let numbers = rows_of_procedure(session, SUBSCRIPTION_STATE, |row| row.first_int()).await?;
    match numbers.as_slice() {
        [number] => Ok(SynchronisationState::from_number(*number)),
        other => Err(ReadError::NotOneRow { statement: SUBSCRIPTION_STATE, found: other.len() }),
    }
}

/// Reads how far a synchronisation is; none where that cannot be read or means nothing: nothing depends on it.
///
/// Source: PoshWSUS assemblies, TypeScript WSUS console (columns by position, grade B).
///
/// # Errors
/// [`ReadError`] where the connection is lost.
pub async fn read_progress(session: &mut Session) -> Result<Option<Progress>, ReadError> {
    let found = rows_of_procedure(session, SUBSCRIPTION_PROGRESS, |row| {
        let number = |position| row.nth_int(position, "(by position)");
        Ok(Progress { phase: number(0)?, total: number(1)?, processed: number(2)? })
    });
    match found.await {
        Ok(rows) => Ok(rows.first().copied().filter(|progress| progress.total > 0)),
        Err(ReadError::Query(error)) if error.fate_unknown() => Err(ReadError::Query(error)),
        Err(_) => Ok(None),
    }
}
