//! No text of a client, however strange, brings the engine down or changes the state.

use proptest::prelude::*;

use super::*;

const TOKENS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "tbThing",
    "Name",
    "ThingID",
    "Size",
    "t",
    "AS",
    ",",
    "(",
    ")",
    "*",
    "=",
    "<>",
    "+",
    "-",
    "/",
    "||",
    "1",
    "0",
    "2147483648",
    "1.5",
    "'a'",
    "N'ü'",
    "0x0A",
    "NULL",
    "@x",
    "@@SPID",
    "AND",
    "OR",
    "NOT",
    "IN",
    "LIKE",
    "BETWEEN",
    "IS",
    "EXISTS",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "GROUP BY",
    "ORDER BY",
    "HAVING",
    "TOP",
    "DISTINCT",
    "UNION ALL",
    "JOIN",
    "LEFT JOIN",
    "ON",
    "COUNT(*)",
    "MAX(",
    "CAST(",
    "CONVERT(int,",
    "AS int)",
    "DATEADD(day,",
    "ISNULL(",
    "LEN(",
    "EXEC",
    "spAdd",
    "spGetThings",
    "sp_executesql",
    "DECLARE @x int",
    "SET",
    "NOCOUNT ON",
    "BEGIN TRAN",
    "COMMIT",
    "ROLLBACK",
    "IF",
    "PRINT",
    "USE SUSDB",
    ";",
    "--",
    "/*",
    "*/",
    "[",
    "]",
    "\"",
    "'",
    "DELETE",
    "UPDATE",
    "INSERT INTO",
    "DROP TABLE",
    "sys.objects",
    "PUBLIC_VIEWS.vThing",
    "VALUES",
    "WITH c AS",
    "OVER",
    "FOR XML",
    "PIVOT",
    "sqlite_schema",
    "pragma_table_info",
    "load_extension(",
    "::",
    "{",
    "}",
    "$1",
    "?",
    "#",
    "\\",
    "GO",
    "\0",
    "😀",
];

fn soup() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(TOKENS), 0..25).prop_map(|tokens| tokens.join(" "))
}

fn state(session: &mut Session) -> Vec<Vec<Value>> {
    rows(session, "SELECT * FROM tbThing ORDER BY Name")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_soup_of_tokens_is_answered(batches in proptest::collection::vec(soup(), 1..4)) {
        let engine = engine();
        let mut session = session(&engine);
        let before = state(&mut session);
        for batch in &batches {
            let recording = ask(&mut session, batch);
            prop_assert!(!recording.done.is_empty(), "{batch}");
            for error in &recording.errors {
                prop_assert!(error.number != 8630, "{batch}: {error}");
            }
        }
        session.reset();
        prop_assert_eq!(state(&mut session), before);
    }

    #[test]
    fn a_select_of_soup_is_answered(soup in soup()) {
        let engine = engine();
        let mut session = session(&engine);
        let batch = format!("SELECT {soup}");
        let recording = ask(&mut session, &batch);
        for error in &recording.errors {
            prop_assert!(error.number != 8630, "{batch}: {error}");
        }
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,60}") {
        let engine = engine();
        let recording = ask(&mut session(&engine), &text);
        prop_assert!(!recording.done.is_empty());
    }
}
