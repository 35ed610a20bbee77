//! Updates, approvals and declines: batch by batch, however many there are.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::condition::{Conditions, check_named_group};
use super::page::{Page, not_there};
use crate::cli::planning::show_diagnostics;
use crate::cli::server::unreadable;
use crate::diagnostic::Sources;
use crate::failure::{Exit, Failure};
use crate::model::approval::ApprovalAction;
use crate::model::glob::Glob;
use crate::model::listing::{ListedApproval, ListedUpdate, Noun};
use crate::model::name::fold;
use crate::model::scope::UpdateSelection;
use crate::model::selector::Selector;
use crate::model::snapshot::Deployment;
use crate::report::listing::{AsDeclines, AsUpdates};
use crate::resolve;
use crate::resolve::select;
use crate::susdb::read::listing::{UpdateChoice, Updates, read_group_names};
use crate::susdb::session::Session;

/// Which updates or approvals are wanted.
pub(super) struct Wanted<'a> {
    noun: Noun,
    selector: &'a Selector,
    selects: bool,
    now: DateTime<Utc>,
    ids: Option<BTreeSet<Uuid>>,
    declined: Option<bool>,
    approved: Option<bool>,
    group: Option<Glob>,
    named_group: Option<Glob>,
    action: Option<i32>,
    automatic: Option<bool>,
}

impl<'a> Wanted<'a> {
    /// Reads the kind's own conditions. Ages count back from `now`.
    ///
    /// # Errors
    /// A value that a condition cannot have.
    pub(super) fn new(
        noun: Noun,
        conditions: &Conditions,
        selector: &'a Selector,
        now: DateTime<Utc>,
    ) -> Result<Self, Failure> {
        let actions = [ApprovalAction::Install, ApprovalAction::Uninstall, ApprovalAction::NotApproved];
        let action = conditions.word("action", &actions.map(ApprovalAction::as_str))?;
        let is_meant = |known: &ApprovalAction| Some(known.as_str()) == action;
        Ok(Self {
            noun,
            selector,
            selects: !conditions.selector.is_empty(),
            now,
            ids: conditions.id()?.map(|id| BTreeSet::from([id])),
            declined: if noun == Noun::Declines { Some(true) } else { conditions.flag("declined")? },
            approved: if noun == Noun::Approvals { Some(true) } else { conditions.flag("approved")? },
            group: conditions.pattern("group"),
            named_group: conditions.named_group(),
            action: actions.iter().find(|known| is_meant(known)).and_then(|known| known.code()),
            automatic: conditions.flag("automatic")?,
        })
    }

    fn selection(&self) -> UpdateSelection {
        UpdateSelection {
            declined: self.declined,
            approved: self.approved == Some(true),
            ..resolve::selection(self.selector, self.now)
        }
    }

    /// The conditions that are not the selector's.
    fn holds(&self, listed: &ListedUpdate) -> bool {
        self.declined.is_none_or(|declined| declined == listed.update.declined)
            && self.approved.is_none_or(|approved| approved != listed.approvals.is_empty())
    }

    fn has(&self, approval: &Deployment, group: &str) -> bool {
        self.group.as_ref().is_none_or(|pattern| pattern.matches(group))
            && self.action.is_none_or(|action| action == approval.action)
            && self.automatic.is_none_or(|automatic| automatic == approval.is_automatic())
    }
}

