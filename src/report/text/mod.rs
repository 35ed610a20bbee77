//! The plan for people.
//!
//! Every change is printed, however many there are. Texts of servers and manifests pass [`visible`] on their way out, so
//! none of them can command the terminal.
//!
//! [`visible`]: super::visible::visible

mod against;
mod change;
pub(super) mod count;
mod declarers;
mod downstream_servers;
mod entries;
mod notice;
mod own;
pub(super) mod page;
mod rule_run;
mod section;
mod summary;
mod value;

pub use self::against::render_against;
pub use self::notice::{render_notices, render_permissions};
use self::page::{Page, Piece};
pub use self::rule_run::render_rule_run;
use super::style::Style;
use super::timestamp::timestamp;
use crate::diagnostic::Sources;
use crate::plan::Plan;
use crate::plan::change::ChangeAction;

/// How text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TextOptions {
    /// Whether to use colours. They only decorate.
    pub color: bool,
    /// Columns that lines should fit into; longer words and values stay whole. 0 never breaks a line.
    pub width: usize,
    /// Whether to show what every entry matched and left out.
    pub explain: bool,
}

/// Shows a plan: header, legend, changes by kind, what stands in their way, what is left alone, and one summary line.
///
/// Warnings are not part of it: they belong on standard error, see [`render_notices`].
#[must_use]
pub fn render_plan(plan: &Plan, sources: &Sources, options: &TextOptions) -> String {
    let Plan {
        server_name,
        server_id,
        taken_at,
        now,
        changes,
        steps: _,
        blockers,
        unsupported,
        findings,
        warnings: _,
        pending,
        entries,
        downstream_servers,
        explained,
        put_off: _,
        undeclared: _,
        summary: _,
    } = plan;
    let mut page = Page::new(options);
    page.line(
        0,
        [
            Piece::new(server_name.as_str(), Style::Heading),
            Piece::new(format!("(server {server_id}, read {})", timestamp(*taken_at)), Style::Dim),
        ],
    );
    if let Some(now) = now {
        page.line(2, [Piece::plain(format!("judged as if it were {}", timestamp(*now)))]);
    }
    render_legend(&mut page, plan);
    section::render(&mut page, changes, entries, sources);
    notice::render_blockers(&mut page, blockers, sources);
    notice::render_unsupported(&mut page, unsupported, sources);
    notice::render_findings(&mut page, findings, sources);
    notice::render_pending(&mut page, pending, sources);
    if options.explain {
        entries::render_entries(&mut page, entries, explained.as_ref(), sources);
        downstream_servers::render(&mut page, downstream_servers, sources);
    } else {
        entries::render_selectors(&mut page, entries, sources);
    }
    summary::render_remarks(&mut page, plan);
    summary::render_summary(&mut page, plan);
    page.finish()
}

