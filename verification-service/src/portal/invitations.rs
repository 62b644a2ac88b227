//! Invitations: the code in a letter that lets its receiver make an account, or set a new password for one.

use crate::random::{self, NoRandom, Random};
use aws_lc_rs::digest;
use verification_api::backup_code::{ALPHABET, typed_symbol};
use verification_api::personal::PersonalText;
use zeroize::Zeroizing;

/// Symbols, five bits each: 100 bits, so that a plain hash is enough at rest.
const SYMBOLS: usize = 20;
/// Tries with a wrong birth date (or roll number) that end an invitation.
pub const MAX_TRIES: u32 = 5;

/// `XXXX-XXXX-XXXX-XXXX-XXXX`, Crockford's alphabet.
pub struct InvitationCode(PersonalText);

impl InvitationCode {
    /// # Errors
    /// [`NoRandom`].
    pub fn generate(random: &dyn Random) -> Result<Self, NoRandom> {
        let bytes = Zeroizing::new(random::bytes::<SYMBOLS>(random)?);
        // 256 is a multiple of 32: every symbol is as likely.
        Ok(Self(PersonalText::new(
            bytes.iter().filter_map(|b| ALPHABET.get(usize::from(b % 32))).map(|s| char::from(*s)).collect(),
        )))
    }

    /// What a person typed: case, blanks and dashes ignored; i and l are 1, o is 0.
    #[must_use]
    pub fn parse(typed: &PersonalText) -> Option<Self> {
        let mut symbols = PersonalText::default();
        let all_known = typed.expose(|typed| {
            typed.chars().filter(|c| !c.is_whitespace() && *c != '-').all(|c| match typed_symbol(c) {
                Some(symbol) if symbols.chars() < SYMBOLS + 1 => {
                    symbols.push(symbol);
                    true
                }
                _ => false,
            })
        });
        (all_known && symbols.chars() == SYMBOLS).then_some(Self(symbols))
    }

    /// As printed in the letter.
    #[must_use]
    pub fn text(&self) -> PersonalText {
        let mut out = PersonalText::default();
        self.0.expose(|symbols| {
            for (at, symbol) in symbols.chars().enumerate() {
                if at > 0 && at % 4 == 0 {
                    out.push('-');
                }
                out.push(symbol);
            }
        });
        out
    }

    /// What is stored.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        let mut out = [0; 32];
        self.0.expose(|text| out.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref()));
        out
    }
}

/// A birth date typed in three fields, in the form of records: `1974-05-02`, unknown parts as dashes.
#[must_use]
pub fn birth_date(year: &PersonalText, month: &PersonalText, day: &PersonalText) -> Option<PersonalText> {
    let part = |typed: &PersonalText, width: usize| -> Option<String> {
        typed.expose(|typed| match typed {
            "" => Some("-".repeat(width)),
            _ if typed.len() <= width && typed.bytes().all(|b| b.is_ascii_digit()) => Some(format!("{typed:0>width$}")),
            _ => None,
        })
    };
    Some(PersonalText::new(format!("{}-{}-{}", part(year, 4)?, part(month, 2)?, part(day, 2)?)))
}

#[cfg(test)]
mod tests {
    use super::{InvitationCode, birth_date};
    use crate::random::SystemRandomness;
    use verification_api::personal::PersonalText;

    #[test]
    fn a_code_is_read_back_however_it_is_typed() {
        let code = InvitationCode::generate(&SystemRandomness::new()).unwrap();
        let shown = code.text().expose(ToOwned::to_owned);
        assert_eq!(shown.len(), 24);
        for typed in
            [shown.clone(), shown.to_lowercase(), shown.replace('-', " "), shown.replace('-', "").replace('1', "l")]
        {
            assert_eq!(InvitationCode::parse(&typed.as_str().into()).unwrap().hash(), code.hash(), "{typed}");
        }
        for wrong in ["", "ABCD", "ABCD-EFGH-JKMN-PQRS-TVWU", "ABCD-EFGH-JKMN-PQRS-TVWX-Y"] {
            assert!(InvitationCode::parse(&wrong.into()).is_none(), "{wrong}");
        }
    }

    #[test]
    fn dates_have_the_form_of_records() {
        let date = |y: &str, m: &str, d: &str| {
            birth_date(&y.into(), &m.into(), &d.into()).map(|date: PersonalText| date.expose(ToOwned::to_owned))
        };
        assert_eq!(date("1974", "5", "2").as_deref(), Some("1974-05-02"));
        assert_eq!(date("1974", "5", "").as_deref(), Some("1974-05---"));
        assert_eq!(date("", "", "").as_deref(), Some("----------"));
        assert_eq!(date("1974", "May", "2"), None);
        assert_eq!(date("19745", "5", "2"), None);
    }
}
