//! `wsusctl export --update FILE`: refreshes the values of a manifest in place.
//!
//! Whatever is edited is read, looked up and planned again before it is written: an edit that would make the manifest invalid,
//! or that would make something else differ from the server, is not made. What still differs in the end is said.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::arguments::{Manifests, Output, Reach};
use super::manifests::Server;
use super::output_file::OutputFile;
use super::planning::{self, Planned};
use super::server::{Connecting, Sandboxes};
use super::streams::Streams;
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::encoding::{self, Text};
use crate::failure::{Exit, Failure};
use crate::manifest::edit::edit;
use crate::manifest::{ReadLimits, read};
use crate::model::address::Address;
use crate::model::desired::Desired;
use crate::model::origin::Origin;
use crate::model::revision::Revision;
use crate::plan::change::ChangeAction;
use crate::plan::permission::Permissions;
use crate::plan::{BlockerSubject, Plan, Policy, plan};
use crate::report::diagnostics;
use crate::report::export::{Refresh, refresh};
use crate::resolve::resolve;

/// Largest manifest, in MiB: the default of the verbs that take `--max-manifest-size`.
const MANIFEST_SIZE_MAX: u32 = 64;
/// How many addresses a message lists.
const LISTED_MAX: usize = 5;

/// Refreshes a manifest.
///
/// # Errors
/// A manifest that cannot be read or written, or that is not one; another server than it pins (exit 4); a server that cannot be
/// reached or read.
pub async fn run(file: &Path, reach: &Reach, streams: Streams) -> Result<Exit, Failure> {
    if file.as_os_str() == "-" {
        return Err(Failure::new(Exit::Invalid, "--update needs a file, and - is standard input")
            .hint("give the manifest's file: it is refreshed in place"));
    }
    let cannot = |error| Failure::new(Exit::Invalid, format!("cannot read {}", file.display())).caused_by(error);
    // Behind a link stands the file to write.
    let target = fs::canonicalize(file).map_err(cannot)?;
    if !target.is_file() {
        return Err(Failure::new(Exit::Invalid, format!("{} is no regular file", file.display()))
            .hint("give the manifest's file: it is refreshed in place"));
    }
    let output = OutputFile::new("--update", &target, true)?;
    let bytes = fs::read(&target).map_err(cannot)?;
    let manifests = Manifests { files: vec![file.to_owned()], max_manifest_size: MANIFEST_SIZE_MAX };
    let Some(loaded) = planning::load_valid(&manifests, reach, Output::Text, streams)? else {
        return Ok(Exit::Invalid);
    };
    let [server] = loaded.servers.as_slice() else {
        let message = format!("{} holds {} manifests", file.display(), loaded.servers.len());
        return Err(Failure::new(Exit::Invalid, message).hint("--update takes a file with one manifest"));
    };
    let Server { desired, .. } = server;
    let sandboxes = Sandboxes::default();
    let connecting = Connecting { server: Some(server), reach, verb: "export", streams, sandboxes: &sandboxes };
    let mut session = connecting.open().await?;
    let none = Permissions::default();
    let planned = planning::plan(&mut session, desired, &none, None, &loaded.sources, streams).await?;
    let Ok(planned) = planned else { return Ok(Exit::Invalid) };
    let Ok(Text { text, encoding }) = encoding::decode(&bytes) else {
        return Err(Failure::new(Exit::Failure, format!("{} has changed since it was read", file.display())));
    };
    let name = file.display().to_string();
    let mut refresher = Refresher::new(&name, &text, &planned);
    let found = refresh(desired, &planned.resolved, &planned.snapshot, &planned.plan);
    let refreshed = refresher.refresh(found);
    if refreshed.text == text {
        streams.note(&format!("unchanged: {name}"));
    } else {
        if fs::read(&target).map_err(cannot)? != bytes {
            let message = format!("{name} has changed since it was read, and was not written");
            return Err(Failure::new(Exit::Failure, message).hint("run it again"));
        }
        output.write(&encoding.encode(&refreshed.text))?;
        streams.note(&format!("refreshed: {name}"));
    }
    let left = refresher.left(&refreshed);
    if left.0.is_empty() {
        return Ok(Exit::Success);
    }
    streams.complain(&diagnostics::render(&left, &refreshed.sources, streams.color_err, streams.width_err()));
    Ok(Exit::Differences)
}

