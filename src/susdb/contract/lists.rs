//! The lists that procedures take as XML.

use super::{Evidence, Grade};
use crate::model::list_shape::{ListBasis, ListContent, ListShape};
use crate::model::procedure::Procedure;

/// A list as it is known. Where the live definition can be seen, it decides.
#[derive(Debug, Clone, Copy)]
pub struct ListContract {
    /// The procedure that takes it.
    pub procedure: Procedure,
    /// The parameter, with its `@`.
    pub parameter: &'static str,
    /// The name of the root.
    pub root: &'static str,
    /// The name of an entry's element.
    pub item: &'static str,
    /// The fields of an entry; none where it is one value.
    pub fields: &'static [&'static str],
    /// What an entry holds where the definition does not tell.
    pub content: ListContent,
    /// Where its shape comes from.
    pub evidence: Evidence,
}

impl ListContract {
    /// What is assumed.
    #[must_use]
    pub fn assumed(&self, basis: ListBasis) -> ListShape {
        let Self { procedure: _, parameter, root, item, fields: _, content, evidence: _ } = *self;
        ListShape { parameter, root: root.to_owned(), item: item.to_owned(), content, basis }
    }
}

const fn list(
    procedure: Procedure,
    parameter: &'static str,
    root_and_item: (&'static str, &'static str),
    fields: &'static [&'static str],
    content: ListContent,
    source: &'static str,
) -> ListContract {
    let (root, item) = root_and_item;
    ListContract { procedure, parameter, root, item, fields, content, evidence: Evidence { source, grade: Grade::B } }
}

/// Constants and signatures of the assemblies of WSUS 10.0.14393 that this repository carries: names only.
const UPDATE_MANAGEMENT: &str = "UpdateManagement assemblies";
const WITH_TRACE: &str = "UpdateManagement assemblies; kbupdate, a trace of another procedure with GUIDs";

/// The element of a group in a list.
pub const TARGET_GROUP: &str = "TargetGroupID";

const CATEGORY: (&str, &str) = ("root", "CategoryID");

/// Every list that is written.
pub const LISTS: &[ListContract] = &[
    list(
        Procedure::SetConfiguration,
        "@LanguagesXml",
        ("Root", "Language"),
        &["LanguageName", "State", "StateUss"],
        ListContent::Elements,
        UPDATE_MANAGEMENT,
    ),
    list(
        Procedure::SetConfiguration,
        "@ProgramKeyXml",
        ("Root", "Key"),
        &["ID", "Description"],
        ListContent::Elements,
        UPDATE_MANAGEMENT,
    ),
    list(
        Procedure::SetAutoDeploymentRule,
        "@updateClassificationIDListXml",
        CATEGORY,
        &[],
        ListContent::Guids,
        WITH_TRACE,
    ),
    list(Procedure::SetAutoDeploymentRule, "@updateCategoryIDListXml", CATEGORY, &[], ListContent::Guids, WITH_TRACE),
    list(
        Procedure::SetAutoDeploymentRule,
        "@targetGroupIDListXml",
        ("root", TARGET_GROUP),
        &[],
        ListContent::Guids,
        UPDATE_MANAGEMENT,
    ),
    list(Procedure::SetSubscription, "@CategoryIDListXml", CATEGORY, &[], ListContent::Guids, WITH_TRACE),
    list(Procedure::SetSubscription, "@UpdateClassificationIDListXml", CATEGORY, &[], ListContent::Guids, WITH_TRACE),
    list(
        Procedure::AddEmailNotificationRecipient,
        "@EmailAddresses",
        ("recipients", "recipient"),
        &[],
        ListContent::Text,
        UPDATE_MANAGEMENT,
    ),
];

/// The list that a parameter of a procedure takes. SQL Server's names do not know case.
#[must_use]
pub fn list_of(procedure: Procedure, parameter: &str) -> Option<&'static ListContract> {
    LISTS.iter().find(|list| list.procedure == procedure && list.parameter.eq_ignore_ascii_case(parameter))
}
