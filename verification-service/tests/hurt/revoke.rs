//! A revoked kiosk is refused within a second, on open connections and by every instance.

use crate::support::{Client, Serving, Site};
use std::time::{Duration, Instant};
use verification_service::config::Config;
use verification_service::store;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "the time that passes is what is measured")]
async fn revoking_acts_within_a_second_on_open_connections_of_both_instances() {
    let site = Site::on(true);
    let kiosk = site.add_kiosk("K07");
    let serving: Vec<Serving> = (0..2).map(|_| site.serve()).collect();
    let clients: Vec<Client> = serving.iter().map(|serving| serving.client(&kiosk)).collect();
    for client in &clients {
        assert_eq!(client.get("/kiosk/v1/health").await.status.as_u16(), 200);
    }
    let config = Config::load(&site.config()).unwrap();
    let store = store::open(&config.database_at()).await.unwrap();
    let revoked = store.write("revoke", move |tx| Box::pin(async move { tx.revoke_kiosk(kiosk.id, 1).await }));
    assert!(revoked.await.unwrap());
    let begun = Instant::now();
    for client in &clients {
        assert_eq!(client.get("/kiosk/v1/health").await.problem(), "revoked");
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    println!("revoke: refused by both instances {} ms after the commit", took.as_millis());
}
