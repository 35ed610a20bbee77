//! Members of database roles from manifest to server and back, and users that a restore has orphaned.

use crate::lab::{Lab, Ran};

const MEMBERS: &str = "SELECT r.name || ': ' || m.name FROM sandbox_role_members x
    JOIN sandbox_principals r ON r.principal_id = x.role_principal_id
    JOIN sandbox_principals m ON m.principal_id = x.member_principal_id ORDER BY 1";
const AS_SEEDED: &str = r"  security:
    databaseRoles:
      webService: ['NT AUTHORITY\NETWORK SERVICE', 'CONTOSO\WSUS01$']
      PublicViewAccess: ['CONTOSO\wsus-readers', wsus-report]
";

fn roles(web_service: &str) -> String {
    format!("  security: {{databaseRoles: {{webService: {web_service}}}}}\n")
}

fn apply(lab: &Lab, query: &str) -> Ran {
    lab.run(&[
        "apply",
        "-f",
        "lab.yaml",
        "--yes",
        "--allow",
        "high-risk",
        "--server",
        &format!("sandbox:lab.db{query}"),
    ])
}

#[test]
fn a_change_on_the_server_is_one_change_and_applied() {
    let lab = Lab::new("demo");
    lab.manifest(AS_SEEDED);
    lab.diff().expect_status(0);
    let seeded = lab.texts(MEMBERS);
    // Somebody takes the server's account out and puts another in.
    lab.sql("UPDATE sandbox_role_members SET member_principal_id = 11 WHERE member_principal_id = 8");
    let shown = lab.refused(2, 4);
    shown.expect_out(r#"added: "CONTOSO\\WSUS01$"  removed: "CONTOSO\\WSUS02$""#).expect_out("high risk");
    let plan = lab.plan();
    let changes = plan["servers"][0]["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0]["address"], "security.databaseRoles.webService");
    assert_eq!(changes[0]["members"]["removed"][0], "CONTOSO\\WSUS02$");
    apply(&lab, "").expect_status(0);
    assert_eq!(lab.texts(MEMBERS), seeded);
    assert_eq!(
        lab.texts("SELECT statement FROM sandbox_writes"),
        [
            "EXEC sp_addrolemember @rolename = N'webService', @membername = N'CONTOSO\\WSUS01$'",
            "EXEC sp_droprolemember @rolename = N'webService', @membername = N'CONTOSO\\WSUS02$'",
        ]
    );
    lab.apply_twice();
    // The other role is not declared.
    lab.manifest(&roles("[]"));
    apply(&lab, "").expect_status(0);
    assert_eq!(lab.texts(MEMBERS), seeded[..2]);
    lab.manifest("  security: {}\n").diff().expect_status(0);
}

#[test]
fn a_member_that_takes_the_spelling_of_its_login_on_stays_a_member() {
    let lab = Lab::new("demo");
    lab.sql(
        "UPDATE sandbox_principals SET name = 'contoso\\wsus01$', sid = x'0a0b' WHERE name = 'CONTOSO\\WSUS01$';
         DELETE FROM sandbox_role_members WHERE member_principal_id = 8",
    );
    lab.manifest(AS_SEEDED);
    lab.apply().expect_status(0);
    assert_eq!(lab.texts(MEMBERS)[2..], ["webService: CONTOSO\\WSUS01$", "webService: NT AUTHORITY\\NETWORK SERVICE"]);
    assert_eq!(
        lab.texts("SELECT statement FROM sandbox_writes"),
        [
            "EXEC sp_addrolemember @rolename = N'webService', @membername = N'contoso\\wsus01$'",
            "ALTER USER [contoso\\wsus01$] WITH LOGIN = [CONTOSO\\WSUS01$]",
        ]
    );
    lab.diff().expect_status(0);
}

#[test]
fn a_member_that_somebody_adds_during_an_apply_stays_until_its_removal_is_planned() {
    let lab = Lab::new("demo");
    lab.sql(
        "DELETE FROM sandbox_role_members WHERE member_principal_id = 8;
         CREATE TRIGGER somebody AFTER INSERT ON sandbox_role_members WHEN NEW.member_principal_id = 8
         BEGIN INSERT INTO sandbox_role_members (role_principal_id, member_principal_id) VALUES (5, 11); END",
    );
    lab.manifest(AS_SEEDED);
    lab.apply();
    assert_eq!(lab.texts(MEMBERS)[2..4], ["webService: CONTOSO\\WSUS01$", "webService: CONTOSO\\WSUS02$"]);
    assert_eq!(lab.number("SELECT COUNT(*) FROM sandbox_writes WHERE statement LIKE '%sp_droprolemember%'"), 0);
    lab.diff().expect_status(2).expect_out(r#"removed: "CONTOSO\\WSUS02$""#);
}

#[test]
fn hostile_names_stay_names() {
    let lab = Lab::new("demo");
    let name = "o'x] WITH LOGIN = [sa]; DROP TABLE tbUpdate --";
    let quoted = name.replace('\'', "''");
    lab.sql(&format!(
        "INSERT INTO sandbox_principals (principal_id, name, type, sid) VALUES (20, '{quoted}', 'S', x'14');
         INSERT INTO sandbox_logins (principal_id, name, type, sid) VALUES (20, '{quoted}', 'S', x'15')"
    ));
    lab.manifest(&roles(&format!("['NT AUTHORITY\\NETWORK SERVICE', 'CONTOSO\\WSUS01$', '{quoted}']")));
    lab.diff().expect_status(2).expect_out("2 of 4 managed").expect_out("login: none ->");
    lab.apply_twice();
    let sid = lab.number(&format!("SELECT COUNT(*) FROM sandbox_principals WHERE name = '{quoted}' AND sid = x'15'"));
    assert_eq!(
        (sid, lab.number("SELECT COUNT(*) FROM sandbox_principals WHERE sid = x'01' AND name <> 'dbo'")),
        (1, 0)
    );
    assert!(lab.number("SELECT COUNT(*) FROM tbUpdate") > 400);
}

#[test]
fn orphaned_users_get_their_login_back() {
    let lab = Lab::new("demo");
    lab.manifest(AS_SEEDED);
    // As after a restore on another server, where the accounts of the same name are others.
    lab.sql("UPDATE sandbox_principals SET sid = x'0a0b' || sid WHERE name IN ('CONTOSO\\WSUS01$', 'wsus-report', 'CONTOSO\\WSUS02$')");
    let shown = lab.diff();
    shown.expect_status(2).expect_out(r#"security.databaseUsers["CONTOSO\\WSUS01$"]"#).expect_out("[orphaned]");
    assert!(!shown.out.contains("WSUS02"), "nothing declares it: {}", shown.out);
    lab.apply_twice();
    let mapped = "SELECT p.name FROM sandbox_principals p JOIN sandbox_logins l ON l.sid = p.sid WHERE p.principal_id > 7 ORDER BY 1";
    assert_eq!(lab.texts(mapped), ["CONTOSO\\wsus-readers", "CONTOSO\\WSUS01$", "wsus-report"]);
    // Without a login to map it to, there is nothing to be done from here.
    lab.sql("DELETE FROM sandbox_logins WHERE name = 'wsus-report'");
    let ran = lab.apply();
    ran.expect_status(2).expect_out("[loginMissing]").expect_out("make the login");
}

#[test]
fn a_login_that_may_not_says_what_it_lacks() {
    let lab = Lab::new("demo");
    lab.manifest(&roles("[]"));
    let ran = apply(&lab, "?role=db_datareader");
    ran.expect_status(2).expect_out("VIEW DEFINITION").expect_out("[roleNotSeen]");
    assert_eq!(lab.writes(), 0);
    // The database's owner does not see the logins.
    let ran = apply(&lab, "?deny=tbFile");
    ran.expect_status(0).expect_err("VIEW ANY DEFINITION");
    lab.sql("DELETE FROM sandbox_principals WHERE name = 'webService'");
    lab.refused(2, 2).expect_out("[roleMissing]");
}

#[test]
fn unknown_members_are_errors_with_their_place() {
    let lab = Lab::new("demo");
    lab.manifest(&roles("['CONTOSO\\WSUS03$', db_owner]"));
    let shown = lab.refused(3, 3);
    for text in [
        "error[unknown-database-user]",
        "error[impossible-member]",
        "name a user of the database or a role of its own",
        "lab.yaml:6",
        "did you mean `CONTOSO\\WSUS01$`",
        "CREATE USER [CONTOSO\\WSUS03$] FOR LOGIN [CONTOSO\\WSUS03$]",
    ] {
        shown.expect_err(text);
    }
}

#[test]
fn a_lost_connection_is_taken_up_again() {
    let seed = Lab::new("empty");
    seed.sql("INSERT INTO sandbox_principals (principal_id, name, type, sid) VALUES (20, 'a', 'S', x'14'), (21, 'b', 'S', x'16');
              INSERT INTO sandbox_logins (principal_id, name, type, sid) VALUES (20, 'a', 'S', x'15'), (21, 'b', 'S', x'16')");
    let mut lost = 0;
    for statement in 20..34 {
        let lab = Lab::empty();
        std::fs::copy(seed.path("lab.db"), lab.path("lab.db")).unwrap();
        lab.manifest(&roles("[a, b]"));
        let ran = apply(&lab, &format!("?drop-after={statement}"));
        ran.expect_status(0);
        lost += usize::from(ran.err.contains("The connection was lost"));
        assert_eq!(lab.texts(MEMBERS), ["webService: a", "webService: b"], "{statement}: {ran:?}");
        assert_eq!(lab.number("SELECT COUNT(*) FROM sandbox_principals WHERE name = 'a' AND sid = x'15'"), 1);
    }
    assert!(lost > 3, "{lost}");
}

#[test]
fn an_export_leaves_out_roles_with_orphans() {
    let lab = Lab::new("demo");
    let export = || lab.run(&["export", "--server", "sandbox:lab.db", "--kinds", "settings"]);
    let whole = export();
    whole.expect_out("    databaseRoles:\n      webService: ").expect_out("PublicViewAccess: [");
    // Of names that no manifest can say the head lists those alone.
    lab.sql("UPDATE sandbox_principals SET name = 'odd' || char(7) WHERE name = 'wsus-report'");
    let without = export();
    without.expect_out("PublicViewAccess: control characters in [\"odd\\u0007\"] (1 of its 2 members)");
    assert!(!without.out.contains("      PublicViewAccess:"), "{}", without.out);
    assert!(!without.out.contains("wsus-readers"), "{}", without.out);
    lab.sql("UPDATE sandbox_principals SET name = 'wsus-report' WHERE name LIKE 'odd%'");
    lab.sql("UPDATE sandbox_principals SET sid = x'0a0b' WHERE name = 'wsus-report'");
    let without = export();
    without.expect_out("database roles with orphaned users").expect_out("wsus-report");
    assert!(!without.out.contains("      PublicViewAccess:"), "{}", without.out);
    std::fs::write(lab.path("lab.yaml"), &without.out).unwrap();
    lab.diff().expect_status(0);
}

#[test]
fn doctor_lists_every_orphan_with_its_repair() {
    let lab = Lab::new("demo");
    lab.sql(
        "UPDATE sandbox_principals SET sid = x'0a0b' WHERE name = 'wsus-report';
             UPDATE sandbox_principals SET sid = x'0a0c' WHERE name = 'CONTOSO\\WSUS02$'",
    );
    let examined = |query: &str| lab.run(&["doctor", "--server", &format!("sandbox:lab.db{query}")]);
    examined("")
        .expect_out("users of the database have no login")
        .expect_out("ALTER USER [CONTOSO\\WSUS02$] WITH LOGIN = [CONTOSO\\WSUS02$];")
        .expect_out("ALTER USER [wsus-report] WITH LOGIN = [wsus-report];");
    assert_eq!(lab.writes(), 0);
    // The owner of the database is the old server's, whom no ALTER USER can map.
    lab.sql("UPDATE sandbox_principals SET sid = x'0a0d' WHERE name = 'dbo'");
    let restored = examined("");
    restored.expect_out("ALTER USER [wsus-report]");
    assert!(!restored.out.contains("[dbo]"), "{}", restored.out);
    let blind = examined("?deny=tbFile");
    blind.expect_out("this login does not see them");
    assert!(!blind.out.contains("have no login"), "{}", blind.out);
}
