//! Names of hosts, as settings hold them.

/// Characters that mean something in a URL, a path or a list, and stand in no host's name.
const NEVER: &str = "/\\@:?#=;,&%[]<>\"'`";

/// Whether a text is the name or the address of a host and nothing else: no scheme, port, user or path.
#[must_use]
pub fn is_host(text: &str) -> bool {
    is_ipv6(text)
        || !text.is_empty() && !text.contains(|c: char| NEVER.contains(c) || c.is_whitespace() || c.is_control())
}

/// Whether it looks like an IPv6 address: the one kind of host with colons.
fn is_ipv6(text: &str) -> bool {
    let bare = text.strip_prefix('[').map_or(Some(text), |rest| rest.strip_suffix(']'));
    bare.is_some_and(|address| {
        address.matches(':').count() >= 2 && address.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, ':' | '.'))
    })
}

/// What a server has in the place of a host's name, without the user and the password that may stand in it.
#[must_use]
pub fn without_user(text: &str) -> String {
    text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, host)| format!("***@{host}"))
}

#[cfg(test)]
mod tests {
    use super::{is_host, without_user};

    #[test]
    fn a_host_is_a_name_or_an_address() {
        for text in ["proxy", "proxy.contoso.com", "10.0.0.1", "b\u{fc}cher.example", "w_1-x", "::1", "[2001:db8::1]"] {
            assert!(is_host(text), "{text}");
        }
        for text in
            ["", "http://proxy", "u:p@proxy", "proxy:3128", "proxy/x", "proxy x", "a;b", "[::1", "\\\\proxy", "x\n"]
        {
            assert!(!is_host(text), "{text}");
        }
    }

    #[test]
    fn users_of_urls_are_not_repeated() {
        assert_eq!(without_user("http://u:p@x@proxy:1"), "***@proxy:1");
        assert_eq!(without_user("proxy"), "proxy");
    }
}
