//! Standard output and standard error: the report goes to the one, everything else to the other.

use std::io::{self, BufRead, IsTerminal, Write};

use super::arguments::ColorChoice;

/// Where to write, and how.
#[derive(Debug, Clone, Copy)]
pub struct Streams {
    /// Whether the report is coloured.
    pub color_out: bool,
    /// Whether messages are coloured.
    pub color_err: bool,
    /// Whether someone sits in front: standard input and standard error are terminals.
    pub interactive: bool,
    /// Only what is wrong is said on standard error.
    pub quiet: bool,
}

impl Streams {
    /// Looks at the terminal and the environment.
    #[must_use]
    pub fn new(color: ColorChoice, quiet: bool) -> Self {
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        Self {
            color_out: colored(color, out),
            color_err: colored(color, err),
            interactive: io::stdin().is_terminal() && err,
            quiet,
        }
    }

    /// Columns that the report is fitted to: those of the terminal it goes to, else 100.
    #[must_use]
    pub fn width(&self) -> usize {
        columns(terminal_size::terminal_size_of(io::stdout()))
    }

    /// Columns of the terminal that the report goes to; none where it goes elsewhere.
    #[must_use]
    pub fn terminal_width(&self) -> Option<usize> {
        io::stdout().is_terminal().then(|| self.width())
    }

    /// Columns that messages are fitted to: those of the terminal they go to, else 100.
    #[must_use]
    pub fn width_err(&self) -> usize {
        columns(terminal_size::terminal_size_of(io::stderr()))
    }

    /// Writes a piece of the report. A reader that went away is not an error.
    ///
    /// # Errors
    /// Whatever else is wrong with standard output, a full disk for one.
    pub fn report(&self, text: &str) -> io::Result<()> {
        self.report_while_read(text).map(|_| ())
    }

    /// Writes a piece of a report that goes on. False where the reader went away: then nobody wants the rest.
    ///
    /// # Errors
    /// Whatever else is wrong with standard output.
    pub fn report_while_read(&self, text: &str) -> io::Result<bool> {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Says something that is wrong.
    pub fn complain(&self, text: &str) {
        // Nobody is left to tell when standard error is gone.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Reads a line from standard input, without its end. Nobody waits for the thread that reads: a run that is interrupted
    /// at a question ends without an answer.
    ///
    /// # Errors
    /// Standard input cannot be read.
    pub async fn answer(&self) -> io::Result<String> {
        let (answered, answer) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = io::stdin().lock().read_line(&mut line);
            // The run may have ended in the meantime.
            let _ = answered.send(read.map(|_| line.trim_end_matches(['\r', '\n']).to_owned()));
        });
        answer.await.unwrap_or_else(|_| Err(io::Error::other("the thread that reads standard input ended")))
    }

    /// Says something that helps, unless told to be quiet.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.complain(&format!("{text}\n"));
        }
    }
}

/// `COLUMNS` where it is set, else the terminal's width. A report in a file does not depend on who wrote it where.
fn columns(terminal: Option<(terminal_size::Width, terminal_size::Height)>) -> usize {
    let wanted = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let columns = wanted.or_else(|| terminal.map(|(width, _)| usize::from(width.0)));
    columns.filter(|columns| (40..=400).contains(columns)).unwrap_or(100)
}

fn colored(choice: ColorChoice, terminal: bool) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
            let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            terminal && !set("NO_COLOR") && !dumb
        }
    }
}
