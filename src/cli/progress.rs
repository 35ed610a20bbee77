//! Progress on standard error: a bar on a terminal, a line a minute elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::streams::Streams;
use crate::apply::event::Event;
use crate::model::address::Address;
use crate::plan::Plan;
use crate::plan::change::Change;
use crate::report::visible::visible;

/// How often a line is written where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(60);

/// A wait is told of at its first look, which is before this.
const FIRST_LOOK: Duration = Duration::from_millis(100);

/// Shows how far a plan's execution is.
pub struct Progress {
    bar: Option<ProgressBar>,
    streams: Streams,
    total: usize,
    done: usize,
    begun: Instant,
    last_line: Instant,
    addresses: Vec<String>,
    labels: Vec<String>,
}

impl Progress {
    /// Begins to show.
    #[must_use]
    pub fn new(plan: &Plan, streams: Streams) -> Self {
        let total = plan.steps.len();
        let changes = || plan.steps.iter().map(|step| &plan.changes[step.change]);
        let addresses = changes().map(|change| change.address.to_string()).collect();
        let labels = changes().map(label).collect();
        let now = Instant::now();
        // Log lines would tear a bar apart.
        let logged = tracing::enabled!(tracing::Level::INFO);
        let bar = (streams.interactive && !streams.quiet && !logged).then(|| bar(total));
        Self { bar, streams, total, done: 0, begun: now, last_line: now, addresses, labels }
    }

    /// Shows what happened.
    pub fn observe(&mut self, event: Event) {
        match event {
            Event::Started(step) => self.started(step),
            Event::Finished(_) => self.finished(),
            Event::DoneDespite { step, error } => {
                let address = self.addresses.get(step).map_or("", String::as_str);
                self.warn(&format!(
                    "warning: {address}: the server reported an error, and it is done all the same: {error}"
                ));
            }
            Event::Waiting { busy, waited, at_most } => {
                self.waiting(
                    &format!("waiting: {busy} ({} of at most {} s)", waited.as_secs(), at_most.as_secs()),
                    waited,
                );
            }
            Event::Retrying { step, attempts, pause } => {
                let address = self.addresses.get(step).map_or("", String::as_str);
                self.say(&format!(
                    "{address}: the server chose the call as a deadlock victim; trying again in {} ms (attempt {})",
                    pause.as_millis(),
                    attempts + 1
                ));
            }
        }
    }

    /// On a terminal each look shows; elsewhere the first one, and one a minute.
    fn waiting(&mut self, line: &str, waited: Duration) {
        match &self.bar {
            Some(bar) => bar.set_message(line.to_owned()),
            None if waited < FIRST_LOOK || self.last_line.elapsed() >= LINE_INTERVAL => {
                self.last_line = Instant::now();
                self.say(line);
            }
            None => {}
        }
    }

    fn started(&self, step: usize) {
        let (Some(address), Some(label)) = (self.addresses.get(step), self.labels.get(step)) else { return };
        tracing::info!(step = step + 1, of = self.total, address, "step begins");
        if let Some(bar) = &self.bar {
            bar.set_message(visible(label).into_owned());
        }
    }

    fn finished(&mut self) {
        self.done += 1;
        match &self.bar {
            Some(bar) => bar.set_position(self.done as u64),
            None if self.last_line.elapsed() >= LINE_INTERVAL => {
                self.last_line = Instant::now();
                self.say(&format!("{} of {} steps, {} s", self.done, self.total, self.begun.elapsed().as_secs()));
            }
            None => {}
        }
    }

    /// What is said even where the user wants quiet.
    fn warn(&self, line: &str) {
        let line = format!("{}\n", visible(line));
        match &self.bar {
            Some(bar) => bar.suspend(|| self.streams.complain(&line)),
            None => self.streams.complain(&line),
        }
    }

    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.streams.note(line)),
            None => self.streams.note(line),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        match &self.bar {
            Some(bar) => bar.finish_and_clear(),
            None => {
                let elapsed = self.begun.elapsed().as_secs_f64();
                self.streams.note(&format!("{} of {} steps in {elapsed:.1} s", self.done, self.total));
            }
        }
    }
}

/// What people call the object: half of an update's id, which is where a narrow terminal ends, says nothing.
fn label(change: &Change) -> String {
    match (&change.address, &change.label) {
        (Address::Approval { group, .. }, Some(label)) => format!("{group}: {label}"),
        (_, Some(label)) => label.clone(),
        (address, None) => address.to_string(),
    }
}

fn bar(total: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} steps, {elapsed}\n{wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}
