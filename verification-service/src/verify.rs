//! Redeeming a backup code, in the order of the design: stored reply → the kiosk's limit → charge (a commit of its own)
//! → derivation in a bounded pool → one transaction that uses the code up, stores the result, and audits it.

use crate::app::App;
use crate::audit::{self, Actor, Event};
use crate::codes;
use crate::failpoint;
use crate::inspect::StoredParts;
use crate::log;
use crate::metrics::METRICS;
use crate::officers;
use crate::portal::activity::{About, Deed, line};
use crate::put_once::{Once, Reply, Seen, json, take};
use crate::random::bytes;
use crate::refusal::Refusal;
use crate::secrets::{Blind, Keys};
use crate::store::rows::{Account, Charged, Code, CodeState, Put, PutState, Verification};
use crate::store::{Answer, Locked, StoreError, Tx};
use crate::throttle::{Charge, Throttle};
use serde_json::json as object;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;
use verification_api::backup_code::BackupCode;
use verification_api::identifiers::Identifier;
use verification_api::names::Name;
use verification_api::personal::PersonalText;
use verification_api::wire::{
    Holder, PADDING, ProblemType, Purpose, Record, Timestamp, VerificationReply, VerificationResult,
};
use zeroize::Zeroizing;

/// The kind of this PUT.
pub const KIND: &str = "verification";

/// A request that is well formed and allowed to its kiosk.
pub struct Request {
    pub once: Once,
    pub visit: Uuid,
    /// Whose code it must be, and whose tries are counted.
    pub identifier: Blind,
    /// Where the record is looked up.
    pub record: Blind,
    pub code: BackupCode,
    pub purpose: Purpose,
    pub officer_session: Option<PersonalText>,
}

/// Where an identifier is looked up.
#[must_use]
pub fn blind_of(keys: &Keys, identifier: &Identifier) -> Blind {
    identifier.canonical().expose(|text| keys.blind(identifier.kind().name(), text))
}

/// Answers one PUT. Not cancellable half-way: the caller runs it as a task of its own.
///
/// # Errors
/// [`Refusal`]; a failure of the store is `unavailable`, and the same request may be tried again.
pub async fn verify(app: Arc<App>, request: Request) -> Result<Reply, Refusal> {
    let request = Arc::new(request);
    let evaluation = match begin_or_wait(&app, &request).await? {
        Begun::Replay { status, sealed } => return Ok(request.once.open(&app, status, &sealed)?),
        Begun::Pending => return Err(Refusal::new(ProblemType::Unavailable)),
        Begun::Evaluate(evaluation) => evaluation,
    };
    let holds = holds(&app, &request, evaluation.code.as_ref()).await?;
    failpoint::reach("derived");

    // Both replies are made whatever the outcome: the transaction only chooses.
    let now = app.now();
    let plain = [reply(&verified(&app, &evaluation, now)?)?, reply(&bare(&app, VerificationResult::NotVerified, now))?];
    let sealed = [request.once.seal(&app, &plain[0].body)?, request.once.seal(&app, &plain[1].body)?];

    let (shared, owned) = (Arc::clone(&app), Arc::clone(&request));
    let (locked, purpose) = (evaluation.charged.locked, request.purpose.name());
    let redeemed = app.write_of(request.once.key.kiosk, "redeem", move |tx| {
        Box::pin(async move { finish(tx, &shared, &owned, &evaluation, holds, &sealed).await })
    });
    let [yes, no] = plain;
    let result = redeemed.await?;
    failpoint::reach("redeem.committed");
    METRICS.verification(result.name(), purpose, locked);
    Ok(match result {
        VerificationResult::Verified => yes,
        VerificationResult::NotVerified => no,
    })
}

/// What the first commit found.
enum Begun {
    Replay {
        status: u16,
        sealed: Vec<u8>,
    },
    /// Another request of the same id is at work.
    Pending,
    Evaluate(Box<Evaluation>),
}

/// Everything that the derivation and the second transaction need.
struct Evaluation {
    owner: [u8; 16],
    identifier: Blind,
    charged: Charged,
    /// The code to compare with: none if the identifier has no active one, or is locked.
    code: Option<Code>,
    account: Option<Account>,
    /// The document that the record is about; only with an officer's live session.
    document: Option<Record>,
    officer: bool,
}

