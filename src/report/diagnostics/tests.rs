use super::render;
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::model::origin::{Origin, SourceId};

fn place(text: &str, what: &str) -> Origin {
    let start = text.find(what).unwrap();
    let before = &text[..start];
    let line = 1 + before.matches('\n').count();
    let column = 1 + before.rsplit('\n').next().unwrap().chars().count();
    Origin {
        source: SourceId(0),
        start: start as u32,
        end: (start + what.len()) as u32,
        line: line as u32,
        column: column as u32,
    }
}

fn show(text: &str, diagnostic: Diagnostic) -> String {
    let mut sources = Sources::default();
    sources.add("hq.yaml", text);
    render(&Diagnostics(vec![diagnostic]), &sources, false, 100)
}

#[test]
fn two_near_places_share_a_snippet() {
    let text = "spec:\n  groups:\n    - name: A\n    - name: B\n    - name: a # again\n";
    let second = place(text, "a # again");
    let diagnostic = Diagnostic::error("duplicate-group", "a group twice")
        .detail("names are unique")
        .at(Origin { end: second.start + 1, ..second }, "again here")
        .and(place(text, "A"), "first here")
        .help("remove one");
    insta::assert_snapshot!(show(text, diagnostic), @r#"
    error[duplicate-group]: a group twice
     --> hq.yaml:5:13
      |
    3 |     - name: A
      |             - first here
    4 |     - name: B
    5 |     - name: a # again
      |             ^ again here
      |
      = note: names are unique
      = help: remove one
    "#);
}

#[test]
fn a_problem_without_a_place() {
    let diagnostic = Diagnostic::error("empty", "no manifest in the file").detail("hq.yaml is empty").help("write one");
    insta::assert_snapshot!(show("", diagnostic), @r#"
    error[empty]: no manifest in the file
     |
     = note: hq.yaml is empty
     = help: write one
    "#);
}

#[test]
fn far_places_get_a_snippet_each() {
    let text = format!("first: 1\n{}second: 2\n", "# nothing\n".repeat(30));
    let diagnostic =
        Diagnostic::warning("x", "y").at(place(&text, "second"), "here").and(place(&text, "first"), "there");
    insta::assert_snapshot!(show(&text, diagnostic), @r#"
    warning[x]: y
      --> hq.yaml:32:1
       |
    32 | second: 2
       | ^^^^^^ here
       |
      ::: hq.yaml:1:1
       |
     1 | first: 1
       | ----- there
    "#);
}

#[test]
fn a_long_line_is_cut_round_the_place() {
    let text = format!("a: [{} here, {}]\n", "x, ".repeat(300_000), "y, ".repeat(300_000));
    let diagnostic = Diagnostic::error("x", "y").at(place(&text, "here"), "this");
    insta::assert_snapshot!(show(&text, diagnostic), @r#"
    error[x]: y
     --> hq.yaml:1:900006
      |
     ::: 
    1 | ..., x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x,  here, y, y, y, y, y, y, y, y, ...
      |                                                                ^^^^ this
    "#);
}

#[test]
fn nothing_reaches_the_terminal() {
    let text = "a\u{1b}[31m: \u{202e}evil\u{9b}\tx\r\n";
    let diagnostic = Diagnostic::error("x", "y").detail("\u{1b}]0;title\u{7}\n").at(place(text, "evil"), "\u{1b}c");
    let shown = show(text, diagnostic);
    assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
    insta::assert_snapshot!(shown, @r#"
    error[x]: y
     --> hq.yaml:1:10
      |
     ::: 
    1 | a\u001b[31m: \u202eevil\u009b\tx
      |                    ^^^^ \u001bc
      |
      = note: \u001b]0;title\u0007\n
    "#);
}

#[test]
fn ends_of_lines_and_texts_can_be_shown() {
    for text in ["", "a", "a\n", "a\r\nb\r\n", "a\rb", "\u{e4}\n"] {
        for start in 0..=text.len() {
            for end in start..=text.len() {
                let origin = Origin { source: SourceId(0), start: start as u32, end: end as u32, line: 1, column: 1 };
                assert!(
                    show(text, Diagnostic::error("x", "y").at(origin, "")).contains("--> hq.yaml:1"),
                    "{text:?} {start} {end}"
                );
            }
        }
    }
}

#[test]
fn a_place_in_an_unknown_source_is_left_out() {
    let origin = Origin { source: SourceId(7), start: 1, end: 2, line: 1, column: 1 };
    insta::assert_snapshot!(show("", Diagnostic::error("x", "y").at(origin, "z")), @"error[x]: y");
}

#[test]
fn color_is_only_there_when_asked_for() {
    let mut sources = Sources::default();
    sources.add("hq.yaml", "a: 1\n");
    let problems = Diagnostics(vec![Diagnostic::error("x", "y").at(place("a: 1\n", "1"), "z")]);
    assert!(render(&problems, &sources, true, 80).contains('\u{1b}'));
    assert!(!render(&problems, &sources, false, 80).contains('\u{1b}'));
}
