//! Pages: the frame around each, forms with what was typed and what is wrong, and the guards of every reply.

use super::visitor::Visitor;
use super::words::Language;
use super::{Fault, Portal};
use crate::portal::rows::LoginKind;
use askama::Template;
use axum::http::header::{CONTENT_TYPE, LOCATION, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use fluent_bundle::FluentValue;
use std::sync::Arc;
use verification_api::personal::PersonalText;

/// What the layout needs of every page.
pub struct Frame {
    portal: Arc<Portal>,
    language: Language,
    pub title: String,
    pub csrf: String,
    /// Where this page is, for the language's switch.
    pub path: String,
    pub user: Option<User>,
    /// Whether a form below has something wrong: said in the title, too.
    pub wrong: bool,
}

/// Who is signed in.
pub struct User {
    pub name: PersonalText,
    pub holder: bool,
}

impl Frame {
    pub(super) fn new(portal: &Arc<Portal>, visitor: &Visitor, title: &str) -> Self {
        let user =
            visitor.user.as_ref().map(|(name, kind)| User { name: name.clone(), holder: *kind == LoginKind::Holder });
        Self {
            portal: Arc::clone(portal),
            language: visitor.language,
            title: portal.words.say(visitor.language, title, &[]),
            csrf: visitor.token.csrf(&portal.app.keys),
            path: visitor.path.clone(),
            user,
            wrong: false,
        }
    }

    pub(super) fn wrong(mut self, wrong: bool) -> Self {
        self.wrong = wrong;
        self
    }

    /// A message.
    #[must_use]
    pub fn t(&self, id: &str) -> String {
        self.portal.words.say(self.language, id, &[])
    }

    /// A message with one argument.
    #[must_use]
    pub fn with(&self, id: &str, name: &str, value: &str) -> String {
        self.portal.words.say(self.language, id, &[(name, FluentValue::from(value))])
    }

    /// A message that counts.
    #[must_use]
    pub fn count(&self, id: &str, n: &i64) -> String {
        self.portal.words.say(self.language, id, &[("count", FluentValue::from(*n))])
    }

    #[must_use]
    pub fn when(&self, millis: &i64) -> String {
        self.portal.words.moment(self.language, *millis)
    }

    #[must_use]
    pub fn day(&self, millis: &i64) -> String {
        self.portal.words.day(self.language, *millis)
    }

    #[must_use]
    pub fn lang(&self) -> &'static str {
        self.language.tag()
    }

    #[must_use]
    pub fn languages(&self) -> [Language; 2] {
        Language::ALL
    }

    #[must_use]
    pub fn is(&self, language: &Language) -> bool {
        self.language == *language
    }

    /// Whether the navigation's entry is where we are.
    #[must_use]
    pub fn at(&self, path: &str) -> bool {
        self.path == path || self.path.strip_prefix(path).is_some_and(|rest| path != "/" && rest.starts_with('/'))
    }

    /// Minutes without use after which one is signed out.
    #[must_use]
    pub fn idle_minutes(&self) -> i64 {
        self.portal.idle / crate::clock::MINUTE
    }

    /// Marks the embedded files of this build, so that browsers may keep them.
    #[must_use]
    pub fn build(&self) -> &str {
        &self.portal.build
    }
}

/// A form as shown again: what was typed, and what is wrong with it.
#[derive(Default)]
pub struct Filled {
    values: Vec<(&'static str, PersonalText)>,
    errors: Vec<(&'static str, String)>,
}

impl Filled {
    pub fn keep(&mut self, id: &'static str, value: PersonalText) {
        self.values.push((id, value));
    }

    /// Notes what is wrong with a field.
    pub fn wrong(&mut self, id: &'static str, message: String) {
        self.errors.push((id, message));
    }

    #[must_use]
    pub fn is_wrong(&self) -> bool {
        !self.errors.is_empty()
    }

    /// What was typed; for templates.
    #[must_use]
    pub fn value(&self, id: &str) -> String {
        let found = self.values.iter().find(|(name, _)| *name == id);
        found.map(|(_, value)| value.expose(ToOwned::to_owned)).unwrap_or_default()
    }

    #[must_use]
    pub fn error(&self, id: &str) -> Option<&str> {
        self.errors.iter().find(|(name, _)| *name == id).map(|(_, message)| message.as_str())
    }

    #[must_use]
    pub fn errors(&self) -> &[(&'static str, String)] {
        &self.errors
    }
}

/// A page as a reply.
pub(super) fn html<T: Template>(portal: &Portal, visitor: &Visitor, page: &T) -> Result<Response, Fault> {
    html_with(portal, visitor, StatusCode::OK, page)
}

/// A form that comes back with what is wrong.
pub(super) fn html_wrong<T: Template>(portal: &Portal, visitor: &Visitor, page: &T) -> Result<Response, Fault> {
    html_with(portal, visitor, StatusCode::UNPROCESSABLE_ENTITY, page)
}

pub(super) fn html_with<T: Template>(
    _portal: &Portal,
    visitor: &Visitor,
    status: StatusCode,
    page: &T,
) -> Result<Response, Fault> {
    let body = page.render().map_err(|why| {
        tracing::error!(cause = %why, "a page was not made");
        Fault::Unavailable
    })?;
    let mut response = (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], body).into_response();
    if visitor.token_is_new {
        set_cookie(&mut response, visitor.token.set_forms());
    }
    Ok(response)
}

/// "See other": after a form, so that reloading does not send it again.
pub(super) fn go(to: &str) -> Response {
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response()
}

pub(super) fn set_cookie(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// For templates: a personal text, into the page that its own person asked for.
#[must_use]
pub fn shown(text: &str) -> String {
    text.to_owned()
}

/// For templates: a code as the lines of a card. Four groups are one line, six are two of three.
#[must_use]
pub fn code_lines(text: &str) -> Vec<String> {
    let groups: Vec<&str> = text.split_inclusive('-').collect();
    let across = if groups.len() > 4 { 3 } else { 4 };
    groups.chunks(across).map(<[&str]>::concat).collect()
}

#[cfg(test)]
mod tests {
    use super::code_lines;

    #[test]
    fn a_code_stands_on_its_card_in_one_line_or_in_two_of_three_groups() {
        assert_eq!(code_lines("7KQ25-M4PXX-9ABCG-WXYZF"), ["7KQ25-M4PXX-9ABCG-WXYZF"]);
        let long = code_lines("GHJKP-MNPQ2-RSTVZ-WXYZF-00005-0001P");
        assert_eq!(long, ["GHJKP-MNPQ2-RSTVZ-", "WXYZF-00005-0001P"]);
    }
}
