//! New clients: a row, a pinned key, a certificate. `kiosk add` makes the key itself; `kiosk invite` lets a kiosk make its
//! own and send a certificate request with a one-time code to `POST /enroll` on the portal's port.

use crate::app::App;
use crate::audit::{self, Actor, Event};
use crate::clock::MINUTE;
use crate::kiosk_api::edge::{not_allowed, ok, parse, whole};
use crate::pki::{self, ClientCertificate, Subject};
use crate::put_once::Reply;
use crate::random::{self, uuid_v7};
use crate::refusal::Refusal;
use crate::roles::Role;
use crate::store::rows::{Invitation, Kiosk};
use crate::store::{Answer, StoreError, Tx};
use aws_lc_rs::digest;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::post;
use rcgen::PublicKeyData;
use serde_json::json as object;
use std::sync::Arc;
use uuid::Uuid;
use verification_api::backup_code::{ALPHABET, typed_symbol};
use verification_api::personal::PersonalText;
use verification_api::wire::{EnrolReply, EnrolRequest, ProblemType, Timestamp};
use zeroize::Zeroizing;

/// How long an invitation may be used.
pub const INVITED_FOR: i64 = 10 * MINUTE;
/// 112 random bits.
const CODE_BYTES: usize = 14;
/// Symbols of five bits.
const SYMBOLS: usize = 23;

