//! A representative: invited by the client, with an account and a code of their own, which is never the client's.

use crate::people::{ENGLISH, PASSWORD, Portal, Proof, app, choose, name_representative};
use crate::support::{A_NUMBER, Kiosk, id, verification};
use serde_json::json;
use std::path::PathBuf;
use uuid::Uuid;

#[tokio::test]
async fn a_representative_opens_the_case_with_a_code_of_their_own_until_removed() {
    let portal = Portal::new();
    let kiosk = portal.site.add_kiosk("K07");
    let added = portal.site.cli(&["client", "add", "--name", "cases-1", "--role", "representative_access"]);
    let cases = Kiosk {
        id: Uuid::parse_str(added["client"].as_str().unwrap()).unwrap(),
        dir: PathBuf::from(added["dir"].as_str().unwrap()),
    };
    let holder = portal.browser(ENGLISH).await;
    let key = portal.register(&holder, "anna").await;
    let own_code = portal.make_code(&holder, "a-number", &key).await;

    name_representative(&holder).await;
    portal.confirm(&holder, PASSWORD, &key).await;
    let invitation = holder.text("#invitation").await;
    holder.go("/representatives").await;
    assert!(holder.text(".rows").await.contains("Invited"));

    let representative = portal.browser(ENGLISH).await;
    portal.type_letter(&representative, &invitation, Proof::RollNumber("EOIR-99999")).await;
    assert!(representative.has(".errors").await, "the number is the proof");
    portal.type_letter(&representative, &invitation, Proof::RollNumber("eoir 12345")).await;
    choose(&representative, "ruth", PASSWORD).await;
    let their_key = representative.text("#app-key").await;
    representative.fill("#one-time-code", &app(&their_key)).await;
    representative.click("section:last-of-type button").await;
    assert_eq!(representative.path().await, "/clients");
    assert!(representative.text(".rows").await.contains("ANNA MARIA SPECIMEN"));

    // Pages of holders are not there for representatives, nor the other way round.
    for path in ["/account", "/backup-code", "/backup-code/a-number/new", "/representatives"] {
        representative.go(path).await;
        assert_eq!(representative.text("h1").await, "Page not found", "{path}");
    }
    holder.go("/clients").await;
    assert_eq!(holder.text("h1").await, "Page not found");

    // Who is signed in and goes to sign in is led to their own first page.
    for (browser, home) in [(&representative, "/clients"), (&holder, "/account")] {
        browser.go("/sign-in").await;
        assert_eq!(browser.path().await, home);
    }

    representative.go("/security").await;
    assert!(!representative.has("a[href='/backup-code']").await, "a representative holds no code of a kiosk");
    representative.go("/clients").await;
    representative.click(".rows a").await;
    representative.click("main .card a.button").await;
    portal.confirm(&representative, PASSWORD, &their_key).await;
    let delegated = representative.text("#code").await;
    assert_ne!(delegated, own_code);

    // At a kiosk it is worth nothing, and costs the client's own code no try.
    let at_kiosk = portal.serving.client(&kiosk);
    assert_eq!(at_kiosk.verify(id(), ("a_number", A_NUMBER), &delegated).await.result(), "not_verified");
    let access = |code: &str, number: &str| {
        let mut body = verification(("a_number", A_NUMBER), code);
        body["purpose"] = json!("representative_access");
        body["representative"] = json!(number);
        body
    };
    let in_cases = portal.serving.client(&cases);
    let put = |body| {
        let (client, path) = (in_cases.clone(), format!("/kiosk/v1/verifications/{}", id()));
        async move { client.put(&path, &body).await.result() }
    };
    assert_eq!(
        put(access(&own_code, "EOIR-12345")).await,
        "not_verified",
        "the client's code is not a representative's"
    );
    assert_eq!(put(access(&delegated, "EOIR-99999")).await, "not_verified", "another representative's number");
    // The index key is changed meanwhile: nobody notices.
    portal.site.cli(&["secrets", "rotate-index-key", "--after", "0"]);
    portal.reload(1).await;
    assert_eq!(put(access(&delegated, "EOIR-12345")).await, "verified");
    let moved = portal.site.cli(&["secrets", "reindex"]);
    assert_eq!((&moved["moved"]["identifiers"], &moved["moved"]["logins"]), (&json!(3), &json!(2)), "{moved}");
    let file = portal.site.path("svc/secrets/index_key");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.lines().skip(1).map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    portal.reload(2).await;
    assert_eq!(put(access(&delegated, "EOIR-12345")).await, "not_verified", "once");
    let again = portal.browser(ENGLISH).await;
    portal.sign_in(&again, "anna", PASSWORD, &key).await;
    assert_eq!(again.path().await, "/account");
    again.go("/backup-code").await;
    assert!(again.text("main").await.contains("K07"), "uses and tries from before are listed");
    representative.go("/clients").await;
    representative.click(".rows a").await;
    assert!(representative.text("main").await.contains("cases-1"), "its uses are listed");

    // Removed: no client, no code.
    representative.click("main .card a.button").await;
    portal.confirm(&representative, PASSWORD, &their_key).await;
    let another = representative.text("#code").await;
    holder.go("/representatives").await;
    holder.click(".rows a").await;
    assert!(holder.text("main").await.contains("The representative made a code of their own"));
    holder.click("a[href$='/remove']").await;
    holder.click("main form button").await;
    assert!(holder.text(".rows").await.contains("Removed"));
    representative.go("/clients").await;
    assert!(!representative.has(".rows").await);
    assert_eq!(put(access(&another, "EOIR-12345")).await, "not_verified");
    assert_eq!(at_kiosk.verify(id(), ("a_number", A_NUMBER), &own_code).await.result(), "verified");
    portal.site.cli(&["audit", "verify"]);
}

