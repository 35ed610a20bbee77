//! YAML text -> nodes: parser events become a tree a document.
//!
//! The parser is the one inside serde-saphyr. Its events are read directly because a manifest's problems are all to be
//! reported at once, and serde ends at the first. What serde-saphyr would refuse is refused here: duplicate keys (both
//! places named), merge keys, tags, alias bombs and deep nesting.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use serde_saphyr::granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::limits::ReadLimits;
use super::node::{Entry, Measure, Node, Value};
use super::positions::Positions;
use super::problems::Problems;
use super::secrets;
use crate::diagnostic::Diagnostic;
use crate::model::origin::{Origin, SourceId};

/// Reads the documents of a text one after the other.
pub(super) struct Composer<'t> {
    parser: Parser<'t, StrInput<'t>>,
    positions: Positions<'t>,
    limits: ReadLimits,
    /// What anchors stand for, in this document.
    anchors: BTreeMap<usize, (Node<'t>, Measure)>,
    nodes: usize,
    copied: usize,
    /// Whether passwords have been looked for in the text as such, because a part of it cannot be parsed.
    is_searched: bool,
}

/// What stands between two document boundaries.
pub(super) enum Document<'t> {
    /// A document that could be read; what was wrong with parts of it has been reported.
    Whole(Node<'t>),
    /// One that ended in a syntax error, which has been reported.
    Broken,
}

/// Why composing a document ended early. Either has been reported.
enum Stop {
    /// The rest of the document cannot be read.
    Document,
    /// Nothing more of this text is to be read.
    Text,
}

impl<'t> Composer<'t> {
    /// Starts with a text.
    pub(super) fn new(text: &'t str, source: SourceId, limits: ReadLimits) -> Self {
        let mut options = Options::default();
        options.set_emit_comments(false);
        options.flow_nesting_limit = limits.max_depth;
        options.block_nesting_limit = limits.max_depth;
        let parser = Parser::new_from_str_with_options(text, options);
        let positions = Positions { text, source };
        Self { parser, positions, limits, anchors: BTreeMap::new(), nodes: 0, copied: 0, is_searched: false }
    }

