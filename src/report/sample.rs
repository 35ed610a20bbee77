//! Plans that every renderer's tests show.

use std::collections::BTreeMap;

use uuid::{Uuid, uuid};

use crate::diagnostic::Sources;
use crate::model::address::{Address, Kind};
use crate::model::approval::ApprovalAction;
use crate::model::attribute::Attribute;
use crate::model::origin::{Origin, SourceId};
use crate::model::resolved::{Notice, ResolvedEntry};
use crate::model::snapshot::Reboot;
use crate::plan::change::{
    Affects, Brings, Change, ChangeAction, Details, FieldChange, Figure, Inheritance, Inherited, Members, Reason, Risk,
};
use crate::plan::explain::{Explained, Standing};
use crate::plan::permission::Permission;
use crate::plan::{Blocker, BlockerSubject, Plan, Summary};

const CUMULATIVE: Uuid = uuid!("5c0fa5ab-2a51-4f4b-8b0e-0d6f3f3b0001");
const DEFENDER: Uuid = uuid!("5c0fa5ab-2a51-4f4b-8b0e-0d6f3f3b0002");
const PREVIEW: Uuid = uuid!("5c0fa5ab-2a51-4f4b-8b0e-0d6f3f3b0003");

/// The one manifest that all plans come from.
pub(super) fn sources() -> Sources {
    let mut sources = Sources::default();
    sources.add("contoso-hq.yaml", "");
    sources
}

/// A place in the manifest.
pub(super) fn at(line: u32) -> Origin {
    Origin { source: SourceId(0), start: line * 40, end: line * 40 + 4, line, column: 7 }
}

/// A plan without anything in it.
pub(super) fn no_differences() -> Plan {
    Plan {
        server_name: "contoso-hq".into(),
        server_id: uuid!("3f0e6d3c-6f5e-4c55-9a53-6a3f1f6d5a11"),
        taken_at: "2026-11-20T12:00:00Z".parse().unwrap(),
        now: None,
        changes: Vec::new(),
        steps: Vec::new(),
        blockers: Vec::new(),
        unsupported: Vec::new(),
        findings: Vec::new(),
        warnings: Vec::new(),
        pending: Vec::new(),
        entries: Vec::new(),
        downstream_servers: Vec::new(),
        undeclared: BTreeMap::new(),
        explained: None,
        put_off: 0,
        summary: Summary {
            managed: BTreeMap::from([(Kind::Group, 6), (Kind::Membership, 60), (Kind::Approval, 95)]),
            ..Summary::default()
        },
    }
}

/// No changes, and things in the way.
pub(super) fn only_blockers() -> Plan {
    let blocker = |subject, code, message: &str, permission, line| Blocker {
        subject,
        code,
        message: message.into(),
        permission,
        origin: Some(at(line)),
    };
    Plan {
        blockers: vec![
            blocker(
                BlockerSubject::Kind(Kind::Group),
                "deletePercent",
                "14 of 20 groups = 70.00 % is over 30.00 %",
                Some(Permission::DeletePercent(Kind::Group, 70)),
                50,
            ),
            blocker(
                BlockerSubject::Kind(Kind::Group),
                "pruneToEmpty",
                "no group would be left",
                Some(Permission::Empty),
                50,
            ),
            blocker(
                BlockerSubject::Object(Address::Entry { kind: Kind::Approval, index: 3 }),
                "allDeclined",
                "every update of KB5055555 is declined; name the id of the update to reinstate",
                None,
                40,
            ),
        ],
        ..no_differences()
    }
}

/// An approval of high risk.
pub(super) fn high_risk(number: u128, line: u32) -> Blocker {
    let address = Address::Approval { update: Uuid::from_u128(number), group: "All Computers".into() };
    Blocker {
        subject: BlockerSubject::Object(address),
        code: "highRisk",
        message: "it reaches every computer".into(),
        permission: Some(Permission::HighRisk),
        origin: Some(at(line)),
    }
}

/// Pruning over the limit that also asks: one permission is for both.
pub(super) fn unconfirmed() -> [Blocker; 2] {
    let blocker = |code, permission| Blocker {
        subject: BlockerSubject::Kind(Kind::Group),
        code,
        message: "too many".into(),
        permission: Some(permission),
        origin: None,
    };
    [
        blocker("deletePercent", Permission::DeletePercent(Kind::Group, 70)),
        blocker("pruneConfirm", Permission::Delete(Kind::Group)),
    ]
}

