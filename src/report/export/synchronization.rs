//! What is synchronised and when.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::categories::{Item, Titles, by_title};
use super::head::LeftOut;
use super::{Section, counted};
use crate::model::category::{Category, CategoryKind};
use crate::model::setting::Cell;
use crate::model::snapshot::Snapshot;
use crate::model::synchronization::{CLASSIFICATIONS, PER_DAY_MAX, PRODUCTS, SCHEDULE, Schedule, products_meant};

/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// The section.
pub(super) fn section(snapshot: &Snapshot) -> Section {
    let Some(live) = &snapshot.synchronization else { return Section::default() };
    let titles = Titles::new(&snapshot.categories);
    let (mut declares, mut yaml) = (Vec::new(), String::new());
    let (mut unsayable, mut taken) = (Vec::new(), Vec::new());
    match live.schedule.map(schedule) {
        Some(Ok(written)) => {
            declares.push("the schedule of synchronisations".to_owned());
            yaml += &format!("    schedule: {written}\n");
        }
        Some(Err(stored)) => unsayable.push(format!("{SCHEDULE}: {stored}")),
        None => unsayable.push(format!("{SCHEDULE}: stored in a way that is not known")),
    }
    let products = products(snapshot, &live.products, &titles);
    let classifications = items(&live.classifications, CategoryKind::Classification, &titles);
    let lists = [
        ("products", "product", PRODUCTS, products),
        ("classifications", "classification", CLASSIFICATIONS, classifications),
    ];
    for (key, noun, path, list) in lists {
        match list {
            _ if below_upstream(snapshot) => taken.push(path.to_owned()),
            Ok(list) => {
                declares.push(counted(list.count, noun));
                yaml += &format!("    {key}:\n");
                list.lines.iter().for_each(|line| yaml += &format!("      {line}\n"));
            }
            Err(why) => unsayable.push(format!("{path}: {why}")),
        }
    }
    let left_out = [
        LeftOut::list(unsayable, "parts of what is synchronised that no manifest can say"),
        LeftOut::list(taken, "parts of what is synchronised that the upstream server chooses"),
    ];
    Section {
        declares: declares.join(", "),
        yaml: if yaml.is_empty() { yaml } else { format!("  synchronization:\n{yaml}") },
        left_out: left_out.into_iter().flatten().collect(),
    }
}

/// A schedule as manifests write it; as it is stored where they cannot.
pub(super) fn schedule(schedule: Schedule) -> Result<String, String> {
    match schedule {
        Schedule::Manual => Ok("manual".to_owned()),
        Schedule::Daily { first_at, per_day }
            if (0..DAY).contains(&first_at) && (1..=i64::from(PER_DAY_MAX)).contains(&per_day) =>
        {
            let (hours, minutes, seconds) = (first_at / 3600, first_at / 60 % 60, first_at % 60);
            let seconds = if seconds == 0 { String::new() } else { format!(":{seconds:02}") };
            Ok(format!("{{firstAt: \"{hours:02}:{minutes:02}{seconds}Z\", perDay: {per_day}}}"))
        }
        Schedule::Daily { .. } => Err(schedule.to_string()),
    }
}

/// Whether the server takes products and classifications from another one, by either account of it.
pub(super) fn below_upstream(snapshot: &Snapshot) -> bool {
    let declares_upstream = snapshot
        .settings
        .as_ref()
        .and_then(|live| live.row.cell("SyncToMU"))
        .is_some_and(|cell| matches!(cell, Cell::Bit(false) | Cell::Int(0)));
    snapshot.server.has_upstream || declares_upstream
}

/// The lines of a list.
struct List {
    lines: Vec<String>,
    /// How many categories they name.
    count: usize,
}

fn items(ids: &BTreeSet<Uuid>, kind: CategoryKind, titles: &Titles<'_>) -> Result<List, String> {
    let mut found = known(ids, &[kind], titles)?;
    by_title(&mut found);
    let lines: Vec<String> = found.into_iter().map(|category| listed(&titles.item(category))).collect();
    Ok(List { count: lines.len(), lines })
}

/// A family of which the title means it alone is written as such. No manifest has a word for a company, or for a family
/// whose title others have too: what is below is written out.
fn products(snapshot: &Snapshot, ids: &BTreeSet<Uuid>, titles: &Titles<'_>) -> Result<List, String> {
    const KINDS: [CategoryKind; 3] = [CategoryKind::Company, CategoryKind::ProductFamily, CategoryKind::Product];
    let mut found = known(ids, &KINDS, titles)?;
    by_title(&mut found);
    let (singles, groups): (Vec<&Category>, Vec<&Category>) =
        found.into_iter().partition(|category| category.kind == CategoryKind::Product);
    let mut lines: Vec<String> = Vec::new();
    let mut named: BTreeSet<Uuid> = singles.iter().map(|product| product.id).collect();
    let mut count = 0;
    for group in groups {
        let family = Some(group).filter(|group| group.kind == CategoryKind::ProductFamily);
        if let Some(family) = family.and_then(|family| titles.family(family)) {
            lines.push(listed(&family));
            count += 1;
            continue;
        }
        let below = products_meant(&BTreeSet::from([group.id]), &snapshot.categories);
        let mut below: Vec<&Category> =
            below.into_iter().filter(|id| named.insert(*id)).filter_map(|id| titles.get(id)).collect();
        by_title(&mut below);
        if !below.is_empty() {
            let whole = format!("every product below {} of today, which the server has as a whole", group.title);
            lines.push(crate::report::yaml::comment(&whole));
        }
        count += below.len();
        lines.extend(below.into_iter().map(|product| listed(&titles.item(product))));
    }
    count += singles.len();
    let lines: Vec<String> = singles.into_iter().map(|product| listed(&titles.item(product))).chain(lines).collect();
    if count == 0 { Err("nothing".to_owned()) } else { Ok(List { lines, count }) }
}

fn listed(item: &Item) -> String {
    format!("- {}", item.line())
}

/// The categories with these ids, all of them known and of these kinds, and at least one.
fn known<'a>(ids: &BTreeSet<Uuid>, kinds: &[CategoryKind], titles: &Titles<'a>) -> Result<Vec<&'a Category>, String> {
    let mut found = Vec::new();
    let mut strange = Vec::new();
    for id in ids {
        match titles.get(*id).filter(|category| kinds.contains(&category.kind)) {
            Some(category) => found.push(category),
            None => strange.push(id.to_string()),
        }
    }
    match (strange.is_empty(), found.is_empty()) {
        (true, false) => Ok(found),
        (true, true) => Err("nothing".to_owned()),
        (false, _) => Err(format!("the server's catalogue does not know {} there", strange.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::schedule;
    use crate::model::synchronization::Schedule;

    #[test]
    fn schedules_that_no_manifest_can_say_are_shown_as_they_are_stored() {
        assert_eq!(schedule(Schedule::Manual).unwrap(), "manual");
        let daily = |first_at, per_day| schedule(Schedule::Daily { first_at, per_day });
        assert_eq!(daily(10_800, 1).unwrap(), "{firstAt: \"03:00Z\", perDay: 1}");
        assert_eq!(daily(86_399, 24).unwrap(), "{firstAt: \"23:59:59Z\", perDay: 24}");
        for (first_at, per_day) in [(86_400, 1), (-1, 1), (0, 0), (0, 25)] {
            assert!(daily(first_at, per_day).is_err(), "{first_at} {per_day}");
        }
    }
}
