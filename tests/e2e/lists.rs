//! Lists that go to the server as XML: they are written as the live procedure reads them, and what they carry is read back.

use crate::lab::{Lab, Ran};

const KEY: &str = "3b1c1f3e-0000-4000-8000-00000000c0de";

fn run(lab: &Lab, options: &str, verb: &[&str]) -> Ran {
    let server = format!("sandbox:lab.db?{options}");
    lab.run(&[verb, &["-f", "lab.yaml", "--server", &server]].concat())
}

fn apply(lab: &Lab, options: &str) -> Ran {
    run(lab, options, &["apply", "--yes"])
}

/// A lab whose server has a program key.
fn lab(spec: &str) -> Lab {
    let lab = Lab::new("demo");
    lab.sql(&format!("INSERT INTO tbProgramKeys VALUES ('{}', 'Endpoint tool')", KEY.to_uppercase()));
    lab.manifest(spec);
    lab
}

fn keys(lab: &Lab) -> i64 {
    lab.number("SELECT COUNT(*) FROM tbProgramKeys")
}

fn languages(lab: &Lab) -> String {
    lab.text("SELECT group_concat(ShortLanguage, ' ') FROM tbLanguage WHERE Enabled AND ShortLanguage <> 'all'")
}

const LEVEL: &str = "  logging: {level: verbose}\n";
const LANGUAGES: &str = "  updateFiles: {languages: [en]}\n";

#[test]
fn a_setting_alone_keeps_program_keys_however_the_server_reads_them() {
    for options in ["", "variant=spSetConfiguration:attributes", "variant=spSetConfiguration:keeps-keys"] {
        let lab = lab(LEVEL);
        apply(&lab, options).expect_status(0).expect_out("1 modified");
        assert_eq!(keys(&lab), 1, "{options}");
        apply(&lab, options).expect_status(0).expect_out("No differences");
    }
}

#[test]
fn languages_arrive_however_the_server_reads_them() {
    for options in ["", "variant=spSetConfiguration:attributes"] {
        let lab = lab(LANGUAGES);
        apply(&lab, options).expect_status(0);
        assert_eq!((languages(&lab).as_str(), keys(&lab)), ("en", 1), "{options}");
        apply(&lab, options).expect_status(0).expect_out("No differences");
    }
}

/// A server that reads attributes, and a login that cannot see that.
const HIDDEN: &str = "variant=spSetConfiguration:attributes&hide-definitions=true";

#[test]
fn lost_program_keys_are_a_failed_step_that_names_them_and_what_was_assumed() {
    let lab = lab(LEVEL);
    let ran = apply(&lab, HIDDEN);
    ran.expect_status(7)
        .expect_out("failed: logging.level")
        .expect_out(&format!("program key {KEY} (Endpoint tool) is gone"));
    ran.expect_out(
        "wsusctl writes @LanguagesXml, @ProgramKeyXml for spSetConfiguration with child elements, which is assumed",
    );
    ran.expect_out("GRANT VIEW DEFINITION ON dbo.[spSetConfiguration]");
    assert_eq!(keys(&lab), 0, "the sandbox loses them as the procedure would");
    // The definition tells, and the next save is right.
    lab.sql(&format!("INSERT INTO tbProgramKeys VALUES ('{}', 'Endpoint tool')", KEY.to_uppercase()));
    lab.manifest("  logging: {level: error}\n");
    apply(&lab, "variant=spSetConfiguration:attributes").expect_status(0);
    assert_eq!(keys(&lab), 1);
}

#[test]
fn languages_that_do_not_arrive_are_a_failed_step_and_stay_a_difference() {
    let lab = Lab::new("demo");
    lab.manifest(LANGUAGES);
    for _ in 0..2 {
        let ran = apply(&lab, HIDDEN);
        ran.expect_status(7).expect_out("language de: asked disabled, found enabled");
        ran.expect_out(
            "wsusctl writes @LanguagesXml, @ProgramKeyXml for spSetConfiguration with child elements, which is assumed",
        );
        assert!(!ran.out.contains("nothing is left to do"), "{ran:?}");
    }
    run(&lab, HIDDEN, &["diff"]).expect_status(2);
    assert_eq!(languages(&lab), "de en fr");
    // What is assumed is right on the server as it is taken to be.
    apply(&lab, "hide-definitions=true").expect_status(0);
    assert_eq!(languages(&lab), "en");
}

#[test]
fn a_loss_is_a_change_whatever_became_of_what_was_asked() {
    // Neither the languages arrive nor do the keys stay, and the row of the settings is as it was.
    let lab = lab(LANGUAGES);
    let ran = apply(&lab, HIDDEN);
    ran.expect_status(7).expect_out("now there is: language de is enabled").expect_out(&format!("program key {KEY}"));
    ran.expect_nowhere("as it was").expect_nowhere("Nothing was written");
}

