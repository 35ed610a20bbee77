//! Progress on standard error: a bar on a terminal, a line a minute elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::streams::Streams;
use crate::apply::event::Event;
use crate::plan::Plan;
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
}

impl Progress {
    /// Begins to show.
    #[must_use]
    pub fn new(plan: &Plan, streams: Streams) -> Self {
        let total = plan.steps.len();
        let addresses = plan.steps.iter().map(|step| plan.changes[step.change].address.to_string()).collect();
        let now = Instant::now();
        let bar = (streams.interactive && !streams.quiet).then(|| bar(total));
        Self { bar, streams, total, done: 0, begun: now, last_line: now, addresses }
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
        if let (Some(bar), Some(address)) = (&self.bar, self.addresses.get(step)) {
            bar.set_message(address.clone());
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

fn bar(total: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} steps, {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}
