//! The vocabulary of a read document: what the rest of the product calls things.
//!
//! Names and value lists are those of the command contract (`docs/commands.md`); code, screens and tests take their
//! words from here.

use verification_api::personal::PersonalText;
/// The same words on both ends: what a document is, and sex as printed (`X` in a zone is a named deviation, ICAO 9303-5
/// §4.2.2 note f; `<` is `None`).
pub use verification_api::wire::{DocumentType, Sex};

/// One document as read and understood. Dates are ISO text with `--` for unknown parts (`1974-05---`); a member the
/// document does not have is `None`.
#[derive(Clone)]
pub struct Document {
    pub document_type: DocumentType,
    pub document_number: Option<PersonalText>,
    /// ICAO 9303-3 §4.6: what comes before `<<`.
    pub primary_identifier: Option<PersonalText>,
    /// What comes after `<<`; `None` when the zone has no `<<`.
    pub secondary_identifier: Option<PersonalText>,
    /// A letter in the last position of the name field: assume that the name was truncated.
    pub name_truncated: bool,
    /// Issuing state or organisation, ICAO three-letter code without fillers (`D` for Germany).
    pub issuer: Option<PersonalText>,
    /// `None` where the document's profile says that the field holds the country of birth.
    pub nationality: Option<PersonalText>,
    pub birth_country: Option<PersonalText>,
    pub birth_date: Option<PersonalText>,
    pub sex: Option<Sex>,
    pub expiry_date: Option<PersonalText>,
    /// `A` + nine digits, on the US documents whose document number it is.
    pub a_number: Option<PersonalText>,
    /// Card (receipt) number, where the optional data holds one.
    pub card_number: Option<PersonalText>,
    /// Utopia or a published specimen: the kiosk refuses these outside test mode.
    pub specimen: bool,
    /// No profile knows the document's code: its fields were read by the general layout of ICAO 9303 alone, and an
    /// officer is told.
    pub general: bool,
}
