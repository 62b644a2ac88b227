//! What the portal answers to those who do not use a browser: headers, forged forms, guesses.

use crate::caller::Caller;
use crate::people::{ENGLISH, PASSWORD, Portal, WITHOUT_SCRIPTS};
use crate::support::{Site, http, roots};
use reqwest::StatusCode;

#[tokio::test]
async fn every_reply_is_guarded_and_nothing_inline_is_needed() {
    let portal = Portal::new();
    let mut caller = Caller::new(&portal);
    for path in ["/", "/sign-in", "/register", "/advice", "/nothing", "/health", "/account"] {
        let reply = caller.get(path).await;
        let header = |name: &str| reply.headers.get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none';"), "{path}");
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        for inline in [" style=", "<style", " onclick", " onload", "<script>", "javascript:"] {
            assert!(!reply.body.contains(inline), "{inline} in {path}");
        }
    }
    let cookie = Caller::new(&portal).get("/sign-in").await.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-form="));
    for guard in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(guard), "{guard}");
    }
    assert_eq!(caller.get("/account").await.headers["location"], "/sign-in?ended");
    let page = caller.get("/").await.body;
    let style = page.split("href=\"").find(|part| part.contains("portal.css")).unwrap().split('"').next().unwrap();
    assert!(caller.get(style).await.headers["cache-control"].to_str().unwrap().contains("immutable"));
    // Kiosks' TLS is not asked for here, and older versions are not spoken.
    assert!(http(old_tls(&portal)).get(format!("{}/health", caller.origin)).send().await.is_err());
}

fn old_tls(portal: &Portal) -> rustls::ClientConfig {
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider);
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS12]).unwrap();
    builder.with_root_certificates(roots(&portal.site.path("svc/root.pem"))).with_no_client_auth()
}

#[tokio::test]
async fn a_form_without_its_token_changes_nothing() {
    let portal = Portal::new();
    let browser = portal.browser(WITHOUT_SCRIPTS).await;
    let key = portal.register(&browser, "anna").await;
    portal.make_code(&browser, "a-number", &key).await;
    let mut caller = Caller::new(&portal);
    let csrf = caller.csrf("/sign-in").await;
    let form = [("user-name", "anna"), ("password", PASSWORD)];
    for wrong in ["", &csrf.replace(['0', '1', '2'], "3"), &"0".repeat(64)] {
        assert_eq!(caller.post("/sign-in", wrong, &form).await.status, StatusCode::FORBIDDEN);
    }
    // The token of one browser is worth nothing in another.
    let mut other = Caller::new(&portal);
    other.get("/sign-in").await;
    assert_eq!(other.post("/sign-in", &csrf, &form).await.status, StatusCode::FORBIDDEN);
    // A right token, from another site.
    let request = caller.http.post(format!("{}/sign-in", caller.origin)).header("sec-fetch-site", "cross-site");
    let request = request.body(format!("csrf={csrf}&user-name=anna&password=x"));
    assert_eq!(caller.call(request).await.status, StatusCode::FORBIDDEN);
    let before = caller.cookies.clone();
    assert_eq!(caller.post("/sign-in", &csrf, &form).await.status, StatusCode::SEE_OTHER);
    assert_ne!(caller.cookies, before, "the session is another one after the password");
    // Signed in but for the second step: no page is there yet.
    assert_eq!(caller.get("/backup-code").await.headers["location"], "/sign-in?ended");
    let csrf = caller.csrf("/sign-in/second-step").await;
    let before = caller.cookies.clone();
    let code = portal.code(&key).await;
    let reply = caller.post("/sign-in/second-step", &csrf, &[("one-time-code", &code)]).await;
    assert_eq!(reply.headers["location"], "/account");
    assert_ne!(caller.cookies, before, "and another one when signed in");
    assert_eq!(caller.post("/backup-code/a-number/revoke", "", &[]).await.status, StatusCode::FORBIDDEN);
    assert!(caller.get("/backup-code").await.body.contains("code-kind-active"));
    let csrf = caller.csrf("/backup-code/a-number/revoke").await;
    caller.post("/backup-code/a-number/revoke", &csrf, &[]).await;
    assert!(!caller.get("/backup-code").await.body.contains("code-kind-active"));
}

