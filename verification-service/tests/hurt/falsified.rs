//! The checker itself: what it must find is put into a history that is true, one falsehood after the other.

use crate::checker::{Fault, Stored, check, faults};
use crate::history::Asked;
use crate::population::populate;
use crate::support::{Kiosk, Site, id, other_than};
use uuid::Uuid;
use verification_service::clock::{Clock, SystemClock};
use verification_service::config::Config;
use verification_service::random::SystemRandomness;
use verification_service::secrets::Keys;

/// Places in the history of [`TrueHistory`].
const FIRST: usize = 0;
const REFUSED: usize = 1;
const SECOND: usize = 2;
const INSPECTION: usize = 3;
const REFERRAL: usize = 4;
const OVERRIDE: usize = 5;

/// Two codes that verified, one that did not, an inspection, a referral, an override; and the database as a file.
struct TrueHistory {
    site: Site,
    kiosks: Vec<Kiosk>,
    asked: Vec<Asked>,
}

impl TrueHistory {
    async fn new() -> Self {
        let site = Site::on(false);
        site.raise_limits();
        let kiosks = vec![site.add_kiosk("K0")];
        let holders = populate(&site, 0, 2).await;
        let mut asked = vec![
            Asked::new(0, &holders[0], &holders[0].code),
            Asked::new(0, &holders[0], other_than(&holders[0].code)),
            Asked::new(0, &holders[1], &holders[1].code),
            Asked::inspection(0, &holders[0], "SPECIMEN"),
            Asked::referral(0, "K0", 1),
            Asked::overriding(0, &kiosks[0]),
        ];
        let serving = site.serve();
        let client = serving.client(&kiosks[0]);
        for one in &mut asked {
            for _ in 0..2 {
                let answer = one.send(&client).await.unwrap();
                one.answered(answer);
            }
        }
        serving.kill();
        assert_eq!(check(&site, &kiosks, &asked).await, 2, "as it is, it is true");
        site.sql("PRAGMA wal_checkpoint(TRUNCATE)").await;
        std::fs::copy(site.path("svc/service.db"), site.path("true.db")).unwrap();
        Self { site, kiosks, asked }
    }

    /// What the checker finds after these statements, which are then undone.
    async fn after(&self, statements: &str) -> Vec<(Fault, String)> {
        self.site.sql(statements).await;
        let found = faults(&Stored::read(&self.site).await, &self.kiosks, &self.asked);
        self.site.sql("PRAGMA wal_checkpoint(TRUNCATE)").await;
        std::fs::copy(self.site.path("true.db"), self.site.path("svc/service.db")).unwrap();
        found
    }

    fn id(&self, nth: usize) -> Uuid {
        self.asked[nth].id
    }
}

fn has(found: &[(Fault, String)], fault: Fault, place: &str) -> bool {
    found.iter().any(|(kind, at)| *kind == fault && at.contains(place))
}

