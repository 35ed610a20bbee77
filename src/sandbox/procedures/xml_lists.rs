//! The flat lists that procedures take as XML: a root, and children with a text or with named fields.
//!
//! Nothing but that is read: no comments, no processing instructions but the declaration, no mixed content.
//!
//! Fields are child elements and ids are GUIDs, as the constants and signatures of WSUS's own API have them; whoever sends
//! anything else gets what OPENXML would find there: nothing. A variant reads the other way.
//!
//! Source: UpdateManagement assemblies (WSUS 10.0.14393; grade B); kbupdate, a trace of another procedure with GUIDs (grade A
//! for that one).

use std::collections::BTreeMap;

use crate::sandbox::options::Behaviour;

/// A list that a procedure takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct List {
    procedure: &'static str,
    parameter: &'static str,
    root: &'static str,
    item: &'static str,
    /// The fields of an item with their types; none where it is one value.
    fields: &'static [(&'static str, &'static str)],
    /// The type of the value.
    value: &'static str,
}

const fn ids(procedure: &'static str, parameter: &'static str, item: &'static str) -> List {
    List { procedure, parameter, root: "root", item, fields: &[], value: "uniqueidentifier" }
}

const fn records(parameter: &'static str, item: &'static str, fields: &'static [(&'static str, &'static str)]) -> List {
    List { procedure: "spSetConfiguration", parameter, root: "Root", item, fields, value: "" }
}

const CATEGORY: &str = "CategoryID";
const RULE: &str = "spSetAutoDeploymentRule";
const SUBSCRIPTION: &str = "spSetSubscription";

/// Languages.
pub(super) const LANGUAGES: List =
    records("@LanguagesXml", "Language", &[("LanguageName", "nvarchar(16)"), ("State", "bit"), ("StateUss", "bit")]);
/// Program keys.
pub(super) const PROGRAM_KEYS: List =
    records("@ProgramKeyXml", "Key", &[("ID", "uniqueidentifier"), ("Description", "nvarchar(256)")]);
/// A rule's classifications.
pub(super) const RULE_CLASSIFICATIONS: List = ids(RULE, "@updateClassificationIDListXml", CATEGORY);
/// A rule's categories.
pub(super) const RULE_CATEGORIES: List = ids(RULE, "@updateCategoryIDListXml", CATEGORY);
/// A rule's groups.
pub(super) const RULE_GROUPS: List = ids(RULE, "@targetGroupIDListXml", "TargetGroupID");
/// What is synchronised of categories.
pub(super) const CATEGORIES: List = ids(SUBSCRIPTION, "@CategoryIDListXml", CATEGORY);
/// What is synchronised of classifications.
pub(super) const CLASSIFICATIONS: List = ids(SUBSCRIPTION, "@UpdateClassificationIDListXml", CATEGORY);
/// Addresses.
pub(super) const RECIPIENTS: List = List {
    procedure: "spAddEmailNotificationRecipient",
    parameter: "@EmailAddresses",
    root: "recipients",
    item: "recipient",
    fields: &[],
    value: "nvarchar(256)",
};

const LISTS: [List; 8] = [
    LANGUAGES,
    PROGRAM_KEYS,
    RULE_CLASSIFICATIONS,
    RULE_CATEGORIES,
    RULE_GROUPS,
    CATEGORIES,
    CLASSIFICATIONS,
    RECIPIENTS,
];

/// How a procedure reads its lists, as its definition would say it in T-SQL.
pub(in crate::sandbox) fn as_read(procedure: &str, behaviours: &[Behaviour]) -> String {
    let lists = LISTS.iter().filter(|list| list.procedure.eq_ignore_ascii_case(procedure));
    lists.map(|list| list.as_read(behaviours)).collect()
}

impl List {
    fn as_read(&self, behaviours: &[Behaviour]) -> String {
        let Self { procedure: _, parameter, root, item, fields, value } = *self;
        if fields.is_empty() {
            let value = if item == CATEGORY && behaviours.contains(&Behaviour::LocalIds) { "int" } else { value };
            return format!(
                "SELECT entry.c.value('.', '{value}') FROM (SELECT CAST({parameter} AS xml)) AS given(list)\n    \
                 CROSS APPLY given.list.nodes('/{root}/{item}') AS entry(c)\n"
            );
        }
        let flag = if behaviours.contains(&Behaviour::Attributes) { 1 } else { 2 };
        let columns: Vec<String> = fields.iter().map(|(name, type_name)| format!("{name} {type_name}")).collect();
        format!(
            "EXEC sp_xml_preparedocument @document OUTPUT, {parameter}\n\
             SELECT * FROM OPENXML(@document, N'/{root}/{item}', {flag}) WITH ({})\n",
            columns.join(", ")
        )
    }
}

