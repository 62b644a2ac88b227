//! TLS towards the record service: version 1.3, our own roots, the kiosk's certificate, nothing resumed.

use super::identity::Identity;
use crate::clock::Clock;
use arc_swap::ArcSwapOption;
use rustls::client::{ClientConfig, ResolvesClientCert, Resumption};
use rustls::pki_types::UnixTime;
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{RootCertStore, SignatureScheme};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A client configuration that presents whatever identity `holder` holds at the time.
///
/// # Errors
/// The cryptography library lacks TLS 1.3, which in a correct build it does not.
pub fn client_config(
    roots: RootCertStore,
    holder: &Arc<ArcSwapOption<Identity>>,
    clock: &Clock,
) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(BestTime(clock.clone())))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(Presented(Arc::clone(holder))));
    // A resumed session would carry the identity that was valid when it began.
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Certificates are judged by the latest of the local clock, the build, and what the service last told.
struct BestTime(Clock);

impl fmt::Debug for BestTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BestTime")
    }
}

impl TimeProvider for BestTime {
    fn current_time(&self) -> Option<UnixTime> {
        let best = self.0.unix_ms().max(self.0.last_seen_ms());
        Some(UnixTime::since_unix_epoch(Duration::from_millis(best)))
    }
}

struct Presented(Arc<ArcSwapOption<Identity>>);

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Presented")
    }
}

impl ResolvesClientCert for Presented {
    fn resolve(&self, _authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.load().as_ref().map(|identity| Arc::clone(&identity.certified))
    }

    fn has_certs(&self) -> bool {
        self.0.load().is_some()
    }
}
