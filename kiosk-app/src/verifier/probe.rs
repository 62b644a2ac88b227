//! The way to the service, step by step with its times: name, connection, handshake, answer. For diagnostics.

use super::Verifier;
use super::failure::Failure;
use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

const STEP_WITHIN: Duration = Duration::from_secs(3);

/// How long each step took, milliseconds; the first that is `None` is where it failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    pub resolve: Option<u64>,
    pub connect: Option<u64>,
    pub handshake: Option<u64>,
    pub answer: Option<u64>,
}

/// Walks the way once. Blocks for up to twelve seconds.
///
/// # Errors
/// What stopped it, beside the times of the steps before.
pub fn probe(verifier: &Verifier) -> Result<Times, (Times, Failure)> {
    let mut times = Times::default();
    walk(verifier, &mut times).map(|()| times).map_err(|failure| (times, failure))
}

impl Times {
    /// `name 1 ms, connection 1 ms, handshake 3 ms, answer 1 ms`
    #[must_use]
    pub fn facts(&self) -> String {
        let steps = [
            ("name", self.resolve),
            ("connection", self.connect),
            ("handshake", self.handshake),
            ("answer", self.answer),
        ];
        let told: Vec<String> =
            steps.into_iter().filter_map(|(name, ms)| ms.map(|ms| format!("{name} {ms} ms"))).collect();
        told.join(", ")
    }
}

fn walk(verifier: &Verifier, times: &mut Times) -> Result<(), Failure> {
    let transport = verifier.transport();
    let clock = transport.clock().clone();
    let url = transport.base();
    let host = url.host_str().ok_or(Failure::UnknownHost)?.to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let since = |start: Duration| u64::try_from(clock.now().saturating_sub(start).as_millis()).ok();

    let start = clock.now();
    // An IPv6 address stands in brackets in a URL, but not in a name.
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found: Vec<SocketAddr> = (bare, port).to_socket_addrs().map_err(|_| Failure::UnknownHost)?.collect();
    times.resolve = since(start);

    let start = clock.now();
    let mut socket = Err(Failure::UnknownHost);
    for address in found {
        socket = TcpStream::connect_timeout(&address, STEP_WITHIN).map_err(|e| Failure::of_io(e.kind()));
        if socket.is_ok() {
            break;
        }
    }
    let mut socket = socket?;
    let set = socket
        .set_nodelay(true)
        .and_then(|()| socket.set_read_timeout(Some(STEP_WITHIN)))
        .and_then(|()| socket.set_write_timeout(Some(STEP_WITHIN)));
    set.map_err(|e| Failure::of_io(e.kind()))?;
    times.connect = since(start);

    let start = clock.now();
    let config = transport.tls().ok_or(Failure::NoIdentity)?;
    if transport.identity().is_none() {
        return Err(Failure::NoIdentity);
    }
    let name = ServerName::try_from(bare.to_owned()).map_err(|_| Failure::UnknownHost)?;
    let mut session = ClientConnection::new(config, name).map_err(|e| Failure::of_tls(&e))?;
    while session.is_handshaking() {
        session.complete_io(&mut socket).map_err(|e| of_stream(&e))?;
    }
    times.handshake = since(start);

    let start = clock.now();
    let mut stream = rustls::Stream::new(&mut session, &mut socket);
    let path = format!("{}kiosk/v1/health", url.path());
    let ask = format!("GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).map_err(|e| of_stream(&e))?;
    let mut first = [0; 12];
    stream.read_exact(&mut first).map_err(|e| of_stream(&e))?;
    times.answer = since(start);
    if &first != b"HTTP/1.1 200" {
        return Err(Failure::NotUnderstood);
    }
    Ok(())
}

fn of_stream(error: &std::io::Error) -> Failure {
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return Failure::of_tls(tls);
    }
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Failure::Silent,
        _ => Failure::Reset,
    }
}
