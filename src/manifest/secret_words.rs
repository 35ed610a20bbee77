//! Which keys sound like secrets, in the languages of those who administer WSUS.

use std::sync::LazyLock;

/// Parts of keys that are about a secret wherever they stand, in small letters. Those of Latin, Greek, Cyrillic, Hebrew, Arabic,
/// Thai, Hindi, Chinese, Japanese and Korean script are what the languages of WSUS call a password.
const PARTS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "credential",
    "privatekey",
    "private_key",
    "private-key",
    "apikey",
    "accesskey",
    "passwort",
    "kennwort",
    "geheim",
    "wachtwoord",
    "passord",
    "adgangskode",
    "kodeord",
    "l\u{f6}senord",
    "losenord",
    "salasana",
    "parool",
    "salas\u{f5}na",
    "parol",
    "slapta\u{17e}od",
    "slaptazod",
    "contrase",
    "senha",
    "motdepasse",
    "heslo",
    "has\u{142}o",
    "haslo",
    "geslo",
    "lozink",
    "jelsz",
    "\u{15f}ifre",
    "sifre",
    "\u{3ba}\u{3c9}\u{3b4}\u{3b9}\u{3ba}",
    "\u{3c3}\u{3c5}\u{3bd}\u{3b8}\u{3b7}\u{3bc}\u{3b1}\u{3c4}\u{3b9}\u{3ba}",
    "\u{43f}\u{430}\u{440}\u{43e}\u{43b}",
    "\u{43b}\u{43e}\u{437}\u{438}\u{43d}\u{43a}",
    "\u{5e1}\u{5d9}\u{5e1}\u{5de}",
    "\u{627}\u{644}\u{645}\u{631}\u{648}\u{631}",
    "\u{627}\u{644}\u{633}\u{631}",
    "\u{e23}\u{e2b}\u{e31}\u{e2a}",
    "\u{92a}\u{93e}\u{938}\u{935}\u{930}\u{94d}\u{921}",
    "\u{5bc6}\u{7801}",
    "\u{5bc6}\u{78bc}",
    "\u{53e3}\u{4ee4}",
    "\u{30d1}\u{30b9}\u{30ef}\u{30fc}\u{30c9}",
    "\u{ff8a}\u{ff9f}\u{ff7d}\u{ff9c}\u{ff70}\u{ff84}\u{ff9e}",
    "\u{6697}\u{8a3c}",
    "\u{c554}\u{d638}",
    "\u{be44}\u{bc00}\u{bc88}\u{d638}",
];

/// Words that are about a secret where they stand alone in a key (`api-key`, `SMTP_PASS`), and mean nothing inside of another
/// (`keyboard`, `passive`).
const WORDS: &[&str] = &["pass", "passe", "pw", "psw", "key", "keys", "token", "tokens", "cred", "creds", "bearer"];

/// Whether a key is about a secret.
pub(super) fn sounds_secret(key: &str) -> bool {
    first_part(key).is_some() || says_word(key)
}

/// Where the first part ends that means a secret wherever it stands.
pub(super) fn first_part(text: &str) -> Option<usize> {
    if text.is_ascii() {
        return (0..text.len()).find_map(|at| {
            let part =
                ascii_parts(text.as_bytes()[at]).iter().find(|part| begins_with(&text.as_bytes()[at..], part))?;
            Some(at + part.len())
        });
    }
    // Small letters may be longer than large ones: where it stands cannot be told, so it is taken for the beginning.
    let lower: String = text.chars().filter(|c| !is_accent(*c)).flat_map(char::to_lowercase).collect();
    PARTS.iter().any(|part| lower.contains(part)).then_some(0)
}

/// Whether a word that is about a secret stands alone in a text.
pub(super) fn says_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    (0..bytes.len()).any(|at| {
        let begins = at == 0 || is_border(bytes[at - 1], bytes[at]);
        let ends = |end: usize| bytes.get(end).is_none_or(|next| is_border(bytes[end - 1], *next));
        begins && WORDS.iter().any(|word| begins_with(&bytes[at..], word) && ends(at + word.len()))
    })
}

/// Whether one word ends between two bytes and another one begins: `api-key`, `apiKey`, `key2`.
fn is_border(before: u8, after: u8) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
    !(is_letter(before) && is_letter(after)) || before.is_ascii_lowercase() && after.is_ascii_uppercase()
}

fn begins_with(text: &[u8], word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

/// The parts in ASCII that begin with a letter. Every key passes here, a million in a large manifest.
fn ascii_parts(letter: u8) -> &'static [&'static str] {
    static BY_LETTER: LazyLock<[Vec<&'static str>; 26]> = LazyLock::new(|| {
        std::array::from_fn(|letter| {
            let begins = |part: &&&str| part.is_ascii() && usize::from(part.as_bytes()[0] - b'a') == letter;
            PARTS.iter().filter(begins).copied().collect()
        })
    });
    match letter.to_ascii_lowercase() {
        letter @ b'a'..=b'z' => &BY_LETTER[usize::from(letter - b'a')],
        _ => &[],
    }
}

/// An accent that is a character of its own, as macOS writes them.
fn is_accent(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::sounds_secret;

    #[test]
    fn keys_about_secrets_in_every_language() {
        for key in [
            "password",
            "WSUS_PASSWORD",
            "pass",
            "SMTP_PASS",
            "userPass",
            "pwd",
            "apiKey",
            "api-key",
            "KEY",
            "token",
            "GH_TOKEN2",
            "client_secret",
            "Credentials",
            "Passwort",
            "Kennwort",
            "mot de passe",
            "MotDePasse",
            "contraseña",
            "contrasena",
            "senha",
            "palavra-passe",
            "пароль",
            "Пароль",
            "密码",
            "密碼",
            "パスワード",
            "암호",
            "비밀번호",
            "heslo",
            "hasło",
            "HASŁO",
            "jelszó",
            "lösenord",
            "LÖSENORD",
            "lo\u{308}senord",
            "wachtwoord",
            "parola",
            "parolă",
            "parole",
            "şifre",
            "ŞIFRE",
            "salasana",
            "passord",
            "adgangskode",
            "κωδικός",
            "ΚΩΔΙΚΌΣ",
            "סיסמה",
            "كلمة المرور",
            "รหัสผ่าน",
            "पासवर्ड",
            "geslo",
            "lozinka",
            "slaptažodis",
            "salasõna",
        ] {
            assert!(sounds_secret(key), "{key}");
        }
    }

    #[test]
    fn other_keys_are_shown() {
        for key in [
            "name",
            "groups",
            "Keyboards",
            "monkey",
            "Passive",
            "compass",
            "bypass",
            "authentication",
            "user",
            "Zweigstelle München",
            "secure",
            "computers",
            "tokenizer",
            "подразделение",
            "グループ",
        ] {
            assert!(!sounds_secret(key), "{key}");
        }
    }
}
