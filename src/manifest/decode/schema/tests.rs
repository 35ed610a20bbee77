//! The schema and the reader agree about keys, and the schema is worth reading.

use std::fs;
use std::path::Path;

use super::document;
use crate::schema::{Form, Property, Schema};

/// Every `const NAME: Shape` of the reader's files is imported by the schema, which takes its keys from it ([`super::keys`]).
#[test]
fn every_shape_of_the_reader_is_in_the_schema() {
    let directory = Path::new("src/manifest/decode");
    let mut shapes = 0;
    for (file, text) in files(directory) {
        let module =
            if file == "mod.rs" { "use super::".to_owned() } else { format!("super::{}", file.replace(".rs", "::")) };
        for line in text.lines().filter(|line| line.contains("const ") && line.contains(": Shape =")) {
            let shape = line.split("const ").nth(1).and_then(|rest| rest.split(':').next()).unwrap();
            assert!(
                imported(&module, shape),
                "src/manifest/decode/{file}: {shape} has no schema below src/manifest/decode/schema"
            );
            shapes += 1;
        }
    }
    assert!(shapes > 30, "{shapes} shapes found");
}

/// Whether a file of the schema imports this shape of this module.
fn imported(module: &str, shape: &str) -> bool {
    let imports = |text: &str| {
        let statements: Vec<String> =
            text.split("use ").skip(1).map(|rest| format!("use {}", rest.split(';').next().unwrap())).collect();
        statements.iter().any(|statement| {
            let words: Vec<&str> = statement.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            statement.contains(module) && words.contains(&shape)
        })
    };
    files(Path::new("src/manifest/decode/schema")).iter().any(|(_, text)| imports(text))
}

fn files(directory: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.extension().is_some_and(|end| end == "rs"));
    files
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap()))
        .collect()
}

/// Calls with every schema of the document and where it stands.
fn walk(visit: &mut dyn FnMut(&str, &Schema)) {
    fn below(path: &str, schema: &Schema, visit: &mut dyn FnMut(&str, &Schema)) {
        visit(path, schema);
        match &schema.form {
            Form::List(list) => below(&format!("{path}[]"), &list.items, visit),
            Form::Table(table) => below(&format!("{path}.*"), &table.values, visit),
            Form::Either(forms) => forms.iter().for_each(|form| below(path, form, visit)),
            Form::Map(map) => {
                for Property { name, schema, .. } in &map.properties {
                    below(&format!("{path}.{name}"), schema, visit);
                }
            }
            _ => {}
        }
    }
    let document = document();
    below("", &document.root, visit);
    for (name, schema) in &document.definitions {
        below(&format!("#{name}"), schema, visit);
    }
}

#[test]
fn every_key_says_what_it_means() {
    let mut silent = Vec::new();
    walk(&mut |path, schema| {
        if let Form::Map(map) = &schema.form {
            let keys = map.properties.iter().filter(|key| key.schema.description.is_empty());
            silent.extend(keys.map(|key| format!("{path}.{}", key.name)));
        }
    });
    assert!(silent.is_empty(), "{silent:#?}");
}

/// Words show themselves, and a default is an example.
#[test]
fn every_other_value_has_an_example() {
    let mut without = Vec::new();
    walk(&mut |path, schema| {
        let Form::Map(map) = &schema.form else { return };
        for Property { name, schema, .. } in &map.properties {
            let shown = !schema.examples.is_empty() || schema.default.is_some();
            let obvious = matches!(schema.form, Form::Flag | Form::Words(_) | Form::Map(_) | Form::Reference(_));
            if !shown && !obvious {
                without.push(format!("{path}.{name}"));
            }
        }
    });
    assert!(without.is_empty(), "{without:#?}");
}

#[test]
fn definitions_are_those_that_are_referred_to() {
    let mut referred = std::collections::BTreeSet::new();
    walk(&mut |_, schema| {
        if let Form::Reference(name) = schema.form {
            referred.insert(name);
        }
    });
    let defined = document().definitions.iter().map(|(name, _)| *name).collect();
    assert_eq!(referred, defined);
}