    /// The next document; none at the end.
    pub(super) fn next(&mut self, problems: &mut Problems) -> Option<Document<'t>> {
        self.anchors.clear();
        match self.document(problems) {
            Ok(document) => document,
            Err(Stop::Document) => {
                // Where there is no next document, the next call finds the end of the stream.
                if self.parser.proceed_next_document().is_err() {
                    self.finish();
                }
                Some(Document::Broken)
            }
            Err(Stop::Text) => {
                self.finish();
                Some(Document::Broken)
            }
        }
    }

    /// Makes the next call find the end of the stream.
    fn finish(&mut self) {
        self.parser = Parser::new_from_str("");
    }

    fn document(&mut self, problems: &mut Problems) -> Result<Option<Document<'t>>, Stop> {
        let mut root = None;
        loop {
            let Some((event, span)) = self.event(problems)? else { return Ok(None) };
            match event {
                Event::StreamStart | Event::DocumentStart(..) => {}
                Event::DocumentEnd => {
                    if let Some(root) = root {
                        return Ok(Some(Document::Whole(root)));
                    }
                }
                Event::StreamEnd => return Ok(None),
                event => root = Some(self.node(event, span, 1, problems)?),
            }
        }
    }

    fn event(&mut self, problems: &mut Problems) -> Result<Option<(Event<'t>, Span)>, Stop> {
        self.parser.next_event().transpose().map_err(|error| {
            problems.push(self.syntax_error(&error));
            if !self.is_searched {
                secrets::hide_lexically(self.positions.text, problems);
                self.is_searched = true;
            }
            Stop::Document
        })
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize, problems: &mut Problems) -> Result<Node<'t>, Stop> {
        self.nodes += 1;
        if self.nodes > self.limits.max_nodes {
            return Err(self.too_big(span, problems));
        }
        if depth > self.limits.max_depth {
            return Err(self.too_deep(span, problems));
        }
        let (anchor, node) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                if secrets::says_secret(&text) {
                    problems.hide(self.positions.origin(span));
                }
                let quoted = style != ScalarStyle::Plain || self.means_text(tag.as_deref(), span, problems);
                let value = if quoted { Value::Quoted(text) } else { Value::Plain(text) };
                (anchor, Node { origin: self.positions.origin(span), value })
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &["seq"], span, problems);
                (anchor, self.sequence(span, depth, problems)?)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &["map"], span, problems);
                (anchor, self.mapping(span, depth, problems)?)
            }
            Event::Alias(anchor) => return self.alias(anchor, span, depth, problems),
            // The events above are all that stand for nodes with our options.
            _ => {
                problems.push(
                    Diagnostic::error("syntax", "invalid YAML").at(self.positions.origin(span), "not expected here"),
                );
                return Err(Stop::Document);
            }
        };
        if anchor != 0 {
            // A copy is kept, and anchors may stand in what anchors stand for.
            let measure = node.measure();
            self.nodes += measure.nodes;
            if self.nodes > self.limits.max_nodes {
                return Err(self.too_big(span, problems));
            }
            self.anchors.insert(anchor, (node.clone(), measure));
        }
        Ok(node)
    }

    fn sequence(&mut self, start: Span, depth: usize, problems: &mut Problems) -> Result<Node<'t>, Stop> {
        let mut items = Vec::new();
        loop {
            match self.child(problems)? {
                (Event::SequenceEnd, end) => {
                    let origin =
                        self.positions.collection_origin(start, end, items.first().map(|item: &Node<'_>| item.origin));
                    return Ok(Node { origin, value: Value::Sequence(items.into_boxed_slice()) });
                }
                (event, span) => items.push(self.node(event, span, depth + 1, problems)?),
            }
        }
    }

    fn mapping(&mut self, start: Span, depth: usize, problems: &mut Problems) -> Result<Node<'t>, Stop> {
        let mut entries: Vec<Entry<'t>> = Vec::new();
        let mut known = KnownKeys::default();
        loop {
            let (event, span) = self.child(problems)?;
            if event == Event::MappingEnd {
                let first = entries.first().map(|entry| entry.origin);
                let origin = self.positions.collection_origin(start, span, first);
                return Ok(Node { origin, value: Value::Mapping(entries.into_boxed_slice()) });
            }
            let key = self.node(event, span, depth + 1, problems)?;
            let (event, span) = self.child(problems)?;
            let node = self.node(event, span, depth + 1, problems)?;
            let origin = key.origin;
            let Some(key) = self.key(key, problems) else { continue };
            secrets::hide_in(&key, &node, problems);
            match known.find(&key, &entries) {
                Some(first) => problems.push(duplicate_key(origin, first)),
                None => entries.push(Entry { key, origin, node }),
            }
        }
    }

    fn child(&mut self, problems: &mut Problems) -> Result<(Event<'t>, Span), Stop> {
        if let Some(child) = self.event(problems)? {
            return Ok(child);
        }
        // The parser reports an error of its own before it lets a text end inside a collection. Should it not, this
        // does: a document that breaks off without an error would be taken for a whole one.
        problems.push(Diagnostic::error("syntax", "invalid YAML").detail("the text ends inside a list or a map"));
        Err(Stop::Text)
    }

    /// A key's text. What cannot be a key is reported.
    fn key(&self, key: Node<'t>, problems: &mut Problems) -> Option<Cow<'t, str>> {
        match key.value {
            Value::Plain(text) if text == "<<" => {
                problems.push(
                    Diagnostic::error("merge-key", "a merge key")
                        .detail("`<<` would copy keys out of sight of a reviewer")
                        .at(key.origin, "not allowed")
                        .help("write the keys out, or share a whole value with an anchor and an alias"),
                );
                None
            }
            Value::Plain(text) | Value::Quoted(text) => Some(text),
            Value::Sequence(_) | Value::Mapping(_) => {
                problems.push(
                    Diagnostic::error("complex-key", "a key that is not text")
                        .detail("a list or a map cannot be a key")
                        .at(key.origin, ""),
                );
                None
            }
        }
    }

    fn alias(&mut self, anchor: usize, span: Span, depth: usize, problems: &mut Problems) -> Result<Node<'t>, Stop> {
        let Some((node, measure)) = self.anchors.get(&anchor).map(|(node, measure)| (node.clone(), *measure)) else {
            problems.push(
                Diagnostic::error("recursive-alias", "an alias inside what it stands for")
                    .at(self.positions.origin(span), "would never end"),
            );
            return Err(Stop::Document);
        };
        if depth + measure.depth > self.limits.max_depth {
            return Err(self.too_deep(span, problems));
        }
        self.charge_copies(measure.nodes, span, problems)?;
        Ok(node)
    }

    fn charge_copies(&mut self, nodes: usize, span: Span, problems: &mut Problems) -> Result<(), Stop> {
        self.copied += nodes;
        if self.copied <= self.limits.max_alias_nodes {
            return Ok(());
        }
        problems.push(
            Diagnostic::error("alias-bomb", "aliases repeat too much")
                .detail(format!("anchors and aliases stand for more than {} values", self.limits.max_alias_nodes))
                .at(self.positions.origin(span), "the limit is passed here")
                .help("write the values out"),
        );
        Err(Stop::Text)
    }

    fn too_deep(&self, span: Span, problems: &mut Problems) -> Stop {
        problems.push(nesting(self.limits.max_depth).at(self.positions.origin(span), "too deep"));
        Stop::Text
    }

    fn too_big(&self, span: Span, problems: &mut Problems) -> Stop {
        problems.push(
            Diagnostic::error("too-many-values", "the file holds too many values")
                .detail(format!("more than {} values", self.limits.max_nodes))
                .at(self.positions.origin(span), "the limit is passed here")
                .help("split the manifest"),
        );
        Stop::Text
    }

    /// Whether a tag says that a plain scalar is text. Other tags are reported.
    fn means_text(&self, tag: Option<&Tag>, span: Span, problems: &mut Problems) -> bool {
        let Some(tag) = tag else { return false };
        self.refuse_tag(Some(tag), &["str"], span, problems);
        true
    }

    fn refuse_tag(&self, tag: Option<&Tag>, allowed: &[&str], span: Span, problems: &mut Problems) {
        let Some(tag) = tag else { return };
        // A lone `!` says no more than that the kind of the node is as it looks.
        let plain = tag.handle().is_empty() && tag.suffix() == "!";
        if plain || allowed.iter().any(|word| tag.is_yaml_core_schema_tag(word)) {
            return;
        }
        let place = span.tag_span().unwrap_or(span);
        problems.push(
            Diagnostic::error("tag", "a YAML tag")
                .detail("tags change what a value means, and manifests need none")
                .at(self.positions.origin(place), "not allowed")
                .help("remove the tag; text that looks like a number goes in quotes"),
        );
    }

    fn syntax_error(&self, error: &ScanError) -> Diagnostic {
        let start = self.positions.offset(*error.marker());
        let width = self.positions.text[start..].chars().next().filter(|c| !c.is_control()).map_or(0, char::len_utf8);
        let origin = self.positions.place(*error.marker(), start, start + width);
        let diagnostic = match error.kind() {
            ErrorKind::RecursionLimitExceeded => nesting(self.limits.max_depth),
            ErrorKind::UnknownAnchor => Diagnostic::error("unknown-anchor", "an alias without its anchor"),
            _ => Diagnostic::error("syntax", "invalid YAML"),
        };
        let diagnostic = match error.kind() {
            ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::TabInIndentation
            | ErrorKind::TabInPlainScalar => diagnostic.help("indent with spaces"),
            ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent => {
                diagnostic.help("close the quote in the lines above")
            }
            ErrorKind::UnknownAnchor => diagnostic
                .help("`*` begins an alias in YAML: a pattern that begins with it goes in quotes, as \"*x64*\""),
            _ => diagnostic,
        };
        diagnostic.at(origin, error.info())
    }
}

