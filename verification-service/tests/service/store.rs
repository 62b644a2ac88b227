//! Transactions, whoever asked for them.

use crate::support::{A_NUMBER, Site, id};
use std::time::Duration;
use tokio::sync::oneshot;
use verification_service::config::Config;
use verification_service::store;

/// A client may hang up at any moment: what was begun for it is done as a whole, and nothing of it stays open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_comes_to_its_end_though_who_asked_has_gone() {
    let site = Site::new();
    let store = store::open(&Config::load(&site.config()).unwrap().database_at()).await.unwrap();
    let (begun, has_begun) = oneshot::channel();
    let (go_on, may_go_on) = oneshot::channel::<()>();
    let asked = store.write("half", move |tx| {
        Box::pin(async move {
            tx.add_call(id(), 1, "7", None).await?;
            let _ = begun.send(());
            let _ = may_go_on.await;
            tx.add_call(id(), 2, "8", None).await.map(drop)
        })
    });
    tokio::select! {
        _ = asked => panic!("it cannot have ended"),
        told = has_begun => told.unwrap(),
    }
    // The one who asked is gone with `asked`.
    go_on.send(()).unwrap();
    let both = async {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        while site.text("SELECT CAST(COUNT(*) AS TEXT) FROM assistance").await != "2" {
            tick.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), both).await.expect("both rows, within 20 s");
    if crate::ON_POSTGRES {
        let open = "SELECT CAST(COUNT(*) AS TEXT) FROM pg_stat_activity \
                    WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        assert_eq!(site.text(open).await, "0", "no session is left in a transaction");
    }
}

/// Clocks differ and are set back: the code that was made last counts all the same.
#[tokio::test]
async fn the_active_code_counts_whatever_the_clock_said_when_others_were_made() {
    let site = Site::new();
    site.raise_limits();
    let kiosk = site.add_kiosk("K07");
    site.new_code();
    // Made by an instance whose clock is an hour ahead.
    site.sql("UPDATE code SET made_at = made_at + 3600000").await;
    let code = site.new_code();
    let order = "SELECT state FROM code ORDER BY made_at DESC LIMIT 1";
    assert_eq!(site.text(order).await, "active", "it tells a later time than those before it");
    site.sql("UPDATE code SET made_at = made_at + 7200000 WHERE state <> 'active'").await;
    assert_eq!(site.text(order).await, "replaced");
    let serving = site.serve();
    assert_eq!(serving.client(&kiosk).verify(id(), ("a_number", A_NUMBER), &code).await.result(), "verified");
}
