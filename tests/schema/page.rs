//! The reference page of the manifest: the schema, for people.

use std::fmt::Write;

use serde_json::Value;
use wsusctl::schema::{Document, Form, Map, Property, Schema, Text};

const HEAD: &str = "\
# The manifest

<!-- Generated from the schema; `WSUSCTL_UPDATE_DOCS=1 cargo test --test schema committed` writes it anew. -->

Every key of a manifest: what it takes, what it means, and the default that `null` stands for. A key that is left out is not \
managed; in approvals and in `management` its default counts. [Declaring a server](../manifest.md) says what declaring \
means, section by section; [JSON Schemas](schema.md) how an \
editor checks all this.

";

/// Writes the page.
pub fn page(document: &Document) -> String {
    let mut page = HEAD.to_owned();
    page += &format!("{}\n", document.root.description);
    let Form::Map(root) = &document.root.form else { panic!("a manifest is a map") };
    page += "\n| key | takes | default | meaning |\n|---|---|---|---|\n";
    for property in &root.properties {
        let nested = matches!(&property.schema.form, Form::Map(map) if property.name != "spec" && map.properties.len() < 3)
            && property.schema.title.is_none();
        row(&mut page, "", property);
        if let (true, Form::Map(map)) = (nested, &property.schema.form) {
            rows(&mut page, &format!("{}.", property.name), map);
        }
    }
    for property in &root.properties {
        match (&property.schema.form, property.schema.title) {
            (Form::Map(spec), None) if property.name == "spec" => {
                spec.properties.iter().for_each(|property| section(&mut page, property.name, &property.schema));
            }
            (_, Some(_)) => section(&mut page, property.name, &property.schema),
            _ => {}
        }
    }
    for (_, definition) in &document.definitions {
        section(&mut page, "", definition);
    }
    page
}

/// A heading, what the section is, an example and its keys.
fn section(page: &mut String, key: &str, schema: &Schema) {
    let heading = if key.is_empty() { schema.title.unwrap().to_owned() } else { key.to_owned() };
    write!(page, "\n## {heading}\n\n{}\n", schema.description).unwrap();
    if !matches!(maps(schema).as_slice(), [_]) || matches!(schema.form, Form::Either(_) | Form::List(_)) {
        write!(page, "\nIt takes {}.\n", takes(schema)).unwrap();
    }
    if !schema.examples.is_empty() {
        let key = if key.is_empty() { String::new() } else { format!("{key}: ") };
        let examples: String = schema.examples.iter().map(|example| format!("{key}{example}\n")).collect();
        write!(page, "\n```yaml\n{examples}```\n").unwrap();
    }
    let mut table = String::new();
    maps(schema).into_iter().for_each(|map| rows(&mut table, "", map));
    if !table.is_empty() {
        write!(page, "\n| key | takes | default | meaning |\n|---|---|---|---|\n{table}").unwrap();
    }
}

/// The maps with known keys that a value may be: itself, its items, or one of its forms.
fn maps(schema: &Schema) -> Vec<&Map> {
    match &schema.form {
        Form::Map(map) => vec![map],
        Form::List(list) => maps(&list.items),
        Form::Either(forms) => forms.iter().flat_map(maps).collect(),
        _ => Vec::new(),
    }
}

fn rows(table: &mut String, prefix: &str, map: &Map) {
    for property in &map.properties {
        row(table, prefix, property);
        let list = if matches!(property.schema.form, Form::List(_)) { "[]" } else { "" };
        for map in maps(&property.schema) {
            rows(table, &format!("{prefix}{}{list}.", property.name), map);
        }
    }
}

fn row(table: &mut String, prefix: &str, property: &Property) {
    let Property { name, required, schema } = property;
    let default = match &schema.default {
        _ if *required => "**required**".to_owned(),
        Some(Value::String(word)) if word.is_empty() => "`\"\"`".to_owned(),
        Some(Value::String(word)) => format!("`{word}`"),
        Some(default) => format!("`{default}`"),
        None => String::new(),
    };
    let examples: Vec<String> = schema.examples.iter().map(|example| format!("`{example}`")).collect();
    let examples = if examples.is_empty() || matches!(schema.form, Form::Map(_)) || schema.title.is_some() {
        String::new()
    } else {
        format!(" For example {}.", examples.join(" or "))
    };
    let meaning = format!("{}{examples}", schema.description);
    writeln!(table, "| `{prefix}{name}` | {} | {default} | {meaning} |", takes(schema)).unwrap();
}

/// What a value may be, in words.
fn takes(schema: &Schema) -> String {
    match &schema.form {
        Form::Anything => "anything".to_owned(),
        Form::Flag => "`true`, `false`".to_owned(),
        Form::Number(least, most) if least == most => format!("`{least}`"),
        Form::Number(least, most) if *most >= i64::from(i32::MAX) => format!("a number from {least}"),
        Form::Number(least, most) => format!("{least} to {most}"),
        Form::Text(Text { longest: Some(longest), shortest, .. }) => {
            let empty = if *shortest == 0 { ", perhaps empty" } else { "" };
            format!("a text of at most {longest} characters{empty}")
        }
        Form::Text(_) => "a text".to_owned(),
        Form::Words(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Form::List(list) => {
            let filled = if list.filled { ", never empty" } else { "" };
            match &list.items.form {
                Form::Text(_) => format!("a list of texts{filled}"),
                Form::Map(map) if map.exactly_one.is_empty() => format!("a list of maps{filled}"),
                _ => format!("a list{filled}, each {}", takes(&list.items)),
            }
        }
        Form::Map(map) if map.properties.is_empty() => "`{}`".to_owned(),
        Form::Map(map) if !map.exactly_one.is_empty() => {
            let keys: Vec<String> = map.exactly_one.iter().map(|key| format!("`{key}`")).collect();
            format!("a map with exactly one of {}", keys.join(", "))
        }
        Form::Map(_) => "a map".to_owned(),
        Form::Table(table) => format!("a map of names, each {}", takes(&table.values)),
        Form::Either(forms) => forms.iter().map(takes).collect::<Vec<_>>().join(", or "),
        Form::Reference(name) => link(name),
    }
}

fn link(name: &str) -> String {
    let document = wsusctl::manifest::schema();
    let (_, definition) = document.definitions.iter().find(|(known, _)| *known == name).unwrap();
    let title = definition.title.unwrap();
    let anchor: String = title
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == ' ')
        .map(|c| if c == ' ' { '-' } else { c })
        .collect();
    let mut text = title.to_owned();
    text[..1].make_ascii_lowercase();
    format!("[{text}](#{anchor})")
}
