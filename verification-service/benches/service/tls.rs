//! Keep-alive requests and full handshakes, against nginx on the same cores with the same certificates.

use crate::nginx::Nginx;
use crate::rate;
use crate::support::{Kiosk, Site, http};
use crate::table::Table;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const CLIENTS: usize = 32;

pub async fn run(table: &mut Table) {
    let site = Site::new();
    let kiosk = site.add_kiosk("K07");
    let serving = site.serve();
    let health = serving.client(&kiosk).get("/kiosk/v1/health").await;
    let nginx = Nginx::start(&site, &String::from_utf8(health.bytes).unwrap());

    // In turns, so that neither has the machine's better moment.
    let (mut ours, mut theirs) = ([0.0_f64; 2], [0.0_f64; 2]);
    for _ in 0..2 {
        ours[0] = ours[0].max(requests(serving.kiosk_port, &kiosk).await);
        theirs[0] = theirs[0].max(requests(nginx.port, &kiosk).await);
        ours[1] = ours[1].max(handshakes(serving.kiosk_port, &kiosk).await);
        theirs[1] = theirs[1].max(handshakes(nginx.port, &kiosk).await);
    }
    table.tell("health, keep-alive, 32 clients", ours[0], "/s");
    table.tell("nginx, the same bytes static", theirs[0], "/s");
    table.at_least("health by nginx", ours[0] / theirs[0], 0.5);
    table.tell("full handshakes and one request", ours[1], "/s");
    table.tell("nginx, the same", theirs[1], "/s");
    table.at_least("handshakes by nginx", ours[1] / theirs[1], 1.0);
}

async fn requests(port: u16, kiosk: &Kiosk) -> f64 {
    let clients: Vec<reqwest::Client> = (0..CLIENTS).map(|_| http(kiosk.tls(&[&rustls::version::TLS13]))).collect();
    let url = format!("https://localhost:{port}/kiosk/v1/health");
    rate(CLIENTS, |worker| {
        let request = clients[worker].get(&url);
        async move {
            let reply = request.send().await.unwrap();
            assert_eq!(reply.status().as_u16(), 200);
            reply.bytes().await.unwrap();
        }
    })
    .await
}

async fn handshakes(port: u16, kiosk: &Kiosk) -> f64 {
    let mut config: ClientConfig = kiosk.tls(&[&rustls::version::TLS13]);
    config.resumption = rustls::client::Resumption::disabled();
    let connector = TlsConnector::from(Arc::new(config));
    rate(CLIENTS, |_| {
        let connector = connector.clone();
        async move {
            let tcp = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            // As kiosks do; else the request waits for an acknowledgement of the handshake's last message.
            tcp.set_nodelay(true).unwrap();
            let mut tls = connector.connect(ServerName::try_from("localhost").unwrap(), tcp).await.unwrap();
            let head = b"GET /kiosk/v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            tls.write_all(head).await.unwrap();
            // What was written may wait in the session still.
            tls.flush().await.unwrap();
            let mut reply = vec![];
            // Closing without a last word is how both end it.
            let ended = tls.read_to_end(&mut reply).await;
            assert!(reply.starts_with(b"HTTP/1.1 200"), "{ended:?} {}", String::from_utf8_lossy(&reply));
        }
    })
    .await
}
