//! `apply --run-rules NAME`: lets automatic approval rules approve what is there, after the plan.
//!
//! A rule's run is no state: it is shown before anything is written, as far as it can be known then, and planned anew
//! once the plan is applied.

use std::collections::BTreeMap;

use super::arguments::Output;
use super::planning::Planned;
use super::report_lost;
use super::server::unreadable;
use super::streams::Streams;
use crate::diagnostic::Sources;
use crate::failure::{Exit, Failure};
use crate::model::address::{Address, Kind};
use crate::model::attribute::Attribute;
use crate::model::desired::Desired;
use crate::model::management::Prune;
use crate::model::near::suggestion;
use crate::model::origin::Origin;
use crate::model::procedure::{Procedure, Verdict};
use crate::model::rule::Rules;
use crate::model::scope::ReadScope;
use crate::model::setting::Cell;
use crate::model::snapshot::Snapshot;
use crate::plan::permission::{Permission, Permissions};
use crate::plan::rule_run::{RuleOutlook, RuleRun, named, outlook, plan_run};
use crate::plan::step::Operation;
use crate::plan::{Plan, Policy};
use crate::report::text::{self, TextOptions};
use crate::report::visible::visible;
use crate::susdb::read;
use crate::susdb::session::Session;

/// What runs of rules have in common.
pub struct RuleRuns<'a> {
    /// The names that were asked for.
    pub names: &'a [String],
    /// The manifest.
    pub desired: &'a Desired,
    /// Where it stands.
    pub sources: &'a Sources,
    /// What was permitted.
    pub permissions: &'a Permissions,
    /// What the plan is written as: a JSON document stays alone on standard output.
    pub output: Output,
    /// The server's URL, for messages.
    pub url: Option<String>,
    /// Where to say things.
    pub streams: Streams,
}

/// What was said about a rule before anything was written.
pub struct Announced {
    /// The name as it was asked for.
    pub name: String,
    /// The approvals that were shown; none where nobody could know them yet.
    promised: Option<Approvals>,
}

type Approvals = BTreeMap<Address, Option<BTreeMap<String, Attribute>>>;

/// A rule's run with what it was planned from.
pub struct PlannedRun {
    /// What it comes to.
    pub run: RuleRun,
    /// What was read.
    pub snapshot: Snapshot,
}

/// What announcing came to.
pub struct Announcements {
    /// The rules to run.
    pub rules: Vec<Announced>,
    /// Whether some cannot be run through this connection.
    pub unsupported: bool,
}

