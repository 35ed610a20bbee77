//! Reads a snapshot. Nothing of a file is used unless all of it is in order.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use uuid::Uuid;

use super::error::Alteration;
use super::lines::{Limits, Lines};
use super::text::Id;
use super::wire::{
    Contents, EndWire, Head, KIND, MembershipWire, NeededWire, Probe, Record, RequestedGroupWire, ServerWire,
};
use super::{Saved, SavedError, Version};
use crate::model::category::{Categories, Category};
use crate::model::configuration::LiveSettings;
use crate::model::database_role::LivePrincipals;
use crate::model::impact::{Impact, Removed};
use crate::model::listing::ListedDownstreamServer;
use crate::model::notifications::LiveNotifications;
use crate::model::procedure::{Procedure, ProcedureState};
use crate::model::rule::{Rule, Rules};
use crate::model::scope::ReadScope;
use crate::model::snapshot::{Computer, Deployment, Snapshot, TargetGroup, Totals, Update};
use crate::model::synchronization::LiveSynchronization;

/// Reads a file to its end.
///
/// # Errors
/// [`SavedError`] with the line where there is one: whatever the bytes are, they are a whole snapshot as it was written,
/// or an error.
pub fn read(input: impl Read, limits: &Limits) -> Result<Saved, SavedError> {
    let mut lines = Lines::new(input, *limits);
    let head = read_head(&mut lines)?;
    let mut records = Records::default();
    let mut count = 0;
    loop {
        let number = lines.number() + 1;
        let Some(text) = lines.next()? else { return Err(SavedError::Incomplete { lines: lines.number() }) };
        let record = serde_json::from_str(text).map_err(|error| SavedError::malformed(number, &error))?;
        match record {
            Record::End(end) => {
                check_end(&mut lines, end, count)?;
                return records.finish(head);
            }
            record => records.take(record, number)?,
        }
        count += 1;
        lines.count_in();
    }
}

fn read_head(lines: &mut Lines<impl Read>) -> Result<Head, SavedError> {
    let Some(text) = lines.next()? else { return Err(SavedError::Empty) };
    let probe: Probe = serde_json::from_str(text).map_err(|_| SavedError::NotASnapshot)?;
    let version = Version::parse(&probe.format_version).filter(|_| probe.kind == KIND);
    let found = version.ok_or(SavedError::NotASnapshot)?;
    if !found.is_known() {
        return Err(SavedError::NewerFormat { found });
    }
    let head = serde_json::from_str(text).map_err(|error| SavedError::malformed(1, &error))?;
    lines.count_in();
    Ok(head)
}

fn check_end(lines: &mut Lines<impl Read>, end: EndWire, found: u64) -> Result<(), SavedError> {
    let EndWire { records, sha256 } = end;
    let altered = |problem| Err(SavedError::Altered { problem });
    if records != found {
        return altered(Alteration::Records { written: records, found });
    }
    let checksum = lines.checksum();
    if checksum != sha256 {
        return altered(Alteration::Checksum { written: sha256, found: checksum });
    }
    match lines.next()? {
        Some(_) => Err(SavedError::Trailing { line: lines.number() }),
        None => Ok(()),
    }
}

/// What has been read so far.
#[derive(Default)]
struct Records {
    server: Option<ServerWire>,
    totals: Option<Totals>,
    settings: Option<LiveSettings>,
    synchronization: Option<LiveSynchronization>,
    notifications: Option<LiveNotifications>,
    database_roles: Option<LivePrincipals>,
    procedures: BTreeMap<Procedure, ProcedureState>,
    groups: BTreeMap<Uuid, TargetGroup>,
    computers: BTreeMap<i32, Computer>,
    memberships: BTreeSet<(Uuid, i32)>,
    requested_groups: BTreeMap<String, u32>,
    rules: BTreeMap<i32, Rule>,
    category_numbers: BTreeMap<i32, Uuid>,
    downstream_servers: Vec<ListedDownstreamServer>,
    categories: BTreeMap<Uuid, Category>,
    updates: BTreeMap<Uuid, Update>,
    deployments: BTreeMap<Uuid, Vec<Deployment>>,
    articles: BTreeSet<String>,
    bytes: BTreeMap<Uuid, u64>,
    parts: BTreeMap<Uuid, u64>,
    needed: BTreeMap<(Uuid, Uuid), u64>,
    removed: BTreeMap<(Uuid, Uuid), Removed>,
}

