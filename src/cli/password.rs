//! Finds passwords: where one comes from is known before it is read, so that it can be decided whether it may be.

use std::env::VarError;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::input_file::{InputError, InputFile, NamedBy};
use super::streams::Streams;
use crate::failure::{Exit, Failure};
use crate::model::connection::{Secret, SecretReference};

/// Bytes of a file that holds a password. SQL Server takes 128 characters.
const SIZE_MAX: u64 = 4096;

/// The variable that holds a password where no file is named.
const VARIABLE: &str = "WSUSCTL_PASSWORD";

/// Where a password is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// In an environment variable.
    Variable(String),
    /// In a file.
    File {
        /// The file.
        path: PathBuf,
        /// Who names it.
        by: NamedBy,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => f.write_str(name),
            // As `--allow-secret` tells a file from a variable.
            Self::File { path, .. } if path.components().count() == 1 && path.is_relative() => {
                write!(f, "./{}", path.display())
            }
            Self::File { path, .. } => write!(f, "{}", path.display()),
        }
    }
}

impl Source {
    /// The file of the command line, then the environment, then the manifest's reference; none where nothing says one.
    #[must_use]
    pub fn find(file: Option<&Path>, reference: Option<&SecretReference>, directory: &Path) -> Option<Self> {
        if let Some(path) = file {
            return Some(Self::File { path: path.to_owned(), by: NamedBy::CommandLine });
        }
        if std::env::var(VARIABLE).is_ok_and(|password| !password.is_empty()) {
            return Some(Self::Variable(VARIABLE.to_owned()));
        }
        Some(match reference? {
            SecretReference::File(file) => Self::File { path: directory.join(file), by: NamedBy::Manifest },
            SecretReference::Env(name) => Self::Variable(name.clone()),
        })
    }

    /// Whether a manifest names a file that is not below its directory, links resolved.
    #[must_use]
    pub fn is_outside(&self, directory: &Path) -> bool {
        let Self::File { path, by: NamedBy::Manifest } = self else { return false };
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        match (fs::canonicalize(path), fs::canonicalize(directory)) {
            (Ok(path), Ok(directory)) => !path.starts_with(directory),
            // What is not there is not read: reading says so.
            _ => false,
        }
    }

    /// Reads the password.
    ///
    /// # Errors
    /// A file or a variable that cannot be read (exit 3).
    pub fn read(&self, streams: Streams) -> Result<Secret, Failure> {
        match self {
            Self::File { path, by } => read_secret(path, *by, streams),
            Self::Variable(name) => std::env::var(name).map(Secret::new).map_err(|error| {
                let summary = format!("cannot read the password from the environment variable {name}");
                let hint = format!("set {name}, or give --password-file FILE");
                // Its own words would show what a variable that is no Unicode holds.
                let error = match error {
                    VarError::NotPresent => VarError::NotPresent.to_string(),
                    VarError::NotUnicode(_) => "what it holds is no Unicode text".to_owned(),
                };
                Failure::new(Exit::Invalid, summary).caused_by(std::io::Error::other(error)).hint(hint)
            }),
        }
    }
}

fn read_secret(path: &Path, by: NamedBy, streams: Streams) -> Result<Secret, Failure> {
    let cannot = || Failure::new(Exit::Invalid, format!("cannot read the password from {}", path.display()));
    let unreadable = |error: InputError| {
        let hint = error.hint();
        cannot().caused_by(error).hints(hint)
    };
    let file = InputFile::open(path, by).map_err(unreadable)?;
    if let Some(mode) = file.public_mode() {
        let path = path.display();
        streams.note(&format!("warning: every user of this machine may read {path} (mode {mode:o}): chmod 600 {path}"));
    }
    let text = file.text(SIZE_MAX).map_err(unreadable)?;
    let password = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    if password.is_empty() || password.contains('\n') {
        return Err(cannot().hint("the file holds the password alone, on one line"));
    }
    Ok(Secret::new(password.to_owned()))
}
