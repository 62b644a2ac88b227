//! Officers: sign-in with badge and PIN, sessions of 128 bits, and what a session is worth later.

use crate::app::App;
use crate::assistance;
use crate::audit::{self, Actor, Event};
use crate::clock::{HOUR, MINUTE, plus_millis};
use crate::codes::{self, PIN_COST};
use crate::random::{self, Random, bytes, uuid_v7};
use crate::refusal::Refusal;
use crate::secrets::{Blind, Keys, SealError};
use crate::store::rows::{Officer, OfficerSession};
use crate::store::{Answer, Locked, Tx};
use crate::throttle::PinThrottle;
use aws_lc_rs::digest;
use serde_json::json as object;
use std::sync::Arc;
use uuid::Uuid;
use verification_api::personal::PersonalText;
use verification_api::wire::{ProblemType, SignInReply, Timestamp};
use zeroize::Zeroizing;

/// A session ends so long after its last use.
pub const IDLE: i64 = 5 * MINUTE;
/// A session ends so long after sign-in.
pub const LONGEST: i64 = 8 * HOUR;
/// A sign-in at a kiosk is good for overrides made without the service for so long.
pub const OFFLINE: i64 = 12 * HOUR;

/// Where a badge is looked up.
#[must_use]
pub fn badge_of(keys: &Keys, badge: &str) -> Blind {
    keys.blind("badge", &normalised(badge))
}

/// The badge, sealed for its officer: so that its place can be found under another index key.
///
/// # Errors
/// [`SealError`].
pub fn sealed_badge(keys: &Keys, random: &dyn Random, officer: Uuid, badge: &str) -> Result<Vec<u8>, SealError> {
    keys.seal(random, &[officer.as_bytes(), b"badge"], normalised(badge).as_bytes())
}

fn normalised(badge: &str) -> Zeroizing<String> {
    Zeroizing::new(badge.trim().to_uppercase())
}

/// Where wrong PINs at a kiosk are counted.
#[must_use]
pub fn pins_at(keys: &Keys, kiosk: Uuid) -> Blind {
    keys.blind("pins at kiosk", &kiosk.to_string())
}

/// Where a session is looked up: its SHA-256.
#[must_use]
pub fn hash_of(session: &PersonalText) -> [u8; 32] {
    let mut out = [0; 32];
    session.expose(|text| out.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref()));
    out
}

impl OfficerSession {
    /// Whether it was live at that moment, as far as its uses tell.
    #[must_use]
    pub fn live_at(&self, at: i64) -> bool {
        let ended = [self.ended_at, self.officer_disabled_at].into_iter().flatten().min().unwrap_or(i64::MAX);
        self.begun_at <= at && at < ended && at <= self.last_used + IDLE && at < self.begun_at + LONGEST
    }
}

/// The session, if it is live at this kiosk; using it prolongs it.
///
/// # Errors
/// Of the store.
pub async fn live(tx: &mut Tx, session: &PersonalText, kiosk: Uuid, now: Timestamp) -> Answer<Option<OfficerSession>> {
    let hash = hash_of(session);
    match tx.session(&hash).await? {
        Some(session) if session.kiosk == kiosk && session.live_at(now.unix_millis()) => {
            tx.touch_session(&hash, now.unix_millis()).await?;
            Ok(Some(session))
        }
        _ => Ok(None),
    }
}

