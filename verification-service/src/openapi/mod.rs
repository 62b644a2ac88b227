//! The OpenAPI 3.1 document of the API: schemas from the wire types, operations from [`calls`], who may call them from the
//! table of [`crate::roles`]. `docs/openapi.json` is a copy, which a test compares.

mod calls;

use crate::roles::{self, Role};
use calls::{Call, Reply};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};
use verification_api::wire::{self, KIOSK_SIGNATURE_HEADER, OFFICER_SESSION_HEADER, ProblemType, schema};

const ABOUT: &str = "Inspection kiosks, filing systems and case systems ask this API about records and backup codes: TLS \
1.3 only, with a client certificate of the service's own authority. Every error is an RFC 9457 problem document with one \
of twelve types; a method that a path does not have is answered 405 with `Allow`, and `about:blank` as its type. Ids and visits are UUIDs of version 7, times are RFC 3339 UTC with milliseconds, an unknown member of a \
request is refused with 422, and replies may grow members. Every PUT counts once: the same bytes under the same id get \
the stored reply. What is not HTTP/1.1 at all gets an empty reply of status 400, 414 or 431, and its connection is closed.";

/// The document.
#[must_use]
pub fn document() -> Value {
    let mut paths = BTreeMap::<String, Map<String, Value>>::new();
    // Refusals that several operations answer with, by the names of their types.
    let mut refusals = BTreeMap::new();
    for call in calls::all() {
        let method = call.method.as_str().to_ascii_lowercase();
        paths.entry(call.path.to_owned()).or_default().insert(method, operation(&call, &mut refusals));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Inspection Kiosk: verification service",
            "version": "1",
            "summary": "Records and backup codes behind inspection kiosks.",
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "https://localhost:8443", "description": "the kiosks' port: mutual TLS" }],
        "tags": calls::TAGS.map(|(name, description)| json!({ "name": name, "description": description })),
        "security": [{ "mutualTLS": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "mutualTLS": {
                "type": "mutualTLS",
                "description": "A certificate of the service's kiosk authority whose SAN URI is `urn:poe:kiosk:<uuid>` or \
                    `urn:poe:client:<uuid>` and whose key is pinned for that client; both are checked on every request.",
            } },
            "schemas": schemas(),
            "responses": refusals,
        },
    })
}

/// The text of the document, as `docs/openapi.json` has it.
#[must_use]
pub fn text() -> String {
    format!("{:#}\n", document())
}

fn operation(call: &Call, refusals: &mut BTreeMap<String, Value>) -> Value {
    let mut parameters: Vec<Value> = calls::path_parameters(call.path).map(|name| path_parameter(call, name)).collect();
    parameters.extend(call.header.map(header_parameter));
    let rule =
        roles::ROUTES.iter().find(|(method, path, _)| *method == call.method && path.replace("{*", "{") == call.path);
    let mut problems = call.problems.to_vec();
    problems.push(ProblemType::Unavailable);
    let mut about = call.about.to_owned();
    if let Some((_, _, rule)) = rule {
        problems.push(ProblemType::Revoked);
        if !rule.quarantined {
            problems.push(ProblemType::Quarantined);
        }
        if rule.roles.len() < Role::ALL.len() {
            problems.push(ProblemType::Role);
        }
        let roles: Vec<&str> = rule.roles.iter().map(|role| role.name()).collect();
        about = format!("{about}\n\nRoles: {}.", roles.join(", "));
    }
    let mut operation = json!({
        "operationId": call.id,
        "tags": [call.tag],
        "summary": call.summary,
        "description": about,
        "responses": responses(call, &problems, refusals),
    });
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    if let Some((schema, example)) = &call.body {
        operation["requestBody"] = json!({
            "required": true,
            "description": "JSON of at most 65,536 bytes.",
            "content": { "application/json": { "schema": reference(schema), "examples": { "one": { "value": example } } } },
        });
    }
    if rule.is_none() {
        operation["security"] = json!([]);
        operation["servers"] = json!([{ "url": "https://localhost:8444", "description": "the portal's port: TLS without a client certificate" }]);
    }
    operation
}

fn path_parameter(call: &Call, name: &str) -> Value {
    let (schema, description) = match name {
        "id" => (reference("UuidV7"), "The caller's own id of this request."),
        "visit" => (reference("UuidV7"), "The visit."),
        "reference" => (reference("Reference"), "As printed; case does not count."),
        "level" => (json!({ "type": "string", "pattern": "^(0|[1-9]|[1-5][0-9]|6[0-3])$" }), "0 for hashes of leaves."),
        _ => (
            json!({ "type": "string", "pattern": r"^(x[0-9]{3}/)*[0-9]{3}(\.p/([1-9][0-9]{0,1}|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?$" }),
            "The tile's number in groups of three digits, all but the last after an `x`; `.p/W` for the first W hashes. The \
             slashes are part of the path.",
        ),
    };
    let example = call.examples.iter().find(|(of, _)| *of == name).map(|(_, value)| *value);
    json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema, "example": example })
}

