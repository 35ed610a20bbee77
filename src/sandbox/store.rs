//! Where the state lives: a SQLite file, or memory that goes with the engine.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use super::schema::VERSION;
use super::seeds::Seed;
use super::sql::scalar;

/// How long a statement waits for another process before it is a deadlock victim.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest value, and the longest row, that a statement may make.
const VALUE_BYTES_MAX: i32 = 16 << 20;

/// Where a sandbox keeps its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In this file.
    File(PathBuf),
    /// In memory.
    Memory,
}

/// Makes the tables of a new sandbox and fills them.
pub type Initialise<'a> = &'a dyn Fn(&mut Connection, Seed) -> rusqlite::Result<()>;

/// Makes the tables of a new sandbox file and fills them with whatever it is to hold.
pub type Fill<'a> = &'a dyn Fn(&mut Connection) -> rusqlite::Result<()>;

/// Why a sandbox cannot be opened or made.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is not there.
    #[error("there is no sandbox file {}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is there already.
    #[error("the file {} exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Something is there that is no file: a device, a pipe, a directory, or a link to one or to nothing.
    #[error("{} is no regular file, and only such a one is replaced", path.display())]
    NotAFile {
        /// What is there.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("the file {} is not a sandbox", path.display())]
    NotASandbox {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// The file was made by another version.
    #[error("the file {} is a sandbox of version {found}, and this program reads version {VERSION}: make it anew with `wsusctl sandbox init`, from its seed or from a snapshot that the other version took", path.display())]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i32,
    },
    /// The file cannot be opened.
    #[error("cannot open the sandbox file {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// The tables could not be made.
    #[error("cannot set up the sandbox's tables")]
    Initialise {
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// The file could not be put in its place.
    #[error("cannot write the sandbox file {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// An opened store, from which every session takes a connection of its own.
#[derive(Debug)]
pub struct Store {
    location: Location,
    /// What SQLite opens: a path, or the name of a database in memory.
    name: String,
    /// Keeps a database in memory alive while no session is open.
    _anchor: Option<Mutex<Connection>>,
}

impl Store {
    /// Opens a sandbox, or makes it where it is missing and there is something to begin with.
    ///
    /// # Errors
    /// The file is missing, is not a sandbox, is of another version, or cannot be read.
    pub fn open(location: Location, seed: Option<Seed>, initialise: Initialise<'_>) -> Result<Self, StoreError> {
        match location {
            Location::Memory => Self::in_memory(seed.unwrap_or(Seed::Demo), initialise),
            Location::File(path) => {
                if !path.exists() {
                    let Some(seed) = seed else { return Err(StoreError::Missing { path }) };
                    create(&path, false, &|connection| initialise(connection, seed))?;
                }
                check(&path)?;
                let name = path.to_string_lossy().into_owned();
                Ok(Self { location: Location::File(path), name, _anchor: None })
            }
        }
    }

    fn in_memory(seed: Seed, initialise: Initialise<'_>) -> Result<Self, StoreError> {
        // The memdb file system shares a database between the connections of a process by its name, with a file's locks.
        let name = format!("file:/wsusctl-sandbox-{}?vfs=memdb", Uuid::new_v4());
        let failed = |source| StoreError::Initialise { source };
        let mut connection = connect(&name, true).map_err(failed)?;
        initialise(&mut connection, seed).map_err(failed)?;
        Ok(Self { location: Location::Memory, name, _anchor: Some(Mutex::new(connection)) })
    }

    /// Where the state is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// SQLite's.
    pub fn connect(&self) -> rusqlite::Result<Connection> {
        connect(&self.name, self.location == Location::Memory)
    }
}

/// Makes a sandbox file, whose tables `fill` makes and fills. It appears under its name only when it is complete. Only a
/// regular file is replaced, behind a link the one that it points to.
///
/// # Errors
/// The file exists and `replace` is not given, what exists is no regular file, or it cannot be written.
pub fn create(path: &Path, replace: bool, fill: Fill<'_>) -> Result<(), StoreError> {
    let path = &destination(path, replace)?;
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}.new", std::process::id()));
    let unfinished = PathBuf::from(unfinished);
    let written = write(&unfinished, fill).and_then(|()| {
        for stale in ["-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(stale);
            // Usually there is none; one of the file that is replaced would be read as the new file's.
            let _absent = std::fs::remove_file(name);
        }
        std::fs::rename(&unfinished, path).map_err(|source| StoreError::Write { path: path.to_owned(), source })
    });
    if written.is_err() {
        let _absent = std::fs::remove_file(&unfinished);
    }
    written
}

/// Where the file is to be: behind links, and where nothing but a regular file is.
fn destination(path: &Path, replace: bool) -> Result<PathBuf, StoreError> {
    if path.symlink_metadata().is_err() {
        return Ok(path.to_owned());
    }
    // A link that points to nothing cannot be followed to its end.
    let target = path.canonicalize().ok().filter(|target| target.is_file());
    match target {
        None => Err(StoreError::NotAFile { path: path.to_owned() }),
        Some(_) if !replace => Err(StoreError::Exists { path: path.to_owned() }),
        Some(target) => Ok(target),
    }
}

fn write(path: &Path, fill: Fill<'_>) -> Result<(), StoreError> {
    let _absent = std::fs::remove_file(path);
    let open = |source| StoreError::Open { path: path.to_owned(), source };
    let failed = |source| StoreError::Initialise { source };
    let mut connection = Connection::open(path).map_err(open)?;
    prepare(&connection).map_err(failed)?;
    // Nobody else knows the file yet, so a failure may leave it in any state.
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;").map_err(failed)?;
    fill(&mut connection).map_err(failed)
}

fn connect(name: &str, in_memory: bool) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let flags = if in_memory { flags | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_URI } else { flags };
    let connection = Connection::open_with_flags(name, flags)?;
    prepare(&connection)?;
    if !in_memory {
        // Readers do not wait for writers. Nothing but a power cut could lose what is not synchronised.
        let _mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        // A lost power supply may cost an emulated server its file; a killed process does not.
        connection.execute_batch("PRAGMA synchronous = OFF;")?;
    }
    Ok(connection)
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)?;
    // A misspelled column in double quotes is an error, not a text.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    connection.execute_batch("PRAGMA temp_store = MEMORY;")?;
    scalar::install(connection)
}

