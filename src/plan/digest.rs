//! A plan's digest: two plans that do the same have the same one.
//!
//! SHA-256 over the server's id and each change's address, action, before and after, sorted by address. Texts for
//! display, places in manifests and times of reading are outside it.
//!
//! Canonical bytes: the word `wsusctl-plan-1`, the 16 bytes of the server's id, then every change as address (text),
//! action (one letter: `c`, `m`, `d`), before and after. A number is 8 bytes, most significant first. A text is its
//! length in bytes and its UTF-8. An absent value is `-`; a map is `{`, its number of entries and each entry's key
//! (text) and value in the order of keys; a list is `[`, its length and its values; then `n` null, `b` and a byte 0 or 1,
//! `i` and the number, `s` and a text, `?` and the text of what is not known.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::Plan;
use super::change::{Change, ChangeAction};
use crate::model::attribute::Attribute;

const VERSION: &[u8] = b"wsusctl-plan-1";

impl Plan {
    /// The SHA-256 of what the plan changes, in lower-case hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut changes: Vec<(String, &Change)> =
            self.changes.iter().map(|change| (change.address.to_string(), change)).collect();
        changes.sort_by(|(a, first), (b, second)| {
            let rest = |change: &Change| (change.action, change.before.clone(), change.after.clone());
            a.cmp(b).then_with(|| rest(first).cmp(&rest(second)))
        });
        let mut hash = Sha256::new();
        hash.update(VERSION);
        hash.update(self.server_id.as_bytes());
        for (address, change) in changes {
            text(&mut hash, &address);
            hash.update(match change.action {
                ChangeAction::Create => b"c",
                ChangeAction::Modify => b"m",
                ChangeAction::Delete => b"d",
            });
            optional_map(&mut hash, change.before.as_ref());
            optional_map(&mut hash, change.after.as_ref());
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn optional_map(hash: &mut Sha256, entries: Option<&BTreeMap<String, Attribute>>) {
    match entries {
        Some(entries) => map(hash, entries),
        None => hash.update(b"-"),
    }
}

fn map(hash: &mut Sha256, entries: &BTreeMap<String, Attribute>) {
    hash.update(b"{");
    length(hash, entries.len());
    for (key, value) in entries {
        text(hash, key);
        attribute(hash, value);
    }
}

fn attribute(hash: &mut Sha256, value: &Attribute) {
    match value {
        Attribute::Null => hash.update(b"n"),
        Attribute::Bool(value) => hash.update([b'b', u8::from(*value)]),
        Attribute::Int(value) => {
            hash.update(b"i");
            hash.update(value.to_be_bytes());
        }
        Attribute::Text(value) => {
            hash.update(b"s");
            text(hash, value);
        }
        Attribute::List(values) => {
            hash.update(b"[");
            length(hash, values.len());
            values.iter().for_each(|value| attribute(hash, value));
        }
        Attribute::Map(entries) => map(hash, entries),
        Attribute::Unknown(why) => {
            hash.update(b"?");
            text(hash, why);
        }
    }
}

fn text(hash: &mut Sha256, text: &str) {
    length(hash, text.len());
    hash.update(text.as_bytes());
}

fn length(hash: &mut Sha256, length: usize) {
    hash.update((length as u64).to_be_bytes());
}
