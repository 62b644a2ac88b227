//! Checks that every stored decision has the row that tells it, and every such row its decision.

use super::Event;
use crate::store::rows::Decision;
use crate::store::{StoreError, Tx};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A whole log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditReport {
    /// Rows checked.
    pub rows: i64,
    /// Sequence number of the newest row.
    pub seq: i64,
}

/// The first thing that is wrong.
#[derive(Debug, thiserror::Error)]
pub enum AuditFault {
    #[error("the decision {1} has no audit row {0} that tells it")]
    Untold(i64, String),
    #[error("audit row {0} tells a decision that is not stored any more")]
    Lost(i64),
    #[error("the code {0} is used up without a verification")]
    UsedWithoutVerification(Uuid),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks everything that the database holds of the log.
///
/// # Errors
/// [`AuditFault`], the first one found.
pub async fn verify(tx: &mut Tx) -> Result<AuditReport, AuditFault> {
    const PAGE: i64 = 1000;
    let mut untold: BTreeMap<i64, Decision> = tx.decisions().await?.into_iter().map(|d| (d.audit_seq, d)).collect();
    let mut report = AuditReport { rows: 0, seq: 0 };
    loop {
        let page = tx.audit_rows(report.seq + 1, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for row in page {
            let decision = untold.remove(&row.seq);
            let decides = [Event::Verification, Event::Inspection, Event::Override].map(Event::name);
            match decision {
                Some(d) if d.event != row.event || d.subject != row.subject => {
                    return Err(AuditFault::Untold(d.audit_seq, d.subject));
                }
                Some(d) if !d.result.is_empty() && result_of(&row.detail) != d.result => {
                    return Err(AuditFault::Untold(d.audit_seq, d.subject));
                }
                None if decides.contains(&row.event.as_str()) => return Err(AuditFault::Lost(row.seq)),
                _ => {}
            }
            report = AuditReport { rows: report.rows + 1, seq: row.seq };
        }
    }
    if let Some((seq, decision)) = untold.pop_first() {
        return Err(AuditFault::Untold(seq, decision.subject));
    }
    if let Some(code) = tx.used_codes().await?.into_iter().next() {
        return Err(AuditFault::UsedWithoutVerification(code));
    }
    Ok(report)
}

fn result_of(detail: &str) -> String {
    let detail: serde_json::Value = serde_json::from_str(detail).unwrap_or_default();
    detail.get("result").and_then(|r| r.as_str()).unwrap_or_default().to_owned()
}