/// A text of the manifest and what differs between it and the server.
struct Attempt {
    text: String,
    sources: Sources,
    plan: Plan,
}

/// Tries edits on a manifest.
struct Refresher<'a> {
    name: &'a str,
    text: &'a str,
    planned: &'a Planned,
    /// What differed before any edit: nothing else may differ after one.
    differed: BTreeSet<Address>,
    /// Why things stay as they are.
    reasons: BTreeMap<Address, String>,
}

impl<'a> Refresher<'a> {
    fn new(name: &'a str, text: &'a str, planned: &'a Planned) -> Self {
        Self { name, text, planned, differed: differing(&planned.plan), reasons: BTreeMap::new() }
    }

    /// Makes as many of the revisions as can be made.
    fn refresh(&mut self, found: Refresh) -> Attempt {
        let Refresh { mut revisions, left } = found;
        self.reasons = left;
        if let Ok(edited) = edit(self.text, &revisions) {
            for (number, refusal) in edited.refused.into_iter().rev() {
                let refused = revisions.remove(number);
                self.explain(&refused, &refusal.to_string());
            }
        }
        let mut accepted = Vec::new();
        self.settle(&revisions, &mut accepted);
        let attempt = self.attempt(&accepted).ok();
        attempt.unwrap_or_else(|| Attempt {
            text: self.text.to_owned(),
            sources: self.read(self.text).map_or_else(|_| Sources::default(), |(_, sources)| sources),
            plan: self.planned.plan.clone(),
        })
    }

    /// Adds those of some revisions that can be made together with the accepted ones: all, or those of either half.
    fn settle(&mut self, revisions: &[Revision], accepted: &mut Vec<Revision>) {
        if revisions.is_empty() {
            return;
        }
        let together: Vec<Revision> = accepted.iter().chain(revisions).cloned().collect();
        match self.attempt(&together) {
            Ok(_) => *accepted = together,
            Err(why) => match revisions {
                [one] => self.explain(one, &why),
                several => {
                    let (first, second) = several.split_at(several.len() / 2);
                    self.settle(first, accepted);
                    self.settle(second, accepted);
                }
            },
        }
    }

    fn explain(&mut self, revision: &Revision, why: &str) {
        for address in &revision.addresses {
            self.reasons.insert(address.clone(), why.to_owned());
        }
    }

    /// Edits, reads and plans again. The error says why it cannot be like that.
    fn attempt(&self, revisions: &[Revision]) -> Result<Attempt, String> {
        let edited = edit(self.text, revisions).map_err(|error| error.to_string())?;
        if let Some(refusal) = edited.refused.values().next() {
            return Err(refusal.to_string());
        }
        let (desired, sources) = self.read(&edited.text)?;
        let now = self.planned.judged().now();
        let resolved = resolve(&desired, &self.planned.snapshot, now).map_err(|problems| invalid(&problems))?;
        let policy = Policy { now, permissions: Permissions::default() };
        let plan = plan(&resolved, &self.planned.snapshot, &policy);
        match differing(&plan).difference(&self.differed).next() {
            Some(new) => Err(format!("with it, {new} would differ from the server")),
            None => Ok(Attempt { text: edited.text, sources, plan }),
        }
    }

