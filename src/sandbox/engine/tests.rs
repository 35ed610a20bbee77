//! The engine as a client sees it, over procedures of the tests' own.

use std::path::Path;

use rusqlite::Connection;

use super::*;
use crate::sandbox::database::{Cancelled, DatabaseSession, Response, RpcOutcome, RpcParameter, TransactionRequest};
use crate::sandbox::procedures::{Call, Failure, Parameter, ParameterDefault};
use crate::sandbox::schema::VERSION;
use crate::sandbox::seeds::Seed;
use crate::sandbox::value::{Column, SqlType, Value};

/// What a client would have received.
#[derive(Debug, Default)]
struct Recording {
    sets: Vec<(Vec<Column>, Vec<Vec<Value>>)>,
    done: Vec<Option<u64>>,
    info: Vec<String>,
    errors: Vec<ServerError>,
    database: Option<String>,
}

impl Response for Recording {
    fn columns(&mut self, columns: &[Column]) -> Result<(), Cancelled> {
        self.sets.push((columns.to_vec(), Vec::new()));
        Ok(())
    }

    fn row(&mut self, values: &[Value]) -> Result<(), Cancelled> {
        self.sets.last_mut().unwrap().1.push(values.to_vec());
        Ok(())
    }

    fn done(&mut self, rows: Option<u64>) -> Result<(), Cancelled> {
        self.done.push(rows);
        Ok(())
    }

    fn info(&mut self, _: i32, message: &str) -> Result<(), Cancelled> {
        self.info.push(message.to_owned());
        Ok(())
    }

    fn error(&mut self, error: &ServerError) -> Result<(), Cancelled> {
        self.errors.push(error.clone());
        Ok(())
    }

    fn database_changed(&mut self, name: &str) -> Result<(), Cancelled> {
        self.database = Some(name.to_owned());
        Ok(())
    }

    fn cancelled(&self) -> bool {
        false
    }
}

static ADD: Procedure = Procedure {
    name: "spAdd",
    parameters: &[
        Parameter {
            name: "@id",
            sql_type: SqlType::UniqueIdentifier,
            default: ParameterDefault::Required,
            output: false,
        },
        Parameter {
            name: "@name",
            sql_type: SqlType::NVarChar(Some(10)),
            default: ParameterDefault::Text("none"),
            output: false,
        },
        Parameter { name: "@fail", sql_type: SqlType::Bit, default: ParameterDefault::Int(0), output: false },
        Parameter { name: "@count", sql_type: SqlType::Int, default: ParameterDefault::Null, output: true },
    ],
    run: add,
};

fn add(call: &mut Call<'_>) -> Result<i32, Failure> {
    let (Value::UniqueIdentifier(id), Value::NVarChar(name)) = (&call.arguments[0], &call.arguments[1]) else {
        return Ok(1);
    };
    let id = id.hyphenated().to_string().to_uppercase();
    call.store.execute("INSERT INTO tbThing (ThingID, Name) VALUES (?1, ?2)", [id.as_str(), name.as_str()])?;
    if call.arguments[2] == Value::Bit(true) {
        return Err(ServerError { number: 50_000, ..errors::error(50_000, "spAdd was told to fail") }.into());
    }
    let count = call.store.query_row("SELECT count(*) FROM tbThing", [], |row| row.get(0))?;
    call.arguments[3] = Value::Int(count);
    Ok(0)
}

static GET: Procedure = Procedure { name: "spGetThings", parameters: &[], run: get };

fn get(call: &mut Call<'_>) -> Result<i32, Failure> {
    call.response.columns(&[Column { name: "Name".to_owned(), sql_type: SqlType::NVarChar(Some(256)) }])?;
    let mut statement = call.store.prepare("SELECT Name FROM tbThing ORDER BY Name")?;
    let mut rows = statement.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        call.response.row(&[Value::NVarChar(row.get(0)?)])?;
        count += 1;
    }
    call.response.done(Some(count))?;
    Ok(0)
}

const PROCEDURES: &[&Procedure] = &[&ADD, &GET];

