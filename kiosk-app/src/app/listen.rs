//! What the program listens to: devices, journal, service, touches, time, signals.

use super::App;
use crate::journal::Writer;
use crate::message::Message;
use crate::service_loop::ServiceLoop;
use card_reader::reader::{self, ReaderHandle};
use futures::stream::{self, BoxStream, StreamExt as _};
use futures::{SinkExt as _, channel::mpsc::Sender};
use iced::{Subscription, event, keyboard, mouse, touch, window};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

/// In a visit, for countdowns; at rest, for the clock of Attract alone.
const TICK: Duration = Duration::from_millis(250);
const TICK_AT_REST: Duration = Duration::from_secs(1);

impl App {
    pub(super) fn subscription(&self) -> Subscription<Message> {
        let service = ServiceLoop {
            verifier: self.verifier.clone(),
            journal: self.journal.clone(),
            reader: self.reader.clone(),
            outbox: self.outbox.clone(),
        };
        let mut all = vec![
            Subscription::run_with(Named("reader", Arc::clone(&self.reader_events)), |named| reader_events(&named.1)),
            Subscription::run_with(Named("journal", self.journal.clone()), |named| journal_states(&named.1)),
            Subscription::run_with(Named("service", service), |named| service_loop(named.1.clone())),
            Subscription::run(stop_signals),
            event::listen_with(touched),
            iced::time::every(if self.at_rest() { TICK_AT_REST } else { TICK }).map(|_| Message::Tick),
        ];
        if self.previewing {
            let reader = Named("preview", self.reader.clone());
            all.push(Subscription::run_with(reader, |named| preview_frames(&named.1)));
        }
        if self.moving() {
            all.push(window::frames().map(|_| Message::Frame));
        }
        Subscription::batch(all)
    }
}

/// A subscription is known by its name; what it needs is not part of who it is.
struct Named<T>(&'static str, T);

impl<T> Hash for Named<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

fn reader_events(events: &Arc<Mutex<Option<mpsc::Receiver<reader::Event>>>>) -> BoxStream<'static, Message> {
    let Some(events) = events.lock().unwrap_or_else(PoisonError::into_inner).take() else {
        return stream::pending().boxed();
    };
    let told = stream::unfold(events, |mut events| async {
        let event = events.recv().await?;
        Some((Message::Reader(event), events))
    });
    // A subscription that ends would be started anew.
    told.chain(stream::pending()).boxed()
}

fn journal_states(journal: &Writer) -> BoxStream<'static, Message> {
    newest(journal.state()).map(Message::Journal).boxed()
}

fn preview_frames(reader: &ReaderHandle) -> BoxStream<'static, Message> {
    newest(reader.preview()).filter_map(async |frame| frame.map(Message::Preview)).boxed()
}

/// The newest value and each change of it; what comes too fast is skipped.
fn newest<T: Clone + Send + Sync + 'static>(mut values: watch::Receiver<T>) -> BoxStream<'static, T> {
    values.mark_changed();
    let told = stream::unfold(values, |mut values| async {
        values.changed().await.ok()?;
        let value = values.borrow_and_update().clone();
        Some((value, values))
    });
    told.chain(stream::pending()).boxed()
}

fn service_loop(service: ServiceLoop) -> BoxStream<'static, Message> {
    iced::stream::channel(8, async move |out: Sender<_>| service.run(out).await).map(Message::Service).boxed()
}

fn stop_signals() -> BoxStream<'static, Message> {
    iced::stream::channel(1, async |mut out: Sender<Message>| {
        let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
            tracing::error!("signals cannot be heard: the program ends only with its window");
            return;
        };
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        // The receiver is the program itself.
        let _ = out.send(Message::Stop).await;
    })
    .chain(stream::pending())
    .boxed()
}

/// Every press counts as input, also one that a button takes.
fn touched(event: iced::Event, _: event::Status, _: window::Id) -> Option<Message> {
    match event {
        iced::Event::Mouse(mouse::Event::ButtonPressed(_))
        | iced::Event::Touch(touch::Event::FingerPressed { .. })
        | iced::Event::Keyboard(keyboard::Event::KeyPressed { .. }) => Some(Message::Activity),
        iced::Event::Window(window::Event::Opened { size, .. } | window::Event::Resized(size)) => {
            Some(Message::Resized(size))
        }
        iced::Event::Window(window::Event::CloseRequested) => Some(Message::Stop),
        _ => None,
    }
}
