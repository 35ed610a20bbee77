//! What the query of a `sandbox:` URL says: how the server begins, and how it misbehaves.
//!
//! # Keys
//!
//! | key | meaning |
//! |---|---|
//! | `seed=empty` | a freshly installed server, where the file is missing |
//! | `seed=demo` | the "Contoso HQ" demonstration server, where the file is missing |
//! | `seed=scale:N` | a generated server with N updates, where the file is missing |
//! | `replica=true` | becomes a replica of an upstream server; written into the file, so it stays one |
//! | `reset-needed=true` | needs a state-machine reset, so configuration changes are refused; written into the file |
//! | `drop-before=N` | the connection is cut before the N-th statement runs, counted from 1 |
//! | `drop-after=N` | the connection is cut after the N-th statement ran, before its answer is sent |
//! | `raise=1205@N` | the N-th statement ends as a deadlock victim |
//! | `raise=50000@N`, `raise=50000:STATE@N` | the N-th statement raises a user error, with state 1 or another one |
//! | `delay=MS`, `delay=MS@N` | every answer waits this many milliseconds, from the N-th statement on |
//! | `variant=PROC:missing` | the procedure is not there |
//! | `variant=PROC:extra`, `PROC:extra=@NAME` | it requires one more int parameter, `@extra` or one of another name |
//! | `variant=PROC:extra-default`, `PROC:extra-default=@NAME` | it takes such a parameter, which may be left out |
//! | `variant=PROC:without=@NAME` | it does not take the parameter; inside it has its default, or NULL; a procedure that saves a row leaves that column alone |
//! | `variant=PROC:rename=@NAME`, `PROC:rename=@NAME=@OTHER` | the parameter is called `@NAME2`, or by the other name |
//! | `variant=PROC:retype=@NAME` | the parameter has another type: int and bigint, nvarchar and uniqueidentifier, ... are exchanged |
//! | `variant=PROC:raises=NUMBER` | it raises this error of SQL Server and does nothing |
//! | `variant=PROC:refuses-late` | it does all of its work, raises 50000 at the end, and nothing of it stays |
//! | `variant=PROC:general-state` | what it refuses has state 1 whatever the reason; PROC may be `*`, every procedure |
//! | `variant=PROC:ignores=@NAME` | it takes the parameter, reports success, and leaves that column alone: spSetConfiguration and spSetEmailNotificationConfiguration |
//! | `variant=PROC:loses=@NAME` | it takes the parameter, finds NULL in it whatever is sent, and reports success |
//! | `variant=spConfiguration:older-row` | its row is that of WSUS 3.0 SP2, without the three columns that Server 2016 added, and spSetConfiguration does not take them |
//! | `variant=spConfiguration:lacks=COLUMN` | its row lacks this column, and spSetConfiguration does not take it |
//! | `variant=spConfiguration:has=COLUMN` | its row has DisableSyncDrivers or DisableSyncPrinterCatalog, and spSetConfiguration takes it |
//! | `variant=spSetConfiguration:attributes` | it reads languages and program keys from attributes, and nothing from elements |
//! | `variant=spSetConfiguration:keeps-keys` | it adds the program keys that its list names, and removes none |
//! | `variant=spSetAutoDeploymentRule:local-ids`, `variant=spSetSubscription:local-ids` | its lists name categories by LocalUpdateID |
//! | `variant=spDeployUpdate:keeps-revisions` | it leaves alone what older revisions have for the group |
//! | `variant=spDeployUpdate:keeps-time` | an approval that it replaces hands its DeploymentTime down |
//! | `role=ROLE` | the login is no administrator but in this role: `public`, `db_datareader`, `PublicViewAccess`, `webService` |
//! | `grant=OBJECT` | it is no administrator but may use this table, view or procedure |
//! | `deny=OBJECT` | it may not use this table, view or procedure, whatever else it may |
//! | `hide-definitions=true` | the login may not see the definitions of procedures |
//! | `nested-triggers=false` | SQL Server's option "nested triggers" is off |
//! | `utc-offset=MINUTES` | its local time is so many minutes ahead of UTC, from -840 to 840 |
//! | `lower-case=true` | the system views spell all names in lower case, as look-alikes of SQL Server do |
//!
//! Every key may be given once, `variant`, `role`, `grant` and `deny` any number of times.
//! Names of procedures, parameters, tables, views and roles are not told apart by case.

use super::access::Role;
use super::seeds::{Seed, UnknownSeed};