/// Why there is no new client.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    #[error(
        "there is a client {number} already, whose certificate is good until {until}: `kiosk revoke {id}` first, if it is to be enrolled anew"
    )]
    Taken { number: String, id: Uuid, until: Timestamp },
    #[error("{0} is the number or name of a client with another role: see `kiosk list`")]
    OtherRole(String),
    #[error("a kiosk's number has 1 to 8 capital letters and digits, like K07")]
    Number,
    #[error("a client's name has 1 to 32 small letters, digits and dashes, like filing-1")]
    Name,
    #[error("a lane has 1 to 32 characters, without quotes and backslashes")]
    Lane,
    #[error(transparent)]
    Pki(#[from] pki::PkiError),
    #[error(transparent)]
    NoRandom(#[from] random::NoRandom),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A client to be: its role, its number or name, its lane.
#[derive(Clone, Debug)]
pub struct Newcomer {
    pub role: Role,
    pub number: String,
    pub lane: String,
}

impl Newcomer {
    /// A kiosk.
    ///
    /// # Errors
    /// [`EnrolError::Number`], [`EnrolError::Lane`].
    pub fn kiosk(number: String, lane: String) -> Result<Self, EnrolError> {
        let capital = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        if number.is_empty() || number.len() > 8 || !number.bytes().all(capital) {
            return Err(EnrolError::Number);
        }
        if lane.is_empty() || lane.len() > 32 || lane.chars().any(|c| c.is_control() || c == '"' || c == '\\') {
            return Err(EnrolError::Lane);
        }
        Ok(Self { role: Role::Kiosk, number, lane })
    }

    /// A filing system or a case system.
    ///
    /// # Errors
    /// [`EnrolError::Name`].
    pub fn client(role: Role, name: String) -> Result<Self, EnrolError> {
        let small = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if name.is_empty() || name.len() > 32 || !name.bytes().all(small) {
            return Err(EnrolError::Name);
        }
        Ok(Self { role, number: name, lane: String::new() })
    }
}

/// A client with its certificate, not admitted yet.
pub struct Candidate {
    pub id: Uuid,
    pub certificate: ClientCertificate,
    newcomer: Newcomer,
    /// It was a client before: it keeps its id, so that what it still has to send is taken from it.
    again: bool,
}

/// Certifies the key of a client to be. A number is free again once its client is revoked or its certificates have expired.
///
/// # Errors
/// [`EnrolError`].
pub async fn certify(
    app: &Arc<App>,
    newcomer: Newcomer,
    key: &impl PublicKeyData,
    days: u32,
) -> Result<Candidate, EnrolError> {
    let now = app.now();
    let mut tx = app.store.read().await?;
    let before = place(&mut tx, newcomer.role, &newcomer.number, now).await??;
    drop(tx);
    let id = match before {
        Some(id) => id,
        None => uuid_v7(&*app.random, now)?,
    };
    let certificate = certificate(app, id, &newcomer, key, days, now)?;
    Ok(Candidate { id, certificate, newcomer, again: before.is_some() })
}

/// Admits a client: from now on its key is the only one that counts for it. `invitation` is used up with it, if there is one.
///
/// # Errors
/// [`EnrolError`]; `Ok(false)` if the invitation was used or has expired meanwhile.
pub async fn admit(app: &Arc<App>, candidate: &Candidate, invitation: Option<[u8; 32]>) -> Result<bool, EnrolError> {
    let now = app.now();
    let Candidate { id, certificate, newcomer, again } = candidate;
    let (id, pinned, newcomer, again) = (*id, certificate.key(), newcomer.clone(), *again);
    let admitted = app.store.write("admit a client", move |tx| {
        Box::pin(async move {
            let Newcomer { role, number, lane } = newcomer;
            let at = now.unix_millis();
            let before = match place(tx, role, &number, now).await? {
                Ok(before) => before,
                Err(why) => return Ok(Err(why)),
            };
            let (revoked_at, quarantined_at, last_seen) = (None, None, None);
            let kiosk = Kiosk { id, role, number, lane, added_at: at, revoked_at, quarantined_at, last_seen };
            // Whoever took or left the number meanwhile: an error undoes everything.
            let pinned_now = match (before, again) {
                (None, false) => tx.add_kiosk(&kiosk, &pinned).await?,
                (Some(before), true) if before == id => tx.admit_again(&kiosk, &pinned).await?,
                _ => false,
            };
            if !pinned_now {
                return Err(StoreError::TakenOver);
            }
            if let Some(hash) = invitation
                && !tx.use_invitation(&hash, id, at).await?
            {
                return Err(StoreError::TakenOver);
            }
            let actor = if invitation.is_some() { Actor::Kiosk(id) } else { Actor::Operator };
            let detail = object!({
                "role": role.name(), "number": kiosk.number, "lane": kiosk.lane, "spki": hex::encode(pinned.spki),
                "again": again,
            });
            audit::append(tx, now, actor, Event::KioskAdded, &id.to_string(), &detail).await?;
            Ok(Ok(()))
        })
    });
    match admitted.await {
        Ok(Ok(())) => Ok(true),
        Ok(Err(why)) => Err(why),
        Err(StoreError::TakenOver) => Ok(false),
        Err(why) => Err(why.into()),
    }
}

/// Whose number it was, if it is free again; nobody's, if it is new.
async fn place(tx: &mut Tx, role: Role, number: &str, now: Timestamp) -> Answer<Result<Option<Uuid>, EnrolError>> {
    let Some((known, good_until)) = tx.client_of_number(number).await? else { return Ok(Ok(None)) };
    if known.role != role {
        return Ok(Err(EnrolError::OtherRole(known.number)));
    }
    match good_until.filter(|until| known.revoked_at.is_none() && *until > now.unix_millis()) {
        Some(until) => {
            let until = Timestamp::from_unix_millis(until).unwrap_or(now);
            Ok(Err(EnrolError::Taken { number: known.number, id: known.id, until }))
        }
        None => Ok(Ok(Some(known.id))),
    }
}

fn certificate(
    app: &App,
    id: Uuid,
    newcomer: &Newcomer,
    key: &impl PublicKeyData,
    days: u32,
    now: Timestamp,
) -> Result<ClientCertificate, pki::PkiError> {
    let subject = Subject { id, name: &newcomer.number, role: newcomer.role };
    pki::certify(&app.config.tls.dir, &subject, key, days, &*app.random, now)
}

/// Makes an invitation for a kiosk; its code, to be shown once, and when it expires.
///
/// # Errors
/// [`EnrolError`].
pub async fn invite(app: &Arc<App>, newcomer: Newcomer) -> Result<(PersonalText, Timestamp), EnrolError> {
    let now = app.now();
    let code = code(&random::bytes(&*app.random)?);
    let hash = code.expose(hash_of).unwrap_or_default();
    let expires_at = now.unix_millis() + INVITED_FOR;
    let Newcomer { number, lane, .. } = newcomer;
    let made = app.store.write("invite a kiosk", move |tx| {
        Box::pin(async move {
            if let Err(why) = place(tx, Role::Kiosk, &number, now).await? {
                return Ok(Err(why));
            }
            let invitation = Invitation { number, lane, expires_at, kiosk: None };
            tx.add_invitation(&hash, &invitation, now.unix_millis()).await?;
            let detail = object!({ "number": invitation.number, "lane": invitation.lane });
            audit::append(tx, now, Actor::Operator, Event::KioskInvited, &invitation.number, &detail).await?;
            Ok(Ok(()))
        })
    });
    made.await??;
    Ok((code, Timestamp::from_unix_millis(expires_at).unwrap_or(now)))
}

/// Where kiosks reach the service.
///
/// # Errors
/// If the server's certificate names no server.
pub fn kiosk_url(app: &App) -> Result<String, pki::PkiError> {
    match &app.config.kiosks.url {
        Some(url) => Ok(url.clone()),
        None => Ok(format!("https://{}:{}", pki::server_name(&app.config.tls.dir)?, app.config.listen.kiosk.port())),
    }
}

/// Where new kiosks enrol.
///
/// # Errors
/// If the server's certificate names no server.
pub fn enrol_url(app: &App) -> Result<String, pki::PkiError> {
    match app.config.kiosks.enrol_url.as_ref().or(app.config.portal.origin.as_ref()) {
        Some(url) => Ok(url.trim_end_matches('/').to_owned()),
        None => Ok(format!("https://{}:{}", pki::server_name(&app.config.tls.dir)?, app.config.listen.portal.port())),
    }
}

/// The route, for the portal's port.
pub fn router(app: Arc<App>) -> Router {
    Router::new().route("/enroll", post(enrol).fallback(|| async { not_allowed("POST") })).with_state(app)
}

async fn enrol(State(app): State<Arc<App>>, body: Body) -> Result<Reply, Refusal> {
    let request: EnrolRequest = parse(&whole(body).await?)?;
    let key = pki::requested_key(&request.csr).map_err(|why| Refusal::malformed(why.to_string()))?;
    let hash = request.code.expose(hash_of).ok_or_else(|| Refusal::malformed("This is not the form of a code"))?;
    let Some(invitation) = invited(&app, hash).await? else { return Err(not_taken()) };
    let unavailable = |why: &dyn std::fmt::Display| {
        tracing::error!(cause = %why, "a kiosk could not be enrolled");
        Refusal::new(ProblemType::Unavailable)
    };
    let dir = &app.config.tls.dir;
    let technician_public_key = std::fs::read_to_string(dir.join("technician.pub")).map_err(|why| unavailable(&why))?;
    let log = std::fs::read_to_string(dir.join("log.pub")).map_err(|why| unavailable(&why))?;
    let pepper = std::fs::read(&app.config.secrets.technician_pepper).map(Zeroizing::new);
    let pepper = Zeroizing::new(hex::encode(&*pepper.map_err(|why| unavailable(&why))?));
    let url = kiosk_url(&app).map_err(|why| unavailable(&why))?;
    let newcomer = Newcomer { role: Role::Kiosk, number: invitation.number.clone(), lane: invitation.lane.clone() };
    let days = app.config.kiosks.certificate_days;
    let enrolled = match invitation.kiosk {
        None => first(&app, newcomer, &key, days, hash).await,
        Some(id) => repeated(&app, id, newcomer, &key, days).await,
    };
    let (kiosk, certificate) = match enrolled {
        Ok(Some(enrolled)) => enrolled,
        Ok(None) => return Err(not_taken()),
        Err(why @ (EnrolError::Taken { .. } | EnrolError::OtherRole(_))) => {
            return Err(Refusal::because(ProblemType::IdConflict, why.to_string()));
        }
        Err(why) => return Err(unavailable(&why)),
    };
    ok(&EnrolReply {
        kiosk,
        number: invitation.number,
        lane: invitation.lane,
        url,
        chain: certificate.chain_pem,
        not_after: certificate.not_after,
        log,
        technician_public_key,
        technician_pepper: PersonalText::from(pepper.as_str()),
    })
}

/// The kiosk's first request with this code.
async fn first(
    app: &Arc<App>,
    newcomer: Newcomer,
    key: &impl PublicKeyData,
    days: u32,
    invitation: [u8; 32],
) -> Result<Option<(Uuid, ClientCertificate)>, EnrolError> {
    let candidate = certify(app, newcomer, key, days).await?;
    let admitted = admit(app, &candidate, Some(invitation)).await?;
    Ok(admitted.then_some((candidate.id, candidate.certificate)))
}

/// The same request again, whose reply was lost: the same key gets another certificate, no other key gets any.
async fn repeated(
    app: &Arc<App>,
    id: Uuid,
    newcomer: Newcomer,
    key: &impl PublicKeyData,
    days: u32,
) -> Result<Option<(Uuid, ClientCertificate)>, EnrolError> {
    let now = app.now();
    let certificate = certificate(app, id, &newcomer, key, days, now)?;
    let pinned = certificate.key();
    let again = app.store.write("enrol again", move |tx| {
        Box::pin(async move {
            let peer = tx.peer(id, &pinned.spki).await?;
            if !peer.is_some_and(|peer| peer.pinned && peer.kiosk.revoked_at.is_none()) {
                return Ok(false);
            }
            if !tx.renew_key(id, &pinned.spki, &pinned, now.unix_millis()).await? {
                return Ok(false);
            }
            let detail = object!({ "spki": hex::encode(pinned.spki), "serial": hex::encode(&pinned.serial) });
            audit::append(tx, now, Actor::Kiosk(id), Event::CertificateRenewed, &id.to_string(), &detail).await?;
            Ok(true)
        })
    });
    Ok(again.await?.then_some((id, certificate)))
}

/// The invitation of a code, if it is still good. Tries are not counted: a guess has one chance in 2^112, and a count
/// of everybody's would let anybody keep the others out. Nothing is written before a code is right.
async fn invited(app: &App, hash: [u8; 32]) -> Answer<Option<Invitation>> {
    let now = app.now().unix_millis();
    let found = app.store.read().await?.invitation(&hash).await?;
    Ok(found.filter(|found| found.expires_at > now))
}

/// One reply for a code that never was, was used, or has expired.
fn not_taken() -> Refusal {
    Refusal::because(ProblemType::NotFound, "This code is not taken: it is wrong, used or older than 10 minutes")
}

/// Symbols in groups of four, dashes between.
fn code(random: &[u8; CODE_BYTES]) -> PersonalText {
    let random = Zeroizing::new(*random);
    let mut text = Zeroizing::new(String::with_capacity(SYMBOLS + SYMBOLS / 4));
    let mut bits = Zeroizing::new([0_u8; 16]);
    for (to, from) in bits.iter_mut().zip(random.iter()) {
        *to = *from;
    }
    let bits = Zeroizing::new(u128::from_be_bytes(*bits));
    for at in 0..SYMBOLS {
        if at > 0 && at % 4 == 0 {
            text.push('-');
        }
        let value = (*bits >> (123 - 5 * at)) & 31;
        let symbol = usize::try_from(value).ok().and_then(|value| ALPHABET.get(value));
        text.push(symbol.map_or('0', |symbol| char::from(*symbol)));
    }
    PersonalText::from(text.as_str())
}

/// SHA-256 of a typed code's symbols; none if it does not have the form of one.
fn hash_of(typed: &str) -> Option<[u8; 32]> {
    let mut symbols = Zeroizing::new(String::with_capacity(SYMBOLS));
    for c in typed.trim().chars().filter(|c| *c != '-' && *c != ' ') {
        if symbols.len() == SYMBOLS {
            return None;
        }
        symbols.push(typed_symbol(c)?);
    }
    if symbols.len() != SYMBOLS {
        return None;
    }
    digest::digest(&digest::SHA256, symbols.as_bytes()).as_ref().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::{CODE_BYTES, code, hash_of};

    #[test]
    fn a_code_has_112_bits_and_survives_being_typed() {
        let text = |random: [u8; CODE_BYTES]| code(&random).expose(str::to_owned);
        assert_eq!(text([0; CODE_BYTES]), "0000-0000-0000-0000-0000-000");
        // 112 one bits, then three zero bits to fill the last symbol.
        assert_eq!(text([0xff; CODE_BYTES]), "ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZR");
        assert_eq!(text([0x08, 0x42, 0x10, 0x84, 0x21, 0, 0, 0, 0, 0, 0, 0, 0, 0]), "1111-1111-0000-0000-0000-000");
        let one = text([0x5a; CODE_BYTES]);
        assert_eq!(hash_of(&one), hash_of(&one.to_lowercase().replace('-', " ")));
        assert_eq!(hash_of("ilo1-1111-0000-0000-0000-000"), hash_of("1101-1111-0000-0000-0000-000"));
        assert_ne!(hash_of(&one), hash_of("0000-0000-0000-0000-0000-000"));
    }

    #[test]
    fn other_lengths_and_symbols_are_no_codes() {
        for typed in ["", "0000", "0000-0000-0000-0000-0000-0000", "U000-0000-0000-0000-0000-000", "é"] {
            assert_eq!(hash_of(typed), None, "{typed}");
        }
    }
}
