//! The server's id: a pin, and with `replaces` the one change that a run makes.

use uuid::Uuid;
use wsusctl::model::attribute::Attribute;
use wsusctl::model::configuration::{Configuration, LiveSettings};
use wsusctl::model::listing::ListedDownstreamServer;
use wsusctl::model::origin::Declared;
use wsusctl::model::procedure::{Procedure, Verdict};
use wsusctl::model::setting::Cell;
use wsusctl::plan::simulate::simulate;
use wsusctl::plan::step::Operation;

use crate::check::{change_of, check, check_allowing, lines, plan_of, plan_with};
use crate::desired::{Manifest, at, manifest};
use crate::snapshot::{Server, now, server};

const OLD: Uuid = Uuid::from_u128(0xeeee << 112);
const NEW: Uuid = Uuid::from_u128(0xdddd << 112);

fn replacing(old: Uuid) -> Manifest {
    let mut manifest = manifest();
    manifest.desired.server_id = Some(Declared { value: NEW, origin: at(2) });
    manifest.desired.replaces = Some(Declared { value: old, origin: at(3) });
    manifest
}

fn live() -> Server {
    let mut server = server();
    let cells = [("ServerId", Cell::Text(OLD.to_string())), ("LogLevel", Cell::Int(2)), ("UseProxy", Cell::Bit(true))];
    let row: Configuration = cells.into_iter().collect();
    server.snapshot.settings = Some(LiveSettings { row, ..LiveSettings::default() });
    server
}

fn settings(server: &mut Server) -> &mut LiveSettings {
    server.snapshot.settings.as_mut().unwrap()
}

const FOLLOWS: [&str; 2] = ["warning identityFollows identity.serverId"; 2];

fn change_line() -> String {
    format!("~ identity.serverId replaces value: {OLD} -> {NEW} HIGH")
}

#[test]
fn the_id_changes_from_the_one_that_it_replaces() {
    let change = change_line();
    check(
        &replacing(OLD),
        &live(),
        &[&change, "blocker highRisk identity.serverId (high-risk)", FOLLOWS[0], FOLLOWS[1]],
    );
    check_allowing(&replacing(OLD), &live(), &["high-risk"], &[&change, FOLLOWS[0], FOLLOWS[1]]);
    let plan = plan_of(&replacing(OLD), &live());
    assert_eq!(change_of(&plan, "identity.serverId").origin, Some(at(2)));
    let [step] = &plan.steps[..] else { panic!("{:#?}", plan.steps) };
    let Operation::SaveSettings { cells, .. } = &step.operation else { panic!("{step:#?}") };
    assert!(cells.iter().eq([(&"serverid".to_owned(), &Cell::Text(NEW.to_string()))]));
    assert_eq!(simulate(&live().snapshot, &plan, now()).server.server_id, NEW);
}

#[test]
fn a_server_that_has_the_new_id_is_as_declared() {
    let mut server = live();
    server.snapshot.server.server_id = NEW;
    check(&replacing(OLD), &server, &[]);
    // The pin alone plans nothing.
    let mut pinned = replacing(OLD);
    pinned.desired.replaces = None;
    check(&pinned, &live(), &[]);
}

#[test]
fn it_changes_alone() {
    let mut manifest = replacing(OLD).groups(&["Servers"]);
    let declared = Declared { value: Attribute::text("info"), origin: at(5) };
    manifest.desired.settings.scalars.insert("logging.level", declared);
    let plan = plan_with(&manifest, &live(), &["high-risk"]).unwrap();
    let alone = "warning identityAlone identity.serverId";
    assert_eq!(lines(&plan), [&change_line(), alone, FOLLOWS[0], FOLLOWS[1]]);
    assert_eq!((plan.steps.len(), plan.put_off, plan.summary.create, plan.summary.modify), (1, 2, 0, 1));
    assert!(plan.changes_identity() && plan.has_differences());
    let mut rest = plan_with(
        &manifest,
        &{
            let mut server = live();
            server.snapshot.server.server_id = NEW;
            server
        },
        &[],
    )
    .unwrap();
    rest.put_off();
    assert!(rest.is_empty() && rest.has_differences() && rest.put_off == 2);
}

#[test]
fn no_other_server_may_have_the_new_id() {
    let mut server = live();
    let branch = ListedDownstreamServer {
        name: "branch01.contoso.com".into(),
        server_id: Some(NEW),
        replica: true,
        parent: None,
        synchronized_at: None,
        rolled_up_at: None,
        version: None,
        below: 0,
        computers: 0,
    };
    server.snapshot.downstream_servers = Some(vec![branch]);
    server.snapshot.server.has_upstream = true;
    let plan = plan_with(&replacing(OLD), &server, &["high-risk"]).unwrap();
    let expected = [&change_line(), "blocker identityKnown identity.serverId (no permission)"];
    assert_eq!(lines(&plan)[..2], expected);
    assert!(plan.blockers[0].message.contains("branch01.contoso.com"));
    let follows: String = plan.warnings.iter().map(|notice| notice.message.as_str()).collect();
    for text in ["wsusutil postinstall", "computers authorise anew", "1 downstream server registers", "upstream server"]
    {
        assert!(follows.contains(text), "{text}: {follows}");
    }
}

#[test]
fn what_the_connection_cannot_save_is_unsupported_and_the_rest_goes_on() {
    let unsupported = |code: &str| format!("unsupported {code} identity.serverId");
    let mut server = live();
    settings(&mut server).unsaved.insert("serverid".into());
    check(
        &replacing(OLD).groups(&["Servers"]),
        &server,
        &["+ group[Servers] declared", &unsupported("settingNotSaved")],
    );
    let mut server = live();
    settings(&mut server).password_parameter = Some("@ProxyPassword".into());
    check(&replacing(OLD), &server, &[&unsupported("passwordParameter")]);
    let mut server = live();
    settings(&mut server).row = Configuration::default();
    check(&replacing(OLD), &server, &[&unsupported("settingMissing")]);
    let mut server = live();
    server.snapshot.procedures.get_mut(&Procedure::SetConfiguration).unwrap().verdict = Verdict::Missing;
    check(&replacing(OLD), &server, &[&unsupported("procedureMissing")]);
}
