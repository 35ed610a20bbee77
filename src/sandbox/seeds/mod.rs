//! What a new server holds.
//!
//! A seed is the same on every machine and at every time: ids are hashes of what they name, times count from
//! 2026-06-09, and no clock or random source is read.

mod categories;
pub mod contents;
pub mod demo;
mod demo_updates;
mod identity;
mod languages;
mod principals;
mod replay;
mod replay_updates;
mod scale;
mod server;
mod writer;

use std::str::FromStr;

use rusqlite::Connection;

use contents::Contents;
use writer::Writer;

/// The most updates that a generated server has.
const SCALE_MAX: u32 = 1_000_000;

/// What to fill a new server with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seed {
    /// A freshly installed server: built-in groups, settings and categories; no computers, no updates.
    Empty,
    /// "Contoso HQ": 60 computers in nested groups and 400 updates in every state that matters (its tables are in [`demo`]).
    Demo,
    /// That many generated updates, with computers, groups and approvals in proportion.
    Scale(u32),
}

/// A seed's name that was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is not a seed: expected empty, demo or scale:N with N from 1 to {SCALE_MAX}")]
pub struct UnknownSeed {
    /// The name.
    pub name: String,
}

impl FromStr for Seed {
    type Err = UnknownSeed;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "empty" => Ok(Self::Empty),
            "demo" => Ok(Self::Demo),
            _ => name
                .strip_prefix("scale:")
                .and_then(|count| count.parse().ok())
                .filter(|count| (1..=SCALE_MAX).contains(count))
                .map(Self::Scale)
                .ok_or_else(|| UnknownSeed { name: name.to_owned() }),
        }
    }
}

impl std::fmt::Display for Seed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => formatter.write_str("empty"),
            Self::Demo => formatter.write_str("demo"),
            Self::Scale(updates) => write!(formatter, "scale:{updates}"),
        }
    }
}

/// Fills a database in which [`super::schema::create`] has just made the tables. No transaction may be open. While it
/// runs there is no journal: where it fails, the database has to be thrown away.
///
/// # Errors
/// What SQLite says, above all where there is something in the tables.
pub fn fill(store: &Connection, seed: Seed) -> rusqlite::Result<()> {
    in_bulk(store, || write(store, seed))
}

/// Fills such a database with what was read from a server. Gives what could not be taken over, a sentence each.
///
/// # Errors
/// What SQLite says: above all where the contents contradict themselves.
pub fn fill_from(store: &Connection, contents: &Contents) -> rusqlite::Result<Vec<String>> {
    let left_out = replay::LeftOut::default();
    in_bulk(store, || {
        server::write(store)?;
        principals::write(store, Seed::Empty)?;
        replay::write(store, contents, &left_out)
    })?;
    Ok(left_out.into_inner())
}

fn in_bulk(store: &Connection, write: impl FnOnce() -> rusqlite::Result<()>) -> rusqlite::Result<()> {
    let journal: String = store.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    let synchronous: i64 = store.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    let foreign_keys: bool = store.query_row("PRAGMA foreign_keys", [], |row| row.get(0))?;
    store.query_row("PRAGMA journal_mode = OFF", [], |_| Ok(()))?;
    store.execute_batch("PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; BEGIN")?;
    write()?;
    store.execute_batch("COMMIT; ANALYZE")?;
    store.query_row(&format!("PRAGMA journal_mode = {journal}"), [], |_| Ok(()))?;
    store.execute_batch(&format!("PRAGMA synchronous = {synchronous}; PRAGMA foreign_keys = {foreign_keys}"))
}

