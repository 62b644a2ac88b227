//! A holder's journey, in a browser without scripts: only passkeys need them.

use crate::people::{PASSWORD, Portal, Proof, WITHOUT_SCRIPTS, app, choose, choose_password};
use crate::support::{A_NUMBER, RECEIPT, Site, id, other_than};
use verification_api::backup_code::BackupCode;

const A: (&str, &str) = ("a_number", A_NUMBER);

#[tokio::test]
async fn a_holder_registers_makes_a_code_uses_it_and_is_asked_for_a_new_one() {
    let portal = Portal::new();
    let kiosk = portal.site.add_kiosk("K07");
    let client = portal.serving.client(&kiosk);
    let browser = portal.browser(WITHOUT_SCRIPTS).await;

    // The letter alone is not enough.
    browser.go("/").await;
    browser.click("main a[href='/register']").await;
    let letter = portal.letter();
    portal.type_letter(&browser, &letter, Proof::BirthDate("3", "5", "1974")).await;
    assert!(browser.title().await.starts_with("Problem:"));
    assert_eq!(browser.attribute(".errors a", "href").await.rsplit('#').next(), Some("letter-code"));
    assert_eq!(browser.attribute("#birth-day", "value").await, "3", "what was typed stays");
    portal.type_letter(&browser, &letter.to_lowercase(), Proof::BirthDate("2", "5", "1974")).await;

    // A password is weighed, not counted by kinds of characters.
    choose(&browser, "anna", "specimen1974anna").await;
    assert!(browser.text("#new-password-error").await.contains("name or birth date"));
    choose(&browser, "anna", "short").await;
    assert!(browser.text("#new-password-error").await.contains("15"));
    choose(&browser, "anna", PASSWORD).await;

    // The account exists only with a second factor.
    let key = browser.text("#app-key").await;
    browser.fill("#one-time-code", "000000").await;
    browser.click("section:last-of-type button").await;
    assert!(browser.has("#one-time-code-error").await);
    assert_eq!(browser.text("#app-key").await, key, "the app need not be set up again");
    browser.fill("#one-time-code", &app(&key)).await;
    browser.click("section:last-of-type button").await;
    assert_eq!(browser.path().await, "/account");

    // A code, and the same code again.
    browser.go("/backup-code").await;
    assert_eq!(browser.attribute("#a-number ~ p .tag", "data-state").await, "code-kind-none");
    let code = portal.make_code(&browser, "a-number", &key).await;
    assert!(BackupCode::parse(&code).is_ok(), "{code}");
    assert!(browser.has(".wallet svg.qr").await);
    browser.go("/backup-code").await;
    assert_eq!(browser.attribute("#a-number ~ p .tag", "data-state").await, "code-kind-active");
    assert!(browser.text("main .card").await.contains(&code[code.len() - 2..]), "its last two symbols");
    // Security tells of it and leads to it.
    browser.go("/security").await;
    let card = browser.text("section[aria-labelledby=backup-code-title]").await;
    assert!(card.contains("Ready to use") && card.contains("No code yet"), "A-Number and receipt number: {card}");
    browser.click("section[aria-labelledby=backup-code-title] a").await;
    assert_eq!(browser.path().await, "/backup-code");
    browser.go("/backup-code/a-number/view").await;
    browser.fill("#password", "another password 1").await;
    browser.fill("#one-time-code", &portal.code(&key).await).await;
    browser.click("fieldset button").await;
    assert!(browser.has(".errors").await && !browser.has("#code").await, "not with a wrong password");
    portal.confirm(&browser, PASSWORD, &key).await;
    assert_eq!(browser.text("#code").await, code);

    // It works once, at a kiosk, for its own number; the holder sees both tries.
    assert_eq!(client.verify(id(), ("receipt", RECEIPT), &code).await.result(), "not_verified");
    assert_eq!(client.verify(id(), A, &code).await.result(), "verified");
    assert_eq!(client.verify(id(), A, &code).await.result(), "not_verified");
    browser.go("/backup-code").await;
    assert_eq!(browser.attribute("#a-number ~ p .tag", "data-state").await, "code-kind-used");
    let attempts = browser.text("main .card table").await;
    assert_eq!(attempts.matches("Kiosk K07").count(), 2, "{attempts}");
    assert!(attempts.contains("Accepted") && attempts.contains("Not accepted"));
    browser.go("/account").await;
    assert!(browser.text(".note.care").await.contains("make a new one"));

    // Nothing of this may be in the log in clear.
    portal.site.cli(&["audit", "verify"]);
    let log = std::fs::read_to_string(portal.site.path("log")).unwrap_or_default();
    for secret in [code.as_str(), PASSWORD, "anna", letter.as_str(), A_NUMBER, "SPECIMEN"] {
        assert!(!log.contains(secret), "the log tells {secret}");
    }
}

