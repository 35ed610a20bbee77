//! The arguments, as clap reads them.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::bad_url;
use super::secret_policy::Allowed;
use crate::failure::Failure;
use crate::model::address::Kind;
use crate::model::connection::{DatabaseUrl, UrlError};
use crate::model::listing::Noun;
use crate::plan::permission::Permission;
use crate::report::export::KINDS;

pub(super) const EXIT_STATUS: &str = "\
Exit status:
  0    success; for diff: no differences
  1    a failure that no other status names (connection, server fault)
  2    differences exist, or remain after apply; never returned for an error
  3    bad usage, invalid manifest, unknown reference: nothing was changed
  4    refused by a guard, a pin or a missing confirmation
  5    the server is no longer what the plan was made from
  6    another apply holds the lock
  7    apply stopped part-way: some changes were made
  130  interrupted before any write";

/// GitOps for Windows Server Update Services: declare a WSUS server in YAML, see the plan, apply it.
#[derive(Debug, Parser)]
#[command(
    name = "wsusctl",
    version,
    after_help = format!("{EXIT_STATUS}\n\n{}", super::help::topics()),
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub struct Arguments {
    /// Flags that every verb has.
    #[command(flatten)]
    pub common: Common,
    /// The verb.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Flags that every verb has.
#[derive(Debug, Args)]
pub struct Common {
    /// Colour the output
    #[arg(long, value_enum, default_value_t = ColorChoice::Auto, global = true)]
    pub color: ColorChoice,
    /// Say more on standard error; twice for debugging
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Say only what is wrong on standard error
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// How log lines (-v) are written
    #[arg(long, value_enum, default_value_t = LogFormat::Text, global = true)]
    pub log_format: LogFormat,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// A JSON document: `wsusctl help json-plan`, and for doctor `wsusctl help doctor`.
    Json,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Check manifests offline; nothing is contacted
    Validate(Validate),
    /// Show what apply would change
    #[command(visible_alias = "plan")]
    Diff(Diff),
    /// Make the server match; asks first on a terminal
    Apply(Apply),
    /// Check connection, permissions and what wsusctl takes SUSDB to be; writes nothing
    Doctor(Doctor),
    /// Write the live server as a manifest whose diff is empty
    Export(Export),
    /// Save what a server has to a file, for diff --against FILE without a server
    Snapshot(Snapshot),
    /// List groups, computers, updates, products, ... to write manifests from
    Get(Get),
    /// Print a JSON Schema, for editors and validators
    Schema(SchemaOf),
    /// Print a page of the manual, or how a verb is used
    Help(Help),
    /// An emulated WSUS server to try things on
    #[cfg(feature = "sandbox")]
    #[command(subcommand)]
    Sandbox(Sandbox),
}

/// Which manifests to read.
#[derive(Debug, Args)]
pub struct Manifests {
    /// A manifest, a directory of manifests (*.yaml and *.yml below it), or - for standard input; repeatable
    #[arg(short = 'f', long = "file", value_name = "PATH", required = true)]
    pub files: Vec<PathBuf>,
    /// Refuse manifest files that are larger than this many MiB
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=2047))]
    pub max_manifest_size: u32,
}

/// How to reach the server.
#[derive(Debug, Args)]
pub struct Reach {
    /// Use this database instead of the manifest's whole connection (mssql://..., wid:, sandbox:FILE). Where neither says
    /// where the server is, the environment variable WSUSCTL_SERVER does
    #[arg(long, value_name = "URL")]
    pub server: Option<DatabaseUrl>,
    /// What WSUSCTL_SERVER holds, which counts where nothing else says where the server is: a pipeline's variable must not
    /// lead a manifest that names its server elsewhere.
    #[arg(skip = std::env::var("WSUSCTL_SERVER").ok().filter(|url| !url.is_empty()).map(|url| url.parse()))]
    pub environment: Option<Result<DatabaseUrl, UrlError>>,
    /// Read the password from this file; without it, from the environment variable WSUSCTL_PASSWORD or where the manifest
    /// says
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Send this secret, an environment variable or a file, to this host (or *.DOMAIN) where a manifest says so; repeatable.
    /// Without it and without a policy, it goes over verified connections only, and a file stands below the manifest
    #[arg(long, value_name = "NAME=HOST")]
    pub allow_secret: Vec<Allowed>,
    /// Read from this file which secrets may go where; without it, from the file that WSUSCTL_SECRET_POLICY names
    #[arg(long, value_name = "FILE")]
    pub secret_policy: Option<PathBuf>,
    /// Give up connecting after this long (15s, 2m)
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = parse_duration)]
    pub connect_timeout: Duration,
    /// Give up on a statement after this long (90s, 10m)
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = parse_duration)]
    pub timeout: Duration,
}

