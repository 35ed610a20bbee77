//! A file that a verb writes: whole or not at all, and never over another one unless told to.

use std::fs::{self, File};
use std::io::{self, BufWriter, IntoInnerError, Write};
use std::path::{Path, PathBuf};

use crate::failure::{Exit, Failure};

/// A file to be written.
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
    force: bool,
}

impl OutputFile {
    /// Takes a path. With `force` a file that is there is replaced.
    ///
    /// # Errors
    /// There is a file, and it must not be replaced (exit 3); a path that names none.
    pub fn new(path: &Path, force: bool) -> Result<Self, Failure> {
        if path.file_name().is_none() || path.is_dir() {
            return Err(Failure::new(Exit::Invalid, format!("{} is not the name of a file", path.display())));
        }
        let file = Self { path: path.to_owned(), force };
        if !force && path.symlink_metadata().is_ok() { Err(file.is_there()) } else { Ok(file) }
    }

    /// The path as given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the file beside its place and puts it there when it is complete.
    ///
    /// # Errors
    /// The file cannot be written, or has come into being since (exit 3).
    pub fn write(&self, content: &[u8]) -> Result<(), Failure> {
        self.write_with(|file| file.write_all(content))
    }

    /// Likewise, with content that is written piece by piece.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn write_with(&self, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        let temporary = self.temporary();
        let written = self.write_by_way_of(&temporary, content);
        if written.is_err() {
            // What is left of it helps nobody; if it cannot be removed, the first error says more.
            let _ = fs::remove_file(&temporary);
        }
        written.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => self.is_there(),
            _ => Failure::new(Exit::Failure, format!("cannot write {}", self.path.display())).caused_by(error),
        })
    }

    fn write_by_way_of(
        &self,
        temporary: &Path,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut file = BufWriter::new(File::create(temporary)?);
        content(&mut file)?;
        let file = file.into_inner().map_err(IntoInnerError::into_error)?;
        // Who may read a file that is replaced may read the new one, and nobody else.
        if let Some(old) = fs::metadata(&self.path).ok().filter(|_| self.force) {
            file.set_permissions(old.permissions())?;
        }
        file.sync_all()?;
        drop(file);
        if self.force {
            return fs::rename(temporary, &self.path);
        }
        // A link fails where there is a file, in one step; renaming would replace it.
        match fs::hard_link(temporary, &self.path) {
            Ok(()) => fs::remove_file(temporary),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            // A file system without links.
            Err(_) if self.path.symlink_metadata().is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(temporary, &self.path),
        }
    }

    /// Beside the file, so that it can be renamed, and of this process alone.
    fn temporary(&self) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        self.path.with_file_name(format!(".{name}.{}.tmp", std::process::id()))
    }

    fn is_there(&self) -> Failure {
        Failure::new(Exit::Invalid, format!("{} is there already", self.path.display()))
            .hint("give another name with -o, or replace the file with --force")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::OutputFile;
    use crate::failure::Exit;

    #[test]
    fn a_file_is_replaced_only_by_force_and_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("hq.yaml");
        let late = OutputFile::new(&path, false).unwrap();
        OutputFile::new(&path, false).unwrap().write(b"one").unwrap();
        assert_eq!(OutputFile::new(&path, false).unwrap_err().exit, Exit::Invalid);
        assert_eq!(late.write(b"late").unwrap_err().exit, Exit::Invalid);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        OutputFile::new(&path, true).unwrap().write(b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        assert!(OutputFile::new(directory.path(), true).is_err());
        let nowhere = OutputFile::new(&directory.path().join("no/hq.yaml"), false).unwrap();
        assert_eq!(nowhere.write(b"x").unwrap_err().exit, Exit::Failure);
    }
}