/// Something of everything.
pub(super) fn everything() -> Plan {
    Plan {
        changes: vec![
            group("Workstations", "All Computers", 12),
            group("Ring 1 - Pilot", "Workstations", 14),
            moved_computer(),
            approval("Ring 0 - IT", 30),
            retimed_approval(),
            unread_approval(),
            decline(3),
            reinstated(),
            pruned_group(),
        ],
        unsupported: vec![notice(
            Address::Group("Kiosks".into()),
            "otherParent",
            "declared under `Workstations`, but the server has it under `Servers`; WSUS cannot move a group",
            Some(16),
        )],
        findings: vec![notice(
            Address::Group("Branch".into()),
            "requestedGroup",
            "3 computers ask for this group, which neither exists nor is declared",
            None,
        )],
        warnings: vec![
            notice(Address::Group("servers".into()), "note", "the server calls it \"Servers\"", Some(18)),
            notice(
                Address::Membership("pc-007.contoso.com".into()),
                "sameName",
                "2 computers of the server have this name; all of them are meant",
                Some(19),
            ),
        ],
        pending: (1..=12)
            .map(|number| {
                let name = format!("new-{number:02}.contoso.com");
                notice(
                    Address::Membership(name),
                    "unknownComputer",
                    "the server does not know this computer yet",
                    Some(20 + number),
                )
            })
            .collect(),
        entries: vec![ResolvedEntry {
            kind: Kind::Approval,
            index: 0,
            item: 0,
            label: "KB5060526".into(),
            selector: false,
            groups: Vec::new(),
            matched: 2,
            updates: vec![CUMULATIVE, DEFENDER],
            kept: Vec::new(),
            skipped: vec![notice(Address::Decline(PREVIEW), "declined", "it is declined", Some(28))],
            lapsed: vec![Address::Approval { update: PREVIEW, group: "Kiosks".into() }],
            all_declined: false,
            origin: at(28),
        }],
        explained: Some(Explained {
            titles: BTreeMap::from([
                (CUMULATIVE, "KB5060526 2025-06 Cumulative Update for Windows 11".to_owned()),
                (DEFENDER, "KB2267602 Security Intelligence Update for Microsoft Defender".to_owned()),
                (PREVIEW, "KB5055555 2026-10 Preview Update for Windows 11".to_owned()),
            ]),
            standings: BTreeMap::from([
                (
                    (0, CUMULATIVE),
                    vec![
                        (Some("Ring 0 - IT".to_owned()), Standing::Changes),
                        (Some("Kiosks".to_owned()), Standing::Holds),
                    ],
                ),
                ((0, DEFENDER), vec![(Some("Kiosks".to_owned()), Standing::Decided(0))]),
            ]),
        }),
        blockers: vec![Blocker {
            subject: BlockerSubject::Kind(Kind::Group),
            code: "pruneConfirm",
            message: "1 group would be deleted".into(),
            permission: Some(Permission::Delete(Kind::Group)),
            origin: None,
        }],
        summary: Summary {
            create: 4,
            modify: 3,
            delete: 2,
            managed: BTreeMap::from([(Kind::Group, 6), (Kind::Membership, 60), (Kind::Approval, 94)]),
            unmanaged: BTreeMap::from([(Kind::Group, 2), (Kind::Decline, 4)]),
            lapsed: 1,
            automatic: 40,
            kept: 0,
            skipped: 1,
            ignored: 2,
            pending: 12,
        },
        undeclared: BTreeMap::from([(Kind::Group, vec!["Kiosks".to_owned(), "Old Pilot".to_owned()])]),
        ..no_differences()
    }
}

