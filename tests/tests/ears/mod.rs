//! Listening to a reader: waits for the event that a test is about, and says what was heard instead.

use card_reader::reader::{Command, Event, ReaderHandle, Reading};
use kiosk_tests::harness::wait::until_true;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::sync::mpsc::error::TryRecvError;

const SOON: Duration = Duration::from_secs(15);

/// A started reader and its events.
pub struct Ears {
    pub reader: ReaderHandle,
    pub events: Receiver<Event>,
}

impl Ears {
    pub fn tell(&self, command: Command) {
        self.reader.send(command);
    }

    /// The next event that `wanted` takes; what comes before it is let pass.
    pub fn hear(&mut self, what: &str, wanted: impl Fn(&Event) -> bool) -> Event {
        self.hear_all(what, wanted).pop().expect("at least the wanted one")
    }

    /// Everything up to the event that `wanted` takes.
    pub fn hear_all(&mut self, what: &str, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut heard = Vec::new();
        until_true(what, SOON, || {
            loop {
                match self.events.try_recv() {
                    Ok(event) => {
                        let found = wanted(&event);
                        heard.push(event);
                        if found {
                            return true;
                        }
                    }
                    Err(TryRecvError::Empty) => return false,
                    Err(TryRecvError::Disconnected) => panic!("the reader has ended"),
                }
            }
        })
        .unwrap_or_else(|error| panic!("{error}; heard {:?}", names(&heard)));
        heard
    }

    /// The presentation and the reading of the next read; a failed try is not waited over.
    pub fn read(&mut self) -> (u64, Reading) {
        match self.hear("a read", |event| matches!(event, Event::Read { .. } | Event::Failed { .. })) {
            Event::Read { presentation, reading } => (presentation.0, reading),
            _ => panic!("the try failed"),
        }
    }
}

/// The kinds of events, for comparing with what a test expects.
pub fn names(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(name).collect()
}

pub fn name(event: &Event) -> &'static str {
    match event {
        Event::Ready { .. } => "ready",
        Event::AnotherUnit { .. } => "another unit",
        Event::Lost { .. } => "lost",
        Event::Degraded { .. } => "degraded",
        Event::DecoderFailed { .. } => "decoder failed",
        Event::Armed { .. } => "armed",
        Event::Disarmed { .. } => "disarmed",
        Event::Sensed { .. } => "sensed",
        Event::Removed { .. } => "removed",
        Event::Read { .. } => "read",
        Event::Witness { .. } => "witness",
        Event::Failed { .. } => "failed",
        Event::Advice { .. } => "advice",
        Event::SelfTest { .. } => "self-test",
        Event::Card { what, .. } => what.name(),
    }
}