/// Looks whether a file is a sandbox of this version, without writing to it.
fn check(path: &Path) -> Result<(), StoreError> {
    let not_a_sandbox = |source| StoreError::NotASandbox { path: path.to_owned(), source };
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .map_err(|source| StoreError::Open { path: path.to_owned(), source })?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(not_a_sandbox)?;
    let found: i32 =
        connection.query_row("SELECT version FROM sandbox_version", [], |row| row.get(0)).map_err(not_a_sandbox)?;
    if found == VERSION { Ok(()) } else { Err(StoreError::OtherVersion { path: path.to_owned(), found }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn initialise(connection: &mut Connection, _: Seed) -> rusqlite::Result<()> {
        connection.execute_batch("CREATE TABLE sandbox_version (version int)")?;
        connection.execute("INSERT INTO sandbox_version VALUES (?1)", [VERSION]).map(drop)
    }

    fn empty(connection: &mut Connection) -> rusqlite::Result<()> {
        initialise(connection, Seed::Empty)
    }

    fn open(path: &Path, seed: Option<Seed>) -> Result<Store, StoreError> {
        Store::open(Location::File(path.to_owned()), seed, &initialise)
    }

    #[test]
    fn a_missing_file_is_made_only_with_a_seed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s.db");
        assert!(matches!(open(&path, None), Err(StoreError::Missing { .. })));
        assert!(open(&path, Some(Seed::Empty)).is_ok());
        assert!(open(&path, None).is_ok());
        assert!(matches!(create(&path, false, &empty), Err(StoreError::Exists { .. })));
        create(&path, true, &empty).unwrap();
    }

    #[test]
    fn a_failed_beginning_leaves_no_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s.db");
        let failing = |connection: &mut Connection| connection.execute_batch("nonsense");
        assert!(matches!(create(&path, false, &failing), Err(StoreError::Initialise { .. })));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn only_a_regular_file_is_replaced_behind_a_link_the_one_that_it_points_to() {
        use std::os::unix::fs::symlink;
        use std::os::unix::net::UnixListener;
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::write(path("target"), "data").unwrap();
        symlink(path("target"), path("link")).unwrap();
        assert!(matches!(create(&path("link"), false, &empty), Err(StoreError::Exists { .. })));
        create(&path("link"), true, &empty).unwrap();
        assert!(path("link").symlink_metadata().unwrap().is_symlink());
        assert!(open(&path("target"), None).is_ok());

        let _listener = UnixListener::bind(path("socket")).unwrap();
        std::fs::create_dir(path("directory")).unwrap();
        symlink(path("socket"), path("to-socket")).unwrap();
        symlink(path("nothing"), path("dangling")).unwrap();
        let before = std::fs::read_dir(directory.path()).unwrap().count();
        for name in ["socket", "directory", "to-socket", "dangling"] {
            for replace in [false, true] {
                assert!(matches!(create(&path(name), replace, &empty), Err(StoreError::NotAFile { .. })), "{name}");
            }
            assert!(open(&path(name), Some(Seed::Empty)).is_err(), "{name}");
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), before);
    }

    #[test]
    fn other_files_are_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s.db");
        std::fs::write(&path, "not a database, but long enough to be looked at as one would be by SQLite".repeat(20))
            .unwrap();
        assert!(matches!(open(&path, None), Err(StoreError::NotASandbox { .. })));
        std::fs::remove_file(&path).unwrap();
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE x (y)").unwrap();
        assert!(matches!(open(&path, None), Err(StoreError::NotASandbox { .. })));
        let other = Connection::open(&path).unwrap();
        other.execute_batch("CREATE TABLE sandbox_version (version); INSERT INTO sandbox_version VALUES (99)").unwrap();
        assert!(matches!(open(&path, None), Err(StoreError::OtherVersion { found: 99, .. })));
    }

    #[test]
    fn connections_to_memory_share_it() {
        let store = Store::open(Location::Memory, None, &initialise).unwrap();
        store.connect().unwrap().execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (7)").unwrap();
        let read: i64 = store.connect().unwrap().query_row("SELECT x FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(read, 7);
        let other = Store::open(Location::Memory, None, &initialise).unwrap();
        assert!(other.connect().unwrap().prepare("SELECT x FROM t").is_err());
    }
}