/// One child of the root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Item {
    /// What stands between its tags, where no element does.
    pub(super) text: String,
    /// Its fields by name.
    pub(super) fields: BTreeMap<String, String>,
}

/// A text that is no list of the expected shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    /// Another character or tag is expected.
    #[error("{expected} is missing at character {position}")]
    Missing {
        /// What is expected.
        expected: String,
        /// Where, in bytes.
        position: usize,
    },
    /// An entity that XML itself does not define.
    #[error("the entity at character {position} is not known")]
    UnknownEntity {
        /// Where, in bytes.
        position: usize,
    },
    /// A field that is named twice.
    #[error("{name} is given twice")]
    Twice {
        /// The field.
        name: String,
    },
}

/// Reads a list. NULL and blank text are none.
pub(super) fn read(text: Option<&str>, list: &List, behaviours: &[Behaviour]) -> Result<Option<Vec<Item>>, Malformed> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    let (root, child) = (list.root, list.item);
    let mut reader = Reader { text, position: 0, takes_attributes: behaviours.contains(&Behaviour::Attributes) };
    reader.declaration();
    let mut items = Vec::new();
    let (fields, empty) = reader.open(root)?;
    if !fields.is_empty() {
        return Err(reader.missing("a root without attributes"));
    }
    if !empty {
        while !reader.closes() {
            items.push(reader.item(child)?);
        }
        reader.close(root)?;
    }
    reader.blank();
    if reader.rest().is_empty() { Ok(Some(items)) } else { Err(reader.missing("the end")) }
}

struct Reader<'a> {
    text: &'a str,
    position: usize,
    takes_attributes: bool,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    fn missing(&self, expected: &str) -> Malformed {
        Malformed::Missing { expected: expected.to_owned(), position: self.position }
    }

    fn blank(&mut self) {
        self.position = self.text.len() - self.rest().trim_start().len();
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.position += token.len();
        }
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), Malformed> {
        if self.take(token) { Ok(()) } else { Err(self.missing(token)) }
    }

    fn declaration(&mut self) {
        self.blank();
        if self.rest().starts_with("<?xml ") {
            self.position += self.rest().find("?>").map_or(0, |end| end + 2);
        }
    }

    fn closes(&mut self) -> bool {
        self.blank();
        self.rest().starts_with("</")
    }

    fn close(&mut self, name: &str) -> Result<(), Malformed> {
        self.expect(&format!("</{name}"))?;
        self.blank();
        self.expect(">")
    }

    fn name(&mut self) -> Result<&'a str, Malformed> {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        self.position += end;
        if end == 0 { Err(self.missing("a name")) } else { Ok(&rest[..end]) }
    }

    /// Reads a start tag: its attributes, and whether the element ends with it.
    fn open(&mut self, name: &str) -> Result<(BTreeMap<String, String>, bool), Malformed> {
        self.blank();
        self.expect("<")?;
        let start = self.position;
        if self.name()? != name {
            self.position = start;
            return Err(self.missing(name));
        }
        let mut fields = BTreeMap::new();
        loop {
            self.blank();
            if self.take("/>") {
                return Ok((fields, true));
            }
            if self.take(">") {
                return Ok((fields, false));
            }
            let name = self.name()?;
            self.expect("=")?;
            let quote = if self.take("'") { '\'' } else { '"' };
            if quote == '"' {
                self.expect("\"")?;
            }
            let value = self.until(quote)?;
            self.position += 1;
            add(&mut fields, name, value)?;
        }
    }

    fn item(&mut self, name: &str) -> Result<Item, Malformed> {
        let (attributes, empty) = self.open(name)?;
        let mut fields = if self.takes_attributes { attributes } else { BTreeMap::new() };
        if empty {
            return Ok(Item { text: String::new(), fields });
        }
        let text = self.until('<')?;
        while !self.closes() {
            let start = self.position;
            self.expect("<")?;
            let field = self.name()?;
            self.position = start;
            let (attributes, empty) = self.open(field)?;
            if !attributes.is_empty() {
                return Err(self.missing("a field without attributes"));
            }
            let value = if empty { String::new() } else { self.until('<')? };
            if !empty {
                self.close(field)?;
            }
            if !self.takes_attributes {
                add(&mut fields, field, value)?;
            }
        }
        self.close(name)?;
        Ok(Item { text: text.trim().to_owned(), fields })
    }

    /// Reads text up to a character, which stays, and resolves entities.
    fn until(&mut self, end: char) -> Result<String, Malformed> {
        let raw = self.rest().split(end).next().unwrap_or_default();
        if raw.len() == self.rest().len() {
            return Err(self.missing(&end.to_string()));
        }
        let mut text = String::new();
        let stop = self.position + raw.len();
        while self.position < stop {
            let rest = &self.text[self.position..stop];
            let plain = rest.find('&').unwrap_or(rest.len());
            text.push_str(&rest[..plain]);
            self.position += plain;
            if self.position < stop {
                text.push(self.entity()?);
            }
        }
        Ok(text)
    }

    fn entity(&mut self) -> Result<char, Malformed> {
        for (entity, character) in [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&apos;", '\'')] {
            if self.take(entity) {
                return Ok(character);
            }
        }
        Err(Malformed::UnknownEntity { position: self.position })
    }
}