/// Finds a key among those of a map. Nearly all maps have a handful of keys; only larger ones get an index.
#[derive(Default)]
struct KnownKeys<'t> {
    index: HashMap<Cow<'t, str>, usize>,
}

impl<'t> KnownKeys<'t> {
    const INDEXED_FROM: usize = 16;

    fn find<'e>(&mut self, key: &str, entries: &'e [Entry<'t>]) -> Option<&'e Entry<'t>> {
        if entries.len() < Self::INDEXED_FROM {
            return entries.iter().find(|entry| entry.key == key);
        }
        for (at, entry) in entries.iter().enumerate().skip(self.index.len()) {
            self.index.insert(entry.key.clone(), at);
        }
        self.index.get(key).map(|at| &entries[*at])
    }
}

fn nesting(limit: usize) -> Diagnostic {
    Diagnostic::error("too-deep", "lists and maps are nested too deeply").detail(format!("more than {limit} levels"))
}

pub(super) fn duplicate_key(origin: Origin, first: &Entry<'_>) -> Diagnostic {
    Diagnostic::error("duplicate-key", "a key stands twice in a map")
        .detail(format!("`{}` is given again, and nothing says which of the two is meant", first.key))
        .at(origin, "again here")
        .and(first.origin, "first here")
        .help("remove one of them")
}