#[test]
fn what_a_save_gives_back_and_loses_is_a_failed_step() {
    for (spec, options, lost) in [
        (LEVEL, "variant=spSetConfiguration:loses=@ServerString", "serverstring was"),
        (LEVEL, "variant=spSetConfiguration:loses=@OobeInitialized", "oobeinitialized was 1"),
        (SMTP, "variant=spSetEmailNotificationConfiguration:loses=@smtpUserName", "smtpusername was"),
    ] {
        let lab = Lab::new("demo");
        lab.sql(
            "INSERT INTO sandbox_unplaced (name, value) VALUES ('ServerString', 'west'), ('Email.SmtpUserName', 'mailer')
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        );
        lab.manifest(spec);
        let ran = apply(&lab, options);
        ran.expect_status(7).expect_out("the server did it, and did harm besides").expect_out(lost);
        ran.expect_out("is empty").expect_out("put back by hand").expect_nowhere("nothing is left to do");
    }
}

const SMTP: &str = "  notifications: {smtp: {port: 2525}}\n";

#[test]
fn a_list_that_does_not_arrive_is_said_with_how_it_was_written() {
    for (spec, options, address, list) in [
        (RULE, "spSetAutoDeploymentRule:loses=@targetGroupIDListXml", "rule[\"Patches\"]", "@targetGroupIDListXml"),
        (PRODUCTS, "spSetSubscription:loses=@CategoryIDListXml", "synchronization.products", "@CategoryIDListXml"),
        (
            RECIPIENTS,
            "spAddEmailNotificationRecipient:loses=@EmailAddresses",
            "notifications.newUpdates.recipients",
            "@EmailAddresses",
        ),
    ] {
        let lab = Lab::new("demo");
        lab.manifest(spec);
        let ran = apply(&lab, &format!("variant={options}"));
        ran.expect_status(7).expect_out(&format!("failed: {address}")).expect_out("reading back shows otherwise");
        ran.expect_out(list).expect_out("as its definition reads them; report this");
        run(&lab, "", &["diff"]).expect_status(2);
        lab.apply_twice();
    }
}

const PRODUCTS: &str = "  synchronization: {products: [Windows 11]}\n";
const RECIPIENTS: &str = "  notifications: {newUpdates: {recipients: [a@contoso.com]}}\n";

const RULE: &str = "  approvalRules:
    - {name: Patches, enabled: true, classifications: [Security Updates], products: [{family: Windows}], groups: [Servers]}
";

fn rule(lab: &Lab) -> i64 {
    lab.number(
        "SELECT COUNT(*) FROM tbAutoDeploymentRule r JOIN tbUpdateClassificationInAutoDeploymentRule c ON
         c.AutoDeploymentRuleID = r.ID JOIN tbTargetGroupInAutoDeploymentRule g ON g.AutoDeploymentRuleID = r.ID
         WHERE r.Name = 'Patches' AND r.Enabled",
    )
}

#[test]
fn categories_are_named_as_the_server_reads_them() {
    let subscription = "  synchronization: {products: [Windows 11], classifications: [Updates]}\n";
    let numbers = "variant=spSetAutoDeploymentRule:local-ids&variant=spSetSubscription:local-ids";
    for options in ["", numbers, "hide-definitions=true"] {
        let lab = Lab::new("demo");
        lab.manifest(&format!("{subscription}{RULE}"));
        apply(&lab, options).expect_status(0);
        assert_eq!(rule(&lab), 1, "{options}");
        apply(&lab, options).expect_status(0).expect_out("No differences");
    }
}

#[test]
fn a_rule_whose_content_is_refused_is_said_and_taken_up_again() {
    let lab = Lab::new("demo");
    lab.manifest(RULE);
    let ran = apply(&lab, "variant=spSetAutoDeploymentRule:local-ids&hide-definitions=true");
    ran.expect_status(7).expect_out("failed: rule[\"Patches\"]").expect_out("was not found");
    ran.expect_out("for spSetAutoDeploymentRule with GUIDs, which is assumed");
    assert_eq!((rule(&lab), lab.number("SELECT COUNT(*) FROM tbAutoDeploymentRule WHERE Name = 'Patches'")), (0, 1));
    lab.diff().expect_status(2).expect_out("~ rule[\"Patches\"]");
    lab.apply_twice();
    assert_eq!(rule(&lab), 1);
}

#[test]
fn doctor_shows_what_was_found_and_what_is_assumed() {
    let lab = Lab::new("demo");
    let doctor = |options: &str| lab.run(&["doctor", "--server", &format!("sandbox:lab.db?{options}")]);
    let found = "@LanguagesXml: Root/Language with child elements (as its definition";
    doctor("").expect_status(0).expect_out(found);
    let other = doctor("variant=spSetConfiguration:attributes&variant=spSetSubscription:local-ids");
    other.expect_status(0).expect_out("Root/Language with attributes").expect_out("root/CategoryID with local numbers");
    let hidden = doctor("hide-definitions=true");
    hidden.expect_out("warning: how spSetConfiguration reads its lists is assumed").expect_out("VIEW DEFINITION");
    let json = lab.run(&["doctor", "--server", "sandbox:lab.db?hide-definitions=true", "-o", "json"]);
    let document: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let used = document["servers"][0]["checks"]["procedures"]["value"].as_array().unwrap();
    let save = used.iter().find(|used| used["name"] == "dbo.spSetConfiguration").unwrap();
    assert_eq!(save["lists"][0]["basis"], "assumedHidden", "{save}");
    assert_eq!(save["lists"][0]["content"], "elements", "{save}");
}
