//! Typed access to nodes: each function takes a node of the wrong shape for a problem to report, not for an end.

use super::document::Field;
use super::node::{Entry, Node, Value};
use super::problems::Problems;
use crate::diagnostic::Diagnostic;
use crate::model::code_point::deceptive_in;
use crate::model::near::suggestion;
use crate::model::origin::{Declared, Origin};

/// A map with known keys.
pub(super) struct Shape {
    /// What messages call it: `a computer group`.
    pub(super) what: &'static str,
    /// Its keys.
    pub(super) keys: &'static [&'static str],
    /// One of its keys and the map below it: where keys belong that somebody wrote a level too high.
    pub(super) below: Option<(&'static str, &'static Shape)>,
}

impl Shape {
    /// A map with these keys.
    pub(super) const fn new(what: &'static str, keys: &'static [&'static str]) -> Self {
        Self { what, keys, below: None }
    }
}

/// A value and the key in front of it.
pub(super) struct Keyed<'t> {
    pub(super) key: Origin,
    pub(super) node: Node<'t>,
}

impl Keyed<'_> {
    /// The place to show: the value's, or its key's where there is no value to see.
    pub(super) fn place(&self) -> Origin {
        if self.node.origin.start == self.node.origin.end { self.key } else { self.node.origin }
    }
}

/// The entries of a map with known keys.
pub(super) struct Fields<'t> {
    shape: &'static Shape,
    origin: Origin,
    entries: Vec<Entry<'t>>,
}

impl<'t> Fields<'t> {
    /// Takes a map apart. What is no map, and keys that are not known, are reported.
    pub(super) fn of(value: Keyed<'t>, shape: &'static Shape, problems: &mut Problems) -> Option<Self> {
        let place = value.place();
        let origin = value.node.origin;
        let Value::Mapping(entries) = value.node.value else {
            problems.push(not_a_map(&value.node, place, shape));
            return None;
        };
        let (known, unknown): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| shape.keys.contains(&&*entry.key));
        for entry in &unknown {
            problems.push(unknown_key(entry, shape));
        }
        Some(Self { shape, origin, entries: known })
    }

    /// The map's place.
    pub(super) fn origin(&self) -> Origin {
        self.origin
    }

    /// The value of a key, if the key is there.
    pub(super) fn take(&mut self, key: &str) -> Option<Keyed<'t>> {
        debug_assert!(self.shape.keys.contains(&key), "{key} is a key of {}", self.shape.what);
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        let entry = self.entries.swap_remove(at);
        Some(Keyed { key: entry.origin, node: entry.node })
    }

    /// The value of a key that must be there.
    pub(super) fn require(&mut self, key: &str, problems: &mut Problems) -> Option<Keyed<'t>> {
        let value = self.take(key);
        if value.is_none() {
            problems.push(
                Diagnostic::error("missing-key", "a required key is missing")
                    .detail(format!("{} needs the key `{key}`", self.shape.what))
                    .at(self.origin, format!("no `{key}` here")),
            );
        }
        value
    }
}

/// A text that may be empty. Numbers and truth values without quotes are the text that was written.
pub(super) fn text(value: &Keyed<'_>, problems: &mut Problems) -> Option<Declared<String>> {
    if let Some(text) = value.node.text() {
        return Some(Declared { value: text.to_owned(), origin: value.place() });
    }
    problems.push(if value.node.is_null() {
        null(value.place(), "write a text, or remove the key; the text null goes in quotes")
    } else {
        wrong_type("text", &value.node, value.place())
    });
    None
}

/// A text that is a name of something: not empty.
pub(super) fn name(value: &Keyed<'_>, what: &str, problems: &mut Problems) -> Option<Declared<String>> {
    let name = text(value, problems)?;
    check_name(&name, what, problems).then_some(name)
}

