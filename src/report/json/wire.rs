//! The document's shape. Fields are written in the order they have here; docs/reference/json-plan.md changes with them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use uuid::Uuid;

use super::{FORMAT_VERSION, ServerReport};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Sources};
use crate::model::address::Address;
use crate::model::attribute::Attribute;
use crate::model::origin::Origin;
use crate::model::resolved::{Notice, ResolvedDownstreamServer, ResolvedEntry};
use crate::model::snapshot::Reboot;
use crate::plan::change::{
    Affects, Brings, Change, ChangeAction, Details, FieldChange, Figure, Inheritance, Inherited, Members, Reason, Risk,
};
use crate::plan::{Blocker, BlockerSubject, Plan, Summary};
use crate::report::listing::WireDownstreamServer;
use crate::report::place::Place;
use crate::report::timestamp::timestamp;

/// The whole.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    format_version: &'static str,
    tool: ToolWire<'a>,
    evaluated_at: String,
    errors: Vec<ProblemWire<'a>>,
    servers: Vec<ServerWire<'a>>,
}

#[derive(Debug, serde::Serialize)]
struct ToolWire<'a> {
    name: &'static str,
    version: &'a str,
}

#[derive(Debug, serde::Serialize)]
struct ProblemWire<'a> {
    code: &'a str,
    severity: &'static str,
    summary: &'a str,
    detail: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
    help: &'a [String],
}

#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct ServerWire<'a> {
    name: &'a str,
    server_id: String,
    taken_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<String>,
    digest: &'a str,
    permissions: &'a [String],
    summary: SummaryWire,
    entries: Vec<EntryWire<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    downstream_servers: Vec<DownstreamServerWire<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    undeclared: BTreeMap<&'static str, &'a [String]>,
    changes: Vec<ChangeWire<'a>>,
    blockers: Vec<BlockerWire<'a>>,
    unsupported: Vec<NoticeWire<'a>>,
    findings: Vec<NoticeWire<'a>>,
    warnings: Vec<NoticeWire<'a>>,
    pending: Vec<NoticeWire<'a>>,
}

#[derive(Debug, serde::Serialize)]
struct SummaryWire {
    create: usize,
    modify: usize,
    delete: usize,
    managed: BTreeMap<&'static str, u64>,
    unmanaged: BTreeMap<&'static str, u64>,
    lapsed: u64,
    automatic: u64,
    kept: u64,
    skipped: u64,
    ignored: u64,
    pending: u64,
}

#[derive(Debug, serde::Serialize)]
struct EntryWire<'a> {
    origin: PlaceWire<'a>,
    matched: usize,
    updates: Vec<String>,
    kept: Vec<String>,
    skipped: Vec<SkippedWire<'a>>,
    lapsed: Vec<String>,
}

/// A declared downstream server; `live` is null where the server does not know it.
#[derive(Debug, serde::Serialize)]
struct DownstreamServerWire<'a> {
    name: &'a str,
    live: Option<WireDownstreamServer<'a>>,
    origin: PlaceWire<'a>,
}

#[derive(Debug, serde::Serialize)]
struct SkippedWire<'a> {
    address: String,
    code: &'a str,
    message: &'a str,
}

#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangeWire<'a> {
    address: String,
    kind: &'static str,
    action: &'static str,
    before: Option<BTreeMap<&'a str, AttributeWire<'a>>>,
    after: Option<BTreeMap<&'a str, AttributeWire<'a>>>,
    fields: Vec<FieldWire<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<MembersWire<'a>>,
    reason: ReasonWire<'a>,
    risk: &'static str,
    affects: AffectsWire,
    #[serde(skip_serializing_if = "Option::is_none")]
    inherited: Option<InheritedWire<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brings: Option<BringsWire<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_at: Option<String>,
    origin: Option<PlaceWire<'a>>,
}

#[derive(Debug, serde::Serialize)]
struct FieldWire<'a> {
    path: &'a str,
    before: AttributeWire<'a>,
    after: AttributeWire<'a>,
}

#[derive(Debug, serde::Serialize)]
struct MembersWire<'a> {
    added: &'a [String],
    removed: &'a [String],
}

#[derive(Debug, serde::Serialize)]
struct ReasonWire<'a> {
    code: &'a str,
    text: &'a str,
}

#[derive(Debug, serde::Serialize)]
struct AffectsWire {
    computers: u64,
    approvals: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    needed: Option<FigureWire>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<FigureWire>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<FigureWire>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reboot: Option<&'static str>,
}

/// A number, or `{"unknown": "why"}`.
#[derive(Debug, serde::Serialize)]
#[serde(untagged)]
enum FigureWire {
    Known(u64),
    Unknown { unknown: &'static str },
}

#[derive(Debug, serde::Serialize)]
struct InheritedWire<'a> {
    effect: &'static str,
    group: &'a str,
    action: &'static str,
    deadline: AttributeWire<'a>,
    optional: bool,
}

#[derive(Debug, serde::Serialize)]
struct BringsWire<'a> {
    title: &'a str,
    kbs: &'a [String],
    classifications: &'a [String],
    products: &'a [String],
}

