//! The OpenAPI document: complete, and the copy in docs/ is today's.

use serde_json::Value;
use std::collections::BTreeSet;
use verification_api::wire::ProblemType;
use verification_service::openapi::{document, text};
use verification_service::roles::ROUTES;

#[test]
fn the_copy_in_docs_is_todays() {
    let copy = include_str!("../../../docs/openapi.json");
    assert!(copy == text(), "docs/openapi.json is not what the program prints. Renew it:  make openapi");
}

#[test]
fn its_operations_are_the_routes_of_the_table_and_enrolment() {
    let document = document();
    let mut described = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            described.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let routes = ROUTES.iter().map(|(method, path, _)| format!("{method} {}", path.replace("{*", "{")));
    let routes: BTreeSet<String> = routes.chain(["POST /enroll".to_owned()]).collect();
    assert_eq!(described, routes);
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    let document = document();
    let mut used = BTreeSet::new();
    references(&document, &mut used);
    let named = |kind: &str| {
        let components = document["components"][kind].as_object().unwrap();
        components.keys().map(|name| format!("#/components/{kind}/{name}")).collect::<Vec<_>>()
    };
    let there: BTreeSet<String> = named("schemas").into_iter().chain(named("responses")).collect();
    assert_eq!(used, there);
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(target) if name == "$ref" => drop(found.insert(target.clone())),
                    other => references(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn requests_refuse_unknown_members_and_every_problem_type_is_answered_somewhere() {
    let document = document();
    let text = document.to_string();
    let paths = document["paths"].as_object().unwrap();
    for operation in paths.values().flat_map(|path| path.as_object().unwrap().values()) {
        let body = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        if let Some(name) = body.as_str().and_then(|name| name.rsplit('/').next()) {
            assert_eq!(document["components"]["schemas"][name]["additionalProperties"], false, "{name}");
        }
    }
    for problem in ProblemType::ALL {
        // In the list of types, in a response's description and in its schema.
        assert!(text.matches(problem.urn()).count() >= 3, "{} is in no operation", problem.urn());
    }
}

#[test]
fn descriptions_are_for_readers_of_the_document() {
    let text = text();
    assert!(!text.contains("[`"), "a link of a Rust comment is in the document");
}
