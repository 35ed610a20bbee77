//! Manifests in a few words.

use std::collections::BTreeMap;

use chrono::{Duration, NaiveTime};
use wsusctl::model::address::Kind;
use wsusctl::model::approval::{ApprovalAction, ApprovalValue, Deadline};
use wsusctl::model::category::CategoryReference;
use wsusctl::model::desired::{
    ApprovalEntry, DeclineEntry, Desired, DesiredGroup, DesiredRule, GroupApproval, KbReference, Settings,
    UpdateReference,
};
use wsusctl::model::glob::Glob;
use wsusctl::model::management::{Limits, Management, Prune};
use wsusctl::model::origin::{Declared, Origin, SourceId};
use wsusctl::model::rule::RuleDeadline;
use wsusctl::model::selector::{Moment, NeededBy, Selector, Severity, UpdateType};

use crate::snapshot::{cid, time, uid};

/// A manifest under construction. Every value stands on a line of its own.
#[derive(Debug, Clone)]
pub struct Manifest {
    pub desired: Desired,
    line: u32,
}

pub fn manifest() -> Manifest {
    let origin = at(1);
    Manifest {
        desired: Desired {
            name: "contoso-hq".into(),
            labels: BTreeMap::new(),
            connection: None,
            server_id: None,
            replaces: None,
            settings: Settings::default(),
            database_roles: Default::default(),
            synchronization: Default::default(),
            notifications: Default::default(),
            groups: Vec::new(),
            approvals: Vec::new(),
            declines: Vec::new(),
            rules: Vec::new(),
            downstream_servers: Vec::new(),
            management: Management::default(),
            origin,
        },
        line: 1,
    }
}

pub fn at(line: u32) -> Origin {
    Origin { source: SourceId(0), start: line * 100, end: line * 100 + 10, line, column: 1 }
}

impl Manifest {
    pub fn origin(&mut self) -> Origin {
        self.line += 1;
        at(self.line)
    }

    fn declared<T>(&mut self, value: T) -> Declared<T> {
        Declared { value, origin: self.origin() }
    }

    /// Groups as `Workstations`, or below another as `Workstations/Ring 0`.
    pub fn groups(mut self, paths: &[&str]) -> Self {
        for path in paths {
            let (parent, name) = match path.rsplit_once('/') {
                Some((parent, name)) => (Some(self.index(parent.rsplit('/').next().unwrap())), name),
                None => (None, *path),
            };
            let origin = self.origin();
            let group = DesiredGroup {
                name: name.into(),
                parent,
                computers: None,
                except: Vec::new(),
                require_computers: false,
                origin,
            };
            self.desired.groups.push(group);
        }
        self
    }

    fn index(&self, name: &str) -> usize {
        self.desired.groups.iter().position(|group| group.name == name).unwrap()
    }

    pub fn computers(mut self, group: &str, names: &[&str]) -> Self {
        let names = names.iter().map(|name| self.declared(Glob::new(name))).collect();
        let index = self.index(group);
        self.desired.groups[index].computers = Some(names);
        self
    }

    pub fn except(mut self, group: &str, names: &[&str]) -> Self {
        let names = names.iter().map(|name| self.declared(Glob::new(name))).collect();
        let index = self.index(group);
        self.desired.groups[index].except = names;
        self
    }

    pub fn require_computers(mut self, group: &str) -> Self {
        let index = self.index(group);
        self.desired.groups[index].require_computers = true;
        self
    }

