//! Computer groups.

use serde::Serialize;

use super::{Listed, or_dash};
use crate::model::listing::ListedGroup;
use crate::model::name::fold;
use crate::report::yaml::scalar;

/// A group in the JSON document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireGroup<'a> {
    id: String,
    name: &'a str,
    parents: &'a [String],
    builtin: bool,
    computers: u64,
    computers_below: u64,
    approvals: u64,
    members: &'a [String],
}

impl Listed for ListedGroup {
    type Row = Self;
    type Wire<'a> = WireGroup<'a>;
    const HEADINGS: &'static [&'static str] = &["ID", "COMPUTERS", "WITH BELOW", "APPROVALS", "PARENT", "NAME"];
    const YAML_HEAD: &'static [&'static str] =
        &["for `spec`; computers that downstream servers report and built-in groups are left out"];

    fn cells(row: &Self) -> Vec<String> {
        let Self { id, name, parents, builtin: _, computers, computers_below, approvals, members: _ } = row;
        vec![
            id.to_string(),
            computers.to_string(),
            computers_below.to_string(),
            approvals.to_string(),
            or_dash(parents.join(" > ")),
            name.clone(),
        ]
    }

    fn wire(row: &Self) -> WireGroup<'_> {
        let Self { id, name, parents, builtin, computers, computers_below, approvals, members } = row;
        WireGroup {
            id: id.to_string(),
            name,
            parents,
            builtin: *builtin,
            computers: *computers,
            computers_below: *computers_below,
            approvals: *approvals,
            members,
        }
    }

    /// The tree, with the groups above those that are listed. A group without computers has no key for them: an empty list
    /// would claim them.
    fn yaml(rows: &[Self], _: bool) -> String {
        let mut out = String::new();
        let mut open: Vec<&str> = Vec::new();
        for Self { name, parents, builtin, members, .. } in rows {
            if *builtin {
                continue;
            }
            let path: Vec<&str> = parents.iter().chain([name]).map(String::as_str).collect();
            let same = open.iter().zip(&path).take_while(|(a, b)| fold(a) == fold(b)).count();
            for (depth, group) in path.iter().enumerate().skip(same) {
                let indent = "    ".repeat(depth);
                // The first one below its parent; a group before it in the list is that parent or beside it.
                if depth > same || open.len() == same {
                    out += &format!("{indent}groups:\n");
                }
                out += &format!("{indent}  - name: {}\n", scalar(group));
            }
            if !members.is_empty() {
                let indent = "    ".repeat(path.len());
                out += &format!("{indent}computers:\n");
                for computer in members {
                    out += &format!("{indent}  - {}\n", scalar(computer));
                }
            }
            open = path;
        }
        if out.is_empty() { "groups: []\n".to_owned() } else { out }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{Listed, ListedGroup};

    fn group(path: &[&str], members: &[&str]) -> ListedGroup {
        let (name, parents) = path.split_last().unwrap();
        ListedGroup {
            id: Uuid::nil(),
            name: (*name).to_owned(),
            parents: parents.iter().map(ToString::to_string).collect(),
            builtin: *name == "All Computers",
            computers: 0,
            computers_below: 0,
            approvals: 0,
            members: members.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn the_tree_has_the_groups_above_those_listed() {
        let rows = [
            group(&["All Computers"], &[]),
            group(&["A"], &["pc1"]),
            group(&["A", "B"], &[]),
            group(&["A", "C: d"], &["pc2", "pc3"]),
            group(&["E", "L", "G"], &[]),
            group(&["E", "H"], &[]),
        ];
        let expected = "\
groups:
  - name: A
    computers:
      - pc1
    groups:
      - name: B
      - name: \"C: d\"
        computers:
          - pc2
          - pc3
  - name: E
    groups:
      - name: L
        groups:
          - name: G
      - name: H
";
        assert_eq!(ListedGroup::yaml(&rows, true), expected);
        assert_eq!(ListedGroup::yaml(&rows[..1], true), "groups: []\n");
    }
}
