//! What the service tells every kiosk, and what a kiosk tells of itself.

use super::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `GET /kiosk/v1/policy`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Policy {
    /// Changes with the content.
    pub version: String,
    /// Groups of a new backup code: 4 or 6.
    #[cfg_attr(feature = "openapi", schema(minimum = 4, maximum = 6))]
    pub groups: u8,
    /// Times that hold at every kiosk, whatever its own configuration says; none if the agency leaves them to the kiosks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timers: Option<Timers>,
    /// Ids of technicians' credentials that are no longer taken.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<super::schema::UuidV7>))]
    pub revoked_technicians: Vec<Uuid>,
    /// Pseudonyms of officers whose cached sign-in ends.
    pub disabled_officers: Vec<String>,
    pub checkpoint: String,
    pub server_time: Timestamp,
}

/// Seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Timers {
    /// Without input until "do you need more time?".
    pub warn_s: u32,
    /// To answer it.
    pub answer_s: u32,
    /// How long the screen of a completed visit stands.
    pub complete_s: u32,
    /// How long the screen of a referral stands.
    pub referred_s: u32,
    /// How long a traveler is held while the referral is not stored.
    pub held_s: u32,
}

/// `POST /kiosk/v1/heartbeats`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HeartbeatRequest {
    #[cfg_attr(feature = "openapi", schema(max_items = 64))]
    pub devices: Vec<DeviceHealth>,
    /// The journal's newest record; null while there is none.
    pub journal: Option<JournalHead>,
    pub version: String,
    /// Of the policy that the kiosk follows; null before the first.
    pub policy_version: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DeviceHealth {
    pub device: String,
    pub state: DeviceState,
    pub who: WhoMustAct,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    Ready,
    Busy,
    Degraded,
    Failed,
    Absent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WhoMustAct {
    Nobody,
    Traveler,
    Officer,
    Technician,
    Vendor,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct JournalHead {
    #[cfg_attr(feature = "openapi", schema(format = "uint64", minimum = 0))]
    pub seq: u64,
    /// 64 lower-case hex digits.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-fA-F]{64}$"))]
    pub hash: String,
}

/// `POST /kiosk/v1/assistance`: a traveler calls an officer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AssistanceRequest {
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::Lane))]
    pub lane: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<super::schema::UuidV7>))]
    pub visit: Option<Uuid>,
}

/// `GET /kiosk/v1/health`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthReply {
    /// `ok`.
    pub status: String,
    pub version: String,
    pub checkpoint: String,
    pub server_time: Timestamp,
}