#[tokio::test]
async fn a_lost_or_dead_invitation_is_seen_and_another_is_made_in_its_place() {
    let portal = Portal::new();
    let holder = portal.browser(ENGLISH).await;
    let key = portal.register(&holder, "anna").await;
    let add = async || {
        name_representative(&holder).await;
        portal.confirm(&holder, PASSWORD, &key).await;
    };
    add().await;
    let first = holder.text("#invitation").await;
    // Sent a second time, it tells where a lost one is made anew.
    add().await;
    assert!(holder.text("#roll-number-error").await.contains("make a new one"));

    // Five wrong numbers, or two weeks: it is dead, and looks so.
    let ruth = portal.browser(ENGLISH).await;
    for _ in 0..5 {
        portal.type_letter(&ruth, &first, Proof::RollNumber("EOIR-99999")).await;
    }
    let again = async || {
        holder.go("/representatives").await;
        assert!(holder.text(".rows").await.contains("Invitation ended"));
        holder.click(".rows a").await;
        assert!(holder.text("main .tag").await.contains("Invitation ended"));
        holder.click("a[href$='/invite']").await;
        holder.click("fieldset button").await;
        assert!(holder.has(".errors").await, "not without a second factor");
        portal.confirm(&holder, PASSWORD, &key).await;
        let invitation = holder.text("#invitation").await;
        holder.go("/representatives").await;
        assert!(holder.text(".rows").await.contains("Invited, not yet registered"));
        invitation
    };
    let second = again().await;
    portal.site.sql("UPDATE invitation SET expires_at = 1000").await;
    let third = again().await;
    portal.site.sql("DELETE FROM invitation WHERE ended_at IS NULL").await;
    let fourth = again().await;
    // A live one is replaced as well, and ends.
    holder.click(".rows a").await;
    let page = holder.path().await;
    holder.click("a[href$='/invite']").await;
    portal.confirm(&holder, PASSWORD, &key).await;
    let fifth = holder.text("#invitation").await;
    for dead in [&first, &second, &third, &fourth] {
        portal.type_letter(&ruth, dead, Proof::RollNumber("EOIR-12345")).await;
        assert!(ruth.has(".errors").await);
    }
    portal.type_letter(&ruth, &fifth, Proof::RollNumber("EOIR-12345")).await;
    choose(&ruth, "ruth", PASSWORD).await;
    ruth.fill("#one-time-code", &app(&ruth.text("#app-key").await)).await;
    ruth.click("section:last-of-type button").await;
    assert_eq!(ruth.path().await, "/clients");
    // Who is there needs none.
    holder.go(&page).await;
    assert!(holder.text("main .tag").await.contains("Active") && !holder.has("a[href$='/invite']").await);
    holder.go(&format!("{page}/invite")).await;
    assert_eq!(holder.text("h1").await, "Page not found");
    portal.site.cli(&["audit", "verify"]);
}

/// With the script a form is sent once, however often its button is pressed; back again, it can be sent again.
#[tokio::test]
async fn a_form_is_sent_once_until_one_comes_back_to_it() {
    let portal = Portal::new();
    let holder = portal.browser(ENGLISH).await;
    let key = portal.register(&holder, "anna").await;
    name_representative(&holder).await;
    holder.fill("#password", PASSWORD).await;
    holder.fill("#one-time-code", &portal.code(&key).await).await;
    let twice = "const button = document.querySelector('fieldset button'), form = button.form; let sent = 0;
        form.addEventListener('submit', e => { if (!e.defaultPrevented) sent += 1; });
        button.click(); const off = button.disabled; button.click(); form.requestSubmit(); return [sent, off];";
    assert_eq!(holder.script(twice).await, json!([1, true]));
    holder.wait_for("#invitation").await;
    // The page as a browser kept it, with its buttons off.
    holder.go("/representatives/add").await;
    let back = "const button = document.querySelector('fieldset button'), form = button.form;
        form.addEventListener('submit', e => e.preventDefault());
        button.click(); const off = button.disabled;
        window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
        return [off, button.disabled, 'sent' in form.dataset];";
    assert_eq!(holder.script(back).await, json!([true, false, false]));
}
