//! Errors: RFC 9457 problem documents, `application/problem+json`.

use serde::{Deserialize, Serialize};

/// What went wrong; the list is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemType {
    Malformed,
    IdConflict,
    ReferenceTaken,
    ReplyExpired,
    RateLimited,
    Quarantined,
    Revoked,
    Role,
    OfficerSession,
    NotFound,
    TooLarge,
    Unavailable,
}

impl ProblemType {
    pub const ALL: [Self; 12] = [
        Self::Malformed,
        Self::IdConflict,
        Self::ReferenceTaken,
        Self::ReplyExpired,
        Self::RateLimited,
        Self::Quarantined,
        Self::Revoked,
        Self::Role,
        Self::OfficerSession,
        Self::NotFound,
        Self::TooLarge,
        Self::Unavailable,
    ];

    /// The member `type`.
    #[must_use]
    pub const fn urn(self) -> &'static str {
        match self {
            Self::Malformed => "urn:poe:problem:malformed",
            Self::IdConflict => "urn:poe:problem:id-conflict",
            Self::ReferenceTaken => "urn:poe:problem:reference-taken",
            Self::ReplyExpired => "urn:poe:problem:reply-expired",
            Self::RateLimited => "urn:poe:problem:rate-limited",
            Self::Quarantined => "urn:poe:problem:quarantined",
            Self::Revoked => "urn:poe:problem:revoked",
            Self::Role => "urn:poe:problem:role",
            Self::OfficerSession => "urn:poe:problem:officer-session",
            Self::NotFound => "urn:poe:problem:not-found",
            Self::TooLarge => "urn:poe:problem:too-large",
            Self::Unavailable => "urn:poe:problem:unavailable",
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed => 422,
            Self::IdConflict | Self::ReferenceTaken => 409,
            Self::ReplyExpired => 410,
            Self::RateLimited => 429,
            Self::Quarantined | Self::Revoked | Self::Role | Self::OfficerSession => 403,
            Self::NotFound => 404,
            Self::TooLarge => 413,
            Self::Unavailable => 503,
        }
    }

    /// The member `title`: the same sentence for every occurrence.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Malformed => "The request is not well formed",
            Self::IdConflict => "Another request has this id",
            Self::ReferenceTaken => "An open referral has this reference: draw another",
            Self::ReplyExpired => "The stored reply has been purged; the request is not evaluated again",
            Self::RateLimited => "Too many requests: wait as Retry-After says",
            Self::Quarantined => "This kiosk is quarantined: the agency must release it",
            Self::Revoked => "This kiosk's certificate is not accepted any more: the agency must act",
            Self::Role => "This client may not do this",
            Self::OfficerSession => "An officer must sign in",
            Self::NotFound => "There is nothing here",
            Self::TooLarge => "The request is larger than 64 KiB",
            Self::Unavailable => "The service cannot answer now: try the same request again",
        }
    }

    /// The type of that urn.
    #[must_use]
    pub fn from_urn(urn: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.urn() == urn)
    }
}

/// A problem document. `detail` never repeats what was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::ProblemUrn))]
    pub r#type: String,
    pub title: String,
    pub status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Problem {
    #[must_use]
    pub fn new(r#type: ProblemType, detail: Option<String>) -> Self {
        Self { r#type: r#type.urn().to_owned(), title: r#type.title().to_owned(), status: r#type.status(), detail }
    }

    /// What it is, if this program knows the type.
    #[must_use]
    pub fn kind(&self) -> Option<ProblemType> {
        ProblemType::from_urn(&self.r#type)
    }
}
