//! Manifests: YAML text -> what is desired, or everything that is wrong with it.
//!
//! One pass, in stages that know nothing of each other's work: bytes are checked and become text, the parser's events
//! become nodes with places (`compose`), nodes become a document (`decode`, by way of `shape`), rules look across the
//! document, and a document without errors is lowered to [`Desired`]. Every stage reports what it finds and goes on with
//! what is left, so one run names all problems. No file is opened here and no server is asked.
//!
//! There is no serde in between. Serde ends at its first error, so a second reader would be needed to find the others,
//! and two readers of one format disagree sooner or later.

mod compose;
mod conditions;
mod decode;
mod document;
pub mod edit;
mod limits;
mod lower;
mod node;
mod positions;
mod problems;
mod rules;
mod secret_words;
mod secrets;
mod shape;
mod text;

use std::path::Path;

use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::encoding::{self, Text};
use crate::model::desired::Desired;
use crate::model::origin::SourceId;
use crate::schema;

pub use conditions::read_selector;
pub use limits::ReadLimits;
pub use rules::{duplicate_live, duplicate_servers};

use compose::{Composer, Document};
use problems::Problems;

/// The JSON Schema of a manifest: every key that [`read`] takes, with what it means.
#[must_use]
pub fn schema() -> schema::Document {
    decode::schema::document()
}

/// Reads the manifests in a file's bytes and says everything that is wrong with them.
///
/// The text is added to `sources`, passwords blanked, so that the problems' places can be shown. Documents with errors
/// are left out; the result is complete only where there are no errors. Without a single document there is an error.
#[must_use]
pub fn read(name: &str, bytes: &[u8], sources: &mut Sources, limits: &ReadLimits) -> (Vec<Desired>, Diagnostics) {
    let source = sources.next_id();
    let text = match text::decode(name, bytes, source, limits) {
        Ok(text) => text,
        Err(refused) => {
            sources.add(name, refused.shown);
            return (Vec::new(), Diagnostics(vec![refused.diagnostic]));
        }
    };
    let mut problems = Problems::default();
    let servers = read_text(&text, source, name, *limits, &mut problems);
    secrets::hide_in_comments(&text, &mut problems);
    secrets::hide_strangers(&text, is_meant_text, &mut problems);
    let (diagnostics, secrets) = problems.finish();
    let shown = if secrets.is_empty() { text.into_owned() } else { secrets::blank(&text, &secrets) };
    sources.add(name, shown);
    (servers, diagnostics)
}

/// Whether a file that nobody named is meant as a manifest. Directories of manifests have other YAML beside them: what says
/// another `kind`, or is nothing like a manifest, is none. A name with a typing error in it still is one, as is what only
/// lacks its head: those are errors, not strangers.
#[must_use]
pub fn is_meant(bytes: &[u8]) -> bool {
    // What cannot be read as text is refused with its reason.
    encoding::decode(bytes).map_or(true, |Text { text, .. }| is_meant_text(&text))
}

fn is_meant_text(text: &str) -> bool {
    let bare = |line| str::trim_start_matches(line, ['{', '"', '\'']);
    let values = |key: &'static str| {
        text.lines()
            .filter_map(move |line| bare(line).strip_prefix(key)?.trim_start_matches(['"', '\'']).strip_prefix(':'))
    };
    let mut heads = values("apiVersion").chain(values("kind")).peekable();
    match heads.peek() {
        Some(_) => heads.any(|head| head.to_lowercase().contains("wsus")),
        None => text.contains('\0') || values("spec").next().is_some(),
    }
}

fn read_text(text: &str, source: SourceId, name: &str, limits: ReadLimits, problems: &mut Problems) -> Vec<Desired> {
    let mut composer = Composer::new(text, source, limits);
    let mut servers = Vec::new();
    let mut documents = 0_usize;
    while let Some(document) = composer.next(problems) {
        let Document::Whole(root) = document else {
            documents += 1;
            continue;
        };
        // `---` in front of the first document or behind the last one makes no document.
        if root.is_null() {
            continue;
        }
        documents += 1;
        let errors = problems.errors();
        let Some(document) = decode::document(root, problems) else { continue };
        rules::check(&document, problems);
        if problems.errors() == errors {
            servers.push(lower::lower(document));
        }
    }
    if documents == 0 {
        problems.push(empty(name));
    }
    for problem in duplicate_servers(servers.iter().map(|server| (server, Path::new("")))).0 {
        problems.push(problem);
    }
    servers
}

fn empty(name: &str) -> Diagnostic {
    Diagnostic::error("empty", "no manifest in the file")
        .detail(format!("{name} is empty, or all of it is comments"))
        .help("a manifest begins with `apiVersion: wsusctl/v1alpha1` and `kind: WsusServer`")
}

#[cfg(test)]
mod tests;
