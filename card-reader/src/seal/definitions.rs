//! Which features a kind of seal has: ICAO's visa (9303-7 §9) and emergency travel document (9303-8), and the German
//! documents whose definitions are published (BSI TR-03137, as in tsenger/vdstools).

/// What a sealed document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    Visa,
    EmergencyTravelDocument,
    ResidencePermit,
    Other,
}

/// The features of one kind of seal.
pub struct Definition {
    pub(super) category: (u8, u8),
    pub sealed: Sealed,
    /// Features that hold a zone; one of them must be there.
    pub(super) zone_tags: &'static [u8],
    pub(super) passport_number_tag: Option<u8>,
    mandatory: &'static [u8],
    optional: &'static [u8],
}

static DEFINITIONS: [Definition; 9] = [
    Definition {
        category: (0x5d, 0x01),
        sealed: Sealed::Visa,
        zone_tags: &[1, 2],
        passport_number_tag: Some(5),
        mandatory: &[4, 5],
        optional: &[3, 6, 7],
    },
    Definition {
        category: (0x5e, 0x03),
        sealed: Sealed::EmergencyTravelDocument,
        zone_tags: &[2],
        passport_number_tag: None,
        mandatory: &[],
        optional: &[],
    },
    Definition {
        category: (0xfb, 0x06),
        sealed: Sealed::ResidencePermit,
        zone_tags: &[2],
        passport_number_tag: Some(3),
        mandatory: &[3],
        optional: &[],
    },
    // Arrival attestation.
    other((0xfd, 0x02), &[2], &[3], &[]),
    // Supplementary sheet.
    other((0xfa, 0x06), &[4], &[5], &[]),
    // Address stickers: identity card, residence permit, passport.
    other((0xf9, 0x08), &[], &[1, 2, 3], &[]),
    other((0xf9, 0x0c), &[], &[1, 2, 3], &[]),
    other((0xf8, 0x0a), &[], &[1, 2, 3], &[]),
    // Social insurance card.
    other((0xfc, 0x04), &[], &[1, 2, 3], &[4]),
];

const fn other(
    category: (u8, u8),
    zone_tags: &'static [u8],
    mandatory: &'static [u8],
    optional: &'static [u8],
) -> Definition {
    Definition { category, sealed: Sealed::Other, zone_tags, passport_number_tag: None, mandatory, optional }
}

pub(super) fn of(category: (u8, u8)) -> Option<&'static Definition> {
    DEFINITIONS.iter().find(|definition| definition.category == category)
}

impl Definition {
    /// All that must be there is, among `tags`.
    pub(super) fn complete(&self, tags: impl Iterator<Item = u8> + Clone) -> bool {
        let has = |tag: u8| tags.clone().any(|t| t == tag);
        let zone = self.zone_tags.is_empty() || self.zone_tags.iter().any(|tag| has(*tag));
        zone && self.mandatory.iter().all(|tag| has(*tag))
    }

    pub(super) fn knows(&self, tag: u8) -> bool {
        [self.zone_tags, self.mandatory, self.optional].iter().any(|tags| tags.contains(&tag))
    }
}
