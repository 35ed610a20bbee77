//! A read of everything as a smaller read would have brought it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::category::{Categories, CategoryKind, CategoryReference};
use super::scope::{ReadScope, UpdateSelection};
use super::snapshot::{Deployment, Snapshot, TargetGroup, Update, title_names};

impl Snapshot {
    /// What a read with this scope would have brought, of a snapshot that was taken with [`ReadScope::whole`].
    ///
    /// Plans do not depend on what was read beyond a scope, but what they count as hidden does: both ways give the same
    /// report only if both see the same.
    #[must_use]
    pub fn within(self, scope: &ReadScope) -> Self {
        let Self {
            taken_at,
            scope: _,
            server,
            settings,
            rules,
            downstream_servers,
            synchronization,
            notifications,
            database_roles,
            groups,
            computers,
            memberships,
            requested_groups,
            categories,
            updates,
            articles,
            titled: _,
            deployments,
            approvals_of_groups: _,
            totals,
            procedures,
        } = self;
        let approvals_of_groups = by_group(scope, &groups, &deployments);
        let asks_for_updates = scope.asks_for_updates();
        let chosen = chosen(scope, &categories, &updates, &deployments);
        let titled = titled(scope, &updates);
        let mut updates = updates;
        updates.retain(|id, _| chosen.contains(id));
        forget(scope, &mut updates);
        let mut deployments = deployments;
        deployments.retain(|id, _| chosen.contains(id));
        let found: BTreeSet<&String> = updates.values().flat_map(|update| &update.kbs).collect();
        let lists_articles = scope.every_update || !scope.kbs.iter().all(|kb| found.contains(kb));
        let needs_categories = asks_for_updates || scope.rules || scope.synchronization;
        Self {
            taken_at,
            scope: scope.clone(),
            server,
            settings: settings.filter(|_| scope.settings),
            rules: rules.filter(|_| scope.rules),
            downstream_servers: downstream_servers.filter(|_| scope.downstream_servers),
            synchronization: synchronization.filter(|_| scope.synchronization),
            notifications: notifications.filter(|_| scope.notifications),
            database_roles: database_roles.filter(|_| scope.database_roles),
            groups,
            computers: if scope.computers { computers } else { BTreeMap::new() },
            memberships: if scope.computers { memberships } else { BTreeSet::new() },
            requested_groups,
            categories: if needs_categories { categories } else { Categories::default() },
            articles: if lists_articles { articles } else { BTreeSet::new() },
            titled,
            updates,
            deployments,
            approvals_of_groups,
            totals,
            procedures,
        }
    }
}

/// The approvals of the groups that a scope asks for, of all there are.
/// The titles that name articles which no update has.
fn titled(scope: &ReadScope, updates: &BTreeMap<Uuid, Update>) -> BTreeMap<String, BTreeSet<String>> {
    let of_article = |kb: &String| {
        let titles = updates.values().map(|update| &update.title).filter(|title| title_names(title, kb));
        (kb.clone(), titles.cloned().collect::<BTreeSet<String>>())
    };
    scope.articles_without(updates.values()).map(of_article).filter(|(_, titles)| !titles.is_empty()).collect()
}

fn by_group(
    scope: &ReadScope,
    groups: &BTreeMap<Uuid, TargetGroup>,
    deployments: &BTreeMap<Uuid, Vec<Deployment>>,
) -> BTreeMap<Uuid, Vec<(Uuid, Deployment)>> {
    let asked: BTreeSet<Uuid> = scope.groups_with_approvals(groups.values()).map(|group| group.id).collect();
    let mut by_group: BTreeMap<Uuid, Vec<(Uuid, Deployment)>> = BTreeMap::new();
    for (update, approvals) in deployments {
        for approval in approvals.iter().filter(|approval| asked.contains(&approval.group)) {
            by_group.entry(approval.group).or_default().push((*update, approval.clone()));
        }
    }
    by_group
}