impl Reach {
    /// Where the server is if no manifest says it.
    ///
    /// # Errors
    /// WSUSCTL_SERVER holds something else than a database URL (exit 3).
    pub fn otherwise(&self) -> Result<Option<&DatabaseUrl>, Failure> {
        match (&self.server, &self.environment) {
            (Some(url), _) | (None, Some(Ok(url))) => Ok(Some(url)),
            (None, Some(Err(problem))) => Err(bad_url("WSUSCTL_SERVER", problem)),
            (None, None) => Ok(None),
        }
    }
}

/// `validate`
#[derive(Debug, Args)]
pub struct Validate {
    /// Which manifests.
    #[command(flatten)]
    pub manifests: Manifests,
    /// How to report
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// What is planned, how, and how the plan is shown.
#[derive(Debug, Args)]
pub struct Planning {
    /// Which manifests.
    #[command(flatten)]
    pub manifests: Manifests,
    /// Which server.
    #[command(flatten)]
    pub reach: Reach,
    /// How to report the plan; apply with json takes one manifest and tells the outcome on standard error
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    /// List what every entry matched and what it left out
    #[arg(long)]
    pub explain: bool,
    /// Give a permission (groups.delete=80%, KIND.delete, KIND.modify=N%, empty, past-deadlines, high-risk, reinstate; to apply also
    /// unsupported); repeatable
    #[arg(long, value_name = "PERMISSION")]
    pub allow: Vec<Permission>,
    /// Judge selectors and deadlines as if it were this time (RFC 3339, as in 2026-12-08T18:00:00Z), for tests and to see
    /// the plan of another day. What apply writes still counts relative deadlines from the server's clock
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub now: Option<DateTime<Utc>>,
}

/// `diff`
#[derive(Debug, Args)]
pub struct Diff {
    /// What to plan.
    #[command(flatten)]
    pub planning: Planning,
    /// Compare with a file that `wsusctl snapshot` wrote, or - for standard input: nothing is contacted, and no password is
    /// needed; repeatable, for manifests that pin their server's id
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["server", "password_file", "connect_timeout", "timeout"]
    )]
    pub against: Vec<PathBuf>,
}

/// `apply`
#[derive(Debug, Args)]
pub struct Apply {
    /// What to plan.
    #[command(flatten)]
    pub planning: Planning,
    /// Do not ask; needed where there is no terminal
    #[arg(long)]
    pub yes: bool,
    /// Let the server synchronise its categories before planning, so that new products and classifications are known
    #[arg(long)]
    pub sync_categories: bool,
    /// Wait at most this long for the end of that synchronisation (90s, 30m)
    #[arg(long, value_name = "DURATION", default_value = "30m", value_parser = parse_duration)]
    pub sync_timeout: Duration,
    /// Run this automatic approval rule once the plan is applied; repeatable
    #[arg(long, value_name = "NAME")]
    pub run_rules: Vec<String>,
    /// Wait at most this long for a synchronisation or an earlier change of the configuration, during which WSUS saves no
    /// settings (90s, 30m)
    #[arg(long, value_name = "DURATION", default_value = "3m", value_parser = parse_duration)]
    pub wait: Duration,
}

/// `export`
#[derive(Debug, Args)]
#[command(after_help = "`wsusctl help export` says what is exported and what is left out.")]
pub struct Export {
    /// Which server.
    #[command(flatten)]
    pub reach: Reach,
    /// Write the manifest to this file instead of standard output, which is also -
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace the file if it exists; behind a link the one that it points to
    #[arg(long, requires = "out")]
    pub force: bool,
    /// How to write the manifest
    #[arg(long, short, value_enum, default_value_t = ManifestOutput::Yaml)]
    pub output: ManifestOutput,
    /// Export only these kinds; memberships bring the groups with them
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = export_kinds())]
    pub kinds: Vec<Kind>,
    /// Also write the settings under `advanced` that hold their default
    #[arg(long)]
    pub all: bool,
    /// Do not pin the server's id, for a manifest that goes to another server
    #[arg(long)]
    pub without_identity: bool,
    /// The manifest's name; without it that of the host or the sandbox file
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Refresh the values of this manifest in place, and keep its comments and layout; the server is the manifest's own
    /// unless --server names one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["out", "force", "output", "kinds", "all", "without_identity", "name"])]
    pub update: Option<PathBuf>,
}

