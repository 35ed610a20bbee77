//! A file that a verb writes: whole or not at all, and never over another one unless told to.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IntoInnerError, Write};
use std::path::{Path, PathBuf};

use super::report_lost;
use crate::failure::{Exit, Failure};

/// A file to be written, or standard output in its place.
#[derive(Debug)]
pub struct OutputFile {
    /// The option that names it.
    option: &'static str,
    path: PathBuf,
    place: Place,
    private: bool,
}

/// Where the content goes.
#[derive(Debug)]
enum Place {
    StandardOutput,
    /// A file that must not be there yet.
    New(PathBuf),
    /// A file that may be replaced: behind a link the one that it points to.
    Replaced(PathBuf),
}

impl OutputFile {
    /// Takes the path that an option gives, or `-` for standard output. With `force` a file that is there is replaced; behind a link that is the file
    /// which it points to. What is no regular file is never replaced.
    ///
    /// # Errors
    /// There is a file, and it must not be replaced, or something else that is no file (exit 3); a path that names none; a
    /// directory that is not there (exit 1).
    pub fn new(option: &'static str, path: &Path, force: bool) -> Result<Self, Failure> {
        let is = |place| Ok(Self { option, path: path.to_owned(), place, private: false });
        if path.as_os_str() == "-" {
            return is(Place::StandardOutput);
        }
        if path.file_name().is_none() || path.is_dir() {
            return Err(Failure::new(Exit::Invalid, format!("{} is not the name of a file", path.display()))
                .hint(format!("give the name of a file with {option}, or - for standard output")));
        }
        if path.symlink_metadata().is_err() {
            let directory = directory_of(path);
            fs::metadata(directory).map_err(|error| {
                let hint = format!("make the directory first: {}", directory.display());
                Failure::new(Exit::Failure, format!("cannot write {}", path.display())).caused_by(error).hint(hint)
            })?;
            return is(if force { Place::Replaced(path.to_owned()) } else { Place::New(path.to_owned()) });
        }
        // Renaming would put a file in the place of a device, a pipe or a link.
        let target = fs::canonicalize(path).map_err(|error| {
            let message = format!("{} is a link to what is not there", path.display());
            Failure::new(Exit::Invalid, message)
                .caused_by(error)
                .hint(format!("give another name with {option}, or remove the link"))
        })?;
        if !is_regular(&target) {
            return Err(Failure::new(Exit::Invalid, format!("{} is no regular file", path.display()))
                .hint(format!("give {option} -, and redirect standard output: ... > {}", path.display())));
        }
        if force { is(Place::Replaced(target)) } else { Err(is_there(option, path)) }
    }

    /// A file that is new is for its owner alone, where the system knows such a thing; one that is replaced keeps its rights.
    #[must_use]
    pub fn private(self) -> Self {
        Self { private: true, ..self }
    }

    /// Whether it is standard output.
    #[must_use]
    pub fn is_standard_output(&self) -> bool {
        matches!(self.place, Place::StandardOutput)
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
        let (target, replaces) = match &self.place {
            Place::StandardOutput => return to_standard_output(content),
            Place::New(target) => (target, false),
            Place::Replaced(target) => (target, true),
        };
        let temporary = temporary(target);
        let written = self.write_by_way_of(&temporary, target, replaces, content);
        if written.is_err() {
            // What is left of it helps nobody; if it cannot be removed, the first error says more.
            let _ = fs::remove_file(&temporary);
        }
        written.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => is_there(self.option, &self.path),
            _ => Failure::new(Exit::Failure, format!("cannot write {}", self.path.display()))
                .caused_by(error)
                .hint(format!("check that you may write in {}, and that it has room", directory_of(target).display())),
        })
    }

    fn write_by_way_of(
        &self,
        temporary: &Path,
        target: &Path,
        replaces: bool,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let old = fs::metadata(target).ok().filter(|_| replaces);
        let mut file = BufWriter::new(create(temporary, self.private || old.is_some())?);
        content(&mut file)?;
        let file = file.into_inner().map_err(IntoInnerError::into_error)?;
        // Who may read a file that is replaced may read the new one, and nobody else.
        if let Some(old) = old {
            file.set_permissions(old.permissions())?;
        }
        file.sync_all()?;
        drop(file);
        if replaces {
            return fs::rename(temporary, target);
        }
        // A link fails where there is a file, in one step; renaming would replace it.
        match fs::hard_link(temporary, target) {
            Ok(()) => fs::remove_file(temporary),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            // A file system without links.
            Err(_) if target.symlink_metadata().is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(temporary, target),
        }
    }
}