/// What to open a sandbox with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// What a missing file begins with; `None` where a missing file is an error.
    pub seed: Option<Seed>,
    /// Whether it becomes a replica.
    pub replica: bool,
    /// Whether it needs a state-machine reset.
    pub reset_needed: bool,
    /// How its connections misbehave.
    pub faults: FaultOptions,
    /// How its procedures differ from what they should be.
    pub variants: Vec<Variant>,
    /// The roles of its login; without a role and a grant it may do everything.
    pub roles: Vec<Role>,
    /// Tables, views and procedures that its login may use.
    pub grants: Vec<String>,
    /// Tables, views and procedures that its login may not use.
    pub denials: Vec<String>,
    /// How many minutes its local time is ahead of UTC.
    pub utc_offset_minutes: i16,
    /// Whether its system views spell names in lower case.
    pub lower_case: bool,
    /// Whether its login may not see the definitions of procedures.
    pub hide_definitions: bool,
    /// Whether SQL Server's option "nested triggers" is off.
    pub no_nested_triggers: bool,
}

/// How connections misbehave. Statements are counted from 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FaultOptions {
    /// Cut the connection before this statement runs.
    pub drop_before: Option<u64>,
    /// Cut the connection after this statement ran.
    pub drop_after: Option<u64>,
    /// Raise an error instead of a statement.
    pub raise: Option<Raise>,
    /// Wait this long before every answer.
    pub delay_ms: u64,
    /// From this statement on.
    pub delay_from: u64,
}

/// An error that is raised instead of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raise {
    /// The state of a user error (50000); none for a deadlock (1205).
    pub state: Option<u8>,
    /// The statement.
    pub statement: u64,
}

/// A procedure that differs from what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Its name.
    pub procedure: String,
    /// The difference.
    pub change: Change,
}

/// How a procedure differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is not there.
    Missing,
    /// It requires one more int parameter of this name.
    Extra(String),
    /// It takes one more int parameter of this name, which may be left out.
    ExtraDefault(String),
    /// It does not take this parameter.
    Without(String),
    /// It calls this parameter by its name followed by `2`.
    Rename(String),
    /// It calls this parameter by the other name.
    RenameTo(String, String),
    /// It takes this parameter with another type.
    Retype(String),
    /// It takes this parameter, and does nothing with it.
    Ignores(String),
    /// It takes this parameter, and finds NULL in it.
    Loses(String),
    /// The row of the settings does not have this column, and its save does not take it.
    LacksColumn(String),
    /// The row of the settings has this column, which it otherwise lacks, and its save takes it.
    HasColumn(String),
    /// The row of the settings is that of WSUS 3.0 SP2.
    OlderRow,
    /// It does something else where public sources do not say what Microsoft's does.
    Behaves(Behaviour),
}

/// What a procedure may do instead of what we guess that Microsoft's does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// spDeployUpdate leaves alone what older revisions of the update have for the group.
    KeepsRevisions,
    /// spDeployUpdate gives the new approval the DeploymentTime of the one that it replaces.
    KeepsTime,
    /// spSetConfiguration reads the fields of its lists from attributes, not from elements.
    Attributes,
    /// spSetConfiguration keeps the program keys that its list does not name.
    KeepsKeys,
    /// Lists of categories have LocalUpdateIDs, not GUIDs.
    LocalIds,
    /// A save leaves alone what this parameter, by its position among the procedure's own, would change.
    Ignores(usize),
    /// The procedure raises an error of SQL Server and does nothing.
    Raises(i32),
    /// The procedure finds NULL in this parameter, by its position among its own, whatever is sent.
    Loses(usize),
    /// The procedure raises an error when it is done, and nothing of its work stays.
    RefusesLate,
    /// spConfiguration does not have this column, by its position among the settings.
    LacksColumn(usize),
    /// The procedure gives every refusal state 1.
    GeneralState,
}

/// Why a query is not one of a `sandbox:` URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// No such key.
    #[error("unknown sandbox option '{key}'; there are {}", KEYS.join(", "))]
    UnknownKey {
        /// The key.
        key: String,
    },
    /// A key given twice that can be given once.
    #[error("sandbox option '{key}' is given twice")]
    Repeated {
        /// The key.
        key: String,
    },
    /// A value that the key does not have.
    #[error("sandbox option '{key}' cannot be '{value}'; write {expected}")]
    BadValue {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// What it can be.
        expected: &'static str,
    },
}

const KEYS: &[&str] = &[
    "seed",
    "replica",
    "reset-needed",
    "drop-before",
    "drop-after",
    "raise",
    "delay",
    "variant",
    "role",
    "grant",
    "deny",
    "utc-offset",
    "lower-case",
    "hide-definitions",
    "nested-triggers",
];

