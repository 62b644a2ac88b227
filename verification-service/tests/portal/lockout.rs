//! What somebody who knows a user name can do to its holder: little.

use crate::caller::Caller;
use crate::people::{ENGLISH, PASSWORD, Portal, Proof, WITHOUT_SCRIPTS, app, choose_password};
use crate::support::{A_NUMBER, Site, id, verification};
use reqwest::StatusCode;
use serde_json::json;

/// One whose locks last however slow the machine is.
fn portal() -> Portal {
    let site = Site::new();
    site.set("pin_lock_seconds", "900");
    Portal::on(site)
}

/// Tries of a stranger, in a browser of their own, until the user name is locked.
async fn lock_out(portal: &Portal, name: &str) {
    for nth in 0..6 {
        let mut stranger = Caller::new(portal);
        let csrf = stranger.csrf("/sign-in").await;
        let form = [("user-name", name), ("password", "not the password 1")];
        let body = stranger.post("/sign-in", &csrf, &form).await.body;
        assert_eq!(body.contains("Too many tries"), nth == 5, "{nth}: {body}");
    }
}

#[tokio::test]
async fn a_letter_clears_the_counts_of_passwords_and_of_second_steps() {
    let portal = portal();
    let browser = portal.browser(WITHOUT_SCRIPTS).await;
    // Of a user name that nobody had yet.
    lock_out(&portal, "anna").await;
    portal.register(&browser, "anna").await;
    let shown = portal.site.cli(&["throttle", "show", "--user-name", "anna"]);
    assert_eq!(shown["passwords"], json!({ "n": 0, "locked_until": null }), "{shown}");

    lock_out(&portal, "anna").await;
    // The second step locks as well, for who has the password.
    for _ in 0..5 {
        browser.go("/backup-code/a-number/new").await;
        browser.fill("#password", PASSWORD).await;
        browser.fill("#one-time-code", "000000").await;
        browser.click("fieldset button").await;
    }
    let shown = portal.site.cli(&["throttle", "show", "--user-name", "anna"]);
    assert_eq!((&shown["passwords"]["n"], &shown["second_step"]["n"]), (&json!(5), &json!(5)), "{shown}");
    let other = portal.browser(WITHOUT_SCRIPTS).await;
    portal.type_letter(&other, &portal.letter(), Proof::BirthDate("2", "5", "1974")).await;
    choose_password(&other, "amber canal whistle").await;
    let key = other.text("#app-key").await;
    other.fill("#one-time-code", &app(&key)).await;
    other.click("section:last-of-type button").await;
    assert_eq!(other.path().await, "/account");
    let third = portal.browser(WITHOUT_SCRIPTS).await;
    portal.sign_in(&third, "anna", "amber canal whistle", &key).await;
    assert_eq!(third.path().await, "/account", "neither count keeps the holder out");
}

#[tokio::test]
async fn a_browser_that_has_signed_in_before_is_not_kept_out_by_strangers() {
    let portal = portal();
    let browser = portal.browser(ENGLISH).await;
    let key = portal.register(&browser, "anna").await;
    let mut holder = Caller::new(&portal);
    holder.sign_in(&portal, &key).await;
    lock_out(&portal, "anna").await;
    holder.cookies.remove("__Host-session");
    holder.sign_in(&portal, &key).await;
    // What the holder does neither helps nor hinders strangers.
    let shown = portal.site.cli(&["throttle", "show", "--user-name", "ANNA"]);
    assert_eq!((&shown["passwords"]["n"], &shown["known_browsers"]["n"]), (&json!(5), &json!(0)), "{shown}");
    // The cookie opens nothing: its browser has a count, too.
    holder.cookies.remove("__Host-session");
    for nth in 0..6 {
        let csrf = holder.csrf("/sign-in").await;
        let form = [("user-name", "anna"), ("password", "not the password 1")];
        assert_eq!(holder.post("/sign-in", &csrf, &form).await.body.contains("Too many tries"), nth == 5, "{nth}");
    }
    // It is worth nothing for another user name, nor once the password is another.
    let known = holder.cookies["__Host-known"].clone();
    portal.site.cli(&["throttle", "clear", "--user-name", "anna"]);
    browser.go("/security/password").await;
    browser.fill("#new-password", "violet tram lantern 9").await;
    browser.fill("#repeated-password", "violet tram lantern 9").await;
    portal.confirm(&browser, PASSWORD, &key).await;
    assert_eq!(browser.path().await, "/security");
    lock_out(&portal, "anna").await;
    let mut again = Caller::new(&portal);
    again.cookies.insert("__Host-known".to_owned(), known);
    let csrf = again.csrf("/sign-in").await;
    let form = [("user-name", "anna"), ("password", "violet tram lantern 9")];
    assert!(again.post("/sign-in", &csrf, &form).await.body.contains("Too many tries"));
}

