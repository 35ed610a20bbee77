//! The functions of T-SQL that the sandbox knows.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectNamePart,
};

use super::expression::{Shape, Term, common_type, literal, substring, text_type};
use super::translate::Translator;
use super::{declared, errors, scalar, storage};
use crate::sandbox::database::ServerError;
use crate::sandbox::value::{SqlType, Value};

/// What `@@VERSION` says. It begins as SQL Server's does, because clients look for that, and then says what it is.
const VERSION: &str = concat!(
    "Microsoft SQL Server 2019 (emulated) - 15.0.2000.5 - WSUS sandbox ",
    env!("CARGO_PKG_VERSION"),
    ": not SQL Server"
);

/// What the sandbox calls itself.
const SERVER: &str = "SANDBOX";

impl Translator<'_> {
    pub(super) fn function(&mut self, function: &Function) -> Result<Term, ServerError> {
        let name = function_name(function)?;
        if function.over.is_some()
            || function.filter.is_some()
            || function.null_treatment.is_some()
            || !function.within_group.is_empty()
            || function.uses_odbc_syntax
            || function.parameters != FunctionArguments::None
        {
            return Err(errors::unsupported(&format!("the clauses behind {name}")));
        }
        let list = match &function.args {
            FunctionArguments::None => return self.bare_function(&name).ok_or_else(|| errors::unknown_function(&name)),
            FunctionArguments::Subquery(_) => return Err(errors::syntax(&name)),
            FunctionArguments::List(list) => list,
        };
        if !list.clauses.is_empty() {
            return Err(errors::unsupported(&format!("the clauses in {name}")));
        }
        let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
        if let Some(aggregate) = self.aggregate(&name, distinct, &list.args)? {
            return Ok(aggregate);
        }
        if list.duplicate_treatment.is_some() {
            return Err(errors::syntax("DISTINCT"));
        }
        let arguments = list.args.iter().map(plain_argument).collect::<Result<Vec<_>, _>>()?;
        if let Some(term) = self.with_keyword(&name, &arguments)? {
            return Ok(term);
        }
        let terms = arguments.iter().map(|argument| self.value(argument)).collect::<Result<Vec<_>, _>>()?;
        match self.about_session(&name, &terms) {
            Some(term) => Ok(term),
            None => plain(&name, &terms),
        }
    }

    /// COUNT, MIN, MAX, SUM and AVG.
    fn aggregate(
        &mut self,
        name: &str,
        distinct: bool,
        arguments: &[FunctionArg],
    ) -> Result<Option<Term>, ServerError> {
        let counted = match name {
            "count" => Some(SqlType::Int),
            "count_big" => Some(SqlType::BigInt),
            "min" | "max" | "sum" | "avg" => None,
            _ => return Ok(None),
        };
        let [argument] = arguments else { return Err(wrong_count(name, 1)) };
        if let (Some(sql_type), FunctionArg::Unnamed(FunctionArgExpr::Wildcard), false) = (counted, argument, distinct)
        {
            return Ok(Some(Term::value("count(*)".to_owned(), Some(sql_type))));
        }
        let value = self.value(plain_argument(argument)?)?;
        let all = if distinct { "DISTINCT " } else { "" };
        let argument = value.collated();
        if let Some(sql_type) = counted {
            return Ok(Some(Term::value(format!("count({all}{argument})"), Some(sql_type))));
        }
        if name == "min" || name == "max" {
            return Ok(Some(Term::value(format!("{name}({argument})"), value.sql_type)));
        }
        let sql_type = match value.sql_type {
            Some(SqlType::TinyInt | SqlType::SmallInt | SqlType::Int) => SqlType::Int,
            Some(SqlType::Decimal { scale, .. }) => SqlType::Decimal { precision: 38, scale },
            Some(number @ (SqlType::BigInt | SqlType::Float)) => number,
            other => {
                let other = other.map_or("NULL", declared::name);
                let text = format!("Operand data type {other} is invalid for {name} operator.");
                return Err(errors::error(8117, text));
            }
        };
        let sum = format!("sum({all}{argument})");
        let sql = if name == "sum" { sum } else { format!("tsql_divide({sum}, count({all}{argument}))") };
        Ok(Some(Term::value(sql, Some(sql_type))))
    }

    /// Functions whose first argument is a word, or a condition.
    fn with_keyword(&mut self, name: &str, arguments: &[&Expr]) -> Result<Option<Term>, ServerError> {
        match (name, arguments) {
            ("dateadd", [part, number, date]) => {
                let part = date_part(part)?;
                let (number, date) = (self.value(number)?, self.value(date)?);
                let sql = format!("tsql_dateadd('{part}', {}, {})", number.sql, date.sql);
                Ok(Some(Term::value(sql, Some(SqlType::DateTime))))
            }
            ("datediff", [part, from, to]) => {
                let part = date_part(part)?;
                let (from, to) = (self.value(from)?, self.value(to)?);
                let sql = format!("tsql_datediff('{part}', {}, {})", from.sql, to.sql);
                Ok(Some(Term::value(sql, Some(SqlType::Int))))
            }
            ("iif", [condition, then, otherwise]) => {
                let condition = self.predicate(condition)?;
                let branches = [self.value(then)?, self.value(otherwise)?];
                let sql = format!("(CASE WHEN {condition} THEN {} ELSE {} END)", branches[0].sql, branches[1].sql);
                Ok(Some(Term::value(sql, common_type(&branches))))
            }
            ("dateadd" | "datediff" | "iif", _) => Err(wrong_count(name, 3)),
            _ => Ok(None),
        }
    }

    /// A function that is written without parentheses.
    pub(super) fn bare_function(&self, name: &str) -> Option<Term> {
        match name.to_ascii_lowercase().as_str() {
            "current_timestamp" => Some(self.local_now()),
            "system_user" | "session_user" | "current_user" | "user" => Some(text(&self.around.facts.login.user)),
            _ => None,
        }
    }

    fn now(&self) -> Term {
        Term::constant(Value::DateTime(self.around.facts.now), Some(SqlType::DateTime))
    }

    fn local_now(&self) -> Term {
        let ahead = chrono::Duration::minutes(self.around.catalogue.utc_offset_minutes.into());
        Term::constant(Value::DateTime(self.around.facts.now + ahead), Some(SqlType::DateTime))
    }

    /// Functions about the session and the server, whose value is known before the statement runs.
    fn about_session(&self, name: &str, arguments: &[Term]) -> Option<Term> {
        let facts = self.around.facts;
        let first = match arguments.first().map(|argument| &argument.shape) {
            Some(Shape::Constant(Value::NVarChar(text))) => text.as_str(),
            _ => "",
        };
        Some(match (name, arguments.len()) {
            ("getutcdate" | "sysutcdatetime", 0) => self.now(),
            ("getdate" | "sysdatetime", 0) => self.local_now(),
            ("suser_sname" | "suser_name" | "original_login", 0) => text(&facts.login.user),
            ("user_name", 0) if self.around.catalogue.access.is_administrator() => text("dbo"),
            ("user_name", 0) => text(&facts.login.user),
            ("host_name", 0) => text(&facts.login.host),
            ("app_name" | "program_name", 0) => text(&facts.login.application),
            ("db_name", 0) => text(&facts.database),
            ("db_name", 1) => match &arguments[0].shape {
                Shape::Constant(Value::Int(5)) => text("SUSDB"),
                Shape::Constant(Value::Int(1)) => text("master"),
                _ => Term::constant(Value::Null, Some(SqlType::NVarChar(Some(128)))),
            },
            ("db_id", 0) => database_id(&facts.database),
            ("db_id", 1) => database_id(first),
            ("schema_name", 0) => text("dbo"),
            ("object_id", 1 | 2) => {
                let id = self.around.catalogue.object_id(first);
                Term::constant(id.map_or(Value::Null, Value::Int), Some(SqlType::Int))
            }
            ("object_name", 1) => {
                let name = match arguments[0].shape {
                    Shape::Constant(Value::Int(id)) => self.around.catalogue.object_name(id),
                    _ => None,
                };
                name.map_or_else(|| Term::constant(Value::Null, Some(SqlType::NVarChar(Some(128)))), text)
            }
            ("is_member" | "is_rolemember", 1) => {
                let member = self.around.catalogue.access.is_member(first);
                Term::constant(member.map_or(Value::Null, |member| Value::Int(i32::from(member))), Some(SqlType::Int))
            }
            ("is_srvrolemember", 1) => number(i32::from(
                first.eq_ignore_ascii_case("public") || self.around.catalogue.access.is_administrator(),
            )),
            ("has_dbaccess", 1) => number(1),
            ("has_perms_by_name", 3) => {
                let values: Vec<&str> = arguments.iter().map(|argument| argument.sql.as_str()).collect();
                Term::value(format!("tsql_may({})", values.join(", ")), Some(SqlType::Int))
            }
            ("quotename", 1) => Term::value(
                format!("('[' || replace({}, ']', ']]') || ']')", arguments[0].sql),
                Some(SqlType::NVarChar(Some(258))),
            ),
            ("databasepropertyex", 2) => match property_of(&arguments[1]).as_str() {
                "collation" => text("SQL_Latin1_General_CP1_CI_AS"),
                "status" => text("ONLINE"),
                "updateability" => text("READ_WRITE"),
                _ => Term::constant(Value::Null, Some(SqlType::NVarChar(Some(128)))),
            },
            ("serverproperty", 1) => server_property(first),
            ("scope_identity", 0) => Term::constant(Value::Null, Some(SqlType::Decimal { precision: 38, scale: 0 })),
            ("newid", 0) => Term::value("tsql_newid()".to_owned(), Some(SqlType::UniqueIdentifier)),
            ("xact_state", 0) => {
                Term::constant(Value::SmallInt(i16::from(facts.transactions > 0)), Some(SqlType::SmallInt))
            }
            _ => return None,
        })
    }

    /// `@@SPID` and its like.
    pub(super) fn global(&self, name: &str) -> Result<Term, ServerError> {
        let facts = self.around.facts;
        let int = |number: i64| {
            let number = i32::try_from(number).unwrap_or(i32::MAX);
            Term::constant(Value::Int(number), Some(SqlType::Int))
        };
        Ok(match name.to_ascii_lowercase().as_str() {
            "@@version" => text(VERSION),
            "@@servername" => text(SERVER),
            "@@servicename" => text("MSSQLSERVER"),
            "@@language" => text("us_english"),
            "@@spid" => {
                let session = i16::try_from(facts.login.session_id).unwrap_or(i16::MAX);
                Term::constant(Value::SmallInt(session), Some(SqlType::SmallInt))
            }
            "@@trancount" => int(i64::from(facts.transactions)),
            "@@rowcount" => int(facts.row_count),
            "@@error" => int(i64::from(facts.last_error)),
            "@@nestlevel" | "@@options" | "@@procid" | "@@langid" => int(0),
            "@@lock_timeout" => int(-1),
            "@@textsize" => int(2_147_483_647),
            "@@datefirst" => Term::constant(Value::TinyInt(7), Some(SqlType::TinyInt)),
            "@@max_precision" => Term::constant(Value::TinyInt(38), Some(SqlType::TinyInt)),
            "@@microsoftversion" => int(0x0F00_07D0),
            "@@identity" => Term::constant(Value::Null, Some(SqlType::Decimal { precision: 38, scale: 0 })),
            _ => return Err(errors::unknown_variable(name)),
        })
    }
}