fn initialise(connection: &mut Connection, _: Seed) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TABLE sandbox_version (version int);
         CREATE TABLE tbThing (
             ThingID uniqueidentifier NOT NULL COLLATE NOCASE PRIMARY KEY,
             Name nvarchar(256) NOT NULL COLLATE NOCASE,
             IsHidden bit NOT NULL DEFAULT 0,
             CreatedTime datetime NOT NULL DEFAULT '2026-01-02 03:04:05.007',
             Size bigint,
             SID varbinary(85)
         );
         INSERT INTO tbThing (ThingID, Name, Size) VALUES
             ('A0A08746-4DBE-4A37-9ADF-9E7652C0B421', 'Geräte', 7),
             ('B73CA6ED-5727-47F3-84DE-015E03F6A88A', 'Other', NULL);
         CREATE VIEW \"PUBLIC_VIEWS.vThing\" AS SELECT ThingID AS ThingId, Name, IsHidden FROM tbThing;
         CREATE TABLE tbConfigurationA (SyncToMU bit, UpstreamServerName nvarchar(256));
         CREATE TABLE tbConfigurationC (ReplicaMode bit);
         INSERT INTO tbConfigurationA VALUES (1, '');
         INSERT INTO tbConfigurationC VALUES (0);",
    )?;
    connection.execute("INSERT INTO sandbox_version VALUES (?1)", [VERSION]).map(drop)
}

fn engine() -> Engine {
    Engine::open(Location::Memory, &Options::default(), PROCEDURES, &initialise).unwrap()
}

fn engine_on(path: &Path) -> Engine {
    let options = Options { seed: Some(Seed::Empty), ..Options::default() };
    Engine::open(Location::File(path.to_owned()), &options, PROCEDURES, &initialise).unwrap()
}

fn login(session_id: i32) -> Login {
    Login {
        user: "sa".to_owned(),
        host: "pc".to_owned(),
        application: "tests".to_owned(),
        database: String::new(),
        session_id,
    }
}

fn session(engine: &Engine) -> Session {
    Database::open(engine, login(51)).unwrap()
}

fn ask(session: &mut Session, sql: &str) -> Recording {
    let mut recording = Recording::default();
    session.batch(sql, &mut recording).unwrap();
    recording
}

/// The rows of a batch that has to work.
fn rows(session: &mut Session, sql: &str) -> Vec<Vec<Value>> {
    let recording = ask(session, sql);
    assert_eq!(recording.errors, [], "{sql}");
    recording.sets.into_iter().next_back().unwrap().1
}

/// The only value of a query that has to work, with its type.
fn one(session: &mut Session, sql: &str) -> (SqlType, Value) {
    let recording = ask(session, sql);
    assert_eq!(recording.errors, [], "{sql}");
    let (columns, rows) = recording.sets.into_iter().next_back().unwrap();
    assert_eq!((columns.len(), rows.len()), (1, 1), "{sql}");
    (columns[0].sql_type, rows[0][0].clone())
}

/// The error of a batch that has to fail with one.
fn error(session: &mut Session, sql: &str) -> ServerError {
    let mut recording = ask(session, sql);
    assert_eq!(recording.errors.len(), 1, "{sql}: {recording:?}");
    recording.errors.remove(0)
}

fn text(text: &str) -> Value {
    Value::NVarChar(text.to_owned())
}

fn named(name: &str, sql_type: SqlType, value: Value) -> RpcParameter {
    RpcParameter { name: name.to_owned(), sql_type: Some(sql_type), value, output: false, default: false }
}

fn call(session: &mut Session, procedure: &str, parameters: Vec<RpcParameter>) -> (RpcOutcome, Recording) {
    let mut recording = Recording::default();
    let outcome = session.call(procedure, parameters, &mut recording).unwrap();
    (outcome, recording)
}

fn writes_count(session: &mut Session) -> Value {
    one(session, "SELECT COUNT(*) FROM sandbox_writes").1
}

