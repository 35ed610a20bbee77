//! Declared downstream servers: nothing about one can be written from here, so what is not as declared is a finding that says
//! what to do on that server. What can be done is to forget older entries of a name.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use uuid::Uuid;

use crate::model::address::{Address, Kind};
use crate::model::desired::{Desired, DesiredDownstreamServer};
use crate::model::health::findings::{DOWNSTREAM_MAX, DOWNSTREAM_WARNING};
use crate::model::listing::ListedDownstreamServer;
use crate::model::management::{Management, Prune};
use crate::model::name::fold;
use crate::model::origin::Origin;
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

/// What of the server's downstream servers a manifest means.
pub(super) struct DownstreamServers {
    /// The declared ones.
    pub(super) declared: Vec<ResolvedDownstreamServer>,
    /// The ids of entries that pruning deletes.
    pub(super) prunable: BTreeSet<Uuid>,
}

/// Looks up every declared server, says what is not as declared, and finds what pruning deletes.
pub(super) fn resolve(
    desired: &Desired,
    snapshot: &Snapshot,
    now: DateTime<Utc>,
    notes: &mut Notes,
) -> DownstreamServers {
    let prunes = desired.management.prune(Kind::Downstream) != Prune::Never;
    let asked = prunes || !desired.downstream_servers.is_empty();
    let Some(live) = snapshot.downstream_servers.as_ref().filter(|_| asked) else {
        // Where none were read although some are declared, the planner says so.
        let declared = desired.downstream_servers.iter().map(|server| resolved(server, None)).collect();
        return DownstreamServers { declared, prunable: BTreeSet::new() };
    };
    tell_of_many(live.len() as u64, desired.origin, notes);
    let entries = Entries::new(live);
    let prunable = if prunes { entries.prunable(&desired.management, now) } else { BTreeSet::new() };
    let duplicates = |name: &str, origin: Origin, notes: &mut Notes| {
        let Some((newest, older)) = entries.of(name) else { return };
        for entry in older {
            let goes = entry.server_id.is_some_and(|id| prunable.contains(&id));
            if !goes && !is_hidden(&desired.management, entry) {
                duplicate((name, origin), entry, entries.keeps(entry, newest, &desired.management, now), notes);
            }
        }
    };
    let declared: Vec<_> = desired
        .downstream_servers
        .iter()
        .map(|server| {
            let Some((newest, _)) = entries.of(&server.name) else {
                missing(server, notes);
                return resolved(server, None);
            };
            mode(server, newest, notes);
            age(server, newest, now, notes);
            duplicates(&server.name, server.origin, notes);
            resolved(server, Some(newest.clone()))
        })
        .collect();
    if prunes {
        // Pruning is about the older entries of every name, so it says which of them it leaves, too.
        let names: BTreeSet<String> = desired.downstream_servers.iter().map(|server| fold(&server.name)).collect();
        for newest in entries.newest().filter(|newest| !names.contains(&fold(&newest.name))) {
            duplicates(&newest.name, desired.origin, notes);
        }
    }
    DownstreamServers { declared, prunable }
}

fn resolved(server: &DesiredDownstreamServer, live: Option<ListedDownstreamServer>) -> ResolvedDownstreamServer {
    ResolvedDownstreamServer { name: server.name.clone(), live, origin: server.origin }
}

/// The server's entries by name.
struct Entries<'a> {
    /// Newest first.
    by_name: BTreeMap<String, Vec<&'a ListedDownstreamServer>>,
    /// How many entries have an id.
    by_id: BTreeMap<Uuid, usize>,
}

impl<'a> Entries<'a> {
    fn new(live: &'a [ListedDownstreamServer]) -> Self {
        let mut by_name: BTreeMap<String, Vec<&'a ListedDownstreamServer>> = BTreeMap::new();
        let mut by_id: BTreeMap<Uuid, usize> = BTreeMap::new();
        for entry in live {
            by_name.entry(fold(&entry.name)).or_default().push(entry);
            if let Some(id) = entry.server_id {
                *by_id.entry(id).or_default() += 1;
            }
        }
        for entries in by_name.values_mut() {
            entries.sort_by(|a, b| b.is_newer_than(a).cmp(&a.is_newer_than(b)));
        }
        Self { by_name, by_id }
    }