/// Reports an empty name, and warns of what nobody can see in one.
pub(super) fn check_name(name: &Declared<String>, what: &str, problems: &mut Problems) -> bool {
    let fine = !name.value.trim().is_empty();
    if !fine {
        problems.push(
            Diagnostic::error("empty-name", "an empty name")
                .detail(format!("the name of {what} is empty"))
                .at(name.origin, ""),
        );
    }
    let hidden = deceptive_in(&name.value);
    if !hidden.is_empty() {
        let listed: Vec<String> = hidden.iter().map(ToString::to_string).collect();
        problems.push(
            Diagnostic::warning("hidden-character", "a name with a character that cannot be seen")
                .detail(format!(
                    "the name of {what} has {}: it is another name than the one it looks like",
                    listed.join(", ")
                ))
                .at(name.origin, "")
                .help("type the name anew, or leave it so if the server has it like that"),
        );
    }
    fine
}

/// One of some words.
pub(super) fn word<T: Copy>(value: &Keyed<'_>, words: &[(&str, T)], problems: &mut Problems) -> Option<Declared<T>> {
    let found = text_or_words(value, words, problems)?;
    if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == found.value) {
        return Some(Declared { value: *meaning, origin: found.origin });
    }
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let mut problem = Diagnostic::error("unknown-word", "a word that is not known here")
        .detail(format!("`{}` is none of {}", found.value, listed(&known)))
        .at(found.origin, "");
    if let Some(near) = suggestion(&found.value, known.iter().copied()) {
        problem = problem.help(near);
    }
    problems.push(problem);
    None
}

fn text_or_words<T>(value: &Keyed<'_>, words: &[(&str, T)], problems: &mut Problems) -> Option<Declared<String>> {
    if let Some(text) = value.node.text() {
        return Some(Declared { value: text.to_owned(), origin: value.place() });
    }
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    problems.push(if value.node.is_null() {
        null(value.place(), format!("write {}, or remove the key", listed(&known)))
    } else {
        wrong_type(&listed(&known), &value.node, value.place())
    });
    None
}

/// A truth value: `true` or `false`, without quotes. YAML 1.1's `yes` and `on` are text.
pub(super) fn boolean(value: &Keyed<'_>, problems: &mut Problems) -> Field<bool> {
    if value.node.is_null() {
        return Field::Null;
    }
    let (boolean, help) = match &value.node.value {
        Value::Plain(text) => match &**text {
            "true" => (Some(true), None),
            "false" => (Some(false), None),
            other => (None, meant_as_truth(other)),
        },
        Value::Quoted(text) => (None, meant_as_truth(text)),
        _ => (None, None),
    };
    match boolean {
        Some(boolean) => Field::Value(Declared { value: boolean, origin: value.place() }),
        None => {
            let problem = wrong_type("true or false", &value.node, value.place());
            problems.push(match help {
                Some(word) => problem.help(format!("write {word}")),
                None => problem,
            });
            Field::Absent
        }
    }
}

fn meant_as_truth(text: &str) -> Option<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" => Some("true"),
        "false" | "no" | "off" | "n" => Some("false"),
        _ => None,
    }
}

/// A whole number in decimal digits.
pub(super) fn integer(value: &Keyed<'_>, min: u32, max: u32, problems: &mut Problems) -> Option<Declared<u32>> {
    let origin = value.place();
    if value.node.is_null() {
        problems.push(null(origin, format!("write a whole number from {min} to {max}, or remove the key")));
        return None;
    }
    let Value::Plain(text) = &value.node.value else {
        let expected = format!("a whole number from {min} to {max} without quotes");
        problems.push(wrong_type(&expected, &value.node, origin));
        return None;
    };
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        problems.push(wrong_type(&format!("a whole number from {min} to {max}"), &value.node, origin));
        return None;
    }
    if is_ambiguous(text, origin, problems) {
        return None;
    }
    match text.parse::<u32>() {
        Ok(number) if (min..=max).contains(&number) => Some(Declared { value: number, origin }),
        _ => {
            problems.push(
                Diagnostic::error("out-of-range", "a number out of range")
                    .detail(format!("`{text}` is not in {min} to {max}"))
                    .at(origin, ""),
            );
            None
        }
    }
}