async fn begin_or_wait(app: &Arc<App>, request: &Arc<Request>) -> Result<Begun, Refusal> {
    // A pending request of the same id is waited for, at most 5 s.
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    for _ in 0..100 {
        tick.tick().await;
        let (shared, owned) = (Arc::clone(app), Arc::clone(request));
        let begun = app
            .write_of(request.once.key.kiosk, "charge", move |tx| {
                Box::pin(async move { begin(tx, &shared, &owned).await })
            })
            .await??;
        failpoint::reach("charge.committed");
        if !matches!(begun, Begun::Pending) {
            return Ok(begun);
        }
    }
    Ok(Begun::Pending)
}

/// The first commit: the row *pending* with the charge.
async fn begin(tx: &mut Tx, app: &App, request: &Request) -> Answer<Result<Begun, Refusal>> {
    let (key, kiosk) = (&request.once.key, request.once.key.kiosk);
    // Always the kiosk first, then the identifier: so no two wait for each other.
    tx.lock(Locked::Kiosk, kiosk.as_bytes()).await?;
    let identifier = request.identifier;
    let now = app.now();
    let taken = match request.once.seen(tx).await? {
        Err(refusal) => return Ok(Err(refusal)),
        Ok(Seen::Done { status, reply }) => return Ok(Ok(Begun::Replay { status, sealed: reply })),
        Ok(Seen::Pending(put)) => {
            // Begun long ago or, after the clock was set back, in a time that is still to come.
            let age = now.unix_millis().saturating_sub(put.begun_at).saturating_abs();
            match put.charge {
                Some(charged) if age > crate::put_once::OWNED_FOR => Some(charged),
                _ => return Ok(Ok(Begun::Pending)),
            }
        }
        Ok(Seen::Never) => None,
    };
    let now = request.once.in_time(app)?;
    let owner = bytes(&*app.random)?;
    if !log::is_fresh(tx, now).await? {
        return Ok(Err(Refusal::because(ProblemType::Unavailable, "The audit log is not being sealed")));
    }
    let officer = match &request.officer_session {
        None => false,
        Some(session) => match officers::live(tx, session, kiosk, now).await? {
            Some(_) => true,
            // Of a request that was charged already the outcome must still be found.
            None if taken.is_some() => false,
            None => return Ok(Err(Refusal::new(ProblemType::OfficerSession))),
        },
    };
    tx.lock_place(Locked::Identifier, &identifier).await?;
    let newest = tx.newest_code(identifier).await?;
    let charged = match taken {
        Some(charged) => {
            tx.take_over(key, &owner, now.unix_millis()).await?;
            charged
        }
        None => {
            let rate = app.config.limits.verifications();
            if let Err(wait) = take(tx, &format!("verifications/{kiosk}"), rate, now).await? {
                return Ok(Err(Refusal::limited(wait)));
            }
            let charged = charge(tx, app, identifier, newest.as_ref(), now).await?;
            let put = Put {
                kind: KIND.to_owned(),
                body_mac: request.once.body_mac,
                owner,
                begun_at: now.unix_millis(),
                charge: Some(charged),
                state: PutState::Pending,
            };
            tx.add_put(key, &put).await?;
            failpoint::reach("charge.before_commit");
            charged
        }
    };
    let code = newest.filter(|code| !charged.locked && charged.code == Some((code.id, code.version)));
    let account = tx.account_of(request.record).await?;
    let document = match &account {
        Some(account) if officer => document_of(tx, app, account, now).await?,
        _ => None,
    };
    request.once.in_time(app)?;
    Ok(Ok(Begun::Evaluate(Box::new(Evaluation { owner, identifier, charged, code, account, document, officer }))))
}

