//! What was asked and what was answered; and whether that can all be true.

use crate::population::Holder;
use crate::support::{Client, Site, id, verification};
use reqwest::Method;
use std::collections::BTreeMap;
use uuid::Uuid;

/// One request, with the bytes that every try sends.
pub struct Asked {
    pub id: Uuid,
    /// Which of the site's kiosks asks.
    pub kiosk: usize,
    pub a_number: String,
    body: Vec<u8>,
    /// The bytes of the first answer.
    pub answer: Option<Vec<u8>>,
}

impl Asked {
    pub fn new(kiosk: usize, holder: &Holder, code: &str) -> Self {
        let body = verification(("a_number", &holder.a_number), code).to_string().into_bytes();
        Self { id: id(), kiosk, a_number: holder.a_number.clone(), body, answer: None }
    }

    /// Sends it; an answer with 200, or nothing if it was cut off or put off (503).
    pub async fn send(&self, client: &Client) -> Option<Vec<u8>> {
        let path = format!("/kiosk/v1/verifications/{}", self.id);
        let answer = client.try_call(Method::PUT, &path, &[], self.body.clone()).await.ok()?;
        match answer.status.as_u16() {
            200 => Some(answer.bytes),
            503 => None,
            other => panic!("{}: {other}: {}", self.id, String::from_utf8_lossy(&answer.bytes)),
        }
    }

    /// Takes note of an answer, which must be the one that was given before.
    pub fn answered(&mut self, bytes: Vec<u8>) {
        match &self.answer {
            Some(first) => assert_eq!(*first, bytes, "{}: two answers to one request", self.id),
            None => self.answer = Some(bytes),
        }
    }

    pub fn verified(&self) -> bool {
        let answer = self.answer.as_ref().unwrap_or_else(|| panic!("{} was never answered", self.id));
        let json: serde_json::Value = serde_json::from_slice(answer).unwrap();
        match json["result"].as_str() {
            Some("verified") => true,
            Some("not_verified") => false,
            other => panic!("{}: {other:?}", self.id),
        }
    }
}

/// Checks that every request has its row, that no code verified twice, and that the audit log tells all of it; how many
/// requests verified.
pub async fn check(site: &Site, asked: &[Asked]) -> usize {
    let mut verified: BTreeMap<&str, Vec<Uuid>> = BTreeMap::new();
    for one in asked.iter().filter(|one| one.verified()) {
        verified.entry(&one.a_number).or_default().push(one.id);
    }
    for (a_number, ids) in &verified {
        assert_eq!(ids.len(), 1, "{a_number} verified more than once: {ids:?}");
    }
    let rows = site.sql("UPDATE verification SET at = at").await;
    assert_eq!(rows, asked.len() as u64, "rows of verifications");
    let rows = site.sql("UPDATE verification SET at = at WHERE result = 'verified'").await;
    assert_eq!(rows, verified.len() as u64, "rows of verified");
    site.cli(&["audit", "verify"]);
    verified.len()
}
