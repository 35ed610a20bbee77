//! Changes that this connection cannot make, and what depends on them.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::draft::{Draft, Milestone};
use crate::model::address::Address;
use crate::model::procedure::{Procedure, ProcedureState, Verdict};
use crate::model::resolved::Notice;

/// Signatures with more parameters than this are not shown.
const PARAMETERS_SHOWN_MAX: usize = 20;

/// Drafts that can be carried out, and notices about the others.
pub(super) fn split(context: &Context<'_>, drafts: Vec<Draft>) -> (Vec<Draft>, Vec<Notice>) {
    let owners: BTreeMap<Milestone, Address> = drafts
        .iter()
        .flat_map(|draft| draft.achieves().map(|milestone| (milestone.clone(), draft.change.address.clone())))
        .collect();
    let mut notices = Vec::new();
    let (hidden, mut kept): (Vec<Draft>, Vec<Draft>) =
        drafts.into_iter().partition(|draft| context.ignores(&draft.change.address));
    drop(hidden);
    kept.retain(|draft| match refusal(context, draft) {
        Some(notice) => {
            notices.push(notice);
            false
        }
        None => true,
    });
    // Whatever was taken out takes out what depends on it, until nothing more falls.
    loop {
        let before = kept.len();
        let achieved: BTreeSet<Milestone> = kept.iter().flat_map(Draft::achieves).cloned().collect();
        kept.retain(|draft| match draft.needs().find(|need| lacks(draft, need, &achieved)) {
            Some(need) => {
                notices.push(dependent(draft, owners.get(need)));
                false
            }
            None => true,
        });
        let needed: BTreeSet<Milestone> = kept.iter().flat_map(Draft::needs).cloned().collect();
        kept.retain(|draft| {
            let wanted = !draft.only_for_others || draft.achieves().any(|milestone| needed.contains(milestone));
            if !wanted {
                notices.push(pointless(draft));
            }
            wanted
        });
        if kept.len() == before {
            break;
        }
    }
    (kept, notices)
}

/// Licence terms are accepted by a step of the approval that needs them.
fn lacks(draft: &Draft, need: &Milestone, achieved: &BTreeSet<Milestone>) -> bool {
    let own_license = matches!((need, draft.license), (Milestone::Accepted(id), Some(own)) if own.license == *id);
    !own_license && !achieved.contains(need)
}

fn refusal(context: &Context<'_>, draft: &Draft) -> Option<Notice> {
    let refused = draft.procedures().into_iter().find(|procedure| !context.can_call(*procedure))?;
    let (code, message) = explain(refused, context.snapshot.procedures.get(&refused));
    Some(notice(draft, code, message))
}

fn explain(procedure: Procedure, state: Option<&ProcedureState>) -> (&'static str, String) {
    let name = procedure.name();
    match state {
        None => ("procedureNotRead", format!("needs {name}, whose signature was not read from the server")),
        // A signature of a hundred parameters helps nobody.
        Some(ProcedureState { verdict: Verdict::Differs(how), parameters, .. })
            if parameters.len() > PARAMETERS_SHOWN_MAX =>
        {
            let text = format!("needs {name}, which differs: {how}; the server's has {} parameters", parameters.len());
            ("procedureDiffers", text)
        }
        Some(ProcedureState { expected, live, verdict: Verdict::Differs(how), parameters: _, lists: _ }) => {
            let live = live.as_deref().unwrap_or("nothing");
            (
                "procedureDiffers",
                format!("needs {name}, which differs: {how}; expected {expected}, the server has {live}"),
            )
        }
        Some(ProcedureState { expected, .. }) => {
            let text =
                format!("needs {name}, which the server does not have or the login may not see; expected {expected}");
            ("procedureMissing", text)
        }
    }
}

fn dependent(draft: &Draft, needed: Option<&Address>) -> Notice {
    let needed = needed.map_or_else(|| "another change".to_owned(), ToString::to_string);
    notice(draft, "dependsOnUnsupported", format!("needs {needed}, which is not carried out"))
}

fn pointless(draft: &Draft) -> Notice {
    let message = "would come back only for approvals that cannot be made".to_owned();
    notice(draft, "dependsOnUnsupported", message)
}

fn notice(draft: &Draft, code: &'static str, message: String) -> Notice {
    Notice { address: draft.change.address.clone(), code, message, origin: draft.change.origin }
}