impl RuleRuns<'_> {
    /// Finds the rules, and says what running them will approve, before anything is written.
    ///
    /// # Errors
    /// A name that is unknown or ambiguous (exit 3), a rule that is disabled, a replica, what needs a permission (4), a server that
    /// cannot be read.
    pub async fn announce(&self, session: &mut Session, planned: &Planned) -> Result<Announcements, Failure> {
        let mut announcements = Announcements { rules: Vec::new(), unsupported: false };
        if self.names.is_empty() {
            return Ok(announcements);
        }
        let snapshot = self.read(session, &ReadScope { rules: true, ..ReadScope::default() }).await?;
        let rules = snapshot.rules.clone().unwrap_or_default();
        let outlooks = outlook(&rules, &planned.plan);
        let found: Vec<&RuleOutlook> = self
            .names
            .iter()
            .map(|name| self.find(name, &outlooks).map_err(|failure| failure.hint(self.nothing_written())))
            .collect::<Result<_, Failure>>()?;
        self.refuse(&found, &snapshot, &planned.plan)?;
        if let Some(why) = cannot_run(&snapshot) {
            self.say(&format!("? unsupported: --run-rules on {}: {why}\n", visible(&self.desired.name)))?;
            announcements.unsupported = true;
            return Ok(announcements);
        }
        self.warn_of_pruning();
        for (name, outlook) in self.names.iter().zip(found) {
            let promised = match outlook.id.filter(|_| !outlook.changes) {
                Some(id) => {
                    let planned = self.plan(session, id, &rules, planned).await?;
                    self.say("\nAfter that a rule is run. As the server is now, it comes to:\n\n")?;
                    self.show(&planned.run)?;
                    self.check_blockers(&planned.run, Exit::Refused, &self.nothing_written())?;
                    Some(approvals(&planned.run.plan))
                }
                None => {
                    let text = "is run after that. The plan changes it, so what it approves is shown once the plan is applied.";
                    self.say(&format!("\n{} {text}\n", Address::Rule(outlook.name.clone())))?;
                    None
                }
            };
            announcements.rules.push(Announced { name: name.clone(), promised });
        }
        Ok(announcements)
    }

    /// Plans a rule's run on the server as it is now.
    ///
    /// # Errors
    /// A rule that is gone, disabled or ambiguous by now (exit 5), a server that cannot be read.
    pub async fn plan_again(
        &self,
        session: &mut Session,
        name: &str,
        planned: &Planned,
    ) -> Result<PlannedRun, Failure> {
        let snapshot = self.read(session, &ReadScope { rules: true, ..ReadScope::default() }).await?;
        let rules = snapshot.rules.unwrap_or_default();
        let outlooks = outlook(&rules, &planned.plan);
        let changed = |failure: Failure| Failure { exit: Exit::Stale, ..failure };
        let found = self.find(name, &outlooks).map_err(changed)?;
        match found.id.filter(|_| found.enabled) {
            Some(id) => self.plan(session, id, &rules, planned).await,
            None => Err(changed(disabled(found))),
        }
    }

    async fn plan(
        &self,
        session: &mut Session,
        id: i32,
        rules: &Rules,
        planned: &Planned,
    ) -> Result<PlannedRun, Failure> {
        let listed = read::read_updates_of_rule(session, id).await.map_err(unreadable)?;
        let scope = ReadScope { rules: true, update_ids: listed.clone(), ..ReadScope::default() };
        let snapshot = self.read(session, &scope).await?;
        let rule = &rules.all[&id];
        let policy = Policy { now: snapshot.taken_at, permissions: self.permissions.clone() };
        let run = plan_run(rule, &listed, &planned.resolved, self.origin(&rule.name), &snapshot, &policy);
        Ok(PlannedRun { run, snapshot })
    }

    async fn read(&self, session: &mut Session, scope: &ReadScope) -> Result<Snapshot, Failure> {
        read::read_snapshot(session, scope).await.map_err(unreadable)
    }

    /// Where the manifest declares a rule, or begins.
    fn origin(&self, name: &str) -> Origin {
        let name = crate::model::name::fold(name);
        let declared = self.desired.rules.iter().find(|rule| crate::model::name::fold(&rule.name) == name);
        declared.map_or(self.desired.origin, |rule| rule.origin)
    }

    /// The one rule of a name.
    fn find<'o>(&self, name: &str, outlooks: &'o [RuleOutlook]) -> Result<&'o RuleOutlook, Failure> {
        let mut found = named(outlooks, name);
        let Some(first) = found.next() else {
            let url = self.url.as_deref().unwrap_or("URL");
            let failure = Failure::new(Exit::Invalid, format!("--run-rules: there is no approval rule `{name}`"));
            return Err(failure
                .hints(suggestion(name, outlooks.iter().map(|outlook| outlook.name.as_str())))
                .hint(format!("to list the server's rules: wsusctl get rules --server \"{url}\"")));
        };
        if found.next().is_some() {
            let summary = format!("--run-rules: several approval rules are called `{name}`");
            return Err(Failure::new(Exit::Invalid, summary).hint("give the rules names of their own"));
        }
        Ok(first)
    }

    /// What is so before the plan is carried out. Other servers of the run may have been written to.
    fn nothing_written(&self) -> String {
        format!("nothing was written to {}", self.desired.name)
    }

    /// What no permission of the plan shows yet: a rule that the plan changes has not been asked what it approves.
    ///
    /// Source: MS-WSUSAR (neither a disabled rule nor one of a replica can be run; grade B).
    fn refuse(&self, found: &[&RuleOutlook], snapshot: &Snapshot, plan: &Plan) -> Result<(), Failure> {
        if will_be_replica(snapshot, plan) {
            let summary = format!("a replica runs no rules; {}", self.nothing_written());
            return Err(
                Failure::new(Exit::Refused, summary).hint("its approvals come from its parent: run the rule there")
            );
        }
        for outlook in found {
            if !outlook.enabled {
                return Err(disabled(outlook));
            }
            if outlook.changes && outlook.everywhere && !self.permissions.has(Permission::HighRisk) {
                let summary = format!(
                    "{} approves for All Computers, which is of high risk; {}",
                    Address::Rule(outlook.name.clone()),
                    self.nothing_written()
                );
                return Err(Failure::new(Exit::Refused, summary).hint("to permit it: --allow high-risk"));
            }
        }
        Ok(())
    }

    /// What a rule approves is nobody's but the rule's, and pruning takes what nobody declares.
    fn warn_of_pruning(&self) {
        if self.desired.management.prune(Kind::Approval) != Prune::Never {
            self.streams.note(
                "warning[ruleRunPruned]: approvals are pruned: what a rule approves and the manifest does not declare goes \
                 again with the next apply",
            );
        }
    }

    /// Complains about what forbids a run.
    ///
    /// # Errors
    /// There is something.
    pub fn check_blockers(&self, run: &RuleRun, exit: Exit, so: &str) -> Result<(), Failure> {
        if run.plan.blockers.is_empty() {
            return Ok(());
        }
        let summary = format!("running {} is blocked; {so}", Address::Rule(run.rule.clone()));
        Err(Failure::new(exit, summary).hint("each blocker above says what lifts it"))
    }

    /// Shows a run.
    ///
    /// # Errors
    /// Standard output is gone.
    pub fn show(&self, run: &RuleRun) -> Result<(), Failure> {
        let options = TextOptions { color: self.streams.color_out, width: self.streams.width(), explain: false };
        self.say(&text::render_rule_run(run, self.sources, &options))
    }

    /// Says something beside the plan.
    ///
    /// # Errors
    /// Standard output is gone.
    pub fn say(&self, text: &str) -> Result<(), Failure> {
        match self.output {
            Output::Text => self.streams.report(text).map_err(report_lost),
            Output::Json => {
                self.streams.complain(text);
                Ok(())
            }
        }
    }
}