    /// `u1`, or `select ...` (see `selector`), or `KB100`, perhaps with `title=...`, `product=...`, `expect=...`, separated by `;`.
    fn reference(&mut self, text: &str) -> UpdateReference {
        if let Some(conditions) = text.strip_prefix("select") {
            return UpdateReference::Select(Box::new(self.selector(conditions)));
        }
        let Some(rest) = text.strip_prefix("KB") else {
            return UpdateReference::Id(self.declared(uid(text)));
        };
        let mut parts = rest.split(';');
        let kb = self.declared(parts.next().unwrap().to_owned());
        let mut reference = KbReference { kb, title: None, product: None, expect: None };
        for part in parts {
            match part.split_once('=').unwrap() {
                ("title", value) => reference.title = Some(self.declared(Glob::new(value))),
                ("product", value) => reference.product = Some(self.declared(value.to_owned())),
                ("expect", value) => reference.expect = Some(self.declared(value.parse().unwrap())),
                (key, _) => panic!("no such key {key}"),
            }
        }
        UpdateReference::Kb(reference)
    }

    /// Conditions as `KEY=VALUE` separated by `;`, lists by `,`; `product={id CID}` and `product={family Windows}`.
    fn selector(&mut self, text: &str) -> Selector {
        let mut selector = Selector::everything(self.origin());
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap();
            let list = || value.split(',');
            let age = || Some(Moment::Ago(Duration::days(value.parse().unwrap())));
            let at = || Some(Moment::At(time(value)));
            match key {
                "classifications" => {
                    selector.classifications = Some(list().map(|title| self.declared(category(title))).collect());
                }
                "products" => selector.products = Some(list().map(|title| self.declared(category(title))).collect()),
                "title" => selector.title = Some(self.declared(Glob::new(value))),
                "severity" => selector.severity = Some(list().map(|word| Severity::from_word(word).unwrap()).collect()),
                "kb" => selector.kb = Some(list().map(|kb| self.declared(kb.to_owned())).collect()),
                "updateType" => selector.update_type = Some(list().map(UpdateType::from_word).collect()),
                "arrivedWithin" => selector.arrived.from = age(),
                "arrivedAfter" => selector.arrived.from = at(),
                "arrivedBefore" => selector.arrived.until = at(),
                "createdWithin" => selector.created.from = age(),
                "createdAfter" => selector.created.from = at(),
                "createdBefore" => selector.created.until = at(),
                "superseded" => selector.superseded = Some(value.parse().unwrap()),
                "expired" => selector.expired = Some(value.parse().unwrap()),
                "supersedingApproved" => selector.superseding_approved = Some(value.parse().unwrap()),
                "neededBy" => {
                    let (least, most) = value.split_once('-').unwrap();
                    let at_most = (!most.is_empty()).then(|| most.parse().unwrap());
                    selector.needed_by = Some(NeededBy { at_least: least.parse().unwrap(), at_most });
                }
                _ => panic!("no such key {key}"),
            }
        }
        selector
    }

    pub fn approve(self, reference: &str, groups: &[(&str, &str)]) -> Self {
        self.entry(reference, groups, false)
    }

    pub fn approve_with_license(self, reference: &str, groups: &[(&str, &str)]) -> Self {
        self.entry(reference, groups, true)
    }

    fn entry(mut self, reference: &str, groups: &[(&str, &str)], accept_license: bool) -> Self {
        let origin = self.origin();
        let update = self.reference(reference);
        let groups = groups
            .iter()
            .map(|(group, text)| GroupApproval { group: (*group).into(), value: value(text), origin: self.origin() })
            .collect();
        let item = self.desired.approvals.len();
        self.desired.approvals.push(ApprovalEntry { item, name: None, update, groups, accept_license, origin });
        self
    }

    pub fn decline(mut self, reference: &str) -> Self {
        let origin = self.origin();
        let update = self.reference(reference);
        self.desired.declines.push(DeclineEntry { update, origin });
        self
    }

    /// A rule as `enabled; classifications=Drivers; products=Windows 11,Office/; groups=A,B; deadline=3 04:00`: a product
    /// with a slash is a family. What is not there is not declared.
    pub fn rule(mut self, name: &str, text: &str) -> Self {
        let origin = self.origin();
        let mut rule = DesiredRule {
            name: name.into(),
            enabled: None,
            classifications: None,
            products: None,
            groups: None,
            deadline: None,
            origin,
        };
        for part in text.split("; ").filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let items: Vec<&str> = value.split(',').filter(|item| !item.is_empty()).collect();
            let title = |title: &str| match title.strip_suffix('/') {
                Some(family) => CategoryReference::Family(Glob::new(family)),
                None => CategoryReference::Title(Glob::new(title)),
            };
            match key {
                "enabled" => rule.enabled = Some(true),
                "disabled" => rule.enabled = Some(false),
                "classifications" => {
                    rule.classifications = Some(items.iter().map(|item| self.declared(title(item))).collect());
                }
                "products" => rule.products = Some(items.iter().map(|item| self.declared(title(item))).collect()),
                "groups" => rule.groups = Some(items.iter().map(|item| self.declared((*item).to_owned())).collect()),
                "deadline" => {
                    let after = value.split_once(' ').map(|(days, at)| {
                        let (hours, minutes) = at.split_once(':').unwrap();
                        let minutes = hours.parse::<i32>().unwrap() * 60 + minutes.parse::<i32>().unwrap();
                        RuleDeadline::After { days: days.parse().unwrap(), minutes }
                    });
                    rule.deadline = Some(after.unwrap_or(RuleDeadline::None));
                }
                other => panic!("no such key {other}"),
            }
        }
        self.desired.rules.push(rule);
        self
    }

    pub fn prune(mut self, kind: Kind, prune: Prune) -> Self {
        self.desired.management.prune.insert(kind, prune);
        self
    }

    pub fn prune_all(mut self, prune: Prune) -> Self {
        for kind in [Kind::Group, Kind::Membership, Kind::Approval, Kind::Decline] {
            self = self.prune(kind, prune);
        }
        self
    }

    pub fn prune_automatic(mut self, prune: Prune) -> Self {
        self.desired.management.prune_automatic_approvals = prune;
        self
    }

    pub fn limits(mut self, delete_percent: u8, modify_percent: u8, minimum: u32) -> Self {
        self.desired.management.limits = Limits { delete_percent, modify_percent, minimum };
        self
    }

    pub fn ignore(mut self, patterns: &[&str]) -> Self {
        let patterns: Vec<_> = patterns.iter().map(|pattern| self.declared(Glob::new(pattern))).collect();
        self.desired.management.ignore.extend(patterns);
        self
    }
}