/// Explains the symbols that occur, and only those.
fn render_legend(page: &mut Page, plan: &Plan) {
    let occurs = |action| plan.changes.iter().any(|change| change.action == action);
    let symbols = [
        (occurs(ChangeAction::Create), "+", "create", Style::Create),
        (occurs(ChangeAction::Modify), "~", "modify", Style::Modify),
        (occurs(ChangeAction::Delete), "-", "delete", Style::Delete),
        (!plan.blockers.is_empty(), "!", "blocker", Style::Blocked),
        (!plan.unsupported.is_empty(), "?", "unsupported", Style::Unsupported),
    ];
    let mut pieces = Vec::new();
    for (_, symbol, word, style) in symbols.into_iter().filter(|(occurs, ..)| *occurs) {
        pieces.extend([Piece::new(symbol, style), Piece::next(word, Style::Dim)]);
    }
    if !pieces.is_empty() {
        page.blank();
        page.line(2, pieces);
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use uuid::Uuid;

    use super::{TextOptions, render_notices, render_permissions, render_plan};
    use crate::model::address::{Address, Kind};
    use crate::model::attribute::Attribute;
    use crate::model::resolved::Notice;
    use crate::plan::change::{Change, Figure, Risk};
    use crate::plan::permission::{Permission, Permissions};
    use crate::plan::{Plan, Summary};
    use crate::report::sample;

    const PLAIN: TextOptions = TextOptions { color: false, width: 120, explain: false };

    fn rendered(plan: &Plan, options: TextOptions) -> String {
        render_plan(plan, &sample::sources(), &options)
    }

    #[test]
    fn everything_shows() {
        assert_snapshot!(rendered(&sample::everything(), TextOptions { explain: true, ..PLAIN }), @r#"
        contoso-hq  (server 3f0e6d3c-6f5e-4c55-9a53-6a3f1f6d5a11, read 2026-11-20T12:00:00Z)

          + create  ~ modify  - delete  ! blocker  ? unsupported

        Groups
          + group["Workstations"]  parent: "All Computers"  contoso-hq.yaml:12
            + group["Ring 1 - Pilot"]  parent: "Workstations"  contoso-hq.yaml:14

        Memberships
          ~ membership["pc-001.contoso.com"]  affects 1 computer  contoso-hq.yaml:15
              added: "Ring 1 - Pilot"  removed: "Servers"

        Approvals
          ~ approval["5c0fa5ab-2a51-4f4b-8b0e-0d6f3f3b0002"]["All Computers"]
              KB2267602 Security Intelligence Update for Microsoft Defender  high risk  contoso-hq.yaml:34
              deadline: (unknown: the login may not read it) -> none
              # (2 unchanged attributes hidden)
              reason: the approval is for revision 100 and 101 is the latest [newRevision]
          approval["5c0fa5ab-2a51-4f4b-8b0e-0d6f3f3b0001"]  KB5060526 2025-06 Cumulative Update for Windows 11
            + ["Ring 0 - IT"]  action: "install", deadline: none, optional: false
                affects 23 computers, 5 need it, 312.4 MB to download, may restart  contoso-hq.yaml:30
            ~ ["Servers"]  affects 23 computers, 5 need it, may restart  contoso-hq.yaml:31
                deadline: none -> "2026-12-01T18:00:00Z"
                # (2 unchanged attributes hidden)
                instead of install (optional) from "All Computers"
                last changed by CONTOSO\alice at 2026-11-19T08:30:00.250Z

        Declines
          - decline["5c0fa5ab-2a51-4f4b-8b0e-0d6f3f3b0002"]  KB2267602 Security Intelligence Update for Microsoft Defender
              declined: true  7 computers of the server need it  contoso-hq.yaml:34
              offers the update again:  "Definition Updates", "Microsoft Defender Antivirus"
              reason: approved by its id, which reinstates it [reinstated]
              approvals removed by CONTOSO\bob at 2026-10-02T07:00:00Z
          + decline["5c0fa5ab-2a51-4f4b-8b0e-0d6f3f3b0003"]  KB5055555 2026-10 Preview Update for Windows 11  declined: true
              the 2 updates that it bundles go with it  contoso-hq.yaml:40
              destroys 3 approvals:
                "Ring 1": install, by CONTOSO\alice
                "Ring 2": install, by CONTOSO\alice
                "Ring 3": install, by CONTOSO\alice

        Deletions of groups
          - group["Old kiosks"]  parent: "All Computers"  affects 12 computers, destroys 0 approvals
              reason: nothing declares it, and groups are pruned [pruned]

        Blockers
          ! blocked: groups: 1 group would be deleted [pruneConfirm]  to permit it: --allow groups.delete

        Unsupported
          ? unsupported: group["Kiosks"]: declared under `Workstations`, but the server has it under `Servers`; WSUS cannot move
              a group [otherParent]  contoso-hq.yaml:16

        Findings
          group["Branch"]: 3 computers ask for this group, which neither exists nor is declared [requestedGroup]

        Pending (12)
          membership["new-01.contoso.com"]: the server does not know this computer yet [unknownComputer]  contoso-hq.yaml:21
          membership["new-02.contoso.com"]: the server does not know this computer yet [unknownComputer]  contoso-hq.yaml:22
          membership["new-03.contoso.com"]: the server does not know this computer yet [unknownComputer]  contoso-hq.yaml:23
          membership["new-04.contoso.com"]: the server does not know this computer yet [unknownComputer]  contoso-hq.yaml:24
          membership["new-05.contoso.com"]: the server does not know this computer yet [unknownComputer]  contoso-hq.yaml:25
          membership["new-06.contoso.com"]: the server does not know this computer yet [unknownComputer]  contoso-hq.yaml:26
          membership["new-07.contoso.com"]: the server does not know this computer yet [unknownComputer]  contoso-hq.yaml:27
          membership["new-08.contoso.com"]: the server does not know this computer yet [unknownComputer]  contoso-hq.yaml:28
          membership["new-09.contoso.com"]: the server does not know this computer yet [unknownComputer]  contoso-hq.yaml:29
          membership["new-10.contoso.com"]: the server does not know this computer yet [unknownComputer]  contoso-hq.yaml:30
          # (and 2 more)

        Entries
          approvals[0]  KB5060526  2 updates, 1 approval lapsed, 1 left out [declined]  contoso-hq.yaml:28
            5c0fa5ab-2a51-4f4b-8b0e-0d6f3f3b0002  KB2267602 Security Intelligence Update for Microsoft Defender
                "Kiosks": decided by approvals[0]
            5c0fa5ab-2a51-4f4b-8b0e-0d6f3f3b0001  KB5060526 2025-06 Cumulative Update for Windows 11  "Ring 0 - IT": changes,
                "Kiosks": holds
            kept, since it only fell out of a condition: approval["5c0fa5ab-2a51-4f4b-8b0e-0d6f3f3b0003"]["Kiosks"]
                KB5055555 2026-10 Preview Update for Windows 11
            left out: decline["5c0fa5ab-2a51-4f4b-8b0e-0d6f3f3b0003"]: it is declined [declined]
                KB5055555 2026-10 Preview Update for Windows 11

        # 2 groups, 4 declines are not declared and stay as they are
        #   groups: "Kiosks", "Old Pilot"
        # 1 approval or decline only fell out of a condition and is kept
        # 40 undeclared approvals were made by WSUS itself
        # 1 update is left out by an entry
        # 2 objects are hidden by management.ignore

        Plan: 4 to create, 3 to modify, 2 to delete. 9 of 162 managed objects (5.56 %). 1 blocker, 1 unsupported.
        "#);
    }

    #[test]
    fn colour_only_decorates() {
        let plan = sample::only_blockers();
        let colored = rendered(&plan, TextOptions { color: true, ..PLAIN });
        assert_snapshot!(colored.replace('\u{1b}', "ESC"), @"
        ESC[1mcontoso-hqESC[0m  ESC[2m(server 3f0e6d3c-6f5e-4c55-9a53-6a3f1f6d5a11, read 2026-11-20T12:00:00Z)ESC[0m

          ESC[1;31m!ESC[0m ESC[2mblockerESC[0m

        ESC[1mBlockersESC[0m
          ESC[1;31m!ESC[0m ESC[1;31mblocked:ESC[0m groups: 14 of 20 groups = 70.00 % is over 30.00 % ESC[2m[deletePercent]ESC[0m  ESC[1mto permit it: --allow groups.delete=70%ESC[0m
              ESC[2mcontoso-hq.yaml:50ESC[0m
          ESC[1;31m!ESC[0m ESC[1;31mblocked:ESC[0m groups: no group would be left ESC[2m[pruneToEmpty]ESC[0m  ESC[1mto permit it: --allow emptyESC[0m  ESC[2mcontoso-hq.yaml:50ESC[0m
          ESC[1;31m!ESC[0m ESC[1;31mblocked:ESC[0m approvals[3]: every update of KB5055555 is declined; name the id of the update to reinstate ESC[2m[allDeclined]ESC[0m
              ESC[1mno --allow permits it: change the manifestESC[0m  ESC[2mcontoso-hq.yaml:40ESC[0m
          to permit all that can be permitted: ESC[1m--allow groups.delete=70%ESC[0m ESC[1m--allow emptyESC[0m

        ESC[1mPlan: 0 to create, 0 to modify, 0 to delete. 0 of 161 managed objects (0.00 %). 3 blockers.ESC[0m
        ");
        let everything = sample::everything();
        let colored = rendered(&everything, TextOptions { color: true, ..PLAIN });
        let mut stripped = String::new();
        for (at, part) in colored.split('\u{1b}').enumerate() {
            stripped.push_str(if at == 0 { part } else { part.split_once('m').unwrap().1 });
        }
        assert_eq!(stripped, rendered(&everything, PLAIN));
    }

    #[test]
    fn what_blocks_many_is_said_once() {
        let mut plan = sample::only_blockers();
        plan.blockers = (0..12).map(|number| sample::high_risk(number, 30)).collect();
        plan.blockers.extend(sample::unconfirmed());
        let rendered = rendered(&plan, PLAIN);
        let lines: Vec<&str> = rendered.lines().skip(5).collect();
        let head = "  ! blocked: 12 approvals: it reaches every computer [highRisk]  to permit it: --allow high-risk";
        assert_eq!(lines[0], head);
        let last = "      approval[\"00000000-0000-0000-0000-000000000009\"][\"All Computers\"]  contoso-hq.yaml:30";
        assert_eq!(lines[10..12], [last, "      # (and 2 more)"]);
        // One permission is for both blockers of the kind.
        let all = "  to permit all that can be permitted: --allow groups.delete=70% --allow high-risk";
        assert_eq!(lines[14], all);
    }

    #[test]
    fn a_plan_with_only_blockers() {
        assert_snapshot!(rendered(&sample::only_blockers(), PLAIN), @"
        contoso-hq  (server 3f0e6d3c-6f5e-4c55-9a53-6a3f1f6d5a11, read 2026-11-20T12:00:00Z)

          ! blocker

        Blockers
          ! blocked: groups: 14 of 20 groups = 70.00 % is over 30.00 % [deletePercent]  to permit it: --allow groups.delete=70%
              contoso-hq.yaml:50
          ! blocked: groups: no group would be left [pruneToEmpty]  to permit it: --allow empty  contoso-hq.yaml:50
          ! blocked: approvals[3]: every update of KB5055555 is declined; name the id of the update to reinstate [allDeclined]
              no --allow permits it: change the manifest  contoso-hq.yaml:40
          to permit all that can be permitted: --allow groups.delete=70% --allow empty

        Plan: 0 to create, 0 to modify, 0 to delete. 0 of 161 managed objects (0.00 %). 3 blockers.
        ");
    }

    #[test]
    fn no_differences() {
        assert_snapshot!(rendered(&sample::no_differences(), PLAIN), @"
        contoso-hq  (server 3f0e6d3c-6f5e-4c55-9a53-6a3f1f6d5a11, read 2026-11-20T12:00:00Z)

        No differences. 161 managed objects are as declared.
        ");
    }

    #[test]
    fn nothing_managed_has_no_share() {
        let plan = Plan { summary: Summary::default(), ..sample::no_differences() };
        assert!(
            rendered(&plan, PLAIN)
                .ends_with("\nNo differences. Nothing is declared that the server could differ in.\n")
        );
        let plan = Plan { changes: vec![sample::group("A", "All Computers", 1)], ..plan };
        let plan = Plan { summary: Summary { create: 1, ..Summary::default() }, ..plan };
        assert!(rendered(&plan, PLAIN).ends_with("\nPlan: 1 to create, 0 to modify, 0 to delete.\n"));
    }

    #[test]
    fn warnings_and_notes() {
        let plan = sample::everything();
        assert_snapshot!(render_notices(&plan.warnings, &sample::sources(), &PLAIN), @r#"
        note: group["servers"]: the server calls it "Servers"  contoso-hq.yaml:18
        warning[sameName]: membership["pc-007.contoso.com"]: 2 computers of the server have this name; all of them are meant
            contoso-hq.yaml:19
        "#);
        assert_eq!(render_notices(&[], &sample::sources(), &PLAIN), "");
        let many: Vec<Notice> = plan.warnings.iter().cycle().take(2 * 300).cloned().collect();
        let text = render_notices(&many, &sample::sources(), &PLAIN);
        assert_eq!((text.matches("note: group").count(), text.matches("warning[sameName]").count()), (20, 20));
        assert!(text.ends_with("# (and 280 more [sameName] of memberships; --output json lists all)\n"), "{text}");
    }

    #[test]
    fn permissions_are_recorded() {
        let given = Permissions::new([Permission::Empty, Permission::DeletePercent(Kind::Group, 80)]);
        let line = render_permissions(&given, &PLAIN);
        assert_eq!(line, "Permitted: --allow groups.delete=80% --allow empty\n");
        assert_eq!(render_permissions(&Permissions::default(), &PLAIN), "");
    }

    #[test]
    fn a_narrow_terminal_loses_nothing() {
        for plan in [sample::everything(), sample::only_blockers(), sample::hostile()] {
            let wide = rendered(&plan, TextOptions { width: 0, explain: true, ..PLAIN });
            let narrow = rendered(&plan, TextOptions { width: 40, explain: true, ..PLAIN });
            assert!(wide.split_whitespace().eq(narrow.split_whitespace()), "{narrow}");
            assert!(narrow.lines().count() > wide.lines().count());
        }
    }

    #[test]
    fn groups_stand_below_their_planned_parents_in_any_order() {
        let names = [("D", "C"), ("A", "All Computers"), ("C", "a"), ("B", "A"), ("E", "Elsewhere")];
        let changes = names.into_iter().map(|(name, parent)| sample::group(name, parent, 1)).collect();
        let text = rendered(&Plan { changes, ..sample::no_differences() }, PLAIN);
        let lines: Vec<&str> = text.lines().filter_map(|line| line.split_once(']')).map(|(start, _)| start).collect();
        assert_eq!(
            lines,
            ["  + group[\"A\"", "    + group[\"C\"", "      + group[\"D\"", "    + group[\"B\"", "  + group[\"E\""]
        );
    }

    #[test]
    fn groups_that_are_their_own_ancestors_are_shown_all_the_same() {
        let names = [("A", "B"), ("B", "A"), ("C", "C")];
        let changes = names.into_iter().map(|(name, parent)| sample::group(name, parent, 1)).collect();
        let text = rendered(&Plan { changes, ..sample::no_differences() }, PLAIN);
        assert_eq!(text.matches("+ group[").count(), 3, "{text}");
    }

    #[test]
    fn more_than_ten_lost_approvals_are_counted() {
        let shown = |approvals| {
            let changes = vec![sample::decline(approvals)];
            rendered(&Plan { changes, ..sample::no_differences() }, PLAIN)
        };
        assert!(shown(10).contains("destroys 10 approvals:\n") && shown(10).contains("\"Ring 10\""));
        assert!(shown(11).contains("destroys 11 approvals\n") && !shown(11).contains("\"Ring 1\""));
        assert!(!shown(0).contains("destroys"));
    }

    #[test]
    fn no_text_from_outside_commands_the_terminal() {
        let plan = sample::hostile();
        let options = TextOptions { explain: true, ..PLAIN };
        let text = rendered(&plan, options) + &render_notices(&plan.warnings, &sample::sources(), &options);
        let unseen = |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{2028}\u{200b}".contains(c));
        assert_eq!(text.chars().find(|c| unseen(*c)), None, "{text}");
        assert!(text.lines().all(|line| !line.starts_with("txet")));
    }

    #[test]
    fn a_big_plan_hides_nothing() {
        let text = rendered(&sample::many_approvals(60_000), PLAIN);
        assert_eq!(text.matches("\n      00000000-0000-0000-0000-").count(), 30_000);
        assert_eq!(text.matches("Cumulative Update").count(), 30_000, "a title stands once an update");
        assert_eq!(text.matches("+ [\"").count(), 2, "what all have in common stands once");
        assert!(text.contains("30000 updates, of each\n"));
    }

    #[test]
    fn updates_that_change_alike_are_listed_below_what_changes() {
        let mut plan = sample::many_approvals(6);
        plan.entries = sample::everything().entries;
        for (at, change) in plan.changes.iter_mut().enumerate() {
            let own = u64::try_from(at).unwrap();
            change.affects.needed = Some(Figure::Known(own));
            change.affects.bytes = Some(Figure::Known(1_500_000 * (own / 2 + 1)));
            let after = change.after.as_mut().unwrap();
            after.insert("revision".into(), Attribute::Int(if at < 4 { 200 } else { 201 }));
            let relative = [("days", Attribute::Int(7)), ("at", Attribute::text("18:00Z"))];
            after.insert("deadline".into(), Attribute::map(relative));
            change.details.due = Some("2026-11-27T18:00:00Z".parse().unwrap());
        }
        plan.changes[3].changed_by = Some("CONTOSO\\eve".into());
        // What differs in more than that stands by itself.
        let mut other = plan.changes[0].clone();
        other.address = sample::many_approvals(8).changes[6].address.clone();
        other.risk = Risk::High;
        plan.changes.push(other);
        assert_snapshot!(rendered(&plan, PLAIN), @r#"
        contoso-hq  (server 3f0e6d3c-6f5e-4c55-9a53-6a3f1f6d5a11, read 2026-11-20T12:00:00Z)

          + create

        Approvals
          KB5060526: 3 updates, of each
            + ["Ring 0 - IT"]  action: "install", deadline: {at: "18:00Z", days: 7} = 2026-11-27T18:00:00Z if applied today,
                optional: false  affects 23 computers  contoso-hq.yaml:30
            + ["Servers"]  action: "install", deadline: {at: "18:00Z", days: 7} = 2026-11-27T18:00:00Z if applied today,
                optional: false  affects 23 computers  contoso-hq.yaml:30
              00000000-0000-0000-0000-000000000000  KB5060526 2025-06 Cumulative Update for Windows 11  revision 200
                  needed by 1 in "Servers", 1.5 MB to download, may restart
              00000000-0000-0000-0000-000000000001  KB5060526 2025-06 Cumulative Update for Windows 11  revision 200
                  needed by 2 in "Ring 0 - IT" and 3 in "Servers", 3.0 MB to download, may restart
                  "Servers": removed by CONTOSO\eve
              00000000-0000-0000-0000-000000000002  KB5060526 2025-06 Cumulative Update for Windows 11  revision 201
                  needed by 4 in "Ring 0 - IT" and 5 in "Servers", 4.5 MB to download, may restart
          + approval["00000000-0000-0000-0000-000000000003"]["Ring 0 - IT"]  KB5060526 2025-06 Cumulative Update for Windows 11
              action: "install", deadline: {at: "18:00Z", days: 7} = 2026-11-27T18:00:00Z if applied today, optional: false,
              revision: 200  high risk  affects 23 computers, none needs it, 1.5 MB to download, may restart  contoso-hq.yaml:30

        Plan: 6 to create, 0 to modify, 0 to delete.
        "#);
    }

    /// A decline of an update with this title.
    fn decline_of(number: u128, title: &str) -> Change {
        let mut change = sample::decline(0);
        change.address = Address::Decline(Uuid::from_u128(number));
        change.label = Some(title.into());
        change.before = None;
        change
    }

    #[test]
    fn declines_that_are_alike_are_listed_by_title_below_what_changes() {
        let mut changes =
            vec![decline_of(1, "zeta"), decline_of(2, "Beta"), decline_of(4, "alpha"), decline_of(3, "alpha")];
        changes[1].affects.needed = Some(Figure::Known(3));
        // What differs in more than the update stands by itself.
        let mut other = decline_of(5, "Gamma");
        other.risk = Risk::High;
        changes.push(other);
        let plan = Plan { changes, ..sample::no_differences() };
        assert_snapshot!(section_of(&plan, "Declines"), @r#"
        4 updates, of each
          + decline  declined: true  contoso-hq.yaml:40
            00000000-0000-0000-0000-000000000003  alpha
            00000000-0000-0000-0000-000000000004  alpha
            00000000-0000-0000-0000-000000000002  Beta  3 computers of the server need it
            00000000-0000-0000-0000-000000000001  zeta
        + decline["00000000-0000-0000-0000-000000000005"]  Gamma  declined: true  high risk  contoso-hq.yaml:40
        "#);
    }

    #[test]
    fn updates_that_change_alike_stand_in_the_order_of_their_titles() {
        let mut plan = sample::many_approvals(8);
        for (change, title) in plan.changes.iter_mut().zip(["d", "d", "B", "B", "c", "c", "a", "a"]) {
            change.label = Some(title.into());
        }
        let text = section_of(&plan, "Approvals");
        let titles: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("      00000000-")).collect();
        let titles: Vec<&str> = titles.iter().filter_map(|line| line.split_whitespace().nth(1)).collect();
        assert_eq!(titles, ["a", "B", "c", "d"], "{text}");
    }

    /// The lines below a heading.
    fn section_of(plan: &Plan, heading: &str) -> String {
        let text = rendered(plan, PLAIN);
        let (_, after) = text.split_once(&format!("\n{heading}\n")).unwrap();
        after.split_once("\n\n").unwrap().0.to_owned()
    }

    #[test]
    fn remarks_the_last_line_and_deadlines_break_between_words() {
        let mut plan = sample::everything();
        let relative = Attribute::map([("days", Attribute::Int(7)), ("at", Attribute::text("18:00Z"))]);
        for change in plan.changes.iter_mut().filter(|change| change.after.is_some()) {
            change.details.due = Some("2026-11-27T18:00:00Z".parse().unwrap());
            change.after.as_mut().unwrap().insert("deadline".into(), relative.clone());
            change.fields.iter_mut().for_each(|field| field.after = relative.clone());
        }
        let text = rendered(&plan, TextOptions { width: 60, ..PLAIN });
        let flowing =
            |line: &&str| line.starts_with('#') || line.starts_with("Plan:") || line.contains("applied today");
        let lines: Vec<&str> = text.lines().filter(flowing).collect();
        assert!(lines.len() > 6 && lines.iter().all(|line| line.chars().count() <= 60), "{lines:#?}");
    }
}