fn write(store: &Connection, seed: Seed) -> rusqlite::Result<()> {
    server::write(store)?;
    principals::write(store, seed)?;
    let mut writer = Writer::new(store)?;
    categories::write(&mut writer)?;
    match seed {
        Seed::Empty => Ok(()),
        Seed::Demo => demo::write(&mut writer),
        Seed::Scale(updates) => scale::write(&mut writer, updates),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::types::Value;

    use super::*;
    use crate::sandbox::schema;

    fn filled(seed: Seed) -> Connection {
        let store = Connection::open_in_memory().unwrap();
        schema::create(&store).unwrap();
        fill(&store, seed).unwrap();
        store
    }

    fn number(store: &Connection, query: &str) -> i64 {
        store.query_row(query, [], |row| row.get(0)).unwrap()
    }

    fn count(store: &Connection, table: &str) -> i64 {
        number(store, &format!("SELECT count(*) FROM {table}"))
    }

    fn rows(store: &Connection, query: &str) -> Vec<Vec<Value>> {
        let mut statement = store.prepare(query).unwrap();
        let columns = statement.column_count();
        let read = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect()).unwrap();
        read.map(Result::unwrap).collect()
    }

    fn tables(store: &Connection) -> Vec<String> {
        rows(store, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
            .into_iter()
            .map(|row| match &row[0] {
                Value::Text(name) => name.clone(),
                other => panic!("a table named {other:?}"),
            })
            .collect()
    }

    /// What no SUSDB would hold: references to nothing, bad ids and times, two latest revisions, values of other types.
    fn inconsistencies(store: &Connection) -> Vec<String> {
        let mut problems: Vec<String> =
            rows(store, "PRAGMA foreign_key_check").into_iter().map(|row| format!("dangling: {row:?}")).collect();
        for check in [
            "SELECT count(*) FROM tbUpdate AS u WHERE 1 <> (SELECT count(*) FROM tbRevision AS r
                 WHERE r.LocalUpdateID = u.LocalUpdateID AND r.IsLatestRevision = 1)",
            "SELECT count(*) FROM tbRevision WHERE RevisionID NOT IN (SELECT RevisionID FROM tbProperty)",
            "SELECT count(*) FROM tbRevision WHERE RevisionID NOT IN (SELECT RevisionID FROM vwDefaultLocalizedProperty)",
            "SELECT count(*) FROM tbRevisionSupersedesUpdate
                 WHERE SupersededUpdateID NOT IN (SELECT UpdateID FROM tbUpdate)",
            "SELECT count(*) FROM tbTargetGroup WHERE ParentGroupID NOT IN (SELECT TargetGroupID FROM tbTargetGroup)",
            "SELECT count(*) FROM tbDeployment AS d JOIN tbProperty AS p ON p.RevisionID = d.RevisionID
                 WHERE d.ActionID IN (0, 1, 3) AND p.ExplicitlyDeployable = 0",
            "SELECT count(*) FROM vwMinimalUpdate WHERE Declined = 1 AND IsDeployed = 1",
            "SELECT count(*) FROM tbProperty AS p WHERE p.RevisionID > 1000
                 AND p.RevisionID NOT IN (SELECT RevisionID FROM tbFileForRevision)
                 AND p.RevisionID NOT IN (SELECT RevisionID FROM tbBundleDependency)",
            "SELECT count(*) FROM tbFile WHERE length(FileDigest) <> 20 OR Size < 1
                 OR FileDigest NOT IN (SELECT FileDigest FROM tbFileForRevision)",
            "SELECT count(*) FROM (SELECT 1 FROM tbDeployment GROUP BY RevisionID, TargetGroupID HAVING count(*) > 1)",
            "SELECT count(*) FROM vwMinimalUpdate WHERE IsLatestRevision = 1 AND IsLeaf = IsSuperseded",
        ] {
            if number(store, check) > 0 {
                problems.push(check.to_owned());
            }
        }
        for table in tables(store) {
            for column in rows(store, &format!("SELECT name, type FROM pragma_table_info('{table}')")) {
                let [Value::Text(name), Value::Text(declared)] = &column[..] else { panic!("{column:?}") };
                let condition = match declared.as_str() {
                    "uniqueidentifier" => format!("{name} <> upper({name}) OR length({name}) <> 36"),
                    "datetime" => format!("{name} NOT GLOB '????-??-?? ??:??:??.???'"),
                    "bit" => format!("{name} NOT IN (0, 1)"),
                    _ => continue,
                };
                if number(store, &format!("SELECT count(*) FROM {table} WHERE {condition}")) > 0 {
                    problems.push(format!("{table}.{name} holds what is no {declared}"));
                }
            }
        }
        problems
    }

    #[test]
    fn names_are_read_and_written() {
        for seed in [Seed::Empty, Seed::Demo, Seed::Scale(1), Seed::Scale(200_000)] {
            assert_eq!(seed.to_string().parse(), Ok(seed));
        }
        for name in ["", "Demo", "scale", "scale:", "scale:0", "scale:-1", "scale:1k", "scale:5000000000"] {
            assert!(name.parse::<Seed>().is_err(), "{name}");
        }
    }

    #[test]
    fn an_empty_server_has_built_in_groups_and_categories_only() {
        let store = filled(Seed::Empty);
        assert_eq!(count(&store, "tbTargetGroup"), 3);
        assert_eq!(count(&store, "tbComputerTarget"), 0);
        assert_eq!(count(&store, "tbDeployment"), 0);
        assert_eq!(count(&store, "\"PUBLIC_VIEWS.vUpdate\""), 0);
        assert_eq!(count(&store, "\"PUBLIC_VIEWS.vClassification\""), 16);
        assert_eq!(inconsistencies(&store), Vec::<String>::new());
    }

    #[test]
    fn the_demo_is_as_documented() {
        let store = filled(Seed::Demo);
        assert_eq!(count(&store, "tbTargetGroup"), 13);
        assert_eq!(count(&store, "tbComputerTarget"), 60);
        assert_eq!(count(&store, "tbComputerTarget WHERE ParentServerTargetID IS NOT NULL"), 3);
        assert_eq!(count(&store, "tbUpdate WHERE LocalUpdateID > 1000"), 400);
        assert_eq!(count(&store, "\"PUBLIC_VIEWS.vUpdate\""), 398, "two are children of a bundle");
        let used = |kind: &str| {
            number(
                &store,
                &format!(
                    "SELECT count(DISTINCT CategoryID) FROM tbRevisionInCategory JOIN tbCategory USING (CategoryID)
                     WHERE CategoryType = '{kind}'"
                ),
            )
        };
        assert_eq!((used("Product"), used("UpdateClassification")), (8, 6));
        for (kb, updates) in [("5060842", 4), ("5060526", 3), ("5039299", 3), ("5055555", 1), ("5051989", 3)] {
            assert_eq!(
                number(
                    &store,
                    &format!(
                        "SELECT count(DISTINCT LocalUpdateID) FROM tbKBArticleForRevision JOIN tbRevision USING (RevisionID)
                         WHERE KBArticleID = '{kb}'"
                    )
                ),
                updates,
                "KB{kb}"
            );
        }
        assert_eq!(
            count(&store, "tbExpandedTargetInTargetGroup WHERE TargetGroupID = 'B73CA6ED-5727-47F3-84DE-015E03F6A88A'"),
            9
        );
        assert_eq!(count(&store, "tbDeployment"), 30);
        assert_eq!(count(&store, "tbDeployment WHERE AdminName = 'WUS Server'"), 5);
        assert_eq!(count(&store, "tbDeployment WHERE IsAssigned = 0"), 1);
        assert_eq!(count(&store, "vwMinimalUpdate WHERE RequiresEulaAcceptance = 1"), 1);
        assert_eq!(count(&store, "tbUpdate WHERE IsHidden = 1"), 11);
        for severity in ["Unspecified", "Low", "Moderate", "Important", "Critical"] {
            assert!(count(&store, &format!("tbProperty WHERE MsrcSeverity = '{severity}'")) > 2, "{severity}");
        }
        let needed = "NotInstalled + Downloaded + Failed + InstalledPendingReboot";
        assert!(count(&store, &format!("tbUpdateSummaryForAllComputers WHERE {needed} = 0")) > 20);
        assert!(count(&store, &format!("tbUpdateSummaryForAllComputers WHERE {needed} > 0")) > 200);
        assert_eq!(count(&store, "vwMinimalUpdate WHERE PublicationState = 1"), 32);
        assert_eq!(inconsistencies(&store), Vec::<String>::new());
    }

    #[test]
    fn the_approvals_of_the_demo_are_as_documented() {
        let store = filled(Seed::Demo);
        let mut statement = store
            .prepare(
                "SELECT coalesce(KBArticleID, 'driver') || ' ' || RevisionNumber || ' ' || Name || ' ' || ActionID
                     || iif(IsAssigned, '', ' optional') || coalesce(' by ' || substr(Deadline, 1, 10), '')
                 FROM tbDeployment JOIN tbRevision USING (RevisionID) JOIN tbTargetGroup USING (TargetGroupID)
                 LEFT JOIN tbKBArticleForRevision USING (RevisionID)
                 WHERE AdminName <> 'WUS Server' ORDER BY DeploymentID",
            )
            .unwrap();
        let approvals: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert_eq!(
            approvals,
            [
                "5060842 200 Ring 0 - IT 0",
                "5060842 200 Kiosks 3",
                "5060526 200 Servers 0 by 2026-06-20",
                "5059442 200 All Computers 2",
                "5055555 200 Ring 2 - Broad 0",
                "5055555 200 Old Pilot 0",
                "5055523 200 Old Pilot 0",
                "5058411 200 Old Pilot 0",
                "5044284 200 Ring 1 - Pilot 0",
                "5044284 201 Ring 0 - IT 0",
                "5044284 202 Ring 2 - Broad 0",
                "5046740 200 Servers 0 by 2026-01-15",
                "5048240 200 Servers 0",
                "890830 200 All Computers 0",
                "5053656 200 Ring 1 - Pilot 1 by 2026-06-30",
                "5046613 200 Domain Controllers 0 by 9999-12-31",
                "5051989 200 Ring 0 - IT 0",
                "5051989 200 Ring 0 - IT 5",
                "5051989 200 Ring 0 - IT 5",
                "5034441 200 Ring 2 - Broad 0",
                "driver 200 Ring 0 - IT 0",
                "4902192 200 Ring 0 - IT 0",
                "4902192 200 Ring 1 - Pilot 0 by 2026-05-20",
                "4902192 200 Ring 2 - Broad 0 by 2026-05-27",
                "5058499 200 Ring 0 - IT 0 optional",
            ]
        );
    }

    #[test]
    fn nothing_of_the_demo_is_approved_before_it_arrived() {
        let store = filled(Seed::Demo);
        let early = "SELECT count(*) FROM tbDeployment JOIN tbRevision AS r USING (RevisionID)
            JOIN tbRevision AS first ON first.LocalUpdateID = r.LocalUpdateID AND first.RevisionNumber = 200
            JOIN tbProperty AS p ON p.RevisionID = first.RevisionID
            WHERE DeploymentTime < ReceivedFromCreatorService OR DeploymentTime > '2026-06-09 17:00:00.000'";
        assert_eq!(number(&store, early), 0);
    }

    #[test]
    fn every_computer_of_the_demo_is_in_all_computers() {
        let store = filled(Seed::Demo);
        let query = "SELECT count(*), sum(IsExplicitMember) FROM tbExpandedTargetInTargetGroup
            WHERE TargetGroupID = 'A0A08746-4DBE-4A37-9ADF-9E7652C0B421'";
        assert_eq!(rows(&store, query), [[Value::Integer(60), Value::Integer(0)]]);
    }

    #[test]
    fn a_seed_is_the_same_every_time() {
        for seed in [Seed::Empty, Seed::Demo, Seed::Scale(300)] {
            let (first, second) = (filled(seed), filled(seed));
            for table in tables(&first) {
                let query = format!("SELECT * FROM {table} ORDER BY rowid");
                assert_eq!(rows(&first, &query), rows(&second, &query), "{table} of {seed}");
            }
        }
    }

    #[test]
    fn a_scale_is_a_prefix_of_every_larger_one() {
        let large = filled(Seed::Scale(9000));
        for updates in [0, 7, 48, 997, 7000] {
            let small = filled(Seed::Scale(updates));
            for table in tables(&small) {
                let missing = rows(&small, &format!("SELECT * FROM {table}"));
                let present = rows(&large, &format!("SELECT * FROM {table}"));
                let present: std::collections::BTreeSet<String> =
                    present.into_iter().map(|row| format!("{row:?}")).collect();
                for row in missing {
                    assert!(present.contains(&format!("{row:?}")), "{table} of scale:{updates}: {row:?}");
                }
            }
        }
    }

    #[test]
    fn a_scale_is_in_proportion() {
        let store = filled(Seed::Scale(8000));
        assert_eq!(count(&store, "tbUpdate WHERE LocalUpdateID > 1000"), 8000);
        assert_eq!(count(&store, "tbComputerTarget"), 2000);
        assert_eq!(count(&store, "tbTargetGroup WHERE IsBuiltin = 0"), 12);
        assert_eq!(count(&store, "tbDeployment"), 2400);
        assert_eq!(inconsistencies(&store), Vec::<String>::new());
    }

    #[test]
    fn a_savepoint_still_rolls_back_after_filling() {
        let store = filled(Seed::Empty);
        store.execute_batch("SAVEPOINT s; DELETE FROM tbServerHealth; ROLLBACK TO s; RELEASE s").unwrap();
        assert_eq!(count(&store, "tbServerHealth"), 1);
    }
}
