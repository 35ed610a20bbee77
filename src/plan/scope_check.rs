//! Refuses to conclude that something is absent where nobody looked.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::context::Context;
use super::{Blocker, BlockerSubject};
use crate::model::address::{Address, Kind};
use crate::model::management::Prune;
use crate::model::origin::Origin;

/// Blockers for whatever the manifest needs and the snapshot's scope leaves out.
pub(super) fn blockers(context: &Context<'_>) -> Vec<Blocker> {
    let (resolved, scope) = (context.resolved, &context.snapshot.scope);
    let management = &resolved.management;
    let prunes = |kind| management.prune(kind) != Prune::Never;
    let prunes_approvals = prunes(Kind::Approval) || management.prune_automatic_approvals != Prune::Never;
    let needs_computers = !resolved.groups_with_computers.is_empty() || prunes(Kind::Membership);
    let unread_kinds = [
        (Kind::Membership, needs_computers && !scope.computers),
        (Kind::Approval, prunes_approvals && !scope.approved_updates),
        (Kind::Decline, prunes(Kind::Decline) && !scope.declined_updates),
        (Kind::Setting, !resolved.database_roles.is_empty() && !scope.database_roles),
        (
            Kind::Downstream,
            (!resolved.downstream_servers.is_empty() || prunes(Kind::Downstream)) && !scope.downstream_servers,
        ),
        (Kind::Rule, (!resolved.rules.is_empty() || prunes(Kind::Rule) || prunes(Kind::Group)) && !scope.rules),
    ];
    let kinds = unread_kinds.into_iter().filter(|(_, unread)| *unread).map(|(kind, _)| {
        let message = format!("the snapshot was taken without what {} need", kind.plural());
        blocker(BlockerSubject::Kind(kind), message, None)
    });
    let unread_approvals = resolved.approvals.iter().filter(|((update, _), _)| unread(context, *update));
    let approvals = unread_approvals.map(|((update, group), approval)| {
        let address = context.approval_address(*update, group);
        object(address, *update, approval.origin)
    });
    let unread_declines = resolved.declines.iter().filter(|(update, _)| unread(context, **update));
    let declines = unread_declines.map(|(update, decline)| object(Address::Decline(*update), *update, decline.origin));
    kinds.chain(approvals).chain(declines).collect::<BTreeSet<Blocker>>().into_iter().collect()
}

fn unread(context: &Context<'_>, update: Uuid) -> bool {
    !context.snapshot.updates.contains_key(&update)
}

fn object(address: Address, update: Uuid, origin: Origin) -> Blocker {
    let message = format!("the snapshot was taken without the update {update}");
    blocker(BlockerSubject::Object(address), message, Some(origin))
}

fn blocker(subject: BlockerSubject, message: String, origin: Option<Origin>) -> Blocker {
    Blocker { subject, code: "outsideScope", message, permission: None, origin }
}
