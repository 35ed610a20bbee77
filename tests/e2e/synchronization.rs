//! What a server synchronises and when.

use std::time::Instant;

use crate::lab::{Lab, Ran, Running};

const SPEC: &str = r#"
  synchronization:
    schedule: {firstAt: "03:00Z", perDay: 1}
    products: [Windows 11, "windows server 202?", {id: "DEFENDER"}]
    classifications: [Security Updates, Critical Updates, Definition Updates]
"#;

const CHANGE: &str = "  synchronization: {schedule: {firstAt: \"04:30Z\", perDay: 4}}\n";

fn title_is(title: &str) -> String {
    format!("CategoryID IN (SELECT CategoryID FROM tbPrecomputedCategoryLocalizedProperty WHERE Title = '{title}')")
}

fn subscribed(lab: &Lab) -> Vec<String> {
    lab.texts(
        "SELECT Title FROM tbCategoryInSubscription JOIN tbPrecomputedCategoryLocalizedProperty USING (CategoryID)
         WHERE ShortLanguage = 'en' ORDER BY Title",
    )
}

fn lab(spec: &str) -> Lab {
    let lab = Lab::new("demo");
    let defender = lab.text(&format!(
        "SELECT lower(UpdateID) FROM tbUpdate WHERE LocalUpdateID IN (SELECT CategoryID FROM tbCategory WHERE {})",
        title_is("Microsoft Defender Antivirus")
    ));
    lab.manifest(&spec.replace("DEFENDER", &defender));
    lab
}

fn run(lab: &Lab, variant: &str, arguments: &[&str]) -> Ran {
    let server = format!("sandbox:lab.db?variant=spSetSubscription:{variant}");
    lab.run(&[arguments, &["-f", "lab.yaml", "--server", &server]].concat())
}

fn calls(lab: &Lab) -> i64 {
    lab.number("SELECT COUNT(*) FROM sandbox_writes WHERE statement LIKE '%spSetSubscription%'")
}

/// Somebody changes one thing on the server: exactly that is shown and put back.
#[test]
fn each_field_is_compared_and_put_back() {
    let lab = lab(SPEC);
    lab.diff().expect_status(0);
    let defender = title_is("Microsoft Defender Antivirus");
    for (edit, address, shown) in [
        ("UPDATE tbSchedule SET Frequency = 24".to_owned(), "schedule", "perDay: 24}"),
        ("UPDATE tbSchedule SET ScheduledTimeOfDay = 3600".to_owned(), "schedule", "firstAt: \"01:00Z\""),
        ("UPDATE tbSchedule SET ScheduledTimeOfDay = NULL".to_owned(), "schedule", "manual"),
        (
            format!("DELETE FROM tbCategoryInSubscription WHERE {defender}"),
            "products",
            "added: \"Microsoft Defender Antivirus\"",
        ),
        (
            "INSERT INTO tbCategoryInSubscription (SubscriptionID, CategoryID) SELECT 1, CategoryID
             FROM tbPrecomputedCategoryLocalizedProperty WHERE Title = 'SQL Server 2022'"
                .to_owned(),
            "products",
            "removed: \"SQL Server 2022\"",
        ),
        (
            format!("DELETE FROM tbCategoryInSubscription WHERE {}", title_is("Security Updates")),
            "classifications",
            "added: \"Security Updates\"",
        ),
        (
            "INSERT INTO tbCategoryInSubscription (SubscriptionID, CategoryID) SELECT 1, CategoryID
             FROM tbPrecomputedCategoryLocalizedProperty WHERE Title = 'Drivers' AND ShortLanguage = 'en'"
                .to_owned(),
            "classifications",
            "removed: \"Drivers\"",
        ),
    ] {
        lab.sql(&edit);
        lab.diff().expect_status(2).expect_out(shown);
        let plan = lab.plan();
        let changes = plan["servers"][0]["changes"].as_array().unwrap();
        assert_eq!(changes.len(), 1, "{edit}: {changes:#?}");
        assert_eq!(changes[0]["address"], format!("synchronization.{address}"));
        assert_eq!(changes[0]["kind"], "setting");
        lab.apply_twice();
        assert_eq!(subscribed(&lab).len(), 7, "{edit}");
    }
}

