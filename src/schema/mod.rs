//! JSON Schemas (draft 2020-12) as values: what a document may hold and what it means, for editors, for validators and for
//! the reference page.
//!
//! Only the keywords that editors understand can be said, and their order is fixed, so equal schemas are equal bytes.

mod json;

use std::borrow::Cow;

use serde_json::Value;

/// A whole schema: a root and what it refers to.
#[derive(Debug, Clone)]
pub struct Document {
    /// What the document must be.
    pub root: Schema,
    /// Named schemas that [`Form::Reference`] points to, in the order in which they are written.
    pub definitions: Vec<(&'static str, Schema)>,
}

/// What a value may be, and what it means.
#[derive(Debug, Clone)]
pub struct Schema {
    /// A heading; of the root and of definitions.
    pub title: Option<&'static str>,
    /// What it means, in sentences; empty where a definition says it.
    pub description: Cow<'static, str>,
    /// What it may be.
    pub form: Form,
    /// Whether it may be null as well.
    pub nullable: bool,
    /// What null or leaving it out means, where the product or the program has a default.
    pub default: Option<Value>,
    /// Examples, as they are written in YAML.
    pub examples: Vec<&'static str>,
}

/// What a value may be.
#[derive(Debug, Clone)]
pub enum Form {
    /// Whatever JSON has.
    Anything,
    /// `true` or `false`.
    Flag,
    /// A whole number from the first to the second, both included.
    Number(i64, i64),
    /// A text.
    Text(Text),
    /// One of these words.
    Words(Vec<&'static str>),
    /// A list.
    List(Box<List>),
    /// A map with known keys.
    Map(Map),
    /// A map whose keys are anybody's and whose values are alike.
    Table(Box<Table>),
    /// One of several forms.
    Either(Vec<Schema>),
    /// The definition of this name.
    Reference(&'static str),
}

/// A text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Text {
    /// Fewest characters.
    pub shortest: usize,
    /// Most characters, where there is a limit.
    pub longest: Option<usize>,
    /// A regular expression without anchors that the whole text matches; alternatives stand in a group.
    pub pattern: Option<&'static str>,
    /// Whether what YAML reads as a number or a truth value is taken as the text that was written.
    pub as_written: bool,
}

/// A list.
#[derive(Debug, Clone)]
pub struct List {
    /// What its items are.
    pub items: Schema,
    /// Whether it holds something.
    pub filled: bool,
    /// Whether nothing is in it twice.
    pub unique: bool,
}

/// A map with known keys.
#[derive(Debug, Clone, Default)]
pub struct Map {
    /// The keys, in the order in which they are shown.
    pub properties: Vec<Property>,
    /// Whether other keys may be there, too: those of a later version.
    pub open: bool,
    /// Keys of which exactly one is there; none where there is no such rule.
    pub exactly_one: Vec<&'static str>,
    /// Whether it holds something.
    pub filled: bool,
}

/// A key of a map.
#[derive(Debug, Clone)]
pub struct Property {
    /// The key.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// Its value.
    pub schema: Schema,
}

/// A map whose keys are anybody's.
#[derive(Debug, Clone)]
pub struct Table {
    /// What its values are.
    pub values: Schema,
    /// Whether it holds something.
    pub filled: bool,
}

impl Schema {
    /// A value of this form.
    #[must_use]
    pub fn new(form: Form) -> Self {
        Self { title: None, description: Cow::Borrowed(""), form, nullable: false, default: None, examples: Vec::new() }
    }

    /// `true` or `false`.
    #[must_use]
    pub fn flag() -> Self {
        Self::new(Form::Flag)
    }

    /// A whole number.
    #[must_use]
    pub fn number(least: impl Into<i64>, most: impl Into<i64>) -> Self {
        Self::new(Form::Number(least.into(), most.into()))
    }

    /// A text that is not empty. In YAML it may be written without quotes whatever it looks like.
    #[must_use]
    pub fn name() -> Self {
        Self::new(Form::Text(Text { shortest: 1, as_written: true, ..Text::default() }))
    }

