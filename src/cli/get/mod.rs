//! `wsusctl get`: lists what a server has, for people who write manifests. Writes nothing and takes no lock.

mod condition;
mod page;
mod updates;

use std::path::{Path, PathBuf};

use self::condition::{Conditions, selects};
use self::page::{Page, Pager};
use super::arguments::{Get, ListOutput, Manifests, Output, Reach};
use super::manifests::Server;
use super::planning;
use super::server::{Connecting, Sandboxes, unreadable};
use super::streams::Streams;
use crate::diagnostic::Sources;
use crate::failure::{Exit, Failure};
use crate::manifest::read_selector;
use crate::model::category::CategoryKind;
use crate::model::desired::Desired;
use crate::model::listing::{ListedCategory, ListedComputer, ListedDownstreamServer, ListedGroup, ListedRule, Noun};
use crate::model::management::Management;
use crate::model::origin::{Origin, SourceId};
use crate::report::listing::{Classifications, Families, ListFormat, ListOf, Products};
use crate::susdb::read::listing;
use crate::susdb::session::Session;

/// What `--where` is called where its problems are shown.
const CONDITIONS: &str = "--where";

/// Runs the verb.
///
/// # Errors
/// Conditions that the kind does not have (exit 3), a server that cannot be reached or read (1), another server than the
/// manifest pins (4).
pub async fn run(arguments: &Get, streams: Streams) -> Result<Exit, Failure> {
    let noun = arguments.noun;
    let conditions = Conditions::parse(noun, &arguments.conditions)?;
    let mut sources = Sources::default();
    let selector = match read_selector(CONDITIONS, &conditions.selector, &mut sources) {
        Ok(selector) => selector,
        Err(problems) => {
            planning::show_diagnostics(&problems, &sources, streams);
            return Ok(Exit::Invalid);
        }
    };
    let found = one_server("list", arguments.file.as_deref(), &arguments.reach, streams)?;
    let Some((server, manifest)) = found else { return Ok(Exit::Invalid) };
    let sandboxes = Sandboxes::default();
    let connecting =
        Connecting { server: Some(&server), reach: &arguments.reach, verb: "get", streams, sandboxes: &sandboxes };
    let mut session = connecting.open().await?;
    let listed = listing::read_listed_server(&mut session, noun).await.map_err(unreadable)?;
    planning::check_server_id(listed.server_id, &server.desired, &manifest, None)?;
    let of = ListOf { noun, server_id: listed.server_id, taken_at: listed.taken_at };
    let mut page = Page::new(of, format(arguments.output, streams), Pager::new(arguments), streams);
    if selects(noun) {
        let now = arguments.now.unwrap_or(listed.taken_at);
        let wanted = updates::Wanted::new(noun, &conditions, &selector, now)?;
        return updates::list(&mut session, &wanted, &sources, &mut page).await;
    }
    list(&mut session, noun, &conditions, &mut page).await?;
    Ok(Exit::Success)
}

/// The manifest that says where the server of a verb is, or one that says nothing. None where it has errors, which were
/// shown.
pub(super) fn one_server(
    verb: &str,
    file: Option<&Path>,
    reach: &Reach,
    streams: Streams,
) -> Result<Option<(Server, Sources)>, Failure> {
    let Some(file) = file else {
        return match reach.otherwise()? {
            Some(_) => Ok(Some((nothing_declared(), Sources::default()))),
            None => Err(Failure::new(Exit::Invalid, format!("nothing says which server to {verb}"))
                .hint("give --server URL, or with -f the manifest that has its connection, or set WSUSCTL_SERVER")),
        };
    };
    let manifests = Manifests { files: vec![file.to_owned()], max_manifest_size: 64 };
    let Some(mut loaded) = planning::load_valid(&manifests, reach, Output::Text, streams)? else {
        return Ok(None);
    };
    let count = loaded.servers.len();
    match (loaded.servers.pop(), count) {
        (Some(server), 1) => Ok(Some((server, loaded.sources))),
        _ => Err(Failure::new(Exit::Invalid, format!("this is for one server, and {} has {count}", file.display()))
            .hint("give one manifest with -f, or --server URL")),
    }
}

fn nothing_declared() -> Server {
    let origin = Origin { source: SourceId(0), start: 0, end: 0, line: 1, column: 1 };
    let desired = Desired {
        name: "get".to_owned(),
        labels: Default::default(),
        connection: None,
        server_id: None,
        replaces: None,
        settings: Default::default(),
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
    };
    Server { desired, directory: PathBuf::new() }
}

