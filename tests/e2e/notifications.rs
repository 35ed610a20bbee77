//! Mails from manifest to server and back: each setting is found by its key alone, and all are saved in as few calls as there
//! are procedures.

use serde_json::{Value, json};
use wsusctl::model::attribute::Attribute;
use wsusctl::model::notifications::{NOTIFICATIONS, notification};
use wsusctl::model::setting::{Cell, Setting};

use crate::lab::{Lab, Ran};

const SPEC: &str = r#"  notifications:
    smtp: {server: mail.contoso.com, port: 587, authentication: true, user: svc-mail}
    sender: {name: WSUS, address: wsus@contoso.com}
    language: de
    newUpdates: {recipients: [wsus-admins@contoso.com]}
    status: {recipients: [it@contoso.com, WSUS-Admins@contoso.com], frequency: daily, at: "06:30Z"}
"#;

/// Another valid value than the one of [`SPEC`].
fn other(setting: &Setting) -> Attribute {
    match setting.path {
        "notifications.smtp.server" => Attribute::text("relay.contoso.com"),
        "notifications.smtp.port" => Attribute::Int(2525),
        "notifications.smtp.authentication" => Attribute::Bool(false),
        "notifications.smtp.user" => Attribute::text("somebody"),
        "notifications.sender.name" => Attribute::text("Updates"),
        "notifications.sender.address" => Attribute::text("updates@contoso.com"),
        "notifications.language" => Attribute::text("fr"),
        "notifications.newUpdates" | "notifications.status" => Attribute::text("none"),
        "notifications.status.frequency" => Attribute::text("weekly"),
        "notifications.status.at" => Attribute::text("23:00Z"),
        other => panic!("no other value for {other}"),
    }
}

/// Writes a setting by hand, as a console click would.
fn set(lab: &Lab, setting: &Setting, value: &Attribute) {
    let cell = match setting.cell(value).unwrap() {
        Cell::Int(number) if setting.path.ends_with("frequency") => {
            ["'Daily'", "'Weekly'"][usize::from(number == 2)].into()
        }
        Cell::Bit(bit) => i64::from(bit).to_string(),
        Cell::Int(number) => number.to_string(),
        Cell::Text(text) => format!("'{text}'"),
        other => panic!("no literal: {other:?}"),
    };
    lab.sql(&format!(
        "INSERT INTO sandbox_unplaced (name, value) VALUES ('Email.{column}', {cell})
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        column = setting.column
    ));
}

fn stored(lab: &Lab, name: &str) -> String {
    lab.text(&format!("SELECT CAST(value AS text) FROM sandbox_unplaced WHERE name = 'Email.{name}'"))
}

fn recipients(lab: &Lab, kind: i64) -> Vec<String> {
    lab.texts(&format!(
        "SELECT EmailAddress FROM tbEmailNotificationRecipient WHERE NotificationType = {kind} ORDER BY 1"
    ))
}

/// How often a procedure did something.
fn calls(lab: &Lab, procedure: &str) -> i64 {
    lab.number(&format!("SELECT COUNT(*) FROM sandbox_writes WHERE statement LIKE '%{procedure}%'"))
}

fn lab(spec: &str) -> Lab {
    let lab = Lab::new("demo");
    lab.manifest(spec);
    lab
}

/// A server on which everything is as [`SPEC`] says.
fn settled() -> Lab {
    let lab = lab(SPEC);
    lab.apply_twice();
    lab
}

/// `verb` on a variant of a procedure.
fn run(lab: &Lab, variants: &[&str], arguments: &[&str]) -> Ran {
    let variants: Vec<String> = variants.iter().map(|variant| format!("variant={variant}")).collect();
    let server = format!("sandbox:lab.db?{}", variants.join("&"));
    lab.run(&[arguments, &["-f", "lab.yaml", "--server", &server]].concat())
}

