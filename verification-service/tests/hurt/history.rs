//! What was asked, with which bytes, and everything that was answered. Whether it can all be true says [`crate::checker`].

use crate::population::Holder;
use crate::support::{Client, Kiosk, TIME, id, verification};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;
use verification_service::clock::{Clock, SystemClock};

pub use crate::checker::check;

/// What a request is for, and what only the one who asked can know of it.
pub enum What {
    Verification {
        a_number: String,
    },
    Inspection,
    Referral {
        reference: String,
    },
    Override {
        /// The header `Kiosk-Signature`.
        signature: String,
    },
}

impl What {
    /// As its PUT is stored: scope and kind.
    pub const fn stored_as(&self) -> (&'static str, &'static str) {
        match self {
            Self::Verification { .. } => ("request", "verification"),
            Self::Inspection => ("request", "inspection"),
            Self::Referral { .. } => ("referral", "referral"),
            Self::Override { .. } => ("request", "override"),
        }
    }
}

/// One request, with the bytes that every try sends.
pub struct Asked {
    /// In its path; of a referral the visit.
    pub id: Uuid,
    /// Which of the site's kiosks asks.
    pub kiosk: usize,
    pub what: What,
    pub body: Vec<u8>,
    /// Every different answer with 200: there must be one.
    pub answers: Vec<Vec<u8>>,
}

impl Asked {
    pub fn new(kiosk: usize, holder: &Holder, code: &str) -> Self {
        let what = What::Verification { a_number: holder.a_number.clone() };
        Self::asking(kiosk, what, &verification(("a_number", &holder.a_number), code))
    }

    /// The holder's document, found by its A-Number; under this name it agrees, or not.
    pub fn inspection(kiosk: usize, holder: &Holder, name: &str) -> Self {
        let body = json!({
            "visit": id(), "lane": "7", "device_time": TIME, "how": "serial", "checks": [],
            "document": {
                "type": "permanent_resident_card", "document_number": &holder.a_number[1..], "issuer": "USA",
                "primary_identifier": name, "secondary_identifier": "ANNA", "birth_date": "1974-05-02",
                "a_number": holder.a_number
            }
        });
        Self::asking(kiosk, What::Inspection, &body)
    }

    /// `number` is the kiosk's; `nth` makes the reference, and must be another one each time.
    pub fn referral(kiosk: usize, number: &str, nth: usize) -> Self {
        let symbols = (0..4).rev().map(|place| {
            let symbol = verification_api::backup_code::ALPHABET[(nth >> (5 * place)) & 31];
            char::from(symbol)
        });
        let reference = format!("{number}-{}", symbols.collect::<String>());
        let body = json!({ "reference": reference, "lane": "7", "reason": "technical", "verification_ids": [] });
        Self::asking(kiosk, What::Referral { reference }, &body)
    }

    /// A decision of an officer whom the service did not see: it is stored, and flagged.
    pub fn overriding(nth: usize, kiosk: &Kiosk) -> Self {
        let now = SystemClock.now();
        let body = json!({
            "visit": id(), "decided_at": now, "reason": "worn_document", "officer": id(), "offline_since": now,
            "reading": { "source": "serial", "lines": ["I<UTOD231458907<<<<<<<<<<<<<<<"], "checks": [] }
        });
        let mut asked = Self::asking(nth, What::Override { signature: String::new() }, &body);
        asked.what = What::Override { signature: kiosk.signature(asked.id, &asked.body) };
        asked
    }

    fn asking(kiosk: usize, what: What, body: &Value) -> Self {
        Self { id: id(), kiosk, what, body: body.to_string().into_bytes(), answers: vec![] }
    }

    /// Sends it; an answer with 200, or nothing if it was cut off or put off (503).
    pub async fn send(&self, client: &Client) -> Option<Vec<u8>> {
        let (calls, header) = match &self.what {
            What::Verification { .. } => ("verifications", None),
            What::Inspection => ("inspections", None),
            What::Referral { .. } => ("referrals", None),
            What::Override { signature } => ("overrides", Some(("kiosk-signature", signature.as_str()))),
        };
        let path = format!("/kiosk/v1/{calls}/{}", self.id);
        let answer = client.try_call(Method::PUT, &path, header.as_slice(), self.body.clone()).await.ok()?;
        match answer.status.as_u16() {
            200 => Some(answer.bytes),
            503 => None,
            other => panic!("{}: {other}: {}", self.id, String::from_utf8_lossy(&answer.bytes)),
        }
    }

    pub const fn is_answered(&self) -> bool {
        !self.answers.is_empty()
    }

    /// Takes note of an answer.
    pub fn answered(&mut self, bytes: Vec<u8>) {
        if !self.answers.contains(&bytes) {
            self.answers.push(bytes);
        }
    }

    /// A member of an answer.
    pub fn told(&self, member: &str) -> Option<Value> {
        let json: Value = serde_json::from_slice(self.answers.first()?).ok()?;
        json.get(member).cloned()
    }
}
