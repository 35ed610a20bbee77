//! A validator for the keywords that our schemas use, and for no others: whatever else a schema says fails the test, so no
//! keyword slips in that editors do not know. Another program's validator judges the same documents (`second_opinion.rs`).

use std::cell::RefCell;
use std::collections::BTreeMap;

use regex_automata::Input;
use regex_automata::dfa::{Automaton, dense};
use regex_automata::util::syntax;
use serde_json::{Map, Value};

/// A schema to judge documents by.
pub struct Validator {
    schema: Value,
    /// Whether keys that the schema does not have are problems even where it lets them pass, for later versions.
    strict: bool,
    patterns: RefCell<BTreeMap<String, dense::DFA<Vec<u32>>>>,
}

impl Validator {
    /// Judges by this schema.
    pub fn new(schema: &str) -> Self {
        let schema = serde_json::from_str(schema).unwrap();
        Self { schema, strict: false, patterns: RefCell::default() }
    }

    /// Judges by this schema, and finds keys that it does not have wherever it has some.
    #[allow(dead_code, reason = "not every test binary is that strict")]
    pub fn strict(schema: &str) -> Self {
        Self { strict: true, ..Self::new(schema) }
    }

    /// What is wrong with a document: places and keywords.
    pub fn problems(&self, document: &Value) -> Vec<String> {
        let mut problems = Vec::new();
        self.judge(&self.schema, document, "", &mut problems);
        problems
    }

    fn judge(&self, schema: &Value, value: &Value, place: &str, problems: &mut Vec<String>) {
        let schema = schema.as_object().unwrap();
        for (keyword, argument) in schema {
            if !self.holds(schema, keyword, argument, value, place, problems) {
                problems.push(format!("{place}: {keyword} {argument}"));
            }
        }
    }

    /// Whether a keyword holds of a value; problems below the value are added by themselves.
    fn holds(
        &self,
        schema: &Map<String, Value>,
        keyword: &str,
        argument: &Value,
        value: &Value,
        place: &str,
        problems: &mut Vec<String>,
    ) -> bool {
        let size = |limit: &Value| usize::try_from(limit.as_u64().unwrap()).unwrap();
        let length = |text: &str| text.chars().count();
        let fits = |schema: &Value| {
            let mut found = Vec::new();
            self.judge(schema, value, place, &mut found);
            found.is_empty()
        };
        match (keyword, value) {
            ("$schema" | "$defs" | "title" | "description" | "default" | "examples", _) => true,
            ("$ref", _) => {
                let name = argument.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                self.judge(&self.schema["$defs"][name], value, place, problems);
                true
            }
            ("type", _) => match argument {
                Value::Array(kinds) => kinds.iter().any(|kind| is(kind, value)),
                kind => is(kind, value),
            },
            ("const", _) => argument == value,
            ("enum", _) => argument.as_array().unwrap().contains(value),
            ("anyOf", _) => argument.as_array().unwrap().iter().any(fits),
            ("oneOf", _) => argument.as_array().unwrap().iter().filter(|schema| fits(schema)).count() == 1,
            ("minimum", Value::Number(number)) => number.as_f64() >= argument.as_f64(),
            ("maximum", Value::Number(number)) => number.as_f64() <= argument.as_f64(),
            ("minLength", Value::String(text)) => length(text) >= size(argument),
            ("maxLength", Value::String(text)) => length(text) <= size(argument),
            ("pattern", Value::String(text)) => self.matches(argument.as_str().unwrap(), text),
            ("minItems", Value::Array(items)) => items.len() >= size(argument),
            ("uniqueItems", Value::Array(items)) => {
                items.iter().enumerate().all(|(at, item)| !items[..at].contains(item))
            }
            ("items", Value::Array(items)) => {
                for (at, item) in items.iter().enumerate() {
                    self.judge(argument, item, &format!("{place}[{at}]"), problems);
                }
                true
            }
            ("minProperties", Value::Object(map)) => map.len() >= size(argument),
            ("maxProperties", Value::Object(map)) => map.len() <= size(argument),
            ("required", Value::Object(map)) => {
                argument.as_array().unwrap().iter().all(|key| map.contains_key(key.as_str().unwrap()))
            }
            ("propertyNames", Value::Object(map)) => {
                map.keys().for_each(|key| self.judge(argument, &Value::from(key.as_str()), place, problems));
                true
            }
            ("properties", Value::Object(map)) => {
                for (key, value) in map {
                    match argument.get(key) {
                        Some(schema) => self.judge(schema, value, &format!("{place}.{key}"), problems),
                        None if self.strict => problems.push(format!("{place}.{key}: is not in the schema")),
                        None => {}
                    }
                }
                true
            }
            ("additionalProperties", Value::Object(map)) => {
                let known = schema.get("properties").and_then(Value::as_object);
                let others = map.iter().filter(|(key, _)| known.is_none_or(|known| !known.contains_key(*key)));
                for (key, value) in others {
                    let place = format!("{place}.{key}");
                    match argument {
                        Value::Bool(allowed) if *allowed => {}
                        Value::Bool(_) => problems.push(format!("{place}: is not allowed")),
                        schema => self.judge(schema, value, &place, problems),
                    }
                }
                true
            }
            (
                "minimum"
                | "maximum"
                | "minLength"
                | "maxLength"
                | "pattern"
                | "minItems"
                | "uniqueItems"
                | "items"
                | "minProperties"
                | "maxProperties"
                | "required"
                | "propertyNames"
                | "properties"
                | "additionalProperties",
                _,
            ) => true,
            _ => panic!("a keyword that no schema of ours has: {keyword}"),
        }
    }

    fn matches(&self, pattern: &str, text: &str) -> bool {
        let mut patterns = self.patterns.borrow_mut();
        let automaton = patterns.entry(pattern.to_owned()).or_insert_with(|| {
            let ascii = syntax::Config::new().unicode(false).utf8(false);
            dense::Builder::new().syntax(ascii).build(pattern).unwrap()
        });
        automaton.try_search_fwd(&Input::new(text)).unwrap().is_some()
    }
}

fn is(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        other => panic!("no type: {other}"),
    }
}
