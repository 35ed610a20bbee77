//! `notifications`.

use super::super::notifications::{NEW_UPDATES, NOTIFICATIONS, SENDER, SMTP, STATUS};
use super::keys;
use super::settings::{scalar, under};
use crate::model::notifications::notification;
use crate::schema::{Property, Schema, optional};

/// One address: what the reader takes but for its length.
const ADDRESS: &str = "[^\\s,;<>\"]+@[^\\s,;<>\"@]+";

pub(super) fn notifications() -> Schema {
    let prefix = "notifications.smtp";
    let password = Schema::reference("secret").says(
        "The password of the mail server's user. It cannot be written through the database: declaring it is unsupported, and \
         the rest is applied. Set it once in the console.",
    );
    let smtp = keys(
        &SMTP,
        vec![
            under(prefix, "server"),
            under(prefix, "port"),
            under(prefix, "authentication"),
            under(prefix, "user"),
            optional("password", password),
        ],
    );
    let address = address().says(says("notifications.sender.address"));
    let sender = keys(&SENDER, vec![under("notifications.sender", "name"), optional("address", address)]);
    let section = keys(
        &NOTIFICATIONS,
        vec![
            optional(
                "smtp",
                Schema::from(smtp).says("The mail server.").example("{server: mail.contoso.com, port: 25}"),
            ),
            optional(
                "sender",
                Schema::from(sender).says("Whom mails come from.").example("{name: WSUS, address: wsus@contoso.com}"),
            ),
            optional("language", scalar("notifications.language")),
            optional(
                "newUpdates",
                mail("notifications.newUpdates", keys(&NEW_UPDATES, vec![recipients()]))
                    .example("{recipients: [wsus-admins@contoso.com]}"),
            ),
            optional(
                "status",
                mail(
                    "notifications.status",
                    keys(
                        &STATUS,
                        vec![
                            recipients(),
                            under("notifications.status", "frequency"),
                            under("notifications.status", "at"),
                        ],
                    ),
                )
                .example("{recipients: [it@contoso.com], frequency: weekly, at: \"06:30Z\"}"),
            ),
        ],
    );
    Schema::from(section).title("Mails").says("The mails that the server sends: through what, about what, and to whom.")
}

/// A mail that can be switched off.
fn mail(path: &str, map: crate::schema::Map) -> Schema {
    Schema::either([Schema::words(["none"]).says("Not sent."), Schema::from(map).says("Sent.")])
        .says(says(path))
        .example("none")
}

fn recipients() -> Property {
    let recipients = Schema::choices(address())
        .says("Who gets the mail. The list is the whole set, and never empty.")
        .example("[wsus-admins@contoso.com]");
    optional("recipients", recipients)
}

fn address() -> Schema {
    Schema::pattern(ADDRESS).example("wsus-admins@contoso.com")
}

fn says(path: &str) -> &'static str {
    notification(path).expect("a test holds that every key that is read is in the table").description
}
