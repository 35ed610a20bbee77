//! Saving mails and who gets them. The row goes back whole, as it was read a moment before, with what changes replaced.
//!
//! Of the procedures only names are known, so their parameters are the live server's own.

use std::collections::BTreeMap;

use tiberius::{ColumnData, Command};

use super::bind::{BindError, Value, bind};
use super::echo::{bind_cell, bind_data};
use super::kept::{lost_columns, not_seen};
use super::list::{Entry, bind_list};
use super::subscription::USER_NAMES;
use super::{WriteError, Writer};
use crate::model::configuration::Configuration;
use crate::model::notifications::{FREQUENCIES, FREQUENCY, MailKind, Recipients, TIME_OF_DAY, reschedules};
use crate::model::object::ServerClock;
use crate::model::procedure::{LiveParameter, Procedure};
use crate::model::setting::Cell;
use crate::susdb::read::configuration::ConfigurationRow;
use crate::susdb::read::notifications::{cells, read_notification_row};
use crate::susdb::read::read_clock;

/// Where a parameter of the procedure that saves the row has its value from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Who saves.
    UserName,
    /// When: the server's clock.
    Now,
    /// The column of the same name.
    Column,
    /// The procedure's own default: it is left out.
    Default,
}

/// What the parameter is called that says when somebody saves: the row's column, which would tell of an earlier save.
///
/// Source: TypeScript WSUS console (that the row goes back with the time of the save, grade A); its name (grade C).
const WHEN: &str = "@LastModifiedTime";

/// The parameter of the live procedure that has no source, if one has none: then nothing can be saved.
#[must_use]
pub fn notification_parameter_without_source(parameters: &[LiveParameter], row: &Configuration) -> Option<String> {
    let lacking = parameters.iter().find(|parameter| source(parameter, |column| row.cell(column).is_some()).is_none());
    lacking.map(|parameter| parameter.name.clone())
}

fn source(parameter: &LiveParameter, has_column: impl Fn(&str) -> bool) -> Option<Source> {
    if parameter.output {
        None
    } else if USER_NAMES.into_iter().any(|name| parameter.name.eq_ignore_ascii_case(name)) {
        Some(Source::UserName)
    } else if parameter.name.eq_ignore_ascii_case(WHEN) {
        Some(Source::Now)
    } else if has_column(parameter.name.trim_start_matches('@')) {
        Some(Source::Column)
    } else {
        parameter.defaulted.then_some(Source::Default)
    }
}

/// What a parameter of the other two procedures is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The kind of mail, by its name or number.
    Kind,
    /// The time of day in seconds.
    TimeOfDay,
    /// How often, by name or number.
    Frequency,
    /// The list of addresses.
    Addresses,
}

/// What each role's parameter may be called, without the `@`: the first as it is known or likely, the others as WSUS calls the same
/// elsewhere.
///
/// Source: PoshWSUS assemblies (EmailNotificationType and EmailAddresses, grade B; the others, grade C).
fn names(role: Role) -> &'static [&'static str] {
    match role {
        Role::Kind => &["EmailNotificationType", "NotificationType"],
        Role::TimeOfDay => &["ScheduledTimeOfDay", "StatusNotificationTimeOfDay", "TimeOfDay"],
        Role::Frequency => &["Frequency", "StatusNotificationFrequency", "StatusNotification"],
        Role::Addresses => &["EmailAddresses"],
    }
}

/// The roles that a procedure needs, each by one parameter.
fn roles(procedure: Procedure) -> &'static [Role] {
    match procedure {
        Procedure::ScheduleEmailNotification => &[Role::Kind, Role::TimeOfDay, Role::Frequency],
        Procedure::AddEmailNotificationRecipient => &[Role::Kind, Role::Addresses],
        _ => &[],
    }
}

