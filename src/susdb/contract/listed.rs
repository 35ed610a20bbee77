//! The tables and views that only lists are read from: a server that lacks one cannot be listed, and can still be planned.

use super::objects::OBJECTS;
use super::{Evidence, Grade, Needed, ObjectContract};
use crate::model::listing::Noun;

/// What is read for lists beyond [`OBJECTS`]. A table that is in both has its further columns here.
pub const LISTED: &[ObjectContract] = &[ObjectContract {
    schema: "PUBLIC_VIEWS",
    name: "vComputerTarget",
    columns: &["IPAddress", "OSMajorVersion", "OSMinorVersion", "OSBuildNumber", "LastReportedStatusTime"],
    needed: Needed::ByLists,
    evidence: Evidence { source: "X10sions, WSUSAdminAssistant", grade: Grade::A },
}];

const GROUPS: &[&str] = &["tbTargetGroup"];
const COMPUTERS: &[&str] = &["vComputerTarget", "tbComputerTarget", "tbTargetInTargetGroup", "tbTargetGroup"];
const CATEGORIES: &[&str] = &["tbCategory", "tbUpdate", "tbPrecomputedCategoryLocalizedProperty"];
const UPDATES: &[&str] = &[
    "tbUpdate",
    "tbRevision",
    "tbProperty",
    "tbKBArticleForRevision",
    "tbPreComputedLocalizedProperty",
    "tbLanguage",
    "tbRevisionInCategory",
    "tbEulaAcceptance",
    "tbDeployment",
    "tbRevisionSupersedesUpdate",
    "tbUpdateSummaryForAllComputers",
];
const RULES: &[&str] = &[
    "tbAutoDeploymentRule",
    "tbUpdateClassificationInAutoDeploymentRule",
    "tbCategoryInAutoDeploymentRule",
    "tbTargetGroupInAutoDeploymentRule",
];
const DOWNSTREAM_SERVERS: &[&str] = &["tbDownstreamServerTarget"];

/// Names of what a list is read from.
fn names(noun: Noun) -> &'static [&'static [&'static str]] {
    match noun {
        Noun::Groups => &[GROUPS, COMPUTERS, &["tbDeployment", "tbRevision"]],
        Noun::Computers => &[COMPUTERS, DOWNSTREAM_SERVERS],
        Noun::Products | Noun::Families | Noun::Classifications => {
            &[CATEGORIES, &["tbRevisionInCategory", "tbRevision"]]
        }
        Noun::Updates | Noun::Declines => &[CATEGORIES, UPDATES],
        Noun::Approvals => &[CATEGORIES, UPDATES, GROUPS],
        Noun::Rules => &[RULES, CATEGORIES, GROUPS],
        Noun::DownstreamServers => &[DOWNSTREAM_SERVERS, &["vComputerTarget"]],
    }
}

/// What a list is read from.
pub fn objects(noun: Noun) -> impl Iterator<Item = &'static ObjectContract> {
    let is_read = move |object: &&ObjectContract| names(noun).iter().any(|names| names.contains(&object.name));
    OBJECTS.iter().chain(LISTED).filter(is_read)
}

#[cfg(test)]
mod tests {
    use super::{names, objects};
    use crate::model::listing::Noun;

    #[test]
    fn every_name_is_one_of_the_catalogue() {
        for noun in Noun::ALL {
            for name in names(noun).iter().copied().flatten() {
                assert!(objects(noun).any(|object| object.name == *name), "{name}");
            }
        }
    }
}
