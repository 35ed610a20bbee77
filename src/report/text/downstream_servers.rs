//! What the server knows of the declared downstream servers, for people who ask.

use super::change::origin_piece;
use super::count::count;
use super::page::{Page, Piece};
use crate::diagnostic::Sources;
use crate::model::address::Quoted;
use crate::model::listing::ListedDownstreamServer;
use crate::model::resolved::ResolvedDownstreamServer;
use crate::report::timestamp::timestamp;

const INDENT: usize = 2;

/// Writes a line for each.
pub(super) fn render(page: &mut Page, servers: &[ResolvedDownstreamServer], sources: &Sources) {
    if servers.is_empty() {
        return;
    }
    page.heading("Declared downstream servers");
    for ResolvedDownstreamServer { name, live, origin } in servers {
        let lead = [Piece::plain(format!("downstream[{}]", Quoted(name)))];
        let known = live.as_ref().map_or_else(|| vec!["not known to this server".to_owned()], facts);
        let pieces = lead.into_iter().chain(known.into_iter().map(Piece::plain));
        page.line(INDENT, pieces.chain(origin_piece(Some(*origin), sources)));
    }
}

fn facts(server: &ListedDownstreamServer) -> Vec<String> {
    let ListedDownstreamServer {
        name: _,
        server_id,
        replica,
        parent,
        synchronized_at,
        rolled_up_at,
        version,
        below,
        computers,
    } = server;
    let time = |at: &Option<_>| at.map_or_else(|| "never".to_owned(), timestamp);
    let mut facts = vec![
        if *replica { "replica" } else { "autonomous" }.to_owned(),
        format!("synchronised: {}", time(synchronized_at)),
        format!("rolled up: {}", time(rolled_up_at)),
        format!("version: {}", version.as_deref().unwrap_or("not known")),
        format!(
            "below: {}",
            parent.as_deref().map_or_else(|| "this server".to_owned(), |name| Quoted(name).to_string())
        ),
        count(*computers, "computer"),
    ];
    if *below > 0 {
        facts.push(count(*below, "downstream server"));
    }
    facts.push(server_id.map_or_else(|| "no id".to_owned(), |id| format!("id: {id}")));
    facts
}