/// `[code] groups = 6`: portal, policy and verification agree.
#[tokio::test]
async fn a_code_of_six_groups_is_made_in_the_portal_and_verified_at_a_kiosk() {
    let portal = Portal::of_six_groups();
    let client = portal.serving.client(&portal.site.add_kiosk("K07"));
    assert_eq!(client.get("/kiosk/v1/policy").await.json()["groups"], 6);
    let browser = portal.browser(WITHOUT_SCRIPTS).await;
    let key = portal.register(&browser, "anna").await;
    let code = portal.make_code(&browser, "a-number", &key).await;
    assert_eq!(code.split('-').map(str::len).collect::<Vec<_>>(), [5; 6], "{code}");
    assert!(BackupCode::parse(&code).is_ok(), "{code}");
    browser.go("/backup-code/a-number/view").await;
    portal.confirm(&browser, PASSWORD, &key).await;
    assert_eq!(browser.text("#code").await, code, "shown again");
    // A third less is another code.
    assert_eq!(client.verify(id(), A, &code[..23]).await.result(), "not_verified");
    assert_eq!(client.verify(id(), A, &code).await.result(), "verified");
    assert_eq!(client.verify(id(), A, &code).await.result(), "not_verified");
}

#[tokio::test]
async fn a_new_password_keeps_the_copy_of_a_code_and_a_reset_ends_it() {
    let portal = Portal::new();
    let browser = portal.browser(WITHOUT_SCRIPTS).await;
    let key = portal.register(&browser, "anna").await;
    let code = portal.make_code(&browser, "receipt", &key).await;

    // Changed by someone who knows it: the copy goes along.
    let second = "violet tram lantern 9";
    browser.go("/security/password").await;
    for personal in ["specimen1974anna", "Anna Maria Specimen"] {
        browser.fill("#new-password", personal).await;
        browser.fill("#repeated-password", personal).await;
        portal.confirm(&browser, PASSWORD, &key).await;
        assert!(browser.text("#new-password-error").await.contains("name or birth date"), "{personal}");
    }
    browser.fill("#new-password", second).await;
    browser.fill("#repeated-password", second).await;
    portal.confirm(&browser, PASSWORD, &key).await;
    assert_eq!(browser.path().await, "/security");
    browser.go("/backup-code/receipt/view").await;
    portal.confirm(&browser, second, &key).await;
    assert_eq!(browser.text("#code").await, code);

    // Reset with a letter: another password, another second factor, no copy, no old session.
    let other = portal.browser(WITHOUT_SCRIPTS).await;
    portal.type_letter(&other, &portal.letter(), Proof::BirthDate("2", "5", "1974")).await;
    assert_eq!(other.attribute("#user-name", "value").await, "anna");
    choose_password(&other, "amber canal whistle").await;
    let new_key = other.text("#app-key").await;
    assert_ne!(new_key, key);
    other.fill("#one-time-code", &app(&new_key)).await;
    other.click("section:last-of-type button").await;
    assert_eq!(other.path().await, "/account");
    other.go("/backup-code").await;
    assert!(!other.has("a[href$='/receipt/view']").await, "the copy is gone");
    other.go("/backup-code/receipt/view").await;
    portal.confirm(&other, "amber canal whistle", &new_key).await;
    assert!(other.has(".errors").await && !other.has("#code").await);
    browser.go("/account").await;
    assert_eq!(browser.path().await, "/sign-in?ended");

    // The code itself still works until it is ended, and is ended in two clicks.
    let kiosk = portal.site.add_kiosk("K07");
    other.go("/backup-code").await;
    other.click("a[href$='/receipt/revoke']").await;
    other.click("main form button").await;
    assert_eq!(other.attribute("#receipt ~ p .tag", "data-state").await, "code-kind-revoked");
    let answer = portal.serving.client(&kiosk).verify(id(), ("receipt", RECEIPT), &code).await;
    assert_eq!(answer.result(), "not_verified");
    other.go("/activity").await;
    let log = other.text("main table").await;
    for line in [
        "Account registered",
        "Backup code made",
        "Password changed",
        "New password set with a letter",
        "Backup code ended",
    ] {
        assert!(log.contains(line), "{line} in {log}");
    }
}