fn role(procedure: Procedure, parameter: &LiveParameter) -> Option<Role> {
    let name = parameter.name.trim_start_matches('@');
    let named = |role: &&Role| names(**role).iter().any(|known| known.eq_ignore_ascii_case(name));
    roles(procedure).iter().find(named).copied()
}

/// The parameters of a procedure of which each has a role, for messages. None where it has none of these.
#[must_use]
pub fn expected_parameters(procedure: Procedure) -> Option<String> {
    let expected: Vec<String> = roles(procedure).iter().map(|role| format!("@{}", names(*role)[0])).collect();
    (!expected.is_empty()).then(|| expected.join(", "))
}

/// How a live procedure differs from one that can be called, if it does.
#[must_use]
pub fn parameters_differ(procedure: Procedure, parameters: &[LiveParameter]) -> Option<String> {
    let mut differences = Vec::new();
    for needed in roles(procedure) {
        let named: Vec<&str> = parameters
            .iter()
            .filter(|parameter| role(procedure, parameter) == Some(*needed))
            .map(|parameter| parameter.name.as_str())
            .collect();
        match named.as_slice() {
            [] => differences.push(format!("@{} is missing", names(*needed)[0])),
            [_] => {}
            several => differences.push(format!("{} may be the same", several.join(" and "))),
        }
    }
    for parameter in parameters {
        let LiveParameter { name, type_name, output, defaulted, .. } = parameter;
        match role(procedure, parameter) {
            _ if *output => differences.push(format!("{name} gives a value back")),
            Some(role) if !fits(role, parameter) => differences.push(format!("{name} is {type_name}")),
            None if !defaulted => differences.push(format!("{name} is not known, and no default of it either")),
            Some(_) | None => {}
        }
    }
    (!differences.is_empty()).then(|| differences.join("; "))
}

