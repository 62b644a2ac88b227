//! Passwords: what is taken (NIST SP 800-63B-4 §3.1.1.2) and what is kept of one.
//!
//! At least 15 characters, although a second factor is always asked for: the password also locks the holder's copy of the
//! backup code, and there it stands alone. No rules of composition, no forced changes; what is common, repeated or about
//! the person is refused.

use super::{Fault, Portal};
use crate::codes::{Cost, PIN_COST};
use uuid::Uuid;
use verification_api::names::Name;
use verification_api::personal::PersonalText;
use zeroize::Zeroizing;

/// Fewest characters (Unicode scalar values).
pub const SHORTEST: usize = 15;
/// Most characters.
pub const LONGEST: usize = 128;
/// Of signing in.
pub const PASSWORD_COST: Cost = PIN_COST;

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weak {
    Short,
    Long,
    /// One piece over and over, or few different characters.
    Repeated,
    /// In a row on the keyboard, or among the ones that are tried first.
    Common,
    /// Hardly more than the user name, the holder's name or the birth date.
    Personal,
}

impl Weak {
    /// The message that explains it.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Short => "password-short",
            Self::Long => "password-long",
            Self::Repeated => "password-repeated",
            Self::Common => "password-common",
            Self::Personal => "password-personal",
        }
    }
}

/// Rows, alphabets and the words that lead lists of disclosed passwords, in English and Spanish.
const RUNS: &[&str] = &[
    "abcdefghijklmnopqrstuvwxyz",
    "zyxwvutsrqponmlkjihgfedcba",
    "01234567890",
    "09876543210",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "poiuytrewq",
    "1qaz2wsx3edc4rfv5tgb",
    "qazwsxedcrfvtgb",
];
const WORDS: &[&str] = &[
    "password",
    "passw0rd",
    "contraseña",
    "contrasena",
    "letmein",
    "welcome",
    "bienvenido",
    "iloveyou",
    "tequiero",
    "monkey",
    "dragon",
    "football",
    "futbol",
    "baseball",
    "princess",
    "sunshine",
    "admin",
    "login",
    "master",
    "changeme",
    "secret",
    "secreto",
    "backupcode",
    "backup",
    "codigo",
    "código",
    "account",
    "cuenta",
    "portal",
    "kiosk",
    "immigration",
    "uscis",
];
/// What must be left once runs, common words or personal words are taken out.
const LEFT: usize = 8;

/// Checks a new password. `about` are words about the person: user name, names, parts of the birth date.
///
/// # Errors
/// [`Weak`].
pub fn check(password: &str, about: &[&str]) -> Result<(), Weak> {
    let characters: Vec<char> = password.chars().flat_map(char::to_lowercase).collect();
    match password.chars().count() {
        0..SHORTEST => return Err(Weak::Short),
        SHORTEST..=LONGEST => {}
        _ => return Err(Weak::Long),
    }
    let mut different = characters.clone();
    different.sort_unstable();
    different.dedup();
    let repeats = (1..LEFT).any(|period| characters.iter().zip(characters.iter().skip(period)).all(|(a, b)| a == b));
    if different.len() < 5 || repeats {
        return Err(Weak::Repeated);
    }
    let text: String = characters.iter().filter(|c| !c.is_whitespace()).collect();
    if left_without(&text, about.iter().copied()) < LEFT {
        return Err(Weak::Personal);
    }
    let pieces = RUNS.iter().flat_map(|run| windows(run)).chain(WORDS.iter().copied());
    if left_without(&text, pieces) < LEFT {
        return Err(Weak::Common);
    }
    Ok(())
}

/// [`check`] with the words about a person: the user name and, of a holder, names and birth date of the record.
pub(super) async fn weigh(
    portal: &Portal,
    password: &PersonalText,
    user_name: &PersonalText,
    account: Option<Uuid>,
) -> Result<Result<(), Weak>, Fault> {
    let mut words = vec![user_name.expose(|name| Zeroizing::new(name.to_owned()))];
    let account = match account {
        Some(id) => portal.app.store.read().await?.account(id).await?,
        None => None,
    };
    if let Some(account) = account {
        let id = account.id;
        let name = portal.app.keys.open_text(&[id.as_bytes(), b"name"], &account.name)?;
        let birth_date = portal.app.keys.open_text(&[id.as_bytes(), b"birth_date"], &account.birth_date)?;
        if let Ok(name) = Name::of_record(&name) {
            for part in [Some(name.primary()), name.secondary()].into_iter().flatten() {
                part.expose(|part| words.extend(part.split_whitespace().map(|w| Zeroizing::new(w.to_owned()))));
            }
        }
        words.extend(birth_date.split('-').map(|part| Zeroizing::new(part.to_owned())));
    }
    let words: Vec<&str> = words.iter().map(|word| word.as_str()).collect();
    Ok(password.expose(|password| check(password, &words)))
}

/// Every piece of at least four characters of a run, longest first.
fn windows(run: &'static str) -> impl Iterator<Item = &'static str> {
    (4..=run.len())
        .rev()
        .flat_map(move |length| (0..=run.len() - length).filter_map(move |at| run.get(at..at + length)))
}

/// Characters left when every piece of at least four is taken out.
fn left_without<'a>(text: &str, pieces: impl Iterator<Item = &'a str>) -> usize {
    let mut rest = zeroize::Zeroizing::new(text.to_owned());
    for piece in pieces.map(str::to_lowercase).filter(|piece| piece.chars().count() >= 4) {
        if rest.contains(&piece) {
            rest = zeroize::Zeroizing::new(rest.replace(&piece, ""));
        }
    }
    rest.chars().count()
}

#[cfg(test)]
mod tests {
    use super::{Weak, check};

    #[test]
    fn length_counts_characters_and_nothing_must_be_mixed() {
        assert_eq!(check("gravel otter ki", &[]), Ok(()));
        assert_eq!(check("gravel otter k", &[]), Err(Weak::Short));
        assert_eq!(check("niña corre ñandú", &[]), Ok(()));
        assert_eq!(check(&"gravel otter kite ".repeat(8), &[]), Err(Weak::Long));
    }

    #[test]
    fn what_is_guessed_first_is_refused() {
        for (password, why) in [
            ("aaaaaaaaaaaaaaaaaaa", Weak::Repeated),
            ("passwordpassword", Weak::Common),
            ("abcabcabcabcabcabc", Weak::Repeated),
            ("12345678901234567890", Weak::Common),
            ("qwertyuiopasdfghjkl", Weak::Common),
            ("Password12345678!", Weak::Common),
            ("contraseña 123456", Weak::Common),
            ("Anna Maria Specimen", Weak::Personal),
            ("anna.specimen.1974", Weak::Personal),
        ] {
            assert_eq!(check(password, &["Specimen", "Anna", "Maria", "1974"]), Err(why), "{password}");
        }
        assert_eq!(check("Anna saw a violet tram", &["Specimen", "Anna"]), Ok(()));
    }
}