#[tokio::test]
async fn the_last_use_stays_known_and_every_try_can_be_seen_however_many_there_are() {
    let portal = Portal::new();
    let client = portal.serving.client(&portal.site.add_kiosk("K07"));
    let browser = portal.browser(WITHOUT_SCRIPTS).await;
    let key = portal.register(&browser, "anna").await;
    let code = portal.make_code(&browser, "a-number", &key).await;
    assert_eq!(client.verify(id(), A, &code).await.result(), "verified");
    assert_eq!(client.verify(id(), A, &code).await.result(), "not_verified");
    // 120 tries more, each a second later.
    let copied = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120) \
        INSERT INTO verification (kiosk, id, visit, identifier, result, purpose, at, audit_seq, index_kid) \
        SELECT kiosk, id || '-' || i, visit, identifier, result, purpose, at + i * 1000, audit_seq + i, index_kid \
        FROM verification, n WHERE result = 'not_verified'";
    assert_eq!(portal.site.sql(copied).await, 120);

    browser.go("/backup-code").await;
    let card = browser.text("main .card").await;
    let last_used = card.split("Last used").nth(1).unwrap().trim_start().lines().next().unwrap();
    assert!(last_used.ends_with("UTC"), "{card}");
    assert!(!card.contains("\nAccepted") && card.matches("Kiosk K07").count() == 50, "{card}");
    browser.click("main .card a[href$='/tries?page=2']").await;
    assert_eq!(browser.text("main table").await.matches("Kiosk K07").count(), 50);
    browser.click("nav.pages a[rel=next]").await;
    let oldest = browser.text("main table").await;
    assert_eq!(oldest.matches("Kiosk K07").count(), 22, "{oldest}");
    assert!(oldest.trim_end().ends_with("Accepted"), "{oldest}");
    assert!(!browser.has("nav.pages a[rel=next]").await);
    browser.click("nav.pages a[rel=prev]").await;
    browser.click("nav.pages a[rel=prev]").await;
    assert!(!browser.has("nav.pages a[rel=prev]").await && browser.has("nav.pages a[rel=next]").await);
    for odd in ["page=0", "page=-1", "page=x", "page=99999999999", "x"] {
        browser.go(&format!("/backup-code/a-number/tries?{odd}")).await;
        assert_eq!(browser.text("h1").await, "Every use and every try", "{odd}");
    }
    browser.go("/backup-code/receipt/tries").await;
    assert!(browser.text("main").await.contains("None so far"));
}

