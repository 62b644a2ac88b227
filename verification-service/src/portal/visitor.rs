//! Who asks: browser, language, session. A handler that takes [`Posted`] or [`SignedPost`] cannot be reached without the
//! form's token; one that takes [`Signed`] or [`SignedPost`] cannot be reached without a live session.

use super::cookies::{self, Known, Token};
use super::forms::Form;
use super::page::Frame;
use super::rows::{Login, LoginKind, Session, Stage};
use super::words::Language;
use super::{Fault, Portal};
use crate::clock::{HOUR, MINUTE};
use crate::secrets;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;
use verification_api::personal::PersonalText;

/// A session ends so long after sign-in.
pub const LONGEST: i64 = 8 * HOUR;
/// A second step, and each step of a registration, must be done within so long.
pub const HALF_WAY: i64 = 30 * MINUTE;
/// A use is written down at most so often.
const TOUCH_EVERY: i64 = 20_000;

impl Session {
    /// Whether it is live; `idle` in milliseconds.
    #[must_use]
    pub fn live_at(&self, at: i64, idle: i64) -> bool {
        let (longest, idle) = match self.stage {
            // Each finished step counts as a use.
            Stage::Register => (LONGEST, HALF_WAY),
            Stage::SecondStep => (HALF_WAY, HALF_WAY),
            Stage::SignedIn => (LONGEST, idle),
        };
        self.ended_at.is_none() && at < self.begun_at + longest && at < self.last_used + idle
    }
}

/// Any browser.
#[derive(Clone)]
pub struct Visitor {
    /// Of the session, if there is one, and else of forms.
    pub token: Token,
    /// To be set: a form token that this browser did not have.
    pub token_is_new: bool,
    pub language: Language,
    /// Where it asked, for the language's switch.
    pub path: String,
    /// Browser and system, roughly, as JSON.
    pub agent: String,
    pub session: Option<Session>,
    /// Name and kind of who is signed in, for the frame.
    pub user: Option<(PersonalText, LoginKind)>,
    login: Option<Login>,
    known: Option<Known>,
}

impl Visitor {
    /// Without a session: for pages that tell of a failure.
    pub(super) fn stranger(portal: &Portal, headers: &HeaderMap, path: &str) -> Result<Self, Fault> {
        let sent = Token::of_forms(headers);
        let token_is_new = sent.is_none();
        let token = match sent {
            Some(token) => token,
            None => Token::new(&*portal.app.random).map_err(crate::store::StoreError::from)?,
        };
        Ok(Self {
            token,
            token_is_new,
            language: cookies::language(headers).unwrap_or_else(|| Language::preferred(headers)),
            path: path.to_owned(),
            agent: agent(headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default()),
            session: None,
            user: None,
            login: None,
            known: Known::of(headers),
        })
    }

    async fn of(portal: &Portal, headers: &HeaderMap, path: &str) -> Result<Self, Fault> {
        let mut visitor = Self::stranger(portal, headers, path)?;
        let Some(token) = Token::of_session(headers) else { return Ok(visitor) };
        let hash = token.hash();
        let now = portal.app.now().unix_millis();
        let mut tx = portal.app.store.read().await?;
        let session = tx.portal_session(&hash).await?.filter(|session| session.live_at(now, portal.idle));
        if let Some(session) = session {
            if let Some(login) = session.login {
                visitor.login = tx.login(login).await?;
            }
            drop(tx);
            if session.stage == Stage::SignedIn && now - session.last_used > TOUCH_EVERY {
                let touch = portal.app.store.write("use a session", move |tx| {
                    Box::pin(async move { tx.touch_portal_session(&hash, now).await })
                });
                touch.await?;
            }
            visitor.session = Some(session);
            (visitor.token, visitor.token_is_new) = (token, false);
        }
        if let (Some(session), Some(login)) = (&visitor.session, &visitor.login)
            && session.stage == Stage::SignedIn
        {
            let name = portal.app.keys.open_text(&[login.id.as_bytes(), b"user name"], &login.user_name);
            let name = name.map_err(crate::store::StoreError::from)?;
            visitor.user = Some((PersonalText::from(name.as_str()), login.kind));
        }
        Ok(visitor)
    }

    pub(super) fn frame(&self, portal: &Arc<Portal>, title: &str) -> Frame {
        Frame::new(portal, self, title)
    }

    /// Whether this login has signed in with this browser before.
    pub(super) fn is_known_to(&self, portal: &Portal, login: &Login) -> bool {
        let now = portal.app.now().unix_millis();
        self.known.as_ref().is_some_and(|known| known.is_of(&portal.app.keys, login.id, login.password_at, now))
    }

    /// The session, at this stage.
    pub(super) fn at_stage(&self, stage: Stage) -> Option<&Session> {
        self.session.as_ref().filter(|session| session.stage == stage)
    }

    /// Who gave the right password, at the second step or later.
    pub(super) const fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }
}

impl FromRequestParts<Arc<Portal>> for Visitor {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, portal: &Arc<Portal>) -> Result<Self, Fault> {
        Self::of(portal, &parts.headers, parts.uri.path()).await
    }
}

/// A form of our own, sent by the browser that it was shown to: in this session, or before there was one.
pub struct Posted {
    pub visitor: Visitor,
    pub form: Form,
}

impl FromRequest<Arc<Portal>> for Posted {
    type Rejection = Fault;

