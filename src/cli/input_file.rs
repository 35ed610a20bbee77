//! A file that is read: opened as a file only, and up to a limit, so that nothing waits for a pipe or fills the memory.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use crate::encoding::{self, NotText};

/// What the shell hands over as a file, as in `--password-file <(pass show wsus)`: a pipe, read as standard input is.
const HANDED_OVER: [&str; 3] = ["/dev/fd/", "/proc/self/fd/", "/dev/stdin"];

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// What the system says.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is something else than a file.
    #[error("it is {0}, and only files are read")]
    NotAFile(&'static str),
    /// It is larger than what is read.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// It is no text.
    #[error(transparent)]
    NotText(#[from] NotText),
}

impl InputError {
    /// What to do about it, where it says so itself.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Io(_) | Self::TooLarge(_) => None,
            Self::NotAFile(_) => Some("name a file".to_owned()),
            Self::NotText(problem) => Some(problem.hint().to_owned()),
        }
    }
}

/// Who says which file to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    /// The command line, which may hand over a pipe.
    CommandLine,
    /// A manifest, or a directory of manifests: others than the one who runs the program write those.
    Manifest,
}

/// A file that has been opened.
#[derive(Debug)]
pub struct InputFile {
    file: File,
    metadata: Metadata,
}

impl InputFile {
    /// Opens a file.
    ///
    /// # Errors
    /// It cannot be opened, or is a directory, a pipe, a device or a socket.
    pub fn open(path: &Path, by: NamedBy) -> Result<Self, InputError> {
        let handed_over = by == NamedBy::CommandLine && HANDED_OVER.iter().any(|prefix| path.starts_with(prefix));
        let mut options = OpenOptions::new();
        options.read(true);
        if !handed_over {
            refuse_other_than_file(&std::fs::metadata(path)?)?;
            // Should somebody put a pipe there now, opening it must not wait.
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::custom_flags(
                &mut options,
                rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
            );
        }
        let file = options.open(path)?;
        let metadata = file.metadata()?;
        if !handed_over {
            refuse_other_than_file(&metadata)?;
        }
        Ok(Self { file, metadata })
    }

    /// Reads it whole. One that is larger than the limit is not read.
    ///
    /// # Errors
    /// It cannot be read, or is larger.
    pub fn bytes(self, limit: u64) -> Result<Vec<u8>, InputError> {
        let mut bytes = Vec::new();
        self.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit { Err(InputError::TooLarge(limit)) } else { Ok(bytes) }
    }

    /// Reads it whole as a text, however that is stored.
    ///
    /// # Errors
    /// It cannot be read, is larger than the limit, or is no text.
    pub fn text(self, limit: u64) -> Result<String, InputError> {
        let bytes = self.bytes(limit)?;
        Ok(encoding::decode(&bytes)?.text.into_owned())
    }

    /// The rights of a file that every user of this machine may read; none where the system has no such thing.
    #[must_use]
    pub fn public_mode(&self) -> Option<u32> {
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&self.metadata.permissions()) & 0o7777;
            (self.metadata.is_file() && mode & 0o004 != 0).then_some(mode)
        }
        #[cfg(not(unix))]
        {
            let _ = &self.metadata;
            None
        }
    }
}

impl Read for InputFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

fn refuse_other_than_file(found: &Metadata) -> Result<(), InputError> {
    if found.is_file() {
        return Ok(());
    }
    Err(InputError::NotAFile(if found.is_dir() { "a directory" } else { other(found) }))
}

#[cfg(unix)]
fn other(found: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = found.file_type();
    if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn other(_: &Metadata) -> &'static str {
    "a device"
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{InputError, InputFile, NamedBy};

    fn problem(path: &Path, by: NamedBy) -> String {
        InputFile::open(path, by).unwrap_err().to_string()
    }

    #[test]
    fn a_file_is_read_up_to_its_limit_and_as_text() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        fs::write(&path, b"\xff\xfea\0b\0").unwrap();
        let open = || InputFile::open(&path, NamedBy::Manifest).unwrap();
        assert_eq!(open().text(6).unwrap(), "ab");
        assert!(matches!(open().text(5), Err(InputError::TooLarge(5))));
        assert_eq!(problem(directory.path(), NamedBy::CommandLine), "it is a directory, and only files are read");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_refused_at_once() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        use std::os::unix::net::UnixListener;

        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let _listener = UnixListener::bind(path("socket")).unwrap();
        symlink("/dev/zero", path("link")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, path("pipe"), rustix::fs::Mode::RUSR).unwrap();
        for by in [NamedBy::CommandLine, NamedBy::Manifest] {
            assert_eq!(problem(&path("pipe"), by), "it is a pipe, and only files are read");
            assert_eq!(problem(&path("socket"), by), "it is a socket, and only files are read");
            assert_eq!(problem(&path("link"), by), "it is a device, and only files are read");
        }
        fs::write(path("f"), "x").unwrap();
        for (mode, public) in [(0o644, Some(0o644)), (0o640, None), (0o604, Some(0o604))] {
            fs::set_permissions(path("f"), fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(InputFile::open(&path("f"), NamedBy::Manifest).unwrap().public_mode(), public);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_the_command_line_hands_pipes_over() {
        use std::io::Write;
        use std::os::fd::AsRawFd;

        let (reader, mut writer) = std::io::pipe().unwrap();
        let path = format!("/dev/fd/{}", reader.as_raw_fd());
        assert_eq!(problem(Path::new(&path), NamedBy::Manifest), "it is a pipe, and only files are read");
        writer.write_all(b"Lab-1\n").unwrap();
        drop(writer);
        assert_eq!(InputFile::open(Path::new(&path), NamedBy::CommandLine).unwrap().text(10).unwrap(), "Lab-1\n");
    }
}
