//! Every call of the API as integrators need it: what it is for, what it takes, what it can answer. What a rule of
//! [`crate::roles`] implies (role, quarantine, revocation) is added from there.

use axum::http::Method;
use serde_json::{Value, json};
use verification_api::wire::ProblemType::{
    self, IdConflict, Malformed, NotFound, OfficerSession, RateLimited, ReferenceTaken, ReplyExpired, Role, TooLarge,
};
use verification_api::wire::{KIOSK_SIGNATURE_HEADER, OFFICER_SESSION_HEADER};

pub(super) const TAGS: [(&str, &str); 7] = [
    ("inspections", "A read document against its record."),
    ("verifications", "An identifier and its backup code."),
    ("referrals", "A visit handed over to an officer."),
    ("officers", "Sign-in and overrides."),
    ("kiosks", "Health, policy, heartbeats, calls for an officer."),
    ("certificates", "Enrolment and renewal."),
    ("log", "The audit log, for kiosks as its witnesses."),
];

/// One operation.
pub(super) struct Call {
    pub method: Method,
    pub path: &'static str,
    pub id: &'static str,
    pub tag: &'static str,
    pub summary: &'static str,
    pub about: &'static str,
    pub header: Option<&'static str>,
    /// Examples of the parts of its path.
    pub examples: &'static [(&'static str, &'static str)],
    /// Schema and example.
    pub body: Option<(&'static str, Value)>,
    pub replies: Vec<Reply>,
    /// Besides `unavailable` and what its rule implies.
    pub problems: &'static [ProblemType],
}

/// A reply that is no problem.
pub(super) struct Reply {
    pub status: u16,
    pub description: &'static str,
    pub media: &'static str,
    pub schema: Value,
    pub caching: &'static str,
}

const ID: &str = "01980000-0000-7000-8000-000000000001";
const VISIT: &str = "01980000-0000-7000-8000-000000000002";
const TIME: &str = "2026-11-25T20:04:05.006Z";
const SESSION: &str = "5f0c6a2e9b174d83a1e4c07f58d2b396";
const CODE: &str = "7KQ25-M4PXX-9ABCG-WXYZF";

pub(super) fn all() -> Vec<Call> {
    let mut calls = Vec::from(decisions());
    calls.extend(referrals());
    calls.extend(officers());
    calls.extend(kiosks());
    calls.extend(certificates());
    calls.extend(log());
    calls
}

/// The names between braces.
pub(super) fn path_parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split('}').next())
}

fn call(method: Method, path: &'static str, (id, tag): (&'static str, &'static str), summary: &'static str) -> Call {
    Call {
        method,
        path,
        id,
        tag,
        summary,
        about: "",
        header: None,
        examples: &[("id", ID), ("visit", VISIT), ("reference", "K07-7KQ2"), ("level", "0"), ("index", "000.p/1")],
        body: None,
        replies: vec![],
        problems: &[],
    }
}

impl Call {
    fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }

    fn header(self, header: &'static str) -> Self {
        Self { header: Some(header), ..self }
    }

    fn body(self, schema: &'static str, example: Value) -> Self {
        Self { body: Some((schema, example)), ..self }
    }

    fn answers(self, schema: &'static str) -> Self {
        self.replies(200, "Done.", super::reference(schema))
    }

    fn replies(mut self, status: u16, description: &'static str, schema: Value) -> Self {
        let (media, caching) = ("application/json", "no-store");
        self.replies.push(Reply { status, description, media, schema, caching });
        self
    }

    fn or(self, problems: &'static [ProblemType]) -> Self {
        Self { problems, ..self }
    }
}