fn function_name(function: &Function) -> Result<String, ServerError> {
    match function.name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] => Ok(name.value.to_ascii_lowercase()),
        _ => {
            let name = &function.name;
            let text = format!(
                "Cannot find either column or the user-defined function or aggregate \"{name}\", or the name is ambiguous."
            );
            Err(errors::error(4121, text))
        }
    }
}

fn plain_argument(argument: &FunctionArg) -> Result<&Expr, ServerError> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => Ok(expression),
        other => Err(errors::syntax(&other.to_string())),
    }
}

fn wrong_count(name: &str, count: usize) -> ServerError {
    let name = name.to_ascii_uppercase();
    errors::severe(174, 15, format!("The {name} function requires {count} argument(s)."))
}

/// The name of a part of a date, checked, so it can stand in SQL as it is.
fn date_part(expression: &Expr) -> Result<String, ServerError> {
    match expression {
        Expr::Identifier(name) if scalar::date_part(&name.value).is_some() => Ok(name.value.to_ascii_lowercase()),
        other => Err(errors::severe(155, 15, format!("'{other}' is not a recognized datepart option."))),
    }
}

fn text(value: &str) -> Term {
    Term::constant(Value::NVarChar(value.to_owned()), Some(SqlType::NVarChar(Some(256))))
}