/// The one change of the plan: address, before and after.
#[track_caller]
fn one_change(lab: &Lab) -> (String, Value, Value) {
    let plan = lab.plan();
    let changes = plan["servers"][0]["changes"].as_array().unwrap_or_else(|| panic!("{plan:#}"));
    assert_eq!(changes.len(), 1, "{changes:#?}");
    let side = |side: &str| changes[0][side]["value"].clone();
    (changes[0]["address"].as_str().unwrap().to_owned(), side("before"), side("after"))
}

fn json_of(value: &Attribute) -> Value {
    match value {
        Attribute::Bool(flag) => json!(flag),
        Attribute::Int(number) => json!(number),
        Attribute::Text(text) => json!(text),
        other => panic!("no scalar: {other:?}"),
    }
}

#[test]
fn everything_is_saved_in_one_call_a_procedure() {
    let lab = settled();
    for (procedure, expected) in [
        ("spSetEmailNotificationConfiguration", 1),
        ("spScheduleEmailNotification", 1),
        ("spAddEmailNotificationRecipient", 2),
    ] {
        assert_eq!(calls(&lab, procedure), expected, "{procedure}");
    }
    assert_eq!(lab.writes(), 4);
    assert_eq!(recipients(&lab, 2), ["wsus-admins@contoso.com"]);
    assert_eq!(recipients(&lab, 3), ["it@contoso.com", "WSUS-Admins@contoso.com"]);
    for (name, expected) in [
        ("SmtpHostName", "mail.contoso.com"),
        ("StatusNotification", "Daily"),
        ("StatusNotificationTimeOfDay", "23400"),
        ("Schedule.Summary.TimeOfDay", "23400"),
        ("Schedule.Summary.Frequency", "Daily"),
    ] {
        assert_eq!(stored(&lab, name), expected, "{name}");
    }
    assert!(!stored(&lab, "LastModifiedBy").is_empty());
    assert!(stored(&lab, "LastModifiedTime").as_str() > "2026");
    // Who changed what is said beside the change.
    lab.manifest(&SPEC.replace("language: de", "language: fr"));
    let plan = lab.plan();
    let change = &plan["servers"][0]["changes"][0];
    assert_eq!(change["changedBy"], json!(stored(&lab, "LastModifiedBy")));
}

/// Somebody changes one thing on the server: exactly that is shown, put back, and then nothing is left. Nor is anything
/// said of it where the manifest leaves it out.
#[test]
fn each_setting_is_compared_and_put_back() {
    let lab = settled();
    for setting in NOTIFICATIONS {
        let before = other(setting);
        set(&lab, setting, &before);
        let (address, was, _) = one_change(&lab);
        assert_eq!((address.as_str(), was), (setting.path, json_of(&before)));
        lab.apply().expect_status(0).expect_out("nothing is left to do");
    }
    for (edit, path, shown) in [
        (
            "DELETE FROM tbEmailNotificationRecipient WHERE NotificationType = 2",
            "newUpdates",
            "added: \"wsus-admins@contoso.com\"",
        ),
        (
            "INSERT INTO tbEmailNotificationRecipient VALUES (3, 'x@contoso.com')",
            "status",
            "removed: \"x@contoso.com\"",
        ),
    ] {
        lab.sql(edit).diff().expect_status(2).expect_out(shown);
        assert_eq!(one_change(&lab).0, format!("notifications.{path}.recipients"));
        lab.apply().expect_status(0);
    }
    lab.diff().expect_status(0).expect_out("No differences");
    for setting in NOTIFICATIONS.iter().filter(|setting| setting.path != "notifications.language") {
        set(&lab, setting, &other(setting));
    }
    lab.sql("DELETE FROM tbEmailNotificationRecipient");
    let writes = lab.writes();
    lab.manifest("  notifications: {language: DE}\n").diff().expect_status(0).expect_out("No differences");
    lab.apply().expect_status(0);
    assert_eq!(lab.writes(), writes);
}

