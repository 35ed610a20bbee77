//! Application locks, as `sp_getapplock` takes them.
//!
//! Within a process the engine knows who holds what. Other processes that work on the same file are kept out by a lock on
//! the sidecar `FILE.lock`, whose text names the holder; the operating system frees it when the holder dies, so the text
//! that stays behind means nothing by itself. Between processes there is one such lock a file, whatever the resource: a
//! process that holds one resource keeps others from taking a different one.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::NaiveDateTime;

use super::catalogue::{Holder, LiveSession};

/// How often a waiting session looks whether another process has let go, or the client has given up.
const POLL: Duration = Duration::from_millis(20);

/// How a time is written into the sidecar.
const TIME: &str = "%Y-%m-%d %H:%M:%S%.3f";

/// A wish for a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What to lock: compared as it is, case included.
    pub resource: String,
    /// Exclusive, otherwise shared.
    pub exclusive: bool,
    /// Whether the session owns it, otherwise the transaction.
    pub by_session: bool,
    /// How long to wait; `None` for ever.
    pub timeout: Option<Duration>,
}

/// What became of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Granted at once.
    Granted,
    /// Granted after others let go.
    GrantedAfterWait,
    /// Others held it all the time.
    TimedOut,
    /// The client gave up.
    Cancelled,
}

/// The application locks of one engine.
#[derive(Debug, Default)]
pub struct Locks {
    state: Mutex<State>,
    changed: Condvar,
    sidecar: Option<PathBuf>,
}

#[derive(Debug, Default)]
struct State {
    held: Vec<Held>,
    waiting: Vec<Holder>,
    file: Option<FileLock>,
}

#[derive(Debug, Clone)]
struct Held {
    session: i32,
    resource: String,
    exclusive: bool,
    by_session: bool,
    /// How often the owner took it: it has to be released as often.
    count: u32,
}

#[derive(Debug)]
struct FileLock {
    file: File,
    exclusive: bool,
}

