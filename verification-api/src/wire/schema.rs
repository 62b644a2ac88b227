//! How the texts of the wire look that have no type of their own: for the OpenAPI document.
//!
//! A pattern describes the canonical form. Where the service forgives more (case, blanks, dashes), the description says so.

use super::{ProblemType, Timestamp};
use std::borrow::Cow;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{KnownFormat, RefOr};
use utoipa::{PartialSchema, ToSchema};

macro_rules! texts {
    ($($(#[doc = $doc:literal])+ $name:ident: $pattern:literal, $example:literal;)+) => {$(
        $(#[doc = $doc])+
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                text(concat!($($doc, "\n"),+), $pattern, $example).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )+};
}

texts! {
    /// A UUID of version 7 (RFC 9562), hyphenated, chosen by the caller.
    UuidV7: "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-7[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$",
        "01980000-0000-7000-8000-000000000001";
    /// The lane as configured at the kiosk: 1 to 32 printable characters.
    Lane: r"^[^\x00-\x1f\x7f-\x9f]{1,32}$", "7";
    /// An A-Number (`A` and nine digits) or a receipt number (three letters, ten digits; some begin `IOE*`). Case, blanks
    /// and dashes are forgiven.
    IdentifierValue: r"^(A[0-9]{9}|[A-Z]{3}\*?[0-9]{10})$", "A000000701";
    /// Four or six groups of four symbols and a check symbol, in Crockford's alphabet. Case, blanks and dashes are
    /// forgiven; i and l are 1, o is 0. A wrong check symbol is `malformed` and costs no try.
    Code: "^[0-9A-HJKMNP-TV-Z]{5}(-[0-9A-HJKMNP-TV-Z]{5}){3}((-[0-9A-HJKMNP-TV-Z]{5}){2})?$", "7KQ25-M4PXX-9ABCG-WXYZF";
    /// What `kiosk invite` printed: 23 symbols (112 bits) in groups of four. Case, blanks and dashes are forgiven.
    EnrolmentCode: "^([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{3}$", "8M2K-71QW-5D0P-XH4T-9C6R-B3Z";
    /// An officer's session: 128 bits, hex, of `POST /kiosk/v1/officers/sign-in` at the same kiosk.
    OfficerSession: "^[0-9a-fA-F]{32}$", "5f0c6a2e9b174d83a1e4c07f58d2b396";
    /// The kiosk's number, a dash, four symbols of Crockford's alphabet.
    Reference: "^[A-Z0-9]{1,8}-[0-9A-HJKMNP-TV-Z]{4}$", "K07-7KQ2";
    /// PKCS #10 in PEM for a P-256 key, signed with it. Only its public key is used.
    CertificateRequestPem: r"^-----BEGIN CERTIFICATE REQUEST-----[\s\S]+-----END CERTIFICATE REQUEST-----\s*$",
        "-----BEGIN CERTIFICATE REQUEST-----\n…\n-----END CERTIFICATE REQUEST-----\n";
}

/// The `type` of a problem document: one of the closed list.
pub struct ProblemUrn;

impl PartialSchema for ProblemUrn {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("What went wrong; the list is closed."))
            .enum_values(Some(ProblemType::ALL.map(ProblemType::urn)))
            .into()
    }
}

impl ToSchema for ProblemUrn {
    fn name() -> Cow<'static, str> {
        "ProblemType".into()
    }
}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        text(
            "RFC 3339, UTC, milliseconds: always 24 characters.",
            r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$",
            "2026-11-25T20:04:05.006Z",
        )
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .into()
    }
}

impl ToSchema for Timestamp {
    fn name() -> Cow<'static, str> {
        "Timestamp".into()
    }
}

fn text(description: &str, pattern: &str, example: &str) -> ObjectBuilder {
    let lines: Vec<&str> = description.lines().map(str::trim).collect();
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(lines.join(" ").trim()))
        .pattern(Some(pattern))
        .examples([example])
}
