//! Several sessions, engines and files; long results; locks.

use super::*;

/// A client that counts and keeps nothing.
#[derive(Default)]
struct Counting {
    rows: u64,
    errors: u64,
    stop_after: Option<u64>,
}

impl Response for Counting {
    fn columns(&mut self, _: &[Column]) -> Result<(), Cancelled> {
        Ok(())
    }

    fn row(&mut self, _: &[Value]) -> Result<(), Cancelled> {
        self.rows += 1;
        if self.stop_after.is_some_and(|stop| self.rows >= stop) { Err(Cancelled) } else { Ok(()) }
    }

    fn done(&mut self, _: Option<u64>) -> Result<(), Cancelled> {
        Ok(())
    }

    fn info(&mut self, _: i32, _: &str) -> Result<(), Cancelled> {
        Ok(())
    }

    fn error(&mut self, _: &ServerError) -> Result<(), Cancelled> {
        self.errors += 1;
        Ok(())
    }

    fn database_changed(&mut self, _: &str) -> Result<(), Cancelled> {
        Ok(())
    }

    fn cancelled(&self) -> bool {
        false
    }
}

/// 200,000 rows out of 20 names, five times multiplied.
fn many() -> String {
    let digits: Vec<_> = (0..20).map(|n| format!("(N'name {n}')")).collect();
    let values = |alias: &str, count: usize| format!("(VALUES {}) AS {alias}(n)", digits[..count].join(", "));
    let tables = [values("a", 20), values("b", 20), values("c", 20), values("d", 5), values("e", 5)];
    format!("SELECT a.n, b.n, e.n FROM {}", tables.join(" CROSS JOIN "))
}

#[test]
fn long_results_are_streamed() {
    let mut session = session(&engine());
    let mut counting = Counting::default();
    session.batch(&many(), &mut counting).unwrap();
    assert_eq!((counting.rows, counting.errors), (200_000, 0));
}

#[test]
fn a_client_that_goes_stops_the_statement() {
    let mut session = session(&engine());
    let mut counting = Counting { stop_after: Some(3), ..Counting::default() };
    assert_eq!(session.batch(&many(), &mut counting), Err(Cancelled));
    assert_eq!(counting.rows, 3);
    assert_eq!(one(&mut session, "SELECT COUNT(*) FROM tbThing").1, Value::Int(2));
}

#[test]
fn sessions_share_the_state_in_memory() {
    let engine = engine();
    let mut one_session = session(&engine);
    let mut other = Database::open(&engine, login(52)).unwrap();
    ask(&mut one_session, "EXEC spAdd '11111111-1111-1111-1111-111111111111'");
    assert_eq!(one(&mut other, "SELECT COUNT(*) FROM tbThing").1, Value::Int(3));
    let sessions =
        rows(&mut other, "SELECT session_id, login_name, status FROM sys.dm_exec_sessions ORDER BY session_id");
    assert_eq!(
        sessions,
        [[Value::Int(51), text("sa"), text("sleeping")], [Value::Int(52), text("sa"), text("running")]]
    );
    drop(one_session);
    assert_eq!(one(&mut other, "SELECT COUNT(*) FROM sys.dm_exec_sessions").1, Value::Int(1));
}

#[test]
fn a_writer_that_waits_too_long_is_a_deadlock_victim() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s.db");
    let mut session = session(&engine_on(&path));
    session.connection.busy_timeout(std::time::Duration::from_millis(10)).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = error(&mut session, "EXEC spAdd '11111111-1111-1111-1111-111111111111'");
    assert_eq!((refused.number, refused.class), (1205, 13));
    // Readers do not wait.
    assert_eq!(ask(&mut session, "EXEC spGetThings; SELECT COUNT(*) FROM tbThing").errors, []);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(ask(&mut session, "EXEC spAdd '11111111-1111-1111-1111-111111111111'").errors, []);
}