#[test]
fn select_gives_typed_rows() {
    let mut session = session(&engine());
    let recording = ask(&mut session, "SELECT * FROM tbThing WHERE Name = N'GERÄTE '");
    assert_eq!(recording.errors, []);
    let (columns, rows) = &recording.sets[0];
    let types: Vec<_> = columns.iter().map(|column| (column.name.as_str(), column.sql_type)).collect();
    assert_eq!(
        types,
        [
            ("ThingID", SqlType::UniqueIdentifier),
            ("Name", SqlType::NVarChar(Some(256))),
            ("IsHidden", SqlType::Bit),
            ("CreatedTime", SqlType::DateTime),
            ("Size", SqlType::BigInt),
            ("SID", SqlType::VarBinary(Some(85))),
        ]
    );
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0][1], text("Geräte"));
    assert_eq!(rows[0][4], Value::BigInt(7));
    assert_eq!(rows[0][5], Value::Null);
    assert_eq!(recording.done, [Some(1)]);
}

#[test]
fn queries_mean_what_they_mean_in_sql_server() {
    let mut session = session(&engine());
    for (sql, sql_type, value) in [
        ("SELECT COUNT(*) FROM tbThing", SqlType::Int, Value::Int(2)),
        ("SELECT COUNT_BIG(*) FROM tbThing", SqlType::BigInt, Value::BigInt(2)),
        ("SELECT MAX(Size) FROM dbo.tbThing WITH (NOLOCK)", SqlType::BigInt, Value::BigInt(7)),
        ("SELECT COUNT(*) FROM SUSDB.dbo.[tbThing] t", SqlType::Int, Value::Int(2)),
        ("SELECT TOP 1 Name FROM PUBLIC_VIEWS.vThing ORDER BY Name", SqlType::NVarChar(Some(256)), text("Geräte")),
        ("SELECT TOP (1) Name FROM tbThing ORDER BY 1 DESC", SqlType::NVarChar(Some(256)), text("Other")),
        (
            "SELECT Name FROM tbThing ORDER BY Name OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY",
            SqlType::NVarChar(Some(256)),
            text("Other"),
        ),
        ("SELECT 'a' + N'b'", SqlType::NVarChar(Some(2)), text("ab")),
        ("SELECT 7 / 2", SqlType::Int, Value::Int(3)),
        ("SELECT 1 + 2 * 3 - -1", SqlType::Int, Value::Int(8)),
        ("SELECT CAST('12' AS int)", SqlType::Int, Value::Int(12)),
        ("SELECT CONVERT(nvarchar(10), 12)", SqlType::NVarChar(Some(10)), text("12")),
        (
            "SELECT CONVERT(varchar(19), CreatedTime, 120) FROM tbThing WHERE Size = 7",
            SqlType::NVarChar(Some(19)),
            text("2026-01-02 03:04:05"),
        ),
        ("SELECT ISNULL(Size, 0) FROM tbThing WHERE Size IS NULL", SqlType::BigInt, Value::BigInt(0)),
        ("SELECT COALESCE(NULL, Name) FROM tbThing WHERE Size = 7", SqlType::NVarChar(Some(256)), text("Geräte")),
        ("SELECT CASE WHEN Size > 5 THEN 1 ELSE 0 END FROM tbThing WHERE Size = 7", SqlType::Int, Value::Int(1)),
        (
            "SELECT CASE Name WHEN 'GERÄTE' THEN N'x' END FROM tbThing WHERE Size = 7",
            SqlType::NVarChar(Some(1)),
            text("x"),
        ),
        ("SELECT LEN(N'Grün  ')", SqlType::Int, Value::Int(4)),
        ("SELECT UPPER(Name) FROM tbThing WHERE Size = 7", SqlType::NVarChar(Some(256)), text("GERÄTE")),
        ("SELECT SUBSTRING('abcdef', 2, 3)", SqlType::NVarChar(Some(6)), text("bcd")),
        ("SELECT LEFT('abcdef', 2)", SqlType::NVarChar(Some(6)), text("ab")),
        ("SELECT COUNT(*) FROM tbThing WHERE UPPER(Name) = 'other'", SqlType::Int, Value::Int(1)),
        ("SELECT COUNT(DISTINCT UPPER(Name)) FROM tbThing", SqlType::Int, Value::Int(2)),
        (
            "SELECT COUNT(*) FROM tbThing WHERE ThingID = '{a0a08746-4dbe-4a37-9adf-9e7652c0b421}'",
            SqlType::Int,
            Value::Int(1),
        ),
        (
            "SELECT COUNT(*) FROM tbThing WHERE ThingID IN ('a0a08746-4dbe-4a37-9adf-9e7652c0b421', 'B73CA6ED-5727-47F3-84DE-015E03F6A88A')",
            SqlType::Int,
            Value::Int(2),
        ),
        (
            "SELECT COUNT(*) FROM tbThing WHERE CreatedTime > '2026-01-02' AND CreatedTime < '20260103'",
            SqlType::Int,
            Value::Int(2),
        ),
        (
            "SELECT COUNT(*) FROM tbThing WHERE CreatedTime BETWEEN '2026-01-02T03:04:05.007' AND '2026-01-02 03:04:05.007'",
            SqlType::Int,
            Value::Int(2),
        ),
        ("SELECT COUNT(*) FROM tbThing WHERE Name LIKE 'ger%te'", SqlType::Int, Value::Int(1)),
        ("SELECT COUNT(*) FROM tbThing WHERE Name NOT LIKE '[a-n]%'", SqlType::Int, Value::Int(1)),
        (
            "SELECT COUNT(*) FROM tbThing WHERE CreatedTime > DATEADD(day, -30, '2026-01-10')",
            SqlType::Int,
            Value::Int(2),
        ),
        ("SELECT DATEDIFF(day, CreatedTime, '2026-01-05') FROM tbThing WHERE Size = 7", SqlType::Int, Value::Int(3)),
        (
            "SELECT a.n FROM (SELECT Name AS n FROM tbThing WHERE Size = 7) AS a",
            SqlType::NVarChar(Some(256)),
            text("Geräte"),
        ),
        ("SELECT SUM(v.b) FROM (VALUES (1, 2), (3, 4)) AS v(a, b)", SqlType::Int, Value::Int(6)),
        ("WITH c(x) AS (SELECT Size FROM tbThing) SELECT MAX(x) FROM c", SqlType::BigInt, Value::BigInt(7)),
        (
            "SELECT COUNT(*) FROM tbThing a LEFT JOIN tbThing b ON a.ThingID = b.ThingID AND b.Size = 7 WHERE b.Name IS NULL",
            SqlType::Int,
            Value::Int(1),
        ),
        (
            "SELECT COUNT(*) FROM tbThing a WHERE EXISTS (SELECT 1 FROM tbThing b WHERE b.ThingID = a.ThingID AND b.Size = 7)",
            SqlType::Int,
            Value::Int(1),
        ),
        ("SELECT COUNT(*) FROM tbThing WHERE UPPER(Name) IN (SELECT Name FROM tbThing)", SqlType::Int, Value::Int(2)),
        ("SELECT (SELECT Name FROM tbThing WHERE Size = 7)", SqlType::NVarChar(Some(256)), text("Geräte")),
        ("SELECT COUNT(*) FROM (SELECT 1 AS x UNION ALL SELECT 1 UNION SELECT 2) u", SqlType::Int, Value::Int(2)),
        ("SELECT x = 5", SqlType::Int, Value::Int(5)),
        (
            "SELECT COUNT(*) + MIN(Size) FROM tbThing t GROUP BY t.IsHidden HAVING COUNT(*) > 1",
            SqlType::BigInt,
            Value::BigInt(9),
        ),
        (
            "SELECT UPPER(Name) + 'x' FROM tbThing WHERE Size = 7 GROUP BY UPPER(Name)",
            SqlType::NVarChar(Some(257)),
            text("GERÄTEx"),
        ),
        ("SELECT tbThing.IsHidden FROM tbThing GROUP BY IsHidden ORDER BY MAX(Name)", SqlType::Bit, Value::Bit(false)),
        (
            "SELECT (SELECT MAX(b.Size) FROM tbThing b) FROM tbThing a WHERE a.Size = 7 GROUP BY a.Name",
            SqlType::BigInt,
            Value::BigInt(7),
        ),
        ("SELECT 1 AS a UNION SELECT 1 ORDER BY a", SqlType::Int, Value::Int(1)),
        ("SELECT DISTINCT UPPER(n) FROM (VALUES ('a'), ('A ')) AS v(n)", SqlType::NVarChar(Some(2)), text("A")),
        ("SELECT NULL", SqlType::Int, Value::Null),
        ("SELECT 0x0aFF", SqlType::VarBinary(Some(2)), Value::VarBinary(vec![10, 255])),
        ("SELECT 2147483648", SqlType::BigInt, Value::BigInt(2_147_483_648)),
        ("SELECT 1.50", SqlType::Decimal { precision: 3, scale: 2 }, Value::Decimal { unscaled: 150, scale: 2 }),
        ("SELECT SUSER_SNAME()", SqlType::NVarChar(Some(256)), text("sa")),
        ("SELECT SYSTEM_USER", SqlType::NVarChar(Some(256)), text("sa")),
        ("SELECT APP_NAME()", SqlType::NVarChar(Some(256)), text("tests")),
        ("SELECT DB_NAME()", SqlType::NVarChar(Some(256)), text("SUSDB")),
        ("SELECT @@SPID", SqlType::SmallInt, Value::SmallInt(51)),
        ("SELECT IS_ROLEMEMBER('db_owner')", SqlType::Int, Value::Int(1)),
        ("SELECT IIF(1 = 2, 'a', 'b')", SqlType::NVarChar(Some(1)), text("b")),
        ("SELECT '\0a'", SqlType::NVarChar(Some(2)), text("\0a")),
        ("SELECT 'it''s'", SqlType::NVarChar(Some(4)), text("it's")),
        ("SELECT name FROM sys.tables WHERE name = 'TBTHING'", SqlType::NVarChar(Some(128)), text("tbThing")),
    ] {
        assert_eq!(one(&mut session, sql), (sql_type, value), "{sql}");
    }
}