/// All three go in one call; what is not declared goes back as it was.
#[test]
fn one_call_saves_all_and_keeps_what_is_absent() {
    let lab = lab(CHANGE);
    let before = subscribed(&lab);
    lab.apply_twice();
    assert_eq!((subscribed(&lab), calls(&lab)), (before, 1));
    assert_eq!(lab.number("SELECT Frequency * 100000 + ScheduledTimeOfDay FROM tbSchedule"), 416_200);
    assert_ne!(lab.text("SELECT LastModifiedBy FROM tbSchedule"), "CONTOSO\\wsus-admin");
    lab.manifest(
        "  synchronization: {schedule: manual, products: [SQL Server 2022], classifications: [Drivers, Updates]}\n",
    );
    lab.apply_twice();
    assert_eq!(subscribed(&lab), ["Drivers", "SQL Server 2022", "Updates"]);
    assert_eq!(calls(&lab), 2);
    lab.manifest("  synchronization: {classifications: [Drivers]}\n").apply_twice();
    assert_eq!(subscribed(&lab), ["Drivers", "SQL Server 2022"]);
    assert_eq!(lab.number("SELECT ScheduledTimeOfDay IS NULL FROM tbSchedule"), 1);
}

/// A family that the console chose as a whole means its products.
#[test]
fn a_family_on_the_server_and_one_in_the_manifest() {
    let lab = lab("  synchronization: {products: [{family: SQL Server}]}\n");
    lab.sql(
        "DELETE FROM tbCategoryInSubscription; INSERT INTO tbCategoryInSubscription (SubscriptionID, CategoryID)
         SELECT 1, CategoryID FROM tbCategory WHERE CategoryType = 'ProductFamily' AND CategoryID IN
         (SELECT CategoryID FROM tbPrecomputedCategoryLocalizedProperty WHERE Title = 'SQL Server')",
    );
    lab.diff().expect_status(0);
    lab.manifest("  synchronization: {products: [Windows 11, {family: SQL Server}]}\n").apply_twice();
    assert_eq!(subscribed(&lab), ["SQL Server", "Windows 11"]);
    lab.manifest("  synchronization: {products: [Windows 11]}\n").apply_twice();
    assert_eq!(subscribed(&lab), ["Windows 11"]);
}

#[test]
fn what_is_wrong_with_a_manifest_is_said_with_its_place() {
    let lab = lab("");
    for (section, code) in [
        ("schedule: {firstAt: \"03:00\", perDay: 1}", "bad-time-of-day"),
        ("schedule: {firstAt: \"03:00Z\", perDay: 25}", "out-of-range"),
        ("schedule: hourly", "unknown-word"),
        ("products: []", "empty-list"),
        ("products: [Windows 111]", "unknown-product"),
        ("products: [Security Updates]", "unknown-product"),
        ("products: [Windows Admin Center]", "ambiguous-category"),
        ("products: [{family: Windos}]", "unknown-product-family"),
        ("classifications: [Securty Updates]", "unknown-classification"),
    ] {
        lab.manifest(&format!("  synchronization:\n    {section}\n"));
        let said = lab.refused(3, 3);
        said.expect_err(&format!("error[{code}]")).expect_err("lab.yaml:7:");
    }
    lab.manifest("  synchronization: {products: [Windows 111]}\n");
    lab.diff().expect_err("did you mean `Windows 11`, ").expect_err("apply --sync-categories");
}

#[test]
fn an_upstream_server_chooses() {
    let lab = lab("  synchronization: {products: [Windows 11]}\n");
    lab.sql("UPDATE tbConfigurationA SET SyncToMU = 0, UpstreamServerName = 'hq'");
    lab.refused(3, 3).expect_err("error[declared-below-upstream]").expect_err("lab.yaml:6:");
    lab.manifest(CHANGE).apply_twice();
}

