//! The conditions of `--where`: those of a kind's own, and those that `select` has in a manifest.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::failure::{Exit, Failure};
use crate::model::glob::Glob;
use crate::model::listing::Noun;
use crate::model::near::suggestion;

/// The keys of `select` that a list can have. `supersedingApproved` depends on a whole manifest.
const SELECTOR_KEYS: [&str; 15] = [
    "classifications",
    "products",
    "title",
    "severity",
    "kb",
    "updateType",
    "arrivedWithin",
    "arrivedAfter",
    "arrivedBefore",
    "createdWithin",
    "createdAfter",
    "createdBefore",
    "superseded",
    "neededBy",
    "expired",
];

/// The conditions of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Conditions {
    own: BTreeMap<&'static str, String>,
    /// Those that `select` has, as they were written.
    pub(super) selector: Vec<String>,
}

impl Conditions {
    /// Takes the conditions apart.
    ///
    /// # Errors
    /// A text without `=`, a key that the kind does not have, one that is given twice.
    pub(super) fn parse(noun: Noun, written: &[String]) -> Result<Self, Failure> {
        let mut conditions = Self::default();
        for condition in written {
            let Some((key, value)) = condition.split_once('=') else {
                return Err(bad(format!("`{condition}` is no condition"))
                    .hint("write --where KEY=VALUE, as in --where 'name=pc-*'"));
            };
            let key = key.trim();
            if let Some(own) = own_keys(noun).iter().find(|own| **own == key) {
                if conditions.own.insert(own, value.trim().to_owned()).is_some() {
                    return Err(bad(format!("the condition {key} is given twice")));
                }
            } else if selects(noun) && SELECTOR_KEYS.contains(&key) {
                conditions.selector.push(condition.clone());
            } else {
                return Err(unknown(noun, key));
            }
        }
        Ok(conditions)
    }

    /// A condition over names.
    pub(super) fn pattern(&self, key: &str) -> Option<Glob> {
        self.own.get(key).map(|text| Glob::new(text))
    }

    /// The condition `group` where it names one group and is no pattern for several.
    pub(super) fn named_group(&self) -> Option<Glob> {
        self.pattern("group").filter(|pattern| !pattern.has_wildcard())
    }

    /// Whether a condition over one name is met, or there is none.
    pub(super) fn name(&self, key: &str, name: &str) -> bool {
        self.pattern(key).is_none_or(|pattern| pattern.matches(name))
    }

    /// Whether a condition over names is met by one of them, or there is none.
    pub(super) fn any_name<'a>(&self, key: &str, names: impl IntoIterator<Item = &'a String>) -> bool {
        self.pattern(key).is_none_or(|pattern| names.into_iter().any(|name| pattern.matches(name)))
    }

    /// A condition with an id.
    ///
    /// # Errors
    /// A text that is no id.
    pub(super) fn id(&self) -> Result<Option<Uuid>, Failure> {
        let parse = |text: &String| {
            let id = Uuid::try_parse(text);
            id.map_err(|error| bad(format!("the condition id={text} has no id")).caused_by(error))
        };
        self.own.get("id").map(parse).transpose()
    }

    /// A condition that is true or false.
    ///
    /// # Errors
    /// Any other word.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, Failure> {
        self.word(key, &["true", "false"]).map(|word| word.map(|word| word == "true"))
    }

    /// A condition that is one of some words.
    ///
    /// # Errors
    /// Any other word.
    pub(super) fn word(&self, key: &str, words: &[&'static str]) -> Result<Option<&'static str>, Failure> {
        let Some(text) = self.own.get(key) else { return Ok(None) };
        match words.iter().find(|word| word.eq_ignore_ascii_case(text)) {
            Some(word) => Ok(Some(word)),
            None => Err(bad(format!("the condition {key}={text} is none of {}", words.join(", ")))),
        }
    }
}

/// Checks that there is a group of the one name that a condition gives: with a typing error an empty list looks like an
/// answer.
///
/// # Errors
/// There is none; with what it may have meant.
pub(super) fn check_named_group<'a>(
    named: &Glob,
    groups: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), Failure> {
    if groups.clone().any(|group| named.matches(group)) {
        return Ok(());
    }
    let failure = bad(format!("the server has no group called `{}`", named.as_str()));
    Err(match suggestion(named.as_str(), groups) {
        Some(question) => failure.hint(question),
        None => failure.hint("`wsusctl get groups` lists those there are"),
    })
}

