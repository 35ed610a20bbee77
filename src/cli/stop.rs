//! Ctrl-C: the first asks to stop at the next good place, the second insists on stopping at once. SIGTERM, by which
//! services are stopped, counts as one, and so does SIGHUP, which a terminal sends that is closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use super::streams::Streams;

/// What Ctrl-C asked for so far.
pub struct Stop {
    asked: Arc<AtomicBool>,
    executing: Arc<AtomicBool>,
    count: watch::Receiver<u32>,
}

impl Stop {
    /// Listens for Ctrl-C from now on.
    #[must_use]
    pub fn on_ctrl_c(streams: Streams) -> Self {
        let asked = Arc::new(AtomicBool::new(false));
        let (counted, count) = watch::channel(0);
        let executing = Arc::new(AtomicBool::new(false));
        let (flag, under_way) = (Arc::clone(&asked), Arc::clone(&executing));
        // Without a handler the program just ends at the first Ctrl-C, which is safe too.
        let signals = Signals::listen();
        tokio::spawn(async move {
            if let Ok(mut signals) = signals {
                while signals.next().await.is_some() {
                    if !flag.swap(true, Ordering::Relaxed) && under_way.load(Ordering::Relaxed) {
                        streams.note(
                            "Interrupted: stopping after the step under way. Press Ctrl-C again to stop at once.",
                        );
                    }
                    counted.send_modify(|count| *count += 1);
                }
            }
            // Without a sender the receivers would end at once.
            std::future::pending::<()>().await;
        });
        Self { asked, executing, count }
    }

    /// From now on the first Ctrl-C waits for a step, and says so.
    pub fn begin_execution(&self) {
        self.executing.store(true, Ordering::Relaxed);
    }

    /// Whether Ctrl-C was pressed.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// The same, to look at between two steps.
    #[must_use]
    pub fn flag(&self) -> &AtomicBool {
        &self.asked
    }

    /// Ends when Ctrl-C was pressed.
    pub async fn asked(&self) {
        self.pressed(1).await;
    }

    /// Ends when Ctrl-C was pressed twice.
    pub async fn insisted(&self) {
        self.pressed(2).await;
    }

    async fn pressed(&self, times: u32) {
        let mut count = self.count.clone();
        if count.wait_for(|count| *count >= times).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// What asks to stop. Listening goes on between two signals, so that none is missed.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind);
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Option<()> {
        tokio::select! {
            signal = self.interrupt.recv() => signal,
            signal = self.terminate.recv() => signal,
            signal = self.hang_up.recv() => signal,
        }
    }
}

/// What asks to stop. Listening goes on between two signals, so that none is missed.
#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) -> Option<()> {
        self.0.recv().await
    }
}
