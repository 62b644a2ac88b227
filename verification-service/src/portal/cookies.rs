//! Cookies. All have the `__Host-` prefix (RFC 6265bis §4.1.3.2): Secure, no Domain, Path=/; never read by scripts.
//!
//! A browser that is led here by another site brings none of them. So the cookie of a session is set only where a session
//! begins: forms shown before have a cookie of their own.

use super::words::Language;
use crate::clock::DAY;
use crate::random::{self, NoRandom, Random};
use crate::secrets::{self, Keys};
use aws_lc_rs::digest;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header::COOKIE;
use uuid::Uuid;
use verification_api::personal::PersonalText;
use zeroize::Zeroizing;

const SESSION: &str = "__Host-session";
const FORM: &str = "__Host-form";
const KNOWN: &str = "__Host-known";
const LANGUAGE: &str = "__Host-language";
/// A browser is known for so long after signing in, in milliseconds.
const KNOWN_FOR: i64 = 90 * DAY;
/// A language is remembered for a year, in seconds.
const LANGUAGE_FOR: i64 = 365 * 86_400;

/// 128 random bits in hex, held by one browser. As `__Host-session` its stored hash names a session; as `__Host-form` it only
/// binds forms to that browser. Either way forms carry its MAC.
#[derive(Clone)]
pub struct Token(PersonalText);

impl Token {
    /// # Errors
    /// [`NoRandom`].
    pub fn new(random: &dyn Random) -> Result<Self, NoRandom> {
        let bytes = Zeroizing::new(random::bytes::<16>(random)?);
        Ok(Self(PersonalText::new(hex::encode(*bytes))))
    }

    /// What a browser sent for a session, if it has the form of ours.
    #[must_use]
    pub fn of_session(headers: &HeaderMap) -> Option<Self> {
        Self::of(headers, SESSION)
    }

    /// What a browser sent for forms without a session.
    #[must_use]
    pub fn of_forms(headers: &HeaderMap) -> Option<Self> {
        Self::of(headers, FORM)
    }

    fn of(headers: &HeaderMap, name: &str) -> Option<Self> {
        let value = cookie(headers, name)?;
        (value.len() == 32 && value.bytes().all(|b| b.is_ascii_hexdigit())).then(|| Self(PersonalText::from(value)))
    }

    /// Where the session is looked up.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        let mut out = [0; 32];
        self.0.expose(|text| out.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref()));
        out
    }

    /// The token of every form shown to this browser in this session: a MAC, so that it needs no row of its own.
    #[must_use]
    pub fn csrf(&self, keys: &Keys) -> String {
        self.0.expose(|text| hex::encode(keys.form_mac(text)))
    }

    /// `Set-Cookie` of a session, until the browser closes.
    #[must_use]
    pub fn set_session(&self) -> Option<HeaderValue> {
        self.set(SESSION)
    }

    /// `Set-Cookie` for forms without a session, until the browser closes.
    #[must_use]
    pub fn set_forms(&self) -> Option<HeaderValue> {
        self.set(FORM)
    }

    fn set(&self, name: &str) -> Option<HeaderValue> {
        self.0.expose(|text| header(&format!("{name}={text}; Path=/; Secure; HttpOnly; SameSite=Strict")))
    }
}

/// That somebody has signed in with this browser: until when it is known, and a MAC of that, the login and the time of its
/// password. It names nobody, opens nothing, and ends with the password.
#[derive(Clone)]
pub struct Known {
    until: i64,
    mac: PersonalText,
}

impl Known {
    /// What a browser sent.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let (until, mac) = cookie(headers, KNOWN)?.split_once('.')?;
        Some(Self { until: until.parse().ok()?, mac: PersonalText::from(mac) })
    }

    /// Whether this login, whose password was set then, has signed in with this browser lately.
    #[must_use]
    pub fn is_of(&self, keys: &Keys, login: Uuid, password_at: i64, now: i64) -> bool {
        let expected = known_mac(keys, login, password_at, self.until);
        self.mac.expose(|mac| secrets::same(mac.as_bytes(), expected.as_bytes())) && now < self.until
    }

    /// `Set-Cookie` for a browser that has signed in.
    #[must_use]
    pub fn set(keys: &Keys, login: Uuid, password_at: i64, now: i64) -> Option<HeaderValue> {
        let (until, seconds) = (now.saturating_add(KNOWN_FOR), KNOWN_FOR / 1000);
        let mac = known_mac(keys, login, password_at, until);
        header(&format!("{KNOWN}={until}.{mac}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}"))
    }
}

