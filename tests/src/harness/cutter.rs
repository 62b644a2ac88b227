//! A relay that ends each connection after a number of bytes that the test chooses: in a handshake, a request, an answer.

use super::{OrTrouble, Outcome};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Connections through it end after `left` bytes, both ways together; `u64::MAX` lets all pass.
pub struct Cutter {
    pub address: SocketAddr,
    left: Arc<AtomicU64>,
    relay: tokio::task::AbortHandle,
}

impl Drop for Cutter {
    /// Ten thousand of them would otherwise hold ten thousand ports.
    fn drop(&mut self) {
        self.relay.abort();
    }
}

impl Cutter {
    /// Relays a free port to `target`. Needs a running tokio.
    ///
    /// # Errors
    /// No port can be opened.
    pub async fn to(target: SocketAddr) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.or_trouble(|| "no port for the relay")?;
        let address = listener.local_addr().or_trouble(|| "no port for the relay")?;
        let left = Arc::new(AtomicU64::new(u64::MAX));
        let shared = Arc::clone(&left);
        let relay = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if let Ok(far) = TcpStream::connect(target).await {
                    tokio::spawn(relay(near, far, Arc::clone(&shared)));
                }
            }
        });
        Ok(Self { address, left, relay: relay.abort_handle() })
    }

    /// From now on so many bytes pass, over all connections together.
    pub fn pass(&self, bytes: u64) {
        self.left.store(bytes, Ordering::SeqCst);
    }
}

async fn relay(mut near: TcpStream, mut far: TcpStream, left: Arc<AtomicU64>) {
    let (mut from_near, mut from_far) = (vec![0; 4096], vec![0; 4096]);
    loop {
        let (read, to, buffer) = tokio::select! {
            read = near.read(&mut from_near) => (read, &mut far, &from_near),
            read = far.read(&mut from_far) => (read, &mut near, &from_far),
        };
        let Ok(read @ 1..) = read else { return };
        let allowed = left.load(Ordering::SeqCst);
        let passing = usize::try_from(allowed).unwrap_or(usize::MAX).min(read);
        if allowed != u64::MAX {
            left.fetch_sub(passing as u64, Ordering::SeqCst);
        }
        let Some(bytes) = buffer.get(..passing) else { return };
        // Both ends are closed by being dropped.
        if to.write_all(bytes).await.is_err() || passing < read {
            return;
        }
    }
}