/// Names and titles that want to run the terminal.
pub(super) fn hostile() -> Plan {
    let evil = "\u{1b}[2K\u{1b}]0;owned\u{7}\r\n\u{9b}31m\u{202e}txet\u{2028}\u{200b}";
    let mut change = change(Address::Group(evil.into()), ChangeAction::Create, Some(9));
    change.after = Some(BTreeMap::from([(evil.to_owned(), Attribute::text(evil))]));
    change.label = Some(evil.into());
    change.members = Some(Members { added: vec![evil.into()], removed: vec![evil.into()] });
    change.reason = Reason { code: "pruned", text: evil.into() };
    change.changed_by = Some(evil.into());
    let mut modified = change.clone();
    modified.action = ChangeAction::Modify;
    modified.fields = vec![FieldChange {
        path: evil.into(),
        before: Attribute::Unknown(evil.into()),
        after: Attribute::map([(evil, Attribute::List(vec![Attribute::text(evil)]))]),
    }];
    let mut approval = decline(0);
    approval.address = Address::Approval { update: CUMULATIVE, group: evil.into() };
    approval.label = Some(evil.into());
    let said = notice(Address::Membership(evil.into()), "note", evil, None);
    let plan = no_differences();
    Plan {
        server_name: evil.into(),
        changes: vec![change, modified, approval.clone(), approval],
        blockers: vec![Blocker {
            subject: BlockerSubject::Object(Address::Group(evil.into())),
            code: "highRisk",
            message: evil.into(),
            permission: Some(Permission::HighRisk),
            origin: None,
        }],
        unsupported: vec![said.clone()],
        findings: vec![said.clone()],
        warnings: vec![said.clone()],
        pending: vec![said.clone()],
        entries: vec![ResolvedEntry {
            kind: Kind::Decline,
            index: 1,
            item: 1,
            label: evil.into(),
            selector: true,
            groups: Vec::new(),
            matched: 1,
            updates: vec![CUMULATIVE],
            kept: vec![PREVIEW],
            skipped: vec![said],
            lapsed: vec![Address::Approval { update: PREVIEW, group: evil.into() }],
            all_declined: true,
            origin: at(1),
        }],
        explained: Some(Explained {
            titles: BTreeMap::from([(CUMULATIVE, evil.to_owned()), (PREVIEW, evil.to_owned())]),
            standings: BTreeMap::from([((0, CUMULATIVE), vec![(Some(evil.to_owned()), Standing::Changes)])]),
        }),
        summary: plan.summary.clone(),
        ..plan
    }
}

/// As many approvals, two groups an update.
pub(super) fn many_approvals(number: usize) -> Plan {
    let changes = (0..number).map(|at| {
        let mut change = approval(if at % 2 == 0 { "Ring 0 - IT" } else { "Servers" }, 30);
        let update = Uuid::from_u128(u128::try_from(at / 2).unwrap());
        change.address = match change.address {
            Address::Approval { group, .. } => Address::Approval { update, group },
            other => other,
        };
        change
    });
    Plan { changes: changes.collect(), summary: Summary { create: number, ..Summary::default() }, ..no_differences() }
}

/// A group's creation below another, or directly under All Computers.
pub(super) fn group(name: &str, parent: &str, line: u32) -> Change {
    let mut change = change(Address::Group(name.into()), ChangeAction::Create, Some(line));
    change.after = Some(BTreeMap::from([("parent".to_owned(), Attribute::text(parent))]));
    change
}

/// A decline that destroys so many approvals.
pub(super) fn decline(approvals: u64) -> Change {
    let mut change = change(Address::Decline(PREVIEW), ChangeAction::Create, Some(40));
    let lost = (1..=approvals).map(|number| {
        Attribute::map([
            ("action", Attribute::text("install")),
            ("by", Attribute::text("CONTOSO\\alice")),
            ("deadline", Attribute::Null),
            ("group", Attribute::text(format!("Ring {number}"))),
            ("optional", Attribute::Bool(false)),
        ])
    });
    if approvals > 0 {
        change.before = Some(BTreeMap::from([("approvals".to_owned(), Attribute::List(lost.collect()))]));
    }
    change.after = Some(BTreeMap::from([("declined".to_owned(), Attribute::Bool(true))]));
    change.affects = Affects { approvals, parts: (approvals > 0).then_some(Figure::Known(2)), ..Affects::default() };
    change.label = Some("KB5055555 2026-10 Preview Update for Windows 11".into());
    change
}

fn change(address: Address, action: ChangeAction, line: Option<u32>) -> Change {
    Change {
        address,
        action,
        before: None,
        after: None,
        fields: Vec::new(),
        members: None,
        reason: Reason { code: "declared", text: "declared, and the server does not have it".into() },
        risk: Risk::None,
        affects: Affects::default(),
        changed_by: None,
        changed_at: None,
        origin: line.map(at),
        label: None,
        details: Details::default(),
    }
}

fn moved_computer() -> Change {
    let groups = |name: &str| BTreeMap::from([("groups".to_owned(), Attribute::List(vec![Attribute::text(name)]))]);
    let mut change = change(Address::Membership("pc-001.contoso.com".into()), ChangeAction::Modify, Some(15));
    change.before = Some(groups("Servers"));
    change.after = Some(groups("Ring 1 - Pilot"));
    change.fields = vec![FieldChange {
        path: "groups".into(),
        before: Attribute::List(vec![Attribute::text("Servers")]),
        after: Attribute::List(vec![Attribute::text("Ring 1 - Pilot")]),
    }];
    change.members = Some(Members { added: vec!["Ring 1 - Pilot".into()], removed: vec!["Servers".into()] });
    change.reason.text = "the declared groups name or match it otherwise".into();
    change.affects.computers = 1;
    change
}

