//! What a server synchronises and when.

use crate::lab::{Lab, Ran};

const SPEC: &str = r#"
  synchronization:
    schedule: {firstAt: "03:00Z", perDay: 1}
    products: [Windows 11, "Microsoft Server operating system-*", "Windows Server 2025", Microsoft Defender Antivirus]
    classifications: [Security Updates, Critical Updates, Definition Updates]
"#;

const SUBSCRIBED: &str = "SELECT title.Title FROM tbCategoryInSubscription AS s
    JOIN tbPrecomputedCategoryLocalizedProperty AS title ON title.CategoryID = s.CategoryID
    WHERE title.ShortLanguage = 'en' ORDER BY title.Title";

fn changes(lab: &Lab) -> Vec<serde_json::Value> {
    lab.plan()["servers"][0]["changes"].as_array().unwrap().clone()
}