#[test]
fn a_procedure_that_is_another_is_not_called() {
    for (variant, shown) in [
        ("extra", "@extra"),
        ("rename=@Frequency", "@Frequency2"),
        ("rename=@CategoryIDListXml", "@CategoryIDListXml2"),
        ("missing", "does not have"),
        ("without=@Frequency", "[settingNotSaved]"),
    ] {
        let lab = lab(CHANGE);
        run(&lab, variant, &["diff"]).expect_status(2).expect_out(shown).expect_out("unsupported");
        run(&lab, variant, &["apply", "--yes"]).expect_status(2);
        assert_eq!((lab.writes(), calls(&lab)), (0, 0), "{variant}");
    }
    let lab = lab(CHANGE);
    run(&lab, "extra-default", &["apply", "--yes"]).expect_status(0);
    assert_eq!(calls(&lab), 1);
}

/// The server says that it did it, and kept a part: the run says so and does not try again.
#[test]
fn an_ignored_value_is_reported() {
    let lab = lab(CHANGE);
    lab.sql("CREATE TRIGGER keeps AFTER UPDATE ON tbSchedule BEGIN UPDATE tbSchedule SET Frequency = 1; END");
    lab.apply().expect_status(7).expect_out("4 a day from 04:30Z").expect_out("1 a day from 04:30Z");
    assert_eq!(calls(&lab), 1);
    lab.manifest("  synchronization: {schedule: {firstAt: \"04:30Z\", perDay: 4}, products: [SQL Server 2022]}\n");
    lab.apply().expect_status(7).expect_out("4 a day from 04:30Z");
    assert!(subscribed(&lab).contains(&"SQL Server 2022".to_owned()));
    assert_eq!(calls(&lab), 2);
}

#[test]
fn a_running_synchronisation_is_waited_for() {
    let lab = lab(CHANGE);
    let state =
        |state: i64| lab.sql(&format!("UPDATE sandbox_unplaced SET value = {state} WHERE name = 'SubscriptionState'"));
    state(3);
    let ran = lab.run(&["apply", "-f", "lab.yaml", "--yes", "--wait", "1s"]);
    ran.expect_status(1).expect_err("a synchronisation runs");
    assert_eq!(lab.writes(), 0);
    let begun = Instant::now();
    let mut running = Running::start(lab.command(&["apply", "-f", "lab.yaml", "--yes"]));
    running.wait_until(|| begun.elapsed().as_millis() > 700);
    state(1);
    running.end().expect_status(0);
    assert_eq!(calls(&lab), 1);
}

/// A category synchronisation brings the product that the manifest names.
#[test]
fn categories_are_synchronised_before_planning() {
    let lab = lab("  synchronization: {products: [Windows 12]}\n");
    lab.sql(
        "CREATE TRIGGER arrives AFTER UPDATE ON sandbox_unplaced WHEN NEW.name = 'IsCategoryOnly' AND NEW.value = 1 BEGIN
             UPDATE tbLocalizedProperty SET Title = 'Windows 12' WHERE Title = 'SQL Server 2022';
         END;
         INSERT INTO sandbox_unplaced (name, value) VALUES ('IsCategoryOnly', 0)
             ON CONFLICT (name) DO UPDATE SET value = 0;",
    );
    lab.refused(3, 3).expect_err("apply --sync-categories");
    let apply = &["apply", "-f", "lab.yaml", "--yes", "--sync-categories"];
    lab.run(apply).expect_status(0).expect_err("The categories are synchronised.");
    lab.diff().expect_status(0);
    assert!(subscribed(&lab).contains(&"Windows 12".to_owned()));
    let other = "sandbox:lab.db?variant=spStartCatalogSync:missing";
    let ran = lab.run(&[&apply[..], &["--server", other]].concat());
    ran.expect_status(1).expect_err("did not start a category synchronisation");
}

#[test]
fn another_server_is_not_asked_to_synchronise() {
    let lab = lab("  identity: {serverId: 11111111-2222-3333-4444-555555555555}\n");
    lab.run(&["apply", "-f", "lab.yaml", "--yes", "--sync-categories"]).expect_status(4);
    assert_eq!(lab.writes(), 0);
}
