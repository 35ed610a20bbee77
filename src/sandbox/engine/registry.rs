//! The procedures as clients see them: those of the product, changed by the variants that the options ask for.

use crate::sandbox::options::{Behaviour, Change, Variant};
use crate::sandbox::procedures::settings::{ELSEWHERE, NEW_IN_2016, SETTINGS, position_of};
use crate::sandbox::procedures::{ParameterDefault, Procedure};
use crate::sandbox::value::{SqlType, Value};

/// A parameter as clients see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    /// Its name, with the `@`.
    pub name: String,
    /// Its type.
    pub sql_type: SqlType,
    /// What it is where left out.
    pub default: ParameterDefault,
    /// Whether it gives a value back.
    pub output: bool,
    /// Which of the procedure's own parameters it is; `None` where the procedure knows nothing of it.
    pub index: Option<usize>,
}

/// A procedure as clients see it.
#[derive(Clone)]
pub struct Registered {
    procedure: &'static Procedure,
    parameters: Vec<Declared>,
    behaviours: Vec<Behaviour>,
}

impl std::fmt::Debug for Registered {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Registered").field("name", &self.name()).field("parameters", &self.parameters).finish()
    }
}

impl Registered {
    fn new(procedure: &'static Procedure) -> Self {
        let parameters = procedure.parameters.iter().enumerate().map(|(index, parameter)| Declared {
            name: parameter.name.to_owned(),
            sql_type: parameter.sql_type,
            default: parameter.default.clone(),
            output: parameter.output,
            index: Some(index),
        });
        Self { procedure, parameters: parameters.collect(), behaviours: Vec::new() }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.procedure.name
    }

    /// What it really is.
    pub fn procedure(&self) -> &'static Procedure {
        self.procedure
    }

    /// Its parameters in order.
    pub fn parameters(&self) -> &[Declared] {
        &self.parameters
    }

    /// What it does differently.
    pub fn behaviours(&self) -> &[Behaviour] {
        &self.behaviours
    }
}

/// A variant of something that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VariantError {
    /// No such procedure.
    #[error("the sandbox has no procedure '{procedure}' to make a variant of")]
    UnknownProcedure {
        /// The name.
        procedure: String,
    },
    /// No such parameter.
    #[error("procedure '{procedure}' has no parameter '{parameter}'; it has {}", known.join(", "))]
    UnknownParameter {
        /// The procedure.
        procedure: String,
        /// The name.
        parameter: String,
        /// Its parameters.
        known: Vec<String>,
    },
    /// No such column in the row of the settings.
    #[error("the sandbox's configuration row has no column '{column}'")]
    UnknownColumn {
        /// The name.
        column: String,
    },
}

/// What stands for every procedure in a variant that changes what it does, not how it is called.
const EVERY: &str = "*";

/// All procedures.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    procedures: Vec<Registered>,
}