#[test]
fn errors_have_sql_server_s_numbers() {
    let mut session = session(&engine());
    for (sql, number) in [
        ("SELECT * FROM nothing", 208),
        ("SELECT * FROM sqlite_schema", 208),
        ("SELECT * FROM pragma_table_info('tbThing')", 102),
        ("SELECT nothing FROM tbThing", 207),
        ("SELECT \"nothing\" FROM tbThing", 207),
        ("SELECT rowid FROM tbThing", 207),
        ("SELECT x.Name FROM tbThing t", 4104),
        ("SELECT t.nothing FROM tbThing t", 207),
        ("SELECT Name FROM tbThing a, tbThing b", 209),
        ("SELECT 1 FROM tbThing, tbThing", 1013),
        ("SELECT Name AS n FROM tbThing WHERE n = 'x'", 207),
        ("SELECT load_extension('x')", 195),
        ("SELECT sqlite_version()", 195),
        ("SELECT tsql_newid()", 195),
        ("SELECT LEN('a', 'b')", 174),
        ("SELECT 'a' + 1", 402),
        ("SELECT Name + Size FROM tbThing", 402),
        ("SELECT 1 / 0", 8134),
        ("SELECT CAST('x' AS int)", 245),
        ("SELECT 1 FROM tbThing WHERE ThingID = 'x'", 8169),
        ("SELECT 1 FROM tbThing WHERE CreatedTime = 'x'", 241),
        ("SELECT 1 FROM tbThing WHERE Size = 'x'", 245),
        ("SELECT 1 FROM tbThing WHERE ThingID = 1", 206),
        ("SELECT 1 WHERE 1", 4145),
        ("SELECT 1 = 1 OR 2 = 2", 102),
        ("SELECT @x", 137),
        ("SELECT @@nothing", 137),
        ("SELECT xp_cmdshell('x')", 195),
        ("EXEC xp_cmdshell 'x'", 2812),
        ("EXEC spNothing", 2812),
        ("USE nothing", 911),
        ("COMMIT", 3902),
        ("ROLLBACK", 3903),
        ("SELECT Name INTO x FROM tbThing", 229),
        ("SELECT 1 UNION SELECT 1, 2", 205),
        ("SELECT 1 FROM (SELECT 1) x", 8155),
        ("SELECT (SELECT 1, 2)", 116),
        ("SELECT 1 ORDER BY 2", 108),
        ("SELECT *", 263),
        ("SELECT Name, COUNT(*) FROM tbThing", 8120),
        ("SELECT Name FROM tbThing GROUP BY IsHidden", 8120),
        ("SELECT * FROM tbThing GROUP BY Name", 8120),
        ("SELECT COUNT(*) FROM tbThing HAVING Name = 'a'", 8121),
        ("SELECT COUNT(*) FROM tbThing ORDER BY Name", 8127),
        ("SELECT 1 FROM tbThing WHERE COUNT(*) > 1", 147),
        ("SELECT MAX(COUNT(*)) FROM tbThing", 147),
        ("SELECT 1 AS a UNION SELECT 2 ORDER BY b", 104),
        ("SELECT TOP ('x') Name FROM tbThing", 1060),
        ("SELECT 1 LIMIT 1", 102),
        ("SELECT Name FROM tbThing FOR XML PATH", 102),
        ("INSERT INTO tbThing VALUES (1)", 229),
        ("SELECT 1 FROM OPENROWSET('a', 'b', 'c')", 102),
    ] {
        assert_eq!(error(&mut session, sql).number, number, "{sql}");
    }
    assert!(error(&mut session, "DELETE FROM tbThing").message.contains("procedures"));
}

