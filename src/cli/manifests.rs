//! Finds manifests on the command line and reads them.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::arguments::Manifests;
use super::input_file::{InputError, InputFile, NamedBy};
use super::streams::Streams;
use crate::diagnostic::{Diagnostics, Sources};
use crate::failure::{Exit, Failure};
use crate::manifest::{ReadLimits, duplicate_servers, is_meant, read};
use crate::model::desired::Desired;
use crate::report::visible::visible;

/// What the manifests of a run say.
pub struct Loaded {
    /// The servers, in the order of the files; with errors only those that could be read.
    pub servers: Vec<Server>,
    /// The texts, to show places.
    pub sources: Sources,
    /// Problems of all files.
    pub diagnostics: Diagnostics,
    /// Files below a directory that are other YAML.
    pub others: Vec<PathBuf>,
}

/// A manifest and where it is.
pub struct Server {
    /// What it declares.
    pub desired: Desired,
    /// The directory that its paths are relative to.
    pub directory: PathBuf,
}

impl Loaded {
    /// Says which files were passed over: a manifest that is taken for something else must not go unnoticed.
    pub fn tell_of_others(&self, streams: Streams) {
        if !self.others.is_empty() {
            let others = self.others.iter().map(|path| path.display().to_string());
            streams.note(&format!("note: other YAML was passed over: {}", visible(&listed(others))));
        }
    }
}

/// Reads every manifest that the arguments name.
///
/// # Errors
/// A path that cannot be read, or a directory without manifests. What is wrong inside the files is in `Loaded`.
pub fn load(arguments: &Manifests) -> Result<Loaded, Failure> {
    let limits =
        ReadLimits { max_bytes: u64::from(arguments.max_manifest_size) * 1024 * 1024, ..ReadLimits::default() };
    let mut loaded = Loaded {
        servers: Vec::new(),
        sources: Sources::default(),
        diagnostics: Diagnostics::default(),
        others: Vec::new(),
    };
    let mut servers = Vec::new();
    let mut directories = Vec::new();
    for (path, named) in expand(&arguments.files)? {
        let bytes = read_capped(&path, named, limits.max_bytes)?;
        if !named && !is_meant(&bytes) {
            loaded.others.push(path);
            continue;
        }
        let (desired, diagnostics) = read(&display_name(&path), &bytes, &mut loaded.sources, &limits);
        loaded.diagnostics.extend(diagnostics);
        directories.resize(servers.len() + desired.len(), directory_of(&path));
        servers.extend(desired);
    }
    if servers.is_empty() && !loaded.others.is_empty() && loaded.diagnostics.0.is_empty() {
        let others = loaded.others.iter().map(|path| path.display().to_string());
        return Err(Failure::new(Exit::Invalid, "there is other YAML, and no manifest")
            .hint("a manifest begins with `apiVersion: wsusctl/v1alpha1` and `kind: WsusServer`")
            .hint(format!("name a file with -f to see what is wrong with it; there are {}", listed(others))));
    }
    // The reader has named the duplicates within a file already.
    // One directory has many names.
    let whole: Vec<PathBuf> = directories.iter().map(|directory| whole(directory)).collect();
    let placed = servers.iter().zip(whole.iter().map(PathBuf::as_path));
    for duplicate in duplicate_servers(placed).0 {
        if !loaded.diagnostics.0.iter().any(|known| known.code == duplicate.code && known.primary == duplicate.primary)
        {
            loaded.diagnostics.push(duplicate);
        }
    }
    let placed = servers.into_iter().zip(directories);
    loaded.servers = placed.map(|(desired, directory)| Server { desired, directory }).collect();
    Ok(loaded)
}

/// The files of the paths; with each whether the arguments name it, or only a directory above it.
fn expand(paths: &[PathBuf]) -> Result<Vec<(PathBuf, bool)>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" || !path.is_dir() {
            files.push((path.clone(), true));
            continue;
        }
        let mut found = Vec::new();
        let root = fs::canonicalize(path).map_err(|error| cannot_search(path, error))?;
        collect(path, &root, &mut found)?;
        if found.is_empty() {
            return Err(Failure::new(Exit::Invalid, format!("no manifest in directory {}", path.display()))
                .hint("manifests end in .yaml or .yml; directories whose name begins with a dot are not searched"));
        }
        found.sort();
        files.extend(found.into_iter().map(|path| (path, false)));
    }
    Ok(files)
}

/// The first few of some names.
fn listed(names: impl ExactSizeIterator<Item = String>) -> String {
    const SHOWN: usize = 5;
    let more = names.len().saturating_sub(SHOWN);
    let shown = names.take(SHOWN).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

fn cannot_search(directory: &Path, error: io::Error) -> Failure {
    Failure::new(Exit::Invalid, format!("cannot read directory {}", directory.display())).caused_by(error)
}

fn collect(directory: &Path, root: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let cannot = |error| cannot_search(directory, error);
    for entry in fs::read_dir(directory).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if entry.file_type().map_err(cannot)?.is_dir() {
            if !hidden {
                collect(&path, root, files)?;
            }
        } else if !hidden && path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            refuse_link_out(&path, root)?;
            files.push(path);
        }
    }
    Ok(())
}

/// Whoever may write into a directory of manifests must not choose which other files of this machine are read.
fn refuse_link_out(path: &Path, root: &Path) -> Result<(), Failure> {
    let cannot =
        |error: io::Error| Failure::new(Exit::Invalid, format!("cannot read {}", path.display())).caused_by(error);
    if fs::canonicalize(path).map_err(cannot)?.starts_with(root) {
        return Ok(());
    }
    Err(Failure::new(Exit::Invalid, format!("{} is a link out of the directory", path.display()))
        .hint("below a directory only links to files in it are followed: put the file there, or name it with -f"))
}

/// Reads one byte more than the cap at most: the reader then says that the file is too large.
fn read_capped(path: &Path, named: bool, max_bytes: u64) -> Result<Vec<u8>, Failure> {
    let cannot = |error: InputError| {
        let hint = error.hint();
        Failure::new(Exit::Invalid, format!("cannot read {}", display_name(path))).caused_by(error).hints(hint)
    };
    let by = if named { NamedBy::CommandLine } else { NamedBy::Manifest };
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        io::stdin().lock().take(max_bytes + 1).read_to_end(&mut bytes)
    } else {
        InputFile::open(path, by).map_err(cannot)?.take(max_bytes + 1).read_to_end(&mut bytes)
    };
    read.map_err(|error| cannot(error.into()))?;
    Ok(bytes)
}

fn display_name(path: &Path) -> String {
    if path.as_os_str() == "-" { "<stdin>".to_owned() } else { path.display().to_string() }
}

fn whole(directory: &Path) -> PathBuf {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned())
}

fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if path.as_os_str() != "-" => parent.to_path_buf(),
        _ => PathBuf::new(),
    }
}