    /// A text that matches a regular expression as a whole.
    #[must_use]
    pub fn pattern(pattern: &'static str) -> Self {
        Self::new(Form::Text(Text { pattern: Some(pattern), ..Text::default() }))
    }

    /// Any text.
    #[must_use]
    pub fn text() -> Self {
        Self::new(Form::Text(Text::default()))
    }

    /// One of these words.
    #[must_use]
    pub fn words(words: impl IntoIterator<Item = &'static str>) -> Self {
        Self::new(Form::Words(words.into_iter().collect()))
    }

    /// A list, perhaps empty.
    #[must_use]
    pub fn list(items: Self) -> Self {
        Self::new(Form::List(Box::new(List { items, filled: false, unique: false })))
    }

    /// A list that is not empty and has nothing twice.
    #[must_use]
    pub fn choices(items: Self) -> Self {
        Self::list(items).filled().unique()
    }

    /// A map whose keys are anybody's, perhaps empty.
    #[must_use]
    pub fn table(values: Self) -> Self {
        Self::new(Form::Table(Box::new(Table { values, filled: false })))
    }

    /// One of several forms.
    #[must_use]
    pub fn either(forms: impl IntoIterator<Item = Self>) -> Self {
        Self::new(Form::Either(forms.into_iter().collect()))
    }

    /// The definition of this name.
    #[must_use]
    pub fn reference(name: &'static str) -> Self {
        Self::new(Form::Reference(name))
    }

    /// The same with a heading.
    #[must_use]
    pub fn title(self, title: &'static str) -> Self {
        Self { title: Some(title), ..self }
    }

    /// The same with its meaning.
    #[must_use]
    pub fn says(self, description: impl Into<Cow<'static, str>>) -> Self {
        Self { description: description.into(), ..self }
    }

    /// The same, where null stands for this default.
    #[must_use]
    pub fn or_null(self, default: impl Into<Value>) -> Self {
        Self { nullable: true, default: Some(default.into()), ..self }
    }

    /// The same, with what leaving it out means.
    #[must_use]
    pub fn by_default(self, default: impl Into<Value>) -> Self {
        Self { default: Some(default.into()), ..self }
    }

    /// The same with an example, as it is written in YAML.
    #[must_use]
    pub fn example(mut self, yaml: &'static str) -> Self {
        self.examples.push(yaml);
        self
    }

    /// The same list, where nothing is twice.
    #[must_use]
    pub fn unique(mut self) -> Self {
        if let Form::List(list) = &mut self.form {
            list.unique = true;
        }
        self
    }

    /// The same list or map, where it may not be empty.
    #[must_use]
    pub fn filled(mut self) -> Self {
        match &mut self.form {
            Form::List(list) => list.filled = true,
            Form::Map(map) => map.filled = true,
            Form::Table(table) => table.filled = true,
            _ => {}
        }
        self
    }
}

impl Map {
    /// A map of these keys.
    #[must_use]
    pub fn of(properties: Vec<Property>) -> Self {
        Self { properties, ..Self::default() }
    }

    /// The same, where other keys may be there, too.
    #[must_use]
    pub fn open(self) -> Self {
        Self { open: true, ..self }
    }

    /// The same, where exactly one of these keys is there.
    #[must_use]
    pub fn exactly_one(self, keys: &[&'static str]) -> Self {
        Self { exactly_one: keys.to_vec(), ..self }
    }
}

impl From<Map> for Schema {
    fn from(map: Map) -> Self {
        Self::new(Form::Map(map))
    }
}

/// A key that must be there.
#[must_use]
pub fn required(name: &'static str, schema: Schema) -> Property {
    Property { name, required: true, schema }
}

/// A key that may be left out.
#[must_use]
pub fn optional(name: &'static str, schema: Schema) -> Property {
    Property { name, required: false, schema }
}
