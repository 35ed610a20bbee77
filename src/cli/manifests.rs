//! Finds manifests on the command line and reads them.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::arguments::Manifests;
use crate::diagnostic::{Diagnostics, Sources};
use crate::failure::{Exit, Failure};
use crate::manifest::{ReadLimits, duplicate_servers, read};
use crate::model::desired::Desired;

/// What the manifests of a run say.
pub struct Loaded {
    /// The servers, in the order of the files; with errors only those that could be read.
    pub servers: Vec<Server>,
    /// The texts, to show places.
    pub sources: Sources,
    /// Problems of all files.
    pub diagnostics: Diagnostics,
}

/// A manifest and where it is.
pub struct Server {
    /// What it declares.
    pub desired: Desired,
    /// The directory that its paths are relative to.
    pub directory: PathBuf,
}

/// Reads every manifest that the arguments name.
///
/// # Errors
/// A path that cannot be read, or a directory without manifests. What is wrong inside the files is in `Loaded`.
pub fn load(arguments: &Manifests) -> Result<Loaded, Failure> {
    let limits =
        ReadLimits { max_bytes: u64::from(arguments.max_manifest_size) * 1024 * 1024, ..ReadLimits::default() };
    let mut loaded = Loaded { servers: Vec::new(), sources: Sources::default(), diagnostics: Diagnostics::default() };
    let mut servers = Vec::new();
    let mut directories = Vec::new();
    for path in expand(&arguments.files)? {
        let bytes = read_capped(&path, limits.max_bytes)?;
        let (desired, diagnostics) = read(&display_name(&path), &bytes, &mut loaded.sources, &limits);
        loaded.diagnostics.extend(diagnostics);
        directories.resize(servers.len() + desired.len(), directory_of(&path));
        servers.extend(desired);
    }
    // The reader has named the duplicates within a file already.
    for duplicate in duplicate_servers(&servers).0 {
        if !loaded.diagnostics.0.contains(&duplicate) {
            loaded.diagnostics.push(duplicate);
        }
    }
    let placed = servers.into_iter().zip(directories);
    loaded.servers = placed.map(|(desired, directory)| Server { desired, directory }).collect();
    Ok(loaded)
}

fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" || !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        collect(path, &mut files)?;
        if files.len() == before {
            return Err(Failure::new(Exit::Invalid, format!("no manifest in directory {}", path.display()))
                .hint("manifests end in .yaml or .yml; directories whose name begins with a dot are not searched"));
        }
        files[before..].sort();
    }
    Ok(files)
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let cannot = |error: io::Error| {
        Failure::new(Exit::Invalid, format!("cannot read directory {}", directory.display())).caused_by(error)
    };
    for entry in fs::read_dir(directory).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if entry.file_type().map_err(cannot)?.is_dir() {
            if !hidden {
                collect(&path, files)?;
            }
        } else if !hidden && path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            files.push(path);
        }
    }
    Ok(())
}

/// Reads one byte more than the cap at most: the reader then says that the file is too large.
fn read_capped(path: &Path, max_bytes: u64) -> Result<Vec<u8>, Failure> {
    let cannot =
        |error: io::Error| Failure::new(Exit::Invalid, format!("cannot read {}", display_name(path))).caused_by(error);
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        io::stdin().lock().take(max_bytes + 1).read_to_end(&mut bytes).map_err(cannot)?;
    } else {
        fs::File::open(path).map_err(cannot)?.take(max_bytes + 1).read_to_end(&mut bytes).map_err(cannot)?;
    }
    Ok(bytes)
}

fn display_name(path: &Path) -> String {
    if path.as_os_str() == "-" { "<stdin>".to_owned() } else { path.display().to_string() }
}

fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if path.as_os_str() != "-" => parent.to_path_buf(),
        _ => PathBuf::new(),
    }
}