#[test]
fn locks_hold_between_sessions_and_engines() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s.db");
    let (first, second) = (engine_on(&path), engine_on(&path));
    let take = |session: &mut Session| {
        let parameters = vec![
            named("@Resource", SqlType::NVarChar(Some(255)), text("wsusctl")),
            named("@LockMode", SqlType::NVarChar(Some(32)), text("Exclusive")),
            named("@LockOwner", SqlType::NVarChar(Some(32)), text("Session")),
            named("@LockTimeout", SqlType::Int, Value::Int(0)),
        ];
        call(session, "sp_getapplock", parameters).0.return_code
    };
    let mut holder = session(&first);
    let mut beside = Database::open(&first, login(52)).unwrap();
    let mut elsewhere = session(&second);
    assert_eq!(take(&mut holder), Some(0));
    assert_eq!(take(&mut beside), Some(-1));
    assert_eq!(take(&mut elsewhere), Some(-1));
    let who = "SELECT e.login_name, e.host_name, e.program_name FROM sys.dm_tran_locks l
               LEFT JOIN sys.dm_exec_sessions e ON e.session_id = l.request_session_id
               WHERE l.resource_type = 'APPLICATION' AND l.request_status = 'GRANT'
                   AND l.resource_description LIKE '%![wsusctl!]%' ESCAPE '!'";
    for session in [&mut holder, &mut beside, &mut elsewhere] {
        assert_eq!(rows(session, who), [["sa", "pc", "tests"].map(text)]);
    }
    drop(holder);
    assert_eq!(take(&mut elsewhere), Some(0));
    assert_eq!(take(&mut beside), Some(-1));
    let release = "DECLARE @rc int; EXEC @rc = sp_releaseapplock 'wsusctl', 'Session'; SELECT @rc";
    assert_eq!(one(&mut elsewhere, release).1, Value::Int(0));
    assert_eq!(take(&mut beside), Some(0));
    beside.reset();
    assert_eq!(take(&mut elsewhere), Some(0));
}

#[test]
fn wrong_lock_requests_are_refused() {
    let mut session = session(&engine());
    for (sql, number) in [
        ("EXEC sp_getapplock 'a', 'Wrong'", 1225),
        ("EXEC sp_getapplock NULL, 'Exclusive', 'Session'", 1224),
        ("EXEC sp_getapplock 'a', 'Exclusive', 'Somebody'", 1227),
        ("EXEC sp_getapplock 'a', 'Exclusive', 'Session', -5", 1226),
        ("EXEC sp_getapplock 'a', 'Exclusive'", 1222),
        ("EXEC sp_releaseapplock 'a', 'Session'", 1223),
        ("EXEC sp_getapplock @Other = 1", 8145),
    ] {
        assert_eq!(error(&mut session, sql).number, number, "{sql}");
    }
    let sql = "BEGIN TRAN; DECLARE @rc int = 7; EXEC @rc = sp_getapplock 'a', 'Exclusive'; SELECT @rc";
    assert_eq!(one(&mut session, sql).1, Value::Int(0));
    assert_eq!(one(&mut session, "SELECT COUNT(*) FROM sys.dm_tran_locks").1, Value::Int(1));
    assert_eq!(one(&mut session, "COMMIT; SELECT COUNT(*) FROM sys.dm_tran_locks").1, Value::Int(0));
}

#[test]
fn prepared_statements_live_as_long_as_the_session_wants() {
    let mut session = session(&engine());
    let mut handle = named("", SqlType::Int, Value::Null);
    handle.output = true;
    let prepare = vec![
        handle,
        named("", SqlType::NVarChar(None), text("@P1 int")),
        named("", SqlType::NVarChar(None), text("SELECT @P1 + 1 AS n")),
        named("", SqlType::Int, Value::Int(6)),
    ];
    let (outcome, recording) = call(&mut session, "sp_prepexec", prepare);
    assert_eq!(recording.sets[0].1, [[Value::Int(7)]]);
    let handle = outcome.outputs[0].2.clone();
    let execute = |session: &mut Session, value: Value| {
        call(session, "sp_execute", vec![named("", SqlType::Int, handle.clone()), named("", SqlType::Int, value)]).1
    };
    assert_eq!(execute(&mut session, Value::Int(9)).sets[0].1, [[Value::Int(10)]]);
    assert_eq!(execute(&mut session, text("x")).errors[0].number, 8114);
    let (outcome, _) = call(&mut session, "sp_unprepare", vec![named("", SqlType::Int, handle.clone())]);
    assert_eq!(outcome.return_code, Some(0));
    assert_eq!(execute(&mut session, Value::Int(9)).errors[0].number, 8179);
}

