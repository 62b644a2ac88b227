//! What happened in an account: a line for its people, and a row for the audit log, in the change's own transaction.

use super::rows::{Activity, Representation};
use super::{Fault, Portal, Signed};
use crate::app::App;
use crate::audit::{self, Actor, Event};
use crate::portal::page::{self, Frame};
use crate::random::uuid_v7;
use crate::store::{Answer, Tx};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;
use verification_api::wire::Timestamp;

/// What can happen; the name is stored, `activity-NAME` says it in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Registered,
    SignedIn,
    SignInFailed,
    SignedOut,
    ConfirmationFailed,
    SessionEnded,
    SessionsEnded,
    PasswordChanged,
    PasswordReset,
    AppReplaced,
    PasskeyAdded,
    PasskeyRemoved,
    CodeMade,
    CodeShown,
    CodeRevoked,
    RepresentativeInvited,
    RepresentativeAccepted,
    RepresentativeRemoved,
    DelegatedCodeMade,
    DelegatedCodeRevoked,
    /// An office made a letter: to register, or to set a new password.
    LetterIssued,
    CodeMadeByOffice,
    CodeRevokedByOffice,
    /// By too many wrong tries.
    CodeDisabled,
    DelegatedCodeDisabled,
}

impl Deed {
    pub const ALL: [Self; 25] = [
        Self::Registered,
        Self::SignedIn,
        Self::SignInFailed,
        Self::SignedOut,
        Self::ConfirmationFailed,
        Self::SessionEnded,
        Self::SessionsEnded,
        Self::PasswordChanged,
        Self::PasswordReset,
        Self::AppReplaced,
        Self::PasskeyAdded,
        Self::PasskeyRemoved,
        Self::CodeMade,
        Self::CodeShown,
        Self::CodeRevoked,
        Self::RepresentativeInvited,
        Self::RepresentativeAccepted,
        Self::RepresentativeRemoved,
        Self::DelegatedCodeMade,
        Self::DelegatedCodeRevoked,
        Self::LetterIssued,
        Self::CodeMadeByOffice,
        Self::CodeRevokedByOffice,
        Self::CodeDisabled,
        Self::DelegatedCodeDisabled,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::SignedIn => "signed_in",
            Self::SignInFailed => "sign_in_failed",
            Self::SignedOut => "signed_out",
            Self::ConfirmationFailed => "confirmation_failed",
            Self::SessionEnded => "session_ended",
            Self::SessionsEnded => "sessions_ended",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::AppReplaced => "app_replaced",
            Self::PasskeyAdded => "passkey_added",
            Self::PasskeyRemoved => "passkey_removed",
            Self::CodeMade => "code_made",
            Self::CodeShown => "code_shown",
            Self::CodeRevoked => "code_revoked",
            Self::RepresentativeInvited => "representative_invited",
            Self::RepresentativeAccepted => "representative_accepted",
            Self::RepresentativeRemoved => "representative_removed",
            Self::DelegatedCodeMade => "delegated_code_made",
            Self::DelegatedCodeRevoked => "delegated_code_revoked",
            Self::LetterIssued => "letter_issued",
            Self::CodeMadeByOffice => "code_made_by_office",
            Self::CodeRevokedByOffice => "code_revoked_by_office",
            Self::CodeDisabled => "code_disabled",
            Self::DelegatedCodeDisabled => "delegated_code_disabled",
        }
    }
}

/// Whom a deed concerns, besides the one who did it.
#[derive(Clone, Copy, Default)]
pub struct About {
    pub account: Option<Uuid>,
    pub representation: Option<Uuid>,
}

impl About {
    /// A holder and one of the holder's representatives.
    pub const fn of(row: &Representation) -> Self {
        Self { account: Some(row.account), representation: Some(row.id) }
    }
}

/// Writes both rows.
///
/// # Errors
/// Of the store.
pub async fn note(tx: &mut Tx, app: &App, now: Timestamp, login: Uuid, deed: Deed, about: About) -> Answer<()> {
    line(tx, app, now, Some(login), deed, about).await?;
    let detail = json!({ "account": about.account, "representation": about.representation });
    audit::append(tx, now, Actor::Account(login), Event::Portal(deed), &login.to_string(), &detail).await?;
    Ok(())
}

/// Writes the line alone: for changes that have an event of their own in the audit log. `login` is whose deed it is; of an
/// office, whom alone it concerns.
///
/// # Errors
/// Of the store.
pub async fn line(tx: &mut Tx, app: &App, now: Timestamp, login: Option<Uuid>, deed: Deed, about: About) -> Answer<()> {
    tx.add_activity(&Activity {
        id: uuid_v7(&*app.random, now)?,
        at: now.unix_millis(),
        event: deed.name().to_owned(),
        account: about.account,
        login,
        representation: about.representation,
    })
    .await
}

/// A line as a page shows it.
pub struct Line {
    pub when: String,
    pub what: String,
}

/// Lines as rows of a table.
pub(super) fn lines(frame: &Frame, rows: &[Activity]) -> Vec<Line> {
    rows.iter()
        .map(|row| {
            let id = format!("activity-{}", row.event.replace('_', "-"));
            Line { when: frame.when(&row.at), what: frame.t(&id) }
        })
        .collect()
}

#[derive(Template)]
#[template(path = "activity.html")]
struct Page {
    f: Frame,
    lines: Vec<Line>,
}

/// `GET /activity`
pub(super) async fn show(State(portal): State<Arc<Portal>>, signed: Signed) -> Result<Response, Fault> {
    let f = signed.visitor.frame(&portal, "activity-title");
    let (account, login) = (signed.login.account, signed.login.id);
    let rows = portal.app.store.read().await?.activity_of(account, login, 200).await?;
    page::html(&portal, &signed.visitor, &Page { lines: lines(&f, &rows), f })
}

#[cfg(test)]
mod tests {
    use super::Deed;
    use crate::portal::words::{Language, Words};

    #[test]
    fn every_deed_has_words_in_both_languages() {
        let words = Words::load().unwrap();
        for deed in Deed::ALL {
            let id = format!("activity-{}", deed.name().replace('_', "-"));
            for language in Language::ALL {
                assert_ne!(words.say(language, &id, &[]), id);
            }
        }
    }
}
