//! Declared downstream servers: nothing about one can be written from here, so what is not as declared is a finding that says
//! what to do on that server.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::model::address::{Address, Kind};
use crate::model::desired::{Desired, DesiredDownstreamServer};
use crate::model::health::findings::{DOWNSTREAM_MAX, DOWNSTREAM_WARNING};
use crate::model::listing::ListedDownstreamServer;
use crate::model::name::fold;
use crate::model::resolved::{Notice, ResolvedDownstreamServer};
use crate::model::snapshot::Snapshot;

use super::notes::Notes;

/// What sets a server's upstream and mode.
///
/// Source: learn.microsoft.com, Set-WsusServerSynchronization (grade A).
const FOLLOW: &str = "Set-WsusServerSynchronization -UssServerName THIS-SERVER -PortNumber 8531 -UseSsl";
/// What starts a synchronisation.
///
/// Source: learn.microsoft.com, ISubscription.StartSynchronization (grade A).
const SYNCHRONIZE: &str = "(Get-WsusServer).GetSubscription().StartSynchronization()";

/// Looks up every declared server and says what is not as declared.
pub(super) fn resolve(
    desired: &Desired,
    snapshot: &Snapshot,
    now: DateTime<Utc>,
    notes: &mut Notes,
) -> Vec<ResolvedDownstreamServer> {
    let Some(live) = snapshot.downstream_servers.as_ref().filter(|_| !desired.downstream_servers.is_empty()) else {
        // Where none were read although some are declared, the planner says so.
        let unread = desired.downstream_servers.iter();
        return unread.map(|server| resolved(server, false)).collect();
    };
    warn_of_many(live.len() as u64, notes);
    let servers = desired.downstream_servers.iter().map(|server| {
        let mut entries: Vec<&ListedDownstreamServer> =
            live.iter().filter(|entry| fold(&entry.name) == fold(&server.name)).collect();
        entries.sort_by_key(|entry| (entry.synchronized_at, entry.rolled_up_at, entry.server_id));
        match entries.pop() {
            None => missing(server, notes),
            Some(newest) => {
                mode(server, newest, notes);
                age(server, newest, now, notes);
                older(server, &entries, notes);
                return resolved(server, true);
            }
        }
        resolved(server, false)
    });
    servers.collect()
}

fn resolved(server: &DesiredDownstreamServer, found: bool) -> ResolvedDownstreamServer {
    ResolvedDownstreamServer { name: server.name.clone(), found, origin: server.origin }
}

fn finding(server: &DesiredDownstreamServer, code: &'static str, message: String, notes: &mut Notes) {
    let address = Address::Downstream(server.name.clone());
    notes.findings.push(Notice { address, code, message, origin: Some(server.origin) });
}

fn follow(replica: Option<bool>) -> String {
    if replica == Some(true) { format!("{FOLLOW} -Replica") } else { FOLLOW.to_owned() }
}

fn missing(server: &DesiredDownstreamServer, notes: &mut Notes) {
    let message = format!(
        "this server knows no such downstream server; run there: {}, and then {SYNCHRONIZE}",
        follow(server.replica)
    );
    finding(server, "downstreamMissing", message, notes);
}

fn mode(server: &DesiredDownstreamServer, live: &ListedDownstreamServer, notes: &mut Notes) {
    let Some(wanted) = server.replica.filter(|wanted| *wanted != live.replica) else { return };
    let word = |replica| if replica { "a replica" } else { "autonomous" };
    let message = format!(
        "it is {}, and declared as {} ({}); run there: {}",
        word(live.replica),
        word(wanted),
        facts(live),
        follow(Some(wanted))
    );
    finding(server, "downstreamMode", message, notes);
}

fn age(server: &DesiredDownstreamServer, live: &ListedDownstreamServer, now: DateTime<Utc>, notes: &mut Notes) {
    let Some(age) = server.max_sync_age else { return };
    if live.synchronized_at.is_some_and(|at| now - at <= age) {
        return;
    }
    let message = format!("it has not synchronised for {} ({}); run there: {SYNCHRONIZE}", period(age), facts(live));
    finding(server, "downstreamStale", message, notes);
}

/// A server that was installed anew registers under another id; the entry of the old one stays.
fn older(server: &DesiredDownstreamServer, entries: &[&ListedDownstreamServer], notes: &mut Notes) {
    for entry in entries {
        let id = entry.server_id.map_or_else(|| "no id".to_owned(), |id| format!("id {id}"));
        let message = format!(
            "an older entry has the same name: {id}, {}; delete it in the console where that server is gone",
            facts(entry)
        );
        finding(server, "downstreamDuplicate", message, notes);
    }
}

/// What this server knows of one.
fn facts(live: &ListedDownstreamServer) -> String {
    let time = |at: Option<DateTime<Utc>>| {
        at.map_or_else(|| "never".to_owned(), |at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
    };
    let version = live.version.as_deref().unwrap_or("not known");
    let parent = live.parent.as_deref().unwrap_or("this server");
    format!(
        "last synchronisation {}, last rollup {}, version {version}, below {parent}",
        time(live.synchronized_at),
        time(live.rolled_up_at)
    )
}

/// An age in the largest unit that says it whole.
fn period(age: TimeDelta) -> String {
    let minutes = age.num_minutes();
    match (minutes % (24 * 60), minutes % 60) {
        (0, _) => format!("{}d", minutes / (24 * 60)),
        (_, 0) => format!("{}h", minutes / 60),
        _ => format!("{minutes}m"),
    }
}

fn warn_of_many(count: u64, notes: &mut Notes) {
    if count < DOWNSTREAM_WARNING {
        return;
    }
    notes.findings.push(Notice {
        address: Address::Entry { kind: Kind::Downstream, index: 0 },
        code: "downstreamLimit",
        message: format!(
            "the server has {count} entries of downstream servers, and WSUS takes no more from {DOWNSTREAM_MAX} on: delete \
             those of servers that are gone"
        ),
        origin: None,
    });
}