/// Older browsers do not say that another site led them here.
#[tokio::test]
async fn without_its_cookie_a_request_gets_no_session_and_what_it_is_shown_still_works() {
    let portal = Portal::new();
    let browser = portal.browser(WITHOUT_SCRIPTS).await;
    let key = portal.register(&browser, "anna").await;
    let mut caller = Caller::new(&portal);
    caller.sign_in(&portal, &key).await;
    let session = caller.cookies["__Host-session"].clone();
    let kept = std::mem::take(&mut caller.cookies);
    for path in ["/", "/account", "/nothing", "/register", "/sign-in"] {
        let reply = caller.get(path).await;
        let set = reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned());
        let set: Vec<String> = set.filter(|cookie| cookie.contains("session")).collect();
        assert!(set.is_empty(), "{path}: {set:?}");
    }
    // The form that was shown without a session is sent with it.
    let csrf = caller.csrf("/sign-in").await;
    caller.cookies.extend(kept.into_iter().filter(|(name, _)| name == "__Host-session"));
    assert_eq!(caller.get("/account").await.status, StatusCode::OK);
    let form = [("user-name", "anna"), ("password", PASSWORD)];
    assert_eq!(caller.post("/sign-in", &csrf, &form).await.headers["location"], "/sign-in/second-step");
    assert_ne!(caller.cookies["__Host-session"], session, "a session begins in place of the older one");
    // But it changes nothing in an account.
    let csrf = caller.csrf("/sign-in/second-step").await;
    let code = portal.code(&key).await;
    caller.post("/sign-in/second-step", &csrf, &[("one-time-code", &code)]).await;
    let mut stranger = Caller::new(&portal);
    let csrf = stranger.csrf("/sign-in").await;
    caller.cookies.insert("__Host-form".to_owned(), stranger.cookies["__Host-form"].clone());
    assert_eq!(caller.post("/sign-out", &csrf, &[]).await.status, StatusCode::FORBIDDEN);
}

/// A page of another site that leads here.
#[tokio::test]
async fn who_is_led_here_by_another_site_is_led_on_to_our_own_pages_only() {
    let portal = Portal::new();
    let mut caller = Caller::new(&portal);
    for (path, led) in [
        ("/account", true),
        ("/sign-in?ended", true),
        ("//example.org/x", false),
        ("/a\"b", false),
        ("/a'b", false),
        ("/a;b", false),
    ] {
        let request = caller.http.get(format!("{}{path}", caller.origin));
        let request = request.header("sec-fetch-site", "cross-site").header("sec-fetch-mode", "navigate");
        let body = caller.call(request).await.body;
        assert_eq!(body.contains(&format!("http-equiv=\"refresh\" content=\"0;url={path}\"")), led, "{body}");
        assert_eq!(body.contains("refresh"), led, "{body}");
    }
    assert!(caller.cookies.is_empty());
    assert!(!caller.get("/").await.body.contains("refresh"));
}

#[tokio::test]
async fn a_code_of_the_app_is_taken_once() {
    let portal = Portal::new();
    let browser = portal.browser(WITHOUT_SCRIPTS).await;
    let key = portal.register(&browser, "anna").await;
    let mut signed_in = vec![];
    let code = portal.code(&key).await;
    for _ in 0..2 {
        let mut caller = Caller::new(&portal);
        let csrf = caller.csrf("/sign-in").await;
        caller.post("/sign-in", &csrf, &[("user-name", "anna"), ("password", PASSWORD)]).await;
        let csrf = caller.csrf("/sign-in/second-step").await;
        let reply = caller.post("/sign-in/second-step", &csrf, &[("one-time-code", &code)]).await;
        signed_in.push(reply.status == StatusCode::SEE_OTHER);
    }
    assert_eq!(signed_in, [true, false]);
}

