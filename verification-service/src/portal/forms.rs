//! What a form sent: `application/x-www-form-urlencoded` (WHATWG URL §5.1), straight into texts that zero themselves.

use axum::body::Body;
use http_body_util::{BodyExt, Limited};
use std::time::Duration;
use verification_api::personal::PersonalText;
use zeroize::Zeroizing;

/// The largest form, in bytes. A passkey's reply is the largest field.
pub const MAX_FORM: usize = 32 * 1024;
const FIELDS: usize = 32;
/// How long a form may take to come in.
const FORM_WITHIN: Duration = Duration::from_secs(10);

/// Fields and values, in the order sent.
#[derive(Default)]
pub struct Form(Vec<(String, PersonalText)>);

/// A body that is no form of ours, or broke off, or was too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAForm;

impl Form {
    /// Reads a request's body.
    ///
    /// # Errors
    /// [`NotAForm`].
    pub async fn read(body: Body) -> Result<Self, NotAForm> {
        let whole = tokio::time::timeout(FORM_WITHIN, Limited::new(body, MAX_FORM).collect()).await;
        let whole = whole.map_err(|_| NotAForm)?.map_err(|_| NotAForm)?;
        Self::parse(&Zeroizing::new(whole.to_bytes().to_vec()))
    }

    /// # Errors
    /// [`NotAForm`]: more than 32 fields, or bytes that are not UTF-8.
    pub fn parse(raw: &[u8]) -> Result<Self, NotAForm> {
        let mut fields = vec![];
        for pair in raw.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
            if fields.len() == FIELDS {
                return Err(NotAForm);
            }
            let at = pair.iter().position(|b| *b == b'=').unwrap_or(pair.len());
            let (name, value) = pair.split_at(at);
            let name = decoded(name)?.expose(ToOwned::to_owned);
            fields.push((name, decoded(value.get(1..).unwrap_or_default())?));
        }
        Ok(Self(fields))
    }

    /// The first field of that name; empty if there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> PersonalText {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// As [`Form::get`], without blanks at the ends: for what is not a password.
    #[must_use]
    pub fn trimmed(&self, name: &str) -> PersonalText {
        self.get(name).expose(|text| PersonalText::from(text.trim()))
    }
}

fn decoded(raw: &[u8]) -> Result<PersonalText, NotAForm> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(raw.len()));
    let mut rest = raw;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let byte = match (first, after) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    high * 16 + low
                }
                _ => b'%',
            },
            (other, _) => *other,
        };
        bytes.push(byte);
    }
    // A NUL has no meaning in any field, and PostgreSQL cannot store it.
    if bytes.contains(&0) {
        return Err(NotAForm);
    }
    std::str::from_utf8(&bytes).map(PersonalText::from).map_err(|_| NotAForm)
}

fn digit(hex: u8) -> Option<u8> {
    char::from(hex).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::{Form, NotAForm};
    use proptest::prelude::*;

    fn get(raw: &str, name: &str) -> String {
        Form::parse(raw.as_bytes()).ok().map(|form| form.get(name).expose(ToOwned::to_owned)).unwrap_or_default()
    }

    #[test]
    fn forms_are_read_as_browsers_write_them() {
        assert_eq!(get("a=1&b=two+words%21&c=", "b"), "two words!");
        assert_eq!(get("a=%C3%B1%26%3D", "a"), "ñ&=");
        assert_eq!(get("a=100%&b=%zz", "a"), "100%");
        assert_eq!(get("a=100%&b=%zz", "b"), "%zz");
        assert_eq!(get("a=1&a=2", "a"), "1");
        assert_eq!(get("a", "a"), "");
    }

    #[test]
    fn what_is_no_form_is_refused() {
        assert_eq!(Form::parse(b"a=%FF").err(), Some(NotAForm));
        assert_eq!(Form::parse(b"a=%00").err(), Some(NotAForm));
        assert_eq!(Form::parse("a=1&".repeat(33).as_bytes()).err(), Some(NotAForm));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_form_or_are_not(raw in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Form::parse(&raw);
        }
    }
}