fn category(text: &str) -> CategoryReference {
    match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        None => CategoryReference::Title(Glob::new(text)),
        Some(rest) => match rest.split_once(' ').unwrap() {
            ("id", id) => CategoryReference::Id(id.parse().unwrap_or_else(|_| cid(id))),
            ("family", title) => CategoryReference::Family(Glob::new(title)),
            (key, _) => panic!("no such key {key}"),
        },
    }
}

/// `install`, `install by 2026-12-01T18:00:00Z`, `install in 7 at 18:00`, `optional`, `uninstall`, `notApproved`, `inherit`.
pub fn value(text: &str) -> ApprovalValue {
    let (action, deadline) = if let Some((action, when)) = text.split_once(" by ") {
        (action, Deadline::At(time(when)))
    } else if let Some((action, rest)) = text.split_once(" in ") {
        let (days, at) = rest.split_once(" at ").unwrap();
        let at = NaiveTime::parse_from_str(at, "%H:%M").unwrap();
        (action, Deadline::After { days: days.parse().unwrap(), at })
    } else {
        (text, Deadline::None)
    };
    let (action, optional) = match action {
        "install" => (ApprovalAction::Install, false),
        "optional" => (ApprovalAction::Install, true),
        "uninstall" => (ApprovalAction::Uninstall, false),
        "notApproved" => (ApprovalAction::NotApproved, false),
        "inherit" => (ApprovalAction::Inherit, false),
        other => panic!("no such action {other}"),
    };
    ApprovalValue { action, deadline, optional }
}