#[test]
fn procedures_run_with_every_kind_of_argument() {
    let mut session = session(&engine());
    let id = text("11111111-1111-1111-1111-111111111111");
    let mut count = named("@COUNT", SqlType::Int, Value::Null);
    count.output = true;
    count.sql_type = None;
    let parameters = vec![
        named("@ID", SqlType::NVarChar(Some(36)), id),
        named("@name", SqlType::NVarChar(None), text("a long name")),
        count,
    ];
    let (outcome, recording) = call(&mut session, "dbo.SPADD", parameters);
    assert_eq!(recording.errors, []);
    assert_eq!(outcome.return_code, Some(0));
    assert_eq!(outcome.outputs, [("@COUNT".to_owned(), SqlType::Int, Value::Int(3))]);
    assert_eq!(one(&mut session, "SELECT Name FROM tbThing WHERE Name LIKE 'a%'").1, text("a long nam"));
    assert_eq!(writes_count(&mut session), Value::Int(1));
    let statement = one(&mut session, "SELECT statement FROM sandbox_writes").1;
    assert_eq!(
        statement,
        text(
            "EXEC spAdd @id = N'11111111-1111-1111-1111-111111111111', @name = N'a long nam', @fail = 0, @count = NULL"
        )
    );
    let (_, recording) = call(&mut session, "spGetThings", vec![]);
    assert_eq!(recording.sets[0].1.len(), 3);
    assert_eq!(writes_count(&mut session), Value::Int(1));
}

