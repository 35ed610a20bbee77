//! What we take SUSDB to be: every procedure, view and table that is used, with the source of each fact.
//!
//! docs/susdb.md tabulates the same; a test holds that nothing in here is missing there. Grades: A was seen in code or
//! documents of people who ran it, B is inferred from an official wrapper or from names, C is our guess.

pub mod listed;
pub mod lists;
pub mod objects;
pub mod procedures;
pub mod references;
pub mod uses;

/// How sure a fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Seen in code that its author ran against a real server, in a scripted definition, or stated by Microsoft.
    A,
    /// Inferred from an official wrapper or from names alone.
    B,
    /// Our guess.
    C,
}

/// Where a fact comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    /// The public source.
    pub source: &'static str,
    /// How sure it is.
    pub grade: Grade,
}

/// A procedure that is written through.
#[derive(Debug, Clone, Copy)]
pub struct ProcedureContract {
    /// Which.
    pub procedure: crate::model::procedure::Procedure,
    /// Its parameters.
    pub parameters: &'static [ParameterContract],
    /// Whether it saves a whole row: its parameters are then those of the live server, and each has its value from the row
    /// that was read, from a list, or from its own default.
    pub saves_a_row: bool,
    /// Where its name comes from.
    pub evidence: Evidence,
}

/// A parameter of a procedure.
#[derive(Debug, Clone, Copy)]
pub struct ParameterContract {
    /// Its name, with the `@`.
    pub name: &'static str,
    /// The name that it may have instead, where the sources do not agree.
    pub other_name: Option<&'static str>,
    /// Its type.
    pub parameter_type: ParameterType,
    /// Whether we send it.
    pub sent: Sent,
    /// Where it comes from.
    pub evidence: Evidence,
}

impl ParameterContract {
    /// Whether a live parameter of this name is this one. SQL Server's names do not know case.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        std::iter::once(self.name).chain(self.other_name).any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterType {
    /// `uniqueidentifier`
    UniqueIdentifier,
    /// `int`
    Int,
    /// `smallint`
    SmallInt,
    /// `tinyint`
    TinyInt,
    /// `bit`
    Bit,
    /// `datetime`
    DateTime,
    /// `nvarchar`
    NVarChar {
        /// Its length in characters as it is known.
        length: i16,
        /// What we may send at most: a live parameter that is shorter than this is another signature.
        needed: i16,
    },
    /// `nvarchar(max)`
    NVarCharMax,
}

impl ParameterType {
    /// The type's name in `sys.types`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UniqueIdentifier => "uniqueidentifier",
            Self::Int => "int",
            Self::SmallInt => "smallint",
            Self::TinyInt => "tinyint",
            Self::Bit => "bit",
            Self::DateTime => "datetime",
            Self::NVarChar { .. } | Self::NVarCharMax => "nvarchar",
        }
    }
}

impl std::fmt::Display for ParameterType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NVarChar { length, .. } => write!(f, "nvarchar({length})"),
            Self::NVarCharMax => f.write_str("nvarchar(max)"),
            other => f.write_str(other.name()),
        }
    }
}

/// Whether a parameter is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// In calls that need it: a procedure without it is another procedure.
    Always,
    /// Where the live procedure has it.
    WherePresent,
    /// Never: the procedure's own default holds. At least one working caller leaves it out.
    Never,
}

/// What cannot be done without a table or view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// Nothing can.
    Always,
    /// A manifest that names updates, or chooses them by conditions.
    BySupersedence,
    /// A manifest that chooses updates by how many computers need them.
    ByNeededBy,
    /// A manifest that says what is synchronised.
    BySynchronization,
    /// A manifest about mails; and exports.
    ByNotifications,
    /// Showing what a change comes to: it is left out then.
    ByImpact,
    /// A manifest that declares or prunes automatic approval rules, or prunes their groups; and lists of rules.
    ByRules,
    /// A manifest that declares downstream servers; and lists of these.
    ByDownstreamServers,
    /// Lists of what it has.
    ByLists,
    /// A check of `doctor`.
    ByDoctor,
}

/// A table or view that is read.
#[derive(Debug, Clone, Copy)]
pub struct ObjectContract {
    /// Its schema.
    pub schema: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The columns that are read.
    pub columns: &'static [&'static str],
    /// What cannot be done without it.
    pub needed: Needed,
    /// Where its columns come from.
    pub evidence: Evidence,
}

#[cfg(test)]
mod tests {
    use super::listed::LISTED;
    use super::objects::{DOCTOR_OBJECTS, OBJECTS};
    use super::procedures::PROCEDURES;
    use super::references::REFERENCES;
    use crate::model::procedure::Procedure;

    #[test]
    fn every_procedure_has_a_contract() {
        for procedure in Procedure::ALL {
            assert_eq!(PROCEDURES.iter().filter(|contract| contract.procedure == procedure).count(), 1);
        }
        assert_eq!(PROCEDURES.len(), Procedure::ALL.len());
    }

    #[test]
    fn the_document_has_every_entry() {
        let document = std::fs::read_to_string("docs/susdb.md").unwrap();
        for contract in PROCEDURES {
            let line = row_of(&document, contract.procedure.name());
            assert!(line.contains(contract.evidence.source), "{line}");
            for parameter in contract.parameters {
                let name = format!("{} {}", parameter.name, parameter.parameter_type);
                assert!(line.contains(&name), "{} lacks {name}", contract.procedure.name());
            }
        }
        for object in OBJECTS.iter().chain(LISTED).chain(DOCTOR_OBJECTS) {
            let name = if object.schema == "dbo" {
                object.name.to_owned()
            } else {
                format!("{}.{}", object.schema, object.name)
            };
            let line = row_of(&document, &name);
            assert!(line.contains(object.evidence.source), "{line}");
            for column in object.columns {
                assert!(line.contains(column), "{name} lacks {column}");
            }
        }
    }

    #[test]
    fn the_document_has_every_reference_table() {
        let document = std::fs::read_to_string("docs/susdb.md").unwrap();
        for reference in REFERENCES {
            let line = row_of(&document, reference.table);
            assert!(line.contains(reference.evidence.source), "{line}");
            for column in reference.columns {
                assert!(line.contains(column), "{} lacks {column}", reference.table);
                assert!(reference.select.text.contains(column), "{} does not read {column}", reference.select.name);
            }
        }
    }

    fn row_of<'a>(document: &'a str, name: &str) -> &'a str {
        let start = format!("| `{name}` |");
        document.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("docs/susdb.md lacks {name}"))
    }
}
