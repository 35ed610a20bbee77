//! `wsusctl export`: writes a server as a manifest. Writes nothing to the server and takes no lock.

use std::collections::BTreeSet;
use std::path::Path;

use super::arguments::Export;
use super::output_file::OutputFile;
use super::report_lost;
use super::server::{Connecting, Sandboxes, unreadable};
use super::streams::Streams;
use crate::failure::{Exit, Failure};
use crate::model::connection::DatabaseUrl;
use crate::report::export::{ExportOptions, KINDS, render};
use crate::susdb::read;

/// `metadata.name` where the URL tells no name.
const UNNAMED: &str = "wsus";

/// Runs the verb.
///
/// # Errors
/// No `--server`, or a file that is there already (exit 3); a server that cannot be reached or read, or a file that cannot be
/// written (1).
pub async fn run(arguments: &Export, streams: Streams) -> Result<Exit, Failure> {
    if let Some(file) = &arguments.update {
        return super::refresh::run(file, &arguments.reach, streams).await;
    }
    let Some(url) = arguments.reach.otherwise()? else {
        return Err(Failure::new(Exit::Invalid, "nothing says which server to export")
            .hint("give --server URL, or set WSUSCTL_SERVER"));
    };
    if arguments.name.as_ref().is_some_and(|name| name.trim().is_empty()) {
        return Err(
            Failure::new(Exit::Invalid, "the manifest's name is empty").hint("give --name NAME, or leave it out")
        );
    }
    // Before anything is read: a large server takes its time.
    let file = arguments.out.as_deref().map(|path| OutputFile::new("--out", path, arguments.force)).transpose()?;
    let file = file.filter(|file| !file.is_standard_output());
    let options = ExportOptions {
        name: arguments.name.clone().unwrap_or_else(|| name_of(url)),
        database: database(url, file.as_ref().map(OutputFile::path)),
        identity: !arguments.without_identity,
        kinds: if arguments.kinds.is_empty() {
            BTreeSet::from(KINDS)
        } else {
            arguments.kinds.iter().copied().collect()
        },
        all: arguments.all,
        tool_version: env!("CARGO_PKG_VERSION"),
    };
    let sandboxes = Sandboxes::default();
    let connecting =
        Connecting { server: None, reach: &arguments.reach, verb: "export", streams, sandboxes: &sandboxes };
    let mut session = connecting.open().await?;
    let snapshot = read::read_snapshot(&mut session, &options.scope()).await.map_err(unreadable)?;
    let other_actions = read::read_other_actions(&mut session).await.map_err(unreadable)?;
    let manifest = render(&snapshot, &other_actions, &options);
    match file {
        Some(file) => {
            file.write(manifest.as_bytes())?;
            streams.note(&format!("written: {}", file.path().display()));
        }
        None => streams.report(&manifest).map_err(report_lost)?,
    }
    Ok(Exit::Success)
}

/// A name for people, until they give a better one.
fn name_of(url: &DatabaseUrl) -> String {
    let name = match url {
        DatabaseUrl::Mssql(mssql) => Some(mssql.host.clone()),
        DatabaseUrl::Sandbox { file: Some(file), .. } => {
            Path::new(file).file_stem().map(|stem| stem.to_string_lossy().into_owned())
        }
        DatabaseUrl::Sandbox { file: None, .. } | DatabaseUrl::Wid => None,
    };
    name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| UNNAMED.to_owned())
}

/// The URL as a manifest can say it: one without options, and without a path that would mean another file there.
fn database(url: &DatabaseUrl, output: Option<&Path>) -> Option<String> {
    let text = url.to_string();
    let same = text.parse::<DatabaseUrl>().is_ok_and(|parsed| parsed == *url);
    let elsewhere = output.and_then(Path::parent).is_some_and(|directory| directory != Path::new(""));
    let relative = matches!(url, DatabaseUrl::Sandbox { file: Some(file), .. } if Path::new(file).is_relative());
    (same && !(elsewhere && relative)).then_some(text)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{database, name_of};
    use crate::model::connection::DatabaseUrl;

    fn url(text: &str) -> DatabaseUrl {
        text.parse().unwrap()
    }

    #[test]
    fn a_url_is_written_only_where_it_means_the_same() {
        for (text, output, expected) in [
            ("mssql://sql01.contoso.com/SUSDB", None, Some("mssql://sql01.contoso.com/SUSDB")),
            ("mssql://svc@sql01:1434/SUSDB", Some("x/hq.yaml"), Some("mssql://svc@sql01:1434/SUSDB")),
            ("mssql://sql01/SUSDB?trustServerCertificate=true", None, None),
            ("wid:", None, Some("wid:")),
            ("sandbox:lab.db", Some("lab.yaml"), Some("sandbox:lab.db")),
            ("sandbox:lab.db", Some("x/lab.yaml"), None),
            ("sandbox:/srv/lab.db", Some("x/lab.yaml"), Some("sandbox:/srv/lab.db")),
        ] {
            assert_eq!(database(&url(text), output.map(Path::new)).as_deref(), expected, "{text} {output:?}");
        }
    }

    #[test]
    fn the_name_is_the_hosts_or_the_files() {
        for (text, expected) in
            [("mssql://sql01.contoso.com/SUSDB", "sql01.contoso.com"), ("sandbox:a/lab.db", "lab"), ("wid:", "wsus")]
        {
            assert_eq!(name_of(&url(text)), expected);
        }
    }
}
