//! The schema and the reader judge alike: at every place of the schema values are tried, good and bad ones, each in the
//! smallest manifest that has the place.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use wsusctl::diagnostic::Severity;
use wsusctl::schema::{Document, Form, Property, Schema};

use crate::judged;
use crate::validator::Validator;

/// Problems that the reader finds and no schema states, and where: keys that contradict each other, names that are there
/// twice, and what depends on more than the value.
const READERS_ALONE: &[(&str, &str)] = &[
    ("bad-language", ".spec.notifications.language"),
    ("contradiction", ".neededBy"),
    ("duplicate-downstream-server", ".spec.downstreamServers"),
    ("duplicate-group", ".spec.groups"),
    ("duplicate-rule", ".spec.approvalRules"),
    ("except-without-computers", ".except"),
    ("half-a-prune", ".prune"),
    ("proxy-without-host", ".host"),
    ("require-without-computers", ".requireComputers"),
];

struct Trial<'s> {
    document: &'s Document,
    validator: Validator,
    tried: usize,
    readers_alone: BTreeSet<(&'static str, &'static str)>,
    problems: Vec<String>,
}

#[test]
fn the_schema_and_the_reader_judge_every_value_alike() {
    let document = wsusctl::manifest::schema();
    let validator = Validator::new(&document.render());
    let mut trial =
        Trial { document: &document, validator, tried: 0, readers_alone: BTreeSet::new(), problems: Vec::new() };
    trial.place("", &document.root, &mut Vec::new(), &|value| value);
    assert!(trial.problems.is_empty(), "{} of {}:\n{}", trial.problems.len(), trial.tried, trial.problems.join("\n"));
    assert!(trial.tried > 3000, "{}", trial.tried);
    assert_eq!(trial.readers_alone.into_iter().collect::<Vec<_>>(), READERS_ALONE, "no longer the reader's alone");
}