#[test]
fn null_is_the_products_default() {
    let lab = lab("  notifications: {smtp: {port: null, authentication: null}, language: null}\n");
    lab.diff().expect_status(0).expect_out("No differences");
    for setting in NOTIFICATIONS.iter().filter(|setting| setting.default.is_some()) {
        let default = setting.default.unwrap().attribute();
        let away = if default == Attribute::Bool(false) { Attribute::Bool(true) } else { other(setting) };
        set(&lab, setting, &away);
        let (address, was, becomes) = one_change(&lab);
        assert_eq!((address.as_str(), was, becomes), (setting.path, json_of(&away), json_of(&default)));
        lab.apply_twice();
    }
}

#[test]
fn recipients_are_sets_without_regard_to_case() {
    let lab = settled();
    lab.manifest(
        &SPEC.replace("[it@contoso.com, WSUS-Admins@contoso.com]", "[wsus-admins@CONTOSO.com, IT@contoso.com]"),
    );
    lab.diff().expect_status(0).expect_out("No differences");
}

#[test]
fn switched_off_leaves_recipients_and_schedule_alone() {
    let lab = settled();
    lab.manifest("  notifications: {newUpdates: none, status: none}\n").apply_twice();
    assert_eq!(
        (stored(&lab, "EmailNeedToSendNewSyncNotification"), stored(&lab, "EmailNeedToSendStatusNotification")),
        ("0".into(), "0".into())
    );
    assert_eq!(recipients(&lab, 3).len(), 2);
    assert_eq!(calls(&lab, "spScheduleEmailNotification"), 1);
    lab.manifest("  notifications: {status: {}}\n").apply_twice();
    assert_eq!(calls(&lab, "spScheduleEmailNotification"), 2);
    assert_eq!(stored(&lab, "Schedule.Summary.TimeOfDay"), "23400");
}

/// The password is in the registry, encrypted: saying so is all that can be done about it, and the rest is done.
#[test]
fn the_password_is_unsupported_and_the_rest_is_done() {
    let lab = lab(&SPEC.replace("user: svc-mail", "user: svc-mail, password: {env: NEVER_READ}"));
    let ran = lab.apply();
    ran.expect_status(2).expect_out("notifications.smtp.password").expect_out("E-Mail Server");
    assert_eq!(stored(&lab, "SmtpUserName"), "svc-mail");
    lab.run(&["apply", "-f", "lab.yaml", "--yes", "--allow", "unsupported"]).expect_status(0);
    lab.manifest("  notifications: {smtp: {password: {env: NEVER_READ}}}\n");
    set(&lab, notification("notifications.smtp.authentication").unwrap(), &Attribute::Bool(false));
    lab.diff().expect_status(2).expect_err("smtpUserUnused");
}

/// A plan that switches on what could not be sent is shown and not done.
#[test]
fn a_mail_that_could_not_be_sent_is_not_switched_on() {
    let lab = Lab::new("demo");
    for kind in ["newUpdates", "status"] {
        let switch = notification(if kind == "status" { "notifications.status" } else { "notifications.newUpdates" });
        set(&lab, switch.unwrap(), &Attribute::text("none"));
    }
    lab.manifest("  notifications: {newUpdates: {}}\n");
    let said = lab.refused(2, 4);
    said.expect_out("there would be no mail server").expect_out("no sender").expect_out("nobody would get the mail");
    let sender = "smtp: {server: mail}, sender: {address: a@b}";
    lab.manifest(&format!("  notifications: {{{sender}, newUpdates: {{recipients: [c@d]}}}}\n")).apply_twice();
    lab.manifest("  notifications: {smtp: {authentication: true}}\n");
    lab.refused(2, 4).expect_out("would want a user and get none");
    // What was so before is not the plan's doing: a new server has both mails on and sends none.
    let fresh = Lab::new("demo");
    fresh.manifest("  notifications: {newUpdates: {recipients: [c@d]}, language: fr}\n");
    fresh.diff().expect_status(2).expect_err("noMailServer");
    fresh.apply_twice();
}

