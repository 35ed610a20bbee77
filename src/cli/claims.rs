//! Which server each manifest of a run leads to.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use futures_util::StreamExt;
use futures_util::stream;

use super::manifests::Loaded;
use super::server::{Connecting, unreadable};
use super::streams::Streams;
use crate::diagnostic::Diagnostics;
use crate::failure::Failure;
use crate::manifest::duplicate_live;
use crate::model::object::ServerPlace;
use crate::susdb::read;
use crate::susdb::session::Session;

/// How many servers are asked at a time.
const ASKED_AT_A_TIME: usize = 8;

/// The servers that the manifests of a run lead to, as far as they were asked. Two names may lead to one server, which only
/// the server can tell.
pub struct Claims<'a> {
    loaded: &'a Loaded,
    found: Mutex<BTreeMap<usize, ServerPlace>>,
}

impl<'a> Claims<'a> {
    /// No server was asked yet.
    pub fn new(loaded: &'a Loaded) -> Self {
        Self { loaded, found: Mutex::default() }
    }

    /// Asks every server of a run that writes which one it is, before the first write: what is wrong where two manifests lead
    /// to one. A server that cannot be reached is left out; its own turn says so.
    pub async fn check_all(&self, streams: Streams, connecting: impl Fn(usize) -> Connecting<'a>) -> Diagnostics {
        let mut problems = Diagnostics::default();
        let total = self.loaded.servers.len();
        if total < 2 {
            return problems;
        }
        // The turn of each server says what there is to say about its connection.
        let quiet = Streams { quiet: true, ..streams };
        let places = stream::iter(0..total).map(|index| {
            let connecting = Connecting { streams: quiet, ..connecting(index) };
            async move { place(&mut connecting.open().await.ok()?).await.ok().flatten() }
        });
        let places: Vec<Option<ServerPlace>> = places.buffered(ASKED_AT_A_TIME).collect().await;
        for (index, place) in places.into_iter().enumerate() {
            if let Some(place) = place {
                problems.extend(self.claim(index, place));
            }
        }
        problems
    }

    /// Asks the server of one manifest: what is wrong where another manifest leads to it, too.
    ///
    /// # Errors
    /// A server that cannot be read.
    pub async fn check(&self, index: usize, session: &mut Session) -> Result<Diagnostics, Failure> {
        if self.loaded.servers.len() < 2 {
            return Ok(Diagnostics::default());
        }
        Ok(place(session).await?.map(|place| self.claim(index, place)).unwrap_or_default())
    }

    fn claim(&self, index: usize, place: ServerPlace) -> Diagnostics {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let desired = |index: usize| &self.loaded.servers[index].desired;
        let others = found.iter().filter(|(other, _)| **other != index);
        let problem =
            others.filter_map(|(other, first)| duplicate_live((desired(*other), first), (desired(index), &place)));
        let problem = Diagnostics(problem.take(1).collect());
        found.insert(index, place);
        problem
    }
}

/// Which server it is; none for a sandbox of this process, whose file its manifest's URL has told already.
async fn place(session: &mut Session) -> Result<Option<ServerPlace>, Failure> {
    if session.is_sandbox() {
        return Ok(None);
    }
    read::read_server_place(session).await.map(Some).map_err(unreadable)
}