    /// The newest entry of a name, which is the server, and the older ones.
    fn of(&self, name: &str) -> Option<(&'a ListedDownstreamServer, &[&'a ListedDownstreamServer])> {
        let (newest, older) = self.by_name.get(&fold(name))?.split_first()?;
        Some((newest, older))
    }

    /// The newest entry of every name.
    fn newest(&self) -> impl Iterator<Item = &'a ListedDownstreamServer> {
        self.by_name.values().filter_map(|entries| entries.first().copied())
    }

    fn prunable(&self, management: &Management, now: DateTime<Utc>) -> BTreeSet<Uuid> {
        let goes = |newest: &'a ListedDownstreamServer, entry: &'a ListedDownstreamServer| {
            let kept = is_hidden(management, entry) || self.keeps(entry, newest, management, now).is_some();
            entry.server_id.filter(|_| !kept)
        };
        let split = self.by_name.values().filter_map(|entries| entries.split_first());
        split.flat_map(|(newest, older)| older.iter().filter_map(|entry| goes(newest, entry))).collect()
    }

    /// Why pruning would not take an older entry, or does not. A server that has just registered has neither synchronised nor
    /// rolled up, so an entry without a time may be the newest of all.
    fn keeps(
        &self,
        entry: &ListedDownstreamServer,
        newest: &ListedDownstreamServer,
        management: &Management,
        now: DateTime<Utc>,
    ) -> Option<String> {
        if management.prune(Kind::Downstream) == Prune::Never {
            return Some("where that server is gone, prune.downstreamServers deletes it".to_owned());
        }
        let Some(seen) = entry.seen_at() else {
            return Some("it is kept, since nothing says how old it is: it may have registered just now".to_owned());
        };
        if newest.seen_at() == Some(seen) {
            return Some("it is kept, since it is as new as the other".to_owned());
        }
        let Some(age) = management.downstream_servers_age else {
            return Some(
                "it is kept, since prune.downstreamServersOlderThan does not say which are too old".to_owned(),
            );
        };
        if now - seen <= age {
            return Some(format!("it is kept, since it was heard of within {}", period(age)));
        }
        match entry.server_id {
            None => Some("it has no id to delete it by: delete it in the console".to_owned()),
            Some(id) if self.by_id.get(&id).is_some_and(|entries| *entries > 1) => {
                Some("it is kept, since another entry has the same id".to_owned())
            }
            Some(_) if entry.below > 0 => Some("it is kept, since there are downstream servers below it".to_owned()),
            Some(_) => None,
        }
    }
}

fn is_hidden(management: &Management, entry: &ListedDownstreamServer) -> bool {
    !management.ignore.is_empty() && entry.addresses().any(|address| management.ignores(&address.to_string()))
}

fn finding(server: &DesiredDownstreamServer, code: &'static str, message: String, notes: &mut Notes) {
    finding_at((&server.name, server.origin), code, message, notes);
}

fn finding_at((name, origin): (&str, Origin), code: &'static str, message: String, notes: &mut Notes) {
    let address = Address::Downstream(name.to_owned());
    notes.findings.push(Notice { address, code, message, origin: Some(origin) });
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
    let since = live.synchronized_at.map_or_else(
        || "it has never synchronised".to_owned(),
        |at| format!("its last synchronisation was {} ago", elapsed(now - at)),
    );
    let message = format!("{since}, and maxSyncAge is {} ({}); run there: {SYNCHRONIZE}", period(age), facts(live));
    finding(server, "downstreamStale", message, notes);
}

/// A server that was installed anew registers under another id; the entry of the old one stays.
fn duplicate(server: (&str, Origin), entry: &ListedDownstreamServer, kept: Option<String>, notes: &mut Notes) {
    let id = entry.server_id.map_or_else(|| "no id".to_owned(), |id| format!("id {id}"));
    let kept = kept.unwrap_or_else(|| "it is kept".to_owned());
    let message = format!("an older entry has the same name: {id}, {}; {kept}", facts(entry));
    finding_at(server, "downstreamDuplicate", message, notes);
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

/// How long ago something was, in its largest unit: nobody acts on the minutes of a week.
fn elapsed(age: TimeDelta) -> String {
    let of = |count: i64, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    match (age.num_days(), age.num_hours()) {
        (0, 0) => of(age.num_minutes(), "minute"),
        (0, hours) => of(hours, "hour"),
        (days, _) => of(days, "day"),
    }
}

/// From 800 entries on it is time to tidy up; from 1,000 on nothing new is taken, which is more than a warning.
fn tell_of_many(count: u64, origin: Origin, notes: &mut Notes) {
    if count < DOWNSTREAM_WARNING {
        return;
    }
    let notice = Notice {
        address: Address::Entry { kind: Kind::Downstream, index: 0 },
        code: "downstreamLimit",
        message: format!(
            "the server has {count} entries of downstream servers, and WSUS takes no more from {DOWNSTREAM_MAX} on: delete \
             those of servers that are gone, which prune.downstreamServers does for older ones of a name"
        ),
        origin: Some(origin),
    };
    let notices = if count < DOWNSTREAM_MAX { &mut notes.warnings } else { &mut notes.findings };
    notices.push(notice);
}