#[test]
fn what_is_wrong_with_a_manifest_is_said_with_its_place() {
    let lab = lab("");
    for (section, code) in [
        ("smtp: {server: ''}", "empty-name"),
        ("smtp: {port: 65536}", "out-of-range"),
        ("smtp: {authentication: false, user: svc}", "smtp-user-unused"),
        ("smtp: {password: hunter2}", "literal-secret"),
        ("sender: {address: WSUS}", "bad-address"),
        ("language: en us", "bad-language"),
        ("newUpdates: {recipients: []}", "no-recipients"),
        ("newUpdates: {recipients: [a@b, A@b]}", "duplicate-item"),
        ("status: {frequency: hourly}", "unknown-word"),
        ("status: {at: \"06:30\"}", "bad-time-of-day"),
    ] {
        lab.manifest(&format!("  notifications:\n    {section}\n"));
        let said = lab.refused(3, 3);
        said.expect_err(&format!("error[{code}]")).expect_err("lab.yaml:7:").expect_nowhere("hunter2");
    }
    assert_eq!(lab.writes(), 0);
}

/// A procedure that is another is not called, whatever else is.
#[test]
fn a_procedure_that_is_another_is_not_called() {
    let save = "spSetEmailNotificationConfiguration";
    let schedule = "spScheduleEmailNotification";
    let add = "spAddEmailNotificationRecipient";
    for (procedure, variant, shown, left) in [
        (save, "extra", "@extra", 2),
        (save, "rename=@smtpPort", "@smtpPort2", 2),
        (save, "missing", "[procedureMissing]", 2),
        (schedule, "extra", "@extra", 3),
        (schedule, "rename=@frequency", "@frequency2", 3),
        (schedule, "retype=@frequency", "uniqueidentifier; expected", 3),
        (schedule, "missing", "[procedureMissing]", 3),
        (add, "extra", "@extra", 2),
        (add, "rename=@EmailAddresses", "@EmailAddresses2", 2),
    ] {
        let lab = lab(SPEC);
        let variant = format!("{procedure}:{variant}");
        run(&lab, &[&variant], &["diff"]).expect_status(2).expect_out(shown).expect_out("unsupported");
        run(&lab, &[&variant], &["apply", "--yes"]).expect_status(2);
        assert_eq!((calls(&lab, procedure), lab.writes()), (0, left), "{variant}");
        // With the procedures as they should be, the rest follows.
        lab.apply_twice();
    }
}

/// A mail waits for those who are to get it, whether their list cannot be changed, the change is refused, or the server
/// takes it and does nothing.
#[test]
fn a_mail_is_not_switched_on_before_somebody_gets_it() {
    let add = "spAddEmailNotificationRecipient";
    for (variant, status, says) in [
        ("missing", 2, "[dependsOnUnsupported]"),
        ("refuses-late", 1, "because notifications.newUpdates.recipients failed"),
        ("", 7, "because notifications.newUpdates.recipients failed"),
    ] {
        let lab = lab("  notifications: {smtp: {server: mail}, sender: {address: a@b}}\n");
        lab.apply_twice();
        set(&lab, notification("notifications.newUpdates").unwrap(), &Attribute::text("none"));
        lab.sql("DELETE FROM tbEmailNotificationRecipient");
        lab.manifest("  notifications: {language: fr, newUpdates: {recipients: [a@b.c]}}\n");
        let variants: Vec<String> = match variant {
            "" => {
                lab.sql(
                    "CREATE TRIGGER forgets AFTER INSERT ON tbEmailNotificationRecipient BEGIN
                         DELETE FROM tbEmailNotificationRecipient;
                     END",
                );
                Vec::new()
            }
            variant => vec![format!("{add}:{variant}")],
        };
        let variants: Vec<&str> = variants.iter().map(String::as_str).collect();
        run(&lab, &variants, &["apply", "--yes"]).expect_status(status).expect_out(says);
        assert_eq!(stored(&lab, "EmailNeedToSendNewSyncNotification"), "0", "{variant}");
        assert!(recipients(&lab, 2).is_empty(), "{variant}");
        // What does not wait for it is done.
        assert_eq!(stored(&lab, "EmailLanguage") == "fr", variant == "missing");
        lab.sql("DROP TRIGGER IF EXISTS forgets").apply_twice();
        assert_eq!(stored(&lab, "EmailNeedToSendNewSyncNotification"), "1", "{variant}");
    }
}

