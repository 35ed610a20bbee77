//! References to updates: a knowledge-base article, an id, or an article with what narrows it down.

use super::super::node::Value;
use super::super::problems::Problems;
use super::super::shape::{Fields, Keyed, Shape, integer, name, null, text};
use super::uuid;
use crate::diagnostic::Diagnostic;
use crate::model::desired::{KbReference, UpdateReference};
use crate::model::glob::Glob;
use crate::model::origin::Declared;

pub(super) const UPDATE: Shape = Shape::new("a reference to updates", &["kb", "title", "product", "expect"]);

/// What is wrong with a reference that is no map.
const NEITHER: &str = "is neither KB with 6 to 8 digits nor an update's id (a UUID)";

/// Reads a reference.
pub(super) fn update(value: Keyed<'_>, problems: &mut Problems) -> Option<UpdateReference> {
    if matches!(value.node.value, Value::Mapping(_)) {
        return narrowed(value, problems).map(UpdateReference::Kb);
    }
    if value.node.is_null() {
        problems.push(null(value.place(), "write a KB number, an update's id or a map with `kb`"));
        return None;
    }
    let text = text(&value, problems)?;
    if looks_like_id(&text.value) {
        return uuid(&text.value, text.origin, problems).map(UpdateReference::Id);
    }
    let kb = kb(&text, NEITHER, problems)?;
    Some(UpdateReference::Kb(KbReference { kb, title: None, product: None, expect: None }))
}

fn narrowed(value: Keyed<'_>, problems: &mut Problems) -> Option<KbReference> {
    let mut fields = Fields::of(value, &UPDATE, problems)?;
    let kb = fields
        .require("kb", problems)
        .and_then(|value| text(&value, problems))
        .and_then(|text| kb(&text, NEITHER, problems));
    let title = fields
        .take("title")
        .and_then(|value| name(&value, "an update's title", problems))
        .map(|title| Declared { value: Glob::new(&title.value), origin: title.origin });
    let product = fields.take("product").and_then(|value| name(&value, "a product", problems));
    let expect = fields.take("expect").and_then(|value| integer(&value, 1, 1_000_000, problems));
    Some(KbReference { kb: kb?, title, product, expect })
}

/// Whether a text that is not a KB number was meant as an id.
fn looks_like_id(text: &str) -> bool {
    text.matches('-').count() >= 2 || (text.len() >= 32 && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-'))
}

/// Reads a KB number; `refusal` says what a text that is none is not.
pub(super) fn kb(text: &Declared<String>, refusal: &str, problems: &mut Problems) -> Option<Declared<String>> {
    let written = text.value.as_str();
    let prefixed = written.get(..2).is_some_and(|prefix| prefix.eq_ignore_ascii_case("kb"));
    let digits = if prefixed { &written[2..] } else { written };
    let is_number = (6..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if prefixed && is_number {
        return Some(Declared { value: digits.to_owned(), origin: text.origin });
    }
    let mut problem = Diagnostic::error("bad-update", "not a reference to updates")
        .detail(format!("`{written}` {refusal}"))
        .at(text.origin, "");
    if is_number {
        problem = problem.help(format!("write KB{digits}"));
    }
    problems.push(problem);
    None
}