#[tokio::test]
async fn every_falsehood_in_the_database_is_found_where_it_is() {
    let history = TrueHistory::new().await;
    let [first, refused, second] = [FIRST, REFUSED, SECOND].map(|nth| history.id(nth).to_string());
    let [inspection, referral, overriding] = [INSPECTION, REFERRAL, OVERRIDE].map(|nth| history.id(nth).to_string());
    let stray = id().to_string();

    // One `verified` becomes `not_verified`, another the other way round: as many of each as before.
    let swapped = format!(
        "UPDATE verification SET result = CASE result WHEN 'verified' THEN 'not_verified' ELSE 'verified' END \
         WHERE id IN ('{first}', '{refused}')"
    );
    let found = history.after(&swapped).await;
    assert!(has(&found, Fault::Differs, &first) && has(&found, Fault::Differs, &refused), "{found:?}");
    // One is lost and a stray one is there.
    let found = history.after(&format!("UPDATE verification SET id = '{stray}' WHERE id = '{second}'")).await;
    assert!(has(&found, Fault::Lost, &second) && has(&found, Fault::Stray, &stray), "{found:?}");

    let alone = [
        (Fault::Lost, &inspection, format!("DELETE FROM inspection WHERE id = '{inspection}'")),
        (Fault::Lost, &referral, format!("DELETE FROM referral WHERE visit = '{referral}'")),
        (Fault::Lost, &overriding, format!("DELETE FROM override WHERE id = '{overriding}'")),
        (Fault::Lost, &first, format!("DELETE FROM put WHERE id = '{first}'")),
        (Fault::Lost, &first, format!("UPDATE put SET state = 'pending' WHERE id = '{first}'")),
        (Fault::Stray, &stray, format!("UPDATE put SET id = '{stray}' WHERE id = '{first}'")),
        (Fault::Differs, &first, format!("UPDATE put SET body_mac = zeroblob(32) WHERE id = '{first}'")),
        (Fault::Differs, &first, format!("UPDATE put SET kind = 'inspection' WHERE id = '{first}'")),
        (
            Fault::Differs,
            &first,
            format!("UPDATE put SET reply = (SELECT reply FROM put WHERE id = '{second}') WHERE id = '{first}'"),
        ),
        (Fault::Differs, &first, format!("UPDATE verification SET visit = '{stray}' WHERE id = '{first}'")),
        (Fault::Differs, &first, format!("UPDATE verification SET identifier = zeroblob(32) WHERE id = '{first}'")),
        (Fault::Differs, &first, format!("UPDATE verification SET code = NULL WHERE id = '{first}'")),
        (Fault::Differs, &inspection, format!("UPDATE inspection SET record = '\"refer\"' WHERE id = '{inspection}'")),
        (Fault::Differs, &referral, format!("UPDATE referral SET reference = 'K0-ZZZZ' WHERE visit = '{referral}'")),
        (Fault::Differs, &overriding, format!("UPDATE override SET flags = '[]' WHERE id = '{overriding}'")),
        (Fault::Unaudited, &first, format!("DELETE FROM audit WHERE subject LIKE '%/{first}'")),
        (Fault::Unaudited, &referral, format!("DELETE FROM audit WHERE subject = '{referral}'")),
        (Fault::Unaudited, &overriding, format!("UPDATE override SET audit_seq = 1 WHERE id = '{overriding}'")),
        (
            Fault::Unaudited,
            &refused,
            format!("UPDATE audit SET detail = replace(detail, '\"not_verified\"', '\"verified\"') WHERE subject LIKE '%/{refused}'"),
        ),
        (
            Fault::Unaudited,
            &first,
            format!(
                "INSERT INTO audit (at, actor, event, subject, detail) \
                 SELECT at, actor, event, subject, detail FROM audit WHERE subject LIKE '%/{first}'"
            ),
        ),
        (Fault::CodeState, &"active".to_owned(), "UPDATE code SET state = 'active'".to_owned()),
        (
            Fault::VerifiedTwice,
            &"2 rows".to_owned(),
            format!(
                "DROP INDEX verification_once; \
                 UPDATE verification SET code = (SELECT code FROM verification WHERE id = '{first}') WHERE id = '{refused}'"
            ),
        ),
    ]
    .map(|(fault, place, statements)| (fault, place.clone(), statements));
    for (fault, place, statements) in alone {
        let found = history.after(&statements).await;
        assert!(has(&found, fault, &place), "{statements}: {fault:?} at {place} is not among {found:?}");
    }
    assert_eq!(history.after("SELECT 1").await, [], "nothing of it was left");
}

#[tokio::test]
async fn every_falsehood_in_the_answers_is_found_where_it_is() {
    let mut history = TrueHistory::new().await;
    let [first, refused] = [FIRST, REFUSED].map(|nth| history.id(nth).to_string());
    let true_answer = history.asked[FIRST].answers[0].clone();

    // A replay with one other byte.
    let mut other = true_answer.clone();
    *other.last_mut().unwrap() = b'\n';
    history.asked[FIRST].answered(other.clone());
    let found = history.after("SELECT 1").await;
    assert!(has(&found, Fault::AnswersDiffer, &first), "{found:?}");
    history.asked[FIRST].answers.pop();

    // A stored reply that opens, and that a later try would get, but that is not what was answered.
    let config = Config::load(&history.site.config()).unwrap();
    let keys = Keys::load(&config.secrets.pepper, &config.secrets.index_key, SystemClock.now()).unwrap();
    let (kiosk, id) = (history.kiosks[0].id, history.id(FIRST));
    let bound_to: [&[u8]; 4] = [b"reply", kiosk.as_bytes(), b"request", id.as_bytes()];
    let sealed = hex::encode(keys.seal(&SystemRandomness::new(), &bound_to, &other).unwrap());
    let found = history.after(&format!("UPDATE put SET reply = x'{sealed}' WHERE id = '{id}'")).await;
    assert!(has(&found, Fault::Differs, &first), "{found:?}");

    // The same code verified twice, as answers tell it.
    let not_verified = std::mem::replace(&mut history.asked[REFUSED].answers, vec![true_answer]);
    let found = history.after("SELECT 1").await;
    assert!(has(&found, Fault::VerifiedTwice, "answered 2 times"), "{found:?}");
    assert!(has(&found, Fault::Differs, &refused), "{found:?}");
    history.asked[REFUSED].answers = not_verified;

    let answers = std::mem::take(&mut history.asked[INSPECTION].answers);
    let found = history.after("SELECT 1").await;
    assert!(has(&found, Fault::Unanswered, &history.id(INSPECTION).to_string()), "{found:?}");
    history.asked[INSPECTION].answers = answers;

    // Something stored that nobody asked for.
    let forgotten = history.asked.pop().unwrap();
    let found = history.after("SELECT 1").await;
    assert!(has(&found, Fault::Stray, &forgotten.id.to_string()), "{found:?}");
    history.asked.push(forgotten);
    assert_eq!(history.after("SELECT 1").await, []);
}
