//! `connection`.

use super::super::node::Value;
use super::super::problems::Problems;
use super::super::shape::{Fields, Keyed, Shape, name, null, text, word, wrong_type};
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
            problems
                .push(Diagnostic::error("bad-url", "not a database URL").detail(error.to_string()).at(text.origin, ""));
        }
    }
    None
}

fn auth(value: Keyed<'_>, problems: &mut Problems) -> Option<Auth> {
    if value.node.text().is_some() {
        return word(&value, &[("integrated", ())], problems).map(|_| Auth::Integrated);
    }
    let mut fields = Fields::of(value, &AUTH, problems)?;
    let user = fields.require("user", problems).and_then(|value| name(&value, "a login", problems));
    let password = fields.take("password").and_then(|value| secret(value, problems));
    Some(Auth::Sql { user: user?.value, password })
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