impl Locks {
    /// The locks of an engine on a file, or in memory.
    pub fn new(store: Option<&Path>) -> Self {
        let sidecar = store.map(|path| {
            let mut name = path.as_os_str().to_owned();
            name.push(".lock");
            PathBuf::from(name)
        });
        Self { sidecar, ..Self::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change of the state is complete in itself, so one that panicked half-way has left nothing behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a lock, waiting for it if others have it.
    ///
    /// # Errors
    /// The sidecar cannot be opened or locked.
    pub fn acquire(
        &self,
        owner: &LiveSession,
        request: &Request,
        cancelled: &dyn Fn() -> bool,
    ) -> std::io::Result<Answer> {
        let begun = Instant::now();
        let mut state = self.state();
        if self.grant(&mut state, owner, request)? {
            return Ok(Answer::Granted);
        }
        let waiting = Holder { granted: false, ..holder(owner.id, request) };
        state.waiting.push(waiting.clone());
        let answer = loop {
            if cancelled() {
                break Answer::Cancelled;
            }
            if request.timeout.is_some_and(|timeout| begun.elapsed() >= timeout) {
                break Answer::TimedOut;
            }
            let waited = self.changed.wait_timeout(state, POLL);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            match self.grant(&mut state, owner, request) {
                Ok(true) => break Answer::GrantedAfterWait,
                Ok(false) => {}
                Err(error) => {
                    forget(&mut state.waiting, &waiting);
                    return Err(error);
                }
            }
        };
        forget(&mut state.waiting, &waiting);
        Ok(answer)
    }

    fn grant(&self, state: &mut State, owner: &LiveSession, request: &Request) -> std::io::Result<bool> {
        let others = state.held.iter().filter(|held| held.session != owner.id && held.resource == request.resource);
        if others.into_iter().any(|held| held.exclusive || request.exclusive) {
            return Ok(false);
        }
        if !self.lock_file(state, owner, request)? {
            return Ok(false);
        }
        let own = state.held.iter_mut().find(|held| {
            held.session == owner.id && held.resource == request.resource && held.by_session == request.by_session
        });
        match own {
            Some(held) => {
                held.count += 1;
                held.exclusive |= request.exclusive;
            }
            None => state.held.push(Held {
                session: owner.id,
                resource: request.resource.clone(),
                exclusive: request.exclusive,
                by_session: request.by_session,
                count: 1,
            }),
        }
        Ok(true)
    }

    /// Keeps other processes out, as strictly as the strictest lock held here.
    fn lock_file(&self, state: &mut State, owner: &LiveSession, request: &Request) -> std::io::Result<bool> {
        let Some(path) = &self.sidecar else { return Ok(true) };
        if let Some(lock) = &mut state.file {
            if lock.exclusive || !request.exclusive {
                return Ok(true);
            }
            lock.file.unlock()?;
            if try_lock(&lock.file, true)? {
                lock.exclusive = true;
                name_holder(&mut lock.file, owner, request)?;
                return Ok(true);
            }
            if !try_lock(&lock.file, false)? {
                state.file = None;
            }
            return Ok(false);
        }
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        if !try_lock(&file, request.exclusive)? {
            return Ok(false);
        }
        name_holder(&mut file, owner, request)?;
        state.file = Some(FileLock { file, exclusive: request.exclusive });
        Ok(true)
    }

    /// Releases a lock once. Gives whether the session held it.
    pub fn release(&self, session: i32, resource: &str, by_session: bool) -> bool {
        let mut state = self.state();
        let found = state
            .held
            .iter()
            .position(|held| held.session == session && held.resource == resource && held.by_session == by_session);
        let Some(index) = found else { return false };
        state.held[index].count -= 1;
        if state.held[index].count == 0 {
            state.held.remove(index);
        }
        self.let_go(&mut state);
        true
    }

    /// Releases what a session's transaction owns.
    pub fn release_transaction(&self, session: i32) {
        let mut state = self.state();
        state.held.retain(|held| held.session != session || held.by_session);
        self.let_go(&mut state);
    }

    /// Releases everything that a session holds.
    pub fn release_session(&self, session: i32) {
        let mut state = self.state();
        state.held.retain(|held| held.session != session);
        self.let_go(&mut state);
    }

    fn let_go(&self, state: &mut State) {
        if state.held.is_empty()
            && let Some(lock) = state.file.take()
        {
            // The text is a courtesy; closing the file is what frees the lock.
            let _kept = lock.file.set_len(0);
        }
        self.changed.notify_all();
    }

    /// Who holds and who waits, here and, as far as its sidecar says, in another process.
    pub fn holders(&self) -> (Vec<Holder>, Option<LiveSession>) {
        let state = self.state();
        let mut holders: Vec<_> = state
            .held
            .iter()
            .map(|held| Holder {
                session: held.session,
                resource: held.resource.clone(),
                mode: mode(held.exclusive),
                granted: true,
                by_session: held.by_session,
            })
            .collect();
        holders.extend(state.waiting.iter().cloned());
        let foreign = match (&self.sidecar, &state.file) {
            (Some(path), None) => foreign_holder(path),
            _ => None,
        };
        let Some((holder, session)) = foreign else { return (holders, None) };
        holders.push(holder);
        (holders, Some(session))
    }
}

fn forget(waiting: &mut Vec<Holder>, holder: &Holder) {
    if let Some(index) = waiting.iter().position(|other| other == holder) {
        waiting.remove(index);
    }
}

fn mode(exclusive: bool) -> &'static str {
    if exclusive { "X" } else { "S" }
}

fn holder(session: i32, request: &Request) -> Holder {
    Holder {
        session,
        resource: request.resource.clone(),
        mode: mode(request.exclusive),
        granted: true,
        by_session: request.by_session,
    }
}

fn try_lock(file: &File, exclusive: bool) -> std::io::Result<bool> {
    let tried = if exclusive { file.try_lock() } else { file.try_lock_shared() };
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn name_holder(file: &mut File, owner: &LiveSession, request: &Request) -> std::io::Result<()> {
    let line = |text: &str| text.replace(['\n', '\r'], " ");
    let text = format!(
        "login={}\nhost={}\nprogram={}\npid={}\nsince={}\nresource={}\nmode={}\n",
        line(&owner.login),
        line(&owner.host),
        line(&owner.program),
        owner.process,
        now().format(TIME),
        line(&request.resource),
        mode(request.exclusive),
    );
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(text.as_bytes())?;
    file.flush()
}

/// UTC now, to the millisecond.
pub(super) fn now() -> NaiveDateTime {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let milliseconds = i64::try_from(since_epoch.as_millis()).unwrap_or_default();
    chrono::DateTime::from_timestamp_millis(milliseconds).unwrap_or_default().naive_utc()
}

/// The holder that the sidecar names, if another process does hold its lock.
fn foreign_holder(path: &Path) -> Option<(Holder, LiveSession)> {
    let mut file = File::open(path).ok()?;
    if file.try_lock_shared().is_ok() {
        return None;
    }
    let mut text = String::new();
    // Where the system lets nobody read a locked file, the holder is known to be there and no more.
    let _unreadable = file.read_to_string(&mut text);
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.split_once('=').filter(|(key, _)| *key == name))
            .map(|(_, value)| value.to_owned())
    };
    let process = field("pid").and_then(|pid| pid.parse().ok()).unwrap_or(0);
    // Not a number that a session of this process could have.
    let id = -i32::try_from(process).unwrap_or(i32::MAX).max(1);
    let since = field("since").and_then(|since| NaiveDateTime::parse_from_str(&since, TIME).ok()).unwrap_or_default();
    let session = LiveSession {
        id,
        login: field("login").unwrap_or_default(),
        host: field("host").unwrap_or_default(),
        program: field("program").unwrap_or_default(),
        process,
        since,
        running: false,
    };
    let holder = Holder {
        session: id,
        resource: field("resource").unwrap_or_default(),
        mode: mode(field("mode").is_none_or(|mode| mode == "X")),
        granted: true,
        by_session: true,
    };
    Some((holder, session))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(id: i32) -> LiveSession {
        LiveSession {
            id,
            login: "sa".to_owned(),
            host: "pc".to_owned(),
            program: format!("test {id}"),
            process: 4711,
            since: now(),
            running: false,
        }
    }

