//! Properties: every value that the sandbox sends is what tiberius reads, and every value that tiberius sends is what comes
//! back.

use std::sync::Arc;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, proptest};
use proptest::prelude::{prop_assert_eq, prop_oneof};
use tiberius::numeric::Numeric;
use tiberius::{Client, FromSql, Query, Row};
use tokio_util::compat::TokioAsyncReadCompatExt;
use wsusctl::sandbox::database::{
    Cancelled, Database, DatabaseSession, Login, Response, RpcOutcome, RpcParameter, ServerError, TransactionRequest,
};
use wsusctl::sandbox::tds::serve_connection;
use wsusctl::sandbox::value::{SqlType, Value};

use crate::echo::column;
use crate::raw::open;
use crate::tiberius_client::{config, connect};

/// A database whose answer to every batch is one table.
#[derive(Clone)]
struct Table {
    types: Vec<SqlType>,
    rows: Vec<Vec<Value>>,
}

impl Database for Table {
    type Session = Self;

    fn open(&self, _: Login) -> Result<Self, ServerError> {
        Ok(self.clone())
    }
}

impl DatabaseSession for Table {
    fn batch(&mut self, _: &str, response: &mut dyn Response) -> Result<(), Cancelled> {
        let columns: Vec<_> = self.types.iter().map(|sql_type| column("c", *sql_type)).collect();
        response.columns(&columns)?;
        for row in &self.rows {
            response.row(row)?;
        }
        response.done(Some(self.rows.len() as u64))
    }

    fn call(&mut self, _: &str, _: Vec<RpcParameter>, _: &mut dyn Response) -> Result<RpcOutcome, Cancelled> {
        Ok(RpcOutcome::default())
    }

    fn transaction(&mut self, _: TransactionRequest) -> Result<(), ServerError> {
        Ok(())
    }

    fn reset(&mut self) {}
}

/// What tiberius makes of the table, asked over packets of this size.
async fn read(table: Table, packet_size: u32) -> Vec<Row> {
    let (client, server) = tokio::io::duplex(64 << 10);
    tokio::spawn(serve_connection(server, Arc::new(table), Arc::new(open())));
    let mut config = config("sa", "");
    config.packet_size(packet_size);
    let mut client = Client::connect(config, client.compat()).await.unwrap();
    client.simple_query("go").await.unwrap().into_first_result().await.unwrap()
}

/// A cell of a row as the sandbox has it.
fn cell(row: &Row, index: usize, sql_type: SqlType) -> Value {
    fn get<'a, T: FromSql<'a>>(row: &'a Row, index: usize) -> Option<T> {
        row.try_get(index).unwrap()
    }
    let value = match sql_type {
        SqlType::Bit => get(row, index).map(Value::Bit),
        SqlType::TinyInt => get(row, index).map(Value::TinyInt),
        SqlType::SmallInt => get(row, index).map(Value::SmallInt),
        SqlType::Int => get(row, index).map(Value::Int),
        SqlType::BigInt => get(row, index).map(Value::BigInt),
        SqlType::Float => get(row, index).map(Value::Float),
        SqlType::Decimal { .. } => {
            get::<Numeric>(row, index).map(|number| Value::Decimal { unscaled: number.value(), scale: number.scale() })
        }
        SqlType::NVarChar(_) => get::<&str>(row, index).map(|text| Value::NVarChar(text.to_owned())),
        SqlType::VarBinary(_) => get::<&[u8]>(row, index).map(|bytes| Value::VarBinary(bytes.to_vec())),
        SqlType::UniqueIdentifier => get(row, index).map(Value::UniqueIdentifier),
        SqlType::DateTime | SqlType::DateTime2(_) => get(row, index).map(Value::DateTime),
    };
    value.unwrap_or(Value::Null)
}

fn seconds(first_year: i32) -> impl Strategy<Value = NaiveDateTime> {
    let first = NaiveDate::from_ymd_opt(first_year, 1, 1).unwrap();
    let days = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap().signed_duration_since(first).num_days();
    (0..=days, 0..86_400_u32).prop_map(move |(day, second)| {
        let time = NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap();
        (first + TimeDelta::days(day)).and_time(time)
    })
}

/// Moments in steps of `datetime2(scale)`, and so without rounding.
fn steps(scale: u8) -> impl Strategy<Value = NaiveDateTime> {
    let steps_a_second = 10_i64.pow(u32::from(scale));
    (seconds(1), 0..steps_a_second)
        .prop_map(move |(second, step)| second + TimeDelta::nanoseconds(step * (1_000_000_000 / steps_a_second)))
}

fn texts(chars_max: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>(), 0..=chars_max).prop_map(|chars| chars.into_iter().collect())
}

