//! The files of `diff --against`: servers as somebody saved them.

use std::io::stdin;
use std::path::{Path, PathBuf};

use super::input_file::{InputFile, NamedBy};
use crate::failure::{Exit, Failure};
use crate::model::desired::Desired;
use crate::saved::{self, Limits, Saved};

/// A snapshot and the name of its file.
#[derive(Clone)]
pub struct Against {
    /// The path as given.
    pub file: String,
    /// What the file holds.
    pub saved: Saved,
}

/// The snapshots of a run.
pub struct Snapshots {
    all: Vec<Against>,
    /// Whether there is one manifest and one snapshot: they belong together without a pin, and the snapshot is used once.
    is_pair: bool,
}

impl Snapshots {
    /// Reads the files for so many manifests.
    ///
    /// # Errors
    /// One cannot be read, is not a whole snapshot that this program knows, or is of the same server as another (exit 3).
    pub fn load(files: &[PathBuf], manifests: usize) -> Result<Self, Failure> {
        let mut all: Vec<Against> = Vec::with_capacity(files.len());
        for file in files {
            let one = load(file)?;
            let id = one.saved.snapshot.server.server_id;
            if let Some(other) = all.iter().find(|other| other.saved.snapshot.server.server_id == id) {
                let summary = format!("{} and {} are snapshots of one server, {id}", other.file, one.file);
                return Err(Failure::new(Exit::Invalid, summary).hint("give one of them"));
            }
            all.push(one);
        }
        let is_pair = manifests == 1 && all.len() == 1;
        Ok(Self { all, is_pair })
    }

    /// The snapshot that a manifest is compared with: the only one, or of several that of the server which it pins, else that of
    /// the server which that one replaces.
    ///
    /// # Errors
    /// A manifest among several that pins no server, or one of which there is no snapshot (exit 3).
    pub fn of(&mut self, desired: &Desired) -> Result<Against, Failure> {
        if self.is_pair
            && let Some(only) = self.all.pop()
        {
            return Ok(only);
        }
        let name = &desired.name;
        let Some(pin) = desired.server_id else {
            let summary = format!("nothing says which snapshot the manifest {name} is to be compared with");
            return Err(Failure::new(Exit::Invalid, summary)
                .hint("write identity.serverId into every manifest, or give one manifest and one snapshot"));
        };
        let of_server = |id| self.all.iter().find(|one| one.saved.snapshot.server.server_id == id);
        let found = of_server(pin.value).or_else(|| of_server(desired.replaces?.value));
        found.cloned().ok_or_else(|| {
            let summary = format!("there is no snapshot of server {}, which the manifest {name} pins", pin.value);
            Failure::new(Exit::Invalid, summary).hint("give one more --against FILE, or leave the manifest out")
        })
    }
}

/// Reads a snapshot.
///
/// # Errors
/// It cannot be read, or is not a whole snapshot that this program knows (exit 3).
pub fn load(path: &Path) -> Result<Against, Failure> {
    let is_stdin = path.as_os_str() == "-";
    let file = if is_stdin { "<stdin>".to_owned() } else { path.display().to_string() };
    let cannot = || Failure::new(Exit::Invalid, format!("cannot read the snapshot {file}"));
    let limits = Limits::default();
    let saved = if is_stdin {
        saved::read(stdin().lock(), &limits)
    } else {
        let opened = InputFile::open(path, NamedBy::CommandLine).map_err(|error| {
            let hint =
                "name a file that wsusctl snapshot wrote with --against, or make one: wsusctl snapshot --out FILE";
            cannot().caused_by(error).hint(hint)
        })?;
        saved::read(opened, &limits)
    };
    let saved = saved.map_err(|error| {
        let hint = error.hint();
        cannot().caused_by(error).hint(hint)
    })?;
    Ok(Against { file, saved })
}
