//! The addresses of one name, tried side by side.
//!
//! A listener of an availability group has an address in every subnet, of which one answers and the others drop what they
//! get; a host with an address of IPv6 may have no route for it. Tried one after the other, a silent address would use up
//! the time of those that answer.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::sleep;

use super::session::Stage;

/// How long an address is ahead of the next one.
///
/// Source: RFC 8305, section 8, Connection Attempt Delay (grade A).
const STAGGER: Duration = Duration::from_millis(250);

/// An address that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The address.
    pub address: SocketAddr,
    /// Why it is of no use; none where nothing came back.
    pub failed: Option<String>,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.address.ip(), self.failed.as_deref().unwrap_or("no answer"))
    }
}

/// The attempts of an error message, each on a line of its own.
pub(super) fn lines(attempts: &[Attempt]) -> String {
    attempts.iter().map(|attempt| format!("\n  {attempt}")).collect()
}

/// Tries addresses until one works. The next one begins when one fails or has been silent for a while; whoever is still
/// under way when one works is dropped. None where none works: `stage` then has what became of each.
pub(super) async fn race<T, F>(
    addresses: impl IntoIterator<Item = SocketAddr>,
    stage: &Stage,
    attempt: impl Fn(SocketAddr) -> F,
) -> Option<T>
where
    F: Future<Output = Result<T, String>>,
{
    let mut waiting = in_turn(addresses).into_iter();
    let mut running = FuturesUnordered::new();
    loop {
        if let Some(address) = waiting.next() {
            stage.began(address);
            let attempt = attempt(address);
            running.push(async move { (address, attempt.await) });
        }
        let ended = tokio::select! {
            ended = running.next() => ended,
            () = sleep(STAGGER), if waiting.len() > 0 => continue,
        };
        match ended? {
            (_, Ok(won)) => return Some(won),
            (address, Err(why)) => stage.failed(address, why),
        }
    }
}

/// The order to try addresses in: the resolver's, with the two families in turn, so that a family without a route costs
/// one stagger and not one for each of its addresses.
///
/// Source: RFC 8305, section 4 (grade A).
fn in_turn(addresses: impl IntoIterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut known: Vec<SocketAddr> = Vec::new();
    for address in addresses {
        if !known.contains(&address) {
            known.push(address);
        }
    }
    let first_family = known.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = known.into_iter().partition(|address| address.is_ipv6() == first_family);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut ordered = Vec::new();
    while first.len() + second.len() > 0 {
        ordered.extend(first.next());
        ordered.extend(second.next());
    }
    ordered
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::net::SocketAddr;
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::{Attempt, in_turn, race};
    use crate::susdb::session::Stage;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_families_take_turns() {
        let found = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "10.0.0.1:1", "[::2]:1", "10.0.0.2:1"]);
        let expected = addresses(&["[::1]:1", "10.0.0.1:1", "[::2]:1", "10.0.0.2:1", "[::3]:1"]);
        assert_eq!(in_turn(found), expected);
        assert_eq!(in_turn([]), []);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_address_costs_one_stagger() {
        let stage = Stage::default();
        let begun = Instant::now();
        let won = race(addresses(&["10.0.0.1:1", "10.0.0.2:1"]), &stage, |address| async move {
            if address.ip().to_string() == "10.0.0.1" { pending().await } else { Ok(address.ip().to_string()) }
        });
        assert_eq!(won.await.as_deref(), Some("10.0.0.2"));
        assert_eq!(begun.elapsed(), Duration::from_millis(250));
        assert_eq!(stage.attempts()[0], Attempt { address: "10.0.0.1:1".parse().unwrap(), failed: None });
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_hands_on_at_once_and_a_late_answer_still_wins() {
        let stage = Stage::default();
        let begun = Instant::now();
        let won = race(addresses(&["10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"]), &stage, |address| async move {
            match address.ip().to_string().as_str() {
                "10.0.0.1" => Err("refused".to_owned()),
                "10.0.0.2" => {
                    sleep(Duration::from_secs(3)).await;
                    Ok("slow")
                }
                _ => pending().await,
            }
        });
        assert_eq!(won.await, Some("slow"));
        // The second began when the first was refused, not a stagger later.
        assert_eq!(begun.elapsed(), Duration::from_secs(3));
        let said: Vec<String> = stage.attempts().iter().map(Attempt::to_string).collect();
        assert_eq!(said, ["10.0.0.1: refused", "10.0.0.2: no answer", "10.0.0.3: no answer"]);
    }

    #[tokio::test(start_paused = true)]
    async fn where_none_works_each_says_why() {
        let stage = Stage::default();
        let found = addresses(&["[::1]:1", "127.0.0.1:1"]);
        let none = race(found, &stage, |address| async move { Err::<(), _>(format!("port {}", address.port())) });
        assert_eq!(none.await, None);
        let said: Vec<String> = stage.attempts().iter().map(Attempt::to_string).collect();
        assert_eq!(said, ["::1: port 1", "127.0.0.1: port 1"]);
        assert_eq!(race([], &stage, |_| pending::<Result<(), String>>()).await, None);
    }
}