#[tokio::test]
async fn what_an_office_or_a_guesser_does_to_an_account_stands_in_its_activity() {
    let site = Site::new();
    site.set("failing_identifiers", "1000").set("lock_after", "100").set("disable_after", "3");
    let portal = Portal::on(site);
    let client = portal.serving.client(&portal.site.add_kiosk("K07"));
    let browser = portal.browser(WITHOUT_SCRIPTS).await;
    let key = portal.register(&browser, "anna").await;
    portal.site.cli(&["account", "invite", "--user-name", "anna"]);
    portal.site.new_code();
    portal.site.cli(&["code", "revoke", "--a-number", A_NUMBER]);
    let code = portal.make_code(&browser, "a-number", &key).await;
    for _ in 0..4 {
        assert_eq!(client.verify(id(), A, other_than(&code)).await.result(), "not_verified");
    }
    assert_eq!(client.verify(id(), A, &code).await.result(), "not_verified", "it is disabled");
    browser.go("/activity").await;
    let log = browser.text("main table").await;
    for (line, times) in [
        ("An office made a letter", 2),
        ("Backup code made by an office", 1),
        ("Backup code ended by an office", 1),
        ("Backup code switched off after too many wrong tries", 1),
    ] {
        assert_eq!(log.matches(line).count(), times, "{line} in {log}");
    }
    portal.site.cli(&["audit", "verify"]);
}

/// What cannot be right, or is not whole, is told by its field and costs the letter nothing.
#[tokio::test]
async fn slips_of_the_form_do_not_use_up_a_letter() {
    let portal = Portal::new();
    let browser = portal.browser(WITHOUT_SCRIPTS).await;
    let letter = portal.letter();
    let tries = async || portal.site.text("SELECT CAST(MAX(tries) AS TEXT) FROM invitation").await;
    for (date, field, says) in [
        (("2", "5", "74"), "birth-year", "4 digits"),
        (("2", "13", "1974"), "birth-month", "1 to 12"),
        (("5", "20", "1974"), "birth-month", "1 to 12"),
        (("32", "5", "1974"), "birth-day", "1 to 31"),
        (("31", "4", "1974"), "birth-day", "so many days"),
        (("2", "May", "1974"), "birth-month", "1 to 12"),
    ] {
        portal.type_letter(&browser, &letter, Proof::BirthDate(date.0, date.1, date.2)).await;
        assert!(browser.attribute(".errors a", "href").await.ends_with(field), "{date:?}");
        assert!(browser.text(&format!("#{field}-error")).await.contains(says), "{date:?}");
        assert!(!browser.has("details[open]").await, "{date:?}");
    }
    // Neither date nor number: the closed part opens, and the message says what it is for.
    portal.type_letter(&browser, &letter, Proof::BirthDate("", "", "")).await;
    assert!(browser.text("#birth-day-error").await.contains("date of birth"));
    assert!(browser.has("details[open] #roll-number").await);
    // A number where a date is asked for.
    portal.type_letter(&browser, &letter, Proof::RollNumber("EOIR-12345")).await;
    assert!(browser.text("#birth-day-error").await.contains("date of birth"));
    assert!(browser.has("details[open] #roll-number").await);
    assert_eq!(tries().await, "0");
    // A whole try that is wrong counts; that the record has no date, too.
    portal.type_letter(&browser, &letter, Proof::BirthDate("3", "5", "1974")).await;
    assert_eq!(tries().await, "1");
    browser.go("/register").await;
    browser.fill("#letter-code", &letter).await;
    browser.click("#no-birth-date").await;
    browser.click("main form button").await;
    assert!(browser.text("#letter-code-error").await.contains("date of birth"));
    assert!(browser.has("#no-birth-date:checked").await);
    assert_eq!(tries().await, "2");

    // Of a record without one, that is the proof.
    let number = "A000000702";
    let added = ["account", "add", "--a-number", number, "--name", "SPECIMEN<<HUGO", "--birth-date=----------"];
    portal.site.cli(&added);
    let invited = portal.site.cli(&["account", "invite", "--a-number", number]);
    browser.go("/register").await;
    browser.fill("#letter-code", invited["invitation"].as_str().unwrap()).await;
    browser.click("#no-birth-date").await;
    browser.click("main form button").await;
    assert_eq!(browser.path().await, "/register/account");
}

