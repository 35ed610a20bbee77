//! What a server is set to.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;

use super::super::faults::Faults;

/// Who may log in.
#[derive(Clone)]
pub enum Authentication {
    /// Anybody: for a server that only its own process can reach.
    Open,
    /// One login with a password.
    Password {
        /// The login's name, compared without regard to case.
        user: String,
        /// Its password.
        password: Password,
    },
}

/// A password. It has no Debug, so it does not get into logs.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Wraps a password.
    #[must_use]
    pub fn new(password: String) -> Self {
        Self(password)
    }

    /// Compares in a time that does not tell how much of a guess was right.
    pub(super) fn is(&self, guess: &str) -> bool {
        let (right, guess) = (self.0.as_bytes(), guess.as_bytes());
        let differences = right.iter().zip(guess).fold(0, |sum, (a, b)| sum | (a ^ b));
        right.len() == guess.len() && differences == 0
    }
}

/// What is encrypted.
#[derive(Clone)]
pub enum Encryption {
    /// Nothing.
    Off,
    /// The login, and everything for clients that ask for it. Clients that cannot encrypt are let in.
    LoginOnly(Arc<ServerConfig>),
    /// Everything. Clients that cannot encrypt are turned away.
    Required(Arc<ServerConfig>),
    /// Everything, from the first byte: TDS 8. Clients that begin otherwise are turned away without a word, as by a SQL
    /// Server with Force Strict Encryption.
    Strict(Arc<ServerConfig>),
}

impl Encryption {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::LoginOnly(_) => "login only",
            Self::Required(_) => "required",
            Self::Strict(_) => "strict",
        }
    }
}

/// What a server is set to. [`ServerSettings::new`] gives the usual values.
#[derive(Clone)]
pub struct ServerSettings {
    /// The name it gives itself in errors.
    pub server_name: String,
    /// Product version: major, minor, build.
    pub product_version: (u8, u8, u16),
    /// The database of a login that asks for none.
    pub default_database: String,
    /// Who may log in.
    pub authentication: Authentication,
    /// What is encrypted.
    pub encryption: Encryption,
    /// What goes wrong on purpose.
    pub faults: Arc<Faults>,
    /// Time for a client to log in.
    pub handshake_timeout: Duration,
    /// Time for a client to finish a request once it has begun to send it.
    pub request_timeout: Duration,
    /// How long a client whose login is refused waits for the answer.
    pub refusal_delay: Duration,
    /// Largest request in bytes.
    pub request_bytes_max: usize,
    /// Most clients at a time over TCP that have logged in.
    pub connections_max: usize,
    /// Most clients at a time over TCP that have not logged in yet. One more, and the one that has waited longest goes.
    pub logins_max: usize,
}

impl ServerSettings {
    /// A SQL Server 2019 in name, as the engine says of itself, without encryption and faults.
    #[must_use]
    pub fn new(authentication: Authentication) -> Self {
        Self {
            server_name: "SANDBOX".to_owned(),
            product_version: (15, 0, 2000),
            default_database: "SUSDB".to_owned(),
            authentication,
            encryption: Encryption::Off,
            faults: Arc::new(Faults::default()),
            handshake_timeout: Duration::from_secs(15),
            request_timeout: Duration::from_secs(60),
            refusal_delay: Duration::ZERO,
            request_bytes_max: 8 << 20,
            connections_max: 100,
            logins_max: 20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_compared_whole_and_with_case() {
        let password = Password::new("Secret".to_owned());
        assert!(password.is("Secret"));
        assert!(!password.is("secret"));
        assert!(!password.is("Secre"));
        assert!(!password.is("Secrets"));
        assert!(!password.is(""));
    }
}