fn number(value: i32) -> Term {
    Term::constant(Value::Int(value), Some(SqlType::Int))
}

fn property_of(argument: &Term) -> String {
    match &argument.shape {
        Shape::Constant(Value::NVarChar(text)) => text.to_ascii_lowercase(),
        _ => String::new(),
    }
}

fn database_id(name: &str) -> Term {
    let id = match name.to_ascii_lowercase().as_str() {
        "susdb" => Value::SmallInt(5),
        "master" => Value::SmallInt(1),
        _ => Value::Null,
    };
    Term::constant(id, Some(SqlType::SmallInt))
}

fn server_property(name: &str) -> Term {
    match name.to_ascii_lowercase().as_str() {
        "productversion" => text("15.0.2000.5"),
        "productlevel" => text("RTM"),
        "edition" => text("WSUS sandbox"),
        "servername" | "machinename" | "computernamephysicalnetbios" => text(SERVER),
        "collation" => text("SQL_Latin1_General_CP1_CI_AS"),
        "productmajorversion" => text("15"),
        "engineedition" => number(4),
        "isclustered" | "isintegratedsecurityonly" | "issingleuser" | "ishadrenabled" | "isfulltextinstalled" => {
            number(0)
        }
        "processid" => number(i32::try_from(std::process::id()).unwrap_or(i32::MAX)),
        _ => Term::constant(Value::Null, Some(SqlType::NVarChar(Some(256)))),
    }
}