impl Records {
    /// Takes the record of a line.
    fn take(&mut self, record: Record, line: u64) -> Result<(), SavedError> {
        // What was there before, in words.
        let before = match record {
            Record::Server(wire) => self.server.replace(wire).map(|_| "the server".to_owned()),
            Record::Totals(wire) => self.totals.replace(wire.into()).map(|_| "the totals".to_owned()),
            Record::Settings(wire) => self.settings.replace(wire.into()).map(|_| "the settings".to_owned()),
            Record::Synchronization(wire) => {
                self.synchronization.replace(wire.into()).map(|_| "what is synchronised".to_owned())
            }
            Record::Notifications(wire) => {
                self.notifications.replace(wire.into()).map(|_| "what mails are sent".to_owned())
            }
            Record::Principals(wire) => {
                self.database_roles.replace(wire.into()).map(|_| "who is in the database's roles".to_owned())
            }
            Record::Procedure(wire) => {
                let Some(procedure) = Procedure::ALL.into_iter().find(|known| known.name() == wire.name) else {
                    let problem = format!("no procedure `{}` is known", wire.name);
                    return Err(SavedError::Malformed { line, column: 1, problem });
                };
                self.procedures.insert(procedure, wire.into()).map(|_| format!("procedure {}", procedure.name()))
            }
            Record::Group(wire) => {
                let group = TargetGroup::from(wire);
                self.groups.insert(group.id, group).map(|group| format!("group {}", group.id))
            }
            Record::Computer(wire) => {
                let computer = Computer::from(wire);
                self.computers.insert(computer.target_id, computer).map(|old| format!("computer {}", old.target_id))
            }
            Record::Membership(MembershipWire { group: Id(group), computer }) => {
                let is_new = self.memberships.insert((group, computer));
                (!is_new).then(|| format!("computer {computer} in group {group}"))
            }
            Record::RequestedGroup(RequestedGroupWire { name, computers }) => {
                self.requested_groups.insert(name, computers).map(|_| "this requested group".to_owned())
            }
            Record::Rule(wire) => {
                let rule = Rule::from(wire);
                self.rules.insert(rule.id, rule).map(|rule| format!("rule {}", rule.id))
            }
            Record::CategoryNumber(wire) => {
                let Id(id) = wire.id;
                self.category_numbers.insert(wire.number, id).map(|_| format!("category number {}", wire.number))
            }
            // Several servers may have one name.
            Record::DownstreamServer(wire) => {
                self.downstream_servers.push(wire.into());
                None
            }
            Record::Category(wire) => {
                let category = Category::from(wire);
                self.categories.insert(category.id, category).map(|category| format!("category {}", category.id))
            }
            Record::Update(wire) => {
                let (bytes, parts) = (wire.bytes, wire.parts);
                let update = Update::from(wire);
                self.bytes.extend(bytes.map(|bytes| (update.id, bytes)));
                self.parts.extend(parts.map(|parts| (update.id, parts)));
                self.updates.insert(update.id, update).map(|update| format!("update {}", update.id))
            }
            // Two rows of one update may be equal in everything, and each counts.
            Record::Approval(wire) => {
                let Id(update) = wire.update;
                self.deployments.entry(update).or_default().push(wire.into());
                None
            }
            Record::Article(number) => {
                let repeated = format!("article {number}");
                (!self.articles.insert(number)).then_some(repeated)
            }
            Record::Needed(NeededWire { update: Id(update), computers }) => {
                let pairs = computers.into_iter().map(|(Id(group), number)| ((update, group), number));
                let (mut before, pairs): (bool, Vec<_>) = (false, pairs.collect());
                for (pair, number) in pairs {
                    before |= self.needed.insert(pair, number).is_some();
                }
                before.then(|| format!("computers that need update {update}"))
            }
            Record::Removed(wire) => {
                let (Id(update), Id(group)) = (wire.update, wire.group);
                let before = self.removed.insert((update, group), wire.into());
                before.map(|_| format!("who removed approvals of update {update} for group {group}"))
            }
            Record::End(_) => None,
        };
        before.map_or(Ok(()), |what| Err(SavedError::Repeated { line, what }))
    }

