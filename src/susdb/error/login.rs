//! What a refused login or database means, and what to do about it, by SQL Server's number and state.

use crate::susdb::target::Authentication;

/// What a number means, where its state says no more.
///
/// Source: learn.microsoft.com, Database Engine events and errors, and troubleshooting Azure SQL connections (grade A).
const NUMBERS: [(u32, &str); 34] = [
    (233, "no process of the server listens at the other end: look into the SQL Server's error log"),
    (904, "the database is being started or cannot be: look into the SQL Server's error log"),
    (911, "check the database's name in the URL: WSUS always calls it SUSDB"),
    (916, "map the login to a user of that database: CREATE USER ... FOR LOGIN ..."),
    (922, "the database is being recovered: wait, and run it again"),
    (
        924,
        "the database is in single-user mode and has its user: end that session, or ALTER DATABASE ... SET MULTI_USER",
    ),
    (927, "the database is being restored: finish it with RESTORE DATABASE ... WITH RECOVERY"),
    (942, "the database is offline: ALTER DATABASE ... SET ONLINE"),
    (945, "the database misses a file or memory: look into the SQL Server's error log"),
    (948, "the database comes from a newer SQL Server than this one"),
    (976, "this is a secondary replica of an availability group: connect to the listener or to the primary replica"),
    (978, "this is a secondary replica of an availability group: connect to the listener or to the primary replica"),
    (983, "the availability replica is not ready: check the availability group, and connect to its listener"),
    (4060, "check the database's name in the URL (WSUS always calls it SUSDB) and that it is online"),
    (
        4063,
        "the login's default database cannot be opened: give it another, ALTER LOGIN ... WITH DEFAULT_DATABASE = SUSDB",
    ),
    (
        4064,
        "the login's default database cannot be opened: give it another, ALTER LOGIN ... WITH DEFAULT_DATABASE = SUSDB",
    ),
    (10_928, "the server has all the sessions that it allows: end some, or wait"),
    (10_929, "the server is too busy: wait, and run it again"),
    (17_142, "the SQL Server is paused: continue its service"),
    (17_187, "the SQL Server is starting: wait, and run it again"),
    (17_188, "the SQL Server is shutting down"),
    (17_189, "the SQL Server has no resources for another session: look into its error log"),
    (17_806, "the server could not check the Windows account: check the service's SPN, the clocks and the domain"),
    (17_809, "the SQL Server has all the connections that it allows"),
    (17_892, "a logon trigger of the server refused the login: ask its administrator"),
    (18_401, "the SQL Server is upgrading its databases: wait, and run it again"),
    (18_451, "only administrators may log in just now"),
    (18_452, "the server does not trust the domain of that Windows account, or takes Windows accounts only"),
    (18_461, "the SQL Server is in single-user mode"),
    (18_470, "the login is disabled: ALTER LOGIN ... ENABLE"),
    (18_486, "the login is locked: ALTER LOGIN ... WITH PASSWORD = ... UNLOCK, or wait"),
    (40_613, "the database is not available just now: run it again in a minute"),
    (40_615, "the server's firewall does not let this machine's address in: add a rule for it"),
    (40_914, "the server's firewall does not let this machine's network in: add a rule for it"),
];

/// The same for what asks for another password.
const PASSWORD_IS_OLD: [u32; 2] = [18_487, 18_488];

/// What the states of 18456 mean. SQL Server tells its own error log the state and most clients 1.
///
/// Source: learn.microsoft.com, MSSQLSERVER_18456 (grade A).
const STATES: [(&[u8], &str); 9] = [
    (&[2, 5], "the server has no such login"),
    (&[6], "a Windows account cannot log in with a password of SQL Server"),
    (&[7], "the login is disabled, and the password is wrong"),
    (&[8, 9], "the password is wrong"),
    (&[11, 12], "the login is right, and may not connect to the server: GRANT CONNECT SQL TO ..."),
    (&[18], "the login has to change its password first"),
    (&[38, 46, 126], "the database in the URL is not there, or the login may not open it"),
    (
        &[58],
        "the server takes Windows accounts only: use ?auth=integrated, or let it allow SQL Server logins (mixed mode)",
    ),
    (&[122, 123, 124], "user or password is empty"),
];

/// What is wrong with user or password.
const REFUSED: u32 = 18_456;
/// The account's domain is not trusted.
const UNTRUSTED: u32 = 18_452;