/// A type with a few of its values.
fn columns() -> impl Strategy<Value = (SqlType, Vec<Value>)> {
    fn of<T: std::fmt::Debug>(
        sql_type: SqlType,
        values: impl Strategy<Value = T>,
        wrap: impl Fn(T) -> Value + Copy,
    ) -> impl Strategy<Value = (SqlType, Vec<Value>)> {
        let nullable = prop::option::of(values).prop_map(move |value| value.map_or(Value::Null, wrap));
        prop::collection::vec(nullable, 5).prop_map(move |values| (sql_type, values))
    }
    let floats = any::<f64>().prop_filter("finite", |number| number.is_finite());
    prop_oneof![
        of(SqlType::Bit, any::<bool>(), Value::Bit),
        of(SqlType::TinyInt, any::<u8>(), Value::TinyInt),
        of(SqlType::SmallInt, any::<i16>(), Value::SmallInt),
        of(SqlType::Int, any::<i32>(), Value::Int),
        of(SqlType::BigInt, any::<i64>(), Value::BigInt),
        of(SqlType::Float, floats, Value::Float),
        (1_u8..=38).prop_flat_map(|precision| (Just(precision), 0..=precision)).prop_flat_map(|(precision, scale)| {
            let largest = 10_i128.pow(u32::from(precision)) - 1;
            of(SqlType::Decimal { precision, scale }, -largest..=largest, move |unscaled| Value::Decimal {
                unscaled,
                scale,
            })
        }),
        of(SqlType::NVarChar(Some(40)), texts(20), Value::NVarChar),
        of(SqlType::NVarChar(Some(4000)), Just("\u{10FFFF}".repeat(2000)), Value::NVarChar),
        of(SqlType::NVarChar(None), texts(3000), Value::NVarChar),
        of(SqlType::VarBinary(Some(8000)), prop::collection::vec(any::<u8>(), 0..=8000), Value::VarBinary),
        of(SqlType::VarBinary(None), prop::collection::vec(any::<u8>(), 0..9000), Value::VarBinary),
        of(SqlType::UniqueIdentifier, any::<u128>().prop_map(uuid::Uuid::from_u128), Value::UniqueIdentifier),
        // Whole seconds: what becomes of fractions is a property of its own.
        of(SqlType::DateTime, seconds(1753), Value::DateTime),
        (0_u8..=7).prop_flat_map(|scale| of(SqlType::DateTime2(scale), steps(scale), Value::DateTime)),
    ]
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Everything that a client of the driver can bind.
#[derive(Debug, Clone)]
enum Bound {
    Bit(Option<bool>),
    TinyInt(Option<u8>),
    SmallInt(Option<i16>),
    Int(Option<i32>),
    BigInt(Option<i64>),
    Real(Option<f32>),
    Float(Option<f64>),
    Numeric(Option<(i128, u8)>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Guid(Option<u128>),
    DateTime2(Option<NaiveDateTime>),
    Date(Option<NaiveDate>),
    Offset(Option<DateTime<FixedOffset>>),
}

impl Bound {
    fn bind<'a>(&'a self, query: &mut Query<'a>) {
        match self {
            Self::Bit(value) => query.bind(*value),
            Self::TinyInt(value) => query.bind(*value),
            Self::SmallInt(value) => query.bind(*value),
            Self::Int(value) => query.bind(*value),
            Self::BigInt(value) => query.bind(*value),
            Self::Real(value) => query.bind(*value),
            Self::Float(value) => query.bind(*value),
            Self::Numeric(value) => query.bind(value.map(|(value, scale)| Numeric::new_with_scale(value, scale))),
            Self::Text(value) => query.bind(value.as_deref()),
            Self::Bytes(value) => query.bind(value.as_deref()),
            Self::Guid(value) => query.bind(value.map(uuid::Uuid::from_u128)),
            Self::DateTime2(value) => query.bind(*value),
            Self::Date(value) => query.bind(*value),
            Self::Offset(value) => query.bind(*value),
        }
    }

    fn came_back(&self, row: &Row) {
        let name = "P1";
        match self {
            Self::Bit(value) => assert_eq!(row.get::<bool, _>(name), *value),
            Self::TinyInt(value) => assert_eq!(row.get::<u8, _>(name), *value),
            Self::SmallInt(value) => assert_eq!(row.get::<i16, _>(name), *value),
            Self::Int(value) => assert_eq!(row.get::<i32, _>(name), *value),
            Self::BigInt(value) => assert_eq!(row.get::<i64, _>(name), *value),
            Self::Real(value) => assert_eq!(row.get::<f64, _>(name), value.map(f64::from)),
            Self::Float(value) => assert_eq!(row.get::<f64, _>(name), *value),
            // A NULL of these goes out without a type, and comes back as the NULL of an int.
            Self::Numeric(None) | Self::Text(None) | Self::Bytes(None) => assert_eq!(row.get::<i32, _>(name), None),
            Self::DateTime2(None) | Self::Date(None) | Self::Offset(None) => assert_eq!(row.get::<i32, _>(name), None),
            Self::Numeric(value) => {
                assert_eq!(row.get::<Numeric, _>(name).map(|number| (number.value(), number.scale())), *value);
            }
            Self::Text(value) => assert_eq!(row.get::<&str, _>(name), value.as_deref()),
            Self::Bytes(value) => assert_eq!(row.get::<&[u8], _>(name), value.as_deref()),
            Self::Guid(value) => assert_eq!(row.get(name), value.map(uuid::Uuid::from_u128)),
            Self::DateTime2(value) => assert_eq!(row.get::<NaiveDateTime, _>(name), *value),
            // To the sandbox every type of date and time is a datetime2, and one with an offset is its local time.
            Self::Date(value) => {
                assert_eq!(row.get::<NaiveDateTime, _>(name), value.map(|date| date.and_time(NaiveTime::MIN)));
            }
            Self::Offset(value) => {
                assert_eq!(row.get::<NaiveDateTime, _>(name), value.map(|moment| moment.naive_local()));
            }
        }
    }
}

fn bound() -> impl Strategy<Value = Bound> {
    let numbers = (0_u8..=37, -(10_i128.pow(37))..10_i128.pow(37)).prop_map(|(scale, number)| (number, scale));
    let offsets = (seconds(1900).prop_filter("room for the offset", |moment| moment.year() < 9999), -840..=840_i32)
        .prop_map(|(moment, minutes)| moment.and_utc().with_timezone(&FixedOffset::east_opt(minutes * 60).unwrap()));
    prop_oneof![
        any::<Option<bool>>().prop_map(Bound::Bit),
        any::<Option<u8>>().prop_map(Bound::TinyInt),
        any::<Option<i16>>().prop_map(Bound::SmallInt),
        any::<Option<i32>>().prop_map(Bound::Int),
        any::<Option<i64>>().prop_map(Bound::BigInt),
        any::<Option<f32>>().prop_filter("finite", |n| n.is_none_or(f32::is_finite)).prop_map(Bound::Real),
        any::<Option<f64>>().prop_filter("finite", |n| n.is_none_or(f64::is_finite)).prop_map(Bound::Float),
        prop::option::of(numbers).prop_map(Bound::Numeric),
        prop::option::of(texts(50)).prop_map(Bound::Text),
        prop::option::of(texts(5000)).prop_map(Bound::Text),
        prop::option::of(prop::collection::vec(any::<u8>(), 0..10_000)).prop_map(Bound::Bytes),
        any::<Option<u128>>().prop_map(Bound::Guid),
        prop::option::of(steps(7)).prop_map(Bound::DateTime2),
        prop::option::of(seconds(1).prop_map(|moment| moment.date())).prop_map(Bound::Date),
        prop::option::of(offsets).prop_map(Bound::Offset),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_of_any_types_are_read_as_they_were_sent(
        columns in prop::collection::vec(columns(), 1..12),
        packet_size in prop::sample::select(vec![512_u32, 4096, 8000, 32_767]),
    ) {
        let types: Vec<SqlType> = columns.iter().map(|(sql_type, _)| *sql_type).collect();
        let rows: Vec<Vec<Value>> =
            (0..5).map(|row| columns.iter().map(|(_, values)| values[row].clone()).collect()).collect();
        let found = block_on(read(Table { types: types.clone(), rows: rows.clone() }, packet_size));
        let found: Vec<Vec<Value>> = found
            .iter()
            .map(|row| types.iter().enumerate().map(|(index, sql_type)| cell(row, index, *sql_type)).collect())
            .collect();
        prop_assert_eq!(found, rows);
    }

    #[test]
    fn parameters_of_any_type_come_back_as_they_were_sent(bound in bound()) {
        block_on(async {
            let (mut client, _served) = connect(open()).await;
            let mut query = Query::new("echo");
            bound.bind(&mut query);
            let row = query.query(&mut client).await.unwrap().into_row().await.unwrap().unwrap();
            bound.came_back(&row);
        });
    }

    /// tiberius reads a `datetime` to the 1/300 s, the sandbox means its milliseconds: less than one apart.
    #[test]
    fn fractions_of_a_datetime_are_read_to_the_millisecond(moment in seconds(1753), tick in 0_i64..300) {
        let sent = moment + TimeDelta::milliseconds((tick * 10 + 1) / 3);
        let table = Table { types: vec![SqlType::DateTime], rows: vec![vec![Value::DateTime(sent)]] };
        let rows = block_on(read(table, 4096));
        let found: NaiveDateTime = rows[0].get(0).unwrap();
        assert!((found - sent).abs() < TimeDelta::milliseconds(1), "{sent} became {found}");
    }
}