fn decisions() -> [Call; 3] {
    const VERIFICATION: &str = "/kiosk/v1/verifications/{id}";
    [
        call(Method::PUT, "/kiosk/v1/inspections/{id}", ("inspect", "inspections"), "A read document against its record")
            .about(
                "Looked up by issuer, type and document number, else by A-Number. `how: keyed` needs an `officer_session`. \
                 What is not found or contradicts its record counts as a failing identifier of the kiosk. With \
                 `mock: true` nothing is stored and `record` is always `refer`. Counts once, as every PUT.",
            )
            .body(
                "InspectionRequest",
                json!({
                    "visit": VISIT, "lane": "7", "device_time": TIME, "how": "camera",
                    "document": {
                        "type": "permanent_resident_card", "document_number": "000000701", "issuer": "USA",
                        "primary_identifier": "SPECIMEN", "secondary_identifier": "ANNA", "birth_date": "1974-05-02",
                        "expiry_date": "2035-01-01", "a_number": "A000000701",
                    },
                    "checks": [{ "field": "composite", "verdict": "ok" }],
                }),
            )
            .answers("InspectionReply")
            .or(&[Malformed, TooLarge, IdConflict, ReplyExpired, RateLimited, OfficerSession]),
        call(Method::PUT, VERIFICATION, ("verify", "verifications"), "Redeem a backup code")
            .about(
                "`verified` uses the code up. `not_verified` is one reply for an unknown identifier and a wrong, used, \
                 revoked, expired, disabled or locked code, and for someone else's. Every try is charged before it is \
                 evaluated; success refunds. The body is padded with blanks to a multiple of 1,024 bytes. A kiosk's \
                 `purpose` is `inspection`, or `interview` with an `officer_session`; the other two belong to the clients \
                 of those roles. Counts once, as every PUT.",
            )
            .body(
                "VerificationRequest",
                json!({
                    "visit": VISIT, "identifier": { "type": "a_number", "value": "A000000701" }, "code": CODE,
                    "purpose": "inspection", "lane": "7", "device_time": TIME,
                }),
            )
            .answers("VerificationReply")
            .or(&[Malformed, TooLarge, IdConflict, ReplyExpired, RateLimited, OfficerSession, Role]),
        call(Method::GET, VERIFICATION, ("settle", "verifications"), "What became of a verification")
            .about(
                "For a caller whose connection broke: at least 30 s after its last try, and only then is 404 final. The \
                 caller's own verifications only. Free of limits.",
            )
            .replies(
                200,
                "The stored reply; after that was purged, the result alone and `purged: true`.",
                json!({ "anyOf": [super::reference("VerificationReply"), super::reference("Settlement")] }),
            )
            .replies(
                202,
                "Still at work: ask again.",
                json!({ "type": "object", "required": ["pending"], "properties": { "pending": { "const": true } } }),
            )
            .or(&[Malformed, NotFound]),
    ]
}

fn referrals() -> [Call; 3] {
    [
        call(Method::PUT, "/kiosk/v1/referrals/{visit}", ("refer", "referrals"), "Hand a visit over to an officer")
            .about(
                "Binds visit and reference to this kiosk until it is closed or 4 h old. Every visit that ends is handed \
                 over, also a complete one. `reference-taken`: draw another reference. For another kiosk than the one \
                 that stored it the referral does not exist. Counts once, as every PUT.",
            )
            .body(
                "ReferralRequest",
                json!({
                    "reference": "K07-7KQ2", "lane": "7", "reason": "code_not_verified",
                    "identifier": { "type": "a_number", "value": "A000000701" }, "verification_ids": [ID],
                }),
            )
            .answers("Receipt")
            .or(&[Malformed, NotFound, TooLarge, IdConflict, ReferenceTaken, ReplyExpired, RateLimited]),
        call(
            Method::GET,
            "/kiosk/v1/referrals/by-reference/{reference}",
            ("open_referral", "referrals"),
            "Open a referral by its reference",
        )
        .about("At any kiosk. 30 looks a minute for each session; each look is audited, also one that finds nothing.")
        .header(OFFICER_SESSION_HEADER)
        .answers("OpenedReferral")
        .or(&[Malformed, NotFound, RateLimited, OfficerSession]),
        call(Method::PUT, "/kiosk/v1/referrals/{visit}/closed", ("close_referral", "referrals"), "Close a referral")
            .about(
                "At the kiosk that referred, or from the session that opened it. `secondary` needs a `code`. The referral \
                 is deleted. Counts once, as every PUT.",
            )
            .body("ClosedRequest", json!({ "officer_session": SESSION, "outcome": "secondary", "code": "CD" }))
            .answers("Receipt")
            .or(&[Malformed, NotFound, TooLarge, IdConflict, ReplyExpired, RateLimited, OfficerSession]),
    ]
}

