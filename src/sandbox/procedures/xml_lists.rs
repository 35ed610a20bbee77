//! The flat lists that procedures take as XML: a root, and children with a text or with named fields.
//!
//! Nothing but that is read: no comments, no processing instructions but the declaration, no mixed content.

use std::collections::BTreeMap;

/// One child of the root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Item {
    /// What stands between its tags, where no element does.
    pub(super) text: String,
    /// Its attributes, and its own children by name. Which of the two the callers write is not known, so either is read.
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

/// Reads a list whose root and children have the given names. NULL and blank text are no list.
pub(super) fn read(text: Option<&str>, root: &str, child: &str) -> Result<Option<Vec<Item>>, Malformed> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    let mut reader = Reader { text, position: 0 };
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
        let (mut fields, empty) = self.open(name)?;
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
            add(&mut fields, field, value)?;
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

    #[test]
    fn texts_are_read() {
        let list = "<?xml version=\"1.0\"?> <root>\n<CategoryID> a&amp;b </CategoryID><CategoryID/></root>\n";
        let items = read(Some(list), "root", "CategoryID").unwrap().unwrap();
        assert_eq!(items.iter().map(|item| item.text.as_str()).collect::<Vec<_>>(), ["a&b", ""]);
    }

    #[test]
    fn fields_are_attributes_or_elements() {
        let attributes = read(Some("<Root><Key ID=\"1\" Description='a &lt; b'/></Root>"), "Root", "Key");
        let elements =
            read(Some("<Root><Key><ID>1</ID><Description>a &lt; b</Description></Key></Root>"), "Root", "Key");
        assert_eq!(attributes, elements);
        assert_eq!(attributes.unwrap().unwrap()[0].fields["Description"], "a < b");
    }

    #[test]
    fn nothing_is_no_list_and_an_empty_root_is_one() {
        assert_eq!(read(None, "root", "x"), Ok(None));
        assert_eq!(read(Some(" "), "root", "x"), Ok(None));
        assert_eq!(read(Some("<root/>"), "root", "x"), Ok(Some(Vec::new())));
        assert_eq!(read(Some("<root></root>"), "root", "x"), Ok(Some(Vec::new())));
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
            assert!(read(Some(text), "root", "x").is_err(), "{text}");
        }
    }
}
