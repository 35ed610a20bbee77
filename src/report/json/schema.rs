//! The JSON Schema of the document: the fields of `wire.rs`, each with what docs/reference/json-plan.md says of it.
//!
//! It lets pass what a later minor version adds: keys that it does not know, and other words where words are listed.

use crate::model::address::Kind;
use crate::schema::{Document, Form, Map, Property, Schema, Text, optional, required};

const GUID: &str = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const TIME: &str = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]{3})?Z";

/// The largest number that every JSON parser keeps.
const LARGEST: i64 = 9_007_199_254_740_991;

/// The JSON Schema of the document: of [`FORMAT_VERSION`](super::FORMAT_VERSION) and of what later minor versions add.
#[must_use]
pub fn schema() -> Document {
    let version = Schema::pattern("1\\.[0-9]+")
        .says("The version of this format. A reader refuses a first number it does not know.");
    let tool = map(vec![
        required("name", Schema::words(["wsusctl"]).says("The program that wrote the document.")),
        required("version", text("Its version.")),
    ]);
    let root = map(vec![
        required("formatVersion", version.example("\"1.1\"")),
        required("tool", tool.says("The program that wrote the document.")),
        required("evaluatedAt", time("The time that deadlines were judged by.")),
        required("errors", Schema::list(problem()).says("Problems of the manifests.")),
        required(
            "servers",
            Schema::list(server()).says("A plan for each server; empty where the manifests have an error."),
        ),
    ]);
    Document {
        root: root.title("A plan of wsusctl").says("The document of `wsusctl diff --output json`."),
        definitions: vec![
            ("change", change()),
            ("notice", notice()),
            ("place", place()),
            ("figure", figure()),
            ("attributes", attributes()),
        ],
    }
}

fn problem() -> Schema {
    let place = |schema: Schema| Schema { nullable: true, ..schema };
    map(vec![
        required("code", text("A stable word in kebab case.").example("unknown-group")),
        required(
            "severity",
            known(["error", "warning"]).says("With an error nothing was planned; with a warning the plan stands."),
        ),
        required("summary", text("The class of the problem; holds no text of the manifest.")),
        required("detail", text("What exactly; empty where the summary says all.")),
        required("file", place(text("The file; null, like line and column, where the problem has no place."))),
        required("line", place(counted("The line, from 1."))),
        required("column", place(counted("The column in characters, from 1."))),
        required("help", texts("What to do about it.")),
    ])
    .says("What is wrong with a manifest, and where.")
}

fn server() -> Schema {
    let notices = |name, says: &'static str| required(name, Schema::list(Schema::reference("notice")).says(says));
    map(vec![
        required("name", text("`metadata.name` of the manifest.")),
        required("serverId", guid("The id that the server itself has.")),
        required("takenAt", time("When the server was read, by the server's clock.")),
        optional("against", text("The file of the snapshot that the plan was made from, with diff --against.")),
        optional("now", time("The time that --now gave; selectors and deadlines were judged by it.")),
        required(
            "digest",
            Schema::pattern("[0-9a-f]{64}")
                .says("SHA-256 over the server's id and every change: equal digests are equal plans."),
        ),
        required("permissions", texts("What --allow gave to this run, as it is typed.")),
        required("summary", summary()),
        required("entries", Schema::list(entry()).says("What each entry of approvals and declines came to.")),
        optional("downstreamServers", Schema::list(downstream_server()).says("The declared downstream servers.")),
        optional(
            "undeclared",
            Schema::table(texts("Their names, sorted.")).example("{groups: [Kiosks]}").says(
                "Groups, rules and downstream servers that nothing declares and the plan leaves alone, by kind.",
            ),
        ),
        required(
            "changes",
            Schema::list(Schema::reference("change")).says("Every difference, in the order of the text report."),
        ),
        required("blockers", Schema::list(blocker()).says("What forbids apply until it is permitted.")),
        notices("unsupported", "Declared, and not done: it cannot be done through this connection, or needs a permission that the rest does not wait for."),
        notices("findings", "True, and not repairable from here."),
        notices("warnings", "Deserves a look; with the code `note` it only tells something."),
        notices("pending", "Waits for something outside, such as a computer that has not reported yet."),
    ])
    .says("The plan for a server.")
}

