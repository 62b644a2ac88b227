//! Every page in both languages: axe finds nothing (WCAG 2.2 AA), and nothing scrolls sideways at 320 pixels.
//!
//! With `PORTAL_PICTURES=FOLDER` it also leaves a picture of each page there, as a desktop and as a phone shows it.

use crate::people::{ENGLISH, PASSWORD, Portal, Proof, SPANISH, app};
use crate::support::{A_NUMBER, id};
use crate::webdriver::{Browser, Kind};
use serde_json::Value;
use std::path::{Path, PathBuf};

const TAGS: &str = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']";

/// axe-core, as `make axe` fetches it.
fn axe() -> String {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/axe/axe.min.js");
    std::fs::read_to_string(&target).unwrap_or_else(|why| {
        panic!("{}: {why}. `make axe` fetches it; `make test` does so by itself", target.display())
    })
}

/// Looks at pages, and keeps what is wrong until all have been seen.
struct Inspector<'a> {
    browser: &'a Browser,
    axe: String,
    language: &'static str,
    wrong: Vec<String>,
    seen: usize,
}

impl Inspector<'_> {
    async fn look(&mut self, name: &str) {
        let browser = self.browser;
        self.seen += 1;
        assert_eq!(browser.attribute("html", "lang").await, self.language, "{name}");
        browser.script(&self.axe).await;
        let run = format!(
            "const done = arguments[0]; axe.run(document, {{ runOnly: {{ type: 'tag', values: {TAGS} }} }})
             .then(found => done(found.violations.map(v => v.id + ': ' + v.help + ' ' +
               v.nodes.map(n => n.html.slice(0, 200) + ' ' + n.failureSummary).join(' | '))))
             .catch(why => done(['axe failed: ' + why]));"
        );
        for violation in browser.script_async(&run).await.as_array().unwrap() {
            self.wrong.push(format!("{}/{name}: {violation}", self.language));
        }
        for width in [320, 360] {
            browser.size(width, 800).await;
            let wide = browser.script("return document.scrollingElement.scrollWidth").await.as_u64().unwrap();
            if wide > u64::from(width) {
                self.wrong.push(format!("{}/{name}: {wide} pixels wide at {width}", self.language));
            }
        }
        // Targets are at least 24 by 24 pixels, but for links in text (WCAG 2.2, 2.5.8).
        let small = "return [...document.querySelectorAll('button, .button, nav a, input:not([type=hidden]), summary')]
            .filter(e => e.offsetParent && !e.closest('[hidden]'))
            .map(e => [e.outerHTML.slice(0, 120), e.getBoundingClientRect()])
            .filter(([_, r]) => r.width < 24 || r.height < 24).map(([html, _]) => html)";
        for target in browser.script(small).await.as_array().unwrap() {
            self.wrong.push(format!("{}/{name}: too small to hit: {target}", self.language));
        }
        self.pictures(name).await;
        browser.size(1280, 900).await;
    }

    /// On paper stands the card alone, in the size of one (ISO/IEC 7810 ID-1: 85.6 × 54 mm), nothing runs out of it, and the
    /// code is on so many lines, beside the QR.
    async fn print(&mut self, name: &str, lines: usize) {
        let browser = self.browser;
        browser.medium("print").await;
        let found = browser
            .script(
                "const card = document.querySelector('.wallet'), box = card.getBoundingClientRect();
                const shown = e => e.getClientRects().length > 0 && e.innerText?.trim();
                const texts = [...document.querySelectorAll('body *')].filter(e => !e.children.length && shown(e));
                return [box.width * 25.4 / 96, box.height * 25.4 / 96,
                    texts.filter(e => !card.contains(e)).map(e => e.outerHTML.slice(0, 80)),
                    [...card.querySelectorAll('*')].map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
                        .filter(([, r]) => r.right > box.right || r.bottom > box.bottom).map(([html]) => html),
                    (() => { const found = [], texts = document.createTreeWalker(card.querySelector('.code-text'), 4);
                        while (texts.nextNode()) { const range = document.createRange();
                            range.selectNodeContents(texts.currentNode); found.push(...range.getClientRects()); }
                        return [new Set(found.map(r => Math.round(r.top))).size, Math.max(...found.map(r => r.right)),
                            card.querySelector('.qr').getBoundingClientRect().left]; })()];",
            )
            .await;
        let (width, height) = (found[0].as_f64().unwrap(), found[1].as_f64().unwrap());
        if (width - 85.6).abs() > 0.5 || !(53.5..=54.5).contains(&height) {
            self.wrong.push(format!("{}/{name}: the card is {width:.1} mm × {height:.1} mm", self.language));
        }
        for (list, what) in [(2, "is printed beside the card"), (3, "runs out of the card")] {
            for one in found[list].as_array().unwrap() {
                self.wrong.push(format!("{}/{name}: {one} {what}", self.language));
            }
        }
        let [right, left] = [1, 2].map(|at| found[4][at].as_f64().unwrap());
        if found[4][0] != lines || right > left {
            self.wrong.push(format!(
                "{}/{name}: the code has {} lines and ends at {right}, the QR begins at {left}",
                self.language, found[4][0]
            ));
        }
        self.pictures(&format!("{name}-printed")).await;
        browser.medium("").await;
        browser.size(1280, 900).await;
    }

    async fn go(&mut self, path: &str, name: &str) {
        self.browser.go(path).await;
        self.look(name).await;
    }

    async fn pictures(&self, name: &str) {
        let Some(folder) = std::env::var_os("PORTAL_PICTURES").map(PathBuf::from) else { return };
        std::fs::create_dir_all(&folder).unwrap();
        for (width, device) in [(1280, "desktop"), (360, "phone")] {
            self.browser.size(width, 800).await;
            let picture = self.browser.picture().await;
            std::fs::write(folder.join(format!("{}-{name}-{device}.png", self.language)), picture).unwrap();
        }
    }
}