    /// What the records come to.
    fn finish(self, head: Head) -> Result<Saved, SavedError> {
        let Self {
            server,
            totals,
            settings,
            synchronization,
            notifications,
            database_roles,
            procedures,
            groups,
            computers,
            memberships,
            requested_groups,
            rules,
            category_numbers,
            downstream_servers,
            categories,
            updates,
            deployments,
            articles,
            bytes,
            parts,
            needed,
            removed,
        } = self;
        let Head { kind: _, format_version: _, tool, taken_at, server_id: Id(server_id), contents } = head;
        let Contents {
            rules: has_rules,
            downstream_servers: has_downstream_servers,
            needed: has_needed,
            parts: has_parts,
        } = contents;
        for (what, is_read, is_empty) in [
            ("approval rules", has_rules, rules.is_empty() && category_numbers.is_empty()),
            ("downstream servers", has_downstream_servers, downstream_servers.is_empty()),
            ("which computers need updates", has_needed, needed.is_empty()),
            ("what updates bundle", has_parts, parts.is_empty()),
        ] {
            if !is_read && !is_empty {
                return Err(SavedError::Contradiction { what });
            }
        }
        let server = server.ok_or(SavedError::Missing { record: "server" })?;
        let snapshot = Snapshot {
            taken_at: taken_at.0,
            scope: ReadScope::whole(),
            server: server.facts(server_id),
            settings,
            rules: has_rules.then_some(Rules { all: rules, categories: category_numbers }),
            downstream_servers: has_downstream_servers.then_some(downstream_servers),
            synchronization,
            notifications,
            database_roles,
            groups,
            computers,
            memberships,
            requested_groups,
            categories: Categories(categories),
            updates,
            articles,
            // Every update is there with its title.
            titled: BTreeMap::new(),
            deployments,
            approvals_of_groups: BTreeMap::new(),
            totals: totals.ok_or(SavedError::Missing { record: "totals" })?,
            procedures,
        };
        let impact = Impact { needed: has_needed.then_some(needed), bytes, parts: has_parts.then_some(parts), removed };
        Ok(Saved { tool_version: tool.version, snapshot, impact })
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::read;
    use crate::encoding::Encoding;
    use crate::saved::FORMAT_VERSION;
    use crate::saved::lines::{Limits, hexadecimal};

    const HEAD: &str = r#"{"kind":"WsusSnapshot","formatVersion":"1.0","tool":{"name":"wsusctl","version":"0.1.0"},"takenAt":"2026-11-20T12:00:00Z","serverId":"3f0e6d3c-6f5e-4c55-9a53-6a3f1f6d5a11","contents":{"rules":false,"downstreamServers":false,"needed":false}}"#;
    const SERVER: &str = r#"{"server":{"replica":false,"hasUpstream":false,"approvesNewRevisions":true,"serverSideTargeting":true,"sqlVersion":"15"}}"#;
    const TOTALS: &str = r#"{"totals":{"approvals":0,"automaticApprovals":0,"approvalsByGroup":{},"automaticApprovalsByGroup":{},"computersByGroup":{},"groupedComputers":0,"declines":0}}"#;

    /// A file of these lines with the end that belongs to them.
    fn file(lines: &[&str]) -> String {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let mut hash = Sha256::new();
        hash.update(text.as_bytes());
        let (records, sha256) = (lines.len().saturating_sub(1), hexadecimal(&hash));
        format!("{text}{{\"end\":{{\"records\":{records},\"sha256\":\"{sha256}\"}}}}\n")
    }

    fn problem(bytes: &[u8]) -> String {
        read(bytes, &Limits::default()).unwrap_err().to_string()
    }

    /// What is wrong with a file that has this line, too.
    fn problem_with(line: &str) -> String {
        problem(file(&[HEAD, SERVER, TOTALS, line]).as_bytes())
    }

    #[test]
    fn the_smallest_file_is_read_whatever_its_line_ends_are() {
        let text = file(&[HEAD, SERVER, TOTALS]);
        let saved = read(text.as_bytes(), &Limits::default()).unwrap();
        assert_eq!((saved.tool_version.as_str(), saved.snapshot.server.sql_version.as_str()), ("0.1.0", "15"));
        assert_eq!((saved.snapshot.rules, saved.impact.needed), (None, None));
        read(text.replace('\n', "\r\n").as_bytes(), &Limits::default()).unwrap();
        read(text.trim_end().as_bytes(), &Limits::default()).unwrap();
    }

    #[test]
    fn a_file_is_the_same_however_it_is_stored() {
        let group = "{\"requestedGroup\":{\"name\":\"M\u{fc}nchen\",\"computers\":1}}";
        let text = file(&[HEAD, SERVER, TOTALS, group]).replace('\n', "\r\n");
        for encoding in [Encoding::Utf8 { marked: true }, Encoding::Utf16Le, Encoding::Utf16Be] {
            let saved = read(&*encoding.encode(&text), &Limits::default()).unwrap();
            assert_eq!(saved.snapshot.requested_groups.keys().collect::<Vec<_>>(), ["M\u{fc}nchen"], "{encoding:?}");
        }
        // PowerShell takes UTF-8 for the console's code page, so that what is no ASCII comes out as something else.
        let mangled = Encoding::Utf16Le.encode(&text.replace('\u{fc}', "\u{251c}\u{255d}"));
        let error = read(&*mangled, &Limits::default()).unwrap_err();
        assert!(error.to_string().starts_with("the file was altered"), "{error}");
        assert!(error.hint().contains("--out FILE"), "{}", error.hint());
        let unmarked: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let error = read(&*unmarked, &Limits::default()).unwrap_err();
        assert_eq!(error.to_string(), "this is UTF-16 without a byte order mark");
        assert!(error.hint().contains("--out FILE"), "{}", error.hint());
    }

    #[test]
    fn what_is_no_snapshot_is_told_so() {
        let not_one = "line 1: this is not a snapshot of wsusctl, which begins with `{\"kind\":\"WsusSnapshot\"`";
        for text in [
            "{\n",
            "apiVersion: wsusctl/v1alpha1\n",
            "{}\n",
            "[]",
            "null",
            "\n",
            r#"{"kind":"WsusServer","formatVersion":"1.0"}"#,
        ] {
            assert_eq!(problem(text.as_bytes()), not_one, "{text}");
        }
        assert_eq!(problem(b""), "the file is empty");
        assert_eq!(problem(&[0x1f, 0x8b, 8, 0]), "the file is compressed with gzip");
        assert_eq!(problem(b"\xff\n"), "line 1 is not UTF-8");
    }

    #[test]
    fn a_version_that_is_not_known_is_told_so() {
        for found in ["1.99", "2.0"] {
            let text =
                format!("{}\n", HEAD.replace("\"1.0\"", &format!("\"{found}\"")).replace("\"tool\"", "\"tools\""));
            let expected =
                format!("line 1: the file has format {found}, and this wsusctl knows {FORMAT_VERSION} and older");
            assert_eq!(problem(text.as_bytes()), expected);
        }
        assert!(problem(HEAD.replace("\"1.0\"", "\"one\"").as_bytes()).starts_with("line 1: this is not a snapshot"));
    }

    #[test]
    fn a_line_that_is_no_record_is_named_with_its_place() {
        for (line, expected) in [
            ("", "line 4, column 0: EOF while parsing a value"),
            ("{", "line 4, column 1: EOF while parsing an object"),
            (r#"{"hat":{}}"#, "line 4, column 6: unknown variant `hat`, expected one of `server`, "),
            (r#"{"article":7}"#, "line 4, column 12: invalid type: integer `7`, expected a string"),
            (r#"{"article":"7"} x"#, "line 4, column 17: trailing characters"),
            (
                r#"{"categoryNumber":{"number":1,"id":"x"}}"#,
                "line 4, column 38: invalid value: string \"x\", expected an id as 8-4-4-4-12",
            ),
            (
                r#"{"requestedGroup":{"name":"A","computers":-1}}"#,
                "line 4, column 44: invalid value: integer `-1`, expected u32",
            ),
            (r#"{"requestedGroup":{"name":"A","computers":1,"hat":1}}"#, "line 4, column 49: unknown field `hat`"),
            (
                r#"{"procedure":{"name":"spHat","expected":"","verdict":"missing"}}"#,
                "line 4, column 1: no procedure `spHat` is known",
            ),
            (SERVER, "line 4: the second record of the server"),
            (TOTALS, "line 4: the second record of the totals"),
        ] {
            let found = problem_with(line);
            assert!(found.starts_with(expected), "{line}: {found}");
        }
        let article = r#"{"article":"5060526"}"#;
        assert_eq!(
            problem(file(&[HEAD, SERVER, TOTALS, article, article]).as_bytes()),
            "line 5: the second record of article 5060526"
        );
    }

    #[test]
    fn what_is_missing_or_contradicts_the_head_is_named() {
        assert_eq!(problem(file(&[HEAD, TOTALS]).as_bytes()), "the file has no record `server`");
        assert_eq!(problem(file(&[HEAD, SERVER]).as_bytes()), "the file has no record `totals`");
        assert_eq!(
            problem_with(r#"{"rule":{"id":1,"name":"R","enabled":true}}"#),
            "line 1 says that nobody read approval rules, and there are records of it"
        );
    }

    #[test]
    fn a_file_that_breaks_off_or_was_altered_is_noticed() {
        let whole = file(&[HEAD, SERVER, TOTALS]);
        for (text, expected) in [
            (format!("{HEAD}\n{SERVER}\n{TOTALS}\n"), "the file is incomplete: it breaks off after line 3"),
            (
                whole.replace("\"approvals\":0", "\"approvals\":1"),
                "the file was altered after it was written: its checksum is ",
            ),
            (whole.replace("2026-11-20", "2026-11-21"), "the file was altered after it was written: its checksum is "),
            (
                whole.replace(&format!("{TOTALS}\n"), ""),
                "the file was altered after it was written: it has 1 records instead of 2",
            ),
            (format!("{whole}{SERVER}\n"), "line 5: something follows the record `end`"),
        ] {
            let found = problem(text.as_bytes());
            assert!(found.starts_with(expected), "{found}");
        }
    }

    #[test]
    fn limits_end_the_read() {
        let text = file(&[HEAD, SERVER, TOTALS]);
        let limited =
            |file_bytes, line_bytes| read(text.as_bytes(), &Limits { file_bytes, line_bytes }).unwrap_err().to_string();
        assert_eq!(limited(300, 1000), "the file is larger than 300 bytes");
        assert_eq!(limited(10_000, 200), "line 1 is longer than 200 bytes");
    }

    #[test]
    fn depth_is_limited() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(problem_with(&deep).starts_with("line 4, column "));
    }
}
