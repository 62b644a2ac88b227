//! Passkeys, with a virtual authenticator that verifies its user.

use crate::people::{ENGLISH, PASSWORD, Portal, Proof, choose};

#[tokio::test]
async fn a_passkey_is_a_second_factor_from_registration_to_the_backup_code() {
    let portal = Portal::new();
    let browser = portal.browser(ENGLISH).await;
    browser.add_authenticator().await;
    portal.type_letter(&browser, &portal.letter(), Proof::BirthDate("2", "5", "1974")).await;
    choose(&browser, "anna", PASSWORD).await;
    browser.click("[data-passkey=make]").await;
    browser.wait_for("a[href='/backup-code']").await;
    assert_eq!(browser.path().await, "/account");

    browser.click("form[action='/sign-out'] button").await;
    browser.go("/account").await;
    assert_eq!(browser.path().await, "/sign-in?ended");
    browser.fill("#user-name", "anna").await;
    browser.fill("#password", PASSWORD).await;
    browser.click("main form button").await;
    assert!(!browser.has("#one-time-code").await, "there is no app to ask for");
    browser.click("[data-passkey=use]").await;
    browser.wait_for("a[href='/backup-code']").await;

    browser.go("/backup-code/a-number/new").await;
    browser.fill("#password", "not the password 1").await;
    browser.click("[data-passkey=use]").await;
    browser.wait_for(".errors").await;
    browser.fill("#password", PASSWORD).await;
    browser.click("[data-passkey=use]").await;
    browser.wait_for("#code").await;
    assert_eq!(browser.text("#code").await.len(), 23);

    // An app besides it, then the passkey may go; before, it may not.
    browser.go("/security").await;
    assert!(!browser.has("form[action$='/remove']").await);
    browser.go("/security/app").await;
    let key = browser.text("#app-key").await;
    browser.fill("#one-time-code", &crate::people::app(&key)).await;
    browser.click("main form button").await;
    assert_eq!(browser.path().await, "/security");
    browser.click("form[action$='/remove'] button").await;
    browser.go("/activity").await;
    let log = browser.text("main table").await;
    assert!(log.contains("Passkey removed") && log.contains("Authenticator app set up"), "{log}");
}

#[tokio::test]
async fn a_passkey_can_be_added_and_works_at_the_next_sign_in() {
    let portal = Portal::new();
    let browser = portal.browser(ENGLISH).await;
    let key = portal.register(&browser, "anna").await;
    browser.add_authenticator().await;
    // Not long after signing in nothing more is asked; later, it is.
    portal.site.sql("UPDATE portal_session SET fresh_at = 1").await;
    browser.go("/security/passkeys/add").await;
    assert_eq!(browser.path().await, "/security/confirm?then=passkey");
    portal.confirm(&browser, PASSWORD, &key).await;
    assert_eq!(browser.path().await, "/security/passkeys/add");
    browser.click("[data-passkey=make]").await;
    browser.wait_for("form[action$='/remove']").await;
    browser.click("form[action='/sign-out'] button").await;
    browser.go("/sign-in").await;
    browser.fill("#user-name", "ANNA").await;
    browser.fill("#password", PASSWORD).await;
    browser.click("main form button").await;
    assert!(browser.has("#one-time-code").await, "either may be used");
    browser.click("[data-passkey=use]").await;
    browser.wait_for("a[href='/backup-code']").await;
}