#[tokio::test]
async fn an_unknown_user_name_gets_the_reply_of_a_wrong_password_and_both_lock() {
    let portal = Portal::new();
    let browser = portal.browser(ENGLISH).await;
    portal.register(&browser, "anna").await;
    let mut bodies = vec![];
    for name in ["anna", "hugo"] {
        let mut caller = Caller::new(&portal);
        let mut replies = vec![];
        for _ in 0..7 {
            let csrf = caller.csrf("/sign-in").await;
            let form = [("user-name", name), ("password", "not the password 1")];
            let reply = caller.post("/sign-in", &csrf, &form).await;
            assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
            replies.push(reply.body.replace(&csrf, "").replace(name, ""));
        }
        assert_eq!(replies[0], replies[4], "five tries are weighed");
        assert!(replies[5].contains("Too many tries"), "then it locks: {}", replies[5]);
        bodies.push(replies);
    }
    assert_eq!(bodies[0], bodies[1]);
    // While it is locked, the right password is not weighed either.
    let mut caller = Caller::new(&portal);
    let csrf = caller.csrf("/sign-in").await;
    let reply = caller.post("/sign-in", &csrf, &[("user-name", "anna"), ("password", PASSWORD)]).await;
    assert!(reply.body.contains("Too many tries"));
}

#[tokio::test]
async fn what_a_person_types_is_shown_as_text() {
    let portal = Portal::new();
    let browser = portal.browser(ENGLISH).await;
    let key = portal.register(&browser, "anna").await;
    let (name, firm) = ("<i id='planted'>Ruth</i>", "\"><script>document.title = 'planted'</script>");
    browser.go("/representatives/add").await;
    browser.fill("#representative-name", name).await;
    browser.fill("#firm", firm).await;
    browser.fill("#roll-number", "EOIR-12345").await;
    // Once as a form that comes back, and then as it was stored.
    browser.click("fieldset button").await;
    for stored in [false, true] {
        if stored {
            portal.confirm(&browser, PASSWORD, &key).await;
            browser.go("/representatives").await;
            let list = browser.text(".rows").await;
            assert!(list.contains(name) && list.contains(firm), "{list}");
        } else {
            assert_eq!(browser.attribute("#firm", "value").await, firm);
        }
        assert!(!browser.has("#planted").await, "stored: {stored}");
        assert_ne!(browser.title().await, "planted", "stored: {stored}");
    }
}

