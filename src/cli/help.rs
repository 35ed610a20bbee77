//! `wsusctl help`: the manual, for people who have the program and not its repository.

use clap::CommandFactory;

use super::arguments::{Arguments, EXIT_STATUS, Help};
use super::report_lost;
use super::streams::Streams;
use crate::failure::{Exit, Failure};
use crate::model::near::suggestion;

/// A page of the manual.
struct Page {
    /// What it is called.
    topic: &'static str,
    /// What it is about.
    about: &'static str,
    /// Its Markdown.
    text: &'static str,
}

macro_rules! page {
    ($topic:literal, $about:literal, $file:literal) => {
        Page { topic: $topic, about: $about, text: include_str!(concat!("../../docs/", $file)) }
    };
}

/// The pages. One that is called as a verb stands behind the verb's own help.
const PAGES: [Page; 16] = [
    page!("manifest", "how to declare a server", "manifest.md"),
    page!("keys", "every key of a manifest", "reference/manifest.md"),
    Page { topic: "exit-status", about: "what the exit status means", text: EXIT_STATUS },
    page!("connection", "URLs, TLS, certificates, addresses", "reference/connection.md"),
    page!("permissions", "what the database login needs", "reference/permissions.md"),
    page!("security", "what is protected against, and what is not", "security.md"),
    page!("json-plan", "the JSON document of diff and apply", "reference/json-plan.md"),
    page!("susdb", "what is known about SUSDB, with sources", "susdb.md"),
    page!("glossary", "the words used", "glossary.md"),
    page!("contract", "the file of doctor --contract", "reference/contract.md"),
    page!("doctor", "findings, and the JSON document", "reference/doctor.md"),
    page!("export", "what is exported and what is left out", "reference/export.md"),
    page!("get", "conditions, pages, the JSON document", "reference/get.md"),
    page!("sandbox", "the emulated server and its faults", "reference/sandbox.md"),
    page!("schema", "schemas in editors and pipelines", "reference/schema.md"),
    page!("snapshot", "what a snapshot holds", "reference/snapshot.md"),
];

/// The list of pages, for the end of `--help`.
pub fn topics() -> String {
    let width = PAGES.iter().map(|page| page.topic.len()).max().unwrap_or(0);
    let lines = PAGES.iter().map(|Page { topic, about, .. }| format!("\n  {topic:width$}  {about}"));
    format!("Pages of the manual, for wsusctl help TOPIC:{}", lines.collect::<String>())
}

/// Runs the verb.
///
/// # Errors
/// A topic that does not exist (exit 3), or standard output that takes no more.
pub fn run(arguments: &Help, streams: Streams) -> Result<Exit, Failure> {
    let usage = usage(&arguments.topic);
    let page = match arguments.topic.as_slice() {
        [topic] => PAGES.iter().find(|page| page.topic == topic).map(|page| format!("{}\n", page.text.trim_end())),
        _ => None,
    };
    if usage.is_none() && page.is_none() {
        return Err(unknown(&arguments.topic.join(" ")));
    }
    let parts: Vec<String> = usage.into_iter().chain(page).collect();
    streams.report(&parts.join("\n")).map_err(report_lost)?;
    Ok(Exit::Success)
}

/// The help of the whole program, of a verb, or of a verb below it.
fn usage(path: &[String]) -> Option<String> {
    let mut command = Arguments::command();
    command.build();
    for word in path {
        command = command.find_subcommand(word)?.clone();
    }
    Some(command.render_long_help().to_string())
}

fn unknown(topic: &str) -> Failure {
    let command = Arguments::command();
    let verbs = command.get_subcommands().map(clap::Command::get_name);
    let failure = Failure::new(Exit::Invalid, format!("there is no verb and no page of the manual called `{topic}`"));
    match suggestion(topic, verbs.chain(PAGES.iter().map(|page| page.topic))) {
        Some(question) => failure.hint(question),
        None => failure.hint("`wsusctl help` lists them"),
    }
}

#[cfg(test)]
mod tests {
    use super::{PAGES, usage};

    #[test]
    fn every_page_has_a_text_and_a_name_of_its_own() {
        for (at, page) in PAGES.iter().enumerate() {
            assert!(page.text.len() > 100, "{}", page.topic);
            assert!(PAGES[..at].iter().all(|other| other.topic != page.topic), "{}", page.topic);
        }
    }

    #[test]
    fn verbs_have_a_usage_and_other_words_none() {
        let of = |path: &str| usage(&path.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        assert!(of("").is_some_and(|text| text.contains("wsusctl help TOPIC")));
        assert!(of("diff").is_some_and(|text| text.contains("--against")));
        assert!(of("plan").is_some_and(|text| text.contains("--against")), "an alias");
        assert!(of("nothing").is_none() && of("diff nothing").is_none());
    }
}