#[derive(Debug, serde::Serialize)]
struct BlockerWire<'a> {
    address: String,
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    permission: Option<String>,
    origin: Option<PlaceWire<'a>>,
}

#[derive(Debug, serde::Serialize)]
struct NoticeWire<'a> {
    address: String,
    code: &'a str,
    message: &'a str,
    origin: Option<PlaceWire<'a>>,
}

#[derive(Debug, serde::Serialize)]
struct PlaceWire<'a> {
    file: &'a str,
    line: u32,
    column: u32,
}

/// A value as JSON has it; what could not be read is `{"unknown": "why"}`.
#[derive(Debug)]
struct AttributeWire<'a>(&'a Attribute);

impl Serialize for AttributeWire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Attribute::Null => serializer.serialize_unit(),
            Attribute::Bool(value) => serializer.serialize_bool(*value),
            Attribute::Int(value) => serializer.serialize_i64(*value),
            Attribute::Text(value) => serializer.serialize_str(value),
            Attribute::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&AttributeWire(item))?;
                }
                list.end()
            }
            Attribute::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, &AttributeWire(value))?;
                }
                map.end()
            }
            Attribute::Unknown(why) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("unknown", why)?;
                map.end()
            }
        }
    }
}

impl<'a> Document<'a> {
    pub(super) fn new(
        servers: &'a [ServerReport<'_>],
        errors: &'a Diagnostics,
        sources: &'a Sources,
        evaluated_at: DateTime<Utc>,
        tool_version: &'a str,
    ) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            tool: ToolWire { name: "wsusctl", version: tool_version },
            evaluated_at: timestamp(evaluated_at),
            errors: errors.0.iter().map(|problem| problem_wire(problem, sources)).collect(),
            servers: servers.iter().map(|server| server_wire(server, sources)).collect(),
        }
    }
}

fn problem_wire<'a>(problem: &'a Diagnostic, sources: &'a Sources) -> ProblemWire<'a> {
    // The document names one place a problem; the others are for the reader of the snippet.
    let Diagnostic { severity, code, summary, detail, primary, secondary: _, help } = problem;
    let place = primary.as_ref().map(|label| Place::new(label.origin, sources));
    let severity = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    ProblemWire {
        code,
        severity,
        summary,
        detail,
        file: place.map(|place| place.file),
        line: place.map(|place| place.line),
        column: place.map(|place| place.column),
        help,
    }
}

fn server_wire<'a>(server: &'a ServerReport<'_>, sources: &'a Sources) -> ServerWire<'a> {
    let ServerReport { plan, digest, permissions, against } = server;
    let Plan {
        server_name,
        server_id,
        taken_at,
        now,
        changes,
        steps: _, // How a change is carried out is not part of the format.
        blockers,
        unsupported,
        findings,
        warnings,
        pending,
        entries,
        downstream_servers,
        undeclared,
        explained: _, // For people only.
        put_off: _,   // A warning says so.
        summary,
    } = plan;
    let notices = |notices: &'a [Notice]| notices.iter().map(|notice| notice_wire(notice, sources)).collect();
    ServerWire {
        name: server_name,
        server_id: server_id.to_string(),
        taken_at: timestamp(*taken_at),
        against: *against,
        now: now.map(timestamp),
        digest,
        permissions,
        summary: summary_wire(summary),
        entries: entries.iter().map(|entry| entry_wire(entry, sources)).collect(),
        downstream_servers: downstream_servers.iter().map(|server| downstream_server_wire(server, sources)).collect(),
        undeclared: undeclared.iter().map(|(kind, names)| (kind.plural(), names.as_slice())).collect(),
        changes: changes.iter().map(|change| change_wire(change, sources)).collect(),
        blockers: blockers.iter().map(|blocker| blocker_wire(blocker, sources)).collect(),
        unsupported: notices(unsupported),
        findings: notices(findings),
        warnings: notices(warnings),
        pending: notices(pending),
    }
}

fn downstream_server_wire<'a>(server: &'a ResolvedDownstreamServer, sources: &'a Sources) -> DownstreamServerWire<'a> {
    let ResolvedDownstreamServer { name, live, origin } = server;
    DownstreamServerWire {
        name,
        live: live.as_ref().map(WireDownstreamServer::from),
        origin: place_wire(*origin, sources),
    }
}

fn summary_wire(summary: &Summary) -> SummaryWire {
    let Summary { create, modify, delete, managed, unmanaged, lapsed, automatic, kept, skipped, ignored, pending } =
        summary;
    SummaryWire {
        create: *create,
        modify: *modify,
        delete: *delete,
        managed: managed.iter().map(|(kind, number)| (kind.plural(), *number)).collect(),
        unmanaged: unmanaged.iter().map(|(kind, number)| (kind.plural(), *number)).collect(),
        lapsed: *lapsed,
        automatic: *automatic,
        kept: *kept,
        skipped: *skipped,
        ignored: *ignored,
        pending: *pending,
    }
}

