//! How the lists are written that procedures take as XML.

use std::collections::BTreeMap;

/// A list that a procedure takes: a root, and an element for each entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListShape {
    /// The procedure's parameter, with its `@`.
    pub parameter: &'static str,
    /// The name of the root.
    pub root: String,
    /// The name of an entry's element.
    pub item: String,
    /// What stands in an entry.
    pub content: ListContent,
    /// How that is known.
    pub basis: ListBasis,
}

/// What stands in an entry of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListContent {
    /// An element for each field.
    Elements,
    /// An attribute for each field.
    Attributes,
    /// The GUID of an object.
    Guids,
    /// SUSDB's own number of an object (LocalUpdateID).
    Numbers,
    /// A text.
    Text,
}

impl ListContent {
    /// The word for it in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Elements => "elements",
            Self::Attributes => "attributes",
            Self::Guids => "guids",
            Self::Numbers => "localIds",
            Self::Text => "text",
        }
    }

    /// The words for it in a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Elements => "child elements",
            Self::Attributes => "attributes",
            Self::Guids => "GUIDs",
            Self::Numbers => "local numbers",
            Self::Text => "text",
        }
    }
}

/// How the shape of a list is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListBasis {
    /// The live procedure's definition reads it so.
    Found,
    /// It is assumed: the login may not see the definition.
    Hidden,
    /// It is assumed: the definition can be seen and does not say it in a way that is understood.
    Unclear,
}

impl ListBasis {
    /// The word for it in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Hidden => "assumedHidden",
            Self::Unclear => "assumedUnclear",
        }
    }
}

/// What is assumed about a procedure's lists, and what to do about it; nothing about a list whose shape was found.
#[must_use]
pub fn assumptions(procedure: &str, lists: &[ListShape]) -> Vec<String> {
    let assumed = alike(lists).into_iter().filter(|((basis, _), _)| *basis != ListBasis::Found);
    assumed.map(|(shape, parameters)| written(procedure, shape, &parameters)).collect()
}

/// How a procedure's lists are written, how that is known, and what to do where they did not arrive.
#[must_use]
pub fn as_written(procedure: &str, lists: &[ListShape]) -> Vec<String> {
    alike(lists).into_iter().map(|(shape, parameters)| written(procedure, shape, &parameters)).collect()
}

/// The parameters whose lists are written in one way that is known in one way.
fn alike(lists: &[ListShape]) -> BTreeMap<(ListBasis, ListContent), Vec<&'static str>> {
    let mut alike: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for ListShape { parameter, root: _, item: _, content, basis } in lists {
        alike.entry((*basis, *content)).or_default().push(*parameter);
    }
    alike
}

fn written(procedure: &str, (basis, content): (ListBasis, ListContent), parameters: &[&str]) -> String {
    let lists = format!("wsusctl writes {} for {procedure} with {}", parameters.join(", "), content.words());
    match basis {
        ListBasis::Found => {
            format!("{lists}, as its definition reads them; report this with what `wsusctl doctor` shows")
        }
        ListBasis::Hidden => format!(
            "{lists}, which is assumed: the login may not see its definition; GRANT VIEW DEFINITION ON dbo.[{procedure}] \
             TO the login's user, and run again"
        ),
        ListBasis::Unclear => format!(
            "{lists}, which is assumed: its definition does not say it in a way that wsusctl understands; report this \
             with what `wsusctl doctor` shows"
        ),
    }
}

impl std::fmt::Display for ListShape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { parameter, root, item, content, basis } = self;
        let basis = match basis {
            ListBasis::Found => "as its definition reads it",
            ListBasis::Hidden => "assumed: its definition cannot be seen",
            ListBasis::Unclear => "assumed: its definition does not tell",
        };
        write!(f, "{parameter}: {root}/{item} with {} ({basis})", content.words())
    }
}

#[cfg(test)]
mod tests {
    use super::{ListBasis, ListContent, ListShape, as_written, assumptions};

    fn list(parameter: &'static str, content: ListContent, basis: ListBasis) -> ListShape {
        ListShape { parameter, root: "root".into(), item: "CategoryID".into(), content, basis }
    }

    #[test]
    fn lists_that_are_written_alike_are_one_sentence() {
        let lists = [
            list("@a", ListContent::Guids, ListBasis::Hidden),
            list("@b", ListContent::Guids, ListBasis::Hidden),
            list("@c", ListContent::Numbers, ListBasis::Found),
        ];
        let assumed = "wsusctl writes @a, @b for spX with GUIDs, which is assumed: the login may not see its definition; \
                       GRANT VIEW DEFINITION ON dbo.[spX] TO the login's user, and run again";
        let found = "wsusctl writes @c for spX with local numbers, as its definition reads them; report this with what \
                     `wsusctl doctor` shows";
        assert_eq!(assumptions("spX", &lists), [assumed]);
        assert_eq!(as_written("spX", &lists), [found, assumed]);
        assert_eq!(assumptions("spX", &lists[2..]), [""; 0]);
    }
}