/// What to do about a refused login.
pub(super) fn hints(number: u32, state: u8, authentication: &Authentication) -> Vec<String> {
    let mut hints = Vec::new();
    if let (REFUSED | UNTRUSTED, Authentication::Sql { user, .. }) = (number, authentication)
        && let Some(account) = windows_account(user)
    {
        hints.push(account);
    }
    if number == REFUSED {
        hints.extend(of_state(state).map(str::to_owned));
        hints.extend(refused(authentication));
        return hints;
    }
    hints.extend(of_number(number).map(str::to_owned));
    if PASSWORD_IS_OLD.contains(&number) {
        hints.push("the login's password has run out: ALTER LOGIN ... WITH PASSWORD = ...".to_owned());
    }
    if hints.is_empty() {
        hints.push("look into the SQL Server's error log for the reason".to_owned());
    }
    hints
}

/// What a number means, where it is one of a login or a database.
pub(super) fn of_number(number: u32) -> Option<&'static str> {
    NUMBERS.iter().find(|(known, _)| *known == number).map(|(_, words)| *words)
}

fn of_state(state: u8) -> Option<&'static str> {
    STATES.iter().find(|(states, _)| states.contains(&state)).map(|(_, words)| *words)
}

fn refused(authentication: &Authentication) -> Vec<String> {
    const LOG: &str = "the SQL Server's error log has the reason, with a state that it does not tell clients";
    let login =
        |account: &str| format!("the server needs a login for {account}: CREATE LOGIN [DOMAIN\\ACCOUNT] FROM WINDOWS");
    let texts = match authentication {
        Authentication::Sql { .. } => vec![
            "check user and password".to_owned(),
            "check that the server allows SQL Server logins (mixed mode); if not, use ?auth=integrated".to_owned(),
        ],
        Authentication::Ntlm { user, .. } => {
            vec!["check domain, user and password".to_owned(), login(&format!("`{user}`"))]
        }
        Authentication::Integrated => vec![login("the account that runs wsusctl")],
        Authentication::Kerberos => vec![login("the account of the ticket (klist shows it)")],
    };
    texts.into_iter().chain([LOG.to_owned()]).collect()
}

/// What to say where the name of a SQL Server login is that of a Windows account.
fn windows_account(user: &str) -> Option<String> {
    let kind = if user.contains('\\') {
        "is a Windows account"
    } else if user.contains('@') {
        "looks like a Windows account"
    } else {
        return None;
    };
    let ntlm = if cfg!(any(windows, feature = "ntlm")) {
        "add ?auth=ntlm to the URL and keep user and password"
    } else {
        "use a build with NTLM (cargo feature `ntlm`), ?auth=ntlm and the same user and password"
    };
    Some(format!("`{user}` {kind}, not a SQL Server login: run wsusctl as it with ?auth=integrated, or {ntlm}"))
}

#[cfg(test)]
mod tests {
    use super::{NUMBERS, hints};
    use crate::model::connection::Secret;
    use crate::susdb::target::Authentication;

    fn sql(user: &str) -> Authentication {
        Authentication::Sql { user: user.to_owned(), password: Secret::new("x".to_owned()) }
    }

    #[test]
    fn a_windows_account_is_told_first() {
        for user in ["CONTOSO\\svc-wsus", "svc-wsus@contoso.com"] {
            for number in [18456, 18452] {
                let first = hints(number, 1, &sql(user)).remove(0);
                assert!(first.contains(user) && first.contains("Windows account"), "{first}");
                assert!(first.contains("?auth=integrated") && first.contains("?auth=ntlm"), "{first}");
            }
        }
        assert_eq!(hints(18456, 1, &sql("sa"))[0], "check user and password");
    }

    #[test]
    fn what_was_chosen_is_not_advised_again() {
        let ntlm = Authentication::Ntlm { user: "D\\u".to_owned(), password: Secret::new("x".to_owned()) };
        for authentication in [Authentication::Integrated, Authentication::Kerberos, ntlm] {
            let all = hints(18456, 1, &authentication).concat();
            assert!(!all.contains("?auth=") && all.contains("FROM WINDOWS"), "{all}");
        }
    }

    #[test]
    fn states_and_numbers_have_words() {
        assert_eq!(hints(18456, 8, &sql("sa"))[0], "the password is wrong");
        assert!(hints(18456, 58, &sql("sa"))[0].contains("mixed mode"));
        assert!(hints(18470, 1, &sql("sa"))[0].contains("ENABLE"));
        assert!(hints(18488, 1, &sql("sa"))[0].contains("has run out"));
        assert!(hints(40615, 1, &sql("sa"))[0].contains("firewall"));
        assert_eq!(hints(99, 1, &sql("sa")), ["look into the SQL Server's error log for the reason"]);
        assert!(NUMBERS.is_sorted_by(|a, b| a.0 < b.0));
    }
}
