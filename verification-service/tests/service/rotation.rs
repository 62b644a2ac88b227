//! A newer pepper while the service runs.

use crate::inspections::inspect;
use crate::support::{A_NUMBER, Site, id};
use std::time::Duration;

pub async fn said(site: &Site, what: &str) {
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    let waiting = async {
        while !std::fs::read_to_string(site.path("log")).unwrap().contains(what) {
            tick.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap_or_else(|_| panic!("it never said: {what}"));
}

#[tokio::test]
async fn a_new_pepper_is_taken_without_a_stop_and_what_is_stored_moves_to_it() {
    let site = Site::new();
    site.raise_limits();
    site.add_officer("B1");
    let (kiosk, older) = (site.add_kiosk("K07"), site.new_code());
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let added = site.cli(&["secrets", "rotate-pepper", "--after", "0"]);
    assert_eq!(added["pepper"], 2);
    serving.signal("HUP");
    said(&site, "the peppers were read again").await;
    // Made under the old one, and read by the running instance; then one made under the new one.
    assert_eq!(client.verify(id(), ("a_number", A_NUMBER), &older).await.result(), "verified");
    let newer = site.new_code();
    let before = site.cli(&["secrets", "status"]);
    assert_eq!(before["current"], 2);
    assert!(before["peppers"]["1"]["account.name"].as_i64().unwrap() >= 1, "{before}");
    assert!(before["peppers"]["2"]["code.tag"].as_i64().unwrap() >= 1, "{before}");

    let moved = site.cli(&["secrets", "reseal"])["moved"].as_i64().unwrap();
    assert!(moved >= 6, "{moved}");
    let after = site.cli(&["secrets", "status"]);
    let left: i64 = after["peppers"]["1"].as_object().unwrap().values().map(|count| count.as_i64().unwrap()).sum();
    assert_eq!(left, 0, "{after}");
    assert_eq!(client.verify(id(), ("a_number", A_NUMBER), &newer).await.result(), "verified");
    assert_eq!(inspect(&client, |_| ()).await.0, "found");
    client.sign_in("B1").await;
    drop(serving);

    // Without the old pepper everything can still be read.
    let path = site.path("svc/secrets/pepper");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.lines().filter(|line| !line.starts_with("1 ")).collect::<Vec<_>>().join("\n")).unwrap();
    let last = site.new_code();
    let serving = site.serve();
    let client = serving.client(&kiosk);
    assert_eq!(client.verify(id(), ("a_number", A_NUMBER), &last).await.result(), "verified");
    assert_eq!(inspect(&client, |_| ()).await.0, "found");
    client.sign_in("B1").await;
    site.cli(&["audit", "verify"]);
}

#[tokio::test]
async fn a_new_pepper_is_known_before_it_is_used() {
    let site = Site::new();
    let serving = site.serve();
    let added = site.cli(&["secrets", "rotate-pepper"]);
    assert_eq!(added["pepper"], 2);
    // Two minutes are left: what is made now is still under the old one, and every instance can read it.
    site.new_code();
    let status = site.cli(&["secrets", "status"]);
    assert_eq!((&status["current"], &status["peppers"]["2"]["code.tag"]), (&1.into(), &0.into()), "{status}");
    drop(serving);
    assert!(site.cli(&["secrets", "rotate-pepper"])["pepper"] == 3, "each has its own number");
}
