//! Made-up holders.

use super::{Kind, Random};

/// Who holds a specimen; texts as a zone prints them, but names with blanks and apostrophes.
#[derive(Clone, Debug)]
pub struct Holder {
    pub surname: String,
    pub given: String,
    pub number: String,
    pub nationality: String,
    /// `YYMMDD`.
    pub birth: String,
    pub sex: char,
    pub expiry: String,
    /// Optional data of the zone.
    pub optional: String,
}

const SYLLABLES: [&str; 44] = [
    "AN", "BER", "CO", "DA", "EL", "FRI", "GU", "HAL", "IN", "JO", "KAR", "LE", "MO", "NIK", "OR", "PE", "QUI", "RO",
    "SA", "TU", "UL", "VA", "WIL", "XA", "YU", "ZO", "BAK", "DOT", "GRU", "HAM", "KOV", "LUND", "MANN", "NEY", "RICH",
    "SON", "STEIN", "TAL", "WIK", "ZEK", "FIA", "LIA", "MAR", "THE",
];
const STATES: [&str; 14] =
    ["UTO", "USA", "D", "FRA", "GBR", "IND", "MEX", "CAN", "NGA", "XXA", "JPN", "BRA", "KOR", "ZAF"];

impl Holder {
    /// Someone who does not exist; the same seed gives the same one.
    #[must_use]
    pub fn made_up(kind: Kind, seed: u64) -> Self {
        let mut r = Random::new(seed.wrapping_mul(0x1234_5677).wrapping_add(kind as u64));
        let us = matches!(kind, Kind::ResidentCard | Kind::EmploymentCard);
        let number = if us {
            format!("0000{:05}", r.below(100_000))
        } else {
            let length = if r.chance(0.8) { 9 } else { 7 + r.below(2) };
            mixed(&mut r, length, 0.35)
        };
        let optional = match kind {
            _ if us => format!("SRC{:010}", r.below(1_000_000)),
            Kind::Passport if r.chance(0.5) => mixed(&mut r, 9, 0.3),
            Kind::Card if r.chance(0.4) => mixed(&mut r, 11, 0.3),
            Kind::LargeCard if r.chance(0.5) => mixed(&mut r, 6, 0.3),
            Kind::VisaA => mixed(&mut r, 16, 0.5),
            Kind::VisaB => mixed(&mut r, 8, 0.5),
            _ => String::new(),
        };
        let date = |r: &mut Random, from: usize, to: usize| {
            format!("{:02}{:02}{:02}", (from + r.below(to - from)) % 100, 1 + r.below(12), 1 + r.below(28))
        };
        Self {
            surname: names(&mut r, 0.2),
            given: names(&mut r, 0.45),
            number,
            nationality: (*r.pick(&STATES)).to_owned(),
            birth: date(&mut r, 1940, 2008),
            sex: *r.pick(&['F', 'M', '<']),
            expiry: date(&mut r, 2026, 2036),
            optional,
        }
    }

    pub(super) const fn code(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Passport => "P<",
            Kind::Card | Kind::LargeCard => "I<",
            Kind::VisaA | Kind::VisaB => "V<",
            Kind::ResidentCard => "C1",
            Kind::EmploymentCard => "IA",
        }
    }

    pub(super) const fn issuer(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::ResidentCard | Kind::EmploymentCard => "USA",
            _ => "UTO",
        }
    }

    /// What the page prints for people.
    pub(super) fn fields(&self, kind: Kind) -> Vec<(String, String)> {
        let day = |d: &str| format!("{} {} {}", &d[4..], &d[2..4], &d[..2]);
        [
            ("Surname / Nom", self.surname.clone()),
            ("Given names / Prénoms", self.given.clone()),
            ("Document No. / No du document", self.number.clone()),
            ("Nationality / Nationalité", self.nationality.clone()),
            ("Date of birth / Date de naissance", day(&self.birth)),
            ("Sex / Sexe", self.sex.to_string().replace('<', "X")),
            (
                if matches!(kind, Kind::VisaA | Kind::VisaB) {
                    "Until / Jusqu'au"
                } else {
                    "Date of expiry / Date d'expiration"
                },
                day(&self.expiry),
            ),
        ]
        .map(|(label, value)| (label.to_owned(), value))
        .into()
    }
}

fn names(r: &mut Random, more: f32) -> String {
    let mut name = String::new();
    loop {
        for _ in 0..2 + r.below(2) {
            name += r.pick::<&str>(&SYLLABLES);
        }
        if name.len() > 16 || !r.chance(more) {
            return name;
        }
        name += if r.chance(0.7) { " " } else { "-" };
    }
}

fn mixed(r: &mut Random, length: usize, letters: f32) -> String {
    (0..length)
        .map(|_| {
            let c = if r.chance(letters) { b'A' + r.below(26) as u8 } else { b'0' + r.below(10) as u8 };
            c as char
        })
        .collect()
}
