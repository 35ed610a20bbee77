//! How a run ends: the exit status, and what to say when it ends badly.

use std::error::Error;
use std::process::ExitCode;

use crate::report::visible::visible;

/// The exit status of the program. The numbers are frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exit {
    /// 0: done; for `diff`, no differences.
    Success,
    /// 1: a failure that no other status names.
    Failure,
    /// 2: differences exist, or remain.
    Differences,
    /// 3: bad usage, invalid manifest, unknown reference. Nothing was changed.
    Invalid,
    /// 4: refused by a guard, a pin or a missing confirmation.
    Refused,
    /// 5: the server is no longer what the plan was made from, or is another server.
    Stale,
    /// 6: another apply holds the lock.
    Locked,
    /// 7: apply stopped part-way. Some changes were made.
    Partial,
    /// 130: interrupted before any write.
    Interrupted,
}

impl Exit {
    /// From the worst to the best.
    const BY_WEIGHT: [Self; 9] = [
        Self::Partial,
        Self::Interrupted,
        Self::Failure,
        Self::Locked,
        Self::Stale,
        Self::Refused,
        Self::Invalid,
        Self::Differences,
        Self::Success,
    ];

    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Differences => 2,
            Self::Invalid => 3,
            Self::Refused => 4,
            Self::Stale => 5,
            Self::Locked => 6,
            Self::Partial => 7,
            Self::Interrupted => 130,
        }
    }

    /// The worse of two, for a run over several servers.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        Self::BY_WEIGHT.into_iter().find(|exit| *exit == self || *exit == other).unwrap_or(self)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a run cannot go on.
#[derive(Debug)]
pub struct Failure {
    /// The status to exit with.
    pub exit: Exit,
    /// What failed, as a sentence without an end: `cannot connect to mssql://sql01/SUSDB`.
    pub summary: String,
    /// The error beneath, if there is one. Its chain is printed.
    pub source: Option<Box<dyn Error + Send + Sync>>,
    /// What to do, imperative and copyable.
    pub hints: Vec<String>,
    /// Whether connecting again may help: the connection was lost, or the server chose the statement as a deadlock's victim.
    pub may_pass: bool,
}

impl Failure {
    /// A failure without an error beneath.
    pub fn new(exit: Exit, summary: impl Into<String>) -> Self {
        Self { exit, summary: summary.into(), source: None, hints: Vec::new(), may_pass: false }
    }

    /// Sets the error beneath.
    #[must_use]
    pub fn caused_by(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Says which of several servers it is about.
    #[must_use]
    pub fn about(mut self, server: &str) -> Self {
        self.summary = format!("{server}: {}", self.summary);
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds several things to do.
    #[must_use]
    pub fn hints(mut self, hints: impl IntoIterator<Item = String>) -> Self {
        self.hints.extend(hints);
        self
    }

    /// The text for people: the chain of errors, one a line, then the hints.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = format!("error: {}\n", visible(&self.summary));
        let mut source: Option<&dyn Error> = self.source.as_deref().map(|source| source as &dyn Error);
        while let Some(error) = source {
            // A certificate is described in several lines. Whoever wrote them, they stand deeper than what is ours.
            let error_text = error.to_string();
            let lines: Vec<_> = error_text.lines().map(visible).collect();
            text.push_str(&format!("  caused by: {}\n", lines.join("\n      ")));
            source = error.source();
        }
        for hint in &self.hints {
            text.push_str(&format!("  hint: {}\n", visible(hint)));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{Exit, Failure};

    #[test]
    fn the_numbers_are_frozen() {
        let codes: Vec<u8> = Exit::BY_WEIGHT.into_iter().map(Exit::code).collect();
        assert_eq!(codes, [7, 130, 1, 6, 5, 4, 3, 2, 0]);
    }

    #[test]
    fn the_worse_of_two_wins_whichever_comes_first() {
        for (a, b, worse) in [
            (Exit::Success, Exit::Differences, Exit::Differences),
            (Exit::Partial, Exit::Interrupted, Exit::Partial),
            (Exit::Failure, Exit::Differences, Exit::Failure),
            (Exit::Locked, Exit::Invalid, Exit::Locked),
        ] {
            assert_eq!(a.worse(b), worse);
            assert_eq!(b.worse(a), worse);
        }
    }

    #[test]
    fn what_users_and_servers_wrote_cannot_steer_the_terminal() {
        let beneath = std::io::Error::other("no \u{1b}[2Jroute");
        let text =
            Failure::new(Exit::Failure, "cannot read nope\u{1b}[31m").caused_by(beneath).hint("a\u{202e}b").render();
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    }

    #[test]
    fn a_cause_of_several_lines_stays_one_and_looks_like_nothing_else() {
        let beneath = std::io::Error::other("not accepted\n  subject: CN=a\n  hint: trust me");
        let text = Failure::new(Exit::Failure, "cannot connect").caused_by(beneath).render();
        let expected =
            "error: cannot connect\n  caused by: not accepted\n        subject: CN=a\n        hint: trust me\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_chain_and_the_hints_are_printed() {
        let beneath = std::io::Error::other("no route to host");
        let failure = Failure::new(Exit::Failure, "cannot connect").caused_by(beneath).hint("check the firewall");
        assert_eq!(
            failure.render(),
            "error: cannot connect\n  caused by: no route to host\n  hint: check the firewall\n"
        );
    }
}
