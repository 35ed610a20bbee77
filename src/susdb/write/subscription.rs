//! Saving what is synchronised and when: the procedure replaces schedule, products and classifications together, so what does
//! not change goes back as it was read a moment before.

use std::collections::{BTreeMap, BTreeSet};

use tiberius::{ColumnData, Command};
use uuid::Uuid;

use super::bind::{BindError, Value, bind};
use super::echo::{bind_cell, bind_data};
use super::kept::{lost_columns, not_seen};
use super::list::{CategoryNumbers, Entry, bind_list};
use super::{WriteError, Writer};
use crate::model::configuration::Configuration;
use crate::model::list_shape::{ListContent, ListShape};
use crate::model::procedure::{LiveParameter, Procedure};
use crate::model::setting::Cell;
use crate::model::synchronization::{
    AUTOMATIC, FREQUENCY, LiveSynchronization, Parts, Schedule, Subscription, TIME_OF_DAY,
};
use crate::susdb::read::configuration::{ConfigurationRow, cell};
use crate::susdb::read::synchronization::{Subscribed, read_subscribed, read_subscription_row};

/// The parameter with products and families.
///
/// Source: PoshWSUS assemblies (grade B).
pub(in crate::susdb) const PRODUCTS: &str = "@CategoryIDListXml";
/// The parameter with classifications.
///
/// Source: PoshWSUS assemblies (grade B).
pub(in crate::susdb) const CLASSIFICATIONS: &str = "@UpdateClassificationIDListXml";
/// What the parameter may be called that says who saves. The first is the row's column, the others are called so in WSUS's
/// other procedures (grade C).
pub(super) const USER_NAMES: [&str; 3] = ["@LastModifiedBy", "@adminName", "@userName"];

/// Where a parameter's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Who saves.
    UserName,
    /// The list of products.
    Products,
    /// The list of classifications.
    Classifications,
    /// The column of the same name.
    Column,
    /// The procedure's own default: it is left out.
    Default,
}

/// The parameter of the live procedure that has no source, if one has none: then nothing can be saved.
#[must_use]
pub fn subscription_parameter_without_source(parameters: &[LiveParameter], row: &Configuration) -> Option<String> {
    let lacking = parameters.iter().find(|parameter| source(parameter, |column| row.cell(column).is_some()).is_none());
    lacking.map(|parameter| parameter.name.clone())
}

fn source(parameter: &LiveParameter, has_column: impl Fn(&str) -> bool) -> Option<Source> {
    let is = |name: &str| parameter.name.eq_ignore_ascii_case(name);
    if parameter.output {
        None
    } else if USER_NAMES.into_iter().any(is) {
        Some(Source::UserName)
    } else if is(PRODUCTS) {
        Some(Source::Products)
    } else if is(CLASSIFICATIONS) {
        Some(Source::Classifications)
    } else if has_column(parameter.name.trim_start_matches('@')) {
        Some(Source::Column)
    } else {
        parameter.defaulted.then_some(Source::Default)
    }
}

/// What goes back with a save.
struct Saved<'a> {
    row: &'a BTreeMap<String, ColumnData<'static>>,
    changed: BTreeMap<String, Cell>,
    products: (ListShape, Vec<Entry>),
    classifications: (ListShape, Vec<Entry>),
    user_name: &'a str,
}

impl Saved<'_> {
    /// A parameter's value; none where it is left out.
    fn value(&self, parameter: &LiveParameter, source: Source) -> Result<Option<ColumnData<'static>>, BindError> {
        let list = |(shape, entries): &(ListShape, Vec<Entry>)| bind_list(parameter, shape, entries.iter().cloned());
        match source {
            Source::UserName => bind(parameter, &Value::Text(self.user_name)).map(Some),
            Source::Products => list(&self.products).map(Some),
            Source::Classifications => list(&self.classifications).map(Some),
            Source::Default => Ok(None),
            Source::Column => {
                let column = parameter.name.trim_start_matches('@').to_lowercase();
                match (self.changed.get(&column), self.row.get(&column)) {
                    (Some(cell), _) => bind_cell(parameter, cell).map(Some),
                    (None, Some(data)) => bind_data(parameter, data).map(Some),
                    (None, None) => Ok(None),
                }
            }
        }
    }
}