    fn request(resource: &str, exclusive: bool) -> Request {
        Request { resource: resource.to_owned(), exclusive, by_session: true, timeout: Some(Duration::ZERO) }
    }

    fn try_acquire(locks: &Locks, id: i32, resource: &str, exclusive: bool) -> Answer {
        locks.acquire(&session(id), &request(resource, exclusive), &|| false).unwrap()
    }

    #[test]
    fn exclusive_keeps_others_out_until_released_as_often_as_taken() {
        let locks = Locks::new(None);
        assert_eq!(try_acquire(&locks, 1, "a", true), Answer::Granted);
        assert_eq!(try_acquire(&locks, 1, "a", true), Answer::Granted);
        assert_eq!(try_acquire(&locks, 2, "a", true), Answer::TimedOut);
        assert_eq!(try_acquire(&locks, 2, "A", true), Answer::Granted);
        assert!(locks.release(1, "a", true));
        assert_eq!(try_acquire(&locks, 2, "a", true), Answer::TimedOut);
        assert!(locks.release(1, "a", true));
        assert!(!locks.release(1, "a", true));
        assert_eq!(try_acquire(&locks, 2, "a", true), Answer::Granted);
    }

    #[test]
    fn shared_locks_go_together() {
        let locks = Locks::new(None);
        assert_eq!(try_acquire(&locks, 1, "a", false), Answer::Granted);
        assert_eq!(try_acquire(&locks, 2, "a", false), Answer::Granted);
        assert_eq!(try_acquire(&locks, 1, "a", true), Answer::TimedOut);
        locks.release_session(2);
        assert_eq!(try_acquire(&locks, 1, "a", true), Answer::Granted);
    }

    #[test]
    fn a_waiting_session_gets_it_when_the_holder_goes() {
        let locks = Locks::new(None);
        assert_eq!(try_acquire(&locks, 1, "a", true), Answer::Granted);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let patient = Request { timeout: None, ..request("a", true) };
                locks.acquire(&session(2), &patient, &|| false).unwrap()
            });
            while locks.holders().0.len() < 2 {
                std::thread::yield_now();
            }
            locks.release_session(1);
            assert_eq!(waiting.join().unwrap(), Answer::GrantedAfterWait);
        });
        let cancelled = Request { timeout: None, ..request("a", true) };
        assert_eq!(locks.acquire(&session(3), &cancelled, &|| true).unwrap(), Answer::Cancelled);
    }

    #[test]
    fn two_engines_on_one_file_exclude_each_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s.db");
        let (one, other) = (Locks::new(Some(&path)), Locks::new(Some(&path)));
        assert_eq!(try_acquire(&one, 1, "wsusctl", true), Answer::Granted);
        assert_eq!(try_acquire(&other, 1, "wsusctl", true), Answer::TimedOut);
        let (holders, foreign) = other.holders();
        let foreign = foreign.unwrap();
        assert_eq!((foreign.login.as_str(), foreign.program.as_str(), foreign.process), ("sa", "test 1", 4711));
        assert_eq!((holders[0].resource.as_str(), holders[0].mode), ("wsusctl", "X"));
        one.release_session(1);
        assert_eq!(other.holders(), (vec![], None));
        assert_eq!(try_acquire(&other, 1, "wsusctl", false), Answer::Granted);
        assert_eq!(try_acquire(&one, 1, "wsusctl", false), Answer::Granted);
        assert_eq!(try_acquire(&one, 1, "wsusctl", true), Answer::TimedOut);
        drop(other);
        assert_eq!(try_acquire(&one, 1, "wsusctl", true), Answer::Granted);
    }

    #[test]
    fn a_transaction_s_locks_go_with_it() {
        let locks = Locks::new(None);
        let transaction = Request { by_session: false, ..request("a", true) };
        assert_eq!(locks.acquire(&session(1), &transaction, &|| false).unwrap(), Answer::Granted);
        assert_eq!(try_acquire(&locks, 1, "b", true), Answer::Granted);
        locks.release_transaction(1);
        assert_eq!(locks.holders().0.len(), 1);
    }
}
