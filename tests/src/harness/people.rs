//! Made-up holders of records, with the documents that they carry: everyone here is called Specimen.

use super::records::Holder;
use super::{OrTrouble, Outcome};
use crate::specimen::Kind;
use card_reader::mrz::{Content, Format, write};

/// A holder and the one document of the record. All texts as printed.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    pub given: &'static str,
    /// `YYYY-MM-DD`.
    pub birth_date: &'static str,
    pub expiry_date: &'static str,
    pub sex: &'static str,
    pub a_number: &'static str,
    pub receipt: &'static str,
    /// What it is, for `account add` and for people.
    pub document: &'static str,
    /// How it looks.
    pub kind: Kind,
    format: Format,
    document_code: &'static str,
    issuer: &'static str,
    number: &'static str,
    /// What stands behind the number in the zone.
    optional: &'static str,
}

/// Carries a permanent resident card.
pub const ANNA: Person = Person {
    given: "ANNA MARIA",
    birth_date: "1980-01-01",
    expiry_date: "2035-11-30",
    sex: "F",
    a_number: "A000000701",
    receipt: "SRC0000000701",
    document: "permanent_resident_card",
    kind: Kind::ResidentCard,
    format: Format::Td1,
    document_code: "C1",
    issuer: "USA",
    number: "000000701",
    optional: "SRC0000000701",
};

/// Carries an employment authorization card.
pub const BRUNO: Person = Person {
    given: "BRUNO",
    birth_date: "1991-07-24",
    expiry_date: "2034-03-15",
    sex: "M",
    a_number: "A000000703",
    receipt: "SRC0000000703",
    document: "employment_authorization",
    kind: Kind::EmploymentCard,
    format: Format::Td1,
    document_code: "IA",
    issuer: "USA",
    number: "000000703",
    optional: "SRC0000000703",
};

/// Carries a passport of Utopia.
pub const CLARA: Person = Person {
    given: "CLARA",
    birth_date: "1974-08-12",
    expiry_date: "2033-04-30",
    sex: "F",
    a_number: "A000000705",
    receipt: "LIN0000000705",
    document: "passport",
    kind: Kind::Passport,
    format: Format::Td3,
    document_code: "P",
    issuer: "UTO",
    number: "L00000705",
    optional: "",
};

/// Carries a card that the record service does not know.
pub const STRANGER: Person = Person {
    given: "DORA",
    a_number: "A000000799",
    receipt: "SRC0000000799",
    number: "000000799",
    optional: "SRC0000000799",
    ..BRUNO
};

/// Everyone whom the record service knows.
pub const PEOPLE: [Person; 3] = [ANNA, BRUNO, CLARA];

/// The surname of them all.
pub const SURNAME: &str = "SPECIMEN";

impl Person {
    /// The rows of the document's zone, every check digit right.
    ///
    /// # Errors
    /// A field does not fit its layout.
    pub fn zone(&self) -> Outcome<Vec<String>> {
        let content = Content {
            document_code: self.document_code.to_owned(),
            issuer: self.issuer.to_owned(),
            document_number: self.number.to_owned(),
            primary: SURNAME.to_owned(),
            secondary: self.given.to_owned(),
            nationality: "UTO".to_owned(),
            birth_date: six(self.birth_date),
            sex: self.sex.to_owned(),
            expiry_date: six(self.expiry_date),
            optional: self.optional.to_owned(),
            optional_2: String::new(),
        };
        let lines = write(self.format, &content).or_trouble(|| format!("the zone of {}", self.given))?;
        Ok(lines.iter().map(|line| line.expose(str::to_owned)).collect())
    }

    /// The same, worn: one digit of the birth date is misread, so that its check digit disagrees.
    ///
    /// # Errors
    /// As [`Person::zone`].
    pub fn worn_zone(&self) -> Outcome<Vec<String>> {
        let mut rows = self.zone()?;
        let (row, at) = if self.format == Format::Td3 { (1, 14) } else { (1, 1) };
        let digit = rows[row].as_bytes()[at];
        let misread = if digit == b'8' { "3" } else { "8" };
        rows[row].replace_range(at..=at, misread);
        Ok(rows)
    }

    /// What is printed for people, label and value.
    #[must_use]
    pub fn printed(&self) -> Vec<(String, String)> {
        [("Name", SURNAME), ("Given names", self.given), ("Number", self.number), ("Date of birth", self.birth_date)]
            .map(|(label, value)| (label.to_owned(), value.to_owned()))
            .into()
    }

    /// As `account add` takes it; the texts that it borrows.
    #[must_use]
    pub fn account(&self) -> Account {
        Account {
            person: *self,
            name: format!("{SURNAME}<<{}", self.given.replace(' ', "<")),
            document: format!("{}:{}:{}:{}:valid", self.document, self.issuer, self.number, self.expiry_date),
        }
    }

    /// Texts that no log, journal or file of the kiosk may hold after a visit.
    #[must_use]
    pub fn planted(&self) -> Vec<String> {
        let mut texts = vec![
            SURNAME.to_owned(),
            self.birth_date.to_owned(),
            self.a_number.trim_start_matches('A').to_owned(),
            self.receipt.to_owned(),
            self.number.to_owned(),
        ];
        texts.extend(self.given.split(' ').map(str::to_owned));
        texts
    }
}

/// A person's row of the record service.
pub struct Account {
    person: Person,
    name: String,
    document: String,
}

impl Account {
    #[must_use]
    pub fn holder(&self) -> Holder<'_> {
        Holder {
            a_number: Some(self.person.a_number),
            receipt: Some(self.person.receipt),
            name: &self.name,
            birth_date: self.person.birth_date,
            document: &self.document,
        }
    }
}

/// `1980-01-01` to `800101`.
fn six(date: &str) -> String {
    date.chars().skip(2).filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::PEOPLE;
    use card_reader::mrz::{Date, parse};

    #[test]
    fn every_zone_is_whole_and_every_worn_one_is_not() {
        let today = Date::new(2026, 11, 25).unwrap();
        for person in PEOPLE {
            assert!(parse(&person.zone().unwrap().join("\n"), today).unwrap().all_agree(), "{}", person.given);
            assert!(!parse(&person.worn_zone().unwrap().join("\n"), today).unwrap().all_agree(), "{}", person.given);
        }
    }
}
