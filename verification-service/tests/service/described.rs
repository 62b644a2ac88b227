//! Every reply of every test is one that the OpenAPI document tells of: status, media type, headers, problem type.

use super::Answer;
use reqwest::Method;
use serde_json::Value;
use std::sync::LazyLock;

static DOCUMENT: LazyLock<Value> = LazyLock::new(verification_service::openapi::document);

/// Fails if the document does not have this reply of this call.
pub fn check(method: &Method, path: &str, answer: &Answer) {
    let asked = format!("{method} {path}: {} {}", answer.status, String::from_utf8_lossy(&answer.bytes));
    let Some(operation) = operation(method, path) else {
        assert_eq!(answer.problem(), "not-found", "{asked}: no such operation");
        return;
    };
    let mut described = &operation["responses"][answer.status.as_str()];
    if let Some(name) = described["$ref"].as_str().and_then(|target| target.strip_prefix("#/components/responses/")) {
        described = &DOCUMENT["components"]["responses"][name];
    }
    assert!(described.is_object(), "{asked}: no such status");
    for (name, header) in described["headers"].as_object().unwrap() {
        let value = answer.header(&name.to_ascii_lowercase());
        assert!(value.is_some() || header["required"] != true, "{asked}: without {name}");
        if let (Some(wanted), Some(value)) = (header["schema"]["const"].as_str(), value) {
            assert_eq!(value, wanted, "{asked}: {name}");
        }
    }
    let media = answer.header("content-type").unwrap_or_default();
    let content = described["content"].as_object().unwrap();
    let content = content.get(media).unwrap_or_else(|| panic!("{asked}: {media} is not described"));
    if media == "application/problem+json" {
        let types = &content["schema"]["allOf"][1]["properties"]["type"]["enum"];
        let urn = &answer.json()["type"];
        assert!(types.as_array().unwrap().contains(urn), "{asked}: this type is not described");
    }
}

fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let method = method.as_str().to_ascii_lowercase();
    // A text part that is fixed comes before one that varies, as in the router: the fewest varying parts win.
    let mut fitting: Vec<_> =
        DOCUMENT["paths"].as_object()?.iter().filter(|(template, _)| fits(template, path)).collect();
    fitting.sort_by_key(|(template, _)| template.matches('{').count());
    fitting.iter().find_map(|(_, operations)| operations.get(&method))
}

fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            // A tile's number has slashes of its own.
            (Some("{index}"), Some(_)) => return true,
            (Some(part), Some(text)) if part == text || (part.starts_with('{') && !text.is_empty()) => {}
            _ => return false,
        }
    }
}
