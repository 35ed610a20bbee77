use proptest::prelude::*;

use super::data::Data;
use super::tree::Tree;
use super::{Edited, Refusal, edit};
use crate::model::address::Address;
use crate::model::revision::{Edit, Place, Revision, Start};

fn root() -> Place {
    Place { start: Start::Root, steps: Vec::new() }
}

fn value(path: &str, yaml: &str) -> Edit {
    Edit::Value { place: root().path(path), yaml: yaml.to_owned(), map: None }
}

fn remove(path: &str, item: usize) -> Edit {
    Edit::Removal { place: root().path(path).item(item) }
}

fn add(path: &str, yaml: &str, remark: &str) -> Edit {
    Edit::Item { place: root().path(path), yaml: yaml.to_owned(), remark: remark.to_owned() }
}

fn words(path: &str, words: &[&str]) -> Edit {
    Edit::Words { place: root().path(path), words: words.iter().map(|word| (*word).to_owned()).collect() }
}

fn run(text: &str, edits: Vec<Edit>) -> Edited {
    edit(text, &[Revision { addresses: vec![Address::ServerId], edits }])
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[track_caller]
fn becomes(text: &str, edits: Vec<Edit>, expected: &str) {
    let edited = run(text, edits);
    assert!(edited.refused.is_empty(), "{:?}", edited.refused);
    assert_eq!(edited.text, expected);
}

#[track_caller]
fn is_refused(text: &str, edits: Vec<Edit>, why: Refusal) {
    let edited = run(text, edits);
    assert_eq!((edited.refused.get(&0), edited.text.as_str()), (Some(&why), text), "{text}");
}

#[test]
fn a_scalar_changes_in_its_bytes() {
    becomes("a:\n  b: 1  # one\n", vec![value("a.b", "2")], "a:\n  b: 2  # one\n");
    becomes("a: \"x\"\nb: 'y'\n", vec![value("a", "z"), value("b", "w")], "a: \"z\"\nb: 'w'\n");
    becomes("a: \"x\"\n", vec![value("a", "\"1: 2\"")], "a: \"1: 2\"\n");
    becomes("{a: x, b: [c]}", vec![value("a", "{d: 1}")], "{a: {d: 1}, b: [c]}");
    becomes("a:\nb:  # empty\n", vec![value("a", "1"), value("b", "2")], "a: 1\nb: 2  # empty\n");
    becomes("\u{feff}a: x\r\nb: y\r\n", vec![value("b", "z")], "\u{feff}a: x\r\nb: z\r\n");
    becomes("a: 1\n", vec![value("a", "1")], "a: 1\n");
    becomes("---\n---\na: 1\n...\n", vec![value("a", "2")], "---\n---\na: 2\n...\n");
}

#[test]
fn a_value_in_brackets_changes_as_a_whole_and_a_map_in_lines_by_its_keys() {
    becomes("a: {x: 1, y: 2}  # c\n", vec![value("a", "{x: 1}")], "a: {x: 1}  # c\n");
    becomes("a: {x: 1}\n", vec![value("a", "none")], "a: none\n");
    becomes(
        "a:\n  x: 1  # one\n  # about y\n  y: 2\n  z: 3\nb: 4\n",
        vec![value("a", "{x: 5, z: 3, w: \"q\"}")],
        "a:\n  x: 5  # one\n  # about y\n  z: 3\n  w: \"q\"\nb: 4\n",
    );
    is_refused("a:\n  x: 1\n", vec![value("a", "none")], Refusal::Shape);
    let either = |yaml: &str| {
        vec![Edit::Value { place: root().key("a"), yaml: yaml.to_owned(), map: Some(format!("{{x: {yaml}}}")) }]
    };
    becomes("a:\n  x: 1\n  y: 2\n", either("3"), "a:\n  x: 3\n");
    becomes("a: {x: 1}\n", either("3"), "a: 3\n");
    is_refused("a: {x: 1,\n  # why\n  y: 2}\n", vec![value("a", "none")], Refusal::Comments);
    is_refused("a: |\n  text\n", vec![value("a", "none")], Refusal::Layout);
    is_refused("a: 1\n", vec![value("a.b", "2")], Refusal::Absent);
}

#[test]
fn items_come_and_go_in_lines() {
    let text = "a:\n  # first\n  - x  # of x\n  - y\n\n  - z  # of z\nb: 1\n";
    becomes(text, vec![remove("a", 1)], "a:\n  # first\n  - x  # of x\n\n  - z  # of z\nb: 1\n");
    becomes(
        text,
        vec![remove("a", 2), add("a", "w", "# of w"), add("a", "k: 1\nl: 2", "")],
        "a:\n  # first\n  - x  # of x\n  - y\n\n  - w  # of w\n  - k: 1\n    l: 2\nb: 1\n",
    );
    let edits = vec![remove("a", 0), remove("a", 1), remove("a", 2)];
    becomes(text, edits, "a: []\n  # first\n\nb: 1\n");
    becomes("a:\n- x\n- y", vec![remove("a", 0), add("a", "z", "")], "a:\n- y\n- z");
    becomes("a:\r\n- x\r\n", vec![add("a", "z", "")], "a:\r\n- x\r\n- z\r\n");
    becomes("a: []\n", vec![add("a", "z", "# lost")], "a: [z]\n");
    is_refused("a:\n  - x: 1\n    # why\n    y: 2\n  - z\n", vec![remove("a", 0)], Refusal::Comments);
    becomes("a:\n  - x: 1  # why\n    y: 2\n  - z\n", vec![remove("a", 0)], "a:\n  - z\n");
    is_refused(
        "a:\n  - - x\n    - y\n",
        vec![Edit::Removal { place: root().key("a").item(0).item(0) }],
        Refusal::Layout,
    );
}

#[test]
fn items_come_and_go_in_brackets() {
    let text = "a: [x, y, z]  # c\n";
    for (removed, added, expected) in [
        (vec![0], vec![], "[y, z]"),
        (vec![1], vec![], "[x, z]"),
        (vec![2], vec![], "[x, y]"),
        (vec![0, 1], vec![], "[z]"),
        (vec![1, 2], vec!["w"], "[x, w]"),
        (vec![0, 2], vec!["w", "{id: 1}"], "[y, w, {id: 1}]"),
        (vec![0, 1, 2], vec!["w", "v"], "[w, v]"),
        (vec![0, 1, 2], vec![], "[]"),
    ] {
        let edits =
            removed.into_iter().map(|item| remove("a", item)).chain(added.into_iter().map(|new| add("a", new, "")));
        becomes(text, edits.collect(), &format!("a: {expected}  # c\n"));
    }
    becomes("a: [x, y, ]\n", vec![remove("a", 1)], "a: [x, ]\n");
    becomes("a: [\n  x,\n  y\n]\n", vec![remove("a", 0), add("a", "z", "")], "a: [\n  y,\n  z\n]\n");
    is_refused("a: [x, # why\n  y]\n", vec![remove("a", 1)], Refusal::Comments);
    is_refused("a: [x]\n", vec![add("a", "k: 1\nl: 2", "")], Refusal::Layout);
}

#[test]
fn a_list_of_words_keeps_those_that_stay() {
    becomes("a: [EN, de]  # c\n", vec![words("a", &["en", "fr"])], "a: [EN, fr]  # c\n");
    becomes("a:\n  - en\n  - \"no\"\n", vec![words("a", &["\"no\"", "sv"])], "a:\n  - \"no\"\n  - sv\n");
    becomes("a: all\n", vec![words("a", &["en", "de"])], "a: [en, de]\n");
}

#[test]
fn what_is_shared_stays() {
    is_refused("a: &x 1\nb: *x\n", vec![value("a", "2")], Refusal::Anchor);
    is_refused("a: &x 1\nb: *x\n", vec![value("b", "2")], Refusal::Alias);
    is_refused("a: &x\n  b: 1\nc: *x\n", vec![value("a.b", "2")], Refusal::Anchor);
    is_refused("a: &x\n  b: 1\nc: *x\n", vec![value("c.b", "2")], Refusal::Alias);
    is_refused("a:\n  - &x y\n  - z\nb: *x\n", vec![remove("a", 0)], Refusal::Anchor);
}

#[test]
fn edits_that_belong_together_are_made_together() {
    is_refused("a: 1\nb: &x 2\n", vec![value("a", "2"), value("b", "3")], Refusal::Anchor);
    let revision = |edits| Revision { addresses: vec![Address::ServerId], edits };
    let text = "a:\n  - x: 1\n  - y: 2\n";
    let inside = Edit::Value { place: root().key("a").item(0).key("x"), yaml: "3".to_owned(), map: None };
    let edited = edit(text, &[revision(vec![remove("a", 0)]), revision(vec![inside])]).unwrap();
    assert_eq!(edited.refused.get(&1), Some(&Refusal::Conflict));
    assert_eq!(edited.text, "a:\n  - y: 2\n");
}

#[test]
fn places_begin_at_bytes_too() {
    let text = "a:\n  - name: x\n    list: [p]\n";
    let at = u32::try_from(text.find("x\n").unwrap()).unwrap();
    let list = Place { start: Start::At(at), steps: Vec::new() }.up().key("list");
    becomes(text, vec![Edit::Removal { place: list.item(0) }], "a:\n  - name: x\n    list: []\n");
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,4}", Just("\"a: # b\"".to_owned()), Just("'it''s'".to_owned()), Just("12".to_owned())]
}

