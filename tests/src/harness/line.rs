//! The network between kiosk and service: a relay that can be cut, held, and be put back.

use super::{OrTrouble, Outcome};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// What happens to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Up,
    /// Slow without end: everything waits, nothing is lost, until it is [`State::Up`] again.
    Waiting,
    /// Closed at once: like a service that is down.
    Refusing,
    /// Taken, and then nothing: like a firewall that drops everything.
    Silent,
}

struct Shared {
    target: Mutex<SocketAddr>,
    state: Mutex<State>,
    changed: Condvar,
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
            state: Mutex::new(State::Up),
            changed: Condvar::new(),
            ended: AtomicBool::new(false),
            open: Mutex::new(Vec::new()),
        });
        let served = Arc::clone(&shared);
        std::thread::spawn(move || accept(&listener, &served));
        Ok(Self { address, shared })
    }

    /// Changes what happens to connections; open ones end when it is cut.
    pub fn set(&self, state: State) {
        *self.shared.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
        self.shared.changed.notify_all();
        if matches!(state, State::Refusing | State::Silent) {
            self.close_all();
        }
    }

    /// Leads to another port from now on: the service was started again.
    pub fn lead_to(&self, target: SocketAddr) {
        *self.shared.target.lock().unwrap_or_else(PoisonError::into_inner) = target;
    }

    #[must_use]
    pub fn is_up(&self) -> bool {
        self.shared.state() == State::Up
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
        self.set(State::Up);
        // Wakes the accepting thread, which then sees that it has ended.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn state(&self) -> State {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds the caller while everything waits.
    fn pass(&self) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = self.changed.wait_while(state, |state| *state == State::Waiting);
        drop(passed.unwrap_or_else(PoisonError::into_inner));
    }

    fn keep(&self, stream: &TcpStream) {
        if let Ok(stream) = stream.try_clone() {
            self.open.lock().unwrap_or_else(PoisonError::into_inner).push(stream);
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for near in listener.incoming().map_while(Result::ok) {
        if shared.ended.load(Ordering::SeqCst) {
            return;
        }
        let state = shared.state();
        if state == State::Refusing {
            continue;
        }
        shared.keep(&near);
        let target = *shared.target.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(state, State::Up | State::Waiting)
            && let Ok(far) = TcpStream::connect(target)
        {
            shared.keep(&far);
            relay(&near, &far, shared);
            relay(&far, &near, shared);
        }
    }
}

fn relay(from: &TcpStream, to: &TcpStream, shared: &Arc<Shared>) {
    if let (Ok(mut from), Ok(mut to), shared) = (from.try_clone(), to.try_clone(), Arc::clone(shared)) {
        std::thread::spawn(move || {
            let mut bytes = [0; 16 * 1024];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                shared.pass();
                if to.write_all(&bytes[..count]).is_err() {
                    break;
                }
            }
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
