//! Against the sandbox: a read of everything holds every narrow read.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wsusctl::model::category::CategoryReference;
use wsusctl::model::glob::Glob;
use wsusctl::model::scope::{ReadScope, UpdateSelection};
use wsusctl::model::snapshot::Snapshot;
use wsusctl::susdb::read::read_snapshot;

use super::sandbox::{demo, session};

fn time(text: &str) -> Option<DateTime<Utc>> {
    Some(text.parse().unwrap())
}

fn selecting(selection: UpdateSelection) -> ReadScope {
    ReadScope { selections: vec![selection], ..ReadScope::default() }
}

/// Scopes of all sorts, on this server.
fn scopes(whole: &Snapshot) -> Vec<ReadScope> {
    let none = ReadScope::default;
    let any = UpdateSelection::default;
    let products = CategoryReference::Title(Glob::new("Windows 1*"));
    let kbs: BTreeSet<String> = whole.articles.iter().step_by(7).cloned().collect();
    let parts: BTreeSet<Uuid> =
        whole.updates.values().filter(|update| !update.deployable).map(|update| update.id).collect();
    assert!(!parts.is_empty(), "the demo has parts of bundles");
    let combined = UpdateSelection {
        products: Some(BTreeSet::from([products.clone(), CategoryReference::Family(Glob::new("Windows"))])),
        arrived_from: time("2025-06-01T00:00:00Z"),
        created_until: time("2026-06-01T00:00:00Z"),
        superseded: Some(true),
        expired: Some(false),
        declined: Some(false),
        superseding: true,
        ..any()
    };
    vec![
        none(),
        ReadScope { settings: true, synchronization: true, ..none() },
        ReadScope { notifications: true, database_roles: true, ..none() },
        ReadScope { rules: true, downstream_servers: true, computers: true, ..none() },
        ReadScope { approved_updates: true, declined_updates: true, ..none() },
        ReadScope { update_ids: parts, ..none() },
        ReadScope { kbs: kbs.clone(), ..none() },
        // An article that nobody has brings the numbers of all.
        ReadScope { kbs: BTreeSet::from(["1".to_owned()]), selector_kbs: kbs.clone(), ..none() },
        selecting(any()),
        selecting(UpdateSelection { needed_by: true, approved: true, ..any() }),
        selecting(UpdateSelection { kbs: Some(kbs), superseding: true, ..any() }),
        selecting(UpdateSelection {
            classifications: Some(BTreeSet::from([CategoryReference::Title(Glob::new("Security Updates"))])),
            declined: Some(true),
            ..any()
        }),
        selecting(combined.clone()),
        ReadScope {
            selections: vec![combined, UpdateSelection { expired: Some(true), ..any() }],
            declined_updates: true,
            ..ReadScope { computers: true, settings: true, ..none() }
        },
        ReadScope::whole(),
    ]
}

#[tokio::test]
async fn what_a_narrow_read_brings_is_what_the_whole_one_holds() {
    let mut session = session(&demo()).await;
    let whole = read_snapshot(&mut session, &ReadScope::whole()).await.unwrap();
    for scope in scopes(&whole) {
        let narrow = read_snapshot(&mut session, &scope).await.unwrap();
        let mut within = whole.clone().within(&scope);
        within.taken_at = narrow.taken_at;
        assert_eq!(within, narrow, "{scope:?}");
    }
}