/// Charges one try, the same write for every identifier, known or not, locked or not.
async fn charge(tx: &mut Tx, app: &App, identifier: Blind, newest: Option<&Code>, now: Timestamp) -> Answer<Charged> {
    let (state, charge) = tx.throttle(identifier).await?.charged(now.unix_millis(), app.config.limits.locks());
    tx.set_throttle(identifier, state).await?;
    let code = newest.filter(|c| c.state == CodeState::Active && c.expires_at > now.unix_millis());
    Ok(Charged { locked: charge == Charge::Locked, n: state.n, code: code.map(|c| (c.id, c.version)) })
}

/// One derivation and one comparison, whether there is a code or not.
async fn holds(app: &App, request: &Request, code: Option<&Code>) -> Result<bool, Refusal> {
    let salt = code.map_or(app.dummy.salt, |code| code.salt);
    let derived = app.derivations.derive(request.code.secret().clone(), salt, codes::CODE_COST);
    // It may have to queue, but not for longer than something can come of it.
    let derived = tokio::time::timeout(request.once.left(app), derived).await;
    let derived = derived.map_err(|_| StoreError::TooLate)?.map_err(|why| {
        tracing::error!(cause = %why, "a request was not done");
        Refusal::new(ProblemType::Unavailable)
    })?;
    match code {
        Some(code) => Ok(codes::holds(&app.keys, code, &derived).map_err(StoreError::from)?),
        None => {
            app.dummy.compare(&app.keys, &derived);
            Ok(false)
        }
    }
}

/// The second commit. Everything or nothing: code, result, refund or penalty, audit row, stored reply.
async fn finish(
    tx: &mut Tx,
    app: &App,
    request: &Request,
    evaluation: &Evaluation,
    holds: bool,
    sealed: &[Vec<u8>; 2],
) -> Answer<VerificationResult> {
    let (key, identifier) = (&request.once.key, evaluation.identifier);
    // Before the first row is written: the refund changes the identifier's tries, a failure the kiosk's list of them.
    if holds {
        tx.lock_place(Locked::Identifier, &identifier).await?;
    } else {
        tx.lock(Locked::Kiosk, key.kiosk.as_bytes()).await?;
    }
    let now = request.once.in_time(app)?;
    let at = now.unix_millis();
    let used = match (holds, &evaluation.code) {
        (true, Some(code)) if tx.use_code(code.id, code.version, at).await? => Some(code.id),
        _ => None,
    };
    let (result, reply) = match used {
        Some(_) => (VerificationResult::Verified, &sealed[0]),
        None => (VerificationResult::NotVerified, &sealed[1]),
    };
    if !tx.finish_put(key, &evaluation.owner, 200, reply).await? {
        return Err(StoreError::TakenOver);
    }
    let actor = Actor::Kiosk(key.kiosk);
    let detail = object!({
        "result": result.name(),
        "purpose": request.purpose.name(),
        "visit": request.visit,
        "identifier": identifier.hex(),
        "code": used,
        "tries": evaluation.charged.n,
        "locked": evaluation.charged.locked,
    });
    let subject = format!("{}/{}", key.kiosk, key.id);
    let audit_seq = audit::append(tx, now, actor, Event::Verification, &subject, &detail).await?;
    let row = Verification {
        kiosk: key.kiosk,
        id: key.id,
        visit: request.visit,
        identifier,
        code: used,
        result,
        purpose: request.purpose.name(),
        at,
        audit_seq,
    };
    tx.add_verification(&row).await?;
    if used.is_some() {
        // The refund.
        tx.set_throttle(identifier, Throttle { last_at: at, ..Throttle::default() }).await?;
    } else {
        penalise(tx, app, key.kiosk, identifier, evaluation.charged, now).await?;
    }
    request.once.in_time(app)?;
    failpoint::reach("redeem.before_commit");
    Ok(result)
}

/// Too many tries disable the code that they were charged for: not one that its holder has made since.
async fn penalise(
    tx: &mut Tx,
    app: &App,
    kiosk: Uuid,
    identifier: Blind,
    charged: Charged,
    now: Timestamp,
) -> Answer<()> {
    let limits = &app.config.limits;
    if charged.n >= limits.disable_after {
        // The same statement where there was none.
        let (code, version) = charged.code.unwrap_or((Uuid::nil(), 0));
        if tx.end_this_code(code, version, CodeState::Disabled, now.unix_millis()).await? {
            let detail = object!({ "tries": charged.n });
            audit::append(tx, now, Actor::Service, Event::CodeDisabled, &identifier.hex(), &detail).await?;
            tell_disabled(tx, app, identifier, now).await?;
        }
    }
    count_failing(tx, app, kiosk, identifier, now).await
}