/// How a manifest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ManifestOutput {
    /// YAML, the one format that manifests have.
    Yaml,
}

fn export_kinds() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(KINDS.map(Kind::plural))
        .map(|word| Kind::from_plural(&word).expect("the parser knows these words only"))
}

/// `snapshot`
#[derive(Debug, Args)]
#[command(
    after_help = "`wsusctl help snapshot` says what the file holds: no secrets, but the names of computers and people."
)]
pub struct Snapshot {
    /// The manifest whose connection to use; where it pins a server's id, another server is refused
    #[arg(short = 'f', long = "file", value_name = "PATH")]
    pub file: Option<PathBuf>,
    /// Which server.
    #[command(flatten)]
    pub reach: Reach,
    /// Write the snapshot to this file, or to standard output: -
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Replace the file if it exists; behind a link the one that it points to
    #[arg(long)]
    pub force: bool,
}

/// `get`
#[derive(Debug, Args)]
#[command(after_help = "`wsusctl help get` has the conditions of every kind, and the JSON document.")]
pub struct Get {
    /// What to list
    #[arg(value_name = "KIND", value_parser = nouns())]
    pub noun: Noun,
    /// The manifest whose connection to use
    #[arg(short = 'f', long = "file", value_name = "PATH")]
    pub file: Option<PathBuf>,
    /// Which server.
    #[command(flatten)]
    pub reach: Reach,
    /// List only what meets this condition (classifications='Security Updates', arrivedWithin=30d, name='pc-*'); repeatable
    #[arg(long = "where", value_name = "KEY=VALUE")]
    pub conditions: Vec<String>,
    /// Count the ages of conditions back from this time (RFC 3339, as in 2026-12-08T18:00:00Z), and not from the server's
    /// clock
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub now: Option<DateTime<Utc>>,
    /// List so many at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Go on behind this one, as the last page said
    #[arg(long, value_name = "KEY")]
    pub after: Option<String>,
    /// How to list
    #[arg(long, short, value_enum, default_value_t = ListOutput::Text)]
    pub output: ListOutput,
}

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListOutput {
    /// A table.
    Text,
    /// A JSON document: `wsusctl help get`.
    Json,
    /// YAML that can stand in a manifest.
    Yaml,
}

fn nouns() -> impl TypedValueParser<Value = Noun> {
    PossibleValuesParser::new(Noun::ALL.map(Noun::as_str))
        .map(|word| Noun::from_word(&word).expect("the parser knows these words only"))
}

/// `doctor`
#[derive(Debug, Args)]
#[command(
    after_help = "`wsusctl help doctor` explains the findings and the JSON document, `wsusctl help contract` the file of --contract."
)]
pub struct Doctor {
    /// A manifest, a directory of manifests (*.yaml and *.yml below it), or - for standard input; repeatable
    #[arg(short = 'f', long = "file", value_name = "PATH")]
    pub files: Vec<PathBuf>,
    /// Refuse manifest files that are larger than this many MiB
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=2047))]
    pub max_manifest_size: u32,
    /// Which server.
    #[command(flatten)]
    pub reach: Reach,
    /// How to report
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    /// List every GRANT statement that a login of least privilege needs, for this database user, and not only what the
    /// login lacks
    #[arg(long, value_name = "USER", num_args = 0..=1, require_equals = true)]
    pub grants: Option<Option<String>>,
    /// Also write what the server's procedures, tables and views look like to this file (JSON), for a bug report; with -
    /// to standard output instead of the report. No names of computers, groups, people or hosts are in it
    #[arg(long, value_name = "FILE")]
    pub contract: Option<PathBuf>,
    /// Replace the file of --contract if it exists; behind a link the one that it points to
    #[arg(long, requires = "contract")]
    pub force: bool,
}

