//! Rows of the portal. Sealed members stay sealed here.

use crate::secrets::Tag;
use uuid::Uuid;

/// Whose sign-in it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginKind {
    /// Of the record itself.
    Holder,
    /// An attorney or accredited representative, who may have many clients.
    Representative,
}

impl LoginKind {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Holder => "holder",
            Self::Representative => "representative",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Holder, Self::Representative].into_iter().find(|kind| kind.name() == name)
    }
}

/// Someone who can sign in.
#[derive(Clone)]
pub struct Login {
    /// Also the pseudonym in the audit log.
    pub id: Uuid,
    pub kind: LoginKind,
    /// A holder's record.
    pub account: Option<Uuid>,
    /// Sealed for (id, "user name").
    pub user_name: Vec<u8>,
    pub salt: [u8; 16],
    /// Bound to (id, "password").
    pub tag: Tag,
    pub password_at: i64,
    /// Sealed for (id, "totp").
    pub totp: Option<Vec<u8>>,
    /// The last step whose code was taken.
    pub totp_step: i64,
    pub made_at: i64,
}

#[derive(Clone)]
pub struct StoredPasskey {
    pub id: Uuid,
    pub login: Uuid,
    /// JSON of the library, sealed for (login, "passkey").
    pub sealed: Vec<u8>,
    pub made_at: i64,
    pub last_used: Option<i64>,
}

/// What a letter's code lets its receiver do.
#[derive(Clone)]
pub struct Invitation {
    pub hash: [u8; 32],
    pub kind: LoginKind,
    /// The holder's record, or the client's.
    pub account: Uuid,
    /// What a representative is invited to.
    pub representation: Option<Uuid>,
    pub made_at: i64,
    pub expires_at: i64,
    /// Used, replaced, or ended by wrong tries.
    pub ended_at: Option<i64>,
    pub tries: u32,
}

impl Invitation {
    #[must_use]
    pub const fn live_at(&self, at: i64) -> bool {
        self.ended_at.is_none() && at < self.expires_at
    }
}

/// How far a browser has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Holds a live invitation and proved to be its receiver.
    Register,
    /// Gave the right password.
    SecondStep,
    SignedIn,
}

impl Stage {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::SecondStep => "second_step",
            Self::SignedIn => "signed_in",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Register, Self::SecondStep, Self::SignedIn].into_iter().find(|stage| stage.name() == name)
    }
}

#[derive(Clone)]
pub struct Session {
    /// SHA-256 of the cookie.
    pub hash: [u8; 32],
    /// For lists and forms: names the session without opening it.
    pub id: Uuid,
    pub stage: Stage,
    pub login: Option<Uuid>,
    /// What a registration has so far: sealed for (id, "registration").
    pub registration: Option<Vec<u8>>,
    /// A passkey's ceremony half done: sealed for (id, "ceremony").
    pub ceremony: Option<Vec<u8>>,
    /// Browser and system, roughly, as JSON.
    pub agent: String,
    pub begun_at: i64,
    pub last_used: i64,
    /// When password and second factor were last given.
    pub fresh_at: i64,
    pub ended_at: Option<i64>,
}

impl Session {
    /// One that begins now, of nobody yet.
    pub fn begun(hash: [u8; 32], id: Uuid, stage: Stage, agent: String, at: i64) -> Self {
        Self {
            hash,
            id,
            stage,
            login: None,
            registration: None,
            ceremony: None,
            agent,
            begun_at: at,
            last_used: at,
            fresh_at: at,
            ended_at: None,
        }
    }
}

/// One of the holder's numbers.
#[derive(Clone)]
pub struct Number {
    /// `a_number` or `receipt`.
    pub kind: String,
    /// Sealed for (account, "identifier").
    pub sealed: Vec<u8>,
}

/// The newest code of a number, as its holder may see it.
#[derive(Clone)]
pub struct CodeStatus {
    pub id: Uuid,
    pub state: crate::store::rows::CodeState,
    pub made_at: i64,
    pub expires_at: i64,
    pub ended_at: Option<i64>,
    /// The last two symbols: sealed for (code, "hint").
    pub hint: Option<Vec<u8>>,
    /// Whether there is a copy to show again.
    pub copy: bool,
}

/// One use or try of a code.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub at: i64,
    pub verified: bool,
    pub purpose: String,
    /// The kiosk's number.
    pub kiosk: Option<String>,
}

/// A representative of one client.
#[derive(Clone)]
pub struct Representation {
    pub id: Uuid,
    /// The client.
    pub account: Uuid,
    pub login: Option<Uuid>,
    /// Name, firm and number as JSON: sealed for (id, "representative").
    pub sealed: Vec<u8>,
    /// Where the delegated code's own identifier stands, with a throttle row of its own. While the index key is changed it
    /// may move: see `representatives::place_of`.
    pub delegation: [u8; 32],
    pub made_at: i64,
    pub accepted_at: Option<i64>,
    pub ended_at: Option<i64>,
}

/// One line of somebody's own log.
#[derive(Clone)]
pub struct Activity {
    pub id: Uuid,
    pub at: i64,
    pub event: String,
    /// The record it is about: its holder sees it.
    pub account: Option<Uuid>,
    /// Who did it: sees it too.
    pub login: Option<Uuid>,
    pub representation: Option<Uuid>,
}