impl Trial<'_> {
    fn defined(&self, name: &str) -> &Schema {
        &self.document.definitions.iter().find(|(known, _)| *known == name).unwrap().1
    }

    /// The smallest value that a schema takes.
    fn least(&self, schema: &Schema) -> Value {
        match &schema.form {
            Form::Map(map) => {
                let wanted = |key: &&Property| key.required || map.exactly_one.first() == Some(&key.name);
                let mut keys: Vec<&Property> = map.properties.iter().filter(wanted).collect();
                if keys.is_empty() && map.filled {
                    keys.extend(map.properties.first());
                }
                keys.into_iter().map(|key| (key.name.to_owned(), self.least(&key.schema))).collect()
            }
            Form::List(list) if !list.filled => json!([]),
            Form::List(list) => json!([self.least(&list.items)]),
            Form::Table(table) if table.filled => json!({"A": self.least(&table.values)}),
            Form::Table(_) => json!({}),
            Form::Flag => json!(true),
            Form::Words(words) => json!(words[0]),
            Form::Reference(name) => self.least(self.defined(name)),
            Form::Number(..) if schema.default.is_some() => schema.default.clone().unwrap(),
            Form::Number(least, _) if schema.examples.is_empty() => json!(least),
            Form::Text(text) if schema.examples.is_empty() && text.pattern.is_none() => json!("a text"),
            _ if schema.examples.is_empty() => match &schema.form {
                Form::Either(forms) => self.least(&forms[0]),
                other => panic!("no example: {other:?}"),
            },
            _ => example(schema.examples[0]),
        }
    }

    /// Tries values at a place and below it; `whole` makes the manifest that has a value there.
    fn place(&mut self, path: &str, schema: &Schema, within: &mut Vec<&'static str>, whole: &dyn Fn(Value) -> Value) {
        self.good(path, &self.least(schema), whole);
        for yaml in &schema.examples {
            self.good(path, &example(yaml), whole);
        }
        if schema.nullable {
            self.good(path, &schema.default.clone().unwrap_or_default(), whole);
            self.good(path, &Value::Null, whole);
        }
        let probes = [
            json!(null),
            json!(true),
            json!("true"),
            json!(0),
            json!(7),
            json!(-1),
            json!(1.5),
            json!(""),
            json!("zzz zzz"),
            json!([]),
            json!([null]),
            json!([7]),
            json!({}),
            json!({"zzz": 1}),
            json!([{}]),
            json!([["a"]]),
        ];
        for probe in probes {
            self.alike(path, &probe, whole);
        }
        self.below(path, schema, within, whole);
    }

    fn below(&mut self, path: &str, schema: &Schema, within: &mut Vec<&'static str>, whole: &dyn Fn(Value) -> Value) {
        match &schema.form {
            Form::Number(least, most) => {
                for number in [least - 1, *least, *most, most + 1] {
                    self.alike(path, &json!(number), whole);
                }
            }
            Form::Words(words) => words.iter().for_each(|word| self.good(path, &json!(word), whole)),
            Form::Text(text) => {
                if let Some(longest) = text.longest {
                    self.good(path, &json!("x".repeat(longest)), whole);
                    self.alike(path, &json!("x".repeat(longest + 1)), whole);
                }
            }
            Form::List(list) => {
                self.place(&format!("{path}[]"), &list.items, within, &|value| whole(json!([value])));
                let twice = self.least(&list.items);
                self.alike(path, &json!([twice, twice]), whole);
            }
            Form::Table(table) => {
                self.place(&format!("{path}.*"), &table.values, within, &|value| whole(json!({"A": value})));
                self.alike(path, &json!({"": self.least(&table.values)}), whole);
            }
            Form::Either(forms) => forms.iter().for_each(|form| self.below(path, form, within, whole)),
            Form::Reference(name) => {
                if !within.contains(name) {
                    within.push(name);
                    let definition = self.defined(name).clone();
                    self.place(path, &definition, within, whole);
                    within.pop();
                }
            }
            Form::Map(map) => {
                let Value::Object(base) = self.least(&Schema::from(map.clone())) else { panic!("a map") };
                for key in base.keys() {
                    let mut without = base.clone();
                    without.remove(key);
                    self.alike(path, &Value::Object(without), whole);
                }
                for Property { name, schema, .. } in &map.properties {
                    let mut base = base.clone();
                    if map.exactly_one.contains(name) {
                        // A second one of these is refused by both.
                        if !base.contains_key(*name) {
                            let both = with(&base, name, self.least(schema));
                            self.alike(path, &both, whole);
                        }
                        base.retain(|key, _| !map.exactly_one.contains(&key.as_str()));
                    }
                    self.place(&format!("{path}.{name}"), schema, within, &|value| whole(with(&base, name, value)));
                }
                let mut unknown = base.clone();
                unknown.insert("zzz".to_owned(), json!(1));
                self.alike(path, &Value::Object(unknown), whole);
            }
            Form::Flag | Form::Anything => {}
        }
    }

    /// A value that both take.
    fn good(&mut self, path: &str, value: &Value, whole: &dyn Fn(Value) -> Value) {
        let manifest = whole(value.clone());
        let problems = self.validator.problems(&manifest);
        if !problems.is_empty() {
            self.problems.push(format!("{path}: the schema refuses its own {value}: {problems:?}"));
        }
        self.alike(path, value, whole);
    }

    /// A value that both take or both refuse.
    fn alike(&mut self, path: &str, value: &Value, whole: &dyn Fn(Value) -> Value) {
        self.tried += 1;
        let manifest = whole(value.clone());
        let fits = self.validator.problems(&manifest).is_empty();
        let found = judged(&manifest.to_string());
        if found.has_errors() == fits {
            let counted = found.0.iter().filter(|problem| problem.severity == Severity::Error || !fits);
            let codes: BTreeSet<&str> = counted.map(|problem| problem.code).collect();
            let alone = |code: &&str| {
                READERS_ALONE.iter().find(|(known, place)| known == code && path.contains(place)).copied()
            };
            let explained: Option<Vec<_>> = codes.iter().map(alone).collect();
            if let (true, Some(explained)) = (fits, explained) {
                self.readers_alone.extend(explained);
            } else {
                self.problems.push(format!("{path} = {value}: the schema says {fits}, the reader {codes:?}"));
            }
        }
    }
}

fn with(map: &Map<String, Value>, key: &str, value: Value) -> Value {
    let mut map = map.clone();
    map.insert(key.to_owned(), value);
    Value::Object(map)
}

fn example(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).unwrap()
}
