//! The reference pages know what the program knows.

use std::fs;

use crate::lab::Lab;

#[test]
fn the_sandbox_page_has_every_option_of_a_sandbox_url() {
    let page = fs::read_to_string("docs/reference/sandbox.md").unwrap();
    let lab = Lab::empty();
    fs::write(
        lab.path("lab.yaml"),
        "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata: {name: lab}\nspec: {}\n",
    )
    .unwrap();
    let refused = lab.run(&["diff", "-f", "lab.yaml", "--server", "sandbox:?nonsense=1"]);
    refused.expect_status(3);
    let listed = refused.err.split("there are ").nth(1).unwrap_or_else(|| panic!("{refused:?}"));
    let options: Vec<&str> = listed.lines().next().unwrap().split(", ").map(str::trim).collect();
    assert!(options.len() >= 8, "{options:?}");
    for option in options {
        assert!(page.contains(&format!("`{option}=")), "docs/reference/sandbox.md does not know {option}");
    }
}