/// For the people of the account. Once for each code: no kind of "no" is told from another by it.
async fn tell_disabled(tx: &mut Tx, app: &App, identifier: Blind, now: Timestamp) -> Answer<()> {
    let Some(account) = tx.account_of(identifier).await?.map(|account| account.id) else { return Ok(()) };
    let theirs = tx.representations_of(account).await?;
    let delegated = theirs.iter().find(|row| row.ended_at.is_none() && identifier.stands_at(&row.delegation));
    let (deed, about) = match delegated {
        Some(row) => (Deed::DelegatedCodeDisabled, About::of(row)),
        None => (Deed::CodeDisabled, About { account: Some(account), representation: None }),
    };
    line(tx, app, now, None, deed, about).await
}

/// Notes a failing identifier; too many distinct ones quarantine the kiosk.
///
/// # Errors
/// Of the store.
pub async fn count_failing(tx: &mut Tx, app: &App, kiosk: Uuid, subject: Blind, now: Timestamp) -> Answer<()> {
    let limits = &app.config.limits;
    let at = now.unix_millis();
    let distinct = tx.failing(kiosk, subject, at, at - limits.failing_window()).await?;
    if distinct > limits.failing_identifiers {
        tx.set_quarantine(kiosk, Some(at)).await?;
        let detail = object!({ "distinct_failing_identifiers": distinct });
        audit::append(tx, now, Actor::Service, Event::KioskQuarantined, &kiosk.to_string(), &detail).await?;
        METRICS.quarantine();
        tracing::warn!(%kiosk, "ALARM: this kiosk is quarantined; find out why, then `kiosk release`");
    }
    Ok(())
}

fn bare(app: &App, result: VerificationResult, now: Timestamp) -> VerificationReply {
    VerificationReply {
        result,
        record_status: None,
        holder: None,
        record: None,
        checkpoint: app.checkpoint(),
        server_time: now,
    }
}

fn verified(app: &App, evaluation: &Evaluation, now: Timestamp) -> Answer<VerificationReply> {
    let mut reply = bare(app, VerificationResult::Verified, now);
    let Some(account) = &evaluation.account else { return Ok(reply) };
    reply.record_status = Some(account.record_status);
    if evaluation.officer {
        let name = app.keys.open_text(&[account.id.as_bytes(), b"name"], &account.name)?;
        let birth_date = app.keys.open_text(&[account.id.as_bytes(), b"birth_date"], &account.birth_date)?;
        let name = Name::of_record(&name).map_err(|_| StoreError::NotUnderstood("name"))?;
        reply.holder = Some(Holder {
            primary_identifier: name.primary(),
            secondary_identifier: name.secondary(),
            birth_date: PersonalText::from(birth_date.as_str()),
        });
        reply.record = evaluation.document.clone();
    }
    Ok(reply)
}

async fn document_of(tx: &mut Tx, app: &App, account: &Account, now: Timestamp) -> Answer<Option<Record>> {
    let Some(document) = tx.documents_of(account.id).await?.into_iter().next() else { return Ok(None) };
    let status = StoredParts::open(&app.keys, &document)?.status(document.status, now);
    Ok(Some(Record { r#type: document.kind, status: status.name().to_owned() }))
}

fn reply(reply: &VerificationReply) -> Answer<Reply> {
    Ok(Reply { status: 200, body: padded(json(reply)?) })
}

/// Blanks to a multiple of 1,024 bytes: the length tells nothing.
#[must_use]
pub fn padded(body: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    // Made at its full size at once: growing would leave copies behind.
    let mut out = Zeroizing::new(Vec::with_capacity(body.len().div_ceil(PADDING).max(1) * PADDING));
    out.extend_from_slice(&body);
    out.resize(body.len().div_ceil(PADDING).max(1) * PADDING, b' ');
    out
}
