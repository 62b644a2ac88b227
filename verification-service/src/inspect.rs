//! A read document against its record.

use crate::app::App;
use crate::officers;
use crate::refusal::Refusal;
use crate::secrets::{Blind, Keys};
use crate::store::rows::{Account, StoredDocument};
use crate::store::{Answer, StoreError, Tx};
use crate::verify::blind_of;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use verification_api::identifiers::{Identifier, IdentifierType};
use verification_api::names::{self, Name};
use verification_api::personal::{self, PersonalText};
use verification_api::wire::{
    Document, DocumentMember, DocumentStatus, DocumentType, How, InspectionRequest, ProblemType, RecordFound,
    RecordStatus, Timestamp,
};

/// The kind of this PUT.
pub const KIND: &str = "inspection";

/// What an inspection found.
pub struct Findings {
    pub record: RecordFound,
    pub document_status: DocumentStatus,
    pub mismatch: Vec<DocumentMember>,
    /// What counts as a failing identifier, if this failed.
    pub failing: Option<Blind>,
}

/// The sealed part of a stored document.
#[derive(Serialize, Deserialize)]
pub struct StoredParts {
    #[serde(with = "personal::wire")]
    pub number: PersonalText,
    /// Who issued it; none of documents from before it was kept.
    #[serde(default, with = "personal::wire::option")]
    pub issuer: Option<PersonalText>,
    #[serde(default, with = "personal::wire::option")]
    pub expiry_date: Option<PersonalText>,
    #[serde(default, with = "personal::wire::option")]
    pub card_number: Option<PersonalText>,
}

impl StoredParts {
    /// # Errors
    /// If it does not open, or is not understood.
    pub fn open(keys: &Keys, document: &StoredDocument) -> Answer<Self> {
        let plain = keys.open(&[document.account.as_bytes(), b"document"], &document.sealed)?;
        serde_json::from_slice(&plain).map_err(|_| StoreError::NotUnderstood("document"))
    }

    /// The state of a document that is recorded. It is valid on its day of expiry.
    #[must_use]
    pub fn status(&self, recorded: DocumentStatus, now: Timestamp) -> DocumentStatus {
        let today = now.to_string();
        let over = |date: &PersonalText| date.expose(|d| !d.contains("--") && today.get(..10).is_some_and(|t| d < t));
        match &self.expiry_date {
            Some(date) if recorded == DocumentStatus::Valid && over(date) => DocumentStatus::Expired,
            _ => recorded,
        }
    }

    /// Whether card number and expiry date agree, where both have them.
    fn agrees(&self, document: &Document) -> bool {
        let same = |a: &Option<PersonalText>, b: &Option<PersonalText>| match (a, b) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        same(&self.card_number, &document.card_number) && same(&self.expiry_date, &document.expiry_date)
    }
}

/// Where a document is looked up: issuer, type, number without fillers and blanks.
#[must_use]
pub fn blind_document(keys: &Keys, issuer: &str, kind: DocumentType, number: &str) -> Blind {
    let tidy = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase();
    let normalised = zeroize::Zeroizing::new(format!("{}/{}/{}", tidy(issuer), kind.name(), tidy(number)));
    keys.blind("document", &normalised)
}

/// Whether this kiosk may ask so: with a live officer's session, if it names one or the document was keyed.
///
/// # Errors
/// Of the store; inside, the refusal.
pub async fn allowed(
    tx: &mut Tx,
    kiosk: Uuid,
    request: &InspectionRequest,
    now: Timestamp,
) -> Answer<Result<(), Refusal>> {
    let officer = match &request.officer_session {
        Some(session) => officers::live(tx, session, kiosk, now).await?.is_some(),
        None => false,
    };
    if !officer && (request.how == How::Keyed || request.officer_session.is_some()) {
        return Ok(Err(Refusal::new(ProblemType::OfficerSession)));
    }
    Ok(Ok(()))
}

