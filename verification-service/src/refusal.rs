//! Why a request is not done: a problem type and, for the reader, what is meant. Nothing that was sent is repeated.

use std::borrow::Cow;
use verification_api::wire::ProblemType;

/// Becomes an RFC 9457 problem document at the edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub problem: ProblemType,
    pub detail: Option<Cow<'static, str>>,
    /// Seconds, for `Retry-After`.
    pub retry_after: Option<u32>,
}

impl Refusal {
    #[must_use]
    pub const fn new(problem: ProblemType) -> Self {
        Self { problem, detail: None, retry_after: None }
    }

    /// With a sentence for whoever reads the reply.
    #[must_use]
    pub fn because(problem: ProblemType, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { problem, detail: Some(detail.into()), retry_after: None }
    }

    #[must_use]
    pub fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::because(ProblemType::Malformed, detail)
    }

    /// Over a limit: one more is allowed after so many milliseconds.
    #[must_use]
    pub fn limited(millis: i64) -> Self {
        let retry_after = Some(crate::throttle::retry_after(millis));
        Self { problem: ProblemType::RateLimited, detail: None, retry_after }
    }
}

/// A failure inside: logged with its cause, told without.
impl From<crate::store::StoreError> for Refusal {
    fn from(why: crate::store::StoreError) -> Self {
        tracing::error!(cause = %why, "a request was not done");
        Self::new(ProblemType::Unavailable)
    }
}