fn entry_wire<'a>(entry: &'a ResolvedEntry, sources: &'a Sources) -> EntryWire<'a> {
    // Kind, index and label are other names of the place; an entry that can do nothing has a blocker.
    let ResolvedEntry {
        kind: _,
        index: _,
        item: _,
        label: _,
        selector: _,
        groups: _,
        matched,
        updates,
        kept,
        skipped,
        lapsed,
        all_declined: _,
        origin,
    } = entry;
    let skipped = skipped.iter().map(|notice| {
        // Its place is the entry's.
        let Notice { address, code, message, origin: _ } = notice;
        SkippedWire { address: address.to_string(), code, message }
    });
    let ids = |ids: &[Uuid]| ids.iter().map(Uuid::to_string).collect();
    EntryWire {
        origin: place_wire(*origin, sources),
        matched: *matched,
        updates: ids(updates),
        kept: ids(kept),
        skipped: skipped.collect(),
        lapsed: lapsed.iter().map(Address::to_string).collect(),
    }
}

fn change_wire<'a>(change: &'a Change, sources: &'a Sources) -> ChangeWire<'a> {
    let Change {
        address,
        action,
        before,
        after,
        fields,
        members,
        reason: Reason { code, text },
        risk,
        affects,
        changed_by,
        changed_at,
        origin,
        label: _, // For people only.
        // The deadline that a relative one comes to depends on the day.
        details: Details { inherited, brings, due: _ },
    } = change;
    let action = match action {
        ChangeAction::Create => "create",
        ChangeAction::Modify => "modify",
        ChangeAction::Delete => "delete",
    };
    let risk = match risk {
        Risk::None => "none",
        Risk::Low => "low",
        Risk::High => "high",
    };
    ChangeWire {
        address: address.to_string(),
        kind: address.kind().singular(),
        action,
        before: before.as_ref().map(attributes_wire),
        after: after.as_ref().map(attributes_wire),
        fields: fields.iter().map(field_wire).collect(),
        members: members.as_ref().map(|Members { added, removed }| MembersWire { added, removed }),
        reason: ReasonWire { code, text },
        risk,
        affects: affects_wire(*affects),
        inherited: inherited.as_ref().map(inherited_wire),
        brings: brings.as_ref().map(brings_wire),
        changed_by: changed_by.as_deref(),
        changed_at: changed_at.map(timestamp),
        origin: origin.map(|origin| place_wire(origin, sources)),
    }
}

fn affects_wire(affects: Affects) -> AffectsWire {
    let Affects { computers, approvals, needed, bytes, parts, reboot } = affects;
    let figure = |figure| match figure {
        Figure::Known(number) => FigureWire::Known(number),
        Figure::Unknown(why) => FigureWire::Unknown { unknown: why },
    };
    let reboot = reboot.map(|reboot| match reboot {
        Reboot::Unknown => "unknown",
        Reboot::Never => "never",
        Reboot::Always => "always",
        Reboot::Possible => "possible",
    });
    let [needed, bytes, parts] = [needed, bytes, parts].map(|known| known.map(figure));
    AffectsWire { computers, approvals, needed, bytes, parts, reboot }
}

fn inherited_wire(inherited: &Inherited) -> InheritedWire<'_> {
    let Inherited { effect, from, action, deadline, optional } = inherited;
    let effect = match effect {
        Inheritance::Holds => "holds",
        Inheritance::Overridden => "overridden",
        Inheritance::Blocked => "blocked",
    };
    InheritedWire {
        effect,
        group: from,
        action: action.as_str(),
        deadline: AttributeWire(deadline),
        optional: *optional,
    }
}

fn brings_wire(brings: &Brings) -> BringsWire<'_> {
    let Brings { title, kbs, classifications, products } = brings;
    BringsWire { title, kbs, classifications, products }
}

fn attributes_wire(attributes: &BTreeMap<String, Attribute>) -> BTreeMap<&str, AttributeWire<'_>> {
    attributes.iter().map(|(path, value)| (path.as_str(), AttributeWire(value))).collect()
}

fn field_wire(field: &FieldChange) -> FieldWire<'_> {
    let FieldChange { path, before, after } = field;
    FieldWire { path, before: AttributeWire(before), after: AttributeWire(after) }
}

fn blocker_wire<'a>(blocker: &'a Blocker, sources: &'a Sources) -> BlockerWire<'a> {
    let Blocker { subject, code, message, permission, origin } = blocker;
    let address = match subject {
        BlockerSubject::Object(address) => address.to_string(),
        BlockerSubject::Kind(kind) => kind.plural().to_owned(),
    };
    BlockerWire {
        address,
        code,
        message,
        permission: permission.map(|permission| permission.to_string()),
        origin: origin.map(|origin| place_wire(origin, sources)),
    }
}

fn notice_wire<'a>(notice: &'a Notice, sources: &'a Sources) -> NoticeWire<'a> {
    let Notice { address, code, message, origin } = notice;
    NoticeWire { address: address.to_string(), code, message, origin: origin.map(|origin| place_wire(origin, sources)) }
}

fn place_wire(origin: Origin, sources: &Sources) -> PlaceWire<'_> {
    let Place { file, line, column } = Place::new(origin, sources);
    PlaceWire { file, line, column }
}