impl Announced {
    /// Whether a run is what was shown, or a part of it.
    #[must_use]
    pub fn was_shown(&self, run: &RuleRun) -> bool {
        let Some(promised) = &self.promised else { return false };
        run.plan.changes.iter().all(|change| promised.get(&change.address) == Some(&change.after))
    }
}

fn approvals(plan: &Plan) -> Approvals {
    plan.changes.iter().map(|change| (change.address.clone(), change.after.clone())).collect()
}

fn disabled(outlook: &RuleOutlook) -> Failure {
    let summary = format!("{} is disabled, and WSUS runs no disabled rule", Address::Rule(outlook.name.clone()));
    Failure::new(Exit::Refused, summary).hint("the rule was not run; to run it, declare it with enabled: true")
}

/// Why rules cannot be run through this connection.
fn cannot_run(snapshot: &Snapshot) -> Option<String> {
    let needed = [Procedure::ListUpdatesOfRule, Procedure::DeployUpdate];
    needed.into_iter().find_map(|procedure| {
        let name = procedure.name();
        match snapshot.procedures.get(&procedure).map(|state| &state.verdict) {
            Some(Verdict::Matches) => None,
            Some(Verdict::Differs(how)) => Some(format!("needs {name}, which differs: {how}")),
            Some(Verdict::Missing) | None => {
                Some(format!("needs {name}, which the server does not have or the login may not see"))
            }
        }
    })
}

/// Whether the server is a replica once the plan is applied.
fn will_be_replica(snapshot: &Snapshot, plan: &Plan) -> bool {
    let planned = plan.steps.iter().find_map(|step| match &step.operation {
        Operation::SaveSettings { cells, .. } => cells.get("replicamode"),
        _ => None,
    });
    planned.map_or(snapshot.server.replica, |cell| matches!(cell, Cell::Bit(true)))
}