#[tokio::test]
async fn away_from_localhost_browsers_are_told_to_use_tls_only() {
    let told = async |origin: &str| {
        let site = Site::new();
        let text = std::fs::read_to_string(site.config()).unwrap();
        std::fs::write(site.config(), text.replace("[portal]\n", &format!("[portal]\n{origin}\n"))).unwrap();
        let portal = Portal::on(site);
        let reply = Caller::new(&portal).get("/").await;
        reply.headers.get("strict-transport-security").map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(told("origin = \"https://records.example\"").await.as_deref(), Some("max-age=31536000"));
    assert_eq!(told("").await, None, "a browser would apply it to all that a developer runs");
}

#[tokio::test]
async fn looking_at_a_page_changes_nothing() {
    let portal = Portal::new();
    let browser = portal.browser(WITHOUT_SCRIPTS).await;
    let key = portal.register(&browser, "anna").await;
    portal.make_code(&browser, "a-number", &key).await;
    let mut caller = Caller::new(&portal);
    caller.sign_in(&portal, &key).await;
    // Every change writes its row.
    let rows = async || portal.site.text("SELECT CAST(MAX(seq) AS TEXT) FROM audit").await;
    let before = rows().await;
    for path in [
        "/account",
        "/backup-code",
        "/backup-code/a-number/new",
        "/backup-code/a-number/view",
        "/backup-code/a-number/revoke",
        "/representatives",
        "/representatives/add",
        "/security",
        "/security/password",
        "/security/app",
        "/security/passkeys/add",
        "/sessions",
        "/activity",
    ] {
        assert_eq!(caller.get(path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(rows().await, before);
    assert!(caller.get("/backup-code").await.body.contains("code-kind-active"));
}

#[tokio::test]
async fn password_fields_hide_and_let_password_managers_in() {
    let portal = Portal::new();
    let browser = portal.browser(WITHOUT_SCRIPTS).await;
    let key = portal.register(&browser, "anna").await;
    let mut signed_in = Caller::new(&portal);
    signed_in.sign_in(&portal, &key).await;
    let mut stranger = Caller::new(&portal);
    for (path, wanted) in [
        ("/sign-in", ["current-password"].as_slice()),
        ("/security/password", &["new-password", "new-password", "current-password"]),
        ("/backup-code/a-number/new", &["current-password"]),
    ] {
        let caller = if path == "/sign-in" { &mut stranger } else { &mut signed_in };
        let page = caller.get(path).await.body;
        let inputs = page.split("<input ").skip(1).map(|rest| rest.split('>').next().unwrap());
        let fields: Vec<&str> = inputs.filter(|input| input.contains("password\"")).collect();
        assert_eq!(fields.len(), wanted.len(), "{path}: {fields:?}");
        for (field, wanted) in fields.iter().zip(wanted) {
            assert!(field.contains("type=\"password\"") && !field.contains("value="), "{path}: {field}");
            assert!(field.contains(&format!("autocomplete=\"{wanted}\"")), "{path}: {field}");
            assert!(!field.contains("maxlength"), "nothing is cut off: {path}: {field}");
        }
        assert!(!page.contains("onpaste"), "{path}");
    }
}

#[tokio::test]
async fn a_password_is_weighed_as_it_was_typed() {
    let portal = Portal::new();
    let browser = portal.browser(WITHOUT_SCRIPTS).await;
    let key = portal.register(&browser, "anna").await;
    for other in [PASSWORD.to_uppercase(), format!("{PASSWORD} "), format!(" {PASSWORD}"), PASSWORD[1..].to_owned()] {
        let mut caller = Caller::new(&portal);
        let csrf = caller.csrf("/sign-in").await;
        let reply = caller.post("/sign-in", &csrf, &[("user-name", "anna"), ("password", &other)]).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{other:?}");
    }
    Caller::new(&portal).sign_in(&portal, &key).await;
}

#[tokio::test]
async fn a_session_that_was_signed_out_is_over_for_who_kept_its_cookie() {
    let portal = Portal::new();
    let browser = portal.browser(WITHOUT_SCRIPTS).await;
    let key = portal.register(&browser, "anna").await;
    let mut caller = Caller::new(&portal);
    caller.sign_in(&portal, &key).await;
    let kept = caller.cookies.clone();
    assert_eq!(caller.get("/account").await.status, StatusCode::OK);
    let csrf = caller.csrf("/account").await;
    caller.post("/sign-out", &csrf, &[]).await;
    caller.cookies = kept;
    let late = caller.post("/backup-code/a-number/revoke", &csrf, &[]).await;
    assert_eq!(late.headers["location"], "/sign-in?ended", "a form of that session tells so");
    for path in ["/account", "/backup-code", "/sessions"] {
        assert_eq!(caller.get(path).await.headers["location"], "/sign-in?ended", "{path}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_form_get_a_page_and_not_a_failure() {
    let portal = Portal::new();
    let mut caller = Caller::new(&portal);
    let csrf = caller.csrf("/sign-in").await;
    for (body, status) in [
        (vec![0xFF, 0xFE], StatusCode::BAD_REQUEST),
        (vec![b'a'; 40_000], StatusCode::BAD_REQUEST),
        (b"user-name=%00".to_vec(), StatusCode::BAD_REQUEST),
        (b"".to_vec(), StatusCode::FORBIDDEN),
        (format!("csrf={csrf}").into_bytes(), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let request = caller.http.post(format!("{}/sign-in", caller.origin)).body(body);
        let reply = caller.call(request).await;
        assert_eq!(reply.status, status);
        assert!(reply.body.contains("<!doctype html>"));
    }
    for path in
        ["/backup-code/x/new", "/clients/1", "/assets/1/2", "/language/xx", "/register/../account", "/sessions/%FF/end"]
    {
        assert!(caller.get(path).await.status.as_u16() < 500, "{path}");
    }
}

#[tokio::test]
async fn the_language_is_the_browsers_until_one_is_chosen() {
    let portal = Portal::new();
    let mut caller = Caller::new(&portal);
    let request = caller.http.get(format!("{}/", caller.origin)).header("accept-language", "es-MX,es;q=0.9,en;q=0.8");
    assert!(caller.call(request).await.body.contains("<html lang=\"es\">"));
    let reply = caller.get("/language/es?back=/advice").await;
    assert_eq!(reply.headers["location"], "/advice");
    assert!(caller.get("/advice").await.body.contains("<html lang=\"es\">"));
    for elsewhere in ["//example.org", "https://example.org", "/%2F/example.org", "/a%0d%0aset-cookie:b"] {
        assert_eq!(caller.get(&format!("/language/en?back={elsewhere}")).await.headers["location"], "/", "{elsewhere}");
    }
}