fn format(output: ListOutput, streams: Streams) -> ListFormat {
    match output {
        ListOutput::Text => ListFormat::Text { width: streams.terminal_width() },
        ListOutput::Json => ListFormat::Json,
        ListOutput::Yaml => ListFormat::Yaml,
    }
}

/// Lists a kind of which there are so few that all are read at once.
async fn list(session: &mut Session, noun: Noun, conditions: &Conditions, page: &mut Page) -> Result<(), Failure> {
    match noun {
        Noun::Groups => {
            let (id, builtin) = (conditions.id()?, conditions.flag("builtin")?);
            let mut rows = listing::read_groups(session).await.map_err(unreadable)?;
            rows.retain(|group| {
                conditions.name("name", &group.name)
                    && conditions.any_name("parent", group.parents.last())
                    && id.is_none_or(|id| id == group.id)
                    && builtin.is_none_or(|builtin| builtin == group.builtin)
            });
            page.whole::<ListedGroup>(rows, |group| group.id.to_string())
        }
        Noun::Computers => {
            let downstream = conditions.flag("downstream")?;
            check_group(session, conditions).await?;
            let mut rows = listing::read_computers(session).await.map_err(unreadable)?;
            rows.retain(|computer| {
                let os = computer.os_version.map(|(major, minor, build)| format!("{major}.{minor}.{build}"));
                conditions.name("name", &computer.name)
                    && conditions.name("id", &computer.computer_id)
                    && conditions.any_name("group", &computer.groups)
                    && conditions.any_name("ip", &computer.ip_address)
                    && conditions.any_name("os", &os)
                    && downstream.is_none_or(|downstream| downstream == computer.downstream_server.is_some())
            });
            page.whole::<ListedComputer>(rows, |computer| computer.name.clone())
        }
        Noun::Products => {
            let rows = categories(session, CategoryKind::Product, conditions).await?;
            page.whole::<Products>(rows, |product| product.id.to_string())
        }
        Noun::Families => {
            let rows = categories(session, CategoryKind::ProductFamily, conditions).await?;
            page.whole::<Families>(rows, |family| family.id.to_string())
        }
        Noun::Classifications => {
            let rows = categories(session, CategoryKind::Classification, conditions).await?;
            page.whole::<Classifications>(rows, |classification| classification.id.to_string())
        }
        Noun::Rules => {
            let enabled = conditions.flag("enabled")?;
            check_group(session, conditions).await?;
            let mut rows = listing::read_rules(session).await.map_err(unreadable)?;
            rows.retain(|rule| {
                conditions.name("name", &rule.name)
                    && conditions.any_name("group", &rule.groups)
                    && enabled.is_none_or(|enabled| enabled == rule.enabled)
            });
            page.whole::<ListedRule>(rows, |rule| rule.id.to_string())
        }
        Noun::DownstreamServers => {
            let mode = conditions.word("mode", &["replica", "autonomous"])?;
            let mut rows = listing::read_downstream_servers(session).await.map_err(unreadable)?;
            rows.retain(|server| {
                conditions.name("name", &server.name)
                    && conditions.any_name("parent", &server.parent)
                    && mode.is_none_or(|mode| (mode == "replica") == server.replica)
            });
            page.whole::<ListedDownstreamServer>(rows, |server| server.name.clone())
        }
        Noun::Updates | Noun::Approvals | Noun::Declines => unreachable!("these are listed in batches"),
    }
}

/// A condition that names one group needs a group of that name.
async fn check_group(session: &mut Session, conditions: &Conditions) -> Result<(), Failure> {
    let Some(named) = conditions.named_group() else { return Ok(()) };
    let groups = listing::read_group_names(session).await.map_err(unreadable)?;
    condition::check_named_group(&named, groups.values().map(String::as_str))
}

async fn categories(
    session: &mut Session,
    kind: CategoryKind,
    conditions: &Conditions,
) -> Result<Vec<ListedCategory>, Failure> {
    let id = conditions.id()?;
    let mut rows = listing::read_categories(session, kind).await.map_err(unreadable)?;
    rows.retain(|category| {
        conditions.any_name("title", std::iter::once(&category.title).chain(&category.other_titles))
            && conditions.any_name("family", &category.families)
            && id.is_none_or(|id| id == category.id)
    });
    Ok(rows)
}