#[test]
fn a_parameter_with_a_default_is_left_out_and_a_missing_one_concerns_its_setting_only() {
    let lab = lab(SPEC);
    let save = |change: &str| format!("spSetEmailNotificationConfiguration:{change}");
    let (extra, without) = (save("extra-default"), save("without=@smtpPort"));
    let more = ["spScheduleEmailNotification:extra-default", "spAddEmailNotificationRecipient:extra-default"];
    let variants = [&extra, &without, more[0], more[1]];
    run(&lab, &variants, &["apply", "--yes"])
        .expect_status(2)
        .expect_out("notifications.smtp.port")
        .expect_out("[settingNotSaved]");
    assert_eq!(lab.writes(), 4);
    run(&lab, &variants, &["apply", "--yes", "--allow", "unsupported"]).expect_status(0);
    assert_eq!((lab.writes(), stored(&lab, "SmtpHostName")), (4, "mail.contoso.com".to_owned()));
}

#[test]
fn a_password_that_a_save_would_leave_out_is_not_put_at_risk() {
    let variant = "spSetEmailNotificationConfiguration:extra-default=@SmtpUserPassword";
    let lab = lab(SPEC);
    run(&lab, &[variant], &["apply", "--yes"])
        .expect_status(2)
        .expect_out("[passwordParameter]")
        .expect_out("@SmtpUserPassword");
    // Recipients are saved all the same.
    assert_eq!((lab.writes(), calls(&lab, "spSetEmailNotificationConfiguration")), (2, 0));
    let without = SPEC.replace(", authentication: true, user: svc-mail", "");
    run(lab.manifest(&without), &[variant], &["apply", "--yes"]).expect_status(0);
}

#[test]
fn a_value_that_the_server_ignores_is_reported_and_written_once() {
    let lab = settled();
    set(&lab, notification("notifications.smtp.port").unwrap(), &Attribute::Int(25));
    set(&lab, notification("notifications.language").unwrap(), &Attribute::text("fr"));
    let writes = lab.writes();
    let ran = run(&lab, &["spSetEmailNotificationConfiguration:ignores=@smtpPort"], &["apply", "--yes"]);
    ran.expect_status(7)
        .expect_out("failed: notifications.smtp.port")
        .expect_out("notifications.smtp.port: asked 587, found 25, before 25");
    assert!(!ran.out.contains("failed: notifications.language"), "{ran:?}");
    assert_eq!(lab.writes(), writes + 1);
    // Recipients that the server keeps.
    lab.apply_twice();
    lab.sql(
        "CREATE TRIGGER keeps AFTER INSERT ON tbEmailNotificationRecipient BEGIN
                 DELETE FROM tbEmailNotificationRecipient WHERE EmailAddress = 'new@contoso.com';
             END",
    );
    lab.manifest(&SPEC.replace("it@contoso.com", "it@contoso.com, new@contoso.com"));
    lab.apply().expect_status(7).expect_out("new@contoso.com");
    assert_eq!(calls(&lab, "spAddEmailNotificationRecipient"), 3);
}

