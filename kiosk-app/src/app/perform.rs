//! The core's effects as tasks: the only caller of devices, service and journal.

use super::settling::keep_take_back;
use super::{App, TESTED_WITHIN, TRIED_WITHIN, Testing};
use crate::clock::pause;
use crate::diagnostics::{self, TestId};
use crate::effect::{Effect, Entry, Handover, Inspection, JournalEvent, MustAct, Override};
use crate::event::{Event, HandoverAnswer, StaffAnswer};
use crate::journal::Writer;
use crate::message::Message;
use crate::outbox::Outbox;
use crate::screens;
use crate::selftest;
use crate::session::state::VisitId;
use crate::verifier::SignedOverride;
use card_reader::reader::{Command, SelfTestLevel, Source};
use futures::SinkExt as _;
use iced::Task;
use std::sync::Arc;
use std::time::Duration;

/// Between two tries to have a referral stored.
const HANDOVER_EVERY: Duration = Duration::from_secs(2);

impl App {
    pub(super) fn perform(&mut self, effect: Effect) -> Task<Message> {
        let verifier = self.verifier.clone();
        match effect {
            Effect::Arm { presentation, accept } => self.tell_reader(Command::Arm { presentation, accept }),
            Effect::Join { presentation, device } => self.tell_reader(Command::Join { device, presentation }),
            Effect::Disarm => self.tell_reader(Command::Disarm),
            Effect::Preview(wanted) => {
                self.previewing = wanted;
                self.look.preview = None;
                self.look.stages.clear();
                self.stage_times.clear();
                let size = wanted.then(|| screens::preview_size(&self.look));
                self.tell_reader(Command::Preview { size })
            }
            Effect::Inspect(asked) => {
                let (visit, request) = (asked.visit, asked.request);
                let call = async move { verifier.inspect(&asked).await };
                self.of_visit(
                    visit,
                    Task::perform(call, move |answer| Message::Kiosk(Event::Inspected { visit, request, answer })),
                )
            }
            Effect::Verify(asked) => self.verify(*asked),
            Effect::Handover(asked) => self.hand_over(*asked),
            Effect::TakeBack(asked) => self.take_back(*asked),
            Effect::Assist { visit } => {
                let call = async move { verifier.assist(visit).await };
                Task::perform(call, move |called| Message::Kiosk(Event::Assistance { visit, called }))
            }
            Effect::SignIn { staff, badge, pin } => {
                let call = async move { verifier.sign_in(badge, pin).await };
                Task::perform(call, move |answer| Message::Kiosk(Event::Staff { staff, answer }))
            }
            Effect::SignOut { session, closing } => {
                let call = async move {
                    if let Some(closing) = closing
                        && !verifier.close_referral(&session, &closing).await
                    {
                        tracing::warn!("a referral was not closed at the service; it ends there by itself");
                    }
                    verifier.sign_out(&session).await;
                };
                Task::future(call).discard()
            }
            Effect::OpenReferral { staff, session, reference } => {
                let asked = reference.clone();
                let call = async move { verifier.open_referral(&session, &reference).await.map(Box::new) };
                Task::perform(call, move |answer| {
                    Message::Kiosk(Event::Staff {
                        staff,
                        answer: StaffAnswer::Referral { asked: asked.clone(), answer },
                    })
                })
            }
            Effect::Override(decided) => self.decide(*decided),
            Effect::Journal(entry) => {
                self.journal.note(entry);
                Task::none()
            }
            Effect::Wipe { visit } => {
                self.wipe(visit);
                Task::none()
            }
            Effect::MoveCard { device, keep: false } => self.tell_reader(Command::Eject { device }),
            Effect::MoveCard { device, keep: true } => self.tell_reader(Command::Capture { device }),
            Effect::Restart => {
                self.restart.store(true, std::sync::atomic::Ordering::Relaxed);
                self.stop()
            }
            Effect::Diagnostics(effect) => self.perform_diagnostics(effect),
        }
    }

    fn tell_reader(&self, command: Command) -> Task<Message> {
        self.reader.send(command);
        Task::none()
    }

    /// A call that is dropped, with everything it holds of the traveler, when the visit is wiped.
    fn of_visit(&mut self, visit: VisitId, task: Task<Message>) -> Task<Message> {
        let (task, handle) = task.abortable();
        self.calls.push((visit, handle));
        task
    }

    fn wipe(&mut self, visit: VisitId) {
        for (_, call) in self.calls.extract_if(.., |(of, _)| *of == visit) {
            call.abort();
        }
        self.look.preview = None;
    }

