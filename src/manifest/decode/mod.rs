//! Nodes -> document, one file a section. Reports whatever does not fit and reads on.

mod approval_rules;
mod approvals;
mod category;
mod choices;
mod connection;
mod database_roles;
mod deadline;
mod downstream_servers;
mod groups;
mod management;
mod needed_by;
mod notifications;
mod period;
pub(super) mod schema;
mod select;
mod settings;
mod synchronization;
mod update;

pub(super) use select::{Purpose, select};

use std::collections::BTreeMap;

use super::document::{Document, Identity, Management, Notifications, Settings};
use super::node::{Node, Value};
use super::problems::Problems;
use super::shape::{Fields, Keyed, Shape, check_name, entries, name, text, word, wrong_type};
use crate::diagnostic::Diagnostic;
use crate::model::desired::Synchronization;
use crate::model::origin::{Declared, Origin};
use uuid::Uuid;

const DOCUMENT: Shape = Shape::new("a manifest", &["apiVersion", "kind", "metadata", "connection", "spec"]);
const METADATA: Shape = Shape::new("metadata", &["name", "labels"]);
const SPEC: Shape = Shape::new(
    "spec",
    &[
        "identity",
        "updateSource",
        "updateFiles",
        "synchronization",
        "targeting",
        "automation",
        "reporting",
        "serverLimits",
        "cleanup",
        "logging",
        "security",
        "advanced",
        "notifications",
        "groups",
        "approvals",
        "declines",
        "approvalRules",
        "downstreamServers",
        "management",
    ],
);
const IDENTITY: Shape = Shape::new("identity", &["serverId", "replaces"]);

/// Reads a document. None where it is no map at all.
pub(super) fn document(root: Node<'_>, problems: &mut Problems) -> Option<Document> {
    let origin = root.origin;
    let mut fields = Fields::of(Keyed { key: origin, node: root }, &DOCUMENT, problems)?;
    if let Some(version) = fields.require("apiVersion", problems) {
        word(&version, &[("wsusctl/v1alpha1", ())], problems);
    }
    if let Some(kind) = fields.require("kind", problems) {
        word(&kind, &[("WsusServer", ())], problems);
    }
    let (name, labels) = metadata(fields.require("metadata", problems), problems);
    let connection = fields.take("connection").and_then(|value| connection::connection(value, problems));
    let mut document = Document {
        // A name that could not be read has been reported; the rules can do without it.
        name: name.unwrap_or(Declared { value: String::new(), origin }),
        labels,
        connection,
        identity: None,
        settings: Settings::default(),
        synchronization: Synchronization::default(),
        notifications: Notifications::default(),
        groups: Vec::new(),
        approvals: Vec::new(),
        declines: Vec::new(),
        approval_rules: Vec::new(),
        downstream_servers: Vec::new(),
        management: Management::default(),
        origin,
    };
    if let Some(value) = fields.require("spec", problems) {
        spec(value, &mut document, problems);
    }
    Some(document)
}

type Metadata = (Option<Declared<String>>, BTreeMap<String, String>);

fn metadata(value: Option<Keyed<'_>>, problems: &mut Problems) -> Metadata {
    let Some(mut fields) = value.and_then(|value| Fields::of(value, &METADATA, problems)) else {
        return (None, BTreeMap::new());
    };
    let server = fields.require("name", problems).and_then(|value| name(&value, "the server", problems));
    let labels = fields.take("labels").map(|value| labels(value, problems)).unwrap_or_default();
    (server, labels)
}

fn labels(value: Keyed<'_>, problems: &mut Problems) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for entry in entries(value, "labels", problems).unwrap_or_default() {
        let key = Declared { value: entry.key.into_owned(), origin: entry.origin };
        if !check_name(&key, "a label", problems) {
            continue;
        }
        let value = Keyed { key: entry.origin, node: entry.node };
        // Other programs read labels: what looks like a number or a truth value must say that it is text.
        if matches!(&value.node.value, Value::Plain(_)) && matches!(value.node.found(), "a number" | "a truth value") {
            problems.push(wrong_type("text", &value.node, value.place()).help("put the label's value in quotes"));
        } else if let Some(text) = text(&value, problems) {
            labels.insert(key.value, text.value);
        }
    }
    labels
}

fn spec(value: Keyed<'_>, document: &mut Document, problems: &mut Problems) {
    let Some(mut fields) = Fields::of(value, &SPEC, problems) else { return };
    document.identity = fields.take("identity").and_then(|value| identity(value, problems));
    for &section in settings::SECTIONS {
        if let Some(value) = fields.take(section) {
            settings::section(section, value, &mut document.settings, problems);
        }
    }
    document.synchronization = fields
        .take("synchronization")
        .map(|value| synchronization::synchronization(value, problems))
        .unwrap_or_default();
    document.notifications =
        fields.take("notifications").map(|value| notifications::notifications(value, problems)).unwrap_or_default();
    document.groups = fields.take("groups").map(|value| groups::groups(value, problems)).unwrap_or_default();
    document.approvals =
        fields.take("approvals").map(|value| approvals::approvals(value, problems)).unwrap_or_default();
    document.declines = fields.take("declines").map(|value| approvals::declines(value, problems)).unwrap_or_default();
    document.approval_rules =
        fields.take("approvalRules").map(|value| approval_rules::approval_rules(value, problems)).unwrap_or_default();
    document.downstream_servers = fields
        .take("downstreamServers")
        .map(|value| downstream_servers::downstream_servers(value, problems))
        .unwrap_or_default();
    document.management =
        fields.take("management").map(|value| management::management(value, problems)).unwrap_or_default();
}

fn identity(value: Keyed<'_>, problems: &mut Problems) -> Option<Identity> {
    let mut fields = Fields::of(value, &IDENTITY, problems)?;
    let replaces = fields.take("replaces").and_then(|value| id(&value, problems));
    let server_id = fields.require("serverId", problems).and_then(|value| id(&value, problems))?;
    Some(Identity { server_id, replaces })
}

fn id(value: &Keyed<'_>, problems: &mut Problems) -> Option<Declared<Uuid>> {
    let text = text(value, problems)?;
    uuid(&text.value, text.origin, problems)
}

/// An id in its usual form: 8-4-4-4-12 hexadecimal digits.
fn uuid(text: &str, origin: Origin, problems: &mut Problems) -> Option<Declared<Uuid>> {
    let value = (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten();
    if value.is_none() {
        problems.push(
            Diagnostic::error("bad-id", "not an id")
                .detail(format!("`{text}` is not a UUID: 8-4-4-4-12 hexadecimal digits with hyphens"))
                .at(origin, ""),
        );
    }
    value.map(|value| Declared { value, origin })
}
