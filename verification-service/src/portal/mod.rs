//! The account portal: pages that work without scripts, passkeys excepted. One file for each subject.
//!
//! [`visitor`] decides who asks, [`page`] how a reply looks, [`words`] in which language. Every change is written together
//! with its line in the account's own log and its row in the audit log ([`activity`]).

pub mod activity;
mod assets;
mod backup_code;
mod clients;
mod confirm;
pub mod cookies;
mod fault;
pub mod forms;
pub mod invitations;
mod letter;
pub mod page;
mod passkeys;
pub mod passwords;
mod public;
mod qr;
mod register;
mod representatives;
pub mod rows;
mod second;
mod security;
mod sessions;
mod sign_in;
pub mod totp;
mod tries;
pub mod view;
mod visitor;
pub mod words;

use crate::app::App;
use crate::clock::MINUTE;
use crate::codes::Cost;
use axum::Router;
use axum::routing::{get, post};
use fault::Fault;
pub use representatives::place_of as delegation_place;
pub use second::{tries_of, tries_with};
pub use sign_in::name_of;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use verification_api::personal::PersonalText;
use visitor::Signed;
use webauthn_rs::prelude::{Url, Webauthn, WebauthnBuilder};
use words::{BadWords, Words};
use zeroize::Zeroizing;

/// How long a password waits for its turn to be derived.
const TURN_WITHIN: Duration = Duration::from_secs(5);

/// The portal, as its handlers see it.
pub struct Portal {
    pub app: Arc<App>,
    pub words: Words,
    /// Milliseconds without use that end a session.
    pub idle: i64,
    /// Marks the embedded files of this build.
    pub build: String,
    /// Where browsers find it: `https://localhost:8444`.
    pub origin: String,
    /// None where the origin is an IP address: passkeys belong to a domain.
    passkeys: Option<Webauthn>,
    /// Turns at deriving passwords: never all cores, so that kiosks go on.
    turns: Semaphore,
}

/// Why the portal cannot start.
#[derive(Debug, thiserror::Error)]
pub enum PortalError {
    #[error(transparent)]
    Words(#[from] BadWords),
    #[error("[portal] origin must be https://NAME or https://NAME:PORT, not \"{0}\"")]
    Origin(String),
    #[error("[portal] rp_id must be the name in origin, or a domain above it: \"{0}\" is not")]
    RpId(String),
}

impl Portal {
    /// # Errors
    /// [`PortalError`].
    pub fn new(app: Arc<App>, origin: String) -> Result<Self, PortalError> {
        let url = Url::parse(&origin).ok().filter(|url| url.scheme() == "https" && url.path() == "/");
        let url = url.ok_or_else(|| PortalError::Origin(origin.clone()))?;
        let rp_id = app.config.portal.rp_id.clone().or_else(|| url.domain().map(ToOwned::to_owned));
        let passkeys = match rp_id {
            Some(rp_id) => {
                let wrong = |_| PortalError::RpId(rp_id.clone());
                let builder = WebauthnBuilder::new(&rp_id, &url).map_err(wrong)?;
                Some(builder.rp_name("Account portal").build().map_err(wrong)?)
            }
            None => None,
        };
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self {
            words: Words::load()?,
            idle: i64::from(app.config.portal.idle_minutes) * MINUTE,
            build: assets::build(),
            origin,
            passkeys,
            turns: Semaphore::new(cores.saturating_sub(1).max(1)),
            app,
        })
    }

    /// argon2id of a password, when its turn has come.
    async fn derive(&self, text: &PersonalText, salt: [u8; 16], cost: Cost) -> Result<Zeroizing<[u8; 32]>, Fault> {
        let turn = tokio::time::timeout(TURN_WITHIN, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else { return Err(Fault::Unavailable) };
        self.app.derivations.derive(text.clone(), salt, cost).await.map_err(|why| {
            tracing::error!(cause = %why, "a password was not derived");
            Fault::Unavailable
        })
    }

    /// Whether the origin is for this machine only.
    fn is_local(&self) -> bool {
        self.origin.starts_with("https://localhost")
    }
}

/// The routes of the portal.
pub fn router(portal: Arc<Portal>) -> Router {
    Router::new()
        .route("/", get(public::landing))
        .route("/advice", get(public::advice))
        .route("/language/{tag}", get(public::language))
        .route("/health", get(|| async { "ok\n" }))
        .route("/assets/{build}/{name}", get(assets::file))
        .route("/register", get(letter::letter).post(letter::check_letter))
        .route("/register/account", get(register::account).post(register::set_account))
        .route("/register/second-step", get(register::second_step).post(register::finish))
        .route("/sign-in", get(sign_in::show).post(sign_in::password))
        .route("/sign-in/second-step", get(sign_in::second_step).post(sign_in::finish))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/passkey/challenge", post(passkeys::challenge))
        .route("/account", get(backup_code::home))
        .route("/backup-code", get(backup_code::show))
        .route("/backup-code/{number}/new", get(backup_code::new).post(backup_code::make))
        .route("/backup-code/{number}/view", get(backup_code::view).post(backup_code::open))
        .route("/backup-code/{number}/revoke", get(backup_code::end).post(backup_code::revoke))
        .route("/backup-code/{number}/tries", get(tries::of_number))
        .route("/representatives", get(representatives::show))
        .route("/representatives/add", get(representatives::new).post(representatives::add))
        .route("/representatives/{id}", get(representatives::one))
        .route("/representatives/{id}/invite", get(representatives::again).post(representatives::invite))
        .route("/representatives/{id}/remove", get(representatives::end).post(representatives::remove))
        .route("/representatives/{id}/tries", get(tries::of_representative))
        .route("/clients", get(clients::show))
        .route("/clients/accept", post(clients::accept))
        .route("/clients/{id}", get(clients::one))
        .route("/clients/{id}/code", get(clients::new).post(clients::make))
        .route("/clients/{id}/revoke", post(clients::revoke))
        .route("/clients/{id}/tries", get(tries::of_client))
        .route("/security", get(security::show))
        .route("/security/confirm", get(security::confirm).post(security::confirmed))
        .route("/security/password", get(security::password).post(security::set_password))
        .route("/security/app", get(security::app).post(security::set_app))
        .route("/security/passkeys/add", get(security::passkey).post(security::add_passkey))
        .route("/security/passkeys/{id}/remove", post(security::remove_passkey))
        .route("/sessions", get(sessions::show))
        .route("/sessions/end-all", post(sessions::end_all))
        .route("/sessions/{id}/end", post(sessions::end))
        .route("/sessions/stay", post(sessions::stay))
        .route("/activity", get(activity::show))
        .fallback(fault::nothing_here)
        .method_not_allowed_fallback(fault::wrong_method)
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&portal), fault::guard))
        .with_state(portal)
}
