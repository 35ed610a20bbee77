//! What is generated and committed. `WSUSCTL_UPDATE_DOCS=1 cargo test --test schema committed` writes all of it anew.

use std::fs;
use std::process::Command;

use wsusctl::model::notifications::NOTIFICATIONS;
use wsusctl::model::setting::{SETTINGS, SettingRisk};

/// Compares a committed file with what it should be, or writes it.
pub fn check(path: &str, expected: &str) {
    if std::env::var_os("WSUSCTL_UPDATE_DOCS").is_some() {
        fs::write(path, expected).unwrap();
        return;
    }
    // Git may have written the file with Windows' line ends.
    let found = fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    assert!(
        found == expected,
        "{path} is not what the program says; `WSUSCTL_UPDATE_DOCS=1 cargo test --test schema committed` writes it anew"
    );
}

#[test]
fn the_schema_of_the_manifest_is_the_programs() {
    check("schemas/wsusctl-v1alpha1.schema.json", &wsusctl::manifest::schema().render());
}

#[test]
fn the_schema_of_the_plan_is_the_programs() {
    check("schemas/wsusctl-plan-v1.schema.json", &wsusctl::report::json::schema().render());
}

#[test]
fn the_schema_of_the_contract_is_the_programs() {
    check("schemas/wsusctl-contract-v1.schema.json", &wsusctl::probe::schema().render());
}

#[test]
fn the_program_prints_them() {
    let manifest = wsusctl::manifest::schema().render();
    let plan = wsusctl::report::json::schema().render();
    let contract = wsusctl::probe::schema().render();
    for (arguments, expected) in [
        (&["schema"][..], &manifest),
        (&["schema", "manifest"], &manifest),
        (&["schema", "plan"], &plan),
        (&["schema", "contract"], &contract),
    ] {
        let ran = Command::new(env!("CARGO_BIN_EXE_wsusctl")).args(arguments).output().unwrap();
        assert!(ran.status.success() && ran.stderr.is_empty(), "{arguments:?}");
        assert!(String::from_utf8(ran.stdout).unwrap() == *expected, "{arguments:?}");
    }
}

#[test]
fn the_reference_page_is_the_schema() {
    check("docs/reference/manifest.md", &crate::page::page(&wsusctl::manifest::schema()));
}

const COLUMNS_BEGIN: &str = "<!-- columns: begin (generated from src/model/setting.rs) -->\n";
const COLUMNS_END: &str = "<!-- columns: end -->";

/// The settings, each with its column.
fn columns() -> String {
    let mut table = "\n| setting | column | `--allow high-risk` |\n|---|---|---|\n".to_owned();
    for setting in SETTINGS.iter().chain(NOTIFICATIONS) {
        let risk = match setting.risk {
            SettingRisk::Low => "",
            SettingRisk::High => "to change it",
            SettingRisk::Off => "to turn it off",
        };
        table += &format!("| `{}` | {} | {risk} |\n", setting.path, setting.column);
    }
    table + "\n"
}

#[test]
fn the_guide_has_every_settings_column() {
    let guide = fs::read_to_string("docs/manifest.md").unwrap().replace("\r\n", "\n");
    let (before, rest) = guide.split_once(COLUMNS_BEGIN).unwrap();
    let (_, after) = rest.split_once(COLUMNS_END).unwrap();
    check("docs/manifest.md", &format!("{before}{COLUMNS_BEGIN}{}{COLUMNS_END}{after}", columns()));
}