/// A reader who goes away wants no more.
fn to_standard_output(content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    match content(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(report_lost(error)),
        _ => Ok(()),
    }
}

/// A new file, of whoever runs the program alone if it is private.
fn create(path: &Path, private: bool) -> io::Result<File> {
    // One with this name can only be left from a run that was killed.
    let _ = fs::remove_file(path);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = private;
    options.open(path)
}

/// Beside the file, so that it can be renamed, and of this process alone.
fn temporary(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{}.tmp", std::process::id()))
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn is_regular(path: &Path) -> bool {
    path.metadata().is_ok_and(|there| there.is_file())
}

fn is_there(option: &str, path: &Path) -> Failure {
    Failure::new(Exit::Invalid, format!("{} is there already", path.display()))
        .hint(format!("give another name with {option}, or replace the file with --force"))
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
        let late = OutputFile::new("--out", &path, false).unwrap();
        OutputFile::new("--out", &path, false).unwrap().write(b"one").unwrap();
        assert_eq!(OutputFile::new("--out", &path, false).unwrap_err().exit, Exit::Invalid);
        assert_eq!(late.write(b"late").unwrap_err().exit, Exit::Invalid);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        OutputFile::new("--out", &path, true).unwrap().write(b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        assert!(OutputFile::new("--out", directory.path(), true).is_err());
        let nowhere = OutputFile::new("--out", &directory.path().join("no/hq.yaml"), false).unwrap_err();
        assert_eq!((nowhere.exit, nowhere.hints.len()), (Exit::Failure, 1));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_and_what_is_no_file_stays() {
        use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
        use std::os::unix::net::UnixListener;
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let mode = |name: &str| fs::metadata(path(name)).unwrap().permissions().mode() & 0o777;
        OutputFile::new("--out", &path("own"), false).unwrap().private().write(b"one").unwrap();
        assert_eq!(mode("own"), 0o600);
        fs::set_permissions(path("own"), fs::Permissions::from_mode(0o640)).unwrap();
        fs::create_dir(path("d")).unwrap();
        symlink(path("own"), path("d/link")).unwrap();
        assert_eq!(OutputFile::new("--out", &path("d/link"), false).unwrap_err().exit, Exit::Invalid);
        OutputFile::new("--out", &path("d/link"), true).unwrap().private().write(b"two").unwrap();
        assert!(path("d/link").symlink_metadata().unwrap().is_symlink());
        assert_eq!((fs::read(path("own")).unwrap(), mode("own")), (b"two".to_vec(), 0o640));
        assert_eq!(fs::read_dir(path("d")).unwrap().count(), 1);

        let _listener = UnixListener::bind(path("socket")).unwrap();
        symlink(path("socket"), path("to-socket")).unwrap();
        symlink(path("nothing"), path("dangling")).unwrap();
        symlink(path("d"), path("to-directory")).unwrap();
        for name in ["socket", "to-socket", "dangling", "to-directory"] {
            for force in [false, true] {
                let refused = OutputFile::new("--out", &path(name), force).unwrap_err();
                assert_eq!((refused.exit, refused.hints.len()), (Exit::Invalid, 1), "{name}");
            }
        }
        assert!(path("socket").metadata().unwrap().file_type().is_socket());
        assert!(OutputFile::new("--out", "-".as_ref(), false).unwrap().is_standard_output());
    }
}