/// Whether the conditions of `select` hold for a kind: it is about updates.
pub(super) fn selects(noun: Noun) -> bool {
    matches!(noun, Noun::Updates | Noun::Approvals | Noun::Declines)
}

/// The conditions that only this kind has.
fn own_keys(noun: Noun) -> &'static [&'static str] {
    match noun {
        Noun::Groups => &["name", "id", "parent", "builtin"],
        Noun::Computers => &["name", "id", "group", "ip", "os", "downstream"],
        Noun::Updates => &["id", "declined", "approved"],
        Noun::Products | Noun::Families => &["title", "id", "family"],
        Noun::Classifications => &["title", "id"],
        Noun::Approvals => &["id", "group", "action", "automatic"],
        Noun::Declines => &["id"],
        Noun::Rules => &["name", "enabled", "group"],
        Noun::DownstreamServers => &["name", "mode", "parent"],
    }
}

/// All conditions of a kind.
fn keys(noun: Noun) -> Vec<&'static str> {
    let selector: &[&str] = if selects(noun) { &SELECTOR_KEYS } else { &[] };
    own_keys(noun).iter().chain(selector).copied().collect()
}

fn unknown(noun: Noun, key: &str) -> Failure {
    let keys = keys(noun);
    let mut failure = bad(format!("{} have no condition `{key}`", noun.as_str()));
    if key == "supersedingApproved" && selects(noun) {
        return failure.hint("what it means depends on a whole manifest: `wsusctl diff --explain` shows it");
    }
    if let Some(question) = suggestion(key, keys.iter().copied()) {
        failure = failure.hint(question);
    }
    failure.hint(format!("the conditions are {}", keys.join(", ")))
}

fn bad(summary: String) -> Failure {
    Failure::new(Exit::Invalid, summary)
}

#[cfg(test)]
mod tests {
    use super::{Conditions, SELECTOR_KEYS, keys};
    use crate::diagnostic::Sources;
    use crate::manifest::read_selector;
    use crate::model::listing::Noun;

    fn parse(noun: Noun, written: &[&str]) -> Result<Conditions, String> {
        let written: Vec<String> = written.iter().map(ToString::to_string).collect();
        Conditions::parse(noun, &written).map_err(|failure| failure.render())
    }

    #[test]
    fn the_manifest_reader_knows_every_selector_key() {
        for key in SELECTOR_KEYS {
            let problems = read_selector("--where", &[format!("{key}=?")], &mut Sources::default());
            let codes: Vec<&str> = problems.err().into_iter().flat_map(|all| all.0).map(|one| one.code).collect();
            assert!(!codes.contains(&"unknown-key"), "{key}: {codes:?}");
        }
    }

    #[test]
    fn what_is_no_condition_is_refused_with_those_there_are() {
        for (noun, condition, expected) in [
            (Noun::Groups, "name", "is no condition"),
            (Noun::Groups, "nmae=x", "did you mean `name`?"),
            (Noun::Groups, "kb=1", "the conditions are name, id, parent, builtin"),
            (Noun::Updates, "prodcts=x", "did you mean `products`?"),
            (Noun::Updates, "supersedingApproved=true", "depends on a whole manifest"),
            (Noun::Rules, "\u{1b}[31m=x", "`\\u001b[31m`"),
        ] {
            let refused = parse(noun, &[condition]).unwrap_err();
            assert!(refused.contains(expected), "{refused}");
        }
        assert!(parse(Noun::Groups, &["name=a", "name=b"]).unwrap_err().contains("given twice"));
    }

    #[test]
    fn values_are_checked() {
        let conditions = parse(Noun::Groups, &["id=x", "builtin=maybe", "name= Ring * "]).unwrap();
        assert!(conditions.id().is_err() && conditions.flag("builtin").is_err());
        assert!(conditions.name("name", "ring 0") && !conditions.name("name", "Servers"));
        assert!(conditions.name("parent", "anything"));
    }

    #[test]
    fn no_key_is_a_kinds_own_and_a_selectors() {
        for noun in Noun::ALL {
            let mut all = keys(noun);
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), keys(noun).len(), "{noun:?}");
        }
    }
}