/// Signs in. Charged first, per badge and per kiosk; an unknown badge costs the same work and gets the same reply.
///
/// # Errors
/// [`Refusal`]: `rate-limited` while locked, `officer-session` for a wrong badge or PIN.
pub async fn sign_in(
    app: Arc<App>,
    kiosk: Uuid,
    badge: PersonalText,
    pin: PersonalText,
) -> Result<SignInReply, Refusal> {
    let subjects = [badge.expose(|b| badge_of(&app.keys, b)), pins_at(&app.keys, kiosk)];
    let shared = Arc::clone(&app);
    let charged = app.write_of(kiosk, "charge a sign-in", move |tx| {
        Box::pin(async move {
            let now = shared.now().unix_millis();
            for subject in subjects {
                tx.lock_place(Locked::Pin, &subject).await?;
                let charged = tx.pin_throttle(subject).await?.charged(now, shared.config.limits.pin_locks());
                match charged {
                    Ok(state) => tx.set_pin_throttle(subject, state).await?,
                    Err(wait) => return Ok(Err(Refusal::limited(wait))),
                }
            }
            Ok(Ok(tx.officer(subjects[0]).await?))
        })
    });
    let officer = charged.await??;

    let salt = officer.as_ref().map_or(app.dummy.salt, |officer| officer.salt);
    let derived = app.derivations.derive(pin, salt, PIN_COST).await.map_err(|why| {
        tracing::error!(cause = %why, "a sign-in was not done");
        Refusal::new(ProblemType::Unavailable)
    })?;
    let holds = match &officer {
        Some(officer) => {
            let holds = app.keys.tag_holds(&officer.tag, &[officer.id.as_bytes(), b"pin"], &*derived);
            holds.map_err(crate::store::StoreError::from)? && !officer.disabled
        }
        None => {
            app.dummy.compare(&app.keys, &derived);
            false
        }
    };
    let officer = officer.filter(|_| holds);
    // Of an officer from before badges were kept, or while the index key is changed.
    let moved = match &officer {
        Some(known) if known.sealed.is_none() || known.index_kid < subjects[0].kid() => {
            let sealed = badge.expose(|badge| sealed_badge(&app.keys, &*app.random, known.id, badge));
            Some(sealed.map_err(crate::store::StoreError::from)?)
        }
        _ => None,
    };
    let officer = officer.map(|officer| officer.id);
    let token = Zeroizing::new(bytes::<16>(&*app.random).map_err(crate::store::StoreError::from)?);
    let token = PersonalText::new(hex::encode(*token));
    let hash = hash_of(&token);
    let shared = Arc::clone(&app);
    let signed_in = app.write_of(kiosk, "sign in", move |tx| {
        Box::pin(async move {
            let now = shared.now();
            let actor = Actor::Kiosk(kiosk);
            let Some(officer) = officer else {
                let (badge, none) = (subjects[0].hex(), object!({}));
                audit::append(tx, now, actor, Event::OfficerSignInFailed, &badge, &none).await?;
                return Ok(Err(Refusal::because(ProblemType::OfficerSession, "The badge or the PIN is wrong")));
            };
            for subject in subjects {
                tx.set_pin_throttle(subject, PinThrottle { last_at: now.unix_millis(), ..PinThrottle::default() })
                    .await?;
            }
            let at = now.unix_millis();
            let session = OfficerSession {
                hash,
                officer,
                kiosk,
                begun_at: at,
                last_used: at,
                ended_at: None,
                officer_disabled_at: None,
            };
            tx.add_session(&session).await?;
            assistance::answered(tx, now, kiosk, None, officer).await?;
            if let Some(sealed) = moved {
                tx.place_officer(officer, subjects[0], sealed).await?;
            }
            let subject = officer.to_string();
            audit::append(tx, now, actor, Event::OfficerSignedIn, &subject, &object!({})).await?;
            Ok(Ok((officer, now)))
        })
    });
    let (officer, now) = signed_in.await??;
    Ok(SignInReply {
        officer_session: token,
        officer: officer.to_string(),
        expires_at: plus_millis(now, IDLE),
        checkpoint: app.checkpoint(),
        server_time: now,
    })
}

/// A new officer's row: pseudonym, salt and tag of the PIN.
///
/// # Errors
/// [`codes::MakeError`].
pub fn make(
    keys: &Keys,
    random: &dyn Random,
    badge: &str,
    pin: &str,
    now: Timestamp,
) -> Result<Officer, codes::MakeError> {
    let id = uuid_v7(random, now)?;
    let salt = random::bytes(random)?;
    let derived = codes::derive(pin, &salt, PIN_COST, &[])?;
    let tag = keys.tag(random, &[id.as_bytes(), b"pin"], &*derived)?;
    let sealed = Some(sealed_badge(keys, random, id, badge)?);
    Ok(Officer { id, sealed, index_kid: badge_of(keys, badge).kid(), salt, tag, disabled: false })
}

#[cfg(test)]
mod tests {
    use super::{IDLE, LONGEST};
    use crate::store::rows::OfficerSession;
    use uuid::Uuid;

    fn session(last_used: i64) -> OfficerSession {
        let (officer, kiosk) = (Uuid::nil(), Uuid::nil());
        OfficerSession {
            hash: [0; 32],
            officer,
            kiosk,
            begun_at: 1000,
            last_used,
            ended_at: None,
            officer_disabled_at: None,
        }
    }

    #[test]
    fn a_session_ends_when_idle_when_old_when_ended_and_with_its_officer() {
        assert!(!session(1000).live_at(999));
        assert!(session(1000).live_at(1000 + IDLE));
        assert!(!session(1000).live_at(1001 + IDLE));
        assert!(!session(1000 + LONGEST).live_at(1000 + LONGEST));
        assert!(!OfficerSession { ended_at: Some(2000), ..session(1000) }.live_at(2000));
        assert!(!OfficerSession { officer_disabled_at: Some(2000), ..session(1000) }.live_at(2500));
        assert!(OfficerSession { officer_disabled_at: Some(2000), ..session(1000) }.live_at(1500));
    }
}