fn approval_attributes(action: &str, deadline: Attribute) -> BTreeMap<String, Attribute> {
    BTreeMap::from([
        ("action".to_owned(), Attribute::text(action)),
        ("deadline".to_owned(), deadline),
        ("optional".to_owned(), Attribute::Bool(false)),
    ])
}

fn approval(group: &str, line: u32) -> Change {
    let address = Address::Approval { update: CUMULATIVE, group: group.into() };
    let mut change = change(address, ChangeAction::Create, Some(line));
    change.after = Some(approval_attributes("install", Attribute::Null));
    change.affects = Affects {
        computers: 23,
        needed: Some(Figure::Known(5)),
        bytes: Some(Figure::Known(312_449_999)),
        reboot: Some(Reboot::Possible),
        ..Affects::default()
    };
    change.label = Some("KB5060526 2025-06 Cumulative Update for Windows 11".into());
    change
}

/// The same update as [`approval`] for another group, changed by hand.
fn retimed_approval() -> Change {
    let (before, after) = (Attribute::Null, Attribute::text("2026-12-01T18:00:00Z"));
    let mut change = approval("Servers", 31);
    change.action = ChangeAction::Modify;
    change.before = Some(approval_attributes("install", before.clone()));
    change.after = Some(approval_attributes("install", after.clone()));
    change.fields = vec![FieldChange { path: "deadline".into(), before, after }];
    change.reason.text = "declared otherwise".into();
    change.risk = Risk::Low;
    change.affects.bytes = Some(Figure::Unknown("the update's files are not known"));
    change.changed_by = Some("CONTOSO\\alice".into());
    change.changed_at = Some("2026-11-19T08:30:00.250Z".parse().unwrap());
    change.details.inherited = Some(Inherited {
        effect: Inheritance::Overridden,
        from: "All Computers".into(),
        action: ApprovalAction::Install,
        deadline: Attribute::Null,
        optional: true,
    });
    change
}

fn unread_approval() -> Change {
    let address = Address::Approval { update: DEFENDER, group: "All Computers".into() };
    let (before, after) = (Attribute::Unknown("the login may not read it".into()), Attribute::Null);
    let mut change = change(address, ChangeAction::Modify, Some(34));
    change.before = Some(approval_attributes("install", before.clone()));
    change.after = Some(approval_attributes("install", after.clone()));
    change.fields = vec![FieldChange { path: "deadline".into(), before, after }];
    change.reason =
        Reason { code: "newRevision", text: "the approval is for revision 100 and 101 is the latest".into() };
    change.risk = Risk::High;
    change.label = Some("KB2267602 Security Intelligence Update for Microsoft Defender".into());
    change
}

/// A declined update that an approval by its id takes back.
fn reinstated() -> Change {
    let mut change = change(Address::Decline(DEFENDER), ChangeAction::Delete, Some(34));
    change.before = Some(BTreeMap::from([("declined".to_owned(), Attribute::Bool(true))]));
    change.reason = Reason { code: "reinstated", text: "approved by its id, which reinstates it".into() };
    change.affects.needed = Some(Figure::Known(7));
    change.changed_by = Some("CONTOSO\\bob".into());
    change.changed_at = Some("2026-10-02T07:00:00Z".parse().unwrap());
    change.label = Some("KB2267602 Security Intelligence Update for Microsoft Defender".into());
    change.details.brings = Some(Brings {
        title: "KB2267602 Security Intelligence Update for Microsoft Defender".into(),
        kbs: vec!["2267602".into()],
        classifications: vec!["Definition Updates".into()],
        products: vec!["Microsoft Defender Antivirus".into()],
    });
    change
}

fn pruned_group() -> Change {
    let mut change = change(Address::Group("Old kiosks".into()), ChangeAction::Delete, None);
    change.before = Some(BTreeMap::from([("parent".to_owned(), Attribute::text("All Computers"))]));
    change.reason = Reason { code: "pruned", text: "nothing declares it, and groups are pruned".into() };
    change.affects = Affects { computers: 12, ..Affects::default() };
    change
}

fn notice(address: Address, code: &'static str, message: &str, line: Option<u32>) -> Notice {
    Notice { address, code, message: message.into(), origin: line.map(at) }
}
