//! Cookies. All have the `__Host-` prefix (RFC 6265bis §4.1.3.2): Secure, no Domain, Path=/; never read by scripts.
//!
//! A browser that is led here by another site brings none of them. So the cookie of a session is set only where a session
//! begins: forms shown before have a cookie of their own.

use super::words::Language;
use crate::random::{self, NoRandom, Random};
use crate::secrets::Keys;
use aws_lc_rs::digest;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header::COOKIE;
use verification_api::personal::PersonalText;
use zeroize::Zeroizing;

const SESSION: &str = "__Host-session";
const FORM: &str = "__Host-form";
const LANGUAGE: &str = "__Host-language";
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
    use super::{Token, language, remember_language};
    use crate::portal::words::Language;
    use crate::random::SystemRandomness;
    use axum::http::{HeaderMap, HeaderValue, header::COOKIE};

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
    fn the_language_is_remembered() {
        let set = remember_language(Language::Spanish).unwrap();
        let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
        assert_eq!(language(&sent(&pair)), Some(Language::Spanish));
        assert_eq!(language(&sent("__Host-language=xx")), None);
    }
}