    /// Asks again until it is stored; a taken reference is drawn anew by the visit.
    fn hand_over(&mut self, asked: Handover) -> Task<Message> {
        let (verifier, unfinished) = (self.verifier.clone(), Arc::clone(&self.unfinished));
        let visit = asked.visit;
        let tries = iced::stream::channel(1, async move |mut out: futures::channel::mpsc::Sender<Message>| {
            if asked.supersedes.is_some() {
                keep_take_back(&unfinished, &asked, verifier.clock().unix_ms()).await;
            }
            loop {
                let answer = verifier.hand_over(&asked).await;
                let (visit, id, reference) = (asked.visit, asked.id, asked.reference.clone());
                if answer == HandoverAnswer::Stored && asked.supersedes.is_some() {
                    let unfinished = Arc::clone(&unfinished);
                    let _ = tokio::task::spawn_blocking(move || unfinished.taken_back(id)).await;
                }
                let told = Message::Kiosk(Event::Handover { visit, reference, answer });
                let settled = matches!(answer, HandoverAnswer::Stored | HandoverAnswer::ReferenceTaken);
                if out.send(told).await.is_err() || settled {
                    return;
                }
                pause(HANDOVER_EVERY).await;
            }
        });
        self.of_visit(visit, Task::stream(tries))
    }

    /// Kept sealed, then journaled, then told, then sent: if it can be neither kept nor journaled, there is no override. The
    /// screen does not wait for the network.
    fn decide(&mut self, decided: Override) -> Task<Message> {
        let visit = decided.visit;
        let told = move |written| Message::Kiosk(Event::OverrideJournaled { visit, written });
        let (Some(outbox), Some(signed)) = (self.outbox.clone(), self.verifier.sign_override(&decided)) else {
            tracing::error!("an override can be neither signed nor kept: run \"kiosk-app selftest\"");
            return Task::done(told(false));
        };
        let entry = Entry {
            event: JournalEvent::OverrideDecided,
            visit: Some(visit),
            role: "officer",
            actor: Some(decided.pseudonym.clone()),
            cause: Some(format!("{} {}", decided.reason.name(), decided.id.0)),
            must_act: MustAct::Nobody,
        };
        let kept = keep_override(Arc::clone(&outbox), self.journal.clone(), signed, entry);
        let verifier = self.verifier.clone();
        Task::future(kept).then(move |kept| {
            let Some(signed) = kept else { return Task::done(told(false)) };
            let (verifier, outbox) = (verifier.clone(), Arc::clone(&outbox));
            // The first try, at once; the service loop makes the others.
            let first = async move {
                if verifier.send_override(&signed).await.is_ok() {
                    outbox.confirmed(signed.id);
                }
            };
            Task::batch([Task::done(told(true)), Task::future(first).discard()])
        })
    }

    fn perform_diagnostics(&mut self, effect: diagnostics::Effect) -> Task<Message> {
        match effect {
            diagnostics::Effect::Admit { credential, pin } => {
                let Some(credentials) = self.credentials.clone() else {
                    let refused = diagnostics::Event::Refused(diagnostics::Notice::CredentialRefused);
                    return Task::done(Message::Kiosk(Event::Diagnostics(refused)));
                };
                let clock = self.verifier.clock().clone();
                let judged = tokio::task::spawn_blocking(move || credentials.admit(&credential, &pin, &clock));
                Task::perform(judged, |judged| {
                    let told = match judged {
                        Ok(Ok(id)) => diagnostics::Event::Admitted { technician: id.to_string() },
                        Ok(Err(notice)) => diagnostics::Event::Refused(notice),
                        Err(_) => diagnostics::Event::Refused(diagnostics::Notice::CredentialRefused),
                    };
                    Message::Kiosk(Event::Diagnostics(told))
                })
            }
            diagnostics::Effect::Watch(wanted) => {
                self.watching = wanted;
                self.testing = None;
                if !wanted {
                    return Task::none();
                }
                Task::done(Message::Report(Box::new(self.report())))
            }
            diagnostics::Effect::Test(test) => self.test(test),
            diagnostics::Effect::MockInspect { request, document, checks } => {
                // A visit of its own that nobody else has heard of: the request's own id will do.
                let asked = Inspection {
                    visit: VisitId(request.0),
                    request,
                    how: Source::Camera,
                    document: *document,
                    checks,
                    barcode_agrees: None,
                    officer_session: None,
                    mock: true,
                };
                let verifier = self.verifier.clone();
                let call = async move {
                    let answered = verifier.inspect(&asked).await.is_ok();
                    let detail = match (answered, verifier.last_failure()) {
                        (true, _) => "the service answered".to_owned(),
                        (false, Some(failure)) => failure.sentence().to_owned(),
                        (false, None) => "the service refused the mock inspection".to_owned(),
                    };
                    diagnostics::Event::MockAnswered { answered, detail }
                };
                Task::perform(call, |told| Message::Kiosk(Event::Diagnostics(told)))
            }
        }
    }

