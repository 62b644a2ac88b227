//! Referrals that are open.

use super::columns::{id, text};
use crate::store::connection::{Row, sql};
use crate::store::rows::Referral;
use crate::store::{Answer, StoreError, Tx};
use uuid::Uuid;

impl Tx {
    pub async fn referral(&mut self, visit: Uuid) -> Answer<Option<Referral>> {
        let query = sql!("SELECT * FROM referral WHERE visit = $1", text(visit));
        self.one(query).await?.as_ref().map(referral_row).transpose()
    }

    pub async fn referral_by_reference(&mut self, reference: &str) -> Answer<Option<Referral>> {
        let query = sql!("SELECT * FROM referral WHERE reference = $1", reference.to_owned());
        self.one(query).await?.as_ref().map(referral_row).transpose()
    }

    /// False if another open referral has the reference.
    pub async fn set_referral(&mut self, referral: &Referral) -> Answer<bool> {
        let query = sql!(
            "INSERT INTO referral (visit, kiosk, reference, sealed, stored_at, supersedes) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            text(referral.visit),
            text(referral.kiosk),
            referral.reference.clone(),
            referral.sealed.clone(),
            referral.stored_at,
            referral.supersedes.map(text)
        );
        Ok(self.run(query).await? == 1)
    }

    /// Whether another hand-over of this kiosk stands in the place of this one.
    pub async fn is_superseded(&mut self, kiosk: Uuid, visit: Uuid) -> Answer<bool> {
        let query = sql!("SELECT 1 FROM referral WHERE kiosk = $1 AND supersedes = $2", text(kiosk), text(visit));
        Ok(self.one(query).await?.is_some())
    }

    pub async fn open_referral(&mut self, visit: Uuid, session: &[u8; 32], kiosk: Uuid, now: i64) -> Answer<()> {
        let query = sql!(
            "INSERT INTO referral_opening (visit, session, kiosk, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            text(visit),
            session.to_vec(),
            text(kiosk),
            now
        );
        self.run(query).await.map(drop)
    }

    pub async fn has_opened(&mut self, visit: Uuid, session: &[u8; 32]) -> Answer<bool> {
        let query =
            sql!("SELECT 1 FROM referral_opening WHERE visit = $1 AND session = $2", text(visit), session.to_vec());
        Ok(self.one(query).await?.is_some())
    }

    pub async fn delete_referral(&mut self, visit: Uuid) -> Answer<()> {
        self.run(sql!("DELETE FROM referral WHERE visit = $1", text(visit))).await.map(drop)
    }
}

fn referral_row(row: &Row) -> Answer<Referral> {
    Ok(Referral {
        visit: id(row, "visit")?,
        kiosk: id(row, "kiosk")?,
        reference: row.get("reference")?,
        sealed: row.get("sealed")?,
        stored_at: row.get("stored_at")?,
        supersedes: row
            .get::<Option<String>>("supersedes")?
            .map(|text| Uuid::parse_str(&text))
            .transpose()
            .map_err(|_| StoreError::NotUnderstood("id"))?,
    })
}