/// The keys that may be given more than once.
const REPEATABLE: &[&str] = &["variant", "role", "grant", "deny"];

const SEEDS: &str = "empty, demo or scale:N with N from 1 to 1000000";
const FLAGS: &str = "true or false";
const STATEMENTS: &str = "the number of a statement, from 1";
const RAISES: &str =
    "1205@N, 50000@N or 50000:STATE@N with N the number of a statement, from 1, and STATE from 1 to 255";
const OFFSETS: &str = "minutes, from -840 to 840";
const DELAYS: &str = "MS or MS@N: milliseconds, at most 60000, and the number of a statement, from 1";
const VARIANTS: &str = "PROC:missing, PROC:extra[=@NAME], PROC:extra-default[=@NAME], PROC:without=@NAME, PROC:rename=@NAME[=@OTHER], \
     PROC:retype=@NAME, PROC:refuses-late, PROC:general-state, PROC:raises=NUMBER, PROC:loses=@NAME, \
     spConfiguration:older-row, spConfiguration:lacks=COLUMN, spConfiguration:has=COLUMN, \
     spSetConfiguration:ignores=@NAME, spSetConfiguration:attributes, \
     spSetConfiguration:keeps-keys, spSetAutoDeploymentRule:local-ids, spSetSubscription:local-ids, spDeployUpdate:keeps-revisions or spDeployUpdate:keeps-time";
const ROLES: &str = "public, db_datareader, PublicViewAccess or webService";
const OBJECTS: &str =
    "the name of a table, a view or a procedure, as in tbUpdate, PUBLIC_VIEWS.vUpdate or spDeployUpdate";

/// The longest delay.
const DELAY_MS_MAX: u64 = 60_000;

impl Options {
    /// Reads the decoded keys and values of a query, in order.
    ///
    /// # Errors
    /// The first key or value that is not valid, with those that are.
    pub fn parse(query: &[(String, String)]) -> Result<Self, OptionError> {
        let mut options = Self::default();
        let mut seen: Vec<&str> = Vec::new();
        for (key, value) in query {
            if !REPEATABLE.contains(&key.as_str()) && seen.contains(&key.as_str()) {
                return Err(OptionError::Repeated { key: key.clone() });
            }
            seen.push(key);
            options.set(key, value)?;
        }
        Ok(options)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), OptionError> {
        let bad = |expected| OptionError::BadValue { key: key.to_owned(), value: value.to_owned(), expected };
        match key {
            "seed" => self.seed = Some(value.parse().map_err(|_: UnknownSeed| bad(SEEDS))?),
            "replica" => self.replica = flag(value).ok_or_else(|| bad(FLAGS))?,
            "reset-needed" => self.reset_needed = flag(value).ok_or_else(|| bad(FLAGS))?,
            "drop-before" => self.faults.drop_before = Some(ordinal(value).ok_or_else(|| bad(STATEMENTS))?),
            "drop-after" => self.faults.drop_after = Some(ordinal(value).ok_or_else(|| bad(STATEMENTS))?),
            "raise" => self.faults.raise = Some(raise(value).ok_or_else(|| bad(RAISES))?),
            "delay" => {
                let (delay, from) = value.split_once('@').unwrap_or((value, "1"));
                self.faults.delay_ms = milliseconds(delay).ok_or_else(|| bad(DELAYS))?;
                self.faults.delay_from = ordinal(from).ok_or_else(|| bad(DELAYS))?;
            }
            "variant" => self.variants.push(variant(value).ok_or_else(|| bad(VARIANTS))?),
            "role" => self.roles.push(Role::named(value).ok_or_else(|| bad(ROLES))?),
            "grant" => self.grants.push(object(value).ok_or_else(|| bad(OBJECTS))?),
            "deny" => self.denials.push(object(value).ok_or_else(|| bad(OBJECTS))?),
            "hide-definitions" => self.hide_definitions = flag(value).ok_or_else(|| bad(FLAGS))?,
            "nested-triggers" => self.no_nested_triggers = !flag(value).ok_or_else(|| bad(FLAGS))?,
            "utc-offset" => self.utc_offset_minutes = offset(value).ok_or_else(|| bad(OFFSETS))?,
            "lower-case" => self.lower_case = flag(value).ok_or_else(|| bad(FLAGS))?,
            _ => return Err(OptionError::UnknownKey { key: key.to_owned() }),
        }
        Ok(())
    }
}