#[tokio::test]
async fn each_step_of_registering_has_half_an_hour_and_one_is_told_why_it_begins_again() {
    let portal = Portal::new();
    let browser = portal.browser(WITHOUT_SCRIPTS).await;
    let letter = portal.letter();
    let older = async |minutes: i64| {
        let by = minutes * 60_000;
        let set = format!("UPDATE portal_session SET begun_at = begun_at - {by}, last_used = last_used - {by}");
        portal.site.sql(&set).await;
    };
    // 25 minutes for each of two steps.
    portal.type_letter(&browser, &letter, Proof::BirthDate("2", "5", "1974")).await;
    older(25).await;
    choose(&browser, "anna", PASSWORD).await;
    older(25).await;
    browser.go("/register/second-step").await;
    assert!(browser.has("#app-key").await);
    // Another five are too many, at whichever step.
    older(5).await;
    browser.fill("#one-time-code", "000000").await;
    browser.click("section:last-of-type button").await;
    assert_eq!(browser.path().await, "/register?ended");
    for path in ["/register/account", "/register/second-step"] {
        browser.go(path).await;
        assert_eq!(browser.path().await, "/register?ended", "{path}");
        assert!(browser.text("[role=status]").await.contains("begin again"));
    }
    browser.go("/register").await;
    assert!(!browser.has("[role=status]").await);

    // Somebody else takes the name between the second step and the third.
    portal.type_letter(&browser, &letter, Proof::BirthDate("2", "5", "1974")).await;
    choose(&browser, "anna", PASSWORD).await;
    let key = browser.text("#app-key").await;
    let number = "A000000702";
    let added = ["account", "add", "--a-number", number, "--name", "SPECIMEN<<HUGO", "--birth-date", "1974-05-02"];
    portal.site.cli(&added);
    let other = portal.browser(WITHOUT_SCRIPTS).await;
    let invited = portal.site.cli(&["account", "invite", "--a-number", number]);
    let invitation = invited["invitation"].as_str().unwrap();
    portal.type_letter(&other, invitation, Proof::BirthDate("2", "5", "1974")).await;
    choose(&other, "Anna", PASSWORD).await;
    other.fill("#one-time-code", &app(&other.text("#app-key").await)).await;
    other.click("section:last-of-type button").await;
    assert_eq!(other.path().await, "/account");
    browser.fill("#one-time-code", &app(&key)).await;
    browser.click("section:last-of-type button").await;
    assert_eq!(browser.path().await, "/register/account?taken");
    assert!(browser.text("#user-name-error").await.contains("taken"));
    assert_eq!(browser.attribute("#user-name", "value").await, "anna");
    browser.fill("#user-name", "anna-maria").await;
    choose_password(&browser, PASSWORD).await;
    assert_eq!(browser.text("#app-key").await, key, "the app need not be set up again");
    browser.fill("#one-time-code", &app(&key)).await;
    browser.click("section:last-of-type button").await;
    assert_eq!(browser.path().await, "/account");
}

#[tokio::test]
async fn a_letter_ends_with_its_use_with_a_newer_one_and_with_five_wrong_tries() {
    let portal = Portal::new();
    let browser = portal.browser(WITHOUT_SCRIPTS).await;
    let right = || Proof::BirthDate("2", "5", "1974");
    let (first, second) = (portal.letter(), portal.letter());
    portal.type_letter(&browser, &first, right()).await;
    assert!(browser.has(".errors").await, "a newer letter ends the older");
    for _ in 0..5 {
        portal.type_letter(&browser, &second, Proof::BirthDate("2", "5", "1975")).await;
        assert!(browser.has(".errors").await);
    }
    portal.type_letter(&browser, &second, right()).await;
    assert!(browser.has(".errors").await, "five wrong birth dates end it");
    portal.register(&browser, "anna").await;
    portal.site.refusal(&["account", "invite", "--user-name", "nobody"], "");
}
