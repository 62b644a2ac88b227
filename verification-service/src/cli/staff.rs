//! `officer` and `technician`. PINs come on standard input, never as arguments, which every user of a machine can see.

use super::{CommandError, Done, checked_pin, line_from_stdin};
use crate::app::App;
use crate::audit::{self, Actor, Event};
use crate::clock::{DAY, plus_millis};
use crate::codes::{self, TECHNICIAN_COST};
use crate::officers::{self, badge_of};
use crate::pki;
use crate::random::{self, uuid_v7};
use crate::secrets::{SECRET_LEN, SecretError};
use crate::store::rows::Technician;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Subcommand;
use qrcode::render::unicode::Dense1x2;
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;
use verification_api::wire::{CREDENTIAL_PREFIX, OFFICER_PIN, TECHNICIAN_PIN, TechnicianCredential};
use zeroize::Zeroizing;

#[derive(Subcommand)]
pub(super) enum OfficerCommand {
    /// Add an officer; the PIN (6 to 12 digits) on standard input. Prints the pseudonym.
    Add {
        #[arg(long)]
        badge: String,
    },
    /// End an officer's sessions, also those cached at kiosks.
    Disable {
        #[arg(long)]
        badge: String,
    },
}

#[derive(Subcommand)]
pub(super) enum TechnicianCommand {
    /// Print a credential as a QR; the PIN (8 to 16 digits) on standard input.
    Issue {
        #[arg(long)]
        name: String,
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=365))]
        days: u32,
    },
    /// Tell all kiosks that a credential is no longer taken.
    Revoke {
        #[arg(long)]
        id: Uuid,
    },
}

pub(super) async fn officer(app: App, command: OfficerCommand) -> Result<Done, CommandError> {
    let app = Arc::new(app);
    let shared = Arc::clone(&app);
    match command {
        OfficerCommand::Add { badge } => {
            if badge.trim().is_empty() || badge.len() > 64 {
                return Err(CommandError::refused("a badge has 1 to 64 characters"));
            }
            let pin = line_from_stdin("PIN")?;
            checked_pin(&pin, &OFFICER_PIN)?;
            let now = app.now();
            let officer = pin.expose(|pin| officers::make(&app.keys, &*app.random, &badge, pin, now))?;
            let (id, badge) = (officer.id, badge_of(&app.keys, &badge));
            let added = app.store.write("add an officer", move |tx| {
                Box::pin(async move {
                    let added = tx.add_officer(badge, &officer, now.unix_millis()).await?;
                    if added {
                        let (event, subject) = (Event::OfficerAdded, id.to_string());
                        audit::append(tx, now, Actor::Operator, event, &subject, &json!({})).await?;
                    }
                    Ok(added)
                })
            });
            if added.await? {
                Ok(Done::new(id.to_string(), json!({ "officer": id })))
            } else {
                Err(CommandError::refused("there is an officer with this badge already"))
            }
        }
        OfficerCommand::Disable { badge } => {
            let badge = badge_of(&app.keys, &badge);
            let disabled = app.store.write("disable an officer", move |tx| {
                Box::pin(async move {
                    let now = shared.now();
                    let id = tx.disable_officer(badge, now.unix_millis()).await?;
                    if let Some(id) = id {
                        let (event, subject) = (Event::OfficerDisabled, id.to_string());
                        audit::append(tx, now, Actor::Operator, event, &subject, &json!({})).await?;
                    }
                    Ok(id)
                })
            });
            match disabled.await? {
                Some(id) => Ok(Done::new("disabled", json!({ "officer": id, "state": "disabled" }))),
                None => Err(CommandError::refused("there is no officer with this badge")),
            }
        }
    }
}

pub(super) async fn technician(app: App, command: TechnicianCommand) -> Result<Done, CommandError> {
    let app = Arc::new(app);
    match command {
        TechnicianCommand::Issue { name, days } => issue(&app, &name, days).await,
        TechnicianCommand::Revoke { id } => {
            let shared = Arc::clone(&app);
            let revoked = app.store.write("revoke a technician", move |tx| {
                Box::pin(async move {
                    let now = shared.now();
                    let found = tx.revoke_technician(id, now.unix_millis()).await?;
                    if found {
                        let (event, subject) = (Event::TechnicianRevoked, id.to_string());
                        audit::append(tx, now, Actor::Operator, event, &subject, &json!({})).await?;
                    }
                    Ok(found)
                })
            });
            if revoked.await? {
                Ok(Done::new("revoked", json!({ "id": id, "state": "revoked" })))
            } else {
                Err(CommandError::refused(format!("there is no technician's credential {id}")))
            }
        }
    }
}

async fn issue(app: &Arc<App>, name: &str, days: u32) -> Result<Done, CommandError> {
    let pin = line_from_stdin("PIN")?;
    checked_pin(&pin, &TECHNICIAN_PIN)?;
    let path = &app.config.secrets.technician_pepper;
    let pepper = std::fs::read(path).map(Zeroizing::new);
    let pepper = pepper.map_err(|cause| SecretError::Unreadable { path: path.clone(), cause })?;
    if pepper.len() != SECRET_LEN {
        return Err(SecretError::NotASecret { path: path.clone() }.into());
    }
    let now = app.now();
    let (id, expiry) = (uuid_v7(&*app.random, now)?, plus_millis(now, i64::from(days) * DAY));
    let salt: [u8; 16] = random::bytes(&*app.random)?;
    let pin_hash = pin.expose(|pin| codes::derive(pin, &salt, TECHNICIAN_COST, &pepper))?;
    let credential = TechnicianCredential { id, expiry, salt: hex::encode(salt), pin_hash: hex::encode(*pin_hash) };
    let bytes = crate::put_once::json(&credential)?;
    let signature = pki::technician_signature(&app.config.tls.dir, &bytes)?;
    let text = format!("{CREDENTIAL_PREFIX}{}.{}", URL_SAFE_NO_PAD.encode(&*bytes), URL_SAFE_NO_PAD.encode(signature));
    let qr = qrcode::QrCode::new(&text).map_err(|why| CommandError::refused(format!("the QR was not made: {why}")))?;
    let picture = qr.render::<Dense1x2>().build();

    let row = Technician {
        id,
        name: app.keys.seal(&*app.random, &[id.as_bytes(), b"technician"], name.as_bytes())?,
        issued_at: now.unix_millis(),
        expires_at: expiry.unix_millis(),
    };
    let issued = app.store.write("issue a credential", move |tx| {
        Box::pin(async move {
            tx.add_technician(&row).await?;
            let (event, subject, detail) = (Event::TechnicianIssued, id.to_string(), json!({ "expires": expiry }));
            audit::append(tx, now, Actor::Operator, event, &subject, &detail).await
        })
    });
    issued.await?;
    let shown = format!("{picture}\n{text}\nid {id}, valid until {expiry}");
    Ok(Done::new(shown, json!({ "id": id, "expires": expiry, "credential": text })))
}
