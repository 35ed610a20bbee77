//! The statements that a batch may consist of.

use sqlparser::ast::{Expr, Query};

use crate::sandbox::value::{SqlType, Value};

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// SELECT, WITH ... SELECT, and `SELECT @x = ...`.
    Query(Box<Query>),
    /// `DECLARE @name type [= value]`.
    Declare {
        /// With its `@`.
        name: String,
        /// Its type.
        sql_type: SqlType,
        /// What it begins with.
        value: Option<Expr>,
    },
    /// `SET @name = value`.
    Assign {
        /// With its `@`.
        name: String,
        /// The new value.
        value: Expr,
    },
    /// `SET NOCOUNT ON`: the option in capitals, and whether it is on.
    Switch(String, bool),
    /// A SET that changes nothing here.
    Ignored,
    /// `USE database`.
    Use(String),
    /// `PRINT value`.
    Print(Expr),
    /// `EXEC procedure ...`.
    Execute(Execution),
    /// `ALTER USER user WITH LOGIN = login`.
    MapUser {
        /// The user's name.
        user: String,
        /// The login's.
        login: String,
    },
    /// `BEGIN TRANSACTION`.
    Begin,
    /// `COMMIT`.
    Commit,
    /// `ROLLBACK`, all of it or to a savepoint.
    Rollback(Option<String>),
    /// `SAVE TRANSACTION name`.
    Save(String),
    /// `IF condition statement [ELSE statement]`.
    If {
        /// What decides.
        condition: Expr,
        /// Runs where it holds.
        then: Box<Statement>,
        /// Runs where it does not.
        otherwise: Option<Box<Statement>>,
    },
    /// `BEGIN ... END`.
    Block(Vec<Statement>),
    /// `RETURN`: ends the batch.
    Return,
}

/// A procedure call in a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// The variable that takes the return code.
    pub result: Option<String>,
    /// The procedure's name as written.
    pub procedure: String,
    /// The arguments in order.
    pub arguments: Vec<Argument>,
}

/// An argument of a procedure call in a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// The parameter's name with its `@`; empty where given by position.
    pub name: String,
    /// What is passed.
    pub value: ArgumentValue,
    /// Whether OUTPUT was written behind it.
    pub output: bool,
}

/// What an argument passes.
#[derive(Debug, Clone, PartialEq)]
pub enum ArgumentValue {
    /// A constant.
    Constant(Value),
    /// A variable, with its `@`.
    Variable(String),
    /// `DEFAULT`.
    Default,
}