impl Writer<'_> {
    /// Saves columns of the row of mails, in the name of a user. What is not named goes back as it was read a moment before.
    ///
    /// Where it is about when mails about the status are sent, they are scheduled first: what the row says is all that a later
    /// look can see, so it is saved when the rest is done. No public source says where the schedule is kept, nor whether
    /// saving the row would be enough.
    ///
    /// Source: PoshWSUS assemblies (both procedures, grade B); TypeScript WSUS console (the row goes back complete, grade A).
    ///
    /// # Errors
    /// [`WriteError`]; a parameter without a source is found before anything is sent.
    pub async fn save_notifications(
        &mut self,
        changed: &BTreeMap<String, Cell>,
        since: &BTreeMap<String, Cell>,
        user_name: &str,
    ) -> Result<(), WriteError> {
        let procedure = Procedure::SetEmailNotificationConfiguration;
        let parameters = self.live_parameters(procedure)?.to_vec();
        let unreadable = |source| WriteError::Unread { procedure, source: Box::new(source) };
        let ServerClock(now) = read_clock(self.session).await.map_err(unreadable)?;
        let ConfigurationRow(row) = read_notification_row(self.session).await.map_err(unreadable)?;
        let live = cells(&row);
        let is_changed = |column: &&String| {
            since.get(*column).is_some_and(|since| !live.cell(column).is_some_and(|now| now.is(since)))
        };
        if let Some(column) = changed.keys().find(is_changed) {
            return Err(WriteError::Changed { procedure, what: format!("the column {column} of the mails") });
        }
        let mut command = Command::new(format!("dbo.{}", procedure.name()));
        for parameter in &parameters {
            let column = parameter.name.trim_start_matches('@').to_lowercase();
            let data = match (source(parameter, |column| row.contains_key(&column.to_lowercase())), row.get(&column)) {
                (Some(Source::Default), _) => continue,
                (Some(Source::UserName), _) => bind(parameter, &Value::Text(user_name)),
                (Some(Source::Now), _) => bind(parameter, &Value::Time(now)),
                (Some(Source::Column), Some(data)) => match changed.get(&column) {
                    Some(cell) if column.eq_ignore_ascii_case(FREQUENCY) => bind_frequency(parameter, cell),
                    Some(cell) => bind_cell(parameter, cell),
                    None => bind_data(parameter, data),
                },
                (None, _) | (Some(Source::Column), None) => {
                    return Err(WriteError::NoSource { procedure, parameter: parameter.name.clone() });
                }
            };
            command.bind_param(parameter.name.as_str(), data.map_err(|source| WriteError::Bind { procedure, source })?);
        }
        if reschedules(changed) {
            let mut after = cells(&row);
            changed.iter().for_each(|(column, cell)| after.set(column, cell.clone()));
            self.schedule_status(&after).await?;
        }
        self.run(procedure, command).await?;
        let ConfigurationRow(left) = read_notification_row(self.session).await.map_err(not_seen(procedure))?;
        let is_asked = |column: &str| changed.keys().any(|changed| changed.eq_ignore_ascii_case(column));
        self.kept(procedure, lost_columns(&row, &left, is_asked), Vec::new())
    }

    /// Schedules mails about the status as the row says.
    async fn schedule_status(&mut self, row: &Configuration) -> Result<(), WriteError> {
        let cell = |column| row.cell(column).cloned().unwrap_or(Cell::Null);
        self.call_by_roles(Procedure::ScheduleEmailNotification, |role, parameter| match role {
            Role::Kind => bind_kind(parameter, MailKind::Status),
            Role::TimeOfDay => bind_cell(parameter, &cell(TIME_OF_DAY)),
            Role::Frequency => bind_frequency(parameter, &cell(FREQUENCY)),
            Role::Addresses => bind_cell(parameter, &Cell::Null),
        })
        .await
    }

    /// Replaces those who get a mail.
    ///
    /// Source: PoshWSUS assemblies (the procedure, which is the only setter, and the list's shape; grade B).
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn set_recipients(&mut self, kind: MailKind, recipients: &Recipients) -> Result<(), WriteError> {
        let procedure = Procedure::AddEmailNotificationRecipient;
        let shape = self.shape(procedure, "@EmailAddresses");
        let entries = || recipients.addresses().map(|address| Entry::Value(address.to_owned()));
        self.call_by_roles(procedure, |role, parameter| match role {
            Role::Kind => bind_kind(parameter, kind),
            Role::Addresses => bind_list(parameter, &shape, entries()),
            Role::TimeOfDay | Role::Frequency => bind_cell(parameter, &Cell::Null),
        })
        .await
    }

    async fn call_by_roles(
        &mut self,
        procedure: Procedure,
        value: impl Fn(Role, &LiveParameter) -> Result<ColumnData<'static>, BindError>,
    ) -> Result<(), WriteError> {
        let mut command = Command::new(format!("dbo.{}", procedure.name()));
        for parameter in self.live_parameters(procedure)? {
            if let Some(role) = role(procedure, parameter) {
                let data = value(role, parameter).map_err(|source| WriteError::Bind { procedure, source })?;
                command.bind_param(parameter.name.as_str(), data);
            }
        }
        self.run(procedure, command).await
    }
}

/// Whether a value of the role goes into the parameter's type.
fn fits(role: Role, parameter: &LiveParameter) -> bool {
    let number = matches!(parameter.type_name.as_str(), "tinyint" | "smallint" | "int" | "bigint");
    match role {
        Role::Kind | Role::Frequency => number || takes_text(parameter),
        Role::TimeOfDay => number && parameter.type_name != "tinyint" && parameter.type_name != "smallint",
        Role::Addresses => takes_text(parameter) || parameter.type_name == "xml",
    }
}

/// Whether a parameter takes names or numbers is the live server's to say: WSUS's wrapper passes names, its table has
/// numbers.
fn takes_text(parameter: &LiveParameter) -> bool {
    matches!(parameter.type_name.as_str(), "nvarchar" | "nchar" | "sysname" | "ntext")
}

