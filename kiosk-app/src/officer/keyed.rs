//! The zone keyed in by hand: judged as it is typed, each check digit as soon as it stands there.

use super::KeyIn;
use card_reader::date::Date;
use card_reader::mrz::{self, CheckField, Format, Mrz, Span};
use card_reader::reader::{Reading, Source, ZoneReading};
use verification_api::personal::PersonalText;

impl KeyIn {
    /// Empty rows of `format`.
    #[must_use]
    pub fn new(format: Format) -> Self {
        let (rows, _) = format.size();
        Self {
            format,
            rows: vec![PersonalText::default(); rows],
            row: 0,
            checks: Vec::new(),
            malformed: None,
            waiting: false,
        }
    }

    /// A character of the zone's alphabet at the end of the open row; a full row opens the next.
    pub(super) fn key(&mut self, c: char, today: Date) {
        let (_, width) = self.format.size();
        let c = c.to_ascii_uppercase();
        if !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '<') {
            return;
        }
        let rows = self.rows.len();
        if let Some(row) = self.rows.get_mut(self.row)
            && row.chars() < width
        {
            row.push(c);
            if row.chars() == width && self.row + 1 < rows {
                self.row += 1;
            }
        }
        self.judge(today);
    }

    pub(super) fn delete(&mut self, today: Date) {
        if self.rows.get(self.row).is_some_and(PersonalText::is_empty) && self.row > 0 {
            self.row -= 1;
        }
        if let Some(row) = self.rows.get_mut(self.row) {
            row.pop();
        }
        self.judge(today);
    }

    pub(super) fn clear_row(&mut self, today: Date) {
        if let Some(row) = self.rows.get_mut(self.row) {
            *row = PersonalText::default();
        }
        self.judge(today);
    }

    /// Every row has all its characters.
    #[must_use]
    pub fn whole(&self) -> bool {
        let (_, width) = self.format.size();
        self.rows.iter().all(|row| row.chars() == width)
    }

    /// The keyed zone as a reading, once it is one.
    pub(super) fn reading(&self, today: Date) -> Option<Reading> {
        let zone = mrz::parse_lines(self.rows.clone(), today).ok()?;
        Some(Reading::Zone(Box::new(ZoneReading::of(zone, Source::Keyed))))
    }

    /// Rows are filled up with fillers for the parser; only digits that have been typed are told.
    fn judge(&mut self, today: Date) {
        let (_, width) = self.format.size();
        let filled = self
            .rows
            .iter()
            .map(|row| {
                let mut full = row.clone();
                for _ in row.chars()..width {
                    full.push('<');
                }
                full
            })
            .collect();
        match mrz::parse_lines(filled, today) {
            Ok(zone) => {
                self.checks = zone.checks.iter().filter(|check| self.typed(&zone, check.field)).cloned().collect();
                self.malformed = None;
            }
            Err(malformed) => {
                self.checks.clear();
                self.malformed = self.whole().then(|| malformed.to_string());
            }
        }
    }

    fn typed(&self, zone: &Mrz, field: CheckField) -> bool {
        let layout = zone.format.layout();
        let digit: Option<Span> = match field {
            CheckField::DocumentNumber => Some(layout.document_number.digit),
            CheckField::BirthDate => Some(layout.birth_date.digit),
            CheckField::ExpiryDate => layout.expiry_date.map(|date| date.digit),
            CheckField::PersonalNumber => layout.personal_number_digit,
            CheckField::Composite => layout.composite.map(|composite| composite.digit),
        };
        digit.is_some_and(|at| self.rows.get(at.line).is_some_and(|row| row.chars() > at.start))
            // The composite covers other rows too.
            && (field != CheckField::Composite || self.rows.iter().all(|row| !row.is_empty()))
    }
}
