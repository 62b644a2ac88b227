//! Sessions: where one is signed in, and how it ends.

use crate::people::{ENGLISH, PASSWORD, Portal, Proof, WITHOUT_SCRIPTS, app, choose};

#[tokio::test]
async fn sessions_are_listed_and_ended_here_and_elsewhere() {
    let portal = Portal::new();
    let here = portal.browser(ENGLISH).await;
    let key = portal.register(&here, "anna").await;
    let there = portal.browser(ENGLISH).await;
    portal.sign_in(&there, "anna", PASSWORD, &key).await;
    assert_eq!(there.path().await, "/account");

    here.go("/sessions").await;
    let list = here.text("main .rows").await;
    assert_eq!(list.matches("Signed in ").count(), 2, "{list}");
    assert!(list.contains("Chrome, Linux"), "{list}");
    assert_eq!(list.matches("This one").count(), 1);
    here.click(".rows form button").await;
    there.go("/account").await;
    assert_eq!(there.path().await, "/sign-in?ended");

    portal.sign_in(&there, "anna", PASSWORD, &key).await;
    here.go("/sessions").await;
    here.click("form[action='/sessions/end-all'] button").await;
    there.go("/account").await;
    assert_eq!(there.path().await, "/sign-in?ended");
    here.go("/account").await;
    assert_eq!(here.path().await, "/account", "this one goes on");

    // 15 minutes without use; 8 hours in any case.
    for old in ["last_used = last_used - 900000", "begun_at = begun_at - 28800000"] {
        portal.site.sql(&format!("UPDATE portal_session SET {old}")).await;
        here.go("/account").await;
        assert_eq!(here.path().await, "/sign-in?ended", "{old}");
        assert!(here.has("[role=status]").await, "and is told");
        portal.sign_in(&here, "anna", PASSWORD, &key).await;
    }
}

/// Such a navigation brings no cookie that is `SameSite=Strict`.
#[tokio::test]
async fn a_link_on_another_site_ends_neither_a_session_nor_a_registration() {
    let portal = Portal::new();
    for kind in [ENGLISH, WITHOUT_SCRIPTS] {
        let browser = portal.browser(kind).await;
        portal.type_letter(&browser, &portal.letter(), Proof::BirthDate("2", "5", "1974")).await;
        browser.come_from_elsewhere("/").await;
        browser.wait_for(".hero").await;
        browser.go("/register/account").await;
        if kind.scripts {
            choose(&browser, "anna", PASSWORD).await;
            browser.come_from_elsewhere("/register").await;
            browser.wait_for("#letter-code").await;
            browser.go("/register/second-step").await;
        } else {
            crate::people::choose_password(&browser, PASSWORD).await;
        }
        browser.fill("#one-time-code", &app(&browser.text("#app-key").await)).await;
        browser.click("section:last-of-type button").await;
        assert_eq!(browser.path().await, "/account");

        for path in ["/", "/advice"] {
            browser.come_from_elsewhere(path).await;
            browser.wait_for("form.out").await;
        }
        browser.come_from_elsewhere("/backup-code").await;
        browser.wait_for("#a-number").await;
        assert_eq!(browser.path().await, "/backup-code", "and one is led where the link leads");
        browser.go("/sessions").await;
        assert!(browser.has("main .rows").await, "still signed in");
    }
}

/// The script's warning, with its clock wound forward.
#[tokio::test]
async fn before_one_is_signed_out_one_is_asked() {
    let portal = Portal::new();
    let browser = portal.browser(ENGLISH).await;
    portal.register(&browser, "anna").await;
    // With 3 minutes, the warning comes after one: the page's own timers are run, not waited for.
    let hook = "const due = []; window.setTimeout = (run, after) => due.push({ run, after }); window.due = due;
        document.body.dataset.idle = '3';
        const script = document.createElement('script'); script.src = document.querySelector('script').src + '?again';
        document.head.append(script); script.onload = () => arguments[0](null);";
    browser.script_async(hook).await;
    assert_eq!(
        browser.script("return window.due.slice(0, 2).map(timer => timer.after)").await,
        serde_json::json!([60000, 180_000])
    );
    assert_eq!(browser.script("return document.getElementById('idle').hidden").await, true);
    browser.script("window.due[0].run()").await;
    assert!(browser.text("#idle").await.contains("2 minutes"));
    let stay = "document.getElementById('idle-stay').click(); const done = arguments[0];
        const look = () => document.getElementById('idle').hidden ? done(true) : requestAnimationFrame(look); look();";
    assert_eq!(browser.script_async(stay).await, true, "staying takes the warning away");

    // A use in another tab counts for this one.
    browser.script("window.due[0].run()").await;
    let other = "const done = arguments[0];
        new BroadcastChannel('used ' + document.body.dataset.csrf).postMessage(null);
        const look = () => document.getElementById('idle').hidden ? done(true) : requestAnimationFrame(look); look();";
    assert_eq!(browser.script_async(other).await, true, "so does another tab that is used");
    // Should the tab's own timer end all the same, while the session lives, one comes to one's first page.
    browser.script("window.due[1].run()").await;
    browser.wait_for("a[href='/backup-code']").await;
    assert_eq!(browser.path().await, "/account");
    portal.site.sql("UPDATE portal_session SET ended_at = 1").await;
    browser.go("/sign-in?ended").await;
    assert!(browser.has("[role=status]").await);
}
