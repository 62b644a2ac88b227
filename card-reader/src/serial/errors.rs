//! How much garbage a line may carry: three errors within ten seconds are named, ten end the connection.

use super::{Out, SerialEvent};
use crate::reader::Fault;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(10);
const NAMED: usize = 3;
const FATAL: usize = 10;

#[derive(Default)]
pub(super) struct ErrorWindow {
    at: VecDeque<Instant>,
    named: bool,
}

impl ErrorWindow {
    /// One more error.
    pub(super) fn note(&mut self, now: Instant, out: &mut Out) {
        self.at.push_back(now);
        self.weigh(now, out);
        if self.at.len() >= FATAL {
            self.at.clear();
            out.drop_link = Some(Fault::ProtocolErrors);
        }
    }

    /// Forgets what is older than the window, and tells a change.
    pub(super) fn weigh(&mut self, now: Instant, out: &mut Out) {
        while self.at.front().is_some_and(|at| now.saturating_duration_since(*at) >= WINDOW) {
            self.at.pop_front();
        }
        let standing = self.at.len() >= NAMED;
        if standing != self.named {
            self.named = standing;
            out.events.push(SerialEvent::Fault { fault: Fault::ProtocolErrors, standing, code: None });
        }
    }
}