fn flag(value: &str) -> Option<bool> {
    match value {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn ordinal(value: &str) -> Option<u64> {
    value.parse().ok().filter(|number| *number > 0)
}

fn raise(value: &str) -> Option<Raise> {
    let (error, statement) = value.split_once('@')?;
    let state = match error.split_once(':') {
        None if error == "1205" => None,
        None if error == "50000" => Some(1),
        Some(("50000", state)) => Some(state.parse().ok().filter(|state| *state > 0)?),
        _ => return None,
    };
    Some(Raise { state, statement: ordinal(statement)? })
}

fn milliseconds(value: &str) -> Option<u64> {
    value.parse().ok().filter(|delay| *delay <= DELAY_MS_MAX)
}

fn offset(value: &str) -> Option<i16> {
    value.parse().ok().filter(|minutes| (-840..=840).contains(minutes))
}

fn object(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}

fn variant(value: &str) -> Option<Variant> {
    let (procedure, change) = value.split_once(':')?;
    if procedure.is_empty() {
        return None;
    }
    let is = |name: &str| procedure.eq_ignore_ascii_case(name);
    let configures = is("spSetConfiguration");
    let shows_settings = is("spConfiguration");
    let saves = configures || is("spSetEmailNotificationConfiguration");
    let lists_categories = is("spSetAutoDeploymentRule") || is("spSetSubscription");
    let deploys = is("spDeployUpdate");
    let parameter = |text: &str| (text.len() > 1 && text.starts_with('@')).then(|| text.to_owned());
    let column = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let change = match change.split_once('=') {
        None => match change {
            "missing" => Change::Missing,
            "extra" => Change::Extra("@extra".to_owned()),
            "extra-default" => Change::ExtraDefault("@extra".to_owned()),
            "refuses-late" => Change::Behaves(Behaviour::RefusesLate),
            "attributes" if configures => Change::Behaves(Behaviour::Attributes),
            "keeps-keys" if configures => Change::Behaves(Behaviour::KeepsKeys),
            "local-ids" if lists_categories => Change::Behaves(Behaviour::LocalIds),
            "older-row" if shows_settings => Change::OlderRow,
            "general-state" => Change::Behaves(Behaviour::GeneralState),
            "keeps-revisions" if deploys => Change::Behaves(Behaviour::KeepsRevisions),
            "keeps-time" if deploys => Change::Behaves(Behaviour::KeepsTime),
            _ => return None,
        },
        Some(("extra", name)) => Change::Extra(parameter(name)?),
        Some(("extra-default", name)) => Change::ExtraDefault(parameter(name)?),
        Some(("ignores", name)) if saves => Change::Ignores(parameter(name)?),
        Some(("lacks", name)) if shows_settings => Change::LacksColumn(column(name)?),
        Some(("has", name)) if shows_settings => Change::HasColumn(column(name)?),
        Some(("loses", name)) => Change::Loses(parameter(name)?),
        Some(("raises", number)) => {
            Change::Behaves(Behaviour::Raises(number.parse().ok().filter(|number| *number > 0)?))
        }
        Some(("without", name)) => Change::Without(parameter(name)?),
        Some(("rename", names)) => match names.split_once('=') {
            Some((name, other)) => Change::RenameTo(parameter(name)?, parameter(other)?),
            None => Change::Rename(parameter(names)?),
        },
        Some(("retype", name)) => Change::Retype(parameter(name)?),
        Some(_) => return None,
    };
    Some(Variant { procedure: procedure.to_owned(), change })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<Options, OptionError> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').unwrap();
            (key.to_owned(), value.to_owned())
        });
        Options::parse(&pairs.collect::<Vec<_>>())
    }

    #[test]
    fn every_key_is_read() {
        let query = "seed=scale:200&replica=true&reset-needed=true&drop-before=3&drop-after=4&raise=1205@5&delay=10\
                     &variant=spDeployUpdate:missing&variant=spX:without=@y";
        let options = parse(query).unwrap();
        assert_eq!(options.seed, Some(Seed::Scale(200)));
        assert!(options.replica && options.reset_needed);
        for (text, state) in [("50000@5", 1), ("50000:44@5", 44)] {
            let raise = Some(Raise { state: Some(state), statement: 5 });
            assert_eq!(parse(&format!("raise={text}")).unwrap().faults.raise, raise);
        }
        let faults = FaultOptions {
            drop_before: Some(3),
            drop_after: Some(4),
            raise: Some(Raise { state: None, statement: 5 }),
            delay_ms: 10,
            delay_from: 1,
        };
        assert_eq!(options.faults, faults);
        assert_eq!(options.variants[0].change, Change::Missing);
        assert_eq!(options.variants[1].change, Change::Without("@y".to_owned()));
        assert_eq!(parse("").unwrap(), Options::default());
    }

    #[test]
    fn every_variant_is_read() {
        for (text, change) in [
            ("extra", Change::Extra("@extra".to_owned())),
            ("extra-default=@b", Change::ExtraDefault("@b".to_owned())),
            ("refuses-late", Change::Behaves(Behaviour::RefusesLate)),
            ("general-state", Change::Behaves(Behaviour::GeneralState)),
            ("rename=@a", Change::Rename("@a".to_owned())),
            ("rename=@a=@b", Change::RenameTo("@a".to_owned(), "@b".to_owned())),
            ("retype=@a", Change::Retype("@a".to_owned())),
            ("loses=@a", Change::Loses("@a".to_owned())),
        ] {
            assert_eq!(parse(&format!("variant=p:{text}")).unwrap().variants[0].change, change);
        }
        for (text, behaviour) in [("keeps-revisions", Behaviour::KeepsRevisions), ("keeps-time", Behaviour::KeepsTime)]
        {
            let options = parse(&format!("variant=spdeployupdate:{text}")).unwrap();
            assert_eq!(options.variants[0].change, Change::Behaves(behaviour));
        }
    }

    #[test]
    fn other_rows_of_the_settings_are_read() {
        for (text, change) in [
            ("spConfiguration:older-row", Change::OlderRow),
            ("spConfiguration:lacks=LogLevel", Change::LacksColumn("LogLevel".to_owned())),
            ("spConfiguration:has=DisableSyncDrivers", Change::HasColumn("DisableSyncDrivers".to_owned())),
        ] {
            assert_eq!(parse(&format!("variant={text}")).unwrap().variants[0].change, change, "{text}");
            assert!(parse(&format!("variant={}", text.replace("spConfiguration", "spOther"))).is_err(), "{text}");
        }
    }

    #[test]
    fn other_readings_of_lists_are_read() {
        for (text, behaviour) in [
            ("spDeployUpdate:raises=1222", Behaviour::Raises(1222)),
            ("spSetConfiguration:attributes", Behaviour::Attributes),
            ("spsetconfiguration:keeps-keys", Behaviour::KeepsKeys),
            ("spSetAutoDeploymentRule:local-ids", Behaviour::LocalIds),
            ("spSetSubscription:local-ids", Behaviour::LocalIds),
        ] {
            let options = parse(&format!("variant={text}")).unwrap();
            assert_eq!(options.variants[0].change, Change::Behaves(behaviour), "{text}");
        }
        assert!(parse("hide-definitions=true").unwrap().hide_definitions);
        assert!(parse("nested-triggers=false").unwrap().no_nested_triggers);
    }

    #[test]
    fn what_the_login_may_do_is_read() {
        let options =
            parse("role=webservice&role=db_datareader&grant=spX&deny=tbX&deny=tbY&lower-case=true&utc-offset=-210")
                .unwrap();
        assert_eq!(options.roles, [Role::WebService, Role::DataReader]);
        assert_eq!(options.utc_offset_minutes, -210);
        assert_eq!((options.grants.len(), options.denials.len(), options.lower_case), (1, 2, true));
    }

    #[test]
    fn a_wrong_key_lists_the_right_ones() {
        let error = parse("sead=demo").unwrap_err().to_string();
        assert!(error.contains("'sead'") && error.contains("drop-before") && error.contains("variant"), "{error}");
    }

    #[test]
    fn a_wrong_value_says_what_is_right() {
        for query in [
            "seed=big",
            "seed=scale:0",
            "replica=yes",
            "drop-before=0",
            "raise=1@1",
            "raise=1205",
            "raise=1205:1@1",
            "raise=50000:0@1",
            "delay=-1",
            "delay=1@0",
            "role=sysadmin",
            "deny=",
            "lower-case=1",
            "utc-offset=841",
            "variant=x",
            "variant=:missing",
            "variant=p:without=y",
            "variant=p:rename=@",
            "variant=p:keeps-time",
            "variant=p:attributes",
            "variant=p:raises=x",
            "variant=spDeployUpdate:local-ids",
            "hide-definitions=yes",
            "variant=p:ignores=@a",
        ] {
            let error = parse(query).unwrap_err();
            assert!(matches!(error, OptionError::BadValue { .. }), "{query}: {error}");
        }
        assert!(parse("seed=big").unwrap_err().to_string().contains("scale:N"));
        assert_eq!(parse("delay=1&delay=2").unwrap_err(), OptionError::Repeated { key: "delay".to_owned() });
    }
}
