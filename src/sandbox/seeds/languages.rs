//! The languages that WSUS offers.

use rusqlite::{Connection, params};

use super::server::installed;
use super::writer::{ENGLISH, text};

/// Language id, short name, long name.
///
/// Sources: the ids and long names in lists of the languages of software updates that Configuration Manager users publish,
/// where a language is `Locale:ID` (grade B; 0 for all languages: MS-WSUSSS, ServerSyncLanguageData, grade A); the short
/// names are those of MS-LCID in lower case (learn.microsoft.com, bb294859; MS-WSUSSS: grade A), `ja-nec` as in the names
/// of files of Microsoft's catalogue (grade B). That they are in this order is our guess (grade C).
const LANGUAGES: &[(i64, &str, &str)] = &[
    (0, "all", "All Languages"),
    (1, "ar", "Arabic"),
    (2, "bg", "Bulgarian"),
    (5, "cs", "Czech"),
    (6, "da", "Danish"),
    (7, "de", "German"),
    (8, "el", "Greek"),
    (ENGLISH, "en", "English"),
    (10, "es", "Spanish"),
    (37, "et", "Estonian"),
    (11, "fi", "Finnish"),
    (12, "fr", "French"),
    (13, "he", "Hebrew"),
    (57, "hi", "Hindi"),
    (26, "hr", "Croatian"),
    (14, "hu", "Hungarian"),
    (16, "it", "Italian"),
    (17, "ja", "Japanese"),
    (1041, "ja-nec", "Japanese (NEC)"),
    (18, "ko", "Korean"),
    (39, "lt", "Lithuanian"),
    (38, "lv", "Latvian"),
    (19, "nl", "Dutch"),
    (20, "no", "Norwegian"),
    (21, "pl", "Polish"),
    (22, "pt", "Portuguese"),
    (1046, "pt-br", "Portuguese (Brazil)"),
    (24, "ro", "Romanian"),
    (25, "ru", "Russian"),
    (27, "sk", "Slovak"),
    (36, "sl", "Slovenian"),
    (31_770, "sr-latn", "Serbian (Latin)"),
    (29, "sv", "Swedish"),
    (30, "th", "Thai"),
    (31, "tr", "Turkish"),
    (34, "uk", "Ukrainian"),
    (2052, "zh-cn", "Chinese (Simplified)"),
    (3076, "zh-hk", "Chinese (Hong Kong S.A.R.)"),
    (1028, "zh-tw", "Chinese (Traditional)"),
];

/// The languages that the seeds' servers want updates in.
const ENABLED: &[&str] = &["de", "en", "fr"];

/// Writes the languages. The upstream server has all of them.
pub(super) fn write(store: &Connection) -> rusqlite::Result<()> {
    for (index, (id, short, long)) in (0_i64..).zip(LANGUAGES) {
        store.execute(
            "INSERT INTO tbLanguage (LanguageIndex, LanguageID, ShortLanguage, LongLanguage, UssEnabled, Enabled,
                 CreateTime, FullTextLCID)
             VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?2)",
            params![index, id, short, long, ENABLED.contains(short), text(installed())],
        )?;
    }
    Ok(())
}