/// Looks the document up and compares it.
///
/// # Errors
/// Of the store; inside, the refusal of a keyed document without an officer's session.
pub async fn inspect(
    tx: &mut Tx,
    app: &App,
    kiosk: Uuid,
    request: &InspectionRequest,
    now: Timestamp,
) -> Answer<Result<Findings, Refusal>> {
    if let Err(refusal) = allowed(tx, kiosk, request, now).await? {
        return Ok(Err(refusal));
    }
    let document = &request.document;
    let by_number = document.document_number.as_ref().map(|number| {
        let issuer = |f: &dyn Fn(&str) -> Blind| match &document.issuer {
            Some(issuer) => issuer.expose(f),
            None => f(""),
        };
        number.expose(|number| issuer(&|issuer| blind_document(&app.keys, issuer, document.r#type, number)))
    });
    let by_a_number = document
        .a_number
        .as_ref()
        .and_then(|a| a.expose(|a| Identifier::parse(IdentifierType::ANumber, a)).ok())
        .map(|identifier| blind_of(&app.keys, &identifier));

    let mut found = None;
    if let Some(blind) = by_number
        && let Some(stored) = tx.document(blind).await?
    {
        let parts = StoredParts::open(&app.keys, &stored)?;
        if blind.is_newer() && blind.at() != stored.at {
            // While the index key is changed: here everything is known that its place is made of.
            tx.move_document(&blind, &stored.at).await?;
        }
        if parts.agrees(document) {
            let account = tx.account(stored.account).await?;
            found = account.map(|account| (account, parts.status(stored.status, now)));
        }
    }
    if found.is_none()
        && let Some(blind) = by_a_number
    {
        found = tx.account_of(blind).await?.map(|account| (account, DocumentStatus::Unknown));
    }
    let mut findings = match found {
        None => Findings {
            record: RecordFound::NotFound,
            document_status: DocumentStatus::Unknown,
            mismatch: vec![],
            failing: None,
        },
        Some((account, document_status)) => {
            let mismatch = mismatch(&app.keys, &account, document)?;
            let refer = account.record_status == RecordStatus::Refer;
            let record = if refer { RecordFound::Refer } else { RecordFound::Found };
            Findings { record, document_status, mismatch, failing: None }
        }
    };
    if findings.record == RecordFound::NotFound || !findings.mismatch.is_empty() {
        findings.failing = by_number.or(by_a_number).or_else(|| Some(app.keys.blind("document", "none")));
    }
    Ok(Ok(findings))
}

fn mismatch(keys: &Keys, account: &Account, document: &Document) -> Answer<Vec<DocumentMember>> {
    let name = keys.open_text(&[account.id.as_bytes(), b"name"], &account.name)?;
    let record = Name::of_record(&name).map_err(|_| StoreError::NotUnderstood("name"))?;
    let empty = PersonalText::default();
    let read = Name::of_identifiers(
        document.primary_identifier.as_ref().unwrap_or(&empty),
        document.secondary_identifier.as_ref(),
    );
    let agreement = names::agree(&read, &record);
    let birth_date = keys.open_text(&[account.id.as_bytes(), b"birth_date"], &account.birth_date)?;
    // Equal in every part: an unknown part is `--` on both sides.
    let born = document.birth_date.as_ref().is_some_and(|date| date.expose(|d| d == birth_date.as_str()));
    Ok([
        (!agreement.primary, DocumentMember::PrimaryIdentifier),
        (!agreement.secondary, DocumentMember::SecondaryIdentifier),
        (!born, DocumentMember::BirthDate),
    ]
    .into_iter()
    .filter_map(|(differs, member)| differs.then_some(member))
    .collect())
}

#[cfg(test)]
mod tests {
    use super::{StoredParts, blind_document};
    use crate::secrets::Keys;
    use std::collections::BTreeMap;
    use verification_api::personal::PersonalText;
    use verification_api::wire::{Document, DocumentStatus, DocumentType, Timestamp};
    use zeroize::Zeroizing;

    fn parts(expiry: &str) -> StoredParts {
        let expiry_date = Some(PersonalText::from(expiry));
        StoredParts {
            number: PersonalText::from("1"),
            issuer: None,
            expiry_date,
            card_number: Some(PersonalText::from("LIN1")),
        }
    }

    #[test]
    fn a_document_is_valid_to_the_end_of_its_last_day() {
        let now = Timestamp::parse("2026-11-25T20:00:00.000Z").unwrap();
        assert_eq!(parts("2026-11-25").status(DocumentStatus::Valid, now), DocumentStatus::Valid);
        assert_eq!(parts("2026-11-24").status(DocumentStatus::Valid, now), DocumentStatus::Expired);
        assert_eq!(parts("2026-11-24").status(DocumentStatus::ReportedLost, now), DocumentStatus::ReportedLost);
        assert_eq!(parts("----------").status(DocumentStatus::Valid, now), DocumentStatus::Valid);
    }

    #[test]
    fn card_number_and_expiry_must_agree_where_both_have_them() {
        let mut document = Document::empty(DocumentType::PermanentResidentCard);
        assert!(parts("2030-01-01").agrees(&document));
        document.expiry_date = Some(PersonalText::from("2030-01-02"));
        assert!(!parts("2030-01-01").agrees(&document));
        document.expiry_date = Some(PersonalText::from("2030-01-01"));
        document.card_number = Some(PersonalText::from("LIN2"));
        assert!(!parts("2030-01-01").agrees(&document));
    }

    #[test]
    fn fillers_and_case_do_not_matter_but_issuer_type_and_number_do() {
        let keys = Keys::new(&BTreeMap::from([(1, Zeroizing::new([1; 32]))]), &[2; 32]).unwrap();
        let blind = |issuer, kind, number| blind_document(&keys, issuer, kind, number);
        let one = blind("USA", DocumentType::Passport, "AB12<<");
        assert_eq!(one, blind("usa", DocumentType::Passport, "ab 12"));
        assert_ne!(one, blind("UTO", DocumentType::Passport, "AB12"));
        assert_ne!(one, blind("USA", DocumentType::Visa, "AB12"));
        assert_ne!(one, blind("USA", DocumentType::Passport, "AB13"));
    }
}