/// Where scheduling works and saving does not, the row says that nothing happened, so the next run does both.
#[test]
fn a_refusal_at_the_end_leaves_something_to_do() {
    let lab = lab(SPEC);
    let late = "spSetEmailNotificationConfiguration:refuses-late";
    run(&lab, &[late], &["apply", "--yes"]).expect_status(7).expect_out("it cannot be done after all");
    assert_eq!((calls(&lab, "spScheduleEmailNotification"), lab.writes()), (1, 3));
    let late = "spScheduleEmailNotification:refuses-late";
    run(&lab, &[late], &["apply", "--yes"]).expect_status(1).expect_out("spScheduleEmailNotification");
    assert_eq!(calls(&lab, "spSetEmailNotificationConfiguration"), 0);
    lab.apply_twice();
}

/// Wherever the connection is lost, the run takes it up again and does the rest: from the first write to the last look.
#[test]
fn a_connection_cut_after_every_write() {
    let run_with = |fault: &str, statement: u64| {
        let lab = lab(SPEC);
        let server = format!("sandbox:lab.db?{fault}{statement}");
        let ran = lab.run(&["apply", "-f", "lab.yaml", "--yes", "--server", &server]);
        (lab, ran)
    };
    // The last statement of an undisturbed run: an error at any later one is never raised.
    let (mut last, mut beyond) = (20, 100);
    while last + 1 < beyond {
        let middle = last + (beyond - last) / 2;
        if run_with("raise=50000@", middle).1.status == 0 { beyond = middle } else { last = middle }
    }
    let mut writes = 0;
    for statement in last - 24..=last {
        let (lab, ran) = run_with("drop-after=", statement);
        ran.expect_status(0);
        lab.diff().expect_status(0).expect_out("No differences");
        assert_eq!((recipients(&lab, 2).len(), recipients(&lab, 3).len()), (1, 2), "{statement}");
        assert_eq!(stored(&lab, "Schedule.Summary.TimeOfDay"), "23400", "{statement}");
        writes = writes.max(lab.writes());
    }
    // Where the schedule was set and the row was not saved, both are done again.
    assert_eq!(writes, 5);
}

/// What a server has is a manifest with an empty diff, whatever it has.
#[test]
fn an_export_of_mails_changes_nothing() {
    let lab = settled();
    let section = |lab: &Lab| {
        let ran = lab.run(&["export", "--server", "sandbox:lab.db", "--kinds", "settings"]);
        std::fs::write(lab.path("lab.yaml"), &ran.expect_status(0).out).unwrap();
        lab.run(&["validate", "-f", "lab.yaml"]).expect_status(0);
        lab.diff().expect_status(0).expect_out("No differences");
        ran.out
    };
    let text = section(&lab);
    let (_, mails) = text.split_once("  notifications:\n").unwrap();
    let expected = r#"    smtp:
      server: mail.contoso.com
      port: 587  # by default 25
      authentication: true  # by default false
      user: svc-mail
      # password: {env: NAME} is not exported: it cannot be read back, and WSUS's own API alone can set it
    sender:
      name: WSUS
      address: "wsus@contoso.com"
    language: de  # by default en
    newUpdates:
      recipients: ["wsus-admins@contoso.com"]
    status:
      recipients: ["it@contoso.com", "WSUS-Admins@contoso.com"]
      frequency: daily
      at: "06:30Z"
"#;
    assert_eq!(mails, expected);
    // What no manifest may say is left out and listed.
    for (column, value) in [
        ("SmtpServerRequireAuthentication", "0"),
        ("SmtpUserDisplayName", "'a' || char(10) || 'Bcc: x@y'"),
        ("EmailLanguage", "'en us'"),
        ("EmailNeedToSendNewSyncNotification", "0"),
        ("StatusNotificationTimeOfDay", "90000"),
    ] {
        lab.sql(&format!("UPDATE sandbox_unplaced SET value = {value} WHERE name = 'Email.{column}'"));
    }
    lab.sql("UPDATE tbEmailNotificationRecipient SET EmailAddress = 'a b' WHERE EmailAddress = 'it@contoso.com'");
    let text = section(&lab);
    assert!(
        text.contains("    newUpdates: none\n")
            && text.contains("settings of mails whose value no manifest can say: 5\n"),
        "{text}"
    );
}