#[tokio::test]
async fn every_page_in_english_is_accessible() {
    walk(ENGLISH, "en").await;
}

#[tokio::test]
async fn every_page_in_spanish_is_accessible() {
    walk(SPANISH, "es").await;
}

/// With `[code] groups = 6`.
#[tokio::test]
async fn a_code_of_six_groups_fits_the_screen_and_the_printed_card() {
    for (kind, language) in [(ENGLISH, "en"), (SPANISH, "es")] {
        let portal = Portal::of_six_groups();
        let browser = portal.browser(kind).await;
        let key = portal.register(&browser, "anna.specimen").await;
        portal.make_code(&browser, "a-number", &key).await;
        let mut inspector = Inspector { browser: &browser, axe: axe(), language, wrong: vec![], seen: 0 };
        inspector.look("code-shown-six").await;
        inspector.print("code-shown-six", 2).await;
        assert!(inspector.wrong.is_empty(), "{}", inspector.wrong.join("\n"));
    }
}

async fn walk(kind: Kind, language: &'static str) {
    let axe = axe();
    let portal = Portal::new();
    let kiosk = portal.site.add_kiosk("K07");
    let browser = portal.browser(kind).await;
    let mut inspector = Inspector { browser: &browser, axe: axe.clone(), language, wrong: vec![], seen: 0 };

    for (path, name) in [
        ("/", "landing"),
        ("/advice", "advice"),
        ("/nothing", "not-found"),
        ("/sign-in", "sign-in"),
        ("/register?ended", "register-ended"),
        ("/register", "register"),
    ] {
        inspector.go(path, name).await;
    }
    browser.click("main form button").await;
    inspector.look("register-wrong").await;
    portal.type_letter(&browser, "ABCD-EFGH-JKMN-PQRS-TVWX", Proof::BirthDate("31", "4", "1974")).await;
    inspector.look("register-date-wrong").await;
    portal.type_letter(&browser, "ABCD-EFGH-JKMN-PQRS-TVWX", Proof::RollNumber("EOIR-12345")).await;
    inspector.look("register-number-wrong").await;
    portal.type_letter(&browser, &portal.letter(), Proof::BirthDate("2", "5", "1974")).await;
    inspector.look("register-account").await;
    browser.fill("#user-name", "a").await;
    browser.fill("#new-password", "short").await;
    browser.click("main form button").await;
    inspector.look("register-account-wrong").await;
    crate::people::choose(&browser, "anna.specimen", PASSWORD).await;
    inspector.look("register-second").await;
    let key = browser.text("#app-key").await;
    browser.fill("#one-time-code", &app(&key)).await;
    browser.click("section:last-of-type button").await;
    inspector.look("home-new").await;

    browser.go("/backup-code/a-number/new").await;
    inspector.look("code-new").await;
    browser.click("fieldset button").await;
    inspector.look("code-new-wrong").await;
    portal.confirm(&browser, PASSWORD, &key).await;
    inspector.look("code-shown").await;
    inspector.print("code-shown", 1).await;
    let code = browser.text("#code").await;
    inspector.go("/backup-code", "backup-code").await;
    inspector.go("/backup-code/a-number/view", "code-view").await;
    inspector.go("/backup-code/a-number/revoke", "code-revoke").await;
    let client = portal.serving.client(&kiosk);
    client.verify(id(), ("a_number", A_NUMBER), "00001-00002-00003-00004").await;
    assert_eq!(client.verify(id(), ("a_number", A_NUMBER), &code).await.result(), "verified");
    inspector.go("/backup-code", "backup-code-used").await;
    inspector.go("/backup-code/a-number/tries", "tries").await;
    inspector.go("/account", "home").await;

    inspector.go("/representatives", "representatives-none").await;
    inspector.go("/representatives/add", "representative-add").await;
    browser.fill("#representative-name", "Ruth Example").await;
    browser.fill("#firm", "Example & Daughters, Attorneys at Law").await;
    browser.fill("#roll-number", "EOIR-12345").await;
    portal.confirm(&browser, PASSWORD, &key).await;
    inspector.look("representative-invited").await;
    inspector.go("/representatives", "representatives").await;
    browser.click(".rows a").await;
    inspector.look("representative").await;
    browser.click("a[href$='/remove']").await;
    inspector.look("representative-remove").await;
    portal.site.sql("UPDATE invitation SET expires_at = 1000 WHERE representation IS NOT NULL").await;
    inspector.go("/representatives", "representatives-ended").await;
    browser.click(".rows a").await;
    inspector.look("representative-ended").await;
    browser.click("a[href$='/invite']").await;
    inspector.look("representative-again").await;
    portal.confirm(&browser, PASSWORD, &key).await;
    let invitation = browser.text("#invitation").await;

    for (path, name) in [
        ("/security", "security"),
        ("/security/confirm", "confirm"),
        ("/security/password", "password"),
        ("/security/app", "app"),
        ("/security/passkeys/add", "passkey"),
        ("/sessions", "sessions"),
        ("/activity", "activity"),
    ] {
        inspector.go(path, name).await;
    }
    browser.script("document.getElementById('idle').hidden = false").await;
    inspector.look("idle").await;
    browser.add_authenticator().await;
    browser.go("/security/passkeys/add").await;
    browser.click("[data-passkey=make]").await;
    browser.wait_for("form[action$='/remove']").await;
    inspector.look("security-with-passkey").await;

    browser.click("form[action='/sign-out'] button").await;
    browser.go("/account").await;
    inspector.look("sign-in-ended").await;
    browser.click("main form button").await;
    inspector.look("sign-in-wrong").await;
    browser.fill("#user-name", "anna.specimen").await;
    browser.fill("#password", PASSWORD).await;
    browser.click("main form button").await;
    inspector.look("second-step").await;
    browser.fill("#one-time-code", "000000").await;
    browser.click("main form button").await;
    inspector.look("second-step-wrong").await;

    portal.type_letter(&browser, &invitation, Proof::RollNumber("EOIR-12345")).await;
    crate::people::choose(&browser, "ruth", PASSWORD).await;
    let key = browser.text("#app-key").await;
    browser.fill("#one-time-code", &app(&key)).await;
    browser.click("section:last-of-type button").await;
    inspector.look("clients").await;
    browser.click("form[action='/clients/accept'] button").await;
    inspector.look("clients-wrong").await;
    browser.click(".rows a").await;
    inspector.look("client").await;
    browser.click("main .card a.button").await;
    inspector.look("client-code").await;
    portal.confirm(&browser, PASSWORD, &key).await;
    inspector.look("client-code-shown").await;
    portal.type_letter(&browser, &portal.letter(), Proof::BirthDate("2", "5", "1974")).await;
    inspector.look("reset").await;

    assert!(inspector.seen >= 40, "{}", inspector.seen);
    assert!(inspector.wrong.is_empty(), "{}", inspector.wrong.join("\n"));
}

/// That the check itself sees what is wrong.
#[tokio::test]
async fn axe_finds_a_page_that_is_not_accessible() {
    let axe = axe();
    let portal = Portal::new();
    let browser = portal.browser(ENGLISH).await;
    browser.go("/sign-in").await;
    browser.script("document.querySelector('label').remove(); document.documentElement.removeAttribute('lang')").await;
    browser.script(&axe).await;
    let run = format!(
        "const done = arguments[0]; axe.run(document, {{ runOnly: {{ type: 'tag', values: {TAGS} }} }})
         .then(found => done(found.violations.map(v => v.id)))"
    );
    let found = browser.script_async(&run).await;
    let ids: Vec<&str> = found.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(ids.contains(&"label") && ids.contains(&"html-has-lang"), "{ids:?}");
}