#[test]
fn wrong_arguments_are_refused() {
    let mut session = session(&engine());
    let id = "'11111111-1111-1111-1111-111111111111'";
    for (sql, number) in [
        ("EXEC spAdd".to_owned(), 201),
        (format!("EXEC spAdd {id}, 'a', 0, 1, 5"), 8144),
        (format!("EXEC spAdd {id}, @other = 1"), 8145),
        (format!("EXEC spAdd {id}, @id = {id}"), 8143),
        (format!("EXEC spAdd @id = {id}, 'x'"), 119),
        (format!("DECLARE @n nvarchar(9) EXEC spAdd {id}, @n OUTPUT"), 8162),
        (format!("EXEC spAdd {id}, 'a', 0, 'x'"), 8114),
        ("EXEC spAdd 'x'".to_owned(), 8169),
        (format!("EXEC spAdd {id}, 'a', 0, 1 OUTPUT"), 179),
        (format!("EXEC @r = spAdd {id}"), 137),
    ] {
        assert_eq!(error(&mut session, &sql).number, number, "{sql}");
    }
    assert_eq!(writes_count(&mut session), Value::Int(0));
}

#[test]
fn a_batch_calls_procedures_with_variables() {
    let mut session = session(&engine());
    let sql = "DECLARE @rc int, @n int = 5, @id uniqueidentifier = '11111111-1111-1111-1111-111111111111';
               EXEC @rc = spAdd @id, DEFAULT, @count = @n OUTPUT;
               SELECT @rc AS rc, @n AS n, @@ROWCOUNT AS r";
    assert_eq!(rows(&mut session, sql)[0][..2], [Value::Int(0), Value::Int(3)]);
    let sql = "DECLARE @a int; SET @a = 2; SELECT @a = COUNT(*) FROM tbThing; IF @a > 2 PRINT 'many' ELSE PRINT 'few'";
    assert_eq!(ask(&mut session, sql).info, ["many"]);
}