    async fn from_request(request: Request, portal: &Arc<Portal>) -> Result<Self, Fault> {
        let (parts, body) = request.into_parts();
        // Browsers say where a request comes from (Fetch Metadata): only our own pages may post.
        let from = parts.headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
        if from.is_some_and(|from| !["same-origin", "none"].contains(&from)) {
            return Err(Fault::Forged);
        }
        let visitor = Visitor::of(portal, &parts.headers, parts.uri.path()).await?;
        let form = Form::read(body).await.map_err(|_| Fault::Malformed)?;
        let shown_to = |token: &Token| {
            let expected = token.csrf(&portal.app.keys);
            form.get("csrf").expose(|sent| secrets::same(sent.as_bytes(), expected.as_bytes()))
        };
        // Of a session that has ended as well: what then is said is that. And whoever came from another site was shown forms
        // without the session that the browser has.
        let tokens = [Token::of_session(&parts.headers), Token::of_forms(&parts.headers)];
        if tokens.iter().flatten().any(shown_to) {
            return Ok(Self { visitor, form });
        }
        Err(Fault::Forged)
    }
}

/// Someone signed in.
pub struct Signed {
    pub visitor: Visitor,
    pub session: Session,
    pub login: Login,
}

impl Signed {
    pub(super) fn of(visitor: Visitor) -> Result<Self, Fault> {
        match (visitor.at_stage(Stage::SignedIn).cloned(), visitor.login.clone()) {
            (Some(session), Some(login)) => Ok(Self { visitor, session, login }),
            _ => Err(Fault::SignInFirst),
        }
    }

    /// The record, if this is its holder; a page of holders does not exist for others.
    pub(super) fn holder(&self) -> Result<Uuid, Fault> {
        match (self.login.kind, self.login.account) {
            (LoginKind::Holder, Some(account)) => Ok(account),
            _ => Err(Fault::NotFound),
        }
    }

    /// A page of representatives does not exist for holders.
    pub(super) fn representative(&self) -> Result<Uuid, Fault> {
        match self.login.kind {
            LoginKind::Representative => Ok(self.login.id),
            LoginKind::Holder => Err(Fault::NotFound),
        }
    }
}

impl FromRequestParts<Arc<Portal>> for Signed {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, portal: &Arc<Portal>) -> Result<Self, Fault> {
        Self::of(Visitor::from_request_parts(parts, portal).await?)
    }
}

/// A form of someone signed in.
pub struct SignedPost {
    pub signed: Signed,
    pub form: Form,
}

impl FromRequest<Arc<Portal>> for SignedPost {
    type Rejection = Fault;

    async fn from_request(request: Request, portal: &Arc<Portal>) -> Result<Self, Fault> {
        let Posted { visitor, form } = Posted::from_request(request, portal).await?;
        let signed = Signed::of(visitor)?;
        // What somebody signed in may change was shown in that very session.
        let expected = signed.visitor.token.csrf(&portal.app.keys);
        if !form.get("csrf").expose(|sent| secrets::same(sent.as_bytes(), expected.as_bytes())) {
            return Err(Fault::Forged);
        }
        Ok(Self { signed, form })
    }
}

/// Browser and system, as far as they name themselves; nothing finer is kept.
fn agent(header: &str) -> String {
    let first = |table: &[(&'static str, &'static str)]| {
        table.iter().find(|(mark, _)| header.contains(mark)).map_or("", |(_, name)| name)
    };
    let browser = first(&[
        ("Firefox/", "Firefox"),
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    json!({ "browser": browser, "system": system }).to_string()
}

#[cfg(test)]
mod tests {
    use super::{HALF_WAY, LONGEST, agent};
    use crate::clock::MINUTE;
    use crate::portal::rows::{Session, Stage};
    use uuid::Uuid;

    const IDLE: i64 = 15 * MINUTE;

    fn session(stage: Stage, last_used: i64) -> Session {
        Session { last_used, ..Session::begun([0; 32], Uuid::nil(), stage, String::new(), 1000) }
    }

    #[test]
    fn a_session_ends_after_15_idle_minutes_after_8_hours_and_when_it_is_ended() {
        assert!(session(Stage::SignedIn, 1000).live_at(999 + IDLE, IDLE));
        assert!(!session(Stage::SignedIn, 1000).live_at(1000 + IDLE, IDLE));
        assert!(session(Stage::SignedIn, 1000 + LONGEST).live_at(999 + LONGEST, IDLE));
        assert!(!session(Stage::SignedIn, 1000 + LONGEST).live_at(1000 + LONGEST, IDLE));
        assert!(!Session { ended_at: Some(1), ..session(Stage::SignedIn, 1000) }.live_at(1001, IDLE));
        assert!(!session(Stage::SecondStep, 1000 + HALF_WAY).live_at(1000 + HALF_WAY, IDLE));
    }

    #[test]
    fn each_step_of_a_registration_has_half_an_hour() {
        let at = 1000 + 50 * MINUTE;
        assert!(session(Stage::Register, at).live_at(at + HALF_WAY - 1, IDLE));
        assert!(!session(Stage::Register, at).live_at(at + HALF_WAY, IDLE));
        assert!(!session(Stage::Register, 1000 + LONGEST).live_at(1000 + LONGEST, IDLE));
    }

    #[test]
    fn of_a_browser_only_its_name_is_kept() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
        assert_eq!(agent(chrome), r#"{"browser":"Chrome","system":"Linux"}"#);
        assert_eq!(agent("<script>"), r#"{"browser":"","system":""}"#);
    }
}
