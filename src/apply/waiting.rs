//! Waiting for a server that cannot do something just now.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::event::Event;
use super::execute::{ATTEMPTS_MAX, Execution, ended};
use super::outcome::{End, StepError, StepOutcome};
use crate::model::busy::Busy;
use crate::susdb::error::Refusal;
use crate::susdb::read::read_busy;
use crate::susdb::session::Session;
use crate::susdb::write::WriteError;

/// The first pause; each is twice as long as the one before.
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(2);

impl Execution<'_> {
    /// Waits, where one of the steps needs that, until the server is idle. Gives the steps that can run: those that would be
    /// refused when the wait is over have failed by then.
    pub(super) async fn when_idle(&mut self, session: &mut Session, steps: Vec<usize>) -> Result<Vec<usize>, Box<End>> {
        let needs_it = |index: &usize| self.run.plan.steps[*index].operation.needs_idle_server();
        if !steps.iter().any(needs_it) {
            return Ok(steps);
        }
        let begun = Instant::now();
        let Some(busy) = self.wait(session, begun).await? else { return Ok(steps) };
        let (refused, rest): (Vec<usize>, Vec<usize>) = steps.into_iter().partition(needs_it);
        for index in refused {
            (self.run.observe)(Event::Started(index));
            self.outcome.steps[index] = StepOutcome::Failed(StepError::Busy { busy, waited: begun.elapsed() });
            (self.run.observe)(Event::Finished(index));
        }
        Ok(rest)
    }

    /// Waits where a call that failed may go better the next time. Gives whether it is to be tried: a deadlock's victim is,
    /// and what a server refused that synchronises or resets itself, when it is done and nobody changed the object meanwhile.
    pub(super) async fn may_go_better(
        &mut self,
        session: &mut Session,
        step: usize,
        error: &WriteError,
        attempts: u32,
    ) -> Result<bool, Box<End>> {
        if attempts >= ATTEMPTS_MAX {
            return Ok(false);
        }
        if error.is_deadlock() {
            let pause = Duration::from_millis(50 << attempts);
            (self.run.observe)(Event::Retrying { step, attempts, pause });
            tokio::time::sleep(pause).await;
            return Ok(true);
        }
        let passes = error.refusal().is_some_and(Refusal::may_pass_when_idle);
        if !passes || read_busy(session).await.map_err(ended)?.is_none() {
            return Ok(false);
        }
        let operation = self.run.plan.steps[step].operation.clone();
        let refused = self.look_at(session, &operation).await?;
        let idle = self.wait(session, Instant::now()).await?.is_none();
        Ok(idle && self.look_at(session, &operation).await? == refused)
    }

    /// What the server is still busy with when the wait is over.
    async fn wait(&mut self, session: &mut Session, begun: Instant) -> Result<Option<Busy>, Box<End>> {
        let mut pause = PAUSE_MIN;
        loop {
            let Some(busy) = read_busy(session).await.map_err(ended)? else { return Ok(None) };
            let waited = begun.elapsed();
            let Some(left) = self.run.wait.checked_sub(waited).filter(|left| !left.is_zero()) else {
                return Ok(Some(busy));
            };
            if self.run.stop.load(Ordering::Relaxed) {
                return Err(Box::new(End::Interrupted));
            }
            (self.run.observe)(Event::Waiting { busy, waited, at_most: self.run.wait });
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}
