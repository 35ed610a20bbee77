//! `select`: conditions that choose updates.

use super::super::document::Field;
use super::super::node::Value;
use super::super::problems::Problems;
use super::super::shape::{Fields, Keyed, Shape, boolean, name, null, text, word};
use super::category::{Named, categories};
use super::choices::{Choices, choices};
use super::needed_by::needed_by;
use super::period::{ARRIVED, CREATED, period};
use super::update::kb;
use crate::diagnostic::Diagnostic;
use crate::model::glob::Glob;
use crate::model::origin::{Declared, Origin};
use crate::model::selector::{Selector, Severity, UpdateType};

/// Who asks for the updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Purpose {
    /// An entry of `approvals`.
    Approve,
    /// An entry of `declines`.
    Decline,
    /// Somebody who wants to see them.
    List,
}

/// The conditions.
pub(super) const SELECT: Shape = Shape::new(
    "a selector",
    &[
        "classifications",
        "products",
        "title",
        "severity",
        "kb",
        "updateType",
        "arrivedWithin",
        "arrivedAfter",
        "arrivedBefore",
        "createdWithin",
        "createdAfter",
        "createdBefore",
        "superseded",
        "neededBy",
        "supersedingApproved",
        "expired",
    ],
);

pub(super) const SEVERITIES: &[(&str, Severity)] = &[
    ("Critical", Severity::Critical),
    ("Important", Severity::Important),
    ("Moderate", Severity::Moderate),
    ("Low", Severity::Low),
    ("Unspecified", Severity::Unspecified),
];

pub(super) const UPDATE_TYPES: &[(&str, UpdateType)] = &[
    ("Software", UpdateType::Software),
    ("SoftwareApplication", UpdateType::SoftwareApplication),
    ("Driver", UpdateType::Driver),
    ("DriverSet", UpdateType::DriverSet),
];

/// Reads conditions. None where they are no map or an empty one; a condition that could not be read is left out, and has
/// been reported.
pub(in super::super) fn select(value: Keyed<'_>, purpose: Purpose, problems: &mut Problems) -> Option<Selector> {
    let origin = value.key;
    if matches!(&value.node.value, Value::Mapping(entries) if entries.is_empty()) {
        problems.push(without_conditions(value.place()));
        return None;
    }
    let mut fields = Fields::of(value, &SELECT, problems)?;
    refuse_what_is_not_for(purpose, &mut fields, problems);
    // On a command line a list of one is written without brackets.
    let alone = purpose == Purpose::List;
    let mut named =
        |key, kind, problems: &mut _| fields.take(key).and_then(|value| categories(value, kind, alone, problems));
    let classifications = named("classifications", Named::Classifications, problems);
    let products = named("products", Named::Products, problems);
    let title = fields.take("title").and_then(|value| name(&value, "an update's title", problems));
    let severity = fields.take("severity").and_then(|value| words(value, "severities", SEVERITIES, problems));
    let kb = fields.take("kb").and_then(|value| articles(value, problems));
    let update_type = fields.take("updateType").and_then(|value| words(value, "types", UPDATE_TYPES, problems));
    let arrived = period(&mut fields, &ARRIVED, problems);
    let created = period(&mut fields, &CREATED, problems);
    let (superseded, superseding_approved) = supersedence(&mut fields, problems);
    let expired = flag(fields.take("expired"), problems).map(|flag| flag.value);
    let needed_by = fields.take("neededBy").and_then(|value| needed_by(value, problems));
    Some(Selector {
        classifications,
        products,
        title: title.map(|title| Declared { value: Glob::new(&title.value), origin: title.origin }),
        severity,
        kb,
        update_type,
        arrived,
        created,
        superseded,
        expired,
        superseding_approved,
        needed_by,
        origin,
    })
}

fn without_conditions(place: Origin) -> Diagnostic {
    Diagnostic::error("empty-select", "a selector without conditions")
        .detail("it would choose every update")
        .at(place, "")
        .help("write conditions, as {classifications: [Security Updates], products: [Windows 11], arrivedWithin: 30d}")
}

/// Reports conditions that only other entries can have.
fn refuse_what_is_not_for(purpose: Purpose, fields: &mut Fields<'_>, problems: &mut Problems) {
    let refused: &[(&str, &str, &str)] = match purpose {
        Purpose::Approve => &[
            (
                "expired",
                "the publisher has withdrawn an expired update, so approvals never choose one",
                "remove `expired`; in `declines`, `expired: true` chooses such updates",
            ),
            (
                "supersedingApproved",
                "it asks what this manifest approves, which is known only when all approvals have been chosen",
                "remove `supersedingApproved`; approvals choose no superseded updates unless `superseded: true` says so",
            ),
        ],
        Purpose::List => &[(
            "supersedingApproved",
            "it asks what a manifest approves, and there is no manifest",
            "ask for superseded=true",
        )],
        Purpose::Decline => &[],
    };
    for (key, why, instead) in refused {
        let Some(value) = fields.take(key) else { continue };
        problems.push(
            Diagnostic::error("declines-only", "a condition that only declines have")
                .detail(*why)
                .at(value.key, "")
                .help(*instead),
        );
    }
}

/// Words of a list, or one without a list.
fn words<T: Copy + Ord>(
    value: Keyed<'_>,
    of: &'static str,
    words: &[(&str, T)],
    problems: &mut Problems,
) -> Option<Vec<T>> {
    let written = Choices { of, alone: true };
    let read = choices(value, &written, problems, |item, problems| word(&item, words, problems), |word| *word)?;
    Some(read.into_iter().map(|word| word.value).collect())
}

fn articles(value: Keyed<'_>, problems: &mut Problems) -> Option<Vec<Declared<String>>> {
    let written = Choices { of: "KB numbers", alone: true };
    let article = |item: Keyed<'_>, problems: &mut Problems| {
        let text = text(&item, problems)?;
        kb(&text, "is not KB with 6 to 8 digits", problems)
    };
    choices(value, &written, problems, article, String::clone)
}

/// `superseded` and `supersedingApproved`. What an approved update supersedes is superseded.
fn supersedence(fields: &mut Fields<'_>, problems: &mut Problems) -> (Option<bool>, Option<bool>) {
    let superseded = flag(fields.take("superseded"), problems);
    let approved = flag(fields.take("supersedingApproved"), problems);
    if let (Some(superseded), Some(approved)) = (superseded, approved)
        && !superseded.value
        && approved.value
    {
        problems.push(
            Diagnostic::error("contradiction", "conditions that exclude each other")
                .detail("an update that an approved one supersedes is superseded")
                .at(approved.origin, "")
                .and(superseded.origin, "")
                .help("remove `superseded`"),
        );
    }
    let approved = approved.map(|approved| approved.value);
    (superseded.map(|superseded| superseded.value).or((approved == Some(true)).then_some(true)), approved)
}

/// A truth value that has no default.
fn flag(value: Option<Keyed<'_>>, problems: &mut Problems) -> Option<Declared<bool>> {
    let value = value?;
    match boolean(&value, problems) {
        Field::Value(flag) => Some(flag),
        Field::Null => {
            problems.push(null(value.place(), "write true or false, or remove the key"));
            None
        }
        Field::Absent => None,
    }
}
