//! Diagnostics -> text, as rustc shows them: `error[code]: summary`, file:line:column, the lines, notes and help.
//!
//! Texts of users are shown so that a terminal cannot take them for commands.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin as Heading, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Diagnostics, Label, Severity, Sources};

mod excerpt;

use super::visible::visible;
use excerpt::Excerpt;

/// Renders problems one after the other, an empty line between them and a line end behind each.
///
/// A width below 40 columns is taken for 40.
#[must_use]
pub fn render(diagnostics: &Diagnostics, sources: &Sources, color: bool, width: usize) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(width.max(40));
    let texts: Vec<String> =
        diagnostics.0.iter().map(|diagnostic| render_one(diagnostic, sources, &renderer)).collect();
    texts.join("\n")
}

fn render_one(diagnostic: &Diagnostic, sources: &Sources, renderer: &Renderer) -> String {
    let Diagnostic { severity, code, summary, detail, primary, secondary, help } = diagnostic;
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(visible(summary)).id(*code));
    let labels: Vec<(&Label, bool)> =
        primary.iter().map(|label| (label, true)).chain(secondary.iter().map(|label| (label, false))).collect();
    for excerpt in excerpt::excerpts(&labels, sources) {
        if let Some(heading) = heading(&excerpt) {
            group = group.element(heading);
        }
        group = group.element(snippet(excerpt));
    }
    if !detail.is_empty() {
        group = group.element(Level::NOTE.message(visible(detail)));
    }
    for help in help {
        group = group.element(Level::HELP.message(visible(help)));
    }
    let mut text = renderer.render(&[group]);
    text.push('\n');
    text
}

fn heading(excerpt: &Excerpt) -> Option<Heading<'static>> {
    let (line, column) = excerpt.position?;
    Some(Heading::path(excerpt.name.clone()).line(line as usize).char_column(column as usize))
}

fn snippet(excerpt: Excerpt) -> Snippet<'static, annotate_snippets::Annotation<'static>> {
    let marks = excerpt.marks.into_iter().map(|mark| {
        let kind = if mark.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let label = (!mark.text.is_empty()).then_some(mark.text);
        kind.span(mark.bytes).label(label)
    });
    let path = excerpt.position.is_none().then_some(excerpt.name);
    Snippet::source(excerpt.text).path(path).line_start(excerpt.first_line as usize).annotations(marks)
}

#[cfg(test)]
mod tests;