    fn test(&mut self, test: TestId) -> Task<Message> {
        let devices = match &test {
            TestId::Device(device) | TestId::Interactive(device) => vec![device.clone()],
            TestId::All => self.reader.status().into_iter().map(|status| status.device).collect(),
            TestId::Service | TestId::Journal => Vec::new(),
        };
        let interactive = matches!(test, TestId::Interactive(_));
        let level = if interactive { SelfTestLevel::Interactive } else { SelfTestLevel::External };
        for device in &devices {
            self.reader.send(Command::SelfTest { device: device.clone(), level });
        }
        let others = !matches!(test, TestId::Device(_) | TestId::Interactive(_));
        let until = self.verifier.clock().now() + if interactive { TRIED_WITHIN } else { TESTED_WITHIN };
        self.testing = Some(Testing { rows: Vec::new(), devices, others, until });
        if !others {
            return Task::none();
        }
        let (config, verifier) = (self.config.clone(), self.verifier.clone());
        let head = self.journal.state().borrow().head.seq;
        let tested = tokio::task::spawn_blocking(move || match test {
            TestId::Service => vec![selftest::service(&verifier), selftest::certificate(&verifier)],
            TestId::Journal => {
                vec![selftest::journal(&config.journal.dir, Some(head)), selftest::disk(&config.journal.dir)]
            }
            TestId::All | TestId::Device(_) | TestId::Interactive(_) => selftest::all(&config, &verifier, Some(head)),
        });
        Task::perform(tested, |rows| Message::Tested(rows.unwrap_or_default()))
    }
}

/// Into the outbox, then into the journal; `None`: not decided, and nothing of it is left.
async fn keep_override(
    outbox: Arc<Outbox>,
    journal: Writer,
    signed: SignedOverride,
    entry: Entry,
) -> Option<SignedOverride> {
    let sealing = Arc::clone(&outbox);
    let sealed = tokio::task::spawn_blocking(move || sealing.keep(&signed).map(|()| signed)).await.ok()?;
    let signed = sealed.inspect_err(|error| tracing::error!("{error}")).ok()?;
    if !journal.append(entry).await.unwrap_or(false) {
        outbox.withdraw(signed.id);
        return None;
    }
    outbox.decided(signed.id);
    Some(signed)
}

#[cfg(test)]
mod tests {
    use super::keep_override;
    use crate::clock::Clock;
    use crate::config::Outbox as Settings;
    use crate::effect::JournalEvent;
    use crate::journal::Writer;
    use crate::journal::record::tests::entry;
    use crate::outbox::Outbox;
    use crate::verifier::SignedOverride;
    use std::sync::Arc;
    use uuid::Uuid;
    use zeroize::Zeroizing;

    fn signed() -> SignedOverride {
        SignedOverride { id: Uuid::from_u128(1), body: Zeroizing::new(b"{}".to_vec()), signature: "a:b".to_owned() }
    }

    #[tokio::test]
    async fn an_override_is_decided_by_the_disk_alone_and_nothing_is_left_of_one_that_is_not() {
        let dir = tempfile::tempdir().expect("folder");
        let outbox =
            Outbox::open(&Settings { dir: dir.path().join("outbox"), key: None }).map(Arc::new).expect("opens");
        let (journal, thread) = Writer::start(&dir.path().join("journal"), Clock::start(0)).expect("journal");
        let decided = entry(JournalEvent::OverrideDecided);
        // No service in sight: it waits, and is told.
        assert!(keep_override(Arc::clone(&outbox), journal.clone(), signed(), decided.clone()).await.is_some());
        assert_eq!(outbox.waiting(), [signed().id]);
        outbox.confirmed(signed().id);
        journal.stop();
        thread.join().expect("ended");
        assert!(keep_override(Arc::clone(&outbox), journal, signed(), decided).await.is_none());
        outbox.adopt_undecided();
        assert!(outbox.waiting().is_empty(), "withdrawn");
    }
}