fn summary() -> Schema {
    let by_kind = |says: &'static str| Schema::table(count("So many.")).says(says).example("{groups: 6}");
    map(vec![
        required("create", count("Objects to create.")),
        required("modify", count("Objects to modify.")),
        required("delete", count("Objects to delete.")),
        required("managed", by_kind("Declared objects by kind.")),
        required("unmanaged", by_kind("Objects on the server that nothing declares, by kind.")),
        required("lapsed", count("Approvals and declines that only fell out of a condition and are kept.")),
        required("automatic", count("Undeclared approvals that WSUS made itself.")),
        required("kept", count("Updates that a decline entry would take and an approval keeps.")),
        required("skipped", count("Updates that entries left out.")),
        required("ignored", count("Objects hidden by `management.ignore`.")),
        required("pending", count("The length of `pending`.")),
    ])
    .says("The numbers.")
}

fn entry() -> Schema {
    let guids = |says: &'static str| Schema::list(guid("An update's id.")).says(says);
    let skipped = map(vec![
        required("address", address()),
        required("code", text("A stable word.").example("declined")),
        required("message", text("A sentence.")),
    ]);
    map(vec![
        required("origin", Schema::reference("place").says("The entry.")),
        required("matched", count("Updates that it yields.")),
        required("updates", guids("These updates, sorted.")),
        required("kept", guids("Of a decline: updates that an approval of the manifest keeps, sorted.")),
        required("skipped", Schema::list(skipped).says("What it left out.")),
        required("lapsed", texts("Addresses of approvals or declines that only fell out of it and are kept, sorted.")),
    ])
    .says("An entry of the manifest.")
}

fn downstream_server() -> Schema {
    let null = |schema: Schema| Schema { nullable: true, ..schema };
    let live = map(vec![
        required("name", text("Its name as the server has it.")),
        required("serverId", null(guid("Its own id; null where it has none."))),
        required("mode", known(["replica", "autonomous"]).says("Whether it takes approvals from this server.")),
        required("parent", null(text("The downstream server above it; null where it is directly below this one."))),
        required("synchronizedAt", null(time("When it synchronised last; null for never."))),
        required("rolledUpAt", null(time("When it last rolled its computers' reports up; null for never."))),
        required("version", null(text("Its version; null where it is not known."))),
        required("below", count("Downstream servers directly below it.")),
        required("computers", count("Computers that it reports.")),
    ]);
    map(vec![
        required("name", text("Its name as declared.")),
        required("live", null(live.says("What the server knows of it; null where it knows no such server."))),
        required("origin", Schema::reference("place").says("The place that declares it.")),
    ])
    .says("A declared downstream server.")
}

fn change() -> Schema {
    let field = map(vec![
        required("path", text("The attribute.").example("deadline")),
        required("before", Schema::new(Form::Anything).says("Its value on the server.")),
        required("after", Schema::new(Form::Anything).says("Its value afterwards.")),
    ]);
    let members =
        map(vec![required("added", texts("Members that come.")), required("removed", texts("Members that go."))]);
    let reason = map(vec![
        required("code", text("A stable word.").example("declared").example("pruned").example("newRevision")),
        required("text", text("A sentence.")),
    ]);
    map(vec![
        required("address", address()),
        required("kind", known(Kind::ALL.map(Kind::singular)).says("What the object is.")),
        required("action", known(["create", "modify", "delete"]).says("What happens to it.")),
        required(
            "before",
            Schema::reference("attributes").says(
                "What it is on the server; null where it does not exist, except for a decline that destroys approvals: it lists them.",
            ),
        ),
        required("after", Schema::reference("attributes").says("What it is afterwards; null where it is deleted.")),
        required("fields", Schema::list(field).says("The attributes that differ, for `modify`.")),
        optional("members", members.says("What comes and what goes, where the object is a set.")),
        required("reason", reason.says("Why.")),
        required("risk", known(["none", "low", "high"]).says("`high` needs --allow high-risk.")),
        required("affects", affects()),
        optional("inherited", inherited()),
        optional("brings", brings()),
        optional("changedBy", text("Who made the server's value, where SUSDB knows; `WUS Server` is WSUS itself.")),
        optional("changedAt", time("When that was, where SUSDB knows.")),
        required("origin", origin()),
    ])
    .title("A change")
    .says("One difference between what is declared and what the server has.")
}