/// Functions of values.
fn plain(name: &str, terms: &[Term]) -> Result<Term, ServerError> {
    let sql = |index: usize| terms[index].sql.as_str();
    let first_type = terms.first().and_then(|term| term.sql_type);
    let int = Some(SqlType::Int);
    let term = match (name, terms.len()) {
        ("isnull", 2) => {
            let sql_type = if terms[0].is_null() { terms[1].sql_type } else { first_type };
            Term::value(format!("ifnull({}, {})", sql(0), sql(1)), sql_type)
        }
        ("coalesce", 2..) => Term::value(format!("coalesce({})", joined(terms, ", ")), common_type(terms)),
        ("nullif", 2) => {
            let equal = super::expression::compare(&terms[0], "=", &terms[1])?;
            Term::value(format!("(CASE WHEN {equal} THEN NULL ELSE {} END)", sql(0)), first_type)
        }
        ("len", 1) => Term::value(format!("tsql_len({})", sql(0)), int),
        ("datalength", 1) if matches!(first_type, Some(SqlType::VarBinary(_))) => {
            Term::value(format!("length({})", sql(0)), int)
        }
        ("upper" | "lower", 1) => Term::value(format!("tsql_{name}({})", sql(0)), text_type(&terms[0])),
        ("ltrim" | "rtrim" | "trim", 1) => Term::value(format!("{name}({})", sql(0)), text_type(&terms[0])),
        ("replace", 3) => Term::value(format!("replace({})", joined(terms, ", ")), Some(SqlType::NVarChar(Some(4000)))),
        ("substring", 3) => substring(&terms[0], &terms[1], &terms[2]),
        ("left", 2) => substring(&terms[0], &number(1), &terms[1]),
        ("charindex", 2) => Term::value(format!("instr(tsql_lower({}), tsql_lower({}))", sql(1), sql(0)), int),
        ("concat", 2..) => {
            let parts: Vec<_> = terms.iter().map(as_text).collect();
            Term::value(format!("({})", parts.join(" || ")), Some(SqlType::NVarChar(None)))
        }
        ("abs", 1) => Term::value(format!("abs({})", sql(0)), first_type),
        (known, _) => {
            return Err(match known {
                "isnull" | "nullif" | "left" | "charindex" => wrong_count(known, 2),
                "replace" | "substring" => wrong_count(known, 3),
                "len" | "upper" | "lower" | "ltrim" | "rtrim" | "trim" | "abs" => wrong_count(known, 1),
                "getutcdate" | "getdate" | "newid" | "host_name" | "app_name" => wrong_count(known, 0),
                _ => errors::unknown_function(known),
            });
        }
    };
    Ok(term)
}

fn joined(terms: &[Term], separator: &str) -> String {
    terms.iter().map(|term| term.sql.as_str()).collect::<Vec<_>>().join(separator)
}

/// A value as CONCAT takes it: as text, NULL as nothing.
fn as_text(term: &Term) -> String {
    let empty = literal(&storage::store(&Value::NVarChar(String::new())));
    let source = term.sql_type.map(declared::spelled).unwrap_or_default();
    format!("ifnull(tsql_cast({}, '{source}', 'nvarchar(max)', 0, 0), {empty})", term.sql)
}