impl Registry {
    /// The procedures with the variants applied, in order.
    ///
    /// # Errors
    /// A variant of a procedure or parameter that is not there.
    pub fn new(procedures: &[&'static Procedure], variants: &[Variant]) -> Result<Self, VariantError> {
        let mut registry = Self { procedures: procedures.iter().map(|procedure| Registered::new(procedure)).collect() };
        let asked = |column: &str| {
            let has = |change: &Change| matches!(change, Change::HasColumn(has) if has.eq_ignore_ascii_case(column));
            variants.iter().any(|variant| has(&variant.change))
        };
        ELSEWHERE.iter().filter(|column| !asked(column)).filter_map(|column| position_of(column)).for_each(|index| {
            registry.lose_column(index);
        });
        for variant in variants {
            registry.apply(variant)?;
        }
        Ok(registry)
    }

    fn apply(&mut self, variant: &Variant) -> Result<(), VariantError> {
        if let (EVERY, Change::Behaves(behaviour)) = (variant.procedure.as_str(), &variant.change) {
            self.procedures.iter_mut().for_each(|procedure| procedure.behaviours.push(*behaviour));
            return Ok(());
        }
        let position = self.procedures.iter().position(|known| known.name().eq_ignore_ascii_case(&variant.procedure));
        let Some(position) = position else {
            return Err(VariantError::UnknownProcedure { procedure: variant.procedure.clone() });
        };
        let Registered { parameters, behaviours, .. } = &mut self.procedures[position];
        let extra = |name: &String, default| Declared {
            name: name.clone(),
            sql_type: SqlType::Int,
            default,
            output: false,
            index: None,
        };
        match &variant.change {
            Change::Missing => {
                self.procedures.remove(position);
            }
            Change::Extra(name) => parameters.push(extra(name, ParameterDefault::Required)),
            Change::ExtraDefault(name) => parameters.push(extra(name, ParameterDefault::Null)),
            Change::Without(name) => {
                let index = find(parameters, variant, name)?;
                // A procedure cannot change what it is not told.
                behaviours.extend(parameters.remove(index).index.map(Behaviour::Ignores));
            }
            Change::Rename(name) => {
                let index = find(parameters, variant, name)?;
                parameters[index].name.push('2');
            }
            Change::RenameTo(name, other) => {
                let index = find(parameters, variant, name)?;
                parameters[index].name.clone_from(other);
            }
            Change::Retype(name) => {
                let index = find(parameters, variant, name)?;
                parameters[index].sql_type = another(parameters[index].sql_type);
            }
            Change::Ignores(name) => {
                let index = find(parameters, variant, name)?;
                behaviours.extend(parameters[index].index.map(Behaviour::Ignores));
            }
            Change::Loses(name) => {
                let index = find(parameters, variant, name)?;
                behaviours.extend(parameters[index].index.map(Behaviour::Loses));
            }
            // What the row of the settings lacks, the procedure that saves it does not take, either.
            Change::LacksColumn(column) => self.lose_column(column_of(column)?),
            Change::OlderRow => NEW_IN_2016.iter().filter_map(|column| position_of(column)).for_each(|index| {
                self.lose_column(index);
            }),
            Change::HasColumn(column) => drop(column_of(column)?),
            Change::Behaves(behaviour) => behaviours.push(*behaviour),
        }
        Ok(())
    }

    /// Takes a column from the row of the settings, and its parameter from the procedure that saves it.
    fn lose_column(&mut self, index: usize) {
        for known in &mut self.procedures {
            match known.name() {
                "spConfiguration" => known.behaviours.push(Behaviour::LacksColumn(index)),
                "spSetConfiguration" => {
                    let parameters = &mut known.parameters;
                    let saves = |declared: &Declared| declared.name.eq_ignore_ascii_case(SETTINGS[index].parameter);
                    if let Some(position) = parameters.iter().position(saves) {
                        known.behaviours.extend(parameters.remove(position).index.map(Behaviour::Ignores));
                    }
                }
                _ => {}
            }
        }
    }

    /// The procedures.
    pub fn iter(&self) -> impl Iterator<Item = &Registered> {
        self.procedures.iter()
    }

    /// Finds a procedure by its written name, which may name schema and database.
    pub fn find(&self, written: &str) -> Option<&Registered> {
        let parts: Vec<&str> = written.split('.').map(|part| part.trim().trim_matches(['[', ']', '"'])).collect();
        let (place, name) = match parts.as_slice() {
            [name] => (("", ""), *name),
            [schema, name] => (("", *schema), *name),
            [database, schema, name] => ((*database, *schema), *name),
            _ => return None,
        };
        let fits = |found: &str, expected: &str| found.is_empty() || found.eq_ignore_ascii_case(expected);
        if !fits(place.0, "SUSDB") || !fits(place.1, "dbo") {
            return None;
        }
        self.procedures.iter().find(|procedure| procedure.name().eq_ignore_ascii_case(name))
    }
}

fn column_of(column: &str) -> Result<usize, VariantError> {
    position_of(column).ok_or_else(|| VariantError::UnknownColumn { column: column.to_owned() })
}

fn find(parameters: &[Declared], variant: &Variant, name: &str) -> Result<usize, VariantError> {
    parameters.iter().position(|parameter| parameter.name.eq_ignore_ascii_case(name)).ok_or_else(|| {
        VariantError::UnknownParameter {
            procedure: variant.procedure.clone(),
            parameter: name.to_owned(),
            known: parameters.iter().map(|parameter| parameter.name.clone()).collect(),
        }
    })
}

/// The type that a retyped parameter has instead.
fn another(sql_type: SqlType) -> SqlType {
    match sql_type {
        SqlType::Bit | SqlType::TinyInt | SqlType::SmallInt | SqlType::BigInt => SqlType::Int,
        SqlType::Int => SqlType::BigInt,
        SqlType::Float => SqlType::Decimal { precision: 18, scale: 4 },
        SqlType::Decimal { .. } => SqlType::Float,
        SqlType::NVarChar(_) => SqlType::UniqueIdentifier,
        SqlType::UniqueIdentifier => SqlType::NVarChar(Some(36)),
        SqlType::VarBinary(_) => SqlType::NVarChar(None),
        SqlType::DateTime => SqlType::DateTime2(7),
        SqlType::DateTime2(_) => SqlType::DateTime,
    }
}

/// The constant that a default stands for; `None` where there is no default.
pub fn default_value(default: &ParameterDefault) -> Option<Value> {
    match default {
        ParameterDefault::Required => None,
        ParameterDefault::Null => Some(Value::Null),
        ParameterDefault::Int(number) => Some(Value::BigInt(*number)),
        ParameterDefault::Text(text) => Some(Value::NVarChar((*text).to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::procedures::Parameter;

    static PROCEDURE: Procedure = Procedure {
        name: "spTest",
        parameters: &[
            Parameter {
                name: "@id",
                sql_type: SqlType::UniqueIdentifier,
                default: ParameterDefault::Required,
                output: false,
            },
            Parameter { name: "@n", sql_type: SqlType::Int, default: ParameterDefault::Null, output: false },
        ],
        run: |_| Ok(0),
    };

    fn registry(change: Change) -> Result<Registry, VariantError> {
        Registry::new(&[&PROCEDURE], &[Variant { procedure: "SPTEST".to_owned(), change }])
    }

    fn names(registry: &Registry) -> Vec<&str> {
        registry.find("spTest").unwrap().parameters().iter().map(|parameter| parameter.name.as_str()).collect()
    }

    #[test]
    fn procedures_are_found_in_every_spelling() {
        let registry = Registry::new(&[&PROCEDURE], &[]).unwrap();
        for name in ["spTest", "SPTEST", "dbo.spTest", "[dbo].[spTest]", "SUSDB..spTest", "SUSDB.dbo.sptest"] {
            assert!(registry.find(name).is_some(), "{name}");
        }
        for name in ["", "spOther", "other.spTest", "master.dbo.spTest", "a.b.c.d"] {
            assert!(registry.find(name).is_none(), "{name}");
        }
    }

    #[test]
    fn variants_change_what_clients_see() {
        assert!(registry(Change::Missing).unwrap().find("spTest").is_none());
        assert_eq!(names(&registry(Change::Extra("@extra".to_owned())).unwrap()), ["@id", "@n", "@extra"]);
        assert_eq!(names(&registry(Change::Without("@ID".to_owned())).unwrap()), ["@n"]);
        assert_eq!(names(&registry(Change::Rename("@n".to_owned())).unwrap()), ["@id", "@n2"]);
        let retyped = registry(Change::Retype("@n".to_owned())).unwrap();
        assert_eq!(retyped.find("spTest").unwrap().parameters()[1].sql_type, SqlType::BigInt);
    }

    #[test]
    fn a_variant_of_nothing_is_an_error() {
        let error = registry(Change::Without("@x".to_owned())).unwrap_err();
        assert!(error.to_string().contains("@id, @n"), "{error}");
        for procedure in ["spOther", "*"] {
            let variant = Variant { procedure: procedure.to_owned(), change: Change::Missing };
            assert!(Registry::new(&[&PROCEDURE], &[variant]).is_err(), "{procedure}");
        }
        let every = Variant { procedure: "*".to_owned(), change: Change::Behaves(Behaviour::GeneralState) };
        let registry = Registry::new(&[&PROCEDURE], &[every]).unwrap();
        assert_eq!(registry.find("spTest").unwrap().behaviours(), [Behaviour::GeneralState]);
    }
}