    fn read(&self, text: &str) -> Result<(Desired, Sources), String> {
        let max_bytes = u64::from(MANIFEST_SIZE_MAX) * 1024 * 1024;
        let mut sources = Sources::default();
        let limits = ReadLimits { max_bytes, ..ReadLimits::default() };
        let (mut servers, problems) = read(self.name, text.as_bytes(), &mut sources, &limits);
        match servers.pop() {
            Some(desired) if servers.is_empty() && !problems.has_errors() => Ok((desired, sources)),
            _ => Err(invalid(&problems)),
        }
    }

    /// A warning for each place at which the manifest still says something else than the server.
    fn left(&self, attempt: &Attempt) -> Diagnostics {
        let plan = &attempt.plan;
        let mut by_place: BTreeMap<(Option<Origin>, String), BTreeSet<String>> = BTreeMap::new();
        let mut add = |address: String, origin: Option<Origin>, why: String| {
            by_place.entry((origin, why)).or_default().insert(address);
        };
        for change in &plan.changes {
            let why = self.reasons.get(&change.address).cloned();
            let otherwise = match (change.origin, change.action) {
                (None, _) => "the server has it, and nothing declares it: pruning would take it away",
                (_, ChangeAction::Create) => "the server does not have it",
                (_, ChangeAction::Modify | ChangeAction::Delete) => "the server has it otherwise",
            };
            add(change.address.to_string(), change.origin, why.unwrap_or_else(|| otherwise.to_owned()));
        }
        for notice in &plan.unsupported {
            let why = self.reasons.get(&notice.address).cloned();
            add(notice.address.to_string(), notice.origin, why.unwrap_or_else(|| notice.message.clone()));
        }
        let changed: BTreeSet<&Address> = plan.changes.iter().map(|change| &change.address).collect();
        for blocker in &plan.blockers {
            match &blocker.subject {
                // What forbids a change says nothing that the change does not.
                BlockerSubject::Object(address) if !changed.contains(address) => {
                    add(address.to_string(), blocker.origin, blocker.message.clone());
                }
                BlockerSubject::Object(_) | BlockerSubject::Kind(_) => {}
            }
        }
        for notice in plan.findings.iter().filter(|notice| self.reasons.contains_key(&notice.address)) {
            add(notice.address.to_string(), notice.origin, self.reasons[&notice.address].clone());
        }
        let mut left = Diagnostics::default();
        for ((origin, why), addresses) in by_place {
            left.push(warning(origin, &why, &addresses));
        }
        left.sort();
        left
    }
}

fn warning(origin: Option<Origin>, why: &str, addresses: &BTreeSet<String>) -> Diagnostic {
    let mut listed: Vec<String> = addresses.iter().take(LISTED_MAX).cloned().collect();
    if addresses.len() > LISTED_MAX {
        listed.push(format!("and {} more", addresses.len() - LISTED_MAX));
    }
    let warning = Diagnostic::warning("not-refreshed", "Left as it is, and not as the server has it")
        .detail(format!("{}: {why}", listed.join(", ")));
    match origin {
        Some(origin) => warning.at(origin, "not refreshed"),
        None => warning,
    }
}

/// Everything that a plan finds not to be as declared. A downstream server's mode is among it: it is a value of the manifest.
fn differing(plan: &Plan) -> BTreeSet<Address> {
    let changes = plan.changes.iter().map(|change| &change.address);
    let unsupported = plan.unsupported.iter().map(|notice| &notice.address);
    let blocked = plan.blockers.iter().filter_map(|blocker| match &blocker.subject {
        BlockerSubject::Object(address) => Some(address),
        BlockerSubject::Kind(_) => None,
    });
    let found = plan.findings.iter().filter(|notice| notice.code == "downstreamMode").map(|notice| &notice.address);
    changes.chain(unsupported).chain(blocked).chain(found).cloned().collect()
}

fn invalid(problems: &Diagnostics) -> String {
    let first = problems.0.iter().find(|problem| problem.severity == crate::diagnostic::Severity::Error);
    let what = first.map_or("no manifest", |problem| problem.summary.as_str());
    format!("the manifest would be invalid with what the server has: {what}")
}
