//! Lists as procedures take them: XML in the shape that the live procedure reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use tiberius::ColumnData;
use uuid::Uuid;

use super::bind::BindError;
use super::echo::bind_cell;
use super::{WriteError, Writer};
use crate::model::list_shape::{ListBasis, ListContent, ListShape};
use crate::model::procedure::{LiveParameter, Procedure};
use crate::model::setting::Cell;
use crate::susdb::contract::lists::list_of;
use crate::susdb::read::read_category_numbers;

/// An entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// Fields by name.
    Fields(Vec<(&'static str, String)>),
    /// One value.
    Value(String),
}

/// Categories by both of their names: which of them a list carries is the live procedure's to say.
#[derive(Debug, Default)]
pub(super) struct CategoryNumbers(BTreeMap<i32, Uuid>);

impl CategoryNumbers {
    /// Entries for categories that are known by number, as the tables of rules have them.
    pub(super) fn of_numbers(&self, shape: &ListShape, numbers: &BTreeSet<i32>) -> Result<Vec<Entry>, String> {
        let guid = |number: &i32| self.0.get(number).map(Uuid::to_string).ok_or_else(|| number.to_string());
        let entry = |number: &i32| match shape.content {
            ListContent::Numbers => Ok(Entry::Value(number.to_string())),
            _ => guid(number).map(Entry::Value),
        };
        numbers.iter().map(entry).collect()
    }

    /// Entries for categories that are known by their ids.
    pub(super) fn of_ids(&self, shape: &ListShape, ids: &BTreeSet<Uuid>) -> Result<Vec<Entry>, String> {
        let number = |id: &Uuid| self.0.iter().find(|(_, known)| *known == id).map(|(number, _)| number.to_string());
        let entry = |id: &Uuid| match shape.content {
            ListContent::Numbers => number(id).map(Entry::Value).ok_or_else(|| id.to_string()),
            _ => Ok(Entry::Value(id.to_string())),
        };
        ids.iter().map(entry).collect()
    }
}

impl Writer<'_> {
    /// How a list of a procedure is written.
    pub(super) fn shape(&self, procedure: Procedure, parameter: &str) -> ListShape {
        let known = self.procedures.get(&procedure).into_iter().flat_map(|state| &state.lists);
        let mut known = known.filter(|shape| shape.parameter.eq_ignore_ascii_case(parameter));
        let assumed = || {
            let list = list_of(procedure, parameter).expect("every list that is written is in the contract");
            list.assumed(ListBasis::Hidden)
        };
        known.next().cloned().unwrap_or_else(assumed)
    }

    /// Reads the categories, for lists of them.
    pub(super) async fn category_numbers(&mut self, procedure: Procedure) -> Result<CategoryNumbers, WriteError> {
        let numbers = read_category_numbers(self.session).await;
        numbers.map(CategoryNumbers).map_err(|source| WriteError::Unread { procedure, source: Box::new(source) })
    }
}

/// A list in the parameter's type.
pub(super) fn bind_list(
    parameter: &LiveParameter,
    shape: &ListShape,
    entries: impl IntoIterator<Item = Entry>,
) -> Result<ColumnData<'static>, BindError> {
    bind_cell(parameter, &Cell::Text(xml(shape, entries)))
}

fn xml(shape: &ListShape, entries: impl IntoIterator<Item = Entry>) -> String {
    let ListShape { parameter: _, root, item, content, basis: _ } = shape;
    let mut xml = format!("<{root}>");
    for entry in entries {
        match entry {
            Entry::Value(value) => write!(xml, "<{item}>{}</{item}>", escaped(&value)),
            Entry::Fields(fields) if *content == ListContent::Attributes => {
                let fields = fields.iter().map(|(name, value)| format!(" {name}=\"{}\"", escaped(value)));
                write!(xml, "<{item}{}/>", fields.collect::<String>())
            }
            Entry::Fields(fields) => {
                let fields = fields.iter().map(|(name, value)| format!("<{name}>{}</{name}>", escaped(value)));
                write!(xml, "<{item}>{}</{item}>", fields.collect::<String>())
            }
        }
        .expect("a string takes any text");
    }
    write!(xml, "</{root}>").expect("a string takes any text");
    xml
}

/// A text as XML, between tags or in an attribute. What XML cannot hold at all becomes a question mark.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                write!(out, "&#{};", u32::from(c)).expect("a string takes any text");
            }
            c if u32::from(c) < 0x20 || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('?'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use uuid::Uuid;

    use super::{CategoryNumbers, Entry, xml};
    use crate::model::list_shape::{ListBasis, ListContent, ListShape};
    use crate::model::procedure::Procedure;
    use crate::susdb::contract::lists::list_of;

    fn languages(content: ListContent) -> ListShape {
        let list = list_of(Procedure::SetConfiguration, "@languagesxml").unwrap();
        ListShape { content, ..list.assumed(ListBasis::Found) }
    }

    fn categories(content: ListContent) -> ListShape {
        let list = list_of(Procedure::SetAutoDeploymentRule, "@updateCategoryIDListXml").unwrap();
        ListShape { content, ..list.assumed(ListBasis::Found) }
    }

    #[test]
    fn fields_are_elements_or_attributes_as_the_procedure_reads_them() {
        let entry = || [Entry::Fields(vec![("LanguageName", "a \"<&>\n\u{1}".into()), ("State", "0".into())])];
        let text = "a &quot;&lt;&amp;&gt;&#10;?";
        assert_eq!(
            xml(&languages(ListContent::Elements), entry()),
            format!("<Root><Language><LanguageName>{text}</LanguageName><State>0</State></Language></Root>")
        );
        assert_eq!(
            xml(&languages(ListContent::Attributes), entry()),
            format!("<Root><Language LanguageName=\"{text}\" State=\"0\"/></Root>")
        );
        assert_eq!(xml(&languages(ListContent::Elements), []), "<Root></Root>");
    }

    #[test]
    fn categories_are_named_as_the_procedure_reads_them() {
        let id = Uuid::from_u128(7);
        let known = CategoryNumbers(BTreeMap::from([(3, id)]));
        let (guids, numbers) = (categories(ListContent::Guids), categories(ListContent::Numbers));
        let list = |entries: Result<Vec<Entry>, String>| xml(&guids, entries.unwrap());
        let (as_guid, as_number) =
            (format!("<root><CategoryID>{id}</CategoryID></root>"), "<root><CategoryID>3</CategoryID></root>");
        assert_eq!(list(known.of_numbers(&guids, &BTreeSet::from([3]))), as_guid);
        assert_eq!(list(known.of_numbers(&numbers, &BTreeSet::from([3]))), as_number);
        assert_eq!(list(known.of_ids(&guids, &BTreeSet::from([id]))), as_guid);
        assert_eq!(list(known.of_ids(&numbers, &BTreeSet::from([id]))), as_number);
        // What has no name of the right kind is said, not left out.
        assert_eq!(known.of_numbers(&guids, &BTreeSet::from([3, 4])), Err("4".to_owned()));
        let other = Uuid::from_u128(8);
        assert_eq!(known.of_ids(&numbers, &BTreeSet::from([other])), Err(other.to_string()));
    }
}