impl Writer<'_> {
    /// Asks the server's service to synchronise its categories and nothing else.
    ///
    /// Source: PoshWSUS assemblies (grade B).
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn start_category_synchronisation(&mut self) -> Result<(), WriteError> {
        self.call(Procedure::StartCatalogSync, &[("@isCategoryOnly", Some(Value::Bit(true)))]).await
    }

    /// Saves parts of what is synchronised and when, in the name of a user.
    ///
    /// Source: PoshWSUS assemblies (the procedure, its lists, and that it replaces all three; grade B).
    ///
    /// # Errors
    /// [`WriteError`]; a parameter without a source is found before anything is sent.
    pub async fn save_subscription(
        &mut self,
        change: &Subscription,
        since: Option<&Subscription>,
        user_name: &str,
    ) -> Result<(), WriteError> {
        let procedure = Procedure::SetSubscription;
        let parameters = self.live_parameters(procedure)?.to_vec();
        let unreadable = |source| WriteError::Unread { procedure, source: Box::new(source) };
        let by_number = |writer: &Self, list| writer.shape(procedure, list).content == ListContent::Numbers;
        // What nobody edits comes first: what goes back with the save is read right before it.
        let numbers = match [PRODUCTS, CLASSIFICATIONS].iter().any(|list| by_number(self, list)) {
            true => self.category_numbers(procedure).await?,
            false => CategoryNumbers::default(),
        };
        let Subscribed { products, classifications } = read_subscribed(self.session).await.map_err(unreadable)?;
        let ConfigurationRow(row) = read_subscription_row(self.session).await.map_err(unreadable)?;
        let read: Configuration = row.iter().map(|(column, data)| (column, cell(data))).collect();
        let live = LiveSynchronization {
            schedule: Schedule::of(&read),
            products: products.clone(),
            classifications: classifications.clone(),
            saved: Parts::default(),
        };
        if since.is_some_and(|since| live.parts(change.parts()) != *since) {
            return Err(WriteError::Changed { procedure, what: "what is synchronised, or when,".to_owned() });
        }
        let cells = change.schedule.map(Schedule::cells).unwrap_or_default();
        // The schedule is one thing in three columns.
        let schedule = [AUTOMATIC, TIME_OF_DAY, FREQUENCY].map(str::to_lowercase);
        let is_asked = |column: &str| change.schedule.is_some() && schedule.iter().any(|known| known == column);
        let saved = Saved {
            row: &row,
            changed: cells.into_iter().map(|(column, cell)| (column.to_lowercase(), cell)).collect(),
            products: self.categories(&numbers, PRODUCTS, change.products.as_ref().unwrap_or(&products))?,
            classifications: self.categories(
                &numbers,
                CLASSIFICATIONS,
                change.classifications.as_ref().unwrap_or(&classifications),
            )?,
            user_name,
        };
        let mut command = Command::new(format!("dbo.{}", procedure.name()));
        for parameter in &parameters {
            let Some(source) = source(parameter, |column| row.contains_key(&column.to_lowercase())) else {
                return Err(WriteError::NoSource { procedure, parameter: parameter.name.clone() });
            };
            let value = saved.value(parameter, source).map_err(|source| WriteError::Bind { procedure, source })?;
            if let Some(data) = value {
                command.bind_param(parameter.name.as_str(), data);
            }
        }
        self.run(procedure, command).await?;
        let ConfigurationRow(left) = read_subscription_row(self.session).await.map_err(not_seen(procedure))?;
        let now = read_subscribed(self.session).await.map_err(not_seen(procedure))?;
        let lost = [
            lost_ids("products", change.products.is_some(), &products, &now.products),
            lost_ids("classifications", change.classifications.is_some(), &classifications, &now.classifications),
        ];
        self.kept(procedure, lost_columns(&row, &left, is_asked), lost.into_iter().flatten().collect())
    }

    fn categories(
        &self,
        numbers: &CategoryNumbers,
        parameter: &str,
        chosen: &BTreeSet<Uuid>,
    ) -> Result<(ListShape, Vec<Entry>), WriteError> {
        let procedure = Procedure::SetSubscription;
        let shape = self.shape(procedure, parameter);
        let no_name = |entry| {
            let (parameter, content) = (shape.parameter, shape.content);
            WriteError::NoName { procedure, parameter, entry: format!("category {entry}"), content }
        };
        let entries = numbers.of_ids(&shape, chosen).map_err(no_name)?;
        Ok((shape, entries))
    }
}

/// What a save made of a set that nobody asked to change.
fn lost_ids(what: &str, is_asked: bool, before: &BTreeSet<Uuid>, now: &BTreeSet<Uuid>) -> Option<String> {
    let list = |ids: &BTreeSet<Uuid>| ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(", ");
    (!is_asked && before != now).then(|| format!("{what} were [{}] and are [{}]", list(before), list(now)))
}

#[cfg(test)]
mod tests {
    use super::subscription_parameter_without_source;
    use crate::model::configuration::Configuration;
    use crate::model::procedure::LiveParameter;
    use crate::model::setting::Cell;

    fn parameter(name: &str, defaulted: bool) -> LiveParameter {
        LiveParameter { name: name.into(), type_name: "int".into(), max_length: 4, output: false, defaulted }
    }

    #[test]
    fn a_parameter_has_its_value_from_the_row_a_list_the_user_or_its_own_default() {
        let row: Configuration = [("Frequency", Cell::Int(1))].into_iter().collect();
        let lacking = |parameters: &[LiveParameter]| subscription_parameter_without_source(parameters, &row);
        let known = ["@frequency", "@categoryIDListXML", "@UpdateClassificationIDListXml", "@ADMINNAME"];
        assert_eq!(lacking(&known.map(|name| parameter(name, false))), None);
        assert_eq!(lacking(&[parameter("@new", true)]), None);
        assert_eq!(lacking(&[parameter("@new", false)]).as_deref(), Some("@new"));
        let output = LiveParameter { output: true, ..parameter("@Frequency", true) };
        assert_eq!(lacking(&[output]).as_deref(), Some("@Frequency"));
    }
}
