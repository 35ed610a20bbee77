//! How the lists are written that procedures take as XML.

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
    /// The word for it, for people and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
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

impl ListShape {
    /// What is assumed about a list of this procedure, and what to do about it; none where its shape was found.
    #[must_use]
    pub fn assumption(&self, procedure: &str) -> Option<String> {
        let Self { parameter, root: _, item: _, content, basis } = self;
        let assumed = format!("wsusctl assumes that {procedure} reads {parameter} as {}", content.as_str());
        match basis {
            ListBasis::Found => None,
            ListBasis::Hidden => Some(format!(
                "{assumed}: the login may not see its definition; GRANT VIEW DEFINITION ON dbo.[{procedure}] TO the login's \
                 user, and run again"
            )),
            ListBasis::Unclear => Some(format!(
                "{assumed}: its definition does not say it in a way that wsusctl understands; report this with what `wsusctl \
                 doctor` shows"
            )),
        }
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
        write!(f, "{parameter}: {root}/{item} with {} ({basis})", content.as_str())
    }
}
