//! A representation that is ended while its representative makes a code: on PostgreSQL, which says who waits for whom.

use crate::people::{ENGLISH, PASSWORD, Portal, Proof, app, choose, name_representative};
use sqlx::{Connection, Executor, PgConnection, Row};
use std::time::Duration;

#[tokio::test]
async fn no_code_is_made_for_a_representation_that_ends_meanwhile() {
    let portal = Portal::new();
    let holder = portal.browser(ENGLISH).await;
    let key = portal.register(&holder, "anna").await;
    name_representative(&holder).await;
    portal.confirm(&holder, PASSWORD, &key).await;
    let invitation = holder.text("#invitation").await;
    let representative = portal.browser(ENGLISH).await;
    portal.type_letter(&representative, &invitation, Proof::RollNumber("EOIR-12345")).await;
    choose(&representative, "ruth", PASSWORD).await;
    let key = representative.text("#app-key").await;
    representative.fill("#one-time-code", &app(&key)).await;
    representative.click("section:last-of-type button").await;
    representative.click(".rows a").await;
    representative.click("main .card a.button").await;
    representative.fill("#password", PASSWORD).await;
    representative.fill("#one-time-code", &portal.code(&key).await).await;

    // The request has read the representation when it comes to count the try, where it waits.
    let mut other = PgConnection::connect(portal.site.database.as_ref().unwrap()).await.unwrap();
    other.execute("BEGIN; LOCK TABLE pin_throttle IN ACCESS EXCLUSIVE MODE").await.unwrap();
    other.execute("UPDATE representation SET ended_at = 2000000000000").await.unwrap();
    let ending = async {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        let waits = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'pin_throttle'::regclass";
        while other.fetch_one(waits).await.unwrap().get::<i64, _>(0) == 0 {
            tick.tick().await;
        }
        other.execute("COMMIT").await.unwrap();
    };
    let ending = tokio::time::timeout(Duration::from_secs(60), ending);
    let ((), ended) = futures::join!(representative.click("fieldset button"), ending);
    ended.expect("the request came to wait");
    assert_eq!(representative.text("h1").await, "Page not found");
    assert_eq!(portal.site.text("SELECT CAST(COUNT(*) AS TEXT) FROM code").await, "0");
    portal.site.cli(&["audit", "verify"]);
}