/// Whether digits are a number that readers of YAML disagree about: `030` is 24 in YAML 1.1 and 30 in YAML 1.2. It is reported.
pub(super) fn is_ambiguous(digits: &str, origin: Origin, problems: &mut Problems) -> bool {
    let bare = digits.strip_prefix('-').unwrap_or(digits);
    let decimal = bare.trim_start_matches('0');
    // Up to seven both are the same.
    if decimal.len() == bare.len() || matches!(decimal, "" | "1" | "2" | "3" | "4" | "5" | "6" | "7") {
        return false;
    }
    problems.push(
        Diagnostic::error("leading-zero", "a number that begins with zero")
            .detail(format!("some programs read `{digits}` as an octal number, and others as a decimal one"))
            .at(origin, "")
            .help(format!("write {decimal} for the decimal number")),
    );
    true
}

/// A list's items, which are freed one by one as they are taken.
pub(super) fn list<'t>(
    value: Keyed<'t>,
    of: &str,
    problems: &mut Problems,
) -> Option<impl ExactSizeIterator<Item = Keyed<'t>> + use<'t>> {
    let place = value.place();
    if value.node.is_null() {
        problems.push(null(place, "write [], or remove the key"));
        return None;
    }
    let Value::Sequence(items) = value.node.value else {
        problems.push(wrong_type(&format!("a list of {of}"), &value.node, place));
        return None;
    };
    // An empty item's place is its list's: it has no text of its own.
    Some(items.into_iter().map(move |node| Keyed { key: place, node }))
}

/// A list of names.
pub(super) fn names(value: Keyed<'_>, what: &str, problems: &mut Problems) -> Option<Declared<Vec<Declared<String>>>> {
    let origin = value.key;
    let items = list(value, "names", problems)?;
    let names = items.filter_map(|item| name(&item, what, problems)).collect();
    Some(Declared { value: names, origin })
}

/// A map whose keys are the user's.
pub(super) fn entries<'t>(value: Keyed<'t>, of: &str, problems: &mut Problems) -> Option<Vec<Entry<'t>>> {
    let place = value.place();
    if value.node.is_null() {
        problems.push(null(place, "write {}, or remove the key"));
        return None;
    }
    let Value::Mapping(entries) = value.node.value else {
        problems.push(wrong_type(&format!("a map of {of}"), &value.node, place));
        return None;
    };
    Some(entries.into_vec())
}

/// Null where a value must be.
pub(super) fn null(place: Origin, help: impl Into<String>) -> Diagnostic {
    Diagnostic::error("null", "a key without a value")
        .detail("perhaps all lines below it are comments")
        .at(place, "no value")
        .help(help)
}

/// A value of another type than must be.
pub(super) fn wrong_type(expected: &str, found: &Node<'_>, place: Origin) -> Diagnostic {
    Diagnostic::error("wrong-type", "a value of the wrong type")
        .detail(format!("expected {expected}, found {}", found.found()))
        .at(place, "")
}

fn not_a_map(node: &Node<'_>, place: Origin, shape: &Shape) -> Diagnostic {
    let expected = format!("{}: a map with {}", shape.what, listed(shape.keys));
    if node.is_null() {
        null(place, format!("write {}, or remove the key", expected))
    } else {
        wrong_type(&expected, node, place)
    }
}

fn unknown_key(entry: &Entry<'_>, shape: &Shape) -> Diagnostic {
    let problem = Diagnostic::error("unknown-key", "a key that is not known here")
        .detail(format!("{} has no key `{}`", shape.what, entry.key))
        .at(entry.origin, "");
    if let Some((below, _)) = shape.below.filter(|(_, below)| below.keys.contains(&&*entry.key)) {
        problem.help(format!("`{}` is a condition: write {below}: {{{}: ...}}", entry.key, entry.key))
    } else if let Some(near) = suggestion(&entry.key, shape.keys.iter().copied()) {
        problem.help(near)
    } else {
        problem.help(format!("there are {}", listed(shape.keys)))
    }
}

/// `a`, `b` and `c`
fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