fn add(fields: &mut BTreeMap<String, String>, name: &str, value: String) -> Result<(), Malformed> {
    match fields.insert(name.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(Malformed::Twice { name: name.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(item: &'static str) -> List {
        ids("spX", "@x", item)
    }

    #[test]
    fn texts_are_read() {
        let list = "<?xml version=\"1.0\"?> <root>\n<CategoryID> a&amp;b </CategoryID><CategoryID/></root>\n";
        let items = read(Some(list), &one("CategoryID"), &[]).unwrap().unwrap();
        assert_eq!(items.iter().map(|item| item.text.as_str()).collect::<Vec<_>>(), ["a&b", ""]);
    }

    #[test]
    fn fields_are_elements_and_for_a_variant_attributes() {
        let attributes = "<Root><Key ID=\"1\" Description='a &lt; b'/></Root>";
        let elements = "<Root><Key><ID>1</ID><Description>a &lt; b</Description></Key></Root>";
        let fields = |text, behaviours: &[Behaviour]| {
            let items = read(Some(text), &PROGRAM_KEYS, behaviours).unwrap().unwrap();
            items[0].fields.get("Description").cloned()
        };
        let (default, variant) = (&[][..], &[Behaviour::Attributes][..]);
        assert_eq!(fields(elements, default).as_deref(), Some("a < b"));
        assert_eq!(fields(attributes, variant).as_deref(), Some("a < b"));
        // What stands elsewhere is NULL to OPENXML, not an error.
        assert_eq!((fields(attributes, default), fields(elements, variant)), (None, None));
    }

    #[test]
    fn definitions_say_how_lists_are_read() {
        let configuration = |behaviours| as_read("spsetconfiguration", behaviours);
        assert!(
            configuration(&[]).contains("OPENXML(@document, N'/Root/Language', 2) WITH (LanguageName nvarchar(16),")
        );
        assert!(configuration(&[Behaviour::Attributes]).contains("N'/Root/Key', 1)"));
        let rule = |behaviours| as_read("spSetAutoDeploymentRule", behaviours);
        assert_eq!(rule(&[]).matches("'uniqueidentifier'").count(), 3);
        assert_eq!(rule(&[Behaviour::LocalIds]).matches("'int'").count(), 2, "groups have no numbers");
        assert_eq!(as_read("spConfiguration", &[]), "");
    }

    #[test]
    fn nothing_is_no_list_and_an_empty_root_is_one() {
        assert_eq!(read(None, &one("x"), &[]), Ok(None));
        assert_eq!(read(Some(" "), &one("x"), &[]), Ok(None));
        assert_eq!(read(Some("<root/>"), &one("x"), &[]), Ok(Some(Vec::new())));
        assert_eq!(read(Some("<root></root>"), &one("x"), &[]), Ok(Some(Vec::new())));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "root",
            "<Root/>",
            "<root>",
            "<root><y/></root>",
            "<root><x></root>",
            "<root><x>",
            "<root><x a=1/></root>",
            "<root><x a=\"1\" a=\"2\"/></root>",
            "<root><x>&nbsp;</x></root>",
            "<root a=\"1\"/>",
            "<root><!-- --></root>",
            "<root/><root/>",
            "<?xml <root/>",
            "<root><x>ä</x>ö</root>",
        ] {
            assert!(read(Some(text), &one("x"), &[]).is_err(), "{text}");
        }
    }
}