#[test]
fn statements_may_not_call_each_other_for_ever() {
    let mut session = session(&engine());
    let mut handle = named("", SqlType::Int, Value::Null);
    handle.output = true;
    let prepare = vec![
        handle,
        named("", SqlType::NVarChar(None), Value::Null),
        named("", SqlType::NVarChar(None), text("EXEC sp_execute 1")),
    ];
    call(&mut session, "sp_prepare", prepare);
    let (_, recording) = call(&mut session, "sp_execute", vec![named("", SqlType::Int, Value::Int(1))]);
    assert!(recording.errors.iter().any(|error| error.number == 217), "{recording:?}");
}

#[test]
fn a_session_begins_in_its_database() {
    let engine = engine();
    let in_database = |database: &str| Database::open(&engine, Login { database: database.to_owned(), ..login(60) });
    assert_eq!(one(&mut in_database("susdb").unwrap(), "SELECT DB_NAME()").1, text("SUSDB"));
    assert_eq!(in_database("other").err().unwrap().number, 4060);
    let mut master = in_database("master").unwrap();
    assert_eq!(error(&mut master, "SELECT * FROM tbThing").number, 208);
    assert_eq!(ask(&mut master, "USE SUSDB SELECT * FROM tbThing").database.as_deref(), Some("SUSDB"));
}

#[test]
fn options_arrange_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s.db");
    drop(engine_on(&path));
    let options = Options { replica: true, ..Options::default() };
    let open =
        |options: &Options| Engine::open(Location::File(path.clone()), options, PROCEDURES, &initialise).unwrap();
    let state =
        "SELECT a.SyncToMU, a.UpstreamServerName, c.ReplicaMode FROM tbConfigurationA a CROSS JOIN tbConfigurationC c";
    let expected = [[Value::Bit(false), text("upstream.contoso.com"), Value::Bit(true)]];
    assert_eq!(rows(&mut session(&open(&options)), state), expected);
    assert_eq!(rows(&mut session(&open(&Options::default())), state), expected);
}

#[test]
fn text_compares_beyond_ascii_in_a_file_that_sqlite3_wrote() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s.db");
    let engine = engine_on(&path);
    let plain = Connection::open(&path).unwrap();
    plain.execute("INSERT INTO tbThing (ThingID, Name) VALUES ('X', 'ÜBUNG ')", []).unwrap();
    let mut session = session(&engine);
    assert_eq!(one(&mut session, "SELECT COUNT(*) FROM tbThing WHERE Name = 'übung'").1, Value::Int(1));
    assert_eq!(one(&mut session, "SELECT COUNT(*) FROM tbThing WHERE Name LIKE '%Ü%'").1, Value::Int(1));
    let wrong = error(&mut session, "SELECT ThingID FROM tbThing");
    assert_eq!(wrong.number, 8169);
    assert!(wrong.message.contains("stored value"), "{}", wrong.message);
}

#[test]
fn a_statement_ends_where_it_is_interrupted() {
    let engine = engine();
    let mut session = session(&engine);
    let interruption = session.interruption();
    interruption.store(true, std::sync::atomic::Ordering::Relaxed);
    let joins: String = (0..30).map(|number| format!(" CROSS JOIN tbThing AS t{number}")).collect();
    for select in ["COUNT(*)", "TOP 1 NEWID() AS id"] {
        let order = if select.starts_with("TOP") { " ORDER BY id" } else { "" };
        let interrupted = ask(&mut session, &format!("SELECT {select} FROM tbThing AS t{joins}{order}"));
        assert_eq!(interrupted.errors.iter().map(|error| error.number).collect::<Vec<_>>(), [3621], "{select}");
    }
    interruption.store(false, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(one(&mut session, "SELECT COUNT(*) FROM tbThing").1, Value::Int(2));
}
