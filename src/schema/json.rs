//! Schemas as JSON, keyword by keyword in a fixed order: what a person reads first comes first.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

use super::{Document, Form, List, Map, Property, Schema, Table, Text};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

impl Document {
    /// The document's text, with a line end at its end.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("every key of a schema is a text");
        text.push('\n');
        text
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { root, definitions } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("$schema", DIALECT)?;
        keywords(root, &mut map)?;
        if !definitions.is_empty() {
            map.serialize_entry("$defs", &Pairs(definitions.iter().map(|(name, schema)| (*name, schema)).collect()))?;
        }
        map.end()
    }
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        keywords(self, &mut map)?;
        map.end()
    }
}

/// A map in the order of a list.
struct Pairs<'a>(Vec<(&'a str, &'a Schema)>);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

fn keywords<M: SerializeMap>(schema: &Schema, map: &mut M) -> Result<(), M::Error> {
    let Schema { title, description, form, nullable, default, examples } = schema;
    if let Some(title) = title {
        map.serialize_entry("title", title)?;
    }
    if !description.is_empty() {
        map.serialize_entry("description", description)?;
    }
    if let Some(default) = default {
        map.serialize_entry("default", default)?;
    }
    if !examples.is_empty() {
        let examples: Vec<Value> = examples.iter().map(|yaml| example(yaml)).collect();
        map.serialize_entry("examples", &examples)?;
    }
    match form {
        Form::Anything => Ok(()),
        Form::Flag => kind(&["boolean"], *nullable, map),
        Form::Number(least, most) => {
            kind(&["integer"], *nullable, map)?;
            map.serialize_entry("minimum", least)?;
            map.serialize_entry("maximum", most)
        }
        Form::Text(text) => text_keywords(text, *nullable, map),
        Form::Words(words) => words_keywords(words, *nullable, map),
        Form::List(list) => list_keywords(list, *nullable, map),
        Form::Map(known) => map_keywords(known, *nullable, map),
        Form::Table(table) => table_keywords(table, *nullable, map),
        Form::Either(forms) => {
            let null = Schema::words([]).nullable();
            let forms: Vec<&Schema> = forms.iter().chain(nullable.then_some(&null)).collect();
            map.serialize_entry("anyOf", &forms)
        }
        Form::Reference(name) => map.serialize_entry("$ref", &format!("#/$defs/{name}")),
    }
}

impl Schema {
    fn nullable(self) -> Self {
        Self { nullable: true, ..self }
    }
}

/// An example as a value.
fn example(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).expect("a test holds that every example is YAML")
}

fn kind<M: SerializeMap>(kinds: &[&str], nullable: bool, map: &mut M) -> Result<(), M::Error> {
    let kinds: Vec<&str> = kinds.iter().copied().chain(nullable.then_some("null")).collect();
    match kinds.as_slice() {
        [only] => map.serialize_entry("type", only),
        several => map.serialize_entry("type", several),
    }
}

fn text_keywords<M: SerializeMap>(text: &Text, nullable: bool, map: &mut M) -> Result<(), M::Error> {
    let Text { shortest, longest, pattern, as_written } = text;
    let kinds: &[&str] = if *as_written { &["string", "number", "boolean"] } else { &["string"] };
    kind(kinds, nullable, map)?;
    if *shortest > 0 {
        map.serialize_entry("minLength", shortest)?;
    }
    if let Some(longest) = longest {
        map.serialize_entry("maxLength", longest)?;
    }
    if let Some(pattern) = pattern {
        map.serialize_entry("pattern", &format!("^{pattern}$"))?;
    }
    Ok(())
}

fn words_keywords<M: SerializeMap>(words: &[&str], nullable: bool, map: &mut M) -> Result<(), M::Error> {
    match (words, nullable) {
        ([], _) => kind(&[], true, map),
        ([only], false) => map.serialize_entry("const", only),
        _ => {
            let words = words.iter().map(|word| json!(word)).chain(nullable.then_some(Value::Null));
            map.serialize_entry("enum", &words.collect::<Vec<_>>())
        }
    }
}