/// The updates that a scope asks for.
fn chosen(
    scope: &ReadScope,
    categories: &Categories,
    updates: &BTreeMap<Uuid, Update>,
    deployments: &BTreeMap<Uuid, Vec<Deployment>>,
) -> BTreeSet<Uuid> {
    let selections: Vec<Chooser<'_>> =
        scope.selections.iter().map(|selection| Chooser::new(selection, categories)).collect();
    let mut chosen = BTreeSet::new();
    for (id, update) in updates {
        let approved = deployments.contains_key(id);
        let by_name = scope.update_ids.contains(id)
            || update.kbs.iter().any(|kb| scope.kbs.contains(kb) || scope.selector_kbs.contains(kb));
        if by_name {
            chosen.extend(update.superseded_by.iter().filter(|above| updates.contains_key(above)));
        }
        let named = scope.every_update
            || by_name
            || (scope.approved_updates && approved)
            || (scope.declined_updates && update.declined);
        let mut selected = false;
        for chooser in selections.iter().filter(|chooser| chooser.chooses(update, approved)) {
            selected = true;
            if chooser.selection.superseding {
                chosen.extend(update.superseded_by.iter().filter(|above| updates.contains_key(above)));
            }
        }
        if named || selected {
            chosen.insert(*id);
        }
    }
    chosen
}

/// Takes away what a scope does not ask about updates.
fn forget(scope: &ReadScope, updates: &mut BTreeMap<Uuid, Update>) {
    let supersedence = scope.tells_superseding();
    let needed_by = scope.every_update || scope.selections.iter().any(|selection| selection.needed_by);
    for update in updates.values_mut() {
        if !supersedence {
            update.superseded_by = Vec::new();
        }
        if !needed_by {
            update.needed_by = None;
        }
    }
}

/// A selection with its categories looked up.
struct Chooser<'s> {
    selection: &'s UpdateSelection,
    classifications: Option<BTreeSet<Uuid>>,
    products: Option<BTreeSet<Uuid>>,
}

impl<'s> Chooser<'s> {
    fn new(selection: &'s UpdateSelection, categories: &Categories) -> Self {
        let ids = |references: &Option<BTreeSet<CategoryReference>>, kind| {
            references.as_ref().map(|references| {
                references.iter().flat_map(|reference| categories.matching(reference, kind)).collect::<BTreeSet<Uuid>>()
            })
        };
        Self {
            selection,
            classifications: ids(&selection.classifications, CategoryKind::Classification),
            products: ids(&selection.products, CategoryKind::Product),
        }
    }

    /// Whether the selection means an update.
    fn chooses(&self, update: &Update, has_approval: bool) -> bool {
        let UpdateSelection {
            classifications: _,
            products: _,
            kbs,
            arrived_from,
            arrived_until,
            created_from,
            created_until,
            superseded,
            expired,
            declined,
            approved,
            needed_by: _,
            superseding: _,
        } = self.selection;
        let in_one = |ids: &Option<BTreeSet<Uuid>>| {
            ids.as_ref().is_none_or(|ids| update.categories.iter().any(|category| ids.contains(category)))
        };
        update.deployable
            && within(update.arrived_at, *arrived_from, *arrived_until)
            && within(update.created_at, *created_from, *created_until)
            && superseded.is_none_or(|superseded| superseded != update.superseded_by.is_empty())
            && expired.is_none_or(|expired| expired == update.expired)
            && declined.is_none_or(|declined| declined == update.declined)
            && (!approved || has_approval)
            && in_one(&self.classifications)
            && in_one(&self.products)
            && kbs.as_ref().is_none_or(|kbs| update.kbs.iter().any(|kb| kbs.contains(kb)))
    }
}

fn within(time: DateTime<Utc>, from: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> bool {
    from.is_none_or(|from| time >= from) && until.is_none_or(|until| time < until)
}