#[tokio::test]
async fn an_office_sees_whose_locks_there_are_and_clears_them() {
    let portal = portal();
    let browser = portal.browser(ENGLISH).await;
    let key = portal.register(&browser, "anna").await;
    let kiosk = portal.site.add_kiosk("K07");
    let client = portal.serving.client(&kiosk);
    let officer = portal.site.add_officer("B7");
    for _ in 0..5 {
        client.post("/kiosk/v1/officers/sign-in", &json!({ "badge": "B7", "pin": "000000" })).await;
    }
    lock_out(&portal, "anna").await;
    lock_out(&portal, "hugo").await;
    browser.go("/backup-code/a-number/new").await;
    for _ in 0..5 {
        browser.fill("#password", "not the password 1").await;
        browser.fill("#one-time-code", "000000").await;
        browser.click("fieldset button").await;
    }
    let login = portal.site.text("SELECT id FROM login").await;
    let wanted = [
        json!({ "kind": "badge", "officer": officer }),
        json!({ "kind": "kiosk", "kiosk": "K07" }),
        json!({ "kind": "second_step", "login": login }),
        json!({ "kind": "unknown" }),
        json!({ "kind": "user_name", "login": login }),
    ];
    let about = || {
        let listed = portal.site.cli(&["throttle", "list"]);
        let mut about: Vec<_> = listed["locks"].as_array().unwrap().iter().map(|lock| lock["about"].clone()).collect();
        about.sort_by_key(ToString::to_string);
        about
    };
    assert_eq!(about(), wanted);
    let shown = portal.site.cli(&["throttle", "show", "--user-name", "hugo"]);
    assert_eq!(shown["passwords"]["n"], 5, "{shown}");
    assert!(shown.get("second_step").is_none(), "nobody has it: {shown}");
    for name in ["anna", "hugo"] {
        portal.site.cli(&["throttle", "clear", "--user-name", name]);
    }
    assert_eq!(about(), wanted[..2]);
    let other = portal.browser(ENGLISH).await;
    portal.sign_in(&other, "anna", PASSWORD, &key).await;
    assert_eq!(other.path().await, "/account");

    // A representative's own code for a client: apart from the client's.
    let added = portal.site.cli(&["client", "add", "--name", "cases-1", "--role", "representative_access"]);
    let cases = crate::support::Kiosk {
        id: uuid::Uuid::parse_str(added["client"].as_str().unwrap()).unwrap(),
        dir: added["dir"].as_str().unwrap().into(),
    };
    let mut body = verification(("a_number", A_NUMBER), "00001-00002-00003-00004");
    body["purpose"] = json!("representative_access");
    body["representative"] = json!("EOIR-12345");
    let reply = portal.serving.client(&cases).put(&format!("/kiosk/v1/verifications/{}", id()), &body).await;
    assert_eq!(reply.result(), "not_verified");
    let of = ["--a-number", A_NUMBER, "--representative", "eoir-12345"];
    let ask = |what: &str| portal.site.cli(&[["throttle", what].as_slice(), &of].concat());
    assert_eq!(ask("show")["n"], 1);
    assert_eq!(portal.site.cli(&["throttle", "show", "--a-number", A_NUMBER])["n"], 0);
    ask("clear");
    assert_eq!(ask("show")["n"], 0);
    let usage = portal.site.try_cli(&["throttle", "show", "--badge", "B7", "--representative", "EOIR-12345"], "");
    assert_eq!(usage.status.code(), Some(2));
    portal.site.cli(&["audit", "verify"]);
}

#[tokio::test]
async fn over_the_rate_of_all_sign_ins_nothing_is_weighed_or_written() {
    let site = Site::new();
    site.set("sign_ins_per_minute", "1").set("sign_ins_burst", "4");
    let portal = Portal::on(site);
    let browser = portal.browser(ENGLISH).await;
    let key = portal.register(&browser, "anna").await;
    let mut holder = Caller::new(&portal);
    holder.sign_in(&portal, &key).await;
    let mut stranger = Caller::new(&portal);
    let csrf = stranger.csrf("/sign-in").await;
    let mut attempt = async |nth: usize| {
        let form = [("user-name", &*format!("somebody-{nth}")), ("password", "not the password 1")];
        stranger.post("/sign-in", &csrf, &form).await
    };
    for nth in 0..3 {
        assert_eq!(attempt(nth).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let written = async || {
        let count = "SELECT (SELECT COUNT(*) FROM audit) || '/' || (SELECT COUNT(*) FROM pin_throttle)";
        portal.site.text(count).await
    };
    let before = written().await;
    for nth in 3..8 {
        let reply = attempt(nth).await;
        assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(reply.headers["retry-after"], "60");
        assert!(reply.body.contains("Wait a minute") && reply.body.contains(&format!("somebody-{nth}")));
    }
    assert_eq!(written().await, before);
    // A browser that has signed in before goes on.
    holder.cookies.remove("__Host-session");
    holder.sign_in(&portal, &key).await;
}
