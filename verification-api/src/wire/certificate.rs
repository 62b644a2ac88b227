//! Certificates: enrolment of a new kiosk and renewal of its certificate.

use super::Timestamp;
use crate::personal::{self, PersonalText};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `POST /kiosk/v1/certificate`: asks for a new certificate. Of the request (PKCS #10, PEM) only the public key is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CertificateRequest {
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::CertificateRequestPem))]
    pub csr: String,
}

/// A new certificate. The key that asked goes on being accepted until the first request with the new one, or until its
/// own certificate expires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CertificateReply {
    /// PEM: the new certificate, then the CA's.
    pub chain: String,
    pub not_after: Timestamp,
    pub checkpoint: String,
    pub server_time: Timestamp,
}

/// `POST /enroll` on the portal's port, without a client certificate.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EnrolRequest {
    /// The one-time code, 112 random bits, as `kiosk invite` printed it.
    #[serde(with = "personal::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::EnrolmentCode))]
    pub code: PersonalText,
    /// PKCS #10, PEM.
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::CertificateRequestPem))]
    pub csr: String,
}

/// Everything that a kiosk keeps besides its key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolReply {
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::UuidV7))]
    pub kiosk: Uuid,
    pub number: String,
    pub lane: String,
    /// Where the kiosks' API is: `https://host:port`.
    pub url: String,
    /// PEM: the kiosk's certificate, then the CA's.
    pub chain: String,
    pub not_after: Timestamp,
    /// The keys that may sign the audit log, of which the kiosk is a witness: C2SP verifier keys, one a line.
    pub log: String,
    /// PEM: the key that signs technicians' credentials.
    pub technician_public_key: String,
    /// 32 bytes, hex: what technicians' PINs are derived with.
    #[serde(with = "personal::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^[0-9a-f]{64}$"))]
    pub technician_pepper: PersonalText,
}