/// What no form's token is: those are 32 digits.
fn known_mac(keys: &Keys, login: Uuid, password_at: i64, until: i64) -> String {
    hex::encode(keys.form_mac(&format!("known/{login}/{password_at}/{until}")))
}

/// `Set-Cookie` that ends the session's cookie.
#[must_use]
pub fn forget_session() -> Option<HeaderValue> {
    header(&format!("{SESSION}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"))
}

/// The language that was chosen here, if any.
#[must_use]
pub fn language(headers: &HeaderMap) -> Option<Language> {
    cookie(headers, LANGUAGE).and_then(Language::from_tag)
}

/// `Set-Cookie` for a chosen language.
#[must_use]
pub fn remember_language(language: Language) -> Option<HeaderValue> {
    let tag = language.tag();
    header(&format!("{LANGUAGE}={tag}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={LANGUAGE_FOR}"))
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';')).find_map(
        |pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then_some(value)
        },
    )
}

fn header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::{Known, Token, language, remember_language};
    use crate::portal::words::Language;
    use crate::random::SystemRandomness;
    use crate::secrets::Keys;
    use axum::http::{HeaderMap, HeaderValue, header::COOKIE};
    use std::collections::BTreeMap;
    use uuid::Uuid;
    use zeroize::Zeroizing;

    fn sent(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(text).unwrap())])
    }

    #[test]
    fn a_token_comes_back_as_it_was_set_with_every_guard() {
        let token = Token::new(&SystemRandomness::new()).unwrap();
        for (set, name, back) in [
            (token.set_session().unwrap(), "__Host-session=", Token::of_session as fn(&HeaderMap) -> Option<Token>),
            (token.set_forms().unwrap(), "__Host-form=", Token::of_forms),
        ] {
            let set = set.to_str().unwrap();
            for guard in [name, "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
                assert!(set.contains(guard), "{guard}");
            }
            assert!(!set.contains("Domain"));
            let pair = set.split(';').next().unwrap();
            assert_eq!(back(&sent(&format!("other=1; {pair}"))).unwrap().hash(), token.hash());
            assert!(back(&sent(&format!("{name}short"))).is_none());
            assert!(back(&sent("session=00000000000000000000000000000000")).is_none());
        }
    }

    #[test]
    fn a_browser_is_known_to_one_login_for_90_days_until_the_password_is_another() {
        let keys = Keys::new(&BTreeMap::from([(1, Zeroizing::new([1; 32]))]), &[2; 32]).unwrap();
        let (login, other, day) = (Uuid::from_u128(1), Uuid::from_u128(2), 86_400_000);
        let set = Known::set(&keys, login, 7, 1000).unwrap();
        let set = set.to_str().unwrap();
        for guard in ["__Host-known=", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict", "; Max-Age=7776000"] {
            assert!(set.contains(guard), "{guard}");
        }
        let pair = set.split(';').next().unwrap();
        let known = Known::of(&sent(pair)).unwrap();
        assert!(known.is_of(&keys, login, 7, 999 + 90 * day));
        assert!(!known.is_of(&keys, login, 7, 1000 + 90 * day), "for 90 days");
        assert!(!known.is_of(&keys, other, 7, 1000), "to one login");
        assert!(!known.is_of(&keys, login, 8, 1000), "until the password is set anew");
        let (name, value) = pair.split_once('=').unwrap();
        let (until, mac) = value.split_once('.').unwrap();
        let later = Known::of(&sent(&format!("{name}=9{until}.{mac}"))).unwrap();
        assert!(!later.is_of(&keys, login, 7, 1000), "the time is under the MAC");
        assert!(Known::of(&sent("__Host-known=1")).is_none() && Known::of(&sent("__Host-known=x.y")).is_none());
    }

    #[test]
    fn the_language_is_remembered() {
        let set = remember_language(Language::Spanish).unwrap();
        let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
        assert_eq!(language(&sent(&pair)), Some(Language::Spanish));
        assert_eq!(language(&sent("__Host-language=xx")), None);
    }
}
