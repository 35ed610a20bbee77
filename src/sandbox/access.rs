//! What the one login of a sandbox may do: everything, unless the options say otherwise.

use std::collections::BTreeSet;

/// A database role that the options can put the login into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// What everybody is in: it may see the system views and no more.
    Public,
    /// Reads every table and view.
    DataReader,
    /// Reads the views of the schema PUBLIC_VIEWS.
    PublicViewAccess,
    /// Runs a part of the procedures and reads nothing.
    WebService,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Public, Self::DataReader, Self::PublicViewAccess, Self::WebService];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::DataReader => "db_datareader",
            Self::PublicViewAccess => "PublicViewAccess",
            Self::WebService => "webService",
        }
    }

    /// The role with this name, whatever its case.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name().eq_ignore_ascii_case(name))
    }
}

/// Roles that every database has and that the sandbox's login is never in.
const FIXED: &[&str] = &[
    "db_accessadmin",
    "db_backupoperator",
    "db_datawriter",
    "db_ddladmin",
    "db_denydatareader",
    "db_denydatawriter",
    "db_securityadmin",
];

/// Procedures that webService was seen to run.
///
/// Source: Black Hat USA 2026 deck: the grants that it lists and the calls that it shows (grade A; its list goes on).
const WEB_SERVICE: &[&str] = &[
    "spAcceptEula",
    "spAcceptEulaForReplicaDSS",
    "spCreateTargetGroup",
    "spDeployUpdate",
    "spGetAllTargetGroups",
    "spGetComputerTargetByName",
    "spGetConfigurationValue",
    "spGetUpdateByID",
    "spSetConfigurationValue",
];

/// A permission on a table, a view or a procedure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// SELECT, on tables and views.
    Select,
    /// EXECUTE, on procedures.
    Execute,
}

impl Permission {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Execute => "EXECUTE",
        }
    }
}

/// What the login may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// The roles that it is in. Without a role and a grant it is the server's administrator, or owns the database where
    /// something is denied to it.
    pub roles: BTreeSet<Role>,
    /// What it is granted, by lower-case schema and name.
    pub granted: BTreeSet<(String, String)>,
    /// What it is denied, whatever else it is granted, by lower-case schema and name.
    pub denied: BTreeSet<(String, String)>,
}

impl Access {
    /// Whether it is a login with roles and grants rather than one that may do everything.
    pub fn is_limited(&self) -> bool {
        !self.roles.is_empty() || !self.granted.is_empty()
    }

    /// Whether it administers the server. Nothing can be denied to such a login.
    pub fn is_administrator(&self) -> bool {
        !self.is_limited() && self.denied.is_empty()
    }

    /// Whether it may do this to an object.
    pub fn may(&self, permission: Permission, schema: &str, name: &str) -> bool {
        let object = (schema.to_lowercase(), name.to_lowercase());
        if self.denied.contains(&object) {
            return false;
        }
        if !self.is_limited() || self.granted.contains(&object) {
            return true;
        }
        match permission {
            Permission::Select => {
                ["sys", "information_schema"].contains(&object.0.as_str())
                    || self.roles.contains(&Role::DataReader)
                    || (object.0 == "public_views" && self.roles.contains(&Role::PublicViewAccess))
            }
            Permission::Execute => {
                self.roles.contains(&Role::WebService)
                    && WEB_SERVICE.iter().any(|known| known.eq_ignore_ascii_case(&object.1))
            }
        }
    }

    /// Whether the system views show it an object: with any permission on it, or with VIEW DEFINITION on the database.
    ///
    /// Source: learn.microsoft.com, metadata visibility configuration (grade A).
    pub fn sees(&self, permission: Permission, schema: &str, name: &str) -> bool {
        !self.is_limited() || self.may(permission, schema, name)
    }

    /// IS_ROLEMEMBER: none for a role that is not there.
    pub fn is_member(&self, role: &str) -> Option<bool> {
        if role.eq_ignore_ascii_case("db_owner") {
            return Some(!self.is_limited());
        }
        if FIXED.iter().any(|fixed| fixed.eq_ignore_ascii_case(role)) {
            return Some(false);
        }
        let role = Role::named(role)?;
        Some(role == Role::Public || self.roles.contains(&role))
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, Permission, Role};

    fn object(schema: &str, name: &str) -> (String, String) {
        (schema.to_owned(), name.to_owned())
    }

    #[test]
    fn an_administrator_may_do_everything() {
        let access = Access::default();
        assert!(access.is_administrator() && access.may(Permission::Execute, "dbo", "spDeployUpdate"));
        assert_eq!(access.is_member("DB_OWNER"), Some(true));
        assert_eq!(access.is_member("webservice"), Some(false));
        assert_eq!(access.is_member("db_denydatareader"), Some(false));
        assert_eq!(access.is_member("nobody"), None);
    }

    #[test]
    fn roles_have_their_own_rights() {
        let access = Access { roles: [Role::WebService].into(), ..Access::default() };
        assert!(access.may(Permission::Execute, "dbo", "SPDEPLOYUPDATE"));
        assert!(!access.may(Permission::Execute, "dbo", "spDeclineUpdate"));
        assert!(
            !access.may(Permission::Select, "dbo", "tbUpdate") && !access.sees(Permission::Select, "dbo", "tbUpdate")
        );
        assert!(access.may(Permission::Select, "sys", "all_objects"));
        let access = Access { roles: [Role::PublicViewAccess].into(), ..Access::default() };
        assert!(access.may(Permission::Select, "PUBLIC_VIEWS", "vUpdate"));
        assert!(!access.may(Permission::Select, "dbo", "tbUpdate"));
        let access = Access { roles: [Role::DataReader].into(), ..Access::default() };
        assert!(access.may(Permission::Select, "dbo", "tbUpdate"));
        assert!(!access.may(Permission::Execute, "dbo", "spDeployUpdate"));
    }

    #[test]
    fn a_denial_goes_before_a_grant() {
        let access = Access { denied: [object("dbo", "tbupdate")].into(), ..Access::default() };
        assert!(
            !access.may(Permission::Select, "dbo", "tbUpdate") && access.sees(Permission::Select, "dbo", "tbUpdate")
        );
        assert!(access.may(Permission::Select, "dbo", "tbRevision") && !access.is_administrator());
        let both = Access { granted: [object("dbo", "tbupdate")].into(), ..access };
        assert!(!both.may(Permission::Select, "dbo", "tbUpdate") && !both.may(Permission::Select, "dbo", "tbRevision"));
    }
}
