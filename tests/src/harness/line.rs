//! The network between kiosk and service: a relay that can be cut, and be put back.

use super::{OrTrouble, Outcome};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What happens to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    Up,
    /// Closed at once: like a service that is down.
    Refusing,
    /// Taken, and then nothing: like a firewall that drops everything.
    Silent,
}

struct Shared {
    target: Mutex<SocketAddr>,
    state: AtomicU8,
    ended: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

/// A TCP relay on the loopback interface.
pub struct Line {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

impl Line {
    /// Relays a free port to `target`.
    ///
    /// # Errors
    /// No port can be opened.
    pub fn to(target: SocketAddr) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").or_trouble(|| "no port for the relay")?;
        let address = listener.local_addr().or_trouble(|| "no port for the relay")?;
        let shared = Arc::new(Shared {
            target: Mutex::new(target),
            state: AtomicU8::new(State::Up as u8),
            ended: AtomicBool::new(false),
            open: Mutex::new(Vec::new()),
        });
        let served = Arc::clone(&shared);
        std::thread::spawn(move || accept(&listener, &served));
        Ok(Self { address, shared })
    }

    /// Changes what happens to new connections; open ones end, except when going [`State::Up`].
    pub fn set(&self, state: State) {
        self.shared.state.store(state as u8, Ordering::SeqCst);
        if state != State::Up {
            self.close_all();
        }
    }

    /// Leads to another port from now on: the service was started again.
    pub fn lead_to(&self, target: SocketAddr) {
        *self.shared.target.lock().unwrap_or_else(PoisonError::into_inner) = target;
    }

    #[must_use]
    pub fn is_up(&self) -> bool {
        self.shared.state.load(Ordering::SeqCst) == State::Up as u8
    }

    fn close_all(&self) {
        for stream in self.shared.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.close_all();
        // Wakes the accepting thread, which then sees that it has ended.
        let _ = TcpStream::connect(self.address);
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for near in listener.incoming().map_while(Result::ok) {
        if shared.ended.load(Ordering::SeqCst) {
            return;
        }
        let state = shared.state.load(Ordering::SeqCst);
        if state == State::Refusing as u8 {
            continue;
        }
        let target = *shared.target.lock().unwrap_or_else(PoisonError::into_inner);
        let far = if state == State::Up as u8 { TcpStream::connect(target).ok() } else { None };
        let mut open = shared.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(near) = near.try_clone() {
            open.push(near);
        }
        if let Some(far) = far {
            if let Ok(far) = far.try_clone() {
                open.push(far);
            }
            relay(&near, &far);
            relay(&far, &near);
        }
    }
}

fn relay(from: &TcpStream, to: &TcpStream) {
    if let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) {
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, State};
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_cut_line_ends_what_is_open_and_takes_nothing_until_it_is_put_back() {
        let echo = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = echo.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in echo.incoming().map_while(Result::ok) {
                std::thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
            }
        });
        let line = Line::to(target).unwrap();
        let ask = |stream: &mut TcpStream| {
            let mut answer = [0; 4];
            stream.write_all(b"ping").and_then(|()| stream.read_exact(&mut answer)).is_ok_and(|()| &answer == b"ping")
        };
        let mut open = TcpStream::connect(line.address).unwrap();
        assert!(ask(&mut open));
        line.set(State::Refusing);
        assert!(!ask(&mut open));
        assert!(!TcpStream::connect(line.address).is_ok_and(|mut stream| ask(&mut stream)));
        line.set(State::Up);
        assert!(ask(&mut TcpStream::connect(line.address).unwrap()));
    }
}
