//! `connection`, and references to secrets.

use super::super::connection::{AUTH, CONNECTION, TLS};
use super::keys;
use crate::schema::{Map, Schema, optional, required};

pub(super) fn connection() -> Schema {
    let database = Schema::pattern("(?:mssql://|wid:|sandbox:).*")
        .says(
            "The server's database: mssql://[user@]host[:port][/DATABASE] or mssql://host\\INSTANCE/SUSDB, wid: for the \
             Windows Internal Database on the server itself, or sandbox:[FILE] for an emulated one. It never carries a \
             password.",
        )
        .example("mssql://sql01.contoso.com/SUSDB")
        .example("\"wid:\"")
        .example("sandbox:contoso.db?seed=demo");
    let login = keys(
        &AUTH,
        vec![
            required("user", Schema::name().says("The SQL Server login.").example("svc-wsus")),
            optional(
                "password",
                Schema::reference("secret")
                    .says("Where the password is. --password-file and the variable WSUSCTL_PASSWORD go before it."),
            ),
        ],
    );
    let auth = Schema::either([Schema::words(["integrated"]), Schema::from(login)]);
    let ca = Schema::name()
        .says("A file with the certificates (PEM) that the server's is verified with, relative to the manifest's directory.")
        .example("contoso-ca.pem");
    let connection = keys(
        &CONNECTION,
        vec![
            required("database", database),
            optional(
                "auth",
                auth.says("Who logs in; without it, the Windows user that runs wsusctl.")
                    .example("integrated")
                    .example("{user: svc-wsus, password: {env: WSUS_SQL_PASSWORD}}"),
            ),
            optional(
                "tls",
                Schema::from(keys(&TLS, vec![optional("ca", ca)])).says("How the server's certificate is verified."),
            ),
        ],
    );
    Schema::from(connection)
        .title("Connection")
        .says("How the server is reached. --server URL replaces all of it, its password included.")
        .example("{database: \"mssql://sql01.contoso.com/SUSDB\", auth: {user: svc-wsus, password: {env: WSUS_SQL_PASSWORD}}}")
}

/// A reference to a secret. Its two keys are no shape: whatever stands there is shown nowhere.
pub(super) fn secret() -> Schema {
    let reference = Map::of(vec![
        optional("env", Schema::name().says("A variable of the environment.").example("WSUS_SQL_PASSWORD")),
        optional("file", Schema::name().says("A file, relative to the manifest's directory.").example("password.txt")),
    ]);
    Schema::from(reference.exactly_one(&["env", "file"]))
        .title("A reference to a secret")
        .says("Where a secret is. A manifest goes into version control, so it never holds the secret itself.")
        .example("{env: WSUS_SQL_PASSWORD}")
        .example("{file: password.txt}")
}