fn officers() -> [Call; 3] {
    [
        call(Method::POST, "/kiosk/v1/officers/sign-in", ("sign_in", "officers"), "An officer signs in")
            .about(
                "The session is bound to this kiosk; it ends 5 min after its last use, after 8 h, by sign-out, or when the \
                 officer is disabled. The fifth wrong PIN locks badge and kiosk for 15 s, doubling to 15 min \
                 (`rate-limited`). An unknown badge gets the reply of a wrong PIN. Never repeat it by itself.",
            )
            .body("SignInRequest", json!({ "badge": "B1", "pin": "123456" }))
            .answers("SignInReply")
            .or(&[Malformed, TooLarge, RateLimited, OfficerSession]),
        call(Method::DELETE, "/kiosk/v1/officers/session", ("sign_out", "officers"), "An officer signs out")
            .about("A session that is over already is no error: the wish is fulfilled.")
            .header(OFFICER_SESSION_HEADER)
            .answers("Receipt")
            .or(&[OfficerSession]),
        call(Method::PUT, "/kiosk/v1/overrides/{id}", ("override", "officers"), "An officer overrides a failed scan")
            .about(
                "Signed by the kiosk. Never refused for being late: if the session was not live at `decided_at`, or the \
                 officer had not signed in here in the 12 h before `offline_since`, it is stored and `flagged`. A visit \
                 that another kiosk referred is overridden only from the session that opened it. A signature by another \
                 key is `role`. Counts once, as every PUT.",
            )
            .header(KIOSK_SIGNATURE_HEADER)
            .body(
                "OverrideRequest",
                json!({
                    "visit": VISIT, "officer_session": SESSION, "decided_at": TIME, "reason": "worn_document",
                    "reading": { "source": "serial", "lines": ["I<UTOD231458907<<<<<<<<<<<<<<<"], "checks": [] },
                }),
            )
            .answers("OverrideReply")
            .or(&[Malformed, TooLarge, IdConflict, ReplyExpired, RateLimited, OfficerSession, Role]),
    ]
}

fn kiosks() -> [Call; 4] {
    [
        call(Method::GET, "/kiosk/v1/health", ("health", "kiosks"), "Is the service there")
            .about("Answered also while quarantined.")
            .answers("HealthReply"),
        call(Method::GET, "/kiosk/v1/policy", ("policy", "kiosks"), "What every kiosk follows")
            .about(
                "Groups of a code, timers, technicians' credentials that are revoked, officers who are disabled. Ask when \
                 `version` may have changed, at least every few minutes.",
            )
            .answers("Policy"),
        call(Method::POST, "/kiosk/v1/heartbeats", ("heartbeat", "kiosks"), "A kiosk tells how it is")
            .about("Every minute: health of each device, head of the journal, versions.")
            .body(
                "HeartbeatRequest",
                json!({
                    "devices": [{ "device": "reader", "state": "ready", "who": "nobody" }],
                    "journal": { "seq": 41, "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" },
                    "version": "0.1.0", "policy_version": null,
                }),
            )
            .answers("Receipt")
            .or(&[Malformed, TooLarge]),
        call(Method::POST, "/kiosk/v1/assistance", ("call_officer", "kiosks"), "A traveler calls an officer")
            .body("AssistanceRequest", json!({ "lane": "7", "visit": VISIT }))
            .answers("Receipt")
            .or(&[Malformed, TooLarge, RateLimited]),
    ]
}