fn header_parameter(name: &str) -> Value {
    let (schema, description) = match name {
        OFFICER_SESSION_HEADER => (reference("OfficerSession"), "Of `POST /kiosk/v1/officers/sign-in` at this kiosk."),
        _ => (
            json!({ "type": "string", "pattern": "^[0-9a-fA-F]{64}:[A-Za-z0-9+/]+={0,2}$" }),
            "SHA-256 of the signing key's SubjectPublicKeyInfo in hex, a colon, and the base64 of its ECDSA P-256 SHA-256 \
             signature (ASN.1, or r ‖ s) over the id, a line feed and the body. The key must have been this kiosk's at \
             `decided_at`.",
        ),
    };
    let name = if name == KIOSK_SIGNATURE_HEADER { "Kiosk-Signature" } else { "Officer-Session" };
    json!({ "name": name, "in": "header", "required": true, "description": description, "schema": schema })
}

fn responses(call: &Call, problems: &[ProblemType], refusals: &mut BTreeMap<String, Value>) -> Value {
    let mut responses = BTreeMap::new();
    for Reply { status, description, media, schema, caching: caching_ } in &call.replies {
        let (headers, content) =
            (json!({ "Cache-Control": caching(caching_) }), json!({ *media: { "schema": schema } }));
        responses
            .insert(status.to_string(), json!({ "description": description, "headers": headers, "content": content }));
    }
    let mut by_status = BTreeMap::<u16, Vec<ProblemType>>::new();
    for problem in ProblemType::ALL.into_iter().filter(|problem| problems.contains(problem)) {
        by_status.entry(problem.status()).or_default().push(problem);
    }
    for (status, problems) in by_status {
        responses.insert(
            status.to_string(),
            json!({ "$ref": format!("#/components/responses/{}", refusal_name(&problems)) }),
        );
        refusals.insert(refusal_name(&problems), refusal(status, &problems));
    }
    json!(responses)
}

fn refusal_name(problems: &[ProblemType]) -> String {
    let words: Vec<&str> =
        problems.iter().map(|problem| problem.urn().rsplit(':').next().unwrap_or_default()).collect();
    words.join("_or_")
}

fn refusal(status: u16, problems: &[ProblemType]) -> Value {
    let mut headers = json!({ "Cache-Control": caching("no-store") });
    if problems.contains(&ProblemType::RateLimited) {
        headers["Retry-After"] = json!({
            "description": "Seconds to wait.", "required": true, "schema": { "type": "integer", "minimum": 1 },
        });
    }
    let urns: Vec<&str> = problems.iter().map(|problem| problem.urn()).collect();
    let one_of = json!({ "properties": { "type": { "enum": urns }, "status": { "const": status } } });
    let titles: Vec<String> =
        problems.iter().map(|problem| format!("`{}`: {}.", problem.urn(), problem.title())).collect();
    json!({
        "description": titles.join(" "),
        "headers": headers,
        "content": { "application/problem+json": { "schema": { "allOf": [reference("Problem"), one_of] } } },
    })
}

fn caching(value: &str) -> Value {
    json!({ "description": "Who may keep the reply.", "required": true, "schema": { "type": "string", "const": value } })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// The schemas of all wire types that a call names, and of what they are made of.
fn schemas() -> Value {
    let mut found = Vec::new();
    add::<wire::InspectionRequest>(&mut found);
    add::<wire::InspectionReply>(&mut found);
    add::<wire::VerificationRequest>(&mut found);
    add::<wire::VerificationReply>(&mut found);
    add::<wire::Settlement>(&mut found);
    add::<wire::ReferralRequest>(&mut found);
    add::<wire::OpenedReferral>(&mut found);
    add::<wire::ClosedRequest>(&mut found);
    add::<wire::SignInRequest>(&mut found);
    add::<wire::SignInReply>(&mut found);
    add::<wire::OverrideRequest>(&mut found);
    add::<wire::OverrideReply>(&mut found);
    add::<wire::HeartbeatRequest>(&mut found);
    add::<wire::AssistanceRequest>(&mut found);
    add::<wire::HealthReply>(&mut found);
    add::<wire::Policy>(&mut found);
    add::<wire::CertificateRequest>(&mut found);
    add::<wire::CertificateReply>(&mut found);
    add::<wire::EnrolRequest>(&mut found);
    add::<wire::EnrolReply>(&mut found);
    add::<wire::Receipt>(&mut found);
    add::<wire::Problem>(&mut found);
    add::<schema::UuidV7>(&mut found);
    let mut schemas: BTreeMap<String, Value> =
        found.into_iter().map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default())).collect();
    for (name, condition) in calls::conditions() {
        if let (Some(Value::Object(schema)), Value::Object(condition)) = (schemas.get_mut(name), condition) {
            schema.extend(condition);
        }
    }
    json!(schemas)
}

fn add<T: ToSchema + PartialSchema>(found: &mut Vec<(String, RefOr<Schema>)>) {
    found.push((T::name().into_owned(), T::schema()));
    T::schemas(found);
}
