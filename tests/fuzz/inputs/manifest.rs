//! What the target `manifest` does with an input, shared with the test that reads every seed.
//!
//! The manifest reader: whatever the bytes are, the outcome is servers or errors, every place of a problem is in the text,
//! nothing that is shown can move the cursor of a terminal, and reading again says the same.

use wsusctl::diagnostic::Sources;
use wsusctl::manifest::{ReadLimits, read, read_selector};
use wsusctl::report::diagnostics::render;

/// Reads an input. Panics where the reader does, or where what it says cannot be.
pub fn manifest(bytes: &[u8]) {
    let mut sources = Sources::default();
    let (servers, problems) = read("hq.yaml", bytes, &mut sources, &ReadLimits::default());
    assert!(!servers.is_empty() || problems.has_errors(), "neither a server nor an error");
    for problem in &problems.0 {
        for label in problem.primary.iter().chain(&problem.secondary) {
            let text = &sources.get(label.origin.source).expect("a place in a text").text;
            assert!(text.get(label.origin.start as usize..label.origin.end as usize).is_some(), "{problem:?}");
            assert!(label.origin.line >= 1 && label.origin.column >= 1, "{problem:?}");
        }
    }
    let shown = render(&problems, &sources, false, 100);
    assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");

    let (again, problems_again) = read("hq.yaml", bytes, &mut Sources::default(), &ReadLimits::default());
    assert_eq!(problems, problems_again);
    assert_eq!(format!("{servers:?}"), format!("{again:?}"));

    if let Ok(text) = std::str::from_utf8(bytes) {
        let conditions: Vec<&str> = text.split('\0').collect();
        let mut sources = Sources::default();
        if let Err(problems) = read_selector("--where", &conditions, &mut sources) {
            assert!(problems.has_errors());
            let _ = render(&problems, &sources, false, 100);
        }
    }
}