fn bind_kind(parameter: &LiveParameter, kind: MailKind) -> Result<ColumnData<'static>, BindError> {
    let cell = if takes_text(parameter) { Cell::Text(kind.name().to_owned()) } else { Cell::Int(kind.number()) };
    bind_cell(parameter, &cell)
}

fn bind_frequency(parameter: &LiveParameter, cell: &Cell) -> Result<ColumnData<'static>, BindError> {
    let name = FREQUENCIES.iter().find(|(_, number)| *cell == Cell::Int(*number)).map(|(name, _)| *name);
    match name.filter(|_| takes_text(parameter)) {
        Some(name) => bind_cell(parameter, &Cell::Text(name.to_owned())),
        None => bind_cell(parameter, cell),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Cell, Configuration, MailKind, Procedure, bind_frequency, bind_kind, notification_parameter_without_source,
        parameters_differ,
    };
    use crate::model::procedure::LiveParameter;
    use tiberius::ColumnData;

    fn parameter(name: &str, type_name: &str) -> LiveParameter {
        LiveParameter {
            name: name.into(),
            type_name: type_name.into(),
            max_length: -1,
            output: false,
            defaulted: false,
        }
    }

    fn defaulted(name: &str) -> LiveParameter {
        LiveParameter { defaulted: true, ..parameter(name, "int") }
    }

    #[test]
    fn a_parameter_has_its_value_from_the_row_the_user_or_its_own_default() {
        let row: Configuration = [("SmtpPort", Cell::Int(25))].into_iter().collect();
        let lacking = |parameters: &[LiveParameter]| notification_parameter_without_source(parameters, &row);
        let known = [parameter("@smtpport", "int"), parameter("@ADMINNAME", "nvarchar"), defaulted("@new")];
        assert_eq!(lacking(&known), None);
        assert_eq!(lacking(&[parameter("@new", "int")]).as_deref(), Some("@new"));
        let output = LiveParameter { output: true, ..defaulted("@SmtpPort") };
        assert_eq!(lacking(&[output]).as_deref(), Some("@SmtpPort"));
    }

    #[test]
    fn a_procedure_is_called_where_each_of_its_parameters_is_known() {
        let differs = |parameters: &[LiveParameter]| {
            parameters_differ(Procedure::ScheduleEmailNotification, parameters).unwrap_or_default()
        };
        let known = ["@EmailNotificationType", "@scheduledTimeOfDay", "@frequency"].map(|name| parameter(name, "int"));
        assert_eq!(differs(&known), "");
        assert_eq!(differs(&[&known[..], &[defaulted("@more")]].concat()), "");
        assert!(differs(&[&known[..], &[parameter("@more", "int")]].concat()).starts_with("@more is not known"));
        assert_eq!(differs(&known[..2]), "@Frequency is missing");
        let other = [known[0].clone(), parameter("@scheduledTimeOfDay", "datetime"), known[2].clone()];
        assert_eq!(differs(&other), "@scheduledTimeOfDay is datetime");
        assert!(differs(&[&known[..], &[parameter("@NotificationType", "int")]].concat()).contains("may be the same"));
    }

    #[test]
    fn kinds_and_frequencies_are_names_or_numbers_as_the_parameter_says() {
        let text = |text: &'static str| ColumnData::String(Some(text.into()));
        assert_eq!(bind_kind(&parameter("@t", "nvarchar"), MailKind::Status).unwrap(), text("Summary"));
        assert_eq!(bind_kind(&parameter("@t", "int"), MailKind::NewUpdates).unwrap(), ColumnData::I32(Some(2)));
        assert_eq!(bind_frequency(&parameter("@f", "nvarchar"), &Cell::Int(2)).unwrap(), text("Weekly"));
        assert_eq!(bind_frequency(&parameter("@f", "tinyint"), &Cell::Int(1)).unwrap(), ColumnData::U8(Some(1)));
    }
}
