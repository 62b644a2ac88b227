//! Boarding passes (IATA resolution 792): the mandatory fields, as a hint for an officer. It proves nothing, is on a
//! slip that anybody can print, and is kept no longer than the visit.

use verification_api::personal::PersonalText;

/// What a boarding pass says.
#[derive(Clone)]
pub struct BoardingPass {
    /// Surname and given names, as printed: `SURNAME/GIVEN`.
    pub name: PersonalText,
    pub legs: Vec<Leg>,
}

/// One flight.
#[derive(Clone)]
pub struct Leg {
    /// Airports.
    pub from: String,
    pub to: String,
    /// Carrier and flight number without blanks.
    pub flight: PersonalText,
    /// Day of the year, 1 to 366.
    pub day: Option<u16>,
    pub seat: PersonalText,
}

/// Characters of a leg's mandatory part, from its booking reference to the size of its conditional part.
const LEG: usize = 37;

impl BoardingPass {
    /// `None` if `payload` is none: another format, a field of the wrong shape, or cut off.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(payload).ok().filter(|text| text.is_ascii())?;
        let count = match text.as_bytes() {
            [b'M', digit @ b'1'..=b'4', ..] => usize::from(digit - b'0'),
            _ => return None,
        };
        let name = text.get(2..22)?.trim_end();
        let named = !name.is_empty() && name.bytes().all(|c| c.is_ascii_uppercase() || b" /-'.".contains(&c));
        // The mark of an electronic ticket.
        if !named || !matches!(text.get(22..23)?, "E" | " ") {
            return None;
        }
        let mut rest = text.get(23..)?;
        let mut legs = Vec::with_capacity(count);
        for _ in 0..count {
            let (leg, more) = rest.split_at_checked(LEG)?;
            let size = usize::from_str_radix(leg.get(35..37)?, 16).ok()?;
            legs.push(Leg::parse(leg)?);
            rest = more.get(size..)?;
        }
        Some(Self { name: PersonalText::from(name), legs })
    }

    /// Surname and given names apart.
    #[must_use]
    pub fn identifiers(&self) -> (PersonalText, Option<PersonalText>) {
        self.name.expose(|name| {
            let (surname, given) = name.split_once('/').unwrap_or((name, ""));
            let given = given.trim();
            (PersonalText::from(surname.trim()), (!given.is_empty()).then(|| PersonalText::from(given)))
        })
    }
}

impl Leg {
    fn parse(text: &str) -> Option<Self> {
        let airport = |from: usize| -> Option<String> {
            let code = text.get(from..from + 3)?;
            code.bytes().all(|c| c.is_ascii_uppercase()).then(|| code.to_owned())
        };
        let day = text.get(21..24)?.trim();
        let day = match day {
            "" => None,
            day => Some(day.parse::<u16>().ok().filter(|day| (1..=366).contains(day))?),
        };
        let number = text.get(16..21)?.trim();
        let without_zeros = number.trim_start_matches('0');
        Some(Self {
            from: airport(7)?,
            to: airport(10)?,
            flight: PersonalText::new(format!("{}{without_zeros}", text.get(13..16)?.trim())),
            day,
            seat: PersonalText::from(text.get(25..29)?.trim().trim_start_matches('0')),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::BoardingPass;
    use proptest::prelude::*;

    /// (what is wrong with it, text) of the published passes and of broken ones.
    fn published() -> Vec<(String, String)> {
        include_str!("../../testdata/bcbp.tsv")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once('\t'))
            .map(|(verdict, text)| (verdict.to_owned(), text.to_owned()))
            .collect()
    }

    #[test]
    fn published_passes_are_read_and_broken_ones_are_not() {
        assert_eq!(published().len(), 25);
        for (verdict, text) in published() {
            let pass = BoardingPass::parse(text.as_bytes());
            assert_eq!(pass.is_some(), verdict == "read", "{text}");
        }
    }

    #[test]
    fn the_mandatory_fields_stand_where_the_resolution_says() {
        let text = b"M1SPECIMEN/TEST       EABC123 YULFRAAC 0834 226F001A0025 106>60000";
        let pass = BoardingPass::parse(text).unwrap();
        let (surname, given) = pass.identifiers();
        surname.expose(|t| assert_eq!(t, "SPECIMEN"));
        given.unwrap().expose(|t| assert_eq!(t, "TEST"));
        let leg = &pass.legs[0];
        assert_eq!((leg.from.as_str(), leg.to.as_str(), leg.day), ("YUL", "FRA", Some(226)));
        leg.flight.expose(|t| assert_eq!(t, "AC834"));
        leg.seat.expose(|t| assert_eq!(t, "1A"));
        let two = published().into_iter().find(|(_, text)| text.starts_with("M2DES")).unwrap().1;
        assert_eq!(BoardingPass::parse(two.as_bytes()).unwrap().legs.len(), 2);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>(), cut in 0usize..70, at in 0usize..60, byte: u8) {
            let _ = BoardingPass::parse(&bytes);
            let mut text = b"M1SPECIMEN/TEST       EABC123 YULFRAAC 0834 226F001A0025 106>60000".to_vec();
            text[at] = byte;
            text.truncate(cut);
            let _ = BoardingPass::parse(&text);
        }
    }
}