/// `help`
#[derive(Debug, Args)]
pub struct Help {
    /// A verb or a page of the manual; without one, everything there is
    #[arg(value_name = "TOPIC")]
    pub topic: Vec<String>,
}

/// `schema`
#[derive(Debug, Args)]
pub struct SchemaOf {
    /// What the schema is of
    #[arg(value_enum, default_value_t = Described::Manifest)]
    pub document: Described,
}

/// Documents that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Described {
    /// The manifest.
    Manifest,
    /// The JSON plan: the document of diff --output json.
    Plan,
    /// The contract of a SUSDB: the file of doctor --contract.
    Contract,
}

/// `sandbox`
#[cfg(feature = "sandbox")]
#[derive(Debug, Subcommand)]
pub enum Sandbox {
    /// Make a sandbox file
    Init(SandboxInit),
    /// Offer a sandbox file over TCP, to any SQL Server client
    Serve(SandboxServe),
}

/// `sandbox init`
#[cfg(feature = "sandbox")]
#[derive(Debug, Args)]
pub struct SandboxInit {
    /// The file to make
    pub file: PathBuf,
    /// What is on the server: empty, demo, or scale:N with N updates
    #[arg(long, default_value = "demo")]
    pub seed: crate::sandbox::seeds::Seed,
    /// A snapshot of a server, made by wsusctl snapshot, whose contents the file is to have instead of a seed; - for standard
    /// input
    #[arg(long, value_name = "SNAPSHOT", conflicts_with = "seed")]
    pub from: Option<PathBuf>,
    /// Replace the file if it exists; behind a link the one that it points to
    #[arg(long)]
    pub force: bool,
}

/// `sandbox serve`
#[cfg(feature = "sandbox")]
#[derive(Debug, Args)]
pub struct SandboxServe {
    /// The file to serve; options as in a sandbox URL may follow a question mark
    pub file: String,
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:1433")]
    pub listen: std::net::SocketAddr,
    /// Listen on an address that other machines reach
    #[arg(long)]
    pub allow_remote: bool,
    /// The SQL Server login that clients use; its password comes from --password-file or WSUSCTL_PASSWORD
    #[arg(long, value_name = "NAME")]
    pub user: String,
    /// Read the login's password from this file
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// What is encrypted
    #[arg(long, value_enum, default_value_t = ServeTls::Required)]
    pub tls: ServeTls,
    /// Certificate chain in PEM; without it, a self-signed one is made at start
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,
    /// The certificate's private key in PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// Write the certificate (PEM) to this file, for clients to trust
    #[arg(long, value_name = "FILE")]
    pub write_cert: Option<PathBuf>,
}

/// What `sandbox serve` encrypts.
#[cfg(feature = "sandbox")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ServeTls {
    /// Nothing.
    Off,
    /// The login.
    Login,
    /// Everything.
    Required,
    /// Everything from the first byte, as SQL Server 2022 with Force Strict Encryption.
    Strict,
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    let number: u64 = digits.parse().map_err(|_| "expected a number and a unit, as in 90s, 10m or 1h".to_owned())?;
    let seconds = match unit {
        "s" | "" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(format!("unknown unit `{unit}`; use s, m or h")),
    };
    match number.checked_mul(seconds) {
        Some(total) if (1..=86_400).contains(&total) => Ok(Duration::from_secs(total)),
        _ => Err("a duration is from 1s to 24h".to_owned()),
    }
}

fn parse_time(text: &str) -> Result<DateTime<Utc>, String> {
    let time = DateTime::parse_from_rfc3339(text);
    time.map(|time| time.to_utc()).map_err(|_| "expected a time with an offset, as in 2026-12-08T18:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Arguments, parse_duration, parse_time};
    use clap::CommandFactory;
    use std::time::Duration;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn times_have_an_offset() {
        assert_eq!(parse_time("2026-12-08T18:00:00+01:00"), Ok("2026-12-08T17:00:00Z".parse().unwrap()));
        for text in ["2026-12-08T18:00:00", "2026-12-08", "now", ""] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_have_a_unit_and_a_range() {
        assert_eq!(parse_duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("10m"), Ok(Duration::from_secs(600)));
        for text in ["", "s", "1d", "0s", "25h", "-1s", "99999999999999999999s"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