fn comment() -> impl Strategy<Value = String> {
    prop_oneof![3 => Just(String::new()), 1 => "[a-z:\\[\\]{}'\",-]{0,6}".prop_map(|text| format!("  # {text}"))]
}

/// Documents with a list in either style, comments everywhere, and edits of it.
fn document() -> impl Strategy<Value = (String, Vec<Edit>)> {
    let items = proptest::collection::vec((scalar(), comment(), any::<bool>()), 1..6);
    let added = proptest::collection::vec(scalar(), 0..3);
    let layout = (any::<bool>(), any::<bool>(), prop::sample::select(vec!["\n", "\r\n"]), any::<bool>());
    (items, added, layout, comment(), scalar()).prop_map(
        |(items, added, (flow, indented, line_end, ended), head, word)| {
            let mut lines = vec![format!("# head{head}"), format!("w: old{head}"), "m:".to_owned()];
            let mut edits = vec![value("w", &word)];
            if flow {
                let texts: Vec<&str> = items.iter().map(|(text, ..)| text.as_str()).collect();
                lines.push(format!("  l: [{}]{head}", texts.join(", ")));
            } else {
                lines.push(format!("  l:{head}"));
                let indent = if indented { "    " } else { "  " };
                for (text, comment, _) in &items {
                    lines.push(format!("{indent}# above"));
                    lines.push(format!("{indent}- {text}{comment}"));
                }
            }
            lines.push("# below".to_owned());
            lines.push("z: 1".to_owned());
            let removed = items.iter().enumerate().filter(|(_, (.., goes))| *goes);
            edits.extend(removed.map(|(index, _)| remove("m.l", index)));
            edits.extend(added.iter().map(|text| add("m.l", text, "# new")));
            let text = lines.join(line_end) + if ended { line_end } else { "" };
            (text, edits)
        },
    )
}

