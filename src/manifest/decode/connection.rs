//! `connection`.

use super::super::node::Value;
use super::super::problems::Problems;
use super::super::shape::{Fields, Keyed, Shape, name, null, text, wrong_type};
use crate::diagnostic::Diagnostic;
use crate::model::connection::{Auth, Connection, DatabaseUrl, SecretReference, UrlError};
use crate::model::origin::{Declared, Origin};

pub(super) const CONNECTION: Shape = Shape::new("connection", &["database", "auth", "tls"]);
pub(super) const AUTH: Shape = Shape::new("auth", &["user", "password"]);
pub(super) const TLS: Shape = Shape::new("tls", &["ca"]);

/// Reads the connection.
pub(super) fn connection(value: Keyed<'_>, problems: &mut Problems) -> Option<Connection> {
    let mut fields = Fields::of(value, &CONNECTION, problems)?;
    let database = fields
        .require("database", problems)
        .and_then(|value| text(&value, problems))
        .and_then(|text| database(&text, problems));
    let auth = fields.take("auth").and_then(|value| auth(value, problems));
    if let Some(database) = &database {
        check_account(database, auth.as_ref(), problems);
    }
    let auth = auth.map(|auth| auth.value);
    let ca = fields.take("tls").and_then(|value| {
        let mut tls = Fields::of(value, &TLS, problems)?;
        tls.take("ca").and_then(|value| name(&value, "a certificate file", problems))
    });
    Some(Connection { database: database?, auth, ca: ca.map(|file| file.value) })
}

fn database(text: &Declared<String>, problems: &mut Problems) -> Option<Declared<DatabaseUrl>> {
    match text.value.parse() {
        Ok(value) => return Some(Declared { value, origin: text.origin }),
        Err(UrlError::Password) => {
            // Whatever the URL looks like, none of it is shown.
            problems.hide(text.origin);
            problems.push(
                literal_secret(text.origin)
                    .help("remove the password from the URL, and add auth: {user: NAME, password: {env: NAME}}"),
            );
        }
        Err(error) => {
            // What is no URL may be anything: a connection string, a user with a password.
            problems.hide(text.origin);
            problems
                .push(Diagnostic::error("bad-url", "not a database URL").detail(error.to_string()).at(text.origin, ""));
        }
    }
    None
}

/// Warns of a Windows account where a SQL Server login is meant to be. Who names the method means it.
fn check_account(database: &Declared<DatabaseUrl>, auth: Option<&Declared<Auth>>, problems: &mut Problems) {
    let DatabaseUrl::Mssql(url) = &database.value else { return };
    let (user, origin) = match auth {
        Some(Declared { value: Auth::Integrated, .. }) => return,
        Some(Declared { value: Auth::Sql { user, .. }, origin }) => (Some(user), *origin),
        None => (url.user.as_ref(), database.origin),
    };
    let Some(user) = user.filter(|user| url.auth.is_none() && user.contains(['\\', '@'])) else { return };
    problems.push(
        Diagnostic::warning("windows-account", "a Windows account in the place of a SQL Server login")
            .detail(format!(
                "with user and password alone, SQL Server takes `{user}` for a login of its own, which has neither \\ nor @ in \
                 its name as a rule, and refuses it"
            ))
            .at(origin, "")
            .help("run wsusctl as that account and write auth: integrated, or add ?auth=ntlm to the database URL")
            .help("where it is a SQL Server login all the same, add ?auth=sql"),
    );
}

fn auth(value: Keyed<'_>, problems: &mut Problems) -> Option<Declared<Auth>> {
    let place = value.place();
    if let Some(text) = value.node.text() {
        if text == "integrated" {
            return Some(Declared { value: Auth::Integrated, origin: place });
        }
        // Whoever writes a text here may have written user and password.
        problems.hide(place);
        problems.push(
            Diagnostic::error("unknown-word", "a word that is not known here")
                .detail("auth is `integrated` or a map")
                .at(place, "not shown")
                .help("write integrated, or {user: NAME, password: {env: NAME}}"),
        );
        return None;
    }
    let mut fields = Fields::of(value, &AUTH, problems)?;
    let user = fields.require("user", problems).and_then(|value| name(&value, "a login", problems))?;
    let password = fields.take("password").and_then(|value| secret(value, problems));
    Some(Declared { value: Auth::Sql { user: user.value, password }, origin: user.origin })
}

/// Reads a reference to a secret. Nothing that stands here instead is ever shown.
pub(super) fn secret(value: Keyed<'_>, problems: &mut Problems) -> Option<SecretReference> {
    let place = value.place();
    if value.node.is_null() {
        problems.push(null(place, "write {env: NAME} or {file: PATH}, or remove the key"));
        return None;
    }
    let Value::Mapping(entries) = &value.node.value else {
        problems.push(match value.node.value {
            Value::Sequence(_) => wrong_type("{env: NAME} or {file: PATH}", &value.node, place),
            _ => literal_secret(place).help("write {env: NAME} or {file: PATH}"),
        });
        return None;
    };
    let [entry] = &**entries else {
        problems.push(not_a_reference(place));
        return None;
    };
    let reference = match &*entry.key {
        "env" => SecretReference::Env,
        "file" => SecretReference::File,
        _ => {
            problems.push(not_a_reference(place));
            return None;
        }
    };
    let inner = Keyed { key: entry.origin, node: entry.node.clone() };
    name(&inner, "a secret's place", problems).map(|name| reference(name.value))
}

fn literal_secret(place: Origin) -> Diagnostic {
    Diagnostic::error("literal-secret", "a password in a manifest")
        .detail("manifests go into version control; they name the place of a secret, never the secret. This password has been seen, so change it")
        .at(place, "not shown")
}

fn not_a_reference(place: Origin) -> Diagnostic {
    Diagnostic::error("bad-secret-reference", "not a reference to a secret")
        .detail("a reference has exactly one key, `env` or `file`")
        .at(place, "")
        .help("write {env: NAME} or {file: PATH}")
}
