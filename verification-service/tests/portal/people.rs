//! People who use the portal: what they hold, and the steps that every journey takes.

use crate::support::{Serving, Site};
use crate::webdriver::{Browser, Kind};
use totp_rs::{Algorithm, Builder, Secret};

pub const PASSWORD: &str = "gravel otter kite 7";
pub const ENGLISH: Kind = Kind { language: "en-US", scripts: true };
pub const SPANISH: Kind = Kind { language: "es-MX", scripts: true };
pub const WITHOUT_SCRIPTS: Kind = Kind { language: "en-US", scripts: false };

/// A running service, and a browser for each person.
pub struct Portal {
    pub site: Site,
    pub serving: Serving,
}

impl Portal {
    pub fn new() -> Self {
        Self::on(Site::new())
    }

    /// One whose codes have six groups.
    pub fn of_six_groups() -> Self {
        let site = Site::new();
        site.set("groups", "6");
        Self::on(site)
    }

    pub fn on(site: Site) -> Self {
        let serving = site.serve();
        Self { site, serving }
    }

    /// Lets the service read its secrets again, for the `times`-th time.
    pub async fn reload(&self, times: usize) {
        self.serving.signal("HUP");
        let read = || std::fs::read_to_string(self.site.path("log")).unwrap();
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(50));
        for _ in 0..200 {
            tick.tick().await;
            if read().matches("the index keys were read again").count() >= times {
                return;
            }
        }
        panic!("the index keys were not read again");
    }

    pub async fn browser(&self, kind: Kind) -> Browser {
        Browser::new(self.serving.portal_port, &self.site.path("svc/server.pem"), kind).await
    }

    /// A letter's code for the one account.
    pub fn letter(&self) -> String {
        let invited = self.site.cli(&["account", "invite", "--a-number", crate::support::A_NUMBER]);
        invited["invitation"].as_str().unwrap().to_owned()
    }

    /// A code of the app. One that was taken is not taken again for 30 seconds: the row forgets it.
    pub async fn code(&self, key: &str) -> String {
        self.site.sql("UPDATE login SET totp_step = 0").await;
        app(key)
    }

    /// Registers the holder in a fresh browser; the app's key.
    pub async fn register(&self, browser: &Browser, user_name: &str) -> String {
        let letter = self.letter();
        self.type_letter(browser, &letter, Proof::BirthDate("2", "5", "1974")).await;
        choose(browser, user_name, PASSWORD).await;
        let key = browser.text("#app-key").await;
        browser.fill("#one-time-code", &app(&key)).await;
        browser.click("section:last-of-type button").await;
        assert_eq!(browser.path().await, "/account");
        key
    }

    pub async fn type_letter(&self, browser: &Browser, letter: &str, proof: Proof<'_>) {
        browser.go("/register").await;
        browser.fill("#letter-code", letter).await;
        match proof {
            Proof::BirthDate(day, month, year) => {
                browser.fill("#birth-day", day).await;
                browser.fill("#birth-month", month).await;
                browser.fill("#birth-year", year).await;
            }
            Proof::RollNumber(number) => {
                browser.click("summary").await;
                browser.fill("#roll-number", number).await;
            }
        }
        browser.click("main form button").await;
    }

    /// Signs in with password and app.
    pub async fn sign_in(&self, browser: &Browser, user_name: &str, password: &str, key: &str) {
        browser.go("/sign-in").await;
        browser.fill("#user-name", user_name).await;
        browser.fill("#password", password).await;
        browser.click("main form button").await;
        assert_eq!(browser.path().await, "/sign-in/second-step");
        browser.fill("#one-time-code", &self.code(key).await).await;
        browser.click("main form button").await;
    }

    /// Fills "Confirm that it is you", and sends.
    pub async fn confirm(&self, browser: &Browser, password: &str, key: &str) {
        browser.fill("#password", password).await;
        browser.fill("#one-time-code", &self.code(key).await).await;
        browser.click("fieldset button").await;
    }

    /// Makes a backup code; the code as shown.
    pub async fn make_code(&self, browser: &Browser, number: &str, key: &str) -> String {
        browser.go(&format!("/backup-code/{number}/new")).await;
        self.confirm(browser, PASSWORD, key).await;
        browser.text("#code").await
    }
}

/// What shows that a letter is one's own.
pub enum Proof<'a> {
    BirthDate(&'a str, &'a str, &'a str),
    RollNumber(&'a str),
}

/// The second page of registering.
pub async fn choose(browser: &Browser, user_name: &str, password: &str) {
    assert_eq!(browser.path().await, "/register/account");
    browser.fill("#user-name", user_name).await;
    choose_password(browser, password).await;
}

/// Opens "Add a representative" and fills in who it is.
pub async fn name_representative(browser: &Browser) {
    browser.go("/representatives/add").await;
    browser.fill("#representative-name", "Ruth Example").await;
    browser.fill("#firm", "Example & Daughters").await;
    browser.fill("#roll-number", "EOIR-12345").await;
}

pub async fn choose_password(browser: &Browser, password: &str) {
    browser.fill("#new-password", password).await;
    browser.fill("#repeated-password", password).await;
    browser.click("main form button").await;
}

/// The code that an app with this key shows now.
pub fn app(key: &str) -> String {
    let secret = Secret::try_from_base32(key.replace(' ', "")).unwrap();
    let totp = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_step_duration(30).with_secret(secret);
    totp.build_noncompliant().generate_current().to_string()
}