proptest! {
    #[test]
    fn what_is_not_edited_stays_byte_by_byte((text, edits) in document()) {
        let edited = run(&text, edits.clone());
        prop_assert!(edited.refused.is_empty(), "{:?}\n{}", edited.refused, text);
        // Every line of the text that is still meant stands there as it did.
        let lines: Vec<&str> = edited.text.lines().collect();
        for line in text.lines().filter(|line| line.trim_start().starts_with('#')) {
            prop_assert!(lines.contains(&line), "{line:?} is lost\n{text}\n{}", edited.text);
        }
        let removals = edits.iter().filter(|edit| matches!(edit, Edit::Removal { .. })).count();
        let additions = edits.iter().filter(|edit| matches!(edit, Edit::Item { .. })).count();
        let items = |text: &str| match Data::of(&Tree::parse(text).unwrap().root) {
            Data::Map(entries) => match &entries[1].1 {
                Data::Map(entries) => match &entries[0].1 { Data::List(items) => items.len(), other => panic!("{other:?}") },
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(items(&edited.text), items(&text) - removals + additions);
        let comments = |text: &str| Tree::parse(text).unwrap().comments.len();
        prop_assert!(comments(&edited.text) + removals >= comments(&text));
        // What is asked for again is there already.
        let again = run(&edited.text, vec![edits[0].clone()]);
        prop_assert_eq!(again.text, edited.text);
    }

    #[test]
    fn any_text_is_edited_or_left(text in "[-a-c:#{}\\[\\], \n&*'\"|]{0,40}", yaml in scalar()) {
        for edit_of in [value("a", &yaml), remove("a", 0), add("a", &yaml, "")] {
            let before = Tree::parse(&text).map(|tree| Data::of(&tree.root));
            if let Ok(edited) = edit(&text, &[Revision { addresses: vec![Address::ServerId], edits: vec![edit_of] }]) {
                let after = Tree::parse(&edited.text).map(|tree| Data::of(&tree.root));
                prop_assert!(edited.refused.is_empty() || after == before);
            }
        }
    }
}