fn certificates() -> [Call; 2] {
    const PEM: &str = "-----BEGIN CERTIFICATE REQUEST-----\n…\n-----END CERTIFICATE REQUEST-----\n";
    [
        call(Method::POST, "/kiosk/v1/certificate", ("renew", "certificates"), "The caller's next certificate")
            .about(
                "At two thirds of a certificate's life. Only the request's public key is used. The old key ends at the \
                 first request with the new one, or at its expiry; a lost reply is asked again with the same key.",
            )
            .body("CertificateRequest", json!({ "csr": PEM }))
            .answers("CertificateReply")
            .or(&[Malformed, TooLarge, RateLimited]),
        call(Method::POST, "/enroll", ("enrol", "certificates"), "A new kiosk asks for its first certificate")
            .about(
                "On the portal's port, without a client certificate, with the one-time code of `kiosk invite`, within 10 \
                 minutes. One reply (`not-found`) for a code that is wrong, used or too old. Check the root of the \
                 connection's chain before the code is sent.",
            )
            .body("EnrolRequest", json!({ "code": "8M2K-71QW-5D0P-XH4T-9C6R-B3Z", "csr": PEM }))
            .answers("EnrolReply")
            .or(&[Malformed, TooLarge, NotFound, IdConflict]),
    ]
}

fn log() -> [Call; 2] {
    let mut checkpoint = call(
        Method::GET,
        "/log/v1/checkpoint",
        ("checkpoint", "log"),
        "The newest checkpoint of the audit log",
    )
    .about(
        "A signed note (C2SP tlog-checkpoint): the log's name, the size of its RFC 6962 tree, its root, signed with \
             Ed25519. Heartbeats carry the same.",
    );
    checkpoint.replies.push(Reply {
        status: 200,
        description: "A signed note.",
        media: "text/plain; charset=utf-8",
        schema: json!({ "type": "string" }),
        caching: "no-store",
    });
    let mut tile = call(Method::GET, "/log/v1/tile/{level}/{index}", ("tile", "log"), "Hashes of the audit log's tree")
        .about(
            "C2SP tlog-tiles, height 8: up to 256 hashes of 32 bytes, to prove that one checkpoint continues another.",
        )
        .or(&[NotFound]);
    tile.replies.push(Reply {
        status: 200,
        description: "As many hashes as the address says.",
        media: "application/octet-stream",
        schema: json!({}),
        caching: "private, max-age=31536000, immutable",
    });
    [checkpoint, tile]
}

/// What holds between members of a request, which a Rust type does not say.
pub(super) fn conditions() -> [(&'static str, Value); 5] {
    let absent = json!({ "type": "null" });
    let text = json!({ "type": "string" });
    [
        (
            "WireIdentifier",
            json!({
                "if": { "properties": { "type": { "const": "a_number" } } },
                "then": { "properties": { "value": { "pattern": "^A[0-9]{9}$" } } },
                "else": { "properties": { "value": { "pattern": r"^[A-Z]{3}\*?[0-9]{10}$" } } },
            }),
        ),
        (
            "VerificationRequest",
            json!({
                "if": { "properties": { "purpose": { "const": "representative_access" } } },
                "then": { "required": ["representative"], "properties": { "representative": text } },
                "else": { "properties": { "representative": absent } },
            }),
        ),
        (
            "ClosedRequest",
            json!({
                "if": { "properties": { "outcome": { "const": "secondary" } } },
                "then": { "required": ["code"], "properties": { "code": text } },
            }),
        ),
        (
            "OverrideRequest",
            json!({
                "oneOf": [
                    {
                        "required": ["officer_session"],
                        "properties": { "officer_session": text, "officer": absent, "offline_since": absent },
                    },
                    {
                        "required": ["officer", "offline_since"],
                        "properties": { "officer_session": absent, "officer": text, "offline_since": text },
                    },
                ],
                "if": { "properties": { "reason": { "const": "other" } } },
                "then": { "required": ["note"], "properties": { "note": { "type": "string", "minLength": 1 } } },
            }),
        ),
        (
            "Reading",
            json!({
                "oneOf": [
                    { "required": ["lines"], "properties": { "lines": { "minItems": 1 }, "payload_hex": absent } },
                    { "required": ["payload_hex"], "properties": { "lines": { "maxItems": 0 }, "payload_hex": text } },
                ],
            }),
        ),
    ]
}