fn affects() -> Schema {
    let figure = |says: &'static str| Schema::reference("figure").says(says);
    map(vec![
        required("computers", count("Computers that it hits: those of the group and of the groups below it.")),
        required("approvals", count("Approvals that are lost.")),
        optional("needed", figure("How many of these computers need the update.")),
        optional("bytes", figure("The size of the files that a computer downloads at most.")),
        optional("parts", figure("Of a decline: how many updates the update bundles, which go with it.")),
        optional(
            "reboot",
            known(["never", "always", "possible", "unknown"]).says("Whether installing restarts computers."),
        ),
    ])
    .says("Whom it hits, for people: outside the digest.")
}

fn inherited() -> Schema {
    map(vec![
        required(
            "effect",
            known(["holds", "overridden", "blocked"])
                .says("What becomes of the approval that the groups above pass down."),
        ),
        required("group", text("The group above.")),
        required("action", text("Its approval's action.").example("install")),
        required("deadline", Schema::new(Form::Anything).says("Its deadline.")),
        required("optional", Schema::flag().says("Whether it is optional.")),
    ])
    .says("Of an approval: the one that the groups above pass down.")
}

fn brings() -> Schema {
    map(vec![
        required("title", text("Its title.")),
        required("kbs", texts("Its articles, digits only.")),
        required("classifications", texts("Titles.")),
        required("products", texts("Titles.")),
    ])
    .says("Of a decline that is taken back: the update that computers are offered again.")
}

fn blocker() -> Schema {
    map(vec![
        required(
            "address",
            text("The object, the entry, or the kind as a whole.").example("groups").example("approvals[3]"),
        ),
        required("code", text("A stable word.").example("deletePercent")),
        required("message", text("What is wrong, with the arithmetic where there is one.")),
        optional(
            "permission",
            text("What to give to --allow; absent where only another manifest helps.").example("groups.delete"),
        ),
        required("origin", origin()),
    ])
    .says("What forbids apply until it is permitted.")
}

fn notice() -> Schema {
    map(vec![
        required("address", address()),
        required("code", text("A stable word.").example("unknownComputer")),
        required("message", text("A sentence.")),
        required("origin", origin()),
    ])
    .title("A notice")
    .says("Something about an object.")
}

fn place() -> Schema {
    map(vec![
        required("file", text("The file as it was given on the command line, `<stdin>` for standard input.")),
        required("line", counted("The line, from 1.")),
        required("column", counted("The column in characters, from 1.")),
    ])
    .title("A place")
    .says("A place in a manifest.")
}

fn figure() -> Schema {
    let unknown = map(vec![required("unknown", text("Why it is not known."))]);
    Schema::either([count("The number."), unknown.says("A number that the server does not tell.")])
        .title("A figure")
        .says("A number, or why it is not known.")
}

fn attributes() -> Schema {
    let value = Schema::new(Form::Anything)
        .says("A JSON value; one that could not be read is {\"unknown\": \"why\"}, never null.");
    Schema { nullable: true, ..Schema::table(value) }
        .title("Attributes")
        .says("An object's attributes, under the names that the manifest has.")
}

fn map(fields: Vec<Property>) -> Schema {
    Map::of(fields).open().into()
}

fn text(says: &'static str) -> Schema {
    Schema::text().says(says)
}

fn texts(says: &'static str) -> Schema {
    Schema::list(Schema::text()).says(says)
}

fn count(says: &'static str) -> Schema {
    Schema::number(0, LARGEST).says(says)
}

/// A line or a column.
fn counted(says: &'static str) -> Schema {
    Schema::number(1, u32::MAX).says(says)
}

fn time(says: &'static str) -> Schema {
    Schema::pattern(TIME).says(says).example("\"2026-11-20T12:00:00Z\"")
}

fn guid(says: &'static str) -> Schema {
    Schema::pattern(GUID).says(says).example("3f0e6d3c-6f5e-4c55-9a53-6a3f1f6d5a11")
}

/// The words that there are; a later version may have others.
fn known<const N: usize>(words: [&'static str; N]) -> Schema {
    let text = Schema::new(Form::Text(Text { shortest: 1, ..Text::default() }));
    words.into_iter().fold(text, Schema::example)
}

fn address() -> Schema {
    text("The object's stable address.").example("'group[\"Ring 0 - IT\"]'")
}

fn origin() -> Schema {
    Schema { nullable: true, ..Schema::either([Schema::reference("place")]) }
        .says("The place that declares it; null where none does.")
}
