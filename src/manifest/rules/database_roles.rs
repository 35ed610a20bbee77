//! Members of database roles.

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostic;
use crate::model::database_role::DatabaseRole;
use crate::model::name::fold;
use crate::model::origin::{Declared, Origin};

use super::super::document::Document;
use super::super::problems::Problems;

/// Principals that SQL Server takes into no role: its own, and the one that everybody is in.
///
/// Source: learn.microsoft.com, sp_addrolemember, Principals (Database Engine) (grade A).
const SPECIAL: [&str; 4] = ["dbo", "sys", "INFORMATION_SCHEMA", "public"];

/// What to do about one that can be no member at all.
const REMOVE: &str = "remove it: nothing makes it a member";
/// What to do about one that no user can be called.
const CORRECT: &str = "write the name as sys.database_principals in SUSDB has it, or remove it";

/// The longest name in UTF-16 code units.
///
/// Source: learn.microsoft.com, sysname is nvarchar(128) (grade A).
const LENGTH_MAX: usize = 128;

/// Refuses members that cannot be, and those that are named twice.
pub(super) fn check(document: &Document, problems: &mut Problems) {
    for (role, members) in &document.settings.database_roles {
        let mut seen: BTreeMap<String, Origin> = BTreeMap::new();
        for member in &members.value {
            if let Some(problem) = impossible(*role, member) {
                problems.push(problem);
            } else if let Some(first) = seen.get(&fold(&member.value)) {
                problems.push(
                    Diagnostic::error("duplicate-member", "a member is named twice")
                        .detail(format!("`{}` is named already, as SQL Server compares names", member.value))
                        .at(member.origin, "again here")
                        .and(*first, "first here")
                        .help("remove one of the two"),
                );
            } else {
                seen.insert(fold(&member.value), member.origin);
            }
        }
    }
}

fn impossible(role: DatabaseRole, member: &Declared<String>) -> Option<Diagnostic> {
    let name = &member.value;
    let length = name.encode_utf16().count();
    let (detail, help) = if fold(name) == fold(role.name()) {
        ("a role is no member of itself".to_owned(), REMOVE)
    } else if SPECIAL.iter().any(|special| fold(special) == fold(name)) {
        (format!("SQL Server takes `{name}` into no role"), REMOVE)
    } else if length > LENGTH_MAX {
        let detail = format!("the name has {length} characters, and names of database users have {LENGTH_MAX} at most");
        (detail, CORRECT)
    } else if name.chars().any(char::is_control) {
        ("the name has control characters".to_owned(), CORRECT)
    } else {
        return None;
    };
    let error = Diagnostic::error("impossible-member", "no member of a database role").detail(detail);
    Some(error.at(member.origin, "").help(help))
}