fn list_keywords<M: SerializeMap>(list: &List, nullable: bool, map: &mut M) -> Result<(), M::Error> {
    let List { items, filled, unique } = list;
    kind(&["array"], nullable, map)?;
    map.serialize_entry("items", items)?;
    if *filled {
        map.serialize_entry("minItems", &1)?;
    }
    if *unique {
        map.serialize_entry("uniqueItems", &true)?;
    }
    Ok(())
}

fn map_keywords<M: SerializeMap>(known: &Map, nullable: bool, map: &mut M) -> Result<(), M::Error> {
    let Map { properties, open, exactly_one, filled } = known;
    kind(&["object"], nullable, map)?;
    let pairs = properties.iter().map(|Property { name, schema, .. }| (*name, schema)).collect();
    map.serialize_entry("properties", &Pairs(pairs))?;
    let required: Vec<&str> = properties.iter().filter(|property| property.required).map(|it| it.name).collect();
    if !required.is_empty() {
        map.serialize_entry("required", &required)?;
    }
    if !exactly_one.is_empty() && exactly_one.len() == properties.len() {
        // Editors say this better than a choice of required keys.
        map.serialize_entry("minProperties", &1)?;
        map.serialize_entry("maxProperties", &1)?;
    } else if !exactly_one.is_empty() {
        let one: Vec<Value> = exactly_one.iter().map(|key| json!({"required": [key]})).collect();
        map.serialize_entry("oneOf", &one)?;
    }
    if *filled {
        map.serialize_entry("minProperties", &1)?;
    }
    if *open { Ok(()) } else { map.serialize_entry("additionalProperties", &false) }
}

fn table_keywords<M: SerializeMap>(table: &Table, nullable: bool, map: &mut M) -> Result<(), M::Error> {
    let Table { values, filled } = table;
    kind(&["object"], nullable, map)?;
    map.serialize_entry("propertyNames", &json!({"minLength": 1}))?;
    if *filled {
        map.serialize_entry("minProperties", &1)?;
    }
    map.serialize_entry("additionalProperties", values)
}

#[cfg(test)]
mod tests {
    use super::super::{Document, Map, Schema, optional, required};

    #[test]
    fn keywords_have_an_order() {
        let name = Schema::name().says("How it is called.").example("Ring 1");
        let root = Map::of(vec![
            required("name", name),
            optional("level", Schema::words(["low", "high"]).or_null("low")),
            optional("until", Schema::either([Schema::words(["never"]), Schema::number(0, 9)])),
            optional("more", Schema::table(Schema::reference("thing")).filled()),
        ]);
        let thing = Schema::choices(Schema::pattern("[a-z]+"));
        let document = Document { root: Schema::from(root).title("A thing"), definitions: vec![("thing", thing)] };
        insta::assert_snapshot!(document.render(), @r##"
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "A thing",
          "type": "object",
          "properties": {
            "name": {
              "description": "How it is called.",
              "examples": [
                "Ring 1"
              ],
              "type": [
                "string",
                "number",
                "boolean"
              ],
              "minLength": 1
            },
            "level": {
              "default": "low",
              "enum": [
                "low",
                "high",
                null
              ]
            },
            "until": {
              "anyOf": [
                {
                  "const": "never"
                },
                {
                  "type": "integer",
                  "minimum": 0,
                  "maximum": 9
                }
              ]
            },
            "more": {
              "type": "object",
              "propertyNames": {
                "minLength": 1
              },
              "minProperties": 1,
              "additionalProperties": {
                "$ref": "#/$defs/thing"
              }
            }
          },
          "required": [
            "name"
          ],
          "additionalProperties": false,
          "$defs": {
            "thing": {
              "type": "array",
              "items": {
                "type": "string",
                "pattern": "^[a-z]+$"
              },
              "minItems": 1,
              "uniqueItems": true
            }
          }
        }
        "##);
    }
}