#[test]
fn what_a_failed_call_did_is_undone() {
    let mut session = session(&engine());
    let sql = "EXEC spAdd '11111111-1111-1111-1111-111111111111', 'x', 1; SELECT COUNT(*) FROM tbThing";
    let recording = ask(&mut session, sql);
    assert_eq!((recording.errors[0].number, recording.errors[0].class), (50_000, 16));
    assert_eq!(recording.errors[0].procedure, "spAdd");
    assert_eq!(recording.sets[0].1, [[Value::Int(2)]]);
    assert_eq!(writes_count(&mut session), Value::Int(0));
    let id = named("@id", SqlType::UniqueIdentifier, Value::UniqueIdentifier(uuid::Uuid::from_u128(1)));
    let (outcome, _) = call(&mut session, "spAdd", vec![id, named("@fail", SqlType::Bit, Value::Bit(true))]);
    assert_eq!(outcome.return_code, Some(1));
}

#[test]
fn transactions_hold_calls_together() {
    let mut session = session(&engine());
    let add = |n: u32| format!("EXEC spAdd '{n}1111111-1111-1111-1111-111111111111'");
    ask(&mut session, "BEGIN TRAN; BEGIN TRAN");
    assert_eq!(one(&mut session, "SELECT @@TRANCOUNT").1, Value::Int(2));
    assert_eq!(ask(&mut session, &add(1)).errors, []);
    ask(&mut session, "SAVE TRAN here");
    assert_eq!(ask(&mut session, &add(2)).errors, []);
    assert_eq!(ask(&mut session, "ROLLBACK TRAN here").errors, []);
    assert_eq!(ask(&mut session, "COMMIT; IF @@TRANCOUNT > 0 COMMIT").errors, []);
    assert_eq!(one(&mut session, "SELECT COUNT(*) FROM tbThing").1, Value::Int(3));
    assert_eq!(writes_count(&mut session), Value::Int(1));
    session.transaction(TransactionRequest::Begin).unwrap();
    assert_eq!(ask(&mut session, &add(3)).errors, []);
    session.transaction(TransactionRequest::Rollback).unwrap();
    assert_eq!(writes_count(&mut session), Value::Int(1));
    assert_eq!(session.transaction(TransactionRequest::Commit).unwrap_err().number, 3902);
}

#[test]
fn statements_take_bound_parameters() {
    let mut session = session(&engine());
    let parameters = |value: Value| {
        vec![
            named("", SqlType::NVarChar(None), text("SELECT @P1 AS a, COUNT(*) FROM tbThing WHERE Name = @P1")),
            named("", SqlType::NVarChar(None), text("@P1 nvarchar(4000)")),
            named("@P1", SqlType::NVarChar(None), value),
        ]
    };
    for (value, count) in [(text("geräte"), 1), (text("' OR 1=1 --"), 0), (Value::Null, 0)] {
        let (outcome, recording) = call(&mut session, "sp_executesql", parameters(value.clone()));
        assert_eq!((outcome.return_code, &recording.errors[..]), (Some(0), &[][..]));
        assert_eq!(recording.sets[0].1, [[value, Value::Int(count)]]);
    }
    let sql = "DECLARE @n int; EXEC sp_executesql N'SET @x = @y * 2', N'@x int OUTPUT, @y int', @x = @n OUTPUT, @y = 21; SELECT @n";
    assert_eq!(one(&mut session, sql).1, Value::Int(42));
    let (outcome, recording) = call(&mut session, "sp_executesql", parameters(text("x"))[..2].to_vec());
    assert_eq!((outcome.return_code, recording.errors[0].number), (None, 8178));
}

mod catalogue;
mod principals;
mod sessions;
mod soup;