/// Lists what is wanted.
///
/// # Errors
/// A server that cannot be read; `--after` with an update, or a condition with a group, that it does not have (exit 3).
pub(super) async fn list(
    session: &mut Session,
    wanted: &Wanted<'_>,
    sources: &Sources,
    page: &mut Page,
) -> Result<Exit, Failure> {
    let selection = wanted.selection();
    let choice = match &wanted.ids {
        Some(ids) => UpdateChoice::Ids(ids),
        None if wanted.noun == Noun::Approvals && !wanted.selects => UpdateChoice::Approved,
        None => UpdateChoice::Selection(&selection),
    };
    let mut updates = Updates::open(session, choice).await.map_err(unreadable)?;
    let conditions = match select::Conditions::new(wanted.selector, updates.categories(), wanted.now) {
        Ok(conditions) => conditions,
        Err(problems) => {
            show_diagnostics(&problems, sources, page.streams());
            return Ok(Exit::Invalid);
        }
    };
    let groups = if wanted.noun == Noun::Approvals {
        read_group_names(session).await.map_err(unreadable)?
    } else {
        BTreeMap::new()
    };
    if let Some(named) = &wanted.named_group {
        // Approvals of a group that is not there any more are listed with its id.
        let is_id = Uuid::try_parse(named.as_str()).is_ok();
        if !is_id {
            check_named_group(named, groups.values().map(String::as_str))?;
        }
    }
    if let Some(after) = page.after().map(str::to_owned) {
        let known = match Uuid::try_parse(&after) {
            Ok(id) => updates.skip_past(session, id).await.map_err(unreadable)?,
            Err(_) => false,
        };
        if !known {
            return Err(not_there(&after));
        }
    }
    // The update that was shown last. It is what the next page begins behind.
    let mut last: Option<Uuid> = None;
    while let Some(mut batch) = updates.next(session).await.map_err(unreadable)? {
        batch.retain(|listed| wanted.holds(listed) && conditions.matches(&listed.update));
        let read = match wanted.noun {
            Noun::Approvals => {
                let rows = batch.into_iter().map(|listed| approvals(listed, &groups, wanted));
                let rows: Vec<Vec<ListedApproval>> = rows.filter(|rows| !rows.is_empty()).collect();
                let room = page.fitting(usize::MAX);
                let (shown, more) = fit_whole(rows, room);
                last = shown.last().map(|row| row.update).or(last);
                (page.rows::<ListedApproval>(&shown)?, more)
            }
            _ => {
                let length = page.fitting(batch.len());
                let more = batch.len() > length;
                batch.truncate(length);
                last = batch.last().map(|listed| listed.update.id).or(last);
                let reading = if wanted.noun == Noun::Declines {
                    page.rows::<AsDeclines>(&batch)?
                } else {
                    page.rows::<AsUpdates>(&batch)?
                };
                (reading, more)
            }
        };
        match read {
            // Nobody reads any more.
            (false, _) => return Ok(Exit::Success),
            (true, true) => {
                page.end(last.map(|id| id.to_string()).as_deref())?;
                return Ok(Exit::Success);
            }
            (true, false) => {}
        }
    }
    page.end(None)?;
    Ok(Exit::Success)
}

/// The approvals of an update that are wanted, by group, for each the one of the latest revision first.
fn approvals(listed: ListedUpdate, groups: &BTreeMap<Uuid, String>, wanted: &Wanted<'_>) -> Vec<ListedApproval> {
    let ListedUpdate { update, approvals, .. } = listed;
    let mut rows: Vec<ListedApproval> = approvals
        .into_iter()
        .map(|approval| ListedApproval {
            update: update.id,
            kbs: update.kbs.clone(),
            title: update.title.clone(),
            latest_revision: update.revision,
            deployable: update.deployable,
            group: groups.get(&approval.group).cloned().unwrap_or_else(|| approval.group.to_string()),
            approval,
        })
        .filter(|row| wanted.has(&row.approval, &row.group))
        .collect();
    rows.sort_by_cached_key(|row| (fold(&row.group), -i64::from(row.approval.revision), row.approval.id));
    rows
}

/// The approvals of as many updates as there is room for. Those of one update stay together, so that a page can be pasted:
/// it may be longer than its limit by some of them. And whether there are more.
fn fit_whole(rows: Vec<Vec<ListedApproval>>, room: usize) -> (Vec<ListedApproval>, bool) {
    let mut shown = Vec::new();
    for of_update in rows {
        if shown.len() >= room {
            return (shown, true);
        }
        shown.extend(of_update);
    }
    (shown, false)
}
